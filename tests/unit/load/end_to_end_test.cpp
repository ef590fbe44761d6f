// The real program, with the real server and the real simulator, in small. Nothing here depends on how fast it is.
#include "tools/launch/child.hpp"
#include "tools/load/report.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

namespace cti::load {
namespace {

constexpr Seconds kPatience{60};

std::string programs() {
  const char* const folder = std::getenv("RINGSIDE_PROGRAMS");
  return folder != nullptr ? folder : "tools";
}

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A simulator with 20 agents and a server on it, which the program finds already running.
struct Deployment {
  Deployment()
      : simulator(
            std::move(tools::Child::start({programs() + "/ringside-sim", "--port-a", "0",
                                           "--port-b", "0", "--control-port", "0", "--no-stdin",
                                           "--agents", "20", "--skill-groups", "1"}))
                .value()) {
    const std::string ready = *simulator->wait_for_line("ready", kPatience);
    control_port = tools::value_in(ready, "control-port");
    server =
        std::move(tools::Child::start(
                      {programs() + "/ringsided", "--listen", "127.0.0.1:0", "--cti-server",
                       "127.0.0.1:" + tools::value_in(ready, "port-a"), "--log-level", "error"}))
            .value();
    port = tools::value_in(*server->wait_for_line("ready", kPatience), "port");
  }
  std::unique_ptr<tools::Child> simulator, server;
  std::string control_port, port;
};

class LoadProgram : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("ringside-load-e2e-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Any latency and any lateness will do: the machine may be slow.
  std::vector<std::string> command(std::initializer_list<std::string> more,
                                   const std::string& late_limit = "1000000") {
    std::vector<std::string> all{programs() + "/ringside-load"};
    const std::pair<std::string, std::string> usual[] = {
        {"--p99-limit", "1000000"},
        {"--late-limit", late_limit},
        {"--settle", "0.2"},
        {"--answer", "fixed:0.05"},
        {"--talk", "fixed:0.1"},
        {"--wrapup", "fixed:0.05"},
        {"--out", (folder_ / "out").string()},
    };
    for (const auto& [flag, value] : usual) {
      if (std::ranges::find(more, flag) != more.end()) continue;
      all.insert(all.end(), {flag, value});
    }
    all.insert(all.end(), more);
    return all;
  }
  void start(const std::vector<std::string>& all) {
    auto child = tools::Child::start(all, (folder_ / "errors").string());
    ASSERT_TRUE(child.ok()) << child.error();
    child_ = std::move(child).value();
  }
  int exit_code() { return child_->wait_for_exit(kPatience).value_or(-1); }
  std::string errors() const { return contents(folder_ / "errors"); }
  LoadResult result() const {
    auto read = from_json(contents(folder_ / "out" / "result.json"));
    EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error());
    return read.ok() ? *read : LoadResult{};
  }

  std::filesystem::path folder_;
  std::unique_ptr<tools::Child> child_;
};

TEST_F(LoadProgram, SupervisorsWatchBargeInAndChangeStatesWhileCallsGoOn) {
  start(command({"--agents", "40", "--monitors", "1", "--supervisors", "4", "--supervise", "0.2",
                 "--rate", "20", "--hold", "3", "--talk", "fixed:0.6"}));
  EXPECT_TRUE(child_->wait_for_line("Supervisors: ", kPatience).has_value());
  (void)exit_code();  // whether the rate is held is not what is asked
  const LoadResult measured = result();
  EXPECT_EQ(measured.setup.team_monitoring, "confirmed") << errors();
  EXPECT_GT(measured.supervised.watched, 0U);
  EXPECT_GT(measured.supervised.barged_in, 0U);
  EXPECT_GT(measured.supervised.left, 0U);
  EXPECT_LE(measured.supervised.left, measured.supervised.barged_in);
  EXPECT_GT(measured.supervised.states_changed, 0U);
  EXPECT_EQ(measured.faults.wrong(), 0U);
  EXPECT_EQ(measured.faults.overtaken, 0U) << "a snapshot of whom one watches is none in place";
  EXPECT_EQ(measured.compared, 40U);
}

TEST_F(LoadProgram, DrivesCallsChecksEveryPositionAndSaysWhatIsHeld) {
  start(command({"--agents", "40", "--monitors", "3", "--supervisors", "2", "--rate", "20,40",
                 "--hold", "1"}));
  const auto verdict =
      child_->wait_for_line("Verdict: holds 40 agents, 2 supervisors, 3 monitors", kPatience);
  EXPECT_TRUE(verdict.has_value());
  EXPECT_EQ(exit_code(), 0) << errors();
  const LoadResult measured = result();
  EXPECT_EQ(measured.compared, 40U);
  EXPECT_EQ(measured.faults.wrong(), 0U);
  ASSERT_EQ(measured.steps.size(), 2U);
  for (const StepResult& step : measured.steps) {
    EXPECT_GT(step.sent, 5U);
    EXPECT_EQ(step.no_agent, 0U);
    EXPECT_EQ(step.unseen, 0U);
    EXPECT_EQ(step.unknown, 0U);
    EXPECT_EQ(step.latency[static_cast<std::size_t>(Path::kAgent)].count, step.sent);
    EXPECT_EQ(step.latency[static_cast<std::size_t>(Path::kMonitor)].count, 3 * step.sent);
    EXPECT_GT(step.latency[static_cast<std::size_t>(Path::kRequest)].count, step.sent);
    EXPECT_GE(step.server_cores, 0);
    EXPECT_GT(step.server_mib, 0);
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out" / "40-monitor.hgrm"));
  start({programs() + "/ringside-load", "--plan", (folder_ / "out" / "result.json").string()});
  EXPECT_TRUE(child_->wait_for_line("Vendor's rule", kPatience).has_value());
  EXPECT_EQ(exit_code(), 0) << errors();
}

TEST_F(LoadProgram, GivesNoVerdictWhenItWasLateItself) {
  start(command({"--agents", "20", "--rate", "20,40", "--hold", "0.5"}, "0.001"));
  EXPECT_TRUE(child_->wait_for_line("No verdict.", kPatience).has_value());
  EXPECT_EQ(exit_code(), 4) << errors();
  EXPECT_EQ(result().steps.size(), 1U);
}

TEST_F(LoadProgram, TellsWhatWasMeasuredUntilTheServerDied) {
  Deployment running;
  start(command({"--server", "127.0.0.1:" + running.port, "--simulator-control",
                 "127.0.0.1:" + running.control_port, "--agents", "20", "--rate",
                 "20,30,31,32,33,34,35", "--hold", "1", "--server-pid",
                 std::to_string(running.server->pid())}));
  // The line of the first rate: from here on there is something to keep.
  ASSERT_TRUE(child_->wait_for_line("| held", kPatience).has_value()) << errors();
  running.server->signal(SIGKILL);
  EXPECT_TRUE(child_->wait_for_line("ENDED EARLY: the server went away", kPatience).has_value());
  EXPECT_EQ(exit_code(), 5) << errors();
  const LoadResult measured = result();
  ASSERT_GE(measured.steps.size(), 1U);
  EXPECT_EQ(measured.steps[0].rate, 20);
  EXPECT_TRUE(measured.verdict.holds) << measured.verdict.text;
  EXPECT_TRUE(running.simulator->running());
}

TEST_F(LoadProgram, EndsWhenTheSimulatorDies) {
  start(command({"--agents", "20", "--rate", "20,30,31,32,33,34,35", "--hold", "1"}));
  ASSERT_TRUE(child_->wait_for_line("| held", kPatience).has_value()) << errors();
  // The simulator is the child of the program that was told to look after it.
  std::istringstream children(contents("/proc/" + std::to_string(child_->pid()) + "/task/" +
                                       std::to_string(child_->pid()) + "/children"));
  pid_t found = 0;
  for (pid_t pid = 0; children >> pid;) {
    if (contents("/proc/" + std::to_string(pid) + "/comm").starts_with("ringside-sim")) found = pid;
  }
  if (found == 0) GTEST_SKIP() << "this kernel does not tell of children";
  ::kill(found, SIGKILL);
  EXPECT_TRUE(child_->wait_for_line("ENDED EARLY: the simulator went away", kPatience).has_value());
  EXPECT_EQ(exit_code(), 6) << errors();
}

TEST_F(LoadProgram, ChangesStatesWhereThereIsNoSimulatorToAsk) {
  Deployment running;
  start(command({"--server", "127.0.0.1:" + running.port, "--agents", "20", "--monitors", "1",
                 "--rate", "30", "--hold", "1"}));
  EXPECT_TRUE(child_->wait_for_line("Verdict: holds 20 agents, 1 monitors at 30 state changes/s",
                                    kPatience));
  EXPECT_EQ(exit_code(), 0) << errors();
  const LoadResult measured = result();
  ASSERT_EQ(measured.steps.size(), 1U);
  EXPECT_EQ(measured.steps[0].latency[static_cast<std::size_t>(Path::kRequest)].count,
            measured.steps[0].sent);
  EXPECT_EQ(measured.steps[0].latency[static_cast<std::size_t>(Path::kAgent)].count,
            measured.steps[0].sent);
}

TEST_F(LoadProgram, SaysThatThePortIsInUse) {
  auto other = std::move(tools::Child::start({programs() + "/ringside-sim", "--port-a", "0",
                                              "--port-b", "0", "--no-stdin"}))
                   .value();
  const std::string port = tools::value_in(*other->wait_for_line("ready", kPatience), "port-a");
  start(command({"--listen", "127.0.0.1:" + port}));
  EXPECT_EQ(exit_code(), 3);
  EXPECT_NE(errors().find("the port is in use"), std::string::npos) << errors();
}

TEST_F(LoadProgram, TriesTheFolderOfItsReportsBeforeItMeasures) {
  std::ofstream(folder_ / "out") << "a file, no folder";
  start(command({"--agents", "40", "--rate", "20", "--hold", "30"}));
  EXPECT_EQ(exit_code(), 3);
  EXPECT_NE(errors().find("--out"), std::string::npos) << errors();
}

TEST_F(LoadProgram, SaysWhichLimitIsMissing) {
  std::string line = "ulimit -n 300; exec " + programs() + "/ringside-load --agents 500";
  start({"/bin/sh", "-c", line});
  EXPECT_EQ(exit_code(), 3);
  EXPECT_NE(errors().find("RLIMIT_NOFILE"), std::string::npos) << errors();
}

TEST_F(LoadProgram, SaysWhatIsWrongWithItsCommandLine) {
  start({programs() + "/ringside-load", "--rate", "40,20"});
  EXPECT_EQ(exit_code(), 2);
  start({programs() + "/ringside-load", "--plan", "/nowhere.json"});
  EXPECT_EQ(exit_code(), 2);
  start({programs() + "/ringside-load", "--server", "127.0.0.1:1", "--agents", "3"});
  EXPECT_NE(exit_code(), 0);
  EXPECT_NE(errors().find("/nowhere.json"), std::string::npos) << errors();
}

}  // namespace
}  // namespace cti::load
