// The load generator: a call centre without people keeps its books.
#include "tools/simulator/load/load.hpp"

#include <gtest/gtest.h>

namespace cti::simulator {
namespace {

TEST(SimulatorLoad, DurationsAreReadAndNonsenseIsNot) {
  EXPECT_EQ(Duration::parse("180")->kind, Duration::Kind::kExponential);
  EXPECT_EQ(Duration::parse("fixed:7")->mean_s, 7);
  EXPECT_EQ(Duration::parse("uniform:10-20")->spread_s, 5);
  for (const char* bad : {"", "x", "fixed:", "uniform:3", "uniform:9-3", "-1", "1e9", "nan"}) {
    EXPECT_FALSE(Duration::parse(bad).has_value()) << bad;
  }
}

TEST(SimulatorLoad, RobotsHandleADayAndEveryCallIsAccountedFor) {
  Settings settings = default_settings();
  add_generated(settings, 100, 4, 3);
  Model model(settings, 7);
  LoadSettings load;
  load.calls_per_second = 0.5;
  load.talk = {Duration::Kind::kExponential, 120, 0};
  load.transfer = 0.1;
  load.conference = 0.05;
  load.robots = true;
  load.seed = 7;
  LoadGenerator generator(model, load);
  for (int minute = 0; minute < 8 * 60; ++minute) {
    while (!model.advance({Seconds(60) * minute})) {
    }
    model.check_invariants();
  }
  const ModelCounters& counters = model.counters();
  EXPECT_GT(counters.calls_begun, 10'000U);
  EXPECT_GT(counters.transfers, 300U);
  EXPECT_GT(counters.conferences, 100U);
  EXPECT_EQ(counters.calls_begun - counters.calls_ended, model.calls().size());
  // Only the six agents of group 77 have too much to do.
  EXPECT_LT(counters.abandoned, counters.calls_begun / 6);
  std::uint32_t handled = 0;
  for (AgentIndex i = 0; i < model.agents().size(); ++i) {
    handled += model.session_counters(i).told(Counter::kHandledCalls);
  }
  EXPECT_GT(handled, 9'000U);
}

TEST(SimulatorLoad, StatisticsAddUpWithWhatHappened) {
  Settings settings = default_settings();
  settings.agents.clear();
  settings.skill_groups.clear();
  add_generated(settings, 40, 4, 1);
  Model model(settings, 11);
  LoadSettings load;
  load.calls_per_second = 0.3;
  load.talk = {Duration::Kind::kExponential, 90, 0};
  load.robots = true;
  load.seed = 11;
  LoadGenerator generator(model, load);
  for (int minute = 1; minute <= 120; ++minute) {
    while (!model.advance({Seconds(60) * minute})) {
    }
  }
  std::int64_t handled = 0;
  for (GroupIndex group = 0; group < model.groups().size(); ++group) {
    const CounterSet& told = model.groups()[group].statistics.today.agents;
    // What supervisors do is booked to them alone.
    for (std::size_t i = 0; i < static_cast<std::size_t>(Counter::kBargeIn); ++i) {
      const auto counter = static_cast<Counter>(i);
      std::int64_t sum = 0;
      for (const Agent& agent : model.agents()) {
        if (agent.settings.skill_groups.front() == model.groups()[group].settings.number)
          sum += agent.today.raw(counter);
      }
      EXPECT_EQ(told.raw(counter), sum) << "group " << group << " counter " << i;
    }
    handled += told.raw(Counter::kHandledCalls);
  }
  const ModelCounters& counters = model.counters();
  EXPECT_GT(handled, 1'000);
  EXPECT_EQ(static_cast<std::int64_t>(counters.calls_ended - counters.abandoned), handled)
      << "every call that ended was handled by one agent, or its caller gave up";
  for (AgentIndex i = 0; i < model.agents().size(); ++i) {
    const CounterSet today = model.today_counters(i);
    const auto in = [&](AgentState state) { return model.time_in(i, state).count(); };
    EXPECT_EQ(today.raw(Counter::kAvailTime), in(AgentState::kAvailable));
    EXPECT_EQ(today.raw(Counter::kNotReadyTime), in(AgentState::kNotReady));
    EXPECT_EQ(today.raw(Counter::kHandledAfterCallTime),
              in(AgentState::kWorkReady) + in(AgentState::kWorkNotReady));
    EXPECT_EQ(today.raw(Counter::kLoggedOnTime),
              model.now().since_start.count() - in(AgentState::kLogout));
  }
}

TEST(SimulatorLoad, TheSameSeedGivesTheSameDay) {
  const auto run = [](std::uint64_t seed) {
    Model model(default_settings(), seed);
    LoadSettings load;
    load.calls_per_second = 0.1;
    load.robots = true;
    load.seed = seed;
    LoadGenerator generator(model, load);
    while (!model.advance({Seconds(36'000)})) {
    }
    const ModelCounters& c = model.counters();
    return std::tuple(c.calls_begun, c.abandoned, c.state_changes, c.views_begun);
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace cti::simulator
