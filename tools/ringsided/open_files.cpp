// open_files.cpp - raising the limit, and the sum of what needs a descriptor.
#include "tools/ringsided/open_files.hpp"

#include "core/log.hpp"
#include "core/socket.hpp"

#include <algorithm>

namespace cti::tools {

namespace log = core::log;

namespace {

/// Standard streams, log, rings or epoll and wakers of every thread, memory files, metrics: counted generously.
constexpr std::uint64_t kOwn = 64;
constexpr std::uint64_t kPerThread = 8;
constexpr std::uint64_t kPerLine = 4;  // connections, one of which may still be closing

}  // namespace

std::uint64_t descriptors_needed(const broker::ServerConfig& config) {
  const std::uint64_t threads = config.reactors() + config.lines.size();
  const std::uint64_t refusals = std::uint64_t{config.fanout.refusals_max} * config.reactors();
  return config.fanout.sessions_max + refusals + kPerLine * config.lines.size() +
         kPerThread * threads + kOwn;
}

void raise_open_files(const broker::ServerConfig& config) {
  const std::uint64_t needed = descriptors_needed(config);
  const std::uint64_t allowed = core::raise_descriptor_limit();
  if (allowed >= needed) {
    log::write(log::Level::kDebug, "server",
               log::text("may open ", allowed, " files, needs ", needed, " at most"));
    return;
  }
  const std::uint64_t own = needed - config.fanout.sessions_max;
  log::write(log::Level::kWarning, "server",
             log::text("may open ", allowed,
                       " files at most, and sessions.max = ", config.fanout.sessions_max, " needs ",
                       needed, ": about ", allowed - std::min(allowed, own),
                       " sessions will find room; raise LimitNOFILE= of the unit, or ulimit -Hn"));
}

}  // namespace cti::tools
