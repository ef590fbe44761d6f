// log_test.cpp - lines of the log: bounded, escaped, counted when they are lost.
#include "core/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace cti::core::log {
namespace {

TimePoint test_now{};
const Clock kTestClock{[] { return test_now; }, [] { return WallMillis{0}; }};

struct LogTest : testing::Test {
  struct Collector final : Sink {
    explicit Collector(std::vector<std::string>& to) : lines(to) {}
    void write(const Record& record) override {
      std::string line =
          text(level_name(record.level), ' ', record.component, ": ", record.message);
      for (const Field& field : record.fields) line += text(' ', field.key, '=', field.value);
      lines.push_back(line);
    }
    std::vector<std::string>& lines;
  };
  LogTest() {
    test_now = TimePoint{Seconds{1000}};
    set_clock(&kTestClock);
    set_sink(std::make_unique<Collector>(lines));
  }
  ~LogTest() override {
    test_now = test_now + Seconds{1000};  // no kind outlives its test
    report_suppressed();
    set_sink(nullptr);
    set_level(Level::kInfo);
    set_clock(nullptr);
  }
  std::vector<std::string> lines;
};

TEST_F(LogTest, WritesLevelComponentAndMessage) {
  write(Level::kInfo, "line", text("port ", 42, ' ', true, ' ', -7, ' ', std::uint64_t{1} << 63));
  EXPECT_EQ(lines, (std::vector<std::string>{"info line: port 42 yes -7 9223372036854775808"}));
}

TEST_F(LogTest, LeavesOutWhatIsBelowTheLevel) {
  write(Level::kDebug, "line", "quiet");
  set_level(Level::kDebug);
  write(Level::kDebug, "line", "loud");
  set_level(Level::kError);
  write(Level::kWarning, "line", "quiet again");
  EXPECT_EQ(lines, (std::vector<std::string>{"debug line: loud"}));
}

TEST_F(LogTest, NoMessageCanForgeALine) {
  write(Level::kInfo, "line", "name\n2026 error line: forged\x1b[2J\x7f");
  EXPECT_EQ(lines,
            (std::vector<std::string>{"info line: name\\x0a2026 error line: forged\\x1b[2J\\x7f"}));
}

TEST_F(LogTest, CutsALineThatIsTooLongAndSaysSo) {
  write(Level::kInfo, "line", std::string(100'000, 'x'));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_LE(lines[0].size(), kLineBytesMax + 64);
  EXPECT_NE(lines[0].find("... (100000 bytes)"), std::string::npos);
}

TEST_F(LogTest, EscapesAndBoundsWhatAPeerSent) {
  EXPECT_EQ(escaped("plain text"), "plain text");
  EXPECT_EQ(escaped("a\"b\\c\n\xc3\xbc"), "a\\\"b\\\\c\\x0a\\xc3\\xbc");
  EXPECT_EQ(escaped("abcdefgh", 4), "abcd... (8 bytes)");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\x00");
}

TEST_F(LogTest, CountsWhatGoesBeyondTheBurstAndReportsItWithTheNextWindow) {
  for (int i = 0; i < 12; ++i) write_limited(Level::kWarning, "line", "bad frame", "bad frame");
  EXPECT_EQ(lines.size(), kBurst);
  test_now = test_now + kWindow;
  write_limited(Level::kWarning, "line", "bad frame", "again");
  ASSERT_EQ(lines.size(), kBurst + 2);
  EXPECT_EQ(lines[5], "warning line: 7 more lines of the kind \"bad frame\" were left out");
  EXPECT_EQ(lines[6], "warning line: again");
}

TEST_F(LogTest, LimitsEachKindOfEachComponentByItself) {
  for (int i = 0; i < 6; ++i) {
    write_limited(Level::kInfo, "line", "a", "a");
    write_limited(Level::kInfo, "line", "b", "b");
    write_limited(Level::kInfo, "fanout", "a", "a");
  }
  EXPECT_EQ(lines.size(), 3 * kBurst);
}

TEST_F(LogTest, ReportsCountsOfKindsThatHaveFallenSilent) {
  for (int i = 0; i < 6; ++i) write_limited(Level::kInfo, "line", "a", "a");
  report_suppressed();
  EXPECT_EQ(lines.size(), kBurst) << "the window is still open";
  test_now = test_now + kWindow;
  report_suppressed();
  EXPECT_EQ(lines.back(), "warning line: 1 more lines of the kind \"a\" were left out");
  lines.clear();
  report_suppressed();
  EXPECT_TRUE(lines.empty()) << "told once";
}

TEST_F(LogTest, HoldsABoundedNumberOfKindsAndLosesNoCount) {
  for (int i = 0; i < 8; ++i) write_limited(Level::kInfo, "line", "first", "first");
  test_now = test_now + Nanos{1};
  for (std::size_t i = 0; i < kKindsMax; ++i) {
    write_limited(Level::kInfo, "line", std::to_string(i), "x");
  }
  EXPECT_EQ(std::count(lines.begin(), lines.end(),
                       "warning line: 3 more lines of the kind \"first\" were left out"),
            1);
}

TEST_F(LogTest, StampsLinesInUtc) {
  EXPECT_EQ(timestamp(WallMillis{0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(timestamp(WallMillis{1'700'000'000'042}), "2023-11-14T22:13:20.042Z");
}

TEST_F(LogTest, M8_ADiskThatIsFullLosesLinesNotTheService) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  set_sink(descriptor_sink(full));
  write(Level::kInfo, "line", "one");
  write(Level::kInfo, "line", "two");
  EXPECT_EQ(lost_lines(), 2u);
  ASSERT_GE(::dup2(ends[1], full), 0);  // the disk has room again
  write(Level::kInfo, "line", "three");
  EXPECT_EQ(lost_lines(), 2u);
  char buffer[256] = {};
  ASSERT_GT(::read(ends[0], buffer, sizeof buffer - 1), 0);
  EXPECT_STREQ(
      buffer,
      "time=1970-01-01T00:00:00.000Z level=warning component=log msg=\"2 lines were lost\"\n"
      "time=1970-01-01T00:00:00.000Z level=info component=line msg=\"three\"\n");
  set_sink(nullptr);
  for (int fd : {full, ends[0], ends[1]}) ::close(fd);
}

TEST_F(LogTest, TakesLinesFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) write(Level::kInfo, "line", "x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines.size(), 400u);
}

}  // namespace
}  // namespace cti::core::log
