// uring_io.hpp - Io on io_uring: multishot accept and receive, one enter per turn.
//
// Shape    everything asked for in a turn is handed over by one io_uring_enter in wait(), which also waits. Received bytes lie
//          in a ring of provided buffers and go back at the start of the next wait().
// Sends    are tried once, at once (MSG_DONTWAIT): a full socket never keeps the sender's bytes, it gives a short kSent,
//          and a poll gives kWritable when there is room.
// Ends     a socket is closed when no request on it is under way any more: each is cancelled, the socket shut down, and
//          the results awaited. Tags carry the connection's generation, so that what comes late is dropped (stale).
// Faults   buffers used up (M4): those who found none stand in line and are asked for one buffer each, as many at a time as
//          there are buffers; no turn sleeps while somebody stands there. An end behind it is seen then.
//          A multishot request that ended by itself (M5): armed again, counted. Completion queue overflow (M5): the
//          kernel keeps the rest, counted. A submit that is refused (M5): see uring_ring.hpp. Out of descriptors (M1): accepting
//          pauses with back-off.
// Shared   with epoll: everything that is not a request or a result of the ring, in kernel_io.hpp.
#pragma once

#include "core/base/result.hpp"
#include "core/io.hpp"

#include <memory>

namespace cti::core {

/// Sizes of the rings; 0 means: by IoLimits. Powers of two. Tests make them tiny.
struct UringTuning {
  std::uint32_t submissions = 0;
  std::uint32_t completions = 0;
};

/// Any thread may make it; the one that first calls wait() keeps it. The error says what is missing.
Result<std::unique_ptr<Io>, IoError> make_uring_io(const IoLimits& limits);
Result<std::unique_ptr<Io>, IoError> make_uring_io(const IoLimits& limits,
                                                   const UringTuning& tuning);

/// Whether everything that this back-end needs is there and allowed: found out by doing it once.
Result<void, IoError> probe_uring();

}  // namespace cti::core
