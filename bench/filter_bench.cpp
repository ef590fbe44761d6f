// filter_bench.cpp - one record against 1 to 10,000 distinct message filters that somebody listens to.
//
// Cases    by_agent: every filter asks for another agent of one peripheral, the record is about one of them: found under its key.
//          by_value: every filter asks for another ANI: nothing to look them up by, each is matched; one lets it through.
//          Beside them stand two filters without a key that let nothing through.
// Figure   the time of offer(), the copy into the channel that takes the record included.
// Smoke    the standard flag --benchmark_min_time=0.001.
#include "broker/fanout/channel.hpp"
#include "wire/object_key.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace cti::bench {
namespace {

using broker::ChannelTable;
using broker::MessageFilter;

std::vector<std::byte> record(const std::string& agent, const std::string& ani) {
  std::vector<std::byte> bytes(1024);
  const std::string id = "call.5000.16777216." + agent;
  wire::UpdateWriter writer(bytes, {.id = 1,
                                    .peripheral_id = 5000,
                                    .object_key = wire::object_key(id),
                                    .agent_key = wire::object_key("agent.5000." + agent),
                                    .event_id = wire::EventId::eCallDeliveredEvent,
                                    .topics = wire::topic::kCall});
  auto& arguments = writer.arguments();
  arguments.add_string(wire::Keyword::ANI, ani);
  arguments.add_string(wire::Keyword::CalledDeviceID, "8005550000");
  arguments.add_short(wire::Keyword::CallStatus, 2);
  arguments.add_short(wire::Keyword::CallType, 1);
  arguments.add_int(wire::Keyword::PeripheralID, 5000);
  arguments.add_string(wire::Keyword::UniqueObjectID, id);
  bytes.resize(writer.finish().size());
  return bytes;
}

enum class By { kAgent, kValue };

void offer(benchmark::State& state, By by) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const auto log = ring::EventLog::create({.bytes = std::size_t{1} << 16, .gates = 1}).value();
  ChannelTable channels(1, count + 2, std::size_t{1} << 17, UINT32_MAX);
  channels.set_line(0, *log, log->gate(0));
  const auto listen = [&](const std::string& text) {
    const auto filter = MessageFilter::compile(text);
    CTI_CHECK(filter.ok());
    const auto channel = channels.acquire(0, &*filter);
    CTI_CHECK(channel.ok());
    std::uint32_t member = 0;
    (void)channels.join(*channel, 0, member);
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(100'000 + i);
    listen(by == By::kAgent ? "PeripheralID=5000;AgentID=" + number : "ANI=" + number);
  }
  listen("MessageID=1");
  listen("PeripheralID=1");
  const std::string wanted = std::to_string(100'000 + count / 2);
  const auto bytes = record(wanted, wanted);
  const auto update = wire::UpdateView::trusted(bytes);
  for (auto _ : state) {
    CTI_CHECK(channels.offer(0, update, bytes));
    channels.publish(0);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["copied"] =
      static_cast<double>(channels.copied_records()) / static_cast<double>(state.iterations());
}
BENCHMARK_CAPTURE(offer, by_agent, By::kAgent)->Arg(1)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(offer, by_value, By::kValue)->Arg(1)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace cti::bench

BENCHMARK_MAIN();
