// fanout_statistics_test.cpp - parts of statistics on their way to a session: whole frames, and the line hears of taken ones.
#include "tests/unit/broker/fanout_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::broker {
namespace {

using wire::EventId;
using wire::FrameType;

class FanoutStatistics : public ::testing::Test {
 protected:
  /// Where the line has heard of the session: by a request of it.
  SessionRef session_of(TestClient& client) {
    client.request(++requests);
    world.run(Millis{10});
    for (const Ask& ask : world.line().asks) {
      if (ask.kind == AskKind::kRequest && ask.request_id == requests) return ask.from;
    }
    ADD_FAILURE() << "the request has not come";
    return {};
  }
  static FrameBytes part(std::size_t frames, std::size_t bytes) {
    FrameBytes all, buffer(16 * 1024);
    const std::string text(bytes, 'x');
    for (std::size_t i = 0; i < frames; ++i) {
      wire::PrivateEventWriter writer(buffer, {.event_id = EventId::eNewSkillGroupStatisticsEvent});
      writer.arguments().add_string("Text", text);
      const Bytes frame = writer.finish();
      all.insert(all.end(), frame.begin(), frame.end());
    }
    return all;
  }
  void tell(const SessionRef& to, std::size_t frames = 3, std::size_t bytes = 1000) {
    Tell tell{.kind = TellKind::kStatistics, .to = to};
    tell.frames = part(frames, bytes);
    world.line().tell(std::move(tell));
    world.run(Millis{10});
  }
  std::size_t taken(const SessionRef& by) {
    const auto& asks = world.line().asks;
    return static_cast<std::size_t>(std::count_if(asks.begin(), asks.end(), [&](const Ask& ask) {
      return ask.kind == AskKind::kStatisticsTaken && ask.from.fanout == by.fanout &&
             ask.from.connection.slot == by.connection.slot;
    }));
  }

  FanoutWorld world;
  std::uint64_t requests = 0;
};

TEST_F(FanoutStatistics, APartIsGivenToItsSessionAloneAndTheLineHearsThatItIsTaken) {
  TestClient& first = world.monitor("MessageID=30");
  TestClient& second = world.agent("1001");
  const SessionRef session = session_of(first);
  const SessionRef other = session_of(second);
  tell(session);
  const auto events = first.private_events();
  EXPECT_EQ(std::count(events.begin(), events.end(), EventId::eNewSkillGroupStatisticsEvent), 3);
  EXPECT_FALSE(second.has_event(EventId::eNewSkillGroupStatisticsEvent));
  EXPECT_EQ(taken(session), 1U);
  EXPECT_EQ(taken(other), 0U);
  tell(session);
  tell(other);
  EXPECT_EQ(taken(session), 2U);
  EXPECT_EQ(taken(other), 1U);
  EXPECT_EQ(world.reactor->counters().statistics, 3U);
}

TEST_F(FanoutStatistics, WhoDoesNotReadTakesNothingUntilItReads) {
  TestClient& client = world.agent("1001");
  const SessionRef session = session_of(client);
  client.stop_reading();
  std::size_t told = 0;
  while (taken(session) == told && told < 1000) tell(session, 8, 1000), ++told;
  ASSERT_LT(told, 1000U) << "its socket has room for that";
  world.run(Millis{500});
  EXPECT_EQ(taken(session), told - 1);
  EXPECT_FALSE(client.closed);
  client.start_reading();
  world.run(Millis{500});
  EXPECT_EQ(taken(session), told);
  EXPECT_FALSE(client.closed) << client.close_text();
  const auto events = client.private_events();
  EXPECT_EQ(std::count(events.begin(), events.end(), EventId::eNewSkillGroupStatisticsEvent),
            static_cast<std::ptrdiff_t>(told * 8));
}

TEST_F(FanoutStatistics, ASessionThatHasLeftIsToldNothing) {
  TestClient& client = world.agent("1001");
  const SessionRef session = session_of(client);
  client.hang_up();
  world.run(Millis{50});
  tell(session);
  EXPECT_EQ(taken(session), 0U);
  EXPECT_EQ(world.reactor->counters().tells_stale, 1U);
}

TEST_F(FanoutStatistics, ManySessionsOfOneTurnAreAllHeardOf) {
  WorldOptions options{.config = small_config()};
  options.limits.asks.controls = 2;  // there is a place for each, whatever the lane holds
  FanoutWorld small(options);
  std::vector<SessionRef> sessions;
  for (int i = 0; i < 16; ++i) {
    TestClient& client = small.agent("10" + std::to_string(10 + i));
    client.request(1);
    small.run(Millis{10});
    sessions.push_back(small.line().asks.back().from);
  }
  small.line().asks.clear();
  for (const SessionRef& session : sessions) {
    Tell tell{.kind = TellKind::kStatistics, .to = session};
    tell.frames = part(1, 100);
    small.line().tell(std::move(tell));
  }
  small.run(Millis{50});
  const auto& asks = small.line().asks;
  EXPECT_EQ(std::count_if(asks.begin(), asks.end(),
                          [](const Ask& ask) { return ask.kind == AskKind::kStatisticsTaken; }),
            16);
}

}  // namespace
}  // namespace cti::broker
