// operating_test.cpp - what whoever runs the simulator asks of it: who came and why they went, agents logged in by a word,
// faults in model time, limits that are settings.
#include "tests/unit/simulator/plain_client.hpp"
#include "tests/unit/simulator/raw_client.hpp"
#include "tools/simulator/settings_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::simulator {
namespace {

// ---- the log -----------------------------------------------------------------------------------------------------------

class Logged : public ::testing::Test {
 protected:
  ServerSettings settings() {
    ServerSettings made;
    made.clients_max = 2;
    made.send_queue_bytes = 16'384;
    made.log = [this](const std::string& line) { lines.push_back(line); };
    return made;
  }
  bool said(std::initializer_list<std::string_view> words) const {
    return std::ranges::any_of(lines, [&](const std::string& line) {
      return std::ranges::all_of(
          words, [&](std::string_view word) { return line.find(word) != std::string::npos; });
    });
  }
  std::string all() const {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
  std::vector<std::string> lines;
  PlainWorld world{settings()};
};

TEST_F(Logged, ConnectionsSessionsAndTheirEndAreTold) {
  PlainClient& client = world.session(15, 0x410, {{"ClientID", std::string("desk\x1b[2J")}});
  EXPECT_TRUE(said({"session 1", "connection from 10.0.1.1", "side A"})) << all();
  EXPECT_TRUE(said({"session 1", "open", "version 15", "0x00000010 of 0x00000410"})) << all();
  EXPECT_EQ(all().find('\x1b'), std::string::npos) << "what a client says is not obeyed";
  client.send("CLOSE_REQ", {{"InvokeID", 2}, {"Status", 0}});
  world.pass(Seconds(6));
  EXPECT_TRUE(said({"session 1", "ended", "CLOSE_REQ with status 0"})) << all();
}

TEST_F(Logged, RefusalsNameTheRequestAndTheStatus) {
  PlainClient& client = world.session(15, 0x10, {{"IdleTimeout", 19}});
  EXPECT_TRUE(said({"OPEN_REQ refused", "E_CTI_INVALID_TIMEOUT", "(18)"})) << all();
  client.strict = false;
  PlainClient& open = world.session(15, 0x10);
  open.send("ANSWER_CALL_REQ", {{"InvokeID", 3}, {"PeripheralID", 5000}});
  world.settle();
  EXPECT_TRUE(said({"session 2", "ANSWER_CALL_REQ refused", "(12)"})) << all();
  world.client(15).connect(world.server->port(Side::kA));
  world.settle();
  EXPECT_TRUE(said({"connection from", "refused", "2 clients"})) << all();
}

TEST_F(Logged, EveryWayToLoseASessionHasAReason) {
  PlainClient& idle = world.session(15, 0x10, {{"IdleTimeout", 20}});
  world.pass(Seconds(25));
  EXPECT_TRUE(idle.closed);
  EXPECT_TRUE(said({"ended", "IdleTimeout"})) << all();
  PlainClient& bad = world.session(15, 0x10);
  bad.strict = false;
  bad.send_bytes(std::vector<std::byte>(12, std::byte{0x7F}));
  world.settle();
  EXPECT_TRUE(said({"ended", "a header that no message has"})) << all();
  world.session(15, 0x10);
  world.command("fail side A");
  world.settle();
  EXPECT_TRUE(said({"ended", "the side has failed"})) << all();
  world.command("restore side A");
  PlainClient& lazy = world.session(15, 0x10);
  lazy.strict = false;
  lazy.stop_reading();
  for (int i = 0; i < 4'000 && !lazy.closed; ++i) {
    world.command(i % 2 == 0 ? "login 22866" : "state 22866 logout");
    world.pass(Millis(10));
  }
  EXPECT_TRUE(said({"ended", "it does not read"})) << all();
}

TEST(SimulatorSessions, WatchersAreToldWhereASessionComesFrom) {
  PlainWorld world;
  PlainClient& watcher = world.session(15, 0x40);
  world.session(15, 0x10);
  const Message& opened = watcher.last("CLIENT_SESSION_OPENED_EVENT");
  EXPECT_EQ(text(opened, "ClientAddress"), "10.0.1.2");
  EXPECT_GT(number(opened, "ClientPort"), 0);
}

// ---- commands ----------------------------------------------------------------------------------------------------------

TEST(SimulatorCommands, AnAgentIsLoggedInByAWord) {
  PlainWorld world;
  PlainClient& client = world.session(15, 0x10);
  EXPECT_EQ(world.command("login 22866"), "ok");
  EXPECT_EQ(world.command("login 22867 at 23908 available"), "ok");
  world.settle();
  const Message& told = client.last("AGENT_STATE_EVENT");
  EXPECT_EQ(text(told, "AgentInstrument"), "23908");
  EXPECT_EQ(number(told, "AgentState"), 3);
  EXPECT_EQ(world.command("login 99"), "error no agent 99");
  EXPECT_EQ(world.command("login 1001 at nowhere"), "error control failure 260");
  EXPECT_TRUE(world.command("login 1001 sleepy").starts_with("error usage: login"));
  EXPECT_NE(world.command("help").find("login AGENT"), std::string::npos);
}

// ---- faults ------------------------------------------------------------------------------------------------------------

TEST(SimulatorFaults, ASplitFrameComesInTwoPiecesAndIsWhole) {
  for (std::size_t first = 1; first < 70; first += 7) {
    PlainWorld world;
    RawClient client(world, "10.0.2.1");
    client.connect();
    RawMessage open(3, false);
    open.u32(1).u32(15).u32(120).u32(0xFFFF'FFFF).u32(0x10).u32(0xFFFF'FFFF).u32(0x3FFF).u32(0);
    client.send(open.u32(0).u32(0).u32(0).text(1, "raw").text(2, ""));
    client.broken_chunks = 0;
    EXPECT_EQ(world.command("next split " + std::to_string(first) + " AGENT_STATE_EVENT"), "ok");
    world.command("login 22866");
    world.pass(Millis(5));
    client.turn();
    client.settle();
    EXPECT_GT(client.broken_chunks, 0U) << "a piece ended in the middle of the frame";
    // Whoever puts pieces together loses nothing.
    PlainClient& careful = world.session(15, 0x10);
    EXPECT_EQ(world.command("split 1"), "ok");
    for (int i = 0; i < 5; ++i) {
      world.command(i % 2 == 0 ? "state 22866 logout" : "login 22866");
      world.pass(Millis(200));
    }
    EXPECT_EQ(careful.names("AGENT_STATE").size(), 5U);
  }
}

TEST(SimulatorFaults, DelaysAreInModelTime) {
  ServerSettings settings;
  settings.speed = 20;
  PlainWorld world(settings);
  PlainClient& client = world.session(15, 0x10);
  EXPECT_EQ(world.command("next delay 1000 AGENT_STATE_EVENT"), "ok");
  world.command("login 22866");
  world.pass(Millis(40));
  EXPECT_FALSE(client.has("AGENT_STATE_EVENT"));
  world.pass(Millis(20));
  EXPECT_TRUE(client.has("AGENT_STATE_EVENT")) << "a second at 20 times the speed is 50 ms";
}

// ---- limits ------------------------------------------------------------------------------------------------------------

class EccLimit : public ::testing::Test {
 protected:
  /// The status that so many values of so many bytes get; 0: taken.
  std::int64_t status(PlainWorld& world, int values, int bytes) {
    PlainClient& client = world.session(15, 0x16);
    client.clear();
    const std::string answer = world.command("call 5551234 to 77");
    Fields fields = {{"InvokeID", 5},
                     {"PeripheralID", 5000},
                     {"ConnectionCallID", std::stoll(answer.substr(8))},
                     {"ConnectionDeviceIDType", 0xFFFF},
                     {"NumNamedVariables", values}};
    for (int i = 0; i < values; ++i) {
      const std::string name = "user.a_name_of_a_good_length_" + std::to_string(i);
      fields.push_back(
          {"NamedVariable", Named{name, std::string(static_cast<std::size_t>(bytes), 'v')}});
    }
    client.send("SET_CALL_DATA_REQ", fields);
    world.settle();
    return client.has("SET_CALL_DATA_CONF") ? 0 : number(client.last("FAILURE_CONF"), "Status");
  }
};

TEST_F(EccLimit, TwoThousandBytesOfValuesAndNamesAreNotCounted) {
  PlainWorld world;
  EXPECT_EQ(status(world, 10, 200), 0);
  EXPECT_EQ(status(world, 11, 182), 73);
}

TEST_F(EccLimit, IsASetting) {
  const auto read = read_settings_text("[gateway]\necc_bytes_max = 100\n", "small.toml");
  ASSERT_TRUE(read.ok()) << read.error().text();
  PlainWorld world({}, read->gateway);
  EXPECT_EQ(status(world, 1, 100), 0);
  EXPECT_EQ(status(world, 1, 101), 73);
}

TEST_F(EccLimit, ManyNamesWithNextToNothingInThemStillFitAMessage) {
  PlainWorld world;
  EXPECT_EQ(status(world, 200, 1), 0);
  EXPECT_EQ(status(world, 240, 1), 73);
}

}  // namespace
}  // namespace cti::simulator
