// line_timers.hpp - every deadline of a line on one wheel: requests, parked asks, the dialogue, reports.
//
// Why      each deadline has a time of its own; a queue that assumes one time to live for all lets a short one wait for
//          a long one before it.
// Shape    core::TimerWheel with cookies made of what the timer is for and a number of up to 56 bits. An Alarm is one
//          deadline that its owner moves about: nothing happens when it fires but that the owner gets a turn.
// Bounds   as many timers as the tables behind them have entries; arming can therefore not fail (checked).
// Threads  the line. Time is handed in.
#pragma once

#include "core/base/check.hpp"
#include "core/base/time.hpp"
#include "core/timer_wheel.hpp"

#include <cstdint>

namespace cti::broker {

enum class TimerKind : std::uint8_t {
  kAlarm,    ///< an Alarm: somebody wants a turn
  kPending,  ///< number: the InvokeID
  kProbe,    ///< number: the probe
};

class LineTimers {
 public:
  static constexpr unsigned kNumberBits = 56;
  static constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << kNumberBits) - 1;

  explicit LineTimers(std::size_t timers_max) : wheel_(static_cast<std::uint32_t>(timers_max)) {}

  core::TimerId arm(TimerKind kind, std::uint64_t number, TimePoint deadline) {
    CTI_CHECK(number <= kNumberMax);
    const core::TimerId id =
        wheel_.arm(deadline, (static_cast<std::uint64_t>(kind) << kNumberBits) | number);
    CTI_CHECK(id);  // there is a timer for every entry of every table
    return id;
  }
  bool cancel(core::TimerId id) noexcept { return wheel_.cancel(id); }

  /// Calls fired(TimerKind, number) for what is due at `now`, in order of time, `limit` of them at most.
  template <class Fired>
  std::uint32_t fire(TimePoint now, std::uint32_t limit, Fired&& fired) {
    return wheel_.fire(now, limit, [&](std::uint64_t cookie) {
      fired(static_cast<TimerKind>(cookie >> kNumberBits), cookie & kNumberMax);
    });
  }
  TimePoint next() const noexcept { return wheel_.next(); }
  std::uint32_t armed() const noexcept { return wheel_.armed(); }

 private:
  core::TimerWheel wheel_;
};

/// One deadline of somebody who looks at the clock himself once he gets a turn.
class Alarm {
 public:
  /// The next turn is due at `at`; kNever: of its own accord, never. One that has passed rings at once.
  void set(LineTimers& timers, TimePoint now, TimePoint at) {
    if (at == at_ && at > now) return;
    timers.cancel(id_);  // harmless when it has fired
    id_ = at == kNever ? core::TimerId{} : timers.arm(TimerKind::kAlarm, 0, at);
    at_ = at;
  }

 private:
  core::TimerId id_{};
  TimePoint at_ = kNever;
};

}  // namespace cti::broker
