// session_error.hpp - what is wrong with bytes of the session protocol: what, where, and which limit.
//
// The sender is always at fault: these bytes come from the other side of a session. The receiver answers with a
// kClose that carries the text, counts it, and ends the session; it never tries to go on behind a broken frame.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cti::wire {

enum class SessionFault : std::uint8_t {
  // Arguments
  kBlockTruncated = 1,  ///< fewer bytes than a block header needs
  kBlockLengthWrong,    ///< the length in the header is not the length of the block
  kBlockTooLong,        ///< limit: kArgumentsBytesMax
  kBlockFlagsUnknown,   ///< flags that this version does not know
  kEntryTruncated,      ///< an entry runs past its block
  kCountWrong,          ///< the number of entries is not the one announced
  kTooManyEntries,      ///< limit: kArgumentsEntriesMax
  kTooDeep,             ///< limit: kArgumentsDepthMax
  kTypeUnknown,         ///< no ArgType has this number
  kValueOutOfRange,     ///< the number does not fit its type
  kStringTooLong,       ///< limit: kStringBytesMax
  kKeyMissing,          ///< neither keyword nor own key
  kKeyTooLong,          ///< limit: kKeyBytesMax
  kKeyBad,              ///< an own key with outer blanks or control characters, or beside a keyword
  kKeyIsKeyword,        ///< an own key that spells a keyword: the keyword's id is the only form
  kKeyOrder,            ///< keys not in ascending order
  kKeyTwice,            ///< the same key twice
  kPaddingNotZero,      ///< bytes between the parts must be zero
  kBufferFull,          ///< writer only: the buffer given is too small; limit: its size
  // frames
  kFrameTruncated,       ///< shorter than the fixed part of its type
  kFrameTooLong,         ///< limit: what this side accepts at this moment
  kFrameLengthWrong,     ///< the length is not a multiple of 8, or not the length of the frame
  kFrameTypeUnexpected,  ///< another frame type than the one asked for
  kFrameTail,            ///< bytes behind the Arguments that are not padding
  kMagicWrong,           ///< Hello does not begin like one: another protocol talks
  kListTooLong,          ///< limit: kPositionsMax
};

struct [[nodiscard]] SessionError {
  SessionFault fault{};
  std::uint32_t offset = 0;  ///< byte, from the start of what was checked (the frame or the block)
  std::uint32_t limit = 0;   ///< the limit that was reached; 0 when the fault is not about a limit
  friend bool operator==(const SessionError&, const SessionError&) = default;
};

/// "kKeyTwice"; "?" for a number that is none.
std::string_view name_of(SessionFault fault) noexcept;

/// One sentence for people: "the same key twice, at byte 48".
std::string describe(const SessionError& error);

}  // namespace cti::wire
