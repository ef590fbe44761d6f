// verdict_test.cpp - whether a rate was held, and where the knee is.
#include "tools/load/verdict.hpp"

#include "tools/load/busyness.hpp"

#include <gtest/gtest.h>

namespace cti::load {
namespace {

StepResult step(double rate, double p99_ms) {
  StepResult made;
  made.rate = made.rate_reached = rate;
  made.seconds = 10;
  made.sent = static_cast<std::uint64_t>(rate * 10);
  Latency& latency = made.latency[static_cast<std::size_t>(Path::kAgent)];
  latency = {made.sent, p99_ms / 2, p99_ms / 3, p99_ms / 2, p99_ms, p99_ms * 1.5, p99_ms * 2};
  return made;
}

LoadResult result(std::initializer_list<StepResult> steps) {
  LoadResult made;
  made.setup.agents = 2000;
  made.steps = steps;
  return made;
}

std::optional<std::size_t> knee(std::initializer_list<Point> points) {
  return find_knee(std::vector<Point>(points));
}

TEST(Knee, IsNotThereWhenLatencyStaysFlat) {
  EXPECT_EQ(knee({{20, 20, 3.0}, {40, 40, 3.2}, {80, 80, 3.9}}), std::nullopt);
  EXPECT_EQ(knee({}), std::nullopt);
  EXPECT_EQ(knee({{20, 20, 3.0}}), std::nullopt);
}

TEST(Knee, IsTheFirstRateFromWhichOnLatencyIsAboveThreeTimesItsFloor) {
  EXPECT_EQ(knee({{20, 20, 3.0}, {60, 60, 3.1}, {140, 140, 12.0}, {160, 160, 40}}), 2U);
}

TEST(Knee, IsNoSingleBadPointBetweenGoodOnes) {
  EXPECT_EQ(knee({{20, 20, 3.0}, {40, 40, 30.0}, {60, 60, 3.1}}), std::nullopt);
  EXPECT_EQ(knee({{20, 20, 3.0}, {40, 40, 30.0}, {60, 60, 3.1}, {80, 80, 20}}), 3U);
}

TEST(Knee, IsWhereTheRateIsNotReachedAnyMore) {
  EXPECT_EQ(knee({{20, 20, 3.0}, {40, 40, 3.0}, {80, 60, 3.0}}), 2U);
  EXPECT_EQ(knee({{20, 12, 3.0}, {40, 14, 3.0}}), 0U);
}

TEST(Knee, TakesTheLowestLatencySoFarForTheFloor) {
  // The first point is often slow: everything is cold.
  EXPECT_EQ(knee({{20, 20, 9.0}, {40, 40, 2.0}, {60, 60, 8.0}}), 2U);
}

TEST(Knee, OverlooksSmallNumbers) { EXPECT_EQ(knee({{20, 20, 0.1}, {40, 40, 0.9}}), std::nullopt); }

TEST(Verdict, SaysWhatIsHeldAndWhereTheKneeIs) {
  LoadResult measured = result({step(20, 3.0), step(60, 3.1), step(140, 14), step(160, 60)});
  const Verdict verdict = judge(measured);
  EXPECT_TRUE(verdict.holds);
  EXPECT_EQ(
      verdict.text,
      "holds 2,000 agents at 60 calls/s with p99 3.1 ms (call at its agent); knee at 140 calls/s");
  EXPECT_EQ(measured.steps[2].why_not, "call at its agent: p99 14 ms, above 10 ms");
}

TEST(Verdict, HoldsTheHighestOfTheUnbrokenRow) {
  LoadResult measured = result({step(20, 3), step(40, 11), step(60, 3)});
  const Verdict verdict = judge(measured);
  EXPECT_EQ(verdict.held_rate, 20);
  EXPECT_FALSE(verdict.has_knee);
}

TEST(Verdict, HoldsNothingWhenTheFirstRateIsTooMuch) {
  LoadResult measured = result({step(20, 30)});
  const Verdict verdict = judge(measured);
  EXPECT_FALSE(verdict.holds);
  EXPECT_EQ(verdict.text,
            "does not hold 2,000 agents at 20 calls/s: call at its agent: p99 30 ms, above 10 ms");
  measured.verdict = verdict;
  EXPECT_EQ(exit_code(measured), 1);
}

TEST(Verdict, CountsTheWorstOfThePathsThatTheServerHasAPartIn) {
  StepResult made = step(20, 3);
  made.latency[static_cast<std::size_t>(Path::kMonitor)] = {100, 1, 1, 1, 5, 6, 7};
  made.latency[static_cast<std::size_t>(Path::kSwitch)] = {100, 1, 1, 1, 9, 9, 9};
  EXPECT_EQ(worst_p99(made).path, Path::kMonitor);
  LoadResult measured = result({made});
  EXPECT_EQ(judge(measured).held_p99_ms, 5);
}

TEST(Verdict, IsNotHeldWithOneUpdateLostHoweverFast) {
  StepResult made = step(20, 1);
  made.faults.lost = 1;
  LoadResult measured = result({made});
  EXPECT_FALSE(judge(measured).holds);
  EXPECT_EQ(measured.steps[0].why_not, "1 updates lost, 0 doubled, 0 out of order");
}

TEST(Verdict, IsUnsoundWhenAnAgentsTallyIsWrong) {
  LoadResult measured = result({step(20, 1)});
  measured.faults.doubled = 2;
  measured.verdict = judge(measured);
  EXPECT_FALSE(measured.verdict.holds);
  EXPECT_TRUE(measured.verdict.text.starts_with("UNSOUND: 0 updates lost, 2 doubled"))
      << measured.verdict.text;
  EXPECT_EQ(exit_code(measured), 1);
}

TEST(Verdict, EveryReasonAgainstARateIsNamed) {
  const auto why = [](void (*spoil)(StepResult&)) {
    StepResult made = step(20, 1);
    spoil(made);
    return why_not_held(made, load::Setup{});
  };
  EXPECT_EQ(why([](StepResult&) {}), "");
  EXPECT_EQ(why([](StepResult& s) { s.sessions_ended = 3; }), "3 sessions ended");
  EXPECT_EQ(why([](StepResult& s) { s.faults.overtaken = 4; }),
            "4 snapshots in place of updates: sessions were too slow");
  EXPECT_EQ(why([](StepResult& s) { s.rate_reached = 15, s.no_agent = 50; }),
            "only 15 calls/s reached: no agent was free 50 times");
  EXPECT_EQ(why([](StepResult& s) { s.unseen = 2; }), "2 calls never reached an agent");
  EXPECT_EQ(why([](StepResult& s) { s.unknown = 2; }), "2 requests without an outcome");
  EXPECT_EQ(why([](StepResult& s) { s.latency = {}; }), "nothing was measured");
}

TEST(Verdict, IsVoidWhenTheToolOrTheSimulatorWasLate) {
  bool own = false;
  StepResult made = step(20, 1);
  EXPECT_EQ(why_void(made, load::Setup{}, &own), "");
  made.switch_cores = 0.97;
  EXPECT_NE(why_void(made, load::Setup{}, &own), "");
  EXPECT_FALSE(own);
  made = step(20, 1);
  made.answered.p99_ms = 12;
  EXPECT_NE(why_void(made, load::Setup{}, &own), "");
  EXPECT_FALSE(own);
  made = step(20, 1);
  made.late.p99_ms = 5.1;
  EXPECT_NE(why_void(made, load::Setup{}, &own), "");
  EXPECT_TRUE(own);
}

TEST(Verdict, DoesNotBlameTheSimulatorForWhatThisToolSentLate) {
  bool own = false;
  StepResult made = step(20, 1);
  made.late.p99_ms = 4;  // within its limit
  made.answered.p99_ms = 9;
  made.latency[static_cast<std::size_t>(Path::kSwitch)].p99_ms = 13;  // both together
  EXPECT_EQ(why_void(made, load::Setup{}, &own), "");
  made.late.p99_ms = 12;
  made.answered.p99_ms = 20;
  EXPECT_NE(why_void(made, load::Setup{}, &own).find("this tool"), std::string::npos);
  EXPECT_TRUE(own);
}

TEST(Busyness, IsToldFromTheRunQueueAndThePressure) {
  const char* const quiet = "some avg10=0.31 avg60=0.20 avg300=0.00 total=100\n";
  EXPECT_EQ(why_busy("0.20 0.18 0.12 1/80 11206\n", quiet, 2), "");
  EXPECT_EQ(why_busy("9.99 9.99 9.99 2/80 11206\n", quiet, 2), "") << "that was before";
  EXPECT_EQ(why_busy("0.2 0.1 0.1 7/80 11206\n", quiet, 2), "6 other threads run on 2 CPUs");
  EXPECT_EQ(why_busy("0.2 0.1 0.1 1/80 1\n", "some avg10=47.50 avg60=1\n", 2),
            "work waited for a CPU 47.5 % of the last ten seconds");
  EXPECT_EQ(why_busy("", "", 2), "") << "what cannot be read says nothing";
}

TEST(Verdict, LeavesVoidStepsOut) {
  StepResult made = step(40, 1);
  made.void_because = "late";
  LoadResult measured = result({step(20, 1), made});
  measured.ending = Ending::kOwnSchedule;
  measured.verdict = judge(measured);
  EXPECT_EQ(measured.verdict.held_rate, 20);
  EXPECT_EQ(exit_code(measured), 4);
}

TEST(Numbers, AreShort) {
  EXPECT_EQ(short_number(3.0961), "3.1");
  EXPECT_EQ(short_number(0.4216), "0.42");
  EXPECT_EQ(short_number(12.34), "12.3");
  EXPECT_EQ(short_number(140), "140");
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(9.999), "10.0");
  EXPECT_EQ(short_number(86170.2), "86,170");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(thousands(1234567), "1,234,567");
}

}  // namespace
}  // namespace cti::load
