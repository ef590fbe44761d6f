// object_index.hpp - from a 64-bit object key to a dense number, growing a step at a time.
//
// Shape    extendible hashing: a directory, indexed by the top bits of the key, of segments of 64 slots. A full segment
//          splits in two; only the directory (4 bytes per segment) is ever copied as a whole. So no insert pays for a
//          rehash of everything: the worst one moves 48 entries. Within a segment: linear probing
//          (core/base/probe.hpp).
// Why not  one open table that doubles: at 100,000 objects the doubling stalls the line for milliseconds.
// Bounds   kDepthMax directory bits. Keys are XXH3 hashes; keys built to share their top bits make insert() refuse.
// Cost     find: two dependent loads and a short scan. No allocation except when a segment splits.
// Threads  one.
#pragma once

#include "core/base/check.hpp"
#include "core/base/probe.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

namespace cti::wire {

class ObjectIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  ObjectIndex() { clear(); }

  /// The number stored for the key; kNone when there is none.
  std::uint32_t find(std::uint64_t key) const noexcept {
    const Segment& segment = segment_of(key);
    return segment.numbers[probe::place_of(segment, key)];  // a free one has kNone
  }

  /// The key must not be there. False: the directory is at its limit, nothing changed.
  bool insert(std::uint64_t key, std::uint32_t number) {
    if (!make_room(key)) return false;
    insert_in_room(key, number);
    return true;
  }

  /// insert() in two halves, for those who change something else in between and want to do all or nothing: what may
  /// fail (false: the directory is at its limit; or std::bad_alloc), and what cannot.
  bool make_room(std::uint64_t key) {
    while (segment_of(key).count == kFull) {
      if (!split(key)) return false;
    }
    return true;
  }
  void insert_in_room(std::uint64_t key, std::uint32_t number) noexcept {
    CTI_CHECK(number != kNone);
    segment_of(key).insert(key, number);
  }

  /// False: it was not there.
  bool erase(std::uint64_t key) noexcept {
    Segment& segment = segment_of(key);
    const std::uint64_t at = probe::place_of(segment, key);
    if (!segment.taken(at)) return false;
    CTI_CHECK(segment.count > 0);
    probe::erase(segment, at);
    --segment.count;
    return true;
  }

  void clear() {
    segments_.clear();
    segments_.push_back(std::make_unique<Segment>());
    directory_.assign(1, 0);
    depth_ = 0;
  }

  std::size_t bytes_held() const noexcept {
    return segments_.size() * sizeof(Segment) + directory_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t kSlots = 64;
  static constexpr std::uint32_t kFull = 48;  // three quarters: probe runs stay short
  static constexpr std::uint32_t kDepthMax = 22;
  static_assert(kFull < kSlots, "a probe ends at a free slot");
  static_assert((kSlots & (kSlots - 1)) == 0);
  static_assert(kDepthMax < 64 - 6,
                "the bits that choose a segment are not those that choose a slot");

  struct Segment {
    std::uint64_t keys[kSlots];
    std::uint32_t numbers[kSlots];
    std::uint32_t count = 0;
    std::uint32_t depth = 0;  ///< top bits that all its keys share

    Segment() { std::fill(std::begin(numbers), std::end(numbers), kNone); }

    static std::uint64_t mask() noexcept { return kSlots - 1; }
    bool taken(std::uint64_t at) const noexcept { return numbers[at] != kNone; }
    std::uint64_t key(std::uint64_t at) const noexcept { return keys[at]; }
    void move(std::uint64_t from, std::uint64_t to) noexcept {
      keys[to] = keys[from];
      numbers[to] = numbers[from];
    }
    void set_free(std::uint64_t at) noexcept { numbers[at] = kNone; }

    /// The key must not be there.
    void insert(std::uint64_t key, std::uint32_t number) noexcept {
      CTI_CHECK(count < kFull);
      const std::uint64_t at = probe::place_of(*this, key);
      CTI_CHECK(!taken(at));
      keys[at] = key;
      numbers[at] = number;
      ++count;
    }
  };

  std::size_t directory_slot(std::uint64_t key) const noexcept {
    return depth_ == 0 ? 0 : static_cast<std::size_t>(key >> (64 - depth_));
  }
  const Segment& segment_of(std::uint64_t key) const noexcept {
    return *segments_[directory_[directory_slot(key)]];
  }
  Segment& segment_of(std::uint64_t key) noexcept {
    return *segments_[directory_[directory_slot(key)]];
  }

  bool split(std::uint64_t key) {
    Segment& old = segment_of(key);
    if (old.depth == depth_) {
      if (depth_ == kDepthMax) return false;
      std::vector<std::uint32_t> wider(directory_.size() * 2);
      for (std::size_t i = 0; i < wider.size(); ++i) wider[i] = directory_[i / 2];
      directory_.swap(wider);
      ++depth_;
    }
    const std::uint32_t bit = 63 - old.depth;  // the bit that tells the halves apart
    const auto fresh = static_cast<std::uint32_t>(segments_.size());
    segments_.push_back(std::make_unique<Segment>());
    Segment& upper = *segments_.back();
    Segment& lower = segment_of(key);
    const Segment all = lower;
    lower.count = 0;
    std::fill(std::begin(lower.numbers), std::end(lower.numbers), kNone);
    upper.depth = lower.depth = all.depth + 1;
    for (std::uint32_t i = 0; i < kSlots; ++i) {
      if (all.numbers[i] == kNone) continue;
      ((all.keys[i] >> bit) & 1 ? upper : lower).insert(all.keys[i], all.numbers[i]);
    }
    CTI_CHECK(upper.count + lower.count == all.count);
    CTI_CHECK(upper.depth <= depth_);
    const std::uint32_t covered = 1U << (depth_ - upper.depth);  // directory slots of each half
    const std::size_t first = directory_slot(key) / (2 * covered) * (2 * covered);
    for (std::uint32_t i = 0; i < covered; ++i) directory_[first + covered + i] = fresh;
    return true;
  }

  std::vector<std::unique_ptr<Segment>> segments_;
  std::vector<std::uint32_t> directory_;
  std::uint32_t depth_ = 0;
};

}  // namespace cti::wire
