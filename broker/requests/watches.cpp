// watches.cpp - from wishes and the map to edges, and who is told of what has changed.
#include "broker/requests/watches.hpp"

#include "core/base/check.hpp"
#include "core/base/limits.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"
#include "wire/watch_keys.hpp"

#include <algorithm>
#include <charconv>
#include <new>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;

namespace {

constexpr std::size_t kPartBytesMax = std::size_t{16} << 10;  // of a long private answer

/// The wish in the arguments of a subscription. What is too much of it is left out: a client's words are no bug of ours.
WatchWish read_wish(const wire::ArgumentsView& args) {
  WatchWish wish;
  const auto found = args.find(wire::watch::kWatch);
  if (!found || !found->is_arguments()) return wish;
  for (const wire::Arg arg : found->arguments()) {
    if (arg.keyword() == Keyword::AgentReference && arg.is_string() &&
        arg.string().size() <= kObjectIdBytesMax) {
      wish.agent = arg.string();
    } else if (arg.keyword() == Keyword::CallReference && arg.is_string() &&
               arg.string().size() <= kObjectIdBytesMax) {
      wish.call = arg.string();
    } else if (arg.own_key() == wire::watch::kMembers) {
      wish.members = arg.to_integer().value_or(0) != 0;
    } else if (arg.own_key() == wire::watch::kAllTeams) {
      wish.all_teams = arg.to_integer().value_or(0) != 0;
    } else if (arg.own_key() == wire::watch::kMayBeMonitored) {
      wish.may_be_monitored = arg.to_integer().value_or(0) != 0;
    } else if (arg.own_key() == wire::watch::kTeams && arg.is_arguments()) {
      for (const wire::Arg each : arg.arguments()) {
        std::uint32_t team = 0;
        const std::string_view name = each.own_key();
        const auto end = std::from_chars(name.data(), name.data() + name.size(), team).ptr;
        const bool room = wish.teams.size() < limits::kWatchedTeamsMax;
        if (room && !name.empty() && end == name.data() + name.size()) wish.teams.insert(team);
      }
    }
  }
  return wish;
}

}  // namespace

void add_monitoring(wire::ArgumentsWriter& writer, const AgentEntry& supervisor,
                    std::string_view agent_id) {
  writer.add_string(Keyword::AgentReference, agent_id);
  writer.add_string(Keyword::SupervisorAgentState, std::to_string(supervisor.state));
  writer.add_string(Keyword::SupervisorID, supervisor.agent_id.view());
  writer.add_string(Keyword::SupervisorKey, supervisor.id.view());
  writer.add_string(Keyword::UniqueObjectID, supervisor.id.view());
}

// ---- rows ----

const Watches::Row* Watches::find(const SessionRef& session) const noexcept {
  const auto found = rows_.find(session.session_number);
  return found == rows_.end() ? nullptr : &found->second;
}

Watches::Row& Watches::row_of(const SessionRef& session, std::uint64_t agent_key) {
  (void)used(session);  // what may fail comes first
  const auto [at, made] = rows_.try_emplace(session.session_number);
  Row& row = at->second;
  if (made) row.was_in = is_in(map_.agent(agent_key));
  row.session = session;
  row.agent_key = agent_key;
  counters_.sessions = rows_.size();
  return row;
}

/// A row that has nothing to say is not kept, however it came to that: memory may be short.
struct Watches::IdleEnds {
  Watches& watches;
  Row& row;
  ~IdleEnds() { watches.end_if_idle(row); }
};
/// Nor are places for a focus that has not come to be.
struct Watches::UnusedEnds {
  Watches& watches;
  std::uint64_t keys[2];
  ~UnusedEnds() {
    for (const std::uint64_t key : keys) {
      const auto found = watches.focus_.find(key);
      if (found != watches.focus_.end() && found->second == 0) watches.focus_.erase(found);
    }
  }
};

void Watches::make_places(std::uint64_t focus, std::uint64_t agent_key) {
  if (focus == 0) return;
  focus_.try_emplace(focus);
  focus_.try_emplace(agent_key);
}

WatchWish Watches::wish_of(const SessionRef& session) const {
  const Row* const row = find(session);
  return row == nullptr ? WatchWish{} : row->wish;
}

std::vector<WatchEdge> Watches::edges_of(const SessionRef& session) const {
  const Row* const row = find(session);
  return row == nullptr ? std::vector<WatchEdge>{} : list(row->edges);
}

std::vector<WatchEdge> Watches::list(const Edges& edges) {
  std::vector<WatchEdge> all;
  all.reserve(edges.size());
  for (const auto& [key, topics] : edges) all.push_back({key, topics});
  return all;
}

std::size_t& Watches::used(const SessionRef& session) {
  if (session.fanout >= used_.size()) used_.resize(session.fanout + std::size_t{1});
  return used_[session.fanout];
}

bool Watches::fits(const Row& row, std::size_t edges) const noexcept {
  return used_[row.session.fanout] - row.edges.size() + edges <= watches_max_;
}

void Watches::forget(Row& row) noexcept {
  CTI_CHECK(used_[row.session.fanout] >= row.edges.size());
  used_[row.session.fanout] -= row.edges.size();
  counters_.edges -= row.edges.size();
  set_focus(row, 0);
  rows_.erase(row.session.session_number);
  counters_.sessions = rows_.size();
}

void Watches::end_if_idle(Row& row) noexcept {
  if (row.wish.any() || !row.ended.empty()) return;
  CTI_CHECK(row.edges.empty());
  forget(row);
}

void Watches::session_gone(const SessionRef& session) noexcept {
  for (auto at = rows_.begin(); at != rows_.end();) {
    Row& row = (at++)->second;
    if (row.session.fanout == session.fanout &&
        row.session.connection.slot == session.connection.slot &&
        row.session.session_number <= session.session_number) {
      forget(row);
    }
  }
}

void Watches::invariants() const {
  CTI_CHECK(rows_.size() <= limits::kWatchersMax);
  std::vector<std::size_t> used(used_.size());
  std::size_t all = 0;
  std::size_t focused = 0;
  for (const auto& [number, row] : rows_) {
    CTI_CHECK(row.session.session_number == number);
    CTI_CHECK(row.wish.any() || (stale_ && !row.ended.empty()));
    CTI_CHECK((row.focus == 0) == row.wish.agent.empty());
    focused += row.focus == 0 ? 0 : 2;
    CTI_CHECK(row.session.fanout < used.size());
    used[row.session.fanout] += row.edges.size();
    all += row.edges.size();
    for (const auto& [key, topics] : row.edges) {
      CTI_CHECK(topics != 0 && key != row.agent_key);
      CTI_CHECK(stale_ || map_.agent(key) != nullptr);
    }
  }
  CTI_CHECK(used == used_ && all == counters_.edges && rows_.size() == counters_.sessions);
  for (const auto& [key, count] : focus_) {
    CTI_CHECK(count > 0 && count <= focused);
    focused -= count;
  }
  CTI_CHECK(focused == 0);
}

// ---- edges ----

/// The records of this agent that whoever has this wish is given: none unless it supervises a team of the agent's, now.
std::uint32_t Watches::topics_for(const AgentEntry& me, const WatchWish& wish,
                                  const AgentEntry& agent) noexcept {
  if (!me.supervisor || !me.logged_in() || me.key == agent.key) return 0;
  if (me.teams.led_with(agent.teams) == 0) return 0;
  std::uint32_t topics = wish.all_teams ? wire::topic::kAgent : 0;
  for (const std::uint32_t team : wish.teams) {
    if (me.teams.leads(team) && agent.teams.has(team)) topics |= wire::topic::kAgent;
  }
  if (wish.agent == agent.id.view()) topics |= wire::topic::kAgent | wire::topic::kCall;
  return topics;
}

Watches::Edges Watches::edges_for(const Row& row, const WatchWish& wish) const {
  Edges edges;
  const AgentEntry* const me = map_.agent(row.agent_key);
  if (me == nullptr) return edges;
  const auto add = [&](const AgentEntry& agent) {
    const std::uint32_t topics = topics_for(*me, wish, agent);
    if (topics != 0) edges.emplace(agent.key, topics);
  };
  if (wish.all_teams || !wish.teams.empty()) {
    map_.each_agent(add);
  } else if (!wish.agent.empty()) {
    if (const AgentEntry* const agent = map_.agent(wire::object_key(wish.agent))) add(*agent);
  }
  return edges;
}

/// The one place where edges change. What is told first is what may fail; the rest does not.
void Watches::change(Row& row, const WatchWish& wish, Edges&& edges) {
  std::vector<WatchEdge> changed;
  // What ends comes first: a reactor that is full has room for the rest then.
  for (const auto& [key, topics] : row.edges) {
    if (!edges.contains(key)) changed.push_back({key, 0});
  }
  for (const auto& [key, topics] : edges) {
    const auto had = row.edges.find(key);
    if (had == row.edges.end() || had->second != topics) changed.push_back({key, topics});
  }
  WatchWish kept = wish;
  const std::uint64_t focus = wish.agent.empty() ? 0 : wire::object_key(wish.agent);
  const UnusedEnds unused{*this, {focus, row.agent_key}};
  make_places(focus, row.agent_key);
  if (!changed.empty()) {
    Tell tell;
    tell.kind = TellKind::kWatch;
    tell.to = row.session;
    tell.agent_key = row.agent_key;
    tell.edges = std::move(changed);
    if (edges.size() <= kEdgesWithImage)
      tell.image = snapshots_.image_of(row.agent_key, list(edges));
    tell.after_log_position = sink_.log_position();
    tells_.push(std::move(tell));
    ++counters_.changes;
  }
  std::swap(row.wish, kept);
  set_focus(row, focus);
  std::size_t& used = used_[row.session.fanout];
  used = used - row.edges.size() + edges.size();
  counters_.edges = counters_.edges - row.edges.size() + edges.size();
  row.edges.swap(edges);
  CTI_CHECK((row.focus == 0) == row.wish.agent.empty());
  CTI_CHECK(counters_.edges >= row.edges.size());
}

bool Watches::wish(const SessionRef& session, const WatchWish& wish) {
  CTI_CHECK(session.who.agent_key != 0 && wish.teams.size() <= limits::kWatchedTeamsMax);
  if (find(session) == nullptr && !wish.any()) return true;
  if (find(session) == nullptr && rows_.size() >= limits::kWatchersMax) return false;
  Row& row = row_of(session, session.who.agent_key);
  const IdleEnds ends{*this, row};
  tell_ended(row);
  Edges edges = edges_for(row, wish);
  if (!fits(row, edges.size())) return false;
  const bool replaced = !wish.agent.empty() && row.wish.agent != wish.agent;
  std::string ended = replaced ? row.wish.agent : std::string();
  change(row, wish, std::move(edges));
  if (!ended.empty()) row.ended.swap(ended);
  const bool was = std::exchange(stale_, true);
  tell_ended(row);
  stale_ = was;
  return true;
}

std::vector<WatchEdge> Watches::begin(const SessionRef& session, std::uint64_t agent_key,
                                      const wire::ArgumentsView& args) {
  not_begun(session);  // of a mode that came to nothing
  WatchWish wish = read_wish(args);
  if (!wish.any() || rows_.size() >= limits::kWatchersMax) return {};
  Row& row = row_of(session, agent_key);
  const IdleEnds ends{*this, row};
  Edges edges = edges_for(row, wish);
  if (!fits(row, edges.size())) {
    counters_.left_out += edges.size();
    edges.clear();
  }
  std::vector<WatchEdge> all = list(edges);
  const std::uint64_t focus = wish.agent.empty() ? 0 : wire::object_key(wish.agent);
  const UnusedEnds unused{*this, {focus, agent_key}};
  make_places(focus, agent_key);
  // From here on nothing fails.
  std::swap(row.wish, wish);
  row.begins = true;
  used_[session.fanout] += edges.size();
  counters_.edges += edges.size();
  row.edges.swap(edges);
  set_focus(row, focus);
  return all;
}

void Watches::begun(const SessionRef& session) noexcept {
  Row* const row = find(session);
  if (row == nullptr) return;
  const bool was = std::exchange(stale_, true);
  try {
    look_at_supervisor(*row);
    stale_ = was;
  } catch (const std::bad_alloc&) {
    return;
  }
}

void Watches::not_begun(const SessionRef& session) noexcept {
  if (Row* const row = find(session)) forget(*row);
}

bool Watches::may_be_monitored(std::uint64_t agent_key) const noexcept {
  for (const auto& [number, row] : rows_) {
    if (row.agent_key == agent_key && row.wish.may_be_monitored) return true;
  }
  return false;
}

// ---- what changes by itself ----

void Watches::look_at(std::span<const std::uint64_t> agents) {
  const bool was = std::exchange(stale_, true);  // until all of it is done
  for (auto at = rows_.begin(); at != rows_.end();) {
    Row& row = (at++)->second;
    if (std::ranges::find(agents, row.agent_key) != agents.end()) {
      look_at_supervisor(row);
    } else {
      look_at_agents(row, agents);
    }
  }
  stale_ = was;
}

void Watches::look_at_all() {
  stale_ = true;
  for (auto at = rows_.begin(); at != rows_.end();) look_at_supervisor((at++)->second);
  stale_ = false;
  invariants();
}

/// Who logs out watches nobody any more. Who is logged out when the session begins may log in yet.
void Watches::look_at_supervisor(Row& row) {
  tell_ended(row);
  const AgentEntry* const me = map_.agent(row.agent_key);
  const bool in = is_in(me);
  std::string ended;
  WatchWish wish = row.wish;
  if (row.was_in && !in) wish = {};
  const AgentEntry* const watched = row.focus == 0 ? nullptr : map_.agent(row.focus);
  if (in && (watched == nullptr || topics_for(*me, wish, *watched) == 0)) wish.agent.clear();
  if (wish.agent.empty()) wish.call.clear(), ended = row.wish.agent;
  Edges edges = edges_for(row, wish);
  if (!fits(row, edges.size())) {
    // No room: those whom it watched already, as far as it still may.
    const std::size_t wanted = edges.size();
    std::erase_if(edges, [&](const auto& edge) { return !row.edges.contains(edge.first); });
    counters_.left_out += wanted - edges.size();
  }
  change(row, wish, std::move(edges));
  row.was_in = in;
  row.ended.swap(ended);
  tell_ended(row);
  if (wish.members) look_at_members(row, 0, false);
  if (row.begins) {
    if (wish.members) tell_members_end(row);
    if (row.focus != 0) tell_buttons(row);
    row.begins = false;
  }
  end_if_idle(row);
}

/// A whole team may have come at once: that is one change, told once.
void Watches::look_at_agents(Row& row, std::span<const std::uint64_t> agents) {
  tell_ended(row);
  const AgentEntry* const me = map_.agent(row.agent_key);
  const bool in = is_in(me);
  bool stops = false;
  std::optional<Edges> edges;  // those that are to be, once one of them is another
  for (const std::uint64_t key : agents) {
    const AgentEntry* const agent = map_.agent(key);
    const Edges& now = edges ? *edges : row.edges;
    const auto had = now.find(key);
    const std::uint32_t before = had == now.end() ? 0 : had->second;
    std::uint32_t topics = in && agent != nullptr ? topics_for(*me, row.wish, *agent) : 0;
    stops = stops || (in && row.focus == key && topics == 0);
    if (before == 0 && topics != 0 && !fits(row, now.size() + 1)) {
      ++counters_.left_out;
      topics = 0;
    }
    if (topics == before) continue;
    if (!edges) edges = row.edges;
    edges->erase(key);
    if (topics != 0) edges->emplace(key, topics);
  }
  if (edges || stops) {
    WatchWish wish = row.wish;
    std::string ended = stops ? wish.agent : std::string();
    if (stops) wish.agent.clear(), wish.call.clear();
    change(row, wish, edges ? std::move(*edges) : Edges(row.edges));
    row.ended.swap(ended);
    tell_ended(row);
  }
  if (row.wish.members) {
    Part part;
    for (const std::uint64_t key : agents) {
      write_member(row, key, part);
      if (part.frames.size() > kPartBytesMax) tell_part(row, part);
    }
    tell_part(row, part);
  }
  end_if_idle(row);
}

// ---- what is told ----

/// For the session in the mode of this agent: in another one it is nothing to it.
void Watches::tell(const Row& row, std::uint64_t request_id, std::vector<std::byte>&& frames) {
  if (frames.empty()) return;
  CTI_CHECK(row.agent_key != 0);
  Tell tell;
  tell.kind = TellKind::kPrivateEvent;
  tell.to = row.session;
  tell.after_log_position = sink_.log_position();
  tell.request_id = request_id;
  tell.agent_key = row.agent_key;
  tell.frames = std::move(frames);
  tells_.push(std::move(tell));
}

/// By name: the session no longer watches this agent with its calls.
void Watches::tell_ended(Row& row) {
  if (row.ended.empty()) return;
  const AgentEntry* const me = map_.agent(row.agent_key);
  CTI_CHECK(row.ended.size() <= kObjectIdBytesMax && row.ended != row.wish.agent);
  tell(row, 0,
       make_private({.event_id = EventId::eStopMonitoringAgent},
                    [&](wire::ArgumentsWriter& writer) {
                      if (me != nullptr) return add_monitoring(writer, *me, row.ended);
                      writer.add_string(Keyword::AgentReference, row.ended);
                    }));
  row.ended.clear();
}

void Watches::tell_members(const SessionRef& session, std::uint64_t request_id) {
  if (Row* const row = find(session)) look_at_members(*row, request_id, true);
}

void Watches::look_at_members(Row& row, std::uint64_t request_id, bool all) {
  std::vector<std::uint64_t> gone;
  for (const auto& [key, member] : row.members) {
    if (map_.agent(key) == nullptr) gone.push_back(key);
  }
  Part part;
  part.request_id = request_id;
  part.all = all;
  const auto each = [&](std::uint64_t key) {
    write_member(row, key, part);
    // In parts: a session whose socket is full for a moment must not owe more than it may at once (C20).
    if (part.frames.size() > kPartBytesMax) tell_part(row, part);
  };
  for (const std::uint64_t key : gone) each(key);
  map_.each_agent([&](const AgentEntry& agent) { each(agent.key); });
  tell_part(row, part);
}

void Watches::tell_part(Row& row, Part& part) {
  tell(row, part.request_id, std::exchange(part.frames, {}));
  while (!part.told.empty()) {  // from here on nothing fails
    auto node = part.told.extract(part.told.begin());
    row.members.erase(node.key());
    if (node.mapped().team != 0) row.members.insert(std::move(node));
  }
}

/// One OnNewAgentTeamMember when the agent has joined a team that the session's agent leads, or has left the last of them.
void Watches::write_member(const Row& row, std::uint64_t agent_key, Part& part) const {
  const AgentEntry* const me = map_.agent(row.agent_key);
  const AgentEntry* const agent = map_.agent(agent_key);
  const bool both = me != nullptr && agent != nullptr;
  const std::uint32_t team = both ? me->teams.led_with(agent->teams) : 0;
  const auto had = row.members.find(agent_key);
  const std::uint32_t before = had == row.members.end() ? 0 : had->second.team;
  if ((team == before && (team == 0 || !part.all)) || part.told.contains(agent_key)) return;
  CTI_CHECK(team != 0 || had != row.members.end());
  const std::string id = team != 0 ? std::string(agent->id.view()) : had->second.id;
  const auto name = parse_object_id(id);
  const auto handle = map_.properties().find(agent_key);
  const std::vector<std::byte> frame = make_private(
      {.id = part.request_id, .event_id = EventId::eNewAgentTeamMember},
      [&](wire::ArgumentsWriter& writer) {
        if (team != 0 && handle) writer.add_all(map_.properties().properties(*handle));
        if (name && team == 0) {
          writer.add_string(Keyword::AgentID, name->name);
          writer.add_uint(Keyword::PeripheralID, name->peripheral);
        }
        writer.add_ushort(Keyword::ConfigOperation, team != 0
                                                        ? ctios::CONFIG_OPERATION_ADD_AGENT
                                                        : ctios::CONFIG_OPERATION_REMOVE_AGENT);
        if (me != nullptr) writer.add_string(Keyword::SupervisorID, me->agent_id.view());
        writer.add_int(Keyword::TeamID, static_cast<std::int32_t>(team != 0 ? team : before));
        writer.add_string(Keyword::UniqueObjectID, id);
      });
  part.frames.insert(part.frames.end(), frame.begin(), frame.end());
  part.told.insert_or_assign(agent_key, Member{team, id});
}

/// All members have been told: whoever was one before, and was not among them, has left.
void Watches::tell_members_end(const Row& row) {
  const AgentEntry* const me = map_.agent(row.agent_key);
  if (me == nullptr) return;
  tell(row, 0,
       make_private({.event_id = EventId::eListAgentTeamConf},
                    [&](wire::ArgumentsWriter& writer) {
                      writer.add_int(Keyword::TeamID,
                                     static_cast<std::int32_t>(me->teams.first_led()));
                      writer.add_string(Keyword::UniqueObjectID, me->id.view());
                    }));
}

}  // namespace cti::broker
