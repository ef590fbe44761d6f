// chat_level.hpp - whom agents and supervisors may write to: the words of CTI OS, each allowing what the one before does.
#pragma once

#include <cstdint>
#include <string_view>

namespace cti::broker {

enum class ChatLevel : std::uint8_t {
  kDisabled,           ///< nobody
  kPrimarySupervisor,  ///< the primary supervisors of the own teams
  kTeamSupervisors,    ///< all supervisors of the own teams
  kTeam,               ///< everybody in them
  kUnrestricted,       ///< anybody
};

constexpr std::string_view name_of(ChatLevel level) noexcept {
  constexpr std::string_view kNames[] = {"Disabled", "PrimarySupervisor", "TeamSupervisors", "Team",
                                         "Unrestricted"};
  return kNames[static_cast<std::size_t>(level)];
}

}  // namespace cti::broker
