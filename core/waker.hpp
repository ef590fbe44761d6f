// waker.hpp - the eventfd by which other threads end a wait().
//
// Threads  wake(): any. descriptor(), take(): the owner of the Io.
// Cost     a thread that wakes an Io which has not yet noticed the last wake pays one atomic exchange and no system call.
// Edges    W0 exchange in wake()  -> W1 exchange in take()   what the waker wrote before is visible after wait() returned.
//          No wake is lost: one that comes after W1 finds the flag clear and writes the eventfd again.
#pragma once

#include "core/socket.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace cti::core {

class Waker {
 public:
  /// `flags` of eventfd() beside EFD_CLOEXEC. Check descriptor() >= 0.
  explicit Waker(int flags) noexcept : fd_(::eventfd(0, EFD_CLOEXEC | flags)) {}

  int descriptor() const noexcept { return fd_.get(); }

  void wake() noexcept {
    // W0 -> W1 (release). acquire: a skipped write must not be older than the reading of the flag that allowed it.
    if (woken_.exchange(true, std::memory_order_acq_rel)) return;
    const std::uint64_t one = 1;
    // Fails only when the count is at its maximum: then the descriptor is readable anyhow.
    [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
  }

  /// The owner has emptied the eventfd and will now look at its queues.
  void take() noexcept {
    // W1 <- W0 (acquire); release pairs with the acquire above.
    woken_.exchange(false, std::memory_order_acq_rel);
  }

 private:
  Descriptor fd_;
  std::atomic<bool> woken_{false};
};

}  // namespace cti::core
