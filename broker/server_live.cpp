// server_live.cpp - what a server takes over while it runs.
#include "broker/server.hpp"

#include <mutex>

namespace cti::broker {

std::vector<Admission::Share> shares_of(const FanoutConfig& config) {
  std::vector<Admission::Share> shares;
  for (const std::string& text : config.sessions_of_networks) {
    if (const auto share = parse_share(text)) shares.push_back(*share);
  }
  return shares;
}

void Server::apply_live(const ServerConfig& config) {
  admission_->set_limits(config.fanout.sessions_per_address_max, shares_of(config.fanout));
  const std::lock_guard lock(mutex_);
  const bool short_of_memory = live_.short_of_memory;
  live_ = config.fanout;
  live_.short_of_memory = short_of_memory;
  for (const auto& fanout : fanouts_) fanout->reactor->reconfigure(live_);
}

void Server::set_short_of_memory(bool on) {
  admission_->set_short_of_memory(on);
  const std::lock_guard lock(mutex_);
  live_.short_of_memory = on;
  for (const auto& fanout : fanouts_) fanout->reactor->reconfigure(live_);
}

std::vector<TraceLane*> Server::trace_lanes() {
  std::vector<TraceLane*> lanes;
  for (const auto& line : lines_) lanes.push_back(&line->shared->trace);
  for (const auto& fanout : fanouts_) lanes.push_back(&fanout->shared->trace);
  return lanes;
}

}  // namespace cti::broker
