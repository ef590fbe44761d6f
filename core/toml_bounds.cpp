// toml_bounds.cpp - one pass over a TOML text: strings and comments are stepped over, brackets and dots are counted.
#include "core/toml_bounds.hpp"

#include "core/base/check.hpp"

namespace cti::core {
namespace {

class DepthPass {
 public:
  explicit DepthPass(std::string_view text) noexcept : text_(text) {}

  std::optional<TomlPlace> run() noexcept {
    while (at_ < text_.size()) {
      CTI_CHECK(brackets_ <= kTomlDepthMax);
      CTI_CHECK(parts_ >= 1 && parts_ <= kTomlDepthMax);
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
        continue;
      }
      if (c == '"' || c == '\'') {
        step_over_string(c);
        continue;
      }
      if (c == '[' || c == '{') {
        if (brackets_ == kTomlDepthMax) return place();
        ++brackets_;
      }
      if ((c == ']' || c == '}') && brackets_ > 0) --brackets_;
      if (c == '.') {
        if (parts_ == kTomlDepthMax) return place();
        ++parts_;
      } else if (std::string_view("\n=,[]{}").find(c) != std::string_view::npos) {
        parts_ = 1;  // another key or value begins
      }
      ++at_;
    }
    CTI_CHECK(at_ == text_.size());
    return std::nullopt;
  }

 private:
  /// at_ is at the opening quote; afterwards behind the closing one, or where a text without one ends.
  void step_over_string(char quote) noexcept {
    const std::size_t opening = at_;
    std::size_t quotes = 0;
    while (at_ < text_.size() && text_[at_] == quote && quotes < 3) ++quotes, ++at_;
    if (quotes == 2) return;  // empty
    const bool lines = quotes == 3;
    std::size_t closing = 0;  // quotes in a row
    while (at_ < text_.size() && closing < quotes) {
      const char c = text_[at_];
      if (c == '\n' && !lines) break;  // the parser refuses it here
      closing = c == quote ? closing + 1 : 0;
      const bool escapes = c == '\\' && quote == '"' && at_ + 1 < text_.size();
      if (escapes && (lines || text_[at_ + 1] != '\n')) ++at_;
      ++at_;
    }
    // Up to two more quotes belong to the text of a multi-line string: """a""""".
    for (int i = 0; lines && i < 2 && at_ < text_.size() && text_[at_] == quote; ++i) ++at_;
    CTI_CHECK(at_ > opening);
  }

  TomlPlace place() const noexcept {
    TomlPlace found;
    for (std::size_t i = 0; i < at_; ++i) {
      if (text_[i] == '\n') {
        ++found.line;
        found.column = 1;
      } else if ((static_cast<unsigned char>(text_[i]) & 0xC0U) != 0x80U) {
        ++found.column;  // not the middle of a character
      }
    }
    return found;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t brackets_ = 0;  // open ones
  std::size_t parts_ = 1;     // of the dotted key in hand
};

}  // namespace

std::optional<TomlPlace> nests_too_deep(std::string_view text) noexcept {
  return DepthPass(text).run();
}

}  // namespace cti::core
