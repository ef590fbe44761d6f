// Faults on demand, as a plain client meets them: planned ones hit the very frame, chances follow the seed.
#include "tests/unit/simulator/plain_client.hpp"
#include "tools/simulator/scenario/scenario_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::simulator {
namespace {

constexpr std::uint32_t kEverything = 0x96;

class Faulty : public ::testing::Test {
 protected:
  /// The agent logs in: AGENT_STATE_EVENTs for whoever watches.
  void log_in(const char* agent = "22866") {
    ASSERT_EQ(world.command(std::string("state ") + agent + " login"), "ok");
    world.settle();
  }
  PlainClient& careless(unsigned version = 15) {
    PlainClient& made = world.session(version, kEverything);
    made.strict = false;
    made.clear();
    return made;
  }
  void plan(const std::string& command) { ASSERT_EQ(world.command(command), "ok") << command; }

  PlainWorld world;
};

TEST_F(Faulty, APlannedDropHitsTheNextFrameOfItsKindAndNoOther) {
  PlainClient& client = careless();
  plan("next drop AGENT_STATE_EVENT");
  client.send("HEARTBEAT_REQ", {{"InvokeID", 1}});
  log_in();
  EXPECT_EQ(client.names(), (std::vector<std::string>{"HEARTBEAT_CONF"}));
  log_in("22867");
  EXPECT_EQ(client.names("AGENT_STATE").size(), 1U);
}

TEST_F(Faulty, APlannedDuplicateComesTwiceAndAPlanHasACount) {
  PlainClient& client = careless();
  plan("next duplicate AGENT_STATE_EVENT x2");
  for (const char* agent : {"22866", "22867", "1001"}) log_in(agent);
  EXPECT_EQ(client.names("AGENT_STATE").size(), 5U);
}

TEST_F(Faulty, ADelayedFrameComesLaterAndNothingOvertakesIt) {
  PlainClient& client = careless();
  plan("next delay 700 AGENT_STATE_EVENT");
  log_in();
  client.send("HEARTBEAT_REQ", {{"InvokeID", 1}});
  world.pass(Millis(500));
  EXPECT_TRUE(client.inbox.empty());
  world.pass(Millis(300));
  EXPECT_EQ(client.names(), (std::vector<std::string>{"AGENT_STATE_EVENT", "HEARTBEAT_CONF"}));
}

TEST(Faults, AFrameIsCutAtAnyByteAndTheConnectionIsReset) {
  for (std::uint32_t bytes = 0; bytes < 60; ++bytes) {
    PlainWorld world;
    PlainClient& client = world.session(15, kEverything);
    PlainClient& other = world.session(15, kEverything);
    client.strict = false;
    client.clear();
    other.clear();
    // The first of the two sessions is told first.
    ASSERT_EQ(world.command("next cut " + std::to_string(bytes) + " AGENT_STATE_EVENT"), "ok");
    ASSERT_EQ(world.command("state 22866 login"), "ok");
    world.settle();
    EXPECT_TRUE(client.inbox.empty()) << bytes;
    EXPECT_TRUE(client.closed) << bytes;
    EXPECT_FALSE(other.closed) << bytes;
    EXPECT_EQ(other.names(), (std::vector<std::string>{"AGENT_STATE_EVENT"})) << bytes;
  }
}

TEST_F(Faulty, WrongLengthsAndGarbageReachOnlyTheirClient) {
  PlainClient& first = careless();
  PlainClient& second = world.session(15, kEverything);
  second.clear();
  plan("next wronglength 4 AGENT_STATE_EVENT");
  log_in();
  ASSERT_FALSE(first.inbox.empty());
  EXPECT_TRUE(first.inbox.front().error.has_value());
  EXPECT_EQ(second.names("AGENT_STATE").size(), 1U);
  PlainClient& third = careless();
  plan("next garbage 5");
  third.send("HEARTBEAT_REQ", {{"InvokeID", 1}});
  world.settle();
  EXPECT_FALSE(third.has("HEARTBEAT_CONF"));
}

TEST_F(Faulty, LostConfirmationsLoseTheConfirmationOnly) {
  PlainClient& client = careless();
  log_in();
  plan("lose confirmation 2");
  client.clear();
  client.send("MAKE_CALL_REQ", {{"InvokeID", 1},
                                {"PeripheralID", 5000},
                                {"AgentInstrument", std::string("23901")},
                                {"DialedNumber", std::string("918005550100")}});
  world.pass(Seconds(3));
  EXPECT_FALSE(client.has("MAKE_CALL_CONF"));
  const std::int64_t call = number(client.last("CALL_ESTABLISHED_EVENT"), "ConnectionCallID");
  const Fields own = {{"InvokeID", 2},
                      {"PeripheralID", 5000},
                      {"ConnectionCallID", call},
                      {"ConnectionDeviceIDType", 0},
                      {"ConnectionDeviceID", std::string("23901")}};
  client.send("HOLD_CALL_REQ", own);
  world.settle();
  EXPECT_FALSE(client.has("HOLD_CALL_CONF"));
  EXPECT_TRUE(client.has("CALL_HELD_EVENT"));
  client.send("CLEAR_CONNECTION_REQ", own);
  world.settle();
  EXPECT_TRUE(client.has("CLEAR_CONNECTION_CONF"));
}

TEST_F(Faulty, ASlowReaderTakesItsTimeAndLosesNothing) {
  PlainClient& client = careless();
  plan("slow read 1000");
  for (int i = 0; i < 500; ++i) client.send("HEARTBEAT_REQ", {{"InvokeID", i}});  // 6,000 bytes
  world.pass(Seconds(1));
  client.send("HEARTBEAT_REQ", {{"InvokeID", 900}});
  world.pass(Seconds(3));
  EXPECT_FALSE(client.has("HEARTBEAT_CONF") &&
               number(client.last("HEARTBEAT_CONF"), "InvokeID") == 900);
  world.pass(Seconds(60));
  EXPECT_EQ(number(client.last("HEARTBEAT_CONF"), "InvokeID"), 900);
  EXPECT_EQ(client.names("HEARTBEAT").size(), 501U);
  EXPECT_FALSE(client.closed);
}

TEST_F(Faulty, AClientThatDoesNotReadIsCutWhenItsQueueIsFullAndOthersDoNotNotice) {
  PlainClient& lazy = careless();
  PlainClient& other = world.session(15, kEverything);
  plan("send queue 16384");
  lazy.stop_reading();
  for (int i = 0; i < 4'000 && !lazy.closed; ++i) {
    ASSERT_EQ(world.command(i % 2 == 0 ? "state 22866 login" : "state 22866 logout"), "ok");
    world.pass(Millis(10));
  }
  EXPECT_TRUE(lazy.closed);
  EXPECT_FALSE(other.closed);
  EXPECT_EQ(world.server->counters().overflowed, 1U);
  EXPECT_NE(world.command("stats").find(" overflowed 1"), std::string::npos);
}

TEST_F(Faulty, OpeningIsRefusedOrIgnoredUntilTheFaultsAreCleared) {
  plan("refuse open 15");
  PlainClient& refused = world.session(15, kEverything);
  EXPECT_EQ(number(refused.last("FAILURE_CONF"), "Status"), 15);
  plan("clear faults");
  plan("ignore open");
  EXPECT_TRUE(world.session(15, kEverything).inbox.empty());
  plan("clear faults");
  plan("ignore heartbeats");
  PlainClient& client = careless();
  client.send("HEARTBEAT_REQ", {{"InvokeID", 1}});
  world.settle();
  EXPECT_TRUE(client.inbox.empty());
}

TEST_F(Faulty, NonsenseIsRefusedAndChangesNothing) {
  for (const char* bad :
       {"next", "next sleep", "next drop NOBODY", "next drop x0", "next garbage 70000",
        "next cut 5 OPEN_CONF y2", "drop 2", "drop -1", "drop nan", "delay x", "delay 0.1 x",
        "slow read", "slow read x", "send queue 1", "send queue 99999999", "lose confirmation x",
        "refuse open x"}) {
    EXPECT_TRUE(world.command(bad).starts_with("error")) << bad << ": " << world.command(bad);
  }
  EXPECT_FALSE(world.server->faults().any());
}

TEST(Faults, ChancesFollowTheSeedToTheByte) {
  const auto play = [](std::uint64_t seed) {
    const auto scenario = read_scenario(
        "gateway agents=40 skill-groups=3\n"
        "load robots calls-per-second=2 talk=10\n"
        "do drop 0.02\ndo duplicate 0.02\ndo delay 0.02 250\n"
        "client all everything\nwait 60s\nexpect all BEGIN_CALL_EVENT\n",
        "faults");
    VirtualRun how;
    how.seed = seed;
    return run_scenario(scenario.value(), how);
  };
  const ScenarioReport first = play(4), again = play(4), other = play(5);
  EXPECT_GT(first.messages, 500U);
  EXPECT_EQ(first.bytes_hash, again.bytes_hash);
  EXPECT_EQ(first.messages, again.messages);
  EXPECT_NE(first.bytes_hash, other.bytes_hash);
}

}  // namespace
}  // namespace cti::simulator
