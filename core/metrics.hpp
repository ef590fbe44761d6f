// metrics.hpp - the Prometheus endpoint: every counter of a registry over HTTP, on loopback unless told otherwise.
//
// Why      operators scrape; the threads that count notice nothing of it.
// Shape    prometheus-cpp's Exposer with threads of its own, behind this header; a build without the library refuses
//          to start an endpoint and says why, and everything else works.
// Threads  start and the destructor: the program's main thread. Scrapes run on the Exposer's own threads.
#pragma once

#include "core/base/result.hpp"
#include "core/counters.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace cti::core {

class MetricsEndpoint {
 public:
  /// Whether this build has the library.
  static bool available() noexcept;

  /// Serves `registry`, which must outlive this, at http://`host`:`port`/metrics. Port 0: the kernel picks one.
  /// The error names address and reason.
  [[nodiscard]] static Result<std::unique_ptr<MetricsEndpoint>, std::string> start(
      const MetricsRegistry& registry, const std::string& host, std::uint16_t port);

  virtual ~MetricsEndpoint() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;

 protected:
  MetricsEndpoint() = default;
};

}  // namespace cti::core
