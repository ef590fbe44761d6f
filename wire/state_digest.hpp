// state_digest.hpp - the fingerprint of what an object is, whoever heard or asked of it and when.
//
// Why      two servers that listen to one CTI Server since different moments know the same state, but not the same stories:
//          who called and held is told in events only, durations and per-group states are those of the moment of asking.
//          A digest over all of it would never be equal; over none of it it would show nothing.
// Rule     in it is what both an event and an answer can tell. Out of it is what only one of them tells (heard_only) and what
//          depends on the moment (is_volatile, and SkillGroupState inside SkillGroup[n]).
// Cost     one walk, no allocation.
#pragma once

#include "wire/arguments.hpp"
#include "wire/keyword.hpp"

#include <cstdint>
#include <string_view>

namespace cti::wire {

enum class ObjectKind : std::uint8_t;

/// Of an agent, own key: who asked for its present state. Only the server that was asked tells it.
inline constexpr std::string_view kStateChangeKey = "StateChange";

/// Whether the keyword of such an object is told by events only, or by answers only.
bool told_one_way(ObjectKind kind, Keyword keyword) noexcept;
/// Likewise, of an entry, whose key may be an own one.
bool told_one_way(ObjectKind kind, const Arg& entry) noexcept;

/// Equal for equal state. The order of the entries is theirs: blocks are canonical.
std::uint64_t state_digest(ObjectKind kind, const ArgumentsView& properties) noexcept;

}  // namespace cti::wire
