// call_messages.hpp - a fact of the model as the GED-188 message that tells it.
//
// Shape    pure: model, fact and protocol version in, one frame out. The MonitorID is left 0 and put in by whoever sends the
//          frame (it is the first field of every one of these messages), so that one frame serves many sessions.
#pragma once

#include "core/base/bytes.hpp"
#include "tools/simulator/model/model.hpp"
#include "wire/ged188_limits.hpp"

#include <cstdint>
#include <optional>

namespace cti::simulator {

/// Offset of MonitorID in a whole frame.
inline constexpr std::size_t kMonitorIdAt = wire::ged188::limits::kHeaderBytes;

/// What a session has registered for with REGISTER_VARIABLES_REQ; nothing registered: everything.
struct RegisteredVariables {
  std::uint16_t variables = 0x3FF;
  bool all_named = true;
  std::vector<std::string> named, arrays;

  bool everything() const noexcept { return variables == 0x3FF && all_named; }
  bool wants(const NamedValue& value) const;
};

/// Bit of CallEventMask that lets this event through.
std::uint32_t mask_of(CallEventKind kind) noexcept;

/// Frames of one event: one, but two for RTP (a direction each). Empty: the event does not exist in this version, or
/// did not fit (never, within the model's limits).
struct EventFrames {
  Bytes first, second;
};
EventFrames encode_call_event(const Model& model, const CallEvent& event,
                              wire::ged188::Version version, const RegisteredVariables& wanted,
                              MutableBytes buffer);

/// `next_group` for versions below 13: one event per skill group; 0 tells the first.
Bytes encode_agent_event(const Model& model, const Agent& agent, wire::ged188::Version version,
                         std::size_t group, std::uint32_t peripheral_id, MutableBytes buffer);

/// LineType of a call for the view of a connection.
std::uint16_t line_type_of(const Call& call, bool inbound) noexcept;

}  // namespace cti::simulator
