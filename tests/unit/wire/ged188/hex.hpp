// hex.hpp - bytes from and to hex digits, for tests.
#pragma once

#include "core/base/bytes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cti::wire::ged188 {

/// Spaces are skipped.
inline std::vector<std::byte> from_hex(std::string_view text) {
  const auto digit = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
  };
  std::vector<std::byte> bytes;
  unsigned half = 0;
  bool second = false;
  for (const char c : text) {
    if (c == ' ') continue;
    if (second) bytes.push_back(static_cast<std::byte>(half << 4 | digit(c)));
    half = digit(c);
    second = !second;
  }
  return bytes;
}

inline std::string to_hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

}  // namespace cti::wire::ged188
