// team_list.hpp - the teams that one agent is in, and which of them the agent leads.
#pragma once

#include "wire/ctios_enums.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace cti::broker {

/// The teams of one agent, by number. More than fit are left out.
struct TeamList {
  static constexpr std::size_t kMax = 8;
  struct One {
    std::uint32_t team = 0;
    std::uint32_t flags = 0;  ///< AgentFlags
    friend bool operator==(const One&, const One&) = default;
    bool leads() const noexcept {
      return (flags & (wire::ctios::AGENT_FLAG_PRIMARY_SUPERVISOR |
                       wire::ctios::AGENT_FLAG_SUPERVISOR)) != 0;
    }
  };
  std::array<One, kMax> list{};
  std::uint32_t count = 0;

  friend bool operator==(const TeamList& a, const TeamList& b) noexcept {
    return a.count == b.count &&
           std::equal(a.list.begin(), a.list.begin() + a.count, b.list.begin());
  }
  /// False: no room.
  bool add(std::uint32_t team, std::uint32_t flags) noexcept;
  void remove(std::uint32_t team) noexcept;
  bool has(std::uint32_t team) const noexcept;
  /// The team that TeamID names: the first that the agent works in, else the first that the agent leads; 0 for none.
  One first() const noexcept;
  /// A team that whoever has this list leads, and whoever has the other is in; 0: there is none.
  std::uint32_t led_with(const TeamList& member) const noexcept;
  bool leads(std::uint32_t team) const noexcept;
  std::uint32_t first_led() const noexcept { return led_with(*this); }
  bool leads_any() const noexcept;
};

}  // namespace cti::broker
