// requests_test.cpp - each request ends exactly once, whatever happens to the connection.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

class Requests : public SessionWorld {
 protected:
  void SetUp() override {
    serve_agent(*a, eNotReady);
    serve_agent(*b, eNotReady);
    enter_agent_mode();
  }
  int make_call() {
    Arguments args;
    args.AddItem(CTIOS_DIALEDNUMBER, "23902");
    return agent->MakeCall(args);
  }
  static std::function<void(const ScriptedServer::Asked&)> confirm(ScriptedServer& server) {
    return [&server](const ScriptedServer::Asked& asked) {
      server.reply(asked.id, wire::confirmation_of(asked.request), wire::Outcome::kConfirmed);
    };
  }
  int ends() const { return events.count(eMakeCallConf) + events.count(eControlFailureConf); }
};

TEST_F(Requests, AConfirmedRequestIsTold) {
  a->on_request = confirm(*a);
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_TRUE(until(eMakeCallConf));
  EXPECT_EQ(events.last(eMakeCallConf).GetValueString(CTIOS_UNIQUEOBJECTID), "agent.5000.22866");
  EXPECT_EQ(ends(), 1);
}

TEST_F(Requests, MissingArgumentsAreRefusedHere) {
  EXPECT_EQ(agent->MakeCall(Arguments()), E_CTIOS_MISSING_ARGUMENT);
  EXPECT_EQ(agent->SetAgentState(Arguments()), E_CTIOS_MISSING_ARGUMENT);
  Arguments huge;
  huge.AddItem(CTIOS_DIALEDNUMBER, std::string(32 * 1024, '1'));
  EXPECT_EQ(agent->MakeCall(huge), E_CTIOS_INVALID_ARGUMENT);
  world.run_for(Seconds(1));
  EXPECT_TRUE(a->requests.empty());
}

TEST_F(Requests, DuringAnOutageRequestsAreRefused) {
  a->stop();
  b->stop();
  ASSERT_TRUE(until(eOnConnectionFailure));
  EXPECT_EQ(make_call(), E_CTIOS_IN_FAILOVER);
}

TEST_F(Requests, C10_AServerOfTheSameLineageGetsTheSameRequestAgain) {
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_TRUE(world.run_until([&] { return a->requests.size() == 1; }, network.now() + Seconds(1)));
  const auto first = a->requests[0];
  b->on_request = confirm(*b);
  a->stop();
  ASSERT_TRUE(until(eMakeCallConf));
  ASSERT_EQ(b->requests.size(), 1U);
  EXPECT_EQ(b->requests[0].id, first.id);
  EXPECT_EQ(b->requests[0].token, first.token);
  EXPECT_EQ(b->requests[0].request, first.request);
  world.run_for(Seconds(100));
  EXPECT_EQ(ends(), 1);
}

TEST_F(Requests, R8_AServerOfAnotherLineageIsNotAskedAgain) {
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_TRUE(world.run_until([&] { return a->requests.size() == 1; }, network.now() + Seconds(1)));
  b->lineage = 8;
  a->stop();
  ASSERT_TRUE(until(eControlFailureConf));
  const Arguments& told = events.last(eControlFailureConf);
  EXPECT_EQ(told.GetValueInt(CTIOS_MESSAGETYPE), eMakeCallRequest);
  EXPECT_EQ(told.GetValueInt(CTIOS_FAILURECODE), E_CTI_TIMEOUT);
  EXPECT_EQ(told.GetValueInt("RequestOutcome"), 3);
  world.run_for(Seconds(100));
  EXPECT_TRUE(b->requests.empty());
  EXPECT_EQ(ends(), 1);
}

TEST_F(Requests, U11_AnUnansweredRequestEndsAsUnknownAndALateAnswerIsNotMatched) {
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_TRUE(until(eControlFailureConf, 1, Seconds(61)));
  EXPECT_EQ(events.last(eControlFailureConf).GetValueInt("RequestOutcome"), 3);
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_TRUE(world.run_until([&] { return a->requests.size() == 2; }, network.now() + Seconds(1)));
  a->reply(a->requests[0].id, EventId::eMakeCallConf, wire::Outcome::kConfirmed);
  world.run_for(Seconds(1));
  EXPECT_EQ(events.count(eMakeCallConf), 0);
  a->reply(a->requests[1].id, EventId::eMakeCallConf, wire::Outcome::kConfirmed);
  ASSERT_TRUE(until(eMakeCallConf));
  EXPECT_EQ(ends(), 2);
}

TEST_F(Requests, DisconnectEndsWhatIsUnderWayBeforeTheLastEvent) {
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_EQ(session->Disconnect(), CIL_OK);  // jumps ahead of both
  ASSERT_TRUE(until(eOnConnectionClosed));
  world.run_for(Seconds(100));
  EXPECT_EQ(events.count(eControlFailureConf), 2);
  EXPECT_EQ(ends(), 2);
  EXPECT_EQ(events.count(eOnConnectionClosed), 1);
  EXPECT_TRUE(a->requests.empty());
}

TEST_F(Requests, AtMostSoManyAreUnderWay) {
  int accepted = 0;
  for (int i = 0; i < 1100; ++i) accepted += make_call() == CIL_OK ? 1 : 0;
  EXPECT_EQ(accepted, 1024);
  EXPECT_EQ(make_call(), E_CTIOS_SERVICE_SEND_MESSAGE_FAILED);
  a->on_request = confirm(*a);
  ASSERT_TRUE(until(eMakeCallConf, 1024));
  EXPECT_EQ(make_call(), CIL_OK);
}

TEST_F(Requests, AfterTheModeIsAskedForRequestsWaitForIt) {
  session->Disconnect();
  ASSERT_TRUE(until(eOnConnectionClosed));
  a->on_subscribe = nullptr;
  events.told.clear();
  connect();
  ASSERT_EQ(session->SetAgent(new_agent()), CIL_OK);
  ASSERT_EQ(make_call(), CIL_OK);
  world.run_for(Seconds(1));
  EXPECT_TRUE(a->requests.empty());
  a->subscribed();
  a->private_event(EventId::eSetAgentModeEvent, mode_items());
  EXPECT_TRUE(world.run_until([&] { return a->requests.size() == 1; }, network.now() + Seconds(1)));
}

}  // namespace
}  // namespace cti::cil::test
