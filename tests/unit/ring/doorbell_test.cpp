// doorbell_test.cpp - who sleeps is woken, who is awake is not rung for.
#include "ring/doorbell.hpp"

#include <gtest/gtest.h>

namespace cti::ring {
namespace {

TEST(Doorbell, RingsOnlyASleeperThatAnnouncedItself) {
  Doorbell bell;
  int wakes = 0;
  const auto wake = [&] { ++wakes; };
  EXPECT_FALSE(bell.ring_if_sleeping(wake));
  bell.announce();
  EXPECT_TRUE(bell.ring_if_sleeping(wake));
  EXPECT_EQ(wakes, 1);
}

TEST(Doorbell, RingsOncePerSleep) {
  Doorbell bell;
  int wakes = 0;
  const auto wake = [&] { ++wakes; };
  bell.announce();
  EXPECT_TRUE(bell.ring_if_sleeping(wake));
  EXPECT_FALSE(bell.ring_if_sleeping(wake));
  bell.awake();
  bell.announce();
  EXPECT_TRUE(bell.ring_if_sleeping(wake));
  EXPECT_EQ(wakes, 2);
}

TEST(Doorbell, LeavesASleeperAloneThatIsUpAgain) {
  Doorbell bell;
  bell.announce();
  bell.awake();
  EXPECT_FALSE(bell.ring_if_sleeping([] { FAIL() << "nobody sleeps"; }));
}

}  // namespace
}  // namespace cti::ring
