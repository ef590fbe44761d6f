// latency_test.cpp - what the histogram of latencies counts: from a marked turn of the line to the first socket that took it.
#include "tests/unit/broker/fanout_world.hpp"

#include <algorithm>
#include <numeric>

namespace cti::broker {
namespace {

TimePoint the_time{Seconds{100}};
TimePoint read_the_time() noexcept { return the_time; }

struct LatencyTest : testing::Test {
  LatencyTest() { probe().set_clock(&read_the_time); }
  LatencyProbe& probe() { return world.line().shared().latency; }
  const LatencyHistogram& histogram() { return world.reactor->counters().latency; }
  std::uint64_t samples() {
    const auto& buckets = histogram().buckets;
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
  }
  /// A turn of the line that reads frames, writes a record, and shows both.
  void marked_turn(Nanos takes) {
    probe().begin_turn(world.network.now());
    world.line().write({});
    world.line().log().publish();
    probe().published(world.line().log().tail());
    the_time = the_time + takes;
    world.line().publish();
    probe().end_turn();
  }
  FanoutWorld world;
};

TEST_F(LatencyTest, AnUpdateIsTimedFromItsFrameToTheSocket) {
  world.monitor("MessageID=*");
  marked_turn(Millis{3});
  world.run(Millis{50});
  ASSERT_EQ(samples(), 1u);
  // 3 ms: the bucket of up to 5 ms.
  const auto at =
      std::find(LatencyHistogram::kBoundsUs.begin(), LatencyHistogram::kBoundsUs.end(), 5'000u) -
      LatencyHistogram::kBoundsUs.begin();
  EXPECT_EQ(histogram().buckets[static_cast<std::size_t>(at)], 1u);
  EXPECT_EQ(histogram().sum_ns, 3'000'000u);
}

TEST_F(LatencyTest, WhatNobodyIsSentHasNoLatency) {
  TestClient& client = world.welcomed();
  marked_turn(Millis{1});
  world.run(Millis{50});
  the_time = the_time + Seconds{30};
  client.heartbeat(1);
  world.run(Millis{50});
  EXPECT_EQ(client.count(wire::FrameType::kHeartbeatConf), 1u);
  EXPECT_EQ(samples(), 0u);
}

TEST_F(LatencyTest, AMarkSeenBehindItsRecordsIsNotTimedWithTheNextOnes) {
  TestClient& client = world.monitor("MessageID=*");
  probe().begin_turn(world.network.now());
  world.line().say();
  world.run(Millis{50});  // followed and sent before the mark is there
  probe().published(world.line().log().tail());
  the_time = the_time + Seconds{5};
  world.line().say();
  world.run(Millis{50});
  EXPECT_EQ(client.updates().size(), 2u);
  EXPECT_EQ(samples(), 0u);
}

TEST_F(LatencyTest, OneTurnInTenMillisecondsIsMarkedAtMost) {
  world.monitor("MessageID=*");
  for (int i = 0; i < 100; ++i) {
    marked_turn(Nanos{1000});
    world.run(Millis{1});
  }
  EXPECT_GE(samples(), 8u);
  EXPECT_LE(samples(), 11u);
}

TEST(Latency, GoesIntoTheFirstBucketThatHoldsIt) {
  LatencyHistogram histogram;
  histogram.add(Nanos{-5});
  histogram.add(Nanos{50'000});
  histogram.add(Nanos{50'001});
  histogram.add(Seconds{3600});
  EXPECT_EQ(histogram.buckets.front(), 2u);
  EXPECT_EQ(histogram.buckets[1], 1u);
  EXPECT_EQ(histogram.buckets.back(), 1u);
  EXPECT_EQ(histogram.sum_ns, 100'001u + 3'600'000'000'000u);
}

}  // namespace
}  // namespace cti::broker
