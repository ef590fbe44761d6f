// latency_probe.hpp - how long an update takes from the CTI Server's frame to the clients' sockets, measured by samples.
//
// Why      the one number that clients feel; and no event may pay for it.
// Shape    a line marks at most one of its turns in kEvery: when its frames were read, and how far the log then reached. A
//          reactor that has followed the log past the mark, and has begun to send in that turn, looks at the clock once the
//          first of its sends is done; a mark that nobody wants is dropped. Between marks both pay a comparison.
// Clock    the server's own (Clock), for all threads the same; none in the simulation: nothing is measured.
// Threads  begin_turn, published, end_turn: the line. latest: any reactor.
#pragma once

#include "core/base/time.hpp"
#include "ring/seqlock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace cti::broker {

/// Samples by how long they took. bucket[i]: not longer than kBoundsUs[i]; the last one: longer than all.
struct LatencyHistogram {
  static constexpr std::array<std::uint32_t, 16> kBoundsUs{
      50,     100,    200,     500,     1'000,   2'000,     5'000,     10'000,
      20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000, 2'000'000, 5'000'000};
  std::array<std::uint64_t, kBoundsUs.size() + 1> buckets{};
  std::uint64_t sum_ns = 0;

  void add(Nanos took) noexcept {
    std::size_t at = 0;
    while (at < kBoundsUs.size() && took > Nanos{std::int64_t{kBoundsUs[at]} * 1000}) ++at;
    ++buckets[at];
    sum_ns += static_cast<std::uint64_t>(took.count() < 0 ? 0 : took.count());
  }
};

/// A turn of a line that is timed.
struct LatencyMark {
  std::uint64_t number = 0;    ///< 0: there was none yet
  std::uint64_t position = 0;  ///< of the line's log: samples end behind it
  TimePoint read{};            ///< by the clock: when the frames came
};

class LatencyProbe {
 public:
  using Clock = TimePoint (*)() noexcept;
  static constexpr Nanos kEvery = Millis{10};

  /// Before the threads start.
  void set_clock(Clock read) noexcept { clock_ = read; }
  Clock clock() const noexcept { return clock_; }

  /// The line, at the begin of a turn that has frames; `now` is its Io's.
  void begin_turn(TimePoint now) noexcept {
    if (clock_ == nullptr || now < next_) return;
    read_ = clock_();
    next_ = now + kEvery;
    open_ = true;
  }
  /// The line, when it has published records up to `position`.
  void published(std::uint64_t position) noexcept {
    if (!open_) return;
    open_ = false;
    ++number_;
    mark_.write({number_, position, read_});
  }
  /// A turn that published nothing is none.
  void end_turn() noexcept { open_ = false; }

  LatencyMark latest() const noexcept { return mark_.try_read().value_or(LatencyMark{}); }

 private:
  Clock clock_ = nullptr;
  TimePoint next_{};
  TimePoint read_{};
  bool open_ = false;
  std::uint64_t number_ = 0;
  ring::Seqlock<LatencyMark> mark_;
};

}  // namespace cti::broker
