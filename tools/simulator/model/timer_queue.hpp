// timer_queue.hpp - what is due next in model time. Equal times fire in the order in which they were armed.
//
// Shape    a binary heap of small records. There is no cancel: a timer names what it is about by an id that is never used
//          twice, and whoever handles it looks whether that still waits for it.
// Bounds   at most a few timers per connection and agent exist; the owner of those bounds them.
#pragma once

#include "core/base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace cti::simulator {

enum class TimerKind : std::uint8_t {
  kDeliver,  ///< an offered connection starts to ring
  kRing,     ///< a connection has rung long enough
  kAutoAnswer,
  kExternalAnswer,
  kFailedTone,
  kExternalAlone,  ///< only outside parties are left on the call
  kWrapupEnd,      ///< id: agent, stamp: its state counter
  kDataRelease,    ///< data of an ended call can no longer be set
  kHangup,         ///< the outside party has talked or waited long enough
  kHalfHour,
  kRobot,  ///< belongs to the load generator
  kGreeting,
};

struct Timer {
  TimePoint at;
  std::uint64_t order = 0;
  TimerKind kind{};
  std::uint32_t id = 0;
  std::uint64_t stamp = 0;
};

class TimerQueue {
 public:
  void arm(TimePoint at, TimerKind kind, std::uint32_t id, std::uint64_t stamp = 0) {
    heap_.push_back({at, next_order_++, kind, id, stamp});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  TimePoint next() const noexcept { return heap_.empty() ? kNever : heap_.front().at; }
  /// Only when next() is not kNever.
  Timer take() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Timer due = heap_.back();
    heap_.pop_back();
    return due;
  }
  std::size_t size() const noexcept { return heap_.size(); }

 private:
  static bool later(const Timer& a, const Timer& b) noexcept {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
  std::vector<Timer> heap_;
  std::uint64_t next_order_ = 0;
};

}  // namespace cti::simulator
