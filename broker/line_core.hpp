// line_core.hpp - what a line does, as a machine without sockets: inputs with their time go in, records, upstream messages
// and tells come out.
//
// Why      the same steps must run on the kernel, in the deterministic simulation and on a server that follows another one.
// Shape    step(input) for each kind of input; what comes of it goes into the log (RecordSink), the Upstream and the
//          TellOut that the owner gave. No Io, no clock, no thread, no random number: equal inputs give equal outputs.
//
//             input::Frame --------> Translator --records--> RecordSink (log)
//             input::Asked ------\                    |         |
//             input::LinkUp/Down --> Requests, Sync   +--apply--> ObjectMap
//             input::Tick  ------/      |    \--> TellOut (replies, snapshots)
//                                       +-------> Upstream (requests, questions)
//
// Turn     any inputs, then one Tick, then publish(). next_deadline() is right after a Tick.
// Start    nothing is applied before the start-up dialogue (sync.hpp) is through; after a loss the map stays as it was,
//          clients are told, requests are refused, and the next dialogue brings it up to date. What it has brought is
//          written in several turns, as the log takes it: no log is too small for it, and nobody has to wait for all of it.
// Asks     while a dialogue runs, asks wait for its end (bounded); with no link at all, requests are refused and snapshots
//          are answered with what is known.
// Memory   a failed allocation (M12) fails the ask that is being handled, or costs the session with the CTI Server, whose
//          state then comes again by a dialogue. The map is the fold of the records at all times.
// Reset    when the session is of no use any more, reset_wished() says why; the owner resets it and feeds LinkDown. Until
//          then nothing of it is applied.
// Threads  the line.
#pragma once

#include "broker/meet/line_config.hpp"
#include "broker/meet/line_shared.hpp"
#include "broker/meet/said.hpp"
#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/model/snapshot.hpp"
#include "broker/requests/replies.hpp"
#include "broker/requests/requests.hpp"
#include "broker/requests/statistics.hpp"
#include "broker/requests/watches.hpp"
#include "broker/translate/translator.hpp"
#include "broker/upstream/answer.hpp"
#include "broker/upstream/client_report.hpp"
#include "broker/upstream/inquiry.hpp"
#include "broker/upstream/line_timers.hpp"
#include "broker/upstream/pending.hpp"
#include "broker/upstream/progress.hpp"
#include "broker/upstream/sync.hpp"
#include "broker/upstream/upstream.hpp"
#include "core/base/limits.hpp"

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cti::broker {

/// What can happen to a line.
namespace input {

/// The session with the CTI Server is open: Upstream says so already.
struct LinkUp {
  TimePoint now;
  std::uint32_t pg_status = 0;
  bool peripheral_online = false;
  std::uint32_t side = 0;
  std::uint32_t services = UINT32_MAX;  ///< ServicesGranted
};
/// It has ended: Upstream says so, and why. May be told twice of one loss.
struct LinkDown {
  TimePoint now;
};
/// A message of the CTI Server that the link did not keep for itself.
struct Frame {
  TimePoint now;
  std::uint32_t message_type = 0;
  Bytes body;  ///< during the step
};
/// A session wants something.
struct Asked {
  TimePoint now;
  Ask ask;
};
/// Time has passed; the last input of a turn.
struct Tick {
  TimePoint now;
  std::optional<std::uint32_t>
      clients;  ///< how many there are; nothing: the CTI Server is not told
};
/// The end: answers what is open. Nothing else comes but Asked and Tick.
struct Stop {
  TimePoint now;
};

}  // namespace input

struct LineCounters {
  std::uint64_t frames = 0;      ///< GED-188 messages past the link
  std::uint64_t bad_frames = 0;  ///< of them refused by a decoder
  std::uint64_t counts_too_high =
      0;  ///< frames that announced more entries than came; these were taken
  std::uint64_t other_layouts =
      0;  ///< frames read in another layout than the session's version has
  std::uint64_t asks = 0;
  std::uint64_t asks_parked = 0;    ///< waited for a start-up dialogue
  std::uint64_t asks_overflow = 0;  ///< found no room to wait and were refused
  std::uint64_t late_answers = 0;   ///< answers to requests that had expired
  std::uint64_t log_stops = 0;      ///< upstream reading stopped because a gate held the log
  std::uint64_t fresh_starts = 0;   ///< sessions given up because records were lost
  std::uint64_t no_memory = 0;      ///< steps that an allocation failed
  std::uint64_t asks_lost = 0;  ///< asks whose refusal found no memory, and no room to wait for it
  std::uint64_t progress_probes =
      0;  ///< questions asked only to see whether the CTI Server still works
};

class LineCore {
 public:
  /// All of it outlives the core.
  struct Outputs {
    ring::EventLog& log;
    Position start;
    Upstream& upstream;
    TellOut& tells;
    LineStatus& status;
    ring::EventLog* side = nullptr;  ///< for what is no update; nullptr: there is none
    std::size_t side_spill_bytes = 0;
  };
  LineCore(const LineConfig& config, const Outputs& outputs, Say say);
  ~LineCore();
  LineCore(const LineCore&) = delete;
  LineCore& operator=(const LineCore&) = delete;

  void step(const input::LinkUp& link);
  void step(const input::LinkDown& link);
  void step(const input::Frame& frame);
  void step(input::Asked&& asked);
  void step(const input::Tick& tick);
  void step(const input::Stop& stop);

  /// Shows the log's new records to their readers. True: there were some.
  bool publish();
  /// A reader holds the log, and records wait; or what a dialogue has brought is still being written: read nothing more from
  /// the CTI Server, and look again soon.
  bool held_back() const noexcept { return sink_.blocked() || sync_.applying(); }
  /// When a Tick is due without any other input, and soon while held_back().
  TimePoint next_deadline() const noexcept { return timers_.next(); }
  /// kNone, or why the session must be reset. Stays until LinkDown.
  ResetCause reset_wished() const noexcept { return reset_; }
  const std::string& reset_why() const noexcept { return reset_why_; }

  const ObjectMap& map() const noexcept { return map_; }
  /// The session is open and the start-up dialogue is through.
  bool ready() const noexcept { return upstream_.up() && !sync_.active(); }
  /// Besides, every question of the dialogue has been answered.
  bool in_step() const noexcept { return ready() && !sync_.trailing(); }
  Position position() const noexcept { return sink_.position(); }
  std::size_t pending() const noexcept { return pending_.size(); }
  /// Every queue of a line keeps to its bound. The map has its own: ObjectMap::invariants().
  void invariants() const noexcept;
  std::uint64_t client_reports() const noexcept { return report_.sent(); }

  const LineCounters& counters() const noexcept { return counters_; }
  const TranslatorCounters& translator_counters() const noexcept { return translator_.counters(); }
  const RequestCounters& request_counters() const noexcept { return requests_.counters(); }
  const SinkCounters& sink_counters() const noexcept { return sink_.counters(); }
  const Sync::Counters& sync_counters() const noexcept { return sync_.counters(); }
  const WatchCounters& watch_counters() const noexcept { return watches_.counters(); }
  const Watches& watches() const noexcept { return watches_; }
  const Statistics& statistics() const noexcept { return statistics_; }
  const SnapshotMaker::Counters& snapshot_counters() const noexcept {
    return snapshots_.counters();
  }

 private:
  /// An agent that a session wants to be, and of whom nothing is known yet.
  struct Probe {
    std::uint64_t number = 0;
    Ask ask;
    std::uint32_t peripheral_id = 0;
    std::string agent_id;
    std::unique_ptr<Inquiry> inquiry;
    core::TimerId timer;
  };
  struct Parked {
    Ask ask;
    TimePoint deadline;
  };
  enum class Pace : std::uint8_t { kAsTheLogTakesIt, kAtOnce };
  /// The dialogue that is being applied.
  struct Dialogue {
    std::size_t calls_before = 0;
    bool all_read = false;
  };

  // line_core.cpp: the session, its frames and its clock; line_core_dialogue.cpp: what a dialogue has brought
  void begin_session(const input::LinkUp& link);
  void look_at_services(std::uint32_t granted);
  void finish_loss() noexcept;
  void on_frame(const input::Frame& frame);
  void take_frame(const input::Frame& frame);
  void on_answer(const Answer& answer);
  void on_own_answer(const Pending& pending, const Answer& answer);
  void on_client_answer(const Pending& pending, const Answer& answer);
  void tell_recording(const Pending& pending, const Answer& answer, bool fits);
  void on_sync_answer(const Pending& pending, const Answer& answer);
  bool apply_answer(const Question& question, const Answer& answer, Translator::For whom);
  void apply_refusal(const Question& question, Translator::For whom);
  bool knows_agent(const Question& question) const noexcept;
  void ask_calls_at(const Question& question);
  void note_outcome(const Translator::Outcome& outcome);
  void note_bad_frame(const wire::DecodeError& error);
  bool note_oddities(std::uint32_t message_type);
  void note_system_event(Bytes body);
  void note_peripheral(std::uint32_t id, bool online);
  void note_controller(bool online, bool news);
  void look_after_newcomers();
  void look_after_watches();
  void look_again();
  void look_after_everybody();
  void look_after(const AgentEntry& agent, bool unasked, Asking how);
  void look_after(const CallEntry& call);
  void pump_sync();
  bool apply_dialogue(Pace pace);
  void finish_dialogue();
  void give_up_unsayable();
  void fired(TimerKind kind, std::uint64_t number);
  void expire(std::uint32_t invoke_id);
  void go_on();
  void look_at_progress();
  bool ask_something();
  void out_of_memory() noexcept;
  void wish_reset(ResetCause cause, std::string_view why) noexcept;
  void set_alarms(bool reports);

  // line_core_asks.cpp: what sessions want
  template <class Run>
  void within_net(const Ask& shell, Run&& run);
  void owe(const Ask& shell) noexcept;
  bool fail_for_memory(const Ask& shell) noexcept;
  void pay_what_is_owed() noexcept;
  void take_ask(Ask&& ask);
  void run_ask(const Ask& ask);
  void refuse_ask(const Ask& ask, std::string_view text);
  void forget_session(const SessionRef& session);
  static std::size_t cost_of(const Ask& ask) noexcept;
  void agent_mode(const Ask& ask);
  void begin_probe(const Ask& ask, std::uint32_t peripheral_id, std::string agent_id);
  void on_probe_answer(const Pending& pending, const Answer& answer);
  void pump_probes();
  void expire_probe(std::uint64_t number);
  void end_probe(std::size_t index);
  void answer_probe(const Probe& probe);
  void tell_agent_mode(const Ask& ask, std::uint64_t agent_key);
  void refuse_agent_mode(const Ask& ask, std::int32_t failure, std::string text);
  void tell_snapshot(const Ask& ask);
  void unpark();
  bool may_become_ready() const noexcept;

  /// A line for the log, in pieces; the first one names its kind. One that finds no memory is not said.
  void say(core::log::Level level, std::initializer_list<std::string_view> pieces) const noexcept;

  static constexpr std::size_t kProbesMax = limits::kProbesMax;
  /// So often an answer may be overtaken by events: then events tell enough.
  static constexpr std::uint16_t kOvertakenMax = 8;
  static constexpr std::size_t kParkedMax = limits::kParkedMax;
  static constexpr std::size_t kParkedBytesMax =
      limits::kParkedBytesMax;  // their arguments counted
  static constexpr std::size_t kOwedMax = limits::kAnswersOwedMax;
  static constexpr std::size_t kWhyBytesMax = 200;
  static constexpr std::size_t kAlarms = 7;
  static constexpr std::size_t kKeptPerTurn = 1024;  // frames of a dialogue that are applied in one turn
  static_assert(kWhyBytesMax < Upstream::kCauseBytesMax, "the side's name fits before it");
  static constexpr Nanos kMemoryPause =
      Millis{100};  // before what failed for memory is tried again
  static constexpr std::uint32_t kTimersPerStep = 4096;
  static constexpr std::uint64_t kBadFramesSaid = 16;

  const LineConfig config_;
  Upstream& upstream_;
  TellOut& tells_;
  LineStatus& status_;
  const Say say_;

  TimePoint now_{};  // of the step under way
  LineTimers timers_;
  PendingTable pending_;
  ObjectMap map_;
  RecordSink sink_;
  Translator translator_;
  SnapshotMaker snapshots_;
  Watches watches_;
  Statistics statistics_;
  Requests requests_;
  Sync sync_;
  Dialogue dialogue_;
  ClientReport report_;
  Progress progress_;
  Alarm sync_alarm_, probe_alarm_, report_alarm_, parked_alarm_, progress_alarm_, memory_alarm_,
      statistics_alarm_;
  std::vector<Probe> probes_;
  std::uint64_t next_probe_ = 1;
  std::uint64_t heard_before_ = 0;  // frames of earlier sessions
  std::deque<Parked> parked_;
  std::size_t parked_bytes_ = 0;
  std::vector<Ask> owed_;  // shells of asks that failed for memory and could not even be told so
  std::uint64_t asked_seen_ = 0;  // questions that progress_ knows of
  std::uint32_t bad_in_a_row_ = 0;
  ResetCause reset_ = ResetCause::kNone;
  std::string reset_why_;
  bool session_open_ = false;  // between LinkUp and LinkDown
  bool losing_ = false;        // a lost session's askers have not all been told yet
  bool loss_told_ = true;      // its status record is written
  bool stopped_ = false;
  bool looks_owed_ = false;  // who watches whom, and who may see which statistics, was not looked at to the end
  bool no_room_said_ = false;
  LineCounters counters_;
};

}  // namespace cti::broker
