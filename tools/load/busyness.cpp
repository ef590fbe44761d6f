// busyness.cpp - see busyness.hpp.
#include "tools/load/busyness.hpp"

#include "tools/load/verdict.hpp"

#include <charconv>
#include <fstream>
#include <sstream>
#include <thread>

namespace cti::load {
namespace {

constexpr double kPressureMax = 10;  // per cent of the last ten seconds

std::string contents(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

double number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  double value = 0;
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = text.substr(at + key.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

/// The fourth word of /proc/loadavg is running/all; this program is one of those that run.
int others_running(std::string_view loadavg) {
  for (int word = 0; word < 3; ++word) {
    const std::size_t blank = loadavg.find(' ');
    if (blank == std::string_view::npos) return 0;
    loadavg.remove_prefix(blank + 1);
  }
  int running = 0;
  std::from_chars(loadavg.data(), loadavg.data() + loadavg.size(), running);
  return running - 1;
}

}  // namespace

std::string why_busy(std::string_view loadavg, std::string_view pressure, unsigned cpus) {
  std::string text;
  if (const int others = others_running(loadavg); cpus > 0 && others >= static_cast<int>(cpus)) {
    text = std::to_string(others) + " other threads run on " + std::to_string(cpus) +
           (cpus == 1 ? " CPU" : " CPUs");
  }
  const double waited = number_after(pressure, "some avg10=");
  if (waited > kPressureMax) {
    text += (text.empty() ? "" : ", ") + std::string("work waited for a CPU ") +
            short_number(waited) + " % of the last ten seconds";
  }
  return text;
}

std::string busy_now() {
  return why_busy(contents("/proc/loadavg"), contents("/proc/pressure/cpu"),
                  std::thread::hardware_concurrency());
}

}  // namespace cti::load
