// agent_mode_test.cpp - agent mode, its calls and buttons, and what a failover leaves of them: scenarios 5, 7, 8, 18, 24.
#include "tests/unit/cil/session_world.hpp"

namespace cti::cil::test {
namespace {

constexpr const char* kCall1 = "call.5000.201.23901";
constexpr const char* kCall2 = "call.5000.202.23901";

class AgentMode : public SessionWorld {
 protected:
  Ref<CCtiOsObject> object(const char* id) {
    CCtiOsObject* found = nullptr;
    return session->GetObjectFromObjectID(id, &found) ? Ref<CCtiOsObject>(found)
                                                      : Ref<CCtiOsObject>();
  }
  void begin_call(const char* id, int status = LCS_CONNECT, unsigned mask = 0) {
    const int before = events.count(eCallBeginEvent);
    a->update(EventId::eCallBeginEvent, call_items(id, status, mask), wire::topic::kCall);
    ASSERT_TRUE(until(eCallBeginEvent, before + 1));
  }
  void end_call(const char* id) {
    const int before = events.count(eCallEndEvent);
    a->update(EventId::eCallEndEvent, call_items(id, LCS_NULL),
              wire::topic::kCall | wire::topic::kEnds);
    ASSERT_TRUE(until(eCallEndEvent, before + 1));
    world.settle();
  }
};

TEST_F(AgentMode, Scenario5_SetAgentEstablishesTheModeOnce) {
  serve_agent(*a, eLogout);
  EXPECT_EQ(session->SetAgent(new_agent()), E_CTIOS_INVALID_SESSION);
  connect();
  CAgent* nameless = new CAgent;
  EXPECT_EQ(session->SetAgent(*nameless), E_CTIOS_MISSING_ARGUMENT);
  nameless->Release();
  ASSERT_EQ(session->SetAgent(new_agent()), CIL_OK);
  EXPECT_EQ(session->SetAgent(*agent), E_CTIOS_AGENT_ALREADY_IN_SESSION);
  ASSERT_TRUE(until(eSetAgentModeEvent));
  EXPECT_EQ(events.last(eQueryAgentStateConf).GetValueInt(CTIOS_AGENTSTATE), eLogout);
  const Arguments& mode = events.last(eSetAgentModeEvent);
  EXPECT_EQ(mode.GetValueString(CTIOS_UNIQUEOBJECTID), "agent.5000.22866");
  EXPECT_EQ(mode.GetValueString(CTIOS_CILCONNECTIONID), "4711");
  Ref<Arguments> system(mode.GetValueArray(CTIOS_STATUSSYSTEM));
  Ref<Arguments> peripherals(system->GetValueArray(CTIOS_STATUSPERIPHERALS));
  EXPECT_TRUE(peripherals->GetValueBool("5000"));
  EXPECT_EQ(session->SetAgent(*agent), E_CTIOS_AGENT_ALREADY_IN_SESSION);
  ASSERT_EQ(a->subscriptions.size(), 1U);
  EXPECT_EQ(a->subscriptions[0].mode, wire::SubscribeMode::kAgent);
  EXPECT_EQ(a->subscriptions[0].arguments.string(Keyword::AgentID), "22866");
  EXPECT_TRUE(a->subscriptions[0].positions.empty());
  // The program's own agent object shows what the server said, and is what the session hands out.
  EXPECT_EQ(agent->GetAgentState(), eLogout);
  EXPECT_EQ(agent->GetValueString(CTIOS_AGENTINSTRUMENT), "23901");
  Ref<CAgent> current(session->GetCurrentAgent());
  EXPECT_EQ(current.get(), agent.get());
  EXPECT_EQ(session->GetValueInt(CTIOS_CONNECTIONMODE), eAgentConnection);
  EXPECT_EQ(session->SetMessageFilter("MessageID=30"), E_CTIOS_MODE_SET_ALREADY);
}

TEST_F(AgentMode, AnotherAgentNeedsADisconnectAndNullClears) {
  serve_agent(*a, eLogout);
  enter_agent_mode();
  CAgent* other = new CAgent;
  other->SetValue(CTIOS_AGENTID, "1");
  other->SetValue(CTIOS_PERIPHERALID, 5000);
  EXPECT_EQ(session->SetAgent(*other), E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED);
  other->Release();
  EXPECT_EQ(session->SetAgent(nullptr), CIL_OK);
  ASSERT_TRUE(until(eOnCurrentAgentReset));
  EXPECT_EQ(events.last(eOnCurrentAgentReset).GetValueString(CTIOS_UNIQUEOBJECTID),
            "agent.5000.22866");
  EXPECT_EQ(session->GetCurrentAgent(), nullptr);
  EXPECT_EQ(session->SetAgent(nullptr), E_CTIOS_INVALID_AGENT);
}

TEST_F(AgentMode, AnAgentThatTheServerDoesNotKnowStaysTheSessionsAgent) {
  serve_agent(*a, eNotReady);
  enter_agent_mode();
  a->snapshot_begin();
  a->snapshot_end();
  world.run_for(Seconds(1));
  EXPECT_EQ(agent->GetAgentState(), eUnknown);
  EXPECT_EQ(agent->GetValueString(CTIOS_AGENTID), "22866");
  EXPECT_EQ(agent->QueryAgentState(), CIL_OK);
  Ref<CAgent> current(session->GetCurrentAgent());
  EXPECT_EQ(current.get(), agent.get());
}

TEST_F(AgentMode, ARefusedAgentLeavesTheSessionWithoutMode) {
  a->on_subscribe = [this] {
    a->subscribed(wire::Outcome::kRefused, EventId::eCTIOSFailureEvent,
                  items({{Keyword::FailureCode, int{eInconsistentAgentData}}}));
  };
  connect();
  world.settle();
  events.told.clear();
  ASSERT_EQ(session->SetAgent(new_agent()), CIL_OK);
  ASSERT_EQ(agent->QueryAgentState(), CIL_OK);
  ASSERT_TRUE(until(eControlFailureConf));
  EXPECT_EQ(events.last(eCTIOSFailureEvent).GetValueInt(CTIOS_FAILURECODE), eInconsistentAgentData);
  EXPECT_EQ(session->GetCurrentAgent(), nullptr);
  // What was asked for meanwhile ends here: without a mode the server would close the session.
  ASSERT_EQ(events.count(eControlFailureConf), 1);
  EXPECT_TRUE(a->requests.empty());
  EXPECT_EQ(agent->QueryAgentState(), E_CTIOS_INVALID_SESSION);
  serve_agent(*a, eLogout);
  EXPECT_EQ(session->SetAgent(*agent), CIL_OK);
  EXPECT_TRUE(until(eSetAgentModeEvent));
}

TEST_F(AgentMode, Scenario7_LoginIsCheckedHereAndRefusedThere) {
  serve_agent(*a, eLogout);
  enter_agent_mode();
  Arguments login;
  login.AddItem(CTIOS_AGENTID, "1");
  EXPECT_EQ(agent->Login(login), E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS);
  EXPECT_EQ(agent->GetLastError(), E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS);
  world.run_for(Seconds(1));
  EXPECT_TRUE(a->requests.empty());
  a->on_request = [this](const ScriptedServer::Asked& asked) {
    a->reply(asked.id, EventId::eControlFailureConf, wire::Outcome::kRefused,
             items({{Keyword::FailureCode, 256}, {Keyword::ErrorMessage, "bad password"}}));
  };
  login.AddItem(CTIOS_AGENTID, "22866");
  login.AddItem(CTIOS_AGENTINSTRUMENT, "23901");
  login.AddItem(CTIOS_AGENTPASSWORD, "wrong");
  EXPECT_EQ(agent->Login(login), CIL_OK);
  ASSERT_TRUE(until(eControlFailureConf));
  const Arguments& refusal = events.last(eControlFailureConf);
  EXPECT_EQ(refusal.GetValueInt(CTIOS_MESSAGETYPE), eSetAgentStateRequest);
  EXPECT_EQ(refusal.GetValueInt(CTIOS_FAILURECODE), 256);
  EXPECT_EQ(refusal.GetValueString(CTIOS_ERRORMESSAGE), "bad password");
  ASSERT_EQ(a->requests.size(), 1U);
  EXPECT_EQ(a->requests[0].request, RequestId::eLoginRequest);
  EXPECT_EQ(a->requests[0].arguments.string(Keyword::UniqueObjectID), "agent.5000.22866");
  EXPECT_EQ(a->requests[0].arguments.integer(Keyword::PeripheralID), 5000);
}

TEST_F(AgentMode, Scenario8_AnAgentLoggedInElsewhereShowsInTheSnapshot) {
  serve_agent(*a, eAvailable);
  enter_agent_mode();
  EXPECT_EQ(events.last(eQueryAgentStateConf).GetValueInt(CTIOS_AGENTSTATE), eAvailable);
  EXPECT_EQ(events.last(eSnapshotDeviceConf).GetValueInt(CTIOS_NUMCALLS), 0);
}

TEST_F(AgentMode, ACallLivesFromBeginToEnd) {
  serve_agent(*a, eAvailable);
  enter_agent_mode();
  bool found_in_begin = false;
  bool found_in_end = false;
  events.also = [&](int event, Arguments&) {
    if (event == eCallBeginEvent) found_in_begin = object(kCall1).get() != nullptr;
    if (event == eCallEndEvent) found_in_end = object(kCall1).get() != nullptr;
  };
  begin_call(kCall1, LCS_ALERTING);
  EXPECT_TRUE(found_in_begin);
  Ref<CCall> call(session->GetCurrentCall());
  ASSERT_TRUE(call);
  EXPECT_EQ(call->GetValueString(CTIOS_ANI), "5551234");
  EXPECT_EQ(call->GetValueInt(CTIOS_CALLSTATUS), LCS_ALERTING);
  EXPECT_THROW(call->GetValueInt("NoSuchProperty"), CCtiosException);
  Ref<Arguments> all(session->GetAllCalls());
  ASSERT_EQ(all->NumElements(), 1);
  EXPECT_EQ(all->GetElementKey(1), kCall1);
  Ref<Arg> reference(all->GetElement(1));
  EXPECT_EQ(reference->GetType(), ARG_REFERENCE);
  Ref<CCtiOsObject> held(static_cast<CilRefArg&>(*reference).GetValue());
  EXPECT_EQ(held.get(), call.get());
  end_call(kCall1);
  EXPECT_TRUE(found_in_end);
  EXPECT_FALSE(object(kCall1));
  EXPECT_EQ(session->GetCurrentCall(), nullptr);
  // Whoever holds the object still reads its last properties; acting on it is refused by name (C13).
  EXPECT_EQ(call->GetValueString(CTIOS_ANI), "5551234");
  EXPECT_EQ(call->GetValueInt(CTIOS_CALLSTATUS), LCS_NULL);
  EXPECT_EQ(call->Answer(), E_CTIOS_INVALID_SESSION);
}

TEST_F(AgentMode, Scenario18_CurrentCallAndButtons) {
  serve_agent(*a, eTalking);
  enter_agent_mode();
  begin_call(kCall1, LCS_CONNECT, ENABLE_HOLD | ENABLE_RELEASE | ENABLE_CHAT);
  world.settle();
  EXPECT_EQ(events.count(eOnCurrentCallChanged), 1);  // the only call became current by itself
  EXPECT_EQ(static_cast<unsigned>(
                events.last(eButtonEnablementMaskChange).GetValueInt(CTIOS_ENABLEMENTMASK)),
            unsigned{ENABLE_HOLD | ENABLE_RELEASE | ENABLE_CHAT});
  begin_call(kCall2, LCS_HOLD, ENABLE_RETRIEVE);
  world.settle();
  EXPECT_EQ(events.count(eOnCurrentCallChanged), 1);
  const auto second = object(kCall2);
  ASSERT_TRUE(second);
  auto& call2 = static_cast<CCall&>(*second);
  ASSERT_EQ(session->SetCurrentCall(call2), CIL_OK);
  ASSERT_TRUE(until(eOnCurrentCallChanged, 2));
  world.settle();
  EXPECT_EQ(events.last(eOnCurrentCallChanged).GetValueString(CTIOS_UNIQUEOBJECTID), kCall2);
  const Arguments& buttons = events.last(eButtonEnablementMaskChange);
  EXPECT_EQ(buttons.GetValueString(CTIOS_UNIQUEOBJECTID), kCall2);
  EXPECT_EQ(static_cast<unsigned>(buttons.GetValueInt(CTIOS_ENABLEMENTMASK)),
            unsigned{ENABLE_RETRIEVE});
  const std::size_t told = events.told.size();
  EXPECT_EQ(session->SetCurrentCall(call2), E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION);
  world.run_for(Seconds(1));
  EXPECT_EQ(events.told.size(), told);
  // The agent's record brings the agent's buttons; those of the call stay the current call's.
  Items state = agent_items(eTalking);
  state.set(Keyword::EnablementMask, unsigned{ENABLE_HOLD | ENABLE_NOTREADY});
  a->update(EventId::eAgentStateEvent, state, wire::topic::kAgent);
  ASSERT_TRUE(until(eAgentStateEvent));
  world.settle();
  EXPECT_EQ(static_cast<unsigned>(
                events.last(eButtonEnablementMaskChange).GetValueInt(CTIOS_ENABLEMENTMASK)),
            unsigned{ENABLE_RETRIEVE | ENABLE_NOTREADY});
  // Events of the other call leave the buttons alone; the end of the current one makes the other current.
  const int changes = events.count(eButtonEnablementMaskChange);
  a->update(EventId::eCallDataUpdateEvent, call_items(kCall1, LCS_CONNECT, ENABLE_HOLD),
            wire::topic::kCall);
  ASSERT_TRUE(until(eCallDataUpdateEvent));
  EXPECT_EQ(events.count(eButtonEnablementMaskChange), changes);
  end_call(kCall2);
  EXPECT_EQ(events.last(eOnCurrentCallChanged).GetValueString(CTIOS_UNIQUEOBJECTID), kCall1);
  end_call(kCall1);
  EXPECT_EQ(static_cast<unsigned>(
                events.last(eButtonEnablementMaskChange).GetValueInt(CTIOS_ENABLEMENTMASK)),
            unsigned{ENABLE_NOTREADY});
}

TEST_F(AgentMode, RequestsAreCheckedAgainstTheStateOfTheCall) {
  serve_agent(*a, eTalking);
  enter_agent_mode();
  begin_call(kCall1, LCS_CONNECT);
  Ref<CCall> call(session->GetCurrentCall());
  EXPECT_EQ(call->Answer(), E_CTIOS_CALL_NOT_ALERTING);
  EXPECT_EQ(call->Retrieve(), E_CTIOS_CALL_NOT_ON_HOLD);
  EXPECT_EQ(call->Hold(), CIL_OK);
  world.run_for(Seconds(1));
  ASSERT_EQ(a->requests.size(), 1U);
  EXPECT_EQ(a->requests[0].request, RequestId::eHoldCallRequest);
  EXPECT_EQ(a->requests[0].arguments.string(Keyword::UniqueObjectID), kCall1);
}

TEST_F(AgentMode, ARenamedCallKeepsItsObject) {
  serve_agent(*a, eTalking);
  enter_agent_mode();
  begin_call(kCall1);
  const auto before = object(kCall1);
  a->update(EventId::eCallDataUpdateEvent,
            items({{Keyword::UniqueObjectID, kCall2}, {Keyword::OldUniqueObjectID, kCall1}}),
            wire::topic::kCall);
  ASSERT_TRUE(until(eCallDataUpdateEvent));
  EXPECT_FALSE(object(kCall1));
  EXPECT_EQ(object(kCall2).get(), before.get());
  EXPECT_EQ(before->GetValueString(CTIOS_ANI), "5551234");
  Ref<CCall> current(session->GetCurrentCall());
  EXPECT_EQ(current.get(), before.get());
}

TEST_F(AgentMode, Scenario24_FailoverRestoresTheModeAndEndsWhatHasGone) {
  serve_agent(*a, eTalking, {kCall1, kCall2});
  connect();
  new_agent().SetValue(CTIOS_AUTOLOGIN, "1");
  ASSERT_EQ(session->SetAgent(*agent), CIL_OK);
  ASSERT_TRUE(until(eSetAgentModeEvent));
  const auto kept = object(kCall1);
  const auto gone = object(kCall2);
  ASSERT_TRUE(kept && gone);

  b->lineage = 8;  // two servers that know nothing of one another
  serve_agent(*b, eTalking, {kCall1});
  events.told.clear();
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent));
  world.settle();
  EXPECT_EQ(events.last(eOnConnectionFailure).GetValueString(CTIOS_FAILEDSERVER), kHostA);
  EXPECT_EQ(events.last(eOnConnection).GetValueString(CTIOS_CURRENTSERVER), kHostB);
  EXPECT_EQ(events.last(eSnapshotDeviceConf).GetValueInt(CTIOS_NUMCALLS), 1);
  EXPECT_EQ(events.count(eSnapshotCallConf), 1);
  EXPECT_EQ(events.last(eSnapshotCallConf).GetValueString(CTIOS_UNIQUEOBJECTID), kCall1);
  ASSERT_EQ(events.count(eCallEndEvent), 1);
  EXPECT_EQ(events.last(eCallEndEvent).GetValueString(CTIOS_UNIQUEOBJECTID), kCall2);
  EXPECT_LT(events.at(eQueryAgentStateConf), events.at(eSnapshotCallConf));
  EXPECT_FALSE(object(kCall2));
  EXPECT_EQ(object(kCall1).get(), kept.get());
  EXPECT_EQ(gone->GetValueString(CTIOS_ANI), "5551234");
  EXPECT_EQ(gone->GetValueInt(CTIOS_CALLSTATUS), LCS_NULL);  // over, though no server has said so
  ASSERT_EQ(b->subscriptions.size(), 1U);
  ASSERT_EQ(b->subscriptions[0].positions.size(), 1U);
  EXPECT_EQ(b->subscriptions[0].positions[0], (wire::Position{7, 1, 5000, 100}));
  Ref<CCall> current(session->GetCurrentCall());
  EXPECT_EQ(current.get(), kept.get());
}

TEST_F(AgentMode, ACallThatFollowsBehindAnOlderSnapshotHasNotEnded) {
  serve_agent(*a, eTalking, {kCall1, kCall2});
  enter_agent_mode();
  b->lineage = 8;
  b->on_subscribe = [this] {  // an image from before the second call, then what has happened since
    b->subscribed();
    b->snapshot_begin();
    b->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eTalking));
    b->snapshot_end();
    b->update(EventId::eCallBeginEvent, call_items(kCall2, LCS_CONNECT), wire::topic::kCall);
    b->private_event(EventId::eSetAgentModeEvent, mode_items());
  };
  events.told.clear();
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent));
  ASSERT_EQ(events.count(eCallEndEvent), 1);
  EXPECT_EQ(events.last(eCallEndEvent).GetValueString(CTIOS_UNIQUEOBJECTID), kCall1);
  EXPECT_TRUE(object(kCall2));
  EXPECT_LT(events.at(eCallEndEvent), events.at(eSetAgentModeEvent));
}

TEST_F(AgentMode, AfterAResumeTheProgramStillHearsWhatItKnows) {
  serve_agent(*a, eTalking, {kCall1});
  enter_agent_mode();
  a->update(EventId::eCallDataUpdateEvent, call_items(kCall1, LCS_CONNECT), wire::topic::kCall);
  ASSERT_TRUE(until(eCallDataUpdateEvent));
  b->on_subscribe = [this] {  // a twin: sends the one record that was missed, and no snapshot
    ASSERT_EQ(b->subscriptions.back().positions.at(0).sequence, 101U);
    b->sequence = 100;
    b->subscribed();
    b->update(EventId::eCallDataUpdateEvent, call_items(kCall1, LCS_CONNECT),
              wire::topic::kCall);  // known already
    b->update(EventId::eCallHeldEvent, call_items(kCall1, LCS_HOLD), wire::topic::kCall);
    b->private_event(EventId::eSetAgentModeEvent, mode_items());
  };
  events.told.clear();
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent));
  EXPECT_EQ(events.count(eCallDataUpdateEvent), 0);  // delivered once
  EXPECT_EQ(events.count(eCallHeldEvent), 1);
  EXPECT_EQ(events.last(eSnapshotDeviceConf).GetValueInt(CTIOS_NUMCALLS), 1);
  EXPECT_EQ(events.last(eSnapshotCallConf).GetValueInt(CTIOS_CALLSTATUS), LCS_HOLD);
  EXPECT_EQ(events.count(eCallEndEvent), 0);
}

TEST_F(AgentMode, U12_ASnapshotThatBreaksOffLeavesNothing) {
  a->on_subscribe = [this] {
    a->subscribed();
    a->snapshot_begin();
    a->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eTalking));
    a->snapshot_record(EventId::eSnapshotCallConf, call_items(kCall1, 3));
  };
  b->lineage = 8;
  serve_agent(*b, eAvailable);
  connect();
  ASSERT_EQ(session->SetAgent(new_agent()), CIL_OK);
  world.run_for(Seconds(1));
  EXPECT_FALSE(object(kCall1));
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent));
  EXPECT_EQ(events.count(eSnapshotCallConf), 0);
  EXPECT_EQ(events.count(eCallEndEvent), 0);
  EXPECT_TRUE(b->subscriptions.at(0).positions.empty());
}

TEST_F(AgentMode, AutoLoginLogsInAgainWhenTheNewServerDoesNotKnowTheLogin) {
  serve_agent(*a, eLogout);
  const auto confirm = [](ScriptedServer& server) {
    return [&server](const ScriptedServer::Asked& asked) {
      server.reply(asked.id, EventId::eSetAgentStateConf, wire::Outcome::kConfirmed);
    };
  };
  a->on_request = confirm(*a);
  b->on_request = confirm(*b);
  enter_agent_mode();
  Arguments login;
  login.AddItem(CTIOS_AGENTINSTRUMENT, "23901");
  login.AddItem(CTIOS_AGENTPASSWORD, "secret");
  login.AddItem(CTIOS_AUTOLOGIN, "1");
  ASSERT_EQ(agent->Login(login), CIL_OK);
  ASSERT_TRUE(until(eSetAgentStateConf));
  b->lineage = 8;
  serve_agent(*b, eLogout);
  a->stop();
  ASSERT_TRUE(until(eSetAgentStateConf, 2));
  ASSERT_EQ(b->requests.size(), 1U);
  EXPECT_EQ(b->requests[0].request, RequestId::eLoginRequest);
  EXPECT_EQ(b->requests[0].arguments.string(Keyword::AgentPassword), "secret");
}

TEST_F(AgentMode, AutoLoginLogsInAgainAlsoWhereTheNewServerTellsTheLogoutAsHistory) {
  serve_agent(*a, eNotReady);
  for (ScriptedServer* server : {a.get(), b.get()}) {
    server->on_request = [server](const ScriptedServer::Asked& asked) {
      server->reply(asked.id, EventId::eSetAgentStateConf, wire::Outcome::kConfirmed);
    };
  }
  enter_agent_mode();
  Arguments login;
  login.AddItem(CTIOS_AUTOLOGIN, "1");
  ASSERT_EQ(agent->Login(login), CIL_OK);
  ASSERT_TRUE(until(eSetAgentStateConf));
  b->on_subscribe = [this] {  // a twin: the switch has logged everybody out meanwhile
    b->subscribed();
    b->update(EventId::eAgentStateEvent, agent_items(eLogout), wire::topic::kAgent);
    b->private_event(EventId::eSetAgentModeEvent, mode_items());
  };
  a->stop();
  ASSERT_TRUE(until(eSetAgentStateConf, 2));
  ASSERT_EQ(b->requests.size(), 1U);
  EXPECT_EQ(b->requests[0].request, RequestId::eLoginRequest);
}

TEST_F(AgentMode, AutoLoginLogsNobodyInWhoHasLoggedOut) {
  serve_agent(*a, eNotReady);
  for (ScriptedServer* server : {a.get(), b.get()}) {
    server->on_request = [server](const ScriptedServer::Asked& asked) {
      server->reply(asked.id, EventId::eSetAgentStateConf, wire::Outcome::kConfirmed);
    };
  }
  enter_agent_mode();
  Arguments login;
  login.AddItem(CTIOS_AUTOLOGIN, "1");
  ASSERT_EQ(agent->Login(login), CIL_OK);
  ASSERT_TRUE(until(eSetAgentStateConf));
  a->update(EventId::eAgentStateEvent, agent_items(eLogout), wire::topic::kAgent);
  ASSERT_TRUE(until(eAgentStateEvent));
  b->lineage = 8;
  serve_agent(*b, eLogout);
  events.told.clear();
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent));
  world.run_for(Seconds(1));
  EXPECT_TRUE(b->requests.empty());
}

TEST_F(AgentMode, TheObjectOfACallThatIsMergedIntoAnotherKeepsWhatWasKnownLast) {
  serve_agent(*a, eTalking);
  enter_agent_mode();
  begin_call(kCall1);
  begin_call(kCall2, LCS_HOLD);
  const auto merged = object(kCall1);
  const auto stays = object(kCall2);
  a->update(EventId::eCallDataUpdateEvent,
            items({{Keyword::UniqueObjectID, kCall2},
                   {Keyword::OldUniqueObjectID, kCall1},
                   {Keyword::CallVariable1, "both"}}),
            wire::topic::kCall);
  ASSERT_TRUE(until(eCallDataUpdateEvent));
  EXPECT_EQ(object(kCall2).get(), stays.get());
  end_call(kCall2);
  for (const auto& each : {merged, stays}) {
    EXPECT_EQ(each->GetValueString(CTIOS_CALLVARIABLE1), "both");
    EXPECT_EQ(each->GetValueString(CTIOS_ANI), "5551234");
    EXPECT_EQ(static_cast<CCall&>(*each).Clear(), E_CTIOS_INVALID_SESSION);
  }
}

TEST_F(AgentMode, DisconnectFreesTheAgentAndTheCalls) {
  serve_agent(*a, eTalking, {kCall1});
  enter_agent_mode();
  const auto call = object(kCall1);
  EXPECT_EQ(session->Disconnect(), CIL_OK);
  ASSERT_TRUE(until(eOnConnectionClosed));
  EXPECT_EQ(events.told.back().event, eOnConnectionClosed);
  EXPECT_EQ(session->GetCurrentAgent(), nullptr);
  EXPECT_FALSE(object(kCall1));
  EXPECT_EQ(call->GetValueString(CTIOS_ANI), "5551234");
  EXPECT_EQ(agent->Logout(), E_CTIOS_INVALID_SESSION);
  ASSERT_EQ(session->Connect(hosts()), CIL_OK);
  ASSERT_TRUE(until(eOnConnection, 2));
  EXPECT_EQ(session->SetAgent(*agent), CIL_OK);
  EXPECT_TRUE(until(eSetAgentModeEvent, 2));
}

}  // namespace
}  // namespace cti::cil::test
