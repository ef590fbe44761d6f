// tell_lane.hpp - what one line tells one reactor: in order, and never before the updates that it comes after.
//
// Why      an answer that overtakes the updates that led to it lets a client act on a state that it has not been told.
// Order    a tell names a position of the line's log. Two rules keep it behind the records below it:
//            line     records first: LogWriter::publish, then TellLane::publish, then the reactor's bell
//            reactor  the head of the lane is looked at, and taken only when the log has been followed to its position
//          The first alone is not enough (the records may wait in the spill, or the reactor stops half-way: its turn's
//          budget, a channel without room), the second alone would do; both together let a reactor sleep soundly, for a
//          tell whose records are not there yet always comes with a later publication, and so with a later bell.
// Shape    an SPSC ring. Positions of a lane never fall, so a head that is not due holds nothing back that is.
// Threads  has_room, stage, publish: the line. The rest: the reactor. Templated over Atom for tests/model/.
#pragma once

#include "core/base/check.hpp"
#include "ring/spsc_ring.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace cti::broker {

/// `T` has a member after_log_position.
template <class T, template <class> class Atom = std::atomic>
class BasicTellLane {
 public:
  explicit BasicTellLane(std::size_t capacity) : ring_(capacity) {}

  // ---- the line ----

  [[nodiscard]] bool has_room() noexcept { return ring_.has_room(); }

  /// There must be room. Unseen until publish().
  void stage(T&& tell) noexcept {
    CTI_CHECK(tell.after_log_position >= staged_after_);
    staged_after_ = tell.after_log_position;
    staged_ = true;
    const bool taken = ring_.stage(std::move(tell));
    CTI_CHECK(taken);
  }

  /// What the last tell staged comes after: the next one must not come after less.
  [[nodiscard]] std::uint64_t staged_after() const noexcept { return staged_after_; }

  /// Once a turn, behind the log's publication. False: nothing was staged since the last one.
  bool publish() noexcept {
    if (!std::exchange(staged_, false)) return false;
    ring_.publish();
    return true;
  }

  // ---- the reactor ----

  /// The last look before sleeping: a tell is due to a reactor that has followed the log up to `read`.
  [[nodiscard]] bool due(std::uint64_t read) noexcept {
    const T* const head = ring_.front();
    return head != nullptr && head->after_log_position <= read;
  }

  /// Hands up to `limit` tells to take(T&&), each as soon as follow(its position), which follows the log up to there as
  /// far as it can and says where it stands, has reached it. Returns how many. When take throws, its tell is gone.
  template <class Follow, class Take>
  std::size_t take_due(std::size_t limit, Follow&& follow, Take&& take) {
    std::size_t count = 0;
    while (count < limit) {
      T* const head = ring_.front();
      if (head == nullptr) break;
      const std::uint64_t after = head->after_log_position;
      CTI_CHECK(after >= taken_after_);
      if (follow(after) < after) break;
      taken_after_ = after;
      T tell = std::move(*head);
      ring_.pop();
      ++count;
      take(std::move(tell));
    }
    return count;
  }

 private:
  ring::SpscRing<T, Atom> ring_;
  std::uint64_t staged_after_ = 0;                        // the line's: of the last tell staged
  bool staged_ = false;                                   // the line's: something is unseen
  alignas(kFalseSharing) std::uint64_t taken_after_ = 0;  // the reactor's: of the last tell taken
};

}  // namespace cti::broker
