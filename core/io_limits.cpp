// io_limits.cpp - whether the limits of an Io can hold together: one check, for every back-end.
#include "core/base/limits.hpp"
#include "core/io.hpp"

#include <bit>

namespace cti::core {

std::optional<std::string> IoLimits::wrong() const {
  const auto outside = [](const char* what, std::uint64_t value, std::uint64_t least,
                          std::uint64_t most) -> std::optional<std::string> {
    if (value >= least && value <= most) return std::nullopt;
    return std::string(what) + " is " + std::to_string(value) +
           "; allowed: " + std::to_string(least) + " .. " + std::to_string(most);
  };
  if (auto text = outside("connections_max", connections_max, 1, limits::kConnectionsMax))
    return text;
  if (auto text = outside("kept_for_connects", kept_for_connects, 0, connections_max))
    return text;
  if (auto text = outside("receive_buffers", receive_buffers, 1, limits::kReceiveBuffersMax))
    return text;
  if (!std::has_single_bit(receive_buffers))
    return "receive_buffers is " + std::to_string(receive_buffers) + "; allowed: a power of two";
  if (auto text = outside("receive_buffer_bytes", receive_buffer_bytes,
                          limits::kReceiveBufferBytesMin, limits::kReceiveBufferBytesMax))
    return text;
  if (auto text =
          outside("completions_per_turn", completions_per_turn, 1, limits::kCompletionsPerTurnMax))
    return text;
  if (linger < Nanos{0}) return "linger is negative";
  return std::nullopt;
}

}  // namespace cti::core
