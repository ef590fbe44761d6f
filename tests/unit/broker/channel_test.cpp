// ChannelTable alone: which records reach which channel, looked up by key and not.
#include "broker/fanout/channel.hpp"

#include "core/random.hpp"
#include "wire/object_key.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cti::broker {
namespace {

struct Table {
  std::unique_ptr<ring::EventLog> log =
      ring::EventLog::create({.bytes = 1 << 16, .gates = 1}).value();
  ChannelTable channels{1, 64, 1 << 16, 1 << 20};
  Table() { channels.set_line(0, *log, log->gate(0)); }
};

/// An update of an agent, or of a call at an agent's device.
std::vector<std::byte> update(std::uint64_t agent, bool call, std::uint64_t number) {
  std::vector<std::byte> bytes(512);
  const std::string agent_id = "agent.5000." + std::to_string(agent);
  const std::string call_id = "call.5000." + std::to_string(number) + ".1";
  const std::string& id = call ? call_id : agent_id;
  wire::UpdateWriter writer(
      bytes, {.id = number,
              .peripheral_id = 5000,
              .object_key = wire::object_key(id),
              .agent_key = wire::object_key(agent_id),
              .event_id = call ? wire::EventId::eCallHeldEvent : wire::EventId::eAgentStateEvent,
              .topics = call ? wire::topic::kCall : wire::topic::kAgent});
  if (!call) writer.arguments().add_string(wire::Keyword::AgentID, std::to_string(agent));
  writer.arguments().add_int(wire::Keyword::PeripheralID, 5000);
  writer.arguments().add_string(wire::Keyword::UniqueObjectID, id);
  bytes.resize(writer.finish().size());
  return bytes;
}

TEST(ChannelTable, EveryChannelGetsWhatItsFilterLetsThroughAndNoMore) {
  Table table;
  core::Random random(7);
  struct Entry {
    MessageFilter filter;
    std::uint16_t index;
    std::uint32_t member = 0;
    bool listens = false;
    std::uint64_t expected = 0;
  };
  std::vector<Entry> entries;
  for (const std::string text :
       {"AgentID=1", "AgentID=2;PeripheralID=5000", "AgentID=1;PeripheralID=5000",
        "UniqueObjectID=agent.5000.3", "UniqueObjectID=call.5000.5.1", "AgentID=1,2",
        "MessageID=30", "PeripheralID=5000", "PeripheralID=6000"}) {
    const auto filter = MessageFilter::compile(text);
    ASSERT_TRUE(filter.ok()) << text;
    entries.push_back({*filter, *table.channels.acquire(0, &*filter)});
  }
  std::uint64_t keyed = 0, matched = 0;
  for (const Entry& entry : entries) keyed += table.channels.at(entry.index).key() != 0;
  EXPECT_GE(keyed, 4u);  // else the lookup is not what is tested
  for (int step = 0; step < 2000; ++step) {
    Entry& one = entries[static_cast<std::size_t>(random.below(entries.size()))];
    if (random.below(8) == 0) {
      if (one.listens) {
        table.channels.leave(one.index, one.member, [](std::uint32_t) {});
      } else {
        (void)table.channels.join(one.index, 0, one.member);
      }
      one.listens = !one.listens;
    }
    const auto bytes = update(1 + random.below(4), random.below(2) == 0, random.below(8));
    const auto view = wire::UpdateView::trusted(bytes);
    ASSERT_TRUE(table.channels.offer(0, view, bytes));
    for (Entry& entry : entries) {
      const bool wanted = entry.listens && entry.filter.matches(view);
      entry.expected += wanted;
      matched += wanted;
      ASSERT_EQ(table.channels.at(entry.index).records, entry.expected)
          << entry.filter.text() << " at step " << step;
    }
    if (random.below(4) == 0) {
      table.channels.publish(0);
      for (const Entry& entry : entries) {
        const Channel& channel = table.channels.at(entry.index);
        ASSERT_EQ(channel.own->tail(), channel.own->next_position());
      }
    }
  }
  EXPECT_GT(matched, 1000u);
}

}  // namespace
}  // namespace cti::broker
