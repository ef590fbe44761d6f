// Supervision of calls, assistance, teams, and applications that offer services.
#include "tools/simulator/server_impl.hpp"
#include "wire/ged188/media.hpp"
#include "wire/ged188/server.hpp"
#include "wire/ged188/supervisor.hpp"
#include "wire/ged188/team.hpp"

#include <algorithm>

namespace cti::simulator {

void Server::supervise(Client& client, Bytes body) {
  const std::size_t mark = client.pending.size();
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
  if (station == kNoIndex) return fail(client, invoke_id, Status::kInvalidAgentData);
  const auto done = model_.supervise(static_cast<SupervisoryAction>(request->supervisory_action()),
                                     request->agent_connection_call_id(), station, chief);
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
  const std::size_t mark = client.pending.size();
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

void Server::tell_teams(Client& client) {
  constexpr std::uint32_t kTeamConfig = 1U << 23;
  constexpr std::size_t kMembersPerMessage = 64;
  if ((client.call_mask & kTeamConfig) == 0) return;
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
              const Agent& agent = model_.agents()[team.members[i].agent];
              const bool primary = agent.settings.id == team.settings.supervisor;
              const int flags = (primary ? 1 : 0) | (team.members[i].temporary ? 2 : 0) |
                                (agent.settings.supervisor ? 4 : 0);
              to.add_agent(
                  {agent.settings.id, static_cast<std::uint16_t>(flags),
                   static_cast<std::uint16_t>(agent.state),
                   static_cast<std::uint32_t>((model_.now() - agent.state_since) / Seconds(1))});
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

void Server::monitor_team_start(Client& client, Bytes body) {
  const auto request = read<ged::MonitorAgentTeamStartReqView>(client, body);
  if (!request) return;
  std::uint32_t index = kNoIndex;
  for (std::uint32_t i = 0; i < model_.teams().size(); ++i) {
    if (model_.teams()[i].settings.id == request->team_id()) index = i;
  }
  if (index == kNoIndex) return fail(client, request->invoke_id(), Status::kTeamNotFound);
  for (const ClientMonitor& m : client.monitors) {
    if (m.kind == ClientMonitor::Kind::kTeam && m.target == index) {
      return fail(client, request->invoke_id(), Status::kTeamMonitorExists);
    }
  }
  ClientMonitor monitor;
  monitor.kind = ClientMonitor::Kind::kTeam;
  monitor.id = next_monitor_++;
  monitor.target = index;
  client.monitors.push_back(monitor);
  send<ged::MonitorAgentTeamStartConfEncoder>(
      client, ged::MonitorAgentTeamStartConfFixed{request->invoke_id(), monitor.id}, [](auto&) {});
  for (const TeamMember& member : model_.teams()[index].members) {
    const Agent& agent = model_.agents()[member.agent];
    const Bytes frame = encode_agent_event(model_, agent, client.version, 0,
                                           model_.settings().peripheral_id, scratch_);
    std::vector<std::byte> bytes(frame.begin(), frame.end());
    if (bytes.empty()) continue;
    store_be(bytes.data() + kMonitorIdAt, monitor.id);
    put(client, bytes);
  }
}

void Server::monitor_team_stop(Client& client, Bytes body) {
  const auto request = read<ged::MonitorAgentTeamStopReqView>(client, body);
  if (!request) return;
  const auto gone = std::erase_if(client.monitors, [&](const ClientMonitor& m) {
    return m.kind == ClientMonitor::Kind::kTeam && m.id == request->monitor_id();
  });
  if (gone == 0) return fail(client, request->invoke_id(), Status::kInvalidMonitor);
  send<ged::MonitorAgentTeamStopConfEncoder>(
      client, ged::MonitorAgentTeamStopConfFixed{request->invoke_id()}, [](auto&) {});
}

void Server::register_service(Client& client, Bytes body) {
  const auto request = read<ged::RegisterServiceReqView>(client, body);
  if (!request) return;
  if (request->server_mode() > 2)
    return fail(client, request->invoke_id(), Status::kInvalidService);
  for (const auto& [id, other] : clients_) {
    // Exclusive: nobody else may offer anything. There is one kind of service here: recording.
    if (other.get() != &client && other->service_id && request->server_mode() == 0) {
      return fail(client, request->invoke_id(), Status::kServiceConflict);
    }
  }
  client.service_id = next_service_++;
  send<ged::RegisterServiceConfEncoder>(
      client, ged::RegisterServiceConfFixed{request->invoke_id(), *client.service_id},
      [](auto&) {});
}

void Server::unregister_service(Client& client, Bytes body) {
  const auto request = read<ged::UnregisterServiceReqView>(client, body);
  if (!request) return;
  if (client.service_id != request->registered_service_id()) {
    return fail(client, request->invoke_id(), Status::kInvalidService);
  }
  client.service_id.reset();
  send<ged::UnregisterServiceConfEncoder>(
      client, ged::UnregisterServiceConfFixed{request->invoke_id()}, [](auto&) {});
}

void Server::recording_request(Client& client, ged::MessageType type, Bytes body) {
  const bool served = std::ranges::any_of(clients_, [](const auto& entry) {
    return entry.second->open() && entry.second->service_id.has_value();
  });
  if (!served) return fail(client, invoke_id_of(body), Failure::telephone(Refusal{272}));
  if (type == ged::MessageType::kStartRecordingReq) {
    const auto request = read<ged::StartRecordingReqView>(client, body);
    if (!request) return;
    if (model_.find_call(request->connection_call_id()) == nullptr) {
      return fail(client, request->invoke_id(), Status::kInvalidCallId);
    }
    return send<ged::StartRecordingConfEncoder>(
        client,
        ged::StartRecordingConfFixed{request->invoke_id(), client.session,
                                     request->connection_call_id()},
        [](auto&) {});
  }
  const auto request = read<ged::StopRecordingReqView>(client, body);
  if (!request) return;
  send<ged::StopRecordingConfEncoder>(client, ged::StopRecordingConfFixed{request->invoke_id()},
                                      [](auto&) {});
}

}  // namespace cti::simulator
