// modes.cpp - agent mode and monitor mode: setting them up, again after every reconnect, and what the system does.
#include "cil/detail/engine/engine.hpp"
#include "cil/detail/objects/convert.hpp"
#include "core/base/check.hpp"

#include <cstdlib>
#include <utility>

namespace cti::cil::detail {

using wire::SubscribeMode;

void Engine::run(ModeAsked& asked) {
  const bool newest = core_.with(
      [&](const SessionCore::State& state) { return state.mode_number == asked.number; });
  if (!newest) return;  // refused, or set anew, meanwhile
  CTI_CHECK(!subscription_.wanted);  // an agent that was cleared took its mode along
  positions_.clear();  // of another mode: this one begins with a snapshot
  members_.clear();
  subscription_ = {};
  subscription_.number = asked.number;
  subscription_.mode = asked.mode;
  subscription_.args = std::move(asked.args);
  subscription_.wanted = true;
  if (transport_.up()) subscribe();
}

void Engine::subscribe() {
  // Who is watched may be another's or nobody's by now, and no record of the session's own says so: then all comes anew.
  const bool resumes = !core_.objects().any_monitored();
  std::vector<wire::Position> positions;
  positions.reserve(positions_.size());
  for (const auto& [peripheral, position] : positions_) {
    if (resumes) positions.push_back(position);
  }
  subscription_.id = core_.with([](SessionCore::State& state) { return state.next_request++; });
  subscription_.established = false;
  subscription_.snapshot_seen = false;
  subscription_.deadline = now() + kModeMost;
  wire::SubscribeHeader header;
  header.id = subscription_.id;
  header.mode = subscription_.mode;
  wire::SubscribeWriter writer(buffer_, header, positions);
  writer.arguments().add_all(subscription_.args.view());
  write_watching(writer.arguments());
  for (auto& [id, member] : members_) member.heard = false;
  const Bytes frame = writer.finish();
  CTI_CHECK(!frame.empty());  // mode_arguments() has left room for the positions
  subscription_.asked = transport_.send(frame);
  if (!subscription_.asked) starved_ = true;  // until what waits before it has left, or its deadline
}

bool Engine::take_subscribed(Bytes frame) {
  const auto view = wire::SubscribedView::check(frame);
  if (!view) return false;
  if (!subscription_.wanted || view->id() != subscription_.id) return true;
  if (view->outcome() == wire::Outcome::kConfirmed)
    return true;  // records follow, then the mode's own event
  Arguments args;
  read(view->arguments(), &args);
  const bool monitor = subscription_.mode == SubscribeMode::kMonitor;
  if (monitor && !args.IsValid(CTIOS_FAILURECODE)) {
    args.AddItem(CTIOS_FAILURECODE, static_cast<int>(eMonitorModeConnectionDenied));
  }
  const std::uint64_t number = std::exchange(subscription_, {}).number;
  Objects::Handles handles;  // it may have been refused anew, after a loss: then there are some
  const Ref<CAgent> agent = core_.with([&](SessionCore::State& state) -> Ref<CAgent> {
    if (state.mode_number != number) return {};  // the program has set the mode anew
    state.mode = eNotConnected;
    state.agent_id.clear();
    state.agent_args.Clear();
    state.call_id.clear();
    state.watching = {};
    state.statistics = {};
    handles = core_.objects().clear();
    if (state.agent) core_.objects().let_go(*state.agent);
    return std::exchange(state.agent, {});
  });
  const auto event = static_cast<int>(view->event_id());
  tell(event == eUnknownEvent ? int{eCTIOSFailureEvent} : event, args);
  end_targeted("the mode was refused");
  send_pending();
  return true;
}

bool Engine::take_private_event(Bytes frame) {
  const auto view = wire::PrivateEventView::check(frame);
  if (!view) return false;
  const auto event = static_cast<int>(view->event_id());
  if (event == eNewAgentStatisticsEvent || event == eNewSkillGroupStatisticsEvent)
    return take_statistics(event, view->arguments());
  Arguments args;
  read(view->arguments(), &args);
  if (event == eSetAgentModeEvent || event == eOnMonitorModeEstablished) {
    std::string agent_id;
    args.GetValueString(CTIOS_UNIQUEOBJECTID, &agent_id);
    if (!agent_id.empty() && wire::kind_of(agent_id) != wire::ObjectKind::kAgent) return false;
    mode_established(event, args);
    return true;
  }
  if (event == eCTIOSFailureEvent) note_system_event(args);
  if (event == eStopMonitoringAgent) note_stopped(args);
  if (event == eNewAgentTeamMember) note_member(args);
  if (event == eListAgentTeamConf) {  // answers nobody: see SESSION_PROTOCOL.md
    end_members();
    return true;
  }
  if (event == eControlFailureConf) note_statistics_ended(args);
  if (event == eSkillInfoEvent) core_.objects().take_group(view->arguments());
  tell(event, args);
  std::string object_id;
  args.GetValueString(CTIOS_UNIQUEOBJECTID, &object_id);
  // A list of the team names the own agent too, with the mask that its last record had: no news of its buttons.
  if (event != eNewAgentTeamMember) follow_call(object_id, event, args, false);
  return true;
}

void Engine::mode_established(int event_id, Arguments& args) {
  if (!subscription_.asked || subscription_.established) return;
  subscription_.established = true;
  subscription_.deadline = kNever;
  for (const std::uint32_t peripheral : std::exchange(unswept_, {})) sweep(peripheral);
  std::string agent_id;
  args.GetValueString(CTIOS_UNIQUEOBJECTID, &agent_id);
  Ref<CCtiOsObject> before;
  const bool ours = core_.with([&](SessionCore::State& state) {
    if (state.mode_number != subscription_.number) return false;
    if (const Arg* system = args.find(CTIOS_STATUSSYSTEM))
      state.properties.AddItem(CTIOS_STATUSSYSTEM, *system);
    if (agent_id.empty() || !state.agent) return true;
    state.agent_id = agent_id;
    before = core_.objects().adopt(agent_id, Ref<CCtiOsObject>::share(state.agent.get()));
    return true;
  });
  if (!ours) return;  // a handler has cleared the agent, and may have set another one
  const bool again = std::exchange(subscription_.again, true);
  if (event_id == eSetAgentModeEvent) {
    // A resume brings only what was missed; programs look to these events after a failover.
    if (again && !subscription_.snapshot_seen) tell_known_agent();
    if (!agent_cleared()) tell(event_id, args);
    if (!agent_cleared()) tell_system_status();
    if (again) log_in_again();
  } else {
    tell(event_id, args);
  }
  if (again && !agent_cleared()) ask_statistics_again();
  if (!agent_cleared()) send_pending();
}

/// What a snapshot would have told, from what is known.
void Engine::tell_known_agent() {
  const std::string id = core_.with([](const SessionCore::State& state) { return state.agent_id; });
  Arguments agent;
  core_.objects().properties(id, &agent);
  if (agent.NumElements() == 0) return;
  tell(eQueryAgentStateConf, agent);
  if (agent_cleared()) return;
  Arguments device;
  Arguments valid;
  const std::vector<std::string> calls = core_.objects().own_calls();
  for (const std::string& call : calls) valid.AddItem(call, call);
  std::string instrument;
  if (agent.GetValueString(CTIOS_AGENTINSTRUMENT, &instrument)) {
    device.AddItem(CTIOS_UNIQUEOBJECTID,
                   "device." + std::to_string(peripheral_of(id)) + "." + instrument);
  }
  device.AddItem(CTIOS_NUMCALLS, static_cast<short>(calls.size()));
  device.AddItem(CTIOS_VALIDCALLS, valid);
  tell(eSnapshotDeviceConf, device);
  for (const std::string& call : calls) {
    if (agent_cleared()) return;
    Arguments args;
    core_.objects().properties(call, &args);
    tell(eSnapshotCallConf, args);
  }
}

/// AutoLogin: the agent was logged in by this session and the new server does not think so any more.
void Engine::log_in_again() {
  const Ref<CAgent> agent = core_.with([&](const SessionCore::State& state) {
    return state.mode_number == subscription_.number ? state.agent : Ref<CAgent>();
  });
  if (!agent || !login_) return;
  int automatic = 0;
  agent->GetValueInt(CTIOS_AUTOLOGIN, &automatic);
  const AgentState state = agent->GetAgentState();
  if (automatic != 1 || (state != eLogout && state != eUnknown)) return;
  Request again = *login_;
  const bool counted = core_.with([&](SessionCore::State& shared) {
    return shared.mode_number == subscription_.number && shared.count(again);
  });
  if (counted) start(std::move(again));
}

namespace {

struct SystemStatus {
  bool cti_server = true;
  bool driver = true;
  bool central_controller = true;
  std::vector<std::uint32_t> offline;
};

SystemStatus status_in(const Arguments& properties) {
  SystemStatus status;
  const Arg* found = properties.find(CTIOS_STATUSSYSTEM);
  const Arguments* system = found ? found->nested() : nullptr;
  if (!system) return status;
  system->GetValueBool(CTIOS_STATUSCTISERVER, &status.cti_server);
  system->GetValueBool(CTIOS_STATUSCTISERVERDRIVER, &status.driver);
  system->GetValueBool(CTIOS_STATUSCENTRALCONTROLLER, &status.central_controller);
  const Arg* peripherals = system->find(CTIOS_STATUSPERIPHERALS);
  const Arguments* each = peripherals ? peripherals->nested() : nullptr;
  for (int i = 1; each && i <= each->NumElements(); ++i) {
    bool online = true;
    each->at(i)->GetValueBool(&online);
    if (!online)
      status.offline.push_back(
          static_cast<std::uint32_t>(std::atoi(each->GetElementKey(i).c_str())));
  }
  return status;
}

}  // namespace

/// OnCTIOSFailure with what the server said of the CTI Server, and once more for each peripheral that is offline.
void Engine::tell_system_status() {
  const Arguments properties =
      core_.with([](const SessionCore::State& state) { return state.properties; });
  const SystemStatus status = status_in(properties);
  const auto tell_one = [&](int system_event, int argument) {
    Arguments args;
    args.AddItem(CTIOS_FAILURECODE, static_cast<int>(eServerConnectionStatus));
    args.AddItem(CTIOS_SYSTEMEVENTID, system_event);
    if (argument != 0) args.AddItem(CTIOS_SYSTEMEVENTARG1, argument);
    tell(eCTIOSFailureEvent, args);
  };
  tell_one(status.cti_server ? eSysCtiServerOnline : eSysCtiServerOffline, 0);
  for (const std::uint32_t peripheral : status.offline) {
    tell_one(eSysPeripheralOffline, static_cast<int>(peripheral));
  }
}

namespace {

/// The array below `key`, itself, made when there is none.
Ref<Arguments> nested_in(Arguments& in, const Key& key) {
  Arguments* found = nullptr;
  if (!in.GetValueArray(key, &found)) {
    in.AddItem(key, Arguments());
    CTI_CHECK(in.GetValueArray(key, &found));
  }
  return Ref<Arguments>(found);
}

}  // namespace

/// A server may name as many peripherals as it likes; so many of them are kept.
void Engine::note_peripheral(Arguments& system, int peripheral, bool online) {
  const Ref<Arguments> all = nested_in(system, CTIOS_STATUSPERIPHERALS);
  const std::string name = std::to_string(peripheral);
  if (!all->IsValid(name) && all->NumElements() >= static_cast<int>(kPeripheralsMax)) {
    ++counters_.peripherals_refused;
    return;
  }
  all->AddItem(name, online);
}

/// Keeps the session's StatusSystem in step with what happens.
void Engine::note_system_event(const Arguments& args) {
  int event = 0;
  int argument = 0;
  if (const Arg* whole = args.find(CTIOS_STATUSSYSTEM)) {
    core_.with(
        [&](SessionCore::State& state) { state.properties.AddItem(CTIOS_STATUSSYSTEM, *whole); });
    return;
  }
  if (!args.GetValueInt(CTIOS_SYSTEMEVENTID, &event)) return;
  args.GetValueInt(CTIOS_SYSTEMEVENTARG1, &argument);
  core_.with([&](SessionCore::State& state) {
    const Ref<Arguments> system = nested_in(state.properties, CTIOS_STATUSSYSTEM);
    switch (event) {
      case eSysCentralControllerOnline:
      case eSysCentralControllerOffline:
        system->AddItem(CTIOS_STATUSCENTRALCONTROLLER, event == eSysCentralControllerOnline);
        return;
      case eSysPeripheralOnline:
      case eSysPeripheralOffline:
        return note_peripheral(*system, argument, event == eSysPeripheralOnline);
      case eSysCtiServerOnline:
      case eSysCtiServerOffline:
        system->AddItem(CTIOS_STATUSCTISERVER, event == eSysCtiServerOnline);
        return;
      case eSysCtiServerDriverOnline:
      case eSysCtiServerDriverOffline:
        system->AddItem(CTIOS_STATUSCTISERVERDRIVER, event == eSysCtiServerDriverOnline);
        return;
      default:
        return;
    }
  });
}

}  // namespace cti::cil::detail
