// pending.hpp - requests that are on their way to the CTI Server and not answered yet.
//
// Why      a confirmation carries nothing but the InvokeID; here stands whom it belongs to.
// Shape    a slot table indexed by the low bits of the InvokeID. InvokeIDs only count upwards: an answer that comes
//          after its deadline finds an empty slot, or one with another id, and is never taken for another request's.
// Bounds   a fixed number of slots; add() says so when all are taken. Every request has a deadline of its own, on the
//          line's wheel: a short one never waits for a long one that was sent before it.
// Threads  the line.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "broker/model/fixed_text.hpp"
#include "broker/model/object_id.hpp"
#include "broker/upstream/line_timers.hpp"
#include "core/base/check.hpp"
#include "core/base/time.hpp"

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

namespace cti::broker {

/// On whose behalf a request went upstream.
enum class PendingKind : std::uint8_t {
  kFree,
  kClient,     ///< a session asked
  kSync,       ///< start-up dialogue, see sync.hpp
  kAgentMode,  ///< a session enters agent mode with an agent that is not known yet
  kRefresh,    ///< the line itself wants to know (agent logged in: desk settings)
  kStatistics,  ///< a row that sessions want: object_key says which
};

/// One outstanding request. `object_key` is whose question it is, or, for a client's, how many frames had come before it.
struct Pending {
  std::uint32_t invoke_id = 0;
  PendingKind kind = PendingKind::kFree;
  std::uint16_t message = 0;  ///< GED-188 number of the request sent
  std::uint32_t request = 0;  ///< wire::RequestId; kClient only
  std::uint32_t peripheral_id = 0;
  SessionRef from;
  std::uint64_t request_id = 0;  ///< the client's
  std::uint64_t token = 0;
  std::uint64_t agent_key = 0;  ///< the agent concerned
  std::uint64_t object_key = 0;
  FixedText<kObjectIdBytesMax>
      object_id;             ///< kClient: of the target, which may be gone when the answer comes
  std::uint32_t detail = 0;  ///< for the asker's own use (state asked for, index into a table)
  TimePoint deadline{};
  core::TimerId timer{};  ///< the table's own
};

class PendingTable {
 public:
  /// `capacity` requests at once, rounded up to a power of two; `timers` has room for as many.
  PendingTable(std::size_t capacity, LineTimers& timers)
      : timers_(timers),
        slots_(slots_for(capacity)),
        mask_(static_cast<std::uint32_t>(slots_.size() - 1)) {
    CTI_CHECK(std::has_single_bit(slots_.size()));
  }
  static constexpr std::size_t slots_for(std::size_t capacity) noexcept {
    return std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity);
  }

  /// Ids above are the link's own (OPEN_REQ, HEARTBEAT_REQ). After four thousand million requests they begin anew.
  static constexpr std::uint32_t kIdMax = 0xEFFFFFFF;

  /// Keeps `entry` under a fresh invoke_id until its deadline; nullptr when the table is full.
  Pending* add(const Pending& entry) {
    CTI_CHECK(entry.kind != PendingKind::kFree);
    if (size_ == slots_.size()) return nullptr;
    // At most one lap: some slot is free.
    std::uint32_t id = next_id();
    while (slots_[id & mask_].kind != PendingKind::kFree) id = next_id();
    Pending& slot = slots_[id & mask_];
    slot = entry;
    slot.invoke_id = id;
    slot.timer = timers_.arm(TimerKind::kPending, id, entry.deadline);
    ++size_;
    newest_ = id;
    if (entry.kind != PendingKind::kRefresh) ++asked_;
    CTI_CHECK(size_ <= slots_.size());
    return &slot;
  }

  /// The request with this id; nullptr when there is none (any more).
  Pending* find(std::uint32_t invoke_id) noexcept {
    Pending& slot = slots_[invoke_id & mask_];
    if (slot.kind == PendingKind::kFree || slot.invoke_id != invoke_id) return nullptr;
    return &slot;
  }

  void remove(Pending& entry) noexcept {
    CTI_CHECK(entry.kind != PendingKind::kFree);
    CTI_CHECK(size_ > 0);
    timers_.cancel(entry.timer);  // harmless when it is the one that has just fired
    entry.kind = PendingKind::kFree;
    entry.timer = {};
    --size_;
  }

  /// Its deadline moves to `deadline`.
  void postpone(Pending& entry, TimePoint deadline) {
    CTI_CHECK(entry.kind != PendingKind::kFree);
    timers_.cancel(entry.timer);
    entry.deadline = deadline;
    entry.timer = timers_.arm(TimerKind::kPending, entry.invoke_id, deadline);
  }

  /// Hands each to take(const Pending&), the oldest first (but for ids that a full table skipped), and takes it out.
  template <class Take>
  void drain(Take&& take) {
    const std::uint32_t first = next_;
    for (std::uint32_t i = 0; i <= mask_ && size_ > 0; ++i) {
      Pending& entry = slots_[(first + i) & mask_];
      if (entry.kind == PendingKind::kFree) continue;
      take(std::as_const(entry));  // who fails finds it still there
      remove(entry);
    }
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return slots_.size(); }
  /// Of the one added last; 0 before the first.
  std::uint32_t newest_id() const noexcept { return newest_; }
  /// How many questions somebody waits for have been kept since the start.
  std::uint64_t asked() const noexcept { return asked_; }

 private:
  std::uint32_t next_id() noexcept {
    const std::uint32_t id = next_;
    next_ = id == kIdMax ? 1 : id + 1;
    return id;
  }

  LineTimers& timers_;
  std::vector<Pending> slots_;
  std::uint32_t mask_;
  std::uint32_t next_ = 1;
  std::size_t size_ = 0;
  std::uint32_t newest_ = 0;  // 0 is nobody's
  std::uint64_t asked_ = 0;
};

}  // namespace cti::broker
