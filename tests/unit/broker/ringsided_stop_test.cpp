// ringsided_stop_test.cpp - the program is stopped for longer than all heartbeats, and nobody who is well is cut (P11).
#include "core/socket.hpp"
#include "tools/launch/child.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cti::tools {
namespace {

/// A client that says Hello and then speaks when it is asked.
class QuietClient {
 public:
  explicit QuietClient(std::uint16_t port) {
    const core::SocketAddress to = core::parse_address({"127.0.0.1", port});
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket_.get(), &to.any, to.length) != 0) socket_.reset();
    std::array<std::byte, 256> buffer;
    wire::HelloWriter hello(buffer, wire::HelloHeader{});
    send(hello.finish());
  }

  /// Reads until a frame of this type has come; false: another end, or the time is up.
  bool read_until(wire::FrameType type, Nanos at_most) {
    const TimePoint end = core::monotonic_now() + at_most;
    for (;;) {
      if (seen_.contains(type)) return true;
      const Nanos left = end - core::monotonic_now();
      pollfd watched{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      if (closed_ || left <= Nanos{0}) return false;
      ::poll(&watched, 1, static_cast<int>(left / Millis{1}) + 1);
      read_what_is_there();
    }
  }
  void forget() { seen_.clear(); }
  bool closed() const { return closed_ || seen_.contains(wire::FrameType::kClose); }
  void ask() {
    std::array<std::byte, wire::kPrefixBytes> buffer;
    send(wire::HeartbeatReqWriter(buffer, {.id = 1}).finish());
  }

 private:
  void send(Bytes bytes) { ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void read_what_is_there() {
    std::array<std::byte, 4096> buffer;
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) closed_ = true;
    if (got <= 0) return;
    const auto fed =
        cutter_.feed(Bytes(buffer).first(static_cast<std::size_t>(got)), [this](Bytes frame) {
          const auto type = static_cast<wire::FrameType>(wire::frame_type(frame.data()));
          seen_.insert(type);
          if (type != wire::FrameType::kHeartbeatReq) return;
          std::array<std::byte, wire::kPrefixBytes> answer;
          send(wire::HeartbeatConfWriter(answer, {.id = wire::frame_id(frame.data())}).finish());
        });
    ASSERT_TRUE(fed.ok());
  }

  core::Descriptor socket_;
  wire::SessionFrameCutter cutter_{wire::limits::kFrameBytesMax, wire::limits::kFrameBytesMax};
  std::set<wire::FrameType> seen_;
  bool closed_ = false;
};

TEST(RingsidedStop, P11_AfterAStopLongerThanAllHeartbeatsNobodyIsCutWithoutAFreshRound) {
  const std::string file = testing::TempDir() + "ringsided-stop-" + std::to_string(::getpid());
  std::ofstream(file) << "[sessions]\nheartbeat_s = 1\nheartbeat_retries = 1\n";
  auto child =
      Child::start({std::string(std::getenv("RINGSIDE_PROGRAMS")) + "/ringsided", "--config", file,
                    "--listen", "127.0.0.1:0", "--cti-server", "127.0.0.1:1"},
                   "/dev/null")
          .value();
  const auto ready = child->wait_for_line("ready", Seconds{60});
  ::unlink(file.c_str());
  ASSERT_TRUE(ready.has_value());
  const auto port = static_cast<std::uint16_t>(std::stoi(value_in(*ready, "port")));
  std::vector<std::unique_ptr<QuietClient>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(std::make_unique<QuietClient>(port));
  for (const auto& client : clients)
    ASSERT_TRUE(client->read_until(wire::FrameType::kWelcome, Seconds{30}));

  child->signal(SIGSTOP);
  EXPECT_FALSE(child->wait_for_exit(Millis{4000}).has_value());
  child->signal(SIGCONT);
  // Whoever answers when asked lives on: two rounds of questions.
  for (int round = 0; round < 2; ++round) {
    for (const auto& client : clients) {
      client->forget();
      client->ask();
    }
    for (const auto& client : clients) {
      EXPECT_TRUE(client->read_until(wire::FrameType::kHeartbeatConf, Seconds{10}));
      EXPECT_FALSE(client->closed());
    }
  }
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 0);
}

}  // namespace
}  // namespace cti::tools
