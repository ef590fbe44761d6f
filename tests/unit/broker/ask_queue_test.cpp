// ask_queue_test.cpp - lanes of asks: room of one's own, fair shares, ends of sessions that always fit.
#include "broker/meet/ask_queue.hpp"

#include "broker/meet/admission.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

namespace cti::broker {
namespace {

Ask request_of(std::uint16_t reactor, std::uint32_t session, std::uint64_t id,
               std::size_t bytes = 16) {
  Ask ask;
  ask.from = {reactor, {session, 1}, session};
  ask.request_id = id;
  ask.arguments.resize(bytes);
  return ask;
}
Ask control_of(AskKind kind, std::uint32_t session) {
  Ask ask;
  ask.kind = kind;
  ask.from = {0, {session, 1}, session};
  return ask;
}
SessionRef session_of(std::uint32_t slot, std::uint64_t number) { return {0, {slot, 1}, number}; }

struct Lanes {
  explicit Lanes(std::size_t reactors, const AskLimits& limits = {}) : queue(reactors, limits) {}

  AskPush push(std::uint16_t reactor, std::uint32_t session, std::uint64_t id = 0,
               std::size_t bytes = 16) {
    return queue.lane(reactor).push(request_of(reactor, session, id, bytes),
                                    shares[{reactor, session}]);
  }
  std::vector<Ask> drain(std::size_t limit = 64) {
    std::vector<Ask> got;
    queue.drain(limit, [&](Ask&& ask) { got.push_back(std::move(ask)); });
    return got;
  }
  void empty_out() {
    while (!queue.empty()) drain();
  }

  AskQueue queue;
  std::map<std::pair<std::uint16_t, std::uint32_t>, AskShare> shares;
};

// Issue 9, item 2: with one queue for all, 1,200 of 1,284 were refused for good after the flood.
TEST(AskQueue, AFloodThroughOneReactorLeavesTheRoomOfTheOthers) {
  Lanes lanes(2);
  std::size_t refused = 0;
  for (int round = 0; round < 4; ++round) {
    for (std::uint32_t i = 0; i < 9000; ++i) refused += lanes.push(0, i) != AskPush::kTaken;
    if (round < 3) lanes.drain();
  }
  EXPECT_GT(refused, 0u) << "the flood has met its bound";
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(lanes.push(1, i), AskPush::kTaken) << i << ", while the flood stands";
  }
  lanes.empty_out();
  for (std::uint32_t i = 0; i < 1024; ++i) {
    ASSERT_EQ(lanes.push(1, i), AskPush::kTaken) << i << ", after it";
  }
}

TEST(AskQueue, TheLineTakesTheSameNumberFromEachReactor) {
  Lanes lanes(4);
  for (std::uint32_t i = 0; i < 900; ++i) ASSERT_EQ(lanes.push(2, i), AskPush::kTaken);
  for (const std::uint16_t quiet : std::initializer_list<std::uint16_t>{0, 1, 3}) {
    for (std::uint32_t i = 0; i < 5; ++i) ASSERT_EQ(lanes.push(quiet, i), AskPush::kTaken);
  }
  std::map<int, int> from;
  for (const Ask& ask : lanes.drain(64)) ++from[ask.from.fanout];
  for (const int quiet : {0, 1, 3}) EXPECT_EQ(from[quiet], 5);
  EXPECT_EQ(from[2], 49) << "what the others do not use";
}

// A lane with as many modes as requests fills a whole batch by itself: the next one begins with another lane.
TEST(AskQueue, ALaneThatFillsABatchDoesNotComeFirstAgain) {
  Lanes lanes(2, {.requests = 1024, .controls = 256});
  const auto fill_first = [&] {
    for (std::uint32_t i = 0; i < 256; ++i) {
      (void)lanes.queue.lane(0).push_control(control_of(AskKind::kSnapshot, i));
      (void)lanes.push(0, 1000 + i);
    }
  };
  std::size_t others = 0;
  for (std::uint32_t i = 0; i < 64; ++i) ASSERT_EQ(lanes.push(1, i), AskPush::kTaken);
  for (int round = 0; round < 2; ++round) {
    fill_first();
    for (const Ask& ask : lanes.drain(AskQueue::kBatch)) others += ask.from.fanout == 1 ? 1 : 0;
  }
  EXPECT_EQ(others, 64u) << "within two rounds, whatever the first one asks";
}

TEST(AskQueue, ABudgetOfOneStillReachesEveryReactor) {
  Lanes lanes(3);
  for (std::uint16_t reactor = 0; reactor < 3; ++reactor) {
    for (std::uint32_t i = 0; i < 20; ++i) ASSERT_EQ(lanes.push(reactor, i), AskPush::kTaken);
  }
  std::set<int> served;
  for (int turn = 0; turn < 3; ++turn) {
    for (const Ask& ask : lanes.drain(1)) served.insert(ask.from.fanout);
  }
  EXPECT_EQ(served.size(), 3u);
}

TEST(AskQueue, AFloodOfRequestsNeverStandsBeforeModesAndSnapshots) {
  Lanes lanes(1);
  for (std::uint32_t i = 0; i < 2000; ++i) (void)lanes.push(0, i);
  ASSERT_TRUE(lanes.queue.lane(0).push_control(control_of(AskKind::kSnapshot, 7)));
  const auto got = lanes.drain(8);
  ASSERT_FALSE(got.empty());
  EXPECT_EQ(got[0].kind, AskKind::kSnapshot);
}

// C12
TEST(AskQueue, OneSessionGetsAnEighthOfTheLaneAndTheOthersStillGetIn) {
  Lanes lanes(1, {.requests = 256});
  std::size_t taken = 0;
  for (int i = 0; i < 1000; ++i) taken += lanes.push(0, 1) == AskPush::kTaken;
  EXPECT_EQ(taken, 32u);
  EXPECT_EQ(lanes.push(0, 1), AskPush::kShareFull);
  EXPECT_EQ(lanes.push(0, 2), AskPush::kTaken);
  lanes.empty_out();
  EXPECT_EQ(lanes.push(0, 1), AskPush::kTaken) << "what the line has taken waits no more";
}

// Its share counted what it had ever asked since the lane was last empty.
TEST(AskQueue, C12_WhoAlwaysHasSomethingWaitingIsFreedOfWhatTheLineHasTaken) {
  Lanes lanes(1, {.requests = 1024});
  std::uint64_t id = 0;
  const auto push = [&](int count) {
    for (int i = 0; i < count; ++i) ASSERT_EQ(lanes.push(0, 1, ++id), AskPush::kTaken) << id;
  };
  ASSERT_NO_FATAL_FAILURE(push(64));
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(lanes.drain(32).size(), 32u);
    ASSERT_NO_FATAL_FAILURE(push(32));
  }
}

// One in so many of what waits, and never at the end of it: others keep the lane from running empty.
TEST(AskQueue, C12_WhoAsksALittleAmongManyOthersIsNotCountedForMore) {
  Lanes lanes(1, {.requests = 1024});
  for (std::uint32_t i = 0; i < 400; ++i) ASSERT_EQ(lanes.push(0, 1000 + i), AskPush::kTaken);
  for (std::uint32_t round = 0; round < 2000; ++round) {
    ASSERT_EQ(lanes.push(0, 1), AskPush::kTaken) << round;
    for (std::uint32_t i = 0; i < 15; ++i) {
      ASSERT_EQ(lanes.push(0, 2000 + (round * 15 + i) % 4096), AskPush::kTaken);
    }
    ASSERT_EQ(lanes.drain(16).size(), 16u);
  }
}

// The bound stands all the same: of what really waits, an eighth.
TEST(AskQueue, C12_AShareThatIsFreedInPartStillHasItsBound) {
  Lanes lanes(1, {.requests = 1024});
  std::size_t waiting = 0, highest = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 64; ++i) waiting += lanes.push(0, 1) == AskPush::kTaken ? 1 : 0;
    highest = std::max(highest, waiting);
    waiting -= lanes.drain(20).size();
  }
  EXPECT_EQ(highest, 128u);
}

TEST(AskQueue, C12_ADozenFloodersDoNotKeepOutWhoHasNothingWaiting) {
  Lanes lanes(1, {.requests = 256});
  for (int i = 0; i < 1000; ++i) {
    for (std::uint32_t flooder = 1; flooder <= 12; ++flooder) (void)lanes.push(0, flooder);
  }
  EXPECT_EQ(lanes.push(0, 3), AskPush::kShareFull);
  for (std::uint32_t quiet = 100; quiet < 200; ++quiet) {
    ASSERT_EQ(lanes.push(0, quiet), AskPush::kTaken) << quiet;
  }
}

TEST(AskQueue, IsBoundedInBytesToo) {
  Lanes lanes(1, {.requests = 1024, .bytes = std::size_t{1} << 20});
  std::size_t bytes = 0;
  for (std::uint32_t session = 1; session < 600; ++session) {
    for (int i = 0; i < 8; ++i) {
      if (lanes.push(0, session, 0, 32 * 1024) == AskPush::kTaken) bytes += 32 * 1024;
    }
  }
  EXPECT_EQ(bytes, std::size_t{1} << 20);
  lanes.empty_out();
  EXPECT_EQ(lanes.push(0, 1, 0, 32 * 1024), AskPush::kTaken);
}

TEST(AskQueue, AnEndOfASessionFitsThoughEverythingElseIsFull) {
  Lanes lanes(1, {.requests = 16, .controls = 4});
  AskLane& lane = lanes.queue.lane(0);
  lane.open(1000);
  for (std::uint32_t i = 0; i < 100; ++i) (void)lanes.push(0, i);
  while (lane.push_control(control_of(AskKind::kSnapshot, 1))) {
  }
  for (std::uint32_t slot = 0; slot < 1000; ++slot) lane.session_gone(session_of(slot, slot + 1));
  lane.session_gone(session_of(3, 5000));
  lane.session_gone(session_of(3, 5001));
  std::map<std::uint32_t, std::uint64_t> gone;
  while (!lanes.queue.empty()) {
    for (const Ask& ask : lanes.drain(10)) {
      if (ask.kind != AskKind::kSessionGone) continue;
      EXPECT_TRUE(gone.emplace(ask.from.connection.slot, ask.from.session_number).second);
    }
  }
  ASSERT_EQ(gone.size(), 1000u) << "each slot once";
  EXPECT_EQ(gone[3], 5001u) << "the last session says it of those before";
  EXPECT_EQ(gone[999], 1000u);
}

// M12: one ask that finds no memory does not take its neighbours along.
TEST(AskQueue, StatisticsThatAreTakenAreHeardOfForEachSlotThoughTheBatchIsFull) {
  Lanes lanes(1);
  lanes.queue.lane(0).open(1000);
  for (std::uint32_t slot = 0; slot < 1000; ++slot) {
    lanes.queue.lane(0).statistics_taken(slot);
    lanes.queue.lane(0).statistics_taken(slot);  // before the line has looked: once is enough
  }
  lanes.queue.lane(0).session_gone(session_of(7, 70));
  std::set<std::uint32_t> taken;
  std::size_t gone = 0;
  while (!lanes.queue.empty()) {
    for (const Ask& ask : lanes.drain(64)) {
      gone += ask.kind == AskKind::kSessionGone ? 1 : 0;
      if (ask.kind != AskKind::kStatisticsTaken) continue;
      EXPECT_TRUE(taken.insert(ask.from.connection.slot).second);
    }
  }
  EXPECT_EQ(taken.size(), 1000U);
  EXPECT_EQ(gone, 1U);
  lanes.queue.lane(0).statistics_taken(3);
  EXPECT_FALSE(lanes.queue.empty());
}

TEST(AskQueue, AnAskThatThrowsLeavesTheOthersThere) {
  Lanes lanes(1);
  for (std::uint64_t id = 1; id <= 10; ++id) ASSERT_EQ(lanes.push(0, 1, id), AskPush::kTaken);
  std::vector<std::uint64_t> ids;
  const auto take = [&](Ask&& ask) {
    if (ask.request_id == 4) throw std::bad_alloc();
    ids.push_back(ask.request_id);
  };
  EXPECT_THROW(lanes.queue.drain(64, take), std::bad_alloc);
  EXPECT_FALSE(lanes.queue.empty());
  lanes.queue.drain(64, take);
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{1, 2, 3, 5, 6, 7, 8, 9, 10}));
}

TEST(AskQueue, ThreadsLoseNothingAndKeepTheOrderOfEachReactor) {
  constexpr std::uint64_t kEach = 20'000;
  constexpr std::uint32_t kSlots = 64;
  Lanes lanes(2, {.requests = 64});
  for (std::uint16_t reactor = 0; reactor < 2; ++reactor) lanes.queue.lane(reactor).open(kSlots);
  std::vector<std::thread> reactors;
  for (std::uint16_t reactor = 0; reactor < 2; ++reactor) {
    reactors.emplace_back([&lanes, reactor] {
      AskLane& lane = lanes.queue.lane(reactor);
      std::vector<AskShare> mine(kSlots);
      for (std::uint64_t id = 1; id <= kEach;) {
        const auto slot = static_cast<std::uint32_t>(id % kSlots);
        if (lane.push(request_of(reactor, slot, id), mine[slot]) != AskPush::kTaken) {
          std::this_thread::yield();
          continue;
        }
        lane.session_gone({reactor, {slot, 1}, id});
        ++id;
      }
    });
  }
  std::uint64_t last[2] = {0, 0};
  std::uint64_t highest_gone[2] = {0, 0};
  const auto done = [&] {
    return last[0] == kEach && last[1] == kEach && highest_gone[0] == kEach &&
           highest_gone[1] == kEach;
  };
  while (!done()) {
    const std::size_t count = lanes.queue.drain(64, [&](Ask&& ask) {
      const std::uint16_t reactor = ask.from.fanout;
      if (ask.kind == AskKind::kSessionGone) {
        highest_gone[reactor] = std::max(highest_gone[reactor], ask.from.session_number);
      } else {
        EXPECT_EQ(ask.request_id, last[reactor] + 1);
        last[reactor] = ask.request_id;
      }
    });
    if (count == 0) std::this_thread::yield();
  }
  for (std::thread& reactor : reactors) reactor.join();
  EXPECT_TRUE(lanes.queue.empty());
}

// Issue 9, item 20: a line reads the count in each of its turns.
TEST(Admission, TheCountIsReadWithoutALock) {
  Admission admission(100, 2);
  EXPECT_EQ(admission.enter(1), Admitted::kYes);
  EXPECT_EQ(admission.enter(1), Admitted::kYes);
  EXPECT_EQ(admission.enter(1), Admitted::kAddressFull);
  EXPECT_EQ(admission.enter(2), Admitted::kYes);
  static_assert(noexcept(admission.sessions()), "a lock may throw");
  EXPECT_EQ(admission.sessions(), 3u);
  admission.leave(1);
  EXPECT_EQ(admission.sessions(), 2u);
  EXPECT_EQ(admission.enter(1), Admitted::kYes);
}

}  // namespace
}  // namespace cti::broker
