// program_test.cpp - what programs written for CTI OS do with a server beside calls: settings, reasons, names, waiting.
#include "tests/scenario/world.hpp"

namespace cti::scenario {
namespace {

constexpr char kSettings[] = R"(
desktop = ["ScreenPreferences.MainScreen.FlashOnCall=true", "Login.custom_Warn=1", "OurOwn=x"]
ecc = ["account", "user.lines[2]"]
[[line.profile]]
name = "Berlin"
ctios_a = "ctios-a"
peripheral_id = 5000
[[line.rules]]
logout_reason_required = true
logout_reasons = ["End of shift=1", "Training=7"]
not_ready_reasons = ["Lunch=12"]
wrapup_strings = ["sold"]
)";

/// The array at this path of nested arrays; empty when there is none.
Arguments at_path(const Arguments& from, std::initializer_list<const char*> path) {
  Arguments now(from);
  for (const char* key : path) {
    Arguments* next = nullptr;
    if (!now.GetValueArray(key, &next)) return {};
    now = Arguments(*next);
    next->Release();
  }
  return now;
}

TEST(Programs, DesktopSettingsEccProfilesAndCustomValuesComeFromTheFile) {
  World world(1, {}, kSettings);
  Client client;
  client.connect(world.port());
  ASSERT_EQ(client.session.RequestDesktopSettings(Arguments()), CIL_OK);
  const Seen* conf = client.events.wait(eGlobalSettingsDownloadConf);
  ASSERT_NE(conf, nullptr) << client.events.story();
  const Arguments& all = conf->args;
  EXPECT_TRUE(at_path(all, {"ScreenPreferences", "MainScreen"}).GetValueBool("FlashOnCall"));
  EXPECT_EQ(at_path(all, {"Login"}).GetValueInt("custom_Warn"), 1);
  EXPECT_TRUE(all.IsValid("OurOwn"));
  const Arguments ecc = at_path(all, {"ECC"});
  EXPECT_TRUE(ecc.IsValid("user.account")) << ecc.DumpArgs();
  EXPECT_TRUE(ecc.IsValid("user.lines[1]"));
  EXPECT_FALSE(ecc.IsValid("user.lines[2]"));
  const Arguments profile = at_path(all, {"Login", "ConnectionProfiles", "Berlin"});
  EXPECT_EQ(profile.GetValueString("CtiOsA"), "ctios-a") << all.DumpArgs();
  EXPECT_EQ(profile.GetValueInt("PortA"), 42028);
  EXPECT_EQ(profile.GetValueInt("PeripheralID"), 5000);
}

TEST(Programs, AfterALoginTheStateIsToldOnceAndTheReasonsAreTheAgents) {
  World world(1, {}, kSettings);
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  Client other;  // the same agent on another desktop: it has asked for nothing
  other.connect(world.port());
  other.set_agent("22866");
  other.events.mark();
  const std::size_t before = client.events.count(eQueryAgentStateConf);
  client.events.mark();
  Arguments mask;
  mask.AddItem("Event1", eQueryAgentStateConf);
  const Ref<CWaitObject> wait(client.session.CreateWaitObject(mask));
  client.login("23901");
  EXPECT_EQ(wait->WaitOnMultipleEvents(30'000), EVENT_SIGNALED) << client.events.story();
  EXPECT_TRUE(client.agent->IsValid(CTIOS_LOGOUTREASONREQUIRED));
  int required = 0;
  EXPECT_TRUE(client.agent->GetValueInt(CTIOS_LOGOUTREASONREQUIRED, &required));
  EXPECT_EQ(required, 1);
  Arguments properties;
  client.agent->GetAllProperties(properties);
  EXPECT_EQ(at_path(properties, {CTIOS_LOGOUTREASONCODES}).GetValueInt("Training"), 7);
  EXPECT_EQ(at_path(properties, {CTIOS_NOTREADYREASONCODES}).GetValueInt("Lunch"), 12);
  EXPECT_EQ(at_path(properties, {CTIOS_INCOMINGWRAPUPSTRINGS}).GetValueString("1"), "sold");

  ASSERT_EQ(client.agent->QueryAgentState(), CIL_OK);
  EXPECT_EQ(wait->WaitOnMultipleEvents(30'000), EVENT_SIGNALED) << client.events.story();
  EXPECT_TRUE(other.events.none(eQueryAgentStateConf)) << other.events.story();
  EXPECT_EQ(client.events.count(eQueryAgentStateConf), before + 2) << client.events.story();
}

TEST(Programs, AnAgentMayBeSetByItsLoginName) {
  World world;
  Client client;
  client.connect(world.port());
  client.agent = new CAgent;
  client.agent->SetValue(CTIOS_LOGINNAME, "Agent22866");
  client.agent->SetValue(CTIOS_PERIPHERALID, kPeripheral);
  ASSERT_EQ(client.session.SetAgent(*client.agent), CIL_OK);
  const Seen* mode = client.events.wait(eSetAgentModeEvent);
  ASSERT_NE(mode, nullptr) << client.events.story();
  EXPECT_EQ(mode->text(CTIOS_UNIQUEOBJECTID), "agent.5000.22866");
  EXPECT_EQ(client.agent->GetValueString(CTIOS_AGENTID), "22866");
}

TEST(Programs, SetAgentNullAndAnotherAgentOnOneSession) {
  World world;
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  ASSERT_EQ(client.session.SetAgent(nullptr), CIL_OK);
  ASSERT_NE(client.events.wait(eOnCurrentAgentReset), nullptr) << client.events.story();
  CAgent* const before = client.agent;
  client.set_agent("22867");
  before->Release();
  client.login("23902");
  EXPECT_EQ(client.agent->GetAgentState(), eNotReady);
  EXPECT_EQ(client.events.count(eOnConnection), 1U) << client.events.story();
}

TEST(Programs, TheOnlyServerMayBeRestartedAfterTheSettingsHaveCome) {
  World world;
  Client client;
  client.connect(world.port());
  ASSERT_EQ(client.session.RequestDesktopSettings(Arguments()), CIL_OK);
  ASSERT_NE(client.events.wait(eGlobalSettingsDownloadConf), nullptr) << client.events.story();
  client.events.mark();
  world.restart_server();
  ASSERT_NE(client.events.wait(eOnConnection), nullptr) << client.events.story();
  EXPECT_EQ(client.events.find(eOnConnectionFailure,
                               [](const Seen& seen) { return seen.args.IsValid("FinalAttempt"); }),
            nullptr);
}

}  // namespace
}  // namespace cti::scenario
