#include "broker/translate/clean_text.hpp"

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

}  // namespace

std::string_view CleanTextRoom::rewrite(std::string_view text) noexcept {
  ++rewritten_;
  text = text.substr(0, kCleanTextBytesMax);
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) text = text.substr(0, nul);
  constexpr char kHex[] = "0123456789ABCDEF";
  char* const begin = room_ + used_;
  char* const end = room_ + kRoom;
  char* out = begin;
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
      *out++ = static_cast<char>(0xC0U | (byte >> 6U));
      *out++ = static_cast<char>(0x80U | (byte & 0x3FU));
    } else {
      *out++ = '\\';
      *out++ = 'x';
      *out++ = kHex[byte >> 4U];
      *out++ = kHex[byte & 15U];
    }
    text.remove_prefix(taken);
  }
  used_ = static_cast<std::size_t>(out - room_);
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace cti::broker
