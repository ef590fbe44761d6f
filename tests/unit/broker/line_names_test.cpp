// Names that are not plain: clients get them clean, the CTI Server gets them as it says them itself, and its refusal of a
// name that we have had to rewrite ends nothing.
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

constexpr char kRaw[] = "K\xF6ln";        // Windows-1252, from the switch
constexpr char kClean[] = "K\xC3\xB6ln";  // what clients see

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

/// Counts the questions about devices and calls by name, and refuses names that it does not have, as a switch does.
struct Strict {
  CtiServer& side;
  std::map<std::string, int> devices, agents;
  explicit Strict(CtiServer& side_) : side(side_) {
    side.hook = [this](std::uint32_t type, Bytes body) {
      if (ged::MessageType{type} == ged::MessageType::kQueryAgentStateReq) {
        const auto view = ged::QueryAgentStateReqView::decode(body, side.version);
        ++agents[std::string(view->agent_id().value_or(""))];
      }
      if (ged::MessageType{type} != ged::MessageType::kSnapshotDeviceReq) return false;
      const auto view = ged::SnapshotDeviceReqView::decode(body, side.version);
      const std::string device(view->agent_instrument().value_or(""));
      ++devices[device];
      if (side.calls.count(device) != 0) return false;
      side.send(ged::FailureConfEncoder(
          side.room(), side.version,
          {.invoke_id = load_be<std::uint32_t>(body.data()), .status = 1}));
      return true;
    };
  }
};

const broker::CallEntry* call_of(LineWorld& world, const std::string& id) {
  return world.line->map().call(wire::object_key(id));
}

TEST(LineNames, ADeviceOfAnotherCodePageIsAskedForByItsOwnName) {
  for (const std::string raw : {kRaw, kClean}) {  // a gateway that speaks UTF-8 is asked in UTF-8
    LineWorld world(one_side());
    Strict strict(*world.side_a);
    world.side_a->agents["22866"] = {4, raw, ""};
    world.side_a->calls[raw] = {{7, 3, "555"}};
    ASSERT_TRUE(world.ready());
    const std::string id = std::string("call.5000.7.") + kClean;
    ASSERT_TRUE(
        world.until([&] { return world.line->in_step() && call_of(world, id) != nullptr; }));
    world.side_a->hang_up();
    ASSERT_TRUE(world.until(
        [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
    EXPECT_NE(call_of(world, id), nullptr) << "a call that lives was ended";
    EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U);
    EXPECT_EQ(strict.devices.size(), 1U) << "asked for under two names";
    EXPECT_EQ(strict.devices.begin()->first, raw);
    EXPECT_EQ(strict.devices.begin()->second, 2);
    // One more ends meanwhile: that is found out.
    world.side_a->calls[raw].clear();
    world.side_a->hang_up();
    ASSERT_TRUE(world.until(
        [&] { return world.line->sync_counters().completed == 3 && world.line->in_step(); }));
    EXPECT_EQ(call_of(world, id), nullptr);
  }
}

TEST(LineNames, RequestsNameAgentDeviceAndCallAsTheCtiServerDoes) {
  LineWorld world(one_side());
  world.side_a->agents["22866"] = {1, "", ""};
  ASSERT_TRUE(world.ready());
  const std::string agent = "J\xFCrg", clean_agent = "J\xC3\xBCrg";
  world.side_a->agent_state(agent, 3, kRaw, "");
  world.side_a->calls[kRaw] = {{7, 2, "555"}};
  world.side_a->begin_call(7, kRaw, "555");
  world.side_a->delivered(7, kRaw);
  world.settle();
  const std::string id = std::string("call.5000.7.") + kClean;
  ASSERT_NE(call_of(world, id), nullptr);
  broker::Tell tell = world.answer(world.request(
      RequestId::eAnswerCallRequest, args_of({{"UniqueObjectID", id.c_str()}}), clean_agent));
  EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kConfirmed);
  ASSERT_EQ(world.side_a->requests.size(), 1U);
  const auto answer =
      ged::AnswerCallReqView::decode(world.side_a->requests[0].body, world.side_a->version);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->connection_device_id(), std::string_view(kRaw));
  EXPECT_EQ(answer->agent_instrument(), std::string_view(kRaw));
  (void)world.answer(world.request(RequestId::eSetAgentStateRequest,
                                   args_of({{"AgentState", "2"}}), clean_agent));
  ASSERT_EQ(world.side_a->requests.size(), 2U);
  const auto state =
      ged::SetAgentStateReqView::decode(world.side_a->requests[1].body, world.side_a->version);
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->agent_id(), std::string_view(agent));
  EXPECT_EQ(state->agent_instrument(), std::string_view(kRaw));
  // Agent mode and queries by the name that clients know.
  (void)world.answer(world.request(RequestId::eQueryAgentStateRequest,
                                   args_of({{"AgentID", clean_agent.c_str()}}), ""));
  EXPECT_EQ(world.line->map().agents(), 3U) << "nobody is there under two names";
}

TEST(LineNames, ACallThatNoQuestionCanNameIsHeldUntilTheLossAndKnownAgainByItsNextEvent) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->agent_state("22866", 4, "23901", "23901");
  // A control character, which may not be sent back.
  world.side_a->begin_call(7, "Ab#c", "555");
  world.side_a->spoil("Ab#c", "Ab\x01" "c");
  world.settle();
  const std::string id = "call.5000.7.Ab\\x01c";
  ASSERT_NE(call_of(world, id), nullptr);
  Strict strict(*world.side_a);
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  EXPECT_EQ(call_of(world, id), nullptr) << "it may be over long since";
  world.side_a->begin_call(7, "Ab#c", "555");
  world.side_a->spoil("Ab#c", "Ab\x01" "c");
  world.settle(Seconds{60});
  EXPECT_NE(call_of(world, id), nullptr) << "what is heard of lives";
  world.side_a->end_call(7, "Ab#c");
  world.side_a->spoil("Ab#c", "Ab\x01" "c");
  world.settle();
  EXPECT_EQ(call_of(world, id), nullptr);
}

TEST(LineNames, TheListOfACallsDevicesIsReadWhateverTheirCodePage) {
  LineWorld world(one_side());
  world.side_a->agents["22866"] = {4, kRaw, ""};
  world.side_a->calls[kRaw] = {{7, 3, kRaw, 12, "23902", 3}};
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  const broker::CallEntry* const call = call_of(world, std::string("call.5000.7.") + kClean);
  ASSERT_NE(call, nullptr);
  EXPECT_TRUE(call->answered);
  EXPECT_TRUE(call->from_here);
  world.side_a->calls[kRaw].front().other.clear();  // now the own entry alone: nobody else is there
  world.side_a->hang_up();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  EXPECT_FALSE(call_of(world, std::string("call.5000.7.") + kClean)->answered);
}

}  // namespace
}  // namespace cti::test
