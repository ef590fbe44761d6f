// scenario_cli.cpp - flags of a scenario run; several files at several versions, one line each.
#include "tools/simulator/scenario_cli.hpp"

#include "core/epoll_io.hpp"
#include "tools/program/flags.hpp"
#include "tools/simulator/scenario/scenario_run.hpp"

#include <cstdio>

namespace cti::simulator {
namespace {

using Outcome = ScenarioReport::Result;

void print_line(Nanos at, const std::string& text) {
  std::printf("%10.3f  %s\n", static_cast<double>(at.count()) / 1e9, text.c_str());
  std::fflush(stdout);
}

/// One line for what has passed; what failed is told whole.
void print_report(const Scenario& scenario, ged::Version version, const ScenarioReport& report) {
  const std::string where = scenario.file + " (version " + std::to_string(version) + ")";
  if (report.result == Outcome::kSkipped) {
    std::printf("skipped %s: %s\n", where.c_str(), report.text.c_str());
  } else if (report.result == Outcome::kPassed) {
    std::printf("passed  %s: %zu steps, %zu expectations, %.1f s of model time\n", where.c_str(),
                report.steps, report.checks, static_cast<double>(report.took.count()) / 1e9);
  } else {
    std::printf("FAILED  %s\n%s", where.c_str(), report.text.c_str());
  }
  std::fflush(stdout);
}

}  // namespace

void add_scenario_options(CLI::App& app, ScenarioFlags& flags) {
  auto* files = app.add_option("--scenario", flags.files,
                               "Play this scenario file (SCENARIOS.md); several with "
                               "--virtual-time")
                    ->check(CLI::ExistingFile);
  app.add_flag("--check", flags.check,
               "End when the scenario has: exit code 0 when all was as expected, else 1")
      ->needs(files);
  app.add_flag("--virtual-time", flags.virtual_time,
               "Check scenarios by themselves on a simulated network and clock, without ports")
      ->needs(files);
  app.add_option("--client-version", flags.versions,
                 "Protocol version of the scenario's own clients (default 15); several with "
                 "--virtual-time")
      ->check(tools::whole(9, 25));
  app.add_flag("--verbose", flags.verbose, "Print each step of a scenario as it begins");
}

int read_scenarios(ScenarioFlags& flags, const Settings& gateway) {
  if (flags.files.size() > 1 && !flags.virtual_time) {
    std::fprintf(stderr, "ringside-sim: several scenarios need --virtual-time\n");
    return 2;
  }
  int code = 0;
  for (const std::string& file : flags.files) {
    auto scenario = read_scenario_file(file, gateway);
    if (scenario) {
      flags.read.push_back(std::move(scenario).value());
    } else {
      tools::complain("ringside-sim", scenario.error());
      code = 2;
    }
  }
  return code;
}

int check_scenarios(const ScenarioFlags& flags) {
  int code = 0;
  for (const Scenario& scenario : flags.read) {
    for (const ged::Version version : flags.versions) {
      VirtualRun how;
      how.version = version;
      if (flags.seed_given) how.seed = flags.seed;
      if (flags.verbose) how.on_line = print_line;
      const ScenarioReport report = run_scenario(scenario, how);
      print_report(scenario, version, report);
      if (report.result == Outcome::kFailed) code = 1;
    }
  }
  return code;
}

void take_settings(const ScenarioFlags& flags, ServerSettings& server, SettingsFile& file) {
  if (flags.read.empty()) return;
  const Scenario& scenario = flags.read.front();
  file.gateway = scenario.gateway;
  server.strict = server.strict || scenario.server.strict;
  server.standby_b = server.standby_b || scenario.server.standby_b;
  if (scenario.seed && !flags.seed_given) server.seed = *scenario.seed;
  file.load.seed = server.seed;
  if (scenario.load.robots || scenario.load.calls_per_second > 0) {
    file.load = scenario.load;
    file.load.seed = server.seed;
  }
}

Result<std::unique_ptr<LivePlay>, std::string> LivePlay::make(Server& server,
                                                              const ScenarioFlags& flags,
                                                              const std::string& bind,
                                                              double speed) {
  auto play = std::make_unique<LivePlay>();
  if (flags.read.empty()) return play;
  auto io = core::make_epoll_io({});
  if (!io) return Err{io.error().text};
  play->io_ = std::move(*io);
  play->check_ = flags.check;
  play->scenario_ = &flags.read.front();
  play->version_ = flags.versions.front();
  const std::string host = bind == "0.0.0.0" ? "127.0.0.1" : bind == "::" ? "::1" : bind;
  play->player_ = std::make_unique<ScenarioPlayer>(
      *play->io_, server, *play->scenario_,
      PlayOptions{play->version_, speed, host,
                  flags.verbose ? print_line : std::function<void(Nanos, const std::string&)>()});
  return play;
}

std::uint32_t LivePlay::turn() {
  if (player_ == nullptr) return 0;
  const std::uint32_t work = player_->turn(io_->now());
  if (player_->done() && !told_) {
    told_ = true;
    print_report(*scenario_, version_, player_->report());
    if (player_->report().result == Outcome::kFailed) code_ = 1;
  }
  return work;
}

Nanos LivePlay::wait() const {
  if (!playing()) return Seconds(3600);
  const TimePoint due = player_->next_deadline();
  return due == kNever ? Nanos(Seconds(3600)) : due - io_->now();
}

}  // namespace cti::simulator
