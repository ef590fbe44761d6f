// fault_commands.hpp - what `help` says about the commands that make something go wrong.
#pragma once

#include <string>

namespace cti::simulator {

/// The fault commands, for `help`.
std::string fault_help();

}  // namespace cti::simulator
