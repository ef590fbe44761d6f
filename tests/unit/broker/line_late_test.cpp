// What is late, comes twice, or was overtaken: it makes no call that is not there, ends none that is, and puts nothing old
// over what is newer.
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;
using namespace wire::ctios::ButtonEnablement_bits;

constexpr std::uint32_t kSnapshotCall = 82;
constexpr const char* kCall = "call.5000.7.23901";

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

const broker::CallEntry* call_of(LineWorld& world, const char* id = kCall) {
  return world.line->map().call(wire::object_key(id));
}

std::string property(LineWorld& world, const char* id, Keyword keyword) {
  const auto handle = world.line->map().properties().find(wire::object_key(id));
  if (!handle) return "no such object";
  const auto arg = world.line->map().properties().properties(*handle).find(keyword);
  return arg ? arg->to_text() : "-";
}

/// The answer to a SNAPSHOT_CALL_REQ; `devices` take part, each connected.
void answer_call(LineWorld& world, Bytes request, const std::vector<const char*>& devices,
                 std::uint32_t router_call = 0) {
  CtiServer& side = *world.side_a;
  const auto view = ged::SnapshotCallReqView::decode(request, side.version);
  ged::SnapshotCallConfEncoder to(
      side.room(), side.version,
      {.invoke_id = load_be<std::uint32_t>(request.data()), .call_type = 1});
  for (const char* const device : devices) {
    to.add_call_device({.call_connection_call_id = view->connection_call_id(),
                        .call_connection_device_id_type = std::uint16_t{0},
                        .call_connection_device_id = device,
                        .call_device_type = std::uint16_t{75},
                        .call_device_id = device,
                        .call_device_connection_state = std::uint16_t{3}});
  }
  if (router_call != 0) to.router_call_key_day(150000).router_call_key_call_id(router_call);
  side.send(to);
}

void update(LineWorld& world, std::uint32_t call, std::uint32_t now, const char* variable = "") {
  CtiServer& side = *world.side_a;
  ged::CallDataUpdateEventEncoder to(side.room(), side.version,
                                     {.peripheral_id = kPeripheral,
                                      .call_type = 1,
                                      .connection_device_id_type = 0,
                                      .connection_call_id = call,
                                      .new_connection_device_id_type = 0,
                                      .new_connection_call_id = now});
  to.connection_device_id("23901").new_connection_device_id("23901");
  if (*variable != '\0') to.call_variable1(variable);
  side.send(to);
}

/// 22866 sits at 23901 and nothing is open.
void ready_agent(LineWorld& world) {
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 3, "23901", "23901");
  ASSERT_TRUE(world.until([&] {
    const broker::AgentEntry* const agent = world.line->map().agent(world.agent_key("22866"));
    return agent != nullptr && agent->desk_known && world.line->in_step();
  }));
}

bool in_step(LineWorld& world) {
  world.settle();
  return world.until([&] { return world.line->in_step(); });
}

// ---- a list of calls that events have overtaken ----

// The list names call 5, whose end comes before the question about it is answered a second time; the call itself lives on
// between the customer and a colleague.
TEST(LineLate, U18_AListThatAnEndHasOvertakenBringsNoCallBack) {
  for (const bool serving : {false, true}) {
    SCOPED_TRACE(serving ? "the line serves already" : "in the dialogue");
    broker::LineConfig config = one_side();
    if (serving) config.sync_timeout = Seconds{2};
    LineWorld world(config);
    world.side_a->agents["22866"] = {3, "23901", "23901"};
    world.side_a->calls["23901"] = {{7, 3, "1"}};
    std::vector<std::byte> first;
    world.side_a->hook = [&](std::uint32_t type, Bytes body) {
      if (type != kSnapshotCall) return false;
      if (!first.empty()) answer_call(world, body, {"5551234", "23902"});
      if (first.empty()) first.assign(body.begin(), body.end());
      return true;
    };
    ASSERT_TRUE(world.until([&] { return !first.empty(); }));
    if (serving) {
      ASSERT_TRUE(world.ready());
    }
    world.side_a->end_call(7, "23901");
    world.side_a->calls["23901"].clear();
    answer_call(world, first, {"5551234", "23902"});
    ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 1; }));
    ASSERT_TRUE(in_step(world));
    EXPECT_EQ(world.line->map().calls(), 0U);
    EXPECT_EQ(world.count(EventId::eSnapshotCallConf), 0U);
  }
}

TEST(LineLate, U18_AListThatAnEventHasOvertakenPutsNoOlderStateBack) {
  LineWorld world(one_side());
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  world.side_a->calls["23901"] = {{7, 2, "1"}};
  std::vector<std::byte> first;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (type != kSnapshotCall) return false;
    if (!first.empty()) answer_call(world, body, {});
    if (first.empty()) first.assign(body.begin(), body.end());
    return true;
  };
  ASSERT_TRUE(world.until([&] { return !first.empty(); }));
  world.side_a->established(7, "23901");
  answer_call(world, first, {});
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 1; }));
  ASSERT_TRUE(in_step(world));
  ASSERT_NE(call_of(world), nullptr);
  EXPECT_EQ(call_of(world)->status, ctios::LCS_CONNECT);
}

// ---- a begin that is late ----

TEST(LineLate, ABeginBehindOtherEventsOfItsCallKeepsTheCallAndSaysOnlyWhatIsNew) {
  LineWorld world(one_side());
  ready_agent(world);
  world.side_a->hook = [](std::uint32_t type, Bytes) { return type == kSnapshotCall; };
  world.side_a->delivered(7, "23901");
  update(world, 7, 7, "newer");
  world.side_a->begin_call(7, "23901", "555");
  world.settle();
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U);
  EXPECT_EQ(world.count(EventId::eCallBeginEvent), 1U);
  ASSERT_NE(call_of(world), nullptr);
  EXPECT_EQ(call_of(world)->status, ctios::LCS_ALERTING);
  EXPECT_EQ(call_of(world)->type, 1);
  EXPECT_NE(call_of(world)->mask & ENABLE_ANSWER, 0U);
  EXPECT_EQ(property(world, kCall, Keyword::ANI), "555");
  EXPECT_EQ(property(world, kCall, Keyword::CallVariable1), "newer");
  // The next one is another call's: its end was lost.
  world.side_a->begin_call(7, "23901", "556");
  world.settle();
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 1U);
  EXPECT_EQ(call_of(world)->status, 0);
}

TEST(LineLate, ABeginBehindAnAnswerKeepsTheCallUnlessItIsAnothers) {
  for (const bool another : {false, true}) {
    LineWorld world(one_side());
    world.side_a->agents["22866"] = {3, "23901", "23901"};
    world.side_a->calls["23901"] = {{7, 3, "555"}};
    world.side_a->hook = [&](std::uint32_t type, Bytes body) {
      if (type != kSnapshotCall) return false;
      answer_call(world, body, {"23901"}, another ? 99 : 7);
      return true;
    };
    ASSERT_TRUE(world.ready());
    ASSERT_TRUE(in_step(world));
    ASSERT_NE(call_of(world), nullptr);
    world.side_a->begin_call(7, "23901", "555");
    world.settle();
    EXPECT_EQ(world.count(EventId::eCallEndEvent), another ? 1U : 0U);
    ASSERT_NE(call_of(world), nullptr);
    EXPECT_EQ(call_of(world)->status, another ? 0 : ctios::LCS_CONNECT);
  }
}

// ---- a connection id that was used again while nobody listened ----

TEST(LineLate, WhatWasTrueOfAFailedCallIsNotTrueOfTheNextOnItsConnection) {
  for (const bool another : {false, true}) {  // by its router key, or only by its state
    LineWorld world(one_side());
    ready_agent(world);
    world.side_a->begin_call(7, "23901", "555");
    world.side_a->failed(7, "23901");
    world.settle();
    ASSERT_TRUE(call_of(world)->failed());
    world.side_a->hook = [&](std::uint32_t type, Bytes body) {
      if (type != kSnapshotCall) return false;
      answer_call(world, body, {"23901"}, another ? 99 : 0);
      return true;
    };
    world.side_a->calls["23901"] = {{7, 3, "556"}};
    world.side_a->hang_up();
    ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
    ASSERT_TRUE(in_step(world));
    ASSERT_NE(call_of(world), nullptr);
    EXPECT_EQ(call_of(world)->status, ctios::LCS_CONNECT);
    EXPECT_EQ(world.count(EventId::eCallEndEvent), another ? 1U : 0U);
  }
}

// ---- an update that is late, or comes twice ----

TEST(LineLate, AnUpdateBehindTheEndOfItsCallLeavesNoCallBehind) {
  LineWorld world(one_side());
  ready_agent(world);
  world.side_a->begin_call(7, "23901", "555");
  world.side_a->established(7, "23901");
  world.side_a->end_call(7, "23901");
  update(world, 7, 7);
  ASSERT_TRUE(world.until([&] { return world.side_a->call_snapshots != 0; }));
  ASSERT_TRUE(in_step(world));
  EXPECT_EQ(world.line->map().calls(), 0U);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), world.count(EventId::eCallBeginEvent));
}

TEST(LineLate, ACallWhoseBeginWasLostIsAskedAbout) {
  LineWorld world(one_side());
  ready_agent(world);
  world.side_a->calls["23901"] = {{7, 3, "555", 2}};
  world.side_a->established(7, "23901");
  ASSERT_TRUE(world.until([&] { return property(world, kCall, Keyword::ANI) == "555"; }));
  ASSERT_TRUE(in_step(world));
  EXPECT_EQ(call_of(world)->type, 2);
  EXPECT_EQ(world.side_a->call_snapshots, 1U) << "once";
}

TEST(LineLate, ACallWhoseBeginWasLostIsAskedAboutUnderTheNameThatItHasByThen) {
  LineWorld world(one_side());
  ready_agent(world);
  world.side_a->calls["23901"] = {{8, 3, "555"}};
  world.side_a->established(7, "23901");
  update(world, 7, 8);
  ASSERT_TRUE(world.until(
      [&] { return property(world, "call.5000.8.23901", Keyword::ANI) == "555"; }));
  ASSERT_TRUE(in_step(world));
  EXPECT_EQ(world.line->map().calls(), 1U);
}

TEST(LineLate, ARenamingUpdateThatComesTwiceIsAnUpdateTheSecondTime) {
  LineWorld world(one_side());
  ready_agent(world);
  world.side_a->begin_call(7, "23901", "555");
  world.side_a->established(7, "23901");
  update(world, 7, 8);
  update(world, 7, 8, "two");
  world.settle();
  EXPECT_EQ(world.count(EventId::eCallBeginEvent), 1U);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U);
  EXPECT_EQ(world.line->map().calls(), 1U);
  EXPECT_EQ(property(world, "call.5000.8.23901", Keyword::CallVariable1), "two");
}

}  // namespace
}  // namespace cti::test
