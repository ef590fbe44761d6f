// receive_memory.hpp - the memory that received bytes lie in, and the trap for those who keep them too long.
//
// Why      received bytes are borrowed until the next wait(). Reading them later would give somebody else's bytes and no
//          crash; so in builds with the address sanitizer whatever is not lent out is poisoned, and such a read fails loudly.
//          (The kernel itself writes past the sanitizer, so poisoned memory may lie in a provided-buffer ring.)
// Shape    one block, page aligned, made at start. lend() and take_back() cost nothing in ordinary builds.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/check.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define CTI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CTI_ASAN 1
#endif
#endif
#ifdef CTI_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace cti::core {

class ReceiveMemory {
 public:
  /// Throws std::bad_alloc when the memory cannot be had.
  explicit ReceiveMemory(std::size_t bytes) : bytes_(bytes) {
    void* block =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    block_ = static_cast<std::byte*>(block);
    take_back(0, bytes_);
  }
  ~ReceiveMemory() {
    lend(0, bytes_);
    ::munmap(block_, bytes_);
  }
  ReceiveMemory(const ReceiveMemory&) = delete;
  ReceiveMemory& operator=(const ReceiveMemory&) = delete;

  std::size_t size() const noexcept { return bytes_; }
  std::byte* data() const noexcept { return block_; }

  /// These bytes may be read and written from now on.
  MutableBytes lend(std::size_t offset, std::size_t count) noexcept {
    CTI_CHECK(offset <= bytes_ && count <= bytes_ - offset);
#ifdef CTI_ASAN
    ASAN_UNPOISON_MEMORY_REGION(block_ + offset, count);
#endif
    return {block_ + offset, count};
  }
  /// Nobody but the kernel may touch these bytes until they are lent again.
  void take_back(std::size_t offset, std::size_t count) noexcept {
    CTI_CHECK(offset <= bytes_ && count <= bytes_ - offset);
#ifdef CTI_ASAN
    ASAN_POISON_MEMORY_REGION(block_ + offset, count);
#endif
  }

 private:
  std::size_t bytes_;
  std::byte* block_ = nullptr;
};

/// Lends pieces one after another, all taken back at once: how the back-ends that copy lay out one turn's bytes.
class ReceiveArena {
 public:
  explicit ReceiveArena(std::size_t bytes) : memory_(bytes) {}

  void take_back_all() noexcept {
    memory_.take_back(0, next_);
    next_ = 0;
  }
  bool has(std::size_t count) const noexcept { return memory_.size() - next_ >= count; }
  /// Room for `count` bytes; has(count) was true. Follow it by keep().
  MutableBytes room(std::size_t count) noexcept { return memory_.lend(next_, count); }
  /// Of the `room` bytes asked for, the first `used` stay lent; the next room() starts on a fresh cache line.
  void keep(std::size_t room, std::size_t used) noexcept {
    CTI_CHECK(used <= room);
    memory_.take_back(next_ + used, room - used);
    next_ = (next_ + used + 63) & ~std::size_t{63};
    if (next_ > memory_.size()) next_ = memory_.size();
  }

 private:
  ReceiveMemory memory_;
  std::size_t next_ = 0;
};

}  // namespace cti::core
