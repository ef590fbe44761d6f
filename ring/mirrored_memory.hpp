// mirrored_memory.hpp - a block of memory that appears twice, back to back, at consecutive addresses.
//
// Why      a ring in such a block has no seam: a record or a range that runs over the end goes on at the beginning
//          of the second appearance, so everything is contiguous and one send covers it.
// Shape    a memfd of size() bytes mapped at data() and again at data() + size(). Zeroed. Owns both; moves.
// Limits   a power of two, at least the page size, at most kBytesMax.
// Errors   the system call that failed and its errno text.
#pragma once

#include "core/base/limits.hpp"
#include "core/base/result.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace cti::ring {

class MirroredMemory {
 public:
  static constexpr std::size_t kBytesMax = limits::kMirroredBytesMax;

  /// When the pages come into being. kPopulate: now, so that memory is there or is refused, and no page fault meets the
  /// hot path but those of the few pages behind the seam, once. kLazy: at first touch.
  enum class Pages : unsigned char { kPopulate, kLazy };

  [[nodiscard]] static Result<MirroredMemory, std::string> create(std::size_t bytes, Pages pages);

  MirroredMemory() = default;
  MirroredMemory(MirroredMemory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MirroredMemory& operator=(MirroredMemory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MirroredMemory();

  /// First byte of the first appearance; readable and writable up to data() + 2 * size().
  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  /// Bytes of memory, once.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  MirroredMemory(std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace cti::ring
