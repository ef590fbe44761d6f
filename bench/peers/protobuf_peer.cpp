// protobuf_peer.cpp - the call event of wire_bench through Protocol Buffers: parsed and every field touched; written.
#include "bench/peers/call_event.hpp"
#include "call_event.pb.h"

#include <benchmark/benchmark.h>

#include <array>
#include <vector>

namespace {

using cti::bench::CallEvent;

constexpr std::size_t kCopies = 64;

void fill(cti_bench::CallEventMessage& event) {
#define CTI_SET(name, value) event.set_##name(value);
  CTI_BENCH_NUMBERS(CTI_SET)
#undef CTI_SET
  event.set_trunk_number(CallEvent::kTrunk);
  event.set_trunk_group_number(CallEvent::kTrunkGroup);
#define CTI_SET(name, value) event.set_##name(value.data(), value.size());
  CTI_BENCH_TEXTS(CTI_SET)
#undef CTI_SET
}

std::uint64_t touch(const cti_bench::CallEventMessage& event) {
  std::uint64_t sum = event.trunk_number() + event.trunk_group_number();
#define CTI_ADD(name, value) sum += event.name();
  CTI_BENCH_NUMBERS(CTI_ADD)
#undef CTI_ADD
#define CTI_ADD(name, value) \
  sum += event.name().size() + static_cast<unsigned char>(event.name()[0]);
  CTI_BENCH_TEXTS(CTI_ADD)
#undef CTI_ADD
  return sum;
}

/// The message object is used again, as its makers advise: its strings keep their memory.
void ProtobufParseAndTouch(benchmark::State& state) {
  cti_bench::CallEventMessage event;
  fill(event);
  const std::vector<std::string> copies(kCopies, event.SerializeAsString());
  std::size_t next = 0;
  for (auto _ : state) {
    if (!event.ParseFromString(copies[next])) state.SkipWithError("does not parse");
    benchmark::DoNotOptimize(touch(event));
    next = (next + 1) % kCopies;
  }
  state.counters["message_bytes"] = static_cast<double>(copies[0].size());
}

void ProtobufWrite(benchmark::State& state) {
  std::array<char, 1024> buffer;
  cti_bench::CallEventMessage event;
  for (auto _ : state) {
    event.Clear();
    fill(event);
    benchmark::DoNotOptimize(event.SerializeToArray(buffer.data(), buffer.size()));
    benchmark::ClobberMemory();
  }
}

BENCHMARK(ProtobufParseAndTouch);
BENCHMARK(ProtobufWrite);

}  // namespace
