// stat_columns.cpp - the columns themselves, and which of them a grid needs.
#include "broker/stats/stat_columns.hpp"

#include "wire/computed_statistics.hpp"

#include <algorithm>
#include <iterator>

namespace cti::broker {

namespace {

using K = wire::Keyword;

// clang-format off
constexpr wire::Keyword kAgent[] = {
    K::AvailTimeSession, K::LoggedOnTimeSession, K::NotReadyTimeSession, K::ICMAvailableTimeSession,
    K::RoutableTimeSession, K::AgentOutCallsSession, K::AgentOutCallsTalkTimeSession,
    K::AgentOutCallsTimeSession, K::AgentOutCallsHeldSession, K::AgentOutCallsHeldTimeSession,
    K::HandledCallsSession, K::HandledCallsTalkTimeSession, K::HandledCallsAfterCallTimeSession,
    K::HandledCallsTimeSession, K::IncomingCallsHeldSession, K::IncomingCallsHeldTimeSession,
    K::InternalCallsSession, K::InternalCallsTimeSession, K::InternalCallsRcvdSession,
    K::InternalCallsRcvdTimeSession, K::InternalCallsHeldSession, K::InternalCallsHeldTimeSession,
    K::AutoOutCallsSession, K::AutoOutCallsTalkTimeSession, K::AutoOutCallsTimeSession,
    K::AutoOutCallsHeldSession, K::AutoOutCallsHeldTimeSession, K::PreviewCallsSession,
    K::PreviewCallsTalkTimeSession, K::PreviewCallsTimeSession, K::PreviewCallsHeldSession,
    K::PreviewCallsHeldTimeSession, K::ReservationCallsSession, K::ReservationCallsTalkTimeSession,
    K::ReservationCallsTimeSession, K::ReservationCallsHeldSession,
    K::ReservationCallsHeldTimeSession, K::BargeInCallsSession, K::InterceptCallsSession,
    K::MonitorCallsSession, K::WhisperCallsSession, K::EmergencyCallsSession, K::AvailTimeToday,
    K::LoggedOnTimeToday, K::NotReadyTimeToday, K::ICMAvailableTimeToday, K::RoutableTimeToday,
    K::AgentOutCallsToday, K::AgentOutCallsTalkTimeToday, K::AgentOutCallsTimeToday,
    K::AgentOutCallsHeldToday, K::AgentOutCallsHeldTimeToday, K::HandledCallsToday,
    K::HandledCallsTalkTimeToday, K::HandledCallsAfterCallTimeToday, K::HandledCallsTimeToday,
    K::IncomingCallsHeldToday, K::IncomingCallsHeldTimeToday, K::InternalCallsToday,
    K::InternalCallsTimeToday, K::InternalCallsRcvdToday, K::InternalCallsRcvdTimeToday,
    K::InternalCallsHeldToday, K::InternalCallsHeldTimeToday, K::AutoOutCallsToday,
    K::AutoOutCallsTalkTimeToday, K::AutoOutCallsTimeToday, K::AutoOutCallsHeldToday,
    K::AutoOutCallsHeldTimeToday, K::PreviewCallsToday, K::PreviewCallsTalkTimeToday,
    K::PreviewCallsTimeToday, K::PreviewCallsHeldToday, K::PreviewCallsHeldTimeToday,
    K::ReservationCallsToday, K::ReservationCallsTalkTimeToday, K::ReservationCallsTimeToday,
    K::ReservationCallsHeldToday, K::ReservationCallsHeldTimeToday, K::BargeInCallsToday,
    K::InterceptCallsToday, K::MonitorCallsToday, K::WhisperCallsToday, K::EmergencyCallsToday,
};

constexpr wire::Keyword kGroup[] = {
    K::AgentsLoggedOn, K::AgentsAvail, K::AgentsNotReady, K::AgentsReady, K::AgentsTalkingIn,
    K::AgentsTalkingOut, K::AgentsTalkingOther, K::AgentsWorkNotReady, K::AgentsWorkReady,
    K::AgentsBusyOther, K::AgentsReserved, K::AgentsHold, K::AgentsICMAvailable,
    K::AgentsApplicationAvailable, K::AgentsTalkingAutoOut, K::AgentsTalkingPreview,
    K::AgentsTalkingReservation, K::RouterCallsQNow, K::LongestRouterCallQNow, K::CallsQNow,
    K::CallsQTimeNow, K::LongestCallQNow, K::AvailTimeTo5, K::LoggedOnTimeTo5, K::NotReadyTimeTo5,
    K::AgentOutCallsTo5, K::AgentOutCallsTalkTimeTo5, K::AgentOutCallsTimeTo5,
    K::AgentOutCallsHeldTo5, K::AgentOutCallsHeldTimeTo5, K::HandledCallsTo5,
    K::HandledCallsTalkTimeTo5, K::HandledCallsAfterCallTimeTo5, K::HandledCallsTimeTo5,
    K::IncomingCallsHeldTo5, K::IncomingCallsHeldTimeTo5, K::InternalCallsRcvdTo5,
    K::InternalCallsRcvdTimeTo5, K::InternalCallsHeldTo5, K::InternalCallsHeldTimeTo5,
    K::AutoOutCallsTo5, K::AutoOutCallsTalkTimeTo5, K::AutoOutCallsTimeTo5, K::AutoOutCallsHeldTo5,
    K::AutoOutCallsHeldTimeTo5, K::PreviewCallsTo5, K::PreviewCallsTalkTimeTo5,
    K::PreviewCallsTimeTo5, K::PreviewCallsHeldTo5, K::PreviewCallsHeldTimeTo5,
    K::ReservationCallsTo5, K::ReservationCallsTalkTimeTo5, K::ReservationCallsTimeTo5,
    K::ReservationCallsHeldTo5, K::ReservationCallsHeldTimeTo5, K::BargeInCallsTo5,
    K::InterceptCallsTo5, K::MonitorCallsTo5, K::WhisperCallsTo5, K::EmergencyCallsTo5, K::CallsQ5,
    K::CallsQTime5, K::LongestCallQ5, K::AvailTimeToHalf, K::LoggedOnTimeToHalf,
    K::NotReadyTimeToHalf, K::AgentOutCallsToHalf, K::AgentOutCallsTalkTimeToHalf,
    K::AgentOutCallsTimeToHalf, K::AgentOutCallsHeldToHalf, K::AgentOutCallsHeldTimeToHalf,
    K::HandledCallsToHalf, K::HandledCallsTalkTimeToHalf, K::HandledCallsAfterCallTimeToHalf,
    K::HandledCallsTimeToHalf, K::IncomingCallsHeldToHalf, K::IncomingCallsHeldTimeToHalf,
    K::InternalCallsRcvdToHalf, K::InternalCallsRcvdTimeToHalf, K::InternalCallsHeldToHalf,
    K::InternalCallsHeldTimeToHalf, K::AutoOutCallsToHalf, K::AutoOutCallsTalkTimeToHalf,
    K::AutoOutCallsTimeToHalf, K::AutoOutCallsHeldToHalf, K::AutoOutCallsHeldTimeToHalf,
    K::PreviewCallsToHalf, K::PreviewCallsTalkTimeToHalf, K::PreviewCallsTimeToHalf,
    K::PreviewCallsHeldToHalf, K::PreviewCallsHeldTimeToHalf, K::ReservationCallsToHalf,
    K::ReservationCallsTalkTimeToHalf, K::ReservationCallsTimeToHalf, K::ReservationCallsHeldToHalf,
    K::ReservationCallsHeldTimeToHalf, K::BargeInCallsToHalf, K::InterceptCallsToHalf,
    K::MonitorCallsToHalf, K::WhisperCallsToHalf, K::EmergencyCallsToHalf, K::CallsQHalf,
    K::CallsQTimeHalf, K::LongestCallQHalf, K::AvailTimeToday, K::LoggedOnTimeToday,
    K::NotReadyTimeToday, K::AgentOutCallsToday, K::AgentOutCallsTalkTimeToday,
    K::AgentOutCallsTimeToday, K::AgentOutCallsHeldToday, K::AgentOutCallsHeldTimeToday,
    K::HandledCallsToday, K::HandledCallsTalkTimeToday, K::HandledCallsAfterCallTimeToday,
    K::HandledCallsTimeToday, K::IncomingCallsHeldToday, K::IncomingCallsHeldTimeToday,
    K::InternalCallsRcvdToday, K::InternalCallsRcvdTimeToday, K::InternalCallsHeldToday,
    K::InternalCallsHeldTimeToday, K::AutoOutCallsToday, K::AutoOutCallsTalkTimeToday,
    K::AutoOutCallsTimeToday, K::AutoOutCallsHeldToday, K::AutoOutCallsHeldTimeToday,
    K::PreviewCallsToday, K::PreviewCallsTalkTimeToday, K::PreviewCallsTimeToday,
    K::PreviewCallsHeldToday, K::PreviewCallsHeldTimeToday, K::ReservationCallsToday,
    K::ReservationCallsTalkTimeToday, K::ReservationCallsTimeToday, K::ReservationCallsHeldToday,
    K::ReservationCallsHeldTimeToday, K::BargeInCallsToday, K::InterceptCallsToday,
    K::MonitorCallsToday, K::WhisperCallsToday, K::EmergencyCallsToday, K::CallsQToday,
    K::CallsQTimeToday, K::LongestCallQToday,
};
// clang-format on
static_assert(std::size(kAgent) == kAgentColumns && std::size(kGroup) == kGroupColumns);
static_assert(kAgentColumns <= kGroupColumns, "a ColumnSet holds either");

void add(ColumnSet& to, bool agent, std::string_view name) {
  const auto keyword = wire::keyword_from(name);
  if (!keyword) return;
  const std::span<const K> all = columns_of(agent);
  const auto found = std::find(all.begin(), all.end(), *keyword);
  if (found != all.end()) to.set(static_cast<std::size_t>(found - all.begin()));
}

}  // namespace

std::span<const wire::Keyword> columns_of(bool agent) noexcept {
  if (agent) return kAgent;
  return kGroup;
}

ColumnSet columns_for(bool agent, std::span<const std::string> shown) {
  ColumnSet needed;
  for (const std::string& name : shown) {
    const wire::ComputedColumn* const computed = wire::computed_column(name);
    if (computed == nullptr) {
      add(needed, agent, name);
      continue;
    }
    for (const auto& part : {computed->sum, computed->by}) {
      for (const std::string_view column : part) {
        if (!column.empty()) add(needed, agent, column);
      }
    }
  }
  return needed;
}

}  // namespace cti::broker
