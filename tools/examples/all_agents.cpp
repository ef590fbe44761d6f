// all_agents.cpp - a table of all agents and their states, kept up to date by the caller's own loop.
//
// Usage: all_agents HOST_A [HOST_B] [PORT]. Shows monitor mode without an event thread: one poll() for the session and the
// keyboard. Monitor mode comes back by itself when the other server takes over. Enter ends it.
#include "cil/cil.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

const char* name_of_state(int state) {
  static constexpr const char* kNames[] = {"login",
                                           "logged out",
                                           "not ready",
                                           "ready",
                                           "talking",
                                           "wrap-up, then not ready",
                                           "wrap-up, then ready",
                                           "busy elsewhere",
                                           "reserved",
                                           "unknown",
                                           "on hold"};
  return state >= 0 && state <= eHold ? kNames[state] : "?";
}

class Table : public AllInOneEventsAdapter {
 public:
  explicit Table(CCtiOsSession& session) : session_(session) {}

  void OnConnection(Arguments& args) override {
    std::printf("connected to %s\n", args.GetValueString(CTIOS_CURRENTSERVER).c_str());
    // Only the first time: after a failover the session restores the mode.
    if (session_.GetValueInt(CTIOS_CONNECTIONMODE) == eNotConnected) {
      session_.SetMessageFilter("MessageID=30");
    }
  }
  void OnConnectionFailure(Arguments& args) override {
    std::printf("lost: %s\n", args.DumpArgs().c_str());
  }
  void OnMonitorModeEstablished(Arguments&) override {
    established_ = true;
    print();
  }
  void OnAgentStateChange(Arguments&) override {
    if (established_) print();
  }

 private:
  void print() {
    Ref<Arguments> agents(session_.GetAllAgents());
    std::printf("\n%d agents\n", agents->NumElements());
    for (int i = 1; i <= agents->NumElements(); ++i) {
      CCtiOsObject* found = nullptr;
      if (!session_.GetObjectFromObjectID(agents->GetElementKey(i), &found)) continue;
      Ref<CCtiOsObject> agent(found);
      int state = eUnknown;
      std::string id = agents->GetElementKey(i);
      std::string extension;
      agent->GetValueInt(CTIOS_AGENTSTATE, &state);
      agent->GetValueString(CTIOS_AGENTID, &id);
      agent->GetValueString(CTIOS_AGENTEXTENSION, &extension);
      std::printf("  %-12s %-8s %s\n", id.c_str(), extension.c_str(), name_of_state(state));
    }
    std::fflush(stdout);
  }

  CCtiOsSession& session_;
  bool established_ = false;
};

}  // namespace

int main(int count, char** words) {
  if (count < 2) return std::puts("usage: all_agents HOST_A [HOST_B] [PORT]"), 2;
  SessionOptions options;
  options.own_thread = false;
  CCtiOsSession session(std::move(options));
  Table table(session);
  session.AddAllInOneEventListener(&table);
  Arguments servers;
  servers.AddItem(CTIOS_CTIOSA, words[1]);
  if (count > 2) servers.AddItem(CTIOS_CTIOSB, words[2]);
  const int port = count > 3 ? std::atoi(words[3]) : 42028;
  servers.AddItem(CTIOS_PORTA, port);
  servers.AddItem(CTIOS_PORTB, port);
  if (session.Connect(servers) != CIL_OK) return std::puts("wrong arguments"), 2;
  pollfd both[] = {{session.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  while ((both[1].revents & (POLLIN | POLLHUP)) == 0) {
    session.process();
    ::poll(both, 2, session.timeout_ms());
  }
  return 0;
}
