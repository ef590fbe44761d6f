// trace_lane.hpp - bytes of the wire on their way to a trace file, from the thread that saw them to the one that writes.
//
// Why      one agent's trouble is looked into while thousands work: no restart, and nobody else may pay for it.
// Shape    off, it costs a relaxed load a chunk. On, what fits the targets is copied into a ring of its own; decoding,
//          masking and writing are another thread's. What names no session or agent but a call is found there, so a wish for
//          calls copies everything.
// Full     the chunk is counted as lost, whole.
// Threads  on, put: the producer, one thread. Everything else: the controller, one thread at a time.
// Edges    R0 generation_.store in turn_on -> A0 generation_.load in put    ring and targets are there
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "ring/seqlock.hpp"
#include "ring/spsc_bytes.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

namespace cti::broker {

enum class TraceKind : std::uint8_t { kFromCtiServer, kToCtiServer, kFromClient, kToClient };

/// What stands before the bytes of a chunk.
struct TraceHead {
  WallMillis wall{};
  TraceKind kind = TraceKind::kFromCtiServer;
  std::uint64_t session =
      0;  ///< number of the client's session; of a line: which of its sessions upstream
  std::uint64_t address = 0;     ///< core::host_number of the client
  std::uint64_t agent_key = 0;   ///< wire::object_key of the session's agent; 0: none
  std::uint32_t bytes_left = 0;  ///< of the chunk, did not fit a record
};

/// Whose bytes are wanted.
struct TraceTargets {
  static constexpr std::size_t kMax = 8;
  std::array<std::uint64_t, kMax> sessions{}, addresses{}, agents{};  ///< 0: no further one
  bool everything = false;  ///< a call, or whatever only the writer can find

  bool wants(const TraceHead& head) const noexcept {
    const auto has = [](const auto& list, std::uint64_t value) {
      return value != 0 && std::find(list.begin(), list.end(), value) != list.end();
    };
    return everything || has(sessions, head.session) || has(addresses, head.address) ||
           has(agents, head.agent_key);
  }
};

class TraceLane {
 public:
  static constexpr std::size_t kRingBytes = std::size_t{2} << 20;
  static constexpr std::size_t kChunkBytesMax = std::size_t{256} << 10;
  static_assert(kChunkBytesMax + sizeof(TraceHead) + 64 <= kRingBytes / 2);

  bool on() const noexcept {
    // relaxed: only whether to look further; put has the edge.
    return generation_.load(std::memory_order_relaxed) != 0;
  }
  /// Producer. A chunk that is not wanted, or finds no room, is left out.
  void put(TraceHead head, Bytes bytes) noexcept {
    // A0 <- R0: ring and targets of that generation.
    if (generation_.load(std::memory_order_acquire) == 0 || bytes.empty()) return;
    // Of a line everything is copied: what its messages are about is found by the writer.
    const bool client = head.kind == TraceKind::kFromClient || head.kind == TraceKind::kToClient;
    if (client && !targets_.try_read().value_or(TraceTargets{}).wants(head)) return;
    const std::size_t kept = std::min(bytes.size(), kChunkBytesMax);
    head.bytes_left = static_cast<std::uint32_t>(bytes.size() - kept);
    std::byte* const room = ring_->claim(sizeof head + kept);
    if (room == nullptr) {
      // relaxed: a count with one writer.
      lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return;
    }
    std::memcpy(room, &head, sizeof head);
    std::memcpy(room + sizeof head, bytes.data(), kept);
    ring_->commit(sizeof head + kept);
    ring_->publish();
  }

  /// Controller. Memory is set aside when it is first wanted, and kept. Throws std::bad_alloc then.
  void turn_on(const TraceTargets& targets) {
    if (ring_ == nullptr) ring_ = std::make_unique<ring::SpscBytes>(kRingBytes);
    targets_.write(targets);
    // R0 -> A0: see put.
    generation_.store(1, std::memory_order_release);
  }
  void turn_off() noexcept {
    // relaxed: who has seen it on goes on for one more chunk, into a ring that stays.
    generation_.store(0, std::memory_order_relaxed);
  }
  /// Controller. take(TraceHead, Bytes), oldest first, up to `limit`; it may throw.
  template <class Take>
  std::size_t drain(std::size_t limit, Take&& take) {
    std::size_t taken = 0;
    for (; ring_ != nullptr && taken < limit && !ring_->empty(); ++taken) {
      const Taken one(*ring_);  // gives its room back also when take throws
      TraceHead head;
      std::memcpy(&head, one.record.data(), sizeof head);
      take(head, one.record.subspan(sizeof head));
    }
    return taken;
  }
  std::uint64_t lost() const noexcept {
    // relaxed: a count.
    return lost_.load(std::memory_order_relaxed);
  }

 private:
  struct Taken {
    explicit Taken(ring::SpscBytes& from) noexcept : ring(from), record(from.front()) {}
    ~Taken() { ring.release(); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    ring::SpscBytes& ring;
    const Bytes record;
  };

  std::atomic<std::uint32_t> generation_{0};
  ring::Seqlock<TraceTargets> targets_;
  std::unique_ptr<ring::SpscBytes> ring_;
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace cti::broker
