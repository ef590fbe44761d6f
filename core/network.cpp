// network.cpp - reading a network, and its mask among host numbers.
#include "core/network.hpp"

#include "core/socket.hpp"

#include <charconv>
#include <string>

namespace cti::core {

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const SocketAddress address = parse_address({std::string(text.substr(0, slash)), 0});
  if (address.length == 0) return std::nullopt;
  const bool v4 = address.any.sa_family == AF_INET;
  const unsigned most = v4 ? 32 : 64;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (error != std::errc{} || end != number.data() + number.size() || bits > most)
      return std::nullopt;
  }
  // Above the bits of the network stand those that tell the families apart: bit 63 for IPv6, nothing above 32 for IPv4.
  const std::uint64_t all = UINT64_MAX >> (64 - most);
  const std::uint64_t low = bits == most ? 0 : all >> bits;
  const std::uint64_t outer = std::uint64_t{1} << 63U;
  const std::uint64_t mask = ~low | outer;
  const std::uint64_t value = host_number(address);
  if (slash != std::string_view::npos && (value & ~mask) != 0) return std::nullopt;
  return Network(value & mask, mask);
}

}  // namespace cti::core
