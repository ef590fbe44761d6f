// scenario_run.hpp - a scenario by itself: server, clients and clock simulated, over in milliseconds, equal every time.
#pragma once

#include "tools/simulator/scenario/scenario_player.hpp"

namespace cti::simulator {

struct VirtualRun {
  ged::Version version = 15;            ///< of clients that name none
  std::optional<std::uint64_t> seed;    ///< instead of the file's; else 1
  Nanos longest = Seconds(7 * 86'400);  ///< of model time: a scenario that takes longer has failed
  std::function<void(Nanos, const std::string&)> on_line;
};

/// Plays it to its end. Never waits for real time.
ScenarioReport run_scenario(const Scenario& scenario, const VirtualRun& how);

}  // namespace cti::simulator
