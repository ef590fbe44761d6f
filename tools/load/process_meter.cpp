// process_meter.cpp - reads CPU time and resident memory of a process from /proc.
#include "tools/load/process_meter.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace cti::load {

std::optional<ProcessReading> read_process(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream stat(folder + "/stat");
  std::string line;
  if (!std::getline(stat, line)) return std::nullopt;
  const std::size_t name_end = line.rfind(')');  // the name may hold blanks and brackets
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  std::ifstream statm(folder + "/statm");
  double whole = 0, resident = 0;
  if (!(statm >> whole >> resident)) return std::nullopt;
  ProcessReading reading;
  reading.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  reading.resident_mib =
      resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1024.0 * 1024.0);
  return reading;
}

}  // namespace cti::load
