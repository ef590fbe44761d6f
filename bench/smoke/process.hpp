// process.hpp - what the kernel says of a process, and time as the smoke benchmark measures it. Header only.
#pragma once

#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace cti::bench {

/// Seconds on the monotonic clock.
inline double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// CPU seconds of the calling thread.
inline double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// CPU seconds, user and system, of all threads of a process so far; granularity: one tick (10 ms).
inline double cpu_seconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  std::size_t at = text.rfind(')');
  if (at == std::string::npos) return 0;
  double ticks = 0;
  for (int field = 3; field <= 15 && at != std::string::npos; ++field) {
    at = text.find(' ', at + 1);
    if (field >= 14 && at != std::string::npos) ticks += std::strtod(text.c_str() + at, nullptr);
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// Resident bytes of a process.
inline double resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// Says what went wrong and ends the program: a benchmark that cannot measure must not print a figure.
[[noreturn]] inline void give_up(const std::string& why) {
  std::fprintf(stderr, "smoke_bench: %s\n", why.c_str());
  std::exit(1);
}

}  // namespace cti::bench
