// blob_pool.cpp - size classes and their chunks.
#include "wire/blob_pool.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cti::wire {

std::size_t BlobPool::bytes_of(std::uint8_t size_class) noexcept {
  const std::size_t power = std::size_t{64} << (size_class / 2);
  return size_class % 2 == 0 ? power : power + power / 2;
}

std::uint8_t BlobPool::class_of(std::size_t bytes) noexcept {
  CTI_CHECK(bytes <= kLargest);
  if (bytes <= 64) return 0;
  // 2^n < bytes <= 2^(n+1): the class of 2^n is the even one, one and a half times that the odd one behind it.
  const auto below = static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;
  const std::size_t power = std::size_t{1} << below;
  const auto even = static_cast<std::uint8_t>((below - 6) * 2);
  return static_cast<std::uint8_t>(bytes <= power + power / 2 ? even + 1 : even + 2);
}

std::byte* BlobPool::take(std::uint8_t size_class) {
  CTI_CHECK(size_class < kClasses);
  if (!free_[size_class] && !grow(size_class)) return nullptr;
  std::byte* block = free_[size_class];
  std::memcpy(&free_[size_class], block, sizeof(std::byte*));
  return block;
}

void BlobPool::give(std::byte* block, std::uint8_t size_class) noexcept {
  CTI_CHECK(size_class < kClasses);
  CTI_CHECK(block != nullptr);
  std::memcpy(block, &free_[size_class], sizeof(std::byte*));
  free_[size_class] = block;
}

bool BlobPool::grow(std::uint8_t size_class) {
  const std::size_t block = bytes_of(size_class);
  const std::size_t most = std::max(kLargest, block) / block;
  const std::size_t wanted = std::size_t{4} << std::min<std::uint32_t>(chunks_of_[size_class], 10);
  std::size_t blocks = std::max<std::size_t>(std::min(wanted, most), 1);
  CTI_CHECK(bytes_held_ <= bytes_max_);
  if (blocks * block > bytes_max_ - bytes_held_) blocks = (bytes_max_ - bytes_held_) / block;
  if (blocks == 0) return false;
  chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(blocks * block));
  bytes_held_ += blocks * block;
  ++chunks_of_[size_class];
  std::byte* at = chunks_.back().get();
  CTI_CHECK(bytes_held_ <= bytes_max_);
  for (std::size_t i = blocks; i != 0; --i) give(at + (i - 1) * block, size_class);
  return true;
}

}  // namespace cti::wire
