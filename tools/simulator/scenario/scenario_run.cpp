// scenario_run.cpp - server, player and clock in one loop on the simulated network.
#include "tools/simulator/scenario/scenario_run.hpp"

#include "core/sim_io.hpp"

#include <algorithm>

namespace cti::simulator {
namespace {

constexpr const char* kServerHost = "10.0.0.1";
constexpr const char* kClientHost = "10.0.1.1";

}  // namespace

ScenarioReport run_scenario(const Scenario& scenario, const VirtualRun& how) {
  const std::uint64_t seed = how.seed.value_or(scenario.seed.value_or(1));
  core::SimNetwork network(seed);
  const auto server_io = network.make_io(kServerHost);
  const auto client_io = network.make_io(kClientHost);
  ServerSettings settings = scenario.server;
  settings.side_a = {kServerHost, 42027};
  settings.side_b = {kServerHost, 43027};
  settings.seed = seed;
  auto made = Server::make(*server_io, settings, scenario.gateway);
  if (!made) {
    ScenarioReport report;
    report.result = ScenarioReport::Result::kFailed;
    report.text = scenario.file + ": " + made.error().text;
    return report;
  }
  Server& server = **made;
  LoadSettings load = scenario.load;
  load.seed = seed;
  LoadGenerator generator(server.model(), load);
  ScenarioPlayer player(*client_io, server, scenario, {how.version, 1, kServerHost, how.on_line});
  const TimePoint end = network.now() + how.longest;
  while (!player.done()) {
    if (server.turn(kNever) + player.turn(kNever) > 0) continue;
    if (player.done()) break;
    const TimePoint next = std::min({network.next_event(), network.next_deadline(),
                                     server.next_deadline(), player.next_deadline()});
    if (next > end) {
      player.give_up("nothing more happens");
      break;
    }
    network.run_until(std::max(next, network.now()));
  }
  return player.report();
}

}  // namespace cti::simulator
