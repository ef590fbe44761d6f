// Callers by the hour: how profiles are read, from the file too, and that the load follows them.
#include "tools/simulator/settings_file.hpp"

#include <gtest/gtest.h>

namespace cti::simulator {
namespace {

TEST(DayProfile, IsReadByNameOrHourByHour) {
  EXPECT_EQ(read_day("flat")->size(), 0U);
  EXPECT_EQ(read_day("office")->size(), 24U);
  EXPECT_EQ(read_day("evening")->size(), 24U);
  const auto own = read_day("0,1,2,3,4,5,6,7,8,9,10,11 12 13 14 15 16 17 18 19 20 21 22 0.5");
  ASSERT_TRUE(own.has_value());
  EXPECT_EQ((*own)[0], 0);
  EXPECT_EQ((*own)[23], 0.5);
  for (const char* bad : {"", "lunch", "1 2 3", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,-1",
                          "101 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
                          "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"}) {
    EXPECT_FALSE(read_day(bad).has_value()) << bad;
  }
}

TEST(DayProfile, TheSettingsFileHasItAndPrintsItBack) {
  const auto read = read_settings_text("[load]\nday = \"office\"\n", "day.toml");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->load.day, *read_day("office"));
  const auto again = read_settings_text(print_settings(*read), "again.toml");
  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_EQ(again->load.day, read->load.day);
  const auto bad = read_settings_text("[load]\nday = \"1 2 3\"\n", "bad.toml");
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().text().find("load.day"), std::string::npos);
}

TEST(DayProfile, CallersComeByTheHour) {
  Model model(default_settings(), 3);
  LoadSettings load;
  load.calls_per_second = 0.2;
  load.day = std::vector<double>(24, 0.0);
  load.day[1] = 1;
  load.day[3] = 3;
  load.seed = 3;
  LoadGenerator generator(model, load);
  std::vector<std::uint64_t> by_hour;
  for (int hour = 1; hour <= 5; ++hour) {
    const std::uint64_t before = model.counters().calls_begun;
    while (!model.advance({Seconds(3600) * hour})) {
    }
    by_hour.push_back(model.counters().calls_begun - before);
  }
  EXPECT_EQ(by_hour[0], 0U);
  EXPECT_GT(by_hour[1], 500U);
  EXPECT_LE(by_hour[2], 2U);  // one had been drawn before the hour ended
  EXPECT_GT(by_hour[3], 2 * by_hour[1]);
  EXPECT_LE(by_hour[4], 2U);
}

}  // namespace
}  // namespace cti::simulator
