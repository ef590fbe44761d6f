// Monitors on devices, calls and sessions.
#include "tools/simulator/server_impl.hpp"
#include "wire/ged188/client_monitor.hpp"
#include "wire/ged188/monitor.hpp"

#include <algorithm>

namespace cti::simulator {

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
  for (const ClientMonitor& other : client.monitors) {
    if (other.kind == monitor.kind && other.target == monitor.target &&
        other.device == monitor.device) {
      return fail(client, invoke_id, Status::kMonitorExists);
    }
  }
  monitor.id = next_monitor_++;
  client.monitors.push_back(monitor);
  send<ged::MonitorStartConfEncoder>(client, ged::MonitorStartConfFixed{invoke_id, monitor.id},
                                     [](auto&) {});
}

void Server::monitor_stop(Client& client, Bytes body) {
  const auto request = read<ged::MonitorStopReqView>(client, body);
  if (!request) return;
  const auto gone = std::erase_if(client.monitors, [&](const ClientMonitor& m) {
    return m.id == request->monitor_id() &&
           (m.kind == ClientMonitor::Kind::kDevice || m.kind == ClientMonitor::Kind::kCall);
  });
  if (gone == 0) return fail(client, request->invoke_id(), Status::kInvalidMonitor);
  send<ged::MonitorStopConfEncoder>(client, ged::MonitorStopConfFixed{request->invoke_id()},
                                    [](auto&) {});
}

void Server::change_monitor(Client& client, Bytes body) {
  const auto request = read<ged::ChangeMonitorMaskReqView>(client, body);
  if (!request) return;
  if (client.monitor_id != 0 && request->monitor_id() == client.monitor_id) {
    client.call_mask = request->call_msg_mask();
    client.agent_mask = request->agent_state_mask();
  } else {
    const auto monitor =
        std::ranges::find(client.monitors, request->monitor_id(), &ClientMonitor::id);
    if (monitor == client.monitors.end())
      return fail(client, request->invoke_id(), Status::kInvalidMonitor);
    monitor->call_mask = request->call_msg_mask();
    monitor->agent_mask = request->agent_state_mask();
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
  const bool twice = std::ranges::any_of(client.monitors, [&](const ClientMonitor& m) {
    return m.kind == ClientMonitor::Kind::kSession && m.target == session;
  });
  if (twice) return fail(client, request->invoke_id(), Status::kSessionMonitorExists);
  ClientMonitor monitor;
  monitor.kind = ClientMonitor::Kind::kSession;
  monitor.id = next_monitor_++;
  monitor.target = session;
  client.monitors.push_back(monitor);
  send<ged::SessionMonitorStartConfEncoder>(
      client, ged::SessionMonitorStartConfFixed{request->invoke_id(), monitor.id}, [](auto&) {});
}

void Server::session_monitor_stop(Client& client, Bytes body) {
  const auto request = read<ged::SessionMonitorStopReqView>(client, body);
  if (!request) return;
  const auto gone = std::erase_if(client.monitors, [&](const ClientMonitor& m) {
    return m.id == request->monitor_id() && m.kind == ClientMonitor::Kind::kSession;
  });
  if (gone == 0) return fail(client, request->invoke_id(), Status::kInvalidMonitor);
  send<ged::SessionMonitorStopConfEncoder>(
      client, ged::SessionMonitorStopConfFixed{request->invoke_id()}, [](auto&) {});
}

}  // namespace cti::simulator
