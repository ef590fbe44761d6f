// wire_bench.cpp - what reading and writing a CTI Server message costs, beside the least that touching its bytes can cost.
//
// Message  a CALL_DELIVERED_EVENT of 245 bytes with 20 fixed and 14 floating fields, at version 15 (1+1 headers) and 20
//          (2+2, 273 bytes); 64 copies in a row, so that the data is in the cache and the branches are not learned by
//          heart from one address.
// Peers    memcpy and a byte sum over the same bytes: the limit.
// Result   ns per message ("real_time"), bytes per second. Figures count only against the peers of the same run.
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/mhdr.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <numeric>
#include <vector>

namespace {

using namespace cti;
using namespace cti::wire::ged188;

constexpr std::size_t kCopies = 64;

Bytes write_event(MutableBytes buffer, Version version) {
  CallDeliveredEventEncoder encoder(
      buffer, version, {.monitor_id = 1, .peripheral_id = 5000, .connection_call_id = 16'777'217});
  encoder.connection_device_id("201:01").alerting_device_id("201").calling_device_id("4155550123");
  encoder.called_device_id("8005550199")
      .trunk_number(17)
      .trunk_group_number(3)
      .ani("4155550123")
      .dnis("5550199");
  encoder.dialed_number("8005550199")
      .caller_entered_digits("123456")
      .call_variable1("customer 4711, Main Street");
  encoder.call_variable2("gold")
      .call_variable3("english, no")
      .call_wrapup_data("sale, follow up tomorrow at ten");
  return *encoder.finish();
}

/// The event kCopies times in a row.
struct Stream {
  std::vector<std::byte> bytes;
  std::size_t message_bytes = 0;

  explicit Stream(Version version) {
    std::array<std::byte, limits::kMessageBytesMax> buffer;
    const Bytes event = write_event(buffer, version);
    message_bytes = event.size();
    for (std::size_t i = 0; i < kCopies; ++i) bytes.insert(bytes.end(), event.begin(), event.end());
  }
  Bytes message(std::size_t i) const {
    return Bytes(bytes).subspan(i * message_bytes, message_bytes);
  }
  Bytes body(std::size_t i) const { return message(i).subspan(limits::kHeaderBytes); }
};

Version version_of(const benchmark::State& state) { return static_cast<Version>(state.range(0)); }

/// Runs `once(body)` over the copies in turn.
template <class Once>
void per_message(benchmark::State& state, Once&& once) {
  const Stream stream(version_of(state));
  std::size_t next = 0;
  for (auto _ : state) {
    once(stream.message(next));
    next = (next + 1) % kCopies;
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.message_bytes));
  state.counters["message_bytes"] = static_cast<double>(stream.message_bytes);
}

void Memcpy(benchmark::State& state) {
  std::array<std::byte, 512> target;
  per_message(state, [&](Bytes message) {
    std::memcpy(target.data(), message.data(), message.size());
    benchmark::DoNotOptimize(target.data());
    benchmark::ClobberMemory();
  });
}

void ByteSum(benchmark::State& state) {
  per_message(state, [](Bytes message) {
    std::uint32_t sum = 0;
    for (const std::byte byte : message) sum += std::to_integer<std::uint32_t>(byte);
    benchmark::DoNotOptimize(sum);
  });
}

std::uint64_t touch_fixed(const CallDeliveredEventView& view) {
  return view.monitor_id() + view.peripheral_id() + view.peripheral_type() +
         view.connection_device_id_type() + view.connection_call_id() + view.line_handle() +
         view.line_type() + view.service_number() + view.service_id() + view.skill_group_number() +
         view.skill_group_id() + view.skill_group_priority() + view.alerting_device_type() +
         view.calling_device_type() + view.called_device_type() + view.last_redirect_device_type() +
         view.local_connection_state() + view.event_cause() + view.num_named_variables() +
         view.num_named_arrays();
}

void Check(benchmark::State& state) {
  const Version version = version_of(state);
  per_message(state, [version](Bytes message) {
    const auto view =
        CallDeliveredEventView::decode(message.subspan(limits::kHeaderBytes), version);
    benchmark::DoNotOptimize(view.ok());
  });
}

/// Walks a message that has been checked: every fixed field, and tag, place and length of every floating field.
void WalkEveryField(benchmark::State& state) {
  const Version version = version_of(state);
  const Stream stream(version);
  std::vector<CallDeliveredEventView> views;
  for (std::size_t i = 0; i < kCopies; ++i)
    views.push_back(*CallDeliveredEventView::decode(stream.body(i), version));
  std::size_t next = 0;
  for (auto _ : state) {
    const CallDeliveredEventView& view = views[next];
    std::uint64_t sum = touch_fixed(view);
    view.floating().for_each([&](std::uint16_t tag, Bytes bytes) {
      sum += tag + bytes.size() + std::to_integer<std::uint64_t>(*bytes.data());
    });
    benchmark::DoNotOptimize(sum);
    next = (next + 1) % kCopies;
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.message_bytes));
}

void CheckAndWalkEveryField(benchmark::State& state) {
  const Version version = version_of(state);
  per_message(state, [version](Bytes message) {
    const auto view =
        CallDeliveredEventView::decode(message.subspan(limits::kHeaderBytes), version);
    std::uint64_t sum = touch_fixed(*view);
    view->floating().for_each([&](std::uint16_t tag, Bytes bytes) {
      sum += tag + bytes.size() + std::to_integer<std::uint64_t>(*bytes.data());
    });
    benchmark::DoNotOptimize(sum);
  });
}

void CheckAndFindOne(benchmark::State& state) {
  const Version version = version_of(state);
  per_message(state, [version](Bytes message) {
    const auto view =
        CallDeliveredEventView::decode(message.subspan(limits::kHeaderBytes), version);
    benchmark::DoNotOptimize(view->call_variable1());
  });
}

void FixedFieldOnly(benchmark::State& state) {
  const Version version = version_of(state);
  const Stream stream(version);
  const auto view = *CallDeliveredEventView::decode(stream.body(0), version);
  for (auto _ : state) {
    CallDeliveredEventView seen = view;
    benchmark::DoNotOptimize(seen);
    benchmark::DoNotOptimize(seen.connection_call_id());
  }
}

void Encode(benchmark::State& state) {
  const Version version = version_of(state);
  std::array<std::byte, limits::kMessageBytesMax> buffer;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const Bytes frame = write_event(buffer, version);
    bytes = frame.size();
    benchmark::DoNotOptimize(frame.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

/// Cutting a stream into frames, in chunks of range(1) bytes; per frame.
void Framing(benchmark::State& state) {
  const Stream stream(version_of(state));
  const auto piece = static_cast<std::size_t>(state.range(1));
  FrameCutter cutter;
  std::int64_t frames = 0;
  std::uint64_t sum = 0;
  for (auto _ : state) {
    Bytes rest(stream.bytes);
    while (!rest.empty()) {
      const Bytes chunk = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(chunk.size());
      const auto result = cutter.feed(chunk, [&](const Frame& frame) {
        sum += frame.message_type + frame.body.size();
        ++frames;
      });
      benchmark::DoNotOptimize(result.ok());
    }
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(frames);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.bytes.size()));
  state.counters["ns_per_frame"] =
      benchmark::Counter(static_cast<double>(frames) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(Memcpy)->Arg(15)->Arg(20);
BENCHMARK(ByteSum)->Arg(15)->Arg(20);
BENCHMARK(FixedFieldOnly)->Arg(15);
BENCHMARK(WalkEveryField)->Arg(15)->Arg(20);
BENCHMARK(Check)->Arg(15)->Arg(20);
BENCHMARK(CheckAndWalkEveryField)->Arg(15)->Arg(20);
BENCHMARK(CheckAndFindOne)->Arg(15)->Arg(20);
BENCHMARK(Encode)->Arg(15)->Arg(20);
BENCHMARK(Framing)->Args({15, 65'536})->Args({15, 4'096})->Args({15, 1'448})->Args({20, 65'536});

}  // namespace

BENCHMARK_MAIN();
