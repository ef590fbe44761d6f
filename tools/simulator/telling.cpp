// Who is told what: services, masks and monitors decide; a frame is encoded once per version.
#include "tools/simulator/server_impl.hpp"
#include "wire/ged188/supervisor.hpp"
#include "wire/ged188/team.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

/// AgentStateMask bit of a state.
std::uint32_t mask_of(AgentState state) {
  switch (state) {
    case AgentState::kLogin:
      return 1U << 0;
    case AgentState::kLogout:
      return 1U << 1;
    case AgentState::kNotReady:
      return 1U << 2;
    case AgentState::kAvailable:
      return 1U << 3;
    case AgentState::kTalking:
      return 1U << 4;
    case AgentState::kWorkNotReady:
      return 1U << 5;
    case AgentState::kWorkReady:
      return 1U << 6;
    case AgentState::kBusyOther:
      return 1U << 7;
    case AgentState::kReserved:
      return 1U << 8;
    case AgentState::kHold:
      return 1U << 9;
    default:
      return 0xFFFF'FFFF;
  }
}

/// Frames of one event by protocol version, made when the first session of that version wants them.
class FramesByVersion {
 public:
  template <class Make>
  Bytes get(ged::Version version, Make&& make) {
    std::vector<std::byte>& kept = frames_[version];
    if (kept.empty()) {
      const auto made = make();
      kept.insert(kept.end(), made.first.begin(), made.first.end());
      kept.insert(kept.end(), made.second.begin(), made.second.end());
    }
    return kept;
  }

 private:
  std::map<ged::Version, std::vector<std::byte>> frames_;
};

/// Puts the MonitorID into every frame of `frames` (one or two behind each other).
void stamp(std::vector<std::byte>& frames, std::uint32_t monitor_id) {
  for (std::size_t at = 0; at + kMonitorIdAt + 4 <= frames.size();) {
    store_be(frames.data() + at + kMonitorIdAt, monitor_id);
    at += ged::limits::kHeaderBytes + load_be<std::uint32_t>(frames.data() + at);
  }
}

}  // namespace

StationIndex Server::bound_station(const Client& client) const {
  if (client.station != kNoIndex) return client.station;
  return client.agent != kNoIndex ? model_.agents()[client.agent].station : kNoIndex;
}

AgentIndex Server::bound_agent(const Client& client) const {
  if (client.agent != kNoIndex) return client.agent;
  return client.station != kNoIndex ? model_.stations()[client.station].agent : kNoIndex;
}

bool Server::wants_view(const Client& client, const CallEvent& event) const {
  if (client.has(service::kAllEvents)) return true;
  if (!client.has(service::kClientEvents) || event.station == kNoIndex) return false;
  return bound_station(client) == event.station;
}

void Server::on_call(const CallEvent& event) {
  const std::uint32_t bit = simulator::mask_of(event.kind);
  FramesByVersion frames;
  std::vector<std::byte> own;
  const auto deliver = [&](Client& client, std::uint32_t monitor) {
    const auto make = [&] {
      return encode_call_event(model_, event, client.version, client.registered, scratch_);
    };
    if (client.registered.everything()) {
      const Bytes shared = frames.get(client.version, make);
      own.assign(shared.begin(), shared.end());
    } else {
      const EventFrames made = make();
      own.assign(made.first.begin(), made.first.end());
      own.insert(own.end(), made.second.begin(), made.second.end());
    }
    stamp(own, monitor);
    // Each message is a frame of its own for the faults' sake.
    for (std::size_t at = 0; at < own.size();) {
      const std::size_t whole = ged::limits::kHeaderBytes + load_be<std::uint32_t>(own.data() + at);
      put(client, Bytes(own).subspan(at, whole));
      at += whole;
    }
  };
  for (auto& [id, client] : clients_) {
    if (!client->open()) continue;
    if (sides_[static_cast<std::size_t>(client->side)].standby) continue;
    if ((client->call_mask & bit) != 0 && wants_view(*client, event))
      deliver(*client, client->monitor_id);
    for (const ClientMonitor& monitor : client->monitors) {
      if ((monitor.call_mask & bit) == 0) continue;
      const bool meant =
          (monitor.kind == ClientMonitor::Kind::kDevice && monitor.target == event.station) ||
          (monitor.kind == ClientMonitor::Kind::kCall && monitor.target == event.number &&
           monitor.device == event.device);
      if (meant) deliver(*client, monitor.id);
    }
    std::erase_if(client->monitors, [&](ClientMonitor& monitor) {
      if (monitor.kind != ClientMonitor::Kind::kCall || monitor.target != event.number ||
          monitor.device != event.device) {
        return false;
      }
      if (event.kind == CallEventKind::kDataUpdate && event.renamed != kNoCall)
        monitor.target = event.renamed;
      return event.kind == CallEventKind::kEnd;
    });
  }
}

void Server::on_agent(const AgentEvent& event) {
  const Agent& agent = model_.agents()[event.agent];
  const std::uint32_t bit = mask_of(agent.state);
  std::map<ged::Version, std::vector<std::vector<std::byte>>> frames;
  const auto deliver = [&](Client& client, std::uint32_t monitor) {
    std::vector<std::vector<std::byte>>& made = frames[client.version];
    if (made.empty()) {
      // Before version 13 a message tells one skill group.
      const std::size_t messages =
          client.version >= 13 ? 1 : std::max<std::size_t>(1, agent.groups.size());
      for (std::size_t group = 0; group < messages; ++group) {
        const Bytes frame = encode_agent_event(model_, agent, client.version, group,
                                               model_.settings().peripheral_id, scratch_);
        made.emplace_back(frame.begin(), frame.end());
      }
    }
    for (std::vector<std::byte>& frame : made) {
      stamp(frame, monitor);
      put(client, frame);
    }
  };
  for (auto& [id, client] : clients_) {
    if (!client->open()) continue;
    if (sides_[static_cast<std::size_t>(client->side)].standby) continue;
    if (event.repeated && client->has(service::kIgnoreDuplicates)) continue;
    const bool own = client->has(service::kClientEvents) &&
                     (client->agent == event.agent ||
                      (client->station != kNoIndex && client->station == agent.station));
    if ((client->agent_mask & bit) != 0 && (own || client->has(service::kAllEvents))) {
      deliver(*client, client->monitor_id);
    }
    for (const ClientMonitor& monitor : client->monitors) {
      if ((monitor.agent_mask & bit) == 0) continue;
      bool meant = monitor.kind == ClientMonitor::Kind::kDevice && monitor.target == agent.station;
      if (monitor.kind == ClientMonitor::Kind::kTeam) {
        meant = std::ranges::any_of(model_.teams()[monitor.target].members,
                                    [&](const TeamMember& m) { return m.agent == event.agent; });
      }
      if (meant) deliver(*client, monitor.id);
    }
  }
}

void Server::on_system(SystemKind kind, std::uint32_t argument) {
  if (kind == SystemKind::kControllerOffline) pg_status_bits_ |= 2U;
  if (kind == SystemKind::kControllerOnline) pg_status_bits_ &= ~2U;
  for (auto& [id, client] : clients_) {
    if (client->open() && !sides_[static_cast<std::size_t>(client->side)].standby) {
      system_event(*client, kind, argument);
    }
  }
}

void Server::on_robot(std::uint32_t, std::uint64_t) {}

void Server::on_team(const TeamEvent& event) {
  const Team& team = model_.teams()[event.team];
  const Agent& agent = model_.agents()[event.agent];
  ged::AgentTeamConfigEventFixed fixed;
  fixed.peripheral_id = model_.settings().peripheral_id;
  fixed.team_id = team.settings.id;
  fixed.config_operation = event.added ? 1 : 2;
  for (auto& [id, client] : clients_) {
    if (!client->open() || !client->has(service::kSupervisor) ||
        (client->call_mask & (1U << 23)) == 0)
      continue;
    send<ged::AgentTeamConfigEventEncoder>(
        *client, fixed, [&](ged::AgentTeamConfigEventEncoder& to) {
          to.agent_team_name(team.settings.name);
          to.add_agent(
              {agent.settings.id, std::uint16_t{0}, static_cast<std::uint16_t>(agent.state), 0U});
        });
  }
}

void Server::on_supervision(const SupervisionEvent& event) {
  const std::string& device = model_.stations()[event.station].id;
  const Agent& agent = model_.agents()[event.agent];
  for (auto& entry : clients_) {
    Client& client = *entry.second;
    if (!client.open() || !client.has(service::kSupervisor)) continue;
    const auto common = [&](auto& fixed) {
      fixed.peripheral_id = model_.settings().peripheral_id;
      fixed.connection_call_id = event.call->number;
      fixed.connection_device_id_type = 0;
      fixed.session_id = agent.last_session;
    };
    if (event.kind == SupervisionEvent::Kind::kAssist) {
      ged::SupervisorAssistEventFixed fixed;
      common(fixed);
      send<ged::SupervisorAssistEventEncoder>(
          client, fixed, [&](ged::SupervisorAssistEventEncoder& to) {
            to.connection_device_id(device).client_id(client.client_id);
          });
    } else {
      ged::EmergencyCallEventFixed fixed;
      common(fixed);
      send<ged::EmergencyCallEventEncoder>(client, fixed, [&](ged::EmergencyCallEventEncoder& to) {
        to.connection_device_id(device).client_id(client.client_id);
        to.agent_extension(device).agent_id(agent.settings.id).agent_instrument(device);
      });
    }
  }
}

void Server::tell_calls_in_progress(Client& client) {
  const StationIndex station = bound_station(client);
  if (station == kNoIndex || (client.call_mask & simulator::mask_of(CallEventKind::kBegin)) == 0)
    return;
  for (const CallNumber number : model_.stations()[station].calls) {
    const Call& call = *model_.find_call(number);
    const Connection& view = *call.of_station(station);
    if (!view.announced) continue;
    CallEvent event;
    event.kind = CallEventKind::kBegin;
    event.call = &call;
    event.number = number;
    event.station = station;
    event.device = view.party.id;
    event.local = view.state;
    const EventFrames made =
        encode_call_event(model_, event, client.version, client.registered, scratch_);
    std::vector<std::byte> frame(made.first.begin(), made.first.end());
    stamp(frame, client.monitor_id);
    put(client, frame);
  }
}

}  // namespace cti::simulator
