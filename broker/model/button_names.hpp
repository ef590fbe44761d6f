// button_names.hpp - the bits of the two button masks by name, and what stands on the buttons.
//
// Source   wire/ctios.json, masks: the names of the constants. A bit with two names (silent monitor, barge-in) has the one
//          that its rule is about.
// Threads  none: constants.
#pragma once

#include "wire/ctios_enums.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace cti::broker {

struct ButtonName {
  std::uint32_t bit = 0;
  std::string_view name;   ///< "ENABLE_TRANSFER_COMPLETE"
  std::string_view label;  ///< "Complete transfer"
};

/// Of EnablementMask, and of SupervisorBtnEnablementMask; by rising bit.
std::span<const ButtonName> button_names() noexcept;
std::span<const ButtonName> supervisor_button_names() noexcept;
/// nullptr: none, or several bits.
const ButtonName* name_of_button(std::span<const ButtonName> names, std::uint32_t bit) noexcept;

}  // namespace cti::broker
