// session_limits.hpp - the bounds of Arguments and of the session protocol. Their numbers stand in core/base/limits.hpp.
//
// Every decoder of this protocol checks them before it reads on, every writer before it writes. They are part of the
// protocol (wire/SESSION_PROTOCOL.md); a tighter one may be configured, a wider one needs a new protocol version.
#pragma once

#include "core/base/limits.hpp"

#include <cstddef>
#include <cstdint>

namespace cti::wire::limits {

/// A whole Arguments block, nested ones included.
inline constexpr std::size_t kArgumentsBytesMax = cti::limits::kArgumentsBytesMax;
/// Blocks inside one another; the outermost counts as 1.
inline constexpr std::uint32_t kArgumentsDepthMax = cti::limits::kArgumentsDepthMax;
/// Entries of a block and of everything nested in it, together.
inline constexpr std::uint32_t kArgumentsEntriesMax = cti::limits::kArgumentsEntriesMax;
/// An own key, after trimming. At least 1.
inline constexpr std::size_t kKeyBytesMax = cti::limits::kKeyBytesMax;
inline constexpr std::size_t kStringBytesMax = cti::limits::kStringBytesMax;

/// A frame to a client, to a peer or in the log.
inline constexpr std::size_t kFrameBytesMax = cti::limits::kFrameBytesMax;
/// A frame from a client that has been welcomed, and from one that has not.
inline constexpr std::size_t kClientFrameBytesMax = cti::limits::kClientFrameBytesMax;
inline constexpr std::size_t kHelloBytesMax = cti::limits::kHelloBytesMax;
/// Resume positions in one kSubscribe: one per peripheral gateway.
inline constexpr std::uint32_t kPositionsMax = cti::limits::kPositionsMax;

static_assert(kArgumentsBytesMax + 64 <= kFrameBytesMax,
              "an update with the largest Arguments fits a frame");
static_assert(kHelloBytesMax <= kClientFrameBytesMax && kClientFrameBytesMax <= kFrameBytesMax,
              "a session's limit rises when it is welcomed");
static_assert(kFrameBytesMax % 8 == 0 && kClientFrameBytesMax % 8 == 0 && kHelloBytesMax % 8 == 0,
              "frames are padded to 8 bytes");
static_assert(kArgumentsEntriesMax * 8 <= kArgumentsBytesMax,
              "the entry limit can be reached within the byte limit");

}  // namespace cti::wire::limits
