// seqlock.hpp - one writer publishes a small snapshot; any number of readers copy it whole, or learn it moved.
//
// Why      counters and positions for monitoring: the writer must not care who looks, or how often.
// Shape    T is trivially copyable, up to kBytesMax bytes, kept as 64-bit words of relaxed atomics: a plain copy
//          would be a data race, even where the hardware forgives it.
// Threads  write: one thread. read, try_read: any thread.
// Cost     write: a store per word and two of the sequence. read: a load per word, again if the writer was there.
// Edges    R0 sequence_.store (even) in write -> A0 first sequence_.load in try_read   the words of that version
//          F0 release fence in write          -> F1 acquire fence in try_read          a reader that saw any
//             word of a newer version also sees its odd sequence number, and so throws its copy away
#pragma once

#include "core/base/cacheline.hpp"
#include "ring/fence.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

namespace cti::ring {

template <class T, template <class> class Atom = std::atomic>
class Seqlock {
 public:
  static constexpr std::size_t kBytesMax = 1024;
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kBytesMax);

  Seqlock() noexcept { write(T{}); }
  Seqlock(const Seqlock&) = delete;
  Seqlock& operator=(const Seqlock&) = delete;

  /// The one writer. Never waits.
  void write(const T& value) noexcept {
    std::array<std::uint64_t, kWords> words{};
    std::memcpy(words.data(), &value, sizeof value);
    // relaxed: sequence_ has one writer, this thread.
    const std::uint64_t before = sequence_.load(std::memory_order_relaxed);
    // relaxed: F0 orders it before the words.
    sequence_.store(before + 1, std::memory_order_relaxed);
    // F0 -> F1: the odd number is visible to whoever sees a word stored below.
    FenceOf<Atom>::release();
    // relaxed: the words are ordered by F0 above and R0 below.
    for (std::size_t i = 0; i < kWords; ++i) words_[i].store(words[i], std::memory_order_relaxed);
    // R0 -> A0: the words are complete before the even number says so.
    sequence_.store(before + 2, std::memory_order_release);
  }

  /// One attempt. Nothing: the writer was at work meanwhile.
  [[nodiscard]] std::optional<T> try_read() const noexcept {
    // A0 <- R0: the words of this version are visible.
    const std::uint64_t before = sequence_.load(std::memory_order_acquire);
    if ((before & 1) != 0) return std::nullopt;
    std::array<std::uint64_t, kWords> words;
    // relaxed: ordered by A0 above and F1 below.
    for (std::size_t i = 0; i < kWords; ++i) words[i] = words_[i].load(std::memory_order_relaxed);
    // F1 <- F0: if a word above was newer than `before`, the load below sees a newer number.
    FenceOf<Atom>::acquire();
    // relaxed: F1 orders it after the words.
    if (sequence_.load(std::memory_order_relaxed) != before) return std::nullopt;
    T value;
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof value);
    return value;
  }

  /// Up to `attempts` tries; nothing when the writer was at work in every one.
  [[nodiscard]] std::optional<T> read(std::uint32_t attempts = 1000) const noexcept {
    for (std::uint32_t i = 0; i < attempts; ++i) {
      if (auto value = try_read()) return value;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kWords = (sizeof(T) + 7) / 8;
  // Written by the writer; odd: being written.
  alignas(kFalseSharing) Atom<std::uint64_t> sequence_{0};
  std::array<Atom<std::uint64_t>, kWords> words_{};  // written by the writer
};

}  // namespace cti::ring
