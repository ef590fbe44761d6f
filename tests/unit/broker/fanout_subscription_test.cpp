// fanout_subscription_test.cpp - the index finds exactly the sessions of an agent and those that watch it, however often they
// come and go.
#include "broker/fanout/subscription.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

namespace cti::broker {
namespace {

std::set<std::uint32_t> sessions_of(const AgentIndex& index, std::uint64_t key) {
  std::set<std::uint32_t> found;
  index.for_each(key, [&](std::uint32_t slot) { found.insert(slot); });
  return found;
}

TEST(AgentIndex, FindsEverySessionOfAnAgent) {
  AgentIndex index(16);
  index.add(7, 1);
  index.add(7, 2);
  index.add(9, 3);
  EXPECT_EQ(sessions_of(index, 7), (std::set<std::uint32_t>{1, 2}));
  EXPECT_EQ(index.count(7), 2u);
  EXPECT_EQ(sessions_of(index, 8), std::set<std::uint32_t>{});
  index.remove(1);
  index.remove(1);
  EXPECT_EQ(sessions_of(index, 7), (std::set<std::uint32_t>{2}));
}

TEST(AgentIndex, AgreesWithAMapUnderRandomUseWithCollidingKeys) {
  constexpr std::uint64_t seed = 1;  // another one searches elsewhere
  std::mt19937_64 random(seed);
  constexpr std::uint32_t kSlots = 200;
  AgentIndex index(kSlots);
  std::map<std::uint64_t, std::set<std::uint32_t>> twin;
  std::vector<std::uint64_t> bound(kSlots, 0);
  for (int step = 0; step < 50000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random() % kSlots);
    if (bound[slot] != 0) {
      index.remove(slot);
      twin[bound[slot]].erase(slot);
      bound[slot] = 0;
    } else {
      const std::uint64_t key = 1 + random() % 40 * 512 + random() % 4;  // many share their home
      index.add(key, slot);
      twin[key].insert(slot);
      bound[slot] = key;
    }
    const std::uint64_t probe = 1 + random() % 40 * 512 + random() % 4;
    ASSERT_EQ(sessions_of(index, probe), twin[probe]);
    ASSERT_EQ(index.count(probe), twin[probe].size());
  }
}

std::multiset<std::uint32_t> given(const AgentIndex& index, std::uint64_t key,
                                   std::uint32_t topics) {
  std::multiset<std::uint32_t> found;
  index.for_each(key, topics, [&](std::uint32_t slot) { found.insert(slot); });
  return found;
}

TEST(AgentIndex, AWatchIsGivenItsTopicsOnceItCountsAndIsNoSessionOfTheAgent) {
  AgentIndex index(16, 8);
  index.add(7, 1);
  ASSERT_TRUE(index.watch(2, 7, 1));
  EXPECT_EQ(given(index, 7, 1), (std::multiset<std::uint32_t>{1})) << "not before activate";
  index.activate(2);
  EXPECT_EQ(given(index, 7, 1), (std::multiset<std::uint32_t>{1, 2}));
  EXPECT_EQ(given(index, 7, 2), (std::multiset<std::uint32_t>{1}));
  EXPECT_EQ(index.count(7), 1u);
  EXPECT_EQ(sessions_of(index, 7), (std::set<std::uint32_t>{1}));
  ASSERT_TRUE(index.watch(2, 7, 3));
  EXPECT_EQ(given(index, 7, 2), (std::multiset<std::uint32_t>{1})) << "what is new of it waits";
  EXPECT_EQ(given(index, 7, 1), (std::multiset<std::uint32_t>{1, 2})) << "what it had it keeps";
  index.activate(2);
  EXPECT_EQ(given(index, 7, 2), (std::multiset<std::uint32_t>{1, 2}));
  ASSERT_TRUE(index.watch(2, 7, 1));
  EXPECT_EQ(given(index, 7, 2), (std::multiset<std::uint32_t>{1})) << "what ends ends at once";
  EXPECT_EQ(index.watches(), 1u);
  index.remove(2);
  EXPECT_EQ(index.watches(), 0u);
  EXPECT_EQ(given(index, 7, 1), (std::multiset<std::uint32_t>{1}));
}

TEST(AgentIndex, RefusesAWatchBeyondItsBoundAndHasRoomAgainWhenOneEnds) {
  AgentIndex index(4, 2);
  EXPECT_TRUE(index.watch(0, 7, 1));
  EXPECT_TRUE(index.watch(0, 8, 1));
  EXPECT_FALSE(index.watch(1, 7, 1));
  EXPECT_TRUE(index.watch(0, 8, 3)) << "a change of one that is there";
  EXPECT_TRUE(index.watch(0, 8, 0));
  EXPECT_TRUE(index.watch(0, 8, 0)) << "harmless";
  EXPECT_TRUE(index.watch(1, 7, 1));
  EXPECT_EQ(index.watches(), 2u);
}

TEST(AgentIndex, WhoStopsWatchingWhileItIsGivenARecordHidesItFromNobody) {
  AgentIndex index(8, 16);
  index.add(7, 0);
  for (std::uint32_t slot = 1; slot < 8; ++slot) {
    ASSERT_TRUE(index.watch(slot, 7, 1));
    ASSERT_TRUE(index.watch(slot, 8, 1));
    index.activate(slot);
  }
  std::multiset<std::uint32_t> given;
  index.for_each(7, 1, [&](std::uint32_t slot) {
    given.insert(slot);
    if (slot % 2 == 1) index.end_watches(slot);
  });
  EXPECT_EQ(given, (std::multiset<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(index.watches(), 6u);
  EXPECT_EQ(sessions_of(index, 7), (std::set<std::uint32_t>{0}));
}

TEST(AgentIndex, WatchesAgreeWithAMapUnderRandomUseWithCollidingKeys) {
  constexpr std::uint64_t seed = 1;  // another one searches elsewhere
  std::mt19937_64 random(seed);
  constexpr std::uint32_t kSlots = 40, kWatches = 300;
  AgentIndex index(kSlots, kWatches);
  std::vector<std::uint64_t> bound(kSlots, 0);
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint32_t> twin;  // slot, key -> topics
  for (int step = 0; step < 50000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random() % kSlots);
    const std::uint64_t key = 1 + random() % 20 * 1024 + random() % 4;  // many share their home
    const auto topics = static_cast<std::uint32_t>(random() % 4);
    if (random() % 64 == 0) {
      index.remove(slot);
      bound[slot] = 0;
      std::erase_if(twin, [&](const auto& edge) { return edge.first.first == slot; });
    } else if (bound[slot] == 0 && random() % 4 == 0) {
      index.add(key, slot);
      bound[slot] = key;
    } else {
      const bool known = twin.contains({slot, key});
      const bool room = topics == 0 || known || twin.size() < kWatches;
      ASSERT_EQ(index.watch(slot, key, topics), room);
      if (topics == 0) twin.erase({slot, key});
      if (topics != 0 && room) twin[{slot, key}] = topics;
      index.activate(slot);
    }
    ASSERT_EQ(index.watches(), twin.size());
    const std::uint64_t probe = 1 + random() % 20 * 1024 + random() % 4;
    const auto asked = static_cast<std::uint32_t>(1 + random() % 3);
    std::multiset<std::uint32_t> expected;
    for (std::uint32_t s = 0; s < kSlots; ++s) {
      if (bound[s] == probe) expected.insert(s);
      const auto edge = twin.find({s, probe});
      const std::uint32_t has = edge == twin.end() ? 0 : edge->second;
      if ((has & asked) != 0) expected.insert(s);
      ASSERT_EQ(index.watches(s, probe, asked), (has & asked) != 0);
    }
    ASSERT_EQ(given(index, probe, asked), expected);
  }
}

}  // namespace
}  // namespace cti::broker
