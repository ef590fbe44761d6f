// line_config.cpp - what the settings of one line must be, each by itself and beside the others.
#include "broker/meet/line_config.hpp"

#include "core/base/limits.hpp"

#include <algorithm>
#include <chrono>
#include <set>

namespace cti::broker {
namespace {

constexpr std::uint32_t kIdleTimeoutMin = 20;

void check(const LinkConfig& link, const std::string& key, ConfigMistakes& mistakes) {
  const auto& sides = link.sides;
  if (sides.empty() || sides.size() > 2)
    mistakes.add(key + ".cti_servers", std::to_string(sides.size()), "side A, or A and B");
  if (sides.size() == 2 && sides[0].host == sides[1].host && sides[0].port == sides[1].port)
    mistakes.add(key + ".cti_servers", "twice the same side", "two different ones, or one");
  mistakes.within(key + ".version", link.version, kLinkVersionMin, kLinkVersionMax);
  mistakes.positive(key + ".connect_timeout_s", link.connect_timeout);
  mistakes.positive(key + ".open_timeout_s", link.open_timeout);
  mistakes.not_negative(key + ".heartbeat_s", link.heartbeat_interval);
  mistakes.not_negative(key + ".progress_timeout_s", link.progress_timeout);
  mistakes.not_negative(key + ".stable_after", link.stable_after);
  const auto heartbeat_s =
      static_cast<std::uint64_t>(std::chrono::ceil<Seconds>(link.heartbeat_interval).count());
  mistakes.require(link.idle_timeout_s == 0 || link.idle_timeout_s > heartbeat_s,
                   key + ".idle_timeout_s", link.idle_timeout_s,
                   "more than heartbeat_s (" + std::to_string(heartbeat_s) + "), or 0");
  mistakes.require(link.idle_timeout_s == 0 || link.idle_timeout_s >= kIdleTimeoutMin,
                   key + ".idle_timeout_s", link.idle_timeout_s,
                   "0, or at least 20: a CTI Server refuses less");
  mistakes.require(link.heartbeats_max >= 1, key + ".heartbeats_max", 0, "1 or more");
  mistakes.require(link.bad_frames_max >= 1, key + ".bad_frames_max", 0, "1 or more");
  mistakes.require(link.send_buffer_bytes >= limits::kUpstreamSendBytesMin,
                   key + ".send_buffer_bytes", link.send_buffer_bytes,
                   "at least one message of " + std::to_string(limits::kGedMessageBytesMax));
  mistakes.require(!link.pauses.empty(), key + ".pauses", 0, "at least one");
  for (const Nanos pause : link.pauses) mistakes.positive(key + ".pauses", pause);
  if (!(link.jitter >= 0 && link.jitter <= 1))
    mistakes.add(key + ".jitter", std::to_string(link.jitter), "0 .. 1");
}

void check_memory(const LineConfig& config, const std::string& key, ConfigMistakes& mistakes) {
  mistakes.within(key + ".agents_max", config.agents_max, 1, limits::kAgentsMax);
  mistakes.within(key + ".calls_max", config.calls_max, 1, limits::kCallsMax);
  mistakes.require(config.pending_max >= 1, key + ".pending_max", 0, "1 or more");
  mistakes.require(config.session_open_max >= 1, key + ".session_open_max", 0, "1 or more");
  mistakes.require(config.once_max >= config.pending_max, key + ".once_max", config.once_max,
                   "at least pending_max: what is outstanding is remembered");
  mistakes.within(key + ".sync_window", config.sync_window, 1, limits::kSyncWindowMax);
  mistakes.require(config.sync_bytes_max >= limits::kGedMessageBytesMax, key + ".sync_bytes_max",
                   config.sync_bytes_max, "at least one message");
  mistakes.require(config.spill_bytes_max >= limits::kRecordBytesMax, key + ".spill_bytes_max",
                   config.spill_bytes_max, "at least one record");
}

void check(const LineConfig::Statistics& statistics, const std::string& key,
           ConfigMistakes& mistakes) {
  mistakes.positive(key + ".skill_group_statistics_s", statistics.group_every);
  mistakes.positive(key + ".agent_statistics_s", statistics.agent_every);
  mistakes.at_least(key + ".statistics_told_ms", statistics.told_every,
                    LineConfig::Statistics::kToldMin);
  mistakes.within(key + ".statistics_rows_max", statistics.rows_max, 1, limits::kStatisticsMax);
  mistakes.within(key + ".statistics_wishes_max", statistics.wishes_max, 1, limits::kStatisticsMax);
  mistakes.within(key + ".statistics_session_max", statistics.session_wishes_max, 1,
                  statistics.wishes_max);
}

bool fits(const AgentRules& rules) {
  const auto good = [](const std::string& text) {
    return !text.empty() && text.size() <= kReasonBytesMax;
  };
  const auto all_good = [&](const std::vector<ReasonCode>& reasons) {
    return reasons.size() <= kReasonsMax && std::ranges::all_of(reasons, good, &ReasonCode::text);
  };
  return all_good(rules.logout_reasons) && all_good(rules.not_ready_reasons) &&
         rules.wrapup_strings.size() <= kReasonsMax &&
         std::ranges::all_of(rules.wrapup_strings, good);
}

void check_rules(const LineConfig& config, const std::string& key, ConfigMistakes& mistakes) {
  std::set<std::uint32_t> teams;
  for (const AgentRules& rules : config.agent_rules) {
    mistakes.require(teams.insert(rules.team).second, key + ".rules.team", rules.team,
                     "each team once");
    mistakes.require(fits(rules), key + ".rules", rules.team,
                     "of the team, at most 64 reasons or texts a list, each of 1 .. 40 bytes");
  }
}

}  // namespace

void check(const LineConfig& config, const std::string& key, ConfigMistakes& mistakes) {
  check(config.link, key, mistakes);
  check_memory(config, key, mistakes);
  check_rules(config, key, mistakes);
  check(config.statistics, key, mistakes);
  const std::size_t peripherals = config.peripherals.size();
  mistakes.within(key + ".peripherals", peripherals, 1, limits::kPeripheralsPerLineMax);
  const std::set<std::uint32_t> different(config.peripherals.begin(), config.peripherals.end());
  if (different.size() != peripherals)
    mistakes.add(key + ".peripherals", "one of them twice", "each PeripheralID once");
  mistakes.require(config.recording != LineConfig::Recording::kNetwork ||
                       config.link.version >= LineConfig::kNetworkRecordingSince,
                   key + ".recording", config.link.version, "version 23 or later for \"network\"");
  mistakes.positive(key + ".request_timeout_s", config.request_timeout);
  mistakes.positive(key + ".sync_timeout", config.sync_timeout);
  mistakes.positive(key + ".config_timeout", config.config_timeout);
}

}  // namespace cti::broker
