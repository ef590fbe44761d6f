// report_test.cpp - the report says what was measured, as text, JSON and HTML.
#include "tools/load/report.hpp"

#include "tools/load/chart.hpp"
#include "tools/load/options.hpp"
#include "tools/load/plan.hpp"
#include "tools/load/verdict.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace cti::load {
namespace {

LoadResult example() {
  LoadResult result;
  result.setup.agents = 2000;
  result.setup.monitors = 100;
  result.setup.command = "ringside-load --agents 2000 --rate '60,140' <&>";
  result.setup.server = "ringsided";
  result.setup.server_idle_mib = 100;
  result.setup.server_sessions_mib = 110;
  for (const double rate : {20.0, 60.0, 140.0}) {
    StepResult& step = result.steps.emplace_back();
    step.rate = step.rate_reached = rate;
    step.sent = 100;
    step.seconds = 10;
    step.server_cores = 0.25;
    for (int i = 1; i <= 500; ++i) {
      step.histograms[0].add(Nanos(i * (rate > 100 ? 90'000 : 6'000)));
      step.histograms[2].add(Nanos(i * 5'000));
    }
    for (std::size_t i = 0; i < kPaths; ++i) step.latency[i] = summary(step.histograms[i]);
  }
  result.faults.overtaken = 3;
  result.records = 12345;
  result.compared = 2000;
  result.verdict = judge(result);
  return result;
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Report, ComesBackFromItsFileAsItWas) {
  const LoadResult result = example();
  const auto read = from_json(to_json(result));
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(read->verdict.text, result.verdict.text);
  EXPECT_EQ(read->setup.command, result.setup.command);
  EXPECT_EQ(read->setup.monitors, 100U);
  EXPECT_EQ(read->faults, result.faults);
  EXPECT_EQ(read->compared, 2000U);
  ASSERT_EQ(read->steps.size(), 3U);
  EXPECT_EQ(read->steps[2].latency[0].count, 500U);
  EXPECT_NEAR(read->steps[2].latency[0].p99_ms, result.steps[2].latency[0].p99_ms, 1e-3);
  EXPECT_EQ(read->steps[2].why_not, result.steps[2].why_not);
  EXPECT_EQ(to_json(*read), to_json(result));
}

TEST(Report, ThatIsNoneIsRefusedWithTheReason) {
  EXPECT_NE(from_json("").error().find("at byte 0"), std::string::npos);
  EXPECT_NE(from_json("{\"ringside_load\": 1").error().find("at byte"), std::string::npos);
  EXPECT_NE(from_json("{\"other\": 1}").error().find("not a result"), std::string::npos);
  EXPECT_NE(from_json("[]").error().find("not a result"), std::string::npos);
  EXPECT_EQ(from_json("{\"ringside_load\": 1}").error(), "\"verdict\" is missing");
  std::string text = to_json(example());
  text.replace(text.find("\"agents\": 2000"), 14, "\"agents\": \"x\"");
  EXPECT_EQ(from_json(text).error(), "\"agents\" is of another type than expected");
}

TEST(Report, IsOnePageThatNeedsNothingElse) {
  const std::string page = to_html(example());
  // A phone is narrower than a chart would like to be.
  EXPECT_NE(page.find("minmax(min(440px, 100%), 1fr)"), std::string::npos);
  EXPECT_NE(page.find("initial-scale=1"), std::string::npos);
  EXPECT_NE(page.find("knee at 140 calls/s"), std::string::npos);
  EXPECT_NE(page.find("class='knee'"), std::string::npos);
  EXPECT_NE(page.find("<svg"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
  EXPECT_EQ(page.find("href="), std::string::npos);
  EXPECT_EQ(page.find("nan"), std::string::npos);
  // What comes from outside is text, not markup.
  EXPECT_NE(page.find("&lt;&amp;&gt;"), std::string::npos);
}

TEST(Report, IsWrittenIntoAFolder) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("ringside-load-test-" + std::to_string(::getpid()));
  const auto written = write_reports(example(), folder.string());
  ASSERT_TRUE(written.ok()) << written.error();
  EXPECT_TRUE(from_json(contents(folder / "result.json")).ok());
  EXPECT_NE(contents(folder / "report.html").find("<svg"), std::string::npos);
  EXPECT_NE(contents(folder / "140-agent.hgrm").find("1/(1-Percentile)"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "140-request.hgrm"));
  std::filesystem::remove_all(folder);
  EXPECT_NE(write_reports(example(), "/proc/nowhere").error().find("/proc/nowhere"),
            std::string::npos);
}

TEST(Report, TellsOfAToolThatWasLateAtItsFirstRateNoVerdict) {
  LoadResult result = example();
  result.steps.resize(1);
  result.steps[0].void_because = "late";
  result.ending = Ending::kOwnSchedule;
  result.verdict = judge(result);
  const std::string text = text_end(result);
  EXPECT_NE(text.find("No verdict."), std::string::npos);
  EXPECT_EQ(text.find("holds"), std::string::npos);
}

TEST(Chart, KeepsNamesApart) {
  Chart chart;
  chart.series = {{"first", 0, false, {{0, 1}, {1, 2}}}, {"second", 1, false, {{0, 1}, {1, 2.01}}}};
  const std::string svg = to_svg(chart);
  const auto y_of = [&svg](const std::string& name) {
    const std::size_t end = svg.rfind(">" + name + "</text>");
    const std::size_t at = svg.rfind("y='", end) + 3;
    return std::stod(svg.substr(at));
  };
  EXPECT_GE(std::abs(y_of("first") - y_of("second")), 13.9);
}

TEST(Plan, KnowsTheVendorsTable) {
  EXPECT_EQ(vendor_agents(5, false), 2000);
  EXPECT_EQ(vendor_agents(1, false), 2000);
  EXPECT_EQ(vendor_agents(20, false), 1495);
  EXPECT_EQ(vendor_agents(50, false), 484);
  EXPECT_EQ(vendor_agents(5, true), 1500);
  EXPECT_EQ(vendor_agents(12, false), 1764);
}

TEST(Plan, PutsTheVendorsRulesBesideTheMeasurement) {
  PlanWish wish;
  wish.agents = 1900;
  wish.skill_groups_per_agent = 10;
  const std::string text = plan_text(example(), wish);
  EXPECT_NE(text.find("holds 2,000 agents"), std::string::npos) << text;
  EXPECT_NE(text.find("1,832"), std::string::npos) << text;
  EXPECT_NE(text.find("2 gateways"), std::string::npos) << text;
  EXPECT_NE(text.find("as many sessions were open"), std::string::npos) << text;
  EXPECT_NE(text.find("7,200 agents' calls"), std::string::npos) << text;
}

TEST(Options, ReadRates) {
  EXPECT_EQ(parse_rates("60").value(), std::vector<double>{60});
  EXPECT_EQ(parse_rates("20,40.5,80").value(), (std::vector<double>{20, 40.5, 80}));
  EXPECT_EQ(parse_rates("20..60:20").value(), (std::vector<double>{20, 40, 60}));
  for (const char* const bad : {"", "x", "20,", "40,20", "20,20", "0", "-5", "20..60", "20..60:0",
                                "60..20:5", "nan", "1..1e9:1"}) {
    EXPECT_FALSE(parse_rates(bad).ok()) << bad;
  }
}

TEST(Options, ChooseTimesThatKeepHalfOfTheAgentsBusy) {
  Options options;
  options.agents = 100;
  options.rates = {10, 50};
  const auto habits = settle_habits(options);
  ASSERT_TRUE(habits.ok());
  EXPECT_NEAR(habits->answer.mean_s + habits->talk.mean_s + habits->wrapup.mean_s, 1.0, 1e-9);
}

TEST(Options, RefuseTimesThatTheAgentsAreTooFewFor) {
  Options options;
  options.agents = 100;
  options.rates = {10};
  options.talk = "fixed:60";
  const auto habits = settle_habits(options);
  ASSERT_FALSE(habits.ok());
  EXPECT_NE(habits.error().find("there are 100"), std::string::npos) << habits.error();
  options.talk = "often";
  EXPECT_FALSE(settle_habits(options).ok());
}

TEST(Options, ReadAddresses) {
  EXPECT_EQ(parse_endpoint("10.1.1.5:42028")->port, 42028);
  EXPECT_EQ(parse_endpoint("10.1.1.5:42028")->host, "10.1.1.5");
  EXPECT_EQ(parse_endpoint("42028")->host, "127.0.0.1");
  for (const char* const bad : {"", "x", ":1", "h:", "h:99999"})
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

}  // namespace
}  // namespace cti::load
