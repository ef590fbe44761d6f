// log_service.hpp - the log sink of a service: lines are queued, and a thread of its own writes them.
//
// Why      a slow disk, or a pipe that nobody reads, must slow down neither whoever writes a line nor the end (M8, M13).
// Shape    a bounded queue (lines and bytes); when it is full the oldest lines go, counted in lost(), and a line tells of them
//          once writing works again. Lines that find no room wait there as long as the program runs.
// End      the sink's destructor gives the writer limits::kLogEndMax for what is left, then drops it; a thread that hangs in the
//          kernel is left behind.
// Threads  as log::Sink.
#pragma once

#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "core/log.hpp"

#include <memory>
#include <string>

namespace cti::core::log {

struct ServiceSinkOptions {
  std::string file;  ///< empty: standard error
  std::size_t queue_lines = limits::kLogQueueLinesDefault;  ///< lines that may wait for the disk
};

/// The error names the file and the reason.
[[nodiscard]] Result<std::unique_ptr<Sink>, std::string> make_service_sink(
    const ServiceSinkOptions& options);

}  // namespace cti::core::log
