// own_clock.hpp - the time in which a reactor could have acted: a stop of the process does not count (P11).
//
// Why      after a stop (SIGSTOP, a pause of the machine, no processor for seconds) every deadline has passed at once, while what
//          peers said in time waits in the sockets. Whoever cuts then cuts those who are well. With this clock behind Io::now()
//          no deadline of any kind (heartbeats, handshakes, requests, pauses) runs while nobody could have met it.
// Shape    own time = the kernel's monotonic time less what was skipped. A wait that was meant to sleep and comes back
//          limits::kLateTurn or more after its deadline was no wait but a stop: its whole time is skipped, and so is that of
//          the turns after it until what had arrived meanwhile is read (for limits::kLateTurn at most).
// Edges    a wait without a deadline is never late, and needs not be: nothing was due. A loop of the owner's own, which only
//          looks (a deadline that has passed), may come as seldom as it likes: its time counts.
// Threads  one owner. Own times of two reactors are not to be compared.
#pragma once

#include "core/base/check.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"

#include <cstdint>

namespace cti::core {

class OwnClock {
 public:
  explicit OwnClock(TimePoint real) noexcept : now_(real) {}

  /// As of the last waited().
  TimePoint now() const noexcept { return now_; }
  /// What own time it is at this moment of the kernel's.
  TimePoint at(TimePoint real) const noexcept { return {real.since_start - skipped_}; }

  /// A wait for `deadline` (own time) has come back. `received`: the turn before had bytes to read, there may be more.
  void waited(TimePoint real, TimePoint deadline, bool received) noexcept {
    const TimePoint own = at(real);
    CTI_CHECK(own >= now_);
    const bool stopped = deadline > now_ && own > deadline && own - deadline >= limits::kLateTurn;
    if (stopped) {
      ++stops_;
      catching_up_until_ = real + limits::kLateTurn;
    } else if (!received || real >= catching_up_until_) {
      catching_up_until_ = {};
    }
    if (stopped || catching_up_until_ > TimePoint{}) {
      skipped_ += own - now_;
      CTI_CHECK(at(real) == now_);
    } else {
      now_ = own;
    }
  }

  /// How often the process had stood still.
  std::uint64_t stops() const noexcept { return stops_; }
  Nanos skipped() const noexcept { return skipped_; }

 private:
  TimePoint now_;
  Nanos skipped_{0};
  TimePoint catching_up_until_{};  // real time; zero: not
  std::uint64_t stops_ = 0;
};

}  // namespace cti::core
