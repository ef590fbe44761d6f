// pages.cpp - the pages, and the numbers of the process that are read when somebody asks.
#include "tools/ringsided/pages.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"
#include "core/process_numbers.hpp"
#include "tools/program/version.hpp"
#include "wire/ged188/enums.hpp"

#include <cstring>

namespace cti::tools {
namespace {

using core::MetricKind;
namespace log = core::log;

core::CounterBlock& block_of(broker::Server& server) {
  core::CounterBlock& block = server.metrics().block({});
  block
      .gauge("ringside_build_info", "1; what this is",
             {{"version", version_number()},
              {"commit", version_commit()},
              {"io", std::string(server.io_backend())}})
      .set(1);
  block.gauge("ringside_sessions_max", "Sessions that there may be")
      .set(server.config().fanout.sessions_max);
  block.scaled(MetricKind::kGauge, "process_start_time_seconds", "Start, since 1970", 1e-3)
      .set(core::read_process_numbers().started_ms);
  return block;
}

std::string trying(const broker::LineStatus& status) {
  if (const std::uint32_t refused = status.refused_with(); refused != 0)
    return log::text(", refused: ", wire::ged188::name_of(wire::ged188::StatusCode{refused}), " (",
                     refused, ")");
  if (status.connect_error() == broker::LineStatus::kNoAddress) return ": its name has no address";
  if (const std::uint32_t error = status.connect_error(); error != 0)
    return log::text(": ", std::strerror(static_cast<int>(error)));
  switch (status.link_state()) {
    case broker::LinkState::kConnecting:
      return ": connecting";
    case broker::LinkState::kOpening:
      return ": opening one";
    case broker::LinkState::kBackoff:
      return ": waiting before the next try";
    default:
      return ": not begun";
  }
}

void why_line(const broker::LineStatus& status, const std::string& line, std::string& why) {
  const auto reason = [&](const std::string& text) { why += line + text + '\n'; };
  if (!status.cti_server_online()) {
    return reason("no session with the CTI Server" + trying(status) + ", last tried side " +
                  (status.side() == 0 ? 'A' : 'B'));
  }
  if (!status.serving()) reason("the start-up dialogue is not through");
  if (!status.central_controller_online()) reason("the central controller is offline");
  for (std::size_t i = 0; i < status.peripherals(); ++i) {
    if (!status.peripheral_online(i))
      reason(log::text("peripheral ", status.peripheral_id(i), " is offline"));
  }
}

}  // namespace

Pages::Pages(broker::Server& server) : Pages(server, block_of(server)) {}

Pages::Pages(broker::Server& server, core::CounterBlock& block)
    : server_(server),
      cpu_(
          block.scaled(MetricKind::kCounter, "process_cpu_seconds_total", "User and system", 1e-3)),
      resident_(block.gauge("process_resident_memory_bytes", "Memory in use")),
      virtual_(block.gauge("process_virtual_memory_bytes", "Addresses in use")),
      files_(block.gauge("process_open_fds", "Open descriptors")),
      files_max_(block.gauge("process_max_fds", "Descriptors that may be open")),
      threads_(block.gauge("process_threads", "Threads")),
      lost_lines_(block.counter("ringside_log_lines_lost_total", "Log lines that nobody took")) {}

void Pages::read_process() {
  const core::ProcessNumbers numbers = core::read_process_numbers();
  cpu_.set(numbers.cpu_ms);
  resident_.set(numbers.resident_bytes);
  virtual_.set(numbers.virtual_bytes);
  files_.set(numbers.open_files);
  files_max_.set(numbers.open_files_max);
  threads_.set(numbers.threads);
  lost_lines_.set(log::lost_lines());
}

std::string why_not_ready(const broker::Server& server) {
  std::string why;
  for (std::size_t i = 0; i < server.lines(); ++i)
    why_line(server.line_shared(i).status, log::text("line ", i, ": "), why);
  return why;
}

std::optional<core::HttpPage> Pages::answer(std::string_view path) {
  constexpr const char* kPlain = "text/plain; charset=utf-8";
  if (path == "/healthz") return core::HttpPage{200, kPlain, "ok\n"};
  if (path == "/readyz") {
    const std::string why = why_not_ready(server_);
    return core::HttpPage{why.empty() ? 200 : 503, kPlain, why.empty() ? "ready\n" : why};
  }
  if (path != "/metrics") return std::nullopt;
  read_process();
  return core::HttpPage{200, core::kMetricsType, core::metrics_text(server_.metrics())};
}

}  // namespace cti::tools
