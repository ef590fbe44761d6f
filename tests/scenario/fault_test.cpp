// fault_test.cpp - what the CTI Server gets wrong on its way to ringsided costs the link at most, never what clients know.
#include "tests/scenario/world.hpp"

#include <chrono>
#include <functional>
#include <thread>

namespace cti::scenario {
namespace {

constexpr int kConnected = 3;  // CallStatus

bool eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

/// An agent whose phone rings.
class Faults : public testing::Test {
 protected:
  void SetUp() override {
    client.connect(world.port());
    client.set_agent("22866");
    client.login("23901");
    client.set_state(eAvailable);
    id = world.call_arrives(client, "5551234", "77");
    ASSERT_NE(client.events.wait(eCallDeliveredEvent, about(id)), nullptr) << client.events.story();
  }
  /// CallStatus as the session knows it; -1: it has no such call.
  int status() {
    CCtiOsObject* object = nullptr;
    if (!client.session.GetObjectFromObjectID(id, &object)) return -1;
    const int known = object->GetValueInt(CTIOS_CALLSTATUS);
    object->Release();
    return known;
  }
  bool becomes_established() {
    return eventually([&] { return status() == kConnected; });
  }
  /// A counter of the simulator.
  int counted(const std::string& name) {
    const std::string stats = " " + world.tell_simulator("stats");
    const std::size_t at = stats.find(" " + name + " ");
    return at == std::string::npos ? -1 : std::stoi(stats.substr(at + name.size() + 2));
  }
  void release() {
    ASSERT_EQ(client.call(id).ClearConnection(), CIL_OK);
    EXPECT_TRUE(client.loses_call(id)) << client.events.story();
  }

  World world;
  Client client;
  std::string id;
};

TEST_F(Faults, AFrameThatIsCutCostsTheLinkAndTheCallIsFoundAgain) {
  const int opened = counted("opened");
  world.tell_simulator("next cut 20 CALL_ESTABLISHED_EVENT");
  world.tell_simulator("answer 22866");
  EXPECT_TRUE(becomes_established()) << client.events.story();
  EXPECT_EQ(counted("faults"), 1);
  EXPECT_GT(counted("opened"), opened) << "ringsided has come again";
  release();
}

TEST_F(Faults, AWrongLengthCostsTheLinkAndTheCallIsFoundAgain) {
  const int opened = counted("opened");
  world.tell_simulator("next wronglength 60000 CALL_ESTABLISHED_EVENT");
  world.tell_simulator("answer 22866");
  EXPECT_TRUE(becomes_established()) << client.events.story();
  EXPECT_EQ(counted("faults"), 1);
  EXPECT_GT(counted("opened"), opened) << "ringsided has come again";
  release();
}

TEST_F(Faults, ALostConfirmationLosesNothingElse) {
  world.tell_simulator("lose confirmation 1");
  ASSERT_EQ(client.call(id).Answer(), CIL_OK);
  EXPECT_NE(client.events.wait(eCallEstablishedEvent, about(id)), nullptr) << client.events.story();
  EXPECT_EQ(counted("faults"), 1);
  release();
}

TEST_F(Faults, DelaysAndSlowReadingOnlyTakeTime) {
  world.tell_simulator("delay 0.5 100");
  world.tell_simulator("slow read 2000");
  ASSERT_EQ(client.call(id).Answer(), CIL_OK);
  EXPECT_NE(client.events.wait(eCallEstablishedEvent, about(id)), nullptr) << client.events.story();
  release();
  EXPECT_GT(counted("faults"), 0);
}

}  // namespace
}  // namespace cti::scenario
