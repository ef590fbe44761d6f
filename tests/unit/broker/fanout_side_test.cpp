// fanout_side_test.cpp - what is no update reaches whom it is for, in order, and nobody else a byte of it.
#include "broker/model/record_sink.hpp"
#include "tests/unit/broker/fanout_world.hpp"

#include <gtest/gtest.h>

namespace cti::broker {
namespace {

using wire::EventId;
using wire::FrameType;

constexpr std::string_view kSecret = "for one pair of eyes";

FrameBytes chat(std::string_view text = kSecret) {
  FrameBytes buffer(256 + text.size());
  wire::PrivateEventWriter writer(buffer, {.event_id = EventId::eUserMessageEvent});
  writer.arguments().add_string("Message", text);
  const Bytes frame = writer.finish();
  return {frame.begin(), frame.end()};
}

bool has_secret(const TestClient& client) {
  for (const FrameBytes& frame : client.frames) {
    const std::string_view text(reinterpret_cast<const char*>(frame.data()), frame.size());
    if (text.find(kSecret) != std::string_view::npos) return true;
  }
  return false;
}

/// A reactor whose line writes through a RecordSink, as a real one does.
struct SideWorld : FanoutWorld {
  explicit SideWorld(WorldOptions options = {.config = small_config()})
      : FanoutWorld(options),
        sink(line().log(), line().shared().start, std::size_t{1} << 20, line().shared().side.get(),
             std::size_t{32} << 10) {}
  void update(std::string_view agent, std::size_t bytes = 20) {
    const std::uint64_t key = wire::object_key(std::string("agent.5000.") + std::string(agent));
    const auto written =
        sink.write({.event = EventId::eAgentStateEvent,
                    .topics = wire::topic::kAgent,
                    .object_key = key,
                    .agent_key = key,
                    .peripheral_id = 5000},
                   [&](wire::ArgumentsWriter& writer) {
                     writer.add_string(wire::Keyword::AgentID, agent);
                     writer.add_string(wire::Keyword::CallVariable1, std::string(bytes, 'x'));
                   });
    EXPECT_TRUE(written);
  }
  void publish() {
    sink.unspill();
    sink.publish();
    shared.wake();
  }
  std::uint64_t key(std::string_view agent) const {
    return wire::object_key(std::string("agent.5000.") + std::string(agent));
  }
  RecordSink sink;
};

/// "u" for an update, "c" for what was addressed, "S" and "s" for a snapshot's begin and end.
std::string story(const TestClient& client, std::size_t from = 0) {
  std::string text;
  for (std::size_t i = from; i < client.frames.size(); ++i) {
    const FrameBytes& frame = client.frames[i];
    if (type_of(frame) == FrameType::kUpdate) text += 'u';
    if (type_of(frame) == FrameType::kSnapshotBegin) text += 'S';
    if (type_of(frame) == FrameType::kSnapshotEnd) text += 's';
    if (type_of(frame) == FrameType::kPrivateEvent &&
        wire::PrivateEventView::trusted(frame).event_id() == EventId::eUserMessageEvent)
      text += 'c';
  }
  return text;
}

TEST(FanoutSide, AnAddressedRecordReachesTheAgentsSessionsAndNobodyElse) {
  SideWorld world;
  TestClient& everything = world.monitor("MessageID=*");
  TestClient& some = world.monitor("MessageID=30");
  TestClient& other = world.agent("1002");
  TestClient& one = world.agent("1001");
  TestClient& two = world.agent("1001");
  ASSERT_TRUE(world.sink.to_agent(world.key("1001"), chat()));
  ASSERT_TRUE(world.sink.internal(chat()));
  world.publish();
  world.run(Millis{20});
  EXPECT_EQ(story(one), "Ssc");
  EXPECT_EQ(story(two), "Ssc");
  for (const TestClient* client : {&everything, &some, &other}) EXPECT_FALSE(has_secret(*client));
}

TEST(FanoutSide, AnInternalRecordReachesNobodyAndLeavesNoGapInTheSequence) {
  SideWorld world;
  TestClient& everything = world.monitor("MessageID=*");
  TestClient& stranger = world.client();  // says that it is a peer, which nobody may by word alone
  stranger.hello(wire::kSessionVersion, wire::Role::kPeer);
  world.run(Millis{10});
  stranger.subscribe_everything();
  world.run(Millis{10});
  const std::size_t from = everything.frames.size();
  for (int i = 0; i < 5; ++i) {
    world.update("1001");
    ASSERT_TRUE(world.sink.internal(chat()));
  }
  world.publish();
  world.run(Millis{20});
  EXPECT_EQ(everything.updates(), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(story(everything, from), "uuuuu");
  EXPECT_TRUE(stranger.updates().empty());
  EXPECT_FALSE(has_secret(everything));
  EXPECT_FALSE(has_secret(stranger));
}

TEST(FanoutSide, AnAddressedRecordKeepsItsPlaceAmongTheUpdates) {
  SideWorld world;
  TestClient& agent = world.agent("1001");
  TestClient& monitor = world.monitor("MessageID=*");
  const std::size_t from_agent = agent.frames.size(), from_monitor = monitor.frames.size();
  const SessionRef to = world.line().asks.front().from;
  world.update("1001");
  world.update("1001");
  ASSERT_TRUE(world.sink.to_session(to, chat()));
  world.update("1001");
  world.publish();
  world.run(Millis{20});
  EXPECT_EQ(story(agent, from_agent), "uucu");
  EXPECT_EQ(story(monitor, from_monitor), "uuu");
}

TEST(FanoutSide, ASessionIsMeantByItsNumberNotByItsPlace) {
  SideWorld world;
  TestClient& first = world.agent("1001", "10.1.0.50");
  SessionRef to = world.line().asks.front().from;
  first.hang_up();
  world.run(Seconds{2});
  TestClient& second = world.agent("1001", "10.1.0.51");
  to.connection.generation = world.line().asks.back().from.connection.generation;
  ASSERT_TRUE(world.sink.to_session(to, chat()));
  world.publish();
  world.run(Millis{20});
  EXPECT_FALSE(has_secret(second));
}

TEST(FanoutSide, ASessionInTheMiddleOfItsSnapshotGetsItBehindIt) {
  SideWorld world;
  world.line().answering = false;
  TestClient& client = world.welcomed();
  client.subscribe_monitor("MessageID=*");
  world.run(Millis{10});
  ASSERT_EQ(world.line().asks.size(), 1u);
  client.request(5);
  world.run(Millis{10});
  ASSERT_EQ(world.line().asks.size(), 2u);
  world.update("1001");
  ASSERT_TRUE(world.sink.to_session(world.line().asks[1].from, chat()));
  world.publish();
  world.run(Millis{20});
  EXPECT_EQ(story(client), "");
  world.line().objects = {{.object = "agent.5000.7", .agent = "agent.5000.7"}};
  world.line().answer(world.line().asks[0]);
  world.run(Millis{20});
  EXPECT_EQ(story(client), "Ssc");
}

TEST(FanoutSide, WhatIsAddressedWaitsForUpdatesThatWaitForTheLog) {
  WorldOptions options{.config = small_config(), .log_bytes = 1 << 17};
  SideWorld world(options);
  TestClient& agent = world.agent("1001");
  const std::size_t from = agent.frames.size();
  world.network.freeze(kServerHost, true);  // its hold keeps the log
  std::size_t updates = 0;
  for (; !world.sink.blocked() && updates < 2000; ++updates) world.update("1001", 100);
  ASSERT_TRUE(world.sink.blocked());
  for (int i = 0; i < 3; ++i, ++updates) world.update("1001", 100);
  ASSERT_TRUE(world.sink.to_agent(world.key("1001"), chat()));
  world.publish();
  world.network.freeze(kServerHost, false);
  for (int i = 0; i < 50; ++i) {
    world.run(Millis{5});
    world.publish();
  }
  const std::string told = story(agent, from);
  // It may have been given a snapshot for some of it; what was addressed is the last thing all the same.
  EXPECT_EQ(told.find('c'), told.size() - 1) << told;
}

TEST(FanoutSide, IsBounded) {
  WorldOptions options{.config = small_config()};
  options.limits.side_log_bytes = 1 << 17;
  SideWorld world(options);
  world.network.freeze(kServerHost, true);
  const FrameBytes frame = chat(std::string(2000, 'y'));
  std::size_t kept = 0;
  while (kept < 1000 && world.sink.internal(frame)) ++kept;
  EXPECT_LT(kept, 1000u);
  EXPECT_GT(world.sink.counters().side_lost, 0u);
  world.network.freeze(kServerHost, false);
  for (int i = 0; i < 20; ++i) {
    world.run(Millis{10});
    world.publish();
  }
  EXPECT_TRUE(world.sink.internal(frame)) << "there is room again";
  FrameBytes long_one(SideRecord::kFrameBytesMax + 8);
  EXPECT_FALSE(world.sink.internal(long_one));
}

}  // namespace
}  // namespace cti::broker
