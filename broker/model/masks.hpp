// masks.hpp - button masks for the records of agents and calls: fetches what the rules of buttons.hpp want to know.
//
// A record carries the mask that holds after it, so each function is told what the record is about to change.
#pragma once

#include "broker/model/object_map.hpp"

#include <cstdint>

namespace cti::broker {

/// EnablementMask of an agent record that leaves the agent in `state`.
std::uint32_t agent_mask(const ObjectMap& map, const AgentEntry& agent,
                         std::uint16_t state) noexcept;
/// EnablementMask of a call record that leaves the call in `status`. 0 when nobody is logged in at its device.
std::uint32_t call_mask(const ObjectMap& map, const CallEntry& call, std::uint16_t status) noexcept;

}  // namespace cti::broker
