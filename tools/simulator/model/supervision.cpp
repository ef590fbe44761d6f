// Supervisors on their agents' calls, and agents who ask for one.
#include "tools/simulator/model/model.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

Role role_of(SupervisoryAction action) {
  switch (action) {
    case SupervisoryAction::kMonitor:
      return Role::kMonitor;
    case SupervisoryAction::kWhisper:
      return Role::kWhisper;
    default:
      return Role::kBargedIn;
  }
}

CallType type_of(SupervisoryAction action) {
  switch (action) {
    case SupervisoryAction::kMonitor:
      return CallType::kSupervisorMonitor;
    case SupervisoryAction::kWhisper:
      return CallType::kSupervisorWhisper;
    default:
      return CallType::kSupervisorBargeIn;
  }
}

Cause cause_of(SupervisoryAction action) {
  return static_cast<Cause>(static_cast<std::uint16_t>(Cause::kSupervisorClear) +
                            static_cast<std::uint16_t>(action));
}

Counter counter_of(SupervisoryAction action) {
  switch (action) {
    case SupervisoryAction::kMonitor:
      return Counter::kMonitor;
    case SupervisoryAction::kWhisper:
      return Counter::kWhisper;
    case SupervisoryAction::kBargeIn:
      return Counter::kBargeIn;
    default:
      return Counter::kIntercept;
  }
}

}  // namespace

bool Model::supervises(AgentIndex supervisor, AgentIndex agent) const {
  if (!agents_[supervisor].settings.supervisor) return false;
  const auto member = [](const Team& team, AgentIndex who) {
    return std::ranges::any_of(team.members, [who](const TeamMember& m) { return m.agent == who; });
  };
  return std::ranges::any_of(teams_, [&](const Team& team) {
    const bool leads =
        member(team, supervisor) || team.settings.supervisor == agents_[supervisor].settings.id;
    return leads && member(team, agent);
  });
}

void Model::join_supervisor(Call& of, StationIndex supervisor, StationIndex agent,
                            SupervisoryAction action) {
  Connection* c = of.of_station(supervisor);
  const bool newcomer = c == nullptr;
  if (newcomer) c = &join(of, station_party(supervisor), ConnectionState::kConnected, true);
  c->role = role_of(action);
  c->supervises = agent;
  c->seen_as = type_of(action);
  if (newcomer) {
    c->answered = true;
    c->talk_since = now_;
    announce(of, *c);
    CallEvent event = event_for(CallEventKind::kEstablished, of, *c);
    const Party party = c->party;
    event.subject = &party;
    event.cause = cause_of(action);
    tell(event);
  }
  if (action == SupervisoryAction::kBargeIn) {
    of.conference = true;
    if (of.controller == kNoIndex) of.controller = agent;
    const Party controller = station_party(agent);
    const Party added = c->party;
    for (const Connection& view : of.connections) {
      tell_joined(CallEventKind::kConferenced, of, kNoCall, view, controller, added,
                  Cause::kSupervisorBargeIn);
    }
  }
  sync_media(of);
  refresh(supervisor);
}

/// The call that a supervisor has joined: the one named, or that of this agent.
CallNumber Model::joined_call(CallNumber named, StationIndex agent, StationIndex supervisor) const {
  for (const CallNumber number : stations_[supervisor].calls) {
    const Connection* own = find_view(number, supervisor);
    if (own->role == Role::kParty) continue;
    if (number == named || (named == kNoCall && own->supervises == agent)) return number;
  }
  return kNoCall;
}

Done<CallNumber> Model::supervise(SupervisoryAction action, CallNumber number, StationIndex agent,
                                  StationIndex supervisor) {
  if (action == SupervisoryAction::kClear && supervisor < stations_.size()) {
    // Whoever is there may go, though the agent has left the call, or the desk.
    if (const CallNumber joined = joined_call(number, agent, supervisor); joined != kNoCall) {
      drop(*call(joined), find_view(joined, supervisor)->number, Cause::kSupervisorClear);
      return joined;
    }
  }
  if (agent >= stations_.size() || supervisor >= stations_.size() || agent == supervisor) {
    return Err{Failure::telephone(Refusal::kInvalidDevice)};
  }
  const AgentIndex target = stations_[agent].agent;
  const AgentIndex chief = stations_[supervisor].agent;
  if (target == kNoIndex || chief == kNoIndex)
    return Err{Failure::server(Status::kAgentNotLoggedOn)};
  if (!supervises(chief, target)) return Err{Failure::telephone(Refusal::kPrivilegeViolation)};
  if (number == kNoCall) {
    for (const CallNumber candidate : stations_[agent].calls) {
      if (find_view(candidate, agent)->state == ConnectionState::kConnected) number = candidate;
    }
    if (number == kNoCall) return Err{Failure::telephone(Refusal::kNoActiveCall)};
  }
  Done<Connection*> own = own_connection(number, agent);
  if (!own) return Err{own.error()};
  Call& of = *call(number);
  Connection* present = of.of_station(supervisor);
  if (action == SupervisoryAction::kClear) {
    if (present == nullptr) return Err{Failure::telephone(Refusal::kNoConnectionToClear)};
    drop(of, present->number, Cause::kSupervisorClear);
    return number;
  }
  if ((*own)->state != ConnectionState::kConnected || !of.answered) {
    return Err{Failure::telephone(Refusal::kNoActiveCall)};
  }
  agents_[chief].session.count(counter_of(action));
  agents_[chief].today.count(counter_of(action));
  if (action == SupervisoryAction::kIntercept) {
    if (present == nullptr || present->role != Role::kBargedIn) {
      return Err{Failure::telephone(Refusal::kInvalidObjectState)};
    }
    present->role = Role::kParty;
    drop(of, (*own)->number, Cause::kSupervisorIntercept);
    return number;
  }
  if (present == nullptr && busy(supervisor))
    return Err{Failure::telephone(Refusal::kResourceBusy)};
  if (present == nullptr && of.parties() >= kPartiesMax) {
    return Err{Failure::telephone(Refusal::kConferenceFull)};
  }
  if (present != nullptr && present->state != ConnectionState::kConnected) {
    return Err{Failure::telephone(Refusal::kInvalidObjectState)};
  }
  join_supervisor(of, supervisor, agent, action);
  return number;
}

AgentIndex Model::free_supervisor(AgentIndex agent) const {
  AgentIndex found = kNoIndex;
  for (AgentIndex i = 0; i < agents_.size(); ++i) {
    if (i == agent || !supervises(i, agent) || !agents_[i].logged_on() || busy(agents_[i].station))
      continue;
    const bool primary = std::ranges::any_of(teams_, [&](const Team& team) {
      return team.settings.supervisor == agents_[i].settings.id;
    });
    if (primary) return i;
    if (found == kNoIndex) found = i;
  }
  return found;
}

Done<CallNumber> Model::assist(AgentIndex agent, CallNumber number, bool emergency) {
  const Agent& asking = agents_[agent];
  if (!asking.logged_on()) return Err{Failure::server(Status::kAgentNotLoggedOn)};
  const AgentIndex helper = free_supervisor(agent);
  const StationIndex station = asking.station;
  const auto tell_of = [&](CallNumber call) {
    const auto kind =
        emergency ? SupervisionEvent::Kind::kEmergency : SupervisionEvent::Kind::kAssist;
    for (ModelListener* listener : listeners_) {
      listener->on_supervision({kind, call, station, agent});
    }
  };
  if (helper == kNoIndex) {
    // An emergency is told in every case.
    if (emergency) tell_of(number);
    return Err{Failure::server(Status::kSupervisorNotFound)};
  }
  const CallType type = emergency ? CallType::kEmergency : CallType::kAssist;
  const Cause cause = emergency ? Cause::kEmergencyCall : Cause::kSupervisorAssist;
  if (number == kNoCall) {
    for (const CallNumber candidate : stations_[station].calls) {
      if (find_view(candidate, station)->state == ConnectionState::kConnected) number = candidate;
    }
  }
  const std::string to = stations_[agents_[helper].station].id;
  CallNumber made = kNoCall;
  if (number != kNoCall) {
    Done<Connection*> own = own_connection(number, station);
    if (!own) return Err{own.error()};
    if ((*own)->state != ConnectionState::kConnected || !call(number)->answered ||
        stations_[station].calls.size() > 1) {
      return Err{Failure::telephone(Refusal::kInvalidObjectState)};
    }
    made = start_consult(*call(number), **own, type, {to, {}}, cause).number;
  } else {
    if (busy(station)) return Err{Failure::telephone(Refusal::kInvalidObjectState)};
    if (asking.in_wrapup()) return Err{Failure::telephone(Refusal::kStateIncompatible)};
    if (asking.state == AgentState::kAvailable) enter(agent, AgentState::kNotReady, 0);
    Call& fresh = originate(station, type, {to, {}}, nullptr);
    made = fresh.number;
    place(fresh, to, cause);
  }
  tell_of(made);
  return made;
}

}  // namespace cti::simulator
