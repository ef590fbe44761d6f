// cacheline.hpp - how far apart data must lie that different threads write.
#pragma once

#include <cstddef>

namespace cti {

inline constexpr std::size_t kCacheLine = 64;
/// Intel fetches lines in adjacent pairs: 128 bytes keep two writers from sharing a pair.
inline constexpr std::size_t kFalseSharing = 128;

}  // namespace cti
