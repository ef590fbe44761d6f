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
// Order    a session's private frames leave after exactly the updates that were there when they were queued (Barrier);
//          a Tell is taken when the log has been followed to the position that it names, not further.
// Slow     a session that does not take its bytes keeps its place. When its outbox is full or the ring has lapped it, it
//          is marked: it gets a snapshot once it reads again, or is cut (FanoutConfig::slow_policy). Frames are whole,
//          always: the rest of a record that a full socket cut is kept in the outbox (M7).
// Threads  turn() and everything else: one thread, or the simulation. request_stop(), snapshot(): any thread.
// Cost     no allocation, lock or system call per event; a send per session and turn, whatever it carries.
// Gather   a record after silence leaves at once; while they keep coming, the logs are looked at every FanoutConfig::gather.
// Files    fanout.cpp: turn, follow, send. fanout_feed.cpp: snapshots, catching up, modes. fanout_input.cpp: what clients
//          send, deadlines. fanout_frames.cpp: the frames that are made here.
#pragma once

#include "broker/meet/admission.hpp"
#include "broker/fanout/channel.hpp"
#include "broker/fanout/client_session.hpp"
#include "broker/fanout/fanout_config.hpp"
#include "broker/fanout/fanout_counters.hpp"
#include "broker/meet/line_shared.hpp"
#include "broker/fanout/outbox.hpp"
#include "broker/fanout/subscription.hpp"
#include "core/io.hpp"
#include "core/timer_wheel.hpp"
#include "ring/seqlock.hpp"
#include "wire/session_frame.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cti::broker {

/// What is worth a line in the log. `text` says who, what and which limit; untrusted parts are escaped.
using FanoutNote = std::function<void(bool warning, std::string_view text)>;

class FanoutReactor {
 public:
  /// Everything referred to outlives the reactor. `shared.io` is set by the caller.
  FanoutReactor(const FanoutConfig& config, core::Io& io, FanoutShared& shared,
                std::vector<LineShared*> lines, Admission& admission, FanoutNote note);
  ~FanoutReactor();
  FanoutReactor(const FanoutReactor&) = delete;
  FanoutReactor& operator=(const FanoutReactor&) = delete;

  /// Limits for the Io that this configuration needs.
  static core::IoLimits io_limits(const FanoutConfig& config);

  /// Before the first turn.
  Result<void, core::IoError> listen(const core::Endpoint& at);
  std::uint16_t port() const { return io_.local_port(listener_); }

  /// One round; waits for something to happen until `deadline` at most. Returns the work done.
  std::uint32_t turn(TimePoint deadline);

  /// Any thread: say goodbye to every session and stop accepting. stopped() follows within close_timeout.
  void request_stop() noexcept;
  bool stopped() const noexcept { return stopping_ && open_sessions_ == 0; }

  /// Own thread. For tests and benchmarks; other threads read snapshot().
  const FanoutCounters& counters() const noexcept { return counters_; }
  std::uint32_t open_sessions() const noexcept { return open_sessions_; }
  const BlockPool& pool() const noexcept { return pool_; }
  /// Any thread: the counters as of a recent turn.
  std::optional<FanoutCounters> snapshot() const { return published_.read(); }

 private:
  struct Line {
    LineShared* shared;
    ring::LogGate* gate;
    AskLane* lane;
    ring::Position read = 0;  // followed up to here
    ring::Position held =
        ring::kNoHold;   // the log is held from here on (FanoutConfig::backpressure)
    bool asked = false;  // ring its bell at the end of the turn
  };

  static constexpr std::uint16_t kNoLine = 0xFFFF;
  static constexpr std::size_t kClientNameBytesMax = 64;
  static constexpr std::uint32_t kTurnsAlone = 32, kHoldsInVain = 4;
  static constexpr Nanos kRetry = Millis{20};  // when a queue or the pool was full

  // fanout.cpp: the turn
  bool nothing_to_do() noexcept;
  TimePoint announce_sleep(TimePoint deadline) noexcept;
  void follow_lines(std::uint32_t& work);
  void complete_safely(const core::Completion& completion);
  void complete(const core::Completion& completion);
  void accept(const core::Completion& completion);
  void sent(std::uint32_t slot, std::uint32_t bytes);
  void channel_sent(std::uint32_t slot, std::uint32_t bytes);
  std::uint32_t take_tells(Line& line);
  std::uint32_t follow(Line& line, ring::Position limit);
  void hold(Line& line);
  bool distribute(Line& line, Bytes record);
  void push_agent(const wire::UpdateView& update, Bytes record);
  void push_system(Bytes record);
  void push(std::uint32_t slot, Bytes record);
  std::uint32_t serve_channels();
  std::uint32_t serve_queued();
  void serve(std::uint32_t slot);
  bool send_outbox(std::uint32_t slot);
  bool send_channel(std::uint32_t slot);
  bool send_image(std::uint32_t slot);
  void start_send(std::uint32_t slot, SendSource source, Bytes bytes);
  void enqueue(std::uint32_t slot);
  void end_turn();
  void shed(std::uint32_t slot, std::uint16_t line, std::string_view why);
  void mark_lapped(std::uint32_t slot, std::uint16_t line);
  void stop();
  void all_lapped(Line& line);

  // fanout_feed.cpp: state, modes, resume
  void progress(std::uint32_t slot);
  void ask_image(std::uint32_t slot, std::uint16_t line);
  void begin_image(std::uint32_t slot, std::uint16_t line,
                   std::shared_ptr<const SnapshotImage> image);
  void copy_image(std::uint32_t slot);
  void end_image(std::uint32_t slot);
  void catch_up(std::uint32_t slot, std::uint16_t line);
  void go_live(std::uint32_t slot, std::uint16_t line);
  void leave_channel(std::uint32_t slot, std::uint16_t line);
  void settle(std::uint32_t slot);
  bool accepts(std::uint32_t slot, std::uint16_t line, const wire::UpdateView& update,
               bool snapshot);
  bool room_for(const Session& session, std::size_t bytes) const;
  bool try_resume(std::uint32_t slot, std::uint16_t line);
  void take_tell(Line& line, Tell&& tell);
  void tell_agent_mode(std::uint32_t slot, std::uint16_t line, Tell& tell);
  void subscribe(std::uint32_t slot, const wire::SubscribeView& frame);
  void subscribe_agent(std::uint32_t slot, const wire::SubscribeView& frame);
  void subscribe_monitor(std::uint32_t slot, const wire::SubscribeView& frame);
  void subscribe_everything(std::uint32_t slot);
  void begin_monitor(std::uint32_t slot, SessionMode mode, const MessageFilter* filter,
                     bool snapshot);
  void release_channels(std::uint32_t slot);
  static void note_agent(SessionDetail& detail, const wire::UpdateView& update);
  int find_line(std::uint32_t peripheral_id) const;
  bool push_control(Line& line, Ask&& ask);

  // fanout_input.cpp: what clients send, deadlines, ends
  void received(std::uint32_t slot, Bytes bytes);
  bool on_frame(std::uint32_t slot, Bytes frame);
  void on_hello(std::uint32_t slot, Bytes frame);
  void on_request(std::uint32_t slot, Bytes frame);
  int line_of_request(std::uint32_t slot, const wire::ArgumentsView& arguments) const;
  bool take_token(SessionDetail& detail);
  static bool awaits_line(const SessionDetail& detail);
  void arm(std::uint32_t slot, TimePoint at);
  void on_timer(std::uint32_t slot);
  void schedule(std::uint32_t slot);
  void close(std::uint32_t slot, wire::CloseReason reason, std::string_view text,
             std::uint32_t limit = 0);
  void abandon(std::uint32_t slot, core::CloseHow how);
  void leave_feeds(std::uint32_t slot);
  void closed(std::uint32_t slot);
  void tell_lines_gone(std::uint32_t slot);

  // fanout_frames.cpp: frames made here
  bool append_private(std::uint32_t slot, Bytes frame, std::uint16_t line);
  void send_welcome(std::uint32_t slot, std::uint32_t features);
  void send_status(std::uint32_t slot);
  void send_mode_event(std::uint32_t slot);
  void send_subscribed(std::uint32_t slot);
  void send_subscribed(std::uint32_t slot, std::int32_t failure, std::string_view text);
  void refuse_request(std::uint32_t slot, const wire::RequestView& request, std::int32_t failure,
                      std::string_view text);
  void send_snapshot_mark(std::uint32_t slot, std::uint16_t line, bool begin);
  void add_status(wire::ArgumentsWriter& writer) const;
  void note_session(std::uint32_t slot, wire::CloseReason reason, std::string_view text,
                    std::uint32_t limit);

  Feed& feed(std::uint32_t slot, std::uint16_t line) {
    return feeds_[std::size_t{slot} * lines_.size() + line];
  }
  SessionRef ref(std::uint32_t slot) const;
  std::uint32_t find(core::ConnectionId id) const noexcept;

  const FanoutConfig config_;
  core::Io& io_;
  FanoutShared& shared_;
  Admission& admission_;
  const FanoutNote note_;
  core::ListenerId listener_{};

  std::vector<Line> lines_;
  std::vector<Session> sessions_;
  std::vector<Feed> feeds_;  // [slot][line]
  BlockPool pool_;
  ChannelTable channels_;
  AgentIndex agents_;
  core::TimerWheel timers_;
  std::vector<core::Completion> completions_;
  std::vector<std::uint32_t> queue_;  // sessions to serve after the inputs
  std::vector<std::uint32_t> serving_;
  std::vector<std::byte> scratch_;  // for the frames made here

  TimePoint now_{};
  TimePoint followed_at_{};          // when a turn last had records
  bool gathered_ = false;            // the next records have been held
  std::uint32_t held_in_vain_ = 0;   // one after the other
  std::uint32_t turns_alone_ = 0;    // with records, not held: gathering has gained nothing
  TimePoint gather_until_{};         // the logs are not looked at before
  std::uint32_t open_sessions_ = 0;  // slots in use, refusals included
  std::uint32_t refusals_ = 0;
  std::uint32_t monitors_ = 0;
  bool stopping_ = false;
  std::atomic<bool> stop_requested_{false};
  std::array<TimePoint, 24> noted_at_{};  // per close reason: rate limit of the log
  std::array<std::uint64_t, 24> unnoted_{};
  FanoutCounters counters_;
  TimePoint published_at_{};
  ring::Seqlock<FanoutCounters> published_;
};

}  // namespace cti::broker
