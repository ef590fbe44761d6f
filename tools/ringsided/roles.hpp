// roles.hpp - addresses that stand for two things at once: a server that is its own CTI Server, sides that are the same (O3).
//
// Why      such a configuration starts, and then nothing works for no reason that anybody sees.
// Local    an address of this machine counts as its own when we listen on all of them.
#pragma once

#include "broker/server_config.hpp"

#include <string>
#include <vector>

namespace cti::tools {

struct RoleProblem {
  std::string key;      ///< of the configuration file
  std::string found;
  std::string allowed;  ///< what would be right
};

/// Everything that is wrong, in the order of the configuration.
std::vector<RoleProblem> check_roles(const broker::ServerConfig& config);

}  // namespace cti::tools
