// line_watch_test.cpp - whom a supervisor's session watches: found out from what it asked for and from the teams as they are now,
// told to its reactor with an image of all that it sees, and over when the right, the agent or the session is gone.
#include "tests/unit/broker/line_world.hpp"
#include "wire/watch_keys.hpp"

#include <map>
#include <set>

namespace cti::test {
namespace {

namespace ctios = wire::ctios;
namespace topic = wire::topic;
using broker::TellKind;

constexpr std::uint32_t kAgentOnly = topic::kAgent, kWithCalls = topic::kAgent | topic::kCall;

class LineWatch : public ::testing::Test {
 protected:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.agents = {"22866", "22867", "22868", "22900"};
    return config;
  }
  void SetUp() override {
    for (const char* const agent : {"22868", "22900"}) world.side_a->agents[agent] = {1, "", ""};
    ASSERT_TRUE(world.ready());
    for (const auto& [agent, device] :
         {std::pair{"22866", "23901"}, std::pair{"22867", "23902"}, std::pair{"22868", "23903"},
          std::pair{"22900", "23900"}}) {
      state(agent, 3, device);
      ASSERT_TRUE(world.until([&, agent = agent] { return entry(agent)->desk_known; }));
    }
    team(7, {{"22900", 1}, {"22866", 0}, {"22867", 0}});
  }
  void TearDown() override { world.line->core().watches().invariants(); }

  const broker::AgentEntry* entry(const std::string& agent) {
    return world.line->map().agent(world.agent_key(agent));
  }
  void state(const std::string& agent, std::uint16_t number, const std::string& device) {
    world.side_a->agent_state(agent, number, device, device);
    ASSERT_TRUE(world.until(
        [&] { return entry(agent) != nullptr && entry(agent)->state == number; }));
  }
  void team(std::uint32_t id, const std::vector<std::pair<std::string, std::uint16_t>>& members,
            std::uint16_t operation = 1) {
    CtiServer& cti = *world.side_a;
    ged::AgentTeamConfigEventEncoder to(
        cti.room(), cti.version,
        {.peripheral_id = kPeripheral, .team_id = id, .config_operation = operation});
    for (const auto& [agent, flags] : members)
      to.add_agent({.atc_agent_id = agent, .agent_flags = flags});
    cti.send(to);
    world.settle();
  }
  void leave(std::uint32_t id, const std::string& agent) { team(id, {{agent, 0}}, 2); }

  static std::string id(const std::string& agent) {
    return std::string(broker::agent_object_id(kPeripheral, agent).view());
  }
  broker::SessionRef session(std::uint64_t number = 1) {
    broker::SessionRef ref{0, {static_cast<std::uint32_t>(number), 1}, number};
    ref.who.agent_key = world.agent_key("22900");
    ref.who.mode = broker::SessionMode::kAgent;
    return ref;
  }
  broker::Tell run(RequestId request, const wire::Arguments& args, std::uint64_t number = 1,
                   const std::string& agent = "22900") {
    broker::Ask ask = world.request(request, args, agent);
    const broker::Principal who = ask.from.who;
    ask.from = session(number);
    ask.from.who = who;
    broker::Tell reply = world.answer(std::move(ask));
    take();
    return reply;
  }
  broker::Tell start_all(std::uint64_t number = 1) {
    return run(RequestId::eStartMonitoringAllAgentTeamsRequest, {}, number);
  }
  broker::Tell start_team(std::uint32_t number) {
    return run(RequestId::eMonitorAgentTeamStartRequest,
               args_of({{"TeamID", std::to_string(number).c_str()}}));
  }
  broker::Tell start_agent(const std::string& agent) {
    return run(RequestId::eStartMonitoringAgentRequest,
               args_of({{"AgentReference", id(agent).c_str()}}));
  }
  broker::Tell stop_agent(const std::string& agent) {
    return run(RequestId::eStopMonitoringAgentRequest,
               args_of({{"AgentReference", id(agent).c_str()}}));
  }
  static bool confirmed(const broker::Tell& tell) {
    return reply_of(tell).outcome() == wire::Outcome::kConfirmed;
  }
  static std::int64_t failure(const broker::Tell& tell) {
    return confirmed(tell)
               ? 0
               : reply_of(tell).arguments().integer(Keyword::FailureCode).value_or(-1);
  }

  /// Folds the tells that came: edges as a reactor keeps them, private events by name.
  void take() {
    for (broker::Tell& tell : world.tells) {
      if (tell.kind == TellKind::kWatch || tell.kind == TellKind::kAgentMode) {
        auto& edges = watched[tell.to.session_number];
        for (const broker::WatchEdge& edge : tell.edges) {
          if (edge.topics == 0) {
            EXPECT_EQ(edges.erase(edge.agent_key), 1u);
          } else {
            edges[edge.agent_key] = edge.topics;
          }
        }
        if (tell.image) seen[tell.to.session_number] = objects_of(*tell.image);
        images += tell.image ? 1 : 0;
        ++changes;
      }
      if (tell.kind != TellKind::kPrivateEvent) continue;
      for (std::size_t at = 0; at < tell.frames.size();) {
        const Bytes frame =
            Bytes(tell.frames).subspan(at, wire::frame_length(tell.frames.data() + at));
        at += frame.size();
        const auto event = wire::PrivateEventView::trusted(frame);
        const auto args = event.arguments();
        if (event.event_id() == EventId::eStopMonitoringAgent)
          stopped.emplace_back(args.string(Keyword::AgentReference).value_or("?"));
        if (event.event_id() == EventId::eListAgentTeamConf) listed.emplace_back("all");
        if (event.event_id() == EventId::eNewAgentTeamMember) {
          const bool out = args.integer(Keyword::ConfigOperation) == 2;
          listed.push_back((out ? "-" : "+") +
                            std::string(args.string(Keyword::AgentID).value_or("?")));
        }
      }
    }
    world.tells.clear();
  }
  static std::set<std::string> objects_of(const broker::SnapshotImage& image) {
    std::set<std::string> found;
    for (std::size_t at = 0; at < image.bytes.size();) {
      const auto record = wire::UpdateView::trusted(Bytes(image.bytes).subspan(at));
      at += record.bytes().size();
      found.emplace(record.arguments().string(Keyword::UniqueObjectID).value_or("?"));
    }
    return found;
  }
  using Edges = std::map<std::uint64_t, std::uint32_t>;
  Edges edges(const std::map<std::string, std::uint32_t>& expected) {
    Edges made;
    for (const auto& [agent, topics] : expected) made[world.agent_key(agent)] = topics;
    return made;
  }
  Edges now(std::uint64_t number = 1) {
    world.settle();
    take();
    return watched[number];
  }

  LineWorld world{config()};
  std::map<std::uint64_t, Edges> watched;  // by session number
  std::map<std::uint64_t, std::set<std::string>> seen;
  std::vector<std::string> stopped, listed;
  int changes = 0, images = 0;
};

/// As many as one message may name.
std::vector<std::pair<std::string, std::uint16_t>> members(int count, int from = 3000) {
  std::vector<std::pair<std::string, std::uint16_t>> made;
  for (int i = 0; i < count; ++i) made.emplace_back(std::to_string(from + i), 0);
  return made;
}

// ---- teams ----

TEST_F(LineWatch, AllTeamsAreTheMembersOfTheTeamsThatTheSupervisorLeadsWithoutTheSupervisor) {
  EXPECT_TRUE(confirmed(start_all()));
  EXPECT_EQ(now(), edges({{"22866", kAgentOnly}, {"22867", kAgentOnly}}));
  EXPECT_TRUE(seen[1].contains(id("22866")) && seen[1].contains(id("22900")));
  EXPECT_FALSE(seen[1].contains(id("22868")));
  EXPECT_TRUE(confirmed(start_all())) << "again: nothing changes";
  EXPECT_EQ(changes, 1);
  EXPECT_TRUE(confirmed(run(RequestId::eStopMonitoringAllAgentTeamsRequest, {})));
  EXPECT_EQ(now(), Edges{});
  EXPECT_EQ(failure(run(RequestId::eStopMonitoringAllAgentTeamsRequest, {})),
            ctios::eInvalidObjectState);
  EXPECT_EQ(world.line->core().watch_counters().sessions, 0u);
}

TEST_F(LineWatch, OneTeamIsWatchedWhenTheSupervisorLeadsItAndNoOther) {
  team(8, {{"22868", 0}, {"22900", 0}});  // works there
  EXPECT_EQ(failure(start_team(8)), ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(start_team(4711)), ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(run(RequestId::eMonitorAgentTeamStartRequest, {})), ctios::eRequiredArgMissing);
  EXPECT_EQ(now(), Edges{});
  EXPECT_TRUE(confirmed(start_team(7)));
  EXPECT_EQ(now(), edges({{"22866", kAgentOnly}, {"22867", kAgentOnly}}));
  EXPECT_EQ(failure(run(RequestId::eMonitorAgentTeamStopRequest, args_of({{"TeamID", "8"}}))),
            ctios::eInvalidObjectState);
  EXPECT_TRUE(confirmed(run(RequestId::eMonitorAgentTeamStopRequest, args_of({{"TeamID", "7"}}))));
  EXPECT_EQ(now(), Edges{});
}

TEST_F(LineWatch, WhoJoinsIsWatchedAndWhoLeavesIsNot) {
  ASSERT_TRUE(confirmed(start_all()));
  team(7, {{"22868", 0}});
  EXPECT_EQ(now(),
            edges({{"22866", kAgentOnly}, {"22867", kAgentOnly}, {"22868", kAgentOnly}}));
  EXPECT_TRUE(seen[1].contains(id("22868"))) << "whole, in the image";
  leave(7, "22866");
  EXPECT_EQ(now(), edges({{"22867", kAgentOnly}, {"22868", kAgentOnly}}));
  EXPECT_FALSE(seen[1].contains(id("22866")));
  const int before = changes;
  state("22867", 2, "23902");
  state("22867", 3, "23902");
  EXPECT_EQ(now(), edges({{"22867", kAgentOnly}, {"22868", kAgentOnly}}));
  EXPECT_EQ(changes, before) << "states change nobody's watches";
}

TEST_F(LineWatch, AWholeTeamThatComesOrGoesAtOnceIsOneChange) {
  ASSERT_TRUE(confirmed(start_all()));
  ASSERT_TRUE(confirmed(run(RequestId::eListAgentTeamRequest, {})));
  listed.clear();
  const int before = changes;
  team(7, members(50));
  EXPECT_EQ(now().size(), 52u);
  EXPECT_EQ(changes, before + 1);
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()).size(), 50u);
  EXPECT_EQ(listed.size(), 50u);
  team(7, members(50), 2);
  EXPECT_EQ(now(), edges({{"22866", kAgentOnly}, {"22867", kAgentOnly}}));
  EXPECT_EQ(changes, before + 2);
  EXPECT_EQ(listed.size(), 100u);
}

TEST_F(LineWatch, AnImageOfManyIsNotToldButMadeWhenTheReactorAsks) {
  team(7, members(40));
  team(7, members(30, 3040));
  ASSERT_TRUE(confirmed(start_all()));
  EXPECT_EQ(now().size(), 72u);
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(images, 0);
  broker::Ask ask;
  ask.kind = broker::AskKind::kSnapshot;
  ask.from = session();
  world.ask(std::move(ask));
  world.settle();
  ASSERT_EQ(world.tells.size(), 1u);
  ASSERT_EQ(world.tells.front().kind, TellKind::kSnapshot);
  const auto objects = objects_of(*world.tells.front().image);
  for (int i = 0; i < 70; ++i) EXPECT_TRUE(objects.contains(id(std::to_string(3000 + i)))) << i;
}

TEST_F(LineWatch, WhoLeadsNoTeamAnyMoreWatchesNobodyAndAgainWhenLeadingOne) {
  ASSERT_TRUE(confirmed(start_all()));
  team(7, {{"22900", 0}});
  EXPECT_EQ(now(), Edges{});
  EXPECT_EQ(failure(start_all()), ctios::eInvalidPriviledge);
  team(7, {{"22900", 4}});
  EXPECT_EQ(now(), edges({{"22866", kAgentOnly}, {"22867", kAgentOnly}}));
}

// ---- one agent ----

TEST_F(LineWatch, OneAgentIsWatchedWithItsCalls) {
  world.side_a->begin_call(0x5A220002, "23902", "1");
  world.side_a->delivered(0x5A220002, "23902", 3);
  world.settle();
  ASSERT_TRUE(confirmed(start_all()));
  const broker::Tell reply = start_agent("22867");
  ASSERT_TRUE(confirmed(reply));
  EXPECT_EQ(reply_of(reply).event_id(), EventId::eStartMonitoringAgent);
  EXPECT_EQ(reply_of(reply).arguments().string(Keyword::AgentReference), id("22867"));
  EXPECT_EQ(reply_of(reply).arguments().string(Keyword::SupervisorID), "22900");
  EXPECT_EQ(now(), edges({{"22866", kAgentOnly}, {"22867", kWithCalls}}));
  EXPECT_TRUE(seen[1].contains(std::string(
      broker::call_object_id(kPeripheral, 0x5A220002, "23902").view())));
  EXPECT_TRUE(confirmed(stop_agent("22867")));
  EXPECT_EQ(now(), edges({{"22866", kAgentOnly}, {"22867", kAgentOnly}})) << "its team still";
  EXPECT_EQ(failure(stop_agent("22867")), ctios::eInvalidObjectState);
  EXPECT_EQ(stopped, std::vector<std::string>{});
}

TEST_F(LineWatch, AnotherAgentInItsPlaceEndsTheFirstByName) {
  ASSERT_TRUE(confirmed(start_agent("22867")));
  EXPECT_TRUE(confirmed(start_agent("22867"))) << "again: nothing changes";
  EXPECT_TRUE(confirmed(start_agent("22866")));
  EXPECT_EQ(now(), edges({{"22866", kWithCalls}}));
  EXPECT_EQ(stopped, std::vector<std::string>{id("22867")});
  EXPECT_EQ(failure(stop_agent("22867")), ctios::eInvalidObjectState);
}

TEST_F(LineWatch, WhoIsNoMemberOrNobodyIsNotWatched) {
  EXPECT_EQ(failure(start_agent("22868")), ctios::eInvalidPriviledge) << "of no team of its own";
  EXPECT_EQ(failure(start_agent("22900")), ctios::eInvalidPriviledge) << "oneself";
  EXPECT_EQ(failure(start_agent("4711")), ctios::eUnknownObjectID);
  EXPECT_EQ(failure(run(RequestId::eStartMonitoringAgentRequest, {})), ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(run(RequestId::eStartMonitoringAgentRequest,
                        args_of({{"AgentReference", "call.5000.1.23901"}}))),
            ctios::eUnknownObjectID);
  EXPECT_EQ(failure(run(RequestId::eStartMonitoringAllAgentTeamsRequest,
                        args_of({{"UniqueObjectID", id("22866").c_str()}}))),
            ctios::eInvalidPriviledge)
      << "asked of another";
  EXPECT_EQ(failure(run(RequestId::eStartMonitoringAllAgentTeamsRequest, {}, 1, "22866")),
            ctios::eInvalidPriviledge)
      << "who supervises nobody";
  EXPECT_EQ(failure(run(RequestId::eStartMonitoringAllAgentTeamsRequest, {}, 1, "")),
            ctios::eInvalidPriviledge)
      << "a monitor";
  EXPECT_EQ(now(), Edges{});
  EXPECT_EQ(world.line->core().watch_counters().sessions, 0u);
}

TEST_F(LineWatch, AWatchedAgentWhoLeavesTheTeamIsWatchedNoMoreAndThatIsTold) {
  ASSERT_TRUE(confirmed(start_agent("22867")));
  leave(7, "22867");
  EXPECT_EQ(now(), Edges{});
  EXPECT_EQ(stopped, std::vector<std::string>{id("22867")});
  EXPECT_EQ(world.line->core().watch_counters().sessions, 0u);
}

TEST_F(LineWatch, AWatchedAgentWhoLogsOutIsWatchedOn) {
  ASSERT_TRUE(confirmed(start_agent("22867")));
  state("22867", 1, "");
  EXPECT_EQ(now(), edges({{"22867", kWithCalls}}));
  EXPECT_EQ(stopped, std::vector<std::string>{});
}

TEST_F(LineWatch, AWatchedAgentWhoIsDeletedIsWatchedNoMoreAndThatIsTold) {
  state("4711", 3, "23999");  // in no configuration, so that deleting means it
  state("4711", 1, "");
  team(7, {{"4711", 0}});
  ASSERT_TRUE(confirmed(start_agent("4711")));
  CtiServer& cti = *world.side_a;
  cti.agents.erase("4711");  // whoever is asked about it says so
  ged::ConfigAgentEventEncoder to(cti.room(), cti.version);
  to.add_record({.record_type = std::uint16_t{2},
                 .flt_peripheral_id = kPeripheral,
                 .login_id = "4711"});
  cti.send(to);
  EXPECT_EQ(now(), Edges{});
  EXPECT_EQ(entry("4711"), nullptr);
  EXPECT_EQ(stopped, std::vector<std::string>{id("4711")});
}

// ---- the supervisor ----

TEST_F(LineWatch, ASupervisorWhoLogsOutWatchesNobodyAnyMoreAndThatIsTold) {
  ASSERT_TRUE(confirmed(start_all()));
  ASSERT_TRUE(confirmed(start_agent("22867")));
  state("22900", 1, "");
  EXPECT_EQ(now(), Edges{});
  EXPECT_EQ(stopped, std::vector<std::string>{id("22867")});
  EXPECT_EQ(world.line->core().watch_counters().sessions, 0u);
  EXPECT_EQ(failure(start_all()), ctios::eInvalidObjectState) << "logged out";
  state("22900", 2, "23900");
  EXPECT_EQ(now(), Edges{}) << "asked for anew, or not";
  EXPECT_TRUE(confirmed(start_all()));
}

TEST_F(LineWatch, EachSessionOfASupervisorWatchesByItself) {
  ASSERT_TRUE(confirmed(start_all(1)));
  EXPECT_EQ(failure(run(RequestId::eStopMonitoringAllAgentTeamsRequest, {}, 2)),
            ctios::eInvalidObjectState);
  ASSERT_TRUE(confirmed(start_all(2)));
  EXPECT_TRUE(confirmed(run(RequestId::eStopMonitoringAllAgentTeamsRequest, {}, 1)));
  EXPECT_EQ(now(1), Edges{});
  EXPECT_EQ(now(2), edges({{"22866", kAgentOnly}, {"22867", kAgentOnly}}));
}

// ---- ends ----

TEST_F(LineWatch, NothingIsLeftOfASessionThatEnds) {
  ASSERT_TRUE(confirmed(start_all()));
  ASSERT_TRUE(confirmed(start_agent("22867")));
  EXPECT_EQ(world.line->core().watch_counters().edges, 2u);
  world.end_session(session());
  EXPECT_EQ(world.line->core().watch_counters().edges, 0u);
  EXPECT_EQ(world.line->core().watch_counters().sessions, 0u);
  take();
  const int before = changes;
  leave(7, "22867");
  take();
  EXPECT_EQ(changes, before) << "nobody is told";
}

TEST_F(LineWatch, WhatASessionAskedBeforeItEndedLeavesNothing) {
  broker::Ask late = world.request(RequestId::eStartMonitoringAllAgentTeamsRequest, {}, "22900");
  late.from = session();
  world.end_session(session());
  world.ask(std::move(late));
  world.settle();
  EXPECT_EQ(world.line->core().watch_counters().sessions, 0u);
}

TEST_F(LineWatch, ALostCtiServerChangesNobodysWatches) {
  ASSERT_TRUE(confirmed(start_all()));
  world.side_a->accepts = world.side_b->accepts = false;
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return !world.line->ready(); }));
  EXPECT_TRUE(confirmed(start_agent("22867"))) << "known from the map";
  EXPECT_EQ(now(), edges({{"22866", kAgentOnly}, {"22867", kWithCalls}}));
}

// ---- over from another server ----

TEST_F(LineWatch, ASessionThatComesWithItsWishWatchesFromItsFirstSnapshotOn) {
  wire::Arguments wish, teams, args;
  teams.set(wire::ArgKey("7"), true);
  wish.set(Keyword::AgentReference, id("22867"));
  wish.set(wire::ArgKey(wire::watch::kTeams), teams);
  wish.set(wire::ArgKey(wire::watch::kMembers), true);
  args.set("AgentID", "22900");
  args.set("PeripheralID", std::int32_t{kPeripheral});
  args.set(wire::ArgKey(wire::watch::kWatch), wish);
  broker::Ask ask;
  ask.kind = broker::AskKind::kAgentMode;
  ask.arguments.assign(args.bytes().begin(), args.bytes().end());
  ask.from = session(5);
  ask.from.who = {};
  world.ask(std::move(ask));
  EXPECT_EQ(now(5), edges({{"22866", kAgentOnly}, {"22867", kWithCalls}}));
  EXPECT_TRUE(seen[5].contains(id("22866")));
  EXPECT_EQ(changes, 1) << "told once, with the mode";
  ASSERT_EQ(listed.back(), "all") << "whoever was a member there and is not here has left";
  listed.pop_back();
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()),
            (std::set<std::string>{"+22866", "+22867", "+22900"}));
  leave(7, "22866");
  EXPECT_EQ(now(5), edges({{"22867", kWithCalls}}));
  EXPECT_EQ(listed.back(), "-22866");
  world.end_session(session(5));
  EXPECT_EQ(world.line->core().watch_counters().sessions, 0u);
}

TEST_F(LineWatch, WhatAWishAsksForWithoutRightIsNotGivenAndThatIsTold) {
  wire::Arguments wish, args;
  wish.set(Keyword::AgentReference, id("22868"));
  wish.set(wire::ArgKey(wire::watch::kAllTeams), true);
  args.set("AgentID", "22866");
  args.set("PeripheralID", std::int32_t{kPeripheral});
  args.set(wire::ArgKey(wire::watch::kWatch), wish);
  broker::Ask ask;
  ask.kind = broker::AskKind::kAgentMode;
  ask.arguments.assign(args.bytes().begin(), args.bytes().end());
  ask.from = session(6);
  ask.from.who = {};
  world.ask(std::move(ask));
  EXPECT_EQ(now(6), Edges{});
  EXPECT_EQ(stopped, std::vector<std::string>{id("22868")});
}

TEST_F(LineWatch, OfASessionWhoseModeIsRefusedNothingIsLeft) {
  wire::Arguments wish, args;
  wish.set(wire::ArgKey(wire::watch::kAllTeams), true);
  args.set("AgentID", "22900");
  args.set("PeripheralID", std::int32_t{kPeripheral});
  args.set(wire::ArgKey(wire::watch::kWatch), wish);
  broker::Ask ask;
  ask.kind = broker::AskKind::kAgentMode;
  ask.arguments.assign(args.bytes().begin(), args.bytes().end());
  ask.from = session(7);
  ask.from.who = {};
  broker::Ask again = ask;
  world.ask(std::move(ask));
  world.settle();
  ASSERT_EQ(world.line->core().watch_counters().sessions, 1u);
  // Its reactor has refused the mode, and it asks for another agent, whom nobody knows.
  args.set("AgentID", "4711");
  again.arguments.assign(args.bytes().begin(), args.bytes().end());
  world.ask(std::move(again));
  world.settle(Seconds{1});
  EXPECT_EQ(world.line->core().watch_counters().sessions, 0u);
  EXPECT_EQ(world.line->core().watch_counters().edges, 0u);
}

// ---- who is in the team ----

TEST_F(LineWatch, TheTeamListIsToldAndWhoJoinsAndLeavesLater) {
  const broker::Tell reply = run(RequestId::eListAgentTeamRequest, {});
  EXPECT_TRUE(confirmed(reply));
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()),
            (std::set<std::string>{"+22866", "+22867", "+22900"}));
  listed.clear();
  team(7, {{"22868", 0}});
  (void)now();
  EXPECT_EQ(listed, std::vector<std::string>{"+22868"});
  leave(7, "22867");
  team(9, {{"22866", 0}});  // another's
  (void)now();
  EXPECT_EQ(listed, (std::vector<std::string>{"+22868", "-22867"}));
  EXPECT_EQ(changes, 0) << "a list is no watch";
}

}  // namespace
}  // namespace cti::test
