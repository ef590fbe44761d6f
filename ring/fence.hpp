// fence.hpp - the full fence that goes with an Atom.
//
// Why     the classes here take their atomic type as a template parameter, so that the interleaving explorer of
//         tests/model/ can put its own in place. A fence belongs to no object, so it needs a hook of its own.
// Cost    one full barrier: about 20 cycles on x86. Used once per turn or per lap, never per record.
#pragma once

#include <atomic>

namespace cti::ring {

/// std::atomic's fence. The explorer's Atom has a partial specialisation beside it.
template <template <class> class Atom>
struct FenceOf {
  static void full() noexcept {
    // seq_cst: every use names the two accesses that this fence keeps in order.
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
};

}  // namespace cti::ring
