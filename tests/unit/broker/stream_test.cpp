// stream_test.cpp - the order in which a session's bytes leave, and the steps of a feed, without a reactor around them.
#include "broker/fanout/stream.hpp"

#include "tests/unit/broker/fanout_world.hpp"

#include <gtest/gtest.h>

namespace cti::broker {
namespace {

TEST(Feed, GoesFromOffToLiveThroughASnapshot) {
  Feed feed;
  EXPECT_TRUE(feed.off());
  feed.need_image(wire::SnapshotReason::kEntry);
  feed.await_image();
  feed.begin_image();
  EXPECT_TRUE(feed.on_the_way());
  feed.catch_up_from(64);
  feed.advance(128);
  EXPECT_EQ(feed.cursor(), 128u);
  feed.go_live();
  EXPECT_TRUE(feed.live());
  EXPECT_FALSE(feed.in_channel()) << "agent mode has none";
  feed.turn_off();
}

TEST(Feed, KeepsItsChannelUntilItIsReleased) {
  Feed feed;
  feed.take_channel(3);
  feed.catch_up_from(0);
  feed.go_live(7, 256);
  EXPECT_TRUE(feed.in_channel());
  feed.move(2);
  EXPECT_EQ(feed.member(), 2u);
  EXPECT_DEATH(feed.turn_off(), "in_channel");
  EXPECT_DEATH(feed.need_image(wire::SnapshotReason::kLapped), "in_channel");
  feed.leave_channel();
  feed.need_image(wire::SnapshotReason::kLapped);
  EXPECT_EQ(feed.channel(), 3u) << "it comes back to it";
  EXPECT_EQ(feed.release_channel(), 3u);
  EXPECT_EQ(feed.channel(), kNoChannel);
}

TEST(Feed, RefusesStepsThatSkipOne) {
  Feed feed;
  EXPECT_DEATH(feed.go_live(), "kCatchUp");
  EXPECT_DEATH(feed.begin_image(), "kAwaitImage");
  EXPECT_DEATH(feed.advance(8), "kCatchUp");
  feed.catch_up_from(64);
  EXPECT_DEATH(feed.advance(56), "cursor_");
  EXPECT_DEATH(feed.leave_channel(), "in_channel");
}

/// One session on two lines: line 0 is read as it lies, line 1 through a filter.
class AStream : public testing::Test {
 protected:
  AStream() : pool(64), channels(2, 8, std::size_t{1} << 18, 1 << 20), feeds(2) {
    for (std::uint16_t line = 0; line < 2; ++line) {
      logs.push_back(std::move(ring::EventLog::create({.bytes = 1 << 18, .gates = 1})).value());
      channels.set_line(line, *logs.back(), logs.back()->gate(0));
    }
    const auto filter = MessageFilter::compile("MessageID=30");
    feeds[0].take_channel(channels.acquire(0, nullptr).value());
    feeds[1].take_channel(channels.acquire(1, &*filter).value());
  }
  ~AStream() override {
    stream.end(parts());
    EXPECT_EQ(pool.used(), 0u);
    for (const auto& log : logs) EXPECT_EQ(log->gate(0).holds(), 0u);
  }

  StreamParts parts() { return {pool, channels, feeds, image}; }

  void live(std::uint16_t line) {
    if (!feeds[line].on_the_way()) feeds[line].catch_up_from(channels.end(channel(line)));
    std::uint32_t member = 0;
    const ring::Position end = channels.join(feeds[line].channel(), 0, member);
    feeds[line].go_live(member, line == 0 ? feeds[line].cursor() : end);
    stream.let_go(parts());
  }
  Channel& channel(std::uint16_t line) { return channels.at(feeds[line].channel()); }

  /// One record that the session gets on `line`.
  void record(std::uint16_t line) {
    const FrameBytes bytes = record_bytes({.sequence = ++sequence}, {77, 3, 0}, 5000);
    ring::EventLog& log = *logs[line];
    const MutableBytes room = log.claim(bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    log.commit(bytes.size(), sequence);
    log.publish();
    ASSERT_TRUE(channels.offer(line, wire::UpdateView::trusted(bytes), bytes));
    channels.publish(line);
    channels.set_read(line, log.tail());
    record_size = bytes.size();
  }
  /// A private frame that says `text`, 8 bytes.
  static FrameBytes frame(std::string_view text) {
    FrameBytes made(8, std::byte{0});
    std::memcpy(made.data(), text.data(), text.size());
    return made;
  }
  void say(std::string_view text) { ASSERT_TRUE(stream.append(parts(), frame(text))); }
  void say(std::string_view text, std::uint16_t line) {
    ASSERT_TRUE(stream.append(parts(), frame(text), line, logs[line]->tail()));
  }

  /// Sends until there is nothing, `at_most` bytes each; "r" per record byte range, else what the frames say.
  std::string sends(std::uint32_t at_most = UINT32_MAX) {
    std::string text;
    while (stream.can_send()) {
      const Stream::Step step = stream.next(parts(), 1 << 17);
      if (step.next != Stream::Next::kSend) break;
      stream.invariants(parts());
      const SendSource source = stream.source();
      for (std::size_t i = 0; source == SendSource::kOutbox && i < step.bytes.size(); ++i) {
        const char c = static_cast<char>(step.bytes[i]);
        if (c > ' ' && c <= 'z') text += c;
      }
      if (source == SendSource::kChannel) text += std::string(step.bytes.size() / record_size, 'R');
      const auto bytes = std::min(at_most, static_cast<std::uint32_t>(step.bytes.size()));
      outcome = stream.sent(parts(), bytes);
    }
    return text;
  }

  BlockPool pool;
  std::vector<std::unique_ptr<ring::EventLog>> logs;
  ChannelTable channels;
  std::vector<Feed> feeds;
  ImageRun image;
  Stream stream;
  Stream::Sent outcome = Stream::Sent::kAll;
  std::uint64_t sequence = 0;
  std::size_t record_size = 1;
};

TEST_F(AStream, SendsItsOwnFramesBetweenTheUpdatesThatWereThere) {
  live(0);
  record(0);
  say("a", 0);
  record(0);
  say("b", 0);
  record(0);
  EXPECT_EQ(sends(), "RaRbR");
}

TEST_F(AStream, AFilteredChannelKeepsTheSameOrder) {
  live(1);
  record(1);
  say("a", 1);
  record(1);
  EXPECT_EQ(sends(), "RaR");
}

TEST_F(AStream, WhatBelongsToNoLineDoesNotWait) {
  live(0);
  record(0);
  say("a");
  EXPECT_EQ(sends(), "aR");
}

TEST_F(AStream, OneLineDoesNotHoldTheOtherUp) {
  live(0);
  live(1);
  record(0);
  say("a", 0);
  record(1);
  const std::string sent = sends();
  EXPECT_LT(sent.find('R'), sent.find('a'));
  EXPECT_EQ(std::count(sent.begin(), sent.end(), 'R'), 2);
}

TEST_F(AStream, HoldsBackWhatComesBehindUpdatesThatItHasNotBeenGiven) {
  feeds[0].need_image(wire::SnapshotReason::kEntry);
  record(0);
  say("a", 0);
  say("h");
  EXPECT_EQ(sends(), "h");
  feeds[0].await_image();
  feeds[0].begin_image();
  feeds[0].catch_up_from(0);
  stream.let_go(parts());
  EXPECT_EQ(sends(), "") << "the record comes first";
  live(0);
  EXPECT_EQ(sends(), "Ra");
}

TEST_F(AStream, LetsGoOfWhatItHasCaughtUpWith) {
  feeds[1].catch_up_from(0);
  record(1);
  const ring::Position first = logs[1]->tail();
  say("a", 1);
  record(1);
  say("b", 1);
  feeds[1].advance(first);
  stream.let_go(parts());
  EXPECT_EQ(sends(), "a");
  feeds[1].advance(logs[1]->tail());
  stream.let_go(parts());
  EXPECT_EQ(sends(), "b");
}

TEST_F(AStream, KeepsTheOrderOfWhatIsHeldBackAndWhatComesLater) {
  feeds[0].need_image(wire::SnapshotReason::kEntry);
  say("a", 0);
  say("b", 0);
  feeds[0].await_image();
  feeds[0].begin_image();
  feeds[0].catch_up_from(0);
  live(0);
  say("c", 0);
  EXPECT_EQ(sends(), "abc");
}

TEST_F(AStream, ALappedSessionGetsItsAnswerBehindTheSnapshot) {
  live(0);
  say("x", 0);
  record(0);
  say("a", 0);
  say("h");
  stream.lapped(parts(), 0, logs[0]->tail());
  channels.leave(feeds[0].channel(), feeds[0].member(), [](std::uint32_t) {});
  feeds[0].leave_channel();
  feeds[0].need_image(wire::SnapshotReason::kLapped);
  EXPECT_EQ(sends(), "xh") << "what was due stays due; what waited for the record waits on";
  feeds[0].await_image();
  feeds[0].begin_image();
  say("S");
  feeds[0].catch_up_from(logs[0]->tail());
  live(0);
  EXPECT_EQ(sends(), "Sa");
}

TEST_F(AStream, PutsTheRestOfACutRecordBeforeEverythingElse) {
  live(0);
  record(0);
  record(0);
  say("a", 0);
  sends(static_cast<std::uint32_t>(record_size + 8));
  EXPECT_EQ(outcome, Stream::Sent::kShort);
  EXPECT_FALSE(stream.can_send());
  EXPECT_EQ(feeds[0].cursor(), 2 * record_size) << "the rest is kept: the ring may move on";
  stream.writable();
  const Stream::Step step = stream.next(parts(), 1 << 17);
  EXPECT_EQ(step.bytes.size(), record_size - 8);
  EXPECT_EQ(stream.sent(parts(), static_cast<std::uint32_t>(step.bytes.size())),
            Stream::Sent::kAll);
  EXPECT_EQ(sends(), "a");
}

TEST_F(AStream, SaysWhenTheRestOfARecordFindsNoRoom) {
  live(0);
  record(0);
  std::vector<std::uint32_t> taken;
  while (pool.available() > 0) taken.push_back(pool.allocate());
  sends(8);
  EXPECT_EQ(outcome, Stream::Sent::kNoRoom);
  for (const std::uint32_t block : taken) pool.release(block);
}

TEST_F(AStream, GivesTheRingBackWhenTheConnectionEndsInTheMiddleOfASend) {
  live(0);
  record(0);
  ASSERT_EQ(stream.next(parts(), 1 << 17).next, Stream::Next::kSend);
  EXPECT_GT(logs[0]->gate(0).holds(), 0u);
}  // the fixture looks

TEST_F(AStream, SaysThatItsRingHasOvertakenIt) {
  live(0);
  record(0);
  for (int i = 0; i < 3000; ++i) record(0);
  const Stream::Step step = stream.next(parts(), 1 << 17);
  EXPECT_EQ(step.next, Stream::Next::kLapped);
  EXPECT_EQ(step.line, 0u);
}

TEST_F(AStream, FinishesARunOfAnImageBeforeAnythingElse) {
  auto made = std::make_shared<SnapshotImage>();
  const FrameBytes bytes = record_bytes({.sequence = 1, .snapshot = true}, {77, 3, 0}, 5000);
  made->bytes.assign(bytes.begin(), bytes.end());
  image.image = made;
  image.run_end = static_cast<std::uint32_t>(bytes.size());
  stream.begin_run(image);
  say("a");
  Stream::Step step = stream.next(parts(), 1 << 17);
  EXPECT_EQ(step.bytes.data(), made->bytes.data());
  EXPECT_EQ(stream.sent(parts(), 16), Stream::Sent::kShort);
  stream.writable();
  step = stream.next(parts(), 1 << 17);
  EXPECT_EQ(step.bytes.data(), made->bytes.data() + 16);
  EXPECT_EQ(stream.sent(parts(), static_cast<std::uint32_t>(step.bytes.size())),
            Stream::Sent::kAll);
  EXPECT_EQ(sends(), "a");
}

}  // namespace
}  // namespace cti::broker
