// key_index.hpp - object key to slot: open addressing with a fixed number of places.
//
// Why      a frame names an object once; one probe finds its slot, all else goes by slot.
// Shape    linear probing (core/base/probe.hpp) over a power of two, at most half full.
// Bounds   `capacity` keys; insert says false beyond.
// Threads  one.
#pragma once

#include "core/base/check.hpp"
#include "core/base/probe.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cti::broker {

class KeyIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  explicit KeyIndex(std::size_t capacity)
      : places_(std::bit_ceil(capacity * 2 + 2)), capacity_(capacity) {
    CTI_CHECK(places_.entries.size() > 2 * capacity_);
  }

  /// The slot of `key`, kNone when it is not there, as 0 never is.
  std::uint32_t find(std::uint64_t key) const noexcept {
    const Place& found = places_.entries[probe::place_of(places_, key)];
    return found.key != 0 ? found.slot : kNone;
  }

  /// The key must not be there yet. False: full.
  [[nodiscard]] bool insert(std::uint64_t key, std::uint32_t slot) noexcept {
    CTI_CHECK(key != 0);
    CTI_CHECK(slot != kNone);
    if (size_ == capacity_) return false;
    Place& place = places_.entries[probe::place_of(places_, key)];
    CTI_CHECK(place.key == 0);
    place = {key, slot};
    ++size_;
    return true;
  }

  /// The key must be there.
  void erase(std::uint64_t key) noexcept {
    CTI_CHECK(size_ > 0);
    probe::erase(places_, probe::place_of(places_, key));
    --size_;
  }

  std::size_t size() const noexcept { return size_; }

 private:
  struct Place {
    std::uint64_t key = 0;
    std::uint32_t slot = 0;
  };
  struct Places {
    explicit Places(std::size_t count) : entries(count), last(count - 1) {}
    std::uint64_t mask() const noexcept { return last; }
    bool taken(std::uint64_t at) const noexcept { return entries[at].key != 0; }
    std::uint64_t key(std::uint64_t at) const noexcept { return entries[at].key; }
    void move(std::uint64_t from, std::uint64_t to) noexcept { entries[to] = entries[from]; }
    void set_free(std::uint64_t at) noexcept { entries[at] = {}; }

    std::vector<Place> entries;
    std::uint64_t last;
  };

  Places places_;
  std::size_t capacity_;
  std::size_t size_ = 0;
};

}  // namespace cti::broker
