// positions.hpp - whether a session gets every update once and in order: a check of each record's position.
//
// Every    a monitor of everything must see sequences that rise by one. A gap is a loss until the missing one comes late:
//          then it was disorder.
// Some     an agent's session sees some records only, so a gap means nothing. It keeps a tally (how many, and a sum of their
//          hashes) of what it got between two positions, and is compared with the tally that a session which sees everything
//          has kept for that agent.
// Instead  a snapshot in place of updates (a session that was too slow) is counted as such, not as a loss; a new lineage or
//          epoch begins the count anew.
// Threads  one owner.
#pragma once

#include "wire/frame_prefix.hpp"

#include <cstdint>
#include <vector>

namespace cti::load {

struct PositionFaults {
  std::uint64_t lost = 0;        ///< never came
  std::uint64_t doubled = 0;     ///< came again
  std::uint64_t disordered = 0;  ///< came behind a later one
  std::uint64_t overtaken = 0;   ///< snapshots in place of updates
  std::uint64_t restarted = 0;   ///< the lineage or epoch changed under way

  PositionFaults& operator+=(const PositionFaults& other) noexcept;
  /// Updates that are not as promised. Snapshots and restarts are told to the client, so they are not wrong.
  std::uint64_t wrong() const noexcept { return lost + doubled + disordered; }
  friend bool operator==(const PositionFaults&, const PositionFaults&) = default;
};

/// Which records, as far as a count and a sum can say.
struct Tally {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;

  void add(std::uint64_t sequence) noexcept;
  Tally operator+(const Tally& other) const noexcept {
    return {count + other.count, sum + other.sum};
  }
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// What is wrong with `got` when it should have been `wanted`.
PositionFaults compare(const Tally& wanted, const Tally& got) noexcept;

class PositionCheck {
 public:
  enum class Sees : std::uint8_t { kEvery, kSome };
  enum class News : std::uint8_t { kNew, kOld };

  explicit PositionCheck(Sees sees) noexcept : sees_(sees) {}

  /// A record. kOld: it was there before, and should not be acted on again.
  News take(const wire::Position& position);
  /// A snapshot stands for everything up to its position. `entry`: it is the first one, which is no fault.
  void snapshot(const wire::Position& position, bool entry);
  /// From here on `peripheral`'s records above `from` and up to `to` count for the tally.
  void watch(std::uint64_t from, std::uint64_t to) noexcept;

  const PositionFaults& faults() const noexcept { return faults_; }
  const Tally& tally() const noexcept { return tally_; }
  std::uint64_t from() const noexcept { return from_; }
  std::uint64_t last() const noexcept { return last_; }
  /// False: a snapshot or a restart came between, so the tally says nothing.
  bool comparable() const noexcept { return comparable_; }

 private:
  struct Gap {
    std::uint64_t from = 0, to = 0;  // both missing, and what lies between
  };
  static constexpr std::size_t kGapsMax = 64;  // older gaps stay losses for good

  bool late(std::uint64_t sequence);

  Sees sees_;
  bool comparable_ = true;
  bool begun_ = false;
  std::uint32_t epoch_ = 0;
  std::uint64_t lineage_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t from_ = 0, to_ = 0;
  Tally tally_;
  PositionFaults faults_;
  std::vector<Gap> gaps_;
};

}  // namespace cti::load
