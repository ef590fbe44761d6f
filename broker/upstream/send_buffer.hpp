// send_buffer.hpp - what waits to be sent on one connection: one half fills while the other is on its way.
//
// Why      an Io takes one send at a time and wants the bytes left alone until it is done.
// Shape    two buffers of fixed size. claim/commit append to the filling one; pump() swaps them when none is in flight.
// Full     claim gives nothing: the caller refuses the request or drops the heartbeat, and counts it.
// Threads  one.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/io.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace cti::broker {

class SendBuffer {
 public:
  explicit SendBuffer(std::size_t bytes) : filling_(bytes), sending_(bytes) {}

  /// Room for `bytes` at the end of what waits; empty when there is none.
  [[nodiscard]] MutableBytes claim(std::size_t bytes) noexcept {
    if (filling_.size() - filled_ < bytes) return {};
    return MutableBytes(filling_).subspan(filled_, bytes);
  }
  /// Keeps the first `bytes` of the last claim.
  void commit(std::size_t bytes) noexcept {
    CTI_CHECK(bytes <= filling_.size() - filled_);
    filled_ += bytes;
  }

  /// Starts the next send when the connection can take one. Call once per turn.
  void pump(core::Io& io, core::ConnectionId connection) {
    if (in_flight_ || blocked_) return;
    if (sent_ == to_send_) {
      if (filled_ == 0) return;
      std::swap(filling_, sending_);
      to_send_ = filled_;
      filled_ = 0;
      sent_ = 0;
    }
    in_flight_ = true;
    io.send(connection, Bytes(sending_).subspan(sent_, to_send_ - sent_));
  }

  /// kSent. A short one waits for kWritable.
  void on_sent(std::size_t bytes) noexcept {
    in_flight_ = false;
    sent_ = std::min(sent_ + bytes, to_send_);
    blocked_ = sent_ < to_send_;
  }
  void on_writable() noexcept { blocked_ = false; }

  /// The connection has ended (kClosed): forget everything.
  void reset() noexcept { *this = SendBuffer(std::move(filling_), std::move(sending_)); }

  bool idle() const noexcept { return !in_flight_ && sent_ == to_send_ && filled_ == 0; }

 private:
  SendBuffer(std::vector<std::byte>&& filling, std::vector<std::byte>&& sending) noexcept
      : filling_(std::move(filling)), sending_(std::move(sending)) {}

  std::vector<std::byte> filling_;
  std::vector<std::byte> sending_;
  std::size_t filled_ = 0;
  std::size_t to_send_ = 0;
  std::size_t sent_ = 0;
  bool in_flight_ = false;
  bool blocked_ = false;
};

}  // namespace cti::broker
