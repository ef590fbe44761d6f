// views.hpp - C++20's relaxed, acquire and release as a machine: what a thread may still read is a matter of its view.
//
// Why      a machine with store buffers (explorer.hpp) keeps every thread's stores and loads in order, so that a release
//          or an acquire too few changes nothing there. Here it does.
// Shape    an atomic is the history of its stores, in modification order. A view says, for each atomic, below which store
//          its owner can no longer read. A thread has three:
//            seen       a load may return any store at or above it, a store may go anywhere above it; both raise it
//            promised   of the messages read without acquire: an acquire fence joins it to `seen`
//            released   `seen` at the last release fence: what a relaxed store carries
//          A store is a message (value, view). release carries all of `seen`; acquire joins the message's view.
//          A read-modify-write also hands on the view of the message it read (release sequence), and nothing may come
//          between the two. A seq_cst fence is an acquire and a release fence, and joins a view that all such fences share.
// Races    a view also has a clock for each thread: up to where what that thread did happened before. Plain data that two
//          threads touch, one of them writing, without such an order is a race, whatever was read: plain_read, plain_write.
//          The view of the seq_cst fences keeps no clocks, since C++ lets no happens-before come from those alone.
// Limits   no promises (a load never reads a store that is yet to come), no seq_cst accesses: ring/ has neither.
#pragma once

#include "core/base/check.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cti::model {

class Views {
 public:
  static constexpr std::size_t kThreadsMax = 4;
  static constexpr std::size_t kLocationsMax = 96;
  using Stamp = std::uint32_t;

  struct View {
    std::array<Stamp, kLocationsMax> stamps{};
    std::array<std::uint32_t, kThreadsMax> clocks{};
  };

  /// A new run: no location, and every thread knows all that was done before it.
  void reset() {
    locations_ = 0;
    threads_ = {};
    fences_ = {};
    plain_.clear();
  }

  /// An atomic that the run comes upon. `initial` was stored before the threads began.
  std::size_t add_location(std::uint64_t initial) {
    CTI_CHECK(locations_ < kLocationsMax);
    if (locations_ == histories_.size()) histories_.emplace_back();
    std::vector<Message>& history = histories_[locations_];
    history.clear();
    history.push_back({initial, 0, false, View{}});
    return locations_++;
  }

  // ---- accesses. `back` counts stores from the newest one: 0 is the newest ----

  /// How many of the newest stores the thread may read.
  [[nodiscard]] std::size_t readable(std::size_t thread, std::size_t location) const {
    const std::vector<Message>& history = histories_[location];
    const Stamp least = std::max(threads_[thread].seen.stamps[location],
                                 threads_[thread].arrived.stamps[location]);
    std::size_t count = 1;
    while (count < history.size() && history[history.size() - 1 - count].stamp >= least) ++count;
    return count;
  }

  std::uint64_t load(std::size_t thread, std::size_t location, std::size_t back,
                     std::memory_order order) {
    const std::vector<Message>& history = histories_[location];
    const Message& message = history[history.size() - 1 - back];
    take(threads_[thread], location, message, acquires(order));
    return message.value;
  }

  /// Whether a store of the thread may go between the store `back` and the next newer one.
  [[nodiscard]] bool fits_behind(std::size_t location, std::size_t back) const {
    const std::vector<Message>& history = histories_[location];
    return back == 0 || !history[history.size() - back].bound;
  }

  void store(std::size_t thread, std::size_t location, std::uint64_t value, std::size_t back,
             std::memory_order order) {
    Thread& owner = threads_[thread];
    put(owner, location, value, back, releases(order) ? owner.seen : owner.released, false);
  }

  /// Reads the store `back` and puts its own behind it.
  std::uint64_t exchange(std::size_t thread, std::size_t location, std::uint64_t value,
                         std::size_t back, std::memory_order order) {
    Thread& owner = threads_[thread];
    const std::uint64_t before = load(thread, location, back, order);
    const View handed_on = histories_[location][histories_[location].size() - 1 - back].view;
    View carried = releases(order) ? owner.seen : owner.released;
    join(carried, handed_on);
    put(owner, location, value, back, carried, true);
    return before;
  }

  void fence(std::size_t thread, std::memory_order order) {
    Thread& owner = threads_[thread];
    if (acquires(order)) join(owner.seen, owner.promised);
    if (order == std::memory_order_seq_cst) {
      join_stamps(owner.seen, fences_);
      fences_.stamps = owner.seen.stamps;
    }
    if (releases(order)) owner.released = owner.seen;
  }

  /// Time passes: what has been stored so far arrives at the thread. It reads nothing older from here on, but nothing
  /// happens before anything by that.
  void arrive(std::size_t thread) {
    for (std::size_t at = 0; at < locations_; ++at) {
      threads_[thread].arrived.stamps[at] = histories_[at].back().stamp;
    }
  }

  /// A system call that hands something over, an eventfd say: the caller's view is left there, or taken from there.
  void leave(std::size_t thread, View& at) const { join(at, threads_[thread].seen); }
  void take(std::size_t thread, const View& from) { join(threads_[thread].seen, from); }

  // ---- plain data. False: a race ----

  [[nodiscard]] bool plain_read(std::size_t thread, const void* at) {
    Plain& plain = plain_at(at);
    if (!ordered(thread, plain.wrote)) return false;
    plain.read[thread] = ++threads_[thread].seen.clocks[thread];
    return true;
  }

  [[nodiscard]] bool plain_write(std::size_t thread, const void* at) {
    Plain& plain = plain_at(at);
    if (!ordered(thread, plain.wrote) || !ordered(thread, plain.read)) return false;
    plain.wrote[thread] = ++threads_[thread].seen.clocks[thread];
    return true;
  }

  [[nodiscard]] static bool acquires(std::memory_order order) {
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
  }
  [[nodiscard]] static bool releases(std::memory_order order) {
    return order == std::memory_order_release || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
  }

 private:
  using Clocks = std::array<std::uint32_t, kThreadsMax>;
  struct Message {
    std::uint64_t value;
    Stamp stamp;  // rises along the modification order
    bool bound;   // stored by a read-modify-write that read the message before it
    View view;
  };
  struct Thread {
    View seen, promised, released, arrived;
  };
  struct Plain {
    const void* at;
    Clocks wrote, read;
  };
  static constexpr Stamp kStampStep = 1u << 12;

  void join_stamps(View& into, const View& other) const {
    for (std::size_t at = 0; at < locations_; ++at) {
      into.stamps[at] = std::max(into.stamps[at], other.stamps[at]);
    }
  }
  void join(View& into, const View& other) const {
    join_stamps(into, other);
    for (std::size_t i = 0; i < kThreadsMax; ++i) {
      into.clocks[i] = std::max(into.clocks[i], other.clocks[i]);
    }
  }

  void take(Thread& thread, std::size_t location, const Message& message, bool acquire) {
    Stamp& seen = thread.seen.stamps[location];
    CTI_CHECK(message.stamp >= seen);
    seen = message.stamp;
    join(acquire ? thread.seen : thread.promised, message.view);
  }

  void put(Thread& thread, std::size_t location, std::uint64_t value, std::size_t back,
           const View& carried, bool bound) {
    std::vector<Message>& history = histories_[location];
    CTI_CHECK(fits_behind(location, back));
    const std::size_t behind = history.size() - 1 - back;
    const Stamp lower = history[behind].stamp;
    const Stamp upper = back == 0 ? lower + 2 * kStampStep : history[behind + 1].stamp;
    const Stamp stamp = lower + (upper - lower) / 2;
    CTI_CHECK(lower < stamp && stamp < upper);
    thread.seen.stamps[location] = stamp;
    const auto at = history.begin() + static_cast<std::ptrdiff_t>(behind) + 1;
    history.insert(at, Message{value, stamp, bound, carried})->view.stamps[location] = stamp;
  }

  [[nodiscard]] bool ordered(std::size_t thread, const Clocks& before) const {
    for (std::size_t i = 0; i < kThreadsMax; ++i) {
      if (i != thread && before[i] > threads_[thread].seen.clocks[i]) return false;
    }
    return true;
  }

  Plain& plain_at(const void* at) {
    for (Plain& plain : plain_) {
      if (plain.at == at) return plain;
    }
    return plain_.emplace_back(Plain{at, {}, {}});
  }

  std::size_t locations_ = 0;
  std::vector<std::vector<Message>> histories_;  // the first `locations_` are this run's
  std::array<Thread, kThreadsMax> threads_;
  View fences_;  // of the seq_cst fences; its clocks stay 0
  std::vector<Plain> plain_;
};

}  // namespace cti::model
