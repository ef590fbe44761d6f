// spsc_ring.hpp - bounded ring of T from exactly one producer thread to exactly one consumer thread.
//
// Why      a broker shard hands work to a fan-out reactor, and neither may ever wait for the other.
// Shape    capacity is a power of two. Positions are 64-bit and never wrap; index = position & mask.
//          stage() fills slots that nobody sees yet, publish() shows them all at once: publishing once per turn
//          instead of once per item is worth up to a factor of two in throughput. stage(items) copies an array, whole
//          lines in wide stores: written one after another, a line goes to the reader's prefetch half full and comes
//          back. So slots begin on a line of their own. Figures: bench/README.md.
// Threads  has_room, stage, publish, try_push: the producer. drain, front, pop, empty: the consumer. Nothing else is safe.
// Cost     no lock, allocation or system call. The foreign position is re-read once per lap, not once per item.
// Edges    R0 tail_.store in publish     -> A0 tail_.load in drain, empty   the items are complete
//          R1 head_.store in drain, pop  -> A1 head_.load in room           the slots are free again
// Full     stage and try_push say false and change nothing; stage(items) says how many it took. Dropping, waiting,
//          cutting is the caller's policy.
#pragma once

#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace cti::ring {

/// Allocates memory that begins on a cache line of its own.
template <class T>
struct OnLines {
  using value_type = T;
  static constexpr std::align_val_t kAlign{std::max(kFalseSharing, alignof(T))};
  OnLines() = default;
  template <class U>
  OnLines(const OnLines<U>&) noexcept {}
  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), kAlign));
  }
  void deallocate(T* memory, std::size_t) noexcept { ::operator delete(memory, kAlign); }
  friend bool operator==(const OnLines&, const OnLines&) = default;
};

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
  [[nodiscard]] bool has_room() noexcept { return room(1) != 0; }

  /// Producer only. Puts one item behind those already staged; unseen until publish(). False: full.
  [[nodiscard]] bool stage(T item) noexcept {
    if (!has_room()) return false;
    producer_slots_[staged_ & mask_] = std::move(item);
    ++staged_;
    return true;
  }

  /// Producer only. Puts as many of the items as there is room for behind those already staged, in order; unseen until
  /// publish(). Returns how many.
  [[nodiscard]] std::size_t stage(
      std::span<const T> items) noexcept requires std::is_nothrow_copy_assignable_v<T> {
    const std::uint64_t count = std::min<std::uint64_t>(items.size(), room(items.size()));
    const std::uint64_t at = staged_ & mask_;
    const std::uint64_t first = std::min(count, mask_ + 1 - at);
    std::copy_n(items.data(), first, producer_slots_ + at);
    std::copy_n(items.data() + first, count - first, producer_slots_);
    staged_ += count;
    return count;
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
      CTI_CHECK(tail_seen_ - taken_ <= consumer_mask_ + 1);
    }
    const std::uint64_t count = std::min<std::uint64_t>(limit, tail_seen_ - taken_);
    if (count == 0) return 0;
    // To the ring's end, and from its front: side by side, so that the loops know no mask.
    const std::uint64_t at = taken_ & consumer_mask_;
    const std::uint64_t first = std::min(count, consumer_mask_ + 1 - at);
    for (T& item : std::span(consumer_slots_ + at, first)) take(std::move(item));
    for (T& item : std::span(consumer_slots_, count - first)) take(std::move(item));
    taken_ += count;
    // R1 -> A1: every item was taken out before its slot is given back.
    head_.store(taken_, std::memory_order_release);
    return count;
  }

  /// Consumer only. The oldest item, where it lies, to be looked at before it is taken; nullptr: there is none.
  [[nodiscard]] T* front() noexcept {
    return empty() ? nullptr : consumer_slots_ + (taken_ & consumer_mask_);
  }

  /// Consumer only. Gives the slot of front() back, which there must be.
  void pop() noexcept {
    CTI_CHECK(tail_seen_ != taken_);
    ++taken_;
    // R1 -> A1: the item was taken out before its slot is given back.
    head_.store(taken_, std::memory_order_release);
  }

  /// Consumer only. True when a drain right now would find nothing (the last look before sleeping).
  [[nodiscard]] bool empty() noexcept {
    // A0 <- R0: the same edge as in drain.
    if (tail_seen_ == taken_) tail_seen_ = tail_.load(std::memory_order_acquire);
    return tail_seen_ == taken_;
  }

 private:
  /// Free slots as far as known; looks again when they are fewer than `wanted`.
  std::uint64_t room(std::uint64_t wanted) noexcept {
    const std::uint64_t known = mask_ + 1 - (staged_ - head_seen_);
    if (known >= wanted) return known;
    // A1 <- R1: the consumer has finished with every slot below this head.
    head_seen_ = head_.load(std::memory_order_acquire);
    CTI_CHECK(published_ - head_seen_ <= mask_ + 1);
    CTI_CHECK(staged_ - published_ <= mask_ + 1);
    return mask_ + 1 - (staged_ - head_seen_);
  }

  struct Rounded {
    std::size_t asked;
  };
  explicit SpscRing(Rounded rounded)
      : mask_((check(rounded.asked), std::bit_ceil(rounded.asked) - 1)),
        storage_(mask_ + 1),
        producer_slots_(storage_.data()),
        consumer_slots_(storage_.data()),
        consumer_mask_(mask_) {}
  static void check(std::size_t asked) { CTI_CHECK(asked >= 1 && asked <= kCapacityMax); }

  // Six groups, each kFalseSharing from the next. What only one side touches lies apart from what it publishes,
  // else every staged item would pull the published line out of the other side's cache.
  alignas(kFalseSharing) const std::uint64_t mask_;  // the producer's own
  std::vector<T, OnLines<T>> storage_;
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
