// http_responder.hpp - answers GET requests for a few pages: metrics for Prometheus, health for whoever watches the service.
//
// Why      one small owner of HTTP over our own Io, so that what Io learns (TLS, reload) holds here too. No general server:
//          no keep-alive, no bodies, no other method.
// Shape    an actor: turn() reads requests and writes answers, one per connection, which closes after it. What a path has is
//          asked of `answer`; nothing: 404.
// Bounds   kHeaderBytesMax of request; kRequestTime from the connection to the end of its header, and kAnswerTime from there to
//          the last byte taken, however busily the peer drips; kConnectionsMax at a time: one more is reset.
// Memory   one page for each connection that is being answered. A failed allocation ends that connection (M3).
// Threads  the one that calls turn().
#pragma once

#include "core/base/result.hpp"
#include "core/io.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::core {

struct HttpPage {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpResponder {
 public:
  static constexpr std::size_t kHeaderBytesMax = 8 * 1024;
  static constexpr std::uint32_t kConnectionsMax = 16;
  static constexpr Nanos kRequestTime = Seconds{2};
  static constexpr Nanos kAnswerTime = Seconds{2};

  /// What stands at a path ("/metrics", without what follows a "?"). May throw std::bad_alloc.
  using Answer = std::function<std::optional<HttpPage>(std::string_view path)>;

  /// `io` outlives the responder and is its own alone.
  HttpResponder(Io& io, Answer answer);
  HttpResponder(const HttpResponder&) = delete;
  HttpResponder& operator=(const HttpResponder&) = delete;

  /// Limits for the Io.
  static IoLimits io_limits();

  Result<void, IoError> listen(const Endpoint& at);
  /// Of the first listener.
  std::uint16_t port() const;

  /// Waits until `deadline` at most. Returns the work done.
  std::uint32_t turn(TimePoint deadline);
  std::size_t open() const noexcept { return open_; }

 private:
  struct Connection {
    ConnectionId id;  // names none: the slot is free
    TimePoint deadline;
    std::string request;
    std::string response;  // empty: the request is not complete
    std::size_t sent = 0;
    bool closing = false;
  };
  Connection* find(ConnectionId id);
  void complete(const Completion& completion);
  void happened(Connection& connection, const Completion& completion);
  void received(Connection& connection, Bytes bytes);
  HttpPage page_for(std::string_view request) const;
  void send_more(Connection& connection);
  void close(Connection& connection, CloseHow how);
  std::uint32_t give_up_late_ones();
  TimePoint next_deadline() const;

  Io& io_;
  const Answer answer_;
  std::vector<ListenerId> listeners_;
  std::array<Connection, kConnectionsMax> connections_;  // by slot of the Io
  std::size_t open_ = 0;
  std::array<Completion, 64> completions_;
};

}  // namespace cti::core
