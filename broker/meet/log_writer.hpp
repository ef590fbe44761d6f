// log_writer.hpp - a line's pen: records into a log, in order, and into a spill while the log is held.
//
// Why      a reader's gate may hold the log (a send in flight, a reactor that is behind). What happens meanwhile has
//          happened: it waits in a buffer, in order, and its place in the log is known already.
// Order    end() is where the next record will begin once everything before it is in the log: what waits in the spill is
//          counted. Whoever says "after end()" therefore says "after everything written so far", seen or not.
// Shape    open() gives room, in the log or beside it; close() keeps what was written there; unspill() and publish() once
//          a turn. Records are 8-byte aligned and follow each other without a gap: a position is a sum of lengths.
// Bounds   spill_bytes_max; a record that finds the spill full is lost, and close() says so.
// Threads  one: the line. Templated over Atom so that the explorer of tests/model/ runs this code.
// Cost     no allocation: the spill is set aside at start, and touched when first used.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "ring/event_log.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace cti::broker {

template <template <class> class Atom = std::atomic>
class BasicLogWriter {
 public:
  using Log = ring::BasicEventLog<Atom>;

  /// `sequence`: of the last record before this writer's first. `record_bytes_max`: the longest that open() is asked for.
  BasicLogWriter(Log& log, std::uint64_t sequence, std::size_t record_bytes_max,
                 std::size_t spill_bytes_max)
      : log_(log),
        spill_bytes_max_(spill_bytes_max),
        scratch_(record_bytes_max),
        sequence_(sequence),
        logged_(sequence),
        published_(log.next_position()) {
    CTI_CHECK(log.record_bytes_max() >= record_bytes_max);
    spill_.reserve(spill_bytes_max_);
  }

  /// Room for one record of up to `bytes_max`; never empty. Ended by close() or abort().
  [[nodiscard]] MutableBytes open(std::size_t bytes_max) noexcept {
    CTI_CHECK(bytes_max <= scratch_.size());
    abort();                         // whoever was to fill the last room may have thrown
    if (blocked()) return scratch_;  // behind what waits already
    MutableBytes room = log_.claim(bytes_max);
    if (room.empty()) {
      // What is not shown yet may be all that is in the way.
      publish();
      room = log_.claim(bytes_max);
    }
    claimed_ = !room.empty();
    return claimed_ ? room : MutableBytes(scratch_);
  }

  /// Keeps `record`, the beginning of the room, under the next sequence. False: the spill is full; the record is lost.
  [[nodiscard]] bool close(Bytes record) noexcept {
    if (claimed_) {
      CTI_CHECK(!blocked());
      log_.commit(record.size(), ++logged_);
      claimed_ = false;
      ++sequence_;
      CTI_CHECK(sequence_ == logged_);  // the rest of invariants() is about what waits
      return true;
    }
    if (waiting() + record.size() > spill_bytes_max_) return false;
    if (spill_.size() + record.size() > spill_.capacity()) drop_unspilled();
    spill_.insert(spill_.end(), record.begin(), record.end());
    ++sequence_;
    invariants();
    return true;
  }

  /// Gives the room back: as if it had never been asked for.
  void abort() noexcept {
    if (claimed_) log_.abort();
    claimed_ = false;
  }

  /// Moves what waits into the log as far as the log takes it.
  void unspill() noexcept {
    while (blocked()) {
      const std::byte* const record = spill_.data() + spill_at_;
      const std::size_t bytes = load_le<std::uint32_t>(record);
      CTI_CHECK(bytes <= waiting());
      const MutableBytes room = log_.claim(bytes);
      if (room.empty()) return;
      std::memcpy(room.data(), record, bytes);
      log_.commit(bytes, ++logged_);
      spill_at_ += bytes;
    }
    drop_unspilled();
    invariants();
  }

  /// Shows the readers what is in the log.
  void publish() noexcept {
    if (log_.next_position() == published_) return;
    log_.publish();
    published_ = log_.next_position();
    news_ = true;
  }
  /// Something was published since the last call: the readers want to be woken.
  bool take_news() noexcept { return std::exchange(news_, false); }

  /// Some records wait for the log.
  [[nodiscard]] bool blocked() const noexcept { return spill_at_ != spill_.size(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return spill_.size() - spill_at_; }
  /// Of the last record written, in the log or not.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  /// Where the next record will begin, once those that wait are in the log.
  [[nodiscard]] ring::Position end() const noexcept { return log_.next_position() + waiting(); }

  void invariants() const noexcept {
    CTI_CHECK(spill_at_ <= spill_.size());
    CTI_CHECK(logged_ <= sequence_);
    CTI_CHECK((logged_ == sequence_) == !blocked());
    CTI_CHECK(published_ <= log_.next_position());
    CTI_CHECK(waiting() <= spill_bytes_max_);
  }

 private:
  void drop_unspilled() noexcept {
    spill_.erase(spill_.begin(), spill_.begin() + static_cast<std::ptrdiff_t>(spill_at_));
    spill_at_ = 0;
  }

  Log& log_;
  const std::size_t spill_bytes_max_;
  std::vector<std::byte> scratch_;  // one record that the log did not take
  std::vector<std::byte> spill_;    // whole records from spill_at_ on
  std::size_t spill_at_ = 0;
  std::uint64_t sequence_;    // of the last record written
  std::uint64_t logged_;      // of the last record in the log
  ring::Position published_;  // the readers see the log up to here
  bool claimed_ = false;      // the open record is a claim of the log
  bool news_ = false;
};

using LogWriter = BasicLogWriter<>;

}  // namespace cti::broker
