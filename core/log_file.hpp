// log_file.hpp - the file that log lines go to: opened, moved away when it has grown, opened anew.
//
// Shape    FILE is appended to. make_room() before each line: past rotate_bytes FILE becomes FILE.1, and so on to FILE.keep,
//          the oldest goes. reopen(): somebody else has moved it.
// Moved    what no longer has the name FILE is never moved: another one is begun there, or gone on with.
// Errors   what cannot be done leaves the file as it was, and is said once, until it works again.
// Threads  one owner: the log's writer.
#pragma once

#include "core/base/result.hpp"
#include "core/output.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cti::core::log {

class LogFile {
 public:
  static LogFile standard_error();
  /// The error names the file and the reason. `rotate_bytes` 0: never moved away here.
  static Result<LogFile, std::string> open(const std::string& path, std::uint64_t rotate_bytes,
                                           std::uint32_t keep);

  /// See Output::write.
  [[nodiscard]] Output::Result write(std::string_view line, Nanos limit);
  /// Moves the file away when `bytes` more would make it too long. Something to tell: what went wrong.
  [[nodiscard]] std::optional<std::string> make_room(std::size_t bytes);
  /// Begins a new file at the same place. Something to tell: what went wrong.
  [[nodiscard]] std::optional<std::string> reopen();

 private:
  LogFile(Output output, std::string path) : output_(std::move(output)), path_(std::move(path)) {}
  std::optional<std::string> once(std::string trouble);

  Output output_;
  std::string path_;  // empty: standard error
  std::uint64_t rotate_bytes_ = 0;
  std::uint32_t keep_ = 1;
  std::uint64_t bytes_ = 0;    // in the file, as far as we know
  std::uint64_t look_at_ = 0;  // bytes_ at which a move is tried again after one in vain
  std::string told_;           // the trouble told last
};

}  // namespace cti::core::log
