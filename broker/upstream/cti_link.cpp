#include "broker/upstream/cti_link.hpp"

#include "wire/ged188/enums.hpp"
#include "wire/ged188/session.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

namespace ged = wire::ged188;

namespace {

constexpr std::uint32_t kUnassignedServices = 0x200;
constexpr std::uint32_t kStatusServerOffline = 15;
constexpr std::uint32_t kStatusInvalidServiceMask = 19;
constexpr std::size_t kHeartbeatBytes = 64;
constexpr std::uint32_t kSessionTypesSince = 24;
constexpr std::uint16_t kStandby = 2;  // SessionType: answers nothing but heartbeats

std::string side_name(std::uint32_t side) { return side == 0 ? "side A" : "side B"; }

}  // namespace

CtiLink::CtiLink(const LinkConfig& config, core::Random& random, LineStatus& status)
    : config_(config),
      random_(random),
      status_(status),
      out_(config.send_buffer_bytes),
      services_(config.services) {
  CTI_CHECK(!config_.sides.empty() && config_.sides.size() <= 2);
  CTI_CHECK(!config_.pauses.empty());
}

void CtiLink::set_state(State state) {
  state_ = state;
  switch (state) {
    case State::kIdle:
    case State::kStopped:
      return status_.set_link_state(LinkState::kIdle);
    case State::kConnecting:
      return status_.set_link_state(LinkState::kConnecting);
    case State::kOpening:
      return status_.set_link_state(LinkState::kOpening);
    case State::kUp:
      return status_.set_link_state(LinkState::kUp);
    case State::kClosing:
    case State::kBackoff:
      return status_.set_link_state(LinkState::kBackoff);
  }
}

void CtiLink::start(core::Io& io) {
  CTI_CHECK(state_ == State::kIdle);
  io_ = &io;
  now_ = io.now();
  connect_now();
}

void CtiLink::stop() {
  if (state_ == State::kUp) {
    const MutableBytes room = out_.claim(kHeartbeatBytes);
    if (!room.empty()) {
      const auto frame =
          ged::CloseReqEncoder(room, config_.version, {.invoke_id = next_own_id()}).finish();
      if (frame.ok()) out_.commit(frame->size());
    }
    out_.pump(*io_, connection_);
  }
  const bool connected = static_cast<bool>(connection_) && state_ != State::kClosing;
  set_state(State::kStopped);
  deadline_ = kNever;
  if (connected) io_->close(connection_, core::CloseHow::kOrderly);
}

void CtiLink::connect_now() {
  ++counters_.connects;
  status_.set_side(side_);
  cutter_ = {};
  bad_in_a_row_ = 0;
  receiving_ = true;
  set_state(State::kConnecting);
  deadline_ = now_ + config_.connect_timeout;
  connection_ = io_->connect(config_.sides[std::min<std::size_t>(side_, config_.sides.size() - 1)]);
  if (!connection_) {
    ++counters_.connects_failed;
    cause_ = "no connection slot is free";
    next_try();
  }
}

// The connection is gone: the other side of this round, or a pause and then a new round.
void CtiLink::next_try() {
  connection_ = {};
  if (tries_left_ > 1) {
    --tries_left_;
    side_ ^= 1U;
    return connect_now();
  }
  const std::size_t index = std::min<std::size_t>(round_, config_.pauses.size() - 1);
  const std::int64_t pause = config_.pauses[index].count();
  const auto extra = static_cast<std::int64_t>(static_cast<double>(pause) * config_.jitter);
  const Nanos wait{round_ == 0 ? random_.between(0, pause) : pause + random_.between(0, extra)};
  ++round_;
  tries_left_ = 2;
  side_ ^= 1U;
  set_state(State::kBackoff);
  deadline_ = now_ + wait;
}

LinkEvent CtiLink::on_completion(const core::Completion& completion) {
  now_ = io_->now();
  switch (completion.event) {
    case core::IoEvent::kConnected:
      if (state_ != State::kConnecting) return LinkEvent::kNone;
      set_state(State::kOpening);
      deadline_ = now_ + config_.open_timeout;
      send_open();
      return LinkEvent::kNone;
    case core::IoEvent::kSent:
      out_.on_sent(completion.sent);
      return LinkEvent::kNone;
    case core::IoEvent::kWritable:
      out_.on_writable();
      return LinkEvent::kNone;
    case core::IoEvent::kClosed:
      return closed(completion.error);
    default:
      return LinkEvent::kNone;
  }
}

LinkEvent CtiLink::closed(std::int32_t error) {
  out_.reset();
  const State before = state_;
  connection_ = {};
  if (before == State::kStopped) return LinkEvent::kNone;
  if (before == State::kUp) {
    const LinkEvent down = drop(
        side_name(side_) + " closed the connection (error " + std::to_string(error) + ")", false);
    next_try();
    return down;
  }
  if (before == State::kConnecting) {
    ++counters_.connects_failed;
    cause_ = side_name(side_) + " refused the connection (error " + std::to_string(error) + ")";
  } else if (before == State::kOpening) {
    ++counters_.opens_refused;
    cause_ = side_name(side_) + " closed the connection instead of opening a session";
  }
  next_try();
  return LinkEvent::kNone;
}

LinkEvent CtiLink::drop(std::string why, bool other_side_first) {
  const bool was_up = state_ == State::kUp;
  cause_ = std::move(why);
  if (was_up) {
    ++counters_.losses;
    status_.set_cti_server_online(false);
    if (now_ - up_since_ >= config_.stable_after) round_ = 0;
    // next_try() turns to the other side: so this one comes first when it was good.
    tries_left_ = 3;
    if (!other_side_first) side_ ^= 1U;
    if (now_ - up_since_ < config_.stable_after) tries_left_ = 1;
  }
  if (connection_) {
    set_state(State::kClosing);
    deadline_ = kNever;
    io_->close(connection_, core::CloseHow::kReset);
  }
  return was_up ? LinkEvent::kDown : LinkEvent::kNone;
}

LinkEvent CtiLink::give_up(std::string why) {
  now_ = io_->now();
  return drop(std::move(why), true);
}

void CtiLink::send_open() {
  open_id_ = next_own_id();
  const MutableBytes room = out_.claim(ged::limits::kMessageBytesMax);
  const auto frame = ged::OpenReqEncoder(room, config_.version,
                                         {.invoke_id = open_id_,
                                          .version_number = config_.version,
                                          .idle_timeout = idle_timeout_s(),
                                          .peripheral_id = config_.peripheral_id,
                                          .services_requested = services_,
                                          .call_msg_mask = config_.call_mask,
                                          .agent_state_mask = config_.agent_mask,
                                          .config_msg_mask = config_.config_mask})
                         .client_id(config_.client_id)
                         .client_password(as_bytes(config_.client_password))
                         .client_signature(config_.client_signature)
                         .finish();
  if (!frame.ok()) {  // only a configuration can cause it: the deadline of the open will tell
    cause_ = "OPEN_REQ cannot be written: " + frame.error().text();
    return;
  }
  out_.commit(frame->size());
}

void CtiLink::send_heartbeat() {
  const MutableBytes room = out_.claim(kHeartbeatBytes);
  ++heartbeats_open_;
  last_heartbeat_ = now_;
  if (room.empty()) {
    ++counters_.send_refused;
    return;
  }
  const auto frame =
      ged::HeartbeatReqEncoder(room, config_.version, {.invoke_id = next_own_id()}).finish();
  CTI_CHECK(frame.ok());
  out_.commit(frame->size());
  last_sent_ = now_;
  ++counters_.heartbeats_sent;
}

std::uint32_t CtiLink::idle_timeout_s() const noexcept {
  if (config_.idle_timeout_s != 0) return config_.idle_timeout_s;
  const auto seconds = std::chrono::duration_cast<Seconds>(config_.heartbeat_interval * 4).count();
  if (seconds <= 0) return UINT32_MAX;  // no heartbeats: no idle supervision either
  return std::max<std::uint32_t>(20, static_cast<std::uint32_t>(seconds));
}

MutableBytes CtiLink::claim(std::size_t bytes) {
  if (state_ != State::kUp) return {};
  const MutableBytes room = out_.claim(bytes);
  if (room.empty()) ++counters_.send_refused;
  return room;
}

void CtiLink::commit(std::size_t bytes) {
  out_.commit(bytes);
  last_sent_ = now_;
}

void CtiLink::flush() {
  if (!connection_ || state_ == State::kConnecting || state_ == State::kClosing) return;
  out_.pump(*io_, connection_);
}

void CtiLink::set_receiving(bool on) {
  if (on == receiving_ || state_ != State::kUp) return;
  receiving_ = on;
  io_->set_receiving(connection_, on);
}

CtiLink::Verdict CtiLink::opening_frame(std::uint32_t message_type, Bytes body) {
  switch (static_cast<ged::MessageType>(message_type)) {
    case ged::MessageType::kOpenConf: {
      const auto conf = ged::OpenConfView::decode(body, config_.version);
      if (!conf.ok()) {
        ++counters_.opens_malformed;
        drop(side_name(side_) + " answered OPEN_REQ with: " + conf.error().text(), true);
        return Verdict::kDown;
      }
      if (conf->invoke_id() != open_id_) return Verdict::kConsumed;  // of an older try: not ours
      if (config_.version >= kSessionTypesSince && conf->session_type() == kStandby) {
        ++counters_.opens_refused;
        drop(side_name(side_) + " is the standby side", true);
        return Verdict::kDown;
      }
      services_granted_ = conf->services_granted();
      pg_status_ = conf->pg_status();
      peripheral_online_ = conf->peripheral_online() != 0;
      peripheral_type_ = static_cast<std::uint16_t>(conf->peripheral_type());
      ++counters_.sessions;
      heartbeats_open_ = 0;
      up_since_ = last_heartbeat_ = last_received_ = now_;
      deadline_ = kNever;
      set_state(State::kUp);
      status_.set_cti_server_online(true);
      return Verdict::kUp;
    }
    case ged::MessageType::kFailureConf: {
      const auto failure = ged::FailureConfView::decode(body, config_.version);
      return open_refused(failure.ok() ? failure->status() : 0);
    }
    case ged::MessageType::kFailureEvent:
      return open_refused(kStatusServerOffline);
    default:
      return Verdict::kConsumed;
  }
}

CtiLink::Verdict CtiLink::open_refused(std::uint32_t status) {
  ++counters_.opens_refused;
  if (status == kStatusInvalidServiceMask) services_ &= ~kUnassignedServices;
  drop(side_name(side_) + " refused the session: " +
           std::string(ged::name_of(ged::StatusCode{status})) + " (" + std::to_string(status) + ")",
       true);
  return Verdict::kDown;
}

CtiLink::Verdict CtiLink::session_frame(std::uint32_t message_type, Bytes body) {
  if (state_ == State::kOpening) return opening_frame(message_type, body);
  if (state_ != State::kUp) return Verdict::kConsumed;
  switch (static_cast<ged::MessageType>(message_type)) {
    case ged::MessageType::kHeartbeatConf:
      heartbeats_open_ = 0;
      return Verdict::kConsumed;
    case ged::MessageType::kOpenConf:
    case ged::MessageType::kCloseConf:
      return Verdict::kConsumed;
    case ged::MessageType::kFailureEvent: {
      const auto failure = ged::FailureEventView::decode(body, config_.version);
      if (!failure.ok() || failure->status() != kStatusServerOffline) return Verdict::kPass;
      ++counters_.server_failures;
      drop(side_name(side_) + " says that it goes out of service", true);
      return Verdict::kDown;
    }
    case ged::MessageType::kFailureConf: {
      const auto failure = ged::FailureConfView::decode(body, config_.version);
      // One of our own ids: the answer to a heartbeat of a server that goes out of service.
      if (!failure.ok() || failure->invoke_id() < kOwnInvokeIds) return Verdict::kPass;
      ++counters_.server_failures;
      drop(side_name(side_) + " refused a heartbeat", true);
      return Verdict::kDown;
    }
    default:
      return Verdict::kPass;
  }
}

// A length above the limit: nobody can tell where the next frame begins.
void CtiLink::refuse_stream(const wire::DecodeError& error) {
  ++counters_.oversize_resets;
  drop(side_name(side_) + " sent a header that cannot be: " + error.text(), true);
}

LinkEvent CtiLink::note_bad_frame(const wire::DecodeError& error) {
  ++counters_.bad_frames;
  if (++bad_in_a_row_ < config_.bad_frames_max) return LinkEvent::kNone;
  ++counters_.bad_frame_resets;
  return drop(side_name(side_) + " sent too many bad frames in a row, the last: " + error.text(),
              true);
}

TimePoint CtiLink::heartbeat_due() const noexcept {
  if (config_.heartbeat_interval <= Nanos{0}) return kNever;
  // Silence of either side counts: a server that takes our requests and answers nothing is dead too.
  const TimePoint quiet_since =
      heartbeats_open_ > 0 ? last_heartbeat_ : std::min(last_sent_, last_received_);
  return std::max(quiet_since, last_heartbeat_) + config_.heartbeat_interval;
}

LinkEvent CtiLink::heartbeat_clock() {
  if (now_ < heartbeat_due()) return LinkEvent::kNone;
  if (heartbeats_open_ >= config_.heartbeats_max) {
    ++counters_.heartbeat_deaths;
    return drop(
        side_name(side_) + " left " + std::to_string(heartbeats_open_) + " heartbeats unanswered",
        true);
  }
  send_heartbeat();
  return LinkEvent::kNone;
}

LinkEvent CtiLink::on_clock(TimePoint now) {
  now_ = now;
  if (state_ == State::kUp) return heartbeat_clock();
  if (now < deadline_) return LinkEvent::kNone;
  switch (state_) {
    case State::kBackoff:
      connect_now();
      break;
    case State::kConnecting:
      ++counters_.connects_failed;
      drop(side_name(side_) + " did not take the connection in time", true);
      break;
    case State::kOpening:
      ++counters_.opens_timed_out;
      drop(side_name(side_) + " did not answer OPEN_REQ in time", true);
      break;
    default:
      deadline_ = kNever;
  }
  return LinkEvent::kNone;
}

TimePoint CtiLink::next_deadline() const noexcept {
  return state_ == State::kUp ? heartbeat_due() : deadline_;
}

}  // namespace cti::broker
