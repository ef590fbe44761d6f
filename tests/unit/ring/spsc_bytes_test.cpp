// spsc_bytes_test.cpp - records of any length through a ring of bytes.
#include "ring/spsc_bytes.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace cti::ring {
namespace {

bool put(SpscBytes& ring, std::string_view text) {
  std::byte* const at = ring.claim(text.size());
  if (at == nullptr) return false;
  std::memcpy(at, text.data(), text.size());
  ring.commit(text.size());
  return true;
}

std::vector<std::string> drained(SpscBytes& ring, std::size_t limit = 100) {
  std::vector<std::string> got;
  ring.drain(limit, [&](Bytes record) { got.emplace_back(as_text(record)); });
  return got;
}

TEST(SpscBytes, GivesRecordsBackInOrderOnceTheyArePublished) {
  SpscBytes ring(256);
  EXPECT_TRUE(put(ring, "one"));
  EXPECT_TRUE(put(ring, "and another"));
  EXPECT_TRUE(ring.empty());
  EXPECT_TRUE(drained(ring).empty());
  ring.publish();
  EXPECT_EQ(drained(ring), (std::vector<std::string>{"one", "and another"}));
}

TEST(SpscBytes, AlignsEveryRecordTo8) {
  SpscBytes ring(256);
  for (std::size_t bytes : {1u, 7u, 8u, 9u}) {
    std::byte* const at = ring.claim(bytes);
    ASSERT_NE(at, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % 8, 0u);
    ring.commit(bytes);
  }
}

TEST(SpscBytes, CommitsLessThanWasClaimed) {
  SpscBytes ring(256);
  std::byte* const at = ring.claim(100);
  ASSERT_NE(at, nullptr);
  std::memcpy(at, "abc", 3);
  ring.commit(3);
  ring.publish();
  EXPECT_EQ(drained(ring), (std::vector<std::string>{"abc"}));
}

TEST(SpscBytes, AnAbortedClaimLeavesNoTrace) {
  SpscBytes ring(64);
  for (int i = 0; i < 100; ++i) {
    ASSERT_NE(ring.claim(20), nullptr);
    ring.abort();
  }
  ring.publish();
  EXPECT_TRUE(drained(ring).empty());
  EXPECT_TRUE(put(ring, "x"));
  ring.publish();
  EXPECT_EQ(drained(ring), (std::vector<std::string>{"x"}));
}

TEST(SpscBytes, KeepsAnEmptyRecordApartFromNoRecord) {
  SpscBytes ring(64);
  EXPECT_EQ(ring.front().data(), nullptr);
  EXPECT_TRUE(put(ring, ""));
  ring.publish();
  EXPECT_NE(ring.front().data(), nullptr);
  EXPECT_EQ(drained(ring), (std::vector<std::string>{""}));
}

TEST(SpscBytes, IsFullToTheByteAndFreeAgainAfterRelease) {
  SpscBytes ring(64);  // four records of 8 + 8
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(put(ring, "12345678"));
  EXPECT_FALSE(put(ring, ""));
  ring.publish();
  EXPECT_EQ(as_text(ring.front()), "12345678");
  EXPECT_FALSE(put(ring, "")) << "front alone gives nothing back";
  ring.release();
  EXPECT_TRUE(put(ring, "abcdefgh"));
  EXPECT_FALSE(put(ring, ""));
}

TEST(SpscBytes, PadsTheEndWhenARecordDoesNotFitBeforeIt) {
  SpscBytes ring(64);
  EXPECT_TRUE(put(ring, std::string(16, 'a')));  // 24
  EXPECT_TRUE(put(ring, std::string(16, 'b')));  // 48: 16 left before the end
  ring.publish();
  EXPECT_EQ(drained(ring).size(), 2u);
  EXPECT_TRUE(put(ring, std::string(20, 'c')));  // padding of 16, then the front
  EXPECT_FALSE(put(ring, std::string(24, 'd'))) << "only 16 bytes are left";
  ring.publish();
  EXPECT_FALSE(ring.empty());
  EXPECT_EQ(drained(ring), (std::vector<std::string>{std::string(20, 'c')}));
}

TEST(SpscBytes, TheLongestRecordFitsAtEveryPositionOfAnEmptyRing) {
  SpscBytes ring(128);
  const std::string longest(ring.record_bytes_max(), 'x');
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(put(ring, "step"));
    ring.publish();
    ASSERT_EQ(drained(ring).size(), 1u);
    ASSERT_TRUE(put(ring, longest)) << i;
    ring.publish();
    ASSERT_EQ(drained(ring), (std::vector<std::string>{longest}));
  }
  EXPECT_EQ(ring.claim(longest.size() + 1), nullptr);
}

TEST(SpscBytes, DrainStopsAtItsLimit) {
  SpscBytes ring(256);
  for (const char* text : {"a", "b", "c"}) EXPECT_TRUE(put(ring, text));
  ring.publish();
  EXPECT_EQ(drained(ring, 2), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(drained(ring, 2), (std::vector<std::string>{"c"}));
}

TEST(SpscBytes, ChecksOurOwnMisuse) {
  EXPECT_DEATH(SpscBytes(8), "bytes >= kBytesMin");
  SpscBytes ring(64);
  EXPECT_DEATH(ring.commit(1), "claimed_ != 0");
  EXPECT_DEATH(ring.release(), "find_record");
  ASSERT_NE(ring.claim(8), nullptr);
  EXPECT_DEATH(ring.commit(9), "stride\\(bytes\\) <= claimed_");
  EXPECT_DEATH((void)ring.claim(8), "claimed_ == 0");
}

}  // namespace
}  // namespace cti::ring
