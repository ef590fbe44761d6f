// verdict.cpp - finds the highest rate that is held and the knee, and says so.
#include "tools/load/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cti::load {
namespace {

constexpr double kReachedShare = 0.98;
constexpr double kKneeTimes = 3;
constexpr double kKneeAboveMs = 1;
// Of a core: a simulator that is busier than this has no time left to be late in.
constexpr double kSwitchCoresMax = 0.95;

bool bent(const Point& point, double floor_ms) {
  return point.reached < kReachedShare * point.rate ||
         (point.p99_ms > kKneeTimes * floor_ms && point.p99_ms > floor_ms + kKneeAboveMs);
}

std::string with_unit(const Setup& setup, double rate) {
  return short_number(rate) + (setup.calls ? " calls/s" : " state changes/s");
}

std::string crowd(const Setup& setup) {
  std::string text = thousands(setup.agents) + " agents";
  if (setup.supervisors > 0) text += ", " + thousands(setup.supervisors) + " supervisors";
  if (setup.monitors > 0) text += ", " + thousands(setup.monitors) + " monitors";
  return text;
}

}  // namespace

const char* name_of(Path path) noexcept {
  constexpr const char* kNames[] = {"call at its agent", "call at supervisors", "call at monitors",
                                    "request answered",  "switch alone",        "?"};
  return kNames[static_cast<std::size_t>(path)];
}

Latency summary(const Histogram& histogram) {
  const auto ms = [](Nanos value) { return static_cast<double>(value.count()) * 1e-6; };
  Latency latency;
  latency.count = histogram.count();
  latency.mean_ms = histogram.mean_ns() * 1e-6;
  latency.p50_ms = ms(histogram.at(50));
  latency.p90_ms = ms(histogram.at(90));
  latency.p99_ms = ms(histogram.at(99));
  latency.p999_ms = ms(histogram.at(99.9));
  latency.max_ms = ms(histogram.max());
  return latency;
}

std::string short_number(double value) {
  char text[32];
  const double size = std::fabs(value);
  const int decimals = size >= 99.95 || value == std::floor(value) ? 0 : size >= 9.995 ? 1 : 2;
  std::snprintf(text, sizeof text, "%.*f",
                size < 9.995 && size >= 0.995 && decimals > 0 ? 1 : decimals, value);
  std::string shown = text;
  return size >= 1000 && decimals == 0 ? thousands(static_cast<std::uint64_t>(std::llround(value)))
                                       : shown;
}

std::string thousands(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::optional<std::size_t> find_knee(std::span<const Point> points) {
  std::optional<std::size_t> knee;
  double floor_ms = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point& point = points[i];
    if (i == 0) {
      floor_ms = point.p99_ms;
      if (point.reached < kReachedShare * point.rate) knee = i;
      continue;
    }
    if (!bent(point, floor_ms)) {
      knee.reset();
    } else if (!knee) {
      knee = i;
    }
    floor_ms = std::min(floor_ms, point.p99_ms);
  }
  return knee;
}

Worst worst_p99(const StepResult& step) {
  Worst worst;
  for (std::size_t i = 0; i < kPaths; ++i) {
    const Latency& latency = step.latency[i];
    if (!of_server(Path(i)) || latency.count == 0 || latency.p99_ms < worst.p99_ms) continue;
    worst = {Path(i), latency.p99_ms, latency.count};
  }
  return worst;
}

std::string why_void(const StepResult& step, const Setup& setup, bool* own) {
  *own = true;
  if (step.late.p99_ms > setup.late_limit_ms) {
    return "this tool sent " + short_number(step.late.p99_ms) + " ms late (p99; at most " +
           short_number(setup.late_limit_ms) +
           " ms are allowed): it could not keep its own schedule";
  }
  *own = false;
  // What was sent late is this tool's own fault, and so is an answer that lies unread as long as sending lags.
  const double by_switch_ms = step.answered.p99_ms - step.late.p99_ms;
  if (by_switch_ms > setup.p99_limit_ms) {
    return "the simulator itself took " + short_number(by_switch_ms) +
           " ms (p99) to begin a call: it cannot keep up";
  }
  if (step.switch_cores > kSwitchCoresMax) {
    return "the simulator used " + short_number(step.switch_cores) +
           " of its one core: it cannot keep up";
  }
  return {};
}

std::string why_not_held(const StepResult& step, const Setup& setup) {
  const PositionFaults& faults = step.faults;
  if (faults.wrong() > 0) {
    return thousands(faults.lost) + " updates lost, " + thousands(faults.doubled) + " doubled, " +
           thousands(faults.disordered) + " out of order";
  }
  if (step.sessions_ended > 0) return thousands(step.sessions_ended) + " sessions ended";
  if (faults.overtaken > 0)
    return thousands(faults.overtaken) + " snapshots in place of updates: sessions were too slow";
  if (step.rate_reached < kReachedShare * step.rate) {
    std::string why = "only " + with_unit(setup, step.rate_reached) + " reached";
    if (step.no_agent > 0) why += ": no agent was free " + thousands(step.no_agent) + " times";
    return why;
  }
  if (step.unseen > 0) {
    return thousands(step.unseen) +
           (setup.calls ? " calls never reached an agent" : " changes were never answered");
  }
  if (step.unknown > 0) return thousands(step.unknown) + " requests without an outcome";
  const Worst worst = worst_p99(step);
  if (worst.count == 0) return "nothing was measured";
  if (worst.p99_ms > setup.p99_limit_ms) {
    return std::string(name_of(worst.path)) + ": p99 " + short_number(worst.p99_ms) +
           " ms, above " + short_number(setup.p99_limit_ms) + " ms";
  }
  return {};
}

Verdict judge(LoadResult& result) {
  Verdict verdict;
  std::vector<Point> points;
  bool unbroken = true;
  for (StepResult& step : result.steps) {
    step.why_not = why_not_held(step, result.setup);
    if (!step.void_because.empty()) continue;
    const Worst worst = worst_p99(step);
    points.push_back({step.rate, step.rate_reached, worst.p99_ms});
    unbroken = unbroken && step.why_not.empty();
    if (!unbroken) continue;
    verdict.holds = true;
    verdict.held_rate = step.rate;
    verdict.held_p99_ms = worst.p99_ms;
    verdict.held_path = worst.path;
  }
  if (const auto knee = find_knee(points)) {
    verdict.has_knee = true;
    verdict.knee_rate = points[*knee].rate;
  }
  std::string& text = verdict.text;
  if (points.empty()) {
    text = "no verdict: nothing was measured";
  } else if (verdict.holds) {
    text = "holds " + crowd(result.setup) + " at " + with_unit(result.setup, verdict.held_rate) +
           " with p99 " + short_number(verdict.held_p99_ms) + " ms (" + name_of(verdict.held_path) +
           ")";
  } else {
    text = "does not hold " + crowd(result.setup) + " at " +
           with_unit(result.setup, points.front().rate) + ": " + result.steps.front().why_not;
  }
  if (verdict.has_knee) {
    text += "; knee at " + with_unit(result.setup, verdict.knee_rate);
  } else if (points.size() > 1) {
    text += "; no knee up to " + with_unit(result.setup, points.back().rate);
  }
  if (result.faults.wrong() > 0) {
    verdict.holds = false;
    text = "UNSOUND: " + thousands(result.faults.lost) + " updates lost, " +
           thousands(result.faults.doubled) + " doubled, " + thousands(result.faults.disordered) +
           " out of order; otherwise: " + text;
  }
  return verdict;
}

int exit_code(const LoadResult& result) {
  switch (result.ending) {
    case Ending::kOwnSchedule:
      return 4;
    case Ending::kServerGone:
      return 5;
    case Ending::kSwitchBehind:
      return 6;
    default:
      return result.verdict.holds && result.faults.wrong() == 0 ? 0 : 1;
  }
}

}  // namespace cti::load
