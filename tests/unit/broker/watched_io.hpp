// watched_io.hpp - an Io around an Io: what another thread does while its owner waits.
#pragma once

#include "core/io.hpp"

#include <functional>
#include <utility>

namespace cti::test {

class WatchedIo final : public core::Io {
 public:
  /// in_wait(deadline) is called at the beginning of each wait.
  WatchedIo(core::Io& inner, std::function<void(TimePoint)> in_wait)
      : inner_(inner), in_wait_(std::move(in_wait)) {}
  Result<core::ListenerId, core::IoError> listen(const core::Endpoint& at) override {
    return inner_.listen(at);
  }
  std::uint16_t local_port(core::ListenerId listener) const override {
    return inner_.local_port(listener);
  }
  void unlisten(core::ListenerId listener) override { inner_.unlisten(listener); }
  core::ConnectionId connect(const core::Endpoint& to) override { return inner_.connect(to); }
  void send(core::ConnectionId connection, Bytes bytes) override { inner_.send(connection, bytes); }
  void set_receiving(core::ConnectionId connection, bool on) override {
    inner_.set_receiving(connection, on);
  }
  void close(core::ConnectionId connection, core::CloseHow how) override {
    inner_.close(connection, how);
  }
  std::size_t wait(std::span<core::Completion> out, TimePoint deadline) override {
    in_wait_(deadline);
    return inner_.wait(out, deadline);
  }
  void wake() noexcept override { inner_.wake(); }
  TimePoint now() const noexcept override { return inner_.now(); }
  WallMillis wall() const noexcept override { return inner_.wall(); }
  core::Endpoint peer(core::ConnectionId connection) const override {
    return inner_.peer(connection);
  }
  int pollable_fd() const noexcept override { return inner_.pollable_fd(); }
  std::string_view backend() const noexcept override { return inner_.backend(); }
  const core::IoCounters& counters() const noexcept override { return inner_.counters(); }

 private:
  core::Io& inner_;
  const std::function<void(TimePoint)> in_wait_;
};

}  // namespace cti::test
