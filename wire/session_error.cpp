// session_error.cpp - the texts of SessionFault.
#include "wire/session_error.hpp"

namespace cti::wire {
namespace {

struct Text {
  std::string_view name;
  std::string_view sentence;
};

constexpr Text kTexts[] = {
    {"?", "unknown fault"},
    {"kBlockTruncated", "Arguments end inside their header"},
    {"kBlockLengthWrong", "the length of the Arguments is wrong"},
    {"kBlockTooLong", "the Arguments are too long"},
    {"kBlockFlagsUnknown", "unknown flags in the Arguments"},
    {"kEntryTruncated", "an entry runs past the end of its Arguments"},
    {"kCountWrong", "the number of entries is not the one announced"},
    {"kTooManyEntries", "too many entries"},
    {"kTooDeep", "Arguments are nested too deep"},
    {"kTypeUnknown", "unknown value type"},
    {"kValueOutOfRange", "the number does not fit its type"},
    {"kStringTooLong", "the string is too long"},
    {"kKeyMissing", "an entry without a key"},
    {"kKeyTooLong", "the key is too long"},
    {"kKeyBad", "a key with outer blanks or control characters"},
    {"kKeyIsKeyword", "a keyword spelled out as text"},
    {"kKeyOrder", "keys out of order"},
    {"kKeyTwice", "the same key twice"},
    {"kPaddingNotZero", "padding that is not zero"},
    {"kBufferFull", "the buffer is full"},
    {"kFrameTruncated", "the frame ends inside its fixed part"},
    {"kFrameTooLong", "the frame is too long"},
    {"kFrameLengthWrong", "the length of the frame is wrong"},
    {"kFrameTypeUnexpected", "another frame type was expected"},
    {"kFrameTail", "bytes behind the Arguments"},
    {"kMagicWrong", "this is not the session protocol"},
    {"kListTooLong", "the list is too long"},
};
static_assert(std::size(kTexts) == static_cast<std::size_t>(SessionFault::kListTooLong) + 1);

static_assert(kTexts[static_cast<std::size_t>(SessionFault::kBufferFull)].name == "kBufferFull");
static_assert(kTexts[static_cast<std::size_t>(SessionFault::kFrameTail)].name == "kFrameTail",
              "the table stands in the order of the enumerators");

const Text& text_of(SessionFault fault) noexcept {
  const auto index = static_cast<std::size_t>(fault);
  return kTexts[index < std::size(kTexts) ? index : 0];
}

}  // namespace

std::string_view name_of(SessionFault fault) noexcept { return text_of(fault).name; }

std::string describe(const SessionError& error) {
  std::string text{text_of(error.fault).sentence};
  text += ", at byte " + std::to_string(error.offset);
  if (error.limit != 0) text += ", limit " + std::to_string(error.limit);
  return text;
}

}  // namespace cti::wire
