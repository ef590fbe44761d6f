// connect_test.cpp - connecting, failing over, heartbeats and disconnecting: scenarios 1 to 4 and 25.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

class Connecting : public SessionWorld {};

TEST_F(Connecting, Scenario1_WithoutAHostNothingHappens) {
  EXPECT_EQ(session->Connect(Arguments()), E_CTIOS_MISSING_ARGUMENT);
  EXPECT_EQ(session->GetLastError(), E_CTIOS_MISSING_ARGUMENT);
  EXPECT_EQ(session->Connect(nullptr), E_CTIOS_INVALID_ARGUMENT);
  world.run_for(Seconds(20));
  EXPECT_TRUE(events.told.empty());
  EXPECT_EQ(a->hellos + b->hellos, 0);
}

TEST_F(Connecting, RefusesNumbersOutOfRange) {
  for (const auto& [key, value] : {std::pair{CTIOS_PORTA, 0},
                                   {CTIOS_PORTB, 65536},
                                   {CTIOS_HEARTBEAT, 0},
                                   {CTIOS_MAXHEARTBEATS, -1}}) {
    Arguments args = hosts();
    args.AddItem(key, value);
    EXPECT_EQ(session->Connect(args), E_CTIOS_INVALID_ARGUMENT) << key;
  }
  EXPECT_TRUE(events.told.empty());
}

TEST_F(Connecting, Scenario2_OneHostIsEnoughAndTheSystemStateFollows) {
  ASSERT_EQ(session->Connect(hosts(kHostA, nullptr)), CIL_OK);
  ASSERT_TRUE(until(eCTIOSFailureEvent));
  EXPECT_EQ(events.last(eOnConnection).GetValueString(CTIOS_CURRENTSERVER), kHostA);
  EXPECT_TRUE(events.last(eOnConnection).IsValid(CTIOS_EVENTTIME));
  EXPECT_EQ(events.last(eCTIOSFailureEvent).GetValueInt(CTIOS_FAILURECODE), 10);
  EXPECT_EQ(events.last(eCTIOSFailureEvent).GetValueInt(CTIOS_SYSTEMEVENTID), eSysCtiServerOnline);
  EXPECT_LT(events.at(eOnConnection), events.at(eCTIOSFailureEvent));
  EXPECT_EQ(session->GetValueString(CTIOS_CURRENTSERVER), kHostA);
  EXPECT_EQ(session->GetValueInt(CTIOS_CURRENTPORT), 42028);
  EXPECT_EQ(session->GetValueString(CTIOS_CTIOSB), kHostA);
  EXPECT_EQ(session->Connect(hosts()), E_CTIOS_MODE_CONFLICT);
}

TEST_F(Connecting, Scenario3_FirstSideDownGoesToTheOther) {
  a->stop();
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  EXPECT_EQ(session->Connect(hosts()), E_CTIOS_IN_FAILOVER);
  ASSERT_TRUE(until(eOnConnectionFailure));
  EXPECT_EQ(session->Connect(hosts()), E_CTIOS_IN_FAILOVER);
  ASSERT_TRUE(until(eOnConnection));
  EXPECT_EQ(events.count(eOnConnectionFailure), 1);
  EXPECT_EQ(events.last(eOnConnectionFailure).GetValueString(CTIOS_FAILEDSERVER), kHostA);
  EXPECT_EQ(events.last(eOnConnectionFailure).GetValueInt(CTIOS_REASONCODE), eConnectFail);
  EXPECT_EQ(events.last(eOnConnection).GetValueString(CTIOS_CURRENTSERVER), kHostB);
}

TEST_F(Connecting, TheFirstSideIsDrawnAndLaterOnesAlternate) {
  a->stop();
  b->stop();
  int first_a = 0;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    make_session(seed);
    events.told.clear();
    ASSERT_EQ(session->Connect(hosts()), CIL_OK);
    ASSERT_TRUE(until(eOnConnectionFailure, 5));
    std::vector<std::string> tried;
    for (const auto& each : events.told)
      tried.push_back(each.args.GetValueString(CTIOS_FAILEDSERVER));
    for (std::size_t i = 1; i < tried.size(); ++i)
      EXPECT_NE(tried[i], tried[i - 1]) << "seed " << seed;
    first_a += tried.front() == kHostA ? 1 : 0;
  }
  EXPECT_GT(first_a, 4);
  EXPECT_LT(first_a, 28);
}

TEST_F(Connecting, Scenario4_WithSettingsItGivesUpAfterFiveRetriesElseNever) {
  make_session(first_side_a(), {}, false);  // as CTI OS: gives up for good
  connect();
  download_settings();
  EXPECT_EQ(session->GetPropertyType(CTIOS_ECC), ARG_ARGARRAY);

  a->stop();
  b->stop();
  world.run_for(Seconds(300));
  ASSERT_EQ(events.count(eOnConnectionFailure), 6);  // the loss, and five retries
  EXPECT_EQ(finals(), 1);
  EXPECT_TRUE(events.last(eOnConnectionFailure).IsValid(CTIOS_FINALATTEMPT));
  start_servers();
  world.run_for(Seconds(60));
  EXPECT_EQ(a->hellos + b->hellos, 0);

  a->stop();
  b->stop();
  events.told.clear();  // without settings
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  world.run_for(Seconds(300));
  EXPECT_GT(events.count(eOnConnectionFailure), 20);
  EXPECT_EQ(finals(), 0);
}

TEST_F(Connecting, FiveRetriesOutlastARestartOfTheOnlyServer) {
  for (const int down : {1, 6, 12}) {
    make_session(first_side_a());
    events.told.clear();
    ASSERT_EQ(session->Connect(hosts(kHostA, nullptr)), CIL_OK);
    ASSERT_TRUE(until(eOnConnection));
    download_settings();
    world.run_for(Seconds(60));  // a life that was none of the short ones
    a->stop();
    world.run_for(Seconds(down));
    start_servers();
    ASSERT_TRUE(until(eOnConnection, 2)) << down << " s";
    EXPECT_EQ(finals(), 0) << down << " s";
  }
}

TEST_F(Connecting, AShortLifeAtOneServerDelaysNoReturnToTheOther) {
  make_session(first_side_a());
  connect();
  for (int round = 0; round < 4; ++round) {  // both are restarted in turn, neither has failed twice in a row
    ScriptedServer& used = *(round % 2 == 0 ? a : b);
    world.run_for(Seconds(round == 0 ? 3 : 4));
    events.told.clear();
    used.stop();
    ASSERT_TRUE(until(eOnConnection, 1)) << "round " << round;
    start_servers();
  }
}

TEST_F(Connecting, ARestartOfEitherServerIsOutlastedWhereTheOtherStaysAway) {
  for (const bool of_a : {true, false}) {
    make_session(first_side_a());
    events.told.clear();
    connect();
    download_settings();
    world.run_for(Seconds(60));
    a->stop();
    b->stop();
    world.run_for(Seconds(6));
    start_servers();
    (of_a ? b : a)->stop();
    ASSERT_TRUE(until(eOnConnection, 2));
    EXPECT_EQ(finals(), 0);
    start_servers();
  }
}

TEST_F(Connecting, AfterTheFinalAttemptItGoesOnQuietlyAndASuccessIsAnOnConnection) {
  serve_agent(*a, 3);
  enter_agent_mode();
  download_settings();
  a->stop();
  b->stop();
  world.run_for(Seconds(900));
  EXPECT_EQ(events.count(eOnConnectionFailure), 6);
  EXPECT_EQ(finals(), 1);
  EXPECT_EQ(session->SetMessageFilter("MessageID=30"), E_CTIOS_IN_FAILOVER);
  start_servers();
  serve_agent(*a, 3);
  serve_agent(*b, 3);
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));  // the mode is restored, as after any failover
  EXPECT_EQ(events.count(eOnConnection), 2);
  EXPECT_EQ(events.count(eOnConnectionFailure), 6);
  EXPECT_EQ(Ref<CAgent>(session->GetCurrentAgent()).get(), agent.get());
}

TEST_F(Connecting, AConnectAfterTheFinalAttemptStartsAnew) {
  serve_agent(*a, 3);
  enter_agent_mode();
  download_settings();
  a->stop();
  b->stop();
  int accepted = 0;
  events.also = [&](int event, Arguments& args) {  // in the handler of the very event
    if (event != eOnConnectionFailure || !args.IsValid(CTIOS_FINALATTEMPT)) return;
    accepted += session->Connect(hosts()) == CIL_OK ? 1 : 0;
    EXPECT_EQ(session->Connect(hosts()), E_CTIOS_IN_FAILOVER);
  };
  world.run_for(Seconds(100));
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(finals(), 1);  // the new life has no settings: it does not give up
  EXPECT_GT(events.count(eOnConnectionFailure), 7);
  EXPECT_FALSE(Ref<CAgent>(session->GetCurrentAgent()));
  start_servers();
  ASSERT_TRUE(until(eOnConnection, 2));
  world.run_for(Seconds(5));
  EXPECT_TRUE(a->subscriptions.empty() && b->subscriptions.empty());  // no mode: that was another life
  EXPECT_EQ(session->SetMessageFilter("MessageID=30"), CIL_OK);
}

TEST_F(Connecting, TheQuietTryingEndsWithDisconnectAndWithTheSession) {
  connect();
  download_settings();
  for (const bool connected_meanwhile : {false, true}) {
    a->stop();
    b->stop();
    ASSERT_TRUE(world.run_until([&] { return finals() == 1; }, network.now() + Seconds(100)));
    events.told.clear();
    Arguments forced;
    forced.AddItem(CTIOS_FORCEDDISCONNECT, true);
    if (connected_meanwhile) {
      ASSERT_EQ(session->Connect(hosts()), CIL_OK);
    }
    ASSERT_EQ(session->Disconnect(forced), CIL_OK);
    ASSERT_TRUE(until(eOnConnectionClosed));
    start_servers();
    world.run_for(Seconds(60));
    EXPECT_EQ(events.told.size(), 1U);
    EXPECT_EQ(a->hellos + b->hellos, 0);
    ASSERT_EQ(session->Connect(hosts()), CIL_OK);
    ASSERT_TRUE(until(eOnConnection));
    download_settings();
  }
  a->stop();
  b->stop();
  ASSERT_TRUE(world.run_until([&] { return finals() == 1; }, network.now() + Seconds(100)));
  session.reset();
  world.run_for(Seconds(60));
  make_session(1);
}

TEST_F(Connecting, AServerThatWelcomesAndClosesAtOnceIsNotHammered) {
  for (const bool two : {false, true}) {
    make_session(first_side_a());
    start_servers();
    events.told.clear();
    for (ScriptedServer* server : {a.get(), b.get()}) {
      server->on_welcomed = [server] { server->close(wire::CloseReason::kOutOfResources); };
    }
    ASSERT_EQ(session->Connect(two ? hosts() : hosts(kHostA, nullptr)), CIL_OK);
    world.run_for(Seconds(120));
    const int lives = events.count(eOnConnection);
    EXPECT_GE(lives, 5);
    EXPECT_LE(lives, two ? 36 : 18) << "each is let alone as if there were no other";
    EXPECT_EQ(finals(), 0);
    for (ScriptedServer* server : {a.get(), b.get()}) server->on_welcomed = nullptr;
    ASSERT_TRUE(until(eOnConnection, lives + 1));
    world.run_for(Seconds(60));  // well again: a loss after that finds the other side at once
    const auto before = network.now();
    (session->GetValueString(CTIOS_CURRENTSERVER) == kHostA ? a : b)->stop();
    if (!two) continue;
    ASSERT_TRUE(until(eOnConnection, lives + 2));
    EXPECT_LT(network.now() - before, Millis(500));
  }
}

TEST_F(Connecting, ALifeThatIsShortDoesNotCountTowardsTheFinalAttempt) {
  connect();
  download_settings();
  for (ScriptedServer* server : {a.get(), b.get()}) {
    server->on_welcomed = [server] { server->close(wire::CloseReason::kOutOfResources); };
  }
  a->close(wire::CloseReason::kOutOfResources);
  world.run_for(Seconds(300));
  EXPECT_GT(events.count(eOnConnectionFailure), 10);
  EXPECT_EQ(finals(), 0);
  a->stop();
  b->stop();
  const int told = events.count(eOnConnectionFailure);
  ASSERT_TRUE(world.run_until([&] { return finals() == 1; }, network.now() + Seconds(100)));
  EXPECT_GE(events.count(eOnConnectionFailure) - told, 5);
  EXPECT_LE(events.count(eOnConnectionFailure) - told, 6);
}

TEST_F(Connecting, Scenario25_UnansweredHeartbeatsEndTheConnection) {
  Arguments args = hosts();
  args.AddItem(CTIOS_HEARTBEAT, 1);
  args.AddItem(CTIOS_MAXHEARTBEATS, 3);
  ASSERT_EQ(session->Connect(args), CIL_OK);
  ASSERT_TRUE(until(eOnConnection));
  ASSERT_TRUE(until(eOnHeartbeat, 2));
  EXPECT_EQ(events.count(eOnMissingHeartbeat), 0);
  a->mute = true;
  b->mute = true;
  ASSERT_TRUE(until(eOnConnectionFailure));
  std::vector<int> missed;
  for (const auto& each : events.told) {
    if (each.event != eOnMissingHeartbeat) continue;
    missed.push_back(each.args.GetValueInt(CTIOS_CONSECUTIVEMISSEDHEARTBEATS));
    EXPECT_EQ(each.args.GetValueInt(CTIOS_HEARTBEATINTERVAL), 1000);
  }
  EXPECT_EQ(missed, (std::vector<int>{1, 2}));
  EXPECT_EQ(events.last(eOnConnectionFailure).GetValueInt(CTIOS_REASONCODE), eMissedHeartbeats);

  Arguments forced;
  EXPECT_EQ(session->Disconnect(forced), E_CTIOS_MODE_NOT_SET);
  forced.AddItem(CTIOS_FORCEDDISCONNECT, true);
  EXPECT_EQ(session->Disconnect(forced), CIL_OK);
  EXPECT_EQ(session->Disconnect(forced), E_CTIOS_SESSION_DISCONNECT_PENDING);
  ASSERT_TRUE(until(eOnConnectionClosed));
  world.run_for(Seconds(60));
  EXPECT_EQ(events.told.back().event, eOnConnectionClosed);
  EXPECT_EQ(events.count(eOnConnectionClosed), 1);
  EXPECT_EQ(session->Disconnect(forced), E_CTIOS_SESSION_NOT_CONNECTED);
}

TEST_F(Connecting, AnythingThatArrivesCountsAsASignOfLife) {
  Arguments args = hosts();
  args.AddItem(CTIOS_HEARTBEAT, 2);
  ASSERT_EQ(session->Connect(args), CIL_OK);
  ASSERT_TRUE(until(eOnConnection));
  for (int i = 0; i < 20; ++i) {
    a->private_event(EventId::eCTIOSFailureEvent, items({{Keyword::SystemEventID, 9}}));
    world.run_for(Seconds(1));
  }
  EXPECT_EQ(a->heartbeats, 0);
}

TEST_F(Connecting, DisconnectSaysGoodbyeAndTheSessionCanConnectAgain) {
  connect();
  Arguments forced;
  forced.AddItem(CTIOS_FORCEDDISCONNECT, true);
  ASSERT_EQ(session->Disconnect(forced), CIL_OK);
  ASSERT_TRUE(until(eOnConnectionClosed));
  EXPECT_EQ(a->closes, 1);
  EXPECT_EQ(events.count(eOnConnectionFailure), 0);
  EXPECT_EQ(session->GetValueString(CTIOS_CURRENTSERVER), "");
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  EXPECT_TRUE(until(eOnConnection, 2));
}

TEST_F(Connecting, AnotherVersionIsRejectedForGood) {
  a->reject = true;
  b->reject = true;
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  ASSERT_TRUE(until(eOnConnectionRejected));
  world.run_for(Seconds(60));
  EXPECT_EQ(a->hellos + b->hellos, 1);
  EXPECT_EQ(events.told.size(), 1U);
}

TEST_F(Connecting, N8_AServerThatNeverWelcomesIsLeftInTime) {
  a->mute = true;
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  ASSERT_TRUE(until(eOnConnection, 1, Seconds(7)));
  EXPECT_EQ(events.last(eOnConnectionFailure).GetValueString(CTIOS_FAILEDSERVER), kHostA);
  EXPECT_EQ(events.last(eOnConnection).GetValueString(CTIOS_CURRENTSERVER), kHostB);
}

TEST_F(Connecting, NonsenseFromTheServerEndsThatConnectionAndTheOtherSideIsTried) {
  connect();
  std::byte nonsense[64] = {};
  nonsense[0] = std::byte{64};
  nonsense[4] = std::byte{99};
  a->send(nonsense);
  ASSERT_TRUE(until(eOnConnection, 2));
  EXPECT_EQ(events.last(eOnConnectionFailure).GetValueInt(CTIOS_REASONCODE), eOtherError);
  EXPECT_EQ(events.last(eOnConnection).GetValueString(CTIOS_CURRENTSERVER), kHostB);
}

TEST_F(Connecting, N1_StreamsCutIntoSinglePiecesReadTheSame) {
  core::SimFaults faults;
  faults.segment_bytes_max = 3;
  network.set_faults(faults);
  connect();
  EXPECT_EQ(events.last(eOnConnection).GetValueString(CTIOS_CURRENTSERVER), kHostA);
}

TEST_F(Connecting, ADestroyedSessionStopsSilently) {
  connect();
  world.remove(client);
  session.reset();
  events.told.clear();
  world.run_for(Seconds(5));
  EXPECT_TRUE(events.told.empty());
  make_session(1);
}

}  // namespace
}  // namespace cti::cil::test
