// fanout_config.cpp - what the bounds of a fan-out reactor must be, each by itself and beside the others.
#include "broker/fanout/fanout_config.hpp"

#include "core/base/limits.hpp"
#include "wire/session_beat.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace cti::broker {
namespace {

using limits::kKiB;
using limits::kMiB;

void check_memory(const FanoutConfig& config, ConfigMistakes& mistakes) {
  mistakes.require(std::has_single_bit(config.channel_bytes), "sessions.filter_ring_kib",
                   config.channel_bytes / kKiB, "a power of two");
  mistakes.within("sessions.filter_ring_kib", config.channel_bytes / kKiB,
                  limits::kChannelBytesMin / kKiB, limits::kChannelBytesMax / kKiB);
  mistakes.within("sessions.filters_max", config.channels_max, 1, limits::kChannelsMax);
  mistakes.require(config.filter_cost_max >= 1, "filter_cost_max", config.filter_cost_max,
                   "1 or more");
  mistakes.within("sessions.unread_kib", config.outbox_bytes_max / kKiB,
                  config.outbox_updates_bytes / kKiB, limits::kOutboxBytesMax / kKiB);
  mistakes.require(config.outbox_updates_bytes >= limits::kOutboxBlockBytes,
                   "sessions.unread_updates_kib", config.outbox_updates_bytes / kKiB, "4 or more");
  mistakes.within(
      "sessions.unread_pool_mib", config.outbox_pool_bytes / kMiB,
      std::max<std::size_t>(limits::kOutboxPoolBytesMin, config.outbox_bytes_max) / kMiB,
      limits::kOutboxPoolBytesMax / kMiB);
  mistakes.require(config.images_bytes_max >= 1, "sessions.images_mib", 0, "1 or more");
}

void check_work(const FanoutConfig& config, ConfigMistakes& mistakes) {
  mistakes.require(config.send_bytes_max >= 1, "send_bytes_max", 0, "1 or more");
  mistakes.require(config.log_bytes_per_read >= 1, "log_bytes_per_read", 0, "1 or more");
  mistakes.require(config.log_bytes_per_turn >= config.log_bytes_per_read, "log_bytes_per_turn",
                   config.log_bytes_per_turn, "at least log_bytes_per_read");
  mistakes.within("completions_per_turn", config.completions_per_turn, 1,
                  limits::kCompletionsPerTurnMax);
  mistakes.require(config.tells_per_turn >= 1, "tells_per_turn", 0, "1 or more");
  mistakes.require(config.timers_per_turn >= 1, "timers_per_turn", 0, "1 or more");
  mistakes.not_negative("server.gather_us", config.gather);
}

}  // namespace

void check(const FanoutConfig& config, ConfigMistakes& mistakes) {
  mistakes.within("sessions.max", config.sessions_max, 1, limits::kSessionsMax);
  mistakes.require(config.sessions_per_address_max >= 1, "sessions.per_address_max", 0,
                   "1 or more");
  mistakes.require(config.sessions_per_agent_max >= 1, "sessions.per_agent_max", 0, "1 or more");
  mistakes.require(config.refusals_max <= limits::kRefusalsMax, "refusals_max", config.refusals_max,
                   "0 .. " + std::to_string(limits::kRefusalsMax));
  mistakes.require(config.requests_burst >= 1, "sessions.requests_burst", 0, "1 or more");
  mistakes.require(config.requests_per_second >= 1, "sessions.requests_per_second", 0, "1 or more");
  mistakes.within("sessions.requests_in_flight_max", config.requests_in_flight_max, 1,
                  limits::kRequestsInFlightMax);
  mistakes.positive("sessions.handshake_timeout_s", config.handshake_timeout);
  mistakes.positive("sessions.message_timeout_s", config.message_timeout);
  mistakes.positive("sessions.image_timeout_s", config.image_timeout);
  mistakes.positive("sessions.stall_timeout_s", config.stall_timeout);
  mistakes.positive("answer_timeout", config.answer_timeout);
  mistakes.positive("close_timeout", config.close_timeout);
  mistakes.not_negative("sessions.heartbeat_s", config.heartbeat_interval);
  const bool beats = config.beat_interval != Nanos{0};
  const auto beat_ms = std::chrono::duration_cast<Millis>(config.beat_interval).count();
  if (beats) mistakes.within("sessions.beat_ms", static_cast<std::uint64_t>(beat_ms),
                             wire::kBeatLeast.count(), wire::kBeatMost.count());
  check_memory(config, mistakes);
  check_work(config, mistakes);
}

}  // namespace cti::broker
