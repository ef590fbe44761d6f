// screen_pop.cpp - pops a line for each call of one agent. Usage: screen_pop HOST AGENT [PORT]; Enter ends it.
#include "cil/cil.hpp"

#include <cstdio>
#include <cstdlib>

struct Desktop : AllInOneEventsAdapter {
  void OnCallBegin(Arguments& call) override { std::printf("call from %s\n", ani(call).c_str()); }
  void OnCallEnd(Arguments&) override { std::puts("the call has ended"); }
  void OnButtonEnablementChange(Arguments& args) override {
    const unsigned int mask = args.GetValueUInt(CTIOS_ENABLEMENTMASK);
    std::printf("  buttons:%s%s%s\n", mask & ENABLE_ANSWER ? " Answer" : "",
                mask & ENABLE_HOLD ? " Hold" : "", mask & ENABLE_RELEASE ? " Release" : "");
  }
  static std::string ani(Arguments& call) {
    std::string value = "unknown";
    call.GetValueString(CTIOS_ANI, &value);
    return value;
  }
};

int main(int count, char** words) {
  if (count < 3) return std::puts("usage: screen_pop HOST AGENT [PORT]"), 2;
  Desktop desktop;
  CCtiOsSession session;
  session.AddAllInOneEventListener(&desktop);
  Arguments connected, server;
  connected.AddItem("Event1", eOnConnection);
  Ref<CWaitObject> connection(session.CreateWaitObject(connected));
  server.AddItem(CTIOS_CTIOSA, words[1]);
  server.AddItem(CTIOS_PORTA, count > 3 ? std::atoi(words[3]) : 42028);
  session.Connect(server);
  connection->WaitOnMultipleEvents();
  Ref<CAgent> agent(new CAgent);
  agent->SetValue(CTIOS_AGENTID, words[2]);
  agent->SetValue(CTIOS_PERIPHERALID, 5000);
  session.SetAgent(*agent);
  return std::getchar(), 0;
}
