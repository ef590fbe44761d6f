// admission.hpp - how many sessions there may be, in all and from one address, over all fan-out reactors.
//
// Threads  any reactor, and for sessions() any line. A mutex: taken once when a session begins and once when it ends. The
//          count can be read without it: lines look in each turn.
// Bounds   sessions_max entries at most; an address is forgotten with its last session.
#pragma once

#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace cti::broker {

enum class Admitted : std::uint8_t { kYes, kFull, kAddressFull };

class Admission {
 public:
  Admission(std::uint32_t sessions_max, std::uint32_t per_address_max)
      : sessions_max_(sessions_max), per_address_max_(per_address_max) {}

  /// One more session from `address`. kYes is given back with leave().
  [[nodiscard]] Admitted enter(std::uint64_t address) {
    const std::lock_guard lock(mutex_);
    if (sessions() >= sessions_max_) return Admitted::kFull;
    std::uint32_t& count = by_address_[address];
    if (count >= per_address_max_) {
      if (count == 0) by_address_.erase(address);
      return Admitted::kAddressFull;
    }
    ++count;
    add(1);
    return Admitted::kYes;
  }

  void leave(std::uint64_t address) {
    const std::lock_guard lock(mutex_);
    const auto found = by_address_.find(address);
    CTI_CHECK(found != by_address_.end());
    CTI_CHECK(found->second > 0 && found->second <= sessions());
    if (--found->second == 0) by_address_.erase(found);
    add(-1);
    CTI_CHECK(by_address_.size() <= sessions());
  }

  /// Any thread, without a lock: how many there are now, or were a moment ago.
  std::uint32_t sessions() const noexcept {
    // relaxed: a number by itself, nothing is published with it. Under the mutex it is exact.
    return sessions_.load(std::memory_order_relaxed);
  }

  /// A number for a new session: CILConnectionID. Never given twice while the server lives.
  std::uint64_t next_number() noexcept {
    // relaxed: only uniqueness matters.
    return numbers_.fetch_add(1, std::memory_order_relaxed) + 1;
  }

 private:
  /// Under the mutex: the only writer, for that moment.
  void add(std::int32_t change) noexcept {
    // relaxed: the mutex orders the writers; readers want the number alone.
    sessions_.store(sessions() + static_cast<std::uint32_t>(change), std::memory_order_relaxed);
  }

  const std::uint32_t sessions_max_;
  const std::uint32_t per_address_max_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_address_;
  alignas(kFalseSharing) std::atomic<std::uint32_t> sessions_{0};
  std::atomic<std::uint64_t> numbers_{0};
};

}  // namespace cti::broker
