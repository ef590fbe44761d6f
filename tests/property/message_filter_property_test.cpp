// message_filter_property_test.cpp - random filters and records against a matcher that takes the grammar at its word.
#include "broker/fanout/message_filter.hpp"
#include "tests/property/seed.hpp"
#include "wire/object_key.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace cti::test {
namespace {

using broker::MessageFilter;
using wire::Arguments;
using wire::EventId;
using wire::Keyword;
namespace topic = wire::topic;

/// A record as strings: lowercased key -> value.
struct PlainRecord {
  std::map<std::string, std::string> values;
  std::uint32_t event = 0;
  std::string agent;  ///< id of the agent concerned; empty: none
};

std::string lowered(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::string stripped(const std::string& text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at != text.size() && text[at] != by) continue;
    parts.push_back(text.substr(from, at - from));
    from = at + 1;
  }
  return parts;
}

/// Semicolons are AND, commas are OR, a star ends what is compared.
bool obvious(const std::string& filter, const PlainRecord& record) {
  for (const std::string& term : split(filter, ';')) {
    if (stripped(term).empty()) continue;
    const std::size_t equals = term.find('=');
    const std::string key = lowered(stripped(term.substr(0, equals)));
    bool any = false;
    for (const std::string& raw : split(term.substr(equals + 1), ',')) {
      const std::string value = stripped(raw);
      const std::size_t star = value.find('*');
      std::string have;
      bool there = false;
      if (key == "messageid") {
        have = std::to_string(record.event);
        there = true;
      } else if (record.values.count(key)) {
        have = record.values.at(key);
        there = true;
      } else if (key == "agentid" && !record.agent.empty()) {
        have = record.agent;
        there = star == std::string::npos || star == 0;  // prefixes look at the keyword only
      }
      if (!there) continue;
      any |=
          star == std::string::npos ? have == value : have.substr(0, star) == value.substr(0, star);
    }
    if (!any) return false;
  }
  return true;
}

const char* pick(Seed& seed, const std::vector<const char*>& from) {
  return from[seed.below(from.size())];
}

std::string random_filter(Seed& seed) {
  std::string filter;
  for (std::uint64_t terms = 1 + seed.below(3); terms != 0; --terms) {
    std::string key = pick(seed, {"AgentID", "MessageID", "UniqueObjectID", "CallStatus", "ANI",
                                  "PeripheralID", "user.x"});
    const bool number = key == "CallStatus";
    const bool event = key == "MessageID";
    std::string term;
    for (std::uint64_t values = 1 + seed.below(4); values != 0; --values) {
      std::string value = std::to_string(seed.below(3));
      if (event) value = seed.one_in(9) ? "*" : pick(seed, {"30", "23", "24", "9"});
      if (key == "UniqueObjectID")
        value = pick(seed, {"agent.10.1", "agent.10.1*", "call.10.7.1", "call.*", "*"});
      if (!event && !number && key != "UniqueObjectID")
        value = pick(seed, {"1", "10", "101", "1*", "10*x", "2*", "*", "a b"});
      if (number && seed.one_in(4)) value += "*";
      if (seed.one_in(3)) value = " " + value + " ";
      term += (term.empty() ? "" : ",") + value;
    }
    if (seed.one_in(2)) key = lowered(key);
    if (seed.one_in(3)) key = " " + key + " ";
    filter += (filter.empty() ? "" : ";") + key + "=" + term;
  }
  return seed.one_in(5) ? filter + " ; " : filter;
}

/// The same record twice: as bytes and as strings.
PlainRecord random_record(Seed& seed, std::vector<std::byte>& bytes) {
  PlainRecord plain;
  plain.event = static_cast<std::uint32_t>(std::stoul(pick(seed, {"30", "23", "24", "9", "10"})));
  const std::string id =
      pick(seed, {"agent.10.1", "agent.10.10", "call.10.7.1", "call.10.8.1"});
  plain.values["uniqueobjectid"] = id;
  Arguments arguments;
  arguments.set(Keyword::UniqueObjectID, id);
  if (!seed.one_in(3)) plain.agent = pick(seed, {"1", "10", "101", "2"});
  if (seed.one_in(2)) {
    const std::string agent = pick(seed, {"1", "10", "101", "2"});
    arguments.set(Keyword::AgentID, agent);
    plain.values["agentid"] = agent;
  }
  if (seed.one_in(2)) {
    const auto status = static_cast<std::int16_t>(seed.below(20));
    arguments.set(Keyword::CallStatus, status);
    plain.values["callstatus"] = std::to_string(status);
  }
  if (seed.one_in(2)) {
    plain.values["ani"] = pick(seed, {"1", "10", "a b", "", "2x"});
    arguments.set(Keyword::ANI, plain.values["ani"]);
  }
  if (seed.one_in(2)) {
    plain.values["user.x"] = pick(seed, {"1", "101", "a b"});
    Arguments ecc;
    ecc.set("USER.X", plain.values["user.x"]);
    arguments.set(Keyword::ECC, ecc);
  }
  plain.values["peripheralid"] = "10";
  arguments.set(Keyword::PeripheralID, 10);
  bytes.resize(4096);
  wire::UpdateWriter writer(
      bytes, {.id = 1,
              .peripheral_id = 10,
              .object_key = wire::object_key(id),
              .agent_key = plain.agent.empty() ? 0 : wire::object_key("agent.10." + plain.agent),
              .event_id = static_cast<EventId>(plain.event),
              .topics = topic::kCall});
  writer.arguments().add_all(arguments);
  bytes.resize(writer.finish().size());
  return plain;
}

TEST(MessageFilterProperty, MatchesWhatTheGrammarSays) {
  Seed seed("MessageFilterProperty.MatchesWhatTheGrammarSays");
  int matched = 0;
  std::vector<std::byte> bytes;
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = random_filter(seed);
    const auto filter = MessageFilter::compile(text);
    ASSERT_TRUE(filter) << text << ": " << describe(filter.error()) << seed.text();
    const auto canonical = MessageFilter::compile(filter->text());
    ASSERT_TRUE(canonical) << filter->text() << seed.text();
    ASSERT_EQ(canonical->text(), filter->text()) << seed.text();
    for (int i = 0; i < 5; ++i) {
      const PlainRecord record = random_record(seed, bytes);
      const auto view = wire::UpdateView::trusted(bytes);
      const bool expected = obvious(text, record);
      matched += expected;
      ASSERT_EQ(filter->matches(view), expected)
          << text << " against " << view.arguments().dump() << " event " << record.event
          << " agent " << record.agent << "\n"
          << seed.text();
      ASSERT_EQ(canonical->matches(view), expected) << filter->text() << seed.text();
      ASSERT_TRUE(!expected || filter->matches_snapshot(view)) << text << seed.text();
      const auto hint = filter->index_hint();
      ASSERT_TRUE(!expected || hint.object_key == 0 || hint.object_key == view.object_key())
          << text << seed.text();
    }
  }
  EXPECT_GT(matched, 5'000);
}

TEST(MessageFilterProperty, AnyTextCompilesOrIsRefusedWithItsPlace) {
  Seed seed("MessageFilterProperty.AnyTextCompilesOrIsRefusedWithItsPlace");
  static constexpr std::string_view kPieces[] = {"AgentID",
                                                 "MessageID",
                                                 "=",
                                                 "=",
                                                 ",",
                                                 ";",
                                                 "*",
                                                 "30",
                                                 " ",
                                                 "x",
                                                 "user.",
                                                 "0x",
                                                 "99999999999",
                                                 "FilterTarget",
                                                 "SkillGroupStats",
                                                 "\n",
                                                 "\x80"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t n = seed.below(12); n != 0; --n)
      text += kPieces[seed.below(std::size(kPieces))];
    const auto filter = MessageFilter::compile(text);
    if (filter) {
      const auto again = MessageFilter::compile(filter->text());
      ASSERT_TRUE(again) << text << " -> " << filter->text() << seed.text();
      ASSERT_EQ(again->text(), filter->text()) << seed.text();
    } else {
      ASSERT_LE(filter.error().offset, text.size()) << text << seed.text();
      ASSERT_NE(name_of(filter.error().fault), "?") << seed.text();
    }
  }
}

}  // namespace
}  // namespace cti::test
