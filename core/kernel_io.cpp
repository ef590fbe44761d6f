// kernel_io.cpp - listeners, the accept pause and the sleep of a kernel back-end.
#include "core/kernel_io.hpp"

namespace cti::core {

AcceptVerdict accept_verdict(int error) noexcept {
  switch (error) {
    case EAGAIN:
      return AcceptVerdict::kNobody;
    // What the network says of a connection that was waiting comes out of accept() and takes it away (accept(2)).
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return AcceptVerdict::kAgain;
    default:
      return AcceptVerdict::kPause;
  }
}

KernelIoState::KernelIoState(const IoLimits& limits, int waker_flags)
    : limits_(limits),
      peers_(limits.connections_max),
      lingering_(limits.connections_max, monotonic_now()),
      listeners_(limits::kListenersMax),
      waker_(waker_flags),
      clock_(monotonic_now()),
      wall_(wall_now()) {
  if (const auto wrong = limits.wrong()) check_failed(wrong->c_str(), __FILE__, __LINE__);
  requests_.reserve(std::size_t{2} * limits.connections_max);
}

std::uint16_t KernelIoState::local_port(ListenerId listener) const {
  const KernelListener* at = const_cast<KernelIoState*>(this)->find(listener);
  return at == nullptr ? std::uint16_t{0} : at->port;
}

KernelListener* KernelIoState::find(ListenerId listener) noexcept {
  if (!listener || listener.index > listeners_.size()) return nullptr;
  KernelListener& at = listeners_[listener.index - 1];
  return at.fd ? &at : nullptr;
}

Result<std::uint32_t, IoError> KernelIoState::open_place(const Endpoint& at) {
  const auto place = std::find_if(listeners_.begin(), listeners_.end(),
                                  [](const KernelListener& l) { return !l.fd; });
  if (place == listeners_.end()) return Err{io_error("listeners, too many for", at, ENOSPC)};
  auto fd = open_listener(at);
  if (!fd) return Err{fd.error()};
  CTI_CHECK(!place->watched);
  place->port = bound_port(fd->get());
  place->fd = std::move(*fd);
  return static_cast<std::uint32_t>(place - listeners_.begin());
}

[[gnu::cold]] bool KernelIoState::begin_accept_pause() noexcept {
  if (accepting_is_paused()) return false;
  CTI_CHECK(accept_pause_ >= limits::kAcceptPauseMin && accept_pause_ <= limits::kAcceptPauseMax);
  ++counters_.accept_pauses;
  accept_again_ = now() + accept_pause_;
  accept_pause_ = std::min(accept_pause_ * 2, limits::kAcceptPauseMax);
  return true;
}

Nanos KernelIoState::time_to_wait(TimePoint deadline) const noexcept {
  if (deadline <= now() || !requests_.empty()) return Nanos{0};
  const TimePoint until = std::min({deadline, accept_again_, lingering_.next()});
  if (until == kNever) return Nanos{-1};
  // The only second reading of the clock in a turn, and only before going to sleep: the turn itself took time.
  return std::max(Nanos{0}, until - clock_.at(monotonic_now()));
}

}  // namespace cti::core
