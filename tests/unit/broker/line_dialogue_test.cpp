// The start-up dialogue when answers are lost, late or overtaken by events: it must tell no lies.
#include "broker/fanout/log_follower.hpp"
#include "tests/unit/broker/line_world.hpp"

namespace cti::test {
namespace {

namespace ctios = wire::ctios;

broker::LineConfig one_side() {
  broker::LineConfig config = line_config();
  config.link.sides.resize(1);
  return config;
}

/// Keeps requests of some types to itself, until they are let go.
struct Holder {
  CtiServer& side;
  std::vector<std::uint32_t> types;
  std::vector<std::pair<std::uint32_t, std::vector<std::byte>>> held;
  bool drops = false;

  Holder(CtiServer& side_, std::vector<std::uint32_t> types_)
      : side(side_), types(std::move(types_)) {
    side.hook = [this](std::uint32_t type, Bytes body) {
      if (std::find(types.begin(), types.end(), type) == types.end()) return false;
      if (!drops) held.push_back({type, {body.begin(), body.end()}});
      ++seen;
      return true;
    };
  }
  void let_go() {
    types.clear();
    for (const auto& [type, body] : std::exchange(held, {})) side.serve(type, body);
  }
  std::size_t seen = 0;
};

constexpr std::uint32_t kQueryAgent = 36, kSnapshotCall = 82, kSnapshotDevice = 84;

/// Two calls of one agent, a customer held and a consult, as events told of them.
void two_calls(LineWorld& world) {
  CtiServer& side = *world.side_a;
  side.agent_state("22866", 4, "23901", "23901");
  side.begin_call(1, "23901", "1");
  side.established(1, "23901");
  side.held(1, "23901");
  side.begin_call(2, "23901", "2", 12);
  side.established(2, "23901");
  ASSERT_TRUE(world.until([&] { return world.line->map().calls() == 2; }));
  side.calls["23901"] = {{1, 4, "1"}, {2, 3, "2"}};
}

TEST(Dialogue, ALateAnswerAfterItWasCutShortIsTakenForWhatItIs) {
  broker::LineConfig config = one_side();
  config.sync_timeout = Seconds{2};
  LineWorld world(config);
  Holder holder(*world.side_a, {kQueryAgent});
  ASSERT_TRUE(world.ready());
  EXPECT_EQ(world.line->sync_counters().cut_short, 1U);
  EXPECT_FALSE(world.line->in_step()) << "it goes on asking";
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  holder.let_go();
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  const broker::AgentEntry* const agent = world.line->map().agent(world.agent_key("22866"));
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(agent->state, ctios::eAvailable);
}

TEST(Dialogue, U18_CutShortItEndsNoCallThatLives) {
  broker::LineConfig config = one_side();
  config.sync_timeout = Seconds{2};
  LineWorld world(config);
  ASSERT_TRUE(world.ready());
  two_calls(world);
  Holder holder(*world.side_a, {kSnapshotDevice, kSnapshotCall});
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  world.settle();
  EXPECT_EQ(world.line->map().calls(), 2U);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U);
  // One of them has ended meanwhile: the list says so when it comes.
  world.side_a->calls["23901"].pop_back();
  holder.let_go();
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  EXPECT_EQ(world.line->map().calls(), 1U);
  EXPECT_NE(world.line->map().call(wire::object_key("call.5000.1.23901")), nullptr);
}

TEST(Dialogue, U18_ALostAnswerEndsNothingAndIsAskedForAgain) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  two_calls(world);
  Holder holder(*world.side_a, {kSnapshotDevice});
  holder.drops = true;
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 2; }));
  EXPECT_EQ(world.line->map().calls(), 2U);
  holder.types.clear();
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }, Seconds{120}));
  EXPECT_EQ(world.line->map().calls(), 2U);
  EXPECT_EQ(world.count(EventId::eCallEndEvent), 0U);
  EXPECT_GE(world.line->sync_counters().lost, 1U);
}

TEST(Dialogue, U17_AnOrphanIsNotKeptAliveByOwnUpdates) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  two_calls(world);
  // While the connection is away call 2 ends; back again, call 1 is retrieved during the dialogue, which changes the
  // buttons of call 2: an update of our own, and no news of it.
  world.side_a->calls["23901"] = {{1, 4, "1"}};
  Holder holder(*world.side_a, {kSnapshotDevice});
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return holder.seen != 0; }));
  world.side_a->established(1, "23901");
  world.side_a->calls["23901"] = {{1, 3, "1"}};
  holder.let_go();
  ASSERT_TRUE(world.until(
      [&] { return world.line->sync_counters().completed == 2 && world.line->in_step(); }));
  EXPECT_EQ(world.line->map().calls(), 1U);
  EXPECT_EQ(world.line->map().call(wire::object_key("call.5000.2.23901")), nullptr);
  const broker::CallEntry* const call =
      world.line->map().call(wire::object_key("call.5000.1.23901"));
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->status, ctios::LCS_CONNECT);
}

TEST(Dialogue, ACallAtNoDeviceIsAskedAboutByItself) {
  LineWorld world(one_side());
  ASSERT_TRUE(world.ready());
  world.side_a->begin_call(7, "", "5551234");
  world.side_a->begin_call(8, "", "5551234");
  ASSERT_TRUE(world.until([&] { return world.line->map().calls() == 2; }));
  world.side_a->calls[""] = {{8, 3, "5551234"}};
  world.side_a->hang_up();
  ASSERT_TRUE(world.until([&] { return !world.line->ready(); }));
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  EXPECT_EQ(world.line->map().calls(), 1U) << "the other is gone, and no list says so";
  EXPECT_EQ(world.line->translator_counters().ended_by_sync, 1U);
}

/// A message as only a CTI Server may send it: each `?` is a byte that no question and no request can carry.
template <class Encoder>
void send_bent(CtiServer& side, Encoder& encoder) {
  const auto frame = encoder.finish();
  ASSERT_TRUE(frame.ok());
  std::vector<std::byte> bent(frame->begin(), frame->end());
  std::ranges::replace(bent, std::byte{'?'}, std::byte{0x0F});
  side.send_raw(bent);
}
void unsayable_agent(CtiServer& side) {
  std::vector<std::byte> room(512);
  ged::AgentStateEventEncoder agent(room, 15, {.peripheral_id = 5000, .agent_state = 4});
  agent.agent_id("12?34").agent_instrument("239?1");
  send_bent(side, agent);
}

TEST(Dialogue, WhoseNameNoQuestionCanCarryIsNotTakenForHereAfterALoss) {
  for (const bool heard : {false, true}) {
    SCOPED_TRACE(heard ? "the dialogue hears of the agent" : "nothing is heard");
    broker::LineConfig config = one_side();
    config.agents = {"22866"};
    LineWorld world(config);
    Holder holder(*world.side_a, {});
    ASSERT_TRUE(world.ready());
    unsayable_agent(*world.side_a);
    std::vector<std::byte> room(512);
    ged::BeginCallEventEncoder call(room, 15, {.peripheral_id = 5000, .connection_call_id = 7});
    call.connection_device_id("239?1").ani("5551234");
    send_bent(*world.side_a, call);
    const auto& map = world.line->map();
    const auto key = wire::object_key(broker::agent_object_id(5000, "12\\x0F34").view());
    ASSERT_TRUE(world.until([&] { return map.calls() == 1 && map.agent(key) != nullptr; }));
    world.side_a->hang_up();
    ASSERT_TRUE(world.until([&] { return !world.line->ready(); }));
    if (heard) {
      holder.types = {kQueryAgent};
      ASSERT_TRUE(world.until([&] { return holder.seen != 0; }));
      unsayable_agent(*world.side_a);
      world.settle(Millis{50});
      holder.let_go();
    }
    ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
    ASSERT_NE(map.agent(key), nullptr);
    EXPECT_EQ(map.agent(key)->state, heard ? 4 : ctios::eUnknown);
    EXPECT_EQ(map.calls(), 0U) << "it lived on for ever: nobody can be asked";
  }
}

TEST(Dialogue, U18_ALateSnapshotBringsNoEndedCallBack) {
  for (const bool serving : {false, true}) {
    SCOPED_TRACE(serving ? "the line serves already" : "in the dialogue");
    broker::LineConfig config = one_side();
    if (serving) config.sync_timeout = Seconds{2};
    LineWorld world(config);
    world.side_a->agents["22866"] = {3, "23901", "23901"};
    world.side_a->calls["23901"] = {{5, 3, "1"}};
    std::vector<std::byte> request;
    world.side_a->hook = [&](std::uint32_t type, Bytes body) {
      if (type != kSnapshotCall || !request.empty()) return false;
      request.assign(body.begin(), body.end());
      return true;
    };
    ASSERT_TRUE(world.until([&] { return !request.empty(); }));
    if (serving) {
      ASSERT_TRUE(world.ready());
    }
    world.side_a->end_call(5, "23901");
    world.side_a->serve(kSnapshotCall, request);  // made before the end, sent after it
    world.side_a->calls["23901"].clear();
    ASSERT_TRUE(world.until(
        [&] { return world.line->sync_counters().completed == 1 && world.line->in_step(); }));
    world.settle();
    EXPECT_EQ(world.line->map().calls(), 0U);
    EXPECT_EQ(world.count(EventId::eSnapshotCallConf), 0U);
  }
}

TEST(Dialogue, U18_AnAgentsOlderAnswerDoesNotOverruleAnEvent) {
  LineWorld world(one_side());
  Holder holder(*world.side_a, {kQueryAgent});
  ASSERT_TRUE(world.until([&] { return holder.seen == 2; }));
  const auto held = std::exchange(holder.held, {});
  holder.types.clear();
  world.side_a->agent_state("22866", 3, "23901", "23901");
  world.side_a->agents["22866"] = {2, "23901", "23901"};  // what the late answer says
  for (const auto& [type, body] : held) world.side_a->serve(type, body);
  world.side_a->agents["22866"] = {3, "23901", "23901"};
  ASSERT_TRUE(world.ready());
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }));
  EXPECT_EQ(world.line->map().agent(world.agent_key("22866"))->state, ctios::eAvailable);
  for (const Record& record : world.records) {
    if (record.text(Keyword::AgentID) != "22866") continue;
    EXPECT_NE(record.number(Keyword::AgentState), ctios::eNotReady);
  }
}

TEST(Dialogue, FramesThatCostNothingButTheirHeadAreBoundedToo) {
  broker::LineConfig config = one_side();
  config.sync_bytes_max = 64 * 1024;
  LineWorld world(config);
  Holder holder(*world.side_a, {kQueryAgent});
  ASSERT_TRUE(world.until([&] { return holder.seen == 2; }));
  std::vector<std::byte> frame(8);
  store_be<std::uint32_t>(frame.data() + 4, 233);
  for (int i = 0; i < 4000; ++i) world.side_a->send_raw(frame);
  ASSERT_TRUE(world.until([&] { return world.line->sync_counters().completed == 1; }, Seconds{5}));
  EXPECT_EQ(world.line->sync_counters().cut_short, 1U);
  EXPECT_GE(world.line->counters().frames, 48U * 1024 / sizeof(broker::Sync::Kept));
}

broker::Ask snapshot_ask(LineWorld& world, std::uint64_t session) {
  broker::Ask ask;
  ask.kind = broker::AskKind::kSnapshot;
  ask.from = {0, {static_cast<std::uint32_t>(session), 1}, session};
  ask.request_id = ++world.last_request;
  return ask;
}

/// Reads the log as a reactor does that the line waits for: between the line's turns only, and holding what it has not read.
struct HoldingReader {
  explicit HoldingReader(LineWorld& world_)
      : world(world_), log(*world.log, world.log->gate(0), true) {
    world.reading = false;
    world.around_turn = [this](bool begins) {
      if (begins) follow();
      if (!begins && each_turn) each_turn();
    };
  }
  void follow() {
    std::uint32_t count = 0;
    const auto give = [&](Bytes record) {
      sequences.push_back(wire::frame_id(record.data()));
      return true;
    };
    const auto end = log.follow(world.log->tail(), limits::kLogReadBytesDefault,
                                limits::kLogTurnBytesDefault, count, give, [](ring::Position) {});
    EXPECT_NE(end, broker::LogFollower::End::kLapped);
  }
  LineWorld& world;
  broker::LogFollower log;
  std::vector<std::uint64_t> sequences;
  std::function<void()> each_turn;
};

/// A thousand agents, a log of 128 KiB and a spill for one long record.
broker::LineConfig many_agents() {
  broker::LineConfig config = one_side();
  config.agents.clear();
  for (int i = 0; i < 1000; ++i) config.agents.push_back(std::to_string(30000 + i));
  config.agents_max = 1100;
  config.spill_bytes_max = limits::kRecordBytesMax;
  return config;
}

void populate(CtiServer& side, const broker::LineConfig& config) {
  for (const std::string& agent : config.agents) side.agents[agent] = {3, "9" + agent, "9" + agent};
}

std::size_t in_state(const LineWorld& world, std::uint16_t state) {
  std::size_t count = 0;
  world.line->map().each_agent([&](const broker::AgentEntry& agent) {
    count += agent.state == state ? 1U : 0U;
  });
  return count;
}

// What a dialogue brought was written in one turn: more than log and spill take was lost, the session reset, and all of it
// came again, for ever.
TEST(Dialogue, AMapThatIsLargerThanLogAndSpillIsWrittenAsTheLogTakesIt) {
  const broker::LineConfig config = many_agents();
  LineWorld world(config, 1, {}, std::size_t{1} << 17);
  populate(*world.side_a, config);
  HoldingReader reader(world);
  ASSERT_TRUE(world.until([&] { return world.line->in_step(); }, Seconds{120}));
  EXPECT_EQ(world.line->counters().fresh_starts, 0U);
  EXPECT_EQ(world.line->sink_counters().overflows, 0U);
  EXPECT_EQ(world.line->link().counters().sessions, 1U);
  EXPECT_EQ(world.line->sync_counters().completed, 1U);
  EXPECT_EQ(in_state(world, ctios::eAvailable), 1000U);
  EXPECT_GT(world.log->tail(), (1U << 17U) + config.spill_bytes_max) << "else nothing is tested";
  world.settle();
  reader.follow();
  ASSERT_GE(reader.sequences.size(), 1000U);
  for (std::size_t i = 1; i < reader.sequences.size(); ++i)
    ASSERT_EQ(reader.sequences[i], reader.sequences[i - 1] + 1);
}

// An event that comes while the answers before it are still being written is newer than they are.
TEST(Dialogue, WhatComesWhileADialogueIsWrittenComesBehindIt) {
  const broker::LineConfig config = many_agents();
  LineWorld world(config, 1, {}, std::size_t{1} << 17);
  populate(*world.side_a, config);
  HoldingReader reader(world);
  bool told = false;
  reader.each_turn = [&] {
    if (told || !world.line->core().held_back()) return;
    told = true;
    world.side_a->agent_state("30999", 2, "930999", "930999");
    world.side_a->agent_state("30000", 2, "930000", "930000");
  };
  ASSERT_TRUE(world.until([&] { return told && world.line->in_step(); }, Seconds{120}));
  ASSERT_TRUE(world.until([&] { return in_state(world, ctios::eNotReady) == 2; }));
  EXPECT_EQ(in_state(world, ctios::eAvailable), 998U);
  EXPECT_EQ(world.line->counters().fresh_starts, 0U);
}

TEST(Dialogue, LostWhileItIsWrittenItBeginsAnew) {
  const broker::LineConfig config = many_agents();
  LineWorld world(config, 1, {}, std::size_t{1} << 17);
  populate(*world.side_a, config);
  HoldingReader reader(world);
  bool lost = false;
  reader.each_turn = [&] {
    if (lost || !world.line->core().held_back()) return;
    lost = true;
    world.side_a->hang_up();
  };
  ASSERT_TRUE(world.until(
      [&] { return world.side_a->opens == 2 && world.line->in_step(); }, Seconds{120}));
  EXPECT_EQ(world.line->sync_counters().thrown_away, 1U);
  EXPECT_EQ(world.line->sync_counters().completed, 1U);
  EXPECT_EQ(in_state(world, ctios::eAvailable), 1000U);
  EXPECT_EQ(world.line->counters().fresh_starts, 0U);
}

TEST(Dialogue, AnAskWaitsForTheStartNoLongerThanADialogueMayTake) {
  broker::LineConfig config = line_config();
  config.link.open_timeout = Seconds{20};
  config.sync_timeout = Seconds{30};
  LineWorld world(config);
  world.side_a->answers_open = false;     // 20 s, then the other side
  world.side_b->answers_queries = false;  // 30 s
  ASSERT_TRUE(world.until([&] { return world.side_a->opens == 1; }));
  const TimePoint asked = world.network.now();
  world.ask(snapshot_ask(world, 1));
  ASSERT_TRUE(world.until([&] { return !world.tells.empty(); }, Seconds{120}));
  EXPECT_GE(world.network.now() - asked, Seconds{29});
  EXPECT_LE(world.network.now() - asked, Seconds{31});
}

TEST(Dialogue, WhoHasGoneWeighsNothingAmongThoseThatWait) {
  LineWorld world(one_side());
  world.side_a->answers_queries = false;
  ASSERT_TRUE(world.until([&] { return world.side_a->queries > 0; }));
  for (const std::uint64_t session : {1, 1, 2}) world.ask(snapshot_ask(world, session));
  ASSERT_TRUE(world.until([&] { return world.line->counters().asks_parked == 3; }));
  world.end_session({0, {1, 1}, 1});
  world.side_a->answers_queries = true;
  ASSERT_TRUE(world.until([&] { return !world.tells.empty(); }));
  world.settle();
  ASSERT_EQ(world.tells.size(), 1U);
  EXPECT_EQ(world.tells[0].to.session_number, 2U);
}

}  // namespace
}  // namespace cti::test
