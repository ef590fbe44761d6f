// open_files.hpp - descriptors: as many as the system gives, compared with what the configuration needs (M1).
#pragma once

#include "broker/server_config.hpp"

#include <cstdint>

namespace cti::tools {

/// Descriptors that the server may have open at once when it is full.
std::uint64_t descriptors_needed(const broker::ServerConfig& config);

/// Raises the soft limit of open files to the hard one; a warning when even that is too little, with what will be missing.
void raise_open_files(const broker::ServerConfig& config);

}  // namespace cti::tools
