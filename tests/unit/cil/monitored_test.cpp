// monitored_test.cpp - what a supervisor's session sees of those whom it watches: monitored events, objects that say so, and
// the same watches again on another server.
#include "tests/unit/cil/session_world.hpp"
#include "wire/watch_keys.hpp"

#include <tuple>

namespace cti::cil::test {
namespace {

constexpr const char* kMember = "agent.5000.22867";
constexpr const char* kCall = "call.5000.7.23902";
constexpr const char* kOwn = "agent.5000.22866";
constexpr const char* kOwnCall = "call.5000.8.23901";

class Monitored : public SessionWorld {
 protected:
  static Items member_items(int state) {
    return items({{Keyword::UniqueObjectID, kMember},
                  {Keyword::AgentID, "22867"},
                  {Keyword::PeripheralID, 5000},
                  {Keyword::AgentState, state},
                  {Keyword::EnablementMask, unsigned{ENABLE_READY}}});
  }
  static void confirm_all(ScriptedServer& server) {
    server.on_request = [&server](const ScriptedServer::Asked& asked) {
      const bool agent = asked.request == RequestId::eStartMonitoringAgentRequest;
      const bool stops = asked.request == RequestId::eStopMonitoringAgentRequest;
      server.reply(asked.id,
                   agent   ? EventId::eStartMonitoringAgent
                   : stops ? EventId::eStopMonitoringAgent
                           : EventId::eMonitorAgentTeamStartConf,
                   wire::Outcome::kConfirmed,
                   agent || stops ? items({{Keyword::AgentReference, kMember}}) : Items());
    };
  }
  static Arguments member() {
    Arguments args;
    args.AddItem(CTIOS_AGENTREFERENCE, kMember);
    return args;
  }
  void SetUp() override {
    serve_agent(*a, eNotReady);
    confirm_all(*a);
    enter_agent_mode();
  }
  /// What the session sees now, by a snapshot, as a server sends it when the watches have changed.
  void see(int state, std::vector<std::string> calls = {}) {
    a->snapshot_begin(wire::SnapshotReason::kWatch);
    a->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eNotReady), "agent.5000.22866");
    a->snapshot_record(EventId::eSnapshotDeviceConf,
                       items({{Keyword::UniqueObjectID, "device.5000.23901"},
                              {Keyword::NumCalls, 0},
                              {Keyword::ValidCalls, Items()}}),
                       "agent.5000.22866");
    if (state != 0) a->snapshot_record(EventId::eQueryAgentStateConf, member_items(state), kMember);
    for (const std::string& call : calls)
      a->snapshot_record(EventId::eSnapshotCallConf, call_items(call.c_str(), LCS_CONNECT),
                         kMember);
    a->snapshot_end();
  }
  void watch(std::vector<std::string> calls = {}) {
    ASSERT_EQ(agent->StartMonitoringAgent(member()), CIL_OK);
    ASSERT_TRUE(world.run_until([&] { return !a->requests.empty(); }, network.now() + Seconds(5)));
    see(eTalking, std::move(calls));
    ASSERT_TRUE(until(eStartMonitoringAgent));
    ASSERT_TRUE(until(eOnMonitoredAgentStateChange));
  }
  void settle() { world.run_for(Millis(50)); }
  void begin_own_call() {
    a->update(EventId::eCallBeginEvent, call_items(kOwnCall, LCS_CONNECT), wire::topic::kCall,
              kOwn);
    ASSERT_TRUE(until(eOnCurrentCallChanged));
  }
  bool known(const char* id) {
    CCtiOsObject* found = nullptr;
    const bool there = session->GetObjectFromObjectID(id, &found);
    if (found) found->Release();
    return there;
  }
};

TEST_F(Monitored, ARecordOfAWatchedAgentIsToldAsMonitoredAndItsObjectSaysSo) {
  watch();
  EXPECT_TRUE(events.last(eOnMonitoredAgentStateChange).IsValid(CTIOS_MONITORED));
  EXPECT_EQ(events.last(eOnMonitoredAgentStateChange).GetValueInt(CTIOS_AGENTSTATE), eTalking);
  const int own = events.count(eAgentStateEvent);
  const int buttons = events.count(eButtonEnablementMaskChange);
  a->update(EventId::eAgentStateEvent, member_items(eAvailable), wire::topic::kAgent, kMember);
  ASSERT_TRUE(until(eOnMonitoredAgentStateChange, 2));
  EXPECT_EQ(events.count(eAgentStateEvent), own);
  EXPECT_EQ(events.count(eButtonEnablementMaskChange), buttons) << "another's mask is no news";
  const Ref<CAgent> monitored(agent->GetMonitoredAgent());
  ASSERT_TRUE(monitored);
  EXPECT_EQ(monitored->GetAgentState(), eAvailable);
  EXPECT_EQ(monitored->GetValueInt(CTIOS_MONITORED), 1);
  EXPECT_EQ(agent->GetAgentState(), eNotReady);
  EXPECT_FALSE(agent->IsValid(CTIOS_MONITORED));
}

TEST_F(Monitored, EachCallEventHasItsMonitoredOneAndNoneIsTheSessionsOwn) {
  watch();
  struct Row {
    EventId event;
    int monitored;
    std::uint32_t topics;
  };
  const Row rows[] = {{EventId::eCallBeginEvent, eOnMonitoredCallBegin, 0},
                      {EventId::eCallDeliveredEvent, eOnMonitoredCallDelivered, 0},
                      {EventId::eCallEstablishedEvent, eOnMonitoredCallEstablished, 0},
                      {EventId::eCallHeldEvent, eOnMonitoredCallHeld, 0},
                      {EventId::eCallRetrievedEvent, eOnMonitoredCallRetrieved, 0},
                      {EventId::eCallDataUpdateEvent, eOnMonitoredCallDataUpdate, 0},
                      {EventId::eCallTransferredEvent, eOnMonitoredCallTransferred, 0},
                      {EventId::eCallConferencedEvent, eOnMonitoredCallConferenced, 0},
                      {EventId::eCallClearedEvent, eOnMonitoredCallCleared, 0},
                      {EventId::eCallEndEvent, eOnMonitoredCallEnd, wire::topic::kEnds}};
  for (const Row& row : rows) {
    a->update(row.event, call_items(kCall, LCS_CONNECT, ENABLE_HOLD),
              wire::topic::kCall | row.topics, kMember);
    ASSERT_TRUE(until(row.monitored)) << row.monitored;
    EXPECT_EQ(events.count(static_cast<int>(row.event)), 0) << row.monitored;
    EXPECT_EQ(events.last(row.monitored).GetValueInt(CTIOS_MONITORED), 1);
    EXPECT_EQ(known(kCall), row.topics == 0);
  }
  EXPECT_EQ(events.count(eOnCurrentCallChanged), 0);
  EXPECT_FALSE(Ref<CCall>(session->GetCurrentCall()));
}

TEST_F(Monitored, ACallThatRunsAlreadyIsToldAsBegunAndOneThatIsNoLongerSeenAsEnded) {
  watch({kCall});
  ASSERT_TRUE(until(eOnMonitoredCallBegin));
  EXPECT_EQ(events.last(eOnMonitoredCallBegin).GetValueInt(CTIOS_CALLSTATUS), LCS_CONNECT);
  EXPECT_TRUE(known(kCall));
  see(eTalking);  // the agent is still in a team that is watched, its calls are not
  ASSERT_TRUE(until(eOnMonitoredCallEnd));
  EXPECT_EQ(events.count(eCallEndEvent), 0);
  EXPECT_FALSE(known(kCall));
  EXPECT_TRUE(known(kMember));
  see(0);
  settle();
  EXPECT_FALSE(known(kMember));
}

TEST_F(Monitored, ASnapshotForOthersTellsNothingThatHasBeenTold) {
  watch({kCall});
  ASSERT_TRUE(until(eOnMonitoredCallBegin));
  const std::size_t told = events.told.size();
  see(eTalking, {kCall});
  settle();
  EXPECT_EQ(events.told.size(), told);
  see(eHold, {kCall});
  ASSERT_TRUE(until(eOnMonitoredAgentStateChange, 2));
  EXPECT_EQ(events.told.size(), told + 1) << "what is other is told, and nothing else";
}

TEST_F(Monitored, TheOwnAgentIsNeverMonitored) {
  watch();
  const int monitored = events.count(eOnMonitoredAgentStateChange);
  a->update(EventId::eAgentStateEvent, agent_items(eAvailable), wire::topic::kAgent,
            "agent.5000.22866");
  ASSERT_TRUE(until(eAgentStateEvent));
  EXPECT_EQ(events.count(eOnMonitoredAgentStateChange), monitored);
  EXPECT_EQ(agent->GetAgentState(), eAvailable);
}

TEST_F(Monitored, AStopEndsItAndSoDoesTheServer) {
  watch();
  ASSERT_EQ(agent->StopMonitoringAgent(member()), CIL_OK);
  ASSERT_TRUE(until(eStopMonitoringAgent));
  EXPECT_FALSE(Ref<CAgent>(agent->GetMonitoredAgent()));
  ASSERT_EQ(agent->StartMonitoringAgent(member()), CIL_OK);
  ASSERT_TRUE(until(eStartMonitoringAgent, 2));
  EXPECT_TRUE(Ref<CAgent>(agent->GetMonitoredAgent()));
  a->private_event(EventId::eStopMonitoringAgent, items({{Keyword::AgentReference, kMember}}));
  ASSERT_TRUE(until(eStopMonitoringAgent, 2));
  EXPECT_FALSE(Ref<CAgent>(agent->GetMonitoredAgent()));
}

TEST_F(Monitored, AfterALossTheNextServerIsToldWhomTheSessionWatched) {
  watch();
  Arguments team;
  team.AddItem(CTIOS_TEAMID, 7);
  ASSERT_EQ(agent->StartMonitoringAgentTeam(team), CIL_OK);
  ASSERT_EQ(agent->StartMonitoringAllAgentTeams(), CIL_OK);
  ASSERT_TRUE(until(eMonitorAgentTeamStartConf, 2));
  serve_agent(*b, eNotReady);
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  ASSERT_EQ(b->subscriptions.size(), 1u);
  const auto asked = b->subscriptions[0].arguments.view().find(wire::watch::kWatch);
  ASSERT_TRUE(asked && asked->is_arguments());
  EXPECT_EQ(asked->arguments().string(Keyword::AgentReference), kMember);
  EXPECT_EQ(asked->arguments().integer(wire::watch::kAllTeams), 1);
  const auto teams = asked->arguments().find(wire::watch::kTeams);
  ASSERT_TRUE(teams && teams->is_arguments());
  EXPECT_EQ(teams->arguments().integer("7"), 1);
  EXPECT_TRUE(events.count(eOnMonitoredCallEnd) == 0);
  EXPECT_FALSE(known(kMember)) << "the next one's snapshot had nothing of it";
}

TEST_F(Monitored, WhoLogsOutWatchesNobodyAnyMore) {
  watch();
  a->update(EventId::eAgentStateEvent, agent_items(eLogout), wire::topic::kAgent,
            "agent.5000.22866");
  ASSERT_TRUE(until(eAgentStateEvent));
  EXPECT_FALSE(Ref<CAgent>(agent->GetMonitoredAgent()));
  serve_agent(*b, eLogout);
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  EXPECT_FALSE(b->subscriptions[0].arguments.view().find(wire::watch::kWatch));
}

TEST_F(Monitored, OtherButtonsOfAnotherAreNoNewsInASnapshotForOthers) {
  watch();
  const std::size_t told = events.told.size();
  a->snapshot_begin(wire::SnapshotReason::kWatch);
  a->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eNotReady), kOwn);
  Items member = member_items(eTalking);
  ASSERT_TRUE(member.set(Keyword::EnablementMask, unsigned{ENABLE_LOGOUT}));
  a->snapshot_record(EventId::eQueryAgentStateConf, member, kMember);
  a->snapshot_end();
  settle();
  EXPECT_EQ(events.told.size(), told);
}

TEST_F(Monitored, AListOfTheTeamIsNoNewsOfTheOwnButtons) {
  const int buttons = events.count(eButtonEnablementMaskChange);
  a->private_event(EventId::eNewAgentTeamMember, agent_items(eNotReady));
  ASSERT_TRUE(until(eNewAgentTeamMember));
  EXPECT_EQ(events.count(eButtonEnablementMaskChange), buttons);
}

TEST_F(Monitored, ARecordOfAnotherThatGivesTheOwnCallAnotherNameEndsItForTheSession) {
  watch();
  begin_own_call();
  a->update(EventId::eCallDataUpdateEvent,
            items({{Keyword::UniqueObjectID, kCall}, {Keyword::OldUniqueObjectID, kOwnCall}}),
            wire::topic::kCall, kMember);
  ASSERT_TRUE(until(eOnMonitoredCallDataUpdate));
  EXPECT_EQ(events.count(eCallEndEvent), 1);
  EXPECT_EQ(events.last(eCallEndEvent).GetValueString(CTIOS_UNIQUEOBJECTID), kOwnCall);
  EXPECT_FALSE(Ref<CCall>(session->GetCurrentCall()));
  EXPECT_FALSE(known(kOwnCall));
  EXPECT_TRUE(known(kCall));
}

TEST_F(Monitored, ASnapshotForOthersMayRenameAndEndWhatIsTheSessionsOwn) {
  watch();
  begin_own_call();
  constexpr const char* kRenamed = "call.5000.9.23901";
  const auto again = [&](const Items& call, std::uint32_t topics) {
    a->snapshot_begin(wire::SnapshotReason::kWatch);
    a->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eNotReady), kOwn);
    a->snapshot_record(EventId::eSnapshotCallConf, call, kOwn, topics);
    a->snapshot_end();
    settle();
  };
  again(items({{Keyword::UniqueObjectID, kRenamed},
               {Keyword::OldUniqueObjectID, kOwnCall},
               {Keyword::CallStatus, int{LCS_CONNECT}}}),
        0);
  const Ref<CCall> current(session->GetCurrentCall());
  ASSERT_TRUE(current);
  EXPECT_EQ(current->GetValueString(CTIOS_UNIQUEOBJECTID), kRenamed);
  again(call_items(kRenamed, LCS_NULL), wire::topic::kEnds);
  EXPECT_FALSE(known(kRenamed));
  EXPECT_FALSE(Ref<CCall>(session->GetCurrentCall()));
}

TEST_F(Monitored, ACallThatPassesToAWatchedAgentAndBackEndsAndBeginsForTheSession) {
  watch();
  begin_own_call();
  a->update(EventId::eSnapshotCallConf, call_items(kOwnCall, LCS_CONNECT), wire::topic::kCall,
            kMember);
  ASSERT_TRUE(until(eOnMonitoredCallBegin));
  EXPECT_EQ(events.count(eCallEndEvent), 1);
  EXPECT_LT(events.at(eCallEndEvent), events.at(eOnMonitoredCallBegin));
  EXPECT_FALSE(Ref<CCall>(session->GetCurrentCall()));
  const int chosen = events.count(eOnCurrentCallChanged);
  a->update(EventId::eSnapshotCallConf, call_items(kOwnCall, LCS_CONNECT), wire::topic::kCall,
            kOwn);
  ASSERT_TRUE(until(eOnCurrentCallChanged, chosen + 1));
  EXPECT_EQ(events.count(eOnMonitoredCallEnd), 1);
  const Ref<CCall> current(session->GetCurrentCall());
  ASSERT_TRUE(current);
  EXPECT_EQ(current->GetValueInt(CTIOS_MONITORED), 0);
  EXPECT_FALSE(events.last(eSnapshotCallConf).IsValid(CTIOS_MONITORED));
}

TEST_F(Monitored, ARecordWithoutRoomForTheMarkIsToldAndDoesNotBecomeTheSessionsOwn) {
  watch();
  Items full = call_items(kCall, LCS_CONNECT, ENABLE_HOLD);
  for (std::uint32_t i = full.size(); i < wire::limits::kArgumentsEntriesMax; ++i)
    ASSERT_TRUE(full.set(wire::ArgKey(std::to_string(i)), 1));
  a->update(EventId::eCallBeginEvent, full, wire::topic::kCall, kMember);
  ASSERT_TRUE(until(eOnMonitoredCallBegin));
  EXPECT_EQ(events.last(eOnMonitoredCallBegin).GetValueInt(CTIOS_MONITORED), 1);
  EXPECT_TRUE(known(kCall));
  EXPECT_FALSE(Ref<CCall>(session->GetCurrentCall()));
  a->update(EventId::eCallEndEvent, full, wire::topic::kCall | wire::topic::kEnds, kMember);
  ASSERT_TRUE(until(eOnMonitoredCallEnd));
  EXPECT_FALSE(known(kCall));
}

TEST_F(Monitored, AStartThatTheLastConnectionDidNotAnswerRunsOnTheNextOne) {
  a->on_request = {};
  ASSERT_EQ(agent->StartMonitoringAgent(member()), CIL_OK);
  ASSERT_EQ(agent->ReportBadCallLine(), CIL_OK);
  ASSERT_TRUE(world.run_until([&] { return a->requests.size() == 2; }, network.now() + Seconds(5)));
  serve_agent(*b, eNotReady);
  confirm_all(*b);
  a->stop();
  ASSERT_TRUE(until(eStartMonitoringAgent));
  ASSERT_EQ(b->requests.size(), 2u);
  EXPECT_EQ(b->requests[0].request, RequestId::eStartMonitoringAgentRequest);
  EXPECT_EQ(b->requests[0].token, 0u)
      << "a server answers what it has run under a token from memory";
  EXPECT_NE(b->requests[1].token, 0u);
  EXPECT_EQ(b->requests[1].token, a->requests[1].token);
}

TEST_F(Monitored, WhatIsNotSeenAnyMoreAfterALossEndsAlsoWhereItHadBeenStoppedJustBefore) {
  watch({kCall});
  ASSERT_EQ(agent->StopMonitoringAgent(member()), CIL_OK);
  ASSERT_TRUE(until(eStopMonitoringAgent));  // the snapshot without them does not come any more
  b->on_subscribe = [this] {  // a twin: whoever names a position is given what came behind it
    b->subscribed();
    if (b->subscriptions.back().positions.empty()) {
      b->snapshot_begin();
      b->snapshot_record(EventId::eQueryAgentStateConf, agent_items(eNotReady), kOwn);
      b->snapshot_end();
    }
    b->private_event(EventId::eSetAgentModeEvent, mode_items());
  };
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  EXPECT_EQ(events.count(eOnMonitoredCallEnd), 1);
  EXPECT_FALSE(known(kCall));
  EXPECT_FALSE(known(kMember));
}

TEST_F(Monitored, WhatAServerConfirmsBeyondWhatAnyWatchesIsNotSaidToTheNextOne) {
  constexpr int kTeams = 2000;
  for (int team = 1; team <= kTeams; ++team) {
    Arguments args;
    args.AddItem(CTIOS_TEAMID, team);
    ASSERT_EQ(agent->StartMonitoringAgentTeam(args), CIL_OK);
    if (team % 500 != 0) continue;
    ASSERT_TRUE(until(eMonitorAgentTeamStartConf, team));
  }
  Arguments longest;
  longest.AddItem(CTIOS_AGENTREFERENCE, std::string(20'000, 'x'));
  ASSERT_EQ(agent->StartMonitoringAgent(longest), CIL_OK);
  ASSERT_TRUE(until(eStartMonitoringAgent));
  serve_agent(*b, eNotReady);
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  const auto asked = b->subscriptions.at(0).arguments.view().find(wire::watch::kWatch);
  ASSERT_TRUE(asked && asked->is_arguments());
  EXPECT_EQ(asked->arguments().arguments(wire::watch::kTeams)->size(), wire::watch::kTeamsMax);
  EXPECT_FALSE(asked->arguments().find(Keyword::AgentReference));
  EXPECT_LE(asked->arguments().bytes().size(), wire::watch::kBytesMax);
}

TEST_F(Monitored, WhoNeverAskedToWatchAnybodyTakesWhatIsSentAsTheOwn) {
  a->update(EventId::eAgentStateEvent, agent_items(eAvailable), wire::topic::kAgent, "agent.other");
  ASSERT_TRUE(until(eAgentStateEvent));
  EXPECT_EQ(events.count(eOnMonitoredAgentStateChange), 0);
}

// ---- members of the teams ----

Items team_member(const char* name, int operation = CONFIG_OPERATION_ADD_AGENT) {
  return items({{Keyword::AgentID, name},
                {Keyword::ConfigOperation, operation},
                {Keyword::PeripheralID, 5000},
                {Keyword::SupervisorID, "22866"},
                {Keyword::TeamID, 7},
                {Keyword::UniqueObjectID, std::string("agent.5000.") + name}});
}

TEST_F(Monitored, WhoLeavesTheTeamDuringAFailoverIsToldAsRemovedBehindIt) {
  ASSERT_EQ(agent->RequestAgentTeamList(), CIL_OK);
  ASSERT_TRUE(until(eMonitorAgentTeamStartConf));
  for (const char* const name : {"22867", "22868", "22869"})
    a->private_event(EventId::eNewAgentTeamMember, team_member(name));
  a->private_event(EventId::eNewAgentTeamMember,
                   team_member("22869", CONFIG_OPERATION_REMOVE_AGENT));
  ASSERT_TRUE(until(eNewAgentTeamMember, 4));
  serve_agent(*b, eNotReady);
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  const auto asked = b->subscriptions[0].arguments.view().find(wire::watch::kWatch);
  ASSERT_TRUE(asked && asked->is_arguments());
  EXPECT_EQ(asked->arguments().integer(wire::watch::kMembers), 1);
  b->private_event(EventId::eNewAgentTeamMember, team_member("22867"));
  settle();
  EXPECT_EQ(events.count(eNewAgentTeamMember), 5) << "nobody has left before all are told";
  b->private_event(EventId::eListAgentTeamConf, items({{Keyword::TeamID, 7}}));
  ASSERT_TRUE(until(eNewAgentTeamMember, 6));
  const Arguments& left = events.last(eNewAgentTeamMember);
  EXPECT_EQ(left.GetValueInt(CTIOS_CONFIGOPERATION), CONFIG_OPERATION_REMOVE_AGENT);
  EXPECT_EQ(left.GetValueString(CTIOS_AGENTID), "22868");
  EXPECT_EQ(left.GetValueString(CTIOS_UNIQUEOBJECTID), "agent.5000.22868");
  EXPECT_EQ(left.GetValueInt(CTIOS_TEAMID), 7);
  EXPECT_EQ(events.count(eListAgentTeamConf), 0) << "it answers nothing that was asked";
  b->private_event(EventId::eListAgentTeamConf, items({{Keyword::TeamID, 7}}));
  settle();
  EXPECT_EQ(events.count(eNewAgentTeamMember), 6) << "once";
}

TEST_F(Monitored, WhoLeftIsRememberedUpToABoundAndForNobodyWhoNeverAsked) {
  constexpr int kTold = 16'500;
  const auto tell_all_from = [&](int first) {
    for (int i = first; i < first + kTold; ++i) {
      a->private_event(EventId::eNewAgentTeamMember, team_member(std::to_string(i).c_str()));
      if (i % 500 == 0) settle();
    }
  };
  a->private_event(EventId::eNewAgentTeamMember, team_member("1"));
  ASSERT_TRUE(until(eNewAgentTeamMember));
  a->private_event(EventId::eListAgentTeamConf, items({{Keyword::TeamID, 7}}));
  ASSERT_EQ(agent->RequestAgentTeamList(), CIL_OK);
  ASSERT_TRUE(until(eMonitorAgentTeamStartConf));
  tell_all_from(100'000);
  ASSERT_TRUE(until(eNewAgentTeamMember, kTold + 1));
  serve_agent(*b, eNotReady);
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  b->private_event(EventId::eListAgentTeamConf, items({{Keyword::TeamID, 7}}));
  ASSERT_TRUE(until(eNewAgentTeamMember, kTold + 1 + 16'384));
  settle();
  EXPECT_EQ(events.count(eNewAgentTeamMember), kTold + 1 + 16'384);
}

// ---- who lets others listen ----

TEST_F(Monitored, ASupervisorWhoLetsOthersListenSaysSoToTheNextServerToo) {
  Arguments args;
  args.AddItem(CTIOS_SILENTMONITORFORCEMONITOREDMODE, 2);
  EXPECT_EQ(session->SetSupervisorSilentMonitorMode(args), E_CTIOS_INVALID_ARGUMENT);
  args.AddItem(CTIOS_SILENTMONITORFORCEMONITOREDMODE, 1);
  ASSERT_EQ(session->SetSupervisorSilentMonitorMode(args), CIL_OK);
  ASSERT_TRUE(until(eMonitorAgentTeamStartConf)) << "as this server confirms whatever it is";
  ASSERT_EQ(a->requests.size(), 1u);
  const auto sent = a->requests[0].arguments.view();
  EXPECT_EQ(a->requests[0].request, RequestId::eSetSupervisorSilentMonitorModeRequest);
  EXPECT_EQ(sent.integer(Keyword::SilentMonitorForceMonitoredMode), 1);
  EXPECT_EQ(sent.string(Keyword::UniqueObjectID), "agent.5000.22866");
  EXPECT_EQ(session->GetValueInt(CTIOS_SILENTMONITORFORCEMONITOREDMODE), 1);
  serve_agent(*b, eNotReady);
  confirm_all(*b);
  a->stop();
  ASSERT_TRUE(until(eSetAgentModeEvent, 2));
  const auto asked = b->subscriptions[0].arguments.view().find(wire::watch::kWatch);
  ASSERT_TRUE(asked && asked->is_arguments());
  EXPECT_EQ(asked->arguments().integer(wire::watch::kMayBeMonitored), 1);
  ASSERT_EQ(session->SetSupervisorSilentMonitorMode(Arguments()), CIL_OK) << "0 without a word";
  ASSERT_TRUE(until(eMonitorAgentTeamStartConf, 2));
  EXPECT_FALSE(session->IsValid(CTIOS_SILENTMONITORFORCEMONITOREDMODE));
}

TEST_F(Monitored, TheOtherKindOfSilentMonitoringHasNoSuchMode) {
  session->SetValue(CTIOS_CCMBASEDSILENTMONITOR, 1);
  EXPECT_EQ(session->SetSupervisorSilentMonitorMode(Arguments()),
            E_CTIOS_INVALID_SILENT_MONITOR_MODE);
  EXPECT_TRUE(a->requests.empty());
}

enum class Does { kStops, kClears, kDisconnects, kDeletes };

/// What a handler may do to its session, in each of the events that monitoring has.
class MonitoredHandlers : public Monitored,
                          public ::testing::WithParamInterface<std::tuple<int, Does>> {
 protected:
  void act(Does what) {
    switch (what) {
      case Does::kStops:
        EXPECT_EQ(agent->StopMonitoringAgent(member()), CIL_OK);
        return;
      case Does::kClears:
        EXPECT_EQ(session->SetAgent(nullptr), CIL_OK);
        return;
      case Does::kDisconnects:
        EXPECT_EQ(session->Disconnect(), CIL_OK);
        return;
      case Does::kDeletes:
        session.reset();
        return;
    }
  }
};

TEST_P(MonitoredHandlers, MayDoThatToTheirSession) {
  const auto [event, what] = GetParam();
  const int wanted = event;
  const Does does = what;
  bool done = false;
  events.also = [&](int told, Arguments&) {
    if (told == wanted && !std::exchange(done, true)) act(does);
  };
  ASSERT_EQ(agent->StartMonitoringAgent(member()), CIL_OK);
  settle();
  see(eTalking, {kCall, kOwnCall});  // more than the one in whose event it is done
  settle();
  a->update(EventId::eCallHeldEvent, call_items(kCall, LCS_HOLD), wire::topic::kCall, kMember);
  settle();
  a->update(EventId::eCallEndEvent, call_items(kCall, LCS_NULL),
            wire::topic::kCall | wire::topic::kEnds, kMember);
  settle();
  see(eTalking);
  a->private_event(EventId::eStopMonitoringAgent, items({{Keyword::AgentReference, kMember}}));
  world.run_for(Seconds(1));
  EXPECT_TRUE(done);
  EXPECT_EQ(session == nullptr, does == Does::kDeletes);
  EXPECT_EQ(events.count(eOnConnectionClosed), does == Does::kDisconnects ? 1 : 0);
  EXPECT_EQ(events.count(eOnCurrentAgentReset), does == Does::kClears ? 1 : 0);
  if (!session) return;
  EXPECT_FALSE(Ref<CAgent>(agent->GetMonitoredAgent()));
}

INSTANTIATE_TEST_SUITE_P(
    EachEvent, MonitoredHandlers,
    ::testing::Combine(
        ::testing::Values(int{eStartMonitoringAgent}, int{eOnMonitoredAgentStateChange},
                          int{eOnMonitoredCallBegin}, int{eOnMonitoredCallHeld},
                          int{eOnMonitoredCallEnd}, int{eStopMonitoringAgent}),
        ::testing::Values(Does::kStops, Does::kClears, Does::kDisconnects, Does::kDeletes)));

}  // namespace
}  // namespace cti::cil::test
