// log_service.hpp - the log sink of a service: lines are queued, and a thread of its own writes them.
//
// Why      a slow disk must never slow down whoever writes a line.
// Shape    spdlog's asynchronous logger behind log::Sink, to standard error or to a file. The queue is bounded; when
//          it is full the oldest lines go, counted in lost(). A build without spdlog writes directly, same format.
// Threads  as log::Sink.
#pragma once

#include "core/base/result.hpp"
#include "core/log.hpp"

#include <memory>
#include <string>

namespace cti::core::log {

struct ServiceSinkOptions {
  std::string file;                ///< empty: standard error
  std::size_t queue_lines = 8192;  ///< lines that may wait for the disk
};

/// True when lines are queued (spdlog), false when they are written directly.
bool service_sink_is_asynchronous() noexcept;

/// The error names the file and the reason.
[[nodiscard]] Result<std::unique_ptr<Sink>, std::string> make_service_sink(
    const ServiceSinkOptions& options);

}  // namespace cti::core::log
