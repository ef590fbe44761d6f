// fence.hpp - the fences that go with an Atom.
//
// Why     the classes here take their atomic type as a template parameter, so that the interleaving explorer of
//         tests/model/ can put its own in place. A fence belongs to no object, so it needs a hook of its own.
// Cost    full: one full barrier, about 20 cycles on x86; used once per turn or per lap, never per record. acquire and
//         release: nothing on x86 but what the compiler may not reorder.
#pragma once

#include <atomic>

namespace cti::ring {

/// std::atomic's fences. Each of the explorer's Atoms has a specialisation beside it.
template <template <class> class Atom>
struct FenceOf {
  static void acquire() noexcept {
    // acquire: every use names the edge that ends here.
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  static void release() noexcept {
    // release: every use names the edge that begins here.
    std::atomic_thread_fence(std::memory_order_release);
  }
  static void full() noexcept {
    // seq_cst: every use names the two accesses that this fence keeps in order.
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
};

}  // namespace cti::ring
