// faults.hpp - what may be made to go wrong between the server and its clients, drawn from the server's seed.
//
// Shape    two ways: by chance (0 .. 1 per frame sent, or per request for lost confirmations; 0 turns a kind off), and
//          planned: the next frames, or the next ones of one message type, meet the fault for certain.
//          spoil() does both to one frame. Commands are in control/.
// Time     delays and rates are in model time, like all that a scenario says.
// Threads  the Server's.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/random.hpp"
#include "tools/simulator/model/vocabulary.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace cti::simulator {

enum class FaultKind : std::uint8_t {
  kDrop,
  kDuplicate,
  kGarbage,
  kWrongLength,
  kCut,
  kSplit,
  kDelay
};

/// The kinds by the names that people write.
inline constexpr std::pair<std::string_view, FaultKind> kFaultKinds[] = {
    {"drop", FaultKind::kDrop},       {"duplicate", FaultKind::kDuplicate},
    {"garbage", FaultKind::kGarbage}, {"wronglength", FaultKind::kWrongLength},
    {"cut", FaultKind::kCut},         {"split", FaultKind::kSplit},
    {"delay", FaultKind::kDelay}};

/// `next KIND [N] [MESSAGE] [xCOUNT]`
struct PlannedFault {
  FaultKind kind{};
  std::uint32_t message_type = 0;       ///< 0: whatever comes next
  std::optional<std::uint32_t> number;  ///< cut: bytes that still leave; split: bytes of the first
                                        ///< piece; wrong length: what is
                                        ///< claimed; garbage: how many bytes; delay: milliseconds
  std::uint32_t count = 1;              ///< so many frames
};
inline constexpr std::size_t kPlannedFaultsMax = 1'000;

struct Faults {
  double drop = 0;          ///< a frame is never sent
  double duplicate = 0;     ///< a frame is sent twice
  double garbage = 0;       ///< random bytes are sent before a frame
  double wrong_length = 0;  ///< MessageLength is off
  double cut = 0;           ///< half a frame, then a reset
  double split = 0;         ///< a frame leaves in two pieces, a moment apart
  double delay = 0;         ///< a frame, and all behind it, leaves later
  Nanos delay_by = Millis(500);
  double lose_confirmation = 0;          ///< a request is done, its confirmation is never sent
  std::uint32_t lose_confirmations = 0;  ///< the next so many confirmations are lost
  std::optional<Status> refuse_open;     ///< every OPEN_REQ is refused with this status
  bool ignore_open = false;              ///< OPEN_REQ is never answered
  bool ignore_heartbeats = false;        ///< heartbeats are never answered
  std::uint32_t slow_read = 0;           ///< bytes a second that are read from each client; 0: all
  std::vector<PlannedFault> planned;

  bool any() const noexcept {
    return !planned.empty() || drop + duplicate + garbage + wrong_length + cut + split + delay > 0;
  }
  void clear() { *this = {}; }
  double& chance_of(FaultKind kind) noexcept;
};

/// What has become of a frame.
struct Spoiled {
  bool dropped = false;
  bool cut = false;  ///< nothing may follow it but a reset
  Nanos delay{0};
  std::size_t split = 0;     ///< it leaves in two pieces, so many bytes in the first; 0: whole
  std::uint32_t faults = 0;  ///< how many it has met
};

/// Meets `frame` with what is planned for it and what chance brings.
Spoiled spoil(std::vector<std::byte>& frame, Faults& faults, core::Random& random);

}  // namespace cti::simulator
