// process_numbers.hpp - what the kernel says of this process: memory, CPU, descriptors, for the metrics.
#pragma once

#include <cstdint>

namespace cti::core {

struct ProcessNumbers {
  std::uint64_t cpu_ms = 0;  ///< user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t open_files_max = 0;  ///< the soft limit
  std::uint64_t threads = 0;
  std::uint64_t started_ms = 0;  ///< since 1970
};

/// Reads /proc/self: for a scrape every few seconds. What cannot be read is 0.
ProcessNumbers read_process_numbers();

}  // namespace cti::core
