// desktop_config.cpp - the keys, and their texts taken apart.
#include "tools/ringsided/desktop_config.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace cti::tools {
namespace {

using broker::AgentRules;
using broker::kReasonBytesMax;
using broker::kReasonsMax;
using broker::LineConfig;
using core::ConfigProblems;
using core::ConfigTable;

constexpr std::size_t kProfilesMax = 64;
constexpr std::size_t kDepthMax =
    6;  // Arguments have 8 levels, the answer is one and the value another
/// All settings travel in one answer, and an array of Arguments holds 64 KiB.
constexpr std::size_t kSettingsBytesMax = std::size_t{48} << 10;

void bind_profile(ConfigTable& table, ProfileSettings& profile) {
  table.text("name", profile.name, {1, 63}, "As the login dialog shows it; without a dot.");
  table.text("ctios_a", profile.ctios_a, {1, 255}, "Host of side A.");
  table.text("ctios_b", profile.ctios_b, {0, 255}, "Host of side B; empty: none.");
  table.integer<std::uint16_t>("port_a", profile.port_a, 1, 65535, "Port of side A.");
  table.integer<std::uint16_t>("port_b", profile.port_b, 1, 65535, "Port of side B.");
  table.integer<std::uint32_t>("heartbeat", profile.heartbeat, 1, 3600, "Seconds.");
  table.integer<std::uint32_t>("max_heartbeats", profile.max_heartbeats, 1, 100,
                               "Unanswered ones that end the connection.");
  table.boolean("auto_login", profile.auto_login, "Log in again after a failover.");
  table.boolean("warn_if_already_logged_in", profile.warn_if_already_logged_in,
                "Ask before an agent is logged in a second time.");
  table.boolean("reject_if_already_logged_in", profile.reject_if_already_logged_in,
                "Refuse it instead.");
  table.integer<std::uint32_t>("show_field_mask", profile.show_field_mask, 0, 0x7FFFFFFF,
                               "ShowFieldBitMask: fields of the login dialog.");
  table.integer<std::int64_t>("peripheral_id", profile.peripheral_id, -1, 0x7FFFFFFF,
                              "-1: the line's first.");
}

void bind_rules(ConfigTable& table, RulesSettings& file) {
  AgentRules& rules = file.rules;
  table.integer<std::uint32_t>("team", rules.team, 0, 0x7FFFFFFF,
                               "TeamID; 0: whoever's team has no rules of its own.");
  table.boolean("logout_reason_required", rules.logout_reason_required, "LogoutReasonRequired.");
  table.boolean("not_ready_reason_required", rules.not_ready_reason_required,
                "NotReadyReasonRequired.");
  table.boolean("wrapup_required", rules.wrapup_required,
                "WrapupOkEnabled: wrap-up data is required of incoming calls.");
  table.list("logout_reasons", file.logout_reasons, {kReasonsMax, {3, kReasonBytesMax + 6}},
             "TEXT=CODE, as \"End of shift=1\".");
  table.list("not_ready_reasons", file.not_ready_reasons, {kReasonsMax, {3, kReasonBytesMax + 6}},
             "TEXT=CODE, as \"Lunch=12\".");
  table.list("wrapup_strings", rules.wrapup_strings, {kReasonsMax, {1, kReasonBytesMax}},
             "IncomingWrapupStrings.");
}

/// "TEXT=CODE"; the text may have an equals sign itself.
std::optional<broker::ReasonCode> reason_in(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos || equals == 0 || equals > kReasonBytesMax)
    return std::nullopt;
  broker::ReasonCode reason{std::string(text.substr(0, equals)), 0};
  const std::string_view code = text.substr(equals + 1);
  const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), reason.code);
  if (error != std::errc{} || end != code.data() + code.size() || code.empty()) return std::nullopt;
  return reason;
}

std::vector<broker::ReasonCode> reasons_in(ConfigProblems& problems, const std::string& key,
                                           const std::vector<std::string>& texts) {
  std::vector<broker::ReasonCode> all;
  for (const std::string& text : texts) {
    if (auto reason = reason_in(text)) {
      all.push_back(std::move(*reason));
    } else {
      problems.add(key, "\"" + text + "\"", "TEXT=CODE, the text 1 .. 40 bytes, 0 .. 65535");
    }
  }
  return all;
}

void apply_rules(ConfigProblems& problems, const std::string& key, const DesktopFile& file,
                 LineConfig& line) {
  for (std::size_t i = 0; i < file.rules.size(); ++i) {
    const std::string at = key + ".rules[" + std::to_string(i) + "]";
    AgentRules rules = file.rules[i].rules;
    rules.logout_reasons =
        reasons_in(problems, at + ".logout_reasons", file.rules[i].logout_reasons);
    rules.not_ready_reasons =
        reasons_in(problems, at + ".not_ready_reasons", file.rules[i].not_ready_reasons);
    line.agent_rules.push_back(std::move(rules));
  }
}

bool path_is_good(std::string_view path) {
  std::size_t depth = 1;
  for (std::size_t begin = 0;; ++depth) {
    const std::size_t dot = path.find('.', begin);
    const std::string_view part = path.substr(begin, dot - begin);
    if (part.empty() || part.size() > 255 || depth > kDepthMax) return false;
    if (dot == std::string_view::npos) return true;
    begin = dot + 1;
  }
}

void apply_settings(ConfigProblems& problems, const std::string& key, const DesktopFile& file,
                    LineConfig& line) {
  for (const std::string& text : file.settings) {
    const std::size_t equals = text.find('=');
    const std::string path = text.substr(0, equals);
    if (equals == std::string::npos || !path_is_good(path)) {
      problems.add(key + ".desktop", "\"" + text + "\"",
                   "PATH.TO.KEY=VALUE, at most 6 levels of 1 .. 255 bytes");
    } else {
      line.desktop_settings.push_back({path, text.substr(equals + 1)});
    }
  }
}

void apply_ecc(ConfigProblems& problems, const std::string& key, const DesktopFile& file,
               LineConfig& line) {
  for (const std::string& text : file.ecc) {
    std::string name = text.starts_with("user.") ? text.substr(5) : text;
    std::uint16_t size = 0;
    const std::size_t open = name.find('[');
    bool good = true;
    if (open != std::string::npos) {
      const std::string_view digits = std::string_view(name).substr(open + 1);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
      good = error == std::errc{} && std::string_view(end, digits.data() + digits.size()) == "]" &&
             size >= 1 && size <= 255;
      name.resize(open);
    }
    if (!good || name.empty() || name.size() > 32) {
      problems.add(key + ".ecc", "\"" + text + "\"",
                   "NAME or NAME[SIZE], the name 1 .. 32 bytes, the size 1 .. 255");
    } else if (open == std::string::npos) {
      line.ecc_scalars.push_back(name);
    } else {
      line.ecc_arrays.push_back({name, size});
    }
  }
}

void apply_profiles(ConfigProblems& problems, const std::string& key, const DesktopFile& file,
                    LineConfig& line) {
  for (std::size_t i = 0; i < file.profiles.size(); ++i) {
    const ProfileSettings& profile = file.profiles[i];
    if (profile.name.find('.') != std::string::npos) {
      problems.add(key + ".profile[" + std::to_string(i) + "].name", "\"" + profile.name + "\"",
                   "a name without a dot");
      continue;
    }
    const auto set = [&](const char* what, std::string value) {
      line.desktop_settings.push_back(
          {"Login.ConnectionProfiles." + profile.name + "." + what, std::move(value)});
    };
    const auto flag = [](bool value) { return value ? "true" : "false"; };
    set("CtiOsA", profile.ctios_a);
    if (!profile.ctios_b.empty()) set("CtiOsB", profile.ctios_b);
    set("PortA", std::to_string(profile.port_a));
    set("PortB", std::to_string(profile.port_b));
    set("Heartbeat", std::to_string(profile.heartbeat));
    set("MaxHeartbeats", std::to_string(profile.max_heartbeats));
    set("AutoLogin", flag(profile.auto_login));
    set("WarnIfAlreadyLoggedIn", flag(profile.warn_if_already_logged_in));
    set("RejectIfAlreadyLoggedIn", flag(profile.reject_if_already_logged_in));
    set("ShowFieldBitMask", std::to_string(profile.show_field_mask));
    const std::int64_t first = line.peripherals.empty() ? 0 : line.peripherals.front();
    set("PeripheralID", std::to_string(profile.peripheral_id < 0 ? first : profile.peripheral_id));
  }
}

}  // namespace

void bind_desktop(ConfigTable& line, DesktopFile& file) {
  line.list("desktop", file.settings, {1000, {3, 1024}},
            "Desktop settings, PATH.TO.KEY=VALUE; keys of your own arrive too.");
  line.list("ecc", file.ecc, {200, {1, 48}},
            "Expanded call context that desktops are told: NAME, or NAME[SIZE] for an array.");
  line.tables<ProfileSettings>("profile", file.profiles, kProfilesMax, bind_profile,
                               "Connection profiles of the desktops' login dialogs.");
  line.tables<RulesSettings>("rules", file.rules, 256, bind_rules,
                             "Reason codes and wrap-up of agents, by team.");
}

void apply_desktop(ConfigProblems& problems, const std::string& key, const DesktopFile& file,
                   LineConfig& line) {
  line.desktop_settings.clear();
  line.ecc_scalars.clear();
  line.ecc_arrays.clear();
  line.agent_rules.clear();
  apply_profiles(problems, key, file, line);
  apply_settings(problems, key, file,
                 line);  // behind the profiles: what they leave out can be added
  apply_ecc(problems, key, file, line);
  apply_rules(problems, key, file, line);
  std::size_t bytes = 0;
  for (const auto& setting : line.desktop_settings)
    bytes += setting.path.size() + setting.value.size() + 16;
  for (const std::string& name : line.ecc_scalars) bytes += name.size() + 16;
  for (const auto& array : line.ecc_arrays) bytes += array.size * (array.name.size() + 20);
  if (bytes > kSettingsBytesMax) {
    problems.add(key + ".desktop", std::to_string(bytes) + " bytes with profiles and ECC",
                 "at most " + std::to_string(kSettingsBytesMax));
  }
}

}  // namespace cti::tools
