// network.hpp - a network in the notation "10.1.0.0/16", and whether a peer's number lies in it.
//
// Shape    compared as the numbers that Completion::peer_address carries: an IPv4 address, or the /64 of an IPv6 one; so an
//          IPv6 network has at most 64 bits. An address by itself is the network that has it alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cti::core {

class Network {
 public:
  /// "10.1.0.0/16", "10.1.2.3", "2001:db8::/32", "::1". Nothing: it is none of these, or has bits beside its mask.
  static std::optional<Network> parse(std::string_view text);

  /// `host`: host_number() of an address.
  bool has(std::uint64_t host) const noexcept { return (host & mask_) == value_; }

 private:
  Network(std::uint64_t value, std::uint64_t mask) noexcept : value_(value), mask_(mask) {}
  std::uint64_t value_;
  std::uint64_t mask_;
};

}  // namespace cti::core
