// fanout_input.cpp - what clients send, and when nothing more is read from them.
#include "broker/fanout/fanout.hpp"
#include "broker/meet/rights.hpp"
#include "broker/model/object_id.hpp"
#include "core/base/preempt.hpp"
#include "core/log.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/session_beat.hpp"

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
  if (tracing_) [[unlikely]] trace(slot, TraceKind::kFromClient, bytes);
  if (detail.paused) return pause(slot, bytes);  // it was on its way when reading was stopped
  const std::size_t was_pending = detail.cutter.pending();
  bool any = false;
  std::size_t looked_at = 0;  // of `bytes`, when a frame was the last for now
  const auto fed = detail.cutter.feed(bytes, [&](Bytes frame) {
    any = true;
    if (!on_frame(slot, frame)) return false;
    if (!owes_much(session)) return true;
    // Where the frame ends in the chunk; one that straddled it lies elsewhere, and was the chunk's first.
    const bool here = frame.data() >= bytes.data() && frame.data() < bytes.data() + bytes.size();
    looked_at = here ? static_cast<std::size_t>(frame.data() - bytes.data()) + frame.size()
                     : frame.size() - was_pending;
    return false;
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
  if (looked_at > 0) return pause(slot, bytes.subspan(looked_at));
  if (detail.cutter.pending() > 0 && (any || was_pending == 0)) {
    detail.frame_since = now_;  // a deadline for the frame, however its bytes drip in (C2)
    arm(slot, now_ + config_.message_timeout);
  }
}

// ---- what it is owed (C20) ----

/// It has asked for as much as it may without having read the answers.
bool FanoutReactor::owes_much(const Session& session) const noexcept {
  return session.detail->in_flight >= config_.requests_in_flight_max ||
         session.stream.bytes() > config_.outbox_bytes_max / 2 ||
         session.stream.blocks(pool_) > blocks_max() / 2;
}

/// Nothing more is read from it, and what has been is kept, until it has read or been answered. The kernel's buffers make
/// the other side wait.
void FanoutReactor::pause(std::uint32_t slot, Bytes rest) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  if (detail.unread.size() + rest.size() > kUnreadBytesMax) {
    return close(slot, CloseReason::kOutOfResources, "more came than was asked for",
                 static_cast<std::uint32_t>(kUnreadBytesMax));
  }
  if (unread_bytes_ + rest.size() > kAllUnreadBytesMax) {
    return close(slot, CloseReason::kOutOfResources,
                 "too much has come from all sessions together that could not be looked at yet",
                 static_cast<std::uint32_t>(kAllUnreadBytesMax));
  }
  detail.unread.insert(detail.unread.end(), rest.begin(), rest.end());
  unread_bytes_ += rest.size();
  if (std::exchange(detail.paused, true)) return;
  detail.paused_since = now_;
  ++counters_.pauses;
  io_.set_receiving(detail.connection, false);
  session.unsettled = true;
  arm(slot, now_ + config_.answer_timeout);
  enqueue(slot);
}

void FanoutReactor::forget_unread(SessionDetail& detail) noexcept {
  CTI_CHECK(detail.unread.size() <= unread_bytes_);
  unread_bytes_ -= detail.unread.size();
  detail.unread.clear();
}

/// Half of what stopped it is done: what was kept is looked at, and more is read when nothing of it is left.
void FanoutReactor::go_on_reading(std::uint32_t slot) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  if (detail.in_flight > config_.requests_in_flight_max / 2 ||
      session.stream.bytes() > config_.outbox_bytes_max / 4 ||
      session.stream.blocks(pool_) > blocks_max() / 4) {
    return;
  }
  detail.paused = false;
  detail.last_heard = now_;  // it has not been listened to
  std::vector<std::byte> kept;
  kept.swap(detail.unread);
  unread_bytes_ -= kept.size();
  received(slot, kept);
  // Not before: what is kept may stop it again at once, and whoever pipelines would be read from in each of those rounds.
  if (session.state < SessionState::kClosing && !detail.paused)
    io_.set_receiving(detail.connection, true);
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
      detail.left = true;
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
  if (!grants(detail, hello->role())) {
    return close(slot, CloseReason::kNotAllowed,
                 "the role " + std::string(name_of(hello->role())) + " needs a right to it");
  }
  detail.claim = hello->role();
  detail.client =
      core::log::escaped(hello->arguments().string("ClientID").value_or(""), kClientNameBytesMax);
  detail.cutter.set_limit(wire::limits::kClientFrameBytesMax);
  detail.last_heard = now_;
  begin_beats(detail, hello->arguments().integer(wire::kBeatKey).value_or(0));
  session.number = admission_.next_number();
  session.state = SessionState::kWelcomed;
  ++counters_.welcomed;
  audit(slot, "session has begun");
  send_welcome(slot, hello->features() & wire::feature::kResume);
  send_status(slot);
  schedule(slot);
}

/// Whether what a Hello claims to be is granted. A peer will prove itself on a port of its own.
bool FanoutReactor::grants(const SessionDetail& detail, wire::Role claim) const {
  if (claim == wire::Role::kClient) return true;
  const std::string host = io_.peer(detail.connection).host;
  const auto& hosts = config_.edge_hosts;
  return claim == wire::Role::kEdge && std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

// ---- requests ----

void FanoutReactor::on_request(std::uint32_t slot, Bytes frame) {
  Session& session = sessions_[slot];
  SessionDetail& detail = *session.detail;
  const auto request = wire::RequestView::check(frame);
  if (!request.ok()) {
    return close(slot, CloseReason::kMalformed, describe(request.error()), request.error().limit);
  }
  ++counters_.requests;
  ++detail.requests;
  if (session.state == SessionState::kWelcomed &&
      may_ask(role_of(principal(slot)), request->request()).none()) {
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
  ask.arguments.assign(arguments.bytes().begin(), arguments.bytes().end());
  Line& to = lines_[static_cast<std::size_t>(line)];
  may_be_preempted();
  const AskPush pushed =
      to.lane->push(std::move(ask), detail.shares[static_cast<std::size_t>(line)]);
  if (pushed == AskPush::kTaken) {
    ++detail.in_flight;
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

}  // namespace cti::broker
