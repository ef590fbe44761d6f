// A delivered event allocates nothing: counted by replacing the global operator new of this program.
// (Never inlined: the compiler would see malloc'd memory given to delete and object.)
#include "tests/array_new.hpp"
#include "tests/unit/broker/null_fanout.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
std::uint64_t allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace cti::broker {
namespace {

FanoutConfig config() {
  FanoutConfig config;
  config.sessions_max = 200;
  config.outbox_pool_bytes = 16 << 20;
  return config;
}

TEST(FanoutAllocation, ADeliveredEventAllocatesNothingInAnyMode) {
  NullFanout fanout(config(), 1 << 22);
  for (std::uint32_t i = 0; i < 40; ++i) {
    fanout.open("MessageID=*");
    fanout.open("MessageID=30");
    fanout.open("", i);
  }
  const auto round = [&](std::uint32_t number) {
    for (std::uint32_t i = 0; i < 200; ++i) ASSERT_TRUE(fanout.write((number + i) % 40, 200));
    fanout.publish();
    fanout.settle();
  };
  for (std::uint32_t i = 0; i < 20; ++i) round(i);
  const std::uint64_t sent = fanout.io.bytes_sent;
  std::uint64_t in_reactor = 0;
  for (std::uint32_t i = 0; i < 50; ++i) {
    for (std::uint32_t n = 0; n < 200; ++n) ASSERT_TRUE(fanout.write((i + n) % 40, 200));
    fanout.publish();
    const std::uint64_t before = allocations;
    fanout.settle();
    in_reactor += allocations - before;
  }
  EXPECT_EQ(in_reactor, 0u);
  // 80 monitors got each of 10,000 records, the agents' sessions each their share.
  EXPECT_GT(fanout.io.bytes_sent - sent, 80u * 10'000u * 160u);
}

TEST(FanoutAllocation, AnIdleSessionIsSmall) {
  const std::size_t hot = sizeof(Session) + sizeof(Feed);
  EXPECT_LE(hot, 128u);
  EXPECT_LE(sizeof(SessionDetail), 512u);
}

}  // namespace
}  // namespace cti::broker
