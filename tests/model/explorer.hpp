// explorer.hpp - runs two or three short threads in every order, up to a number of deviations.
//
// Why      a race that the operating system shows once in a million runs is one branch of a small tree here.
// Shape    the threads are coroutines on one real thread. Their atomics ask the explorer at every access who goes on. A
//          run is a list of choices; depth-first search over the lists, each run from the start, visits every order
//          whose choices differ from "just go on" at most `deviations_max` times (a preemption, a store that stays in
//          its core for a while, a load that returns an older store).
// Memory   one of two. Scheduled<T>, below: total store order, as x86. A store may wait in its thread's buffer while that
//          thread's later loads go ahead; fences, exchanges and seq_cst stores empty the buffer. Viewed<T> (viewed.hpp):
//          C++20's release and acquire, weaker than any machine; there each order too weak is found.
// Progress a thread that cannot go on parks with a condition. When nobody can go on, or a run takes too many steps,
//          its outcome is kStuck.
// Outcome  what the scenario's verdict says after a run, as text; compared with a table that has a reason per line.
#pragma once

#include "core/base/check.hpp"
#include "ring/fence.hpp"
#include "tests/model/views.hpp"

#include <ucontext.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace cti::model {

inline constexpr const char* kStuck = "stuck";
/// Two threads at one piece of plain data, unordered.
inline constexpr const char* kRace = "race";

/// Whose rules hold: see the top of the file.
enum class Memory { kStoreBuffers, kViews };

/// One run's threads and what to say about it afterwards. Made anew for every run.
struct Scenario {
  std::vector<std::function<void()>> threads;
  std::function<std::string()> verdict;
  /// What must hold after every shared access: nullptr, or what is broken, which ends the run as its outcome.
  std::function<const char*()> invariant = nullptr;
};

class Explorer {
 public:
  struct Limits {
    std::uint32_t deviations_max = 3;
    std::uint32_t steps_max = 3000;      ///< of one run
    std::uint64_t runs_max = 5'000'000;  ///< reaching it is a failed search: see exhausted()
  };

  Explorer() = default;
  explicit Explorer(Limits limits, Memory memory = Memory::kStoreBuffers)
      : limits_(limits), memory_(memory) {}

  using Outcomes = std::map<std::string, std::uint64_t>;

  /// Every outcome and in how many runs it came. Ends early, not exhausted, with one that `enough` accepts.
  Outcomes explore(const std::function<Scenario()>& make,
                   const std::function<bool(const std::string&)>& enough = nullptr) {
    Outcomes outcomes;
    choices_.clear();
    runs_ = 0;
    exhausted_ = false;
    do {
      const std::string outcome = run_once(make());
      ++outcomes[outcome];
      if (++runs_ == limits_.runs_max || (enough && enough(outcome))) return outcomes;
    } while (next_choices());
    exhausted_ = true;
    return outcomes;
  }

  [[nodiscard]] std::uint64_t runs() const { return runs_; }
  [[nodiscard]] bool exhausted() const { return exhausted_; }

  /// The explorer at work, or nullptr: then Scheduled<T> is a plain variable.
  static Explorer*& current() {
    static Explorer* explorer = nullptr;
    return explorer;
  }

  // ---- called by the threads, through their atomics and the functions below ----

  /// Anybody may go on from here, and any waiting store may reach memory.
  void step() {
    if (++steps_ > limits_.steps_max) give_up();
    if (invariant_) {
      if (const char* const broken = invariant_()) end_run(broken);
    }
    flush_some();
    if (deviations_ == limits_.deviations_max) return;
    const Others next = runnable_others();
    const std::size_t chosen = deviate(next.count + 1);
    if (chosen != 0) switch_to(next.index[chosen - 1]);
  }

  /// Lets somebody else go on, if anybody can, at no cost: what a loop that tries again does in between.
  void yield() {
    if (++steps_ > limits_.steps_max) give_up();
    flush();  // time passes
    if (memory_ == Memory::kViews) views_.arrive(active_);
    const Others next = runnable_others();
    if (next.count > 0) switch_to(next.index[choose(next.count)]);
  }

  /// Waits until `ready` holds; the others go on meanwhile at no cost.
  void park(std::function<bool()> ready) {
    threads_[active_]->ready = std::move(ready);
    while (!runnable(active_)) {
      if (++steps_ > limits_.steps_max) give_up();
      flush_some();
      const Others next = runnable_others();
      if (next.count > 0) {
        switch_to(next.index[choose(next.count)]);
      } else if (!flush_oldest_anywhere() && !runnable(active_)) {
        give_up();
      }
    }
    threads_[active_]->ready = nullptr;
  }

  /// One of `count` ways to go on, of which 0 is the usual one and every other a deviation.
  std::size_t deviate(std::size_t count) {
    if (count == 1 || uninterrupted_ || deviations_ == limits_.deviations_max) return 0;
    const std::size_t chosen = choose(count);
    if (chosen != 0) ++deviations_;
    return chosen;
  }

  /// While it is set nobody deviates: for the long way to where a scenario becomes interesting.
  void uninterrupted(bool set) {
    flush();
    uninterrupted_ = set;
  }

  /// The run ends here and now, and this is its outcome.
  [[noreturn]] void end_run(const char* outcome) {
    cut_short_ = outcome;
    ::setcontext(&outside_);
    std::abort();
  }

  [[nodiscard]] std::size_t active() const { return active_; }
  /// Unlike any other run of the process: by it an atomic knows that its location is of an earlier one.
  [[nodiscard]] std::uint64_t run_id() const { return run_id_; }
  [[nodiscard]] Memory memory() const { return memory_; }
  Views& views() { return views_; }

  std::uint64_t load(const std::uint64_t* cell) {
    std::uint64_t value = *cell;
    for (const Store& store : threads_[active_]->buffer) {
      if (store.cell == cell) value = store.value;
    }
    return value;
  }

  void store(std::uint64_t* cell, std::uint64_t value) {
    auto& buffer = threads_[active_]->buffer;
    // Stores leave in order: behind a waiting one this one waits too.
    if (buffer.empty()) {
      if (deviate(2) == 0) {
        *cell = value;
        return;
      }
    }
    buffer.push_back({cell, value});
  }

  void flush() {
    while (flush_oldest(active_)) {
    }
  }

 private:
  static constexpr std::size_t kThreadsMax = Views::kThreadsMax;
  static constexpr std::size_t kStackBytes = 256 * 1024;
  struct Store {
    std::uint64_t* cell;
    std::uint64_t value;
  };
  struct Thread {
    std::function<void()> body;
    std::function<bool()> ready;
    std::deque<Store> buffer;
    ucontext_t context{};
    bool done = false;
  };
  struct Others {  // no heap: a run that is given up leaves its stacks as they are
    std::array<std::size_t, kThreadsMax> index{};
    std::size_t count = 0;
  };
  struct Choice {
    std::size_t taken;
    std::size_t count;
  };

  std::string run_once(Scenario scenario) {
    at_ = 0;
    steps_ = 0;
    deviations_ = 0;
    cut_short_ = nullptr;
    uninterrupted_ = false;
    static std::uint64_t runs_of_all = 0;
    run_id_ = ++runs_of_all;
    if (memory_ == Memory::kViews) views_.reset();
    while (stacks_.size() < scenario.threads.size()) {
      stacks_.push_back(std::make_unique<std::byte[]>(kStackBytes));
    }
    CTI_CHECK(scenario.threads.size() <= kThreadsMax);
    for (auto& body : scenario.threads) prepare(std::move(body));
    invariant_ = std::move(scenario.invariant);
    current() = this;
    active_ = choose(threads_.size());
    ::swapcontext(&outside_, &threads_[active_]->context);
    for (auto& thread : threads_) {
      for (const Store& store : thread->buffer) *store.cell = store.value;
    }
    current() = nullptr;
    threads_.clear();
    invariant_ = nullptr;
    return cut_short_ != nullptr ? cut_short_ : scenario.verdict();
  }

  void prepare(std::function<void()> body) {
    auto thread = std::make_unique<Thread>();
    thread->body = std::move(body);
    CTI_CHECK(::getcontext(&thread->context) == 0);
    thread->context.uc_stack.ss_sp = stacks_[threads_.size()].get();
    thread->context.uc_stack.ss_size = kStackBytes;
    thread->context.uc_link = nullptr;
    ::makecontext(&thread->context, &Explorer::enter, 0);
    threads_.push_back(std::move(thread));
  }

  static void enter() {
    Explorer& self = *current();
    self.threads_[self.active_]->body();
    self.finish();
  }

  /// The active thread has ended: somebody else goes on, or the run is over.
  [[noreturn]] void finish() {
    flush();
    threads_[active_]->done = true;
    for (;;) {
      const Others next = runnable_others();
      if (next.count > 0) {
        active_ = next.index[choose(next.count)];
        ::setcontext(&threads_[active_]->context);
      }
      if (flush_oldest_anywhere()) continue;
      for (const auto& thread : threads_) {
        if (!thread->done) cut_short_ = kStuck;
      }
      ::setcontext(&outside_);
      std::abort();
    }
  }

  [[noreturn]] void give_up() { end_run(kStuck); }

  bool runnable(std::size_t index) const {
    const Thread& thread = *threads_[index];
    return !thread.done && (!thread.ready || thread.ready());
  }

  Others runnable_others() const {
    Others others;
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      if (i != active_ && runnable(i)) others.index[others.count++] = i;
    }
    return others;
  }

  void switch_to(std::size_t index) {
    const std::size_t from = active_;
    active_ = index;
    ::swapcontext(&threads_[from]->context, &threads_[index]->context);
  }

  /// Stores of the others that still wait may reach memory here, oldest first; how many do is a choice. The active
  /// thread's own need no choice: it sees them anyway, and the others are asked about them when they go on.
  void flush_some() {
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      while (i != active_ && !threads_[i]->buffer.empty() && choose(2) == 1) flush_oldest(i);
    }
  }

  bool flush_oldest(std::size_t index) {
    auto& buffer = threads_[index]->buffer;
    if (buffer.empty()) return false;
    *buffer.front().cell = buffer.front().value;
    buffer.pop_front();
    return true;
  }

  bool flush_oldest_anywhere() {
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      if (flush_oldest(i)) return true;
    }
    return false;
  }

  std::size_t choose(std::size_t count) {
    if (count == 1) return 0;
    if (at_ == choices_.size()) choices_.push_back({0, count});
    CTI_CHECK(choices_[at_].count == count);  // a scenario must be a pure function of the choices
    return choices_[at_++].taken;
  }

  bool next_choices() {
    while (!choices_.empty() && choices_.back().taken + 1 == choices_.back().count) {
      choices_.pop_back();
    }
    if (choices_.empty()) return false;
    ++choices_.back().taken;
    return true;
  }

  const Limits limits_{};
  const Memory memory_ = Memory::kStoreBuffers;
  std::vector<Choice> choices_;
  std::size_t at_ = 0;
  std::uint64_t runs_ = 0;
  bool exhausted_ = false;

  std::function<const char*()> invariant_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<std::unique_ptr<std::byte[]>> stacks_;
  ucontext_t outside_{};
  std::size_t active_ = 0;
  std::uint32_t steps_ = 0;
  std::uint32_t deviations_ = 0;
  bool uninterrupted_ = false;
  const char* cut_short_ = nullptr;  // the outcome of a run that does not come to its verdict
  std::uint64_t run_id_ = 0;
  Views views_;
};

/// A place between two plain accesses where somebody else may come in.
inline void step() {
  if (Explorer* explorer = Explorer::current()) explorer->step();
}

/// Between two attempts of a loop that tries until it gets through.
inline void yield() {
  if (Explorer* explorer = Explorer::current()) explorer->yield();
}

/// In here nobody else comes in (see Explorer::uninterrupted).
struct Uninterrupted {
  Uninterrupted() { set(true); }
  ~Uninterrupted() { set(false); }
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;

 private:
  static void set(bool on) {
    if (Explorer* explorer = Explorer::current()) explorer->uninterrupted(on);
  }
};

/// Waits for plain (not Scheduled) state that another thread of the scenario sets.
inline void park(std::function<bool()> ready) {
  CTI_CHECK(Explorer::current() != nullptr);
  Explorer::current()->park(std::move(ready));
}

/// The part of std::atomic that the rings use, with the explorer at every access.
template <class T>
class Scheduled {
  static_assert(std::is_unsigned_v<T> && sizeof(T) <= 8);

 public:
  Scheduled(T value = T{}) : cell_(value) {}  // NOLINT: implicit, as std::atomic's
  Scheduled(const Scheduled&) = delete;
  Scheduled& operator=(const Scheduled&) = delete;

  T load(std::memory_order) const {
    Explorer* const explorer = Explorer::current();
    if (explorer == nullptr) return static_cast<T>(cell_);
    explorer->step();
    const std::uint64_t value = explorer->load(&cell_);
    explorer->step();
    return static_cast<T>(value);
  }

  void store(T value, std::memory_order order) {
    Explorer* const explorer = Explorer::current();
    if (explorer == nullptr) {
      cell_ = value;
      return;
    }
    explorer->step();
    explorer->store(&cell_, value);
    if (order == std::memory_order_seq_cst) explorer->flush();
    explorer->step();
  }

  T exchange(T value, std::memory_order) {
    Explorer* const explorer = Explorer::current();
    CTI_CHECK(explorer != nullptr);
    explorer->step();
    explorer->flush();
    const std::uint64_t before = cell_;
    cell_ = value;
    explorer->step();
    return static_cast<T>(before);
  }

 private:
  std::uint64_t cell_;
};

}  // namespace cti::model

namespace cti::ring {

template <>
struct FenceOf<model::Scheduled> {
  static void acquire() {}  // loads stay in order anyhow, and so do stores
  static void release() {}
  static void full() {
    if (model::Explorer* const explorer = model::Explorer::current()) {
      explorer->step();
      explorer->flush();
      explorer->step();
    }
  }
};

}  // namespace cti::ring
