// monitor_mode_test.cpp - monitor mode, also across a failover: scenario 19.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

class MonitorMode : public SessionWorld {
 protected:
  static Items agent_of(int number, int state) {
    const std::string id = std::to_string(number);
    return items({{Keyword::UniqueObjectID, "agent.5000." + id},
                  {Keyword::AgentID, id},
                  {Keyword::AgentState, state}});
  }
  static void serve_monitor(ScriptedServer& server, std::vector<int> agents) {
    server.on_subscribe = [&server, agents] {
      server.subscribed();
      server.snapshot_begin();
      for (const int number : agents) {
        server.snapshot_record(EventId::eQueryAgentStateConf, agent_of(number, eAvailable));
      }
      server.snapshot_end();
      server.private_event(EventId::eOnMonitorModeEstablished,
                           items({{Keyword::CILConnectionID, "4711"}}));
    };
  }
};

TEST_F(MonitorMode, Scenario19_FilterByEventAndNoAgentBeside) {
  serve_monitor(*a, {1001, 1002});
  EXPECT_EQ(session->SetMessageFilter("MessageID = 30"), E_CTIOS_INVALID_SESSION);
  connect();
  EXPECT_EQ(session->SetMessageFilterArgs(Arguments()), E_CTIOS_MISSING_ARGUMENT);
  ASSERT_EQ(session->SetMessageFilter("MessageID = 30"), CIL_OK);
  ASSERT_TRUE(until(eOnMonitorModeEstablished));
  EXPECT_EQ(events.count(eQueryAgentStateConf), 2);
  EXPECT_EQ(events.count(eOnMonitorModeEstablished), 1);
  ASSERT_EQ(a->subscriptions.size(), 1U);
  EXPECT_EQ(a->subscriptions[0].mode, wire::SubscribeMode::kMonitor);
  EXPECT_EQ(a->subscriptions[0].arguments.string(Keyword::MessageFilter), "MessageID = 30");
  EXPECT_EQ(session->SetAgent(new_agent()), E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED);
  EXPECT_EQ(session->SetMessageFilter("*"), E_CTIOS_MODE_SET_ALREADY);
  a->update(EventId::eAgentStateEvent, agent_of(1001, eTalking), wire::topic::kAgent);
  ASSERT_TRUE(until(eAgentStateEvent));
  Ref<Arguments> all(session->GetAllAgents());
  EXPECT_EQ(all->NumElements(), 2);
  CCtiOsObject* found = nullptr;
  ASSERT_TRUE(session->GetObjectFromObjectID("agent.5000.1001", &found));
  const Ref<CCtiOsObject> watched(found);
  EXPECT_EQ(watched->GetValueInt(CTIOS_AGENTSTATE), eTalking);
  EXPECT_EQ(events.count(eOnCurrentCallChanged) + events.count(eButtonEnablementMaskChange), 0);
}

TEST_F(MonitorMode, ADeniedFilterIsToldAndTheModeStaysFree) {
  a->on_subscribe = [this] { a->subscribed(wire::Outcome::kRefused); };
  connect();
  world.run_for(Seconds(1));
  events.told.clear();
  ASSERT_EQ(session->SetMessageFilter("x"), CIL_OK);
  ASSERT_TRUE(until(eCTIOSFailureEvent));
  EXPECT_EQ(events.last(eCTIOSFailureEvent).GetValueInt(CTIOS_FAILURECODE),
            eMonitorModeConnectionDenied);
  serve_monitor(*a, {});
  EXPECT_EQ(session->SetMessageFilter("MessageID=30"), CIL_OK);
  EXPECT_TRUE(until(eOnMonitorModeEstablished));
}

TEST_F(MonitorMode, FailoverRestoresTheFilterAndForgetsAgentsThatHaveGone) {
  serve_monitor(*a, {1001, 1002});
  connect();
  Arguments filter;
  filter.AddItem(CTIOS_FILTER, "MessageID=30");
  filter.AddItem(CTIOS_MONITORSESSIONSNAPSHOTMODE, 0);
  ASSERT_EQ(session->SetMessageFilter(filter), CIL_OK);
  ASSERT_TRUE(until(eOnMonitorModeEstablished));
  b->lineage = 8;
  serve_monitor(*b, {1002, 1003});
  a->stop();
  ASSERT_TRUE(until(eOnMonitorModeEstablished, 2));
  ASSERT_EQ(b->subscriptions.size(), 1U);
  EXPECT_EQ(b->subscriptions[0].arguments.string(Keyword::MessageFilter), "MessageID=30");
  CCtiOsObject* none = nullptr;
  EXPECT_FALSE(session->GetObjectFromObjectID("agent.5000.1001", &none));
  Ref<Arguments> all(session->GetAllAgents());
  EXPECT_EQ(all->NumElements(), 2);
}

TEST_F(MonitorMode, SystemEventsMoveTheSystemStatus) {
  serve_monitor(*a, {});
  connect();
  ASSERT_EQ(session->SetMessageFilter("*"), CIL_OK);
  ASSERT_TRUE(until(eOnMonitorModeEstablished));
  EXPECT_EQ(session->GetSystemStatus(), 0);
  const auto system_event = [&](int event, int argument) {
    const int before = events.count(eCTIOSFailureEvent);
    a->update(EventId::eCTIOSFailureEvent,
              items({{Keyword::FailureCode, 10},
                     {Keyword::SystemEventID, event},
                     {Keyword::SystemEventArg1, argument}}),
              wire::topic::kSystem);
    ASSERT_TRUE(until(eCTIOSFailureEvent, before + 1));
  };
  system_event(eSysPeripheralOffline, 5000);
  EXPECT_EQ(session->GetSystemStatus(), PGS_PERIPHERAL_OFFLINE);
  system_event(eSysCtiServerOffline, 0);
  EXPECT_EQ(session->GetSystemStatus(), PGS_PERIPHERAL_OFFLINE | PGS_CTI_SERVER_OFFLINE);
  system_event(eSysPeripheralOnline, 5000);
  system_event(eSysCtiServerOnline, 0);
  EXPECT_EQ(session->GetSystemStatus(), 0);
}

}  // namespace
}  // namespace cti::cil::test
