// line_core.cpp - the session, its frames and its clock: what each input does to a line.
#include "broker/line_core.hpp"

#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188/misc.hpp"
#include "wire/ged188_oddities.hpp"
#include "wire/object_key.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using core::log::Level;
using ged::MessageType;

namespace {

constexpr std::uint32_t kCentralControllerDown = 2;  // bit of PGStatus

std::string_view service_name(std::uint32_t bit) {
  namespace service = ged::service_mask;
  switch (bit) {
    case service::kAllEvents:
      return "ALL_EVENTS";
    case service::kClientControl:
      return "CLIENT_CONTROL";
    case service::kCallDataUpdate:
      return "CALL_DATA_UPDATE";
    default:
      return "SUPERVISOR";
  }
}

}  // namespace

LineCore::LineCore(const LineConfig& config, const Outputs& outputs, Say say)
    : config_(config),
      upstream_(outputs.upstream),
      tells_(outputs.tells),
      status_(outputs.status),
      say_(std::move(say)),
      timers_(PendingTable::slots_for(config_.pending_max) + kParkedMax + kProbesMax + kAlarms),
      pending_(config_.pending_max, timers_),
      map_({config_.agents_max, config_.calls_max},
           {config_.peripheral_type, config_.record_button, config_.single_step_button}),
      sink_(outputs.log, outputs.start, config_.spill_bytes_max, outputs.side,
            outputs.side_spill_bytes, config_.peripherals.front()),
      translator_(map_, sink_, config_.minimize_event_args, config_.peripherals.front(),
                  config_.voice_mrd, config_.agent_rules),
      snapshots_(map_, sink_, config_.peripherals.front()),
      watches_(map_, sink_, tells_, snapshots_),
      statistics_({config_, upstream_, pending_, map_, translator_.names(), sink_, tells_}),
      requests_({config_, upstream_, pending_, map_, translator_, sink_, tells_, watches_,
                 statistics_, status_, say_}),
      sync_(config_, {upstream_, pending_, translator_.names(), config_.voice_mrd}, map_),
      report_(upstream_, pending_, config_.link.report_object),
      progress_(config_.link.progress_timeout) {
  ConfigMistakes mistakes;
  check(config_, "line", mistakes);
  CTI_CHECK(mistakes.empty());
  // What a step needs in order to fail well is set aside now.
  probes_.reserve(kProbesMax);
  owed_.reserve(kOwedMax);
  reset_why_.reserve(kWhyBytesMax);
  translator_.set_peripherals(config_.peripherals);
  for (const std::uint32_t peripheral : config_.peripherals) {
    status_.set_peripheral(peripheral, false);
    for (const std::string& agent : config_.agents)
      translator_.hold_agent(wire::object_key(agent_object_id(peripheral, agent).view()));
  }
}

LineCore::~LineCore() = default;

// ---- the session ----

void LineCore::step(const input::LinkUp& link) {
  CTI_CHECK(!session_open_);
  CTI_CHECK(!stopped_);
  CTI_CHECK(upstream_.up());
  now_ = link.now;
  session_open_ = true;
  finish_loss();
  if (losing_) return out_of_memory();  // the old session is not done with: not yet a new one
  try {
    begin_session(link);
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
}

void LineCore::begin_session(const input::LinkUp& link) {
  CTI_CHECK(pending_.size() == 0);
  bad_in_a_row_ = 0;
  heard_before_ = translator_.hearing().arrived();
  progress_.heard();
  note_oddities(static_cast<std::uint32_t>(MessageType::kOpenConf));
  say(Level::kInfo, {"session with the CTI Server is open on side ", link.side == 0 ? "A" : "B"});
  look_at_services(link.services);
  note_controller((link.pg_status & kCentralControllerDown) == 0, false);
  if (link.peripheral_online) status_.set_all_peripherals(true);
  sync_.begin(now_);
  report_.begin(now_);
  statistics_.link_up(now_);
}

/// What the CTI Server did not grant will not work: better said now than found out by agents.
void LineCore::look_at_services(std::uint32_t granted) {
  namespace service = ged::service_mask;
  const bool states_only = (granted & service::kCtiAgentStateControlOnly) != 0;
  const std::pair<std::uint32_t, std::string_view> needed[] = {
      {service::kAllEvents, "no call and no agent state will be heard of"},
      {service::kClientControl, states_only ? "agents can change their state, and control no call"
                                            : "requests of agents will be refused"},
      {service::kCallDataUpdate, "call data cannot be changed"},
      {service::kSupervisor, "supervisors cannot supervise"},
  };
  for (const auto& [bit, consequence] : needed) {
    if ((granted & bit) != 0) continue;
    const bool asked = (config_.link.services & bit) != 0;
    say(Level::kWarning,
        {asked ? "the CTI Server has not granted " : "not asked for (key services): ",
         service_name(bit), ": ", consequence});
  }
}

// May be told twice of one loss: from inside a frame, and by the link after it.
void LineCore::step(const input::LinkDown& link) {
  CTI_CHECK(!upstream_.up());
  now_ = link.now;
  reset_ = ResetCause::kNone;
  if (!std::exchange(session_open_, false)) return;
  say(Level::kWarning, {"session with the CTI Server is lost: ", upstream_.cause()});
  sync_.throw_away();
  translator_.forget_consultations();
  translator_.askers().clear();
  translator_.forget_team_roll();
  progress_.heard();
  status_.set_central_controller_online(false);
  status_.set_all_peripherals(false);
  loss_told_ = losing_ && loss_told_;
  losing_ = true;
  finish_loss();
}

/// Tells everybody of the loss, and those who asked something that nobody will answer. Goes on in the next tick when there
/// is no memory for it.
void LineCore::finish_loss() noexcept {
  if (!losing_) return;
  try {
    translator_.settle();
    if (!loss_told_) {
      translator_.system_event(ctios::eSysCtiServerOffline, 0, upstream_.cause(),
                               config_.peripherals.front());
      loss_told_ = true;
    }
    while (!probes_.empty()) end_probe(probes_.size() - 1);
    // Whatever was on its way may or may not have been done.
    pending_.drain([&](const Pending& pending) {
      if (pending.kind == PendingKind::kClient)
        requests_.unknown(pending, "the CTI Server was lost");
      if (Requests::asked_after_login(pending)) requests_.tell_after_login(pending);
    });
    CTI_CHECK(pending_.size() == 0);
    statistics_.link_lost(now_);
    losing_ = false;
  } catch (const std::bad_alloc&) {
    ++counters_.no_memory;
  }
}

void LineCore::step(const input::Stop& stop) {
  CTI_CHECK(!upstream_.up());
  now_ = stop.now;
  stopped_ = true;
  if (session_open_) step(input::LinkDown{now_});
  // Each ends in its own kind: nothing can become ready any more.
  unpark();
  CTI_CHECK(parked_.empty());
}

void LineCore::wish_reset(ResetCause cause, std::string_view why) noexcept {
  CTI_CHECK(cause != ResetCause::kNone);
  if (reset_ != ResetCause::kNone || !session_open_) return;
  reset_ = cause;
  reset_why_.assign(why.substr(0, kWhyBytesMax));
}

/// In the middle of a frame, of a dialogue, of the clock's work: nobody knows how much of it has been done.
void LineCore::out_of_memory() noexcept {
  ++counters_.no_memory;
  wish_reset(ResetCause::kNoMemory, "is left: there was no memory for what it said");
}

void LineCore::say(Level level, std::initializer_list<std::string_view> pieces) const noexcept {
  if (!say_ || !core::log::enabled(level)) return;
  try {
    std::string text;
    for (const std::string_view piece : pieces) text += piece;
    say_({.text = text, .level = level, .kind = *pieces.begin()});
  } catch (const std::bad_alloc&) {
    return;
  }
}

// ---- what the CTI Server says ----

void LineCore::step(const input::Frame& frame) {
  CTI_CHECK(session_open_);
  CTI_CHECK(frame.now >= now_);
  now_ = frame.now;
  if (reset_ != ResetCause::kNone) return;  // says nothing any more
  translator_.note_agents(watches_.have_buttons() || statistics_.wants_touches());
  try {
    translator_.settle();
    on_frame(frame);
    look_after_newcomers();
    look_after_watches();
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
}

void LineCore::on_frame(const input::Frame& frame) {
  take_frame(frame);
  note_oddities(frame.message_type);
}

/// What was used although it was not said right: counted, and the first few are said. True: entries are missing.
bool LineCore::note_oddities(std::uint32_t message_type) {
  const ged::Oddities odd = ged::take_oddities();
  if (!odd.any()) return false;
  const bool count = odd.counts_too_high != 0;
  counters_.counts_too_high += count ? 1 : 0;
  counters_.other_layouts += odd.other_layouts != 0 ? 1 : 0;
  if (counters_.counts_too_high + counters_.other_layouts <= kBadFramesSaid) {
    say(Level::kWarning, {count ? "announced more entries than came, which are taken: "
                                : "read in another layout than the session's version has: ",
                          ged::name_of(MessageType{message_type}), " (message type ",
                          std::to_string(message_type), ")"});
  }
  return count;
}

void LineCore::take_frame(const input::Frame& frame) {
  ++counters_.frames;
  translator_.hearing().arrive();
  progress_.heard();
  const std::uint32_t type = frame.message_type;
  if (Answer::is_one(type)) return on_answer(Answer::decode(type, frame.body, upstream_.version()));
  if (MessageType{type} == MessageType::kSystemEvent) {
    // Status is told at once, also during a dialogue: it is about no object.
    note_system_event(frame.body);
    return note_outcome(translator_.event(type, frame.body, upstream_.version()));
  }
  if (sync_.active()) {
    if (sync_.keep_event(type, frame.body, now_, translator_.hearing().arrived())) return;
    // No room to keep more: serve with what is there.
    if (!apply_dialogue(Pace::kAtOnce)) return;
  }
  note_outcome(translator_.event(type, frame.body, upstream_.version()));
  sync_.names_came(type, frame.body);
}

void LineCore::note_outcome(const Translator::Outcome& outcome) {
  if (!outcome.ok()) return note_bad_frame(outcome.error());
  bad_in_a_row_ = 0;
}

void LineCore::note_bad_frame(const wire::DecodeError& error) {
  ++counters_.bad_frames;
  // The first few only: a peer gone mad must not fill the log.
  if (counters_.bad_frames < kBadFramesSaid)
    say(Level::kWarning, {"bad frame from the CTI Server: ", error.text()});
  if (++bad_in_a_row_ < config_.link.bad_frames_max) return;
  wish_reset(ResetCause::kBadFrames,
             "sent too many bad frames in a row, the last: " + error.text());
}

// Of the peripherals only those that are this line's: whoever looks for the line of another must not find this one.
void LineCore::note_system_event(Bytes body) {
  const auto view = ged::SystemEventView::decode(body, upstream_.version());
  if (!view.ok()) return;
  switch (view->system_event_id()) {
    case ctios::eSysPeripheralOnline:
      note_peripheral(view->system_event_arg1(), true);
      break;
    case ctios::eSysPeripheralOffline:
      note_peripheral(view->system_event_arg1(), false);
      break;
    case ctios::eSysPeripheralGatewayOffline:
      for (std::size_t i = 0; i < status_.peripherals(); ++i)
        note_peripheral(status_.peripheral_id(i), false);
      break;
    case ctios::eSysCentralControllerOnline:
      note_controller(true, true);
      break;
    case ctios::eSysCentralControllerOffline:
      note_controller(false, true);
      break;
    default:
      break;
  }
}

/// What clients, metrics and the health page are told of a peripheral. A change is said; what is offline when the dialogue
/// ends is said then.
void LineCore::note_peripheral(std::uint32_t id, bool online) {
  bool was = !online;
  for (std::size_t i = 0; i < status_.peripherals(); ++i) {
    if (status_.peripheral_id(i) == id) was = status_.peripheral_online(i);
  }
  if (!status_.note_peripheral(id, online) || was == online) return;
  say(online ? Level::kInfo : Level::kWarning,
      {"peripheral ", std::to_string(id), online ? " is online" : " is offline"});
}

/// At the begin of a session only what is wrong is news.
void LineCore::note_controller(bool online, bool news) {
  const bool was = status_.central_controller_online();
  status_.set_central_controller_online(online);
  if (news ? was == online : online) return;
  say(online ? Level::kInfo : Level::kWarning,
      {"the central controller is ", online ? "online" : "offline"});
}

// ---- the clock ----

void LineCore::step(const input::Tick& tick) {
  CTI_CHECK(tick.now >= now_);
  now_ = tick.now;
  finish_loss();
  const bool reports = tick.clients && ready();
  translator_.note_agents(watches_.have_buttons() || statistics_.wants_touches());
  try {
    timers_.fire(now_, kTimersPerStep,
                 [this](TimerKind kind, std::uint64_t number) { fired(kind, number); });
    translator_.settle();
    go_on();
    look_after_newcomers();
    look_after_watches();
    if (looks_owed_ || watches_.stale()) look_again();
    statistics_.turn(now_, ready());
    if (reports) report_.look(now_, *tick.clients);
    look_at_progress();
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
  if (reset_ == ResetCause::kNone) unpark();  // else they wait for the next session
  pay_what_is_owed();
  if (sink_.take_overflowed()) {
    ++counters_.fresh_starts;
    sync_.forget_keys();
    wish_reset(ResetCause::kRecordsLost,
               "is left: records were lost, the log was held back for too long");
  }
  if (map_.counters().no_room != 0 && !std::exchange(no_room_said_, true)) {
    say(Level::kWarning, {"a table is full (agents_max ", std::to_string(config_.agents_max),
                          ", calls_max ", std::to_string(config_.calls_max),
                          "): what finds no room is not told to clients; counted, said once"});
  }
  set_alarms(reports);
  invariants();
}

void LineCore::invariants() const noexcept {
  CTI_CHECK(probes_.size() <= kProbesMax && probes_.capacity() == kProbesMax);
  CTI_CHECK(parked_.size() <= kParkedMax && parked_bytes_ <= kParkedBytesMax);
  CTI_CHECK(parked_bytes_ >= parked_.size() * sizeof(Parked));
  CTI_CHECK(parked_.empty() == (parked_bytes_ == 0));
  CTI_CHECK(owed_.size() <= kOwedMax);
  CTI_CHECK(pending_.size() <= PendingTable::slots_for(config_.pending_max));
  CTI_CHECK(map_.agents() <= config_.agents_max);
  CTI_CHECK(map_.calls() <= config_.calls_max);
}

/// The dialogue, and what is being looked up, as far as answers and the send buffer allow.
void LineCore::go_on() {
  if (reset_ != ResetCause::kNone) return;
  pump_sync();
  pump_probes();
}

void LineCore::set_alarms(bool reports) {
  // A dialogue that waits for room in the log is not gone on with before there is some: see held_back().
  const bool goes_on = session_open_ && !(sync_.applying() && sink_.blocked());
  sync_alarm_.set(timers_, now_, goes_on ? sync_.next_deadline() : kNever);
  TimePoint probes = kNever;
  for (const Probe& probe : probes_) probes = std::min(probes, probe.inquiry->next_deadline());
  probe_alarm_.set(timers_, now_, probes);
  report_alarm_.set(timers_, now_, reports ? report_.next_deadline() : kNever);
  parked_alarm_.set(timers_, now_, parked_.empty() ? kNever : parked_.front().deadline);
  progress_alarm_.set(timers_, now_, session_open_ ? progress_.next_deadline() : kNever);
  statistics_alarm_.set(timers_, now_, statistics_.next(ready()));
  const bool again = losing_ || !owed_.empty();
  memory_alarm_.set(timers_, now_, again ? now_ + kMemoryPause : kNever);
}

bool LineCore::publish() {
  sink_.unspill();
  if (sink_.blocked()) ++counters_.log_stops;
  if (held_back()) progress_.not_reading(now_);
  sink_.publish();
  return sink_.take_news();
}

void LineCore::fired(TimerKind kind, std::uint64_t number) {
  switch (kind) {
    case TimerKind::kPending:
      return expire(static_cast<std::uint32_t>(number));
    case TimerKind::kProbe:
      return expire_probe(number);
    case TimerKind::kAlarm:
      return;  // looked at in every tick
  }
}

void LineCore::expire(std::uint32_t invoke_id) {
  Pending* const found = pending_.find(invoke_id);
  CTI_CHECK(found != nullptr);  // whoever is answered cancels the timer
  CTI_CHECK(found->deadline <= now_);
  const Pending pending = *found;
  try {
    if (pending.kind == PendingKind::kClient)
      requests_.unknown(pending, "the CTI Server did not answer in time");
    if (Requests::asked_after_login(pending)) requests_.tell_after_login(pending);
  } catch (const std::bad_alloc&) {
    ++counters_.no_memory;
    return pending_.postpone(*found, now_ + kMemoryPause);
  }
  pending_.remove(*found);
  if (pending.kind == PendingKind::kSync) sync_.unanswered(pending, now_);
  if (pending.kind == PendingKind::kStatistics) statistics_.unanswered(pending, now_);
  if (pending.kind != PendingKind::kAgentMode) return;
  for (Probe& probe : probes_) {
    if (probe.number == pending.object_key) probe.inquiry->unanswered(pending, now_);
  }
}

}  // namespace cti::broker
