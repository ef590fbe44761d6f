// fanout_bounds_test.cpp - what sessions may hold and owe: images in all (C19), answers not read (C20), time (P11).
#include "tests/unit/broker/fanout_world.hpp"
#include "tests/unit/broker/null_fanout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace cti::broker {
namespace {

using wire::CloseReason;
using wire::EventId;
using wire::FrameType;

TestRecord of_agent(std::string id, std::size_t text_bytes = 20) {
  return {.object = "agent.5000." + id, .agent = "agent.5000." + id, .text_bytes = text_bytes};
}

std::shared_ptr<const SnapshotImage> image_of(std::size_t bytes, ring::Position at = 0) {
  auto made = std::make_shared<SnapshotImage>();
  made->bytes.resize(bytes);
  made->log_position = at;
  return made;
}

// ---- the shelf ----

TEST(ImageShelf, AsksOnceForAllWhoWaitAndAgainForWhoComesLater) {
  ImageShelf shelf(1, 8, 1000);
  shelf.wait(0, 1);
  shelf.wait(0, 2);
  ASSERT_TRUE(shelf.room(0));
  shelf.ask(0, {}, [](std::uint32_t) {});
  shelf.wait(0, 3);
  EXPECT_TRUE(shelf.asked(0));
  std::vector<std::uint32_t> given;
  const auto give = [&](std::uint32_t slot) { given.push_back(slot); };
  EXPECT_TRUE(shelf.arrived(0, 1, image_of(10), give));
  EXPECT_EQ(given, (std::vector<std::uint32_t>{1, 2})) << "3 came after the question";
  EXPECT_TRUE(shelf.waiting(0));
  EXPECT_FALSE(shelf.arrived(0, 1, image_of(10), give)) << "nobody asked";
}

TEST(ImageShelf, ForgetsWhoHasLeft) {
  ImageShelf shelf(1, 8, 1000);
  for (std::uint32_t slot = 1; slot <= 3; ++slot) shelf.wait(0, slot);
  shelf.ask(0, {}, [](std::uint32_t) {});
  shelf.wait(0, 4);
  shelf.forget(2);
  shelf.forget(7);
  std::vector<std::uint32_t> given;
  shelf.arrived(0, 1, image_of(10), [&](std::uint32_t slot) { given.push_back(slot); });
  EXPECT_EQ(given, (std::vector<std::uint32_t>{1, 3}));
}

TEST(ImageShelf, WeighsAnImageOnceHoweverManyHoldIt) {
  ImageShelf shelf(1, 8, 100);
  const auto image = image_of(60);
  shelf.wait(0, 1);
  shelf.ask(0, {}, [](std::uint32_t) {});
  shelf.arrived(0, 1, image, [&](std::uint32_t) { shelf.take(0, image); });
  shelf.take(0, image);
  EXPECT_EQ(shelf.bytes(), 60u);
  EXPECT_FALSE(shelf.room(0)) << "the next would weigh as much";
  EXPECT_EQ(shelf.newest(0), image);
  shelf.give_back(image);
  EXPECT_EQ(shelf.bytes(), 60u);
  shelf.give_back(image);
  EXPECT_EQ(shelf.bytes(), 0u);
  EXPECT_TRUE(shelf.room(0));
  EXPECT_EQ(shelf.newest(0), nullptr);
  EXPECT_DEATH(shelf.give_back(image), "end");
}

// ---- C19 ----

FanoutConfig image_config() {
  FanoutConfig config = small_config();
  config.images_bytes_max = 300'000;
  config.image_timeout = Seconds{10};
  config.answer_timeout = Seconds{60};
  return config;
}

/// A map of about 100,000 bytes, that moves on with each second.
void fill(FakeLine& line) {
  for (int i = 0; i < 100; ++i) line.objects.push_back(of_agent(std::to_string(1000 + i), 800));
}

TEST(FanoutBounds, C19_SessionsThatDoNotReadHoldABoundedAmountOfImagesAndAreCut) {
  WorldOptions options{.config = image_config()};
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  fill(world.line());
  std::vector<TestClient*> idle;
  for (int i = 0; i < 20; ++i) {
    TestClient& client = world.welcomed();
    client.stop_reading();
    client.subscribe_monitor("MessageID=*");
    idle.push_back(&client);
    world.run(Millis{200});
    world.line().say(of_agent("1"));
    client.heartbeat(static_cast<std::uint64_t>(i));  // a sign of life
  }
  const FanoutCounters& counters = world.reactor->counters();
  EXPECT_LE(counters.images_bytes_highest, 420'000u) << "the bound, and one image more";
  EXPECT_GE(counters.images_bytes_highest, 200'000u);

  // Who reads gets in meanwhile.
  TestClient& reader = world.welcomed();
  reader.subscribe_monitor("MessageID=*");
  world.run(Seconds{1});
  EXPECT_TRUE(reader.has_event(EventId::eOnMonitorModeEstablished));
  EXPECT_EQ(reader.count(FrameType::kSnapshotRecord), 100u);
  const std::uint64_t last = world.line().say(of_agent("2"));
  world.run(Millis{100});
  EXPECT_EQ(reader.updates().back(), last);

  for (int i = 0; i < 60; ++i) {
    world.run(Seconds{1});
    for (TestClient* client : idle) {
      if (!client->closed) client->heartbeat(1);
    }
  }
  EXPECT_EQ(world.reactor->open_sessions(), 1u) << "the others had time to take theirs";
  EXPECT_FALSE(reader.closed);
  EXPECT_EQ(counters.images_bytes, 0u);
  EXPECT_GT(counters.cut_stalled, 0u);
}

// Found by reading: at the bound of all images an agent's session looked for room again and again, and for ever.
TEST(FanoutBounds, C19_WhoWaitsForRoomForItsSnapshotGetsItWhenAnotherIsCut) {
  WorldOptions options{.config = image_config()};
  options.config.image_timeout = Seconds{30};
  options.config.stall_timeout = Seconds{600};
  options.config.answer_timeout = Seconds{20};
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  fill(world.line());
  for (TestRecord& object : world.line().objects) object = of_agent("1000", 800);
  TestClient& slow = world.welcomed();
  slow.stop_reading();
  slow.subscribe_agent("1000");
  world.run(Millis{200});
  ASSERT_FALSE(world.reactor->images().room_private());
  TestClient& agent = world.welcomed();
  agent.subscribe_agent("1001");
  world.run(Seconds{28});
  EXPECT_FALSE(agent.closed) << agent.close_text();
  EXPECT_FALSE(agent.has_event(EventId::eSetAgentModeEvent));
  world.run(Seconds{5});
  EXPECT_TRUE(agent.has_event(EventId::eSetAgentModeEvent));
  EXPECT_EQ(world.reactor->counters().cut_waiting, 0u);
}

TEST(FanoutBounds, C19_ALineThatHasBeenAskedHasSoLongToAnswer) {
  WorldOptions options{.config = image_config()};
  options.config.answer_timeout = Seconds{20};
  FanoutWorld world(options);
  world.line().answering = false;
  TestClient& monitor = world.welcomed();
  monitor.subscribe_monitor("MessageID=*");
  world.run(Seconds{19});
  EXPECT_FALSE(monitor.closed);
  world.run(Seconds{2});
  EXPECT_TRUE(monitor.closed);
  EXPECT_EQ(monitor.close_reason(), CloseReason::kOutOfResources);
  EXPECT_EQ(world.reactor->counters().cut_waiting, 1u);
}

TEST(FanoutBounds, C19_WhoComeTogetherShareOneImage) {
  FanoutWorld world;
  fill(world.line());
  world.line().answering = false;
  std::vector<TestClient*> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(&world.welcomed());
    clients.back()->subscribe_monitor(i % 2 == 0 ? "MessageID=*" : "MessageID=30");
  }
  world.run(Millis{20});
  std::size_t answered = 0;
  const auto answer_all = [&] {
    for (; answered < world.line().asks.size(); ++answered)
      world.line().answer(world.line().asks[answered]);
    world.run(Millis{50});
  };
  answer_all();
  answer_all();
  for (const TestClient* client : clients)
    EXPECT_TRUE(client->has_event(EventId::eOnMonitorModeEstablished));
  EXPECT_LE(world.line().asks.size(), 2u) << "one for the first, one for all others";
}

TEST(FanoutBounds, C19_WhoTakesNothingForTooLongIsCutThoughItGivesSignsOfLife) {
  WorldOptions options{.config = small_config()};
  options.config.stall_timeout = Seconds{20};
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  TestClient& stuck = world.monitor("MessageID=*");
  TestClient& slow = world.monitor("MessageID=*");
  stuck.stop_reading();
  slow.stop_reading();
  for (int second = 0; second < 60; ++second) {
    for (int i = 0; i < 10; ++i) world.line().say(of_agent("1", 500));
    if (!stuck.closed) stuck.heartbeat(1);
    if (second % 10 == 0) slow.start_reading();
    world.run(Millis{500});
    slow.stop_reading();
    world.run(Millis{500});
  }
  EXPECT_EQ(world.reactor->counters().cut_stalled, 1u);
  EXPECT_EQ(world.reactor->open_sessions(), 1u);
  EXPECT_FALSE(slow.closed) << "it takes something now and then";
}

// ---- C20 ----

std::set<std::uint64_t> replies(const TestClient& client) {
  std::set<std::uint64_t> ids;
  for (const Bytes frame : client.of(FrameType::kReply)) ids.insert(wire::frame_id(frame.data()));
  return ids;
}

/// `count` requests in one write.
void burst(TestClient& client, std::uint64_t count) {
  FrameBytes all;
  FrameBytes buffer(512);
  for (std::uint64_t id = 1; id <= count; ++id) {
    wire::RequestWriter writer(
        buffer, {.id = id, .request = wire::RequestId::eAnswerCallRequest, .token = 9});
    writer.arguments().add_string(wire::Keyword::UniqueObjectID, "call.5000.1.2");
    const Bytes frame = writer.finish();
    all.insert(all.end(), frame.begin(), frame.end());
  }
  client.send(all);
}

TEST(FanoutBounds, C20_ThousandsOfRequestsInOneWriteAreAllAnsweredOrRefused) {
  for (const std::uint64_t count : {950u, 5000u}) {
    FanoutWorld world;
    TestClient& client = world.agent("1001");
    burst(client, count);
    world.run(Seconds{5});
    EXPECT_FALSE(client.closed) << client.close_text();
    EXPECT_EQ(client.count(FrameType::kReply), count);
    EXPECT_EQ(replies(client).size(), count) << "each once";
    EXPECT_GT(world.reactor->counters().pauses, 0u);
    EXPECT_EQ(world.reactor->counters().cut_slow, 0u);
    const auto ran = std::count_if(world.line().asks.begin(), world.line().asks.end(),
                                   [](const Ask& ask) { return ask.kind == AskKind::kRequest; });
    EXPECT_EQ(static_cast<std::uint64_t>(ran) + world.reactor->counters().requests_limited, count);
  }
}

TEST(FanoutBounds, C20_NoMoreRequestsRunThanMayBeUnanswered) {
  WorldOptions options{.config = small_config()};
  options.config.requests_in_flight_max = 10;
  FanoutWorld world(options);
  TestClient& client = world.agent("1001");
  world.line().answering = false;
  world.line().asks.clear();
  burst(client, 100);
  world.run(Seconds{1});
  EXPECT_EQ(world.line().asks.size(), 10u);
  for (std::size_t i = 0; i < world.line().asks.size(); ++i) {
    world.line().answer(world.line().asks[i]);
    world.run(Millis{10});
  }
  world.run(Seconds{1});
  EXPECT_EQ(replies(client).size(), 100u);
}

// Answers behind different updates share no block: 60 bytes of each cost 4,096, and the pool is everybody's.
TEST(FanoutBounds, C20_WhatASessionOwesIsCountedInTheBlocksThatItTakes) {
  WorldOptions options{.config = small_config()};
  options.config.requests_per_second = 100'000;
  options.config.requests_burst = 100'000;
  options.config.stall_timeout = Seconds{60};
  options.faults.pipe_bytes = 2000;
  FanoutWorld world(options);
  TestClient& slow = world.monitor("MessageID=30");
  slow.stop_reading();
  for (std::uint64_t i = 0; i < 800; ++i) {
    slow.request(i);
    world.line().say();
    world.run(Millis{1});
  }
  EXPECT_LE(
      world.reactor->pool().highest_used(),
      outbox_blocks_max(options.config.outbox_bytes_max, options.config.requests_in_flight_max));
  EXPECT_FALSE(slow.closed);
  EXPECT_GT(world.reactor->counters().pauses, 0u);
  slow.start_reading();
  world.run(Seconds{5});
  EXPECT_EQ(slow.count(FrameType::kReply), 800u);
  EXPECT_EQ(world.reactor->pool().used(), 0u);
}

TEST(FanoutBounds, C20_WhoIsNotReadFromIsNotSilent) {
  WorldOptions options{.config = small_config()};
  options.config.requests_in_flight_max = 10;
  options.config.heartbeat_interval = Seconds{2};
  options.config.heartbeat_retries = 1;
  options.config.answer_timeout = Seconds{30};
  FanoutWorld world(options);
  TestClient& client = world.agent("1001");
  world.line().answering = false;
  burst(client, 100);
  world.run(Seconds{20});
  EXPECT_FALSE(client.closed) << "the line is slow, not the client";
  world.line().answering = true;
  world.run(Seconds{30});
  EXPECT_FALSE(client.closed) << "answers that never come do not silence it for ever";
  EXPECT_EQ(client.count(FrameType::kReply), 90u);
}

// ---- P11 ----

TEST(FanoutBounds, P11_AfterALongStopEveryQuietClientGetsAFreshRound) {
  for (const Nanos stop : {Nanos(Seconds{3}), Nanos(Seconds{11}), Nanos(Seconds{600})}) {
    for (const Nanos before : {Nanos(Millis{500}), Nanos(Millis{4900}), Nanos(Seconds{9})}) {
      WorldOptions options{.config = small_config()};
      options.config.heartbeat_interval = Seconds{2};
      options.config.heartbeat_retries = 2;
      FanoutWorld world(options);
      for (int i = 0; i < 20; ++i) world.agent(std::to_string(2000 + i));
      world.run(before);
      world.network.freeze(kServerHost, true);
      world.run(stop);
      world.network.freeze(kServerHost, false);
      world.run(Seconds{30});
      EXPECT_EQ(world.reactor->open_sessions(), 20u)
          << stop.count() / 1000000 << " ms after " << before.count() / 1000000;
      EXPECT_GT(world.reactor->counters().late_turns, 0u);
    }
  }
}

TEST(FanoutBounds, P11_WhoVanishedIsFoundAfterTheStopAllTheSame) {
  WorldOptions options{.config = small_config()};
  options.config.heartbeat_interval = Seconds{2};
  options.config.heartbeat_retries = 2;
  FanoutWorld world(options);
  TestClient& gone = world.agent("1001");
  gone.answers_heartbeats = false;
  world.run(Seconds{5});
  world.network.freeze(kServerHost, true);
  world.run(Seconds{60});
  world.network.freeze(kServerHost, false);
  world.run(Seconds{1});
  EXPECT_EQ(world.reactor->open_sessions(), 1u);
  world.run(Seconds{10});
  EXPECT_EQ(world.reactor->open_sessions(), 0u);
}

TEST(FanoutBounds, P11_AStopDoesNotRunOutAnyOtherDeadlineOfAClient) {
  FanoutWorld world;
  TestClient& opening = world.client();
  TestClient& dripping = world.welcomed();
  FrameBytes half(16);
  store_le<std::uint32_t>(half.data(), 64);
  dripping.send(Bytes(half).first(8));
  world.run(Seconds{5});
  world.network.freeze(kServerHost, true);
  world.run(Seconds{600});
  world.network.freeze(kServerHost, false);
  world.run(Seconds{2});
  EXPECT_EQ(world.reactor->open_sessions(), 2u);
  opening.hello();
  world.run(Millis{100});
  EXPECT_EQ(opening.count(FrameType::kWelcome), 1u);
}

TEST(FanoutBounds, C19_WhoTakesALargeImageSlowlyKeepsNoAgentFromHis) {
  WorldOptions options{.config = image_config()};
  options.config.images_bytes_max = 150'000;  // one of them fits, a second one does not
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  fill(world.line());
  TestClient& slow = world.welcomed();
  slow.stop_reading();
  slow.subscribe_monitor("MessageID=*");
  world.run(Millis{200});
  ASSERT_GT(world.reactor->counters().images_bytes, 90'000u);
  world.line().objects.resize(1);
  TestClient& agent = world.welcomed();
  agent.subscribe_agent("1000");
  world.run(Seconds{1});
  EXPECT_TRUE(agent.has_event(EventId::eSetAgentModeEvent));
}

TEST(FanoutBounds, C19_ALineThatHasNotBeenAskedIsNotToBlameForNotAnswering) {
  WorldOptions options{.config = image_config()};
  options.config.images_bytes_max = 150'000;
  options.config.image_timeout = Seconds{20};
  options.config.answer_timeout = Seconds{5};
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  fill(world.line());
  TestClient& slow = world.welcomed();
  slow.stop_reading();
  slow.subscribe_monitor("MessageID=*");
  world.run(Millis{200});
  // Knows something, so that an image made for another will not do: waits for room.
  const wire::Position elsewhere{.lineage = 5, .epoch = 1, .peripheral_id = 5000, .sequence = 9};
  TestClient& waits = world.welcomed();
  waits.subscribe_monitor("MessageID=*", std::span(&elsewhere, 1));
  world.run(Seconds{15});
  EXPECT_FALSE(waits.closed) << waits.close_text();
  world.run(Seconds{10});  // the slow one is cut
  EXPECT_TRUE(waits.has_event(EventId::eOnMonitorModeEstablished));
}

// ---- the pool of unread bytes ----

TEST(FanoutBounds, C19_WhoReadsFindsRoomThoughManyOthersHoldThePool) {
  WorldOptions options{.config = small_config()};
  options.config.sessions_max = 64;
  options.config.outbox_pool_bytes = 1 << 20;  // 256 blocks
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  TestClient& agent = world.agent("1001");
  for (int i = 0; i < 40; ++i) {  // each is let owe some nine blocks before nothing more is read from it
    TestClient& flood = world.welcomed();
    flood.stop_reading();
    for (std::uint64_t id = 0; id < 1800; ++id) flood.heartbeat(id);
    world.run(Millis{50});
  }
  const FanoutCounters& counters = world.reactor->counters();
  ASSERT_GE(counters.pool_blocks_highest, 250u) << "the flood has filled it";
  const std::uint64_t sequence = world.line().say(of_agent("1001", 30'000));
  agent.request(7);
  world.run(Millis{200});
  EXPECT_FALSE(agent.closed) << agent.close_text();
  EXPECT_EQ(agent.count(FrameType::kReply), 1u);
  ASSERT_FALSE(agent.updates().empty());
  EXPECT_EQ(agent.updates().back(), sequence);
  EXPECT_EQ(agent.count(FrameType::kSnapshotBegin), 1u) << "no update was taken from it";
  TestClient& late = world.agent("1001");
  EXPECT_FALSE(late.closed);
  EXPECT_GT(counters.forfeited, 0u);
  EXPECT_GE(world.reactor->open_sessions(), 30u) << "no more are cut than room was needed for";
}

// ---- agent mode ----

TEST(FanoutBounds, AnAnswerThatWaitedForAnAgentModeComesThoughTheModeIsRefused) {
  FanoutWorld world;
  world.line().answering = false;
  TestClient& client = world.welcomed();
  client.subscribe_agent("9");
  client.request(7);
  world.run(Millis{50});
  ASSERT_EQ(world.line().asks.size(), 2u);
  const SessionRef from = world.line().asks[0].from;
  world.line().tell_reply(from, 7, world.line().log().tail());
  Tell refused{.kind = TellKind::kAgentMode,
               .to = from,
               .after_log_position = world.line().log().tail(),
               .request_id = 1};
  refused.refused = true;
  world.line().tell(std::move(refused));
  world.run(Millis{50});
  EXPECT_EQ(client.count(FrameType::kSubscribed), 1u);
  EXPECT_EQ(client.count(FrameType::kReply), 1u);
}

// ---- bells ----

TEST(FanoutBounds, ABellIsRungForAReactorThatSleepsAndForNoOther) {
  NullFanout fanout(small_config(), 1 << 20);
  fanout.open("MessageID=*");
  std::uint32_t rung = 0;
  fanout.io.in_wait = [&] { fanout.shared().bell.ring_if_sleeping([&] { ++rung; }); };
  for (int i = 0; i < 10; ++i) fanout.reactor->turn(TimePoint{});
  EXPECT_EQ(rung, 0u) << "it polls";
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(fanout.write(1, 200));
    fanout.publish();
    fanout.reactor->turn(kNever);
    fanout.io.in_wait = nullptr;
    fanout.settle();
    fanout.io.in_wait = [&] { fanout.shared().bell.ring_if_sleeping([&] { ++rung; }); };
  }
  EXPECT_EQ(rung, 0u) << "it has something to do";
  fanout.reactor->turn(kNever);
  EXPECT_EQ(rung, 1u);
}

}  // namespace
}  // namespace cti::broker
