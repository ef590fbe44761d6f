// server_config.cpp - what a whole server's configuration must not say: its own rules, and those of its parts.
#include "broker/server_config.hpp"

#include "core/base/limits.hpp"

#include <algorithm>
#include <bit>
#include <set>
#include <string>

namespace cti::broker {
namespace {

void check(const RendezvousLimits& meet, ConfigMistakes& mistakes) {
  mistakes.require(meet.asks.requests >= 1, "asks.requests", 0, "1 or more");
  mistakes.require(meet.asks.controls >= 1, "asks.controls", 0, "1 or more");
  mistakes.require(meet.asks.bytes >= limits::kClientFrameBytesMax, "asks.bytes", meet.asks.bytes,
                   "at least one request of " + std::to_string(limits::kClientFrameBytesMax));
  mistakes.require(meet.tells_per_pair >= 1, "tells_per_pair", 0, "1 or more");
  mistakes.require(meet.tell_backlog_per_fanout >= 1, "tell_backlog_per_fanout", 0, "1 or more");
  mistakes.require(meet.asks_per_turn >= 1, "asks_per_turn", 0, "1 or more");
  mistakes.require_power_of_two("side_log_bytes", meet.side_log_bytes);
  mistakes.within("side_log_bytes", meet.side_log_bytes, limits::kSideLogBytesMin,
                  limits::kLogBytesMax);
  mistakes.require(meet.side_spill_bytes >= limits::kSideRecordBytesMax, "side_spill_bytes",
                   meet.side_spill_bytes, "at least one record");
}

void check_lines(const std::vector<LineConfig>& lines, ConfigMistakes& mistakes) {
  mistakes.within("line", lines.size(), 1, limits::kLinesMax);
  std::set<std::uint32_t> known;  // peripherals of the lines before
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string key = "line[" + std::to_string(i) + "]";
    check(lines[i], key, mistakes);
    const std::set<std::uint32_t> own(lines[i].peripherals.begin(), lines[i].peripherals.end());
    for (const std::uint32_t id : own) {
      mistakes.require(known.insert(id).second, key + ".peripherals", id,
                       "each PeripheralID in one line only");
    }
  }
}

}  // namespace

ConfigMistakes mistakes_in(const ServerConfig& config) {
  ConfigMistakes mistakes;
  mistakes.within("server.fanouts", config.fanouts, 0, limits::kFanoutsMax);
  mistakes.require(std::has_single_bit(config.log_bytes), "server.log_mib",
                   config.log_bytes / limits::kMiB, "a power of two");
  mistakes.require(
      config.log_bytes >= limits::kLogBytesMin && config.log_bytes <= limits::kLogBytesMax,
      "server.log_mib", config.log_bytes / limits::kMiB,
      "1 .. " + std::to_string(limits::kLogBytesMax / limits::kMiB));
  if (config.watchdog != Nanos{0})
    mistakes.at_least("server.watchdog_s", config.watchdog, limits::kWatchdogMin);
  mistakes.at_least("server.stop_timeout_s", config.stop_timeout,
                    limits::stop_timeout_min(std::max(config.fanout.close_timeout, Nanos{0})));
  mistakes.require(config.metrics_port == 0 || config.metrics_port != config.listen.port,
                   "metrics.port", config.metrics_port, "another port than server.listen");
  check(config.fanout, mistakes);
  check(config.rendezvous, mistakes);
  check_lines(config.lines, mistakes);
  return mistakes;
}

}  // namespace cti::broker
