// supervisor.cpp - a supervisor at a terminal: supervisor HOST AGENT PASSWORD INSTRUMENT. Tells what the members of the teams do.
// A line with an AgentID watches that agent with its calls; then l listens, b barges in, i intercepts, 0 leaves the call, r and n
// make the agent ready or not ready; q ends it.
#include "cil/cil.hpp"

#include <cstdio>
#include <iostream>
#include <string>
struct Desk : AllInOneEventsAdapter {
  void OnConnection(Arguments&) override { session.SetAgent(*chief); }
  void OnSetAgentModeEvent(Arguments&) override {
    if (chief->GetAgentState() == eLogout) chief->Login(me);
    else look();
  }
  void OnAgentStateChange(Arguments& now) override {
    if (now.GetValueInt(CTIOS_AGENTSTATE) == eNotReady) look();
  }
  void look() {  // whoever watches already goes on watching, after a failover too
    if (!looks) chief->RequestAgentTeamList(), chief->StartMonitoringAllAgentTeams();
    looks = true;
  }
  void OnNewAgentTeamMember(Arguments& who) override { say("member", who); }
  void OnMonitoredAgentStateChange(Arguments& now) override { say("state", now); }
  void OnMonitoredCallBegin(Arguments& call) override { say("call begins", call); }
  void OnMonitoredCallEstablished(Arguments& call) override { say("call talks", call); }
  void OnMonitoredCallEnd(Arguments& call) override { say("call ends", call); }
  void OnStopMonitoringAgent(Arguments& whom) override { say("watched no more", whom); }
  void OnControlFailureConf(Arguments& why) override { say("refused", why); }
  static void say(const char* what, const Arguments& args) {
    std::printf("%s: %s\n", what, args.DumpArgs().c_str()), std::fflush(stdout);
  }
  void obey(const std::string& line) {
    Arguments args;
    if (line.size() > 1) args.AddItem(CTIOS_AGENTREFERENCE, "agent.5000." + line);
    if (line.size() > 1) return void(chief->StartMonitoringAgent(args));
    const Ref<CAgent> member(chief->GetMonitoredAgent());
    if (!member) return void(std::puts("an AgentID first"));
    args.AddItem(CTIOS_SUPERVISORID, me.GetValueString(CTIOS_AGENTID));
    args.AddItem(CTIOS_AGENTSTATE, line == "r" ? int{eAvailable} : int{eNotReady});
    if (line == "r" || line == "n") return void(member->SetAgentState(args));
    args.AddItem(CTIOS_AGENTREFERENCE, member->GetValueString(CTIOS_UNIQUEOBJECTID));
    args.AddItem(CTIOS_SUPERVISORYACTION, line == "l" ? 1 : line == "b" ? 3 : line == "i" ? 4 : 0);
    chief->SuperviseCall(args);
  }
  Ref<CAgent> chief{new CAgent};
  Arguments me;
  bool looks = false;
  CCtiOsSession session;  // last: it goes first, and with it whoever calls the above
};
int main(int count, char** words) {
  if (count < 5) return std::puts("usage: supervisor HOST AGENT PASSWORD INSTRUMENT"), 2;
  Desk desk;
  const char* keys[] = {CTIOS_CTIOSA, CTIOS_AGENTID, CTIOS_AGENTPASSWORD, CTIOS_AGENTINSTRUMENT};
  for (int i = 0; i < 4; ++i) desk.me.AddItem(keys[i], words[i + 1]);
  desk.me.AddItem(CTIOS_PERIPHERALID, 5000);
  desk.chief->SetValue(CTIOS_AGENTID, words[2]), desk.chief->SetValue(CTIOS_PERIPHERALID, 5000);
  desk.session.AddAllInOneEventListener(&desk), desk.session.Connect(desk.me);
  for (std::string line; std::getline(std::cin, line) && line != "q";) desk.obey(line);
  return 0;
}
