// line_truth_test.cpp - a line that heard everything knows what a line knows that starts now, and both know what is true:
// at every step of every scenario, and after any dialogue, whatever was lost, late or swapped before it.
//
// RINGSIDE_SCENARIOS names the folder of the scenarios (meson sets it), RINGSIDE_SCENARIO one file of it to play alone.
#include "tests/property/line_truth_world.hpp"
#include "tests/property/seed.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace cti::test {
namespace {

std::vector<std::string> scenario_files() {
  const char* const folder = std::getenv("RINGSIDE_SCENARIOS");
  const char* const only = std::getenv("RINGSIDE_SCENARIO");
  std::vector<std::string> files;
  if (folder == nullptr) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".scenario") continue;
    if (only == nullptr || name == only) files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

std::string short_name(const std::string& file) {
  return std::filesystem::path(file).filename().string();
}

TEST(LineTruth, U22_ALineThatHeardEverythingEqualsOneThatStartsNowAtEveryStep) {
  const auto files = scenario_files();
  ASSERT_FALSE(files.empty());
  std::size_t compared = 0;
  for (const std::string& file : files) {
    const auto scenario = simulator::read_scenario_file(file);
    ASSERT_TRUE(scenario.ok()) << scenario.error();
    if (short_name(file) == "faults.scenario") continue;  // it loses frames on purpose
    TruthWorld world(*scenario, scenario->seed.value_or(1), false);
    int shown = 0;
    while (world.step() && shown < 2) {
      const std::string at = world.at;
      const std::string differences = world.differences();
      ++compared;
      if (differences.empty()) continue;
      ++shown;
      ADD_FAILURE() << short_name(file) << ", before the step '" << at << "':\n" << differences;
    }
  }
  std::printf("compared at %zu steps of %zu scenarios\n", compared, files.size());
}

/// Plays on with a bad wire, loses the session now and then.
void play_badly(TruthWorld& world, core::Random& random) {
  while (world.step()) {
    if (!random.chance(0.3)) continue;
    world.wire->faults = random.chance(0.3) ? WireFaults{} : WireFaults{0.1, 0.1, 0.1};
    if (random.chance(0.3)) world.wire->cut();
  }
}

TEST(LineTruth, U17_U18_AfterADialogueTheMapIsTrueWhateverWasLostLateOrSwappedBefore) {
  Seed seed("LineTruth.U17*");
  const char* const rounds = std::getenv("RINGSIDE_ROUNDS");
  const int count = rounds != nullptr ? std::atoi(rounds) : 2;
  std::size_t played = 0;
  std::uint64_t hurt = 0;
  core::Random random(seed.next());
  ASSERT_FALSE(scenario_files().empty());
  for (const std::string& file : scenario_files()) {
    const auto scenario = simulator::read_scenario_file(file);
    ASSERT_TRUE(scenario.ok()) << scenario.error();
    for (int round = 0; round < count; ++round) {
      const std::uint64_t one = random.next();
      TruthWorld world(*scenario, one, true);
      core::Random dice(one);
      play_badly(world, dice);
      // What is late still comes; then a dialogue whose answers are lost, late and swapped too. Of an event that is lost
      // after the question about it was answered, nobody could know.
      world.wire->faults = {};
      world.rest(Seconds{6});
      world.wire->faults = {.drop = 0.2, .delay = 0.2, .swap = 0.1, .answers_only = true};
      world.wire->cut();
      ASSERT_TRUE(world.until([&] { return !world.listener->line().ready(); }));
      ASSERT_TRUE(world.until([&] { return world.listener->line().in_step(); }, Seconds{3600}))
          << short_name(file) << " seed " << one;
      world.wire->faults = {};
      world.rest(Seconds{6});
      ASSERT_TRUE(world.until([&] { return world.listener->line().in_step(); }));
      const std::string lies = world.differences_from_truth(world.listener->line().map());
      ASSERT_EQ(lies, "") << short_name(file) << " seed " << one;
      world.wire->cut();
      ASSERT_TRUE(world.until([&] { return !world.listener->line().ready(); }));
      ASSERT_TRUE(world.until([&] { return world.listener->line().in_step(); }));
      ASSERT_EQ(world.differences(), "") << short_name(file) << " seed " << one;
      ++played;
      hurt += world.wire->hurt;
    }
  }
  std::printf("%zu plays, %zu frames lost, late or swapped\n", played,
              static_cast<std::size_t>(hurt));
}

}  // namespace
}  // namespace cti::test
