// button_config.hpp - what a line is told about the buttons of its desktops, and what a kind of peripheral offers.
//
// Source   CTI OS developer guide: what is unavailable on Unified CCE. Its button table for Unified CCE has neither a button
//          to transfer in one step nor one to record, though both requests work there: they are on where it is said so.
#pragma once

#include <cstdint>

namespace cti::broker {

inline constexpr std::uint16_t kUnifiedCce = 17;  ///< PeripheralType PT_ENTERPRISE_AGENT

struct ButtonConfig {
  std::uint16_t peripheral_type = kUnifiedCce;  ///< where no event has said it
  bool record = false;                          ///< a recorder is there: the button to record
  bool single_step = false;  ///< the button to transfer in one step on Unified CCE too
};

/// What the switch of this type does when asked.
struct PeripheralOffer {
  bool clear_call = false;
  bool single_step_conference = false;
};
constexpr PeripheralOffer offer_of(std::uint16_t peripheral_type) noexcept {
  const bool other = peripheral_type != kUnifiedCce;
  return {.clear_call = other, .single_step_conference = other};
}
static_assert(!offer_of(kUnifiedCce).clear_call && !offer_of(kUnifiedCce).single_step_conference);

}  // namespace cti::broker
