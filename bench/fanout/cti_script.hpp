// cti_script.hpp - what the scripted CTI Server tells, made beforehand: agents that change state, or a day of calls.
//
// Shape    each frame makes exactly one record in ringsided, so that record and frame can be matched by counting.
// Threads  any.
#pragma once

#include "bench/fanout/protocol.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cti::bench {

std::string agent_name(std::uint32_t number);
std::string device_of(std::string_view agent);

/// Which agent is member `index` of a team: teams follow each other through all agents.
constexpr std::uint32_t member_of(std::uint32_t team, std::uint32_t index, std::uint32_t size,
                                  std::uint32_t agents) {
  return static_cast<std::uint32_t>((std::uint64_t{team} * size + index) % agents);
}

/// AGENT_STATE_EVENTs of `agents` agents, each once available and once talking. Frame k concerns agent k mod agents.
Frames agent_events(std::uint32_t agents);

/// A call for each of `agents` agents, kCallFrames frames each: reserved, begin, delivered, established, talking, held,
/// retrieved, connection cleared, call cleared, end, available. The calls of kAtOnce agents run side by side.
Frames call_lives(std::uint32_t agents);
inline constexpr std::uint32_t kCallFrames = 11;
inline constexpr std::uint32_t kStateFrames = 3;  // of them, of the agent and not of the call
inline constexpr std::uint32_t kAtOnce = 50;

}  // namespace cti::bench
