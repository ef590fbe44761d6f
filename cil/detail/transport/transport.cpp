// transport.cpp - the phases of a connection, from the name of a server to its loss, and what is alive meanwhile.
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
                     std::function<void()> wake, core::LookUp look_up)
    : io_(io), user_(user), random_(seed), wake_(std::move(wake)), look_up_(std::move(look_up)) {}

Bytes hello_of(const TransportConfig& config, MutableBytes buffer) {
  wire::HelloHeader header;
  header.features = wire::feature::kResume;
  header.heartbeat_ms = static_cast<std::uint32_t>(Millis(config.heartbeat).count());
  wire::HelloWriter hello(buffer.first(wire::limits::kHelloBytesMax), header);
  hello.arguments().add_string(Keyword::ClientID, config.client_id);
  if (config.beats) hello.arguments().add_int(wire::kBeatKey, int{kBeatWished.count()});
  return hello.finish();
}

void Transport::open(TransportConfig config) {
  CTI_CHECK(idle());
  config_ = std::move(config);
  side_ = static_cast<unsigned>(random_.below(2));
  retries_.reset();
  attempt();
}

void Transport::attempt() {
  CTI_CHECK(!connection_);
  CTI_CHECK(out_.idle() && control_bytes_ == 0);
  phase_ = Phase::kResolving;
  deadline_ = io_.now() + kAttemptMost;
  Name& name = names_[side_];
  if (!name.lookup || name.host != server().host)
    name = {server().host, look_up_(server().host, wake_)};
  resolve();
}

void Transport::resolve() {
  std::vector<std::string> addresses;
  std::string error;
  {
    const std::shared_ptr<core::Lookup>& lookup = names_[side_].lookup;
    CTI_CHECK(phase_ == Phase::kResolving && lookup);
    const std::lock_guard lock(lookup->mutex);
    if (!lookup->done) return;
    addresses = lookup->addresses;
    error = lookup->error;
  }
  names_[side_].lookup.reset();
  if (addresses.empty()) return lose(eConnectFail, server().host + ": " + error);
  connect(std::move(addresses));
}

void Transport::connect(std::vector<std::string> addresses) {
  if (retired_.size() >= kRetiredMax)
    return lose(eConnectFail, "earlier connections are not over yet");
  phase_ = Phase::kConnecting;
  race_.begin(std::move(addresses), server().port);
  run_race();
}

void Transport::run_race() {
  if (race_.run(io_, io_.now())) return;
  lose(eConnectFail, race_.error() ? std::generic_category().message(race_.error())
                                   : std::string("no connection slot is free"));
}

void Transport::greet() {
  phase_ = Phase::kGreeting;
  cutter_ = wire::SessionFrameCutter(wire::limits::kFrameBytesMax, wire::limits::kFrameBytesMax);
  std::array<std::byte, wire::limits::kHelloBytesMax> buffer;
  queue(hello_of(config_, buffer));
}

void Transport::on_completion(const core::Completion& completion) {
  if (completion.event == core::IoEvent::kClosed) {
    std::erase_if(retired_,
                  [&](const Retired& each) { return each.connection == completion.connection; });
  }
  if (race_.has(completion.connection)) {
    if (completion.event == core::IoEvent::kConnected) {
      race_.won(io_, completion.connection);
      connection_ = completion.connection;
      return greet();
    }
    if (completion.event != core::IoEvent::kClosed) return;
    race_.lost(completion.connection, completion.error);
    return run_race();
  }
  if (!connection_ || completion.connection != connection_) return;
  switch (completion.event) {
    case core::IoEvent::kReceived:
      return receive(completion.bytes);
    case core::IoEvent::kSent:
      out_.on_sent(completion.sent);
      return flush();
    case core::IoEvent::kWritable:
      out_.on_writable();
      return flush();
    case core::IoEvent::kClosed: {
      connection_ = {};
      out_.reset();  // the Io has finished with what was in flight
      control_bytes_ = 0;
      if (phase_ == Phase::kClosing) return hang_up(core::CloseHow::kReset), closed();
      const bool was_up = phase_ == Phase::kUp;
      const std::string why = completion.error ? std::generic_category().message(completion.error)
                                               : "closed by the server";
      CTI_CHECK(was_up || phase_ == Phase::kGreeting);
      return lose(eTransportError, why);
    }
    case core::IoEvent::kConnected:
    case core::IoEvent::kAccepted:
    case core::IoEvent::kWoken:
      return;
  }
}

void Transport::receive(Bytes bytes) {
  if (phase_ != Phase::kGreeting && phase_ != Phase::kUp) return;
  const core::ConnectionId from = connection_;
  silent_ = false;
  if (flow_) flow_->moved(io_.now());
  const auto cut = cutter_.feed(bytes, [&](Bytes frame) {
    progressed();
    if (!take(frame) && connection_ == from && from) {
      drop(CloseReason::kMalformed, "a frame that breaks the session protocol");
    }
    return connection_ == from && from && phase_ != Phase::kClosing;
  });
  if (!cut && connection_ == from && from)
    drop(CloseReason::kMalformed, wire::describe(cut.error()));
  if (connection_ != from || !from) return;
  if (cutter_.pending() == 0) {
    frame_due_ = kNever;
  } else if (frame_due_ == kNever) {
    frame_due_ = io_.now() + kFrameMost;
  }
}

/// A whole frame has come: the server is alive.
void Transport::progressed() {
  unanswered_ = 0;
  frame_due_ = kNever;  // what comes behind it has its own time
  heartbeat_due_ = io_.now() + config_.heartbeat;
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
      if (wire::frame_id(frame.data()) != wire::kBeatId) user_.on_heartbeat();
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
  up_since_ = io_.now();
  heartbeat_due_ = io_.now() + config_.heartbeat;
  const Millis beat{checked->arguments().integer(wire::kBeatKey).value_or(0)};
  if (config_.beats && beat >= wire::kBeatLeast && beat <= wire::kBeatMost)
    flow_.emplace(core::FlowBounds{beat, wire::kBeatMost}, io_.now());
  user_.on_up(server(), *checked);
  return true;
}

void Transport::take_close(Bytes frame) {
  const auto view = wire::CloseView::trusted(frame);
  std::string text(wire::name_of(view.reason()));
  if (const auto message = view.arguments().string(Keyword::ErrorMessage))
    text += ": " + std::string(*message);
  hang_up(core::CloseHow::kOrderly);
  const auto number = static_cast<std::uint32_t>(view.reason());
  switch (view.reason()) {
    case CloseReason::kVersionUnsupported:
      phase_ = Phase::kIdle;
      deadline_ = kNever;
      return user_.on_rejected(text);
    case CloseReason::kReplaced:  // coming back would throw the newcomer out, and so on for ever
    case CloseReason::kAuthenticationFailed:
      return give_up({server(), eOtherError, text, Follows::kNothing, number});
    case CloseReason::kHeartbeatMissed:
      return lose(eMissedHeartbeats, text, core::CloseHow::kOrderly, number);
    default:
      return lose(phase_ == Phase::kUp ? eTransportError : eOtherError, text,
                  core::CloseHow::kOrderly, number);
  }
}

void Transport::answer_heartbeat(std::uint64_t id) {
  std::array<std::byte, wire::kPrefixBytes> buffer;
  queue_control(wire::HeartbeatConfWriter(buffer, {id}).finish());
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
  queue_control(wire::HeartbeatReqWriter(buffer, {++heartbeat_id_}).finish());
}

/// Silence of the server, or our own: a handler took long, the process was stopped. Then what has come waits to be read, and
/// the next turn reads it before it comes here again.
void Transport::check_flow() {
  CTI_CHECK(up() && flow_);
  if (!std::exchange(silent_, true)) return;
  const Millis silence = std::chrono::duration_cast<Millis>(io_.now() - flow_->last());
  lose(eMissedHeartbeats, "no sign of life from the server for " +
                              std::to_string(silence.count()) + " ms");
}

bool Transport::tick() {
  bool worked = false;
  if (phase_ == Phase::kResolving) {
    resolve();
    worked = phase_ != Phase::kResolving;
  }
  const TimePoint now = io_.now();
  if (phase_ == Phase::kConnecting && now >= race_.next()) {
    run_race();
    worked = true;
  }
  if (now >= deadline_) {
    phase_due();
    worked = true;
  }
  if (up() && now >= frame_due_) {
    drop(CloseReason::kFrameTimeout, "a frame was begun and not completed in time");
    worked = true;
  }
  if (up() && flow_ && now >= flow_->silent_at()) {
    check_flow();
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

TimePoint Transport::next() const noexcept {
  if (up()) {
    const TimePoint silent = flow_ ? flow_->silent_at() : kNever;
    return std::min({heartbeat_due_, frame_due_, silent});
  }
  return phase_ == Phase::kConnecting ? std::min(deadline_, race_.next()) : deadline_;
}

void Transport::lose(ConnectionFailureReason reason, std::string text, core::CloseHow how,
                     std::uint32_t close_reason) {
  Loss loss{server(), reason, std::move(text), Follows::kRetry, close_reason};
  const bool was_up = up();
  hang_up(how);
  if (was_up) {
    retries_.life_ended(row(), io_.now(), io_.now() - up_since_);
  } else {
    retries_.attempt_failed();
  }
  if (!was_up && retries_max_ && retries_.failed() >= *retries_max_) {
    if (!config_.keep_trying) return give_up(std::move(loss));
    loss.follows = retries_.failed() == *retries_max_ ? Follows::kQuietRetry : Follows::kMoreQuiet;
  }
  const Server& last = config_.servers[side_];
  side_ ^= 1U;
  phase_ = Phase::kWaiting;
  deadline_ = io_.now() + retries_.pause(row(), server() != last, io_.now(), random_);
  user_.on_loss(loss);
}

void Transport::give_up(Loss loss) {
  loss.follows = Follows::kNothing;
  phase_ = Phase::kIdle;
  deadline_ = kNever;
  user_.on_loss(loss);
}

void Transport::drop(CloseReason reason, const std::string& text) {
  if (!connection_) return;
  std::array<std::byte, kCloseBytesMax> buffer;
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
    CTI_CHECK(!out_.idle());  // the connection ends when that has left
    return;
  }
  hang_up(core::CloseHow::kReset);
  closed();
}

void Transport::renew() {
  CTI_CHECK(up());
  std::array<std::byte, 64> buffer;
  queue(wire::CloseWriter(buffer, wire::CloseHeader{}).finish());
  hang_up(core::CloseHow::kOrderly);
  retries_.life_ended(row(), io_.now(), io_.now() - up_since_);
  attempt();
}

void Transport::abandon() {
  hang_up(core::CloseHow::kReset);
  phase_ = Phase::kIdle;
  deadline_ = kNever;
}

void Transport::closed() {
  phase_ = Phase::kIdle;
  deadline_ = kNever;
  user_.on_closed();
}

bool Transport::send(Bytes frame) {
  if (!up() || frame.empty() || out_.waiting() + frame.size() > kUnsentBytesMax) return false;
  queue(frame);
  return true;
}

void Transport::queue(Bytes frame) {
  const bool room = out_.append(frame);
  CTI_CHECK(room && !frame.empty());  // kWaitingBytesMax is the sum of what each caller keeps to
  flush();
}

/// Heartbeats and their answers: few, unless the server asks and asks and reads none of the answers.
void Transport::queue_control(Bytes frame) {
  if (control_bytes_ + frame.size() > kControlBytesMax)
    return lose(eOtherError, "the server does not read what it is sent");
  control_bytes_ += frame.size();
  queue(frame);
}

/// Sends what waits, if nothing is on its way; when all has left and we are closing, that was the goodbye.
void Transport::flush() {
  if (!connection_) return;
  out_.pump(io_, connection_);
  if (out_.waiting() == 0) control_bytes_ = 0;
  if (out_.idle() && phase_ == Phase::kClosing) io_.close(connection_, core::CloseHow::kOrderly);
}

/// Forgets the connection: whatever is still reported of it is ignored.
void Transport::hang_up(core::CloseHow how) {
  race_.end(io_);
  if (connection_) io_.close(connection_, how);
  // The Io may still read the bytes in flight until kClosed: they are kept, out of use, until then.
  if (out_.in_flight()) {
    CTI_CHECK(connection_ && retired_.size() < kRetiredMax);
    retired_.push_back({connection_, std::move(out_)});
    out_ = core::SendBuffer(kWaitingBytesMax, core::SendBuffer::Memory::kGrows);
  }
  out_.reset();
  connection_ = {};
  control_bytes_ = 0;
  unanswered_ = 0;
  flow_.reset();
  silent_ = false;
  frame_due_ = kNever;
}

void Transport::invariants() const {
  CTI_CHECK(side_ < 2);
  CTI_CHECK(out_.waiting() <= kWaitingBytesMax);
  CTI_CHECK(control_bytes_ <= kControlBytesMax && control_bytes_ <= out_.waiting());
  CTI_CHECK(connection_ || out_.idle());
  CTI_CHECK(retired_.size() <= kRetiredMax);
  CTI_CHECK(frame_due_ == kNever || cutter_.pending() > 0);
  switch (phase_) {
    case Phase::kIdle:
      CTI_CHECK(!connection_ && deadline_ == kNever);
      break;
    case Phase::kWaiting:
    case Phase::kResolving:
      CTI_CHECK(!connection_ && deadline_ != kNever);
      break;
    case Phase::kConnecting:
      CTI_CHECK(!connection_ && !race_.over() && deadline_ != kNever);
      break;
    case Phase::kGreeting:
    case Phase::kClosing:
      CTI_CHECK(connection_ && deadline_ != kNever);
      break;
    case Phase::kUp:
      CTI_CHECK(connection_ && deadline_ == kNever && heartbeat_due_ != kNever);
      break;
  }
  CTI_CHECK(!flow_ || (config_.beats && (phase_ == Phase::kUp || phase_ == Phase::kClosing)));
  CTI_CHECK(!silent_ || flow_);
  CTI_CHECK(phase_ != Phase::kResolving || names_[side_].lookup);
  CTI_CHECK(phase_ == Phase::kConnecting || race_.over());
}

}  // namespace cti::cil::detail
