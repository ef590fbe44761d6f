// epoll_io.hpp - Io on epoll and plain socket calls: where io_uring is missing or forbidden, and for the client library.
//
// Shape    level-triggered. A socket is read once per turn at most, so that none starves another; sends are tried at the
//          start of wait(), all of a turn together; write interest is registered only while a socket is full.
// Limits   IoLimits; a turn's received bytes share one arena of receive_buffers * receive_buffer_bytes. When it is used up
//          the rest is read next turn (buffer_shortages). At most limits::kListenersMax listeners.
// Sleep    to the nanosecond with epoll_pwait2 (Linux 5.11); where it is missing or filtered, rounded up to a millisecond.
// Shortage out of descriptors: accepting pauses 10 ms, then twice as long each time up to 1 s, and resumes (M1).
#pragma once

#include "core/base/result.hpp"
#include "core/io.hpp"

#include <memory>

namespace cti::core {

/// Any thread may make it; the one that first calls wait() keeps it.
Result<std::unique_ptr<Io>, IoError> make_epoll_io(const IoLimits& limits);

}  // namespace cti::core
