// all_calls.cpp - one line per event of every call, told by the single callback OnEvent.
//
// Usage: all_calls HOST_A [HOST_B] [PORT]. Shows monitor mode with a generic listener on the session's event thread.
// Enter ends it.
#include "cil/cil.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

class Calls : public IGenericEvents {
 public:
  explicit Calls(CCtiOsSession& session) : session_(session) {}

  void OnEvent(int iEventID, Arguments& args) override {
    std::string call;
    args.GetValueString(CTIOS_UNIQUEOBJECTID, &call);
    switch (iEventID) {
      case eOnConnection:
        // A filter with call events needs their end too, or calls would pile up.
        if (session_.GetValueInt(CTIOS_CONNECTIONMODE) == eNotConnected) {
          session_.SetMessageFilter("MessageID=9,10,11,12,23,24,25");
        }
        return;
      case eOnMonitorModeEstablished: {
        Ref<Arguments> calls(session_.GetAllCalls());
        std::printf("%d calls now\n", calls->NumElements());
        break;
      }
      case eOnConnectionFailure:
        std::printf("lost: %s\n", args.DumpArgs().c_str());
        break;
      case eCallBeginEvent:
        return line("begins", call);
      case eCallDeliveredEvent:
        return line("rings", call);
      case eCallEstablishedEvent:
        return line("talks", call);
      case eCallHeldEvent:
        return line("is held", call);
      case eCallRetrievedEvent:
        return line("talks again", call);
      case eCallEndEvent:
        return line("ends", call);
      default:
        return;
    }
    std::fflush(stdout);
  }

 private:
  void line(const char* what, const std::string& id) {
    CCtiOsObject* found = nullptr;
    std::string from;
    if (session_.GetObjectFromObjectID(id, &found)) {
      Ref<CCtiOsObject> call(found);
      call->GetValueString(CTIOS_ANI, &from);
    }
    std::printf("%-28s %-12s from %s\n", id.c_str(), what, from.c_str());
    std::fflush(stdout);
  }

  CCtiOsSession& session_;
};

}  // namespace

int main(int count, char** words) {
  if (count < 2) return std::puts("usage: all_calls HOST_A [HOST_B] [PORT]"), 2;
  CCtiOsSession session;
  Calls calls(session);
  for (const int list : {eSessionList, eCallList}) session.AddListener(&calls, list);
  Arguments servers;
  servers.AddItem(CTIOS_CTIOSA, words[1]);
  if (count > 2) servers.AddItem(CTIOS_CTIOSB, words[2]);
  const int port = count > 3 ? std::atoi(words[3]) : 42028;
  servers.AddItem(CTIOS_PORTA, port);
  servers.AddItem(CTIOS_PORTB, port);
  if (session.Connect(servers) != CIL_OK) return std::puts("wrong arguments"), 2;
  return std::getchar(), 0;
}
