// session_cutter.hpp - cuts the byte stream of a session into frames.
//
// Why      TCP keeps no boundaries: a frame may come in many pieces, and many frames in one.
// Shape    feed(chunk, on_frame) calls on_frame(Bytes) for each whole frame. A frame that lies wholly in the chunk is
//          handed over where it lies; only one that straddles two chunks is copied, once.
// Bounds   the length is judged as soon as its 4 bytes are there, before anything is kept; the buffer grows with the
//          bytes that have come, never by what a length claims, and gives big room back after the frame.
// Errors   a bad length is final: framing is lost, every later feed() says the same.
// Threads  one.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/base/result.hpp"
#include "wire/frame_prefix.hpp"
#include "wire/session_error.hpp"
#include "wire/session_limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace cti::wire {

class SessionFrameCutter {
 public:
  /// Refuses frames above `frame_bytes_max`. Keeps up to `retain_bytes` of buffer between straddling frames.
  explicit SessionFrameCutter(std::size_t frame_bytes_max = limits::kHelloBytesMax,
                              std::size_t retain_bytes = limits::kHelloBytesMax) noexcept
      : limit_(frame_bytes_max), retain_(retain_bytes) {}

  /// From the next frame on; may be called from on_frame (a Hello accepted raises the limit).
  void set_limit(std::size_t frame_bytes_max) noexcept { limit_ = frame_bytes_max; }

  /// on_frame(Bytes frame): the bytes are good until it returns. It may return bool: false drops what is left of the
  /// chunk (the session is being closed). The frame's length is right; the rest of it has not been looked at.
  template <class OnFrame>
  Result<void, SessionError> feed(Bytes chunk, OnFrame&& on_frame) {
    if (failed_) return Err{error_};
    if (!pending_.empty()) {
      if (!complete(chunk)) return outcome();
      const bool go_on = call(on_frame, Bytes(pending_));
      forget();
      if (!go_on) return {};
    }
    while (chunk.size() >= 4) {
      const std::size_t length = judged(chunk.data());
      if (failed_) return Err{error_};
      if (chunk.size() < length) break;
      if (!call(on_frame, chunk.first(length))) return {};
      chunk = chunk.subspan(length);
    }
    pending_.assign(chunk.begin(), chunk.end());
    CTI_CHECK(pending_.size() < std::max<std::size_t>(limit_, 4));  // less than a frame
    return {};
  }

  /// Bytes of a frame that is not complete yet; 0 between frames. What a deadline per message looks at.
  std::size_t pending() const noexcept { return pending_.size(); }
  /// Bytes held for this stream.
  std::size_t buffer_bytes() const noexcept { return pending_.capacity(); }

 private:
  template <class OnFrame>
  static bool call(OnFrame& on_frame, Bytes frame) {
    if constexpr (std::is_same_v<std::invoke_result_t<OnFrame&, Bytes>, bool>) {
      return on_frame(frame);
    } else {
      on_frame(frame);
      return true;
    }
  }

  Result<void, SessionError> outcome() const {
    if (failed_) return Err{error_};
    return {};
  }

  /// The frame's length when it is acceptable; else failed_ is set.
  std::size_t judged(const std::byte* start) noexcept {
    const std::size_t length = frame_length(start);
    if (length > limit_) {
      fail({SessionFault::kFrameTooLong, 0, static_cast<std::uint32_t>(limit_)});
    } else if (length < kPrefixBytes || length % 8 != 0) {
      fail({SessionFault::kFrameLengthWrong, 0, 0});
    }
    return length;
  }

  void fail(const SessionError& error) noexcept {
    failed_ = true;
    error_ = error;
    pending_.clear();
  }

  /// Moves bytes from the chunk behind the pending ones; true when they make a whole frame.
  bool complete(Bytes& chunk) {
    if (pending_.size() < 4) take(chunk, 4);
    if (pending_.size() < 4) return false;
    const std::size_t length = judged(pending_.data());
    if (failed_) return false;
    take(chunk, length);
    CTI_CHECK(pending_.size() <= length);
    return pending_.size() == length;
  }

  void take(Bytes& chunk, std::size_t up_to) {
    const std::size_t bytes = std::min(chunk.size(), up_to - pending_.size());
    pending_.insert(pending_.end(), chunk.begin(),
                    chunk.begin() + static_cast<std::ptrdiff_t>(bytes));
    chunk = chunk.subspan(bytes);
  }

  void forget() {
    pending_.clear();
    if (pending_.capacity() > retain_) pending_.shrink_to_fit();
  }

  std::size_t limit_;
  std::size_t retain_;
  std::vector<std::byte> pending_;
  bool failed_ = false;
  SessionError error_;
};

}  // namespace cti::wire
