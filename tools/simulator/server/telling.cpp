// Who is told what: services, masks and monitors decide (interest.hpp finds them); a frame is encoded once per version.
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/supervisor.hpp"
#include "wire/ged188/team.hpp"

#include <algorithm>
#include <utility>

namespace cti::simulator {
namespace {

/// AgentStateMask bit of a state. States that no bit names go to everybody.
std::uint32_t mask_of(AgentState state) {
  namespace bit = ged::agent_state_mask;
  constexpr std::pair<AgentState, std::uint32_t> kBits[] = {
      {AgentState::kLogin, bit::kLogin},         {AgentState::kLogout, bit::kLogout},
      {AgentState::kNotReady, bit::kNotReady},   {AgentState::kAvailable, bit::kAvailable},
      {AgentState::kTalking, bit::kTalking},     {AgentState::kWorkNotReady, bit::kWorkNotReady},
      {AgentState::kWorkReady, bit::kWorkReady}, {AgentState::kBusyOther, bit::kBusyOther},
      {AgentState::kReserved, bit::kReserved},   {AgentState::kHold, bit::kHold},
  };
  const auto found = std::ranges::find(kBits, state, &std::pair<AgentState, std::uint32_t>::first);
  return found != std::end(kBits) ? found->second : 0xFFFF'FFFF;
}

/// Puts the MonitorID into every frame of `frames` (one or two behind each other).
void stamp(MutableBytes frames, std::uint32_t monitor_id) {
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

std::vector<std::byte>& EventFrameCache::at(ged::Version version, bool& made) {
  Kept& kept = kept_[std::min<std::size_t>(version, kept_.size() - 1)];
  made = std::exchange(kept.event, event_) == event_;
  if (!made) kept.bytes.clear();
  return kept.bytes;
}

/// The frames of a call event as this session reads them; valid until the next call.
MutableBytes Server::call_frames(const CallEvent& event, const Client& client) {
  const bool shared = client.registered.everything();
  bool made = false;
  std::vector<std::byte>& bytes = shared ? cache_.at(client.version, made) : private_frames_;
  if (!made) {
    const EventFrames frames =
        encode_call_event(model_, event, client.version, client.registered, scratch_);
    bytes.assign(frames.first.begin(), frames.first.end());
    bytes.insert(bytes.end(), frames.second.begin(), frames.second.end());
  }
  return bytes;
}

void Server::tell_call(const CallEvent& event, Client& client, std::uint32_t monitor) {
  const MutableBytes frames = call_frames(event, client);
  if (event.kind != CallEventKind::kTranslationRoute) stamp(frames, monitor);
  put_each(client, frames);
}

/// Each message is a frame of its own for the faults' sake.
void Server::put_each(Client& client, Bytes frames) {
  while (!frames.empty()) {
    const std::size_t whole = ged::limits::kHeaderBytes + load_be<std::uint32_t>(frames.data());
    put(client, frames.first(whole));
    frames = frames.subspan(whole);
  }
}

template <class Tell>
void Server::tell_own(Client& client, Tell&& tell) {
  tell(client, client.monitor_id);
  for (const Watch& watch : interest_.watching(ClientMonitor::Kind::kSession, client.session)) {
    tell(*watch.client, watch.id);
  }
}

void Server::on_call(const CallEvent& event) {
  cache_.next();
  const std::uint32_t bit = simulator::mask_of(event.kind);
  const auto tell = [&](Client& to, std::uint32_t monitor) { tell_call(event, to, monitor); };
  for (Client* client : interest_.everything()) {
    if ((client->call_mask & bit) != 0) tell_own(*client, tell);
  }
  if (event.kind == CallEventKind::kTranslationRoute) return tell_translation_route(event);
  const bool begins = event.kind == CallEventKind::kBegin;
  std::vector<const Client*> newcomers;
  const auto own = [&](Client* client) {
    if (begins) newcomers.push_back(client);
    if (client->has(service::kAllEvents) || (client->call_mask & bit) == 0) return;
    tell_own(*client, tell);
  };
  if (event.station != kNoIndex) {
    for (Client* client : interest_.of_station(event.station)) own(client);
    const AgentIndex agent = model_.stations()[event.station].agent;
    if (agent != kNoIndex) {
      for (Client* client : interest_.of_agent(agent)) {
        if (client->station == kNoIndex) own(client);
      }
    }
    for (const Watch& w : interest_.watching(ClientMonitor::Kind::kDevice, event.station)) {
      if ((w.call_mask & bit) != 0) tell(*w.client, w.id);
    }
  }
  for (const Watch& w : interest_.watching(ClientMonitor::Kind::kCall, event.number)) {
    if ((w.call_mask & bit) != 0 && w.device == event.device) tell(*w.client, w.id);
  }
  if (event.kind == CallEventKind::kEnd) end_call_monitors(event);
  if (event.renamed != kNoCall) rename_call_monitors(event);
  for (const Client* client : newcomers) {
    model_.note_cti_client(event.number, {client->signature, now_seconds()});
  }
}

void Server::tell_translation_route(const CallEvent& event) {
  const std::uint32_t bit = simulator::mask_of(event.kind);
  for (auto& [id, client] : clients_) {
    if (!client->open() || !client->has(service::kPeripheralMonitor) ||
        client->has(service::kAllEvents) || (client->call_mask & bit) == 0) {
      continue;
    }
    tell_call(event, *client, 0);
  }
}

void Server::end_call_monitors(const CallEvent& event) {
  const Interest::Watches ended = interest_.watching(ClientMonitor::Kind::kCall, event.number);
  for (const Watch& watch : ended) {
    if (watch.device == event.device) drop_monitor(*watch.client, watch.id);
  }
}

void Server::rename_call_monitors(const CallEvent& event) {
  const Interest::Watches renamed = interest_.watching(ClientMonitor::Kind::kCall, event.number);
  for (const Watch& watch : renamed) {
    if (watch.device != event.device) continue;
    ClientMonitor& monitor = *find_monitor(*watch.client, watch.id);
    interest_.remove(*watch.client, monitor);
    monitor.target = event.renamed;
    interest_.add(*watch.client, monitor);
  }
}

void Server::tell_agent(const Agent& agent, Client& client, std::uint32_t monitor) {
  bool made = false;
  std::vector<std::byte>& frames = cache_.at(client.version, made);
  if (!made) {
    // Before version 13 a message tells one skill group.
    const std::size_t messages =
        client.version >= 13 ? 1 : std::max<std::size_t>(1, agent.groups.size());
    for (std::size_t group = 0; group < messages; ++group) {
      const Bytes frame = encode_agent_event(model_, agent, client.version, group,
                                             model_.settings().peripheral_id, scratch_);
      frames.insert(frames.end(), frame.begin(), frame.end());
    }
  }
  stamp(frames, monitor);
  put_each(client, frames);
}

void Server::on_agent(const AgentEvent& event) {
  cache_.next();
  const Agent& agent = model_.agents()[event.agent];
  const std::uint32_t bit = mask_of(agent.state);
  const auto tell = [&](Client& to, std::uint32_t monitor) { tell_agent(agent, to, monitor); };
  const auto wants = [&](const Client& client) {
    return (client.agent_mask & bit) != 0 &&
           !(event.repeated && client.has(service::kIgnoreDuplicates));
  };
  for (Client* client : interest_.everything()) {
    if (wants(*client)) tell_own(*client, tell);
  }
  const auto own = [&](Client* client) {
    if (!client->has(service::kAllEvents) && wants(*client)) tell_own(*client, tell);
  };
  const auto monitored = [&](const Watch& w) {
    if ((w.agent_mask & bit) == 0) return;
    if (event.repeated && w.client->has(service::kIgnoreDuplicates)) return;
    tell(*w.client, w.id);
  };
  if (agent.station != kNoIndex) {
    for (Client* client : interest_.of_station(agent.station)) own(client);
    for (const Watch& w : interest_.watching(ClientMonitor::Kind::kDevice, agent.station)) {
      monitored(w);
    }
  }
  for (Client* client : interest_.of_agent(event.agent)) {
    if (client->station == kNoIndex || client->station != agent.station) own(client);
  }
  for (std::uint32_t team = 0; team < model_.teams().size(); ++team) {
    const Interest::Watches& watches = interest_.watching(ClientMonitor::Kind::kTeam, team);
    if (watches.empty() || !model_.teams()[team].has(event.agent)) continue;
    for (const Watch& w : watches) monitored(w);
  }
}

void Server::on_system(SystemKind kind, std::uint32_t argument) {
  if (kind == SystemKind::kControllerOffline) pg_status_bits_ |= 2U;
  if (kind == SystemKind::kControllerOnline) pg_status_bits_ &= ~2U;
  for (auto& [id, client] : clients_) {
    if (hears(*client)) system_event(*client, kind, argument);
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
    if (!hears(*client)) continue;
    if ((client->call_mask & ged::call_event_mask::kAgentTeamConfig) == 0) continue;
    const AgentIndex self = bound_agent(*client);
    const bool own = client->has(service::kSupervisor) && self != kNoIndex &&
                     (team.has(self) || self == event.agent);
    if (!own && !client->has(service::kAllEvents)) continue;
    send<ged::AgentTeamConfigEventEncoder>(
        *client, fixed, [&](ged::AgentTeamConfigEventEncoder& to) {
          to.agent_team_name(team.settings.name);
          to.add_agent(member_entry(team, event.agent, !event.added));
        });
  }
  if (event.added) tell_team_monitors(event.team, agent);
}

/// Whoever monitors the team hears at once what its new member does.
void Server::tell_team_monitors(std::uint32_t team, const Agent& agent) {
  cache_.next();
  for (const Watch& w : interest_.watching(ClientMonitor::Kind::kTeam, team)) {
    if ((w.agent_mask & mask_of(agent.state)) != 0) tell_agent(agent, *w.client, w.id);
  }
}

void Server::on_supervision(const SupervisionEvent& event) {
  const std::string& device = model_.stations()[event.station].id;
  const Agent& agent = model_.agents()[event.agent];
  const bool emergency = event.kind == SupervisionEvent::Kind::kEmergency;
  // Bridges hear of both; recorders of emergencies.
  const std::uint32_t wanted =
      service::kSupervisor | service::kAllEvents | (emergency ? service::kServer : 0U);
  const Client* asking = nullptr;
  for (Client* client : interest_.of_agent(event.agent)) asking = client;
  for (Client* client : interest_.of_station(event.station)) asking = client;
  const std::string who = asking == nullptr ? std::string() : asking->client_id;
  for (auto& entry : clients_) {
    Client& client = *entry.second;
    if (!hears(client) || !client.has(wanted)) continue;
    const auto common = [&](auto& fixed) {
      fixed.peripheral_id = model_.settings().peripheral_id;
      fixed.connection_call_id = event.call;
      fixed.connection_device_id_type = event.call == kNoCall ? 0xFFFF : 0;
      fixed.session_id = asking == nullptr ? agent.last_session : asking->session;
    };
    if (!emergency) {
      ged::SupervisorAssistEventFixed fixed;
      common(fixed);
      send<ged::SupervisorAssistEventEncoder>(client, fixed,
                                              [&](ged::SupervisorAssistEventEncoder& to) {
                                                to.connection_device_id(device).client_id(who);
                                              });
      continue;
    }
    ged::EmergencyCallEventFixed fixed;
    common(fixed);
    send<ged::EmergencyCallEventEncoder>(client, fixed, [&](ged::EmergencyCallEventEncoder& to) {
      to.connection_device_id(device).client_id(who).client_address(
          asking == nullptr ? std::string_view("0.0.0.0") : std::string_view(asking->peer.host));
      to.agent_extension(device).agent_id(agent.settings.id).agent_instrument(device);
    });
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
    model_.note_cti_client(number, {client.signature, now_seconds()});
  }
}

}  // namespace cti::simulator
