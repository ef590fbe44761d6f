// LineCore by itself: no Io, no clock, no thread; and what a CTI Server can make it keep.
#include "broker/line_core.hpp"

#include "core/random.hpp"
#include "wire/arguments.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188/team.hpp"
#include "wire/object_key.hpp"
#include "wire/watch_keys.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cti::test {
namespace {

namespace ged = wire::ged188;

broker::LineConfig core_config() {
  broker::LineConfig config;
  config.link.config_mask = 0;
  config.agents = {"1", "2"};
  config.agents_max = 50;
  config.calls_max = 50;
  config.pending_max = 64;
  config.once_max = 64;
  config.spill_bytes_max = 1U << 20U;
  return config;
}

/// A core with its outputs, and time as a number.
class Core {
 public:
  explicit Core(const broker::LineConfig& config = core_config())
      : upstream(config.link.send_buffer_bytes, config.link.version),
        tells(0, {&fanout}, 64),
        core(config, {*log, {7, 1, 0}, upstream, tells, status}, {}) {}

  void link_up() {
    upstream.set_state(broker::Upstream::State::kOpen);
    core.step(broker::input::LinkUp{.now = now, .peripheral_online = true});
  }
  void link_down() {
    upstream.set_state(broker::Upstream::State::kDown);
    upstream.set_cause({"lost"});
    core.step(broker::input::LinkDown{now});
  }
  template <class Encoder>
  void frame(Encoder&& encoder) {
    const auto bytes = encoder.finish();
    ASSERT_TRUE(bytes.ok());
    core.step(broker::input::Frame{now, load_be<std::uint32_t>(bytes->data() + 4),
                                   Bytes(*bytes).subspan(8)});
  }
  void tick(Nanos later = Millis{1}) {
    now = now + later;
    core.step(broker::input::Tick{now, std::nullopt});
    core.publish();
    tells.publish(0);
  }
  void ask(broker::AskKind kind, std::uint64_t id, Bytes arguments = {}) {
    broker::Ask ask;
    ask.kind = kind;
    ask.from = {0, {1, 1}, 1};
    ask.request_id = id;
    ask.arguments.assign(arguments.begin(), arguments.end());
    core.step(broker::input::Asked{now, std::move(ask)});
  }
  void agent_state(const std::string& agent, std::uint16_t state) {
    frame(ged::AgentStateEventEncoder(room, 15, {.peripheral_id = 5000, .agent_state = state})
              .agent_id(agent)
              .agent_instrument("9" + agent));
  }
  void begin_call(std::uint32_t id, const std::string& device) {
    frame(ged::BeginCallEventEncoder(
              room, 15,
              {.peripheral_id = 5000, .connection_device_id_type = 0, .connection_call_id = id})
              .connection_device_id(device));
  }
  void end_call(std::uint32_t id, const std::string& device) {
    frame(ged::EndCallEventEncoder(
              room, 15,
              {.peripheral_id = 5000, .connection_device_id_type = 0, .connection_call_id = id})
              .connection_device_id(device));
  }
  void not_there(std::uint32_t invoke_id) {
    frame(ged::FailureConfEncoder(room, 15, {.invoke_id = invoke_id, .status = 9}));
  }

  std::unique_ptr<ring::EventLog> log =
      std::move(ring::EventLog::create({.bytes = 1U << 20U, .gates = 1})).value();
  broker::FanoutShared fanout{0, 1, {}};
  broker::LineStatus status;
  broker::Upstream upstream;
  broker::TellOut tells;
  broker::LineCore core;
  TimePoint now{Seconds{1}};
  std::vector<std::byte> room = std::vector<std::byte>(16 * 1024);
};

TEST(LineCore, ComesIntoStepAndServesWithoutAnySocket) {
  Core world;
  world.ask(broker::AskKind::kSnapshot, 1);
  world.link_up();
  world.tick();
  EXPECT_FALSE(world.core.ready());
  EXPECT_EQ(world.upstream.committed(), 2U) << "a question about each agent";
  world.not_there(1);
  world.not_there(2);
  world.tick();
  EXPECT_TRUE(world.core.ready());
  world.agent_state("1", 3);
  world.tick();
  EXPECT_EQ(world.core.map().agents(), 2U);
  EXPECT_EQ(world.core.map().agent(wire::object_key("agent.5000.1"))->state, 3);
  world.link_down();
  world.tick();
  EXPECT_FALSE(world.core.ready());
  EXPECT_EQ(world.core.pending(), 0U);
}

/// One random life; what it left in the log and upstream.
std::string life(std::uint64_t seed) {
  Core world;
  core::Random random(seed);
  bool up = false;
  for (int step = 0; step < 400; ++step) {
    const auto number = static_cast<std::uint32_t>(1 + random.below(9));
    switch (random.below(up ? 8 : 2)) {
      case 0:
        world.tick(Millis{static_cast<std::int64_t>(random.below(3000))});
        break;
      case 1:
        if (!up) world.link_up();
        if (up && random.chance(0.1)) world.link_down();
        up = world.upstream.up();
        break;
      case 2:
        world.agent_state(std::to_string(number), static_cast<std::uint16_t>(random.below(9)));
        break;
      case 3:
        world.begin_call(number, "91");
        break;
      case 4:
        world.end_call(number, "91");
        break;
      case 5:
        world.not_there(static_cast<std::uint32_t>(random.below(200)));
        break;
      default:
        world.ask(broker::AskKind::kSnapshot, static_cast<std::uint64_t>(step) + 1);
    }
  }
  world.tick();
  std::string trace = std::to_string(world.core.map().properties().digest()) + " " +
                      std::to_string(world.upstream.committed()) + " " +
                      std::to_string(world.tells.counters().sent) + " ";
  const ring::LogRead read = world.log->read(world.log->gate(0), 0, std::size_t{1} << 20U);
  EXPECT_EQ(read.status, ring::LogRead::Status::kRange);
  trace.append(as_text(read.bytes));
  world.log->gate(0).leave(read.from);
  return trace;
}

TEST(LineCore, NoAskOvertakesThoseThatWaitForTheStart) {
  Core world;
  world.upstream.set_state(broker::Upstream::State::kTrying);
  world.ask(broker::AskKind::kSnapshot, 1);  // waits for the first session
  EXPECT_EQ(world.core.counters().asks_parked, 1U);
  // None will come; the tick has not seen it yet.
  world.upstream.set_state(broker::Upstream::State::kDown);
  world.ask(broker::AskKind::kSnapshot, 2);
  world.tick();
  std::vector<std::uint64_t> told;
  world.fanout.tells[0]->take_due(
      64, [](ring::Position after) { return after; },
      [&](broker::Tell&& tell) { told.push_back(tell.request_id); });
  EXPECT_EQ(told, (std::vector<std::uint64_t>{1, 2}));
}

/// The mask that the supervisor of this world has been told last; nothing: none since the last call.
std::optional<std::uint32_t> mask_told(Core& world) {
  std::optional<std::uint32_t> mask;
  const auto all = [](ring::Position after) { return after; };
  world.fanout.tells[0]->take_due(64, all, [&](broker::Tell&& tell) {
    if (tell.kind != broker::TellKind::kPrivateEvent) return;
    const auto event = wire::PrivateEventView::trusted(tell.frames);
    if (event.event_id() != wire::EventId::eSupervisorButtonChange) return;
    mask = static_cast<std::uint32_t>(
        event.arguments().integer(wire::Keyword::SupervisorBtnEnablementMask).value_or(0));
  });
  return mask;
}

// Between the turn in which a session that waited is let in, and the next one's end, everything may happen.
TEST(LineCore, ASupervisorWhoWaitedForTheStartIsToldTheButtonsOfWhatHappensInTheNextTurn) {
  Core world;
  world.link_up();
  world.tick();
  wire::Arguments wish, args;
  wish.set(wire::Keyword::AgentReference, "agent.5000.2");
  args.set("AgentID", "1");
  args.set("PeripheralID", std::int32_t{5000});
  args.set(wire::ArgKey(wire::watch::kWatch), wish);
  world.ask(broker::AskKind::kAgentMode, 1, args.bytes());
  world.not_there(1);
  world.not_there(2);
  ASSERT_EQ(world.core.watch_counters().sessions, 0U) << "waits";
  world.tick();
  ASSERT_EQ(world.core.watch_counters().sessions, 1U);
  EXPECT_EQ(mask_told(world), 0U) << "nobody is there";
  ged::AgentTeamConfigEventEncoder team(
      world.room, 15, {.peripheral_id = 5000, .team_id = 7, .config_operation = 1});
  team.add_agent({.atc_agent_id = "1", .agent_flags = std::uint16_t{1}});
  team.add_agent({.atc_agent_id = "2", .agent_flags = std::uint16_t{0}});
  world.frame(team);
  world.agent_state("1", 3);
  world.agent_state("2", 3);
  world.tick();
  const auto mask = mask_told(world);
  ASSERT_TRUE(mask);
  EXPECT_NE(*mask & wire::ctios::SupervisorButtonEnablement_bits::ENABLE_SET_AGENT_LOGOUT, 0U);
}

TEST(LineCore, EqualInputsGiveEqualOutputs) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    EXPECT_TRUE(life(seed) == life(seed));
  }
  EXPECT_FALSE(life(1) == life(2));
}

// The dialogue ends in bad frames: what was kept back is applied in part, and the session is given up.
TEST(LineCore, NoAskIsRunOnASessionThatIsGivenUp) {
  Core world;
  world.link_up();
  world.tick();
  world.ask(broker::AskKind::kSnapshot, 1);
  const std::byte stump[3] = {};
  for (int i = 0; i < 16; ++i)
    world.core.step(broker::input::Frame{
        world.now, static_cast<std::uint32_t>(ged::MessageType::kAgentStateEvent), stump});
  world.not_there(1);
  world.not_there(2);
  world.tick();
  ASSERT_EQ(world.core.reset_wished(), broker::ResetCause::kBadFrames);
  world.ask(broker::AskKind::kSnapshot, 2);
  world.tick();
  std::vector<std::uint64_t> told;
  const auto take = [&] {
    world.fanout.tells[0]->take_due(
        64, [](ring::Position after) { return after; },
        [&](broker::Tell&& tell) { told.push_back(tell.request_id); });
  };
  take();
  EXPECT_TRUE(told.empty()) << "half a map was told";
  world.link_down();
  world.tick();
  take();
  EXPECT_EQ(told, (std::vector<std::uint64_t>{1, 2}));
}

// ---- what a CTI Server can fill ----

TEST(LineCore, ADialogueFloodedWithEmptyFramesServesInBoundedMemory) {
  broker::LineConfig config = core_config();
  config.sync_bytes_max = 1U << 20U;
  Core world(config);
  world.link_up();
  world.tick();
  for (int i = 0; i < 200'000 && !world.core.ready(); ++i)
    world.core.step(broker::input::Frame{world.now, 233, {}});
  EXPECT_TRUE(world.core.ready()) << "an empty frame costs nothing";
}

TEST(LineCore, AnAnswerThatFindsNoRoomInADialogueIsAskedForAgain) {
  broker::LineConfig config = core_config();
  config.sync_bytes_max = limits::kGedMessageBytesMax;
  Core world(config);
  world.link_up();
  world.tick();
  ASSERT_EQ(world.upstream.committed(), 2U);
  for (std::size_t i = 0; i < config.sync_bytes_max / sizeof(broker::Sync::Kept); ++i)
    world.core.step(broker::input::Frame{world.now, 233, {}});
  ASSERT_FALSE(world.core.ready());
  world.not_there(1);
  world.tick();
  ASSERT_TRUE(world.core.ready());
  EXPECT_EQ(world.core.sync_counters().cut_short, 1U);
  world.not_there(2);
  world.tick(Seconds{1});
  EXPECT_FALSE(world.core.in_step());
  EXPECT_EQ(world.upstream.committed(), 3U) << "the answer is lost, not the question";
  world.not_there(3);
  world.tick();
  EXPECT_TRUE(world.core.in_step());
}

// What waits for the log has to wait as it came: records of it would need room too.
TEST(LineCore, ADialogueIsAppliedInPieces) {
  Core world;
  world.link_up();
  world.tick();
  for (int i = 0; i < 3000; ++i) world.agent_state("1", i % 2 == 0 ? 2 : 3);
  world.not_there(1);
  world.not_there(2);
  world.tick();
  EXPECT_FALSE(world.core.ready());
  EXPECT_TRUE(world.core.held_back()) << "else more comes than goes";
  EXPECT_LE(world.core.next_deadline(), world.now) << "it goes on at once";
  for (int i = 0; i < 3 && !world.core.ready(); ++i) world.tick();
  EXPECT_TRUE(world.core.ready());
  EXPECT_FALSE(world.core.held_back());
}

TEST(LineCore, NamesWithoutEndCostNoMoreThanTheInquiryMay) {
  Core world;
  broker::LineTimers timers(64);
  broker::PendingTable pending(64, timers);
  broker::NameBook names;
  broker::Inquiry inquiry({world.upstream, pending, names}, broker::PendingKind::kSync, 0, 8, 1,
                          64 << 10);
  const std::string tail(200, 'x');
  for (int i = 0; i < 10'000; ++i) inquiry.ask_agent(5000, std::to_string(i) + tail);
  EXPECT_LE(inquiry.bytes(), 64U << 10U);
  EXPECT_GT(inquiry.asked(), 50U);
  EXPECT_LT(inquiry.asked(), 300U);
  EXPECT_EQ(inquiry.asked() + inquiry.no_room(), 10'000U);
  inquiry.ask_agent(5000, "0" + tail);
  EXPECT_EQ(inquiry.asked() + inquiry.no_room(), 10'000U) << "asked already: no loss";
}

TEST(LineCore, AsksThatWaitForTheFirstSessionAreBoundedInBytes) {
  Core world;
  world.upstream.set_state(broker::Upstream::State::kTrying);
  std::uint64_t asked = 0;
  for (; world.core.counters().asks_overflow == 0; ++asked) {
    ASSERT_LT(asked, 1000U);
    broker::Ask ask;
    ask.kind = broker::AskKind::kRequest;
    ask.from = {0, {1, 1}, 1};
    ask.request_id = asked + 1;
    ask.arguments.resize(60'000);
    // An empty array of arguments, and much room behind it.
    const wire::Arguments none;
    std::copy(none.bytes().begin(), none.bytes().end(), ask.arguments.begin());
    world.core.step(broker::input::Asked{world.now, std::move(ask)});
  }
  EXPECT_GT(asked, 100U);
  EXPECT_LT(asked, 150U) << "more than eight mebibytes wait";
}

}  // namespace
}  // namespace cti::test
