// ringside-load: flags in, a run, a verdict out. What it does and means: README.md beside this file.
#include "core/epoll_io.hpp"
#include "tools/load/busyness.hpp"
#include "tools/load/options.hpp"
#include "tools/load/plan.hpp"
#include "tools/load/report.hpp"
#include "tools/load/run.hpp"
#include "tools/load/verdict.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

namespace cti::load {
namespace {

constexpr int kExitCannotStart = 3;

std::atomic<bool> stop_asked{false};  // set by signal handlers: lock-free

// relaxed: a flag between a signal handler and its own thread; nothing else is ordered by it.
void ask_to_stop(int) { stop_asked.store(true, std::memory_order_relaxed); }

int complain(int code, const std::string& what) {
  std::fprintf(stderr, "ringside-load: %s\n", what.c_str());
  return code;
}

std::string machine() {
  std::string cpu = "unknown CPU";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    cpu = line.substr(std::min(line.size(), line.find(':') + 2));
    break;
  }
  utsname system{};
  ::uname(&system);
  return cpu + ", " + std::to_string(std::thread::hardware_concurrency()) + " CPUs, " +
         system.sysname + " " + system.release;
}

std::string in_words(const simulator::Duration& time) {
  if (time.kind == simulator::Duration::Kind::kUniform) {
    return short_number(time.mean_s - time.spread_s) + " to " +
           short_number(time.mean_s + time.spread_s) + " s";
  }
  const bool fixed = time.kind == simulator::Duration::Kind::kFixed;
  return short_number(time.mean_s) + (fixed ? " s" : " s on average");
}

std::string now_in_words() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void describe(Setup& setup, const Options& options, const Deployment& deployment, int argc,
              char** argv) {
  setup.agents = options.agents;
  setup.monitors = options.monitors;
  setup.supervisors = options.supervisors;
  setup.calls = options.calls();
  setup.command = "ringside-load";
  for (int i = 1; i < argc; ++i) setup.command += std::string(" ") + argv[i];
  setup.machine = machine();
  setup.server = deployment.server_words();
  setup.started_at = now_in_words();
  setup.p99_limit_ms = options.p99_limit_ms;
  setup.late_limit_ms = options.late_limit_ms;
  if (setup.calls) {
    setup.habits = "ringing " + in_words(options.habits.answer) + ", talking " +
                   in_words(options.habits.talk) + ", wrap-up " + in_words(options.habits.wrapup);
  }
}

/// What goes on, on standard error: on a terminal one line that changes, elsewhere a line every ten seconds.
class ProgressLine {
 public:
  void operator()(TimePoint now, const std::string& text) {
    if (text.empty()) {
      if (terminal_) std::fputs("\r\x1b[K", stderr);
      return;
    }
    const Nanos every = terminal_ ? Nanos(Millis(500)) : Nanos(Seconds(10));
    if (next_ == TimePoint{}) next_ = now + every;
    if (now < next_) return;
    next_ = now + every;
    if (terminal_) {
      std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
    } else {
      (void)complain(0, text);
    }
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  TimePoint next_{};
};

int plan(const Options& options) {
  std::ifstream file(options.plan, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return complain(2, "--plan: " + options.plan + " cannot be read");
  const auto measured = from_json(text.str());
  if (!measured.ok()) return complain(2, "--plan: " + options.plan + ": " + measured.error());
  PlanWish wish;
  wish.agents = options.agents_given ? options.agents : 0;
  wish.monitors = options.monitors;
  wish.skill_groups_per_agent = options.skill_groups_per_agent;
  wish.tls = options.tls;
  std::fputs(plan_text(*measured, wish).c_str(), stdout);
  return 0;
}

int run(const Options& options, int argc, char** argv) {
  if (const std::string missing = missing_limits(options); !missing.empty())
    return complain(kExitCannotStart, missing);
  if (!options.out.empty()) {
    if (const auto good = check_folder(options.out); !good.ok())
      return complain(kExitCannotStart, "--out: " + good.error());
  }
  const std::string busy = busy_now();
  if (!busy.empty())
    (void)complain(0,
                   "this machine is busy: " + busy + "; the figures will be its neighbours' too");
  auto deployment = Deployment::start(options);
  if (!deployment.ok()) return complain(kExitCannotStart, deployment.error());
  core::IoLimits limits;
  limits.connections_max = options.agents + options.monitors + options.supervisors + 64;
  limits.receive_buffers = 512;
  limits.completions_per_turn = 512;
  auto io = core::make_epoll_io(limits);
  if (!io.ok()) return complain(kExitCannotStart, io.error().text);
  const auto told = [](const StepResult& step) {
    std::fputs(text_row(step).c_str(), stdout);
    std::fflush(stdout);
  };
  Run work(**io, options, **deployment, stop_asked, told, ProgressLine());
  LoadResult& result = work.result();
  describe(result.setup, options, **deployment, argc, argv);
  if (!busy.empty()) result.setup.machine += " (busy: " + busy + ")";
  std::printf("ringside-load against %s\n", result.setup.server.c_str());
  if (const auto opened = work.open(); !opened.ok()) {
    if (result.ending == Ending::kInterrupted) return complain(1, "interrupted while opening");
    return complain(result.ending == Ending::kServerGone ? exit_code(result) : kExitCannotStart,
                    opened.error());
  }
  const Setup& setup = result.setup;
  std::printf("%s agents, %s supervisors, %s monitors stand after %s s%s%s\n\n%s",
              thousands(setup.agents).c_str(), thousands(setup.supervisors).c_str(),
              thousands(setup.monitors).c_str(), short_number(setup.opening_seconds).c_str(),
              setup.habits.empty() ? "" : "; ", setup.habits.c_str(), text_head(setup).c_str());
  std::fflush(stdout);
  work.measure();
  std::fputs(text_end(result).c_str(), stdout);
  if (!options.out.empty()) {
    if (const auto written = write_reports(result, options.out); !written.ok())
      return complain(1, written.error());
    std::printf("Written: %s/result.json, report.html, *.hgrm\n", options.out.c_str());
  }
  return exit_code(result);
}

}  // namespace
}  // namespace cti::load

int main(int argc, char** argv) {
  using namespace cti::load;
  const auto options = parse_options(argc, argv);
  if (!options.ok()) return options.error();
  if (!options->plan.empty()) return plan(*options);
  std::signal(SIGTERM, ask_to_stop);
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGPIPE, SIG_IGN);
  return run(*options, argc, argv);
}
