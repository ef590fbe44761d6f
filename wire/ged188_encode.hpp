// ged188_encode.hpp - writing one CTI Server message into a buffer of the caller.
//
// Why      a message that we send must be one that a strict peer accepts: lengths, maxima, counts and required fields
//          are checked here, once, and not by everybody who sends.
// Shape    FrameWriter leaves room for the header, writes the fixed part, appends floating fields, and finish() puts
//          counts and, last of all, MessageLength in place: one contiguous frame. The generated encoders give every
//          field its name and its type.
// Errors   the first one sticks; later calls do nothing; finish() returns it.
// Versions fields that the version does not have are left out silently, so that one call fits all connections; messages
//          that it does not have are refused. Below 9 is written as 9.
// Cost     no allocation; a field is a bounds check, a header and a memcpy.
// Text     control bytes, and letters in a field of digits, are refused; bytes above 127 go through, since call data is
//          Latin-1 or UTF-8 in the field, whatever the guide says. Nothing is ever cut: what is too long is refused, also
//          what only the 1+1 headers of version 19 and before are too short for.
// Numbers  are written as they are given: a newer peer's values and mask bits are not ours to judge. Who wants a message
//          that the strictest CTI Server accepts ends it with finish_strict(), which looks at numbers and at bytes above
//          127 as well; it allocates and takes microseconds.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "wire/ged188_limits.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace cti::wire::ged188 {

enum class EncodeErrorCode : std::uint8_t {
  kBufferTooSmall,  ///< The caller's buffer ends before the message does.
  kFrameTooLong,    ///< The message would pass limits::kMessageBytesMax.
  kFieldTooLong,    ///< Longer than the field may be, or than a 1+1 header can say.
  kFieldTwice,      ///< A single field was set twice.
  kTextHasNul,      ///< A NUL inside a string, name or value.
  kBadCharacter,    ///< A control byte in a text, or another character than the field may have.
  kTooManyEntries,  ///< More entries than the list may have.
  kEntryIncomplete,  ///< A list entry without its first field, or a nested entry before any outer one.
  kTooMuchNamedData,      ///< Named variables and arrays together above their limit.
  kRequiredMissing,       ///< A required field was not set.
  kMessageNotForVersion,  ///< The message came with a later version than the connection's.
  kRefused,               ///< finish_strict(): a strict CTI Server would answer `status`.
};
std::string_view name_of(EncodeErrorCode code) noexcept;

struct EncodeError {
  EncodeErrorCode code = EncodeErrorCode::kBufferTooSmall;
  std::string_view field = {};  ///< the guide's name; static storage
  std::size_t actual = 0;
  std::size_t limit = 0;
  std::uint32_t status = 0;  ///< of kRefused: the GED-188 StatusCode
  std::string text() const;
};

/// What the encoder must know of a floating field. Generated constants.
struct FieldTerms {
  std::string_view name;
  std::uint16_t tag;
  std::uint16_t max;  ///< bytes, a string's NUL included
  std::uint8_t since;
  std::uint8_t until;
  std::uint8_t index;             ///< bit for "set already"; kRepeats: may come again
  std::string_view charset = {};  ///< the only characters allowed; empty: all but control bytes
  static constexpr std::uint8_t kRepeats = 255;
};

/// What the encoder must know of a list's count.
struct CountTerms {
  FieldTerms field;        ///< of a floating count; tag 0: the count is a fixed field
  std::uint16_t fixed_at;  ///< offset of a fixed count in the body
  std::uint16_t max;       ///< entries; 0: bounded by the frame only
};

/// Where a count stands and how far it has come. One per list of an encoder.
struct CountSlot {
  std::uint32_t at = 0;  ///< offset in the frame; 0: not written
  std::uint16_t entries = 0;
};

class FrameWriter {
 public:
  /// Starts a frame in `buffer`, with `fixed_bytes` zeroed bytes of fixed part. `since`: the message's first version.
  FrameWriter(MutableBytes buffer, Version version, std::uint32_t message_type,
              unsigned fixed_bytes, Version since = 0) noexcept;

  Version version() const noexcept { return version_; }
  bool ok() const noexcept { return !error_.has_value(); }

  /// Fixed field at `offset` of the body; nothing happens when this version has no such field.
  template <class T>
  void fixed(unsigned offset, T value) noexcept {
    if (offset + sizeof(T) > fixed_bytes_) return;
    store_be(buffer_.data() + limits::kHeaderBytes + offset,
             static_cast<std::make_unsigned_t<T>>(value));
  }

  /// Floating fields. All check version, length, repetition and room.
  void text(const FieldTerms& terms, std::string_view value) noexcept;
  void raw(const FieldTerms& terms, Bytes value) noexcept;
  template <class T>
  void number(const FieldTerms& terms, T value) noexcept {
    if (std::byte* at = open_field(terms, sizeof(T)))
      store_be(at, static_cast<std::make_unsigned_t<T>>(value));
  }
  void named_variable(const FieldTerms& terms, std::string_view name,
                      std::string_view value) noexcept;
  void named_array(const FieldTerms& terms, std::uint8_t index, std::string_view name,
                   std::string_view value) noexcept;

  /// Entries of lists. begin_list writes a floating count, 0 for now (a nested one for every outer entry); begin_entry
  /// counts one more and checks the maximum; has_first says whether the entry's first field is set.
  void begin_list(const CountTerms& terms, CountSlot& slot) noexcept;
  void begin_entry(const CountTerms& terms, CountSlot& slot, bool has_first) noexcept;

  /// Puts MessageLength in place. `required` has a bit for every index that must have been set; `terms` names them.
  Result<Bytes, EncodeError> finish(std::uint64_t required, const FieldTerms* terms) noexcept;

  /// The same, and the frame is one that a strict CTI Server accepts (check_strict).
  Result<Bytes, EncodeError> finish_strict(std::uint64_t required,
                                           const FieldTerms* terms) noexcept;

  void fail(EncodeErrorCode code, std::string_view field, std::size_t actual,
            std::size_t limit) noexcept;

 private:
  std::byte* open_field(const FieldTerms& terms, std::size_t bytes) noexcept;
  bool is_text(const FieldTerms& terms, std::string_view value) noexcept;
  std::byte* open_named(const FieldTerms& terms, std::string_view name, std::string_view value,
                        std::size_t bytes) noexcept;
  void store_count(const CountSlot& slot) noexcept;

  MutableBytes buffer_;
  std::size_t used_ = 0;  ///< bytes written, header included
  std::uint64_t set_ = 0;
  std::size_t named_bytes_ = 0;
  Version version_;
  std::uint16_t fixed_bytes_ = 0;
  std::optional<EncodeError> error_;
};

}  // namespace cti::wire::ged188
