// sim_world.hpp - runs the programs of a simulated network: calls their turns, and moves the clock when all are quiet.
//
// Shape    an actor is a turn on a host: `std::uint32_t turn(TimePoint deadline)` returns the work done. It passes the
//          deadline, or its own next one if earlier, to its Io's wait(): so the world knows when to call it again.
//          Round by round all actors of running hosts get a turn, in an order drawn from the seed, until a whole round has
//          done nothing; then the clock goes on to the next event or deadline.
// Threads  one.
// Bound    a world that does not become quiet within kRoundsMax rounds of one moment stops the program: it would be a busy
//          loop on a real machine.
#pragma once

#include "core/random.hpp"
#include "core/sim_io.hpp"
#include "core/sim_threads.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::core {

class SimWorld {
 public:
  using Turn = std::function<std::uint32_t(TimePoint deadline)>;
  using ActorId = std::uint32_t;

  static constexpr std::uint32_t kRoundsMax = 1'000'000;

  /// The network must outlive the world. `seed` decides the order of turns.
  SimWorld(SimNetwork& network, std::uint64_t seed)
      : network_(network), random_(seed), threads_(network, seed) {}

  /// The turn is called from now on, whenever its host runs. Not from within a turn.
  ActorId add(std::string_view host, Turn turn);
  /// The same as a thread of its own: interrupted inside its turns, asleep in between (sim_threads.hpp).
  ActorId add_thread(std::string_view host, Turn turn);
  SimThreads& threads() noexcept { return threads_; }
  /// When all is quiet: wakes the threads that sleep. Returns how many found something to do: they would have slept on.
  std::uint32_t sleepers_with_work();
  /// Not from within a turn. After kill() of a host: remove its actors, then destroy what they own.
  void remove(ActorId actor);

  /// Called each time all is quiet, before the clock moves: where checkers look.
  void on_quiet(std::function<void()> check) { on_quiet_ = std::move(check); }

  /// Turns until nobody has anything to do at this moment.
  void settle();
  /// Lives up to `time`.
  void run_until(TimePoint time);
  void run_for(Nanos duration) { run_until(network_.now() + duration); }
  /// Lives until `condition` holds (looked at whenever all is quiet). False: it did not by `limit`.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition, TimePoint limit);

  SimNetwork& network() noexcept { return network_; }

 private:
  struct Actor {
    ActorId id;
    std::string host;
    Turn turn;
    SimThreads::Thread* thread = nullptr;
  };
  std::uint32_t run(const Actor& actor);
  bool round();
  bool move_clock(TimePoint limit);

  SimNetwork& network_;
  Random random_;
  SimThreads threads_;
  ActorId last_id_ = 0;
  std::vector<Actor> actors_;
  std::vector<std::size_t> order_;
  std::function<void()> on_quiet_;
  bool in_turn_ = false;
  ActorId busy_ = 0;  // who worked last
};

}  // namespace cti::core
