// ged188_oddities.hpp - what lenient decoding has let through although it was not said right.
//
// Why      a message that can be used is better used than thrown away, but not without a word: whoever decodes takes the
//          oddities afterwards, counts them and says so.
// Threads  each thread has its own.
#pragma once

#include <cstdint>

namespace cti::wire::ged188 {

struct Oddities {
  std::uint64_t counts_too_high =
      0;                            ///< lists announced longer than they came; what came was taken
  std::uint64_t other_layouts = 0;  ///< fixed parts read in the layout of another version or form
  bool any() const noexcept { return (counts_too_high | other_layouts) != 0; }
};

/// Those that this thread has seen since they were last taken.
Oddities take_oddities() noexcept;

}  // namespace cti::wire::ged188
