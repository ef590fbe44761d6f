// fixed_text.hpp - a short text inside its owner: no allocation, cut when too long.
#pragma once

#include "core/base/bytes.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace cti::broker {

template <std::size_t Max>
class FixedText {
  static_assert(Max <= 255);

 public:
  std::string_view view() const noexcept { return as_text({text_, size_}); }
  bool empty() const noexcept { return size_ == 0; }
  void assign(std::string_view text) noexcept {
    size_ = static_cast<std::uint8_t>(std::min(text.size(), Max));
    copy_short(text_, as_bytes(text).data(), size_);
  }
  void clear() noexcept { size_ = 0; }
  friend bool operator==(const FixedText& a, const FixedText& b) noexcept {
    return a.view() == b.view();
  }

 private:
  std::uint8_t size_ = 0;
  std::byte text_[Max];
};

}  // namespace cti::broker
