// line_core_answers.cpp - what the CTI Server answers: to sessions, to the dialogue, to the line itself. One way in.
#include "broker/line_core.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/media.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/object_key.hpp"

#include <string>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using ged::MessageType;

namespace {

constexpr std::uint32_t kNoSuchAgent =
    8;  // StatusCode of a query for an agent whom nobody knows, or knows any more
constexpr std::uint32_t kNotLoggedOn = 9;  // for one who is not there

}  // namespace

void LineCore::on_answer(const Answer& answer) {
  if (answer.error) {
    note_bad_frame(*answer.error);
    // What it answers ends with the session, or as one that cannot be read.
    if (reset_ != ResetCause::kNone) return;
  } else {
    bad_in_a_row_ = 0;
  }
  Pending* const found = pending_.find(answer.invoke_id);
  if (found == nullptr) {
    if (answer.error) return;
    if (answer.type == MessageType::kFailureConf && sync_.active())
      return sync_.config_refused(now_);
    ++counters_.late_answers;
    return requests_.note_late_answer();
  }
  const Pending pending = *found;
  // Taken out when somebody has been told: until then its deadline and the loss of the link stand behind it.
  if (pending.kind == PendingKind::kClient) {
    on_client_answer(pending, answer);
    pending_.remove(*found);
    if (answer.type == MessageType::kSetAgentStateConf) requests_.ask_after_login(pending, now_);
    return;
  }
  if (pending.kind == PendingKind::kRefresh) {
    on_own_answer(pending, answer);
    return pending_.remove(*found);
  }
  pending_.remove(*found);
  switch (pending.kind) {
    case PendingKind::kSync:
      return on_sync_answer(pending, answer);
    case PendingKind::kAgentMode:
      return on_probe_answer(pending, answer);
    case PendingKind::kStatistics:
      return statistics_.answer(pending, answer, now_);
    case PendingKind::kRefresh:
    case PendingKind::kClient:
    case PendingKind::kFree:
      CTI_CHECK(false);
  }
}

/// The answer to a question that the line asked for itself: whether anybody is there, or what an agent is after its login.
void LineCore::on_own_answer(const Pending& pending, const Answer& answer) {
  if (!Requests::asked_after_login(pending)) return;
  const AgentEntry* const agent = map_.agent(pending.agent_key);
  const auto* const state = answer.as<ged::QueryAgentStateConfView>();
  if (state != nullptr && agent != nullptr && !sync_.active()) {
    const std::string name(agent->agent_id.view());
    if (!translator_.agent_heard_since(agent->peripheral_id, name, pending.object_key))
      translator_.agent_answer(agent->peripheral_id, name, *state, Translator::For::kOne);
  }
  requests_.tell_after_login(pending);
}

// Two kinds of answers say something about an object besides answering: they become records first.
void LineCore::on_client_answer(const Pending& pending, const Answer& answer) {
  // An answer of another kind than asked for says nothing about anybody.
  const bool fits =
      answer.type == ged::confirmation_of(MessageType{static_cast<std::uint32_t>(pending.message)});
  const auto* const state = fits ? answer.as<ged::QueryAgentStateConfView>() : nullptr;
  if (const auto* const view = state) {
    std::string agent = translator_.names().learn(view->agent_id().value_or(""));
    const auto parts = parse_object_id(pending.object_id.view());
    if (agent.empty() && parts) agent = parts->name;
    Pending about = pending;
    about.object_id.assign(agent_object_id(pending.detail, agent).view());
    const bool known = map_.agent(wire::object_key(about.object_id.view())) != nullptr;
    // What events have overtaken is no news, nor what would overtake events that a dialogue has kept back: the reply says
    // what the map knows.
    const bool news = !sync_.active() && (!known || !translator_.agent_heard_since(
                                                        pending.detail, agent, pending.object_key));
    if (news) translator_.agent_answer(pending.detail, agent, *view, Translator::For::kOne);
    // Of a newcomer, what else there is to know.
    Inquiry* const inquiry = sync_.inquiry();
    if (!known && inquiry != nullptr) inquiry->ask_agent(pending.detail, agent, Asking::kAnew);
    return requests_.answer(about, answer);
  }
  const auto* const desk = fits ? answer.as<ged::AgentDeskSettingsConfView>() : nullptr;
  if (desk != nullptr) translator_.desk_settings_answer(pending.agent_key, *desk);
  const auto* const consult = fits ? answer.as<ged::ConsultationCallConfView>() : nullptr;
  if (const auto* const view = consult) {
    const auto parts = parse_object_id(pending.object_id.view());
    // Where the answer names no device it is the asker's: that of the call consulted on.
    const CallEntry* const from = map_.call(wire::object_key(pending.object_id.view()));
    const std::string_view own = from == nullptr ? "" : from->device_id.view();
    if (parts) {
      translator_.consult_confirmed(parts->peripheral, view->new_connection_call_id(),
                                    view->new_connection_device_id().value_or(own),
                                    static_cast<std::uint16_t>(pending.detail));
    }
  }
  tell_recording(pending, answer, fits);
  requests_.answer(pending, answer);
}

/// Whether the call is recorded now, for everybody who sees it. A recorder that refuses to stop what it has begun is of no use
/// any more: it may be asked again, or another one. Of a recording that another server has begun a refusal says nothing.
void LineCore::tell_recording(const Pending& pending, const Answer& answer, bool fits) {
  const std::uint64_t key = wire::object_key(pending.object_id.view());
  const auto tell = [&](const Recording& now) { translator_.recording(key, now); };
  switch (MessageType{static_cast<std::uint32_t>(pending.message)}) {
    case MessageType::kStartRecordingReq:
      if (const auto* const view = fits ? answer.as<ged::StartRecordingConfView>() : nullptr)
        tell({RecordingState::kStarted, view->session_id(), view->server_data()});
      return;
    case MessageType::kStopRecordingReq: {
      if (fits) return tell({RecordingState::kStopped, 0, 0});
      const CallEntry* const call = map_.call(key);
      Recording known = call == nullptr ? Recording{} : recording_of(map_, *call);
      if (known.state != RecordingState::kStarted) return;
      known.state = RecordingState::kFailed;
      return tell(known);
    }
    default:
      return;
  }
}

void LineCore::on_sync_answer(const Pending& pending, const Answer& answer) {
  const Question* const found = sync_.keep_answer(pending, answer, translator_.hearing().arrived());
  if (found == nullptr) return;
  const Question question = *found;  // what is applied may raise further questions
  // After the dialogue's own questions come those about newcomers: nobody else has asked these.
  const auto whom = sync_.was_in_step() ? Translator::For::kOne : Translator::For::kEverybody;
  if (!apply_answer(question, answer, whom)) sync_.again(pending.detail, now_);
}

/// What the answer to a question of our own says about an object, as records. False: events have overtaken the answer, it
/// says nothing.
bool LineCore::apply_answer(const Question& question, const Answer& answer, Translator::For whom) {
  const CallName call{question.peripheral_id, question.call_id, question.device_type,
                      question.name};
  const std::uint64_t asked = question.asked_after;
  const bool overtaken =
      question.kind == Question::Kind::kAgent
          ? translator_.agent_heard_since(question.peripheral_id, question.name, asked)
          : question.kind == Question::Kind::kCall && translator_.call_heard_since(call, asked);
  if (overtaken) return question.asked_times >= kOvertakenMax;
  if (const auto* const agent = answer.as<ged::QueryAgentStateConfView>()) {
    translator_.agent_answer(question.peripheral_id, question.name, *agent, whom);
  } else if (const auto* const list = answer.as<ged::SnapshotDeviceConfView>()) {
    if (!translator_.device_answer(question.peripheral_id, question.name, asked, *list))
      ask_calls_at(question);
  } else if (const auto* const snapshot = answer.as<ged::SnapshotCallConfView>()) {
    const bool since = translator_.call_heard_since(call, question.listed_after);
    translator_.call_answer(call, {question.status, since}, *snapshot);
  } else if (const auto* const desk = answer.as<ged::AgentDeskSettingsConfView>()) {
    const ObjectId id = agent_object_id(question.peripheral_id, question.name);
    translator_.desk_settings_answer(wire::object_key(id.view()), *desk);
  } else if (question.state == Question::State::kRefused) {
    apply_refusal(question, whom);
  }
  return true;
}

void LineCore::apply_refusal(const Question& question, Translator::For whom) {
  // Refused may be the way that we wrote the name.
  const bool gone = question.refusal == kNotLoggedOn ||
                    (question.refusal == kNoSuchAgent && knows_agent(question));
  if (question.kind == Question::Kind::kAgent && gone && question.exact)
    translator_.agent_unknown(question.peripheral_id, question.name, ctios::eLogout, whom);
  if (question.kind == Question::Kind::kCall && question.no_such && question.exact)
    translator_.call_gone({question.peripheral_id, question.call_id, 0, question.name});
  if (question.kind == Question::Kind::kDevice) ask_calls_at(question);
}

/// By its own name: what is said of a stranger makes nobody known.
bool LineCore::knows_agent(const Question& question) const noexcept {
  const ObjectId id = agent_object_id(question.peripheral_id, question.name);
  return map_.agent(wire::object_key(id.view())) != nullptr;
}

/// No whole list of this device: its calls are asked about one by one.
void LineCore::ask_calls_at(const Question& question) {
  Inquiry* const inquiry = sync_.inquiry();
  const DeviceEntry* const device = map_.device_named(question.peripheral_id, question.name);
  if (inquiry == nullptr || device == nullptr) return;
  map_.calls_at(*device, [&](const CallEntry& call) {
    inquiry->ask_call(call.peripheral_id, call.call_id, call.device_type, call.device_id.view(),
                      Asking::kAnew);
  });
}

}  // namespace cti::broker
