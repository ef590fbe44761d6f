// event_log_test.cpp - records whole and in order, cursors that are lapped know it.
#include "ring/event_log.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace cti::ring {
namespace {

using Status = LogRead::Status;

std::unique_ptr<EventLog> make_log(std::size_t bytes = 4096, std::uint32_t gates = 2) {
  auto made = EventLog::create({bytes, gates, MirroredMemory::Pages::kLazy});
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error());
  return std::move(made).value();
}

/// A record of `bytes`: length, then the sequence in every byte behind it.
bool put(EventLog& log, std::size_t bytes, std::uint64_t sequence) {
  const MutableBytes at = log.claim(bytes);
  if (at.empty()) return false;
  std::memset(at.data(), static_cast<int>(sequence & 0xff), bytes);
  store_le<std::uint32_t>(at.data(), static_cast<std::uint32_t>(bytes));
  log.commit(bytes, sequence);
  return true;
}

/// Splits a range into its records' marks; fails on a torn one.
std::vector<int> marks(Bytes range) {
  std::vector<int> got;
  while (!range.empty()) {
    const std::size_t length = load_le<std::uint32_t>(range.data());
    EXPECT_GE(length, 8u);
    EXPECT_LE(length, range.size());
    if (length < 8 || length > range.size()) return got;
    for (std::size_t i = 5; i < length; ++i) EXPECT_EQ(range[i], range[4]) << "a torn record";
    got.push_back(static_cast<int>(range[4]));
    range = range.subspan(length);
  }
  return got;
}

TEST(EventLog, RefusesSizesItCannotHave) {
  EXPECT_FALSE(EventLog::create({2048, 1, MirroredMemory::Pages::kLazy}).ok());
  EXPECT_FALSE(EventLog::create({4097, 1, MirroredMemory::Pages::kLazy}).ok());
  const auto made = EventLog::create({4096, kLogGatesMax + 1, MirroredMemory::Pages::kLazy});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error(), "an event log has at most 256 gates, not 257");
}

TEST(EventLog, ShowsRecordsOnlyOncePublished) {
  const auto log = make_log();
  Cursor cursor;
  EXPECT_EQ(cursor.read(*log, log->gate(0), 1000).status, Status::kCaughtUp);
  ASSERT_TRUE(put(*log, 24, 1));
  EXPECT_EQ(cursor.read(*log, log->gate(0), 1000).status, Status::kCaughtUp);
  log->publish();
  const LogRead got = cursor.read(*log, log->gate(0), 1000);
  ASSERT_EQ(got.status, Status::kRange);
  EXPECT_EQ(marks(got.bytes), (std::vector<int>{1}));
  log->gate(0).leave(got.from);
  cursor.advance(got);
  EXPECT_EQ(cursor.position(), 24u);
  EXPECT_EQ(cursor.read(*log, log->gate(0), 1000).status, Status::kCaughtUp);
}

TEST(EventLog, ReadsWholeRecordsUpToTheLimitButAtLeastOne) {
  const auto log = make_log();
  for (std::uint64_t i = 1; i <= 4; ++i) ASSERT_TRUE(put(*log, 40, i));
  log->publish();
  struct Case {
    std::size_t limit;
    std::vector<int> expected;
  };
  for (const Case& c : {Case{0, {1}}, Case{40, {1}}, Case{79, {1}}, Case{80, {1, 2}},
                        Case{159, {1, 2, 3}}, Case{160, {1, 2, 3, 4}}, Case{9999, {1, 2, 3, 4}}}) {
    const LogRead got = log->read(log->gate(0), 0, c.limit);
    ASSERT_EQ(got.status, Status::kRange);
    EXPECT_EQ(marks(got.bytes), c.expected) << c.limit;
    log->gate(0).leave(got.from);
  }
}

TEST(EventLog, ARangeOverTheEndIsContiguous) {
  const auto log = make_log(4096);
  std::uint64_t sequence = 0;
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(put(*log, 248, ++sequence));
  log->publish();
  const Position from = log->tail() - 2 * 248;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(put(*log, 248, ++sequence));
  log->publish();
  const LogRead got = log->read(log->gate(0), from, 4096);
  ASSERT_EQ(got.status, Status::kRange);
  ASSERT_LT(from, 4096u);
  ASSERT_GT(got.to, 4096u) << "the range must cross the end for this test to mean anything";
  EXPECT_EQ(marks(got.bytes), (std::vector<int>{15, 16, 17, 18, 19, 20}));
}

TEST(EventLog, AnAbortedClaimLeavesNoTrace) {
  const auto log = make_log();
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(log->claim(1000).empty());
    log->abort();
  }
  log->publish();
  EXPECT_EQ(log->tail(), 0u);
}

TEST(EventLog, CommitsLessThanWasClaimed) {
  const auto log = make_log();
  const MutableBytes at = log->claim(1000);
  ASSERT_EQ(at.size(), 1000u);
  store_le<std::uint32_t>(at.data(), 16);
  log->commit(16, 1);
  EXPECT_EQ(log->next_position(), 16u);
}

TEST(EventLog, RefusesAndCountsARecordAboveAQuarterOfTheLog) {
  const auto log = make_log(4096);
  EXPECT_EQ(log->record_bytes_max(), 1024u);
  EXPECT_FALSE(log->claim(1024).empty());
  log->abort();
  EXPECT_TRUE(log->claim(1025).empty());
  EXPECT_EQ(log->claims_blocked(), 1u);
}

TEST(EventLog, RefusesToOverwriteWhatIsNotPublishedYet) {
  const auto log = make_log(4096, 0);
  for (std::uint64_t i = 0; i < 4; ++i) ASSERT_TRUE(put(*log, 1024, i));
  EXPECT_FALSE(put(*log, 8, 4));
  EXPECT_EQ(log->claims_blocked(), 1u);
  log->publish();
  EXPECT_TRUE(put(*log, 8, 4));
}

TEST(EventLog, M7_ACursorThatWasLappedIsToldSoAndReadsOnlyWholeRecordsBefore) {
  const auto log = make_log(4096);
  Cursor slow;
  std::uint64_t sequence = 0;
  std::uint64_t read = 0;
  bool lapped = false;
  for (int turn = 0; turn < 1000 && !lapped; ++turn) {
    for (int i = 0; i < 3; ++i) {
      ++sequence;
      ASSERT_TRUE(put(*log, 56 + 8 * (sequence % 5), sequence));
    }
    log->publish();
    const LogRead got = slow.read(*log, log->gate(0), 100);  // reads one or two of every three
    lapped = got.status == Status::kLapped;
    if (lapped) break;
    ASSERT_EQ(got.status, Status::kRange);
    for (int mark : marks(got.bytes)) EXPECT_EQ(static_cast<std::uint64_t>(mark), ++read & 0xff);
    log->gate(0).leave(got.from);
    slow.advance(got);
  }
  EXPECT_TRUE(lapped);
  EXPECT_LT(slow.position(), log->head());
  EXPECT_EQ(log->gate(0).lowest(), kNoHold) << "a lapped read holds nothing";
  EXPECT_EQ(log->claims_blocked(), 0u) << "a slow cursor never stops the writer";
}

TEST(EventLog, StopsTheWriterAtASendInFlightAndCountsIt) {
  const auto log = make_log(4096);
  ASSERT_TRUE(put(*log, 1024, 1));
  log->publish();
  const LogRead in_flight = log->read(log->gate(1), 0, 4096);
  ASSERT_EQ(in_flight.status, Status::kRange);
  std::uint64_t sequence = 1;
  while (put(*log, 256, ++sequence)) log->publish();
  EXPECT_EQ(log->claims_blocked(), 1u);
  EXPECT_EQ(log->tail(), 4096u) << "up to the held byte, and no further";
  EXPECT_EQ(marks(in_flight.bytes), (std::vector<int>{1})) << "not overwritten while held";
  EXPECT_FALSE(put(*log, 8, 99));
  log->gate(1).leave(in_flight.from);
  EXPECT_TRUE(put(*log, 256, 99));
  EXPECT_EQ(log->read(log->gate(0), 0, 100).status, Status::kLapped);
}

TEST(EventLog, AHoldOnLaterBytesLetsTheWriterUseEarlierOnes) {
  const auto log = make_log(4096);
  for (std::uint64_t i = 0; i < 4; ++i) ASSERT_TRUE(put(*log, 1024, i));
  log->publish();
  const LogRead last = log->read(log->gate(0), 3072, 4096);
  ASSERT_EQ(last.status, Status::kRange);
  for (std::uint64_t i = 4; i < 7; ++i) {
    ASSERT_TRUE(put(*log, 1024, i));
    log->publish();
  }
  EXPECT_FALSE(put(*log, 8, 7));
  EXPECT_EQ(marks(last.bytes), (std::vector<int>{3}));
}

TEST(EventLog, ViewsExactlyTheRestOfARangeThatWentOutInPart) {
  const auto log = make_log(4096);
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(put(*log, 104, i));
  log->publish();
  const LogRead rest = log->view(log->gate(0), 51, 208);
  ASSERT_EQ(rest.status, Status::kRange);
  EXPECT_EQ(rest.bytes.size(), 157u);
  EXPECT_EQ(rest.bytes[0], std::byte{1});
  log->gate(0).leave(51);
  EXPECT_EQ(log->view(log->gate(0), 208, 208).status, Status::kCaughtUp);
  for (std::uint64_t i = 0; i < 60; ++i) {
    ASSERT_TRUE(put(*log, 104, 4 + i));
    log->publish();
  }
  EXPECT_EQ(log->view(log->gate(0), 51, 208).status, Status::kLapped);
}

TEST(EventLog, FindsEverySequenceThatIsStillThere) {
  const auto log = make_log(4096);
  std::vector<Position> at(1, 0);
  for (std::uint64_t i = 1; i <= 500; ++i) {
    at.push_back(log->next_position());
    ASSERT_TRUE(put(*log, 24 + 8 * (i % 7), i));
    log->publish();
  }
  std::uint64_t found = 0;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    const auto position = log->find_sequence(log->gate(0), i);
    EXPECT_EQ(position, log->find_sequence(i)) << "writer and reader agree";
    if (at[i] < log->head()) {
      EXPECT_FALSE(position.has_value()) << i;
    }
    if (!position.has_value()) continue;
    ++found;
    EXPECT_EQ(*position, at[i]) << i;
  }
  EXPECT_GE(found, 4096u / 80) << "nearly the whole log can be resumed from";
  EXPECT_EQ(log->find_sequence(log->gate(0), 501), log->tail()) << "the one after the last";
  EXPECT_FALSE(log->find_sequence(log->gate(0), 502).has_value());
  EXPECT_EQ(log->gate(0).holds(), 0u);
}

TEST(EventLog, FindsNothingInAnEmptyLogOrBeforeTheFirst) {
  const auto log = make_log();
  EXPECT_FALSE(log->find_sequence(0).has_value());
  ASSERT_TRUE(put(*log, 8, 10));
  EXPECT_FALSE(log->find_sequence(10).has_value()) << "committed, but not published";
  log->publish();
  EXPECT_FALSE(log->find_sequence(9).has_value());
  EXPECT_EQ(log->find_sequence(10), Position{0});
}

TEST(EventLog, DoesNotFindASequenceThatWasJumpedOver) {
  const auto log = make_log();
  std::vector<std::pair<std::uint64_t, Position>> there;
  for (std::uint64_t i : {10u, 11u, 20u, 21u, 22u, 40u}) {
    there.emplace_back(i, log->next_position());
    ASSERT_TRUE(put(*log, 16, i));
  }
  log->publish();
  for (const auto& [sequence, position] : there) EXPECT_EQ(log->find_sequence(sequence), position);
  for (std::uint64_t i : {9u, 12u, 13u, 19u, 23u, 39u, 42u}) {
    EXPECT_FALSE(log->find_sequence(i).has_value()) << i;
  }
}

TEST(EventLog, ForgetsOldSequencesAndLetsThemBeginAnew) {
  const auto log = make_log();
  for (std::uint64_t i = 100; i < 110; ++i) ASSERT_TRUE(put(*log, 16, i));
  log->publish();
  EXPECT_DEATH(put(*log, 16, 50), "sequence >= next_sequence_");
  log->forget();
  EXPECT_FALSE(log->find_sequence(105).has_value());
  const Position fresh = log->next_position();
  ASSERT_TRUE(put(*log, 16, 5));
  ASSERT_TRUE(put(*log, 16, 6));
  log->publish();
  EXPECT_EQ(log->find_sequence(5), fresh);
  EXPECT_EQ(log->find_sequence(6), fresh + 16);
  EXPECT_FALSE(log->find_sequence(105).has_value());
}

TEST(EventLog, ChecksOurOwnMisuse) {
  const auto log = make_log();
  EXPECT_DEATH(log->commit(8, 1), "bytes <= claimed_");
  const MutableBytes at = log->claim(16);
  store_le<std::uint32_t>(at.data(), 12);
  EXPECT_DEATH(log->commit(16, 1), "load_le");
  EXPECT_DEATH(log->commit(12, 1), "bytes % 8 == 0");
  EXPECT_DEATH((void)log->claim(8), "claimed_ == 0");
  EXPECT_DEATH((void)log->read(log->gate(0), 8, 8), "from <= end");
}

}  // namespace
}  // namespace cti::ring
