// turn_owner.hpp - which thread runs the loop of a session without an own event thread: one at a time.
//
// Why      the caller's loop calls process(), and a thread that waits on a WaitObject runs the loop itself meanwhile: two
//          threads inside one turn would take the engine apart.
// Threads  any. A thread that has the turn may take it again: a handler asks for timeout_ms().
#pragma once

#include "core/base/check.hpp"
#include "core/base/time.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace cti::cil::detail {

/// A thread that waits for an event while another one runs the loop looks so often whether it is its turn now.
inline constexpr Millis kLookAgain{20};

class TurnOwner {
 public:
  /// True: this thread has the turn until it gives it back. False: another one has kept it for so long.
  [[nodiscard]] bool take(Millis most) {
    std::unique_lock lock(mutex_);
    const auto mine = std::this_thread::get_id();
    const auto free = [&] { return taken_ == 0 || owner_ == mine; };
    if (!free() && (most <= Millis(0) || !given_.wait_for(lock, most, free))) return false;
    owner_ = mine;
    ++taken_;
    return true;
  }
  void give() {
    {
      const std::lock_guard lock(mutex_);
      CTI_CHECK(taken_ > 0 && owner_ == std::this_thread::get_id());
      --taken_;
    }
    given_.notify_one();
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable given_;
  std::thread::id owner_;  ///< meaningful unless taken_ is 0
  unsigned taken_ = 0;     ///< how often, by its owner
};

}  // namespace cti::cil::detail
