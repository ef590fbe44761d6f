// process_numbers.cpp - reading /proc/self.
#include "core/process_numbers.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace cti::core {
namespace {

std::uint64_t count_open_files() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
  if (folder == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(folder.get())) count += entry->d_name[0] != '.';
  return count > 0 ? count - 1 : 0;  // the folder itself
}

/// Seconds since 1970 at which the machine came up.
std::uint64_t boot_time_s() {
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    if (line.starts_with("btime ")) return std::stoull(line.substr(6));
  }
  return 0;
}

}  // namespace

ProcessNumbers read_process_numbers() {
  ProcessNumbers numbers;
  std::ifstream stat("/proc/self/stat");
  std::string all;
  std::getline(stat, all);
  // The name is in parentheses and may have spaces: fields count from behind it, the state being the third.
  const std::size_t name_end = all.rfind(')');
  if (name_end == std::string::npos) return numbers;
  std::istringstream fields(all.substr(name_end + 1));
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  std::string word;
  std::uint64_t cpu_ticks = 0;
  for (int field = 3; fields >> word && field <= 24; ++field) {
    if (field < 14) continue;  // some of them are negative
    const std::uint64_t value = std::strtoull(word.c_str(), nullptr, 10);
    if (field == 14 || field == 15) cpu_ticks += value;
    if (field == 20) numbers.threads = value;
    if (field == 22 && ticks > 0) numbers.started_ms = boot_time_s() * 1000 + value * 1000 / ticks;
    if (field == 23) numbers.virtual_bytes = value;
    if (field == 24)
      numbers.resident_bytes = value * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  if (ticks > 0) numbers.cpu_ms = cpu_ticks * 1000 / ticks;
  numbers.open_files = count_open_files();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) numbers.open_files_max = limit.rlim_cur;
  return numbers;
}

}  // namespace cti::core
