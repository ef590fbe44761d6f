// flatbuffers_peer.cpp - the call event of wire_bench through FlatBuffers: verified or trusted, every field touched; written.
#include "bench/peers/call_event.hpp"
#include "call_event_generated.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace {

using cti::bench::CallEvent;

constexpr std::size_t kCopies = 64;

void write(flatbuffers::FlatBufferBuilder& builder) {
#define CTI_MAKE(name, value) const auto name = builder.CreateString(value.data(), value.size());
  CTI_BENCH_TEXTS(CTI_MAKE)
#undef CTI_MAKE
  cti_bench::CallEventTableBuilder event(builder);
#define CTI_SET(name, value) event.add_##name(value);
  CTI_BENCH_NUMBERS(CTI_SET)
#undef CTI_SET
  event.add_trunk_number(CallEvent::kTrunk);
  event.add_trunk_group_number(CallEvent::kTrunkGroup);
#define CTI_SET(name, value) event.add_##name(name);
  CTI_BENCH_TEXTS(CTI_SET)
#undef CTI_SET
  builder.Finish(event.Finish());
}

std::uint64_t touch(const cti_bench::CallEventTable& event) {
  std::uint64_t sum = event.trunk_number() + event.trunk_group_number();
#define CTI_ADD(name, value) sum += event.name();
  CTI_BENCH_NUMBERS(CTI_ADD)
#undef CTI_ADD
#define CTI_ADD(name, value)   \
  if (event.name() != nullptr) \
    sum += event.name()->size() + static_cast<unsigned char>(*event.name()->Data());
  CTI_BENCH_TEXTS(CTI_ADD)
#undef CTI_ADD
  return sum;
}

void run(benchmark::State& state, bool verify) {
  flatbuffers::FlatBufferBuilder builder;
  write(builder);
  const std::vector<std::vector<std::uint8_t>> copies(
      kCopies, {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()});
  std::size_t next = 0;
  for (auto _ : state) {
    const auto& bytes = copies[next];
    if (verify) {
      flatbuffers::Verifier verifier(bytes.data(), bytes.size());
      if (!cti_bench::VerifyCallEventTableBuffer(verifier)) state.SkipWithError("does not verify");
    }
    benchmark::DoNotOptimize(touch(*cti_bench::GetCallEventTable(bytes.data())));
    next = (next + 1) % kCopies;
  }
  state.counters["message_bytes"] = static_cast<double>(copies[0].size());
}

void FlatBuffersVerifyAndTouch(benchmark::State& state) { run(state, true); }
void FlatBuffersTouchTrusted(benchmark::State& state) { run(state, false); }

void FlatBuffersWrite(benchmark::State& state) {
  flatbuffers::FlatBufferBuilder builder;
  for (auto _ : state) {
    builder.Clear();
    write(builder);
    benchmark::DoNotOptimize(builder.GetBufferPointer());
    benchmark::ClobberMemory();
  }
}

BENCHMARK(FlatBuffersVerifyAndTouch);
BENCHMARK(FlatBuffersTouchTrusted);
BENCHMARK(FlatBuffersWrite);

}  // namespace
