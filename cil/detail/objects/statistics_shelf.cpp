// statistics_shelf.cpp - columns that have changed are put into their rows.
#include "cil/detail/objects/statistics_shelf.hpp"

#include "core/base/check.hpp"

#include <utility>

namespace cti::cil::detail {

using wire::Keyword;

const StatisticsShelf::Row* StatisticsShelf::take(std::string_view object_id,
                                                  const wire::ArgumentsView& args, bool group) {
  auto found = rows_.find(object_id);
  Row row = found == rows_.end() ? Row{} : found->second;
  bool fits = found != rows_.end() || rows_.size() < limits::kClientStatisticsMax;
  for (const wire::Arg entry : args) {
    if (entry.keyword() != Keyword::Statistics) {
      if (group) fits = row.about.set(entry) && fits;
    } else if (entry.is_arguments()) {
      for (const wire::Arg column : entry.arguments()) fits = row.columns.set(column) && fits;
    }
  }
  const std::size_t before = found == rows_.end() ? 0 : cost_of(object_id, found->second);
  const std::size_t after = cost_of(object_id, row);
  if (!fits || bytes_ - before + after > limits::kClientStatisticsBytesMax) {
    ++refused_;
    return nullptr;
  }
  if (found == rows_.end()) {
    found = rows_.emplace(object_id, std::move(row)).first;
  } else {
    found->second = std::move(row);
  }
  bytes_ += after - before;
  return &found->second;
}

const StatisticsShelf::Row* StatisticsShelf::find(std::string_view object_id) const noexcept {
  const auto found = rows_.find(object_id);
  return found == rows_.end() ? nullptr : &found->second;
}

void StatisticsShelf::erase(std::string_view object_id) noexcept {
  const auto found = rows_.find(object_id);
  if (found == rows_.end()) return;
  bytes_ -= cost_of(object_id, found->second);
  rows_.erase(found);
}

void StatisticsShelf::invariants() const noexcept {
  CTI_CHECK(rows_.size() <= limits::kClientStatisticsMax);
  CTI_CHECK(bytes_ <= limits::kClientStatisticsBytesMax);
  CTI_CHECK(rows_.empty() == (bytes_ == 0));
}

}  // namespace cti::cil::detail
