// pending.hpp - requests that are on their way to the CTI Server and not answered yet.
//
// Why      a confirmation carries nothing but the InvokeID; here stands whom it belongs to.
// Shape    a slot table indexed by the low bits of the InvokeID. InvokeIDs only count upwards: an answer that comes
//          after its deadline finds an empty slot, or one with another id, and is never taken for another request's.
// Bounds   a fixed number of slots; add() says so when all are taken. All requests have the same time to live, so the
//          oldest id expires first and expire() looks at nothing else.
// Threads  the line.
#pragma once

#include "broker/model/fixed_text.hpp"
#include "broker/model/object_id.hpp"
#include "broker/meet/rendezvous.hpp"
#include "core/base/check.hpp"
#include "core/base/time.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace cti::broker {

/// On whose behalf a request went upstream.
enum class PendingKind : std::uint8_t {
  kFree,
  kClient,     ///< a session asked
  kSync,       ///< start-up dialogue, see sync.hpp
  kAgentMode,  ///< a session enters agent mode with an agent that is not known yet
  kRefresh,    ///< the line itself wants to know (agent logged in: desk settings)
};

/// One outstanding request. `object_key` is what it is about (agent, call or device).
struct Pending {
  std::uint32_t invoke_id = 0;
  PendingKind kind = PendingKind::kFree;
  std::uint16_t message = 0;  ///< GED-188 number of the request sent
  std::uint32_t request = 0;  ///< wire::RequestId; kClient only
  std::uint32_t peripheral_id = 0;
  SessionRef from;
  std::uint64_t request_id = 0;  ///< the client's
  std::uint64_t token = 0;
  std::uint64_t agent_key = 0;  ///< the agent concerned
  std::uint64_t object_key = 0;
  FixedText<kObjectIdBytesMax>
      object_id;             ///< kClient: of the target, which may be gone when the answer comes
  std::uint32_t detail = 0;  ///< for the asker's own use (state asked for, index into a table)
  TimePoint deadline{};
};

class PendingTable {
 public:
  /// `capacity` requests at once, rounded up to a power of two.
  explicit PendingTable(std::size_t capacity)
      : slots_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity)),
        mask_(static_cast<std::uint32_t>(slots_.size() - 1)) {}

  /// Ids above are the link's own (OPEN_REQ, HEARTBEAT_REQ). After four thousand million requests they begin anew.
  static constexpr std::uint32_t kIdMax = 0xEFFFFFFF;

  /// The next id, never given to anything else.
  std::uint32_t next_id() noexcept {
    const std::uint32_t id = next_;
    next_ = id == kIdMax ? 1 : id + 1;
    return id;
  }

  /// Keeps `entry` under a fresh invoke_id; nullptr when the table is full. Deadlines must not fall from one add to
  /// the next.
  Pending* add(const Pending& entry) noexcept {
    CTI_CHECK(entry.kind != PendingKind::kFree);
    if (size_ == slots_.size()) return nullptr;
    // At most one lap: some slot is free.
    std::uint32_t id = next_id();
    while (slots_[id & mask_].kind != PendingKind::kFree) id = next_id();
    if (size_ == 0) oldest_ = id;
    Pending& slot = slots_[id & mask_];
    slot = entry;
    slot.invoke_id = id;
    ++size_;
    return &slot;
  }

  /// The request with this id; nullptr when there is none (any more).
  Pending* find(std::uint32_t invoke_id) noexcept {
    Pending& slot = slots_[invoke_id & mask_];
    if (slot.kind == PendingKind::kFree || slot.invoke_id != invoke_id) return nullptr;
    return &slot;
  }

  void remove(Pending& entry) noexcept {
    CTI_CHECK(entry.kind != PendingKind::kFree);
    entry.kind = PendingKind::kFree;
    --size_;
  }

  /// Takes out up to `limit` requests whose deadline is at or before `now` and hands each to take(const Pending&).
  template <class Take>
  std::size_t expire(TimePoint now, std::size_t limit, Take&& take) {
    std::size_t taken = 0;
    while (taken < limit) {
      Pending* const entry = oldest();
      if (entry == nullptr || entry->deadline > now) break;
      const Pending copy = *entry;
      remove(*entry);
      take(copy);
      ++taken;
    }
    return taken;
  }

  /// When the next one expires; kNever when none is outstanding.
  TimePoint next_deadline() noexcept {
    const Pending* const entry = oldest();
    return entry == nullptr ? kNever : entry->deadline;
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return slots_.size(); }

 private:
  /// The outstanding request with the lowest id. The walk over answered ones is paid once each: oldest_ only rises.
  Pending* oldest() noexcept {
    if (size_ == 0) return nullptr;
    while (find(oldest_) == nullptr) oldest_ = oldest_ == kIdMax ? 1 : oldest_ + 1;
    return find(oldest_);
  }

  std::vector<Pending> slots_;
  std::uint32_t mask_;
  std::uint32_t next_ = 1;
  std::uint32_t oldest_ = 1;
  std::size_t size_ = 0;
};

}  // namespace cti::broker
