// fanout_modes.cpp - agent mode and monitor mode: what a session asks to be given, and from where on.
#include "broker/fanout/fanout.hpp"
#include "broker/meet/history.hpp"
#include "broker/meet/rights.hpp"
#include "broker/model/object_id.hpp"
#include "core/base/preempt.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/watch_keys.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

using wire::Keyword;

namespace {

constexpr std::size_t kLoginNameBytesMax = 255;  // the longest that a CTI Server can name

}  // namespace

SessionRef FanoutReactor::ref(std::uint32_t slot) const {
  const Session& session = sessions_[slot];
  return {shared_.index, {slot, session.generation}, session.number, principal(slot)};
}

Principal FanoutReactor::principal(std::uint32_t slot) const {
  const SessionDetail& detail = *sessions_[slot].detail;
  return {.agent_key = detail.agent_key, .claim = detail.claim, .mode = detail.mode};
}

bool FanoutReactor::push_control(Line& line, Ask&& ask) {
  may_be_preempted();
  if (!line.lane->push_control(std::move(ask))) return false;
  line.asked = true;
  return true;
}

/// The line that has this peripheral; -1: none has.
int FanoutReactor::find_line(std::uint32_t peripheral_id) const {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const LineStatus& status = lines_[i].shared->status;
    for (std::size_t p = 0; p < status.peripherals(); ++p) {
      if (status.peripheral_id(p) == peripheral_id) return static_cast<int>(i);
    }
  }
  // A single line refuses what it does not know in its own words.
  return lines_.size() == 1 ? 0 : -1;
}

/// The agent's own name, as the line spells it.
void FanoutReactor::note_agent(SessionDetail& detail, const wire::UpdateView& update) {
  if (detail.mode != SessionMode::kAgent || update.object_key() != detail.agent_key) return;
  if (const auto id = update.arguments().string(Keyword::UniqueObjectID)) detail.agent_id = *id;
}

/// Where the session left off, when it says so and the log still has it. If not, `why` it gets a snapshot.
bool FanoutReactor::try_resume(std::uint32_t slot, std::uint16_t line, wire::SnapshotReason& why) {
  why = wire::SnapshotReason::kEntry;
  const SessionDetail& detail = *sessions_[slot].detail;
  for (const wire::Position& position : detail.resume) {
    if (find_line(position.peripheral_id) != line) continue;
    const Line& from = lines_[line];
    const ring::EventLog& log = from.updates.log();
    const Place place = place_of(
        from.shared->history, {position.lineage, position.epoch, position.sequence}, from.newest,
        log.tail() == 0,
        [&](std::uint64_t sequence) { return log.find_sequence(from.updates.gate(), sequence); });
    if (place.standing == Standing::kHere) {
      feed(slot, line).catch_up_from(place.at);
      ++counters_.resumed;
      return true;
    }
    why = wire::SnapshotReason::kResumeTooOld;
    ++counters_.resume_too_old;
    if (place.standing == Standing::kAhead) ++counters_.resume_ahead;
    break;
  }
  return false;
}

// ---- modes ----

void FanoutReactor::subscribe(std::uint32_t slot, const wire::SubscribeView& frame) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  if (session.state != SessionState::kWelcomed) {
    return close(slot, wire::CloseReason::kModeConflict,
                 "a session has one mode, until it is disconnected");
  }
  detail.subscribe_id = frame.id();
  if (!take_token(detail)) {
    ++counters_.requests_limited;
    return send_subscribed(
        slot, wire::ctios::eServiceNotSupported,
        "too many requests: " + std::to_string(config_.requests_per_second) + " a second");
  }
  if (name_of(frame.mode()) == "?") {
    return close(slot, wire::CloseReason::kMalformed, "no such subscription mode");
  }
  if (!may_subscribe(role_of(principal(slot)), frame.mode())) {
    return send_subscribed(slot, wire::ctios::eInvalidPriviledge,
                           "this mode needs a right that the session does not have");
  }
  detail.resume.clear();
  for (std::uint16_t i = 0; i < frame.count(); ++i) detail.resume.push_back(frame.position(i));
  switch (frame.mode()) {
    case wire::SubscribeMode::kAgent:
      return subscribe_agent(slot, frame);
    case wire::SubscribeMode::kMonitor:
      return subscribe_monitor(slot, frame);
    case wire::SubscribeMode::kEverything:
      return subscribe_everything(slot);
  }
}

void FanoutReactor::subscribe_agent(std::uint32_t slot, const wire::SubscribeView& frame) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  const wire::ArgumentsView arguments = frame.arguments();
  const auto peripheral = arguments.find(Keyword::PeripheralID);
  if (!peripheral)
    return send_subscribed(slot, wire::ctios::eRequiredArgMissing,
                           "PeripheralID is missing: a number");
  const auto peripheral_id = peripheral->to_integer();
  if (!peripheral_id || *peripheral_id < 0 || *peripheral_id > UINT32_MAX) {
    return send_subscribed(slot, wire::ctios::eRequiredArgMissing,
                           "PeripheralID must be a number, 0 .. 4294967295");
  }
  const auto agent = arguments.find(Keyword::AgentID);
  const auto login = arguments.find(Keyword::LoginName);
  if (!agent && !login) {
    return send_subscribed(slot, wire::ctios::eRequiredArgMissing,
                           "AgentID or LoginName is missing: a text");
  }
  const wire::Arg& name = agent ? *agent : *login;
  const std::string text = name.is_arguments() ? std::string{} : name.to_text();
  const std::size_t most = agent ? kAgentIdBytesMax : kLoginNameBytesMax;
  if (text.empty() || text.size() > most) {
    return send_subscribed(slot, wire::ctios::eRequiredArgMissing,
                           std::string(name.key_name()) + " must be a text of 1 .. " +
                               std::to_string(most) + " bytes");
  }
  const int line = find_line(static_cast<std::uint32_t>(*peripheral_id));
  if (line < 0) {
    return send_subscribed(
        slot, wire::ctios::eUnknownObjectID,
        "PeripheralID " + std::to_string(*peripheral_id) + " is not served here");
  }
  Ask ask;
  ask.kind = AskKind::kAgentMode;
  ask.from = ref(slot);
  ask.request_id = frame.id();
  ask.arguments.assign(arguments.bytes().begin(), arguments.bytes().end());
  if (!push_control(lines_[static_cast<std::size_t>(line)], std::move(ask))) {
    ++counters_.requests_busy;
    return send_subscribed(slot, wire::ctios::eServiceNotSupported,
                           "the server is busy: try again");
  }
  if (agent)
    detail.agent_id = agent_object_id(static_cast<std::uint32_t>(*peripheral_id), text).view();
  detail.watched_before = arguments.find(wire::watch::kWatch).has_value();
  detail.mode = SessionMode::kAgent;
  detail.agent_line = static_cast<std::uint16_t>(line);
  detail.image_pending = true;
  feed(slot, detail.agent_line).await_image();
  session.state = SessionState::kSubscribing;
  session.unsettled = true;
  detail.asked = detail.found_no_room = false;
  line_asked(slot);
}

void FanoutReactor::subscribe_monitor(std::uint32_t slot, const wire::SubscribeView& frame) {
  const wire::ArgumentsView arguments = frame.arguments();
  const auto text = arguments.find(Keyword::MessageFilter);
  if (!text)
    return send_subscribed(slot, wire::ctios::eRequiredArgMissing,
                           "MessageFilter is missing: a text");
  if (!text->is_string()) {
    return send_subscribed(slot, wire::ctios::eRequiredArgMissing, "MessageFilter must be a text");
  }
  const auto compiled = MessageFilter::compile(text->string());
  if (!compiled.ok()) {
    ++counters_.filters_refused;
    return send_subscribed(slot, wire::ctios::eMonitorModeConnectionDenied,
                           describe(compiled.error()));
  }
  const bool snapshot = arguments.integer(Keyword::MonitorSessionSnapshotMode).value_or(0) == 0;
  begin_monitor(slot, SessionMode::kMonitor, compiled->matches_everything() ? nullptr : &*compiled,
                snapshot);
}

void FanoutReactor::subscribe_everything(std::uint32_t slot) {
  begin_monitor(slot, SessionMode::kEverything, nullptr, true);
}

void FanoutReactor::begin_monitor(std::uint32_t slot, SessionMode mode, const MessageFilter* filter,
                                  bool snapshot) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  if (monitors_ >= config_.monitor_sessions_max) {
    ++counters_.filters_refused;
    return send_subscribed(slot, wire::ctios::eMonitorModeConnectionDenied,
                           "the server has as many monitor sessions as it may: " +
                               std::to_string(config_.monitor_sessions_max));
  }
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    auto channel = channels_.acquire(line, filter);
    if (channel.ok()) {
      feed(slot, line).take_channel(*channel);
      continue;
    }
    ++counters_.filters_refused;
    release_channels(slot);
    return send_subscribed(slot, wire::ctios::eMonitorModeConnectionDenied,
                           channel.error().text + ": " + std::to_string(channel.error().limit));
  }
  ++monitors_;
  detail.mode = mode;
  detail.counted_monitor = true;
  session.state = SessionState::kSubscribing;
  session.unsettled = true;
  send_subscribed(slot);
  if (session.state >= SessionState::kClosing) return;
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    wire::SnapshotReason why;
    if (try_resume(slot, line, why)) continue;
    if (snapshot) {
      feed(slot, line).need_image(why);
    } else {
      feed(slot, line).catch_up_from(lines_[line].updates.read());
    }
  }
  enqueue(slot);
}

void FanoutReactor::release_channels(std::uint32_t slot) noexcept {
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    Feed& at = feed(slot, line);
    if (at.channel() != kNoChannel) channels_.release(at.release_channel());
  }
}

void FanoutReactor::tell_agent_mode(std::uint32_t slot, std::uint16_t line, Tell& tell) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  Feed& at = feed(slot, line);
  if (session.state != SessionState::kSubscribing || detail.agent_line != line ||
      at.state() != FeedState::kAwaitImage || detail.agent_key != 0) {
    ++counters_.tells_stale;
    return;
  }
  detail.image_pending = false;
  const bool full =
      !tell.refused && agents_.count(tell.agent_key) >= config_.sessions_per_agent_max;
  if (tell.refused || full || tell.agent_key == 0) {
    at.turn_off();
    session.stream.let_go(parts(slot));  // answers that waited for updates which will not come
    session.unsettled = detail.paused;   // who is not read from is still to be taken up again
    session.state = SessionState::kWelcomed;
    detail.mode = SessionMode::kNone;
    if (tell.refused && !tell.frames.empty()) {
      append_private(slot, tell.frames, kNoLine);
      return;
    }
    return send_subscribed(
        slot, full ? wire::ctios::eAgentAlreadyLoggedIn : wire::ctios::eUnknownObjectID,
        full ? "the agent has as many sessions as it may: " +
                   std::to_string(config_.sessions_per_agent_max)
             : std::string("the agent is not known"));
  }
  detail.agent_key = tell.agent_key;
  agents_.add(tell.agent_key, slot);
  if (!set_watches(slot, tell.edges)) return;
  send_subscribed(slot);
  if (session.state >= SessionState::kClosing) return;
  // Whom it watched there may be others than whom it watches here, or nobody: what it has seen of them says nothing.
  wire::SnapshotReason why = detail.resume.empty() ? wire::SnapshotReason::kEntry
                                                   : wire::SnapshotReason::kResumeTooOld;
  const bool anew = detail.watched_before || !tell.edges.empty();
  if (anew || !try_resume(slot, line, why)) {
    at.need_image(why);
    if (tell.image && shelf_.room_private()) begin_image(slot, line, std::move(tell.image), false);
  }
  enqueue(slot);
}

// ---- whom a supervisor watches ----

/// False: it is closed. The line keeps to a bound of its own, so that there is room.
bool FanoutReactor::set_watches(std::uint32_t slot, const std::vector<WatchEdge>& edges) noexcept {
  for (const WatchEdge& edge : edges) {
    CTI_CHECK(edge.agent_key != sessions_[slot].detail->agent_key);  // see AgentIndex::for_each
    if (agents_.watch(slot, edge.agent_key, edge.topics)) continue;
    close(slot, wire::CloseReason::kOutOfResources, "too much is watched on this server");
    return false;
  }
  return true;
}

void FanoutReactor::take_watch(std::uint32_t slot, std::uint16_t line, Tell& tell) {
  SessionDetail& detail = *sessions_[slot].detail;
  if (detail.agent_key == 0 || detail.agent_line != line) {
    ++counters_.tells_stale;
    return;
  }
  if (!set_watches(slot, tell.edges)) return;
  ++counters_.watch_changes;
  detail.refresh = true;
  Feed& at = feed(slot, line);
  // One that has been asked for is on its way behind this tell, and is as new.
  if (at.live() && !detail.image_pending && shelf_.room_private() && tell.image &&
      tell.image->log_position == lines_[line].updates.read()) {
    leave_live(slot, line);
    return begin_image(slot, line, std::move(tell.image), false);
  }
  sessions_[slot].unsettled = true;
  enqueue(slot);
}

}  // namespace cti::broker
