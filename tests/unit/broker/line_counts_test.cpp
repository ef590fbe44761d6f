// line_counts_test.cpp - counts above what came (U15), and layouts of other versions: used, counted, said; nothing is taken for
// whole that is not.
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

std::size_t times_said(const LineWorld& world, std::string_view words) {
  std::size_t times = 0;
  for (const std::string& line : world.said) times += line.find(words) != line.npos ? 1U : 0U;
  return times;
}

TEST(LineCounts, U15_AnAgentWhoseSkillGroupsAreCountedTooHighComesIn) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agents["777"] = {2, "23977", "23977"};
  world.side_a->counted_too_high = 7;
  const broker::Tell tell = world.enter_agent_mode("777");
  EXPECT_FALSE(tell.refused);
  const broker::AgentEntry* const agent = world.line->map().agent(world.agent_key("777"));
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(agent->state, 2);
  const wire::ObjectTable& table = world.line->map().properties();
  const auto handle = table.find("agent.5000.777");
  ASSERT_TRUE(handle.has_value());
  EXPECT_EQ(table.properties(*handle).integer(Keyword::NumSkillGroups), 0) << "as many as came";
  EXPECT_EQ(world.line->counters().bad_frames, 0U);
  // And the list of the calls at the agent's device.
  EXPECT_EQ(world.line->counters().counts_too_high, 2U);
  EXPECT_EQ(times_said(world, "announced more entries than came"), 2U);
  EXPECT_EQ(times_said(world, "QUERY_AGENT_STATE_CONF"), 1U);
}

TEST(LineCounts, U15_CallsStayThatAListWhichIsNotWholeLeavesOut) {
  LineWorld world(one_side());
  world.side_a->agents["22866"] = {4, "23901", "23901"};
  world.side_a->calls["23901"] = {{7, 3, "555"}, {8, 2, "556"}};
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step() && world.line->map().calls() == 2; }));
  world.side_a->counted_too_high = 1;
  // Of two calls one is listed, and the other is there when it is asked for by its name.
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kSnapshotDeviceReq) return false;
    ged::SnapshotDeviceConfEncoder encoder(world.side_a->room(), world.side_a->version,
                                           {.invoke_id = load_be<std::uint32_t>(body.data())});
    encoder.add_call({.call_connection_call_id = 7,
                      .call_connection_device_id_type = std::uint16_t{0},
                      .call_connection_device_id = "23901",
                      .call_state = std::uint16_t{3}});
    world.side_a->send(encoder);
    world.side_a->spoil_at(8 + 4, 2);
    return true;
  };
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  EXPECT_EQ(world.line->map().calls(), 2U);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U);
  EXPECT_GE(world.line->counters().counts_too_high, 2U);
}

TEST(LineCounts, U15_TheFirstFewAreSaidAndAllAreCounted) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  world.side_a->counted_too_high = 1;
  for (int i = 0; i < 40; ++i) {
    world.side_a->agents[std::to_string(1000 + i)] = {1, "", ""};
    EXPECT_FALSE(world.enter_agent_mode(std::to_string(1000 + i)).refused);
  }
  EXPECT_EQ(world.line->counters().counts_too_high, 40U);
  EXPECT_EQ(times_said(world, "announced more entries than came"), 16U);
}

/// Type 37 as version 19 has it, four bytes longer, in a session of version 15.
TEST(LineCounts, AnAnswerInTheLayoutOfAnotherVersionIsUsedAndSaid) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  ASSERT_LT(world.side_a->version, 19U);
  world.side_a->agents["777"] = {1, "", ""};
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (ged::MessageType{type} != ged::MessageType::kQueryAgentStateReq) return false;
    std::vector<std::byte> whole(16 * 1024);
    const auto frame =
        ged::QueryAgentStateConfEncoder(whole, 19,
                                        {.invoke_id = load_be<std::uint32_t>(body.data()),
                                         .agent_state = 2,
                                         .department_id = -1})
            .finish();
    if (!frame.ok()) std::abort();
    world.side_a->send_raw(*frame);
    return true;
  };
  EXPECT_FALSE(world.enter_agent_mode("777").refused);
  EXPECT_GE(world.line->counters().other_layouts, 1U);
  EXPECT_EQ(times_said(world, "in another layout than the session's version has"),
            world.line->counters().other_layouts);
}

}  // namespace
}  // namespace cti::test
