// metrics_none.cpp - the metrics of a build without prometheus-cpp: the registry's own text.
#include "core/metrics.hpp"

namespace cti::core {

std::string metrics_text(const MetricsRegistry& registry) { return registry.text(); }

const char* metrics_writer() noexcept { return "own"; }

}  // namespace cti::core
