// arrivals.hpp - when things are to happen, fixed in advance: an open loop, which does not care how the server fares.
#pragma once

#include "core/base/time.hpp"
#include "core/random.hpp"

#include <cmath>
#include <cstdint>

namespace cti::load {

class Arrivals {
 public:
  enum class Kind : std::uint8_t {
    kRandom,
    kEven
  };  ///< kRandom: like callers, independent of one another

  Arrivals(Kind kind, std::uint64_t seed) : kind_(kind), random_(seed) {}

  /// From `now` on `rate` per second; 0: nothing any more.
  void set_rate(double rate, TimePoint now) {
    rate_ = rate;
    next_ = rate > 0 ? now + gap() : kNever;
  }
  /// The next moment; kNever when there is none.
  TimePoint next() const noexcept { return next_; }
  /// Takes the next moment off the list.
  TimePoint take() {
    const TimePoint taken = next_;
    next_ = next_ + gap();
    return taken;
  }

 private:
  Nanos gap() {
    const double mean = 1e9 / rate_;
    if (kind_ == Kind::kEven) return Nanos(static_cast<std::int64_t>(mean));
    const double unit = static_cast<double>(random_.next() >> 11) * 0x1.0p-53;
    return Nanos(static_cast<std::int64_t>(-mean * std::log(1 - unit)));
  }

  Kind kind_;
  core::Random random_;
  double rate_ = 0;
  TimePoint next_ = kNever;
};

}  // namespace cti::load
