// server_metrics.hpp - the counters of fan-out reactors and lines, shown to the metrics registry by their own threads.
//
// Labels   thread: "fanout-0", "line-0"; what a line says of its CTI Server: peripheral, its PeripheralIDs joined by "+".
// Threads  construction: at start. show: the thread whose counters they are; a few dozen relaxed stores, so not every
//          turn: see Server.
#pragma once

#include "broker/fanout/fanout_counters.hpp"
#include "broker/line.hpp"
#include "core/counters.hpp"
#include "core/io.hpp"

#include <cstdint>
#include <vector>

namespace cti::broker {

class FanoutMetrics {
 public:
  FanoutMetrics(core::MetricsRegistry& registry, std::size_t index);
  void show(const FanoutCounters& counters, const core::IoCounters& io);

 private:
  std::vector<core::Counter*> counters_;
  std::vector<core::Counter*> closes_;
  std::vector<core::Counter*> io_;
  std::vector<core::Counter*> modes_;  // agent, monitor, none
  core::Histogram latency_;
};

class LineMetrics {
 public:
  /// `peripherals` are those behind this line: its numbers carry their ids. `own_io`: false when what the Io does is shown by
  /// the reactor that shares it.
  LineMetrics(core::MetricsRegistry& registry, std::size_t index,
              const std::vector<std::uint32_t>& peripherals, bool own_io);
  void show(const Line& line, const LineStatus& status, const core::IoCounters& io);

 private:
  std::vector<core::Counter*> agents_;  // by state
  std::vector<core::Counter*> values_;
  std::vector<core::Counter*> peripherals_;  // online, in the order of the configuration
  std::vector<core::Counter*> io_;
};

}  // namespace cti::broker
