// cases_test.cpp - every case holds under both memories, and no memory order in ring/ can be weakened unnoticed.
#include "tests/model/cases.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <regex>
#include <set>
#include <string>

namespace cti::model {
namespace {

class EveryOrder : public testing::TestWithParam<Case> {
 protected:
  static void expect_table(Memory memory) {
    const Case& one = GetParam();
    Explorer explorer = one.explorer(memory);
    Explorer::Outcomes seen = explorer.explore(one.make(memory));
    EXPECT_TRUE(explorer.exhausted()) << "the search stopped after " << explorer.runs() << " runs";
    for (const Row& row : one.rows) {
      const std::uint64_t times = seen[row.outcome];
      seen.erase(row.outcome);
      if (one.forbids(row.outcome, memory)) {
        EXPECT_EQ(times, 0u) << "\"" << row.outcome << "\" came: " << row.reason;
      } else {
        EXPECT_GT(times, 0u) << "\"" << row.outcome << "\" never came: " << row.reason;
      }
    }
    for (const auto& [outcome, times] : seen) {
      ADD_FAILURE() << "\"" << outcome << "\" came " << times << " times; no row names it";
    }
    RecordProperty("runs", std::to_string(explorer.runs()));
  }
};

TEST_P(EveryOrder, HoldsWithStoreBuffers) { expect_table(Memory::kStoreBuffers); }

TEST_P(EveryOrder, HoldsUnderViews) { expect_table(Memory::kViews); }

INSTANTIATE_TEST_SUITE_P(Case, EveryOrder, testing::ValuesIn(cases()),
                         [](const auto& made) { return made.param.name; });

/// The cases that pass each site.
std::map<Site, std::vector<const Case*>> sites_reached() {
  std::map<Site, std::vector<const Case*>> found;
  for (const Case& one : cases()) {
    Orders::instance().clear();
    // Who stays within the usual order passes every site that a longer search does, but those behind a deviation.
    Explorer::Limits limits = one.viewed_limits;
    limits.deviations_max = std::min(1u, limits.deviations_max);
    Explorer(limits, Memory::kViews).explore(one.viewed);
    for (const Site& site : Orders::instance().reached()) found[site].push_back(&one);
  }
  return found;
}

/// Every place in ring/ that asks for more than relaxed, found in its source.
std::set<Site> sites_written() {
  const std::regex order("memory_order_(acquire|release|acq_rel|seq_cst)");
  const std::regex fence("FenceOf<Atom>::(acquire|release|full)\\(");
  const std::regex comment("//.*");
  std::set<Site> found;
  for (const auto& entry : std::filesystem::directory_iterator(RING_FOLDER)) {
    const std::string name = entry.path().filename();
    const std::string kind = entry.path().extension();
    if (name == "fence.hpp" || (kind != ".hpp" && kind != ".cpp")) continue;
    std::ifstream in(entry.path());
    std::uint32_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      line = std::regex_replace(line, comment, "");
      if (std::regex_search(line, order) || std::regex_search(line, fence)) {
        found.insert({name, number});
      }
    }
  }
  return found;
}

/// The first case that a weaker order there makes go wrong, and its outcome.
std::string caught_by(const Site& site, const std::vector<const Case*>& passing) {
  Orders::instance().weaken(site);
  std::string caught;
  for (const Case* one : passing) {
    Explorer explorer = one->explorer(Memory::kViews);
    const auto wrong = [&](const std::string& outcome) {
      if (!one->forbids(outcome, Memory::kViews)) return false;
      caught = one->name + ": \"" + outcome + "\", run " + std::to_string(explorer.runs());
      return true;
    };
    explorer.explore(one->viewed, wrong);
    if (!caught.empty()) break;
  }
  Orders::instance().weaken(std::nullopt);
  return caught;
}

TEST(EveryOrderOfTheRings, IsPassedByACase) {
  const auto reached = sites_reached();
  for (const Site& site : sites_written()) {
    EXPECT_TRUE(reached.contains(site)) << site.text() << ": no case passes it";
  }
}

TEST(EveryOrderOfTheRings, WeakenedAloneIsCaught) {
  for (const auto& [site, passing] : sites_reached()) {
    if (site.file.ends_with("_model.cpp")) continue;  // a scenario's own
    const std::string caught = caught_by(site, passing);
    EXPECT_NE(caught, "") << site.text() << " can be weaker and no case goes wrong";
    std::cout << "  " << site.text() << "  " << caught << "\n";
  }
}

}  // namespace
}  // namespace cti::model
