// io_conformance_test.cpp - what io.hpp promises, asked of every back-end in the same words.
#include "core/epoll_io.hpp"
#ifdef CTI_HAS_URING
#include "core/uring_io.hpp"
#endif
#include "tests/unit/core/io_world.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

namespace cti::core {
namespace {

using testing::KernelWorld;
using testing::Side;
using testing::SimulatedWorld;
using testing::World;

struct Backend {
  const char* name;
  std::unique_ptr<World> (*make)();
};

std::unique_ptr<World> epoll_world() { return std::make_unique<KernelWorld>(&make_epoll_io); }
#ifdef CTI_HAS_URING
std::unique_ptr<World> uring_world() {
  return std::make_unique<KernelWorld>([](const IoLimits& limits) { return make_uring_io(limits); });
}
#endif
std::unique_ptr<World> simulated_world() { return std::make_unique<SimulatedWorld>(1); }

class IoConformance : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    world = GetParam().make();
    ASSERT_NE(world, nullptr);
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
  (*client)->send(c, as_bytes("question"));
  ASSERT_TRUE(world->until(
      [&] { return server->text(s) == "question" && client->find(IoEvent::kSent, c); }));
  EXPECT_EQ(client->find(IoEvent::kSent, c)->sent, 8U);
  (*server)->send(s, as_bytes("answer"));
  ASSERT_TRUE(world->until([&] { return client->text(c) == "answer"; }));
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
