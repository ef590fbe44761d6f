// settings_file.hpp - the simulated call centre from a TOML file.
//
// Shape    the file's [[agents]], [[skill_groups]], [[teams]] and [[desks]] replace the built-in ones, each list by itself;
//          everything else changes single values. `ringside-sim --print-config` prints a file with every key.
// Errors   all mistakes at once, each with file, line, key and what is allowed. After a mistake the result is not usable.
#pragma once

#include "core/config.hpp"
#include "tools/simulator/load/load.hpp"
#include "tools/simulator/model/settings.hpp"

#include <string>

namespace cti::simulator {

/// Everything that a file can say.
struct SettingsFile {
  Settings gateway = default_settings();
  LoadSettings load;
};

Result<SettingsFile, core::ConfigProblems> read_settings_file(const std::string& path);
/// `name` stands for the file in problems.
Result<SettingsFile, core::ConfigProblems> read_settings_text(std::string_view text,
                                                              const std::string& name);
/// The settings as a file that can be read again.
std::string print_settings(const SettingsFile& settings);

}  // namespace cti::simulator
