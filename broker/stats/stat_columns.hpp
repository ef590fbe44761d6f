// stat_columns.hpp - which keyword each counter of a statistics message has, in the order in which the messages print them.
//
// Source   QUERY_AGENT_STATISTICS_CONF and QUERY_SKILL_GROUP_STATISTICS_CONF: every fixed field behind the head is one counter
//          of 32 bits, and is called as its column is. A test compares with the schema.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/keyword.hpp"

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace cti::broker {

/// Of an agent: since login, then since midnight. Of a skill group: now, the last five minutes, half an hour, since midnight.
std::span<const wire::Keyword> columns_of(bool agent) noexcept;
inline constexpr std::size_t kAgentColumns = 84;
inline constexpr std::size_t kGroupColumns = 145;

/// Bytes before the first counter: InvokeID, PeripheralID; of a group its number and id as well.
inline constexpr std::size_t kAgentHeadBytes = 8;
inline constexpr std::size_t kGroupHeadBytes = 16;

/// Some of the columns of an agent's row, or of a group's.
using ColumnSet = std::bitset<kGroupColumns>;
/// Those that these columns of a grid show, or are computed from; a name that is none of them counts for nothing.
ColumnSet columns_for(bool agent, std::span<const std::string> shown);

/// The counters in the body of a confirmation; empty when it is too short for them.
inline Bytes counters_in(bool agent, Bytes body) noexcept {
  const std::size_t head = agent ? kAgentHeadBytes : kGroupHeadBytes;
  const std::size_t bytes = (agent ? kAgentColumns : kGroupColumns) * sizeof(std::uint32_t);
  return body.size() < head + bytes ? Bytes() : body.subspan(head, bytes);
}

}  // namespace cti::broker
