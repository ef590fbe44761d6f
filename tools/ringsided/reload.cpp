// reload.cpp - which keys can be applied to a server that runs, and which differ.
#include "tools/ringsided/reload.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace cti::tools {
namespace {

/// What a running server takes over (Server::apply_live, and main); a whole table ends in a point.
constexpr std::array kLive{
    std::string_view("log."),
    std::string_view("trace."),
    std::string_view("server.gather_us"),
    std::string_view("sessions.per_address_max"),
    std::string_view("sessions.networks"),
    std::string_view("sessions.per_agent_max"),
    std::string_view("sessions.monitors_max"),
    std::string_view("sessions.edge_hosts"),
    std::string_view("sessions.handshake_timeout_s"),
    std::string_view("sessions.message_timeout_s"),
    std::string_view("sessions.heartbeat_s"),
    std::string_view("sessions.heartbeat_retries"),
    std::string_view("sessions.requests_per_second"),
    std::string_view("sessions.requests_burst"),
    std::string_view("sessions.stall_timeout_s"),
    std::string_view("sessions.image_timeout_s"),
    std::string_view("sessions.slow"),
};

bool is_live(std::string_view key) {
  return std::any_of(kLive.begin(), kLive.end(), [&](std::string_view live) {
    return live.ends_with('.') ? key.starts_with(live) : key == live;
  });
}

/// A pipe would keep the main thread, or give what looks like an empty file.
bool can_be_read_again(const std::string& file) {
  struct stat is {};
  return file.empty() || (::stat(file.c_str(), &is) == 0 && S_ISREG(is.st_mode));
}

}  // namespace

Result<LoadedConfig, std::string> load_all(const Flags& flags) {
  return load_config(flags.config_file,
                     [&](broker::ServerConfig& config) { return apply_flags(flags, config); });
}

bool ReloadPlan::changes(std::string_view prefix) const {
  return std::any_of(applied.begin(), applied.end(),
                     [&](const std::string& key) { return key.starts_with(prefix); });
}

Result<ReloadPlan, std::string> plan_reload(const Flags& flags, const LoadedConfig& running) {
  if (!can_be_read_again(flags.config_file))
    return Err{flags.config_file + ": it is gone, or no regular file that can be read again"};
  auto loaded = load_all(flags);
  if (!loaded.ok()) return Err{loaded.error()};
  ReloadPlan plan{std::move(loaded).value(), {}, {}};
  std::map<std::string, core::ConfigValue> keys = running.values;
  keys.insert(plan.loaded.values.begin(), plan.loaded.values.end());
  for (const auto& [key, value] : keys) {
    const auto before = running.values.find(key);
    const auto after = plan.loaded.values.find(key);
    const bool same = before != running.values.end() && after != plan.loaded.values.end() &&
                      before->second == after->second;
    if (!same) (is_live(key) ? plan.applied : plan.for_restart).push_back(key);
  }
  return plan;
}

void carry_over(const ReloadPlan& plan, LoadedConfig& running) {
  for (const std::string& key : plan.applied) running.values[key] = plan.loaded.values.at(key);
}

}  // namespace cti::tools
