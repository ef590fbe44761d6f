// computed_statistics.hpp - the columns of statistics grids that nobody sends, and what each is computed from.
//
// Why      the client library computes them; a server that sends only the columns of the configured grids must know which it
//          has to send for them.
// Source   the grid columns of the CTI OS guides, by their names there ("PercentUtilitizationToday" is spelled so).
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace cti::wire {

struct ComputedColumn {
  std::string_view name;
  std::array<std::string_view, 2> sum;   ///< of these; an empty name is none
  std::array<std::string_view, 2> by{};  ///< divided by the sum of these; both empty: by nothing
  std::uint64_t times = 1;
};

namespace detail {
constexpr ComputedColumn average(std::string_view name, std::string_view of, std::string_view by) {
  return {name, {of}, {by}, 1};
}
inline constexpr std::array<std::string_view, 2> kCallsOfToday = {"AgentOutCallsToday",
                                                                  "HandledCallsToday"};
}  // namespace detail

#define CTI_AVERAGES(period)                                                                     \
  detail::average("AvgAgentOutCallsTalkTime" period, "AgentOutCallsTalkTime" period,             \
                  "AgentOutCalls" period),                                                       \
      detail::average("AvgAgentOutCallsTime" period, "AgentOutCallsTime" period,                 \
                      "AgentOutCalls" period),                                                   \
      detail::average("AvgAgentOutCallsHeldTime" period, "AgentOutCallsHeldTime" period,         \
                      "AgentOutCallsHeld" period),                                               \
      detail::average("AvgHandledCallsTalkTime" period, "HandledCallsTalkTime" period,           \
                      "HandledCalls" period),                                                    \
      detail::average("AvgHandledCallsAfterCallTime" period, "HandledCallsAfterCallTime" period, \
                      "HandledCalls" period),                                                    \
      detail::average("AvgHandledCallsTime" period, "HandledCallsTime" period,                   \
                      "HandledCalls" period),                                                    \
      detail::average("AvgIncomingCallsHeldTime" period, "IncomingCallsHeldTime" period,         \
                      "IncomingCallsHeld" period),                                               \
      detail::average("AvgInternalCallsRcvdTime" period, "InternalCallsRcvdTime" period,         \
                      "InternalCallsRcvd" period),                                               \
      detail::average("AvgInternalCallsHeldTime" period, "InternalCallsHeldTime" period,         \
                      "InternalCallsHeld" period)

/// Agents' first.
inline constexpr ComputedColumn kComputedColumns[] = {
    {"AvgTalkTimeToday",
     {"AgentOutCallsTalkTimeToday", "HandledCallsTalkTimeToday"},
     detail::kCallsOfToday},
    {"CallsHandledToday", detail::kCallsOfToday},
    {"TimeLoggedInToday", {"LoggedOnTimeToday"}},
    {"TimeTalkingToday", {"AgentOutCallsTalkTimeToday", "HandledCallsTalkTimeToday"}},
    {"TimeHoldingToday", {"AgentOutCallsHeldTimeToday", "IncomingCallsHeldTimeToday"}},
    {"TimeReadyToday", {"AvailTimeToday"}},
    {"TimeNotReadyToday", {"NotReadyTimeToday"}},
    {"AvgHoldTimeToday",
     {"AgentOutCallsHeldTimeToday", "IncomingCallsHeldTimeToday"},
     detail::kCallsOfToday},
    {"AvgHandleTimeToday",
     {"AgentOutCallsTimeToday", "HandledCallsTimeToday"},
     detail::kCallsOfToday},
    {"AvgIdleTimeToday", {"NotReadyTimeToday"}, detail::kCallsOfToday},
    {"PercentUtilitizationToday",
     {"AgentOutCallsTimeToday", "HandledCallsTimeToday"},
     {"LoggedOnTimeToday", "NotReadyTimeToday"},
     100},
    {"AvgCallsQTimeNow", {"CallsQTimeNow"}, {"CallsQNow"}},
    CTI_AVERAGES("ToHalf"),
    CTI_AVERAGES("Today"),
    {"AvgCallsQTimeHalf", {"CallsQTimeHalf"}, {"CallsQHalf"}},
    {"AvgCallsQTimeToday", {"CallsQTimeToday"}, {"CallsQToday"}},
};
#undef CTI_AVERAGES
static_assert(std::size(kComputedColumns) == 11 + 21, "of agents and of skill groups");

/// nullptr: none is called so.
constexpr const ComputedColumn* computed_column(std::string_view name) noexcept {
  for (const ComputedColumn& column : kComputedColumns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

}  // namespace cti::wire
