// session_bench.cpp - what the session protocol costs per event: writing, checking, reading, cutting,
// folding and filtering, beside the least that touching the same bytes can cost.
//
// Event    a call event of usual size: 24 keywords, an ECC array of 3, about 600 bytes.
// Peers    memcpy and a byte sum over the same bytes; std::map<std::string, std::string> for Arguments.
// Result   ns per event ("real_time"), bytes per second. Figures count only against the peers of the
//          same run.
#include "broker/model/buttons.hpp"
#include "broker/fanout/message_filter.hpp"
#include "wire/object_key.hpp"
#include "wire/object_table.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace {

using namespace cti;
using namespace cti::wire;

std::string call_id(std::uint32_t call) { return "call.5000." + std::to_string(call) + ".23901"; }

/// Keywords in ascending order, as a producer that cares writes them; or in the guide's order.
Bytes write_event(MutableBytes buffer, std::uint32_t call, bool ascending, std::uint32_t status) {
  const std::string id = call_id(call);
  UpdateWriter writer(buffer, {.id = call,
                               .peripheral_id = 5000,
                               .object_key = object_key(id),
                               .event_id = EventId::eCallDeliveredEvent,
                               .topics = topic::kCall});
  auto& a = writer.arguments();
  const auto head = [&] {
    a.add_string(Keyword::ANI, "4155550123");
    a.add_uint(Keyword::CallConnectionCallID, call);
    a.add_string(Keyword::CallConnectionDeviceID, "23901");
    a.add_short(Keyword::CallConnectionDeviceIDType, 0);
    a.add_string(Keyword::CalledDeviceID, "8005550199");
    a.add_string(Keyword::CallerEnteredDigits, "123456");
    a.add_string(Keyword::CallingDeviceID, "4155550123");
    a.add_short(Keyword::CallStatus, static_cast<std::int16_t>(status));
    a.add_short(Keyword::CallType, 1);
    a.add_string(Keyword::CallVariable1, "customer 4711, Main Street");
    a.add_string(Keyword::CallVariable2, "gold");
    a.add_string(Keyword::CallVariable3, "english, no");
    a.add_string(Keyword::CallWrapupData, "sale, follow up tomorrow at ten");
  };
  const auto tail = [&] {
    a.add_string(Keyword::DialedNumber, "8005550199");
    a.add_string(Keyword::DNIS, "5550199");
    a.begin_nested(Keyword::ECC);
    a.add_string("user.Account", "0815");
    a.add_string("user.Language", "en");
    a.add_string("user.Segment", "B");
    a.end_nested();
    a.add_uint(Keyword::EnablementMask, 0x001C0001);
    a.add_short(Keyword::EventCause, 22);
    a.add_string(Keyword::ICMEnterpriseUniqueID, "icm.151234.202");
    a.add_short(Keyword::LineType, 0);
    a.add_int(Keyword::PeripheralID, 5000);
    a.add_int(Keyword::RouterCallKeyCallID, 202);
    a.add_int(Keyword::RouterCallKeyDay, 151234);
    a.add_int(Keyword::SkillGroupNumber, 77);
    a.add_string(Keyword::UniqueObjectID, id);
  };
  if (ascending) {
    head();
    tail();
  } else {
    tail();
    head();
  }
  return writer.finish();
}

std::vector<std::byte> event(std::uint32_t call, std::uint32_t status = 2) {
  std::vector<std::byte> buffer(2048);
  buffer.resize(write_event(buffer, call, true, status).size());
  return buffer;
}

void per_event(benchmark::State& state, std::size_t bytes) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

void PeerMemcpy(benchmark::State& state) {
  const auto record = event(1);
  std::vector<std::byte> copy(record.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), record.data(), record.size());
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
  per_event(state, record.size());
}
BENCHMARK(PeerMemcpy);

void PeerByteSum(benchmark::State& state) {
  const auto record = event(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(std::accumulate(
        record.begin(), record.end(), 0U,
        [](unsigned sum, std::byte b) { return sum + std::to_integer<unsigned>(b); }));
  }
  per_event(state, record.size());
}
BENCHMARK(PeerByteSum);

void PeerStdMapOfStrings(benchmark::State& state) {
  const auto record = event(1);
  const auto view = UpdateView::trusted(record).arguments();
  std::vector<std::pair<std::string, std::string>> entries;
  for (const Arg arg : view) entries.emplace_back(arg.key_name(), arg.to_text());
  for (auto _ : state) {
    std::map<std::string, std::string> map(entries.begin(), entries.end());
    benchmark::DoNotOptimize(map.find("SkillGroupNumber"));
  }
  per_event(state, record.size());
}
BENCHMARK(PeerStdMapOfStrings);

void WriteEvent(benchmark::State& state) {
  std::array<std::byte, 2048> buffer;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const Bytes record = write_event(buffer, 202, state.range(0) != 0, 2);
    bytes = record.size();
    benchmark::DoNotOptimize(record.data());
  }
  per_event(state, bytes);
}
BENCHMARK(WriteEvent)->ArgName("ascending")->Arg(1)->Arg(0);

void CheckForeignEvent(benchmark::State& state) {
  const auto record = event(1);
  for (auto _ : state) benchmark::DoNotOptimize(UpdateView::check(record).ok());
  per_event(state, record.size());
}
BENCHMARK(CheckForeignEvent);

void FindFiveKeywords(benchmark::State& state) {
  const auto record = event(1);
  for (auto _ : state) {
    const auto view = UpdateView::trusted(record).arguments();
    benchmark::DoNotOptimize(view.string(Keyword::ANI));
    benchmark::DoNotOptimize(view.integer(Keyword::CallStatus));
    benchmark::DoNotOptimize(view.string(Keyword::CallVariable2));
    benchmark::DoNotOptimize(view.integer(Keyword::EnablementMask));
    benchmark::DoNotOptimize(view.string(Keyword::UniqueObjectID));
  }
  per_event(state, record.size());
}
BENCHMARK(FindFiveKeywords);

void KeywordFromText(benchmark::State& state) {
  static constexpr std::string_view kNames[] = {"AgentID", "uniqueobjectid", "CallVariable7",
                                                "user.Account"};
  std::size_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(keyword_from(kNames[at++ % std::size(kNames)]));
}
BENCHMARK(KeywordFromText);

/// 64 events a chunk (a big receive), or chunks of 1,460 bytes that cut through them.
void CutStream(benchmark::State& state) {
  std::vector<std::byte> stream;
  for (std::uint32_t i = 0; i < 64; ++i) {
    const auto record = event(i);
    stream.insert(stream.end(), record.begin(), record.end());
  }
  const std::size_t piece =
      state.range(0) == 0 ? stream.size() : static_cast<std::size_t>(state.range(0));
  SessionFrameCutter cutter(wire::limits::kFrameBytesMax);
  std::uint64_t frames = 0;
  for (auto _ : state) {
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const Bytes chunk = Bytes(stream).subspan(at, std::min(piece, stream.size() - at));
      benchmark::DoNotOptimize(cutter.feed(chunk, [&](Bytes) { ++frames; }).ok());
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(frames));
  state.SetBytesProcessed(static_cast<std::int64_t>(stream.size()) * state.iterations());
}
BENCHMARK(CutStream)->ArgName("chunk")->Arg(0)->Arg(1460);

/// Updates spread over so many objects that exist already.
void FoldUpdate(benchmark::State& state) {
  const auto objects = static_cast<std::uint32_t>(state.range(0));
  ObjectTable table;
  std::vector<std::vector<std::byte>> records;
  for (std::uint32_t i = 0; i < objects; ++i) {
    records.push_back(event(i));
    if (!table.apply(UpdateView::trusted(records.back()))) state.SkipWithError("refused");
  }
  std::uint64_t at = 0;
  for (auto _ : state) {
    const auto applied = table.apply(UpdateView::trusted(records[at * 7919 % objects]));
    ++at;
    benchmark::DoNotOptimize(applied.ok());
  }
  per_event(state, records.front().size());
  state.counters["held_bytes_per_object"] = static_cast<double>(table.bytes_held()) / objects;
}
BENCHMARK(FoldUpdate)->ArgName("objects")->Arg(100)->Arg(20'000);

/// A call's life: made, changed twice, ended.
void FoldCallLife(benchmark::State& state) {
  ObjectTable table;
  std::vector<std::vector<std::byte>> records;
  for (std::uint32_t i = 0; i < 256; ++i) {
    records.push_back(event(i));
    store_le(records.back().data() + 52, topic::kCall | topic::kEnds);
  }
  std::uint32_t at = 0;
  for (auto _ : state) {
    auto& record = records[at++ % 256];
    store_le(record.data() + 52, std::uint32_t{topic::kCall});
    for (int i = 0; i < 3; ++i)
      benchmark::DoNotOptimize(table.apply(UpdateView::trusted(record)).ok());
    store_le(record.data() + 52, topic::kCall | topic::kEnds);
    benchmark::DoNotOptimize(table.apply(UpdateView::trusted(record)).ok());
  }
  state.SetItemsProcessed(4 * state.iterations());
}
BENCHMARK(FoldCallLife);

void MatchFilter(benchmark::State& state) {
  static constexpr const char* kFilters[] = {
      "MessageID=30", "MessageID=9,10,23,24", "UniqueObjectID=call.5000.7.23901,call.5000.9.23901",
      "AgentID=10*,2001;MessageID=9", "SkillGroupNumber=20,21,77;CallStatus=2,3"};
  const auto record = event(1);
  const auto filter = broker::MessageFilter::compile(kFilters[state.range(0)]);
  state.SetLabel(filter->text());
  const auto view = UpdateView::trusted(record);
  for (auto _ : state) benchmark::DoNotOptimize(filter->matches(view));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(MatchFilter)->DenseRange(0, 4);

void ButtonsOfACall(benchmark::State& state) {
  using namespace wire::ctios;
  const std::array calls{
      broker::CallSituation{.status = LCS_HOLD, .role = broker::ConsultRole::kOriginal},
      broker::CallSituation{
          .status = LCS_CONNECT, .role = broker::ConsultRole::kConsult, .outgoing = true}};
  const broker::AgentSituation agent{.state = eTalking, .calls = calls};
  for (auto _ : state) benchmark::DoNotOptimize(broker::call_buttons(agent, 1).mask);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ButtonsOfACall);

}  // namespace

BENCHMARK_MAIN();
