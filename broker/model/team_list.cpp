// team_list.cpp - joining and leaving teams, in the order of their numbers.
#include "broker/model/team_list.hpp"

#include "core/base/check.hpp"

#include <algorithm>

namespace cti::broker {

bool TeamList::add(std::uint32_t team, std::uint32_t flags) noexcept {
  remove(team);
  if (team == 0 || count == kMax) return team == 0;
  std::uint32_t at = count++;
  for (; at != 0 && list[at - 1].team > team; --at) list[at] = list[at - 1];
  list[at] = {team, flags};
  return true;
}

void TeamList::remove(std::uint32_t team) noexcept {
  const auto end = list.begin() + count;
  const auto left =
      std::remove_if(list.begin(), end, [&](const One& one) { return one.team == team; });
  count = static_cast<std::uint32_t>(left - list.begin());
  CTI_CHECK(count <= kMax);
}

bool TeamList::has(std::uint32_t team) const noexcept {
  return std::any_of(list.begin(), list.begin() + count,
                     [&](const One& one) { return one.team == team; });
}

bool TeamList::leads(std::uint32_t team) const noexcept {
  return std::any_of(list.begin(), list.begin() + count,
                     [&](const One& one) { return one.team == team && one.leads(); });
}

TeamList::One TeamList::first() const noexcept {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!list[i].leads()) return list[i];
  }
  return count == 0 ? One{} : list[0];
}

std::uint32_t TeamList::led_with(const TeamList& member) const noexcept {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (list[i].leads() && member.has(list[i].team)) return list[i].team;
  }
  return 0;
}

bool TeamList::leads_any() const noexcept {
  const auto end = list.begin() + count;
  return std::any_of(list.begin(), end, [](const One& one) { return one.leads(); });
}

}  // namespace cti::broker
