// positions_test.cpp - what counts as lost, doubled or out of order.
#include "tools/load/positions.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace cti::load {
namespace {

using Sees = PositionCheck::Sees;
using News = PositionCheck::News;

wire::Position at(std::uint64_t sequence, std::uint32_t epoch = 1) {
  return {77, epoch, 5000, sequence};
}

PositionFaults faults_of(Sees sees, std::initializer_list<std::uint64_t> sequences) {
  PositionCheck check(sees);
  for (const std::uint64_t sequence : sequences) check.take(at(sequence));
  return check.faults();
}

TEST(PositionCheck, FindsNothingWrongInARowThatBeginsAnywhere) {
  EXPECT_EQ(faults_of(Sees::kEvery, {41, 42, 43, 44}), PositionFaults{});
}

TEST(PositionCheck, FindsALoss) {
  const PositionFaults faults = faults_of(Sees::kEvery, {1, 2, 5, 6});
  EXPECT_EQ(faults.lost, 2U);
  EXPECT_EQ(faults.wrong(), 2U);
}

TEST(PositionCheck, FindsADoublingAtOnceAndLater) {
  EXPECT_EQ(faults_of(Sees::kEvery, {1, 2, 2, 3}).doubled, 1U);
  EXPECT_EQ(faults_of(Sees::kEvery, {1, 2, 3, 1}).doubled, 1U);
  EXPECT_EQ(faults_of(Sees::kSome, {1, 9, 9}).doubled, 1U);
}

TEST(PositionCheck, TakesADoubledUpdateForOldNews) {
  PositionCheck check(Sees::kEvery);
  EXPECT_EQ(check.take(at(1)), News::kNew);
  EXPECT_EQ(check.take(at(2)), News::kNew);
  EXPECT_EQ(check.take(at(1)), News::kOld);
}

TEST(PositionCheck, CountsOneThatComesLateAsDisorderAndNotAsALoss) {
  const PositionFaults faults = faults_of(Sees::kEvery, {1, 3, 2, 4});
  EXPECT_EQ(faults.disordered, 1U);
  EXPECT_EQ(faults.lost, 0U);
  EXPECT_EQ(faults.doubled, 0U);
}

TEST(PositionCheck, FindsDisorderWhereGapsMeanNothing) {
  const PositionFaults faults = faults_of(Sees::kSome, {1, 30, 20, 40});
  EXPECT_EQ(faults.disordered, 1U);
  EXPECT_EQ(faults.lost, 0U);
}

TEST(PositionCheck, CountsASnapshotUnderWayAndGoesOnBehindIt) {
  PositionCheck check(Sees::kEvery);
  check.snapshot(at(10), true);
  check.take(at(11));
  EXPECT_EQ(check.faults(), PositionFaults{});
  EXPECT_TRUE(check.comparable());
  check.snapshot(at(90), false);
  check.take(at(91));
  EXPECT_EQ(check.faults().overtaken, 1U);
  EXPECT_EQ(check.faults().wrong(), 0U);
  EXPECT_FALSE(check.comparable());
}

TEST(PositionCheck, CountsANewEpochAndBeginsAnew) {
  PositionCheck check(Sees::kEvery);
  check.take(at(10));
  check.take(at(1, 2));
  check.take(at(2, 2));
  EXPECT_EQ(check.faults().restarted, 1U);
  EXPECT_EQ(check.faults().wrong(), 0U);
}

TEST(PositionCheck, TalliesBetweenTwoPositionsOnly) {
  PositionCheck check(Sees::kSome);
  check.take(at(5));
  check.watch(5, 20);
  for (const std::uint64_t sequence : std::initializer_list<std::uint64_t>{7, 19, 20, 21})
    check.take(at(sequence));
  Tally wanted;
  for (const std::uint64_t sequence : std::initializer_list<std::uint64_t>{7, 19, 20})
    wanted.add(sequence);
  EXPECT_EQ(check.tally(), wanted);
}

TEST(Tallies, TellALossADoublingAndAnExchangeApart) {
  Tally wanted;
  for (const std::uint64_t sequence : std::initializer_list<std::uint64_t>{3, 8, 9})
    wanted.add(sequence);
  Tally fewer, more, others;
  for (const std::uint64_t sequence : std::initializer_list<std::uint64_t>{3, 9})
    fewer.add(sequence);
  for (const std::uint64_t sequence : std::initializer_list<std::uint64_t>{3, 8, 9, 9})
    more.add(sequence);
  for (const std::uint64_t sequence : std::initializer_list<std::uint64_t>{3, 8, 10})
    others.add(sequence);
  EXPECT_EQ(compare(wanted, wanted), PositionFaults{});
  EXPECT_EQ(compare(wanted, fewer).lost, 1U);
  EXPECT_EQ(compare(wanted, more).doubled, 1U);
  EXPECT_EQ(compare(wanted, others).lost, 1U);
  EXPECT_EQ(compare(wanted, others).doubled, 1U);
}

/// Streams with faults planted at random: what is found is what was planted.
TEST(PositionCheck, FindsWhatWasPlanted) {
  const char* const given = std::getenv("RINGSIDE_SEED");
  const std::uint64_t first = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
  const std::uint64_t last = given != nullptr ? first : 300;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("RINGSIDE_SEED=" + std::to_string(seed) + " load_test --gtest_filter=*Planted");
    core::Random random(seed);
    PositionCheck check(Sees::kEvery);
    PositionFaults planted;
    std::uint64_t next = 1 + random.below(1000);
    check.take(at(next++));
    for (int i = 0; i < 400; ++i) {
      // One in ten is a fault; good ones stand between them, so that each is one by itself.
      check.take(at(next++));
      switch (random.below(30)) {
        case 0: {
          const std::uint64_t missing = 1 + random.below(5);
          planted.lost += missing;
          next += missing;
          break;
        }
        case 1:
          check.take(at(next - 1));
          ++planted.doubled;
          break;
        case 2:
          check.take(at(next + 1));
          check.take(at(next));
          next += 2;
          ++planted.disordered;
          break;
        default:
          break;
      }
      check.take(at(next++));
    }
    EXPECT_EQ(check.faults(), planted);
  }
}

}  // namespace
}  // namespace cti::load
