// ring_property.cpp - random operations on the rings beside slow, obvious twins. One thread: order between threads is
// the business of tests/model and of the thread sanitizer.
//
// A failure prints its seed; RINGSIDE_SEED=<seed> runs that one alone.
#include "core/random.hpp"
#include "ring/event_log.hpp"
#include "ring/spsc_bytes.hpp"
#include "ring/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace cti::ring {
namespace {

constexpr std::uint64_t kSeeds = 200;
constexpr int kSteps = 2000;

using Dice = core::Random;

/// Runs `body(dice)` for each seed, or for RINGSIDE_SEED alone.
template <class Body>
void for_seeds(const char* name, Body&& body) {
  const char* const only = std::getenv("RINGSIDE_SEED");
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t last = only != nullptr ? first : kSeeds;
  for (std::uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed) + "; replay: RINGSIDE_SEED=" +
                 std::to_string(seed) + " ring_property --gtest_filter=RingProperty." + name);
    Dice dice(seed);
    body(dice);
  }
}

TEST(RingProperty, SpscRingIsABoundedQueue) {
  for_seeds("SpscRingIsABoundedQueue", [](Dice& dice) {
    SpscRing<std::uint64_t> ring(1 + dice.below(20));
    std::deque<std::uint64_t> shown;
    std::deque<std::uint64_t> staged;
    std::uint64_t next = 0;
    for (int i = 0; i < kSteps; ++i) {
      const bool room = shown.size() + staged.size() < ring.capacity();
      switch (dice.below(5)) {
        case 0:
          ASSERT_EQ(ring.stage(next), room);
          if (room) staged.push_back(next++);
          break;
        case 1:
          ASSERT_EQ(ring.try_push(next), room);
          if (!room) break;
          staged.push_back(next++);
          shown.insert(shown.end(), staged.begin(), staged.end());
          staged.clear();
          break;
        case 2: {
          std::vector<std::uint64_t> items(dice.below(9));
          std::iota(items.begin(), items.end(), next);
          const std::size_t taken =
              std::min(items.size(), ring.capacity() - shown.size() - staged.size());
          ASSERT_EQ(ring.stage(std::span<const std::uint64_t>(items)), taken);
          staged.insert(staged.end(), items.begin(),
                        items.begin() + static_cast<std::ptrdiff_t>(taken));
          next += taken;
          break;
        }
        case 3:
          ring.publish();
          shown.insert(shown.end(), staged.begin(), staged.end());
          staged.clear();
          break;
        default: {
          const std::size_t limit = dice.below(8);
          const std::size_t expected = std::min(limit, shown.size());
          ASSERT_EQ(ring.drain(limit,
                               [&](std::uint64_t item) {
                                 EXPECT_EQ(item, shown.front());
                                 shown.pop_front();
                               }),
                    expected);
        }
      }
      ASSERT_EQ(ring.empty(), shown.empty());
    }
  });
}

/// The twin of spsc_bytes knows the records; whether one fits it works out from their sizes and the seam.
struct BytesTwin {
  std::deque<std::string> shown, staged;
  std::uint64_t head = 0, tail = 0;  // positions as the ring counts them
  std::size_t capacity = 0;

  static std::uint64_t stride(std::size_t bytes) { return 8 + (bytes + 7) / 8 * 8; }
  std::uint64_t padding(std::uint64_t at, std::size_t bytes) const {
    const std::uint64_t to_end = capacity - at % capacity;
    return stride(bytes) <= to_end ? 0 : to_end;
  }
  bool fits(std::size_t bytes) const {
    return tail + padding(tail, bytes) + stride(bytes) - head <= capacity;
  }
  void put(const std::string& record, std::size_t claimed) {
    tail += padding(tail, claimed) + stride(record.size());
    staged.push_back(record);
    claims.push_back(claimed);
  }
  std::string take() {
    std::string record = shown.front();
    shown.pop_front();
    head += padding(head, claims.front()) + stride(record.size());
    claims.pop_front();
    return record;
  }
  std::deque<std::size_t> claims;  // what was claimed for each record decides its padding
};

TEST(RingProperty, SpscBytesIsABoundedQueueOfByteStrings) {
  for_seeds("SpscBytesIsABoundedQueueOfByteStrings", [](Dice& dice) {
    SpscBytes ring(64 << dice.below(4));
    BytesTwin twin;
    twin.capacity = ring.capacity();
    for (int i = 0; i < kSteps; ++i) {
      switch (dice.below(4)) {
        case 0:
        case 1: {
          const std::size_t claimed = dice.below(ring.record_bytes_max() + 1);
          std::byte* const at = ring.claim(claimed);
          // The twin's head may run ahead of the ring's by padding that the consumer has not stepped over yet.
          if (at == nullptr) {
            ASSERT_FALSE(twin.fits(claimed)) << "room was there for " << claimed;
            break;
          }
          if (dice.below(10) == 0) {
            ring.abort();
            break;
          }
          const std::string record(dice.below(claimed + 1),
                                   static_cast<char>('a' + dice.below(26)));
          std::memcpy(at, record.data(), record.size());
          ring.commit(record.size());
          twin.put(record, claimed);
          ASSERT_LE(twin.tail - twin.head, twin.capacity) << "more was taken than there is";
          break;
        }
        case 2:
          ring.publish();
          twin.shown.insert(twin.shown.end(), twin.staged.begin(), twin.staged.end());
          twin.staged.clear();
          break;
        default:
          if (dice.below(2) == 0) {
            ring.drain(dice.below(5), [&](Bytes record) {
              ASSERT_FALSE(twin.shown.empty());
              EXPECT_EQ(as_text(record), twin.take());
            });
          } else if (!twin.shown.empty()) {
            ASSERT_EQ(as_text(ring.front()), twin.shown.front());
            ring.release();
            twin.take();
          }
      }
      ASSERT_EQ(ring.empty(), twin.shown.empty());
    }
  });
}

/// The log's twin keeps every record ever written, and who holds what.
struct LogTwin {
  struct Record {
    Position at;
    std::uint64_t sequence;
    std::uint32_t bytes;
  };
  std::vector<Record> records;
  Position published = 0;
  std::multimap<Position, std::uint32_t> holds;  // position -> gate

  std::size_t index_at(Position position) const {
    std::size_t i = 0;
    while (i < records.size() && records[i].at < position) ++i;
    return i;
  }
};

class LogRun {
 public:
  explicit LogRun(Dice& dice)
      : dice_(dice),
        log_(EventLog::create({4096, 3, MirroredMemory::Pages::kLazy}).value()),
        cursors_(3) {}

  void run() {
    for (int i = 0; i < kSteps && !testing::Test::HasFailure(); ++i) {
      const auto gate = static_cast<std::uint32_t>(dice_.below(3));
      switch (dice_.below(8)) {
        case 0:
        case 1:
        case 2:
          write();
          break;
        case 3:
          publish();
          break;
        case 4:
        case 5:
          read(gate);
          break;
        case 6:
          leave();
          break;
        default:
          search(gate);
      }
    }
    while (!twin_.holds.empty()) leave();
    for (std::uint32_t g = 0; g < 3; ++g) EXPECT_EQ(log_->gate(g).lowest(), kNoHold);
  }

 private:
  static std::byte mark(std::uint64_t sequence) { return static_cast<std::byte>(sequence % 251); }

  void write() {
    const std::size_t claimed = 8 + 8 * dice_.below(80);
    const std::uint64_t blocked = log_->claims_blocked();
    const MutableBytes at = log_->claim(claimed);
    if (at.empty()) {
      ASSERT_EQ(log_->claims_blocked(), blocked + 1);
      // Only a hold, or an unpublished lap, may be in the way: no reader that merely lags behind. One segment of
      // caution (128 bytes) is allowed.
      const Position end = log_->next_position() + claimed;
      const Position lowest = twin_.holds.empty()
                                  ? twin_.published
                                  : std::min(twin_.published, twin_.holds.begin()->first);
      ASSERT_GT(end, lowest / 128 * 128 + 4096);
      return;
    }
    if (dice_.below(8) == 0) return log_->abort();
    const auto bytes = static_cast<std::uint32_t>(8 + 8 * dice_.below(claimed / 8));
    if (dice_.below(50) == 0) sequence_ += dice_.below(5);
    std::memset(at.data(), static_cast<int>(mark(++sequence_)), bytes);
    store_le<std::uint32_t>(at.data(), bytes);
    twin_.records.push_back({log_->next_position(), sequence_, bytes});
    log_->commit(bytes, sequence_);
    for (const auto& [position, gate] : twin_.holds) {
      ASSERT_LE(log_->next_position(), position + 4096) << "a held byte was overwritten";
    }
  }

  void publish() {
    log_->publish();
    twin_.published = log_->next_position();
    ASSERT_EQ(log_->tail(), twin_.published);
  }

  void read(std::uint32_t gate) {
    const std::size_t limit = dice_.below(1500);
    const LogRead got = cursors_[gate].read(*log_, log_->gate(gate), limit);
    const Position from = cursors_[gate].position();
    if (got.status == LogRead::Status::kCaughtUp) {
      ASSERT_EQ(from, twin_.published);
      return;
    }
    if (got.status == LogRead::Status::kLapped) {
      ASSERT_LT(from, log_->head());
      cursors_[gate].move_to(twin_.published);
      return;
    }
    ASSERT_EQ(got.from, from);
    twin_.holds.emplace(got.from, gate);
    check_records(got, limit);
    cursors_[gate].advance(got);
  }

  void check_records(const LogRead& got, std::size_t limit) {
    Position at = got.from;
    std::size_t count = 0;
    for (std::size_t i = twin_.index_at(got.from); at < got.to; ++i, ++count) {
      ASSERT_LT(i, twin_.records.size());
      const LogTwin::Record& expected = twin_.records[i];
      ASSERT_EQ(expected.at, at);
      const Bytes bytes = got.bytes.subspan(at - got.from, expected.bytes);
      ASSERT_EQ(load_le<std::uint32_t>(bytes.data()), expected.bytes);
      for (std::size_t b = 4; b < bytes.size(); ++b) ASSERT_EQ(bytes[b], mark(expected.sequence));
      at += expected.bytes;
    }
    ASSERT_EQ(at, got.to);
    ASSERT_LE(got.to, twin_.published);
    ASSERT_TRUE(count == 1 || got.to - got.from <= limit);
  }

  void leave() {
    if (twin_.holds.empty()) return;
    auto it = twin_.holds.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(dice_.below(twin_.holds.size())));
    log_->gate(it->second).leave(it->first);
    twin_.holds.erase(it);
  }

  void search(std::uint32_t gate) {
    const std::uint64_t back = dice_.below(60);
    const std::uint64_t sequence = sequence_ + 3 > back ? sequence_ + 3 - back : 0;
    const auto found = log_->find_sequence(log_->gate(gate), sequence);
    const LogTwin::Record* there = nullptr;
    std::uint64_t last = 0;
    for (const LogTwin::Record& record : twin_.records) {
      if (record.at >= twin_.published) break;
      last = record.sequence;
      if (record.sequence == sequence) there = &record;
    }
    if (found.has_value() && there != nullptr) {
      ASSERT_EQ(*found, there->at);
    }
    if (found.has_value() && there == nullptr) {
      ASSERT_EQ(sequence, last + 1);
      ASSERT_EQ(*found, twin_.published);
    }
    if (found.has_value() || there == nullptr) return;
    // Not found though it was written: only what lies near the old end, where the index is coarse, may be missing.
    ASSERT_LT(there->at, log_->head() + 1024) << "sequence " << sequence;
  }

  Dice& dice_;
  std::unique_ptr<EventLog> log_;
  LogTwin twin_;
  std::vector<Cursor> cursors_;
  std::uint64_t sequence_ = 0;
};

TEST(RingProperty, M7_EventLogIsAWindowOnEverythingEverWritten) {
  for_seeds("M7_EventLogIsAWindowOnEverythingEverWritten", [](Dice& dice) { LogRun(dice).run(); });
}

}  // namespace
}  // namespace cti::ring
