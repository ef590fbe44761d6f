// What several sessions have to do with one another: recording servers, session monitors, sides, clients of one call.
#include "tests/unit/simulator/plain_client.hpp"

#include <gtest/gtest.h>

namespace cti::simulator {
namespace {

using Names = std::vector<std::string>;
const std::string kDevice = "23901";

struct Office : PlainWorld {
  explicit Office(ServerSettings settings = {}, Settings gateway = default_settings())
      : PlainWorld(settings, std::move(gateway)) {}
  /// 22866 on 23901 talks to a caller. The call's number.
  CallNumber talking() {
    command("state 22866 login");
    EXPECT_EQ(command("state 22866 available"), "ok");
    EXPECT_TRUE(command("call 5551234 to 77 var1=abc").starts_with("ok"));
    settle();
    EXPECT_TRUE(command("answer 22866").starts_with("ok"));
    settle();
    return model().calls().begin()->first;
  }
  Model& model() { return server->model(); }
  Fields of(CallNumber call, std::int64_t invoke_id) {
    return {{"InvokeID", invoke_id},
            {"PeripheralID", 5000},
            {"ConnectionCallID", call},
            {"ConnectionDeviceIDType", 0},
            {"ConnectionDeviceID", kDevice}};
  }
  void ask(PlainClient& client, const std::string& name, const Fields& fields) {
    client.send(name, fields);
    settle();
  }
  PlainClient& recorder(int mode, const char* service = "recording") {
    PlainClient& made = session(15, 0x100);
    ask(made, "REGISTER_SERVICE_REQ",
        {{"InvokeID", 3}, {"ServerMode", mode}, {"ServiceName", std::string(service)}});
    return made;
  }
};

TEST(SimulatorControl, AnswersRepeatNoControlCharacter) {
  Office world;
  EXPECT_EQ(world.command("no\x1b[31m\x07\xc2\x9b"),
            "error unknown command: no\\x1b[31m\\x07\\xc2\\x9b (help lists them)");
  EXPECT_TRUE(world.command("call 5\x08 to 23902").starts_with("ok")) << "what is shown, not taken";
  EXPECT_NE(world.command("calls").find("5\\x08->23902"), std::string::npos);
}

TEST(SimulatorRecording, RequestsGoToTheServerAndItsAnswerComesBack) {
  Office world;
  const CallNumber call = world.talking();
  PlainClient& server = world.recorder(0);
  PlainClient& asker = world.session(20, 0x16);
  world.ask(asker, "START_RECORDING_REQ", world.of(call, 90));
  EXPECT_FALSE(asker.has("START_RECORDING_CONF")) << "nobody has answered yet";
  const Message& passed = server.last("START_RECORDING_REQ");
  EXPECT_EQ(number(passed, "ConnectionCallID"), call);
  EXPECT_EQ(text(passed, "ClientID"), "plain");
  world.ask(server, "START_RECORDING_CONF",
            {{"InvokeID", number(passed, "InvokeID")}, {"SessionID", 0}, {"ServerData", 777}});
  const Message& conf = asker.last("START_RECORDING_CONF");
  EXPECT_EQ(number(conf, "InvokeID"), 90);
  EXPECT_EQ(number(conf, "ServerData"), 777);
  Fields stop = world.of(call, 91);
  stop.push_back({"SessionID", number(conf, "SessionID")});
  stop.push_back({"ServerData", 777});
  world.ask(asker, "STOP_RECORDING_REQ", stop);
  EXPECT_EQ(number(server.last("STOP_RECORDING_REQ"), "ServerData"), 777);
  world.ask(server, "STOP_RECORDING_CONF",
            {{"InvokeID", number(server.last("STOP_RECORDING_REQ"), "InvokeID")}});
  EXPECT_EQ(number(asker.last("STOP_RECORDING_CONF"), "InvokeID"), 91);
  world.ask(server, "STOP_RECORDING_CONF", {{"InvokeID", 12345}});
  EXPECT_EQ(asker.names("STOP_RECORDING").size(), 1U);
}

TEST(SimulatorRecording, ASilentOrVanishedServerEndsInControlFailure) {
  Office world;
  const CallNumber call = world.talking();
  PlainClient& server = world.recorder(1);
  PlainClient& asker = world.session(15, 0x16);
  world.ask(asker, "START_RECORDING_REQ", world.of(call, 90));
  world.pass(Seconds(16));
  EXPECT_EQ(number(asker.last("CONTROL_FAILURE_CONF"), "FailureCode"), 78);
  world.ask(asker, "START_RECORDING_REQ", world.of(call, 91));
  world.ask(server, "CLOSE_REQ", {{"InvokeID", 9}, {"Status", 0}});
  EXPECT_EQ(number(asker.last("CONTROL_FAILURE_CONF"), "FailureCode"), 77);
  world.ask(asker, "START_RECORDING_REQ", world.of(call, 92));
  EXPECT_EQ(number(asker.last("CONTROL_FAILURE_CONF"), "FailureCode"), 272);
}

TEST(SimulatorRecording, ServersTakeTurnsOrAllHear) {
  for (const int mode : {1, 2}) {
    Office world;
    const CallNumber call = world.talking();
    PlainClient& first = world.recorder(mode);
    PlainClient& second = world.recorder(mode);
    PlainClient& asker = world.session(15, 0x16);
    for (int i = 0; i < 2; ++i) world.ask(asker, "START_RECORDING_REQ", world.of(call, 90 + i));
    const std::size_t each = mode == 1 ? 1 : 2;
    EXPECT_EQ(first.names("START_RECORDING_REQ").size(), each);
    EXPECT_EQ(second.names("START_RECORDING_REQ").size(), each);
  }
}

TEST(SimulatorRecording, ModesOfOneServiceDoNotMix) {
  Office world;
  world.recorder(1);
  EXPECT_EQ(number(world.recorder(2).last("FAILURE_CONF"), "Status"), 85);
  EXPECT_EQ(number(world.recorder(0).last("FAILURE_CONF"), "Status"), 85);
  EXPECT_EQ(number(world.recorder(3).last("FAILURE_CONF"), "Status"), 84);
  EXPECT_TRUE(world.recorder(0, "something else").has("REGISTER_SERVICE_CONF"));
}

TEST(SimulatorRecording, TheNetworkTellsWhatCameOfIt) {
  Office world;
  const CallNumber call = world.talking();
  PlainClient& client = world.session(24, 0x16);
  PlainClient& old = world.session(15, 0x16);
  client.clear();
  old.clear();
  world.ask(client, "START_NETWORK_RECORDING_REQ", world.of(call, 5));
  world.ask(client, "START_NETWORK_RECORDING_REQ", world.of(call, 6));
  world.ask(client, "STOP_NETWORK_RECORDING_REQ", world.of(call, 7));
  world.ask(client, "START_NETWORK_RECORDING_REQ", world.of(call, 8));
  world.command("hangup " + std::to_string(call));
  world.settle();
  Names told = client.names("NETWORK_");
  EXPECT_EQ(told, (Names{"NETWORK_RECORDING_TARGET_INFO_EVENT", "NETWORK_RECORDING_STARTED_EVENT",
                         "NETWORK_RECORDING_FAILED_EVENT", "NETWORK_RECORDING_ENDED_EVENT",
                         "NETWORK_RECORDING_TARGET_INFO_EVENT", "NETWORK_RECORDING_STARTED_EVENT",
                         "NETWORK_RECORDING_ENDED_EVENT"}));
  EXPECT_TRUE(old.names("NETWORK_").empty()) << "unknown before version 23";
}

TEST(SimulatorGreeting, PlaysWhenARoutedCallIsAnsweredAndCanBeStopped) {
  Settings gateway = default_settings();
  gateway.timings.greeting = Seconds(8);
  Office world({}, gateway);
  PlainClient& client = world.session(15, 0x16);
  const CallNumber call = world.talking();
  const auto codes = [&] {
    std::vector<std::int64_t> found;
    for (const Message& m : client.inbox)
      if (m.name == "CALL_AGENT_GREETING_EVENT") found.push_back(number(m, "EventCode"));
    return found;
  };
  EXPECT_EQ(codes(), (std::vector<std::int64_t>{0}));
  world.pass(Seconds(9));
  EXPECT_EQ(codes(), (std::vector<std::int64_t>{0, 1}));
  world.command("hangup " + std::to_string(call));
  world.talking();
  const Fields stop = {{"InvokeID", 5},
                       {"PeripheralID", 5000},
                       {"AgentID", std::string("22866")},
                       {"AgentAction", 0}};
  world.ask(client, "AGENT_GREETING_CONTROL_REQ", stop);
  EXPECT_EQ(codes(), (std::vector<std::int64_t>{0, 1, 0, 1}));
  Fields off = stop;
  off.back().second = 1;
  world.ask(client, "AGENT_GREETING_CONTROL_REQ", off);
  world.command("hangup " + std::to_string(world.model().calls().begin()->first));
  world.talking();
  EXPECT_EQ(codes().size(), 4U) << "switched off";
}

TEST(SimulatorMonitors, ASessionMonitorHearsWhatTheSessionHears) {
  Office world;
  PlainClient& desktop = world.session(
      15, 0x7, {{"AgentID", std::string("22866")}, {"ClientSignature", std::string("desk")}});
  PlainClient& watcher = world.session(15, 0x40, {{"ClientID", std::string("watcher")}});
  const std::int64_t session = number(watcher.last("CLIENT_SESSION_OPENED_EVENT"), "SessionID");
  world.ask(watcher, "SESSION_MONITOR_START_REQ", {{"InvokeID", 4}, {"SessionID", session}});
  const std::int64_t monitor = number(watcher.last("SESSION_MONITOR_START_CONF"), "MonitorID");
  desktop.clear();
  watcher.clear();
  world.talking();
  EXPECT_FALSE(desktop.inbox.empty());
  EXPECT_EQ(watcher.names(), desktop.names());
  EXPECT_EQ(number(watcher.last("CALL_ESTABLISHED_EVENT"), "MonitorID"), monitor);
  world.ask(desktop, "CLOSE_REQ", {{"InvokeID", 9}, {"Status", 0}});
  EXPECT_EQ(number(watcher.last("CLIENT_SESSION_CLOSED_EVENT"), "SessionID"), session);
  world.ask(watcher, "SESSION_MONITOR_STOP_REQ", {{"InvokeID", 5}, {"MonitorID", monitor}});
  EXPECT_EQ(number(watcher.last("FAILURE_CONF"), "Status"), 55) << "ended with its session";
}

TEST(SimulatorCalls, NameTheClientsThatHaveHadToDoWithThem) {
  Office world;
  world.session(15, 0x7,
                {{"AgentID", std::string("22866")}, {"ClientSignature", std::string("desk one")}});
  PlainClient& other = world.session(15, 0x7,
                                     {{"AgentID", std::string("22867")},
                                      {"ClientSignature", std::string("desk two")},
                                      {"ClientID", std::string("two")}});
  const CallNumber call = world.talking();
  EXPECT_EQ(world.command("state 22867 login"), "ok");
  ASSERT_TRUE(
      world.model().blind_transfer(call, world.model().find_station(kDevice), {"23902", {}}).ok());
  world.settle();
  EXPECT_EQ(texts(other.last("BEGIN_CALL_EVENT"), "CTIClientSignature"), (Names{"desk one"}));
  PlainClient& bridge = world.session(24, 0x14);
  world.ask(bridge, "SNAPSHOT_CALL_REQ",
            {{"InvokeID", 5}, {"PeripheralID", 5000}, {"ConnectionCallID", call}});
  EXPECT_EQ(texts(bridge.last("SNAPSHOT_CALL_CONF"), "CTIClientSignature"),
            (Names{"desk one", "desk two"}));
}

TEST(SimulatorCalls, AWaitingCallIsSeenAtItsRoutePoint) {
  Settings gateway = default_settings();
  gateway.queue_events = gateway.translation_routes = true;
  Office world({}, gateway);
  PlainClient& client = world.session(15, 0x16);
  client.clear();
  ASSERT_TRUE(world.command("call 5551234 to 77").starts_with("ok"));
  world.settle();
  EXPECT_EQ(client.names(), (Names{"BEGIN_CALL_EVENT", "CALL_QUEUED_EVENT"}));
  EXPECT_EQ(text(client.last("BEGIN_CALL_EVENT"), "ConnectionDeviceID"), "6077");
  client.clear();
  world.command("state 22866 login");
  world.command("state 22866 available");
  world.settle();
  Names told = client.names();
  std::erase(told, "AGENT_STATE_EVENT");
  EXPECT_EQ(told, (Names{"CALL_DEQUEUED_EVENT", "END_CALL_EVENT", "CALL_TRANSLATION_ROUTE_EVENT",
                         "AGENT_PRE_CALL_EVENT", "BEGIN_CALL_EVENT", "CALL_DELIVERED_EVENT"}));
  EXPECT_EQ(text(client.last("CALL_TRANSLATION_ROUTE_EVENT"), "ANI"), "5551234");
}

TEST(SimulatorCalls, AnEmergencyIsToldToBridgesAndRecordersInEveryCase) {
  Office world;
  PlainClient& bridge = world.session(15, 0x10);
  PlainClient& recorder = world.session(15, 0x100);
  PlainClient& desktop = world.session(15, 0x7, {{"AgentID", std::string("22866")}});
  const CallNumber call = world.talking();
  world.ask(desktop, "EMERGENCY_CALL_REQ", world.of(call, 5));
  EXPECT_EQ(number(desktop.last("FAILURE_CONF"), "Status"), 64) << "no supervisor is there";
  for (PlainClient* client : {&bridge, &recorder}) {
    EXPECT_EQ(number(client->last("EMERGENCY_CALL_EVENT"), "ConnectionCallID"), call);
    EXPECT_EQ(text(client->last("EMERGENCY_CALL_EVENT"), "AgentID"), "22866");
  }
  EXPECT_FALSE(desktop.has("EMERGENCY_CALL_EVENT"));
}

TEST(SimulatorConfiguration, ChangesReachWhoeverAskedForUpdates) {
  Office world;
  PlainClient& all = world.session(24, 0x96);
  PlainClient& groups_only = world.session(15, 0x96, {{"ConfigMsgMask", 2}});
  PlainClient& silent = world.session(24, 0x96);
  for (PlainClient* client : {&all, &groups_only}) {
    world.ask(*client, "CONFIG_REQUEST_EVENT", {{"ConfigInformation", 0}, {"PeripheralID", 5000}});
    client->clear();
  }
  EXPECT_EQ(world.command("agent add 3001 instrument=23920 team=5001 groups=77 first=Rear"), "ok");
  world.settle();
  EXPECT_EQ(all.names(), (Names{"CONFIG_BEGIN_EVENT", "CONFIG_AGENT_EVENT", "CONFIG_END_EVENT",
                                "AGENT_TEAM_CONFIG_EVENT"}));
  EXPECT_EQ(number(all.last("CONFIG_BEGIN_EVENT"), "ConfigType"), 2);
  EXPECT_EQ(text(all.last("CONFIG_AGENT_EVENT"), "LoginID"), "3001");
  EXPECT_EQ(number(all.last("CONFIG_AGENT_EVENT"), "RecordType"), 0);
  EXPECT_EQ(number(all.last("AGENT_TEAM_CONFIG_EVENT"), "ConfigOperation"), 1);
  EXPECT_TRUE(groups_only.names("CONFIG").empty());
  EXPECT_EQ(world.command("state 3001 login"), "ok");
  EXPECT_EQ(world.command("group change 77 name=Sales"), "ok");
  world.settle();
  EXPECT_EQ(text(groups_only.last("CONFIG_SKILL_GROUP_EVENT"), "PeripheralName"), "Sales");
  EXPECT_EQ(number(groups_only.last("CONFIG_SKILL_GROUP_EVENT"), "RecordType"), 1);
  EXPECT_EQ(world.command("group delete 77"), "error agents are logged in to it");
  EXPECT_EQ(world.command("agent delete 3001"), "ok");
  world.settle();
  EXPECT_EQ(number(all.last("CONFIG_AGENT_EVENT"), "RecordType"), 2);
  EXPECT_EQ(number(all.last("AGENT_TEAM_CONFIG_EVENT"), "ConfigOperation"), 2);
  EXPECT_EQ(world.command("agent delete 3001"), "error no agent 3001");
  EXPECT_EQ(world.command("device add 23920"), "error there is a device 23920");
  EXPECT_EQ(world.command("team add 22866 5001"), "error is in team 5001 already");
  EXPECT_TRUE(silent.names("CONFIG").empty()) << "never asked";
  world.model().check_invariants();
}

TEST(SimulatorConfiguration, KeysChangeWithWhatTheyStandFor) {
  Office world;
  PlainClient& client = world.session(15, 0x96);
  const auto key = [&](const char* name) {
    world.ask(client, "CONFIG_REQUEST_KEY_EVENT", {{"PeripheralID", 5000}});
    return text(client.last("CONFIG_KEY_EVENT"), name);
  };
  const std::string agents = key("AgentConfigKey"), groups = key("SkillGroupConfigKey");
  EXPECT_EQ(key("AgentConfigKey"), agents);
  EXPECT_EQ(world.command("agent change 1001 last=Somerville"), "ok");
  EXPECT_NE(key("AgentConfigKey"), agents);
  EXPECT_EQ(key("SkillGroupConfigKey"), groups);
}

// -- sides -------------------------------------------------------------------------------------------------------------------

ServerSettings pair_of_sides() {
  ServerSettings settings;
  settings.standby_b = true;
  return settings;
}
constexpr std::uint32_t kPair = 0x200'0000 | 0x96;

TEST(SimulatorSides, GoingOutOfServiceIsToldAndRefusesWhatComesThen) {
  Office world;
  PlainClient& client = world.session(15, 0x10);
  EXPECT_EQ(world.command("stop side A"), "ok");
  world.settle();
  EXPECT_EQ(number(client.last("FAILURE_EVENT"), "Status"), 15);
  EXPECT_FALSE(client.closed) << "the client closes";
  world.ask(client, "HEARTBEAT_REQ", {{"InvokeID", 7}});
  EXPECT_EQ(number(client.last("FAILURE_CONF"), "Status"), 15);
  EXPECT_EQ(number(client.last("FAILURE_CONF"), "InvokeID"), 7);
  EXPECT_EQ(number(world.session(15, 0x10).last("FAILURE_CONF"), "Status"), 15);
  EXPECT_TRUE(world.session(15, 0x10, {}, Side::kB).has("OPEN_CONF"));
  EXPECT_EQ(world.command("restore side A"), "ok");
  EXPECT_TRUE(world.session(15, 0x10).has("OPEN_CONF"));
}

TEST(SimulatorSides, TheStandbySideTakesOverWithTheCallsThatAreThere) {
  Office world(pair_of_sides());
  PlainClient& active = world.session(24, kPair);
  PlainClient& standby = world.session(24, kPair, {}, Side::kB);
  const CallNumber call = world.talking();
  EXPECT_EQ(standby.names(), (Names{"OPEN_CONF"})) << "hears nothing";
  world.ask(standby, "QUERY_AGENT_STATE_REQ", {{"InvokeID", 5}, {"PeripheralID", 5000}});
  EXPECT_EQ(number(standby.last("FAILURE_CONF"), "Status"), 15);
  world.ask(standby, "HEARTBEAT_REQ", {{"InvokeID", 6}});
  EXPECT_TRUE(standby.has("HEARTBEAT_CONF"));
  standby.clear();
  EXPECT_EQ(world.command("fail side A"), "ok");
  world.settle();
  EXPECT_TRUE(active.closed);
  EXPECT_EQ(standby.names(),
            (Names{"STANDBY_ACTIVE_EVENT_MSG", "AGENT_TEAM_CONFIG_EVENT", "SYSTEM_EVENT",
                   "BEGIN_CALL_EVENT", "CALL_ESTABLISHED_EVENT"}));
  EXPECT_EQ(number(standby.last("CALL_ESTABLISHED_EVENT"), "EventCause"), 50);
  world.ask(standby, "CLEAR_CONNECTION_REQ", world.of(call, 8));
  EXPECT_TRUE(standby.has("CLEAR_CONNECTION_CONF"));
  EXPECT_TRUE(standby.has("END_CALL_EVENT"));
  EXPECT_EQ(world.command("restore side A"), "ok");
  EXPECT_EQ(number(world.session(24, kPair).last("OPEN_CONF"), "SessionType"), 2)
      << "whoever comes back is the standby now";
  EXPECT_EQ(number(world.session(15, 0x10).last("FAILURE_CONF"), "Status"), 15);
}

TEST(SimulatorSides, MaintenanceHandsOverWhenAllAgree) {
  Office world(pair_of_sides());
  PlainClient& active = world.session(24, kPair);
  PlainClient& old = world.session(15, 0x10);
  PlainClient& standby = world.session(24, kPair, {}, Side::kB);
  EXPECT_EQ(world.command("maintenance side B"), "error that side is not the active one");
  EXPECT_EQ(world.command("maintenance side A"), "ok");
  world.settle();
  EXPECT_FALSE(old.has("ACTIVE_MAINTENANCE_REQ_MSG"));
  EXPECT_EQ(number(world.session(24, kPair).last("FAILURE_CONF"), "Status"), 110);
  world.ask(active, "ACTIVE_MAINTENANCE_RESP_MSG",
            {{"InvokeID", number(active.last("ACTIVE_MAINTENANCE_REQ_MSG"), "InvokeID")},
             {"MaintenanceModeAccepted", 1}});
  EXPECT_EQ(number(active.last("ACTIVE_MAINTENANCE_EVENT_MSG"), "MaintenanceModeStatus"), 1);
  EXPECT_EQ(number(old.last("FAILURE_EVENT"), "Status"), 15);
  EXPECT_TRUE(standby.has("STANDBY_ACTIVE_EVENT_MSG"));
  world.ask(active, "STOPPING_REQUESTS_TO_THIS_SIDE_IND", {});
  EXPECT_TRUE(active.closed);
  EXPECT_EQ(active.close_error, 0);
  world.pass(Seconds(6));
  EXPECT_TRUE(old.closed);
  EXPECT_EQ(number(world.session(24, kPair).last("FAILURE_CONF"), "Status"), 110);
  EXPECT_EQ(world.command("restore side A"), "ok");
  EXPECT_EQ(number(world.session(24, kPair).last("OPEN_CONF"), "SessionType"), 2);
}

TEST(SimulatorSides, OneNoOrSilenceCancelsMaintenance) {
  for (const bool silent : {false, true}) {
    Office world(pair_of_sides());
    PlainClient& yes = world.session(24, kPair);
    PlainClient& no = world.session(24, kPair);
    EXPECT_EQ(world.command("maintenance side A"), "ok");
    world.settle();
    const auto answer = [&](PlainClient& client, int accepted) {
      world.ask(client, "ACTIVE_MAINTENANCE_RESP_MSG",
                {{"InvokeID", number(client.last("ACTIVE_MAINTENANCE_REQ_MSG"), "InvokeID")},
                 {"MaintenanceModeAccepted", accepted}});
    };
    answer(yes, 1);
    if (!silent) answer(no, 0);
    world.pass(Seconds(6));
    for (PlainClient* client : {&yes, &no}) {
      EXPECT_EQ(number(client->last("ACTIVE_MAINTENANCE_EVENT_MSG"), "MaintenanceModeStatus"), 0);
      EXPECT_FALSE(client->closed);
    }
    EXPECT_EQ(number(world.session(24, kPair).last("OPEN_CONF"), "SessionType"), 1);
  }
}

TEST(SimulatorSides, MaintenanceIsOffWhenTheOtherSideCannotTakeOver) {
  for (const char* fault : {"fail side B", "stop side B", "freeze side B", "stop side A"}) {
    Office world(pair_of_sides());
    PlainClient& active = world.session(24, kPair);
    EXPECT_EQ(world.command("maintenance side A"), "ok") << fault;
    world.settle();
    EXPECT_EQ(world.command(fault), "ok");
    world.ask(active, "ACTIVE_MAINTENANCE_RESP_MSG",
              {{"InvokeID", number(active.last("ACTIVE_MAINTENANCE_REQ_MSG"), "InvokeID")},
               {"MaintenanceModeAccepted", 1}});
    EXPECT_EQ(number(active.last("ACTIVE_MAINTENANCE_EVENT_MSG"), "MaintenanceModeStatus"), 0)
        << fault;
    if (std::string(fault) == "stop side A") continue;  // B is active now
    EXPECT_EQ(number(world.session(24, kPair).last("OPEN_CONF"), "SessionType"), 1) << fault;
    const std::string again = world.command("maintenance side A");
    EXPECT_TRUE(again.starts_with("error")) << fault << ": " << again;
  }
}

TEST(SimulatorSides, ADesktopIsOpenWithBothSidesAtATime) {
  Office world(pair_of_sides());
  constexpr std::uint32_t kDesktop = 0x1 | 0x200'0000;
  const Fields desk = {{"AgentInstrument", std::string("23901")}};
  PlainClient& active = world.session(24, kDesktop, desk);
  PlainClient& standby = world.session(24, kDesktop, desk, Side::kB);
  EXPECT_EQ(number(standby.last("OPEN_CONF"), "SessionType"), 2);
  world.pass(Seconds(6));
  EXPECT_FALSE(active.has("FAILURE_EVENT"));
  EXPECT_FALSE(active.closed);
  // On one side it still has one.
  PlainClient& anew = world.session(24, kDesktop, desk);
  EXPECT_EQ(number(anew.last("OPEN_CONF"), "SessionType"), 1);
  EXPECT_EQ(number(active.last("FAILURE_EVENT"), "Status"), 11);
  EXPECT_FALSE(standby.has("FAILURE_EVENT"));
}

TEST(SimulatorSides, AnOpenThatIsRefusedEndsNobodysSession) {
  PlainWorld world;
  const auto desk = [&](const char* client, const Fields& what) {
    Fields all = what;
    all.push_back({"ClientID", std::string(client)});
    return &world.session(15, 0x1, all);
  };
  PlainClient* mine = desk("mine", {{"AgentInstrument", std::string("23901")}});
  PlainClient* theirs = desk("theirs", {{"AgentID", std::string("22866")}});
  PlainClient* both = desk(
      "mine", {{"AgentInstrument", std::string("23901")}, {"AgentID", std::string("22866")}});
  EXPECT_EQ(number(both->last("FAILURE_CONF"), "Status"), 10);
  world.pass(Seconds(6));
  EXPECT_FALSE(mine->closed || theirs->closed);
}

TEST(SimulatorSessions, AUserMessageReachesWhoeverSitsAtTheDevice) {
  PlainWorld world;
  PlainClient& desk = world.session(15, 0x5, {{"AgentInstrument", std::string("23901")}});
  PlainClient& chief = world.session(15, 0x5, {{"AgentInstrument", std::string("23900")},
                                               {"ClientID", std::string("chief")}});
  EXPECT_TRUE(world.command("login 22866").starts_with("ok"));
  EXPECT_TRUE(world.command("login 22900").starts_with("ok"));
  const auto ask = [&](PlainClient& from, Fields fields) {
    fields.push_back({"InvokeID", 77});
    fields.push_back({"Text", std::string("hello")});
    from.clear();
    from.send("USER_MESSAGE_REQ", fields);
    world.settle();
    return from.has("USER_MESSAGE_CONF");
  };
  EXPECT_TRUE(ask(chief, {{"Distribution", 0}, {"AgentID", std::string("22866")}}));
  EXPECT_EQ(text(desk.last("USER_MESSAGE_EVENT"), "Text"), "hello");
  EXPECT_TRUE(ask(desk, {{"Distribution", 1}}));  // to the supervisor
  EXPECT_TRUE(chief.has("USER_MESSAGE_EVENT"));
  EXPECT_TRUE(ask(chief, {{"Distribution", 2}}));  // to the team
  EXPECT_TRUE(desk.has("USER_MESSAGE_EVENT"));
}

}  // namespace
}  // namespace cti::simulator
