// busyness.hpp - whether other work keeps the machine from measuring anything, told before and in the report.
//
// Why      on a busy machine the figures are those of the neighbours, and nobody sees it in them.
// Source   /proc/loadavg (how many run at this moment) and /proc/pressure/cpu (how long somebody had to wait for a CPU).
#pragma once

#include <string>
#include <string_view>

namespace cti::load {

/// Empty: quiet. Else what was seen, as part of a sentence. What cannot be read says nothing.
std::string why_busy(std::string_view loadavg, std::string_view pressure, unsigned cpus);

/// The same of this machine, now.
std::string busy_now();

}  // namespace cti::load
