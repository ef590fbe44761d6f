// smoke_bench.cpp - what the whole costs, as one Markdown table: from bytes of the CTI Server to bytes in clients' hands.
//
// Cases    without sockets: frames decoded, records logged, events through the line's pipeline (bench/smoke/memory_cases);
//          with them: ringsided on loopback, fed by a scripted CTI Server with AGENT_STATE_EVENTs of 400 agents, everything
//          delivered to 100 and 1,000 monitor sessions, as fast as it goes and at a fixed rate; memory per idle session.
// Floor    beside each figure, from the same run: a byte sum, memcpy, a bare epoll fan-out (bench/smoke/floor) that gets
//          the same records at the same rate for the same sockets from the same program.
// Load     whoever feeds a server is never more than kWindow records ahead of the session that has read least: nobody is
//          lapped, and nothing may be missing. Source and clients share one thread, the server has its own.
// Check    records that any session misses, gets twice or out of order are counted, printed, and make the exit code 1.
// Ends     by itself; real sizes take about a minute. --smoke: seconds, sizes that say nothing.
#include "bench/smoke/floor.hpp"
#include "bench/smoke/memory_cases.hpp"
#include "bench/smoke/process.hpp"
#include "bench/smoke/sessions.hpp"
#include "bench/smoke/source.hpp"
#include "tools/launch/child.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdarg>
#include <cstring>
#include <memory>

namespace cti::bench {
namespace {

constexpr std::uint32_t kAgents = 400;
constexpr std::uint64_t kWindow =
    4096;  // records that the source may be ahead of the slowest session

struct Settings {
  std::string programs = ".";
  bool smoke = false;
  std::uint32_t few() const { return smoke ? 5 : 100; }
  std::uint32_t many() const { return smoke ? 20 : 1000; }
  std::uint32_t idle() const { return smoke ? 50 : 5000; }
  std::uint32_t idle_agents() const { return smoke ? 50 : 2000; }
  double warm() const { return smoke ? 0.05 : 1; }
  double seconds() const { return smoke ? 0.2 : 5; }
  double memory_seconds() const { return smoke ? 0.02 : 2; }
};

struct Delivered {
  double per_second = 0;
  double cpu_per_million = 0;  // seconds of the server
  std::uint64_t lost = 0, repeated = 0, missing = 0;
  std::size_t record_bytes = 0;
};

/// A server started, and its CTI Server.
struct Server {
  std::unique_ptr<Source> source;
  std::unique_ptr<tools::Child> child;
  std::uint16_t port = 0;
};

std::uint16_t start(Server& server, const std::vector<std::string>& command) {
  auto child = tools::Child::start(command);
  if (!child) give_up(child.error());
  server.child = std::move(child).value();
  const auto ready = server.child->wait_for_line("ready", Seconds(20));
  if (!ready) give_up(command.front() + " did not start");
  return static_cast<std::uint16_t>(std::atoi(tools::value_in(*ready, "port").c_str()));
}

Server start_ringsided(const Settings& settings, const AgentEvents& events) {
  Server server;
  server.source = std::make_unique<Source>(events.bytes, events.frame_bytes);
  const std::string upstream = "127.0.0.1:" + std::to_string(server.source->listen());
  server.port = start(server, {settings.programs + "/ringsided", "--listen", "127.0.0.1:0",
                               "--cti-server", upstream, "--log-level", "error"});
  server.source->accept();
  return server;
}

Server start_floor(std::size_t record_bytes) {
  std::vector<std::byte> records(record_bytes * 1024);
  for (std::size_t at = 0; at < records.size(); at += record_bytes) {
    store_le<std::uint32_t>(records.data() + at, static_cast<std::uint32_t>(record_bytes));
    store_le<std::uint16_t>(records.data() + at + 4, 8);  // kUpdate
  }
  Server server;
  server.source = std::make_unique<Source>(std::move(records), record_bytes);
  server.port = start(server, {"/proc/self/exe", "--floor", std::to_string(record_bytes)});
  server.source->connect(server.port);
  return server;
}

/// Every agent known to the server and nothing under way: the first session sees to it.
void settle(Sessions& sessions, Source& source) {
  source.pump(2 * kAgents);
  sessions.until("the first records", [&] {
    source.pump(2 * kAgents);
    return sessions.records() >= 2 * kAgents;
  });
  std::uint64_t seen = 0;
  for (double quiet_since = seconds_now(); seconds_now() - quiet_since < 0.2;) {
    sessions.turn(10);
    if (sessions.records() != seen) quiet_since = seconds_now();
    seen = sessions.records();
  }
}

/// Streams for a while, measures, and waits for the last record. `per_second` 0: as fast as it goes.
Delivered stream(Sessions& sessions, const Server& server, const Settings& settings,
                 double per_second) {
  Source& source = *server.source;
  const std::uint64_t sent_before = source.sent();
  const std::uint64_t records_before = sessions.slowest(), all_before = sessions.records();
  const double begin = seconds_now();
  const auto run_until = [&](double end) {
    for (double now = seconds_now(); now < end; now = seconds_now()) {
      const std::uint64_t read = sessions.slowest() - records_before;
      const auto due =
          per_second > 0 ? static_cast<std::uint64_t>((now - begin) * per_second) : UINT64_MAX / 2;
      source.pump(sent_before + std::min(due, read + kWindow));
      sessions.turn(1);
    }
  };
  run_until(begin + settings.warm());
  const std::uint64_t records = sessions.records();
  const double cpu = cpu_seconds(server.child->pid()), from = seconds_now();
  run_until(from + settings.seconds());
  Delivered result;
  const double to = seconds_now();
  const auto count = static_cast<double>(sessions.records() - records);
  result.per_second = count / (to - from);
  constexpr double kTick = 0.01;  // what the kernel counts in
  result.cpu_per_million =
      std::max(kTick, cpu_seconds(server.child->pid()) - cpu) / std::max(1.0, count) * 1e6;
  const std::uint64_t end = source.sent() + 1;  // a frame may be out in part
  source.pump(end);
  sessions.until("the last records", [&] {
    source.pump(end);
    return sessions.slowest() - records_before >= end - sent_before;
  });
  sessions.turn(50);  // anything too many would come now
  result.missing = (end - sent_before) * sessions.count() - (sessions.records() - all_before);
  result.lost = sessions.lost();
  result.repeated = sessions.repeated();
  result.record_bytes = sessions.record_bytes();
  return result;
}

struct Pair {
  Delivered ours, floor;
};

Pair fan_out(const Settings& settings, std::uint32_t sessions, double per_second) {
  const AgentEvents events(kAgents);
  Pair pair;
  {
    const Server server = start_ringsided(settings, events);
    {
      Sessions first(*server.source);
      first.open(server.port, 1, Sessions::Kind::kMonitor);
      settle(first, *server.source);
    }
    Sessions clients(*server.source);
    clients.open(server.port, sessions, Sessions::Kind::kMonitor);
    pair.ours = stream(clients, server, settings, per_second);
  }
  const Server server = start_floor(pair.ours.record_bytes);
  Sessions clients(*server.source);
  clients.open(server.port, sessions, Sessions::Kind::kBare);
  const double wait_until = seconds_now() + 0.2;  // until the floor has accepted all of them
  while (seconds_now() < wait_until) clients.turn(10);
  pair.floor = stream(clients, server, settings, per_second);
  return pair;
}

[[gnu::format(printf, 1, 2)]] void row(const char* format, ...) {
  va_list values;
  va_start(values, format);
  std::vprintf(format, values);
  va_end(values);
  std::putchar('\n');
  std::fflush(stdout);
}

/// Resident memory of a server with `count` sessions that are told nothing.
void print_idle_row(const Settings& settings, const char* name, std::uint32_t count,
                    Sessions::Kind kind) {
  const AgentEvents events(kAgents);
  const Server server = start_ringsided(settings, events);
  Sessions clients(*server.source);
  clients.open(server.port, 1, Sessions::Kind::kMonitor);
  settle(clients, *server.source);
  const double before = resident_bytes(server.child->pid());
  clients.open(server.port, count, kind, kAgents);
  const double per_session = (resident_bytes(server.child->pid()) - before) / count;
  row("| resident memory of %u idle %s sessions, each | %.0f B | the server before them: %.0f MiB "
      "| "
      "|",
      count, name, per_session, before / (1 << 20));
}

void print_memory_rows(const Settings& settings) {
  const Rates decode = decode_frames(settings.memory_seconds());
  row("| CTI Server frames decoded: call events of %zu B, cut, checked, every field read "
      "| %.1f M/s | sum of the same bytes: %.1f M/s | %.2f |",
      decode.bytes, decode.ours / 1e6, decode.floor / 1e6, decode.ours / decode.floor);
  const Rates log = log_records(settings.memory_seconds());
  row("| event log: records of %zu B written, published per 64, read | %.1f M/s "
      "| memcpy of the records: %.1f M/s | %.2f |",
      log.bytes, log.ours / 1e6, log.floor / 1e6, log.ours / log.floor);
  const Rates pipeline = pipeline_events(settings.memory_seconds());
  row("| a line without sockets: agent events of %zu B to records of %zu B in the log, object map "
      "kept | %.2f M/s | memcpy of both: %.1f M/s | %.3f |",
      pipeline.bytes, pipeline.record_bytes, pipeline.ours / 1e6, pipeline.floor / 1e6,
      pipeline.ours / pipeline.floor);
}

/// True: nothing was missing.
bool print_fan_out_row(const Settings& settings, std::uint32_t sessions, double per_second) {
  const Pair pair = fan_out(settings, sessions, per_second);
  const Delivered &ours = pair.ours, &floor = pair.floor;
  char load[64] = "as fast as it goes";
  if (per_second > 0) std::snprintf(load, sizeof load, "%.0f records a second", per_second);
  row("| deliveries to %u monitor sessions, records of %zu B, %s | %.3f M/s, %.3f CPU s per "
      "million "
      "| bare epoll fan-out: %.3f M/s, %.3f CPU s per million | %.2f, CPU %.2f |",
      sessions, ours.record_bytes, load, ours.per_second / 1e6, ours.cpu_per_million,
      floor.per_second / 1e6, floor.cpu_per_million, ours.per_second / floor.per_second,
      ours.cpu_per_million / floor.cpu_per_million);
  row("| ... lost, doubled or out of order, missing at the end | %lu, %lu, %lu | %lu, %lu, %lu | |",
      ours.lost, ours.repeated, ours.missing, floor.lost, floor.repeated, floor.missing);
  const bool good = ours.lost + ours.repeated + ours.missing == 0;
  return good && floor.lost + floor.repeated + floor.missing == 0;
}

int run(const Settings& settings) {
  row("| what | Ringside | floor, same run | Ringside / floor |");
  row("|---|---|---|---|");
  print_memory_rows(settings);
  bool good = print_fan_out_row(settings, settings.few(), 0);
  good = print_fan_out_row(settings, settings.many(), 0) && good;
  good = print_fan_out_row(settings, settings.many(), 250) && good;
  print_idle_row(settings, "monitor", settings.idle(), Sessions::Kind::kMonitor);
  print_idle_row(settings, "agent", settings.idle_agents(), Sessions::Kind::kAgent);
  double load[3] = {};
  if (::getloadavg(load, 3) < 1) load[0] = 0;
  row("\nLoad average at the end, this program included: %.1f", load[0]);
  if (!good) std::fputs("smoke_bench: records were lost or doubled\n", stderr);
  return good ? 0 : 1;
}

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace cti::bench

int main(int argc, char** argv) {
  using namespace cti::bench;
  Settings settings;
  if (const char* const programs = std::getenv("RINGSIDE_PROGRAMS")) settings.programs = programs;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--smoke") == 0) {
      settings.smoke = true;
    } else if (std::strcmp(argv[i], "--programs") == 0 && more) {
      settings.programs = argv[++i];
    } else if (std::strcmp(argv[i], "--floor") == 0 && more) {
      return run_floor(static_cast<std::size_t>(std::atoi(argv[i + 1])));
    } else {
      std::puts(
          "smoke_bench [--programs DIR] [--smoke]\n"
          "Prints one Markdown table. DIR (or RINGSIDE_PROGRAMS) holds ringsided.");
      return std::strcmp(argv[i], "--help") == 0 ? 0 : 2;
    }
  }
  raise_descriptor_limit();
  return run(settings);
}
