// wire_bench.cpp - what reading and writing a CTI Server message costs, beside the least that touching its bytes can cost.
//
// Message  a CALL_DELIVERED_EVENT of 245 bytes with 20 fixed and 14 floating fields, at version 15 (1+1 headers) and 20
//          (2+2, 273 bytes); 64 copies in a row, so that the data is in the cache and the branches are not learned by
//          heart from one address.
// Peers    memcpy and a byte sum over the same bytes, the sum by vectors: the limit. Protocol Buffers and FlatBuffers with
//          the same content when they are installed (peers/).
// Safe     "check" is what hostile bytes need. CheckAndWalk does it in two passes, DecodeEach in one.
// Result   ns per message ("real_time"), bytes per second. Figures count only against the peers of the same run.
#include "bench/peers/call_event.hpp"
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
  using Event = bench::CallEvent;
  CallDeliveredEventEncoder encoder(buffer, version,
                                    {.monitor_id = Event::kMonitor,
                                     .peripheral_id = Event::kPeripheral,
                                     .connection_call_id = Event::kCall});
  encoder.connection_device_id(Event::kConnectionDevice)
      .alerting_device_id(Event::kAlertingDevice)
      .calling_device_id(Event::kCallingDevice)
      .called_device_id(Event::kCalledDevice)
      .trunk_number(Event::kTrunk)
      .trunk_group_number(Event::kTrunkGroup)
      .ani(Event::kAni)
      .dnis(Event::kDnis)
      .dialed_number(Event::kDialed)
      .caller_entered_digits(Event::kDigits)
      .call_variable1(Event::kVariable1)
      .call_variable2(Event::kVariable2)
      .call_variable3(Event::kVariable3)
      .call_wrapup_data(Event::kWrapup);
  return *encoder.finish();
}

/// The event kCopies times in a row.
struct Stream {
  std::vector<std::byte> bytes;
  std::size_t message_bytes = 0;

  explicit Stream(Version version) {
    std::array<std::byte, wire::ged188::limits::kMessageBytesMax> buffer;
    const Bytes event = write_event(buffer, version);
    message_bytes = event.size();
    for (std::size_t i = 0; i < kCopies; ++i) bytes.insert(bytes.end(), event.begin(), event.end());
  }
  Bytes message(std::size_t i) const {
    return Bytes(bytes).subspan(i * message_bytes, message_bytes);
  }
  Bytes body(std::size_t i) const { return message(i).subspan(wire::ged188::limits::kHeaderBytes); }
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

/// With vectors, as a compiler makes them at -O3; the -O2 of gcc 12 would add byte by byte.
#if defined(__GNUC__) && !defined(__clang__)
[[gnu::optimize("O3"), gnu::noinline]]
#endif
std::uint32_t
byte_sum(const std::byte* bytes, std::size_t size) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += std::to_integer<std::uint32_t>(bytes[i]);
  return sum;
}

void ByteSum(benchmark::State& state) {
  per_message(state, [](Bytes message) {
    benchmark::DoNotOptimize(byte_sum(message.data(), message.size()));
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
    const auto view = CallDeliveredEventView::decode(
        message.subspan(wire::ged188::limits::kHeaderBytes), version);
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
    const auto view = CallDeliveredEventView::decode(
        message.subspan(wire::ged188::limits::kHeaderBytes), version);
    std::uint64_t sum = touch_fixed(*view);
    view->floating().for_each([&](std::uint16_t tag, Bytes bytes) {
      sum += tag + bytes.size() + std::to_integer<std::uint64_t>(*bytes.data());
    });
    benchmark::DoNotOptimize(sum);
  });
}

/// A receiver that wants every field: its own sum over the fixed fields, and each floating one as it is checked.
struct Sum {
  std::uint64_t sum = 0;
  void begin() noexcept { sum = 0; }
  void field(std::uint16_t tag, Bytes bytes) noexcept {
    sum += tag + bytes.size() + std::to_integer<std::uint64_t>(*bytes.data());
  }
};

void DecodeEach(benchmark::State& state) {
  const Version version = version_of(state);
  per_message(state, [version](Bytes message) {
    Sum sum;
    const auto view = CallDeliveredEventView::decode_each(
        message.subspan(wire::ged188::limits::kHeaderBytes), version, sum);
    sum.sum += touch_fixed(*view);
    benchmark::DoNotOptimize(sum.sum);
  });
}

/// As translators do it: by name, most of the fields not there.
void CheckAndAskByName(benchmark::State& state) {
  const Version version = version_of(state);
  per_message(state, [version](Bytes message) {
    const auto view = CallDeliveredEventView::decode(
        message.subspan(wire::ged188::limits::kHeaderBytes), version);
    std::size_t sum = 0;
    for (const auto& text : {view->connection_device_id(),
                             view->alerting_device_id(),
                             view->calling_device_id(),
                             view->called_device_id(),
                             view->last_redirect_device_id(),
                             view->ani(),
                             view->dnis(),
                             view->dialed_number(),
                             view->caller_entered_digits(),
                             view->call_wrapup_data(),
                             view->call_variable1(),
                             view->call_variable2(),
                             view->call_variable3(),
                             view->call_variable4(),
                             view->call_variable5(),
                             view->call_variable6(),
                             view->call_variable7(),
                             view->call_variable8(),
                             view->call_variable9(),
                             view->call_variable10()}) {
      if (text) sum += text->size();
    }
    benchmark::DoNotOptimize(sum);
  });
}

void CheckAndFindOne(benchmark::State& state) {
  const Version version = version_of(state);
  per_message(state, [version](Bytes message) {
    const auto view = CallDeliveredEventView::decode(
        message.subspan(wire::ged188::limits::kHeaderBytes), version);
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
  std::array<std::byte, wire::ged188::limits::kMessageBytesMax> buffer;
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
BENCHMARK(DecodeEach)->Arg(15)->Arg(20);
BENCHMARK(CheckAndAskByName)->Arg(15)->Arg(20);
BENCHMARK(CheckAndFindOne)->Arg(15)->Arg(20);
BENCHMARK(Encode)->Arg(15)->Arg(20);
BENCHMARK(Framing)->Args({15, 65'536})->Args({15, 4'096})->Args({15, 1'448})->Args({20, 65'536});

}  // namespace

BENCHMARK_MAIN();
