// plan.cpp - the sizing rules of the vendor's guide, and the sentence that sets a run beside them.
#include "tools/load/plan.hpp"

#include "tools/load/verdict.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace cti::load {
namespace {

struct Row {
  double skill_groups, agents;
};
constexpr std::array kVendor{Row{5, 2000},  Row{10, 1832}, Row{15, 1663}, Row{20, 1495},
                             Row{25, 1326}, Row{30, 1158}, Row{35, 989},  Row{40, 820},
                             Row{45, 652},  Row{50, 484}};
constexpr double kTlsShare = 0.75;

std::string row(const std::string& what, const std::string& vendor, const std::string& measured) {
  char line[256];
  std::snprintf(line, sizeof line, "%-44s %-26s %s\n", what.c_str(), vendor.c_str(),
                measured.c_str());
  return line;
}

std::string kib(double mib, double sessions) {
  return short_number(mib * 1024 / sessions) + " KiB a session";
}

std::string vendor_table(bool tls) {
  std::string line = "Skill groups per agent    ";
  std::string below = "Agents per gateway        ";
  char part[16];
  for (const Row& entry : kVendor) {
    std::snprintf(part, sizeof part, "%6.0f", entry.skill_groups);
    line += part;
    std::snprintf(part, sizeof part, "%6.0f", vendor_agents(entry.skill_groups, tls));
    below += part;
  }
  return line + "\n" + below + (tls ? "   (with TLS)\n" : "\n");
}

}  // namespace

double vendor_agents(double skill_groups_per_agent, bool tls) {
  const double share = tls ? kTlsShare : 1;
  if (skill_groups_per_agent <= kVendor.front().skill_groups) return share * kVendor.front().agents;
  for (std::size_t i = 1; i < kVendor.size(); ++i) {
    const Row &low = kVendor[i - 1], &high = kVendor[i];
    if (skill_groups_per_agent > high.skill_groups) continue;
    const double along =
        (skill_groups_per_agent - low.skill_groups) / (high.skill_groups - low.skill_groups);
    return share * std::floor(low.agents + along * (high.agents - low.agents));
  }
  return share * kVendor.back().agents;
}

std::string plan_text(const LoadResult& measured, const PlanWish& wish) {
  const Setup& setup = measured.setup;
  const Verdict& verdict = measured.verdict;
  const std::uint32_t agents = wish.agents > 0 ? wish.agents : setup.agents;
  const double vendor = vendor_agents(wish.skill_groups_per_agent, wish.tls);
  const double load = agents * kVendorCallsPerAgentHour / 3600;
  std::string text = "Vendor's rule (30 calls per agent-hour):\n" + vendor_table(wish.tls) + "\n";
  text += "Measured: " + verdict.text + "\n  " + setup.machine + "\n\n";
  text += row("", "vendor", "measured here");
  text += row("Agents on one gateway, " + std::to_string(wish.skill_groups_per_agent) +
                  " skill groups each",
              short_number(vendor), thousands(setup.agents) + " (simulated, 1 skill group each)");
  const std::string held = verdict.holds ? short_number(verdict.held_rate) : "none";
  text += row("Calls a second",
              short_number(vendor * kVendorCallsPerAgentHour / 3600) + " (30 per agent-hour)",
              held + (setup.calls ? "" : " (state changes, no calls)"));
  if (verdict.holds && setup.calls) {
    text +=
        row("... enough for, at 30 calls per agent-hour", short_number(vendor) + " agents",
            short_number(verdict.held_rate * 3600 / kVendorCallsPerAgentHour) + " agents' calls");
  }
  text += row("Agents in a team, supervisors of one", "50, 10",
              setup.supervisors > 0
                  ? short_number(std::round(double{1} * (setup.agents + setup.supervisors) /
                                            setup.supervisors)) +
                        ", 1"
                  : "no teams in this run");
  text += row("Monitor sessions on a server", "2 advised, 7 at most", thousands(setup.monitors));
  if (setup.server_sessions_mib > 0 && setup.server_idle_mib > 0) {
    const double sessions = 1.0 + setup.agents + setup.monitors + setup.supervisors;
    text += row("Server's memory", "",
                short_number(setup.server_idle_mib) + " MiB idle, " +
                    kib(setup.server_sessions_mib - setup.server_idle_mib, sessions) + " more");
  }
  text += "\nPlanned: " + thousands(agents) + " agents, " +
          std::to_string(wish.skill_groups_per_agent) + " skill groups each" +
          (wish.tls ? ", TLS" : "") + ": " + short_number(load) +
          " calls/s at 30 calls per agent-hour\n";
  const double gateways = std::ceil(agents / vendor);
  text += "  by the vendor's rule: " + short_number(gateways) +
          (gateways > 1 ? " gateways\n" : " gateway\n");
  if (verdict.holds && setup.calls) {
    const bool sessions = agents <= setup.agents && wish.monitors <= setup.monitors;
    text += "  by this measurement: the calls are " + short_number(100 * load / verdict.held_rate) +
            " % of the held rate; " +
            (sessions ? "as many sessions were open\n"
                      : "more sessions than were open: measure again with --agents " +
                            std::to_string(agents) + " --monitors " +
                            std::to_string(wish.monitors) + "\n");
  } else {
    text += "  by this measurement: no rate of calls was held\n";
  }
  if (wish.tls) text += "  (this measurement is without TLS)\n";
  return text;
}

}  // namespace cti::load
