// floor.hpp - the least that a fan-out on epoll can be: what ringsided is measured against.
//
// Shape    its own process. The first connection brings records of one length; every other one is a subscriber with a
//          place in one ring. A turn reads what has come and writes to each subscriber, in one send of its own, all that
//          has gathered since its last one (at most kSendBytesMax). No protocol, no object, no filter, no limit but the
//          ring: whoever feeds it must not be further ahead than that.
#pragma once

#include <cstddef>

namespace cti::bench {

inline constexpr std::size_t kSendBytesMax = 128 * 1024;  // as FanoutConfig::send_bytes_max
inline constexpr std::size_t kFloorRecords = 64 * 1024;   // in the ring

/// Runs until the first connection ends; prints `ready port=N` when it can be reached. Gives the exit code.
int run_floor(std::size_t record_bytes);

}  // namespace cti::bench
