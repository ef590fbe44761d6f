// own_clock_test.cpp - what counts as a stop, and that no deadline runs meanwhile (P11).
#include "core/own_clock.hpp"

#include <gtest/gtest.h>

namespace cti::core {
namespace {

constexpr TimePoint kStart{Seconds{1000}};

struct OwnClockTest : testing::Test {
  TimePoint real = kStart;
  OwnClock clock{kStart};
  /// A wait for `asked` from now on that comes back after `took`.
  void wait(Nanos asked, Nanos took, bool received = false) {
    const TimePoint deadline = clock.now() + asked;
    real = real + took;
    clock.waited(real, deadline, received);
  }
};

TEST_F(OwnClockTest, RunsWithTheKernelsAsLongAsTurnsComeInTime) {
  for (int i = 0; i < 1000; ++i) wait(Millis{100}, Millis{i % 2 == 0 ? 100 : 900});
  EXPECT_EQ(clock.now(), real);
  EXPECT_EQ(clock.stops(), 0U);
}

TEST_F(OwnClockTest, P11_AStopOfAnHourIsNoTimeAtAll) {
  wait(Millis{100}, Millis{100});
  const TimePoint before = clock.now();
  wait(Seconds{5}, Seconds{3600});
  EXPECT_EQ(clock.now(), before);
  EXPECT_EQ(clock.stops(), 1U);
  EXPECT_EQ(clock.skipped(), Nanos(Seconds{3600}));
  wait(Seconds{5}, Seconds{5});
  EXPECT_EQ(clock.now(), before + Seconds{5}) << "and it runs on";
  EXPECT_EQ(clock.at(real), clock.now());
}

TEST_F(OwnClockTest, P11_StandsStillUntilWhatHadArrivedIsRead) {
  wait(Seconds{5}, Seconds{60}, true);
  const TimePoint stopped = clock.now();
  for (int turn = 0; turn < 9; ++turn) {
    wait(Nanos{0}, Millis{50}, true);
    EXPECT_EQ(clock.now(), stopped);
  }
  wait(Nanos{0}, Millis{50}, false);
  EXPECT_EQ(clock.now(), stopped + Millis{50});
}

TEST_F(OwnClockTest, P11_UnderALoadThatNeverEndsItStandsStillForABoundedTime) {
  wait(Seconds{5}, Seconds{60}, true);
  const TimePoint stopped = clock.now();
  for (int turn = 0; turn < 100; ++turn) wait(Nanos{0}, Millis{50}, true);
  EXPECT_GE(clock.now(), stopped + Seconds{3});
}

TEST_F(OwnClockTest, ALoopThatOnlyLooksMayComeAsSeldomAsItLikes) {
  for (int i = 0; i < 10; ++i) wait(Nanos{0}, Seconds{30});
  EXPECT_EQ(clock.now(), kStart + Seconds{300});
  EXPECT_EQ(clock.stops(), 0U);
}

TEST_F(OwnClockTest, AWaitWithoutADeadlineIsNeverLate) {
  real = real + Seconds{86'400};
  clock.waited(real, kNever, true);
  EXPECT_EQ(clock.now(), real);
}

}  // namespace
}  // namespace cti::core
