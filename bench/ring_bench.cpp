// ring_bench.cpp - the rings between two threads, beside boost's, moodycamel's and a mutex with a deque.
//
// Cases    throughput: one producer at full speed, one consumer that looks at every item; 8, 64 and 256 bytes.
//          round trip: a number there and back over two rings, one at a time; 8, 64 and 256 bytes.
//          Per item, per turn (staged, shown every 64), in batches (64 slots or an array at once): like beside like.
//          event_log: 256-byte records, published once per turn of 64; with nobody, and with one reader following.
// Check    every case counts what came through and sums the numbers in it; a wrong sum ends the program.
// Smoke    RINGSIDE_BENCH=smoke makes the sizes small (tests run it so); else they are real. Placement: the producer
//          on CPU 0, the consumer on CPU 1, where the machine lets us pin.
#include "core/base/check.hpp"
#include "ring/event_log.hpp"
#include "ring/spsc_bytes.hpp"
#include "ring/spsc_ring.hpp"

#include <benchmark/benchmark.h>
#include <concurrentqueue/concurrentqueue.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>
#include <span>
#include <thread>

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#include <boost/lockfree/spsc_queue.hpp>
#define RINGSIDE_BENCH_BOOST 1
#endif
#if __has_include(<readerwriterqueue/readerwriterqueue.h>)
#include <readerwriterqueue/readerwriterqueue.h>
#define RINGSIDE_BENCH_READERWRITER 1
#endif

namespace cti::bench {
namespace {

constexpr std::size_t kSlots = 4096;
constexpr std::size_t kTurn = 64;  // items per publication where publication is the caller's

bool smoke() {
  const char* const text = std::getenv("RINGSIDE_BENCH");
  return text != nullptr && std::string_view(text) == "smoke";
}
std::uint64_t items() { return smoke() ? 20'000 : 5'000'000; }
std::uint64_t trips() { return smoke() ? 2'000 : 1'000'000; }

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof set, &set);  // no permission, or one CPU: unpinned
}

template <std::size_t kBytes>
struct Item {
  std::array<std::uint64_t, kBytes / 8> words{};
  static Item of(std::uint64_t number) {
    Item item;
    item.words.fill(number);
    return item;
  }
};

// Each queue: push(item) waits for room, pop(take) hands over what is there, finish() shows the rest.

template <class T>
struct OursPerTurn {
  ring::SpscRing<T> queue{kSlots};
  std::size_t staged = 0;
  void push(const T& item) {
    while (!queue.stage(item)) queue.publish();
    if (++staged % kTurn == 0) queue.publish();
  }
  void finish() { queue.publish(); }
  template <class Take>
  void pop(Take&& take) {
    queue.drain(1024, take);
  }
};

template <class T>
struct OursPerItem {
  ring::SpscRing<T> queue{kSlots};
  void push(const T& item) {
    while (!queue.try_push(item)) {
    }
  }
  void finish() {}
  template <class Take>
  void pop(Take&& take) {
    queue.drain(1024, take);
  }
};

/// An array pushed at once, as boost can too.
template <class T>
struct OursBatch {
  ring::SpscRing<T> queue{kSlots};
  std::array<T, kTurn> batch;
  std::size_t count = 0;
  void push(const T& item) {
    batch[count++] = item;
    if (count == kTurn) finish();
  }
  void finish() {
    for (std::size_t done = 0; done < count;) {
      done += queue.stage(std::span<const T>(batch).subspan(done, count - done));
      queue.publish();
    }
    count = 0;
  }
  template <class Take>
  void pop(Take&& take) {
    queue.drain(1024, take);
  }
};

template <class T>
struct OursBytes {
  ring::BasicSpscBytes<> queue{kSlots * (sizeof(T) + 8)};
  std::size_t staged = 0;
  void push(const T& item) {
    std::byte* at = queue.claim(sizeof(T));
    for (; at == nullptr; at = queue.claim(sizeof(T))) queue.publish();
    std::memcpy(at, &item, sizeof(T));
    queue.commit(sizeof(T));
    if (++staged % kTurn == 0) queue.publish();
  }
  void finish() { queue.publish(); }
  template <class Take>
  void pop(Take&& take) {
    queue.drain(1024, [&](Bytes record) { take(*reinterpret_cast<const T*>(record.data())); });
  }
};

#ifdef RINGSIDE_BENCH_BOOST
template <class T>
struct Boost {
  boost::lockfree::spsc_queue<T, boost::lockfree::capacity<kSlots>> queue;
  void push(const T& item) {
    while (!queue.push(item)) {
    }
  }
  void finish() {}
  template <class Take>
  void pop(Take&& take) {
    queue.consume_all(take);
  }
};

/// Boost's own batch: an array pushed at once, the nearest to publication per turn.
template <class T>
struct BoostBatch {
  boost::lockfree::spsc_queue<T, boost::lockfree::capacity<kSlots>> queue;
  std::array<T, kTurn> batch;
  std::size_t count = 0;
  void push(const T& item) {
    batch[count++] = item;
    if (count == kTurn) finish();
  }
  void finish() {
    for (std::size_t done = 0; done < count;) done += queue.push(batch.data() + done, count - done);
    count = 0;
  }
  template <class Take>
  void pop(Take&& take) {
    queue.consume_all(take);
  }
};
#endif

#ifdef RINGSIDE_BENCH_READERWRITER
template <class T>
struct ReaderWriter {
  moodycamel::ReaderWriterQueue<T> queue{kSlots};
  void push(const T& item) {
    while (!queue.try_enqueue(item)) {
    }
  }
  void finish() {}
  template <class Take>
  void pop(Take&& take) {
    for (T item; queue.try_dequeue(item);) take(item);
  }
};
#endif

template <class T>
struct Moodycamel {
  moodycamel::ConcurrentQueue<T> queue{kSlots};
  moodycamel::ProducerToken producer{queue};
  moodycamel::ConsumerToken consumer{queue};
  std::array<T, kTurn> batch;
  void push(const T& item) {
    while (!queue.try_enqueue(producer, item)) {
    }
  }
  void finish() {}
  template <class Take>
  void pop(Take&& take) {
    const std::size_t count = queue.try_dequeue_bulk(consumer, batch.data(), batch.size());
    for (std::size_t i = 0; i < count; ++i) take(batch[i]);
  }
};

template <class T>
struct MutexDeque {
  std::mutex mutex;
  std::deque<T> queue;
  void push(const T& item) {
    for (;;) {
      const std::lock_guard lock(mutex);
      if (queue.size() == kSlots) continue;
      queue.push_back(item);
      return;
    }
  }
  void finish() {}
  template <class Take>
  void pop(Take&& take) {
    const std::lock_guard lock(mutex);
    for (; !queue.empty(); queue.pop_front()) take(queue.front());
  }
};

/// Takes `count` items and returns the sum of their numbers. Its own function with its own variables: counters captured
/// from the producer's frame would share a line with the producer's, and that, not the queue, would be measured.
template <class T, class Queue>
[[gnu::noinline]] std::uint64_t consume(Queue& queue, std::uint64_t count) {
  std::uint64_t seen = 0;
  std::uint64_t sum = 0;
  while (seen < count) {
    queue.pop([&](const T& item) {
      sum += item.words.back();
      ++seen;
    });
  }
  return sum;
}

template <class T, class Queue>
[[gnu::noinline]] void produce(Queue& queue, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) queue.push(T::of(i));
  queue.finish();
}

template <class Queue, class T>
void throughput(benchmark::State& state) {
  const std::uint64_t count = items();
  for (auto _ : state) {
    const auto owned = std::make_unique<Queue>();
    std::atomic<bool> ready{false};
    std::uint64_t sum = 0;
    std::thread consumer([&, queue = owned.get()] {
      pin(1);
      ready.store(true);
      sum = consume<T>(*queue, count);
    });
    pin(0);
    while (!ready.load()) std::this_thread::yield();
    const auto begin = std::chrono::steady_clock::now();
    produce<T>(*owned, count);
    consumer.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(took.count());
    CTI_CHECK(sum == count * (count - 1) / 2);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}

/// Sends `count` back as they come.
template <class T, class Queue>
[[gnu::noinline]] void echo(Queue& there, Queue& back, std::uint64_t count) {
  std::uint64_t seen = 0;
  while (seen < count) {
    there.pop([&](const T& item) {
      back.push(item);
      back.finish();
      ++seen;
    });
  }
}

/// One number there and back, `count` times; returns the sum of what came back.
template <class T, class Queue>
[[gnu::noinline]] std::uint64_t call(Queue& there, Queue& back, std::uint64_t count) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    there.push(T::of(i));
    there.finish();
    bool got = false;
    while (!got) {
      back.pop([&](const T& item) {
        sum += item.words.back();
        got = true;
      });
    }
  }
  return sum;
}

template <class Queue, class T>
void round_trip(benchmark::State& state) {
  const std::uint64_t count = trips();
  for (auto _ : state) {
    const auto there = std::make_unique<Queue>();
    const auto back = std::make_unique<Queue>();
    std::atomic<bool> ready{false};
    std::thread far([&ready, count, to = there.get(), from = back.get()] {
      pin(1);
      ready.store(true);
      echo<T>(*to, *from, count);
    });
    pin(0);
    while (!ready.load()) std::this_thread::yield();
    const auto begin = std::chrono::steady_clock::now();
    const std::uint64_t sum = call<T>(*there, *back, count);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    far.join();
    state.SetIterationTime(took.count());
    CTI_CHECK(sum == count * (count - 1) / 2);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}

/// Copies a record of 256 bytes and numbers it in place. (Built on the stack and copied at once it would measure how the
/// processor waits for its own small stores before it can read them in large pieces: 33 ns, three times the rest.)
void put_record(ring::EventLog& log, std::uint64_t number) {
  constexpr std::size_t kBytes = 256;
  MutableBytes at = log.claim(kBytes);
  while (at.empty()) {
    log.publish();
    at = log.claim(kBytes);
  }
  static const Item<kBytes> record = Item<kBytes>::of(kBytes);
  std::memcpy(at.data(), &record, kBytes);
  store_le<std::uint64_t>(at.data() + 8, number);
  store_le<std::uint64_t>(at.data() + 248, number);
  log.commit(kBytes, number);
}

struct Followed {
  std::uint64_t torn = 0;
  std::uint64_t lapped = 0;
};

/// Reads the first and the last number of every record, in ranges of up to 16 KiB.
[[gnu::noinline]] Followed follow(const ring::EventLog& log, ring::LogGate& gate,
                                  const std::atomic<bool>& done) {
  Followed result;
  ring::Cursor cursor;
  for (;;) {
    const bool last = done.load(std::memory_order_acquire);
    const ring::LogRead got = cursor.read(log, gate, 16384);
    if (got.status == ring::LogRead::Status::kCaughtUp && last) return result;
    if (got.status == ring::LogRead::Status::kLapped) {
      cursor.move_to(log.tail());
      ++result.lapped;
    }
    if (got.status != ring::LogRead::Status::kRange) continue;
    for (ring::Position at = 0; at < got.bytes.size(); at += 256) {
      const auto first = load_le<std::uint64_t>(got.bytes.data() + at + 8);
      result.torn += first != load_le<std::uint64_t>(got.bytes.data() + at + 248);
    }
    gate.leave(got.from);
    cursor.advance(got);
  }
}

[[gnu::noinline]] void write_records(ring::EventLog& log, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    put_record(log, i);
    if (i % kTurn == kTurn - 1) log.publish();
  }
  log.publish();
}

void event_log(benchmark::State& state) {
  const std::uint64_t count = items();
  const bool followed = state.range(0) != 0;
  double lapped = 0;
  for (auto _ : state) {
    const auto log = ring::EventLog::create({std::size_t{1} << 20, 1}).value();
    std::atomic<bool> done{false};
    std::atomic<bool> ready{false};
    Followed result;
    std::thread reader([&, from = log.get()] {
      pin(1);
      ready.store(true);
      if (followed) result = follow(*from, from->gate(0), done);
    });
    pin(0);
    while (!ready.load()) std::this_thread::yield();
    const auto begin = std::chrono::steady_clock::now();
    write_records(*log, count);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    done.store(true, std::memory_order_release);
    reader.join();
    state.SetIterationTime(took.count());
    CTI_CHECK(result.torn == 0);
    lapped += static_cast<double>(result.lapped);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
  state.counters["lapped"] = benchmark::Counter(lapped, benchmark::Counter::kAvgIterations);
}

template <template <class> class Queue>
void add(const std::string& name) {
  const auto one = [&](const std::string& what, auto function) {
    benchmark::RegisterBenchmark((what + "/" + name).c_str(), function)
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(smoke() ? 1 : 7)
        ->DisplayAggregatesOnly(!smoke());
  };
  one("throughput_8", throughput<Queue<Item<8>>, Item<8>>);
  one("throughput_64", throughput<Queue<Item<64>>, Item<64>>);
  one("throughput_256", throughput<Queue<Item<256>>, Item<256>>);
  one("round_trip_8", round_trip<Queue<Item<8>>, Item<8>>);
  one("round_trip_64", round_trip<Queue<Item<64>>, Item<64>>);
  one("round_trip_256", round_trip<Queue<Item<256>>, Item<256>>);
}

}  // namespace
}  // namespace cti::bench

int main(int argc, char** argv) {
  using namespace cti::bench;
  benchmark::Initialize(&argc, argv);
  add<OursPerTurn>("spsc_ring_per_turn");
  add<OursPerItem>("spsc_ring");
  add<OursBatch>("spsc_ring_batch");
  add<OursBytes>("spsc_bytes_per_turn");
#ifdef RINGSIDE_BENCH_BOOST
  add<Boost>("boost_spsc_queue");
  add<BoostBatch>("boost_spsc_queue_batch");
#endif
#ifdef RINGSIDE_BENCH_READERWRITER
  add<ReaderWriter>("moodycamel_readerwriter");
#endif
  add<Moodycamel>("moodycamel_concurrent");
  add<MutexDeque>("mutex_deque");
  for (const int followed : {0, 1}) {
    benchmark::RegisterBenchmark(followed != 0 ? "event_log_256/followed" : "event_log_256/alone",
                                 event_log)
        ->Arg(followed)
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(smoke() ? 1 : 7)
        ->DisplayAggregatesOnly(!smoke());
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
