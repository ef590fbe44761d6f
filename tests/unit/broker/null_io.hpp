// null_io.hpp - an Io whose sockets take everything at once: what fan-out costs without a kernel.
//
// For benchmarks and for the test that counts allocations. Connections are made by accept(); what a client would send
// is handed in by receive(); every send is complete at the next wait(). No allocation once the vectors have grown.
#pragma once

#include "core/base/check.hpp"
#include "core/io.hpp"

#include <cstring>
#include <utility>
#include <functional>
#include <vector>

namespace cti::broker {

class NullIo : public core::Io {
 public:
  explicit NullIo(std::uint32_t connections) : generations_(connections, 1) {
    next_.reserve(std::size_t{connections} * 2);
    given_.reserve(std::size_t{connections} * 2);
  }

  core::ConnectionId accept(std::uint64_t address = 1) {
    const core::ConnectionId id{accepted_++, 1};
    CTI_CHECK(id.slot < generations_.size());
    next_.push_back({.event = core::IoEvent::kAccepted, .connection = id, .peer_address = address});
    return id;
  }
  /// The other side is gone.
  void hang_up(core::ConnectionId id) {
    next_.push_back({.event = core::IoEvent::kClosed, .connection = id});
  }
  /// The next connection in a slot that has been used.
  core::ConnectionId accept_again(core::ConnectionId id) {
    ++id.generation;
    next_.push_back({.event = core::IoEvent::kAccepted, .connection = id, .peer_address = 1});
    return id;
  }
  /// `bytes` must stay until the turn after next.
  void receive(core::ConnectionId id, Bytes bytes) {
    next_.push_back({.event = core::IoEvent::kReceived, .connection = id, .bytes = bytes});
  }

  std::uint64_t bytes_sent = 0;
  std::uint64_t sends = 0;
  std::uint64_t hash = 0;  ///< of the lengths sent: keeps the work from being thrown away
  TimePoint time{};
  bool touch = false;  ///< read one word per cache line of what is sent, as a kernel would at least

  Result<core::ListenerId, core::IoError> listen(const core::Endpoint&) override {
    return core::ListenerId{1};
  }
  std::uint16_t local_port(core::ListenerId) const override { return 1; }
  void unlisten(core::ListenerId) override {}
  core::ConnectionId connect(const core::Endpoint&) override { return {}; }
  void send(core::ConnectionId id, Bytes bytes) override {
    ++sends;
    bytes_sent += bytes.size();
    hash = hash * 31 + bytes.size();
    if (touch) {
      for (std::size_t at = 0; at + 8 <= bytes.size(); at += 64)
        hash += load_le<std::uint64_t>(bytes.data() + at);
    }
    next_.push_back({.event = core::IoEvent::kSent,
                     .connection = id,
                     .sent = static_cast<std::uint32_t>(bytes.size())});
  }
  void set_receiving(core::ConnectionId, bool) override {}
  void close(core::ConnectionId id, core::CloseHow) override {
    next_.push_back({.event = core::IoEvent::kClosed, .connection = id});
  }
  std::size_t wait(std::span<core::Completion> out, TimePoint) override {
    if (in_wait) in_wait();
    if (at_ == given_.size()) {
      given_.clear();
      at_ = 0;
      given_.swap(next_);
    }
    const std::size_t count = std::min(out.size(), given_.size() - at_);
    for (std::size_t i = 0; i < count; ++i) out[i] = given_[at_ + i];
    at_ += count;
    time = time + Nanos{1000};
    return count;
  }
  void wake() noexcept override {}
  TimePoint now() const noexcept override { return time; }
  WallMillis wall() const noexcept override { return {}; }
  core::Endpoint peer(core::ConnectionId) const override { return {}; }
  int pollable_fd() const noexcept override { return -1; }
  std::string_view backend() const noexcept override { return "null"; }
  const core::IoCounters& counters() const noexcept override { return counters_; }
  bool idle() const { return next_.empty() && at_ == given_.size(); }

  std::function<void()> in_wait;  ///< what another thread does meanwhile

 private:
  std::vector<std::uint32_t> generations_;
  std::vector<core::Completion> next_;
  std::vector<core::Completion> given_;
  std::size_t at_ = 0;
  std::uint32_t accepted_ = 0;
  core::IoCounters counters_;
};

}  // namespace cti::broker
