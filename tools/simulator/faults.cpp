// Faults on demand: the commands that set them, and what they do to frames and connections. See faults.hpp.
#include "tools/simulator/faults.hpp"

#include "tools/simulator/command_text.hpp"
#include "tools/simulator/server.hpp"
#include "wire/ged188_rules.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

constexpr std::uint32_t kWrongLengthMax = 60'000, kGarbageMax = 40;

constexpr std::pair<std::string_view, FaultKind> kKinds[] = {
    {"drop", FaultKind::kDrop},       {"duplicate", FaultKind::kDuplicate},
    {"garbage", FaultKind::kGarbage}, {"wronglength", FaultKind::kWrongLength},
    {"cut", FaultKind::kCut},         {"delay", FaultKind::kDelay}};

double& chance_of(Faults& faults, FaultKind kind) {
  switch (kind) {
    case FaultKind::kDrop:
      return faults.drop;
    case FaultKind::kDuplicate:
      return faults.duplicate;
    case FaultKind::kGarbage:
      return faults.garbage;
    case FaultKind::kWrongLength:
      return faults.wrong_length;
    case FaultKind::kCut:
      return faults.cut;
    case FaultKind::kDelay:
      break;
  }
  return faults.delay;
}

void apply(FaultKind kind, std::optional<std::uint32_t> number, std::vector<std::byte>& frame,
           Spoiled& spoiled, const Faults& faults, core::Random& random) {
  ++spoiled.faults;
  switch (kind) {
    case FaultKind::kDrop:
      spoiled.dropped = true;
      return;
    case FaultKind::kDuplicate: {
      const std::vector<std::byte> twin = frame;
      frame.insert(frame.end(), twin.begin(), twin.end());
      return;
    }
    case FaultKind::kGarbage: {
      std::vector<std::byte> junk(
          number.value_or(static_cast<std::uint32_t>(1 + random.below(kGarbageMax))));
      for (std::byte& b : junk) b = static_cast<std::byte>(random.below(256));
      frame.insert(frame.begin(), junk.begin(), junk.end());
      return;
    }
    case FaultKind::kWrongLength:
      store_be(frame.data(),
               number.value_or(static_cast<std::uint32_t>(random.below(kWrongLengthMax))));
      return;
    case FaultKind::kCut:
      frame.resize(std::min<std::size_t>(
          frame.size(), number.value_or(static_cast<std::uint32_t>(
                            1 + random.below(std::max<std::size_t>(2, frame.size()) - 1)))));
      spoiled.cut = true;
      return;
    case FaultKind::kDelay:
      spoiled.delay = number ? Nanos(Millis(*number)) : faults.delay_by;
      return;
  }
}

/// next KIND [N] [MESSAGE] [xCOUNT]
std::string plan(Faults& faults, const std::vector<std::string>& words) {
  PlannedFault planned;
  const auto kind = words.size() < 2
                        ? std::end(kKinds)
                        : std::ranges::find(kKinds, std::string_view(words[1]),
                                            &std::pair<std::string_view, FaultKind>::first);
  if (kind == std::end(kKinds))
    return "error usage: next drop|duplicate|garbage|wronglength|cut|delay [N] [MESSAGE] [xCOUNT]";
  planned.kind = kind->second;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto number = number_of<std::uint32_t>(word);
    const auto* rule = wire::ged188::find_message(std::string_view(word));
    if (number && i == 2) {
      planned.number = *number;
    } else if (rule != nullptr) {
      planned.message_type = rule->number;
    } else if (word.starts_with('x') &&
               number_of<std::uint32_t>(std::string_view(word).substr(1))) {
      planned.count = *number_of<std::uint32_t>(std::string_view(word).substr(1));
    } else {
      return "error neither a message nor xCOUNT: " + word;
    }
  }
  const bool too_much = planned.kind == FaultKind::kGarbage && planned.number.value_or(0) > 65'536;
  if (too_much || planned.count == 0) return "error out of range";
  if (faults.planned.size() == kPlannedFaultsMax) return "error 1000 faults are planned already";
  faults.planned.push_back(planned);
  return "ok";
}

}  // namespace

Spoiled spoil(std::vector<std::byte>& frame, Faults& faults, core::Random& random) {
  Spoiled spoiled;
  const std::uint32_t type = load_be<std::uint32_t>(frame.data() + 4);
  const auto meant = std::ranges::find_if(faults.planned, [&](const PlannedFault& planned) {
    return planned.message_type == 0 || planned.message_type == type;
  });
  if (meant != faults.planned.end()) {
    const PlannedFault planned = *meant;
    if (--meant->count == 0) faults.planned.erase(meant);
    apply(planned.kind, planned.number, frame, spoiled, faults, random);
  }
  for (const auto& [name, kind] : kKinds) {
    if (spoiled.dropped || spoiled.cut) break;
    if (random.chance(chance_of(faults, kind)))
      apply(kind, std::nullopt, frame, spoiled, faults, random);
  }
  return spoiled;
}

std::string fault_help() {
  return " | drop|duplicate|garbage|wronglength|cut|loseconf CHANCE | delay CHANCE [MS] | "
         "next drop|duplicate|garbage|wronglength|cut|delay [N] [MESSAGE] [xCOUNT] | "
         "lose confirmation [COUNT] | refuse open [STATUS] | ignore open|heartbeats | "
         "slow read BYTES_PER_SECOND | send queue BYTES | clear faults";
}

std::string Server::fault_command(const std::vector<std::string>& words) {
  const std::string& what = words[0];
  const std::string second = words.size() > 1 ? words[1] : std::string();
  const auto number_at = [&](std::size_t at, std::uint32_t otherwise) {
    return words.size() > at ? number_of<std::uint32_t>(words[at]) : std::optional(otherwise);
  };
  if (what == "next") return plan(faults_, words);
  if (what == "clear" && second == "faults") return faults_.clear(), "ok";
  if (what == "lose" && second == "confirmation") {
    const auto count = number_at(2, 1);
    if (!count) return "error not a count: " + words[2];
    faults_.lose_confirmations += *count;
    return "ok";
  }
  if (what == "refuse" && second == "open") {
    const auto status = number_at(2, 15);
    if (!status) return "error not a status: " + words[2];
    faults_.refuse_open = static_cast<Status>(*status);
    return "ok";
  }
  if (what == "slow" && second == "read") {
    const auto rate = number_of<std::uint32_t>(words.size() > 2 ? words[2] : "");
    if (!rate) return "error usage: slow read BYTES_PER_SECOND (0: as fast as it comes)";
    faults_.slow_read = *rate;
    return "ok";
  }
  if (what == "send" && second == "queue") {
    const auto bytes = number_of<std::uint32_t>(words.size() > 2 ? words[2] : "");
    if (!bytes || *bytes < 16'384 || *bytes > kPendingBytesMax)
      return "error usage: send queue BYTES (16384 .. 16777216)";
    settings_.send_queue_bytes = *bytes;
    return "ok";
  }
  if (what == "ignore" && second == "open") return faults_.ignore_open = true, "ok";
  if (what == "ignore" && second == "heartbeats") return faults_.ignore_heartbeats = true, "ok";
  const auto kind = std::ranges::find(kKinds, std::string_view(what),
                                      &std::pair<std::string_view, FaultKind>::first);
  if (kind == std::end(kKinds) && what != "loseconf") return {};
  const auto value = number_of<double>(second);
  if (!value || !(*value >= 0) || *value > 1) return "error not a chance from 0 to 1: " + second;
  if (what == "delay" && words.size() > 2) {
    const auto ms = number_at(2, 0);
    if (!ms || *ms > 3'600'000) return "error not milliseconds up to an hour: " + words[2];
    faults_.delay_by = Millis(*ms);
  }
  (what == "loseconf" ? faults_.lose_confirmation : chance_of(faults_, kind->second)) = *value;
  return "ok";
}

bool Server::loses_confirmation() {
  if (faults_.lose_confirmations == 0 && !random_.chance(faults_.lose_confirmation)) return false;
  if (faults_.lose_confirmations > 0) --faults_.lose_confirmations;
  ++counters_.faults;
  return true;
}

void Server::hold(Client& client, Nanos time) {
  client.hold_until = std::max(client.hold_until, io_.now() + time);
  next_release_ = std::min(next_release_, client.hold_until);
}

void Server::slow_down(Client& client, std::size_t bytes) {
  if (faults_.slow_read == 0) return;
  const auto pause = static_cast<double>(bytes) * 1e9 / faults_.slow_read;
  client.read_at = io_.now() + Nanos(static_cast<std::int64_t>(pause));
  next_release_ = std::min(next_release_, client.read_at);
  io_.set_receiving(client.connection, false);
}

void Server::release_held() {
  const TimePoint now = io_.now();
  if (now < next_release_) return;
  next_release_ = kNever;
  for (auto& [id, client] : clients_) {
    if (client->hold_until > now) {
      next_release_ = std::min(next_release_, client->hold_until);
    } else if (client->hold_until != TimePoint{}) {
      client->hold_until = {};
      mark_dirty(*client);
    }
    if (client->read_at > now) {
      next_release_ = std::min(next_release_, client->read_at);
      continue;
    }
    client->read_at = kNever;
    client->last_received = now;
    if (!client->dead && !sides_[static_cast<std::size_t>(client->side)].frozen)
      io_.set_receiving(client->connection, true);
  }
}

}  // namespace cti::simulator
