// ring_threads_test.cpp - the rings between real threads. Run under the thread sanitizer too (suite threads).
#include "ring/doorbell.hpp"
#include "ring/event_log.hpp"
#include "ring/seqlock.hpp"
#include "ring/spsc_bytes.hpp"
#include "ring/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

namespace cti::ring {
namespace {

constexpr std::uint64_t kItems = 200'000;

TEST(RingThreads, SpscRingHandsOverEveryItemInOrder) {
  SpscRing<std::array<std::uint64_t, 4>> ring(64);
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < kItems;) {
      // Batches of one to nine, published together.
      const std::uint64_t before = i;
      for (std::uint64_t n = 1 + i % 9; n > 0 && i < kItems && ring.stage({i, i, i, i}); --n) ++i;
      ring.publish();
      if (i == before) std::this_thread::yield();
    }
  });
  std::uint64_t next = 0;
  std::uint64_t wrong = 0;
  while (next < kItems) {
    const std::size_t count = ring.drain(17, [&](const std::array<std::uint64_t, 4>& item) {
      for (std::uint64_t word : item) wrong += word != next;
      ++next;
    });
    if (count == 0) std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(ring.empty());
}

TEST(RingThreads, SpscRingHandsOverArraysInOrder) {
  SpscRing<std::uint64_t> ring(64);
  std::thread producer([&] {
    std::array<std::uint64_t, 23> items;
    for (std::uint64_t i = 0; i < kItems;) {
      for (std::uint64_t& item : items) item = i + static_cast<std::uint64_t>(&item - &items[0]);
      const std::size_t count =
          ring.stage(std::span<const std::uint64_t>(items).first(std::min(1 + i % 23, kItems - i)));
      ring.publish();
      i += count;
      if (count == 0) std::this_thread::yield();
    }
  });
  std::uint64_t next = 0;
  std::uint64_t wrong = 0;
  while (next < kItems) {
    if (ring.drain(17, [&](std::uint64_t item) { wrong += item != next++; }) == 0) {
      std::this_thread::yield();
    }
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(ring.empty());
}

TEST(RingThreads, SpscBytesHandsOverEveryRecordWhole) {
  SpscBytes ring(1024);
  std::thread producer([&] {
    for (std::uint64_t i = 0; i < kItems;) {
      const std::size_t bytes = 8 + i % 57;
      std::byte* const at = ring.claim(bytes);
      if (at == nullptr) {
        ring.publish();
        std::this_thread::yield();
        continue;
      }
      std::memset(at, static_cast<int>(i & 0xff), bytes);
      ring.commit(bytes);
      if (++i % 5 == 0) ring.publish();
    }
    ring.publish();
  });
  std::uint64_t next = 0;
  std::uint64_t wrong = 0;
  while (next < kItems) {
    const std::size_t count = ring.drain(9, [&](Bytes record) {
      wrong += record.size() != 8 + next % 57;
      for (std::byte b : record) wrong += b != static_cast<std::byte>(next & 0xff);
      ++next;
    });
    if (count == 0) std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
}

TEST(RingThreads, SeqlockReadersNeverSeeHalfASnapshot) {
  Seqlock<std::array<std::uint64_t, 5>> lock;
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  std::atomic<std::uint64_t> torn{0};
  std::atomic<std::uint64_t> seen{0};
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (!stop.load()) {
        const auto got = lock.try_read();
        if (!got.has_value()) continue;
        for (std::uint64_t word : *got) torn += word != (*got)[0];
        torn += (*got)[0] < last;  // never backwards
        last = (*got)[0];
        ++seen;
      }
    });
  }
  std::uint64_t i = 0;
  while (i < 20'000 || seen.load() < 100) ++i, lock.write({i, i, i, i, i});
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn.load(), 0u);
}

// The producer publishes single items with pauses of its own making (it waits until each has been taken), so that the
// sleeper really sleeps between them: a lost wake-up would hang here, and the runner's time-out would say so.
TEST(RingThreads, DoorbellLosesNoWakeUp) {
  SpscRing<std::uint64_t> ring(8);
  Doorbell bell;
  std::atomic<std::uint32_t> wakes{0};  // stands for the reactor's eventfd
  std::atomic<std::uint64_t> taken{0};
  constexpr std::uint64_t kRounds = 20'000;
  std::thread sleeper([&] {
    std::uint32_t heard = 0;
    while (taken.load() < kRounds) {
      bell.announce();
      if (ring.empty()) {
        wakes.wait(heard);
        heard = wakes.load();
      }
      bell.awake();
      taken += ring.drain(8, [](std::uint64_t) {});
    }
  });
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    ASSERT_TRUE(ring.try_push(i));
    bell.ring_if_sleeping([&] {
      ++wakes;
      wakes.notify_one();
    });
    if (i % 3 == 0) {
      while (taken.load() <= i) std::this_thread::yield();
    } else {
      while (i + 1 - taken.load() > 4) std::this_thread::yield();
    }
  }
  sleeper.join();
  EXPECT_EQ(taken.load(), kRounds);
}

/// A record: length, mark in every other byte. Returns whether it is whole.
bool whole(Bytes record, std::uint64_t& mark) {
  mark = load_le<std::uint64_t>(record.data() + 8);
  for (std::size_t i = 16; i + 8 <= record.size(); i += 8) {
    if (load_le<std::uint64_t>(record.data() + i) != mark) return false;
  }
  return true;
}

struct ReaderResult {
  std::uint64_t torn = 0, out_of_order = 0, lapped = 0, wrong_find = 0;
  std::atomic<std::uint64_t> records{0};
};

/// Follows the log, holding some ranges a while as sends in flight do; starts over at the tail when lapped.
void follow(const EventLog& log, EventLog::Gate& gate, const std::atomic<bool>& done, bool lazy,
            ReaderResult& result) {
  Cursor cursor;
  std::uint64_t previous = 0;
  std::uint64_t turns = 0;
  for (;;) {
    const bool last_look = done.load();
    if (lazy && !last_look && ++turns % 64 != 0) {
      std::this_thread::yield();
      continue;
    }
    const LogRead got = cursor.read(log, gate, 2048);
    if (got.status == LogRead::Status::kLapped) {
      ++result.lapped;
      cursor.move_to(log.tail());
      continue;
    }
    if (got.status == LogRead::Status::kCaughtUp) {
      if (last_look) return;
      std::this_thread::yield();
      continue;
    }
    for (Bytes rest = got.bytes; !rest.empty();) {
      const Bytes record = rest.first(load_le<std::uint32_t>(rest.data()));
      std::uint64_t mark = 0;
      result.torn += !whole(record, mark);
      result.out_of_order += mark <= previous;
      previous = mark;
      ++result.records;
      rest = rest.subspan(record.size());
    }
    if (const auto found = log.find_sequence(gate, previous + 1)) {
      result.wrong_find += *found != got.to;
    }
    gate.leave(got.from);
    cursor.advance(got);
  }
}

TEST(RingThreads, M7_EventLogReadersSeeWholeRecordsInOrderOrAreToldTheyWereLapped) {
  auto made = EventLog::create({16384, 2, MirroredMemory::Pages::kPopulate});
  ASSERT_TRUE(made.ok()) << made.error();
  const auto log = std::move(made).value();
  constexpr std::uint64_t kRecords = 100'000;
  std::array<ReaderResult, 2> results;
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (std::uint32_t i = 0; i < 2; ++i) {
    readers.emplace_back([&, i] { follow(*log, log->gate(i), done, i == 1, results[i]); });
  }
  std::uint64_t blocked = 0;
  std::uint64_t next = 1;
  const auto put = [&] {
    const std::size_t bytes = 16 + 8 * (next % 40);
    const MutableBytes at = log->claim(bytes);
    if (at.empty()) {
      ++blocked;
      log->publish();
      std::this_thread::yield();
      return;
    }
    store_le<std::uint64_t>(at.data(), bytes);
    for (std::size_t k = 8; k < bytes; k += 8) store_le<std::uint64_t>(at.data() + k, next);
    log->commit(bytes, next++);
    if (next % 7 == 0) log->publish();
  };
  while (next <= kRecords) {
    for (int i = 0; i < 1000; ++i) put();
    // Now and then let both readers get hold of something, else a fast writer laps them for ever.
    for (const ReaderResult& result : results) {
      for (const std::uint64_t before = result.records.load(); result.records.load() == before;) {
        put();
        log->publish();
        std::this_thread::yield();
      }
    }
  }
  log->publish();
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  for (const ReaderResult& result : results) {
    EXPECT_EQ(result.torn, 0u);
    EXPECT_EQ(result.out_of_order, 0u);
    EXPECT_EQ(result.wrong_find, 0u);
    EXPECT_GT(result.records.load(), 0u);
  }
  EXPECT_EQ(log->claims_blocked(), blocked);
  RecordProperty("lapped", static_cast<int>(results[0].lapped + results[1].lapped));
}

}  // namespace
}  // namespace cti::ring
