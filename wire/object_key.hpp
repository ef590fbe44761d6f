// object_key.hpp - the 64 bits that stand for a UniqueObjectID in records and tables.
#pragma once

#include "core/base/bytes.hpp"

#include <cstdint>
#include <string_view>

namespace cti::wire {

/// XXH3-64 of the bytes; the same on every machine. Never 0 for an object key: 0 means none.
std::uint64_t hash64(Bytes bytes) noexcept;

/// The key of "agent.5000.22866". The text is taken as it is: UniqueObjectIDs are compared byte for byte.
std::uint64_t object_key(std::string_view unique_object_id) noexcept;

}  // namespace cti::wire
