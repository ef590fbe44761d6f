// replay.cpp - what the replayed side says next, which IDs stand for which, and what the other side said differently.
#include "tools/simulator/replay/replay.hpp"

#include "tools/simulator/text/message_text.hpp"
#include "tools/wire/diff.hpp"
#include "wire/mhdr.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

bool is_heartbeat(const ged::DecodedMessage& message) {
  return message.name == "HEARTBEAT_REQ" || message.name == "HEARTBEAT_CONF";
}

const ged::DecodedField* field(const ged::DecodedMessage& message, std::string_view name) {
  for (const auto* part : {&message.fixed, &message.floating}) {
    const auto found = std::ranges::find(*part, name, &ged::DecodedField::name);
    if (found != part->end()) return &*found;
  }
  return nullptr;
}

/// What a message is about, in so far as both sides call it the same.
std::string subject_of(const ged::DecodedMessage& message, bool by_invoke_id) {
  std::string text;
  for (const std::string_view name : {"ConnectionDeviceID", "AgentID"}) {
    const ged::DecodedField* found = field(message, name);
    if (found != nullptr) text += found->value.text;
    text += '/';
  }
  const ged::DecodedField* id = by_invoke_id ? field(message, "InvokeID") : nullptr;
  return id == nullptr ? text : text + std::to_string(id->value.number);
}

tools::Comparable comparable_without(const ged::DecodedMessage& message, const std::string& where,
                                     const std::set<std::string, std::less<>>& ignored) {
  ged::DecodedMessage kept = message;
  const auto drop = [&](const ged::DecodedField& f) {
    return f.type == ged::FieldType::kTime || ignored.contains(f.name);
  };
  std::erase_if(kept.fixed, drop);
  std::erase_if(kept.floating, drop);
  return tools::comparable(kept, where);
}

}  // namespace

std::set<std::string, std::less<>> ignored_by_default() {
  return {"CTIClientTimestamp",
          "StateDuration",
          "AtcStateDuration",
          "Duration",
          "RouterCallKeyDay",
          "RouterCallKeyCallID",
          "RouterCallKeySequenceNumber",
          "ClientAddress",
          "ClientPort",
          "SendingAddress",
          "SendingPort",
          "CallReferenceID",
          "ICMCentralControllerTime"};
}

Replay::Replay(const Recording& recording, ReplaySettings settings)
    : recording_(recording),
      settings_(std::move(settings)),
      version_(recording.messages.empty() ? ged::kNewestVersion
                                          : recording.messages.front().message.version),
      twin_(recording.messages.size(), SIZE_MAX) {
  for (std::size_t i = 0; i < recording_.messages.size(); ++i) {
    const RecordedMessage& each = recording_.messages[i];
    if (!ours(each) && !is_heartbeat(each.message)) waiting_[each.message.name].push_back(i);
  }
}

void Replay::start(TimePoint now) {
  started_ = true;
  since_ = now;
  advance(now);
}

void Replay::arrive_at(std::size_t index, TimePoint now) {
  at_ = index;
  since_ = now;
}

/// The recorded pause before a message, when it is kept.
Nanos Replay::gap_before(std::size_t index) const {
  if (!settings_.timed || index == 0) return Nanos{0};
  const Nanos gap = recording_.messages[index].at - recording_.messages[index - 1].at;
  return Nanos(static_cast<std::int64_t>(static_cast<double>(gap.count()) / settings_.speed));
}

void Replay::advance(TimePoint now) {
  bool waited = false;  // long enough: then for all that was to come together
  while (at_ < recording_.messages.size()) {
    const RecordedMessage& next = recording_.messages[at_];
    if (ours(next)) return;
    waited = waited || now - since_ >= gap_before(at_) + settings_.patience;
    if (!waited && !is_heartbeat(next.message) && twin_[at_] == SIZE_MAX) return;
    arrive_at(at_ + 1, now);
  }
}

std::string_view Replay::mapped_as(const ged::DecodedField& f) const {
  if (ged::width_of(f.type) != 4) return {};
  const std::string_view name = f.name;
  if (settings_.as_server) return name == "InvokeID" ? name : std::string_view();
  if (name.ends_with("CallID") && !name.starts_with("RouterCallKey")) return "CallID";
  for (const std::string_view each :
       {"MonitorID", "SessionID", "RegisteredServiceID", "ServerData"}) {
    if (name == each) return each;
  }
  return {};
}

void Replay::learn(const ged::DecodedMessage& recorded, const ged::DecodedMessage& live) {
  for (const bool fixed : {true, false}) {
    const auto& from = fixed ? recorded.fixed : recorded.floating;
    const auto& to = fixed ? live.fixed : live.floating;
    std::size_t at = 0;
    for (const ged::DecodedField& f : from) {
      const std::string_view kind = mapped_as(f);
      if (kind.empty()) continue;
      while (at < to.size() && to[at].name != f.name) ++at;
      if (at == to.size()) return;
      const std::int64_t then = f.value.number, now = to[at++].value.number;
      if (then == 0xFFFF'FFFF || now == 0xFFFF'FFFF) continue;
      if (to_live_.emplace(std::pair(std::string(kind), then), now).second)
        to_recorded_.emplace(std::pair(std::string(kind), now), then);
    }
  }
}

ged::DecodedMessage Replay::translated(ged::DecodedMessage message, bool to_live) const {
  const auto& map = to_live ? to_live_ : to_recorded_;
  for (auto* part : {&message.fixed, &message.floating}) {
    for (ged::DecodedField& f : *part) {
      const std::string_view kind = mapped_as(f);
      if (kind.empty()) continue;
      const auto found = map.find(std::pair(std::string(kind), f.value.number));
      if (found == map.end() || found->second == f.value.number) continue;
      f.value.number = found->second;
      f.raw.reset();
    }
  }
  return message;
}

void Replay::pair(Live& live) {
  const auto found = waiting_.find(live.message.name);
  if (found == waiting_.end() || found->second.empty()) return;
  // Of several of the kind, the first about the same; else the first.
  std::vector<std::size_t>& open = found->second;
  const bool by_invoke_id = !settings_.as_server;  // then the live requests have the recorded ones
  const std::string subject = subject_of(live.message, by_invoke_id);
  auto chosen = std::ranges::find_if(open, [&](std::size_t index) {
    return subject_of(recording_.messages[index].message, by_invoke_id) == subject;
  });
  if (chosen == open.end()) chosen = open.begin();
  live.recorded = *chosen;
  open.erase(chosen);
  twin_[live.recorded] = live_.size();
  learn(recording_.messages[live.recorded].message, live.message);
}

void Replay::received(Bytes frame, TimePoint now) {
  const std::uint32_t type = load_be<std::uint32_t>(frame.data() + 4);
  if (const ged::MessageRule* open = ged::find_message("OPEN_REQ"); type == open->number) {
    version_ = ged::version_of_open_req(frame.subspan(8)).value_or(version_);
  }
  Live live{ged::decode_table(frame, version_), "message " + std::to_string(live_.size() + 1)};
  if (is_heartbeat(live.message)) {
    if (!settings_.as_server) return;
    const ged::DecodedField* id = field(live.message, "InvokeID");
    const RequestDefaults same{id == nullptr ? 0 : static_cast<std::uint32_t>(id->value.number), 0};
    auto answer = build_message({ged::find_message("HEARTBEAT_CONF"), {}}, version_, same, {});
    if (answer.ok()) at_once_.push_back(std::move(answer).value());
    return;
  }
  if (live_.size() == kRecordedMax) return;  // it says more than any recording holds
  pair(live);
  live_.push_back(std::move(live));
  advance(now);
}

/// A recorded answer to a request that the live client has never made has no InvokeID to carry.
bool Replay::answers_unasked(const RecordedMessage& message) const {
  if (!settings_.as_server) return false;
  const ged::DecodedField* id = field(message.message, "InvokeID");
  return id != nullptr && !to_live_.contains(std::pair(std::string("InvokeID"), id->value.number));
}

std::optional<std::vector<std::byte>> Replay::due(TimePoint now) {
  if (!at_once_.empty()) {
    std::vector<std::byte> first = std::move(at_once_.front());
    at_once_.erase(at_once_.begin());
    return first;
  }
  if (!started_ || stopped_) return std::nullopt;
  advance(now);
  while (at_ < recording_.messages.size()) {
    const RecordedMessage& next = recording_.messages[at_];
    if (!ours(next)) return std::nullopt;
    if (next_deadline() > now) return std::nullopt;
    const bool skipped =
        (settings_.as_server && is_heartbeat(next.message)) || answers_unasked(next);
    std::optional<std::vector<std::byte>> frame;
    if (!skipped) {
      auto made = ged::encode_table(translated(next.message, true));
      if (made.ok()) frame = std::move(made).value();
    }
    arrive_at(at_ + 1, now);
    advance(now);
    if (!frame) continue;
    ++sent_;
    return frame;
  }
  return std::nullopt;
}

TimePoint Replay::next_deadline() const {
  if (!started_ || stopped_) return kNever;
  if (!at_once_.empty()) return since_;
  if (at_ == recording_.messages.size()) return since_ + settings_.linger;
  const Nanos gap = gap_before(at_);
  return since_ + gap + (ours(recording_.messages[at_]) ? Nanos{0} : settings_.patience);
}

bool Replay::finished(TimePoint now) const {
  if (stopped_) return true;
  return started_ && at_ == recording_.messages.size() && at_once_.empty() &&
         now - since_ >= settings_.linger;
}

std::size_t Replay::compared() const {
  std::size_t pairs = 0;
  for (const Live& live : live_) pairs += live.recorded != SIZE_MAX;
  return pairs;
}

std::string Replay::differences() const {
  std::vector<tools::Comparable> then, now;
  std::string out;
  const auto of_live = [&](const Live& live) {
    return comparable_without(translated(live.message, false), "live " + live.where,
                              settings_.ignored);
  };
  for (std::size_t i = 0; i < recording_.messages.size(); ++i) {
    const RecordedMessage& each = recording_.messages[i];
    if (ours(each) || is_heartbeat(each.message)) continue;
    then.push_back(comparable_without(each.message, each.where, settings_.ignored));
    if (settings_.in_order) continue;
    std::vector<tools::Comparable> twin;
    if (twin_[i] != SIZE_MAX) twin.push_back(of_live(live_[twin_[i]]));
    out += tools::difference({then.back()}, twin);
  }
  for (const Live& live : live_) {
    if (settings_.in_order) {
      now.push_back(of_live(live));
    } else if (live.recorded == SIZE_MAX) {
      out += tools::difference({}, {of_live(live)});
    }
  }
  return settings_.in_order ? tools::difference(then, now) : out;
}

}  // namespace cti::simulator
