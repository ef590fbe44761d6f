// outbox.hpp - the bytes that belong to one session alone: replies, private events, narrow subscriptions, the rest of a
// record that a full socket cut.
//
// Shape    a chain of pooled blocks; 12 bytes in the session while it is empty or full. Frames run on from block to block.
//          Bytes that may leave only after a channel position (Barrier) begin a block of their own.
// Threads  one: the fan-out reactor.
// Cost     a copy of the frame; no allocation. Sending takes one block at a time, from where it lies.
// Full     append changes nothing and says false: the frame is longer than the room the pool has left.
#pragma once

#include "broker/fanout/block_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cti::broker {

class Outbox {
 public:
  std::uint32_t bytes() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_ == 0; }
  /// Blocks that it holds, or a few more where some have been taken out between others.
  std::size_t blocks(const BlockPool& pool) const noexcept {
    if (first_ == kNoBlock) return 0;
    return static_cast<std::size_t>(pool.at(last_).number - pool.at(first_).number) + 1;
  }

  /// Puts all of `frame` behind what is there, or nothing.
  [[nodiscard]] bool append(BlockPool& pool, Bytes frame, Barrier barrier = {}) noexcept {
    if (frame.empty()) return true;
    std::size_t room = 0;
    if (last_ != kNoBlock && pool.at(last_).barrier == barrier) {
      room = Block::kDataBytes - pool.at(last_).end;
    }
    if (frame.size() > room + std::size_t{pool.available()} * Block::kDataBytes) return false;
    bytes_ += static_cast<std::uint32_t>(frame.size());
    if (room > 0) frame = fill(pool.at(last_), frame);
    while (!frame.empty()) frame = fill(pool.at(link_last(pool, barrier)), frame);
    return true;
  }

  /// Puts `tail`, the rest of a record begun elsewhere, before everything else, or nothing.
  [[nodiscard]] bool prepend(BlockPool& pool, Bytes tail) noexcept {
    if (tail.size() > std::size_t{pool.available()} * Block::kDataBytes) return false;
    bytes_ += static_cast<std::uint32_t>(tail.size());
    const std::size_t needed = (tail.size() + Block::kDataBytes - 1) / Block::kDataBytes;
    std::int64_t number =
        first_ == kNoBlock ? 0 : pool.at(first_).number - static_cast<std::int64_t>(needed);
    std::uint32_t after = kNoBlock;
    while (!tail.empty()) {
      const std::uint32_t index = pool.allocate();
      CTI_CHECK(index != kNoBlock);
      tail = fill(pool.at(index), tail);
      pool.at(index).number = number++;
      std::uint32_t& link = after == kNoBlock ? first_ : pool.at(after).next;
      pool.at(index).next = after == kNoBlock ? first_ : link;
      link = index;
      if (last_ == kNoBlock || last_ == after) last_ = index;
      after = index;
    }
    return true;
  }

  /// The bytes to send next: one block's. Stay valid while they are not consumed; later appends do not move them.
  Bytes front(const BlockPool& pool) const noexcept {
    if (first_ == kNoBlock) return {};
    const Block& block = pool.at(first_);
    return {block.data + block.begin, std::size_t{block.end} - block.begin};
  }
  /// When front() may leave.
  Barrier front_barrier(const BlockPool& pool) const noexcept {
    return first_ == kNoBlock ? Barrier{} : pool.at(first_).barrier;
  }

  /// The first `count` bytes of front() have been sent.
  void consume(BlockPool& pool, std::size_t count) noexcept {
    CTI_CHECK(count <= front(pool).size());
    Block& block = pool.at(first_);
    block.begin = static_cast<std::uint16_t>(block.begin + count);
    bytes_ -= static_cast<std::uint32_t>(count);
    if (block.begin == block.end) drop_first(pool);
  }

  /// Whether match(barrier) holds for a block.
  template <class Match>
  bool any(const BlockPool& pool, Match&& match) const noexcept {
    for (std::uint32_t index = first_; index != kNoBlock; index = pool.at(index).next) {
      if (match(pool.at(index).barrier)) return true;
    }
    return false;
  }

  /// Moves every block of which decide(barrier, becomes) says true behind what is in `to`, under the barrier `becomes`.
  /// The blocks of one frame have one barrier: frames move whole, and keep their order.
  template <class Decide>
  void move_to(Outbox& to, BlockPool& pool, Decide&& decide) noexcept {
    std::uint32_t before = kNoBlock;
    for (std::uint32_t index = first_; index != kNoBlock;) {
      Block& block = pool.at(index);
      const std::uint32_t next = block.next;
      Barrier becomes;
      if (!decide(block.barrier, becomes)) {
        before = index;
        index = next;
        continue;
      }
      (before == kNoBlock ? first_ : pool.at(before).next) = next;
      if (last_ == index) last_ = before;
      const auto bytes = static_cast<std::uint32_t>(block.end - block.begin);
      CTI_CHECK(bytes <= bytes_);
      bytes_ -= bytes;
      to.bytes_ += bytes;
      block.next = kNoBlock;
      block.barrier = becomes;
      block.number = to.last_ == kNoBlock ? 0 : pool.at(to.last_).number + 1;
      (to.last_ == kNoBlock ? to.first_ : pool.at(to.last_).next) = index;
      to.last_ = index;
      index = next;
    }
    invariants();
    to.invariants();
  }

  void invariants() const noexcept {
    CTI_CHECK((first_ == kNoBlock) == (last_ == kNoBlock));
    CTI_CHECK((first_ == kNoBlock) == (bytes_ == 0));
  }

  void clear(BlockPool& pool) noexcept {
    while (first_ != kNoBlock) drop_first(pool);
    bytes_ = 0;
  }

 private:
  static Bytes fill(Block& block, Bytes from) noexcept {
    const std::size_t room = Block::kDataBytes - block.end;
    const std::size_t count = from.size() < room ? from.size() : room;
    std::memcpy(block.data + block.end, from.data(), count);
    block.end = static_cast<std::uint16_t>(block.end + count);
    return from.subspan(count);
  }

  std::uint32_t link_last(BlockPool& pool, Barrier barrier) noexcept {
    const std::uint32_t index = pool.allocate();
    CTI_CHECK(index != kNoBlock);
    pool.at(index).barrier = barrier;
    pool.at(index).number = last_ == kNoBlock ? 0 : pool.at(last_).number + 1;
    (last_ == kNoBlock ? first_ : pool.at(last_).next) = index;
    last_ = index;
    return index;
  }

  void drop_first(BlockPool& pool) noexcept {
    const std::uint32_t gone = first_;
    first_ = pool.at(gone).next;
    if (first_ == kNoBlock) last_ = kNoBlock;
    pool.release(gone);
  }

  std::uint32_t first_ = kNoBlock;
  std::uint32_t last_ = kNoBlock;
  std::uint32_t bytes_ = 0;
};

}  // namespace cti::broker
