// replay_cli.hpp - `ringside-sim replay` and `ringside-sim record`.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace cti::simulator {

/// Adds both subcommands. When one of them was asked for, `run` does it and gives the exit code; `asked_to_stop` is looked
/// at between two turns. 0: as recorded; 1: differences, or no peer; 2: wrong usage or no such file.
struct ReplayCommands {
  std::function<bool()> asked_for;
  std::function<int(const std::function<bool()>& asked_to_stop)> run;
};
ReplayCommands add_replay_commands(CLI::App& app);

}  // namespace cti::simulator
