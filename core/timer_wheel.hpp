// timer_wheel.hpp - many deadlines, armed and cancelled in constant time, fired in order, a bounded number per turn.
//
// Why      every session has a few deadlines that are nearly always moved or cancelled before they come.
// Shape    ticks of 1 ms; 8 levels of 64 slots, each level 64 times as coarse as the one below; one bitmap word a level.
//          A timer lies on the level of the highest digit in which its tick differs from the wheel's; when the wheel
//          reaches its slot it moves down. 48 bits of ticks cover every TimePoint, so nothing is clamped or wraps.
// Order    by tick, then in the order of arming (but one armed when already due may overtake others of that tick which a
//          bounded turn has left behind). A timer never fires early, and late by less than a tick plus the turn.
// Threads  one owner. Time is handed in; no clock is read, least of all the wall clock (M10).
// Cost     arm, cancel: constant. fire: per timer fired, plus one move down a level per level it was armed above the
//          lowest; both count against `limit`, so that a turn is bounded however many are due (M11).
// Full     arm() gives a zero id; the caller decides what that means.
#pragma once

#include "core/base/check.hpp"
#include "core/base/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cti::core {

/// Names an armed timer. Zero names none; one that has fired or been cancelled names nothing.
struct TimerId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  constexpr explicit operator bool() const noexcept { return generation != 0; }
  friend constexpr bool operator==(TimerId, TimerId) = default;
};

class TimerWheel {
 public:
  static constexpr Nanos kTick{1'000'000};

  /// Room for `timers_max` timers armed at a time, 1 .. 2^31. `start` is no later than any `now` that will be handed in.
  explicit TimerWheel(std::uint32_t timers_max, TimePoint start = {});

  /// Fires at `deadline` (rounded up to a tick), at once when that has passed. Zero: the wheel is full.
  [[nodiscard]] TimerId arm(TimePoint deadline, std::uint64_t cookie);
  /// False: it has already fired or been cancelled, which is harmless.
  bool cancel(TimerId id) noexcept;

  /// Calls fired(cookie) for timers due at `now`, in order, until `limit` units of work are done. The callback may arm
  /// and cancel. Returns the work done; when that is `limit`, more may be due: next() then says so.
  template <class Fired>
  std::uint32_t fire(TimePoint now, std::uint32_t limit, Fired&& fired) {
    const std::uint64_t now_tick = tick_at(now);
    std::uint32_t work = 0;
    while (work < limit) {
      const Position due = earliest();
      if (due.level < 0 || due.tick > now_tick) {
        if (now_tick > elapsed_) elapsed_ = now_tick;
        break;
      }
      CTI_CHECK(due.tick >= elapsed_);
      elapsed_ = due.tick;
      ++work;
      const std::uint32_t node = unlink_first(due);
      if (due.level > 0) {
        link(node);
        continue;
      }
      const std::uint64_t cookie = nodes_[node].cookie;
      release(node);
      fired(cookie);
    }
    return work;
  }

  /// When fire() should be called next: never later than the earliest deadline needs, sometimes earlier (to move timers
  /// down). kNever when nothing is armed.
  TimePoint next() const noexcept;

  std::uint32_t armed() const noexcept { return armed_; }
  std::uint32_t capacity() const noexcept { return timers_max_; }

 private:
  static constexpr int kLevels = 8;
  static constexpr int kDigitBits = 6;
  static constexpr std::uint32_t kSlots = 1U << kDigitBits;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Node {
    std::uint64_t tick = 0;
    std::uint64_t cookie = 0;
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
    std::uint32_t generation = 1;
    std::uint16_t slot = 0;  // level * kSlots + digit, while armed
    bool armed = false;
  };
  struct List {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
  };
  struct Position {
    int level = -1;
    std::uint32_t digit = 0;
    std::uint64_t tick = 0;  // when the slot begins
  };

  static std::uint64_t tick_at(TimePoint time) noexcept;
  static std::uint64_t tick_from(TimePoint deadline) noexcept;
  Position earliest() const noexcept;
  void link(std::uint32_t node) noexcept;
  void unlink(std::uint32_t node) noexcept;
  std::uint32_t unlink_first(const Position& at) noexcept;
  void release(std::uint32_t node) noexcept;

  std::uint32_t timers_max_;
  std::uint32_t armed_ = 0;
  std::uint32_t free_ = 0;  // first of the list of free nodes, linked by `next`
  std::uint64_t elapsed_ = 0;
  std::array<std::uint64_t, kLevels> occupied_{};
  std::array<List, std::size_t{kLevels} * kSlots> slots_{};
  std::unique_ptr<Node[]> nodes_;
};

}  // namespace cti::core
