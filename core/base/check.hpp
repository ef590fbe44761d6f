// check.hpp - assertions on our own bugs. Bytes from a peer must never be able to reach one.
//
// CTI_CHECK    stays in every build: a broken invariant stops the process at once instead of going on wrong.
// CTI_DCHECK   only without NDEBUG: for walks that cost more than a comparison.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace cti {

/// Prints what was expected and where, then aborts. Where nobody reads standard error it aborts without a word (M13).
[[noreturn, gnu::cold, gnu::noinline]] inline void check_failed(const char* condition,
                                                                const char* file, int line) {
  char text[1024];
  const int length =
      std::snprintf(text, sizeof text, "%s:%d: invariant broken: %s\n", file, line, condition);
  const auto bytes = static_cast<std::size_t>(length);
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (length > 0 && ::poll(&room, 1, 0) == 1) {
    [[maybe_unused]] const auto written =
        ::write(STDERR_FILENO, text, bytes < sizeof text ? bytes : sizeof text - 1);
  }
  std::abort();
}

}  // namespace cti

#define CTI_CHECK(condition)                                                               \
  (__builtin_expect(!(condition), 0) ? ::cti::check_failed(#condition, __FILE__, __LINE__) \
                                     : (void)0)

#ifdef NDEBUG
#define CTI_DCHECK(condition) ((void)sizeof(!(condition)))
#else
#define CTI_DCHECK(condition) CTI_CHECK(condition)
#endif
