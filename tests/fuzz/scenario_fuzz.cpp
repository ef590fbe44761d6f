// scenario_fuzz.cpp - any bytes as a scenario file: refused with a line and a reason, or taken; short ones are also played.
#include "tests/fuzz/found.hpp"
#include "tools/simulator/scenario/scenario_run.hpp"

#include <cstdint>

namespace {

using namespace cti;
using namespace cti::simulator;

constexpr std::size_t kPlayedStepsMax = 24;
constexpr Nanos kPlayedMax = Seconds(300);  // of the simulated clock

bool is_quiet(const Scenario& scenario) {
  return scenario.steps.size() <= kPlayedStepsMax && scenario.load.calls_per_second <= 1 &&
         scenario.gateway.agents.size() <= 50;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto scenario = read_scenario(text, "fuzz.scenario");
  if (!scenario.ok()) {
    if (!scenario.error().starts_with("fuzz.scenario"))
      fuzz::found("refused without a place", scenario.error());
    fuzz::must_be_printable(scenario.error());
    return 0;
  }
  if (!is_quiet(*scenario)) return 0;
  VirtualRun how;
  how.longest = kPlayedMax;
  const ScenarioReport report = run_scenario(*scenario, how);
  fuzz::must_be_printable(report.text);
  return 0;
}
