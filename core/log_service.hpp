// log_service.hpp - the log sink of a service: lines are queued, and a thread of its own writes them.
//
// Why      a slow disk, or a pipe that nobody reads, must slow down neither whoever writes a line nor the end (M8, M13).
// Shape    a bounded queue (lines and bytes); when it is full the oldest lines go, counted in lost(), and a line tells of them
//          once writing works again. Lines that find no room wait there as long as the program runs.
// End      the sink's destructor gives the writer limits::kLogEndMax for what is left, then drops it; a thread that hangs in the
//          kernel is left behind.
// File     mode 0640, appended to; each line is written when it comes, whole: kill -9 takes none that had left the queue. At
//          rotate_bytes it becomes FILE.1 (and that FILE.2, ...; `keep` of them), and reopen() begins a new one after
//          somebody else has moved it. What cannot be renamed or opened goes on in the old file, and a line says so.
// journald where standard error is the journal ($JOURNAL_STREAM names it), lines carry its prefix and no time of their own.
// Threads  as log::Sink.
#pragma once

#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "core/log.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace cti::core::log {

struct ServiceSinkOptions {
  std::string file;  ///< empty: standard error
  std::size_t queue_lines = limits::kLogQueueLinesDefault;  ///< lines that may wait for the disk
  bool json = false;
  std::uint64_t rotate_bytes = 0;  ///< 0: the file is never moved by us
  std::uint32_t keep = 5;          ///< files that were moved away, 1 .. 100
};

/// The error names the file and the reason.
[[nodiscard]] Result<std::unique_ptr<Sink>, std::string> make_service_sink(
    const ServiceSinkOptions& options);

}  // namespace cti::core::log
