// options.hpp - the command line of ringside-load, and what can be wrong with it.
#pragma once

#include "core/base/result.hpp"
#include "core/io.hpp"
#include "tools/load/arrivals.hpp"
#include "tools/load/robot.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cti::load {

struct Options {
  // who
  std::uint32_t agents = 100, monitors = 2, supervisors = 0;
  std::uint32_t peripheral = 5000, first_agent = 10001, first_instrument = 20001;
  std::uint32_t skill_groups = 0;  ///< 0: one per 50 agents
  // what
  std::vector<double> rates{10};
  double hold_s = 10, settle_s = 2;
  double supervise_s = 0;  ///< so often each supervisor does something; 0: it only looks on
  std::optional<std::string> answer, talk, wrapup;
  std::string arrivals = "random";
  double p99_limit_ms = 10, late_limit_ms = 5;
  double open_timeout_s = 120;
  std::uint64_t seed = 1;
  // against whom
  std::string server, simulator_control;
  std::string programs, listen = "127.0.0.1:0", io;
  std::uint32_t fanouts = 1;
  int server_pid = 0;
  // where to
  std::string out;
  std::string plan;
  std::uint32_t skill_groups_per_agent = 5;
  bool tls = false;
  bool agents_given = false;

  /// Calls are driven through a simulator; else agents only change their states.
  bool calls() const { return server.empty() || !simulator_control.empty(); }
  Habits habits;  ///< settled from the texts above, see settle_habits
};

/// An exit code: 0 after --help, 2 after a mistake, which has been told.
Result<Options, int> parse_options(int argc, char** argv);

/// "60", "20,40,80" or "20..100:20" (from, to, by); ascending, each above 0. Else what is wrong.
Result<std::vector<double>, std::string> parse_rates(const std::string& text);
/// "host:port" or "port"; the host numeric.
std::optional<core::Endpoint> parse_endpoint(const std::string& text);
/// Times that suit the agents and the highest rate, or those asked for. An error: there are too few agents for them.
Result<Habits, std::string> settle_habits(const Options& options);

}  // namespace cti::load
