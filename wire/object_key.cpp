// object_key.cpp - the one file that includes xxHash, inlined, so that nothing has to be linked for it.
#include "wire/object_key.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cti::wire {

std::uint64_t hash64(Bytes bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

std::uint64_t object_key(std::string_view unique_object_id) noexcept {
  const std::uint64_t key = XXH3_64bits(unique_object_id.data(), unique_object_id.size());
  return key != 0 ? key : 1;
}

}  // namespace cti::wire
