// failover_test.cpp - scenario 24: a server dies while its agent has a call, and the other one takes over.
#include "tests/scenario/world.hpp"

#include <signal.h>

namespace cti::scenario {
namespace {

/// call.<PeripheralID>.<ConnectionCallID>.<ConnectionDeviceID>
std::string connection_call_id(const std::string& unique_object_id) {
  const std::size_t begin = unique_object_id.find('.', unique_object_id.find('.') + 1) + 1;
  return unique_object_id.substr(begin, unique_object_id.find('.', begin) - begin);
}

TEST(Scenario24, FailoverKeepsTheCallAndEndsTheOneThatEnded) {
  World world(2);
  // The first side is chosen at random: try until the session is on server 0.
  std::unique_ptr<Client> client;
  Arguments both;
  both.AddItem(CTIOS_CTIOSA, "127.0.0.1");
  both.AddItem(CTIOS_PORTA, world.port(0));
  both.AddItem(CTIOS_CTIOSB, "127.0.0.1");
  both.AddItem(CTIOS_PORTB, world.port(1));
  client = std::make_unique<Client>();
  client->connect(world.port(0), world.port(1));
  int port = 0;
  client->session.GetValueInt("CurrentPort", &port);
  const std::size_t mine = port == world.port(1) ? 1 : 0;
  client->set_agent("22866");
  client->login("23901", true);
  client->set_state(eAvailable);

  const std::string held = world.call_arrives(*client, "5551111", "77");
  ASSERT_NE(client->events.wait(eCallDeliveredEvent, about(held)), nullptr);
  client->call(held).Answer();
  ASSERT_NE(client->events.wait(eCallEstablishedEvent, about(held)), nullptr);
  client->call(held).Hold();
  ASSERT_NE(client->events.wait(eCallHeldEvent, about(held)), nullptr) << client->events.story();
  ASSERT_EQ(client->call(held).Retrieve(), CIL_OK);
  ASSERT_NE(client->events.wait(eCallRetrievedEvent, about(held)), nullptr)
      << client->events.story();

  // The colleague whom the agent consults is on the server that lives on.
  Client colleague;
  colleague.connect(world.port(1 - mine));
  colleague.set_agent("22867");
  colleague.login("23902");
  Arguments consult;
  consult.AddItem(CTIOS_DIALEDNUMBER, "23902");
  consult.AddItem(CTIOS_CONSULTTYPE, 1);
  ASSERT_EQ(client->call(held).MakeConsultCall(consult), CIL_OK);
  const Seen* begin = client->events.wait(eCallBeginEvent);
  ASSERT_NE(begin, nullptr) << client->events.story();
  const std::string talking = begin->text(CTIOS_UNIQUEOBJECTID);
  const Seen* ringing = colleague.events.wait(eCallDeliveredEvent);
  ASSERT_NE(ringing, nullptr) << colleague.events.story();
  ASSERT_EQ(colleague.call(ringing->text(CTIOS_UNIQUEOBJECTID)).Answer(), CIL_OK);
  ASSERT_NE(client->events.wait(eCallEstablishedEvent, about(talking)), nullptr)
      << client->events.story();

  client->events.mark();
  const std::size_t logins = client->events.count(eSetAgentStateConf);
  world.server(mine).signal(SIGKILL);
  world.tell_simulator("hangup " + connection_call_id(held));
  const Seen* failure = client->events.wait(eOnConnectionFailure);
  ASSERT_NE(failure, nullptr) << client->events.story();
  EXPECT_EQ(failure->text("FailedServer"), "127.0.0.1");
  ASSERT_NE(client->events.wait(eOnConnection), nullptr) << client->events.story();
  ASSERT_NE(client->events.wait(eQueryAgentStateConf), nullptr) << client->events.story();
  const Seen* device = client->events.wait(eSnapshotDeviceConf);
  ASSERT_NE(device, nullptr) << client->events.story();
  EXPECT_EQ(device->integer("NumCalls"), 1);
  Arguments* valid = nullptr;
  ASSERT_TRUE(device->args.GetValueArray("ValidCalls", &valid));
  EXPECT_TRUE(valid->IsValid(talking)) << valid->DumpArgs();
  EXPECT_FALSE(valid->IsValid(held)) << valid->DumpArgs();
  valid->Release();
  ASSERT_NE(client->events.wait(eSnapshotCallConf, about(talking)), nullptr)
      << client->events.story();
  ASSERT_NE(client->events.wait(eSetAgentModeEvent), nullptr) << client->events.story();
  EXPECT_TRUE(client->loses_call(held));
  EXPECT_EQ(client->events.count(eCallEndEvent, about(held)), 1u) << client->events.story();
  EXPECT_EQ(client->events.count(eCallEndEvent, about(talking)), 0u) << client->events.story();
  EXPECT_TRUE(client->has_call(talking));
  EXPECT_EQ(client->events.count(eSetAgentStateConf), logins) << "no second Login by the program";

  ASSERT_EQ(client->call(talking).ClearConnection(), CIL_OK);
  EXPECT_NE(client->events.wait(eCallEndEvent, about(talking)), nullptr) << client->events.story();
}

}  // namespace
}  // namespace cti::scenario
