// pages.hpp - what ringsided serves over HTTP: /metrics, /healthz, /readyz.
//
// Ready    every line has its session with the CTI Server, has been told all, and its peripherals are online. If not, the page
//          says of each line why; clients are served all the same, with what was last known.
// Health   the process answers. A thread that stands still ends the process (watchdog), so there is nothing in between.
// Threads  the constructor: the main thread, before the service starts. answer: the HTTP service's.
#pragma once

#include "broker/server.hpp"
#include "core/http_responder.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cti::tools {

class Pages {
 public:
  /// `server` outlives it.
  explicit Pages(broker::Server& server);

  std::optional<core::HttpPage> answer(std::string_view path);

 private:
  Pages(broker::Server& server, core::CounterBlock& block);
  void read_process();

  broker::Server& server_;
  core::Counter& cpu_;
  core::Counter& resident_;
  core::Counter& virtual_;
  core::Counter& files_;
  core::Counter& files_max_;
  core::Counter& threads_;
  core::Counter& lost_lines_;
};

/// Why the server is not ready, a line each; empty: it is.
std::string why_not_ready(const broker::Server& server);

}  // namespace cti::tools
