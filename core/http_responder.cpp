// http_responder.cpp - one request, one page, goodbye.
#include "core/http_responder.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cti::core {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

std::string response_of(const HttpPage& page) {
  std::string out = "HTTP/1.1 " + std::to_string(page.status) + ' ';
  out += reason_of(page.status);
  out += "\r\nContent-Type: " + page.type +
         "\r\nContent-Length: " + std::to_string(page.body.size()) +
         "\r\nCache-Control: no-store\r\nConnection: close\r\n";
  if (page.status == 405) out += "Allow: GET\r\n";
  out += "\r\n";
  out += page.body;
  return out;
}

/// Where the empty line that ends a header may begin, when `seen` bytes have been looked at before.
bool has_end(std::string_view request, std::size_t seen) {
  const std::string_view rest = request.substr(seen < 3 ? 0 : seen - 3);
  return rest.find("\r\n\r\n") != std::string_view::npos ||
         rest.find("\n\n") != std::string_view::npos;
}

}  // namespace

HttpResponder::HttpResponder(Io& io, Answer answer) : io_(io), answer_(std::move(answer)) {}

IoLimits HttpResponder::io_limits() {
  IoLimits limits;
  limits.connections_max = kConnectionsMax;
  limits.receive_buffers = 16;
  limits.receive_buffer_bytes = kHeaderBytesMax;
  limits.completions_per_turn = 64;
  return limits;
}

Result<void, IoError> HttpResponder::listen(const Endpoint& at) {
  auto listener = io_.listen(at);
  if (!listener.ok()) return Err{listener.error()};
  listeners_.push_back(*listener);
  return {};
}

std::uint16_t HttpResponder::port() const {
  return listeners_.empty() ? std::uint16_t{0} : io_.local_port(listeners_.front());
}

std::uint32_t HttpResponder::turn(TimePoint deadline) {
  const std::size_t count = io_.wait(completions_, std::min(deadline, next_deadline()));
  CTI_CHECK(count <= completions_.size());
  for (std::size_t i = 0; i < count; ++i) complete(completions_[i]);
  return static_cast<std::uint32_t>(count) + give_up_late_ones();
}

TimePoint HttpResponder::next_deadline() const {
  TimePoint next = kNever;
  for (const Connection& connection : connections_) {
    if (connection.id && !connection.closing) next = std::min(next, connection.deadline);
  }
  return next;
}

std::uint32_t HttpResponder::give_up_late_ones() {
  std::uint32_t given_up = 0;
  for (Connection& connection : connections_) {
    if (!connection.id || connection.closing || io_.now() < connection.deadline) continue;
    ++given_up;
    close(connection, CloseHow::kReset);
  }
  return given_up;
}

HttpResponder::Connection* HttpResponder::find(ConnectionId id) {
  if (id.slot >= connections_.size()) return nullptr;
  Connection& connection = connections_[id.slot];
  return connection.id && connection.id == id ? &connection : nullptr;
}

void HttpResponder::complete(const Completion& completion) {
  if (completion.event == IoEvent::kAccepted) {
    CTI_CHECK(completion.connection.slot < connections_.size());
    Connection& connection = connections_[completion.connection.slot];
    CTI_CHECK(!connection.id);  // the Io has told of its end
    connection.id = completion.connection;
    connection.deadline = io_.now() + kRequestTime;
    ++open_;
    return;
  }
  Connection* const connection = find(completion.connection);
  if (connection == nullptr) return;
  if (completion.event == IoEvent::kClosed) {
    *connection = Connection{};
    CTI_CHECK(open_ > 0);
    --open_;
    return;
  }
  try {
    happened(*connection, completion);
  } catch (const std::bad_alloc&) {  // M3
    close(*connection, CloseHow::kReset);
  }
}

void HttpResponder::happened(Connection& connection, const Completion& completion) {
  switch (completion.event) {
    case IoEvent::kReceived:
      return received(connection, completion.bytes);
    case IoEvent::kSent:
      CTI_CHECK(completion.sent <= connection.response.size() - connection.sent);
      connection.sent += completion.sent;
      // Short: the socket is full, and kWritable follows.
      if (connection.sent == connection.response.size()) send_more(connection);
      return;
    case IoEvent::kWritable:
      return send_more(connection);
    default:
      return;
  }
}

void HttpResponder::received(Connection& connection, Bytes bytes) {
  if (!connection.response.empty() || connection.closing) return;  // more than was asked for
  const std::size_t seen = connection.request.size();
  CTI_CHECK(seen <= kHeaderBytesMax);
  connection.request.append(reinterpret_cast<const char*>(bytes.data()),
                            std::min(kHeaderBytesMax + 1 - seen, bytes.size()));
  if (!has_end(connection.request, seen) && connection.request.size() <= kHeaderBytesMax) return;
  connection.response = response_of(page_for(connection.request));
  connection.deadline = io_.now() + kAnswerTime;
  send_more(connection);
}

/// "GET /path?query HTTP/1.1", and header lines that say nothing to us.
HttpPage HttpResponder::page_for(std::string_view request) const {
  constexpr const char* kPlain = "text/plain; charset=utf-8";
  if (request.size() > kHeaderBytesMax) return {431, kPlain, "the header is too long\n"};
  const std::string_view line = request.substr(0, request.find_first_of("\r\n"));
  const std::size_t method = line.find(' ');
  const std::size_t target = line.rfind(' ');
  if (method == std::string_view::npos || method == 0 || target <= method + 1 ||
      !line.substr(target + 1).starts_with("HTTP/1.")) {
    return {400, kPlain, "this is no HTTP/1 request\n"};
  }
  if (line.substr(0, method) != "GET") return {405, kPlain, "GET only\n"};
  std::string_view path = line.substr(method + 1, target - method - 1);
  path = path.substr(0, path.find('?'));
  if (auto page = answer_(path)) return std::move(*page);
  return {404, kPlain, "nothing is here\n"};
}

void HttpResponder::send_more(Connection& connection) {
  if (connection.closing) return;
  if (connection.sent == connection.response.size()) return close(connection, CloseHow::kOrderly);
  const std::string_view rest = std::string_view(connection.response).substr(connection.sent);
  io_.send(connection.id, as_bytes(rest));
}

/// kClosed follows; until then the bytes of a send in flight stay.
void HttpResponder::close(Connection& connection, CloseHow how) {
  if (connection.closing) return;
  connection.closing = true;
  io_.close(connection.id, how);
}

}  // namespace cti::core
