// event_threads.cpp - a count of threads on their way out, and the wait for them at the end of the process.
#include "cil/detail/engine/event_threads.hpp"

#include "core/base/check.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace cti::cil::detail {
namespace {

struct OnTheirWayOut {
  std::mutex mutex;  // guards what follows
  std::condition_variable fewer;
  std::size_t count = 0;
};

/// Never destroyed: a thread may come late.
OnTheirWayOut& threads() {
  static OnTheirWayOut& one = *new OnTheirWayOut;
  return one;
}

thread_local bool outlives = false;

/// Its destructor runs at the end of the process.
struct LastWait {
  ~LastWait() {
    if (outlives) return;  // exit() inside the handler: this thread would wait for itself
    std::unique_lock lock(threads().mutex);
    threads().fewer.wait_for(lock, kEndMost, [] { return threads().count == 0; });
  }
};

}  // namespace

void this_event_thread_outlives_its_session() {
  static const LastWait last_wait;
  CTI_CHECK(!outlives);
  outlives = true;
  const std::lock_guard lock(threads().mutex);
  ++threads().count;
}

void this_event_thread_ends() {
  if (!outlives) return;
  const std::lock_guard lock(threads().mutex);
  CTI_CHECK(threads().count > 0);
  --threads().count;
  threads().fewer.notify_all();
}

}  // namespace cti::cil::detail
