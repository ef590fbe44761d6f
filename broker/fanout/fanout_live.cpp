// fanout_live.cpp - what of its configuration a reactor takes over while it runs.
#include "broker/fanout/fanout.hpp"

#include <memory>
#include <new>
#include <utility>

namespace cti::broker {

void FanoutReactor::reconfigure(const FanoutConfig& config) {
  auto wish = std::make_unique<const FanoutConfig>(config);
  // release -> the acquire in take_wish: the whole configuration is there. acquire <- that of a wish not yet taken.
  delete wish_config_.exchange(wish.release(), std::memory_order_acq_rel);
  io_.wake();
}

/// What is bound to memory set aside at the start, or to what other settings must not exceed, is not taken over.
void FanoutReactor::take_wish() noexcept {
  // acquire <- the release in reconfigure.
  const std::unique_ptr<const FanoutConfig> wish(
      wish_config_.exchange(nullptr, std::memory_order_acquire));
  if (wish == nullptr) return;
  config_.sessions_per_agent_max = wish->sessions_per_agent_max;
  config_.monitor_sessions_max = wish->monitor_sessions_max;
  config_.handshake_timeout = wish->handshake_timeout;
  config_.message_timeout = wish->message_timeout;
  config_.image_timeout = wish->image_timeout;
  config_.stall_timeout = wish->stall_timeout;
  config_.heartbeat_interval = wish->heartbeat_interval;
  config_.heartbeat_retries = wish->heartbeat_retries;
  config_.requests_per_second = wish->requests_per_second;
  config_.requests_burst = wish->requests_burst;
  config_.slow_policy = wish->slow_policy;
  config_.short_of_memory = wish->short_of_memory;
  config_.gather = wish->gather;
  try {
    config_.edge_hosts = wish->edge_hosts;
  } catch (const std::bad_alloc&) {
    ++counters_.out_of_memory;  // those that there were stay
  }
  for (std::uint32_t slot = 0; slot < sessions_.size(); ++slot) {
    Session& session = sessions_[slot];
    if (session.state == SessionState::kFree) continue;
    schedule(slot);  // a deadline may be nearer
    if (!config_.short_of_memory || !session.stream.blocked()) continue;
    if (session.state >= SessionState::kClosing) continue;
    ++counters_.cut_slow;
    close(slot, wire::CloseReason::kTooSlow, "does not read, and memory is short");
  }
}

}  // namespace cti::broker
