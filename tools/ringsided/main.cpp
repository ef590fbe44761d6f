// ringsided - the CTI OS server. Flags, signals, the ready line; everything else is broker/.
//
// Signals  SIGTERM and SIGINT end it; SIGHUP opens the log file anew and reads the configuration again (reload.hpp); SIGHUP and
//          SIGUSR1 write lines with the state of things; SIGPIPE, SIGCHLD and SIGUSR2 do nothing. All are blocked in every
//          thread and taken by the main thread: no handler ever runs (P8).
#include "broker/server.hpp"
#include "core/http_service.hpp"
#include "core/log.hpp"
#include "core/log_service.hpp"
#include "core/memory_room.hpp"
#include "core/output.hpp"
#include "tools/program/flags.hpp"
#include "tools/ringsided/config.hpp"
#include "tools/ringsided/flags.hpp"
#include "tools/ringsided/open_files.hpp"
#include "tools/ringsided/pages.hpp"
#include "tools/ringsided/reload.hpp"
#include "tools/ringsided/trace.hpp"
#include "tools/ringsided/try_out.hpp"

#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

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

void say_ready(const Server& server, const core::HttpService* http, std::optional<int> ready_fd) {
  std::string line =
      log::text("ready port=", server.port(), " io=", server.io_backend(), " pid=", ::getpid());
  if (http != nullptr) line += log::text(" metrics=", http->port());
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

Result<void, std::string> open_log(const ServerConfig& config) {
  auto sink = log::make_service_sink({.file = config.log_file,
                                      .json = config.log_json,
                                      .rotate_bytes = config.log_rotate_bytes,
                                      .keep = config.log_keep});
  if (!sink.ok()) return Err{sink.error()};
  log::set_sink(std::move(sink).value());
  return {};
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

void refuse_reload(std::string_view mistakes) {
  while (!mistakes.empty()) {
    const std::string_view line = mistakes.substr(0, mistakes.find('\n'));
    mistakes.remove_prefix(std::min(mistakes.size(), line.size() + 1));
    log::write(log::Level::kError, "config",
               log::text("not reloaded, nothing has changed: ", line));
  }
}

/// One that cannot be begun is told; the server is well without.
void begin_trace(Tracer& tracer, const ServerConfig& config) {
  if (const auto begun = tracer.apply(config); !begun.ok())
    return log::write(log::Level::kError, "trace", begun.error());
  if (config.trace.wanted())
    log::write(log::Level::kInfo, "trace", "frames are written to " + config.trace.file);
}

/// SIGHUP: a file with mistakes changes nothing; what can be applied is, the rest is named (O2).
void reload(Server& server, Tracer& tracer, const Flags& flags, LoadedConfig& running) {
  const auto plan = plan_reload(flags, running);
  if (!plan.ok()) return refuse_reload(plan.error());
  const ServerConfig& wanted = plan->loaded.server;
  if (plan->changes("log.")) {
    if (const auto opened = open_log(wanted); !opened.ok()) return refuse_reload(opened.error());
  }
  log::set_level(level_of(wanted.log_level));
  server.apply_live(wanted);
  if (plan->changes("trace.")) begin_trace(tracer, wanted);
  carry_over(*plan, running);
  log::write(log::Level::kInfo, "config",
             plan->applied.empty() ? std::string("reloaded: nothing to apply")
                                   : "reloaded, applied: " + joined(plan->applied));
  if (plan->for_restart.empty()) return;
  log::write(log::Level::kWarning, "config",
             "needs a restart to take effect: " + joined(plan->for_restart));
}

/// Whatever the file has become: the server goes on (M3).
void reload_if_possible(Server& server, Tracer& tracer, const Flags& flags,
                        LoadedConfig& running) noexcept {
  try {
    reload(server, tracer, flags, running);
  } catch (const std::bad_alloc&) {
    log::write(log::Level::kError, "config", "no memory to reload: SIGHUP tries it again");
  }
}

/// Before the kernel ends everything (M2).
void look_at_memory(Server& server, core::MemoryWatch& watch) try {
  const auto room = core::read_memory_room();
  core::MemoryWatch next = watch;
  if (!next.look(room)) return;
  server.set_short_of_memory(next.is_short());
  watch = next;  // not before everybody has been told
  if (!next.is_short())
    return log::write(log::Level::kInfo, "memory", "there is memory again: sessions are accepted");
  log::write(log::Level::kWarning, "memory",
             log::text("memory is short (", room->used >> 20U, " of ", room->most >> 20U,
                       " MiB of the control group): new sessions are refused, slow ones are cut"));
} catch (const std::bad_alloc&) {
  return;  // looked at again in a second
}

/// Until SIGTERM or SIGINT.
void wait_for_end(Server& server, Tracer& tracer, const Flags& flags, LoadedConfig& running,
                  const sigset_t& signals) {
  const timespec second{1, 0};
  core::MemoryWatch memory;
  for (;;) {
    const int number = sigtimedwait(&signals, nullptr, &second);
    look_at_memory(server, memory);
    if (number == SIGTERM || number == SIGINT) {
      log::write(log::Level::kInfo, "server",
                 number == SIGTERM ? "SIGTERM: saying goodbye" : "SIGINT: saying goodbye");
      return;
    }
    if (number == SIGHUP) {
      log::reopen();
      reload_if_possible(server, tracer, flags, running);
    }
    if (number == SIGHUP || number == SIGUSR1) say_state(server);
    log::report_suppressed();
  }
}

using HttpOrError = Result<std::unique_ptr<core::HttpService>, core::IoError>;

/// Nothing when it is off.
HttpOrError serve_pages(const ServerConfig& config, Pages& pages) {
  if (config.metrics_port == 0) return std::unique_ptr<core::HttpService>();
  return core::HttpService::start({config.metrics_host, config.metrics_port},
                                  [&pages](std::string_view path) { return pages.answer(path); });
}

int run(const Flags& flags, LoadedConfig& running, const sigset_t& signals) {
  const ServerConfig& config = running.server;
  log::set_level(level_of(config.log_level));
  if (const auto opened = open_log(config); !opened.ok()) return fail(kExitSystem, opened.error());
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
  Pages pages(**server);
  auto http = serve_pages(config, pages);
  if (!http.ok()) {
    log::set_sink(nullptr);
    return fail(http.error().error == EADDRINUSE ? kExitPortInUse : kExitSystem,
                "metrics: " + http.error().text);
  }
  try {
    (*server)->start();
  } catch (const std::system_error& refused) {  // some threads may run: nothing can be destroyed
    log::set_sink(nullptr);
    fail(kExitSystem, std::string("threads of the server: ") + refused.what());
    std::_Exit(kExitSystem);
  }
  say_ready(**server, http->get(), flags.ready_fd);
  Tracer tracer((*server)->trace_lanes());
  begin_trace(tracer, config);
  wait_for_end(**server, tracer, flags, running, signals);
  if (!(*server)->stop()) {
    log::set_sink(nullptr);
    std::_Exit(kExitStuck);  // threads still run: nothing may be destroyed under them
  }
  log::write(log::Level::kInfo, "server", "ended");
  log::report_suppressed();
  log::set_sink(nullptr);
  return kExitDone;
}

/// --check-config: what reads well is tried out.
int check(const ServerConfig& config) {
  const TryOut found = try_out(config);
  for (const std::string& what : found.wrong) complain("ringsided", what);
  for (const std::string& what : found.notes) complain("ringsided", "note: " + what);
  if (!found.wrong.empty()) return kExitUsage;
  std::puts("the configuration is good");
  return kExitDone;
}

}  // namespace
}  // namespace cti::tools

int main(int argc, char** argv) {
  using namespace cti::tools;
  const auto flags = parse_flags(argc, argv);
  if (!flags.ok()) return flags.error();
  const bool serves = !flags->check_config && !flags->print_config;
  // Who asks for a reload while the file is still read asks for one that comes later.
  const sigset_t signals = serves ? block_signals() : sigset_t{};
  auto loaded = load_all(*flags);
  if (!loaded.ok()) {
    complain("ringsided", loaded.error());
    return kExitUsage;
  }
  if (flags->print_config) std::fputs(loaded->text.c_str(), stdout);
  if (flags->check_config) return check(loaded->server);
  if (!serves) return kExitDone;
  try {
    return run(*flags, *loaded, signals);
  } catch (const std::bad_alloc&) {
    return fail(kExitSystem, "out of memory at start");
  }
}
