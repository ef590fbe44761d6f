// counters_test.cpp - counters have one writer each and are summed by whoever asks.
#include "core/counters.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace cti::core {
namespace {

TEST(Counters, ShowNameHelpLabelsAndValue) {
  MetricsRegistry registry;
  CounterBlock& line = registry.block({{"thread", "line-0"}});
  Counter& frames = line.counter("ringside_frames_total", "Frames received.");
  Counter& room = line.gauge("ringside_room_bytes", "Free bytes.", {{"ring", "a\"b\\c\nd"}});
  frames.add();
  frames.add(41);
  room.set(7);
  EXPECT_EQ(registry.text(),
            "# HELP ringside_frames_total Frames received.\n"
            "# TYPE ringside_frames_total counter\n"
            "ringside_frames_total{thread=\"line-0\"} 42\n"
            "# HELP ringside_room_bytes Free bytes.\n"
            "# TYPE ringside_room_bytes gauge\n"
            "ringside_room_bytes{thread=\"line-0\",ring=\"a\\\"b\\\\c\\nd\"} 7\n");
}

TEST(Counters, KeepOneNamesSamplesTogether) {
  MetricsRegistry registry;
  for (const char* thread : {"b", "a"}) {
    CounterBlock& block = registry.block({{"thread", thread}});
    block.counter("ringside_z_total", "Z.");
    block.counter("ringside_a_total", "A.").set(1);
  }
  EXPECT_EQ(registry.text(),
            "# HELP ringside_a_total A.\n# TYPE ringside_a_total counter\n"
            "ringside_a_total{thread=\"b\"} 1\nringside_a_total{thread=\"a\"} 1\n"
            "# HELP ringside_z_total Z.\n# TYPE ringside_z_total counter\n"
            "ringside_z_total{thread=\"b\"} 0\nringside_z_total{thread=\"a\"} 0\n");
}

TEST(Counters, CheckOurOwnMisuse) {
  MetricsRegistry registry;
  CounterBlock& block = registry.block({});
  EXPECT_DEATH(block.counter("ringside_frames", "x"), "ends_with");
  EXPECT_DEATH(block.gauge("ringside_room_total", "x"), "ends_with");
  EXPECT_DEATH(block.gauge("Ringside", "x"), "good_name");
  EXPECT_DEATH(block.gauge("a b", "x"), "good_name");
  block.gauge("same", "x");
  EXPECT_DEATH(block.gauge("same", "x"), "there.labels != labels");
  EXPECT_DEATH(
      {
        for (std::size_t i = 0; i <= CounterBlock::kCountersPerBlock; ++i) {
          block.gauge("n" + std::to_string(i), "x");
        }
      },
      "kCountersPerBlock");
}

TEST(Counters, AreReadWhileTheirThreadCounts) {
  MetricsRegistry registry;
  Counter& counter = registry.block({}).counter("ringside_x_total", "X.");
  std::atomic<bool> stop{false};
  std::thread owner([&] {
    while (!stop.load()) counter.add();
  });
  std::uint64_t last = 0;
  for (int i = 0; i < 1000 || last == 0; ++i) {
    registry.visit([&](const MetricView& view) {
      EXPECT_GE(view.value, last);
      last = view.value;
    });
  }
  stop.store(true);
  owner.join();
}

}  // namespace
}  // namespace cti::core
