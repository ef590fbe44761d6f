// metrics.hpp - every counter of a registry as the text that Prometheus reads.
//
// Shape    by prometheus-cpp's own serializer where the build has the library, by MetricsRegistry::text() where not: the same
//          samples. Who serves it over HTTP is http_service.hpp.
#pragma once

#include "core/counters.hpp"

#include <string>

namespace cti::core {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

std::string metrics_text(const MetricsRegistry& registry);

/// "prometheus-cpp", or "own": for the build's own description.
const char* metrics_writer() noexcept;

}  // namespace cti::core
