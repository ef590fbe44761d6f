// spsc_bytes.hpp - bounded ring of variable-length records, written and read in place, between two threads.
//
// Why      a message is built where it will be read: no allocation and no copy between claim and drain.
// Shape    one block of bytes, a power of two long. A record is an 8-byte header (its length, and whether it is
//          padding) and its bytes, rounded up to 8; it never wraps: when it does not fit before the end, a
//          padding record fills the rest and it begins at the front. Positions are 64-bit and never wrap.
// Threads  claim, commit, abort, publish: the producer. drain, front, release, empty: the consumer.
// Cost     no lock, allocation or system call. The foreign position is re-read once per lap, not once per record.
// Edges    R0 tail_.store in publish         -> A0 tail_.load in refill    the records are complete
//          R1 head_.store in drain, release  -> A1 head_.load in claim     the bytes are free again
// Full     claim says nullptr and changes nothing; so does a record above record_bytes_max().
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cti::ring {

template <template <class> class Atom = std::atomic>
class BasicSpscBytes {
 public:
  static constexpr std::size_t kHeaderBytes = 8;
  static constexpr std::size_t kBytesMin = 64;
  static constexpr std::size_t kBytesMax = std::size_t{1} << 31;

  /// `bytes` of room, headers included; rounded up to a power of two; kBytesMin .. kBytesMax.
  explicit BasicSpscBytes(std::size_t bytes)
      : storage_(std::make_unique<Block[]>(blocks(bytes))),
        producer_bytes_(storage_.get()->bytes),
        capacity_(std::bit_ceil(bytes)),
        consumer_bytes_(storage_.get()->bytes),
        consumer_mask_(std::bit_ceil(bytes) - 1) {}
  BasicSpscBytes(const BasicSpscBytes&) = delete;
  BasicSpscBytes& operator=(const BasicSpscBytes&) = delete;

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// The longest record that always fits once the ring is empty, wherever its positions stand.
  [[nodiscard]] std::size_t record_bytes_max() const noexcept {
    return capacity_ / 2 - kHeaderBytes;
  }

  /// Producer only. Room for one record of up to `bytes`, 8-byte aligned; nullptr: full, or `bytes` is above
  /// record_bytes_max(). One claim at a time; it ends with commit or abort.
  [[nodiscard]] std::byte* claim(std::size_t bytes) noexcept {
    CTI_CHECK(claimed_ == 0);
    if (bytes > record_bytes_max()) return nullptr;
    const std::uint64_t need = stride(bytes);
    const std::uint64_t to_end = capacity_ - (staged_ & (capacity_ - 1));
    const std::uint64_t padding = need <= to_end ? 0 : to_end;
    if (staged_ + padding + need - head_seen_ > capacity_) {
      // A1 <- R1: the consumer has finished with every byte below this head.
      head_seen_ = head_.load(std::memory_order_acquire);
      CTI_CHECK(published_ - head_seen_ <= capacity_);
      CTI_CHECK(published_ <= staged_);
      if (staged_ + padding + need - head_seen_ > capacity_) return nullptr;
    }
    padding_ = padding;
    claimed_ = need;
    return producer_bytes_ + ((staged_ + padding) & (capacity_ - 1)) + kHeaderBytes;
  }

  /// Producer only. Keeps the first `bytes` of the claim as a record; unseen until publish().
  void commit(std::size_t bytes) noexcept {
    CTI_CHECK(claimed_ != 0);
    CTI_CHECK(stride(bytes) <= claimed_);
    if (padding_ != 0) put_header(static_cast<std::uint32_t>(padding_ - kHeaderBytes), kPadding);
    put_header(static_cast<std::uint32_t>(bytes), kRecord);
    claimed_ = 0;
  }

  /// Producer only. Gives the claim back: as if it had never been asked for.
  void abort() noexcept { claimed_ = 0; }

  /// Producer only. Shows the consumer every record committed so far.
  void publish() noexcept {
    // A store of the same value would still pull the line out of the consumer's cache.
    if (published_ == staged_) return;
    published_ = staged_;
    // R0 -> A0: the records are complete before their positions are published.
    tail_.store(staged_, std::memory_order_release);
  }

  /// Consumer only. Hands up to `limit` records to take(Bytes), oldest first; returns how many. The bytes are
  /// valid inside the call; the room becomes free together, after the last one.
  template <class Take>
  std::size_t drain(std::size_t limit, Take&& take) noexcept {
    std::size_t count = 0;
    const std::uint64_t before = taken_;
    for (; count < limit && find_record(); ++count) {
      const Bytes record = record_at(taken_);
      take(record);
      taken_ += stride(record.size());
    }
    // R1 -> A1: every record was read before its bytes are given back.
    if (taken_ != before) head_.store(taken_, std::memory_order_release);
    return count;
  }

  /// Consumer only. The oldest record, or one with data() == nullptr when there is none; valid until release().
  [[nodiscard]] Bytes front() noexcept { return find_record() ? record_at(taken_) : Bytes{}; }

  /// Consumer only. Gives the record that front() showed back to the producer.
  void release() noexcept {
    CTI_CHECK(find_record());
    taken_ += stride(record_at(taken_).size());
    // R1 -> A1: the record was read before its bytes are given back.
    head_.store(taken_, std::memory_order_release);
  }

  /// Consumer only. True when nothing is there to take (the last look before sleeping).
  [[nodiscard]] bool empty() noexcept { return !find_record(); }

 private:
  struct alignas(kCacheLine) Block {
    std::byte bytes[kCacheLine];
  };
  static constexpr std::uint32_t kRecord = 0;
  static constexpr std::uint32_t kPadding = 1;

  static std::size_t blocks(std::size_t bytes) {
    CTI_CHECK(bytes >= kBytesMin);
    CTI_CHECK(bytes <= kBytesMax);
    return std::bit_ceil(bytes) / sizeof(Block);
  }
  static constexpr std::uint64_t stride(std::size_t bytes) noexcept {
    return kHeaderBytes + ((bytes + 7) & ~std::size_t{7});
  }

  void put_header(std::uint32_t bytes, std::uint32_t kind) noexcept {
    std::byte* const at = producer_bytes_ + (staged_ & (capacity_ - 1));
    store_le<std::uint32_t>(at, bytes);
    store_le<std::uint32_t>(at + 4, kind);
    staged_ += stride(bytes);
  }

  Bytes record_at(std::uint64_t position) const noexcept {
    const std::byte* const at = consumer_bytes_ + (position & consumer_mask_);
    return {at + kHeaderBytes, load_le<std::uint32_t>(at)};
  }

  /// Moves over padding; true when a record stands at taken_.
  bool find_record() noexcept {
    if (!refill()) return false;
    if (load_le<std::uint32_t>(consumer_bytes_ + (taken_ & consumer_mask_) + 4) == kPadding) {
      // A padding record is committed together with the record behind it, so that one is published too.
      taken_ += stride(record_at(taken_).size());
    }
    return true;
  }

  bool refill() noexcept {
    // A0 <- R0: every record below this tail is complete.
    if (tail_seen_ == taken_) tail_seen_ = tail_.load(std::memory_order_acquire);
    CTI_CHECK(tail_seen_ - taken_ <= consumer_mask_ + 1);
    return tail_seen_ != taken_;
  }

  // What only one side touches lies apart from what it publishes (see spsc_ring.hpp).
  alignas(kFalseSharing) const std::unique_ptr<Block[]> storage_;  // the producer's own
  std::byte* const producer_bytes_;
  const std::uint64_t capacity_;
  std::uint64_t staged_ = 0;     // end of what is committed
  std::uint64_t published_ = 0;  // the producer's copy of tail_
  std::uint64_t head_seen_ = 0;  // the producer's last sight of head_
  std::uint64_t claimed_ = 0;    // bytes of the open claim, header included; 0: none
  std::uint64_t padding_ = 0;    // bytes to skip before the open claim
  alignas(kFalseSharing) Atom<std::uint64_t> tail_{0};      // written by the producer
  alignas(kFalseSharing) std::byte* const consumer_bytes_;  // the consumer's own
  const std::uint64_t consumer_mask_;
  std::uint64_t taken_ = 0;                             // next position to read
  std::uint64_t tail_seen_ = 0;                         // the consumer's last sight of tail_
  alignas(kFalseSharing) Atom<std::uint64_t> head_{0};  // written by the consumer
};

using SpscBytes = BasicSpscBytes<>;

}  // namespace cti::ring
