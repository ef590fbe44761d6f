// frame_prefix.hpp - what all frames of the session protocol share: the prefix, the check, the writer.
//
// The frames themselves are generated from wire/session.json into session_frame.hpp. Layout of a frame:
//   prefix (16 bytes) | fixed fields | list of positions (kSubscribe only) | Arguments (most) | 0 or 4 zero bytes
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "wire/arguments.hpp"
#include "wire/session_error.hpp"
#include "wire/session_limits.hpp"

#include <cstdint>

namespace cti::wire {

inline constexpr std::size_t kPrefixBytes = 16;
inline constexpr std::size_t kPositionBytes = 24;

static_assert(kPrefixBytes % 8 == 0 && kPositionBytes % 8 == 0, "frames are padded to 8 bytes");
static_assert(limits::kPositionsMax * kPositionBytes + 64 <= limits::kHelloBytesMax,
              "a Subscribe with every position is no longer than the shortest frame limit");

/// A place in the log of one peripheral gateway: everything up to and with `sequence` has been seen.
struct Position {
  std::uint64_t lineage = 0;  ///< which memory the log has; new after both servers lost theirs
  std::uint32_t epoch = 0;    ///< which reign of a sequencer
  std::uint32_t peripheral_id = 0;  ///< whose log
  std::uint64_t sequence = 0;       ///< the last record seen; 0: none
  friend bool operator==(const Position&, const Position&) = default;
};

Position load_position(const std::byte* at) noexcept;
void store_position(std::byte* at, const Position& position) noexcept;

/// Reads the prefix; the caller has at least kPrefixBytes.
inline std::uint32_t frame_length(const std::byte* frame) noexcept {
  return load_le<std::uint32_t>(frame);
}
inline std::uint16_t frame_type(const std::byte* frame) noexcept {
  return load_le<std::uint16_t>(frame + 4);
}
inline std::uint16_t frame_flags(const std::byte* frame) noexcept {
  return load_le<std::uint16_t>(frame + 6);
}
inline std::uint64_t frame_id(const std::byte* frame) noexcept {
  return load_le<std::uint64_t>(frame + 8);
}

/// How a frame type is laid out, for check_frame().
struct FrameShape {
  std::uint16_t type = 0;
  std::uint16_t also = 0;      ///< another type with the same layout; 0: none
  std::uint16_t fixed = 0;     ///< bytes up to the list or the Arguments
  std::uint16_t count_at = 0;  ///< offset of the number of positions; 0: no list
  bool has_arguments = false;
};

/// Checks a foreign frame down to its last byte; gives the offset of its Arguments (its end when it has none).
Result<std::uint32_t, SessionError> check_frame(Bytes frame, const FrameShape& shape) noexcept;
/// The same offset without the check.
std::uint32_t arguments_offset(const std::byte* frame, const FrameShape& shape) noexcept;

/// Base of the generated writers: fixed part at construction, Arguments through arguments(), finish() last.
class FrameWriter {
 public:
  /// Add to it before finish(); its errors are the frame's.
  ArgumentsWriter& arguments() noexcept { return arguments_; }
  bool ok() const noexcept { return arguments_.ok(); }
  const SessionError& error() const noexcept { return arguments_.error(); }

 protected:
  FrameWriter(MutableBytes buffer, const FrameShape& shape, std::uint32_t list_bytes) noexcept;
  Bytes finish_frame() noexcept;
  /// Null when the buffer is too small for the fixed part.
  std::byte* at(std::size_t offset) noexcept { return start_ ? start_ + offset : nullptr; }

 private:
  std::byte* start_;
  std::uint32_t head_;
  bool has_arguments_;
  ArgumentsWriter arguments_;
};

}  // namespace cti::wire
