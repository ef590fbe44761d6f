// line_truth_world.hpp - one simulated CTI Server playing a scenario, lines that listen to it since different moments, and a
// wire between that loses, delays and swaps what the CTI Server says.
#pragma once

#include "broker/line.hpp"
#include "core/random.hpp"
#include "core/sim_world.hpp"
#include "tools/simulator/scenario/scenario_player.hpp"

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cti::test {

inline constexpr char kCtiHost[] = "10.0.0.1";
inline constexpr char kDeskHost[] = "10.0.1.1";
inline constexpr char kLineHost[] = "10.0.2.1";
inline constexpr char kFreshHost[] = "10.0.3.1";
inline constexpr char kWireHost[] = "10.0.4.1";

/// How often a frame from the CTI Server is mistreated.
struct WireFaults {
  double drop = 0;
  double delay = 0;  ///< 50 ms to 5 s; what follows overtakes it
  double swap = 0;   ///< with the frame behind it
  bool answers_only = false;
};

/// A TCP relay that understands frames: requests pass, what the CTI Server says may suffer. OPEN_CONF and heartbeats pass.
class BadWire {
 public:
  BadWire(core::SimNetwork& network, std::uint64_t seed);
  std::uint32_t turn(TimePoint deadline);
  /// When a delayed frame is due.
  TimePoint next_deadline() const;
  void cut();
  WireFaults faults;
  std::uint64_t hurt = 0;

 private:
  struct Late {
    TimePoint at;
    std::vector<std::byte> frame;
  };
  struct Pipe {
    core::ConnectionId to{};
    std::vector<std::byte> out, sending;
    std::size_t sent = 0;
    bool open = false, in_flight = false;
  };
  void on(const core::Completion& completion);
  void from_server(Bytes bytes);
  void pass(Bytes frame);
  void flush(Pipe& pipe);

  std::unique_ptr<core::Io> io_;
  core::Random random_;
  core::SimNetwork& network_;
  Pipe client_, server_;
  std::vector<std::byte> input_;
  std::vector<std::byte> swapped_;
  std::deque<Late> late_;
};

/// A line that nobody asks anything.
class LoneLine {
 public:
  LoneLine(core::SimWorld& world, const char* host, const char* cti_host, std::uint64_t seed,
           const simulator::Scenario& scenario);
  ~LoneLine();
  broker::Line& line() { return *line_; }

 private:
  core::SimWorld& world_;
  broker::RendezvousLimits limits_;
  std::unique_ptr<core::Io> io_, fanout_io_;
  std::unique_ptr<ring::EventLog> log_;
  broker::LineShared shared_;
  broker::FanoutShared fanout_;
  std::unique_ptr<broker::Line> line_;
  core::SimWorld::ActorId actor_ = 0;
};

/// The scenario's world. step() plays on to where the next step begins and everything has come to rest.
class TruthWorld {
 public:
  TruthWorld(const simulator::Scenario& scenario, std::uint64_t seed, bool bad_wire);

  /// False: the scenario is over.
  bool step();
  void rest(Nanos time = Millis{20});
  bool until(const std::function<bool()>& condition, Nanos limit = Seconds{300});
  /// Everything that differs, in words: a line that starts now beside the one that heard everything, and the simulator.
  std::string differences();
  std::string differences_from_truth(const broker::ObjectMap& map);

  core::SimNetwork network;
  core::SimWorld world;
  const simulator::Scenario& scenario;
  std::unique_ptr<core::Io> server_io, desk_io;
  std::unique_ptr<simulator::Server> server;
  std::unique_ptr<BadWire> wire;
  std::unique_ptr<LoneLine> listener;
  std::unique_ptr<simulator::ScenarioPlayer> player;
  std::string at;  ///< the step that was played last
  std::uint64_t seed;

 private:
  bool may_play_ = false;
  std::uint64_t steps_begun_ = 0;
};

/// Buttons that differ, as an image would have them.
std::string other_masks(const broker::ObjectMap& heard, const broker::ObjectMap& asked);

/// What the typed tables say otherwise than those of a map that is told the properties only, as a peer that joins late.
std::string typed_difference(const broker::ObjectMap& map);

/// What of the state of two maps differs, in words; empty when their digests are equal.
std::string difference(const broker::ObjectMap& heard, const broker::ObjectMap& asked);

}  // namespace cti::test
