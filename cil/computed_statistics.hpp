// computed_statistics.hpp - the columns of statistics grids that no server sends: averages and sums of those that it sends.
//
// Source   the grid columns of the CTI OS guides, by their names there ("PercentUtilitizationToday" is spelled so).
// Values   counts and whole seconds, rounded down; a percentage for "Percent...". Nothing when a column that the formula
//          needs is absent or unknown (0xFFFFFFFF), or when it would divide by nothing.
#pragma once

#include "cil/arguments.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::cil {

/// What a server tells for a queue of which it knows nothing.
inline constexpr std::uint32_t kUnknownStatistic = 0xFFFFFFFF;

/// `statistics`: the array "Statistics" of an agent or a skill group, as its property or as an event has it.
std::optional<std::uint32_t> ComputedStatistic(const Arguments& statistics, std::string_view name);

/// "(A+B)/(C+D)"; empty for a name that is none.
std::string ComputedStatisticFormula(std::string_view name);

/// All names, agents' first.
std::vector<std::string> ComputedStatistics();

}  // namespace cti::cil
