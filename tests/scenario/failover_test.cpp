// failover_test.cpp - scenario 24: a server dies while its agent has two calls, and the other one takes over.
#include "tests/scenario/world.hpp"

#include <signal.h>

#include <chrono>
#include <cstdio>

namespace cti::scenario {
namespace {

/// call.<PeripheralID>.<ConnectionCallID>.<ConnectionDeviceID>
std::string connection_call_id(const std::string& unique_object_id) {
  const std::size_t begin = unique_object_id.find('.', unique_object_id.find('.') + 1) + 1;
  return unique_object_id.substr(begin, unique_object_id.find('.', begin) - begin);
}

/// An agent on one server, which will die, with a customer on hold, talking to a colleague who is on the other.
class Scenario24 : public testing::Test {
 protected:
  void SetUp() override {
    client.connect(world.port(0), world.port(1));
    // The session draws the side that it tries first.
    dying = client.session.GetValueInt(CTIOS_CURRENTPORT) == world.port(0) ? 0 : 1;
    surviving = 1 - dying;
    client.set_agent("22866");
    client.login("23901", true);
    client.set_state(eAvailable);
    held = world.call_arrives(client, "5551111", "77");
    ASSERT_NE(client.events.wait(eCallDeliveredEvent, about(held)), nullptr);
    ASSERT_EQ(client.call(held).Answer(), CIL_OK);
    ASSERT_NE(client.events.wait(eCallEstablishedEvent, about(held)), nullptr);
    consult();
  }

  void consult() {
    colleague.connect(world.port(surviving));
    colleague.set_agent("22867");
    colleague.login("23902");
    Arguments args;
    args.AddItem(CTIOS_DIALEDNUMBER, "23902");
    args.AddItem(CTIOS_CONSULTTYPE, 1);
    ASSERT_EQ(client.call(held).MakeConsultCall(args), CIL_OK);
    const Seen* begin = client.events.wait(eCallBeginEvent);
    ASSERT_NE(begin, nullptr) << client.events.story();
    talking = begin->text(CTIOS_UNIQUEOBJECTID);
    const Seen* ringing = colleague.events.wait(eCallDeliveredEvent);
    ASSERT_NE(ringing, nullptr) << colleague.events.story();
    ASSERT_EQ(colleague.call(ringing->text(CTIOS_UNIQUEOBJECTID)).Answer(), CIL_OK);
    ASSERT_NE(client.events.wait(eCallEstablishedEvent, about(talking)), nullptr)
        << client.events.story();
    client.events.mark();
  }

  /// The client's server dies, and the other one has seen the held call end before the client gets there.
  void kill_server() {
    Client witness;
    witness.connect(world.port(surviving));
    witness.monitor("MessageID=24");
    client.events.hold_at(eOnConnectionFailure);
    world.server(dying).signal(SIGKILL);
    ASSERT_NE(client.events.wait(eOnConnectionFailure), nullptr) << client.events.story();
    world.tell_simulator("hangup " + connection_call_id(held));
    EXPECT_NE(witness.events.wait(eCallEndEvent, about(held)), nullptr) << witness.events.story();
    client.events.release();
    ASSERT_NE(client.events.wait(eOnConnection), nullptr) << client.events.story();
  }

  World world{2};
  Client client;
  Client colleague;
  std::size_t dying = 0;
  std::size_t surviving = 1;
  std::string held;
  std::string talking;
};

TEST_F(Scenario24, FailoverKeepsTheCallAndEndsTheOneThatEnded) {
  const std::size_t confirmations = client.events.count(eSetAgentStateConf);
  ASSERT_NO_FATAL_FAILURE(kill_server());
  ASSERT_NE(client.events.wait(eQueryAgentStateConf), nullptr) << client.events.story();
  const Seen* device = client.events.wait(eSnapshotDeviceConf);
  ASSERT_NE(device, nullptr) << client.events.story();
  EXPECT_EQ(device->integer("NumCalls"), 1) << client.events.story();
  Arguments* valid = nullptr;
  ASSERT_TRUE(device->args.GetValueArray("ValidCalls", &valid));
  EXPECT_TRUE(valid->IsValid(talking)) << valid->DumpArgs();
  EXPECT_FALSE(valid->IsValid(held)) << valid->DumpArgs();
  valid->Release();
  ASSERT_NE(client.events.wait(eSnapshotCallConf, about(talking)), nullptr)
      << client.events.story();
  ASSERT_NE(client.events.wait(eSetAgentModeEvent), nullptr) << client.events.story();
  EXPECT_TRUE(client.loses_call(held));
  EXPECT_EQ(client.events.count(eCallEndEvent, about(held)), 1u) << client.events.story();
  EXPECT_EQ(client.events.count(eCallEndEvent, about(talking)), 0u) << client.events.story();
  EXPECT_TRUE(client.has_call(talking));
  EXPECT_EQ(client.events.count(eSetAgentStateConf), confirmations) << "no Login by the program";

  ASSERT_EQ(client.call(talking).ClearConnection(), CIL_OK);
  EXPECT_NE(client.events.wait(eCallEndEvent, about(talking)), nullptr) << client.events.story();
}

/// It answers nothing and closes nothing: only its silence tells.
TEST(Scenario24Hung, AServerThatIsStoppedIsLeftForTheOtherOne) {
  World world(2);
  Client client;
  client.connect(world.port(0), world.port(1));
  const std::size_t hung = client.session.GetValueInt(CTIOS_CURRENTPORT) == world.port(0) ? 0 : 1;
  client.events.mark();
  const auto stopped = std::chrono::steady_clock::now();
  world.server(hung).signal(SIGSTOP);
  const Seen* failure = client.events.wait(eOnConnectionFailure);
  ASSERT_NE(failure, nullptr) << client.events.story();
  EXPECT_EQ(failure->integer(CTIOS_REASONCODE), eMissedHeartbeats);
  ASSERT_NE(client.events.wait(eOnConnection), nullptr) << client.events.story();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - stopped;
  std::printf("hung server: the client was with the other one after %.1f s\n", took.count());
  EXPECT_EQ(client.session.GetValueInt(CTIOS_CURRENTPORT), world.port(1 - hung));
  EXPECT_TRUE(client.events.none(eOnMissingHeartbeat)) << "nobody has asked for them";
  world.server(hung).signal(SIGCONT);
}

}  // namespace
}  // namespace cti::scenario
