// desktop_settings.cpp - the defaults of every documented key, and configured values over them.
#include "broker/requests/desktop_settings.hpp"

#include <array>
#include <string>
#include <string_view>

namespace cti::broker {

using wire::Arguments;

namespace {

constexpr std::array<std::string_view, 6> kTopLevel = {
    "ECC", "Grid", "IPCCSilentMonitor", "Login", "ScreenPreferences", "SoundPreferences"};

Arguments nested(const Arguments& in, std::string_view key) {
  const auto found = in.arguments(key);
  return found ? Arguments(*found) : Arguments();
}

/// "true" and "false" are BOOL, whole numbers INT, everything else text.
void set_value(Arguments& to, std::string_view key, std::string_view value) {
  if (value == "true" || value == "false") {
    to.set(key, value == "true");
  } else if (const auto number = wire::number_in(value)) {
    to.set(key, *number);
  } else {
    to.set(key, value);
  }
}

/// Puts `value` at "A.B.C"; arrays on the way are made. Depth is bounded by the limits of Arguments.
void set_path(Arguments& to, std::string_view path, std::string_view value) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return set_value(to, path, value);
  const std::string_view first = path.substr(0, dot);
  Arguments inner = nested(to, first);
  set_path(inner, path.substr(dot + 1), value);
  to.set(first, inner);
}

Arguments ecc_of(const LineConfig& config) {
  Arguments ecc;
  for (const std::string& name : config.ecc_scalars) ecc.set("user." + name, Arguments());
  for (const LineConfig::EccArray& array : config.ecc_arrays) {
    for (std::uint16_t i = 0; i < array.size; ++i) {
      ecc.set("user." + array.name + "[" + std::to_string(i) + "]", Arguments());
    }
  }
  return ecc;
}

Arguments grid_columns() {
  Arguments grids;
  for (const char* const grid : {"AgentStatistics", "CallAppearance", "SkillGroupStatistics"}) {
    Arguments with_columns;
    with_columns.set("columns", Arguments());
    grids.set(grid, with_columns);
  }
  return grids;
}

Arguments silent_monitor() {
  Arguments settings;
  settings.set("MediaTerminationPort", std::int32_t{4000});
  settings.set("HeartBeatInterval", std::int32_t{5});
  settings.set("TOS", false);
  settings.set("MonitoringIPPort", std::int32_t{39200});
  settings.set("HeartbeatTimeout", std::int32_t{15});
  settings.set("CCMBasedSilentMonitor", false);
  Arguments monitor;
  monitor.set("settings", settings);
  return monitor;
}

Arguments screen(const LineConfig& config) {
  Arguments main_screen;
  main_screen.set("AgentStatisticsIntervalSec", std::int32_t{15});
  main_screen.set("BringToFrontOnCall", true);
  main_screen.set("FlashOnCall", false);
  main_screen.set("RecordingEnabled", config.record_button);
  Arguments preferences;
  preferences.set("MainScreen", main_screen);
  return preferences;
}

Arguments sounds() {
  Arguments preferences;
  for (const char* const sound : {"All", "DTMF", "DialTone", "OriginatingTone", "RingInTone"}) {
    Arguments one;
    one.set("Mute", false);
    preferences.set(sound, one);
  }
  return preferences;
}

Arguments login() {
  Arguments login;
  login.set("ConnectionProfiles", Arguments());
  return login;
}

bool is_top_level(std::string_view key) {
  for (const std::string_view known : kTopLevel) {
    if (known == key) return true;
  }
  return false;
}

}  // namespace

Arguments make_desktop_settings(const LineConfig& config) {
  Arguments all;
  all.set("ECC", ecc_of(config));
  all.set("Grid", grid_columns());
  all.set("IPCCSilentMonitor", silent_monitor());
  all.set("Login", login());
  all.set("ScreenPreferences", screen(config));
  all.set("SoundPreferences", sounds());
  for (const DesktopSetting& setting : config.desktop_settings) {
    const std::string_view path = setting.path;
    const std::string_view top = path.substr(0, path.find('.'));
    if (is_top_level(top) && top.size() < path.size()) {
      set_path(all, path, setting.value);
    } else if (!is_top_level(top)) {
      all.set(top, Arguments());
    }
  }
  return all;
}

}  // namespace cti::broker
