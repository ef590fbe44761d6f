// event_log_impl.hpp - the log's rarer half. Included by event_log.cpp, and by tests with an Atom of their own.
#pragma once

#include "ring/event_log.hpp"

namespace cti::ring {

template <template <class> class Atom>
Result<std::unique_ptr<BasicEventLog<Atom>>, std::string> BasicEventLog<Atom>::create(
    EventLogOptions options) {
  if (options.gates > kLogGatesMax) {
    return Err{"an event log has at most " + std::to_string(kLogGatesMax) + " gates, not " +
               std::to_string(options.gates)};
  }
  if (options.bytes < kLogBytesMin) {
    return Err{"an event log has at least " + std::to_string(kLogBytesMin) + " bytes, not " +
               std::to_string(options.bytes)};
  }
  auto memory = MirroredMemory::create(options.bytes, options.pages);
  if (!memory.ok()) return Err{memory.error()};
  return std::make_unique<BasicEventLog>(std::move(memory).value(), options.gates);
}

template <template <class> class Atom>
BasicEventLog<Atom>::BasicEventLog(MirroredMemory memory, std::uint32_t gates)
    : memory_(std::move(memory)),
      mask_(memory_.size() - 1),
      chunk_(memory_.size() / 64),
      index_stride_(std::max<std::uint64_t>(memory_.size() / 1024, 256)),
      index_mask_(2 * memory_.size() / index_stride_ - 1),
      index_(std::make_unique<IndexEntry[]>(index_mask_ + 1)),
      limit_(memory_.size()) {
  CTI_CHECK(std::has_single_bit(memory_.size()) && memory_.size() >= kLogBytesMin);
  for (std::uint32_t i = 0; i < gates; ++i) gates_.emplace_back(head_, memory_.size());
}

template <template <class> class Atom>
MutableBytes BasicEventLog<Atom>::refuse() noexcept {
  // relaxed: a counter with one writer, this thread.
  const std::uint64_t before = claims_blocked_.load(std::memory_order_relaxed);
  // relaxed: as above.
  claims_blocked_.store(before + 1, std::memory_order_relaxed);
  return {};
}

/// Gives up the oldest bytes so that a record may end at `end`. False: somebody holds them.
template <template <class> class Atom>
bool BasicEventLog<Atom>::make_room(Position end) noexcept {
  const Position must = end - capacity();
  // What is not published yet is nobody's to give up.
  if (must > published_) return false;
  const Position want = std::min(must + chunk_, published_);
  if (want > reserved_) {
    reserved_ = want;
    // relaxed: the fence below orders it before the look at the gates (see log_gate.hpp).
    head_.store(reserved_, std::memory_order_relaxed);
  }
  FenceOf<Atom>::full();
  Position lowest = reserved_;
  for (const Gate& gate : gates_) lowest = std::min(lowest, gate.lowest());
  // A refused enter shows its position for a moment; what was cleared before stays cleared.
  cleared_ = std::max(cleared_, lowest);
  limit_ = cleared_ + capacity();
  // What is cleared was given up, what is given up was shown, what is shown was committed, and all of it is in memory.
  CTI_CHECK(cleared_ <= reserved_);
  CTI_CHECK(reserved_ <= published_);
  CTI_CHECK(published_ <= staged_);
  CTI_CHECK(staged_ <= limit_);
  return end <= limit_;
}

template <template <class> class Atom>
void BasicEventLog<Atom>::add_index(std::uint64_t sequence) noexcept {
  CTI_CHECK(index_count_ == index_floor_ || sequence >= next_sequence_);
  // relaxed: F0 orders it before the entry's words.
  index_claimed_.store(index_count_ + 1, std::memory_order_relaxed);
  // F0 -> F1: a reader that sees a word stored below also sees that the entry has been claimed anew.
  FenceOf<Atom>::release();
  IndexEntry& slot = index_[index_count_ & index_mask_];
  // relaxed: published by R1, guarded by F0.
  slot.sequence.store(sequence, std::memory_order_relaxed);
  // relaxed: as above.
  slot.position.store(staged_, std::memory_order_relaxed);
  ++index_count_;
  index_next_ = staged_ + index_stride_;
}

template <template <class> class Atom>
Position BasicEventLog<Atom>::whole_records(Position from, Position end,
                                            std::size_t limit) const noexcept {
  Position to = from + length_at(from);
  while (to < end) {
    const std::uint64_t length = length_at(to);
    CTI_CHECK(length >= kRecordBytesMin);
    if (to + length - from > limit) break;
    to += length;
  }
  CTI_CHECK(to <= end);
  return to;
}

template <template <class> class Atom>
typename BasicEventLog<Atom>::IndexHit BasicEventLog<Atom>::entry(
    std::uint64_t number) const noexcept {
  const IndexEntry& slot = index_[number & index_mask_];
  // relaxed: ordered by A1 before and by F1 after.
  return {slot.sequence.load(std::memory_order_relaxed),
          slot.position.load(std::memory_order_relaxed), 0};  // relaxed: as above
}

/// The last entry that begins before `end` and whose sequence is not above the one asked for.
template <template <class> class Atom>
std::optional<typename BasicEventLog<Atom>::IndexHit> BasicEventLog<Atom>::find_entry(
    Position end, std::uint64_t sequence) const noexcept {
  // A1 <- R1: every entry of the records below `end` is complete.
  const std::uint64_t count = index_tail_.load(std::memory_order_acquire);
  // relaxed: stored before any entry of the new history, so A1 shows it together with those.
  const std::uint64_t begin = index_begin_.load(std::memory_order_relaxed);
  // Half of the index covers the whole log when sequences run on; the older half may be overwritten meanwhile.
  const std::uint64_t half = (index_mask_ + 1) / 2;
  const std::uint64_t oldest = std::max(begin, count > half ? count - half : 0);
  std::uint64_t low = oldest;
  std::uint64_t high = count;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const IndexHit probe = entry(middle);
    const bool before = probe.position < end && probe.sequence <= sequence;
    (before ? low : high) = before ? middle + 1 : middle;
  }
  if (low <= oldest) return std::nullopt;
  IndexHit hit = entry(low - 1);
  hit.until = low < count ? std::min(end, entry(low).position) : end;
  // F1 <- F0: had an entry above been overwritten, the load below would say so.
  FenceOf<Atom>::acquire();
  // relaxed: F1 orders it after the entries.
  const std::uint64_t claimed = index_claimed_.load(std::memory_order_relaxed);
  if (claimed > oldest + index_mask_ + 1) return std::nullopt;
  return hit;
}

template <template <class> class Atom>
std::optional<Position> BasicEventLog<Atom>::find(Gate* gate,
                                                  std::uint64_t sequence) const noexcept {
  const Position end = tail();
  const std::optional<IndexHit> hit = find_entry(end, sequence);
  if (!hit.has_value()) return std::nullopt;
  if (gate == nullptr && hit->position < reserved_) return std::nullopt;
  if (gate != nullptr && !gate->enter(hit->position)) return std::nullopt;
  // Between two entries sequences run on by one, so counting records is counting sequences.
  Position position = hit->position;
  std::uint64_t there = hit->sequence;
  for (; position < hit->until && there < sequence; ++there) position += length_at(position);
  if (gate != nullptr) gate->leave(hit->position);
  // At `until` the next entry begins, with a sequence above the one asked for: that one was skipped.
  if (there != sequence || (position == hit->until && position != end)) return std::nullopt;
  return position;
}

}  // namespace cti::ring
