// The session with the CTI Server under faults: bad bytes, silence, refusals, losses.
#include "tests/unit/broker/line_world.hpp"

#include <array>

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

std::vector<std::byte> header(std::uint32_t length, std::uint32_t type) {
  std::vector<std::byte> bytes(8);
  store_be<std::uint32_t>(bytes.data(), length);
  store_be<std::uint32_t>(bytes.data() + 4, type);
  return bytes;
}

/// AGENT_STATE_EVENT with `tail` behind its fixed part.
std::vector<std::byte> agent_event_with(std::initializer_list<int> tail, std::size_t fixed = 58) {
  std::vector<std::byte> frame = header(static_cast<std::uint32_t>(fixed + tail.size()), 30);
  frame.resize(8 + fixed);
  for (const int byte : tail) frame.push_back(static_cast<std::byte>(byte));
  return frame;
}

std::vector<EventId> status_events(const LineWorld& world, std::size_t from = 0) {
  std::vector<EventId> found;
  for (std::size_t i = from; i < world.records.size(); ++i) {
    if (world.records[i].event() == EventId::eCTIOSFailureEvent)
      found.push_back(world.records[i].event());
  }
  return found;
}

// A send in flight kept it from leaving: the last turn before a stop nearly always begins one.
TEST(Line, P2_TakesLeaveBehindWhatTheLastTurnHadToSay) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.settle();
  std::vector<ged::MessageType> came;
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    came.push_back(ged::MessageType{type});
    return false;
  };
  world.side_a->agent_state("22866", 3, "23901");
  world.settle();
  came.clear();
  world.around_turn = [&](bool begins) {
    if (!begins && world.line->request_counters().asked > 0) world.line->stop();
  };
  world.ask(world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  ASSERT_TRUE(world.until([&] { return world.line->idle() && !world.side_a->connected(); }));
  EXPECT_EQ(came, (std::vector{ged::MessageType::kMakeCallReq, ged::MessageType::kCloseReq}));
}

// A CTI Server that takes nothing any more keeps nobody from ending.
TEST(Line, P2_LeavesWithoutAWordWhereNothingIsTaken) {
  core::SimFaults faults;
  faults.pipe_bytes = 64;
  LineWorld world(line_config(), 1, faults);
  ASSERT_TRUE(world.ready());
  world.side_a->stop_reading();
  const wire::Arguments args = args_of({{"DialedNumber", "1"}});
  for (int i = 0; i < 8; ++i)
    world.ask(world.request(RequestId::eMakeCallRequest, args, "22866"));
  world.settle();
  const TimePoint stopped = world.network.now();
  world.line->stop();
  EXPECT_FALSE(world.line->idle());
  ASSERT_TRUE(world.until([&] { return world.line->idle(); }));
  EXPECT_LE(world.network.now() - stopped, Nanos(broker::CtiLink::kGoodbyeMax + Millis{20}));
}

TEST(Line, U1_MessageLengthAboveTheLimitResetsTheSessionAndTriesTheOtherSide) {
  for (const std::uint32_t length : {12'493U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    LineWorld world;
    ASSERT_TRUE(world.ready());
    world.side_a->send_raw(header(length, 30));
    ASSERT_TRUE(world.until([&] { return world.side_b->opens == 1; }));
    EXPECT_EQ(world.line->link().counters().oversize_resets, 1U);
    ASSERT_TRUE(world.until([&] { return world.line->ready(); }));
    EXPECT_EQ(world.shared.status.side(), 1U);
  }
}

TEST(Line, U2_AStreamCutIntoSingleBytesSaysTheSame) {
  std::vector<std::vector<EventId>> told;
  for (const std::uint32_t segment : {0U, 1U, 3U}) {
    core::SimFaults faults;
    faults.delay = Nanos{1000};
    faults.segment_bytes_max = segment;
    LineWorld world(line_config(), 1, faults);
    ASSERT_TRUE(world.ready());
    world.side_a->agent_state("22866", 3, "23901");
    for (std::uint32_t call = 1; call <= 20; ++call) {
      world.side_a->begin_call(call, "23901", "1");
      world.side_a->delivered(call, "23901");
      world.side_a->end_call(call, "23901");
    }
    ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallEndEvent) == 20; }));
    std::erase_if(world.records, [](const Record& record) {
      return record.has(Keyword::DeskSettingsMask);  // that answer may come earlier or later
    });
    told.push_back(world.events_since(0));
  }
  EXPECT_EQ(told[0], told[1]);
  EXPECT_EQ(told[0], told[2]);
}

TEST(Line, U3_AFieldPastTheFrameIsRefusedWithItsOffsetAndFramingGoesOn) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.side_a->send_raw(agent_event_with({5, 40, '1'}));       // a field of 40 bytes, one is there
  world.side_a->send_raw(agent_event_with({5, 2, '1', 0, 7}));  // one stray byte
  auto twice = header(22 + 8, 11);  // CALL_HELD_EVENT: one form in all versions
  twice.resize(8 + 22);
  for (const int byte : {25, 2, 0x31, 0, 25, 2, 0x32, 0})
    twice.push_back(static_cast<std::byte>(byte));
  world.side_a->send_raw(twice);  // a single field twice
  world.side_a->agent_state("22866", 3, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eAgentStateEvent) == 1; }));
  EXPECT_EQ(world.line->counters().bad_frames, 3U);
  EXPECT_TRUE(world.line->link().up());
  const auto named =
      std::find_if(world.said.begin(), world.said.end(), [](const std::string& text) {
        return text.find("bad frame") != std::string::npos && text.find("58") != std::string::npos;
      });
  EXPECT_NE(named, world.said.end()) << "no line names the offset of the field";
}

TEST(Line, U3_TooManyBadFramesInARowResetTheSession) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  for (int i = 0; i < 15; ++i) world.side_a->send_raw(agent_event_with({5, 40}));
  world.side_a->agent_state("22866", 1, "23901");
  for (int i = 0; i < 15; ++i) world.side_a->send_raw(agent_event_with({5, 40}));
  world.settle();
  EXPECT_TRUE(world.line->link().up()) << "a good frame between begins the count anew";
  world.side_a->send_raw(agent_event_with({5, 40}));
  ASSERT_TRUE(world.until([&] { return world.side_b->opens == 1; }));
  EXPECT_EQ(world.line->link().counters().bad_frame_resets, 1U);
}

TEST(Line, U4_AFixedPartTooShortIsRefusedAndALongerOneIsReadByItsStart) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  for (std::size_t fixed = 0; fixed < 57; fixed += 5)
    world.side_a->send_raw(agent_event_with({}, fixed));
  world.settle();
  EXPECT_EQ(world.line->counters().bad_frames, 12U);
  EXPECT_TRUE(world.line->link().up());
  EXPECT_EQ(world.count(EventId::eAgentStateEvent), 0U);
}

TEST(Line, U5_UnknownMessageTypesAndTagsAreSkippedAndCounted) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  const std::uint64_t before = world.line->translator_counters().unknown_types;
  world.side_a->send_raw(header(0, 60'000));
  auto odd = header(4, 0xDEADBEEF);
  odd.resize(12);
  world.side_a->send_raw(odd);
  std::vector<std::byte> tagged =
      agent_event_with({5, 6, '2', '2', '8', '6', '6', 0, 251, 3, 1, 2, 3});
  store_be<std::uint32_t>(tagged.data() + 8 + 4, kPeripheral);
  store_be<std::uint16_t>(tagged.data() + 8 + 30, 3);
  world.side_a->send_raw(tagged);
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eAgentStateEvent) == 1; }));
  EXPECT_EQ(world.line->translator_counters().unknown_types, before + 2);
  EXPECT_EQ(world.line->counters().bad_frames, 0U);
  EXPECT_EQ(world.last(EventId::eAgentStateEvent)->text(Keyword::UniqueObjectID),
            "agent.5000.22866");
}

TEST(Line, U7_ARefusedOpenTriesTheOtherSideAndTellsClientsNothingFalse) {
  LineWorld world;
  world.side_a->refuse_open = 15;
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(world.shared.status.side(), 1U);
  EXPECT_EQ(world.line->link().counters().opens_refused, 1U);
}

TEST(Line, U7_AnUnansweredOpenEndsAtItsDeadline) {
  LineWorld world;
  world.side_a->answers_open = false;
  const TimePoint begun = world.network.now();
  ASSERT_TRUE(world.until([&] { return world.side_b->opens == 1; }));
  const Nanos took = world.network.now() - begun;
  EXPECT_GE(took, Seconds{30});
  EXPECT_LE(took, Seconds{33});
  EXPECT_EQ(world.line->link().counters().opens_timed_out, 1U);
}

TEST(Line, U7_AnOpenConfOfAnotherTryOpensNothing) {
  LineWorld world;
  std::vector<std::byte> question;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kOpenReq || !question.empty()) return false;
    question.assign(body.begin(), body.end());
    world.side_a->send(ged::OpenConfEncoder(
        world.side_a->room(), 15,
        {.invoke_id = load_be<std::uint32_t>(body.data()) - 1, .services_granted = 0x296}));
    return true;
  };
  ASSERT_TRUE(world.until([&] { return !question.empty(); }));
  world.settle(Seconds{1});
  EXPECT_FALSE(world.line->link().up());
  world.side_a->serve(static_cast<std::uint32_t>(ged::MessageType::kOpenReq), question);
  EXPECT_TRUE(world.until([&] { return world.line->link().up(); }, Seconds{1}));
}

TEST(Line, U7_AnOpenConfOfAnotherShapeIsRefused) {
  LineWorld world;
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    if (type != 3) return false;
    world.side_a->send_raw(header(0, 4));
    return true;
  };
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(world.shared.status.side(), 1U);
  EXPECT_EQ(world.line->link().counters().opens_malformed, 1U);
}

TEST(Line, U7_BothSidesDownAreTriedInTurnWithGrowingPauses) {
  LineWorld world;
  world.side_a->accepts = world.side_b->accepts = false;
  std::vector<std::uint64_t> tried;
  for (int i = 0; i < 6; ++i) {
    world.settle(Seconds{20});
    tried.push_back(world.line->link().counters().connects);
  }
  // Two at once, two within a second, two 15 s later, two 30 s later, two 60 s later.
  EXPECT_EQ(tried.front(), 6U);
  EXPECT_EQ(tried.back(), 10U);
  world.side_b->accepts = true;
  ASSERT_TRUE(world.until([&] { return world.line->ready(); }, Seconds{200}));
}

TEST(Line, LeavesTheUnassignedServiceBitOutWhenAServerRefusesIt) {
  LineWorld world;
  for (CtiServer* const side : {world.side_a.get(), world.side_b.get()}) {
    side->hook = [side](std::uint32_t type, Bytes body) {
      if (type != 3) return false;
      const auto view = ged::OpenReqView::decode(body, 15);
      side->refuse_open = view.ok() && (view->services_requested() & 0x200U) != 0 ? 19 : 0;
      return false;
    };
  }
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(world.side_b->services, 0x96U);
}

TEST(Line, U8_ThreeUnansweredHeartbeatsSwitchTheSideInTime) {
  broker::LineConfig config = line_config();
  config.link.heartbeat_interval = Seconds{2};
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  world.settle(Seconds{30});
  EXPECT_GE(world.side_a->heartbeats, 13U);
  EXPECT_EQ(world.side_b->accepted, 0U);
  world.side_a->answers_heartbeats = false;
  const std::uint32_t before = world.side_a->heartbeats;
  const TimePoint silent = world.network.now();
  ASSERT_TRUE(world.until([&] { return world.side_b->accepted == 1; }));
  const Nanos took = world.network.now() - silent;
  EXPECT_EQ(world.side_a->heartbeats - before, 3U);
  // Up to one interval until the first, three intervals from it, ten percent.
  EXPECT_LE(took, Millis{8'800});
  EXPECT_EQ(world.line->link().counters().heartbeat_deaths, 1U);
}

TEST(Line, U8_AHostThatFallsSilentIsNoticedByHeartbeats) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.network.freeze("10.0.0.2", true);
  ASSERT_TRUE(world.until([&] { return world.side_b->accepted == 1; }, Seconds{23}));
}

TEST(Line, U9_WhenTheCtiServerGoesAllAreToldAndRequestsAreRefusedAtOnce) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.settle();
  world.side_a->accepts = world.side_b->accepts = false;
  const std::size_t from = world.records.size();
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return status_events(world, from).size() == 1; }));
  const Record* const offline = world.last(EventId::eCTIOSFailureEvent);
  EXPECT_EQ(offline->number(Keyword::SystemEventID), ctios::eSysCtiServerOffline);
  EXPECT_EQ(offline->number(Keyword::FailureCode), ctios::eServerConnectionStatus);
  EXPECT_EQ(offline->view().topics(), wire::topic::kSystem);
  EXPECT_FALSE(world.shared.status.cti_server_online());
  const TimePoint asked = world.network.now();
  const broker::Tell tell = world.answer(
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  EXPECT_LE(world.network.now() - asked, Millis{10});
  EXPECT_EQ(reply_of(tell).event_id(), EventId::eControlFailureConf);
  EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kRefused);
  EXPECT_EQ(reply_of(tell).arguments().integer(Keyword::FailureCode), ctios::eDriverOutOfService);
}

TEST(Line, U9_AnOfflinePeripheralIsToldAndItsRequestsAreRefused) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.settle();
  world.side_a->system_event(4, kPeripheral);
  ASSERT_TRUE(world.until([&] { return !world.shared.status.peripheral_online(0); }));
  world.settle();
  EXPECT_EQ(world.last(EventId::eCTIOSFailureEvent)->number(Keyword::SystemEventArg1), kPeripheral);
  const broker::Tell tell = world.answer(
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kRefused);
  EXPECT_TRUE(world.side_a->requests.empty());
  world.side_a->system_event(3, kPeripheral);
  ASSERT_TRUE(world.until([&] { return world.shared.status.peripheral_online(0); }));
}

TEST(Line, U12_ALossInMidSnapshotThrowsThePartAway) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.settle();
  const std::uint64_t known = world.line->map().properties().exact_digest();
  const std::size_t from = world.records.size();
  // Side B answers half of the questions and dies: nothing of it may show.
  world.side_b->agents["22866"] = {3, "23901", "23901"};
  world.side_b->calls["23901"] = {{202, 3, "555"}};
  world.side_b->hook = [&](std::uint32_t type, Bytes) {
    if (type == 82) {
      world.side_b->hang_up();
      world.side_b->accepts = false;
      return true;
    }
    return false;
  };
  world.side_a->accepts = false;
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().thrown_away == 1; }));
  world.settle();
  EXPECT_EQ(world.line->map().properties().exact_digest(), known);
  for (std::size_t i = from; i < world.records.size(); ++i) {
    EXPECT_EQ(world.records[i].event(), EventId::eCTIOSFailureEvent);
  }
  EXPECT_EQ(world.line->pending(), 0U);
}

TEST(Line, ComesIntoStepAgainAfterALossAndEndsCallsThatAreGone) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 4, "23901", "23901");
  world.side_a->begin_call(1, "23901", "1");
  world.side_a->established(1, "23901");
  world.side_a->begin_call(2, "23901", "2");
  world.side_a->established(2, "23901");
  ASSERT_TRUE(world.until([&] { return world.line->map().calls() == 2; }));
  world.side_b->agents["22866"] = {4, "23901", "23901"};
  world.side_b->calls["23901"] = {{1, 3, "1"}, {3, 2, "3"}};
  world.side_a->accepts = false;
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  world.settle();
  EXPECT_EQ(world.line->map().calls(), 2U);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 1U);
  const Record* const end = world.last(EventId::eCallEndEvent);
  EXPECT_EQ(end->text(Keyword::UniqueObjectID), "call.5000.2.23901");
  EXPECT_EQ(end->view().flags(), wire::update_flag::kArtificial);
  const Record* const found = world.last(EventId::eSnapshotCallConf);
  ASSERT_NE(found, nullptr);
  const broker::CallEntry* const call =
      world.line->map().call(wire::object_key("call.5000.3.23901"));
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->status, ctios::LCS_ALERTING);
}

TEST(Line, EventsThatComeDuringTheDialogueAreAppliedAfterWhatTheyFollow) {
  LineWorld world;
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  world.side_a->calls["23901"] = {{5, 3, "1"}};
  ASSERT_TRUE(world.until([&] { return world.side_a->call_snapshots == 1; }));
  world.side_a->end_call(5, "23901");
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallEndEvent) == 1; }));
  EXPECT_EQ(world.line->map().calls(), 0U);
  EXPECT_EQ(world.count(EventId::eSnapshotCallConf), 1U);
}

TEST(Line, EventsBehindOpenConfInTheSameBytesBelongToTheDialogue) {
  LineWorld world;
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  // OPEN_CONF and an event about a call leave in one send: nothing of the half-known state may show before the rest.
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    if (ged::MessageType{type} != ged::MessageType::kOpenReq) return false;
    world.side_a->send(ged::OpenConfEncoder(world.side_a->room(), 15,
                                            {.invoke_id = broker::CtiLink::kOwnInvokeIds + 1,
                                             .monitor_id = 1,
                                             .peripheral_online = 1}));
    world.side_a->begin_call(5, "23901", "1");
    return true;
  };
  ASSERT_TRUE(world.until([&] { return world.line->link().up(); }));
  EXPECT_EQ(world.line->map().calls(), 0U) << "applied before the dialogue";
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(world.count(EventId::eCallBeginEvent), 1U);
}

TEST(Line, SilentConfigurationDelaysTheDialogueOnlyShortly) {
  LineWorld world;
  world.side_a->answers_config = false;
  ASSERT_TRUE(
      world.until([&] { return world.line->ready() && world.line->sync_counters().completed == 1; },
                  Seconds{5}))
      << "it is silent about the keys, then about the configuration";
}

TEST(Line, U16_TheWidthOfFloatingHeadersBelongsToTheConnection) {
  for (const std::uint32_t version : {14U, 19U, 20U, 25U}) {
    broker::LineConfig config = line_config();
    config.link.version = version;
    LineWorld world(config);
    ASSERT_TRUE(world.ready());
    EXPECT_EQ(world.side_a->version, version);
    world.side_a->agent_state("22866", 3, "23901", "777");
    world.side_a->begin_call(7, "23901", "555");
    ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallBeginEvent) == 1; }));
    EXPECT_EQ(world.last(EventId::eCallBeginEvent)->text(Keyword::ANI), "555");
    world.side_a->hang_up();
    world.side_a->accepts = false;
    ASSERT_TRUE(world.until([&] { return world.line->ready() && world.side_b->opens == 1; }));
    world.side_b->begin_call(8, "23901", "666");
    ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallBeginEvent) == 2; }));
    EXPECT_EQ(world.last(EventId::eCallBeginEvent)->text(Keyword::ANI), "666");
  }
}

// A turn may bring several pieces of a connection; the first may be its end.
TEST(CtiLink, BytesBehindAResetInTheSameTurnSayNothing) {
  core::SimNetwork network(1);
  const auto io = network.make_io("10.0.0.1");
  broker::LinkConfig config;
  config.sides = {{"10.0.0.2", 42027}};
  core::Random random(1);
  broker::LineStatus status;
  broker::Upstream upstream(config.send_buffer_bytes, config.version);
  broker::CtiLink link(config, random, status, upstream);
  const TimePoint now{Seconds{1}};
  const auto receive = [&](Bytes bytes) {
    return link.receive(
        bytes, now, [] {}, [](std::uint32_t, Bytes) {});
  };
  const auto server = network.make_io("10.0.0.2");
  ASSERT_TRUE(server->listen({"10.0.0.2", 42027}).ok());
  link.start(*io, now);
  core::SimWorld world(network, 1);
  std::array<core::Completion, 4> done;
  world.add("10.0.0.2", [&](TimePoint deadline) {
    return static_cast<std::uint32_t>(server->wait(done, deadline));
  });
  world.add("10.0.0.1", [&](TimePoint deadline) {
    const std::size_t count = io->wait(done, deadline);
    for (std::size_t i = 0; i < count; ++i) (void)link.on_completion(done[i], now);
    return static_cast<std::uint32_t>(count);
  });
  ASSERT_TRUE(world.run_until([&] { return status.link_state() == broker::LinkState::kOpening; },
                              network.now() + Seconds{5}));
  std::vector<std::byte> room(1024);
  const auto open = ged::OpenConfEncoder(room, ged::Version(config.version),
                                         {.invoke_id = broker::CtiLink::kOwnInvokeIds + 1,
                                          .monitor_id = 1,
                                          .peripheral_online = 1})
                        .finish();
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(receive(*open), broker::LinkEvent::kNone);
  ASSERT_TRUE(link.up());
  EXPECT_EQ(link.give_up(broker::ResetCause::kBadFrames, "is left: enough", now),
            broker::LinkEvent::kDown);
  const std::string cause = upstream.cause();
  EXPECT_NE(cause.find("enough"), std::string::npos);
  // Cut anywhere but between its frames the rest is no header.
  EXPECT_EQ(receive(std::vector<std::byte>(64, std::byte{0xFF})), broker::LinkEvent::kNone);
  EXPECT_EQ(upstream.cause(), cause);
  EXPECT_EQ(link.counters().oversize_resets, 0U);
  EXPECT_EQ(link.counters().losses, 1U);
}

TEST(Line, APeripheralThatIsAnotherLinesIsNotThisLines) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  const broker::LineStatus& status = world.shared.status;
  ASSERT_EQ(status.peripherals(), 1U);
  for (std::uint32_t other = 5001; other < 5050; ++other)
    world.side_a->system_event(wire::ctios::eSysPeripheralOnline, other);
  world.side_a->system_event(wire::ctios::eSysPeripheralOffline, 6000);
  world.side_a->system_event(wire::ctios::eSysPeripheralOffline, kPeripheral);
  world.settle();
  EXPECT_EQ(status.peripherals(), 1U);
  EXPECT_EQ(status.peripheral_id(0), kPeripheral);
  EXPECT_FALSE(status.peripheral_online(0)) << "the own one is followed";
}

}  // namespace
}  // namespace cti::test
