// map_bench.cpp - from an object's key to the object: our indices beside two maps of others, 10,000 to 1,000,000 objects.
//
// Cases    find, churn (one object goes, another comes), fill (insert into an empty map, as it grows); apply: a call's
//          update folded into wire::ObjectTable with so many objects in it.
// Maps     KeyIndex: the line's, places for all from the start. ObjectIndex: wire's, grows by steps. Beside them
//          std::unordered_map and, when it is installed, tsl::robin_map. Keys are XXH3 hashes, as in the product, so all
//          take them as they are. Objects are asked for in no order.
// Longest  fill also says how long its slowest insert took, in the best of its fills: a line stands still for so long.
#include "broker/model/key_index.hpp"
#include "wire/object_index.hpp"
#include "wire/object_key.hpp"
#include "wire/object_table.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#if __has_include(<tsl/robin_map.h>)
#include <tsl/robin_map.h>
#define RINGSIDE_BENCH_ROBIN 1
#endif

namespace cti::bench {
namespace {

struct AsItIs {
  std::size_t operator()(std::uint64_t key) const noexcept { return key; }
};

struct OurKeyIndex {
  broker::KeyIndex map;
  explicit OurKeyIndex(std::size_t count) : map(count) {}
  void insert(std::uint64_t key, std::uint32_t value) { CTI_CHECK(map.insert(key, value)); }
  void erase(std::uint64_t key) { map.erase(key); }
  std::uint32_t find(std::uint64_t key) const { return map.find(key); }
};
struct OurObjectIndex {
  wire::ObjectIndex map;
  explicit OurObjectIndex(std::size_t) {}
  void insert(std::uint64_t key, std::uint32_t value) { CTI_CHECK(map.insert(key, value)); }
  void erase(std::uint64_t key) { CTI_CHECK(map.erase(key)); }
  std::uint32_t find(std::uint64_t key) const { return map.find(key); }
};
template <class Map>
struct Theirs {
  Map map;
  explicit Theirs(std::size_t) {}
  void insert(std::uint64_t key, std::uint32_t value) { map.emplace(key, value); }
  void erase(std::uint64_t key) { map.erase(key); }
  std::uint32_t find(std::uint64_t key) const { return map.find(key)->second; }
};
using StdMap = Theirs<std::unordered_map<std::uint64_t, std::uint32_t, AsItIs>>;
#ifdef RINGSIDE_BENCH_ROBIN
using RobinMap = Theirs<tsl::robin_map<std::uint64_t, std::uint32_t, AsItIs>>;
#endif

std::uint64_t key_of(std::uint64_t number) {
  return wire::hash64(std::as_bytes(std::span(&number, 1)));
}
std::vector<std::uint64_t> keys(std::size_t count) {
  std::vector<std::uint64_t> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = key_of(i);
  return all;
}
/// A walk through all numbers below `count` that looks like chance.
std::size_t next(std::size_t at, std::size_t count) { return (at + 7'654'321) % count; }

template <class Map>
Map filled(const std::vector<std::uint64_t>& all) {
  Map map(all.size() + 1);
  for (std::size_t i = 0; i < all.size(); ++i) map.insert(all[i], static_cast<std::uint32_t>(i));
  return map;
}

template <class Map>
void find(benchmark::State& state) {
  const auto all = keys(static_cast<std::size_t>(state.range(0)));
  const Map map = filled<Map>(all);
  std::size_t at = 0;
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum += map.find(all[at]);
    at = next(at, all.size());
  }
  benchmark::DoNotOptimize(sum);
}

template <class Map>
void churn(benchmark::State& state) {
  auto all = keys(static_cast<std::size_t>(state.range(0)));
  Map map = filled<Map>(all);
  std::uint64_t fresh = all.size();
  std::size_t at = 0;
  for (auto _ : state) {
    map.erase(all[at]);
    all[at] = key_of(fresh++);
    map.insert(all[at], static_cast<std::uint32_t>(at));
    at = next(at, all.size());
  }
}

template <class Map>
void fill(benchmark::State& state) {
  const auto all = keys(static_cast<std::size_t>(state.range(0)));
  auto least = std::chrono::nanoseconds::max();  // over the fills: others use the machine too
  for (auto _ : state) {
    std::chrono::nanoseconds longest{0};
    Map map(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto before = std::chrono::steady_clock::now();
      map.insert(all[i], static_cast<std::uint32_t>(i));
      longest =
          std::max<std::chrono::nanoseconds>(longest, std::chrono::steady_clock::now() - before);
    }
    benchmark::DoNotOptimize(&map);
    least = std::min(least, longest);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["longest_us"] = static_cast<double>(least.count()) / 1e3;
}

/// A held and a retrieved call, the way a call's record usually changes it.
void apply(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  wire::ObjectTable table({.objects_max = static_cast<std::uint32_t>(count + 1)});
  std::vector<std::byte> room(1024);
  const auto update = [&](std::size_t call, std::int16_t status, bool whole) {
    const std::string id = "call.5000." + std::to_string(call) + ".30001";
    wire::UpdateWriter writer(room,
                              {.id = 1,
                               .peripheral_id = 5000,
                               .object_key = wire::object_key(id),
                               .event_id = wire::EventId::eCallHeldEvent,
                               .topics = wire::topic::kCall | (whole ? wire::topic::kWhole : 0U)});
    if (whole) writer.arguments().add_string(wire::Keyword::ANI, "5551234567");
    writer.arguments().add_short(wire::Keyword::CallStatus, status);
    writer.arguments().add_int(wire::Keyword::EnablementMask, status);
    writer.arguments().add_string(wire::Keyword::UniqueObjectID, id);
    const Bytes frame = writer.finish();
    CTI_CHECK(!frame.empty());
    return std::vector<std::byte>(frame.begin(), frame.end());
  };
  for (std::size_t i = 0; i < count; ++i) {
    CTI_CHECK(table.apply(wire::UpdateView::trusted(update(i, 3, true))).ok());
  }
  std::vector<std::vector<std::byte>> records;
  for (std::size_t i = 0, at = 0; i < std::min<std::size_t>(count, 20'000); ++i) {
    records.push_back(update(at, static_cast<std::int16_t>(3 + i % 2), false));
    at = next(at, count);
  }
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.apply(wire::UpdateView::trusted(records[at])).ok());
    if (++at == records.size()) at = 0;
  }
  CTI_CHECK(table.counters().refused == 0);
}

template <void (*Function)(benchmark::State&)>
void add(const std::string& name) {
  benchmark::RegisterBenchmark(name.c_str(), Function)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);
}
template <class Map>
void add_map(const std::string& name) {
  add<find<Map>>("find/" + name);
  add<churn<Map>>("churn/" + name);
  add<fill<Map>>("fill/" + name);
}

}  // namespace
}  // namespace cti::bench

int main(int argc, char** argv) {
  using namespace cti::bench;
  benchmark::Initialize(&argc, argv);
  add_map<OurKeyIndex>("KeyIndex");
  add_map<OurObjectIndex>("ObjectIndex");
  add_map<StdMap>("std_unordered_map");
#ifdef RINGSIDE_BENCH_ROBIN
  add_map<RobinMap>("robin_map");
#endif
  add<apply>("apply/ObjectTable");
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
