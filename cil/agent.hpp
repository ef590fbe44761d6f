// agent.hpp - CAgent: the agent that a program plays, or one that it watches.
//
// `auto* agent = new CAgent; agent->SetValue(CTIOS_AGENTID, "22866"); ... session.SetAgent(*agent);` makes the session's
// agent. Requests need a connected session with that agent set, else E_CTIOS_INVALID_SESSION; during an outage they are
// refused with E_CTIOS_IN_FAILOVER. CIL_OK means queued: the result is an event.
#pragma once

#include "cil/object.hpp"
#include "wire/event_id.hpp"

namespace cti::cil {

class CCall;

class CAgent : public CCtiOsObject {
 public:
  CAgent() = default;

  /// AgentInstrument and AgentPassword, plus whatever SetAgent did not say. Values that contradict SetAgent:
  /// E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS. AutoLogin = 1 logs in again after a failover.
  int Login(const Arguments& args);
  /// EventReasonCode where the desk settings ask for one.
  int Logout(const Arguments& args = no_arguments());
  /// AgentState, and EventReasonCode where needed.
  int SetAgentState(const Arguments& args);
  int QueryAgentState(const Arguments& args = no_arguments());
  /// DialedNumber, and call data for the new call.
  int MakeCall(const Arguments& args);
  /// The last state known; eUnknown before the first.
  AgentState GetAgentState() const;
  bool IsAgent() const;
  bool IsSupervisor() const;

  int MakeEmergencyCall(const Arguments& reserved = no_arguments());
  int RequestSupervisorAssist(const Arguments& reserved = no_arguments());
  int ReportBadCallLine(const Arguments& reserved = no_arguments());
  int SendChatMessage(const Arguments& args);
  int SetAgentGreetingAction(const Arguments& args);
  int EnableAgentStatistics(const Arguments& reserved = no_arguments());
  int DisableAgentStatistics(const Arguments& reserved = no_arguments());
  int EnableSkillGroupStatistics(const Arguments& args = no_arguments());
  int DisableSkillGroupStatistics(const Arguments& args = no_arguments());
  /// Skill groups that the session knows; empty while statistics are off. With a reference for the caller.
  Arguments& GetSkillGroups() const;

  int RequestAgentTeamList(const Arguments& reserved = no_arguments());
  int StartMonitoringAgent(const Arguments& args);
  int StopMonitoringAgent(const Arguments& args);
  int StartMonitoringAgentTeam(const Arguments& args);
  int StopMonitoringAgentTeam(const Arguments& args);
  int StartMonitoringAllAgentTeams(const Arguments& reserved = no_arguments());
  int StopMonitoringAllAgentTeams(const Arguments& reserved = no_arguments());
  int StartMonitoringCall(const Arguments& args);
  int SuperviseCall(const Arguments& args);
  CAgent* GetMonitoredAgent() const;  ///< of StartMonitoringAgent, with a reference for the caller; else null
  CCall* GetMonitoredCall() const;    ///< of StartMonitoringCall, likewise

 protected:
  ~CAgent() override = default;

 private:
  int request(wire::RequestId request, const Arguments& args, bool login = false) const;
};

}  // namespace cti::cil
