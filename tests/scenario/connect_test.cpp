// connect_test.cpp - scenarios 1 to 4 and 25: connecting, the other side, giving up, heartbeats, the end of a session.
#include "tests/scenario/world.hpp"

#include <signal.h>

namespace cti::scenario {
namespace {

Arguments hosts(int port_a, int port_b = 0) {
  Arguments args;
  args.AddItem(CTIOS_CTIOSA, "127.0.0.1");
  args.AddItem(CTIOS_PORTA, port_a);
  if (port_b != 0) {
    args.AddItem(CTIOS_CTIOSB, "127.0.0.1");
    args.AddItem(CTIOS_PORTB, port_b);
  }
  return args;
}

/// A port that was free a moment ago and to which nobody listens: what a dead server looks like.
int dead_port() {
  World gone;
  return gone.port();
}

TEST(Scenario01, ConnectWithoutAHostIsRefusedWithoutAnyEvent) {
  Client client;
  Arguments empty;
  EXPECT_EQ(client.session.Connect(empty), E_CTIOS_MISSING_ARGUMENT);
  EXPECT_EQ(client.session.Connect(nullptr), E_CTIOS_INVALID_ARGUMENT);
  EXPECT_EQ(client.events.last_id(), 0);
}

TEST(Scenario02, ConnectWithOneHostTellsTheServerAndTheStateOfTheSystem) {
  World world;
  Client client;
  ASSERT_EQ(client.session.Connect(hosts(world.port())), CIL_OK);
  const Seen* connection = client.events.wait(eOnConnection);
  ASSERT_NE(connection, nullptr) << client.events.story();
  EXPECT_EQ(connection->text("CurrentServer"), "127.0.0.1");
  EXPECT_TRUE(connection->args.IsValid("EventTime"));
  const Seen* status = client.events.wait(eCTIOSFailureEvent);
  ASSERT_NE(status, nullptr) << client.events.story();
  EXPECT_EQ(status->integer("FailureCode"), eServerConnectionStatus);
  EXPECT_GT(status->integer("SystemEventID"), 0);
}

TEST(Scenario03, TheOtherSideIsTriedWhenTheFirstIsDown) {
  const int dead = dead_port();
  World world;
  for (int attempt = 0; attempt < 4; ++attempt) {  // the first side is chosen at random
    Client client;
    ASSERT_EQ(client.session.Connect(hosts(dead, world.port())), CIL_OK);
    ASSERT_NE(client.events.wait(eOnConnection), nullptr) << client.events.story();
    EXPECT_LE(client.events.count(eOnConnectionFailure), 1u) << client.events.story();
    if (const Seen* failure = client.events.find(eOnConnectionFailure)) {
      EXPECT_EQ(failure->integer("ReasonCode"), eConnectFail);
    }
  }
}

TEST(Scenario03, ASecondConnectDuringFailoverIsRefused) {
  const int dead = dead_port();
  Client client;
  ASSERT_EQ(client.session.Connect(hosts(dead)), CIL_OK);
  ASSERT_NE(client.events.wait(eOnConnectionFailure), nullptr) << client.events.story();
  EXPECT_EQ(client.session.Connect(hosts(dead)), E_CTIOS_IN_FAILOVER);
}

TEST(Scenario04, WithSettingsTheClientGivesUpAfterFiveRetries) {
  Client client;
  {
    World world;
    client.connect(world.port());
    Arguments desktop;
    desktop.AddItem(CTIOS_DESKTOPTYPE, 0);
    ASSERT_EQ(client.session.RequestDesktopSettings(desktop), CIL_OK);
    ASSERT_NE(client.events.wait(eGlobalSettingsDownloadConf), nullptr) << client.events.story();
    client.events.mark();
  }
  const Seen* last = client.events.wait(
      eOnConnectionFailure, [](const Seen& seen) { return seen.args.IsValid("FinalAttempt"); },
      std::chrono::seconds(60));
  ASSERT_NE(last, nullptr) << client.events.story();
  EXPECT_TRUE(client.events.none(eOnConnectionFailure)) << client.events.story();
}

TEST(Scenario04, WithoutSettingsTheClientTriesForEver) {
  const int dead = dead_port();
  Client client;
  ASSERT_EQ(client.session.Connect(hosts(dead)), CIL_OK);
  for (int failure = 0; failure < 7; ++failure) {
    const Seen* seen = client.events.wait(eOnConnectionFailure, {}, std::chrono::seconds(60));
    ASSERT_NE(seen, nullptr) << client.events.story();
    EXPECT_FALSE(seen->args.IsValid("FinalAttempt"));
  }
}

TEST(Scenario25, MissedHeartbeatsEndTheConnectionAndDisconnectEndsTheRetries) {
  World world;
  Client client;
  Arguments args = hosts(world.port());
  args.AddItem(CTIOS_HEARTBEAT, 1);
  args.AddItem("MaxHeartbeats", 3);
  ASSERT_EQ(client.session.Connect(args), CIL_OK);
  ASSERT_NE(client.events.wait(eOnConnection), nullptr);
  ASSERT_NE(client.events.wait(eOnHeartbeat), nullptr) << "an idle session asks and is answered";
  world.server().signal(SIGSTOP);
  client.events.mark();
  for (int missed : {1, 2}) {
    const Seen* seen = client.events.wait(eOnMissingHeartbeat);
    ASSERT_NE(seen, nullptr) << client.events.story();
    EXPECT_EQ(seen->integer("ConsecutiveMissedHeartbeats"), missed);
    EXPECT_EQ(seen->integer("HeartbeatInterval"), 1000);
  }
  const Seen* failure = client.events.wait(eOnConnectionFailure);
  ASSERT_NE(failure, nullptr) << client.events.story();
  EXPECT_EQ(failure->integer("ReasonCode"), eMissedHeartbeats);
  EXPECT_EQ(client.events.count(eOnMissingHeartbeat), 2u) << "no third one";

  Arguments forced;
  forced.AddItem("ForcedDisconnect", true);
  ASSERT_EQ(client.session.Disconnect(forced), CIL_OK);
  ASSERT_NE(client.events.wait(eOnConnectionClosed), nullptr) << client.events.story();
  EXPECT_TRUE(client.events.none(eOnConnectionFailure));
  EXPECT_EQ(client.events.last_id(), eOnConnectionClosed);
  world.server().signal(SIGCONT);
}

}  // namespace
}  // namespace cti::scenario
