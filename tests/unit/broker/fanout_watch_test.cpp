// fanout_watch_test.cpp - a supervisor's session is given the records of those whom it watches, from a snapshot on, and of nobody
// else; what is its own it is given as if it watched nobody.
#include "core/base/limits.hpp"
#include "tests/unit/broker/fanout_world.hpp"
#include "wire/watch_keys.hpp"

#include <gtest/gtest.h>

namespace cti::broker {
namespace {

using wire::FrameType;
namespace topic = wire::topic;

std::string agent_id(std::string_view name) { return "agent.5000." + std::string(name); }
std::uint64_t agent_key(std::string_view name) { return wire::object_key(agent_id(name)); }

TestRecord state_of(std::string_view name) {
  return {.object = agent_id(name), .agent = agent_id(name)};
}
TestRecord call_of(std::string_view name, std::string_view call = "call.5000.1.2") {
  return {.event = wire::EventId::eCallHeldEvent,
          .object = std::string(call),
          .agent = agent_id(name),
          .topics = topic::kCall};
}

struct WatchWorld : FanoutWorld {
  explicit WatchWorld(WorldOptions options = {.config = small_config()}) : FanoutWorld(options) {
    line().objects = {state_of("1001")};
    chief = &agent("1001");
    for (const Ask& ask : line().asks) {
      if (ask.kind == AskKind::kAgentMode) session = ask.from;
    }
    chief->frames.clear();
  }
  /// As a line tells it: what has changed, with an image of all that the session sees.
  Tell watch(std::vector<WatchEdge> edges, bool with_image = true) {
    Tell tell{.kind = TellKind::kWatch, .to = session};
    tell.edges = std::move(edges);
    tell.after_log_position = line().log().tail();
    if (with_image) tell.image = line().image();
    return tell;
  }
  void see(std::vector<TestRecord> objects) {
    line().objects = {state_of("1001")};
    for (TestRecord& each : objects) line().objects.push_back(std::move(each));
  }
  /// "S" and "s" for a snapshot's begin and end, "r" for its records, "u" for an update, "p" for a reply.
  std::string story() const {
    std::string text;
    for (const FrameBytes& frame : chief->frames) {
      if (type_of(frame) == FrameType::kSnapshotBegin) text += 'S';
      if (type_of(frame) == FrameType::kSnapshotRecord) text += 'r';
      if (type_of(frame) == FrameType::kSnapshotEnd) text += 's';
      if (type_of(frame) == FrameType::kUpdate) text += 'u';
      if (type_of(frame) == FrameType::kReply) text += 'p';
    }
    return text;
  }
  /// Each update must come once, and in order.
  std::vector<std::uint64_t> updates() const { return chief->updates(); }
  TestClient* chief = nullptr;
  SessionRef session;
};

TEST(FanoutWatch, ASupervisorIsGivenTheRecordsOfThoseWhomItWatchesAndOfNobodyElse) {
  WatchWorld world;
  world.line().say(state_of("1002"));
  world.see({state_of("1002")});
  world.line().tell(world.watch({{agent_key("1002"), topic::kAgent}}));
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "Srrs");
  EXPECT_EQ(wire::SnapshotBeginView::trusted(world.chief->of(FrameType::kSnapshotBegin).back())
                .reason(),
            wire::SnapshotReason::kWatch);
  const auto two = world.line().say(state_of("1002"));
  world.line().say(call_of("1002"));
  world.line().say(state_of("1003"));
  const auto own = world.line().say(call_of("1001"));
  world.run(Millis{10});
  EXPECT_EQ(world.updates(), (std::vector<std::uint64_t>{two, own}));
  EXPECT_EQ(world.reactor->counters().watches, 1u);
  EXPECT_EQ(world.reactor->counters().watch_changes, 1u);
}

TEST(FanoutWatch, CallsComeWithTheTopicOfCallsAndEndWithTheEdge) {
  WatchWorld world;
  world.see({state_of("1002"), call_of("1002")});
  world.line().tell(world.watch({{agent_key("1002"), topic::kAgent | topic::kCall}}));
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "Srrrs");
  const auto call = world.line().say(call_of("1002"));
  world.run(Millis{10});
  world.see({});
  world.line().tell(world.watch({{agent_key("1002"), 0}}));
  world.line().say(call_of("1002"));
  world.line().say(state_of("1002"));
  const auto own = world.line().say(state_of("1001"));
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "SrrrsuSrsu");
  EXPECT_EQ(world.updates(), (std::vector<std::uint64_t>{call, own}));
  EXPECT_EQ(world.reactor->counters().watches, 0u);
}

TEST(FanoutWatch, AnAnswerBehindTheWatchComesBehindItsSnapshot) {
  WatchWorld world;
  world.see({state_of("1002")});
  world.line().tell(world.watch({{agent_key("1002"), topic::kAgent}}));
  world.line().tell_reply(world.session, 9, world.line().log().tail());
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "Srrsp");
}

TEST(FanoutWatch, NothingOfItsOwnIsLostOrDoubledHoweverOftenItsWatchesChange) {
  WatchWorld world;
  std::vector<std::uint64_t> own;
  for (int round = 0; round < 40; ++round) {
    own.push_back(world.line().say(call_of("1001")));
    const bool on = round % 2 == 0;
    world.see(on ? std::vector{state_of("1002")} : std::vector<TestRecord>{});
    world.line().tell(world.watch({{agent_key("1002"), on ? topic::kAgent : 0u}}));
    own.push_back(world.line().say(state_of("1001")));
    if (round % 3 == 0) world.run(Millis{5});
  }
  world.run(Millis{50});
  EXPECT_EQ(world.updates(), own);
  EXPECT_EQ(world.reactor->counters().watches, 0u);
}

TEST(FanoutWatch, AnImageOfAnotherMomentIsAskedForAnewAndNothingIsDoubled) {
  WatchWorld world;
  world.see({state_of("1002")});
  // A line whose lane was full tells late: the reactor has followed further than the image goes.
  Tell late = world.watch({{agent_key("1002"), topic::kAgent}});
  const auto own = world.line().say(state_of("1001"));
  world.run(Millis{10});
  world.line().tell(std::move(late));
  const auto watched = world.line().say(state_of("1002"));
  world.run(Millis{10});
  const auto after = world.line().say(state_of("1002"));
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "uSrrsu") << "what the snapshot tells is not told again";
  EXPECT_EQ(world.updates(), (std::vector<std::uint64_t>{own, after}));
  EXPECT_EQ(std::count_if(world.line().asks.begin(), world.line().asks.end(),
                          [](const Ask& ask) { return ask.kind == AskKind::kSnapshot; }),
            1);
  (void)watched;
}

TEST(FanoutWatch, ALineThatAnswersIsGivenTimeAgainHoweverOftenItsImageComesTooLate) {
  WorldOptions options{.config = small_config()};
  options.config.answer_timeout = Seconds{2};
  WatchWorld world(options);
  world.see({state_of("1002")});
  world.line().answering = false;
  world.line().tell(world.watch({{agent_key("1002"), topic::kAgent}}, false));
  std::size_t updates = 0;
  for (; updates < 4; ++updates) {
    world.run(Seconds{1});
    Tell late{.kind = TellKind::kSnapshot, .to = world.session};
    late.image = world.line().image();
    world.line().say(state_of("1001"));
    world.run(Millis{10});
    world.line().tell(std::move(late));
  }
  world.run(Millis{10});
  EXPECT_EQ(world.chief->close_text(), "");
  EXPECT_EQ(world.story(), std::string(updates, 'u'));
  world.line().answering = true;
  world.line().answer(world.line().asks.back());
  world.run(Millis{10});
  EXPECT_EQ(world.story(), std::string(updates, 'u') + "Srrs");
}

TEST(FanoutWatch, AWatchWithoutAnImageIsAskedForOneAndTheSessionGoesOnAsItWas) {
  WatchWorld world;
  world.see({state_of("1002")});
  world.line().answering = false;
  world.line().tell(world.watch({{agent_key("1002"), topic::kAgent}}, false));
  world.run(Millis{10});
  const auto own = world.line().say(state_of("1001"));
  world.line().say(state_of("1002"));
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "u");
  ASSERT_EQ(world.line().asks.back().kind, AskKind::kSnapshot);
  world.line().answering = true;
  world.line().answer(world.line().asks.back());
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "uSrrs");
  const auto after = world.line().say(state_of("1002"));
  world.run(Millis{10});
  EXPECT_EQ(world.updates(), (std::vector<std::uint64_t>{own, after}));
}

TEST(FanoutWatch, WhoIsInTheMiddleOfASnapshotGetsAnotherBehindIt) {
  WorldOptions options{.config = small_config()};
  options.config.outbox_updates_bytes = 33 << 10;
  WatchWorld world(options);
  TestRecord large = state_of("1002");
  large.text_bytes = 30'000;
  std::vector<TestRecord> many(8, large);
  for (std::size_t i = 0; i < many.size(); ++i)
    many[i].object = many[i].agent = agent_id("2" + std::to_string(i));
  world.chief->stop_reading();
  world.see(many);
  std::vector<WatchEdge> edges;
  for (const TestRecord& each : many)
    edges.push_back({wire::object_key(each.agent), topic::kAgent});
  world.line().tell(world.watch(edges));
  world.run(Millis{10});
  many.push_back(state_of("1003"));
  world.see(many);
  world.line().tell(world.watch({{agent_key("1003"), topic::kAgent}}));
  world.run(Millis{10});
  world.chief->start_reading();
  world.run(Millis{200});
  const auto update = world.line().say(state_of("1003"));
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "S" + std::string(9, 'r') + "sS" + std::string(10, 'r') + "su");
  EXPECT_EQ(world.updates(), (std::vector<std::uint64_t>{update}));
}

// With one line its own log tells; with several, what others said meanwhile has not been pushed.
TEST(FanoutWatch, HowTheSystemStandsIsToldBehindASnapshotOnlyWhenSomethingWasSaidOfItMeanwhile) {
  WorldOptions options{.config = small_config(), .peripherals = {5000, 5001}};
  options.config.outbox_updates_bytes = 33 << 10;
  WatchWorld world(options);
  const auto told = [&] {
    const auto all = world.chief->private_events();
    return std::count(all.begin(), all.end(), wire::EventId::eCTIOSFailureEvent);
  };
  world.see({state_of("1002")});
  world.line().tell(world.watch({{agent_key("1002"), topic::kAgent}}));
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "Srrs");
  EXPECT_EQ(told(), 0);
  std::vector<TestRecord> many;
  for (int i = 0; i < 80; ++i) {
    many.push_back(state_of("2" + std::to_string(i)));
    many.back().text_bytes = 30'000;
  }
  std::vector<WatchEdge> edges;
  for (const TestRecord& each : many) {
    edges.push_back({wire::object_key(each.agent), topic::kAgent});
  }
  world.chief->stop_reading();
  world.see(many);
  world.line().tell(world.watch(edges));
  world.run(Millis{10});
  TestRecord system{.event = wire::EventId::eCTIOSFailureEvent,
                    .object = "system",
                    .agent = "",
                    .topics = topic::kSystem};
  world.lines[1]->say(system);
  world.run(Millis{10});
  world.chief->start_reading();
  EXPECT_EQ(told(), 0);
  for (int i = 0; i < 100 && world.story().back() != 's'; ++i) world.run(Millis{100});
  world.run(Millis{10});
  EXPECT_EQ(world.story(), "SrrsS" + std::string(81, 'r') + "s");
  EXPECT_EQ(told(), 1);
}

TEST(FanoutWatch, WhatIsAddressedToAnAgentIsNotForThoseWhoWatchIt) {
  WatchWorld world;
  world.see({state_of("1002")});
  world.line().tell(world.watch({{agent_key("1002"), topic::kAgent | topic::kCall}}));
  TestClient& member = world.agent("1002");
  world.run(Millis{10});
  const std::size_t before = world.chief->private_events().size();
  FrameBytes room(SideRecord::kBytesMax), buffer(512);
  wire::PrivateEventWriter writer(buffer, {.event_id = wire::EventId::eUserMessageEvent});
  writer.arguments().add_string("Message", "for one pair of eyes");
  const Bytes record = SideRecord::write(
      room,
      {.kind = SideKind::kToAgent,
       .after_log_position = world.line().log().tail(),
       .agent_key = agent_key("1002")},
      writer.finish());
  ring::EventLog& side = *world.line().shared().side;
  const MutableBytes at = side.claim(record.size());
  std::memcpy(at.data(), record.data(), record.size());
  side.commit(record.size(), 1);
  side.publish();
  world.shared.wake();
  world.run(Millis{10});
  EXPECT_TRUE(member.has_event(wire::EventId::eUserMessageEvent));
  EXPECT_EQ(world.chief->private_events().size(), before);
}

TEST(FanoutWatch, TheEndOfASessionEndsItsWatchesWhateverItWasDoing) {
  for (const bool reading : {true, false}) {
    WatchWorld world;
    world.see({state_of("1002")});
    if (!reading) world.chief->stop_reading();
    std::vector<WatchEdge> edges;
    for (int i = 0; i < 500; ++i)
      edges.push_back({agent_key(std::to_string(2000 + i)), topic::kAgent});
    world.line().tell(world.watch(edges));
    world.run(Millis{5});
    EXPECT_EQ(world.reactor->counters().watches, 500u);
    world.chief->hang_up(core::CloseHow::kReset);
    world.run(Millis{200});
    EXPECT_EQ(world.reactor->counters().watches, 0u);
    world.line().tell(world.watch({{agent_key("1002"), topic::kAgent}}));  // it did not know yet
    world.run(Millis{10});
    EXPECT_EQ(world.reactor->counters().watches, 0u);
  }
}

// The line has been told that it is gone, and gives its share to others at once.
TEST(FanoutWatch, WhoIsBeingClosedTakesNoPlaceFromThoseWhoCome) {
  WorldOptions options{.config = small_config()};
  options.config.slow_policy = SlowPolicy::kCut;
  WatchWorld world(options);
  std::vector<WatchEdge> all;
  for (std::uint64_t i = 1; i <= limits::kWatchesMax; ++i)
    all.push_back({i * 0x9E3779B97F4A7C15U, topic::kAgent});  // spread, as hashes are
  world.line().tell(world.watch(all));
  world.run(Millis{10});
  EXPECT_EQ(world.reactor->counters().watches, limits::kWatchesMax);
  world.chief->stop_reading();
  TestRecord large = state_of("1001");
  large.text_bytes = 10'000;
  for (int i = 0; i < 500 && world.reactor->counters().cut_slow == 0; ++i) {
    world.line().say(large);
    world.run(Millis{1});
  }
  ASSERT_EQ(world.reactor->counters().cut_slow, 1u);
  ASSERT_FALSE(world.chief->closed) << "the goodbye waits behind what it does not read";
  EXPECT_EQ(world.reactor->counters().watches, 0u);
  world.line().edges = {{agent_key("1002"), topic::kAgent}};
  TestClient& next = world.agent("1003");
  EXPECT_EQ(next.close_text(), "");
  EXPECT_EQ(world.reactor->counters().watches, 1u);
}

TEST(FanoutWatch, WhoFallsBehindGetsASnapshotOfAllThatItSees) {
  WorldOptions options{.config = small_config()};
  options.config.outbox_updates_bytes = 33 << 10;
  WatchWorld world(options);
  world.see({state_of("1002")});
  world.line().tell(world.watch({{agent_key("1002"), topic::kAgent}}));
  world.run(Millis{10});
  world.chief->stop_reading();
  TestRecord large = state_of("1002");
  large.text_bytes = 10'000;
  for (int i = 0; i < 200; ++i) {
    world.line().say(large);
    world.run(Millis{1});
  }
  world.chief->start_reading();
  world.run(Millis{500});
  EXPECT_GT(world.reactor->counters().lapped, 0u);
  const auto last = world.line().say(state_of("1002"));
  world.run(Millis{10});
  ASSERT_FALSE(world.updates().empty());
  EXPECT_EQ(world.updates().back(), last);
  const std::string story = world.story();
  EXPECT_EQ(story.substr(story.rfind('S')), "Srrsu") << story;
}

TEST(FanoutWatch, TenWhoWatchOneAgentAreGivenEachRecordOnce) {
  WatchWorld world;
  std::vector<TestClient*> chiefs{world.chief};
  std::vector<SessionRef> sessions{world.session};
  for (int i = 0; i < 9; ++i) {
    chiefs.push_back(&world.agent("11" + std::to_string(i)));
    sessions.push_back(world.line().asks.back().from);
  }
  world.see({state_of("1002")});
  for (const SessionRef& session : sessions) {
    Tell tell = world.watch({{agent_key("1002"), topic::kAgent}});
    tell.to = session;
    world.line().tell(std::move(tell));
  }
  world.run(Millis{20});
  const auto before = world.reactor->counters().records_pushed;
  const auto update = world.line().say(state_of("1002"));
  world.run(Millis{10});
  EXPECT_EQ(world.reactor->counters().records_pushed, before + 10);
  for (TestClient* const each : chiefs)
    EXPECT_EQ(each->updates(), (std::vector<std::uint64_t>{update}));
}

TEST(FanoutWatch, ASessionThatComesWithWatchesIsGivenASnapshotAndNotWhatItMissed) {
  WatchWorld world;
  const auto seen = world.line().say(state_of("1001"));
  world.line().say(state_of("1001"));
  world.run(Millis{10});
  world.line().edges = {{agent_key("1002"), topic::kAgent}};
  world.see({state_of("1002")});
  TestClient& again = world.welcomed();
  const std::vector<wire::Position> positions{
      {.lineage = 77, .epoch = 3, .peripheral_id = 5000, .sequence = seen}};
  again.subscribe_agent("1001", positions);
  world.run(Millis{10});
  EXPECT_EQ(again.count(FrameType::kSnapshotRecord), 2u);
  EXPECT_TRUE(again.updates().empty());
  const auto update = world.line().say(state_of("1002"));
  world.run(Millis{10});
  EXPECT_EQ(again.updates(), (std::vector<std::uint64_t>{update}));
}

TEST(FanoutWatch, ASessionThatSaysWhomItWatchedGetsASnapshotThoughItWatchesNobodyHere) {
  WatchWorld world;
  const auto seen = world.line().say(state_of("1001"));
  world.run(Millis{10});
  TestClient& again = world.welcomed();
  const std::vector<wire::Position> positions{
      {.lineage = 77, .epoch = 3, .peripheral_id = 5000, .sequence = seen}};
  FrameBytes room(1024);
  wire::SubscribeWriter writer(room, {.id = 1, .mode = wire::SubscribeMode::kAgent}, positions);
  writer.arguments().add_string(wire::Keyword::AgentID, "1001");
  writer.arguments().add_uint(wire::Keyword::PeripheralID, 5000);
  writer.arguments().begin_nested(wire::watch::kWatch);
  writer.arguments().add_bool(wire::watch::kAllTeams, true);
  writer.arguments().end_nested();
  again.send(writer.finish());
  world.run(Millis{10});
  EXPECT_TRUE(again.has_event(wire::EventId::eSetAgentModeEvent));
  EXPECT_EQ(again.count(FrameType::kSnapshotBegin), 1u) << "what it saw there has ended";
}

TEST(FanoutWatch, WhatAnAgentsSessionWatchesIsNothingToWhoWasRefusedItsMode) {
  WorldOptions options{.config = small_config()};
  options.config.sessions_per_agent_max = 1;
  WatchWorld world(options);
  TestClient& second = world.welcomed();
  second.subscribe_agent("1001");
  world.run(Millis{10});
  ASSERT_FALSE(second.has_event(wire::EventId::eSetAgentModeEvent));
  const SessionRef refused = world.line().asks.back().from;
  second.subscribe_monitor("MessageID=*");
  world.run(Millis{10});
  ASSERT_TRUE(second.has_event(wire::EventId::eOnMonitorModeEstablished));
  // The line does not know that its reactor has refused the mode.
  FrameBytes buffer(512);
  wire::PrivateEventWriter writer(buffer, {.event_id = wire::EventId::eNewAgentTeamMember});
  writer.arguments().add_string(wire::Keyword::AgentID, "1002");
  const Bytes frame = writer.finish();
  Tell tell{.kind = TellKind::kPrivateEvent, .to = refused, .agent_key = agent_key("1001")};
  tell.frames.assign(frame.begin(), frame.end());
  world.line().tell(tell);
  tell.to = world.session;
  world.line().tell(std::move(tell));
  world.run(Millis{10});
  EXPECT_TRUE(world.chief->has_event(wire::EventId::eNewAgentTeamMember));
  EXPECT_FALSE(second.has_event(wire::EventId::eNewAgentTeamMember));
}

}  // namespace
}  // namespace cti::broker
