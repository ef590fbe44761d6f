// first_call_sim.cpp - a thousand seeds of bad luck: an agent and a monitor, a server, a CTI Server, a faulty network.
//
// Each seed draws which faults there are and what the agent and the callers do. While it lasts, every call must begin
// first and end last, once each, at every client; when the faults stop, everything must come to rest: each request has
// ended exactly once, and server, clients and CTI Server tell the same story.
//
// RINGSIDE_SEED=N runs one seed alone, RINGSIDE_SEEDS=FIRST-LAST a range; RINGSIDE_TRACE=1 prints every event.
#include "core/random.hpp"
#include "tests/sim/sim_house.hpp"

#include <cstdlib>

namespace cti::sim {
namespace {

using namespace cti::cil;  // NOLINT: as above

constexpr char kAgentId[] = "agent.5000.22866";

/// What one seed does to the house.
class Story {
 public:
  explicit Story(std::uint64_t seed)
      : random_(seed),
        house_(seed, core::SimFaults::swarm(seed)),
        agent_(house_.world, "10.0.3.1", seed),
        monitor_(house_.world, "10.0.3.2", seed + 1) {}

  void live() {
    agent_.connect();
    monitor_.connect();
    for (int step = 0; step < 60; ++step) {
      take_modes();
      act();
      house_.world.run_for(Millis{static_cast<std::int64_t>(random_.below(1500))});
    }
  }

  /// The faults stop; what was begun must end.
  void come_to_rest() {
    house_.network.set_faults({});
    house_.network.heal_all();
    house_.cti_server().command("restore side A");
    const auto rested = [this] {
      take_modes();
      return house_.line().ready() && agent_.has_mode() && monitor_.has_mode() &&
             agent_.all_ended() && house_.line().pending() == 0;
    };
    EXPECT_TRUE(house_.until(rested, Seconds{300}))
        << "line ready " << house_.line().ready() << ", agent mode " << agent_.has_mode()
        << ", monitor mode " << monitor_.has_mode() << ", requests " << agent_.queued << " ended "
        << agent_.ended << ", pending " << house_.line().pending();
    // What the faults had delayed is still on its way: quiet is when a minute brings nothing more.
    for (std::uint64_t before = ~std::uint64_t{0}; before != monitor_.news + agent_.news;) {
      before = monitor_.news + agent_.news;
      house_.world.run_for(Seconds{60});
    }
  }

  void judge() {
    for (const SimClient* client : {&agent_, &monitor_}) {
      for (const std::string& complaint : client->complaints) ADD_FAILURE() << complaint;
    }
    EXPECT_EQ(agent_.queued, agent_.ended) << "each request ends exactly once";
    EXPECT_EQ(difference(house_.line().map(), monitor_.session(), {}), "") << "the monitor's map";
    const auto& model = house_.cti_server().model();
    const auto index = model.find_agent("22866");
    CCtiOsObject* agent = nullptr;
    ASSERT_TRUE(monitor_.session().GetObjectFromObjectID(kAgentId, &agent));
    int state = -1;
    agent->GetValueInt(CTIOS_AGENTSTATE, &state);
    agent->Release();
    EXPECT_EQ(state, static_cast<int>(model.agents()[index].state)) << "the CTI Server's agent";
    EXPECT_GT(monitor_.events, 0u);
  }

  std::uint64_t trace() const { return house_.network.trace_hash(); }

 private:
  void take_modes() {
    if (agent_.connected && !agent_.wants_mode) {
      agent_.wants_mode = true;
      agent_.be_agent("22866");
    }
    if (monitor_.connected && !monitor_.wants_mode) {
      monitor_.wants_mode = true;
      monitor_.be_monitor();
    }
  }

  void log_in() {
    Arguments args;
    args.AddItem(CTIOS_AGENTID, "22866");
    args.AddItem(CTIOS_PERIPHERALID, 5000);
    args.AddItem(CTIOS_AGENTINSTRUMENT, "23901");
    args.AddItem(CTIOS_AGENTPASSWORD, "22866");
    agent_.request([&] { return agent_.agent().Login(args); });
  }

  void set_state(AgentState state) {
    Arguments args;
    args.AddItem(CTIOS_AGENTSTATE, static_cast<int>(state));
    agent_.request([&] { return agent_.agent().SetAgentState(args); });
  }

  void on_some_call(int (CCall::*method)(const Arguments&)) {
    const std::vector<std::string> calls = agent_.calls();
    if (calls.empty()) return;
    CCtiOsObject* object = nullptr;
    if (!agent_.session().GetObjectFromObjectID(calls[random_.below(calls.size())], &object))
      return;
    auto& call = dynamic_cast<CCall&>(*object);
    agent_.request([&] { return (call.*method)(no_arguments()); });
    object->Release();
  }

  void act() {
    if (!agent_.wants_mode) return;
    switch (random_.below(12)) {
      case 0:
      case 1:
        return log_in();
      case 2:
      case 3:
        return set_state(eAvailable);
      case 4:
        return set_state(eNotReady);
      case 5:
      case 6:
        house_.cti_server().command("call 5551234 to 77");
        return;
      case 7:
      case 8:
        return on_some_call(&CCall::Answer);
      case 9:
        return on_some_call(random_.below(2) == 0 ? &CCall::Hold : &CCall::Retrieve);
      case 10:
        return on_some_call(&CCall::ClearConnection);
      default:
        house_.cti_server().command(random_.below(2) == 0 ? "fail side A" : "restore side A");
        return;
    }
  }

  core::Random random_;
  SimHouse house_;
  SimClient agent_;
  SimClient monitor_;
};

std::uint64_t run(std::uint64_t seed) {
  Story story(seed);
  story.live();
  story.come_to_rest();
  story.judge();
  return story.trace();
}

std::pair<std::uint64_t, std::uint64_t> seeds() {
  if (const char* one = std::getenv("RINGSIDE_SEED")) {
    const std::uint64_t seed = std::strtoull(one, nullptr, 10);
    return {seed, seed};
  }
  if (const char* range = std::getenv("RINGSIDE_SEEDS")) {
    char* end = nullptr;
    const std::uint64_t first = std::strtoull(range, &end, 10);
    return {first, std::strtoull(end + 1, nullptr, 10)};
  }
  return {1, 1000};
}

TEST(FirstCall, SurvivesBadLuckAndComesToTheSameStory) {
  const auto [first, last] = seeds();
  int failed = 0;
  for (std::uint64_t seed = first; seed <= last && failed < 5; ++seed) {
    SCOPED_TRACE("replay with: RINGSIDE_SEED=" + std::to_string(seed) +
                 " build/tests/sim/first_call_sim");
    const int before =
        testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
    run(seed);
    failed += testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count() >
              before;
  }
  std::printf("seeds %llu to %llu\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(last));
}

TEST(FirstCall, OneSeedIsOneHistory) {
  for (std::uint64_t seed : {3u, 17u, 99u}) EXPECT_EQ(run(seed), run(seed)) << "seed " << seed;
}

}  // namespace
}  // namespace cti::sim
