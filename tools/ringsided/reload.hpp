// reload.hpp - the configuration read again while the server runs: what can be applied is, what cannot is named.
//
// Why      a log level, a limit or a network must not cost thousands of sessions a restart.
// Shape    plan_reload() reads file and flags as at start and compares with what runs. A mistake changes nothing (O2).
#pragma once

#include "core/base/result.hpp"
#include "tools/ringsided/config.hpp"
#include "tools/ringsided/flags.hpp"

#include <string>
#include <vector>

namespace cti::tools {

/// File and flags, as at start; else every mistake, one line each.
Result<LoadedConfig, std::string> load_all(const Flags& flags);

struct ReloadPlan {
  LoadedConfig loaded;
  std::vector<std::string> applied;      ///< keys that differ and can be applied now
  std::vector<std::string> for_restart;  ///< keys that differ and cannot

  bool changes(std::string_view prefix) const;
};

/// Compares with what runs.
Result<ReloadPlan, std::string> plan_reload(const Flags& flags, const LoadedConfig& running);

/// What `running` is once the plan has been carried out.
void carry_over(const ReloadPlan& plan, LoadedConfig& running);

}  // namespace cti::tools
