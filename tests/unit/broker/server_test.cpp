// The whole server on real sockets: threads start, serve, and end in time.
#include "broker/server.hpp"

#include "core/epoll_io.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <set>
#include <vector>

namespace cti::broker {
namespace {

/// A server whose CTI Server is not there: sessions are served all the same, and told.
ServerConfig config() {
  ServerConfig config;
  config.listen = {"127.0.0.1", 0};
  config.io = "epoll";
  config.log_bytes = 1 << 20;
  config.fanout.sessions_max = 100;
  config.fanout.outbox_pool_bytes = 4 << 20;
  config.lines.front().link.sides = {{"127.0.0.1", 1}};
  return config;
}

/// One blocking client for one reactor of sockets: sends Hello, waits for frames.
class Client {
 public:
  explicit Client(std::uint16_t port) {
    auto io = core::make_epoll_io({.connections_max = 4});
    EXPECT_TRUE(io.ok());
    io_ = std::move(io).value();
    connection_ = io_->connect({"127.0.0.1", port});
    wire::HelloWriter writer(buffer_, {});
    hello_ = writer.finish();
  }
  bool wait(const std::function<bool()>& condition, Nanos limit = Seconds{20}) {
    std::array<core::Completion, 16> done;
    const TimePoint end = io_->now() + limit;
    while (!condition() && io_->now() < end) {
      const std::size_t count = io_->wait(done, std::min(end, io_->now() + Millis{50}));
      for (std::size_t i = 0; i < count; ++i) take(done[i]);
    }
    return condition();
  }
  std::vector<wire::FrameType> frames;
  std::uint64_t session = 0;
  bool closed = false;

 private:
  void take(const core::Completion& completion) {
    if (completion.event == core::IoEvent::kConnected) io_->send(connection_, hello_);
    if (completion.event == core::IoEvent::kClosed) closed = true;
    if (completion.event != core::IoEvent::kReceived) return;
    const auto fed = cutter_.feed(completion.bytes, [this](Bytes frame) {
      frames.push_back(static_cast<wire::FrameType>(wire::frame_type(frame.data())));
      if (frames.back() == wire::FrameType::kWelcome)
        session = wire::WelcomeView::trusted(frame).session();
    });
    EXPECT_TRUE(fed.ok());
  }
  std::unique_ptr<core::Io> io_;
  core::ConnectionId connection_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(256);
  Bytes hello_;
  wire::SessionFrameCutter cutter_{wire::limits::kFrameBytesMax};
};

TEST(Server, P2_ServesSessionsAndSaysGoodbyeAtTheEnd) {
  auto server = Server::create(config(), 1);
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
  ServerConfig many = config();
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

TEST(Server, N7_APortInUseIsSaidAndDistinct) {
  auto first = Server::create(config(), 1);
  ASSERT_TRUE(first.ok());
  ServerConfig again = config();
  again.listen.port = (*first)->port();
  const auto second = Server::create(again, 1);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ServerError::Kind::kPortInUse);
  EXPECT_NE(second.error().text.find(std::to_string(again.listen.port)), std::string::npos)
      << second.error().text;
}

TEST(Server, EndsInTimeHoweverOftenItIsStarted) {
  for (int i = 0; i < 20; ++i) {
    auto server = Server::create(config(), static_cast<std::uint64_t>(i));
    ASSERT_TRUE(server.ok());
    (*server)->start();
    EXPECT_TRUE((*server)->stop());
  }
}

}  // namespace
}  // namespace cti::broker
