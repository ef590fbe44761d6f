// metrics_none.cpp - the endpoint of a build without prometheus-cpp: says so, once, to whoever asks for it.
#include "core/metrics.hpp"

namespace cti::core {

bool MetricsEndpoint::available() noexcept { return false; }

Result<std::unique_ptr<MetricsEndpoint>, std::string> MetricsEndpoint::start(
    const MetricsRegistry&, const std::string& host, std::uint16_t port) {
  return Err{"metrics endpoint on " + host + ':' + std::to_string(port) +
             ": this build has no prometheus-cpp (package prometheus-cpp-dev)"};
}

}  // namespace cti::core
