// session_world.hpp - one session under test, two scripted servers, a virtual clock, and what the session told.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#define CTI_CIL_NO_GLOBAL_NAMES
#include "cil/cil.hpp"
#include "tests/unit/cil/scripted_server.hpp"

namespace cti::cil::test {

/// Remembers every event with a copy of its arguments.
class Recorder : public IGenericEvents {
 public:
  struct Told {
    int event;
    Arguments args;
  };
  void OnEvent(int iEventID, Arguments& args) override {
    told.push_back({iEventID, args});
    if (also) also(iEventID, args);
  }
  int count(int event) const {
    int n = 0;
    for (const Told& each : told) n += each.event == event ? 1 : 0;
    return n;
  }
  /// The latest of its kind; fails the test when there is none.
  const Arguments& last(int event) const {
    static const Arguments none;
    for (auto each = told.rbegin(); each != told.rend(); ++each) {
      if (each->event == event) return each->args;
    }
    ADD_FAILURE() << "event " << event << " was not told";
    return none;
  }
  /// Position of the first of its kind; -1 when there is none.
  int at(int event) const {
    for (std::size_t i = 0; i < told.size(); ++i) {
      if (told[i].event == event) return static_cast<int>(i);
    }
    return -1;
  }
  std::vector<Told> told;
  std::function<void(int, Arguments&)> also;
};

class SessionWorld : public ::testing::Test {
 protected:
  static constexpr const char* kHostA = "10.0.0.1";
  static constexpr const char* kHostB = "10.0.0.2";

  explicit SessionWorld(std::uint64_t seed = 1) : network(seed), world(network, seed) {
    a = std::make_unique<ScriptedServer>(world, kHostA);
    b = std::make_unique<ScriptedServer>(world, kHostB);
    make_session(first_side_a());
  }
  ~SessionWorld() override {
    world.remove(client);
    session.reset();
  }

  /// A seed with which the session tries server A first.
  static std::uint64_t first_side_a() {
    std::uint64_t seed = 1;
    while (core::Random(seed).below(2) != 0) ++seed;
    return seed;
  }

  void make_session(std::uint64_t seed, const SessionLimits& limits = {},
                    bool keep_trying = true) {
    if (client != 0) world.remove(client);
    session.reset();
    SessionOptions options;
    options.own_thread = false;
    options.seed = seed;
    options.limits = limits;
    options.keep_trying = keep_trying;
    options.io = network.make_io("10.0.0.9");
    session = std::make_unique<CCtiOsSession>(std::move(options));
    EXPECT_EQ(session->AddAllInOneEventGenericListener(&events), CIL_OK);
    client = world.add("10.0.0.9", [this](TimePoint) {
      return session ? session->process(60'000) : 0U;  // a handler may have deleted it
    });
  }

  static Arguments hosts(const char* host_a = kHostA, const char* host_b = kHostB) {
    Arguments args;
    if (host_a) args.AddItem("CtiosA", host_a);
    if (host_b) args.AddItem("CtiosB", host_b);
    return args;
  }

  [[nodiscard]] bool until(int event, int times = 1, Seconds limit = Seconds(30)) {
    return world.run_until([&] { return events.count(event) >= times; }, network.now() + limit);
  }

  void connect() {
    ASSERT_EQ(session->Connect(hosts()), CIL_OK);
    ASSERT_TRUE(until(eOnConnection));
  }

  /// An agent object as a program makes it; the caller's reference is held here.
  CAgent& new_agent() {
    agent = Ref<CAgent>(new CAgent);
    agent->SetValue(CTIOS_AGENTID, "22866");
    agent->SetValue(CTIOS_PERIPHERALID, 5000);
    return *agent;
  }

  static Items agent_items(int state) {
    return items({{Keyword::UniqueObjectID, "agent.5000.22866"},
                  {Keyword::AgentID, "22866"},
                  {Keyword::AgentInstrument, "23901"},
                  {Keyword::PeripheralID, 5000},
                  {Keyword::AgentState, state},
                  {Keyword::EnablementMask, unsigned{ENABLE_LOGIN}}});
  }
  static Items call_items(const char* id, int status, unsigned mask = 0) {
    return items({{Keyword::UniqueObjectID, id},
                  {Keyword::CallStatus, status},
                  {Keyword::ANI, "5551234"},
                  {Keyword::EnablementMask, mask}});
  }
  static Items mode_items() {
    Items peripherals = items({{wire::ArgKey("5000"), true}});
    Items system =
        items({{Keyword::StatusCTIServer, true}, {Keyword::StatusPeripherals, peripherals}});
    return items({{Keyword::UniqueObjectID, "agent.5000.22866"},
                  {Keyword::AgentID, "22866"},
                  {Keyword::PeripheralID, "5000"},
                  {Keyword::CILConnectionID, "4711"},
                  {Keyword::StatusSystem, system}});
  }

  /// Lets this server answer every agent-mode subscription with a snapshot of the agent and of these calls.
  static void serve_agent(ScriptedServer& server, int state, std::vector<std::string> calls = {}) {
    server.on_subscribe = [&server, state, calls] {
      server.subscribed();
      server.snapshot_begin();
      server.snapshot_record(EventId::eQueryAgentStateConf, agent_items(state));
      Items valid;
      int number = 0;
      for (const std::string& call : calls)
        valid.set(wire::ArgKey("Call" + std::to_string(++number)), call);
      server.snapshot_record(EventId::eSnapshotDeviceConf,
                             items({{Keyword::UniqueObjectID, "device.5000.23901"},
                                    {Keyword::NumCalls, number},
                                    {Keyword::ValidCalls, valid}}));
      for (const std::string& call : calls) {
        server.snapshot_record(EventId::eSnapshotCallConf, call_items(call.c_str(), 3));
      }
      server.snapshot_end();
      server.private_event(EventId::eSetAgentModeEvent, mode_items());
    };
  }

  /// Servers that are not there come back, new.
  void start_servers() {
    if (!a->running()) a = std::make_unique<ScriptedServer>(world, kHostA);
    if (!b->running()) b = std::make_unique<ScriptedServer>(world, kHostB);
  }

  /// From whichever server the session is connected to.
  void download_settings() {
    for (ScriptedServer* server : {a.get(), b.get()}) {
      server->on_request = [server](const ScriptedServer::Asked& asked) {
        if (asked.request != RequestId::eGlobalSettingsDownloadRequest) return;
        server->reply(asked.id, EventId::eGlobalSettingsDownloadConf, wire::Outcome::kConfirmed,
                      items({{wire::ArgKey("ECC"), items({{wire::ArgKey("user.x"), Items()}})}}));
      };
    }
    const int before = events.count(eGlobalSettingsDownloadConf);
    Arguments desktop;
    desktop.AddItem(CTIOS_DESKTOPTYPE, 7);
    EXPECT_EQ(session->RequestDesktopSettings(desktop), E_CTIOS_INVALID_DESKTOP_TYPE);
    desktop.AddItem(CTIOS_DESKTOPTYPE, eAgentDesktop);
    ASSERT_EQ(session->RequestDesktopSettings(desktop), CIL_OK);
    ASSERT_TRUE(until(eGlobalSettingsDownloadConf, before + 1));
  }

  /// OnConnectionFailure events with FinalAttempt.
  int finals() const {
    int n = 0;
    for (const auto& each : events.told) {
      n += each.event == eOnConnectionFailure && each.args.IsValid(CTIOS_FINALATTEMPT) ? 1 : 0;
    }
    return n;
  }

  void enter_agent_mode() {
    connect();
    ASSERT_EQ(session->SetAgent(new_agent()), CIL_OK);
    ASSERT_TRUE(until(eSetAgentModeEvent));
  }

  core::SimNetwork network;
  core::SimWorld world;
  std::unique_ptr<ScriptedServer> a;
  std::unique_ptr<ScriptedServer> b;
  Recorder events;
  std::unique_ptr<CCtiOsSession> session;
  core::SimWorld::ActorId client = 0;
  Ref<CAgent> agent;
};

}  // namespace cti::cil::test
