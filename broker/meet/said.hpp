// said.hpp - a line for the log, as lines and reactors say it: how grave, what, and about whom.
//
// Why      nothing below the server knows where lines go; tests and the simulation collect them.
// Kinds    what a peer can cause without end has a kind: of each kind only so many are written (log::write_limited). What
//          is bounded by whoever says it has none.
#pragma once

#include "core/log.hpp"

#include <functional>
#include <span>
#include <string_view>

namespace cti::broker {

struct Said {
  std::string_view text;
  core::log::Level level = core::log::Level::kInfo;
  std::string_view kind;  ///< empty: written in any case
  std::span<const core::log::Field> about{};
};

/// During the call only. Empty: nobody listens.
using Say = std::function<void(const Said&)>;

}  // namespace cti::broker
