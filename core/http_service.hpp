// http_service.hpp - an HttpResponder in a thread of its own, from start to end.
//
// Why      a scrape must not wait for a line or a reactor, nor they for a scrape.
// Threads  start and the destructor: the program's main thread. Pages are made on the service's thread.
#pragma once

#include "core/base/result.hpp"
#include "core/http_responder.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace cti::core {

class HttpService {
 public:
  /// Port 0: the kernel picks one. The error names address and reason.
  [[nodiscard]] static Result<std::unique_ptr<HttpService>, IoError> start(
      const Endpoint& at, HttpResponder::Answer answer);
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  HttpService(std::unique_ptr<Io> io, HttpResponder::Answer answer);
  void run();

  std::unique_ptr<Io> io_;
  HttpResponder responder_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace cti::core
