// desktop_config.hpp - the part of a [[line]] that its desktops see: settings, ECC, connection profiles, reasons.
//
// Shape    the file says "A.B.C=value", "name[10]", "Lunch=12"; LineConfig gets what that means.
#pragma once

#include "broker/meet/line_config.hpp"
#include "core/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cti::tools {

/// One [[line.profile]]: how a desktop connects, as its login dialog offers it.
struct ProfileSettings {
  std::string name;
  std::string ctios_a, ctios_b;
  std::uint16_t port_a = 42028;
  std::uint16_t port_b = 42028;
  std::uint32_t heartbeat = 5;
  std::uint32_t max_heartbeats = 5;
  bool auto_login = true;
  bool warn_if_already_logged_in = true;
  bool reject_if_already_logged_in = false;
  std::uint32_t show_field_mask = 0x27;
  std::int64_t peripheral_id = -1;
};

/// One [[line.rules]].
struct RulesSettings {
  broker::AgentRules rules;
  std::vector<std::string> logout_reasons;
  std::vector<std::string> not_ready_reasons;
};

struct DesktopFile {
  std::vector<std::string> settings;
  std::vector<std::string> ecc;
  std::vector<ProfileSettings> profiles;
  std::vector<RulesSettings> rules;
};

void bind_desktop(core::ConfigTable& line, DesktopFile& file);
/// Puts what the file says into `line`; `key` is the line's own, for the problems.
void apply_desktop(core::ConfigProblems& problems, const std::string& key, const DesktopFile& file,
                   broker::LineConfig& line);

}  // namespace cti::tools
