// Every ask of a session ends exactly once, in bounded time, whatever happens to the session with the CTI Server.
#include "broker/meet/admission.hpp"
#include "core/random.hpp"
#include "tests/unit/broker/line_world.hpp"

#include <map>
#include <set>

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

broker::Ask agent_mode_ask(LineWorld& world, const std::string& agent) {
  wire::Arguments args;
  args.set("AgentID", agent);
  args.set("PeripheralID", std::int32_t{kPeripheral});
  broker::Ask ask;
  ask.kind = broker::AskKind::kAgentMode;
  ask.from = world.session();
  ask.request_id = ++world.last_request;
  ask.arguments.assign(args.bytes().begin(), args.bytes().end());
  return ask;
}
broker::Ask snapshot_ask(LineWorld& world) {
  broker::Ask ask;
  ask.kind = broker::AskKind::kSnapshot;
  ask.from = world.session();
  ask.request_id = ++world.last_request;
  return ask;
}
std::size_t told(const LineWorld& world, std::uint64_t id, broker::TellKind kind) {
  return static_cast<std::size_t>(std::count_if(
      world.tells.begin(), world.tells.end(),
      [&](const broker::Tell& tell) { return tell.request_id == id && tell.kind == kind; }));
}

TEST(LineAsk, ARequestsOwnDeadlineHoldsWhateverElseWaitsLonger) {
  broker::LineConfig config = line_config();
  config.request_timeout = Seconds{2};
  LineWorld world(config);
  broker::Admission admission(10, 10);
  world.shared.admission = &admission;
  world.side_a->hook = [](std::uint32_t type, Bytes) {
    return ged::MessageType{type} == ged::MessageType::kClientEventReportReq;  // swallowed: 20 s
  };
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->client_reports() == 1; }));
  world.side_a->agent_state("22866", 3, "23901", "23901");
  world.side_a->confirms = false;
  world.settle();
  const TimePoint asked = world.network.now();
  const broker::Tell tell = world.answer(
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kUnknown);
  EXPECT_GE(world.network.now() - asked, Seconds{2});
  EXPECT_LE(world.network.now() - asked, Millis{2'100});
}

TEST(LineAsk, AgentModeThatIsBeingLookedUpEndsWithTheLink) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.side_a->answers_queries = false;
  broker::Ask ask = agent_mode_ask(world, "555");
  const std::uint64_t id = ask.request_id;
  const std::uint32_t before = world.side_a->queries;
  world.ask(std::move(ask));
  ASSERT_TRUE(world.until([&] { return world.side_a->queries > before; }));
  world.side_a->accepts = world.side_b->accepts = false;
  world.side_a->hang_up();
  EXPECT_TRUE(
      world.until([&] { return told(world, id, broker::TellKind::kAgentMode) == 1; }, Seconds{1}));
  world.settle(Seconds{60});
  ASSERT_EQ(told(world, id, broker::TellKind::kAgentMode), 1U);
  EXPECT_TRUE(world.tells.back().refused);
}

TEST(LineAsk, AgentModeThatASilentCtiServerCannotAnswerEndsInTime) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.side_a->agents["555"] = {3, "23955", "23955"};
  world.side_a->hook = [](std::uint32_t type, Bytes) {
    return ged::MessageType{type} == ged::MessageType::kSnapshotDeviceReq;  // the second question
  };
  broker::Ask ask = agent_mode_ask(world, "555");
  const std::uint64_t id = ask.request_id;
  world.ask(std::move(ask));
  EXPECT_TRUE(
      world.until([&] { return told(world, id, broker::TellKind::kAgentMode) == 1; }, Seconds{21}));
}

TEST(LineAsk, WhatWaitsForTheFirstSessionIsAnsweredInItsOwnKindWhenTheServerStops) {
  LineWorld world;
  world.side_a->answers_open = false;
  ASSERT_TRUE(world.until([&] { return world.side_a->opens == 1; }));
  broker::Ask mode = agent_mode_ask(world, "22866"), image = snapshot_ask(world);
  broker::Ask call =
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866");
  const std::uint64_t ids[] = {mode.request_id, image.request_id, call.request_id};
  world.ask(std::move(mode));
  world.ask(std::move(image));
  world.ask(std::move(call));
  world.settle();
  ASSERT_EQ(world.line->counters().asks_parked, 3U);
  world.line->stop();
  world.settle();
  EXPECT_EQ(told(world, ids[0], broker::TellKind::kAgentMode), 1U);
  EXPECT_EQ(told(world, ids[1], broker::TellKind::kSnapshot), 1U);
  EXPECT_EQ(told(world, ids[2], broker::TellKind::kReply), 1U);
  EXPECT_EQ(world.tells.size(), 3U);
}

// A reactor asks for the image that its monitors share on behalf of none of them: no end of a session takes that away.
TEST(LineAsk, WhatAReactorAsksForItselfOutlivesEverySession) {
  LineWorld world;
  world.side_a->answers_queries = false;  // the dialogue goes on
  ASSERT_TRUE(world.until([&] { return world.side_a->queries > 0; }));
  broker::Ask shared = snapshot_ask(world);
  const std::uint64_t id = shared.request_id;
  shared.from = {.fanout = 0};
  world.ask(std::move(shared));
  ASSERT_TRUE(world.until([&] { return world.line->counters().asks_parked == 1; }));
  world.end_session({0, {0, 1}, 5});
  world.side_a->answers_queries = true;
  EXPECT_TRUE(world.until([&] { return told(world, id, broker::TellKind::kSnapshot) == 1; }));
}

TEST(LineAsk, ASessionThatHasGoneIsForgottenWithAllThatItWaitedFor) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.side_a->answers_queries = false;
  const std::uint32_t before = world.side_a->queries;
  world.ask(agent_mode_ask(world, "555"));
  ASSERT_TRUE(world.until([&] { return world.side_a->queries > before; }));
  world.shared.asks.lane(0).session_gone(world.session());
  world.shared.wake();
  world.settle(Seconds{60});
  EXPECT_TRUE(world.tells.empty());
  EXPECT_EQ(world.line->pending(), 0U);
}

/// Random asks among random misfortunes of the link.
class AskStory {
 public:
  explicit AskStory(std::uint64_t seed)
      : random_(seed), world_(config(), seed, faults(seed)), stops_(seed % 4 == 0) {}

  void run() {
    world_.side_a->agents["22866"] = world_.side_b->agents["22866"] = {3, "23901", "23901"};
    for (int step = 0; step < 60; ++step) {
      if (random_.chance(0.6)) {
        ask();
      } else {
        misfortune();
      }
      if (random_.chance(0.7))
        world_.settle(Millis{static_cast<std::int64_t>(random_.below(4000))});
      check_overdue();
    }
    if (stops_) world_.line->stop();
    world_.settle(kBound);
    check_overdue();
    EXPECT_TRUE(open_.empty()) << open_.size() << " asks were never answered";
    std::map<std::uint64_t, int> answers;
    for (const broker::Tell& tell : world_.tells) {
      if (tell.kind != broker::TellKind::kPrivateEvent) ++answers[tell.request_id];
    }
    for (const auto& [id, count] : answers) EXPECT_EQ(count, 1) << "answers to ask " << id;
  }

 private:
  struct Open {
    TimePoint asked;
    broker::TellKind kind;
  };
  // A dialogue or first session waited for, then the question to the CTI Server itself.
  static constexpr Nanos kBound = Seconds{55};

  static broker::LineConfig config() {
    broker::LineConfig config = line_config();
    config.link.stable_after = Seconds{10};
    return config;
  }
  static core::SimFaults faults(std::uint64_t seed) {
    core::SimFaults faults;
    if (seed % 3 == 1) faults.reset = 0.02;
    if (seed % 3 == 2) faults.loss = 0.05;
    return faults;
  }
  void ask() {
    switch (random_.below(4)) {
      case 0:
        return add(snapshot_ask(world_), broker::TellKind::kSnapshot);
      case 1:
        return add(agent_mode_ask(world_, "22866"), broker::TellKind::kAgentMode);
      case 2:
        return add(agent_mode_ask(world_, std::to_string(500 + random_.below(20))),
                   broker::TellKind::kAgentMode);
      default:
        return add(
            world_.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"),
            broker::TellKind::kReply);
    }
  }
  void add(broker::Ask&& ask, broker::TellKind kind) {
    open_[ask.request_id] = {world_.network.now(), kind};
    world_.ask(std::move(ask));
  }
  void misfortune() {
    CtiServer& side = random_.chance(0.5) ? *world_.side_a : *world_.side_b;
    switch (random_.below(8)) {
      case 0:
        return side.hang_up();
      case 1:
        side.accepts = !side.accepts;
        return;
      case 2:
        side.answers_queries = !side.answers_queries;
        return;
      case 3:
        side.confirms = !side.confirms;
        return;
      case 4:
        side.answers_open = !side.answers_open;
        return;
      case 5:
        side.answers_heartbeats = !side.answers_heartbeats;
        return;
      case 6:
        side.answers_config = !side.answers_config;
        return;
      default:  // good times
        for (CtiServer* const good : {world_.side_a.get(), world_.side_b.get()}) {
          good->accepts = good->answers_queries = good->confirms = true;
          good->answers_open = good->answers_heartbeats = good->answers_config = true;
        }
    }
  }
  void check_overdue() {
    for (; seen_ < world_.tells.size(); ++seen_) {
      const broker::Tell& tell = world_.tells[seen_];
      const auto found = open_.find(tell.request_id);
      if (found == open_.end()) continue;
      EXPECT_EQ(tell.kind, found->second.kind) << "ask " << tell.request_id;
      open_.erase(found);
    }
    for (const auto& [id, open] : open_) {
      EXPECT_LE(world_.network.now() - open.asked, kBound) << "ask " << id << " waits too long";
    }
  }

  core::Random random_;
  LineWorld world_;
  const bool stops_;
  std::map<std::uint64_t, Open> open_;
  std::size_t seen_ = 0;
};

TEST(LineAsk, EachIsAnsweredExactlyOnceInBoundedTimeInAnyStoryOfTheLink) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    AskStory(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}


TEST(LineAsk, WhoWaitsTooLongForADialogueIsNotLookedUpInTheMiddleOfIt) {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  config.sync_timeout = Seconds{5};
  LineWorld world(config);
  world.side_a->answers_open = false;
  ASSERT_TRUE(world.until([&] { return world.side_a->opens == 1; }));
  broker::Ask ask = agent_mode_ask(world, "88");
  const std::uint64_t id = ask.request_id;
  world.ask(std::move(ask));
  world.settle(Seconds{2});
  // The dialogue begins now, and hangs: agent 88 has a call whose end the CTI Server tells meanwhile.
  CtiServer& cti = *world.side_a;
  cti.agents["88"] = {3, "23988", "23988"};
  cti.calls["23988"] = {{50, 3, "555"}};
  std::vector<std::string> asked;
  cti.hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq) return false;
    const auto view = ged::QueryAgentStateReqView::decode(body, cti.version);
    asked.emplace_back(view->agent_id().value_or(""));
    return asked.back() != "88";
  };
  cti.answers_open = true;
  cti.send(ged::OpenConfEncoder(cti.room(), 15,
                                {.invoke_id = broker::CtiLink::kOwnInvokeIds + 1,
                                 .monitor_id = 1,
                                 .peripheral_online = 1}));
  ASSERT_TRUE(world.until([&] { return !asked.empty(); }));
  ASSERT_TRUE(world.until([&] { return told(world, id, broker::TellKind::kAgentMode) == 1; },
                          Seconds{4}));
  EXPECT_FALSE(world.line->ready()) << "the dialogue goes on";
  EXPECT_TRUE(world.tells.back().refused);
  world.settle();
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "88"), 0);
  EXPECT_EQ(world.count(EventId::eSnapshotCallConf), 0U) << "applied in the middle of a dialogue";
}

}  // namespace
}  // namespace cti::test
