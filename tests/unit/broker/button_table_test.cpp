// button_table_test.cpp - a button is on exactly when no reason stands against it, in every situation that there can be; what a
// reason speaks of is what makes it so; and docs/buttons.md is what the rules say.
#include "broker/model/button_names.hpp"
#include "broker/model/button_table.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace cti::broker {
namespace {

namespace ctios = wire::ctios;
using ctios::LocalConnectionState;
using ctios::WrapupMode;

constexpr LocalConnectionState kStatuses[] = {ctios::LCS_NULL,    ctios::LCS_INITIATE,
                                              ctios::LCS_ALERTING, ctios::LCS_CONNECT,
                                              ctios::LCS_HOLD,    ctios::LCS_QUEUED,
                                              ctios::LCS_FAIL,    ctios::LCS_NONE};
constexpr std::int32_t kStates = 12;  // those that have a name, and one that has none

/// Visits every situation: none, one or two calls in every state and role, each agent state, wrap-up mode, role and offer.
template <class Visit>
void each_situation(Visit&& visit) {
  std::vector<std::vector<CallSituation>> lists = {{}};
  for (const LocalConnectionState first : kStatuses) {
    for (const bool outgoing : {false, true}) {
      lists.push_back({{.status = first, .outgoing = outgoing}});
    }
    for (const LocalConnectionState second : kStatuses) {
      if (first == ctios::LCS_NONE || second == ctios::LCS_NONE) continue;
      lists.push_back({{.status = first, .born = 1}, {.status = second, .born = 2}});
      for (const auto type : {ctios::CT_UNSPECIFIED, ctios::CT_TRANSFER, ctios::CT_CONFERENCE}) {
        for (const bool rings : {false, true}) {
          lists.push_back({{.status = first, .born = 1},
                           {.status = second,
                            .consult_type = type,
                            .outgoing = true,
                            .rings = rings,
                            .born = 2}});
        }
      }
    }
  }
  for (auto& calls : lists) assign_roles(calls);
  AgentSituation agent;
  for (const bool more : {false, true}) {
    agent.supervisor = more;
    agent.desk_settings = more ? UINT32_MAX : 0;
    agent.last_call_outgoing = more;
    agent.offer = more ? ButtonOffer{.recording = true,
                                     .single_step_transfer = true,
                                     .single_step_conference = true}
                       : ButtonOffer{.chat = false, .bad_line = false};
    for (std::int32_t mode = 0; mode <= 3; ++mode) {
      agent.wrapup_incoming = WrapupMode{mode};
      agent.wrapup_outgoing = WrapupMode{3 - mode};
      for (std::int32_t state = 0; state < kStates; ++state) {
        agent.state = static_cast<ctios::AgentState>(state);
        for (const auto& calls : lists) {
          agent.calls = calls;
          visit(agent, WhyGrey::kNoCall);
          for (std::size_t i = 0; i < calls.size(); ++i) visit(agent, i);
        }
      }
    }
  }
}

/// What is true of the call that a reason names.
bool names_the_right_call(GreyReason reason, const CallSituation* call) {
  if (call == nullptr) return true;
  switch (reason) {
    case GreyReason::kNotAlerting:
      return call->status != ctios::LCS_ALERTING;
    case GreyReason::kNotConnected:
      return call->status != ctios::LCS_CONNECT;
    case GreyReason::kNotHeld:
      return call->status != ctios::LCS_HOLD;
    case GreyReason::kStillAlerting:
      return call->status != ctios::LCS_CONNECT && call->status != ctios::LCS_HOLD;
    case GreyReason::kOtherCallTalking:
      return call->status == ctios::LCS_CONNECT;
    case GreyReason::kConsultNotAnswered:
      return call->role == ConsultRole::kConsult &&
             (call->rings ||
              (call->status != ctios::LCS_CONNECT && call->status != ctios::LCS_HOLD));
    case GreyReason::kConsultUnderWay:
    case GreyReason::kOtherConsultType:
      return call->role == ConsultRole::kConsult;
    case GreyReason::kOutgoingCall:
      return call->outgoing;
    default:
      return true;
  }
}

/// These speak of a call whatever the agent's state is.
bool needs_a_call(GreyReason reason) {
  switch (fact_of(reason)) {
    case Fact::kTalkingCall:
    case Fact::kOtherCall:
    case Fact::kConsult:
    case Fact::kPurpose:
      return true;
    default:
      return false;
  }
}

TEST(ButtonTable, AButtonIsOnExactlyWhenNoReasonStandsAgainstItAndTheReasonNamesWhatMadeItSo) {
  std::size_t situations = 0, looked_at = 0;
  each_situation([&](const AgentSituation& agent, std::size_t index) {
    ++situations;
    const Buttons buttons =
        index == WhyGrey::kNoCall ? agent_buttons(agent) : call_buttons(agent, index);
    std::uint32_t on = 0;
    for (const ButtonName& button : button_names()) {
      ++looked_at;
      const WhyGrey why = explain_button(agent, index, button.bit);
      if (why.reason == GreyReason::kOn) on |= button.bit;
      ASSERT_NE(why.reason, GreyReason::kNoButton) << button.name;
      ASSERT_EQ(why.reason, buttons.reason(button.bit)) << button.name;
      ASSERT_EQ(why.mask, buttons.mask);
      ASSERT_TRUE(why.call == WhyGrey::kNoCall || why.call < agent.calls.size());
      const CallSituation* const call =
          why.call == WhyGrey::kNoCall ? nullptr : &agent.calls[why.call];
      ASSERT_TRUE(call != nullptr || !needs_a_call(why.reason))
          << button.name << ": " << describe(why.reason) << " speaks of no call";
      ASSERT_TRUE(names_the_right_call(why.reason, call))
          << button.name << ": " << describe(why.reason) << ", call " << why.call;
    }
    ASSERT_EQ(on, buttons.mask) << "a bit without a name, or a reason beside a bit that is on";
  });
  EXPECT_GT(situations, 50'000u);
  EXPECT_EQ(looked_at, situations * 30);
}

TEST(ButtonTable, ASupervisorsButtonIsOnExactlyWhenNoReasonStandsAgainstIt) {
  SupervisorSituation now;
  for (int flags = 0; flags < 8; ++flags) {
    now.logged_in = (flags & 1) != 0;
    now.other_call = (flags & 2) != 0;
    now.has_call = (flags & 4) != 0;
    for (int part = 0; part <= static_cast<int>(SupervisorPart::kIntercepted); ++part) {
      now.part = static_cast<SupervisorPart>(part);
      for (std::int32_t state = 0; state < kStates; ++state) {
        now.agent = static_cast<ctios::AgentState>(state);
        for (const LocalConnectionState status : kStatuses) {
          now.call = status;
          const SupervisorButtons buttons = supervisor_buttons(now);
          std::uint32_t on = 0;
          for (const ButtonName& button : supervisor_button_names()) {
            const GreyReason why =
                buttons.why[static_cast<std::size_t>(std::countr_zero(button.bit))];
            ASSERT_NE(why, GreyReason::kNoButton) << button.name;
            ASSERT_EQ(why == GreyReason::kSupervisorLoggedOut, !now.logged_in) << button.name;
            if (why == GreyReason::kOn) on |= button.bit;
          }
          ASSERT_EQ(on, buttons.mask);
        }
      }
    }
  }
}

TEST(ButtonTable, EveryReasonIsAskedForByNumberNameAndWords) {
  std::set<std::string> names, words;
  for (std::size_t i = 0; i < kGreyReasons; ++i) {
    const auto reason = static_cast<GreyReason>(i);
    EXPECT_TRUE(names.emplace(name_of(reason)).second) << name_of(reason);
    EXPECT_TRUE(words.emplace(describe(reason)).second) << describe(reason);
  }
  EXPECT_EQ(fact_of(static_cast<GreyReason>(200)), Fact::kNothing);
  // What clients keep of them: numbers that never change.
  EXPECT_EQ(static_cast<int>(GreyReason::kNoCall), 14);
  EXPECT_EQ(static_cast<int>(GreyReason::kConsultNotAnswered), 22);
  EXPECT_EQ(static_cast<int>(GreyReason::kNotOnTheCall), 31);
}

TEST(ButtonTable, TheDocumentedPageIsWhatTheRulesSay) {
  const std::string page = print_buttons();
  const std::string path = RINGSIDE_BUTTONS_PAGE;
  if (std::getenv("RINGSIDE_WRITE_PAGES") != nullptr) std::ofstream(path) << page;
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), page) << "print it anew: RINGSIDE_WRITE_PAGES=1 build/tests/unit/broker/"
                                 "buttons_test --gtest_filter=ButtonTable.*";
}

TEST(ButtonTable, ThePageHasEveryStateAndEveryButton) {
  const std::vector<ButtonGroup> groups = button_groups();
  ASSERT_EQ(groups.size(), 3u);
  std::set<std::int32_t> states;
  for (const ButtonColumn& column : groups[0].columns) states.insert(column.agent.state);
  EXPECT_EQ(states.size(), 11u);
  std::set<std::int32_t> statuses;
  for (const ButtonColumn& column : groups[1].columns) {
    ASSERT_EQ(column.calls.size(), 1u) << column.name;
    statuses.insert(column.calls[0].status);
  }
  EXPECT_EQ(statuses.size(), 6u) << "every state of a call that is there";
  for (const ButtonName& button : button_names()) {
    std::size_t on = 0;
    for (const ButtonGroup& group : groups) {
      for (const ButtonColumn& column : group.columns)
        on += (column.buttons().mask & button.bit) != 0 ? 1U : 0U;
    }
    const bool never = button.name == "ENABLE_INSIDE_MAKECALL" ||
                       button.name == "ENABLE_OUTSIDE_MAKECALL";
    EXPECT_EQ(on == 0, never) << button.name << " is on in " << on << " columns";
  }
}

}  // namespace
}  // namespace cti::broker
