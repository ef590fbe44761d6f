// clock.hpp - the time between two waits of an Io, on the same clock as Io::now().
//
// Why      a batch of completions takes time to handle; how late something is sent must not be reckoned from its beginning.
#pragma once

#include "core/base/time.hpp"

#include <chrono>

namespace cti::load {

inline TimePoint clock_now() noexcept {
  return {std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())};
}

}  // namespace cti::load
