// robot_test.cpp - robots do what agents do, in the order in which agents do it.
#include "tools/load/robot.hpp"

#include "tools/load/arrivals.hpp"
#include "wire/ctios_enums.hpp"

#include <gtest/gtest.h>

namespace cti::load {
namespace {

namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;

struct Desk {
  Robot robot;
  Habits habits;
  core::Random random{3};

  explicit Desk(Robot::Duty duty = Robot::Duty::kCalls) : robot(duty) {
    habits.answer = {simulator::Duration::Kind::kFixed, 0.5, 0};
    habits.talk = {simulator::Duration::Kind::kFixed, 3, 0};
    habits.wrapup = {simulator::Duration::Kind::kFixed, 1, 0};
  }
  Orders state(std::int32_t state, bool own = true) {
    wire::Arguments args;
    args.set(Keyword::AgentState, state);
    return robot.on_event(EventId::eAgentStateEvent, wire::ArgumentsView::trusted(args.bytes()),
                          own, habits, random);
  }
  Orders call(EventId event, const std::string& id = "call.5000.1.201") {
    wire::Arguments args;
    args.set(Keyword::UniqueObjectID, id);
    return robot.on_event(event, wire::ArgumentsView::trusted(args.bytes()), false, habits, random);
  }
  Orders due(Due what) { return robot.on_due(what, robot.stamp(), habits); }
};

void expect_ask(const Orders& orders, Wish wish, std::size_t index = 0) {
  ASSERT_GT(orders.count, index);
  EXPECT_EQ(orders.list[index].kind, Order::Kind::kAsk);
  EXPECT_EQ(orders.list[index].wish, wish);
}

void expect_wake(const Orders& orders, Due due, Nanos in) {
  ASSERT_EQ(orders.count, 1U);
  EXPECT_EQ(orders.list[0].kind, Order::Kind::kWake);
  EXPECT_EQ(orders.list[0].due, due);
  EXPECT_EQ(orders.list[0].in, in);
}

TEST(Robot, LivesThroughACall) {
  Desk desk;
  expect_ask(desk.robot.begin(), Wish::kLogin);
  expect_ask(desk.state(ctios::eNotReady), Wish::kReady);
  EXPECT_EQ(desk.state(ctios::eAvailable).count, 0U);
  EXPECT_EQ(desk.robot.phase(), Robot::Phase::kReady);
  EXPECT_EQ(desk.call(EventId::eAgentPrecallEvent).count, 0U);
  EXPECT_EQ(desk.robot.phase(), Robot::Phase::kOffered);
  EXPECT_EQ(desk.state(ctios::eReserved).count, 0U);
  expect_wake(desk.call(EventId::eCallDeliveredEvent), Due::kAnswer, Millis{500});
  EXPECT_EQ(desk.robot.call(), "call.5000.1.201");
  expect_ask(desk.due(Due::kAnswer), Wish::kAnswer);
  expect_wake(desk.call(EventId::eCallEstablishedEvent), Due::kRelease, Seconds{3});
  EXPECT_EQ(desk.state(ctios::eTalking).count, 0U);
  const Orders release = desk.due(Due::kRelease);
  expect_ask(release, Wish::kWrapup, 0);
  expect_ask(release, Wish::kRelease, 1);
  EXPECT_EQ(desk.call(EventId::eCallEndEvent).count, 0U);
  EXPECT_EQ(desk.robot.call(), "");
  expect_wake(desk.state(ctios::eWorkReady), Due::kReady, Seconds{1});
  expect_ask(desk.due(Due::kReady), Wish::kReady);
  EXPECT_EQ(desk.state(ctios::eAvailable).count, 0U);
  EXPECT_EQ(desk.robot.phase(), Robot::Phase::kReady);
}

TEST(Robot, AsksForNoWrapupWhenThereIsNone) {
  Desk desk;
  desk.habits.wrapup.mean_s = 0;
  desk.state(ctios::eNotReady);
  desk.state(ctios::eAvailable);
  desk.call(EventId::eCallDeliveredEvent);
  desk.call(EventId::eCallEstablishedEvent);
  const Orders release = desk.due(Due::kRelease);
  EXPECT_EQ(release.count, 1U);
  expect_ask(release, Wish::kRelease);
}

TEST(Robot, ForgetsWhatItWaitedForWhenTheCallerHangsUp) {
  Desk desk;
  desk.state(ctios::eNotReady);
  desk.state(ctios::eAvailable);
  desk.call(EventId::eCallDeliveredEvent);
  const std::uint32_t ringing = desk.robot.stamp();
  desk.call(EventId::eCallEndEvent);
  EXPECT_EQ(desk.robot.on_due(Due::kAnswer, ringing, desk.habits).count, 0U);
}

TEST(Robot, GetsReadyAgainWhenItWasPutNotReady) {
  Desk desk;
  desk.state(ctios::eNotReady);
  desk.state(ctios::eAvailable);
  expect_wake(desk.state(ctios::eNotReady), Due::kReady, desk.habits.again);
  expect_ask(desk.due(Due::kReady), Wish::kReady);
}

TEST(Robot, LooksAtNobodyElsesStateAndCall) {
  Desk desk;
  desk.state(ctios::eNotReady);
  EXPECT_EQ(desk.state(ctios::eAvailable, false).count, 0U);
  EXPECT_EQ(desk.robot.phase(), Robot::Phase::kNotReady);
  desk.state(ctios::eAvailable);
  desk.call(EventId::eCallDeliveredEvent);
  EXPECT_EQ(desk.call(EventId::eCallEstablishedEvent, "call.5000.2.202").count, 0U);
  EXPECT_EQ(desk.robot.phase(), Robot::Phase::kOffered);
}

TEST(Robot, TriesAgainWhatWasRefused) {
  Desk desk;
  desk.state(ctios::eNotReady);
  expect_wake(desk.robot.on_refused(Wish::kReady, desk.habits), Due::kReady, desk.habits.again);
  EXPECT_EQ(desk.robot.on_refused(Wish::kAnswer, desk.habits).count, 0U);
}

TEST(Robot, StandsByAsASupervisorAndTakesNoCalls) {
  Desk desk(Robot::Duty::kStands);
  expect_ask(desk.state(ctios::eNotReady), Wish::kTeam);
  EXPECT_EQ(desk.call(EventId::eCallDeliveredEvent).count, 0U);
}

TEST(Arrivals, KeepTheirRateWhetherOrNotTheyAreTaken) {
  for (const Arrivals::Kind kind : {Arrivals::Kind::kRandom, Arrivals::Kind::kEven}) {
    Arrivals arrivals(kind, 9);
    EXPECT_EQ(arrivals.next(), kNever);
    arrivals.set_rate(1000, TimePoint{Seconds{5}});
    int count = 0;
    TimePoint last{};
    while (arrivals.next() < TimePoint{Seconds{15}}) {
      const TimePoint now = arrivals.take();
      EXPECT_GE(now, last);
      last = now;
      ++count;
    }
    EXPECT_NEAR(count, 10'000, 400);
    arrivals.set_rate(0, last);
    EXPECT_EQ(arrivals.next(), kNever);
  }
}

}  // namespace
}  // namespace cti::load
