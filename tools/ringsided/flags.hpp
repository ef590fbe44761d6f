// flags.hpp - the command line of ringsided: what it may say, and what it makes of it.
#pragma once

#include "broker/server_config.hpp"
#include "core/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cti::tools {

/// What ringsided ends with.
enum ExitCode : int {
  kExitDone = 0,
  kExitUsage = 2,      ///< flags or configuration are wrong; every mistake has been told
  kExitPortInUse = 3,  ///< another program listens where we should
  kExitSystem = 4,     ///< the system refused memory, descriptors or an address
  kExitStuck = 5,      ///< told to end, a part did not come to its end in time
};

struct Flags {
  std::string config_file;  ///< empty: built-in defaults
  bool check_config = false;
  bool print_config = false;
  // What the command line does not say, the file decides.
  std::optional<int> ready_fd;            ///< the ready line goes here too
  std::optional<std::string> listen;      ///< HOST:PORT
  std::optional<std::string> cti_server;  ///< A[,B], of the file's first line
  std::optional<std::string> io;
  std::optional<std::string> log_level;
  std::optional<std::uint16_t> metrics_port;
  std::optional<std::uint32_t> fanouts;
};

/// The flags, or the code to end with at once (--help, --version, a mistake: told already).
Result<Flags, int> parse_flags(int argc, char** argv);

/// Puts what the flags say into the configuration; tells what is wrong with them.
Result<void, std::string> apply_flags(const Flags& flags, broker::ServerConfig& config);

}  // namespace cti::tools
