// histogram.cpp - buckets whose width grows with the value; percentiles are read from their counts.
#include "tools/load/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>

namespace cti::load {
namespace {

constexpr unsigned kHalfBits = 10;  // 1,024 parts per doubling: steps below one in a thousand
constexpr std::uint64_t kParts = std::uint64_t{1} << (kHalfBits + 1);
constexpr int kTicksPerHalf = 5;  // lines of the .hgrm each time the remaining part halves

unsigned doublings(std::uint64_t value) noexcept {
  return static_cast<unsigned>(std::bit_width(value | (kParts - 1))) - (kHalfBits + 1);
}

/// Of an index: how often its bucket is doubled, and its part in there.
struct Place {
  unsigned doublings;
  std::uint64_t part;
};
Place place_of(std::size_t index) noexcept {
  if (index < kParts) return {0, index};
  const auto doubled = static_cast<unsigned>(index >> kHalfBits) - 1;
  return {doubled, (index & (kParts / 2 - 1)) + kParts / 2};
}

}  // namespace

std::size_t Histogram::index_of(std::uint64_t value) noexcept {
  const unsigned doubled = doublings(value);
  return (std::size_t{doubled} << kHalfBits) + static_cast<std::size_t>(value >> doubled);
}

std::uint64_t Histogram::highest_of(std::size_t index) noexcept {
  const Place place = place_of(index);
  return ((place.part + 1) << place.doublings) - 1;
}

std::uint64_t Histogram::middle_of(std::size_t index) noexcept {
  const Place place = place_of(index);
  return (place.part << place.doublings) + ((std::uint64_t{1} << place.doublings) >> 1);
}

void Histogram::add(Nanos value) {
  const auto clamped = static_cast<std::uint64_t>(std::clamp(value, Nanos{0}, kHighest).count());
  const std::size_t index = index_of(clamped);
  if (index >= counts_.size()) counts_.resize(index + 1);
  ++counts_[index];
  ++count_;
  max_ = std::max(max_, clamped);
}

void Histogram::add(const Histogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

double Histogram::mean_ns() const noexcept {
  if (count_ == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    sum += static_cast<double>(counts_[i]) * static_cast<double>(middle_of(i));
  return sum / static_cast<double>(count_);
}

double Histogram::deviation_ns() const noexcept {
  if (count_ == 0) return 0;
  const double mean = mean_ns();
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const double off = static_cast<double>(middle_of(i)) - mean;
    sum += static_cast<double>(counts_[i]) * off * off;
  }
  return std::sqrt(sum / static_cast<double>(count_));
}

Nanos Histogram::at(double percentile) const noexcept {
  if (count_ == 0) return Nanos{0};
  const double share = std::clamp(percentile, 0.0, 100.0) / 100;
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_) - 1e-9)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return Nanos(static_cast<std::int64_t>(std::min(highest_of(i), max_)));
  }
  return max();
}

std::string Histogram::hgrm() const {
  std::string text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n";
  char line[160];
  const auto total = static_cast<double>(count_);
  std::uint64_t seen = 0;
  double level = 0;  // the next percentile that is told
  for (std::size_t i = 0; i < counts_.size() && seen < count_; ++i) {
    if (counts_[i] == 0) continue;
    seen += counts_[i];
    const double reached = 100 * static_cast<double>(seen) / total;
    const double value_ms = static_cast<double>(std::min(highest_of(i), max_)) * 1e-6;
    while (seen < count_ && level <= reached) {
      std::snprintf(line, sizeof line, "%12.3f %2.12f %10llu %14.2f\n", value_ms, level / 100,
                    static_cast<unsigned long long>(seen), 1 / (1 - level / 100));
      text += line;
      const double halvings = std::floor(std::log2(100 / (100 - level))) + 1;
      level += 100 / (kTicksPerHalf * std::exp2(halvings));
    }
  }
  if (count_ > 0) {
    std::snprintf(line, sizeof line, "%12.3f %2.12f %10llu\n", static_cast<double>(max_) * 1e-6,
                  1.0, static_cast<unsigned long long>(count_));
    text += line;
  }
  std::snprintf(line, sizeof line, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
                mean_ns() * 1e-6, deviation_ns() * 1e-6);
  text += line;
  std::snprintf(line, sizeof line, "#[Max     = %12.3f, Total count    = %12llu]\n",
                static_cast<double>(max_) * 1e-6, static_cast<unsigned long long>(count_));
  text += line;
  std::snprintf(line, sizeof line, "#[Buckets = %12u, SubBuckets     = %12llu]\n",
                doublings(static_cast<std::uint64_t>(kHighest.count())) + 1,
                static_cast<unsigned long long>(kParts));
  return text + line;
}

}  // namespace cti::load
