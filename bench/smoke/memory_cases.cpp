#include "bench/smoke/memory_cases.hpp"

#include "bench/smoke/process.hpp"
#include "bench/smoke/source.hpp"
#include "broker/object_map.hpp"
#include "broker/record_sink.hpp"
#include "broker/translator.hpp"
#include "ring/event_log.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/mhdr.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace cti::bench {

namespace ged = wire::ged188;

namespace {

constexpr ged::Version kVersion = 15;
constexpr std::size_t kChunk = 16 * 1024;
constexpr std::size_t kLogBytes = std::size_t{16} << 20;

/// Keeps a value, so that what made it is not optimised away.
template <class T>
void keep(const T& value) {
  asm("" : : "r,m"(value) : "memory");  // no outputs: never dropped
}

/// Calls `once`, which does `things` of them, for `seconds`; things per second, the median of five runs. Seconds are those
/// of this thread's CPU: what else the machine does takes little from the figure.
template <class Once>
double rate(double seconds, std::size_t things, Once&& once) {
  once();
  std::array<double, 5> runs{};
  for (double& run : runs) {
    const double begin = thread_cpu_seconds();
    double now = begin;
    std::size_t done = 0;
    for (; now - begin < seconds / 5; now = thread_cpu_seconds()) {
      for (int i = 0; i < 16; ++i) once();
      done += 16 * things;
    }
    run = static_cast<double>(done) / (now - begin);
  }
  std::sort(runs.begin(), runs.end());
  return runs[2];
}

Bytes write_call_event(MutableBytes buffer) {
  ged::CallDeliveredEventEncoder encoder(
      buffer, kVersion, {.monitor_id = 1, .peripheral_id = 5000, .connection_call_id = 16'777'217});
  encoder.connection_device_id("201:01").alerting_device_id("201").calling_device_id("4155550123");
  encoder.called_device_id("8005550199").trunk_number(17).trunk_group_number(3);
  encoder.ani("4155550123").dnis("5550199").dialed_number("8005550199");
  encoder.caller_entered_digits("123456").call_variable1("customer 4711, Main Street");
  encoder.call_variable2("gold").call_variable3("english, no");
  encoder.call_wrapup_data("sale, follow up tomorrow at ten");
  return *encoder.finish();
}

std::uint64_t read_fixed(const ged::CallDeliveredEventView& view) {
  return view.monitor_id() + view.peripheral_id() + view.peripheral_type() +
         view.connection_device_id_type() + view.connection_call_id() + view.line_handle() +
         view.line_type() + view.service_number() + view.service_id() + view.skill_group_number() +
         view.skill_group_id() + view.skill_group_priority() + view.alerting_device_type() +
         view.calling_device_type() + view.called_device_type() + view.last_redirect_device_type() +
         view.local_connection_state() + view.event_cause() + view.num_named_variables() +
         view.num_named_arrays();
}

}  // namespace

Rates decode_frames(double seconds) {
  constexpr std::size_t kFrames = 64;
  std::array<std::byte, 1024> room;
  const Bytes frame = write_call_event(room);
  std::vector<std::byte> stream;
  for (std::size_t i = 0; i < kFrames; ++i) stream.insert(stream.end(), frame.begin(), frame.end());
  ged::FrameCutter cutter;
  Rates rates{.bytes = frame.size()};
  rates.ours = rate(seconds, kFrames, [&] {
    std::uint64_t sum = 0;
    const auto fed = cutter.feed(stream, [&](const ged::Frame& cut) {
      const auto view = ged::CallDeliveredEventView::decode(cut.body, kVersion);
      if (!view.ok()) give_up("a call event cannot be read");
      sum += read_fixed(*view);
      view->floating().for_each([&](std::uint16_t tag, Bytes bytes) {
        sum += tag + bytes.size() + std::to_integer<std::uint64_t>(*bytes.data());
      });
    });
    if (!fed.ok()) give_up("call events cannot be cut");
    keep(sum);
  });
  rates.floor = rate(seconds, kFrames, [&] {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at + 8 <= stream.size(); at += 8)
      sum += load_le<std::uint64_t>(stream.data() + at);
    keep(sum);
  });
  return rates;
}

Rates log_records(double seconds) {
  constexpr std::size_t kRecordBytes = 256, kPerTurn = 64;
  auto log = std::move(ring::EventLog::create({.bytes = kLogBytes, .gates = 1})).value();
  std::array<std::byte, kRecordBytes> record{};
  store_le<std::uint32_t>(record.data(), kRecordBytes);
  std::uint64_t sequence = 0;
  ring::Cursor cursor;
  Rates rates{.bytes = kRecordBytes};
  rates.ours = rate(seconds, kPerTurn, [&] {
    for (std::size_t i = 0; i < kPerTurn; ++i) {
      const MutableBytes room = log->claim(kRecordBytes);
      CTI_CHECK(!room.empty());
      std::memcpy(room.data(), record.data(), kRecordBytes);
      log->commit(kRecordBytes, ++sequence);
    }
    log->publish();
    const auto range = cursor.read(*log, log->gate(0), kLogBytes);
    CTI_CHECK(range.bytes.size() == kPerTurn * kRecordBytes);
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < range.bytes.size(); at += kRecordBytes)
      sum += load_le<std::uint32_t>(range.bytes.data() + at);
    keep(sum);
    log->gate(0).leave(range.from);
    cursor.advance(range);
  });
  std::vector<std::byte> target(kLogBytes);
  std::size_t at = 0;
  rates.floor = rate(seconds, kPerTurn, [&] {
    for (std::size_t i = 0; i < kPerTurn; ++i) {
      std::memcpy(target.data() + at, record.data(), kRecordBytes);
      at = (at + kRecordBytes) % kLogBytes;
      keep(target.data());
    }
  });
  return rates;
}

Rates pipeline_events(double seconds) {
  const AgentEvents events(400);
  auto log = std::move(ring::EventLog::create({.bytes = kLogBytes, .gates = 0})).value();
  broker::ObjectMap map({1000, 1000});
  broker::RecordSink sink(*log, {1, 1, 0}, 1 << 20);
  broker::Translator translator(map, sink, true, 5000);
  ged::FrameCutter cutter;
  Rates rates{.bytes = events.frame_bytes};
  rates.ours = rate(seconds, events.frames, [&] {
    const Bytes all(events.bytes);
    for (std::size_t at = 0; at < all.size(); at += kChunk) {
      const auto fed = cutter.feed(
          all.subspan(at, std::min(kChunk, all.size() - at)), [&](const ged::Frame& frame) {
            if (!translator.event(frame.message_type, frame.body, kVersion).ok())
              give_up("an agent event cannot be translated");
          });
      if (!fed.ok()) give_up("agent events cannot be cut");
      sink.publish();
    }
  });
  rates.record_bytes = sink.counters().bytes / std::max<std::uint64_t>(1, sink.counters().records);
  std::vector<std::byte> target(rates.bytes + rates.record_bytes), from(target.size());
  rates.floor = rate(seconds, events.frames, [&] {
    for (std::uint32_t i = 0; i < events.frames; ++i) {
      std::memcpy(target.data(), from.data(), target.size());
      keep(target.data());
    }
  });
  return rates;
}

}  // namespace cti::bench
