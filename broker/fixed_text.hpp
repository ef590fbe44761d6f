// fixed_text.hpp - a short text inside its owner: no allocation, cut when too long.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cti::broker {

template <std::size_t Max>
class FixedText {
  static_assert(Max <= 255);

 public:
  std::string_view view() const noexcept { return {text_, size_}; }
  bool empty() const noexcept { return size_ == 0; }
  void assign(std::string_view text) noexcept {
    size_ = static_cast<std::uint8_t>(std::min(text.size(), Max));
    if (size_ > 0) std::memcpy(text_, text.data(), size_);
  }
  void clear() noexcept { size_ = 0; }
  friend bool operator==(const FixedText& a, const FixedText& b) noexcept {
    return a.view() == b.view();
  }

 private:
  std::uint8_t size_ = 0;
  char text_[Max];
};

}  // namespace cti::broker
