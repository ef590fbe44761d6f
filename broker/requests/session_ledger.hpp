// session_ledger.hpp - what a line knows of the sessions that ask it: which have ended, and what each has open.
//
// Why      one session may not fill the tables that all share, and what belongs to a session that has ended may be taken
//          over by its successor, but not before.
// Shape    per reactor and slot the present session's counts and the last one that ended there. Numbers only rise, so one
//          number tells of all earlier sessions of the slot.
// Bounds   a row per slot that ever had a session: as many as the reactors have slots.
// Threads  the line.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "core/base/check.hpp"
#include "core/base/limits.hpp"

#include <cstdint>
#include <new>
#include <utility>
#include <vector>

namespace cti::broker {

class SessionLedger {
 public:
  static constexpr std::uint32_t kSlotsMax = 1U << 21;  // of one reactor: above any configuration
  static_assert(kSlotsMax >= limits::kSessionsMax + limits::kRefusalsMax);

  struct Row {
    std::uint64_t number = 0;  ///< the session that the counts are of
    std::uint64_t ended = 0;   ///< this one and all before it have ended
    std::uint32_t open = 0;    ///< requests that went upstream and are not answered yet
    std::uint32_t tokens = 0;  ///< different ones under which it asked
    std::uint32_t wrong_passwords = 0;  ///< in a row, of SendIdentifyClientRequest
    bool identifying = false;           ///< one is under way: guesses come one after the other
  };

  /// The counts of this session; those of an earlier one in its slot are forgotten. May ask for memory, once per slot.
  Row& of(const SessionRef& session) {
    Row& row = at(session);
    if (row.number > session.session_number)
      return past_ = {};  // an ask of one who has left: counts for nobody
    if (row.number < session.session_number) {
      row = {.number = session.session_number, .ended = row.ended};
    }
    CTI_CHECK(row.number == session.session_number);
    return row;
  }

  /// It, and all before it in its slot, have ended. Its asks may come behind this: the row is made all the same. Without
  /// memory for one the end is forgotten.
  void end(const SessionRef& session) noexcept {
    try {
      Row& row = at(session);
      if (row.ended < session.session_number) row.ended = session.session_number;
    } catch (const std::bad_alloc&) {
      return;
    }
  }
  bool ended(const SessionRef& session) const noexcept {
    const Row* const row = find(session);
    return row != nullptr && session.session_number <= row->ended;
  }

  /// One of the tokens that it brought is forgotten. A session that has left its slot has no counts any more.
  void token_gone(const SessionRef& session) noexcept {
    Row* const row = find(session);
    if (row == nullptr || row->number != session.session_number) return;
    CTI_CHECK(row->tokens > 0);
    --row->tokens;
  }

  void opened(const SessionRef& session) { ++of(session).open; }
  /// One of its requests has its answer. A session that has left its slot has no counts any more.
  void closed(const SessionRef& session) noexcept {
    Row* const row = find(session);
    if (row == nullptr || row->number != session.session_number) return;
    CTI_CHECK(row->open > 0);
    --row->open;
  }

  /// Its SendIdentifyClientRequest has its answer.
  void identified(const SessionRef& session) noexcept {
    Row* const row = find(session);
    if (row == nullptr || row->number != session.session_number) return;
    CTI_CHECK(row->identifying);
    row->identifying = false;
  }

  std::size_t rows() const noexcept {
    std::size_t count = 0;
    for (const auto& rows : rows_) count += rows.size();
    return count;
  }

 private:
  Row& at(const SessionRef& session) {
    CTI_CHECK(session.connection.slot < kSlotsMax);
    if (session.fanout >= rows_.size()) rows_.resize(session.fanout + std::size_t{1});
    auto& rows = rows_[session.fanout];
    if (session.connection.slot >= rows.size()) {
      rows.resize(session.connection.slot + std::size_t{1});
    }
    return rows[session.connection.slot];
  }
  const Row* find(const SessionRef& session) const noexcept {
    if (session.fanout >= rows_.size()) return nullptr;
    const auto& rows = rows_[session.fanout];
    return session.connection.slot < rows.size() ? &rows[session.connection.slot] : nullptr;
  }
  Row* find(const SessionRef& session) noexcept {
    return const_cast<Row*>(std::as_const(*this).find(session));
  }

  std::vector<std::vector<Row>> rows_;  // [reactor][slot]
  Row past_;
};

}  // namespace cti::broker
