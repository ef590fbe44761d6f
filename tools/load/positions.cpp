// positions.cpp - follows the positions of one session: a gap, a repeat or a step back is counted.
#include "tools/load/positions.hpp"

#include "core/random.hpp"

namespace cti::load {

PositionFaults& PositionFaults::operator+=(const PositionFaults& other) noexcept {
  lost += other.lost;
  doubled += other.doubled;
  disordered += other.disordered;
  overtaken += other.overtaken;
  restarted += other.restarted;
  return *this;
}

void Tally::add(std::uint64_t sequence) noexcept {
  ++count;
  sum += core::mix64(sequence);
}

PositionFaults compare(const Tally& wanted, const Tally& got) noexcept {
  PositionFaults faults;
  if (wanted == got) return faults;
  if (wanted.count > got.count) faults.lost = wanted.count - got.count;
  if (wanted.count < got.count) faults.doubled = got.count - wanted.count;
  // As many, but others: at least one is missing, and one is there that should not be.
  if (wanted.count == got.count) faults.lost = faults.doubled = 1;
  return faults;
}

PositionCheck::News PositionCheck::take(const wire::Position& position) {
  const std::uint64_t sequence = position.sequence;
  if (!begun_ || position.lineage != lineage_ || position.epoch != epoch_) {
    if (begun_) {
      ++faults_.restarted;
      comparable_ = false;
    }
    begun_ = true;
    lineage_ = position.lineage;
    epoch_ = position.epoch;
    last_ = sequence - 1;
    gaps_.clear();
  }
  if (sequence == last_ && last_ != 0) {
    ++faults_.doubled;
    return News::kOld;
  }
  if (sequence < last_) {
    if (sees_ == Sees::kEvery && !late(sequence)) {
      ++faults_.doubled;
      return News::kOld;
    }
    ++faults_.disordered;
  } else {
    if (sees_ == Sees::kEvery && sequence > last_ + 1) {
      faults_.lost += sequence - last_ - 1;
      if (gaps_.size() == kGapsMax) gaps_.erase(gaps_.begin());
      gaps_.push_back({last_ + 1, sequence - 1});
    }
    last_ = sequence;
  }
  if (sequence > from_ && sequence <= to_) tally_.add(sequence);
  return News::kNew;
}

/// True: it was missed before, so it is late and no longer lost.
bool PositionCheck::late(std::uint64_t sequence) {
  for (Gap& gap : gaps_) {
    if (sequence < gap.from || sequence > gap.to) continue;
    --faults_.lost;
    const Gap behind{sequence + 1, gap.to};
    gap.to = sequence - 1;
    if (behind.from <= behind.to && gaps_.size() < kGapsMax) gaps_.push_back(behind);
    return true;
  }
  return false;
}

void PositionCheck::snapshot(const wire::Position& position, bool entry) {
  if (!entry) {
    ++faults_.overtaken;
    comparable_ = false;
  }
  begun_ = true;
  lineage_ = position.lineage;
  epoch_ = position.epoch;
  last_ = position.sequence;
  gaps_.clear();
}

void PositionCheck::watch(std::uint64_t from, std::uint64_t to) noexcept {
  if (from != from_) tally_ = {};
  from_ = from;
  to_ = to;
}

}  // namespace cti::load
