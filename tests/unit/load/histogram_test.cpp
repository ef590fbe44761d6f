// histogram_test.cpp - latencies in buckets: exact where small, within a known share where large.
#include "tools/load/histogram.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace cti::load {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.at(99), Nanos{0});
  EXPECT_EQ(histogram.max(), Nanos{0});
  EXPECT_EQ(histogram.mean_ns(), 0);
}

TEST(Histogram, KeepsSmallValuesExactly) {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(Nanos(i));
  EXPECT_EQ(histogram.at(50), Nanos(500));
  EXPECT_EQ(histogram.at(99), Nanos(990));
  EXPECT_EQ(histogram.at(100), Nanos(1000));
  EXPECT_EQ(histogram.at(0), Nanos(1));
}

TEST(Histogram, IsWithinOneInAThousandOfTheSortedValues) {
  core::Random random(7);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 50'000; ++i) {
    // Over seven powers of ten.
    const auto value =
        static_cast<std::int64_t>(random.below(std::uint64_t{1} << (8 + random.below(33))));
    values.push_back(value);
    histogram.add(Nanos(value));
  }
  std::ranges::sort(values);
  for (const double percentile : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto rank = static_cast<std::size_t>(std::llround(percentile * 500)) - 1;
    const auto exact = static_cast<double>(values[rank]);
    EXPECT_NEAR(static_cast<double>(histogram.at(percentile).count()), exact, exact * 0.001 + 1)
        << percentile;
  }
  EXPECT_EQ(histogram.max().count(), values.back());
}

TEST(Histogram, CountsWhatIsAboveAnHourAsAnHourAndBelowZeroAsZero) {
  Histogram histogram;
  histogram.add(Seconds{7200});
  histogram.add(Nanos{-5});
  EXPECT_EQ(histogram.max(), Nanos(Seconds{3600}));
  EXPECT_EQ(histogram.at(50), Nanos{0});
}

TEST(Histogram, AddsAnother) {
  Histogram a, b;
  a.add(Millis{1});
  b.add(Millis{9});
  b.add(Millis{9});
  a.add(b);
  EXPECT_EQ(a.count(), 3U);
  EXPECT_EQ(a.max(), Nanos(Millis{9}));
  EXPECT_NEAR(a.mean_ns(), 19e6 / 3, 1e4);
}

struct HgrmLine {
  double value = 0, percentile = 0;
  std::uint64_t count = 0;
};

TEST(Histogram, WritesAPercentileDistributionThatHdrToolsRead) {
  Histogram histogram;
  for (int i = 1; i <= 10'000; ++i) histogram.add(Nanos(i * 1000));
  std::istringstream text(histogram.hgrm());
  std::string line;
  std::getline(text, line);
  EXPECT_EQ(line, "       Value     Percentile TotalCount 1/(1-Percentile)");
  std::getline(text, line);
  EXPECT_EQ(line, "");
  std::vector<HgrmLine> lines;
  while (std::getline(text, line) && line[0] != '#') {
    HgrmLine read;
    std::istringstream(line) >> read.value >> read.percentile >> read.count;
    if (!lines.empty()) {
      EXPECT_GE(read.value, lines.back().value);
      EXPECT_GE(read.percentile, lines.back().percentile);
      EXPECT_GE(read.count, lines.back().count);
    }
    // As many values as the percentile says are at most so large.
    EXPECT_GE(static_cast<double>(read.count), read.percentile * 10'000 - 1e-6);
    EXPECT_NEAR(static_cast<double>(read.count), read.value * 1000, 12);
    lines.push_back(read);
  }
  ASSERT_GT(lines.size(), 30U);
  EXPECT_EQ(lines.front().percentile, 0);
  EXPECT_EQ(lines.back().percentile, 1);
  EXPECT_EQ(lines.back().count, 10'000U);
  EXPECT_DOUBLE_EQ(lines.back().value, 10);
  EXPECT_TRUE(line.starts_with("#[Mean    =        5.0")) << line;
  std::getline(text, line);
  EXPECT_EQ(line, "#[Max     =       10.000, Total count    =        10000]");
}

/// The values of histogram_oracle.mjs, which made histogram_oracle.txt with hdr-histogram-js.
Histogram values_of_the_oracle() {
  Histogram histogram;
  std::uint64_t x = 42;
  const auto draw = [&x] { return x = (48'271 * x) % 2'147'483'647; };
  for (int i = 0; i < 20'000; ++i) {
    const auto bits = static_cast<int>(1 + draw() % 41);
    const double part = static_cast<double>(draw()) / 2'147'483'647.0;
    histogram.add(Nanos(static_cast<std::int64_t>(std::floor(std::ldexp(part, bits)))));
  }
  return histogram;
}

TEST(Histogram, SaysWhatHdrHistogramSays) {
  const char* const path = std::getenv("RINGSIDE_ORACLE");
  std::ifstream oracle(path == nullptr ? "tests/unit/load/histogram_oracle.txt" : path);
  ASSERT_TRUE(oracle.is_open());
  const Histogram histogram = values_of_the_oracle();
  int compared = 0;
  for (std::string what; oracle >> what;) {
    double said = 0;
    ASSERT_TRUE(oracle >> said) << what;
    ++compared;
    if (what == "count") {
      EXPECT_EQ(static_cast<double>(histogram.count()), said);
    } else if (what == "max") {  // the oracle's is the beginning of a bucket
      EXPECT_NEAR(static_cast<double>(histogram.max().count()), said, said * 0.001);
    } else if (what == "mean") {
      EXPECT_NEAR(histogram.mean_ns(), said, said * 1e-3);
    } else if (what == "100") {  // ours is exact
      EXPECT_EQ(histogram.at(100), histogram.max());
      EXPECT_LE(static_cast<double>(histogram.at(100).count()), said);
    } else {
      EXPECT_EQ(static_cast<double>(histogram.at(std::stod(what)).count()), said) << what;
    }
  }
  EXPECT_EQ(compared, 19);
}

}  // namespace
}  // namespace cti::load
