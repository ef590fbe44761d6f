// spsc_ring.hpp - bounded ring of T from exactly one producer thread to exactly one consumer thread.
//
// Why      a broker shard hands work to a fan-out reactor, and neither may ever wait for the other.
// Shape    capacity is a power of two. Positions are 64-bit and never wrap; index = position & mask.
//          stage() fills slots that nobody sees yet, publish() shows them all at once: publishing once per turn
//          instead of once per item is worth a factor of two in throughput (see README.md).
// Threads  has_room, stage, publish, try_push: the producer. drain, empty: the consumer. Nothing else is safe.
// Cost     no lock, allocation or system call. The foreign position is re-read once per lap, not once per item.
// Edges    R0 tail_.store in publish  -> A0 tail_.load in drain, empty   the items are complete
//          R1 head_.store in drain    -> A1 head_.load in has_room       the slots are free again
// Full     stage and try_push say false and change nothing. Dropping, waiting, cutting is the caller's policy.
#pragma once

#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace cti::ring {

template <class T, template <class> class Atom = std::atomic>
class SpscRing {
  static_assert(std::is_nothrow_move_assignable_v<T> && std::is_nothrow_default_constructible_v<T>,
                "a slot is filled and emptied on the hot path: nothing there may throw");

 public:
  static constexpr std::size_t kCapacityMax = std::size_t{1} << 30;

  /// `capacity` items, rounded up to a power of two; 1 .. kCapacityMax.
  explicit SpscRing(std::size_t capacity) : SpscRing(Rounded{capacity}) {}
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

  /// Producer only. Whether stage() would take one more item now: for items that must not be lost by trying.
  [[nodiscard]] bool has_room() noexcept {
    if (staged_ - head_seen_ > mask_) {
      // A1 <- R1: the consumer has finished with every slot below this head.
      head_seen_ = head_.load(std::memory_order_acquire);
    }
    return staged_ - head_seen_ <= mask_;
  }

  /// Producer only. Puts one item behind those already staged; unseen until publish(). False: full.
  [[nodiscard]] bool stage(T item) noexcept {
    if (!has_room()) return false;
    producer_slots_[staged_ & mask_] = std::move(item);
    ++staged_;
    return true;
  }

  /// Producer only. Shows the consumer everything staged so far. Nothing staged: harmless.
  void publish() noexcept {
    // A store of the same value would still pull the line out of the consumer's cache.
    if (published_ == staged_) return;
    published_ = staged_;
    // R0 -> A0: the items are complete before their positions are published.
    tail_.store(staged_, std::memory_order_release);
  }

  /// Producer only. One item, shown at once, together with whatever was staged before it. False: full.
  [[nodiscard]] bool try_push(T item) noexcept {
    if (!stage(std::move(item))) return false;
    publish();
    return true;
  }

  /// Consumer only. Hands up to `limit` items to take(T&&), oldest first; returns how many. Their slots become
  /// free together, after the last one.
  template <class Take>
  std::size_t drain(std::size_t limit, Take&& take) noexcept {
    if (tail_seen_ - taken_ < limit) {
      // A0 <- R0: every item below this tail is complete.
      tail_seen_ = tail_.load(std::memory_order_acquire);
    }
    const std::uint64_t count = std::min<std::uint64_t>(limit, tail_seen_ - taken_);
    if (count == 0) return 0;
    const std::uint64_t end = taken_ + count;
    T* const slots = consumer_slots_;
    for (std::uint64_t at = taken_; at != end; ++at) take(std::move(slots[at & consumer_mask_]));
    taken_ = end;
    // R1 -> A1: every item was taken out before its slot is given back.
    head_.store(end, std::memory_order_release);
    return count;
  }

  /// Consumer only. True when a drain right now would find nothing (the last look before sleeping).
  [[nodiscard]] bool empty() noexcept {
    // A0 <- R0: the same edge as in drain.
    if (tail_seen_ == taken_) tail_seen_ = tail_.load(std::memory_order_acquire);
    return tail_seen_ == taken_;
  }

 private:
  struct Rounded {
    std::size_t asked;
  };
  explicit SpscRing(Rounded rounded)
      : mask_((check(rounded.asked), std::bit_ceil(rounded.asked) - 1)),
        storage_(std::make_unique<T[]>(mask_ + 1)),
        producer_slots_(storage_.get()),
        consumer_slots_(storage_.get()),
        consumer_mask_(mask_) {}
  static void check(std::size_t asked) { CTI_CHECK(asked >= 1 && asked <= kCapacityMax); }

  // Six groups, each kFalseSharing from the next. What only one side touches lies apart from what it publishes,
  // else every staged item would pull the published line out of the other side's cache.
  alignas(kFalseSharing) const std::uint64_t mask_;  // the producer's own
  const std::unique_ptr<T[]> storage_;
  T* const producer_slots_;
  std::uint64_t staged_ = 0;     // next position to fill
  std::uint64_t published_ = 0;  // the producer's copy of tail_
  std::uint64_t head_seen_ = 0;  // the producer's last sight of head_
  // Written by the producer: end of what is published.
  alignas(kFalseSharing) Atom<std::uint64_t> tail_{0};
  alignas(kFalseSharing) T* const consumer_slots_;  // the consumer's own
  const std::uint64_t consumer_mask_;
  std::uint64_t taken_ = 0;      // next position to take
  std::uint64_t tail_seen_ = 0;  // the consumer's last sight of tail_
  // Written by the consumer: slots below are free.
  alignas(kFalseSharing) Atom<std::uint64_t> head_{0};
};

}  // namespace cti::ring
