// Monitors on devices, calls and sessions.
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/client_monitor.hpp"
#include "wire/ged188/monitor.hpp"

#include <algorithm>

namespace cti::simulator {

ClientMonitor* Server::find_monitor(Client& client, std::uint32_t id) {
  const auto found = std::ranges::find_if(client.monitors,
                                          [id](const auto& monitor) { return monitor->id == id; });
  return found == client.monitors.end() ? nullptr : found->get();
}

bool Server::has_monitor(const Client& client, const ClientMonitor& like) const {
  return std::ranges::any_of(interest_.watching(like.kind, like.target), [&](const Watch& w) {
    return w.client == &client && w.device == like.device;
  });
}

std::uint32_t Server::add_monitor(Client& client, const ClientMonitor& monitor) {
  client.monitors.push_back(std::make_unique<ClientMonitor>(monitor));
  ClientMonitor& kept = *client.monitors.back();
  kept.id = next_monitor_++;
  interest_.add(client, kept);
  return kept.id;
}

void Server::drop_monitor(Client& client, std::uint32_t id) {
  const ClientMonitor* monitor = find_monitor(client, id);
  if (monitor == nullptr) return;
  interest_.remove(client, *monitor);
  std::erase_if(client.monitors, [id](const auto& m) { return m->id == id; });
}

void Server::monitor_start(Client& client, Bytes body) {
  const auto request = read<ged::MonitorStartReqView>(client, body);
  if (!request || !right_peripheral(client, request->invoke_id(), request->peripheral_id())) return;
  const std::uint32_t invoke_id = request->invoke_id();
  const auto device = request->monitored_device_id();
  const bool call_named = request->connection_call_id() != kNoCall;
  const bool device_named = device && !device->empty();
  if (call_named && device_named) return fail(client, invoke_id, Status::kExclusiveDeviceTypes);
  if (!call_named && !device_named) return fail(client, invoke_id, Status::kRequiredDataMissing);
  if (client.monitors.size() >= kMonitorsMax)
    return fail(client, invoke_id, Failure::telephone(Refusal{42}));
  ClientMonitor monitor;
  monitor.call_mask = request->call_msg_mask();
  monitor.agent_mask = request->agent_state_mask();
  if (device_named) {
    monitor.kind = ClientMonitor::Kind::kDevice;
    monitor.target = model_.find_station(*device);
    if (monitor.target == kNoIndex) return fail(client, invoke_id, Status::kInvalidDevice);
  } else {
    monitor.kind = ClientMonitor::Kind::kCall;
    monitor.target = request->connection_call_id();
    monitor.device = std::string(request->connection_device_id().value_or(""));
    const StationIndex station = model_.find_station(monitor.device);
    const Connection* view =
        station == kNoIndex ? nullptr : model_.find_view(monitor.target, station);
    if (view == nullptr || !view->announced) return fail(client, invoke_id, Status::kInvalidCallId);
  }
  if (has_monitor(client, monitor)) return fail(client, invoke_id, Status::kMonitorExists);
  const std::uint32_t id = add_monitor(client, monitor);
  send<ged::MonitorStartConfEncoder>(client, ged::MonitorStartConfFixed{invoke_id, id},
                                     [](auto&) {});
}

void Server::monitor_stop(Client& client, Bytes body) {
  const auto request = read<ged::MonitorStopReqView>(client, body);
  if (!request) return;
  const ClientMonitor* monitor = find_monitor(client, request->monitor_id());
  const bool right = monitor != nullptr && (monitor->kind == ClientMonitor::Kind::kDevice ||
                                            monitor->kind == ClientMonitor::Kind::kCall);
  if (!right) return fail(client, request->invoke_id(), Status::kInvalidMonitor);
  drop_monitor(client, request->monitor_id());
  send<ged::MonitorStopConfEncoder>(client, ged::MonitorStopConfFixed{request->invoke_id()},
                                    [](auto&) {});
}

void Server::change_monitor(Client& client, Bytes body) {
  const auto request = read<ged::ChangeMonitorMaskReqView>(client, body);
  if (!request) return;
  const bool hears_by_itself = client.has(service::kClientEvents | service::kAllEvents);
  if (hears_by_itself && request->monitor_id() == client.monitor_id) {
    client.call_mask = request->call_msg_mask();
    client.agent_mask = request->agent_state_mask();
  } else {
    ClientMonitor* monitor = find_monitor(client, request->monitor_id());
    if (monitor == nullptr) return fail(client, request->invoke_id(), Status::kInvalidMonitor);
    interest_.remove(client, *monitor);
    monitor->call_mask = request->call_msg_mask();
    monitor->agent_mask = request->agent_state_mask();
    interest_.add(client, *monitor);
  }
  send<ged::ChangeMonitorMaskConfEncoder>(
      client, ged::ChangeMonitorMaskConfFixed{request->invoke_id()}, [](auto&) {});
}

void Server::session_monitor_start(Client& client, Bytes body) {
  const auto request = read<ged::SessionMonitorStartReqView>(client, body);
  if (!request) return;
  const std::uint32_t session = request->session_id();
  if (session == client.session)
    return fail(client, request->invoke_id(), Status::kSessionMonitorIsClients);
  const bool known = std::ranges::any_of(clients_, [&](const auto& entry) {
    return entry.second->open() && entry.second->session == session;
  });
  if (!known) return fail(client, request->invoke_id(), Status::kClientNotFound);
  ClientMonitor monitor;
  monitor.kind = ClientMonitor::Kind::kSession;
  monitor.target = session;
  if (has_monitor(client, monitor))
    return fail(client, request->invoke_id(), Status::kSessionMonitorExists);
  if (client.monitors.size() >= kMonitorsMax)
    return fail(client, request->invoke_id(), Failure::telephone(Refusal{42}));
  const std::uint32_t id = add_monitor(client, monitor);
  send<ged::SessionMonitorStartConfEncoder>(
      client, ged::SessionMonitorStartConfFixed{request->invoke_id(), id}, [](auto&) {});
}

void Server::session_monitor_stop(Client& client, Bytes body) {
  const auto request = read<ged::SessionMonitorStopReqView>(client, body);
  if (!request) return;
  const ClientMonitor* monitor = find_monitor(client, request->monitor_id());
  if (monitor == nullptr || monitor->kind != ClientMonitor::Kind::kSession)
    return fail(client, request->invoke_id(), Status::kInvalidMonitor);
  drop_monitor(client, request->monitor_id());
  send<ged::SessionMonitorStopConfEncoder>(
      client, ged::SessionMonitorStopConfFixed{request->invoke_id()}, [](auto&) {});
}

}  // namespace cti::simulator
