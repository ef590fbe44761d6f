// slot_table.hpp - a fixed table of T whose places are named by slot and generation.
//
// Why      a name may outlive what it named: a late completion, a close() after the end. The generation tells.
// Shape    all places are made at start. A place that is given back takes the next generation and is used again soonest
//          (its lines are still in the cache). Generation 0 is never given out, nor is the largest: those who pack a name
//          into a number have values left that are none.
// Threads  one owner.
#pragma once

#include "core/base/check.hpp"
#include "core/io.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace cti::core {

template <class T>
class SlotTable {
 public:
  static constexpr std::uint32_t kGenerationLast = UINT32_MAX - 1;

  explicit SlotTable(std::uint32_t slots_max) : slots_max_(slots_max) {
    CTI_CHECK(slots_max > 0);
    slots_ = std::make_unique<Slot[]>(slots_max);
    free_.reserve(slots_max);
    for (std::uint32_t slot = slots_max; slot > 0; --slot) free_.push_back(slot - 1);
  }

  std::uint32_t capacity() const noexcept { return slots_max_; }
  std::uint32_t used() const noexcept {
    return slots_max_ - static_cast<std::uint32_t>(free_.size());
  }

  /// A fresh T in a free place. Zero: no more than `kept` are free.
  ConnectionId take(std::uint32_t kept = 0) {
    if (free_.size() <= kept) return {};
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    CTI_CHECK(!slots_[slot].used && slots_[slot].generation != 0);
    slots_[slot].used = true;
    slots_[slot].value = T{};
    return {slot, slots_[slot].generation};
  }

  /// What `id` names, or nullptr when that is gone (or never was).
  T* find(ConnectionId id) noexcept {
    if (id.slot >= slots_max_) return nullptr;
    Slot& slot = slots_[id.slot];
    return slot.used && slot.generation == id.generation ? &slot.value : nullptr;
  }
  const T* find(ConnectionId id) const noexcept { return const_cast<SlotTable*>(this)->find(id); }

  /// The place goes back; `id` and its equals name nothing from now on.
  void give_back(ConnectionId id) {
    CTI_CHECK(find(id) != nullptr);
    Slot& slot = slots_[id.slot];
    slot.used = false;
    slot.generation = slot.generation == kGenerationLast ? 1 : slot.generation + 1;
    CTI_CHECK(free_.size() < slots_max_);
    free_.push_back(id.slot);
  }

  /// Calls f(ConnectionId, T&) for each place in use, lowest slot first. f may give back the place it is handed.
  template <class F>
  void for_each(F&& f) {
    for (std::uint32_t slot = 0; slot < slots_max_; ++slot) {
      if (slots_[slot].used) f(ConnectionId{slot, slots_[slot].generation}, slots_[slot].value);
    }
  }

 private:
  struct Slot {
    T value{};
    std::uint32_t generation = 1;
    bool used = false;
  };
  std::uint32_t slots_max_;
  std::unique_ptr<Slot[]> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace cti::core
