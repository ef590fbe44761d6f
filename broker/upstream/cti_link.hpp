// cti_link.hpp - the session with the CTI Server: connect, open, heartbeats, sides A and B.
//
// Why      everything that keeps one GED-188 session alive is here; what its messages mean is elsewhere.
// Shape    a state machine driven by its owner: completions, frames and the clock go in, LinkEvents come out. What others
//          want to send lies in the Upstream, whose state it sets.
//
//              start            kConnected            OPEN_CONF
//          idle -----> connecting --------> opening ----------------> up
//                          ^  |  \____________  |  refused, deadline   |  lost, FAILURE_EVENT, 3 heartbeats, bad bytes
//                          |  failed          v v                      v
//                          +---- backoff <---- closing (waits for kClosed) ----+
//
// Sides    after a loss: the last good side, the other one, a random pause, both, pause, both, ... (LinkConfig::pauses).
//          When heartbeats went unanswered, or the server said that it goes, the other side comes first. A session that
//          lived shorter than stable_after is a try in vain: the other side comes before any pause (U20); a side that
//          three times in a row lived hardly longer loses its precedence too.
// Silence  counts against the server only while we listen: not while the owner does not read, and after a stop of our own
//          (P11) a full round of heartbeats goes out before anybody is declared dead.
// Names    a side may be a name: it is looked up by a thread of its own with each try (core/name_lookup.hpp, N6), and its
//          addresses are tried side by side (core/address_race.hpp, N9); connect_timeout bounds both together.
// Width    the floating header belongs to the connection: version() is what this session was opened with.
// Threads  one. No clock is read and no number drawn here: `now` and Random come in.
#pragma once

#include "broker/meet/line_config.hpp"
#include "broker/meet/line_status.hpp"
#include "broker/meet/said.hpp"
#include "broker/upstream/link_journal.hpp"
#include "broker/upstream/pending.hpp"
#include "broker/upstream/upstream.hpp"
#include "core/address_race.hpp"
#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"
#include "core/io.hpp"
#include "core/name_lookup.hpp"
#include "core/random.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188_limits.hpp"
#include "wire/mhdr.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace cti::broker {

/// What the owner must know after having fed the link something.
enum class LinkEvent : std::uint8_t {
  kNone,
  kDown,  ///< an open session has ended; cause() says why
};

struct LinkCounters {
  std::uint64_t connects = 0;         ///< tried
  std::uint64_t connects_failed = 0;  ///< TCP refused, unreachable or too slow
  std::uint64_t opens_refused = 0;    ///< FAILURE_CONF instead of OPEN_CONF
  std::uint64_t opens_timed_out = 0;  ///< no answer to OPEN_REQ in time
  std::uint64_t opens_malformed = 0;  ///< an OPEN_CONF that is not one in our version
  std::uint64_t pauses = 0;           ///< both sides had been tried
  std::uint64_t sessions = 0;         ///< opened
  std::uint64_t losses = 0;           ///< open sessions that ended
  std::uint64_t heartbeats_sent = 0;
  std::uint64_t heartbeat_deaths = 0;    ///< sessions given up for unanswered heartbeats
  std::uint64_t oversize_resets = 0;     ///< MessageLength above the limit
  std::uint64_t bad_frame_resets = 0;    ///< too many of them in a row
  std::uint64_t progress_deaths = 0;     ///< sessions given up although heartbeats were answered
  std::uint64_t memory_resets = 0;       ///< sessions given up because an allocation failed
  std::uint64_t fresh_rounds = 0;        ///< heartbeats began anew: we had not listened
  std::uint64_t server_failures = 0;     ///< FAILURE_EVENTs that ended a session
  std::uint64_t heartbeats_refused = 0;  ///< heartbeats that found the send buffer full
  std::uint64_t frames = 0;              ///< frames received
};

class CtiLink {
 public:
  /// `upstream` outlives the link.
  CtiLink(const LinkConfig& config, core::Random& random, LineStatus& status, Upstream& upstream,
          Say say = {}, core::LookUp look_up = core::look_up);
  ~CtiLink();
  CtiLink(const CtiLink&) = delete;
  CtiLink& operator=(const CtiLink&) = delete;

  /// Begins with side A. `io` outlives the link. All times are the owner's own (line_time.hpp).
  void start(core::Io& io, TimePoint now);
  /// Says goodbye (CLOSE_REQ) when open, closes, and stays down. The goodbye leaves behind what was said before it, in the
  /// turns up to left(): they come to kGoodbyeMax at most.
  void stop(TimePoint now);
  /// Stopped, and nothing is left to be sent.
  bool left() const noexcept { return state_ == State::kStopped && !leaving_; }

  bool owns(core::ConnectionId connection) const noexcept {
    if (state_ == State::kConnecting) [[unlikely]]
      return race_.has(connection);
    return connection_ && connection == connection_;
  }
  /// kConnected, kSent, kWritable or kClosed of the own connection.
  LinkEvent on_completion(const core::Completion& completion, TimePoint now);
  /// kReceived: cuts `bytes` into frames. Session frames are dealt with here; every other one goes to
  /// on_frame(std::uint32_t message_type, Bytes body), while the session is open. on_up() comes before the first of
  /// them: other frames may follow OPEN_CONF in the same bytes. Returns kDown or kNone; a kDown stops the cutting.
  template <class OnUp, class OnFrame>
  LinkEvent receive(Bytes bytes, TimePoint now, OnUp&& on_up, OnFrame&& on_frame);
  /// Deadlines that have passed.
  LinkEvent on_clock(TimePoint now);
  TimePoint next_deadline() const noexcept;
  /// Starts the sends of this turn. Call once per turn, before waiting.
  void flush();
  /// Stops or resumes reading: the log is held back by a gate.
  void set_receiving(bool on);
  /// Stops or resumes reading for some turns, so that a reactor in the same thread keeps up (shared_turn.hpp). It is too
  /// short to prove anything about the server: no round of heartbeats begins anew.
  void set_resting(bool on);
  /// We have not run for longer than anybody could expect.
  void after_stop(TimePoint now);

  bool up() const noexcept { return state_ == State::kUp; }
  /// The owner has had enough of this session: reset it and try the other side first.
  LinkEvent give_up(ResetCause cause, std::string_view why, TimePoint now);

  std::uint32_t services_granted() const noexcept { return services_granted_; }
  std::uint32_t pg_status() const noexcept { return pg_status_; }
  bool peripheral_online() const noexcept { return peripheral_online_; }
  std::uint16_t peripheral_type() const noexcept { return peripheral_type_; }
  const LinkCounters& counters() const noexcept { return counters_; }
  /// Numbers for OPEN_REQ and HEARTBEAT_REQ come from above this; requests of the owner stay below.
  static constexpr std::uint32_t kOwnInvokeIds = 0xF0000000;
  static constexpr Nanos kGoodbyeMax = Millis{250};  ///< for CLOSE_REQ to leave at the end
  static_assert(kGoodbyeMax < limits::kStopSlack, "a line comes to its end in its half of a stop");
  static_assert(kOwnInvokeIds > PendingTable::kIdMax, "an answer is the link's or the owner's");

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
  /// What has happened on this side, in pieces: put together without memory that might be lacking.
  using Because = std::initializer_list<std::string_view>;

  void set_state(State state);
  /// What a lookup wakes when it is done; the Io may be gone by then.
  struct Bell {
    std::mutex mutex;
    core::Io* io = nullptr;  // guarded by it
  };

  void connect_now();
  void go_on_connecting();
  bool connecting_goes_on();
  bool find_addresses();
  void silence_bell() noexcept;
  void next_try();
  void send_open();
  void send_heartbeat();
  void leave();
  LinkEvent closed(std::int32_t error);
  /// Resets the connection; the next try comes when kClosed does.
  LinkEvent drop(Because why, bool other_side_first);
  void plan_after_loss(bool other_side_first);
  void fresh_round();
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
  void set_cause(Because why);
  bool first_round() const noexcept;
  std::string_view side_name() const noexcept {
    return LinkJournal::side_name(config_.sides.size(), side_);
  }

  const LinkConfig config_;
  core::Random& random_;
  LineStatus& status_;
  Upstream& upstream_;
  core::Io* io_ = nullptr;
  State state_ = State::kIdle;
  core::ConnectionId connection_{};
  core::AddressRace race_;  // while connecting
  const core::LookUp look_up_;
  std::shared_ptr<core::Lookup> lookups_[2];  // by side, until they are done
  const std::shared_ptr<Bell> bell_;
  wire::ged188::FrameCutter cutter_;

  std::uint32_t side_ = 0;        // the side tried now, 0 or 1
  std::uint32_t tries_left_ = 2;  // sides to try before the next pause
  std::uint32_t round_ = 0;       // pauses taken since the last stable session
  std::uint32_t services_;        // asked for; loses a bit when refused
  TimePoint now_{};
  TimePoint deadline_ = kNever;  // of the state
  TimePoint up_since_{};
  TimePoint last_sent_{};
  std::uint64_t committed_seen_ = 0;  // messages of others that have been noticed
  TimePoint last_received_{};
  std::uint32_t open_id_ = 0;
  std::uint32_t own_id_ = kOwnInvokeIds;
  std::uint32_t heartbeats_open_ = 0;  // sent and not answered
  TimePoint last_heartbeat_{};
  bool receiving_ = true;
  bool resting_ = false;
  bool leaving_ = false;  // stopped: CLOSE_REQ has not been sent yet
  std::uint32_t hardly_stable_[2] =
      {};  // sessions in a row, by side, that lived hardly longer than stable_after

  std::uint32_t services_granted_ = 0;
  std::uint32_t pg_status_ = 0;
  bool peripheral_online_ = false;
  std::uint16_t peripheral_type_ = 0;
  bool in_vain_ = false;  // this try has not become a session
  LinkJournal journal_;
  LinkCounters counters_;
};

template <class OnUp, class OnFrame>
LinkEvent CtiLink::receive(Bytes bytes, TimePoint now, OnUp&& on_up, OnFrame&& on_frame) {
  // A session that has been given up may have more bytes in the same turn: they say nothing, not even that they are bad.
  if (state_ != State::kUp && state_ != State::kOpening) return LinkEvent::kNone;
  now_ = last_received_ = now;
  bool was_up = up();
  const auto cut = cutter_.feed(bytes, [&](const wire::ged188::Frame& frame) {
    ++counters_.frames;
    switch (session_frame(frame.message_type, frame.body)) {
      case Verdict::kPass:
        on_frame(frame.message_type, frame.body);
        break;
      case Verdict::kUp:
        was_up = true;
        on_up();
        break;
      case Verdict::kConsumed:
      case Verdict::kDown:
        break;
    }
    // Whatever is left of a session that has just been given up says nothing any more.
    return state_ == State::kUp || state_ == State::kOpening;
  });
  if (!cut.ok()) refuse_stream(cut.error());
  return was_up && !up() ? LinkEvent::kDown : LinkEvent::kNone;
}

}  // namespace cti::broker
