// Answers of the CTI Server that came too late, are another's, or leave something out: what they may change, and what not.
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

constexpr std::uint32_t kQueryAgent = 36, kSnapshotDevice = 84;
constexpr std::size_t kListedMax = 16;  // of SNAPSHOT_DEVICE_CONF

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

void log_in(LineWorld& world, const std::string& agent, std::uint16_t state) {
  world.side_a->agent_state(agent, state, "9" + agent, "9" + agent);
  ASSERT_TRUE(world.until([&] {
    const broker::AgentEntry* const entry = world.line->map().agent(world.agent_key(agent));
    return entry != nullptr && entry->state == state && entry->desk_known;
  }));
}

std::uint16_t state_of(LineWorld& world, const std::string& agent) {
  const broker::AgentEntry* const entry = world.line->map().agent(world.agent_key(agent));
  return entry == nullptr ? std::uint16_t{0xFFFF} : static_cast<std::uint16_t>(entry->state);
}

TEST(LineAnswer, AQueryThatEventsHaveOvertakenPutsNoStateBack) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", ctios::eAvailable);
  std::vector<std::byte> question;
  world.side_a->hook = [&](std::uint32_t type, Bytes body) {
    if (type != kQueryAgent) return false;
    question.assign(body.begin(), body.end());
    return true;
  };
  broker::Ask ask = world.request(RequestId::eQueryAgentStateRequest, {}, "22866");
  const std::uint64_t id = ask.request_id;
  world.ask(std::move(ask));
  ASSERT_TRUE(world.until([&] { return !question.empty(); }));
  world.side_a->agent_state("22866", ctios::eNotReady, "922866", "922866");
  world.side_a->agents["22866"].state = ctios::eAvailable;  // as it was when the answer was made
  const std::size_t before = world.records.size();
  world.side_a->serve(kQueryAgent, question);
  ASSERT_TRUE(world.until([&] { return !world.tells.empty(); }));
  EXPECT_EQ(state_of(world, "22866"), ctios::eNotReady);
  EXPECT_EQ(world.count(EventId::eQueryAgentStateConf, before), 0U) << "it is no news";
  ASSERT_EQ(world.tells[0].request_id, id);
  EXPECT_EQ(reply_of(world.tells[0]).outcome(), wire::Outcome::kConfirmed);
  EXPECT_EQ(reply_of(world.tells[0]).arguments().integer(Keyword::AgentState), ctios::eNotReady)
      << "the reply says what the map knows";
}

TEST(LineAnswer, AQueryThatNothingHasOvertakenIsNews) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", ctios::eAvailable);
  world.side_a->agents["22866"].state = ctios::eNotReady;
  (void)world.answer(world.request(RequestId::eQueryAgentStateRequest, {}, "22866"));
  EXPECT_EQ(state_of(world, "22866"), ctios::eNotReady);
}

TEST(LineAnswer, OfAnotherKindThanAskedForSaysNothingAboutAnybody) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", ctios::eAvailable);
  log_in(world, "22867", ctios::eAvailable);
  world.side_a->confirms = false;
  world.ask(
      world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
  ASSERT_TRUE(world.until([&] { return !world.side_a->requests.empty(); }));
  const std::size_t before = world.records.size();
  const std::uint32_t id = world.side_a->requests[0].invoke_id;
  world.side_a->send(
      ged::QueryAgentStateConfEncoder(world.side_a->room(), world.side_a->version,
                                      {.invoke_id = id, .agent_state = ctios::eNotReady})
          .agent_id("22867"));
  ASSERT_TRUE(world.until([&] { return !world.tells.empty(); }));
  EXPECT_EQ(reply_of(world.tells[0]).outcome(), wire::Outcome::kUnknown);
  EXPECT_EQ(state_of(world, "22867"), ctios::eAvailable);
  EXPECT_EQ(world.records.size(), before);
}

TEST(LineAnswer, BadFramesInARowAreCountedAnewAfterAGoodAnswer) {
  LineWorld world;
  ASSERT_TRUE(world.ready());
  log_in(world, "22866", ctios::eAvailable);
  const std::uint32_t bad_max = line_config().link.bad_frames_max;
  const std::vector<std::byte> empty_event = [] {
    std::vector<std::byte> frame(8);
    store_be<std::uint32_t>(frame.data() + 4, 30);  // AGENT_STATE_EVENT without its fixed part
    return frame;
  }();
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 0; i + 1 < bad_max; ++i) world.side_a->send_raw(empty_event);
    const broker::Tell tell = world.answer(
        world.request(RequestId::eMakeCallRequest, args_of({{"DialedNumber", "1"}}), "22866"));
    EXPECT_EQ(reply_of(tell).outcome(), wire::Outcome::kConfirmed);
  }
  EXPECT_EQ(world.line->counters().bad_frames, 3 * (bad_max - 1));
  EXPECT_EQ(world.line->link().counters().bad_frame_resets, 0U);
}

// ---- lists of calls ----

/// Calls 1 .. count at one device, as events told of them.
void calls_at(LineWorld& world, std::uint32_t count) {
  world.side_a->agent_state("22866", ctios::eAvailable, "901", "901");
  for (std::uint32_t id = 1; id <= count; ++id) {
    world.side_a->begin_call(id, "901", "1");
    world.side_a->calls["901"].push_back({id, 2, "1"});
  }
  ASSERT_TRUE(world.until([&] { return world.line->map().calls() == count; }));
}

/// After a loss: comes into step again, with lists of `listed` calls at most that say that there are `says` of them.
void lose_and_come_back(LineWorld& world, std::size_t listed, std::uint16_t says = 0) {
  CtiServer& side = *world.side_a;
  side.hook = [&side, listed, says](std::uint32_t type, Bytes body) {
    if (type != kSnapshotDevice) return false;
    const std::vector<CtiServer::Call> all = side.calls["901"];
    side.calls["901"].resize(std::min(all.size(), listed));
    side.serve(type, body);
    side.calls["901"] = all;
    if (says != 0) side.spoil_at(12, says);  // NumCalls
    return true;
  };
  const std::uint64_t before = world.line->sync_counters().in_step;
  side.hang_up();
  if (says == 0) {
    ASSERT_TRUE(
        world.until([&] { return world.line->sync_counters().in_step > before; }, Seconds{120}));
  } else {  // no list at all: it is asked for again and again
    world.settle(Seconds{120});
    ASSERT_TRUE(world.line->ready());
  }
}

TEST(LineAnswer, AFullListEndsNoCallBeyondIt) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  calls_at(world, 20);
  // Of those beyond the list one has ended: the question about it alone says so.
  world.side_a->calls["901"].erase(world.side_a->calls["901"].begin() + 17);
  lose_and_come_back(world, kListedMax);
  EXPECT_EQ(world.line->map().calls(), 19U);
  EXPECT_EQ(world.line->map().call(wire::object_key("call.5000.18.901")), nullptr);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 1U);
}

TEST(LineAnswer, AListThatSaysThatItIsNotWholeEndsNothing) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  calls_at(world, 3);
  lose_and_come_back(world, 1, 3);
  EXPECT_EQ(world.line->map().calls(), 3U);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U);
}

TEST(LineAnswer, AListEndsAsManyCallsAsItLeavesOut) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  calls_at(world, 150);
  world.side_a->calls["901"].clear();
  lose_and_come_back(world, kListedMax);
  EXPECT_EQ(world.line->map().calls(), 0U);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 150U);
}

}  // namespace
}  // namespace cti::test
