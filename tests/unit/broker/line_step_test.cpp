// line_step_test.cpp - a transfer or a conference in one step, and recording: what is asked of the CTI Server, what is refused
// and why, what everybody is told.
#include "tests/unit/broker/line_world.hpp"
#include "wire/ged188/media.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;
using namespace wire::ctios::ButtonEnablement_bits;
using ged::MessageType;

constexpr std::uint32_t kCall = 202, kOtherCall = 303;
constexpr const char* kId = "call.5000.202.23901";
constexpr std::uint16_t kDefinity = 1;  // any PeripheralType but Unified CCE's

class LineStep : public ::testing::Test {
 protected:
  explicit LineStep(const broker::LineConfig& config = line_config()) : world(config) {}

  void SetUp() override {
    ASSERT_TRUE(world.ready());
    for (const auto& [agent, device] : {std::pair{"22866", "23901"}, std::pair{"22867", "23902"}}) {
      world.side_a->agents[agent] = {3, device, device};
      world.side_a->agent_state(agent, 3, device, device);
    }
    world.settle();
    talk(kCall, "23901");
  }
  void talk(std::uint32_t id, const std::string& device) {
    world.side_a->begin_call(id, device, "1");
    world.side_a->established(id, device);
    ASSERT_TRUE(world.until([&] {
      const broker::CallEntry* const call = call_at(id, device);
      return call != nullptr && call->status == ctios::LCS_CONNECT;
    }));
  }
  const broker::CallEntry* call_at(std::uint32_t id, const std::string& device) {
    return world.line->map().call(
        wire::object_key(broker::call_object_id(kPeripheral, id, device).view()));
  }
  broker::Tell run(RequestId request, const char* id = kId,
                   std::initializer_list<std::pair<const char*, const char*>> more = {}) {
    wire::Arguments args;
    args.set("UniqueObjectID", id);
    for (const auto& [key, value] : more) args.set(key, value);
    return world.answer(world.request(request, args, "22866"));
  }
  static std::int64_t failure(const broker::Tell& tell) {
    return reply_of(tell).arguments().integer(Keyword::FailureCode).value_or(-1);
  }
  static std::string message(const broker::Tell& tell) {
    return std::string(reply_of(tell).arguments().string(Keyword::ErrorMessage).value_or(""));
  }
  /// What the CTI Server was asked last, of this kind.
  template <class View>
  View asked(MessageType type) {
    const auto& last = world.side_a->requests.back();
    EXPECT_EQ(last.type, static_cast<std::uint32_t>(type));
    const auto view = View::decode(last.body, world.side_a->version);
    EXPECT_TRUE(view.ok());
    return *view;
  }
  std::size_t sent() const { return world.side_a->requests.size(); }
  std::uint32_t mask() { return call_at(kCall, "23901")->mask; }
  std::string recording() {
    const auto handle = world.line->map().properties().find(kId);
    if (!handle) return "no call";
    const auto known = world.line->map().properties().properties(*handle);
    return std::string(known.string("Recording").value_or("never"));
  }
  /// A recorder that answers START_RECORDING as it should; everything else as usual.
  void recorder(std::uint32_t session, std::uint32_t data) {
    world.side_a->hook = [this, session, data](std::uint32_t type, Bytes body) {
      if (MessageType{type} != MessageType::kStartRecordingReq) return false;
      const auto id = load_be<std::uint32_t>(body.data());
      world.side_a->requests.push_back({type, id, {body.begin(), body.end()}});
      world.side_a->send(ged::StartRecordingConfEncoder(
          world.side_a->room(), world.side_a->version,
          {.invoke_id = id, .session_id = session, .server_data = data}));
      return true;
    };
  }

  LineWorld world;
};

TEST_F(LineStep, ATransferInOneStepNamesNoHeldConnectionAndCarriesItsData) {
  const broker::Tell tell = run(RequestId::eSingleStepTransferRequest, kId,
                                {{"DialedNumber", "6077"}, {"CallVariable3", "gold"}});
  const auto view = asked<ged::TransferCallReqView>(MessageType::kTransferCallReq);
  EXPECT_EQ(view.active_connection_call_id(), kCall);
  EXPECT_EQ(view.active_connection_device_id(), "23901");
  EXPECT_EQ(view.held_connection_call_id(), 0xFFFFFFFFU);
  EXPECT_EQ(view.held_connection_device_id_type(), 0xFFFFU);
  EXPECT_EQ(view.dialed_number(), "6077");
  EXPECT_EQ(view.call_variable3(), "gold");
  // The scripted CTI Server's plain answer lacks what the guide's has: no success is made of it.
  EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kUnknown);
}

TEST_F(LineStep, TheConfirmationOfATransferInOneStepIsThatOfATransfer) {
  world.side_a->hook = [this](std::uint32_t type, Bytes body) {
    if (MessageType{type} != MessageType::kTransferCallReq) return false;
    world.side_a->send(ged::TransferCallConfEncoder(
        world.side_a->room(), world.side_a->version,
        {.invoke_id = load_be<std::uint32_t>(body.data()), .new_connection_call_id = kCall}));
    return true;
  };
  const broker::Tell tell =
      run(RequestId::eSingleStepTransferRequest, kId, {{"DialedNumber", "6077"}});
  EXPECT_EQ(reply_of(tell).event_id(), EventId::eTransferCallConf);
  EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kConfirmed);
  EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::NewConnectionCallID), kCall);
}

TEST_F(LineStep, UnifiedCceHasNoConferenceInOneStepAndNoClear) {
  for (const RequestId request :
       {RequestId::eSingleStepConferenceRequest, RequestId::eClearCallRequest}) {
    const broker::Tell tell = run(request, kId, {{"DialedNumber", "6077"}});
    EXPECT_EQ(failure(tell), ctios::eOperationNotSupported) << wire::name_of(request);
    EXPECT_NE(message(tell).find("this peripheral does not offer it (PeripheralType 17)"),
              std::string::npos)
        << message(tell);
    EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::MessageType),
              static_cast<std::int64_t>(wire::reported_as(request)));
  }
  EXPECT_EQ(sent(), 0U);
  EXPECT_EQ(mask() & (ENABLE_SINGLE_STEP_CONFERENCE | ENABLE_SINGLE_STEP_TRANSFER | ENABLE_RECORD),
            0U);
  // Who may not touch the call is told that, and nothing of the peripheral.
  talk(kOtherCall, "23902");
  EXPECT_EQ(failure(run(RequestId::eClearCallRequest, "call.5000.303.23902")),
            ctios::eInvalidPriviledge);
}

class LineStepElsewhere : public LineStep {
 protected:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.peripheral_type = kDefinity;
    return config;
  }
  LineStepElsewhere() : LineStep(config()) {}
  void SetUp() override {
    ASSERT_TRUE(world.ready());
    // Known by the answer to a question, which does not name the peripheral's type.
    world.side_a->agents["22866"] = {3, "23901", "23901"};
    const broker::Tell tell = world.answer(world.request(RequestId::eQueryAgentStateRequest,
                                                         args_of({{"AgentID", "22866"}}), "22866"));
    ASSERT_EQ(reply_of(tell).outcome(), wire::Outcome::kConfirmed);
    world.settle();
    talk(kCall, "23901");
  }
};

TEST_F(LineStepElsewhere, AnotherPeripheralIsAskedForBoth) {
  (void)run(RequestId::eSingleStepConferenceRequest, kId, {{"DialedNumber", "23902"}});
  const auto view = asked<ged::ConferenceCallReqView>(MessageType::kConferenceCallReq);
  EXPECT_EQ(view.active_connection_call_id(), kCall);
  EXPECT_EQ(view.held_connection_call_id(), 0xFFFFFFFFU);
  EXPECT_EQ(view.dialed_number(), "23902");
  const broker::Tell clear = run(RequestId::eClearCallRequest);
  EXPECT_EQ(reply_of(clear).event_id(), EventId::eClearCallConf);
  const std::uint32_t both = ENABLE_SINGLE_STEP_CONFERENCE | ENABLE_SINGLE_STEP_TRANSFER;
  EXPECT_EQ(mask() & both, both);
}

TEST_F(LineStep, WhatIsWrongIsRefusedByNameAndNothingIsSent) {
  talk(kOtherCall, "23902");
  const auto step = RequestId::eSingleStepTransferRequest;
  EXPECT_EQ(failure(run(step)), ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(run(step, kId, {{"DialedNumber", ""}})), ctios::eRequiredArgMissing);
  EXPECT_EQ(failure(run(step, kId, {{"DialedNumber", "1234567890123456789012345678901234567890"}})),
            ctios::E_CTI_VALUE_TOO_LONG);
  EXPECT_EQ(failure(run(step, "call.5000.303.23902", {{"DialedNumber", "1"}})),
            ctios::eInvalidPriviledge);
  EXPECT_EQ(failure(run(step, "agent.5000.22866", {{"DialedNumber", "1"}})),
            ctios::eUnknownObjectID);
  EXPECT_EQ(failure(run(RequestId::eStartRecordingRequest, "call.5000.303.23902")),
            ctios::eInvalidPriviledge);
  world.side_a->held(kCall, "23901");
  world.settle();
  EXPECT_EQ(failure(run(step, kId, {{"DialedNumber", "1"}})), ctios::eInvalidObjectState);
  EXPECT_EQ(failure(run(RequestId::eStartRecordingRequest)), ctios::eInvalidObjectState);
  world.side_a->end_call(kCall, "23901");
  world.settle();
  EXPECT_EQ(failure(run(step, kId, {{"DialedNumber", "1"}})), ctios::eUnknownObjectID);
  EXPECT_EQ(failure(run(RequestId::eStopRecordingRequest)), ctios::eUnknownObjectID);
  EXPECT_EQ(sent(), 0U);
}

TEST_F(LineStep, ARecordingIsStoppedWhereItWasStarted) {
  recorder(77, 4711);
  const broker::Tell start = run(RequestId::eStartRecordingRequest);
  EXPECT_EQ(reply_of(start).event_id(), EventId::eStartRecordingConf);
  EXPECT_EQ(reply_of(start).arguments().string(Keyword::UniqueObjectID), kId);
  const auto begun = asked<ged::StartRecordingReqView>(MessageType::kStartRecordingReq);
  EXPECT_EQ(begun.connection_call_id(), kCall);
  EXPECT_EQ(begun.connection_device_id(), "23901");
  EXPECT_EQ(begun.agent_id(), "22866");
  EXPECT_EQ(begun.agent_instrument(), "23901");
  EXPECT_EQ(recording(), "started");
  // Everybody who sees the call is told, before the answer is.
  ASSERT_FALSE(world.records.empty());
  EXPECT_EQ(world.records.back().event(), EventId::eCallDataUpdateEvent);
  EXPECT_EQ(world.records.back().view().arguments().string("Recording"), "started");

  const broker::Tell again = run(RequestId::eStartRecordingRequest);
  EXPECT_EQ(failure(again), ctios::eInvalidObjectState);
  EXPECT_EQ(message(again), std::string("the call ") + kId + " is recorded already");

  const broker::Tell stop = run(RequestId::eStopRecordingRequest);
  EXPECT_EQ(reply_of(stop).event_id(), EventId::eStopRecordingConf);
  const auto ended = asked<ged::StopRecordingReqView>(MessageType::kStopRecordingReq);
  EXPECT_EQ(ended.session_id(), 77U);
  EXPECT_EQ(ended.server_data(), 4711U);
  EXPECT_EQ(recording(), "stopped");
  EXPECT_EQ(failure(run(RequestId::eStopRecordingRequest)), ctios::eInvalidObjectState);
  EXPECT_EQ(sent(), 2U);
  // And anew.
  EXPECT_EQ(reply_of(run(RequestId::eStartRecordingRequest)).event_id(),
            EventId::eStartRecordingConf);
}

TEST_F(LineStep, ACallOfWhichNothingIsKnownMayBeStoppedToBeRecorded) {
  // Another server, or this one before it was started anew, may have been asked to begin.
  (void)run(RequestId::eStopRecordingRequest);
  const auto view = asked<ged::StopRecordingReqView>(MessageType::kStopRecordingReq);
  EXPECT_EQ(view.session_id(), 0U);
  EXPECT_EQ(view.server_data(), 0U);
}

TEST_F(LineStep, WhileOneIsAskedForTheNextIsRefusedAndAnAnswerThatNeverComesBlocksNobody) {
  world.side_a->confirms = false;
  world.ask(world.request(RequestId::eStartRecordingRequest, args_of({{"UniqueObjectID", kId}}),
                          "22866"));
  ASSERT_TRUE(world.until([&] { return sent() == 1; }));
  EXPECT_EQ(failure(run(RequestId::eStartRecordingRequest)), ctios::eInvalidObjectState);
  EXPECT_EQ(failure(run(RequestId::eStopRecordingRequest)), ctios::eInvalidObjectState);
  EXPECT_EQ(sent(), 1U);
  ASSERT_TRUE(world.until([&] { return world.line->pending() == 0; })) << "its deadline";
  EXPECT_EQ(recording(), "never");
  recorder(1, 1);
  EXPECT_EQ(reply_of(run(RequestId::eStartRecordingRequest)).event_id(),
            EventId::eStartRecordingConf);
}

TEST_F(LineStep, ARecorderThatIsGoneOrThereIsNoneIsNamedAndTheCallMayBeRecordedAnew) {
  world.side_a->confirms = false;
  const auto refused = [&](RequestId request) {
    wire::Arguments args;
    args.set("UniqueObjectID", kId);
    broker::Ask ask = world.request(request, args, "22866");
    const std::size_t before = sent();
    const std::uint64_t id = ask.request_id;
    world.ask(std::move(ask));
    EXPECT_TRUE(world.until([&] { return sent() > before; }));
    world.side_a->refuse(world.side_a->requests.back(), 272);
    const auto found = [&] {
      return std::find_if(world.tells.begin(), world.tells.end(),
                          [&](const broker::Tell& tell) { return tell.request_id == id; });
    };
    EXPECT_TRUE(world.until([&] { return found() != world.tells.end(); }));
    return found() == world.tells.end() ? broker::Tell{} : std::move(*found());
  };
  const broker::Tell none = refused(RequestId::eStartRecordingRequest);
  EXPECT_EQ(failure(none), 272);
  EXPECT_EQ(message(none), "CF_REQUESTED_SERVICE_NOT_REGISTERED (272)");
  EXPECT_EQ(recording(), "never");
  recorder(5, 6);
  (void)run(RequestId::eStartRecordingRequest);
  EXPECT_EQ(recording(), "started");
  EXPECT_EQ(failure(refused(RequestId::eStopRecordingRequest)), 272);
  EXPECT_EQ(recording(), "failed");
  (void)run(RequestId::eStartRecordingRequest);
  EXPECT_EQ(recording(), "started");
}

TEST_F(LineStep, ARefusedStopOfWhatAnotherServerBeganSaysNothingOfTheRecording) {
  world.side_a->hook = [this](std::uint32_t type, Bytes body) {
    if (MessageType{type} != MessageType::kStopRecordingReq) return false;
    const auto id = load_be<std::uint32_t>(body.data());
    world.side_a->requests.push_back({type, id, {body.begin(), body.end()}});
    world.side_a->refuse(world.side_a->requests.back(), 78);
    return true;
  };
  EXPECT_EQ(failure(run(RequestId::eStopRecordingRequest)), 78);
  EXPECT_EQ(recording(), "never");
}

TEST_F(LineStep, ARecorderThatRefusedToStopIsNamedWhenItIsAskedAgain) {
  recorder(77, 4711);
  (void)run(RequestId::eStartRecordingRequest);
  world.side_a->hook = [this](std::uint32_t type, Bytes body) {
    if (MessageType{type} != MessageType::kStopRecordingReq) return false;
    const auto id = load_be<std::uint32_t>(body.data());
    world.side_a->requests.push_back({type, id, {body.begin(), body.end()}});
    world.side_a->refuse(world.side_a->requests.back(), 78);
    return true;
  };
  EXPECT_EQ(failure(run(RequestId::eStopRecordingRequest)), 78);
  EXPECT_EQ(recording(), "failed");
  world.side_a->hook = {};
  EXPECT_EQ(reply_of(run(RequestId::eStopRecordingRequest)).event_id(),
            EventId::eStopRecordingConf);
  const auto ended = asked<ged::StopRecordingReqView>(MessageType::kStopRecordingReq);
  EXPECT_EQ(ended.session_id(), 77U);
  EXPECT_EQ(ended.server_data(), 4711U);
  EXPECT_EQ(recording(), "stopped");
}

TEST_F(LineStep, WhatIsRecordedIsForgottenWithTheCall) {
  recorder(5, 6);
  (void)run(RequestId::eStartRecordingRequest);
  world.side_a->end_call(kCall, "23901");
  world.settle();
  talk(kCall, "23901");  // another call under the same name
  EXPECT_EQ(recording(), "never");
}

TEST_F(LineStep, CredentialsAreLookedAtWithoutALoginAndGuessingEnds) {
  const auto identify = [&](const char* password) {
    return world.request(
        RequestId::eIdentifyClientRequest,
        args_of({{"AgentID", "22867"}, {"AgentPassword", password}, {"PeripheralID", "5000"}}), "");
  };
  const broker::Tell right = world.answer(identify("22867"));
  EXPECT_EQ(reply_of(right).event_id(), EventId::eIdentifyClientConf);
  const auto view = asked<ged::SetAgentStateReqView>(MessageType::kSetAgentStateReq);
  EXPECT_EQ(view.forced_flag(), 2U);
  EXPECT_EQ(view.agent_id(), "22867");
  EXPECT_EQ(view.agent_password(), "22867");
  EXPECT_EQ(failure(world.answer(world.request(RequestId::eIdentifyClientRequest, {}, ""))),
            ctios::eRequiredArgMissing);
  world.side_a->hook = [this](std::uint32_t type, Bytes body) {
    if (MessageType{type} != MessageType::kSetAgentStateReq) return false;
    const auto id = load_be<std::uint32_t>(body.data());
    world.side_a->requests.push_back({type, id, {body.begin(), body.end()}});
    world.side_a->refuse(world.side_a->requests.back(), 257);
    return true;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(failure(world.answer(identify("x"))), 257);
  const std::size_t before = sent();
  EXPECT_EQ(failure(world.answer(identify("22867"))), ctios::eInvalidPriviledge);
  EXPECT_EQ(sent(), before);
}

TEST_F(LineStep, PasswordsAreLookedAtOneAfterTheOther) {
  world.side_a->confirms = false;
  const auto identify = [&] {
    return world.request(
        RequestId::eIdentifyClientRequest,
        args_of({{"AgentID", "22867"}, {"AgentPassword", "x"}, {"PeripheralID", "5000"}}), "");
  };
  world.ask(identify());
  ASSERT_TRUE(world.until([&] { return sent() == 1; }));
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(failure(world.answer(identify())), ctios::eInvalidObjectState);
  EXPECT_EQ(sent(), 1U) << "guesses under way are not counted yet";
  world.side_a->refuse(world.side_a->requests.back(), 257);
  ASSERT_TRUE(world.until([&] { return world.line->pending() == 0; }));
  world.side_a->confirms = true;
  EXPECT_EQ(reply_of(world.answer(identify())).event_id(), EventId::eIdentifyClientConf);
}

class LineNetworkRecording : public LineStep {
 protected:
  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.link.version = 23;
    config.recording = broker::LineConfig::Recording::kNetwork;
    config.record_button = true;
    return config;
  }
  LineNetworkRecording() : LineStep(config()) {}
  template <class Encoder, class Fixed>
  void tell() {
    Fixed fixed;
    fixed.peripheral_id = kPeripheral;
    fixed.connection_call_id = kCall;
    fixed.connection_device_id_type = 0;
    world.side_a->send(
        Encoder(world.side_a->room(), world.side_a->version, fixed).connection_device_id("23901"));
    world.settle();
  }
};

TEST_F(LineNetworkRecording, IsConfirmedOnReceiptAndBegunByAnEvent) {
  EXPECT_EQ(mask() & ENABLE_RECORD, std::uint32_t{ENABLE_RECORD});
  const broker::Tell start = run(RequestId::eStartRecordingRequest);
  EXPECT_EQ(reply_of(start).event_id(), EventId::eStartRecordingConf);
  EXPECT_EQ(asked<ged::StartNetworkRecordingReqView>(MessageType::kStartNetworkRecordingReq)
                .connection_call_id(),
            kCall);
  EXPECT_EQ(recording(), "never");
  tell<ged::NetworkRecordingStartedEventEncoder, ged::NetworkRecordingStartedEventFixed>();
  EXPECT_EQ(recording(), "started");
  EXPECT_EQ(failure(run(RequestId::eStartRecordingRequest)), ctios::eInvalidObjectState);
  EXPECT_EQ(reply_of(run(RequestId::eStopRecordingRequest)).event_id(),
            EventId::eStopRecordingConf);
  tell<ged::NetworkRecordingEndedEventEncoder, ged::NetworkRecordingEndedEventFixed>();
  EXPECT_EQ(recording(), "stopped");
  EXPECT_EQ(failure(run(RequestId::eStopRecordingRequest)), ctios::eInvalidObjectState);
  tell<ged::NetworkRecordingFailedEventEncoder, ged::NetworkRecordingFailedEventFixed>();
  EXPECT_EQ(recording(), "failed");
}

TEST(LineRecordingConfig, TheNetworkRecordsFromVersion23On) {
  broker::LineConfig config = line_config();
  config.recording = broker::LineConfig::Recording::kNetwork;
  broker::ConfigMistakes mistakes;
  check(config, "line[0]", mistakes);
  EXPECT_FALSE(mistakes.empty());
  config.link.version = 23;
  broker::ConfigMistakes none;
  check(config, "line[0]", none);
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace cti::test
