// hex.cpp - see hex.hpp.
#include "tools/wire/hex.hpp"

namespace cti::tools {

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  std::string bytes;
  int half = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == ':') continue;
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
      digit = (c | 32) - 'a' + 10;
    } else {
      return std::nullopt;
    }
    if (half < 0) {
      half = digit;
    } else {
      bytes += static_cast<char>(half << 4 | digit);
      half = -1;
    }
  }
  if (half >= 0) return std::nullopt;
  return bytes;
}

}  // namespace cti::tools
