// metrics_prometheus.cpp - the metrics by prometheus-cpp's serializer. The only file that includes it.
#include "core/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>
#include <vector>

namespace cti::core {
namespace {

prometheus::MetricType type_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case MetricKind::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::kHistogram:
      break;
  }
  return prometheus::MetricType::Histogram;
}

prometheus::ClientMetric metric_of(const MetricView& view) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : view.labels) metric.label.push_back({name, value});
  const double value = static_cast<double>(view.value) * view.scale;
  if (view.kind == MetricKind::kCounter) metric.counter.value = value;
  if (view.kind == MetricKind::kGauge) metric.gauge.value = value;
  if (view.kind != MetricKind::kHistogram) return metric;
  metric.histogram.sample_sum = value;
  for (std::size_t i = 0; i < view.counts.size(); ++i) {
    metric.histogram.sample_count += view.counts[i];
    const bool last = i == view.bounds.size();
    metric.histogram.bucket.push_back(
        {metric.histogram.sample_count,
         last ? std::numeric_limits<double>::infinity() : view.bounds[i]});
  }
  return metric;
}

}  // namespace

std::string metrics_text(const MetricsRegistry& registry) {
  std::vector<prometheus::MetricFamily> families;
  registry.visit([&](const MetricView& view) {
    if (families.empty() || families.back().name != view.name) {
      prometheus::MetricFamily family;
      family.name = view.name;
      family.help = view.help;
      family.type = type_of(view.kind);
      families.push_back(std::move(family));
    }
    families.back().metric.push_back(metric_of(view));
  });
  return prometheus::TextSerializer().Serialize(families);
}

const char* metrics_writer() noexcept { return "prometheus-cpp"; }

}  // namespace cti::core
