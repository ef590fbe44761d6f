// log_file_test.cpp - the log's file when somebody else moves it, deletes it or puts another in its place.
#include "core/log_file.hpp"

#include "core/log_service.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace cti::core::log {
namespace {

namespace fs = std::filesystem;

class LogFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ringside-log-file-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder = name;
    path = folder + "/log";
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string at(int number) const { return path + "." + std::to_string(number); }
  static void put(const std::string& name, const std::string& text) { std::ofstream(name) << text; }
  static std::string text_of(const std::string& name) {
    std::ifstream file(name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// Lines of 100 bytes, as the log's writer writes them.
  static void write(LogFile& file, int lines, char letter) {
    std::string line(100, letter);
    line.back() = '\n';
    for (int i = 0; i < lines; ++i) {
      static_cast<void>(file.make_room(line.size()));
      ASSERT_EQ(file.write(line, Nanos{0}), Output::Result::kWritten);
    }
  }
  LogFile open() {
    auto made = LogFile::open(path, 1000, 3);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
  }

  std::string folder, path;
};

TEST_F(LogFileTest, IsMovedAwayWhenItHasGrown) {
  LogFile file = open();
  write(file, 25, 'a');
  EXPECT_EQ(text_of(path).size(), 500U);
  EXPECT_EQ(text_of(at(1)).size(), 1000U);
  EXPECT_EQ(text_of(at(2)).size(), 1000U);
}

// Found by reading: there was nothing to be moved to .1, and what was there became .2, then .3, then nothing.
TEST_F(LogFileTest, ThatSomebodyHasDeletedIsBegunAnewAndTheOldOnesStay) {
  put(at(1), "one");
  put(at(2), "two");
  LogFile file = open();
  write(file, 8, 'a');
  ASSERT_EQ(::unlink(path.c_str()), 0);
  write(file, 8, 'b');
  EXPECT_EQ(text_of(path).find('a'), std::string::npos);
  EXPECT_EQ(text_of(path).size() % 100, 0U);
  EXPECT_GE(text_of(path).size(), 500U);
  EXPECT_EQ(text_of(at(1)), "one");
  EXPECT_EQ(text_of(at(2)), "two");
}

TEST_F(LogFileTest, OfWhichAnotherHasTakenThePlaceIsLeftAndTheOtherGoneOnWith) {
  put(at(1), "one");
  LogFile file = open();
  write(file, 8, 'a');
  const std::string moved = folder + "/elsewhere";
  fs::rename(path, moved);
  put(path, "new\n");
  write(file, 8, 'b');
  EXPECT_TRUE(text_of(path).starts_with("new\nb"));
  EXPECT_EQ(text_of(at(1)), "one");
  write(file, 20, 'c');
  EXPECT_LE(text_of(moved).size(), 1000U);
  EXPECT_NE(text_of(at(1)), "one") << "from here on it is ours";
}

// The folder cannot be written to for a while: nothing is moved for nothing, and it goes on when it can.
TEST_F(LogFileTest, ThatCannotBeBegunAnewLosesNoOldOne) {
  put(at(1), "one");
  put(at(2), "two");
  LogFile file = open();
  write(file, 8, 'a');
  fs::remove(path);
  fs::create_directory(path);  // where no file can be
  write(file, 40, 'b');
  EXPECT_EQ(text_of(at(1)), "one");
  EXPECT_EQ(text_of(at(2)), "two");
  fs::remove(path);
  write(file, 10, 'c');
  EXPECT_EQ(text_of(path).find('b'), std::string::npos);
  EXPECT_NE(text_of(path).find('c'), std::string::npos);
}

// SIGHUP: the reader of a pipe has stopped reading, and a file has taken its place.
TEST_F(LogFileTest, ALineThatWaitsForRoomIsWrittenWhereTheFileIsNow) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto sink = make_service_sink({.file = path});
  ASSERT_TRUE(sink.ok()) << sink.error();
  const std::string line(1000, 'x');
  for (int i = 0; i < 200; ++i) sink.value()->write({Level::kInfo, "test", line});
  EXPECT_FALSE(sink.value()->flush(Millis{200})) << "more than the pipe takes";
  ASSERT_EQ(::unlink(path.c_str()), 0);
  sink.value()->reopen();
  EXPECT_TRUE(sink.value()->flush(Seconds{20}));
  EXPECT_EQ(sink.value()->lost(), 0U);
  const std::string written = text_of(path);
  EXPECT_GT(written.size(), 100'000U);
  EXPECT_LT(written.size(), 250'000U);
  ::close(reader);
}

}  // namespace
}  // namespace cti::core::log
