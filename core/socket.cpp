// socket.cpp - addresses and socket options.
#include "core/socket.hpp"

#include "core/random.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <random>

namespace cti::core {
namespace {

/// Connections the kernel completes before we accept them; the kernel lowers it to net.core.somaxconn.
constexpr int kBacklog = 4096;

void set_option(int fd, int level, int option, int value) noexcept {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

}  // namespace

void Descriptor::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

SocketAddress parse_address(const Endpoint& endpoint) noexcept {
  SocketAddress address;
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(endpoint.port);
    address.length = sizeof address.v4;
    return address;
  }
  address = SocketAddress{};
  if (::inet_pton(AF_INET6, endpoint.host.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(endpoint.port);
    address.length = sizeof address.v6;
  }
  return address;
}

Endpoint to_endpoint(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.length == 0) return {"", 0};
  if (address.any.sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text);
    return {text, ntohs(address.v4.sin_port)};
  }
  ::inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text);
  return {text, ntohs(address.v6.sin6_port)};
}

SocketAddress peer_of(int fd) noexcept {
  SocketAddress address;
  socklen_t length = sizeof address.v6;
  if (::getpeername(fd, &address.any, &length) == 0) address.length = length;
  return address;
}

std::uint64_t host_number(const SocketAddress& address) noexcept {
  if (address.length == 0) return 0;
  if (address.any.sa_family == AF_INET) return ntohl(address.v4.sin_addr.s_addr);
  const auto* bytes = reinterpret_cast<const std::byte*>(&address.v6.sin6_addr);
  // ::ffff:a.b.c.d is the IPv4 host a.b.c.d.
  if (IN6_IS_ADDR_V4MAPPED(&address.v6.sin6_addr)) return load_be<std::uint32_t>(bytes + 12);
  // The top bit keeps the network ::/64, where ::1 lives, apart from IPv4.
  return load_be<std::uint64_t>(bytes) | (std::uint64_t{1} << 63U);
}

Result<Descriptor, IoError> open_listener(const Endpoint& at) {
  const SocketAddress address = parse_address(at);
  if (address.length == 0) return Err{io_error("listen on", at, EINVAL)};
  Descriptor fd(::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Err{io_error("socket for", at, errno)};
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);  // a restart need not wait out TIME_WAIT
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
  if (address.any.sa_family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  // Sharing the port is allowed after the bind of the first listener: so the first finds out whether the port is taken, by
  // whomever, and the ones that join it may.
  if (at.join) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(fd.get(), &address.any, address.length) != 0) {
    return Err{io_error("bind", at, errno)};
  }
  set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::listen(fd.get(), kBacklog) != 0) return Err{io_error("listen on", at, errno)};
  return fd;
}

std::uint16_t bound_port(int fd) noexcept {
  SocketAddress address;
  socklen_t length = sizeof address.v6;
  if (::getsockname(fd, &address.any, &length) != 0) return 0;
  return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

Descriptor open_client(const SocketAddress& address) noexcept {
  Descriptor fd(::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd) set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return fd;
}

bool is_connected_to_itself(int fd) noexcept {
  SocketAddress here;
  socklen_t length = sizeof here.v6;
  if (::getsockname(fd, &here.any, &length) != 0) return false;
  here.length = length;
  const SocketAddress there = peer_of(fd);
  return there.length == length && std::memcmp(&here.v6, &there.v6, length) == 0;
}

void reset_on_close(int fd) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

int take_socket_error(int fd) noexcept {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

bool is_shortage(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

std::uint64_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

TimePoint monotonic_now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return {Seconds{time.tv_sec} + Nanos{time.tv_nsec}};
}

WallMillis wall_now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return {std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000};
}

IoError io_error(const char* what, const Endpoint& at, int error) {
  const bool v6 = at.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + at.host + "]" : at.host;
  return {error, std::string(what) + " " + host + ":" + std::to_string(at.port) + ": " +
                     std::strerror(error)};
}

IoError io_error(const char* what, int error) {
  return {error, std::string(what) + ": " + std::strerror(error)};
}

std::uint64_t system_seed() noexcept {
  std::random_device device;
  return mix64((std::uint64_t{device()} << 32U) | device());
}

}  // namespace cti::core
