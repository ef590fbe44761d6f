// roles.cpp - comparing addresses by what they mean.
#include "tools/ringsided/roles.hpp"

#include "core/socket.hpp"

#include <ifaddrs.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace cti::tools {
namespace {

using core::Endpoint;
using core::SocketAddress;

std::string place(const Endpoint& at) {
  const bool v6 = at.host.find(':') != std::string::npos;
  return (v6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

/// Equal hosts, however they are written.
bool same_host(const SocketAddress& a, const SocketAddress& b) {
  if (a.length == 0 || a.length != b.length) return false;
  if (a.any.sa_family == AF_INET) return a.v4.sin_addr.s_addr == b.v4.sin_addr.s_addr;
  return std::memcmp(&a.v6.sin6_addr, &b.v6.sin6_addr, sizeof a.v6.sin6_addr) == 0;
}

bool is_any(const SocketAddress& address) {
  if (address.any.sa_family == AF_INET) return address.v4.sin_addr.s_addr == INADDR_ANY;
  return IN6_IS_ADDR_UNSPECIFIED(&address.v6.sin6_addr);
}

bool is_loopback(const SocketAddress& address) {
  if (address.any.sa_family == AF_INET) return ntohl(address.v4.sin_addr.s_addr) >> 24U == 127;
  return IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
}

bool is_of_this_machine(const SocketAddress& address) {
  if (is_loopback(address) || is_any(address)) return true;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return false;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(first, &::freeifaddrs);
  for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    SocketAddress own;
    own.length = at->ifa_addr->sa_family == AF_INET    ? sizeof own.v4
                 : at->ifa_addr->sa_family == AF_INET6 ? sizeof own.v6
                                                       : 0;
    if (own.length == 0) continue;
    std::memcpy(&own.v6, at->ifa_addr, own.length);
    if (same_host(own, address)) return true;
  }
  return false;
}

/// Whether who connects to `to`, or listens there as well, meets whoever listens at `listen`.
bool meets(const Endpoint& listen, const Endpoint& to) {
  if (listen.port == 0 || listen.port != to.port) return false;
  const SocketAddress here = core::parse_address(listen);
  const SocketAddress there = core::parse_address(to);
  if (here.length == 0 || there.length == 0) return false;
  if (same_host(here, there)) return true;
  // "Any address" as a target is this machine's loopback.
  if (is_any(there)) return is_any(here) || is_loopback(here);
  return is_any(here) && here.any.sa_family == there.any.sa_family && is_of_this_machine(there);
}

}  // namespace

std::vector<RoleProblem> check_roles(const broker::ServerConfig& config) {
  std::vector<RoleProblem> wrong;
  const Endpoint metrics{config.metrics_host, config.metrics_port};
  std::vector<Endpoint> places{config.listen};
  places.insert(places.end(), config.listen_also.begin(), config.listen_also.end());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (meets(places[i], metrics) || meets(metrics, places[i])) {
      wrong.push_back({"metrics.port", place(metrics) + " is where clients come too",
                       "another port than server.listen"});
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (meets(places[i], places[j]) || meets(places[j], places[i]))
        wrong.push_back({"server.listen", place(places[i]) + " is there twice", "each place once"});
    }
  }
  for (std::size_t i = 0; i < config.lines.size(); ++i) {
    const std::string key = "line[" + std::to_string(i) + "].cti_servers";
    const auto& sides = config.lines[i].link.sides;
    for (const Endpoint& side : sides) {
      const auto self = [&](const Endpoint& at) { return meets(at, side); };
      if (std::any_of(places.begin(), places.end(), self))
        wrong.push_back(
            {key, place(side) + " is this server itself", "another than server.listen"});
      if (meets(metrics, side))
        wrong.push_back({key, place(side) + " is this server's own metrics", "a CTI Server"});
    }
    if (sides.size() == 2 && sides[0].port == sides[1].port &&
        same_host(core::parse_address(sides[0]), core::parse_address(sides[1]))) {
      wrong.push_back({key, "twice the same side", "two different ones, or one"});
    }
  }
  return wrong;
}

}  // namespace cti::tools
