// Faults on demand: what they do to frames and connections. See faults.hpp; the commands that set them are in control/.
#include "tools/simulator/server/faults.hpp"

#include "tools/simulator/server/server.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

constexpr std::uint32_t kWrongLengthMax = 60'000, kGarbageMax = 40;

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
    case FaultKind::kSplit:
      spoiled.split = std::clamp<std::size_t>(
          number.value_or(static_cast<std::uint32_t>(1 + random.below(frame.size() - 1))), 1,
          frame.size() - 1);
      return;
    case FaultKind::kDelay:
      spoiled.delay = number ? Nanos(Millis(*number)) : faults.delay_by;
      return;
  }
}

}  // namespace

double& Faults::chance_of(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::kDrop:
      return drop;
    case FaultKind::kDuplicate:
      return duplicate;
    case FaultKind::kGarbage:
      return garbage;
    case FaultKind::kWrongLength:
      return wrong_length;
    case FaultKind::kCut:
      return cut;
    case FaultKind::kSplit:
      return split;
    case FaultKind::kDelay:
      break;
  }
  return delay;
}

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
  for (const auto& [name, kind] : kFaultKinds) {
    if (spoiled.dropped || spoiled.cut) break;
    if (random.chance(faults.chance_of(kind)))
      apply(kind, std::nullopt, frame, spoiled, faults, random);
  }
  return spoiled;
}

bool Server::loses_confirmation() {
  if (faults_.lose_confirmations == 0 && !random_.chance(faults_.lose_confirmation)) return false;
  if (faults_.lose_confirmations > 0) --faults_.lose_confirmations;
  ++counters_.faults;
  return true;
}

void Server::hold(Client& client, Nanos time) {
  client.hold_until = std::max(client.hold_until, io_.now() + io_time(time));
  next_release_ = std::min(next_release_, client.hold_until);
}

void Server::slow_down(Client& client, std::size_t bytes) {
  if (faults_.slow_read == 0) return;
  const auto pause = static_cast<double>(bytes) * 1e9 / faults_.slow_read;
  client.read_at = io_.now() + io_time(Nanos(static_cast<std::int64_t>(pause)));
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
