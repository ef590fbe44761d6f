// log_file.cpp - opening and moving the log's file.
#include "core/log_file.hpp"

#include "core/base/check.hpp"
#include "core/log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace cti::core::log {
namespace {

constexpr ::mode_t kMode = 0640;  // names and numbers of callers are nobody's business

Descriptor open_file(const std::string& path) {
  return Descriptor(::open(
      path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, kMode));
}

/// A pipe or a device has none.
std::uint64_t size_of(int descriptor) {
  struct stat is {};
  const bool file = ::fstat(descriptor, &is) == 0 && S_ISREG(is.st_mode);
  return file ? static_cast<std::uint64_t>(is.st_size) : 0;
}

bool same_file(const struct stat& is, int descriptor) {
  struct stat ours {};
  return ::fstat(descriptor, &ours) == 0 && ours.st_dev == is.st_dev && ours.st_ino == is.st_ino;
}

std::string trouble_with(const std::string& path, const char* what) {
  return text("log file \"", path, "\": ", what, std::string_view(std::strerror(errno)));
}

std::string numbered(const std::string& path, std::uint32_t number) {
  return text(path, '.', number);
}

}  // namespace

LogFile LogFile::standard_error() { return {Output(STDERR_FILENO), ""}; }

Result<LogFile, std::string> LogFile::open(const std::string& path, std::uint64_t rotate_bytes,
                                           std::uint32_t keep) {
  CTI_CHECK(keep >= 1);
  Descriptor file = open_file(path);
  if (!file) return Err{trouble_with(path, "")};
  const std::uint64_t bytes = size_of(file.get());
  LogFile made(Output(std::move(file)), path);
  made.rotate_bytes_ = rotate_bytes;
  made.keep_ = keep;
  made.bytes_ = bytes;
  return made;
}

Output::Result LogFile::write(std::string_view line, Nanos limit) {
  const Output::Result result = output_.write(line, limit);
  if (result == Output::Result::kWritten) bytes_ += line.size();
  return result;
}

/// The same trouble is told once.
std::optional<std::string> LogFile::once(std::string trouble) {
  if (trouble == told_) return std::nullopt;
  told_ = trouble;
  return trouble;
}

std::optional<std::string> LogFile::make_room(std::size_t bytes) {
  if (path_.empty() || rotate_bytes_ == 0 || bytes_ == 0) return std::nullopt;
  if (bytes_ + bytes <= std::max(rotate_bytes_, look_at_)) return std::nullopt;
  struct stat is {};
  const bool there = ::stat(path_.c_str(), &is) == 0;
  // Somebody has moved or deleted ours, or we have and could not begin another: what has the name, if anything has, is not
  // ours to be moved, and those that were moved away before stay what they are.
  if (there ? !same_file(is, output_.descriptor()) : errno == ENOENT) return reopen();
  if (there && static_cast<std::uint64_t>(is.st_size) + bytes <= rotate_bytes_) {
    bytes_ = static_cast<std::uint64_t>(is.st_size);  // somebody else has cut it (copytruncate)
    if (!S_ISREG(is.st_mode)) look_at_ = UINT64_MAX - bytes;  // a pipe: not ours to move
    return std::nullopt;
  }
  for (std::uint32_t number = keep_; number > 1; --number)
    std::rename(numbered(path_, number - 1).c_str(), numbered(path_, number).c_str());
  if (std::rename(path_.c_str(), numbered(path_, 1).c_str()) != 0) {
    look_at_ = bytes_ + rotate_bytes_ / 8 + bytes;  // not before each line
    return once(trouble_with(path_, "cannot be moved away: "));
  }
  return reopen();
}

std::optional<std::string> LogFile::reopen() {
  if (path_.empty()) return std::nullopt;
  Descriptor file = open_file(path_);
  if (!file) {
    look_at_ = bytes_ + rotate_bytes_ / 8;
    return once(trouble_with(path_, "goes on in the old one: "));
  }
  bytes_ = size_of(file.get());
  output_ = Output(std::move(file));
  look_at_ = 0;
  told_.clear();
  return std::nullopt;
}

}  // namespace cti::core::log
