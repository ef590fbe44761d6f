// The parts of the line by themselves: map, tables, ids, texts.
#include "broker/model/key_index.hpp"
#include "broker/model/object_id.hpp"
#include "broker/model/object_map.hpp"
#include "broker/model/record_sink.hpp"
#include "broker/model/clean_text.hpp"
#include "broker/translate/translator.hpp"
#include "core/random.hpp"
#include "tests/unit/broker/line_cti_server.hpp"
#include "wire/object_key.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace cti::test {
namespace {

using broker::KeyIndex;

TEST(KeyIndex, NobodyStandsUnderTheKeyZero) {
  KeyIndex index(4);
  EXPECT_EQ(index.find(0), KeyIndex::kNone);
  ASSERT_TRUE(index.insert(8, 0));
  EXPECT_EQ(index.find(0), KeyIndex::kNone) << "an empty place is no entry";
}

TEST(KeyIndex, BehavesLikeAMapUnderRandomUse) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    core::Random random(seed);
    KeyIndex index(64);
    std::map<std::uint64_t, std::uint32_t> twin;
    for (std::uint32_t step = 0; step < 5000; ++step) {
      const std::uint64_t key = random.below(200) + 1;  // low bits collide often
      if (twin.contains(key) && random.chance(0.5)) {
        index.erase(key);
        twin.erase(key);
      } else if (!twin.contains(key)) {
        const bool fits = index.insert(key, step);
        ASSERT_EQ(fits, twin.size() < 64);
        if (fits) twin[key] = step;
      }
      ASSERT_EQ(index.size(), twin.size());
      for (std::uint64_t other = 1; other <= 200; other += 7) {
        const auto found = twin.find(other);
        ASSERT_EQ(index.find(other), found == twin.end() ? KeyIndex::kNone : found->second);
      }
    }
  }
}

TEST(ObjectId, IsMadeAndTakenApart) {
  EXPECT_EQ(broker::call_object_id(5000, 202, "23901").view(), "call.5000.202.23901");
  EXPECT_EQ(broker::agent_object_id(5000, "22866").view(), "agent.5000.22866");
  const auto parts = broker::parse_object_id("call.5000.202.a.b");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->kind, broker::IdKind::kCall);
  EXPECT_EQ(parts->peripheral, 5000U);
  EXPECT_EQ(parts->name, "202.a.b");
  for (const char* const bad : {"", "agent", "agent.", "agent.x.1", "agent.5000", "agent.5000.",
                                "robot.1.2", "agent.99999999999.1"}) {
    EXPECT_FALSE(broker::parse_object_id(bad)) << bad;
  }
  EXPECT_EQ(broker::agent_object_id(1, std::string(500, 'x')).view().size(),
            broker::kObjectIdBytesMax);
}

TEST(CleanText, LeavesPlainTextAloneAndEscapesTheRest) {
  broker::CleanTextRoom room;
  const std::string_view plain = "Alice 5551234 ~";
  EXPECT_EQ(room.clean(plain).data(), plain.data());
  EXPECT_EQ(room.clean(std::string_view("a\0b", 3)), "a");
  EXPECT_EQ(room.clean("\x7F"), "\\x7F");
  EXPECT_EQ(room.clean("gr\xFC\xDF"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(room.clean("\xC3\xBC"), "\xC3\xBC") << "UTF-8 stays";
  EXPECT_EQ(room.clean("\xED\xA0\x80").find('\xED'), std::string_view::npos)
      << "a surrogate is no UTF-8";
  EXPECT_EQ(room.clean(std::string(2000, 'x')).size(), broker::kCleanTextBytesMax);
  for (int byte = 0; byte < 256;
       ++byte) {  // every byte, at every place of the eight that are looked at together
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'a');
      text[at] = static_cast<char>(byte);
      EXPECT_EQ(broker::is_plain(text), byte >= 0x20 && byte <= 0x7E) << byte << " at " << at;
    }
  }
}

// ---- apply ----

/// A log that a translator has written, and the map beside it.
struct Written {
  Written()
      : log(std::move(ring::EventLog::create({.bytes = std::size_t{1} << 20, .gates = 1})).value()),
        map({64, 64}),
        sink(*log, {1, 1, 0}, 1 << 20),
        translator(map, sink, true, 5000) {}

  template <class Encoder>
  void say(Encoder&& encoder) {
    const auto frame = encoder.finish();
    ASSERT_TRUE(frame.ok()) << frame.error().text();
    const auto body = frame->subspan(8);
    ASSERT_TRUE(translator.event(load_be<std::uint32_t>(frame->data() + 4), body, 15).ok());
  }
  std::vector<std::vector<std::byte>> records() {
    log->publish();
    std::vector<std::vector<std::byte>> all;
    const auto read = log->read(log->gate(0), 0, std::size_t{1} << 20);
    for (std::size_t at = 0; at < read.bytes.size();) {
      const std::size_t bytes = wire::frame_length(read.bytes.data() + at);
      all.emplace_back(read.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                       read.bytes.begin() + static_cast<std::ptrdiff_t>(at + bytes));
      at += bytes;
    }
    if (read.status == ring::LogRead::Status::kRange) log->gate(0).leave(read.from);
    return all;
  }

  std::unique_ptr<ring::EventLog> log;
  broker::ObjectMap map;
  broker::RecordSink sink;
  broker::Translator translator;
};

/// A random life of a few agents and calls, with nonsense among it.
void live(Written& written, core::Random& random, int steps) {
  namespace ged = wire::ged188;
  std::vector<std::byte> room(16'384);
  for (int step = 0; step < steps; ++step) {
    const std::string agent = std::to_string(100 + random.below(8));
    const std::string device = std::to_string(900 + random.below(8));
    const auto call = static_cast<std::uint32_t>(random.below(12));
    switch (random.below(8)) {
      case 0: {
        const auto state = static_cast<std::uint16_t>(random.below(11));
        written.say(
            ged::AgentStateEventEncoder(room, 15, {.peripheral_id = 5000, .agent_state = state})
                .agent_id(agent)
                .agent_instrument(device));
        break;
      }
      case 1:
        written.say(
            ged::BeginCallEventEncoder(
                room, 15,
                {.peripheral_id = 5000, .connection_device_id_type = 0, .connection_call_id = call})
                .connection_device_id(device)
                .call_variable1(std::to_string(step)));
        break;
      case 2:
        written.say(ged::CallDeliveredEventEncoder(room, 15,
                                                   {.peripheral_id = 5000,
                                                    .connection_device_id_type = 0,
                                                    .connection_call_id = call,
                                                    .local_connection_state = 2})
                        .connection_device_id(device));
        break;
      case 3:
        written.say(ged::CallEstablishedEventEncoder(room, 15,
                                                     {.peripheral_id = 5000,
                                                      .connection_device_id_type = 0,
                                                      .connection_call_id = call,
                                                      .local_connection_state = 3})
                        .connection_device_id(device));
        break;
      case 4:
        written.say(ged::CallHeldEventEncoder(room, 15,
                                              {.peripheral_id = 5000,
                                               .connection_device_id_type = 0,
                                               .connection_call_id = call,
                                               .local_connection_state = 4})
                        .connection_device_id(device));
        break;
      case 5:
        written.say(ged::CallDataUpdateEventEncoder(
                        room, 15,
                        {.peripheral_id = 5000,
                         .connection_device_id_type = 0,
                         .connection_call_id = call,
                         .new_connection_device_id_type = 0,
                         .new_connection_call_id = static_cast<std::uint32_t>(random.below(12))})
                        .connection_device_id(device)
                        .new_connection_device_id(device));
        break;
      default:
        written.say(
            ged::EndCallEventEncoder(
                room, 15,
                {.peripheral_id = 5000, .connection_device_id_type = 0, .connection_call_id = call})
                .connection_device_id(device));
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

/// What the typed tables say, as text.
std::string picture(const broker::ObjectMap& map) {
  std::vector<std::string> lines;
  map.each_agent([&](const broker::AgentEntry& agent) {
    std::size_t calls = 0;
    map.calls_of(agent, [&](const broker::CallEntry&) { ++calls; });
    lines.push_back(std::string(agent.id.view()) + " " + std::to_string(agent.state) + " " +
                    std::string(agent.instrument.view()) + " " + std::to_string(agent.mask) + " " +
                    std::to_string(calls));
  });
  map.each_call([&](const broker::CallEntry& call) {
    const broker::AgentEntry* const agent = map.agent_of(call);
    lines.push_back(std::string(call.id.view()) + " " + std::to_string(call.status) + " " +
                    std::to_string(call.mask) + " " +
                    (agent == nullptr ? "-" : std::string(agent->id.view())));
  });
  map.each_device([&](const broker::DeviceEntry& device) {
    lines.push_back(std::string(device.id.view()) + " " + std::to_string(device.calls));
  });
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

TEST(Apply, TheSameRecordsGiveTheSameMap) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("replay with seed " + std::to_string(seed));
    core::Random random(seed);
    Written written;
    live(written, random, 400);
    ASSERT_FALSE(HasFatalFailure());
    broker::ObjectMap mirror({64, 64});
    for (const auto& record : written.records()) {
      ASSERT_TRUE(wire::UpdateView::check(record).ok());
      mirror.apply(wire::UpdateView::trusted(record));
    }
    EXPECT_EQ(picture(mirror), picture(written.map));
    EXPECT_EQ(mirror.properties().exact_digest(), written.map.properties().exact_digest());
    EXPECT_EQ(mirror.calls(), written.map.properties().size(wire::ObjectKind::kCall));
    EXPECT_EQ(mirror.counters().fold_errors, 0U);
  }
}

TEST(Apply, FullTablesCountAndChangeNothing) {
  namespace ged = wire::ged188;
  Written written;
  std::vector<std::byte> room(16'384);
  for (std::uint32_t call = 0; call < 100; ++call) {
    written.say(
        ged::BeginCallEventEncoder(
            room, 15,
            {.peripheral_id = 5000, .connection_device_id_type = 0, .connection_call_id = call})
            .connection_device_id("1"));
  }
  EXPECT_EQ(written.map.calls(), 64U);
  EXPECT_EQ(written.map.counters().no_room, 36U);
  for (std::uint32_t call = 0; call < 100; ++call) {
    written.say(
        ged::EndCallEventEncoder(
            room, 15,
            {.peripheral_id = 5000, .connection_device_id_type = 0, .connection_call_id = call})
            .connection_device_id("1"));
  }
  EXPECT_EQ(written.map.calls(), 0U);
  EXPECT_EQ(written.map.devices(), 0U);
}

TEST(RecordSink, KeepsRecordsInOrderWhileAGateHoldsTheLog) {
  auto log = std::move(ring::EventLog::create({.bytes = std::size_t{1} << 17, .gates = 1})).value();
  broker::RecordSink sink(*log, {1, 1, 0}, 1 << 20);
  const auto write = [&] {
    return sink.write({.event = wire::EventId::eAgentStateEvent},
                      [](wire::ArgumentsWriter& writer) {
                        writer.add_string(wire::Keyword::ErrorMessage, std::string(1000, 'x'));
                      });
  };
  ASSERT_TRUE(write());
  sink.publish();
  const auto held = log->read(log->gate(0), 0, 1 << 20);
  ASSERT_EQ(held.status, ring::LogRead::Status::kRange);
  std::uint64_t written = 1;
  while (!sink.blocked() && written < 1000) {
    ASSERT_TRUE(write());
    ++written;
  }
  EXPECT_TRUE(sink.blocked());
  for (int i = 0; i < 20; ++i, ++written) ASSERT_TRUE(write());
  sink.publish();
  std::uint64_t expected = 1;
  ring::Position at = 0;
  const auto take = [&](const ring::LogRead& read) {
    ASSERT_NE(read.status, ring::LogRead::Status::kLapped);
    for (std::size_t offset = 0; offset < read.bytes.size();) {
      EXPECT_EQ(wire::frame_id(read.bytes.data() + offset), expected++);
      offset += wire::frame_length(read.bytes.data() + offset);
    }
    if (read.status == ring::LogRead::Status::kRange) log->gate(0).leave(read.from);
    at = read.to;
  };
  // What is in the log first, while the gate still holds it; then what had to wait.
  const auto rest = log->read(log->gate(0), held.to, 1 << 20);
  take(held);
  take(rest);
  for (int round = 0; round < 100 && expected <= written; ++round) {
    sink.unspill();
    sink.publish();
    take(log->read(log->gate(0), at, 1 << 20));
  }
  EXPECT_EQ(expected, written + 1);
  EXPECT_FALSE(sink.blocked());
}

TEST(RecordSink, SaysWhenTheSpillIsFullToo) {
  auto log = std::move(ring::EventLog::create({.bytes = std::size_t{1} << 17, .gates = 1})).value();
  broker::RecordSink sink(*log, {1, 1, 0}, 4096);
  const auto write = [&] {
    return sink.write({.event = wire::EventId::eAgentStateEvent},
                      [](wire::ArgumentsWriter& writer) {
                        writer.add_string(wire::Keyword::ErrorMessage, std::string(1000, 'x'));
                      });
  };
  ASSERT_TRUE(write());
  sink.publish();
  const auto held = log->read(log->gate(0), 0, 1 << 20);
  ASSERT_EQ(held.status, ring::LogRead::Status::kRange);
  int refused = 0;
  for (int i = 0; i < 300; ++i) refused += write() ? 0 : 1;
  EXPECT_GT(refused, 0);
  EXPECT_EQ(sink.counters().overflows, static_cast<std::uint64_t>(refused));
  EXPECT_TRUE(sink.take_overflowed());
  EXPECT_FALSE(sink.take_overflowed());
  log->gate(0).leave(held.from);
}

}  // namespace
}  // namespace cti::test
