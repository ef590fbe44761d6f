// fanout_limits_test.cpp - limits that show only after a while, or when two things meet: tokens saved up, refusals in a crowd,
// goodbyes, images for who has left.
#include "tests/unit/broker/fanout_world.hpp"
#include "tests/unit/broker/null_fanout.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::broker {
namespace {

using wire::EventId;
using wire::FrameType;

TestRecord of_agent(std::string id, std::size_t text_bytes = 20) {
  return {.object = "agent.5000." + id, .agent = "agent.5000." + id, .text_bytes = text_bytes};
}

TEST(FanoutLimits, C12_WhoHasBeenSilentForLongMayAskNoMoreThanABurst) {
  WorldOptions options{.config = small_config()};
  options.config.requests_per_second = 10;
  options.config.requests_burst = 20;
  FanoutWorld world(options);
  TestClient& client = world.agent("1001");
  world.run(Seconds{600});
  for (std::uint64_t i = 1; i <= 100; ++i) client.request(i);
  world.run(Millis{100});
  const auto replies = client.of(FrameType::kReply);
  EXPECT_EQ(replies.size(), 100u);
  const auto confirmed = std::count_if(replies.begin(), replies.end(), [](Bytes frame) {
    return wire::ReplyView::trusted(frame).outcome() == wire::Outcome::kConfirmed;
  });
  EXPECT_GE(confirmed, 20);
  EXPECT_LE(confirmed, 22);
}

// Who takes no goodbye holds a place for close_timeout: so many of them, and no more, however many slots there are.
TEST(FanoutLimits, C1_SoManyAreToldThatThereIsNoRoomAndTheOthersAreDropped) {
  WorldOptions options{.config = small_config()};
  options.config.sessions_max = 20;
  options.config.sessions_per_address_max = 1;
  options.config.refusals_max = 2;
  options.faults.pipe_bytes = 16;
  FanoutWorld world(options);
  std::vector<TestClient*> clients;
  const auto come = [&] {
    clients.push_back(&world.client("10.1.0.99"));
    clients.back()->stop_reading();
    world.run(Millis{20});
  };
  for (int i = 0; i < 8; ++i) come();
  EXPECT_EQ(world.reactor->counters().refused_address, 7u);
  EXPECT_EQ(world.reactor->counters().dropped_full, 5u);
  world.run(Seconds{5});
  come();
  EXPECT_EQ(world.reactor->counters().dropped_full, 5u) << "the others have gone: there is room";
}

TEST(FanoutLimits, WhoHasBeenToldGoodbyeIsLetGoAtOnce) {
  FanoutWorld world;
  TestClient& client = world.welcomed();
  client.hello();  // a second one
  const TimePoint told = world.network.now();
  ASSERT_TRUE(world.world.run_until([&] { return client.closed; }, told + Seconds{10}));
  EXPECT_EQ(client.close_reason(), wire::CloseReason::kNotAllowed);
  EXPECT_LT(world.network.now() - told, Nanos(Millis{200})) << "well before close_timeout";
  EXPECT_EQ(client.close_error, 0) << "orderly";
}

TEST(FanoutLimits, AnImageForWhoHasLeftIsGivenToNobodyInItsPlace) {
  FanoutWorld world;
  world.line().objects = {of_agent("1001")};
  world.line().answering = false;
  TestClient& leaves = world.welcomed();
  leaves.subscribe_monitor("MessageID=30");
  world.run(Millis{20});
  TestClient& waits = world.welcomed();
  waits.subscribe_monitor("MessageID=30");
  world.run(Millis{20});
  leaves.hang_up();
  world.run(Millis{50});
  TestClient& newcomer = world.welcomed();  // in the slot of the one that has left
  world.line().answering = true;
  const std::vector<Ask> asks = world.line().asks;
  for (const Ask& ask : asks) {
    if (ask.kind == AskKind::kSnapshot) world.line().answer(ask);
  }
  world.run(Millis{50});
  EXPECT_EQ(newcomer.count(FrameType::kSnapshotBegin), 0u);
  EXPECT_TRUE(waits.has_event(EventId::eOnMonitorModeEstablished));
  newcomer.subscribe_monitor("MessageID=30");
  world.run(Millis{50});
  EXPECT_TRUE(newcomer.has_event(EventId::eOnMonitorModeEstablished));
}

// The server goes down while it sends an image as it lies: the run is finished, the goodbye comes behind a whole frame.
TEST(FanoutLimits, P2_AGoodbyeInTheMiddleOfAnImageComesBehindAWholeFrame) {
  WorldOptions options{.config = small_config()};
  options.config.close_timeout = Seconds{20};
  options.faults.pipe_bytes = 3000;
  FanoutWorld world(options);
  for (int i = 0; i < 100; ++i)
    world.line().objects.push_back(of_agent(std::to_string(1000 + i), 800));
  TestClient& client = world.welcomed();
  client.subscribe_monitor("MessageID=*");
  for (int i = 0; i < 100 && client.count(FrameType::kSnapshotRecord) < 3; ++i)
    world.run(Millis{1});
  ASSERT_LT(client.count(FrameType::kSnapshotRecord), 90u) << "it is in the middle of it";
  world.reactor->request_stop();
  world.run(Seconds{10});
  EXPECT_TRUE(client.closed);
  ASSERT_EQ(client.count(FrameType::kClose), 1u);
  EXPECT_EQ(client.close_reason(), wire::CloseReason::kServerStopping);
  EXPECT_EQ(type_of(client.frames.back()), FrameType::kClose);
  EXPECT_TRUE(world.reactor->stopped());
}

// C19: at the bound of all images one made for another will do, while the log still carries on from it.
TEST(FanoutLimits, C19_AnImageThatTheLogIsAboutToLeaveBehindIsHandedToNobody) {
  WorldOptions options{.config = small_config(), .log_bytes = 1 << 16};
  options.config.images_bytes_max = 50'000;
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  for (int i = 0; i < 40; ++i)
    world.line().objects.push_back(of_agent(std::to_string(1000 + i), 800));
  TestClient& idle = world.welcomed();
  idle.stop_reading();
  idle.subscribe_monitor("MessageID=*");
  world.run(Millis{100});
  TestClient& early = world.monitor("MessageID=30");
  EXPECT_EQ(world.reactor->counters().images_handed_on, 1u);
  for (int i = 0; i < 50; ++i) world.line().say(of_agent("1", 700)), world.run(Millis{1});
  TestClient& late = world.welcomed();
  late.subscribe_monitor("MessageID=30");
  world.run(Millis{500});
  EXPECT_EQ(world.reactor->counters().images_handed_on, 1u);
  EXPECT_FALSE(late.has_event(EventId::eOnMonitorModeEstablished)) << "it waits for one of its own";
  idle.hang_up(core::CloseHow::kReset);
  world.run(Millis{500});
  EXPECT_TRUE(late.has_event(EventId::eOnMonitorModeEstablished));
  EXPECT_FALSE(early.closed);
}

// A tell that came while the reactor was awake rang no bell: the last look before sleeping finds it.
TEST(FanoutLimits, ATellThatIsDueKeepsAReactorFromSleeping) {
  NullFanout fanout(small_config(), 1 << 20);
  fanout.open("MessageID=*");
  std::uint32_t asleep = 0;
  fanout.io.in_wait = [&] { fanout.shared().bell.ring_if_sleeping([&] { ++asleep; }); };
  TellLane& lane = *fanout.shared().tells[0];
  lane.stage({.kind = TellKind::kReply,
              .to = {0, {0, 9}, 77},
              .after_log_position = lane.staged_after()});
  lane.publish();
  fanout.reactor->turn(kNever);
  EXPECT_EQ(asleep, 0u);
  EXPECT_EQ(fanout.reactor->counters().tells_stale, 1u) << "it was taken";
  fanout.reactor->turn(kNever);
  EXPECT_EQ(asleep, 1u);
}

}  // namespace
}  // namespace cti::broker
