// watch_property_test.cpp - whatever sessions ask and the CTI Server says, in whatever order, and however often it is lost:
// the edges that a reactor holds are those that follow from what was asked and who is in which team now; nothing is left over.
//
// The twin below is slow and obvious: who is there, who is in which team, what each session has been confirmed.
#include "broker/fanout/subscription.hpp"
#include "tests/property/seed.hpp"
#include "tests/unit/broker/line_world.hpp"
#include "wire/watch_keys.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace cti::test {
namespace {

constexpr const char* kAgents[] = {"22866", "22867", "22868", "22869", "22900", "22901"};
constexpr std::uint32_t kTeams[] = {7, 8, 9};
constexpr std::uint16_t kPlain = 0, kPrimary = 1, kSecondary = 4;

/// What the CTI Server knows.
struct Truth {
  std::set<std::string> in;
  std::map<std::uint32_t, std::map<std::string, std::uint16_t>> teams;

  bool leads(const std::string& agent, std::uint32_t team) const {
    const auto found = teams.at(team).find(agent);
    return found != teams.at(team).end() && found->second != kPlain;
  }
  bool has(const std::string& agent, std::uint32_t team) const {
    return teams.at(team).contains(agent);
  }
  bool supervises(const std::string& me, const std::string& agent) const {
    return std::ranges::any_of(
        kTeams, [&](std::uint32_t team) { return leads(me, team) && has(agent, team); });
  }
};

struct Wish {
  bool members = false, all = false;
  std::set<std::uint32_t> teams;
  std::string agent;
};
struct Session {
  std::string me;
  Wish wish;
  bool was_in = false;
  std::set<std::string> told;  // members
};

class Watching {
 public:
  explicit Watching(Seed& seed) : seed_(seed), world_(config()) {
    for (const char* const agent : kAgents) {
      world_.side_a->agents[agent] = world_.side_b->agents[agent] = {3, device(agent), ""};
      truth_.in.insert(agent);
    }
    for (const std::uint32_t team : kTeams) truth_.teams[team];
    truth_.teams[7] = {{"22900", kPrimary}, {"22866", kPlain}, {"22867", kPlain}};
    truth_.teams[8] = {{"22901", kPrimary}, {"22867", kPlain}, {"22868", kPlain}};
    for (CtiServer* const side : {world_.side_a.get(), world_.side_b.get()}) {
      side->hook = [this, side](std::uint32_t type, Bytes) {
        if (ged::MessageType{type} != ged::MessageType::kConfigRequestEvent) return false;
        for (const auto& [team, members] : truth_.teams) send_team(*side, team, members, 1);
        return false;  // and the end of the download
      };
    }
  }

  void live(int steps) {
    ASSERT_TRUE(world_.ready());
    world_.settle(Seconds{2});
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      step();
      world_.settle();
      take();
      compare();
    }
    while (!sessions_.empty()) end_session();
    world_.settle();
    const broker::Watches& watches = world_.line->core().watches();
    watches.invariants();
    EXPECT_EQ(watches.counters().sessions, 0u);
    EXPECT_EQ(watches.counters().edges, 0u);
    EXPECT_FALSE(watches.have_buttons());
    EXPECT_EQ(index_.watches(), 0u);
  }

 private:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.agents.assign(std::begin(kAgents), std::end(kAgents));
    config.link.pauses = {Seconds{1}};
    return config;
  }
  static std::string device(const std::string& agent) { return "3" + agent; }
  static std::string id(const std::string& agent) {
    return std::string(broker::agent_object_id(kPeripheral, agent).view());
  }
  std::string some_agent() { return kAgents[seed_.below(std::size(kAgents))]; }
  std::uint32_t some_team() { return kTeams[seed_.below(std::size(kTeams))]; }
  CtiServer* cti() {
    if (world_.side_a->connected()) return world_.side_a.get();
    return world_.side_b->connected() ? world_.side_b.get() : nullptr;
  }

  // ---- what happens ----
  void step() {
    did_.clear();
    switch (seed_.below(12)) {
      case 0:
        return begin_session();
      case 1:
        return seed_.one_in(3) ? end_session() : begin_session();
      case 2:
      case 3:
        return change_presence();
      case 4:
      case 5:
        return change_team();
      case 6:
        return seed_.one_in(3) ? lose_the_cti_server() : a_call();
      default:
        return ask();
    }
  }
  void begin_session() {
    if (sessions_.size() >= 6) return end_session();
    const std::uint64_t number = ++last_session_;
    Session& session = sessions_[number];
    session.me = some_agent();
    did_ = "session " + std::to_string(number) + " of " + session.me;
    if (!seed_.one_in(3)) return;  // one that brings nothing along is told to nobody
    wire::Arguments wish, teams, args;
    session.wish = {seed_.one_in(2), seed_.one_in(3), {}, {}};
    if (seed_.one_in(2)) session.wish.teams.insert(some_team());
    if (seed_.one_in(2)) session.wish.agent = some_agent();
    for (const std::uint32_t team : session.wish.teams)
      teams.set(wire::ArgKey(std::to_string(team)), true);
    if (!session.wish.agent.empty()) wish.set(Keyword::AgentReference, id(session.wish.agent));
    wish.set(wire::ArgKey(wire::watch::kTeams), teams);
    wish.set(wire::ArgKey(wire::watch::kMembers), session.wish.members);
    wish.set(wire::ArgKey(wire::watch::kAllTeams), session.wish.all);
    args.set("AgentID", session.me);
    args.set("PeripheralID", std::int32_t{kPeripheral});
    args.set(wire::ArgKey(wire::watch::kWatch), wish);
    broker::Ask what;
    what.kind = broker::AskKind::kAgentMode;
    what.from = ref(number);
    what.arguments.assign(args.bytes().begin(), args.bytes().end());
    session.was_in = truth_.in.contains(session.me);
    did_ += " with a wish";
    world_.ask(std::move(what));
  }
  void end_session() {
    if (sessions_.empty()) return;
    const auto who = std::next(sessions_.begin(),
                               static_cast<std::ptrdiff_t>(seed_.below(sessions_.size())));
    did_ = "end of session " + std::to_string(who->first);
    index_.remove(slot_of(who->first));
    const broker::SessionRef gone = ref(who->first);
    sessions_.erase(who);
    world_.end_session(gone);
  }
  void change_presence() {
    const std::string agent = some_agent();
    const bool in = !truth_.in.contains(agent);
    did_ = agent + (in ? " logs in" : " logs out");
    if (in) truth_.in.insert(agent);
    if (!in) truth_.in.erase(agent);
    const CtiServer::Agent now =
        in ? CtiServer::Agent{3, device(agent), ""} : CtiServer::Agent{1, "", ""};
    world_.side_a->agents[agent] = world_.side_b->agents[agent] = now;
    if (CtiServer* const side = cti()) side->agent_state(agent, now.state, now.instrument);
  }
  void change_team() {
    const std::uint32_t team = some_team();
    const std::string agent = some_agent();
    auto& members = truth_.teams[team];
    if (members.contains(agent) && seed_.one_in(2)) {
      did_ = agent + " leaves team " + std::to_string(team);
      members.erase(agent);
      if (CtiServer* const side = cti()) send_team(*side, team, {{agent, kPlain}}, 2);
      return;
    }
    constexpr std::uint16_t kFlags[] = {kPlain, kPlain, kPrimary, kSecondary};
    members[agent] = kFlags[seed_.below(std::size(kFlags))];
    did_ = agent + " in team " + std::to_string(team) + ", flags " + std::to_string(members[agent]);
    if (CtiServer* const side = cti()) send_team(*side, team, {{agent, members[agent]}}, 1);
  }
  static void send_team(CtiServer& side, std::uint32_t team,
                        const std::map<std::string, std::uint16_t>& members,
                        std::uint16_t operation) {
    ged::AgentTeamConfigEventEncoder to(side.room(), side.version,
                                        {.peripheral_id = kPeripheral,
                                         .team_id = team,
                                         .config_operation = operation});
    for (const auto& [agent, flags] : members)
      to.add_agent({.atc_agent_id = agent, .agent_flags = flags});
    side.send(to);
  }
  void a_call() {
    CtiServer* const side = cti();
    if (side == nullptr) return;
    const std::string at = device(some_agent());
    did_ = "a call at " + at;
    const std::uint32_t call = ++last_call_;
    side->begin_call(call, at, "1");
    side->established(call, at);
    if (seed_.one_in(2)) side->end_call(call, at);
  }
  /// Somebody may come or go while it is away.
  void lose_the_cti_server() {
    CtiServer* const side = cti();
    if (side == nullptr) return;
    const auto before = world_.line->sync_counters().completed;
    side->hang_up();
    ASSERT_TRUE(world_.until([&] { return !world_.line->ready(); }));
    if (seed_.one_in(2)) change_presence();
    did_ += " while the CTI Server is lost";
    ASSERT_TRUE(world_.until([&] {
      return world_.line->ready() && world_.line->sync_counters().completed > before;
    }));
    world_.settle(Seconds{2});
  }
  void ask() {
    if (sessions_.empty()) return begin_session();
    const auto who = std::next(sessions_.begin(),
                               static_cast<std::ptrdiff_t>(seed_.below(sessions_.size())));
    Session& session = who->second;
    const std::uint32_t team = some_team();
    const std::string agent = some_agent();
    const wire::Arguments of_team = args_of({{"TeamID", std::to_string(team).c_str()}});
    const wire::Arguments of_agent = args_of({{"AgentReference", id(agent).c_str()}});
    Wish wish = session.wish;
    RequestId request{};
    wire::Arguments args;
    bool may = truth_.in.contains(session.me);
    switch (seed_.below(7)) {
      case 0:
        request = RequestId::eStartMonitoringAllAgentTeamsRequest, wish.all = true;
        break;
      case 1:
        request = RequestId::eStopMonitoringAllAgentTeamsRequest, wish.all = false;
        break;
      case 2:
        request = RequestId::eMonitorAgentTeamStartRequest, args = of_team;
        wish.teams.insert(team), may = may && truth_.leads(session.me, team);
        break;
      case 3:
        request = RequestId::eMonitorAgentTeamStopRequest, args = of_team;
        wish.teams.erase(team);
        break;
      case 4:
        request = RequestId::eStopMonitoringAgentRequest, args = of_agent;
        if (wish.agent == agent) wish.agent.clear();
        break;
      case 5:
        request = RequestId::eListAgentTeamRequest, wish.members = true;
        may = true;
        break;
      default:
        request = RequestId::eStartMonitoringAgentRequest, args = of_agent;
        wish.agent = agent;
        may = may && agent != session.me && truth_.supervises(session.me, agent);
        break;
    }
    did_ = "session " + std::to_string(who->first) + ": " + std::string(wire::name_of(request));
    broker::Ask what = world_.request(request, args, session.me);
    const broker::Principal principal = what.from.who;
    what.from = ref(who->first);
    what.from.who = principal;
    const broker::Tell reply = world_.answer(std::move(what));
    if (reply_of(reply).outcome() != wire::Outcome::kConfirmed) return;
    EXPECT_TRUE(may) << did_ << " of " << session.me << " was confirmed without right to it";
    if (!any(session.wish)) session.was_in = truth_.in.contains(session.me);
    session.wish = wish;
  }
  static bool any(const Wish& wish) {
    return wish.members || wish.all || !wish.teams.empty() || !wish.agent.empty();
  }

  // ---- what is told, and what should be ----
  static std::uint32_t slot_of(std::uint64_t number) {
    return static_cast<std::uint32_t>(number % 64);
  }
  broker::SessionRef ref(std::uint64_t number) const {
    broker::SessionRef ref{0, {slot_of(number), 1}, number};
    ref.who.mode = broker::SessionMode::kAgent;
    return ref;
  }
  void take() {
    for (const broker::Tell& tell : world_.tells) {
      const auto found = sessions_.find(tell.to.session_number);
      if (found == sessions_.end()) continue;
      for (const broker::WatchEdge& edge : tell.edges)
        EXPECT_TRUE(index_.watch(slot_of(found->first), edge.agent_key, edge.topics));
      index_.activate(slot_of(found->first));
      if (tell.kind == broker::TellKind::kPrivateEvent) take_events(found->second, tell.frames);
    }
    world_.tells.clear();
  }
  static void take_events(Session& session, Bytes frames) {
    while (!frames.empty()) {
      const auto event =
          wire::PrivateEventView::trusted(frames.first(wire::frame_length(frames.data())));
      frames = frames.subspan(wire::frame_length(frames.data()));
      if (event.event_id() != EventId::eNewAgentTeamMember) continue;
      const auto args = event.arguments();
      const std::string name(args.string(Keyword::AgentID).value_or("?"));
      if (args.integer(Keyword::ConfigOperation) == 2) {
        session.told.erase(name);
      } else {
        session.told.insert(name);
      }
    }
  }
  /// What has happened ends what is not allowed any more; then: who sees whom?
  void compare() {
    std::size_t all = 0;
    for (auto& [number, session] : sessions_) {
      const bool in = truth_.in.contains(session.me);
      if (any(session.wish) && session.was_in && !in) session.wish = {};
      if (in && !truth_.supervises(session.me, session.wish.agent)) session.wish.agent.clear();
      if (in && session.wish.agent == session.me) session.wish.agent.clear();
      session.was_in = in;
      std::size_t edges = 0;
      for (const std::string agent : kAgents) {
        const std::uint32_t topics = topics_of(session, agent);
        edges += topics == 0 ? 0U : 1U;
        for (const std::uint32_t topic : {wire::topic::kAgent, wire::topic::kCall}) {
          EXPECT_EQ(index_.watches(slot_of(number), world_.agent_key(agent), topic),
                    (topics & topic) != 0)
              << "session " << number << " of " << session.me << " and " << agent << " after "
              << did_;
        }
      }
      EXPECT_EQ(index_.watches_of(slot_of(number)), edges) << "session " << number;
      all += edges;
      if (session.wish.members) {
        std::set<std::string> members;
        for (const std::string agent : kAgents) {
          if (truth_.supervises(session.me, agent)) members.insert(agent);
        }
        EXPECT_EQ(session.told, members) << "session " << number << " after " << did_;
      } else {
        session.told.clear();
      }
    }
    const broker::Watches& watches = world_.line->core().watches();
    watches.invariants();
    EXPECT_EQ(index_.watches(), all);
    EXPECT_EQ(watches.counters().edges, all) << did_;
  }
  std::uint32_t topics_of(const Session& session, const std::string& agent) const {
    if (!truth_.in.contains(session.me) || agent == session.me) return 0;
    std::uint32_t topics = 0;
    for (const std::uint32_t team : kTeams) {
      const bool mine = truth_.leads(session.me, team) && truth_.has(agent, team);
      if (mine && (session.wish.all || session.wish.teams.contains(team)))
        topics |= wire::topic::kAgent;
    }
    if (session.wish.agent == agent && truth_.supervises(session.me, agent))
      topics |= wire::topic::kAgent | wire::topic::kCall;
    return topics;
  }

  Seed& seed_;
  LineWorld world_;
  Truth truth_;
  std::map<std::uint64_t, Session> sessions_;
  broker::AgentIndex index_{64, 4096};
  std::uint64_t last_session_ = 0;
  std::uint32_t last_call_ = 100;
  std::string did_;
};

TEST(WatchProperty, EdgesAreThoseThatFollowFromTheRequestsAndNothingIsLeft) {
  Seed seed("WatchProperty.EdgesAreThoseThatFollowFromTheRequestsAndNothingIsLeft");
  for (int world = 0; world < 20 && !HasFailure(); ++world) {
    Watching watching(seed);
    watching.live(60);
  }
}

}  // namespace
}  // namespace cti::test
