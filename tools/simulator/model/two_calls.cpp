// Two calls of one station: consult, transfer, conference, alternate, reconnect. All of them move connections.
//
// The held call keeps its number; the connections of the other one move into it, and their views are renamed by a data
// update. So the call that the consult came from survives with its data; after alternating it is the consult call.
#include "tools/simulator/model/model.hpp"

#include <algorithm>
#include <utility>

namespace cti::simulator {
namespace {

constexpr Failure kBadState = Failure::telephone(Refusal::kInvalidObjectState);
constexpr Failure kNotOffered = Failure::telephone(Refusal::kInvalidFeature);

}  // namespace

Call& Model::start_consult(Call& from, Connection& own, CallType type, const Dial& dial,
                           Cause cause) {
  const StationIndex by = own.party.station;
  if (own.state == ConnectionState::kConnected) {
    set_connection_state(own, ConnectionState::kHeld);
    const Party party = own.party;
    tell_views(CallEventKind::kHeld, from, party, cause);
    sync_media(from);
  }
  Call& made = originate(by, type, dial, &from.data);
  made.consult_of = from.number;
  made.consult_by = by;
  const Cause placed = type == CallType::kConsult ? Cause::kConsult : cause;
  const CallNumber number = made.number;
  place(made, std::string(dial.number), placed);
  refresh(by);
  return *call(number);
}

Done<CallNumber> Model::consult(CallNumber active, StationIndex by, const Dial& dial,
                                std::uint16_t consult_type) {
  Done<Connection*> own = own_connection(active, by);
  if (!own) return Err{own.error()};
  Call& from = *call(active);
  if (consult_type > 2) return Err{Failure::telephone(Refusal::kInvalidConsultType)};
  if ((*own)->state != ConnectionState::kConnected || !from.answered || (*own)->silent()) {
    return Err{Failure::telephone(Refusal::kNoActiveCall)};
  }
  if (stations_[by].calls.size() > 1) return Err{kBadState};
  if (dial.number.empty()) return Err{Failure::telephone(Refusal::kInvalidDestination)};
  if (calls_.size() >= settings_.calls_max) return Err{Failure::telephone(Refusal::kResourceBusy)};
  if (auto fits = check_patch(dial.data, from.data); !fits) return fits;
  return start_consult(from, **own, CallType::kConsult, dial, Cause::kConsult).number;
}

Done<CallNumber> Model::check_pair(CallNumber active, CallNumber held, StationIndex by,
                                   Joining joining) {
  Done<Connection*> first = own_connection(active, by);
  if (!first) return Err{first.error()};
  Done<Connection*> second = own_connection(held, by);
  if (!second) return Err{second.error()};
  // Clients name the two either way round; what counts is which of them is held.
  if ((*first)->state == ConnectionState::kHeld) {
    std::swap(active, held);
    std::swap(*first, *second);
  }
  const Call& talking = *find_call(active);
  const Call& waiting = *find_call(held);
  // Whoever waits in a queue hears music, but nobody has answered.
  const bool in_queue =
      (*first)->state == ConnectionState::kInitiated && talking.queued != kNoIndex;
  if ((*second)->state != ConnectionState::kHeld ||
      ((*first)->state != ConnectionState::kConnected && !in_queue)) {
    return Err{kBadState};
  }
  if (talking.queued != kNoIndex && waiting.queued != kNoIndex) return Err{kBadState};
  if (talking.consult_of == held && talking.consult_by == by) return active;
  // Held consult, talking original: the order was changed by alternating.
  const bool alternated = waiting.consult_of == active && waiting.consult_by == by;
  if (alternated && joining == Joining::kTransfer) return active;
  if (alternated) return Err{kBadState};
  return Err{Failure::telephone(Refusal::kArbitraryNotSupported)};
}

void Model::merge(Call& into, Call& from) {
  for (Connection& c : from.connections) {
    call_of_connection_[c.number] = into.number;
    if (c.view()) {
      std::vector<CallNumber>& calls = stations_[c.party.station].calls;
      std::ranges::replace(calls, from.number, into.number);
      // A consult call that came from the one that vanishes comes from the other one now.
      for (const CallNumber number : calls) {
        if (Call& other = *call(number); other.consult_of == from.number)
          other.consult_of = into.number;
      }
    }
    into.connections.push_back(std::move(c));
  }
  if (from.queued != kNoIndex) {
    std::ranges::replace(groups_[from.queued].queue, from.number, into.number);
    into.queued = from.queued;
    into.queued_since = from.queued_since;
  }
  if (std::exchange(from.route_announced, false)) {
    into.route_announced = true;
    CallEvent event;
    event.kind = CallEventKind::kDataUpdate;
    event.call = &into;
    event.number = from.number;
    event.renamed = into.number;
    event.device = groups_[into.queued].settings.dialed_number;
    event.items = data_item::kEverything;
    tell(event);
  }
  if (from.group != kNoIndex) into.group = from.group;
  const CallNumber number = from.number;
  keep_data(from, {});
  calls_.erase(number);
  ++counters_.calls_ended;
}

void Model::tell_joined(CallEventKind kind, const Call& into, CallNumber from,
                        const Connection& view, const Party& first, const Party& second,
                        Cause cause) {
  if (!view.announced) return;
  CallEvent event = event_for(kind, into, view);
  event.secondary = from;
  event.subject = &first;
  event.other = &second;
  event.cause = cause;
  tell(event);
}

Done<CallNumber> Model::transfer(CallNumber active, CallNumber held, StationIndex by) {
  Done<CallNumber> pair = check_pair(active, held, by, Joining::kTransfer);
  if (!pair) return pair;
  const CallNumber from_number = *pair;
  const CallNumber into_number = *pair == active ? held : active;
  Call& into = *call(into_number);
  Call& from = *call(from_number);
  if (from.connections.size() < 2 && from.queued == kNoIndex) return Err{kBadState};
  if (into.parties() + from.parties() - 2 > kPartiesMax) {
    return Err{Failure::telephone(Refusal::kConferenceFull)};
  }
  ++counters_.transfers;
  Connection own_active = *from.of_station(by);
  Connection own_held = *into.of_station(by);
  set_media(from, own_active, false);
  call_statistics(from, own_active);
  call_statistics(into, own_held);
  remove(from, own_active.number);
  remove(into, own_held.number);
  const bool alternated = into.consult_of == from_number;
  const Call& consult = alternated ? into : from;
  const Party target =
      consult.connections.empty() ? consult.called : consult.connections.front().party;
  std::vector<ConnectionNumber> moved;
  for (const Connection& c : from.connections) moved.push_back(c.number);
  if (alternated) take_caller(into, from);
  into.type = CallType::kTransferIn;
  merge(into, from);
  own_active.state = own_held.state = ConnectionState::kNull;
  tell_joined(CallEventKind::kTransferred, into, from_number, own_held, own_held.party, target,
              Cause::kTransfer);
  for (const Connection& view : into.connections) {
    tell_joined(CallEventKind::kTransferred, into, from_number, view, own_held.party, target,
                Cause::kTransfer);
  }
  tell_renamed(into, from_number, moved);
  if (alternated) {
    // Whoever was asked sees another caller, and that caller's data.
    for (const Connection& view : into.connections) {
      if (std::ranges::find(moved, view.number) == moved.end())
        tell_data(into, view, data_item::kEverything);
    }
  }
  end_view(into, own_held);
  end_view_as(into, own_active, from_number);
  finish_join(into);
  refresh(by);
  return into_number;
}

/// The consult call survives: it is the caller's from now on.
void Model::take_caller(Call& into, const Call& from) {
  into.data = from.data;
  into.ani = from.ani;
  into.dnis = from.dnis;
  into.dialed = from.dialed;
  into.calling = from.calling;
  into.called = from.called;
  into.key = from.key;
  into.clients = from.clients;
  into.talk = from.talk;
  into.consult_of = from.consult_of;
  into.consult_by = from.consult_by;
  into.controller = from.controller;
  into.conference = from.conference;
  into.bad = into.bad || from.bad;
}

void Model::tell_renamed(const Call& into, CallNumber from,
                         const std::vector<ConnectionNumber>& moved) {
  for (const Connection& view : into.connections) {
    if (!view.announced || std::ranges::find(moved, view.number) == moved.end()) continue;
    CallEvent event = event_for(CallEventKind::kDataUpdate, into, view);
    event.number = from;
    event.renamed = into.number;
    event.items = data_item::kEverything;
    tell(event);
  }
}

void Model::finish_join(Call& into) {
  sync_media(into);
  guard_outsiders(into);
  std::vector<StationIndex> touched;
  for (const Connection& c : into.connections) {
    if (c.view()) touched.push_back(c.party.station);
  }
  for (const StationIndex station : touched) refresh(station);
}

Done<CallNumber> Model::conference(CallNumber active, CallNumber held, StationIndex by) {
  Done<CallNumber> pair = check_pair(active, held, by, Joining::kConference);
  if (!pair) return pair;
  const CallNumber from_number = *pair;
  const CallNumber into_number = *pair == active ? held : active;
  Call& into = *call(into_number);
  Call& from = *call(from_number);
  if (!from.answered) return Err{kBadState};
  if (into.controller != kNoIndex && into.controller != by) {
    return Err{Failure::telephone(Refusal::kArbitraryNotSupported)};
  }
  if (into.parties() + from.parties() - 1 > kPartiesMax) {
    return Err{Failure::telephone(Refusal::kConferenceFull)};
  }
  ++counters_.conferences;
  Connection own_active = *from.of_station(by);
  set_media(from, own_active, false);
  call_statistics(from, own_active);
  remove(from, own_active.number);
  set_connection_state(*into.of_station(by), ConnectionState::kConnected);
  const Party added = from.connections.front().party;
  std::vector<ConnectionNumber> moved, stayed;
  for (const Connection& c : from.connections) moved.push_back(c.number);
  into.conference = true;
  into.controller = by;
  into.type = CallType::kConference;
  for (const Connection& view : into.connections) tell_data(into, view, 0);
  merge(into, from);
  tell_renamed(into, from_number, moved);
  own_active.state = ConnectionState::kNull;
  const Party controller = own_active.party;
  for (const Connection& view : into.connections) {
    tell_joined(CallEventKind::kConferenced, into, from_number, view, controller, added,
                Cause::kNone);
  }
  end_view_as(into, own_active, from_number);
  finish_join(into);
  return into_number;
}

void Model::end_view_as(const Call& of, Connection& c, CallNumber number) {
  if (!c.announced) return;
  end_extras(of, c);
  c.announced = false;
  ++counters_.views_ended;
  CallEvent event = event_for(CallEventKind::kEnd, of, c);
  event.number = number;
  tell(event);
}

Done<CallNumber> Model::blind_transfer(CallNumber active, StationIndex by, const Dial& dial) {
  if (!settings_.single_step_transfer) return Err{kNotOffered};
  Done<Connection*> own = own_connection(active, by);
  if (!own) return Err{own.error()};
  Call& of = *call(active);
  if ((*own)->state != ConnectionState::kConnected || !of.answered || (*own)->silent()) {
    return Err{Failure::telephone(Refusal::kNoActiveCall)};
  }
  if (!reachable(dial.number)) return Err{Failure::telephone(Refusal::kInvalidDestination)};
  if (of.queued != kNoIndex) return Err{kBadState};
  if (auto fits = check_patch(dial.data, of.data); !fits) return fits;
  ++counters_.transfers;
  apply(of.data, dial.data);
  call_statistics(of, **own);
  set_media(of, **own, false);
  Connection gone = **own;
  gone.state = ConnectionState::kNull;
  remove(of, gone.number);
  of.type = CallType::kTransferIn;
  const StationIndex station = find_station(dial.number);
  const Party target = station != kNoIndex
                           ? station_party(station)
                           : Party{DeviceKind::kExternal, std::string(dial.number), kNoIndex};
  tell_joined(CallEventKind::kTransferred, of, kNoCall, gone, gone.party, target, Cause::kTransfer);
  for (const Connection& view : of.connections) {
    tell_joined(CallEventKind::kTransferred, of, kNoCall, view, gone.party, target,
                Cause::kTransfer);
  }
  end_view(of, gone);
  place(of, std::string(dial.number), Cause::kTransfer);
  if (Call* still = call(active); still != nullptr) guard_outsiders(*still);
  refresh(by);
  return active;
}

Done<CallNumber> Model::single_step_conference(CallNumber active, StationIndex by,
                                               const Dial& dial) {
  if (!settings_.single_step_conference) return Err{kNotOffered};
  Done<Connection*> own = own_connection(active, by);
  if (!own) return Err{own.error()};
  Call& of = *call(active);
  if ((*own)->state != ConnectionState::kConnected || !of.answered || (*own)->silent()) {
    return Err{Failure::telephone(Refusal::kNoActiveCall)};
  }
  if (of.controller != kNoIndex && of.controller != by) {
    return Err{Failure::telephone(Refusal::kArbitraryNotSupported)};
  }
  if (of.parties() >= kPartiesMax) return Err{Failure::telephone(Refusal::kConferenceFull)};
  if (!reachable(dial.number)) return Err{Failure::telephone(Refusal::kInvalidDestination)};
  if (of.queued != kNoIndex) return Err{kBadState};
  ++counters_.conferences;
  of.conference = true;
  of.controller = by;
  of.type = CallType::kConference;
  for (const Connection& view : of.connections) tell_data(of, view, 0);
  place(of, std::string(dial.number), Cause::kNone);
  return active;
}

Done<CallNumber> Model::alternate(CallNumber active, CallNumber other, StationIndex by) {
  Done<Connection*> first = own_connection(active, by);
  if (!first) return Err{first.error()};
  Done<Connection*> second = own_connection(other, by);
  if (!second) return Err{second.error()};
  Call& talking = *call(active);
  if ((*first)->state != ConnectionState::kConnected || !talking.answered || (*first)->silent()) {
    return Err{Failure::telephone(Refusal::kNoActiveCall)};
  }
  if ((*second)->state != ConnectionState::kHeld)
    return Err{Failure::telephone(Refusal::kNoHeldCall)};
  Call& waiting = *call(other);
  const Party party = (*first)->party;
  set_connection_state(**first, ConnectionState::kHeld);
  tell_views(CallEventKind::kHeld, talking, party, Cause::kAlternate);
  sync_media(talking);
  set_connection_state(**second, ConnectionState::kConnected);
  tell_views(CallEventKind::kRetrieved, waiting, party, Cause::kAlternate);
  sync_media(waiting);
  refresh(by);
  return active;
}

Done<CallNumber> Model::reconnect(CallNumber active, CallNumber held, StationIndex by) {
  Done<Connection*> first = own_connection(active, by);
  if (!first) return Err{first.error()};
  Done<Connection*> second = own_connection(held, by);
  if (!second) return Err{second.error()};
  const ConnectionState state = (*first)->state;
  if (state != ConnectionState::kConnected && state != ConnectionState::kInitiated &&
      state != ConnectionState::kFailed) {
    return Err{Failure::telephone(Refusal::kNoActiveCall)};
  }
  if ((*second)->state != ConnectionState::kHeld)
    return Err{Failure::telephone(Refusal::kNoHeldCall)};
  drop(*call(active), (*first)->number, Cause::kNone);
  return retrieve(held, by);
}

}  // namespace cti::simulator
