// explain.hpp - why a button is grey, in words, with the values that made it so.
//
// Why      people ask, and so does whoever reads a log: "Transfer: the consulted party has not answered
//          (call.5000.3.23901, LCS_INITIATE)".
// Shape    the rules are asked again (masks.hpp, supervisor_buttons.hpp), and what they say is spelled. No rule stands here.
// Cost     strings: only when somebody asks.
// Threads  the line.
#pragma once

#include "broker/model/masks.hpp"
#include "broker/model/object_map.hpp"
#include "broker/model/supervisor_buttons.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::broker {

struct ButtonWords {
  std::string_view button;  ///< "ENABLE_TRANSFER_COMPLETE"
  GreyReason reason = GreyReason::kNoButton;
  std::uint32_t mask = 0;  ///< the whole mask as it is now
  std::string text;        ///< "Transfer: the consulted party has not answered (...)"
  struct Value {
    std::string name;
    std::string value;
  };
  std::vector<Value> values;  ///< those of the text: an object and its state, a setting and what it says
};

/// Of the agent's own record, or of that of a call at its device. Nothing: `bit` is no button.
std::optional<ButtonWords> explain(const ObjectMap& map, const AgentEntry& agent,
                                   const CallEntry* call, std::uint32_t bit);
/// Of a call at a device where nobody is logged in: all its buttons are grey.
std::optional<ButtonWords> explain_for_nobody(const CallEntry& call, std::uint32_t bit);

/// A supervisor's situation, and whose and which it is.
struct SupervisorView {
  SupervisorSituation now;
  const AgentEntry* supervisor = nullptr;
  const AgentEntry* agent = nullptr;     ///< the monitored one
  const CallEntry* call = nullptr;       ///< of the agent: which the buttons are about
  const CallEntry* own = nullptr;        ///< of the supervisor: by which it is on that call, or another one
};
/// Of the supervisor's buttons for the agent that is monitored.
std::optional<ButtonWords> explain(const SupervisorView& view, std::uint32_t bit);

/// "eReserved", "LCS_ALERTING"; the number where there is no name.
std::string spelled_state(std::uint16_t state);
std::string spelled_status(std::uint16_t status);

}  // namespace cti::broker
