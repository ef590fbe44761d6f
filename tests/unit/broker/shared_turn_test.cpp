// shared_turn_test.cpp - a line and a reactor in one thread, on one Io: nobody waits for the other, and neither loses anything.
#include "broker/shared_turn.hpp"

#include "tests/unit/broker/fanout_world.hpp"
#include "tests/unit/broker/line_cti_server.hpp"
#include "tests/unit/broker/null_io.hpp"

namespace cti::broker {
namespace {

using test::CtiServer;

/// Counts the bells that would have cost a system call, and lets those through.
class BellIo : public NullIo {
 public:
  explicit BellIo(core::Io& real) : NullIo(1), real_(real) {}
  void wake() noexcept override {
    ++wakes;
    real_.wake();
  }
  std::uint64_t wakes = 0;

 private:
  core::Io& real_;
};

struct SmallOptions {
  FanoutConfig fanout = small_config();
  std::size_t log_bytes = std::size_t{1} << 20;
  std::uint32_t pipe_bytes = core::SimFaults{}.pipe_bytes;
  bool second_line = false;
};

FanoutConfig beside_a_line(FanoutConfig config) {
  config.connections_beside = SharedTurn::kLineConnections;
  return config;
}

LineConfig line_config() {
  LineConfig config;
  config.link.sides = {{"10.0.2.1", 42027}, {"10.0.2.2", 43027}};
  config.link.stable_after = Nanos{0};
  config.peripherals = {5000};
  config.agents = {"1001", "1002"};
  config.agents_max = 64;
  config.calls_max = 128;
  return config;
}

/// A line and a reactor that take turns, the CTI Server of both sides, clients by script.
class SmallServer {
 public:
  explicit SmallServer(const SmallOptions& options = {})
      : config(beside_a_line(options.fanout)),
        network(1, {.pipe_bytes = options.pipe_bytes}),
        world(network, 1),
        admission(config.sessions_max, config.sessions_per_address_max),
        io(network.make_io(kServerHost, FanoutReactor::io_limits(config))),
        bell(*io),
        log(std::move(ring::EventLog::create({.bytes = options.log_bytes, .gates = 1})).value()),
        line_shared(0, *log, {7, 1, 0}, 1, limits),
        fanout_shared(0, options.second_line ? 2 : 1, limits),
        side_a(network.make_io("10.0.2.1"), 42027),
        side_b(network.make_io("10.0.2.2"), 43027) {
    line_shared.io = fanout_shared.io = &bell;
    std::vector<LineShared*> lines{&line_shared};
    if (options.second_line) {
      second = std::make_unique<FakeLine>(network, std::uint16_t{1}, 6000u, options.log_bytes,
                                          std::vector<FanoutShared*>{&fanout_shared}, limits);
      lines.push_back(&second->shared());
      world.add("10.0.1.2", [this](TimePoint deadline) { return second->turn(deadline); });
    }
    reactor = std::make_unique<FanoutReactor>(config, *io, fanout_shared, lines, admission,
                                              broker::Say{});
    EXPECT_TRUE(reactor->listen({std::string(kServerHost), kServerPort}).ok());
    line = std::make_unique<Line>(line_config(), line_shared,
                                  std::vector<FanoutShared*>{&fanout_shared}, *io, limits,
                                  core::Random(1));
    both = std::make_unique<SharedTurn>(*io, *line, *reactor, *log, config);
    side_a.agents = side_b.agents = {{"1001", {2, "", ""}}, {"1002", {2, "", ""}}};
    world.add(kServerHost, [this](TimePoint deadline) {
      const std::uint32_t work = both->turn(deadline);
      if (after_turn) after_turn();
      return work;
    });
    world.add("10.0.2.1", [this](TimePoint deadline) { return side_a.turn(deadline); });
    world.add("10.0.2.2", [this](TimePoint deadline) { return side_b.turn(deadline); });
    line->start();
    EXPECT_TRUE(until([&] { return line->ready() && line->sync_counters().completed > 0; }));
  }

  bool until(const std::function<bool()>& condition, Nanos limit = Seconds{60}) {
    return world.run_until(condition, network.now() + limit);
  }
  void run(Nanos duration) { world.run_for(duration); }

  TestClient& client() {
    const std::string host = "10.1.0." + std::to_string(clients.size() + 1);
    clients.push_back(std::make_unique<TestClient>(network, host));
    TestClient& made = *clients.back();
    world.add(host, [&made](TimePoint deadline) { return made.turn(deadline); });
    made.connect();
    return made;
  }
  TestClient& monitor(std::string_view filter = "MessageID=*") {
    TestClient& made = client();
    made.hello();
    made.subscribe_monitor(filter);
    EXPECT_TRUE(until([&] { return made.has_event(wire::EventId::eOnMonitorModeEstablished); }));
    return made;
  }
  TestClient& agent(std::string_view id) {
    TestClient& made = client();
    made.hello();
    made.subscribe_agent(id);
    EXPECT_TRUE(until([&] { return made.has_event(wire::EventId::eSetAgentModeEvent); }));
    return made;
  }

  const FanoutConfig config;
  const RendezvousLimits limits{};
  core::SimNetwork network;
  core::SimWorld world;
  Admission admission;
  std::unique_ptr<core::Io> io;
  BellIo bell;
  std::unique_ptr<ring::EventLog> log;
  LineShared line_shared;
  FanoutShared fanout_shared;
  CtiServer side_a, side_b;
  std::unique_ptr<FakeLine> second;
  std::unique_ptr<FanoutReactor> reactor;
  std::unique_ptr<Line> line;
  std::unique_ptr<SharedTurn> both;
  std::vector<std::unique_ptr<TestClient>> clients;
  std::function<void()> after_turn;
};

TEST(SharedTurn, AnUpdateIsOnItsWayToEveryClientAtTheEndOfTheTurnInWhichItCame) {
  SmallServer server;
  for (int i = 0; i < 5; ++i) server.monitor();
  server.run(Millis{10});
  std::uint64_t frames = server.line->counters().frames;
  std::uint64_t sends = server.reactor->counters().sends;
  std::uint32_t turns_with_frames = 0;
  server.after_turn = [&] {
    const std::uint64_t sent = server.reactor->counters().sends - sends;
    sends += sent;
    if (std::exchange(frames, server.line->counters().frames) == frames) return;
    ++turns_with_frames;
    EXPECT_EQ(sent, 5u);
  };
  for (int i = 0; i < 20; ++i) {
    server.side_a.agent_state("1001", i % 2 == 0 ? 3 : 2, "23901");
    server.run(Millis{10});
  }
  EXPECT_EQ(turns_with_frames, 20u);
  for (const auto& client : server.clients) EXPECT_EQ(client->updates().size(), 20u);
}

TEST(SharedTurn, ARequestIsOnItsWayToTheCtiServerAtTheEndOfTheTurnInWhichItCame) {
  SmallServer server;
  TestClient& client = server.agent("1001");
  server.side_a.agent_state("1001", 2, "23901");
  server.side_a.begin_call(1, "23901", "5551234");
  server.side_a.delivered(1, "23901");
  server.run(Millis{10});
  const std::uint64_t before = server.reactor->counters().requests;
  std::uint32_t turns = 0;
  server.after_turn = [&] {
    if (server.reactor->counters().requests == before || turns++ > 0) return;
    EXPECT_EQ(server.line->request_counters().asked, 1u);
  };
  client.request(1, wire::RequestId::eAnswerCallRequest, "call.5000.1.23901");
  ASSERT_TRUE(server.until([&] { return client.count(wire::FrameType::kReply) == 1; }));
  EXPECT_GE(turns, 1u);
  ASSERT_EQ(server.side_a.requests.size(), 1u);
}

// A client that is not sure repeats what it has asked: one answer for both, and neither is owed afterwards.
TEST(SharedTurn, C20_WhoRepeatsWhatIsInFlightIsStillHeardAfterwards) {
  SmallServer server;
  TestClient& client = server.agent("1001");
  server.side_a.agent_state("1001", 2, "23901");
  server.side_a.begin_call(1, "23901", "5551234");
  server.side_a.delivered(1, "23901");
  server.run(Millis{10});
  const auto ask = [&](std::uint64_t id) {
    client.request(id, wire::RequestId::eAnswerCallRequest, "call.5000.1.23901");
  };
  for (std::uint64_t id = 1; id <= 40; ++id) {
    ask(id);
    ask(id);
    server.run(Millis{50});
  }
  ASSERT_EQ(server.line->request_counters().repeated, 40u);
  EXPECT_EQ(client.count(wire::FrameType::kReply), 40u) << "of each pair one";
  for (std::uint64_t id = 101; id <= 164; ++id) ask(id);
  server.run(Seconds{5});
  EXPECT_EQ(client.count(wire::FrameType::kReply), 104u);
  EXPECT_FALSE(client.closed);
}

TEST(SharedTurn, LineAndReactorRingNoBellThatCostsASystemCall) {
  SmallServer server;
  server.monitor();
  TestClient& client = server.agent("1001");
  server.run(Millis{10});
  for (std::uint64_t i = 1; i <= 20; ++i) {
    server.side_a.agent_state("1001", i % 2 == 0 ? 3 : 2, "23901");
    client.request(i, wire::RequestId::eGlobalSettingsDownloadRequest);
    server.run(Millis{10});
  }
  EXPECT_EQ(client.count(wire::FrameType::kReply), 20u);
  EXPECT_EQ(server.bell.wakes, 0u);
}

TEST(SharedTurn, WhatAnotherLineWritesIsSentAtOnce) {
  SmallServer server({.second_line = true});
  TestClient& client = server.monitor();
  server.run(Seconds{1});
  for (int i = 1; i <= 5; ++i) {
    server.second->say();
    server.run(Millis{1});
    EXPECT_EQ(client.updates().size(), static_cast<std::size_t>(i)) << "at once";
  }
}

TEST(SharedTurn, KeepsTheDeadlinesOfBoth) {
  FanoutConfig config = small_config();
  config.handshake_timeout = Seconds{7};
  config.heartbeat_interval = Seconds{20};
  SmallServer server({.fanout = config});
  TestClient& mute = server.client();
  TestClient& quiet = server.monitor();
  const std::uint32_t heartbeats = server.side_a.heartbeats;
  const TimePoint start = server.network.now();
  ASSERT_TRUE(server.until([&] { return mute.closed; }));
  EXPECT_GE(server.network.now() - start, Seconds{6});
  EXPECT_LE(server.network.now() - start, Seconds{8});
  EXPECT_EQ(mute.close_reason(), wire::CloseReason::kHandshakeTimeout);
  server.run(Seconds{60});
  EXPECT_GE(server.side_a.heartbeats - heartbeats, 11u) << "the line's: every 5 s";
  EXPECT_GE(quiet.count(wire::FrameType::kHeartbeatReq), 2u) << "the reactor's: every 20 s";
  EXPECT_FALSE(quiet.closed);
  EXPECT_EQ(server.line->link().counters().losses, 0u);
}

TEST(SharedTurn, P11_AfterAStopNeitherClientsNorTheCtiServerAreGivenUp) {
  SmallServer server;
  TestClient& client = server.monitor();
  server.run(Seconds{1});
  server.network.freeze(kServerHost, true);
  server.run(Seconds{600});
  server.network.freeze(kServerHost, false);
  server.run(Seconds{30});
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(server.line->link().counters().losses, 0u);
  EXPECT_EQ(server.line->stops_survived(), 1u);
}

/// Small pieces, a small log, and sockets that take `pipe_bytes` at once.
SmallOptions in_pieces(std::uint32_t pipe_bytes) {
  SmallOptions options{.log_bytes = std::size_t{1} << 18, .pipe_bytes = pipe_bytes};
  options.fanout.send_bytes_max = 4096;
  return options;
}

void burst(SmallServer& server, int updates) {
  for (int i = 0; i < updates; ++i)
    server.side_a.agent_state(i % 3 == 0 ? "1001" : "1002", i % 2 == 0 ? 2 : 3, "23901");
}

// The reactor sends each session one piece a turn: without a rest the line would write on meanwhile.
TEST(SharedTurn, ABurstOfTheCtiServerOvertakesNobodyWhoReads) {
  SmallServer server(in_pieces(1U << 22U));
  for (int i = 0; i < 3; ++i) server.monitor();
  const std::uint64_t fresh = server.line->link().counters().fresh_rounds;
  burst(server, 5000);
  server.run(Millis{100});
  EXPECT_EQ(server.reactor->counters().lapped, 0u);
  EXPECT_GT(server.both->rests(), 100u);
  EXPECT_EQ(server.line->link().counters().fresh_rounds, fresh) << "a rest proves nothing";
  for (const auto& client : server.clients) {
    const auto updates = client->updates();
    ASSERT_EQ(updates.size(), 5000u);
    for (std::size_t i = 1; i < updates.size(); ++i) ASSERT_EQ(updates[i], updates[i - 1] + 1);
  }
}

TEST(SharedTurn, WhoDoesNotReadKeepsTheLineFromNothing) {
  SmallServer server(in_pieces(1U << 20U));
  TestClient& reading = server.monitor();
  server.monitor().stop_reading();
  for (std::size_t i = 1; i <= 10; ++i) {
    burst(server, 1000);
    server.run(Millis{10});
    EXPECT_EQ(reading.updates().size(), i * 1000);
  }
  EXPECT_GE(server.reactor->counters().sends_short, 1u) << "the other's socket is full";
}

TEST(SharedTurn, C18_ConnectionsThatFillTheTableLeaveTheLineItsPlaces) {
  SmallServer server;
  for (std::uint32_t i = 0; i < server.config.sessions_max; ++i) server.client();
  server.run(Millis{10});
  EXPECT_EQ(server.reactor->open_sessions(), server.config.sessions_max);
  const std::uint64_t accepted = server.io->counters().accepted;
  std::uint32_t tried = 0;
  server.after_turn =
      [&] {  // the turn in which all who come have their places, and nobody has lost his
        if (server.io->counters().accepted == accepted || tried++ > 0) return;
        const core::ConnectionId own = server.io->connect({"10.0.2.2", 43027});
        EXPECT_TRUE(own);
        server.io->close(own, core::CloseHow::kReset);
      };
  for (int i = 0; i < 40; ++i) server.client();
  server.run(Millis{10});
  EXPECT_GE(tried, 1u);
  EXPECT_GT(server.io->counters().refused_full, 0u);
  EXPECT_TRUE(server.line->ready());
}

TEST(SharedTurn, P2_StopsTheReactorFirstAndThenTheLine) {
  SmallServer server;
  TestClient& client = server.monitor();
  server.reactor->request_stop();
  ASSERT_TRUE(server.until([&] { return server.reactor->stopped(); }));
  EXPECT_EQ(client.close_reason(), wire::CloseReason::kServerStopping);
  EXPECT_TRUE(server.line->link().up()) << "the line goes on until it is told";
  server.line->stop();
  EXPECT_TRUE(server.until([&] { return server.line->idle() && !server.side_a.connected(); }));
}

}  // namespace
}  // namespace cti::broker
