// Opening, keeping and losing sessions; sides, faults and bad input.
#include "tests/unit/simulator/plain_client.hpp"

#include <gtest/gtest.h>

namespace cti::simulator {
namespace {

using Names = std::vector<std::string>;

std::int64_t refusal(PlainWorld& world, ged::Version version, std::uint32_t services,
                     const Fields& more = {}) {
  PlainClient& client = world.session(version, services, more);
  return number(client.last("FAILURE_CONF"), "Status");
}

TEST(SimulatorSession, RefusesToOpenWithTheRightStatus) {
  PlainWorld world;
  EXPECT_EQ(refusal(world, 15, 0x10, {{"VersionNumber", 26}}), 1);
  EXPECT_EQ(refusal(world, 15, 0x10, {{"VersionNumber", 8}}), 1);
  EXPECT_EQ(refusal(world, 15, 0x10, {{"IdleTimeout", 19}}), 18);
  EXPECT_EQ(refusal(world, 15, 0x1, {{"PeripheralID", 1}, {"AgentID", std::string("22866")}}), 7);
  EXPECT_EQ(refusal(world, 15, 0x1), 6);
  EXPECT_EQ(refusal(world, 15, 0x1, {{"AgentID", std::string("9")}}), 8);
  EXPECT_EQ(refusal(world, 15, 0x1, {{"AgentInstrument", std::string("9")}}), 87);
  EXPECT_EQ(refusal(world, 15, 0x81, {{"AgentID", std::string("22866")}}), 12);
}

TEST(SimulatorSession, ADeviceBelongsToOneClient) {
  PlainWorld world;
  world.session(15, 0x1, {{"AgentInstrument", std::string("23901")}});
  EXPECT_EQ(
      refusal(world, 15, 0x1,
              {{"AgentInstrument", std::string("23901")}, {"ClientID", std::string("other")}}),
      10);
}

TEST(SimulatorSession, StrictServersLookAtEveryBit) {
  ServerSettings settings;
  settings.strict = true;
  PlainWorld world(settings);
  EXPECT_EQ(refusal(world, 15, 0x10 | 0x1'0000), 19);
}

TEST(SimulatorSession, RefusesWhatComesBeforeOpenAndASecondOpen) {
  PlainWorld world;
  PlainClient& client = world.client(15);
  client.connect(world.server->port(Side::kA));
  world.settle();
  client.send("SNAPSHOT_DEVICE_REQ", {{"InvokeID", 7}, {"PeripheralID", 5000}});
  client.send("HEARTBEAT_REQ", {{"InvokeID", 8}});
  world.settle();
  EXPECT_EQ(number(client.last("FAILURE_CONF"), "Status"), 4);
  EXPECT_EQ(number(client.last("HEARTBEAT_CONF"), "InvokeID"), 8);
  PlainClient& open = world.session(15, 0x10);
  open.send("OPEN_REQ", {{"InvokeID", 9},
                         {"VersionNumber", 15},
                         {"IdleTimeout", 100},
                         {"ClientID", std::string("x")}});
  world.settle();
  EXPECT_EQ(number(open.last("FAILURE_CONF"), "Status"), 5);
}

TEST(SimulatorSession, AnswersWithinTheGrantedServicesOnly) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x10);
  client.send("ANSWER_CALL_REQ", {{"InvokeID", 3}, {"PeripheralID", 5000}});
  client.send("MONITOR_START_REQ", {{"InvokeID", 4}, {"PeripheralID", 5000}});
  world.settle();
  EXPECT_EQ(client.names("FAILURE_CONF").size(), 2U);
  EXPECT_EQ(number(client.last("FAILURE_CONF"), "Status"), 12);
}

TEST(SimulatorSession, UnknownMessagesAreRefusedAndTheSessionGoesOn) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x10);
  std::vector<std::byte> strange(12);
  store_be(strange.data(), std::uint32_t{4});
  store_be(strange.data() + 4, std::uint32_t{9'999});
  client.send_bytes(strange);
  client.send("HEARTBEAT_REQ", {{"InvokeID", 8}});
  world.settle();
  EXPECT_EQ(number(client.last("FAILURE_CONF"), "Status"), 12);
  EXPECT_TRUE(client.has("HEARTBEAT_CONF"));
}

TEST(SimulatorSession, AnImpossibleLengthEndsTheSession) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x10);
  std::vector<std::byte> huge(8);
  store_be(huge.data(), std::uint32_t{0xFFFF'FFFF});
  client.send_bytes(huge);
  world.settle();
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(world.server->clients(), 0U);
}

TEST(SimulatorSession, BrokenBodiesAreRefusedWithTheirInvokeId) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x16);
  std::vector<std::byte> frame =
      make_message("ANSWER_CALL_REQ", 15, {{"InvokeID", 77}, {"PeripheralID", 5000}});
  frame.resize(frame.size() - 6);
  store_be(frame.data(), static_cast<std::uint32_t>(frame.size() - 8));
  client.send_bytes(frame);
  world.settle();
  EXPECT_EQ(number(client.last("FAILURE_CONF"), "InvokeID"), 77);
}

TEST(SimulatorSession, IdleClientsAreCutAndBusyOnesKept) {
  PlainWorld world;
  PlainClient& idle = world.session(15, 0x10, {{"IdleTimeout", 20}});
  PlainClient& busy = world.session(15, 0x10, {{"IdleTimeout", 20}});
  for (int i = 0; i < 5; ++i) {
    world.pass(Seconds(10));
    busy.send("HEARTBEAT_REQ", {{"InvokeID", i}});
  }
  world.settle();
  EXPECT_TRUE(idle.closed);
  EXPECT_FALSE(busy.closed);
  EXPECT_EQ(busy.names("HEARTBEAT_CONF").size(), 5U);
}

TEST(SimulatorSession, CloseIsConfirmedAndOrderly) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x10);
  client.send("CLOSE_REQ", {{"InvokeID", 5}, {"Status", 0}});
  world.settle();
  EXPECT_EQ(number(client.last("CLOSE_CONF"), "InvokeID"), 5);
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.close_error, 0);
}

TEST(SimulatorSession, AFailedSideResetsItsClientsAndTheOtherTakesThem) {
  PlainWorld world;
  PlainClient& a = world.session(15, 0x10);
  PlainClient& b = world.session(15, 0x10, {}, Side::kB);
  EXPECT_EQ(world.command("fail side A"), "ok");
  world.settle();
  EXPECT_TRUE(a.closed);
  EXPECT_FALSE(b.closed);
  PlainClient& refused = world.client(15);
  refused.connect(world.server->port(Side::kA));
  world.settle();
  EXPECT_TRUE(refused.closed);
  EXPECT_EQ(world.command("restore side A"), "ok");
  EXPECT_TRUE(world.session(15, 0x10).has("OPEN_CONF"));
}

TEST(SimulatorSession, AFrozenSideKeepsItsSocketsAndSaysNothing) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x10);
  EXPECT_EQ(world.command("freeze side A"), "ok");
  client.send("HEARTBEAT_REQ", {{"InvokeID", 5}});
  world.pass(Seconds(60));
  EXPECT_FALSE(client.has("HEARTBEAT_CONF"));
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(world.command("unfreeze side A"), "ok");
  world.settle();
  EXPECT_TRUE(client.has("HEARTBEAT_CONF"));
}

TEST(SimulatorSession, PeripheralOfflineIsTold) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x10);
  EXPECT_EQ(world.command("peripheral offline"), "ok");
  world.settle();
  EXPECT_EQ(number(client.last("SYSTEM_EVENT"), "SystemEventID"), 4);
  EXPECT_EQ(number(client.last("SYSTEM_EVENT"), "PGStatus"), 4);
}

TEST(SimulatorSession, StandbySideTakesVersion24WithItsBitAndIsPromoted) {
  ServerSettings settings;
  settings.standby_b = true;
  PlainWorld world(settings);
  const auto at_b = [&](ged::Version version, std::uint32_t services) -> PlainClient& {
    return world.session(version, services, {}, Side::kB);
  };
  EXPECT_EQ(number(at_b(15, 0x10).last("FAILURE_CONF"), "Status"), 15);
  EXPECT_EQ(number(at_b(24, 0x10).last("FAILURE_CONF"), "Status"), 107);
  PlainClient& standby = at_b(24, 0x10 | 0x200'0000);
  EXPECT_EQ(number(standby.last("OPEN_CONF"), "SessionType"), 2);
  EXPECT_EQ(standby.names(), (Names{"OPEN_CONF"}));
  world.command("fail side A");
  world.settle();
  EXPECT_TRUE(standby.has("STANDBY_ACTIVE_EVENT_MSG"));
}

TEST(SimulatorFaults, OpenMayBeRefusedOrIgnored) {
  PlainWorld world;
  world.command("refuse open 15");
  EXPECT_EQ(refusal(world, 15, 0x10), 15);
  world.command("clear faults");
  world.command("ignore open");
  EXPECT_TRUE(world.session(15, 0x10).inbox.empty());
}

TEST(SimulatorFaults, AConfirmationMayBeLostWhileTheRequestIsDone) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x96);
  world.command("lose confirmation");
  for (int i = 0; i < 2; ++i) {
    client.send("SET_AGENT_STATE_REQ", {{"InvokeID", 50 + i},
                                        {"PeripheralID", 5000},
                                        {"AgentState", 0},
                                        {"AgentID", std::string("22866")},
                                        {"AgentPassword", std::string("22866")},
                                        {"AgentInstrument", std::string("23901")}});
    world.settle();
  }
  EXPECT_EQ(client.names("SET_AGENT_STATE_CONF").size(), 1U);
  EXPECT_EQ(number(client.last("SET_AGENT_STATE_CONF"), "InvokeID"), 51);
  EXPECT_EQ(client.names("AGENT_STATE_EVENT").size(), 2U);
}

TEST(SimulatorFaults, CutFramesEndTheConnection) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x10);
  client.strict = false;
  world.command("cut 1");
  client.send("HEARTBEAT_REQ", {{"InvokeID", 5}});
  world.settle();
  EXPECT_TRUE(client.closed);
  EXPECT_FALSE(client.has("HEARTBEAT_CONF"));
}

TEST(SimulatorControl, NonsenseIsAnsweredByName) {
  PlainWorld world;
  EXPECT_TRUE(world.command("call 1 to 999").starts_with("error"));
  EXPECT_TRUE(world.command("call 1 to 77 var11=x").starts_with("error not understood: var11"));
  EXPECT_TRUE(world.command("drop 2").starts_with("error not a chance"));
  EXPECT_TRUE(world.command("fly").starts_with("error unknown command: fly"));
  EXPECT_TRUE(world.command("fail side C").starts_with("error side is A or B"));
}

TEST(SimulatorSession, TheSameSeedGivesTheSameBytes) {
  const auto run = [](std::uint64_t seed) {
    ServerSettings settings;
    settings.seed = seed;
    PlainWorld world(settings, default_settings(), seed, core::SimFaults::swarm(3));
    PlainClient& client = world.session(20, 0x96);
    client.strict = false;
    world.command("state 22866 login");
    world.command("state 22866 available");
    world.command("garbage 0.1");
    for (int i = 0; i < 5; ++i) world.command("call 555 to 77");
    world.pass(Seconds(100));
    return world.network.trace_hash();
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

}  // namespace
}  // namespace cti::simulator
