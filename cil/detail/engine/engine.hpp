// engine.hpp - the event thread's side of a session: modes, updates, snapshots, requests, the current call.
//
// Why      everything that happens to a session happens here, one thing after the other, so that events come in order
//          and on one thread, whether that is the session's own or the caller's.
// Shape    an actor: turn() does queued work, feeds the transport, ends what is overdue. What the server says becomes
//          records for the objects and events for the listeners.
// Life     from an accepted Connect to its end: OnConnectionClosed, OnConnectionRejected, a final OnConnectionFailure of a
//          session that does not keep trying, or the next Connect after it of one that does. leave() ends it in one step;
//          the state word (session_state.hpp) says where it stands.
// Modes    a mode that is set is set up again after every reconnect, from the last position of each peripheral; what the
//          server no longer has comes as a snapshot, and calls that it does not mention get an OnCallEnd of ours.
// Requests end exactly once: by the server's reply; refused when they never left; else with "outcome unknown". After a
//          reconnect a request goes out again, under its old number, only to a server of the same lineage: only such a
//          server can know whether it has run already.
// Bounds   whatever a server can make grow has one, counted in what it costs: snapshots that have not ended yet and objects
//          by SessionLimits; kPeripheralsMax positions and states of peripherals, the rest told and not kept; the settings of
//          one answer. kRequestMost until a request counts as lost, kModeMost until a mode that is not established is.
// Threads  one at a time: the session's own, or whoever of the caller's has the turn (turn_owner.hpp).
#pragma once

#include "cil/detail/engine/session_core.hpp"
#include "cil/detail/engine/turn_owner.hpp"
#include "cil/detail/transport/transport.hpp"
#include "wire/arguments.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cti::cil::detail {

inline constexpr Seconds kRequestMost{60};
inline constexpr Seconds kModeMost{120};
inline constexpr std::size_t kPeripheralsMax = wire::limits::kPositionsMax;
static_assert(kRequestMost < kModeMost, "what waits for a mode ends before the mode is given up");
static_assert(kAttemptMost < kRequestMost, "a request outlasts a change of sides");
inline constexpr std::uint32_t kRetriesWithSettings = 5;

class Engine final : private TransportUser {
 public:
  Engine(std::shared_ptr<SessionCore> core, std::uint64_t seed);
  /// The session is gone, and whoever ran a turn has left it. What is left of a life is let go of.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Does what there is to do, waiting for it at most until `deadline`. Returns how much was done.
  std::uint32_t turn(TimePoint deadline);
  /// The caller's loop: a turn that waits `most` at most. Nothing: another thread has the turn, and has not given it back
  /// within `patience`.
  std::optional<std::uint32_t> turn_of_caller(Millis patience, Millis most);
  /// The caller's loop: when it is to call again. While another thread has the turn: soon.
  Millis next_of_caller();
  /// When turn() has something to do by itself.
  TimePoint next() const;
  TimePoint now() const noexcept { return core_.io().now(); }

  /// What must hold between two turns: the rule of session_state.hpp, and that every request is accounted for.
  void invariants() const;

  struct Counters {
    std::uint64_t updates = 0, doubles = 0, snapshots = 0, late_replies = 0,
                  requests_sent_again = 0;
    std::uint64_t positions_refused = 0;    ///< of peripherals beyond kPeripheralsMax
    std::uint64_t peripherals_refused = 0;  ///< states of such
    std::uint64_t marks_refused = 0;        ///< records without room to be marked as monitored
  };
  const Counters& counters() const noexcept { return counters_; }

 private:
  struct Pending {
    Request request;
    bool sent = false;
    std::uint64_t lineage = 0;  ///< of the server that it was sent to
    TimePoint deadline;
  };
  /// kLive: it has happened. kTold: part of a snapshot that replaces what was known. kAgain: part of one that adds those whom
  /// the session watches now; what is as it was is not told again.
  enum class As : std::uint8_t { kLive, kTold, kAgain };
  /// One that has begun and not ended yet: its records wait until it is whole.
  struct Snapshot {
    std::uint32_t peripheral_id = 0;
    std::vector<std::byte> records;
    As as = As::kTold;
  };
  struct Subscription {
    std::uint64_t number = 0;  ///< State::mode_number
    wire::SubscribeMode mode{};
    wire::Arguments args;
    std::uint64_t id = 0;
    bool wanted = false;
    bool asked = false;  ///< of the server that is up; else it is as soon as there is room
    bool established = false;
    bool again = false;           ///< it had been established before
    bool snapshot_seen = false;   ///< since it was last asked for
    bool watches = false;         ///< the program has asked to watch somebody
    TimePoint deadline = kNever;  ///< for being established
  };

  static constexpr std::size_t kMembersMax = 16'384;
  /// Somebody in a team of the session's agent, as the program was told.
  struct TeamMember {
    Arguments told;      ///< what names the agent and the team
    bool heard = false;  ///< since the mode was last asked for
  };
  /// One that ended without the server, and whether it had been sent.
  struct Unanswered {
    Request request;
    bool sent = false;
  };
  /// What a life leaves behind: to be let go of where no lock is held, the program may have derived from CAgent.
  struct Life {
    std::vector<Unanswered> unanswered;
    Objects::Handles handles;
    Ref<CAgent> agent;
  };

  // What the program asked for, in the order of SessionCore (engine.cpp).
  std::uint32_t do_work();
  void forget_connection();
  void connect();
  void disconnect();
  void run(ModeAsked& asked);
  void run(Request& request) { start(std::move(request)); }
  void run(AgentCleared& cleared);
  void run(CallChosen& chosen);
  void start(Request request);
  void call_chosen(const std::string& object_id);

  // The transport's voice (engine.cpp).
  void on_up(const Server& server, const wire::WelcomeView& welcome) override;
  void on_loss(const Loss& loss) override;
  void on_rejected(const std::string& text) override;
  bool on_frame(Bytes frame) override;
  void on_heartbeat() override;
  void on_missing_heartbeat(std::uint32_t consecutive) override;
  void on_closed() override;
  void note_end(const Arguments& how);

  // Modes and events (modes.cpp).
  void subscribe();
  void ask_again();
  bool take_subscribed(Bytes frame);
  bool take_private_event(Bytes frame);
  void mode_established(int event_id, Arguments& args);
  void tell_known_agent();
  void log_in_again();
  void tell_system_status();
  void note_system_event(const Arguments& args);
  void note_peripheral(Arguments& system, int peripheral, bool online);
  void end_targeted(const std::string& why);
  void end_agent_mode();

  // Records and the current call (records.cpp).
  bool take_update(Bytes frame);
  wire::Position* position_of(std::uint32_t peripheral_id);
  bool take_snapshot(Bytes frame);
  void end_snapshot(const wire::SnapshotEndView& end);
  void sweep(std::uint32_t peripheral_id);
  void apply_record(const wire::UpdateView& update, As as);
  void follow_name(const Folded& folded);
  void end_object(const std::string& object_id, bool tell_end);
  void leave_call(const std::string& object_id);
  void follow_call(const std::string& object_id, int event_id, const Arguments& args, bool ends);
  void choose_call(const std::string& object_id);
  void tell_buttons(const std::string& object_id, int event_id, std::optional<unsigned int> mask);

  // Agents and calls that a supervisor watches (monitored.cpp).
  static bool watches(wire::RequestId request) noexcept;
  void note_watching(const Request& request);
  void note_stopped(const Arguments& args);
  void write_watching(wire::ArgumentsWriter& writer) const;
  bool is_monitored(const wire::UpdateView& update);
  wire::UpdateView marked(const wire::UpdateView& given, bool monitored);
  void apply_monitored(const wire::UpdateView& given, As as);
  void forget_monitored_call(const std::string& object_id);
  void end_monitored(const std::string& object_id);
  void note_member(const Arguments& args);
  void end_members();

  // Statistics, and what of them is wanted (statistics.cpp).
  static bool about_statistics(wire::RequestId request) noexcept;
  bool take_statistics(int event, const wire::ArgumentsView& args);
  void note_statistics(const Request& request);
  void note_statistics_ended(const Arguments& args);
  void ask_statistics(wire::RequestId request, const std::string& target,
                      const Arguments& arguments);
  void ask_statistics_of(wire::RequestId request, const std::set<std::string>& ids,
                         std::int64_t interval_ms);
  void ask_statistics_again();

  // Requests (requests.cpp).
  bool may_send() const;
  void send_pending();
  void send(Pending& pending);
  bool take_reply(Bytes frame);
  void take_settings(const Arguments& args);
  void reconcile(std::uint64_t lineage);
  void end_overdue();
  std::vector<Unanswered> take_unanswered(SessionCore::State& state);
  void finished(const Request& request);
  void end_all(const std::vector<Unanswered>& all, const std::string& why);
  void refuse(const Request& request, int failure_code, wire::Outcome outcome,
              const std::string& why);

  void tell(int event_id, Arguments& args);
  /// The life is over: back to the state before Connect, all in one step. False: a Disconnect or a Connect has been asked
  /// for, which will do it.
  bool leave(Step step, Life* left);
  Life end_life(SessionCore::State& state);
  int event_time() const;
  bool in_agent_mode() const;  ///< one that the program has not cleared
  bool agent_cleared() const;

  TurnOwner owner_;
  std::shared_ptr<SessionCore> core_owner_;
  SessionCore& core_;
  Transport transport_;
  std::uint64_t token_;
  std::vector<core::Completion> completions_;
  std::vector<std::byte> buffer_;  ///< frames are written here

  Subscription subscription_;
  std::map<std::uint32_t, wire::Position> positions_;  ///< by peripheral
  std::optional<Snapshot> snapshot_;
  std::string own_id_;                  ///< the agent's UniqueObjectID, and
  std::uint64_t own_key_ = 0;           ///< its key
  std::vector<std::byte> marked_;       ///< a record is written here with its mark
  std::map<std::string, TeamMember> members_;  ///< by UniqueObjectID; kMembersMax
  std::vector<std::uint32_t> unswept_;  ///< peripherals whose snapshot came before the mode stood
  std::vector<std::string>
      settings_;  ///< properties of the session that came with its last settings
  std::map<std::uint64_t, Pending> pending_;
  bool renewing_ = false;         ///< the connection is exchanged for a new one, without a word to the program
  bool starved_ = false;          ///< a mode or some of them found no room in the transport
  std::optional<Request> login_;  ///< the last good one
  std::uint64_t lineage_ = 0;
  Counters counters_;
};

}  // namespace cti::cil::detail
