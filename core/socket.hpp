// socket.hpp - what both kernel back-ends need of sockets: addresses, and descriptors that close themselves.
#pragma once

#include "core/base/result.hpp"
#include "core/io.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>

namespace cti::core {

/// Owns a descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Descriptor() { reset(); }
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// An IPv4 or IPv6 address with its port, as the kernel wants it.
struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  socklen_t length = 0;  ///< 0: none
  SocketAddress() noexcept : v6{} {}
};

/// From numeric text ("10.1.2.3", "::1"). Length 0: it is no such text.
SocketAddress parse_address(const Endpoint& endpoint) noexcept;
/// The reverse; port 0 and an empty host when there is no address.
Endpoint to_endpoint(const SocketAddress& address);
/// The far end of a connected socket. Length 0 when it is already gone.
SocketAddress peer_of(int fd) noexcept;
/// Equal for equal hosts: an IPv4 address, or the /64 network of an IPv6 one (one host has all of it at will).
std::uint64_t host_number(const SocketAddress& address) noexcept;

/// A non-blocking socket that listens at `at`. Says the address and the reason when it cannot (N7: EADDRINUSE).
Result<Descriptor, IoError> open_listener(const Endpoint& at);
/// The port that a listening socket really has.
std::uint16_t bound_port(int fd) noexcept;
/// A non-blocking socket for connecting to `address`, or an empty one and errno.
Descriptor open_client(const SocketAddress& address) noexcept;
/// True when a connected socket has met itself: a client that tries a local port which nobody listens on may be given
/// that very port as its own.
bool is_connected_to_itself(int fd) noexcept;
/// The next close() of `fd` sends a reset.
void reset_on_close(int fd) noexcept;
/// The error a socket has met, and forgets by telling it.
int take_socket_error(int fd) noexcept;

/// The system is short of something, and what it refused will work later (M1).
bool is_shortage(int error) noexcept;

/// Raises the soft limit of open descriptors to the hard one. Returns the limit now in force.
std::uint64_t raise_descriptor_limit() noexcept;

/// Unfailing readings of the kernel's clocks, for the back-ends alone.
TimePoint monotonic_now() noexcept;
WallMillis wall_now() noexcept;

/// "what host:port: reason" and the errno.
IoError io_error(const char* what, const Endpoint& at, int error);
IoError io_error(const char* what, int error);

}  // namespace cti::core
