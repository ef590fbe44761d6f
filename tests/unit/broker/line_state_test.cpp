// State must not depend on what was heard: masks, seats, teams, media domains and texts, each with the fault that showed it.
#include "broker/model/clean_text.hpp"
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;
using namespace wire::ctios::ButtonEnablement_bits;

constexpr std::uint32_t kCompletions = ENABLE_TRANSFER_COMPLETE | ENABLE_CONFERENCE_COMPLETE;

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

const broker::CallEntry* call_of(LineWorld& world, const std::string& id) {
  return world.line->map().call(wire::object_key(id));
}

/// The mask of the last record about the object.
std::uint32_t mask_of(LineWorld& world, const std::string& id) {
  for (std::size_t i = world.records.size(); i != 0; --i) {
    const Record& record = world.records[i - 1];
    if (record.text(Keyword::UniqueObjectID) == id && record.has(Keyword::EnablementMask))
      return static_cast<std::uint32_t>(record.number(Keyword::EnablementMask));
  }
  return 0;
}

/// A line that starts while agent 22866 has call 1 on hold and consults on call 2.
void consulting(LineWorld& world, std::uint16_t colleague) {
  world.side_a->agents["22866"] = {4, "23901", "23901"};
  world.side_a->calls["23901"] = {{2, 3, "23901", 12, "23902", colleague}, {1, 4, "5551234"}};
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  world.settle();
}

TEST(LineState, ALineThatStartsInAConsultationHasTheButtonsOfOne) {
  LineWorld world(one_side());
  consulting(world, 3);
  const std::uint32_t consult = mask_of(world, "call.5000.2.23901");
  EXPECT_EQ(consult & kCompletions, kCompletions);
  EXPECT_NE(consult & ENABLE_RECONNECT, 0U);
  EXPECT_NE(consult & ENABLE_ALTERNATE, 0U);
  const std::uint32_t held = mask_of(world, "call.5000.1.23901");
  EXPECT_EQ(held & (ENABLE_RELEASE | ENABLE_RETRIEVE), 0U) << "the customer is being consulted on";
  // The agent's own mask is that of the agent with the call.
  const broker::Tell tell = world.enter_agent_mode("22866");
  ASSERT_NE(tell.image, nullptr);
  const auto agent = wire::UpdateView::trusted(tell.image->bytes);
  EXPECT_EQ(static_cast<std::uint32_t>(*agent.arguments().integer(Keyword::EnablementMask)) &
                kCompletions,
            kCompletions);
}

TEST(LineState, WhileTheColleagueRingsThereIsOnlyTheWayBack) {
  LineWorld world(one_side());
  consulting(world, 2);
  for (const char* id : {"call.5000.2.23901", "call.5000.1.23901"}) {
    const std::uint32_t mask = mask_of(world, id);
    EXPECT_EQ(mask & (kCompletions | ENABLE_ALTERNATE), 0U) << id;
    EXPECT_NE(mask & ENABLE_RECONNECT, 0U) << id;
  }
  // Heard, it is the same; and the answer brings the buttons.
  world.side_a->established(2, "23901");
  world.settle();
  EXPECT_EQ(mask_of(world, "call.5000.2.23901") & kCompletions, kCompletions);
}

TEST(LineState, ACallThatWasThereBeforeTheAgentReachesTheAgentsSession) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->begin_call(7, "23901", "555");
  world.side_a->delivered(7, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallDeliveredEvent) == 1; }));
  EXPECT_EQ(world.last(EventId::eCallDeliveredEvent)->view().agent_key(), 0U);
  const std::size_t from = world.records.size();
  world.side_a->agent_state("22866", 8, "23901", "23901");
  world.settle();
  const Record* const told = world.last(EventId::eSnapshotCallConf, from);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->view().agent_key(), world.agent_key("22866"));
  EXPECT_EQ(told->text(Keyword::ANI), "555");
  EXPECT_NE(told->number(Keyword::EnablementMask) & ENABLE_ANSWER, 0);
  // The agent leaves: whoever was told of the call is told of its end.
  world.side_a->agent_state("22866", 1, "", "");
  world.side_a->end_call(7, "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallEndEvent) == 1; }));
  EXPECT_EQ(world.last(EventId::eCallEndEvent)->view().agent_key(), world.agent_key("22866"));
}

TEST(LineState, ABeginOnAConnectionWhoseEndNeverCameIsANewCall) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->begin_call(7, "23901", "555");
  world.side_a->established(7, "23901");
  ged::BeginCallEventEncoder again(world.side_a->room(), world.side_a->version,
                                   {.peripheral_id = kPeripheral,
                                    .peripheral_type = 17,
                                    .call_type = 6,
                                    .connection_device_id_type = 0,
                                    .connection_call_id = 7});
  world.side_a->send(again.connection_device_id("23901"));
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallBeginEvent) == 2; }));
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 1U);
  const broker::CallEntry* const call = call_of(world, "call.5000.7.23901");
  ASSERT_NE(call, nullptr);
  EXPECT_TRUE(call->contact.empty());
  EXPECT_EQ(call->status, 0);
}

void team(LineWorld& world, std::uint32_t id, std::uint16_t operation, const std::string& agent) {
  ged::AgentTeamConfigEventEncoder to(
      world.side_a->room(), world.side_a->version,
      {.peripheral_id = kPeripheral, .team_id = id, .config_operation = operation});
  if (!agent.empty()) to.add_agent({agent, std::uint16_t{0}});
  world.side_a->send(to);
}

TEST(LineState, ATeamThatIsLeftDoesNotTakeTheOtherWithIt) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  const auto agent = [&] { return world.line->map().agent(world.agent_key("22866")); };
  team(world, 5001, 1, "22866");
  team(world, 6001, 1, "22866");
  team(world, 5001, 2, "22866");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eNewAgentTeamMember) == 3; }));
  EXPECT_EQ(agent()->team, 6001U);
  team(world, 6001, 2, "22866");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eNewAgentTeamMember) == 4; }));
  EXPECT_EQ(agent()->team, 0U);
}

TEST(LineState, ATeamThatWasLeftDuringAnOutageIsLeft) {
  LineWorld world(one_side());
  std::string member = "22866";
  world.side_a->hook = [&](std::uint32_t type, Bytes) {
    const bool opening = ged::MessageType{type} == ged::MessageType::kConfigRequestEvent;
    if (opening) team(world, 5001, 1, member);
    return false;
  };
  ASSERT_TRUE(world.ready());
  const auto team_of = [&](const char* id) {
    return world.line->map().agent(world.agent_key(id))->team;
  };
  EXPECT_EQ(team_of("22866"), 5001U);
  member = "22867";
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  EXPECT_EQ(team_of("22866"), 0U);
  EXPECT_EQ(team_of("22867"), 5001U);
}

TEST(LineState, ATransferThatIsOverForTheDeviceMakesNoCall) {
  constexpr char kHex[] =
      "0000003e000000120000000100001388001100000000022bffff0000ffffffffffffffff"
      "0000000000000000022c000000000000001c23063233393031002406323339303100";
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  std::vector<std::byte> frame;
  for (std::size_t i = 0; i + 1 < sizeof kHex; i += 2)
    frame.push_back(std::byte(std::stoi(std::string(kHex + i, 2), nullptr, 16)));
  store_be<std::uint32_t>(frame.data(), static_cast<std::uint32_t>(frame.size() - 8));
  world.side_a->send_raw(frame);
  world.settle();
  EXPECT_EQ(world.line->map().calls(), 0U);
  EXPECT_EQ(world.count(EventId::eCallBeginEvent), 0U);
  EXPECT_EQ(world.line->translator_counters().unknown_calls, 1U);
}

TEST(LineState, ADisplacedAgentDoesNotTakeTheSeatBackByBeingSpokenOf) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 3, "23901", "23901");
  world.side_a->agent_state("22867", 3, "23901", "23901");
  world.side_a->agent_state("22866", 2, "23901", "23901");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eAgentStateEvent) == 3; }));
  const broker::AgentEntry* const there = world.line->map().agent_on(kPeripheral, "23901");
  ASSERT_NE(there, nullptr);
  EXPECT_EQ(there->agent_id.view(), "22867");
}

TEST(LineState, AnotherMediaDomainLeavesTheVoiceStateAlone) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 4, "23901", "23901");
  const auto chat = [&](std::int32_t domain, std::uint16_t state) {
    ged::AgentStateEventEncoder to(world.side_a->room(), world.side_a->version,
                                   {.peripheral_id = kPeripheral,
                                    .session_id = 1,
                                    .peripheral_type = 17,
                                    .skill_group_state = state,
                                    .agent_state = state,
                                    .mrdid = domain});
    world.side_a->send(to.agent_id("22866").agent_instrument("23901"));
  };
  chat(5002, 3);
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eAgentStateEvent) == 2; }));
  world.settle();
  EXPECT_EQ(world.last(EventId::eAgentStateEvent)->number(Keyword::MRDID), 5002);
  EXPECT_EQ(world.last(EventId::eAgentStateEvent)->number(Keyword::AgentState), 3);
  EXPECT_EQ(world.last(EventId::eAgentStateEvent)->view().agent_key(), world.agent_key("22866"));
  EXPECT_EQ(world.line->map().agent(world.agent_key("22866"))->state, ctios::eTalking);
  const auto handle = world.line->map().properties().find(world.agent_key("22866"));
  const auto properties = world.line->map().properties().properties(*handle);
  EXPECT_EQ(properties.integer(Keyword::AgentState), ctios::eTalking);
  EXPECT_NE(properties.dump().find("MediaDomain[5002] = { AgentState = 3; }"), std::string::npos);
  chat(1, 3);
  ASSERT_TRUE(world.until(
      [&] { return world.line->map().agent(world.agent_key("22866"))->state == 3; }));
}

TEST(CleanText, ACharacterThatALimitCutOffIsDropped) {
  broker::CleanTextRoom room;
  EXPECT_EQ(room.clean("J\xC3\xBCrgen M\xC3"), "J\xC3\xBCrgen M");
  EXPECT_EQ(room.clean("\xE2\x82"), "");
  EXPECT_EQ(room.clean("a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98"), "a\xC3\xBC\xE2\x82\xAC");
}

TEST(CleanText, WhatAGatewayOnWindowsSendsIsRead) {
  broker::CleanTextRoom room;
  EXPECT_EQ(room.clean("J\xFCrgen"), "J\xC3\xBCrgen");
  EXPECT_EQ(room.clean("10 \x80 \x96 ok"), "10 \xE2\x82\xAC \xE2\x80\x93 ok");
  EXPECT_EQ(room.clean("x\x81y"), "x\\x81y") << "nothing stands there";
  EXPECT_EQ(room.clean("M\xFC"), "M\xC3\xBC");
}

// ---- above the limits ----

TEST(LineState, U21_NoClientSeesACallThatTheMapDoesNotHold) {
  broker::LineConfig config = one_side();
  config.calls_max = 3;
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  for (std::uint32_t call = 1; call <= 5; ++call) {
    world.side_a->begin_call(call, "23901", "555");
    world.side_a->delivered(call, "23901");
    world.side_a->established(call, "23901");
  }
  world.settle();
  EXPECT_EQ(world.line->map().calls(), 3U);
  EXPECT_EQ(world.count(EventId::eCallBeginEvent), 3U);
  EXPECT_EQ(world.count(EventId::eCallEstablishedEvent), 3U);
  EXPECT_GE(world.line->map().counters().no_room, 2U);
  EXPECT_EQ(std::count_if(world.said.begin(), world.said.end(),
                          [](const std::string& text) { return text.starts_with("a table is"); }),
            1);
  wire::ObjectTable client;
  for (const Record& record : world.records) (void)client.apply(record.view());
  EXPECT_EQ(client.digest(), world.line->map().properties().digest());
  // A place becomes free: the next one is told.
  world.side_a->end_call(1, "23901");
  world.side_a->begin_call(9, "23901", "555");
  ASSERT_TRUE(world.until([&] { return world.count(EventId::eCallBeginEvent) == 4; }));
}

TEST(LineState, U21_AgentsGroupsAndTheirClientsStayWithinTheLimitToo) {
  broker::LineConfig config = one_side();
  config.agents_max = 4;
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  for (int i = 0; i < 6; ++i) world.side_a->agent_state("3" + std::to_string(i), 3, "", "");
  for (std::int32_t group = 1; group <= 7; ++group) {
    ged::ConfigSkillGroupEventEncoder to(world.side_a->room(), world.side_a->version);
    ged::ConfigSkillGroupEventEncoder::Record record;
    record.record_type = std::uint16_t{0};
    record.flt_peripheral_id = kPeripheral;
    record.peripheral_number = static_cast<std::uint32_t>(group);
    to.add_record(record);
    world.side_a->send(to);
  }
  world.settle();
  EXPECT_EQ(world.line->map().agents(), 4U);
  EXPECT_EQ(world.line->map().properties().size(wire::ObjectKind::kSkillGroup), 4U);
  wire::ObjectTable client;
  for (const Record& record : world.records) (void)client.apply(record.view());
  EXPECT_EQ(client.digest(), world.line->map().properties().digest());
}

TEST(LineState, AnAgentWhomNobodyNeedsLeavesWhenTheTableIsFull) {
  broker::LineConfig config = one_side();
  config.agents_max = 8;
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  (void)world.enter_agent_mode("22866");
  // Far more names than places, each logged in and out: all are told, nobody who counts leaves.
  for (int i = 0; i < 100; ++i) {
    const std::string agent = "9" + std::to_string(i);
    world.side_a->agent_state(agent, 3, "", "");
    world.side_a->agent_state(agent, 1, "", "");
    world.settle(Millis{5});
  }
  world.settle();
  EXPECT_EQ(world.line->map().agents(), 8U);
  EXPECT_NE(world.line->map().agent(world.agent_key("999")), nullptr);
  EXPECT_NE(world.line->map().agent(world.agent_key("22866")), nullptr) << "named in the settings";
  EXPECT_GE(world.line->translator_counters().agents_left, 94U);
  wire::ObjectTable client;
  for (const Record& record : world.records) (void)client.apply(record.view());
  EXPECT_EQ(client.digest(), world.line->map().properties().digest()) << "clients were told";
}

TEST(LineState, MediaDomainsAndTeamsOfOneAgentAreBounded) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 3, "23901", "23901");
  for (std::int32_t domain = 2; domain < 500; ++domain) {
    ged::AgentStateEventEncoder to(
        world.side_a->room(), world.side_a->version,
        {.peripheral_id = kPeripheral, .agent_state = 3, .mrdid = domain});
    world.side_a->send(to.agent_id("22866"));
  }
  for (std::uint32_t id = 1; id < 200; ++id) team(world, id, 1, "22866");
  world.settle(Seconds{2});
  const auto handle = world.line->map().properties().find(world.agent_key("22866"));
  EXPECT_LT(world.line->map().properties().properties(*handle).bytes().size(), 2048U);
  EXPECT_GE(world.line->translator_counters().domains_left_out, 400U);
  EXPECT_GE(world.line->translator_counters().teams_left_out, 150U);
}

// ---- several peripherals ----

TEST(LineState, ASnapshotSpeaksForEveryPeripheralOfTheLine) {
  broker::LineConfig config = one_side();
  config.peripherals = {kPeripheral, 5001};
  config.agents.clear();
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  world.side_a->begin_call(1, "23901", "1");
  world.side_a->peripheral = 5001;
  world.side_a->begin_call(2, "23801", "2");
  ASSERT_TRUE(world.until([&] { return world.line->map().calls() == 2; }));
  // A client that knows both, and then a snapshot in which the second peripheral's call is over.
  wire::ObjectTable client;
  for (const Record& record : world.records) ASSERT_TRUE(client.apply(record.view()).ok());
  EXPECT_EQ(client.size(), 2U);
  world.side_a->end_call(2, "23801");
  ASSERT_TRUE(world.until([&] { return world.line->map().calls() == 1; }));
  const broker::Tell tell = world.snapshot();
  client.begin_snapshot(tell.image->peripheral_id);
  for (std::size_t at = 0; at < tell.image->bytes.size();) {
    const auto record = wire::UpdateView::trusted(Bytes(tell.image->bytes).subspan(at));
    ASSERT_TRUE(client.apply(record).ok());
    at += record.bytes().size();
  }
  EXPECT_EQ(client.end_snapshot(tell.image->peripheral_id, [](wire::ObjectHandle) {}), 1U);
  EXPECT_FALSE(client.find("call.5001.2.23801"));
  EXPECT_EQ(client.digest(), world.line->map().properties().digest());
}

/// A call announced at this instrument: whose record it is.
std::uint64_t announced(LineWorld& world, const char* instrument, std::uint32_t target) {
  const std::size_t from = world.records.size();
  CtiServer& side = *world.side_a;
  ged::AgentPreCallEventEncoder to(side.room(), side.version, {.agent_skill_target_id = target});
  side.send(to.agent_instrument(instrument));
  world.settle();
  const Record* const told = world.last(EventId::eAgentPrecallEvent, from);
  return told == nullptr ? 1 : told->view().agent_key();
}

TEST(LineState, ACallIsAnnouncedToWhoeverSitsThereAtWhicheverPeripheral) {
  broker::LineConfig config = one_side();
  config.peripherals = {kPeripheral, 5001};
  config.agents.clear();
  config.link.version = 20;
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  world.side_a->hook = [](std::uint32_t type, Bytes) {  // an answer would name another ICMAgentID
    return ged::MessageType{type} == ged::MessageType::kQueryAgentStateReq;
  };
  const auto comes = [&](std::uint32_t peripheral, const char* agent, const char* seat,
                         std::int32_t icm) {
    CtiServer& side = *world.side_a;
    ged::AgentStateEventEncoder to(
        side.room(), side.version,
        {.peripheral_id = peripheral, .agent_state = 3, .icm_agent_id = icm});
    side.send(to.agent_id(agent).agent_instrument(seat).agent_extension(seat));
    return wire::object_key(broker::agent_object_id(peripheral, agent).view());
  };
  const std::uint64_t first = comes(kPeripheral, "61", "23961", 1061);
  const std::uint64_t second = comes(5001, "62", "23962", 1062);
  world.settle();
  EXPECT_EQ(announced(world, "23961", 0), first);
  EXPECT_EQ(announced(world, "23962", 0), second);
  const std::uint64_t same = comes(5001, "63", "23961", 1063);
  world.settle();
  EXPECT_EQ(announced(world, "23961", 0), 0U) << "one of two";
  EXPECT_EQ(announced(world, "23961", 1061), first);
  EXPECT_EQ(announced(world, "23961", 1063), same);
}

TEST(LineState, ADialogueAsksAboutTheCallsOfEveryPeripheral) {
  broker::LineConfig config = one_side();
  config.peripherals = {kPeripheral, 5001};
  config.agents.clear();
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  world.side_a->begin_call(1, "23901", "1");
  world.side_a->peripheral = 5001;
  world.side_a->begin_call(2, "23801", "2");
  ASSERT_TRUE(world.until([&] { return world.line->map().calls() == 2; }));
  world.side_a->calls["23901"] = {{1, 3, "1"}};  // call 2 has ended unheard
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  EXPECT_EQ(world.line->map().calls(), 1U);
  EXPECT_NE(call_of(world, "call.5000.1.23901"), nullptr);
}

}  // namespace
}  // namespace cti::test
