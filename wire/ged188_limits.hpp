// ged188_limits.hpp - versions, header widths and bounds of the CTI Server protocol.
//
// Source   the published message guide (versions 9 to 25) and what implementations agree on.
#pragma once

#include "core/base/limits.hpp"

#include <cstddef>
#include <cstdint>

namespace cti::wire::ged188 {

/// The protocol version of a connection: the VersionNumber of its OPEN_REQ. It fixes the width of floating headers
/// and the length of fixed parts for the whole connection. Versions below 9 are read as 9, above 25 as 25.
using Version = std::uint32_t;

inline constexpr Version kOldestVersion = 9;
inline constexpr Version kNewestVersion = 25;
inline constexpr Version kWideHeadersFrom = 20;

/// `until` of a field that is still in the newest version.
inline constexpr std::uint8_t kNoEnd = 255;

/// Bytes of a floating field's header, tag and length together: 1+1 up to version 19, 2+2 from 20.
constexpr unsigned floating_header_width(Version version) noexcept {
  return version >= kWideHeadersFrom ? 4U : 2U;
}

/// How forgiving a decoder is. Lenient: what the doubts of the schema advise, for peers that are old or sloppy.
/// Strict: what a strict CTI Server would refuse is refused, with the status code that it would answer.
enum class Strictness : std::uint8_t { kLenient, kStrict };

namespace limits {
inline constexpr std::size_t kHeaderBytes = cti::limits::kGedHeaderBytes;  ///< MHDR: length, type
inline constexpr std::size_t kMessageBytesMax =
    cti::limits::kGedMessageBytesMax;  ///< whole message with its header
inline constexpr std::size_t kBodyBytesMax = kMessageBytesMax - kHeaderBytes;
inline constexpr std::size_t kNamedDataBytesMax =
    cti::limits::kGedNamedDataBytesMax;  ///< all named variables and arrays of one message
inline constexpr std::size_t kNamedNameBytesMax = 33;    ///< with its NUL
inline constexpr std::size_t kNamedValueBytesMax = 211;  ///< with its NUL
inline constexpr std::size_t kNarrowFieldBytesMax =
    255;  ///< longest floating field up to version 19
static_assert(kMessageBytesMax <= 0xFFFF, "views keep lengths in 16 bits");
static_assert(kNarrowFieldBytesMax == 0xFF, "a 1+1 header says the length in a byte");
static_assert(1 + kNamedNameBytesMax + kNamedValueBytesMax <= kNarrowFieldBytesMax,
              "the longest named array element fits a field of version 19");
static_assert(kNamedDataBytesMax < kBodyBytesMax,
              "call data leaves room for the rest of a message");
}  // namespace limits

static_assert(kOldestVersion < kWideHeadersFrom && kWideHeadersFrom <= kNewestVersion);

}  // namespace cti::wire::ged188
