// block_pool.hpp - blocks of 4 KiB from one fixed pool: what sessions keep unsent, and nothing else.
//
// Why      a session that is up to date holds nothing; one that is behind holds a few blocks, bounded and counted, and
//          no allocation happens per event.
// Shape    one slab of memory, set aside at start and touched when first used. A block is named by its index.
// Threads  one: the fan-out reactor that owns the pool.
// Full     allocate gives kNoBlock; who is marked or cut is the caller's policy.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"
#include "core/base/limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cti::broker {

inline constexpr std::uint32_t kNoBlock = ~std::uint32_t{0};

/// When bytes may leave: not before the session has been given its channel of `line` up to `position`.
struct Barrier {
  std::uint64_t position = 0;  ///< 0: at once
  std::uint32_t line = 0;
  friend bool operator==(const Barrier&, const Barrier&) = default;
};

/// One block. `begin` to `end` of `data` are unsent.
struct Block {
  static constexpr std::size_t kBytes = limits::kOutboxBlockBytes;
  static constexpr std::size_t kDataBytes = kBytes - 32;
  std::uint32_t next;
  std::uint16_t begin;
  std::uint16_t end;
  Barrier barrier;
  std::int64_t number;  ///< its place in a chain of them; the chain's owner counts by it
  std::byte data[kDataBytes];
};
static_assert(sizeof(Block) == Block::kBytes);

class BlockPool {
 public:
  /// `blocks` of memory are reserved; the kernel gives pages at first touch.
  explicit BlockPool(std::uint32_t blocks)
      : memory_(std::make_unique_for_overwrite<std::byte[]>(std::size_t{blocks} * Block::kBytes)),
        blocks_(reinterpret_cast<Block*>(memory_.get())),
        count_(blocks) {
    CTI_CHECK(blocks < kNoBlock);
  }

  Block& at(std::uint32_t index) noexcept { return blocks_[index]; }
  const Block& at(std::uint32_t index) const noexcept { return blocks_[index]; }

  /// An empty block, or kNoBlock.
  [[nodiscard]] std::uint32_t allocate() noexcept {
    std::uint32_t index = free_;
    if (index != kNoBlock) {
      free_ = blocks_[index].next;
    } else if (fresh_ < count_) {
      index =
          fresh_++;  // blocks never used before come last, so that pages are touched only when needed
    } else {
      return kNoBlock;
    }
    ++used_;
    highest_ = std::max(highest_, used_);
    Block& block = blocks_[index];
    block.next = kNoBlock;
    block.begin = block.end = 0;
    block.barrier = Barrier{};
    block.number = 0;
    CTI_CHECK(used_ <= count_ && used_ <= fresh_);
    return index;
  }

  void release(std::uint32_t index) noexcept {
    CTI_CHECK(used_ > 0);
    CTI_CHECK(index < fresh_);
    --used_;
    blocks_[index].next = free_;
    free_ = index;
  }

  std::uint32_t available() const noexcept { return count_ - used_; }
  std::uint32_t used() const noexcept { return used_; }
  std::uint32_t highest_used() const noexcept { return highest_; }

 private:
  // Bytes, not Blocks: a Block's initialisers would touch every page at start. Blocks begin to live in allocate().
  const std::unique_ptr<std::byte[]> memory_;
  Block* const blocks_;
  const std::uint32_t count_;
  std::uint32_t free_ = kNoBlock;
  std::uint32_t fresh_ = 0;
  std::uint32_t used_ = 0;
  std::uint32_t highest_ = 0;
};

}  // namespace cti::broker
