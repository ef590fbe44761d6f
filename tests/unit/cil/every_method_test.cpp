// every_method_test.cpp - every documented method exists, and the README's list of those without function is true.
#include "cil/cil.hpp"
#include "tests/unit/cil/session_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>

// A using-declaration per method of cil/api.json: one that is missing does not compile.
#include "cil/every_method.inc"

namespace cti::cil::test {
namespace {

/// "Class.Method" as the README lists them.
std::set<std::string> listed_in_readme() {
  std::ifstream file(std::string(CTI_SOURCE_ROOT) + "/cil/README.md");
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const std::size_t begin = all.find("<!-- not implemented: begin -->");
  const std::size_t end = all.find("<!-- not implemented: end -->");
  std::set<std::string> listed;
  if (begin == std::string::npos || end == std::string::npos) return listed;
  std::string class_name;
  std::string word;
  for (const char c : all.substr(begin + 31, end - begin - 31) + " ") {
    if (c == ':') {
      class_name = std::exchange(word, {});
    } else if (c == ',' || c == '.' || c == '\n' || c == ' ') {
      if (!word.empty() && word != "(null)") listed.insert(class_name + "." + word);
      word.clear();
    } else {
      word += c;
    }
  }
  return listed;
}

class Monitor : public CSilentMonitorManager {};

class EveryMethod : public SessionWorld {
 protected:
  void SetUp() override {
    serve_agent(*a, eTalking, {"call.5000.1.23901"});
    enter_agent_mode();
    CCtiOsObject* found = nullptr;
    ASSERT_TRUE(session->GetObjectFromObjectID("call.5000.1.23901", &found));
    call = Ref<CCall>(static_cast<CCall*>(found));
    a->update(
        EventId::eSkillInfoEvent,
        items({{Keyword::UniqueObjectID, "skillgroup.5000.77"}, {Keyword::SkillGroupNumber, 77}}),
        wire::topic::kSkillGroup);
    ASSERT_TRUE(until(eSkillInfoEvent));
    ASSERT_TRUE(session->GetObjectFromObjectID("skillgroup.5000.77", &found));
    group = Ref<CSkillGroup>(static_cast<CSkillGroup*>(found));
  }

  using Call = std::function<int()>;
  using Calls = std::map<std::string, Call>;
  Calls session_requests();
  Calls agent_requests();
  Calls other_requests();
  Ref<CCall> call;
  Ref<CSkillGroup> group;
  Arguments args;
};

#define CTI_CALL(name, object, method)                          \
  {                                                             \
    name "." #method, [this] { return (object)->method(args); } \
  }

EveryMethod::Calls EveryMethod::session_requests() {
  return {
      CTI_CALL("Session", session, EnableSkillGroupStatistics),
      CTI_CALL("Session", session, DisableSkillGroupStatistics),
      CTI_CALL("Session", session, SetSupervisorSilentMonitorMode),
      CTI_CALL("Session", session, RequestDesktopSettings),
      {"Session.AddEventListener(Arguments)", [this] { return session->AddEventListener(args); }},
      {"Session.RemoveEventListener(Arguments)",
       [this] { return session->RemoveEventListener(args); }},
      {"Session.SendIdentifyClientRequest",
       [this] { return session->SendIdentifyClientRequest(); }},
      {"Session.SetCurrentSilentMonitor",
       [this] { return session->SetCurrentSilentMonitor(nullptr); }},
      {"Session.DestroySilentMonitorManager",
       [this] { return session->DestroySilentMonitorManager(nullptr); }},
      {"Session.CreateSilentMonitorManager",
       [this] {
         return session->CreateSilentMonitorManager(args) ? CIL_OK : session->GetLastError();
       }},
  };
}

EveryMethod::Calls EveryMethod::agent_requests() {
  return {
      CTI_CALL("Agent", agent, DisableAgentStatistics),
      CTI_CALL("Agent", agent, EnableAgentStatistics),
      CTI_CALL("Agent", agent, DisableSkillGroupStatistics),
      CTI_CALL("Agent", agent, EnableSkillGroupStatistics),
      CTI_CALL("Agent", agent, Login),
      CTI_CALL("Agent", agent, Logout),
      CTI_CALL("Agent", agent, MakeCall),
      CTI_CALL("Agent", agent, MakeEmergencyCall),
      CTI_CALL("Agent", agent, QueryAgentState),
      CTI_CALL("Agent", agent, ReportBadCallLine),
      CTI_CALL("Agent", agent, RequestAgentTeamList),
      CTI_CALL("Agent", agent, RequestSupervisorAssist),
      CTI_CALL("Agent", agent, SendChatMessage),
      CTI_CALL("Agent", agent, SetAgentGreetingAction),
      CTI_CALL("Agent", agent, SetAgentState),
      CTI_CALL("Agent", agent, StartMonitoringAgent),
      CTI_CALL("Agent", agent, StopMonitoringAgent),
      CTI_CALL("Agent", agent, StartMonitoringAgentTeam),
      CTI_CALL("Agent", agent, StopMonitoringAgentTeam),
      CTI_CALL("Agent", agent, StartMonitoringAllAgentTeams),
      CTI_CALL("Agent", agent, StopMonitoringAllAgentTeams),
      CTI_CALL("Agent", agent, StartMonitoringCall),
      CTI_CALL("Agent", agent, SuperviseCall),
  };
}

EveryMethod::Calls EveryMethod::other_requests() {
  static const Ref<Monitor> monitor(new Monitor);
  return {
      CTI_CALL("Call", call, Alternate),
      CTI_CALL("Call", call, Answer),
      CTI_CALL("Call", call, Clear),
      CTI_CALL("Call", call, ClearConnection),
      CTI_CALL("Call", call, Conference),
      CTI_CALL("Call", call, Hold),
      CTI_CALL("Call", call, MakeConsultCall),
      CTI_CALL("Call", call, Reconnect),
      CTI_CALL("Call", call, Retrieve),
      CTI_CALL("Call", call, SendDTMFSignal),
      CTI_CALL("Call", call, SetCallData),
      CTI_CALL("Call", call, SingleStepConference),
      CTI_CALL("Call", call, SingleStepTransfer),
      CTI_CALL("Call", call, Snapshot),
      CTI_CALL("Call", call, StartRecord),
      CTI_CALL("Call", call, StopRecord),
      CTI_CALL("Call", call, Transfer),
      CTI_CALL("SkillGroup", group, EnableSkillGroupStatistics),
      CTI_CALL("SkillGroup", group, DisableSkillGroupStatistics),
      CTI_CALL("SilentMonitorManager", monitor.get(), AcceptSilentMonitoring),
      CTI_CALL("SilentMonitorManager", monitor.get(), SetIPPhoneInfo),
      CTI_CALL("SilentMonitorManager", monitor.get(), StartSMMonitoredMode),
      CTI_CALL("SilentMonitorManager", monitor.get(), StartSMMonitoringMode),
      CTI_CALL("SilentMonitorManager", monitor.get(), StopSilentMonitorMode),
      CTI_CALL("SilentMonitorManager", monitor.get(), StopSilentMonitorRequest),
      {"SilentMonitorManager.StartSilentMonitorRequest",
       [this] { return monitor->StartSilentMonitorRequest(args, nullptr); }},
  };
}

TEST_F(EveryMethod, TheReadmeListsExactlyThoseThatReturnNotImplemented) {
  std::set<std::string> without_function;
  for (const Calls& calls : {session_requests(), agent_requests(), other_requests()}) {
    for (const auto& [name, request] : calls) {
      const int code = request();
      if (code == E_CTIOS_METHOD_NO_IMPLEMENTED) without_function.insert(name);
      EXPECT_NE(code, CIL_FAIL) << name;
    }
  }
  const std::set<std::string> listed = listed_in_readme();
  ASSERT_FALSE(listed.empty()) << "the README has no list";
  EXPECT_EQ(listed, without_function);
}

TEST_F(EveryMethod, NamesThatGiveNothingYetGiveNull) {
  EXPECT_EQ(agent->GetMonitoredAgent(), nullptr);
  EXPECT_EQ(agent->GetMonitoredCall(), nullptr);
  EXPECT_EQ(session->GetCurrentSilentMonitor(), nullptr);
  Ref<Arguments> groups(agent->GetSkillGroups());
  EXPECT_EQ(groups->NumElements(), 1);
  Arguments context;
  EXPECT_TRUE(call->GetCallContext(context));
  EXPECT_EQ(context.GetValueString(CTIOS_ANI), "5551234");
  EXPECT_FALSE(context.IsValid(CTIOS_CALLSTATUS));
}

}  // namespace
}  // namespace cti::cil::test
