// ringside-sim: the program around the simulator. Flags in, a ready line out, then turns until it is told to stop.
#include "core/choose_io.hpp"
#include "core/log.hpp"
#include "core/output.hpp"
#include "core/socket.hpp"
#include "tools/program/flags.hpp"
#include "tools/simulator/load/load.hpp"
#include "tools/simulator/replay_cli.hpp"
#include "tools/simulator/scenario_cli.hpp"
#include "tools/simulator/server/server.hpp"
#include "tools/simulator/settings_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <tuple>

namespace {

using namespace cti;
using namespace cti::simulator;

constexpr const char* kProgram = "ringside-sim";

std::atomic<bool> stop_asked{false};  // set by signal handlers: lock-free

// relaxed: a flag between a signal handler and its own thread; nothing else is ordered by it.
void ask_to_stop(int) { stop_asked.store(true, std::memory_order_relaxed); }
// relaxed: as above.
bool asked_to_stop() { return stop_asked.load(std::memory_order_relaxed); }

struct Flags {
  ServerSettings server;
  std::string bind = "127.0.0.1";
  std::uint16_t port_a = 42027, port_b = 43027;
  int control_port = -1;
  bool no_input = false, check_config = false, print_config = false, log = false;
  std::uint32_t agents = 0, groups = 0, teams = 0;
  std::string config, io = "auto";
  std::optional<double> calls_per_second, transfer, conference;
  std::optional<std::string> talk, wrapup, answer, patience, day;
  std::vector<std::string> faults;
  bool robots = false, queue_events = false;
  SettingsFile file;
  ScenarioFlags scenario;
};

/// A line on standard output, which somebody may read or not: the sessions go on either way (M13).
void say(const std::string& line) {
  static core::Output output(STDOUT_FILENO);
  static_cast<void>(output.write(line, Seconds{1}));
}

/// Commands on standard input, answers on standard output; `quit` and end of input are different things: a demo may
/// close it and go on.
class StandardInput {
 public:
  explicit StandardInput(bool on) : open_(on) {
    if (on) fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  }
  bool open() const { return open_; }
  void serve(Server& server) {
    char buffer[4096];
    const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    if (got == 0) open_ = false;
    if (got <= 0) return;
    pending_.append(buffer, static_cast<std::size_t>(got));
    std::size_t end = 0;
    while ((end = pending_.find('\n')) != std::string::npos) {
      const std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      if (!line.empty()) say(server.command(line) + "\n");
    }
  }

 private:
  bool open_;
  std::string pending_;
};

/// The loop for standard input and scenarios sleeps on descriptors, which epoll has and io_uring has not: unless one of the
/// two is asked for by name, io_uring is taken only where nothing but sockets is waited for.
Result<std::unique_ptr<core::Io>, core::IoError> make_io(const Flags& flags) {
  core::IoLimits limits;
  limits.connections_max = flags.server.clients_max + 16;
  const bool sockets_only = flags.no_input && flags.scenario.files.empty();
  const core::IoChoice wanted = flags.io == "io_uring"                 ? core::IoChoice::kUring
                                : flags.io == "epoll" || !sockets_only ? core::IoChoice::kEpoll
                                                                       : core::IoChoice::kAuto;
  const auto decision = core::choose_io(wanted);
  if (!decision.ok()) return Err{decision.error()};
  return core::make_io(*decision, limits);
}

/// As many descriptors as the system gives; says when they are fewer than --clients needs.
void raise_open_files(const Flags& flags) {
  constexpr std::uint64_t kOwn = 48;  // streams, listeners, control connections, logs
  const std::uint64_t allowed = core::raise_descriptor_limit();
  if (allowed >= flags.server.clients_max + kOwn) return;
  std::fprintf(stderr, "ringside-sim: may open %llu files at most, and --clients %u needs %llu\n",
               static_cast<unsigned long long>(allowed), flags.server.clients_max,
               static_cast<unsigned long long>(flags.server.clients_max + kOwn));
}

int run(const Flags& flags) {
  raise_open_files(flags);
  auto io = make_io(flags);
  if (!io) {
    std::fprintf(stderr, "ringside-sim: %s\n", io.error().text.c_str());
    return 1;
  }
  auto made = Server::make(**io, flags.server, flags.file.gateway);
  if (!made) {
    std::fprintf(stderr, "ringside-sim: %s\n", made.error().text.c_str());
    return 3;
  }
  Server& server = **made;
  for (const std::string& fault : flags.faults) {
    const std::string answer = server.command(fault);
    if (answer.starts_with("ok")) continue;
    std::fprintf(stderr, "ringside-sim: --fault %s: %s\n", fault.c_str(), answer.c_str());
    return 2;
  }
  LoadGenerator load(server.model(), flags.file.load);
  say(core::log::text("ready port-a=", server.port(Side::kA), " port-b=", server.port(Side::kB),
                      " control-port=", server.control_port(), " io=", (*io)->backend(), "\n"));
  StandardInput input(!flags.no_input);
  const auto made_play = LivePlay::make(server, flags.scenario, flags.bind, flags.server.speed);
  if (!made_play) {
    std::fprintf(stderr, "ringside-sim: %s\n", made_play.error().c_str());
    return 1;
  }
  LivePlay& play = **made_play;
  const int io_fd = (*io)->pollable_fd();
  while (!server.stopping() && !asked_to_stop() && !play.ends_program()) {
    if (!input.open() && !play.playing()) {
      // Wakes at least so often to see a signal that came just before the wait.
      server.turn((*io)->now() + Millis(200));
      continue;
    }
    // What was handed to the Io is sent by its next wait(): only an idle turn may be followed by a sleep.
    if (server.turn((*io)->now()) + play.turn() > 0) continue;
    const TimePoint due = server.next_deadline();
    const Nanos wait =
        std::min(due == kNever ? Nanos(Millis(200)) : due - (*io)->now(), play.wait());
    // Rounded up: a sleep that ends just before the moment would be followed by many empty turns.
    const int timeout_ms =
        static_cast<int>(std::clamp<std::int64_t>((wait + Nanos(999'999)) / Millis(1), 0, 200));
    pollfd watched[3] = {
        {io_fd, POLLIN, 0}, {play.pollable_fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    poll(watched, input.open() ? 3 : 2, timeout_ms);
    if (input.open() && watched[2].revents != 0) input.serve(server);
  }
  server.stop();
  for (int i = 0; i < 10; ++i) server.turn((*io)->now() + Millis(5));
  return play.exit_code();
}

/// The file first, then what the command line says otherwise. False: told why on standard error.
bool settle(Flags& flags) {
  if (flags.io == "io_uring" && (!flags.no_input || !flags.scenario.files.empty())) {
    std::fprintf(stderr, "ringside-sim: --io io_uring needs --no-stdin, and takes no scenario\n");
    return false;
  }
  if (!flags.config.empty()) {
    auto read = read_settings_file(flags.config);
    if (!read.ok()) {
      tools::complain(kProgram, read.error().text());
      return false;
    }
    flags.file = std::move(read).value();
  }
  LoadSettings& load = flags.file.load;
  if (flags.calls_per_second) load.calls_per_second = *flags.calls_per_second;
  if (flags.transfer) load.transfer = *flags.transfer;
  if (flags.conference) load.conference = *flags.conference;
  load.robots = load.robots || flags.robots;
  load.seed = flags.server.seed;
  for (auto [text, to, name] : {std::tuple(&flags.talk, &load.talk, "--talk"),
                                std::tuple(&flags.wrapup, &load.wrapup, "--wrapup"),
                                std::tuple(&flags.answer, &load.answer, "--answer"),
                                std::tuple(&flags.patience, &load.patience, "--patience")}) {
    if (!*text) continue;
    const auto parsed = Duration::parse(**text);
    if (!parsed) {
      std::fprintf(stderr, "ringside-sim: %s %s: seconds as 180, fixed:180 or uniform:120-240\n",
                   name, (*text)->c_str());
      return false;
    }
    *to = *parsed;
  }
  if (flags.day) {
    auto day = read_day(*flags.day);
    if (!day) {
      std::fprintf(stderr, "ringside-sim: --day-profile %s: flat, office, evening or 24 factors\n",
                   flags.day->c_str());
      return false;
    }
    load.day = std::move(*day);
  }
  flags.file.gateway.queue_events = flags.file.gateway.queue_events || flags.queue_events;
  add_generated(flags.file.gateway, flags.agents, flags.groups, flags.teams);
  flags.scenario.seed = flags.server.seed;
  flags.server.side_a = {flags.bind, flags.port_a};
  flags.server.side_b = {flags.bind, flags.port_b};
  if (flags.port_a != 0 && flags.port_a == flags.port_b) {
    std::fprintf(stderr, "ringside-sim: --port-a and --port-b are both %u\n", flags.port_a);
    return false;
  }
  if (flags.log) {
    flags.server.log = [](const std::string& line) {
      std::fprintf(stderr, "ringside-sim: %s\n", line.c_str());
    };
  }
  if (flags.control_port >= 0) {
    flags.server.control =
        core::Endpoint{"127.0.0.1", static_cast<std::uint16_t>(flags.control_port)};
  }
  return true;
}

void add_options(CLI::App& app, Flags& flags) {
  app.add_option("--bind", flags.bind, "Numeric address to listen on (default 127.0.0.1)");
  app.add_option("--port-a", flags.port_a, "Port of side A; 0 picks a free one (default 42027)")
      ->check(tools::port());
  app.add_option("--port-b", flags.port_b, "Port of side B; 0 picks a free one (default 43027)")
      ->check(tools::port());
  app.add_option("--control-port", flags.control_port,
                 "Loopback port for control commands; 0 picks a free one")
      ->check(tools::port());
  app.add_option("--io", flags.io,
                 "auto (default: io_uring where it works and nothing but sockets is waited for), "
                 "io_uring (needs --no-stdin) or epoll")
      ->check(CLI::IsMember({"auto", "io_uring", "epoll"}));
  app.add_flag("--log", flags.log,
               "A line on standard error for each connection, session, refusal and end, and why");
  app.add_flag("--no-stdin", flags.no_input, "Take no control commands from standard input");
  app.add_option("--config", flags.config,
                 "Agents, skill groups, teams, desks and load from a TOML file");
  app.add_flag("--check-config", flags.check_config, "Read the file, tell its mistakes, and end");
  app.add_flag("--print-config", flags.print_config,
               "Print the settings as a file with every key, and end");
  app.add_option("--seed", flags.server.seed, "Seed of everything that is drawn (default 1)")
      ->check(tools::whole(0, UINT64_MAX))
      ->each([&flags](const std::string&) { flags.scenario.seed_given = true; });
  app.add_option("--speed", flags.server.speed, "Model time runs so many times as fast (default 1)")
      ->check(tools::number(0.01, 10'000));
  app.add_option("--clients", flags.server.clients_max,
                 "Most GED-188 connections at once (default 1000)")
      ->check(tools::whole(1, 15'000));
  app.add_flag("--strict", flags.server.strict, "Refuse what a strict CTI Server refuses");
  app.add_flag("--standby-b", flags.server.standby_b,
               "Side B is a standby side (version 24 and later)");
  app.add_option("--agents", flags.agents, "Adds agents 10001.. on instruments 20001..")
      ->check(tools::whole(0, 20'000));
  app.add_option("--skill-groups", flags.groups, "Adds skill groups 101.. (dialed numbers 6101..)")
      ->check(tools::whole(0, 4000));
  app.add_option("--teams", flags.teams,
                 "Adds teams 6001..; the first agents are their supervisors")
      ->check(tools::whole(0, 2000));
  app.add_flag("--queue-events", flags.queue_events,
               "Send CALL_QUEUED and CALL_DEQUEUED (CCE does not)");
  app.add_option("--calls-per-second", flags.calls_per_second, "Callers arrive, on average so many")
      ->check(tools::number(0, 100'000));
  app.add_flag("--robots", flags.robots, "All agents log in and handle calls by themselves");
  app.add_option("--talk", flags.talk,
                 "Talk time: 180 (exponential), fixed:180 or uniform:120-240");
  app.add_option("--wrapup", flags.wrapup, "Wrap-up time of robots, likewise (default 30)");
  app.add_option("--answer", flags.answer,
                 "Ringing time of robots, likewise (default uniform:1-5)");
  app.add_option("--patience", flags.patience,
                 "Callers leave after so long, likewise (default 120)");
  app.add_option("--day-profile", flags.day,
                 "Callers by the hour of model time: flat, office, evening, or 24 factors on "
                 "--calls-per-second");
  app.add_option("--fault", flags.faults,
                 "A control command given at start, such as `delay 0.01 300`; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--send-queue", flags.server.send_queue_bytes,
                 "Bytes kept for a client that does not read before it is cut (default 16777216)")
      ->check(tools::whole(16'384, 16'777'216));
  app.add_option("--transfer", flags.transfer, "Chance that a robot passes a call on")
      ->check(tools::number(0, 1));
  app.add_option("--conference", flags.conference, "Chance that a robot asks a third in")
      ->check(tools::number(0, 1));
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app(
      "ringside-sim: a CTI Server (GED-188, versions 9 to 25) with a simulated peripheral gateway "
      "behind it.\n"
      "Prints one line `ready port-a=N port-b=N control-port=N` when clients may come.\n"
      "Agents 22866, 22867, 22900 (supervisor), 1001, 1002, 2001; password = agent id; skill group "
      "77.\n"
      "Commands come by standard input or the control port, one a line; `help` lists them.\n"
      "Exit code 2: flags, settings or a scenario have mistakes.");
  add_options(app, flags);
  add_scenario_options(app, flags.scenario);
  const ReplayCommands replay = add_replay_commands(app);
  if (const auto ends = tools::parse(app, kProgram, argc, argv)) return *ends;
  std::signal(SIGTERM, ask_to_stop);
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGPIPE, SIG_IGN);
  if (replay.asked_for()) return replay.run(asked_to_stop);
  if (!settle(flags)) return 2;
  if (const int code = read_scenarios(flags.scenario, flags.file.gateway); code != 0) return code;
  if (flags.scenario.virtual_time) return check_scenarios(flags.scenario);
  take_settings(flags.scenario, flags.server, flags.file);
  if (flags.print_config) std::fputs(print_settings(flags.file).c_str(), stdout);
  if (flags.check_config || flags.print_config) return 0;
  return run(flags);
}
