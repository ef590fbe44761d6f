// reached.hpp - the states that a campaign must come through: one that is never reached is a campaign that tests less than
// it says.
//
// Why      a thousand green seeds, or a corpus of a hundred inputs, prove nothing about a loss in a start-up dialogue if none
//          of them ever lost one there. Faults are drawn and inputs mutated; a change of a timeout or of a chance can
//          quietly take a whole kind of trouble out of the campaign.
// Shape    the list is written out beforehand, and nothing but the list may be noted; counts are of runs. Looked at from
//          outside, through the counters that the product keeps anyway: nothing is built into it for the sake of the test.
// Threads  one.
#pragma once

#include "core/base/check.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cti::test {

class Reached {
 public:
  explicit Reached(std::initializer_list<std::string_view> wanted) {
    for (const std::string_view state : wanted) states_.emplace_back(state, 0);
  }

  /// Of one run, once per state: whether it came through it.
  void note(std::string_view state, bool reached) {
    const auto at = std::find_if(states_.begin(), states_.end(),
                                 [state](const auto& one) { return one.first == state; });
    CTI_CHECK(at != states_.end());  // a state that the list does not have could never be missed
    at->second += reached ? 1U : 0U;
  }

  /// The states that no run came through, one a line; empty: all were reached.
  std::string missed() const {
    std::string out;
    for (const auto& [state, runs] : states_) {
      if (runs == 0) out += std::string(state) + "\n";
    }
    return out;
  }

  /// "  12 link: lost while open", the rarest first.
  std::string text() const {
    auto rarest = states_;
    std::stable_sort(rarest.begin(), rarest.end(),
                     [](const auto& a, const auto& b) { return a.second < b.second; });
    std::string out;
    for (const auto& [state, runs] : rarest)
      out += "  " + std::to_string(runs) + " " + std::string(state) + "\n";
    return out;
  }

 private:
  std::vector<std::pair<std::string_view, std::size_t>> states_;  // how many runs reached each
};

}  // namespace cti::test
