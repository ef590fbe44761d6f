// histogram_test.cpp - latencies in buckets: exact where small, within a known share where large.
#include "tools/load/histogram.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>
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

}  // namespace
}  // namespace cti::load
