// flow.hpp - whether a peer that sends beats still flows: a pure function of the times at which something came.
//
// Why      a fixed heartbeat either finds a hung peer late or blames a slow network. What has come so far says how long a
//          silence is unusual: so long, and no longer, is waited.
// Shape    the mean interval and its mean deviation, each moved by a fifth of what is new; the mean keeps to its bounds.
//          Who sends keeps a Flow of what it sends, and sends a beat when beat_due(); who listens keeps one of what comes, and
//          takes the peer for dead at silent_at(). Two of them over the same times have the same mean, and between a beat that
//          is due and the silence lie at least kSilenceLeast - 3/2 of the least mean, or 3/2 of the mean.
// Pure     no clock, no Io: equal times give equal answers. What stands for long in the listener itself (a handler, a stopped
//          process) is not the peer's silence: the owner looks at what has come before it acts.
// Used by  the client library for its server; the two servers of a pair will use it for each other.
#pragma once

#include "core/base/check.hpp"
#include "core/base/time.hpp"

#include <algorithm>

namespace cti::core {

/// What the mean keeps to. `least` is how often the sender promises to be heard, whatever it has to say.
struct FlowBounds {
  Nanos least;
  Nanos most;
};

class Flow {
 public:
  static constexpr Nanos kMeanLeast = Millis{100};
  static constexpr Nanos kMeanMost = Seconds{2};  ///< to clients: a beat is a send each
  static constexpr Nanos kSilenceLeast = Millis{400};
  static constexpr Nanos kSilenceMost = Seconds{6};
  static_assert(3 * kMeanMost <= kSilenceMost, "three intervals of silence are always waited for");
  static_assert(3 * kMeanLeast / 2 < kSilenceLeast, "a beat comes before the silence");

  /// From now on; until more is known, the peer is taken to be slow.
  Flow(FlowBounds bounds, TimePoint now) : bounds_(bounds), last_(now), mean_(bounds.most) {
    CTI_CHECK(kMeanLeast <= bounds.least && bounds.least <= bounds.most);
    CTI_CHECK(bounds.most <= kMeanMost);
  }

  /// Something has come, or has been sent.
  void moved(TimePoint now) noexcept {
    CTI_CHECK(now >= last_);
    // Longer than any silence says no more than the longest does.
    const Nanos interval = std::min(Nanos(now - last_), kSilenceMost);
    const Nanos off = interval > mean_ ? interval - mean_ : mean_ - interval;
    deviation_ += (off - deviation_) / kWeight;
    mean_ = std::clamp(mean_ + (interval - mean_) / kWeight, bounds_.least, bounds_.most);
    last_ = now;
    CTI_CHECK(deviation_ >= Nanos{0} && deviation_ <= kSilenceMost);
  }

  /// Who sends says something by then.
  TimePoint beat_due() const noexcept { return last_ + 3 * mean_ / 2; }
  /// Who listens has heard nothing for unusually long by then.
  TimePoint silent_at() const noexcept { return last_ + silence(); }
  Nanos silence() const noexcept {
    return std::min(std::max({kSilenceLeast, 3 * mean_, mean_ + 4 * deviation_}), kSilenceMost);
  }

  TimePoint last() const noexcept { return last_; }
  Nanos mean() const noexcept { return mean_; }
  Nanos deviation() const noexcept { return deviation_; }

 private:
  static constexpr int kWeight = 5;

  FlowBounds bounds_;
  TimePoint last_;
  Nanos mean_;
  Nanos deviation_{0};
};

}  // namespace cti::core
