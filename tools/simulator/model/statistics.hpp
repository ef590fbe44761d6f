// statistics.hpp - the counters of agents and skill groups, in the order in which GED-188 prints them.
//
// Shape    a CounterSet has the 42 counters of one period of QUERY_AGENT_STATISTICS_CONF. Times are kept in nanoseconds and
//          given out in whole seconds. A skill group has the sums of its agents' counters for five minutes, half an hour and
//          the day, which start anew at the boundaries of the model's clock.
#pragma once

#include "core/base/time.hpp"

#include <array>
#include <cstdint>

namespace cti::simulator {

enum class Counter : std::uint8_t {
  kAvailTime,
  kLoggedOnTime,
  kNotReadyTime,
  kIcmAvailableTime,
  kRoutableTime,
  kOutCalls,
  kOutTalkTime,
  kOutTime,
  kOutHeld,
  kOutHeldTime,
  kHandledCalls,
  kHandledTalkTime,
  kHandledAfterCallTime,
  kHandledTime,
  kInHeld,
  kInHeldTime,
  kInternalCalls,
  kInternalTime,
  kInternalReceived,
  kInternalReceivedTime,
  kInternalHeld,
  kInternalHeldTime,
  kAutoOutCalls,
  kAutoOutTalkTime,
  kAutoOutTime,
  kAutoOutHeld,
  kAutoOutHeldTime,
  kPreviewCalls,
  kPreviewTalkTime,
  kPreviewTime,
  kPreviewHeld,
  kPreviewHeldTime,
  kReservationCalls,
  kReservationTalkTime,
  kReservationTime,
  kReservationHeld,
  kReservationHeldTime,
  kBargeIn,
  kIntercept,
  kMonitor,
  kWhisper,
  kEmergency,
};
inline constexpr std::size_t kCounters = 42;

constexpr bool is_time(Counter counter) noexcept {
  switch (counter) {
    case Counter::kAvailTime:
    case Counter::kLoggedOnTime:
    case Counter::kNotReadyTime:
    case Counter::kIcmAvailableTime:
    case Counter::kRoutableTime:
    case Counter::kOutTalkTime:
    case Counter::kOutTime:
    case Counter::kOutHeldTime:
    case Counter::kHandledTalkTime:
    case Counter::kHandledAfterCallTime:
    case Counter::kHandledTime:
    case Counter::kInHeldTime:
    case Counter::kInternalTime:
    case Counter::kInternalReceivedTime:
    case Counter::kInternalHeldTime:
    case Counter::kAutoOutTalkTime:
    case Counter::kAutoOutTime:
    case Counter::kAutoOutHeldTime:
    case Counter::kPreviewTalkTime:
    case Counter::kPreviewTime:
    case Counter::kPreviewHeldTime:
    case Counter::kReservationTalkTime:
    case Counter::kReservationTime:
    case Counter::kReservationHeldTime:
      return true;
    default:
      return false;
  }
}

class CounterSet {
 public:
  void count(Counter counter, std::int64_t by = 1) noexcept {
    values_[static_cast<std::size_t>(counter)] += by;
  }
  void spend(Counter counter, Nanos time) noexcept { count(counter, time.count()); }
  std::int64_t raw(Counter counter) const noexcept {
    return values_[static_cast<std::size_t>(counter)];
  }
  /// As clients are told: counts, or whole seconds.
  std::uint32_t told(Counter counter) const noexcept {
    const std::int64_t value = raw(counter);
    return static_cast<std::uint32_t>(is_time(counter) ? value / 1'000'000'000 : value);
  }
  void clear() noexcept { values_ = {}; }

 private:
  std::array<std::int64_t, kCounters> values_{};
};

/// One period of a skill group.
struct GroupPeriod {
  CounterSet agents;
  std::uint32_t calls_queued = 0;
  Nanos queue_time{0}, longest_queued{0};
};

struct GroupStatistics {
  GroupPeriod to_five, to_half, today;

  template <class F>
  void each(F&& f) {
    f(to_five);
    f(to_half);
    f(today);
  }
};

}  // namespace cti::simulator
