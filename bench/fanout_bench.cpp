// fanout_bench.cpp - log records to sessions without sockets: what the fan-out reactor itself costs.
//
// Cases    everyone:   every record to every session, straight from the log (1, 100, 1,000, 4,000 sessions)
//          filtered:   the same through a filter: one match and one copy per record, then ranges
//          selective:  10,000 agent-mode sessions, 2,000 agents, each record to its 5
//          one at a time: a publication per record, all sessions served for it
// Io       takes everything at once and reads one word per cache line of it, as a kernel would at least.
// Check    the bytes handed over must be exactly those of every record to every session that wants it.
// Smoke    RINGSIDE_BENCH=smoke makes the sizes small (tests run it so); else they are real.
#include "tests/unit/broker/null_fanout.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace cti::bench {
namespace {

using broker::FanoutConfig;
using broker::NullFanout;

constexpr std::size_t kRecordBytes = 200;

bool smoke() {
  const char* const text = std::getenv("RINGSIDE_BENCH");
  return text != nullptr && std::string_view(text) == "smoke";
}

std::uint32_t agents() { return smoke() ? 100 : 2000; }

FanoutConfig config(std::uint32_t sessions) {
  FanoutConfig config;
  config.sessions_max = sessions;
  config.sessions_per_address_max = sessions;
  config.monitor_sessions_max = sessions;
  return config;
}

/// Publishes `per_turn` records at a time and lets the reactor hand them over.
void run(benchmark::State& state, NullFanout& fanout, std::uint32_t per_turn,
         std::uint64_t deliveries_per_record) {
  fanout.io.touch = true;
  std::uint32_t agent = 0;
  std::uint64_t records = 0;
  const auto round = [&] {
    for (std::uint32_t i = 0; i < per_turn; ++i) {
      CTI_CHECK(fanout.write(agent, kRecordBytes));
      agent = (agent + 1) % agents();
    }
    fanout.publish();
    records += per_turn;
  };
  round();
  const std::uint64_t before = fanout.io.bytes_sent;
  fanout.settle();
  const std::uint64_t per_round = fanout.io.bytes_sent - before;
  const std::uint64_t sent = fanout.io.bytes_sent;
  const std::uint64_t sends = fanout.io.sends;
  records = 0;
  for (auto _ : state) {
    state.PauseTiming();
    round();
    state.ResumeTiming();
    fanout.settle();
  }
  CTI_CHECK(fanout.io.bytes_sent - sent == per_round * (records / per_turn));
  CTI_CHECK(per_round >= deliveries_per_record * per_turn * (kRecordBytes - 40));
  benchmark::DoNotOptimize(fanout.io.hash);
  state.counters["records/s"] =
      benchmark::Counter(static_cast<double>(records), benchmark::Counter::kIsRate);
  state.counters["deliveries/s"] = benchmark::Counter(
      static_cast<double>(records * deliveries_per_record), benchmark::Counter::kIsRate);
  state.counters["deliveries/send"] = static_cast<double>(records * deliveries_per_record) /
                                      static_cast<double>(fanout.io.sends - sends);
}

void open_monitors(NullFanout& fanout, std::uint32_t count, std::string_view filter) {
  for (std::uint32_t i = 0; i < count; ++i) fanout.open(filter);
}

void everyone(benchmark::State& state) {
  const auto sessions = static_cast<std::uint32_t>(state.range(0));
  NullFanout fanout(config(sessions), std::size_t{1} << 24);
  open_monitors(fanout, sessions, "MessageID=*");
  run(state, fanout, 64, sessions);
}

void filtered(benchmark::State& state) {
  const auto sessions = static_cast<std::uint32_t>(state.range(0));
  NullFanout fanout(config(sessions), std::size_t{1} << 24);
  open_monitors(fanout, sessions, "MessageID=30");
  run(state, fanout, 64, sessions);
}

void one_at_a_time(benchmark::State& state) {
  const auto sessions = static_cast<std::uint32_t>(state.range(0));
  NullFanout fanout(config(sessions), std::size_t{1} << 24);
  open_monitors(fanout, sessions, "MessageID=*");
  run(state, fanout, 1, sessions);
}

void selective(benchmark::State& state) {
  const std::uint32_t sessions = smoke() ? 500 : 10'000;
  NullFanout fanout(config(sessions), std::size_t{1} << 24);
  for (std::uint32_t i = 0; i < sessions; ++i) fanout.open("", i % agents());
  run(state, fanout, static_cast<std::uint32_t>(state.range(0)), 5);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(1)->Arg(100);
  if (!smoke()) bench->Arg(1000)->Arg(4000);
}

BENCHMARK(everyone)->Apply(sizes);
BENCHMARK(filtered)->Apply(sizes);
BENCHMARK(one_at_a_time)->Apply(sizes);
BENCHMARK(selective)->Arg(1)->Arg(64);

}  // namespace
}  // namespace cti::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
