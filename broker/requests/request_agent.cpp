// request_agent.cpp - requests about agents: states, login, logout, queries, settings.
#include "broker/model/snapshot.hpp"
#include "broker/requests/requests.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/object_key.hpp"

#include <utility>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;
using wire::RequestId;

namespace {

Refusal bad(std::int32_t failure, std::string text) { return {failure, 0, std::move(text)}; }

/// Whether the request names another agent or peripheral than the session's own.
std::optional<Refusal> check_same_agent(const wire::ArgumentsView& args, const AgentEntry& me) {
  const std::string agent = text_of(args, Keyword::AgentID);
  if (!agent.empty() && agent != me.agent_id.view()) {
    return bad(ctios::eInconsistentAgentData, "AgentID " + agent + " is not the session's agent " +
                                                  std::string(me.agent_id.view()));
  }
  const std::uint32_t peripheral = number_or(args, Keyword::PeripheralID, me.peripheral_id);
  if (peripheral != me.peripheral_id) {
    return bad(ctios::eInconsistentAgentData, "PeripheralID " + std::to_string(peripheral) +
                                                  " is not the session's peripheral " +
                                                  std::to_string(me.peripheral_id));
  }
  return std::nullopt;
}

}  // namespace

// The change itself comes as an event; the confirmation only says that it was accepted.
Requests::Verdict Requests::send_state(Job& job, const StateChange& change) {
  const AgentEntry& agent = *change.agent;
  const std::string password = text_of(job.args, Keyword::AgentPassword);
  note_asker(job, change);
  Verdict wrong = send(job, ged::MessageType::kSetAgentStateReq, agent.id.view(), change.state,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                ged::SetAgentStateReqEncoder encoder(
                    room, parts_.link.version(),
                    {.invoke_id = invoke_id,
                     .peripheral_id = agent.peripheral_id,
                     .agent_state = change.state,
                     .agent_work_mode = change.work_mode,
                     .event_reason_code = static_cast<std::uint16_t>(
                         number_or(job.args, Keyword::EventReasonCode, 0))});
                if (!change.instrument.empty()) encoder.agent_instrument(said(change.instrument));
                encoder.agent_id(said(agent.agent_id.view()));
                if (!password.empty()) encoder.agent_password(password);
                if (!change.supervisor.empty()) encoder.supervisor_id(said(change.supervisor));
                return encoder.finish();
              });
  if (wrong) {
    parts_.translator.askers().forget(agent.key, job.ask.from.session_number,
                                      job.ask.request_id);
  }
  return wrong;
}

/// Before it is sent: the event may come before the confirmation.
void Requests::note_asker(const Job& job, const StateChange& change) {
  CTI_CHECK(job.me != nullptr && change.agent != nullptr);
  StateAsker asker;
  asker.by.assign(job.me->id.view());
  asker.session = job.ask.from.session_number;
  asker.request_id = job.ask.request_id;
  asker.request = job.request;
  asker.state = change.state;
  asker.reason = static_cast<std::uint16_t>(number_or(job.args, Keyword::EventReasonCode, 0));
  asker.already = change.agent->state == change.state;
  parts_.translator.askers().note(change.agent->key, asker);
}

Requests::Verdict Requests::set_agent_state(Job& job) {
  if (Verdict wrong = check_own_agent(job)) return wrong;
  StateChange change;
  change.agent = job.me;
  change.state = static_cast<std::uint16_t>(number_or(job.args, Keyword::AgentState, 0));
  change.work_mode = static_cast<std::uint16_t>(number_or(job.args, Keyword::AgentWorkMode, 0));
  const auto target = job.args.string(Keyword::UniqueObjectID);
  const bool other = target && wire::object_key(*target) != job.me->key;
  if (other) {
    change.agent = parts_.map.agent(wire::object_key(*target));
    if (change.agent == nullptr) {
      return bad(ctios::eUnknownObjectID,
                 "UniqueObjectID: there is no agent " + std::string(*target));
    }
    // A supervisor may make a member of the own team ready, or log that member out, and must say so.
    const bool named = text_of(job.args, Keyword::SupervisorID) == job.me->agent_id.view();
    const Relation relation = named ? relation_to(job, change.agent) : Relation::kOther;
    if (Verdict wrong = allow(job, relation, *target, *target,
                              "only a supervisor of its team, named by SupervisorID, may set the "
                              "state of " +
                                  std::string(*target))) {
      return wrong;
    }
    change.supervisor = job.me->agent_id.view();
  } else if (Verdict wrong = check_same_agent(job.args, *job.me)) {
    return wrong;
  }
  change.instrument = text_of(job.args, Keyword::AgentInstrument);
  if (change.instrument.empty()) change.instrument = change.agent->instrument.view();
  return send_state(job, change);
}

Requests::Verdict Requests::login(Job& job) {
  if (Verdict wrong = check_own_agent(job)) return wrong;
  if (Verdict wrong = check_same_agent(job.args, *job.me)) return wrong;
  StateChange change;
  change.agent = job.me;
  change.state = ctios::eLogin;
  change.work_mode = static_cast<std::uint16_t>(number_or(job.args, Keyword::AgentWorkMode, 0));
  change.instrument = text_of(job.args, Keyword::AgentInstrument);
  if (change.instrument.empty()) change.instrument = text_of(job.args, Keyword::AgentExtension);
  if (change.instrument.empty()) {
    return bad(ctios::eRequiredArgMissing,
               "AgentInstrument or AgentExtension is missing: a text (STRING)");
  }
  // A mobile agent: instrument and phone number joined by a semicolon, the call mode as work mode.
  const std::string remote = text_of(job.args, Keyword::AgentRemoteNumber);
  if (!remote.empty()) {
    change.instrument = std::string(said(change.instrument)) + ";" + remote;
    change.work_mode = static_cast<std::uint16_t>(number_or(job.args, Keyword::AgentCallMode, 3));
  }
  return send_state(job, change);
}

// As CTI OS does: programs wait for OnQueryAgentStateConf after they have logged in.
void Requests::ask_after_login(const Pending& login, TimePoint now) {
  if (RequestId{login.request} != RequestId::eLoginRequest) return;
  const AgentEntry* const agent = parts_.map.agent(login.agent_key);
  if (agent == nullptr) return;
  Pending entry;
  entry.kind = PendingKind::kRefresh;
  entry.message = static_cast<std::uint16_t>(ged::MessageType::kQueryAgentStateReq);
  entry.object_key = parts_.translator.hearing().arrived();  // what it was asked after
  entry.peripheral_id = agent->peripheral_id;
  entry.from = login.from;
  entry.request_id = login.request_id;
  entry.agent_key = login.agent_key;
  entry.deadline = now + parts_.config.request_timeout;
  CTI_CHECK(asked_after_login(entry));
  const MutableBytes room = parts_.link.claim();
  Pending* const kept = room.empty() ? nullptr : parts_.pending.add(entry);
  if (kept == nullptr) return tell_after_login(entry);  // what is known must do
  const auto frame = ged::QueryAgentStateReqEncoder(room, parts_.link.version(),
                                                    {.invoke_id = kept->invoke_id,
                                                     .peripheral_id = agent->peripheral_id,
                                                     .mrdid = parts_.config.voice_mrd})
                         .agent_id(said(agent->agent_id.view()))
                         .finish();
  if (frame.ok()) return parts_.link.commit(frame->size());
  parts_.pending.remove(*kept);
  tell_after_login(entry);
}

void Requests::tell_after_login(const Pending& asked) {
  const auto handle = parts_.map.properties().find(asked.agent_key);
  if (!handle) return;
  deliver(asked.from, asked.request_id, TellKind::kPrivateEvent,
          make_private({.id = asked.request_id, .event_id = EventId::eQueryAgentStateConf},
                       [&](wire::ArgumentsWriter& writer) {
                         writer.add_all(parts_.map.properties().properties(*handle));
                       }));
}

// Whether these credentials are right: nobody is logged in, and no mode is needed.
Requests::Verdict Requests::identify(Job& job) {
  const std::uint32_t peripheral =
      number_or(job.args, Keyword::PeripheralID, parts_.config.peripherals.front());
  std::string agent = text_of(job.args, Keyword::AgentID);
  if (agent.empty()) {
    agent = text_of(job.args, Keyword::LoginName);
    const AgentEntry* const named =
        agent.empty() ? nullptr : parts_.map.agent_by_login_name(peripheral, agent);
    if (named != nullptr) agent = named->agent_id.view();
  }
  if (agent.empty()) {
    return bad(ctios::eRequiredArgMissing,
               "AgentID or LoginName is missing: a text (STRING), whose password?");
  }
  if (sessions_.of(job.ask.from).identifying)
    return bad(ctios::eInvalidObjectState, "a password is being looked at: one after the other");
  if (sessions_.of(job.ask.from).wrong_passwords >= kWrongPasswordsMax) {
    return Refusal{ctios::eInvalidPriviledge, 0, "too many wrong passwords: connect anew",
                   Refusal::Why::kRights};
  }
  const std::string password = text_of(job.args, Keyword::AgentPassword);
  const std::string instrument = text_of(job.args, Keyword::AgentInstrument);
  Verdict done =
      send(job, ged::MessageType::kSetAgentStateReq, agent_object_id(peripheral, agent).view(),
           ctios::eLogin, [&](MutableBytes room, std::uint32_t invoke_id) {
             ged::SetAgentStateReqEncoder encoder(
                 room, parts_.link.version(),
                 {.invoke_id = invoke_id,
                  .peripheral_id = peripheral,
                  .agent_state = ctios::eLogin,
                  .forced_flag = static_cast<std::uint8_t>(ged::ForcedFlag::kAuthenticationOnly)});
             if (!instrument.empty()) encoder.agent_instrument(said(instrument));
             encoder.agent_id(said(agent)).agent_password(password);
             return encoder.finish();
           });
  if (!done) sessions_.of(job.ask.from).identifying = true;
  return done;
}

Requests::Verdict Requests::logout(Job& job) {
  if (Verdict wrong = check_own_agent(job)) return wrong;
  if (Verdict wrong = check_same_agent(job.args, *job.me)) return wrong;
  StateChange change;
  change.agent = job.me;
  change.state = ctios::eLogout;
  change.instrument = text_of(job.args, Keyword::AgentInstrument);
  if (change.instrument.empty()) change.instrument = job.me->instrument.view();
  return send_state(job, change);
}

Requests::Verdict Requests::query_agent(Job& job) {
  std::string agent = text_of(job.args, Keyword::AgentID);
  const std::string instrument = text_of(job.args, Keyword::AgentInstrument);
  std::uint32_t peripheral =
      job.me == nullptr ? parts_.config.peripherals.front() : job.me->peripheral_id;
  if (agent.empty() && instrument.empty()) {
    if (const auto target = job.args.string(Keyword::UniqueObjectID)) {
      const auto parts = parse_object_id(*target);
      if (parts && parts->kind == IdKind::kAgent) {
        agent = parts->name;
        peripheral = parts->peripheral;
      }
    } else if (job.me != nullptr) {
      agent = job.me->agent_id.view();
    }
  }
  if (agent.empty() && instrument.empty()) {
    return bad(ctios::eRequiredArgMissing,
               "AgentID or AgentInstrument is missing: a text (STRING)");
  }
  peripheral = number_or(job.args, Keyword::PeripheralID, peripheral);
  const ObjectId id = agent_object_id(peripheral, agent);
  const AgentEntry* const known =
      agent.empty() ? nullptr : parts_.map.agent(wire::object_key(id.view()));
  if (Verdict wrong = allow(job, relation_to(job, known), id.view(), id.view(),
                            "you may not ask about agent " + std::string(id.view()))) {
    return wrong;
  }
  return send(job, ged::MessageType::kQueryAgentStateReq, agent.empty() ? "" : id.view(),
              peripheral, [&](MutableBytes room, std::uint32_t invoke_id) {
                ged::QueryAgentStateReqEncoder encoder(
                    room, parts_.link.version(),
                    {.invoke_id = invoke_id,
                     .peripheral_id = peripheral,
                     .mrdid = parts_.config.voice_mrd});
                if (!agent.empty()) encoder.agent_id(said(agent));
                if (agent.empty()) encoder.agent_instrument(said(instrument));
                return encoder.finish();
              });
}

Requests::Verdict Requests::desk_settings(Job& job) {
  if (Verdict wrong = check_own_agent(job)) return wrong;
  return send(job, ged::MessageType::kAgentDeskSettingsReq, job.me->id.view(), 0,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                return ged::AgentDeskSettingsReqEncoder(
                           room, parts_.link.version(),
                           {.invoke_id = invoke_id, .peripheral_id = job.me->peripheral_id})
                    .agent_id(said(job.me->agent_id.view()))
                    .finish();
              });
}

Requests::Verdict Requests::desktop_settings(Job& job) {
  reply(
      job.ask,
      make_reply({.id = job.ask.request_id, .event_id = EventId::eGlobalSettingsDownloadConf},
                 [&](wire::ArgumentsWriter& writer) { writer.add_all(desktop_settings_.view()); }));
  return std::nullopt;
}

// Answered from the map, which every event has kept up to date.
Requests::Verdict Requests::snapshot_device(Job& job) {
  const DeviceEntry* device = nullptr;
  if (const auto id = job.args.string(Keyword::UniqueObjectID)) {
    device = parts_.map.device(wire::object_key(*id));
    if (device != nullptr) {
      const AgentEntry* const owner = parts_.map.agent_at(device->agent);
      if (Verdict wrong = allow(job, relation_to(job, owner), "device " + std::string(*id),
                                owner == nullptr ? "" : owner->id.view(),
                                "the device " + std::string(*id) + " is not your own")) {
        return wrong;
      }
    }
  } else if (job.me != nullptr) {
    device = parts_.map.device_at(job.me->devices[0] != kNoSlot ? job.me->devices[0]
                                                                : job.me->devices[1]);
  }
  if (device == nullptr)
    return bad(ctios::eUnknownObjectID, "UniqueObjectID: there is no such device");
  reply(job.ask, make_reply({.id = job.ask.request_id, .event_id = EventId::eSnapshotDeviceConf},
                            [&](wire::ArgumentsWriter& writer) {
                              write_device_calls(writer, parts_.map, *device);
                            }));
  return std::nullopt;
}

}  // namespace cti::broker
