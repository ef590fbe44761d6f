// toml_bounds.hpp - how deep a TOML text nests, told before any parser sees it.
//
// Why      a parser that recurses, and the tree that it builds, end the program on a file of a few kilobytes: a header of
//          50,000 levels (fault O8). So the depth is bounded first, without recursion or memory.
// Shape    one pass that knows strings and comments and nothing else of the grammar. Where the text is no TOML the parser
//          stops at that place; what stands behind it does not matter, whatever this pass makes of it.
// Limits   kTomlDepthMax levels of brackets and braces, and as many parts of one dotted key or header: the deepest tree that
//          passes has kTomlTreeMax levels.
#pragma once

#include "core/base/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cti::core {

inline constexpr std::size_t kTomlDepthMax = limits::kTomlDepthMax;
/// A header, and below it in each level of brackets a dotted key.
inline constexpr std::size_t kTomlTreeMax = kTomlDepthMax + kTomlDepthMax * kTomlDepthMax;
static_assert(kTomlTreeMax < 1000, "a recursion so deep must fit any thread's stack");

struct TomlPlace {
  std::uint32_t line = 1;    ///< from 1
  std::uint32_t column = 1;  ///< from 1, in characters of UTF-8
};

/// Where the text first nests deeper than allowed; nothing: nowhere.
std::optional<TomlPlace> nests_too_deep(std::string_view text) noexcept;

}  // namespace cti::core
