// Clients on a faulty network: whatever the network does, what a client is told stays in order and the books balance.
//
// Replay   SIMULATOR_SEED=<seed> simulator_test --gtest_filter='SimulatorNetwork.*'
#include "tests/unit/simulator/plain_client.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace cti::simulator {
namespace {

/// A view begins at most once, and nothing is told of it after its end. A session that opened in the middle of a call
/// hears of views whose beginning it has missed: that is how all-events sessions are.
void check_views(const PlainClient& client) {
  using View = std::pair<std::int64_t, std::string>;
  std::set<View> begun, ended;
  for (const Message& message : client.inbox) {
    if (number(message, "ConnectionCallID") < 0 || !message.name.ends_with("_EVENT")) continue;
    const View view(number(message, "ConnectionCallID"), text(message, "ConnectionDeviceID"));
    EXPECT_FALSE(ended.contains(view)) << message.name << " of a view that has ended";
    if (message.name == "BEGIN_CALL_EVENT") {
      EXPECT_TRUE(begun.insert(view).second) << "began twice";
    }
    if (message.name == "END_CALL_EVENT") ended.insert(view);
    const std::int64_t renamed = number(message, "NewConnectionCallID");
    if (message.name == "CALL_DATA_UPDATE_EVENT" && renamed != view.first) ended.insert(view);
  }
}

void random_request(PlainWorld& world, PlainClient& client, core::Random& random) {
  static const char* const kStations[] = {"23900", "23901", "23902", "23903", "23904", "23905"};
  static const char* const kAgents[] = {"22900", "22866", "22867", "1001", "1002", "2001"};
  const std::size_t who = random.below(6);
  std::int64_t call = 16'777'217 + static_cast<std::int64_t>(random.below(4));
  const Model& model = world.server->model();
  if (!model.calls().empty()) call = model.calls().rbegin()->first;
  const Fields one = {{"InvokeID", 7},
                      {"PeripheralID", 5000},
                      {"ConnectionCallID", call},
                      {"ConnectionDeviceIDType", 0},
                      {"ConnectionDeviceID", std::string(kStations[who])}};
  switch (random.below(6)) {
    case 0:
      return client.send("SET_AGENT_STATE_REQ", {{"InvokeID", 7},
                                                 {"PeripheralID", 5000},
                                                 {"AgentState", random.chance(0.5) ? 0 : 3},
                                                 {"AgentID", std::string(kAgents[who])},
                                                 {"AgentPassword", std::string(kAgents[who])},
                                                 {"AgentInstrument", std::string(kStations[who])}});
    case 1:
      return (void)world.command("call 555 to 77 patience=20 talk=30");
    case 2:
      return client.send("ANSWER_CALL_REQ", one);
    case 3:
      return client.send("CLEAR_CONNECTION_REQ", one);
    case 4:
      return client.send("HOLD_CALL_REQ", one);
    default:
      return client.send("CONSULTATION_CALL_REQ",
                         {{"InvokeID", 7},
                          {"PeripheralID", 5000},
                          {"ActiveConnectionCallID", call},
                          {"ActiveConnectionDeviceIDType", 0},
                          {"ActiveConnectionDeviceID", std::string(kStations[who])},
                          {"DialedNumber", std::string(kStations[random.below(6)])}});
  }
}

TEST(SimulatorNetwork, N1_N2_WhatClientsAreToldStaysWholeAndInOrder) {
  const char* wanted = std::getenv("SIMULATOR_SEED");
  const std::uint64_t first = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1;
  const std::uint64_t last = wanted != nullptr ? first : 100;
  std::size_t told = 0, lost = 0;
  for (std::uint64_t seed = first; seed <= last && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("replay: SIMULATOR_SEED=" + std::to_string(seed));
    core::Random random(seed);
    PlainWorld world({}, default_settings(), seed, core::SimFaults::swarm(seed));
    for (int step = 0; step < 60; ++step) {
      if (world.clients.size() < 4 && random.chance(0.2)) {
        world.session(random.chance(0.5) ? 15 : 24, 0x96);
      }
      if (!world.clients.empty()) {
        PlainClient& client = *world.clients[random.below(world.clients.size())];
        if (client.connected) random_request(world, client, random);
      }
      world.pass(Millis(random.between(10, 4'000)));
      world.server->model().check_invariants();
    }
    for (const auto& client : world.clients) {
      check_views(*client);
      told += client->inbox.size();
      lost += client->closed;
    }
  }
  if (wanted != nullptr) return;
  EXPECT_GT(told, 5'000U);
  EXPECT_GT(lost, 10U);  // resets did happen
}

}  // namespace
}  // namespace cti::simulator
