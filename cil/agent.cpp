// agent.cpp - what an agent asks for: most of it a request with the agent as its target; Login checks who logs in.
#include "cil/agent.hpp"

#include "cil/call.hpp"
#include "cil/detail/engine/session_core.hpp"

namespace cti::cil {

using detail::SessionCore;
using wire::RequestId;

int CAgent::request(RequestId request, const Arguments& args, bool login) const {
  if (!detail::works(request)) return ReportError(E_CTIOS_METHOD_NO_IMPLEMENTED);
  const auto session = core();
  if (!session) return ReportError(E_CTIOS_INVALID_SESSION);
  const int result = session->submit_to(object_id(), request, args, login);
  return result == CIL_OK ? result : ReportError(result);
}

int CAgent::Login(const Arguments& args) {
  const auto session = core();
  if (!session) return ReportError(E_CTIOS_INVALID_SESSION);
  Arguments complete(args);
  const int refused = session->with([&](const SessionCore::State& state) -> int {
    if (state.agent.get() != this) return E_CTIOS_INVALID_SESSION;
    for (const enum_Keywords key : {ekwAgentID, ekwPeripheralID, ekwLoginName}) {
      const Arg* set = state.agent_args.find(key);
      const Arg* given = args.find(key);
      if (set && given && set->DumpArg() != given->DumpArg())
        return E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS;
    }
    for (int i = 1; i <= state.agent_args.NumElements(); ++i) {
      const std::string key = state.agent_args.GetElementKey(i);
      if (!complete.IsValid(key)) complete.AddItem(key, *state.agent_args.at(i));
    }
    return CIL_OK;
  });
  if (refused != CIL_OK) return ReportError(refused);
  if (const Arg* automatic = args.find(ekwAutoLogin)) SetValue(ekwAutoLogin, *automatic);
  return request(RequestId::eLoginRequest, complete, true);
}

int CAgent::Logout(const Arguments& args) { return request(RequestId::eLogoutRequest, args); }
int CAgent::SetAgentState(const Arguments& args) {
  if (!args.IsValid(ekwAgentState)) return ReportError(E_CTIOS_MISSING_ARGUMENT);
  return request(RequestId::eSetAgentStateRequest, args);
}
int CAgent::QueryAgentState(const Arguments& args) {
  return request(RequestId::eQueryAgentStateRequest, args);
}
int CAgent::MakeCall(const Arguments& args) {
  if (!args.IsValid(ekwDialedNumber)) return ReportError(E_CTIOS_MISSING_ARGUMENT);
  return request(RequestId::eMakeCallRequest, args);
}

AgentState CAgent::GetAgentState() const {
  int state = eUnknown;
  GetValueInt(ekwAgentState, &state);
  return static_cast<AgentState>(state);
}

bool CAgent::IsSupervisor() const {
  int supervisor = 0;
  return GetValueInt(ekwIsSupervisor, &supervisor) && supervisor != 0;
}
bool CAgent::IsAgent() const { return !IsSupervisor(); }

Arguments& CAgent::GetSkillGroups() const {
  Arguments& groups = Arguments::CreateInstance();
  const auto session = core();
  if (!session) return groups;
  for (const std::string& id : session->objects().list(wire::ObjectKind::kSkillGroup)) {
    const Ref<CCtiOsObject> group(session->objects().find(id));
    groups.AddItem(id, CilRefArg(group.get()));
  }
  return groups;
}

int CAgent::MakeEmergencyCall(const Arguments& args) {
  return request(RequestId::eEmergencyCallRequest, args);
}
int CAgent::RequestSupervisorAssist(const Arguments& args) {
  return request(RequestId::eSupervisorAssistRequest, args);
}
int CAgent::ReportBadCallLine(const Arguments& args) {
  return request(RequestId::eBadCallRequest, args);
}
int CAgent::SendChatMessage(const Arguments& args) {
  return request(RequestId::eUserMessageRequest, args);
}
int CAgent::SetAgentGreetingAction(const Arguments& args) {
  return request(RequestId::eAgentGreetingControlRequest, args);
}
int CAgent::EnableAgentStatistics(const Arguments& args) {
  return request(RequestId::eEnableAgentStatisticsRequest, args);
}
int CAgent::DisableAgentStatistics(const Arguments& args) {
  return request(RequestId::eDisableAgentStatisticsRequest, args);
}
int CAgent::EnableSkillGroupStatistics(const Arguments& args) {
  return request(RequestId::eEnableSkillGroupStatisticsRequest, args);
}
int CAgent::DisableSkillGroupStatistics(const Arguments& args) {
  return request(RequestId::eDisableSkillGroupStatisticsRequest, args);
}
int CAgent::RequestAgentTeamList(const Arguments& args) {
  return request(RequestId::eListAgentTeamRequest, args);
}
int CAgent::StartMonitoringAgent(const Arguments& args) {
  return request(RequestId::eStartMonitoringAgentRequest, args);
}
int CAgent::StopMonitoringAgent(const Arguments& args) {
  return request(RequestId::eStopMonitoringAgentRequest, args);
}
int CAgent::StartMonitoringAgentTeam(const Arguments& args) {
  return request(RequestId::eMonitorAgentTeamStartRequest, args);
}
int CAgent::StopMonitoringAgentTeam(const Arguments& args) {
  return request(RequestId::eMonitorAgentTeamStopRequest, args);
}
int CAgent::StartMonitoringAllAgentTeams(const Arguments& args) {
  return request(RequestId::eStartMonitoringAllAgentTeamsRequest, args);
}
int CAgent::StopMonitoringAllAgentTeams(const Arguments& args) {
  return request(RequestId::eStopMonitoringAllAgentTeamsRequest, args);
}
int CAgent::StartMonitoringCall(const Arguments& args) {
  return request(RequestId::eStartMonitoringCallRequest, args);
}
int CAgent::SuperviseCall(const Arguments& args) {
  return request(RequestId::eSuperviseCallRequest, args);
}
CAgent* CAgent::GetMonitoredAgent() const {
  const auto session = core();
  if (!session) return nullptr;
  const std::string id =
      session->with([](const SessionCore::State& state) { return state.watching.agent; });
  return id.empty() ? nullptr : session->objects().find_as<CAgent>(id);
}
CCall* CAgent::GetMonitoredCall() const {
  const auto session = core();
  if (!session) return nullptr;
  const std::string id =
      session->with([](const SessionCore::State& state) { return state.watching.call; });
  return id.empty() ? nullptr : session->objects().find_as<CCall>(id);
}

}  // namespace cti::cil
