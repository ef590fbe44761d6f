// left_over_test.cpp - what a connection, an agent or a call that is gone has left behind shows in nothing that follows.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

constexpr const char* kCall1 = "call.5000.201.23901";
constexpr const char* kCall2 = "call.5000.202.23901";
constexpr const char* kCall3 = "call.5000.203.23901";

class LeftOver : public SessionWorld {
 protected:
  static Ref<CAgent> agent_with(enum_Keywords key, const std::string& value) {
    Ref<CAgent> made(new CAgent);
    made->SetValue(key, value);
    made->SetValue(CTIOS_PERIPHERALID, 5000);
    return made;
  }
  /// B, of another lineage, takes the session over; its first connection breaks behind a whole image of `serve`, before
  /// the mode stands. Whoever has seen that image is given no second one, as a server does.
  void b_breaks_off_behind_its_image(const std::function<void()>& serve,
                                     const std::function<void()>& establish) {
    b->lineage = 8;
    b->on_subscribe = [this, serve, establish] {
      const auto& asked = b->subscriptions.back();
      b->subscribed();
      const bool resumes = !asked.positions.empty() && asked.positions[0].lineage == b->lineage;
      if (!resumes) serve();
      if (b->subscriptions.size() == 1) return b->close(wire::CloseReason::kServerStopping);
      establish();
    };
    events.told.clear();
    a->stop();
  }
  void begin(const char* id, int status = LCS_CONNECT) {
    const int before = events.count(eCallBeginEvent);
    a->update(EventId::eCallBeginEvent, call_items(id, status), wire::topic::kCall);
    ASSERT_TRUE(until(eCallBeginEvent, before + 1));
    world.settle();
  }
  void refresh(const char* id) {
    a->update(EventId::eCallDataUpdateEvent, call_items(id, LCS_CONNECT), wire::topic::kCall);
  }
  int chosen(const char* id) const {
    int n = 0;
    for (const auto& each : events.told) {
      n += each.event == eOnCurrentCallChanged &&
                   each.args.GetValueString(CTIOS_UNIQUEOBJECTID) == id
               ? 1
               : 0;
    }
    return n;
  }
  int choose(const char* id) {
    CCtiOsObject* found = nullptr;
    if (!session->GetObjectFromObjectID(id, &found)) return E_CTIOS_INVALID_CALL;
    const Ref<CCtiOsObject> call(found);
    return session->SetCurrentCall(static_cast<CCall*>(found));
  }
};

TEST_F(LeftOver, ACallThatWasGoneFromASnapshotEndsThoughTheConnectionBrokeBeforeTheModeStood) {
  serve_agent(*a, eTalking, {kCall1, kCall2});
  enter_agent_mode();
  b_breaks_off_behind_its_image(
      [this] {
        b->snapshot_begin();
        b->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eTalking));
        b->snapshot_record(EventId::eSnapshotCallConf, call_items(kCall1, LCS_CONNECT));
        b->snapshot_end();
      },
      [this] { b->private_event(EventId::eSetAgentModeEvent, mode_items()); });
  ASSERT_TRUE(until(eSetAgentModeEvent));
  world.settle();
  ASSERT_EQ(b->subscriptions.size(), 2U);
  EXPECT_TRUE(b->subscriptions[1].positions.empty());
  ASSERT_EQ(events.count(eCallEndEvent), 1);
  EXPECT_EQ(events.last(eCallEndEvent).GetValueString(CTIOS_UNIQUEOBJECTID), kCall2);
  EXPECT_EQ(Ref<Arguments>(session->GetAllCalls())->NumElements(), 1);
}

TEST_F(LeftOver, AnAgentThatWasGoneFromASnapshotGoesInMonitorModeToo) {
  const auto agents = [](ScriptedServer& server, std::initializer_list<const char*> ids) {
    server.snapshot_begin();
    for (const char* id : ids) {
      server.snapshot_record(EventId::eQueryAgentStateConf,
                             items({{Keyword::UniqueObjectID, id}, {Keyword::AgentState, 3}}));
    }
    server.snapshot_end();
  };
  const auto establish = [](ScriptedServer& server) {
    server.private_event(EventId::eOnMonitorModeEstablished,
                         items({{Keyword::CILConnectionID, "4711"}}));
  };
  a->on_subscribe = [&] {
    a->subscribed();
    agents(*a, {"agent.5000.1001", "agent.5000.1002"});
    establish(*a);
  };
  connect();
  ASSERT_EQ(session->SetMessageFilter("*"), CIL_OK);
  ASSERT_TRUE(until(eOnMonitorModeEstablished));
  b_breaks_off_behind_its_image([&] { agents(*b, {"agent.5000.1002"}); },
                                [&] { establish(*b); });
  ASSERT_TRUE(until(eOnMonitorModeEstablished));
  const Ref<Arguments> all(session->GetAllAgents());
  EXPECT_EQ(all->NumElements(), 1);
  EXPECT_TRUE(all->IsValid("agent.5000.1002"));
}

TEST_F(LeftOver, AModeThatIsRefusedAnewAfterALossLeavesNoObjects) {
  serve_agent(*a, eTalking, {kCall1});
  enter_agent_mode();
  b->lineage = 8;
  b->on_subscribe = [this] { b->subscribed(wire::Outcome::kRefused); };
  events.told.clear();
  a->stop();
  ASSERT_TRUE(world.run_until([&] { return !Ref<CAgent>(session->GetCurrentAgent()); },
                              network.now() + Seconds(30)));
  world.settle();
  EXPECT_EQ(Ref<Arguments>(session->GetAllCalls())->NumElements(), 0);
  EXPECT_EQ(Ref<Arguments>(session->GetAllAgents())->NumElements(), 0);
  EXPECT_EQ(agent->QueryAgentState(), E_CTIOS_INVALID_SESSION);
}

TEST_F(LeftOver, ARequestOfAnAgentKnownByLoginNameOnlyEndsWithItsMode) {
  a->on_subscribe = [this] { a->subscribed(wire::Outcome::kRefused); };
  connect();
  const Ref<CAgent> nobody = agent_with(ekwLoginName, "nosuch");
  ASSERT_EQ(session->SetAgent(*nobody), CIL_OK);
  ASSERT_EQ(nobody->Login(Arguments()), CIL_OK);
  ASSERT_TRUE(until(eControlFailureConf));
  world.run_for(Seconds(2));
  EXPECT_EQ(events.count(eControlFailureConf), 1);
  EXPECT_EQ(events.last(eControlFailureConf).GetValueInt("RequestOutcome"), 2);  // never sent
  EXPECT_TRUE(a->requests.empty());
  EXPECT_EQ(events.count(eOnConnectionFailure), 0);
}

TEST_F(LeftOver, ARequestOfAnAgentKnownByLoginNameOnlyIsNotSentInTheModeOfTheNext) {
  serve_agent(*a, eLogout);
  connect();
  const Ref<CAgent> first = agent_with(ekwLoginName, "first");
  ASSERT_EQ(session->SetAgent(*first), CIL_OK);
  ASSERT_EQ(first->Login(Arguments()), CIL_OK);
  ASSERT_EQ(session->SetAgent(nullptr), CIL_OK);
  ASSERT_EQ(session->SetAgent(new_agent()), CIL_OK);
  ASSERT_TRUE(until(eSetAgentModeEvent));
  world.run_for(Seconds(2));
  EXPECT_TRUE(a->requests.empty());
  ASSERT_EQ(events.count(eControlFailureConf), 1);
  EXPECT_EQ(events.last(eControlFailureConf).GetValueString(CTIOS_ERRORMESSAGE),
            "not sent: there is no mode");
}

TEST_F(LeftOver, AnAgentThatACallsHandlerClearsHasNoCurrentCall) {
  serve_agent(*a, eTalking);
  enter_agent_mode();
  events.also = [this](int event, Arguments&) {
    if (event == eCallBeginEvent) {
      EXPECT_EQ(session->SetAgent(nullptr), CIL_OK);
    }
  };
  begin(kCall1);
  ASSERT_TRUE(until(eOnCurrentAgentReset));
  EXPECT_EQ(events.count(eOnCurrentCallChanged), 0);
  EXPECT_FALSE(session->IsValid(CTIOS_CURRENTCALL));
}

TEST_F(LeftOver, TheSnapshotOfAnAgentThatAHandlerClearsIsToldNoFurther) {
  serve_agent(*a, eTalking, {kCall1, kCall2});
  connect();
  ASSERT_EQ(session->SetAgent(new_agent()), CIL_OK);
  events.also = [this](int event, Arguments&) {
    if (event == eSnapshotCallConf) {
      EXPECT_EQ(session->SetAgent(nullptr), CIL_OK);
    }
  };
  ASSERT_TRUE(until(eOnCurrentAgentReset));
  world.settle();
  EXPECT_EQ(events.count(eSnapshotCallConf), 1);
  EXPECT_EQ(events.count(eSetAgentModeEvent), 0);
  EXPECT_EQ(Ref<Arguments>(session->GetAllCalls())->NumElements(), 0);
}

TEST_F(LeftOver, ACallOfAnAgentThatIsClearedCannotBecomeCurrent) {
  serve_agent(*a, eTalking, {kCall1, kCall2});
  enter_agent_mode();
  world.settle();
  ASSERT_EQ(session->SetAgent(nullptr), CIL_OK);
  EXPECT_EQ(choose(kCall2), E_CTIOS_INVALID_CALL);
  const Ref<CAgent> other = agent_with(ekwAgentID, "1");
  a->on_subscribe = nullptr;
  ASSERT_EQ(session->SetAgent(*other), CIL_OK);
  (void)choose(kCall2);  // taken or not: it is of the agent before
  events.told.clear();
  ASSERT_TRUE(until(eOnCurrentAgentReset));
  world.run_for(Seconds(1));
  EXPECT_EQ(events.count(eOnCurrentCallChanged), 0);
  EXPECT_FALSE(session->IsValid(CTIOS_CURRENTCALL));
}

TEST_F(LeftOver, ACallThatEndsBehindItsChoiceIsNotToldAsChosen) {
  serve_agent(*a, eTalking);
  enter_agent_mode();
  begin(kCall1);
  begin(kCall2, LCS_HOLD);
  int seen = 0;
  events.also = [&](int event, Arguments&) {
    if (event == eCallDataUpdateEvent && ++seen == 2) {
      EXPECT_EQ(choose(kCall2), CIL_OK);
    }
  };
  events.told.clear();
  refresh(kCall1);  // is on its way when the next two are put together behind it
  refresh(kCall1);
  a->update(EventId::eCallEndEvent, call_items(kCall2, LCS_NULL),
            wire::topic::kCall | wire::topic::kEnds);
  ASSERT_TRUE(until(eCallEndEvent));
  world.settle();
  EXPECT_EQ(chosen(kCall2), 0);
  EXPECT_EQ(session->GetValueString(CTIOS_CURRENTCALL), kCall1);
}

TEST_F(LeftOver, ACallThatIsRenamedBehindItsChoiceIsToldUnderItsNewName) {
  serve_agent(*a, eTalking);
  enter_agent_mode();
  begin(kCall1);
  begin(kCall2, LCS_HOLD);
  int seen = 0;
  events.also = [&](int event, Arguments&) {
    if (event == eCallDataUpdateEvent && ++seen == 2) {
      EXPECT_EQ(choose(kCall2), CIL_OK);
    }
  };
  events.told.clear();
  refresh(kCall1);
  refresh(kCall1);
  a->update(EventId::eCallDataUpdateEvent,
            items({{Keyword::UniqueObjectID, kCall3}, {Keyword::OldUniqueObjectID, kCall2}}),
            wire::topic::kCall);
  ASSERT_TRUE(until(eOnCurrentCallChanged));
  world.settle();
  EXPECT_EQ(chosen(kCall2), 0);
  EXPECT_EQ(chosen(kCall3), 1);
  EXPECT_EQ(session->GetValueString(CTIOS_CURRENTCALL), kCall3);
}

TEST_F(LeftOver, AnAgentSetWhileTheModeOfAnotherIsRestoredKeepsItsOwnName) {
  serve_agent(*a, eTalking, {kCall1, kCall2});
  enter_agent_mode();
  b->lineage = 8;
  b->on_subscribe = [this] {
    if (b->subscriptions.size() > 1) return b->subscribed();
    b->subscribed();
    b->snapshot_begin();
    b->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eTalking));
    b->snapshot_end();
    b->private_event(EventId::eSetAgentModeEvent, mode_items());
  };
  const Ref<CAgent> other = agent_with(ekwAgentID, "1");
  std::string current;
  events.also = [&](int event, Arguments&) {
    if (event == eCallEndEvent && events.count(eCallEndEvent) == 1) {
      EXPECT_EQ(session->SetAgent(nullptr), CIL_OK);
      EXPECT_EQ(session->SetAgent(*other), CIL_OK);
    }
    if (event == eOnCurrentAgentReset) current = session->GetValueString(CTIOS_CURRENTAGENT);
  };
  events.told.clear();
  a->stop();
  ASSERT_TRUE(until(eOnCurrentAgentReset));
  world.run_for(Seconds(1));
  EXPECT_EQ(current, "agent.5000.1");
  EXPECT_EQ(events.count(eSetAgentModeEvent), 0);  // that of the agent before is nobody's
  EXPECT_EQ(events.count(eCallEndEvent), 1);
  ASSERT_EQ(b->subscriptions.size(), 2U);
  EXPECT_EQ(b->subscriptions[1].arguments.string(Keyword::AgentID), "1");
}

TEST_F(LeftOver, TheLoginOfOneAgentIsNotRepeatedForTheNext) {
  serve_agent(*a, eLogout);
  serve_agent(*b, eLogout);
  a->on_request = [this](const ScriptedServer::Asked& asked) {
    a->reply(asked.id, EventId::eSetAgentStateConf, wire::Outcome::kConfirmed);
  };
  b->lineage = 8;
  enter_agent_mode();
  Arguments login;
  login.AddItem(CTIOS_AUTOLOGIN, "1");
  ASSERT_EQ(agent->Login(login), CIL_OK);
  ASSERT_TRUE(until(eSetAgentStateConf));
  const Ref<CAgent> other = agent_with(ekwAgentID, "1");
  other->SetValue(CTIOS_AUTOLOGIN, "1");
  events.also = [&](int event, Arguments&) {
    if (event != eSetAgentModeEvent || Ref<CAgent>(session->GetCurrentAgent()).get() != agent.get())
      return;
    EXPECT_EQ(session->SetAgent(nullptr), CIL_OK);
    EXPECT_EQ(session->SetAgent(*other), CIL_OK);
  };
  a->stop();
  ASSERT_TRUE(until(eOnCurrentAgentReset));
  world.run_for(Seconds(2));
  EXPECT_TRUE(b->requests.empty());
  EXPECT_EQ(events.count(eControlFailureConf), 0);  // none was begun either
}

}  // namespace
}  // namespace cti::cil::test
