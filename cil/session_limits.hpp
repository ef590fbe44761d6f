// session_limits.hpp - how much a session keeps for its server's sake, by what it costs; part of SessionOptions.
//
// A server that tells more is not believed without end: what passes a limit is refused, by name, and the session lives.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cti::cil {

struct SessionLimits {
  /// Agents, calls, devices, skill groups, teams. A record of one more is told and not kept.
  std::uint32_t objects_max = 500'000;
  std::size_t object_bytes_max = std::size_t{512} * 1024 * 1024;  ///< of their properties; likewise
  /// Of a snapshot that has begun and not ended. More: the server is left, OnConnectionFailure says why.
  std::size_t snapshot_bytes_max = std::size_t{256} * 1024 * 1024;
};

}  // namespace cti::cil
