// event_threads.hpp - event threads whose session was deleted by one of their own handlers.
//
// Why      nobody can join such a thread: it is the one that would wait. It ends by itself, when the handler has returned. A
//          program may return from main meanwhile: the end of the process waits for such threads, at most kEndMost.
// Threads  each function is called by the event thread itself.
#pragma once

#include "core/base/time.hpp"

namespace cti::cil::detail {

inline constexpr Seconds kEndMost{1};

/// A handler deletes its session: from here on nobody joins this thread.
void this_event_thread_outlives_its_session();
/// The last thing that any event thread does.
void this_event_thread_ends();

}  // namespace cti::cil::detail
