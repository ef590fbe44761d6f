// hex.hpp - bytes from and to hex digits, as people paste them.
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cti::tools {

std::string to_hex(std::string_view bytes);
inline std::string to_hex(Bytes bytes) { return to_hex(as_text(bytes)); }

/// Blanks, commas, colons, dashes, quotes and brackets between digits are skipped, "0x" and "\x" before them too; "0x4"
/// is a byte. Nothing: another character, or a digit left over.
std::optional<std::string> from_hex(std::string_view text);

/// A line of a hex dump: its offset and its bytes; the column of characters at its end is left out.
struct DumpLine {
  std::size_t offset = 0;
  std::string bytes;
};

/// As xxd, hexdump -C, od -Ax -tx1 and text2pcap write it. Only an offset of `position` or 0 is believed to be one, since
/// plain hex may look the same.
std::optional<DumpLine> from_dump(std::string_view line, std::size_t position);

}  // namespace cti::tools
