// One call: from dialling to clearing.
#include "tools/simulator/model/model.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

bool is_outside_number(std::string_view number) {
  const bool digits = std::ranges::all_of(
      number, [](char c) { return (c >= '0' && c <= '9') || c == '+' || c == '#'; });
  return digits && (number.size() >= 7 || (number.size() >= 4 && number.front() == '9'));
}

}  // namespace

Call& Model::new_call(CallType type) {
  Call& made = calls_[next_call_];
  made.number = next_call_++;
  made.type = type;
  made.begun = now_;
  made.connections.reserve(kPartiesMax);  // references to connections stay valid while parties join
  ++counters_.calls_begun;
  return made;
}

Connection& Model::join(Call& of, Party party, ConnectionState state, bool inbound) {
  CTI_CHECK(of.connections.size() < kPartiesMax);
  Connection& c = of.connections.emplace_back();
  c.number = next_connection_++;
  c.party = std::move(party);
  c.state = state;
  c.inbound = inbound;
  c.since = now_;
  call_of_connection_.emplace(c.number, of.number);
  if (c.view()) {
    Station& station = stations_[c.party.station];
    station.calls.push_back(of.number);
    c.agent = station.agent;
  }
  return c;
}

void Model::set_connection_state(Connection& c, ConnectionState state) {
  if (c.state == ConnectionState::kHeld) c.held += now_ - c.since;
  if (state == ConnectionState::kHeld) ++c.holds;
  c.state = state;
  c.since = now_;
}

bool Model::busy(StationIndex station) const { return !stations_[station].calls.empty(); }

bool Model::reachable(std::string_view number) const {
  const StationIndex station = find_station(number);
  if (station != kNoIndex) return !busy(station);
  const GroupIndex group = find_group_by_dialed(number);
  if (group != kNoIndex) return groups_[group].queue.size() < settings_.queue_max;
  return is_outside_number(number);
}

Call& Model::originate(StationIndex from, CallType type, const Dial& dial,
                       const CallData* inherited) {
  Call& made = new_call(type);
  made.calling = station_party(from);
  made.dialed = made.dnis = std::string(dial.number);
  const StationIndex to = find_station(dial.number);
  made.called = to != kNoIndex
                    ? station_party(to)
                    : Party{find_group_by_dialed(dial.number) != kNoIndex ? DeviceKind::kRoutePoint
                                                                          : DeviceKind::kExternal,
                            std::string(dial.number), kNoIndex};
  made.ani = made.calling.id;
  if (inherited != nullptr) made.data = *inherited;
  apply(made.data, dial.data);
  Connection& own = join(made, made.calling, ConnectionState::kInitiated, false);
  announce(made, own);
  tell_views(CallEventKind::kServiceInitiated, made, made.calling, Cause::kNone);
  tell_views(CallEventKind::kOriginated, made, made.calling, Cause::kNone);
  return made;
}

void Model::place(Call& of, const std::string& number, Cause cause) {
  const StationIndex station = find_station(number);
  if (station != kNoIndex) {
    if (busy(station)) return fail(of, Cause::kBusy);
    return offer_station(of, station, false, cause);
  }
  const GroupIndex group = find_group_by_dialed(number);
  if (group != kNoIndex) return route(of, group);
  if (!is_outside_number(number)) return fail(of, Cause::kNotObtainable);
  for (Connection& c : of.connections) {
    if (c.state == ConnectionState::kInitiated)
      set_connection_state(c, ConnectionState::kConnected);
  }
  const Connection& outside =
      join(of, {DeviceKind::kExternal, number, kNoIndex}, ConnectionState::kAlerting, true);
  timers_.arm(now_ + settings_.timings.external_answer, TimerKind::kExternalAnswer, outside.number);
  const Party party = outside.party;
  tell_views(CallEventKind::kReachedNetwork, of, party, cause);
}

void Model::offer_station(Call& of, StationIndex station, bool routed, Cause cause) {
  Connection& c = join(of, station_party(station), ConnectionState::kNull, true);
  c.routed = routed;
  if (!routed) return deliver(of, c, cause);
  CallEvent event = event_for(CallEventKind::kPreCall, of, c);
  tell(event);
  timers_.arm(now_ + settings_.timings.precall, TimerKind::kDeliver, c.number);
  refresh(station);
}

void Model::deliver(Call& of, Connection& c, Cause cause) {
  const StationIndex station = c.party.station;
  set_connection_state(c, ConnectionState::kAlerting);
  for (Connection& other : of.connections) {
    if (other.state == ConnectionState::kInitiated)
      set_connection_state(other, ConnectionState::kConnected);
  }
  announce(of, c);
  const Party party = c.party;
  tell_views(CallEventKind::kDelivered, of, party, cause);
  const AgentIndex agent = stations_[station].agent;
  const DeskSettings* rules = agent == kNoIndex ? nullptr : agents_[agent].desk;
  if (!c.routed) {
    timers_.arm(now_ + settings_.timings.no_answer, TimerKind::kRing, c.number);
  } else if (rules != nullptr && rules->ring_no_answer_s > 0) {
    timers_.arm(now_ + Seconds(rules->ring_no_answer_s), TimerKind::kRing, c.number);
  }
  if (rules != nullptr && (rules->mask & desk::kAutoAnswer) != 0) {
    timers_.arm(now_ + settings_.timings.auto_answer, TimerKind::kAutoAnswer, c.number);
  }
  refresh(station);
}

void Model::connect(Call& of, Connection& c, Cause cause) {
  set_connection_state(c, ConnectionState::kConnected);
  const bool first = !of.answered;
  of.answered = true;
  std::vector<StationIndex> touched;
  for (Connection& each : of.connections) {
    if (each.state == ConnectionState::kConnected && !each.answered) {
      each.answered = true;
      each.talk_since = now_;
    }
    if (each.view()) touched.push_back(each.party.station);
    if (first && !each.view() && of.talk != Nanos::max()) {
      timers_.arm(now_ + of.talk, TimerKind::kHangup, each.number, 1);
    }
  }
  const Party party = c.party;
  tell_views(CallEventKind::kEstablished, of, party, cause);
  if (!first && of.conference) {
    for (const Connection& view : of.connections) {
      if (!view.announced) continue;
      CallEvent event = event_for(CallEventKind::kConferenced, of, view);
      const Party controller = of.controller == kNoIndex ? party : station_party(of.controller);
      event.subject = &controller;
      event.other = &party;
      tell(event);
    }
  }
  sync_media(of);
  if (c.routed && c.view()) greet(of, c);
  for (const StationIndex station : touched) refresh(station);
}

void Model::fail(Call& of, Cause cause) {
  for (Connection& c : of.connections) {
    if (!c.view() || c.answered || c.inbound) continue;
    set_connection_state(c, ConnectionState::kFailed);
    const Party party = c.party;
    timers_.arm(now_ + settings_.timings.failed_tone, TimerKind::kFailedTone, c.number);
    tell_views(CallEventKind::kFailed, of, party, cause);
    refresh(party.station);
    return;
  }
  end_call(of, of.connections.front().number, cause);
}

Done<CallNumber> Model::make_call(StationIndex from, const Dial& dial) {
  if (!peripheral_online_) return Err{Failure::telephone(Refusal::kOutOfService)};
  if (from >= stations_.size()) return Err{Failure::telephone(Refusal::kInvalidCallingDevice)};
  const AgentIndex agent = stations_[from].agent;
  if (agent != kNoIndex && agents_[agent].state != AgentState::kNotReady) {
    return Err{Failure::telephone(Refusal::kStateIncompatible)};
  }
  if (busy(from)) return Err{Failure::telephone(Refusal::kInvalidObjectState)};
  if (dial.number.empty()) return Err{Failure::telephone(Refusal::kInvalidDestination)};
  if (calls_.size() >= settings_.calls_max) return Err{Failure::telephone(Refusal::kResourceBusy)};
  if (auto fits = check_patch(dial.data, {}); !fits) return fits;
  const bool inside =
      find_station(dial.number) != kNoIndex || find_group_by_dialed(dial.number) != kNoIndex;
  Call& made = originate(from, inside ? CallType::kAgentInside : CallType::kOut, dial, nullptr);
  const CallNumber number = made.number;
  place(made, std::string(dial.number), Cause::kNone);
  return number;
}

Done<CallNumber> Model::answer(CallNumber number, StationIndex station) {
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  if ((*own)->state != ConnectionState::kAlerting)
    return Err{Failure::telephone(Refusal::kNoCallToAnswer)};
  for (const CallNumber other : stations_[station].calls) {
    if (find_view(other, station)->state == ConnectionState::kConnected) {
      return Err{Failure::telephone(Refusal::kInvalidObjectState)};
    }
  }
  connect(*call(number), **own, Cause::kNone);
  return number;
}

Done<CallNumber> Model::hold(CallNumber number, StationIndex station) {
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  Call& of = *call(number);
  Connection& c = **own;
  if (c.state != ConnectionState::kConnected || !of.answered || c.silent()) {
    return Err{Failure::telephone(Refusal::kNoActiveCall)};
  }
  set_connection_state(c, ConnectionState::kHeld);
  const Party party = c.party;
  tell_views(CallEventKind::kHeld, of, party, Cause::kNone);
  sync_media(of);
  refresh(station);
  return number;
}

Done<CallNumber> Model::retrieve(CallNumber number, StationIndex station) {
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  if ((*own)->state != ConnectionState::kHeld) return Err{Failure::telephone(Refusal::kNoHeldCall)};
  for (const CallNumber other : stations_[station].calls) {
    if (other != number && find_view(other, station)->state != ConnectionState::kHeld) {
      return Err{Failure::telephone(Refusal::kInvalidObjectState)};
    }
  }
  Call& of = *call(number);
  set_connection_state(**own, ConnectionState::kConnected);
  const Party party = (*own)->party;
  tell_views(CallEventKind::kRetrieved, of, party, Cause::kNone);
  sync_media(of);
  refresh(station);
  return number;
}

Done<CallNumber> Model::clear_connection(CallNumber number, StationIndex station) {
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  const ConnectionState state = (*own)->state;
  if (state == ConnectionState::kAlerting || state == ConnectionState::kNull) {
    return Err{Failure::telephone(Refusal::kInvalidObjectState)};
  }
  drop(*call(number), (*own)->number, Cause::kNone);
  return number;
}

Done<CallNumber> Model::clear_call(CallNumber number, StationIndex station) {
  if (!settings_.clear_call) return Err{Failure::telephone(Refusal::kInvalidFeature)};
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  const ConnectionState state = (*own)->state;
  if (state == ConnectionState::kAlerting || state == ConnectionState::kNull || (*own)->silent()) {
    return Err{Failure::telephone(Refusal::kInvalidObjectState)};
  }
  end_call(*call(number), (*own)->number, Cause::kNone);
  return number;
}

Done<CallNumber> Model::send_dtmf(CallNumber number, StationIndex station,
                                  std::string_view digits) {
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  if ((*own)->state != ConnectionState::kConnected)
    return Err{Failure::telephone(Refusal::kNoActiveCall)};
  const bool tones = !digits.empty() && std::ranges::all_of(digits, [](char c) {
    return (c >= '0' && c <= '9') || c == '*' || c == '#' || (c >= 'A' && c <= 'D') || c == ',';
  });
  if (!tones) return Err{Failure::telephone(Refusal::kValueOutOfRange)};
  return number;
}

void Model::divert(Call& of, Connection& c, Cause cause) {
  const Party party = c.party;
  const ConnectionNumber who = c.number;
  set_connection_state(c, ConnectionState::kNull);
  of.last_redirect = party;
  tell_views(CallEventKind::kDiverted, of, party, cause);
  end_view(of, c);
  remove(of, who);
}

Done<CallNumber> Model::deflect(CallNumber number, StationIndex station, std::string_view to) {
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  if ((*own)->state != ConnectionState::kAlerting)
    return Err{Failure::telephone(Refusal::kInvalidObjectState)};
  if (!reachable(to)) return Err{Failure::telephone(Refusal::kInvalidDestination)};
  Call& of = *call(number);
  divert(of, **own, Cause::kForward);
  place(of, std::string(to), Cause::kRedirected);
  refresh(station);
  return number;
}

void Model::ring_expired(ConnectionNumber number) {
  Connection* c = connection(number);
  if (c == nullptr || c->state != ConnectionState::kAlerting) return;
  Call& of = *call_of_connection(number);
  if (!c->routed) return drop(of, number, Cause::kNotAnswered);
  ++counters_.ring_no_answer;
  const StationIndex station = c->party.station;
  const AgentIndex agent = stations_[station].agent;
  if (agent != kNoIndex && !agents_[agent].next) {
    agents_[agent].next = AgentState::kNotReady;
    agents_[agent].next_reason = kReasonRingNoAnswer;
  }
  divert(of, *c, Cause::kForwardNoAnswer);
  const CallNumber call_number = of.number;
  refresh(station);
  if (Call* again = call(call_number); again != nullptr) enqueue(*again, again->group, true);
}

Done<CallNumber> Model::outside_call(const OutsideCall& wish) {
  if (!peripheral_online_) return Err{Failure::telephone(Refusal::kOutOfService)};
  if (calls_.size() >= settings_.calls_max) {
    ++counters_.refused_full;
    return Err{Failure::telephone(Refusal::kResourceBusy)};
  }
  const GroupIndex group = wish.group != kNoIndex ? wish.group : find_group_by_dialed(wish.number);
  const StationIndex station = find_station(wish.number);
  if (group == kNoIndex && station == kNoIndex)
    return Err{Failure::telephone(Refusal::kInvalidDestination)};
  if (group == kNoIndex && busy(station)) return Err{Failure::telephone(Refusal::kResourceBusy)};
  if (group != kNoIndex && groups_[group].queue.size() >= settings_.queue_max) {
    ++counters_.refused_full;
    return Err{Failure::telephone(Refusal::kResourceBusy)};
  }
  if (auto fits = check_patch(wish.data, {}, DataFrom::kRouter); !fits) return fits;
  Call& made = new_call(group != kNoIndex ? CallType::kAcdIn : CallType::kOtherIn);
  const CallNumber number = made.number;
  made.calling = {DeviceKind::kExternal, wish.ani, kNoIndex};
  made.ani = wish.ani;
  made.dialed = made.dnis = group != kNoIndex ? groups_[group].settings.dialed_number : wish.number;
  made.called = group != kNoIndex ? Party{DeviceKind::kRoutePoint, made.dialed, kNoIndex}
                                  : station_party(station);
  made.talk = wish.talk;
  apply(made.data, wish.data);
  const Connection& caller = join(made, made.calling, ConnectionState::kConnected, false);
  if (wish.patience != Nanos::max())
    timers_.arm(now_ + wish.patience, TimerKind::kHangup, caller.number, 0);
  if (group != kNoIndex) {
    route(made, group);
  } else {
    offer_station(made, station, false, Cause::kNewCall);
  }
  return number;
}

bool Model::outside_hangs_up(CallNumber number) {
  Call* of = call(number);
  if (of == nullptr) return false;
  for (const Connection& c : of->connections) {
    if (c.view()) continue;
    drop(*of, c.number, Cause::kNone);
    return true;
  }
  return false;
}

void Model::remove(Call& of, ConnectionNumber who) {
  const auto gone = std::ranges::find(of.connections, who, &Connection::number);
  CTI_CHECK(gone != of.connections.end());
  if (gone->view()) std::erase(stations_[gone->party.station].calls, of.number);
  call_of_connection_.erase(who);
  of.connections.erase(gone);
}

void Model::drop(Call& of, ConnectionNumber who, Cause cause) {
  Connection& leaving = *connection(who);
  const std::size_t others = of.alive() - !leaving.silent();
  const bool waits_on = of.queued != kNoIndex && leaving.view() && others == 1;
  if (others < 2 && !waits_on) return end_call(of, who, cause);
  call_statistics(of, leaving);
  set_media(of, leaving, false);
  set_connection_state(leaving, ConnectionState::kNull);
  const Party party = leaving.party;
  tell_views(CallEventKind::kConnectionCleared, of, party, cause);
  end_view(of, leaving);
  remove(of, who);
  guard_outsiders(of);
  if (party.station != kNoIndex) refresh(party.station);
}

void Model::guard_outsiders(Call& of) {
  if (of.queued != kNoIndex || std::ranges::any_of(of.connections, &Connection::view)) return;
  const Timings& times = settings_.timings;
  const Nanos stay{
      random_.between(times.external_alone_min.count(), times.external_alone_max.count())};
  timers_.arm(now_ + stay, TimerKind::kExternalAlone, of.number);
}

void Model::end_call(Call& of, ConnectionNumber first, Cause cause) {
  if (of.queued != kNoIndex) leave_queue(of, Cause::kCallCancelled);
  if (!of.answered && of.calling.kind == DeviceKind::kExternal) ++counters_.abandoned;
  const Party leaver = connection(first)->party;
  std::vector<StationIndex> touched;
  std::vector<AgentIndex> sat;
  const auto leave = [&](Connection& c) {
    call_statistics(of, c);
    set_media(of, c, false);
    if (!c.view()) return;
    touched.push_back(c.party.station);
    if (c.agent != kNoIndex) sat.push_back(c.agent);
  };
  leave(*connection(first));
  for (Connection& c : of.connections) {
    if (c.number != first) leave(c);
  }
  for (Connection& c : of.connections) {
    if (c.view() && !c.announced && c.routed) tell(event_for(CallEventKind::kPreCallAbort, of, c));
    c.state = ConnectionState::kNull;
  }
  // The one who left is told by name; that nobody else is left is what "cleared" says.
  tell_views(CallEventKind::kConnectionCleared, of, leaver, cause);
  tell_views(CallEventKind::kCleared, of, leaver, cause);
  for (Connection& c : of.connections) {
    end_view(of, c);
    call_of_connection_.erase(c.number);
  }
  const CallNumber number = of.number;
  for (const StationIndex station : touched) std::erase(stations_[station].calls, number);
  keep_data(of, std::move(sat));
  calls_.erase(number);
  ++counters_.calls_ended;
  for (const StationIndex station : touched) refresh(station);
}

}  // namespace cti::simulator
