// cti_link.cpp - the state machine of the session: tries, opens, heartbeats, and which side comes next.
#include "broker/upstream/cti_link.hpp"

#include "wire/ged188/enums.hpp"
#include "wire/ged188/session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace cti::broker {

namespace ged = wire::ged188;

namespace {

constexpr std::uint32_t kUnassignedServices = 0x200;
constexpr std::uint32_t kStatusServerOffline = 15;
constexpr std::uint32_t kStatusInvalidServiceMask = 19;
constexpr std::size_t kHeartbeatBytes = 64;
constexpr std::uint32_t kSessionTypesSince = 24;
constexpr std::uint16_t kStandby = 2;  // SessionType: answers nothing but heartbeats

/// A side whose sessions live shorter than so many times stable_after, so often in a row, is not the better one.
constexpr std::int64_t kHardlyStable = 6;
constexpr std::uint32_t kHardlyStableMax = 3;
static_assert(kHardlyStable > 1 && kHardlyStableMax > 1, "one short life is an accident");

/// As CTI OS sends a password. A string's NUL stands behind its characters.
std::string_view with_nul(const std::string& text) { return {text.c_str(), text.size() + 1}; }

/// A number as text, without memory.
class Digits {
 public:
  explicit Digits(std::int64_t number) noexcept {
    const auto done = std::to_chars(text_.data(), text_.data() + text_.size(), number);
    CTI_CHECK(done.ec == std::errc{});
    length_ = static_cast<std::size_t>(done.ptr - text_.data());
  }
  std::string_view view() const noexcept { return {text_.data(), length_}; }

 private:
  std::array<char, 24> text_{};
  std::size_t length_ = 0;
};

}  // namespace

CtiLink::CtiLink(const LinkConfig& config, core::Random& random, LineStatus& status,
                 Upstream& upstream, Say say, core::LookUp look_up)
    : config_(config),
      random_(random),
      status_(status),
      upstream_(upstream),
      look_up_(std::move(look_up)),
      bell_(std::make_shared<Bell>()),
      services_(config.services),
      journal_(config_.sides, std::move(say)) {
  CTI_CHECK(!config_.sides.empty() && config_.sides.size() <= 2);
  CTI_CHECK(!config_.pauses.empty());
}

CtiLink::~CtiLink() { silence_bell(); }

void CtiLink::silence_bell() noexcept {
  const std::lock_guard lock(bell_->mutex);
  bell_->io = nullptr;
}

/// Neither side has been in vain yet: worth waiting for.
bool CtiLink::first_round() const noexcept {
  return counters_.sessions == 0 && counters_.connects <= 2;
}

void CtiLink::set_state(State state) {
  state_ = state;
  const bool trying =
      state == State::kConnecting || state == State::kOpening || state == State::kClosing;
  upstream_.set_state(state == State::kUp       ? Upstream::State::kOpen
                      : trying && first_round() ? Upstream::State::kTrying
                                                : Upstream::State::kDown);
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

void CtiLink::set_cause(Because why) { upstream_.set_cause(why); }

void CtiLink::start(core::Io& io, TimePoint now) {
  CTI_CHECK(state_ == State::kIdle);
  io_ = &io;
  now_ = now;
  {
    const std::lock_guard lock(bell_->mutex);
    bell_->io = io_;
  }
  connect_now();
}

void CtiLink::stop(TimePoint now) {
  CTI_CHECK(now >= now_);
  now_ = now;
  const bool open = state_ == State::kUp;
  if (open) {
    set_cause({"this server ends"});
    const MutableBytes room = upstream_.out().claim(kHeartbeatBytes);
    if (!room.empty()) {
      const auto frame =
          ged::CloseReqEncoder(room, config_.version, {.invoke_id = next_own_id()}).finish();
      if (frame.ok()) upstream_.out().commit(frame->size());
    }
  }
  leaving_ = static_cast<bool>(connection_) && state_ != State::kClosing;
  if (state_ == State::kConnecting) race_.end(*io_);
  silence_bell();
  set_state(State::kStopped);
  deadline_ = leaving_ ? now_ + kGoodbyeMax : kNever;
  if (leaving_ && !open) return leave();
  flush();
}

/// Closes behind what has been sent.
void CtiLink::leave() {
  leaving_ = false;
  deadline_ = kNever;
  io_->close(connection_, core::CloseHow::kOrderly);
}

void CtiLink::connect_now() {
  ++counters_.connects;
  in_vain_ = true;
  journal_.trying(side_);
  status_.set_side(side_);
  cutter_ = {};
  receiving_ = true;
  resting_ = false;
  set_state(State::kConnecting);
  deadline_ = now_ + config_.connect_timeout;
  CTI_CHECK(race_.over() && !connection_);
  go_on_connecting();
}

/// After whatever may have brought an address or taken one: the next step, or the end of this try.
void CtiLink::go_on_connecting() {
  CTI_CHECK(state_ == State::kConnecting && !connection_);
  try {
    if (connecting_goes_on()) return;
  } catch (const std::bad_alloc&) {
    set_cause({"there is no memory for a connection"});
  }
  ++counters_.connects_failed;
  race_.end(*io_);
  next_try();
}

/// False: this try has failed, and the cause says why.
bool CtiLink::connecting_goes_on() {
  if (race_.over() && !find_addresses()) return false;
  if (race_.over() || race_.run(*io_, now_)) return true;
  status_.set_refused_with(0);
  status_.set_connect_error(static_cast<std::uint32_t>(race_.error()));
  if (race_.error() == 0) {
    set_cause({"no connection slot is free"});
  } else {
    set_cause({side_name(), " does not take the connection: ", std::strerror(race_.error())});
  }
  return false;
}

/// False: there are none. True, and the race not begun: nobody knows yet.
bool CtiLink::find_addresses() {
  const std::size_t index = std::min<std::size_t>(side_, config_.sides.size() - 1);
  const core::Endpoint& side = config_.sides[index];
  std::shared_ptr<core::Lookup>& lookup = lookups_[index];
  if (lookup == nullptr) {
    lookup = look_up_(side.host, [bell = bell_] {
      const std::lock_guard lock(bell->mutex);
      if (bell->io != nullptr) bell->io->wake();
    });
  }
  std::vector<std::string> addresses;
  std::string error;
  {
    const std::lock_guard lock(lookup->mutex);
    if (!lookup->done) return true;
    addresses = std::move(lookup->addresses);
    error = std::move(lookup->error);
  }
  lookup.reset();
  if (addresses.empty()) {
    status_.set_refused_with(0);
    status_.set_connect_error(LineStatus::kNoAddress);
    set_cause({side_name(), " has no address: ", error});
    return false;
  }
  race_.begin(std::move(addresses), side.port);
  return true;
}

// The connection is gone: the other side of this round, or a pause and then a new round.
void CtiLink::next_try() {
  CTI_CHECK(state_ != State::kStopped);
  CTI_CHECK(tries_left_ >= 1 && tries_left_ <= 3);
  connection_ = {};
  if (std::exchange(in_vain_, false)) journal_.in_vain(side_, upstream_.cause());
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
  ++counters_.pauses;
  journal_.pausing(wait);
  tries_left_ = 2;
  side_ ^= 1U;
  set_state(State::kBackoff);
  deadline_ = now_ + wait;
}

LinkEvent CtiLink::on_completion(const core::Completion& completion, TimePoint now) {
  CTI_CHECK(now >= now_);
  now_ = now;
  switch (completion.event) {
    case core::IoEvent::kConnected:
      if (state_ != State::kConnecting) return LinkEvent::kNone;
      race_.won(*io_, completion.connection);
      connection_ = completion.connection;
      set_state(State::kOpening);
      deadline_ = now_ + config_.open_timeout;
      send_open();
      return LinkEvent::kNone;
    case core::IoEvent::kSent:
      upstream_.out().on_sent(completion.sent);
      return LinkEvent::kNone;
    case core::IoEvent::kWritable:
      upstream_.out().on_writable();
      return LinkEvent::kNone;
    case core::IoEvent::kClosed:
      if (state_ != State::kConnecting) return closed(completion.error);
      race_.lost(completion.connection, completion.error);
      go_on_connecting();
      return LinkEvent::kNone;
    default:
      return LinkEvent::kNone;
  }
}

LinkEvent CtiLink::closed(std::int32_t error) {
  upstream_.out().reset();
  const State before = state_;
  connection_ = {};
  leaving_ = false;
  if (before == State::kStopped) return LinkEvent::kNone;
  if (before == State::kUp) {
    const LinkEvent down =
        error == 0 ? drop({side_name(), " closed the connection"}, false)
                   : drop({side_name(), " is gone: ", std::strerror(error)}, false);
    next_try();
    return down;
  }
  if (before == State::kOpening) {
    ++counters_.opens_refused;
    set_cause({side_name(), " closed the connection instead of opening a session"});
  }
  next_try();
  return LinkEvent::kNone;
}

LinkEvent CtiLink::drop(Because why, bool other_side_first) {
  const bool was_up = state_ == State::kUp;
  set_cause(why);
  if (was_up) {
    ++counters_.losses;
    status_.set_cti_server_online(false);
    plan_after_loss(other_side_first);
  }
  if (connection_) {
    set_state(State::kClosing);
    deadline_ = kNever;
    io_->close(connection_, core::CloseHow::kReset);
  }
  return was_up ? LinkEvent::kDown : LinkEvent::kNone;
}

// Which sides come next. next_try() turns to the other side while tries are left.
void CtiLink::plan_after_loss(bool other_side_first) {
  CTI_CHECK(side_ < 2);
  CTI_CHECK(tries_left_ >= 1 && tries_left_ <= 3);
  const Nanos lived = now_ - up_since_;
  // A try in vain of this side: what is left of the round decides, and the other side is next.
  if (lived < config_.stable_after) return;
  round_ = 0;
  tries_left_ = 3;
  std::uint32_t& hardly = hardly_stable_[side_];
  hardly = lived < config_.stable_after * kHardlyStable ? hardly + 1 : 0;
  if (hardly >= kHardlyStableMax) {
    hardly = 0;
    other_side_first = true;
  }
  if (!other_side_first) side_ ^= 1U;
}

LinkEvent CtiLink::give_up(ResetCause cause, std::string_view why, TimePoint now) {
  CTI_CHECK(cause != ResetCause::kNone);
  now_ = now;
  if (cause == ResetCause::kBadFrames) ++counters_.bad_frame_resets;
  if (cause == ResetCause::kNoProgress) ++counters_.progress_deaths;
  if (cause == ResetCause::kNoMemory) ++counters_.memory_resets;
  return drop({side_name(), " ", why}, true);
}

void CtiLink::send_open() {
  open_id_ = next_own_id();
  const MutableBytes room = upstream_.out().claim(ged::limits::kMessageBytesMax);
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
                         .client_password(as_bytes(with_nul(config_.client_password)))
                         .client_signature(config_.client_signature)
                         .finish();
  if (!frame.ok()) {  // only a configuration can cause it: the deadline of the open will tell
    set_cause({"OPEN_REQ cannot be written: ", frame.error().text()});
    return;
  }
  upstream_.out().commit(frame->size());
}

void CtiLink::send_heartbeat() {
  CTI_CHECK(state_ == State::kUp);
  const MutableBytes room = upstream_.out().claim(kHeartbeatBytes);
  ++heartbeats_open_;
  last_heartbeat_ = now_;
  if (room.empty()) {
    ++counters_.heartbeats_refused;
    return;
  }
  const auto frame =
      ged::HeartbeatReqEncoder(room, config_.version, {.invoke_id = next_own_id()}).finish();
  CTI_CHECK(frame.ok());
  upstream_.out().commit(frame->size());
  last_sent_ = now_;
  ++counters_.heartbeats_sent;
}

std::uint32_t CtiLink::idle_timeout_s() const noexcept {
  if (config_.idle_timeout_s != 0) return config_.idle_timeout_s;
  const auto seconds = std::chrono::duration_cast<Seconds>(config_.heartbeat_interval * 4).count();
  if (seconds <= 0) return UINT32_MAX;  // no heartbeats: no idle supervision either
  return std::max<std::uint32_t>(20, static_cast<std::uint32_t>(seconds));
}

void CtiLink::flush() {
  if (std::exchange(committed_seen_, upstream_.committed()) != upstream_.committed())
    last_sent_ = now_;
  if (!connection_ || state_ == State::kConnecting || state_ == State::kClosing) return;
  if (left()) return;
  upstream_.out().pump(*io_, connection_);
  if (leaving_ && upstream_.out().idle()) leave();
}

void CtiLink::set_receiving(bool on) {
  if (on == receiving_ || state_ != State::kUp) return;
  receiving_ = on;
  io_->set_receiving(connection_, on && !resting_);
  if (!on) return;
  // What the server answered meanwhile lies unread: its silence begins now. The next heartbeat is due when it was.
  ++counters_.fresh_rounds;
  heartbeats_open_ = 0;
}

void CtiLink::set_resting(bool on) {
  if (on == resting_ || state_ != State::kUp) return;
  resting_ = on;
  io_->set_receiving(connection_, receiving_ && !on);
}

// We were not there: its silence begins now.
void CtiLink::fresh_round() {
  ++counters_.fresh_rounds;
  heartbeats_open_ = 0;
  last_heartbeat_ = now_;
}

void CtiLink::after_stop(TimePoint now) {
  now_ = now;
  if (state_ != State::kUp || config_.heartbeat_interval <= Nanos{0}) return;
  fresh_round();
  send_heartbeat();
}

CtiLink::Verdict CtiLink::opening_frame(std::uint32_t message_type, Bytes body) {
  switch (static_cast<ged::MessageType>(message_type)) {
    case ged::MessageType::kOpenConf: {
      const auto conf = ged::OpenConfView::decode(body, config_.version);
      if (!conf.ok()) {
        ++counters_.opens_malformed;
        drop({side_name(), " answered OPEN_REQ with: ", conf.error().text()}, true);
        return Verdict::kDown;
      }
      if (conf->invoke_id() != open_id_) return Verdict::kConsumed;  // of an older try: not ours
      if (config_.version >= kSessionTypesSince && conf->session_type() == kStandby) {
        ++counters_.opens_refused;
        drop({side_name(), " is the standby side"}, true);
        return Verdict::kDown;
      }
      services_granted_ = conf->services_granted();
      pg_status_ = conf->pg_status();
      peripheral_online_ = conf->peripheral_online() != 0;
      peripheral_type_ = static_cast<std::uint16_t>(conf->peripheral_type());
      ++counters_.sessions;
      in_vain_ = false;
      journal_.opened();
      heartbeats_open_ = 0;
      up_since_ = last_heartbeat_ = last_received_ = now_;
      deadline_ = kNever;
      set_state(State::kUp);
      status_.set_connect_error(0);
      status_.set_refused_with(0);
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
  status_.set_connect_error(0);
  status_.set_refused_with(status);
  if (status == kStatusInvalidServiceMask) services_ &= ~kUnassignedServices;
  drop({side_name(), " refused the session: ", ged::name_of(ged::StatusCode{status}), " (",
        Digits(status).view(), ")"},
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
      drop({side_name(), " says that it goes out of service"}, true);
      return Verdict::kDown;
    }
    case ged::MessageType::kFailureConf: {
      const auto failure = ged::FailureConfView::decode(body, config_.version);
      // One of our own ids: the answer to a heartbeat of a server that goes out of service.
      if (!failure.ok() || failure->invoke_id() < kOwnInvokeIds) return Verdict::kPass;
      ++counters_.server_failures;
      drop({side_name(), " refused a heartbeat"}, true);
      return Verdict::kDown;
    }
    default:
      return Verdict::kPass;
  }
}

// A length above the limit: nobody can tell where the next frame begins.
void CtiLink::refuse_stream(const wire::DecodeError& error) {
  ++counters_.oversize_resets;
  drop({side_name(), " sent a header that cannot be: ", error.text()}, true);
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
  // Who does not read may not complain of silence; he goes on saying that he lives.
  if (receiving_ && heartbeats_open_ >= config_.heartbeats_max) {
    ++counters_.heartbeat_deaths;
    return drop({side_name(), " left ", Digits(heartbeats_open_).view(), " heartbeats unanswered"},
                true);
  }
  send_heartbeat();
  return LinkEvent::kNone;
}

LinkEvent CtiLink::on_clock(TimePoint now) {
  CTI_CHECK(now >= now_);
  now_ = now;
  if (state_ == State::kUp) return heartbeat_clock();
  if (now < deadline_) {
    if (state_ == State::kConnecting && (race_.over() || now >= race_.next())) go_on_connecting();
    return LinkEvent::kNone;
  }
  switch (state_) {
    case State::kBackoff:
      connect_now();
      break;
    case State::kConnecting:
      ++counters_.connects_failed;
      status_.set_refused_with(0);
      status_.set_connect_error(ETIMEDOUT);
      set_cause({side_name(), race_.over() ? "'s name is still being looked up"
                                           : " did not take the connection in time"});
      race_.end(*io_);
      next_try();
      break;
    case State::kOpening:
      ++counters_.opens_timed_out;
      drop({side_name(), " did not answer OPEN_REQ in time"}, true);
      break;
    default:
      if (leaving_) leave();  // it takes nothing: without a goodbye
      deadline_ = kNever;
  }
  return LinkEvent::kNone;
}

TimePoint CtiLink::next_deadline() const noexcept {
  if (state_ == State::kConnecting) return std::min(deadline_, race_.next());
  return state_ == State::kUp ? heartbeat_due() : deadline_;
}

}  // namespace cti::broker
