// operator_pages_test.cpp - /metrics, /healthz and /readyz of a real ringsided before a simulated CTI Server.
#include "core/socket.hpp"
#include "tests/unit/broker/ringsided_program.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <sstream>
#include <string>
#include <vector>

namespace cti::tools {
namespace {

class OperatorPages : public Ringsided {
 protected:
  /// A port that nobody had a moment ago: 0 would turn the pages off.
  static std::string free_port(const std::string& host) {
    const auto listener = core::open_listener({host, 0});
    return listener.ok() ? std::to_string(core::bound_port(listener->get())) : std::string();
  }
  /// Somebody else may have taken the port meanwhile: the next one then.
  std::unique_ptr<Child> up_with_pages(const std::string& host, const std::string& cti_server) {
    host_ = host;
    for (int i = 0; i < 10; ++i) {
      port_ = free_port(host);
      auto child =
          start({"--config", file("[metrics]\nhost = \"" + host + "\"\nport = " + port_ + "\n"),
                 "--listen", "127.0.0.1:0", "--cti-server", cti_server});
      if (const auto ready = child->wait_for_line("ready", Seconds{60})) {
        ready_ = *ready;
        EXPECT_EQ(value_in(ready_, "metrics"), port_);
        return child;
      }
      EXPECT_EQ(child->wait_for_exit(Seconds{30}), 3) << errors();
    }
    ADD_FAILURE() << errors();
    return nullptr;
  }
  std::unique_ptr<Child> simulator(const std::vector<std::string>& flags = {}) {
    std::vector<std::string> all{std::string(std::getenv("RINGSIDE_PROGRAMS")) + "/ringside-sim",
                                 "--port-a", "0", "--port-b", "0"};
    all.insert(all.end(), flags.begin(), flags.end());
    auto child = Child::start(all, errors_ + ".sim").value();
    const auto ready = child->wait_for_line("ready", Seconds{60});
    EXPECT_TRUE(ready.has_value());
    side_a_ = "127.0.0.1:" + value_in(ready.value_or(""), "port-a");
    return child;
  }
  /// Sends it, as it is, and reads to the end.
  std::string talk(const std::string& request) const {
    const core::SocketAddress to =
        core::parse_address({host_, static_cast<std::uint16_t>(std::stoi(port_))});
    const core::Descriptor socket(::socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), &to.any, to.length) != 0) return "no connection";
    std::string answer;
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return answer;
    char buffer[16384];
    for (ssize_t got; (got = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(got));
    return answer;
  }
  std::string get(const std::string& path) const {
    return talk("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  testing::AssertionResult becomes(const std::string& path, const std::string& what) const {
    if (wait_until([&] { return get(path).find(what) != std::string::npos; }))
      return testing::AssertionSuccess();
    return testing::AssertionFailure() << path << " never has: " << what << "\nbut:\n" << get(path);
  }
  void TearDown() override {
    ::unlink((errors_ + ".sim").c_str());
    Ringsided::TearDown();
  }

  std::string host_, port_, side_a_;
};

TEST_F(OperatorPages, AServerWithoutACtiServerIsHealthyAndNotReadyAndSaysWhy) {
  const auto server = up_with_pages("127.0.0.1", "127.0.0.1:1");
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(get("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(becomes(
      "/readyz", "line 0: no session with the CTI Server: Connection refused, last tried side "));
  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(becomes("/metrics", "ringside_line_cti_server_online{peripheral=\"5000\"} 0"));
  const std::string metrics = get("/metrics");
  for (const char* name : {"ringside_build_info{version=\"0.1.0\",commit=\"", "process_open_fds ",
                           "process_resident_memory_bytes ", "process_cpu_seconds_total ",
                           "process_start_time_seconds ", "ringside_sessions_max 16384\n",
                           "ringside_latency_seconds_bucket{thread=\"fanout-0\",le=\"+Inf\"} 0\n"})
    EXPECT_NE(metrics.find(name), std::string::npos) << name;
}

TEST_F(OperatorPages, ItIsReadyWhenTheLineIsAndCountsAgentsByState) {
  const auto cti_server = simulator();
  const auto server = up_with_pages("127.0.0.1", side_a_);
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(becomes("/readyz", "\r\n\r\nready\n"));
  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 200 OK\r\n"));
  ASSERT_TRUE(cti_server->write_line("login 1001"));
  EXPECT_TRUE(becomes("/metrics", "ringside_agents{peripheral=\"5000\",state=\"not_ready\"} 1"));
  ASSERT_TRUE(cti_server->write_line("state 1001 available"));
  EXPECT_TRUE(becomes("/metrics", "ringside_agents{peripheral=\"5000\",state=\"available\"} 1"));
  EXPECT_TRUE(becomes("/metrics", "ringside_agents{peripheral=\"5000\",state=\"not_ready\"} 0"));
  ASSERT_TRUE(cti_server->write_line("peripheral offline"));
  EXPECT_TRUE(becomes("/readyz", "line 0: peripheral 5000 is offline"));
  ASSERT_TRUE(cti_server->write_line("peripheral online"));
  EXPECT_TRUE(becomes("/readyz", "\r\n\r\nready\n"));
  cti_server->signal(SIGKILL);
  EXPECT_TRUE(becomes("/readyz", "line 0: no session with the CTI Server: Connection refused"));
}

TEST_F(OperatorPages, ARefusedSessionIsNamedWithItsStatus) {
  const auto cti_server = simulator({"--fault", "refuse open 36"});
  const auto server = up_with_pages("127.0.0.1", side_a_);
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(
      becomes("/readyz", "no session with the CTI Server, refused: E_CTI_INVALID_PASSWORD (36)"));
  EXPECT_TRUE(says("E_CTI_INVALID_PASSWORD"));
}

TEST_F(OperatorPages, MetricsAreServedOnIpv6LoopbackToo) {
  if (free_port("::1").empty()) GTEST_SKIP() << "no IPv6 here";
  const auto server = up_with_pages("::1", "127.0.0.1:1");
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(becomes("/metrics", "ringside_build_info"));
}

TEST_F(OperatorPages, OnlyGetOfThreePathsIsAnswered) {
  const auto server = up_with_pages("127.0.0.1", "127.0.0.1:1");
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(get("/").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(get("/metrics/").starts_with("HTTP/1.1 404 "));
  for (const char* method : {"POST", "HEAD", "PUT", "DELETE", "get"})
    EXPECT_TRUE(
        talk(std::string(method) + " /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(talk("\x16\x03\x01\x02\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(
      talk("GET /metrics HTTP/1.1\r\nX: " + std::string(20'000, 'x')).starts_with("HTTP/1.1 431 "));
}

TEST_F(OperatorPages, SixteenWhoSayNothingKeepNobodyOutForLong) {
  const auto server = up_with_pages("127.0.0.1", "127.0.0.1:1");
  ASSERT_NE(server, nullptr);
  const core::SocketAddress to =
      core::parse_address({host_, static_cast<std::uint16_t>(std::stoi(port_))});
  std::vector<core::Descriptor> silent;
  for (int i = 0; i < 16; ++i) {
    silent.emplace_back(::socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(silent.back().get(), &to.any, to.length), 0);
  }
  EXPECT_TRUE(becomes("/healthz", "\r\n\r\nok\n"));
}

}  // namespace
}  // namespace cti::tools
