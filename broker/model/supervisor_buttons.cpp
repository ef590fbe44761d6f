// supervisor_buttons.cpp - the rules behind each of a supervisor's buttons.
#include "broker/model/supervisor_buttons.hpp"

#include "core/base/check.hpp"

#include <bit>

namespace cti::broker {

using namespace wire::ctios::SupervisorButtonEnablement_bits;
using wire::ctios::AgentState;

SupervisorPart part_of(std::uint16_t call_type) noexcept {
  switch (call_type) {
    case kMonitorCallType:
      return SupervisorPart::kMonitors;
    case kMonitorCallType + 1:
      return SupervisorPart::kWhispers;
    case kMonitorCallType + 2:
      return SupervisorPart::kBargedIn;
    case kMonitorCallType + 3:
      return SupervisorPart::kIntercepted;
    default:
      return SupervisorPart::kNone;
  }
}

namespace {

bool is_in(AgentState state) noexcept {
  return state != wire::ctios::eLogout && state != wire::ctios::eUnknown;
}

bool on_a_call(AgentState state) noexcept {
  return state == wire::ctios::eTalking || state == wire::ctios::eHold ||
         state == wire::ctios::eReserved || state == wire::ctios::eBusyOther;
}

/// A member can be made ready who is not, and has no call.
GreyReason make_ready(const SupervisorSituation& now) noexcept {
  if (!is_in(now.agent)) return GreyReason::kLoggedOut;
  if (now.agent == wire::ctios::eAvailable) return GreyReason::kAlreadyInState;
  return on_a_call(now.agent) ? GreyReason::kCallInProgress : GreyReason::kOn;
}

/// The supervisor may come to the call, in whatever part: it talks, and the supervisor is on no call.
GreyReason join(const SupervisorSituation& now) noexcept {
  if (!now.has_call) return GreyReason::kNoCall;
  if (now.part != SupervisorPart::kNone) return GreyReason::kOnTheCallAlready;
  if (now.other_call) return GreyReason::kCallInProgress;
  if (now.call == wire::ctios::LCS_ALERTING) return GreyReason::kStillAlerting;
  return now.call == wire::ctios::LCS_CONNECT ? GreyReason::kOn : GreyReason::kNotConnected;
}

}  // namespace

SupervisorButtons supervisor_buttons(const SupervisorSituation& now) noexcept {
  SupervisorButtons buttons;
  buttons.why.fill(GreyReason::kNoButton);
  const auto decide = [&](std::uint32_t bit, GreyReason reason) {
    if (!now.logged_in) reason = GreyReason::kSupervisorLoggedOut;
    CTI_CHECK(std::has_single_bit(bit));
    buttons.why[static_cast<std::size_t>(std::countr_zero(bit))] = reason;
    if (reason == GreyReason::kOn) buttons.mask |= bit;
  };
  // Who talks is logged out when the call ends.
  decide(ENABLE_SET_AGENT_LOGOUT, is_in(now.agent) ? GreyReason::kOn : GreyReason::kLoggedOut);
  decide(ENABLE_SET_AGENT_READY, make_ready(now));
  // Who listens or whispers may go on to barge in: the one bit of both says so.
  const bool listens =
      now.part == SupervisorPart::kMonitors || now.part == SupervisorPart::kWhispers;
  const GreyReason barge_in =
      listens && now.has_call && now.call == wire::ctios::LCS_CONNECT ? GreyReason::kOn : join(now);
  decide(ENABLE_BARGE_IN, barge_in);
  const bool barged_in = now.part == SupervisorPart::kBargedIn;
  decide(ENABLE_INTERCEPT, !now.has_call ? GreyReason::kNoCall
                           : barged_in   ? GreyReason::kOn
                                         : GreyReason::kNotBargedIn);
  const bool there = now.part != SupervisorPart::kNone;
  decide(ENABLE_CLEAR, there ? GreyReason::kOn : GreyReason::kNotOnTheCall);
  decide(ENABLE_START_SILENTMONITOR, join(now));
  decide(ENABLE_STOP_SILENTMONITOR, now.part == SupervisorPart::kMonitors
                                        ? GreyReason::kOn
                                        : GreyReason::kNotOnTheCall);
  return buttons;
}

}  // namespace cti::broker
