// buttons_test.cpp - button enablement, row by row of the guide's table, and the reasons for what is grey.
#include "broker/model/buttons.hpp"
#include "broker/model/supervisor_buttons.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <string>
#include <vector>

namespace cti::broker {
namespace {

using namespace wire::ctios;  // NOLINT: the table below reads like the guide's

constexpr std::uint32_t kSc = ENABLE_STATISTICS | ENABLE_CHAT;
constexpr std::uint32_t kScb = kSc | ENABLE_BAD_LINE_CALL;
constexpr std::uint32_t kAe = ENABLE_SUPERVISOR_ASSIST | ENABLE_EMERGENCY_CALL;
constexpr std::uint32_t kTalk =
    ENABLE_HOLD | ENABLE_RELEASE | ENABLE_TRANSFER_INIT | ENABLE_CONFERENCE_INIT;
constexpr std::uint32_t kStates =
    ENABLE_READY | ENABLE_NOTREADY | ENABLE_WORKREADY | ENABLE_WORKNOTREADY;

std::string names(std::uint32_t mask) {
  static constexpr std::pair<std::uint32_t, const char*> kNames[] = {
      {ENABLE_ANSWER, "ANSWER"},
      {ENABLE_RELEASE, "RELEASE"},
      {ENABLE_HOLD, "HOLD"},
      {ENABLE_RETRIEVE, "RETRIEVE"},
      {ENABLE_MAKECALL, "MAKECALL"},
      {ENABLE_TRANSFER_INIT, "TRANSFER_INIT"},
      {ENABLE_TRANSFER_COMPLETE, "TRANSFER_COMPLETE"},
      {ENABLE_CONFERENCE_INIT, "CONFERENCE_INIT"},
      {ENABLE_CONFERENCE_COMPLETE, "CONFERENCE_COMPLETE"},
      {ENABLE_ALTERNATE, "ALTERNATE"},
      {ENABLE_RECONNECT, "RECONNECT"},
      {ENABLE_WRAPUP, "WRAPUP"},
      {ENABLE_SUPERVISOR_ASSIST, "A"},
      {ENABLE_EMERGENCY_CALL, "E"},
      {ENABLE_BAD_LINE_CALL, "B"},
      {ENABLE_STATISTICS, "S"},
      {ENABLE_CHAT, "C"},
      {ENABLE_LOGIN, "LOGIN"},
      {ENABLE_LOGOUT, "LOGOUT"},
      {ENABLE_LOGOUT_WITH_REASON, "LOGOUT_WITH_REASON"},
      {ENABLE_READY, "READY"},
      {ENABLE_NOTREADY, "NOTREADY"},
      {ENABLE_NOTREADY_WITH_REASON, "NOTREADY_WITH_REASON"},
      {ENABLE_WORKREADY, "WORKREADY"},
      {ENABLE_WORKNOTREADY, "WORKNOTREADY"}};
  std::string text;
  for (const auto& [bit, name] : kNames) {
    if (mask & bit) text += std::string(name) + " ";
    mask &= ~bit;
  }
  return mask == 0 ? text : text + "and others";
}

/// One row: the agent, its calls, which of them is looked at (-1: the agent record), and the mask.
struct Row {
  const char* name;
  AgentState state;
  std::vector<CallSituation> calls;
  int look;
  WrapupMode wrapup;
  std::uint32_t mask;
};

const CallSituation kAlerting{.status = LCS_ALERTING};
const CallSituation kConnected{.status = LCS_CONNECT};
const CallSituation kHeld{.status = LCS_HOLD};
const CallSituation kDialling{.status = LCS_INITIATE, .outgoing = true};
const CallSituation kOriginal{.status = LCS_HOLD, .role = ConsultRole::kOriginal};
const CallSituation kConsultRings{
    .status = LCS_INITIATE, .role = ConsultRole::kConsult, .outgoing = true};
const CallSituation kConsultTransfer{.status = LCS_CONNECT,
                                     .role = ConsultRole::kConsult,
                                     .consult_type = CT_TRANSFER,
                                     .outgoing = true};
const CallSituation kConsultConference{.status = LCS_CONNECT,
                                       .role = ConsultRole::kConsult,
                                       .consult_type = CT_CONFERENCE,
                                       .outgoing = true};
const CallSituation kConsultTalks{
    .status = LCS_CONNECT, .role = ConsultRole::kConsult, .outgoing = true};
const CallSituation kConsultHeld{.status = LCS_HOLD,
                                 .role = ConsultRole::kConsult,
                                 .consult_type = CT_TRANSFER,
                                 .outgoing = true};
const CallSituation kOriginalTalks{.status = LCS_CONNECT, .role = ConsultRole::kOriginal};

constexpr WrapupMode kRequired = WrapupMode::Required;
constexpr std::uint32_t kNotReadyRow = ENABLE_READY | ENABLE_LOGOUT | ENABLE_MAKECALL | kAe | kSc;

const std::vector<Row> kRows{
    {"logged out", eLogout, {}, -1, kRequired, ENABLE_LOGIN},
    {"not yet known", eUnknown, {}, -1, kRequired, ENABLE_LOGIN},
    {"NotReady", eNotReady, {}, -1, kRequired, kNotReadyRow},
    {"Ready", eAvailable, {}, -1, kRequired, ENABLE_NOTREADY | ENABLE_MAKECALL | kAe | kSc},
    {"Reserved, call still to come", eReserved, {}, -1, kRequired, kScb},
    {"Reserved", eReserved, {kAlerting}, -1, kRequired, ENABLE_ANSWER | kScb},
    {"call alerting", eReserved, {kAlerting}, 0, kRequired, ENABLE_ANSWER | kScb},
    {"call alerting before the state event",
     eAvailable,
     {kAlerting},
     0,
     WrapupMode::Optional,
     ENABLE_ANSWER | kScb},
    {"Talking", eTalking, {kConnected}, -1, kRequired, kTalk | kAe | kScb},
    {"call talking", eTalking, {kConnected}, 0, kRequired, kTalk | kAe | kScb},
    {"call talking before the state event",
     eReserved,
     {kConnected},
     0,
     kRequired,
     kTalk | kAe | kScb},
    {"held", eHold, {kHeld}, 0, kRequired, ENABLE_RETRIEVE | ENABLE_RELEASE | kAe | kScb},
    {"dialling", eTalking, {kDialling}, 0, kRequired, ENABLE_RELEASE | kScb},
    {"failed",
     eTalking,
     {{.status = LCS_FAIL, .outgoing = true}},
     0,
     kRequired,
     ENABLE_RELEASE | kScb},
    {"consult started",
     eTalking,
     {kOriginal, kConsultRings},
     1,
     kRequired,
     ENABLE_RECONNECT | kScb},
    {"held call while the consult rings",
     eTalking,
     {kOriginal, kConsultRings},
     0,
     kRequired,
     ENABLE_RECONNECT | kScb},
    {"consult for transfer answered",
     eTalking,
     {kOriginal, kConsultTransfer},
     1,
     kRequired,
     ENABLE_ALTERNATE | ENABLE_RECONNECT | ENABLE_TRANSFER_COMPLETE | kScb},
    {"consult for conference answered",
     eTalking,
     {kOriginal, kConsultConference},
     1,
     kRequired,
     ENABLE_ALTERNATE | ENABLE_RECONNECT | ENABLE_CONFERENCE_COMPLETE | kScb},
    {"consult for nobody knows what answered",
     eTalking,
     {kOriginal, kConsultTalks},
     1,
     kRequired,
     ENABLE_ALTERNATE | ENABLE_RECONNECT | ENABLE_TRANSFER_COMPLETE | ENABLE_CONFERENCE_COMPLETE |
         kScb},
    {"held call while the consult talks",
     eTalking,
     {kOriginal, kConsultTransfer},
     0,
     kRequired,
     ENABLE_ALTERNATE | ENABLE_RECONNECT | ENABLE_TRANSFER_COMPLETE | kScb},
    {"alternated: original talks",
     eTalking,
     {kOriginalTalks, kConsultHeld},
     0,
     kRequired,
     ENABLE_ALTERNATE | ENABLE_RECONNECT | ENABLE_TRANSFER_COMPLETE | kScb},
    {"alternated: consult is held",
     eTalking,
     {kOriginalTalks, kConsultHeld},
     1,
     kRequired,
     ENABLE_ALTERNATE | ENABLE_RECONNECT | ENABLE_TRANSFER_COMPLETE | kScb},
    {"consulted agent talks", eTalking, {kConnected}, 0, kRequired, kTalk | kAe | kScb},
    {"two calls, this one talks",
     eTalking,
     {kHeld, kConnected},
     1,
     kRequired,
     ENABLE_HOLD | ENABLE_RELEASE | ENABLE_ALTERNATE | kAe | kScb},
    {"two calls, this one is held",
     eTalking,
     {kHeld, kConnected},
     0,
     kRequired,
     ENABLE_RELEASE | ENABLE_ALTERNATE | kAe | kScb},
    {"second call rings", eTalking, {kConnected, kAlerting}, 1, kRequired, ENABLE_ANSWER | kScb},
    {"the agent record follows the talking call",
     eTalking,
     {kHeld, kConnected},
     -1,
     kRequired,
     ENABLE_HOLD | ENABLE_RELEASE | ENABLE_ALTERNATE | kAe | kScb},
    {"desk setting optional",
     eTalking,
     {kConnected},
     0,
     WrapupMode::Optional,
     kTalk | kAe | kScb | kStates | ENABLE_WRAPUP},
    {"desk setting optional, on hold",
     eHold,
     {kHeld},
     0,
     WrapupMode::Optional,
     ENABLE_RETRIEVE | ENABLE_RELEASE | kAe | kScb | kStates | ENABLE_WRAPUP},
    {"desk setting not allowed",
     eTalking,
     {kConnected},
     0,
     WrapupMode::NotAllowed,
     kTalk | kAe | kScb},
    {"desk setting required with data",
     eTalking,
     {kConnected},
     0,
     WrapupMode::RequiredWithWrapupData,
     kTalk | kAe | kScb},
    {"wrap-up",
     eWorkNotReady,
     {},
     -1,
     kRequired,
     ENABLE_READY | ENABLE_NOTREADY | ENABLE_WRAPUP | kAe | kSc},
    {"wrap-up towards ready",
     eWorkReady,
     {},
     -1,
     kRequired,
     ENABLE_READY | ENABLE_NOTREADY | ENABLE_WRAPUP | kAe | kSc},
    {"busy elsewhere", eBusyOther, {}, -1, kRequired, kAe | kSc},
    {"ended calls do not count", eNotReady, {{.status = LCS_NULL}}, -1, kRequired, kNotReadyRow},
};

TEST(Buttons, EveryRowOfTheTable) {
  for (const Row& row : kRows) {
    AgentSituation agent{.state = row.state,
                         .wrapup_incoming = row.wrapup,
                         .wrapup_outgoing = row.wrapup,
                         .calls = row.calls};
    const Buttons buttons = row.look < 0 ? agent_buttons(agent)
                                         : call_buttons(agent, static_cast<std::size_t>(row.look));
    EXPECT_EQ(names(buttons.mask), names(row.mask)) << row.name;
  }
}

TEST(Buttons, EveryGreyBitHasAReasonAndNoBrightOneHas) {
  std::set<GreyReason> seen;
  for (const Row& row : kRows) {
    for (const bool supervisor : {false, true}) {
      AgentSituation agent{.state = row.state,
                           .supervisor = supervisor,
                           .desk_settings = supervisor ? 0xFFFFFFFF : 0,
                           .wrapup_incoming = row.wrapup,
                           .wrapup_outgoing = row.wrapup,
                           .last_call_outgoing = supervisor,
                           .calls = row.calls};
      const Buttons buttons = row.look < 0
                                  ? agent_buttons(agent)
                                  : call_buttons(agent, static_cast<std::size_t>(row.look));
      for (std::uint32_t i = 0; i < 32; ++i) {
        const GreyReason reason = buttons.reason(1U << i);
        seen.insert(reason);
        EXPECT_EQ(reason == GreyReason::kOn, (buttons.mask >> i & 1) != 0)
            << row.name << " bit " << i;
        if (i != 22 && i != 23) {
          EXPECT_NE(reason, GreyReason::kNoButton) << row.name << " bit " << i;
        }
      }
    }
  }
  // Every reason is one that somebody can be given.
  for (const SupervisorPart part : {SupervisorPart::kNone, SupervisorPart::kBargedIn}) {
    const SupervisorButtons buttons =
        supervisor_buttons({.logged_in = true,
                            .part = part,
                            .agent = wire::ctios::eTalking,
                            .has_call = true,
                            .call = wire::ctios::LCS_CONNECT});
    seen.insert(buttons.why.begin(), buttons.why.end());
  }
  const SupervisorButtons nobody = supervisor_buttons({});
  seen.insert(nobody.why.begin(), nobody.why.end());
  for (std::size_t i = 0; i < kGreyReasons; ++i) {
    EXPECT_TRUE(seen.count(static_cast<GreyReason>(i))) << name_of(static_cast<GreyReason>(i));
    EXPECT_FALSE(describe(static_cast<GreyReason>(i)).empty());
  }
  EXPECT_EQ(name_of(static_cast<GreyReason>(200)), "?");
}

TEST(Buttons, Scenario06LoginGood) {
  const Buttons buttons = agent_buttons({.state = eNotReady});
  EXPECT_TRUE(buttons.mask & ENABLE_READY);
  EXPECT_TRUE(buttons.mask & (ENABLE_LOGOUT | ENABLE_LOGOUT_WITH_REASON));
  EXPECT_FALSE(buttons.mask & ENABLE_LOGIN);
  EXPECT_EQ(buttons.reason(ENABLE_LOGIN), GreyReason::kLoggedIn);
}

TEST(Buttons, Scenario09AlertingThenTalking) {
  std::vector<CallSituation> calls{kAlerting};
  AgentSituation agent{.state = eReserved, .calls = calls};
  EXPECT_TRUE(call_buttons(agent, 0).mask & ENABLE_ANSWER);
  calls[0].status = LCS_CONNECT;
  const Buttons talking = call_buttons(agent, 0);
  EXPECT_EQ(talking.mask & (kTalk | ENABLE_ANSWER), kTalk);
  EXPECT_EQ(talking.reason(ENABLE_ANSWER), GreyReason::kNotAlerting);
}

TEST(Buttons, Scenario12HoldAndRetrieve) {
  std::vector<CallSituation> calls{kHeld};
  AgentSituation agent{.state = eHold, .wrapup_incoming = kRequired, .calls = calls};
  EXPECT_EQ(call_buttons(agent, 0).reason(ENABLE_HOLD), GreyReason::kNotConnected);
  EXPECT_TRUE(call_buttons(agent, 0).mask & ENABLE_RETRIEVE);
  calls[0].status = LCS_CONNECT;
  EXPECT_EQ(call_buttons(agent, 0).reason(ENABLE_RETRIEVE), GreyReason::kNotHeld);
}

TEST(Buttons, ReasonCodesChooseTheButton) {
  const Buttons plain = agent_buttons({.state = eNotReady});
  EXPECT_EQ(plain.reason(ENABLE_LOGOUT), GreyReason::kOn);
  EXPECT_EQ(plain.reason(ENABLE_LOGOUT_WITH_REASON), GreyReason::kWithoutReason);
  const Buttons asked =
      agent_buttons({.state = eNotReady, .desk_settings = DESK_LOGOUT_REASON_REQUIRED_MASK});
  EXPECT_EQ(asked.reason(ENABLE_LOGOUT), GreyReason::kWithReason);
  EXPECT_EQ(asked.reason(ENABLE_LOGOUT_WITH_REASON), GreyReason::kOn);
  const Buttons idle =
      agent_buttons({.state = eAvailable, .desk_settings = DESK_IDLE_REASON_REQUIRED_MASK});
  EXPECT_EQ(idle.mask & (ENABLE_NOTREADY | ENABLE_NOTREADY_WITH_REASON),
            ENABLE_NOTREADY_WITH_REASON);
  EXPECT_EQ(idle.reason(ENABLE_LOGOUT), GreyReason::kNotReadyFirst);
}

TEST(Buttons, SupervisorsHaveNoAssistAndNoEmergency) {
  for (const Row& row : kRows) {
    AgentSituation agent{.state = row.state, .supervisor = true, .calls = row.calls};
    const Buttons buttons = row.look < 0 ? agent_buttons(agent)
                                         : call_buttons(agent, static_cast<std::size_t>(row.look));
    EXPECT_EQ(buttons.mask & kAe, 0U) << row.name;
    EXPECT_EQ(buttons.reason(ENABLE_EMERGENCY_CALL), GreyReason::kForAgentsOnly) << row.name;
  }
}

TEST(Buttons, OutgoingCallsHaveNoWrapupData) {
  std::vector<CallSituation> calls{{.status = LCS_CONNECT, .outgoing = true}};
  const AgentSituation talking{.state = eTalking, .wrapup_incoming = kRequired, .calls = calls};
  EXPECT_EQ(call_buttons(talking, 0).reason(ENABLE_WRAPUP), GreyReason::kOutgoingCall);
  EXPECT_TRUE(call_buttons(talking, 0).mask &
              ENABLE_READY);  // the outgoing mode counts, and that is optional
  EXPECT_EQ(
      agent_buttons({.state = eWorkNotReady, .last_call_outgoing = true}).reason(ENABLE_WRAPUP),
      GreyReason::kOutgoingCall);
}

TEST(Buttons, WhatTheServerDoesNotOfferStaysOff) {
  const ButtonOffer nothing{.chat = false,
                            .statistics = false,
                            .supervisor_assist = false,
                            .emergency = false,
                            .bad_line = false};
  for (const Row& row : kRows) {
    AgentSituation agent{.state = row.state, .calls = row.calls, .offer = nothing};
    const Buttons buttons = row.look < 0 ? agent_buttons(agent)
                                         : call_buttons(agent, static_cast<std::size_t>(row.look));
    EXPECT_EQ(buttons.mask & (kScb | kAe), 0U) << row.name;
    EXPECT_EQ(buttons.reason(ENABLE_CHAT), GreyReason::kNotConfigured);
  }
  const std::vector<CallSituation> calls{kConnected};
  const ButtonOffer more{
      .recording = true, .single_step_transfer = true, .single_step_conference = true};
  EXPECT_TRUE(call_buttons({.state = eTalking, .calls = calls, .offer = more}, 0).mask &
              ENABLE_SINGLE_STEP_TRANSFER);
  EXPECT_TRUE(call_buttons({.state = eTalking, .calls = calls, .offer = more}, 0).mask &
              ENABLE_RECORD);
}

TEST(Buttons, RolesOfAConsultationAreFound) {
  std::vector<CallSituation> calls{{.status = LCS_HOLD, .born = 1},
                                   {.status = LCS_INITIATE, .outgoing = true, .born = 2}};
  assign_roles(calls);
  EXPECT_EQ(calls[0].role, ConsultRole::kOriginal);
  EXPECT_EQ(calls[1].role, ConsultRole::kConsult);
  std::swap(calls[0], calls[1]);
  calls[0].status = LCS_HOLD;  // alternated, and in the other order
  calls[1].status = LCS_CONNECT;
  assign_roles(calls);
  EXPECT_EQ(calls[0].role, ConsultRole::kConsult);
  EXPECT_EQ(calls[1].role, ConsultRole::kOriginal);
  std::vector<CallSituation> second{{.status = LCS_HOLD, .born = 1},
                                    {.status = LCS_CONNECT, .born = 2}};
  assign_roles(second);  // both came in
  EXPECT_EQ(second[0].role, ConsultRole::kNone);
  EXPECT_EQ(second[1].role, ConsultRole::kNone);
  std::vector<CallSituation> single{{.status = LCS_CONNECT, .outgoing = true, .born = 5}};
  assign_roles(single);
  EXPECT_EQ(single[0].role, ConsultRole::kNone);
}

// ---- supervisors ----

struct SupervisorRow {
  const char* name;
  SupervisorSituation now;
  std::uint32_t on;
};

TEST(SupervisorButtons, FollowFromTheAgentItsCallAndTheSupervisorsPartInIt) {
  using namespace wire::ctios;
  const auto talking = [](SupervisorPart part, bool other = false) {
    return SupervisorSituation{.logged_in = true,
                               .other_call = other,
                               .part = part,
                               .agent = eTalking,
                               .has_call = true,
                               .call = LCS_CONNECT};
  };
  const SupervisorRow rows[] = {
      {"supervisor logged out", {.agent = eNotReady}, 0},
      {"agent logged out", {.logged_in = true, .agent = eLogout}, 0},
      {"agent not ready",
       {.logged_in = true, .agent = eNotReady},
       ENABLE_SET_AGENT_LOGOUT | ENABLE_SET_AGENT_READY},
      {"agent ready", {.logged_in = true, .agent = eAvailable}, ENABLE_SET_AGENT_LOGOUT},
      {"call rings",
       {.logged_in = true, .agent = eReserved, .has_call = true, .call = LCS_ALERTING},
       ENABLE_SET_AGENT_LOGOUT},
      {"call talks", talking(SupervisorPart::kNone),
       ENABLE_SET_AGENT_LOGOUT | ENABLE_BARGE_IN | ENABLE_START_SILENTMONITOR},
      {"supervisor on another call", talking(SupervisorPart::kNone, true),
       ENABLE_SET_AGENT_LOGOUT},
      {"listens", talking(SupervisorPart::kMonitors),
       ENABLE_SET_AGENT_LOGOUT | ENABLE_BARGE_IN | ENABLE_CLEAR | ENABLE_STOP_SILENTMONITOR},
      {"whispers", talking(SupervisorPart::kWhispers),
       ENABLE_SET_AGENT_LOGOUT | ENABLE_BARGE_IN | ENABLE_CLEAR},
      {"has barged in", talking(SupervisorPart::kBargedIn),
       ENABLE_SET_AGENT_LOGOUT | ENABLE_INTERCEPT | ENABLE_CLEAR},
      {"has intercepted",
       {.logged_in = true, .part = SupervisorPart::kIntercepted, .agent = eNotReady},
       ENABLE_SET_AGENT_LOGOUT | ENABLE_SET_AGENT_READY | ENABLE_CLEAR},
  };
  for (const SupervisorRow& row : rows) {
    const SupervisorButtons buttons = supervisor_buttons(row.now);
    EXPECT_EQ(buttons.mask, row.on) << row.name;
    for (std::size_t i = 0; i < buttons.why.size(); ++i) {
      EXPECT_EQ(buttons.why[i] == GreyReason::kOn, (buttons.mask >> i & 1) != 0) << row.name << i;
      if (i < 7) {
        EXPECT_NE(buttons.why[i], GreyReason::kNoButton) << row.name << i;
      }
    }
  }
}

}  // namespace
}  // namespace cti::broker
