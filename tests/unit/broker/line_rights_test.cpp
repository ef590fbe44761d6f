// line_rights_test.cpp - a line does what the table of rights says: every request, every role, every kind of target. And C21:
// what a session has asked under its token is nobody else's.
#include "broker/meet/rights.hpp"
#include "tests/unit/broker/line_world.hpp"

#include <set>

namespace cti::test {
namespace {

namespace ctios = wire::ctios;
using broker::Relation;
using broker::Role;

constexpr std::uint32_t kOwnCall = 0x5A110001, kTeamCall = 0x5A220002, kOtherCall = 0x5A330003;

class LineRights : public ::testing::Test {
 protected:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.agents = {"22866", "22867", "22868"};
    return config;
  }
  void SetUp() override {
    world.side_a->agents["22868"] = {1, "", ""};
    ASSERT_TRUE(world.ready());
    for (const auto& [agent, device] :
         {std::pair{"22866", "23901"}, std::pair{"22867", "23902"}, std::pair{"22868", "23903"}}) {
      world.side_a->agent_state(agent, 3, device, device);
      ASSERT_TRUE(world.until([&, agent = agent] {
        const broker::AgentEntry* const entry = world.line->map().agent(world.agent_key(agent));
        return entry != nullptr && entry->state == 3 && entry->desk_known;
      }));
    }
    for (const auto& [id, device] : {std::pair{kOwnCall, "23901"}, std::pair{kTeamCall, "23902"},
                                     std::pair{kOtherCall, "23903"}}) {
      world.side_a->begin_call(id, device, "1");
      world.side_a->delivered(id, device, 3);
      world.side_a->calls[device] = {{id, 3, "1"}};
      ASSERT_TRUE(world.until(
          [&, id = id, device = device] { return world.line->map().call(call_key(id, device)); }));
    }
  }
  static std::uint64_t call_key(std::uint32_t id, const std::string& device) {
    return wire::object_key(broker::call_object_id(kPeripheral, id, device).view());
  }
  /// 22866 supervises a team of which 22867 is a member.
  void make_supervisor() {
    CtiServer& cti = *world.side_a;
    ged::AgentTeamConfigEventEncoder team(
        cti.room(), cti.version,
        {.peripheral_id = kPeripheral, .team_id = 7, .config_operation = 1});
    team.add_agent({.atc_agent_id = "22866",
                    .agent_flags = std::uint16_t{1},
                    .atc_agent_state = std::uint16_t{3}});
    team.add_agent({.atc_agent_id = "22867",
                    .agent_flags = std::uint16_t{0},
                    .atc_agent_state = std::uint16_t{3}});
    cti.send(team);
    world.settle();
  }
  void team(std::uint32_t id, const std::vector<std::pair<std::string, std::uint16_t>>& members) {
    CtiServer& cti = *world.side_a;
    ged::AgentTeamConfigEventEncoder to(
        cti.room(), cti.version,
        {.peripheral_id = kPeripheral, .team_id = id, .config_operation = 1});
    for (const auto& [agent, flags] : members)
      to.add_agent({.atc_agent_id = agent, .agent_flags = flags});
    cti.send(to);
    world.settle();
  }
  bool may_set_state(const std::string& agent) {
    const std::string id(broker::agent_object_id(kPeripheral, agent).view());
    return confirmed(run(RequestId::eSetAgentStateRequest, id, "22866"));
  }
  /// Whom the list of the supervisor's teams names.
  std::set<std::string> listed() {
    const std::size_t from = world.tells.size();
    (void)run(RequestId::eListAgentTeamRequest, "", "22866");
    std::set<std::string> agents;
    for (std::size_t i = from; i < world.tells.size(); ++i) {
      const auto& frames = world.tells[i].frames;
      for (std::size_t at = 0; at < frames.size();) {
        const Bytes frame = Bytes(frames).subspan(at, wire::frame_length(frames.data() + at));
        const auto arguments = wire::PrivateEventView::trusted(frame).arguments();
        agents.insert(std::string(arguments.string(Keyword::AgentID).value_or("")));
        at += frame.size();
      }
    }
    return agents;
  }
  /// Whether something that went upstream since `from` names this call.
  bool touched(std::size_t from, std::uint32_t call) const {
    std::byte number[4];
    store_be(number, call);
    for (std::size_t i = from; i < world.side_a->requests.size(); ++i) {
      const auto& body = world.side_a->requests[i].body;
      if (std::search(body.begin(), body.end(), std::begin(number), std::end(number)) != body.end())
        return true;
    }
    return false;
  }
  broker::Tell run(RequestId request, const std::string& target, const std::string& agent,
                   std::uint64_t token = 0) {
    wire::Arguments args = args_of({{"DialedNumber", "1"},
                                    {"AgentState", "2"},
                                    {"DTMFString", "1"},
                                    {"AgentInstrument", "23901"},
                                    {"SupervisorID", agent.c_str()}});
    if (!target.empty()) args.set("UniqueObjectID", target);
    return world.answer(world.request(request, args, agent, token));
  }
  static std::int64_t failure(const broker::Tell& tell) {
    return reply_of(tell).arguments().integer(Keyword::FailureCode).value_or(0);
  }
  static bool confirmed(const broker::Tell& tell) {
    return reply_of(tell).outcome() == wire::Outcome::kConfirmed;
  }
  /// Every request there is, about a call and an agent in each relation, by this role.
  void walk(Role role, const std::string& agent) {
    struct Target {
      Relation relation;
      std::uint32_t call;
      const char* device;
      const char* agent;
    };
    const Target targets[] = {{Relation::kOwn, kOwnCall, "23901", "22866"},
                              {Relation::kTeam, kTeamCall, "23902", "22867"},
                              {Relation::kOther, kOtherCall, "23903", "22868"}};
    for (std::uint32_t number = 1; number < 0x20001100; ++number) {
      if (number == 2048) number = 0x20001000;
      const RequestId request{number};
      if (!broker::has_rule(request)) continue;
      for (const Target& target : targets) {
        const bool may = broker::may_ask(role, request).has(target.relation);
        const std::size_t before = world.side_a->requests.size();
        const std::string call(
            broker::call_object_id(kPeripheral, target.call, target.device).view());
        const broker::Tell tell = run(request, call, agent);
        EXPECT_FALSE(touched(before, target.call) && !may)
            << broker::name_of(role) << " " << wire::name_of(request) << " " << call;
        if (request == RequestId::eSnapshotCallRequest) {
          EXPECT_EQ(confirmed(tell), may) << call;
        }
        if (!may && confirmed(tell)) {  // then it was about something else: oneself, or nothing
          EXPECT_TRUE(broker::may_ask(role, request).has(Relation::kOwn) ||
                      broker::may_ask(role, request).has(Relation::kServer))
              << broker::name_of(role) << " " << wire::name_of(request);
        }
        if (request != RequestId::eSetAgentStateRequest) continue;
        const std::string other(broker::agent_object_id(kPeripheral, target.agent).view());
        EXPECT_EQ(confirmed(run(request, other, agent)), may) << broker::name_of(role) << other;
      }
    }
  }

  LineWorld world{config()};
};

TEST_F(LineRights, AnAgentDoesWhatTheTableAllowsAndNothingElse) { walk(Role::kAgent, "22866"); }

TEST_F(LineRights, ASupervisorDoesWhatTheTableAllowsAndNothingElse) {
  make_supervisor();
  walk(Role::kSupervisor, "22866");
}

TEST_F(LineRights, AMonitorDoesWhatTheTableAllowsAndNothingElse) { walk(Role::kMonitor, ""); }

// A monitor has no agent: its key 0 found the first agent of the map once, and a query without a name asked about that one.
TEST_F(LineRights, AMonitorIsNobodysAgent) {
  const broker::Tell tell = world.answer(world.request(RequestId::eQueryAgentStateRequest, {}, ""));
  EXPECT_EQ(failure(tell), ctios::eRequiredArgMissing);
}

TEST_F(LineRights, ARightGainedWhileTheSessionLivesIsThereAtOnce) {
  EXPECT_EQ(failure(run(RequestId::eListAgentTeamRequest, "", "22866")), ctios::eInvalidPriviledge);
  make_supervisor();
  EXPECT_TRUE(confirmed(run(RequestId::eListAgentTeamRequest, "", "22866")));
}

// ---- which team (C6) ----

TEST_F(LineRights, C6_ASupervisorsRightsAreThoseOfTheTeamsThatTheSupervisorLeads) {
  team(6001, {{"22866", 0}, {"22868", 0}});  // works there
  team(6002, {{"22866", 1}, {"22867", 0}});  // leads that one
  EXPECT_TRUE(may_set_state("22867"));
  EXPECT_FALSE(may_set_state("22868")) << "a colleague's";
  EXPECT_EQ(listed(), (std::set<std::string>{"22866", "22867"}));
}

TEST_F(LineRights, C6_ASupervisorOfTwoTeamsHasRightsOverBoth) {
  team(6001, {{"22866", 1}, {"22867", 0}});
  team(6002, {{"22866", 4}, {"22868", 0}});
  EXPECT_TRUE(may_set_state("22867"));
  EXPECT_TRUE(may_set_state("22868"));
  EXPECT_EQ(listed(), (std::set<std::string>{"22866", "22867", "22868"}));
}

TEST_F(LineRights, C6_AMemberOfAnotherTeamBesideIsAMemberAllTheSame) {
  team(6000, {{"22867", 0}});
  team(6001, {{"22866", 1}, {"22867", 0}});
  EXPECT_TRUE(may_set_state("22867"));
  EXPECT_FALSE(may_set_state("22868"));
}

TEST_F(LineRights, C6_WhoLeadsNoTeamAnyMoreIsNoSupervisorAnyMore) {
  const auto agent = [&] { return world.line->map().agent(world.agent_key("22866")); };
  team(6001, {{"22866", 1}, {"22867", 0}});
  EXPECT_TRUE(agent()->supervisor);
  EXPECT_EQ(agent()->mask & wire::ctios::ButtonEnablement_bits::ENABLE_EMERGENCY_CALL, 0U);
  team(6001, {{"22866", 0}});
  EXPECT_FALSE(agent()->supervisor);
  EXPECT_NE(agent()->mask & wire::ctios::ButtonEnablement_bits::ENABLE_EMERGENCY_CALL, 0U);
  EXPECT_FALSE(may_set_state("22867"));
  EXPECT_EQ(failure(run(RequestId::eListAgentTeamRequest, "", "22866")), ctios::eInvalidPriviledge);
}

TEST_F(LineRights, C6_WhomTheConfigurationCallsASupervisorStaysOneWithoutATeam) {
  const auto agent = [&] { return world.line->map().agent(world.agent_key("22866")); };
  const auto configure = [&](std::uint16_t type) {
    CtiServer& cti = *world.side_a;
    ged::ConfigAgentEventEncoder to(cti.room(), cti.version);
    to.add_record({.record_type = std::uint16_t{1},
                   .flt_peripheral_id = kPeripheral,
                   .agent_type = type,
                   .login_id = "22866"});
    cti.send(to);
    world.settle();
  };
  configure(2);
  team(6001, {{"22866", 1}, {"22867", 0}});
  team(6001, {{"22866", 0}});
  EXPECT_TRUE(agent()->supervisor);
  EXPECT_FALSE(may_set_state("22867")) << "of no team";
  configure(1);
  EXPECT_FALSE(agent()->supervisor);
}

TEST_F(LineRights, C21_AnotherAgentsTokenIsRefusedAndTellsNothing) {
  const std::uint64_t token = 0xFEEDFACE12345678;
  broker::Ask first =
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866", token);
  broker::Ask again = first;
  broker::Ask stolen =
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22867", token);
  stolen.from = LineWorld::successor(stolen.from);
  stolen.request_id = first.request_id;
  broker::Ask ahead = stolen;
  ahead.request_id = first.request_id + 100;
  const broker::Tell one = world.answer(std::move(first));
  ASSERT_TRUE(confirmed(one));
  for (broker::Ask* const attack : {&stolen, &ahead}) {
    const broker::Tell refused = world.answer(std::move(*attack));
    EXPECT_EQ(reply_of(refused).outcome(), wire::Outcome::kRefused);
    EXPECT_EQ(failure(refused), ctios::eInvalidPriviledge);
    EXPECT_EQ(reply_of(refused).arguments().find(Keyword::NewConnectionCallID), std::nullopt);
  }
  EXPECT_EQ(world.side_a->requests.size(), 1U) << "nothing was run";
  EXPECT_EQ(world.answer(std::move(again)).frames, one.frames) << "the owner loses nothing";
  EXPECT_EQ(world.line->request_counters().foreign_tokens, 2U);
}

TEST_F(LineRights, C21_AnotherSessionOfTheSameAgentIsToldThatTheOutcomeIsUnknown) {
  world.side_a->confirms = false;
  broker::Ask first =
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866", 77);
  broker::Ask second = first;
  second.from = LineWorld::successor(first.from);
  const std::uint64_t id = first.request_id;
  world.ask(std::move(first));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 1; }));
  const broker::Tell elsewhere = world.answer(std::move(second));
  EXPECT_EQ(reply_of(elsewhere).outcome(), wire::Outcome::kUnknown);
  world.side_a->send(ged::MakeCallConfEncoder(world.side_a->room(), world.side_a->version,
                                              {.invoke_id = world.side_a->requests[0].invoke_id,
                                               .new_connection_call_id = 4})
                         .new_connection_device_id("23901"));
  ASSERT_TRUE(world.until([&] { return !world.tells.empty(); }));
  EXPECT_EQ(world.tells[0].to.session_number, 1U);
  EXPECT_EQ(world.tells[0].request_id, id);
  EXPECT_TRUE(confirmed(world.tells[0]));
}

// C12: one session may not fill the table of what is open upstream.
TEST_F(LineRights, C12_OneSessionHasSoManyRequestsOpenAndNoMore) {
  world.side_a->confirms = false;
  const auto call = [&](std::uint64_t session) {
    broker::Ask ask =
        world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866");
    ask.from.session_number = session;
    ask.from.connection.slot = static_cast<std::uint32_t>(session);
    world.ask(std::move(ask));
    world.settle(Millis{1});
  };
  for (int i = 0; i < 300; ++i) call(1);
  const std::uint64_t busy = world.line->request_counters().busy_sessions;
  EXPECT_EQ(busy, 300U - 256U);
  call(2);
  EXPECT_EQ(world.line->request_counters().busy_sessions, busy) << "others still may";
}

// What has its answer is open no more: a session may ask as much as it likes, one after the other.
TEST_F(LineRights, C12_OnlyWhatIsNotAnsweredCounts) {
  for (int i = 0; i < 600; ++i) {
    const broker::Tell tell = run(RequestId::eMakeCallRequest, "", "22866");
    ASSERT_TRUE(confirmed(tell)) << "request " << i;
  }
  EXPECT_EQ(world.line->request_counters().busy_sessions, 0U);
}

}  // namespace
}  // namespace cti::test
