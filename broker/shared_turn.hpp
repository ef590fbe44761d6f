// shared_turn.hpp - a line and a fan-out reactor that take turns in one thread, on one Io: the small server.
//
// Why      with a thread each an update wakes two sleepers, one after the other, some 50 us each: with ten sessions that is
//          most of what it takes. Here one wait wakes both, and what the line writes is sent in the same turn.
// Shape    a request goes up, an answer or an update goes down, in the turn in which it came; one wait hands all of it over:
//
//            wait --> reactor: what clients said --> line: what the CTI Server said, what is asked; shows its records
//             ^                                        |
//             +---- sends <---- reactor: follows the log, tells, timers <----+
//
// Bells    line and reactor ring each other's as ever, but neither ever sleeps then: no system call. Other lines and the
//          watchdog ring from their threads, and end the wait.
// Order    what the two promise each other (meet/tell_lane.hpp, DESIGN.md) holds unchanged: they meet through the same queues.
// Rest     the reactor sends one piece per session and turn. What the line has written in one turn is sent in as many turns as
//          it has pieces, in which the line reads nothing: else a burst of the CTI Server would overtake sessions that read
//          as fast as they can. A turn in which nothing happened ends the rest.
// Threads  the one that calls turn().
#pragma once

#include "broker/fanout/fanout.hpp"
#include "broker/line.hpp"
#include "core/address_race.hpp"
#include "core/io.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cti::broker {

class SharedTurn {
 public:
  /// Connections of the Io that are the line's: the addresses of the CTI Server that are tried, and those of the try before,
  /// which end meanwhile.
  static constexpr std::uint32_t kLineConnections = 2 * core::kAddressesMax;

  /// `io` is the Io of both. `config` is the reactor's, its connections_beside at least kLineConnections.
  SharedTurn(core::Io& io, Line& line, FanoutReactor& reactor, const ring::EventLog& log,
             const FanoutConfig& config);

  /// One turn of both; waits for something to happen until `deadline` at most. Returns the work done.
  std::uint32_t turn(TimePoint deadline);

  /// Turns in which the line read nothing, so that sessions were sent what it had written.
  std::uint64_t rests() const noexcept { return rests_; }

 private:
  TimePoint before_wait(TimePoint deadline);
  void pace(ring::Position written, std::uint32_t work);

  core::Io& io_;
  Line& line_;
  FanoutReactor& reactor_;
  const ring::EventLog& log_;
  const std::size_t piece_bytes_;  // what one session is sent in one turn
  std::vector<core::Completion> completions_;
  std::uint64_t resting_ = 0;  // turns until the line reads again
  std::uint64_t rests_ = 0;
  bool room_may_be_ = false;  // the last turn may have opened the log's gates
};

}  // namespace cti::broker
