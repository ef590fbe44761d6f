// result.hpp - what a run has measured, as plain values: the verdict is made from it, reports print it, a file keeps it.
//
// Units    in the names. Rates are calls (or, without calls, state changes) per second.
// Latency  counts from the moment at which the thing was intended to happen, not from when the tool got round to it: what
//          waits behind something slow is slow too (no coordinated omission).
#pragma once

#include "tools/load/histogram.hpp"
#include "tools/load/positions.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace cti::load {

/// What latencies are of.
enum class Path : std::uint8_t {
  kAgent,  ///< from a call's intended arrival at the switch to the first news of it at its agent's session
  kSupervisor,  ///< ... at the sessions of supervisors who get it
  kMonitor,     ///< ... at each monitor session
  kRequest,     ///< from the moment a request was due to its reply
  kSwitch,  ///< from a call's intended arrival to the simulator's word that it is there: no part of the server
  kCount
};
inline constexpr std::size_t kPaths = static_cast<std::size_t>(Path::kCount);
const char* name_of(Path path) noexcept;
/// False for kSwitch: the server has no part in it.
constexpr bool of_server(Path path) noexcept { return path != Path::kSwitch; }

/// One latency, in a few numbers.
struct Latency {
  std::uint64_t count = 0;
  double mean_ms = 0, p50_ms = 0, p90_ms = 0, p99_ms = 0, p999_ms = 0, max_ms = 0;
};
Latency summary(const Histogram& histogram);

/// One rate, held for a while.
struct StepResult {
  double rate = 0;     ///< asked for
  double seconds = 0;  ///< measured for so long, after settling
  double rate_reached = 0;
  std::uint64_t sent = 0;      ///< calls (state changes) sent off in time or late
  std::uint64_t no_agent = 0;  ///< not sent: no robot was free
  std::uint64_t unseen = 0;    ///< sent, and never heard of at an agent (calls), or never answered
  std::uint64_t refused = 0;   ///< requests that the server or the switch refused
  std::uint64_t unknown = 0;   ///< requests whose outcome is unknown, or that were never answered
  double updates_per_second = 0;  ///< records at all sessions together
  Latency late;                   ///< own lateness: how long after its moment a thing was sent
  Latency answered;  ///< the simulator alone: from the moment a call was sent to its answer
  std::array<Latency, kPaths> latency{};
  std::array<Histogram, kPaths> histograms;  ///< not kept in files
  PositionFaults faults;
  std::uint64_t sessions_ended = 0;  ///< that the server or the network ended
  double server_cores = -1, switch_cores = -1,
         own_cores = -1;     ///< CPU seconds per second; -1: not known
  double server_mib = -1;    ///< resident at the end; -1: not known
  std::string why_not;       ///< empty: held
  std::string void_because;  ///< not empty: the figures mean nothing, for this reason
};

/// What was set up.
struct Setup {
  std::uint32_t agents = 0, monitors = 0, supervisors = 0;
  bool calls = true;  ///< false: state changes only
  std::string command, machine, server, started_at;
  double opening_seconds = 0;       ///< until all sessions stood and all agents were logged in
  double server_idle_mib = -1;      ///< resident before the first session
  double server_sessions_mib = -1;  ///< resident with all sessions, before the first call
  double p99_limit_ms = 10, late_limit_ms = 5;
  std::string habits;
  std::string
      team_monitoring;  ///< how supervisors' wish to follow their team went; empty: none asked
};

/// What supervisors have done, as the server confirmed it.
struct Supervised {
  std::uint64_t watched = 0, barged_in = 0, left = 0, states_changed = 0;
  std::uint64_t refused = 0;  ///< most often since the call or the state was over by then
  std::uint64_t any() const noexcept {
    return watched + barged_in + left + states_changed + refused;
  }
};

struct Verdict {
  bool holds = false;
  double held_rate = 0, held_p99_ms = 0;
  Path held_path = Path::kAgent;  ///< whose p99 that is: the worst
  bool has_knee = false;
  double knee_rate = 0;
  std::string text;  ///< the sentence
};

/// Why a run ended before its end.
enum class Ending : std::uint8_t { kWhole, kInterrupted, kOwnSchedule, kServerGone, kSwitchBehind };

struct LoadResult {
  Setup setup;
  std::vector<StepResult> steps;
  PositionFaults faults;       ///< of the whole run, the tallies of agents included
  std::uint64_t compared = 0;  ///< agents whose tally was compared
  std::uint64_t records = 0;   ///< records at all sessions together
  Supervised supervised;
  double wait_for_quiet_s = 0;
  Ending ending = Ending::kWhole;
  std::string ending_text;
  Verdict verdict;
};

}  // namespace cti::load
