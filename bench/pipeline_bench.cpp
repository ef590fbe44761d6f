// pipeline_bench.cpp - the line's pipeline: bytes of the CTI Server in, records in the log, map up to date.
//
// Cases    agent_events: logged in agents that change state, over and over. call_life: every agent has a routed call, all at
//          the same time: begin, delivered, established, held, retrieved, connection cleared, cleared, end. mixed: both, a
//          call's life after another, as the README's figure of old had it. The argument is the number of agents: 64 fit
//          the inner cache, 2,000 do not.
// Input    frames come in chunks of 16 KiB, as the reactor hands them out; the log is published once per chunk.
// Figure   items are messages: items_per_second is the one to compare (goal: 2 M on one core). bytes_per_second counts
//          GED-188 bytes.
// Check    no allocation once warm, or the program aborts; the map's digest stands in the label, equal for equal code.
#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/translate/translator.hpp"
#include "ring/event_log.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/mhdr.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

namespace {
std::size_t allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace cti::bench {
namespace {

namespace ged = wire::ged188;

constexpr std::uint32_t kPeripheral = 5000;
constexpr ged::Version kVersion = 15;
constexpr std::size_t kChunk = 16 * 1024;

enum class Case { kAgentEvents, kCallLife, kMixed };

class Script {
 public:
  Script(Case which, std::uint32_t agents) {
    if (which == Case::kMixed) {
      for (std::uint32_t agent = 0; agent < agents; ++agent) {
        for (int step = 0; step < kSteps; ++step) call(agent, step, true);
      }
      return;
    }
    for (int step = 0; step < kSteps; ++step) {
      for (std::uint32_t agent = 0; agent < agents; ++agent) {
        if (which == Case::kCallLife) {
          call(agent, step, false);
        } else {
          state(agent, kStates[static_cast<std::size_t>(step)]);
        }
      }
    }
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
  void state(std::uint32_t agent, std::uint16_t state) {
    add(ged::AgentStateEventEncoder(room_, kVersion,
                                    {.peripheral_id = kPeripheral, .agent_state = state})
            .agent_id(std::to_string(20'000 + agent))
            .agent_extension(device_of(agent))
            .agent_instrument(device_of(agent)));
  }
  void begin(const std::string& device, std::uint32_t id) {
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
  }
  void delivered(const std::string& device, std::uint32_t id) {
    add(ged::CallDeliveredEventEncoder(room_, kVersion,
                                       {.peripheral_id = kPeripheral,
                                        .connection_device_id_type = 0,
                                        .connection_call_id = id,
                                        .local_connection_state = 2})
            .connection_device_id(device)
            .alerting_device_id(device)
            .calling_device_id("5551234567")
            .called_device_id("8005550000"));
  }
  void end(const std::string& device, std::uint32_t id) {
    add(ged::EndCallEventEncoder(room_, kVersion,
                                 {.peripheral_id = kPeripheral,
                                  .connection_device_id_type = 0,
                                  .connection_call_id = id})
            .connection_device_id(device));
  }
  void call(std::uint32_t agent, int step, bool states) {
    const std::string device = device_of(agent);
    const std::uint32_t id = 1000 + agent;
    switch (step) {
      case 0:
        if (states) state(agent, 8);
        return begin(device, id);
      case 1:
        return delivered(device, id);
      case 2:
        event<ged::CallEstablishedEventEncoder>(ged::CallEstablishedEventFixed{}, id, device, 3);
        if (states) state(agent, 4);
        return;
      case 3:
        return event<ged::CallHeldEventEncoder>(ged::CallHeldEventFixed{}, id, device, 4);
      case 4:
        return event<ged::CallRetrievedEventEncoder>(ged::CallRetrievedEventFixed{}, id, device, 3);
      case 5:
        return event<ged::CallConnectionClearedEventEncoder>(ged::CallConnectionClearedEventFixed{},
                                                             id, device, 0);
      case 6:
        return event<ged::CallClearedEventEncoder>(ged::CallClearedEventFixed{}, id, device, 0);
      default:
        return end(device, id);
    }
  }
  static std::string device_of(std::uint32_t agent) { return std::to_string(30'000 + agent); }

  static constexpr int kSteps = 8;
  static constexpr std::uint16_t kStates[kSteps] = {2, 3, 8, 4, 5, 2, 3, 4};

  std::vector<std::byte> room_ = std::vector<std::byte>(std::size_t{16} * 1024);
  std::vector<std::byte> bytes_;
  std::size_t messages_ = 0;
};

void pipeline(benchmark::State& state, Case which) {
  const auto agents = static_cast<std::uint32_t>(state.range(0));
  const Script script(which, agents);
  // The agents are logged in before; what is measured is the work of the day.
  const Script logins(Case::kAgentEvents, agents);
  auto log =
      std::move(ring::EventLog::create({.bytes = std::size_t{16} << 20, .gates = 0})).value();
  broker::ObjectMap map({agents + 100, agents + 100});
  broker::RecordSink sink(*log, {1, 1, 0}, 1 << 20);
  broker::Translator translator(map, sink, true, kPeripheral);
  ged::FrameCutter cutter;
  const auto feed = [&](const Bytes& all) {
    for (std::size_t at = 0; at < all.size(); at += kChunk) {
      const auto fed = cutter.feed(
          all.subspan(at, std::min(kChunk, all.size() - at)), [&](const ged::Frame& frame) {
            CTI_CHECK(translator.event(frame.message_type, frame.body, kVersion).ok());
          });
      CTI_CHECK(fed.ok());
      sink.publish();
    }
  };
  const Bytes all(script.bytes());
  feed(Bytes(logins.bytes()));
  for (int i = 0; i < 3; ++i) feed(all);  // every table has grown to what it needs
  const std::uint64_t records_before = sink.counters().records;
  const std::size_t allocations_before = allocations;
  std::size_t allocated = 0;
  for (auto _ : state) {
    feed(all);
    allocated = allocations - allocations_before;
  }
  CTI_CHECK(allocated == 0);
  const auto messages = static_cast<std::int64_t>(script.messages()) * state.iterations();
  state.SetItemsProcessed(messages);
  state.SetBytesProcessed(static_cast<std::int64_t>(script.bytes().size()) * state.iterations());
  state.counters["allocations"] = static_cast<double>(allocated);
  state.counters["records_per_message"] =
      static_cast<double>(sink.counters().records - records_before) / static_cast<double>(messages);
  state.SetLabel("digest " + std::to_string(map.properties().digest()));
}
BENCHMARK_CAPTURE(pipeline, agent_events, Case::kAgentEvents)->Arg(64)->Arg(2000);
BENCHMARK_CAPTURE(pipeline, call_life, Case::kCallLife)->Arg(64)->Arg(2000);
BENCHMARK_CAPTURE(pipeline, mixed, Case::kMixed)->Arg(64)->Arg(2000);

}  // namespace
}  // namespace cti::bench

BENCHMARK_MAIN();
