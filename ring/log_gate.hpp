// log_gate.hpp - a reader thread's word to the log's writer: do not overwrite from here on.
//
// Why      a range of the log is sent from where it lies; a send still in flight must never see its bytes change.
// Shape    one gate per reader thread. It counts what that thread holds (sends in flight, the range it is
//          matching) by segment of the log, and shows the writer one position: the start of the lowest segment
//          held, or kNoHold. Being up to one segment (1/32 of the log) too cautious keeps enter and leave O(1).
// Threads  enter, leave: the reader that owns the gate. lowest: the writer. Nothing else is safe.
// Cost     enter: nothing but arithmetic while something at or below the position is held already, else a full
//          fence. leave: a store when the lowest hold ends.
// Edges    G0 lowest_.store in enter, leave  -> W0 lowest_.load in lowest   what the reader read is read; the
//             writer may overwrite it
//
// The race. A reader takes a position while the writer is about to overwrite it; neither may wait. It is settled as
// Dekker's: each says what it wants, fences, then looks at the other.
//     reader (enter):  store lowest_ = g <= p;  fence;  load head_;    p is held if head_ <= p
//     writer (claim):  store head_ = h;         fence;  load lowest_;  bytes below h are free if every lowest_ >= h
// Full fences have one total order. If the reader's comes first, the writer's load sees g, or a later word of the
// same reader: as long as p is held that is <= p, so the writer writes nothing at or above p. If the writer's comes
// first, the reader's load sees h or more: if h > p it is told that it has been lapped and touches nothing, and if
// h <= p then this claim does not want p. So never both. `head_` only rises, and a hold refused is withdrawn, so the
// writer stalls at most until then (tests/model/event_log_model.cpp walks through it with store buffers).
//
// One fence covers more: after a check that loaded head_ = h, with g shown without a break, every claim that may
// have missed g wants at most h. All from max(g, h) on is therefore safe (`safe_from_`), without another fence.
#pragma once

#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"
#include "ring/fence.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace cti::ring {

/// What a gate shows while its thread holds nothing: above every position.
inline constexpr std::uint64_t kNoHold = ~std::uint64_t{0};

template <template <class> class Atom = std::atomic>
class BasicLogGate {
 public:
  /// `head` is the log's; it must outlive the gate. `bytes` is the log's size, a power of two.
  BasicLogGate(const Atom<std::uint64_t>& head, std::uint64_t bytes) noexcept
      : head_(head), segment_shift_(static_cast<unsigned>(std::countr_zero(bytes)) - 5) {}
  BasicLogGate(const BasicLogGate&) = delete;
  BasicLogGate& operator=(const BasicLogGate&) = delete;

  /// Owner only. Holds the log from `position` on, until the leave with the same position. False: the writer has
  /// passed it (lapped); nothing is held. May be held many times over.
  [[nodiscard]] bool enter(std::uint64_t position) noexcept {
    const std::uint64_t segment = position >> segment_shift_;
    if (holds_ != 0 && position >= safe_from_) return count_in(segment), true;
    // relaxed: what is lapped already need not be announced, which would hold the writer up for nothing.
    if (position < head_.load(std::memory_order_relaxed)) return false;
    const std::uint64_t before = shown_;
    if ((segment << segment_shift_) < before) show(segment << segment_shift_);
    FenceOf<Atom>::full();
    // relaxed: the fence above orders it after the announcement (see the top of the file).
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (position < head) {
      if (shown_ != before) show(before);
      return false;
    }
    safe_from_ = std::max(shown_, head);
    count_in(segment);
    return true;
  }

  /// Owner only. Ends one hold that was entered at `position`.
  void leave(std::uint64_t position) noexcept {
    const std::uint64_t segment = position >> segment_shift_;
    std::uint32_t& count = counts_[segment % kSlots];
    CTI_CHECK(count > 0);
    CTI_CHECK(holds_ > 0);
    --holds_;
    if (--count > 0) return;
    occupied_ &= ~(std::uint64_t{1} << (segment % kSlots));
    CTI_CHECK((occupied_ == 0) == (holds_ == 0));
    if (occupied_ == 0) {
      show(kNoHold);
      return;
    }
    // Holds lie within one log length, so the slots in use, read from the lowest one round, are in order.
    const std::uint64_t from = shown_ >> segment_shift_;
    const auto skip = static_cast<unsigned>(
        std::countr_zero(std::rotr(occupied_, static_cast<int>(from % kSlots))));
    if (skip == 0) return;
    show((from + skip) << segment_shift_);
    safe_from_ = std::max(safe_from_, shown_);
  }

  /// Owner only. How many holds are open.
  [[nodiscard]] std::uint32_t holds() const noexcept { return holds_; }

  /// The writer. Nothing at or above this may be overwritten.
  [[nodiscard]] std::uint64_t lowest() const noexcept {
    // W0 <- G0: whatever was held below this position has been read for good.
    return lowest_.load(std::memory_order_acquire);
  }

 private:
  // 64 slots for at most 33 segments in use at a time (32 and a cut one): two of them never share a slot.
  static constexpr std::uint64_t kSlots = 64;
  static_assert(kSlots > 33 && kSlots == 8 * sizeof(std::uint64_t), "one bit of occupied_ each");

  void count_in(std::uint64_t segment) noexcept {
    ++holds_;
    ++counts_[segment % kSlots];
    occupied_ |= std::uint64_t{1} << (segment % kSlots);
  }

  void show(std::uint64_t position) noexcept {
    shown_ = position;
    // G0 -> W0: what is no longer held has been read for good.
    lowest_.store(position, std::memory_order_release);
  }

  const Atom<std::uint64_t>& head_;  // the writer's
  const unsigned segment_shift_;
  std::uint64_t shown_ = kNoHold;  // the owner's copy of lowest_
  // While holds_ > 0, every position from here on may be entered unfenced.
  std::uint64_t safe_from_ = 0;
  std::uint64_t occupied_ = 0;  // bit s: counts_[s] > 0
  std::uint32_t holds_ = 0;
  std::array<std::uint32_t, kSlots> counts_{};
  // Written by the owner, read by the writer.
  alignas(kFalseSharing) Atom<std::uint64_t> lowest_{kNoHold};
};

}  // namespace cti::ring
