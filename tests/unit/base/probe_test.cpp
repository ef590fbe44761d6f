// probe_test.cpp - linear probing against a map: what is there is found, what is not ends its search, holes close.
#include "core/base/probe.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace cti {
namespace {

struct Table {
  std::array<std::optional<std::uint64_t>, 16> keys;
  std::array<int, 16> values{};

  std::uint64_t mask() const noexcept { return keys.size() - 1; }
  bool taken(std::uint64_t at) const noexcept { return keys[at].has_value(); }
  std::uint64_t key(std::uint64_t at) const noexcept { return *keys[at]; }
  void move(std::uint64_t from, std::uint64_t to) noexcept {
    keys[to] = keys[from];
    values[to] = values[from];
  }
  void set_free(std::uint64_t at) noexcept { keys[at].reset(); }

  void put(std::uint64_t key, int value) {
    const std::uint64_t at = probe::place_of(*this, key);
    keys[at] = key;
    values[at] = value;
  }
  std::optional<int> get(std::uint64_t key) const {
    const std::uint64_t at = probe::place_of(*this, key);
    return taken(at) ? std::optional<int>(values[at]) : std::nullopt;
  }
  void erase(std::uint64_t key) { probe::erase(*this, probe::place_of(*this, key)); }
};

TEST(Probe, KeysOfOneHomeStandBesideEachOtherAndOneThatGoesLeavesNoGap) {
  Table table;
  for (int i = 0; i < 4; ++i) table.put(3 + 16 * static_cast<std::uint64_t>(i), i);
  EXPECT_EQ(table.key(3), 3u);
  EXPECT_EQ(table.key(6), 3u + 48);
  table.erase(3);
  EXPECT_FALSE(table.taken(6));
  for (int i = 1; i < 4; ++i) EXPECT_EQ(table.get(3 + 16 * static_cast<std::uint64_t>(i)), i);
  EXPECT_EQ(table.get(3), std::nullopt);
}

TEST(Probe, WhoStandsAtHomeBehindAHoleStaysThere) {
  Table table;
  table.put(3, 0);
  table.put(4, 1);
  table.erase(3);
  EXPECT_EQ(table.key(4), 4u);
  EXPECT_FALSE(table.taken(3));
}

TEST(Probe, ARunGoesOnAtTheBeginningAndClosesAcrossTheSeam) {
  Table table;
  for (int i = 0; i < 5; ++i) table.put(14 + 16 * static_cast<std::uint64_t>(i), i);  // 14 15 0 1 2
  table.put(1, 9);  // displaced to 3
  table.erase(14);
  EXPECT_FALSE(table.taken(3));
  EXPECT_EQ(table.get(1), 9);
  for (int i = 1; i < 5; ++i) EXPECT_EQ(table.get(14 + 16 * static_cast<std::uint64_t>(i)), i);
}

// Few homes, long runs, up to one free place: every state is one that a full table can be in.
TEST(Probe, IsAMapWhateverComesAndGoes) {
  constexpr std::uint64_t seed = 1;  // another one searches elsewhere
  std::mt19937_64 random(seed);
  Table table;
  std::map<std::uint64_t, int> twin;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t key = random() % 64;  // 4 of each home
    const auto known = twin.find(key);
    if (known != twin.end() && random() % 2 == 0) {
      table.erase(key);
      twin.erase(known);
    } else if (known != twin.end() || twin.size() + 1 < table.keys.size()) {
      table.put(key, step);
      twin[key] = step;
    }
    std::size_t taken = 0;
    for (std::uint64_t at = 0; at < table.keys.size(); ++at) taken += table.taken(at) ? 1 : 0;
    ASSERT_EQ(taken, twin.size());
    for (std::uint64_t each = 0; each < 64; ++each) {
      const auto found = twin.find(each);
      ASSERT_EQ(table.get(each), found == twin.end() ? std::nullopt : std::optional(found->second));
    }
  }
}

}  // namespace
}  // namespace cti
