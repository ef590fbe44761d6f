// time.hpp - durations and points in time as types.
//
// Nothing above the reactor reads a clock: `now` is handed in, and is either the kernel's monotonic clock or the
// simulated one. Wall-clock time appears only in what people read (EventTime, log lines), never in a decision.
#pragma once

#include <chrono>
#include <cstdint>

namespace cti {

using Nanos = std::chrono::duration<std::int64_t, std::nano>;
using Millis = std::chrono::duration<std::int64_t, std::milli>;
using Seconds = std::chrono::duration<std::int64_t>;

/// A moment on the reactor's monotonic clock. The zero point means nothing; only differences do.
struct TimePoint {
  Nanos since_start{0};
  friend constexpr auto operator<=>(TimePoint, TimePoint) = default;
  friend constexpr TimePoint operator+(TimePoint t, Nanos d) { return {t.since_start + d}; }
  friend constexpr Nanos operator-(TimePoint a, TimePoint b) {
    return a.since_start - b.since_start;
  }
};

/// Later than every deadline.
inline constexpr TimePoint kNever{Nanos::max()};

/// Milliseconds since 1970-01-01 UTC: for people (EventTime, logs), never compared or added to deadlines.
struct WallMillis {
  std::int64_t since_epoch_ms = 0;
};

}  // namespace cti
