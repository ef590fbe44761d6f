// fanout.hpp - a fan-out reactor: its sessions, and what each of them is given of the lines' logs.
//
// Why      one record of a log reaches thousands of sessions: it is looked at once here, and from then on a session is a
//          position. What one session does, or does not do, costs the others nothing.
// Shape    an actor. One turn: reap completions (frames of clients, ends of sends), take what the lines tell, follow the
//          logs, then give every session that has something one send, then timers. A burst leaves as one batch.
//
//              logs ----follow----> agent index ----> outboxes   (agent mode: copied, a session wants few records)
//                           \-----> channel rings --> cursors    (monitor mode: copied once per distinct filter)
//              log  ------------------------------> cursors      (everything: not copied at all)
//              tells --------------> outboxes, snapshot images
//
// Order    what the stream of one session promises: stream.hpp. Tells and addressed records are taken when the log has been
//          followed to the position that they name, not further.
// Slow     a session that does not take its bytes keeps its place. When its outbox is full or the ring has lapped it, it
//          is marked: it gets a snapshot once it reads again, or is cut (FanoutConfig::slow_policy). One that takes nothing
//          for stall_timeout, or not its snapshot in image_timeout, is cut. Frames are whole, always.
// Owed     what a session has asked for and not read is bounded by not reading more of what it asks (requests in flight,
//          bytes of replies, blocks that they take): nobody is cut for what he had no chance to read (C20).
// Memory   an allocation that fails ends the session that it was for (M12): guarded(). What ends a session allocates nothing.
// Time     now_ is time in which this reactor was there: what it stood still (SIGSTOP, a paused machine) is left out, so that
//          no deadline of a client passes meanwhile (P11): look_at_clock().
// Threads  turn() and everything else: one thread, or the simulation. request_stop(), snapshot(): any thread.
// Cost     no allocation, lock or system call per event; a send per session and turn, whatever it carries.
// Gather   a record after silence leaves at once; while they keep coming, the logs are looked at every FanoutConfig::gather.
// Parts    turn() is before_wait(), a wait, after_wait(), work(): apart for whoever lets a line and a reactor take turns on one
//          Io (shared_turn.hpp). Then its connections stand in the same slots: FanoutConfig::connections_beside.
// Files    fanout.cpp: turn, sessions begin, sends. fanout_lines.cpp: following logs, tells, addressed records.
//          fanout_feed.cpp: snapshots, catching up, live. fanout_modes.cpp: agent and monitor mode. fanout_input.cpp: what
//          clients send. fanout_end.cpp: deadlines, and how a session ends. fanout_frames.cpp: frames made here.
//          fanout_audit.cpp: what log and trace are told. fanout_live.cpp: settings that change while it runs.
//          fanout_invariants.cpp: what holds between two turns.
#pragma once

#include "broker/fanout/channel.hpp"
#include "broker/fanout/client_session.hpp"
#include "broker/fanout/fanout_config.hpp"
#include "broker/fanout/fanout_counters.hpp"
#include "broker/fanout/image_shelf.hpp"
#include "broker/fanout/log_follower.hpp"
#include "broker/fanout/subscription.hpp"
#include "broker/meet/admission.hpp"
#include "broker/meet/line_shared.hpp"
#include "broker/meet/said.hpp"
#include "broker/meet/side_record.hpp"
#include "core/base/limits.hpp"
#include "core/io.hpp"
#include "core/timer_wheel.hpp"
#include "ring/seqlock.hpp"
#include "wire/session_frame.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cti::broker {

class FanoutReactor {
 public:
  /// Everything referred to outlives the reactor. `shared.io` is set by the caller.
  FanoutReactor(const FanoutConfig& config, core::Io& io, FanoutShared& shared,
                std::vector<LineShared*> lines, Admission& admission, Say say);
  ~FanoutReactor();
  FanoutReactor(const FanoutReactor&) = delete;
  FanoutReactor& operator=(const FanoutReactor&) = delete;

  /// Limits for the Io that this configuration needs.
  static core::IoLimits io_limits(const FanoutConfig& config);

  /// Before the first turn; may be called for several addresses.
  Result<void, core::IoError> listen(const core::Endpoint& at);
  /// Of the listener that was made in this place.
  std::uint16_t port(std::size_t index = 0) const { return io_.local_port(listeners_.at(index)); }

  /// One round; waits for something to happen until `deadline` at most. Returns the work done.
  std::uint32_t turn(TimePoint deadline);

  /// The bell is announced when there is nothing to do; until when the Io's wait may last.
  TimePoint before_wait(TimePoint deadline) noexcept;
  /// What the wait has brought: other owners' connections are left alone.
  void after_wait(std::span<const core::Completion> completions);
  /// What the lines have written and told, then timers, then sends. Returns the work done.
  std::uint32_t work();

  /// Any thread: say goodbye to every session and stop accepting. stopped() follows within close_timeout.
  void request_stop() noexcept;
  bool stopped() const noexcept { return stopping_ && open_sessions_ == 0; }
  /// Any thread: takes over what of `config` needs no other memory (deadlines, rates, rules), in its next turn.
  void reconfigure(const FanoutConfig& config);

  /// Own thread. For tests and benchmarks; other threads read snapshot().
  const FanoutCounters& counters() const noexcept { return counters_; }
  std::uint32_t open_sessions() const noexcept { return open_sessions_; }
  const BlockPool& pool() const noexcept { return pool_; }
  const ImageShelf& images() const noexcept { return shelf_; }
  /// Any thread: the counters as of a recent turn.
  std::optional<FanoutCounters> snapshot() const { return published_.read(); }

  /// Between two turns: sums, places and holds agree, over all sessions and lines. For tests: it looks at everything.
  void invariants();

 private:
  struct Line {
    LineShared* shared;
    AskLane* lane;
    LogFollower updates;
    LogFollower side;               // what is addressed or internal
    ring::Position side_after = 0;  // what the next side record comes after; it is not due before
    std::uint64_t newest = 0;       // sequence of the last update followed
    ring::Position end = 0;         // of the log, as far as this turn goes
    bool asked = false;             // ring its bell at the end of the turn
    ring::Position turn_began = 0;  // how far the updates had been followed
    std::uint64_t mark_seen = 0;    // the last one looked at
    TimePoint mark_read = kNever;   // by the probe's clock; kNever: none is being timed
  };

  static constexpr std::uint16_t kNoLine = 0xFFFF;
  static constexpr std::size_t kClientNameBytesMax = 64;
  // What one turn of the Io brings comes on top: it was on its way when reading was stopped.
  static constexpr std::size_t kUnreadBytesMax =
      limits::kUnreadInputBytesMax + limits::kReceiveMemoryDefault;
  static constexpr std::size_t kAllUnreadBytesMax =
      64 * limits::kUnreadInputBytesMax;  // of all sessions
  static constexpr std::uint32_t kTurnsAlone = 32, kHoldsInVain = 4;
  /// Lines about sessions that begin and end: so many at once, so many a second in the long run; the rest is counted.
  static constexpr std::uint32_t kAuditBurst = 5000, kAuditPerSecond = 500;
  static constexpr Nanos kAcceptCalm = Seconds{10};  // without a pause: accepting goes on
  static constexpr Nanos kRetry = Millis{20};  // when a queue or the pool was full
  static constexpr Nanos kRoomRetry = Millis{250};  // when others hold as many images as may be
  static constexpr Nanos kLate =
      Millis{500};  // a turn that comes later than this: we were not there

  // fanout.cpp: the turn
  bool nothing_to_do() noexcept;
  void look_at_clock() noexcept;
  TimePoint on_the_clock(TimePoint own) const noexcept {
    return own == kNever ? kNever : own + lost_;
  }
  void complete(const core::Completion& completion);
  void accept(const core::Completion& completion);
  void sent(std::uint32_t slot, std::uint32_t bytes);
  std::uint32_t serve_channels();
  std::uint32_t serve_queued();
  void serve(std::uint32_t slot);
  void enqueue(std::uint32_t slot) noexcept;
  void end_turn();
  void stop();
  void take_wish() noexcept;
  void out_of_memory(std::uint32_t slot) noexcept;
  /// Does one step for one session; when memory is short, that session ends.
  template <class Step>
  void guarded(std::uint32_t slot, Step&& step) noexcept {
    try {
      step();
    } catch (const std::bad_alloc&) {
      out_of_memory(slot);
    }
  }

  // fanout_lines.cpp: what comes from the lines
  void follow_lines(std::uint32_t& work);
  void look_at_marks() noexcept;
  void begin_samples() noexcept;
  void end_samples() noexcept;
  std::uint32_t take_tells(Line& line);
  void take_addressed(Line& line, const SideRecord& record);
  std::uint32_t follow(Line& line, ring::Position limit);
  ring::Position follow_to(Line& line, ring::Position after);
  bool distribute(Line& line, Bytes record);
  void push_agent(const wire::UpdateView& update, Bytes record);
  void push_system(Bytes record);
  void push(std::uint32_t slot, Bytes record);
  void take_tell(Line& line, Tell&& tell);
  void tell_snapshot(std::uint32_t slot, std::uint16_t line, Tell& tell);
  void take_statistics(std::uint32_t slot, std::uint16_t line, const Tell& tell);
  void look_at_statistics(std::uint32_t slot) noexcept;
  static void note_reply(SessionDetail& detail, Bytes frame);
  void ask_images();
  bool image_under_way(std::uint16_t index) noexcept;
  void shed(std::uint32_t slot, std::uint16_t line, std::string_view why);
  void mark_lapped(std::uint32_t slot, std::uint16_t line) noexcept;
  void all_lapped(Line& line);

  // fanout_feed.cpp: towards up to date
  void progress(std::uint32_t slot);
  void ask_image(std::uint32_t slot, std::uint16_t line);
  void line_asked(std::uint32_t slot) noexcept;
  void leave_live(std::uint32_t slot, std::uint16_t line) noexcept;
  void begin_image(std::uint32_t slot, std::uint16_t line,
                   std::shared_ptr<const SnapshotImage> image, bool shared);
  void copy_image(std::uint32_t slot);
  void end_image(std::uint32_t slot);
  void drop_image(std::uint32_t slot) noexcept;
  void catch_up(std::uint32_t slot, std::uint16_t line);
  void go_live(std::uint32_t slot, std::uint16_t line);
  void leave_channel(std::uint32_t slot, std::uint16_t line) noexcept;
  void settle(std::uint32_t slot);
  bool accepts(std::uint32_t slot, std::uint16_t line, const wire::UpdateView& update,
               bool snapshot);
  bool room_for(const Session& session, std::size_t bytes) const;
  bool may_have_older(std::uint32_t slot, std::uint16_t line, const SnapshotImage& image);

  // fanout_modes.cpp: agent and monitor mode, resume
  bool try_resume(std::uint32_t slot, std::uint16_t line, wire::SnapshotReason& why);
  void tell_agent_mode(std::uint32_t slot, std::uint16_t line, Tell& tell);
  bool set_watches(std::uint32_t slot, const std::vector<WatchEdge>& edges) noexcept;
  void take_watch(std::uint32_t slot, std::uint16_t line, Tell& tell);
  void subscribe(std::uint32_t slot, const wire::SubscribeView& frame);
  void subscribe_agent(std::uint32_t slot, const wire::SubscribeView& frame);
  void subscribe_monitor(std::uint32_t slot, const wire::SubscribeView& frame);
  void subscribe_everything(std::uint32_t slot);
  void begin_monitor(std::uint32_t slot, SessionMode mode, const MessageFilter* filter,
                     bool snapshot);
  void release_channels(std::uint32_t slot) noexcept;
  static void note_agent(SessionDetail& detail, const wire::UpdateView& update);
  int find_line(std::uint32_t peripheral_id) const;
  bool push_control(Line& line, Ask&& ask);

  // fanout_input.cpp: what clients send
  void received(std::uint32_t slot, Bytes bytes);
  bool on_frame(std::uint32_t slot, Bytes frame);
  void on_hello(std::uint32_t slot, Bytes frame);
  void on_request(std::uint32_t slot, Bytes frame);
  int line_of_request(std::uint32_t slot, const wire::ArgumentsView& arguments) const;
  bool take_token(SessionDetail& detail);
  bool owes_much(const Session& session) const noexcept;
  std::size_t blocks_max() const noexcept {
    return outbox_blocks_max(config_.outbox_bytes_max, config_.requests_in_flight_max);
  }
  void pause(std::uint32_t slot, Bytes rest);
  void go_on_reading(std::uint32_t slot);
  void forget_unread(SessionDetail& detail) noexcept;

  // fanout_end.cpp: deadlines, ends
  static bool awaits_line(const SessionDetail& detail);
  TimePoint give_up_at(const SessionDetail& detail) const noexcept;
  void arm(std::uint32_t slot, TimePoint at) noexcept;
  void on_timer(std::uint32_t slot);
  bool ask_whether_it_lives(std::uint32_t slot);
  void begin_beats(SessionDetail& detail, std::int64_t wished_ms) const noexcept;
  bool beat(std::uint32_t slot);
  bool overdue(std::uint32_t slot);
  void schedule(std::uint32_t slot) noexcept;
  void close(std::uint32_t slot, wire::CloseReason reason, std::string_view text,
             std::uint32_t limit = 0) noexcept;
  void abandon(std::uint32_t slot, core::CloseHow how) noexcept;
  bool make_room(std::uint32_t slot, std::size_t bytes) noexcept;
  void forfeit(std::uint32_t slot) noexcept;
  void end_forfeited() noexcept;
  bool append_update(std::uint32_t slot, Bytes record) noexcept {
    Stream& stream = sessions_[slot].stream;
    if (stream.append(parts(slot), record)) [[likely]] return true;
    return make_room(slot, record.size()) && stream.append(parts(slot), record);
  }
  void leave_feeds(std::uint32_t slot) noexcept;
  void closed(std::uint32_t slot, std::int32_t error) noexcept;
  void tell_lines_gone(std::uint32_t slot) noexcept;

  // fanout_invariants.cpp: what holds between two turns
  void check_session(std::uint32_t slot);
  void check_feed(std::uint32_t slot, std::uint16_t line);

  // fanout_frames.cpp: frames made here
  bool append_private(std::uint32_t slot, Bytes frame, std::uint16_t line);
  bool append_private(std::uint32_t slot, Bytes frame, std::uint16_t line, ring::Position after);
  void send_welcome(std::uint32_t slot, std::uint32_t features);
  void send_status(std::uint32_t slot);
  void send_mode_event(std::uint32_t slot);
  void send_subscribed(std::uint32_t slot);
  void send_subscribed(std::uint32_t slot, std::int32_t failure, std::string_view text);
  void refuse_request(std::uint32_t slot, const wire::RequestView& request, std::int32_t failure,
                      std::string_view text);
  void send_snapshot_mark(std::uint32_t slot, std::uint16_t line, bool begin);
  void add_status(wire::ArgumentsWriter& writer) const;

  // fanout_audit.cpp: lines for the log
  void note(std::string_view text) noexcept;
  void note_session(std::uint32_t slot, wire::CloseReason reason, std::string_view text,
                    std::uint32_t limit) noexcept;
  void note_refused(std::uint32_t slot, const wire::RequestView& request, std::int32_t failure,
                    std::string_view text) noexcept;
  bool may_audit() noexcept;
  core::log::Fields fields_of(std::uint32_t slot) const;
  void audit(std::uint32_t slot, std::string_view text) noexcept;
  void audit_end(std::uint32_t slot, std::int32_t error) noexcept;
  void look_at_accepting() noexcept;
  void begin_or_end_trace() noexcept;
  void trace(std::uint32_t slot, TraceKind kind, Bytes bytes) noexcept;
  void trace_sent(std::uint32_t slot, std::uint32_t bytes) noexcept;

  Feed& feed(std::uint32_t slot, std::uint16_t line) {
    return feeds_[std::size_t{slot} * lines_.size() + line];
  }
  /// The session's detail, feeds and sources.
  StreamParts parts(std::uint32_t slot) {
    return {pool_, channels_, {&feed(slot, 0), lines_.size()}, sessions_[slot].detail->image};
  }
  SessionRef ref(std::uint32_t slot) const;
  Principal principal(std::uint32_t slot) const;
  bool grants(const SessionDetail& detail, wire::Role claim) const;
  SessionRef own_ref() const { return {shared_.index, {}, 0}; }
  std::uint32_t find(core::ConnectionId id) const noexcept;

  FanoutConfig config_;  // changed by take_wish() only
  core::Io& io_;
  FanoutShared& shared_;
  Admission& admission_;
  const Say say_;
  std::vector<core::ListenerId> listeners_;

  std::vector<Line> lines_;
  std::vector<Session> sessions_;
  std::vector<Feed> feeds_;  // [slot][line]
  BlockPool pool_;
  ChannelTable channels_;
  ImageShelf shelf_;
  AgentIndex agents_;
  core::TimerWheel timers_;
  std::vector<core::Completion> completions_;
  std::vector<std::uint32_t> queue_;  // sessions to serve after the inputs
  std::vector<std::uint32_t> serving_;
  std::vector<core::ConnectionId> forfeited_;  // to be ended before anything more is sent
  std::vector<std::byte> scratch_;  // for the frames made here

  TimePoint now_{};                  // without what is in lost_
  Nanos lost_{0};                    // how long this reactor has stood still in all
  std::uint32_t stops_ = 0;          // how often, what the Io has seen counted
  std::uint64_t left_out_ = 0;       // of those, seen in the Io
  TimePoint turned_at_{};            // on the clock: the last turn
  TimePoint wish_{};                 // on the clock: when the last turn wanted to be called again
  TimePoint retry_at_ = kNever;      // a line's queue was full: not before
  TimePoint followed_at_{};          // when a turn last had records
  bool gathered_ = false;            // the next records have been held
  std::uint32_t held_in_vain_ = 0;   // one after the other
  std::uint32_t turns_alone_ = 0;    // with records, not held: gathering has gained nothing
  TimePoint gather_until_{};         // the logs are not looked at before
  std::uint32_t open_sessions_ = 0;  // slots in use, refusals included
  std::uint32_t refusals_ = 0;
  std::uint32_t monitors_ = 0;
  std::uint64_t system_records_ = 0;  // about the system, of all lines, that have been followed
  std::uint32_t marks_ = 0;          // lines with a mark that is being timed
  std::uint64_t sends_at_mark_ = 0;  // when the last one was followed
  bool marked_ = false;              // in this turn
  bool mark_sent_ = false;           // one of the sends behind it is done
  bool tracing_ = false;             // somebody wants to know; looked at once a turn
  std::size_t unread_bytes_ = 0;  // of all sessions: received, and not looked at yet
  bool stopping_ = false;
  std::atomic<bool> stop_requested_{false};
  std::atomic<const FanoutConfig*> wish_config_{nullptr};  // owned by whoever takes it out
  std::array<TimePoint, 24> noted_at_{};  // per close reason: rate limit of the log
  std::array<std::uint64_t, 24> unnoted_{};
  std::uint32_t audit_lines_ = kAuditBurst;  // that may be written now
  TimePoint audit_at_{};                     // since when they have been earned
  std::uint64_t audit_left_out_ = 0;
  std::uint64_t accept_pauses_seen_ = 0;
  TimePoint accept_pause_at_{};   // when the last one was noticed
  bool accept_troubled_ = false;  // and has been told
  FanoutCounters counters_;
  TimePoint published_at_{};
  ring::Seqlock<FanoutCounters> published_;
};

}  // namespace cti::broker
