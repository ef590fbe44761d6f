// process.hpp - what the kernel says of a process, and time as the fan-out suite measures it. Header only.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace cti::bench {

/// Nanoseconds on the monotonic clock.
inline std::int64_t nanos_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// CPU seconds of the calling thread.
inline double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// CPU seconds, user and system, of all threads that a process has now: /proc/PID/task/*/schedstat, in nanoseconds.
inline double cpu_seconds(pid_t pid) {
  double nanos = 0;
  std::error_code gone;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    std::ifstream file(task.path() / "schedstat");
    double on_cpu = 0;
    if (file >> on_cpu) nanos += on_cpu;
  }
  return nanos * 1e-9;
}

/// Says what went wrong, as the line of JSON that whoever drives this program waits for, and ends it: a benchmark that
/// cannot measure must not print a figure.
[[noreturn]] inline void give_up(const std::string& why) {
  std::string quoted;
  for (const char c : why) quoted += c == '"' || c == '\\' || c < ' ' ? '\'' : c;
  std::printf("{\"error\": \"%s\"}\n", quoted.c_str());
  std::fflush(stdout);
  std::_Exit(1);
}

}  // namespace cti::bench
