// Dialogues with the server, each at versions with narrow and wide floating headers.
#include "tests/unit/simulator/plain_client.hpp"

#include <gtest/gtest.h>

namespace cti::simulator {
namespace {

using Names = std::vector<std::string>;
constexpr std::uint32_t kServer =
    0x296 & ~0x200U;  // what a CTI OS server asks for: data, control, all events, supervisor

class Dialogue : public ::testing::TestWithParam<unsigned> {
 protected:
  ged::Version version() const { return GetParam(); }

  PlainClient& everything() { return world.session(version(), kServer); }
  PlainClient& desktop(const char* agent, const char* instrument, std::uint32_t services = 0x7) {
    return world.session(
        version(), services,
        {{"AgentID", std::string(agent)}, {"AgentInstrument", std::string(instrument)}});
  }
  const Message& ask(PlainClient& client, const std::string& name, const Fields& fields,
                     const std::string& answer) {
    Fields all = {{"InvokeID", ++invoke_id}, {"PeripheralID", 5000}};
    const ged::MessageRule* rule = ged::find_message(name);
    const bool has_peripheral =
        std::ranges::find(rule->fixed, "PeripheralID", &ged::FixedRule::name) != rule->fixed.end();
    if (!has_peripheral) all.pop_back();
    all.insert(all.end(), fields.begin(), fields.end());
    client.send(name, all);
    world.settle();
    const Message& got = client.last(answer);
    EXPECT_EQ(number(got, "InvokeID"), invoke_id) << name;
    return got;
  }
  void log_in(PlainClient& client, const char* agent, const char* instrument) {
    ask(client, "SET_AGENT_STATE_REQ",
        {{"AgentState", 0},
         {"AgentID", std::string(agent)},
         {"AgentInstrument", std::string(instrument)},
         {"AgentPassword", std::string(agent)}},
        "SET_AGENT_STATE_CONF");
  }
  void set_state(PlainClient& client, const char* agent, int state) {
    ask(client, "SET_AGENT_STATE_REQ", {{"AgentState", state}, {"AgentID", std::string(agent)}},
        "SET_AGENT_STATE_CONF");
  }
  /// A routed call to 22866 on 23901, ringing. Its ConnectionCallID.
  std::int64_t ringing(PlainClient& client) {
    log_in(client, "22866", "23901");
    set_state(client, "22866", 3);
    EXPECT_TRUE(world.command("call 5551234 to 77 var1=abc user.color=red user.arr[1]=x")
                    .starts_with("ok call"));
    world.settle();
    return number(client.last("CALL_DELIVERED_EVENT"), "ConnectionCallID");
  }
  Fields of(std::int64_t call, const char* device = "23901") {
    return {{"ConnectionCallID", call},
            {"ConnectionDeviceIDType", 0},
            {"ConnectionDeviceID", std::string(device)}};
  }
  std::int64_t talking(PlainClient& client) {
    const std::int64_t call = ringing(client);
    ask(client, "ANSWER_CALL_REQ", of(call), "ANSWER_CALL_CONF");
    return call;
  }
  Fields pair(std::int64_t active, std::int64_t held, const char* other = "HeldConnection") {
    return {{"ActiveConnectionCallID", active},
            {"ActiveConnectionDeviceIDType", 0},
            {"ActiveConnectionDeviceID", std::string("23901")},
            {std::string(other) + "CallID", held},
            {std::string(other) + "DeviceIDType", 0},
            {std::string(other) + "DeviceID", std::string("23901")}};
  }
  /// The consult call to 22867 on 23902, answered.
  std::int64_t consult(PlainClient& client, std::int64_t call) {
    log_in(client, "22867", "23902");
    const Message& made = ask(client, "CONSULTATION_CALL_REQ",
                              {{"ActiveConnectionCallID", call},
                               {"ActiveConnectionDeviceIDType", 0},
                               {"ActiveConnectionDeviceID", std::string("23901")},
                               {"ConsultType", 1},
                               {"DialedNumber", std::string("23902")}},
                              "CONSULTATION_CALL_CONF");
    const std::int64_t second = number(made, "NewConnectionCallID");
    ask(client, "ANSWER_CALL_REQ", of(second, "23902"), "ANSWER_CALL_CONF");
    return second;
  }
  Names calls(const PlainClient& client) { return client.names("CALL_"); }

  PlainWorld world;
  std::int64_t invoke_id = 100;
};

TEST_P(Dialogue, OpensLikeACtiServerAndTellsPeripheralAndTeams) {
  PlainClient& client = everything();
  ASSERT_EQ(client.names(), (Names{"OPEN_CONF", "AGENT_TEAM_CONFIG_EVENT", "SYSTEM_EVENT"}));
  const Message& conf = client.last("OPEN_CONF");
  EXPECT_EQ(number(conf, "ServicesGranted"), kServer);
  EXPECT_EQ(number(conf, "PeripheralOnline"), 1);
  EXPECT_EQ(number(conf, "MonitorID"), 0);
  EXPECT_EQ(number(client.last("SYSTEM_EVENT"), "SystemEventID"), 3);
  EXPECT_EQ(number(client.last("SYSTEM_EVENT"), "SystemEventArg1"), 5000);
  EXPECT_EQ(texts(client.last("AGENT_TEAM_CONFIG_EVENT"), "AtcAgentID").size(), 6U);
}

TEST_P(Dialogue, LogsInAndTellsStates) {
  PlainClient& client = everything();
  client.clear();
  log_in(client, "22866", "23901");
  EXPECT_EQ(client.names(), (Names{"SET_AGENT_STATE_CONF", "AGENT_STATE_EVENT"}));
  EXPECT_EQ(number(client.last("AGENT_STATE_EVENT"), "AgentState"), 2);
  EXPECT_EQ(text(client.last("AGENT_STATE_EVENT"), "AgentInstrument"), "23901");
  set_state(client, "22866", 3);
  EXPECT_EQ(number(client.last("AGENT_STATE_EVENT"), "AgentState"), 3);
  EXPECT_EQ(number(client.last("AGENT_STATE_EVENT"), "SkillGroupNumber"), 77);
}

TEST_P(Dialogue, TellsARoutedCallFromPreCallToEnd) {
  PlainClient& client = everything();
  log_in(client, "22866", "23901");
  set_state(client, "22866", 3);
  client.clear();
  ASSERT_TRUE(world.command("call 5551234 to 77 var1=abc").starts_with("ok call"));
  world.settle();
  const std::int64_t call = number(client.last("CALL_DELIVERED_EVENT"), "ConnectionCallID");
  EXPECT_EQ(text(client.last("BEGIN_CALL_EVENT"), "ANI"), "5551234");
  EXPECT_EQ(text(client.last("BEGIN_CALL_EVENT"), "CallVariable1"), "abc");
  EXPECT_EQ(number(client.last("CALL_DELIVERED_EVENT"), "LocalConnectionState"), 2);
  ask(client, "ANSWER_CALL_REQ", of(call), "ANSWER_CALL_CONF");
  EXPECT_EQ(number(client.last("CALL_ESTABLISHED_EVENT"), "LocalConnectionState"), 3);
  ask(client, "CLEAR_CONNECTION_REQ", of(call), "CLEAR_CONNECTION_CONF");
  EXPECT_EQ(
      client.names(),
      (Names{"AGENT_PRE_CALL_EVENT", "AGENT_STATE_EVENT", "BEGIN_CALL_EVENT",
             "CALL_DELIVERED_EVENT", "ANSWER_CALL_CONF", "CALL_ESTABLISHED_EVENT",
             "RTP_STARTED_EVENT", "RTP_STARTED_EVENT", "AGENT_STATE_EVENT", "CLEAR_CONNECTION_CONF",
             "RTP_STOPPED_EVENT", "RTP_STOPPED_EVENT", "CALL_CONNECTION_CLEARED_EVENT",
             "CALL_CLEARED_EVENT", "END_CALL_EVENT", "AGENT_STATE_EVENT"}));
}

TEST_P(Dialogue, EventsCarryTheMonitorOfTheirSession) {
  const auto desktop = [&](const char* field, const char* value) -> PlainClient& {
    return world.session(version(), 0x1,
                         {{field, std::string(value)}, {"ClientID", std::string(value)}});
  };
  PlainClient& first = desktop("AgentInstrument", "23901");
  PlainClient& second = desktop("AgentID", "22867");
  PlainClient& all = everything();
  ringing(all);
  const std::int64_t a = number(first.last("OPEN_CONF"), "MonitorID");
  const std::int64_t b = number(second.last("OPEN_CONF"), "MonitorID");
  EXPECT_NE(a, b);
  EXPECT_NE(a * b, 0);
  for (const char* name : {"BEGIN_CALL_EVENT", "AGENT_STATE_EVENT", "AGENT_PRE_CALL_EVENT"}) {
    EXPECT_EQ(number(first.last(name), "MonitorID"), a);
    EXPECT_EQ(number(all.last(name), "MonitorID"), 0);
  }
}

TEST_P(Dialogue, NamedDataTravelsWithTheCall) {
  PlainClient& client = everything();
  ringing(client);
  const Message& begin = client.last("BEGIN_CALL_EVENT");
  EXPECT_EQ(number(begin, "NumNamedVariables"), 1);
  EXPECT_EQ(number(begin, "NumNamedArrays"), 1);
  EXPECT_EQ(text(begin, "NamedVariable"), "red");
}

TEST_P(Dialogue, HoldsAndRetrievesAndRefusesTwice) {
  PlainClient& client = everything();
  const std::int64_t call = talking(client);
  ask(client, "HOLD_CALL_REQ", of(call), "HOLD_CALL_CONF");
  EXPECT_EQ(number(client.last("CALL_HELD_EVENT"), "LocalConnectionState"), 4);
  EXPECT_EQ(number(ask(client, "HOLD_CALL_REQ", of(call), "CONTROL_FAILURE_CONF"), "FailureCode"),
            24);
  ask(client, "RETRIEVE_CALL_REQ",
      {{"HeldConnectionCallID", call},
       {"HeldConnectionDeviceIDType", 0},
       {"HeldConnectionDeviceID", std::string("23901")}},
      "RETRIEVE_CALL_CONF");
  EXPECT_EQ(number(client.last("CALL_RETRIEVED_EVENT"), "LocalConnectionState"), 3);
}

TEST_P(Dialogue, MakesCallsFromNotReadyOnly) {
  PlainClient& client = everything();
  log_in(client, "22866", "23901");
  log_in(client, "22867", "23902");
  set_state(client, "22866", 3);
  const Fields dial = {{"AgentInstrument", std::string("23901")},
                       {"DialedNumber", std::string("23902")},
                       {"CallVariable1", std::string("abc")}};
  EXPECT_EQ(number(ask(client, "MAKE_CALL_REQ", dial, "CONTROL_FAILURE_CONF"), "FailureCode"), 21);
  set_state(client, "22866", 2);
  client.clear();
  const std::int64_t call =
      number(ask(client, "MAKE_CALL_REQ", dial, "MAKE_CALL_CONF"), "NewConnectionCallID");
  EXPECT_EQ(client.names(),
            (Names{"MAKE_CALL_CONF", "BEGIN_CALL_EVENT", "CALL_SERVICE_INITIATED_EVENT",
                   "CALL_ORIGINATED_EVENT", "BEGIN_CALL_EVENT", "CALL_DELIVERED_EVENT",
                   "CALL_DELIVERED_EVENT"}));
  EXPECT_EQ(text(client.last("BEGIN_CALL_EVENT"), "ConnectionDeviceID"), "23902");
  EXPECT_EQ(text(client.last("BEGIN_CALL_EVENT"), "CallVariable1"), "abc");
  ask(client, "ANSWER_CALL_REQ", of(call, "23902"), "ANSWER_CALL_CONF");
  ask(client, "CLEAR_CALL_REQ", of(call), "CLEAR_CALL_CONF");
  EXPECT_EQ(client.names("END_CALL").size(), 2U);
}

TEST_P(Dialogue, SetsCallDataWithinItsLimits) {
  PlainClient& client = everything();
  const std::int64_t call = talking(client);
  client.clear();
  Fields data = of(call);
  data.push_back({"CallVariable2", std::string("two")});
  data.push_back({"CallWrapupData", std::string("done")});
  ask(client, "SET_CALL_DATA_REQ", data, "SET_CALL_DATA_CONF");
  const Message& update = client.last("CALL_DATA_UPDATE_EVENT");
  EXPECT_EQ(text(update, "CallVariable2"), "two");
  EXPECT_EQ(text(update, "CallVariable1"), "(none)");  // changed items only
  Fields too_much = of(call);
  too_much.push_back({"NumNamedVariables", 11});
  for (int i = 0; i < 11; ++i) {
    too_much.push_back(
        {"NamedVariable", Named{"user.v" + std::to_string(i), std::string(200, 'v')}});
  }
  EXPECT_EQ(number(ask(client, "SET_CALL_DATA_REQ", too_much, "FAILURE_CONF"), "Status"), 73);
  EXPECT_EQ(number(ask(client, "SET_CALL_DATA_REQ", of(4711), "FAILURE_CONF"), "Status"), 13);
}

TEST_P(Dialogue, SnapshotsDeviceAndCall) {
  PlainClient& client = everything();
  const std::int64_t call = talking(client);
  const Message& device = ask(client, "SNAPSHOT_DEVICE_REQ",
                              {{"AgentInstrument", std::string("23901")}}, "SNAPSHOT_DEVICE_CONF");
  EXPECT_EQ(number(device, "NumCalls"), 1);
  EXPECT_EQ(number(device, "CallConnectionCallID"), call);
  EXPECT_EQ(number(device, "CallState"), 3);
  const Message& snapshot = ask(client, "SNAPSHOT_CALL_REQ", of(call), "SNAPSHOT_CALL_CONF");
  EXPECT_EQ(number(snapshot, "NumCallDevices"), 2);
  EXPECT_EQ(text(snapshot, "CallVariable1"), "abc");
  EXPECT_EQ(texts(snapshot, "CallDeviceID"), (Names{"5551234", "23901"}));
  EXPECT_EQ(number(ask(client, "SNAPSHOT_CALL_REQ", of(1), "FAILURE_CONF"), "Status"), 13);
}

TEST_P(Dialogue, ConsultTransferRenamesTheCallOfTheThird) {
  PlainClient& client = everything();
  const std::int64_t first = talking(client);
  const std::int64_t second = consult(client, first);
  client.clear();
  const Message& conf = ask(client, "TRANSFER_CALL_REQ", pair(second, first), "TRANSFER_CALL_CONF");
  EXPECT_EQ(number(conf, "NewConnectionCallID"), first);
  EXPECT_EQ(number(conf, "NumParties"), 2);
  EXPECT_EQ(texts(conf, "ConnectedPartyDeviceID"), (Names{"5551234", "23902"}));
  const Message& renamed = client.last("CALL_DATA_UPDATE_EVENT");
  EXPECT_EQ(number(renamed, "ConnectionCallID"), second);
  EXPECT_EQ(number(renamed, "NewConnectionCallID"), first);
  EXPECT_EQ(number(renamed, "CallType"), 4);
  EXPECT_EQ(number(client.last("CALL_TRANSFERRED_EVENT"), "EventCause"), 32);
  EXPECT_EQ(client.names("END_CALL").size(), 2U);
  ask(client, "CLEAR_CONNECTION_REQ", of(first, "23902"), "CLEAR_CONNECTION_CONF");
}

TEST_P(Dialogue, ConferencesAndLetsOneGo) {
  PlainClient& client = everything();
  const std::int64_t first = talking(client);
  const std::int64_t second = consult(client, first);
  client.clear();
  const Message& conf =
      ask(client, "CONFERENCE_CALL_REQ", pair(second, first), "CONFERENCE_CALL_CONF");
  EXPECT_EQ(number(conf, "NumParties"), 3);
  const Message& event = client.last("CALL_CONFERENCED_EVENT");
  EXPECT_EQ(number(event, "NumParties"), 3);
  EXPECT_EQ(text(event, "ControllerDeviceID"), "23901");
  EXPECT_EQ(text(event, "AddedPartyDeviceID"), "23902");
  ask(client, "CLEAR_CONNECTION_REQ", of(first), "CLEAR_CONNECTION_CONF");
  EXPECT_EQ(client.names("END_CALL").size(), 2U);  // the consult call's and the leaving agent's
}

TEST_P(Dialogue, AlternatesAndReconnects) {
  PlainClient& client = everything();
  const std::int64_t first = talking(client);
  const std::int64_t second = consult(client, first);
  client.clear();
  ask(client, "ALTERNATE_CALL_REQ", pair(second, first, "OtherConnection"), "ALTERNATE_CALL_CONF");
  EXPECT_EQ(number(client.last("CALL_HELD_EVENT"), "ConnectionCallID"), second);
  EXPECT_EQ(number(client.last("CALL_RETRIEVED_EVENT"), "ConnectionCallID"), first);
  EXPECT_EQ(number(ask(client, "CONFERENCE_CALL_REQ", pair(first, second), "CONTROL_FAILURE_CONF"),
                   "FailureCode"),
            22);
  ask(client, "RECONNECT_CALL_REQ", pair(first, second), "RECONNECT_CALL_CONF");
  EXPECT_EQ(number(client.last("END_CALL_EVENT"), "ConnectionCallID"), first);
}

TEST_P(Dialogue, BlindTransferSingleStepConferenceAndDeflect) {
  PlainClient& client = everything();
  const std::int64_t call = talking(client);
  Fields blind = pair(call, 0xFFFF'FFFF);
  blind.push_back({"DialedNumber", std::string("23902")});
  blind[4].second = 0xFFFF;
  blind.erase(blind.begin() + 5);
  ask(client, "TRANSFER_CALL_REQ", blind, "TRANSFER_CALL_CONF");
  ask(client, "DEFLECT_CALL_REQ",
      {{"ConnectionCallID", call},
       {"ConnectionDeviceIDType", 0},
       {"ConnectionDeviceID", std::string("23902")},
       {"CalledDeviceType", 0},
       {"CalledDeviceID", std::string("23903")}},
      "DEFLECT_CALL_CONF");
  EXPECT_EQ(text(client.last("CALL_DIVERTED_EVENT"), "DivertingDeviceID"), "23902");
  ask(client, "ANSWER_CALL_REQ", of(call, "23903"), "ANSWER_CALL_CONF");
  Fields add = blind;
  add[2].second = std::string("23903");
  add.back().second = std::string("23904");
  ask(client, "CONFERENCE_CALL_REQ", add, "CONFERENCE_CALL_CONF");
  ask(client, "ANSWER_CALL_REQ", of(call, "23904"), "ANSWER_CALL_CONF");
  EXPECT_EQ(number(client.last("CALL_CONFERENCED_EVENT"), "NumParties"), 3);
  ask(client, "SEND_DTMF_SIGNAL_REQ",
      {{"ConnectionCallID", call},
       {"ConnectionDeviceIDType", 0},
       {"ConnectionDeviceID", std::string("23904")},
       {"DTMFString", std::string("12#")}},
      "SEND_DTMF_SIGNAL_CONF");
}

TEST_P(Dialogue, SupervisorBargesInAndIntercepts) {
  PlainClient& client = everything();
  const std::int64_t call = talking(client);
  log_in(client, "22900", "23900");
  const auto act = [&](int action) -> const Message& {
    return ask(client, "SUPERVISE_CALL_REQ",
               {{"AgentConnectionCallID", 0xFFFF'FFFF},
                {"SupervisorConnectionCallID", 0xFFFF'FFFF},
                {"AgentConnectionDeviceIDType", 0xFFFF},
                {"SupervisorConnectionDeviceIDType", 0xFFFF},
                {"SupervisoryAction", action},
                {"AgentID", std::string("22866")},
                {"SupervisorInstrument", std::string("23900")}},
               "SUPERVISE_CALL_CONF");
  };
  EXPECT_EQ(number(act(1), "ConnectionCallID"), call);
  EXPECT_EQ(number(client.last("CALL_ESTABLISHED_EVENT"), "EventCause"), 46);
  const Message& device = ask(client, "SNAPSHOT_DEVICE_REQ",
                              {{"AgentInstrument", std::string("23901")}}, "SNAPSHOT_DEVICE_CONF");
  EXPECT_EQ(number(device, "SilentMonitorStatus"), version() >= 13 ? 2 : -1);
  act(3);
  EXPECT_EQ(number(client.last("CALL_CONFERENCED_EVENT"), "EventCause"), 48);
  act(4);
  EXPECT_EQ(number(client.last("CALL_CONNECTION_CLEARED_EVENT"), "EventCause"), 49);
}

TEST_P(Dialogue, AssistAndEmergencyFindASupervisor) {
  PlainClient& client = everything();
  log_in(client, "22866", "23901");
  const Fields who = {{"ConnectionCallID", 0xFFFF'FFFF},
                      {"ConnectionDeviceIDType", 0xFFFF},
                      {"AgentID", std::string("22866")}};
  EXPECT_EQ(number(ask(client, "SUPERVISOR_ASSIST_REQ", who, "FAILURE_CONF"), "Status"), 64);
  log_in(client, "22900", "23900");
  const Message& made = ask(client, "EMERGENCY_CALL_REQ", who, "EMERGENCY_CALL_CONF");
  EXPECT_EQ(number(client.last("EMERGENCY_CALL_EVENT"), "ConnectionCallID"),
            number(made, "ConnectionCallID"));
  EXPECT_EQ(number(client.last("BEGIN_CALL_EVENT"), "CallType"), 20);
}

TEST_P(Dialogue, QueriesAgentsDesksAndStatistics) {
  PlainClient& client = everything();
  const Fields who = {{"AgentID", std::string("22866")}};
  const Fields with_domain = {{"MRDID", 1}, {"AgentID", std::string("22866")}};
  EXPECT_EQ(number(ask(client, "QUERY_AGENT_STATE_REQ", with_domain, "QUERY_AGENT_STATE_CONF"),
                   "AgentState"),
            1);
  talking(client);
  world.pass(Seconds(20));
  const Message& state =
      ask(client, "QUERY_AGENT_STATE_REQ", with_domain, "QUERY_AGENT_STATE_CONF");
  EXPECT_EQ(number(state, "AgentState"), 4);
  EXPECT_EQ(number(state, "SkillGroupNumber"), 77);
  EXPECT_EQ(number(ask(client, "AGENT_DESK_SETTINGS_REQ", who, "AGENT_DESK_SETTINGS_CONF"),
                   "RingNoAnswerTime"),
            30);
  const Message& statistics =
      ask(client, "QUERY_AGENT_STATISTICS_REQ", who, "QUERY_AGENT_STATISTICS_CONF");
  EXPECT_GE(number(statistics, "LoggedOnTimeSession"), 20);
  const Message& group = ask(client, "QUERY_SKILL_GROUP_STATISTICS_REQ",
                             {{"SkillGroupNumber", 77}, {"SkillGroupID", 0xFFFF'FFFF}},
                             "QUERY_SKILL_GROUP_STATISTICS_CONF");
  EXPECT_EQ(number(group, "AgentsLoggedOn"), 1);
  EXPECT_EQ(number(group, "AgentsTalkingIn"), 1);
  EXPECT_EQ(number(ask(client, "QUERY_DEVICE_INFO_REQ", {{"AgentInstrument", std::string("23901")}},
                       "QUERY_DEVICE_INFO_CONF"),
                   "MaxActiveCalls"),
            1);
  EXPECT_EQ(number(ask(client, "QUERY_AGENT_STATE_REQ",
                       {{"MRDID", 1}, {"AgentID", std::string("9")}}, "FAILURE_CONF"),
                   "Status"),
            8);
}

TEST_P(Dialogue, DownloadsTheConfigurationInItsOrder) {
  PlainClient& client = everything();
  client.clear();
  client.send("CONFIG_REQUEST_KEY_EVENT", {{"PeripheralID", 5000}});
  client.send("CONFIG_REQUEST_EVENT", {{"ConfigInformation", 0xFF}, {"PeripheralID", 5000}});
  world.settle();
  if (version() < 10) {
    EXPECT_EQ(number(client.last("FAILURE_CONF"), "Status"), 48);
    return;
  }
  Names expected = {"CONFIG_KEY_EVENT",         "CONFIG_BEGIN_EVENT",    "CONFIG_SERVICE_EVENT",
                    "CONFIG_SKILL_GROUP_EVENT", "CONFIG_AGENT_EVENT",    "CONFIG_DEVICE_EVENT",
                    "CONFIG_DEVICE_EVENT",      "CONFIG_CALL_TYPE_EVENT"};
  if (version() >= 20) expected.push_back("CONFIG_MRD_EVENT");
  if (version() >= 22) expected.push_back("CONFIG_PERIPHERAL_EVENT");
  if (version() >= 22) expected.push_back("CONFIG_AGENT_DESK_SETTINGS_EVENT");
  expected.push_back("CONFIG_END_EVENT");
  EXPECT_EQ(client.names(), expected);
  EXPECT_EQ(texts(client.last("CONFIG_AGENT_EVENT"), "LoginID").size(), 6U);
}

TEST_P(Dialogue, DesktopSeesItsOwnDeviceOnly) {
  PlainClient& first = desktop("22866", "23901");
  PlainClient& second = desktop("22867", "23902");
  talking(first);
  EXPECT_TRUE(first.has("CALL_ESTABLISHED_EVENT"));
  EXPECT_FALSE(second.has("BEGIN_CALL_EVENT"));
  EXPECT_FALSE(second.has("AGENT_STATE_EVENT"));
  const std::int64_t call = number(first.last("BEGIN_CALL_EVENT"), "ConnectionCallID");
  EXPECT_EQ(number(ask(second, "CLEAR_CONNECTION_REQ", of(call), "FAILURE_CONF"), "Status"), 12);
  EXPECT_EQ(number(ask(second, "SNAPSHOT_CALL_REQ", of(call), "FAILURE_CONF"), "Status"), 35);
}

TEST_P(Dialogue, DesktopThatComesBackIsToldOfItsCalls) {
  PlainClient& first = desktop("22866", "23901");
  const std::int64_t call = talking(first);
  PlainClient& again = desktop("22866", "23901");
  EXPECT_EQ(number(again.last("BEGIN_CALL_EVENT"), "ConnectionCallID"), call);
  EXPECT_EQ(number(first.last("FAILURE_EVENT"), "Status"), 11);
  EXPECT_TRUE(first.closed);
}

TEST_P(Dialogue, MonitorsDevicesAndCalls) {
  PlainClient& control = everything();
  PlainClient& watcher = world.session(version(), 0x20);
  const Fields masks = {{"CallMsgMask", 0xFFFF'FFFF}, {"AgentStateMask", 0x3FFF}};
  Fields device = {{"ConnectionCallID", 0xFFFF'FFFF},
                   {"ConnectionDeviceIDType", 0xFFFF},
                   {"MonitoredDeviceType", 0},
                   {"MonitoredDeviceID", std::string("23901")}};
  device.insert(device.end(), masks.begin(), masks.end());
  const std::int64_t monitor =
      number(ask(watcher, "MONITOR_START_REQ", device, "MONITOR_START_CONF"), "MonitorID");
  EXPECT_EQ(number(ask(watcher, "MONITOR_START_REQ", device, "FAILURE_CONF"), "Status"), 89);
  const std::int64_t call = talking(control);
  EXPECT_EQ(number(watcher.last("CALL_ESTABLISHED_EVENT"), "MonitorID"), monitor);
  ask(watcher, "CHANGE_MONITOR_MASK_REQ", {{"MonitorID", monitor}, {"CallMsgMask", 8}},
      "CHANGE_MONITOR_MASK_CONF");
  watcher.clear();
  ask(control, "HOLD_CALL_REQ", of(call), "HOLD_CALL_CONF");
  ask(control, "CLEAR_CONNECTION_REQ", of(call), "CLEAR_CONNECTION_CONF");
  EXPECT_EQ(watcher.names(), (Names{"CALL_HELD_EVENT"}));
  ask(watcher, "MONITOR_STOP_REQ", {{"MonitorID", monitor}}, "MONITOR_STOP_CONF");
  EXPECT_EQ(
      number(ask(watcher, "MONITOR_STOP_REQ", {{"MonitorID", monitor}}, "FAILURE_CONF"), "Status"),
      55);
}

TEST_P(Dialogue, MonitorsTeamsAndSessions) {
  PlainClient& control = everything();
  PlainClient& watcher = world.session(version(), 0x80 | 0x10 | 0x40);
  EXPECT_TRUE(watcher.has("CLIENT_SESSION_OPENED_EVENT"));
  const Message& teams =
      ask(watcher, "LIST_AGENT_TEAM_REQ", {{"SupervisorID", 0xFFFF'FFFF}}, "LIST_AGENT_TEAM_CONF");
  EXPECT_EQ(number(teams, "TeamID"), 5001);
  const std::int64_t monitor = number(ask(watcher, "MONITOR_AGENT_TEAM_START_REQ",
                                          {{"TeamID", 5001}}, "MONITOR_AGENT_TEAM_START_CONF"),
                                      "MonitorID");
  EXPECT_EQ(watcher.names("AGENT_STATE").size(), 6U);
  EXPECT_EQ(number(ask(watcher, "MONITOR_AGENT_TEAM_START_REQ", {{"TeamID", 5001}}, "FAILURE_CONF"),
                   "Status"),
            83);
  log_in(control, "22866", "23901");
  EXPECT_EQ(number(watcher.last("AGENT_STATE_EVENT"), "MonitorID"), monitor);
  ask(watcher, "MONITOR_AGENT_TEAM_STOP_REQ", {{"MonitorID", monitor}},
      "MONITOR_AGENT_TEAM_STOP_CONF");
}

TEST_P(Dialogue, RegisteredVariablesNarrowWhatIsSent) {
  PlainClient& client = everything();
  ask(client, "REGISTER_VARIABLES_REQ",
      {{"CallVariableMask", 2},
       {"NumNamedVariables", 1},
       {"NamedVariable", Named{"user.other", ""}}},
      "REGISTER_VARIABLES_CONF");
  ringing(client);
  EXPECT_EQ(text(client.last("BEGIN_CALL_EVENT"), "CallVariable1"), "(none)");
  EXPECT_EQ(number(client.last("BEGIN_CALL_EVENT"), "NumNamedVariables"), 0);
}

TEST_P(Dialogue, SmallRequestsAreConfirmed) {
  PlainClient& client = everything();
  ask(client, "CLIENT_EVENT_REPORT_REQ", {{"State", 0}, {"ObjectName", std::string("x")}},
      "CLIENT_EVENT_REPORT_CONF");
  PlainClient& other = everything();
  ask(client, "USER_MESSAGE_REQ", {{"Distribution", 3}, {"Text", std::string("hello")}},
      "USER_MESSAGE_CONF");
  EXPECT_EQ(text(other.last("USER_MESSAGE_EVENT"), "Text"), "hello");
  const std::int64_t call = talking(client);
  ask(client, "BAD_CALL_REQ", of(call), "BAD_CALL_CONF");
  ask(client, "RELEASE_CALL_REQ", of(call), "RELEASE_CALL_CONF");
  ask(client, "SET_APP_DATA_REQ", {{"CallVariable1", std::string("x")}}, "SET_APP_DATA_CONF");
  if (version() >= 15) {
    ask(client, "AGENT_GREETING_CONTROL_REQ",
        {{"AgentAction", 0}, {"AgentID", std::string("22866")}}, "AGENT_GREETING_CONTROL_CONF");
  }
  EXPECT_EQ(number(ask(client, "MAKE_PREDICTIVE_CALL_REQ", {{"DialedNumber", std::string("1")}},
                       "CONTROL_FAILURE_CONF"),
                   "FailureCode"),
            277);
}

TEST_P(Dialogue, RefusesLoginsAndLogouts) {
  PlainClient& client = everything();
  const auto login = [&](const char* agent, const char* password, const char* instrument) {
    return number(ask(client, "SET_AGENT_STATE_REQ",
                      {{"AgentState", 0},
                       {"AgentID", std::string(agent)},
                       {"AgentPassword", std::string(password)},
                       {"AgentInstrument", std::string(instrument)}},
                      "CONTROL_FAILURE_CONF"),
                  "FailureCode");
  };
  EXPECT_EQ(login("9", "9", "23901"), 256);
  EXPECT_EQ(login("22866", "wrong", "23901"), 256);
  EXPECT_EQ(login("22866", "22866", "9"), 260);
  log_in(client, "22866", "23901");
  EXPECT_EQ(login("22866", "22866", "23902"), 259);
  set_state(client, "22866", 3);
  EXPECT_EQ(
      number(ask(client, "SET_AGENT_STATE_REQ",
                 {{"AgentState", 1}, {"EventReasonCode", 1}, {"AgentID", std::string("22866")}},
                 "CONTROL_FAILURE_CONF"),
             "FailureCode"),
      21);
  set_state(client, "22866", 2);
  set_state(client, "22866", 1);
  EXPECT_EQ(number(client.last("AGENT_STATE_EVENT"), "AgentState"), 1);
}

INSTANTIATE_TEST_SUITE_P(Versions, Dialogue, ::testing::Values(9U, 14U, 15U, 20U, 24U, 25U),
                         [](const auto& tested) {
                           return "Version" + std::to_string(tested.param);
                         });

}  // namespace
}  // namespace cti::simulator
