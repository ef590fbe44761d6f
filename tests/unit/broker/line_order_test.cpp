// line_order_test.cpp - what a line tells comes after everything that its map holds, though the log be held for a while.
#include "tests/unit/broker/line_world.hpp"
#include "tests/unit/broker/watched_io.hpp"

namespace cti::test {
namespace {

/// A line whose log has been held until records had to wait for it.
struct HeldLog : LineWorld {
  HeldLog() : LineWorld(line_config(), 1, {}, std::size_t{1} << 17) {
    EXPECT_TRUE(ready());
    side_a->agent_state("22866", 3, "901");
    settle();
    reading = false;
    held = log->tail() - 8;  // any place below the tail: the gate counts in segments
    EXPECT_TRUE(log->gate(0).enter(held));
    for (std::uint32_t call = 1; !line->core().held_back() && call < 2000; ++call) {
      side_a->begin_call(call, "901", "555");
      if (call % 50 == 0) settle(Millis{5});
    }
    EXPECT_TRUE(line->core().held_back()) << "the log was never full";
  }
  void let_go() {
    log->gate(0).leave(held);
    reading = true;
    settle();
  }
  ring::Position held = 0;
};

TEST(LineOrder, AnImageNamesThePlaceBehindTheRecordsThatWaitForTheLog) {
  HeldLog world;
  const broker::Tell tell = world.snapshot();
  ASSERT_TRUE(tell.image);
  EXPECT_GT(tell.image->log_position, world.log->tail()) << "the map holds what waits";
  EXPECT_EQ(tell.after_log_position, tell.image->log_position);
  world.let_go();
  const auto next = world.log->find_sequence(world.log->gate(0), tell.image->position.sequence + 1);
  EXPECT_EQ(next, std::optional(tell.image->log_position)) << "no record of the image comes again";
}

TEST(LineOrder, AReplyComesAfterTheRecordsThatWaitForTheLog) {
  HeldLog world;
  const std::uint64_t written = world.line->position().sequence;
  wire::Arguments args;
  args.set("CallID", "none");
  const broker::Tell reply =
      world.answer(world.request(RequestId::eAnswerCallRequest, args, "22866"));
  EXPECT_GT(reply.after_log_position, world.log->tail());
  world.let_go();
  const auto next = world.log->find_sequence(world.log->gate(0), written + 1);
  ASSERT_TRUE(next);
  EXPECT_GE(reply.after_log_position, *next);
}

TEST(LineOrder, ALogThatIsFreeAgainIsFoundAtOnceThoughNobodySaysSo) {
  HeldLog world;
  world.settle(Seconds{1});
  world.log->gate(0).leave(world.held);
  world.reading = true;
  world.settle(Millis{20});
  EXPECT_FALSE(world.line->core().held_back());
}

// A bell is a system call of the reactor that rings it: it is rung for a line that sleeps and for no other.
TEST(LineOrder, ABellIsRungForALineThatSleepsAndForNoOther) {
  std::unique_ptr<WatchedIo> io;
  broker::LineShared* shared = nullptr;
  std::uint32_t awake = 0, asleep = 0, rung_awake = 0, rung_asleep = 0;
  LineWorld world(line_config(), 1, {}, std::size_t{1} << 20, [&](core::Io& inner) {
    io = std::make_unique<WatchedIo>(inner, [&](TimePoint deadline) {
      if (shared == nullptr) return;
      const bool sleeps = deadline > inner.now();
      ++(sleeps ? asleep : awake);
      shared->bell.ring_if_sleeping([&] { ++(sleeps ? rung_asleep : rung_awake); });
    });
    return io.get();
  });
  ASSERT_TRUE(world.ready());
  world.settle();
  shared = &world.shared;
  for (int i = 0; i < 10; ++i) (void)world.line->turn(TimePoint{});  // it spins
  for (int i = 0; i < 10; ++i) {
    world.ask(world.request(RequestId::eGlobalSettingsDownloadRequest, {}, ""));
    (void)world.line->turn(kNever);  // it has something to do
  }
  EXPECT_GE(awake, 20U);
  EXPECT_EQ(rung_awake, 0U);
  (void)world.line->turn(kNever);
  EXPECT_EQ(asleep, 1U);
  EXPECT_EQ(rung_asleep, 1U);
}

broker::Tell tell_to(std::uint64_t session, std::uint64_t after = 0) {
  return {.kind = broker::TellKind::kReply,
          .to = {0, {static_cast<std::uint32_t>(session), 1}, session},
          .after_log_position = after,
          .request_id = session};
}

TEST(TellOut, ASessionWhoseAnswerIsLostIsCutAndHearsNothingMore) {
  broker::RendezvousLimits limits{.tells_per_pair = 2};
  broker::FanoutShared fanout(0, 1, limits);
  broker::TellOut out(0, {&fanout}, 3);
  for (std::uint64_t session = 1; session <= 5; ++session) out.push(tell_to(session, session * 8));
  out.push(tell_to(6, 48));  // the lane holds 2, the backlog 3
  out.push(tell_to(6, 48));
  out.push(tell_to(7, 56));
  EXPECT_EQ(out.counters().lost, 3U);
  EXPECT_EQ(out.counters().cuts, 2U);
  std::vector<std::pair<std::uint64_t, broker::TellKind>> got;
  for (int turn = 0; turn < 8; ++turn) {
    (void)out.publish(0);
    fanout.tells[0]->take_due(
        64, [](ring::Position after) { return after; },
        [&](broker::Tell&& tell) { got.emplace_back(tell.to.session_number, tell.kind); });
  }
  ASSERT_EQ(got.size(), 7U);
  for (std::uint64_t session = 1; session <= 5; ++session)
    EXPECT_EQ(got[session - 1], std::pair(session, broker::TellKind::kReply));
  std::sort(got.begin() + 5, got.end());
  EXPECT_EQ(got[5], std::pair(std::uint64_t{6}, broker::TellKind::kCut));
  EXPECT_EQ(got[6], std::pair(std::uint64_t{7}, broker::TellKind::kCut));
  EXPECT_FALSE(out.waiting());
  out.push(tell_to(8, 64));
  (void)out.publish(0);
  EXPECT_TRUE(fanout.tells[0]->due(64));
}

TEST(TellOut, ShowsNothingBeforeTheLogHasBeenPublished) {
  broker::FanoutShared fanout(0, 1, {});
  broker::TellOut out(0, {&fanout}, 3);
  out.push(tell_to(1));
  EXPECT_FALSE(fanout.tells[0]->due(1000));
  EXPECT_TRUE(out.publish(0)) << "something to look at";
  EXPECT_TRUE(fanout.tells[0]->due(0));
  EXPECT_FALSE(out.publish(0)) << "nothing new since";
}

}  // namespace
}  // namespace cti::test
