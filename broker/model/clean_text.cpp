// clean_text.cpp - the rewriting of texts that are not plain.
#include "broker/model/clean_text.hpp"

#include "core/base/check.hpp"

#include <array>

namespace cti::broker {
namespace {

/// Length of the valid UTF-8 sequence at the start of `text`, 0 when there is none.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  std::size_t length = 0;
  if (first >= 0xC2 && first <= 0xDF) length = 2;
  if (first >= 0xE0 && first <= 0xEF) length = 3;
  if (first >= 0xF0 && first <= 0xF4) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  // Overlong forms, surrogates and numbers above U+10FFFF.
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  // U+0080 .. U+009F are controls too: left to the Latin-1 branch, which escapes them.
  if (first == 0xC2 && byte(1) < 0xA0) return 0;
  return length;
}

/// Bytes 0x80 .. 0x9F of Windows-1252; 0: not assigned.
constexpr std::array<std::uint16_t, 32> kWindows1252{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};
static_assert(kWindows1252[0x80 - 0x80] == 0x20AC && kWindows1252[0x9F - 0x80] == 0x0178);
static_assert(kWindows1252[0x8D - 0x80] == 0 && kWindows1252[0x9D - 0x80] == 0);

/// `text` without a character that was cut off at its end. Only where UTF-8 stood before it: else it is no UTF-8.
std::string_view without_cut_tail(std::string_view text) noexcept {
  bool utf8 = false;
  for (std::string_view left = text; !left.empty();) {
    const auto first = static_cast<unsigned char>(left[0]);
    if (first < 0x80) {
      left.remove_prefix(1);
      continue;
    }
    if (const std::size_t length = utf8_length(left)) {
      utf8 = true;
      left.remove_prefix(length);
      continue;
    }
    const std::size_t wanted = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1;
    bool tail = left.size() < wanted;
    for (std::size_t i = 1; i < left.size() && tail; ++i)
      tail = (static_cast<unsigned char>(left[i]) & 0xC0U) == 0x80;
    // One byte alone may be a letter of Windows-1252; after other UTF-8, or with more bytes of its own, it is a tail.
    const bool cut = tail && (utf8 || left.size() > 1);
    CTI_CHECK(!cut || left.size() < 4);
    return cut ? text.substr(0, text.size() - left.size()) : text;
  }
  return text;
}

/// The character's UTF-8 form; how many bytes.
std::size_t put_utf8(char* out, std::uint32_t code) noexcept {
  CTI_CHECK(code >= 0x80 && code < 0x10000 && (code < 0xD800 || code > 0xDFFF));
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0U | (code >> 6U));
    out[1] = static_cast<char>(0x80U | (code & 0x3FU));
    return 2;
  }
  out[0] = static_cast<char>(0xE0U | (code >> 12U));
  out[1] = static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
  out[2] = static_cast<char>(0x80U | (code & 0x3FU));
  return 3;
}

}  // namespace

std::string_view CleanTextRoom::rewrite(std::string_view text) noexcept {
  ++rewritten_;
  text = text.substr(0, kCleanTextBytesMax);
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) text = text.substr(0, nul);
  text = without_cut_tail(text);
  constexpr char kHex[] = "0123456789ABCDEF";
  CTI_CHECK(used_ <= kRoom);
  char* const begin = room_ + used_;
  char* const end = room_ + kRoom;
  char* out = begin;
  CTI_CHECK(text.size() <= kCleanTextBytesMax);
  while (!text.empty() && end - out >= 4) {
    const auto byte = static_cast<unsigned char>(text[0]);
    std::size_t taken = 1;
    if (byte >= 0x20 && byte <= 0x7E) {
      *out++ = text[0];
    } else if (const std::size_t length = byte >= 0x80 ? utf8_length(text) : 0; length > 0) {
      std::memcpy(out, text.data(), length);
      out += length;
      taken = length;
    } else if (byte >= 0xA0) {
      out += put_utf8(out, byte);
    } else if (byte >= 0x80 && kWindows1252[byte - 0x80U] != 0) {
      out += put_utf8(out, kWindows1252[byte - 0x80U]);
    } else {
      *out++ = '\\';
      *out++ = 'x';
      *out++ = kHex[byte >> 4U];
      *out++ = kHex[byte & 15U];
    }
    text.remove_prefix(taken);
  }
  CTI_CHECK(out >= begin && out <= end);
  used_ = static_cast<std::size_t>(out - room_);
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace cti::broker
