// line_load_test.cpp - a line under more than it was made for: ten times the nominal events for half a minute (U13), a tenth of
// the CPU for a minute (M9). The CTI Server is never given up for it, nothing is kept without bound, and soon all is as before.
#include "tests/unit/broker/line_world.hpp"

#include <algorithm>

namespace cti::test {
namespace {

constexpr std::uint32_t kNominal = 250;  // events a second: 2,000 agents at 30 calls an hour

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  config.link.stable_after = Seconds{10};
  return config;
}

/// A line in step, and a CTI Server that tells so many events a second.
class UnderLoad : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world.ready());
    world.side_a->agent_state("22866", 2, "23901");
    world.settle();
  }
  /// States that go to and fro, for so long.
  void tell(std::uint32_t per_second, Nanos time) {
    constexpr Nanos kSlice = Millis{10};
    const auto slices_per_second = static_cast<std::uint32_t>(Seconds{1} / (kSlice + starved));
    const std::uint32_t each = std::max(1U, per_second / slices_per_second);
    const TimePoint end = world.network.now() + time;
    while (world.network.now() < end) {
      for (std::uint32_t i = 0; i < each; ++i) {
        ++told;
        world.side_a->agent_state("22866", told % 2 == 0 ? 2 : 3, "23901");
      }
      if (starved > Nanos{0}) world.network.run_until(world.network.now() + starved);
      world.settle(kSlice);
      // What the tests keep is not what is tested.
      if (world.records.size() > 10'000) world.records.clear();
    }
  }
  void expect_unharmed() {
    const broker::LinkCounters& link = world.line->link().counters();
    EXPECT_EQ(link.losses, 0U);
    EXPECT_EQ(link.heartbeat_deaths, 0U);
    EXPECT_EQ(link.heartbeats_refused, 0U);
    EXPECT_EQ(world.line->counters().bad_frames, 0U);
    EXPECT_EQ(world.line->counters().fresh_starts, 0U) << "no record was lost";
  }
  /// Every event has been worked on, and the map says what the last one said.
  bool caught_up() {
    const broker::AgentEntry* const agent = world.line->map().agent(world.agent_key("22866"));
    const std::int64_t last = told % 2 == 0 ? 2 : 3;
    return agent != nullptr && agent->state == last && world.line->in_step() &&
           !world.line->core().held_back();
  }

  LineWorld world{one_side()};
  std::uint64_t told = 0;
  Nanos starved{0};  ///< of the CPU, before each slice of time
};

TEST_F(UnderLoad, U13_TenTimesTheNominalRateForThirtySecondsLeavesNothingBehind) {
  const std::uint32_t heartbeats = world.side_a->heartbeats;
  const std::uint64_t frames = world.line->counters().frames;
  tell(10 * kNominal, Seconds{30});
  EXPECT_GE(world.side_a->heartbeats - heartbeats, 5U) << "every five seconds, as ever";
  ASSERT_TRUE(world.until([&] { return caught_up(); }, Seconds{5}));
  EXPECT_GE(world.line->counters().frames - frames, told);
  EXPECT_EQ(world.line->pending(), 0U);
  expect_unharmed();
}

TEST_F(UnderLoad, U13_RequestsAreAnsweredMeanwhile) {
  for (int second = 0; second < 10; ++second) {
    tell(10 * kNominal, Seconds{1});
    wire::Arguments args;
    args.set("UniqueObjectID", std::string("agent.5000.22866"));
    const broker::Tell reply =
        world.answer(world.request(RequestId::eQueryAgentStateRequest, args, "22866"), Seconds{1});
    EXPECT_EQ(reply.kind, broker::TellKind::kReply) << second;
  }
  expect_unharmed();
}

TEST_F(UnderLoad, M9_ATenthOfTheCpuForAMinuteIsSurvivedUnaided) {
  // Of each 100 ms nobody runs for 90: what came meanwhile is all there at once.
  starved = Millis{90};
  const std::uint32_t heartbeats = world.side_a->heartbeats;
  tell(kNominal, Seconds{60});
  EXPECT_GE(world.side_a->heartbeats - heartbeats, 8U) << "heartbeats go out all the same";
  expect_unharmed();
  starved = Nanos{0};
  ASSERT_TRUE(world.until([&] { return caught_up(); }, Seconds{5})) << "and nobody has to help";
  expect_unharmed();
}

}  // namespace
}  // namespace cti::test
