// old_program_test.cpp - sources as programs written for CTI OS have them: that they compile is the test.
//
// The first part is such a program, in the style of the guide's C++ samples; it is not run. The second walks the names and
// signatures of the vendor's tables that no other test calls.
#include "cil/cil.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace {

class CMyEvents : public AllInOneEventsAdapter {
 public:
  explicit CMyEvents(CCtiOsSession* pSession) : m_pSession(pSession) {}

  void OnConnection(Arguments& args) override {
    std::string sServer;
    if (args.GetValueString(CTIOS_CURRENTSERVER, &sServer)) m_sServer = sServer;
    Arguments& rAgentArgs = Arguments::CreateInstance();
    rAgentArgs.AddItem(CTIOS_AGENTID, "22866");
    rAgentArgs.AddItem(ekwPeripheralID, 5000);
    m_pAgent = new CAgent();
    m_pAgent->SetValue(CTIOS_AGENTID, rAgentArgs.GetValueString(CTIOS_AGENTID));
    m_pAgent->SetValue("PeripheralID", 5000);
    int nRetVal = m_pSession->SetAgent(*m_pAgent);
    if (nRetVal != CIL_OK) m_nLastError = nRetVal;
    rAgentArgs.Release();
  }

  void OnAgentStateChange(Arguments& args) override {
    int nState = 0;
    args.GetValueInt(CTIOS_AGENTSTATE, &nState);
    switch ((enumCTIOS_AgentState)nState) {
      case eLogout:
      case eNotReady:
        break;
      default:
        break;
    }
    enumCTIOS_AgentState state = m_pAgent->GetAgentState();
    m_bReady = state == eAvailable;
  }

  void OnButtonEnablementChange(Arguments& args) override {
    enumCTIOS_EnablementMasks nMask = args.GetValueUInt(CTIOS_ENABLEMENTMASK);
    m_bAnswer = (nMask & ENABLE_ANSWER) != 0;
    m_bLogout = (nMask & (ENABLE_LOGOUT | ENABLE_LOGOUT_WITH_REASON)) != 0;
  }

  void OnCTIOSFailure(Arguments& args) override {
    enumCTIOS_FailureCode code = (enumCTIOS_FailureCode)args.GetValueInt(CTIOS_FAILURECODE);
    if (code != eServerConnectionStatus) return;
    int nEvent = args.GetValueInt(CTIOS_SYSTEMEVENTID);
    if (nEvent == SYS_CTI_SERVER_OFFLINE || nEvent == SYS_PERIPHERAL_OFFLINE) m_bOnline = false;
    enumCTIOS_SystemEventID id = (enumCTIOS_SystemEventID)nEvent;
    if (id == eSysCtiServerOnline) m_bOnline = true;
  }

  void OnCallBegin(Arguments& args) override {
    CCtiOsObject* pObject = NULL;
    if (m_pSession->GetObjectFromObjectID(args.GetValueString(CTIOS_UNIQUEOBJECTID), &pObject)) {
      CCall* pCall = (CCall*)pObject;
      pCall->Answer();
      pCall->Release();
    }
    Arguments* pEcc = NULL;
    if (args.GetValueArray(CTIOS_ECC, &pEcc)) {
      for (int i = 1; i <= pEcc->NumElements(); i++) {
        std::string sKey;
        std::string sValue;
        pEcc->GetElementKey(i, &sKey);
        pEcc->GetElementString(i, &sValue);
      }
      pEcc->Release();
    }
  }

 private:
  CCtiOsSession* m_pSession;
  CAgent* m_pAgent = NULL;
  std::string m_sServer;
  int m_nLastError = 0;
  bool m_bReady = false, m_bAnswer = false, m_bLogout = false, m_bOnline = true;
};

/// Never called with a session that is connected.
int old_main(CCtiOsSession* pSession) {
  CMyEvents events(pSession);
  pSession->AddAllInOneEventListener(&events);
  Arguments args;
  args.AddItem("CtiosA", "");
  args.SetValue(CTIOS_HEARTBEAT, 5);
  int nRetVal = pSession->Connect(args);
  Arguments& rMask = Arguments::CreateInstance();
  rMask.AddItem("Event1", eOnConnection);
  rMask.AddItem("Event2", eOnConnectionFailure);
  CWaitObject* pWait = pSession->CreateWaitObject(rMask);
  rMask.Release();
  if (pWait->WaitOnMultipleEvents(0) == EVENT_SIGNALED) nRetVal = pWait->GetTriggerEvent();
  pSession->DestroyWaitObject(pWait);
  pSession->RemoveAllInOneEventListener(&events);
  return nRetVal;
}

TEST(OldProgram, CompilesAndRunsAgainstNoServer) {
  auto* session = new CCtiOsSession();
  EXPECT_EQ(old_main(session), E_CTIOS_MISSING_ARGUMENT);
  session->Release();
}

TEST(OldProgram, EveryGetterByIndexHasATwoArgumentForm) {
  Arguments nested;
  nested.AddItem("user.x", "y");
  Arguments args;
  args.AddItem("Number", 12);
  Arguments holder;
  holder.AddItem("Inner", nested);
  int number = 0;
  unsigned int wide = 0;
  unsigned short ushort = 0;
  short narrow = 0;
  bool flag = false;
  std::string text;
  std::string key;
  ArgDataType type = ARG_NOTSET;
  Arg* arg = nullptr;
  Arguments* array = nullptr;
  EXPECT_TRUE(args.GetElementInt(1, &number));
  EXPECT_TRUE(args.GetElementUInt(1, &wide));
  EXPECT_TRUE(args.GetElementUShort(1, &ushort));
  EXPECT_TRUE(args.GetElementShort(1, &narrow));
  EXPECT_TRUE(args.GetElementBool(1, &flag));
  EXPECT_TRUE(args.GetElementString(1, &text));
  EXPECT_TRUE(args.GetElementKey(1, &key));
  EXPECT_TRUE(args.GetElementArgType(1, &type));
  EXPECT_EQ(number + static_cast<int>(wide) + ushort + narrow, 48);
  EXPECT_TRUE(flag);
  EXPECT_EQ(text, "12");
  EXPECT_EQ(key, "Number");
  EXPECT_EQ(type, ARG_INT);
  ASSERT_TRUE(args.GetElement(1, &arg));
  arg->Release();
  ASSERT_TRUE(args.GetValueArg("Number", &arg));
  arg->Release();
  ASSERT_TRUE(holder.GetElementArg(1, &array));
  EXPECT_EQ(array->GetValueString("user.x"), "y");
  array->Release();
  // Out of range, or nothing to write to: false, and nothing is touched.
  EXPECT_FALSE(args.GetElementInt(2, &number));
  EXPECT_FALSE(args.GetElementString(0, &text));
  EXPECT_FALSE(args.GetElement(2, &arg));
  EXPECT_FALSE(args.GetElementArg(1, &array));
  EXPECT_FALSE(args.GetElementKey(2, &key));
  EXPECT_FALSE(args.GetElementKey(1, nullptr));
  EXPECT_FALSE(args.GetElementArgType(9, &type));
  EXPECT_EQ(number, 12);
}

TEST(OldProgram, KnowsTheServicesAndSystemEventsOfTheCtiServer) {
  static_assert(std::is_same_v<enumCTIOS_SystemEventID, SystemEventID>);
  EXPECT_EQ(CTI_SERVICE_CLIENT_EVENTS | CTI_SERVICE_CALL_DATA_UPDATE | CTI_SERVICE_CLIENT_CONTROL,
            7U);
  EXPECT_EQ(CTI_SERVICE_ALL_EVENTS | CTI_SERVICE_SUPERVISOR, 0x90U);
  EXPECT_EQ(CTI_SERVICE_DEBUG, 0x80000000U);
  EXPECT_EQ(SYS_PERIPHERAL_GATEWAY_OFFLINE, eSysPeripheralGatewayOffline);
  EXPECT_EQ(SYS_INSTRUMENT_BACK_IN_SERVICE, 11);
}

/// Every request whose arguments may be left out, as the guide's table says; none does more than compile.
[[maybe_unused]] void without_arguments(CCtiOsSession& session, CAgent& agent, CCall& call,
                                        CSkillGroup& group, CSilentMonitorManager& monitor) {
  session.Disconnect(), session.EnableSkillGroupStatistics();
  agent.DisableAgentStatistics(), agent.EnableAgentStatistics();
  agent.DisableSkillGroupStatistics(), agent.EnableSkillGroupStatistics();
  agent.MakeEmergencyCall(), agent.ReportBadCallLine(), agent.RequestAgentTeamList();
  agent.RequestSupervisorAssist(), agent.StartMonitoringAllAgentTeams();
  agent.StopMonitoringAllAgentTeams();
  call.Alternate(), call.Answer(), call.Clear(), call.ClearConnection(), call.Conference();
  call.Hold(), call.Reconnect(), call.Retrieve(), call.Snapshot(), call.StartRecord();
  call.StopRecord(), call.Transfer();
  group.EnableSkillGroupStatistics(), group.DisableSkillGroupStatistics();
  monitor.StopSilentMonitorMode();
}

}  // namespace
