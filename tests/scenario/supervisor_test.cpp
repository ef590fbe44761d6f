// supervisor_test.cpp - scenarios 22 and 23: supervisors and their teams.
#include "tests/scenario/world.hpp"

#include <set>

namespace cti::scenario {
namespace {

constexpr const char* kAgent = "agent.5000.22866";
constexpr const char* kSupervisor = "agent.5000.22900";

std::unique_ptr<Client> logged_in(World& world, const std::string& agent,
                                  const std::string& instrument) {
  auto client = std::make_unique<Client>();
  client->connect(world.port());
  client->set_agent(agent);
  client->login(instrument);
  return client;
}

Arguments reference(const char* agent = kAgent) {
  Arguments args;
  args.AddItem(CTIOS_AGENTREFERENCE, agent);
  return args;
}

Recorder::Matches state_of(const std::string& agent, int state) {
  return [=](const Seen& seen) {
    return seen.text(CTIOS_UNIQUEOBJECTID) == agent && seen.integer(CTIOS_AGENTSTATE) == state;
  };
}

/// Agents and the supervisor, who watches all teams.
struct Team {
  explicit Team(int servers = 1, const std::string& server_config = {})
      : world(servers, {}, server_config) {
    agent = logged_in(world, "22866", "23901");
    chief = logged_in(world, "22900", "23900");
    EXPECT_EQ(chief->agent->RequestAgentTeamList(), CIL_OK);
    EXPECT_NE(chief->events.wait(eListAgentTeamConf), nullptr) << chief->events.story();
  }
  void watch_all() {
    EXPECT_EQ(chief->agent->StartMonitoringAllAgentTeams(), CIL_OK);
    EXPECT_NE(chief->events.wait(eMonitorAgentTeamStartConf), nullptr) << chief->events.story();
  }
  void watch_agent() {
    EXPECT_EQ(chief->agent->StartMonitoringAgent(reference()), CIL_OK);
    EXPECT_NE(chief->events.wait(eStartMonitoringAgent), nullptr) << chief->events.story();
  }
  World world;
  std::unique_ptr<Client> agent, chief;
};

TEST(Scenario22, TheTeamListNamesEveryMemberAndTheSupervisor) {
  Team team;
  std::set<std::string> named;
  for (const char* const id : {"agent.5000.22866", "agent.5000.22867", "agent.5000.22900"}) {
    const Seen* const seen = team.chief->events.find(eNewAgentTeamMember, about(id));
    ASSERT_NE(seen, nullptr) << id << team.chief->events.story();
    EXPECT_EQ(seen->integer(CTIOS_TEAMID), 5001);
    EXPECT_EQ(seen->integer("ConfigOperation"), 1);
    EXPECT_EQ(seen->text(CTIOS_SUPERVISORID), "22900");
  }
  const Seen* const chief =
      team.chief->events.find(eNewAgentTeamMember, about("agent.5000.22900"));
  EXPECT_EQ(chief->integer(CTIOS_AGENTFLAGS) & 1, 1) << "the primary supervisor";
}

TEST(Scenario22, StatesOfTheWholeTeamAreMonitoredAndNoCallIs) {
  Team team;
  team.watch_all();
  EXPECT_NE(team.chief->events.find(eOnMonitoredAgentStateChange, state_of(kAgent, eNotReady)),
            nullptr)
      << "as it is\n" << team.chief->events.story();
  team.agent->set_state(eAvailable);
  const Seen* const ready =
      team.chief->events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eAvailable));
  ASSERT_NE(ready, nullptr) << team.chief->events.story();
  EXPECT_EQ(ready->integer(CTIOS_MONITORED), 1);
  EXPECT_EQ(team.chief->events.count(eAgentStateEvent, about(kAgent)), 0u);
  const std::string call = team.world.call_arrives(*team.agent, "5551234", "77");
  team.agent->call(call).Answer();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eTalking)),
            nullptr)
      << team.chief->events.story();
  EXPECT_EQ(team.chief->events.count(eOnMonitoredCallBegin), 0u);
  EXPECT_EQ(team.chief->events.count(eCallBeginEvent), 0u);
  EXPECT_EQ(team.chief->agent->StopMonitoringAllAgentTeams(), CIL_OK);
  ASSERT_NE(team.chief->events.wait(eMonitorAgentTeamStopConf), nullptr);
  team.agent->call(call).ClearConnection();
  ASSERT_NE(team.agent->events.wait(eCallEndEvent), nullptr);
  EXPECT_TRUE(team.chief->events.none(eOnMonitoredAgentStateChange)) << team.chief->events.story();
}

TEST(Scenario22, CallsOfTheMonitoredAgentAreSeenFromTheirBeginOrFromWhereTheyAre) {
  Team team;
  team.watch_agent();
  const Ref<CAgent> monitored(team.chief->agent->GetMonitoredAgent());
  ASSERT_TRUE(monitored);
  EXPECT_EQ(monitored->GetAgentState(), eNotReady);
  team.agent->set_state(eAvailable);
  const std::string call = team.world.call_arrives(*team.agent, "5551234", "77", "var1=gold");
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallBegin, about(call)), nullptr);
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallDelivered, about(call)), nullptr);
  team.agent->call(call).Answer();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallEstablished, about(call)), nullptr);
  EXPECT_EQ(team.chief->call(call).GetValueString(CTIOS_CALLVARIABLE1), "gold");
  EXPECT_EQ(team.chief->events.count(eCallBeginEvent), 0u);
  EXPECT_EQ(team.chief->agent->StopMonitoringAgent(reference()), CIL_OK);
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallEnd, about(call)), nullptr)
      << team.chief->events.story();
  ASSERT_NE(team.chief->events.wait(eStopMonitoringAgent), nullptr);
  EXPECT_TRUE(team.chief->loses_call(call));
  team.watch_agent();
  const Seen* const runs = team.chief->events.find(eOnMonitoredCallBegin, [&](const Seen& seen) {
    return seen.text(CTIOS_UNIQUEOBJECTID) == call && seen.integer(CTIOS_CALLSTATUS) == LCS_CONNECT;
  });
  EXPECT_NE(runs, nullptr) << team.chief->events.story();
  team.agent->call(call).ClearConnection();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallEnd, about(call)), nullptr);
  EXPECT_TRUE(team.chief->loses_call(call));
}

TEST(Scenario22, WhoIsNoMemberIsNotMonitored) {
  Team team;
  team.chief->events.mark();
  team.world.tell_simulator("team delete 2001 5001");
  ASSERT_NE(team.chief->events.wait(eNewAgentTeamMember, about("agent.5000.2001")), nullptr);
  ASSERT_EQ(team.chief->agent->StartMonitoringAgent(reference("agent.5000.2001")), CIL_OK);
  const Seen* const refused = team.chief->events.wait(eControlFailureConf);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->integer(CTIOS_MESSAGETYPE), eStartMonitoringAgentRequest);
  EXPECT_NE(refused->text("ErrorMessage"), "");
  ASSERT_EQ(team.agent->agent->StartMonitoringAllAgentTeams(), CIL_OK);
  ASSERT_NE(team.agent->events.wait(eControlFailureConf), nullptr) << "an agent supervises nobody";
}

TEST(Scenario22, WhoLeavesTheTeamIsNotSeenAnyMoreAndWhoJoinsIs) {
  Team team;
  team.watch_all();
  team.watch_agent();
  team.chief->events.mark();
  team.world.tell_simulator("team delete 22866 5001");
  const Seen* const left = team.chief->events.wait(eNewAgentTeamMember, about(kAgent));
  ASSERT_NE(left, nullptr) << team.chief->events.story();
  EXPECT_EQ(left->integer("ConfigOperation"), 2);
  EXPECT_NE(team.chief->events.find(eStopMonitoringAgent), nullptr) << team.chief->events.story();
  team.agent->set_state(eAvailable);
  EXPECT_TRUE(team.chief->events.none(eOnMonitoredAgentStateChange, about(kAgent)));
  team.world.tell_simulator("team add 22866 5001");
  ASSERT_NE(team.chief->events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eAvailable)),
            nullptr)
      << team.chief->events.story();
}

TEST(Scenario22, OfThoseWhoStayNothingIsToldAgainWhenAnotherLeaves) {
  Team team;
  team.watch_all();
  team.watch_agent();
  team.agent->set_state(eAvailable);
  const std::string call = team.world.call_arrives(*team.agent, "5551234", "77");
  team.agent->call(call).Answer();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eTalking)),
            nullptr)
      << team.chief->events.story();
  ASSERT_NE(team.chief->events.find(eOnMonitoredCallEstablished, about(call)) != nullptr
                ? team.chief->events.find(eOnMonitoredCallEstablished, about(call))
                : team.chief->events.wait(eOnMonitoredCallEstablished, about(call)),
            nullptr);
  const auto told = [&] {
    std::size_t all = 0;
    for (const int id :
         {eOnMonitoredAgentStateChange, eOnMonitoredCallBegin, eOnMonitoredCallDataUpdate,
          eOnMonitoredCallEnd, eQueryAgentStateConf, eSnapshotDeviceConf})
      all += team.chief->events.count(id);
    return all;
  };
  EXPECT_TRUE(team.chief->events.none(eOnMonitoredCallDataUpdate)) << "what follows the answer";
  const std::size_t before = told();
  team.world.tell_simulator("team delete 22867 5001");
  ASSERT_NE(team.chief->events.wait(eNewAgentTeamMember, about("agent.5000.22867")), nullptr)
      << team.chief->events.story();
  EXPECT_TRUE(team.chief->events.none(eOnMonitoredAgentStateChange)) << team.chief->events.story();
  EXPECT_EQ(told(), before) << team.chief->events.story();
  EXPECT_TRUE(team.chief->has_call(call));
}

TEST(Scenario22, AfterAFailoverTheSupervisorWatchesTheSameFromAServerThatKnewNothingOfIt) {
  Team team(2);
  Client chief;
  team.chief.reset();
  chief.connect(team.world.port(0), team.world.port(1));
  chief.set_agent("22900");  // is logged in still
  ASSERT_EQ(chief.agent->StartMonitoringAllAgentTeams(), CIL_OK);
  ASSERT_EQ(chief.agent->StartMonitoringAgent(reference()), CIL_OK);
  ASSERT_NE(chief.events.wait(eStartMonitoringAgent), nullptr) << chief.events.story();
  std::string port;
  chief.session.GetValueString(CTIOS_CURRENTPORT, &port);
  const std::size_t used = port == std::to_string(team.world.port(0)) ? 0 : 1;
  if (used == 0) {  // the agent's own session is there too: it is not what is tried here
    team.agent.reset();
  }
  chief.events.mark();
  team.world.restart_server(used);
  ASSERT_NE(chief.events.wait(eSetAgentModeEvent), nullptr) << chief.events.story();
  EXPECT_TRUE(Ref<CAgent>(chief.agent->GetMonitoredAgent()));
  team.world.tell_simulator("state 22866 available");
  ASSERT_NE(chief.events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eAvailable)), nullptr)
      << chief.events.story();
  team.world.tell_simulator("call 5551234 to 77");
  ASSERT_NE(chief.events.wait(eOnMonitoredCallBegin), nullptr) << chief.events.story();
}

TEST(Scenario22, ASupervisorWhoLogsOutWatchesNobodyAnyMore) {
  Team team;
  team.watch_all();
  team.watch_agent();
  Arguments reason;
  reason.AddItem(CTIOS_EVENTREASONCODE, 1);
  ASSERT_EQ(team.chief->agent->Logout(reason), CIL_OK);
  ASSERT_NE(team.chief->events.wait(eAgentStateEvent, state_of(kSupervisor, eLogout)), nullptr)
      << team.chief->events.story();
  ASSERT_NE(team.chief->events.wait(eStopMonitoringAgent), nullptr) << team.chief->events.story();
  team.agent->set_state(eAvailable);
  EXPECT_TRUE(team.chief->events.none(eOnMonitoredAgentStateChange)) << team.chief->events.story();
  EXPECT_FALSE(Ref<CAgent>(team.chief->agent->GetMonitoredAgent()));
}

Arguments action(SupervisoryAction what, const std::string& call = "") {
  Arguments args = reference();
  args.AddItem(CTIOS_SUPERVISORYACTION, static_cast<int>(what));
  if (!call.empty()) args.AddItem(CTIOS_CALLREFERENCE, call);
  return args;
}

Recorder::Matches with_button(unsigned bit) {
  return [=](const Seen& seen) {
    const int mask = seen.integer(CTIOS_SUPERVISORBTNENABLEMENTMASK);
    return mask != -1 && (static_cast<unsigned>(mask) & bit) != 0;
  };
}

TEST(Scenario22, ASupervisorBargesInAndIntercepts) {
  Team team;
  team.watch_all();
  team.watch_agent();
  team.agent->set_state(eAvailable);
  const std::string call = team.world.call_arrives(*team.agent, "5551234", "77");
  team.agent->call(call).Answer();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallEstablished, about(call)), nullptr);
  ASSERT_NE(team.chief->events.wait(eSupervisorButtonChange, with_button(ENABLE_BARGE_IN)), nullptr)
      << team.chief->events.story();
  Arguments chosen;
  chosen.AddItem(CTIOS_CALLREFERENCE, call);
  ASSERT_EQ(team.chief->agent->StartMonitoringCall(chosen), CIL_OK);
  ASSERT_NE(team.chief->events.wait(eRequestAcceptedConf), nullptr) << team.chief->events.story();
  EXPECT_TRUE(Ref<CCall>(team.chief->agent->GetMonitoredCall()));
  ASSERT_EQ(team.chief->agent->SuperviseCall(action(eSupervisorBargeIn, call)), CIL_OK);
  const Seen* const own = team.chief->events.wait(eCallBeginEvent);
  ASSERT_NE(own, nullptr) << "the supervisor's own call\n" << team.chief->events.story();
  ASSERT_NE(team.chief->events.wait(eSupervisorButtonChange, with_button(ENABLE_INTERCEPT)),
            nullptr)
      << team.chief->events.story();
  ASSERT_EQ(team.chief->agent->SuperviseCall(action(eSupervisorIntercept, call)), CIL_OK);
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallEnd, about(call)), nullptr)
      << team.chief->events.story();
  EXPECT_FALSE(Ref<CCall>(team.chief->agent->GetMonitoredCall()));
  EXPECT_TRUE(team.chief->has_call(own->text(CTIOS_UNIQUEOBJECTID)));
  EXPECT_TRUE(team.agent->loses_call(call));
}

TEST(Scenario22, DataOfTheMonitoredCallIsTheSupervisorsToChange) {
  Team team;
  team.watch_agent();
  team.agent->set_state(eAvailable);
  const std::string call = team.world.call_arrives(*team.agent, "5551234", "77");
  team.agent->call(call).Answer();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallEstablished, about(call)), nullptr);
  Arguments data;
  data.AddItem(CTIOS_CALLVARIABLE1, "seen by the chief");
  ASSERT_EQ(team.chief->call(call).SetCallData(data), CIL_OK);
  ASSERT_NE(team.agent->events.wait(eCallDataUpdateEvent, about(call)), nullptr)
      << team.chief->events.story();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredCallDataUpdate, about(call)), nullptr);
  EXPECT_EQ(team.agent->call(call).GetValueString(CTIOS_CALLVARIABLE1), "seen by the chief");
}

// ---- scenario 23 ----

Arguments for_member(AgentState state, int reason = 0) {
  Arguments args;
  args.AddItem(CTIOS_SUPERVISORID, "22900");
  args.AddItem(CTIOS_AGENTSTATE, static_cast<int>(state));
  if (reason != 0) args.AddItem(CTIOS_EVENTREASONCODE, reason);
  return args;
}

TEST(Scenario23, ASupervisorMakesAMemberReadyNotReadyAndLogsItOut) {
  Team team;
  team.watch_agent();
  const Ref<CAgent> member(team.chief->agent->GetMonitoredAgent());
  ASSERT_TRUE(member);
  ASSERT_EQ(member->SetAgentState(for_member(eAvailable)), CIL_OK);
  ASSERT_NE(team.agent->events.wait(eAgentStateEvent, state_of(kAgent, eAvailable)), nullptr)
      << team.chief->events.story();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eAvailable)),
            nullptr);
  ASSERT_EQ(member->SetAgentState(for_member(eNotReady, 1)), CIL_OK);
  ASSERT_NE(team.agent->events.wait(eAgentStateEvent, state_of(kAgent, eNotReady)), nullptr);
  ASSERT_EQ(member->SetAgentState(for_member(eLogout, 999)), CIL_OK);
  ASSERT_NE(team.agent->events.wait(eAgentStateEvent, state_of(kAgent, eLogout)), nullptr);
  ASSERT_NE(team.chief->events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eLogout)),
            nullptr);
}

TEST(Scenario23, WhoTalksIsLoggedOutWhenTheCallEnds) {
  Team team;
  team.watch_agent();
  team.agent->set_state(eAvailable);
  const std::string call = team.world.call_arrives(*team.agent, "5551234", "77");
  team.agent->call(call).Answer();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eTalking)),
            nullptr);
  const Ref<CAgent> member(team.chief->agent->GetMonitoredAgent());
  ASSERT_EQ(member->SetAgentState(for_member(eLogout, 999)), CIL_OK);
  ASSERT_NE(team.chief->events.wait(eSetAgentStateConf), nullptr) << team.chief->events.story();
  EXPECT_TRUE(team.agent->events.none(eAgentStateEvent, state_of(kAgent, eLogout)));
  team.agent->call(call).ClearConnection();
  ASSERT_NE(team.chief->events.wait(eOnMonitoredAgentStateChange, state_of(kAgent, eLogout)),
            nullptr)
      << team.chief->events.story();
}

Arguments chat(const std::string& to, const std::string& text) {
  Arguments args;
  args.AddItem(CTIOS_DISTRIBUTION, "agent");
  args.AddItem(CTIOS_TARGET, to);
  args.AddItem(CTIOS_MESSAGE, text);
  return args;
}

TEST(Scenario23, ASupervisorWritesToAnAgentWhoseAnswerIsRefused) {
  Team team(1, "agent_chat_level = \"Disabled\"\n");
  Client colleague;
  colleague.connect(team.world.port());
  colleague.set_agent("22867");
  colleague.login("23902");
  Client monitor;
  monitor.connect(team.world.port());
  monitor.monitor("MessageID=*");
  ASSERT_EQ(team.chief->agent->SendChatMessage(chat("22866", "hi")), CIL_OK);
  const Seen* const said = team.agent->events.wait(eUserMessageEvent);
  ASSERT_NE(said, nullptr) << team.chief->events.story();
  EXPECT_EQ(said->text(CTIOS_MESSAGE), "hi");
  EXPECT_EQ(said->text(CTIOS_SOURCE), "22900");
  ASSERT_EQ(team.agent->agent->SendChatMessage(chat("22900", "hi yourself")), CIL_OK);
  const Seen* const refused = team.agent->events.wait(eControlFailureConf);
  ASSERT_NE(refused, nullptr) << team.agent->events.story();
  EXPECT_EQ(refused->integer(CTIOS_MESSAGETYPE), eUserMessageRequest);
  EXPECT_NE(refused->text("ErrorMessage").find("Disabled"), std::string::npos);
  EXPECT_TRUE(team.chief->events.none(eUserMessageEvent));
  EXPECT_EQ(colleague.events.count(eUserMessageEvent), 0u);
  EXPECT_EQ(monitor.events.count(eUserMessageEvent), 0u);
}

TEST(Scenario23, AnAgentCallsForItsSupervisor) {
  Team team;
  team.watch_agent();
  ASSERT_EQ(team.agent->agent->RequestSupervisorAssist(), CIL_OK);
  ASSERT_NE(team.agent->events.wait(eSupervisorAssistConf), nullptr) << team.agent->events.story();
  const Seen* const rings = team.chief->events.wait(eCallDeliveredEvent);
  ASSERT_NE(rings, nullptr) << team.chief->events.story();
  team.chief->call(rings->text(CTIOS_UNIQUEOBJECTID)).Answer();
  ASSERT_NE(team.agent->events.wait(eCallEstablishedEvent), nullptr) << team.agent->events.story();
}

TEST(Scenario23, AnEmergencyIsToldToTheAgentAndToWhoeverMonitorsIt) {
  Team team;
  team.watch_agent();
  ASSERT_EQ(team.agent->agent->MakeEmergencyCall(), CIL_OK);
  ASSERT_NE(team.agent->events.wait(eEmergencyCallConf), nullptr) << team.agent->events.story();
  ASSERT_NE(team.chief->events.find(eEmergencyCallEvent) != nullptr
                ? team.chief->events.find(eEmergencyCallEvent)
                : team.chief->events.wait(eEmergencyCallEvent),
            nullptr)
      << team.chief->events.story();
}

}  // namespace
}  // namespace cti::scenario
