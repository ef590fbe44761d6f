// What the switch does, one sentence at a time: events are compared view by view.
#include "tools/simulator/model/model.hpp"

#include "tests/unit/simulator/recorder.hpp"

#include <gtest/gtest.h>

namespace cti::simulator {
namespace {

using Lines = std::vector<std::string>;

class ModelTest : public ::testing::Test {
 protected:
  ModelTest() { model.add_listener(recorder); }
  ~ModelTest() override { model.check_invariants(); }

  void pass(Nanos time) {
    EXPECT_TRUE(model.advance(model.now() + time));
    model.check_invariants();
  }
  AgentIndex log_in(const char* agent, const char* instrument) {
    LoginRequest request;
    request.agent = request.password = agent;
    request.instrument = instrument;
    return model.login(request).value();
  }
  AgentIndex ready(const char* agent, const char* instrument) {
    const AgentIndex index = log_in(agent, instrument);
    EXPECT_TRUE(model.set_state(index, {AgentState::kAvailable}).ok());
    return index;
  }
  StationIndex station(const char* id) const { return model.find_station(id); }
  AgentState state(AgentIndex agent) const { return model.agents()[agent].state; }
  CallNumber arrive(const char* ani = "5551234") {
    OutsideCall call;
    call.ani = ani;
    call.number = "6077";
    const CallNumber number = model.outside_call(call).value();
    pass(Millis(50));
    return number;
  }
  /// A routed call that 22866 on 23901 has answered.
  CallNumber talk() {
    ready("22866", "23901");
    const CallNumber call = arrive();
    EXPECT_TRUE(model.answer(call, station("23901")).ok());
    return call;
  }
  /// ... and a consult to 22867 on 23902, answered.
  CallNumber consult(CallNumber call) {
    log_in("22867", "23902");
    const CallNumber second = model.consult(call, station("23901"), {"23902", {}}, 1).value();
    EXPECT_TRUE(model.answer(second, station("23902")).ok());
    return second;
  }

  Recorder recorder;
  Model model{default_settings(), 1};
};

TEST_F(ModelTest, LogsAnAgentInAndEndsNotReady) {
  const AgentIndex agent = log_in("22866", "23901");
  EXPECT_EQ(state(agent), AgentState::kNotReady);
  EXPECT_EQ(recorder.agents.size(), 1U);
}

TEST_F(ModelTest, RefusesLoginsByTheirReason) {
  const auto refusal = [&](const char* agent, const char* password, const char* instrument,
                           std::uint16_t mode = 0) {
    LoginRequest request;
    request.agent = agent;
    request.password = password;
    request.instrument = instrument;
    request.work_mode = mode;
    return model.login(request).error();
  };
  EXPECT_EQ(refusal("9", "9", "23901"), Failure::telephone(Refusal::kInvalidAgentId));
  EXPECT_EQ(refusal("22866", "x", "23901"), Failure::telephone(Refusal::kInvalidAgentId));
  EXPECT_EQ(refusal("22866", "22866", "1"), Failure::telephone(Refusal::kInvalidDevice));
  EXPECT_EQ(refusal("22866", "22866", "23901", 9), Failure::telephone(Refusal::kInvalidWorkMode));
  log_in("22866", "23901");
  EXPECT_EQ(refusal("22866", "22866", "23902"), Failure::telephone(Refusal::kAlreadySignedOn));
  EXPECT_EQ(refusal("22867", "22867", "23901"), Failure::telephone(Refusal::kExtensionInUse));
}

TEST_F(ModelTest, LogoutIsTakenFromNotReadyOnly) {
  const AgentIndex agent = ready("22866", "23901");
  EXPECT_EQ(model.set_state(agent, {AgentState::kLogout, 1}).error(),
            Failure::telephone(Refusal::kStateIncompatible));
  EXPECT_TRUE(model.set_state(agent, {AgentState::kNotReady}).ok());
  EXPECT_TRUE(model.set_state(agent, {AgentState::kLogout, 1}).ok());
  EXPECT_EQ(state(agent), AgentState::kLogout);
}

TEST_F(ModelTest, RoutesACallToTheAgentAndTellsItsWholeLife) {
  const AgentIndex agent = ready("22866", "23901");
  const CallNumber call = arrive();
  EXPECT_EQ(state(agent), AgentState::kReserved);
  EXPECT_TRUE(model.answer(call, station("23901")).ok());
  EXPECT_EQ(state(agent), AgentState::kTalking);
  EXPECT_TRUE(model.clear_connection(call, station("23901")).ok());
  EXPECT_EQ(recorder.of("23901"),
            (Lines{"pre_call 0", "begin 2", "delivered 2", "established 3", "rtp_on 3", "rtp_off 3",
                   "connection_cleared 0", "cleared 0", "end 0"}));
  EXPECT_EQ(state(agent), AgentState::kAvailable);
}

TEST_F(ModelTest, RequiredWrapupFollowsTheCall) {
  Settings settings = default_settings();
  settings.desks[0].wrapup_incoming = WrapupMode::kRequired;
  settings.desks[0].work_mode_timer_s = 30;
  Model strict(settings, 1);
  LoginRequest login{"22866", "22866", "23901", 0, false, {}, 0};
  const AgentIndex agent = strict.login(login).value();
  ASSERT_TRUE(strict.set_state(agent, {AgentState::kAvailable}).ok());
  OutsideCall outside;
  outside.number = "6077";
  const CallNumber call = strict.outside_call(outside).value();
  strict.advance(strict.now() + Seconds(1));
  ASSERT_TRUE(strict.answer(call, strict.find_station("23901")).ok());
  EXPECT_FALSE(strict.set_state(agent, {AgentState::kNotReady}).ok());
  ASSERT_TRUE(strict.clear_connection(call, strict.find_station("23901")).ok());
  EXPECT_EQ(strict.agents()[agent].state, AgentState::kWorkReady);
  strict.advance(strict.now() + Seconds(31));
  EXPECT_EQ(strict.agents()[agent].state, AgentState::kAvailable);
  EXPECT_EQ(strict.session_counters(agent).told(Counter::kHandledAfterCallTime), 30U);
}

TEST_F(ModelTest, StateAskedForWhileTalkingComesAfterTheCall) {
  const CallNumber call = talk();
  const AgentIndex agent = model.find_agent("22866");
  EXPECT_TRUE(model.set_state(agent, {AgentState::kNotReady, 7}).ok());
  EXPECT_EQ(state(agent), AgentState::kTalking);
  EXPECT_TRUE(model.clear_connection(call, station("23901")).ok());
  EXPECT_EQ(state(agent), AgentState::kNotReady);
  EXPECT_EQ(model.agents()[agent].reason, 7);
}

TEST_F(ModelTest, QueuesUntilAnAgentIsThere) {
  const CallNumber call = arrive();
  EXPECT_EQ(model.groups()[0].queue.size(), 1U);
  pass(Seconds(10));
  ready("22866", "23901");
  pass(Millis(50));
  EXPECT_EQ(model.groups()[0].queue.size(), 0U);
  EXPECT_TRUE(model.answer(call, station("23901")).ok());
  EXPECT_EQ(model.groups()[0].statistics.today.longest_queued, Nanos(Seconds(10) + Millis(50)));
}

TEST_F(ModelTest, RingNoAnswerGoesBackToTheQueueAndParksTheAgent) {
  const AgentIndex agent = ready("22866", "23901");
  const CallNumber call = arrive();
  recorder.clear();
  pass(Seconds(31));
  EXPECT_EQ(recorder.of("23901"), (Lines{"diverted 0", "end 0"}));
  EXPECT_EQ(state(agent), AgentState::kNotReady);
  EXPECT_EQ(model.agents()[agent].reason, kReasonRingNoAnswer);
  EXPECT_EQ(model.find_call(call)->queued, 0U);
}

TEST_F(ModelTest, CallerWhoLeavesBeforeTheRingAbortsThePreCall) {
  ready("22866", "23901");
  OutsideCall outside;
  outside.number = "6077";
  const CallNumber call = model.outside_call(outside).value();
  EXPECT_TRUE(model.outside_hangs_up(call));
  EXPECT_EQ(recorder.of("23901"), (Lines{"pre_call 0", "pre_call_abort 0"}));
  pass(Seconds(1));
  EXPECT_EQ(model.counters().abandoned, 1U);
}

TEST_F(ModelTest, MakeCallIsTakenInNotReadyOnlyAndRingsTheOther) {
  const AgentIndex agent = ready("22866", "23901");
  log_in("22867", "23902");
  EXPECT_EQ(model.make_call(station("23901"), {"23902", {}}).error(),
            Failure::telephone(Refusal::kStateIncompatible));
  ASSERT_TRUE(model.set_state(agent, {AgentState::kNotReady}).ok());
  recorder.clear();
  Dial dial{"23902", {}};
  dial.data.variables[0] = "abc";
  const CallNumber call = model.make_call(station("23901"), dial).value();
  EXPECT_EQ(recorder.of("23901"), (Lines{"begin 1", "initiated 1", "originated 1", "delivered 3"}));
  EXPECT_EQ(recorder.of("23902"), (Lines{"begin 2", "delivered 2"}));
  EXPECT_EQ(model.find_call(call)->data.variables[0], "abc");
  pass(Seconds(61));
  EXPECT_EQ(model.calls().size(), 0U);
}

TEST_F(ModelTest, BusyAndUnknownNumbersFail) {
  log_in("22866", "23901");
  ASSERT_TRUE(model.make_call(station("23901"), {"123", {}}).ok());
  EXPECT_EQ(recorder.of("23901"), (Lines{"begin 1", "initiated 1", "originated 1", "failed 6"}));
  recorder.clear();
  pass(Seconds(4));
  EXPECT_EQ(recorder.of("23901"), (Lines{"connection_cleared 0", "cleared 0", "end 0"}));
}

TEST_F(ModelTest, OutsideNumbersAnswerAfterAWhile) {
  const AgentIndex agent = log_in("22866", "23901");
  ASSERT_TRUE(model.make_call(station("23901"), {"918005551234", {}}).ok());
  pass(Seconds(3));
  EXPECT_EQ(recorder.of("23901"), (Lines{"begin 1", "initiated 1", "originated 1",
                                         "reached_network 3", "established 3", "rtp_on 3"}));
  EXPECT_EQ(state(agent), AgentState::kTalking);
}

TEST_F(ModelTest, HoldAndRetrieveChangeStateAndMedia) {
  const CallNumber call = talk();
  recorder.clear();
  EXPECT_TRUE(model.hold(call, station("23901")).ok());
  EXPECT_EQ(state(model.find_agent("22866")), AgentState::kHold);
  EXPECT_EQ(model.hold(call, station("23901")).error(), Failure::telephone(Refusal::kNoActiveCall));
  EXPECT_TRUE(model.retrieve(call, station("23901")).ok());
  EXPECT_EQ(recorder.of("23901"), (Lines{"held 4", "rtp_off 4", "retrieved 3", "rtp_on 3"}));
}

TEST_F(ModelTest, ConsultTransferLeavesTheOtherTwoTogether) {
  const CallNumber first = talk();
  const CallNumber second = consult(first);
  recorder.clear();
  EXPECT_EQ(model.transfer(second, first, station("23901")).value(), first);
  EXPECT_EQ(recorder.of("23901"), (Lines{"rtp_off 3", "transferred 0", "end 0", "end 0"}));
  EXPECT_EQ(recorder.of("23902"), (Lines{"transferred 3", "data 3"}));
  EXPECT_EQ(state(model.find_agent("22866")), AgentState::kAvailable);
  EXPECT_EQ(model.find_call(second), nullptr);
  ASSERT_NE(model.find_view(first, station("23902")), nullptr);
  EXPECT_TRUE(model.clear_connection(first, station("23902")).ok());
  EXPECT_EQ(model.calls().size(), 0U);
}

TEST_F(ModelTest, TransferKeepsTheDataOfTheFirstCall) {
  const CallNumber first = talk();
  CallDataPatch patch;
  patch.variables[2] = "kept";
  ASSERT_TRUE(model.set_call_data(first, patch).ok());
  const CallNumber second = consult(first);
  EXPECT_EQ(model.find_call(second)->data.variables[2], "kept");
  patch.variables[2] = "changed";
  ASSERT_TRUE(model.set_call_data(second, patch).ok());
  ASSERT_TRUE(model.transfer(second, first, station("23901")).ok());
  EXPECT_EQ(model.find_call(first)->data.variables[2], "kept");
}

TEST_F(ModelTest, TransferToARingingPhoneWorks) {
  const CallNumber first = talk();
  log_in("22867", "23902");
  const CallNumber second = model.consult(first, station("23901"), {"23902", {}}, 1).value();
  ASSERT_TRUE(model.transfer(second, first, station("23901")).ok());
  ASSERT_TRUE(model.answer(first, station("23902")).ok());
  EXPECT_EQ(state(model.find_agent("22867")), AgentState::kTalking);
}

TEST_F(ModelTest, ConferenceHasThreePartiesAndOneMayLeave) {
  const CallNumber first = talk();
  const CallNumber second = consult(first);
  ASSERT_TRUE(model.conference(second, first, station("23901")).ok());
  EXPECT_EQ(model.find_call(first)->connections.size(), 3U);
  recorder.clear();
  ASSERT_TRUE(model.clear_connection(first, station("23901")).ok());
  EXPECT_EQ(recorder.of("23901"), (Lines{"rtp_off 3", "connection_cleared 0", "end 0"}));
  EXPECT_EQ(recorder.of("23902"), (Lines{"connection_cleared 3"}));
  EXPECT_EQ(model.find_call(first)->connections.size(), 2U);
}

TEST_F(ModelTest, TransferAfterAlternatingKeepsTheConsultCall) {
  const CallNumber first = talk();
  CallDataPatch patch;
  patch.variables[2] = "the caller's";
  ASSERT_TRUE(model.set_call_data(first, patch).ok());
  const CallNumber second = consult(first);
  ASSERT_TRUE(model.alternate(second, first, station("23901")).ok());
  recorder.clear();
  EXPECT_EQ(model.transfer(first, second, station("23901")).value(), second);
  EXPECT_EQ(model.find_call(first), nullptr);
  const Call* left = model.find_call(second);
  ASSERT_NE(left, nullptr);
  EXPECT_EQ(left->connections.size(), 2U);
  EXPECT_EQ(left->ani, "5551234") << "the caller's from now on";
  EXPECT_EQ(left->data.variables[2], "the caller's");
  EXPECT_EQ(left->type, CallType::kTransferIn);
  EXPECT_EQ(model.find_view(first, station("23901")), nullptr);
  EXPECT_EQ(model.find_view(second, station("23902"))->state, ConnectionState::kConnected);
  EXPECT_EQ(state(model.find_agent("22866")), AgentState::kAvailable);
  EXPECT_TRUE(model.clear_connection(second, station("23902")).ok());
  EXPECT_EQ(model.calls().size(), 0U);
}

TEST_F(ModelTest, AConsultToAGroupIsTransferredWhileItWaits) {
  const CallNumber first = talk();
  ASSERT_TRUE(model.set_state(model.find_agent("22866"), {AgentState::kNotReady}).ok());
  const CallNumber second = model.consult(first, station("23901"), {"6077", {}}, 1).value();
  ASSERT_EQ(model.find_call(second)->queued, 0U);
  EXPECT_EQ(model.conference(second, first, station("23901")).error(),
            Failure::telephone(Refusal::kInvalidObjectState))
      << "nobody is there yet who could confer";
  EXPECT_EQ(model.transfer(second, first, station("23901")).value(), first);
  EXPECT_EQ(model.find_call(first)->queued, 0U);
  EXPECT_EQ(model.find_view(first, station("23901")), nullptr);
  ready("22867", "23902");
  pass(Millis(50));
  ASSERT_TRUE(model.answer(first, station("23902")).ok());
  EXPECT_EQ(state(model.find_agent("22867")), AgentState::kTalking);
}

TEST_F(ModelTest, WhoHasAConsultOfATransferredCallMayTransferToo) {
  const CallNumber first = talk();
  const CallNumber second = consult(first);
  log_in("1001", "23903");
  const CallNumber third = model.consult(second, station("23902"), {"23903", {}}, 1).value();
  ASSERT_TRUE(model.answer(third, station("23903")).ok());
  ASSERT_TRUE(model.transfer(second, first, station("23901")).ok());
  EXPECT_EQ(model.transfer(third, first, station("23902")).value(), first);
}

TEST_F(ModelTest, AnAgentLosesItsLoginWithThePeripheralForReason50002) {
  const AgentIndex agent = ready("22866", "23901");
  model.set_peripheral_online(false);
  EXPECT_EQ(state(agent), AgentState::kLogout);
  EXPECT_EQ(model.agents()[agent].reason, 50002);
}

TEST_F(ModelTest, ConferenceAfterAlternatingIsRefused) {
  const CallNumber first = talk();
  const CallNumber second = consult(first);
  ASSERT_TRUE(model.alternate(second, first, station("23901")).ok());
  EXPECT_EQ(model.conference(first, second, station("23901")).error(),
            Failure::telephone(Refusal::kInvalidObjectState));
}

TEST_F(ModelTest, OnlyTheControllerExtendsAConference) {
  const CallNumber first = talk();
  const CallNumber second = consult(first);
  ASSERT_TRUE(model.conference(second, first, station("23901")).ok());
  EXPECT_EQ(model.single_step_conference(first, station("23902"), {"23903", {}}).error(),
            Failure::telephone(Refusal::kArbitraryNotSupported));
  EXPECT_TRUE(model.single_step_conference(first, station("23901"), {"23903", {}}).ok());
  EXPECT_TRUE(model.answer(first, station("23903")).ok());
  EXPECT_EQ(model.find_call(first)->connections.size(), 4U);
}

TEST_F(ModelTest, ReconnectEndsTheConsultAndTakesTheFirstBack) {
  const CallNumber first = talk();
  const CallNumber second = consult(first);
  recorder.clear();
  ASSERT_TRUE(model.reconnect(second, first, station("23901")).ok());
  EXPECT_EQ(model.find_call(second), nullptr);
  EXPECT_EQ(model.find_view(first, station("23901"))->state, ConnectionState::kConnected);
}

TEST_F(ModelTest, BlindTransferAndDeflectMoveTheCall) {
  const CallNumber call = talk();
  EXPECT_EQ(model.blind_transfer(call, station("23901"), {"1", {}}).error(),
            Failure::telephone(Refusal::kInvalidDestination));
  ASSERT_TRUE(model.blind_transfer(call, station("23901"), {"23902", {}}).ok());
  EXPECT_EQ(model.find_view(call, station("23901")), nullptr);
  ASSERT_TRUE(model.deflect(call, station("23902"), "23903").ok());
  EXPECT_EQ(model.find_view(call, station("23903"))->state, ConnectionState::kAlerting);
}

TEST_F(ModelTest, SupervisorListensBargesInAndIntercepts) {
  const CallNumber call = talk();
  log_in("22900", "23900");
  const StationIndex agent = station("23901"), chief = station("23900");
  EXPECT_EQ(model.supervise(SupervisoryAction::kIntercept, kNoCall, agent, chief).error(),
            Failure::telephone(Refusal::kInvalidObjectState));
  EXPECT_EQ(model.supervise(SupervisoryAction::kMonitor, kNoCall, agent, chief).value(), call);
  EXPECT_TRUE(model.find_view(call, chief)->silent());
  EXPECT_TRUE(model.supervise(SupervisoryAction::kBargeIn, call, agent, chief).ok());
  EXPECT_TRUE(model.supervise(SupervisoryAction::kIntercept, call, agent, chief).ok());
  EXPECT_EQ(model.find_view(call, agent), nullptr);
  EXPECT_EQ(state(model.find_agent("22900")), AgentState::kTalking);
  EXPECT_TRUE(model.clear_connection(call, chief).ok());
}

TEST_F(ModelTest, ASilentListenerMayGoWhenTheAgentHasLeftTheCallAndTheDesk) {
  const CallNumber call = talk();
  log_in("22900", "23900");
  log_in("22867", "23902");
  const StationIndex agent = station("23901"), chief = station("23900");
  ASSERT_TRUE(model.supervise(SupervisoryAction::kMonitor, call, agent, chief).ok());
  EXPECT_EQ(model.supervise(SupervisoryAction::kClear, kNoCall, agent, chief).value(), call);
  EXPECT_EQ(model.find_view(call, chief), nullptr);
  ASSERT_TRUE(model.supervise(SupervisoryAction::kWhisper, call, agent, chief).ok());
  ASSERT_TRUE(model.blind_transfer(call, agent, {"23902", {}}).ok());
  ASSERT_EQ(model.find_view(call, agent), nullptr);
  EXPECT_EQ(model.supervise(SupervisoryAction::kClear, kNoCall, agent, chief).value(), call);
  EXPECT_EQ(model.find_view(call, chief), nullptr);
  EXPECT_NE(model.find_call(call), nullptr);
  EXPECT_FALSE(model.supervise(SupervisoryAction::kClear, call, agent, chief).ok());
}

TEST_F(ModelTest, TheOneWhomACallWaitsForHasItsPlaceAmongTheParties) {
  const CallNumber call = talk();
  const StationIndex agent = station("23901");
  while (model.find_call(call)->connections.size() < kPartiesMax - 1) {
    ASSERT_TRUE(model.single_step_conference(call, agent, {"918005550000", {}}).ok());
  }
  ASSERT_TRUE(model.single_step_conference(call, agent, {"6077", {}}).ok());
  ASSERT_NE(model.find_call(call)->queued, kNoIndex);
  log_in("22900", "23900");
  EXPECT_EQ(model.supervise(SupervisoryAction::kMonitor, call, agent, station("23900")).error(),
            Failure::telephone(Refusal::kConferenceFull));
  ready("22867", "23902");
  pass(Millis(50));
  EXPECT_NE(model.find_view(call, station("23902")), nullptr);
}

TEST_F(ModelTest, TheNumberOfASkillGroupStaysWhileCallsWaitForIt) {
  const CallNumber call = arrive();
  SkillGroupSettings renamed = model.groups()[0].settings;
  renamed.dialed_number = "6078";
  ASSERT_NE(model.find_call(call)->queued, kNoIndex);
  EXPECT_NE(model.change_skill_group(0, renamed), "");
  renamed.dialed_number = "6077";
  renamed.name = "Sales";
  EXPECT_EQ(model.change_skill_group(0, renamed), "");
  ASSERT_TRUE(model.outside_hangs_up(call));
  renamed.dialed_number = "6078";
  EXPECT_EQ(model.change_skill_group(0, renamed), "");
}

TEST_F(ModelTest, SilentListenerDoesNotKeepACallAlive) {
  const CallNumber call = talk();
  log_in("22900", "23900");
  ASSERT_TRUE(
      model.supervise(SupervisoryAction::kMonitor, call, station("23901"), station("23900")).ok());
  EXPECT_TRUE(model.outside_hangs_up(call));
  EXPECT_EQ(model.calls().size(), 0U);
}

TEST_F(ModelTest, AgentsOfOtherTeamsAreNotSupervised) {
  Settings settings = default_settings();
  settings.agents[0].team = 0;
  Model other(settings, 1);
  const AgentIndex a = other.login({"22866", "22866", "23901", 0, false, {}, 0}).value();
  ASSERT_TRUE(other.login({"22900", "22900", "23900", 0, false, {}, 0}).ok());
  ASSERT_TRUE(other.set_state(a, {AgentState::kAvailable}).ok());
  EXPECT_EQ(
      other.supervise(SupervisoryAction::kMonitor, kNoCall, 0, other.find_station("23900")).error(),
      Failure::telephone(Refusal::kPrivilegeViolation));
}

TEST_F(ModelTest, AssistFindsTheSupervisorOrSaysThatThereIsNone) {
  const CallNumber call = talk();
  const AgentIndex agent = model.find_agent("22866");
  EXPECT_EQ(model.assist(agent, call, false).error(), Failure::server(Status::kSupervisorNotFound));
  log_in("22900", "23900");
  const CallNumber second = model.assist(agent, call, false).value();
  EXPECT_EQ(model.find_call(second)->type, CallType::kAssist);
  EXPECT_TRUE(model.answer(second, station("23900")).ok());
}

TEST_F(ModelTest, CallDataHasItsLimits) {
  const CallNumber call = talk();
  CallDataPatch patch;
  patch.variables[0] = std::string(41, 'x');
  EXPECT_EQ(model.set_call_data(call, patch).error(), Failure::server(Status::kValueTooLong));
  patch = {};
  for (int i = 0; i < 11; ++i)
    patch.named.push_back({"user.a" + std::to_string(i), -1, std::string(200, 'v')});
  EXPECT_EQ(model.set_call_data(call, patch).error(), Failure::server(Status::kTooMuchData));
  EXPECT_EQ(model.set_call_data(call + 77, {}).error(), Failure::server(Status::kInvalidCallId));
}

TEST_F(ModelTest, ABlankClearsAndAnArrayIsReplacedWhole) {
  const CallNumber call = talk();
  CallDataPatch patch;
  patch.variables[0] = "x";
  patch.named = {{"user.arr", 0, "a"}, {"user.arr", 1, "b"}};
  ASSERT_TRUE(model.set_call_data(call, patch).ok());
  patch = {};
  patch.variables[0] = " ";
  patch.named = {{"user.arr", 0, "c"}};
  ASSERT_TRUE(model.set_call_data(call, patch).ok());
  EXPECT_EQ(model.find_call(call)->data.variables[0], "");
  ASSERT_EQ(model.find_call(call)->data.named.size(), 1U);
  EXPECT_EQ(model.find_call(call)->data.named[0].value, "c");
}

TEST_F(ModelTest, WrapupDataMayBeSetForAWhileAfterTheCall) {
  const CallNumber call = talk();
  ASSERT_TRUE(model.clear_connection(call, station("23901")).ok());
  CallDataPatch patch;
  patch.wrapup = "sold";
  EXPECT_TRUE(model.set_call_data(call, patch).ok());
  EXPECT_TRUE(model.release_call(call).ok());
  EXPECT_FALSE(model.set_call_data(call, patch).ok());
}

TEST_F(ModelTest, OfflinePeripheralEndsEverything) {
  talk();
  model.set_peripheral_online(false);
  EXPECT_EQ(model.calls().size(), 0U);
  EXPECT_EQ(state(model.find_agent("22866")), AgentState::kLogout);
  LoginRequest request{"22866", "22866", "23901", 0, false, {}, 0};
  EXPECT_EQ(model.login(request).error(), Failure::telephone(Refusal::kOutOfService));
}

TEST_F(ModelTest, CountsWhatAgentsDo) {
  const CallNumber call = talk();
  const AgentIndex agent = model.find_agent("22866");
  pass(Seconds(100));
  ASSERT_TRUE(model.hold(call, station("23901")).ok());
  pass(Seconds(10));
  ASSERT_TRUE(model.clear_connection(call, station("23901")).ok());
  const CounterSet counters = model.session_counters(agent);
  EXPECT_EQ(counters.told(Counter::kHandledCalls), 1U);
  EXPECT_EQ(counters.told(Counter::kHandledTalkTime), 100U);
  EXPECT_EQ(counters.told(Counter::kHandledTime), 110U);
  EXPECT_EQ(counters.told(Counter::kInHeldTime), 10U);
}

}  // namespace
}  // namespace cti::simulator
