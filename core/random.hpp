// random.hpp - a small seeded generator: the same seed gives the same numbers on every machine and in every build.
//
// Why      jitter, back-off and the simulated network need numbers that a seed can replay; std distributions differ
//          between libraries.
// Shape    xoshiro256** (Blackman and Vigna, public domain), its state filled by splitmix64 from one 64-bit seed.
// Threads  one owner. Not for secrets: whoever sees enough output can foretell the rest.
#pragma once

#include "core/base/check.hpp"

#include <bit>
#include <cstdint>

namespace cti::core {

/// One step of splitmix64: a good mixer of 64 bits, also by itself.
constexpr std::uint64_t mix64(std::uint64_t value) noexcept {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      word = mix64(seed);
      seed += 0x9e3779b97f4a7c15U;
    }
  }

  /// 64 random bits.
  constexpr std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// 0 .. n-1, all equally likely. n is at least 1.
  constexpr std::uint64_t below(std::uint64_t n) noexcept {
    CTI_CHECK(n > 0);
    // Numbers above the last whole multiple of n would favour the small results: drawn again, rarely.
    const std::uint64_t surplus = (0 - n) % n;
    std::uint64_t drawn = next();
    while (drawn < surplus) drawn = next();
    return drawn % n;
  }

  /// low .. high, both possible.
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
    CTI_CHECK(low <= high);
    const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    if (span == UINT64_MAX) return static_cast<std::int64_t>(next());
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + below(span + 1));
  }

  /// True with this probability: 0 never, 1 always.
  constexpr bool chance(double probability) noexcept {
    return static_cast<double>(next() >> 11U) * 0x1.0p-53 < probability;
  }

 private:
  std::uint64_t state_[4] = {};
};

/// A seed from the system, for production use of Random (jitter must differ between two servers).
std::uint64_t system_seed() noexcept;

}  // namespace cti::core
