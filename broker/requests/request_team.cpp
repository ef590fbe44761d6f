// request_team.cpp - what supervisors ask about their teams: who is in them, to watch them, one agent or a call; to join it.
//
// Twice    a start that changes nothing is confirmed again; a stop of what is not watched is refused.
#include "broker/requests/requests.hpp"
#include "wire/ged188/supervisor.hpp"
#include "wire/object_key.hpp"

#include <utility>

namespace cti::broker {

namespace ctios = wire::ctios;
namespace ged = wire::ged188;
using wire::EventId;
using wire::Keyword;
using wire::RequestId;

namespace {

Refusal bad(std::int32_t failure, std::string text) { return {failure, 0, std::move(text)}; }

}  // namespace

/// The session's own agent is asked, supervises, and is there.
Requests::Verdict Requests::check_supervisor(const Job& job) {
  if (Verdict wrong = check_own_agent(job)) return wrong;
  const auto target = job.args.string(Keyword::UniqueObjectID);
  if (target && wire::object_key(*target) != job.me->key) {
    return bad(ctios::eInvalidPriviledge, name_of_request(job.ask.request) +
                                              " is asked of the session's own agent, not of " +
                                              std::string(*target));
  }
  if (job.me->logged_in()) return std::nullopt;
  return bad(ctios::eInvalidObjectState,
             "supervisor " + std::string(job.me->id.view()) + " is logged out");
}

// One OnNewAgentTeamMember per member of the teams that the asker leads, the supervisor included, then the confirmation.
// From then on the session is told of those who join and leave.
Requests::Verdict Requests::team_list(Job& job) {
  if (Verdict wrong = check_own_agent(job)) return wrong;
  WatchWish wish = parts_.watches.wish_of(job.ask.from);
  wish.members = true;
  if (Verdict wrong = put_wish(job, wish)) return wrong;
  parts_.watches.tell_members(job.ask.from, job.ask.request_id);
  return watching(job, EventId::eListAgentTeamConf, job.me->teams.first_led());
}

/// The wish of a session that has ended meanwhile is nobody's.
Requests::Verdict Requests::put_wish(const Job& job, const WatchWish& wish) {
  if (sessions_.ended(job.ask.from) || parts_.watches.wish(job.ask.from, wish)) return std::nullopt;
  return bad(ctios::eServiceNotSupported, "busy: too much is watched on this server");
}

Requests::Verdict Requests::watching(const Job& job, EventId event, std::uint32_t team) {
  reply(job.ask, make_reply({.id = job.ask.request_id, .event_id = event},
                            [&](wire::ArgumentsWriter& writer) {
                              writer.add_int(Keyword::TeamID, static_cast<std::int32_t>(team));
                              writer.add_string(Keyword::UniqueObjectID, job.me->id.view());
                            }));
  return std::nullopt;
}

Requests::Verdict Requests::watch_all_teams(Job& job) {
  if (Verdict wrong = check_supervisor(job)) return wrong;
  const bool start = job.request == RequestId::eStartMonitoringAllAgentTeamsRequest;
  WatchWish wish = parts_.watches.wish_of(job.ask.from);
  if (!start && !wish.all_teams)
    return bad(ctios::eInvalidObjectState, "the teams are not being monitored");
  wish.all_teams = start;
  if (Verdict wrong = put_wish(job, wish)) return wrong;
  return watching(job,
                  start ? EventId::eMonitorAgentTeamStartConf : EventId::eMonitorAgentTeamStopConf,
                  job.me->teams.first_led());
}

Requests::Verdict Requests::watch_team(Job& job) {
  if (Verdict wrong = check_supervisor(job)) return wrong;
  const bool start = job.request == RequestId::eMonitorAgentTeamStartRequest;
  const std::uint32_t team = number_or(job.args, Keyword::TeamID, 0);
  const std::string name = "team " + std::to_string(team);
  WatchWish wish = parts_.watches.wish_of(job.ask.from);
  if (start) {
    const Relation relation = job.me->teams.leads(team) ? Relation::kOwn : Relation::kOther;
    if (Verdict wrong = allow(job, relation, name, "", "you do not supervise " + name))
      return wrong;
    if (wish.teams.size() >= limits::kWatchedTeamsMax && !wish.teams.contains(team))
      return bad(ctios::eServiceNotSupported, "a session monitors 64 teams at most");
    wish.teams.insert(team);
  } else if (wish.teams.erase(team) == 0) {
    return bad(ctios::eInvalidObjectState, name + " is not being monitored");
  }
  if (Verdict wrong = put_wish(job, wish)) return wrong;
  return watching(
      job, start ? EventId::eMonitorAgentTeamStartConf : EventId::eMonitorAgentTeamStopConf, team);
}

// One agent at a time: another one in its place ends the first, by name.
Requests::Verdict Requests::watch_agent(Job& job) {
  if (Verdict wrong = check_supervisor(job)) return wrong;
  const bool start = job.request == RequestId::eStartMonitoringAgentRequest;
  const std::string id = text_of(job.args, Keyword::AgentReference);
  WatchWish wish = parts_.watches.wish_of(job.ask.from);
  const std::string before = std::exchange(wish.agent, start ? id : std::string());
  if (!start || before != id) wish.call.clear();
  if (start) {
    const AgentEntry* const agent = parts_.map.agent(wire::object_key(id));
    if (agent == nullptr)
      return bad(ctios::eUnknownObjectID, "AgentReference: there is no agent " + id);
    if (Verdict wrong = allow(job, relation_to(job, agent), id, id,
                              id + " is in no team that you supervise")) {
      return wrong;
    }
    wish.agent = agent->id.view();
  } else if (before != id) {
    return bad(ctios::eInvalidObjectState, "AgentReference: " + id + " is not being monitored");
  }
  if (Verdict wrong = put_wish(job, wish)) return wrong;
  reply(job.ask,
        make_reply({.id = job.ask.request_id,
                    .event_id = start ? EventId::eStartMonitoringAgent
                                      : EventId::eStopMonitoringAgent},
                   [&](wire::ArgumentsWriter& writer) { add_monitoring(writer, *job.me, id); }));
  if (start) parts_.watches.tell_buttons(job.ask.from);
  return std::nullopt;
}

// Which of the monitored agent's calls the buttons are about; none: the one that the agent talks on.
Requests::Verdict Requests::watch_call(Job& job) {
  if (Verdict wrong = check_supervisor(job)) return wrong;
  WatchWish wish = parts_.watches.wish_of(job.ask.from);
  const std::string id = text_of(job.args, Keyword::CallReference);
  if (!id.empty()) {
    const CallEntry* const call = parts_.map.call(wire::object_key(id));
    if (call == nullptr)
      return bad(ctios::eUnknownObjectID, "CallReference: there is no call " + id);
    const AgentEntry* const owner = parts_.map.agent_of(*call);
    if (Verdict wrong = allow(job, relation_to(job, owner), "call " + id,
                              owner == nullptr ? "" : owner->id.view(),
                              "the call " + id + " is of nobody whom you supervise")) {
      return wrong;
    }
    if (wish.agent != owner->id.view()) {
      return bad(ctios::eInvalidObjectState, std::string(owner->id.view()) +
                                                 " is not being monitored: StartMonitoringAgent "
                                                 "comes before its call");
    }
  } else if (wish.agent.empty()) {
    return bad(ctios::eInvalidObjectState, "no agent is being monitored");
  }
  wish.call = id;
  if (Verdict wrong = put_wish(job, wish)) return wrong;
  reply(job.ask,
        make_reply({.id = job.ask.request_id, .event_id = EventId::eRequestAcceptedConf},
                   [&](wire::ArgumentsWriter& writer) {
                     if (!id.empty()) writer.add_string(Keyword::CallReference, id);
                     writer.add_string(Keyword::UniqueObjectID, job.me->id.view());
                   }));
  parts_.watches.tell_buttons(job.ask.from);
  return std::nullopt;
}

// Whether other supervisors may listen to this one: until a session of it has said so, they may not.
Requests::Verdict Requests::monitored_mode(Job& job) {
  if (Verdict wrong = check_supervisor(job)) return wrong;
  const std::uint32_t mode = number_or(job.args, Keyword::SilentMonitorForceMonitoredMode, 0);
  WatchWish wish = parts_.watches.wish_of(job.ask.from);
  wish.may_be_monitored = mode == 1;
  if (Verdict wrong = put_wish(job, wish)) return wrong;
  reply(job.ask,
        make_reply({.id = job.ask.request_id, .event_id = EventId::eRequestAcceptedConf},
                   [&](wire::ArgumentsWriter& writer) {
                     writer.add_int(Keyword::SilentMonitorForceMonitoredMode,
                                    static_cast<std::int32_t>(mode));
                     writer.add_string(Keyword::UniqueObjectID, job.me->id.view());
                   }));
  return std::nullopt;
}

namespace {

constexpr std::uint32_t kWhisper = 2;  // of SUPERVISE_CALL_REQ; CTI OS has no name for it

/// The supervisor's own call by which it is on somebody else's.
const CallEntry* joined_call(const ObjectMap& map, const AgentEntry& me) {
  const CallEntry* found = nullptr;
  map.calls_of(me, [&](const CallEntry& call) {
    if (part_of(call.type) != SupervisorPart::kNone && call.status != ctios::LCS_NULL)
      found = &call;
  });
  return found;
}

/// Why this cannot be done to the call now; empty: it can, as far as is known here.
std::string why_not(std::uint32_t action, const CallEntry* call, const CallEntry* joined) {
  const SupervisorPart part = joined == nullptr ? SupervisorPart::kNone : part_of(joined->type);
  if (action == ctios::eSupervisorClear)
    return part == SupervisorPart::kNone ? "you are on no agent's call" : "";
  if (call == nullptr) return "the agent talks on no call";
  if (action == ctios::eSupervisorIntercept)
    return part == SupervisorPart::kBargedIn ? "" : "a call is intercepted after a barge-in";
  if (part == SupervisorPart::kBargedIn) return "you have barged in already";
  return call->status == ctios::LCS_CONNECT
             ? ""
             : "the call " + std::string(call->id.view()) + " is not talking";
}

}  // namespace

// Silent monitor (1), whisper (2, which CTI OS leaves unused), barge in (3), intercept (4), clear (0). What comes of it comes as
// events of the calls.
Requests::Verdict Requests::supervise_call(Job& job) {
  if (Verdict wrong = check_supervisor(job)) return wrong;
  const std::uint32_t action = number_or(job.args, Keyword::SupervisoryAction, 0);
  const std::string id = text_of(job.args, Keyword::AgentReference);
  const AgentEntry* const agent = parts_.map.agent(wire::object_key(id));
  if (agent == nullptr)
    return bad(ctios::eUnknownObjectID, "AgentReference: there is no agent " + id);
  if (Verdict wrong = allow(job, relation_to(job, agent), id, id,
                            id + " is in no team that you supervise")) {
    return wrong;
  }
  const bool listens = action == ctios::eSupervisorMonitor || action == kWhisper;
  if (listens && agent->supervisor && !parts_.watches.may_be_monitored(agent->key)) {
    return bad(ctios::eInvalidObjectState,
               id + " is a supervisor, whom others may listen to only after its own "
                    "SetSupervisorSilentMonitorMode");
  }
  std::string named = text_of(job.args, Keyword::CallReference);
  if (named.empty()) named = text_of(job.args, Keyword::AgentCallReference);
  const CallEntry* call = nullptr;
  parts_.map.calls_of(*agent, [&](const CallEntry& each) {
    const bool wanted = named.empty() ? each.status == ctios::LCS_CONNECT
                                      : each.key == wire::object_key(named);
    if (wanted) call = &each;
  });
  const CallEntry* const joined = joined_call(parts_.map, *job.me);
  if (!named.empty() && call == nullptr && action != ctios::eSupervisorClear)
    return bad(ctios::eUnknownObjectID, "CallReference: " + id + " has no call " + named);
  const std::string wrong_state = why_not(action, call, joined);
  if (!wrong_state.empty()) return bad(ctios::eInvalidObjectState, wrong_state);
  return send(job, ged::MessageType::kSuperviseCallReq, id, action,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                ged::SuperviseCallReqFixed fixed{.invoke_id = invoke_id,
                                                 .peripheral_id = agent->peripheral_id};
                fixed.supervisory_action = static_cast<std::uint16_t>(action);
                if (call != nullptr) {
                  fixed.agent_connection_call_id = call->call_id;
                  fixed.agent_connection_device_id_type = call->device_type;
                }
                if (joined != nullptr) {
                  fixed.supervisor_connection_call_id = joined->call_id;
                  fixed.supervisor_connection_device_id_type = joined->device_type;
                }
                ged::SuperviseCallReqEncoder encoder(room, parts_.link.version(), fixed);
                if (call != nullptr)
                  encoder.agent_connection_device_id(said(call->device_id.view()));
                if (joined != nullptr)
                  encoder.supervisor_connection_device_id(said(joined->device_id.view()));
                encoder.agent_id(said(agent->agent_id.view()));
                if (!agent->instrument.empty())
                  encoder.agent_instrument(said(agent->instrument.view()));
                encoder.supervisor_instrument(said(job.me->instrument.view()));
                return encoder.finish();
              });
}

}  // namespace cti::broker
