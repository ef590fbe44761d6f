// fanout_owed_test.cpp - who asks fast and reads what he is owed keeps his session (C20); who waits for room does once (C19).
#include "tests/unit/broker/fanout_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace cti::broker {
namespace {

using wire::CloseReason;
using wire::EventId;
using wire::FrameType;

TestRecord of_agent(std::string id, std::size_t text_bytes = 20) {
  return {.object = "agent.5000." + id, .agent = "agent.5000." + id, .text_bytes = text_bytes};
}

/// `count` requests in one write, numbered from `first` on.
void burst(TestClient& client, std::uint64_t first, std::uint64_t count) {
  FrameBytes all;
  FrameBytes buffer(512);
  for (std::uint64_t id = first; id < first + count; ++id) {
    wire::RequestWriter writer(
        buffer, {.id = id, .request = wire::RequestId::eAnswerCallRequest, .token = 9});
    writer.arguments().add_string(wire::Keyword::UniqueObjectID, "call.5000.1.2");
    const Bytes frame = writer.finish();
    all.insert(all.end(), frame.begin(), frame.end());
  }
  client.send(all);
}

std::size_t replies(const TestClient& client) {
  std::set<std::uint64_t> ids;
  for (const Bytes frame : client.of(FrameType::kReply)) ids.insert(wire::frame_id(frame.data()));
  return ids.size();
}

/// An Io that counts for whom reading was switched on and off again between two waits: io_uring has read by then.
class SwitchIo final : public core::Io {
 public:
  explicit SwitchIo(std::unique_ptr<core::Io> io) : io_(std::move(io)) {}
  std::uint64_t in_vain = 0;
  std::uint64_t on = 0;

  void set_receiving(core::ConnectionId id, bool receive) override {
    on += receive ? 1 : 0;
    if (receive) {
      switched_on_.insert(id.packed());
    } else if (switched_on_.erase(id.packed()) != 0) {
      ++in_vain;
    }
    io_->set_receiving(id, receive);
  }
  std::size_t wait(std::span<core::Completion> out, TimePoint deadline) override {
    switched_on_.clear();
    return io_->wait(out, deadline);
  }
  Result<core::ListenerId, core::IoError> listen(const core::Endpoint& at) override {
    return io_->listen(at);
  }
  std::uint16_t local_port(core::ListenerId listener) const override {
    return io_->local_port(listener);
  }
  void unlisten(core::ListenerId listener) override { io_->unlisten(listener); }
  core::ConnectionId connect(const core::Endpoint& to) override { return io_->connect(to); }
  void send(core::ConnectionId id, Bytes bytes) override { io_->send(id, bytes); }
  void close(core::ConnectionId id, core::CloseHow how) override { io_->close(id, how); }
  void wake() noexcept override { io_->wake(); }
  TimePoint now() const noexcept override { return io_->now(); }
  WallMillis wall() const noexcept override { return io_->wall(); }
  core::Endpoint peer(core::ConnectionId id) const override { return io_->peer(id); }
  int pollable_fd() const noexcept override { return io_->pollable_fd(); }
  std::string_view backend() const noexcept override { return io_->backend(); }
  const core::IoCounters& counters() const noexcept override { return io_->counters(); }

 private:
  std::unique_ptr<core::Io> io_;
  std::set<std::uint64_t> switched_on_;
};

// ---- C20 ----

// Each round of a client that pipelines switched reading on, looked at what was kept, and switched it off again.
TEST(FanoutOwed, C20_WhoPipelinesIsReadFromOnlyWhenAllThatCameHasBeenLookedAt) {
  WorldOptions options{.config = small_config()};
  options.config.requests_per_second = 1'000'000;
  options.config.requests_burst = 1'000'000;
  SwitchIo* io = nullptr;
  options.wrap_io = [&](std::unique_ptr<core::Io> inner) {
    auto made = std::make_unique<SwitchIo>(std::move(inner));
    io = made.get();
    return made;
  };
  FanoutWorld world(options);
  TestClient& client = world.agent("1001");
  burst(client, 1, 5000);
  world.run(Seconds{5});
  EXPECT_FALSE(client.closed) << client.close_text();
  EXPECT_EQ(replies(client), 5000u);
  EXPECT_GT(world.reactor->counters().pauses, 50u);
  EXPECT_GT(io->on, 0u);
  EXPECT_EQ(io->in_vain, 0u);
}

// What ends a session while what was kept is looked at must not be followed by reading on.
TEST(FanoutOwed, C20_ASessionThatEndsOverWhatWasKeptIsNotReadFromAgain) {
  WorldOptions options{.config = small_config()};
  options.config.close_timeout = Seconds{5};
  SwitchIo* io = nullptr;
  options.wrap_io = [&](std::unique_ptr<core::Io> inner) {
    auto made = std::make_unique<SwitchIo>(std::move(inner));
    io = made.get();
    return made;
  };
  FanoutWorld world(options);
  TestClient& client = world.agent("1001");
  burst(client, 1, 70);
  client.hello();  // a second one: the end
  world.run(Seconds{1});
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.close_reason(), CloseReason::kNotAllowed);
  EXPECT_EQ(io->on, 0u);
  EXPECT_EQ(io->in_vain, 0u);
}

// An answer for two requests: the line says so of the second one with a reply that holds nothing.
TEST(FanoutOwed, C20_ARequestThatIsAnsweredTogetherWithAnotherIsNotOwedAnyMore) {
  WorldOptions options{.config = small_config()};
  options.config.requests_in_flight_max = 10;
  FanoutWorld world(options);
  TestClient& client = world.agent("1001");
  world.line().answering = false;
  world.line().asks.clear();
  burst(client, 1, 10);
  burst(client, 11, 10);
  world.run(Millis{100});
  ASSERT_EQ(world.line().asks.size(), 10u) << "nothing more is read";
  const std::size_t frames = client.frames.size();
  for (std::size_t i = 0; i < 10; ++i) {
    world.line().tell({.kind = TellKind::kReply,
                       .to = world.line().asks[i].from,
                       .request_id = world.line().asks[i].request_id});
  }
  world.run(Millis{100});
  EXPECT_EQ(world.line().asks.size(), 20u) << "it is heard again";
  EXPECT_EQ(client.frames.size(), frames);
  EXPECT_EQ(world.reactor->counters().cut_slow, 0u);
}

// ---- the pool of unread bytes ----

/// Sessions that read nothing until the pool is all theirs: `count` of them, each let owe some blocks.
void flood(FanoutWorld& world, int count) {
  for (int i = 0; i < count; ++i) {
    TestClient& flood = world.welcomed();
    flood.stop_reading();
    for (std::uint64_t id = 0; id < 1800; ++id) flood.heartbeat(id);
    world.run(Millis{50});
  }
}

// The rest of a record that a full socket cuts needs room as any frame does; it was the one that did not ask for it.
TEST(FanoutOwed, C19_WhoReadsKeepsItsSessionThoughThePoolHasNoRoomForTheRestOfARecord) {
  WorldOptions options{.config = small_config()};
  options.config.sessions_max = 64;
  options.config.outbox_pool_bytes = 1 << 20;  // 256 blocks
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  TestClient& monitor = world.monitor("MessageID=*");
  flood(world, 40);
  const FanoutCounters& counters = world.reactor->counters();
  ASSERT_GE(counters.pool_blocks_highest, 250u) << "the flood has filled it";
  const std::uint64_t forfeited = counters.forfeited;
  const std::uint64_t sequence = world.line().say(of_agent("1001", 30'000));
  world.run(Millis{200});
  EXPECT_FALSE(monitor.closed) << monitor.close_text();
  ASSERT_FALSE(monitor.updates().empty());
  EXPECT_EQ(monitor.updates().back(), sequence);
  EXPECT_GT(counters.residues, 0u);
  EXPECT_GT(counters.forfeited, forfeited);
  EXPECT_GE(world.reactor->open_sessions(), 30u) << "no more are cut than room was needed for";
}

// Found by reading: it went on to subscribe a session that had just been closed. The reactor checks itself after each turn.
TEST(FanoutOwed, C19_ASessionThatEndsOverItsSubscriptionIsSubscribedToNothing) {
  WorldOptions options{.config = small_config()};
  options.config.outbox_pool_bytes = 1 << 20;  // 256 blocks
  FanoutWorld world(options);
  FakeLine& line = world.line();
  TestClient& late = world.welcomed();
  line.answering = false;
  TestClient& holder =
      world.welcomed();  // waits for its mode: what it is told meanwhile is held back
  holder.subscribe_agent("1001");
  world.run(Millis{20});
  ASSERT_EQ(line.asks.size(), 1u);
  const SessionRef from = line.asks.front().from;
  for (std::uint64_t id = 1; world.reactor->pool().available() > 0 && id < 300; ++id) {
    line.say(of_agent("9"));
    line.tell_reply(from, id, line.log().tail());
    world.run(Millis{1});
  }
  ASSERT_EQ(world.reactor->pool().available(), 0u);
  ASSERT_FALSE(holder.closed) << holder.close_text();
  late.subscribe_monitor("MessageID=30");
  world.run(Millis{100});
  EXPECT_TRUE(late.closed) << "no room for the answer, and nobody who does not read";
  EXPECT_EQ(world.reactor->open_sessions(), 1u);
  EXPECT_EQ(world.reactor->counters().monitors, 0u);
}

// ---- room for images ----

// Each answer that found no room began the deadline anew.
TEST(FanoutOwed, C19_WhoFindsNoRoomForItsSnapshotAgainAndAgainDoesNotWaitForEver) {
  WorldOptions options{.config = small_config()};
  options.config.images_bytes_max = 100'000;
  options.config.image_timeout = Seconds{30};
  options.config.answer_timeout = Seconds{20};
  options.config.stall_timeout = Seconds{600};
  options.faults.pipe_bytes = 4000;
  FanoutWorld world(options);
  FakeLine& line = world.line();
  line.answering = false;
  for (int i = 0; i < 100; ++i) line.objects.push_back(of_agent("1000", 800));
  const auto answer_newest = [&](AskKind kind) {
    world.run(Millis{300});
    const auto found = std::find_if(line.asks.rbegin(), line.asks.rend(),
                                    [&](const Ask& ask) { return ask.kind == kind; });
    ASSERT_NE(found, line.asks.rend());
    const Ask ask = *found;
    line.answer(ask);
    world.run(Millis{300});
  };
  TestClient* holds = nullptr;  // an agent that reads nothing of its large image
  const auto take_room = [&] {
    holds = &world.welcomed();
    holds->stop_reading();
    holds->subscribe_agent("1000");
    ASSERT_NO_FATAL_FAILURE(answer_newest(AskKind::kAgentMode));
    ASSERT_FALSE(world.reactor->images().room_private());
  };
  const auto give_room = [&] {
    holds->hang_up(core::CloseHow::kReset);
    world.run(Millis{600});
    ASSERT_TRUE(world.reactor->images().room_private());
  };
  ASSERT_NO_FATAL_FAILURE(take_room());
  TestClient& waits = world.welcomed();
  waits.subscribe_agent("1001");
  ASSERT_NO_FATAL_FAILURE(
      answer_newest(AskKind::kAgentMode));  // its mode, but no room for the image
  const TimePoint began = world.network.now();
  int rounds = 0;
  for (; rounds < 20 && !waits.closed; ++rounds) {
    ASSERT_NO_FATAL_FAILURE(give_room());  // it asks now
    ASSERT_NO_FATAL_FAILURE(take_room());
    ASSERT_NO_FATAL_FAILURE(answer_newest(AskKind::kSnapshot));  // too late
    world.run(Seconds{10});
  }
  EXPECT_TRUE(waits.closed);
  EXPECT_EQ(world.reactor->counters().cut_waiting, 1u);
  const Nanos waited = world.network.now() - began;
  EXPECT_GT(rounds, 2) << "it is given the time that others may take for their images";
  EXPECT_LT(waited, Nanos(Seconds{80}));
}

}  // namespace
}  // namespace cti::broker
