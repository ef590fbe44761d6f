// rights.cpp - the table itself: one row per request, of CTI OS and ours, served or not yet.
#include "broker/meet/rights.hpp"

#include "wire/served.hpp"

#include <array>
#include <cstddef>

namespace cti::broker {

namespace {

using R = wire::RequestId;

constexpr Relations kNever{};
constexpr Relations kServer{Relation::kServer};
constexpr Relations kOwn{Relation::kOwn};
constexpr Relations kTeam{Relation::kTeam};
constexpr Relations kOwnTeam = kOwn | Relation::kTeam;
constexpr Relations kAny = kOwnTeam | Relation::kOther;

struct Row {
  R request;
  Relations guest, monitor, agent, supervisor, administrator;
  constexpr Relations of(Role role) const {
    switch (role) {
      case Role::kGuest:
        return guest;
      case Role::kMonitor:
        return monitor;
      case Role::kAgent:
        return agent;
      case Role::kSupervisor:
        return supervisor;
      case Role::kAdministrator:
        return administrator;
      case Role::kEdge:  // reads, and asks for nothing but what everybody may
      case Role::kPeer:
        return guest;
    }
    return kNever;
  }
};

// Who controls is the agent; who supervises, the team too, where CTI OS says so; who monitors, nothing.
constexpr Row kRows[] = {
    //                                           guest    monitor  agent    supervisor administrator
    {R::eGlobalSettingsDownloadRequest, kServer, kServer, kServer, kServer, kServer},
    {R::eIdentifyClientRequest, kServer, kServer, kServer, kServer, kServer},
    // the agent
    {R::eSetAgentStateRequest, kNever, kNever, kOwn, kOwnTeam, kNever},
    {R::eLoginRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eLogoutRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eQueryAgentStateRequest, kNever, kAny, kAny, kAny, kAny},
    {R::eAgentDeskSettingsRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eAgentGreetingControlRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eSupervisorAssistRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eEmergencyCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eBadCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eUserMessageRequest, kNever, kNever, kAny, kAny, kAny},
    // calls
    {R::eMakeCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eAnswerCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eHoldCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eRetrieveCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eClearCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eClearConnectionRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eSetCallDataRequest, kNever, kNever, kOwn, kOwnTeam, kNever},
    {R::eSendDTMFSignalRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eConsultationCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eAlternateCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eReconnectCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eTransferCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eConferenceCallRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eSingleStepConferenceRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eSingleStepTransferRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eStartRecordingRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eStopRecordingRequest, kNever, kNever, kOwn, kOwn, kNever},
    {R::eSnapshotCallRequest, kNever, kAny, kOwn, kOwnTeam, kAny},
    {R::eSnapshotDeviceRequest, kNever, kAny, kOwn, kOwn, kAny},
    // ours: why a button is grey
    {R::eExplainButtonRequest, kNever, kAny, kOwn, kOwnTeam, kAny},
    // the team
    {R::eListAgentTeamRequest, kNever, kNever, kNever, kOwn, kNever},
    {R::eMonitorAgentTeamStartRequest, kNever, kNever, kNever, kOwn, kNever},
    {R::eMonitorAgentTeamStopRequest, kNever, kNever, kNever, kOwn, kNever},
    {R::eStartMonitoringAllAgentTeamsRequest, kNever, kNever, kNever, kOwn, kNever},
    {R::eStopMonitoringAllAgentTeamsRequest, kNever, kNever, kNever, kOwn, kNever},
    {R::eStartMonitoringAgentRequest, kNever, kNever, kNever, kTeam, kNever},
    {R::eStopMonitoringAgentRequest, kNever, kNever, kNever, kTeam, kNever},
    {R::eStartMonitoringCallRequest, kNever, kNever, kNever, kTeam, kNever},
    {R::eSuperviseCallRequest, kNever, kNever, kNever, kTeam, kNever},
    {R::eSetSupervisorSilentMonitorModeRequest, kNever, kNever, kNever, kOwn, kNever},
    {R::eStartSilentMonitorRequest, kNever, kNever, kNever, kTeam, kNever},
    {R::eStopSilentMonitorRequest, kNever, kNever, kNever, kTeam, kNever},
    {R::eAcceptSilentMonitoringRequest, kNever, kNever, kOwn, kOwn, kNever},
    // statistics
    {R::eEnableSkillGroupStatisticsRequest, kNever, kServer, kServer, kServer, kServer},
    {R::eDisableSkillGroupStatisticsRequest, kNever, kServer, kServer, kServer, kServer},
    {R::eEnableAgentStatisticsRequest, kNever, kAny, kOwn, kOwnTeam, kAny},
    {R::eDisableAgentStatisticsRequest, kNever, kAny, kOwn, kOwnTeam, kAny},
};

/// Two rows for one request would be two rules.
constexpr bool each_once() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    for (std::size_t j = i + 1; j < std::size(kRows); ++j) {
      if (kRows[i].request == kRows[j].request) return false;
    }
  }
  return true;
}
/// A request that somebody forgets is allowed to nobody, and does not build.
constexpr bool none_is_missing() {
  for (const R request : wire::kAllRequests) {
    bool found = false;
    for (const Row& row : kRows) found = found || row.request == request;
    if (!found) return false;
  }
  return std::size(kRows) == std::size(wire::kAllRequests);
}
/// A supervisor is an agent first, and an agent may not do less for having a team.
constexpr bool supervisors_may_what_agents_may() {
  for (const Row& row : kRows) {
    if ((row.agent | row.supervisor) != row.supervisor) return false;
  }
  return true;
}
/// Nobody is asked about things of one's own who has none.
constexpr bool only_agents_own() {
  for (const Row& row : kRows) {
    if (row.guest.has(Relation::kOwn) || row.guest.has(Relation::kTeam)) return false;
    if (row.agent.has(Relation::kTeam) && row.agent != kAny) return false;
  }
  return true;
}
static_assert(each_once());
static_assert(none_is_missing());
static_assert(supervisors_may_what_agents_may());
static_assert(only_agents_own());
static_assert(may_see(Role::kGuest).none());
static_assert(!may_see(Role::kAgent).has(Relation::kOther));
static_assert(!may_subscribe(Role::kGuest, wire::SubscribeMode::kEverything));
static_assert(!may_subscribe(Role::kPeer, wire::SubscribeMode::kAgent), "a peer is nobody's desk");

const Row* row_of(R request) noexcept {
  for (const Row& row : kRows) {
    if (row.request == request) return &row;
  }
  return nullptr;
}

std::string words(Relations relations) {
  if (relations == kAny) return "any";
  std::string text;
  const auto add = [&](Relation one, const char* word) {
    if (relations.has(one)) text += (text.empty() ? "" : ", ") + std::string(word);
  };
  add(Relation::kServer, "yes");
  add(Relation::kOwn, "own");
  add(Relation::kTeam, "team");
  return text.empty() ? "-" : text;
}

constexpr std::array<std::string_view, kRoles> kRoleNames = {
    "guest", "monitor", "agent", "supervisor", "edge", "peer", "administrator"};

}  // namespace

Relations may_ask(Role role, wire::RequestId request) noexcept {
  const Row* const row = row_of(request);
  return row == nullptr ? kNever : row->of(role);
}

bool has_rule(wire::RequestId request) noexcept { return row_of(request) != nullptr; }

std::string_view name_of(Role role) noexcept { return kRoleNames[static_cast<std::size_t>(role)]; }

std::string print_rights() {
  std::string text =
      "| request | guest, edge, peer | monitor | agent | supervisor | administrator |\n";
  text += "|---|---|---|---|---|---|\n";
  for (const Row& row : kRows) {
    text += "| " + std::string(wire::name_of(row.request)).substr(1);
    for (const Role role :
         {Role::kGuest, Role::kMonitor, Role::kAgent, Role::kSupervisor, Role::kAdministrator}) {
      text += " | " + words(row.of(role));
    }
    text += " |\n";
  }
  return text;
}

}  // namespace cti::broker
