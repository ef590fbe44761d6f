// watchdog_test.cpp - who is found to stand still, who is woken first, and who is forgiven (P10, P11).
#include "core/watchdog.hpp"

#include <gtest/gtest.h>

namespace cti::core {
namespace {

struct WatchdogTest : testing::Test {
  TurnJudge judge{Seconds{5}};
  int woken_a = 0;
  int woken_b = 0;
  TurnCount& a = judge.watch("line0", [this] { ++woken_a; });
  TurnCount& b = judge.watch("fanout0", [this] { ++woken_b; });
  TimePoint now{Seconds{1000}};

  /// Looks as often as it should until `span` has passed; `each` before every look. The last verdict, or the first stuck one.
  TurnJudge::Verdict look_for(Nanos span, const std::function<void()>& each) {
    const TimePoint end = now + span;
    TurnJudge::Verdict verdict;
    while (now < end && verdict.stuck == nullptr) {
      now = now + judge.look_every();
      each();
      verdict = judge.look(now);
    }
    return verdict;
  }
};

TEST_F(WatchdogTest, P10_AThreadThatDoesNotTurnIsNamedWithinTheLimitAndALook) {
  judge.look(now);
  const TimePoint begin = now;
  const auto verdict = look_for(Seconds{60}, [&] { a.turned(); });
  ASSERT_NE(verdict.stuck, nullptr);
  EXPECT_EQ(*verdict.stuck, "fanout0");
  EXPECT_GE(verdict.standing, Nanos(Seconds{4}));
  EXPECT_LE(now - begin, Nanos(Seconds{5})) << "no later than the limit";
  EXPECT_GE(woken_b, 6) << "it was woken, again and again, before it was called stuck";
  EXPECT_EQ(woken_a, 1) << "at the first look nothing is known yet";
}

TEST_F(WatchdogTest, AThreadThatHasNothingToDoIsWokenAndIsWell) {
  judge.look(now);
  // It sleeps, and turns only because it is woken.
  int answered = 0;
  const auto verdict = look_for(Seconds{600}, [&] {
    a.turned();
    if (woken_b > answered) {
      answered = woken_b;
      b.turned();
    }
  });
  EXPECT_EQ(verdict.stuck, nullptr);
  EXPECT_LT(verdict.standing, Nanos(Seconds{5}));
}

TEST_F(WatchdogTest, P11_AfterAStopOfTheWholeProcessEverybodyGetsAWholeLimitAfresh) {
  judge.look(now);
  look_for(Seconds{3}, [&] { a.turned(); });  // b has stood for most of its time
  now = now + Seconds{300};
  const auto late = judge.look(now);
  EXPECT_TRUE(late.forgiven);
  EXPECT_EQ(late.stuck, nullptr);
  EXPECT_EQ(look_for(Seconds{3}, [&] { a.turned(); }).stuck, nullptr);
  // And one that stands on after that is found all the same.
  const auto verdict = look_for(Seconds{2}, [&] { a.turned(); });
  ASSERT_NE(verdict.stuck, nullptr);
  EXPECT_EQ(*verdict.stuck, "fanout0");
}

TEST_F(WatchdogTest, P11_ShortStopsOfTheWholeProcessAreCountedAgainstNobody) {
  judge.look(now);
  // Each look comes four times too late, and b answers only each second time that it is woken.
  for (int i = 0; i < 1000; ++i) {
    now = now + (4 * judge.look_every() - Nanos(Millis{900}));
    a.turned();
    if (i % 4 == 0) b.turned();
    ASSERT_EQ(judge.look(now).stuck, nullptr) << i;
  }
}

TEST_F(WatchdogTest, AThreadAtItsProperEndIsNotMissed) {
  judge.look(now);
  judge.unwatch(b);
  EXPECT_EQ(look_for(Seconds{60}, [&] { a.turned(); }).stuck, nullptr);
}

TEST_F(WatchdogTest, OfTwoTheOneThatStandsLongerIsNamed) {
  judge.look(now);
  look_for(Seconds{2}, [&] { a.turned(); });
  const auto verdict = look_for(Seconds{60}, [] {});
  ASSERT_NE(verdict.stuck, nullptr);
  EXPECT_EQ(*verdict.stuck, "fanout0");
}

}  // namespace
}  // namespace cti::core
