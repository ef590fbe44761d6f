// logger.hpp - Logger and LogWrapper: trace lines of a program and of the library, by mask.
//
// Why      CTI OS programs trace through one process-wide manager whose mask decides what is written.
// Shape    Logger sends to every registered listener; LogWrapper and LogEventsAdapter are listeners' ready-made ends.
// Bounds   256 listeners, one more is not added; a line of 64 KiB, the rest is cut off; files by size and number.
// Threads  any. Lines of one call are never mixed. Full disk or unwritable file: lines are counted and dropped.
#pragma once

#include <cstdint>
#include <fstream>
#include <mutex>
#include <string>

namespace cti::cil {

class LogEvent {
 public:
  LogEvent(int mask, std::string description) : description_(std::move(description)), mask_(mask) {}
  const std::string& getDescription() const noexcept { return description_; }
  int getTraceMask() const noexcept { return mask_; }

 private:
  std::string description_;
  int mask_;
};

class ILogEvents {
 public:
  virtual ~ILogEvents() = default;
  virtual void processLogEvent(const LogEvent& e) = 0;
};

/// A window on the one log manager of the process.
class Logger {
 public:
  Logger() = default;
  int GetTraceMask() const;
  void SetTraceMask(int iTraceMask);
  bool IsTraceMaskEnabled(int mask) const;
  void AddLogListener(ILogEvents* listener);
  void RemoveLogListener(ILogEvents* listener);
  /// 0 when traced, -1 when the mask forbids it.
  int Trace(int iTraceMask, const std::string& sMessage);
};

/// Writes lines to a file of bounded size, keeping a bounded number of older ones (.1, .2, ...); without a name to the
/// standard error output.
class LogWrapper {
 public:
  LogWrapper();
  explicit LogWrapper(const std::string& sFileName);
  /// 0 means the default: 2048 KB, 4 files, 1 day.
  LogWrapper(const std::string& sFileName, int maxSizeKB, int maxFiles, int daysUntilExpiration,
             int iFlushIntervalMs = 0);
  void Dispose();
  int GetMaxDaysBeforeExpire() const;
  int GetMaxFileSize() const;
  int GetMaxNumberFiles() const;
  int GetTraceMask() const;
  void SetMaxDaysBeforeExpire(int days);
  void SetMaxFileSize(int kb);
  void SetMaxNumberFiles(int files);
  void SetTraceMask(int mask);
  /// Reads TraceMask, MaxFileSize, MaxFiles and MaxDaysBeforeExpire (key=value lines) from TraceConfig.cfg.
  bool ProcessConfigFile();
  bool UpdateTraceSettings() { return ProcessConfigFile(); }
  void WriteTraceLine(const std::string& text);
  std::uint64_t lines_lost() const;

 private:
  void rotate();
  mutable std::mutex mutex_;  // guards what follows
  std::string file_name_;
  std::ofstream file_;
  std::uint64_t lines_lost_ = 0;
  int max_size_kb_ = 2048;
  int max_files_ = 4;
  int max_days_ = 1;
};

/// A listener that writes what it hears to a file, or to the standard error output without a name.
class LogEventsAdapter : public ILogEvents {
 public:
  LogEventsAdapter() = default;
  explicit LogEventsAdapter(const std::string& fileName) : wrapper_(fileName) {}
  ~LogEventsAdapter() override { finalize(); }
  void startLogging() { Logger().AddLogListener(this); }
  void stopLogging() { Logger().RemoveLogListener(this); }
  void processLogEvent(const LogEvent& e) override { wrapper_.WriteTraceLine(e.getDescription()); }
  void finalize() { stopLogging(); }

 private:
  LogWrapper wrapper_;
};

}  // namespace cti::cil
