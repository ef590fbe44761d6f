// service_test.cpp - the cold services with whatever libraries this build has: metrics endpoint, asynchronous log.
#include "core/log_service.hpp"
#include "core/metrics.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace cti::core {
namespace {

/// One request, the whole answer. The server closes after it ("Connection: close").
std::string fetch(std::uint16_t port, const std::string& path) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(::send(socket, request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    char buffer[4096];
    for (ssize_t got; (got = ::recv(socket, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(got));
    }
  }
  ::close(socket);
  return answer;
}

TEST(MetricsEndpoint, ServesWhatTheRegistryHas) {
  MetricsRegistry registry;
  registry.block({{"thread", "t"}}).counter("ringside_x_total", "X.").add(12);
  auto started = MetricsEndpoint::start(registry, "127.0.0.1", 0);
  if (!MetricsEndpoint::available()) {
    ASSERT_FALSE(started.ok());
    EXPECT_NE(started.error().find("no prometheus-cpp"), std::string::npos);
    return;
  }
  ASSERT_TRUE(started.ok()) << started.error();
  const std::string answer = fetch(started.value()->port(), "/metrics");
  EXPECT_NE(answer.find("200 OK"), std::string::npos) << answer;
  EXPECT_NE(answer.find("# TYPE ringside_x_total counter"), std::string::npos) << answer;
  EXPECT_NE(answer.find("ringside_x_total{thread=\"t\"} 12"), std::string::npos) << answer;
}

TEST(MetricsEndpoint, RefusesAPortInUseAndNamesIt) {
  MetricsRegistry registry;
  auto first = MetricsEndpoint::start(registry, "127.0.0.1", 0);
  if (!MetricsEndpoint::available()) GTEST_SKIP() << "built without prometheus-cpp";
  ASSERT_TRUE(first.ok()) << first.error();
  const std::uint16_t port = first.value()->port();
  const auto second = MetricsEndpoint::start(registry, "127.0.0.1", port);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << second.error();
}

TEST(ServiceSink, WritesEveryLineToItsFileBeforeItEnds) {
  char name[] = "/tmp/ringside-log-test-XXXXXX";
  ASSERT_TRUE(::close(::mkstemp(name)) == 0);
  {
    auto sink = log::make_service_sink({.file = name});
    ASSERT_TRUE(sink.ok()) << sink.error();
    for (int i = 0; i < 1000; ++i) {
      const std::string message = log::text("{} %s line ", i);
      sink.value()->write({log::Level::kInfo, "test", message});
    }
  }
  std::ifstream file(name);
  std::string line;
  int count = 0;
  for (; std::getline(file, line); ++count) {
    const std::string end = log::text(" component=test msg=\"{} %s line ", count, '"');
    ASSERT_TRUE(line.ends_with(end)) << line;
  }
  EXPECT_EQ(count, 1000);
  ::unlink(name);
}

TEST(ServiceSink, NamesTheFileItCannotOpen) {
  const auto sink = log::make_service_sink({.file = "/proc/no/such/file.log"});
  ASSERT_FALSE(sink.ok());
  EXPECT_NE(sink.error().find("/proc/no/such/file.log"), std::string::npos) << sink.error();
}

// M8: the disk refuses every line; the service goes on and the loss is counted.
TEST(ServiceSink, M8_AFullDiskLosesLinesAndCountsThem) {
  auto sink = log::make_service_sink({.file = "/dev/full", .queue_lines = 64});
  ASSERT_TRUE(sink.ok()) << sink.error();
  const std::string line(1000, 'x');
  for (int i = 0; i < 1'000'000 && sink.value()->lost() == 0; ++i) {
    sink.value()->write({log::Level::kWarning, "test", line});
  }
  EXPECT_GT(sink.value()->lost(), 0u);
}

}  // namespace
}  // namespace cti::core
