// button_names.cpp - the two tables of names.
#include "broker/model/button_names.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace cti::broker {

namespace {

namespace agent = wire::ctios::ButtonEnablement_bits;
namespace supervisor = wire::ctios::SupervisorButtonEnablement_bits;

constexpr ButtonName kButtons[] = {
    {agent::ENABLE_ANSWER, "ENABLE_ANSWER", "Answer"},
    {agent::ENABLE_RELEASE, "ENABLE_RELEASE", "Release"},
    {agent::ENABLE_HOLD, "ENABLE_HOLD", "Hold"},
    {agent::ENABLE_RETRIEVE, "ENABLE_RETRIEVE", "Retrieve"},
    {agent::ENABLE_MAKECALL, "ENABLE_MAKECALL", "Dial"},
    {agent::ENABLE_TRANSFER_INIT, "ENABLE_TRANSFER_INIT", "Begin transfer"},
    {agent::ENABLE_TRANSFER_COMPLETE, "ENABLE_TRANSFER_COMPLETE", "Transfer"},
    {agent::ENABLE_SINGLE_STEP_TRANSFER, "ENABLE_SINGLE_STEP_TRANSFER", "Transfer in one step"},
    {agent::ENABLE_CONFERENCE_INIT, "ENABLE_CONFERENCE_INIT", "Begin conference"},
    {agent::ENABLE_CONFERENCE_COMPLETE, "ENABLE_CONFERENCE_COMPLETE", "Conference"},
    {agent::ENABLE_SINGLE_STEP_CONFERENCE, "ENABLE_SINGLE_STEP_CONFERENCE",
     "Conference in one step"},
    {agent::ENABLE_ALTERNATE, "ENABLE_ALTERNATE", "Alternate"},
    {agent::ENABLE_RECONNECT, "ENABLE_RECONNECT", "Reconnect"},
    {agent::ENABLE_WRAPUP, "ENABLE_WRAPUP", "Wrap-up data"},
    {agent::ENABLE_INSIDE_MAKECALL, "ENABLE_INSIDE_MAKECALL", "Dial inside"},
    {agent::ENABLE_OUTSIDE_MAKECALL, "ENABLE_OUTSIDE_MAKECALL", "Dial outside"},
    {agent::ENABLE_SUPERVISOR_ASSIST, "ENABLE_SUPERVISOR_ASSIST", "Supervisor assist"},
    {agent::ENABLE_EMERGENCY_CALL, "ENABLE_EMERGENCY_CALL", "Emergency"},
    {agent::ENABLE_BAD_LINE_CALL, "ENABLE_BAD_LINE_CALL", "Bad line"},
    {agent::ENABLE_STATISTICS, "ENABLE_STATISTICS", "Statistics"},
    {agent::ENABLE_CHAT, "ENABLE_CHAT", "Chat"},
    {agent::ENABLE_RECORD, "ENABLE_RECORD", "Record"},
    {agent::ENABLE_LOGIN, "ENABLE_LOGIN", "Log in"},
    {agent::ENABLE_LOGOUT, "ENABLE_LOGOUT", "Log out"},
    {agent::ENABLE_LOGOUT_WITH_REASON, "ENABLE_LOGOUT_WITH_REASON", "Log out with a reason"},
    {agent::ENABLE_READY, "ENABLE_READY", "Ready"},
    {agent::ENABLE_NOTREADY, "ENABLE_NOTREADY", "Not ready"},
    {agent::ENABLE_NOTREADY_WITH_REASON, "ENABLE_NOTREADY_WITH_REASON", "Not ready with a reason"},
    {agent::ENABLE_WORKREADY, "ENABLE_WORKREADY", "Wrap-up, then ready"},
    {agent::ENABLE_WORKNOTREADY, "ENABLE_WORKNOTREADY", "Wrap-up, then not ready"},
};

constexpr ButtonName kSupervisorButtons[] = {
    {supervisor::ENABLE_SET_AGENT_LOGOUT, "ENABLE_SET_AGENT_LOGOUT", "Log the agent out"},
    {supervisor::ENABLE_SET_AGENT_READY, "ENABLE_SET_AGENT_READY", "Make the agent ready"},
    {supervisor::ENABLE_BARGE_IN, "ENABLE_BARGE_IN", "Barge in"},
    {supervisor::ENABLE_INTERCEPT, "ENABLE_INTERCEPT", "Intercept"},
    {supervisor::ENABLE_CLEAR, "ENABLE_CLEAR", "Leave the call"},
    {supervisor::ENABLE_START_SILENTMONITOR, "ENABLE_START_SILENTMONITOR", "Listen"},
    {supervisor::ENABLE_STOP_SILENTMONITOR, "ENABLE_STOP_SILENTMONITOR", "Stop listening"},
};

template <std::size_t kSize>
consteval bool single_bits_that_rise(const ButtonName (&names)[kSize]) {
  std::uint32_t before = 0;
  for (const ButtonName& name : names) {
    if (!std::has_single_bit(name.bit) || name.bit <= before) return false;
    before = name.bit;
  }
  return true;
}
static_assert(single_bits_that_rise(kButtons) && single_bits_that_rise(kSupervisorButtons));
static_assert(std::size(kButtons) == 30, "22 is DISABLE_ALL, 23 nothing");
static_assert(std::size(kSupervisorButtons) == 7);

}  // namespace

std::span<const ButtonName> button_names() noexcept { return kButtons; }
std::span<const ButtonName> supervisor_button_names() noexcept { return kSupervisorButtons; }

const ButtonName* name_of_button(std::span<const ButtonName> names, std::uint32_t bit) noexcept {
  const auto found = std::ranges::find(names, bit, &ButtonName::bit);
  return found == names.end() ? nullptr : &*found;
}

}  // namespace cti::broker
