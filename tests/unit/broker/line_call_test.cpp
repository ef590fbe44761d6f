// A line and its CTI Server: the life of a call as clients see it.
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

bool mask_has(const Record* record, std::uint32_t bits) {
  return record != nullptr &&
         (static_cast<std::uint32_t>(record->number(Keyword::EnablementMask)) & bits) == bits;
}

void log_in(LineWorld& world, const std::string& agent, const std::string& device,
            std::uint16_t state = 3) {
  world.side_a->agent_state(agent, state, device, device);
  ASSERT_TRUE(world.until([&] {
    const broker::AgentEntry* const entry = world.line->map().agent(world.agent_key(agent));
    return entry != nullptr && entry->state == state && entry->desk_known;
  }));
}

TEST(Line, OpensASessionAndComesIntoStep) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(world.side_a->opens, 1U);
  EXPECT_EQ(world.side_b->opens, 0U);
  EXPECT_EQ(world.side_a->services, 0x296U);
  EXPECT_EQ(world.side_a->queries, 2U);
  EXPECT_TRUE(world.shared.status.cti_server_online());
  EXPECT_TRUE(world.shared.status.peripheral_online(0));
  world.settle();
  EXPECT_EQ(world.count(EventId::eQueryAgentStateConf), 2U);
  const Record* const online = world.last(EventId::eCTIOSFailureEvent);
  ASSERT_NE(online, nullptr);
  EXPECT_EQ(online->number(Keyword::SystemEventID), ctios::eSysCtiServerOnline);
}

TEST(Line, TellsTheLifeOfAnIncomingCall) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", "23901");
  const std::size_t from = world.records.size();
  world.side_a->begin_call(202, "23901", "5551234");
  world.side_a->delivered(202, "23901");
  world.side_a->established(202, "23901");
  world.side_a->agent_state("22866", 4, "23901", "23901");
  world.side_a->held(202, "23901");
  world.side_a->cleared(202, "23901");
  world.side_a->end_call(202, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallEndEvent) == 1; }));
  EXPECT_EQ(world.events_since(from),
            (std::vector{EventId::eCallBeginEvent, EventId::eCallDeliveredEvent,
                         EventId::eCallEstablishedEvent, EventId::eAgentStateEvent,
                         EventId::eCallHeldEvent, EventId::eCallConnectionClearedEvent,
                         EventId::eCallEndEvent}));

  const Record* const begin = world.last(EventId::eCallBeginEvent);
  EXPECT_EQ(begin->text(Keyword::UniqueObjectID), "call.5000.202.23901");
  EXPECT_EQ(begin->text(Keyword::ANI), "5551234");
  EXPECT_EQ(begin->text(Keyword::ICMEnterpriseUniqueID), "icm.150000.202");
  EXPECT_EQ(begin->text(Keyword::CallVariable1), "one");
  const auto ecc = begin->view().arguments().arguments(Keyword::ECC);
  ASSERT_TRUE(ecc);
  EXPECT_EQ(ecc->string("user.cust"), "gold");
  EXPECT_EQ(ecc->string("user.hist[1]"), "x");
  EXPECT_EQ(begin->view().agent_key(), world.agent_key("22866"));

  const Record* const delivered = world.last(EventId::eCallDeliveredEvent);
  EXPECT_EQ(delivered->number(Keyword::CallStatus), ctios::LCS_ALERTING);
  EXPECT_TRUE(mask_has(delivered, ctios::ENABLE_ANSWER));
  EXPECT_EQ(delivered->text(Keyword::AlertingDeviceID), "23901");
  const Record* const established = world.last(EventId::eCallEstablishedEvent);
  EXPECT_EQ(established->number(Keyword::CallStatus), ctios::LCS_CONNECT);
  EXPECT_TRUE(mask_has(established, ctios::ENABLE_HOLD | ctios::ENABLE_RELEASE |
                                        ctios::ENABLE_TRANSFER_INIT |
                                        ctios::ENABLE_CONFERENCE_INIT));
  EXPECT_FALSE(mask_has(established, ctios::ENABLE_ANSWER));
  EXPECT_TRUE(mask_has(world.last(EventId::eCallHeldEvent), ctios::ENABLE_RETRIEVE));
  EXPECT_EQ(world.line->map().calls(), 0U);
  EXPECT_EQ(world.line->map().properties().size(wire::ObjectKind::kCall), 0U);
}

TEST(Line, LeavesCallStatusOutAfterAFailure) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", "23901", 2);
  world.side_a->begin_call(5, "23901", "");
  world.side_a->failed(5, "23901");
  world.side_a->cleared(5, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallConnectionClearedEvent) == 1; }));
  EXPECT_EQ(world.last(EventId::eCallFailedEvent)->number(Keyword::CallStatus), ctios::LCS_FAIL);
  EXPECT_FALSE(world.last(EventId::eCallConnectionClearedEvent)->has(Keyword::CallStatus));
}

TEST(Line, U10_EventOfACallNeverSeenMakesItAndEndsOfUnknownOnesAreDropped) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  const std::size_t from = world.records.size();
  world.side_a->established(77, "23901");
  world.side_a->end_call(78, "23901");
  world.side_a->cleared(79, "23901");
  world.side_a->end_call(77, "23901");
  world.side_a->end_call(77, "23901");
  ASSERT_TRUE(world.until([&] { return world.line->translator_counters().unknown_calls == 3; }));
  world.settle();
  EXPECT_EQ(world.events_since(from),
            (std::vector{EventId::eCallBeginEvent, EventId::eCallEstablishedEvent,
                         EventId::eCallEndEvent}));
  EXPECT_EQ(world.records[from].view().flags(), wire::update_flag::kArtificial);
  EXPECT_EQ(world.line->translator_counters().made_calls, 1U);
  EXPECT_EQ(world.line->map().calls(), 0U);
}

TEST(Line, RenamesACallByDataUpdate) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", "23901");
  world.side_a->begin_call(202, "23901", "1");
  CtiServer& cti = *world.side_a;
  cti.send(ged::CallDataUpdateEventEncoder(cti.room(), cti.version,
                                           {.peripheral_id = kPeripheral,
                                            .call_type = 15,
                                            .connection_device_id_type = 0,
                                            .connection_call_id = 202,
                                            .new_connection_device_id_type = 0,
                                            .new_connection_call_id = 303})
               .connection_device_id("23901")
               .new_connection_device_id("23901"));
  cti.established(303, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallEstablishedEvent) == 1; }));
  const Record* const update = world.last(EventId::eCallDataUpdateEvent);
  EXPECT_EQ(update->text(Keyword::UniqueObjectID), "call.5000.303.23901");
  EXPECT_EQ(update->text(Keyword::OldUniqueObjectID), "call.5000.202.23901");
  EXPECT_EQ(world.line->map().calls(), 1U);
  EXPECT_EQ(world.line->translator_counters().made_calls, 0U);
  const auto handle = world.line->map().properties().find("call.5000.303.23901");
  ASSERT_TRUE(handle);
  EXPECT_EQ(world.line->map().properties().properties(*handle).string(Keyword::ANI), "1");
}

TEST(Line, U6_TextsFromTheSwitchAreCleanWhateverTheyAre) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  world.side_a->begin_call(9, "23901",
                           "a#b\xE4"
                           "c");
  world.side_a->spoil("a#b",
                      "a\x01"
                      "b");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallBeginEvent) == 1; }));
  EXPECT_EQ(world.last(EventId::eCallBeginEvent)->text(Keyword::ANI),
            "a\\x01b\xC3\xA4"
            "c");
}

TEST(Line, FramesALogoutWithPreAndPostEvents) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", "23901", 2);
  const std::size_t from = world.records.size();
  world.side_a->agent_state("22866", 1, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::ePostLogoutEvent) == 1; }));
  EXPECT_EQ(world.events_since(from),
            (std::vector{EventId::ePreLogoutEvent, EventId::eAgentStateEvent,
                         EventId::ePostLogoutEvent}));
  EXPECT_EQ(world.records[from].number(Keyword::AgentState), ctios::eNotReady);
  EXPECT_EQ(world.records[from + 1].number(Keyword::AgentState), ctios::eLogout);
  EXPECT_TRUE(mask_has(&world.records[from + 1], ctios::ENABLE_LOGIN));
  EXPECT_EQ(world.records[from + 1].text(Keyword::AgentExtension), "23901");
}

// Of a call that came in nobody asks whether it was answered, and no record says so, until its type leaves that open.
TEST(Line, SaysThatACallIsAnsweredOnceItsTypeNoLongerSaysThatItCameIn) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", "23901", 4);
  CtiServer& cti = *world.side_a;
  cti.begin_call(1, "23901", "1");
  cti.established(1, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallEstablishedEvent) == 1; }));
  const broker::ObjectMap& map = world.line->map();
  const std::uint64_t key = wire::object_key("call.5000.1.23901");
  ASSERT_NE(map.call(key), nullptr);
  EXPECT_FALSE(map.call(key)->answered);
  cti.send(ged::CallDataUpdateEventEncoder(cti.room(), cti.version,
                                           {.peripheral_id = kPeripheral,
                                            .call_type = ctios::CALLTYPE_CONFERENCE,
                                            .connection_device_id_type = 0,
                                            .connection_call_id = 1,
                                            .new_connection_device_id_type = 0,
                                            .new_connection_call_id = 1})
               .connection_device_id("23901")
               .new_connection_device_id("23901"));
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallDataUpdateEvent) == 1; }));
  ASSERT_NE(map.call(key), nullptr);
  EXPECT_EQ(map.call(key)->type, ctios::CALLTYPE_CONFERENCE);
  EXPECT_TRUE(map.call(key)->answered);
}

TEST(Line, GivesTheOtherCallANewMaskWhenAConsultationIsAnswered) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", "23901", 4);
  CtiServer& cti = *world.side_a;
  cti.begin_call(1, "23901", "1");
  cti.established(1, "23901");
  cti.held(1, "23901");
  cti.begin_call(2, "23901", "", 12);
  cti.send(ged::CallOriginatedEventEncoder(cti.room(), cti.version,
                                           {.peripheral_id = kPeripheral,
                                            .connection_device_id_type = 0,
                                            .connection_call_id = 2,
                                            .local_connection_state = 1})
               .connection_device_id("23901"));
  cti.established(2, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallEstablishedEvent) == 2; }));
  world.settle();
  const Record* const other = world.last(EventId::eCallDataUpdateEvent);
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->text(Keyword::UniqueObjectID), "call.5000.1.23901");
  EXPECT_TRUE(mask_has(other, ctios::ENABLE_ALTERNATE | ctios::ENABLE_TRANSFER_COMPLETE));
  EXPECT_TRUE(mask_has(
      world.last(EventId::eCallEstablishedEvent),
      ctios::ENABLE_ALTERNATE | ctios::ENABLE_RECONNECT | ctios::ENABLE_TRANSFER_COMPLETE));
}

}  // namespace
}  // namespace cti::test
