// model.hpp - the switch, its agents and its router: one deterministic state machine in model time.
//
// Why      every event that a client can see follows from one call model; there are no scripts.
// Shape    operations (login, originate, answer, hold, transfer ...) check everything first, then change connections and
//          tell the listeners at once. What takes time is a timer in the model's own queue: advance() fires what is due.
//          Nothing reads a clock or draws a number except from the seed.
// Files    model.cpp (building, time, invariants), model_events.cpp (telling), agents.cpp, basic_calls.cpp,
//          two_calls.cpp (consult .. reconnect), routing.cpp, supervision.cpp, call_data.cpp, media_extras.cpp (greetings,
//          recording), changes.cpp (configuration while it runs)
// Failure  an operation that is refused has changed nothing.
// Threads  one owner.
#pragma once

#include "core/base/result.hpp"
#include "core/random.hpp"
#include "tools/simulator/model/agent.hpp"
#include "tools/simulator/model/model_events.hpp"
#include "tools/simulator/model/timer_queue.hpp"

#include <map>
#include <string_view>
#include <unordered_map>

namespace cti::simulator {

template <class T>
using Done = Result<T, Failure>;

struct LoginRequest {
  std::string_view agent, password,
      instrument;  ///< instrument: remote agents add ";" and a phone number
  std::uint16_t work_mode = 0;
  bool password_known = false;              ///< single sign-on: no password is asked for
  std::vector<std::uint32_t> skill_groups;  ///< by number; empty: the configured ones
  std::uint32_t session = 0;
};

struct StateRequest {
  AgentState state{};
  std::uint16_t reason = 0;
  bool forced = false;  ///< by a supervisor, or ForcedFlag
};

/// A call as somebody dials it.
struct Dial {
  std::string_view number;
  CallDataPatch data;
};

/// A call from outside.
struct OutsideCall {
  std::string ani, number;
  GroupIndex group = kNoIndex;  ///< instead of `number`
  CallDataPatch data;
  Nanos patience = Nanos::max();  ///< hangs up when nobody has answered by then
  Nanos talk = Nanos::max();      ///< hangs up so long after the first answer
};

struct ModelCounters {
  std::uint64_t calls_begun = 0, calls_ended = 0, views_begun = 0, views_ended = 0, routed = 0,
                queued = 0, abandoned = 0, ring_no_answer = 0, refused_full = 0, transfers = 0,
                conferences = 0, state_changes = 0;
};

class Model {
 public:
  Model(Settings settings, std::uint64_t seed);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /// Listeners are told in the order of adding; they must outlive the model's last use.
  void add_listener(ModelListener& listener) { listeners_.push_back(&listener); }

  // -- time ------------------------------------------------------------------------------------------------------
  TimePoint now() const noexcept { return now_; }
  TimePoint next_deadline() const noexcept { return timers_.next(); }
  /// Fires what is due up to `to`, each at its own time; at most `limit` timers. True: nothing due is left.
  bool advance(TimePoint to, std::uint32_t limit = 10'000);
  void arm_robot(TimePoint at, std::uint32_t id, std::uint64_t stamp) {
    timers_.arm(at, TimerKind::kRobot, id, stamp);
  }

  // -- looking ---------------------------------------------------------------------------------------------------
  const Settings& settings() const noexcept { return settings_; }
  const std::vector<Agent>& agents() const noexcept { return agents_; }
  const std::vector<Station>& stations() const noexcept { return stations_; }
  const std::vector<SkillGroup>& groups() const noexcept { return groups_; }
  const std::vector<Team>& teams() const noexcept { return teams_; }
  const std::map<CallNumber, Call>& calls() const noexcept { return calls_; }
  const ModelCounters& counters() const noexcept { return counters_; }
  bool peripheral_online() const noexcept { return peripheral_online_; }
  AgentIndex find_agent(std::string_view id) const;
  AgentIndex find_agent_by_target(std::uint32_t skill_target_id) const;
  StationIndex find_station(std::string_view id) const;
  GroupIndex find_group(std::uint32_t number) const;
  GroupIndex find_group_by_dialed(std::string_view number) const;
  const Call* find_call(CallNumber number) const;
  /// Where the agent is logged in, else the usual instrument.
  const std::string& device_of(const Agent& agent) const {
    return agent.station == kNoIndex ? agent.settings.instrument : stations_[agent.station].id;
  }
  /// The call of a station with this number, or the one that a merged call went into.
  const Connection* find_view(CallNumber number, StationIndex station) const;
  /// Agent's time in a state up to now, all stays together.
  Nanos time_in(AgentIndex agent, AgentState state) const;
  CounterSet session_counters(AgentIndex agent) const;
  CounterSet today_counters(AgentIndex agent) const;

  // -- agents (agents.cpp) ---------------------------------------------------------------------------------------
  Done<AgentIndex> login(const LoginRequest& request);
  Done<AgentIndex> check_password(std::string_view agent, std::string_view password) const;
  Done<AgentIndex> set_state(AgentIndex agent, const StateRequest& request);

  // -- one call (basic_calls.cpp) --------------------------------------------------------------------------------
  Done<CallNumber> make_call(StationIndex from, const Dial& dial);
  Done<CallNumber> answer(CallNumber call, StationIndex station);
  Done<CallNumber> hold(CallNumber call, StationIndex station);
  Done<CallNumber> retrieve(CallNumber call, StationIndex station);
  Done<CallNumber> clear_connection(CallNumber call, StationIndex station);
  Done<CallNumber> clear_call(CallNumber call, StationIndex station);
  Done<CallNumber> deflect(CallNumber call, StationIndex station, std::string_view to);
  Done<CallNumber> send_dtmf(CallNumber call, StationIndex station, std::string_view digits);
  Done<CallNumber> outside_call(const OutsideCall& call);
  /// The outside party (the first one) leaves. False: no such call or party.
  bool outside_hangs_up(CallNumber call);

  // -- two calls (two_calls.cpp) ---------------------------------------------------------------------------------
  Done<CallNumber> consult(CallNumber active, StationIndex by, const Dial& dial,
                           std::uint16_t consult_type);
  Done<CallNumber> transfer(CallNumber active, CallNumber held, StationIndex by);
  Done<CallNumber> blind_transfer(CallNumber active, StationIndex by, const Dial& dial);
  Done<CallNumber> conference(CallNumber active, CallNumber held, StationIndex by);
  Done<CallNumber> single_step_conference(CallNumber active, StationIndex by, const Dial& dial);
  Done<CallNumber> alternate(CallNumber active, CallNumber other, StationIndex by);
  Done<CallNumber> reconnect(CallNumber active, CallNumber held, StationIndex by);

  // -- data (call_data.cpp) --------------------------------------------------------------------------------------
  Done<CallNumber> set_call_data(CallNumber call, const CallDataPatch& patch,
                                 std::uint16_t disposition = 0);
  Done<CallNumber> release_call(CallNumber call);
  Done<CallNumber> mark_bad(CallNumber call);

  // -- supervisors (supervision.cpp) -----------------------------------------------------------------------------
  /// `call` kNoCall: the agent's active call. Answers with the supervisor's call.
  Done<CallNumber> supervise(SupervisoryAction action, CallNumber call, StationIndex agent,
                             StationIndex supervisor);
  Done<CallNumber> assist(AgentIndex agent, CallNumber call, bool emergency);
  /// True when `supervisor` leads or is a supervisor of a team in which `agent` is.
  bool supervises(AgentIndex supervisor, AgentIndex agent) const;

  // -- greetings and recording by the network (media_extras.cpp) -------------------------------------------------
  /// AgentGreetingAction: 0 stops the one that plays, 1 and 2 switch it off and on for later calls.
  Done<AgentIndex> control_greeting(AgentIndex agent, std::uint16_t action);
  /// Done means received: whether it works is told by an event.
  Done<CallNumber> start_recording(CallNumber call, StationIndex station);
  Done<CallNumber> stop_recording(CallNumber call, StationIndex station);
  /// A client has had to do with the call; the oldest give way.
  void note_cti_client(CallNumber call, const CtiClient& client);

  // -- configuration while it runs (changes.cpp): "" done, otherwise why not ------------------------------------------
  std::string add_agent(AgentSettings agent);
  /// Everything but the id; skill groups count from the next login on.
  std::string change_agent(AgentIndex agent, AgentSettings to);
  std::string delete_agent(AgentIndex agent);
  std::string join_team(AgentIndex agent, std::uint32_t team, bool temporary);
  std::string leave_team(AgentIndex agent, std::uint32_t team);
  std::string add_skill_group(SkillGroupSettings group);
  std::string change_skill_group(GroupIndex group, SkillGroupSettings to);
  std::string delete_skill_group(GroupIndex group);
  std::string add_device(const std::string& id);
  std::string delete_device(StationIndex station);

  // -- world -----------------------------------------------------------------------------------------------------
  /// Offline: all calls end, all agents are logged out, requests are refused until it is online again.
  void set_peripheral_online(bool online);
  void set_controller_online(bool online);

  /// Every relation that must hold between calls, stations, agents and queues. Aborts on a breach.
  void check_invariants() const;

 private:
  struct EndedCall {
    CallNumber number;
    CallData data;
    std::vector<AgentIndex> agents;
  };

  // model.cpp
  void fire(const Timer& timer);
  void five_minutes_pass(std::uint32_t number);
  Call* call(CallNumber number);
  Call* call_of_connection(ConnectionNumber number);
  Connection* connection(ConnectionNumber number);
  Done<Connection*> own_connection(CallNumber call, StationIndex station);
  Party station_party(StationIndex station) const;

  // model_events.cpp
  void tell(const CallEvent& event);
  CallEvent event_for(CallEventKind kind, const Call& call, const Connection& view) const;
  /// To every announced view of the call: same subject and cause, each with its own local state.
  void tell_views(CallEventKind kind, const Call& call, const Party& subject, Cause cause);
  void tell_data(const Call& call, const Connection& view, std::uint32_t items,
                 CallNumber renamed = kNoCall);
  void announce(Call& call, Connection& connection);
  void end_view(const Call& call, Connection& connection);
  void sync_media(Call& call);
  void set_media(const Call& call, Connection& connection, bool on);

  // agents.cpp
  void enter(AgentIndex agent, AgentState state, std::uint16_t reason);
  void refresh(StationIndex station);
  void rest(AgentIndex agent);
  void log_out(AgentIndex agent, std::uint16_t reason);
  void wrapup_ends(AgentIndex agent, std::uint64_t stamp);
  void call_statistics(const Call& call, const Connection& connection);

  // basic_calls.cpp
  Call& new_call(CallType type);
  Connection& join(Call& call, Party party, ConnectionState state, bool inbound);
  void set_connection_state(Connection& connection, ConnectionState state);
  Call& originate(StationIndex from, CallType type, const Dial& dial, const CallData* inherited);
  /// Brings the dialled party into the call, or fails it.
  void place(Call& call, const std::string& number, Cause cause);
  bool reachable(std::string_view number) const;
  bool busy(StationIndex station) const;
  void offer_station(Call& call, StationIndex station, bool routed, Cause cause);
  void deliver(Call& call, Connection& connection, Cause cause);
  void connect(Call& call, Connection& connection, Cause cause);
  void fail(Call& call, Cause cause);
  void drop(Call& call, ConnectionNumber who, Cause cause);
  void remove(Call& call, ConnectionNumber who);
  void end_call(Call& call, ConnectionNumber first, Cause cause);
  void ring_expired(ConnectionNumber number);
  void divert(Call& call, Connection& connection, Cause cause);
  void guard_outsiders(Call& call);

  // two_calls.cpp
  Call& start_consult(Call& from, Connection& own, CallType type, const Dial& dial, Cause cause);
  /// The number of the consult call of the two, when they may be brought together.
  enum class Joining : std::uint8_t { kTransfer, kConference };
  Done<CallNumber> check_pair(CallNumber active, CallNumber held, StationIndex by, Joining joining);
  static void take_caller(Call& into, const Call& from);
  /// Moves what is left of `from` into `into`; `from` is gone afterwards.
  void merge(Call& into, Call& from);
  void finish_join(Call& into);
  void tell_joined(CallEventKind kind, const Call& into, CallNumber from, const Connection& view,
                   const Party& first, const Party& second, Cause cause);
  void tell_renamed(const Call& into, CallNumber from, const std::vector<ConnectionNumber>& moved);
  void end_view_as(const Call& of, Connection& connection, CallNumber number);

  // supervision.cpp
  void join_supervisor(Call& of, StationIndex supervisor, StationIndex agent,
                       SupervisoryAction action);
  CallNumber joined_call(CallNumber named, StationIndex agent, StationIndex supervisor) const;
  AgentIndex free_supervisor(AgentIndex agent) const;

  // media_extras.cpp
  void tell_extra(CallEventKind kind, const Call& call, const Connection& view, std::uint16_t code);
  void greet(const Call& call, Connection& connection);
  void greeting_ends(ConnectionNumber number);
  void end_extras(const Call& call, Connection& connection);

  // changes.cpp
  void add_station(const std::string& id);
  Agent agent_from(const AgentSettings& configured, AgentIndex index) const;
  void take_out(Team& team, AgentIndex agent);
  void tell_config(ConfigEvent::Item item, ConfigEvent::Change change, std::uint32_t index);
  std::string check_agent(const AgentSettings& agent) const;

  // routing.cpp
  void route(Call& call, GroupIndex group);
  void offer_agent(Call& call, AgentIndex agent);
  void agent_available(AgentIndex agent);
  void leave_queue(Call& call, Cause cause);
  void enqueue(Call& call, GroupIndex group, bool front);
  void tell_queue(Call& call, const SkillGroup& at, CallEventKind kind, Cause cause);

  // call_data.cpp
  void keep_data(Call& of, std::vector<AgentIndex> agents);
  static void apply(CallData& data, const CallDataPatch& patch);
  /// Protected variables are the router's to set, not the clients'.
  enum class DataFrom : std::uint8_t { kClient, kRouter };
  Done<CallNumber> check_patch(const CallDataPatch& patch, const CallData& before,
                               DataFrom from = DataFrom::kClient) const;

  Settings settings_;
  core::Random random_;
  std::vector<ModelListener*> listeners_;
  TimerQueue timers_;
  TimePoint now_{};
  std::vector<Agent> agents_;
  std::vector<Station> stations_;
  std::vector<SkillGroup> groups_;
  std::vector<Team> teams_;
  std::unordered_map<std::string, std::uint32_t> agent_index_, station_index_, dialed_index_;
  std::map<CallNumber, Call> calls_;
  std::map<CallNumber, EndedCall> ended_;  ///< whose data may still be set
  std::unordered_map<ConnectionNumber, CallNumber> call_of_connection_;
  CallNumber next_call_ = 16'777'217;
  ConnectionNumber next_connection_ = 1;
  std::uint32_t next_router_call_ = 100;
  bool peripheral_online_ = true;
  ModelCounters counters_;
};

}  // namespace cti::simulator
