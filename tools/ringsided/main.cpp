// ringsided - the CTI OS server. Flags, signals, the ready line; everything else is broker/.
//
// Signals  SIGTERM and SIGINT end it; SIGHUP opens the log file anew; SIGHUP and SIGUSR1 write a line with the state of
//          things; SIGPIPE, SIGCHLD and SIGUSR2 do nothing. All are blocked in every thread and taken by the main thread: no
//          handler ever runs (P8).
#include "broker/server.hpp"
#include "core/log.hpp"
#include "core/log_service.hpp"
#include "core/metrics.hpp"
#include "core/output.hpp"
#include "tools/program/flags.hpp"
#include "tools/ringsided/config.hpp"
#include "tools/ringsided/flags.hpp"
#include "tools/ringsided/open_files.hpp"

#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <new>
#include <optional>
#include <system_error>

namespace cti::tools {
namespace {

namespace log = core::log;
using broker::Server;
using broker::ServerConfig;

constexpr Nanos kReadyLineMax = Seconds{1};  ///< how long the ready line waits for whoever reads it

int fail(int code, const std::string& what) {
  std::fprintf(stderr, "ringsided: %s\n", what.c_str());
  return code;
}

log::Level level_of(const std::string& name) {
  if (name == "debug") return log::Level::kDebug;
  if (name == "warning") return log::Level::kWarning;
  return name == "error" ? log::Level::kError : log::Level::kInfo;
}

/// Blocks the signals that we take or ignore, before any thread is there to be interrupted.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD})
    sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

/// A line to somebody who may not read it: the server runs, and does not wait for that.
void tell(int descriptor, const char* name, const std::string& line) {
  core::Output output(descriptor);
  const auto result = output.write(line, kReadyLineMax);
  if (result == core::Output::Result::kWritten) return;
  log::write(log::Level::kWarning, "server",
             log::text(name, " did not take the ready line: ",
                       result == core::Output::Result::kFull ? "nobody reads it"
                                                             : std::strerror(output.error())));
}

void say_ready(const Server& server, const core::MetricsEndpoint* metrics,
               std::optional<int> ready_fd) {
  std::string line =
      log::text("ready port=", server.port(), " io=", server.io_backend(), " pid=", ::getpid());
  if (metrics != nullptr) line += log::text(" metrics=", metrics->port());
  line += "\n";
  tell(STDOUT_FILENO, "standard output", line);
  if (ready_fd) tell(*ready_fd, "--ready-fd", line);
}

void say_state(const Server& server) {
  for (std::size_t i = 0; i < server.fanouts(); ++i) {
    if (const auto counters = server.fanout_counters(i)) {
      log::write(
          log::Level::kInfo, "server",
          log::text("fan-out ", i, ": ", counters->sessions, " sessions, ", counters->channels,
                    " channels, ", counters->records_followed, " records, ", counters->bytes_sent,
                    " bytes sent, ", counters->lapped, " lapped, ", counters->cut_slow, " cut"));
    }
  }
  for (std::size_t i = 0; i < server.lines(); ++i) {
    const auto& status = server.line_shared(i).status;
    log::write(
        log::Level::kInfo, "server",
        log::text("line ", i, ": CTI Server ", status.cti_server_online() ? "online" : "offline"));
  }
}

/// Until SIGTERM or SIGINT.
void wait_for_end(const Server& server, const sigset_t& signals) {
  const timespec second{1, 0};
  for (;;) {
    const int number = sigtimedwait(&signals, nullptr, &second);
    if (number == SIGTERM || number == SIGINT) {
      log::write(log::Level::kInfo, "server",
                 number == SIGTERM ? "SIGTERM: saying goodbye" : "SIGINT: saying goodbye");
      return;
    }
    if (number == SIGHUP) log::reopen();
    if (number == SIGHUP || number == SIGUSR1) say_state(server);
    log::report_suppressed();
  }
}

int run(const Flags& flags, const ServerConfig& config) {
  const sigset_t signals = block_signals();
  log::set_level(level_of(config.log_level));
  auto sink = log::make_service_sink({.file = config.log_file,
                                      .json = config.log_json,
                                      .rotate_bytes = config.log_rotate_bytes,
                                      .keep = config.log_keep});
  if (!sink.ok()) return fail(kExitSystem, sink.error());
  log::set_sink(std::move(sink).value());
  raise_open_files(config);
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed)
    return fail(kExitSystem, "no random numbers to be had");
  auto server = Server::create(config, seed);
  if (!server.ok()) {
    log::set_sink(nullptr);
    using Kind = broker::ServerError::Kind;
    const Kind kind = server.error().kind;
    return fail(kind == Kind::kPortInUse ? kExitPortInUse
                : kind == Kind::kConfig  ? kExitUsage
                                         : kExitSystem,
                server.error().text);
  }
  std::unique_ptr<core::MetricsEndpoint> metrics;
  if (config.metrics_port != 0) {
    auto started = core::MetricsEndpoint::start((*server)->metrics(), config.metrics_host,
                                                config.metrics_port);
    if (!started.ok()) {
      log::set_sink(nullptr);
      return fail(kExitPortInUse, started.error());
    }
    metrics = std::move(started).value();
  }
  try {
    (*server)->start();
  } catch (const std::system_error& refused) {  // some threads may run: nothing can be destroyed
    log::set_sink(nullptr);
    fail(kExitSystem, std::string("threads of the server: ") + refused.what());
    std::_Exit(kExitSystem);
  }
  say_ready(**server, metrics.get(), flags.ready_fd);
  wait_for_end(**server, signals);
  if (!(*server)->stop()) {
    log::set_sink(nullptr);
    std::_Exit(kExitStuck);  // threads still run: nothing may be destroyed under them
  }
  log::write(log::Level::kInfo, "server", "ended");
  log::report_suppressed();
  log::set_sink(nullptr);
  return kExitDone;
}

}  // namespace
}  // namespace cti::tools

int main(int argc, char** argv) {
  using namespace cti::tools;
  const auto flags = parse_flags(argc, argv);
  if (!flags.ok()) return flags.error();
  auto config = load_config(flags->config_file);
  if (!config.ok()) {
    complain("ringsided", config.error());
    return kExitUsage;
  }
  if (const auto applied = apply_flags(*flags, *config); !applied.ok())
    return fail(kExitUsage, applied.error());
  if (flags->print_config) {
    const auto text = print_config(flags->config_file);
    if (text.ok()) std::fputs(text->c_str(), stdout);
  }
  if (flags->check_config) std::puts("the configuration is good");
  if (flags->print_config || flags->check_config) return kExitDone;
  try {
    return run(*flags, *config);
  } catch (const std::bad_alloc&) {
    return fail(kExitSystem, "out of memory at start");
  }
}
