// statistics_test.cpp - scenario 21: statistics of skill groups and agents, compared with the calls that were made.
#include "tests/scenario/world.hpp"

namespace cti::scenario {
namespace {

constexpr const char* kAgent = "agent.5000.22866";
constexpr const char* kGroup = "skillgroup.5000.77";
/// As fast as may be, so that a test need not wait.
constexpr const char* kFast =
    "skill_group_statistics_s = 1\nagent_statistics_s = 1\nstatistics_told_ms = 100\n";

Arguments group(int number = 77) {
  Arguments args;
  args.AddItem(CTIOS_PERIPHERALID, kPeripheral);
  args.AddItem(CTIOS_SKILLGROUPNUMBER, number);
  args.AddItem(CTIOS_SKILLGROUPPRIORITY, 0);
  return args;
}

int column(const Seen& seen, const char* name) {
  const Arg* const row = seen.args.find(CTIOS_STATISTICS);
  int value = -2;
  if (row != nullptr && row->nested() != nullptr) row->nested()->GetValueInt(name, &value);
  return value;
}

Recorder::Matches with(const char* name, int value) {
  return [=](const Seen& seen) { return column(seen, name) == value; };
}

std::unique_ptr<Client> logged_in(World& world, const std::string& agent,
                                  const std::string& instrument) {
  auto client = std::make_unique<Client>();
  client->connect(world.port());
  client->set_agent(agent);
  client->login(instrument);
  return client;
}

/// One routed call that the agent answers and ends.
void take_call(World& world, Client& client) {
  client.set_state(eAvailable);
  const std::string id = world.call_arrives(client, "5551234", "77");
  ASSERT_NE(client.events.wait(eCallDeliveredEvent, about(id)), nullptr) << client.events.story();
  ASSERT_EQ(client.call(id).Answer(), CIL_OK);
  ASSERT_NE(client.events.wait(eCallEstablishedEvent, about(id)), nullptr) << client.events.story();
  ASSERT_EQ(client.call(id).ClearConnection(), CIL_OK);
  ASSERT_NE(client.events.wait(eCallEndEvent, about(id)), nullptr) << client.events.story();
  client.set_state(eNotReady);
}

TEST(Scenario21, AGroupWithoutAgentsIsToldUntilItIsDisabled) {
  World world(1, {}, kFast);
  Client board;
  board.connect(world.port());
  board.monitor("FilterTarget=SkillGroupStats");
  ASSERT_EQ(board.session.EnableSkillGroupStatistics(group()), CIL_OK);
  const Seen* const name = board.events.wait(eSkillInfoEvent, about(kGroup));
  ASSERT_NE(name, nullptr) << board.events.story();
  EXPECT_NE(name->text(CTIOS_SKILLGROUPNAME), "");
  const Seen* const row = board.events.wait(eNewSkillGroupStatisticsEvent, about(kGroup));
  ASSERT_NE(row, nullptr) << board.events.story();
  EXPECT_EQ(column(*row, "AgentsLoggedOn"), 0);
  EXPECT_EQ(row->integer(CTIOS_SKILLGROUPNUMBER), 77);
  const auto agent = logged_in(world, "22866", "23901");
  ASSERT_NE(board.events.wait(eNewSkillGroupStatisticsEvent, with("AgentsLoggedOn", 1)), nullptr)
      << board.events.story();
  ASSERT_EQ(board.session.DisableSkillGroupStatistics(group()), CIL_OK);
  ASSERT_NE(board.events.wait(eRequestAcceptedConf), nullptr);
  board.events.mark();
  agent->set_state(eAvailable);
  EXPECT_TRUE(board.events.none(eNewSkillGroupStatisticsEvent)) << board.events.story();
}

TEST(Scenario21, NumbersAreThoseOfTheCallsThatWereMadeAndAddUp) {
  World world(1, {}, kFast);
  const auto first = logged_in(world, "22866", "23901");
  const auto second = logged_in(world, "22867", "23902");
  Client board;
  board.connect(world.port());
  board.monitor("FilterTarget=SkillGroupStats");
  ASSERT_EQ(board.session.EnableSkillGroupStatistics(group()), CIL_OK);
  ASSERT_EQ(first->agent->EnableAgentStatistics(), CIL_OK);
  ASSERT_NE(first->events.wait(eNewAgentStatisticsEvent, with("HandledCallsToday", 0)), nullptr)
      << first->events.story();
  for (int call = 1; call <= 2; ++call) {
    take_call(world, *first);
    EXPECT_NE(first->events.wait(eNewAgentStatisticsEvent, with("HandledCallsToday", call)),
              nullptr)
        << "after its end the agent is asked about, without being told to\n"
        << first->events.story();
  }
  take_call(world, *second);
  ASSERT_EQ(second->agent->EnableAgentStatistics(), CIL_OK);
  ASSERT_NE(second->events.wait(eNewAgentStatisticsEvent, with("HandledCallsToday", 1)), nullptr)
      << second->events.story();
  const Seen* const row =
      board.events.wait(eNewSkillGroupStatisticsEvent, with("HandledCallsToday", 3));
  ASSERT_NE(row, nullptr) << board.events.story();
  EXPECT_EQ(column(*row, "AgentsLoggedOn"), 2);
  // The object has the same, whole, and what clients compute from it.
  CCtiOsObject* found = nullptr;
  ASSERT_TRUE(board.session.GetObjectFromObjectID(kGroup, &found));
  const Ref<CCtiOsObject> object(found);
  const Ref<Arguments> columns(object->GetValueArray(CTIOS_STATISTICS));
  EXPECT_EQ(columns->GetValueInt("HandledCallsToday"), 3);
  EXPECT_EQ(columns->NumElements(), 145);
  const Ref<Arguments> own(first->agent->GetValueArray(CTIOS_STATISTICS));
  EXPECT_EQ(own->NumElements(), 84);
  EXPECT_EQ(ComputedStatistic(*own, "CallsHandledToday"), 2U);
}

TEST(Scenario21, WhatIsNotThereOrNotOnesOwnIsRefusedByName) {
  World world(1, {}, kFast);
  const auto agent = logged_in(world, "22866", "23901");
  ASSERT_EQ(agent->session.EnableSkillGroupStatistics(group(4711)), CIL_OK);
  const Seen* refused = agent->events.wait(eControlFailureConf);
  ASSERT_NE(refused, nullptr) << agent->events.story();
  EXPECT_EQ(refused->integer(CTIOS_MESSAGETYPE), eEnableSkillGroupStatisticsRequest);
  EXPECT_NE(refused->text("ErrorMessage").find("skillgroup.5000.4711"), std::string::npos);
  ASSERT_EQ(agent->agent->DisableAgentStatistics(), CIL_OK);
  refused = agent->events.wait(eControlFailureConf);
  ASSERT_NE(refused, nullptr) << agent->events.story();
  EXPECT_EQ(refused->integer(CTIOS_MESSAGETYPE), eDisableAgentStatisticsRequest);
  // All groups of the agent's own.
  ASSERT_EQ(agent->agent->EnableSkillGroupStatistics(), CIL_OK);
  ASSERT_NE(agent->events.wait(eNewSkillGroupStatisticsEvent, about(kGroup)), nullptr)
      << agent->events.story();
}

TEST(Scenario21, AMonitorSeesAgentsStatisticsAndGoesOnSeeingThemOnTheOtherServer) {
  World world(2, {}, kFast);
  const auto agent = logged_in(world, "22866", "23901");
  Client board;
  board.connect(world.port(0), world.port(1));
  board.monitor("AgentID=*;MessageID=30");
  ASSERT_EQ(board.session.EnableSkillGroupStatistics(group()), CIL_OK);
  ASSERT_NE(board.events.wait(eNewSkillGroupStatisticsEvent, about(kGroup)), nullptr)
      << board.events.story();
  CCtiOsObject* found = nullptr;
  ASSERT_TRUE(board.session.GetObjectFromObjectID(kAgent, &found)) << board.events.story();
  const Ref<CCtiOsObject> object(found);
  auto* const seen_agent = dynamic_cast<CAgent*>(object.get());
  ASSERT_NE(seen_agent, nullptr);
  ASSERT_EQ(seen_agent->EnableAgentStatistics(), CIL_OK);
  ASSERT_NE(board.events.wait(eNewAgentStatisticsEvent, about(kAgent)), nullptr)
      << board.events.story();
  std::string port;
  board.session.GetValueString(CTIOS_CURRENTPORT, &port);
  const std::size_t used = port == std::to_string(world.port(0)) ? 0 : 1;
  board.events.mark();
  world.restart_server(used);
  ASSERT_NE(board.events.wait(eOnMonitorModeEstablished), nullptr) << board.events.story();
  ASSERT_NE(board.events.wait(eNewSkillGroupStatisticsEvent, about(kGroup)), nullptr)
      << board.events.story();
  board.events.mark();
  world.tell_simulator("state 22866 available");
  EXPECT_NE(board.events.wait(eNewAgentStatisticsEvent, about(kAgent)), nullptr)
      << board.events.story();
}

}  // namespace
}  // namespace cti::scenario
