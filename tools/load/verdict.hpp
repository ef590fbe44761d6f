// verdict.hpp - from points to a sentence: which rate is held, and where the knee is. Pure.
//
// Held     a rate is held when it was reached, everything sent was seen, no update was lost, doubled or out of order, no
//          session ended, and no p99 is above the limit. The highest held rate is the highest of the unbroken row that
//          begins with the lowest rate.
// Knee     where latency leaves its floor: the first rate from which on every p99 is above three times the lowest p99 so
//          far (and a millisecond above it), or the rate is not reached any more. A single bad point between good ones is
//          noise of the machine, not a knee.
#pragma once

#include "tools/load/result.hpp"

#include <optional>
#include <span>
#include <string>

namespace cti::load {

struct Point {
  double rate = 0;
  double reached = 0;
  double p99_ms = 0;
};

/// Index of the point at the knee; nothing when there is none. Points by ascending rate.
std::optional<std::size_t> find_knee(std::span<const Point> points);

/// The worst p99 of the paths that the server has a part in.
struct Worst {
  Path path = Path::kAgent;
  double p99_ms = 0;
  std::uint64_t count = 0;
};
Worst worst_p99(const StepResult& step);

/// Why a step is not held; empty: it is.
std::string why_not_held(const StepResult& step, const Setup& setup);
/// Why a step's figures mean nothing: the tool or the simulator could not do its part; empty: they do. `own`: whose fault.
std::string why_void(const StepResult& step, const Setup& setup, bool* own);

/// Fills why_not of every step, and gives the verdict on all.
Verdict judge(LoadResult& result);

/// 12.3, 3.1, 0.42: three digits, no more.
std::string short_number(double value);
/// 2,000
std::string thousands(std::uint64_t value);

/// 0 measured and held; 1 measured and not held, or updates wrong; 4 own schedule not kept; 5 the server went away;
/// 6 the simulator could not keep up.
int exit_code(const LoadResult& result);

}  // namespace cti::load
