// ged188_encode.cpp - writing messages. See ged188_encode.hpp.
#include "wire/ged188_encode.hpp"

#include "core/base/check.hpp"
#include "wire/ged188_strict.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cti::wire::ged188 {
namespace {

constexpr std::uint64_t in_each_byte(std::uint8_t value) noexcept {
  return ~std::uint64_t{0} / 255 * value;
}

/// Whether one of eight bytes is below 0x20 or is 0x7F.
constexpr bool has_control(std::uint64_t eight) noexcept {
  const std::uint64_t below = (eight - in_each_byte(0x20)) & ~eight;
  const std::uint64_t delete_is_zero = eight ^ in_each_byte(0x7F);
  const std::uint64_t deletes = (delete_is_zero - in_each_byte(1)) & ~delete_is_zero;
  return ((below | deletes) & in_each_byte(0x80)) != 0;
}

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

/// Short texts are the rule: no call to memcpy, the last bytes are looked at twice.
bool has_control(std::string_view text) noexcept {
  const std::byte* at = as_bytes(text).data();
  const std::byte* end = at + text.size();
  if (text.size() >= 8) {
    for (; end - at > 8; at += 8) {
      if (has_control(load_le<std::uint64_t>(at))) return true;
    }
    return has_control(load_le<std::uint64_t>(end - 8));
  }
  if (text.size() >= 4) {
    const std::uint64_t first = load_le<std::uint32_t>(at);
    return has_control(first << 32 | load_le<std::uint32_t>(end - 4));
  }
  return std::any_of(text.begin(), text.end(), is_control);
}

std::byte* append(std::byte* at, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  at[text.size()] = std::byte{0};
  return at + text.size() + 1;
}

}  // namespace

std::string_view name_of(EncodeErrorCode code) noexcept {
  switch (code) {
    case EncodeErrorCode::kBufferTooSmall:
      return "buffer too small";
    case EncodeErrorCode::kFrameTooLong:
      return "frame too long";
    case EncodeErrorCode::kFieldTooLong:
      return "field too long";
    case EncodeErrorCode::kFieldTwice:
      return "field twice";
    case EncodeErrorCode::kTextHasNul:
      return "NUL inside text";
    case EncodeErrorCode::kBadCharacter:
      return "bad character";
    case EncodeErrorCode::kTooManyEntries:
      return "too many entries";
    case EncodeErrorCode::kEntryIncomplete:
      return "entry incomplete";
    case EncodeErrorCode::kTooMuchNamedData:
      return "too much named data";
    case EncodeErrorCode::kRequiredMissing:
      return "required field missing";
    case EncodeErrorCode::kMessageNotForVersion:
      return "message not for this version";
    case EncodeErrorCode::kRefused:
      return "a strict server refuses it";
  }
  return "unknown error";
}

std::string EncodeError::text() const {
  std::string line(name_of(code));
  if (!field.empty()) line.append(": ").append(field);
  if (actual != 0 || limit != 0) {
    const bool at_most = code != EncodeErrorCode::kBadCharacter &&
                         code != EncodeErrorCode::kMessageNotForVersion &&
                         code != EncodeErrorCode::kRefused;
    line.append(", ").append(std::to_string(actual)).append(at_most ? " of at most " : ", limit ");
    line.append(std::to_string(limit));
  }
  if (status != 0) line.append(" (status ").append(std::to_string(status)).append(")");
  return line;
}

FrameWriter::FrameWriter(MutableBytes buffer, Version version, std::uint32_t message_type,
                         unsigned fixed_bytes, Version since) noexcept
    : buffer_(buffer.first(std::min(buffer.size(), limits::kMessageBytesMax))),
      version_(std::max(version, kOldestVersion)) {
  if (version_ < since) {
    fail(EncodeErrorCode::kMessageNotForVersion, {}, version_, since);
    return;
  }
  const std::size_t needed = limits::kHeaderBytes + fixed_bytes;
  if (needed > buffer_.size()) {
    fail(EncodeErrorCode::kBufferTooSmall, "fixed part", needed, buffer_.size());
    return;
  }
  CTI_CHECK(fixed_bytes <= limits::kBodyBytesMax);
  store_be(buffer_.data() + 4, message_type);
  std::memset(buffer_.data() + limits::kHeaderBytes, 0, fixed_bytes);
  fixed_bytes_ = static_cast<std::uint16_t>(fixed_bytes);
  used_ = needed;
}

void FrameWriter::fail(EncodeErrorCode code, std::string_view field, std::size_t actual,
                       std::size_t limit) noexcept {
  if (!error_) error_ = EncodeError{code, field, actual, limit};
}

/// Room for a field of `bytes`, its header written. Null: left out for this version, or an error.
std::byte* FrameWriter::open_field(const FieldTerms& terms, std::size_t bytes) noexcept {
  if (error_ || version_ < terms.since || version_ > terms.until) return nullptr;
  const unsigned header = floating_header_width(version_);
  const std::size_t longest =
      header == 2 ? std::min<std::size_t>(terms.max, limits::kNarrowFieldBytesMax) : terms.max;
  if (header == 2 && terms.tag > 255) return nullptr;  // the tag came with the wide headers
  if (bytes > longest) {
    fail(EncodeErrorCode::kFieldTooLong, terms.name, bytes, longest);
    return nullptr;
  }
  if (terms.index != FieldTerms::kRepeats) {
    CTI_CHECK(terms.index < 64);  // a bit of set_: the generator counts them
    const std::uint64_t bit = std::uint64_t{1} << terms.index;
    if ((set_ & bit) != 0) {
      fail(EncodeErrorCode::kFieldTwice, terms.name, 2, 1);
      return nullptr;
    }
    set_ |= bit;
  }
  CTI_CHECK(used_ >= limits::kHeaderBytes + fixed_bytes_);
  CTI_CHECK(used_ <= buffer_.size());
  if (buffer_.size() - used_ < header + bytes) {
    const bool protocol = buffer_.size() == limits::kMessageBytesMax;
    fail(protocol ? EncodeErrorCode::kFrameTooLong : EncodeErrorCode::kBufferTooSmall, terms.name,
         used_ + header + bytes, buffer_.size());
    return nullptr;
  }
  std::byte* at = buffer_.data() + used_;
  if (header == 2) {
    store_be(at, static_cast<std::uint8_t>(terms.tag));
    store_be(at + 1, static_cast<std::uint8_t>(bytes));
  } else {
    store_be(at, terms.tag);
    store_be(at + 2, static_cast<std::uint16_t>(bytes));
  }
  used_ += header + bytes;
  return at + header;
}

/// False: it cannot stand in a string, and the error says why.
bool FrameWriter::is_text(const FieldTerms& terms, std::string_view value) noexcept {
  const std::size_t other =
      terms.charset.empty() ? value.npos : value.find_first_not_of(terms.charset);
  if (other == value.npos && !has_control(value)) return true;
  if (error_ || version_ < terms.since || version_ > terms.until) return false;  // left out anyway
  const auto control = std::find_if(value.begin(), value.end(), is_control);
  const std::size_t at =
      other != value.npos ? other : static_cast<std::size_t>(control - value.begin());
  const bool nul = value[at] == '\0';
  fail(nul ? EncodeErrorCode::kTextHasNul : EncodeErrorCode::kBadCharacter, terms.name,
       nul ? value.size() : static_cast<unsigned char>(value[at]), at);
  return false;
}

void FrameWriter::text(const FieldTerms& terms, std::string_view value) noexcept {
  if (!is_text(terms, value)) return;
  if (std::byte* at = open_field(terms, value.size() + 1)) append(at, value);
}

void FrameWriter::raw(const FieldTerms& terms, Bytes value) noexcept {
  std::byte* at = open_field(terms, value.size());
  if (at != nullptr && !value.empty()) std::memcpy(at, value.data(), value.size());
}

/// Room for named data of `bytes`; the limits of name, value and the sum of values are checked here.
std::byte* FrameWriter::open_named(const FieldTerms& terms, std::string_view name,
                                   std::string_view value, std::size_t bytes) noexcept {
  if (!is_text(terms, name) || !is_text(terms, value)) return nullptr;
  if (name.size() + 1 > limits::kNamedNameBytesMax) {
    fail(EncodeErrorCode::kFieldTooLong, terms.name, name.size() + 1, limits::kNamedNameBytesMax);
  } else if (value.size() + 1 > limits::kNamedValueBytesMax) {
    fail(EncodeErrorCode::kFieldTooLong, terms.name, value.size() + 1, limits::kNamedValueBytesMax);
  } else if (named_bytes_ + value.size() > limits::kNamedDataBytesMax) {
    fail(EncodeErrorCode::kTooMuchNamedData, terms.name, named_bytes_ + value.size(),
         limits::kNamedDataBytesMax);
  }
  std::byte* at = open_field(terms, bytes);
  if (at != nullptr) named_bytes_ += value.size();
  return at;
}

void FrameWriter::named_variable(const FieldTerms& terms, std::string_view name,
                                 std::string_view value) noexcept {
  if (std::byte* at = open_named(terms, name, value, name.size() + value.size() + 2)) {
    append(append(at, name), value);
  }
}

void FrameWriter::named_array(const FieldTerms& terms, std::uint8_t index, std::string_view name,
                              std::string_view value) noexcept {
  if (std::byte* at = open_named(terms, name, value, name.size() + value.size() + 3)) {
    at[0] = std::byte{index};
    append(append(at + 1, name), value);
  }
}

void FrameWriter::begin_list(const CountTerms& terms, CountSlot& slot) noexcept {
  slot = {};
  if (terms.field.tag == 0) {
    if (terms.fixed_at + 2U <= fixed_bytes_)
      slot.at = static_cast<std::uint32_t>(limits::kHeaderBytes + terms.fixed_at);
    return;
  }
  if (std::byte* at = open_field(terms.field, sizeof(std::uint16_t))) {
    slot.at = static_cast<std::uint32_t>(at - buffer_.data());
    store_count(slot);
  }
}

void FrameWriter::begin_entry(const CountTerms& terms, CountSlot& slot, bool has_first) noexcept {
  if (error_) return;
  if (slot.at == 0 && terms.field.index != FieldTerms::kRepeats) begin_list(terms, slot);
  if (!has_first) return fail(EncodeErrorCode::kEntryIncomplete, terms.field.name, 0, 0);
  if (terms.max != 0 && slot.entries >= terms.max) {
    return fail(EncodeErrorCode::kTooManyEntries, terms.field.name, slot.entries + 1U, terms.max);
  }
  ++slot.entries;
  store_count(slot);
}

void FrameWriter::store_count(const CountSlot& slot) noexcept {
  CTI_CHECK(slot.at == 0 || slot.at >= limits::kHeaderBytes);
  CTI_CHECK(slot.at <= used_);
  if (slot.at != 0) store_be(buffer_.data() + slot.at, slot.entries);
}

Result<Bytes, EncodeError> FrameWriter::finish(std::uint64_t required,
                                               const FieldTerms* terms) noexcept {
  if (!error_ && (set_ & required) != required) {
    const int missing = std::countr_zero(required & ~set_);
    fail(EncodeErrorCode::kRequiredMissing, terms[missing].name, 0, 0);
  }
  if (error_) return Err{*error_};
  CTI_CHECK(named_bytes_ <= limits::kNamedDataBytesMax);
  CTI_CHECK(used_ >= limits::kHeaderBytes + fixed_bytes_);
  CTI_CHECK(used_ <= limits::kMessageBytesMax);
  store_be(buffer_.data(), static_cast<std::uint32_t>(used_ - limits::kHeaderBytes));
  return Bytes(buffer_.first(used_));
}

Result<Bytes, EncodeError> FrameWriter::finish_strict(std::uint64_t required,
                                                      const FieldTerms* terms) noexcept {
  const auto frame = finish(required, terms);
  if (!frame.ok()) return frame;
  const MessageRule* rule = find_message(load_be<std::uint32_t>(frame->data() + 4));
  if (rule == nullptr) return frame;
  const auto refused = check_strict(*rule, frame->subspan(limits::kHeaderBytes), version_);
  if (!refused) return frame;
  return Err{EncodeError{EncodeErrorCode::kRefused, refused->field, refused->actual, refused->limit,
                         refused->strict_status}};
}

}  // namespace cti::wire::ged188
