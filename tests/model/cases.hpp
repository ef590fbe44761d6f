// cases.hpp - the scenarios of this folder: short threads, and a table of what they may and must not bring about.
//
// Every outcome has a verdict and a reason. An allowed one that never comes is a failure too: then the scenario does
// not reach what it was written for, or the search is too shallow. A case stands in the list from before main() on;
// cases_test.cpp runs each under both memories, and again with each memory order weakened.
#pragma once

#include "tests/model/explorer.hpp"
#include "tests/model/viewed.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cti::model {

enum class Verdict {
  kAllowed,
  kForbidden,
  kWeaklyAllowed,    ///< only a weak memory brings it about: with store buffers it must not come
  kStronglyAllowed,  ///< only a strong memory brings it about: under views something else is said
};
inline constexpr Verdict kAllowed = Verdict::kAllowed;
inline constexpr Verdict kForbidden = Verdict::kForbidden;
inline constexpr Verdict kWeaklyAllowed = Verdict::kWeaklyAllowed;
inline constexpr Verdict kStronglyAllowed = Verdict::kStronglyAllowed;

struct Row {
  std::string outcome;
  Verdict verdict;
  std::string reason;
};

/// One scenario, made for each memory: `make<Scheduled>` and `make<Viewed>`.
struct Case {
  using Make = Scenario (*)();
  std::string name;  ///< a sentence in one word, for the test's name
  std::vector<Row> rows;
  Make buffered;
  Make viewed;
  Explorer::Limits buffered_limits{};
  Explorer::Limits viewed_limits{.deviations_max = 2};

  [[nodiscard]] bool forbids(const std::string& outcome, Memory memory) const {
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const Row& r) { return r.outcome == outcome; });
    if (row == rows.end() || row->verdict == kForbidden) return true;
    return row->verdict == (memory == Memory::kViews ? kStronglyAllowed : kWeaklyAllowed);
  }
  [[nodiscard]] Explorer explorer(Memory memory) const {
    return Explorer(memory == Memory::kViews ? viewed_limits : buffered_limits, memory);
  }
  [[nodiscard]] Make make(Memory memory) const {
    return memory == Memory::kViews ? viewed : buffered;
  }
};

/// All of them. A file's cases are put here by a constant of type InCases.
inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct InCases {
  InCases(std::initializer_list<Case> some) { cases().insert(cases().end(), some); }
};

}  // namespace cti::model
