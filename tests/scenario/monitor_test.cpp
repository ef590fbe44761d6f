// monitor_test.cpp - scenarios 19 and 20: monitor mode and its filters.
#include "tests/scenario/world.hpp"

namespace cti::scenario {
namespace {

std::unique_ptr<Client> logged_in(World& world, const std::string& agent,
                                  const std::string& instrument) {
  auto client = std::make_unique<Client>();
  client->connect(world.port());
  client->set_agent(agent);
  client->login(instrument);
  return client;
}

TEST(Scenario19, AFilterByEventLetsOnlyThatEventThrough) {
  World world;
  const auto agent = logged_in(world, "22866", "23901");
  Client monitor;
  monitor.connect(world.port());
  monitor.monitor("MessageID = 30");
  EXPECT_EQ(monitor.events.count(eQueryAgentStateConf, about("agent.5000.22866")), 1u)
      << monitor.events.story();
  EXPECT_EQ(monitor.events.count(eOnMonitorModeEstablished), 1u);

  agent->set_state(eAvailable);
  ASSERT_NE(monitor.events.wait(eAgentStateEvent, where(CTIOS_AGENTSTATE, eAvailable)), nullptr)
      << monitor.events.story();
  const std::string id = world.call_arrives(*agent, "5551234", "77");
  ASSERT_NE(agent->events.wait(eCallDeliveredEvent, about(id)), nullptr) << agent->events.story();
  agent->call(id).Answer();
  ASSERT_NE(monitor.events.wait(eAgentStateEvent, where(CTIOS_AGENTSTATE, eTalking)), nullptr)
      << monitor.events.story();
  EXPECT_EQ(monitor.events.count(eCallBeginEvent), 0u);
  EXPECT_EQ(monitor.events.count(eCallDeliveredEvent), 0u);

  CAgent* another = new CAgent;
  another->SetValue(CTIOS_AGENTID, "22867");
  another->SetValue(CTIOS_PERIPHERALID, kPeripheral);
  EXPECT_EQ(monitor.session.SetAgent(*another), E_CTIOS_SET_AGENT_SESSION_DISCONNECT_REQUIRED);
  another->Release();
}

TEST(Scenario20, FiltersCombineValuesKeysAndStars) {
  World world;
  struct Row {
    const char* filter;
    std::vector<std::string> agents;  // whose state changes pass
  };
  const std::vector<Row> rows{{"AgentID=10*,2001;MessageID=30", {"1001", "1002", "2001"}},
                              {"AgentID=10*1;MessageID=30", {"1001", "1002"}},
                              {"AgentID=1001;MessageID=23", {}}};
  std::vector<std::unique_ptr<Client>> monitors;
  for (const Row& row : rows) {
    monitors.push_back(std::make_unique<Client>());
    monitors.back()->connect(world.port());
    monitors.back()->monitor(row.filter);
    monitors.back()->events.mark();
  }
  std::vector<std::unique_ptr<Client>> agents;
  agents.push_back(logged_in(world, "1001", "23903"));
  agents.push_back(logged_in(world, "1002", "23904"));
  agents.push_back(logged_in(world, "2001", "23905"));
  for (const auto& agent : agents) agent->set_state(eAvailable);

  for (std::size_t i = 0; i < rows.size(); ++i) {
    Recorder& events = monitors[i]->events;
    for (const std::string agent : {"1001", "1002", "2001"}) {
      const auto ready = [&](const Seen& seen) {
        return seen.text(CTIOS_AGENTID) == agent && seen.integer(CTIOS_AGENTSTATE) == eAvailable;
      };
      const bool expected =
          std::find(rows[i].agents.begin(), rows[i].agents.end(), agent) != rows[i].agents.end();
      if (expected) {
        EXPECT_NE(events.wait(eAgentStateEvent, ready), nullptr)
            << rows[i].filter << events.story();
      }
    }
    EXPECT_TRUE(events.none(eAgentStateEvent)) << rows[i].filter << events.story();
    const bool other = events.find(eAgentStateEvent,
                                   [](const Seen& s) { return s.text(CTIOS_AGENTID) == "2001"; });
    EXPECT_EQ(other, i == 0) << rows[i].filter;
  }
}

TEST(Scenario20, AFilterThatMakesNoSenseIsRefusedWithItsPlace) {
  World world;
  Client monitor;
  monitor.connect(world.port());
  ASSERT_EQ(monitor.session.SetMessageFilter("AgentID"), CIL_OK);
  const Seen* failure = monitor.events.wait(
      eCTIOSFailureEvent, [](const Seen& seen) { return !seen.text("ErrorMessage").empty(); });
  ASSERT_NE(failure, nullptr) << monitor.events.story();
  EXPECT_EQ(monitor.events.count(eOnMonitorModeEstablished), 0u);
}

}  // namespace
}  // namespace cti::scenario
