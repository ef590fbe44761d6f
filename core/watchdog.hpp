// watchdog.hpp - notices a thread that stands still while the rest of the process is well, and ends the process loudly (P10).
//
// Why      a line that spins or hangs takes no events any more, while its reactors answer heartbeats: the server looks healthy
//          for ever. Stopped, it is started again by whoever looks after it, and its clients have moved meanwhile.
// Shape    each watched thread counts its turns (turned(), once per turn). The watchdog looks a few times within the limit; a
//          thread that has not turned since the last look is woken, whatever it waits for; one that goes on not turning stands
//          still, and stuck(name, for how long) is called no later than `limit` after its last turn. It ends the process.
// Asleep   a process that was stopped as a whole (SIGSTOP, a pause of the machine, no processor for seconds) is not stuck: the
//          watchdog's own look comes late then. What it is late is counted against nobody, and after limits::kLateTurn of it
//          everybody gets one whole limit afresh.
// Threads  turned(): the watched thread. judge(): the watchdog's thread. watch(): before any of them runs.
// Edges    none: a count is by itself; that a look sees it a moment late costs one look.
#pragma once

#include "core/base/cacheline.hpp"
#include "core/base/limits.hpp"
#include "core/base/time.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cti::core {

/// How often a thread has turned. One writer, on a cache line of its own.
class alignas(kFalseSharing) TurnCount {
 public:
  void turned() noexcept {
    // relaxed: one writer, this thread; nothing is ordered by the count.
    turns_.store(turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  std::uint64_t turns() const noexcept {
    // relaxed: as in turned.
    return turns_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> turns_{0};
};
static_assert(sizeof(TurnCount) == kFalseSharing);

/// What the watchdog thinks of its threads, without a thread and a clock of its own.
class TurnJudge {
 public:
  /// `limit`: how long a thread may stand still.
  explicit TurnJudge(Nanos limit);

  /// `wake` makes the thread turn once, from any thread.
  TurnCount& watch(std::string name, std::function<void()> wake);
  /// The thread has come to its proper end; any thread.
  void unwatch(const TurnCount& count) noexcept;

  /// How far apart looks should be.
  Nanos look_every() const noexcept { return limit_ / kLooksPerLimit; }

  struct Verdict {
    const std::string* stuck =
        nullptr;            ///< the name of the thread that has stood still longest, too long
    Nanos standing{0};      ///< for how long it has
    bool forgiven = false;  ///< this look came late: the whole process had been stopped
  };
  /// Looks at every thread, wakes those that have not turned since the last look.
  Verdict look(TimePoint now);

  std::size_t size() const noexcept { return threads_.size(); }
  const std::string& name(std::size_t index) const { return threads_[index]->name; }
  /// As of the last look.
  Nanos standing(std::size_t index) const { return threads_[index]->standing; }

 private:
  static constexpr int kLooksPerLimit = 8;

  struct Watched {
    std::string name;
    std::function<void()> wake;
    TurnCount count;
    std::atomic<bool> ended{false};
    std::uint64_t seen = 0;  // the rest is the watchdog's
    TimePoint since{};       // when it was seen to turn
    Nanos standing{0};
  };

  const Nanos limit_;
  TimePoint last_look_{};  // good when looked_
  bool looked_ = false;
  std::vector<std::unique_ptr<Watched>> threads_;
};

/// A thread that looks.
class Watchdog {
 public:
  using Stuck = std::function<void(const std::string& name, Nanos standing)>;
  using Looked = std::function<void(const TurnJudge& judge, const TurnJudge::Verdict& verdict)>;

  /// `limit` zero: off; counts are kept all the same. `stuck` is called once per look that finds one; it should not return.
  Watchdog(Nanos limit, Stuck stuck, Looked looked = {});
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  TurnCount& watch(std::string name, std::function<void()> wake) {
    return judge_.watch(std::move(name), std::move(wake));
  }
  void unwatch(const TurnCount& count) noexcept { judge_.unwatch(count); }
  void start();
  void stop();

 private:
  void run();

  const bool on_;
  TurnJudge judge_;
  Stuck stuck_;
  Looked looked_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace cti::core
