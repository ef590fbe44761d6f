// agent_test.cpp - scenarios 5 to 8 and 17: agent mode, login, duplicate login, logout.
#include "tests/scenario/world.hpp"

namespace cti::scenario {
namespace {

constexpr char kAgent[] = "agent.5000.22866";

TEST(Scenario05, AgentModeTellsStateIdentityAndSystem) {
  World world;
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  const Seen* query = client.events.find(eQueryAgentStateConf);
  ASSERT_NE(query, nullptr) << client.events.story();
  EXPECT_TRUE(query->integer(CTIOS_AGENTSTATE) == eLogout ||
              query->integer(CTIOS_AGENTSTATE) == eUnknown)
      << client.events.story();
  const Seen* mode = client.events.find(eSetAgentModeEvent);
  EXPECT_EQ(mode->text(CTIOS_UNIQUEOBJECTID), kAgent);
  EXPECT_FALSE(mode->text("CILConnectionID").empty());
  Arguments* status = nullptr;
  ASSERT_TRUE(mode->args.GetValueArray("StatusSystem", &status));
  Arguments* peripherals = nullptr;
  ASSERT_TRUE(status->GetValueArray("StatusPeripherals", &peripherals)) << status->DumpArgs();
  bool online = false;
  EXPECT_TRUE(peripherals->GetValueBool("5000", &online)) << peripherals->DumpArgs();
  EXPECT_TRUE(online);
  peripherals->Release();
  status->Release();
  EXPECT_EQ(client.session.SetAgent(*client.agent), E_CTIOS_AGENT_ALREADY_IN_SESSION);
}

TEST(Scenario06, AGoodLoginEndsInNotReadyWithTheRightButtons) {
  World world;
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  client.login("23901");
  const Seen* state = client.events.find(eAgentStateEvent, where(CTIOS_AGENTSTATE, eNotReady));
  ASSERT_NE(state, nullptr);
  EXPECT_NE(state->mask() & ENABLE_READY, 0u) << std::hex << state->mask();
  EXPECT_NE(state->mask() & (ENABLE_LOGOUT | ENABLE_LOGOUT_WITH_REASON), 0u);
  EXPECT_EQ(state->mask() & ENABLE_LOGIN, 0u);
  std::string extension;
  EXPECT_TRUE(client.agent->GetValueString(CTIOS_AGENTEXTENSION, &extension));
  EXPECT_FALSE(extension.empty());
}

TEST(Scenario07, ALoginThatContradictsSetAgentIsRefusedAtOnce) {
  World world;
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  client.events.mark();
  Arguments other;
  other.AddItem(CTIOS_AGENTID, "1");
  other.AddItem(CTIOS_AGENTINSTRUMENT, "23901");
  other.AddItem(CTIOS_AGENTPASSWORD, "1");
  other.AddItem(CTIOS_PERIPHERALID, kPeripheral);
  EXPECT_EQ(client.agent->Login(other), E_CTIOS_LOGIN_INCONSISTENT_ARGUMENTS);
  EXPECT_TRUE(client.events.none(eControlFailureConf)) << client.events.story();
}

TEST(Scenario07, AWrongPasswordEndsInControlFailure) {
  World world;
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  Arguments wrong;
  wrong.AddItem(CTIOS_AGENTID, "22866");
  wrong.AddItem(CTIOS_AGENTINSTRUMENT, "23901");
  wrong.AddItem(CTIOS_AGENTPASSWORD, "not the password");
  wrong.AddItem(CTIOS_PERIPHERALID, kPeripheral);
  ASSERT_EQ(client.agent->Login(wrong), CIL_OK);
  const Seen* failure = client.events.wait(eControlFailureConf);
  ASSERT_NE(failure, nullptr) << client.events.story();
  EXPECT_EQ(failure->integer(CTIOS_MESSAGETYPE), eSetAgentStateRequest);
  EXPECT_EQ(failure->integer("FailureCode"), 256) << "CF_INVALID_AGENT_ID_SPECIFIED";
  EXPECT_FALSE(failure->text("ErrorMessage").empty());
}

TEST(Scenario08, ASecondSessionSeesThatTheAgentIsLoggedIn) {
  World world;
  Client first;
  first.connect(world.port());
  first.set_agent("22866");
  first.login("23901");
  first.set_state(eAvailable);
  Client second;
  second.connect(world.port());
  second.set_agent("22866");
  const Seen* query = second.events.find(eQueryAgentStateConf);
  ASSERT_NE(query, nullptr) << second.events.story();
  EXPECT_EQ(query->integer(CTIOS_AGENTSTATE), eAvailable);
  const Seen* device = second.events.find(eSnapshotDeviceConf);
  ASSERT_NE(device, nullptr) << second.events.story();
  EXPECT_EQ(device->integer("NumCalls"), 0);
}

TEST(Scenario17, LogoutTellsBeforeAndAfter) {
  World world;
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  client.login("23901");
  client.events.mark();
  Arguments reason;
  reason.AddItem(CTIOS_EVENTREASONCODE, 1);
  ASSERT_EQ(client.agent->Logout(reason), CIL_OK);
  ASSERT_NE(client.events.wait(ePreLogoutEvent), nullptr) << client.events.story();
  ASSERT_NE(client.events.wait(eAgentStateEvent, where(CTIOS_AGENTSTATE, eLogout)), nullptr)
      << client.events.story();
  ASSERT_NE(client.events.wait(ePostLogoutEvent), nullptr) << client.events.story();
}

TEST(Scenario17, LogoutFromReadyFailsAndTheAgentStays) {
  World world;
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  client.login("23901");
  client.set_state(eAvailable);
  client.events.mark();
  Arguments reason;
  reason.AddItem(CTIOS_EVENTREASONCODE, 1);
  ASSERT_EQ(client.agent->Logout(reason), CIL_OK);
  ASSERT_NE(client.events.wait(eControlFailureConf), nullptr) << client.events.story();
  const int failed = client.events.place(eLogoutFailedEvent);
  EXPECT_GE(failed, 0) << client.events.story();
  EXPECT_LT(failed, client.events.place(eControlFailureConf)) << client.events.story();
  EXPECT_EQ(client.agent->GetAgentState(), eAvailable);
}

}  // namespace
}  // namespace cti::scenario
