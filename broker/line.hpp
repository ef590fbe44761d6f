// line.hpp - one peripheral gateway: its CTI Server session, its map, its log, its requests. One thread each.
//
// Why      calls never leave their peripheral gateway, so everything about them can live in one thread without a lock.
// Shape    an actor: turn() takes what the Io has, feeds the link, translates, takes what clients ask, fires what is due,
//          shows the log's new records once and wakes those who read it.
//
//             CTI Server --bytes--> CtiLink --frames--> Translator --records--> EventLog --> every fan-out reactor
//                  ^                                        |                       |
//                  |                                     ObjectMap <----- apply ----+
//                  +------ Requests <--- Ask ---- fan-out           Tell (replies, snapshots) ---> one fan-out
//
// Start    nothing is applied before the start-up dialogue (sync.hpp) is through; after a loss the map stays as it was,
//          clients are told, requests are refused, and the next dialogue brings it up to date.
// Asks     while a dialogue runs, asks wait for its end (bounded); with no link at all, requests are refused and snapshots
//          are answered with what is known.
// Threads  the one that calls turn(). Others touch LineShared only.
#pragma once

#include "broker/upstream/client_report.hpp"
#include "broker/upstream/cti_link.hpp"
#include "broker/upstream/inquiry.hpp"
#include "broker/meet/line_config.hpp"
#include "broker/meet/line_shared.hpp"
#include "broker/model/object_map.hpp"
#include "broker/upstream/pending.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/requests/replies.hpp"
#include "broker/requests/requests.hpp"
#include "broker/model/snapshot.hpp"
#include "broker/upstream/sync.hpp"
#include "broker/translate/translator.hpp"
#include "core/random.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cti::broker {

struct LineCounters {
  std::uint64_t turns = 0;
  std::uint64_t frames = 0;      ///< GED-188 messages past the link
  std::uint64_t bad_frames = 0;  ///< of them refused by a decoder
  std::uint64_t asks = 0;
  std::uint64_t asks_parked = 0;    ///< waited for a start-up dialogue
  std::uint64_t asks_overflow = 0;  ///< found no room to wait and were refused
  std::uint64_t late_answers = 0;   ///< answers to requests that had expired
  std::uint64_t log_stops = 0;      ///< upstream reading stopped because a gate held the log
  std::uint64_t fresh_starts = 0;   ///< sessions given up because records were lost
};

class Line {
 public:
  /// `shared` and `fanouts` outlive the line. `random` seeds the back-off's jitter.
  Line(const LineConfig& config, LineShared& shared, std::vector<FanoutShared*> fanouts,
       core::Io& io, const RendezvousLimits& limits, core::Random random, LineLog log = {});
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// Begins to connect. Before the first turn.
  void start();
  /// One turn: waits for news until `deadline` at most, works on it, returns how much there was.
  std::uint32_t turn(TimePoint deadline);
  /// Takes leave of the CTI Server and answers what is open with "outcome unknown". Turns may go on until idle().
  void stop();
  bool idle() const noexcept { return stopped_ && !tells_.waiting(); }

  /// When turn() has something to do of its own accord.
  TimePoint next_deadline();

  const ObjectMap& map() const noexcept { return map_; }
  const CtiLink& link() const noexcept { return link_; }
  /// The session is open and the start-up dialogue is through.
  bool ready() const noexcept { return link_.up() && !sync_.active(); }
  /// Besides, every question of the dialogue has been answered.
  bool in_step() const noexcept { return ready() && !sync_.trailing(); }
  Position position() const noexcept { return sink_.position(); }

  const LineCounters& counters() const noexcept { return counters_; }
  const TranslatorCounters& translator_counters() const noexcept { return translator_.counters(); }
  const RequestCounters& request_counters() const noexcept { return requests_.counters(); }
  const SinkCounters& sink_counters() const noexcept { return sink_.counters(); }
  const Sync::Counters& sync_counters() const noexcept { return sync_.counters(); }
  const SnapshotMaker::Counters& snapshot_counters() const noexcept {
    return snapshots_.counters();
  }
  const TellOut::Counters& tell_counters() const noexcept { return tells_.counters(); }
  std::size_t pending() const noexcept { return pending_.size(); }
  std::uint64_t client_reports() const noexcept { return report_.sent(); }

 private:
  /// An agent that a session wants to be, and of whom nothing is known yet.
  struct Probe {
    std::uint64_t number = 0;
    Ask ask;
    std::uint32_t peripheral_id = 0;
    std::string agent_id;
    std::unique_ptr<Inquiry> inquiry;
  };
  struct Parked {
    Ask ask;
    TimePoint deadline;
  };

  void on_completion(const core::Completion& completion);
  void on_link_event(LinkEvent event);
  void on_frame(std::uint32_t message_type, Bytes body);
  void on_answer(std::uint32_t message_type, Bytes body);
  void on_client_answer(const Pending& pending, std::uint32_t message_type, Bytes body);
  void on_probe_answer(const Pending& pending, std::uint32_t message_type, Bytes body);
  void on_sync_answer(const Pending& pending, std::uint32_t message_type, Bytes body);
  bool apply_answer(const Question& question, std::uint32_t message_type, Bytes body);
  void apply_refusal(const Question& question);
  void note_outcome(const Translator::Outcome& outcome);
  void note_system_event(Bytes body);
  void note_login(std::uint32_t message_type, Bytes body);
  void ask_desk_settings(const AgentEntry& agent);
  void link_up();
  void link_down();
  void finish_sync();
  void fire(TimePoint now);
  void expire(const Pending& pending);

  void take_ask(Ask&& ask);
  void run_ask(const Ask& ask);
  void agent_mode(const Ask& ask);
  void begin_probe(const Ask& ask, std::uint32_t peripheral_id, std::string agent_id);
  void pump_probes(TimePoint now);
  void end_probe(Probe& probe);
  void tell_agent_mode(const Ask& ask, std::uint64_t agent_key);
  void refuse_agent_mode(const Ask& ask, std::int32_t failure, std::string text);
  void tell_snapshot(const Ask& ask);
  void unpark(TimePoint now);
  bool may_become_ready() const noexcept;

  void end_turn();
  void say(const std::string& text) {
    if (log_) log_(text);
  }

  static constexpr std::size_t kCompletionsPerTurn = 256;
  static constexpr std::size_t kProbesMax = 256;
  /// So often an answer may be overtaken by events: then events tell enough.
  static constexpr std::uint16_t kOvertakenMax = 8;
  static constexpr std::size_t kParkedMax = 4096;

  const LineConfig config_;
  const RendezvousLimits limits_;
  LineShared& shared_;
  core::Io& io_;
  core::Random random_;
  const LineLog log_;
  std::vector<core::Completion> completions_;

  CtiLink link_;
  PendingTable pending_;
  ObjectMap map_;
  RecordSink sink_;
  Translator translator_;
  TellOut tells_;
  Requests requests_;
  Sync sync_;
  SnapshotMaker snapshots_;
  ClientReport report_;
  std::vector<Probe> probes_;
  std::uint64_t next_probe_ = 1;
  std::deque<Parked> parked_;
  bool link_was_down_ = false;  // since the last session nobody has answered
  bool session_open_ = false;   // between link_up and link_down
  bool started_ = false;
  bool stopped_ = false;
  LineCounters counters_;
};

}  // namespace cti::broker
