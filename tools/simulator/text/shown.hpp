// shown.hpp - text that others wrote (files, callers, clients) as a person may read it on a terminal.
//
// Rule     control characters (C1 and DEL too) and bytes that are no UTF-8 become \xNN; all else stays. What is shown once is
//          shown the same again.
// Lines    a line feed stays only with kLines: for reports of several lines of ours, whose parts have been shown before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cti::simulator {

enum class LineFeeds : std::uint8_t { kEscaped, kLines };

/// The length of the UTF-8 character in front, 0 when there is none or it controls a terminal.
inline std::size_t shown_as_it_is(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  const std::size_t size = lead < 0xC2   ? 0
                           : lead < 0xE0 ? 2
                           : lead < 0xF0 ? 3
                           : lead < 0xF5 ? 4
                                         : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = at(1);
  const bool c1 = lead == 0xC2 && second < 0xA0;
  const bool too_long = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool no_character = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  return c1 || too_long || no_character ? 0 : size;
}

inline std::string shown(std::string_view text, LineFeeds line_feeds = LineFeeds::kEscaped) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const bool line_feed = text[0] == '\n' && line_feeds == LineFeeds::kLines;
    const std::size_t size = line_feed ? 1 : shown_as_it_is(text);
    if (size == 0) {
      const auto byte = static_cast<unsigned char>(text[0]);
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
    out += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace cti::simulator
