// flow_test.cpp - what a peer's silence means, over regular, random and hostile times. Each time is drawn from a fixed seed.
#include "core/flow.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace cti::core {
namespace {

constexpr FlowBounds kToClients{Seconds{1}, Flow::kMeanMost};
constexpr FlowBounds kBetweenServers{Flow::kMeanLeast, Millis{300}};
constexpr int kTimes = 2'000;

Nanos up_to(Random& random, Nanos most) {
  return Nanos{static_cast<std::int64_t>(
      random.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

/// Bursts, pauses, minutes of nothing: what networks, handlers and stopped processes make of it.
Nanos any_interval(Random& random) {
  switch (random.below(4)) {
    case 0:
      return Nanos{0};
    case 1:
      return up_to(random, Millis{5});
    case 2:
      return up_to(random, Seconds{3});
    default:
      return up_to(random, Seconds{300});
  }
}

TEST(Flow, WhateverTheTimesItWaitsThreeIntervalsAndNeverLongerThanItsMost) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    const FlowBounds bounds = seed % 2 == 0 ? kToClients : kBetweenServers;
    TimePoint now{};
    Flow flow(bounds, now);
    for (int i = 0; i < kTimes; ++i) {
      now = now + any_interval(random);
      flow.moved(now);
      ASSERT_EQ(flow.last(), now);
      ASSERT_GE(flow.mean(), bounds.least);
      ASSERT_LE(flow.mean(), bounds.most);
      ASSERT_GE(flow.silence(), std::max(Flow::kSilenceLeast, 3 * flow.mean()));
      ASSERT_LE(flow.silence(), Flow::kSilenceMost);
      ASSERT_LT(flow.beat_due(), flow.silent_at()) << "who sends beats has time to";
    }
  }
}

TEST(Flow, APeerThatKeepsItsPromiseOnASlowNetworkIsNeverTakenForDead) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    const Nanos promise = Flow::kMeanLeast + up_to(random, Flow::kMeanMost - Flow::kMeanLeast);
    TimePoint sent{};
    TimePoint came{};
    Flow flow({promise, Flow::kMeanMost}, came);
    for (int i = 0; i < kTimes; ++i) {
      sent = sent + up_to(random, promise);
      const TimePoint now = std::max(came, sent + up_to(random, promise));
      ASSERT_LT(now, flow.silent_at()) << "seed " << seed << ", arrival " << i;
      flow.moved(came = now);
    }
  }
}

/// Two servers: one sends when it has something, or when its own flow says so; the other one listens.
TEST(Flow, TwoOverTheSameTimesAgreeUpToTheNetworksDelay) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    TimePoint sent{};
    TimePoint came{};
    Flow sender(kBetweenServers, sent);
    Flow listener(kBetweenServers, came);
    for (int i = 0; i < kTimes; ++i) {
      const bool busy = (i / 200) % 2 == 0;
      const TimePoint next = sent + up_to(random, busy ? Nanos(Millis{20}) : Nanos(Seconds{10}));
      sender.moved(sent = std::min(next, sender.beat_due()));
      const TimePoint now = std::max(came, sent + up_to(random, Millis{100}));
      ASSERT_LT(now, listener.silent_at()) << "seed " << seed << ", arrival " << i;
      listener.moved(came = now);
    }
  }
}

TEST(Flow, AHungPeerIsFoundInThreeIntervalsOfItsBeat) {
  TimePoint now{};
  Flow flow(kToClients, now);
  EXPECT_EQ(flow.silence(), Flow::kSilenceMost) << "nothing is known yet";
  for (int i = 0; i < 40; ++i) flow.moved(now = now + Seconds{1});
  EXPECT_GE(flow.silence(), Seconds{3});
  EXPECT_LT(flow.silence(), Millis{3'050});
  // A busy time before it makes nobody hasty: the promise stands.
  for (int i = 0; i < 1'000; ++i) flow.moved(now = now + Millis{1});
  EXPECT_GE(flow.silence(), Seconds{3});

  Flow server(kBetweenServers, now);
  for (int i = 0; i < 40; ++i) server.moved(now = now + Millis{50});
  EXPECT_LT(server.silence(), Millis{450});
}

TEST(Flow, EqualTimesGiveEqualAnswersWheneverTheyAre) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    const Nanos later = up_to(random, Seconds{1'000'000});
    TimePoint now{};
    Flow one(kToClients, now);
    Flow other(kToClients, now + later);
    for (int i = 0; i < 200; ++i) {
      now = now + any_interval(random);
      one.moved(now);
      other.moved(now + later);
      ASSERT_EQ(one.silence(), other.silence());
      ASSERT_EQ(one.beat_due() + later, other.beat_due());
    }
  }
}

}  // namespace
}  // namespace cti::core
