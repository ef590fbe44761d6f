// pipeline_bench.cpp - the line's pipeline: bytes of the CTI Server in, records in the log, map up to date.
//
// Case     64 agents with a routed call each, over and over: agent states, begin, delivered, established, held,
//          retrieved, connection cleared, cleared, end; 10 messages a call, about 150 bytes each. Frames come in chunks
//          of 16 KiB, as the reactor hands them out; the log is published once per chunk.
// Figure   items are messages: items_per_second is the one to compare (goal: 2 M on one core). bytes_per_second counts
//          GED-188 bytes.
// Check    the number of records and the map's digest stand in the label; equal for equal code.
#include "broker/object_map.hpp"
#include "broker/record_sink.hpp"
#include "broker/translator.hpp"
#include "ring/event_log.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/mhdr.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace cti::bench {
namespace {

namespace ged = wire::ged188;

constexpr std::uint32_t kPeripheral = 5000;
constexpr ged::Version kVersion = 15;
constexpr std::size_t kChunk = 16 * 1024;

class Script {
 public:
  Script() {
    for (std::uint32_t agent = 0; agent < 64; ++agent) call(agent);
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }
  std::size_t messages() const { return messages_; }

 private:
  template <class Encoder>
  void add(Encoder&& encoder) {
    const auto frame = encoder.finish();
    CTI_CHECK(frame.ok());
    bytes_.insert(bytes_.end(), frame->begin(), frame->end());
    ++messages_;
  }
  template <class Encoder, class Fixed>
  void event(Fixed fixed, std::uint32_t id, const std::string& device, std::uint16_t status) {
    fixed.peripheral_id = kPeripheral;
    fixed.connection_device_id_type = 0;
    fixed.connection_call_id = id;
    fixed.local_connection_state = status;
    add(Encoder(room_, kVersion, fixed).connection_device_id(device));
  }
  void state(std::uint32_t agent, const std::string& device, std::uint16_t state) {
    add(ged::AgentStateEventEncoder(room_, kVersion,
                                    {.peripheral_id = kPeripheral, .agent_state = state})
            .agent_id(std::to_string(20'000 + agent))
            .agent_extension(device)
            .agent_instrument(device));
  }
  void call(std::uint32_t agent) {
    const std::string device = std::to_string(30'000 + agent);
    const std::uint32_t id = 1000 + agent;
    state(agent, device, 8);
    add(ged::BeginCallEventEncoder(room_, kVersion,
                                   {.peripheral_id = kPeripheral,
                                    .call_type = 1,
                                    .connection_device_id_type = 0,
                                    .connection_call_id = id})
            .connection_device_id(device)
            .ani("5551234567")
            .dnis("8005550000")
            .dialed_number("8005550000")
            .router_call_key_day(150'000)
            .router_call_key_call_id(id)
            .call_variable1("account 4711")
            .call_variable2("gold")
            .call_variable3("de")
            .add_named_variable("user.customer", "0123456789"));
    add(ged::CallDeliveredEventEncoder(room_, kVersion,
                                       {.peripheral_id = kPeripheral,
                                        .connection_device_id_type = 0,
                                        .connection_call_id = id,
                                        .local_connection_state = 2})
            .connection_device_id(device)
            .alerting_device_id(device)
            .calling_device_id("5551234567")
            .called_device_id("8005550000"));
    event<ged::CallEstablishedEventEncoder>(ged::CallEstablishedEventFixed{}, id, device, 3);
    state(agent, device, 4);
    event<ged::CallHeldEventEncoder>(ged::CallHeldEventFixed{}, id, device, 4);
    event<ged::CallRetrievedEventEncoder>(ged::CallRetrievedEventFixed{}, id, device, 3);
    event<ged::CallConnectionClearedEventEncoder>(ged::CallConnectionClearedEventFixed{}, id,
                                                  device, 0);
    event<ged::CallClearedEventEncoder>(ged::CallClearedEventFixed{}, id, device, 0);
    add(ged::EndCallEventEncoder(room_, kVersion,
                                 {.peripheral_id = kPeripheral,
                                  .connection_device_id_type = 0,
                                  .connection_call_id = id})
            .connection_device_id(device));
  }

  std::vector<std::byte> room_ = std::vector<std::byte>(16 * 1024);
  std::vector<std::byte> bytes_;
  std::size_t messages_ = 0;
};

void pipeline(benchmark::State& state) {
  const Script script;
  auto log =
      std::move(ring::EventLog::create({.bytes = std::size_t{16} << 20, .gates = 0})).value();
  broker::ObjectMap map({1000, 1000});
  broker::RecordSink sink(*log, {1, 1, 0}, 1 << 20);
  broker::Translator translator(map, sink, true, kPeripheral);
  ged::FrameCutter cutter;
  for (auto _ : state) {
    const Bytes all(script.bytes());
    for (std::size_t at = 0; at < all.size(); at += kChunk) {
      const auto fed = cutter.feed(
          all.subspan(at, std::min(kChunk, all.size() - at)), [&](const ged::Frame& frame) {
            benchmark::DoNotOptimize(
                translator.event(frame.message_type, frame.body, kVersion).ok());
          });
      CTI_CHECK(fed.ok());
      sink.publish();
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(script.messages()) * state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(script.bytes().size()) * state.iterations());
  state.SetLabel("records per message " +
                 std::to_string(static_cast<double>(sink.counters().records) /
                                static_cast<double>(script.messages() *
                                                    static_cast<std::size_t>(state.iterations()))) +
                 ", digest " + std::to_string(map.properties().digest()));
}
BENCHMARK(pipeline)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace cti::bench

BENCHMARK_MAIN();
