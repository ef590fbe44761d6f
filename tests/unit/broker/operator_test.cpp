// operator_test.cpp - ringsided as its operator sees it: limits of the system, a CTI Server that is not there, its log.
#include "tests/unit/broker/ringsided_program.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

namespace cti::tools {
namespace {

class Operator : public Ringsided {
 protected:
  /// A program under a shell that has set limits before.
  std::unique_ptr<Child> start_under(const std::string& limits, const std::string& name,
                                     std::vector<std::string> flags) {
    const std::string path = std::string(std::getenv("RINGSIDE_PROGRAMS")) + "/" + name;
    flags.insert(flags.begin(), {"/bin/sh", "-c", limits + "; exec \"$0\" \"$@\"", path});
    auto child = Child::start(flags, errors_);
    EXPECT_TRUE(child.ok());
    EXPECT_TRUE(child.value()->wait_for_line("ready", Seconds{60}).has_value()) << errors();
    return std::move(child).value();
  }
  /// The soft and the hard limit of open files of a process, as the kernel tells them.
  static std::pair<std::string, std::string> open_files_of(pid_t process) {
    std::ifstream limits("/proc/" + std::to_string(process) + "/limits");
    for (std::string line; std::getline(limits, line);) {
      std::istringstream words(line);
      std::string max, open, files, soft, hard;
      if (words >> max >> open >> files >> soft >> hard && open == "open") return {soft, hard};
    }
    return {};
  }
  static int connect_to(const std::string& port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return socket;
  }
  std::string log_path() const { return errors_ + ".log"; }
  void TearDown() override {
    for (const char* end : {"", ".1", ".2", ".moved"}) ::unlink((log_path() + end).c_str());
    Ringsided::TearDown();
  }
};

const std::vector<std::string> kAnywhere{"--listen", "127.0.0.1:0", "--cti-server", "127.0.0.1:1"};

TEST_F(Operator, M1_BothProgramsRaiseTheLimitOfOpenFilesToTheHardOne) {
  const auto server = start_under("ulimit -Sn 256", "ringsided", kAnywhere);
  const auto [soft, hard] = open_files_of(server->pid());
  EXPECT_EQ(soft, hard);
  EXPECT_NE(soft, "256");
  const auto simulator = start_under("ulimit -Sn 256", "ringside-sim",
                                     {"--port-a", "0", "--port-b", "0", "--no-stdin"});
  EXPECT_EQ(open_files_of(simulator->pid()).first, open_files_of(simulator->pid()).second);
}

TEST_F(Operator, M1_TooFewDescriptorsForSessionsMaxIsSaidAtStart) {
  const auto server = start_under("ulimit -n 300", "ringsided", kAnywhere);
  EXPECT_TRUE(says("may open 300 files at most, and sessions.max = 16384 needs"));
  EXPECT_TRUE(says("level=warning component=server"));
}

TEST_F(Operator, M1_EnoughDescriptorsAreNoNews) {
  const auto server = start_under("ulimit -n 4096", "ringsided",
                                  {"--config", file("[sessions]\nmax = 1000\n"), "--listen",
                                   "127.0.0.1:0", "--cti-server", "127.0.0.1:1"});
  EXPECT_EQ(errors().find("files at most"), std::string::npos) << errors();
}

TEST_F(Operator, M1_APauseInAcceptingIsSaid) {
  const std::string command =
      "ulimit -n 90; exec " + program() + " --listen 127.0.0.1:0 --cti-server 127.0.0.1:1";
  const auto child = Child::start({"/bin/sh", "-c", command}, errors_).value();
  const auto ready = child->wait_for_line("ready", Seconds{60});
  ASSERT_TRUE(ready.has_value()) << errors();
  std::vector<int> sockets;
  for (int i = 0; i < 120; ++i) sockets.push_back(connect_to(value_in(*ready, "port")));
  EXPECT_TRUE(says("accepting pauses: the system has no descriptor"));
  for (const int socket : sockets) ::close(socket);
}

TEST_F(Operator, ACtiServerThatIsNotThereIsSaidWithItsAddressTheReasonAndThePause) {
  const auto child = up();
  EXPECT_TRUE(says("connecting to the CTI Server (127.0.0.1:1)"));
  EXPECT_TRUE(
      says("no session with the CTI Server (127.0.0.1:1): the CTI Server does not take the "
           "connection: Connection refused"));
  EXPECT_TRUE(says("level=warning component=line"));
  EXPECT_TRUE(says("the next one in"));
}

TEST_F(Operator, O3_AServerThatIsItsOwnCtiServerIsRefusedAtStart) {
  const std::vector<std::vector<std::string>> wrong{
      {"--listen", "127.0.0.1:4999", "--cti-server", "127.0.0.1:4999"},
      {"--listen", "0.0.0.0:4999", "--cti-server", "127.0.0.1:4999"},
      {"--listen", "0.0.0.0:4999", "--cti-server", "10.1.1.1:4998,127.0.0.2:4999"},
      {"--listen", "[::]:4999", "--cti-server", "[::1]:4999"},
      {"--listen", "127.0.0.1:4999", "--cti-server", "10.0.0.1:1,10.0.0.1:1"},
      {"--listen", "127.0.0.1:4999", "--cti-server", "10.0.0.1:1", "--metrics-port", "4999"},
      {"--listen", "127.0.0.1:4999", "--cti-server", "127.0.0.1:4998", "--metrics-port", "4998"}};
  for (const auto& flags : wrong) {
    EXPECT_EQ(run(flags), 2) << flags[1] << ' ' << flags[3];
    EXPECT_FALSE(errors().empty());
  }
  EXPECT_EQ(run({"--config",
                 file("[server]\nlisten = \"0.0.0.0:4999\"\n[[line]]\n"
                      "cti_servers = [\"127.0.0.1:4999\"]\n"),
                 "--check-config"}),
            2);
  EXPECT_NE(errors().find("line[0].cti_servers"), std::string::npos) << errors();
  EXPECT_EQ(run({"--listen", "127.0.0.1:4999", "--cti-server", "10.0.0.1:4999", "--check-config"}),
            0)
      << errors();
}

TEST_F(Operator, FlagsOutOfTheirRangeAndEmptyOnesAreRefused) {
  const std::vector<std::vector<std::string>> wrong{{"--fanouts", "-1"},
                                                    {"--fanouts", "65"},
                                                    {"--fanouts", ""},
                                                    {"--metrics-port", "-1"},
                                                    {"--metrics-port", "65536"},
                                                    {"--cti-server", ""},
                                                    {"--cti-server", "10.0.0.1:1,"},
                                                    {"--cti-server", ",10.0.0.1:1"},
                                                    {"--listen", ""},
                                                    {"--io", ""},
                                                    {"--log-level", ""},
                                                    {"--config", ""},
                                                    {"--ready-fd", "-5"},
                                                    {"--ready-fd", "-1"},
                                                    {"--ready-fd", "777"}};
  for (auto flags : wrong) {
    flags.emplace_back("--check-config");
    EXPECT_EQ(run(flags), 2) << flags[0] << ' ' << flags[1];
    EXPECT_NE(errors().find(flags[0]), std::string::npos) << errors();
  }
}

TEST_F(Operator, O8_AFileMadeToBreakTheParserIsRefusedWithASentence) {
  std::string header(50'000, '[');
  std::string dotted = "[a";
  for (int i = 0; i < 50'000; ++i) dotted += ".a";
  const std::vector<std::string> bad{header + std::string(50'000, ']') + "\n", dotted + "]\n",
                                     "x = " + header + std::string(50'000, ']') + "\n",
                                     std::string("a = \"\0\"\n", 8), std::string(3 << 20, '#')};
  for (const std::string& text : bad) {
    EXPECT_EQ(run({"--config", file(text), "--check-config"}), 2) << text.substr(0, 20);
    EXPECT_FALSE(errors().empty());
  }
}

// The address sanitizer takes more addresses than any limit leaves.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Operator, M12_HoweverLittleMemoryThereIsAtStartTheEndIsAFourAndNamesASetting) {
  const auto starts = [&](int kib) {
    auto child =
        Child::start({"/bin/sh", "-c", "ulimit -v " + std::to_string(kib) + "; exec \"$0\" \"$@\"",
                      program(), "--listen", "127.0.0.1:0", "--cti-server", "127.0.0.1:1"},
                     errors_)
            .value();
    if (child->wait_for_line("ready", Seconds{60}).has_value()) return true;
    EXPECT_EQ(child->wait_for_exit(Seconds{60}), 4) << kib << " KiB: " << errors();
    EXPECT_NE(errors().find("ringsided: "), std::string::npos) << kib;
    return false;
  };
  for (const int kib : {14'000, 18'000, 26'000, 60'000, 100'000, 240'000, 265'000, 420'000})
    EXPECT_FALSE(starts(kib)) << kib;
  // Up to where it just starts: there threads, not tables, are refused.
  int too_little = 420'000, enough = 2'000'000;
  ASSERT_TRUE(starts(enough));
  while (enough - too_little > 2'000) {
    const int middle = (too_little + enough) / 2;
    (starts(middle) ? enough : too_little) = middle;
  }
}
#endif

TEST_F(Operator, TheLogFileHasEveryLineAfterAKillAndIsNotForEverybody) {
  auto child = up({"--config", file("[log]\nfile = \"" + log_path() + "\"\n")});
  ASSERT_TRUE(
      wait_until([&] { return text_of(log_path()).find("next one in") != std::string::npos; }));
  child->signal(SIGKILL);
  EXPECT_TRUE(child->wait_for_exit(Seconds{10}).has_value());
  const std::string text = text_of(log_path());
  EXPECT_TRUE(text.starts_with("time=20")) << text;
  EXPECT_NE(text.find(" level=warning component=line msg=\"no session with"), std::string::npos);
  struct stat is {};
  ASSERT_EQ(::stat(log_path().c_str(), &is), 0);
  EXPECT_EQ(is.st_mode & 0137U, 0U) << "nobody but owner and group reads it, nobody runs it";
}

TEST_F(Operator, SighupOpensTheLogFileAnew) {
  auto child = up({"--config", file("[log]\nfile = \"" + log_path() + "\"\n")});
  ASSERT_EQ(std::rename(log_path().c_str(), (log_path() + ".moved").c_str()), 0);
  child->signal(SIGHUP);
  EXPECT_TRUE(wait_until([&] { return text_of(log_path()).find("msg=") != std::string::npos; }))
      << "no line in the new file";
  child->signal(SIGTERM);
  EXPECT_EQ(child->wait_for_exit(Seconds{30}), 0);
  EXPECT_NE(text_of(log_path()).find("msg=\"ended\""), std::string::npos) << text_of(log_path());
}

TEST_F(Operator, LinesAreJsonObjectsWhenAsked) {
  auto child = up({"--config", file("[log]\nformat = \"json\"\n")});
  EXPECT_TRUE(says("\",\"level\":\"warning\",\"component\":\"line\",\"msg\":\"no session with"));
  std::istringstream all(errors());
  for (std::string line; std::getline(all, line);) {
    EXPECT_TRUE(line.starts_with("{\"time\":\"") && line.ends_with("\"}")) << line;
  }
}

}  // namespace
}  // namespace cti::tools
