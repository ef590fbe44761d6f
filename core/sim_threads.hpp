// sim_threads.hpp - programs of a simulated network that run as threads do: interrupted inside their turns, asleep in wait().
//
// Why      turns that run to their end one after the other meet no race, and a program that is called every round anyhow
//          cannot sleep through anything. Here both can happen, and a seed replays it.
// Shape    each thread is a coroutine with a stack of its own. At each point (core/base/preempt.hpp: the calls of its Io, and
//          where the product says so) a draw decides whether others go on first. In wait() it sleeps until its Io has
//          something or its deadline has come, as a real one does.
// Threads  one real one. Who is interrupted is in a turn still: look at its state when all is quiet, then all sleep.
// Not here interruptions between any two accesses of shared memory: tests/model is for those, with every order there is.
#pragma once

#include "core/base/preempt.hpp"
#include "core/random.hpp"
#include "core/sim_io.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace cti::core {

class SimThreads final : public Preemption {
 public:
  using Turn = std::function<std::uint32_t(TimePoint deadline)>;
  class Thread;

  SimThreads(SimNetwork& network, std::uint64_t seed);
  ~SimThreads();
  SimThreads(const SimThreads&) = delete;
  SimThreads& operator=(const SimThreads&) = delete;

  /// How likely a point interrupts; 0 .. 1.
  void set_chance(double chance) noexcept { chance_ = chance; }
  /// How often one has.
  std::uint64_t interruptions() const noexcept { return interruptions_; }

  Thread& add(Turn turn);
  /// Lets it end its turn and forgets it: while everything that the turn touches lives. No thread may be running.
  void remove(Thread& thread);

  /// Lets the thread go on if it can: until it is interrupted or sleeps. Returns the work it has done, at least 1 when it
  /// was interrupted.
  std::uint32_t resume(Thread& thread);
  /// Wakes a thread that sleeps, for nothing and for longer than a moment: what it finds to do, it has slept through.
  std::uint32_t rouse(Thread& thread);

  void point() noexcept override;
  /// The way into wait() of an Io: returns when `pending` holds or the deadline has come. Outside of a thread: at once.
  static void sleep(TimePoint deadline, const std::function<bool()>& pending);

 private:
  static void enter();
  void sleep_here(TimePoint deadline, const std::function<bool()>& pending);
  void switch_to(Thread& thread);
  void switch_back();
  bool ready(const Thread& thread) const;

  SimNetwork& network_;
  Random random_;
  double chance_ = 0.25;
  std::uint64_t interruptions_ = 0;
  std::vector<std::unique_ptr<Thread>> threads_;
  Thread* running_ = nullptr;
  std::unique_ptr<Thread> outside_;  // where the simulation itself goes on
  bool undisturbed_ = false;         // no interruptions now
};

}  // namespace cti::core
