// stat_row.hpp - the newest values of one row of statistics, and which of them a reader has not seen yet.
//
// Why      a wallboard wants what changed since it was told last, another one what changed since then: to keep a delta for
//          each would be a queue for each. Every column knows at which revision it changed last; a reader is a revision.
// Shape    columns in the order of the message that brings them; take() compares and counts, changed_since() walks.
// Cost     8 bytes a column; no allocation after the row is made.
// Threads  the line.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cti::broker {

/// Counts up with each row that brought news; 0 is before the first.
using StatRevision = std::uint32_t;

class StatRow {
 public:
  explicit StatRow(std::size_t columns) : values_(columns), changed_(columns) {
    CTI_CHECK(columns > 0);
  }

  /// The counters of a message, big endian, one after the other. True: at least one is another than before.
  bool take(Bytes counters) noexcept {
    CTI_CHECK(counters.size() == values_.size() * sizeof(std::uint32_t));
    const StatRevision next = revision_ + 1;
    bool news = revision_ == 0;  // the first row is news whatever it says
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const auto value = load_be<std::uint32_t>(counters.data() + i * sizeof(std::uint32_t));
      if (revision_ != 0 && value == values_[i]) continue;
      values_[i] = value;
      changed_[i] = next;
      news = true;
    }
    if (news) revision_ = next;
    return news;
  }

  StatRevision revision() const noexcept { return revision_; }
  std::size_t columns() const noexcept { return values_.size(); }
  std::uint32_t value(std::size_t column) const noexcept {
    CTI_CHECK(column < values_.size());
    return values_[column];
  }

  /// Calls visit(column, value) for the columns that changed after `seen`.
  template <class Visit>
  void changed_since(StatRevision seen, Visit&& visit) const {
    CTI_CHECK(seen <= revision_);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (changed_[i] > seen) visit(i, values_[i]);
    }
  }

 private:
  std::vector<std::uint32_t> values_;
  std::vector<StatRevision> changed_;
  StatRevision revision_ = 0;
};

}  // namespace cti::broker
