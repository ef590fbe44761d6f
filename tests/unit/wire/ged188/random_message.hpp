// random_message.hpp - random messages that a strict CTI Server accepts, written in the order of our encoders.
#pragma once

#include "wire/ged188_table.hpp"

#include <cstdint>
#include <random>

namespace cti::wire::ged188 {

using Dice = std::mt19937_64;

inline std::uint64_t roll(Dice& dice, std::uint64_t sides) { return dice() % sides; }

/// Every field that `version` has may come; lists run from empty to their maximum; the frame stays within its limit.
DecodedMessage random_message(const MessageRule& rule, Version version, Dice& dice);

/// A few random edits: bytes changed, cut out, doubled, put in; counts and lengths bent.
void mutate(std::vector<std::byte>& body, Dice& dice);
/// The frame with its body mutated and its length right again.
std::vector<std::byte> mutated(const std::vector<std::byte>& frame, Dice& dice);

}  // namespace cti::wire::ged188
