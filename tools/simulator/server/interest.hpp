// interest.hpp - which sessions want to hear of which device, agent, call or team: looked up, not searched for.
//
// Why      with thousands of desktops each event concerns one or two of them; a walk over all sessions for each event would be
//          what the simulator does all day.
// Shape    sessions are entered when they open (or when their side becomes active) and taken out when they end; monitors
//          likewise. Only what cannot change behind our back is a key: a desktop is entered under the station and the agent
//          that it named.
// Threads  owned by the Server.
#pragma once

#include "tools/simulator/server/client.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace cti::simulator {

/// A monitor, as the walk over an event's listeners needs it.
struct Watch {
  Client* client = nullptr;
  std::uint32_t id = 0, call_mask = 0, agent_mask = 0;
  std::string_view device;  ///< call monitors: the view; lives in the client's ClientMonitor
};

class Interest {
 public:
  using Clients = std::vector<Client*>;
  using Watches = std::vector<Watch>;

  void add(Client& client) {
    if (client.has(service::kAllEvents)) everything_.push_back(&client);
    if (client.has(service::kClientEvents)) {
      if (client.station != kNoIndex) by_station_[client.station].push_back(&client);
      if (client.agent != kNoIndex) by_agent_[client.agent].push_back(&client);
    }
    for (const auto& monitor : client.monitors) add(client, *monitor);
  }
  void remove(Client& client) {
    std::erase(everything_, &client);
    if (client.has(service::kClientEvents)) {
      if (client.station != kNoIndex) std::erase(by_station_[client.station], &client);
      if (client.agent != kNoIndex) std::erase(by_agent_[client.agent], &client);
    }
    for (const auto& monitor : client.monitors) remove(client, *monitor);
  }
  void add(Client& client, const ClientMonitor& monitor) {
    watches(monitor.kind)[monitor.target].push_back(
        {&client, monitor.id, monitor.call_mask, monitor.agent_mask, monitor.device});
  }
  void remove(const Client& client, const ClientMonitor& monitor) {
    auto& kind = watches(monitor.kind);
    const auto found = kind.find(monitor.target);
    if (found == kind.end()) return;
    std::erase_if(found->second,
                  [&](const Watch& w) { return w.client == &client && w.id == monitor.id; });
    if (found->second.empty()) kind.erase(found);
  }

  const Clients& everything() const noexcept { return everything_; }
  /// Desktops that named this station, or this agent.
  const Clients& of_station(StationIndex station) const { return find(by_station_, station); }
  const Clients& of_agent(AgentIndex agent) const { return find(by_agent_, agent); }
  const Watches& watching(ClientMonitor::Kind kind, std::uint32_t target) const {
    return find(watches_[static_cast<std::size_t>(kind)], target);
  }

 private:
  template <class List>
  using Map = std::unordered_map<std::uint32_t, List>;

  template <class List>
  static const List& find(const Map<List>& map, std::uint32_t key) {
    static const List kNothing;
    const auto found = map.find(key);
    return found == map.end() ? kNothing : found->second;
  }
  Map<Watches>& watches(ClientMonitor::Kind kind) {
    return watches_[static_cast<std::size_t>(kind)];
  }

  Clients everything_;
  Map<Clients> by_station_, by_agent_;
  Map<Watches> watches_[4];
};

}  // namespace cti::simulator
