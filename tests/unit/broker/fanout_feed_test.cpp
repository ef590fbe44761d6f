// fanout_feed_test.cpp - the ways to live that are seldom gone: caught up without a record, lapped in a crowd, several lines.
#include "tests/unit/broker/fanout_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::broker {
namespace {

using wire::EventId;
using wire::FrameType;

TestRecord of_agent(std::string id, std::size_t text_bytes = 20) {
  return {.object = "agent.5000." + id, .agent = "agent.5000." + id, .text_bytes = text_bytes};
}

bool up(const TestClient& client) { return client.has_event(EventId::eOnMonitorModeEstablished); }

TEST(FanoutFeed, CatchingUpOverMoreThanATurnsWorkGoesOnThoughNothingOfItIsSent) {
  WorldOptions options{.config = small_config()};
  options.config.log_bytes_per_turn = 4 * 1024;
  options.config.log_bytes_per_read = 4 * 1024;
  FanoutWorld world(options);
  const std::uint64_t first = world.line().say();
  for (int i = 0; i < 400; ++i) world.line().say(of_agent("1001", 100)), world.run(Millis{1});
  TestClient& client = world.welcomed();
  const wire::Position seen{.lineage = 77, .epoch = 3, .peripheral_id = 5000, .sequence = first};
  client.subscribe_monitor("AgentID=4711", {&seen, 1});  // nobody's: no end of a send goes on with it
  world.run(Millis{100});
  EXPECT_EQ(world.reactor->counters().resumed, 1u);
  EXPECT_TRUE(up(client));
}

// More than a channel holds comes in one turn: all its listeners are lapped at once, each leaves, another takes its place.
TEST(FanoutFeed, AllListenersThatAreLappedTogetherAreBroughtUpToDateAtOnce) {
  WorldOptions options{.config = small_config(), .log_bytes = 1 << 21};
  FanoutWorld world(options);
  std::vector<TestClient*> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(&world.monitor("MessageID=30"));
  std::uint64_t last = 0;
  for (int i = 0; i < 800; ++i) last = world.line().write(of_agent("1001", 600));
  ASSERT_NE(last, 0u);
  world.line().publish();
  world.run(Seconds{1});  // and nothing more comes
  EXPECT_EQ(world.reactor->counters().lapped, 5u);
  for (TestClient* client : clients) {
    ASSERT_EQ(client->count(FrameType::kSnapshotBegin), 2u);
    EXPECT_EQ(wire::SnapshotBeginView::trusted(client->of(FrameType::kSnapshotBegin)[1]).reason(),
              wire::SnapshotReason::kLapped);
  }
}

TEST(FanoutFeed, APositionIsResumedFromOnItsOwnLineOnly) {
  WorldOptions options{.config = small_config(), .peripherals = {5000, 6000}};
  FanoutWorld world(options);
  for (int i = 0; i < 10; ++i) {
    world.lines[0]->say();
    world.lines[1]->say();
  }
  world.run(Millis{10});
  TestClient& client = world.welcomed();
  const wire::Position seen{.lineage = 77, .epoch = 3, .peripheral_id = 6000, .sequence = 4};
  client.subscribe_monitor("MessageID=30", {&seen, 1});
  world.run(Millis{20});
  ASSERT_TRUE(up(client));
  ASSERT_EQ(client.count(FrameType::kSnapshotBegin), 1u) << "of the line that it knows nothing of";
  const Bytes begin = client.of(FrameType::kSnapshotBegin)[0];
  EXPECT_EQ(wire::SnapshotBeginView::trusted(begin).peripheral_id(), 5000u);
  for (const Bytes frame : client.of(FrameType::kUpdate))
    EXPECT_EQ(wire::UpdateView::trusted(frame).peripheral_id(), 6000u);
  EXPECT_EQ(client.updates(), (std::vector<std::uint64_t>{5, 6, 7, 8, 9, 10}));
}

TEST(FanoutFeed, AMonitorThatIsRefusedOnItsSecondLineKeepsNothingOfTheFirst) {
  WorldOptions options{.config = small_config(), .peripherals = {5000, 6000}};
  options.config.channels_max = 3;
  FanoutWorld world(options);
  TestClient& first = world.monitor("MessageID=30");
  TestClient& second = world.welcomed();
  second.subscribe_monitor("MessageID=31");
  world.run(Millis{20});
  ASSERT_EQ(second.count(FrameType::kSubscribed), 1u);
  EXPECT_EQ(wire::SubscribedView::trusted(second.of(FrameType::kSubscribed)[0]).outcome(),
            wire::Outcome::kRefused);
  EXPECT_EQ(world.reactor->counters().channels, 2u);
  second.subscribe_monitor("MessageID=30");  // shares what the other has
  world.run(Millis{20});
  EXPECT_TRUE(up(second));
  EXPECT_EQ(world.reactor->counters().channels, 2u);
  EXPECT_FALSE(first.closed);
}

// At the bound of all images an agent's own is not taken from the answer, but asked for when there is room.
TEST(FanoutFeed, AnAgentsImageKeepsToTheBoundOfAllImages) {
  WorldOptions options{.config = small_config()};
  options.config.images_bytes_max = 60'000;
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  for (int i = 0; i < 50; ++i) world.line().objects.push_back(of_agent("1001", 800));
  std::vector<TestClient*> idle;
  for (int i = 0; i < 6; ++i) {
    TestClient& client = world.welcomed();
    client.stop_reading();
    client.subscribe_agent("1001");
    idle.push_back(&client);
    world.run(Millis{100});
  }
  EXPECT_LE(world.reactor->counters().images_bytes_highest, 120'000u) << "the bound, and one more";
  for (TestClient* client : idle) client->start_reading();
  world.run(Seconds{5});
  for (TestClient* client : idle) {
    EXPECT_TRUE(client->has_event(EventId::eSetAgentModeEvent));
    EXPECT_EQ(client->count(FrameType::kSnapshotRecord), 50u);
  }
}

}  // namespace
}  // namespace cti::broker
