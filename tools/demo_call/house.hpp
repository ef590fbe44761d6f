// house.hpp - the programs of the demo: a simulated CTI Server, and two servers that back each other up.
#pragma once

#include "tools/launch/child.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace cti::tools {

class House {
 public:
  /// Null when a program did not start; `why` names it.
  static std::unique_ptr<House> open(const std::string& programs,
                                     const std::vector<std::string>& server_flags,
                                     std::string* why);

  /// One line for the simulator's standard input.
  void tell_simulator(const std::string& command) { simulator_->write_line(command); }
  /// Client ports of the servers A and B.
  int port_a() const { return servers_[0].port; }
  int port_b() const { return servers_[1].port; }
  /// 'A' or 'B': the server of that port.
  char server_at(int port) const { return port == port_a() ? 'A' : 'B'; }
  /// Ends that server as a crash would.
  void kill_server(char which);
  /// Starts again what has been killed, on the port that it had.
  bool restart_killed(std::string* why);

 private:
  struct Server {
    std::unique_ptr<Child> child;
    int port = 0;  // 0: any, the first time
  };
  House() = default;
  bool start(Server& server, std::string* why);

  std::vector<std::string> server_command_;  // all but the listen address
  std::unique_ptr<Child> simulator_;
  std::array<Server, 2> servers_;
};

}  // namespace cti::tools
