// ask_queue.hpp - what fan-out reactors ask of one line: a lane of its own for each reactor, emptied in turn.
//
// Why      with one queue for all, whoever floods it takes the room of the others: for good, since a many-producer queue
//          gives blocks to producers and does not take them back. A lane is a pair's own; nobody else can fill it.
// Shape    per reactor (AskLane): a ring of requests; a ring of controls (modes, snapshots), so that a flood of requests
//          never stands before them; one place per session for "has ended", and one for "has taken its statistics",
//          which therefore always fit.
// Fair     between reactors: drain() goes round, the same number from each. Within one: a session may have an eighth of
//          the lane, and once half of it is in use, whoever has something waiting gets no more.
// Bounds   AskLimits: asks and their bytes. What push() refuses it leaves alone, and says whether the lane or the
//          session's share is used up: the reactor refuses the request as busy and counts it, or asks again later.
// Threads  AskLane::push, session_gone, open: the reactor. drain, empty: the line. open before either thread runs.
// Order    requests of one reactor come out in order, and so do its controls; nothing is promised between the two, nor
//          between reactors. The end of a session may come out before something that the session had asked.
// Edges    the rings' own carry the asks.
//          G0 news_ in session_gone -> H0 news_ in take_gone, empty   the marks are there before they are counted
//          G1 marks_ in session_gone -> H1 marks_ in take_gone        the number is there before its mark
//          (marks of statistics that are taken carry nothing: G0 and H0 alone.)
// Cost     some 20 ns a request; no allocation, lock or system call.
#pragma once

#include "broker/meet/rendezvous.hpp"
#include "core/base/cacheline.hpp"
#include "core/base/check.hpp"
#include "core/base/limits.hpp"
#include "ring/spsc_ring.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace cti::broker {

/// What may wait between one reactor and one line. Rings are rounded up to powers of two.
struct AskLimits {
  std::size_t requests = limits::kAskRequestsDefault;
  std::size_t bytes = limits::kAskBytesDefault;  ///< of their arguments together
  std::size_t controls = limits::kAskControlsDefault;
};

enum class AskPush : std::uint8_t {
  kTaken,
  kLaneFull,   ///< nobody of this reactor gets more in now
  kShareFull,  ///< this session has as much waiting as it may; others still get in
};

/// What of one session waits in a lane, at most: kept with the session, one per line. In two parts, so that a session that
/// always has something waiting is freed of what the line has taken: the older part goes when the lane has been emptied past
/// its last ask, and the newer one takes its place.
struct AskShare {
  struct Part {
    std::uint64_t last = 0;  ///< when the lane has been emptied past this, nothing of it waits
    std::uint32_t asks = 0;
    std::uint32_t bytes = 0;
  };
  Part older, newer;
  std::uint64_t asks() const noexcept { return std::uint64_t{older.asks} + newer.asks; }
  std::uint64_t bytes() const noexcept { return std::uint64_t{older.bytes} + newer.bytes; }
  void forget_taken(std::uint64_t taken) noexcept {
    for (int part = 0; part < 2 && taken >= older.last; ++part) older = std::exchange(newer, {});
  }
};

class AskLane {
 public:
  static constexpr std::size_t kShare = 8;  ///< a session may have one part in so many

  AskLane(std::uint16_t reactor, const AskLimits& limits)
      : reactor_(reactor), limits_(limits), requests_(limits.requests), controls_(limits.controls) {
    CTI_CHECK(limits.bytes >= 1);
    CTI_CHECK(requests_.capacity() >= limits.requests);
    CTI_CHECK(controls_.capacity() >= limits.controls);
  }

  /// Room for the ends of sessions in slots below `slots`.
  void open(std::size_t slots) {
    CTI_CHECK(slots_ == 0);
    CTI_CHECK(slots > 0);
    slots_ = slots;
    ended_ = std::make_unique<std::atomic<std::uint64_t>[]>(slots);
    marks_ = std::make_unique<std::atomic<std::uint64_t>[]>(words());
    taken_marks_ = std::make_unique<std::atomic<std::uint64_t>[]>(words());
  }

  /// A request; `share` is its session's. Anything but kTaken has changed nothing.
  [[nodiscard]] AskPush push(Ask&& ask, AskShare& share) noexcept {
    CTI_CHECK(ask.kind == AskKind::kRequest);
    const std::size_t bytes = ask.arguments.size();
    const AskPush outcome = look(bytes, share);
    if (outcome != AskPush::kTaken) return outcome;
    if (!requests_.has_room()) return AskPush::kLaneFull;
    CTI_CHECK(requests_.try_push(std::move(ask)));
    pushed_ += 1;
    pushed_bytes_ += bytes;
    share.newer.last = pushed_;
    share.newer.asks += 1;
    share.newer.bytes += static_cast<std::uint32_t>(bytes);
    return AskPush::kTaken;
  }

  /// Whether a request of so many bytes would be taken now. Frees the share of what the line has taken meanwhile.
  [[nodiscard]] AskPush look(std::size_t bytes, AskShare& share) const noexcept {
    // relaxed: the line's counts only bound what is put in; no data is read because of them.
    const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
    const std::uint64_t used = pushed_ - taken;
    const std::uint64_t taken_bytes = taken_bytes_.load(std::memory_order_relaxed);
    const std::uint64_t used_bytes = pushed_bytes_ - taken_bytes;
    CTI_CHECK(taken <= pushed_);
    share.forget_taken(taken);
    if (used >= limits_.requests) return AskPush::kLaneFull;
    if (used > 0 && used_bytes + bytes > limits_.bytes) return AskPush::kLaneFull;
    // Its own is never more than all that waits.
    const std::uint64_t own = std::min(share.asks(), used);
    const std::uint64_t own_bytes = std::min(share.bytes(), used_bytes);
    if (own == 0) return AskPush::kTaken;
    const bool half = used >= limits_.requests / 2 || used_bytes >= limits_.bytes / 2;
    const bool much = own >= std::max<std::size_t>(limits_.requests / kShare, 1) ||
                      own_bytes + bytes > limits_.bytes / kShare;
    return half || much ? AskPush::kShareFull : AskPush::kTaken;
  }

  /// A mode or a snapshot: at most one per session at a time. False: full, nothing changed.
  [[nodiscard]] bool push_control(Ask&& ask) noexcept {
    CTI_CHECK(ask.kind == AskKind::kAgentMode || ask.kind == AskKind::kSnapshot);
    return controls_.has_room() && controls_.try_push(std::move(ask));
  }

  /// The session in this slot has ended. Always fits: a slot's later session has a higher number, and says it of both.
  void session_gone(const SessionRef& session) noexcept {
    const std::uint32_t slot = session.connection.slot;
    CTI_CHECK(slot < slots_);
    CTI_CHECK(session.fanout == reactor_);
    // relaxed: only this thread writes the number.
    CTI_CHECK(ended_[slot].load(std::memory_order_relaxed) < session.session_number);
    ended_[slot].store(session.session_number, std::memory_order_relaxed);
    // G1 -> H1: the number is there before its mark.
    marks_[slot / 64].fetch_or(std::uint64_t{1} << (slot % 64), std::memory_order_release);
    // G0 -> H0: the mark is there before it is counted. One writer.
    news_.store(news_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  /// The session in this slot has taken the statistics that it was told last. Always fits.
  void statistics_taken(std::uint32_t slot) noexcept {
    CTI_CHECK(slot < slots_);
    // relaxed: nothing comes with it; it is there before it is counted, by G0.
    taken_marks_[slot / 64].fetch_or(std::uint64_t{1} << (slot % 64), std::memory_order_relaxed);
    // G0 -> H0: as above. relaxed: one writer.
    news_.store(news_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  // ---- the line's side ----

  /// Moves up to `quota` requests and as many controls into `to`, and the ends of sessions behind them. Nothing is run
  /// here: an ask that throws must not take its neighbours with it.
  void take(std::size_t quota, std::vector<Ask>& to) {
    const auto keep = [&](Ask&& ask) { to.push_back(std::move(ask)); };
    const std::size_t room = to.capacity() - to.size();
    controls_.drain(std::min(quota, room), keep);
    std::uint64_t bytes = 0;
    const std::size_t left = std::min(quota, to.capacity() - to.size());
    const std::size_t count = requests_.drain(left, [&](Ask&& ask) {
      bytes += ask.arguments.size();
      keep(std::move(ask));
    });
    // relaxed: see look(). This thread is the only writer.
    taken_.store(taken_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    taken_bytes_.store(taken_bytes_.load(std::memory_order_relaxed) + bytes,
                       std::memory_order_relaxed);
    take_marks(to);
  }

  [[nodiscard]] bool empty() noexcept {
    // H0 <- G0: the last look before sleeping.
    return requests_.empty() && controls_.empty() &&
           news_.load(std::memory_order_acquire) == news_seen_;
  }

 private:
  std::size_t words() const noexcept { return (slots_ + 63) / 64; }

  void take_marks(std::vector<Ask>& to) {
    // H0 <- G0
    const std::uint64_t news = news_.load(std::memory_order_acquire);
    if (news == news_seen_) return;
    const bool all = take_marked(marks_.get(), to, [&](Ask& ask) {
      ask.kind = AskKind::kSessionGone;
      // relaxed: ordered by H1. When a later session of the slot has ended since, its number says both.
      ask.from.session_number = ended_[ask.from.connection.slot].load(std::memory_order_relaxed);
    });
    if (all &&
        take_marked(taken_marks_.get(), to, [](Ask& ask) { ask.kind = AskKind::kStatisticsTaken; }))
      news_seen_ = news;
  }

  /// An ask for each slot that is marked. False: there was no room for all, the rest waits for the next round.
  template <class Fill>
  bool take_marked(std::atomic<std::uint64_t>* of, std::vector<Ask>& to, Fill&& fill) {
    for (std::size_t word = 0; word < words(); ++word) {
      // H1 <- G1
      std::uint64_t marks = of[word].exchange(0, std::memory_order_acquire);
      while (marks != 0) {
        if (to.size() == to.capacity()) {
          // relaxed: goes on with the release of whoever set them.
          of[word].fetch_or(marks, std::memory_order_relaxed);
          return false;
        }
        const auto bit = static_cast<std::size_t>(std::countr_zero(marks));
        marks &= marks - 1;
        Ask ask;
        ask.from.fanout = reactor_;
        ask.from.connection.slot = static_cast<std::uint32_t>(word * 64 + bit);
        fill(ask);
        to.push_back(std::move(ask));
      }
    }
    return true;
  }

  const std::uint16_t reactor_;
  const AskLimits limits_;
  ring::SpscRing<Ask> requests_;
  ring::SpscRing<Ask> controls_;
  std::size_t slots_ = 0;
  std::unique_ptr<std::atomic<std::uint64_t>[]> ended_;  // [slot] the last session that ended there
  std::unique_ptr<std::atomic<std::uint64_t>[]>
      marks_;  // a bit per slot: the line has not heard yet
  std::unique_ptr<std::atomic<std::uint64_t>[]> taken_marks_;  // likewise
  // The reactor's own.
  alignas(kFalseSharing) std::uint64_t pushed_ = 0;
  std::uint64_t pushed_bytes_ = 0;
  std::atomic<std::uint64_t> news_{0};  // written by the reactor: ends of sessions
  // Written by the line.
  alignas(kFalseSharing) std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> taken_bytes_{0};
  std::uint64_t news_seen_ = 0;
};

/// All lanes of one line.
class AskQueue {
 public:
  static constexpr std::size_t kBatch = 256;

  AskQueue(std::size_t reactors, const AskLimits& limits) {
    CTI_CHECK(reactors < 0xFFFF);
    for (std::size_t i = 0; i < reactors; ++i) {
      lanes_.push_back(std::make_unique<AskLane>(static_cast<std::uint16_t>(i), limits));
    }
    batch_.reserve(kBatch);
  }

  /// The lane of one reactor.
  AskLane& lane(std::size_t reactor) {
    CTI_CHECK(reactor < lanes_.size());
    return *lanes_[reactor];
  }

  /// Line only: hands up to `limit` asks to take(Ask&&). Returns how many. When take() throws, what it was not given yet
  /// is still there.
  template <class Take>
  std::size_t drain(std::size_t limit, Take&& take) {
    std::size_t count = 0;
    while (count < limit) {
      if (next_ == batch_.size()) fill(limit - count);
      if (next_ == batch_.size()) break;
      Ask ask = std::move(batch_[next_++]);
      ++count;
      take(std::move(ask));
    }
    return count;
  }

  /// Line only: the last look before sleeping. Never says true for an ask whose reactor has rung the bell.
  [[nodiscard]] bool empty() noexcept {
    return next_ == batch_.size() && std::all_of(lanes_.begin(), lanes_.end(),
                                                 [](const auto& lane) { return lane->empty(); });
  }

 private:
  /// One round: the same number from each lane, beginning with another one each time.
  void fill(std::size_t wanted) {
    batch_.clear();
    next_ = 0;
    if (lanes_.empty()) return;
    const std::size_t quota = std::max<std::size_t>(std::min(wanted, kBatch) / lanes_.size(), 1);
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      lanes_[(first_ + i) % lanes_.size()]->take(quota, batch_);
    }
    first_ = (first_ + 1) % lanes_.size();
    CTI_CHECK(batch_.capacity() == kBatch);
  }

  std::vector<std::unique_ptr<AskLane>> lanes_;
  std::vector<Ask> batch_;  // taken out of the lanes, not handed over yet: from next_ on
  std::size_t next_ = 0;
  std::size_t first_ = 0;
};

}  // namespace cti::broker
