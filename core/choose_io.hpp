// choose_io.hpp - io_uring where it is there and allowed, epoll where not, and one line that says which and why.
//
// Use      once per program: choose_io, log decision.line; then make_io for each reactor.
// Why      containers often forbid io_uring (seccomp), kernels before 6.0 lack what we need, and locked memory runs out
//          (M6): the program then works the same, a little slower.
#pragma once

#include "core/base/result.hpp"
#include "core/io.hpp"

#include <memory>
#include <string>

namespace cti::core {

enum class IoChoice : std::uint8_t {
  kAuto,   ///< io_uring if it works, else epoll
  kUring,  ///< io_uring or an error
  kEpoll,
};

struct IoDecision {
  IoChoice backend = IoChoice::kEpoll;  ///< kUring or kEpoll
  bool may_fall_back = false;           ///< make_io may still take epoll when a ring cannot be made
  std::string line;                     ///< "I/O by epoll: io_uring_setup: Operation not permitted"
};

/// Tries out what the kernel allows. Fails only when kUring was asked for and does not work.
Result<IoDecision, IoError> choose_io(IoChoice wanted);

/// An Io of the kind decided on. When io_uring worked in the trial and yet a ring cannot be made now (locked memory is used
/// up by the rings before), epoll is taken if that is allowed: look at Io::backend(), and log it when it differs.
Result<std::unique_ptr<Io>, IoError> make_io(const IoDecision& decision, const IoLimits& limits);

}  // namespace cti::core
