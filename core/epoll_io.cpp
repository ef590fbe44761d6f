// epoll_io.cpp - the turn: send what was asked, wait, accept and read what is ready. What both kernels' ways share: kernel_io.
#include "core/epoll_io.hpp"

#include "core/kernel_io.hpp"
#include "core/receive_memory.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace cti::core {
namespace {

using State = KernelState;

constexpr std::uint64_t kWakeTag = UINT64_MAX;
constexpr std::uint64_t kListenerTag = std::uint64_t{UINT32_MAX}
                                       << 32U;  // below it: the index of the listener
constexpr std::size_t kDiscardBytesPerTurn = 256 * 1024;
// A connection's tag is its name; its generation would have to be UINT32_MAX to look like a listener's, or like the waker's.
static_assert(kListenerTag + limits::kListenersMax < kWakeTag);
static_assert(ConnectionId{0, UINT32_MAX - 1}.packed() < kListenerTag);

struct EpollConnection : KernelConnection {
  std::uint32_t interest = 0;  // what epoll watches now, beside errors
  bool watched = false;        // known to epoll
};

class EpollIo final : public KernelIo<EpollIo, EpollConnection> {
 public:
  explicit EpollIo(const IoLimits& limits)
      : KernelIo(limits, EFD_NONBLOCK),
        arena_(std::size_t{limits.receive_buffers} * limits.receive_buffer_bytes),
        events_(limits.completions_per_turn) {}
  ~EpollIo() override {
    connections_.for_each(
        [](ConnectionId, EpollConnection& connection) { Descriptor(connection.fd).reset(); });
  }

  Result<void, IoError> start();
  std::size_t wait(std::span<Completion> out, TimePoint deadline) override;
  int pollable_fd() const noexcept override { return epoll_.get(); }
  std::string_view backend() const noexcept override { return "epoll"; }

 private:
  friend class KernelIo<EpollIo, EpollConnection>;

  // The hooks of kernel_io.hpp.
  Result<void, IoError> watch_listener(std::uint32_t index);
  void forget_listener(std::uint32_t) noexcept {}  // closing it takes it out of epoll
  void accepting_paused() { watch_listeners(false); }
  void accepting_resumed() { watch_listeners(true); }
  int start_connect(ConnectionId id, EpollConnection& connection);
  void opened(ConnectionId id, EpollConnection& connection) { update_interest(id, connection); }
  void start_send(ConnectionId id, EpollConnection& connection, Batch& batch);
  static bool send_under_way(const EpollConnection&) noexcept { return false; }
  void want_room(ConnectionId id, EpollConnection& connection) { update_interest(id, connection); }
  void receiving_changed(ConnectionId id, EpollConnection& connection) {
    update_interest(id, connection);
  }
  void read_to_the_end(ConnectionId id, EpollConnection& connection) {
    set_interest(id, connection, EPOLLIN);
  }
  void stop_requests(ConnectionId, EpollConnection&) noexcept {}
  static bool busy(const EpollConnection&) noexcept { return false; }

  int poll_kernel(std::size_t room, Nanos timeout);
  void take_event(const epoll_event& event, Batch& batch);
  void take_connection_event(ConnectionId id, EpollConnection& connection, std::uint32_t what,
                             Batch& batch);
  void receive(ConnectionId id, EpollConnection& connection, Batch& batch);
  void discard(ConnectionId id, EpollConnection& connection, Batch& batch);
  void accept_some(std::uint32_t index, Batch& batch);
  void watch_listeners(bool on);
  bool watch(int operation, int fd, std::uint32_t interest, std::uint64_t tag) noexcept;
  void set_interest(ConnectionId id, EpollConnection& connection, std::uint32_t interest);
  void update_interest(ConnectionId id, EpollConnection& connection);

  ReceiveArena arena_;
  std::vector<epoll_event> events_;
  Descriptor epoll_;
  bool to_the_nanosecond_ = true;  // epoll_pwait2, until the kernel says that it has none
};

Result<void, IoError> EpollIo::start() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return Err{io_error("epoll_create", errno)};
  if (waker_.descriptor() < 0) return Err{io_error("eventfd", errno)};
  if (!watch(EPOLL_CTL_ADD, waker_.descriptor(), EPOLLIN, kWakeTag)) {
    return Err{io_error("epoll_ctl", errno)};
  }
  poll_kernel(1, Nanos{0});  // the trial of epoll_pwait2
  return {};
}

bool EpollIo::watch(int operation, int fd, std::uint32_t interest, std::uint64_t tag) noexcept {
  epoll_event event{};
  event.events = interest;
  event.data.u64 = tag;
  return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

// --- listeners ---------------------------------------------------------------------------------------------------

Result<void, IoError> EpollIo::watch_listener(std::uint32_t index) {
  KernelListener& listener = listeners_[index];
  listener.watched = !accepting_is_paused();
  if (!watch(EPOLL_CTL_ADD, listener.fd.get(), listener.watched ? EPOLLIN : 0U,
             kListenerTag | index)) {
    listener.watched = false;
    return Err{io_error("epoll_ctl", errno)};
  }
  return {};
}

void EpollIo::watch_listeners(bool on) {
  for (std::uint32_t index = 0; index < listeners_.size(); ++index) {
    KernelListener& listener = listeners_[index];
    if (!listener.fd || listener.watched == on) continue;
    CTI_CHECK(watch(EPOLL_CTL_MOD, listener.fd.get(), on ? EPOLLIN : 0U, kListenerTag | index));
    listener.watched = on;
  }
}

void EpollIo::accept_some(std::uint32_t index, Batch& batch) {
  CTI_CHECK(index < listeners_.size());
  for (std::uint32_t tried = 0; tried < limits::kAcceptsPerTurn && !batch.full(); ++tried) {
    if (!listeners_[index].fd) return;
    SocketAddress from;
    from.length = sizeof from.v6;
    Descriptor fd(::accept4(listeners_[index].fd.get(), &from.any, &from.length,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      admit(std::move(fd), from, index, batch);
      continue;
    }
    const AcceptVerdict verdict = accept_verdict(errno);
    if (verdict == AcceptVerdict::kPause) return pause_accepting();
    if (verdict == AcceptVerdict::kNobody) return;
  }
}

// --- what is asked for -------------------------------------------------------------------------------------------

int EpollIo::start_connect(ConnectionId id, EpollConnection& connection) {
  const SocketAddress& to = peers_[id.slot];
  if (::connect(connection.fd, &to.any, to.length) != 0 && errno != EINPROGRESS) return errno;
  set_interest(id, connection, EPOLLOUT);
  return 0;
}

void EpollIo::start_send(ConnectionId id, EpollConnection& connection, Batch& batch) {
  const ssize_t result = ::send(connection.fd, connection.send_data, connection.send_bytes,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
  sent(id, connection, result < 0 ? -errno : result, batch);
}

// --- the turn ----------------------------------------------------------------------------------------------------

std::size_t EpollIo::wait(std::span<Completion> out, TimePoint deadline) {
  CTI_CHECK(!out.empty());
  ++counters_.turns;
  arena_.take_back_all();
  Batch batch(out);
  run_own_timers(batch);
  // Sends and closes get at most three quarters of the batch, so that reading goes on however much is sent.
  run_requests(batch, std::max<std::size_t>(1, out.size() - out.size() / 4));
  const std::size_t room = std::min(events_.size(), batch.size() - batch.count());
  const Nanos timeout = batch.count() > 0 ? Nanos{0} : time_to_wait(deadline);
  const int ready = room == 0 ? 0 : poll_kernel(room, timeout);
  waited(deadline);
  // Level-triggered: what does not fit into the batch any more is told again by the next epoll_wait.
  for (int i = 0; i < ready && !batch.full(); ++i)
    take_event(events_[static_cast<std::size_t>(i)], batch);
  received_ = batch.received();
  return batch.count();
}

/// Negative: for ever. epoll_wait counts in milliseconds: a wait of 250 us would last four times as long.
int EpollIo::poll_kernel(std::size_t room, Nanos timeout) {
  if (to_the_nanosecond_) {
    const timespec until{.tv_sec = timeout.count() / 1'000'000'000,
                         .tv_nsec = timeout.count() % 1'000'000'000};
    const long ready = ::syscall(SYS_epoll_pwait2, epoll_.get(), events_.data(), room,
                                 timeout < Nanos{0} ? nullptr : &until, nullptr, 0);
    if (ready >= 0) return static_cast<int>(ready);
    if (errno == EINTR) return 0;
    // Older than 5.11, or a filter that does not know it (some say EPERM).
    CTI_CHECK(errno == ENOSYS || errno == EPERM);
    to_the_nanosecond_ = false;
  }
  const std::int64_t whole = std::chrono::ceil<Millis>(timeout).count();
  const int milliseconds =
      timeout < Nanos{0} ? -1 : static_cast<int>(std::min<std::int64_t>(whole, 3'600'000));
  const int ready =
      ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(room), milliseconds);
  CTI_CHECK(ready >= 0 || errno == EINTR);
  return std::max(ready, 0);
}

// --- what comes of it --------------------------------------------------------------------------------------------

void EpollIo::take_event(const epoll_event& event, Batch& batch) {
  if (event.data.u64 == kWakeTag) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t emptied = ::read(waker_.descriptor(), &count, sizeof count);
    waker_.take();
    return batch.add({.event = IoEvent::kWoken});
  }
  const auto low = static_cast<std::uint32_t>(event.data.u64);
  const auto high = static_cast<std::uint32_t>(event.data.u64 >> 32U);
  if (event.data.u64 >= kListenerTag) return accept_some(low, batch);
  const ConnectionId id{low, high};
  EpollConnection* connection = connections_.find(id);
  if (connection == nullptr) {
    ++counters_.stale;
  } else if (connection->state != State::kEnding) {
    take_connection_event(id, *connection, event.events, batch);
  }
}

void EpollIo::take_connection_event(ConnectionId id, EpollConnection& connection,
                                    std::uint32_t what, Batch& batch) {
  if (connection.state == State::kConnecting)
    return connected(id, connection, take_socket_error(connection.fd), batch);
  if (connection.state == State::kLingering) return discard(id, connection, batch);
  CTI_CHECK(connection.state == State::kOpen);
  if (connection.close_asked)
    return;  // asked after this turn's requests were run, or they did not fit
  if (connection.full && (what & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    connection.full = false;
    update_interest(id, connection);
    if ((what & EPOLLOUT) != 0) batch.add({.event = IoEvent::kWritable, .connection = id});
    if (batch.full() || connection.state == State::kEnding) return;
  }
  if ((what & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) return;
  if (connection.receiving) return receive(id, connection, batch);
  if ((what & (EPOLLERR | EPOLLHUP)) != 0) {
    const int error = connection.error != 0 ? connection.error : take_socket_error(connection.fd);
    begin_end(id, connection, error, batch);
  }
}

void EpollIo::receive(ConnectionId id, EpollConnection& connection, Batch& batch) {
  const std::size_t most = limits_.receive_buffer_bytes;
  if (!arena_.has(most)) {
    ++counters_.buffer_shortages;
    return;  // told again by the next epoll_wait
  }
  const MutableBytes room = arena_.room(most);
  const ssize_t got = ::recv(connection.fd, room.data(), room.size(), MSG_DONTWAIT);
  const int error = errno;
  const std::size_t bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
  arena_.keep(most, bytes);
  if (got > 0) {
    counters_.received_bytes += bytes;
    return batch.add({.event = IoEvent::kReceived, .connection = id, .bytes = room.first(bytes)});
  }
  if (got < 0 && (error == EAGAIN || error == EINTR)) return;
  begin_end(id, connection, got == 0 ? connection.error : error, batch);
}

void EpollIo::discard(ConnectionId id, EpollConnection& connection, Batch& batch) {
  // MSG_TRUNC on a stream: the kernel throws the bytes away without copying them.
  const ssize_t got =
      ::recv(connection.fd, nullptr, kDiscardBytesPerTurn, MSG_DONTWAIT | MSG_TRUNC);
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
  begin_end(id, connection, 0, batch);
}

void EpollIo::set_interest(ConnectionId id, EpollConnection& connection, std::uint32_t interest) {
  if (connection.watched && interest == connection.interest) return;
  const int operation = connection.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  connection.watched = watch(operation, connection.fd, interest, id.packed());
  connection.interest = interest;
  if (connection.watched) return;
  // Out of kernel memory: a socket that nobody watches would hang for ever.
  const int error = errno;
  if (connection.linger) lingering_.cancel(std::exchange(connection.linger, {}));
  end_later(id, connection, error);
}

void EpollIo::update_interest(ConnectionId id, EpollConnection& connection) {
  set_interest(id, connection,
               (connection.receiving ? EPOLLIN : 0U) | (connection.full ? EPOLLOUT : 0U));
}

}  // namespace

Result<std::unique_ptr<Io>, IoError> make_epoll_io(const IoLimits& limits) {
  auto io = std::make_unique<EpollIo>(limits);
  if (auto started = io->start(); !started) return Err{started.error()};
  return std::unique_ptr<Io>(std::move(io));
}

}  // namespace cti::core
