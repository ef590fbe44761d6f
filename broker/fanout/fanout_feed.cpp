// How a session comes to be up to date with a line: agent or monitor mode, resume, snapshot, catching up, live.
#include "broker/fanout/fanout.hpp"
#include "broker/model/object_id.hpp"
#include "wire/ctios_enums.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

using wire::Keyword;

SessionRef FanoutReactor::ref(std::uint32_t slot) const {
  const Session& session = sessions_[slot];
  return {shared_.index, {slot, session.generation}, session.number};
}

bool FanoutReactor::push_control(Line& line, Ask&& ask) {
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

bool FanoutReactor::room_for(const Session& session, std::size_t bytes) const {
  return session.outbox.empty() || session.outbox.bytes() + bytes <= config_.outbox_updates_bytes;
}

bool FanoutReactor::accepts(std::uint32_t slot, std::uint16_t line, const wire::UpdateView& update,
                            bool snapshot) {
  const SessionDetail& detail = *sessions_[slot].detail;
  if (detail.mode == SessionMode::kAgent) {
    return update.agent_key() == detail.agent_key || (update.topics() & wire::topic::kSystem) != 0;
  }
  const Channel& channel = channels_.at(feed(slot, line).channel);
  return snapshot ? channel.accepts_snapshot(update) : channel.accepts(update);
}

// ---- towards up to date ----

/// Takes every line on which the session is not live one step further, as far as its outbox has room.
void FanoutReactor::progress(std::uint32_t slot) {
  Session& session = sessions_[slot];
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    switch (feed(slot, line).state) {
      case FeedState::kNeedImage:
        ask_image(slot, line);
        break;
      case FeedState::kImage:
        copy_image(slot);
        break;
      case FeedState::kCatchUp:
        catch_up(slot, line);
        break;
      default:
        break;
    }
    if (session.state >= SessionState::kClosing) return;
  }
  settle(slot);
}

/// Asks for a snapshot, one at a time, and not before the session has read most of what it was given.
void FanoutReactor::ask_image(std::uint32_t slot, std::uint16_t line) {
  const Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  if (detail.image_pending || session.outbox.bytes() > config_.outbox_updates_bytes / 4) return;
  Ask ask;
  ask.kind = AskKind::kSnapshot;
  ask.from = ref(slot);
  ask.agent_key = detail.agent_key;
  if (!push_control(lines_[line], std::move(ask))) return arm(slot, now_ + kRetry);
  detail.image_pending = true;
  detail.asked_at = now_;
  feed(slot, line).state = FeedState::kAwaitImage;
  arm(slot, now_ + config_.answer_timeout);
}

void FanoutReactor::begin_image(std::uint32_t slot, std::uint16_t line,
                                std::shared_ptr<const SnapshotImage> image) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  detail.image = std::move(image);
  detail.image_line = line;
  detail.image_offset = detail.image_run_end = 0;
  detail.image_records = 0;
  feed(slot, line).state = FeedState::kImage;
  session.unsettled = true;
  ++counters_.snapshots;
  send_snapshot_mark(slot, line, true);
}

/// Moves records of the image into the outbox while there is room; for a session that gets everything, lets it send
/// the next run from the image itself.
void FanoutReactor::copy_image(std::uint32_t slot) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  const Bytes image(detail.image->bytes);
  const bool whole = detail.mode != SessionMode::kAgent &&
                     !channels_.at(feed(slot, detail.image_line).channel).filter;
  if (whole && (!session.outbox.empty() || detail.image_offset < detail.image_run_end)) return;
  std::size_t at = detail.image_offset;
  while (at + wire::UpdateView::kFixedBytes <= image.size()) {
    const Bytes record = image.subspan(at, wire::frame_length(image.data() + at));
    if (whole) {
      if (at > detail.image_offset &&
          at + record.size() - detail.image_offset > config_.send_bytes_max)
        break;
      ++detail.image_records;
    } else {
      const auto update = wire::UpdateView::trusted(record);
      if (accepts(slot, detail.image_line, update, true)) {
        if (!room_for(session, record.size()) || !session.outbox.append(pool_, record)) break;
        ++detail.image_records;
        note_agent(detail, update);
      }
      detail.image_offset = static_cast<std::uint32_t>(at + record.size());
    }
    at += record.size();
  }
  if (whole) detail.image_run_end = static_cast<std::uint32_t>(at);
  if (detail.image_offset + wire::UpdateView::kFixedBytes > image.size()) return end_image(slot);
  if (!whole && session.outbox.empty())
    arm(slot, now_ + kRetry);  // the pool is empty, and no end of a send will come
}

/// The agent's own name, as the line spells it.
void FanoutReactor::note_agent(SessionDetail& detail, const wire::UpdateView& update) {
  if (detail.mode != SessionMode::kAgent || update.object_key() != detail.agent_key) return;
  if (const auto id = update.arguments().string(Keyword::UniqueObjectID)) detail.agent_id = *id;
}

void FanoutReactor::end_image(std::uint32_t slot) {
  SessionDetail& detail = *sessions_[slot].detail;
  const std::uint16_t line = detail.image_line;
  Feed& at = feed(slot, line);
  at.cursor = detail.image->log_position;
  at.state = FeedState::kCatchUp;
  send_snapshot_mark(slot, line, false);
  detail.image.reset();
  detail.image_pending = false;
  detail.image_offset = detail.image_run_end = 0;
  if (sessions_[slot].state < SessionState::kClosing) catch_up(slot, line);
}

/// Gives the session what the log has had since the snapshot, or since it left, through its filter.
void FanoutReactor::catch_up(std::uint32_t slot, std::uint16_t line) {
  Session& session = sessions_[slot];
  Feed& at = feed(slot, line);
  Line& from = lines_[line];
  const bool whole = at.channel != kNoChannel && !channels_.at(at.channel).filter;
  if (whole) return go_live(slot, line);  // the log itself is its channel: any place in it will do
  std::size_t budget = config_.log_bytes_per_turn;
  bool room = true;
  while (at.cursor < from.read && budget > 0 && room) {
    const std::size_t want = std::min(config_.log_bytes_per_read, budget);
    const ring::EventLog& log = from.shared->log;
    const ring::LogRead range = from.read - at.cursor <= want
                                    ? log.view(*from.gate, at.cursor, from.read)
                                    : log.read(*from.gate, at.cursor, want);
    if (range.status == ring::LogRead::Status::kLapped) return mark_lapped(slot, line);
    Bytes left = range.bytes;
    while (!left.empty() && room) {
      const Bytes record = left.first(wire::frame_length(left.data()));
      if (record.size() >= wire::UpdateView::kFixedBytes &&
          accepts(slot, line, wire::UpdateView::trusted(record), false)) {
        room = room_for(session, record.size()) && session.outbox.append(pool_, record);
        if (!room) break;
      }
      left = left.subspan(record.size());
    }
    from.gate->leave(range.from);
    const ring::Position end = range.to - left.size();
    budget -= std::min<std::size_t>(budget, end - at.cursor);
    at.cursor = end;
  }
  if (at.cursor == from.read) return go_live(slot, line);
  if (room) return enqueue(slot);
  if (session.outbox.empty())
    arm(slot, now_ + kRetry);  // else the end of the next send comes back here
}

void FanoutReactor::go_live(std::uint32_t slot, std::uint16_t line) {
  Session& session = sessions_[slot];
  Feed& at = feed(slot, line);
  at.state = FeedState::kLive;
  if (session.detail->mode == SessionMode::kAgent) {
    session.pushing = true;
    return;
  }
  const ring::Position end = channels_.join(at.channel, slot, at.member);
  if (channels_.at(at.channel).filter) at.cursor = end;
}

void FanoutReactor::leave_channel(std::uint32_t slot, std::uint16_t line) {
  Feed& at = feed(slot, line);
  if (at.state != FeedState::kLive || at.channel == kNoChannel) return;
  const std::uint32_t member = at.member;
  channels_.leave(at.channel, member,
                  [&](std::uint32_t moved) { feed(moved, line).member = member; });
}

/// All lines live: the mode stands.
void FanoutReactor::settle(std::uint32_t slot) {
  Session& session = sessions_[slot];
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    const FeedState state = feed(slot, line).state;
    if (state != FeedState::kOff && state != FeedState::kLive) return;
  }
  session.unsettled = false;
  if (session.state == SessionState::kSubscribing) {
    session.state = SessionState::kEstablished;
    ++counters_.established;
    return send_mode_event(slot);
  }
  // System records of other lines were not pushed meanwhile: say how things stand.
  if (lines_.size() > 1 && session.detail->mode == SessionMode::kAgent) send_status(slot);
}

/// Where the session left off, when it says so and the log still has it.
bool FanoutReactor::try_resume(std::uint32_t slot, std::uint16_t line) {
  const SessionDetail& detail = *sessions_[slot].detail;
  Feed& at = feed(slot, line);
  at.reason = static_cast<std::uint8_t>(wire::SnapshotReason::kEntry);
  for (const wire::Position& position : detail.resume) {
    if (find_line(position.peripheral_id) != line) continue;
    const LineShared& shared = *lines_[line].shared;
    at.reason = static_cast<std::uint8_t>(wire::SnapshotReason::kResumeTooOld);
    if (position.lineage == shared.start.lineage && position.epoch == shared.start.epoch) {
      const auto found = shared.log.find_sequence(*lines_[line].gate, position.sequence + 1);
      if (found.has_value()) {
        at.cursor = *found;
        at.state = FeedState::kCatchUp;
        ++counters_.resumed;
        return true;
      }
    }
    ++counters_.resume_too_old;
    return false;
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
  close(slot, wire::CloseReason::kMalformed, "no such subscription mode");
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
  if (text.empty() || text.size() > kAgentIdBytesMax) {
    return send_subscribed(slot, wire::ctios::eRequiredArgMissing,
                           std::string(name.key_name()) + " must be a text of 1 .. 64 bytes");
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
  detail.mode = SessionMode::kAgent;
  detail.agent_line = static_cast<std::uint16_t>(line);
  detail.image_pending = true;
  detail.asked_at = now_;
  feed(slot, detail.agent_line).state = FeedState::kAwaitImage;
  session.state = SessionState::kSubscribing;
  session.unsettled = true;
  arm(slot, now_ + config_.answer_timeout);
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
  if (sessions_[slot].detail->role == static_cast<std::uint16_t>(wire::Role::kClient)) {
    return send_subscribed(slot, wire::ctios::eInvalidPriviledge,
                           "only peers and edge servers may have the log itself");
  }
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
      feed(slot, line).channel = *channel;
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
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    if (try_resume(slot, line)) continue;
    Feed& at = feed(slot, line);
    at.state = snapshot ? FeedState::kNeedImage : FeedState::kCatchUp;
    at.cursor = lines_[line].read;
  }
  enqueue(slot);
}

void FanoutReactor::release_channels(std::uint32_t slot) {
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    Feed& at = feed(slot, line);
    if (at.channel != kNoChannel) channels_.release(std::exchange(at.channel, kNoChannel));
  }
}

// ---- what the lines answer ----

void FanoutReactor::take_tell(Line& line, Tell&& tell) {
  const std::uint32_t slot = find(tell.to.connection);
  if (slot == AgentIndex::kNone || sessions_[slot].state >= SessionState::kClosing ||
      sessions_[slot].state < SessionState::kWelcomed) {
    ++counters_.tells_stale;
    return;
  }
  const std::uint16_t index = line.shared->index;
  switch (tell.kind) {
    case TellKind::kReply:
    case TellKind::kPrivateEvent:
      append_private(slot, tell.frames, index);
      return;
    case TellKind::kAgentMode:
      return tell_agent_mode(slot, index, tell);
    case TellKind::kSnapshot:
      if (feed(slot, index).state != FeedState::kAwaitImage || !tell.image) {
        ++counters_.tells_stale;
        return;
      }
      begin_image(slot, index, std::move(tell.image));
      enqueue(slot);
      return;
    case TellKind::kCut:
      ++counters_.cut_lost;
      return close(slot, wire::CloseReason::kOutOfResources,
                   "an answer to this session was lost: the server is overloaded");
  }
}

void FanoutReactor::tell_agent_mode(std::uint32_t slot, std::uint16_t line, Tell& tell) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  Feed& at = feed(slot, line);
  if (session.state != SessionState::kSubscribing || detail.agent_line != line ||
      at.state != FeedState::kAwaitImage || detail.agent_key != 0) {
    ++counters_.tells_stale;
    return;
  }
  detail.image_pending = false;
  const bool full =
      !tell.refused && agents_.count(tell.agent_key) >= config_.sessions_per_agent_max;
  if (tell.refused || full || tell.agent_key == 0) {
    at.state = FeedState::kOff;
    session.unsettled = false;
    session.state = SessionState::kWelcomed;
    detail.mode = SessionMode::kNone;
    if (tell.refused && !tell.frames.empty()) {
      append_private(slot, tell.frames, line);
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
  send_subscribed(slot);
  if (session.state >= SessionState::kClosing) return;
  if (!try_resume(slot, line)) {
    if (tell.image) {
      begin_image(slot, line, std::move(tell.image));
      detail.image_pending = true;
    } else {
      at.state = FeedState::kNeedImage;
    }
  }
  enqueue(slot);
}

}  // namespace cti::broker
