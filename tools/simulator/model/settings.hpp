// settings.hpp - what the simulated peripheral gateway is made of: agents, stations, skill groups, teams, timings.
//
// Shape    plain data. default_settings() is the little call centre of the examples; add_generated() makes bigger ones;
//          settings_toml.cpp reads a file. Nothing here changes while the simulator runs.
#pragma once

#include "core/base/time.hpp"
#include "tools/simulator/model/vocabulary.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cti::simulator {

/// A desk: rules for the agents that sit at it (AGENT_DESK_SETTINGS_CONF).
struct DeskSettings {
  std::uint32_t id = 1;
  std::uint32_t mask =
      desk::kAvailableAfterIncoming | desk::kSupervisorCallsAllowed | desk::kAgentToAgentAllowed;
  WrapupMode wrapup_incoming = WrapupMode::kOptional;
  WrapupMode wrapup_outgoing = WrapupMode::kNotAllowed;
  std::uint32_t logout_non_activity_s = 0;
  std::uint32_t ring_no_answer_s = 30;     ///< 0: an offered call rings for ever
  std::uint32_t work_mode_timer_s = 7200;  ///< wrap-up ends by itself; 0: never
};

struct AgentSettings {
  std::string id;        ///< AgentID
  std::string password;  ///< empty: the agent's id
  std::string login_name, first_name, last_name;
  std::string instrument;  ///< the usual station; an agent may log in on any
  std::vector<std::uint32_t> skill_groups;
  std::uint32_t team = 0;  ///< 0: none
  std::uint32_t desk = 1;
  bool supervisor = false;
  bool robot = false;  ///< logs in by itself and handles calls without a client (load)
};

struct SkillGroupSettings {
  std::uint32_t number = 0;  ///< as clients name it (peripheral number)
  std::uint32_t id = 0;      ///< skill target id
  std::uint16_t priority = 0;
  std::string name;
  std::string dialed_number;  ///< a call to this number is routed to the group
};

struct TeamSettings {
  std::uint32_t id = 0;
  std::string name;
  std::string supervisor;  ///< AgentID of the primary supervisor
};

/// Behaviour of the switch and the outside world. All in model time.
struct Timings {
  Nanos precall{Millis{20}};  ///< between AGENT_PRE_CALL_EVENT and the call
  Nanos auto_answer{Millis{300}};
  Nanos no_answer{Seconds{60}};       ///< a call that no router looks after rings so long
  Nanos failed_tone{Seconds{3}};      ///< a failed dial is cleared after this
  Nanos external_answer{Seconds{2}};  ///< an outside party picks up
  Nanos external_alone_min{Seconds{5}},
      external_alone_max{Seconds{60}};  ///< outside parties among themselves
  Nanos wrapup_data{Seconds{120}};      ///< how long data may be set after a call
  Nanos greeting{0};                    ///< an agent's greeting plays so long; 0: there is none
};

struct Settings {
  std::uint32_t peripheral_id = 5000;
  std::uint16_t peripheral_type = 17;  ///< PT_ENTERPRISE_AGENT
  std::string peripheral_name = "PG_5000";
  bool single_step_transfer = true;  ///< a transfer without a consult call
  bool single_step_conference =
      true;  ///< Unified CCE: not offered; a CTI OS server does not ask for it there
  bool recorder =
      false;  ///< calls are recorded by a recorder that is built in, unless a client offers to
  bool clear_call = true;  ///< likewise: a call ended for everybody
  std::vector<DeskSettings> desks{DeskSettings{}};
  std::vector<AgentSettings> agents;
  std::vector<std::string> stations;  ///< besides the agents' own
  std::vector<SkillGroupSettings> skill_groups;
  std::vector<TeamSettings> teams;
  std::vector<std::string> named_variables,
      named_arrays;  ///< configured ECC names; both empty: any name is taken
  std::uint32_t named_bytes_max =
      2000;  ///< of the values of a call's ECC data; names are not counted
  std::uint16_t protected_variables =
      0;  ///< CallVariableMask of variables that clients may not set
  Timings timings;
  bool queue_events =
      false;  ///< CALL_QUEUED/DEQUEUED on the route point; CCE switches do not send them
  bool translation_routes =
      false;  ///< CALL_TRANSLATION_ROUTE before each routed call (translation routing to this gateway)
  std::uint32_t calls_max = 100'000;
  std::uint32_t queue_max =
      10'000;  ///< calls waiting for one skill group; one more is turned away busy
};

/// Peripheral 5000: agents 22866 on 23901, 22867 on 23902, supervisor 22900 on 23900, agents 1001, 1002, 2001,
/// skill group 77 (dialed number 6077), team 5001. Passwords are the agents' ids.
Settings default_settings();

/// Adds agents 10001.. on stations 20001.., groups 101.. (dialed numbers 6101..) and teams 6001.. .
/// Agents are dealt out over groups and teams in turn. The first agent of each new team is its supervisor.
void add_generated(Settings& settings, std::uint32_t agents, std::uint32_t skill_groups,
                   std::uint32_t teams);

}  // namespace cti::simulator
