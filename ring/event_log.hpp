// event_log.hpp - one writer, many cursors: every record is written once and read by all from where it lies.
//
// Why      an update is serialised once; whoever is behind, however far, is a position in the same bytes.
// Shape    a ring of bytes mapped twice back to back (mirrored_memory.hpp): every record and every range of records
//          is contiguous. Positions are 64-bit byte positions and never wrap; index = position & mask. A record is
//          8-byte aligned and begins with its own length: little-endian u32, a multiple of 8, kRecordBytesMin or
//          more, the length word included. The log knows nothing else about it.
//
//              head                       tail          staged
//          .....|rrrrr|rrr|rrrr|rrrrrr|rrr|------|------|.....      rrr published   --- committed, not yet shown
//               ^ lapped below   ^ gate: a send in flight; the writer stops here
//
// Threads  claim, commit, abort, publish, forget: the writer. read, view, find_sequence with gate(i): the thread
//          that owns gate i. tail, head, claims_blocked: any thread.
// Cost     a record: no fence, no atomic. A publication: one or two stores. About 64 times a lap: one fence and a
//          look at every gate. A read: one load, and a full fence unless its thread already holds that part.
// Edges    R0 tail_.store in publish        -> A0 tail_.load in tail        the records below are complete
//          R1 index_tail_.store in publish  -> A1 index_tail_.load in find  the index entries below are complete
//          F0 release fence in add_index    -> F1 acquire fence in find     an entry being overwritten is noticed
//          The gates' edge (G0 -> W0) and the argument why a range in use is never overwritten: log_gate.hpp.
// Full     the writer never waits for a cursor: one that falls behind is lapped, and read tells it so. The writer
//          stops only at a gate: claim then returns nothing and counts it; who is cut or shed is the caller's policy.
// Lapped   bytes below head are never handed out, so no reader ever sees a torn record.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"
#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "ring/fence.hpp"
#include "ring/log_gate.hpp"
#include "ring/mirrored_memory.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cti::ring {

/// Bytes ever written to a log before a point in it. Begins at 0 and never wraps.
using Position = std::uint64_t;

struct EventLogOptions {
  /// Power of two, kLogBytesMin .. MirroredMemory::kBytesMax.
  std::size_t bytes = std::size_t{64} << 20;
  /// Reader threads; 0 .. kLogGatesMax.
  std::uint32_t gates = 1;
  MirroredMemory::Pages pages = MirroredMemory::Pages::kPopulate;
};
inline constexpr std::size_t kLogBytesMin = limits::kEventLogBytesMin;
inline constexpr std::uint32_t kLogGatesMax = limits::kEventLogGatesMax;

/// What a reader gets. `kRange`: `bytes` are the log's from `from` to `to`, held by the gate that was passed until
/// gate.leave(from). `kCaughtUp`: nothing new. `kLapped`: the writer has passed `from`. Both hold nothing.
struct LogRead {
  enum class Status : std::uint8_t { kRange, kCaughtUp, kLapped };
  Status status = Status::kCaughtUp;
  Bytes bytes;
  Position from = 0;
  Position to = 0;
};

template <template <class> class Atom = std::atomic>
class BasicEventLog {
 public:
  using Gate = BasicLogGate<Atom>;
  static constexpr std::size_t kRecordBytesMin = 8;

  /// A new, empty log; or which limit or system call stood in the way.
  [[nodiscard]] static Result<std::unique_ptr<BasicEventLog>, std::string> create(
      EventLogOptions options);
  /// The same in memory that is there already; take_memory gives it back at the log's end.
  BasicEventLog(MirroredMemory memory, std::uint32_t gates);
  [[nodiscard]] MirroredMemory take_memory() && noexcept { return std::move(memory_); }
  BasicEventLog(const BasicEventLog&) = delete;
  BasicEventLog& operator=(const BasicEventLog&) = delete;

  [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }
  /// The longest record that claim grants: a quarter of the log. Check what peers send against it beforehand.
  [[nodiscard]] std::size_t record_bytes_max() const noexcept {
    return capacity() / limits::kEventLogShare;
  }
  [[nodiscard]] std::uint32_t gate_count() const noexcept {
    return static_cast<std::uint32_t>(gates_.size());
  }
  /// Gate `index` belongs to one reader thread for good; it lives as long as the log.
  [[nodiscard]] Gate& gate(std::uint32_t index) { return gates_[index]; }

  // ---- the writer ----

  /// Writer only. Contiguous, 8-byte aligned room for one record of up to `bytes_max` (rounded up to 8). Empty:
  /// a gate is in the way, or everything since the last publish() fills the log, or the record is above
  /// record_bytes_max(); counted, and nothing has changed. One claim at a time, ended by commit or abort.
  [[nodiscard]] MutableBytes claim(std::size_t bytes_max) noexcept {
    CTI_CHECK(claimed_ == 0);
    if (bytes_max > record_bytes_max()) return refuse();
    const std::uint64_t need = std::max(kRecordBytesMin, (bytes_max + 7) & ~std::size_t{7});
    if (staged_ + need > limit_ && !make_room(staged_ + need)) return refuse();
    claimed_ = need;
    return {at(staged_), need};
  }

  /// Writer only. Keeps the first `bytes` of the claim as a record; unseen until publish(). They begin with their
  /// length. `sequence` rises with every record; a jump upwards is allowed, a fall only after forget().
  void commit(std::size_t bytes, std::uint64_t sequence) noexcept {
    CTI_CHECK(bytes >= kRecordBytesMin);
    CTI_CHECK(bytes <= claimed_);
    CTI_CHECK(load_le<std::uint32_t>(at(staged_)) == bytes);
    CTI_CHECK(bytes % 8 == 0);
    if (sequence != next_sequence_ || staged_ >= index_next_) add_index(sequence);
    next_sequence_ = sequence + 1;
    staged_ += bytes;
    claimed_ = 0;
  }

  /// Writer only. Gives the claim back: as if it had never been asked for.
  void abort() noexcept { claimed_ = 0; }

  /// Writer only. Shows every record committed so far to all cursors. Once per turn, not once per record.
  void publish() noexcept {
    if (published_ == staged_) return;
    if (index_published_ != index_count_) {
      index_published_ = index_count_;
      // R1 -> A1: the index entries are complete. Before tail_, so that a reader of this tail has its entries.
      index_tail_.store(index_count_, std::memory_order_release);
    }
    published_ = staged_;
    // R0 -> A0: the records are complete.
    tail_.store(staged_, std::memory_order_release);
  }

  /// Writer only. From here on no sequence committed so far is found any more, and sequences may begin anew: what
  /// was numbered before belongs to another history. The records stay readable by position.
  void forget() noexcept {
    // relaxed: R1 orders it before the next entry. A reader that still sees the old value finds the old history.
    index_begin_.store(index_count_, std::memory_order_relaxed);
    index_next_ = 0;
    next_sequence_ = 0;
    index_floor_ = index_count_;
  }

  /// Writer only. Where the next record will begin.
  [[nodiscard]] Position next_position() const noexcept { return staged_; }

  /// Writer only: the position of the published record with this sequence (see below); it needs no gate.
  [[nodiscard]] std::optional<Position> find_sequence(std::uint64_t sequence) const noexcept {
    return find(nullptr, sequence);
  }

  // ---- the readers ----

  /// Any thread. End of what is published.
  [[nodiscard]] Position tail() const noexcept {
    // A0 <- R0: the records below are complete.
    return tail_.load(std::memory_order_acquire);
  }

  /// Any thread. Everything below is, or is about to be, overwritten. Not necessarily where a record begins.
  [[nodiscard]] Position head() const noexcept {
    // relaxed: a hint; only a gate decides what may be read.
    return head_.load(std::memory_order_relaxed);
  }

  /// The gate's owner. Whole records from `from`, where one must begin, up to `limit` bytes, but at least one
  /// record. On kRange they are held until gate.leave(result.from).
  [[nodiscard]] LogRead read(Gate& gate, Position from, std::size_t limit) const noexcept {
    const Position end = tail();
    CTI_CHECK(from <= end);
    if (from == end) return {LogRead::Status::kCaughtUp, {}, from, from};
    if (!gate.enter(from)) return {LogRead::Status::kLapped, {}, from, from};
    const Position to = end - from <= limit ? end : whole_records(from, end, limit);
    return {LogRead::Status::kRange, {at(from), to - from}, from, to};
  }

  /// The gate's owner. Exactly `from` to `to`, which may cut records (the rest of a send that went out in part).
  /// Never kCaughtUp unless they are equal. Lapped in the middle of a record: that stream is cut, close it.
  [[nodiscard]] LogRead view(Gate& gate, Position from, Position to) const noexcept {
    CTI_CHECK(from <= to);
    CTI_CHECK(to <= tail());
    if (from == to) return {LogRead::Status::kCaughtUp, {}, from, to};
    if (!gate.enter(from)) return {LogRead::Status::kLapped, {}, from, to};
    return {LogRead::Status::kRange, {at(from), to - from}, from, to};
  }

  /// The gate's owner. Where the published record with this sequence begins; for the sequence after the last one,
  /// the tail. Nothing: it is overwritten, forgotten, skipped or yet to come. The position is not held.
  [[nodiscard]] std::optional<Position> find_sequence(Gate& gate,
                                                      std::uint64_t sequence) const noexcept {
    return find(&gate, sequence);
  }

  /// Any thread. How often claim has returned nothing.
  [[nodiscard]] std::uint64_t claims_blocked() const noexcept {
    // relaxed: a counter; nothing is ordered by it.
    return claims_blocked_.load(std::memory_order_relaxed);
  }

 private:
  struct IndexEntry {
    Atom<std::uint64_t> sequence{0};
    Atom<std::uint64_t> position{0};
  };
  struct IndexHit {
    std::uint64_t sequence;
    Position position;
    Position until;  ///< sequences run on by one from `position` up to here
  };

  std::byte* at(Position position) const noexcept { return memory_.data() + (position & mask_); }
  std::uint64_t length_at(Position position) const noexcept {
    return load_le<std::uint32_t>(at(position));
  }

  [[gnu::cold, gnu::noinline]] MutableBytes refuse() noexcept;
  [[gnu::noinline]] bool make_room(Position end) noexcept;
  [[gnu::noinline]] void add_index(std::uint64_t sequence) noexcept;
  Position whole_records(Position from, Position end, std::size_t limit) const noexcept;
  std::optional<Position> find(Gate* gate, std::uint64_t sequence) const noexcept;
  std::optional<IndexHit> find_entry(Position end, std::uint64_t sequence) const noexcept;
  IndexHit entry(std::uint64_t number) const noexcept;

  MirroredMemory memory_;
  const std::uint64_t mask_;
  const std::uint64_t chunk_;         // bytes by which head_ moves ahead of need: 1/64 of the log
  const std::uint64_t index_stride_;  // bytes of log per index entry while sequences run on
  const std::uint64_t index_mask_;    // entries of the index - 1
  const std::unique_ptr<IndexEntry[]> index_;  // entries written by the writer
  std::deque<Gate> gates_;                     // each written by its owner

  // The writer's own.
  alignas(kFalseSharing) Position staged_ = 0;  // end of what is committed
  Position limit_;                     // the claim may reach up to here: cleared_ + capacity()
  std::uint64_t claimed_ = 0;          // bytes of the open claim; 0: none
  std::uint64_t next_sequence_ = 0;    // what the next commit's sequence is if it runs on
  Position index_next_ = 0;            // the next record from here on gets an entry
  Position published_ = 0;             // the writer's copy of tail_
  Position reserved_ = 0;              // the writer's copy of head_
  Position cleared_ = 0;               // bytes below are held by no gate, and never will be
  std::uint64_t index_count_ = 0;      // entries ever added
  std::uint64_t index_published_ = 0;  // the writer's copy of index_tail_
  std::uint64_t index_floor_ = 0;      // the writer's copy of index_begin_

  // Written by the writer, once per publication.
  alignas(kFalseSharing) Atom<std::uint64_t> tail_{0};
  // Written by the writer, rarely; read by readers with every enter.
  alignas(kFalseSharing) Atom<std::uint64_t> head_{0};
  // Entries begun; those more than the index's size behind are gone.
  Atom<std::uint64_t> index_claimed_{0};
  Atom<std::uint64_t> index_tail_{0};   // entries published
  Atom<std::uint64_t> index_begin_{0};  // entries below are forgotten
  Atom<std::uint64_t> claims_blocked_{0};
};

using EventLog = BasicEventLog<>;
using LogGate = EventLog::Gate;
extern template class BasicEventLog<std::atomic>;

/// A reader's place in a log: what most readers need, in 8 bytes.
class Cursor {
 public:
  explicit Cursor(Position position = 0) noexcept : position_(position) {}
  [[nodiscard]] Position position() const noexcept { return position_; }
  /// The next whole records; see BasicEventLog::read. The cursor stays where it is.
  template <class Log>
  [[nodiscard]] LogRead read(const Log& log, typename Log::Gate& gate,
                             std::size_t limit) const noexcept {
    return log.read(gate, position_, limit);
  }
  /// The range is dealt with, or on its way: go on behind it. Its hold is separate.
  void advance(const LogRead& range) noexcept { position_ = range.to; }
  /// After a snapshot, or a search by sequence.
  void move_to(Position position) noexcept { position_ = position; }

 private:
  Position position_;
};

}  // namespace cti::ring
