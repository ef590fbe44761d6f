// cti_link.hpp - the session with the CTI Server: connect, open, heartbeats, sides A and B.
//
// Why      everything that keeps one GED-188 session alive is here; what its messages mean is elsewhere.
// Shape    a state machine driven by its owner: completions, frames and the clock go in, LinkEvents come out.
//
//              start            kConnected            OPEN_CONF
//          idle -----> connecting --------> opening ----------------> up
//                          ^  |  \____________  |  refused, deadline   |  lost, FAILURE_EVENT, 3 heartbeats, bad bytes
//                          |  failed          v v                      v
//                          +---- backoff <---- closing (waits for kClosed) ----+
//
// Sides    after a loss: the last good side, the other one, a random pause, both, pause, both, ... (LinkConfig::pauses).
//          When heartbeats went unanswered, or the server said that it goes, the other side comes first.
// Width    the floating header belongs to the connection: version() is what this session was opened with.
// Threads  one. No clock is read and no number drawn here: `now` and Random come in.
#pragma once

#include "broker/meet/line_config.hpp"
#include "broker/meet/line_status.hpp"
#include "broker/upstream/send_buffer.hpp"
#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/io.hpp"
#include "core/random.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188_limits.hpp"
#include "wire/mhdr.hpp"

#include <cstdint>
#include <string>

namespace cti::broker {

/// What the owner must know after having fed the link something.
enum class LinkEvent : std::uint8_t {
  kNone,
  kUp,    ///< the session is open: begin the start-up dialogue
  kDown,  ///< an open session has ended; cause() says why
};

struct LinkCounters {
  std::uint64_t connects = 0;         ///< tried
  std::uint64_t connects_failed = 0;  ///< TCP refused, unreachable or too slow
  std::uint64_t opens_refused = 0;    ///< FAILURE_CONF instead of OPEN_CONF
  std::uint64_t opens_timed_out = 0;  ///< no answer to OPEN_REQ in time
  std::uint64_t opens_malformed = 0;  ///< an OPEN_CONF that is not one in our version
  std::uint64_t sessions = 0;         ///< opened
  std::uint64_t losses = 0;           ///< open sessions that ended
  std::uint64_t heartbeats_sent = 0;
  std::uint64_t heartbeat_deaths = 0;  ///< sessions given up for unanswered heartbeats
  std::uint64_t oversize_resets = 0;   ///< MessageLength above the limit
  std::uint64_t bad_frames = 0;        ///< frames refused
  std::uint64_t bad_frame_resets = 0;  ///< too many of them in a row
  std::uint64_t server_failures = 0;   ///< FAILURE_EVENTs that ended a session
  std::uint64_t send_refused = 0;      ///< messages that found the send buffer full
  std::uint64_t frames = 0;            ///< frames received
};

class CtiLink {
 public:
  CtiLink(const LinkConfig& config, core::Random& random, LineStatus& status);

  /// Begins with side A. `io` outlives the link.
  void start(core::Io& io);
  /// Says goodbye (CLOSE_REQ) when open, closes, and stays down.
  void stop();

  bool owns(core::ConnectionId connection) const noexcept {
    return connection_ && connection == connection_;
  }
  /// kConnected, kSent, kWritable or kClosed of the own connection.
  LinkEvent on_completion(const core::Completion& completion);
  /// kReceived: cuts `bytes` into frames. Session frames are dealt with here; every other one goes to
  /// on_frame(std::uint32_t message_type, Bytes body), while the session is open. A kDown stops the cutting.
  template <class OnFrame>
  LinkEvent receive(Bytes bytes, OnFrame&& on_frame);
  /// Deadlines that have passed.
  LinkEvent on_clock(TimePoint now);
  TimePoint next_deadline() const noexcept;
  /// Starts the sends of this turn. Call once per turn, before waiting.
  void flush();
  /// Stops or resumes reading: the log is held back by a gate.
  void set_receiving(bool on);

  bool up() const noexcept { return state_ == State::kUp; }
  wire::ged188::Version version() const noexcept { return config_.version; }
  /// Room for one message to send; empty (counted) when the buffer is full or the session is not open.
  MutableBytes claim(std::size_t bytes = wire::ged188::limits::kMessageBytesMax);
  /// Sends the first `bytes` of the claim.
  void commit(std::size_t bytes);

  /// A frame could not be decoded. Counts it; kDown when there were too many in a row.
  LinkEvent note_bad_frame(const wire::DecodeError& error);
  void note_good_frame() noexcept { bad_in_a_row_ = 0; }
  /// The owner has had enough of this session: reset it and try the other side first.
  LinkEvent give_up(std::string why);

  /// Why the last session or try ended: one line for logs and clients.
  const std::string& cause() const noexcept { return cause_; }
  std::uint32_t services_granted() const noexcept { return services_granted_; }
  std::uint32_t pg_status() const noexcept { return pg_status_; }
  bool peripheral_online() const noexcept { return peripheral_online_; }
  std::uint16_t peripheral_type() const noexcept { return peripheral_type_; }
  const LinkCounters& counters() const noexcept { return counters_; }
  /// Numbers for OPEN_REQ and HEARTBEAT_REQ come from above this; requests of the owner stay below.
  static constexpr std::uint32_t kOwnInvokeIds = 0xF0000000;

 private:
  enum class State : std::uint8_t {
    kIdle,
    kConnecting,
    kOpening,
    kUp,
    kClosing,
    kBackoff,
    kStopped
  };
  enum class Verdict : std::uint8_t { kPass, kConsumed, kUp, kDown };

  void set_state(State state);
  void connect_now();
  void next_try();
  void send_open();
  void send_heartbeat();
  LinkEvent closed(std::int32_t error);
  /// Resets the connection; the next try comes when kClosed does.
  LinkEvent drop(std::string why, bool other_side_first);
  Verdict session_frame(std::uint32_t message_type, Bytes body);
  Verdict opening_frame(std::uint32_t message_type, Bytes body);
  Verdict open_refused(std::uint32_t status);
  void refuse_stream(const wire::DecodeError& error);
  LinkEvent heartbeat_clock();
  TimePoint heartbeat_due() const noexcept;
  std::uint32_t next_own_id() noexcept {
    return own_id_ = own_id_ == UINT32_MAX ? kOwnInvokeIds : own_id_ + 1;
  }
  std::uint32_t idle_timeout_s() const noexcept;

  const LinkConfig config_;
  core::Random& random_;
  LineStatus& status_;
  core::Io* io_ = nullptr;
  State state_ = State::kIdle;
  core::ConnectionId connection_{};
  SendBuffer out_;
  wire::ged188::FrameCutter cutter_;

  std::uint32_t side_ = 0;        // the side tried now, 0 or 1
  std::uint32_t tries_left_ = 2;  // sides to try before the next pause
  std::uint32_t round_ = 0;       // pauses taken since the last stable session
  std::uint32_t services_;        // asked for; loses a bit when refused
  TimePoint now_{};
  TimePoint deadline_ = kNever;  // of the state
  TimePoint up_since_{};
  TimePoint last_sent_{};
  TimePoint last_received_{};
  std::uint32_t open_id_ = 0;
  std::uint32_t own_id_ = kOwnInvokeIds;
  std::uint32_t heartbeats_open_ = 0;  // sent and not answered
  TimePoint last_heartbeat_{};
  std::uint32_t bad_in_a_row_ = 0;
  bool receiving_ = true;

  std::uint32_t services_granted_ = 0;
  std::uint32_t pg_status_ = 0;
  bool peripheral_online_ = false;
  std::uint16_t peripheral_type_ = 0;
  std::string cause_;
  LinkCounters counters_;
};

template <class OnFrame>
LinkEvent CtiLink::receive(Bytes bytes, OnFrame&& on_frame) {
  now_ = last_received_ = io_->now();
  LinkEvent event = LinkEvent::kNone;
  const bool was_up = up();
  const auto cut = cutter_.feed(bytes, [&](const wire::ged188::Frame& frame) {
    ++counters_.frames;
    switch (session_frame(frame.message_type, frame.body)) {
      case Verdict::kPass:
        on_frame(frame.message_type, frame.body);
        break;
      case Verdict::kConsumed:
        break;
      case Verdict::kUp:
        event = LinkEvent::kUp;
        break;
      case Verdict::kDown:
        break;
    }
    // Whatever is left of a session that has just been given up says nothing any more.
    return state_ == State::kUp || state_ == State::kOpening;
  });
  if (!cut.ok()) refuse_stream(cut.error());
  if ((was_up || event == LinkEvent::kUp) && !up()) return LinkEvent::kDown;
  return event;
}

}  // namespace cti::broker
