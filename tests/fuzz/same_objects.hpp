// same_objects.hpp - whether two folds know the same agents and calls: what differs, in words.
//
// Not here devices and skill groups: snapshots tell of them what events do not.
#pragma once

#include "wire/object_table.hpp"
#include "wire/state_digest.hpp"

#include <string>

namespace cti::fuzz {

inline std::string difference(const wire::ObjectTable& mine, const wire::ObjectTable& other) {
  std::string found;
  for (const wire::ObjectKind kind : {wire::ObjectKind::kAgent, wire::ObjectKind::kCall}) {
    if (mine.size(kind) != other.size(kind)) {
      found += "of kind " + std::string(name_of(kind)) + ": " + std::to_string(mine.size(kind)) +
               " and " + std::to_string(other.size(kind)) + "\n";
    }
    mine.for_each(kind, [&](wire::ObjectHandle handle) {
      const auto there = other.find(mine.key(handle));
      const auto ours = wire::state_digest(kind, mine.properties(handle));
      if (there && wire::state_digest(kind, other.properties(*there)) == ours) return;
      found += std::string(mine.unique_object_id(handle)) + ": " + mine.properties(handle).dump() +
               "\nand: " + (there ? other.properties(*there).dump() : "nothing") + "\n";
    });
  }
  return found;
}

}  // namespace cti::fuzz
