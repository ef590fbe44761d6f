// What clients send, the deadlines they are held to, and how a session ends.
#include "broker/fanout/fanout.hpp"
#include "broker/model/object_id.hpp"
#include "core/log.hpp"
#include "wire/ctios_enums.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

using wire::CloseReason;
using wire::FrameType;
using wire::Keyword;

void FanoutReactor::received(std::uint32_t slot, Bytes bytes) {
  Session& session = sessions_[slot];
  if (session.state >= SessionState::kClosing) return;
  SessionDetail& detail = *session.detail;
  const bool was_pending = detail.cutter.pending() > 0;
  bool any = false;
  const auto fed = detail.cutter.feed(bytes, [&](Bytes frame) {
    any = true;
    return on_frame(slot, frame);
  });
  if (session.state >= SessionState::kClosing) return;
  if (!fed.ok()) {
    const bool too_long = fed.error().fault == wire::SessionFault::kFrameTooLong;
    const bool opening = session.state == SessionState::kOpening;
    // A length above the limit in the first frame is nearly always another protocol.
    const CloseReason reason =
        too_long && !opening ? CloseReason::kFrameTooLong : CloseReason::kMalformed;
    return close(slot, reason, describe(fed.error()), fed.error().limit);
  }
  if (detail.cutter.pending() > 0 && (any || !was_pending)) {
    detail.frame_since = now_;  // a deadline for the frame, however its bytes drip in (C2)
    arm(slot, now_ + config_.message_timeout);
  }
}

/// One whole frame. False: the session is being closed; what else it sent is not looked at.
bool FanoutReactor::on_frame(std::uint32_t slot, Bytes frame) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  const auto type = static_cast<FrameType>(wire::frame_type(frame.data()));
  if (session.state == SessionState::kOpening) {
    if (type == FrameType::kHello) {
      on_hello(slot, frame);
    } else {
      close(slot, CloseReason::kMalformed, "a session begins with Hello");
    }
    return session.state < SessionState::kClosing;
  }
  detail.last_heard = now_;
  detail.heartbeats_sent = 0;
  switch (type) {
    case FrameType::kRequest:
      on_request(slot, frame);
      break;
    case FrameType::kSubscribe: {
      const auto checked = wire::SubscribeView::check(frame);
      if (checked.ok()) {
        subscribe(slot, *checked);
      } else {
        close(slot, CloseReason::kMalformed, describe(checked.error()), checked.error().limit);
      }
      break;
    }
    case FrameType::kHeartbeatReq: {
      wire::HeartbeatConfWriter answer(scratch_, {.id = wire::frame_id(frame.data())});
      append_private(slot, answer.finish(), kNoLine);
      break;
    }
    case FrameType::kHeartbeatConf:
      break;
    case FrameType::kClose:
      abandon(slot, core::CloseHow::kOrderly);
      break;
    case FrameType::kHello:
      close(slot, CloseReason::kNotAllowed, "a second Hello");
      break;
    default: {
      const bool known = wire::server_may_send(type);
      close(slot, known ? CloseReason::kNotAllowed : CloseReason::kMalformed,
            known ? "a frame that only a server sends" : "no frame has this type");
    }
  }
  return session.state < SessionState::kClosing;
}

void FanoutReactor::on_hello(std::uint32_t slot, Bytes frame) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  const auto hello = wire::HelloView::check(frame);
  if (!hello.ok())
    return close(slot, CloseReason::kMalformed, describe(hello.error()), hello.error().limit);
  if (hello->version_min() > wire::kSessionVersion ||
      hello->version_max() < wire::kSessionVersion) {
    return close(slot, CloseReason::kVersionUnsupported,
                 "this server speaks version " + std::to_string(wire::kSessionVersion),
                 wire::kSessionVersion);
  }
  if (name_of(hello->role()) == "?") return close(slot, CloseReason::kMalformed, "no such role");
  detail.role = static_cast<std::uint16_t>(hello->role());
  detail.client =
      core::log::escaped(hello->arguments().string("ClientID").value_or(""), kClientNameBytesMax);
  detail.cutter.set_limit(wire::limits::kClientFrameBytesMax);
  detail.last_heard = now_;
  session.number = admission_.next_number();
  session.state = SessionState::kWelcomed;
  ++counters_.welcomed;
  send_welcome(slot, hello->features() & wire::feature::kResume);
  send_status(slot);
  schedule(slot);
}

// ---- requests ----

namespace {

/// What a client may ask before it has a mode.
bool needs_no_mode(wire::RequestId request) {
  return request == wire::RequestId::eGlobalSettingsDownloadRequest ||
         request == wire::RequestId::eIdentifyClientRequest;
}

}  // namespace

void FanoutReactor::on_request(std::uint32_t slot, Bytes frame) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  const auto request = wire::RequestView::check(frame);
  if (!request.ok()) {
    return close(slot, CloseReason::kMalformed, describe(request.error()), request.error().limit);
  }
  ++counters_.requests;
  if (session.state == SessionState::kWelcomed && !needs_no_mode(request->request())) {
    return close(slot, CloseReason::kNotAllowed, "a request before agent or monitor mode");
  }
  if (!take_token(detail)) {
    ++counters_.requests_limited;
    return refuse_request(
        slot, *request, wire::ctios::eServiceNotSupported,
        "too many requests: " + std::to_string(config_.requests_per_second) + " a second");
  }
  const wire::ArgumentsView arguments = request->arguments();
  const int line = line_of_request(slot, arguments);
  if (line < 0) {
    return refuse_request(slot, *request, wire::ctios::eUnknownObjectID,
                          "no line serves this PeripheralID");
  }
  Ask ask;
  ask.kind = AskKind::kRequest;
  ask.from = ref(slot);
  ask.request_id = request->id();
  ask.token = request->token();
  ask.request = static_cast<std::uint32_t>(request->request());
  ask.agent_key = detail.agent_key;
  ask.arguments.assign(arguments.bytes().begin(), arguments.bytes().end());
  Line& to = lines_[static_cast<std::size_t>(line)];
  const AskPush pushed =
      to.lane->push(std::move(ask), detail.shares[static_cast<std::size_t>(line)]);
  if (pushed == AskPush::kTaken) {
    to.asked = true;
    return;
  }
  ++counters_.requests_busy;
  refuse_request(slot, *request, wire::ctios::eServiceNotSupported,
                 pushed == AskPush::kShareFull ? "too many of your requests wait: try again"
                                               : "the server is busy: try again");
}

/// The line that the request is for: its object's, its PeripheralID's, or the session's own.
int FanoutReactor::line_of_request(std::uint32_t slot, const wire::ArgumentsView& arguments) const {
  if (lines_.size() == 1) return 0;
  if (const auto id = arguments.string(Keyword::UniqueObjectID)) {
    if (const auto parts = parse_object_id(*id)) return find_line(parts->peripheral);
  }
  if (const auto peripheral = arguments.integer(Keyword::PeripheralID)) {
    return *peripheral >= 0 && *peripheral <= UINT32_MAX
               ? find_line(static_cast<std::uint32_t>(*peripheral))
               : -1;
  }
  return sessions_[slot].detail->agent_line;
}

/// A bucket of requests_burst tokens that fills at requests_per_second.
bool FanoutReactor::take_token(SessionDetail& detail) {
  const Nanos each = Nanos(Seconds{1}) / config_.requests_per_second;
  const auto earned = (now_ - detail.tokens_at) / each;
  if (earned > 0) {
    detail.tokens = static_cast<std::uint32_t>(
        std::min<std::int64_t>(config_.requests_burst, std::int64_t{detail.tokens} + earned));
    detail.tokens_at = detail.tokens_at + each * earned;
  }
  if (detail.tokens == 0) return false;
  --detail.tokens;
  return true;
}

// ---- deadlines ----

/// One timer per session, at the earliest of its deadlines or before.
void FanoutReactor::arm(std::uint32_t slot, TimePoint at) {
  SessionDetail& detail = *sessions_[slot].detail;
  if (detail.timer && detail.timer_at <= at) return;
  if (detail.timer) timers_.cancel(detail.timer);
  detail.timer = timers_.arm(at, slot);
  detail.timer_at = at;
  CTI_CHECK(detail.timer);  // the wheel has a place for every slot
}

/// Arms the timer for the next deadline that the session's state has.
void FanoutReactor::schedule(std::uint32_t slot) {
  const Session& session = sessions_[slot];
  const SessionDetail& detail = *session.detail;
  if (session.state == SessionState::kOpening)
    return arm(slot, detail.opened + config_.handshake_timeout);
  if (session.state == SessionState::kClosing)
    return arm(slot, detail.closing_since + config_.close_timeout);
  if (session.state == SessionState::kClosed) return;
  if (detail.cutter.pending() > 0) arm(slot, detail.frame_since + config_.message_timeout);
  if (awaits_line(detail)) arm(slot, detail.asked_at + config_.answer_timeout);
  if (config_.heartbeat_interval > Nanos{0}) {
    arm(slot, detail.last_heard + config_.heartbeat_interval * (detail.heartbeats_sent + 1));
  }
}

bool FanoutReactor::awaits_line(const SessionDetail& detail) {
  return detail.image_pending && !detail.image;
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
  if (detail.cutter.pending() > 0 && now_ >= detail.frame_since + config_.message_timeout) {
    return close(slot, CloseReason::kFrameTimeout, "a frame was begun and not completed in time");
  }
  if (awaits_line(detail) && now_ >= detail.asked_at + config_.answer_timeout) {
    return close(slot, CloseReason::kOutOfResources, "the line did not answer in time");
  }
  const Nanos silence = now_ - detail.last_heard;
  if (config_.heartbeat_interval > Nanos{0} &&
      silence >= config_.heartbeat_interval * (detail.heartbeats_sent + 1)) {
    if (detail.heartbeats_sent >= config_.heartbeat_retries) {
      return close(slot, CloseReason::kHeartbeatMissed, "too long silent");
    }
    ++detail.heartbeats_sent;
    ++counters_.heartbeats_sent;
    wire::HeartbeatReqWriter question(scratch_, {.id = detail.heartbeats_sent});
    if (!append_private(slot, question.finish(), kNoLine)) return;
  }
  if (session.unsettled) enqueue(slot);
  schedule(slot);
}

// ---- ends ----

/// Says goodbye with a reason; the connection ends when that has been sent, or at close_timeout.
void FanoutReactor::close(std::uint32_t slot, CloseReason reason, std::string_view text,
                          std::uint32_t limit) {
  Session& session = sessions_[slot];
  if (session.state == SessionState::kFree || session.state >= SessionState::kClosing) return;
  ++counters_.closed_by_us[std::min<std::size_t>(static_cast<std::size_t>(reason),
                                                 counters_.closed_by_us.size() - 1)];
  note_session(slot, reason, text, limit);
  leave_feeds(slot);
  tell_lines_gone(slot);
  session.state = SessionState::kClosing;
  session.detail->closing_since = now_;
  io_.set_receiving({slot, session.generation}, false);
  wire::CloseWriter writer(scratch_, {.reason = reason});
  writer.arguments().add_string(Keyword::ErrorMessage, text);
  if (limit > 0) writer.arguments().add_uint("Limit", limit);
  if (!session.outbox.append(pool_, writer.finish())) return abandon(slot, core::CloseHow::kReset);
  arm(slot, now_ + config_.close_timeout);
  enqueue(slot);
}

/// Ends the connection without another word.
void FanoutReactor::abandon(std::uint32_t slot, core::CloseHow how) {
  Session& session = sessions_[slot];
  if (session.state == SessionState::kClosed) return;
  leave_feeds(slot);
  tell_lines_gone(slot);
  session.state = SessionState::kClosed;
  io_.close({slot, session.generation}, how);
}

/// The session gets no more updates. What it holds (channels, a place in the index) it keeps until closed().
void FanoutReactor::leave_feeds(std::uint32_t slot) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  for (std::uint16_t line = 0; line < lines_.size(); ++line) {
    leave_channel(slot, line);
    feed(slot, line).state = FeedState::kOff;
  }
  session.pushing = false;
  session.unsettled = false;
  // A run of an image that has been begun is finished first: frames are whole.
  if (session.source != SendSource::kImage && detail.image_offset >= detail.image_run_end)
    detail.image.reset();
}

void FanoutReactor::tell_lines_gone(std::uint32_t slot) {
  SessionDetail& detail = *sessions_[slot].detail;
  if (sessions_[slot].number == 0 || std::exchange(detail.told_gone, true)) return;
  for (Line& line : lines_) {
    line.lane->session_gone(ref(slot));
    line.asked = true;
  }
}

/// kClosed: nothing of the connection is in flight any more. The slot is free.
void FanoutReactor::closed(std::uint32_t slot) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  if (session.source == SendSource::kChannel) {
    channels_.at(feed(slot, session.send_line).channel).gate->leave(session.send_from);
  }
  session.source = SendSource::kNone;
  leave_feeds(slot);
  tell_lines_gone(slot);
  release_channels(slot);
  agents_.remove(slot);
  session.outbox.clear(pool_);
  if (detail.timer) timers_.cancel(detail.timer);
  if (detail.admitted) {
    admission_.leave(detail.address);
  } else if (refusals_ > 0) {
    --refusals_;
  }
  if (detail.counted_monitor) --monitors_;
  session.state = SessionState::kFree;
  session.detail.reset();
  --open_sessions_;
  ++counters_.ended;
}

}  // namespace cti::broker
