// memory_room_test.cpp - the limit of the control groups, and when memory counts as short.
#include "core/memory_room.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace cti::core {
namespace {

struct MemoryRoomTest : testing::Test {
  MemoryRoomTest() {
    std::filesystem::create_directories(groups + "/a.slice/b.service");
    write("own", "1:name=x:/else\n0::/a.slice/b.service\n");
  }
  ~MemoryRoomTest() override { std::filesystem::remove_all(groups); }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(groups + "/" + file) << text;
  }
  std::optional<MemoryRoom> read() const { return read_memory_room(groups, groups + "/own"); }
  const std::string groups = testing::TempDir() + "ringside-groups-" + std::to_string(::getpid());
};

TEST_F(MemoryRoomTest, M2_TheTightestGroupCountsWithoutWhatTheKernelCanGiveBack) {
  EXPECT_FALSE(read().has_value());
  write("a.slice/b.service/memory.max", "max\n");
  write("a.slice/b.service/memory.current", "500\n");
  EXPECT_FALSE(read().has_value()) << "no limit";
  write("a.slice/memory.max", "1000\n");
  write("a.slice/memory.current", "900\n");
  write("a.slice/memory.stat", "anon 1\ninactive_file 300\n");
  ASSERT_TRUE(read().has_value());
  EXPECT_EQ(read()->most, 1000U);
  EXPECT_EQ(read()->used, 600U);
  write("a.slice/b.service/memory.max", "600\n");
  EXPECT_EQ(read()->most, 600U) << "100 are left here, 400 above";
  EXPECT_EQ(read()->used, 500U);
}

TEST_F(MemoryRoomTest, M2_ShortFromNinetyHundredthsOnUntilBelowEighty) {
  MemoryWatch watch;
  const auto changes = [&](std::uint64_t used) { return watch.look(MemoryRoom{used, 1000}); };
  EXPECT_FALSE(changes(899));
  EXPECT_TRUE(changes(900));
  EXPECT_TRUE(watch.is_short());
  EXPECT_FALSE(changes(800));
  EXPECT_TRUE(changes(799));
  EXPECT_FALSE(watch.is_short());
  EXPECT_TRUE(changes(5000));
  EXPECT_TRUE(watch.look(std::nullopt)) << "the limit is gone";
}

}  // namespace
}  // namespace cti::core
