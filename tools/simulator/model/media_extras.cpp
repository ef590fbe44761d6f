// What happens to the sound of a call besides talking: agent greetings, and recording by the network.
#include "tools/simulator/model/model.hpp"

#include <algorithm>
#include <utility>

namespace cti::simulator {
namespace {

constexpr std::uint16_t kStarted = 0, kEnded = 1;  // AgentGreetingEventCode
constexpr std::uint16_t kNotPossible = 1;          // cause of a failed recording

}  // namespace

void Model::tell_extra(CallEventKind kind, const Call& of, const Connection& view,
                       std::uint16_t code) {
  if (!view.announced) return;
  CallEvent event = event_for(kind, of, view);
  event.code = code;
  tell(event);
}

void Model::greet(const Call& of, Connection& c) {
  const AgentIndex agent = stations_[c.party.station].agent;
  if (settings_.timings.greeting <= Nanos{0} || agent == kNoIndex || !agents_[agent].greeting)
    return;
  c.greeting = true;
  timers_.arm(now_ + settings_.timings.greeting, TimerKind::kGreeting, c.number);
  tell_extra(CallEventKind::kGreeting, of, c, kStarted);
}

void Model::greeting_ends(ConnectionNumber number) {
  Connection* c = connection(number);
  if (c == nullptr || !c->greeting) return;
  c->greeting = false;
  tell_extra(CallEventKind::kGreeting, *call_of_connection(number), *c, kEnded);
}

void Model::end_extras(const Call& of, Connection& c) {
  if (std::exchange(c.greeting, false)) tell_extra(CallEventKind::kGreeting, of, c, kEnded);
  if (std::exchange(c.recorded, false)) tell_extra(CallEventKind::kRecordingEnded, of, c, 0);
}

Done<AgentIndex> Model::control_greeting(AgentIndex index, std::uint16_t action) {
  if (action > 2) return Err{Failure::telephone(Refusal::kGreetingFailed)};
  Agent& agent = agents_[index];
  if (!agent.logged_on()) return Err{Failure::server(Status::kAgentNotLoggedOn)};
  if (action != 0) {
    agent.greeting = action == 2;
    return index;
  }
  for (const CallNumber number : stations_[agent.station].calls) {
    greeting_ends(find_view(number, agent.station)->number);
  }
  return index;
}

Done<CallNumber> Model::start_recording(CallNumber number, StationIndex station) {
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  Connection& c = **own;
  const Call& of = *find_call(number);
  const bool talks = c.state == ConnectionState::kConnected && of.answered && !c.silent();
  if (!talks || c.recorded) {
    tell_extra(CallEventKind::kRecordingFailed, of, c, kNotPossible);
    return number;
  }
  c.recorded = true;
  tell_extra(CallEventKind::kRecordingTarget, of, c, 0);
  tell_extra(CallEventKind::kRecordingStarted, of, c, 0);
  return number;
}

Done<CallNumber> Model::stop_recording(CallNumber number, StationIndex station) {
  Done<Connection*> own = own_connection(number, station);
  if (!own) return Err{own.error()};
  Connection& c = **own;
  const bool was = std::exchange(c.recorded, false);
  tell_extra(was ? CallEventKind::kRecordingEnded : CallEventKind::kRecordingFailed,
             *find_call(number), c, was ? std::uint16_t{0} : kNotPossible);
  return number;
}

void Model::note_cti_client(CallNumber number, const CtiClient& client) {
  Call* of = call(number);
  if (of == nullptr || client.signature.empty()) return;
  std::erase_if(of->clients, [&](const CtiClient& c) { return c.signature == client.signature; });
  if (of->clients.size() == kCtiClientsMax) of->clients.erase(of->clients.begin());
  of->clients.push_back(client);
}

}  // namespace cti::simulator
