// statistics_test.cpp - what a program sees of statistics: whole rows, in events and objects, and the same after a failover.
#include "tests/unit/cil/session_world.hpp"
#include "wire/statistics_keys.hpp"

namespace cti::cil::test {
namespace {

constexpr const char* kAgent = "agent.5000.22866";
constexpr const char* kGroup = "skillgroup.5000.77";

class StatisticsTest : public SessionWorld {
 protected:
  static void confirm_all(ScriptedServer& server) {
    server.on_request = [&server](const ScriptedServer::Asked& asked) {
      server.reply(asked.id, EventId::eRequestAcceptedConf, wire::Outcome::kConfirmed);
    };
  }
  static void serve_monitor(ScriptedServer& server) {
    server.on_subscribe = [&server] {
      server.subscribed();
      server.snapshot_begin();
      server.snapshot_end();
      server.private_event(EventId::eOnMonitorModeEstablished,
                           items({{Keyword::CILConnectionID, "4711"}}));
    };
  }
  void monitor() {
    serve_monitor(*a);
    confirm_all(*a);
    connect();
    ASSERT_EQ(session->SetMessageFilter("FilterTarget=SkillGroupStats"), CIL_OK);
    ASSERT_TRUE(until(eOnMonitorModeEstablished));
  }
  static void group_row(ScriptedServer& server, std::initializer_list<Item> columns,
                        const char* id = kGroup, int number = 77) {
    server.private_event(EventId::eNewSkillGroupStatisticsEvent,
                         items({{Keyword::UniqueObjectID, id},
                                {Keyword::PeripheralID, 5000},
                                {Keyword::SkillGroupNumber, number},
                                {Keyword::Statistics, items(columns)}}));
  }
  static void agent_row(ScriptedServer& server, std::initializer_list<Item> columns) {
    server.private_event(EventId::eNewAgentStatisticsEvent,
                         items({{Keyword::UniqueObjectID, kAgent},
                                {Keyword::AgentID, "22866"},
                                {Keyword::Statistics, items(columns)}}));
  }
  static Arguments group(int number) {
    Arguments args;
    args.AddItem(CTIOS_PERIPHERALID, 5000);
    args.AddItem(CTIOS_SKILLGROUPNUMBER, number);
    args.AddItem(CTIOS_SKILLGROUPPRIORITY, 0);
    return args;
  }
  /// Waits until so many requests have been answered.
  void answered(const ScriptedServer& server, std::size_t count) {
    ASSERT_TRUE(world.run_until([&] { return server.requests.size() >= count; },
                                network.now() + Seconds(10)));
    world.run_for(Millis(50));
  }
  static std::set<std::string> listed(const ScriptedServer::Asked& asked) {
    std::set<std::string> ids;
    if (const auto list = asked.arguments.arguments(wire::statistics::kObjects)) {
      for (const wire::Arg each : *list) ids.emplace(each.own_key());
    }
    return ids;
  }
  static int column(const Arguments& args, const char* name) {
    const Ref<Arguments> row(args.GetValueArray(CTIOS_STATISTICS));
    return row->GetValueInt(name);
  }
};

TEST_F(StatisticsTest, AGroupBecomesAnObjectByItsFirstRowAndAlwaysHasAWholeOne) {
  monitor();
  ASSERT_EQ(session->EnableSkillGroupStatistics(group(77)), CIL_OK);
  answered(*a, 1);
  EXPECT_EQ(a->requests[0].request, RequestId::eEnableSkillGroupStatisticsRequest);
  EXPECT_EQ(a->requests[0].arguments.integer(Keyword::SkillGroupNumber), 77);
  CCtiOsObject* found = nullptr;
  EXPECT_FALSE(session->GetObjectFromObjectID(kGroup, &found));
  a->private_event(EventId::eSkillInfoEvent, items({{Keyword::UniqueObjectID, kGroup},
                                                    {Keyword::SkillGroupName, "sales"},
                                                    {Keyword::SkillGroupNumber, 77}}));
  group_row(*a, {{Keyword::AgentsLoggedOn, 3}, {Keyword::RouterCallsQNow, -1}});
  ASSERT_TRUE(until(eNewSkillGroupStatisticsEvent));
  EXPECT_EQ(events.count(eSkillInfoEvent), 1);
  EXPECT_EQ(column(events.last(eNewSkillGroupStatisticsEvent), "AgentsLoggedOn"), 3);
  ASSERT_TRUE(session->GetObjectFromObjectID(kGroup, &found));
  const Ref<CCtiOsObject> object(found);
  ASSERT_NE(dynamic_cast<CSkillGroup*>(found), nullptr);
  EXPECT_EQ(object->GetValueString(CTIOS_SKILLGROUPNAME), "sales");
  EXPECT_EQ(object->GetValueInt(CTIOS_SKILLGROUPNUMBER), 77);
  group_row(*a, {{Keyword::AgentsLoggedOn, 4}});
  ASSERT_TRUE(until(eNewSkillGroupStatisticsEvent, 2));
  const Arguments& told = events.last(eNewSkillGroupStatisticsEvent);
  EXPECT_EQ(column(told, "AgentsLoggedOn"), 4);
  EXPECT_EQ(column(told, "RouterCallsQNow"), -1) << "what has not changed is told as well";
  const Ref<Arguments> row(object->GetValueArray(CTIOS_STATISTICS));
  EXPECT_EQ(row->GetValueInt("AgentsLoggedOn"), 4);
  EXPECT_EQ(row->GetValueUInt("RouterCallsQNow"), kUnknownStatistic);
  EXPECT_EQ(Ref<Arguments>(session->GetAllSkillGroups())->NumElements(), 1);
  // The object asks for itself.
  auto* const itself = static_cast<CSkillGroup*>(object.get());
  ASSERT_EQ(itself->DisableSkillGroupStatistics(), CIL_OK);
  answered(*a, 2);
  EXPECT_EQ(a->requests[1].arguments.string(Keyword::UniqueObjectID), kGroup);
}

TEST_F(StatisticsTest, AnAgentHasItsStatisticsAsAPropertyAndASnapshotLeavesThemAlone) {
  serve_agent(*a, eNotReady);
  confirm_all(*a);
  enter_agent_mode();
  ASSERT_EQ(agent->EnableAgentStatistics(), CIL_OK);
  answered(*a, 1);
  EXPECT_EQ(a->requests[0].request, RequestId::eEnableAgentStatisticsRequest);
  EXPECT_EQ(a->requests[0].arguments.string(Keyword::UniqueObjectID), kAgent);
  agent_row(*a, {{Keyword::HandledCallsToday, 5}, {Keyword::AgentOutCallsToday, 1}});
  ASSERT_TRUE(until(eNewAgentStatisticsEvent));
  agent_row(*a, {{Keyword::HandledCallsToday, 6}});
  ASSERT_TRUE(until(eNewAgentStatisticsEvent, 2));
  a->snapshot_begin(wire::SnapshotReason::kLapped);
  a->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eTalking));
  a->snapshot_end();
  world.run_for(Millis(100));
  EXPECT_EQ(agent->GetAgentState(), eTalking);
  const Ref<Arguments> row(agent->GetValueArray(CTIOS_STATISTICS));
  EXPECT_EQ(row->GetValueInt("HandledCallsToday"), 6);
  EXPECT_EQ(ComputedStatistic(*row, "CallsHandledToday"), 7U);
  Arguments all;
  EXPECT_TRUE(agent->GetAllProperties(all));
  EXPECT_TRUE(all.IsValid(CTIOS_STATISTICS));
}

TEST_F(StatisticsTest, AfterAFailoverWhatWasEnabledIsAskedForAgainWithoutAWordToTheProgram) {
  monitor();
  for (const int number : {77, 78, 79})
    ASSERT_EQ(session->EnableSkillGroupStatistics(group(number)), CIL_OK);
  answered(*a, 3);
  ASSERT_EQ(session->DisableSkillGroupStatistics(group(78)), CIL_OK);
  answered(*a, 4);
  group_row(*a, {{Keyword::AgentsLoggedOn, 3}});
  ASSERT_TRUE(until(eNewSkillGroupStatisticsEvent));
  const int told = events.count(eRequestAcceptedConf);
  EXPECT_EQ(told, 4);
  b->lineage = 8;
  serve_monitor(*b);
  confirm_all(*b);
  a->stop();
  ASSERT_TRUE(until(eOnMonitorModeEstablished, 2));
  answered(*b, 1);
  ASSERT_EQ(b->requests.size(), 1U);
  EXPECT_EQ(b->requests[0].request, RequestId::eEnableSkillGroupStatisticsRequest);
  EXPECT_EQ(b->requests[0].arguments.integer(Keyword::PeripheralID), 5000);
  EXPECT_EQ(listed(b->requests[0]),
            (std::set<std::string>{"skillgroup.5000.77", "skillgroup.5000.79"}));
  EXPECT_EQ(events.count(eRequestAcceptedConf), told) << "the program has not asked that";
  // The wallboard is not empty meanwhile, and goes on.
  CCtiOsObject* found = nullptr;
  ASSERT_TRUE(session->GetObjectFromObjectID(kGroup, &found));
  const Ref<CCtiOsObject> object(found);
  EXPECT_EQ(Ref<Arguments>(object->GetValueArray(CTIOS_STATISTICS))->GetValueInt("AgentsLoggedOn"),
            3);
  group_row(*b, {{Keyword::AgentsLoggedOn, 5}});
  ASSERT_TRUE(until(eNewSkillGroupStatisticsEvent, 2));
  EXPECT_EQ(Ref<Arguments>(object->GetValueArray(CTIOS_STATISTICS))->GetValueInt("AgentsLoggedOn"),
            5);
}

TEST_F(StatisticsTest, AllGroupsButOneAndTheOwnAgentAreAskedForAgainAsTheyWere) {
  serve_agent(*a, eNotReady);
  confirm_all(*a);
  enter_agent_mode();
  ASSERT_EQ(agent->EnableAgentStatistics(), CIL_OK);
  ASSERT_EQ(agent->EnableSkillGroupStatistics(), CIL_OK);
  Arguments numbers, one;
  numbers.AddItem("1", 78);
  one.AddItem("SkillGroupNumbers", numbers);
  ASSERT_EQ(agent->DisableSkillGroupStatistics(one), CIL_OK);
  answered(*a, 3);
  b->lineage = 8;
  serve_agent(*b, eNotReady);
  confirm_all(*b);
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  answered(*b, 3);
  ASSERT_EQ(b->requests.size(), 3U);
  EXPECT_EQ(b->requests[0].request, RequestId::eEnableSkillGroupStatisticsRequest);
  EXPECT_EQ(b->requests[0].arguments.string(Keyword::UniqueObjectID), kAgent);
  EXPECT_EQ(b->requests[1].request, RequestId::eDisableSkillGroupStatisticsRequest);
  EXPECT_EQ(listed(b->requests[1]), (std::set<std::string>{"skillgroup.5000.78"}));
  EXPECT_EQ(b->requests[2].request, RequestId::eEnableAgentStatisticsRequest);
  EXPECT_EQ(listed(b->requests[2]), (std::set<std::string>{kAgent}));
}

TEST_F(StatisticsTest, ARefusalIsToldAndNotAskedForAgainNorIsWhatTheServerHasEnded) {
  serve_agent(*a, eNotReady);
  confirm_all(*a);
  enter_agent_mode();
  ASSERT_EQ(agent->EnableAgentStatistics(), CIL_OK);
  answered(*a, 1);
  a->on_request = [this](const ScriptedServer::Asked& asked) {
    a->reply(asked.id, EventId::eControlFailureConf, wire::Outcome::kRefused);
  };
  ASSERT_EQ(session->EnableSkillGroupStatistics(group(4711)), CIL_OK);
  ASSERT_TRUE(until(eControlFailureConf));
  EXPECT_EQ(events.last(eControlFailureConf).GetValueInt(CTIOS_MESSAGETYPE),
            static_cast<int>(RequestId::eEnableSkillGroupStatisticsRequest));
  a->private_event(
      EventId::eControlFailureConf,
      items({{Keyword::UniqueObjectID, kAgent},
             {Keyword::MessageType, static_cast<int>(RequestId::eEnableAgentStatisticsRequest)}}));
  ASSERT_TRUE(until(eControlFailureConf, 2));
  b->lineage = 8;
  serve_agent(*b, eNotReady);
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  world.run_for(Seconds(1));
  EXPECT_TRUE(b->requests.empty());
}

TEST_F(StatisticsTest, WithoutAModeNothingIsAskedAndANewLifeKnowsNothingOfTheOldOne) {
  serve_monitor(*a);
  confirm_all(*a);
  EXPECT_EQ(session->EnableSkillGroupStatistics(group(77)), E_CTIOS_INVALID_SESSION);
  connect();
  EXPECT_EQ(session->EnableSkillGroupStatistics(group(77)), E_CTIOS_MODE_NOT_SET);
  ASSERT_EQ(session->SetMessageFilter("*"), CIL_OK);
  ASSERT_TRUE(until(eOnMonitorModeEstablished));
  ASSERT_EQ(session->EnableSkillGroupStatistics(group(77)), CIL_OK);
  answered(*a, 1);
  group_row(*a, {{Keyword::AgentsLoggedOn, 3}});
  ASSERT_TRUE(until(eNewSkillGroupStatisticsEvent));
  ASSERT_EQ(session->Disconnect(), CIL_OK);
  ASSERT_TRUE(until(eOnConnectionClosed));
  CCtiOsObject* found = nullptr;
  EXPECT_FALSE(session->GetObjectFromObjectID(kGroup, &found));
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  ASSERT_TRUE(until(eOnConnection, 2));
  ASSERT_EQ(session->SetMessageFilter("*"), CIL_OK);
  ASSERT_TRUE(until(eOnMonitorModeEstablished, 2));
  world.run_for(Seconds(1));
  EXPECT_EQ(a->requests.size(), 1U);
}

TEST_F(StatisticsTest, RowsOfStrangersAreRefusedAndTooManyAreToldAndNotKept) {
  monitor();
  for (int number = 1; number <= 20'100; ++number) {
    const std::string id = "skillgroup.5000." + std::to_string(number);
    group_row(*a, {{Keyword::AgentsLoggedOn, number}}, id.c_str(), number);
    if (number % 500 == 0) world.run_for(Millis(20));
  }
  ASSERT_TRUE(until(eNewSkillGroupStatisticsEvent, 20'100));
  EXPECT_EQ(Ref<Arguments>(session->GetAllSkillGroups())->NumElements(), 20'000);
  a->private_event(EventId::eNewAgentStatisticsEvent,
                   items({{Keyword::UniqueObjectID, "call.5000.1.2"}}));
  ASSERT_TRUE(until(eOnConnectionFailure)) << "an agent's statistics about a call";
}

}  // namespace
}  // namespace cti::cil::test
