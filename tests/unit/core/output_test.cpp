// output_test.cpp - writing to what does not read, and what becomes of the log meanwhile (M8, M13).
#include "core/output.hpp"

#include "core/log_service.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <regex>
#include <string>
#include <thread>

namespace cti::core {
namespace {

/// A named pipe with a reader that reads only when asked to.
class Pipe {
 public:
  Pipe() {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    reader_.reset(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    writer_.reset(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  }
  ~Pipe() { ::unlink(path_.c_str()); }

  const std::string& path() const { return path_; }
  int writer() const { return writer_.get(); }
  void fill() {
    const Descriptor eager(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    const std::string much(4096, '.');
    while (::write(eager.get(), much.data(), much.size()) > 0) {
    }
  }
  /// Everything that is in it now.
  std::string read() {
    std::string all;
    char buffer[4096];
    for (ssize_t got; (got = ::read(reader_.get(), buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }
  /// Reads until `part` has come. Everything that came.
  std::string read_until(const std::string& part) {
    std::string all;
    const TimePoint end = monotonic_now() + Seconds{20};
    while (all.find(part) == std::string::npos && monotonic_now() < end) {
      all += read();
      std::this_thread::yield();
    }
    return all;
  }

 private:
  std::string path_ = testing::TempDir() + "ringside-pipe-" + std::to_string(::getpid());
  Descriptor reader_;
  Descriptor writer_;
};

TEST(Output, M13_APipeThatNobodyReadsIsFullAfterTheTimeGivenAndNotLater) {
  Pipe pipe;
  Output output(pipe.writer());
  const std::string line(1000, 'x');
  Output::Result result = Output::Result::kWritten;
  for (int i = 0; i < 1000 && result == Output::Result::kWritten; ++i)
    result = output.write(line, Nanos{0});
  EXPECT_EQ(result, Output::Result::kFull);
  const TimePoint before = monotonic_now();
  EXPECT_EQ(output.write(line, Millis{30}), Output::Result::kFull);
  EXPECT_GE(monotonic_now() - before, Nanos(Millis{30}));
  EXPECT_LT(monotonic_now() - before, Nanos(Seconds{5}));
  EXPECT_EQ(pipe.read().size() % line.size(), 0U) << "whole lines only";
  EXPECT_EQ(output.write(line, Millis{30}), Output::Result::kWritten);
  EXPECT_EQ(pipe.read(), line);
}

TEST(Output, LeavesTheOtherUsersOfADescriptorAsTheyWere) {
  Pipe pipe;
  Output output(pipe.writer());
  ASSERT_EQ(output.write("x", Nanos{0}), Output::Result::kWritten);
  EXPECT_EQ(::fcntl(pipe.writer(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Output, M8_ADiskThatIsFullIsAnErrorAtOnce) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Output output(full.get());
  EXPECT_EQ(output.write("x", Seconds{60}), Output::Result::kFailed);
  EXPECT_EQ(output.error(), ENOSPC);
}

TEST(Output, M13_ASocketThatNobodyReadsIsFullToo) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Descriptor ours(ends[0]);
  const Descriptor theirs(ends[1]);
  Output output(ours.get());
  Output::Result result = Output::Result::kWritten;
  for (int i = 0; i < 10'000 && result == Output::Result::kWritten; ++i)
    result = output.write(std::string(1000, 'x'), Millis{1});
  EXPECT_TRUE(result == Output::Result::kFull || result == Output::Result::kPart);
}

TEST(ServiceSink, M13_APipeThatNobodyReadsHoldsUpNeitherWritersNorTheEnd) {
  Pipe pipe;
  auto made = log::make_service_sink({.file = pipe.path(), .queue_lines = 64});
  ASSERT_TRUE(made.ok()) << made.error();
  auto sink = std::move(made).value();
  const std::string line(1000, 'x');
  const TimePoint before = monotonic_now();
  for (int i = 0; i < 500; ++i) sink->write({log::Level::kInfo, "test", line});
  EXPECT_GT(sink->lost(), 0U) << "64 wait, 64 KiB are in the pipe, the rest is counted";
  EXPECT_FALSE(sink->flush(Millis{20}));
  sink.reset();
  EXPECT_LT(monotonic_now() - before, Nanos(Seconds{10}));
}

TEST(ServiceSink, M13_WhatWasLostIsToldOnceSomebodyReadsAgain) {
  Pipe pipe;
  auto made = log::make_service_sink({.file = pipe.path(), .queue_lines = 16});
  ASSERT_TRUE(made.ok()) << made.error();
  auto sink = std::move(made).value();
  pipe.fill();  // else some are lost, told, and others lost later
  const std::string line(1000, 'x');
  for (int i = 0; i < 500; ++i) sink->write({log::Level::kInfo, "test", line});
  ASSERT_GT(sink->lost(), 0U);
  // The thread that writes may have begun to tell while others were still being lost: told in one line or in several.
  std::string read = pipe.read_until("lines were lost");
  const std::string last = "component=test msg=\"the last\"";
  sink->write({log::Level::kInfo, "test", "the last"});
  read += pipe.read_until(last);
  EXPECT_NE(read.find(last), std::string::npos);
  std::uint64_t told = 0;
  const std::regex lines("msg=\"([0-9]+) lines were lost\"");
  for (std::sregex_iterator at(read.begin(), read.end(), lines), end; at != end; ++at)
    told += std::stoull((*at)[1].str());
  EXPECT_EQ(told, sink->lost());
}

TEST(ServiceSink, M13_APipeWithoutAReaderIsRefusedAtStartAndNotWaitedFor) {
  const std::string path = testing::TempDir() + "ringside-lonely-" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto sink = log::make_service_sink({.file = path, .queue_lines = 16});
  ::unlink(path.c_str());
  ASSERT_FALSE(sink.ok());
  EXPECT_NE(sink.error().find(path), std::string::npos) << sink.error();
}

}  // namespace
}  // namespace cti::core
