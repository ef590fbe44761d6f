// try_out.hpp - whether a configuration that reads well also works here: its files, addresses and ports.
#pragma once

#include "broker/server_config.hpp"

#include <string>
#include <vector>

namespace cti::tools {

struct TryOut {
  std::vector<std::string> wrong;  ///< will not work on this machine
  std::vector<std::string>
      notes;  ///< may work later: somebody listens there now, a name is not known, no way to a network
};

/// Touches nothing: no file is made, and what is listened on is let go at once. Looks names up, which may take its time.
TryOut try_out(const broker::ServerConfig& config);

}  // namespace cti::tools
