// button_table.hpp - every button in every situation, as a table for people: docs/buttons.md is what this prints.
//
// Why      whoever builds a desktop wants to see the rules whole; a table that somebody writes by hand is soon another rule.
// Shape    the situations stand here, the cells come from the rules (buttons.hpp, supervisor_buttons.hpp). A test compares
//          the file with what is printed, and writes it when asked (tests/unit/broker/button_table_test.cpp says how).
// Threads  none.
#pragma once

#include "broker/model/buttons.hpp"
#include "broker/model/supervisor_buttons.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cti::broker {

/// One column of the table.
struct ButtonColumn {
  std::string name;
  AgentSituation agent;  ///< its calls are put in place by the table
  std::vector<CallSituation> calls;
  std::size_t look = WhyGrey::kNoCall;  ///< which call's record; kNoCall: the agent's

  Buttons buttons() const noexcept;
};
/// In groups, each one table; by their titles.
struct ButtonGroup {
  std::string title;
  std::vector<ButtonColumn> columns;
};
std::vector<ButtonGroup> button_groups();

/// All of docs/buttons.md.
std::string print_buttons();

}  // namespace cti::broker
