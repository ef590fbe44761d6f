// server_client.hpp - a server without a CTI Server, and a blocking client for it, on real sockets.
#pragma once

#include "broker/server.hpp"
#include "core/epoll_io.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace cti::broker {

/// A server whose CTI Server is not there: sessions are served all the same, and told.
inline ServerConfig server_config() {
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
    const Bytes hello = writer.finish();
    unsent_.assign(hello.begin(), hello.end());
  }
  bool wait(const std::function<bool()>& condition, Nanos limit = Seconds{20}) {
    const TimePoint end = io_->now() + limit;
    while (!condition() && io_->now() < end) turn(std::min(end, io_->now() + Millis{50}));
    return condition();
  }
  /// What there is now, without waiting.
  void turn(TimePoint deadline = TimePoint{}) {
    std::array<core::Completion, 16> done;
    const std::size_t count = io_->wait(done, deadline);
    for (std::size_t i = 0; i < count; ++i) take(done[i]);
  }
  /// `count` requests for the desktop settings, in one piece: they need neither a mode nor a CTI Server.
  void ask_settings(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      wire::RequestWriter writer(
          buffer_, {.id = ++asked, .request = wire::RequestId::eGlobalSettingsDownloadRequest});
      const Bytes frame = writer.finish();
      unsent_.insert(unsent_.end(), frame.begin(), frame.end());
    }
    flush();
  }
  void subscribe_agent(std::string_view agent, std::uint32_t peripheral) {
    wire::SubscribeWriter writer(buffer_, {.id = 1, .mode = wire::SubscribeMode::kAgent}, {});
    writer.arguments().add_string(wire::Keyword::AgentID, agent);
    writer.arguments().add_uint(wire::Keyword::PeripheralID, peripheral);
    const Bytes frame = writer.finish();
    unsent_.insert(unsent_.end(), frame.begin(), frame.end());
    flush();
  }
  std::vector<wire::FrameType> frames;
  std::uint64_t session = 0;
  std::uint64_t asked = 0, confirmed = 0, refused = 0;
  bool closed = false;
  std::optional<wire::CloseReason> reason;  ///< of the goodbye that came

 private:
  void flush() {
    if (!connected_ || in_flight_ > 0 || full_ || closed || unsent_.empty()) return;
    sending_ = unsent_;
    in_flight_ = sending_.size();
    io_->send(connection_, sending_);
  }
  void take(const core::Completion& completion) {
    if (completion.event == core::IoEvent::kConnected) connected_ = true;
    if (completion.event == core::IoEvent::kClosed) closed = true;
    if (completion.event == core::IoEvent::kWritable) full_ = false;
    if (completion.event == core::IoEvent::kSent) {
      full_ = completion.sent < in_flight_;
      in_flight_ = 0;
      unsent_.erase(unsent_.begin(), unsent_.begin() + completion.sent);
    }
    flush();
    if (completion.event != core::IoEvent::kReceived) return;
    const auto fed = cutter_.feed(completion.bytes, [this](Bytes frame) { on_frame(frame); });
    EXPECT_TRUE(fed.ok());
  }
  void on_frame(Bytes frame) {
    frames.push_back(static_cast<wire::FrameType>(wire::frame_type(frame.data())));
    if (frames.back() == wire::FrameType::kWelcome)
      session = wire::WelcomeView::trusted(frame).session();
    if (frames.back() == wire::FrameType::kClose) reason = wire::CloseView::trusted(frame).reason();
    if (frames.back() != wire::FrameType::kReply) return;
    const bool yes = wire::ReplyView::trusted(frame).outcome() == wire::Outcome::kConfirmed;
    ++(yes ? confirmed : refused);
  }
  std::unique_ptr<core::Io> io_;
  core::ConnectionId connection_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(256);
  std::vector<std::byte> unsent_, sending_;
  std::size_t in_flight_ = 0;
  bool connected_ = false, full_ = false;
  wire::SessionFrameCutter cutter_{wire::limits::kFrameBytesMax};
};

}  // namespace cti::broker
