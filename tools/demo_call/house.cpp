// house.cpp - programs started, killed and started again.
#include "tools/demo_call/house.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace cti::tools {
namespace {

std::unique_ptr<Child> launch(const std::vector<std::string>& command, std::string* ready) {
  auto child = Child::start(command);
  if (!child) return nullptr;
  const auto line = (*child)->wait_for_line("ready", Seconds(20));
  if (!line) return nullptr;
  *ready = *line;
  return std::move(child).value();
}

}  // namespace

std::unique_ptr<House> House::open(const std::string& programs,
                                   const std::vector<std::string>& server_flags,
                                   std::string* why) {
  std::unique_ptr<House> house(new House);
  std::string ready;
  house->simulator_ =
      launch({programs + "/ringside-sim", "--port-a", "0", "--port-b", "0"}, &ready);
  if (!house->simulator_) {
    *why = "ringside-sim did not start";
    return nullptr;
  }
  std::printf("simulator  %s\n", ready.c_str());
  house->server_command_ = {
      programs + "/ringsided", "--cti-server",
      "127.0.0.1:" + value_in(ready, "port-a") + ",127.0.0.1:" + value_in(ready, "port-b")};
  std::vector<std::string>& command = house->server_command_;
  if (std::find(server_flags.begin(), server_flags.end(), "--log-level") == server_flags.end())
    command.insert(command.end(), {"--log-level", "warning"});
  command.insert(command.end(), server_flags.begin(), server_flags.end());
  for (Server& server : house->servers_) {
    if (!house->start(server, why)) return nullptr;
  }
  return house;
}

bool House::start(Server& server, std::string* why) {
  std::vector<std::string> command = server_command_;
  command.insert(command.end(), {"--listen", "127.0.0.1:" + std::to_string(server.port)});
  std::string ready;
  server.child = launch(command, &ready);
  if (!server.child) {
    *why = "ringsided did not start";
    return false;
  }
  server.port = std::atoi(value_in(ready, "port").c_str());
  std::printf("server %c   %s\n", &server == &servers_[0] ? 'A' : 'B', ready.c_str());
  return true;
}

void House::kill_server(char which) {
  std::unique_ptr<Child> child = std::move(servers_[which == 'A' ? 0 : 1].child);
  child->signal(SIGKILL);
  child->wait_for_exit(Seconds(10));
}

bool House::restart_killed(std::string* why) {
  for (Server& server : servers_) {
    if (!server.child && !start(server, why)) return false;
  }
  return true;
}

}  // namespace cti::tools
