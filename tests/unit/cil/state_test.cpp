// state_test.cpp - the session's one state word: calls and events in any order, from handlers and from outside.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

class State : public SessionWorld {
 protected:
  static Arguments forced() {
    Arguments args;
    args.AddItem(CTIOS_FORCEDDISCONNECT, true);
    return args;
  }
  int make_call() {
    Arguments args;
    args.AddItem(CTIOS_DIALEDNUMBER, "23902");
    return agent->MakeCall(args);
  }
  bool disconnected() { return session->Disconnect(forced()) == E_CTIOS_SESSION_NOT_CONNECTED; }
};

TEST_F(State, AConnectThatWasTakenBackDoesNotConnectAfterTheLastEvent) {
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  ASSERT_EQ(session->Disconnect(forced()), CIL_OK);  // before the event thread has seen either
  ASSERT_TRUE(until(eOnConnectionClosed));
  world.run_for(Seconds(60));
  EXPECT_EQ(events.told.back().event, eOnConnectionClosed);
  EXPECT_EQ(events.count(eOnConnection), 0);
  EXPECT_EQ(a->hellos + b->hellos, 0);
  EXPECT_TRUE(disconnected());
}

TEST_F(State, ConnectDisconnectAndConnectAgainInTheLastEventConnectsOnce) {
  events.also = [&](int event, Arguments&) {
    if (event == eOnConnectionClosed) {
      EXPECT_EQ(session->Connect(hosts()), CIL_OK);
    }
  };
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  ASSERT_EQ(session->Disconnect(forced()), CIL_OK);
  ASSERT_TRUE(until(eOnConnection));
  world.run_for(Seconds(60));
  EXPECT_EQ(events.count(eOnConnectionClosed), 1);
  EXPECT_EQ(events.count(eOnConnection), 1);
  EXPECT_EQ(a->hellos + b->hellos, 1);
}

TEST_F(State, AConnectInTheMiddleOfADisconnectIsRefusedAndChangesNothing) {
  connect();
  ASSERT_EQ(session->Disconnect(forced()), CIL_OK);
  EXPECT_EQ(session->Connect(hosts()), E_CTIOS_SESSION_DISCONNECT_PENDING);
  ASSERT_TRUE(until(eOnConnectionClosed));
  world.run_for(Seconds(60));
  EXPECT_EQ(events.count(eOnConnection), 1);
  EXPECT_TRUE(disconnected());
}

TEST_F(State, AServersCloseWhileARequestIsOpenMayBeAnsweredByAConnectInEveryHandler) {
  for (const auto reason : {wire::CloseReason::kReplaced, wire::CloseReason::kVersionUnsupported,
                            wire::CloseReason::kAuthenticationFailed}) {
    make_session(first_side_a());
    serve_agent(*a, eNotReady);
    events.told.clear();
    enter_agent_mode();
    ASSERT_EQ(make_call(), CIL_OK);
    world.run_for(Seconds(1));
    int accepted = 0;
    events.also = [&](int, Arguments&) { accepted += session->Connect(hosts()) == CIL_OK ? 1 : 0; };
    events.told.clear();
    a->close(reason);
    ASSERT_TRUE(until(eOnConnection));
    events.also = nullptr;
    world.run_for(Seconds(60));
    EXPECT_EQ(accepted, 1);
    EXPECT_EQ(events.count(eOnConnection), 1);
    EXPECT_EQ(events.count(eControlFailureConf), 1);
  }
}

TEST_F(State, ADisconnectThatMeetsTheConnectionsEndIsClosedOnce) {
  connect();
  a->stop();
  b->stop();
  events.also = [&](int event, Arguments&) {
    if (event == eOnConnectionFailure) session->Disconnect(forced());
  };
  ASSERT_TRUE(until(eOnConnectionClosed));
  world.run_for(Seconds(60));
  EXPECT_EQ(events.count(eOnConnectionClosed), 1);
  EXPECT_EQ(events.told.back().event, eOnConnectionClosed);
}

TEST_F(State, ADisconnectThatMeetsTheWelcomeStaysOne) {
  events.also = [&](int event, Arguments&) {
    if (event != eOnConnection) return;
    EXPECT_EQ(session->Disconnect(forced()), CIL_OK);
    EXPECT_EQ(session->Disconnect(forced()), E_CTIOS_SESSION_DISCONNECT_PENDING);
    EXPECT_EQ(session->SetMessageFilter("MessageID=30"), E_CTIOS_INVALID_SESSION);
  };
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  ASSERT_TRUE(until(eOnConnectionClosed));
  world.run_for(Seconds(60));
  EXPECT_EQ(events.count(eOnConnectionClosed), 1);
  EXPECT_EQ(events.told.back().event, eOnConnectionClosed);
}

TEST_F(State, AModeThatWasAskedForBeforeADisconnectIsNotSetInTheNextLife) {
  serve_agent(*a, eNotReady);
  connect();
  ASSERT_EQ(session->SetAgent(new_agent()), CIL_OK);
  ASSERT_EQ(session->Disconnect(), CIL_OK);  // jumps ahead of the mode
  ASSERT_TRUE(until(eOnConnectionClosed));
  events.told.clear();
  connect();
  world.run_for(Seconds(5));
  EXPECT_TRUE(a->subscriptions.empty());
  EXPECT_EQ(events.count(eSetAgentModeEvent), 0);
  EXPECT_EQ(session->GetCurrentAgent(), nullptr);
}

TEST_F(State, AForcedDisconnectThatIsFalseDoesNotForce) {
  connect();
  Arguments args;
  args.AddItem(CTIOS_FORCEDDISCONNECT, false);
  EXPECT_EQ(session->Disconnect(args), E_CTIOS_MODE_NOT_SET);
  args.AddItem(CTIOS_FORCEDDISCONNECT, "0");
  EXPECT_EQ(session->Disconnect(args), E_CTIOS_MODE_NOT_SET);
  args.AddItem(CTIOS_FORCEDDISCONNECT, 1);
  EXPECT_EQ(session->Disconnect(args), CIL_OK);
}

TEST_F(State, RequestsThatWereNotBegunEndBeforeTheLastEvent) {
  serve_agent(*a, eNotReady);
  enter_agent_mode();
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_EQ(make_call(), CIL_OK);
  ASSERT_EQ(session->Disconnect(), CIL_OK);  // jumps ahead of both
  EXPECT_EQ(make_call(), E_CTIOS_INVALID_SESSION);
  ASSERT_TRUE(until(eOnConnectionClosed));
  EXPECT_EQ(events.count(eControlFailureConf), 2);
  world.run_for(Seconds(100));
  EXPECT_EQ(events.count(eControlFailureConf), 2);
  EXPECT_EQ(events.told.back().event, eOnConnectionClosed);
}

}  // namespace
}  // namespace cti::cil::test
