// outcomes.hpp - a table of what two threads may and must not bring about, compared with what they did.
//
// Every outcome has a verdict and a reason. An allowed one that never comes is a failure too: then the scenario does
// not reach what it was written for, or the search is too shallow.
#pragma once

#include "tests/model/explorer.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace cti::model {

enum class Verdict { kAllowed, kForbidden };
inline constexpr Verdict kAllowed = Verdict::kAllowed;
inline constexpr Verdict kForbidden = Verdict::kForbidden;

struct Row {
  std::string outcome;
  Verdict verdict;
  std::string reason;
};

/// Explores `make` and compares. What no row names is a failure.
inline void expect_outcomes(const std::vector<Row>& rows, const std::function<Scenario()>& make,
                            Explorer::Limits limits = {}) {
  Explorer explorer(limits);
  std::map<std::string, std::uint64_t> seen = explorer.explore(make);
  EXPECT_TRUE(explorer.exhausted()) << "the search stopped after " << explorer.runs() << " runs";
  for (const Row& row : rows) {
    const std::uint64_t times = seen[row.outcome];
    seen.erase(row.outcome);
    if (row.verdict == kAllowed) {
      EXPECT_GT(times, 0u) << "\"" << row.outcome << "\" never came: " << row.reason;
    } else {
      EXPECT_EQ(times, 0u) << "\"" << row.outcome << "\" came: " << row.reason;
    }
  }
  for (const auto& [outcome, times] : seen) {
    ADD_FAILURE() << "\"" << outcome << "\" came " << times << " times; no row names it";
  }
  testing::Test::RecordProperty("runs", std::to_string(explorer.runs()));
}

}  // namespace cti::model
