// tell_out.hpp - what one line has to tell one reactor: through its lane, and through a backlog when the lane is full.
//
// Order    what waits comes before what is pushed later; a cut comes behind everything that its reactor is still to get.
// Bounds   the backlog holds `backlog_max` tells. What does not fit is lost and counted, and its session is cut: a client
//          that is never answered must not believe that it will be. One cut per session, those of a reactor are bounded.
// Threads  the line. Templated over Atom so that the explorer of tests/model/ runs this code.
#pragma once

#include "broker/meet/tell_lane.hpp"
#include "core/base/check.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>

namespace cti::broker {

struct TellCounters {
  std::uint64_t sent = 0;
  std::uint64_t delayed = 0;  ///< found the lane full
  std::uint64_t lost = 0;     ///< found the backlog full too, or its session already cut for that
  std::uint64_t cuts = 0;     ///< sessions cut because of it
};

/// `T` has members after_log_position and to.session_number; T::cut(to) is what ends that session.
template <class T, template <class> class Atom = std::atomic>
class BasicTellOut {
 public:
  using Lane = BasicTellLane<T, Atom>;

  BasicTellOut(Lane& lane, std::size_t backlog_max, TellCounters& counters)
      : lane_(lane), backlog_max_(backlog_max), counters_(counters) {}

  void push(T&& tell) {
    ++counters_.sent;
    if (cuts_.contains(tell.to.session_number)) return lose(tell);
    if (backlog_.empty() && lane_.has_room()) return lane_.stage(std::move(tell));
    if (backlog_.size() >= backlog_max_) return lose(tell);
    ++counters_.delayed;
    backlog_.push_back(std::move(tell));
    invariants();
  }

  /// Moves what waits into the lane, and shows what is in it. Once a turn, when the log has been published. True: the
  /// reactor has something new to look at.
  bool publish() {
    while (!backlog_.empty() && lane_.has_room()) {
      lane_.stage(std::move(backlog_.front()));
      backlog_.pop_front();
    }
    while (backlog_.empty() && !cuts_.empty() && lane_.has_room()) {
      T cut = T::cut(cuts_.begin()->second);
      cut.after_log_position = lane_.staged_after();
      lane_.stage(std::move(cut));
      cuts_.erase(cuts_.begin());
    }
    return lane_.publish();
  }

  /// Something has found no room yet.
  [[nodiscard]] bool waiting() const noexcept { return !backlog_.empty() || !cuts_.empty(); }

  void invariants() const noexcept {
    CTI_CHECK(backlog_.size() <= backlog_max_);
    CTI_CHECK(counters_.delayed + counters_.lost <= counters_.sent);
    CTI_CHECK(counters_.cuts <= counters_.lost);
  }

 private:
  void lose(const T& tell) {
    ++counters_.lost;
    if (cuts_.emplace(tell.to.session_number, tell.to).second) ++counters_.cuts;
    invariants();
  }

  Lane& lane_;
  const std::size_t backlog_max_;
  TellCounters& counters_;  // of all reactors of the line
  std::deque<T> backlog_;
  std::unordered_map<std::uint64_t, decltype(T::to)> cuts_;  // by session number
};

}  // namespace cti::broker
