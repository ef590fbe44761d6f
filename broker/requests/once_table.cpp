// once_table.cpp - see the header; here: who may go on with what, and who makes room.
#include "broker/requests/once_table.hpp"

#include <algorithm>

namespace cti::broker {

static_assert(OnceTable::kPerClientMax >= 2, "one in flight and one to forget");

namespace {

constexpr std::size_t kLookAt = 64;  // clients, for one victim

bool same_session(const SessionRef& a, const SessionRef& b) noexcept {
  return a.session_number == b.session_number;
}

}  // namespace

OnceTable::OnceTable(std::size_t entries, SessionLedger& sessions)
    : limit_(std::max<std::size_t>(entries, 1)), sessions_(sessions) {}

OnceTable::Entry* OnceTable::find(Client& client, std::uint64_t request_id) noexcept {
  for (Entry& entry : client.entries) {
    if (entry.request_id == request_id) return &entry;
  }
  return nullptr;
}

OnceTable::Answer OnceTable::begin(std::uint64_t token, std::uint64_t request_id,
                                   const SessionRef& from) {
  if (token == 0) return {Verdict::kNew};
  const auto known = clients_.find(token);
  if (known != clients_.end()) {
    Client& client = known->second;
    const bool stranger = !same_session(client.last, from) && client.last.who != from.who;
    if (stranger && !sessions_.ended(client.last)) return {Verdict::kForeign};
    if (Entry* const entry = find(client, request_id)) return repeated(client, *entry, from);
    if (!make_room(&client)) return {Verdict::kFull};
    client.entries.push_back({.request_id = request_id, .from = from});
    client.last = from;
    ++entries_;
    return {Verdict::kNew};
  }
  if (sessions_.of(from).tokens >= kTokensPerSession || !make_room(nullptr)) {
    return {Verdict::kFull};
  }
  Client made;
  made.last = made.opener = from;
  made.entries.push_back({.request_id = request_id, .from = from});
  clients_.emplace(token, std::move(made));
  ++sessions_.of(from).tokens;
  ++entries_;
  CTI_CHECK(entries_ <= limit_);
  return {Verdict::kNew};
}

OnceTable::Answer OnceTable::repeated(Client& client, Entry& entry, const SessionRef& from) {
  const bool own = same_session(entry.from, from);
  if (!own) {
    if (entry.from.who != from.who) return {Verdict::kForeign};
    if (!sessions_.ended(entry.from)) return {Verdict::kElsewhere};
    entry.from = from;
  }
  client.last = from;
  if (!entry.done) return {own ? Verdict::kInFlight : Verdict::kTakenOver};
  return {Verdict::kDone, &entry.reply};
}

SessionRef OnceTable::finish(std::uint64_t token, std::uint64_t request_id, const SessionRef& from,
                             Bytes reply) {
  if (token == 0) return from;
  const auto known = clients_.find(token);
  if (known == clients_.end()) return from;
  Entry* const entry = find(known->second, request_id);
  if (entry == nullptr) return from;
  if (!entry->done) ++known->second.done;
  entry->done = true;
  CTI_CHECK(known->second.done <= known->second.entries.size());
  if (reply.size() <= kReplyBytesMax) entry->reply.assign(reply.begin(), reply.end());
  return entry->from;
}

bool OnceTable::holds(std::uint64_t token, std::uint64_t request_id, const SessionRef& from) const {
  const auto known = clients_.find(token);
  if (known == clients_.end()) return false;
  const auto& entries = known->second.entries;
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.request_id == request_id && same_session(entry.from, from);
  });
}

/// Room for one more, of `own` when it is known. False: nothing may be forgotten.
bool OnceTable::make_room(Client* own) {
  if (own != nullptr && own->entries.size() >= kPerClientMax) {
    if (own->done == 0) return false;
    forget_oldest(*own);
    return true;
  }
  if (entries_ < limit_) return true;
  const auto found = victim();
  if (found == clients_.end()) return false;
  forget_oldest(found->second);
  if (found->second.entries.empty() && &found->second != own) forget(found);
  return true;
}

/// Nothing of it is kept any more: its token is a new one when it comes again.
void OnceTable::forget(Clients::iterator client) {
  CTI_CHECK(client->second.entries.empty() && client->second.done == 0);
  sessions_.token_gone(client->second.opener);
  clients_.erase(client);
}

/// Who has to forget something: a client whose session has ended, or else who has most that is done, of some that come
/// after the last one. All are looked at only when none of those will do.
OnceTable::Clients::iterator OnceTable::victim() {
  auto best = clients_.end();
  auto at = clients_.upper_bound(hand_);
  for (std::size_t i = 0; i < clients_.size(); ++i, ++at) {
    if (at == clients_.end()) at = clients_.begin();
    hand_ = at->first;
    if (i >= kLookAt && best != clients_.end()) break;
    if (at->second.done == 0) continue;
    if (sessions_.ended(at->second.last)) return at;
    if (best == clients_.end() || at->second.done > best->second.done) best = at;
  }
  return best;
}

void OnceTable::forget_oldest(Client& client) {
  CTI_CHECK(client.done > 0);
  const auto oldest = std::find_if(client.entries.begin(), client.entries.end(),
                                   [](const Entry& entry) { return entry.done; });
  CTI_CHECK(oldest != client.entries.end());
  client.entries.erase(oldest);
  --client.done;
  --entries_;
}

void OnceTable::check() const {
  std::size_t sum = 0;
  for (const auto& [token, client] : clients_) {
    CTI_CHECK(token != 0);
    CTI_CHECK(!client.entries.empty());
    CTI_CHECK(client.entries.size() <= kPerClientMax);
    std::size_t done = 0;
    for (const Entry& entry : client.entries) {
      done += entry.done ? 1 : 0;
      CTI_CHECK(entry.done || entry.reply.empty());
      CTI_CHECK(entry.reply.size() <= kReplyBytesMax);
    }
    CTI_CHECK(done == client.done);
    sum += client.entries.size();
  }
  CTI_CHECK(sum == entries_);
  CTI_CHECK(entries_ <= limit_);
}

}  // namespace cti::broker
