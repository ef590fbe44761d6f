// start_test.cpp - ringsided before a CTI Server, in every version: the dialogue at the start, and what it tells of itself later.
#include "tests/scenario/world.hpp"

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

namespace cti::scenario {
namespace {

/// Asks the simulator until its answer holds `text`, ten seconds at most.
bool simulator_says(World& world, const std::string& command, const std::string& text) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < until) {
    if (world.tell_simulator(command).find(text) != std::string::npos) return true;
    std::this_thread::yield();
  }
  return false;
}

class StartUp : public ::testing::TestWithParam<int> {};

TEST_P(StartUp, ACallArrivesWhateverTheVersion) {
  World world(1, {}, "version = " + std::to_string(GetParam()) + "\n");
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  client.login("23901");
  client.set_state(eAvailable);
  const std::string call = world.call_arrives(client, "5551001", "77", "var1=abc");
  EXPECT_TRUE(client.has_call(call));
  EXPECT_TRUE(simulator_says(world, "reports", "CTIOS_NUM_CLIENTS state 0: 1"));
}

INSTANTIATE_TEST_SUITE_P(Versions, StartUp, ::testing::Values(14, 15, 20, 24, 25),
                         [](const auto& tested) {
                           return "Version" + std::to_string(tested.param);
                         });

TEST(StartUpFlags, AMistakeEndsEachProgramWithTwo) {
  const char* const folder = std::getenv("RINGSIDE_PROGRAMS");
  for (const char* program : {"ringside-sim", "ringsided", "ringside-demo"}) {
    auto child = tools::Child::start(
        {std::string(folder != nullptr ? folder : "tools") + "/" + program, "--no-such-flag"},
        "/dev/null");
    ASSERT_TRUE(child.ok()) << child.error();
    EXPECT_EQ((*child)->wait_for_exit(kPatience), 2) << program;
  }
}

TEST(StartUpReports, TheNumberOfClientsFollowsThem) {
  World world;
  EXPECT_TRUE(simulator_says(world, "reports", "CTIOS_NUM_CLIENTS state 0: 0"));
  {
    Client first, second;
    first.connect(world.port());
    second.connect(world.port());
    EXPECT_TRUE(simulator_says(world, "reports", "CTIOS_NUM_CLIENTS state 0: 2"));
  }
  EXPECT_TRUE(simulator_says(world, "reports", "CTIOS_NUM_CLIENTS state 0: 0"));
}

TEST(StartUpSides, TheStandbySideIsLeftAloneAndTakenAfterTheOtherHasGone) {
  World world(1, {"--standby-b"}, "version = 24\n");
  Client client;
  client.connect(world.port());
  client.set_agent("22866");
  client.login("23901");
  world.tell_simulator("stop side A");
  ASSERT_NE(client.events.wait(eCTIOSFailureEvent, where(CTIOS_SYSTEMEVENTID, eSysCtiServerOnline)),
            nullptr)
      << client.events.story();
  client.set_state(eAvailable);
}

}  // namespace
}  // namespace cti::scenario
