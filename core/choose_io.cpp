// choose_io.cpp - the choice of a back-end.
#include "core/choose_io.hpp"

#include "core/epoll_io.hpp"

#include <cerrno>
#ifdef CTI_HAS_URING
#include "core/uring_io.hpp"
#endif

namespace cti::core {
namespace {

#ifdef CTI_HAS_URING
Result<void, IoError> try_it() { return probe_uring(); }
Result<std::unique_ptr<Io>, IoError> make_uring(const IoLimits& limits) {
  return make_uring_io(limits);
}
#else
IoError not_built() { return {ENOSYS, "this program was built without io_uring"}; }
Result<void, IoError> try_it() { return Err{not_built()}; }
Result<std::unique_ptr<Io>, IoError> make_uring(const IoLimits&) { return Err{not_built()}; }
#endif

}  // namespace

Result<IoDecision, IoError> choose_io(IoChoice wanted) {
  if (wanted == IoChoice::kEpoll) {
    return IoDecision{IoChoice::kEpoll, false, "I/O by epoll: asked for"};
  }
  const auto works = try_it();
  if (works) {
    const bool forced = wanted == IoChoice::kUring;
    return IoDecision{IoChoice::kUring, !forced,
                      forced ? "I/O by io_uring: asked for" : "I/O by io_uring: it works here"};
  }
  if (wanted == IoChoice::kUring) return Err{works.error()};
  return IoDecision{IoChoice::kEpoll, false, "I/O by epoll: " + works.error().text};
}

Result<std::unique_ptr<Io>, IoError> make_io(const IoDecision& decision, const IoLimits& limits) {
  if (decision.backend == IoChoice::kUring) {
    auto io = make_uring(limits);
    if (io || !decision.may_fall_back) return io;
  }
  return make_epoll_io(limits);
}

}  // namespace cti::core
