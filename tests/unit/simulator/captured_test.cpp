// captured_test.cpp - what a real CTI OS server was seen to send, and what a real CTI Server was seen to answer: the simulator
// grants, orders and fills in the same. The bytes of OPEN_REQ and OPEN_CONF are facts of a published recording.
#include "tests/unit/simulator/raw_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::simulator {
namespace {

using Types = std::vector<std::uint32_t>;
constexpr std::uint32_t kOpenReq = 3, kOpenConf = 4, kSystemEvent = 31, kTeamConfig = 128,
                        kAgentStateEvent = 30, kConfigSkillGroup = 236, kConfigAgent = 237;
constexpr std::uint32_t kOfCtiOs = 0x001C'0296;

/// OPEN_REQ of a CTI OS server at version 15.
std::vector<std::byte> open_of_cti_os() {
  RawMessage made(kOpenReq, false);
  made.u32(2).u32(15).u32(0x7FFF'FFFF).u32(5000).u32(kOfCtiOs).u32(0x0FFF'FFFF).u32(0x3FF).u32(3);
  made.u32(0).u32(0).u32(0);
  return made.text(1, "CTIOSServer").text(2, "CTIOSServer").text(3, "CTIOSServer").bytes();
}

/// The settings with a primary supervisor who is a member of no team.
Settings led_from_outside() {
  Settings made = default_settings();
  for (AgentSettings& agent : made.agents) {
    if (agent.id == "22900") agent.team = 0;
    if (agent.id == "1001") agent.supervisor = true;
  }
  return made;
}

class Captured : public ::testing::TestWithParam<bool> {
 protected:
  static ServerSettings settings() {
    ServerSettings made;
    made.strict = GetParam();
    return made;
  }
  PlainWorld world{settings()};
};

TEST_P(Captured, TheSessionOfACtiOsServerIsGrantedWhatItAsksFor) {
  RawClient client(world, "10.0.2.1");
  client.connect();
  client.send(open_of_cti_os());
  const RawFrame& conf = client.last(kOpenConf);
  EXPECT_EQ(conf.u32(0), 2U);
  EXPECT_EQ(conf.u32(4), kOfCtiOs) << "0x200 and 0x40000 are known, though no guide names them";
  EXPECT_EQ(conf.u32(8), 0U) << "MonitorID: this session has made no monitor";
  EXPECT_EQ(conf.u16(22), 17U);
  EXPECT_EQ(conf.u16(24), 9U) << "AgentState unknown: no agent was named";
  EXPECT_EQ(conf.tags(26, false), (std::vector<unsigned>{228, 208, 224}))
      << "NumPeripherals, the peripheral, MultilineAgentControl, although OPEN_REQ named one";
}

TEST_P(Captured, RingsidedsOwnServicesAreGranted) {
  PlainClient& client = world.session(15, 0x296, {{"AgentStateMask", 0x3FF}, {"ConfigMsgMask", 6}});
  EXPECT_EQ(number(client.last("OPEN_CONF"), "ServicesGranted"), 0x296);
}

TEST_P(Captured, EachBitThatIsKnownAndUnnamedIsGranted) {
  for (const std::uint32_t bit : {0x200U, 0x4000U, 0x4'0000U}) {
    PlainClient& client = world.session(15, 0x10 | bit, {{"ConfigMsgMask", 6}});
    EXPECT_EQ(number(client.last("OPEN_CONF"), "ServicesGranted"), 0x10 | bit);
  }
}

TEST_P(Captured, TeamsComeBeforeSystemEvents) {
  RawClient client(world, "10.0.2.1");
  client.connect();
  client.send(open_of_cti_os());
  EXPECT_EQ(client.types(), (Types{kOpenConf, kTeamConfig, kSystemEvent}));
}

TEST_P(Captured, PeripheralOnlineNamesThePeripheralAndNothingElse) {
  PlainClient& client = world.session(15, 0x10, {{"ConfigMsgMask", 6}});
  for (const std::int64_t id : {3, 4}) {
    const Message& event = client.last("SYSTEM_EVENT");
    EXPECT_EQ(number(event, "SystemEventID"), id);
    EXPECT_EQ(number(event, "SystemEventArg1"), 5000);
    EXPECT_EQ(number(event, "SystemEventArg2"), 0);
    EXPECT_EQ(number(event, "SystemEventArg3"), 0);
    world.command("peripheral offline");
    world.settle();
  }
}

TEST_P(Captured, EventsOfAnAllEventsSessionCarryMonitorIdZero) {
  PlainClient& client = world.session(15, 0x10, {{"ConfigMsgMask", 6}});
  world.command("state 22866 login");
  world.settle();
  EXPECT_EQ(number(client.last("AGENT_STATE_EVENT"), "MonitorID"), 0);
}

INSTANTIATE_TEST_SUITE_P(Modes, Captured, ::testing::Bool(), [](const auto& mode) {
  return mode.param ? std::string("Strict") : std::string("Lenient");
});

// ---- teams -----------------------------------------------------------------------------------------------------------

struct Member {
  std::string id;
  std::int64_t flags;
  friend bool operator==(const Member&, const Member&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Member& m) {
    return out << m.id << ":" << m.flags;
  }
};

std::vector<Member> members(const Message& message) {
  std::vector<Member> found;
  for (const ged::DecodedField& f : message.floating) {
    if (f.name == "AtcAgentID") found.push_back({f.value.text, -1});
    if (f.name == "AgentFlags") found.back().flags = f.value.number;
  }
  return found;
}

TEST(CapturedTeams, APrimarySupervisorIsToldThoughNoMember) {
  PlainWorld world({}, led_from_outside());
  PlainClient& client = world.session(15, 0x10);
  const std::vector<Member> told = members(client.last("AGENT_TEAM_CONFIG_EVENT"));
  EXPECT_EQ(told.size(), 6U);
  EXPECT_TRUE(std::ranges::count(told, Member{"22900", 1}) == 1) << "primary: 1, and no 4";
  EXPECT_TRUE(std::ranges::count(told, Member{"1001", 4}) == 1) << "another supervisor";
  EXPECT_TRUE(std::ranges::count(told, Member{"22866", 0}) == 1);
}

TEST(CapturedTeams, APrimarySupervisorHearsOfTheTeamThatIsLed) {
  PlainWorld world({}, led_from_outside());
  PlainClient& chief = world.session(15, 0x81, {{"AgentID", std::string("22900")}});
  EXPECT_EQ(number(chief.last("AGENT_TEAM_CONFIG_EVENT"), "TeamID"), 5001);
}

TEST(CapturedTeams, WhoLeadsATeamDoesNotLeaveIt) {
  PlainWorld world({}, led_from_outside());
  PlainClient& client = world.session(15, 0x10);
  EXPECT_EQ(world.command("team delete 22900 5001"), "error leads team 5001");
  EXPECT_EQ(world.command("agent delete 22900"), "ok");
  world.settle();
  const Message& gone = client.last("AGENT_TEAM_CONFIG_EVENT");
  EXPECT_EQ(number(gone, "ConfigOperation"), 2);
  EXPECT_EQ(members(gone), (std::vector<Member>{{"22900", 1}}));
}

// ---- configuration -----------------------------------------------------------------------------------------------------

TEST(CapturedConfiguration, TheBeginningCarriesTheKeysOfWhatWasAskedFor) {
  PlainWorld world;
  for (const ged::Version version : {ged::Version{15}, ged::Version{24}}) {
    PlainClient& client = world.session(version, 0x10);
    client.send("CONFIG_REQUEST_EVENT", {{"ConfigInformation", 6}, {"PeripheralID", 5000}});
    world.settle();
    std::vector<std::string> names;
    for (const auto& field : client.last("CONFIG_BEGIN_EVENT").floating)
      names.push_back(field.name);
    EXPECT_EQ(names, (std::vector<std::string>{"SkillGroupConfigKey", "AgentConfigKey"}));
  }
}

TEST(CapturedConfiguration, EmptyTextsAreOneNul) {
  PlainWorld world;
  RawClient client(world, "10.0.2.1");
  client.connect();
  client.send(open_of_cti_os());
  client.send(RawMessage(232, false).u32(0x1F).u32(5000));
  const auto expect_empty = [&](std::uint32_t type, unsigned tag) {
    const RawFrame& frame = client.last(type);
    const char one_nul[] = {static_cast<char>(tag), 1, 0};
    const std::string bytes(as_text(Bytes(frame.body)));
    EXPECT_NE(bytes.find(std::string(one_nul, 3)), std::string::npos) << type << " tag " << tag;
  };
  for (const std::uint32_t type : {235U, kConfigSkillGroup, kConfigAgent, 238U, 245U})
    expect_empty(type, 134);  // Description
  for (const std::uint32_t type : {235U, kConfigSkillGroup})
    expect_empty(type, 176);                                     // ConfigParam
  for (const unsigned tag : {11U, 10U}) expect_empty(238, tag);  // DialedNumber, DNIS
}

TEST(CapturedConfiguration, LoginNamesAreCutToTheirSizeBeforeVersion20) {
  Settings settings = default_settings();
  settings.agents[0].login_name = std::string(40, 'n');
  PlainWorld world({}, settings);
  for (const ged::Version version : {ged::Version{15}, ged::Version{20}}) {
    PlainClient& client = world.session(version, 0x10);
    client.send("CONFIG_REQUEST_EVENT", {{"ConfigInformation", 4}, {"PeripheralID", 5000}});
    world.settle();
    EXPECT_EQ(texts(client.last("CONFIG_AGENT_EVENT"), "LoginName").at(0).size(),
              version < 20 ? 31U : 40U);
  }
}

TEST(CapturedConfiguration, RecordsThatDoNotFitOneMessageComeInSeveral) {
  Settings settings = default_settings();
  for (std::uint32_t i = 0; i < 100; ++i)
    settings.skill_groups.push_back({200 + i, 9000 + i, 0, "g", "62" + std::to_string(100 + i)});
  for (AgentSettings& agent : settings.agents) {
    for (std::uint32_t i = 0; i < 99; ++i) agent.skill_groups.push_back(200 + i);
  }
  for (int i = 0; i < 8; ++i) {
    AgentSettings more = settings.agents.front();
    more.id = "300" + std::to_string(i);
    more.instrument = "2395" + std::to_string(i);
    settings.agents.push_back(more);
  }
  PlainWorld world({}, settings);
  PlainClient& client = world.session(24, 0x10);
  client.send("CONFIG_REQUEST_EVENT", {{"ConfigInformation", 4}, {"PeripheralID", 5000}});
  world.settle();
  std::size_t told = 0;
  for (const Message& message : client.inbox) {
    if (message.name == "CONFIG_AGENT_EVENT") told += texts(message, "LoginID").size();
  }
  EXPECT_EQ(told, settings.agents.size());
}

}  // namespace
}  // namespace cti::simulator
