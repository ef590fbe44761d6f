// counters.hpp - numbers that one thread counts and anybody may read: what the metrics endpoint shows.
//
// Why      counting must cost the hot path one store to its own cache line, and reading must disturb nobody.
// Shape    a CounterBlock per thread holds that thread's counters on lines of its own. The MetricsRegistry owns the
//          blocks and knows name, help and labels of each counter; a visitor walks them all.
// Threads  add, set: the one thread that owns the block. value: anybody. Making blocks and counters: any thread, at
//          start (a mutex). Visiting: any thread.
// Limits   kCountersPerBlock per block, kBlocksMax blocks. Labels are few and fixed at start: a thread, a gateway, a
//          reason; never an agent, a call or a session. More than that is our bug (CTI_CHECK).
// Edges    none: every value is by itself; two of them read together may be of different moments.
#pragma once

#include "core/base/cacheline.hpp"
#include "core/base/limits.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cti::core {

/// One number with one writer. Counts up, or is set (a level, or a total that somebody else keeps).
class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept {
    // relaxed: one writer, this thread; nothing is ordered by a counter.
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) noexcept {
    // relaxed: as in add.
    value_.store(value, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    // relaxed: as in add.
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

enum class MetricKind : std::uint8_t {
  kCounter,    ///< only rises; its name ends in _total
  kGauge,      ///< goes up and down
  kHistogram,  ///< how many were not above each bound
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// Counts by size: one for each bound, and one for what is above all of them. Set by the one thread that owns the block.
class Histogram {
 public:
  Histogram() = default;
  Histogram(std::span<Counter> counts, Counter& sum) noexcept : counts_(counts), sum_(&sum) {}
  /// Totals that somebody else keeps: as many as there are bounds, and one more.
  void set(std::span<const std::uint64_t> counts, std::uint64_t sum) noexcept {
    for (std::size_t i = 0; i < counts_.size() && i < counts.size(); ++i) counts_[i].set(counts[i]);
    if (sum_ != nullptr) sum_->set(sum);
  }

 private:
  std::span<Counter> counts_;
  Counter* sum_ = nullptr;
};

/// What a visitor sees of one counter.
struct MetricView {
  std::string_view name;
  std::string_view help;
  MetricKind kind;
  const MetricLabels& labels;
  std::uint64_t value;
  double scale = 1;                  ///< what is shown is value * scale
  std::span<const double> bounds{};  ///< of a histogram
  std::span<const std::uint64_t>
      counts{};  ///< of a histogram: bounds and one more, not summed up; value is its sum
};

class MetricsRegistry;

/// The counters of one thread.
class CounterBlock {
 public:
  static constexpr std::size_t kCountersPerBlock = limits::kCountersPerBlockMax;

  /// Registers one more counter under `name` ("ringside_frames_total": lower case, digits, underscores; counters end
  /// in _total). The block's own labels come before `labels`. The reference is good as long as the registry.
  Counter& counter(std::string name, std::string help, MetricLabels labels = {});
  Counter& gauge(std::string name, std::string help, MetricLabels labels = {});
  /// The same, shown times `scale`: milliseconds as seconds.
  Counter& scaled(MetricKind kind, std::string name, std::string help, double scale);
  /// `bounds` rise; the sum is shown times `scale`.
  Histogram histogram(std::string name, std::string help, std::vector<double> bounds, double scale);

  CounterBlock(const CounterBlock&) = delete;
  CounterBlock& operator=(const CounterBlock&) = delete;

 private:
  friend class MetricsRegistry;
  struct Entry {
    std::string name;
    std::string help;
    MetricKind kind;
    MetricLabels labels;
    double scale = 1;
    std::vector<double> bounds{};
    std::size_t first = 0;  // of counters_; of a histogram the sum, its counts behind it
  };
  CounterBlock(MetricsRegistry& registry, MetricLabels labels)
      : registry_(registry), labels_(std::move(labels)) {}
  Counter& add(Entry entry);

  MetricsRegistry& registry_;
  const MetricLabels labels_;
  std::vector<Entry> entries_;  // guarded by the registry's mutex
  std::size_t used_ = 0;        // of counters_, likewise
  alignas(kFalseSharing) std::array<Counter, kCountersPerBlock> counters_;  // written by the owner
};

class MetricsRegistry {
 public:
  static constexpr std::size_t kBlocksMax = limits::kCounterBlocksMax;

  MetricsRegistry() = default;
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  /// A block for one thread; `labels` ({{"thread", "fanout-0"}}) stand on all its counters. Lives as long as this.
  CounterBlock& block(MetricLabels labels);

  /// Shows every counter to `visitor`. Counters of one name come one after another, in the order of their blocks.
  void visit(const std::function<void(const MetricView&)>& visitor) const;

  /// Everything in the text format that Prometheus reads.
  [[nodiscard]] std::string text() const;

 private:
  friend class CounterBlock;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<CounterBlock>> blocks_;
};

}  // namespace cti::core
