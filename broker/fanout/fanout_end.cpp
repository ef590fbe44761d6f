// fanout_end.cpp - the deadlines that clients are held to, and how a session ends. What ends one allocates nothing.
#include "broker/fanout/fanout.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/session_beat.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

using wire::CloseReason;
using wire::Keyword;

// ---- deadlines ----

/// One timer per session, at the earliest of its deadlines or before.
void FanoutReactor::arm(std::uint32_t slot, TimePoint at) noexcept {
  SessionDetail& detail = *sessions_[slot].detail;
  if (detail.timer && detail.timer_at <= at) return;
  if (detail.timer) timers_.cancel(detail.timer);
  detail.timer = timers_.arm(at, slot);
  detail.timer_at = at;
  CTI_CHECK(detail.timer);  // the wheel has a place for every slot
}

/// Arms the timer for the next deadline that the session's state has.
void FanoutReactor::schedule(std::uint32_t slot) noexcept {
  const Session& session = sessions_[slot];
  const SessionDetail& detail = *session.detail;
  if (session.state == SessionState::kOpening)
    return arm(slot, detail.opened + config_.handshake_timeout);
  if (session.state == SessionState::kClosing)
    return arm(slot, detail.closing_since + config_.close_timeout);
  if (session.state == SessionState::kClosed) return;
  if (detail.beat_at != kNever) arm(slot, detail.beat_at);
  if (awaits_line(detail)) arm(slot, give_up_at(detail));
  if (detail.image.image) arm(slot, detail.image_since + config_.image_timeout);
  if (session.stream.blocked()) arm(slot, detail.blocked_since + config_.stall_timeout);
  if (detail.paused) return arm(slot, detail.paused_since + config_.answer_timeout);
  if (detail.cutter.pending() > 0) arm(slot, detail.frame_since + config_.message_timeout);
  if (config_.heartbeat_interval > Nanos{0}) {
    arm(slot, std::max(detail.last_heard, detail.question_at) + config_.heartbeat_interval);
  }
}

bool FanoutReactor::awaits_line(const SessionDetail& detail) {
  return (detail.image_pending || detail.wants_image) && !detail.image.image;
}

/// Until when it waits for its mode, or for a snapshot. Before the line has been asked, or when the answer found no room, it
/// waits for room among the snapshots of others, who may take image_timeout for theirs.
TimePoint FanoutReactor::give_up_at(const SessionDetail& detail) const noexcept {
  CTI_CHECK(awaits_line(detail));
  const bool asked = detail.asked && !detail.found_no_room;
  const Nanos for_room = asked ? Nanos{0} : Nanos(config_.image_timeout + config_.close_timeout);
  return detail.asked_at + config_.answer_timeout + for_room;
}

/// A deadline of a session that is open has passed: it is closed.
bool FanoutReactor::overdue(std::uint32_t slot) {
  const Session& session = sessions_[slot];
  const SessionDetail& detail = *session.detail;
  if (awaits_line(detail) && now_ >= give_up_at(detail)) {
    ++counters_.cut_waiting;
    close(slot, CloseReason::kOutOfResources,
          detail.wants_image ? "there was no snapshot for it in time"
                             : "the line did not answer in time");
    return true;
  }
  if (detail.image.image && now_ >= detail.image_since + config_.image_timeout) {
    ++counters_.cut_stalled;
    ++counters_.cut_slow;
    close(slot, CloseReason::kTooSlow, "has not taken its snapshot in time");
    return true;
  }
  if (session.stream.blocked() && now_ >= detail.blocked_since + config_.stall_timeout) {
    ++counters_.cut_stalled;
    ++counters_.cut_slow;
    close(slot, CloseReason::kTooSlow, "takes nothing of what it is sent");
    return true;
  }
  if (!detail.paused && detail.cutter.pending() > 0 &&
      now_ >= detail.frame_since + config_.message_timeout) {
    close(slot, CloseReason::kFrameTimeout, "a frame was begun and not completed in time");
    return true;
  }
  return false;
}

void FanoutReactor::on_timer(std::uint32_t slot) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  switch (session.state) {
    case SessionState::kFree:
    case SessionState::kClosed:
      return;
    case SessionState::kClosing:
      if (now_ >= detail.closing_since + config_.close_timeout)
        return abandon(slot, core::CloseHow::kReset);
      return schedule(slot);
    case SessionState::kOpening:
      if (now_ >= detail.opened + config_.handshake_timeout) {
        return close(slot, CloseReason::kHandshakeTimeout, "no complete Hello in time");
      }
      return schedule(slot);
    default:
      break;
  }
  if (overdue(slot) || !beat(slot)) return;
  if (detail.paused) {
    // Answers that never came must not keep it unheard: the line has been given long enough.
    if (now_ >= detail.paused_since + config_.answer_timeout) {
      detail.in_flight = 0;
      detail.paused_since = now_;
    }
  } else if (!ask_whether_it_lives(slot)) {
    return;
  }
  if (session.unsettled) enqueue(slot);
  schedule(slot);
}

/// A question after each interval of silence, counted from the last word or the last question, whichever came later: so
/// that one who has just been asked has an interval to answer, however late the question was. False: it is closed.
bool FanoutReactor::ask_whether_it_lives(std::uint32_t slot) {
  SessionDetail& detail = *sessions_[slot].detail;
  if (config_.heartbeat_interval <= Nanos{0} ||
      now_ < std::max(detail.last_heard, detail.question_at) + config_.heartbeat_interval) {
    return true;
  }
  // Who was asked before this reactor stood still may have answered, or not been reached: one fresh round (P11).
  const bool fresh = std::exchange(detail.stops_seen, stops_) != stops_;
  if (fresh) detail.heartbeats_sent = 0;
  if (!fresh && detail.heartbeats_sent >= config_.heartbeat_retries) {
    close(slot, CloseReason::kHeartbeatMissed, "too long silent");
    return false;
  }
  ++detail.heartbeats_sent;
  detail.question_at = now_;
  ++counters_.heartbeats_sent;
  wire::HeartbeatReqWriter question(scratch_, {.id = detail.heartbeats_sent});
  return append_private(slot, question.finish(), kNoLine);
}

/// As often as the client wishes, or less often where this server says so.
void FanoutReactor::begin_beats(SessionDetail& detail, std::int64_t wished_ms) const noexcept {
  if (config_.beat_interval <= Nanos{0} || wished_ms <= 0) return;
  const Millis wished{std::min<std::int64_t>(wished_ms, wire::kBeatMost.count())};
  detail.beat = std::max<Nanos>(wished, config_.beat_interval);
  detail.beat_at = now_ + detail.beat;
  CTI_CHECK(detail.beat >= wire::kBeatLeast && detail.beat <= wire::kBeatMost);
}

/// Tells who wishes it that this server lives. Who has not yet taken what he was sent will read that. False: it is closed.
bool FanoutReactor::beat(std::uint32_t slot) {
  const Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  if (now_ < detail.beat_at) return true;
  detail.beat_at = now_ + detail.beat;
  if (session.stream.blocked() || !session.stream.outbox_empty()) return true;
  ++counters_.beats_sent;
  return append_private(slot, wire::HeartbeatConfWriter(scratch_, {.id = wire::kBeatId}).finish(),
                        kNoLine);
}

// ---- ends ----

/// Says goodbye with a reason; the connection ends when that has been sent, or at close_timeout.
void FanoutReactor::close(std::uint32_t slot, CloseReason reason, std::string_view text,
                          std::uint32_t limit) noexcept {
  Session& session = sessions_[slot];
  if (session.state == SessionState::kFree || session.state >= SessionState::kClosing) return;
  ++counters_.closed_by_us[std::min<std::size_t>(static_cast<std::size_t>(reason),
                                                 counters_.closed_by_us.size() - 1)];
  session.detail->ended = reason;
  note_session(slot, reason, text, limit);
  leave_feeds(slot);
  tell_lines_gone(slot);
  session.state = SessionState::kClosing;
  session.detail->closing_since = now_;
  io_.set_receiving({slot, session.generation}, false);
  wire::CloseWriter writer(scratch_, {.reason = reason});
  writer.arguments().add_string(Keyword::ErrorMessage, text);
  if (limit > 0) writer.arguments().add_uint("Limit", limit);
  const Bytes goodbye = writer.finish();
  if (!session.stream.append(parts(slot), goodbye) &&
      !(make_room(slot, goodbye.size()) && session.stream.append(parts(slot), goodbye))) {
    return abandon(slot, core::CloseHow::kReset);
  }
  arm(slot, now_ + config_.close_timeout);
  enqueue(slot);
}

/// The pool is empty. Whoever reads shall not suffer for those who do not: of these, the one who holds most loses it, and is
/// cut. True: `bytes` for `slot` have room now. A walk over all sessions, and each ends one: seldom, whatever peers do.
bool FanoutReactor::make_room(std::uint32_t slot, std::size_t bytes) noexcept {
  if (sessions_[slot].stream.blocked()) return false;
  const auto short_of = [&] {
    // One block more than it fills: what must wait for updates begins a block of its own.
    return std::size_t{pool_.available()} * Block::kDataBytes < bytes + Block::kDataBytes;
  };
  while (short_of()) {
    Session* most = nullptr;
    for (Session& each : sessions_) {
      if (each.state == SessionState::kFree || each.state == SessionState::kClosed) continue;
      if (!each.stream.blocked() || each.stream.bytes() == 0) continue;
      if (most == nullptr || each.stream.bytes() > most->stream.bytes()) most = &each;
    }
    if (most == nullptr) return false;
    forfeit(static_cast<std::uint32_t>(most - sessions_.data()));
  }
  return true;
}

/// Takes what the session has not read, and ends it a little later: whoever calls may be on a walk over a list it is in.
void FanoutReactor::forfeit(std::uint32_t slot) noexcept {
  Session& session = sessions_[slot];
  if (session.state < SessionState::kClosing) {
    ++counters_.closed_by_us[static_cast<std::size_t>(CloseReason::kTooSlow)];
    note_session(slot, CloseReason::kTooSlow, "does not read, and others need the room", 0);
  }
  ++counters_.cut_slow;
  ++counters_.forfeited;
  session.stream.forfeit(parts(slot));
  session.state = SessionState::kClosing;
  session.pushing = false;
  session.detail->closing_since = now_;
  CTI_CHECK(forfeited_.size() < forfeited_.capacity());
  forfeited_.push_back({slot, session.generation});
}

/// Before anything is sent: a forfeited session's stream has a hole.
void FanoutReactor::end_forfeited() noexcept {
  for (const core::ConnectionId id : forfeited_) {
    if (find(id) != AgentIndex::kNone) abandon(id.slot, core::CloseHow::kReset);
  }
  forfeited_.clear();
}

/// Ends the connection without another word.
void FanoutReactor::abandon(std::uint32_t slot, core::CloseHow how) noexcept {
  Session& session = sessions_[slot];
  if (session.state == SessionState::kClosed) return;
  leave_feeds(slot);
  tell_lines_gone(slot);
  session.state = SessionState::kClosed;
  session.detail->cut = how == core::CloseHow::kReset;
  io_.close({slot, session.generation}, how);
}

/// The session gets no more updates. What it holds (channels, a place in the index) it keeps until closed(); not what it
/// watches: the line is told that the session is gone, and gives its share of the edges to others.
void FanoutReactor::leave_feeds(std::uint32_t slot) noexcept {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    leave_channel(slot, line);
    feed(slot, line).turn_off();
  }
  shelf_.forget(slot);
  agents_.end_watches(slot);
  detail.wants_image = false;
  session.pushing = false;
  session.unsettled = false;
  forget_unread(detail);
  // What was held back for updates that will not come now leaves in front of the goodbye.
  session.stream.let_go(parts(slot));
  // A run of an image that has been begun is finished first: frames are whole.
  if (session.stream.source() != SendSource::kImage && !detail.image.running()) drop_image(slot);
}

void FanoutReactor::tell_lines_gone(std::uint32_t slot) noexcept {
  SessionDetail& detail = *sessions_[slot].detail;
  if (sessions_[slot].number == 0 || std::exchange(detail.told_gone, true)) return;
  for (Line& line : lines_) {
    line.lane->session_gone(ref(slot));
    line.asked = true;
  }
}

/// kClosed: nothing of the connection is in flight any more. The slot is free.
void FanoutReactor::closed(std::uint32_t slot, std::int32_t error) noexcept {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  CTI_CHECK(session.state != SessionState::kFree);
  audit_end(slot, error);
  session.stream.end(parts(slot));
  drop_image(slot);
  leave_feeds(slot);
  tell_lines_gone(slot);
  release_channels(slot);
  agents_.remove(slot);
  if (detail.timer) timers_.cancel(detail.timer);
  if (detail.admitted) admission_.leave(detail.address);
  if (detail.turned_away) --refusals_;
  if (detail.counted_monitor) --monitors_;
  session.state = SessionState::kFree;
  session.detail.reset();
  --open_sessions_;
  ++counters_.ended;
}

}  // namespace cti::broker
