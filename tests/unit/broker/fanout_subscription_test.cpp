// The index finds exactly the sessions of an agent, however often they come and go.
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

}  // namespace
}  // namespace cti::broker
