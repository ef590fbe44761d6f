// bytes.hpp - borrowed bytes, and loads and stores that may sit on any address.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace cti {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

static_assert(std::endian::native == std::endian::little, "only little-endian hosts are supported");

template <std::unsigned_integral T>
constexpr T byte_swap(T value) noexcept {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

/// Little-endian load and store at any address. The caller has checked the bounds.
template <std::unsigned_integral T>
T load_le(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
template <std::unsigned_integral T>
void store_le(std::byte* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

/// Network-order load and store at any address. The caller has checked the bounds.
template <std::unsigned_integral T>
T load_be(const std::byte* at) noexcept {
  return byte_swap(load_le<T>(at));
}
template <std::unsigned_integral T>
void store_be(std::byte* at, T value) noexcept {
  store_le(at, byte_swap(value));
}

/// memcpy of what is mostly a few dozen bytes, in line: for so few a call costs more than the copy. No overlap.
inline void copy_short(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  if (bytes >= 8) {
    for (std::size_t at = 0; at + 8 <= bytes; at += 8) std::memcpy(to + at, from + at, 8);
    std::memcpy(to + bytes - 8, from + bytes - 8, 8);
  } else if (bytes >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + bytes - 4, from + bytes - 4, 4);
  } else {
    for (std::size_t at = 0; at < bytes; ++at) to[at] = from[at];
  }
}

inline Bytes as_bytes(std::string_view text) noexcept { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace cti
