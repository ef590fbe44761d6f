// plan.hpp - the vendor's sizing rules beside what a run has measured.
//
// Source   Cisco's published CTI OS sizing: agents per peripheral gateway by skill groups per agent, at 30 calls per
//          agent-hour; teams; monitor sessions; TLS.
#pragma once

#include "tools/load/result.hpp"

#include <cstdint>
#include <string>

namespace cti::load {

struct PlanWish {
  std::uint32_t agents = 0;  ///< 0: those of the result
  std::uint32_t monitors = 0;
  std::uint32_t skill_groups_per_agent = 5;
  bool tls = false;
};

/// Calls of an agent in an hour that the vendor's figures are for.
inline constexpr double kVendorCallsPerAgentHour = 30;

/// The vendor's agents per peripheral gateway, between table rows by a straight line; 1 .. 50 skill groups.
double vendor_agents(double skill_groups_per_agent, bool tls);

std::string plan_text(const LoadResult& measured, const PlanWish& wish);

}  // namespace cti::load
