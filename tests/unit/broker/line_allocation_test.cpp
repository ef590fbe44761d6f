// The pipeline allocates nothing once it is warm: every allocation of this program is counted.
#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/translate/translator.hpp"
#include "ring/event_log.hpp"
#include "tests/array_new.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/mhdr.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, std::align_val_t align) {
  ++allocations;
  const auto unit = static_cast<std::size_t>(align);
  if (void* const memory = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit))
    return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace cti::test {
namespace {

namespace ged = wire::ged188;

template <class Encoder>
void add(std::vector<std::byte>& to, Encoder&& encoder) {
  const auto frame = encoder.finish();
  ASSERT_TRUE(frame.ok());
  to.insert(to.end(), frame->begin(), frame->end());
}

std::vector<std::byte> script() {
  std::vector<std::byte> bytes;
  std::vector<std::byte> room(16 * 1024);
  for (std::uint32_t id = 1; id <= 50; ++id) {
    const std::string device = std::to_string(900 + id % 10);
    add(bytes, ged::AgentStateEventEncoder(room, 15, {.peripheral_id = 5000, .agent_state = 8})
                   .agent_id(std::to_string(id % 10))
                   .agent_instrument(device));
    add(bytes,
        ged::BeginCallEventEncoder(
            room, 15,
            {.peripheral_id = 5000, .connection_device_id_type = 0, .connection_call_id = id})
            .connection_device_id(device)
            .ani("555")
            .add_named_variable("user.a", "b"));
    add(bytes, ged::CallEstablishedEventEncoder(room, 15,
                                                {.peripheral_id = 5000,
                                                 .connection_device_id_type = 0,
                                                 .connection_call_id = id,
                                                 .local_connection_state = 3})
                   .connection_device_id(device));
    add(bytes, ged::CallDataUpdateEventEncoder(room, 15,
                                               {.peripheral_id = 5000,
                                                .connection_device_id_type = 0,
                                                .connection_call_id = id,
                                                .new_connection_call_id = id})
                   .connection_device_id(device)
                   .new_connection_device_id(device)
                   .call_variable1("x"));
    add(bytes,
        ged::EndCallEventEncoder(
            room, 15,
            {.peripheral_id = 5000, .connection_device_id_type = 0, .connection_call_id = id})
            .connection_device_id(device));
  }
  return bytes;
}

TEST(Pipeline, AllocatesNothingPerEventOnceWarm) {
  const std::vector<std::byte> bytes = script();
  auto log = std::move(ring::EventLog::create({.bytes = std::size_t{1} << 20, .gates = 0})).value();
  broker::ObjectMap map({100, 100});
  broker::RecordSink sink(*log, {1, 1, 0}, 1 << 16);
  broker::Translator translator(map, sink, true, 5000);
  ged::FrameCutter cutter;
  const auto run = [&](std::size_t chunk) {
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {  // frames straddle the chunks
      const std::size_t count = std::min<std::size_t>(chunk, bytes.size() - at);
      (void)cutter.feed(Bytes(bytes).subspan(at, count), [&](const ged::Frame& frame) {
        (void)translator.event(frame.message_type, frame.body, 15);
      });
      sink.publish();
    }
  };
  for (const std::size_t chunk : {1000U, 1460U, 137U, 16384U}) {
    for (int i = 0; i < 5; ++i) run(chunk);
    const std::size_t before = allocations;
    const std::uint64_t records = sink.counters().records;
    for (int i = 0; i < 100; ++i) run(chunk);
    EXPECT_GE(sink.counters().records - records, 100U * 250U);
    EXPECT_EQ(allocations - before, 0U) << "chunks of " << chunk;
  }
}

}  // namespace
}  // namespace cti::test
