// every_type.hpp - runs a check over random messages of every published type, at the versions asked for.
//
// Replay   RINGSIDE_SEED=<number> <this program>; RINGSIDE_ROUNDS=<number> runs longer.
#pragma once

#include "tests/unit/wire/ged188/random_message.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <span>

namespace cti::wire::ged188 {

inline std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("RINGSIDE_SEED");
    const std::uint64_t chosen = given != nullptr ? std::strtoull(given, nullptr, 10) : 20'240'601;
    std::printf("replay with RINGSIDE_SEED=%llu\n", static_cast<unsigned long long>(chosen));
    return chosen;
  }();
  return value;
}

/// Calls check(rule, version, dice) until it fails.
template <class Check>
void every_type(std::span<const Version> versions, std::uint64_t rounds, Check&& check) {
  const char* given = std::getenv("RINGSIDE_ROUNDS");
  if (given != nullptr) rounds = std::strtoull(given, nullptr, 10);
  Dice dice(seed());
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (const MessageRule& rule : all_messages()) {
      if (!rule.published()) continue;
      for (const Version version : versions) {
        check(rule, version, dice);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace cti::wire::ged188
