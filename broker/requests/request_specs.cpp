// request_specs.cpp - which request is what: its arguments, who runs it, and what its call must be like.
#include "broker/requests/requests.hpp"
#include "wire/served.hpp"

#include <algorithm>
#include <array>

namespace cti::broker {

namespace ctios = wire::ctios;
using wire::Keyword;
using wire::RequestId;

namespace {

constexpr std::uint32_t kAlerting = 1U << ctios::LCS_ALERTING;
constexpr std::uint32_t kConnect = 1U << ctios::LCS_CONNECT;
constexpr std::uint32_t kHeld = 1U << ctios::LCS_HOLD;
constexpr auto number = [](Keyword keyword, bool required = false, std::int64_t limit = 0) {
  return ArgRule{keyword, ArgRule::Type::kNumber, required, limit};
};
constexpr auto text = [](Keyword keyword, bool required = false, std::int64_t limit = 0) {
  return ArgRule{keyword, ArgRule::Type::kText, required, limit};
};
constexpr ArgRule kTarget[] = {text(Keyword::UniqueObjectID), number(Keyword::PeripheralID)};
constexpr ArgRule kState[] = {
    number(Keyword::AgentState, true, 14),        text(Keyword::AgentID, false, 64),
    text(Keyword::AgentInstrument, false, 63),    number(Keyword::EventReasonCode, false, 65535),
    number(Keyword::AgentWorkMode, false, 65535), number(Keyword::PeripheralID),
    text(Keyword::SupervisorID, false, 64)};
constexpr ArgRule kLogin[] = {text(Keyword::AgentID, false, 64),
                              text(Keyword::LoginName, false, 255),
                              text(Keyword::AgentInstrument, false, 63),
                              text(Keyword::AgentExtension, false, 63),
                              text(Keyword::AgentPassword, false, 63),
                              number(Keyword::AgentWorkMode, false, 65535),
                              number(Keyword::PeripheralID),
                              number(Keyword::AgentCallMode, false, 65535),
                              text(Keyword::AgentRemoteNumber, false, 40),
                              number(Keyword::RemoteLogin)};
constexpr ArgRule kLogout[] = {
    number(Keyword::EventReasonCode, false, 65535), text(Keyword::AgentID, false, 64),
    text(Keyword::AgentInstrument, false, 63), number(Keyword::PeripheralID)};
constexpr ArgRule kDial[] = {
    text(Keyword::DialedNumber, true, 39),       number(Keyword::ConsultType, false, 65535),
    text(Keyword::AgentInstrument, false, 63),   number(Keyword::CallMannerType, false, 65535),
    number(Keyword::AlertRings, false, 65535),   number(Keyword::CallOption, false, 65535),
    number(Keyword::FacilityType, false, 65535), number(Keyword::AnsweringMachine, false, 65535),
    text(Keyword::UserToUserInfo, false, 40)};
constexpr ArgRule kDtmf[] = {text(Keyword::DTMFString, true, 31),
                             number(Keyword::ToneDuration, false, 65535),
                             number(Keyword::PauseDuration)};
constexpr ArgRule kTwo[] = {text(Keyword::CallReferenceObjectID),
                            text(Keyword::DialedNumber, false, 39)};
constexpr ArgRule kTeam[] = {text(Keyword::UniqueObjectID),
                             number(Keyword::TeamID, true, UINT32_MAX)};
constexpr ArgRule kAgent[] = {text(Keyword::UniqueObjectID),
                              text(Keyword::AgentReference, true, kObjectIdBytesMax)};
constexpr ArgRule kCall[] = {text(Keyword::UniqueObjectID),
                             text(Keyword::CallReference, false, kObjectIdBytesMax)};
constexpr ArgRule kMonitoredMode[] = {text(Keyword::UniqueObjectID),
                                      number(Keyword::SilentMonitorForceMonitoredMode, false, 1)};
constexpr ArgRule kSupervise[] = {text(Keyword::UniqueObjectID),
                                  text(Keyword::AgentReference, true, kObjectIdBytesMax),
                                  text(Keyword::CallReference, false, kObjectIdBytesMax),
                                  text(Keyword::AgentCallReference, false, kObjectIdBytesMax),
                                  number(Keyword::SupervisoryAction, true, 4)};
constexpr ArgRule kExplain[] = {text(Keyword::UniqueObjectID, true, kObjectIdBytesMax),
                                number(Keyword::EnablementMask),
                                number(Keyword::SupervisorBtnEnablementMask)};
constexpr ArgRule kGreeting[] = {number(Keyword::AgentAction, true, 65535)};
constexpr ArgRule kChat[] = {text(Keyword::Distribution, true, 32),
                             text(Keyword::Target, false, 64), text(Keyword::Message, true)};
constexpr ArgRule kGroups[] = {text(Keyword::UniqueObjectID),
                               number(Keyword::PeripheralID),
                               number(Keyword::SkillGroupNumber),
                               number(Keyword::SkillGroupPriority),
                               {Keyword::SkillGroupNumbers, ArgRule::Type::kArray}};
constexpr ArgRule kQuery[] = {text(Keyword::AgentID, false, 64),
                              text(Keyword::AgentInstrument, false, 63)};

/// How often the table has a row for this request.
template <class Rows>
constexpr std::ptrdiff_t rows_of(const Rows& rows, RequestId request) {
  return std::ranges::count_if(rows, [&](const auto& row) { return row.request == request; });
}
template <class Rows>
constexpr bool each_once(const Rows& rows) {
  return std::ranges::all_of(rows,
                             [&](const auto& row) { return rows_of(rows, row.request) == 1; });
}
template <class Rows>
constexpr bool as_the_schema_says(const Rows& rows) {
  return std::ranges::all_of(wire::kAllRequests, [&](RequestId each) {
    return (rows_of(rows, each) == 1) == wire::served(each);
  });
}

/// No row contradicts itself, or another one.
template <class Rows>
consteval bool in_itself(const Rows& rows) {
  using Row = std::ranges::range_value_t<Rows>;
  const auto all = [&rows](auto holds) { return std::ranges::all_of(rows, holds); };
  const bool of_a_call = all([](const Row& row) { return row.spec.states == 0 || row.spec.call; });
  const bool call_needs_the_cti_server =
      all([](const Row& row) { return !(row.spec.local || row.spec.here) || !row.spec.call; });
  const bool what_changes_does_not_only_read =
      all([](const Row& row) { return !row.spec.local || !row.spec.here; });
  const bool limits_can_be_kept = all([](const Row& row) {
    return std::ranges::all_of(row.spec.rules, [](const ArgRule& rule) {
      return rule.limit >= 0 && (rule.type != ArgRule::Type::kArray || rule.limit == 0);
    });
  });
  return each_once(rows) && of_a_call && call_needs_the_cti_server &&
         what_changes_does_not_only_read && limits_can_be_kept;
}

}  // namespace

const Requests::Spec* Requests::spec_of(RequestId request) {
  using R = RequestId;
  struct Row {
    R request;
    Spec spec;
  };
  static constexpr Row kRows[] = {
      {R::eSetAgentStateRequest, {kState, &Requests::set_agent_state}},
      {R::eLoginRequest, {kLogin, &Requests::login}},
      {R::eLogoutRequest, {kLogout, &Requests::logout}},
      {R::eIdentifyClientRequest, {kLogin, &Requests::identify}},
      {R::eQueryAgentStateRequest, {kQuery, &Requests::query_agent}},
      {R::eAgentDeskSettingsRequest, {kTarget, &Requests::desk_settings}},
      {R::eGlobalSettingsDownloadRequest, {{}, &Requests::desktop_settings, false, 0, true}},
      {R::eListAgentTeamRequest, kept(kTarget, &Requests::team_list)},
      {R::eStartMonitoringAllAgentTeamsRequest, kept(kTarget, &Requests::watch_all_teams)},
      {R::eStopMonitoringAllAgentTeamsRequest, kept(kTarget, &Requests::watch_all_teams)},
      {R::eMonitorAgentTeamStartRequest, kept(kTeam, &Requests::watch_team)},
      {R::eMonitorAgentTeamStopRequest, kept(kTeam, &Requests::watch_team)},
      {R::eStartMonitoringAgentRequest, kept(kAgent, &Requests::watch_agent)},
      {R::eStopMonitoringAgentRequest, kept(kAgent, &Requests::watch_agent)},
      {R::eStartMonitoringCallRequest, kept(kCall, &Requests::watch_call)},
      {R::eSetSupervisorSilentMonitorModeRequest, kept(kMonitoredMode, &Requests::monitored_mode)},
      {R::eSuperviseCallRequest, {kSupervise, &Requests::supervise_call}},
      {R::eSupervisorAssistRequest, {kTarget, &Requests::call_for_help}},
      {R::eEmergencyCallRequest, {kTarget, &Requests::call_for_help}},
      {R::eBadCallRequest, {kTarget, &Requests::bad_line}},
      {R::eAgentGreetingControlRequest, {kGreeting, &Requests::greeting}},
      {R::eUserMessageRequest, kept(kChat, &Requests::chat)},
      {R::eEnableAgentStatisticsRequest, kept(kTarget, &Requests::agent_statistics)},
      {R::eDisableAgentStatisticsRequest, kept(kTarget, &Requests::agent_statistics)},
      {R::eEnableSkillGroupStatisticsRequest, kept(kGroups, &Requests::group_statistics)},
      {R::eDisableSkillGroupStatisticsRequest, kept(kGroups, &Requests::group_statistics)},
      {R::eSnapshotDeviceRequest, {kTarget, &Requests::snapshot_device, false, 0, true}},
      {R::eExplainButtonRequest, {kExplain, &Requests::explain_button, false, 0, true}},
      {R::eSnapshotCallRequest, {kTarget, &Requests::snapshot_call}},
      {R::eMakeCallRequest, {kDial, &Requests::make_call}},
      {R::eAnswerCallRequest, {kTarget, &Requests::one_call, true, kAlerting}},
      {R::eHoldCallRequest, {kTarget, &Requests::one_call, true, kConnect}},
      {R::eRetrieveCallRequest, {kTarget, &Requests::one_call, true, kHeld}},
      {R::eClearCallRequest, {kTarget, &Requests::one_call, true}},
      {R::eClearConnectionRequest, {kTarget, &Requests::one_call, true}},
      {R::eSetCallDataRequest, {call_data_rules(), &Requests::set_call_data, true}},
      {R::eSendDTMFSignalRequest, {kDtmf, &Requests::send_dtmf, true, kConnect}},
      {R::eConsultationCallRequest, {kDial, &Requests::consult, true, kConnect}},
      {R::eAlternateCallRequest, {kTwo, &Requests::two_calls, true, kConnect | kHeld}},
      {R::eReconnectCallRequest, {kTwo, &Requests::two_calls, true, 0}},
      {R::eTransferCallRequest, {kTwo, &Requests::two_calls, true, kConnect | kHeld}},
      {R::eConferenceCallRequest, {kTwo, &Requests::two_calls, true, kConnect | kHeld}},
      {R::eSingleStepTransferRequest, {kDial, &Requests::single_step, true, kConnect}},
      {R::eSingleStepConferenceRequest, {kDial, &Requests::single_step, true, kConnect}},
      {R::eStartRecordingRequest, {kTarget, &Requests::record, true, kConnect}},
      {R::eStopRecordingRequest, {kTarget, &Requests::record, true}},
  };
  static_assert(as_the_schema_says(kRows),
                "a request that the schema calls served has no row, or the other way round");
  static_assert(in_itself(kRows));
  for (const Row& row : kRows) {
    if (row.request == request) return &row.spec;
  }
  return nullptr;
}

}  // namespace cti::broker
