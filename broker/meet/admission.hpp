// admission.hpp - how many sessions there may be, in all and from one address, over all fan-out reactors.
//
// Shares   one address gets at most per_address_max, so that others still get in (C22). Networks with a limit of their own,
//          the first that has the address, are for gateways and translated addresses behind which many people sit.
// Threads  any reactor, and for sessions() any line. A mutex: taken once when a session begins and once when it ends. The
//          count can be read without it: lines look in each turn.
// Bounds   sessions_max entries at most; an address is forgotten with its last session.
#pragma once

#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"
#include "core/network.hpp"

#include <atomic>
#include <charconv>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cti::broker {

enum class Admitted : std::uint8_t { kYes, kFull, kAddressFull, kNoMemory };

class Admission {
 public:
  struct Share {
    core::Network network;
    std::uint32_t per_address_max = 0;
  };

  Admission(std::uint32_t sessions_max, std::uint32_t per_address_max,
            std::vector<Share> shares = {})
      : sessions_max_(sessions_max),
        per_address_max_(per_address_max),
        shares_(std::move(shares)) {}

  /// From now on. Who is in stays.
  void set_limits(std::uint32_t per_address_max, std::vector<Share> shares) {
    const std::lock_guard lock(mutex_);
    per_address_max_ = per_address_max;
    shares_ = std::move(shares);
  }

  /// While memory is short nobody new gets in (M2).
  void set_short_of_memory(bool on) {
    const std::lock_guard lock(mutex_);
    short_of_memory_ = on;
  }

  /// How many sessions `address` may have.
  [[nodiscard]] std::uint32_t limit_of(std::uint64_t address) {
    const std::lock_guard lock(mutex_);
    return share_of(address);
  }

  /// One more session from `address`. kYes is given back with leave().
  [[nodiscard]] Admitted enter(std::uint64_t address) {
    const std::lock_guard lock(mutex_);
    if (short_of_memory_) return Admitted::kNoMemory;
    if (sessions() >= sessions_max_) return Admitted::kFull;
    std::uint32_t& count = by_address_[address];
    if (count >= share_of(address)) {
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
  /// Under the mutex.
  std::uint32_t share_of(std::uint64_t address) const noexcept {
    for (const Share& share : shares_) {
      if (share.network.has(address)) return share.per_address_max;
    }
    return per_address_max_;
  }
  /// Under the mutex: the only writer, for that moment.
  void add(std::int32_t change) noexcept {
    // relaxed: the mutex orders the writers; readers want the number alone.
    sessions_.store(sessions() + static_cast<std::uint32_t>(change), std::memory_order_relaxed);
  }

  const std::uint32_t sessions_max_;
  std::mutex mutex_;
  bool short_of_memory_ = false;  // guarded by mutex_, as are the next three
  std::uint32_t per_address_max_;
  std::vector<Share> shares_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_address_;
  alignas(kFalseSharing) std::atomic<std::uint32_t> sessions_{0};
  std::atomic<std::uint64_t> numbers_{0};
};

/// "10.1.0.0/16 = 8000". Nothing: it is no such text.
inline std::optional<Admission::Share> parse_share(std::string_view text) {
  const auto trim = [](std::string_view part) {
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    return part;
  };
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const auto network = core::Network::parse(trim(text.substr(0, equals)));
  const std::string_view number = trim(text.substr(equals + 1));
  std::uint32_t most = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), most);
  const bool read = error == std::errc{} && end == number.data() + number.size();
  if (!network || !read || most == 0) return std::nullopt;
  return Admission::Share{*network, most};
}

}  // namespace cti::broker
