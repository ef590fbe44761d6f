// service_test.cpp - the cold services with whatever libraries this build has: metrics endpoint, asynchronous log.
#include "core/http_service.hpp"
#include "core/log_service.hpp"
#include "core/metrics.hpp"
#include "core/process_numbers.hpp"
#include "core/socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace cti::core {
namespace {

/// One request over loopback of either family, the whole answer.
std::string fetch(const Endpoint& at, const std::string& path) {
  const SocketAddress to = parse_address(at);
  const Descriptor socket(::socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  std::string answer;
  if (::connect(socket.get(), &to.any, to.length) != 0) return answer;
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(::send(socket.get(), request.data(), request.size(), 0),
            static_cast<ssize_t>(request.size()));
  char buffer[4096];
  for (ssize_t got; (got = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  return answer;
}

TEST(HttpService, ServesWhatTheRegistryHasOnEitherFamily) {
  MetricsRegistry registry;
  registry.block({{"thread", "t"}}).counter("ringside_x_total", "X.").add(12);
  for (const char* host : {"127.0.0.1", "::1"}) {
    auto started = HttpService::start({host, 0}, [&](std::string_view) {
      return HttpPage{200, kMetricsType, metrics_text(registry)};
    });
    if (!started.ok() && started.error().error == EADDRNOTAVAIL) continue;  // no IPv6 here
    ASSERT_TRUE(started.ok()) << started.error().text;
    const std::string answer = fetch({host, started.value()->port()}, "/metrics");
    EXPECT_NE(answer.find("200 OK"), std::string::npos) << answer;
    EXPECT_NE(answer.find("# TYPE ringside_x_total counter"), std::string::npos) << answer;
    EXPECT_NE(answer.find("ringside_x_total{thread=\"t\"} 12"), std::string::npos) << answer;
  }
}

TEST(HttpService, RefusesAPortInUseAndNamesIt) {
  const auto nothing = [](std::string_view) -> std::optional<HttpPage> { return std::nullopt; };
  auto first = HttpService::start({"127.0.0.1", 0}, nothing);
  ASSERT_TRUE(first.ok()) << first.error().text;
  const std::uint16_t port = first.value()->port();
  const auto second = HttpService::start({"127.0.0.1", port}, nothing);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().error, EADDRINUSE);
  EXPECT_NE(second.error().text.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
}

/// Both writers say the same, but for the spelling of numbers.
TEST(Metrics, HistogramsCountUpwardsAndEndWithInfinity) {
  MetricsRegistry registry;
  CounterBlock& block = registry.block({{"thread", "t"}});
  Histogram latency = block.histogram("ringside_latency_seconds", "L.", {0.001, 0.01}, 1e-9);
  const std::uint64_t counts[] = {5, 2, 1};
  latency.set(counts, 2'000'000'000);
  block.scaled(MetricKind::kCounter, "process_cpu_seconds_total", "C.", 1e-3).set(1500);
  for (const std::string& text : {registry.text(), metrics_text(registry)}) {
    for (const char* line : {"# TYPE ringside_latency_seconds histogram\n",
                             "ringside_latency_seconds_bucket{thread=\"t\",le=\"0.001\"} 5\n",
                             "ringside_latency_seconds_bucket{thread=\"t\",le=\"0.01\"} 7\n",
                             "ringside_latency_seconds_bucket{thread=\"t\",le=\"+Inf\"} 8\n",
                             "ringside_latency_seconds_sum{thread=\"t\"} 2\n",
                             "ringside_latency_seconds_count{thread=\"t\"} 8\n",
                             "process_cpu_seconds_total{thread=\"t\"} 1.5\n"}) {
      EXPECT_NE(text.find(line), std::string::npos) << line << " in\n" << text;
    }
  }
}

TEST(ProcessNumbers, KnowThisProcess) {
  const ProcessNumbers numbers = read_process_numbers();
  EXPECT_GT(numbers.resident_bytes, 1'000'000U);
  EXPECT_GE(numbers.virtual_bytes, numbers.resident_bytes);
  EXPECT_GE(numbers.open_files, 3U);
  EXPECT_GE(numbers.threads, 1U);
  EXPECT_GT(numbers.started_ms, 1'600'000'000'000U);
  const Descriptor one_more(::dup(0));
  EXPECT_EQ(read_process_numbers().open_files, numbers.open_files + 1);
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
