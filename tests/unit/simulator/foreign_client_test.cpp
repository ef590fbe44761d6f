// Clients as they are found in the field, by their bytes: recorders at version 14, Java tools at 15, codecs at 20, monitors at
// 24. What they leave out, set too generously or count wrongly must not keep them out of a lenient server; a strict one answers
// with the status of the guide.
#include "tests/unit/simulator/raw_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::simulator {
namespace {

using Types = std::vector<std::uint32_t>;
constexpr std::uint32_t kAll = 0xFFFF'FFFF, kNone = 0xFFFF'FFFF;
constexpr std::uint32_t kFailureConf = 1, kFailureEvent = 2, kOpenReq = 3, kOpenConf = 4,
                        kHeartbeatReq = 5, kHeartbeatConf = 6, kAgentStateEvent = 30,
                        kSystemEvent = 31, kQueryAgentState = 36, kQueryAgentStateConf = 37,
                        kMonitorStart = 93, kMonitorStartConf = 94, kTeamConfig = 128;

/// The fixed part of an OPEN_REQ.
struct Open {
  std::uint32_t version = 15, idle = 120, peripheral = kNone, services = 0x10, call_mask = kAll,
                agent_mask = 0x3FFF, config_mask = 0, reserved = 0;

  RawMessage message() const {
    RawMessage made(kOpenReq, version >= 20);
    made.u32(1).u32(version).u32(idle).u32(peripheral).u32(services).u32(call_mask);
    return made.u32(agent_mask).u32(config_mask).u32(reserved).u32(0).u32(0);
  }
  /// With a client's name and an empty password.
  RawMessage named() const { return message().text(1, "foreign").text(2, ""); }
};

RawMessage heartbeat(std::uint32_t id) { return RawMessage(kHeartbeatReq, true).u32(id); }

class Field : public ::testing::Test {
 protected:
  explicit Field(bool strict = false) : world(settings(strict)) {}
  static ServerSettings settings(bool strict) {
    ServerSettings made;
    made.strict = strict;
    return made;
  }
  RawClient& client() {
    clients.push_back(
        std::make_unique<RawClient>(world, "10.0.2." + std::to_string(clients.size() + 1)));
    clients.back()->connect();
    return *clients.back();
  }
  RawClient& send(const RawMessage& message) {
    RawClient& made = client();
    made.send(message);
    return made;
  }
  /// 0: opened. Otherwise the status of FAILURE_CONF.
  std::uint32_t status(const RawMessage& open) {
    const RawClient& made = send(open);
    if (made.frames.empty()) return 0xBAD;
    if (made.frames[0].type == kOpenConf) return 0;
    EXPECT_EQ(made.frames[0].type, kFailureConf);
    EXPECT_EQ(made.frames[0].body.size(), 8U);
    EXPECT_EQ(made.frames[0].u32(0), 1U) << "the request's InvokeID";
    EXPECT_FALSE(made.closed) << "the client may repair the request and try again";
    return made.frames[0].u32(4);
  }
  PlainWorld world;
  std::vector<std::unique_ptr<RawClient>> clients;
};

class StrictField : public Field {
 protected:
  StrictField() : Field(true) {}
};

std::vector<std::byte> operator+(std::vector<std::byte> a, const std::vector<std::byte>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST_F(Field, ARecorderAtVersion14AsksForEveryBitAndSendsItsHeartbeatAtOnce) {
  Open open{.version = 14, .idle = 60, .services = kAll, .agent_mask = kAll, .config_mask = kAll};
  RawClient& recorder = client();
  recorder.send(open.message().text(1, "recorder").text(2, "").bytes() + heartbeat(2).bytes());
  EXPECT_EQ(recorder.types(), (Types{kOpenConf, kTeamConfig, kSystemEvent, kHeartbeatConf}));
  const std::uint32_t granted = recorder.last(kOpenConf).u32(4);
  EXPECT_EQ(granted & 0x11, 0x10U) << "no device was named: all events instead of one device's";
  EXPECT_EQ(granted & 0x1C00, 0U) << "no task services";
  EXPECT_EQ(recorder.last(kHeartbeatConf).u32(0), 2U);
}

TEST_F(Field, AMonitorAtVersion24AsksAboutEveryMemberOfTheTeams) {
  Open open{.version = 24, .idle = 30, .peripheral = 0, .config_mask = 15};
  RawClient& monitor = send(open.message().text(1, "monitor").text(2, ""));
  EXPECT_EQ(monitor.types(), (Types{kOpenConf, kTeamConfig, kSystemEvent}));
  // The domain and the ICM agent are never set by such clients: whatever was on the stack is sent.
  RawMessage query(kQueryAgentState, true);
  query.u32(7).u32(5000).u32(0xCDCDCDCD).u32(0xCDCDCDCD).text(5, "1001");
  monitor.send(query);
  const RawFrame& conf = monitor.last(kQueryAgentStateConf);
  EXPECT_EQ(conf.u32(0), 7U);
  EXPECT_EQ(conf.u16(4), 1U) << "logged out";
  const std::vector<unsigned> tags = conf.tags(34, true);
  for (const unsigned needed : {5U, 4U, 6U, 62U, 63U, 64U, 65U}) {
    EXPECT_TRUE(std::ranges::count(tags, needed) == 1) << "tag " << needed;
  }
  EXPECT_EQ(tags.size(), 7U) << "some clients loop for ever at a tag that they do not know";
}

TEST_F(Field, AgentStatesAlwaysNameDeviceAndDirection) {
  RawClient& monitor = send(Open{.version = 24}.named());
  world.command("state 1001 login");
  world.command("state 1001 logout");
  monitor.settle();
  ASSERT_EQ(monitor.count(kAgentStateEvent), 2U);
  for (const RawFrame& frame : monitor.frames) {
    if (frame.type != kAgentStateEvent) continue;
    const std::vector<unsigned> tags = frame.tags(62, true);
    for (const unsigned needed : {5U, 4U, 6U, 244U}) {
      EXPECT_TRUE(std::ranges::count(tags, needed) == 1) << "tag " << needed;
    }
  }
}

TEST_F(Field, AServiceAtVersion24AsksForClientEventsAndAllEventsTogether) {
  // No password field at all, every mask bit, no peripheral.
  Open open{
      .version = 24, .peripheral = 0, .services = 0x11, .agent_mask = kAll, .config_mask = kAll};
  EXPECT_EQ(status(open.message().text(1, "service")), 0U);
  EXPECT_EQ(clients.back()->last(kOpenConf).u32(4), 0x10U);
}

TEST_F(Field, AJavaToolAtVersion15CountsItsHeaderAndForgetsTheNuls) {
  Open open{.version = 15, .services = 0x26};
  RawClient& tool = send(open.message().field(1, "tool").field(2, "").raw(std::string(8, '\0')));
  ASSERT_EQ(tool.types(), (Types{kOpenConf}));
  EXPECT_EQ(tool.last(kOpenConf).u32(4), 0x26U);
  RawMessage start(kMonitorStart, false);
  start.u32(2).u32(5000).u32(kNone).u32(kAll).u32(kAll).u16(0xFFFF).u16(0);
  tool.send(start.field(76, "23901").raw(std::string(8, '\0')));
  EXPECT_EQ(tool.count(kMonitorStartConf), 1U);
  tool.send(RawMessage(kHeartbeatReq, false).u32(9).raw(std::string(8, '\0')));
  EXPECT_EQ(tool.last(kHeartbeatConf).u32(0), 9U);
  EXPECT_FALSE(tool.closed);
}

TEST_F(Field, ACodecAtVersion20SendsTagsThatNobodyKnows) {
  Open open{.version = 20};
  EXPECT_EQ(status(open.message().text(1, "codec").field(2, "").field(999, "abc").text(3, "sign")),
            0U);
  EXPECT_EQ(status(open.message().field(1, "codec").field(2, std::string(1, '\0')).field(3, "")),
            0U);
}

TEST_F(Field, StrayBytesBehindTheLastFieldAreLeftOut) {
  for (std::size_t stray = 1; stray <= 9; ++stray) {
    for (const std::uint32_t version : {14U, 24U}) {
      const std::string bytes(stray, '\0');
      EXPECT_EQ(status(Open{.version = version}.named().raw(bytes)), 0U) << stray;
      EXPECT_EQ(status(Open{.version = version}.named().raw(std::string(stray, '\x7F'))), 0U)
          << stray;
    }
  }
}

TEST_F(Field, RequestsMayBeCutAnywhere) {
  for (const std::uint32_t version : {14U, 24U}) {
    const std::vector<std::byte> both =
        Open{.version = version}.named().bytes() + heartbeat(3).bytes();
    for (std::size_t cut = 1; cut < both.size(); ++cut) {
      RawClient& made = client();
      made.send_cut(both, cut);
      ASSERT_EQ(made.types(), (Types{kOpenConf, kTeamConfig, kSystemEvent, kHeartbeatConf})) << cut;
      clients.clear();
    }
  }
}

TEST_F(Field, EveryPieceThatLeavesHoldsWholeMessages) {
  RawClient& monitor = send(Open{.version = 24, .services = 0x96}.named());
  for (const char* agent : {"22866", "22867", "1001"}) {
    world.command(std::string("state ") + agent + " login");
    world.command(std::string("state ") + agent + " available");
  }
  for (int i = 0; i < 20; ++i) world.command("call 5551234 to 77 var1=abc user.color=red");
  for (const char* agent : {"22866", "22867", "1001"})
    world.command(std::string("answer ") + agent);
  world.pass(Seconds(5));
  monitor.settle();
  EXPECT_GT(monitor.frames.size(), 20U);
  EXPECT_EQ(monitor.broken_chunks, 0U);
}

TEST_F(Field, OpenConfHasTheFieldsOfItsVersion) {
  const std::pair<std::uint32_t, std::size_t> fixed[] = {{9, 26},  {13, 26}, {14, 26}, {15, 26},
                                                         {19, 30}, {20, 30}, {24, 32}, {25, 32}};
  for (const auto& [version, size] : fixed) {
    const RawFrame conf = send(Open{.version = version}.named()).last(kOpenConf);
    ASSERT_GE(conf.body.size(), size);
    EXPECT_EQ(conf.u32(0), 1U);
    EXPECT_EQ(conf.u32(4), 0x10U);
    EXPECT_EQ(conf.u16(20), 1U) << "online";
    EXPECT_EQ(conf.u16(30) == 1U, version >= 24) << "active";
    const std::vector<unsigned> peripherals =
        version < 14 ? std::vector<unsigned>{} : std::vector<unsigned>{228, 208, 224};
    EXPECT_EQ(conf.tags(size, version >= 20), peripherals) << version;
    const RawFrame desk =
        send(Open{.version = version, .peripheral = 5000, .services = 1}.named().text(5, "22866"))
            .last(kOpenConf);
    std::vector<unsigned> tags = desk.tags(size, version >= 20);
    std::vector<unsigned> named{5};
    named.insert(named.end(), peripherals.begin(), peripherals.end());
    EXPECT_EQ(tags, named) << version;
    clients.clear();
  }
}

TEST_F(Field, TimeoutsAndVersionsAreCheckedEvenWhenLenient) {
  EXPECT_EQ(status(Open{.idle = 0}.named()), 18U);
  EXPECT_EQ(status(Open{.idle = 19}.named()), 18U);
  EXPECT_EQ(status(Open{.idle = 20}.named()), 0U);
  EXPECT_EQ(status(Open{.idle = kAll}.named()), 0U);
  for (const std::uint32_t version : {0U, 8U, 26U, 0x0F000000U, kAll}) {
    EXPECT_EQ(status(Open{.version = version}.named()), 1U) << version;
  }
  for (std::uint32_t version = 9; version <= 25; ++version) {
    EXPECT_EQ(status(Open{.version = version}.named()), 0U) << version;
  }
}

TEST_F(Field, ARefusedClientMayTryAgainOnTheSameConnection) {
  RawClient& made = send(Open{.version = 26}.named());
  made.send(Open{.version = 25}.named());
  EXPECT_EQ(made.count(kFailureConf), 1U);
  EXPECT_EQ(made.count(kOpenConf), 1U);
}

TEST_F(Field, DesktopsNameTheirDeviceInAnyWay) {
  const Open open{.version = 15, .peripheral = 5000, .services = 0x7};
  EXPECT_EQ(status(open.named().text(5, "22866")), 0U);
  EXPECT_EQ(status(open.named().text(4, "23902")), 0U);
  EXPECT_EQ(status(open.named().text(6, "23903")), 0U);
  EXPECT_EQ(status(open.named().text(4, "23904").text(6, "23904").text(5, "")), 0U);
  EXPECT_EQ(status(open.named().text(4, "23904").text(6, "23905")), 32U);
  EXPECT_EQ(status(open.named()), 6U);
  EXPECT_EQ(status(open.named().text(5, "")), 6U);
  EXPECT_EQ(status(open.message().text(2, "").text(5, "22867")), 6U) << "no ClientID";
  Open nowhere = open;
  for (const std::uint32_t left_out : {kNone, 0U}) {
    nowhere.peripheral = left_out;
    EXPECT_EQ(status(nowhere.named().text(5, "1002")), 0U);
  }
  nowhere.peripheral = 5001;
  EXPECT_EQ(status(nowhere.named().text(5, "1002")), 7U);
}

TEST_F(Field, TheSameClientAgainEndsItsOldSession) {
  const RawMessage open =
      Open{.version = 15, .peripheral = 5000, .services = 0x7}.named().text(5, "22866");
  RawClient& first = send(open);
  RawClient& second = send(open);
  first.settle();
  EXPECT_EQ(first.last(kFailureEvent).u32(0), 11U);
  EXPECT_TRUE(first.closed);
  EXPECT_EQ(second.count(kOpenConf), 1U);
}

TEST_F(StrictField, EveryBitAndByteIsLookedAt) {
  EXPECT_EQ(status(Open{}.named()), 0U);
  EXPECT_EQ(status(Open{.services = 0x1'0010}.named()), 19U);
  EXPECT_EQ(status(Open{.agent_mask = kAll}.named()), 21U);
  EXPECT_EQ(status(Open{.config_mask = kAll}.named()), 95U);
  EXPECT_EQ(status(Open{.reserved = 1}.named()), 22U);
  EXPECT_EQ(status(Open{.version = 20}.named().field(999, "abc")), 3U);
  EXPECT_EQ(status(Open{}.named().text(25, "23901")), 26U);
  EXPECT_EQ(status(Open{.version = 14}.named().field(101, std::string(4, '\0'))), 26U);
  EXPECT_EQ(status(Open{}.message().text(1, std::string(70, 'x')).text(2, "")), 23U);
  EXPECT_EQ(status(Open{}.message().text(1, "x")), 6U) << "no password";
  EXPECT_EQ(status(Open{.services = 0x11}.named()), 7U);
  EXPECT_EQ(status(Open{.peripheral = 5000, .services = 0x11}.named()), 6U);
  EXPECT_NE(status(Open{}.named().raw(std::string(3, '\0'))), 0U);
}

}  // namespace
}  // namespace cti::simulator
