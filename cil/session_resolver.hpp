// session_resolver.hpp - one shared session per name within a process.
#pragma once

#include "cil/session.hpp"

#include <string>

namespace cti::cil {

class SessionResolver {
 public:
  /// The session of that name, made at the first call. With a reference for the caller; any thread.
  /// Null for a name beyond the 256th.
  static CCtiOsSession* GetSession(const std::string& name);
};

}  // namespace cti::cil
