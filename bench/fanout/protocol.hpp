// protocol.hpp - what a subscriber and a publisher say to each server, and how a message looks when it arrives.
//
// Why      one client counts for all servers: it may know of each no more than what is written here.
// Shape    every message carries a number. Of the peers it is the first 8 bytes of the payload, behind a head of fixed
//          length; of Ringside it is the record's sequence. All messages of one run are of the same length as they arrive
//          (message_bytes), so that all servers carry the same bytes.
// Topics   0: everybody gets every message. Else message k is for the subscribers of topic k mod topics.
// Threads  one.
#pragma once

#include "core/base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::bench {

enum class Protocol : std::uint8_t { kRingside, kFloor, kRedis, kNats, kMqtt, kZmtp };

/// "ringside", "floor", "redis", "nats", "mqtt" or "zmtp".
std::optional<Protocol> protocol_named(std::string_view name);

/// How a message arrives. `bytes` 0: as frames of the session protocol, each with its own length.
struct Shape {
  std::size_t bytes = 0;
  std::size_t number_at = 0;
  std::uint32_t first4 =
      0;  ///< its first bytes as they lie in memory, to notice what is no message
};

/// The frames that a publisher sends in a circle; the number is written over `number_at` of each.
struct Frames {
  static constexpr std::size_t kNoNumber = SIZE_MAX;
  std::vector<std::byte> bytes;
  std::vector<std::size_t> ends;  ///< of each frame, in bytes
  std::size_t number_at = kNoNumber;

  std::size_t count() const { return ends.size(); }
  Bytes at(std::size_t index) const {
    const std::size_t from = index == 0 ? 0 : ends[index - 1];
    return Bytes(bytes).subspan(from, ends[index] - from);
  }
  void add(Bytes frame) {
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    ends.push_back(bytes.size());
  }
};

/// Messages of `message_bytes` (ZMTP: or the next length that it has) for `topics` topics (0: one, for everybody).
/// Not for kRingside: see cti_source.hpp.
Frames frames_of(Protocol protocol, std::size_t message_bytes, std::uint32_t topics);
Shape shape_of(Protocol protocol, std::size_t message_bytes);

/// What a publisher says before its first message; what comes back is thrown away.
std::string publisher_greeting(Protocol protocol);
/// What a subscriber says, all of it at once; and what it says when it has been greeted (ZMTP: not before).
std::string subscriber_greeting(Protocol protocol, std::optional<std::uint32_t> topic);
std::string subscriber_last_word(Protocol protocol, std::optional<std::uint32_t> topic);
/// NATS asks now and then; between messages.
inline constexpr std::string_view kNatsPing = "PING\r\n", kNatsPong = "PONG\r\n";
/// Whether what has come in answer so far is all that comes before the first message; `bytes` grows from call to call.
bool greeted(Protocol protocol, std::string_view bytes, std::optional<std::uint32_t> topic);

}  // namespace cti::bench
