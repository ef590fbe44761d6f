// output.cpp - opening once more what a descriptor stands for, and writing to it in bounded time.
#include "core/output.hpp"

#include "core/base/check.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace cti::core {

static_assert(Output::kAtomicBytes >= 512, "POSIX promises that much for PIPE_BUF");

Output::Output(int descriptor) : descriptor_(descriptor) {
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) return;
  is_socket_ = S_ISSOCK(about.st_mode);
  // Pipes and terminals can be full. Files cannot, and opened once more they would have a position of their own.
  if (!S_ISFIFO(about.st_mode) && ::isatty(descriptor) == 0) return;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  own_.reset(::open(path.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (own_) descriptor_ = own_.get();
}

Output::Output(Descriptor descriptor) : own_(std::move(descriptor)), descriptor_(own_.get()) {}

bool Output::wait_for_room(TimePoint until) noexcept {
  for (;;) {
    const Nanos left = std::max(until - monotonic_now(), Nanos{0});
    const auto milliseconds =
        std::min<std::int64_t>(std::chrono::ceil<Millis>(left).count(), 60'000);
    pollfd watched{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(milliseconds));
    if (ready > 0) return true;  // room, or an error that the write will tell
    if (ready == 0 && left == Nanos{0}) return false;
    if (ready < 0 && errno != EINTR) return true;
  }
}

Output::Result Output::write(std::string_view text, Nanos limit) {
  CTI_CHECK(limit >= Nanos{0});
  const TimePoint until = monotonic_now() + limit;
  std::size_t gone = 0;
  while (gone < text.size()) {
    if (!wait_for_room(until)) return gone == 0 ? Result::kFull : Result::kPart;
    // poll() says that a pipe has room when it has that of PIPE_BUF bytes.
    const std::string_view piece = text.substr(gone, kAtomicBytes);
    const ssize_t taken =
        is_socket_ ? ::send(descriptor_, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                   : ::write(descriptor_, piece.data(), piece.size());
    if (taken > 0) {
      CTI_CHECK(static_cast<std::size_t>(taken) <= piece.size());
      gone += static_cast<std::size_t>(taken);
      continue;
    }
    error_ = taken == 0 ? ENOSPC : errno;
    if (error_ == EINTR) continue;
    // Another writer was faster. A pipe that says so again and again is full: poll sleeps until it is not.
    if ((error_ == EAGAIN || error_ == ENOBUFS) && monotonic_now() < until) continue;
    if (gone > 0) return Result::kPart;
    return error_ == EAGAIN || error_ == ENOBUFS ? Result::kFull : Result::kFailed;
  }
  return Result::kWritten;
}

}  // namespace cti::core
