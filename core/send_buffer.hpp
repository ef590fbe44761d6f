// send_buffer.hpp - what waits to be sent on one connection: one half fills while the other is on its way.
//
// Why      an Io takes one send at a time, wants the bytes left alone until it is done, and may take a part of them only.
// Shape    two buffers. claim/commit, append and insert add to the filling one; pump() swaps them when none is in flight.
// Bound    `bytes_max` of each half: what waits is never more, what is in flight was waiting before. kAtStart sets both aside
//          at once (nothing is allocated later); kGrows lets them grow as far as they are needed.
// Full     claim gives nothing, append says false: the caller refuses the request, drops the heartbeat or cuts the peer.
// Life     a connection that has ended while a send was in flight: reset() when kClosed has come, not before (the Io still
//          reads the bytes). Whoever begins the next connection earlier moves the old buffer away and keeps it until then.
// Threads  one.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/io.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace cti::core {

class SendBuffer {
 public:
  enum class Memory : std::uint8_t { kAtStart, kGrows };

  explicit SendBuffer(std::size_t bytes_max, Memory memory = Memory::kAtStart)
      : bytes_max_(bytes_max) {
    CTI_CHECK(bytes_max > 0);
    if (memory == Memory::kGrows) return;
    filling_.resize(bytes_max);
    sending_.resize(bytes_max);
  }

  /// Room for `bytes` at the end of what waits; empty when there is none. Until commit or the next call here.
  [[nodiscard]] MutableBytes claim(std::size_t bytes) {
    if (bytes > bytes_max_ - filled_) return {};
    make_room(filled_ + bytes);
    return MutableBytes(filling_).subspan(filled_, bytes);
  }
  /// Keeps the first `bytes` of the last claim.
  void commit(std::size_t bytes) noexcept {
    CTI_CHECK(bytes <= filling_.size() - filled_);
    filled_ += bytes;
    invariants();
  }
  /// False: it does not fit, nothing is kept of it.
  [[nodiscard]] bool append(Bytes bytes) { return insert(filled_, bytes); }
  /// The same, before all that waits from `at` on: a waiting() of since the last pump().
  [[nodiscard]] bool insert(std::size_t at, Bytes bytes) {
    CTI_CHECK(at <= filled_);
    if (bytes.size() > bytes_max_ - filled_) return false;
    make_room(filled_ + bytes.size());
    const auto begin = filling_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = filling_.begin() + static_cast<std::ptrdiff_t>(filled_);
    std::copy_backward(begin, end, end + static_cast<std::ptrdiff_t>(bytes.size()));
    std::copy(bytes.begin(), bytes.end(), begin);
    filled_ += bytes.size();
    invariants();
    return true;
  }

  /// Starts the next send when the connection can take one; false: nothing was started. Call once per turn.
  bool pump(Io& io, ConnectionId connection) {
    if (in_flight_ || full_) return false;
    if (sent_ == to_send_) {
      if (filled_ == 0) return false;
      std::swap(filling_, sending_);
      to_send_ = std::exchange(filled_, 0);
      sent_ = 0;
    }
    in_flight_ = true;
    invariants();
    io.send(connection, Bytes(sending_).subspan(sent_, to_send_ - sent_));
    return true;
  }

  /// kSent. A short one waits for kWritable.
  void on_sent(std::size_t bytes) noexcept {
    CTI_CHECK(in_flight_ && bytes <= to_send_ - sent_);
    in_flight_ = false;
    sent_ += bytes;
    full_ = sent_ < to_send_;
    invariants();
  }
  void on_writable() noexcept { full_ = false; }

  /// The connection has ended (kClosed): forget everything.
  void reset() noexcept {
    filled_ = to_send_ = sent_ = 0;
    in_flight_ = full_ = false;
    invariants();
  }

  /// Nothing waits and nothing is in flight.
  bool idle() const noexcept { return !in_flight_ && sent_ == to_send_ && filled_ == 0; }
  bool in_flight() const noexcept { return in_flight_; }
  /// What the Io has now; empty when nothing is in flight.
  Bytes bytes_in_flight() const noexcept {
    return in_flight_ ? Bytes(sending_).subspan(sent_, to_send_ - sent_) : Bytes{};
  }
  /// Bytes that the peer's socket has not taken yet.
  std::size_t unsent() const noexcept { return to_send_ - sent_ + filled_; }
  /// Of them, those that wait behind the send in flight.
  std::size_t waiting() const noexcept { return filled_; }

 private:
  void make_room(std::size_t bytes) {
    CTI_CHECK(bytes <= bytes_max_);
    if (filling_.size() < bytes)
      filling_.resize(std::min(bytes_max_, std::max(bytes, 2 * filling_.size())));
  }
  void invariants() const noexcept {
    CTI_CHECK(filled_ <= filling_.size() && filling_.size() <= bytes_max_);
    CTI_CHECK(sent_ <= to_send_);
    CTI_CHECK(to_send_ <= sending_.size());
    CTI_CHECK(!in_flight_ || sent_ < to_send_);
    CTI_CHECK(!(in_flight_ && full_));
  }

  std::size_t bytes_max_;
  std::vector<std::byte> filling_;
  std::vector<std::byte> sending_;
  std::size_t filled_ = 0;   // of filling_
  std::size_t to_send_ = 0;  // of sending_
  std::size_t sent_ = 0;     // of to_send_
  bool in_flight_ = false;
  bool full_ = false;
};

}  // namespace cti::core
