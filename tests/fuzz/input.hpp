// input.hpp - a fuzzer's bytes as decisions: which of several, how many, which value.
//
// Why      a story told in single bytes mutates well: a byte changed is another decision, a byte put in moves the rest.
// Bounds   behind its end the input says zero, and a story ends there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cti::fuzz {

/// The input, byte by byte; zeros behind its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}
  bool over() const { return left_ == 0; }
  bool counted =
      true;  ///< requests and their ends: not where bytes are sent that nobody has looked at
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *at_++;
  }
  std::uint32_t below(std::uint32_t n) { return byte() % n; }
  template <class T, std::size_t N>
  const T& of(const std::array<T, N>& all) {
    return all[below(N)];
  }

 private:
  const std::uint8_t* at_;
  std::size_t left_;
};

}  // namespace cti::fuzz
