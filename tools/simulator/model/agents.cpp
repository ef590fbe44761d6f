// Agents: logging in and out, states asked for and states that follow from calls, wrap-up.
#include "tools/simulator/model/model.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

/// What a stay of this length in this state adds to the counters.
void add_stay(CounterSet& counters, AgentState state, Nanos stay) {
  if (state == AgentState::kLogout) return;
  counters.spend(Counter::kLoggedOnTime, stay);
  counters.spend(Counter::kRoutableTime, stay);
  if (state == AgentState::kAvailable) {
    counters.spend(Counter::kAvailTime, stay);
    counters.spend(Counter::kIcmAvailableTime, stay);
  }
  if (state == AgentState::kNotReady) counters.spend(Counter::kNotReadyTime, stay);
  if (state == AgentState::kWorkReady || state == AgentState::kWorkNotReady) {
    counters.spend(Counter::kHandledAfterCallTime, stay);
    counters.spend(Counter::kHandledTime, stay);
  }
}

bool is_required(WrapupMode mode) {
  return mode == WrapupMode::kRequired || mode == WrapupMode::kRequiredWithData;
}

bool is_work(AgentState state) {
  return state == AgentState::kWorkReady || state == AgentState::kWorkNotReady;
}

}  // namespace

Nanos Model::time_in(AgentIndex agent, AgentState state) const {
  const Agent& of = agents_[agent];
  const Nanos ended = of.time_in[static_cast<std::size_t>(state)];
  return of.state == state ? ended + (now_ - of.state_since) : ended;
}

CounterSet Model::session_counters(AgentIndex agent) const {
  CounterSet counters = agents_[agent].session;
  add_stay(counters, agents_[agent].state, now_ - agents_[agent].state_since);
  return counters;
}

CounterSet Model::today_counters(AgentIndex agent) const {
  CounterSet counters = agents_[agent].today;
  add_stay(counters, agents_[agent].state, now_ - agents_[agent].state_since);
  return counters;
}

void Model::enter(AgentIndex index, AgentState state, std::uint16_t reason) {
  Agent& agent = agents_[index];
  const bool repeated = agent.state == state && agent.reason == reason;
  const Nanos stay = now_ - agent.state_since;
  agent.time_in[static_cast<std::size_t>(agent.state)] += stay;
  add_stay(agent.session, agent.state, stay);
  add_stay(agent.today, agent.state, stay);
  for (const GroupIndex group : agent.groups) {
    groups_[group].statistics.each(
        [&](GroupPeriod& period) { add_stay(period.agents, agent.state, stay); });
    if (agent.state == AgentState::kAvailable)
      groups_[group].available.erase({agent.state_since, index});
  }
  agent.state = state;
  agent.reason = reason;
  agent.state_since = now_;
  ++agent.state_changes;
  counters_.state_changes += !repeated;
  if (state == AgentState::kAvailable) {
    for (const GroupIndex group : agent.groups) groups_[group].available.insert({now_, index});
  }
  if (is_work(state) && agent.desk->work_mode_timer_s > 0) {
    timers_.arm(now_ + Seconds(agent.desk->work_mode_timer_s), TimerKind::kWrapupEnd, index,
                agent.state_changes);
  }
  for (ModelListener* listener : listeners_) listener->on_agent({index, repeated});
  if (state == AgentState::kAvailable) agent_available(index);
}

void Model::wrapup_ends(AgentIndex index, std::uint64_t stamp) {
  Agent& agent = agents_[index];
  if (agent.state_changes != stamp || !agent.in_wrapup()) return;
  agent.resting =
      agent.state == AgentState::kWorkReady ? AgentState::kAvailable : AgentState::kNotReady;
  enter(index, agent.resting, 0);
  if (agent.logged_on()) refresh(agent.station);  // a call may have rung into the wrap-up
}

void Model::refresh(StationIndex station) {
  const AgentIndex index = stations_[station].agent;
  if (index == kNoIndex) return;
  Agent& agent = agents_[index];
  bool talking = false, held = false, ringing = false, dialing = false;
  for (const CallNumber number : stations_[station].calls) {
    const Call& of = *find_call(number);
    const Connection& c = *of.of_station(station);
    switch (c.state) {
      case ConnectionState::kConnected:
        (of.answered ? talking : dialing) = true;
        if (!of.answered) break;
        if (!agent.talked) {
          agent.outbound = !c.inbound;
          agent.wrapup_data_set = false;
        }
        agent.talked = true;
        agent.acd_call |= c.routed;
        break;
      case ConnectionState::kInitiated:
      case ConnectionState::kFailed:
        dialing = true;
        break;
      case ConnectionState::kHeld:
        held = true;
        break;
      default:
        ringing = true;
    }
  }
  AgentState target = agent.state;
  if (talking || (held && dialing)) {
    target = AgentState::kTalking;
  } else if (held) {
    target = AgentState::kHold;
  } else if (ringing && agent.state == AgentState::kAvailable) {
    target = AgentState::kReserved;
  } else if (!ringing && !dialing && (agent.on_call() || agent.next)) {
    return rest(index);
  }
  if (target != agent.state) enter(index, target, 0);
}

void Model::rest(AgentIndex index) {
  Agent& agent = agents_[index];
  const bool talked = std::exchange(agent.talked, false);
  const bool acd = std::exchange(agent.acd_call, false);
  const bool outbound = std::exchange(agent.outbound, false);
  const std::optional<AgentState> next = std::exchange(agent.next, std::nullopt);
  const std::uint16_t next_reason = std::exchange(agent.next_reason, std::uint16_t{0});
  if (next == AgentState::kLogout) return log_out(index, next_reason);
  const bool required = talked && ((acd && is_required(agent.desk->wrapup_incoming)) ||
                                   (outbound && is_required(agent.desk->wrapup_outgoing)));
  if (required && (!next || is_work(*next))) {
    const bool ready =
        next ? *next == AgentState::kWorkReady : agent.resting == AgentState::kAvailable;
    return enter(index, ready ? AgentState::kWorkReady : AgentState::kWorkNotReady, 0);
  }
  if (next && is_work(*next)) return enter(index, *next, 0);
  if (next) {
    agent.resting = *next;
  } else if (talked && acd && (agent.desk->mask & desk::kAvailableAfterIncoming) == 0) {
    agent.resting = AgentState::kNotReady;
  }
  enter(index, agent.resting, next_reason);
}

void Model::log_out(AgentIndex index, std::uint16_t reason) {
  Agent& agent = agents_[index];
  agent.next.reset();
  agent.resting = AgentState::kLogout;
  enter(index, AgentState::kLogout, reason);
  stations_[agent.station].agent = kNoIndex;
  agent.station = kNoIndex;
  agent.groups.clear();
}

Done<AgentIndex> Model::check_password(std::string_view agent, std::string_view password) const {
  const AgentIndex index = find_agent(agent);
  if (index == kNoIndex) return Err{Failure::telephone(Refusal::kInvalidAgentId)};
  if (agents_[index].settings.password != password)
    return Err{Failure::telephone(Refusal::kInvalidAgentId)};
  return index;
}

Done<AgentIndex> Model::login(const LoginRequest& request) {
  if (!peripheral_online_) return Err{Failure::telephone(Refusal::kOutOfService)};
  const AgentIndex index = find_agent(request.agent);
  if (index == kNoIndex) return Err{Failure::telephone(Refusal::kInvalidAgentId)};
  Agent& agent = agents_[index];
  if (!request.password_known && agent.settings.password != request.password) {
    return Err{Failure::telephone(Refusal::kInvalidAgentId)};
  }
  const std::size_t semicolon = request.instrument.find(';');
  const StationIndex station = find_station(request.instrument.substr(0, semicolon));
  if (station == kNoIndex) return Err{Failure::telephone(Refusal::kInvalidDevice)};
  if (request.work_mode > 4) return Err{Failure::telephone(Refusal::kInvalidWorkMode)};
  const bool remote = semicolon != std::string_view::npos;
  if (remote != (request.work_mode >= 3)) return Err{Failure::telephone(Refusal::kInvalidWorkMode)};
  std::vector<GroupIndex> groups;
  for (const std::uint32_t number :
       request.skill_groups.empty() ? agent.settings.skill_groups : request.skill_groups) {
    const GroupIndex group = find_group(number);
    if (group == kNoIndex) return Err{Failure::telephone(Refusal::kInvalidSkillGroup)};
    if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
  }
  if (agent.logged_on()) {
    if (agent.station != station) return Err{Failure::telephone(Refusal::kAlreadySignedOn)};
    for (ModelListener* listener : listeners_) listener->on_agent({index, true});
    return index;
  }
  if (stations_[station].agent != kNoIndex)
    return Err{Failure::telephone(Refusal::kExtensionInUse)};
  if (!stations_[station].calls.empty()) return Err{Failure::telephone(Refusal::kResourceBusy)};
  agent.groups = std::move(groups);
  agent.station = station;
  agent.work_mode = request.work_mode;
  agent.remote_number =
      remote ? std::string(request.instrument.substr(semicolon + 1)) : std::string();
  agent.last_session = request.session;
  agent.resting = AgentState::kNotReady;
  agent.logged_on_since = now_;
  agent.session.clear();
  agent.talked = agent.acd_call = agent.outbound = false;
  stations_[station].agent = index;
  enter(index, AgentState::kNotReady, 0);
  return index;
}

Done<AgentIndex> Model::set_state(AgentIndex index, const StateRequest& request) {
  if (!peripheral_online_) return Err{Failure::telephone(Refusal::kOutOfService)};
  Agent& agent = agents_[index];
  const AgentState wanted = request.state;
  const bool known = wanted == AgentState::kLogout || wanted == AgentState::kNotReady ||
                     wanted == AgentState::kAvailable || is_work(wanted);
  if (!known) return Err{Failure::telephone(Refusal::kValueOutOfRange)};
  if (!agent.logged_on()) return Err{Failure::server(Status::kAgentNotLoggedOn)};
  const std::uint32_t rule = wanted == AgentState::kLogout     ? desk::kLogoutReasonRequired
                             : wanted == AgentState::kNotReady ? desk::kIdleReasonRequired
                                                               : 0;
  if ((agent.desk->mask & rule) != 0 && request.reason == 0) {
    return Err{Failure::telephone(Refusal::kReasonRequired)};
  }
  const Failure incompatible = Failure::telephone(Refusal::kStateIncompatible);
  const bool busy = !stations_[agent.station].calls.empty();
  if (wanted == AgentState::kLogout && !busy) {
    if (agent.state != AgentState::kNotReady && !request.forced) return Err{incompatible};
    log_out(index, request.reason);
    return index;
  }
  if (busy || agent.on_call()) {
    const WrapupMode mode =
        agent.outbound ? agent.desk->wrapup_outgoing : agent.desk->wrapup_incoming;
    const bool talking = agent.state == AgentState::kTalking || agent.state == AgentState::kHold;
    if (!request.forced) {
      if (!talking || wanted == AgentState::kLogout) return Err{incompatible};
      if (is_work(wanted) && mode == WrapupMode::kNotAllowed) return Err{incompatible};
      if (!is_work(wanted) && is_required(mode)) return Err{incompatible};
    }
    agent.next = wanted;
    agent.next_reason = request.reason;
    for (ModelListener* listener : listeners_) listener->on_agent({index, true});
    return index;
  }
  if (is_work(wanted) && !agent.in_wrapup()) return Err{incompatible};
  if (agent.in_wrapup() && !is_work(wanted) &&
      agent.desk->wrapup_incoming == WrapupMode::kRequiredWithData && !agent.wrapup_data_set &&
      !request.forced) {
    return Err{Failure::telephone(Refusal::kWrapupDataRequired)};
  }
  if (!is_work(wanted)) agent.resting = wanted;
  enter(index, wanted, wanted == AgentState::kNotReady ? request.reason : std::uint16_t{0});
  return index;
}

void Model::call_statistics(const Call& of, const Connection& c) {
  if (c.agent == kNoIndex || !c.answered || c.silent()) return;
  const Nanos held = c.held + (c.state == ConnectionState::kHeld ? now_ - c.since : Nanos{0});
  const Nanos whole = now_ - c.talk_since;
  const auto add = [&](CounterSet& counters) {
    const auto book = [&](Counter calls, Counter talk, bool talk_only, Counter held_calls,
                          Counter held_time) {
      counters.count(calls);
      counters.spend(talk, talk_only ? whole - held : whole);
      counters.count(held_calls, c.holds > 0);
      counters.spend(held_time, held);
    };
    if (c.routed) {
      book(Counter::kHandledCalls, Counter::kHandledTalkTime, true, Counter::kInHeld,
           Counter::kInHeldTime);
      counters.spend(Counter::kHandledTime, whole);
    } else if (c.inbound) {
      book(Counter::kInternalReceived, Counter::kInternalReceivedTime, false,
           Counter::kInternalHeld, Counter::kInternalHeldTime);
    } else if (of.called.kind == DeviceKind::kExternal) {
      book(Counter::kOutCalls, Counter::kOutTalkTime, true, Counter::kOutHeld,
           Counter::kOutHeldTime);
      counters.spend(Counter::kOutTime, whole);
    } else {
      book(Counter::kInternalCalls, Counter::kInternalTime, false, Counter::kInternalHeld,
           Counter::kInternalHeldTime);
    }
    if (of.type == CallType::kEmergency && !c.inbound) counters.count(Counter::kEmergency);
  };
  Agent& agent = agents_[c.agent];
  add(agent.session);
  add(agent.today);
  for (const GroupIndex group : agent.groups) {
    groups_[group].statistics.each([&](GroupPeriod& period) { add(period.agents); });
  }
}

}  // namespace cti::simulator
