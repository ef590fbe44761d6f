// log_follower_test.cpp - how a reactor follows a log: wherever it stops, it goes on there, and holds no more than that.
#include "broker/fanout/log_follower.hpp"
#include "core/random.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace cti::broker {
namespace {

constexpr std::size_t kRecordBytes = 64;

/// A log of records that are numbers, and one follower of it.
struct World {
  explicit World(bool hold, std::size_t log_bytes = 1 << 16)
      : log(std::move(ring::EventLog::create({log_bytes, 1, ring::MirroredMemory::Pages::kLazy}))
                .value()),
        follower(*log, log->gate(0), hold) {}

  /// False: the log is held.
  bool write(std::size_t bytes = kRecordBytes) {
    const MutableBytes room = log->claim(bytes);
    if (room.empty()) return false;
    store_le<std::uint32_t>(room.data(), static_cast<std::uint32_t>(bytes));
    store_le<std::uint64_t>(room.data() + 8, written + 1);
    log->commit(bytes, ++written);
    log->publish();
    return true;
  }
  void write_many(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(write());
  }
  LogFollower::End follow(std::size_t budget = 1 << 20, std::size_t at_once = 1 << 20) {
    return follow_to(log->tail(), budget, at_once);
  }
  LogFollower::End follow_to(ring::Position limit, std::size_t budget = 1 << 20,
                             std::size_t at_once = 1 << 20) {
    std::uint32_t records = 0;
    const std::size_t before = given.size();
    const auto end = follower.follow(
        limit, at_once, budget, records,
        [&](Bytes record) {
          const std::uint64_t number = load_le<std::uint64_t>(record.data() + 8);
          if (number == stop_at) return false;
          given.push_back(number);
          if (number == throw_at) throw std::runtime_error("no");
          return true;
        },
        [&](ring::Position read) {
          EXPECT_EQ(read, follower.read());
          ++shown;
        });
    EXPECT_EQ(records, given.size() - before);
    follower.invariants();
    return end;
  }
  std::uint32_t holds() const { return log->gate(0).holds(); }

  std::unique_ptr<ring::EventLog> log;
  LogFollower follower;
  std::uint64_t written = 0, stop_at = 0, throw_at = 0;
  std::vector<std::uint64_t> given;
  int shown = 0;
};

using End = LogFollower::End;

std::vector<std::uint64_t> up_to(std::uint64_t last) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 1; i <= last; ++i) all.push_back(i);
  return all;
}

TEST(LogFollower, GivesEveryRecordOnceAndInOrder) {
  for (const bool hold : {true, false}) {
    World world(hold);
    EXPECT_TRUE(world.follower.at_end());
    world.write_many(100);
    EXPECT_FALSE(world.follower.at_end());
    EXPECT_EQ(world.follow(1 << 20, 300), End::kReached);
    EXPECT_EQ(world.given, up_to(100));
    EXPECT_TRUE(world.follower.at_end());
    EXPECT_GE(world.shown, 100 * 64 / 300) << "after each step";
    EXPECT_EQ(world.holds(), hold ? 1u : 0u);
  }
}

TEST(LogFollower, StopsAtTheLimitThatItIsGiven) {
  World world(true);
  world.write_many(10);
  EXPECT_EQ(world.follow_to(4 * kRecordBytes), End::kReached);
  EXPECT_EQ(world.given, up_to(4));
  EXPECT_EQ(world.follower.read(), 4 * kRecordBytes);
  EXPECT_EQ(world.follow_to(4 * kRecordBytes), End::kReached);
  EXPECT_EQ(world.given, up_to(4)) << "nothing comes twice";
  EXPECT_EQ(world.follow(), End::kReached);
  EXPECT_EQ(world.given, up_to(10));
}

TEST(LogFollower, ARecordThatFindsNoRoomComesAgain) {
  World world(true);
  world.write_many(10);
  world.stop_at = 6;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.follow(), End::kStopped);
  EXPECT_EQ(world.given, up_to(5));
  EXPECT_EQ(world.follower.read(), 5 * kRecordBytes);
  EXPECT_EQ(world.holds(), 1u) << "from its place on, once";
  world.stop_at = 0;
  EXPECT_EQ(world.follow(), End::kReached);
  EXPECT_EQ(world.given, up_to(10));
}

TEST(LogFollower, ABudgetEndsATurnAndTheNextGoesOn) {
  World world(true);
  world.write_many(20);
  int turns = 1;
  while (world.follow(3 * kRecordBytes) == End::kBudget) ++turns;
  EXPECT_EQ(world.given, up_to(20));
  EXPECT_EQ(turns, 7) << "three records a turn";
}

TEST(LogFollower, ARecordOfWhichGivingFailsCountsAsGivenAndIsNotHeld) {
  World world(true);
  world.write_many(10);
  world.throw_at = 3;
  EXPECT_THROW((void)world.follow(), std::runtime_error);
  EXPECT_LE(world.holds(), 1u) << "the step's own hold has ended with it";
  world.throw_at = 0;
  EXPECT_EQ(world.follow(), End::kReached);
  EXPECT_EQ(world.given, up_to(10));
  EXPECT_EQ(world.holds(), 1u);
}

TEST(LogFollower, HoldsTheLogAtItsPlaceAndNoLonger) {
  World world(true);
  while (world.write()) continue;  // until the follower's hold stops it
  const std::uint64_t held_up_at = world.written;
  EXPECT_EQ(world.follow(), End::kReached);
  EXPECT_EQ(world.given, up_to(held_up_at)) << "nothing was overwritten";
  EXPECT_TRUE(world.write()) << "its hold has moved on";
  world.stop_at = held_up_at + 1;
  EXPECT_EQ(world.follow(), End::kStopped);
  while (world.write()) continue;
  world.stop_at = 0;
  EXPECT_EQ(world.follow(), End::kReached);
  EXPECT_EQ(world.given, up_to(world.written)) << "what it stopped in front of was kept";
}

TEST(LogFollower, WithoutAHoldItIsOvertakenSaysSoAndGoesOnFromTheEnd) {
  World world(false);
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(world.write());
  EXPECT_EQ(world.follow(), End::kLapped);
  EXPECT_TRUE(world.given.empty());
  EXPECT_EQ(world.holds(), 0u);
  world.follower.skip(world.log->tail());
  EXPECT_TRUE(world.follower.at_end());
  ASSERT_TRUE(world.write());
  EXPECT_EQ(world.follow(), End::kReached);
  EXPECT_EQ(world.given, (std::vector<std::uint64_t>{5001}));
}

TEST(LogFollower, ItsHoldEndsWithItAndMovesWithIt) {
  World world(true);
  EXPECT_EQ(world.holds(), 1u);
  {
    LogFollower first(*world.log, world.log->gate(0), true);
    EXPECT_EQ(world.holds(), 2u);
    const LogFollower second(std::move(first));
    EXPECT_EQ(world.holds(), 2u);
    EXPECT_TRUE(second.holding());
    EXPECT_FALSE(first.holding());
  }
  EXPECT_EQ(world.holds(), 1u);
}

TEST(LogFollower, AgreesWithAPlainListUnderRandomUse) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    World world(true);
    for (int step = 0; step < 400; ++step) {
      if (random.chance(0.6)) {
        const std::size_t bytes = 16 + 8 * random.below(60);
        if (!world.write(bytes)) {
          EXPECT_EQ(world.follow(), End::kReached);
        }
      } else {
        world.stop_at = random.chance(0.3) ? 1 + random.below(world.written + 2) : 0;
        if (world.stop_at <= world.given.size()) world.stop_at = 0;
        (void)world.follow(8 * (1 + random.below(400)), 8 * (8 + random.below(200)));
      }
      ASSERT_EQ(world.given, up_to(world.given.size()));
      ASSERT_LE(world.holds(), 1u);
    }
    world.stop_at = 0;
    EXPECT_EQ(world.follow(), End::kReached);
    EXPECT_EQ(world.given, up_to(world.written));
  }
}

}  // namespace
}  // namespace cti::broker
