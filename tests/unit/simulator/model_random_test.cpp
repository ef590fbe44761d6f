// Random agents, callers and requests at random moments: whatever is asked, the books must balance.
//
// Replay   SIMULATOR_SEED=<seed> simulator_test --gtest_filter='ModelRandom.*'
#include "tests/unit/simulator/recorder.hpp"
#include "tools/simulator/model/model.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace cti::simulator {
namespace {

/// Follows the views by their events alone, as a client would.
class Bookkeeper : public Recorder {
 public:
  void on_call(const CallEvent& e) override {
    const auto view = std::pair(e.number, e.station);
    switch (e.kind) {
      case CallEventKind::kPreCall:
      case CallEventKind::kPreCallAbort:
      case CallEventKind::kQueued:
      case CallEventKind::kDequeued:
        return;
      case CallEventKind::kBegin:
        EXPECT_TRUE(open.emplace(view, 0).second) << "a view began twice";
        return;
      case CallEventKind::kEnd:
        EXPECT_EQ(open.erase(view), 1U) << "a view ended that never began";
        return;
      case CallEventKind::kDataUpdate:
        EXPECT_TRUE(open.contains(view));
        if (e.renamed != kNoCall) {
          open.erase(view);
          EXPECT_TRUE(open.emplace(std::pair(e.renamed, e.station), 0).second);
        }
        return;
      case CallEventKind::kTransferred:
      case CallEventKind::kConferenced:
        // Named by the call that stays, or still by the consult call.
        EXPECT_TRUE(open.contains(view) || open.contains(std::pair(e.secondary, e.station)));
        return;
      default:
        EXPECT_TRUE(open.contains(view)) << short_name(e.kind) << " outside begin and end";
    }
  }
  std::map<std::pair<CallNumber, StationIndex>, int> open;
};

class World {
 public:
  explicit World(std::uint64_t seed) : random(seed), model(settings(random), seed) {
    model.add_listener(books);
  }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      act();
      model.check_invariants();
      if (random.chance(0.6)) {
        model.advance(model.now() + Millis(random.between(1, 8000)));
        model.check_invariants();
      }
    }
  }

  void wind_down() {
    for (AgentIndex i = 0; i < model.agents().size(); ++i) {
      if (model.agents()[i].logged_on())
        (void)model.set_state(i, {AgentState::kLogout, 1, true}).ok();
    }
    for (int i = 0; i < 1000 && !model.calls().empty(); ++i) {
      const CallNumber first = model.calls().begin()->first;
      if (!model.outside_hangs_up(first)) {
        for (const Connection& c : model.calls().begin()->second.connections) {
          if (c.state == ConnectionState::kAlerting)
            (void)model.answer(first, c.party.station).ok();
          (void)model.clear_call(first, c.party.station).ok();
          break;
        }
      }
      model.advance(model.now() + Seconds(1));
      model.check_invariants();
    }
    model.advance(model.now() + Seconds(120));
    EXPECT_EQ(model.calls().size(), 0U);
    EXPECT_EQ(model.counters().calls_begun, model.counters().calls_ended);
    EXPECT_EQ(model.counters().views_begun, model.counters().views_ended);
    EXPECT_TRUE(books.open.empty());
  }

  static Settings settings(core::Random& random) {
    Settings made = default_settings();
    add_generated(made, 6, 2, 1);
    made.desks[0].ring_no_answer_s = 10;
    made.desks[0].work_mode_timer_s = 20;
    made.desks[0].wrapup_incoming = WrapupMode(random.below(4));
    made.desks[0].wrapup_outgoing = WrapupMode(random.below(3));
    made.queue_events = random.chance(0.5);
    made.queue_max = 5;
    for (std::size_t i = 6; i < made.agents.size(); ++i) made.agents[i].skill_groups.push_back(77);
    return made;
  }

  StationIndex any_station() {
    return static_cast<StationIndex>(random.below(model.stations().size()));
  }
  CallNumber any_call() {
    if (model.calls().empty() || random.chance(0.02)) return static_cast<CallNumber>(random.next());
    auto at = model.calls().begin();
    std::advance(at, static_cast<long>(random.below(model.calls().size())));
    return at->first;
  }
  std::string any_number() {
    switch (random.below(6)) {
      case 0:
        return "6077";
      case 1:
        return "6101";
      case 2:
        return "918005550000";
      case 3:
        return "77";
      default:
        return model.stations()[any_station()].id;
    }
  }

  void act() {
    CallNumber one = any_call(), two = any_call();
    StationIndex at = any_station();
    // Mostly a station that has to do with the call, so that many requests succeed.
    if (const Call* of = model.find_call(one); of != nullptr && random.chance(0.8)) {
      at = of->connections[random.below(of->connections.size())].party.station;
      if (at != kNoIndex && model.stations()[at].calls.size() == 2 && random.chance(0.9)) {
        one = model.stations()[at].calls[1];
        two = model.stations()[at].calls[0];
      }
    }
    const std::string number = any_number();
    const Dial dial{number, {}};
    const auto agent = static_cast<AgentIndex>(random.below(model.agents().size()));
    switch (random.below(24)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return act_as_agent(agent, number);
      case 5:
      case 6:
      case 7:
        return act_as_caller(number);
      case 8:
        return (void)model.make_call(at, dial).ok();
      case 9:
      case 10:
      case 11:
        return (void)model.answer(one, at).ok();
      case 12:
        return (void)model.hold(one, at).ok();
      case 13:
        return (void)model.retrieve(one, at).ok();
      case 14:
        return (void)model.clear_connection(one, at).ok();
      case 22:
        return (void)model
            .supervise(SupervisoryAction(random.below(5)), random.chance(0.5) ? kNoCall : one, at,
                       random.chance(0.5) ? 2 : 6)
            .ok();
      case 23:
        if (random.chance(0.5)) return (void)model.outside_hangs_up(one);
        return (void)model.assist(agent, random.chance(0.5) ? one : kNoCall, random.chance(0.5))
            .ok();
      default:
        return act_on_two(one, two, at, dial);
    }
  }

  void act_on_two(CallNumber one, CallNumber two, StationIndex at, const Dial& dial) {
    switch (random.below(8)) {
      case 0:
        return (void)model.consult(one, at, dial, 1).ok();
      case 1:
        return (void)model.transfer(one, two, at).ok();
      case 2:
        return (void)model.conference(one, two, at).ok();
      case 3:
        return (void)model.alternate(one, two, at).ok();
      case 4:
        return (void)model.reconnect(one, two, at).ok();
      case 5:
        return (void)model.blind_transfer(one, at, dial).ok();
      case 6:
        return (void)model.single_step_conference(one, at, dial).ok();
      default:
        return (void)model.deflect(one, at, dial.number).ok();
    }
  }

  void act_as_caller(const std::string& number) {
    OutsideCall outside;
    outside.ani = "555" + std::to_string(random.below(10000));
    outside.number = number;
    if (random.chance(0.5)) outside.patience = Seconds(random.between(1, 60));
    if (random.chance(0.5)) outside.talk = Seconds(random.between(1, 200));
    (void)model.outside_call(outside).ok();
  }

  void act_as_agent(AgentIndex agent, const std::string& number) {
    if (random.chance(0.4)) {
      const AgentSettings& who = model.agents()[agent].settings;
      const std::string& where = random.chance(0.9) ? who.instrument : number;
      (void)model.login({who.id, who.id, where, 0, false, {}, 0}).ok();
      return;
    }
    static constexpr AgentState kAsked[] = {AgentState::kAvailable,    AgentState::kAvailable,
                                            AgentState::kNotReady,     AgentState::kWorkReady,
                                            AgentState::kWorkNotReady, AgentState::kLogout};
    (void)model.set_state(agent, {kAsked[random.below(6)], 1, random.chance(0.05)}).ok();
  }

  core::Random random;
  Bookkeeper books;
  Model model;
};

TEST(ModelRandom, EveryCallEndsAndAgentsTimeAddsUp) {
  const char* wanted = std::getenv("SIMULATOR_SEED");
  const std::uint64_t first = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1;
  const std::uint64_t last = wanted != nullptr ? first : 1000;
  ModelCounters sum;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("replay: SIMULATOR_SEED=" + std::to_string(seed) +
                 " simulator_test --gtest_filter=ModelRandom.EveryCallEndsAndAgentsTimeAddsUp");
    World world(seed);
    world.run(600);
    world.wind_down();
    if (HasFailure()) return;
    sum.calls_begun += world.model.counters().calls_begun;
    sum.transfers += world.model.counters().transfers;
    sum.conferences += world.model.counters().conferences;
    sum.ring_no_answer += world.model.counters().ring_no_answer;
  }
  // The nets must have been in the water: each kind of thing has really happened.
  if (wanted != nullptr) return;
  EXPECT_GT(sum.calls_begun, 5'000U);
  EXPECT_GT(sum.transfers, 100U);
  EXPECT_GT(sum.conferences, 100U);
  EXPECT_GT(sum.ring_no_answer, 100U);
}

}  // namespace
}  // namespace cti::simulator
