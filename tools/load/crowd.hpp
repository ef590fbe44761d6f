// crowd.hpp - tens of thousands of client sessions in one thread: agents who work, supervisors and monitors who look on.
//
// Shape    a session is a connection of the Io, the rest of a cut frame, a position check, and for agents a robot. It speaks
//          the session protocol (wire/SESSION_PROTOCOL.md) itself; of most records only the fixed part is read.
// Witness  session 0 is a monitor of everything that belongs to no count: what agents should have got is what it has seen.
// Opening  at most kOpeningMax sessions are on their way at a time, so that nobody's backlog overflows.
// Latency  a call carries a number in call variable 10; who sees the number first in a session notes how long ago the call
//          was to arrive. Monitors look at pre-call events only: once per call.
// Threads  one: whoever calls the Io.
#pragma once

#include "core/io.hpp"
#include "core/send_buffer.hpp"
#include "core/timer_wheel.hpp"
#include "tools/load/recorder.hpp"
#include "tools/load/result.hpp"
#include "tools/load/robot.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cti::load {

struct CrowdSettings {
  core::Endpoint server;
  std::uint32_t agents = 0, monitors = 0, supervisors = 0;
  bool calls = true;
  std::uint32_t peripheral = 5000;
  std::uint32_t first_agent = 10001,
                first_instrument = 20001;       ///< supervisors come first, then agents
  std::uint32_t first_group = 101, groups = 1;  ///< agents are dealt out to them in turn
  Habits habits;
  std::uint64_t seed = 1;
};

struct CrowdCounters {
  std::uint64_t records = 0, foreign = 0, malformed = 0, ended = 0, refused_sessions = 0,
                forgotten = 0;  // forgotten: a robot's wake-up found no room
  std::uint32_t standing = 0, logged_in = 0, ready = 0;
  Supervised supervised;
};

class Crowd {
 public:
  static constexpr std::size_t kUnsentBytesMax = std::size_t{1} << 20;  ///< of one session
  static constexpr std::uint32_t kOpeningMax = 64;

  /// `io` and `recorder` must outlive the crowd.
  Crowd(core::Io& io, const CrowdSettings& settings, Recorder& recorder);

  // -- opening and ending ----------------------------------------------------------------------------------------
  /// Opens as many more sessions as may be on their way. True: all stand, and all robots are where they should be.
  bool open_more();
  /// Everybody says goodbye.
  void say_goodbye();

  // -- the turn --------------------------------------------------------------------------------------------------
  /// False: the completion belongs to none of these sessions.
  bool on_completion(const core::Completion& completion);
  /// What robots have waited for. Returns the work done.
  std::uint32_t on_time(TimePoint now);
  TimePoint next_due() const noexcept { return timers_.next(); }

  // -- work ------------------------------------------------------------------------------------------------------
  /// A skill group with a free agent, who is kept for the call `serial`; nothing: nobody is free. `stamp` is what
  /// call variable 10 must carry.
  struct Place {
    std::uint32_t group = 0;
    std::string stamp;
  };
  std::optional<Place> place_call(TimePoint intended);
  /// The next idle robot goes ready or not ready. False: none is idle.
  bool change_a_state(TimePoint intended);
  /// Supervisors begin to supervise, or end it and leave the calls that they are on.
  void supervise(bool on);

  // -- checks ----------------------------------------------------------------------------------------------------
  /// Nothing has come for `silence`, no call is at a robot and no reply is awaited.
  bool quiet(Nanos silence) const;
  /// From here on agents' records are tallied.
  void watch();
  /// Closes the tallies (behind what the witness has seen, and `ahead` more) ...
  void close_tallies(std::uint64_t ahead);
  bool witness_beyond_tallies() const;
  /// ... and compares them: faults of agents' sessions. `compared`: how many could be.
  PositionFaults compare_tallies(std::uint64_t* compared) const;
  /// Of all sessions up to now, without the tallies.
  PositionFaults faults() const;
  /// Calls that nobody saw and requests that nobody answered go into their steps.
  void settle_accounts();

  const CrowdCounters& counters() const noexcept { return counters_; }
  const std::string& first_refusal() const noexcept { return first_refusal_; }
  const std::string& first_ending() const noexcept { return first_ending_; }
  const std::string& team_monitoring() const noexcept { return team_monitoring_; }
  std::uint32_t sessions() const noexcept { return static_cast<std::uint32_t>(sessions_.size()); }

 private:
  enum class Kind : std::uint8_t { kWitness, kMonitor, kSupervisor, kAgent };
  enum class Stage : std::uint8_t { kIdle, kOpening, kStanding, kEnded };
  struct Asked {
    std::uint64_t id = 0;
    Wish wish{};
    TimePoint intended{};
  };
  struct Session {
    explicit Session(Kind of)
        : positions(of == Kind::kWitness || of == Kind::kMonitor ? PositionCheck::Sees::kEvery
                                                                 : PositionCheck::Sees::kSome),
          kind(of) {}
    core::ConnectionId connection{};
    PositionCheck positions;
    wire::SessionFrameCutter cutter{wire::limits::kFrameBytesMax, 0};
    core::SendBuffer out{kUnsentBytesMax, core::SendBuffer::Memory::kGrows};
    std::vector<Asked> asked;
    std::uint64_t last_id = 0;
    std::uint32_t robot = 0;  // kAgent, kSupervisor
    Kind kind;
    Stage stage = Stage::kIdle;
    bool entered = false, settled = false;
    bool adds = false;  // the snapshot that is coming: of whom it watches now, and in place of nothing
  };
  struct Worker {
    Robot robot;
    std::uint32_t session = 0, group = 0, last_call = UINT32_MAX;
    std::uint64_t key = 0;
    Tally wanted;        // by the witness
    TimePoint due{};     // of what the robot waits for
    TimePoint change{};  // when the last change of state was due
    bool changing = false;
  };
  struct Group {
    std::uint32_t free = 0, promised = 0;
  };
  static constexpr std::uint32_t kNobody = UINT32_MAX;
  /// What a supervisor knows and does. Workers by their numbers.
  struct Overseer {
    std::vector<std::uint32_t> members;  // of whom something was heard
    std::uint32_t next = 0, turns = 0;
    std::uint32_t watched = kNobody, asked_for = kNobody;
    std::string call;  // that the watched one talks on
    bool joined = false;
  };
  struct Call {
    TimePoint intended{};
    std::uint32_t group = 0;
    bool seen = false;
  };

  // crowd.cpp
  void start(std::uint32_t index);
  void greet(Session& session);
  void append(Session& session, Bytes frame);
  void flush(Session& session);
  void ended(Session& session, std::int32_t error);
  void stands(Session& session);
  void settle(Session& session);
  void apply(Session& session, const Orders& orders, TimePoint now);
  void ask(Session& session, Wish wish, TimePoint intended);
  std::string agent_id(const Session& session) const;
  std::string object_id(std::uint32_t worker) const;
  // crowd_supervisors.cpp
  void supervise(Session& session, TimePoint intended);
  void write_supervising(wire::ArgumentsWriter& args, const Session& session, Wish wish) const;
  void on_members_update(Session& session, const wire::UpdateView& update);
  bool supervised(Session& session, const Asked& was, wire::Outcome outcome);
  // crowd_frames.cpp
  void on_frame(Session& session, Bytes frame);
  void on_update(Session& session, Bytes frame);
  void on_agents_update(Session& session, const wire::UpdateView& update);
  void work(Session& session, wire::EventId event, const wire::UpdateView& update);
  void on_monitors_update(const wire::UpdateView& update);
  void witness(const wire::UpdateView& update);
  void on_reply(Session& session, Bytes frame);
  void on_subscribed(Session& session, Bytes frame);
  void note_phase(Worker& worker, Robot::Phase before);
  Call* stamped(const wire::UpdateView& update, std::uint32_t* serial);
  void malformed(Session& session);

  core::Io& io_;
  CrowdSettings settings_;
  Recorder& recorder_;
  core::Random random_;
  core::TimerWheel timers_;
  std::vector<Session> sessions_;
  std::vector<std::uint32_t> session_of_;  // by slot of the connection
  std::vector<Worker> workers_;
  std::unordered_map<std::uint64_t, std::uint32_t> worker_of_;  // by object key
  std::vector<Overseer> overseers_;  // of the supervisors
  bool supervising_ = false;
  std::vector<Group> groups_;
  std::vector<Call> calls_;
  std::string nonce_;
  std::uint64_t token_base_;
  std::uint32_t opened_ = 0, settled_ = 0, next_group_ = 0, next_worker_ = 0;
  std::uint64_t tally_to_ = 0;
  Tally system_;
  TimePoint last_record_{};
  std::array<std::byte, 4096> room_{};
  CrowdCounters counters_;
  std::string first_refusal_, first_ending_, team_monitoring_;
};

}  // namespace cti::load
