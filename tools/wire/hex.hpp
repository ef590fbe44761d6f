// hex.hpp - bytes from and to hex digits.
#pragma once

#include "core/base/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cti::tools {

std::string to_hex(std::string_view bytes);
inline std::string to_hex(Bytes bytes) { return to_hex(as_text(bytes)); }

/// Blanks between digits are skipped. Nothing: another character, or a digit left over.
std::optional<std::string> from_hex(std::string_view text);

}  // namespace cti::tools
