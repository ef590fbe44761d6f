#include "broker/masks.hpp"

namespace cti::broker {

std::uint32_t agent_mask(const ObjectMap&, const AgentEntry&, std::uint16_t) noexcept { return 0; }
std::uint32_t call_mask(const ObjectMap&, const CallEntry&, std::uint16_t) noexcept { return 0; }

}  // namespace cti::broker
