// explorer.hpp - runs two or three short threads in every order, up to a number of preemptions.
//
// Why      a race that the operating system shows once in a million runs is one branch of a small tree here.
// Shape    the threads are coroutines on one real thread. Their atomics are Scheduled<T>, which asks the explorer
//          before and after every access who goes on. A run is a list of choices; depth-first search over the lists,
//          each run from the start, visits every order whose choices differ from "just go on" at most
//          `deviations_max` times (a preemption, or a store that stays in its core for a while).
// Memory   total store order, as x86: a store may wait in its thread's buffer while that thread's later loads go
//          ahead; fences, exchanges and seq_cst stores empty the buffer. So a missing fence is found here. A release or
//          acquire that is too weak is not: that is the thread sanitizer's part (README.md).
// Progress a thread that cannot go on parks with a condition. When nobody can go on, or a run takes too many steps,
//          its outcome is kStuck.
// Outcome  what the scenario's verdict says after a run, as text; compared with a table that has a reason per line.
#pragma once

#include "core/base/check.hpp"
#include "ring/fence.hpp"

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

/// One run's threads and what to say about it afterwards. Made anew for every run.
struct Scenario {
  std::vector<std::function<void()>> threads;
  std::function<std::string()> verdict;
};

class Explorer {
 public:
  struct Limits {
    std::uint32_t deviations_max = 3;
    std::uint32_t steps_max = 3000;      ///< of one run
    std::uint64_t runs_max = 5'000'000;  ///< reaching it is a failed search: see exhausted()
  };

  Explorer() = default;
  explicit Explorer(Limits limits) : limits_(limits) {}

  /// Every outcome and in how many runs it came.
  std::map<std::string, std::uint64_t> explore(const std::function<Scenario()>& make) {
    std::map<std::string, std::uint64_t> outcomes;
    choices_.clear();
    runs_ = 0;
    exhausted_ = false;
    do {
      ++outcomes[run_once(make())];
      if (++runs_ == limits_.runs_max) return outcomes;
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

  // ---- called by the threads, through Scheduled<T> and the functions below ----

  /// Anybody may go on from here, and any waiting store may reach memory.
  void step() {
    if (++steps_ > limits_.steps_max) give_up();
    flush_some();
    if (deviations_ == limits_.deviations_max) return;
    const Others next = runnable_others();
    const std::size_t chosen = choose(next.count + 1);
    if (chosen == 0) return;
    ++deviations_;
    switch_to(next.index[chosen - 1]);
  }

  /// Lets somebody else go on, if anybody can, at no cost: what a loop that tries again does in between.
  void yield() {
    if (++steps_ > limits_.steps_max) give_up();
    flush();  // time passes
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
      const bool may_wait = deviations_ < limits_.deviations_max;
      if (!may_wait || choose(2) == 0) {
        *cell = value;
        return;
      }
      ++deviations_;
    }
    buffer.push_back({cell, value});
  }

  void flush() {
    while (flush_oldest(active_)) {
    }
  }

 private:
  static constexpr std::size_t kThreadsMax = 4;
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
    stuck_ = false;
    while (stacks_.size() < scenario.threads.size()) {
      stacks_.push_back(std::make_unique<std::byte[]>(kStackBytes));
    }
    CTI_CHECK(scenario.threads.size() <= kThreadsMax);
    for (auto& body : scenario.threads) prepare(std::move(body));
    current() = this;
    active_ = choose(threads_.size());
    ::swapcontext(&outside_, &threads_[active_]->context);
    for (auto& thread : threads_) {
      for (const Store& store : thread->buffer) *store.cell = store.value;
    }
    current() = nullptr;
    threads_.clear();
    return stuck_ ? kStuck : scenario.verdict();
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
      for (const auto& thread : threads_) stuck_ = stuck_ || !thread->done;
      ::setcontext(&outside_);
      std::abort();
    }
  }

  [[noreturn]] void give_up() {
    stuck_ = true;
    ::setcontext(&outside_);
    std::abort();
  }

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
  std::vector<Choice> choices_;
  std::size_t at_ = 0;
  std::uint64_t runs_ = 0;
  bool exhausted_ = false;

  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<std::unique_ptr<std::byte[]>> stacks_;
  ucontext_t outside_{};
  std::size_t active_ = 0;
  std::uint32_t steps_ = 0;
  std::uint32_t deviations_ = 0;
  bool stuck_ = false;
};

/// A place between two plain accesses where somebody else may come in.
inline void step() {
  if (Explorer* explorer = Explorer::current()) explorer->step();
}

/// Between two attempts of a loop that tries until it gets through.
inline void yield() {
  if (Explorer* explorer = Explorer::current()) explorer->yield();
}

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
  static void full() {
    if (model::Explorer* const explorer = model::Explorer::current()) {
      explorer->step();
      explorer->flush();
      explorer->step();
    }
  }
};

}  // namespace cti::ring
