// key_index.hpp - object key to slot: open addressing with a fixed number of places.
//
// Why      a frame names an object once; one probe finds its slot, all else goes by slot.
// Shape    linear probing over a power of two, at most half full; erase shifts back, so there are no tombstones.
// Bounds   `capacity` keys; insert says false beyond.
// Threads  one.
#pragma once

#include "core/base/check.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cti::broker {

class KeyIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  explicit KeyIndex(std::size_t capacity)
      : places_(std::bit_ceil(capacity * 2 + 2)), mask_(places_.size() - 1), capacity_(capacity) {}

  /// The slot of `key`, kNone when it is not there, as 0 never is.
  std::uint32_t find(std::uint64_t key) const noexcept {
    for (std::size_t at = home(key);; at = (at + 1) & mask_) {
      if (places_[at].key == 0) return kNone;  // first: nobody is found under the key 0 either
      if (places_[at].key == key) return places_[at].slot;
    }
  }

  /// The key must not be there yet. False: full.
  [[nodiscard]] bool insert(std::uint64_t key, std::uint32_t slot) noexcept {
    CTI_CHECK(key != 0);
    if (size_ == capacity_) return false;
    std::size_t at = home(key);
    while (places_[at].key != 0) {
      CTI_CHECK(places_[at].key != key);
      at = (at + 1) & mask_;
    }
    places_[at] = {key, slot};
    ++size_;
    return true;
  }

  /// The key must be there.
  void erase(std::uint64_t key) noexcept {
    std::size_t hole = home(key);
    while (places_[hole].key != key) {
      CTI_CHECK(places_[hole].key != 0);
      hole = (hole + 1) & mask_;
    }
    // Whoever would have stood in the hole, had it been free, moves there.
    for (std::size_t at = (hole + 1) & mask_; places_[at].key != 0; at = (at + 1) & mask_) {
      if (((at - home(places_[at].key)) & mask_) < ((at - hole) & mask_)) continue;
      places_[hole] = places_[at];
      hole = at;
    }
    places_[hole] = {};
    --size_;
  }

  std::size_t size() const noexcept { return size_; }

 private:
  struct Place {
    std::uint64_t key = 0;
    std::uint32_t slot = 0;
  };
  std::size_t home(std::uint64_t key) const noexcept { return key & mask_; }

  std::vector<Place> places_;
  std::size_t mask_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

}  // namespace cti::broker
