// once_table_test.cpp - tokens are bound to who used them; floods push out their own; ends of sessions hand over.
#include "broker/requests/once_table.hpp"

#include "core/random.hpp"

#include <gtest/gtest.h>

namespace cti::broker {
namespace {

using Verdict = OnceTable::Verdict;

SessionRef agent_session(std::uint64_t number, std::uint64_t agent) {
  SessionRef ref{0, {static_cast<std::uint32_t>(number), 1}, number};
  ref.who = {.agent_key = agent, .mode = SessionMode::kAgent};
  return ref;
}
std::vector<std::byte> reply_of(std::uint8_t what) { return {std::byte{what}}; }

class Once : public ::testing::Test {
 protected:
  explicit Once(std::size_t limit = 1000) : table(limit, sessions) {}
  Verdict begin(std::uint64_t token, std::uint64_t id, const SessionRef& from) {
    (void)sessions.of(from);
    const OnceTable::Answer answer = table.begin(token, id, from);
    table.check();
    return answer.verdict;
  }
  void finish(std::uint64_t token, std::uint64_t id, const SessionRef& from, std::uint8_t what) {
    told = table.finish(token, id, from, reply_of(what)).session_number;
    table.check();
  }
  SessionLedger sessions;
  OnceTable table;
  std::uint64_t told = 0;
  const SessionRef owner = agent_session(1, 100);
  const SessionRef thief = agent_session(2, 200);
  const SessionRef other_desk = agent_session(3, 100);
};

TEST_F(Once, ARepetitionIsNotRunAgain) {
  EXPECT_EQ(begin(9, 1, owner), Verdict::kNew);
  EXPECT_EQ(begin(9, 1, owner), Verdict::kInFlight);
  finish(9, 1, owner, 7);
  const OnceTable::Answer again = table.begin(9, 1, owner);
  EXPECT_EQ(again.verdict, Verdict::kDone);
  EXPECT_EQ(*again.reply, reply_of(7));
}

// The end of a session and its asks come by two ways: the end may be first.
TEST_F(Once, AnEndThatOvertakesTheFirstAskOfItsSessionIsAnEnd) {
  sessions.end(owner);
  ASSERT_EQ(begin(9, 1, owner), Verdict::kNew);
  finish(9, 1, owner, 7);
  EXPECT_TRUE(sessions.ended(owner));
  EXPECT_EQ(begin(9, 1, other_desk), Verdict::kDone) << "its successor goes on";
}

TEST_F(Once, WithoutATokenNothingIsRemembered) {
  EXPECT_EQ(begin(0, 1, owner), Verdict::kNew);
  EXPECT_EQ(begin(0, 1, owner), Verdict::kNew);
  EXPECT_EQ(table.entries(), 0u);
}

TEST_F(Once, C21_AnotherPrincipalGetsNothingBeTheRequestKnownOrNot) {
  ASSERT_EQ(begin(9, 1, owner), Verdict::kNew);
  EXPECT_EQ(begin(9, 1, thief), Verdict::kForeign) << "in flight";
  finish(9, 1, owner, 7);
  EXPECT_EQ(told, 1u);
  EXPECT_EQ(begin(9, 1, thief), Verdict::kForeign) << "done";
  EXPECT_EQ(begin(9, 2, thief), Verdict::kForeign) << "the next number, taken in advance";
  EXPECT_FALSE(table.holds(9, 1, thief));
  EXPECT_EQ(begin(9, 2, owner), Verdict::kNew) << "the owner loses nothing";
  EXPECT_EQ(begin(9, 1, owner), Verdict::kDone);
}

TEST_F(Once, C21_AnotherSessionOfTheSameAgentGetsNoAnswerWhileTheOwnerLives) {
  ASSERT_EQ(begin(9, 1, owner), Verdict::kNew);
  EXPECT_EQ(begin(9, 1, other_desk), Verdict::kElsewhere);
  finish(9, 1, owner, 7);
  EXPECT_EQ(told, 1u) << "the answer goes where it belongs";
  EXPECT_EQ(begin(9, 1, other_desk), Verdict::kElsewhere);
  sessions.end(owner);
  EXPECT_EQ(begin(9, 1, other_desk), Verdict::kDone) << "its successor";
}

TEST_F(Once, WhatIsInFlightGoesToTheSuccessorThatAsksForIt) {
  ASSERT_EQ(begin(9, 1, owner), Verdict::kNew);
  sessions.end(owner);
  EXPECT_EQ(begin(9, 1, other_desk), Verdict::kTakenOver);
  EXPECT_EQ(begin(9, 1, other_desk), Verdict::kInFlight) << "its own by now";
  finish(9, 1, owner, 7);
  EXPECT_EQ(told, 3u);
}

TEST_F(Once, ATokenWhoseSessionEndedMayServeAnotherAgentButTellsItNothing) {
  ASSERT_EQ(begin(9, 1, owner), Verdict::kNew);
  finish(9, 1, owner, 7);
  sessions.end(owner);
  EXPECT_EQ(begin(9, 2, thief), Verdict::kNew) << "one program, another agent logs in";
  EXPECT_EQ(begin(9, 1, thief), Verdict::kForeign);
}

// C12, issue 9 item 24: what one client floods, it pushes out of its own.
TEST_F(Once, AFloodPushesOutItsOwnAnswersOnly) {
  ASSERT_EQ(begin(9, 1, owner), Verdict::kNew);
  finish(9, 1, owner, 7);
  for (std::uint64_t id = 1; id <= 5000; ++id) {
    ASSERT_EQ(begin(8, id, thief), Verdict::kNew);
    finish(8, id, thief, 1);
  }
  EXPECT_LE(table.entries(), 1 + OnceTable::kPerClientMax);
  EXPECT_EQ(begin(9, 1, owner), Verdict::kDone);
}

TEST_F(Once, ASessionMayUseAFewTokensOnly) {
  std::uint32_t taken = 0;
  for (std::uint64_t token = 1; token <= 1000; ++token) {
    if (begin(token, 1, thief) == Verdict::kNew) ++taken;
  }
  EXPECT_EQ(taken, OnceTable::kTokensPerSession);
  EXPECT_EQ(begin(5000, 1, owner), Verdict::kNew);
}

TEST_F(Once, WhatIsInFlightIsNeverForgotten) {
  for (std::uint64_t id = 1; id <= OnceTable::kPerClientMax; ++id) {
    ASSERT_EQ(begin(9, id, owner), Verdict::kNew);
  }
  EXPECT_EQ(begin(9, 1000, owner), Verdict::kFull);
  EXPECT_EQ(begin(9, 1, owner), Verdict::kInFlight);
  finish(9, 5, owner, 1);
  EXPECT_EQ(begin(9, 1000, owner), Verdict::kNew);
  EXPECT_EQ(begin(9, 5, owner), Verdict::kFull) << "forgotten; and there is nothing else to forget";
}

class SmallOnce : public Once {
 protected:
  SmallOnce() : Once(64) {}
};

TEST_F(SmallOnce, AFullTableForgetsWhoseSessionHasEndedThenWhoHasMost) {
  for (std::uint64_t id = 1; id <= 60; ++id) {
    ASSERT_EQ(begin(8, id, thief), Verdict::kNew);
    finish(8, id, thief, 1);
  }
  for (std::uint64_t id = 1; id <= 4; ++id) {
    ASSERT_EQ(begin(9, id, owner), Verdict::kNew);
    finish(9, id, owner, 1);
  }
  ASSERT_EQ(begin(7, 1, other_desk), Verdict::kNew);
  EXPECT_EQ(begin(9, 1, owner), Verdict::kDone) << "who has little keeps it";
  finish(7, 1, other_desk, 1);
  sessions.end(owner);
  for (std::uint64_t id = 2; id <= 5; ++id) {
    ASSERT_EQ(begin(7, id, other_desk), Verdict::kNew);
    finish(7, id, other_desk, 1);
  }
  EXPECT_LE(table.entries(), 64u);
  EXPECT_EQ(begin(7, 1, other_desk), Verdict::kDone) << "who has ended made room";
  EXPECT_EQ(begin(8, 2, thief), Verdict::kDone) << "before who lives, however much he has";
}

// A token of which nothing is kept any more is a new one when it comes again, and counts once.
TEST_F(SmallOnce, ATokenThatWasForgottenIsNoFurtherOne) {
  for (std::uint64_t id = 1; id <= 63; ++id) ASSERT_EQ(begin(8, id, thief), Verdict::kNew);
  for (std::uint64_t round = 1; round <= 4 * OnceTable::kTokensPerSession; ++round) {
    ASSERT_EQ(begin(9, round, owner), Verdict::kNew) << "round " << round;
    EXPECT_EQ(sessions.of(owner).tokens, 1u);
    finish(9, round, owner, 1);
    ASSERT_EQ(begin(7, round, other_desk), Verdict::kNew) << "takes the place of the other";
    EXPECT_EQ(sessions.of(owner).tokens, 0u) << "nothing of it is kept";
    finish(7, round, other_desk, 1);
  }
  EXPECT_EQ(sessions.of(thief).tokens, 1u);
}

TEST_F(SmallOnce, ATokenCountsToTheSessionThatBroughtItAlsoWhenAnotherHasTakenItOver) {
  ASSERT_EQ(begin(9, 1, owner), Verdict::kNew);
  finish(9, 1, owner, 1);
  sessions.end(owner);
  ASSERT_EQ(begin(9, 1, other_desk), Verdict::kDone);
  EXPECT_EQ(sessions.of(other_desk).tokens, 0u);
  sessions.end(other_desk);
  for (std::uint64_t id = 1; id <= 64; ++id) {
    ASSERT_EQ(begin(8, id, thief), Verdict::kNew);
    finish(8, id, thief, 1);
  }
  EXPECT_EQ(table.clients(), 1u) << "it was pushed out";
  EXPECT_EQ(sessions.of(owner).tokens, 0u);
  EXPECT_EQ(sessions.of(other_desk).tokens, 0u) << "it never counted to this one";
}

// Whatever is begun, finished, ended and repeated: bounds hold, and no principal is told another's answer.
TEST(OnceProperty, NobodyIsEverToldAnothersAnswer) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    core::Random random(seed);
    SessionLedger sessions;
    OnceTable table(200, sessions);
    std::vector<SessionRef> live;
    std::uint64_t next = 1;
    struct Flying {
      std::uint64_t token, id;
      SessionRef from;
    };
    std::vector<Flying> flying;
    for (int step = 0; step < 3000; ++step) {
      if (live.size() < 6) live.push_back(agent_session(next, 100 + next % 3)), ++next;
      const std::size_t who = random.below(live.size());
      const std::uint64_t token = 1 + random.below(8), id = 1 + random.below(60);
      switch (random.below(8)) {
        case 0:
          sessions.end(live[who]);
          live.erase(live.begin() + static_cast<std::ptrdiff_t>(who));
          break;
        case 1:
        case 2:
          if (!flying.empty()) {
            const Flying done = flying.front();
            flying.erase(flying.begin());
            const auto secret = static_cast<std::uint8_t>(done.from.who.agent_key);
            const SessionRef to = table.finish(done.token, done.id, done.from, reply_of(secret));
            ASSERT_EQ(to.who, done.from.who);
          }
          break;
        default: {
          (void)sessions.of(live[who]);
          const OnceTable::Answer answer = table.begin(token, id, live[who]);
          if (answer.verdict == Verdict::kNew) flying.push_back({token, id, live[who]});
          if (answer.verdict == Verdict::kDone && !answer.reply->empty()) {
            ASSERT_EQ(*answer.reply, reply_of(static_cast<std::uint8_t>(live[who].who.agent_key)));
          }
        }
      }
      table.check();
    }
  }
}

TEST(SessionLedger, CountsBelongToTheSessionThatIsThereNow) {
  SessionLedger sessions;
  const SessionRef first = agent_session(5, 1);
  SessionRef second = first;
  second.session_number = 9;
  sessions.opened(first);
  sessions.opened(first);
  EXPECT_EQ(sessions.of(first).open, 2u);
  EXPECT_FALSE(sessions.ended(first));
  sessions.end(agent_session(77, 1));
  EXPECT_TRUE(sessions.ended(agent_session(77, 1))) << "its asks may still be on their way";
  sessions.end(second);
  EXPECT_TRUE(sessions.ended(first)) << "a later one of the slot has ended: so has this";
  second.session_number = 12;
  EXPECT_EQ(sessions.of(second).open, 0u);
  EXPECT_TRUE(sessions.ended(first)) << "also when there is a next one in the slot";
  sessions.closed(first);
  EXPECT_EQ(sessions.of(second).open, 0u) << "an answer to one who has left";
  EXPECT_FALSE(sessions.ended(second));
}

}  // namespace
}  // namespace cti::broker
