// order_test.cpp - no answer overtakes the updates that it comes after: the pieces, and the reactor that uses them.
#include "broker/meet/log_writer.hpp"
#include "broker/meet/tell_lane.hpp"
#include "tests/unit/broker/fanout_world.hpp"

#include <gtest/gtest.h>

namespace cti::broker {
namespace {

using wire::FrameType;

struct Note {
  std::uint64_t after_log_position = 0;
  int number = 0;
};

TEST(TellLane, ShowsNothingBeforeItIsPublished) {
  BasicTellLane<Note> lane(4);
  lane.stage({.after_log_position = 0, .number = 1});
  EXPECT_FALSE(lane.due(100));
  EXPECT_TRUE(lane.publish());
  EXPECT_FALSE(lane.publish()) << "nothing new";
  EXPECT_TRUE(lane.due(0));
}

TEST(TellLane, TakesTheHeadOnlyWhenTheLogHasBeenFollowedToIt) {
  BasicTellLane<Note> lane(8);
  for (int i = 1; i <= 3; ++i)
    lane.stage({.after_log_position = static_cast<std::uint64_t>(i) * 10, .number = i});
  lane.publish();
  std::vector<int> taken;
  const auto take_at = [&](std::uint64_t read) {
    taken.clear();
    lane.take_due(
        8, [&](std::uint64_t) { return read; }, [&](Note&& note) { taken.push_back(note.number); });
    return taken;
  };
  EXPECT_FALSE(lane.due(9));
  EXPECT_TRUE(take_at(9).empty());
  EXPECT_EQ(take_at(20), (std::vector<int>{1, 2}));
  EXPECT_FALSE(lane.due(29));
  EXPECT_EQ(take_at(30), (std::vector<int>{3}));
}

TEST(TellLane, FollowsTheLogToEachTellAndNotFurther) {
  BasicTellLane<Note> lane(8);
  for (int i = 1; i <= 3; ++i)
    lane.stage({.after_log_position = static_cast<std::uint64_t>(i) * 10, .number = i});
  lane.publish();
  std::vector<std::uint64_t> steps;
  lane.take_due(
      2,
      [&](std::uint64_t after) {
        steps.push_back(after);
        return after;
      },
      [&](Note&& note) { steps.push_back(static_cast<std::uint64_t>(note.number)); });
  EXPECT_EQ(steps, (std::vector<std::uint64_t>{10, 1, 20, 2})) << "and two, not three";
}

TEST(TellLane, RefusesAPositionThatFalls) {
  BasicTellLane<Note> lane(4);
  lane.stage({.after_log_position = 10});
  EXPECT_DEATH(lane.stage({.after_log_position = 9}), "staged_after_");
}

/// A record of 8 * `words` bytes, as a log wants them.
Bytes record_in(MutableBytes room, std::size_t words) {
  store_le<std::uint32_t>(room.data(), static_cast<std::uint32_t>(words * 8));
  return room.first(words * 8);
}

TEST(LogWriter, TheEndCountsWhatWaitsInTheSpill) {
  auto log = std::move(ring::EventLog::create({.bytes = 4096, .gates = 1})).value();
  LogWriter writer(*log, 0, 512, 2048);
  ASSERT_TRUE(writer.close(record_in(writer.open(512), 64)));
  writer.publish();
  const auto held = log->read(log->gate(0), 0, 512);
  ASSERT_EQ(held.status, ring::LogRead::Status::kRange);
  while (!writer.blocked()) ASSERT_TRUE(writer.close(record_in(writer.open(512), 64)));
  ASSERT_TRUE(writer.close(record_in(writer.open(512), 10)));
  const ring::Position end = writer.end();
  EXPECT_EQ(end, log->next_position() + writer.waiting());
  EXPECT_EQ(end, 8 * 512 + 512 + 80u) << "a sum of lengths, wherever the records are";
  log->gate(0).leave(0);
  writer.unspill();
  EXPECT_FALSE(writer.blocked());
  EXPECT_EQ(log->next_position(), end) << "the position named beforehand is where they ended";
  EXPECT_EQ(writer.end(), end);
}

TEST(LogWriter, ARecordThatFindsTheSpillFullIsLostAndMovesNothing) {
  auto log = std::move(ring::EventLog::create({.bytes = 4096, .gates = 1})).value();
  LogWriter writer(*log, 7, 512, 1024);
  ASSERT_TRUE(writer.close(record_in(writer.open(512), 64)));
  writer.publish();
  ASSERT_EQ(log->read(log->gate(0), 0, 512).status, ring::LogRead::Status::kRange);
  while (writer.waiting() < 1024) ASSERT_TRUE(writer.close(record_in(writer.open(512), 64)));
  const ring::Position end = writer.end();
  const std::uint64_t sequence = writer.sequence();
  EXPECT_FALSE(writer.close(record_in(writer.open(512), 1)));
  EXPECT_EQ(writer.end(), end);
  EXPECT_EQ(writer.sequence(), sequence);
  log->gate(0).leave(0);
  writer.unspill();
  writer.publish();
  EXPECT_EQ(log->find_sequence(sequence), std::optional(end - 512));
}

TEST(LogWriter, ARoomThatNobodyFilledIsGivenBack) {
  auto log = std::move(ring::EventLog::create({.bytes = 4096, .gates = 0})).value();
  LogWriter writer(*log, 0, 512, 1024);
  (void)writer.open(512);  // whoever was to fill it has thrown
  ASSERT_TRUE(writer.close(record_in(writer.open(512), 2)));
  EXPECT_EQ(writer.end(), 16u);
}

TestRecord of_agent(std::string id) {
  return {.object = "agent.5000." + id, .agent = "agent.5000." + id};
}

/// Types of the last frames that a client got, with the sequences of updates: "u3 reply".
std::string story(const TestClient& client, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < client.frames.size(); ++i) {
    const FrameBytes& frame = client.frames[i];
    if (type_of(frame) == FrameType::kUpdate)
      text += "u" + std::to_string(wire::frame_id(frame.data())) + " ";
    if (type_of(frame) == FrameType::kReply) text += "reply ";
    if (type_of(frame) == FrameType::kSnapshotBegin) text += "snapshot ";
  }
  return text;
}

class AReply : public testing::TestWithParam<std::string_view> {
 protected:
  TestClient& client(FanoutWorld& world) {
    const std::string_view mode = GetParam();
    TestClient& made = mode == "agent" ? world.agent("1001") : world.monitor(mode);
    world.line().answering = false;
    made.request(5);
    world.run(Millis{20});
    return made;
  }
};

TEST_P(AReply, WaitsForARecordThatIsNotPublishedYet) {
  FanoutWorld world;
  FakeLine& line = world.line();
  TestClient& client = this->client(world);
  const std::size_t from = client.frames.size();
  line.write(of_agent("1001"));
  line.tell_reply(line.asks.back().from, 5, line.log().next_position());
  world.run(Millis{20});
  EXPECT_EQ(story(client, from), "");
  line.publish();
  world.run(Millis{20});
  EXPECT_EQ(story(client, from), "u1 reply ");
}

TEST_P(AReply, WaitsThoughAReactorFollowsLittleInATurn) {
  WorldOptions options{.config = small_config()};
  options.config.log_bytes_per_read = options.config.log_bytes_per_turn = 4096;
  FanoutWorld world(options);
  FakeLine& line = world.line();
  TestClient& client = this->client(world);
  const std::size_t from = client.frames.size();
  for (int i = 0; i < 200; ++i) line.write(of_agent("1002"));
  line.write(of_agent("1001"));
  line.log().publish();
  line.tell_reply(line.asks.back().from, 5, line.log().tail());
  line.publish();
  world.run(Millis{50});
  EXPECT_TRUE(story(client, from).ends_with("u201 reply ")) << story(client, from);
}

INSTANTIATE_TEST_SUITE_P(InEveryMode, AReply,
                         testing::Values("agent", "MessageID=*", "MessageID=30"));

}  // namespace
}  // namespace cti::broker
