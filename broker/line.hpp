// line.hpp - one peripheral gateway: the Io, the queues and the bells around a LineCore. One thread each.
//
// Why      calls never leave their peripheral gateway, so everything about them can live in one thread without a lock.
// Shape    an actor: turn() takes what the Io has, feeds the link and, with what the link does not keep, the core; then what
//          clients ask; then the time. At its end it shows the log's new records once and wakes those who read it. What
//          any of it means is in line_core.hpp.
//
//             CTI Server --bytes--> CtiLink --frames--> LineCore --records--> EventLog --> every fan-out reactor
//                  ^                   |                 ^  |
//                  +------ Upstream <--+---messages------|--+
//                                   fan-out --Ask--------+  +--Tell (replies, snapshots)--> one fan-out
//
// Parts    turn() is before_wait(), a wait, after_wait(), work(): apart for whoever lets a line and a fan-out reactor take turns
//          on one Io (shared_turn.hpp).
// Stopped  times in which the process did not run are taken off the time that core and link see (line_time.hpp), and the
//          CTI Server gets a fresh round of heartbeats before it is declared dead (P11).
// Threads  the one that calls turn(). Others touch LineShared only.
#pragma once

#include "broker/line_core.hpp"
#include "broker/line_time.hpp"
#include "broker/meet/line_config.hpp"
#include "broker/meet/line_shared.hpp"
#include "broker/requests/replies.hpp"
#include "broker/upstream/cti_link.hpp"
#include "broker/upstream/upstream.hpp"
#include "core/random.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace cti::broker {

class Line {
 public:
  /// `shared` and `fanouts` outlive the line. `random` seeds the back-off's jitter.
  Line(const LineConfig& config, LineShared& shared, std::vector<FanoutShared*> fanouts,
       core::Io& io, const RendezvousLimits& limits, core::Random random, Say say = {});
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// Begins to connect. Before the first turn.
  void start();
  /// One turn: waits for news until `deadline` at most, works on it, returns how much there was.
  std::uint32_t turn(TimePoint deadline);

  /// The bell is announced when there is nothing to do; until when the Io's wait may last.
  TimePoint before_wait(TimePoint deadline);
  /// What the wait has brought: other owners' connections are left alone.
  void after_wait(std::span<const core::Completion> completions);
  /// What clients ask, then the time; then all is shown. Returns how many asks there were.
  std::uint32_t work();

  /// For some turns nothing is read from the CTI Server.
  void set_resting(bool on) { link_.set_resting(on); }
  /// Takes leave of the CTI Server and answers what is open with "outcome unknown". Turns may go on until idle().
  void stop();
  bool idle() const noexcept { return stopped_ && !tells_.waiting() && link_.left(); }

  /// When turn() has something to do of its own accord.
  TimePoint next_deadline() const;

  const LineCore& core() const noexcept { return core_; }
  const ObjectMap& map() const noexcept { return core_.map(); }
  const CtiLink& link() const noexcept { return link_; }
  /// The session is open and the start-up dialogue is through.
  bool ready() const noexcept { return core_.ready(); }
  bool in_step() const noexcept { return core_.in_step(); }
  /// Records wait because somebody still reads where they would be written.
  bool held_back() const noexcept { return core_.held_back(); }
  Position position() const noexcept { return core_.position(); }

  const LineCounters& counters() const noexcept { return core_.counters(); }
  const Statistics& statistics() const noexcept { return core_.statistics(); }
  const TranslatorCounters& translator_counters() const noexcept {
    return core_.translator_counters();
  }
  const RequestCounters& request_counters() const noexcept { return core_.request_counters(); }
  const SinkCounters& sink_counters() const noexcept { return core_.sink_counters(); }
  const Sync::Counters& sync_counters() const noexcept { return core_.sync_counters(); }
  const SnapshotMaker::Counters& snapshot_counters() const noexcept {
    return core_.snapshot_counters();
  }
  const TellOut::Counters& tell_counters() const noexcept { return tells_.counters(); }
  std::size_t pending() const noexcept { return core_.pending(); }
  std::uint64_t client_reports() const noexcept { return core_.client_reports(); }
  /// Times that this line was found to have been stopped.
  std::uint64_t stops_survived() const noexcept { return stops_survived_; }

 private:
  TimePoint now() const { return time_.own(io_.now()); }
  void on_completion(const core::Completion& completion);
  void receive(Bytes bytes);
  void trace(const core::Completion& completion) noexcept;
  void on_link_event(LinkEvent event);
  void look_after_reset();
  void tick();
  void end_turn();

  static constexpr std::size_t kCompletionsPerTurn = 256;

  const RendezvousLimits limits_;
  LineShared& shared_;
  core::Io& io_;
  core::Random random_;
  std::vector<core::Completion> completions_;
  LineTime time_;
  Upstream upstream_;
  CtiLink link_;
  TellOut tells_;
  LineCore core_;
  TimePoint wait_began_{};  // by the Io's clock
  TimePoint wait_ends_{};
  std::uint64_t stops_survived_ = 0;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace cti::broker
