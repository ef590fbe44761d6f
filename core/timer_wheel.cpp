// timer_wheel.cpp - where a timer lies on the wheel, and which slot comes next.
#include "core/timer_wheel.hpp"

#include <bit>

namespace cti::core {

TimerWheel::TimerWheel(std::uint32_t timers_max, TimePoint start)
    : timers_max_(timers_max), elapsed_(tick_at(start)) {
  CTI_CHECK(timers_max > 0 && timers_max <= (1U << 31U));
  nodes_ = std::make_unique<Node[]>(timers_max);
  for (std::uint32_t node = 0; node + 1 < timers_max; ++node) nodes_[node].next = node + 1;
}

std::uint64_t TimerWheel::tick_at(TimePoint time) noexcept {
  return time.since_start.count() <= 0
             ? 0
             : static_cast<std::uint64_t>(time.since_start.count() / kTick.count());
}

std::uint64_t TimerWheel::tick_from(TimePoint deadline) noexcept {
  const std::uint64_t down = tick_at(deadline);
  const bool whole = deadline.since_start.count() <= 0 || deadline.since_start % kTick == Nanos{0};
  return whole ? down : down + 1;
}

TimerId TimerWheel::arm(TimePoint deadline, std::uint64_t cookie) {
  if (free_ == kNone) return {};
  const std::uint32_t index = free_;
  Node& node = nodes_[index];
  free_ = node.next;
  node.armed = true;
  node.cookie = cookie;
  node.tick = tick_from(deadline);
  link(index);
  ++armed_;
  return {index, node.generation};
}

bool TimerWheel::cancel(TimerId id) noexcept {
  if (id.index >= timers_max_) return false;
  const Node& node = nodes_[id.index];
  if (!node.armed || node.generation != id.generation) return false;
  unlink(id.index);
  release(id.index);
  return true;
}

void TimerWheel::release(std::uint32_t index) noexcept {
  Node& node = nodes_[index];
  node.armed = false;
  node.generation = node.generation == UINT32_MAX ? 1 : node.generation + 1;
  node.next = free_;
  free_ = index;
  CTI_CHECK(armed_ > 0);
  --armed_;
}

void TimerWheel::link(std::uint32_t index) noexcept {
  Node& node = nodes_[index];
  if (node.tick < elapsed_) node.tick = elapsed_;
  const std::uint64_t difference = node.tick ^ elapsed_;
  const int level = difference == 0 ? 0 : (63 - std::countl_zero(difference)) / kDigitBits;
  CTI_CHECK(level < kLevels);
  const auto digit = static_cast<std::uint32_t>(node.tick >> (level * kDigitBits)) & (kSlots - 1);
  node.slot = static_cast<std::uint16_t>(static_cast<std::uint32_t>(level) * kSlots + digit);
  List& list = slots_[node.slot];
  node.next = kNone;
  node.previous = list.last;
  (list.last == kNone ? list.first : nodes_[list.last].next) = index;
  list.last = index;
  occupied_[static_cast<std::size_t>(level)] |= std::uint64_t{1} << digit;
}

void TimerWheel::unlink(std::uint32_t index) noexcept {
  Node& node = nodes_[index];
  List& list = slots_[node.slot];
  (node.previous == kNone ? list.first : nodes_[node.previous].next) = node.next;
  (node.next == kNone ? list.last : nodes_[node.next].previous) = node.previous;
  if (list.first == kNone) {
    occupied_[node.slot / kSlots] &= ~(std::uint64_t{1} << (node.slot % kSlots));
  }
}

std::uint32_t TimerWheel::unlink_first(const Position& at) noexcept {
  const std::uint32_t node = slots_[static_cast<std::uint32_t>(at.level) * kSlots + at.digit].first;
  CTI_CHECK(node != kNone);
  unlink(node);
  return node;
}

// On each level the occupied slots lie at or after the wheel's own digit and share its higher digits (a timer that differs
// higher up lies higher up), so the lowest set bit is the level's earliest. Of slots that begin together the coarser
// one comes first: it may hold timers for that very tick, armed before those of the finer one.
TimerWheel::Position TimerWheel::earliest() const noexcept {
  Position best;
  for (int level = kLevels - 1; level >= 0; --level) {
    const std::uint64_t occupied = occupied_[static_cast<std::size_t>(level)];
    if (occupied == 0) continue;
    const auto digit = static_cast<std::uint32_t>(std::countr_zero(occupied));
    const int shift = level * kDigitBits;
    const std::uint64_t higher = elapsed_ >> (shift + kDigitBits) << (shift + kDigitBits);
    const std::uint64_t tick = higher | (std::uint64_t{digit} << shift);
    if (best.level < 0 || tick < best.tick) best = {level, digit, tick};
  }
  return best;
}

TimePoint TimerWheel::next() const noexcept {
  const Position due = earliest();
  if (due.level < 0) return kNever;
  // A tick of up to 2^44 (all that tick_from can give) times a million fits in 63 bits, but for the last one.
  constexpr std::uint64_t kLastTick = static_cast<std::uint64_t>(INT64_MAX / 1'000'000);
  if (due.tick > kLastTick) return kNever;
  return {kTick * static_cast<std::int64_t>(due.tick)};
}

}  // namespace cti::core
