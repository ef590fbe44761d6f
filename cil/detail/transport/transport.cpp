#include "cil/detail/transport/transport.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>
#include <utility>

namespace cti::cil::detail {

using wire::CloseReason;
using wire::FrameType;
using wire::Keyword;
using namespace wire::ctios;

Transport::Transport(core::Io& io, TransportUser& user, std::uint64_t seed,
                     std::function<void()> wake)
    : io_(io), user_(user), random_(seed), wake_(std::move(wake)) {}

void Transport::open(TransportConfig config) {
  CTI_CHECK(idle());
  config_ = std::move(config);
  side_ = static_cast<unsigned>(random_.below(2));
  failures_ = 0;
  attempt();
}

void Transport::attempt() {
  phase_ = Phase::kResolving;
  deadline_ = io_.now() + kAttemptMost;
  lookup_ = look_up(server().host, wake_);
  resolve();
}

void Transport::resolve() {
  std::string address;
  std::string error;
  {
    const std::lock_guard lock(lookup_->mutex);
    if (!lookup_->done) return;
    address = lookup_->address;
    error = lookup_->error;
  }
  lookup_.reset();
  if (address.empty()) return lose(eConnectFail, server().host + ": " + error);
  connect(address);
}

void Transport::connect(const std::string& address) {
  connection_ = io_.connect({address, server().port});
  if (!connection_) return lose(eConnectFail, "no connection slot is free");
  phase_ = Phase::kConnecting;
}

void Transport::greet() {
  phase_ = Phase::kGreeting;
  cutter_ = wire::SessionFrameCutter(wire::limits::kFrameBytesMax, wire::limits::kFrameBytesMax);
  std::array<std::byte, wire::limits::kHelloBytesMax> buffer;
  wire::HelloHeader header;
  header.features = wire::feature::kResume;
  header.heartbeat_ms = static_cast<std::uint32_t>(Millis(config_.heartbeat).count());
  wire::HelloWriter hello(buffer, header);
  hello.arguments().add_string(Keyword::ClientID, config_.client_id);
  queue(hello.finish());
}

void Transport::on_completion(const core::Completion& completion) {
  if (!connection_ || completion.connection != connection_) return;
  switch (completion.event) {
    case core::IoEvent::kConnected:
      return greet();
    case core::IoEvent::kReceived:
      return receive(completion.bytes);
    case core::IoEvent::kSent:
      sending_ = false;
      in_flight_done_ += completion.sent;
      if (in_flight_done_ == in_flight_.size())
        flush();  // else the socket is full: kWritable comes
      return;
    case core::IoEvent::kWritable:
      return flush();
    case core::IoEvent::kClosed: {
      connection_ = {};
      if (phase_ == Phase::kClosing) return closed();
      const bool was_up = phase_ == Phase::kUp;
      const std::string why = completion.error ? std::generic_category().message(completion.error)
                                               : "closed by the server";
      return lose(was_up || phase_ == Phase::kGreeting ? eTransportError : eConnectFail, why);
    }
    case core::IoEvent::kAccepted:
    case core::IoEvent::kWoken:
      return;
  }
}

void Transport::receive(Bytes bytes) {
  if (phase_ != Phase::kGreeting && phase_ != Phase::kUp) return;
  heard_ = io_.now();
  unanswered_ = 0;
  heartbeat_due_ = heard_ + config_.heartbeat;
  const core::ConnectionId from = connection_;
  const auto cut = cutter_.feed(bytes, [&](Bytes frame) {
    if (!take(frame) && connection_ == from && from) {
      drop(CloseReason::kMalformed, "a frame that breaks the session protocol");
    }
    return connection_ == from && from && phase_ != Phase::kClosing;
  });
  if (!cut && connection_ == from && from)
    drop(CloseReason::kMalformed, wire::describe(cut.error()));
}

bool Transport::take(Bytes frame) {
  const auto type = static_cast<FrameType>(wire::frame_type(frame.data()));
  if (type == FrameType::kClose) {
    if (!wire::CloseView::check(frame)) return false;
    take_close(frame);
    return true;
  }
  if (phase_ == Phase::kGreeting) return type == FrameType::kWelcome && welcome(frame);
  switch (type) {
    case FrameType::kHeartbeatReq:
      answer_heartbeat(wire::frame_id(frame.data()));
      return true;
    case FrameType::kHeartbeatConf:
      user_.on_heartbeat();
      return true;
    case FrameType::kWelcome:
      return false;
    default:
      return wire::server_may_send(type) && user_.on_frame(frame);
  }
}

bool Transport::welcome(Bytes frame) {
  const auto checked = wire::WelcomeView::check(frame);
  if (!checked || checked->version() != wire::kSessionVersion) return false;
  phase_ = Phase::kUp;
  deadline_ = kNever;
  failures_ = 0;
  heartbeat_due_ = io_.now() + config_.heartbeat;
  user_.on_up(server(), *checked);
  return true;
}

void Transport::take_close(Bytes frame) {
  const auto view = wire::CloseView::trusted(frame);
  std::string text(wire::name_of(view.reason()));
  if (const auto message = view.arguments().string(Keyword::ErrorMessage))
    text += ": " + std::string(*message);
  hang_up(core::CloseHow::kOrderly);
  switch (view.reason()) {
    case CloseReason::kVersionUnsupported:
      phase_ = Phase::kIdle;
      return user_.on_rejected(text);
    case CloseReason::kReplaced:  // coming back would throw the newcomer out, and so on for ever
    case CloseReason::kAuthenticationFailed:
      return give_up({server(), eOtherError, text, true});
    case CloseReason::kHeartbeatMissed:
      return lose(eMissedHeartbeats, text);
    default:
      return lose(phase_ == Phase::kUp ? eTransportError : eOtherError, text);
  }
}

void Transport::answer_heartbeat(std::uint64_t id) {
  std::array<std::byte, wire::kPrefixBytes> buffer;
  queue(wire::HeartbeatConfWriter(buffer, {id}).finish());
}

void Transport::check_heartbeat() {
  if (unanswered_ > 0) {
    if (unanswered_ >= config_.max_heartbeats) {
      return lose(eMissedHeartbeats, "no sign of life from the server");
    }
    user_.on_missing_heartbeat(unanswered_);
    if (!up()) return;  // the handler's reaction
  }
  ++unanswered_;
  heartbeat_due_ = io_.now() + config_.heartbeat;
  std::array<std::byte, wire::kPrefixBytes> buffer;
  queue(wire::HeartbeatReqWriter(buffer, {++heartbeat_id_}).finish());
}

bool Transport::tick() {
  bool worked = false;
  if (phase_ == Phase::kResolving && lookup_) {
    resolve();
    worked = lookup_ == nullptr;
  }
  const TimePoint now = io_.now();
  if (now >= deadline_) {
    phase_due();
    worked = true;
  }
  if (up() && now >= heartbeat_due_) {
    check_heartbeat();
    worked = true;
  }
  return worked;
}

void Transport::phase_due() {
  deadline_ = kNever;
  switch (phase_) {
    case Phase::kWaiting:
      return attempt();
    case Phase::kResolving:
      lookup_.reset();
      return lose(eConnectFail, server().host + ": its name is not answered in time");
    case Phase::kConnecting:
    case Phase::kGreeting:
      return lose(eConnectFail, "no welcome in time");
    case Phase::kClosing:
      hang_up(core::CloseHow::kReset);
      return closed();
    case Phase::kIdle:
    case Phase::kUp:
      return;
  }
}

TimePoint Transport::next() const noexcept { return up() ? heartbeat_due_ : deadline_; }

void Transport::lose(ConnectionFailureReason reason, std::string text, core::CloseHow how) {
  Loss loss{server(), reason, std::move(text), false};
  const bool was_up = up();
  hang_up(how);
  if (!was_up) ++failures_;
  if (!was_up && retries_max_ && failures_ >= *retries_max_) {
    loss.final_attempt = true;
    return give_up(std::move(loss));
  }
  side_ ^= 1U;
  phase_ = Phase::kWaiting;
  // After a loss, and after the first failure, the other side is tried at once.
  Nanos pause{0};
  if (failures_ > 1) {
    pause = std::min<Nanos>(Nanos(kRetryFirst) * (1LL << std::min(failures_ - 2, 10U)), kRetryMost);
    pause += Nanos(random_.between(0, pause.count() / 4));
  }
  deadline_ = io_.now() + pause;
  user_.on_loss(loss);
}

void Transport::give_up(Loss loss) {
  loss.final_attempt = true;
  phase_ = Phase::kIdle;
  deadline_ = kNever;
  user_.on_loss(loss);
}

void Transport::drop(CloseReason reason, const std::string& text) {
  if (!connection_) return;
  std::array<std::byte, 1024> buffer;
  wire::CloseHeader header;
  header.reason = reason;
  wire::CloseWriter close(buffer, header);
  close.arguments().add_string(Keyword::ErrorMessage, std::string_view(text).substr(0, 512));
  queue(close.finish());  // best effort: it leaves when nothing else is in flight
  lose(eOtherError, text, core::CloseHow::kOrderly);
}

void Transport::close() {
  if (phase_ == Phase::kUp || phase_ == Phase::kGreeting) {
    std::array<std::byte, 64> buffer;
    queue(wire::CloseWriter(buffer, wire::CloseHeader{}).finish());
    phase_ = Phase::kClosing;
    deadline_ = io_.now() + kCloseMost;
    if (!sending_ && in_flight_.empty()) io_.close(connection_, core::CloseHow::kOrderly);
    return;
  }
  hang_up(core::CloseHow::kReset);
  closed();
}

void Transport::closed() {
  lookup_.reset();
  phase_ = Phase::kIdle;
  deadline_ = kNever;
  user_.on_closed();
}

bool Transport::send(Bytes frame) {
  if (!up() || frame.empty() || unsent_.size() + frame.size() > kUnsentBytesMax) return false;
  queue(frame);
  return true;
}

void Transport::queue(Bytes frame) {
  unsent_.insert(unsent_.end(), frame.begin(), frame.end());
  if (!sending_ && in_flight_.empty()) flush();
}

/// Sends what is left of the buffer in flight, else the next buffer.
void Transport::flush() {
  if (sending_ || !connection_) return;
  if (in_flight_done_ == in_flight_.size()) {
    in_flight_.clear();
    in_flight_done_ = 0;
    in_flight_.swap(unsent_);
  }
  if (in_flight_.empty()) {
    if (phase_ == Phase::kClosing) io_.close(connection_, core::CloseHow::kOrderly);
    return;
  }
  sending_ = true;
  io_.send(connection_, Bytes(in_flight_).subspan(in_flight_done_));
}

/// Forgets the connection: whatever is still reported of it is ignored.
void Transport::hang_up(core::CloseHow how) {
  if (connection_) io_.close(connection_, how);
  connection_ = {};
  unsent_.clear();
  // The Io may still read the bytes in flight until kClosed: keep them, out of use, until the next connection.
  if (sending_) retired_.swap(in_flight_);
  in_flight_.clear();
  in_flight_done_ = 0;
  sending_ = false;
  unanswered_ = 0;
}

}  // namespace cti::cil::detail
