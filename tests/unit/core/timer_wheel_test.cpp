// timer_wheel_test.cpp - the wheel against std::multimap, and its bounds.
#include "core/timer_wheel.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <vector>

namespace cti::core {
namespace {

constexpr TimePoint at(std::int64_t ms) { return TimePoint{Millis{ms}}; }

std::vector<std::uint64_t> fired_by(TimerWheel& wheel, TimePoint now,
                                    std::uint32_t limit = 1'000'000) {
  std::vector<std::uint64_t> cookies;
  wheel.fire(now, limit, [&](std::uint64_t cookie) { cookies.push_back(cookie); });
  return cookies;
}

TEST(TimerWheel, FiresInOrderOfDeadlineThenOfArming) {
  TimerWheel wheel(8);
  ASSERT_TRUE(wheel.arm(at(300), 3));
  ASSERT_TRUE(wheel.arm(at(5), 1));
  ASSERT_TRUE(wheel.arm(at(300), 4));
  ASSERT_TRUE(wheel.arm(at(70), 2));
  EXPECT_EQ(fired_by(wheel, at(1000)), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(wheel.armed(), 0U);
  EXPECT_EQ(wheel.next(), kNever);
}

TEST(TimerWheel, NeverFiresEarlyNotEvenByPartOfATick) {
  TimerWheel wheel(4);
  ASSERT_TRUE(wheel.arm(TimePoint{Nanos{1'500'001}}, 1));
  EXPECT_TRUE(fired_by(wheel, TimePoint{Nanos{1'999'999}}).empty());
  EXPECT_EQ(fired_by(wheel, at(2)).size(), 1U);
}

TEST(TimerWheel, FiresAtOnceWhatIsAlreadyDue) {
  TimerWheel wheel(4, at(5000));
  ASSERT_TRUE(wheel.arm(at(10), 1));
  EXPECT_LE(wheel.next(), at(5000));
  EXPECT_EQ(fired_by(wheel, at(5000)).size(), 1U);
}

TEST(TimerWheel, RefusesToArmWhenFullAndGoesOnAfterwards) {
  TimerWheel wheel(2);
  const TimerId first = wheel.arm(at(1), 1);
  ASSERT_TRUE(wheel.arm(at(2), 2));
  EXPECT_FALSE(wheel.arm(at(3), 3));
  EXPECT_TRUE(wheel.cancel(first));
  EXPECT_TRUE(wheel.arm(at(3), 3));
}

TEST(TimerWheel, CancelsOnceAndHarmlesslyAfterwards) {
  TimerWheel wheel(2);
  const TimerId id = wheel.arm(at(1), 1);
  EXPECT_TRUE(wheel.cancel(id));
  EXPECT_FALSE(wheel.cancel(id));
  const TimerId next = wheel.arm(at(1), 2);
  EXPECT_FALSE(wheel.cancel(id)) << "an old name must not reach the timer that took its place";
  EXPECT_FALSE(wheel.cancel({}));
  EXPECT_FALSE(wheel.cancel({99, 1}));
  EXPECT_EQ(fired_by(wheel, at(1)), std::vector<std::uint64_t>{2});
  EXPECT_FALSE(wheel.cancel(next));
}

TEST(TimerWheel, HoldsDeadlinesAsFarAsTimeGoes) {
  TimerWheel wheel(2);
  ASSERT_TRUE(wheel.arm(kNever, 1));
  ASSERT_TRUE(wheel.arm(TimePoint{Seconds{200LL * 365 * 86'400}}, 2));
  EXPECT_TRUE(fired_by(wheel, TimePoint{Seconds{100LL * 365 * 86'400}}).empty());
  EXPECT_EQ(fired_by(wheel, TimePoint{Seconds{201LL * 365 * 86'400}}),
            std::vector<std::uint64_t>{2});
}

TEST(TimerWheel, ACallbackMayArmAndCancel) {
  TimerWheel wheel(4);
  const TimerId victim = wheel.arm(at(10), 2);
  ASSERT_TRUE(wheel.arm(at(10), 1));
  ASSERT_TRUE(wheel.cancel(victim));
  const TimerId later = wheel.arm(at(10), 3);
  std::vector<std::uint64_t> seen;
  wheel.fire(at(10), 100, [&](std::uint64_t cookie) {
    seen.push_back(cookie);
    if (cookie != 1) return;
    EXPECT_TRUE(wheel.cancel(later));
    ASSERT_TRUE(wheel.arm(at(0), 4));  // due at once: fires in this very call
  });
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 4}));
}

TEST(TimerWheel, WhatACallbackArmsComesAfterWhatWasDueBefore) {
  TimerWheel wheel(4);
  // Tick 64 lies one level up: both move down before either fires.
  ASSERT_TRUE(wheel.arm(at(64), 1));
  ASSERT_TRUE(wheel.arm(at(64), 2));
  std::vector<std::uint64_t> seen;
  wheel.fire(at(64), 100, [&](std::uint64_t cookie) {
    seen.push_back(cookie);
    if (cookie == 1) {
      ASSERT_TRUE(wheel.arm(at(64), 3));
    }
  });
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST(TimerWheel, M11_AHundredThousandTimersDueAtOnceComeInBoundedTurns) {
  constexpr std::uint32_t kTimers = 100'000;
  constexpr std::uint32_t kLimit = 1'000;
  TimerWheel wheel(kTimers);
  // One far tick: each timer moves down level by level before it fires.
  for (std::uint32_t i = 0; i < kTimers; ++i) ASSERT_TRUE(wheel.arm(at(3'700'123), i));
  std::uint64_t expected = 0;
  std::uint32_t turns = 0;
  std::chrono::steady_clock::duration slowest{};
  while (wheel.armed() > 0) {
    ASSERT_LT(++turns, 10 * kTimers / kLimit) << "no progress";
    EXPECT_LE(wheel.next(), at(3'700'123)) << "what is due must be asked for at once";
    const auto before = std::chrono::steady_clock::now();
    const std::uint32_t work = wheel.fire(
        at(4'000'000), kLimit, [&](std::uint64_t cookie) { EXPECT_EQ(cookie, expected++); });
    slowest = std::max(slowest, std::chrono::steady_clock::now() - before);
    EXPECT_LE(work, kLimit);
  }
  EXPECT_EQ(expected, kTimers);
  EXPECT_LT(slowest, std::chrono::milliseconds(50));
}

// The twin: everything in one sorted map, equal ticks in order of arming.
class TimerWheelTwin : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(TimerWheelTwin, FiresWhatAMultimapFires) {
  const std::uint64_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed) +
               ": core_test --gtest_filter='*FiresWhatAMultimapFires/" + std::to_string(seed) +
               "'");
  Random random(seed);
  const std::int64_t start = random.between(0, std::int64_t{1} << random.below(41));
  TimerWheel wheel(200, at(start));
  struct Entry {
    std::uint64_t cookie;
    TimerId id;
  };
  std::multimap<std::int64_t, Entry> twin;
  std::int64_t now = start;
  for (std::uint64_t step = 0; step < 3'000; ++step) {
    const std::uint64_t choice = random.below(10);
    if (choice < 5) {
      const std::int64_t deadline = now + random.between(-3, std::int64_t{1} << random.below(30));
      const TimerId id = wheel.arm(at(deadline), step);
      ASSERT_EQ(static_cast<bool>(id), twin.size() < 200);
      if (id) twin.insert({std::max(deadline, now), {step, id}});
    } else if (choice < 7 && !twin.empty()) {
      const auto victim =
          std::next(twin.begin(), static_cast<std::ptrdiff_t>(random.below(twin.size())));
      ASSERT_TRUE(wheel.cancel(victim->second.id));
      twin.erase(victim);
    } else {
      const TimePoint needed = twin.empty() ? kNever : at(twin.begin()->first);
      ASSERT_LE(wheel.next(), needed) << "would oversleep";
      ASSERT_EQ(wheel.next() == kNever, twin.empty());
      now += random.between(0, std::int64_t{1} << random.below(26));
      const std::uint32_t limit =
          random.chance(0.5) ? 1 + static_cast<std::uint32_t>(random.below(8)) : UINT32_MAX;
      std::uint32_t work = 0;
      do {  // a bounded turn may be repeated at the same moment
        work = wheel.fire(at(now), limit, [&](std::uint64_t cookie) {
          ASSERT_FALSE(twin.empty());
          EXPECT_LE(twin.begin()->first, now) << "fired early";
          EXPECT_EQ(twin.begin()->second.cookie, cookie);
          twin.erase(twin.begin());
        });
        ASSERT_LE(work, limit);
      } while (work == limit);
      ASSERT_TRUE(twin.empty() || twin.begin()->first > now) << "left one behind";
    }
    ASSERT_EQ(wheel.armed(), twin.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelTwin, ::testing::Range<std::uint64_t>(0, 50));

}  // namespace
}  // namespace cti::core
