// crowd_supervisors.cpp - what supervisors do besides looking on: they watch a member with its calls, barge into the call, leave
// it again, make members ready and not ready. One thing at a time, each when its time has come.
#include "tools/load/crowd.hpp"
#include "wire/ctios_enums.hpp"

#include <algorithm>

namespace cti::load {

namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;

void Crowd::supervise(bool on) {
  supervising_ = on;
  if (on) return;
  for (Session& session : sessions_) {
    if (session.kind == Kind::kSupervisor && overseers_[session.robot].joined)
      ask(session, Wish::kLeave, io_.now());
  }
}

void Crowd::supervise(Session& session, TimePoint intended) {
  Overseer& by = overseers_[session.robot];
  if (!supervising_ || !session.asked.empty() || by.members.empty()) return;
  if (by.joined) return ask(session, Wish::kLeave, intended);
  if (!by.call.empty()) return ask(session, Wish::kBargeIn, intended);
  by.asked_for = by.members[by.next++ % by.members.size()];
  const Robot::Phase phase = workers_[by.asked_for].robot.phase();
  const bool idle = phase == Robot::Phase::kReady || phase == Robot::Phase::kNotReady;
  if (by.turns++ % 2 == 0 || !idle) return ask(session, Wish::kWatchMember, intended);
  const bool ready = phase == Robot::Phase::kReady;
  ask(session, ready ? Wish::kMemberNotReady : Wish::kMemberReady, intended);
}

void Crowd::write_supervising(wire::ArgumentsWriter& args, const Session& session,
                              Wish wish) const {
  const Overseer& by = overseers_[session.robot];
  switch (wish) {
    case Wish::kWatchMember:
      return args.add_string(Keyword::AgentReference, object_id(by.asked_for));
    case Wish::kBargeIn:
      args.add_string(Keyword::AgentReference, object_id(by.watched));
      args.add_string(Keyword::CallReference, by.call);
      return args.add_int(Keyword::SupervisoryAction, ctios::eSupervisorBargeIn);
    case Wish::kLeave:
      args.add_string(Keyword::AgentReference, object_id(by.watched));
      return args.add_int(Keyword::SupervisoryAction, ctios::eSupervisorClear);
    default:
      args.add_string(Keyword::SupervisorID, agent_id(session));
      return args.add_int(Keyword::AgentState, wish == Wish::kMemberReady ? ctios::eAvailable
                                                                          : ctios::eNotReady);
  }
}

/// Somebody whom the supervisor watches: a member, and the call of the one that it watches with its calls.
void Crowd::on_members_update(Session& session, const wire::UpdateView& update) {
  if (session.kind != Kind::kSupervisor) return;
  const auto found = worker_of_.find(update.agent_key());
  if (found == worker_of_.end() || found->second == session.robot) return;
  Overseer& by = overseers_[session.robot];
  const std::uint32_t member = found->second;
  const bool agent = member >= settings_.supervisors;
  if (agent && std::ranges::find(by.members, member) == by.members.end())
    by.members.push_back(member);
  if (member != by.watched) return;
  const auto id = update.arguments().string(Keyword::UniqueObjectID);
  if (!id) return;
  if (update.event_id() == EventId::eCallEstablishedEvent) by.call = *id;
  if (update.event_id() == EventId::eCallEndEvent && *id == by.call) by.call.clear();
}

/// The answer to something of the above; refusals are no faults: what was asked about may be over by then.
bool Crowd::supervised(Session& session, const Asked& was, wire::Outcome outcome) {
  if (was.wish <= Wish::kSupervise) return false;
  if (outcome == wire::Outcome::kUnknown) return false;
  Overseer& by = overseers_[session.robot];
  Supervised& counts = counters_.supervised;
  const bool done = outcome == wire::Outcome::kConfirmed;
  if (!done) ++counts.refused;
  switch (was.wish) {
    case Wish::kWatchMember:
      if (!done) return true;
      ++counts.watched;
      if (by.watched != by.asked_for) by.call.clear();
      by.watched = by.asked_for;
      return true;
    case Wish::kBargeIn:
      counts.barged_in += done ? 1 : 0;
      by.joined = done;
      by.call.clear();
      // The end of the run does not wait for the next turn.
      if (done && !supervising_) ask(session, Wish::kLeave, io_.now());
      return true;
    case Wish::kLeave:
      counts.left += done ? 1 : 0;
      by.joined = false;
      return true;
    default:
      counts.states_changed += done ? 1 : 0;
      return true;
  }
}

}  // namespace cti::load
