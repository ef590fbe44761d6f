// io_conformance_test.cpp - what io.hpp promises, asked of every back-end in the same words.
#include "core/epoll_io.hpp"
#include "core/random.hpp"
#ifdef CTI_HAS_URING
#include "core/uring_io.hpp"
#endif
#include "tests/unit/core/io_world.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace cti::core {
namespace {

using testing::KernelWorld;
using testing::Side;
using testing::SimulatedWorld;
using testing::World;

/// Bytes that tell their place, so that a gap or a swap shows.
std::string numbered(std::size_t bytes, std::uint64_t salt) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) {
    text[i] = static_cast<char>(mix64(salt ^ (i / 8)) >> (i % 8 * 8));
  }
  return text;
}

struct Backend {
  const char* name;
  std::unique_ptr<World> (*make)();
};

std::unique_ptr<World> epoll_world() { return std::make_unique<KernelWorld>(&make_epoll_io); }
#ifdef CTI_HAS_URING
std::unique_ptr<World> uring_world() {
  return std::make_unique<KernelWorld>(
      [](const IoLimits& limits) { return make_uring_io(limits); });
}
#endif
std::unique_ptr<World> simulated_world() { return std::make_unique<SimulatedWorld>(1); }

class IoConformance : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    world = GetParam().make();
    ASSERT_NE(world, nullptr);
  }

  void TearDown() override {
    for (const auto& side : world->sides) {
      EXPECT_EQ((*side)->counters().stale, 0U) << "a socket was closed with requests under way";
    }
  }

  /// A server that listens, a client, and a connection between them.
  void connect_pair(const IoLimits& server_limits = {}, const IoLimits& client_limits = {}) {
    server = world->add(server_limits);
    client = world->add(client_limits);
    ASSERT_TRUE(server && client);
    auto listening = (*server)->listen({world->host(server), 0});
    ASSERT_TRUE(listening) << listening.error().text;
    listener = *listening;
    port = (*server)->local_port(listener);
    ASSERT_NE(port, 0);
    connect_one(c, s);
  }
  void connect_one(ConnectionId& ours, ConnectionId& theirs) {
    const std::size_t before = server->count(IoEvent::kAccepted);
    ours = (*client)->connect({world->host(server), port});
    ASSERT_TRUE(ours);
    ASSERT_TRUE(world->until([&] {
      return client->find(IoEvent::kConnected, ours) && server->count(IoEvent::kAccepted) > before;
    }));
    for (const auto& seen : server->seen) {
      if (seen.event == IoEvent::kAccepted) theirs = seen.connection;
    }
  }

  std::unique_ptr<World> world;
  Side* server = nullptr;
  Side* client = nullptr;
  ListenerId listener{};
  std::uint16_t port = 0;
  ConnectionId c{};  // the client's name of the connection
  ConnectionId s{};  // the server's
};

TEST_P(IoConformance, AcceptsAConnectionAndSaysWhereItComesFrom) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  const auto* accepted = server->find(IoEvent::kAccepted, s);
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(accepted->listener, listener);
  EXPECT_NE(accepted->peer_address, 0U);
  EXPECT_EQ((*server)->peer(s).host, world->host(client));
  EXPECT_EQ((*client)->peer(c).port, port);
  EXPECT_EQ((*server)->counters().accepted, 1U);
  EXPECT_EQ((*client)->counters().connects, 1U);
}

TEST_P(IoConformance, CarriesBytesBothWays) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  client->send(c, as_bytes("question"));
  ASSERT_TRUE(world->until(
      [&] { return server->text(s) == "question" && client->find(IoEvent::kSent, c); }));
  EXPECT_EQ(client->find(IoEvent::kSent, c)->sent, 8U);
  server->send(s, as_bytes("answer"));
  ASSERT_TRUE(world->until([&] { return client->text(c) == "answer"; }));
}

TEST_P(IoConformance, ARefusedConnectEndsWithItsErrno) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*server)->unlisten(listener);
  EXPECT_EQ((*server)->local_port(listener), 0);
  server->turn(TimePoint{});
  const ConnectionId id = (*client)->connect({world->host(server), port});
  ASSERT_TRUE(world->until([&] { return client->closed(id); }));
  EXPECT_EQ(client->find(IoEvent::kClosed, id)->error, ECONNREFUSED);
  EXPECT_EQ(client->count(IoEvent::kConnected, id), 0U);
}

TEST_P(IoConformance, AnAddressThatIsNoneEndsInEinval) {
  client = world->add({});
  const ConnectionId id = (*client)->connect({"no.number", 1});
  ASSERT_TRUE(id);
  ASSERT_TRUE(world->until([&] { return client->closed(id); }));
  EXPECT_EQ(client->find(IoEvent::kClosed, id)->error, EINVAL);
  EXPECT_EQ((*client)->listen({"no.number", 1}).error().error, EINVAL);
}

TEST_P(IoConformance, ManyMegabytesArriveWholeBothWaysAtOnce) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  const std::string up = numbered(6'000'000, 1);
  const std::string down = numbered(5'000'000, 2);
  client->stream(c, as_bytes(up));
  server->stream(s, as_bytes(down));
  ASSERT_TRUE(world->until(
      [&] { return server->text(s).size() == up.size() && client->text(c).size() == down.size(); },
      Millis{60'000}));
  EXPECT_TRUE(server->text(s) == up);
  EXPECT_TRUE(client->text(c) == down);
  EXPECT_FALSE(client->streaming(c));
}

TEST_P(IoConformance, C8_AFullSocketGivesAShortSendAndLaterRoom) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*server)->set_receiving(s, false);
  const std::string much = numbered(60'000'000, 3);
  client->send(c, as_bytes(much));
  ASSERT_TRUE(world->until([&] { return client->find(IoEvent::kSent, c); }));
  std::size_t sent = client->find(IoEvent::kSent, c)->sent;
  ASSERT_LT(sent, much.size()) << "no socket buffer is that large";
  EXPECT_EQ((*client)->counters().sends_short, 1U);
  (*server)->set_receiving(s, true);
  ASSERT_TRUE(world->until([&] { return client->count(IoEvent::kWritable, c) > 0; }));
  client->stream(c, as_bytes(much).subspan(sent));
  ASSERT_TRUE(world->until([&] { return server->text(s).size() == much.size(); }, Millis{60'000}));
  EXPECT_TRUE(server->text(s) == much);
}

TEST_P(IoConformance, APausedConnectionReceivesNothingUntilItGoesOn) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*server)->set_receiving(s, false);
  server->turn(TimePoint{});
  client->send(c, as_bytes("held back"));
  ASSERT_TRUE(world->until([&] { return client->find(IoEvent::kSent, c); }));
  EXPECT_FALSE(world->until([&] { return !server->text(s).empty(); }, Millis{30}));
  (*server)->set_receiving(s, true);
  ASSERT_TRUE(world->until([&] { return server->text(s) == "held back"; }));
  // Off and on again within one turn, and the same twice over.
  for (const bool on : {false, true, false, false, true, true}) (*server)->set_receiving(s, on);
  client->send(c, as_bytes(", more"));
  ASSERT_TRUE(world->until([&] { return server->text(s) == "held back, more"; }));
}

TEST_P(IoConformance, C20_ReadingSwitchedOnAndOffAgainWithinATurnReadsNothing) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*server)->set_receiving(s, false);
  server->turn(TimePoint{});
  const std::string much = numbered(200'000, 5);
  client->stream(c, as_bytes(much));
  EXPECT_FALSE(world->until([&] { return !server->text(s).empty(); }, Millis{30}));
  for (int turn = 0; turn < 10; ++turn) {
    (*server)->set_receiving(s, true);
    (*server)->set_receiving(s, false);
    server->turn(TimePoint{});
  }
  EXPECT_FALSE(world->until([&] { return !server->text(s).empty(); }, Millis{30}));
  (*server)->set_receiving(s, true);
  ASSERT_TRUE(world->until([&] { return server->text(s).size() == much.size(); }));
  EXPECT_TRUE(server->text(s) == much);
}

TEST_P(IoConformance, C17_APeersFinEndsTheConnectionAfterWhatItSent) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  const std::string last = numbered(300'000, 4);
  client->stream(c, as_bytes(last));
  ASSERT_TRUE(world->until([&] { return !client->streaming(c); }));
  (*client)->close(c, CloseHow::kOrderly);  // a FIN, and reading goes on: the peer half-closes
  ASSERT_TRUE(world->until([&] { return server->closed(s) && client->closed(c); }));
  EXPECT_EQ(server->find(IoEvent::kClosed, s)->error, 0);
  EXPECT_EQ(client->find(IoEvent::kClosed, c)->error, 0);
  EXPECT_TRUE(server->text(s) == last);
  EXPECT_EQ((*server)->peer(s).port, 0);
}

TEST_P(IoConformance, ASendAndACloseOfOneTurnBothTakeEffect) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  server->send(s, as_bytes("goodbye"));
  (*server)->close(s, CloseHow::kOrderly);
  ASSERT_TRUE(world->until([&] { return server->closed(s) && client->closed(c); }));
  EXPECT_EQ(client->text(c), "goodbye");
  EXPECT_EQ(client->find(IoEvent::kClosed, c)->error, 0);
}

TEST_P(IoConformance, ALastWordReachesAPeerThatGoesOnSending) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*server)->set_receiving(s, false);
  const std::string flood = numbered(30'000'000, 5);
  client->stream(c, as_bytes(flood));
  ASSERT_TRUE(world->until([&] { return (*client)->counters().sends_short > 0; }));
  server->send(s, as_bytes("too much"));
  (*server)->close(s, CloseHow::kOrderly);  // with much unread: a plain close would be a reset
  ASSERT_TRUE(world->until([&] { return client->closed(c); }));
  EXPECT_EQ(client->text(c), "too much");
  EXPECT_EQ(client->find(IoEvent::kClosed, c)->error, 0) << "a reset, which may overtake the word";
  ASSERT_TRUE(world->until([&] { return server->closed(s); }));
  EXPECT_EQ(server->text(s), "");
}

TEST_P(IoConformance, AnOrderlyCloseDoesNotWaitForAPeerForEver) {
  ASSERT_NO_FATAL_FAILURE(connect_pair({.linger = Millis{50}}));
  (*client)->set_receiving(c, false);  // it will not see the FIN
  client->turn(TimePoint{});
  const TimePoint before = (*server)->now();
  (*server)->close(s, CloseHow::kOrderly);
  ASSERT_TRUE(world->until([&] { return server->closed(s); }));
  EXPECT_EQ(server->find(IoEvent::kClosed, s)->error, 0);
  EXPECT_GE((*server)->now() - before, Millis{40});
  EXPECT_FALSE(client->closed(c));
}

TEST_P(IoConformance, N1_AResetIsToldWithItsErrno) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*client)->close(c, CloseHow::kReset);
  ASSERT_TRUE(world->until([&] { return server->closed(s) && client->closed(c); }));
  EXPECT_EQ(server->find(IoEvent::kClosed, s)->error, ECONNRESET);
  EXPECT_EQ(client->find(IoEvent::kClosed, c)->error, 0);
}

TEST_P(IoConformance, AResetIsNoticedWhileReadingIsPaused) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*server)->set_receiving(s, false);
  server->turn(TimePoint{});
  (*client)->close(c, CloseHow::kReset);
  ASSERT_TRUE(world->until([&] { return server->closed(s); }));
  EXPECT_EQ(server->find(IoEvent::kClosed, s)->error, ECONNRESET);
}

TEST_P(IoConformance, APeersFinBehindAPauseLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*server)->set_receiving(s, false);
  server->turn(TimePoint{});
  client->send(c, as_bytes("last words"));
  (*client)->close(c, CloseHow::kOrderly);
  EXPECT_FALSE(world->until([&] { return server->closed(s); }, Millis{30}));
  (*server)->set_receiving(s, true);
  ASSERT_TRUE(world->until([&] { return server->closed(s); }));
  EXPECT_EQ(server->text(s), "last words");
  EXPECT_EQ(server->find(IoEvent::kClosed, s)->error, 0);
}

TEST_P(IoConformance, AFullSocketGetsRoomAlsoAfterThePeersFin) {
  ASSERT_NO_FATAL_FAILURE(connect_pair({}, {.linger = Seconds{20}}));
  (*server)->set_receiving(s, false);
  server->turn(TimePoint{});
  const std::string much = numbered(60'000'000, 8);
  (*client)->set_receiving(c, false);
  client->turn(TimePoint{});
  server->send(s, as_bytes(much));
  ASSERT_TRUE(world->until([&] { return server->find(IoEvent::kSent, s); }));
  ASSERT_LT(server->find(IoEvent::kSent, s)->sent, much.size());
  // Its FIN comes while the socket is full; then it reads and throws away.
  (*client)->close(c, CloseHow::kOrderly);
  ASSERT_TRUE(world->until([&] { return server->count(IoEvent::kWritable, s) == 1; }));
  (*server)->close(s, CloseHow::kReset);
  ASSERT_TRUE(world->until([&] { return client->closed(c); }));
}

TEST_P(IoConformance, SendingToAPeerThatHasGoneEndsInKSentAndKClosed) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  (*client)->close(c, CloseHow::kReset);
  ASSERT_TRUE(world->until([&] { return client->closed(c); }));
  for (int i = 0; i < 3 && !server->closed(s); ++i) {
    server->send(s, as_bytes("anybody?"));
    ASSERT_TRUE(world->until([&] {
      return server->closed(s) ||
             server->count(IoEvent::kSent, s) == static_cast<std::size_t>(i) + 1;
    }));
  }
  ASSERT_TRUE(world->until([&] { return server->closed(s); }));
  EXPECT_NE(server->find(IoEvent::kClosed, s)->error, 0);
}

TEST_P(IoConformance, AResetWithASendUnderWayFreesItsBytes) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  {
    const std::string doomed = numbered(100'000, 6);
    client->send(c, as_bytes(doomed));
    (*client)->close(c, CloseHow::kReset);
    ASSERT_TRUE(world->until([&] { return client->closed(c); }));
  }  // gone: the sanitizer would see a later read
  ASSERT_TRUE(world->until([&] { return server->closed(s); }));
}

TEST_P(IoConformance, ConnectAndCloseOfOneTurnEndQuietly) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  const ConnectionId id = (*client)->connect({world->host(server), port});
  (*client)->close(id, CloseHow::kOrderly);
  ASSERT_TRUE(world->until([&] { return client->closed(id); }));
  EXPECT_EQ(client->find(IoEvent::kClosed, id)->error, 0);
  EXPECT_EQ(client->count(IoEvent::kConnected, id), 0U);
}

TEST_P(IoConformance, ANameThatHasEndedNamesNothing) {
  ASSERT_NO_FATAL_FAILURE(connect_pair({.connections_max = 1}, {.connections_max = 1}));
  (*client)->close(c, CloseHow::kOrderly);
  ASSERT_TRUE(world->until([&] { return server->closed(s) && client->closed(c); }));
  const ConnectionId old_c = c;
  const ConnectionId old_s = s;
  ASSERT_NO_FATAL_FAILURE(connect_one(c, s));
  EXPECT_EQ(s.slot, old_s.slot) << "the only slot must be used again";
  EXPECT_NE(s, old_s);
  (*server)->send(old_s, as_bytes("wrong"));
  (*server)->set_receiving(old_s, false);
  (*server)->close(old_s, CloseHow::kReset);
  (*client)->close(old_c, CloseHow::kReset);
  (*client)->close(ConnectionId{77, 1}, CloseHow::kReset);
  EXPECT_EQ((*server)->peer(old_s).port, 0);
  client->send(c, as_bytes("right"));
  ASSERT_TRUE(world->until([&] { return server->text(s) == "right"; }));
  EXPECT_TRUE(client->text(c).empty());
}

TEST_P(IoConformance, C18_ConnectionsBeyondTheLimitAreRefusedAndCounted) {
  ASSERT_NO_FATAL_FAILURE(connect_pair({.connections_max = 1}));
  const ConnectionId second = (*client)->connect({world->host(server), port});
  ASSERT_TRUE(world->until([&] { return client->closed(second); }));
  EXPECT_EQ((*server)->counters().refused_full, 1U);
  EXPECT_EQ(server->count(IoEvent::kAccepted), 1U);
  (*client)->close(c, CloseHow::kOrderly);
  ASSERT_TRUE(world->until([&] { return server->closed(s); }));
  connect_one(c, s);
}

TEST_P(IoConformance, ConnectGivesZeroWhenAllSlotsAreTaken) {
  ASSERT_NO_FATAL_FAILURE(connect_pair({}, {.connections_max = 1}));
  EXPECT_FALSE((*client)->connect({world->host(server), port}));
  EXPECT_EQ((*client)->counters().refused_full, 1U);
}

TEST_P(IoConformance, C18_PlacesKeptForConnectsAreNotTakenByWhoComesIn) {
  ASSERT_NO_FATAL_FAILURE(connect_pair({.connections_max = 2, .kept_for_connects = 1}));
  const ConnectionId refused = (*client)->connect({world->host(server), port});
  ASSERT_TRUE(world->until([&] { return client->closed(refused); }));
  EXPECT_EQ((*server)->counters().refused_full, 1U);
  const ConnectionId own = (*server)->connect({world->host(server), port});
  EXPECT_TRUE(own) << "the kept place";
  EXPECT_FALSE((*server)->connect({world->host(server), port})) << "it was the last";
}

TEST_P(IoConformance, N7_APortInUseIsAnErrorThatNamesIt) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  const auto again = (*server)->listen({world->host(server), port});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().error, EADDRINUSE);
  EXPECT_NE(again.error().text.find(std::to_string(port)), std::string::npos) << again.error().text;
  const auto joined = (*server)->listen({.host = world->host(server), .port = port, .join = true});
  ASSERT_TRUE(joined) << joined.error().text;
  EXPECT_EQ((*server)->local_port(*joined), port);
}

TEST_P(IoConformance, M4_ReceiveBuffersUsedUpLoseNothingAndNoEnd) {
  ASSERT_NO_FATAL_FAILURE(
      connect_pair({.connections_max = 16, .receive_buffers = 2, .receive_buffer_bytes = 256}));
  std::vector<std::pair<ConnectionId, ConnectionId>> pairs{{c, s}};
  for (int i = 0; i < 7; ++i) {
    connect_one(c, s);
    pairs.emplace_back(c, s);
  }
  const std::string much = numbered(20'000, 7);
  for (const auto& [ours, theirs] : pairs) {
    client->send(ours, as_bytes(much));
    (*client)->close(ours, CloseHow::kOrderly);  // the end comes while there are no buffers
  }
  ASSERT_TRUE(world->until([&] { return server->count(IoEvent::kClosed) == pairs.size(); }));
  for (const auto& [ours, theirs] : pairs) {
    EXPECT_TRUE(server->text(theirs) == much);
    EXPECT_EQ(server->find(IoEvent::kClosed, theirs)->error, 0);
  }
  EXPECT_GT((*server)->counters().buffer_shortages, 0U);
}

TEST_P(IoConformance, WorksWithABatchOfOne) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  server->batch = client->batch = 1;
  std::vector<std::pair<ConnectionId, ConnectionId>> pairs;
  for (int i = 0; i < 5; ++i) {
    connect_one(c, s);
    pairs.emplace_back(c, s);
  }
  for (const auto& [ours, theirs] : pairs) client->send(ours, as_bytes("ping"));
  for (const auto& [ours, theirs] : pairs) server->send(theirs, as_bytes("pong"));
  ASSERT_TRUE(world->until([&] {
    return std::all_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
      return server->text(pair.second) == "ping" && client->text(pair.first) == "pong";
    });
  }));
  for (const auto& [ours, theirs] : pairs) (*server)->close(theirs, CloseHow::kReset);
  ASSERT_TRUE(world->until([&] { return client->count(IoEvent::kClosed) == pairs.size(); }));
}

TEST_P(IoConformance, ServesHundredsOfConnectionsAtOnce) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  for (int i = 0; i < 400; ++i) ASSERT_TRUE((*client)->connect({world->host(server), port}));
  ASSERT_TRUE(world->until([&] { return server->count(IoEvent::kAccepted) == 401; }));
  server->also = [&](const Completion& completion) {
    if (completion.event == IoEvent::kReceived)
      server->send(completion.connection, as_bytes("pong"));
  };
  ASSERT_TRUE(world->until([&] { return client->count(IoEvent::kConnected) == 401; }));
  std::vector<ConnectionId> all;
  for (const auto& seen : client->seen) {
    if (seen.event == IoEvent::kConnected) all.push_back(seen.connection);
  }
  for (const ConnectionId id : all) client->send(id, as_bytes("ping"));
  ASSERT_TRUE(world->until([&] {
    return std::all_of(all.begin(), all.end(),
                       [&](ConnectionId id) { return client->text(id) == "pong"; });
  }));
  EXPECT_EQ((*server)->counters().accepted, 401U);
  for (const ConnectionId id : all) (*client)->close(id, CloseHow::kOrderly);
  ASSERT_TRUE(world->until([&] {
    return client->count(IoEvent::kClosed) == 401 && server->count(IoEvent::kClosed) == 401;
  }));
}

TEST_P(IoConformance, ASendOfNothingIsSentAtOnce) {
  ASSERT_NO_FATAL_FAILURE(connect_pair());
  client->send(c, {});
  ASSERT_TRUE(world->until([&] { return client->find(IoEvent::kSent, c); }));
  EXPECT_EQ(client->find(IoEvent::kSent, c)->sent, 0U);
  EXPECT_EQ((*client)->counters().sends_short, 0U);
}

TEST_P(IoConformance, AWakeBeforeTheWaitIsNotLostAndSeveralAreOne) {
  client = world->add({});
  (*client)->wake();
  (*client)->wake();
  ASSERT_TRUE(world->until([&] { return client->count(IoEvent::kWoken) > 0; }));
  EXPECT_FALSE(world->until([&] { return client->count(IoEvent::kWoken) > 1; }, Millis{20}));
  (*client)->wake();
  ASSERT_TRUE(world->until([&] { return client->count(IoEvent::kWoken) == 2; }));
}

TEST_P(IoConformance, ListenersAreManyButBounded) {
  client = world->add({});
  std::vector<ListenerId> all;
  for (int i = 0; i < 3; ++i) {
    auto listening = (*client)->listen({world->host(client), 0});
    ASSERT_TRUE(listening);
    all.push_back(*listening);
  }
  EXPECT_NE((*client)->local_port(all[0]), (*client)->local_port(all[1]));
  client->turn(TimePoint{});
  (*client)->unlisten(all[0]);
  (*client)->unlisten(all[0]);
  (*client)->unlisten({});
  EXPECT_EQ((*client)->local_port(all[0]), 0);
  EXPECT_NE((*client)->local_port(all[1]), 0);
  const ConnectionId id = (*client)->connect({world->host(client), (*client)->local_port(all[2])});
  ASSERT_TRUE(world->until(
      [&] { return client->find(IoEvent::kConnected, id) && client->find(IoEvent::kAccepted); }));
  EXPECT_EQ(client->find(IoEvent::kAccepted)->listener, all[2]);
}

const Backend kBackends[] = {{"epoll", &epoll_world},
#ifdef CTI_HAS_URING
                             {"io_uring", &uring_world},
#endif
                             {"simulated", &simulated_world}};

INSTANTIATE_TEST_SUITE_P(Backends, IoConformance, ::testing::ValuesIn(kBackends),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace cti::core
