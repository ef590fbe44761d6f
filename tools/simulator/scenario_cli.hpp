// scenario_cli.hpp - scenarios from the command line: played live beside real clients, or checked in virtual time.
#pragma once

#include "tools/simulator/scenario/scenario_player.hpp"
#include "tools/simulator/settings_file.hpp"

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cti::simulator {

struct ScenarioFlags {
  std::vector<std::string> files;
  std::vector<ged::Version> versions{15};
  bool check = false, virtual_time = false, verbose = false, seed_given = false;
  std::uint64_t seed = 1;
  std::vector<Scenario> read;  ///< what is in the files
};

void add_scenario_options(CLI::App& app, ScenarioFlags& flags);

/// Reads all files; mistakes go to standard error. 0, or the exit code 2.
int read_scenarios(ScenarioFlags& flags, const Settings& gateway);

/// Plays each scenario at each version in virtual time and prints a line for each. 0: all passed (or do not apply); 1.
int check_scenarios(const ScenarioFlags& flags);

/// Live: the scenario's own settings go into the program's.
void take_settings(const ScenarioFlags& flags, ServerSettings& server, SettingsFile& file);

/// A scenario on a running server, in real time times `speed`; without a scenario it does nothing.
class LivePlay {
 public:
  static Result<std::unique_ptr<LivePlay>, std::string> make(Server& server,
                                                             const ScenarioFlags& flags,
                                                             const std::string& bind, double speed);
  std::uint32_t turn();
  bool playing() const { return player_ != nullptr && !player_->done(); }
  /// With --check the program ends when the play has.
  bool ends_program() const { return check_ && !playing(); }
  int exit_code() const { return code_; }
  int pollable_fd() const { return io_ == nullptr ? -1 : io_->pollable_fd(); }
  /// How long nothing is to be done without news.
  Nanos wait() const;

 private:
  bool check_ = false, told_ = false;
  int code_ = 0;
  std::unique_ptr<core::Io> io_;
  std::unique_ptr<ScenarioPlayer> player_;
  const Scenario* scenario_ = nullptr;
  ged::Version version_ = 15;
};

}  // namespace cti::simulator
