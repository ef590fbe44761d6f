// doorbell.hpp - how a thread that waits in its reactor goes to sleep without missing what others publish.
//
// Why      a thread that polls needs no wake-up and pays none; one that sleeps must be woken exactly then.
//          Waking costs a system call (27-56 us until the sleeper runs): it is asked for at most once per sleep.
// Threads  announce, awake: the sleeper. ring_if_sleeping: any number of producers.
// Use      sleeper:  announce(); if (every queue of mine is still empty) wait(); awake(); drain all queues.
//          producer: publish() on the queue, then ring_if_sleeping(wake), once per turn.
//
// No wake-up is lost. Let P be the producer's publication and F its fence, S the sleeper's announcement and G its
// fence. Full fences have one total order. If F comes before G, the sleeper's last look, after G, sees P: it does
// not sleep. If G comes before F, the producer's load, after F, sees S: it wakes. Without either fence both may
// look before the other's store has left its core, and both go on: that is the lost wake-up. A producer that finds
// the bell already answered by another (exchange said false) may leave: that other one's wake is on its way, and
// the sleeper looks at all its queues after every wake.
//
// Edges    none for data: the queues' own edges carry the items. The bell carries only "somebody may sleep".
#pragma once

#include "core/base/cacheline.hpp"
#include "ring/fence.hpp"

#include <atomic>
#include <cstdint>

namespace cti::ring {

template <template <class> class Atom = std::atomic>
class BasicDoorbell {
 public:
  BasicDoorbell() = default;
  BasicDoorbell(const BasicDoorbell&) = delete;
  BasicDoorbell& operator=(const BasicDoorbell&) = delete;

  /// Sleeper only. After this it must look at every queue once more, and only then wait.
  void announce() noexcept {
    // relaxed: the fence below orders it before the last look at the queues.
    sleeping_.store(1, std::memory_order_relaxed);
    FenceOf<Atom>::full();
  }

  /// Sleeper only. It is up again, or never slept: producers need not ring.
  void awake() noexcept {
    // relaxed: a producer that still sees 1 rings once too often, which is harmless.
    sleeping_.store(0, std::memory_order_relaxed);
  }

  /// Producers. Calls wake() when the sleeper has announced itself and nobody has woken it yet. Returns whether.
  template <class Wake>
  bool ring_if_sleeping(Wake&& wake) noexcept {
    FenceOf<Atom>::full();
    // relaxed: the fence above orders it after the publication.
    if (sleeping_.load(std::memory_order_relaxed) == 0) return false;
    // relaxed: only one of several producers may see the 1; no data hangs on it.
    if (sleeping_.exchange(0, std::memory_order_relaxed) == 0) return false;
    wake();
    return true;
  }

 private:
  // 1 by the sleeper, 0 by whoever ends the sleep.
  alignas(kFalseSharing) Atom<std::uint32_t> sleeping_{0};
};

using Doorbell = BasicDoorbell<>;

}  // namespace cti::ring
