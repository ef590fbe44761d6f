// agent_rules.hpp - what is asked of agents at logout and NotReady, and which words they may choose from, by team.
//
// Why      CTI OS desktops read it from the agent's properties after the login: LogoutReasonRequired, LogoutReasonCodes,
//          NotReadyReasonRequired, NotReadyReasonCodes, IncomingWrapupStrings, WrapupOkEnabled. No CTI Server tells it, it is
//          configured: once for the line, and anew, whole, for each team that differs.
#pragma once

#include "core/base/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cti::broker {

inline constexpr std::size_t kReasonsMax = 64;      ///< of each list
inline constexpr std::size_t kReasonBytesMax = 40;  ///< of each text
static_assert(3 * kReasonsMax * (kReasonBytesMax + 32) < limits::kRecordBytesMax,
              "the lists of an agent fit into its record");

struct ReasonCode {
  std::string text;
  std::uint16_t code = 0;
};

struct AgentRules {
  std::uint32_t team = 0;  ///< 0: of everybody whose team has no rules of its own
  bool logout_reason_required = false;
  bool not_ready_reason_required = false;
  /// Wrap-up data is required of incoming calls. So do desk settings with WrapupDataIncomingMode 3.
  bool wrapup_required = false;
  std::vector<ReasonCode> logout_reasons;
  std::vector<ReasonCode> not_ready_reasons;
  std::vector<std::string> wrapup_strings;
};

/// The rules of a team's agents, among those of the line; none has the team 0 but the line's own.
inline const AgentRules& rules_of(const std::vector<AgentRules>& all, std::uint32_t team) noexcept {
  static const AgentRules none;
  const AgentRules* found = &none;
  for (const AgentRules& each : all) {
    if (each.team == team) return each;
    if (each.team == 0) found = &each;
  }
  return *found;
}

}  // namespace cti::broker
