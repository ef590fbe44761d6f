// output.hpp - writes to a descriptor that may not take it (standard error, a log file), and never waits longer than told.
//
// Why      standard error can be a pipe that nobody reads, and write(2) on it then never comes back (M13).
// Shape    a descriptor of our own for the same file, set not to block: that property belongs to the open file, which others
//          share, so it is opened once more through /proc. Where that is refused (a socket, another user's pipe) each
//          write asks poll(2) first; then a foreign writer that fills a shared pipe in between could still hold us up,
//          which is why the log writes from a thread that can be left behind.
// Whole    what is not longer than kAtomicBytes goes to a pipe whole or not at all; of something longer, or a file on a full
//          disk, a part may have gone out: Result::kPart.
// Threads  one owner.
#pragma once

#include "core/base/time.hpp"
#include "core/socket.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cti::core {

class Output {
 public:
  enum class Result : std::uint8_t {
    kWritten,
    kFull,    ///< it did not take it in time; nothing went out
    kFailed,  ///< an error (disk full, no reader left): nothing went out; see error()
    kPart,    ///< a beginning of it went out, the rest did not
  };
  /// What a pipe takes as a whole (PIPE_BUF of Linux).
  static constexpr std::size_t kAtomicBytes = 4096;

  /// Writes to what `descriptor` stands for, which stays its owner's and must outlive this.
  explicit Output(int descriptor);
  /// Owns `descriptor`, a file opened for writing.
  explicit Output(Descriptor descriptor);

  /// Waits for room until `limit` has passed at most; zero: does not wait.
  [[nodiscard]] Result write(std::string_view text, Nanos limit);
  /// What it writes to.
  int descriptor() const noexcept { return descriptor_; }
  /// errno of the last kFailed or kPart.
  int error() const noexcept { return error_; }

 private:
  bool wait_for_room(TimePoint until) noexcept;

  Descriptor own_;
  int descriptor_ = -1;
  bool is_socket_ = false;
  int error_ = 0;
};

}  // namespace cti::core
