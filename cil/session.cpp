// session.cpp - Connect, Disconnect and the modes: arguments checked, the state stepped, the rest left to the event thread.
#include "cil/session.hpp"

#include "cil/detail/engine/engine.hpp"
#include "cil/detail/engine/event_threads.hpp"
#include "cil/detail/engine/session_core.hpp"
#include "core/epoll_io.hpp"
#include "wire/watch_keys.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <random>
#include <stdexcept>
#include <thread>

namespace cti::cil {

using detail::Engine;
using detail::SessionCore;
using detail::Standing;
using wire::RequestId;

namespace {

std::shared_ptr<core::Io> socket_layer(std::shared_ptr<core::Io> given) {
  if (given) return given;
  core::IoLimits limits;
  limits.connections_max = 16;  // one in use, the addresses of a name, others on their way out
  limits.receive_buffers = 4;
  limits.receive_buffer_bytes = 64 * 1024;
  limits.completions_per_turn = 64;
  auto made = core::make_epoll_io(limits);
  if (!made)
    throw CCtiosException("no socket layer: " + made.error().text, E_CTIOS_UNEXPECTED,
                          made.error().error);
  return std::move(*made);
}

std::uint64_t system_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

/// One number of the Connect arguments; false when it is there but out of range.
bool number_in(const Arguments& args, enum_Keywords key, int least, int most, int* value) {
  if (!args.IsValid(key)) return true;
  return args.GetValueInt(key, value) && *value >= least && *value <= most;
}

int why_not_connect(Standing standing) {
  switch (standing) {
    case Standing::kConnectAsked:
    case Standing::kConnecting:
    case Standing::kFailover:
    case Standing::kAnewAsked:
      return E_CTIOS_IN_FAILOVER;
    case Standing::kDisconnectAsked:
    case Standing::kClosing:
      return E_CTIOS_SESSION_DISCONNECT_PENDING;
    case Standing::kConnected:
    case Standing::kDisconnected:
    case Standing::kQuiet:
      break;
  }
  return E_CTIOS_MODE_CONFLICT;
}

}  // namespace

CCtiOsSession::CCtiOsSession(SessionOptions options)
    : keep_trying_(options.keep_trying),
      core_(detail::make_core(socket_layer(std::move(options.io)), options.own_thread,
                              options.limits)) {
  engine_ = std::make_shared<Engine>(core_, options.seed ? *options.seed : system_seed());
  if (!options.own_thread) {
    core_->drive = [weak = std::weak_ptr(engine_)](Millis most) {
      const std::shared_ptr<Engine> engine = weak.lock();
      return engine && engine->turn_of_caller(Millis(0), most).has_value();
    };
    return;
  }
  thread_ = std::thread([core = core_, engine = engine_]() mutable {
    while (!core->stopped()) engine->turn(engine->now() + Seconds(60));
    engine.reset();
    core.reset();
    detail::this_event_thread_ends();
  });
}

CCtiOsSession::~CCtiOsSession() {
  core_->stop();
  core_->dispatcher().close();
  core_->wake();
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    detail::this_event_thread_outlives_its_session();
    thread_.detach();  // a handler deletes its session: the turn ends when the handler has returned
  } else {
    thread_.join();
  }
}

int CCtiOsSession::Connect(const Arguments* args) {
  return args ? Connect(*args) : ReportError(E_CTIOS_INVALID_ARGUMENT);
}

int CCtiOsSession::Connect(const Arguments& args) {
  std::string host_a;
  std::string host_b;
  args.GetValueString(ekwCtiosA, &host_a);
  args.GetValueString(ekwCtiosB, &host_b);
  if (host_a.empty() && host_b.empty()) return ReportError(E_CTIOS_MISSING_ARGUMENT);
  int port_a = 42028;
  int port_b = 42028;
  int heartbeat = 5;
  int max_heartbeats = 3;
  if (!number_in(args, ekwPortA, 1, 65535, &port_a) ||
      !number_in(args, ekwPortB, 1, 65535, &port_b) ||
      !number_in(args, ekwHeartbeat, 1, 3600, &heartbeat) ||
      !number_in(args, ekwMaxHeartbeats, 1, 100, &max_heartbeats)) {
    return ReportError(E_CTIOS_INVALID_ARGUMENT);
  }
  // One host is enough: with its port it stands in for the other.
  if (host_a.empty()) host_a = host_b, port_a = port_b;
  if (host_b.empty()) host_b = host_a, port_b = port_a;
  detail::TransportConfig config;
  config.servers[0] = {host_a, static_cast<std::uint16_t>(port_a)};
  config.servers[1] = {host_b, static_cast<std::uint16_t>(port_b)};
  config.heartbeat = Seconds(heartbeat);
  config.max_heartbeats = static_cast<std::uint32_t>(max_heartbeats);
  config.beats = !args.IsValid(ekwHeartbeat) && !args.IsValid(ekwMaxHeartbeats);
  args.GetValueString(ekwClientID, &config.client_id);
  config.keep_trying = keep_trying_;
  std::array<std::byte, wire::limits::kHelloBytesMax> hello;
  if (detail::hello_of(config, hello).empty()) return ReportError(E_CTIOS_INVALID_ARGUMENT);
  const int refused = core_->act([&](SessionCore::State& state) -> int {
    if (!state.word.ask(detail::Step::kConnect)) return why_not_connect(state.word.now());
    state.config = config;
    state.properties.AddItem(CTIOS_CTIOSA, host_a);
    state.properties.AddItem(CTIOS_CTIOSB, host_b);
    state.properties.AddItem(CTIOS_PORTA, port_a);
    state.properties.AddItem(CTIOS_PORTB, port_b);
    state.properties.AddItem(CTIOS_HEARTBEAT, heartbeat);
    state.properties.AddItem(CTIOS_MAXHEARTBEATS, max_heartbeats);
    return CIL_OK;
  });
  return refused == CIL_OK ? refused : ReportError(refused);
}

int CCtiOsSession::Disconnect(const Arguments& args) {
  bool value = true;
  args.GetValueBool(ekwForcedDisconnect, &value);
  const bool forced = args.IsValid(ekwForcedDisconnect) && value;
  const int refused = core_->act([&](SessionCore::State& state) -> int {
    if (state.word.is(Standing::kDisconnected)) return E_CTIOS_SESSION_NOT_CONNECTED;
    const bool needs_force = state.mode == eNotConnected && !forced;
    if (needs_force && detail::after(state.word.now(), detail::Step::kDisconnect))
      return E_CTIOS_MODE_NOT_SET;
    if (!state.word.ask(detail::Step::kDisconnect)) return E_CTIOS_SESSION_DISCONNECT_PENDING;
    if (forced) state.properties.AddItem(CTIOS_FORCEDDISCONNECT, 1);
    return CIL_OK;
  });
  return refused == CIL_OK ? refused : ReportError(refused);
}

int CCtiOsSession::SetAgent(CAgent& agent) { return SetAgent(&agent); }

int CCtiOsSession::SetAgent(CAgent* agent) {
  if (!agent) return clear_agent();
  static constexpr enum_Keywords kOfAgent[] = {
      ekwAgentID,       ekwLoginName,      ekwPeripheralID,     ekwAgentInstrument,
      ekwAgentCallMode, ekwAgentExtension, ekwAgentRemoteNumber};
  Arguments all;
  agent->GetAllProperties(all);
  Arguments mode_args;
  for (const enum_Keywords key : kOfAgent) {
    if (const Arg* found = all.find(key)) mode_args.AddItem(key, *found);
  }
  const bool named = mode_args.IsValid(ekwAgentID) || mode_args.IsValid(ekwLoginName);
  if (!named || !mode_args.IsValid(ekwPeripheralID)) return ReportError(E_CTIOS_MISSING_ARGUMENT);
  Arguments login_args(mode_args);
  if (const Arg* password = all.find(ekwAgentPassword))
    login_args.AddItem(ekwAgentPassword, *password);
  std::string id;
  if (mode_args.GetValueString(ekwAgentID, &id))
    id = "agent." + mode_args.GetValueString(ekwPeripheralID) + "." + id;
  const auto travels = detail::mode_arguments(mode_args, wire::watch::kBytesMax);
  if (!travels) return ReportError(E_CTIOS_INVALID_ARGUMENT);
  Ref<CCtiOsObject> before;
  const int refused = core_->act([&](SessionCore::State& state) -> int {
    if (state.mode == eMonitorConnection) return E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED;
    if (const int not_now = state.may_act(); not_now != CIL_OK) return not_now;
    if (state.agent) {
      const bool same = state.agent.get() == agent || (!id.empty() && state.agent_id == id);
      return same ? E_CTIOS_AGENT_ALREADY_IN_SESSION
                  : E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED;
    }
    if (!state.room()) return E_CTIOS_SERVICE_SEND_MESSAGE_FAILED;
    state.mode = eAgentConnection;
    state.agent = Ref<CAgent>::share(agent);
    state.agent_id = id;
    state.agent_args = login_args;
    auto& objects = core_->objects();
    if (id.empty()) {
      objects.bind(*agent, id);
    } else {
      before = objects.adopt(id, Ref<CCtiOsObject>::share(agent));
    }
    state.work.push_back(
        detail::ModeAsked{++state.mode_number, wire::SubscribeMode::kAgent, *travels});
    return CIL_OK;
  });
  return refused == CIL_OK ? refused : ReportError(refused);
}

int CCtiOsSession::clear_agent() {
  Ref<CAgent> agent;
  const int refused = core_->act([&](SessionCore::State& state) -> int {
    if (!state.agent) return E_CTIOS_INVALID_AGENT;
    if (!state.room()) return E_CTIOS_SERVICE_SEND_MESSAGE_FAILED;
    agent = std::exchange(state.agent, {});
    core_->objects().let_go(*agent);
    ++state.mode_number;  // a mode that has not been asked for yet is not
    state.work.push_back(detail::AgentCleared{std::exchange(state.agent_id, {})});
    state.agent_args.Clear();
    state.call_id.clear();
    state.watching = {};
    state.statistics = {};
    return CIL_OK;
  });
  return refused == CIL_OK ? refused : ReportError(refused);
}

int CCtiOsSession::SetMessageFilter(const std::string& filter) {
  Arguments args;
  if (!args.AddItem(ekwFilter, filter)) return ReportError(E_CTIOS_INVALID_ARGUMENT);
  return SetMessageFilterArgs(args);
}
int CCtiOsSession::SetMessageFilter(const Arguments& args) { return SetMessageFilterArgs(args); }

int CCtiOsSession::SetMessageFilterArgs(const Arguments& args) {
  std::string filter;
  if (!args.GetValueString(ekwFilter, &filter) && !args.GetValueString(ekwMessageFilter, &filter)) {
    return ReportError(E_CTIOS_MISSING_ARGUMENT);
  }
  Arguments sent;
  const bool kept = sent.AddItem(ekwMessageFilter, filter);
  if (const Arg* snapshot = args.find(ekwMonitorSessionSnapshotMode))
    sent.AddItem(ekwMonitorSessionSnapshotMode, *snapshot);
  // Without its filter it would be another mode.
  const auto travels = kept ? detail::mode_arguments(sent) : std::nullopt;
  if (!travels) return ReportError(E_CTIOS_INVALID_ARGUMENT);
  const int refused = core_->act([&](SessionCore::State& state) -> int {
    if (const int not_now = state.may_act(); not_now != CIL_OK) return not_now;
    if (state.mode != eNotConnected) return E_CTIOS_MODE_SET_ALREADY;
    if (!state.room()) return E_CTIOS_SERVICE_SEND_MESSAGE_FAILED;
    state.mode = eMonitorConnection;
    state.properties.AddItem(CTIOS_MESSAGEFILTER, filter);
    state.work.push_back(
        detail::ModeAsked{++state.mode_number, wire::SubscribeMode::kMonitor, *travels});
    return CIL_OK;
  });
  return refused == CIL_OK ? refused : ReportError(refused);
}

int CCtiOsSession::RequestDesktopSettings(const Arguments& args) {
  int type = eAgentDesktop;
  if (args.IsValid(ekwDesktopType) &&
      (!args.GetValueInt(ekwDesktopType, &type) || type < 0 || type > 1)) {
    return ReportError(E_CTIOS_INVALID_DESKTOP_TYPE);
  }
  return request(RequestId::eGlobalSettingsDownloadRequest, args);
}
int CCtiOsSession::SendIdentifyClientRequest() {
  static constexpr enum_Keywords kCredentials[] = {
      ekwAgentID, ekwLoginName, ekwAgentPassword, ekwAgentInstrument, ekwPeripheralID};
  // The current agent's, and over them what the program has set on the session.
  Arguments all =
      core_->with([](const SessionCore::State& state) { return state.agent_args; });
  collect(&all);
  Arguments credentials;
  for (const enum_Keywords key : kCredentials) {
    if (const Arg* found = all.find(key)) credentials.AddItem(key, *found);
  }
  return request(RequestId::eIdentifyClientRequest, credentials);
}
int CCtiOsSession::EnableSkillGroupStatistics(const Arguments& args) {
  return request_in_mode(RequestId::eEnableSkillGroupStatisticsRequest, args);
}
int CCtiOsSession::DisableSkillGroupStatistics(const Arguments& args) {
  return request_in_mode(RequestId::eDisableSkillGroupStatisticsRequest, args);
}
int CCtiOsSession::SetSupervisorSilentMonitorMode(const Arguments& args) {
  int mode = 0;
  const Arg* const given = args.find(ekwSilentMonitorForceMonitoredMode);
  if (given && (!given->GetValueInt(&mode) || mode < 0 || mode > 1))
    return ReportError(E_CTIOS_INVALID_ARGUMENT);
  if (IsCCMSilentMonitor()) return ReportError(E_CTIOS_INVALID_SILENT_MONITOR_MODE);
  const auto [conflict, agent_id] = core_->with([](const SessionCore::State& state) {
    return std::pair(state.mode == eMonitorConnection, state.agent_id);
  });
  if (conflict) return ReportError(E_CTIOS_MODE_CONFLICT);
  Arguments sent;
  sent.AddItem(ekwSilentMonitorForceMonitoredMode, mode);
  const int result =
      core_->submit_to(agent_id, RequestId::eSetSupervisorSilentMonitorModeRequest, sent);
  return result == CIL_OK ? result : ReportError(result);
}
int CCtiOsSession::ExplainButton(const CCtiOsObject& object, std::uint32_t button) {
  return explain(object, ekwEnablementMask, button);
}
int CCtiOsSession::ExplainSupervisorButton(const CCtiOsObject& object, std::uint32_t button) {
  return explain(object, ekwSupervisorBtnEnablementMask, button);
}
int CCtiOsSession::explain(const CCtiOsObject& object, enum_Keywords mask, std::uint32_t button) {
  if (!std::has_single_bit(button)) return ReportError(E_CTIOS_INVALID_ARGUMENT);
  std::string id;
  if (!object.GetValueString(ekwUniqueObjectID, &id) || id.empty())
    return ReportError(E_CTIOS_INVALID_OBJECT_TYPE);
  Arguments args;
  args.AddItem(mask, button);
  const int result = core_->submit_to(id, RequestId::eExplainButtonRequest, args);
  return result == CIL_OK ? result : ReportError(result);
}
int CCtiOsSession::request(RequestId request, const Arguments& args) {
  const int result = core_->submit(request, args);
  return result == CIL_OK ? result : ReportError(result);
}

int CCtiOsSession::request_in_mode(RequestId request, const Arguments& args) {
  const int result = core_->submit_to({}, request, args);
  return result == CIL_OK ? result : ReportError(result);
}

int CCtiOsSession::fd() const { return core_->own_thread() ? -1 : core_->io().pollable_fd(); }

int CCtiOsSession::timeout_ms() const {
  return core_->own_thread() ? -1 : static_cast<int>(engine_->next_of_caller().count());
}

std::uint32_t CCtiOsSession::process(int wait_ms) {
  if (core_->own_thread() || core_->dispatcher().inside_handler()) return 0;
  const std::shared_ptr<Engine> engine = engine_;  // a handler may delete this session
  const Millis most(std::max(wait_ms, 0));
  return engine->turn_of_caller(most, most).value_or(0);
}

}  // namespace cti::cil
