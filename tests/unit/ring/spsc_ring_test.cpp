// spsc_ring_test.cpp - full, empty and wrapped, one item or many at a time.
#include "ring/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <vector>

namespace cti::ring {
namespace {

std::vector<int> drained(SpscRing<int>& ring, std::size_t limit) {
  std::vector<int> got;
  ring.drain(limit, [&](int item) { got.push_back(item); });
  return got;
}

TEST(SpscRing, RoundsCapacityUpToAPowerOfTwo) {
  EXPECT_EQ(SpscRing<int>(1).capacity(), 1u);
  EXPECT_EQ(SpscRing<int>(5).capacity(), 8u);
  EXPECT_EQ(SpscRing<int>(8).capacity(), 8u);
}

TEST(SpscRing, RejectsPushWhenFullAndTakesOneAgainAfterADrain) {
  SpscRing<int> ring(2);
  EXPECT_TRUE(ring.try_push(1));
  EXPECT_TRUE(ring.try_push(2));
  EXPECT_FALSE(ring.try_push(3));
  EXPECT_EQ(drained(ring, 1), (std::vector<int>{1}));
  EXPECT_TRUE(ring.try_push(4));
  EXPECT_FALSE(ring.try_push(5));
  EXPECT_EQ(drained(ring, 9), (std::vector<int>{2, 4}));
}

TEST(SpscRing, HidesWhatIsStagedUntilItIsPublished) {
  SpscRing<int> ring(4);
  EXPECT_TRUE(ring.stage(1));
  EXPECT_TRUE(ring.stage(2));
  EXPECT_TRUE(ring.empty());
  EXPECT_TRUE(drained(ring, 9).empty());
  ring.publish();
  EXPECT_FALSE(ring.empty());
  EXPECT_EQ(drained(ring, 9), (std::vector<int>{1, 2}));
  EXPECT_TRUE(ring.empty());
}

TEST(SpscRing, CountsStagedItemsAsOccupied) {
  SpscRing<int> ring(2);
  EXPECT_TRUE(ring.stage(1));
  EXPECT_TRUE(ring.stage(2));
  EXPECT_FALSE(ring.stage(3));
}

TEST(SpscRing, DrainStopsAtItsLimitAndGoesOnThere) {
  SpscRing<int> ring(8);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(ring.try_push(i));
  EXPECT_EQ(drained(ring, 0), (std::vector<int>{}));
  EXPECT_EQ(drained(ring, 4), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(drained(ring, 4), (std::vector<int>{4, 5}));
  EXPECT_EQ(drained(ring, 4), (std::vector<int>{}));
}

TEST(SpscRing, KeepsOrderOverManyLaps) {
  SpscRing<int> ring(4);
  int pushed = 0;
  int taken = 0;
  for (int lap = 0; lap < 1000; ++lap) {
    for (int i = 0; i < 1 + lap % 4; ++i) ASSERT_TRUE(ring.try_push(pushed++));
    ring.drain(8, [&](int item) { EXPECT_EQ(item, taken++); });
  }
  EXPECT_EQ(taken, pushed);
}

TEST(SpscRing, StagesAnArrayRoundItsEndAndAsMuchAsFits) {
  SpscRing<int> ring(8);
  const std::vector<int> items{1, 2, 3, 4, 5, 6, 7, 8, 9};
  for (std::size_t before = 0; before < 9; ++before) {  // wherever the ring's end lies
    EXPECT_TRUE(ring.try_push(0));
    EXPECT_EQ(ring.stage(std::span(items)), 7u);
    EXPECT_EQ(ring.stage(std::span(items)), 0u);
    EXPECT_EQ(drained(ring, 9), (std::vector<int>{0}));
    EXPECT_EQ(ring.stage(std::span(items).subspan(7)), 1u);
    ring.publish();
    EXPECT_EQ(drained(ring, 9), (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8}));
  }
  EXPECT_EQ(ring.stage(std::span<const int>()), 0u);
}

TEST(SpscRing, SlotsBeginOnALineOfTheirOwn) {
  SpscRing<char> ring(1);
  EXPECT_TRUE(ring.try_push('x'));
  ring.drain(1, [](char&& item) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&item) % kFalseSharing, 0u);
  });
}

TEST(SpscRing, MovesItemsThatCannotBeCopied) {
  SpscRing<std::unique_ptr<int>> ring(2);
  EXPECT_TRUE(ring.try_push(std::make_unique<int>(7)));
  int got = 0;
  ring.drain(1, [&](std::unique_ptr<int> item) { got = *item; });
  EXPECT_EQ(got, 7);
}

TEST(SpscRing, FrontLeavesTheItemWhereItIsUntilPop) {
  SpscRing<int> ring(2);
  EXPECT_EQ(ring.front(), nullptr);
  for (int lap = 0; lap < 5; ++lap) {
    EXPECT_TRUE(ring.try_push(1));
    EXPECT_TRUE(ring.try_push(2));
    ASSERT_NE(ring.front(), nullptr);
    EXPECT_EQ(*ring.front(), 1);
    EXPECT_EQ(*ring.front(), 1);
    EXPECT_FALSE(ring.has_room()) << "looked at is not taken";
    ring.pop();
    EXPECT_TRUE(ring.has_room());
    EXPECT_EQ(*ring.front(), 2);
    ring.pop();
    EXPECT_EQ(ring.front(), nullptr);
  }
  EXPECT_DEATH(ring.pop(), "tail_seen_ != taken_");
}

TEST(SpscRing, RefusesACapacityOfNothing) { EXPECT_DEATH(SpscRing<int>(0), "asked >= 1"); }

}  // namespace
}  // namespace cti::ring
