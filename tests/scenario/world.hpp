// world.hpp - the real programs on loopback: one ringside-sim, one or two ringsided, any number of client sessions.
//
// Ports    all are picked by the kernel and read from the programs' `ready` lines.
// Ends     the destructor ends everything; a failing test prints where the programs' logs are.
#pragma once

#include "tests/scenario/recorder.hpp"
#include "tools/launch/child.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace cti::scenario {

/// Agents, devices and groups that the simulator has by default.
inline constexpr int kPeripheral = 5000;

/// One client program: a session, its record, and the steps that every test takes.
class Client {
 public:
  Client();
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Connects and waits for OnConnection. Port 0 for B: only A.
  void connect(int port_a, int port_b = 0);
  /// Agent mode, and waits for OnSetAgentModeEvent.
  void set_agent(const std::string& agent_id);
  /// Logs the agent in on `instrument` and waits until it is NotReady.
  void login(const std::string& instrument, bool auto_login = false);
  /// Asks for a state and waits until the agent has it.
  void set_state(AgentState state);
  /// The call with this UniqueObjectID, which must exist.
  CCall& call(const std::string& unique_object_id);
  bool has_call(const std::string& unique_object_id);
  /// Waits until the session has no such call any more.
  bool loses_call(const std::string& unique_object_id);
  void monitor(const std::string& filter);

  CCtiOsSession session;
  Recorder events;
  CAgent* agent = nullptr;

 private:
  std::vector<CCtiOsObject*> held_;
};

class World {
 public:
  /// `servers` instances of ringsided on one simulator, each with side A and B of it.
  /// `server_config`: text of a settings file for them.
  explicit World(int servers = 1, const std::vector<std::string>& simulator_flags = {},
                 const std::string& server_config = {});
  ~World();

  int port(std::size_t server = 0) const { return ports_[server]; }
  tools::Child& server(std::size_t index = 0) { return *servers_[index]; }
  tools::Child& simulator() { return *simulator_; }
  /// Gives the simulator one command line and returns the rest of its `ok` line; a refusal fails the test.
  std::string tell_simulator(const std::string& command);
  /// A routed call for `agent_instrument`; returns its UniqueObjectID at that device.
  std::string call_arrives(Client& client, const std::string& ani, const std::string& to,
                           const std::string& data = {});
  void restart_server(std::size_t index = 0);

 private:
  void start_server(std::size_t index);

  std::string folder_;
  std::string programs_;
  std::string server_config_;
  int cti_port_a_ = 0;
  int cti_port_b_ = 0;
  std::unique_ptr<tools::Child> simulator_;
  std::vector<std::unique_ptr<tools::Child>> servers_;
  std::vector<int> ports_;
};

}  // namespace cti::scenario
