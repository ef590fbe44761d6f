// Opening, keeping and ending sessions; who may ask what.
#include "tools/simulator/server/server_impl.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/client_monitor.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/misc.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/ged188_rules.hpp"

#include <algorithm>
#include <cstdio>

namespace cti::simulator {
namespace {

using Type = ged::MessageType;

constexpr std::uint32_t kLooking =
    service::kClientControl | service::kAgentStateOnly | service::kAllEvents;

constexpr std::uint32_t kIdleTimeoutMin = 20;  // seconds

std::string hexed(std::uint32_t number) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", number);
  return text;
}

/// What a standby side takes besides OPEN, HEARTBEAT and CLOSE.
constexpr bool for_standby(Type type) { return type == Type::kStoppingRequestsToThisSideInd; }

}  // namespace

/// Every request that is known: the services of which it needs at least one (0: open to all), and who serves it.
const Server::Route Server::kRoutes[] = {
    {Type::kSetAgentStateReq,
     service::kClientControl | service::kAgentStateOnly | service::kSupervisor,
     &Server::set_agent_state},
    {Type::kQueryAgentStateReq, kLooking, &Server::query_agent_state},
    {Type::kSnapshotCallReq, kLooking, &Server::snapshot_call},
    {Type::kSnapshotDeviceReq, kLooking, &Server::snapshot_device},
    {Type::kQueryDeviceInfoReq, kLooking, &Server::query_device},
    {Type::kAgentGreetingControlReq, service::kClientControl, &Server::agent_greeting},
    {Type::kAnswerCallReq, service::kClientControl, &Server::simple<Type::kAnswerCallReq>},
    {Type::kHoldCallReq, service::kClientControl, &Server::simple<Type::kHoldCallReq>},
    {Type::kRetrieveCallReq, service::kClientControl, &Server::simple<Type::kRetrieveCallReq>},
    {Type::kClearCallReq, service::kClientControl, &Server::simple<Type::kClearCallReq>},
    {Type::kClearConnectionReq, service::kClientControl,
     &Server::simple<Type::kClearConnectionReq>},
    {Type::kDeflectCallReq, service::kClientControl, &Server::simple<Type::kDeflectCallReq>},
    {Type::kSendDtmfSignalReq, service::kClientControl, &Server::simple<Type::kSendDtmfSignalReq>},
    {Type::kBadCallReq, service::kClientControl, &Server::simple<Type::kBadCallReq>},
    {Type::kMakeCallReq, service::kClientControl, &Server::make_call},
    {Type::kMakePredictiveCallReq, service::kClientControl, &Server::make_predictive_call},
    {Type::kAlternateCallReq, service::kClientControl, &Server::two<Type::kAlternateCallReq>},
    {Type::kReconnectCallReq, service::kClientControl, &Server::two<Type::kReconnectCallReq>},
    {Type::kConsultationCallReq, service::kClientControl, &Server::consultation},
    {Type::kTransferCallReq, service::kClientControl, &Server::transfer},
    {Type::kConferenceCallReq, service::kClientControl, &Server::conference},
    {Type::kSupervisorAssistReq, service::kClientControl, &Server::assist<false>},
    {Type::kEmergencyCallReq, service::kClientControl, &Server::assist<true>},
    {Type::kSetCallDataReq, service::kCallData, &Server::set_call_data},
    {Type::kReleaseCallReq, service::kCallData, &Server::release_call},
    {Type::kSetDeviceAttributesReq, service::kCallData, &Server::set_device_attributes},
    {Type::kMonitorStartReq, service::kPeripheralMonitor, &Server::monitor_start},
    {Type::kMonitorStopReq, service::kPeripheralMonitor, &Server::monitor_stop},
    {Type::kChangeMonitorMaskReq, 0, &Server::change_monitor},
    {Type::kSessionMonitorStartReq, service::kClientMonitor, &Server::session_monitor_start},
    {Type::kSessionMonitorStopReq, service::kClientMonitor, &Server::session_monitor_stop},
    {Type::kSuperviseCallReq, service::kSupervisor, &Server::supervise},
    {Type::kListAgentTeamReq, service::kSupervisor, &Server::list_teams},
    {Type::kMonitorAgentTeamStartReq, service::kSupervisor, &Server::monitor_team_start},
    {Type::kMonitorAgentTeamStopReq, service::kSupervisor, &Server::monitor_team_stop},
    {Type::kRegisterServiceReq, service::kServer, &Server::register_service},
    {Type::kUnregisterServiceReq, service::kServer, &Server::unregister_service},
    {Type::kStartRecordingReq, 0, &Server::recording<Type::kStartRecordingReq>},
    {Type::kStopRecordingReq, 0, &Server::recording<Type::kStopRecordingReq>},
    {Type::kStartRecordingConf, 0, &Server::answered<Type::kStartRecordingConf>},
    {Type::kStopRecordingConf, 0, &Server::answered<Type::kStopRecordingConf>},
    {Type::kFailureConf, 0, &Server::answered<Type::kFailureConf>},
    {Type::kControlFailureConf, 0, &Server::answered<Type::kControlFailureConf>},
    {Type::kStartNetworkRecordingReq, service::kClientControl,
     &Server::network<Type::kStartNetworkRecordingReq>},
    {Type::kStopNetworkRecordingReq, service::kClientControl,
     &Server::network<Type::kStopNetworkRecordingReq>},
    {Type::kTeamConfigReq, service::kSupervisor | service::kAllEvents, &Server::team_config},
    {Type::kSetAgentServiceDataReq, 0, &Server::agent_service_data},
    {Type::kAgentDeskSettingsReq, 0, &Server::desk_settings},
    {Type::kRegisterVariablesReq, 0, &Server::register_variables},
    {Type::kSetAppDataReq, 0, &Server::set_app_data},
    {Type::kQueryAgentStatisticsReq, 0, &Server::agent_statistics},
    {Type::kQuerySkillGroupStatisticsReq, 0, &Server::group_statistics},
    {Type::kConfigRequestKeyEvent, 0, &Server::config_keys},
    {Type::kConfigRequestEvent, 0, &Server::config_download},
    {Type::kClientEventReportReq, 0, &Server::report},
    {Type::kUserMessageReq, 0, &Server::user_message},
    {Type::kActiveMaintenanceRespMsg, 0, &Server::maintenance_answer},
    {Type::kStoppingRequestsToThisSideInd, 0, &Server::stopping_requests},
};

void Server::on_frame(Client& client, std::uint32_t number, Bytes body) {
  const auto type = static_cast<Type>(number);
  client.asked = number;
  if (type == Type::kHeartbeatReq) return heartbeat(client, body);
  if (type == Type::kOpenReq) return open(client, body);
  const std::uint32_t invoke_id = ged::begins_with_invoke_id(type) ? invoke_id_of(body) : 0;
  if (!client.open()) return fail(client, invoke_id, Status::kSessionNotOpen);
  if (type == Type::kCloseReq) return close(client, body);
  if (sides_[static_cast<std::size_t>(client.side)].standby && !for_standby(type)) {
    return fail(client, invoke_id, Status::kServerOffline);
  }
  const ged::MessageRule* rule = ged::find_message(number);
  if (rule != nullptr && rule->since > client.version) {
    return fail(client, invoke_id, Status::kInvalidMessageForVersion);
  }
  const auto route = std::ranges::find(kRoutes, type, &Route::type);
  if (route == std::end(kRoutes)) {
    ++counters_.unknown;
    return fail(client, invoke_id, Status::kFunctionNotAvailable);
  }
  if (route->needed != 0 && !client.has(route->needed)) {
    return fail(client, invoke_id, Status::kFunctionNotAvailable);
  }
  (this->*route->serve)(client, body);
}

void Server::open(Client& client, Bytes body) {
  const std::uint32_t invoke_id = invoke_id_of(body);
  if (client.open()) return fail(client, invoke_id, Status::kSessionAlreadyOpen);
  if (faults_.ignore_open) return;
  Status status = faults_.refuse_open.value_or(Status::kNoError);
  if (status == Status::kNoError) status = check_open(client, body);
  if (status != Status::kNoError) {
    ++counters_.refused;
    return fail(client, invoke_id, status);
  }
  client.phase = Client::Phase::kOpen;
  ++counters_.opened;
  say_open(client);
  welcome(client, invoke_id);
}

Status Server::check_open(Client& client, Bytes body) {
  const SideState& side = sides_[static_cast<std::size_t>(client.side)];
  if (stopping_ || side.out_of_service) return Status::kServerOffline;
  if (side.maintained || maintenance_) return Status::kInMaintenance;
  const auto version = ged::version_of_open_req(body);
  if (!version) return Status::kInvalidMessageLength;
  if (*version < ged::kOldestVersion || *version > ged::kNewestVersion)
    return Status::kInvalidVersion;
  client.version = *version;
  const auto view = decode<ged::OpenReqView>(body, *version);
  if (!view) {
    const std::uint32_t answer = view.error().strict_status;
    return answer == 0 ? Status::kBadMessageFormat : static_cast<Status>(answer);
  }
  if (!view->client_id()) return Status::kRequiredDataMissing;
  if (settings_.strict && !view->client_password()) return Status::kRequiredDataMissing;
  const std::uint32_t timeout = view->idle_timeout();
  if (timeout < kIdleTimeoutMin) return Status::kInvalidTimeout;
  const std::uint32_t wanted = client.wanted = view->services_requested();
  if (side.standby) {
    if (*version < 24) return Status::kServerOffline;
    if ((wanted & service::kActiveStandby) == 0) return Status::kInvalidClientForStandby;
  }
  client.client_id = std::string(*view->client_id());
  client.signature = std::string(view->client_signature().value_or(""));
  client.services = wanted & service::kGranted;
  if ((client.services & service::kAgentStateOnly) != 0 &&
      (wanted & service::kClientControl) == 0) {
    client.services &= ~service::kClientControl;
  }
  client.call_mask = view->call_msg_mask();
  client.agent_mask = view->agent_state_mask();
  client.config_mask = view->config_msg_mask();
  client.peripheral = view->peripheral_id();
  client.idle_timeout = timeout == 0xFFFF'FFFF ? Nanos::max() : Nanos(Seconds(timeout));
  client.station = client.agent = kNoIndex;
  return client.has(service::kClientEvents) ? bind_device(client, *view) : Status::kNoError;
}

Status Server::bind_device(Client& client, const ged::OpenReqView& request) {
  const auto named = [](std::optional<std::string_view> text) {
    return text && !text->empty() ? text : std::nullopt;
  };
  const auto instrument = named(request.agent_instrument());
  const auto extension = named(request.agent_extension());
  const auto agent = named(request.agent_id());
  const bool nameless = !instrument && !extension && !agent;
  if (nameless && !settings_.strict && client.has(service::kAllEvents)) {
    // Bridges that ask for every bit: whoever sees all devices needs none of their own.
    client.services &= ~service::kClientEvents;
    return Status::kNoError;
  }
  if (client.peripheral != model_.settings().peripheral_id) {
    const bool left_out = client.peripheral == 0xFFFF'FFFF || client.peripheral == 0;
    if (settings_.strict || !left_out) return Status::kInvalidPeripheral;
  }
  if (nameless) return Status::kRequiredDataMissing;
  if (instrument || extension) {
    client.station = model_.find_station(instrument ? *instrument : *extension);
    if (client.station == kNoIndex) return Status::kInvalidDevice;
    if (instrument && extension && model_.find_station(*extension) != client.station) {
      return Status::kInconsistentAgentData;
    }
  }
  if (agent) {
    client.agent = model_.find_agent(*agent);
    if (client.agent == kNoIndex) return Status::kInvalidAgentData;
    const StationIndex at = model_.agents()[client.agent].station;
    if (client.station != kNoIndex && at != kNoIndex && at != client.station)
      return Status::kInconsistentAgentData;
  }
  if (client.has(service::kSupervisor)) {
    const AgentIndex who = bound_agent(client);
    if (who != kNoIndex && !model_.agents()[who].settings.supervisor)
      return Status::kFunctionNotAvailable;
  }
  const std::vector<Client*> before = sessions_of_same(client);
  for (const Client* other : before) {
    if (other->client_id != client.client_id) return Status::kDeviceInUse;
  }
  for (Client* other : before) {
    failure_event(*other, Status::kNewSessionOpened);
    other->ended_because = "the same client opened another session";
    forget(*other, Status::kNewSessionOpened);
    other->close_at = io_.now() + Seconds(5);
  }
  return Status::kNoError;
}

/// Those for the same device or agent. A client of a pair of sides has one with each of them: the active side and the standby
/// one know nothing of each other's.
std::vector<Client*> Server::sessions_of_same(const Client& client) {
  const auto standby = [this](const Client& of) {
    return sides_[static_cast<std::size_t>(of.side)].standby;
  };
  std::vector<Client*> found;
  for (auto& [id, other] : clients_) {
    if (other.get() == &client || !other->open() || !other->has(service::kClientEvents)) continue;
    if (standby(*other) != standby(client)) continue;
    const bool same = (client.station != kNoIndex && bound_station(*other) == client.station) ||
                      (client.agent != kNoIndex && other->agent == client.agent);
    if (same) found.push_back(other.get());
  }
  return found;
}

void Server::welcome(Client& client, std::uint32_t invoke_id) {
  const SideState& side = sides_[static_cast<std::size_t>(client.side)];
  // Whoever hears of all devices has made no monitor: its events carry 0.
  if (client.has(service::kClientEvents) && !client.has(service::kAllEvents))
    client.monitor_id = next_monitor_++;
  ged::OpenConfFixed fixed;
  fixed.invoke_id = invoke_id;
  fixed.services_granted = client.services;
  fixed.monitor_id = client.monitor_id;
  fixed.pg_status = pg_status();
  fixed.icm_central_controller_time = now_seconds();
  fixed.peripheral_online = model_.peripheral_online();
  fixed.peripheral_type = model_.settings().peripheral_type;
  fixed.session_type = side.standby ? 2 : 1;
  const StationIndex station = bound_station(client);
  const AgentIndex agent = bound_agent(client);
  fixed.agent_state = static_cast<std::uint16_t>(agent != kNoIndex ? model_.agents()[agent].state
                                                                   : AgentState::kUnknown);
  send<ged::OpenConfEncoder>(client, fixed, [&](ged::OpenConfEncoder& to) {
    if (station != kNoIndex) {
      to.agent_extension(model_.stations()[station].id)
          .agent_instrument(model_.stations()[station].id);
    }
    if (agent != kNoIndex) to.agent_id(model_.agents()[agent].settings.id);
    to.add_peripheral({model_.settings().peripheral_id, std::uint16_t{0}});
  });
  if (!side.standby) {
    interest_.add(client);
    tell_state(client);
  }
  session_news(client, true, Status::kNoError);
}

/// In the order in which it was seen to come.
void Server::tell_state(Client& client) {
  if (client.has(service::kSupervisor | service::kAllEvents)) tell_teams(client);
  if (client.has(service::kAllEvents)) {
    system_event(
        client,
        model_.peripheral_online() ? SystemKind::kPeripheralOnline : SystemKind::kPeripheralOffline,
        model_.settings().peripheral_id);
  }
  if (client.has(service::kClientEvents)) tell_calls_in_progress(client);
  if (!client.has(service::kClientMonitor)) return;
  for (const auto& [id, other] : clients_) {
    if (other.get() == &client || !other->open()) continue;
    ged::ClientSessionOpenedEventFixed opened;
    opened.session_id = other->session;
    opened.peripheral_id = other->peripheral;
    opened.services_granted = other->services;
    opened.call_msg_mask = other->call_mask;
    opened.agent_state_mask = other->agent_mask;
    opened.client_port = other->peer.port;
    const Client& about = *other;
    send<ged::ClientSessionOpenedEventEncoder>(client, opened, [&](auto& to) {
      to.client_address(about.peer.host).client_id(about.client_id);
      to.client_signature(about.signature);
    });
  }
}

void Server::session_news(const Client& about, bool opened, Status why) {
  if (!opened) {
    const Interest::Watches ended =
        interest_.watching(ClientMonitor::Kind::kSession, about.session);
    for (const Watch& watch : ended) drop_monitor(*watch.client, watch.id);
  }
  for (const auto& [id, other] : clients_) {
    if (other.get() == &about || !other->open()) continue;
    if (!other->has(service::kClientMonitor | service::kConnectionMonitor)) continue;
    const auto fill = [&](auto& to) {
      to.client_address(about.peer.host).client_id(about.client_id);
      to.client_signature(about.signature);
    };
    if (opened) {
      ged::ClientSessionOpenedEventFixed fixed;
      fixed.session_id = about.session;
      fixed.peripheral_id = about.peripheral;
      fixed.services_granted = about.services;
      fixed.call_msg_mask = about.call_mask;
      fixed.agent_state_mask = about.agent_mask;
      fixed.client_port = about.peer.port;
      if (other->has(service::kClientMonitor)) {
        send<ged::ClientSessionOpenedEventEncoder>(*other, fixed, fill);
      }
    } else if (other->has(service::kClientMonitor)) {
      ged::ClientSessionClosedEventFixed fixed;
      fixed.session_id = about.session;
      fixed.peripheral_id = about.peripheral;
      fixed.status = static_cast<std::uint32_t>(why);
      send<ged::ClientSessionClosedEventEncoder>(*other, fixed, fill);
    }
  }
}

void Server::heartbeat(Client& client, Bytes body) {
  if (faults_.ignore_heartbeats) return;
  const std::uint32_t invoke_id = invoke_id_of(body);
  if (stopping_ || sides_[static_cast<std::size_t>(client.side)].out_of_service)
    return fail(client, invoke_id, Status::kServerOffline);
  send<ged::HeartbeatConfEncoder>(client, ged::HeartbeatConfFixed{invoke_id}, [](auto&) {});
}

void Server::close(Client& client, Bytes body) {
  const auto request = read<ged::CloseReqView>(client, body);
  if (!request) return;
  send<ged::CloseConfEncoder>(client, ged::CloseConfFixed{request->invoke_id()}, [](auto&) {});
  client.ended_because = core::log::text("CLOSE_REQ with status ", request->status());
  forget(client, static_cast<Status>(request->status()));
  client.close_at = io_.now() + Seconds(5);
}

void Server::fail(Client& client, std::uint32_t invoke_id, Status status) {
  say_refused(client, ged::name_of(ged::StatusCode{static_cast<std::uint32_t>(status)}),
              static_cast<std::uint32_t>(status));
  send<ged::FailureConfEncoder>(
      client, ged::FailureConfFixed{invoke_id, static_cast<std::uint32_t>(status)}, [](auto&) {});
}

void Server::fail(Client& client, std::uint32_t invoke_id, const Failure& failure) {
  if (failure.status != Status::kNoError) return fail(client, invoke_id, failure.status);
  say_refused(client, "by the switch", static_cast<std::uint32_t>(failure.refusal));
  ged::ControlFailureConfFixed fixed;
  fixed.invoke_id = invoke_id;
  fixed.failure_code = static_cast<std::uint16_t>(failure.refusal);
  fixed.peripheral_error_code = failure.peripheral_error;
  send<ged::ControlFailureConfEncoder>(client, fixed, [](auto&) {});
}

void Server::say_open(const Client& client) {
  say("session ", client.session, ": open, ClientID ", core::log::escaped(client.client_id),
      ", version ", client.version, ", services ", hexed(client.services),
      client.wanted == client.services ? std::string() : " of " + hexed(client.wanted));
}

void Server::say_refused(const Client& client, std::string_view what, std::uint32_t number) {
  if (!settings_.log) return;
  const ged::MessageRule* rule = ged::find_message(client.asked);
  say("session ", client.session, ": ",
      rule != nullptr ? std::string(rule->name) : std::to_string(client.asked), " refused: ", what,
      " (", number, ")");
}

void Server::failure_event(Client& client, Status status) {
  send<ged::FailureEventEncoder>(client, ged::FailureEventFixed{static_cast<std::uint32_t>(status)},
                                 [](auto&) {});
}

std::uint32_t Server::pg_status() const {
  return pg_status_bits_ | (model_.peripheral_online() ? 0U : 4U);
}

void Server::system_event(Client& client, SystemKind kind, std::uint32_t argument) {
  ged::SystemEventFixed fixed;
  fixed.pg_status = pg_status();
  fixed.icm_central_controller_time = now_seconds();
  fixed.system_event_id = static_cast<std::uint32_t>(kind);
  fixed.system_event_arg1 = argument;
  send<ged::SystemEventEncoder>(client, fixed, [&](ged::SystemEventEncoder& to) {
    to.text(model_.settings().peripheral_name);
  });
}

void Server::report(Client& client, Bytes body) {
  const auto request = read<ged::ClientEventReportReqView>(client, body);
  if (!request) return;
  ++reports_;
  last_report_ = std::string(request->object_name().value_or("")) + " state " +
                 std::to_string(request->state()) + ": " +
                 std::string(request->text().value_or(""));
  send<ged::ClientEventReportConfEncoder>(
      client, ged::ClientEventReportConfFixed{request->invoke_id()}, [](auto&) {});
}

void Server::user_message(Client& client, Bytes body) {
  const auto request = read<ged::UserMessageReqView>(client, body);
  if (!request) return;
  const std::uint16_t to = request->distribution();
  if (to > 3) return fail(client, request->invoke_id(), Status::kInvalidDistribution);
  const std::string text(request->text().value_or(""));
  if (text.size() > 254) return fail(client, request->invoke_id(), Status::kValueTooLong);
  const AgentIndex target =
      named_agent(request->agent_id(), request->agent_extension(), request->agent_instrument());
  const AgentIndex own = bound_agent(client);
  bool found = false;
  for (auto& [id, other] : clients_) {
    if (!hears(*other) || other.get() == &client) continue;
    const AgentIndex theirs = bound_agent(*other);
    bool meant = to == 3;
    if (to == 0) {
      meant = request->client_id() ? other->client_id == *request->client_id()
                                   : target != kNoIndex && theirs == target;
    } else if (own != kNoIndex && theirs != kNoIndex) {
      const AgentSettings& a = model_.agents()[own].settings;
      const AgentSettings& b = model_.agents()[theirs].settings;
      meant = a.team == b.team && (to == 2 || b.supervisor);
    }
    if (!meant) continue;
    found = true;
    ged::UserMessageEventFixed fixed;
    fixed.icm_central_controller_time = now_seconds();
    fixed.distribution = to;
    send<ged::UserMessageEventEncoder>(*other, fixed, [&](ged::UserMessageEventEncoder& message) {
      message.client_id(client.client_id).text(text);
    });
  }
  if (!found && to == 0) return fail(client, request->invoke_id(), Status::kClientNotFound);
  if (!found && to == 1) return fail(client, request->invoke_id(), Status::kSupervisorNotFound);
  send<ged::UserMessageConfEncoder>(client, ged::UserMessageConfFixed{request->invoke_id()},
                                    [](auto&) {});
}

}  // namespace cti::simulator
