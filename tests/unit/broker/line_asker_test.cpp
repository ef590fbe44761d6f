// line_asker_test.cpp - who changed this agent's state: the record of the change names who asked this server for it, why and from
// which session; what nobody asked for here names nobody.
#include "tests/unit/broker/line_world.hpp"
#include "wire/ged188/enums.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

constexpr std::uint32_t kCall = 1;

class LineAsker : public ::testing::Test {
 protected:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.agents = {"22866", "22867", "22900"};
    return config;
  }
  void SetUp() override {
    world.side_a->agents["22900"] = {1, "", ""};
    ASSERT_TRUE(world.ready());
    for (const auto& [agent, device] :
         {std::pair{"22866", "23901"}, std::pair{"22900", "23900"}}) {
      state(2, agent, device);
    }
    CtiServer& cti = *world.side_a;
    ged::AgentTeamConfigEventEncoder team(
        cti.room(), cti.version,
        {.peripheral_id = kPeripheral, .team_id = 7, .config_operation = 1});
    team.add_agent({.atc_agent_id = "22900", .agent_flags = std::uint16_t{1}});
    team.add_agent({.atc_agent_id = "22866", .agent_flags = std::uint16_t{0}});
    cti.send(team);
    world.settle();
  }
  const broker::AgentEntry* entry(const std::string& agent) {
    return world.line->map().agent(world.agent_key(agent));
  }
  void state(std::uint16_t number, const std::string& agent = "22866",
             const std::string& device = "23901") {
    world.side_a->agent_state(agent, number, device, device);
    ASSERT_TRUE(world.until([&] {
      return entry(agent) != nullptr && entry(agent)->state == number && entry(agent)->desk_known;
    }));
    world.settle();
  }
  broker::Tell ask(std::uint16_t number, int reason = 0, const std::string& agent = "22866",
                   std::uint64_t session = 1) {
    wire::Arguments args;
    args.set("AgentState", std::int32_t{number});
    args.set("EventReasonCode", std::int32_t{reason});
    if (agent == "22900") {
      args.set("SupervisorID", "22900");
      args.set("UniqueObjectID", "agent.5000.22866");
    }
    broker::Ask made = world.request(RequestId::eSetAgentStateRequest, args, agent);
    made.from.session_number = session;
    return world.answer(std::move(made));
  }
  /// "by, request, reason, session" of the agent's present state; "nobody", "-" when it was never said.
  std::string changed_by() {
    const auto handle = world.line->map().properties().find(world.agent_key("22866"));
    if (!handle) return "no such agent";
    const auto change =
        world.line->map().properties().properties(*handle).arguments("StateChange");
    if (!change) return "-";
    if (change->empty()) return "nobody";
    const auto text = [&](const char* key) {
      const auto arg = change->find(key);
      return arg ? arg->to_text() : std::string("?");
    };
    return text("By") + ", " + text("Request") + ", " + text("EventReasonCode") + ", " +
           text("Session");
  }
  /// Records of the agent's state from here on that say something of who asked.
  std::size_t said_since(std::size_t from) {
    std::size_t count = 0;
    for (std::size_t i = from; i < world.records.size(); ++i)
      count += world.records[i].view().arguments().find("StateChange") ? 1U : 0U;
    return count;
  }

  LineWorld world{config()};
};

TEST_F(LineAsker, AChangeNamesWhoAskedForItWhyAndFromWhichSession) {
  EXPECT_EQ(changed_by(), "-");
  ASSERT_EQ(reply_of(ask(3, 0, "22866", 17)).outcome(), wire::Outcome::kConfirmed);
  EXPECT_EQ(changed_by(), "-") << "confirmed is not changed";
  state(3);
  EXPECT_EQ(changed_by(), "agent.5000.22866, SetAgentStateRequest, 0, 17");
  (void)ask(2, 5, "22866", 18);
  state(2);
  EXPECT_EQ(changed_by(), "agent.5000.22866, SetAgentStateRequest, 5, 18");
  // Whoever comes later sees it too: it is a property.
  const broker::Tell snapshot = world.snapshot();
  ASSERT_NE(snapshot.image, nullptr);
  bool found = false;
  for (std::size_t at = 0; at < snapshot.image->bytes.size();) {
    const auto record = wire::UpdateView::trusted(Bytes(snapshot.image->bytes).subspan(at));
    at += record.bytes().size();
    found = found || record.arguments().find("StateChange");
  }
  EXPECT_TRUE(found);
}

TEST_F(LineAsker, TheEventMayComeBeforeTheConfirmation) {
  world.side_a->confirms = false;
  wire::Arguments args;
  args.set("AgentState", std::int32_t{3});
  world.ask(world.request(RequestId::eSetAgentStateRequest, args, "22866"));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 1; }));
  state(3);
  EXPECT_EQ(changed_by(), "agent.5000.22866, SetAgentStateRequest, 0, 1");
}

TEST_F(LineAsker, WhatTheSwitchDoesTakesTheNameOffOnceAndCostsNothingAfterThat) {
  (void)ask(3);
  state(3);
  const std::size_t from = world.records.size();
  state(8);
  EXPECT_EQ(changed_by(), "nobody");
  EXPECT_EQ(said_since(from), 1u);
  state(4);
  state(2);
  EXPECT_EQ(said_since(from), 1u);
  EXPECT_EQ(changed_by(), "nobody");
}

TEST_F(LineAsker, TheSameStateToldForEachSkillGroupKeepsItsName) {
  (void)ask(3);
  state(3);
  const std::size_t from = world.records.size();
  state(3);
  state(3);
  EXPECT_EQ(said_since(from), 0u);
  EXPECT_EQ(changed_by(), "agent.5000.22866, SetAgentStateRequest, 0, 1");
}

TEST_F(LineAsker, TheOldStateToldOnceMoreBeforeTheNewOneLosesNoNote) {
  (void)ask(3);
  state(2);
  state(3);
  EXPECT_EQ(changed_by(), "agent.5000.22866, SetAgentStateRequest, 0, 1");
}

TEST_F(LineAsker, WhoTalksIsLoggedOutByTheSupervisorWhenTheCallIsOver) {
  world.side_a->begin_call(kCall, "23901", "1");
  world.side_a->established(kCall, "23901");
  state(4);
  ASSERT_EQ(reply_of(ask(1, 999, "22900", 3)).outcome(), wire::Outcome::kConfirmed);
  world.side_a->end_call(kCall, "23901");
  state(5);
  EXPECT_EQ(changed_by(), "-") << "wrap-up is the switch's";
  world.side_a->agent_state("22866", 1, "", "");
  ASSERT_TRUE(world.until([&] { return entry("22866")->state == 1; }));
  EXPECT_EQ(changed_by(), "agent.5000.22900, SetAgentStateRequest, 999, 3");
}

TEST_F(LineAsker, WhatWasRefusedIsNotTaken) {
  world.side_a->confirms = false;
  wire::Arguments args;
  args.set("AgentState", std::int32_t{3});
  world.ask(world.request(RequestId::eSetAgentStateRequest, args, "22866"));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 1; }));
  world.side_a->refuse(world.side_a->requests.back(), 259);
  world.settle();
  state(3);
  EXPECT_EQ(changed_by(), "-");
}

TEST_F(LineAsker, AStateThatWasAskedForAlreadyClaimsNothingLater) {
  state(3);
  (void)ask(3);
  world.side_a->begin_call(kCall, "23901", "1");
  world.side_a->delivered(kCall, "23901");
  state(8);
  state(4);
  world.side_a->end_call(kCall, "23901");
  state(3);
  EXPECT_EQ(changed_by(), "-");
}

TEST_F(LineAsker, ALostSessionForgetsWhatWasAsked) {
  (void)ask(3);
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return !world.line->ready(); }));
  ASSERT_TRUE(world.until([&] { return world.line->ready(); }));
  world.settle(Seconds{1});
  CtiServer& cti = world.side_a->connected() ? *world.side_a : *world.side_b;
  cti.agent_state("22866", 3, "23901", "23901");
  ASSERT_TRUE(world.until([&] { return entry("22866")->state == 3; }));
  EXPECT_EQ(changed_by(), "-");
}

}  // namespace
}  // namespace cti::test
