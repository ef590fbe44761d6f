// agent.hpp - agents, stations, skill groups and teams as they are at this moment.
//
// Shape    `resting` is what the agent wants to be when no call is there; `state` is what clients see and follows from
//          `resting`, the connections of the station and the wrap-up rules. Nothing else sets `state`.
// Threads  owned by the Model.
#pragma once

#include "tools/simulator/model/call.hpp"
#include "tools/simulator/model/settings.hpp"
#include "tools/simulator/model/statistics.hpp"

#include <array>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cti::simulator {

inline constexpr std::size_t kAgentsMax = 40'000, kGroupsMax = 8'000, kStationsMax = 60'000;

struct Agent {
  AgentSettings settings;
  std::uint32_t skill_target_id = 0;  ///< ICMAgentID
  std::vector<GroupIndex> groups;     ///< of the present login
  const DeskSettings* desk = nullptr;

  AgentState state = AgentState::kLogout;
  AgentState resting = AgentState::kLogout;
  std::uint16_t reason = 0;
  std::optional<AgentState> next;  ///< asked for during a call
  std::uint16_t next_reason = 0;
  bool acd_call = false;  ///< the present or last call came from the router
  bool talked = false;    ///< has been on a call since it was last at rest
  bool outbound = false;
  bool wrapup_data_set = false;
  bool assisted = false;
  bool greeting = true;             ///< plays the greeting, where there is one
  bool deleted = false;             ///< from the configuration; never comes back under this index
  StationIndex station = kNoIndex;  ///< where it is logged in
  std::uint16_t work_mode = 0;
  std::string remote_number;
  std::uint32_t last_session = 0;  ///< CTI session that logged the agent in

  TimePoint state_since{};
  TimePoint logged_on_since{};
  std::uint64_t state_changes = 0;            ///< names a stay in a state for timers
  std::array<Nanos, kAgentStates> time_in{};  ///< all stays that have ended, since the run began
  CounterSet session, today;

  bool logged_on() const noexcept { return state != AgentState::kLogout; }
  bool on_call() const noexcept {
    return state == AgentState::kTalking || state == AgentState::kHold ||
           state == AgentState::kReserved;
  }
  bool in_wrapup() const noexcept {
    return state == AgentState::kWorkReady || state == AgentState::kWorkNotReady;
  }
};

struct Station {
  std::string id;
  AgentIndex agent = kNoIndex;    ///< logged in here
  std::vector<CallNumber> calls;  ///< with a connection here, in the order of joining
  bool deleted = false;           ///< from the configuration
};

struct SkillGroup {
  SkillGroupSettings settings;
  std::deque<CallNumber> queue;
  std::set<std::pair<TimePoint, AgentIndex>> available;  ///< longest waiting first
  GroupStatistics statistics;
  bool deleted = false;  ///< from the configuration
};

/// A member of a team, as clients are told.
struct TeamMember {
  AgentIndex agent = kNoIndex;
  bool temporary = false;
};

struct Team {
  TeamSettings settings;
  std::vector<TeamMember> members;  ///< with its supervisors; the primary one always

  bool has(AgentIndex agent) const noexcept {
    for (const TeamMember& member : members) {
      if (member.agent == agent) return true;
    }
    return false;
  }
};

}  // namespace cti::simulator
