// metrics_prometheus.cpp - the endpoint with prometheus-cpp. The only file that includes it.
#include "core/metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>

#include <exception>

namespace cti::core {
namespace {

/// Turns the registry into the library's families at each scrape.
class Collector final : public prometheus::Collectable {
 public:
  explicit Collector(const MetricsRegistry& registry) : registry_(registry) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    registry_.visit([&](const MetricView& view) {
      const bool counts = view.kind == MetricKind::kCounter;
      if (families.empty() || families.back().name != view.name) {
        prometheus::MetricFamily family;
        family.name = view.name;
        family.help = view.help;
        family.type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
        families.push_back(std::move(family));
      }
      prometheus::ClientMetric metric;
      for (const auto& [name, value] : view.labels) metric.label.push_back({name, value});
      (counts ? metric.counter.value : metric.gauge.value) = static_cast<double>(view.value);
      families.back().metric.push_back(std::move(metric));
    });
    return families;
  }

 private:
  const MetricsRegistry& registry_;
};

class PrometheusEndpoint final : public MetricsEndpoint {
 public:
  PrometheusEndpoint(const MetricsRegistry& registry, const std::string& address)
      : collector_(std::make_shared<Collector>(registry)), exposer_(address, 1) {
    exposer_.RegisterCollectable(collector_);
  }
  std::uint16_t port() const override {
    return static_cast<std::uint16_t>(exposer_.GetListeningPorts().at(0));
  }

 private:
  // Shared because the library keeps a weak pointer to it; nothing of it is on the message path.
  const decltype(std::make_shared<Collector>(std::declval<const MetricsRegistry&>())) collector_;
  prometheus::Exposer exposer_;
};

}  // namespace

bool MetricsEndpoint::available() noexcept { return true; }

Result<std::unique_ptr<MetricsEndpoint>, std::string> MetricsEndpoint::start(
    const MetricsRegistry& registry, const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  const std::string address = (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
  try {
    std::unique_ptr<MetricsEndpoint> endpoint =
        std::make_unique<PrometheusEndpoint>(registry, address);
    return endpoint;
  } catch (const std::exception& refused) {
    return Err{"metrics endpoint on " + address + ": " + refused.what()};
  }
}

}  // namespace cti::core
