// history.hpp - which records a log may be compared with: lineage, epochs, and where each of them began.
//
// Why      a client says "I have seen up to here". Whether that names a place in this log is one question with one answer,
//          asked by every session that comes back, by a peer that follows, and by nobody in a way of his own.
// Shape    a lineage is one memory; epochs are the reigns in it, each with the sequence of its first record. Sequences go
//          on from reign to reign, so a position of an earlier epoch is ours up to where the next one began, and not behind:
//          what its sequencer wrote after that is another history under the same numbers (C15).
// Bounds   kEpochsMax reigns are remembered; a position of an older one is too old.
// Threads  a value. Whoever shares one makes it before the threads start.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "core/base/check.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cti::broker {

/// What a position that somebody brings is to a log.
enum class Standing : std::uint8_t {
  kHere,          ///< a record of this log, or the place before its first one: go on behind it
  kOtherLineage,  ///< of another memory: nothing about it can be said
  kOtherEpoch,    ///< of a reign that this log does not have, or behind where that reign ended here
  kTooOld,        ///< it was here, and is overwritten or forgotten
  kAhead,  ///< further than this log has come: forged, or told by one who died before telling us
};

class History {
 public:
  static constexpr std::size_t kEpochsMax = 16;

  /// A log whose first record is start.sequence + 1.
  explicit History(const Position& start) noexcept : lineage_(start.lineage) {
    begin_epoch(start.epoch, start.sequence + 1);
  }

  /// From the record `first_sequence` on, records are of `epoch`, a later one than all before.
  void begin_epoch(std::uint32_t epoch, std::uint64_t first_sequence) noexcept {
    CTI_CHECK(first_sequence > 0);
    CTI_CHECK(count_ == 0 || epoch > reigns_[count_ - 1].epoch);
    CTI_CHECK(count_ == 0 || first_sequence >= reigns_[count_ - 1].first);
    if (count_ == kEpochsMax) {
      for (std::size_t i = 1; i < count_; ++i) reigns_[i - 1] = reigns_[i];
      --count_;
    }
    reigns_[count_++] = {epoch, first_sequence};
  }

  std::uint64_t lineage() const noexcept { return lineage_; }
  std::uint32_t epoch() const noexcept { return reigns_[count_ - 1].epoch; }

  /// What `position` is to this log, whose records `oldest` (the first one kept) to `newest` can be read; a log that has
  /// none yet has oldest == newest + 1.
  Standing standing(const Position& position, std::uint64_t oldest,
                    std::uint64_t newest) const noexcept {
    CTI_CHECK(oldest <= newest + 1);
    CTI_CHECK(count_ > 0);
    if (position.lineage != lineage_) return Standing::kOtherLineage;
    std::size_t reign = 0;
    while (reign < count_ && reigns_[reign].epoch != position.epoch) ++reign;
    if (reign == count_)
      return position.epoch < reigns_[0].epoch ? Standing::kTooOld : Standing::kOtherEpoch;
    // Ours from the place before its first record to its last one; behind that the next reign's records are ours.
    const bool current = reign + 1 == count_;
    if (!current && position.sequence >= reigns_[reign + 1].first) return Standing::kOtherEpoch;
    if (position.sequence < reigns_[reign].first - 1) {
      return reign == 0 ? Standing::kTooOld : Standing::kOtherEpoch;
    }
    if (position.sequence > newest) return Standing::kAhead;
    return position.sequence + 1 < oldest ? Standing::kTooOld : Standing::kHere;
  }

 private:
  struct Reign {
    std::uint32_t epoch = 0;
    std::uint64_t first = 0;
  };
  std::uint64_t lineage_;
  std::array<Reign, kEpochsMax> reigns_{};
  std::size_t count_ = 0;
};

/// Where a session that has seen up to a position goes on: `at` when it stands kHere.
struct Place {
  Standing standing = Standing::kOtherLineage;
  std::uint64_t at = 0;
};

/// `newest`: the last record that the asker has followed. find(sequence): where the log has that record, or its end for
/// the one after the last; nothing: it has not, or is empty (`empty`).
template <class Find>
Place place_of(const History& history, const Position& position, std::uint64_t newest, bool empty,
               Find&& find) {
  const std::uint64_t seen = position.sequence;
  if (seen == UINT64_MAX) return {history.standing(position, newest + 1, newest)};
  const auto at = find(seen + 1);
  // What is found is there, however far the asker has followed.
  if (at) return {history.standing(position, seen + 1, newest > seen ? newest : seen), *at};
  const Standing standing = history.standing(position, newest + 1, newest);
  return {standing == Standing::kHere && !empty ? Standing::kTooOld : standing};
}

inline std::string_view name_of(Standing standing) noexcept {
  switch (standing) {
    case Standing::kHere:
      return "here";
    case Standing::kOtherLineage:
      return "of another lineage";
    case Standing::kOtherEpoch:
      return "of another epoch";
    case Standing::kTooOld:
      return "too old";
    case Standing::kAhead:
      return "ahead";
  }
  return "?";
}

}  // namespace cti::broker
