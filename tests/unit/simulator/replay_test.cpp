// Record and replay: what a proxy writes can be read, a replay against the same server or client finds nothing, and
// against another one it finds what is different.
#include "tests/unit/simulator/plain_client.hpp"
#include "tools/simulator/replay/replay_run.hpp"
#include "tools/wire/hex.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace cti::simulator {
namespace {

constexpr std::uint16_t kProxyPort = 50'000, kReplayPort = 50'001;
constexpr std::uint32_t kServices = 0x16;  // data, control, all events

/// A PlainWorld and one actor more.
template <class Actor>
void pass(PlainWorld& world, Actor& actor, Nanos time) {
  const TimePoint end = world.network.now() + time;
  for (;;) {
    std::uint32_t work = world.server->turn(kNever) + actor.turn(kNever);
    for (const auto& client : world.clients) work += client->turn();
    if (work > 0) continue;
    TimePoint next = std::min(
        {world.network.next_event(), world.network.next_deadline(), world.server->next_deadline()});
    if constexpr (requires { actor.next_deadline(); }) next = std::min(next, actor.next_deadline());
    if (next > end) break;
    world.network.run_until(std::max(next, world.network.now()));
  }
  world.network.run_until(end);
}

/// What the client does: opens, logs in, calls outside, holds, retrieves, hangs up.
struct Dialogue {
  ged::Version version = 15;
  std::int64_t invoke = 1;
  bool holds = true;
  std::string number = "918005550100";

  template <class Actor>
  void run(PlainWorld& world, PlainClient& client, Actor& actor) {
    const auto ask = [&](const char* name, Fields fields) {
      fields.insert(fields.begin(), {{"InvokeID", invoke++}, {"PeripheralID", 5000}});
      client.send(name, fields);
      pass(world, actor, Seconds(3));
    };
    client.send("OPEN_REQ", {{"InvokeID", invoke++},
                             {"VersionNumber", version},
                             {"IdleTimeout", 0xFFFF'FFFF},
                             {"PeripheralID", 5000},
                             {"ServicesRequested", kServices},
                             {"CallMsgMask", 0xFFFF'FFFF},
                             {"AgentStateMask", 0x3FFF},
                             {"ClientID", std::string("recorded")},
                             {"ClientPassword", std::string()}});
    pass(world, actor, Seconds(1));
    ask("SET_AGENT_STATE_REQ", {{"AgentState", 0},
                                {"AgentID", std::string("22866")},
                                {"AgentInstrument", std::string("23901")},
                                {"AgentPassword", std::string("22866")}});
    ask("MAKE_CALL_REQ", {{"AgentInstrument", std::string("23901")}, {"DialedNumber", number}});
    const std::int64_t call =
        client.has("MAKE_CALL_CONF") ? number_in(client, "NewConnectionCallID") : 1;
    client.send("HEARTBEAT_REQ", {{"InvokeID", invoke++}});
    pass(world, actor, Seconds(1));
    const Fields own = {{"ConnectionCallID", call},
                        {"ConnectionDeviceIDType", 0},
                        {"ConnectionDeviceID", std::string("23901")}};
    const Fields held = {{"HeldConnectionCallID", call},
                         {"HeldConnectionDeviceIDType", 0},
                         {"HeldConnectionDeviceID", std::string("23901")}};
    if (holds) {
      ask("HOLD_CALL_REQ", own);
      ask("RETRIEVE_CALL_REQ", held);
    }
    ask("CLEAR_CONNECTION_REQ", own);
  }
  static std::int64_t number_in(PlainClient& client, const char* field) {
    return simulator::number(client.last("MAKE_CALL_CONF"), field);
  }
};

/// The dialogue through a proxy, as a pcap file.
std::string record(ged::Version version) {
  PlainWorld world;
  const auto io = world.network.make_io("10.0.0.1");
  std::ostringstream file;
  PcapWriter writer(file, 42027);
  RecordProxy proxy(*io, {"10.0.0.1", 42027, false}, writer);
  EXPECT_TRUE(proxy.listen({"10.0.0.1", kProxyPort, false}).ok());
  PlainClient& client = world.client(version);
  client.connect(kProxyPort);
  pass(world, proxy, Seconds(1));
  EXPECT_EQ(proxy.connections(), 1U);
  Dialogue dialogue{version};
  dialogue.run(world, client, proxy);
  EXPECT_TRUE(client.has("CLEAR_CONNECTION_CONF"));
  return file.str();
}

Recording read(const std::string& file, const RecordingOptions& options = {}) {
  std::istringstream in(file);
  auto made = read_recording(in, options);
  if (!made) throw std::runtime_error(made.error());
  return std::move(made).value();
}

ReplaySettings settings(bool as_server) {
  ReplaySettings made;
  made.as_server = as_server;
  made.ignored = ignored_by_default();
  return made;
}

/// Plays the client of a recording against a world's server.
std::string against_server(const Recording& recording, PlainWorld& world,
                           const ReplaySettings& how = settings(false), std::size_t compared = 15) {
  const auto io = world.network.make_io("10.0.1.9");
  Replay play(recording, how);
  ReplayPeer peer(*io, play);
  peer.connect({"10.0.0.1", 42027, false});
  pass(world, peer, Seconds(60));
  EXPECT_TRUE(peer.met());
  EXPECT_TRUE(peer.finished());
  EXPECT_GE(play.compared(), compared);
  return play.differences();
}

/// Plays the server of a recording against a client.
std::string against_client(const Recording& recording, Dialogue dialogue, PlainWorld& world,
                           const ReplaySettings& how = settings(true)) {
  const auto io = world.network.make_io("10.0.0.1");
  Replay play(recording, how);
  ReplayPeer peer(*io, play);
  EXPECT_TRUE(peer.listen({"10.0.0.1", kReplayPort, false}).ok());
  PlainClient& client = world.client(dialogue.version);
  client.connect(kReplayPort);
  pass(world, peer, Seconds(1));
  dialogue.run(world, client, peer);
  pass(world, peer, Seconds(120));
  EXPECT_TRUE(peer.finished());
  return play.differences();
}

class Replaying : public ::testing::TestWithParam<unsigned> {};

TEST_P(Replaying, WhatAProxyWritesIsReadAgainWithDirectionsAndTimes) {
  const Recording recording = read(record(GetParam()));
  EXPECT_TRUE(recording.problems.empty());
  ASSERT_GT(recording.messages.size(), 20U);
  EXPECT_EQ(recording.messages[0].message.name, "OPEN_REQ");
  EXPECT_TRUE(recording.messages[0].from_client);
  EXPECT_EQ(recording.messages[1].message.name, "OPEN_CONF");
  EXPECT_FALSE(recording.messages[1].from_client);
  for (const RecordedMessage& each : recording.messages) {
    EXPECT_FALSE(each.message.error) << each.message.name;
    EXPECT_EQ(each.message.version, GetParam());
  }
  EXPECT_GE(recording.messages.back().at, Nanos(Seconds(10)));
}

TEST_P(Replaying, TheSameServerDoesTheSame) {
  const Recording recording = read(record(GetParam()));
  PlainWorld same;
  EXPECT_EQ(against_server(recording, same), "");
}

TEST_P(Replaying, OtherCallNumbersAreNoDifference) {
  const Recording recording = read(record(GetParam()));
  PlainWorld later;
  (void)later.command("call 5551234 to 77");
  later.session(15, 0x10);
  later.pass(Seconds(5));
  ReplaySettings how = settings(false);
  how.ignored.insert("NumCTIClients");  // there is one more here
  EXPECT_EQ(against_server(recording, later, how), "");
}

TEST_P(Replaying, AServerThatDoesSomethingElseIsToldOf) {
  const Recording recording = read(record(GetParam()));
  PlainWorld busy;
  (void)busy.command("state 22866 login");
  busy.pass(Seconds(1));
  busy.server->model().set_peripheral_online(false);
  const std::string told = against_server(recording, busy, settings(false), 2);
  EXPECT_NE(told.find("- MAKE_CALL_CONF"), std::string::npos) << told;
  EXPECT_NE(told.find("+ CONTROL_FAILURE_CONF"), std::string::npos) << told;
}

TEST_P(Replaying, TheSameClientDoesTheSameWhateverItsInvokeIds) {
  const Recording recording = read(record(GetParam()));
  PlainWorld world;
  Dialogue dialogue{GetParam()};
  dialogue.invoke = 700;
  EXPECT_EQ(against_client(recording, dialogue, world), "");
  // Answered with the live client's own InvokeIDs, heartbeat included.
  EXPECT_EQ(number(world.clients.back()->last("OPEN_CONF"), "InvokeID"), 700);
  EXPECT_GE(number(world.clients.back()->last("HEARTBEAT_CONF"), "InvokeID"), 700);
  EXPECT_TRUE(world.clients.back()->has("END_CALL_EVENT"));
}

TEST_P(Replaying, AClientThatDoesSomethingElseIsToldOf) {
  const Recording recording = read(record(GetParam()));
  PlainWorld world;
  Dialogue other{GetParam()};
  other.number = "918005550199";
  EXPECT_NE(against_client(recording, other, world).find("918005550199"), std::string::npos);
  PlainWorld again;
  Dialogue fewer{GetParam()};
  fewer.holds = false;
  const std::string told = against_client(recording, fewer, again);
  EXPECT_NE(told.find("- HOLD_CALL_REQ"), std::string::npos) << told;
  EXPECT_NE(told.find("- RETRIEVE_CALL_REQ"), std::string::npos) << told;
  EXPECT_EQ(told.find("CLEAR_CONNECTION_REQ"), std::string::npos) << told;
}

INSTANTIATE_TEST_SUITE_P(Versions, Replaying, ::testing::Values(14U, 20U, 25U));

TEST(Replay, HexLinesHaveTheirDirectionFromTheKindOfMessage) {
  const Recording pcap = read(record(15));
  std::string hex = "# by hand\n";
  for (const RecordedMessage& each : pcap.messages)
    hex += tools::to_hex(ged::encode_table(each.message).value()) + "\n";
  const Recording lines = read(hex);
  ASSERT_EQ(lines.messages.size(), pcap.messages.size());
  for (std::size_t i = 0; i < lines.messages.size(); ++i)
    EXPECT_EQ(lines.messages[i].from_client, pcap.messages[i].from_client);
  PlainWorld world;
  EXPECT_EQ(against_server(lines, world), "");
}

TEST(Replay, TheRecordedPausesAreKeptOnRequest) {
  const Recording recording = read(record(15));
  const auto time_of = [&](bool timed) {
    PlainWorld world;
    const auto io = world.network.make_io("10.0.1.9");
    ReplaySettings how = settings(false);
    how.timed = timed;
    how.speed = 2;
    Replay play(recording, how);
    ReplayPeer peer(*io, play);
    peer.connect({"10.0.0.1", 42027, false});
    const TimePoint start = world.network.now();
    while (!peer.finished() && world.network.now() - start < Seconds(100))
      pass(world, peer, Millis(100));
    EXPECT_EQ(play.differences(), "");
    return world.network.now() - start;
  };
  const Nanos recorded = recording.messages.back().at;
  EXPECT_GE(time_of(true), recorded / 2);
  EXPECT_LT(time_of(false), recorded / 2);
}

TEST(Replay, NoConnectionAndNoMessagesAreTold) {
  std::istringstream empty(""), words("hello\n");
  EXPECT_FALSE(read_recording(empty, {}).ok());
  EXPECT_FALSE(read_recording(words, {}).ok());
  RecordingOptions second;
  second.connection = 2;
  std::istringstream one(record(15));
  const auto none = read_recording(one, second);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().find("1 connections, not 2"), std::string::npos) << none.error();
}

TEST(Replay, BrokenRecordingsEndAndBreakNothing) {
  const std::string good = record(15);
  core::Random random(3);
  for (int i = 0; i < 60; ++i) {
    std::string broken = good;
    for (int changes = 0; changes < 5; ++changes)
      broken[24 + random.below(broken.size() - 24)] = static_cast<char>(random.below(256));
    broken.resize(100 + random.below(broken.size() - 100));
    std::istringstream in(broken);
    const auto recording = read_recording(in, {});
    if (!recording.ok()) continue;
    PlainWorld world;
    const auto io = world.network.make_io("10.0.1.9");
    ReplaySettings how = settings(false);
    how.patience = Millis(100);
    Replay play(*recording, how);
    ReplayPeer peer(*io, play);
    peer.connect({"10.0.0.1", 42027, false});
    pass(world, peer, Seconds(30));
    EXPECT_TRUE(peer.finished());
    (void)play.differences();
  }
}

TEST(Recording, ASlowServerStopsTheProxyFromReadingOnAndOn) {
  PlainWorld world;
  const auto io = world.network.make_io("10.0.0.1");
  std::ostringstream file;
  PcapWriter writer(file, 42027);
  RecordProxy proxy(*io, {"10.0.0.1", 42027, false}, writer);
  ASSERT_TRUE(proxy.listen({"10.0.0.1", kProxyPort, false}).ok());
  PlainClient& client = world.client(15);
  client.connect(kProxyPort);
  pass(world, proxy, Seconds(1));
  world.server->freeze_side(Side::kA, true);
  client.send_bytes(std::vector<std::byte>(8 * 1024 * 1024));
  pass(world, proxy, Seconds(5));
  EXPECT_LT(proxy.bytes(), 3U * kRelayBytesMax);
}

}  // namespace
}  // namespace cti::simulator
