// masks.hpp - button masks for the records of agents and calls: fetches what the rules of buttons.hpp want to know.
//
// Why not  explain_mask() says of one button what the same rules say now, and of which call: for explain.hpp.
//
// A record carries the mask that holds after it, so each function is told what the record is about to change.
#pragma once

#include "broker/model/buttons.hpp"
#include "broker/model/object_map.hpp"

#include <cstdint>

namespace cti::broker {

/// EnablementMask of an agent record that leaves the agent in `state`.
std::uint32_t agent_mask(const ObjectMap& map, const AgentEntry& agent,
                         std::uint16_t state) noexcept;
/// EnablementMask of a call record that leaves the call in `status`. 0 when nobody is logged in at its device.
std::uint32_t call_mask(const ObjectMap& map, const CallEntry& call, std::uint16_t status) noexcept;

/// Why a button of the agent's record is as it is now, or of the record of `about`, a call of the agent. With the call that
/// the reason speaks of; nullptr: of none.
struct MaskReason {
  WhyGrey why;
  const CallEntry* call = nullptr;
};
MaskReason explain_mask(const ObjectMap& map, const AgentEntry& agent, const CallEntry* about,
                        std::uint32_t bit) noexcept;

}  // namespace cti::broker
