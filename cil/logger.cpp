// logger.cpp - the one log manager of a process, and files that rotate by size.
#include "cil/logger.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <vector>

namespace cti::cil {
namespace {

constexpr std::size_t kListenersMax = 256;
constexpr std::size_t kLineBytesMax = 64 * 1024;

/// The one log manager of the process.
struct LogManager {
  std::recursive_mutex mutex;  // guards what follows; a listener may trace or unregister itself
  int mask = 0x40000307;       // what the guide advises for clients
  std::vector<ILogEvents*> listeners;
};

LogManager& manager() {
  static LogManager one;
  return one;
}

}  // namespace

int Logger::GetTraceMask() const {
  const std::lock_guard lock(manager().mutex);
  return manager().mask;
}
void Logger::SetTraceMask(int iTraceMask) {
  const std::lock_guard lock(manager().mutex);
  manager().mask = iTraceMask;
}
bool Logger::IsTraceMaskEnabled(int mask) const { return (GetTraceMask() & mask) != 0; }

void Logger::AddLogListener(ILogEvents* listener) {
  const std::lock_guard lock(manager().mutex);
  auto& all = manager().listeners;
  if (!listener || all.size() >= kListenersMax) return;
  if (std::find(all.begin(), all.end(), listener) == all.end()) all.push_back(listener);
}
void Logger::RemoveLogListener(ILogEvents* listener) {
  const std::lock_guard lock(manager().mutex);
  std::erase(manager().listeners, listener);
}

int Logger::Trace(int iTraceMask, const std::string& sMessage) {
  const std::lock_guard lock(manager().mutex);
  if ((manager().mask & iTraceMask) == 0) return -1;
  const LogEvent event(iTraceMask, sMessage.substr(0, kLineBytesMax));
  const auto& all = manager().listeners;
  const std::vector<ILogEvents*> listeners = all;
  for (ILogEvents* listener : listeners) {
    // One before it may have removed it, and it may be gone.
    if (std::find(all.begin(), all.end(), listener) != all.end()) listener->processLogEvent(event);
  }
  return 0;
}

LogWrapper::LogWrapper() = default;
LogWrapper::LogWrapper(const std::string& sFileName) : LogWrapper(sFileName, 0, 0, 0) {}
LogWrapper::LogWrapper(const std::string& sFileName, int maxSizeKB, int maxFiles,
                       int daysUntilExpiration, int)
    : file_name_(sFileName),
      max_size_kb_(maxSizeKB > 0 ? maxSizeKB : 2048),
      max_files_(maxFiles > 0 ? maxFiles : 4),
      max_days_(daysUntilExpiration > 0 ? daysUntilExpiration : 1) {
  if (!file_name_.empty()) file_.open(file_name_, std::ios::app);
}

void LogWrapper::Dispose() {
  const std::lock_guard lock(mutex_);
  file_.close();
}
int LogWrapper::GetMaxDaysBeforeExpire() const {
  const std::lock_guard lock(mutex_);
  return max_days_;
}
int LogWrapper::GetMaxFileSize() const {
  const std::lock_guard lock(mutex_);
  return max_size_kb_;
}
int LogWrapper::GetMaxNumberFiles() const {
  const std::lock_guard lock(mutex_);
  return max_files_;
}
int LogWrapper::GetTraceMask() const { return Logger().GetTraceMask(); }
void LogWrapper::SetMaxDaysBeforeExpire(int days) {
  const std::lock_guard lock(mutex_);
  max_days_ = std::max(days, 1);
}
void LogWrapper::SetMaxFileSize(int kb) {
  const std::lock_guard lock(mutex_);
  max_size_kb_ = std::max(kb, 1);
}
void LogWrapper::SetMaxNumberFiles(int files) {
  const std::lock_guard lock(mutex_);
  max_files_ = std::max(files, 1);
}
void LogWrapper::SetTraceMask(int mask) { Logger().SetTraceMask(mask); }

bool LogWrapper::ProcessConfigFile() {
  std::ifstream config("TraceConfig.cfg");
  if (!config) return false;
  for (std::string line; std::getline(config, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = line.substr(0, equals);
    const auto value = static_cast<int>(std::strtol(line.c_str() + equals + 1, nullptr, 0));
    if (key == "TraceMask") SetTraceMask(value);
    if (key == "MaxFileSize") SetMaxFileSize(value);
    if (key == "MaxFiles") SetMaxNumberFiles(value);
    if (key == "MaxDaysBeforeExpire") SetMaxDaysBeforeExpire(value);
  }
  return true;
}

void LogWrapper::WriteTraceLine(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (file_name_.empty()) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(kLineBytesMax), text.c_str());
    return;
  }
  if (file_ && file_.tellp() >= std::streamoff{max_size_kb_} * 1024) rotate();
  file_ << std::string_view(text).substr(0, kLineBytesMax) << '\n' << std::flush;
  if (!file_) {
    ++lines_lost_;
    file_.clear();
  }
}

std::uint64_t LogWrapper::lines_lost() const {
  const std::lock_guard lock(mutex_);
  return lines_lost_;
}

/// name.2 becomes name.3 and so on; the oldest goes.
void LogWrapper::rotate() {
  std::error_code ignored;
  file_.close();
  std::filesystem::remove(file_name_ + "." + std::to_string(max_files_ - 1), ignored);
  for (int i = max_files_ - 2; i >= 1; --i) {
    std::filesystem::rename(file_name_ + "." + std::to_string(i),
                            file_name_ + "." + std::to_string(i + 1), ignored);
  }
  if (max_files_ > 1) std::filesystem::rename(file_name_, file_name_ + ".1", ignored);
  file_.open(file_name_, std::ios::trunc);
}

}  // namespace cti::cil
