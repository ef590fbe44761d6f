// seqlock_test.cpp - a reader sees one state or looks again.
#include "ring/seqlock.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace cti::ring {
namespace {

struct Three {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
};

TEST(Seqlock, ReadsADefaultValueBeforeTheFirstWrite) {
  const Seqlock<Three> lock;
  const auto got = lock.try_read();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->a, 0u);
}

TEST(Seqlock, ReadsBackWhatWasWrittenLastAlsoWhenNoMultipleOfAWord) {
  static_assert(sizeof(Three) % 8 != 0);
  Seqlock<Three> lock;
  lock.write({1, 2, 3});
  lock.write({4, 5, 6});
  const auto got = lock.read();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->a, 4u);
  EXPECT_EQ(got->b, 5u);
  EXPECT_EQ(got->c, 6u);
}

TEST(Seqlock, ReadGivesUpAfterItsAttempts) {
  const Seqlock<Three> lock;
  EXPECT_FALSE(lock.read(0).has_value());
}

}  // namespace
}  // namespace cti::ring
