// process_meter.hpp - CPU time and memory of a process of this machine, from /proc.
#pragma once

#include <sys/types.h>

#include <optional>

namespace cti::load {

struct ProcessReading {
  double cpu_seconds = 0;   ///< user and system, all threads, since its start; steps of 10 ms
  double resident_mib = 0;  ///< without what the kernel holds for it (socket buffers)
};

/// Nothing: no such process, or no right to look.
std::optional<ProcessReading> read_process(pid_t pid);

}  // namespace cti::load
