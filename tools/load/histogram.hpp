// histogram.hpp - a high dynamic range histogram of durations: three significant digits from a nanosecond to an hour.
//
// Why      a mean hides what people feel; percentiles need every value, and values span seven decimal powers.
// Shape    buckets that double in width, each cut into 2,048 parts, the counters in one growing vector: what
//          HdrHistogram does (hdrhistogram.org), which Debian has for Java and Go only.
// Cost     add(): a handful of instructions; memory grows with the largest value, 270 KiB for an hour.
// Above    an hour counts as an hour. Below zero counts as zero.
// Threads  one owner.
#pragma once

#include "core/base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cti::load {

class Histogram {
 public:
  static constexpr Nanos kHighest = Seconds{3600};

  void add(Nanos value);
  void add(const Histogram& other);

  std::uint64_t count() const noexcept { return count_; }
  /// Zero when empty, like everything below. Exact.
  Nanos max() const noexcept { return Nanos(static_cast<std::int64_t>(max_)); }
  double mean_ns() const noexcept;
  double deviation_ns() const noexcept;
  /// The smallest value that `percentile` (0 .. 100) of all values do not exceed; the upper end of its bucket.
  Nanos at(double percentile) const noexcept;

  /// The percentile distribution as HdrHistogram tools read it (.hgrm), values in milliseconds.
  std::string hgrm() const;

 private:
  static std::size_t index_of(std::uint64_t value) noexcept;
  static std::uint64_t highest_of(std::size_t index) noexcept;
  static std::uint64_t middle_of(std::size_t index) noexcept;

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace cti::load
