// Calls that change hands: whoever gets one hears of it whole, whoever had it hears its end, and the order in which the two
// ends of a consultation begin does not matter.
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

/// A client in agent mode: what it is told, and what it therefore knows.
wire::ObjectTable client_of(LineWorld& world, const std::string& agent) {
  wire::ObjectTable client;
  for (const Record& record : world.records) {
    if (record.view().agent_key() == world.agent_key(agent)) (void)client.apply(record.view());
  }
  return client;
}

/// Each agent's client knows the calls at the agent's device, whole, and no other; and so do all together.
void expect_true_clients(LineWorld& world, std::initializer_list<const char*> agents) {
  for (const char* const agent : agents) {
    const wire::ObjectTable client = client_of(world, agent);
    std::size_t own = 0;
    world.line->map().each_call([&](const broker::CallEntry& call) {
      const broker::AgentEntry* const owner = world.line->map().agent_of(call);
      if (owner == nullptr || owner->key != world.agent_key(agent)) return;
      ++own;
      const auto known = client.find(call.key);
      ASSERT_TRUE(known) << agent << " was not told of " << call.id.view();
      EXPECT_EQ(client.properties(*known).string(Keyword::ANI), "555") << call.id.view();
      EXPECT_EQ(client.properties(*known).integer(Keyword::CallStatus), call.status);
    });
    EXPECT_EQ(client.size(wire::ObjectKind::kCall), own) << agent << " keeps what is not there";
  }
  wire::ObjectTable everybody;
  for (const Record& record : world.records) ASSERT_TRUE(everybody.apply(record.view()).ok());
  EXPECT_EQ(everybody.digest(), world.line->map().properties().digest());
  world.line->map().invariants();
}

void call_of_the_first_agent(LineWorld& world) {
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 4, "23901", "23901");
  world.side_a->begin_call(7, "23901", "555");
  world.side_a->established(7, "23901");
  world.settle();
}

TEST(LineHands, ACallThatAnUpdateMovesToAnotherAgentEndsHereAndIsToldThere) {
  LineWorld world(one_side());
  call_of_the_first_agent(world);
  world.side_a->agent_state("22867", 3, "23902", "23902");
  CtiServer& cti = *world.side_a;
  cti.send(ged::CallDataUpdateEventEncoder(cti.room(), cti.version,
                                           {.peripheral_id = kPeripheral,
                                            .call_type = 1,
                                            .connection_device_id_type = 0,
                                            .connection_call_id = 7,
                                            .new_connection_device_id_type = 0,
                                            .new_connection_call_id = 7})
               .connection_device_id("23901")
               .new_connection_device_id("23902"));
  world.settle();
  expect_true_clients(world, {"22866", "22867"});
  const Record* const end = world.last(EventId::eCallEndEvent);
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(end->view().agent_key(), world.agent_key("22866"));
  EXPECT_EQ(end->view().flags(), wire::update_flag::kArtificial);
  cti.held(7, "23902");
  world.settle();
  expect_true_clients(world, {"22866", "22867"});
}

TEST(LineHands, WhoTakesTheSeatTakesTheCallsAndWhoSatThereHearsTheirEnd) {
  LineWorld world(one_side());
  call_of_the_first_agent(world);
  for (std::uint32_t call = 100; call < 120; ++call) {  // more than fit in one go
    world.side_a->begin_call(call, "23901", "555");
    world.side_a->held(call, "23901");
  }
  world.side_a->agent_state("22867", 3, "23901", "23901");
  world.settle();
  EXPECT_EQ(client_of(world, "22867").size(wire::ObjectKind::kCall), 21U);
  expect_true_clients(world, {"22866", "22867"});
  // Their order stays: the newest is the first at the device.
  const broker::DeviceEntry* const device = world.line->map().device_named(kPeripheral, "23901");
  std::vector<std::uint32_t> order;
  world.line->map().calls_at(*device,
                             [&](const broker::CallEntry& call) { order.push_back(call.call_id); });
  EXPECT_EQ(order.front(), 119U);
  EXPECT_EQ(order.back(), 7U);
}

TEST(LineHands, AnEmptiedSeatIsTheDisplacedAgentsAgainWithItsCalls) {
  LineWorld world(one_side());
  call_of_the_first_agent(world);
  world.side_a->agent_state("22867", 3, "23901", "23901");
  world.side_a->agent_state("22867", 1, "", "");
  world.settle();
  const auto sits = [&] {
    const broker::AgentEntry* const agent = world.line->map().agent_on(kPeripheral, "23901");
    return agent != nullptr && agent->key == world.agent_key("22866");
  };
  EXPECT_TRUE(sits()) << "who starts now would see the first agent there";
  expect_true_clients(world, {"22866", "22867"});
  ged::AgentTeamConfigEventEncoder team(
      world.side_a->room(), world.side_a->version,
      {.peripheral_id = kPeripheral, .team_id = 5001, .config_operation = 1});
  team.add_agent({"22866", std::uint16_t{0}});
  world.side_a->send(team);
  world.settle();
  EXPECT_TRUE(sits());
  expect_true_clients(world, {"22866", "22867"});
}

TEST(LineHands, ADisplacedAgentsButtonsAreNotThoseOfCallsThatAreAnothers) {
  LineWorld world(one_side());
  call_of_the_first_agent(world);
  world.side_a->agent_state("22867", 3, "23901", "23901");
  world.settle();
  const std::size_t from = world.records.size();
  world.side_a->agent_state("22866", 2, "23901", "23901");
  world.side_a->established(7, "23901");
  world.settle();
  for (std::size_t i = from; i < world.records.size(); ++i) {
    if ((world.records[i].view().topics() & wire::topic::kCall) == 0) continue;
    EXPECT_EQ(world.records[i].view().agent_key(), world.agent_key("22867"));
  }
  std::size_t calls = 0;
  const broker::ObjectMap& map = world.line->map();
  map.calls_of(*map.agent(world.agent_key("22866")), [&](const broker::CallEntry&) { ++calls; });
  EXPECT_EQ(calls, 0U);
}

// ---- who moves seats ----

/// 22866 was at 23901 and has logged out; 22867 sits there now and talks.
void taken_over(LineWorld& world) {
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 3, "23901", "23901");
  world.side_a->agent_state("22866", 1, "23901", "23901");
  world.side_a->agent_state("22867", 4, "23901", "23901");
  world.side_a->begin_call(7, "23901", "555");
  world.side_a->established(7, "23901");
  world.settle();
}

void expect_seats(LineWorld& world) {
  const broker::ObjectMap& map = world.line->map();
  const auto at = [&](const char* seat) {
    const broker::AgentEntry* const agent = map.agent_on(kPeripheral, seat);
    return agent == nullptr ? std::string() : std::string(agent->agent_id.view());
  };
  EXPECT_EQ(at("23901"), "22867");
  EXPECT_EQ(at("23902"), "22866");
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U) << "the call was taken from its agent";
  expect_true_clients(world, {"22866", "22867"});
}

TEST(LineHands, WhoMovesWithOneNameLeftOutLeavesTheFormerSeatToWhoSitsThere) {
  for (const bool instrument : {true, false}) {
    LineWorld world(one_side());
    taken_over(world);
    world.side_a->agent_state("22866", 2, instrument ? "23902" : "", instrument ? "" : "23902");
    world.settle();
    expect_seats(world);
  }
}

TEST(LineHands, WhoMovesWithBothNamesLeftOutIsAskedAboutBeforeSittingWhereSomebodySits) {
  LineWorld world(one_side());
  taken_over(world);
  world.side_a->agent_state("22866", 2, "", "");
  world.side_a->agents["22866"] = {2, "23902", "23902"};
  world.settle();
  expect_seats(world);
}

TEST(LineHands, AnAnswerThatNamesOneSeatOnlyLeavesTheFormerOneToWhoSitsThere) {
  LineWorld world(one_side());
  taken_over(world);
  world.side_a->agents["22866"] = {2, "23902", ""};
  world.side_a->calls["23901"] = {{7, 3, "555"}};
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  expect_seats(world);
}

TEST(LineHands, ALogoutThatNamesAnothersSeatTakesNoCallAway) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 3, "23902", "23902");
  world.side_a->agent_state("22867", 4, "23901", "23901");
  world.side_a->begin_call(7, "23901", "555");
  world.side_a->established(7, "23901");
  world.side_a->agent_state("22866", 1, "23901", "23901");
  world.settle();
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U);
  expect_true_clients(world, {"22867"});
}

// ---- consultations ----

/// Agent 22866 asks to consult on call 7; the CTI Server says that call 8 comes of it.
void consult(LineWorld& world, const char* device) {
  CtiServer& cti = *world.side_a;
  cti.hook = [&world, device](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kConsultationCallReq) return false;
    ged::ConsultationCallConfEncoder to(world.side_a->room(), world.side_a->version,
                                        {.invoke_id = load_be<std::uint32_t>(body.data()),
                                         .new_connection_call_id = 8,
                                         .new_connection_device_id_type = 0});
    if (device != nullptr) to.new_connection_device_id(device);
    world.side_a->send(to);
    return true;
  };
  broker::Ask ask = world.request(RequestId::eConsultationCallRequest, {}, "22866");
  wire::Arguments args;
  args.set("UniqueObjectID", "call.5000.7.23901");
  args.set("DialedNumber", "23902");
  args.set("ConsultType", std::int32_t{ctios::CT_CONFERENCE});
  ask.arguments.assign(args.bytes().begin(), args.bytes().end());
  const broker::Tell tell = world.answer(std::move(ask));
  ASSERT_EQ(reply_of(tell).outcome(), wire::Outcome::kConfirmed);
}

std::uint16_t consult_type(LineWorld& world, const char* id) {
  const broker::CallEntry* const call = world.line->map().call(wire::object_key(id));
  return call == nullptr ? 999 : call->consult_type;
}

TEST(LineHands, U17_AConsultationsPurposeIsTheAskersWhicheverEndBeginsFirst) {
  for (const char* const device : {"23901", static_cast<const char*>(nullptr)}) {
    LineWorld world(one_side());
    call_of_the_first_agent(world);
    consult(world, device);
    world.side_a->begin_call(8, "23902", "555", 12);
    world.side_a->begin_call(8, "23901", "555", 12);
    world.settle();
    EXPECT_EQ(consult_type(world, "call.5000.8.23901"), ctios::CT_CONFERENCE);
    EXPECT_EQ(consult_type(world, "call.5000.8.23902"), 0);
  }
}

TEST(LineHands, AConsultationThatWasLostWithItsSessionIsForgotten) {
  LineWorld world(one_side());
  call_of_the_first_agent(world);
  consult(world, "23901");
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  world.side_a->begin_call(8, "23901", "555");
  world.settle();
  EXPECT_EQ(consult_type(world, "call.5000.8.23901"), 0);
}

}  // namespace
}  // namespace cti::test
