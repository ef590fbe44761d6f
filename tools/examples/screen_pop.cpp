// screen_pop.cpp - logs an agent in and pops a line for each call: screen_pop HOST AGENT PASSWORD INSTRUMENT; Enter ends it.
#include "cil/cil.hpp"
#include <cstdio>
struct Desktop : AllInOneEventsAdapter {
  void OnConnection(Arguments&) override { session.SetAgent(*agent); }
  void OnSetAgentModeEvent(Arguments&) override { agent->Login(me); }
  void OnAgentStateChange(Arguments& now) override {
    if (now.GetValueInt(CTIOS_AGENTSTATE) == eNotReady) agent->SetAgentState(ready);
  }
  void OnCallBegin(Arguments& call) override { std::puts(("call " + call.DumpArgs()).c_str()); }
  void OnControlFailureConf(Arguments& why) override { std::puts(why.DumpArgs().c_str()); }
  Ref<CAgent> agent{new CAgent};
  Arguments me, ready;
  CCtiOsSession session;  // last: it goes first, and with it whoever calls the above
};
int main(int count, char** words) {
  if (count < 5) return std::puts("usage: screen_pop HOST AGENT PASSWORD INSTRUMENT"), 2;
  Desktop desk;
  const char* keys[] = {CTIOS_CTIOSA, CTIOS_AGENTID, CTIOS_AGENTPASSWORD, CTIOS_AGENTINSTRUMENT};
  for (int i = 0; i < 4; ++i) desk.me.AddItem(keys[i], words[i + 1]);
  desk.me.AddItem(CTIOS_PERIPHERALID, 5000), desk.ready.AddItem(CTIOS_AGENTSTATE, eAvailable);
  desk.agent->SetValue(CTIOS_AGENTID, words[2]), desk.agent->SetValue(CTIOS_PERIPHERALID, 5000);
  desk.session.AddAllInOneEventListener(&desk), desk.session.Connect(desk.me);
  return std::getchar(), 0;
}
