// computed_statistics.cpp - the formulas of wire/computed_statistics.hpp, worked out.
#include "cil/computed_statistics.hpp"

#include "wire/computed_statistics.hpp"

#include <span>

namespace cti::cil {

using wire::computed_column;
using wire::ComputedColumn;

namespace {

std::optional<std::uint64_t> sum_of(const Arguments& statistics,
                                    std::span<const std::string_view> columns) {
  std::uint64_t sum = 0;
  for (const std::string_view column : columns) {
    if (column.empty()) continue;
    unsigned int value = 0;
    if (!statistics.GetValueUInt(column, &value) || value == kUnknownStatistic) return std::nullopt;
    sum += value;
  }
  return sum;
}

std::string text_of(std::span<const std::string_view> columns) {
  if (columns[1].empty()) return std::string(columns[0]);
  return "(" + std::string(columns[0]) + "+" + std::string(columns[1]) + ")";
}

}  // namespace

std::optional<std::uint32_t> ComputedStatistic(const Arguments& statistics, std::string_view name) {
  const ComputedColumn* const formula = computed_column(name);
  if (formula == nullptr) return std::nullopt;
  const auto sum = sum_of(statistics, formula->sum);
  const bool divides = !formula->by[0].empty();
  const auto by = divides ? sum_of(statistics, formula->by) : std::uint64_t{1};
  if (!sum || !by || *by == 0) return std::nullopt;
  return static_cast<std::uint32_t>(*sum * formula->times / *by);
}

std::string ComputedStatisticFormula(std::string_view name) {
  const ComputedColumn* const formula = computed_column(name);
  if (formula == nullptr) return {};
  std::string text = formula->by[0].empty() && !formula->sum[1].empty()
                         ? std::string(formula->sum[0]) + "+" + std::string(formula->sum[1])
                         : text_of(formula->sum);
  if (!formula->by[0].empty()) text += "/" + text_of(formula->by);
  return text;
}

std::vector<std::string> ComputedStatistics() {
  std::vector<std::string> names;
  for (const ComputedColumn& column : wire::kComputedColumns) names.emplace_back(column.name);
  return names;
}

}  // namespace cti::cil
