// What sessions ask of a line: rights, arguments, states, answers; agent mode and snapshots.
#include "tests/unit/broker/line_world.hpp"
#include "wire/served.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

class LineRequest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world.ready());
    log_in("22866", "23901", 3);
    log_in("22867", "23902", 3);
  }
  void log_in(const std::string& agent, const std::string& device, std::uint16_t state) {
    world.side_a->agent_state(agent, state, device, device);
    ASSERT_TRUE(world.until([&] {
      const broker::AgentEntry* const entry = world.line->map().agent(world.agent_key(agent));
      return entry != nullptr && entry->state == state && entry->desk_known;
    }));
  }
  void call_at(std::uint32_t id, const std::string& device, std::uint16_t status) {
    world.side_a->begin_call(id, device, "1");
    world.side_a->delivered(id, device, status);
    ASSERT_TRUE(world.until([&] {
      const auto* const call = world.line->map().call(
          wire::object_key(broker::call_object_id(kPeripheral, id, device).view()));
      return call != nullptr && call->status == status;
    }));
  }
  broker::Tell run(RequestId request,
                   std::initializer_list<std::pair<const char*, const char*>> args,
                   const std::string& agent = "22866") {
    return world.answer(world.request(request, args_of(args), agent));
  }
  static std::int64_t failure(const broker::Tell& tell) {
    return reply_of(tell).arguments().integer(Keyword::FailureCode).value_or(-1);
  }
  static std::string message(const broker::Tell& tell) {
    return std::string(reply_of(tell).arguments().string(Keyword::ErrorMessage).value_or(""));
  }

  LineWorld world;
};

TEST_F(LineRequest, AnswerIsSentUpstreamAndConfirmedOnce) {
  call_at(202, "23901", 2);
  const broker::Tell tell =
      run(RequestId::eAnswerCallRequest, {{"UniqueObjectID", "call.5000.202.23901"}});
  EXPECT_EQ(reply_of(tell).event_id(), EventId::eAnswerCallConf);
  EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kConfirmed);
  EXPECT_EQ(reply_of(tell).arguments().string(Keyword::UniqueObjectID), "call.5000.202.23901");
  ASSERT_EQ(world.side_a->requests.size(), 1U);
  const auto& sent = world.side_a->requests[0];
  EXPECT_EQ(sent.type, 42U);
  const auto view = ged::AnswerCallReqView::decode(sent.body, world.side_a->version);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->connection_call_id(), 202U);
  EXPECT_EQ(view->connection_device_id(), "23901");
  world.settle(Seconds{1});
  EXPECT_TRUE(world.tells.empty()) << "a second reply";
}

TEST_F(LineRequest, WhatTheSchemaCallsServedIsRunAndNothingElse) {
  std::size_t served = 0;
  for (const RequestId request : wire::kAllRequests) {
    const std::string text = message(run(request, {}));
    const bool unknown = text.ends_with("is not supported by this server");
    EXPECT_EQ(unknown, !wire::served(request)) << wire::name_of(request) << ": " << text;
    served += wire::served(request);
  }
  EXPECT_EQ(served, 46U);
}

TEST(LineRequests, ADeviceThatAPeerHasFilledWithCallsIsToldWithinTheLimitsOfAnAnswer) {
  broker::LineConfig config = line_config();
  config.calls_max = 3000;
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  const std::string device(30, '7');
  world.side_a->agent_state("22866", 3, device, "23901");
  world.settle();
  for (std::uint32_t id = 1; id <= 1400; ++id) world.side_a->begin_call(id, device, "1");
  world.settle(Seconds{2});
  wire::Arguments args;
  args.set("UniqueObjectID", broker::device_object_id(kPeripheral, device).view());
  const broker::Tell tell =
      world.answer(world.request(RequestId::eSnapshotDeviceRequest, args, ""));
  ASSERT_EQ(reply_of(tell).event_id(), EventId::eSnapshotDeviceConf);
  EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::NumCalls), 1400);
  // The device stands in an image too.
  const broker::Tell snapshot = world.snapshot();
  ASSERT_NE(snapshot.image, nullptr);
  EXPECT_EQ(snapshot.image->records, 2u + 1u + 1400u);
}

TEST(LineRequests, AMonitorsQueryGoesToThePeripheralOfTheAgentThatItNames) {
  broker::LineConfig config = line_config();
  config.peripherals = {kPeripheral, 5001};
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  world.side_a->agents["77"] = {3, "", ""};
  world.answer(world.request(RequestId::eQueryAgentStateRequest,
                             args_of({{"UniqueObjectID", "agent.5001.77"}}), ""));
  EXPECT_EQ(world.side_a->queried_peripheral, 5001U);
}

TEST_F(LineRequest, WrongCallStateIsRefusedByRule) {
  call_at(202, "23901", 3);
  const broker::Tell tell =
      run(RequestId::eAnswerCallRequest, {{"UniqueObjectID", "call.5000.202.23901"}});
  EXPECT_EQ(reply_of(tell).event_id(), EventId::eControlFailureConf);
  EXPECT_EQ(failure(tell), ctios::eInvalidObjectState);
  EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::MessageType),
            static_cast<std::int64_t>(RequestId::eAnswerCallRequest));
  EXPECT_TRUE(world.side_a->requests.empty());
}

TEST_F(LineRequest, C6_AnotherAgentsCallIsRefusedAndLoggedWithBothNames) {
  call_at(300, "23902", 3);
  const broker::Tell tell =
      run(RequestId::eClearConnectionRequest, {{"UniqueObjectID", "call.5000.300.23902"}});
  EXPECT_EQ(failure(tell), ctios::eInvalidPriviledge);
  EXPECT_TRUE(world.side_a->requests.empty());
  const auto both = std::find_if(world.said.begin(), world.said.end(), [](const std::string& text) {
    return text.find("agent.5000.22866") != std::string::npos &&
           text.find("agent.5000.22867") != std::string::npos;
  });
  EXPECT_NE(both, world.said.end());
  EXPECT_EQ(world.line->request_counters().refused_rights, 1U);
}

TEST_F(LineRequest, C6_AnotherAgentsStateIsRefusedUnlessItsSupervisorAsks) {
  const broker::Tell tell = run(RequestId::eSetAgentStateRequest,
                                {{"UniqueObjectID", "agent.5000.22867"}, {"AgentState", "2"}});
  EXPECT_EQ(failure(tell), ctios::eInvalidPriviledge);
  const broker::Tell named =
      run(RequestId::eSetAgentStateRequest, {{"AgentID", "22867"}, {"AgentState", "2"}});
  EXPECT_EQ(failure(named), ctios::eInconsistentAgentData);
  EXPECT_TRUE(world.side_a->requests.empty());
  // Both in one team, 22866 its supervisor.
  CtiServer& cti = *world.side_a;
  ged::AgentTeamConfigEventEncoder team(
      cti.room(), cti.version, {.peripheral_id = kPeripheral, .team_id = 7, .config_operation = 1});
  team.add_agent({.atc_agent_id = "22866",
                  .agent_flags = std::uint16_t{1},
                  .atc_agent_state = std::uint16_t{3}});
  team.add_agent({.atc_agent_id = "22867",
                  .agent_flags = std::uint16_t{0},
                  .atc_agent_state = std::uint16_t{3}});
  cti.send(team);
  ASSERT_TRUE(
      world.until([&] { return world.line->map().agent(world.agent_key("22867"))->team == 7; }));
  const broker::Tell allowed =
      run(RequestId::eSetAgentStateRequest,
          {{"UniqueObjectID", "agent.5000.22867"}, {"AgentState", "3"}, {"SupervisorID", "22866"}});
  EXPECT_EQ(reply_of(allowed).event_id(), EventId::eSetAgentStateConf);
  ASSERT_EQ(world.side_a->requests.size(), 1U);
  const auto view = ged::SetAgentStateReqView::decode(world.side_a->requests[0].body, cti.version);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->agent_id(), "22867");
  EXPECT_EQ(view->supervisor_id(), "22866");
}

TEST_F(LineRequest, MonitorModeControlsNothing) {
  call_at(202, "23901", 3);
  const broker::Tell tell =
      run(RequestId::eHoldCallRequest, {{"UniqueObjectID", "call.5000.202.23901"}}, "");
  EXPECT_EQ(failure(tell), ctios::eInvalidPriviledge);
  const broker::Tell settings = run(RequestId::eGlobalSettingsDownloadRequest, {}, "");
  EXPECT_EQ(reply_of(settings).event_id(), EventId::eGlobalSettingsDownloadConf);
}

TEST_F(LineRequest, C14_ErrorsNameTheKeyAndTheExpectedType) {
  const broker::Tell missing = run(RequestId::eMakeCallRequest, {});
  EXPECT_NE(message(missing).find("DialedNumber"), std::string::npos);
  EXPECT_NE(message(missing).find("STRING"), std::string::npos);
  const broker::Tell wrong = run(RequestId::eSetAgentStateRequest, {{"AgentState", "ready"}});
  EXPECT_NE(message(wrong).find("AgentState"), std::string::npos);
  EXPECT_NE(message(wrong).find("INT"), std::string::npos);
  wire::Arguments nested;
  nested.set("DialedNumber", wire::Arguments());
  const broker::Tell array =
      world.answer(world.request(RequestId::eMakeCallRequest, nested, "22866"));
  EXPECT_NE(message(array).find("DialedNumber"), std::string::npos);
  const broker::Tell extreme =
      run(RequestId::eSetAgentStateRequest, {{"AgentState", "99999999999"}});
  EXPECT_NE(message(extreme).find("AgentState"), std::string::npos);
  const broker::Tell no_call = run(RequestId::eAnswerCallRequest, {});
  EXPECT_NE(message(no_call).find("UniqueObjectID"), std::string::npos);
  const broker::Tell gone =
      run(RequestId::eAnswerCallRequest, {{"UniqueObjectID", "call.5000.1.2"}});
  EXPECT_EQ(failure(gone), ctios::eUnknownObjectID);
  EXPECT_TRUE(world.side_a->requests.empty());
}

TEST_F(LineRequest, CallDataTooLongIsRefusedWithTheLimit) {
  call_at(202, "23901", 3);
  const std::string long_text(41, 'x');
  const broker::Tell variable =
      run(RequestId::eSetCallDataRequest,
          {{"UniqueObjectID", "call.5000.202.23901"}, {"CallVariable1", long_text.c_str()}});
  EXPECT_EQ(failure(variable), ctios::E_CTI_VALUE_TOO_LONG);
  wire::Arguments ecc;
  for (int i = 0; i < 12; ++i) ecc.set("user.v" + std::to_string(i), std::string(200, 'y'));
  wire::Arguments args = args_of({{"UniqueObjectID", "call.5000.202.23901"}});
  args.set("ECC", ecc);
  const broker::Tell too_much =
      world.answer(world.request(RequestId::eSetCallDataRequest, args, "22866"));
  EXPECT_EQ(failure(too_much), ctios::E_CTI_TOO_MUCH_DATA);
  wire::Arguments good = args_of({{"UniqueObjectID", "call.5000.202.23901"},
                                  {"CallVariable1", "x"},
                                  {"CallVariable2", ""},
                                  {"CallVariable3", " "}});
  wire::Arguments little;
  little.set("user.arr[1]", "z");
  good.set("ECC", little);
  const broker::Tell done =
      world.answer(world.request(RequestId::eSetCallDataRequest, good, "22866"));
  EXPECT_EQ(reply_of(done).event_id(), EventId::eSetCallDataConf);
  const auto view =
      ged::SetCallDataReqView::decode(world.side_a->requests[0].body, world.side_a->version);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->call_variable1(), "x");
  EXPECT_FALSE(view->call_variable2());
  EXPECT_EQ(view->call_variable3(), " ");
  EXPECT_EQ(view->num_named_arrays(), 1U);
}

TEST_F(LineRequest, ARefusalOfTheSwitchReachesTheAsker) {
  world.side_a->confirms = false;
  broker::Ask what =
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "23902"}}), "22866");
  const std::uint64_t id = what.request_id;
  world.ask(std::move(what));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 1; }));
  world.side_a->refuse(world.side_a->requests[0], 21, 10103);
  ASSERT_TRUE(world.until([&] { return world.tells.size() == 1; }));
  const auto reply = reply_of(world.tells[0]);
  EXPECT_EQ(world.tells[0].request_id, id);
  EXPECT_EQ(reply.event_id(), EventId::eControlFailureConf);
  EXPECT_EQ(reply.arguments().integer(Keyword::FailureCode), 21);
  EXPECT_EQ(reply.arguments().integer(Keyword::PeripheralErrorCode), 10103);
  EXPECT_EQ(reply.arguments().integer(Keyword::MessageType),
            static_cast<std::int64_t>(RequestId::eMakeCallRequest));
  EXPECT_EQ(reply.arguments().string(Keyword::AgentID), "22866");
}

TEST_F(LineRequest, ARefusedLogoutIsAnnouncedBeforeItsConfirmation) {
  world.side_a->confirms = false;
  world.ask(world.request(RequestId::eLogoutRequest, args_of({{"EventReasonCode", "1"}}), "22866"));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 1; }));
  world.side_a->refuse(world.side_a->requests[0], 22);
  ASSERT_TRUE(world.until([&] { return world.tells.size() == 2; }));
  EXPECT_EQ(world.tells[0].kind, broker::TellKind::kPrivateEvent);
  EXPECT_EQ(wire::PrivateEventView::trusted(world.tells[0].frames).event_id(),
            EventId::eLogoutFailedEvent);
  EXPECT_EQ(world.tells[1].kind, broker::TellKind::kReply);
  EXPECT_EQ(reply_of(world.tells[1]).arguments().integer(Keyword::MessageType),
            static_cast<std::int64_t>(RequestId::eSetAgentStateRequest));
}

TEST_F(LineRequest, LoginCarriesInstrumentPasswordAndRemoteNumber) {
  const broker::Tell tell = run(RequestId::eLoginRequest, {{"AgentID", "22866"},
                                                           {"AgentInstrument", "23901"},
                                                           {"AgentPassword", "secret"},
                                                           {"AgentRemoteNumber", "0301234"},
                                                           {"AgentCallMode", "4"}});
  EXPECT_EQ(reply_of(tell).event_id(), EventId::eSetAgentStateConf);
  const auto view =
      ged::SetAgentStateReqView::decode(world.side_a->requests[0].body, world.side_a->version);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->agent_state(), 0U);
  EXPECT_EQ(view->agent_work_mode(), 4U);
  EXPECT_EQ(view->agent_instrument(), "23901;0301234");
}

TEST_F(LineRequest, U11_AnUnansweredRequestEndsUnknownAndItsLateAnswerIsNobodys) {
  world.side_a->confirms = false;
  call_at(202, "23901", 3);
  const TimePoint asked = world.network.now();
  const broker::Tell tell =
      run(RequestId::eHoldCallRequest, {{"UniqueObjectID", "call.5000.202.23901"}});
  EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kUnknown);
  EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::RequestOutcome), 3);
  EXPECT_GE(world.network.now() - asked, Seconds{20});
  // The next request waits when the late confirmation of the first one comes.
  world.ask(world.request(RequestId::eHoldCallRequest,
                          args_of({{"UniqueObjectID", "call.5000.202.23901"}}), "22866"));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 2; }));
  world.side_a->confirm_plain(world.side_a->requests[0]);
  world.settle(Seconds{1});
  EXPECT_TRUE(world.tells.empty());
  EXPECT_EQ(world.line->counters().late_answers, 1U);
  world.side_a->confirm_plain(world.side_a->requests[1]);
  ASSERT_TRUE(world.until([&] { return world.tells.size() == 1; }));
  EXPECT_EQ(reply_of(world.tells[0]).outcome(), wire::Outcome::kConfirmed);
}

TEST_F(LineRequest, U11_RequestsOnTheirWayWhenTheLinkIsLostEndUnknown) {
  world.side_a->confirms = false;
  world.ask(world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 1; }));
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.tells.size() == 1; }));
  EXPECT_EQ(reply_of(world.tells[0]).outcome(), wire::Outcome::kUnknown);
}

TEST_F(LineRequest, TheSameRequestSentTwiceRunsOnceAndIsAnsweredEachTime) {
  broker::Ask first =
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866", 99);
  broker::Ask second = first;
  second.from = world.successor(first.from);
  const broker::Tell one = world.answer(std::move(first));
  world.end_session(world.session());
  const broker::Tell two = world.answer(std::move(second));
  EXPECT_EQ(world.side_a->requests.size(), 1U);
  EXPECT_EQ(reply_of(one).event_id(), EventId::eMakeCallConf);
  EXPECT_EQ(one.frames, two.frames);
  EXPECT_EQ(two.to.session_number, 2U);
}

TEST_F(LineRequest, WhatHasRunAndWhoseAnswerIsNotKeptIsUnknownAndNotRefused) {
  // An answer longer than what is kept: all that is known of an agent with many groups and domains.
  std::uint32_t settings = 0;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    settings += ged::MessageType{type} == ged::MessageType::kAgentDeskSettingsReq ? 1U : 0U;
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq) return false;
    ged::QueryAgentStateConfEncoder answer(
        world.side_a->room(), world.side_a->version,
        {.invoke_id = load_be<std::uint32_t>(body.data()), .agent_state = 3});
    answer.agent_id("22866").agent_instrument(std::string(60, '7'));
    for (std::uint32_t group = 1; group <= 20; ++group) {
      answer.add_skill_group({.skill_group_number = group,
                              .skill_group_id = 5000 + group,
                              .skill_group_priority = std::uint16_t{1},
                              .skill_group_state = std::uint16_t{3}});
    }
    world.side_a->send(answer);
    return true;
  };
  (void)run(RequestId::eQueryAgentStateRequest, {});
  for (std::int32_t domain = 2; domain < 100; ++domain) {
    ged::AgentStateEventEncoder event(
        world.side_a->room(), world.side_a->version,
        {.peripheral_id = kPeripheral, .agent_state = 3, .mrdid = domain});
    world.side_a->send(event.agent_id("22866"));
  }
  world.settle(Seconds{1});
  broker::Ask first = world.request(RequestId::eAgentDeskSettingsRequest, {}, "22866", 55);
  broker::Ask again = first, once_more = first;
  const broker::Tell one = world.answer(std::move(first));
  ASSERT_EQ(reply_of(one).outcome(), wire::Outcome::kConfirmed);
  ASSERT_GT(one.frames.size(), broker::OnceTable::kReplyBytesMax) << "else nothing is tested";
  EXPECT_EQ(settings, 1U);
  for (broker::Ask* const ask : {&again, &once_more}) {
    const broker::Tell two = world.answer(std::move(*ask));
    EXPECT_EQ(reply_of(two).outcome(), wire::Outcome::kUnknown) << "to say refused would be a lie";
    EXPECT_EQ(failure(two), ctios::E_CTI_TIMEOUT);
  }
  EXPECT_EQ(settings, 1U) << "it has not run again";
}

TEST_F(LineRequest, ARequestRepeatedWhileItRunsIsAnsweredToWhoAskedLast) {
  world.side_a->confirms = false;
  broker::Ask first =
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866", 98);
  broker::Ask second = first;
  second.from = world.successor(first.from);
  world.ask(std::move(first));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 1; }));
  world.end_session(world.session());
  world.ask(std::move(second));
  world.settle();
  world.side_a->confirms = true;
  world.side_a->send(ged::MakeCallConfEncoder(world.side_a->room(), world.side_a->version,
                                              {.invoke_id = world.side_a->requests[0].invoke_id,
                                               .new_connection_call_id = 4})
                         .new_connection_device_id("23901"));
  ASSERT_TRUE(world.until([&] { return !world.tells.empty(); }));
  world.settle(Seconds{1});
  ASSERT_EQ(world.tells.size(), 1U);
  EXPECT_EQ(world.tells[0].to.session_number, 2U);
  EXPECT_EQ(reply_of(world.tells[0]).arguments().integer(Keyword::NewConnectionCallID), 4);
}

TEST_F(LineRequest, TransferNamesTheTalkingAndTheHeldCall) {
  call_at(1, "23901", 4);
  call_at(2, "23901", 3);
  const broker::Tell tell =
      run(RequestId::eTransferCallRequest, {{"UniqueObjectID", "call.5000.1.23901"}});
  EXPECT_EQ(reply_of(tell).event_id(), EventId::eControlFailureConf)
      << "the plain answer is no TRANSFER_CALL_CONF";
  ASSERT_EQ(world.side_a->requests.size(), 1U);
  const auto view =
      ged::TransferCallReqView::decode(world.side_a->requests[0].body, world.side_a->version);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->active_connection_call_id(), 2U);
  EXPECT_EQ(view->held_connection_call_id(), 1U);
}

TEST_F(LineRequest, ACallThatIsOverIsNoCallThatWouldHaveToBeNamed) {
  call_at(1, "23901", 4);
  call_at(2, "23901", 3);
  call_at(3, "23901", 0);
  (void)run(RequestId::eTransferCallRequest, {{"UniqueObjectID", "call.5000.2.23901"}});
  ASSERT_EQ(world.side_a->requests.size(), 1U) << "refused";
  const auto view =
      ged::TransferCallReqView::decode(world.side_a->requests[0].body, world.side_a->version);
  EXPECT_EQ(view->held_connection_call_id(), 1U);
}

// ---- agent mode and snapshots ----

std::vector<wire::UpdateView> records_of(const broker::SnapshotImage& image) {
  std::vector<wire::UpdateView> records;
  for (std::size_t at = 0; at < image.bytes.size();) {
    const Bytes record =
        Bytes(image.bytes).subspan(at, wire::frame_length(image.bytes.data() + at));
    EXPECT_TRUE(wire::UpdateView::check(record).ok());
    records.push_back(wire::UpdateView::trusted(record));
    at += record.size();
  }
  EXPECT_EQ(records.size(), image.records);
  return records;
}

TEST_F(LineRequest, AgentModeGivesAnImageWithTheAgentItsDeviceAndItsCalls) {
  call_at(202, "23901", 3);
  const broker::Tell tell = world.enter_agent_mode("22866");
  EXPECT_FALSE(tell.refused);
  EXPECT_EQ(tell.agent_key, world.agent_key("22866"));
  ASSERT_NE(tell.image, nullptr);
  std::vector<EventId> own;
  for (const wire::UpdateView& record : records_of(*tell.image)) {
    EXPECT_TRUE(record.is_snapshot());
    if (record.agent_key() == tell.agent_key) own.push_back(record.event_id());
    if (record.event_id() == EventId::eSnapshotDeviceConf && record.agent_key() == tell.agent_key) {
      EXPECT_EQ(record.arguments().integer(Keyword::NumCalls), 1);
      const auto valid = record.arguments().arguments(Keyword::ValidCalls);
      ASSERT_TRUE(valid);
      EXPECT_EQ(valid->integer("call.5000.202.23901"), 1);
    }
  }
  EXPECT_EQ(own, (std::vector{EventId::eQueryAgentStateConf, EventId::eSnapshotDeviceConf,
                              EventId::eSnapshotCallConf}));
}

TEST_F(LineRequest, AnImageFoldedGivesTheMapOfTheLine) {
  call_at(202, "23901", 3);
  call_at(303, "23902", 2);
  const broker::Tell tell = world.snapshot();
  wire::ObjectTable mirror;
  for (const wire::UpdateView& record : records_of(*tell.image)) {
    if ((record.topics() & wire::topic::kDevice) != 0)
      continue;  // derived from the calls, not an object of the log
    ASSERT_TRUE(mirror.apply(record).ok());
  }
  EXPECT_EQ(mirror.digest(), world.line->map().properties().digest());
}

TEST_F(LineRequest, AnUnknownAgentIsLookedUpBeforeAgentMode) {
  world.side_a->agents["30000"] = {4, "24000", "24000"};
  world.side_a->calls["24000"] = {{55, 3, "777"}};
  const broker::Tell tell = world.enter_agent_mode("30000");
  EXPECT_FALSE(tell.refused);
  std::vector<EventId> own;
  for (const wire::UpdateView& record : records_of(*tell.image)) {
    if (record.agent_key() == tell.agent_key) own.push_back(record.event_id());
  }
  EXPECT_EQ(own, (std::vector{EventId::eQueryAgentStateConf, EventId::eSnapshotDeviceConf,
                              EventId::eSnapshotCallConf}));
}

TEST_F(LineRequest, AnAgentWhomNobodyKnowsIsRefused) {
  const broker::Tell tell = world.enter_agent_mode("nobody");
  EXPECT_TRUE(tell.refused);
  const auto view = wire::SubscribedView::check(tell.frames);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->outcome(), wire::Outcome::kRefused);
  EXPECT_EQ(view->arguments().integer(Keyword::FailureCode), ctios::eUnknownObjectID);
  EXPECT_EQ(world.line->map().agent(world.agent_key("nobody")), nullptr);
}

TEST_F(LineRequest, AnImageIsSharedWhileTheLogStandsAndMadeAnewWhenItMoves) {
  const broker::Tell one = world.snapshot();
  const broker::Tell two = world.snapshot();
  EXPECT_EQ(one.image.get(), two.image.get());
  call_at(202, "23901", 3);
  const broker::Tell three = world.snapshot();
  EXPECT_NE(one.image.get(), three.image.get());
  EXPECT_GT(three.image->position.sequence, one.image->position.sequence);
}

TEST_F(LineRequest, AnAgentsImageHoldsThatAgentTheDeviceAndItsCallsAsTheyAreNow) {
  world.enter_agent_mode("22866");
  call_at(202, "23901", 3);
  call_at(303, "23902", 2);
  const broker::Tell tell = world.enter_agent_mode("22866");
  std::vector<EventId> events;
  for (const wire::UpdateView& record : records_of(*tell.image)) {
    EXPECT_EQ(record.agent_key(), tell.agent_key);
    events.push_back(record.event_id());
  }
  EXPECT_EQ(events, (std::vector{EventId::eQueryAgentStateConf, EventId::eSnapshotDeviceConf,
                                 EventId::eSnapshotCallConf}));
}

TEST(Line, AsksDuringTheStartWaitForTheDialogue) {
  LineWorld world;
  const broker::Tell tell = world.enter_agent_mode("22866");
  EXPECT_FALSE(tell.refused);
  EXPECT_TRUE(world.line->ready());
}

TEST(Line, AgentModeIsRefusedWhenNoCtiServerAnswersAndTheAgentIsUnknown) {
  LineWorld world;
  world.side_a->accepts = world.side_b->accepts = false;
  const broker::Tell tell = world.enter_agent_mode("22866");
  EXPECT_TRUE(tell.refused);
  EXPECT_LE(world.network.now().since_start, Seconds{3});
}

TEST(Line, DesktopSettingsHoldDefaultsAndConfiguredValues) {
  broker::LineConfig config = line_config();
  config.ecc_scalars = {"cust"};
  config.ecc_arrays = {{"hist", 2}};
  config.desktop_settings = {{"Login.ConnectionProfiles.Main.PortA", "42028"},
                             {"Login.ConnectionProfiles.Main.AutoLogin", "true"},
                             {"MyCompany.Thing", "1"}};
  LineWorld world(config);
  const broker::Tell tell =
      world.answer(world.request(RequestId::eGlobalSettingsDownloadRequest, wire::Arguments(), ""));
  const auto args = reply_of(tell).arguments();
  for (const char* const key :
       {"ECC", "Grid", "IPCCSilentMonitor", "Login", "ScreenPreferences", "SoundPreferences"}) {
    EXPECT_TRUE(args.arguments(key)) << key;
  }
  EXPECT_TRUE(args.arguments("ECC")->arguments("user.hist[1]"));
  const auto main = args.arguments("Login")->arguments("ConnectionProfiles")->arguments("Main");
  ASSERT_TRUE(main);
  EXPECT_EQ(main->integer("PortA"), 42028);
  EXPECT_EQ(main->find("AutoLogin")->type(), wire::ArgType::kBool);
  ASSERT_TRUE(args.arguments("MyCompany"));
  EXPECT_TRUE(args.arguments("MyCompany")->empty());
}


TEST_F(LineRequest, AStateThatNobodyHasNamedAllowsNothing) {
  for (const std::uint16_t status : {std::uint16_t{34}, std::uint16_t{66}, std::uint16_t{0x8002}}) {
    call_at(300U + status, "23901", status);
    const std::string id = "call.5000." + std::to_string(300U + status) + ".23901";
    for (const RequestId request : {RequestId::eAnswerCallRequest, RequestId::eHoldCallRequest}) {
      EXPECT_EQ(failure(run(request, {{"UniqueObjectID", id.c_str()}})), ctios::eInvalidObjectState)
          << status;
    }
  }
  EXPECT_TRUE(world.side_a->requests.empty());
}

}  // namespace
}  // namespace cti::test
