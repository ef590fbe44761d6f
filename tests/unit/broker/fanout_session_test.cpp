// Sessions come, say who they are, break the rules, fall silent and go; the others notice nothing.
#include "tests/unit/broker/fanout_world.hpp"

#include <set>

namespace cti::broker {
namespace {

using wire::CloseReason;
using wire::EventId;
using wire::FrameType;

TEST(FanoutSession, WelcomesAClientAndTellsTheStateOfTheSystem) {
  FanoutWorld world;
  TestClient& client = world.welcomed();
  ASSERT_EQ(client.frames.size(), 2u);
  const auto welcome = wire::WelcomeView::trusted(client.frames[0]);
  EXPECT_EQ(welcome.session(), 1u);
  EXPECT_EQ(welcome.lineage(), 77u);
  const auto event = wire::PrivateEventView::trusted(client.frames[1]);
  EXPECT_EQ(event.event_id(), EventId::eCTIOSFailureEvent);
  EXPECT_EQ(event.arguments().integer(wire::Keyword::FailureCode),
            wire::ctios::eServerConnectionStatus);
  EXPECT_EQ(event.arguments().integer(wire::Keyword::SystemEventID),
            wire::ctios::eSysCtiServerOnline);
  const auto status = event.arguments().arguments(wire::Keyword::StatusSystem);
  ASSERT_TRUE(status.has_value());
  const auto peripherals = status->arguments(wire::Keyword::StatusPeripherals);
  ASSERT_TRUE(peripherals.has_value());
  EXPECT_EQ(peripherals->integer("5000"), 1);
}

TEST(FanoutSession, TellsWhichPeripheralIsOffline) {
  FanoutWorld world;
  world.line().shared().status.set_peripheral(5000, false);
  TestClient& client = world.welcomed();
  const auto event = wire::PrivateEventView::trusted(client.frames.at(1));
  EXPECT_EQ(event.arguments().integer(wire::Keyword::SystemEventID),
            wire::ctios::eSysPeripheralOffline);
  EXPECT_EQ(event.arguments().integer(wire::Keyword::SystemEventArg1), 5000);
}

TEST(FanoutSession, C1_CutsWhoSaysNothingAtTheHandshakeDeadline) {
  WorldOptions options{.config = small_config()};
  options.config.handshake_timeout = Seconds{3};
  FanoutWorld world(options);
  TestClient& good = world.agent("1001");
  for (int i = 0; i < 20; ++i) world.client("10.9.9.9");
  world.run(Millis{2900});
  EXPECT_EQ(world.reactor->open_sessions(), 21u);
  world.run(Millis{500});
  for (std::size_t i = 1; i < world.clients.size(); ++i) {
    EXPECT_TRUE(world.clients[i]->closed);
    EXPECT_EQ(world.clients[i]->close_reason(), CloseReason::kHandshakeTimeout);
  }
  EXPECT_FALSE(good.closed);
  EXPECT_EQ(world.reactor->open_sessions(), 1u);
  EXPECT_EQ(world.admission.sessions(), 1u);
  const auto closed = std::count_if(world.notes.begin(), world.notes.end(), [](const auto& note) {
    return note.find("kHandshakeTimeout") != std::string::npos;
  });
  EXPECT_GE(closed, 1);
  EXPECT_LE(closed, 2) << "repeats are rate-limited in the log";
}

TEST(FanoutSession, C1_CapsTheSessionsOfOneAddress) {
  WorldOptions options{.config = small_config()};
  options.config.sessions_per_address_max = 2;
  FanoutWorld world(options);
  world.welcomed("10.9.9.9");
  world.welcomed("10.9.9.9");
  TestClient& third = world.client("10.9.9.9");
  world.run(Millis{50});
  EXPECT_TRUE(third.closed);
  EXPECT_EQ(third.close_reason(), CloseReason::kTooManySessions);
  world.welcomed("10.9.9.8");
  EXPECT_EQ(world.reactor->counters().refused_address, 1u);
}

TEST(FanoutSession, C18_RefusesTheNewestQuicklyWithAReasonWhenFull) {
  WorldOptions options{.config = small_config()};
  options.config.sessions_max = 3;
  FanoutWorld world(options);
  for (int i = 0; i < 3; ++i) world.welcomed();
  TestClient& late = world.client();
  const TimePoint before = world.network.now();
  ASSERT_TRUE(world.world.run_until([&] { return late.closed; }, before + Seconds{1}));
  EXPECT_EQ(late.close_reason(), CloseReason::kTooManySessions);
  EXPECT_LT(world.network.now() - before, Nanos(Millis{50}));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(world.clients[static_cast<std::size_t>(i)]->closed);
  world.clients[0]->hang_up();
  world.run(Millis{100});
  world.welcomed();
  EXPECT_EQ(world.reactor->counters().refused_full, 1u);
}

TEST(FanoutSession, C2_AFrameHasADeadlineHoweverItsBytesDripIn) {
  WorldOptions options{.config = small_config()};
  options.config.handshake_timeout = Seconds{5};
  options.config.message_timeout = Seconds{4};
  options.config.heartbeat_interval = Nanos{0};
  FanoutWorld world(options);
  TestClient& before_login = world.client();
  TestClient& after_login = world.agent("1001");
  FrameBytes buffer(256);
  wire::RequestWriter writer(buffer, {.id = 5});
  writer.arguments().add_string(wire::Keyword::CallVariable1, "abcdefghijklmnopqrstuvwxyz");
  const Bytes frame = writer.finish();
  for (std::size_t i = 0; i < 20; ++i) {
    after_login.send(frame.subspan(i, 1));
    before_login.send(frame.subspan(i, 1));
    world.run(Seconds{1});
  }
  EXPECT_EQ(before_login.close_reason(), CloseReason::kHandshakeTimeout);
  EXPECT_EQ(after_login.close_reason(), CloseReason::kFrameTimeout);
  EXPECT_EQ(world.reactor->open_sessions(), 0u);
}

TEST(FanoutSession, C2_AFrameThatArrivesByteByByteInTimeIsGood) {
  FanoutWorld world;
  TestClient& client = world.client();
  FrameBytes buffer(256);
  wire::HelloWriter writer(buffer, {});
  const Bytes frame = writer.finish();
  for (std::size_t i = 0; i < frame.size(); ++i) {
    client.send(frame.subspan(i, 1));
    world.run(Millis{20});
  }
  EXPECT_EQ(client.count(FrameType::kWelcome), 1u);
}

TEST(FanoutSession, C3_RefusesALengthAboveTheLimitBeforeItIsThere) {
  FanoutWorld world;
  TestClient& opening = world.client();
  FrameBytes huge(16);
  store_le<std::uint32_t>(huge.data(), 0x7FFFFFF8);
  store_le<std::uint16_t>(huge.data() + 4, 1);
  opening.send(huge);
  TestClient& welcomed = world.welcomed();
  store_le<std::uint32_t>(huge.data(),
                          static_cast<std::uint32_t>(wire::limits::kClientFrameBytesMax + 8));
  welcomed.send(huge);
  world.run(Millis{50});
  EXPECT_EQ(opening.close_reason(), CloseReason::kMalformed);
  EXPECT_EQ(welcomed.close_reason(), CloseReason::kFrameTooLong);
  EXPECT_TRUE(opening.closed);
  EXPECT_TRUE(welcomed.closed);
}

TEST(FanoutSession, C4_ClosesOnOtherProtocolsWithAReasonAndKeepsNothing) {
  FanoutWorld world;
  constexpr char kTlsHello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on";
  const std::string tls(kTlsHello, sizeof kTlsHello - 1);
  const std::vector<std::string> others{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", tls,
                                        "\r\n\r\n\r\n\r\n\r\n\r\n", std::string(300, '\0'),
                                        "SSH-2.0-OpenSSH_9.2p1\r\n"};
  for (const std::string& bytes : others) {
    TestClient& client = world.client();
    client.send(bytes);
    world.run(Millis{100});
    EXPECT_TRUE(client.closed) << bytes;
    EXPECT_EQ(client.close_reason(), CloseReason::kMalformed) << bytes;
  }
  EXPECT_EQ(world.reactor->open_sessions(), 0u);
  EXPECT_EQ(world.reactor->pool().used(), 0u);
  EXPECT_EQ(world.admission.sessions(), 0u);
}

TEST(FanoutSession, C4_RefusesAHelloWithAnotherMagicOrVersion) {
  FanoutWorld world;
  FrameBytes buffer(256);
  wire::HelloWriter writer(buffer, {});
  const Bytes frame = writer.finish();
  FrameBytes wrong(frame.begin(), frame.end());
  wrong[16] = std::byte{'X'};
  TestClient& magic = world.client();
  magic.send(wrong);
  TestClient& version = world.client();
  version.hello(99);
  world.run(Millis{100});
  EXPECT_EQ(magic.close_reason(), CloseReason::kMalformed);
  EXPECT_EQ(version.close_reason(), CloseReason::kVersionUnsupported);
  EXPECT_NE(version.close_text().find("version 1"), std::string::npos);
}

TEST(FanoutSession, C5_RefusesFramesOutOfOrderAndExecutesNothing) {
  FanoutWorld world;
  TestClient& before_hello = world.client();
  before_hello.request(1);
  TestClient& before_mode = world.welcomed();
  before_mode.request(2);
  TestClient& twice = world.welcomed();
  twice.hello();
  TestClient& servers_frame = world.agent("1001");
  FrameBytes buffer(256);
  wire::WelcomeWriter welcome(buffer, {});
  servers_frame.send(welcome.finish());
  TestClient& two_modes = world.agent("1002");
  two_modes.subscribe_monitor("MessageID=30");
  world.run(Millis{100});
  EXPECT_EQ(before_hello.close_reason(), CloseReason::kMalformed);
  EXPECT_EQ(before_mode.close_reason(), CloseReason::kNotAllowed);
  EXPECT_EQ(twice.close_reason(), CloseReason::kNotAllowed);
  EXPECT_EQ(servers_frame.close_reason(), CloseReason::kNotAllowed);
  EXPECT_EQ(two_modes.close_reason(), CloseReason::kModeConflict);
  for (const Ask& ask : world.line().asks) EXPECT_NE(ask.kind, AskKind::kRequest);
}

TEST(FanoutSession, C5_AllowsDesktopSettingsBeforeAMode) {
  FanoutWorld world;
  TestClient& client = world.welcomed();
  client.request(2, wire::RequestId::eGlobalSettingsDownloadRequest);
  world.run(Millis{20});
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(client.count(FrameType::kReply), 1u);
}

TEST(FanoutSession, C9_FindsAClientThatVanishedWithinTheHeartbeatBudget) {
  WorldOptions options{.config = small_config()};
  options.config.heartbeat_interval = Seconds{2};
  options.config.heartbeat_retries = 2;
  FanoutWorld world(options);
  TestClient& lost = world.agent("1001", "10.7.7.7");
  TestClient& there = world.agent("1002");
  world.network.kill("10.7.7.7", core::SimKill::kPower);
  const TimePoint start = world.network.now();
  ASSERT_TRUE(world.world.run_until(
      [&] {
        return world.reactor->counters()
                   .closed_by_us[static_cast<std::size_t>(CloseReason::kHeartbeatMissed)] == 1;
      },
      start + Seconds{20}));
  const Nanos took = world.network.now() - start;
  EXPECT_GE(took, Nanos(Millis{5500}));
  EXPECT_LE(took, Nanos(Millis{6600})) << "(retries + 1) * interval, and 10 %";
  world.run(Seconds{4});
  EXPECT_EQ(world.reactor->open_sessions(), 1u);
  EXPECT_FALSE(there.closed);
  EXPECT_GT(there.count(FrameType::kHeartbeatReq), 1u);
  const auto gone = std::count_if(world.line().asks.begin(), world.line().asks.end(),
                                  [](const Ask& ask) { return ask.kind == AskKind::kSessionGone; });
  EXPECT_EQ(gone, 1) << "the line is told once";
  EXPECT_FALSE(lost.has_event(EventId::eUnknownEvent));
}

TEST(FanoutSession, BeatsForWhoWishesItAndForNobodyElse) {
  FanoutWorld world;
  TestClient& plain = world.welcomed();
  TestClient& wishing = world.client();
  wishing.hello(wire::kSessionVersion, wire::Role::kClient, 1'500);
  TestClient& hasty = world.client();  // this server is heard each second, not more often
  hasty.hello(wire::kSessionVersion, wire::Role::kClient, 1);
  world.run(Millis{10});
  const auto promised = [](const TestClient& client) {
    return wire::WelcomeView::trusted(client.of(FrameType::kWelcome)[0])
        .arguments()
        .integer(wire::kBeatKey);
  };
  EXPECT_FALSE(promised(plain).has_value());
  EXPECT_EQ(promised(wishing), 1'500);
  EXPECT_EQ(promised(hasty), 1'000);
  world.run(Seconds{30});
  EXPECT_EQ(plain.count(FrameType::kHeartbeatConf), 0u);
  const std::size_t rare = wishing.count(FrameType::kHeartbeatConf);
  const std::size_t often = hasty.count(FrameType::kHeartbeatConf);
  EXPECT_GE(rare, 18u);
  EXPECT_LE(rare, 20u);
  EXPECT_GE(often, 28u);
  EXPECT_LE(often, 30u);
  EXPECT_EQ(wire::frame_id(wishing.of(FrameType::kHeartbeatConf)[0].data()), wire::kBeatId);
  EXPECT_GE(world.reactor->counters().beats_sent, rare + often);
  EXPECT_FALSE(wishing.closed);
}

TEST(FanoutSession, WhoReadsNothingIsOwedNoBeats) {
  FanoutWorld world;
  TestClient& client = world.client();
  client.hello(wire::kSessionVersion, wire::Role::kClient, 1'000);
  world.run(Millis{10});
  client.stop_reading();
  world.run(Seconds{50});
  client.start_reading();
  world.run(Millis{100});
  EXPECT_FALSE(client.closed);
  EXPECT_LE(world.reactor->counters().beats_sent, 50u);
}

TEST(FanoutSession, WithoutBeatsNobodyIsPromisedAny) {
  WorldOptions options{.config = small_config()};
  options.config.beat_interval = Nanos{0};
  FanoutWorld world(options);
  TestClient& client = world.client();
  client.hello(wire::kSessionVersion, wire::Role::kClient, 1'000);
  world.run(Seconds{10});
  EXPECT_EQ(client.count(FrameType::kHeartbeatConf), 0u);
  EXPECT_FALSE(wire::WelcomeView::trusted(client.of(FrameType::kWelcome)[0])
                   .arguments()
                   .find(wire::kBeatKey)
                   .has_value());
}

TEST(FanoutSession, AnswersAHeartbeatWithItsId) {
  FanoutWorld world;
  TestClient& client = world.welcomed();
  client.heartbeat(4711);
  world.run(Millis{20});
  ASSERT_EQ(client.count(FrameType::kHeartbeatConf), 1u);
  EXPECT_EQ(wire::frame_id(client.of(FrameType::kHeartbeatConf)[0].data()), 4711u);
}

TEST(FanoutSession, C12_LimitsTheRequestsOfOneSessionAndAnswersEach) {
  WorldOptions options{.config = small_config()};
  options.config.requests_per_second = 10;
  options.config.requests_burst = 20;
  FanoutWorld world(options);
  TestClient& flood = world.agent("1001");
  TestClient& other = world.agent("1002");
  for (std::uint64_t i = 1; i <= 100; ++i) flood.request(i);
  other.request(1);
  world.run(Millis{50});
  EXPECT_EQ(flood.count(FrameType::kReply), 100u) << "exactly one answer each";
  EXPECT_EQ(other.count(FrameType::kReply), 1u);
  std::uint64_t confirmed = 0;
  for (const Bytes frame : flood.of(FrameType::kReply)) {
    if (wire::ReplyView::trusted(frame).outcome() == wire::Outcome::kConfirmed) ++confirmed;
  }
  EXPECT_GE(confirmed, 19u) << "the burst, less the wish for a mode";
  EXPECT_LE(confirmed, 22u);
  world.run(Seconds{2});
  flood.request(200);
  world.run(Millis{20});
  EXPECT_EQ(wire::ReplyView::trusted(flood.frames.back()).outcome(), wire::Outcome::kConfirmed);
}

TEST(FanoutSession, C14_NamesTheKeyThatIsMissingOrWrong) {
  FanoutWorld world;
  TestClient& client = world.welcomed();
  FrameBytes buffer(2048);
  const auto text_of = [&](auto&& fill, wire::SubscribeMode mode) {
    wire::SubscribeWriter writer(buffer, {.id = 8, .mode = mode}, {});
    fill(writer.arguments());
    client.send(writer.finish());
    world.run(Millis{20});
    const auto answer = wire::SubscribedView::trusted(client.frames.back());
    EXPECT_EQ(answer.outcome(), wire::Outcome::kRefused);
    EXPECT_EQ(answer.id(), 8u);
    return std::string(answer.arguments().string(wire::Keyword::ErrorMessage).value_or(""));
  };
  using wire::Keyword;
  const auto agent = wire::SubscribeMode::kAgent;
  EXPECT_NE(
      text_of([](auto& a) { a.add_string(Keyword::AgentID, "1"); }, agent).find("PeripheralID"),
      std::string::npos);
  EXPECT_NE(text_of([](auto& a) { a.add_int(Keyword::PeripheralID, 5000); }, agent).find("AgentID"),
            std::string::npos);
  EXPECT_NE(text_of(
                [](auto& a) {
                  a.add_string(Keyword::AgentID, "1");
                  a.add_string(Keyword::PeripheralID, "many");
                },
                agent)
                .find("PeripheralID must be a number"),
            std::string::npos);
  EXPECT_NE(text_of(
                [](auto& a) {
                  a.add_string(Keyword::AgentID, std::string(500, 'a'));
                  a.add_int(Keyword::PeripheralID, 5000);
                },
                agent)
                .find("AgentID must be a text"),
            std::string::npos);
  const auto monitor = wire::SubscribeMode::kMonitor;
  EXPECT_NE(text_of([](auto&) {}, monitor).find("MessageFilter"), std::string::npos);
  EXPECT_NE(
      text_of([](auto& a) { a.add_int(Keyword::MessageFilter, 3); }, monitor).find("MessageFilter"),
      std::string::npos);
  EXPECT_FALSE(client.closed);
  client.subscribe_agent("1001");
  world.run(Millis{20});
  EXPECT_TRUE(client.has_event(EventId::eSetAgentModeEvent))
      << "a refused wish leaves the session as it was";
}

TEST(FanoutSession, C14_ClosesOnArgumentsThatAreNotCanonical) {
  FanoutWorld world;
  TestClient& client = world.agent("1001");
  FrameBytes buffer(512);
  wire::RequestWriter writer(buffer, {.id = 5});
  writer.arguments().add_string(wire::Keyword::CallVariable1, "abc");
  const Bytes frame = writer.finish();
  FrameBytes bad(frame.begin(), frame.end());
  bad[40 + 2] = std::byte{99};  // a type that no value has
  client.send(bad);
  world.run(Millis{20});
  EXPECT_EQ(client.close_reason(), CloseReason::kMalformed);
  EXPECT_NE(client.close_text().find("byte"), std::string::npos) << client.close_text();
}

TEST(FanoutSession, C17_AHalfClosedClientHasLeft) {
  FanoutWorld world;
  TestClient& client = world.agent("1001");
  client.hang_up();
  world.run(Seconds{3});
  EXPECT_EQ(world.reactor->open_sessions(), 0u);
  EXPECT_EQ(world.reactor->pool().used(), 0u);
  EXPECT_EQ(world.admission.sessions(), 0u);
}

TEST(FanoutSession, AnswersBusyWhenTheLinesQueueIsFull) {
  WorldOptions options{.config = small_config()};
  options.limits.asks.requests = 32;
  FanoutWorld world(options);
  TestClient& client = world.agent("1001");
  world.network.freeze("10.0.1.1", true);
  for (std::uint64_t i = 1; i <= 150; ++i) client.request(i);
  world.run(Millis{50});
  EXPECT_GT(world.reactor->counters().requests_busy, 0u);
  world.network.freeze("10.0.1.1", false);
  world.run(Millis{100});
  EXPECT_EQ(client.count(FrameType::kReply), 150u);
}

// Issue 9, item 2: the end of a session, refused by a full queue, made the reactor spin.
TEST(FanoutSession, EndsOfSessionsReachALineThatWasFullAndNobodySpinsMeanwhile) {
  WorldOptions options{.config = small_config()};
  options.limits.asks = {.requests = 16, .controls = 2};
  FanoutWorld world(options);
  std::vector<TestClient*> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(&world.agent("10" + std::to_string(10 + i)));
  world.network.freeze("10.0.1.1", true);
  for (TestClient* client : clients) {
    for (std::uint64_t id = 1; id <= 4; ++id) client->request(id);
  }
  world.run(Millis{50});
  EXPECT_GT(world.reactor->counters().requests_busy, 0u);
  for (TestClient* client : clients) client->hang_up();
  world.run(Millis{500});
  const std::uint64_t turns = world.io->counters().turns;
  world.run(Seconds{2});
  EXPECT_LT(world.io->counters().turns - turns, 50u) << "there is nothing to do";
  world.network.freeze("10.0.1.1", false);
  world.run(Millis{200});
  std::set<std::uint64_t> gone;
  for (const Ask& ask : world.line().asks) {
    if (ask.kind == AskKind::kSessionGone) gone.insert(ask.from.session_number);
  }
  EXPECT_EQ(gone.size(), 20u);
}

TEST(FanoutSession, P2_SaysGoodbyeToEverySessionAndEndsInTime) {
  FanoutWorld world;
  TestClient& agent = world.agent("1001");
  TestClient& stuck = world.agent("1002");
  stuck.stop_reading();
  world.reactor->request_stop();
  ASSERT_TRUE(world.world.run_until([&] { return world.reactor->stopped(); },
                                    world.network.now() + Seconds{5}));
  EXPECT_EQ(agent.close_reason(), CloseReason::kServerStopping);
  EXPECT_TRUE(agent.closed);
  TestClient& late = world.client();
  world.run(Seconds{1});
  EXPECT_FALSE(late.connected);
}

}  // namespace
}  // namespace cti::broker
