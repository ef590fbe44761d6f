// fanout_memory_test.cpp - every allocation of a fan-out reactor made to fail in turn, through a session's whole life (M12).
#include "tests/unit/broker/failing_new.hpp"
#include "tests/unit/broker/fanout_world.hpp"

#include <gtest/gtest.h>

namespace cti::broker {
namespace {

using test::FailingNew;
using wire::EventId;
using wire::FrameType;

WorldOptions watched_options() {
  WorldOptions options{.config = small_config()};
  options.config.heartbeat_interval = Seconds{5};
  options.wrap_io = [](std::unique_ptr<core::Io> io) -> std::unique_ptr<core::Io> {
    return std::make_unique<test::QuietIo>(std::move(io));
  };
  options.turn = [](FanoutReactor& reactor, TimePoint deadline) {
    const test::Watched here;
    return reactor.turn(deadline);
  };
  return options;
}

TestRecord of_agent(std::string id) {
  return {.object = "agent.5000." + id, .agent = "agent.5000." + id};
}

/// Connect, login, subscribe, request, event, snapshot, lapped, close: agent mode and both kinds of monitors.
void live(FanoutWorld& world) {
  world.line().objects = {of_agent("1001"), of_agent("1002")};
  const auto run = [&] {
    world.run(Millis{5});
    world.line().say(of_agent("1001"));
    world.run(Millis{5});
  };
  TestClient& agent = world.client();
  TestClient& everything = world.client();
  TestClient& some = world.client();
  TestClient& stranger = world.client();
  for (TestClient* client : {&agent, &everything, &some}) client->hello();
  run();
  stranger.send("GET / HTTP/1.1\r\n\r\n");
  agent.subscribe_agent("1001");
  everything.subscribe_monitor("MessageID=*");
  some.subscribe_monitor("AgentID=1001,1002;MessageID=30");
  run();
  for (TestClient* client : {&agent, &everything, &some}) {
    client->request(1);
    client->heartbeat(2);
  }
  run();
  // A request in pieces, and one that comes with another.
  FrameBytes buffer(512);
  wire::RequestWriter writer(buffer, {.id = 3, .request = wire::RequestId::eAnswerCallRequest});
  writer.arguments().add_string(wire::Keyword::UniqueObjectID, "call.5000.1.2");
  const Bytes frame = writer.finish();
  agent.send(frame.first(20));
  world.run(Millis{5});
  agent.send(frame.subspan(20));
  some.send("this is no frame at all, and it is longer than one");
  run();
  TestClient& comes_back = world.client();
  comes_back.hello();
  run();
  const std::vector<wire::Position> seen{
      {.lineage = 77, .epoch = 3, .peripheral_id = 5000, .sequence = 1}};
  comes_back.subscribe_monitor("MessageID=30", seen);
  run();
  agent.hang_up();
  run();
  everything.hang_up(core::CloseHow::kReset);
  world.run(Seconds{7});  // a heartbeat
}

/// Whatever failed before, a new session works, and at the end nothing is left of any.
void expect_whole(FanoutWorld& world, std::uint64_t n) {
  TestClient& fresh = world.client("10.9.9.9");
  fresh.hello();
  world.run(Millis{20});
  fresh.subscribe_monitor("MessageID=30");
  world.run(Millis{50});
  EXPECT_TRUE(fresh.has_event(EventId::eOnMonitorModeEstablished)) << "allocation " << n;
  const std::uint64_t last = world.line().say(of_agent("1001"));
  world.run(Millis{20});
  ASSERT_FALSE(fresh.updates().empty()) << "allocation " << n;
  EXPECT_EQ(fresh.updates(), std::vector<std::uint64_t>{last}) << "allocation " << n << ": once";
  for (const auto& client : world.clients) {
    if (!client->closed) client->hang_up();
  }
  world.run(Seconds{15});
  EXPECT_EQ(world.reactor->open_sessions(), 0u) << "allocation " << n;
  EXPECT_EQ(world.admission.sessions(), 0u) << "allocation " << n;
  EXPECT_EQ(world.reactor->pool().used(), 0u) << "allocation " << n;
  EXPECT_EQ(world.reactor->images().bytes(), 0u) << "allocation " << n;
  world.line().say(of_agent("1001"));
  world.run(Millis{200});
  EXPECT_EQ(world.reactor->counters().channels, 0u) << "allocation " << n;
  EXPECT_EQ(world.reactor->counters().monitors, 0u) << "allocation " << n;
}

TEST(FanoutMemory, M12_AnyAllocationMayFailAndOnlyItsSessionEnds) {
  std::uint64_t ended = 0;
  std::uint64_t n = 0;
  for (;; ++n) {
    ASSERT_LT(n, 5000u);
    FanoutWorld world(watched_options());
    FailingNew::fail_at(n);
    live(world);
    const bool failed = FailingNew::failed();
    FailingNew::never();
    expect_whole(world, n);
    ended += world.reactor->counters().out_of_memory;
    if (!failed) break;
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(n, 20u) << "allocations were watched";
  // The others were for lines of the log, which are let go.
  EXPECT_GT(ended, n / 4) << "many ended the session that they were for";
}

}  // namespace
}  // namespace cti::broker
