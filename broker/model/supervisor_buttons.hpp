// supervisor_buttons.hpp - which of a supervisor's buttons are on for the agent that is monitored, and why each other is not.
//
// Why      as for agents (buttons.hpp): the server decides for every desktop, and keeps the reason where it decides.
// Shape    one pure function from the two situations, the monitored agent's and the supervisor's own, to a mask with the bits of
//          SupervisorButtonEnablement and a reason for each bit.
// Source   CTI OS developer guide, supervisor chapters: intercept after barge-in, clear while the supervisor is on the call. The
//          guide gives barge-in and (call based) silent monitoring one bit, so both are on together: while the call talks and
//          the supervisor is free.
// Threads  none; constant time.
#pragma once

#include "broker/model/buttons.hpp"
#include "wire/ctios_enums.hpp"

#include <array>
#include <cstdint>

namespace cti::broker {

/// What the supervisor is on the monitored agent's call.
enum class SupervisorPart : std::uint8_t { kNone, kMonitors, kWhispers, kBargedIn, kIntercepted };

/// CallType of a supervisor's own call on an agent's: monitor, and behind it whisper, barge in, intercept.
inline constexpr std::uint16_t kMonitorCallType = 21;
/// From the type of the supervisor's own call.
SupervisorPart part_of(std::uint16_t call_type) noexcept;

struct SupervisorSituation {
  bool logged_in = false;      ///< the supervisor
  bool other_call = false;     ///< and is on a call that is not the monitored one
  SupervisorPart part = SupervisorPart::kNone;
  wire::ctios::AgentState agent = wire::ctios::eUnknown;  ///< the monitored one
  bool has_call = false;                                  ///< which the buttons are about
  wire::ctios::LocalConnectionState call = wire::ctios::LCS_NULL;
};

struct SupervisorButtons {
  std::uint32_t mask = 0;
  std::array<GreyReason, 8> why{};  ///< by bit number; kOn exactly for the bits of the mask
};

SupervisorButtons supervisor_buttons(const SupervisorSituation& now) noexcept;

}  // namespace cti::broker
