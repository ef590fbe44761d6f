#include "broker/line.hpp"

#include "broker/meet/admission.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188/misc.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/object_key.hpp"

#include <algorithm>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using ged::MessageType;
using wire::Keyword;

namespace {

constexpr std::uint32_t kNotLoggedOn = 9;  // StatusCode of a query for an agent who is not there

}  // namespace

Line::Line(const LineConfig& config, LineShared& shared, std::vector<FanoutShared*> fanouts,
           core::Io& io, const RendezvousLimits& limits, core::Random random, LineLog log)
    : config_(config),
      limits_(limits),
      shared_(shared),
      io_(io),
      random_(random),
      log_(std::move(log)),
      completions_(kCompletionsPerTurn),
      link_(config_.link, random_, shared.status),
      pending_(config_.pending_max),
      map_({config_.agents_max, config_.calls_max}),
      sink_(shared.log, shared.start, config_.spill_bytes_max),
      translator_(map_, sink_, config_.minimize_event_args, config_.peripherals.front()),
      tells_(shared.index, std::move(fanouts), limits.tell_backlog_per_fanout),
      requests_({config_, link_, pending_, map_, translator_, sink_, tells_, shared.status, log_}),
      sync_(config_, link_, pending_, map_),
      snapshots_(map_, sink_, config_.peripherals.front()),
      report_(link_, pending_, config_.server_name) {
  CTI_CHECK(!config_.peripherals.empty());
  for (const std::uint32_t peripheral : config_.peripherals)
    shared_.status.set_peripheral(peripheral, false);
}

Line::~Line() = default;

void Line::start() {
  CTI_CHECK(!started_);
  started_ = true;
  shared_.status.set_driver_online(true);
  link_.start(io_);
}

void Line::stop() {
  if (stopped_) return;
  stopped_ = true;
  const bool was_up = link_.up();
  link_.stop();
  if (was_up) link_down();
  for (const Parked& parked : parked_) requests_.refuse(parked.ask, "the server stops");
  parked_.clear();
  shared_.status.set_driver_online(false);
  end_turn();
}

std::uint32_t Line::turn(TimePoint deadline) {
  ++counters_.turns;
  // Announce, look once more, sleep: see ring/doorbell.hpp.
  shared_.bell.announce();
  const bool asked = !shared_.asks.empty();
  const TimePoint until =
      asked || tells_.waiting() ? io_.now() : std::min(deadline, next_deadline());
  const std::size_t count = io_.wait(completions_, until);
  shared_.bell.awake();

  for (std::size_t i = 0; i < count; ++i) on_completion(completions_[i]);
  const std::size_t asks =
      shared_.asks.drain(limits_.asks_per_turn, [this](Ask&& ask) { take_ask(std::move(ask)); });
  fire(io_.now());
  end_turn();
  return static_cast<std::uint32_t>(count + asks);
}

void Line::end_turn() {
  sink_.unspill();
  if (sink_.take_overflowed()) {
    ++counters_.fresh_starts;
    on_link_event(link_.give_up("records were lost: the log was held back for too long"));
  }
  if (sink_.blocked()) ++counters_.log_stops;
  link_.set_receiving(!sink_.blocked());
  sink_.publish();
  tells_.publish();  // behind the log: a tell comes after records
  link_.flush();
  const bool news = sink_.take_news();
  const auto& fanouts = tells_.fanouts();
  for (std::size_t i = 0; i < fanouts.size(); ++i) {
    if (tells_.take_news(i) || news) fanouts[i]->wake();
  }
}

TimePoint Line::next_deadline() {
  TimePoint next =
      std::min({link_.next_deadline(), sync_.next_deadline(), pending_.next_deadline()});
  if (!parked_.empty()) next = std::min(next, parked_.front().deadline);
  if (shared_.admission != nullptr && ready()) next = std::min(next, report_.next_deadline());
  // A gate that opens tells nobody: look again soon.
  if (sink_.blocked()) next = std::min(next, io_.now() + Millis{1});
  return next;
}

void Line::on_completion(const core::Completion& completion) {
  if (!link_.owns(completion.connection)) return;
  if (completion.event == core::IoEvent::kReceived) {
    on_link_event(link_.receive(completion.bytes, [this](std::uint32_t message_type, Bytes body) {
      on_frame(message_type, body);
    }));
  } else {
    on_link_event(link_.on_completion(completion));
  }
}

void Line::on_link_event(LinkEvent event) {
  if (event == LinkEvent::kUp) link_up();
  if (event == LinkEvent::kDown) link_down();
}

void Line::link_up() {
  session_open_ = true;
  say("session with the CTI Server is open on side " +
      std::string(shared_.status.side() == 0 ? "A" : "B"));
  const bool central = (link_.pg_status() & 2U) == 0;
  shared_.status.set_central_controller_online(central);
  if (link_.peripheral_online()) shared_.status.set_all_peripherals(true);
  sync_.begin(io_.now());
  report_.begin(io_.now());
}

// May be told twice of one loss: from inside a frame, and by the link after it.
void Line::link_down() {
  if (!std::exchange(session_open_, false)) return;
  say("session with the CTI Server is lost: " + link_.cause());
  sync_.throw_away();
  probes_.clear();
  shared_.status.set_central_controller_online(false);
  shared_.status.set_all_peripherals(false);
  translator_.system_event(ctios::eSysCtiServerOffline, 0, link_.cause(),
                           config_.peripherals.front());
  link_was_down_ = true;
  // Whatever was on its way may or may not have been done.
  pending_.expire(kNever, pending_.capacity(), [&](const Pending& pending) {
    if (pending.kind == PendingKind::kClient) requests_.unknown(pending, "the CTI Server was lost");
  });
}

void Line::on_frame(std::uint32_t message_type, Bytes body) {
  ++counters_.frames;
  translator_.hearing().arrive();
  if (ged::is_answer(MessageType{message_type})) return on_answer(message_type, body);
  if (MessageType{message_type} == MessageType::kSystemEvent) {
    // Status is told at once, also during a dialogue: it is about no object.
    note_system_event(body);
    return note_outcome(translator_.event(message_type, body, link_.version()));
  }
  if (sync_.active()) {
    const std::uint64_t frame = translator_.hearing().arrived();
    if (sync_.keep_event(message_type, body, io_.now(), frame)) return;
    finish_sync();  // no room to keep more: serve with what is there
    if (!link_.up()) return;
  }
  note_login(message_type, body);
  note_outcome(translator_.event(message_type, body, link_.version()));
  sync_.names_came(message_type, body);
}

void Line::note_outcome(const Translator::Outcome& outcome) {
  if (outcome.ok()) return link_.note_good_frame();
  ++counters_.bad_frames;
  // The first of a row only: a peer gone mad must not fill the log.
  if (counters_.bad_frames < 16) say("bad frame from the CTI Server: " + outcome.error().text());
  on_link_event(link_.note_bad_frame(outcome.error()));
}

void Line::note_system_event(Bytes body) {
  const auto view = ged::SystemEventView::decode(body, link_.version());
  if (!view.ok()) return;
  LineStatus& status = shared_.status;
  switch (view->system_event_id()) {
    case ctios::eSysPeripheralOnline:
      status.set_peripheral(view->system_event_arg1(), true);
      break;
    case ctios::eSysPeripheralOffline:
      status.set_peripheral(view->system_event_arg1(), false);
      break;
    case ctios::eSysPeripheralGatewayOffline:
      status.set_all_peripherals(false);
      break;
    case ctios::eSysCentralControllerOnline:
      status.set_central_controller_online(true);
      break;
    case ctios::eSysCentralControllerOffline:
      status.set_central_controller_online(false);
      break;
    default:
      break;
  }
}

// An agent who has just logged in: what the desk settings are decides which buttons there will be.
void Line::note_login(std::uint32_t message_type, Bytes body) {
  if (MessageType{message_type} != MessageType::kAgentStateEvent) return;
  const auto view = ged::AgentStateEventView::decode(body, link_.version());
  if (!view.ok()) return;
  const std::uint16_t state = view->agent_state();
  if (state == ctios::eLogout || state == ctios::eUnknown) return;
  const ObjectId id = agent_object_id(view->peripheral_id(), view->agent_id().value_or(""));
  const AgentEntry* const agent = map_.agent(wire::object_key(id.view()));
  if (agent != nullptr && !agent->desk_known && !agent->logged_in()) ask_desk_settings(*agent);
}

void Line::ask_desk_settings(const AgentEntry& agent) {
  Inquiry* const inquiry = sync_.inquiry();
  if (inquiry != nullptr) inquiry->ask_desk_settings(agent.peripheral_id, agent.agent_id.view());
}

void Line::on_answer(std::uint32_t message_type, Bytes body) {
  if (body.size() < 4) {
    return note_outcome(Err{wire::DecodeError{.code = wire::DecodeErrorCode::kFixedTooShort,
                                              .message_type = message_type,
                                              .actual = body.size(),
                                              .limit = 4}});
  }
  Pending* const found = pending_.find(load_be<std::uint32_t>(body.data()));
  if (found == nullptr) {
    if (MessageType{message_type} == MessageType::kFailureConf && sync_.active()) {
      return sync_.config_refused(io_.now());
    }
    ++counters_.late_answers;
    return requests_.note_late_answer();
  }
  const Pending pending = *found;
  pending_.remove(*found);
  switch (pending.kind) {
    case PendingKind::kClient:
      return on_client_answer(pending, message_type, body);
    case PendingKind::kSync:
      return on_sync_answer(pending, message_type, body);
    case PendingKind::kAgentMode:
      return on_probe_answer(pending, message_type, body);
    case PendingKind::kRefresh:
      if (MessageType{message_type} == MessageType::kAgentDeskSettingsConf) {
        note_outcome(translator_.desk_settings_answer(pending.agent_key, body, link_.version()));
      }
      return;
    case PendingKind::kFree:
      return;
  }
}

// Two kinds of answers say something about an object besides answering: they become records first.
void Line::on_client_answer(const Pending& pending, std::uint32_t message_type, Bytes body) {
  if (MessageType{message_type} == MessageType::kQueryAgentStateConf) {
    const auto view = ged::QueryAgentStateConfView::decode(body, link_.version());
    const std::string_view named = view.ok() ? view->agent_id().value_or("") : "";
    const auto parts = parse_object_id(pending.object_id.view());
    const std::string agent(!named.empty() ? named : parts ? parts->name : "");
    note_outcome(translator_.agent_answer(pending.detail, agent, body, link_.version()));
    Pending about = pending;
    about.object_id.assign(agent_object_id(pending.detail, agent).view());
    return requests_.answer(about, message_type, body);
  }
  if (MessageType{message_type} == MessageType::kAgentDeskSettingsConf) {
    note_outcome(translator_.desk_settings_answer(pending.agent_key, body, link_.version()));
  }
  requests_.answer(pending, message_type, body);
}

void Line::on_sync_answer(const Pending& pending, std::uint32_t message_type, Bytes body) {
  const Question* const found =
      sync_.keep_answer(pending, message_type, body, translator_.hearing().arrived());
  if (found == nullptr) return;
  const Question question = *found;  // what is applied may raise further questions
  if (!apply_answer(question, message_type, body)) sync_.again(pending.detail, io_.now());
}

// False: events have overtaken the answer, it says nothing.
bool Line::apply_answer(const Question& question, std::uint32_t message_type, Bytes body) {
  const CallName call{question.peripheral_id, question.call_id, question.device_type,
                      question.name};
  const std::uint64_t asked = question.asked_after;
  const bool overtaken =
      question.kind == Question::Kind::kAgent
          ? translator_.agent_heard_since(question.peripheral_id, question.name, asked)
          : question.kind == Question::Kind::kCall && translator_.call_heard_since(call, asked);
  if (overtaken) return question.asked_times >= kOvertakenMax;
  switch (MessageType{message_type}) {
    case MessageType::kQueryAgentStateConf:
      note_outcome(
          translator_.agent_answer(question.peripheral_id, question.name, body, link_.version()));
      break;
    case MessageType::kSnapshotDeviceConf:
      note_outcome(translator_.device_answer(question.peripheral_id, question.name, asked, body,
                                             link_.version()));
      break;
    case MessageType::kSnapshotCallConf:
      note_outcome(translator_.call_answer(call, question.status, body, link_.version()));
      break;
    case MessageType::kAgentDeskSettingsConf: {
      const ObjectId id = agent_object_id(question.peripheral_id, question.name);
      note_outcome(translator_.desk_settings_answer(wire::object_key(id.view()), body,
                                                    link_.version()));
      break;
    }
    case MessageType::kFailureConf:
    case MessageType::kControlFailureConf:
      apply_refusal(question);
      break;
    default:
      break;
  }
  return true;
}

void Line::apply_refusal(const Question& question) {
  if (question.kind == Question::Kind::kAgent && question.refusal == kNotLoggedOn) {
    translator_.agent_unknown(question.peripheral_id, question.name, ctios::eLogout);
  }
  if (question.kind == Question::Kind::kCall && question.no_such) {
    translator_.call_gone({question.peripheral_id, question.call_id, 0, question.name});
  }
  // No list of this device: its calls are asked about one by one.
  Inquiry* const inquiry = sync_.inquiry();
  const DeviceEntry* const device = map_.device_named(question.peripheral_id, question.name);
  if (question.kind != Question::Kind::kDevice || inquiry == nullptr || device == nullptr) return;
  map_.calls_at(*device, [&](const CallEntry& call) {
    inquiry->ask_call(call.peripheral_id, call.call_id, call.device_type, call.device_id.view());
  });
}

void Line::finish_sync() {
  const std::size_t calls_before = map_.calls();
  Hearing& hearing = translator_.hearing();
  sync_.finish([&](const Sync::Kept& kept, Bytes body, const Question* found) {
    // A bad frame in it may cost the session: the rest is not worth applying then.
    if (!link_.up()) return;
    hearing.go_back_to(kept.frame);
    if (found == nullptr) {
      return note_outcome(translator_.event(kept.message_type, body, link_.version()));
    }
    const Question question = *found;  // what is applied may raise further questions
    if (!apply_answer(question, kept.message_type, body)) {
      sync_.again(static_cast<std::uint32_t>(kept.question), io_.now());
    }
  });
  hearing.go_on();
  if (!link_.up()) return;
  map_.each_agent([&](const AgentEntry& agent) {
    if (agent.logged_in() && !agent.desk_known) ask_desk_settings(agent);
  });
  translator_.system_event(ctios::eSysCtiServerOnline, 0, "", config_.peripherals.front());
  link_was_down_ = false;
  say("serving: " + std::to_string(map_.agents()) + " agents, " + std::to_string(map_.calls()) +
      " calls (" + std::to_string(calls_before) + " before)" +
      (sync_.trailing() ? ", some answers of the CTI Server are still to come" : ""));
}

void Line::fire(TimePoint now) {
  on_link_event(link_.on_clock(now));
  pending_.expire(now, pending_.capacity(), [this](const Pending& pending) { expire(pending); });
  switch (sync_.pump(now, translator_.hearing().arrived())) {
    case Sync::Turn::kServes:
      finish_sync();
      break;
    case Sync::Turn::kInStep:
      say("in step with the CTI Server: " + std::to_string(map_.agents()) + " agents, " +
          std::to_string(map_.calls()) + " calls");
      break;
    case Sync::Turn::kGoesOn:
      break;
  }
  if (shared_.admission != nullptr && ready()) report_.look(now, shared_.admission->sessions());
  pump_probes(now);
  unpark(now);
}

void Line::expire(const Pending& pending) {
  switch (pending.kind) {
    case PendingKind::kClient:
      return requests_.unknown(pending, "the CTI Server did not answer in time");
    case PendingKind::kSync:
      return sync_.unanswered(pending, io_.now());
    case PendingKind::kAgentMode:
      for (Probe& probe : probes_) {
        if (probe.number == pending.object_key) probe.inquiry->unanswered(pending, io_.now());
      }
      return;
    default:
      return;
  }
}

}  // namespace cti::broker
