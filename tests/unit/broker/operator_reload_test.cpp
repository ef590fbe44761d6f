// operator_reload_test.cpp - a real ringsided whose configuration is tried, printed, and read again while it runs.
#include "core/socket.hpp"
#include "tests/unit/broker/ringsided_program.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace cti::tools {
namespace {

class OperatorReload : public Ringsided {
 protected:
  static core::Descriptor connected(const std::string& host, const std::string& port) {
    const core::SocketAddress to =
        core::parse_address({host, static_cast<std::uint16_t>(std::stoi(port))});
    core::Descriptor socket(::socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), &to.any, to.length) != 0) socket.reset();
    return socket;
  }
  core::Descriptor connected() const { return connected("127.0.0.1", value_in(ready_, "port")); }
  /// Whether the other side ends the connection.
  static bool ends(const core::Descriptor& socket, Nanos limit = Seconds{60}) {
    return wait_until(
        [&] {
          char buffer[512];
          return ::recv(socket.get(), buffer, sizeof buffer, MSG_DONTWAIT) == 0 ||
                 errno == ECONNRESET;
        },
        limit);
  }
  std::string printed(std::vector<std::string> flags) {
    flags.emplace_back("--print-config");
    auto child = start(flags);
    std::string all;
    while (const auto line = child->wait_for_line("", Seconds{30})) all += *line + "\n";
    EXPECT_EQ(child->wait_for_exit(Seconds{30}), 0) << errors();
    return all;
  }
  void TearDown() override {
    ::unlink((errors_ + ".log").c_str());
    Ringsided::TearDown();
  }
};

TEST_F(OperatorReload, SighupAppliesWhatItCanAndNamesWhatNeedsARestart) {
  const auto server = up({"--config", file("[sessions]\nhandshake_timeout_s = 600\n")});
  const core::Descriptor silent = connected();
  file(
      "[server]\nname = \"other\"\n[sessions]\nhandshake_timeout_s = 1\nmax = 77\n"
      "[log]\nlevel = \"debug\"\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("reloaded, applied: log.level, sessions.handshake_timeout_s"));
  EXPECT_TRUE(says("needs a restart to take effect: server.name, sessions.max"));
  EXPECT_TRUE(says("level=warning component=config"));
  EXPECT_TRUE(ends(silent)) << "a session that was there has the new deadline";
}

TEST_F(OperatorReload, O2_ABadFileChangesNothingAndEveryMistakeIsTold) {
  const auto server = up({"--config", file("[sessions]\nper_address_max = 5\n")});
  file("[sessions]\nper_address_max = 1\nno_such_key = 1\n[log]\nlevel = \"loud\"\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("not reloaded, nothing has changed: "));
  EXPECT_TRUE(says("no_such_key"));
  EXPECT_TRUE(says("log.level"));
  file("this is no TOML\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("not reloaded, nothing has changed: " + errors_ + ".toml:1:"));
  file("[log]\nfile = \"/proc/no/such/folder\"\n[sessions]\nper_address_max = 1\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("not reloaded, nothing has changed: ")) << errors();
  EXPECT_TRUE(says("/proc/no/such/folder"));
  // What runs is what ran: the first file again has nothing to apply, and its limit holds.
  file("[sessions]\nper_address_max = 5\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("reloaded: nothing to apply"));
  std::vector<core::Descriptor> some;
  for (int i = 0; i < 5; ++i) some.push_back(connected());
  EXPECT_TRUE(ends(connected())) << "the sixth";
}

TEST_F(OperatorReload, ALimitOfAddressesIsTakenOver) {
  const auto server = up({"--config", file("[sessions]\nper_address_max = 2\n")});
  const core::Descriptor one = connected(), two = connected();
  EXPECT_TRUE(ends(connected()));
  file("[sessions]\nper_address_max = 2\nnetworks = [\"127.0.0.0/8 = 3\"]\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("reloaded, applied: sessions.networks"));
  const core::Descriptor three = connected();
  EXPECT_TRUE(ends(connected())) << "the fourth";
  char byte;
  EXPECT_EQ(::recv(three.get(), &byte, 1, MSG_DONTWAIT), -1) << "the third is in";
}

TEST_F(OperatorReload, TheLogMovesToAnotherFile) {
  const auto server = up({"--config", file("")});
  file("[log]\nfile = \"" + errors_ + ".log\"\nformat = \"json\"\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(wait_until([&] {
    return text_of(errors_ + ".log").find("\"msg\":\"reloaded, applied: log.file, log.format\"") !=
           std::string::npos;
  })) << text_of(errors_ + ".log");
}

TEST_F(OperatorReload, WhatFlagsSayIsWhatRunsAlsoAfterAReload) {
  const auto server = up({"--log-level", "info", "--config", file("")});
  file("[log]\nlevel = \"error\"\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("reloaded: nothing to apply"));
}

TEST_F(OperatorReload, ASighupDuringTheStartIsAReloadAndNotTheEnd) {
  // The file is a pipe: the start is where the test wants it.
  const std::string pipe = errors_ + ".toml";
  ASSERT_EQ(::mkfifo(pipe.c_str(), S_IRUSR | S_IWUSR), 0);
  auto server =
      start({"--config", pipe, "--listen", "127.0.0.1:0", "--cti-server", "127.0.0.1:1"});
  std::ofstream text(pipe);  // opened when the server has opened it
  server->signal(SIGHUP);
  server->signal(SIGUSR1);
  text << "[log]\nlevel = \"info\"\n";
  text.close();
  EXPECT_TRUE(server->wait_for_line("ready", Seconds{60}).has_value()) << errors();
  EXPECT_TRUE(says("not reloaded, nothing has changed: " + pipe + ": it is gone, or no regular"));
}

TEST_F(OperatorReload, O2_AFileThatIsGoneOrIsNoFileAnyMoreChangesNothing) {
  const std::string path = file("[sessions]\nper_address_max = 1\n");
  const auto server = up({"--config", path});
  const auto refused = [&](const std::string& why) {
    server->signal(SIGHUP);
    return says("not reloaded, nothing has changed: " + path + why);
  };
  ASSERT_EQ(::unlink(path.c_str()), 0);
  EXPECT_TRUE(refused(": it is gone"));
  // Nobody writes into this pipe: who opened it would wait for ever, and SIGTERM with him.
  ASSERT_EQ(::mkfifo(path.c_str(), S_IRUSR | S_IWUSR), 0);
  for (int i = 0; i < 2; ++i) {
    server->signal(SIGHUP);
    server->signal(SIGUSR1);
  }
  const core::Descriptor one = connected();
  EXPECT_TRUE(ends(connected())) << "the limit that there was holds";
  ASSERT_EQ(::unlink(path.c_str()), 0);
  file("[sessions]\nper_address_max = 2\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("reloaded, applied: sessions.per_address_max"));
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait_for_exit(Seconds{60}), 0) << errors();
}

// A sanitizer ends the program itself when there is no memory.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(OperatorReload, M3_AReloadWithoutMemoryIsToldAndCanBeAskedForAgain) {
  const auto server = up({"--config", file("")});
  file("[log]\nlevel = \"debug\"\n");
  const auto limit_memory = [&](rlim_t bytes) {
    const rlimit limit{bytes, RLIM_INFINITY};
    return ::prlimit(server->pid(), RLIMIT_AS, &limit, nullptr);
  };
  ASSERT_EQ(limit_memory(1), 0);
  server->signal(SIGHUP);
  EXPECT_TRUE(says("no memory to reload"));
  ASSERT_EQ(limit_memory(RLIM_INFINITY), 0);
  server->signal(SIGHUP);
  EXPECT_TRUE(says("reloaded, applied: log.level"));
}
#endif

TEST_F(OperatorReload, CheckConfigTriesFilesAddressesAndPorts) {
  const auto check = [&](std::vector<std::string> flags) {
    flags.emplace_back("--check-config");
    return run(std::move(flags));
  };
  EXPECT_EQ(check({"--config", file("[log]\nfile = \"/proc/no/such/file\"\n")}), 2);
  EXPECT_NE(errors().find("log.file: \"/proc/no/such/file\": "), std::string::npos) << errors();
  EXPECT_EQ(check({"--config", file("[log]\nfile = \"/tmp\"\n")}), 2);
  EXPECT_EQ(check({"--listen", "192.0.2.1:4999"}), 2) << "no address of this machine";
  EXPECT_NE(errors().find("server.listen: "), std::string::npos) << errors();
  const auto taken = core::open_listener({"127.0.0.1", 0});
  ASSERT_TRUE(taken.ok());
  const std::string place = "127.0.0.1:" + std::to_string(core::bound_port(taken->get()));
  EXPECT_EQ(check({"--listen", place}), 0) << "it may be this server that runs";
  EXPECT_NE(errors().find("note: server.listen: "), std::string::npos) << errors();
  EXPECT_EQ(check({"--cti-server", "no-such-host.invalid:42027"}), 0);
  EXPECT_NE(errors().find("note: line[0].cti_servers: \"no-such-host.invalid\""), std::string::npos)
      << errors();
  EXPECT_EQ(check({"--config", file("[metrics]\nhost = \"some.name\"\nport = 9000\n")}), 2);
  EXPECT_NE(errors().find("metrics.host"), std::string::npos) << errors();
  EXPECT_EQ(check({"--listen", "127.0.0.1:0"}), 0) << errors();
}

TEST_F(OperatorReload, PrintConfigSaysWhatTheFlagsSay) {
  const std::string text = printed({"--config", file("[server]\nlisten = \"127.0.0.1:1\"\n"),
                                    "--listen", "0.0.0.0:4999,[::1]:4998", "--cti-server",
                                    "cti-a.example:42027,[::1]:43027", "--fanouts", "3", "--io",
                                    "epoll", "--metrics-port", "9100", "--log-level", "error"});
  for (const char* line : {"listen = \"0.0.0.0:4999,[::1]:4998\"",
                           "cti_servers = [\"cti-a.example:42027\", \"[::1]:43027\"]",
                           "fanouts = 3", "io = \"epoll\"", "port = 9100", "level = \"error\""})
    EXPECT_NE(text.find(line), std::string::npos) << line << " in\n" << text;
  // It can be read back.
  EXPECT_EQ(run({"--config", file(text), "--print-config"}), 0) << errors();
}

TEST_F(OperatorReload, TheDefaultIsLoopback) {
  EXPECT_NE(printed({}).find("listen = \"127.0.0.1:42028\""), std::string::npos);
}

TEST_F(OperatorReload, SeveralPlacesAreListenedOn) {
  // A port that nobody had a moment ago; somebody else may take it meanwhile.
  for (int i = 0; i < 10; ++i) {
    auto free = core::open_listener({"127.0.0.2", 0});
    ASSERT_TRUE(free.ok());
    const std::string port = std::to_string(core::bound_port(free->get()));
    free->reset();
    const auto server = start({"--listen", "127.0.0.1:0,127.0.0.2:" + port, "--cti-server",
                               "127.0.0.1:1", "--fanouts", "2"});
    const auto ready = server->wait_for_line("ready", Seconds{60});
    if (!ready) continue;
    EXPECT_TRUE(connected("127.0.0.1", value_in(*ready, "port")));
    EXPECT_TRUE(connected("127.0.0.2", port));
    return;
  }
  FAIL() << errors();
}

TEST_F(OperatorReload, ANameThatDoesNotResolveIsSaidAndTheServerIsUp) {
  const auto server =
      start({"--listen", "127.0.0.1:0", "--cti-server", "no-such-host.invalid:42027"});
  ASSERT_TRUE(server->wait_for_line("ready", Seconds{60}).has_value()) << errors();
  EXPECT_TRUE(says("no session with the CTI Server (no-such-host.invalid:42027): the CTI Server"));
}

}  // namespace
}  // namespace cti::tools
