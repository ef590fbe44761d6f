// server_flood_test.cpp - what floods do to others, on real sockets and threads.
#include "tests/unit/broker/server_client.hpp"

#include <string>

namespace cti::broker {
namespace {

/// Connections that a reactor has accepted, from its metrics.
std::uint64_t accepted(Server& server, int reactor) {
  const std::string text = server.metrics().text();
  const std::string name =
      "ringside_sessions_accepted_total{thread=\"fanout-" + std::to_string(reactor) + "\"} ";
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size()));
}

/// A welcomed client of this reactor: the kernel chooses, so others are tried and dropped.
std::unique_ptr<Client> client_of(Server& server, int reactor) {
  for (int tries = 0; tries < 64; ++tries) {
    const std::uint64_t before = accepted(server, reactor);
    auto client = std::make_unique<Client>(server.port());
    EXPECT_TRUE(client->wait([&] { return client->session != 0; }));
    const auto all = [&] { return accepted(server, 0) + accepted(server, 1); };
    EXPECT_TRUE(client->wait([&] { return all() >= client->session; }));
    if (accepted(server, reactor) > before) return client;
  }
  return nullptr;
}

// Issue 9, item 2: after such a flood an idle server refused 1,200 of 1,284 requests of the other reactor as busy.
TEST(ServerFlood, ThroughOneReactorLeavesTheRequestsOfTheOtherUnharmed) {
  ServerConfig config = server_config();
  config.fanouts = 2;
  config.fanout.requests_per_second = 1'000'000;
  config.fanout.requests_burst = 1'000'000;
  auto server = Server::create(config, 3);
  ASSERT_TRUE(server.ok()) << server.error().text;
  (*server)->start();
  auto quiet = client_of(**server, 1);
  ASSERT_NE(quiet, nullptr);
  std::vector<std::unique_ptr<Client>> flood;
  for (int i = 0; i < 24; ++i) {
    flood.push_back(client_of(**server, 0));
    ASSERT_NE(flood.back(), nullptr);
  }
  // While it lasts: one request after the other, each is confirmed.
  for (auto& client : flood) client->ask_settings(2000);
  for (int i = 0; i < 100; ++i) {
    for (auto& client : flood) client->turn();
    quiet->ask_settings(1);
    ASSERT_TRUE(quiet->wait([&] { return quiet->confirmed + quiet->refused == quiet->asked; }));
  }
  EXPECT_EQ(quiet->refused, 0u);
  flood.clear();
  // After it, and the line idle again.
  for (int i = 0; i < 32; ++i) {
    quiet->ask_settings(40);
    ASSERT_TRUE(quiet->wait([&] { return quiet->confirmed + quiet->refused == quiet->asked; }));
  }
  EXPECT_EQ(quiet->refused, 0u);
  EXPECT_EQ(quiet->confirmed, 1380u);
  EXPECT_TRUE((*server)->stop());
}

// Whoever asks much in one write and reads his answers is answered, whichever way the kernel is asked.
TEST(ServerFlood, C20_TensOfThousandsOfRequestsInOneWriteAreAnsweredToWhoReads) {
  constexpr std::uint64_t kRequests = 40'000;
  for (const char* const io : {"epoll", "auto"}) {
    ServerConfig config = server_config();
    config.io = io;
    config.fanout.requests_per_second = 1'000'000;
    config.fanout.requests_burst = 1'000'000;
    auto server = Server::create(config, 3);
    ASSERT_TRUE(server.ok()) << server.error().text;
    (*server)->start();
    Client client((*server)->port());
    ASSERT_TRUE(client.wait([&] { return client.session != 0; }));
    client.ask_settings(kRequests);
    const auto done = [&] { return client.closed || client.confirmed == kRequests; };
    EXPECT_TRUE(client.wait(done, Seconds{120})) << (*server)->io_backend();
    EXPECT_FALSE(client.closed) << (*server)->io_backend();
    EXPECT_EQ(client.confirmed, kRequests);
    EXPECT_TRUE((*server)->stop());
  }
}

}  // namespace
}  // namespace cti::broker
