// computed_statistics_test.cpp - averages and sums of the columns that a server sends, as the guide's formulas have them.
#include "cil/computed_statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace cti::cil::test {
namespace {

TEST(ComputedStatistics, AreTheGuidesFormulas) {
  Arguments row;
  row.AddItem("AgentOutCallsToday", 2u);
  row.AddItem("HandledCallsToday", 4u);
  row.AddItem("AgentOutCallsTalkTimeToday", 60u);
  row.AddItem("HandledCallsTalkTimeToday", 250u);
  row.AddItem("AgentOutCallsTimeToday", 100u);
  row.AddItem("HandledCallsTimeToday", 300u);
  row.AddItem("LoggedOnTimeToday", 700u);
  row.AddItem("NotReadyTimeToday", 100u);
  EXPECT_EQ(ComputedStatistic(row, "CallsHandledToday"), 6u);
  EXPECT_EQ(ComputedStatistic(row, "AvgTalkTimeToday"), 310u / 6u);
  EXPECT_EQ(ComputedStatistic(row, "TimeTalkingToday"), 310u);
  EXPECT_EQ(ComputedStatistic(row, "PercentUtilitizationToday"), 50u);
  EXPECT_EQ(ComputedStatistic(row, "AvgHandledCallsTalkTimeToday"), 62u);
  EXPECT_EQ(ComputedStatisticFormula("AvgTalkTimeToday"),
            "(AgentOutCallsTalkTimeToday+HandledCallsTalkTimeToday)/"
            "(AgentOutCallsToday+HandledCallsToday)");
  EXPECT_EQ(ComputedStatisticFormula("CallsHandledToday"), "AgentOutCallsToday+HandledCallsToday");
}

TEST(ComputedStatistics, SayNothingOfWhatIsAbsentUnknownOrDividedByNothing) {
  Arguments row;
  EXPECT_EQ(ComputedStatistic(row, "AvgCallsQTimeNow"), std::nullopt);
  row.AddItem("CallsQTimeNow", 30u);
  row.AddItem("CallsQNow", 0u);
  EXPECT_EQ(ComputedStatistic(row, "AvgCallsQTimeNow"), std::nullopt);
  row.AddItem("CallsQNow", kUnknownStatistic);
  EXPECT_EQ(ComputedStatistic(row, "AvgCallsQTimeNow"), std::nullopt);
  row.AddItem("CallsQNow", 3u);
  EXPECT_EQ(ComputedStatistic(row, "AvgCallsQTimeNow"), 10u);
  EXPECT_EQ(ComputedStatistic(row, "NoSuchColumn"), std::nullopt);
  EXPECT_TRUE(ComputedStatisticFormula("NoSuchColumn").empty());
}

TEST(ComputedStatistics, AreThirtyTwoAndEachNameOnce) {
  const std::vector<std::string> names = ComputedStatistics();
  EXPECT_EQ(names.size(), 32u);
  for (const std::string& name : names) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
    EXPECT_FALSE(ComputedStatisticFormula(name).empty()) << name;
  }
}

}  // namespace
}  // namespace cti::cil::test
