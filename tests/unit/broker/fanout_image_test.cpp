// fanout_image_test.cpp - snapshots whose question or answer is lost, comes late, or stands in its own way.
#include "tests/unit/broker/fanout_world.hpp"
#include "tests/unit/broker/null_fanout.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::broker {
namespace {

using wire::EventId;
using wire::FrameType;
using wire::RequestId;

TestRecord of_agent(std::string id, std::size_t text_bytes = 20) {
  return {.object = "agent.5000." + id, .agent = "agent.5000." + id, .text_bytes = text_bytes};
}

std::shared_ptr<const SnapshotImage> image_of(std::size_t bytes) {
  auto made = std::make_shared<SnapshotImage>();
  made->bytes.resize(bytes);
  return made;
}

bool up(const TestClient& client) { return client.has_event(EventId::eOnMonitorModeEstablished); }

// ---- the shelf ----

TEST(ImageShelf, CountsImagesThatWeighNothing) {
  ImageShelf shelf(1, 8, 1000);
  std::vector<ImageShelf::Image> images;
  for (std::size_t i = 0; i < ImageShelf::kImagesMax; ++i) {
    EXPECT_TRUE(shelf.room(0));
    images.push_back(image_of(0));
    shelf.take(0, images.back());
  }
  EXPECT_FALSE(shelf.room(0)) << "an empty map is no way around the bound";
  shelf.give_back(images.back());
  EXPECT_TRUE(shelf.room(0));
}

TEST(ImageShelf, ALateAnswerToAQuestionThatWasGivenUpIsNobodys) {
  ImageShelf shelf(1, 8, 1000);
  shelf.wait(0, 1);
  EXPECT_EQ(shelf.next_question(), 1u);
  shelf.ask(0, TimePoint{Seconds{3}}, [](std::uint32_t) {});
  EXPECT_EQ(shelf.asked_at(0), TimePoint{Seconds{3}});
  shelf.lost(0);
  EXPECT_FALSE(shelf.asked(0));
  shelf.wait(0, 2);
  shelf.ask(0, TimePoint{Seconds{9}}, [](std::uint32_t) {});
  std::vector<std::uint32_t> given;
  const auto give = [&](std::uint32_t slot) { given.push_back(slot); };
  EXPECT_FALSE(shelf.arrived(0, 1, image_of(10), give)) << "it is older than the second question";
  EXPECT_TRUE(shelf.asked(0));
  EXPECT_TRUE(shelf.arrived(0, 2, image_of(10), give));
  EXPECT_EQ(given, (std::vector<std::uint32_t>{1, 2}));
}

// ---- what a reactor asks for itself is lost ----

/// The line's asks for an image of everything, so far.
std::vector<Ask> image_asks(FanoutWorld& world) {
  std::vector<Ask> found;
  for (const Ask& ask : world.line().asks) {
    if (ask.kind == AskKind::kSnapshot && !ask.from.connection) found.push_back(ask);
  }
  return found;
}

TEST(FanoutImage, AnAnswerThatALineCouldNotKeepIsAskedForAgain) {
  for (const bool cut : {true, false}) {
    SCOPED_TRACE(cut ? "its place was taken by a cut" : "it has no image");
    FanoutWorld world;
    world.line().answering = false;
    TestClient& client = world.welcomed();
    client.subscribe_monitor("MessageID=30");
    world.run(Millis{50});
    ASSERT_EQ(image_asks(world).size(), 1u);
    const SessionRef reactor = image_asks(world)[0].from;
    world.line().answering = true;
    world.line().tell(cut ? Tell::cut(reactor) : Tell{.kind = TellKind::kSnapshot, .to = reactor});
    world.run(Millis{50});
    EXPECT_EQ(image_asks(world).size(), 2u);
    EXPECT_TRUE(up(client));
    EXPECT_EQ(world.reactor->counters().images_lost, 1u);
    EXPECT_EQ(world.reactor->counters().cut_lost, 0u) << "no session was cut for it";
  }
}

TEST(FanoutImage, AQuestionThatNobodyAnswersIsPutAgainAndDoesNotEndMonitorMode) {
  WorldOptions options{.config = small_config()};
  options.config.answer_timeout = Seconds{10};
  FanoutWorld world(options);
  world.line().answering = false;
  TestClient& first = world.welcomed();
  first.subscribe_monitor("MessageID=30");
  world.run(Seconds{5});
  TestClient& second = world.welcomed();
  second.subscribe_monitor("MessageID=30");
  world.run(Seconds{4});
  world.line().answering = true;  // the ask itself is lost for good: a line with no memory at all
  world.run(Seconds{3});
  EXPECT_TRUE(first.closed || up(first)) << "its time ends with the question's";
  EXPECT_TRUE(up(second)) << "within its own time";
  EXPECT_EQ(world.reactor->counters().images_lost, 1u);
  TestClient& third = world.monitor("MessageID=30");
  EXPECT_FALSE(third.closed);
}

TEST(FanoutImage, ALineThatIsBusyIsAskedAgainThoughNothingElseHappens) {
  WorldOptions options{.config = small_config()};
  options.limits.asks.controls = 2;
  FanoutWorld world(options);
  TestClient& client = world.welcomed();
  // Two more would fit, but they are not taken out.
  const auto control = [&] {
    Ask ask;
    ask.kind = AskKind::kSnapshot;
    return world.line().shared().asks.lane(0).push_control(std::move(ask));
  };
  world.line().answering = false;
  world.line().holding = true;
  while (control()) continue;
  client.subscribe_monitor("MessageID=30");
  world.run(Millis{100});
  AskQueue& asks = world.line().shared().asks;
  while (!asks.empty()) asks.drain(8, [](Ask&&) {});  // there is room now, and nobody says so
  world.run(Millis{100});
  EXPECT_FALSE(asks.empty()) << "it has tried again of its own accord";
  world.line().holding = false;
  world.line().answering = true;
  world.line().shared().io->wake();
  world.run(Millis{100});
  EXPECT_TRUE(up(client));
}

// ---- what is held back ----

/// A monitor that has been lapped while it owed much reading: answers that belong behind updates which it will not be given.
TEST(FanoutImage, WhatIsHeldBackForASnapshotDoesNotStandInItsWay) {
  WorldOptions options{.config = small_config(), .log_bytes = 1 << 20};
  options.config.outbox_updates_bytes = 4 * 1024;
  options.faults.pipe_bytes = 3000;
  FanoutWorld world(options);
  for (int i = 0; i < 100; ++i)
    world.line().objects.push_back(of_agent(std::to_string(1000 + i)));
  TestClient& client = world.monitor("MessageID=30");
  world.line().answering = false;
  client.request(1);
  world.run(Millis{10});
  ASSERT_EQ(world.line().asks.back().kind, AskKind::kRequest);
  const SessionRef session = world.line().asks.back().from;
  world.line().answering = true;
  client.stop_reading();
  for (int i = 0; i < 20; ++i) world.line().say(of_agent("1001", 400)), world.run(Millis{1});
  constexpr std::uint64_t kReplies = 150;
  for (std::uint64_t id = 1; id <= kReplies; ++id)
    world.line().tell_reply(session, id, world.line().log().tail());
  world.run(Millis{10});
  for (int i = 0; i < 1000; ++i) world.line().say(of_agent("1001", 400)), world.run(Millis{1});
  client.start_reading();
  const std::uint64_t sends = world.reactor->counters().sends;
  world.run(Seconds{5});
  ASSERT_EQ(client.count(FrameType::kSnapshotBegin), 2u) << "lapped, and up to date again";
  EXPECT_EQ(client.count(FrameType::kReply), kReplies);
  EXPECT_EQ(client.count(FrameType::kSnapshotEnd), 2u);
  EXPECT_LT(world.reactor->counters().sends - sends, 100u) << "many records at a time";
  const std::uint64_t last = world.line().say(of_agent("1001"));
  world.run(Millis{20});
  EXPECT_EQ(client.updates().back(), last);
}

// ---- modes that are refused, slots that are used again ----

TEST(FanoutImage, WhoIsRefusedAModeWhileItIsNotReadFromIsReadFromAgain) {
  WorldOptions options{.config = small_config()};
  options.config.requests_in_flight_max = 4;
  FanoutWorld world(options);
  world.line().refuse_agents["agent.5000.1001"] = true;
  world.line().answering = false;
  TestClient& client = world.welcomed();
  client.subscribe_agent("1001");
  for (std::uint64_t id = 1; id <= 10; ++id)
    client.request(id, RequestId::eGlobalSettingsDownloadRequest);
  world.run(Millis{50});
  EXPECT_EQ(world.reactor->counters().pauses, 1u);
  world.line().answering = true;
  for (const AskKind kind : {AskKind::kAgentMode, AskKind::kRequest}) {
    const std::vector<Ask> asks = world.line().asks;
    for (const Ask& ask : asks) {
      if (ask.kind == kind) world.line().answer(ask);
    }
    world.run(Millis{50});
  }
  world.run(Millis{100});
  EXPECT_EQ(client.count(FrameType::kSubscribed), 1u);
  EXPECT_EQ(client.count(FrameType::kReply), 10u);
}

TEST(FanoutSession, ASlotThatIsUsedAgainInTheSameTurnStandsInTheQueueOnce) {
  FanoutConfig config = small_config();
  config.sessions_max = 1;  // one place in the queue as well
  config.refusals_max = 0;
  NullFanout fanout(config, 1 << 20);
  std::vector<std::byte> hello(256), question(64);
  wire::HelloWriter writer(hello, {});
  const Bytes frame = writer.finish();
  wire::HeartbeatReqWriter heartbeat(question, {.id = 1});
  const Bytes asks = heartbeat.finish();
  core::ConnectionId id = fanout.io.accept();
  fanout.io.receive(id, frame);
  fanout.settle();
  for (int round = 0; round < 3; ++round) {
    fanout.io.receive(id, asks);  // there is something to be sent to the one that leaves
    fanout.io.hang_up(id);
    id = fanout.io.accept_again(id);
    fanout.io.receive(id, frame);
    fanout.reactor->turn(TimePoint{});
    fanout.reactor->invariants();
    fanout.settle();
  }
  EXPECT_EQ(fanout.reactor->counters().welcomed, 4u);
  EXPECT_EQ(fanout.reactor->open_sessions(), 1u);
}

}  // namespace
}  // namespace cti::broker
