// silence_test.cpp - a server that hangs: found by its missing beats in seconds, and never for a silence of our own.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

class Silence : public SessionWorld {
 protected:
  Silence() { a->beat = b->beat = Millis{1'000}; }

  /// How long after it fell silent the session is with the other server.
  Nanos until_elsewhere() {
    const TimePoint hung = network.now();
    a->mute = true;
    EXPECT_TRUE(until(eOnConnection, events.count(eOnConnection) + 1));
    return network.now() - hung;
  }
};

TEST_F(Silence, AHungServerIsLeftForTheOtherOneWithinSeconds) {
  connect();
  world.run_for(Seconds(60));
  EXPECT_EQ(events.count(eOnConnectionFailure), 0);
  EXPECT_EQ(events.count(eOnHeartbeat), 0) << "nobody has asked for them";
  EXPECT_EQ(a->heartbeats, 0);
  const Nanos took = until_elsewhere();
  EXPECT_GE(took, Nanos(Seconds(2)));
  EXPECT_LE(took, Nanos(Millis(3'500)));
  EXPECT_EQ(session->GetValueString(CTIOS_CURRENTSERVER), kHostB);
  EXPECT_EQ(events.count(eOnMissingHeartbeat), 0);
  EXPECT_EQ(events.last(eOnConnectionFailure).GetValueInt(CTIOS_REASONCODE), eMissedHeartbeats);
}

TEST_F(Silence, AServerThatHangsAtOnceIsLeftInSixSecondsAtMost) {
  connect();
  EXPECT_LE(until_elsewhere(), Nanos(Millis(6'500)));
}

TEST_F(Silence, WhoHasSetHeartbeatsIsServedAsEver) {
  for (const char* key : {CTIOS_HEARTBEAT, CTIOS_MAXHEARTBEATS}) {
    make_session(first_side_a());
    events.told.clear();
    a->mute = false;
    Arguments args = hosts();
    args.AddItem(key, key == std::string(CTIOS_HEARTBEAT) ? 5 : 3);
    ASSERT_EQ(session->Connect(args), CIL_OK);
    ASSERT_TRUE(until(eOnConnection));
    EXPECT_EQ(a->beat_wished, 0) << key;
    ASSERT_TRUE(until(eOnHeartbeat));
    const Nanos took = until_elsewhere();
    EXPECT_GE(took, Nanos(Seconds(15))) << key;
    EXPECT_EQ(events.count(eOnMissingHeartbeat), 2) << key;
  }
}

TEST_F(Silence, AServerThatPromisesNothingIsAskedAsEver) {
  a->beat = b->beat = Millis{0};
  connect();
  EXPECT_GT(a->beat_wished, 0);
  ASSERT_TRUE(until(eOnHeartbeat));
  EXPECT_GE(until_elsewhere(), Nanos(Seconds(15)));
}

TEST_F(Silence, WhatIsPromisedBeyondAllBoundsCountsAsNothing) {
  for (const int beat : {1, 99, 2'001, 2'000'000'000}) {
    make_session(first_side_a());
    a->beat = Millis{beat};
    events.told.clear();
    connect();
    world.run_for(Seconds(60));
    EXPECT_EQ(events.count(eOnConnectionFailure), 0) << beat;
    if (beat > 10'000) {
      EXPECT_GT(events.count(eOnHeartbeat), 1) << "asked as ever";
    }
  }
}

/// The process was stopped, or a handler took long: beats wait in the socket.
TEST_F(Silence, OurOwnSilenceIsNotTheServers) {
  connect();
  world.run_for(Seconds(30));
  for (int i = 0; i < 20; ++i) {
    world.remove(client);
    world.run_for(Seconds(7 + i));
    client = world.add("10.0.0.9", [this](TimePoint) { return session->process(60'000); });
    world.run_for(Seconds(i % 4));
  }
  EXPECT_EQ(events.count(eOnConnectionFailure), 0);
  EXPECT_EQ(a->hellos, 1);
  EXPECT_LE(until_elsewhere(), Nanos(Millis(6'500)));
}

}  // namespace
}  // namespace cti::cil::test
