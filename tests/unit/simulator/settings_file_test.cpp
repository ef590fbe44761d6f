// The simulator's TOML file: what it changes, and how mistakes are told.
#include "tools/simulator/settings_file.hpp"

#include <gtest/gtest.h>

namespace cti::simulator {
namespace {

TEST(SimulatorFile, AnEmptyFileIsTheBuiltInCallCentre) {
  const auto read = read_settings_text("", "empty.toml");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->gateway.agents.size(), 6U);
  EXPECT_EQ(read->gateway.agents[0].skill_groups, (std::vector<std::uint32_t>{77}));
}

TEST(SimulatorFile, ListsReplaceTheBuiltInOnes) {
  const auto read = read_settings_text(R"(
[gateway]
peripheral_id = 5001
[[skill_groups]]
number = 9
id = 90
dialed_number = "700"
[[teams]]
id = 1
[[agents]]
id = "7"
instrument = "100"
skill_groups = ["9"]
team = 1
[[desks]]
id = 1
wrapup_incoming = "required"
[load]
calls_per_hour = 3600
talk = "fixed:10"
)",
                                       "own.toml");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->gateway.peripheral_id, 5001U);
  ASSERT_EQ(read->gateway.agents.size(), 1U);
  EXPECT_EQ(read->gateway.agents[0].skill_groups, (std::vector<std::uint32_t>{9}));
  EXPECT_EQ(read->gateway.desks[0].wrapup_incoming, WrapupMode::kRequired);
  EXPECT_EQ(read->load.calls_per_second, 1.0);
  EXPECT_EQ(read->load.talk.mean_s, 10);
}

TEST(SimulatorFile, O1_AllMistakesAreToldAtOnce) {
  const auto read =
      read_settings_text("[gateway]\nperipheral_id = \"x\"\nnonsense = 1\n", "bad.toml");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().list().size(), 2U) << read.error().text();
  const auto crossed = read_settings_text(
      "[[agents]]\nid = \"1\"\ninstrument = \"2\"\nskill_groups = [\"99\"]\nteam = 4\n[load]\ntalk "
      "= \"long\"\n",
      "crossed.toml");
  ASSERT_FALSE(crossed.ok());
  EXPECT_EQ(crossed.error().list().size(), 3U) << crossed.error().text();
  EXPECT_NE(crossed.error().text().find("agents[0].skill_groups"), std::string::npos);
}

TEST(SimulatorFile, WhatIsPrintedCanBeRead) {
  SettingsFile settings;
  settings.gateway.agents.resize(2);
  settings.load.calls_per_second = 2;
  settings.load.talk = *Duration::parse("uniform:10-20");
  const std::string text = print_settings(settings);
  const auto read = read_settings_text(text, "printed.toml");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->gateway.agents.size(), 2U);
  EXPECT_EQ(read->load.calls_per_second, 2);
  EXPECT_EQ(read->load.talk.spread_s, 5);
  EXPECT_EQ(print_settings(*read), text);
}

}  // namespace
}  // namespace cti::simulator
