// message_filter_test.cpp - message filters: what they let through, what they are refused for.
#include "broker/fanout/message_filter.hpp"

#include "wire/ctios_enums.hpp"
#include "wire/object_key.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

namespace {
std::size_t allocations = 0;
}  // namespace

[[gnu::noinline]] void* operator new(
    std::size_t bytes) {  // counts what matching allocates: nothing
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace cti::broker {
namespace {

using wire::Arguments;
using wire::EventId;
using wire::Keyword;
namespace topic = wire::topic;

/// An update record with what a filter looks at.
class Record {
 public:
  Record(EventId event, std::string_view id, std::uint32_t topics, const Arguments& arguments = {},
         std::string_view agent = {}) {
    buffer_.resize(4096);
    wire::UpdateWriter writer(buffer_, {.id = 1,
                                        .peripheral_id = 5000,
                                        .object_key = id.empty() ? 0 : wire::object_key(id),
                                        .agent_key = agent.empty() ? 0 : wire::object_key(agent),
                                        .event_id = event,
                                        .topics = topics});
    writer.arguments().add_all(arguments);
    if (!id.empty()) writer.arguments().add_string(Keyword::UniqueObjectID, id);
    buffer_.resize(writer.finish().size());
  }
  wire::UpdateView view() const { return wire::UpdateView::trusted(buffer_); }

 private:
  std::vector<std::byte> buffer_;
};

Record agent_state(std::string_view agent_id) {
  Arguments arguments;
  arguments.set(Keyword::AgentID, agent_id);
  arguments.set(Keyword::PeripheralID, 5000);
  arguments.set(Keyword::AgentState, std::int16_t{3});
  const std::string id = "agent.5000." + std::string(agent_id);
  return {EventId::eAgentStateEvent, id, topic::kAgent, arguments, id};
}

Record call(EventId event, std::string_view agent_id, const Arguments& arguments = {}) {
  return {event, "call.5000.202.23901", topic::kCall, arguments,
          "agent.5000." + std::string(agent_id)};
}

MessageFilter compiled(std::string_view text) {
  auto filter = MessageFilter::compile(text);
  EXPECT_TRUE(filter) << text << ": " << describe(filter.error());
  return *filter;
}

bool matches(std::string_view text, const Record& record) {
  return compiled(text).matches(record.view());
}

TEST(MessageFilter, EventNumbersAreAlternatives) {
  EXPECT_TRUE(matches("MessageID = 30", agent_state("1001")));
  EXPECT_TRUE(matches("messageid=23,30", agent_state("1001")));
  EXPECT_TRUE(matches("MessageID=0x1e", agent_state("1001")));
  EXPECT_FALSE(matches("MessageID = 23, 24", agent_state("1001")));
  EXPECT_TRUE(matches("MessageID=*", agent_state("1001")));
  EXPECT_TRUE(compiled("MessageID=*").matches_everything());
  EXPECT_TRUE(compiled(" MessageID = * , 30 ").matches_everything());
}

TEST(MessageFilter, Scenario20FilterAlgebra) {
  const MessageFilter filter = compiled("AgentID=10*,2001;MessageID=30");
  EXPECT_TRUE(filter.matches(agent_state("1001").view()));
  EXPECT_TRUE(filter.matches(agent_state("1002").view()));
  EXPECT_TRUE(filter.matches(agent_state("2001").view()));
  EXPECT_FALSE(filter.matches(agent_state("2002").view()));
  const MessageFilter behind_star = compiled("AgentID=10*1");  // what follows the star is ignored
  EXPECT_TRUE(behind_star.matches(agent_state("1001").view()));
  EXPECT_TRUE(behind_star.matches(agent_state("1002").view()));
  EXPECT_FALSE(behind_star.matches(agent_state("2001").view()));
  EXPECT_FALSE(matches("AgentID=1001;MessageID=23", agent_state("1001")));
}

TEST(MessageFilter, ExamplesOfTheGuide) {
  EXPECT_TRUE(matches("MessageId=*;AgentId=5013", agent_state("5013")));
  EXPECT_FALSE(matches("MessageId=*;AgentId=5013", agent_state("50130")));
  EXPECT_TRUE(matches("AgentID=22866, 22867, 22868", agent_state("22867")));
  Arguments group;
  group.set(Keyword::AgentID, "22866");
  group.set(Keyword::SkillGroupNumber, 20);
  const Record record(EventId::eAgentStateEvent, "agent.5000.22866", topic::kAgent, group);
  EXPECT_TRUE(matches("AgentID=22866, 22867, 22868; SkillGroupNumber=20, 21", record));
  EXPECT_FALSE(matches("AgentID=22866, 22867, 22868; SkillGroupNumber=2, 21", record));
  EXPECT_TRUE(matches("SkillGroupNumber=2*", record));
}

TEST(MessageFilter, AgentIdMeansTheAgentAndItsCallsUniqueObjectIdOnlyTheObject) {
  const Record state = agent_state("22866");
  const Record begin = call(EventId::eCallBeginEvent, "22866");
  EXPECT_TRUE(matches("AgentID=22866", state));
  EXPECT_TRUE(matches("AgentID=22866", begin));
  EXPECT_TRUE(matches("AgentID=*", begin));
  EXPECT_FALSE(matches("AgentID=22867", begin));
  EXPECT_TRUE(matches("UniqueObjectID=agent.5000.22866", state));
  EXPECT_FALSE(matches("UniqueObjectID=agent.5000.22866", begin));
  EXPECT_TRUE(matches("UniqueObjectID=call.5000.*", begin));
  EXPECT_FALSE(matches("UniqueObjectID=call.5001.*", begin));
  EXPECT_TRUE(matches("UniqueObjectID=agent.5000.1,call.5000.202.23901", begin));
  EXPECT_FALSE(
      matches("UniqueObjectID=*", Record(EventId::eCTIOSFailureEvent, "", topic::kSystem)));
  EXPECT_FALSE(matches("AgentID=*", Record(EventId::eCTIOSFailureEvent, "", topic::kSystem)));
}

TEST(MessageFilter, ValuesAreComparedAsTheRecordsHaveThem) {
  Arguments arguments;
  arguments.set(Keyword::Monitored, true);
  arguments.set(Keyword::CallStatus, std::int16_t{2});
  arguments.set(Keyword::ANI, "5551234");
  arguments.set(Keyword::ConnectedParty, Arguments());
  Arguments ecc;
  ecc.set("user.Colour", "Blue");
  arguments.set(Keyword::ECC, ecc);
  const Record record = call(EventId::eCallDeliveredEvent, "1", arguments);
  for (const char* yes : {"Monitored=true", "Monitored=1", "CallStatus=02", "CallStatus=+2",
                          "ANI=555*", "ANI=*", "ConnectedParty=*", "user.colour=Blue",
                          "USER.Colour=Bl*", "ANI=1,5551234;CallStatus=2,3"}) {
    EXPECT_TRUE(matches(yes, record)) << yes;
  }
  for (const char* no :
       {"Monitored=false", "CallStatus=3", "ANI=555", "ANI=55512345", "DNIS=*", "ConnectedParty=x",
        "user.Colour=blue", "user.Shape=*", "ANI=5551234;CallStatus=3", "CallStatus=20*"}) {
    EXPECT_FALSE(matches(no, record)) << no;
  }
}

TEST(MessageFilter, StatisticsAndSilentMonitorAreSpecial) {
  const Record statistics(EventId::eNewSkillGroupStatisticsEvent, "skillgroup.5000.77",
                          topic::kSkillGroup);
  for (const char* text :
       {"FilterTarget=SkillGroupStats", "filtertarget = skillgroupstats",
        "FilterTarget=eOnNewSkillGroupStatisticsEvent", "FilterTarget=536871027"}) {
    EXPECT_TRUE(matches(text, statistics)) << text;
    EXPECT_FALSE(matches(text, agent_state("1"))) << text;
  }
  Arguments silent;
  silent.set(Keyword::CallType,
             static_cast<std::int16_t>(wire::ctios::CALLTYPE_SUPERVISOR_MONITOR));
  for (const char* text : {"HideSilentMonitorCallEvents", "HideSilentMonitorCalls=1",
                           "MessageID=23;HideSilentMonitorCallEvents=true"}) {
    EXPECT_FALSE(matches(text, call(EventId::eCallBeginEvent, "1", silent))) << text;
    EXPECT_TRUE(matches(text, call(EventId::eCallBeginEvent, "1"))) << text;
  }
  EXPECT_TRUE(
      matches("HideSilentMonitorCallEvents=0", call(EventId::eCallBeginEvent, "1", silent)));
}

TEST(MessageFilter, SnapshotGoesByObjectsNotEventNumbers) {
  const Record agent = agent_state("1001");
  const Record begin = call(EventId::eSnapshotCallConf, "1001");
  const Record device(EventId::eSnapshotDeviceConf, "device.5000.1", topic::kDevice);
  EXPECT_TRUE(compiled("MessageID=39").matches_snapshot(agent.view()));
  EXPECT_FALSE(compiled("MessageID=39").matches(agent.view()));
  EXPECT_FALSE(compiled("MessageID=30").matches_snapshot(begin.view()));
  EXPECT_FALSE(compiled("MessageID=30").matches_snapshot(device.view()));
  EXPECT_TRUE(compiled("MessageID=23,24").matches_snapshot(begin.view()));
  EXPECT_FALSE(compiled("MessageID=23,24").matches_snapshot(agent.view()));
  EXPECT_TRUE(compiled("MessageID=85").matches_snapshot(device.view()));
  EXPECT_FALSE(compiled("MessageID=30;AgentID=1002").matches_snapshot(agent.view()));
  EXPECT_TRUE(compiled("MessageID=30;AgentID=1001").matches_snapshot(agent.view()));
}

TEST(MessageFilter, EqualFiltersShareTheirText) {
  const std::vector<std::vector<const char*>> groups{
      {"AgentID=1,2;MessageID=30", " messageid = 30 ; agentid = 2 , 1 ",
       "AgentID=2,1,2;MessageID=30,30;", "MessageID=0x1E;AgentID=1,2;AgentID=2,1"},
      {"ANI=10*", "ANI=10*1,1001,100*", "MessageID=*;ani=10*"},
      {"AgentID=1001,10*", "AgentID=100*,10*1,1001"},
      {"AgentID=*", "AgentID=*,5,6*"},
      {"CallStatus=2", "callstatus=+02"},
      {"FilterTarget=SkillGroupStats", "FilterTarget=536871027"},
      {"HideSilentMonitorCallEvents=1", "hidesilentmonitorcalls"},
      {"MessageID=*", "MessageID=1,*"},
  };
  for (const auto& group : groups) {
    const MessageFilter first = compiled(group.front());
    for (const char* text : group) {
      EXPECT_EQ(compiled(text).text(), first.text()) << text;
      EXPECT_EQ(compiled(text).hash(), first.hash()) << text;
    }
    EXPECT_EQ(compiled(first.text()).text(), first.text());
  }
  EXPECT_EQ(compiled("AgentID=2,1;MessageID=30").text(), "MessageID=30;AgentID=1,2");
  EXPECT_NE(compiled("AgentID=1").hash(), compiled("AgentID=2").hash());
  // An exact agent also brings its calls, which a prefix cannot: the two are not the same filter.
  EXPECT_NE(compiled("AgentID=10*,1001").text(), compiled("AgentID=10*").text());
  EXPECT_TRUE(matches("AgentID=10*,1001", call(EventId::eCallBeginEvent, "1001")));
  EXPECT_FALSE(matches("AgentID=10*", call(EventId::eCallBeginEvent, "1001")));
}

TEST(MessageFilter, C14_RefusalsNameWhatAndWhere) {
  const auto refused = [](std::string_view text, FilterFault fault, std::uint32_t offset,
                          std::string_view subject) {
    const auto filter = MessageFilter::compile(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(name_of(filter.error().fault), name_of(fault)) << text;
    EXPECT_EQ(filter.error().offset, offset) << text;
    EXPECT_EQ(filter.error().subject, subject) << text;
    EXPECT_NE(describe(filter.error()).find(subject), std::string::npos) << text;
  };
  refused("", FilterFault::kEmpty, 0, "");
  refused(" \t ", FilterFault::kEmpty, 0, "");
  refused("=5", FilterFault::kKeyMissing, 0, "");
  refused("AgentID=1;;MessageID=30", FilterFault::kKeyMissing, 10, "");
  refused("AgentID", FilterFault::kEqualsMissing, 0, "AgentID");
  refused("AgentID=", FilterFault::kValueMissing, 8, "AgentID");
  refused("AgentID=1,,2", FilterFault::kValueMissing, 10, "AgentID");
  refused("MessageID=30;AgentId=", FilterFault::kValueMissing, 21, "AgentId");
  refused("MessageID=30;Colour=5", FilterFault::kKeyUnknown, 13, "Colour");
  refused("user.=5", FilterFault::kKeyUnknown, 0, "user.");
  refused("CallStatus=abc", FilterFault::kNotANumber, 11, "CallStatus");
  refused("MessageID=30, eAgentStateEvent", FilterFault::kNotANumber, 14, "MessageID");
  refused("MessageID=3*", FilterFault::kNotANumber, 10, "MessageID");
  refused("MessageID=4294967296", FilterFault::kNumberOutOfRange, 10, "4294967296");
  refused("MessageID=99999999999999999999999", FilterFault::kNumberOutOfRange, 10,
          "99999999999999999999999");
  refused("FilterTarget=Calls", FilterFault::kValueUnknown, 13, "Calls");
  refused("HideSilentMonitorCalls=maybe", FilterFault::kValueUnknown, 0, "maybe");
  refused(std::string_view("AgentID=1\0", 10), FilterFault::kBadCharacter, 9, "");
  refused("AgentID=1\n2", FilterFault::kBadCharacter, 9, "");
  EXPECT_TRUE(MessageFilter::compile("\r\nAgentID\t=\n1\n"));
}

TEST(MessageFilter, EventsThatCannotBeFilteredAreRefusedByName) {
  for (const EventId event :
       {EventId::ePreLogoutEvent, EventId::ePostLogoutEvent, EventId::eOnConnection,
        EventId::eOnConnectionClosed, EventId::eOnConnectionFailure, EventId::eOnHeartbeat,
        EventId::eOnMissingHeartbeat, EventId::eOnCurrentCallChanged, EventId::eOnCurrentAgentReset,
        EventId::eOnMonitoredAgentStateChange, EventId::eOnMonitoredCallBegin,
        EventId::eOnMonitoredCallDequeuedEvent}) {
    const auto filter =
        MessageFilter::compile("MessageID=30," + std::to_string(static_cast<std::uint32_t>(event)));
    ASSERT_FALSE(filter) << wire::name_of(event);
    EXPECT_EQ(filter.error().fault, FilterFault::kEventNotFilterable);
    EXPECT_EQ(filter.error().subject, wire::name_of(event));
  }
}

TEST(MessageFilter, LimitsAreNamed) {
  const auto refused = [](const std::string& text, FilterFault fault, std::uint32_t limit) {
    const auto filter = MessageFilter::compile(text);
    ASSERT_FALSE(filter);
    EXPECT_EQ(name_of(filter.error().fault), name_of(fault));
    EXPECT_EQ(filter.error().limit, limit);
    EXPECT_NE(describe(filter.error()).find(std::to_string(limit)), std::string::npos);
  };
  refused("AgentID=" + std::string(4089, '1'), FilterFault::kTextTooLong, 4096);
  EXPECT_TRUE(MessageFilter::compile("AgentID=" + std::string(4088, '1')));
  std::string terms;
  for (int i = 0; i < 16; ++i) terms += "user.k" + std::to_string(i) + "=1;";
  EXPECT_TRUE(MessageFilter::compile(terms));
  refused(terms + "ANI=1", FilterFault::kTooManyTerms, 16);
  std::string values = "AgentID=1";
  for (int i = 0; i < 511; ++i) values += "," + std::to_string(i % 10);
  EXPECT_TRUE(MessageFilter::compile(values));
  refused(values + ",1", FilterFault::kTooManyValues, 512);
  std::string prefixes = "AgentID=";
  for (int i = 100; i < 400; ++i) prefixes += std::to_string(i) + "*,";
  prefixes.pop_back();
  refused(prefixes, FilterFault::kTooCostly, 256);
}

TEST(MessageFilter, SaysWhatItCanBeLookedUpBy) {
  EXPECT_EQ(compiled("UniqueObjectID=agent.5000.1;MessageID=30").index_hint().object_key,
            wire::object_key("agent.5000.1"));
  EXPECT_EQ(compiled("UniqueObjectID=agent.5000.1,agent.5000.2").index_hint().object_key, 0U);
  EXPECT_EQ(compiled("UniqueObjectID=agent.5000.1*").index_hint().object_key, 0U);
  EXPECT_EQ(compiled("AgentID=7;PeripheralID=5000").index_hint().agent_key,
            wire::object_key("agent.5000.7"));
  EXPECT_EQ(compiled("AgentID=7").index_hint().agent_key, 0U);
  EXPECT_EQ(compiled("AgentID=7,8;PeripheralID=5000").index_hint().agent_key, 0U);
}

TEST(MessageFilter, MatchingAllocatesNothing) {
  const MessageFilter filter = compiled(
      "AgentID=10*,2001;MessageID=30,23;PeripheralID=5000;user.X=y;UniqueObjectID=agent.*");
  const Record record = agent_state("1001");
  const Record other = call(EventId::eCallBeginEvent, "2001");
  const std::size_t before = allocations;
  int matched = 0;
  for (int i = 0; i < 1000; ++i) {
    matched += filter.matches(record.view());
    matched += filter.matches_snapshot(other.view());
  }
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(matched, 0);
}

}  // namespace
}  // namespace cti::broker
