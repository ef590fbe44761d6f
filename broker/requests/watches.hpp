// watches.hpp - whom supervisors' sessions watch: what each has asked for, and what of it its reactor has been told.
//
// Why      who is in a team, who leads it and who is there changes while a session watches. What a session has asked for
//          (its wish) is kept here; whom it watches (its edges) follows from the wish and the map, and is found out anew
//          whenever the map says that something of it has changed. So rights end when they end, and nothing is forgotten.
// Wish     all teams, single teams, one agent with its calls, whether it is told of members that come and go, and whether this
//          supervisor lets others listen. A session brings its wish along when it comes over from another server: then it is
//          told all members there are, and that these are all (eListAgentTeamConf): who is not among them has left meanwhile.
// Buttons  of the agent that is watched with its calls: told when they change, from what both agents and their calls are now
//          (model/supervisor_buttons.hpp). Whoever is looked at for that is noted by the translator, while anybody is.
// Edge     from a session to an agent, with the topics of the records that it is given: kAgent, and for the one agent that
//          is watched with its calls kCall. Its reactor is told of changes by a tell (TellKind::kWatch), all that one message
//          of the CTI Server has changed at once. It carries an image of all that the session sees now, unless that is much
//          (kEdgesWithImage), when the reactor asks for it: what is new is there whole, what is no longer seen is not.
// Ends     with the session, with the right to it, or when the supervisor logs out; told by name (OnStopMonitoringAgent).
// Memory   a failed allocation changes nothing, or leaves what is still to be told behind for the next look (stale()).
// Bounds   limits::kWatchersMax sessions, kWatchedTeamsMax teams of one, kWatchesMax edges of one reactor's sessions.
// Cost     nothing per record: only changes of teams, roles and presence are looked at (Effect::team); and for each record of
//          somebody on whom buttons depend, the sessions that have such buttons.
// Threads  the line.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "broker/model/explain.hpp"
#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/model/snapshot.hpp"
#include "broker/model/supervisor_buttons.hpp"
#include "broker/requests/replies.hpp"
#include "core/base/limits.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cti::broker {

struct WatchWish {
  bool members = false;
  bool all_teams = false;
  bool may_be_monitored = false;  ///< a supervisor's calls: silently, by other supervisors
  std::set<std::uint32_t> teams;
  std::string agent;  ///< UniqueObjectID; with its calls
  std::string call;   ///< of the agent: the one that the buttons are about; empty: the one it talks on

  bool any() const noexcept {
    return members || all_teams || may_be_monitored || !teams.empty() || !agent.empty();
  }
};

struct WatchCounters {
  std::uint64_t sessions = 0;  ///< that watch now
  std::uint64_t edges = 0;     ///< of them now
  std::uint64_t changes = 0;   ///< tells of changed edges
  std::uint64_t left_out = 0;  ///< edges that found no room
};

class Watches {
 public:
  /// A session that watches more is told without an image: its reactor asks for one when it has room. Images of thousands
  /// would lie in the lanes, where nobody weighs them, one for each change.
  static constexpr std::size_t kEdgesWithImage = 64;

  Watches(const ObjectMap& map, RecordSink& sink, TellOut& tells, SnapshotMaker& snapshots,
          std::size_t watches_max = limits::kWatchesMax)
      : map_(map), sink_(sink), tells_(tells), snapshots_(snapshots), watches_max_(watches_max) {}

  /// What the session has asked for; nothing when it has not.
  WatchWish wish_of(const SessionRef& session) const;
  /// Puts this in its place. The reactor is told when that changes whom it watches. False: there is no room.
  [[nodiscard]] bool wish(const SessionRef& session, const WatchWish& wish);
  /// A session begins, with the wish that its arguments name: the edges travel with the mode.
  std::vector<WatchEdge> begin(const SessionRef& session, std::uint64_t agent_key,
                               const wire::ArgumentsView& args);
  /// Its mode has been told: now what of its wish does not hold here. What finds no memory is told later.
  void begun(const SessionRef& session) noexcept;
  /// Its mode has been refused.
  void not_begun(const SessionRef& session) noexcept;
  /// All edges of the session: for an image of what it sees.
  std::vector<WatchEdge> edges_of(const SessionRef& session) const;
  /// Tells a session that has asked for it who is in its teams: all that it has not been told yet.
  void tell_members(const SessionRef& session, std::uint64_t request_id);
  /// A session of this supervisor has said that others may listen.
  bool may_be_monitored(std::uint64_t agent_key) const noexcept;

  /// The teams, the role or the presence of these agents have changed.
  void look_at(std::span<const std::uint64_t> agents);
  /// Anybody's may have.
  void look_at_all();
  /// Something was said of the agent, or of one of its calls.
  void look_at_buttons(std::uint64_t agent_key);
  void look_at_all_buttons();
  /// Some session has buttons that depend on others.
  bool have_buttons() const noexcept { return !focus_.empty(); }
  /// Tells them, changed or not; later, when there is no memory.
  void tell_buttons(const SessionRef& session) noexcept;
  /// What they follow from, and whose and which it is. No agent in it: the session watches nobody with its calls.
  SupervisorView view_of(const SessionRef& session) const;
  /// A look was not finished for want of memory: everything is looked at next time.
  bool stale() const noexcept { return stale_; }

  /// The session, and all before it in its slot, have ended.
  void session_gone(const SessionRef& session) noexcept;
  bool empty() const noexcept { return rows_.empty(); }
  const WatchCounters& counters() const noexcept { return counters_; }
  void invariants() const;

 private:
  using Edges = std::unordered_map<std::uint64_t, std::uint32_t>;  // agent key -> topics
  struct Member {
    std::uint32_t team = 0;
    std::string id;  // UniqueObjectID
  };
  static constexpr std::uint32_t kNotTold = ~std::uint32_t{0};
  struct Row {
    SessionRef session;
    std::uint64_t agent_key = 0;  // of the supervisor
    WatchWish wish;
    Edges edges;
    std::map<std::uint64_t, Member> members;  // by agent key, as told
    bool was_in = false;                      // the supervisor was logged in
    std::uint64_t focus = 0;                  // the key of wish.agent
    std::uint32_t mask = kNotTold;            // of the buttons
    std::string ended;                        // watched with its calls no more, and not told yet
    bool begins = false;                      // what of its wish does not hold is not told yet
  };
  /// The part of a list of members that is being written. What it tells counts when it has left.
  struct Part {
    std::uint64_t request_id = 0;
    bool all = false;  // also those who have been told
    std::vector<std::byte> frames;
    std::map<std::uint64_t, Member> told;  // team 0: has left
  };

  static bool is_in(const AgentEntry* agent) noexcept {
    return agent != nullptr && agent->logged_in();
  }
  const Row* find(const SessionRef& session) const noexcept;
  Row* find(const SessionRef& session) noexcept {
    return const_cast<Row*>(std::as_const(*this).find(session));
  }
  Row& row_of(const SessionRef& session, std::uint64_t agent_key);
  static std::uint32_t topics_for(const AgentEntry& me, const WatchWish& wish,
                                  const AgentEntry& agent) noexcept;
  Edges edges_for(const Row& row, const WatchWish& wish) const;
  bool fits(const Row& row, std::size_t edges) const noexcept;
  static std::vector<WatchEdge> list(const Edges& edges);
  void change(Row& row, const WatchWish& wish, Edges&& edges);
  void end_if_idle(Row& row) noexcept;
  struct IdleEnds;
  struct UnusedEnds;
  void make_places(std::uint64_t focus, std::uint64_t agent_key);
  void set_focus(Row& row, std::uint64_t focus) noexcept;
  void drop_focus(std::uint64_t agent_key) noexcept;
  SupervisorView view_of(const Row& row) const;
  void tell_buttons(Row& row);
  void forget(Row& row) noexcept;
  void look_at_supervisor(Row& row);
  void look_at_agents(Row& row, std::span<const std::uint64_t> agents);
  void look_at_members(Row& row, std::uint64_t request_id, bool all);
  void write_member(const Row& row, std::uint64_t agent_key, Part& part) const;
  void tell_part(Row& row, Part& part);
  void tell_members_end(const Row& row);
  void tell_ended(Row& row);
  void tell(const Row& row, std::uint64_t request_id, std::vector<std::byte>&& frames);
  std::size_t& used(const SessionRef& session);

  const ObjectMap& map_;
  RecordSink& sink_;
  TellOut& tells_;
  SnapshotMaker& snapshots_;
  const std::size_t watches_max_;  // edges of one reactor's sessions
  std::unordered_map<std::uint64_t, Row> rows_;  // by session number
  std::vector<std::size_t> used_;                // [reactor] edges of its sessions
  std::unordered_map<std::uint64_t, std::uint32_t> focus_;  // agents on whom buttons depend: how many
  bool stale_ = false;
  WatchCounters counters_;
};

/// What OnStartMonitoringAgent and OnStopMonitoringAgent say.
void add_monitoring(wire::ArgumentsWriter& writer, const AgentEntry& supervisor,
                    std::string_view agent_id);

}  // namespace cti::broker
