// line_time.hpp - a line's own time: the clock of its Io without the times in which the line did not run.
//
// Why      a process that was stopped (SIGSTOP, a paused machine, a long stall) wakes up after every deadline at once. What
//          others did not answer meanwhile proves nothing: they are given the time that they had left.
// Shape    after each wait: how much later it ended than it was to. What exceeds kLateMax is taken off, from now on. A
//          line that is merely slow still gets on by kLateMax a turn, so that no deadline stands still.
// Beside   the kernel's Ios leave out stops of a second and more themselves (core/own_clock.hpp), for everybody above them,
//          and count them: they count here as well, for the fresh round of heartbeats. This is for the rest: other Ios (the
//          simulated one), and shorter stalls.
// Threads  the line. Time is handed in.
#pragma once

#include "core/base/check.hpp"
#include "core/base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace cti::broker {

class LineTime {
 public:
  static constexpr Nanos kLateMax = Millis{500};

  /// A wait from `before` that was to end at `until` has ended at `after`, all by the Io's clock. True: we were away.
  /// `stops`: that the Io has counted and left out.
  bool waited(TimePoint before, TimePoint until, TimePoint after, std::uint64_t stops) noexcept {
    CTI_CHECK(after >= before);
    CTI_CHECK(stops >= stops_seen_);
    const bool left_out = std::exchange(stops_seen_, stops) != stops;
    const TimePoint due = std::max(before, until);
    if (after <= due || after - due <= kLateMax) return left_out;
    away_ += after - due - kLateMax;
    return true;
  }
  /// Own time of a moment of the Io's clock, and back.
  TimePoint own(TimePoint io) const noexcept { return io + -away_; }
  TimePoint io(TimePoint own) const noexcept { return own == kNever ? kNever : own + away_; }

 private:
  Nanos away_{0};
  std::uint64_t stops_seen_ = 0;
};

}  // namespace cti::broker
