// operator_trace_test.cpp - a real ringsided told, while it runs, to write down the frames of one agent, session or address.
#include "core/socket.hpp"
#include "tests/unit/broker/ringsided_program.hpp"
#include "wire/session_frame.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace cti::tools {
namespace {

class OperatorTrace : public Ringsided {
 protected:
  std::string trace_path() const { return errors_ + ".trace"; }
  std::string trace() const { return text_of(trace_path()); }
  std::string wish(const std::string& keys) const {
    return "[trace]\nfile = \"" + trace_path() + "\"\n" + keys;
  }
  /// A server that has its CTI Server and traces nothing yet.
  std::unique_ptr<Child> up_with_cti_server() {
    simulator_ = Child::start({std::string(std::getenv("RINGSIDE_PROGRAMS")) + "/ringside-sim",
                               "--port-a", "0", "--port-b", "0"},
                              errors_ + ".sim")
                     .value();
    const auto sim = simulator_->wait_for_line("ready", Seconds{60});
    EXPECT_TRUE(sim.has_value());
    auto child = start({"--config", file(""), "--listen", "127.0.0.1:0", "--cti-server",
                        "127.0.0.1:" + value_in(sim.value_or(""), "port-a")});
    ready_ = child->wait_for_line("ready", Seconds{60}).value_or("");
    EXPECT_TRUE(says("session with the CTI Server is open"));
    return child;
  }
  std::size_t times_said(const std::string& what) const {
    const std::string all = errors();
    std::size_t times = 0;
    for (std::size_t at = 0; (at = all.find(what, at)) != std::string::npos; ++at) ++times;
    return times;
  }
  void begin(Child& server, const std::string& keys) {
    const std::string begun = "frames are written to " + trace_path();
    const std::size_t before = times_said(begun);
    file(wish(keys));
    server.signal(SIGHUP);
    EXPECT_TRUE(wait_until([&] { return times_said(begun) > before; })) << errors();
  }
  core::Descriptor connected() const {
    const core::SocketAddress to = core::parse_address(
        {"127.0.0.1", static_cast<std::uint16_t>(std::stoi(value_in(ready_, "port")))});
    core::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), &to.any, to.length), 0);
    return socket;
  }
  static void say(const core::Descriptor& socket, Bytes frame) {
    ASSERT_EQ(::send(socket.get(), frame.data(), frame.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(frame.size()));
  }
  static void hello(const core::Descriptor& socket) {
    std::array<std::byte, 512> room;
    wire::HelloWriter writer(room, {});
    writer.arguments().add_string("AgentPassword", "a secret word");
    writer.arguments().add_string("ClientID", "the client");
    say(socket, writer.finish());
  }
  testing::AssertionResult has(const std::string& what) const {
    if (wait_until([&] { return trace().find(what) != std::string::npos; }))
      return testing::AssertionSuccess();
    return testing::AssertionFailure() << "the trace never has: " << what << "\nbut:\n" << trace();
  }
  void TearDown() override {
    ::unlink(trace_path().c_str());
    ::unlink((errors_ + ".sim").c_str());
    Ringsided::TearDown();
  }
  std::unique_ptr<Child> simulator_;
};

TEST_F(OperatorTrace, OneAgentsMessagesAreWrittenAndNobodyElses) {
  const auto server = up_with_cti_server();
  begin(*server, "agents = [\"1001\"]\n");
  simulator_->write_line("login 1002");
  simulator_->write_line("login 1001");
  simulator_->write_line("state 1001 available");
  EXPECT_TRUE(has(" line 0 <- CTI Server: AGENT_STATE_EVENT (30)"));
  EXPECT_TRUE(has("AGENT_STATE_AVAILABLE"));
  EXPECT_EQ(trace().find("\"1002\""), std::string::npos) << trace();
  struct stat is {};
  ASSERT_EQ(::stat(trace_path().c_str(), &is), 0);
  EXPECT_EQ(is.st_mode & 0777U, 0600U);
  // The end of the wish is the end of the trace, and the server has never stopped.
  file("");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("reloaded, applied: trace.agents, trace.file"));
  const std::string before = trace();
  simulator_->write_line("state 1001 notready");
  begin(*server, "agents = [\"1002\"]\n");
  simulator_->write_line("state 1002 available");
  EXPECT_TRUE(has("\"1002\""));
  EXPECT_EQ(trace().find("\"1001\""), std::string::npos) << "begun anew: " << trace();
  server->signal(SIGTERM);
  EXPECT_EQ(server->wait_for_exit(Seconds{60}), 0) << errors();
  EXPECT_TRUE(says("session with the CTI Server is lost: this server ends"));
}

TEST_F(OperatorTrace, AnAddresssFramesAreInWordsWithoutTheirSecrets) {
  const auto server = up_with_cti_server();
  begin(*server, "addresses = [\"127.0.0.1\"]\n");
  const core::Descriptor client = connected();
  hello(client);
  EXPECT_TRUE(has(" <- client: kHello "));
  EXPECT_TRUE(has("\"ClientID\"=\"the client\""));
  EXPECT_TRUE(has("\"AgentPassword\"=********"));
  EXPECT_TRUE(has(" -> client: kWelcome "));
  EXPECT_EQ(trace().find("a secret word"), std::string::npos);
}

TEST_F(OperatorTrace, AnotherAddressesFramesAreNot) {
  const auto server = up_with_cti_server();
  begin(*server, "addresses = [\"192.0.2.1\"]\nsessions = [\"2\"]\n");
  const core::Descriptor first = connected();
  hello(first);
  EXPECT_TRUE(says("the client"));  // the first session has begun
  const core::Descriptor second = connected();
  hello(second);
  EXPECT_TRUE(has("session 2 -> client: kWelcome"));
  EXPECT_EQ(trace().find("session 1 "), std::string::npos) << trace();
}

TEST_F(OperatorTrace, WhatDoesNotExistIsTracedAsNothing) {
  const auto server = up_with_cti_server();
  begin(*server,
        "agents = [\"9999\"]\ncalls = [\"call.5000.1.1\", \"x\"]\nsessions = [\"77\"]\n");
  simulator_->write_line("login 1001");
  const core::Descriptor client = connected();
  hello(client);
  EXPECT_TRUE(says("the client"));
  begin(*server, "agents = [\"9998\"]\n");
  EXPECT_EQ(trace(), "");
  EXPECT_TRUE(server->running());
}

TEST_F(OperatorTrace, AWishThatCannotBeMeantIsRefusedAndNoFileIsEmptied) {
  const auto server = up_with_cti_server();
  const auto refused = [&](const std::string& text, const std::string& why) {
    file(text);
    server->signal(SIGHUP);
    return says(why);
  };
  EXPECT_TRUE(refused(wish("sessions = [\"0\"]\n"), "trace.sessions: \\\"0\\\""));
  EXPECT_TRUE(refused(wish("sessions = [\"99999999999999999999\"]\n"),
                      "trace.sessions: \\\"99999999999999999999\\\""));
  EXPECT_TRUE(refused(wish("addresses = [\"a.name\"]\n"), "trace.addresses: "));
  const std::string itself = errors_ + ".toml";
  const std::string text = "[trace]\nfile = \"" + itself + "\"\nagents = [\"1001\"]\n";
  EXPECT_TRUE(refused(text, "trace.file: found this file itself"));
  EXPECT_EQ(text_of(itself), text);
  EXPECT_TRUE(refused(wish("agents = [\"1001\"]\n[log]\nfile = \"" + trace_path() + "\"\n"),
                      "another file than log.file"));
}

TEST_F(OperatorTrace, TheFileIsBounded) {
  const auto server = up_with_cti_server();
  begin(*server, "addresses = [\"127.0.0.1\"]\nmax_mib = 1\n");
  const core::Descriptor client = connected();
  hello(client);
  std::array<std::byte, 64> room;
  std::array<char, 65536> answers;
  const bool ended = wait_until(
      [&] {
        for (int i = 0; i < 500; ++i) {
          wire::HeartbeatReqWriter writer(room, {.id = 7});
          say(client, writer.finish());
        }
        while (::recv(client.get(), answers.data(), answers.size(), MSG_DONTWAIT) > 0) {
        }
        return errors().find("the trace has ended: trace.max_mib is reached") != std::string::npos;
      },
      Seconds{120});
  EXPECT_TRUE(ended) << errors();
  EXPECT_TRUE(has("trace.max_mib is reached: the trace has ended\n"));
  EXPECT_LE(trace().size(), (1U << 20) + 100);
}

TEST_F(OperatorTrace, AFileThatCannotBeMadeIsSaidAndTheServerGoesOn) {
  const auto server = up_with_cti_server();
  file("[trace]\nfile = \"/proc/no/such/file\"\nagents = [\"1001\"]\n");
  server->signal(SIGHUP);
  EXPECT_TRUE(says("trace.file: \\\"/proc/no/such/file\\\": "));
  EXPECT_TRUE(server->running());
}

}  // namespace
}  // namespace cti::tools
