// sim_house.hpp - the whole product in one thread: CTI Server, line, fan-out reactor and client sessions on a simulated
// network, everything drawn from one seed.
#pragma once

#include "broker/fanout/fanout.hpp"
#include "broker/line.hpp"
#include "broker/shared_turn.hpp"
#include "core/sim_world.hpp"
#include "tools/simulator/server/server.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#define CTI_CIL_NO_GLOBAL_NAMES
#include "cil/cil.hpp"

namespace cti::sim {

inline constexpr char kCtiServer[] = "10.0.1.1";
inline constexpr char kServer[] = "10.0.2.1";
inline constexpr std::uint16_t kClientPort = 42028;

/// One client session, and what its events must keep to.
class SimClient : public cil::IGenericEvents {
 public:
  SimClient(core::SimWorld& world, const std::string& host, std::uint64_t seed);
  ~SimClient() override;

  void connect();
  void be_agent(const std::string& id);
  void be_monitor();
  /// Sends a request; counts it when it was queued, since it must then end exactly once.
  void request(const std::function<int()>& send);
  /// All queued requests have ended.
  bool all_ended() const { return ended == queued; }
  bool has_mode() const { return connected && mode; }

  void OnEvent(int iEventID, cil::Arguments& rArgs) override;

  cil::CCtiOsSession& session() { return *session_; }
  cil::CAgent& agent() { return *agent_; }
  std::vector<std::string> calls() const;

  std::uint64_t queued = 0;
  std::uint64_t ended = 0;
  std::uint64_t events = 0;
  std::uint64_t news = 0;  ///< events that are not heartbeats
  std::uint64_t calls_begun = 0, calls_ended = 0;
  bool connected = false;
  bool mode = false;
  bool wants_mode = false;
  std::vector<std::string> complaints;  ///< what broke a rule

 private:
  void follow(int event, const std::string& object_id);

  core::SimWorld& world_;
  const std::string host_;
  std::unique_ptr<cil::CCtiOsSession> session_;
  cil::Ref<cil::CAgent> agent_;
  core::SimWorld::ActorId actor_ = 0;
  std::set<std::string> living_;  // calls begun and not ended
};

/// How line and fan-out reactor share the one real thread.
enum class Turns : std::uint8_t {
  kWhole,        ///< one turn after the other, each to its end
  kShared,       ///< as one thread on one Io (broker/shared_turn.hpp)
  kInterrupted,  ///< as threads: interrupted inside their turns, asleep in wait (core/sim_threads.hpp)
};

class SimHouse {
 public:
  SimHouse(std::uint64_t seed, const core::SimFaults& faults, Turns turns = Turns::kWhole);
  ~SimHouse();

  simulator::Server& cti_server() { return *cti_server_; }
  broker::Line& line() { return *line_; }
  broker::FanoutReactor& fanout() { return *fanout_; }
  bool until(const std::function<bool()>& condition, Nanos limit);
  /// How often line or reactor slept although there was something to do for it: a wake-up was lost.
  std::uint64_t slept_through() const { return slept_through_; }

  core::SimNetwork network;
  core::SimWorld world;

 private:
  broker::RendezvousLimits limits_;
  broker::FanoutConfig fanout_config_;
  std::unique_ptr<core::Io> cti_io_;
  std::unique_ptr<core::Io> fanout_io_;
  std::unique_ptr<core::Io> own_line_io_;  // null when the reactor's is the line's too
  core::Io& line_io_;
  std::unique_ptr<ring::EventLog> log_;
  std::unique_ptr<broker::LineShared> line_shared_;
  std::unique_ptr<broker::FanoutShared> fanout_shared_;
  broker::Admission admission_;
  std::unique_ptr<simulator::Server> cti_server_;
  std::unique_ptr<broker::FanoutReactor> fanout_;
  std::unique_ptr<broker::Line> line_;
  std::unique_ptr<broker::SharedTurn> both_;  // of Turns::kShared
  std::vector<core::SimWorld::ActorId> threads_;
  std::uint64_t slept_through_ = 0;
};

/// What differs between the server's map and a client's objects, in words; empty when they are equal.
std::string difference(const broker::ObjectMap& map, cil::CCtiOsSession& session,
                       const std::set<std::string>& agents);

}  // namespace cti::sim
