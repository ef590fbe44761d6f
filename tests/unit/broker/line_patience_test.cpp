// When is a CTI Server dead? Not because we did not listen, not because it answers heartbeats only, and which side comes next.
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

broker::LineConfig usual() {
  broker::LineConfig config = line_config();
  config.link.stable_after = Seconds{10};
  return config;
}

bool was_said(const LineWorld& world, std::string_view what) {
  return std::any_of(world.said.begin(), world.said.end(),
                     [&](const std::string& text) { return text.find(what) != std::string::npos; });
}

/// A small log that nobody reads: the line soon cannot write, and stops reading.
class UnreadLog : public ::testing::Test {
 protected:
  UnreadLog() : world(usual(), 1, {}, std::size_t{1} << 17) {}
  void SetUp() override {
    ASSERT_TRUE(world.ready());
    world.settle();
    ASSERT_TRUE(world.log->gate(0).enter(world.cursor));
    world.reading = false;
    // As much as makes it spill, far from as much as the spill holds.
    for (std::uint32_t i = 1; world.line->counters().log_stops == 0; ++i) {
      ASSERT_LT(i, 5000U);
      world.side_a->agent_state("22866", i % 2 == 0 ? 2 : 3, "23901");
      if (i % 20 == 0) world.settle(Millis{5});
    }
  }
  LineWorld world;
};

TEST_F(UnreadLog, AHealthyCtiServerOutlivesThatWeDoNotRead) {
  const std::uint32_t before = world.side_a->heartbeats;
  world.settle(Seconds{60});
  EXPECT_EQ(world.line->link().counters().losses, 0U);
  EXPECT_EQ(world.line->link().counters().heartbeat_deaths, 0U);
  EXPECT_GE(world.side_a->heartbeats - before, 11U) << "we go on saying that we live";
  world.log->gate(0).leave(world.cursor);
  world.reading = true;
  world.settle(Seconds{60});
  EXPECT_TRUE(world.line->ready());
  EXPECT_EQ(world.line->link().counters().losses, 0U);
  EXPECT_EQ(world.side_b->accepted, 0U);
}

// Each time that we read again a round begins anew: not so that one never begins.
TEST_F(UnreadLog, ALogThatIsHeldAgainAndAgainKeepsNoHeartbeatFromTheCtiServer) {
  const std::uint32_t before = world.side_a->heartbeats;
  for (int second = 0; second < 60; ++second) {
    world.log->gate(0).leave(world.cursor);
    world.reading = true;
    world.settle(Millis{100});
    ASSERT_FALSE(world.line->held_back());
    world.cursor = world.log->tail();
    ASSERT_TRUE(world.log->gate(0).enter(world.cursor));
    world.reading = false;
    for (std::uint32_t i = 1; !world.line->held_back(); ++i) {
      ASSERT_LT(i, 5000U);
      world.side_a->agent_state("22866", i % 2 == 0 ? 2 : 3, "23901");
      if (i % 20 == 0) world.settle(Millis{5});
    }
    world.settle(Millis{800});
  }
  EXPECT_GE(world.side_a->heartbeats - before, 11U);
  EXPECT_EQ(world.line->link().counters().losses, 0U);
}

TEST_F(UnreadLog, ACtiServerThatDiedMeanwhileIsNoticedOnceWeReadAgain) {
  world.side_a->answers_heartbeats = false;
  world.settle(Seconds{60});
  world.log->gate(0).leave(world.cursor);
  world.reading = true;
  EXPECT_TRUE(world.until([&] { return world.side_b->opens == 1; }, Seconds{25}));
}

TEST_F(UnreadLog, AQuestionThatIsOpenWhileWeDoNotReadIsNoReasonToLeave) {
  world.side_a->confirms = false;
  world.ask(world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  world.settle(Seconds{180});
  EXPECT_EQ(world.line->link().counters().progress_deaths, 0U);
  EXPECT_EQ(world.line->link().counters().losses, 0U);
}

TEST(LinePatience, P11_AfterAStopOfOurOwnTheCtiServerGetsAFreshRoundOfHeartbeats) {
  for (const int unanswered : {0, 1, 2, 3}) {
    SCOPED_TRACE(unanswered);
    LineWorld world(usual());
    ASSERT_TRUE(world.ready());
    world.settle(Seconds{1});
    // Stopped at the worst moment: heartbeats are out, and what answers them is stopped as well.
    world.side_a->answers_heartbeats = false;
    const std::uint32_t before = world.side_a->heartbeats;
    if (unanswered > 0) {
      ASSERT_TRUE(world.until([&] {
        return world.side_a->heartbeats == before + static_cast<std::uint32_t>(unanswered);
      }));
    }
    world.network.freeze("10.0.0.1", true);
    world.network.freeze("10.0.0.2", true);
    world.settle(Seconds{120});
    world.side_a->answers_heartbeats = true;
    world.network.freeze("10.0.0.1", false);
    world.network.freeze("10.0.0.2", false);
    world.settle(Seconds{60});
    EXPECT_EQ(world.line->link().counters().losses, 0U);
    EXPECT_EQ(world.line->stops_survived(), 1U);
    EXPECT_TRUE(world.line->ready());
  }
}

TEST(LinePatience, P11_ACtiServerThatIsDeadAfterTheStopIsNoticedByItsFreshRound) {
  LineWorld world(usual());
  ASSERT_TRUE(world.ready());
  world.settle(Seconds{20});
  world.network.freeze("10.0.0.1", true);
  world.settle(Seconds{120});
  world.network.freeze("10.0.0.2", true);
  world.network.freeze("10.0.0.1", false);
  EXPECT_TRUE(world.until([&] { return world.side_b->opens == 1; }, Seconds{22}));
}

TEST(LinePatience, P11_ARequestHasTheTimeThatItHadLeftBeforeTheStop) {
  LineWorld world(usual());
  ASSERT_TRUE(world.ready());
  world.side_a->confirms = false;
  broker::Ask ask =
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866");
  world.side_a->agent_state("22866", 3, "23901");
  world.settle();
  world.ask(std::move(ask));
  ASSERT_TRUE(world.until([&] { return world.side_a->requests.size() == 1; }));
  world.network.freeze("10.0.0.1", true);
  world.settle(Seconds{60});
  world.network.freeze("10.0.0.1", false);
  world.settle(Seconds{5});
  EXPECT_TRUE(world.tells.empty()) << "ended for our own stop";
  world.side_a->confirm<ged::MakeCallConfEncoder, ged::MakeCallConfFixed>(
      world.side_a->requests.front());
  ASSERT_TRUE(world.until([&] { return world.tells.size() == 1; }));
  EXPECT_EQ(reply_of(world.tells.front()).outcome(), wire::Outcome::kConfirmed);
}

// ---- U19: progress ----

class Progress : public ::testing::Test {
 protected:
  Progress() : world(usual()) {}
  void SetUp() override {
    ASSERT_TRUE(world.ready());
    world.side_a->agent_state("22866", 3, "23901");
    world.settle();
    // From now on side A answers heartbeats and nothing else.
    world.side_a->hook = [this](std::uint32_t type, Bytes) {
      return ill && ged::MessageType{type} != ged::MessageType::kHeartbeatReq;
    };
  }
  void ask_again_and_again(Nanos time) {
    for (const TimePoint end = world.network.now() + time; world.network.now() < end;) {
      if (world.side_b->opens > 0) return;
      world.ask(
          world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
      world.settle(Seconds{5});
    }
  }
  LineWorld world;
  bool ill = true;
};

TEST_F(Progress, U19_AServerThatAnswersHeartbeatsOnlyIsLeftForTheOtherSide) {
  const TimePoint begun = world.network.now();
  ask_again_and_again(Seconds{100});
  ASSERT_GT(world.side_b->opens, 0U);
  EXPECT_GE(world.network.now() - begun, Seconds{60});
  EXPECT_LE(world.network.now() - begun, Seconds{70});
  EXPECT_EQ(world.line->link().counters().progress_deaths, 1U);
  EXPECT_EQ(world.line->link().counters().heartbeat_deaths, 0U);
  EXPECT_TRUE(was_said(world, "heartbeats were answered, but no request"));
  ASSERT_TRUE(world.until([&] { return world.line->ready(); }));
  EXPECT_EQ(world.shared.status.side(), 1U);
}

TEST_F(Progress, U19_OneRequestIsEnoughBecauseTheLineAsksSomethingItself) {
  world.ask(world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  EXPECT_TRUE(world.until([&] { return world.side_b->opens > 0; }, Seconds{70}));
  EXPECT_EQ(world.line->counters().progress_probes, 1U);
}

TEST_F(Progress, U19_ASwallowedRequestOnAQuietNightIsNoReasonToLeave) {
  world.side_a->hook = [](std::uint32_t type, Bytes) {
    return ged::MessageType{type} == ged::MessageType::kMakeCallReq;
  };
  world.ask(world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  world.settle(Seconds{300});
  EXPECT_EQ(world.side_b->opens, 0U);
  EXPECT_EQ(world.line->link().counters().losses, 0U);
}

TEST_F(Progress, U19_SilenceWithoutAnyQuestionIsNoIllness) {
  world.settle(Seconds{300});
  EXPECT_EQ(world.side_b->opens, 0U);
}

TEST_F(Progress, U19_AnEventIsProgress) {
  for (int i = 0; i < 30; ++i) {
    world.ask(
        world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
    world.settle(Seconds{10});
    world.side_a->agent_state("22866", i % 2 == 0 ? 2 : 3, "23901");
  }
  EXPECT_EQ(world.side_b->opens, 0U);
}

TEST(LinePatience, U19_CanBeSwitchedOffAndSetShorter) {
  for (const int limit : {0, 20}) {
    broker::LineConfig config = usual();
    config.link.progress_timeout = Seconds{limit};
    LineWorld world(config);
    ASSERT_TRUE(world.ready());
    world.side_a->agent_state("22866", 3, "23901");
    world.settle();
    world.side_a->hook = [](std::uint32_t type, Bytes) {
      return ged::MessageType{type} != ged::MessageType::kHeartbeatReq;
    };
    world.ask(
        world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
    EXPECT_EQ(world.until([&] { return world.side_b->opens > 0; }, Seconds{200}), limit != 0);
  }
}

// ---- U20: a flapping side ----

TEST(LinePatience, U20_ASideThatOpensAndClosesDoesNotStarveTheGoodOne) {
  LineWorld world(usual());
  // Side A answers OPEN_REQ and hangs up a second later, for ever.
  TimePoint opened = kNever;
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    if (ged::MessageType{type} == ged::MessageType::kOpenReq) opened = world.network.now();
    return false;
  };
  world.world.add("10.0.0.2", [&](TimePoint) {
    if (opened == kNever || world.network.now() < opened + Seconds{1}) return 0U;
    opened = kNever;
    world.side_a->hang_up();
    return 1U;
  });
  ASSERT_TRUE(world.until([&] { return world.side_b->opens == 1; }, Seconds{8}))
      << "side B was not tried before a pause";
  EXPECT_EQ(world.side_a->opens, 1U);
  ASSERT_TRUE(world.until([&] { return world.line->ready(); }));
  world.settle(Seconds{200});
  EXPECT_TRUE(world.line->ready());
  EXPECT_EQ(world.side_a->opens, 1U);
}

TEST(LinePatience, U20_ASideWhoseSessionsLiveHardlyLongerThanStableLosesItsPrecedence) {
  LineWorld world(usual());
  TimePoint opened = kNever;
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    if (ged::MessageType{type} == ged::MessageType::kOpenReq) opened = world.network.now();
    return false;
  };
  world.world.add("10.0.0.2", [&](TimePoint) {
    if (opened == kNever || world.network.now() < opened + Seconds{11}) return 0U;
    opened = kNever;
    world.side_a->hang_up();
    return 1U;
  });
  EXPECT_TRUE(world.until([&] { return world.side_b->opens == 1; }, Seconds{50}));
}

TEST(LinePatience, U20_TwoFlappingSidesAreTriedInTurnWithPauses) {
  LineWorld world(usual());
  for (CtiServer* const side : {world.side_a.get(), world.side_b.get()}) {
    side->hook = [side](std::uint32_t type, Bytes) {
      if (ged::MessageType{type} == ged::MessageType::kConfigRequestEvent) side->hang_up();
      return false;
    };
  }
  world.settle(Seconds{100});
  EXPECT_GE(world.side_a->opens, 3U);
  EXPECT_LE(world.side_a->opens, 6U) << "no pause between rounds";
  EXPECT_GE(world.side_b->opens, 3U);
  EXPECT_LE(world.side_b->opens, 6U);
}


TEST(LinePatience, U19_AHealthyServerIsNotIllForOneSwallowedRequestWhenNobodyIsKnown) {
  broker::LineConfig config = usual();
  config.agents.clear();
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  ASSERT_EQ(world.line->map().agents(), 0U);
  bool swallowed = false;
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    return ged::MessageType{type} == ged::MessageType::kQueryAgentStateReq &&
           !std::exchange(swallowed, true);
  };
  world.ask(world.request(RequestId::eQueryAgentStateRequest, args_of({{"AgentID", "1"}}), ""));
  ASSERT_TRUE(world.until([&] { return swallowed; }));
  world.settle(Seconds{200});
  EXPECT_EQ(world.line->link().counters().progress_deaths, 0U);
  EXPECT_EQ(world.line->link().counters().losses, 0U);
  EXPECT_EQ(world.line->counters().progress_probes, 1U);
}

}  // namespace
}  // namespace cti::test
