// log_gate_test.cpp - what holds the log, and what lets it go.
#include "ring/log_gate.hpp"

#include <gtest/gtest.h>

namespace cti::ring {
namespace {

constexpr std::uint64_t kBytes = 32 * 1024;  // segments of 1024

struct GateTest : testing::Test {
  std::atomic<std::uint64_t> head{0};
  BasicLogGate<> gate{head, kBytes};
};

TEST_F(GateTest, HoldsNothingAtFirst) { EXPECT_EQ(gate.lowest(), kNoHold); }

TEST_F(GateTest, ShowsTheSegmentOfTheLowestHold) {
  ASSERT_TRUE(gate.enter(5000));
  EXPECT_EQ(gate.lowest(), 4096u);
  ASSERT_TRUE(gate.enter(9000));
  EXPECT_EQ(gate.lowest(), 4096u);
  ASSERT_TRUE(gate.enter(2047));
  EXPECT_EQ(gate.lowest(), 1024u);
  gate.leave(2047);
  EXPECT_EQ(gate.lowest(), 4096u);
  gate.leave(5000);
  EXPECT_EQ(gate.lowest(), 8192u);
  gate.leave(9000);
  EXPECT_EQ(gate.lowest(), kNoHold);
  EXPECT_EQ(gate.holds(), 0u);
}

TEST_F(GateTest, CountsHoldsOnOnePosition) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(gate.enter(100));
  gate.leave(100);
  gate.leave(100);
  EXPECT_EQ(gate.lowest(), 0u);
  gate.leave(100);
  EXPECT_EQ(gate.lowest(), kNoHold);
}

TEST_F(GateTest, RefusesALappedPositionAndKeepsWhatItHeld) {
  head = 3000;
  EXPECT_FALSE(gate.enter(2999));
  EXPECT_EQ(gate.lowest(), kNoHold);
  ASSERT_TRUE(gate.enter(3000));
  EXPECT_EQ(gate.lowest(), 2048u);
  EXPECT_FALSE(gate.enter(2500)) << "in the held segment, but below head";
  EXPECT_FALSE(gate.enter(0));
  EXPECT_EQ(gate.lowest(), 2048u);
  EXPECT_EQ(gate.holds(), 1u);
  gate.leave(3000);
  EXPECT_EQ(gate.lowest(), kNoHold);
}

// A hold at 5000 shows 4096, and head stood at 4500: from 4500 on nothing can be overwritten, whatever head says later.
TEST_F(GateTest, LetsInFromItsFirstLookAtHeadOnWhileItHoldsSomething) {
  head = 4500;
  ASSERT_TRUE(gate.enter(5000));
  head = 9000;
  EXPECT_TRUE(gate.enter(4500)) << "protected by the first hold";
  EXPECT_FALSE(gate.enter(4499)) << "lapped before";
  gate.leave(4500);
  gate.leave(5000);
  EXPECT_FALSE(gate.enter(5000)) << "no longer held, so no longer protected";
}

// What was safe below the new lowest hold is safe no more once the gate has risen.
TEST_F(GateTest, ForgetsWhatWasSafeBelowAGateThatHasRisen) {
  ASSERT_TRUE(gate.enter(0));
  ASSERT_TRUE(gate.enter(20000));
  gate.leave(0);
  head = 15000;
  EXPECT_FALSE(gate.enter(2000));
  EXPECT_TRUE(gate.enter(20001));
}

TEST_F(GateTest, FindsTheLowestHoldRoundTheEndOfItsSlots) {
  const std::uint64_t far = 1'000'000 * kBytes;
  head = far - 1;
  for (std::uint64_t lap = 0; lap < 200; ++lap) {
    const std::uint64_t base = far + lap * 1024;
    ASSERT_TRUE(gate.enter(base));
    ASSERT_TRUE(gate.enter(base + kBytes - 1));
    ASSERT_EQ(gate.lowest(), base / 1024 * 1024);
    gate.leave(base);
    ASSERT_EQ(gate.lowest(), (base + kBytes - 1) / 1024 * 1024);
    gate.leave(base + kBytes - 1);
    ASSERT_EQ(gate.lowest(), kNoHold);
  }
}

TEST_F(GateTest, ChecksALeaveThatWasNeverEntered) { EXPECT_DEATH(gate.leave(0), "count > 0"); }

}  // namespace
}  // namespace cti::ring
