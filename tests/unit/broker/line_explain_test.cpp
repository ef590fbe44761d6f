// line_explain_test.cpp - why a button is grey: the answer agrees with the mask that clients were told, names the values that
// made it so, and is given to whoever may see the object and to nobody else.
#include "broker/model/button_names.hpp"
#include "broker/model/buttons.hpp"
#include "tests/unit/broker/line_world.hpp"

#include <map>

namespace cti::test {
namespace {

namespace ctios = wire::ctios;
namespace agents = wire::ctios::ButtonEnablement_bits;
namespace supervisors = wire::ctios::SupervisorButtonEnablement_bits;
using broker::GreyReason;

constexpr std::uint32_t kCall = 1, kConsult = 2, kOther = 3;

class LineExplain : public ::testing::Test {
 protected:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.agents = {"22866", "22867", "22868", "22900"};
    return config;
  }
  void SetUp() override {
    for (const char* const agent : {"22868", "22900"}) world.side_a->agents[agent] = {1, "", ""};
    ASSERT_TRUE(world.ready());
    for (const auto& [agent, device] :
         {std::pair{"22866", "23901"}, std::pair{"22867", "23902"}, std::pair{"22868", "23903"},
          std::pair{"22900", "23900"}}) {
      state(agent, 3, device);
    }
    CtiServer& cti = *world.side_a;
    ged::AgentTeamConfigEventEncoder team(
        cti.room(), cti.version,
        {.peripheral_id = kPeripheral, .team_id = 7, .config_operation = 1});
    team.add_agent({.atc_agent_id = "22900", .agent_flags = std::uint16_t{1}});
    team.add_agent({.atc_agent_id = "22866", .agent_flags = std::uint16_t{0}});
    cti.send(team);
    world.settle();
  }
  void state(const std::string& agent, std::uint16_t number, const std::string& device = "23901") {
    world.side_a->agent_state(agent, number, device, device);
    ASSERT_TRUE(world.until([&] {
      const auto* const entry = world.line->map().agent(world.agent_key(agent));
      return entry != nullptr && entry->state == number && entry->desk_known;
    }));
    world.settle();
  }
  /// 22866 talks.
  void talk() {
    world.side_a->begin_call(kCall, "23901", "5551234");
    world.side_a->established(kCall, "23901");
    state("22866", 4);
  }
  /// And asks a colleague, whose phone rings.
  void consult() {
    CtiServer& cti = *world.side_a;
    cti.held(kCall, "23901");
    cti.begin_call(kConsult, "23901", "", ctios::CALLTYPE_CONSULT);
    cti.send(ged::CallOriginatedEventEncoder(cti.room(), cti.version,
                                             {.peripheral_id = kPeripheral,
                                              .connection_device_id_type = 0,
                                              .connection_call_id = kConsult,
                                              .local_connection_state = 1})
                 .connection_device_id("23901"));
    world.settle();
  }

  static std::string id(const std::string& agent) {
    return std::string(broker::agent_object_id(kPeripheral, agent).view());
  }
  static std::string call_id(std::uint32_t call, const std::string& device = "23901") {
    return std::string(broker::call_object_id(kPeripheral, call, device).view());
  }
  broker::Tell ask(const std::string& object, std::uint32_t bit, const std::string& agent = "22866",
                   const char* mask = "EnablementMask") {
    wire::Arguments args;
    if (!object.empty()) args.set("UniqueObjectID", object);
    args.set(mask, bit);
    return world.answer(world.request(RequestId::eExplainButtonRequest, args, agent));
  }
  broker::Tell ask_as_supervisor(const std::string& object, std::uint32_t bit) {
    return ask(object, bit, "22900", "SupervisorBtnEnablementMask");
  }
  static std::string text(const broker::Tell& tell, const char* key) {
    const auto arg = reply_of(tell).arguments().find(key);
    return arg ? arg->to_text() : std::string("-");
  }
  static GreyReason reason(const broker::Tell& tell) {
    const auto number = reply_of(tell).arguments().integer("GreyReason");
    return number ? static_cast<GreyReason>(*number) : static_cast<GreyReason>(255);
  }
  static std::string value(const broker::Tell& tell, const std::string& name) {
    const auto values = reply_of(tell).arguments().arguments(Keyword::EnablementReasons);
    const auto arg = values ? values->find(name) : std::nullopt;
    return arg ? arg->to_text() : std::string("-");
  }
  static std::int64_t failure(const broker::Tell& tell) {
    if (reply_of(tell).outcome() == wire::Outcome::kConfirmed) return 0;
    EXPECT_FALSE(text(tell, "ErrorMessage").empty());
    return reply_of(tell).arguments().integer(Keyword::FailureCode).value_or(-1);
  }
  /// What clients were told of the object last.
  std::uint32_t told_mask(const std::string& object) {
    const std::uint64_t key = wire::object_key(object);
    if (const auto* const call = world.line->map().call(key)) return call->mask;
    const auto* const agent = world.line->map().agent(key);
    return agent == nullptr ? 0 : agent->mask;
  }
  /// Asks about every button of the object. How many are on.
  int agrees(const std::string& object) {
    int on = 0;
    const std::uint32_t told = told_mask(object);
    for (const broker::ButtonName& button : broker::button_names()) {
      const broker::Tell tell = ask(object, button.bit);
      EXPECT_EQ(reply_of(tell).event_id(), EventId::eExplainButtonConf) << button.name;
      EXPECT_EQ(reason(tell) == GreyReason::kOn, (told & button.bit) != 0)
          << object << " " << button.name << ": " << text(tell, "Message");
      EXPECT_EQ(static_cast<std::uint32_t>(
                    reply_of(tell).arguments().integer(Keyword::EnablementMask).value_or(0)),
                told);
      EXPECT_EQ(text(tell, "Button"), button.name);
      EXPECT_TRUE(text(tell, "Message").starts_with(button.label)) << text(tell, "Message");
      on += reason(tell) == GreyReason::kOn ? 1 : 0;
    }
    return on;
  }

  LineWorld world{config()};
};

TEST_F(LineExplain, AConsultCallThatStillRingsIsNamedWithItsState) {
  talk();
  consult();
  const broker::Tell tell = ask(call_id(kConsult), agents::ENABLE_TRANSFER_COMPLETE);
  EXPECT_EQ(reason(tell), GreyReason::kConsultNotAnswered);
  EXPECT_EQ(text(tell, "GreyReasonName"), "ConsultNotAnswered");
  EXPECT_EQ(text(tell, "Message"),
            "Transfer: the consulted party has not answered (call.5000.2.23901, LCS_INITIATE)");
  EXPECT_EQ(value(tell, call_id(kConsult)), "LCS_INITIATE");
  EXPECT_EQ(text(tell, "UniqueObjectID"), call_id(kConsult));
  // Of the held call, and of the agent, the same call is to blame.
  for (const std::string& object : {call_id(kCall), id("22866")}) {
    const broker::Tell other = ask(object, agents::ENABLE_TRANSFER_COMPLETE);
    EXPECT_EQ(reason(other), GreyReason::kConsultNotAnswered) << object;
    EXPECT_EQ(value(other, call_id(kConsult)), "LCS_INITIATE") << object;
  }
  world.side_a->established(kConsult, "23901");
  world.settle();
  const broker::Tell answered = ask(call_id(kConsult), agents::ENABLE_TRANSFER_COMPLETE);
  EXPECT_EQ(reason(answered), GreyReason::kOn);
  EXPECT_EQ(text(answered, "Message"), "Transfer: the button is on");
}

TEST_F(LineExplain, TheAnswerIsTheMaskThatClientsWereToldAtEveryStepOfACall) {
  EXPECT_GT(agrees(id("22866")), 0);
  world.side_a->begin_call(kCall, "23901", "5551234");
  world.side_a->delivered(kCall, "23901");
  state("22866", 8);
  EXPECT_GT(agrees(id("22866")), 0);
  EXPECT_GT(agrees(call_id(kCall)), 0);
  world.side_a->established(kCall, "23901");
  state("22866", 4);
  EXPECT_GT(agrees(call_id(kCall)), 0);
  consult();
  EXPECT_GT(agrees(call_id(kCall)), 0);
  EXPECT_GT(agrees(call_id(kConsult)), 0);
  world.side_a->established(kConsult, "23901");
  world.settle();
  EXPECT_GT(agrees(call_id(kCall)), 0);
  EXPECT_GT(agrees(call_id(kConsult)), 0);
  world.side_a->end_call(kConsult, "23901");
  world.settle();
  EXPECT_GT(agrees(call_id(kCall)), 0);
  world.side_a->end_call(kCall, "23901");
  state("22866", 5);
  EXPECT_GT(agrees(id("22866")), 0);
  state("22866", 2);
  EXPECT_GT(agrees(id("22866")), 0);
  world.side_a->agent_state("22866", 1, "", "");
  world.settle();
  EXPECT_EQ(agrees(id("22866")), 1) << "log in";
}

TEST_F(LineExplain, SettingsAndStatesAreNamedWithWhatTheySay) {
  const broker::Tell state_of = ask(id("22866"), agents::ENABLE_READY);
  EXPECT_EQ(text(state_of, "Message"),
            "Ready: the agent is in this state already (agent.5000.22866, eAvailable)");
  const broker::Tell desk = ask(id("22866"), agents::ENABLE_NOTREADY_WITH_REASON);
  EXPECT_EQ(reason(desk), GreyReason::kWithoutReason);
  EXPECT_EQ(value(desk, "DeskSettingsMask"), "0x00000000");
  talk();
  const broker::Tell step = ask(call_id(kCall), agents::ENABLE_SINGLE_STEP_CONFERENCE);
  EXPECT_EQ(reason(step), GreyReason::kNotOnThisPeripheral);
  EXPECT_EQ(value(step, "PeripheralType"), "17");
  const broker::Tell dial = ask(id("22866"), agents::ENABLE_MAKECALL);
  EXPECT_EQ(text(dial, "Message"),
            "Dial: not while there is a call (call.5000.1.23901, LCS_CONNECT; agent.5000.22866, "
            "eTalking)");
}

TEST_F(LineExplain, WhoeverMaySeeTheObjectMayAskAndNobodyElse) {
  world.side_a->begin_call(kOther, "23902", "1");
  world.side_a->delivered(kOther, "23902");
  talk();
  const std::uint32_t bit = agents::ENABLE_HOLD;
  EXPECT_EQ(failure(ask(call_id(kOther, "23902"), bit)), ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(ask(id("22867"), bit)), ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(ask(call_id(kCall), bit, "22900")), 0) << "a call of a member";
  EXPECT_EQ(failure(ask(id("22866"), bit, "22900")), 0) << "a member";
  EXPECT_EQ(failure(ask(id("22867"), bit, "22900")), ctios::eInvalidPriviledge) << "of no team";
  EXPECT_EQ(failure(ask(call_id(kOther, "23902"), bit, "22900")), ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(ask(id("22867"), bit, "")), 0) << "a monitor sees all";
  broker::Ask guest = world.request(RequestId::eExplainButtonRequest, {}, "");
  wire::Arguments args;
  args.set("UniqueObjectID", id("22866"));
  args.set("EnablementMask", bit);
  guest.arguments.assign(args.bytes().begin(), args.bytes().end());
  guest.from.who.mode = broker::SessionMode::kNone;
  EXPECT_EQ(failure(world.answer(std::move(guest))), ctios::eInvalidPriviledge);
}

TEST_F(LineExplain, WhatIsNoObjectOrNoButtonIsRefusedByName) {
  EXPECT_EQ(failure(ask("", agents::ENABLE_HOLD)), ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(ask("agent.5000.4711", agents::ENABLE_HOLD)), ctios::eUnknownObjectID);
  EXPECT_EQ(failure(ask("device.5000.23901", agents::ENABLE_HOLD)), ctios::eUnknownObjectID);
  EXPECT_EQ(failure(ask(call_id(77), agents::ENABLE_HOLD)), ctios::eUnknownObjectID);
  EXPECT_EQ(failure(ask(id("22866"), 0)), ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(ask(id("22866"), 3)), ctios::eRequiredArgMissing) << "two bits";
  EXPECT_EQ(failure(ask(id("22866"), 1U << 23)), ctios::E_CTI_ELEMENT_NOT_FOUND);
  talk();
  const std::string ended = call_id(kCall);
  EXPECT_EQ(failure(ask(ended, agents::ENABLE_HOLD)), 0);
  world.side_a->end_call(kCall, "23901");
  world.settle();
  EXPECT_EQ(failure(ask(ended, agents::ENABLE_HOLD)), ctios::eUnknownObjectID);
}

TEST_F(LineExplain, ItIsAnsweredFromWhatIsKnownWhileTheCtiServerIsAway) {
  talk();
  world.side_a->accepts = world.side_b->accepts = false;
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return !world.line->ready(); }));
  const std::size_t sent = world.side_a->requests.size();
  const broker::Tell tell = ask(call_id(kCall), agents::ENABLE_ANSWER);
  EXPECT_EQ(reason(tell), GreyReason::kNotAlerting);
  EXPECT_EQ(world.side_a->requests.size(), sent);
}

TEST_F(LineExplain, ACallWhereNobodyIsLoggedInHasNoButtons) {
  world.side_a->begin_call(kOther, "23909", "1");
  world.side_a->delivered(kOther, "23909");
  world.settle();
  const broker::Tell tell = ask(call_id(kOther, "23909"), agents::ENABLE_ANSWER, "");
  EXPECT_EQ(reason(tell), GreyReason::kLoggedOut);
  EXPECT_EQ(value(tell, "ConnectionDeviceID"), "23909");
  EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::EnablementMask), 0);
}

// ---- supervisors ----

TEST_F(LineExplain, ASupervisorsButtonsAreExplainedForWhomItMonitors) {
  talk();
  EXPECT_EQ(failure(ask_as_supervisor(id("22866"), supervisors::ENABLE_BARGE_IN)),
            ctios::eInvalidObjectState)
      << "is not monitored";
  wire::Arguments whom;
  whom.set("AgentReference", id("22866"));
  (void)world.answer(world.request(RequestId::eStartMonitoringAgentRequest, whom, "22900"));
  world.settle();
  std::uint32_t told = 0;
  for (const broker::Tell& tell : world.tells) {
    if (tell.kind != broker::TellKind::kPrivateEvent) continue;
    const auto event = wire::PrivateEventView::trusted(tell.frames);
    if (event.event_id() == EventId::eSupervisorButtonChange)
      told = static_cast<std::uint32_t>(
          *event.arguments().integer(Keyword::SupervisorBtnEnablementMask));
  }
  std::uint32_t on = 0;
  for (const broker::ButtonName& button : broker::supervisor_button_names()) {
    const broker::Tell tell = ask_as_supervisor(id("22866"), button.bit);
    EXPECT_EQ(text(tell, "Button"), button.name);
    if (reason(tell) == GreyReason::kOn) on |= button.bit;
  }
  EXPECT_EQ(on, told);
  EXPECT_NE(on & supervisors::ENABLE_BARGE_IN, 0U);
  const broker::Tell grey = ask_as_supervisor(call_id(kCall), supervisors::ENABLE_INTERCEPT);
  EXPECT_EQ(text(grey, "Message"),
            "Intercept: the supervisor has not barged in (agent.5000.22866, eTalking; "
            "call.5000.1.23901, LCS_CONNECT; agent.5000.22900, not on the call)");
  EXPECT_EQ(failure(ask_as_supervisor(id("22900"), supervisors::ENABLE_CLEAR)),
            ctios::eInvalidObjectState)
      << "oneself";
  EXPECT_EQ(failure(ask_as_supervisor(id("22867"), supervisors::ENABLE_CLEAR)),
            ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(ask_as_supervisor(id("22866"), 1U << 7)), ctios::E_CTI_ELEMENT_NOT_FOUND);
  wire::Arguments args;
  args.set("UniqueObjectID", id("22866"));
  args.set("SupervisorBtnEnablementMask", supervisors::ENABLE_BARGE_IN);
  broker::Ask own = world.request(RequestId::eExplainButtonRequest, args, "22866");
  own.from.session_number = 2;
  EXPECT_EQ(failure(world.answer(std::move(own))), ctios::eInvalidObjectState)
      << "an agent monitors nobody";
}

}  // namespace
}  // namespace cti::test
