// probe.hpp - open addressing by linear probing: the steps, for tables that keep their places as they like.
//
// Why      objects, agents' sessions and keys are found by a hash, in tables that differ in what stands in a place and in how
//          they grow. How a search walks and how a hole is closed is the same for all, and easily wrong: it stands here once.
// Shape    `Places` says: mask() (the number of places, a power of two, less 1), taken(at), key(at), move(from, to), and
//          set_free(at). A key's home is its low bits: keys are hashes already.
// Erase    whoever was displaced past the hole moves back into it: no tombstones, a search ends at the first free place.
// Bound    the owner keeps a place free, or no search for what is not there would end.
// Cost     inlined; a search touches neighbouring memory only.
#pragma once

#include "core/base/check.hpp"

#include <cstdint>

namespace cti::probe {

/// Where `key` is, or the free place at which a search for it ends: where it is to be put.
template <class Places>
[[nodiscard]] inline std::uint64_t place_of(const Places& places, std::uint64_t key) noexcept {
  std::uint64_t at = key & places.mask();
  while (places.taken(at) && places.key(at) != key) at = (at + 1) & places.mask();
  return at;
}

/// Frees the place `hole`: whoever would have stood there, had it been free, moves there.
template <class Places>
inline void erase(Places& places, std::uint64_t hole) noexcept {
  const std::uint64_t mask = places.mask();
  CTI_CHECK(hole <= mask);
  CTI_CHECK(places.taken(hole));
  for (std::uint64_t at = (hole + 1) & mask; places.taken(at); at = (at + 1) & mask) {
    const std::uint64_t walked = (at - places.key(at)) & mask;  // from its home to where it stands
    if (walked < ((at - hole) & mask)) continue;                // its home lies behind the hole
    places.move(at, hole);
    hole = at;
  }
  places.set_free(hole);
}

}  // namespace cti::probe
