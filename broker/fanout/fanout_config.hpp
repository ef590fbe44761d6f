// fanout_config.hpp - every bound and rule of a fan-out reactor, with the defaults that run without any file.
//
// Sums     unsent bytes of all sessions: outbox_pool_bytes, set aside at start. Channels: channels_max * channel_bytes,
//          touched as used. A session: one Session (64 B), one Feed per line (16 B), one SessionDetail (< 1 KiB), one
//          timer. While it is not welcomed yet, a partial frame of at most wire::limits::kHelloBytesMax besides.
#pragma once

#include "broker/meet/config_mistakes.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cti::broker {

/// What becomes of a session that does not take its updates as fast as they come.
enum class SlowPolicy : std::uint8_t {
  kSnapshot,  ///< it gets a marked snapshot in place of what it missed, once it reads again
  kCut,       ///< it is closed with a reason
};

struct FanoutConfig {
  std::string server_name = "ringside";
  std::uint64_t server_identity = 1;  ///< differs between the two servers of a pair

  // Admission (C1, C18).
  std::uint32_t sessions_max = limits::kSessionsDefault;                  ///< over all reactors
  std::uint32_t sessions_per_address_max = limits::kSessionsDefault / 4;  ///< likewise (C22)
  /// "10.1.0.0/16 = 8000": addresses of these networks have that limit in place of sessions_per_address_max.
  std::vector<std::string> sessions_of_networks;
  std::uint32_t sessions_per_agent_max = 8;   ///< per reactor
  std::uint32_t monitor_sessions_max = 8192;  ///< per reactor
  std::uint32_t refusals_max =
      limits::kRefusalsDefault;  ///< connections being told that there is no room, per reactor

  /// Of the reactor's Io, and not sessions: those of a line that shares it. Never taken by who comes in.
  std::uint32_t connections_beside = 0;

  /// Numeric addresses from which a Hello may say that it is an edge server, and read the log itself. Until identities are
  /// proven, nothing else gives a role: whoever claims one without the right is closed (kNotAllowed).
  std::vector<std::string> edge_hosts;

  // Deadlines.
  Nanos handshake_timeout = Seconds{10};  ///< from accept to Hello (C1)
  Nanos message_timeout = Seconds{20};    ///< from the first byte of a frame to its last (C2)
  Nanos answer_timeout = Seconds{60};     ///< a line's answer to the wish for a mode or a snapshot
  Nanos image_timeout = Seconds{60};      ///< from being given a snapshot to having taken it (C19)
  Nanos stall_timeout = Seconds{120};  ///< from a full socket to the next byte that it takes (C19)
  Nanos close_timeout =
      limits::kCloseTimeoutDefault;  ///< from kClose queued to the end, whatever the peer does
  Nanos heartbeat_interval = Seconds{60};  ///< silence after which the server asks; 0: off
  Nanos beat_interval = Seconds{1};  ///< to sessions that wish it; they may wish longer ones. 0: off
  std::uint32_t heartbeat_retries = 5;  ///< closed after (retries + 1) * interval of silence (C9)

  // Requests (C12).
  std::uint32_t requests_per_second = 100;  ///< per session
  std::uint32_t requests_burst = 200;
  /// Of one session, with the lines and not answered: at it nothing more is read from the session (C20).
  std::uint32_t requests_in_flight_max = limits::kRequestsInFlightDefault;

  /// Memory is short (M2): who is slow is cut, whatever slow_policy says, and so is whoever does not read now.
  bool short_of_memory = false;

  // Slow sessions (C8, M7, N5).
  SlowPolicy slow_policy = SlowPolicy::kSnapshot;
  /// Updates and snapshot records wait here; past it: slow_policy.
  std::uint32_t outbox_updates_bytes = limits::kOutboxUpdatesBytesDefault;
  /// With replies and private events. At half of it nothing more is read from the session, until it has read; past it a
  /// session that does not take what it is sent is cut.
  std::uint32_t outbox_bytes_max = limits::kOutboxBytesDefault;
  /// Of all sessions of one reactor; touched as used.
  std::size_t outbox_pool_bytes = limits::kOutboxPoolBytesDefault;

  /// True: a line waits for this reactor before it overwrites what the reactor has not followed yet (its spill fills, then
  /// it stops reading from the CTI Server). False: the reactor is overtaken, and its sessions get a snapshot.
  bool backpressure = true;

  /// Snapshot images that sessions hold, in all (C19): at it, who wants one waits until another has been taken.
  std::size_t images_bytes_max = limits::kImagesBytesDefault;

  // Channels: one per distinct filter and line.
  std::uint32_t channels_max = limits::kChannelsDefault;
  std::size_t channel_bytes =
      limits::kChannelBytesDefault;  ///< power of two, at least 4 frames of the longest kind
  std::uint32_t filter_cost_max = 1u << 20;  ///< of all distinct filters of one reactor

  /// Under load: the logs are looked at no more often than this, so that a send carries what has come meanwhile. An update
  /// is held only when two turns before it had updates too, each less than this after the other, and when holding has lately
  /// brought more than one together. 0: never held.
  Nanos gather{0};

  // Work of one turn.
  std::uint32_t completions_per_turn = 512;
  std::uint32_t tells_per_turn = 256;  ///< per line
  std::size_t log_bytes_per_read = limits::kLogReadBytesDefault;
  std::size_t log_bytes_per_turn = limits::kLogTurnBytesDefault;  ///< per line
  std::size_t send_bytes_max = limits::kSendBytesDefault;
  std::uint32_t timers_per_turn = 1024;
};

/// Blocks that the unread frames of one session may take: those of its bytes, and one for each answer that waits for other
/// updates than the answer before. At half of it nothing more is read from the session: what it has asked then still fits.
constexpr std::size_t outbox_blocks_max(std::size_t bytes_max, std::size_t in_flight_max) noexcept {
  return bytes_max / limits::kOutboxBlockBytes + 2 * in_flight_max;
}
inline constexpr std::size_t kOutboxBlocksDefault =
    outbox_blocks_max(limits::kOutboxBytesDefault, limits::kRequestsInFlightDefault);
static_assert(kOutboxBlocksDefault / 2 + limits::kRequestsInFlightDefault <= kOutboxBlocksDefault);
static_assert(limits::kOutboxChance * kOutboxBlocksDefault * limits::kOutboxBlockBytes <
                  limits::kOutboxPoolBytesDefault / 16,
              "no session takes the pool of all");

/// What must not be; the reactor's constructor insists on an empty list.
void check(const FanoutConfig& config, ConfigMistakes& mistakes);

}  // namespace cti::broker
