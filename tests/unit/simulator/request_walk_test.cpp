// A walk over the schema: every request whose layout is known gets exactly one answer, in every version, however sensible it is.
#include "tests/unit/simulator/plain_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace cti::simulator {
namespace {

constexpr std::uint32_t kEveryService = 0x1FE;  // but client events: all events instead
constexpr std::int64_t kInvoke = 4711;

/// A gateway with 22866 on 23901 in some situation, 22867 on 23902 and the supervisor 22900 on 23900 at rest.
struct Scene {
  PlainWorld world;
  PlainClient* client = nullptr;
  CallNumber call = kNoCall, second = kNoCall;

  Model& model() { return world.server->model(); }
  StationIndex station(const char* id) { return model().find_station(id); }
  void ring() {
    EXPECT_EQ(world.command("state 22866 available"), "ok");
    EXPECT_TRUE(world.command("call 5551234 to 77").starts_with("ok"));
    world.settle();
    call = model().stations()[station("23901")].calls.front();
  }
  void talk() {
    ring();
    EXPECT_TRUE(model().answer(call, station("23901")).ok());
  }
  void hold() {
    talk();
    EXPECT_TRUE(model().hold(call, station("23901")).ok());
  }
  void consult() {
    talk();
    second = model().consult(call, station("23901"), {"23902", {}}, 1).value();
    EXPECT_TRUE(model().answer(second, station("23902")).ok());
    world.settle();
  }
};

/// What must be so that a request can be done. Requests that are not named need nobody to be on a call.
const std::map<std::string, void (Scene::*)()> kNeeds = {
    {"ANSWER_CALL_REQ", &Scene::ring},
    {"DEFLECT_CALL_REQ", &Scene::ring},
    {"RETRIEVE_CALL_REQ", &Scene::hold},
    {"CLEAR_CALL_REQ", &Scene::talk},
    {"CLEAR_CONNECTION_REQ", &Scene::talk},
    {"HOLD_CALL_REQ", &Scene::talk},
    {"CONSULTATION_CALL_REQ", &Scene::talk},
    {"SEND_DTMF_SIGNAL_REQ", &Scene::talk},
    {"BAD_CALL_REQ", &Scene::talk},
    {"SET_CALL_DATA_REQ", &Scene::talk},
    {"RELEASE_CALL_REQ", &Scene::talk},
    {"SNAPSHOT_CALL_REQ", &Scene::talk},
    {"START_RECORDING_REQ", &Scene::talk},
    {"SUPERVISOR_ASSIST_REQ", &Scene::talk},
    {"EMERGENCY_CALL_REQ", &Scene::talk},
    {"SUPERVISE_CALL_REQ", &Scene::talk},
    {"START_NETWORK_RECORDING_REQ", &Scene::talk},
    {"STOP_NETWORK_RECORDING_REQ", &Scene::talk},
    {"ALTERNATE_CALL_REQ", &Scene::consult},
    {"RECONNECT_CALL_REQ", &Scene::consult},
    {"TRANSFER_CALL_REQ", &Scene::consult},
    {"CONFERENCE_CALL_REQ", &Scene::consult}};

/// Requests that this gateway refuses by design, with the code. 0: the status of FAILURE_CONF is looked at instead.
struct Refused {
  std::int64_t code, status;
};
const std::map<std::string, Refused> kRefused = {
    {"MAKE_PREDICTIVE_CALL_REQ", {277, 0}},    // no dialler ports
    {"START_RECORDING_REQ", {272, 0}},         // nobody has registered for it
    {"STOP_RECORDING_REQ", {272, 0}},          // likewise
    {"MONITOR_STOP_REQ", {0, 55}},             // no such monitor
    {"SESSION_MONITOR_START_REQ", {0, 63}},    // no such session
    {"SESSION_MONITOR_STOP_REQ", {0, 55}},     // no such monitor
    {"MONITOR_AGENT_TEAM_STOP_REQ", {0, 55}},  // likewise
    {"CHANGE_MONITOR_MASK_REQ", {0, 55}},      // likewise
    {"UNREGISTER_SERVICE_REQ", {0, 84}},       // no such service
};

class Walk : public ::testing::TestWithParam<unsigned> {
 protected:
  static std::vector<const ged::MessageRule*> requests(ged::Version version) {
    std::vector<const ged::MessageRule*> found;
    for (const ged::MessageRule& rule : ged::all_messages()) {
      const bool asks =
          rule.name.ends_with("_REQ") && rule.direction != ged::Direction::kFromServer;
      const bool session = rule.name == "OPEN_REQ" || rule.name == "CLOSE_REQ";
      if (asks && !session && rule.published() && rule.since <= version) found.push_back(&rule);
    }
    return found;
  }
  std::unique_ptr<Scene> scene(std::uint32_t services = kEveryService) {
    auto made = std::make_unique<Scene>();
    for (const char* agent : {"22866", "22867", "22900"})
      EXPECT_EQ(made->world.command(std::string("state ") + agent + " login"), "ok");
    made->client = &made->world.session(GetParam(), services);
    return made;
  }
  /// The fields of `values` that the message has.
  static Fields pick(const ged::MessageRule& rule, const std::map<std::string, Value>& values) {
    Fields fields;
    for (const ged::FixedRule& field : rule.fixed) {
      const auto found = values.find(std::string(field.name));
      if (found != values.end()) fields.push_back({found->first, found->second});
    }
    for (const ged::FloatRule& field : rule.floating) {
      const auto found = values.find(std::string(field.name));
      const bool counted = field.group != ged::kNoGroup;
      if (found != values.end() && !counted && field.since <= GetParam())
        fields.push_back({found->first, found->second});
    }
    return fields;
  }
  /// Names of the answers to kInvoke.
  static std::vector<std::string> answers(const PlainClient& client, const ged::MessageRule& rule) {
    std::vector<std::string> found;
    for (const Message& message : client.inbox) {
      const bool answer = message.name == rule.reply || message.name == "FAILURE_CONF" ||
                          message.name == "CONTROL_FAILURE_CONF";
      if (answer && number(message, "InvokeID") == kInvoke) found.push_back(message.name);
    }
    return found;
  }
  /// Sends, and sees to it that there is one answer and a session that goes on.
  std::string ask(Scene& scene, const ged::MessageRule& rule, const Fields& fields) {
    PlainClient& client = *scene.client;
    client.send(std::string(rule.name), fields);
    scene.world.settle();
    scene.model().check_invariants();
    const std::vector<std::string> got = answers(client, rule);
    EXPECT_EQ(got.size(), 1U) << rule.name;
    client.send("HEARTBEAT_REQ", {{"InvokeID", 1}});
    scene.world.settle();
    EXPECT_TRUE(client.has("HEARTBEAT_CONF")) << rule.name;
    EXPECT_FALSE(client.closed) << rule.name;
    return got.empty() ? "" : got.front();
  }
};

std::map<std::string, Value> sensible(const Scene& scene) {
  const std::string own = "23901", agent = "22866";
  const std::int64_t call = scene.call,
                     active = scene.second != kNoCall ? scene.second : scene.call,
                     held = scene.second != kNoCall ? scene.call : kNoCall;
  return {{"InvokeID", kInvoke},
          {"PeripheralID", 5000},
          {"MRDID", 1},
          {"ConnectionCallID", call},
          {"ConnectionDeviceIDType", 0},
          {"ConnectionDeviceID", own},
          {"ActiveConnectionCallID", active},
          {"ActiveConnectionDeviceIDType", 0},
          {"ActiveConnectionDeviceID", own},
          {"HeldConnectionCallID", scene.second == kNoCall ? call : held},
          {"HeldConnectionDeviceIDType", 0},
          {"HeldConnectionDeviceID", own},
          {"OtherConnectionCallID", held},
          {"OtherConnectionDeviceIDType", 0},
          {"OtherConnectionDeviceID", own},
          {"AgentConnectionCallID", kNoCall},
          {"AgentConnectionDeviceIDType", 0xFFFF},
          {"SupervisorConnectionCallID", kNoCall},
          {"SupervisorConnectionDeviceIDType", 0xFFFF},
          {"SupervisorInstrument", std::string("23900")},
          {"SupervisoryAction", 1},
          {"SupervisorID", 0xFFFF'FFFF},
          {"AgentState", 2},
          {"AgentID", agent},
          {"AgentInstrument", own},
          {"AgentExtension", own},
          {"DialedNumber", std::string("23903")},
          {"CalledDeviceType", 0},
          {"CalledDeviceID", std::string("23903")},
          {"CallingDeviceType", 0},
          {"CallingDeviceID", own},
          {"ConsultType", 1},
          {"CallType", 0xFFFF},
          {"CallVariable1", std::string("walk")},
          {"DTMFString", std::string("12#")},
          {"CallMsgMask", 0xFFFF},
          {"AgentStateMask", 0x3FF},
          {"MonitoredDeviceType", 0},
          {"MonitorID", 0x7FFF'FFFF},
          {"SessionID", 0x7FFF'FFFF},
          {"TeamID", 5001},
          {"SkillGroupNumber", 77},
          {"SkillGroupID", 5077},
          {"CallVariableMask", 0x3FF},
          {"Distribution", 3},
          {"Text", std::string("hello")},
          {"ObjectName", std::string("walk")},
          {"ConfigParam", 1},
          {"ServiceName", std::string("recording")},
          {"AgentAction", 2},
          {"AgentSkillTargetID", 50'000}};
}

TEST_P(Walk, EveryRequestIsDoneWhenItCanBe) {
  for (const ged::MessageRule* rule : requests(GetParam())) {
    const std::string name(rule->name);
    const auto made = scene();
    if (const auto need = kNeeds.find(name); need != kNeeds.end()) (made.get()->*need->second)();
    std::map<std::string, Value> values = sensible(*made);
    if (name == "MONITOR_START_REQ") {
      values["ConnectionCallID"] = std::int64_t{kNoCall};
      values["ConnectionDeviceIDType"] = 0xFFFF;
      values.erase("ConnectionDeviceID");
      values["MonitoredDeviceID"] = std::string("23901");
    }
    if (name == "START_RECORDING_REQ" || name == "STOP_RECORDING_REQ") values["SessionID"] = 0;
    const std::string got = ask(*made, *rule, pick(*rule, values));
    const auto refused = kRefused.find(name);
    if (refused == kRefused.end()) {
      EXPECT_EQ(got, rule->reply) << name;
      continue;
    }
    const bool telephone = refused->second.code != 0;
    EXPECT_EQ(got, telephone ? "CONTROL_FAILURE_CONF" : "FAILURE_CONF") << name;
    const Message& why = made->client->last(telephone ? "CONTROL_FAILURE_CONF" : "FAILURE_CONF");
    EXPECT_EQ(number(why, telephone ? "FailureCode" : "Status"),
              telephone ? refused->second.code : refused->second.status)
        << name;
  }
}

TEST_P(Walk, EveryRequestIsAnsweredWhenItSaysNothing) {
  for (const ged::MessageRule* rule : requests(GetParam())) {
    const auto made = scene();
    made->talk();
    ask(*made, *rule, {{"InvokeID", kInvoke}});
  }
}

TEST_P(Walk, EveryRequestIsAnsweredWhenNothingInItExists) {
  for (const ged::MessageRule* rule : requests(GetParam())) {
    const auto made = scene();
    made->talk();
    std::map<std::string, Value> values = sensible(*made);
    for (auto& [name, value] : values) {
      if (std::holds_alternative<std::string>(value)) value = std::string("9999999");
      if (name.ends_with("CallID")) value = std::int64_t{0x7FFF'FFFF};
    }
    values["PeripheralID"] = 5000;
    ask(*made, *rule, pick(*rule, values));
  }
}

TEST_P(Walk, EveryRequestIsAnsweredWhenItsTextsAreTooLong) {
  for (const ged::MessageRule* rule : requests(GetParam())) {
    const auto made = scene();
    made->talk();
    std::map<std::string, Value> values = sensible(*made);
    for (auto& [name, value] : values) {
      if (std::holds_alternative<std::string>(value)) value = std::string(200, '7');
    }
    ask(*made, *rule, pick(*rule, values));
  }
}

TEST_P(Walk, TwiceIsAnsweredTwice) {
  for (const ged::MessageRule* rule : requests(GetParam())) {
    const auto made = scene();
    const std::string name(rule->name);
    if (const auto need = kNeeds.find(name); need != kNeeds.end()) (made.get()->*need->second)();
    const Fields fields = pick(*rule, sensible(*made));
    ask(*made, *rule, fields);
    made->client->clear();
    ask(*made, *rule, fields);
  }
}

TEST_P(Walk, TooLateIsAnsweredWithTheCallThatIsNoMore) {
  for (const auto& [name, need] : kNeeds) {
    const ged::MessageRule* rule = ged::find_message(name);
    if (rule->since > GetParam()) continue;
    const auto made = scene();
    (made.get()->*need)();
    const Fields fields = pick(*rule, sensible(*made));
    while (!made->model().calls().empty()) {
      const CallNumber first = made->model().calls().begin()->first;
      if (!made->model().outside_hangs_up(first)) {
        const Call& of = *made->model().find_call(first);
        ASSERT_TRUE(made->model().clear_call(first, of.connections.front().party.station).ok());
      }
    }
    const std::string got = ask(*made, *rule, fields);
    const std::set<std::string> still = {"SET_CALL_DATA_REQ", "RELEASE_CALL_REQ"};  // for a while
    const std::set<std::string> no_call_needed = {"SUPERVISOR_ASSIST_REQ", "EMERGENCY_CALL_REQ"};
    if (still.contains(name)) {
      EXPECT_EQ(got, rule->reply) << name;
    } else if (!no_call_needed.contains(name)) {
      EXPECT_NE(got, rule->reply) << name;
    }
  }
}

TEST_P(Walk, WithoutAServiceRequestsAreRefusedWithStatus12) {
  const std::set<std::string> open = {
      "AGENT_DESK_SETTINGS_REQ",    "REGISTER_VARIABLES_REQ",           "SET_APP_DATA_REQ",
      "QUERY_AGENT_STATISTICS_REQ", "QUERY_SKILL_GROUP_STATISTICS_REQ", "CLIENT_EVENT_REPORT_REQ",
      "USER_MESSAGE_REQ",           "CHANGE_MONITOR_MASK_REQ",          "START_RECORDING_REQ",
      "STOP_RECORDING_REQ",         "SET_AGENT_SERVICE_DATA_REQ",       "HEARTBEAT_REQ"};
  for (const ged::MessageRule* rule : requests(GetParam())) {
    if (open.contains(std::string(rule->name))) continue;
    const auto made = scene(0);
    made->talk();
    EXPECT_EQ(ask(*made, *rule, pick(*rule, sensible(*made))), "FAILURE_CONF") << rule->name;
    EXPECT_EQ(number(made->client->last("FAILURE_CONF"), "Status"), 12) << rule->name;
  }
}

TEST_P(Walk, WhatIsNotPublishedOrNewerIsRefusedToo) {
  const auto made = scene();
  for (const ged::MessageRule& rule : ged::all_messages()) {
    if (rule.direction == ged::Direction::kFromServer) continue;
    const bool newer = rule.since > GetParam();
    const bool unpublished = !rule.published() && rule.name.ends_with("_REQ");
    if (!newer && !unpublished) continue;
    std::vector<std::byte> bytes(8 + 40);
    store_be(bytes.data(), std::uint32_t{40});
    store_be(bytes.data() + 4, rule.number);
    made->client->clear();
    made->client->send_bytes(bytes);
    made->world.settle();
    ASSERT_EQ(made->client->names(), (std::vector<std::string>{"FAILURE_CONF"})) << rule.name;
    EXPECT_EQ(number(made->client->last("FAILURE_CONF"), "Status"), newer ? 48 : 12) << rule.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, Walk, ::testing::Values(14U, 15U, 20U, 24U, 25U),
                         [](const auto& tested) {
                           return "Version" + std::to_string(tested.param);
                         });

}  // namespace
}  // namespace cti::simulator
