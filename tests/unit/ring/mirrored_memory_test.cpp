// mirrored_memory_test.cpp - one memory at two addresses in a row.
#include "ring/mirrored_memory.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>
#include <fstream>
#include <string>

namespace cti::ring {
namespace {

using Pages = MirroredMemory::Pages;

TEST(MirroredMemory, ShowsEveryByteTwice) {
  auto made = MirroredMemory::create(8192, Pages::kLazy);
  ASSERT_TRUE(made.ok()) << made.error();
  const MirroredMemory memory = std::move(made).value();
  ASSERT_EQ(memory.size(), 8192u);
  std::memcpy(memory.data() + 8190, "seam", 4);
  EXPECT_EQ(std::memcmp(memory.data(), "am", 2), 0);
  EXPECT_EQ(std::memcmp(memory.data() + 8192, "am", 2), 0);
  memory.data()[8192 + 100] = std::byte{9};
  EXPECT_EQ(memory.data()[100], std::byte{9});
}

TEST(MirroredMemory, MovesAndUnmapsOnce) {
  auto made = MirroredMemory::create(4096, Pages::kPopulate);
  ASSERT_TRUE(made.ok()) << made.error();
  MirroredMemory first = std::move(made).value();
  MirroredMemory second = std::move(first);
  EXPECT_EQ(first.data(), nullptr);  // NOLINT: moved from, on purpose
  ASSERT_NE(second.data(), nullptr);
  second.data()[0] = std::byte{1};
}

/// Shared memory that the system counts as this process's, in KiB.
long resident_shared_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "RssShmem:" && status >> kib) return kib;
  }
  return -1;
}

TEST(MirroredMemory, PopulatedMemoryIsThereAndCountedOnce) {
  constexpr long kKib = 8 * 1024;
  const long before = resident_shared_kib();
  ASSERT_GE(before, 0);
  const auto made = MirroredMemory::create(std::size_t{kKib} * 1024, Pages::kPopulate);
  ASSERT_TRUE(made.ok()) << made.error();
  const long grown = resident_shared_kib() - before;
  EXPECT_GE(grown, kKib * 9 / 10);
  EXPECT_LE(grown, kKib * 11 / 10);
}

TEST(MirroredMemory, NamesTheLimitOfASizeItRefuses) {
  for (std::size_t bytes : {std::size_t{0}, std::size_t{2048}, std::size_t{12288}}) {
    const auto made = MirroredMemory::create(bytes, Pages::kLazy);
    ASSERT_FALSE(made.ok()) << bytes;
    EXPECT_NE(made.error().find("power of two of 4096 to"), std::string::npos) << made.error();
    EXPECT_NE(made.error().find("not " + std::to_string(bytes)), std::string::npos);
  }
}

// No descriptor is left: the refusal names the call, the size and the system's reason, and nothing is kept.
TEST(MirroredMemory, SaysWhichCallTheSystemRefused) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto made = MirroredMemory::create(4096, Pages::kLazy);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().find("memfd_create"), std::string::npos) << made.error();
  EXPECT_NE(made.error().find("4096 bytes"), std::string::npos) << made.error();
}

}  // namespace
}  // namespace cti::ring
