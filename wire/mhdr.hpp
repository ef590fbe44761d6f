// mhdr.hpp - the message header, and cutting a received byte stream into frames.
//
// Why      TCP delivers bytes, not messages: a chunk holds many frames, a part of one, or a frame's middle.
// Shape    frames are handed out where they lie in the chunk. Only a frame that straddles chunks is copied, into a
//          buffer that grows with the bytes that have really come, never by what a header claims.
// Bounds   a frame has at most limits::kMessageBytesMax bytes; a longer claim ends the stream (nobody can tell where
//          the next frame begins). An idle cutter keeps at most kKeepBytes of buffer.
// Threads  one cutter per connection, one thread.
// Source   MHDR: MessageLength and MessageType, 4 bytes each, big endian; the length does not count the header.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/base/result.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188_limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace cti::wire::ged188 {

/// One whole message. `body` is `whole` without its header. Valid during the callback only.
struct Frame {
  std::uint32_t message_type;
  Bytes body;
  Bytes whole;
};

/// The version that an OPEN_REQ asks for: it decides how the rest of that very message is written. Nothing when the
/// body is too short to say.
inline std::optional<Version> version_of_open_req(Bytes body) noexcept {
  if (body.size() < 8) return std::nullopt;
  return load_be<std::uint32_t>(body.data() + 4);
}

class FrameCutter {
 public:
  static constexpr std::size_t kKeepBytes = 512;

  /// Hands every frame that is now complete to `on_frame(const Frame&)`. It may return false to stop: the rest of the
  /// chunk is dropped, as fits a connection that is about to be closed. An error is final: later calls return it again.
  template <class OnFrame>
  Result<void, DecodeError> feed(Bytes chunk, OnFrame&& on_frame) {
    if (error_) return Err{*error_};
    if (held_ != 0 && !finish_held(chunk, on_frame)) return outcome();
    while (chunk.size() >= limits::kHeaderBytes) {
      const std::size_t length = load_be<std::uint32_t>(chunk.data());
      if (length > limits::kBodyBytesMax) return refuse(chunk.data());
      const std::size_t whole = limits::kHeaderBytes + length;
      if (chunk.size() < whole) break;
      if (!emit(chunk.first(whole), on_frame)) return {};
      chunk = chunk.subspan(whole);
    }
    if (!chunk.empty()) hold(chunk);
    return {};
  }

  /// Bytes of the frame that is not complete yet; 0 between frames.
  std::size_t held_bytes() const noexcept { return held_; }
  /// These bytes, for those who want to show what came of it. Valid until the next feed().
  Bytes held() const noexcept { return {buffer_.get(), held_}; }
  /// Bytes of buffer behind it: at most twice what has come, or kKeepBytes.
  std::size_t buffer_bytes() const noexcept { return capacity_; }

 private:
  template <class OnFrame>
  static bool emit(Bytes whole, OnFrame& on_frame) {
    const Frame frame{load_be<std::uint32_t>(whole.data() + 4), whole.subspan(limits::kHeaderBytes),
                      whole};
    if constexpr (std::is_void_v<std::invoke_result_t<OnFrame&, const Frame&>>) {
      on_frame(frame);
      return true;
    } else {
      return on_frame(frame);
    }
  }

  /// Takes from `chunk` what the held frame still needs. True: it was complete and has been handed out, go on.
  template <class OnFrame>
  bool finish_held(Bytes& chunk, OnFrame& on_frame) {
    take(chunk, limits::kHeaderBytes);
    if (held_ < limits::kHeaderBytes) return false;
    const std::size_t length = load_be<std::uint32_t>(buffer_.get());
    if (length > limits::kBodyBytesMax) return refuse(buffer_.get()).ok();
    const std::size_t whole = limits::kHeaderBytes + length;
    take(chunk, whole);
    if (held_ < whole) return false;
    CTI_CHECK(held_ == whole);  // take() stops at the frame's end
    const bool go_on = emit(Bytes(buffer_.get(), whole), on_frame);
    held_ = 0;
    if (capacity_ > kKeepBytes) {
      buffer_.reset();
      capacity_ = 0;
    }
    return go_on;
  }

  void take(Bytes& chunk, std::size_t until) {
    if (held_ >= until) return;
    const std::size_t bytes = std::min(until - held_, chunk.size());
    hold(chunk.first(bytes));
    chunk = chunk.subspan(bytes);
  }

  void hold(Bytes bytes) {
    if (bytes.empty()) return;
    const std::size_t needed = held_ + bytes.size();
    CTI_CHECK(needed <= limits::kMessageBytesMax);
    if (needed > capacity_) {
      const std::size_t wanted =
          std::max<std::size_t>(64, std::min(2 * needed, limits::kMessageBytesMax));
      auto larger = std::make_unique<std::byte[]>(wanted);
      if (held_ != 0) std::memcpy(larger.get(), buffer_.get(), held_);
      buffer_ = std::move(larger);
      capacity_ = wanted;
    }
    CTI_CHECK(needed <= capacity_);
    std::memcpy(buffer_.get() + held_, bytes.data(), bytes.size());
    held_ = needed;
  }

  [[gnu::cold]] Result<void, DecodeError> refuse(const std::byte* header) {
    DecodeError error;
    error.code = DecodeErrorCode::kFrameTooLong;
    error.actual = load_be<std::uint32_t>(header);
    error.limit = limits::kBodyBytesMax;
    error.message_type = load_be<std::uint32_t>(header + 4);
    error.strict_status = 2;  // StatusCode::kInvalidMessageLength
    error_ = error;
    buffer_.reset();
    held_ = capacity_ = 0;
    return Err{error};
  }

  Result<void, DecodeError> outcome() const {
    if (error_) return Err{*error_};
    return {};
  }

  std::unique_ptr<std::byte[]> buffer_;
  std::size_t held_ = 0;
  std::size_t capacity_ = 0;
  std::optional<DecodeError> error_;
};

}  // namespace cti::wire::ged188
