// Supervision of calls, assistance, teams.
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/supervisor.hpp"
#include "wire/ged188/team.hpp"

#include <algorithm>

namespace cti::simulator {

void Server::supervise(Client& client, Bytes body) {
  const std::size_t mark = client.out.waiting();
  const auto request = read<ged::SuperviseCallReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const std::uint32_t invoke_id = request->invoke_id();
  if (request->supervisory_action() > 4)
    return fail(client, invoke_id, Status::kInvalidSupervisoryAction);
  const auto chief_device = request->supervisor_instrument();
  const StationIndex chief = chief_device && !chief_device->empty()
                                 ? model_.find_station(*chief_device)
                                 : bound_station(client);
  if (chief == kNoIndex) return fail(client, invoke_id, Status::kRequiredDataMissing);
  const AgentIndex agent =
      named_agent(request->agent_id(), request->agent_extension(), request->agent_instrument());
  StationIndex station = agent == kNoIndex ? kNoIndex : model_.agents()[agent].station;
  if (station == kNoIndex && request->agent_connection_device_id()) {
    station = model_.find_station(*request->agent_connection_device_id());
  }
  const auto action = static_cast<SupervisoryAction>(request->supervisory_action());
  // Whoever has joined a call may leave it, wherever the agent is by now.
  if (station == kNoIndex && action != SupervisoryAction::kClear)
    return fail(client, invoke_id, Status::kInvalidAgentData);
  const auto done =
      model_.supervise(action, request->agent_connection_call_id(), station, chief);
  if (!done) return fail(client, invoke_id, done.error());
  ged::SuperviseCallConfFixed fixed;
  fixed.invoke_id = invoke_id;
  fixed.connection_call_id = *done;
  fixed.connection_device_id_type = 0;
  send<ged::SuperviseCallConfEncoder>(
      client, fixed,
      [&](ged::SuperviseCallConfEncoder& to) {
        to.connection_device_id(model_.stations()[chief].id);
      },
      mark);
}

void Server::assist_request(Client& client, Bytes body, bool emergency) {
  const std::size_t mark = client.out.waiting();
  const auto serve = [&]<class View, class Conf, class Fixed>() {
    const auto request = read<View>(client, body);
    if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id()))
      return;
    AgentIndex agent =
        named_agent(request->agent_id(), request->agent_extension(), request->agent_instrument());
    if (agent == kNoIndex) agent = bound_agent(client);
    if (agent == kNoIndex) return fail(client, request->invoke_id(), Status::kInvalidAgentData);
    const auto made = model_.assist(agent, request->connection_call_id(), emergency);
    if (!made) return fail(client, request->invoke_id(), made.error());
    Fixed fixed;
    fixed.invoke_id = request->invoke_id();
    fixed.connection_call_id = *made;
    fixed.connection_device_id_type = 0;
    fixed.line_handle = 0;
    fixed.line_type = 4;  // supervisor
    send<Conf>(
        client, fixed,
        [&](Conf& to) {
          to.connection_device_id(model_.stations()[model_.agents()[agent].station].id);
        },
        mark);
  };
  if (emergency) {
    serve.operator()<ged::EmergencyCallReqView, ged::EmergencyCallConfEncoder,
                     ged::EmergencyCallConfFixed>();
  } else {
    serve.operator()<ged::SupervisorAssistReqView, ged::SupervisorAssistConfEncoder,
                     ged::SupervisorAssistConfFixed>();
  }
}

ged::AgentTeamConfigEventEncoder::Agent Server::member_entry(const Team& team, AgentIndex index,
                                                             bool left) const {
  const Agent& agent = model_.agents()[index];
  const bool primary = agent.settings.id == team.settings.supervisor;
  const bool temporary = std::ranges::any_of(
      team.members, [&](const TeamMember& m) { return m.agent == index && m.temporary; });
  // Whoever leads the team is its primary supervisor; 4 marks the other ones.
  const int rank = primary ? 1 : agent.settings.supervisor ? 4 : 0;
  const int flags = left ? rank : rank | (temporary ? 2 : 0);
  return {agent.settings.id, static_cast<std::uint16_t>(flags),
          static_cast<std::uint16_t>(agent.state),
          static_cast<std::uint32_t>((model_.now() - agent.state_since) / Seconds(1))};
}

void Server::tell_teams(Client& client) {
  constexpr std::size_t kMembersPerMessage = 64;
  if ((client.call_mask & ged::call_event_mask::kAgentTeamConfig) == 0) return;
  for (const Team& team : model_.teams()) {
    const bool all = client.has(service::kAllEvents);
    if (!all && !team.has(bound_agent(client))) continue;
    ged::AgentTeamConfigEventFixed fixed;
    fixed.peripheral_id = model_.settings().peripheral_id;
    fixed.team_id = team.settings.id;
    fixed.config_operation = 1;
    for (std::size_t from = 0; from < std::max<std::size_t>(1, team.members.size());
         from += kMembersPerMessage) {
      send<ged::AgentTeamConfigEventEncoder>(
          client, fixed, [&](ged::AgentTeamConfigEventEncoder& to) {
            to.agent_team_name(team.settings.name);
            const std::size_t end = std::min(team.members.size(), from + kMembersPerMessage);
            for (std::size_t i = from; i < end; ++i) {
              to.add_agent(member_entry(team, team.members[i].agent, false));
            }
          });
    }
  }
}

void Server::list_teams(Client& client, Bytes body) {
  const auto request = read<ged::ListAgentTeamReqView>(client, body);
  if (!request) return;
  const AgentIndex chief = model_.find_agent_by_target(request->supervisor_id());
  std::vector<std::uint32_t> teams;
  for (const Team& team : model_.teams()) {
    const bool leads =
        chief == kNoIndex || team.settings.supervisor == model_.agents()[chief].settings.id ||
        std::ranges::any_of(team.members, [&](const TeamMember& m) { return m.agent == chief; });
    if (leads) teams.push_back(team.settings.id);
  }
  constexpr std::size_t kTeamsPerSegment = 64;
  std::uint16_t segment = 1;
  std::size_t from = 0;
  do {
    const std::size_t end = std::min(teams.size(), from + kTeamsPerSegment);
    ged::ListAgentTeamConfFixed fixed;
    fixed.invoke_id = request->invoke_id();
    fixed.segment_number = segment++;
    fixed.more = end < teams.size();
    send<ged::ListAgentTeamConfEncoder>(client, fixed, [&](ged::ListAgentTeamConfEncoder& to) {
      for (; from < end; ++from) to.add_agent_team({teams[from]});
    });
  } while (from < teams.size());
}

/// The older way to ask for teams: each as one message, then the confirmation.
void Server::team_config(Client& client, Bytes body) {
  constexpr std::uint16_t kInitialUpload = 1, kUpdatesOnly = 2;
  constexpr std::size_t kMembersPerMessage = 64;
  const auto request = read<ged::TeamConfigReqView>(client, body);
  if (!request) return;
  const std::uint16_t wanted = request->config_param();
  if (wanted != kInitialUpload && wanted != kUpdatesOnly)
    return fail(client, request->invoke_id(), Status::kUnspecifiedFailure);
  for (const Team& team : model_.teams()) {
    if (wanted == kUpdatesOnly) break;
    for (std::size_t from = 0; from < std::max<std::size_t>(1, team.members.size());
         from += kMembersPerMessage) {
      send<ged::TeamConfigEventEncoder>(
          client, ged::TeamConfigEventFixed{team.settings.id, 1},
          [&](ged::TeamConfigEventEncoder& to) {
            to.team_name(team.settings.name);
            const std::size_t end = std::min(team.members.size(), from + kMembersPerMessage);
            for (std::size_t i = from; i < end; ++i) {
              const auto entry = member_entry(team, team.members[i].agent, false);
              to.add_record(
                  {entry.atc_agent_id, entry.agent_flags, std::uint16_t{0}, std::uint16_t{0}});
            }
          });
    }
  }
  send<ged::TeamConfigConfEncoder>(client, ged::TeamConfigConfFixed{request->invoke_id(), 0},
                                   [](auto&) {});
}

void Server::monitor_team_start(Client& client, Bytes body) {
  const auto request = read<ged::MonitorAgentTeamStartReqView>(client, body);
  if (!request) return;
  std::uint32_t index = kNoIndex;
  for (std::uint32_t i = 0; i < model_.teams().size(); ++i) {
    if (model_.teams()[i].settings.id == request->team_id()) index = i;
  }
  if (index == kNoIndex) return fail(client, request->invoke_id(), Status::kTeamNotFound);
  ClientMonitor monitor;
  monitor.kind = ClientMonitor::Kind::kTeam;
  monitor.target = index;
  if (has_monitor(client, monitor))
    return fail(client, request->invoke_id(), Status::kTeamMonitorExists);
  if (client.monitors.size() >= kMonitorsMax)
    return fail(client, request->invoke_id(), Failure::telephone(Refusal{42}));
  monitor.id = add_monitor(client, monitor);
  send<ged::MonitorAgentTeamStartConfEncoder>(
      client, ged::MonitorAgentTeamStartConfFixed{request->invoke_id(), monitor.id}, [](auto&) {});
  for (const TeamMember& member : model_.teams()[index].members) {
    cache_.next();
    tell_agent(model_.agents()[member.agent], client, monitor.id);
  }
}

void Server::monitor_team_stop(Client& client, Bytes body) {
  const auto request = read<ged::MonitorAgentTeamStopReqView>(client, body);
  if (!request) return;
  const ClientMonitor* monitor = find_monitor(client, request->monitor_id());
  if (monitor == nullptr || monitor->kind != ClientMonitor::Kind::kTeam)
    return fail(client, request->invoke_id(), Status::kInvalidMonitor);
  drop_monitor(client, request->monitor_id());
  send<ged::MonitorAgentTeamStopConfEncoder>(
      client, ged::MonitorAgentTeamStopConfFixed{request->invoke_id()}, [](auto&) {});
}

}  // namespace cti::simulator
