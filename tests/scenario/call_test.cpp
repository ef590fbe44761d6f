// call_test.cpp - scenarios 9 to 12 and 16: incoming and outgoing calls, hold and retrieve, call data.
#include "tests/scenario/world.hpp"

namespace cti::scenario {
namespace {

/// One agent logged in at 23901.
class OneAgent : public testing::Test {
 protected:
  void SetUp() override {
    client.connect(world.port());
    client.set_agent("22866");
    client.login("23901");
  }
  /// A call that the agent has answered.
  std::string answered_call(const std::string& data = {}) {
    client.set_state(eAvailable);
    const std::string id = world.call_arrives(client, "5551234", "77", data);
    EXPECT_NE(client.events.wait(eCallDeliveredEvent, about(id)), nullptr) << client.events.story();
    EXPECT_EQ(client.call(id).Answer(), CIL_OK);
    EXPECT_NE(client.events.wait(eCallEstablishedEvent, about(id)), nullptr)
        << client.events.story();
    return id;
  }

  World world;
  Client client;
};

class Scenario09 : public OneAgent {};

TEST_F(Scenario09, IncomingCallIsAnsweredAndReleased) {
  client.set_state(eAvailable);
  world.tell_simulator("call 5551234 to 77");
  const Seen* begin = client.events.wait(eCallBeginEvent);
  ASSERT_NE(begin, nullptr) << client.events.story();
  const std::string id = begin->text(CTIOS_UNIQUEOBJECTID);
  EXPECT_TRUE(id.starts_with("call.5000.") && id.ends_with(".23901")) << id;
  EXPECT_EQ(begin->text(CTIOS_ANI), "5551234");

  const Seen* delivered = client.events.wait(eCallDeliveredEvent, about(id));
  ASSERT_NE(delivered, nullptr) << client.events.story();
  EXPECT_EQ(delivered->integer(CTIOS_CALLSTATUS), 2);
  EXPECT_NE(delivered->mask() & ENABLE_ANSWER, 0u);

  CCall& call = client.call(id);
  ASSERT_EQ(call.Answer(), CIL_OK);
  const Seen* established = client.events.wait(eCallEstablishedEvent, about(id));
  ASSERT_NE(established, nullptr) << client.events.story();
  EXPECT_EQ(established->integer(CTIOS_CALLSTATUS), 3);
  const std::uint32_t wanted =
      ENABLE_RELEASE | ENABLE_HOLD | ENABLE_TRANSFER_INIT | ENABLE_CONFERENCE_INIT;
  EXPECT_EQ(established->mask() & wanted, wanted) << std::hex << established->mask();
  EXPECT_EQ(established->mask() & ENABLE_ANSWER, 0u);

  ASSERT_EQ(call.ClearConnection(), CIL_OK);
  ASSERT_NE(client.events.wait(eCallEndEvent, about(id)), nullptr) << client.events.story();
  EXPECT_EQ(client.events.count(eAnswerCallConf), 1u) << client.events.story();
  EXPECT_EQ(client.events.count(eClearConnectionConf), 1u) << client.events.story();
  EXPECT_GE(client.events.count(eCallConnectionClearedEvent), 1u) << "one per leaving party";
  EXPECT_EQ(client.events.count(eCallClearedEvent), 1u) << client.events.story();
  EXPECT_EQ(client.events.count(eCallEndEvent), 1u) << client.events.story();
  EXPECT_GE(client.events.place(eAgentStateEvent, where(CTIOS_AGENTSTATE, eTalking)), 0);
  const int end = client.events.place(eCallEndEvent, about(id));
  for (int before : {eCallConnectionClearedEvent, eCallClearedEvent}) {
    EXPECT_LT(client.events.place(before), end) << client.events.story();
  }
  EXPECT_TRUE(client.loses_call(id));
}

class Scenario10 : public OneAgent {};

TEST_F(Scenario10, OutgoingCallReachesTheOtherAgentWithItsData) {
  Client callee;
  callee.connect(world.port());
  callee.set_agent("22867");
  callee.login("23902");
  callee.events.mark();

  Arguments dial;
  dial.AddItem(CTIOS_DIALEDNUMBER, "23902");
  dial.AddItem(CTIOS_CALLVARIABLE1, "abc");
  ASSERT_EQ(client.agent->MakeCall(dial), CIL_OK);
  const Seen* begin = client.events.wait(eCallBeginEvent);
  ASSERT_NE(begin, nullptr) << client.events.story();
  const std::string id = begin->text(CTIOS_UNIQUEOBJECTID);
  ASSERT_NE(client.events.wait(eCallServiceInitiatedEvent, about(id)), nullptr)
      << client.events.story();
  const Seen* originated = client.events.wait(eCallOriginatedEvent, about(id));
  ASSERT_NE(originated, nullptr) << client.events.story();
  EXPECT_EQ(originated->integer(CTIOS_CALLSTATUS), 1);
  ASSERT_NE(client.events.wait(eCallDeliveredEvent, about(id)), nullptr) << client.events.story();
  EXPECT_EQ(client.events.count(eMakeCallConf), 1u) << client.events.story();

  const Seen* there = callee.events.wait(eCallBeginEvent);
  ASSERT_NE(there, nullptr) << callee.events.story();
  EXPECT_EQ(there->text(CTIOS_CALLVARIABLE1), "abc");
  const Seen* ringing = callee.events.wait(eCallDeliveredEvent);
  ASSERT_NE(ringing, nullptr) << callee.events.story();
  EXPECT_EQ(ringing->integer(CTIOS_CALLSTATUS), 2);
}

class Scenario11 : public OneAgent {};

TEST_F(Scenario11, MakeCallInReadyIsRefused) {
  client.set_state(eAvailable);
  client.events.mark();
  Arguments dial;
  dial.AddItem(CTIOS_DIALEDNUMBER, "23902");
  ASSERT_EQ(client.agent->MakeCall(dial), CIL_OK);
  const Seen* failure = client.events.wait(eControlFailureConf);
  ASSERT_NE(failure, nullptr) << client.events.story();
  EXPECT_EQ(failure->integer(CTIOS_MESSAGETYPE), eMakeCallRequest);
  EXPECT_EQ(client.events.count(eCallBeginEvent), 0u);
}

class Scenario12 : public OneAgent {};

TEST_F(Scenario12, HoldRetrieveAndASecondHold) {
  const std::string id = answered_call();
  CCall& call = client.call(id);
  ASSERT_EQ(call.Hold(), CIL_OK);
  const Seen* held = client.events.wait(eCallHeldEvent, about(id));
  ASSERT_NE(held, nullptr) << client.events.story();
  EXPECT_EQ(held->integer(CTIOS_CALLSTATUS), 4);
  EXPECT_NE(held->mask() & ENABLE_RETRIEVE, 0u);

  client.events.mark();
  const int again = call.Hold();
  if (again == CIL_OK) {
    EXPECT_NE(client.events.wait(eControlFailureConf), nullptr) << client.events.story();
  } else {
    EXPECT_LT(again, 0);
  }
  ASSERT_EQ(call.Retrieve(), CIL_OK);
  const Seen* retrieved = client.events.wait(eCallRetrievedEvent, about(id));
  ASSERT_NE(retrieved, nullptr) << client.events.story();
  EXPECT_EQ(retrieved->integer(CTIOS_CALLSTATUS), 3);
  EXPECT_EQ(client.events.count(eHoldCallConf), 1u);
  ASSERT_NE(client.events.find(eRetrieveCallConf), nullptr) << client.events.story();
}

class Scenario16 : public OneAgent {};

TEST_F(Scenario16, CallDataChangesWhatItCarriesAndNothingElse) {
  const std::string id = answered_call("var2=two var3=three");
  CCall& call = client.call(id);
  client.events.mark();
  Arguments data;
  data.AddItem(CTIOS_CALLVARIABLE1, "x");
  data.AddItem(CTIOS_CALLVARIABLE3, " ");
  Arguments ecc;
  ecc.AddItem("user.Arr[0]", "first");
  ecc.AddItem("user.Arr[1]", "second");
  data.AddItem("ECC", ecc);
  ASSERT_EQ(call.SetCallData(data), CIL_OK);
  const Seen* update = client.events.wait(eCallDataUpdateEvent, about(id));
  ASSERT_NE(update, nullptr) << client.events.story();
  EXPECT_EQ(update->text(CTIOS_CALLVARIABLE1), "x");
  ASSERT_NE(client.events.find(eSetCallDataConf), nullptr) << client.events.story();

  std::string value;
  EXPECT_TRUE(call.GetValueString(CTIOS_CALLVARIABLE2, &value));
  EXPECT_EQ(value, "two");
  value.clear();
  call.GetValueString(CTIOS_CALLVARIABLE3, &value);
  EXPECT_TRUE(value.empty() || value == " ") << "'" << value << "'";
  Arguments* kept = nullptr;
  ASSERT_TRUE(call.GetValueArray("ECC", &kept)) << call.DumpProperties();
  EXPECT_EQ(kept->GetValueString("user.Arr[1]"), "second");
  kept->Release();
}

TEST_F(Scenario16, TooMuchOrTooLongDataIsRefused) {
  const std::string id = answered_call();
  CCall& call = client.call(id);
  client.events.mark();
  Arguments longer;
  longer.AddItem(CTIOS_CALLVARIABLE1, std::string(41, 'x'));
  ASSERT_EQ(call.SetCallData(longer), CIL_OK);
  const Seen* refused = client.events.wait(eControlFailureConf);
  ASSERT_NE(refused, nullptr) << client.events.story();
  EXPECT_EQ(refused->integer("FailureCode"), 74) << client.events.story();

  Arguments ecc;
  for (int i = 0; i < 12; ++i) {
    ecc.AddItem("user.Arr[" + std::to_string(i) + "]", std::string(200, 'y'));
  }
  Arguments much;
  much.AddItem("ECC", ecc);
  ASSERT_EQ(call.SetCallData(much), CIL_OK);
  refused = client.events.wait(eControlFailureConf);
  ASSERT_NE(refused, nullptr) << client.events.story();
  EXPECT_EQ(refused->integer("FailureCode"), 73) << client.events.story();
}

}  // namespace
}  // namespace cti::scenario
