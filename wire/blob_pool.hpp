// blob_pool.hpp - memory for the properties of objects: blocks in size classes, reused, never moved.
//
// Why      properties grow and shrink with every event; a general allocator would be asked each time.
// Shape    classes of 64, 96, 128, 192, ... 65536 bytes, each with a list of free blocks. A class takes chunks from the
//          system, the first one small, each next one twice as large up to 64 KiB: a client with one agent stays
//          small, a server with 100,000 calls asks rarely. Memory goes back to the system when the pool ends.
// Cost     take and give are a few loads and stores; the system is asked only while the peak grows.
// Full     take() says null when bytes_max would be passed.
// Threads  one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cti::wire {

class BlobPool {
 public:
  static constexpr std::size_t kLargest = 64 * 1024;
  static constexpr std::uint8_t kClasses = 21;
  static_assert((std::size_t{64} << (kClasses - 1) / 2) == kLargest, "the last is the largest");

  explicit BlobPool(std::size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

  /// The smallest class that holds `bytes`; 1 <= bytes <= kLargest.
  static std::uint8_t class_of(std::size_t bytes) noexcept;
  static std::size_t bytes_of(std::uint8_t size_class) noexcept;

  /// A block of the class, 8-aligned; null when bytes_max is reached.
  std::byte* take(std::uint8_t size_class);
  void give(std::byte* block, std::uint8_t size_class) noexcept;

  /// Bytes asked of the system.
  std::size_t bytes_held() const noexcept { return bytes_held_; }

 private:
  bool grow(std::uint8_t size_class);

  std::size_t bytes_max_;
  std::size_t bytes_held_ = 0;
  std::array<std::byte*, kClasses> free_{};  ///< the first word of a free block points to the next
  std::array<std::uint32_t, kClasses> chunks_of_{};
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
};

}  // namespace cti::wire
