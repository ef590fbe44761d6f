// ringsided as a program: flags, configuration, signals, exit codes.
#include "tests/unit/broker/ringsided_program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace cti::tools {
namespace {

// The address sanitizer takes more addresses than any limit leaves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Ringsided, M12_WithoutMemoryAtStartEndsWithFourAndASentence) {
  const std::string huge = file("[[line]]\nagents_max = 100000\ncalls_max = 1000000\n");
  auto child = Child::start({"/bin/sh", "-c", "ulimit -v 400000; exec \"$0\" \"$@\"", program(),
                             "--config", huge, "--listen", "127.0.0.1:0"},
                            errors_);
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(child.value()->wait_for_exit(Seconds{60}), 4);
  EXPECT_NE(errors().find("out of memory at start, for "), std::string::npos) << errors();
  EXPECT_NE(errors().find("line.calls_max"), std::string::npos) << errors();
}
#endif

TEST_F(Ringsided, SaysWhatItsFlagsAre) {
  auto child = start({"--help"});
  std::string all;
  while (const auto line = child->wait_for_line("", Seconds{30})) all += *line + "\n";
  for (const char* flag : {"--config", "--check-config", "--print-config", "--version", "--listen",
                           "--cti-server", "--ready-fd", "port in use"}) {
    EXPECT_NE(all.find(flag), std::string::npos) << flag;
  }
  EXPECT_EQ(child->wait_for_exit(Seconds{10}), 0);
}

TEST_F(Ringsided, RefusesFlagsThatAreWrongAndNamesThem) {
  EXPECT_EQ(run({"--listen", "somewhere"}), 2);
  EXPECT_NE(errors().find("--listen"), std::string::npos) << errors();
  EXPECT_EQ(run({"--cti-server", "127.0.0.1"}), 2);
  EXPECT_EQ(run({"--no-such-flag"}), 2);
}

TEST_F(Ringsided, O1_TellsEveryMistakeOfTheFileAtOnceWithItsPlace) {
  const std::string bad =
      file("[server]\nfanouts = 65\nlisten = \"nowhere\"\nprot = 1\n[sessions]\nmax = \"many\"\n");
  EXPECT_EQ(run({"--config", bad, "--check-config"}), 2);
  const std::string text = errors();
  for (const char* what :
       {":2:", "server.fanouts", "0 .. 64", "server.prot", "sessions.max", ":6:"}) {
    EXPECT_NE(text.find(what), std::string::npos) << what << " in\n" << text;
  }
  EXPECT_EQ(run({"--config", file("[[line]]\ncti_servers = [\"127.0.0.1:1\", \"127.0.0.1:1\"]\n"),
                 "--check-config"}),
            2);
  EXPECT_NE(errors().find("cti_servers"), std::string::npos) << errors();
}

TEST_F(Ringsided, O1_TellsEachMistakeAboutDesktopsAndReasons) {
  EXPECT_EQ(run({"--config",
                 file("[[line]]\ndesktop = [\"NoValue\", \"a..b=1\"]\necc = [\"lines[0]\"]\n"
                      "[[line.profile]]\nname = \"a.b\"\nctios_a = \"x\"\n"
                      "[[line.rules]]\nlogout_reasons = [\"Lunch\", \"Break=70000\"]\n"),
                 "--check-config"}),
            2);
  for (const char* what : {"NoValue", "a..b=1", "lines[0]", "line[0].profile[0].name",
                           "line[0].rules[0].logout_reasons", "Lunch", "Break=70000"}) {
    EXPECT_NE(errors().find(what), std::string::npos) << what << " in\n" << errors();
  }
  EXPECT_EQ(run({"--config", file("[[line]]\n[[line.rules]]\n[[line.rules]]\n"), "--check-config"}),
            2);
  EXPECT_NE(errors().find("each team once"), std::string::npos) << errors();
}

TEST_F(Ringsided, PrintsAConfigurationThatItReadsBackTheSame) {
  const auto print = [this](std::vector<std::string> flags) {
    flags.emplace_back("--print-config");
    auto child = start(flags);
    std::string all;
    while (const auto line = child->wait_for_line("", Seconds{30})) all += *line + "\n";
    EXPECT_EQ(child->wait_for_exit(Seconds{10}), 0);
    return all;
  };
  const std::string defaults = print({});
  EXPECT_NE(defaults.find("42028"), std::string::npos);
  EXPECT_EQ(print({"--config", file(defaults)}), defaults);
  const std::string desktops =
      print({"--config", file("[[line]]\ndesktop = [\"A.B=x=y\"]\necc = [\"lines[2]\"]\n"
                              "[[line.profile]]\nname = \"Berlin\"\nctios_a = \"a\"\n"
                              "[[line.rules]]\nlogout_reasons = [\"End of "
                              "shift=1\"]\nwrapup_strings = [\"sold\"]\n")});
  for (const char* what : {"A.B=x=y", "lines[2]", "Berlin", "End of shift=1", "sold"})
    EXPECT_NE(desktops.find(what), std::string::npos) << what;
  EXPECT_EQ(print({"--config", file(desktops)}), desktops);
}

TEST_F(Ringsided, P2_EndsWithZeroOnSigterm) {
  auto child = up();
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 0) << errors();
  EXPECT_NE(errors().find("SIGTERM"), std::string::npos);
}

TEST_F(Ringsided, P8_OtherSignalsDoNoHarm) {
  auto child = up();
  for (int round = 0; round < 20; ++round) {
    for (const int number : {SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2, SIGCHLD}) child->signal(number);
  }
  EXPECT_FALSE(child->wait_for_exit(Millis{300}).has_value());
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 0);
}

/// A pipe by name that is full, and that somebody holds open without reading.
class FullPipe {
 public:
  explicit FullPipe(std::string path) : path_(std::move(path)) {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    held_ = ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    const std::string much(4096, '.');
    while (::write(held_, much.data(), much.size()) > 0) {
    }
  }
  ~FullPipe() {
    ::close(held_);
    ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  int held_ = -1;
};

TEST_F(Ringsided, M13_EndsInTimeWhenNobodyReadsStandardError) {
  const FullPipe nobody_reads(errors_ + ".pipe");
  auto child = Child::start({program(), "--listen", "127.0.0.1:0", "--cti-server", "127.0.0.1:1"},
                            nobody_reads.path())
                   .value();
  ASSERT_TRUE(child->wait_for_line("ready", Seconds{60}).has_value());
  for (int i = 0; i < 100; ++i) child->signal(SIGUSR1);  // lines to write
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{15}), 0);
}

TEST_F(Ringsided, M13_ServesAndEndsInTimeWhenNobodyReadsAnythingItSays) {
  const FullPipe nobody_reads(errors_ + ".pipe");
  const std::string command = "exec " + program() +
                              " --listen 127.0.0.1:0 --cti-server 127.0.0.1:1 >" +
                              nobody_reads.path() + " 2>&1";
  auto child = Child::start({"/bin/sh", "-c", "echo begun; " + command}).value();
  ASSERT_TRUE(child->wait_for_line("begun", Seconds{30}).has_value());
  // It is the server once it ignores SIGUSR2, which ends a shell.
  const std::string status = "/proc/" + std::to_string(child->pid()) + "/status";
  const auto blocks_signals = [&] {
    std::ifstream file(status);
    std::stringstream text;
    text << file.rdbuf();
    return text.str().find("Name:\tringsided") != std::string::npos &&
           text.str().find("SigBlk:\t0000000000000000") == std::string::npos;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!blocks_signals() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 0);
}

TEST_F(Ringsided, M13_AFullDiskStopsNeitherServiceNorEnd) {
  auto child = Child::start({program(), "--listen", "127.0.0.1:0", "--cti-server", "127.0.0.1:1"},
                            "/dev/full")
                   .value();
  ASSERT_TRUE(child->wait_for_line("ready", Seconds{60}).has_value());
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{15}), 0);
}

/// The thread of this process that has this name; 0: none.
pid_t thread_named(pid_t process, const std::string& name) {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    std::ifstream comm(task.path() / "comm");
    std::string is;
    if (std::getline(comm, is) && is == name) return std::stoi(task.path().filename().string());
  }
  return 0;
}

/// Makes one thread of a child stand still, as a debugger would, while the others run.
class StoppedThread {
 public:
  StoppedThread(pid_t process, const std::string& name) : thread_(thread_named(process, name)) {
    int status = 0;
    stands_ = thread_ != 0 && ::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) == 0 &&
              ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) == 0 &&
              ::waitpid(thread_, &status, __WALL) == thread_ && WIFSTOPPED(status);
  }
  bool stands() const { return stands_; }
  /// Waits until the thread is gone: it cannot be reaped by anybody else.
  void see_it_end() {
    int status = 0;
    while (::waitpid(thread_, &status, __WALL) == thread_ && WIFSTOPPED(status)) {
    }
  }

 private:
  pid_t thread_;
  bool stands_ = false;
};

TEST_F(Ringsided, P10_ALineThatStandsStillEndsTheProcessWithALineThatNamesIt) {
  auto child = up({"--config", file("[server]\nwatchdog_s = 2\n")});
  StoppedThread line(child->pid(), "line0");
  if (!line.stands()) GTEST_SKIP() << "no thread may be traced here";
  const auto before = std::chrono::steady_clock::now();
  line.see_it_end();
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 128 + SIGABRT) << errors();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20));
  EXPECT_NE(errors().find("thread line0 has stood still"), std::string::npos) << errors();
}

TEST_F(Ringsided, P10_AReactorThatStandsStillDoesSoToo) {
  auto child = up({"--config", file("[server]\nfanouts = 2\nwatchdog_s = 1\n")});
  StoppedThread reactor(child->pid(), "fanout1");
  if (!reactor.stands()) GTEST_SKIP() << "no thread may be traced here";
  reactor.see_it_end();
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 128 + SIGABRT) << errors();
  EXPECT_NE(errors().find("thread fanout1 has stood still"), std::string::npos) << errors();
}

TEST_F(Ringsided, P10_SoDoesTheThreadThatALineAndAReactorShare) {
  auto child = up({"--fanouts", "0", "--config", file("[server]\nwatchdog_s = 1\n")});
  StoppedThread both(child->pid(), "line0+fanout0");
  if (!both.stands()) GTEST_SKIP() << "no thread may be traced here";
  both.see_it_end();
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 128 + SIGABRT) << errors();
  EXPECT_NE(errors().find("thread line0+fanout0 has stood still"), std::string::npos) << errors();
}

TEST_F(Ringsided, P10_ASmallServerThatHasNothingToDoIsNotTakenForOneThatStandsStill) {
  auto child = up({"--fanouts", "0", "--config", file("[server]\nwatchdog_s = 1\n")});
  EXPECT_FALSE(child->wait_for_exit(Millis{3000}).has_value()) << errors();
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 0) << errors();
}

TEST_F(Ringsided, P11_AProcessThatWasStoppedAsAWholeIsNotTakenForAThreadThatStandsStill) {
  auto child = up({"--config", file("[server]\nwatchdog_s = 1\n")});
  child->signal(SIGSTOP);
  EXPECT_FALSE(child->wait_for_exit(Millis{2500}).has_value());
  child->signal(SIGCONT);
  EXPECT_FALSE(child->wait_for_exit(Millis{1500}).has_value()) << errors();
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 0) << errors();
}

TEST_F(Ringsided, N7_SaysThatThePortIsInUseWithACodeOfItsOwn) {
  auto first = up();
  const std::string port = value_in(ready_, "port");
  EXPECT_EQ(run({"--listen", "127.0.0.1:" + port}), 3);
  EXPECT_NE(errors().find(port), std::string::npos) << errors();
}

TEST_F(Ringsided, N7_StartsAtOnceAfterAKill) {
  auto first = up();
  const std::string port = value_in(ready_, "port");
  first->signal(SIGKILL);
  EXPECT_TRUE(first->wait_for_exit(Seconds{10}).has_value());
  auto second = start({"--listen", "127.0.0.1:" + port, "--cti-server", "127.0.0.1:1"});
  EXPECT_TRUE(second->wait_for_line("ready", Seconds{60}).has_value()) << errors();
}

}  // namespace
}  // namespace cti::tools
