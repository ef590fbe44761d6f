// statistics_shelf.hpp - the newest statistics of agents and skill groups, by UniqueObjectID.
//
// Why      a server tells the columns that have changed; programs read whole rows, of the event and of the object. They are no
//          properties that a snapshot replaces either: a failover must not empty a wallboard.
// Shape    a row per object: its columns, and of a skill group what else is known of it, in an Arguments block each.
// Bounds   limits::kClientStatisticsMax rows, kClientStatisticsBytesMax of all; what finds no room is told and not kept.
// Threads  none of its own: whoever has it guards it (Objects).
#pragma once

#include "core/base/statistics_limits.hpp"
#include "wire/arguments.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace cti::cil::detail {

class StatisticsShelf {
 public:
  struct Row {
    wire::Arguments about;    ///< of a skill group: number, id, name; empty for an agent
    wire::Arguments columns;  ///< Statistics
  };

  /// What `args` say of the object: all but Statistics, and the columns in it, each in the place of what it was. Null: there
  /// is no room.
  const Row* take(std::string_view object_id, const wire::ArgumentsView& args, bool group);
  const Row* find(std::string_view object_id) const noexcept;
  void erase(std::string_view object_id) noexcept;
  void clear() noexcept { rows_.clear(), bytes_ = 0; }
  std::size_t size() const noexcept { return rows_.size(); }
  std::size_t refused() const noexcept { return refused_; }
  /// Calls visit(UniqueObjectID, const Row&).
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [id, row] : rows_) visit(std::string_view(id), row);
  }
  void invariants() const noexcept;

 private:
  static std::size_t cost_of(std::string_view object_id, const Row& row) noexcept {
    return object_id.size() + row.about.bytes().size() + row.columns.bytes().size();
  }

  std::map<std::string, Row, std::less<>> rows_;
  std::size_t bytes_ = 0;
  std::size_t refused_ = 0;
};

}  // namespace cti::cil::detail
