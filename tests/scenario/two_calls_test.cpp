// two_calls_test.cpp - scenarios 13, 14, 15 and 18: an agent with a caller on hold who talks to a colleague, and which of its
// calls is the current one.
#include "tests/scenario/world.hpp"

#include <thread>

namespace cti::scenario {
namespace {

/// It has come already, or comes; where it stands in the record does not matter.
testing::AssertionResult comes(Client& client, int id, const Recorder::Matches& matches = {}) {
  if (client.events.find(id, matches) != nullptr || client.events.wait(id, matches) != nullptr)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "event " << id << " did not come\n"
                                     << client.events.story();
}

Recorder::Matches about_in(const std::string& call, LocalConnectionState status) {
  return [=](const Seen& seen) {
    return seen.text(CTIOS_UNIQUEOBJECTID) == call && seen.integer(CTIOS_CALLSTATUS) == status;
  };
}

/// An agent talks with a caller; a colleague may be asked.
class TwoCalls : public testing::Test {
 protected:
  void SetUp() override {
    log_in(client, "22866", "23901");
    log_in(colleague, "22867", "23902");
    client.set_state(eAvailable);
    c1 = world.call_arrives(client, "5551234", "77", "var1=gold");
    ASSERT_NE(client.events.wait(eCallDeliveredEvent, about(c1)), nullptr);
    ASSERT_EQ(client.call(c1).Answer(), CIL_OK);
    ASSERT_NE(client.events.wait(eCallEstablishedEvent, about(c1)), nullptr);
  }
  void log_in(Client& who, const char* id, const char* instrument) {
    who.connect(world.port());
    who.set_agent(id);
    who.login(instrument);
  }
  /// c2 rings at the colleague's.
  void consult(int type) {
    Arguments args;
    args.AddItem(CTIOS_DIALEDNUMBER, "23902");
    args.AddItem(CTIOS_CONSULTTYPE, type);
    ASSERT_EQ(client.call(c1).MakeConsultCall(args), CIL_OK);
    const Seen* begin = client.events.wait(eCallBeginEvent);
    ASSERT_NE(begin, nullptr) << client.events.story();
    c2 = begin->text(CTIOS_UNIQUEOBJECTID);
    const Seen* rings = colleague.events.wait(eCallDeliveredEvent);
    ASSERT_NE(rings, nullptr) << colleague.events.story();
    there = rings->text(CTIOS_UNIQUEOBJECTID);
    EXPECT_TRUE(comes(client, eConsultationCallConf, about(c1)));
    EXPECT_TRUE(comes(client, eCallHeldEvent, about_in(c1, LCS_HOLD)));
  }
  /// And is answered.
  void talk_with_colleague(int type) {
    ASSERT_NO_FATAL_FAILURE(consult(type));
    ASSERT_EQ(colleague.call(there).Answer(), CIL_OK);
    const Seen* talks = client.events.wait(eCallEstablishedEvent, about(c2));
    ASSERT_NE(talks, nullptr) << client.events.story();
    mask = talks->mask();
    client.events.mark();
  }
  void alternate() {
    ASSERT_EQ(client.call(c1).Alternate(), CIL_OK);
    ASSERT_TRUE(comes(client, eCallHeldEvent, about_in(c2, LCS_HOLD)));
    ASSERT_TRUE(comes(client, eCallRetrievedEvent, about_in(c1, LCS_CONNECT)));
    ASSERT_TRUE(comes(client, eAlternateCallConf));
    client.events.mark();
  }
  /// In the end so many calls are left.
  static int calls_left(Client& who, int wanted) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      const Ref<Arguments> all(&who.session.GetAllCalls());
      const int left = all->NumElements();
      if (left == wanted || std::chrono::steady_clock::now() > until) return left;
      std::this_thread::yield();
    }
  }
  static std::string current(Client& who) {
    const Ref<CCall> call(who.session.GetCurrentCall());
    return call ? call->GetValueString(CTIOS_UNIQUEOBJECTID) : std::string();
  }

  World world;
  Client client, colleague;
  std::string c1, c2, there;  // the agent's two calls; the second one at the colleague's
  std::uint32_t mask = 0;     // of the buttons while the agent talks on c2
};

class Scenario13 : public TwoCalls {
 protected:
  void transfer(const std::string& asked) {
    const std::uint32_t wanted = ENABLE_TRANSFER_COMPLETE | ENABLE_ALTERNATE | ENABLE_RECONNECT;
    EXPECT_EQ(mask & wanted, wanted) << std::hex << mask;
    EXPECT_EQ(mask & ENABLE_CONFERENCE_COMPLETE, 0u) << "it was announced as a transfer";
    int last = client.events.place(eCallBeginEvent, about(c2));
    for (const int next : {eCallServiceInitiatedEvent, eCallOriginatedEvent, eCallDeliveredEvent,
                           eCallEstablishedEvent}) {
      const int at = client.events.place(next, about(c2));
      EXPECT_GT(at, last) << "event " << next << "\n" << client.events.story();
      last = at;
    }
    ASSERT_EQ(client.call(asked).Transfer(), CIL_OK);
    const Seen* idle = client.events.wait(eAgentStateEvent, [](const Seen& seen) {
      return seen.integer(CTIOS_AGENTSTATE) != eTalking && seen.integer(CTIOS_AGENTSTATE) != eHold;
    });
    EXPECT_NE(idle, nullptr) << client.events.story();
    EXPECT_TRUE(comes(client, eTransferCallConf));
    for (const std::string& call : {c1, c2}) {
      EXPECT_TRUE(comes(client, eCallEndEvent, about(call)));
      EXPECT_EQ(client.events.count(eCallEndEvent, about(call)), 1u);
      EXPECT_TRUE(client.loses_call(call));
    }
    EXPECT_TRUE(comes(client, eCallTransferredEvent));
    EXPECT_LT(client.events.place(eCallTransferredEvent),
              client.events.place(eCallEndEvent, about(c1)));
    EXPECT_EQ(client.events.count(eControlFailureConf), 0u) << client.events.story();
    // The caller talks with the colleague, who sees the caller's data.
    EXPECT_TRUE(comes(colleague, eCallTransferredEvent));
    ASSERT_EQ(calls_left(colleague, 1), 1) << colleague.events.story();
    const std::string talks = current(colleague);
    EXPECT_EQ(colleague.call(talks).GetValueString(CTIOS_CALLVARIABLE1), "gold");
    EXPECT_EQ(colleague.call(talks).GetValueInt(CTIOS_CALLSTATUS), LCS_CONNECT);
  }
};

TEST_F(Scenario13, ATransferIsCompletedOnTheHeldCall) {
  ASSERT_NO_FATAL_FAILURE(talk_with_colleague(CT_TRANSFER));
  transfer(c1);
}

TEST_F(Scenario13, ATransferIsCompletedOnTheConsultCall) {
  ASSERT_NO_FATAL_FAILURE(talk_with_colleague(CT_TRANSFER));
  transfer(c2);
}

class Scenario14 : public TwoCalls {};

TEST_F(Scenario14, AConferenceJoinsBothCallsAndTheConsultCallEnds) {
  ASSERT_NO_FATAL_FAILURE(talk_with_colleague(CT_CONFERENCE));
  EXPECT_NE(mask & ENABLE_CONFERENCE_COMPLETE, 0u) << std::hex << mask;
  ASSERT_EQ(client.call(c1).Conference(), CIL_OK);
  EXPECT_TRUE(comes(client, eConferenceCallConf));
  EXPECT_TRUE(comes(client, eCallConferencedEvent));
  EXPECT_TRUE(comes(client, eCallEndEvent, about(c2)));
  EXPECT_TRUE(comes(colleague, eCallConferencedEvent));
  ASSERT_EQ(calls_left(client, 1), 1) << client.events.story();
  ASSERT_EQ(calls_left(colleague, 1), 1) << colleague.events.story();
  EXPECT_EQ(client.events.count(eCallEndEvent, about(c1)), 0u) << client.events.story();
  // The agent leaves; the caller and the colleague talk on.
  client.events.mark();
  ASSERT_EQ(client.call(c1).ClearConnection(), CIL_OK);
  ASSERT_NE(client.events.wait(eCallEndEvent, about(c1)), nullptr) << client.events.story();
  EXPECT_EQ(calls_left(client, 0), 0);
  EXPECT_EQ(calls_left(colleague, 1), 1);
  EXPECT_EQ(colleague.call(current(colleague)).GetValueInt(CTIOS_CALLSTATUS), LCS_CONNECT);
}

TEST_F(Scenario14, AfterAlternatingThereIsNoConference) {
  ASSERT_NO_FATAL_FAILURE(talk_with_colleague(CT_CONFERENCE));
  ASSERT_NO_FATAL_FAILURE(alternate());
  ASSERT_EQ(client.call(c1).Conference(), CIL_OK);
  const Seen* failure = client.events.wait(eControlFailureConf);
  ASSERT_NE(failure, nullptr) << client.events.story();
  EXPECT_EQ(failure->integer(CTIOS_MESSAGETYPE), eConferenceCallRequest);
  EXPECT_EQ(client.events.count(eCallConferencedEvent), 0u) << client.events.story();
  EXPECT_TRUE(client.has_call(c1) && client.has_call(c2));
}

TEST_F(Scenario14, AConferenceHasSixteenPartiesAndNotOneMore) {
  const auto ask_one_more = [&](int number) {
    Arguments args;
    args.AddItem(CTIOS_DIALEDNUMBER, std::to_string(5550000 + number));  // outside: who answers by itself
    args.AddItem(CTIOS_CONSULTTYPE, int{CT_CONFERENCE});
    ASSERT_EQ(client.call(c1).MakeConsultCall(args), CIL_OK);
    const Seen* begin = client.events.wait(eCallBeginEvent);
    ASSERT_NE(begin, nullptr) << client.events.story();
    c2 = begin->text(CTIOS_UNIQUEOBJECTID);
    ASSERT_NE(client.events.wait(eCallEstablishedEvent, about(c2)), nullptr);
    client.events.mark();
    ASSERT_EQ(client.call(c1).Conference(), CIL_OK);
  };
  for (int parties = 3; parties <= 16; ++parties) {
    ASSERT_NO_FATAL_FAILURE(ask_one_more(parties));
    ASSERT_NE(client.events.wait(eCallEndEvent, about(c2)), nullptr) << client.events.story();
    ASSERT_TRUE(client.loses_call(c2));
  }
  EXPECT_EQ(client.events.count(eConferenceCallConf), 14u);
  ASSERT_NO_FATAL_FAILURE(ask_one_more(17));
  const Seen* failure = client.events.wait(eControlFailureConf);
  ASSERT_NE(failure, nullptr) << client.events.story();
  EXPECT_EQ(failure->integer(CTIOS_MESSAGETYPE), eConferenceCallRequest);
  EXPECT_NE(failure->text(CTIOS_ERRORMESSAGE).find("CONFERENCE"), std::string::npos)
      << failure->text(CTIOS_ERRORMESSAGE);
  ASSERT_EQ(client.call(c1).Reconnect(), CIL_OK);
  ASSERT_NE(client.events.wait(eCallRetrievedEvent, about(c1)), nullptr) << client.events.story();
  EXPECT_EQ(calls_left(client, 1), 1);
}

class Scenario15 : public TwoCalls {};

TEST_F(Scenario15, AlternateChangesTheTalkingCallAndReconnectEndsIt) {
  ASSERT_NO_FATAL_FAILURE(talk_with_colleague(CT_TRANSFER));
  ASSERT_NO_FATAL_FAILURE(alternate());
  ASSERT_EQ(client.call(c2).Reconnect(), CIL_OK);
  EXPECT_TRUE(comes(client, eReconnectCallConf));
  EXPECT_TRUE(comes(client, eCallConnectionClearedEvent, about(c1)));
  EXPECT_TRUE(comes(client, eCallEndEvent, about(c1)));
  EXPECT_TRUE(comes(client, eCallRetrievedEvent, about_in(c2, LCS_CONNECT)));
  EXPECT_EQ(calls_left(client, 1), 1) << client.events.story();
  EXPECT_TRUE(client.has_call(c2));
}

TEST_F(Scenario15, ReconnectLeavesTheColleagueAndGoesBackToTheCaller) {
  ASSERT_NO_FATAL_FAILURE(talk_with_colleague(CT_TRANSFER));
  ASSERT_EQ(client.call(c2).Reconnect(), CIL_OK);
  EXPECT_TRUE(comes(client, eReconnectCallConf));
  EXPECT_TRUE(comes(client, eCallEndEvent, about(c2)));
  EXPECT_TRUE(comes(client, eCallRetrievedEvent, about_in(c1, LCS_CONNECT)));
  EXPECT_TRUE(comes(colleague, eCallEndEvent, about(there)));
  EXPECT_EQ(calls_left(client, 1), 1) << client.events.story();
  EXPECT_TRUE(client.has_call(c1));
}

TEST_F(Scenario15, WhileTheConsultCallRingsOnlyReconnectIsPossible) {
  ASSERT_NO_FATAL_FAILURE(consult(CT_TRANSFER));
  ASSERT_EQ(client.call(c1).Alternate(), CIL_OK);
  const Seen* failure = client.events.wait(eControlFailureConf);
  ASSERT_NE(failure, nullptr) << client.events.story();
  EXPECT_EQ(failure->integer(CTIOS_MESSAGETYPE), eAlternateCallRequest);
  ASSERT_EQ(client.call(c1).Reconnect(), CIL_OK);
  EXPECT_TRUE(comes(client, eReconnectCallConf));
  EXPECT_TRUE(comes(client, eCallRetrievedEvent, about_in(c1, LCS_CONNECT)));
  EXPECT_TRUE(comes(colleague, eCallEndEvent, about(there)));
  EXPECT_EQ(calls_left(client, 1), 1) << client.events.story();
}

class Scenario18 : public TwoCalls {};

TEST_F(Scenario18, WhichCallTheProgramMakesCurrentIsToldOnce) {
  ASSERT_NO_FATAL_FAILURE(talk_with_colleague(CT_TRANSFER));
  const std::string before = current(client);
  EXPECT_EQ(before, c1) << "the first one became current by itself";
  ASSERT_EQ(client.session.SetCurrentCall(client.call(c2)), CIL_OK);
  const Seen* changed = client.events.wait(eOnCurrentCallChanged);
  ASSERT_NE(changed, nullptr) << client.events.story();
  EXPECT_EQ(changed->text(CTIOS_UNIQUEOBJECTID), c2);
  const Seen* buttons = client.events.wait(eButtonEnablementMaskChange, about(c2));
  ASSERT_NE(buttons, nullptr) << client.events.story();
  const std::uint32_t wanted = ENABLE_TRANSFER_COMPLETE | ENABLE_ALTERNATE | ENABLE_RECONNECT;
  EXPECT_EQ(buttons->mask() & wanted, wanted) << std::hex << buttons->mask();
  EXPECT_EQ(current(client), c2);
  EXPECT_EQ(client.session.SetCurrentCall(client.call(c2)),
            E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION);
  EXPECT_TRUE(client.events.none(eOnCurrentCallChanged)) << client.events.story();
  // The current one ends: the other is the only one, and so the current one.
  ASSERT_EQ(client.call(c2).Reconnect(), CIL_OK);
  ASSERT_NE(client.events.wait(eOnCurrentCallChanged, about(c1)), nullptr) << client.events.story();
  EXPECT_EQ(current(client), c1);
}

}  // namespace
}  // namespace cti::scenario
