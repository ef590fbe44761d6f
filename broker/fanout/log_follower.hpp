// log_follower.hpp - how far a reactor has followed one log, and what it holds of it.
//
// Why      a log is followed in steps that may end anywhere: a turn's budget, a channel without room, the place that a
//          tell names. Wherever that is, the place is kept, and what has not been followed stays readable.
// Hold     with `hold` the gate is entered at read() and left when it moves on: the writer waits for this reactor. Without
//          it the writer overtakes a reactor that is behind: follow() says kLapped, and skip() goes on from the end.
// Threads  one: the reactor.
#pragma once

#include "core/base/check.hpp"
#include "ring/event_log.hpp"
#include "wire/frame_prefix.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace cti::broker {

class LogFollower {
 public:
  enum class End : std::uint8_t { kReached, kBudget, kStopped, kLapped };

  LogFollower(const ring::EventLog& log, ring::LogGate& gate, bool hold)
      : log_(&log), gate_(&gate), hold_(hold), read_(log.tail()) {
    hold_here();
  }
  ~LogFollower() {
    if (held_ != ring::kNoHold) gate_->leave(held_);
  }
  LogFollower(LogFollower&& other) noexcept
      : log_(other.log_),
        gate_(other.gate_),
        hold_(other.hold_),
        read_(other.read_),
        held_(std::exchange(other.held_, ring::kNoHold)) {}
  LogFollower& operator=(LogFollower&&) = delete;

  ring::Position read() const noexcept { return read_; }
  bool at_end() const noexcept { return log_->tail() == read_; }
  const ring::EventLog& log() const noexcept { return *log_; }
  ring::LogGate& gate() const noexcept { return *gate_; }
  bool holding() const noexcept { return held_ != ring::kNoHold; }

  /// Gives whole records up to `limit`, which is published, to give(Bytes) in order, `bytes_per_read` at a time and about
  /// `budget` in all; `records` counts them. give says false to stop in front of a record, which comes again. After each
  /// step shown(read()) is called. A record of which give throws counts as given.
  template <class Give, class Shown>
  End follow(ring::Position limit, std::size_t bytes_per_read, std::size_t budget,
             std::uint32_t& records, Give&& give, Shown&& shown) {
    CTI_CHECK(limit <= log_->tail());
    End end = End::kReached;
    const ring::Position began = read_;
    while (read_ < limit && end == End::kReached) {
      if (budget == 0) {
        end = End::kBudget;
        break;
      }
      const std::size_t want = std::min(bytes_per_read, budget);
      const ring::LogRead range = limit - read_ <= want ? log_->view(*gate_, read_, limit)
                                                        : log_->read(*gate_, read_, want);
      if (range.status == ring::LogRead::Status::kLapped) return End::kLapped;
      const Step step{*this, range.from};
      Bytes left = range.bytes;
      while (!left.empty()) {
        const Bytes record = left.first(wire::frame_length(left.data()));
        __builtin_prefetch(record.data() + record.size() + 64);
        read_ = range.to - left.size() + record.size();
        if (!give(record)) {
          read_ -= record.size();
          end = End::kStopped;
          break;
        }
        left = left.subspan(record.size());
        ++records;
      }
      budget -= std::min<std::size_t>(budget, read_ - range.from);
      shown(read_);
    }
    if (read_ != began) hold_here();
    return end;
  }

  /// The records between are lost to this reader.
  void skip(ring::Position to) noexcept {
    CTI_CHECK(to >= read_);
    read_ = to;
    hold_here();
  }

  void invariants() const noexcept {
    CTI_CHECK(read_ <= log_->tail());
    CTI_CHECK(held_ == ring::kNoHold || held_ <= read_);
    CTI_CHECK(held_ == ring::kNoHold || gate_->holds() > 0);
    CTI_CHECK(hold_ || held_ == ring::kNoHold);
  }

 private:
  /// Ends the hold of one step, however it ends.
  struct Step {
    LogFollower& follower;
    ring::Position from;
    ~Step() { follower.gate_->leave(from); }
  };

  void hold_here() noexcept {
    if (hold_ && held_ != read_) {
      const ring::Position before = std::exchange(held_, read_);
      if (!gate_->enter(read_)) held_ = ring::kNoHold;
      if (before != ring::kNoHold) gate_->leave(before);
    }
    invariants();
  }

  const ring::EventLog* log_;
  ring::LogGate* gate_;
  bool hold_;
  ring::Position read_;
  ring::Position held_ = ring::kNoHold;
};

}  // namespace cti::broker
