// Gathering: an update after silence leaves at once; under load updates wait for each other, never longer than configured.
#include "tests/unit/broker/fanout_world.hpp"

#include <numeric>

namespace cti::broker {
namespace {

constexpr Nanos kGather = Millis{10};

WorldOptions gathering() {
  WorldOptions options{.config = small_config()};
  options.config.gather = kGather;
  return options;
}

TEST(FanoutGather, AnUpdateAfterSilenceLeavesAtOnce) {
  FanoutWorld world(gathering());
  TestClient& client = world.monitor("MessageID=*");
  for (std::size_t said = 1; said <= 3; ++said) {
    world.run(Millis{50});
    world.line().say();
    world.run(kGather / 2);
    EXPECT_EQ(client.updates().size(), said);
  }
}

TEST(FanoutGather, UnderLoadUpdatesLeaveTogetherAndInOrder) {
  FanoutWorld world(gathering());
  TestClient& monitor = world.monitor("MessageID=*");
  TestClient& agent = world.agent("1001");
  world.run(Millis{50});
  const std::uint64_t sends_before = world.reactor->counters().sends;
  std::vector<std::uint64_t> all(100);
  std::iota(all.begin(), all.end(), std::uint64_t{1});
  for (std::size_t i = 0; i < all.size(); ++i) {
    world.line().say();
    world.run(Millis{1});
    EXPECT_GE(agent.updates().size() + 12, i) << "held longer than configured";
  }
  world.run(kGather * 2);
  EXPECT_EQ(monitor.updates(), all);
  EXPECT_EQ(agent.updates(), all);
  // 100 ms of updates in turns 10 ms apart, two sessions; the first two turns are not held.
  EXPECT_LE(world.reactor->counters().sends - sends_before, 2u * 14u);
}

TEST(FanoutGather, WhoeverAnswersEachUpdateWithTheNextIsNotHeldUpEveryTime) {
  FanoutWorld world(gathering());
  TestClient& client = world.monitor("MessageID=*");
  world.run(Millis{50});
  const TimePoint begin = world.network.now();
  constexpr std::size_t kRounds = 200;
  for (std::size_t said = 1; said <= kRounds; ++said) {
    world.line().say();
    ASSERT_TRUE(world.world.run_until([&] { return client.updates().size() == said; },
                                      world.network.now() + Millis{100}));
  }
  // Held each time it would be kRounds * kGather; four in 36 are.
  EXPECT_LE(world.network.now() - begin, kGather * 30 + Millis{kRounds});
}

TEST(FanoutGather, TheLastUpdateOfABurstIsNotForgotten) {
  FanoutWorld world(gathering());
  TestClient& client = world.monitor("MessageID=*");
  world.run(Millis{50});
  for (std::size_t said = 1; said <= 7; ++said) {
    world.line().say();
    world.run(Millis{1});
  }
  world.run(kGather + Millis{2});
  EXPECT_EQ(client.updates().size(), 7u);
}

TEST(FanoutGather, ClientsAreHeardWhileUpdatesAreHeld) {
  FanoutWorld world(gathering());
  TestClient& client = world.monitor("MessageID=*");
  world.run(Millis{50});
  for (int i = 0; i < 3; ++i) {
    world.line().say();
    world.run(Millis{1});
  }
  client.heartbeat(17);
  world.run(Millis{2});
  EXPECT_EQ(client.count(wire::FrameType::kHeartbeatConf), 1u);
}

}  // namespace
}  // namespace cti::broker
