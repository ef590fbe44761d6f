// body.hpp - message bodies put together by hand, also wrong ones.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/ged188_limits.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace cti::wire::ged188 {

class Body {
 public:
  explicit Body(Version version) : half_(floating_header_width(version) / 2) {}

  Body& number(std::uint64_t value, unsigned bytes) {
    for (unsigned shift = bytes * 8; shift != 0; shift -= 8)
      bytes_.push_back(static_cast<std::byte>(value >> (shift - 8)));
    return *this;
  }
  Body& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  /// A floating field with these very bytes.
  Body& field(unsigned tag, std::string_view content) {
    return lying_field(tag, content.size(), content);
  }
  /// A floating field that claims `length` bytes.
  Body& lying_field(unsigned tag, std::size_t length, std::string_view content) {
    number(tag, half_).number(length, half_);
    const Bytes bytes = as_bytes(content);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Body& number_field(unsigned tag, std::uint64_t value, unsigned bytes) {
    return number(tag, half_).number(bytes, half_).number(value, bytes);
  }
  /// Overwrites fixed bytes.
  Body& at(std::size_t offset, std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
      bytes_[offset + i] = static_cast<std::byte>(value >> (8 * (bytes - 1 - i)));
    return *this;
  }
  Bytes bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  /// The body behind its header.
  std::vector<std::byte> frame(std::uint32_t type) const {
    std::vector<std::byte> whole(limits::kHeaderBytes + bytes_.size());
    store_be(whole.data(), static_cast<std::uint32_t>(bytes_.size()));
    store_be(whole.data() + 4, type);
    std::copy(bytes_.begin(), bytes_.end(), whole.begin() + limits::kHeaderBytes);
    return whole;
  }

 private:
  std::vector<std::byte> bytes_;
  unsigned half_;
};

}  // namespace cti::wire::ged188
