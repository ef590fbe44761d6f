// The whole server on real sockets: threads start, serve, and end in time.
#include "tests/unit/broker/server_client.hpp"

#include <set>

namespace cti::broker {
namespace {

TEST(Server, P2_ServesSessionsAndSaysGoodbyeAtTheEnd) {
  auto server = Server::create(server_config(), 1);
  ASSERT_TRUE(server.ok()) << server.error().text;
  (*server)->start();
  Client client((*server)->port());
  EXPECT_TRUE(client.wait([&] { return client.frames.size() >= 2; }));
  EXPECT_EQ(client.frames[0], wire::FrameType::kWelcome);
  EXPECT_EQ(client.frames[1], wire::FrameType::kPrivateEvent);
  EXPECT_NE(
      (*server)->metrics().text().find("ringside_sessions_accepted_total{thread=\"fanout-0\"} 1"),
      std::string::npos);
  EXPECT_TRUE((*server)->stop());
  EXPECT_TRUE(client.wait([&] { return client.closed; }));
  EXPECT_EQ(client.frames.back(), wire::FrameType::kClose);
}

TEST(Server, SeveralReactorsAndLinesShareOnePort) {
  ServerConfig many = server_config();
  many.fanouts = 3;
  many.lines.push_back(many.lines.front());
  many.lines.back().peripherals = {6000};
  auto server = Server::create(many, 2);
  ASSERT_TRUE(server.ok()) << server.error().text;
  (*server)->start();
  std::vector<std::unique_ptr<Client>> clients;
  std::set<std::uint64_t> sessions;
  for (int i = 0; i < 24; ++i) {
    clients.push_back(std::make_unique<Client>((*server)->port()));
    Client& client = *clients.back();
    ASSERT_TRUE(client.wait([&] { return client.session != 0; }));
    sessions.insert(client.session);
  }
  EXPECT_EQ(sessions.size(), 24u) << "CILConnectionIDs are unique over all reactors";
  EXPECT_TRUE((*server)->stop());
}

/// Values of this metric, one for each thread that shows it.
std::size_t shown_by(const std::string& text, const std::string& name) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find("\n" + name + "{", at)) != std::string::npos; ++at)
    ++count;
  return count;
}

TEST(Server, P2_WithLineAndReactorInOneThreadServesAndSaysGoodbyeJustTheSame) {
  for (const char* io : {"epoll", "auto"}) {
    SCOPED_TRACE(io);
    ServerConfig small = server_config();
    small.fanouts = 0;
    small.io = io;
    auto server = Server::create(small, 1);
    ASSERT_TRUE(server.ok()) << server.error().text;
    EXPECT_EQ((*server)->fanouts(), 1u);
    (*server)->start();
    Client client((*server)->port());
    ASSERT_TRUE(client.wait([&] { return client.session != 0; }));
    client.ask_settings(5);
    EXPECT_TRUE(client.wait([&] { return client.confirmed == 5; }));
    const std::string metrics = (*server)->metrics().text();
    EXPECT_EQ(shown_by(metrics, "ringside_line_requests_total"), 1u);
    EXPECT_EQ(shown_by(metrics, "ringside_sessions_accepted_total"), 1u);
    EXPECT_EQ(shown_by(metrics, "ringside_io_turns_total"), 1u) << "the Io that both share, once";
    EXPECT_TRUE((*server)->stop());
    EXPECT_TRUE(client.wait([&] { return client.closed; }));
    EXPECT_EQ(client.frames.back(), wire::FrameType::kClose);
  }
}

TEST(Server, FurtherLinesHaveThreadsBesideTheOneThatLineAndReactorShare) {
  ServerConfig small = server_config();
  small.fanouts = 0;
  small.lines.push_back(small.lines.front());
  small.lines.back().peripherals = {6000};
  auto server = Server::create(small, 2);
  ASSERT_TRUE(server.ok()) << server.error().text;
  (*server)->start();
  Client client((*server)->port());
  ASSERT_TRUE(client.wait([&] { return client.session != 0; }));
  EXPECT_EQ(shown_by((*server)->metrics().text(), "ringside_io_turns_total"), 2u);
  // Asked of the second line, whose CTI Server is not there; its answer must wake the thread of the other two.
  ASSERT_TRUE(client.wait([&] { return client.frames.size() >= 2; }));
  const std::size_t before = client.frames.size();
  client.subscribe_agent("1001", 6000);
  EXPECT_TRUE(client.wait([&] { return client.frames.size() > before; }, Seconds{10}));
  EXPECT_TRUE((*server)->stop());
}

TEST(Server, N7_APortInUseIsSaidAndDistinct) {
  auto first = Server::create(server_config(), 1);
  ASSERT_TRUE(first.ok());
  ServerConfig again = server_config();
  again.listen.port = (*first)->port();
  const auto second = Server::create(again, 1);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ServerError::Kind::kPortInUse);
  EXPECT_NE(second.error().text.find(std::to_string(again.listen.port)), std::string::npos)
      << second.error().text;
}

// Who takes his goodbye and does not hang up lingers for limits::kLingerDefault: more than half of this stop_timeout.
TEST(Server, P2_HasEndedWhenAConnectionLingersIntoTheSecondHalfOfTheTime) {
  ServerConfig config = server_config();
  config.fanout.close_timeout = Millis{50};
  config.stop_timeout = 2 * limits::kLingerDefault - Millis{100};
  ASSERT_GE(config.stop_timeout, limits::stop_timeout_min(config.fanout.close_timeout));
  auto server = Server::create(config, 1);
  ASSERT_TRUE(server.ok()) << server.error().text;
  (*server)->start();
  Client client((*server)->port());
  ASSERT_TRUE(client.wait([&] { return client.session != 0; }));
  EXPECT_TRUE((*server)->stop()) << "nobody turns the client: its connection stays open";
}

TEST(Server, M2_WhileMemoryIsShortNobodyNewGetsInAndThoseWhoAreInStay) {
  auto server = Server::create(server_config(), 1);
  ASSERT_TRUE(server.ok()) << server.error().text;
  (*server)->start();
  const auto welcomed = [](const Client& client) { return client.session != 0; };
  Client first((*server)->port());
  ASSERT_TRUE(first.wait([&] { return welcomed(first); }));
  (*server)->set_short_of_memory(true);
  Client second((*server)->port());
  EXPECT_TRUE(second.wait([&] { return second.closed; }));
  EXPECT_EQ(second.reason, wire::CloseReason::kOutOfResources);
  first.ask_settings(1);
  EXPECT_TRUE(first.wait([&] { return first.confirmed == 1; }));
  // Other settings meanwhile do not change that.
  (*server)->apply_live(server_config());
  Client third((*server)->port());
  EXPECT_TRUE(third.wait([&] { return third.closed; }));
  (*server)->set_short_of_memory(false);
  Client fourth((*server)->port());
  EXPECT_TRUE(fourth.wait([&] { return welcomed(fourth); }));
  EXPECT_TRUE((*server)->stop());
}

TEST(Server, EndsInTimeHoweverOftenItIsStarted) {
  for (int i = 0; i < 20; ++i) {
    ServerConfig config = server_config();
    config.fanouts = static_cast<std::uint32_t>(i % 3);
    auto server = Server::create(config, static_cast<std::uint64_t>(i));
    ASSERT_TRUE(server.ok());
    (*server)->start();
    EXPECT_TRUE((*server)->stop());
  }
}

}  // namespace
}  // namespace cti::broker
