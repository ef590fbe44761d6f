// sim_io.hpp - the simulated kernel: hosts, connections and a clock in one thread, with faults drawn from a seed.
//
// Why      the same code that runs on the kernel runs here through years of bad luck in seconds, and any of it can be
//          replayed: one seed is one history, and trace_hash() is its fingerprint.
// Shape    a host is an address with ports and Ios. A connection is two pipes of bounded size; what is sent is cut into
//          segments which arrive after a delay, in order, or meet a fault. Time moves only by step() and run_until().
// Threads  one, for the network and all its Ios.
// Faults   chosen per connection or segment from SimFaults; whole hosts by kill(), freeze(), cut(). Loss shows as the delay
//          of a retransmission, since TCP hides the rest. A segment that meets a cut path waits until it heals.
// Not here bandwidth, CPU time (a turn takes none), the give-up of TCP after a quarter of an hour of silence.
#pragma once

#include "core/base/time.hpp"
#include "core/io.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace cti::core {

/// What may go wrong on the network. All chances are 0 .. 1; 0 turns a kind off.
struct SimFaults {
  Nanos delay = Nanos{50'000};  ///< one way, of every segment
  Nanos jitter{0};              ///< up to this much more, drawn per segment
  std::uint32_t segment_bytes_max =
      0;  ///< sent bytes are cut into pieces of 1 .. this many; 0: never cut
  std::uint32_t pipe_bytes =
      256 * 1024;     ///< socket buffers of one direction; small ones give short sends
  double refuse = 0;  ///< per connect: refused although somebody listens
  double reset = 0;   ///< per segment: the connection is reset both ways, this segment lost
  double loss = 0;  ///< per segment: comes one or more retransmission times (200 ms, doubling) late
  double stall = 0;  ///< per segment: its direction delivers nothing for `stall_for`
  Nanos stall_for = Seconds{2};
  double vanish = 0;  ///< per segment: the connection carries nothing any more, and nobody is told

  /// A draw for one run: about half of the kinds on, each with a strength of its own.
  static SimFaults swarm(std::uint64_t seed);
};

/// How a host stops.
enum class SimKill : std::uint8_t {
  kProcess,  ///< its programs die; its kernel closes what they had (FIN, or RST where unread bytes lay) and refuses
  kPower,    ///< it falls silent: nobody is told, nothing is answered until revive()
};

class SimIo;

class SimNetwork {
 public:
  explicit SimNetwork(std::uint64_t seed, const SimFaults& faults = {});
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  /// An Io on the host of this numeric address, which is made when it is new. The network must outlive the Io. Several Ios
  /// may share a host. `limits` as for any back-end.
  std::unique_ptr<Io> make_io(std::string_view host, const IoLimits& limits = {});

  TimePoint now() const noexcept;
  /// When the network has something to do next; kNever: nothing is under way.
  TimePoint next_event() const noexcept;
  /// Moves the clock to the next event and lets it happen, with all others of that moment. False: nothing was under way.
  bool step();
  /// Lets everything happen that is due up to `time`, and leaves the clock there. Not earlier than now().
  void run_until(TimePoint time);

  /// The earliest deadline with which the Ios of running hosts last called wait(): when a turn is due without any news.
  TimePoint next_deadline() const noexcept;
  /// Some Io of a running host would return something from wait() at once.
  bool anything_pending() const noexcept;

  // What is done to hosts. Unknown addresses are made.
  /// All Ios of the host are dead from now on: their wait() gives nothing. Make new ones after (kPower: after revive()).
  void kill(std::string_view host, SimKill how);
  void revive(std::string_view host);
  /// A frozen host's programs do not run (its kernel does): whoever calls turns must leave it out, see is_running().
  void freeze(std::string_view host, bool frozen);
  bool is_running(std::string_view host) const;
  /// Nothing passes from `from` to `to` any more; what is under way waits. Call it twice for both ways.
  void cut(std::string_view from, std::string_view to);
  void heal(std::string_view from, std::string_view to);
  void heal_all();
  /// This host's wall clock is off by so much (M10, R11). Nothing but Io::wall() shows it.
  void set_wall_offset(std::string_view host, Millis offset);
  /// From now on. Turning all off (SimFaults{}) lets a test wait for quiet.
  void set_faults(const SimFaults& faults);

  /// Equal for equal histories: every event with its time, connection and bytes goes in.
  std::uint64_t trace_hash() const noexcept;
  /// Writes one line per event, for reading a failure. nullptr: off.
  void trace_to(std::FILE* file) noexcept;

  struct Counters {
    std::uint64_t segments = 0, refused = 0, resets = 0, losses = 0, stalls = 0, vanished = 0;
  };
  const Counters& counters() const noexcept;

 private:
  friend class SimIo;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cti::core
