// What a person reads while it runs, and at the end.
#include "tools/load/report.hpp"
#include "tools/load/verdict.hpp"

#include <cstdio>

namespace cti::load {
namespace {

const Latency& of(const StepResult& step, Path path) {
  return step.latency[static_cast<std::size_t>(path)];
}

std::string cell(double value, int width) {
  const std::string text = value < 0 ? "-" : short_number(value);
  return std::string(text.size() < static_cast<std::size_t>(width)
                         ? static_cast<std::size_t>(width) - text.size()
                         : 1,
                     ' ') +
         text;
}

std::string latency_cell(const Latency& latency, double value, int width) {
  return cell(latency.count == 0 ? -1 : value, width);
}

}  // namespace

std::string text_head(const Setup& setup) {
  char line[320];
  std::snprintf(line, sizeof line, "%8s %9s | %-23s | %-15s | %-15s | %9s | %-13s | %s\n",
                setup.calls ? "calls/s" : "states/s", "updates/s", "at the agent p50 p99 max",
                "monitors p50 p99", "requests p50 p99", "late p99", "server CPU MiB", "");
  return line;
}

std::string text_row(const StepResult& step) {
  const Latency &agent = of(step, Path::kAgent), &monitor = of(step, Path::kMonitor),
                &request = of(step, Path::kRequest);
  std::string line =
      cell(step.rate, 8) + cell(step.updates_per_second, 10) + " |" +
      latency_cell(agent, agent.p50_ms, 8) + latency_cell(agent, agent.p99_ms, 8) +
      latency_cell(agent, agent.max_ms, 8) + " |" + latency_cell(monitor, monitor.p50_ms, 8) +
      latency_cell(monitor, monitor.p99_ms, 8) + " |" + latency_cell(request, request.p50_ms, 8) +
      latency_cell(request, request.p99_ms, 8) + " |" + cell(step.late.p99_ms, 10) + " |" +
      cell(step.server_cores, 6) + cell(step.server_mib, 8) + " | ";
  if (!step.void_because.empty()) return line + "VOID: " + step.void_because + "\n";
  return line + (step.why_not.empty() ? "held" : "not held: " + step.why_not) + "\n";
}

std::string text_end(const LoadResult& result) {
  const Setup& setup = result.setup;
  std::string text = "\n";
  text += "Updates: " + thousands(result.records) + " at all sessions; lost " +
          thousands(result.faults.lost) + ", doubled " + thousands(result.faults.doubled) +
          ", out of order " + thousands(result.faults.disordered) + "; snapshots instead " +
          thousands(result.faults.overtaken) +
          "; compared with the witness: " + thousands(result.compared) + " agents\n";
  std::uint64_t refused = 0, unknown = 0, unseen = 0;
  for (const StepResult& step : result.steps) {
    refused += step.refused;
    unknown += step.unknown;
    unseen += step.unseen;
  }
  text += "Requests refused " + thousands(refused) + ", without an outcome " + thousands(unknown) +
          (setup.calls ? "; calls that reached no agent " + thousands(unseen) : "") + "\n";
  if (setup.server_sessions_mib > 0 && setup.server_idle_mib > 0) {
    const double sessions = 1.0 + setup.agents + setup.monitors + setup.supervisors;
    text += "Server's memory: " + short_number(setup.server_idle_mib) + " MiB alone, " +
            short_number(setup.server_sessions_mib) + " MiB with all sessions (" +
            short_number((setup.server_sessions_mib - setup.server_idle_mib) * 1024 / sessions) +
            " KiB each, the agents' objects included)\n";
  }
  if (!setup.team_monitoring.empty())
    text += "Supervisors' wish to follow their teams: " + setup.team_monitoring + "\n";
  const Supervised& done = result.supervised;
  if (done.any() > 0) {
    text += "Supervisors: " + thousands(done.watched) + " times watched a member, " +
            thousands(done.barged_in) + " barged in, " + thousands(done.left) + " left, " +
            thousands(done.states_changed) + " states of members changed; refused " +
            thousands(done.refused) + "\n";
  }
  if (result.ending != Ending::kWhole) {
    text += "ENDED EARLY: " + result.ending_text + "\n";
    if (result.ending == Ending::kOwnSchedule) {
      text +=
          "Latency counts from the moment a thing was due, so figures of a late tool would be its "
          "own. Give it a core\n"
          "of its own, fewer sessions, or --late-limit if you know better. Rates before that are "
          "told above.\n";
    }
  }
  // Where the tool or the simulator fell behind at the first rate, there is nothing to say.
  const bool mute = result.steps.empty() || !result.steps.front().void_because.empty();
  return text + "\n" + (mute ? "No verdict.\n" : "Verdict: " + result.verdict.text + "\n");
}

}  // namespace cti::load
