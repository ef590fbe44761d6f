// watch_keys.hpp - how a session says in its kSubscribe whom it watched before: an array of own keys (SESSION_PROTOCOL.md).
#pragma once

#include "core/base/limits.hpp"

#include <cstddef>
#include <string_view>

namespace cti::wire::watch {

inline constexpr std::string_view kWatch = "Watch";        ///< the array itself; AgentReference in it: one agent
inline constexpr std::string_view kMembers = "Members";    ///< TRUE: members that come and go are told
inline constexpr std::string_view kAllTeams = "AllTeams";  ///< TRUE
inline constexpr std::string_view kTeams = "Teams";        ///< { "<TeamID>" = TRUE }
inline constexpr std::string_view kMayBeMonitored = "MayBeMonitored";  ///< TRUE: a supervisor who lets others listen
inline constexpr std::size_t kBytesMax = 4096;             ///< of it all, with as many teams as may be
inline constexpr std::size_t kTeamsMax = cti::limits::kWatchedTeamsMax;
inline constexpr std::size_t kReferenceBytesMax =
    159;  ///< of AgentReference and CallReference, each
/// Two heads and an entry with a long key for each array, two references, three numbers, and the teams by ten digits each.
static_assert(3 * 32 + 2 * (kReferenceBytesMax + 12) + 3 * 24 + kTeamsMax * 20 <= kBytesMax);

}  // namespace cti::wire::watch
