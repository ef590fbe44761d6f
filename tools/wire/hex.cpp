// hex.cpp - see hex.hpp.
#include "tools/wire/hex.hpp"

namespace cti::tools {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kBetween = " \t\r\f,;:-_\"'[](){}";
constexpr std::size_t kDumpBytes = 16;  ///< from here on two blanks begin the column of characters

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 32);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::size_t digits_of(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && digit_of(text[digits]) >= 0) ++digits;
  return digits;
}

bool is_prefix(std::string_view text) {
  return text.size() > 1 && (text[0] == '0' || text[0] == '\\') && (text[1] | 32) == 'x';
}

std::size_t blanks_of(std::string_view text) {
  const std::size_t end = text.find_first_not_of(kBlanks);
  return end == std::string_view::npos ? text.size() : end;
}

/// The offset that a dump line begins with, and what follows it.
std::optional<std::size_t> take_offset(std::string_view& rest) {
  rest.remove_prefix(blanks_of(rest));
  if (is_prefix(rest)) rest.remove_prefix(2);
  const std::size_t digits = digits_of(rest);
  if (digits < 4 || digits > 12) return std::nullopt;
  std::size_t offset = 0;
  for (const char c : rest.substr(0, digits))
    offset = offset << 4 | static_cast<std::size_t>(digit_of(c));
  rest.remove_prefix(digits);
  const bool colon = rest.starts_with(':');
  if (colon) rest.remove_prefix(1);
  const std::size_t blanks = blanks_of(rest);
  if (blanks == rest.size()) return offset;  // the last line of a dump: where it ends
  const bool pairs = digits_of(rest.substr(blanks)) == 2;
  if (!colon && blanks < 2 && !(digits >= 6 && pairs)) return std::nullopt;
  return offset;
}

}  // namespace

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
  bool prefixed = false;  // this run of digits stands behind "0x"
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const int digit = digit_of(c);
    if (half < 0 && is_prefix(text.substr(at))) {
      prefixed = true;
      ++at;
    } else if (digit >= 0) {
      if (half >= 0) bytes += static_cast<char>(half << 4 | digit);
      half = half >= 0 ? -1 : digit;
    } else if (kBetween.find(c) != std::string_view::npos) {
      if (half >= 0 && prefixed) {
        bytes += static_cast<char>(half);
        half = -1;
      }
      prefixed = false;
    } else {
      return std::nullopt;
    }
  }
  if (half >= 0 && !prefixed) return std::nullopt;
  if (half >= 0) bytes += static_cast<char>(half);
  return bytes;
}

std::optional<DumpLine> from_dump(std::string_view line, std::size_t position) {
  const auto offset = take_offset(line);
  if (!offset || (*offset != 0 && *offset != position)) return std::nullopt;
  DumpLine dump{*offset, {}};
  if (line.find_first_not_of(kBlanks) == std::string_view::npos && position != 0) return dump;
  for (;;) {
    const std::size_t blanks = blanks_of(line);
    line.remove_prefix(blanks);
    if (blanks > 2 && !dump.bytes.empty()) break;
    if (blanks > 1 && dump.bytes.size() >= kDumpBytes) break;
    const std::size_t digits = digits_of(line);
    const bool ends = digits == line.size() || kBlanks.find(line[digits]) != std::string_view::npos;
    if (digits == 0 || digits % 2 != 0 || !ends) break;
    dump.bytes += *from_hex(line.substr(0, digits));
    line.remove_prefix(digits);
  }
  if (dump.bytes.empty()) return std::nullopt;
  return dump;
}

}  // namespace cti::tools
