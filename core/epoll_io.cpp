// epoll_io.cpp - the turn: send what was asked, wait, accept and read what is ready.
#include "core/epoll_io.hpp"

#include "core/receive_memory.hpp"
#include "core/slot_table.hpp"
#include "core/socket.hpp"
#include "core/timer_wheel.hpp"
#include "core/waker.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace cti::core {
namespace {

constexpr std::uint64_t kWakeTag = UINT64_MAX;
constexpr std::uint64_t kListenerTag = std::uint64_t{UINT32_MAX}
                                       << 32U;  // below it: the index of the listener
constexpr std::uint32_t kAcceptsPerTurn = 64;
constexpr std::size_t kSendBytesMax = std::size_t{1} << 30U;
constexpr std::size_t kDiscardBytesPerTurn = 256 * 1024;
constexpr std::uint32_t kTimersPerTurn = 256;
constexpr Nanos kAcceptPauseMin = Millis{10};
constexpr Nanos kAcceptPauseMax = Seconds{1};

enum class State : std::uint8_t { kConnecting, kOpen, kLingering };

struct Connection {
  int fd = -1;
  std::uint32_t interest = 0;  // what epoll watches now, beside errors
  const std::byte* send_data = nullptr;
  std::size_t send_bytes = 0;
  TimerId linger{};
  State state = State::kOpen;
  bool receiving = true;
  bool sending = false;  // send() was called, kSent not yet given
  bool full = false;     // the last send was short: kWritable follows
  bool close_asked = false;
  bool reset_asked = false;
  bool queued = false;   // stands in requests_
  bool watched = false;  // known to epoll
  bool dead = false;     // nothing is left but to tell kClosed with `error`
  int error = 0;
};

struct Listener {
  Descriptor fd;
  std::uint16_t port = 0;
  bool watched = false;
};

class EpollIo final : public Io {
 public:
  explicit EpollIo(const IoLimits& limits)
      : limits_(limits),
        connections_(limits.connections_max),
        peers_(limits.connections_max),
        arena_(std::size_t{limits.receive_buffers} * limits.receive_buffer_bytes),
        lingering_(limits.connections_max, monotonic_now()),
        events_(limits.completions_per_turn),
        waker_(EFD_NONBLOCK) {
    requests_.reserve(limits.connections_max);
    now_ = monotonic_now();
    wall_ = wall_now();
  }
  ~EpollIo() override {
    connections_.for_each(
        [](ConnectionId, Connection& connection) { Descriptor(connection.fd).reset(); });
  }

  Result<void, IoError> start();
  Result<ListenerId, IoError> listen(const Endpoint& at) override;
  std::uint16_t local_port(ListenerId listener) const override;
  void unlisten(ListenerId listener) override;
  ConnectionId connect(const Endpoint& to) override;
  void send(ConnectionId connection, Bytes bytes) override;
  void set_receiving(ConnectionId connection, bool on) override;
  void close(ConnectionId connection, CloseHow how) override;
  std::size_t wait(std::span<Completion> out, TimePoint deadline) override;
  Endpoint peer(ConnectionId connection) const override;

  void wake() noexcept override { waker_.wake(); }
  TimePoint now() const noexcept override { return now_; }
  WallMillis wall() const noexcept override { return wall_; }
  int pollable_fd() const noexcept override { return epoll_.get(); }
  std::string_view backend() const noexcept override { return "epoll"; }
  const IoCounters& counters() const noexcept override { return counters_; }

 private:
  /// The caller's span, being filled.
  struct Batch {
    std::span<Completion> out;
    std::size_t count = 0;
    bool full() const noexcept { return count == out.size(); }
    void add(const Completion& completion) noexcept { out[count++] = completion; }
  };

  void queue(ConnectionId id, Connection& connection);
  void run_requests(Batch& batch);
  void run_request(ConnectionId id, Connection& connection, Batch& batch);
  void try_send(ConnectionId id, Connection& connection, Batch& batch);
  void start_orderly_close(ConnectionId id, Connection& connection, Batch& batch);
  void run_own_timers(Batch& batch);
  int timeout_ms(TimePoint deadline) const noexcept;
  void take_event(const epoll_event& event, Batch& batch);
  void take_connection_event(ConnectionId id, Connection& connection, std::uint32_t what,
                             Batch& batch);
  void take_connect_result(ConnectionId id, Connection& connection, Batch& batch);
  void receive(ConnectionId id, Connection& connection, Batch& batch);
  void discard(ConnectionId id, Connection& connection, Batch& batch);
  void accept_some(std::uint32_t index, Batch& batch);
  void pause_accepting();
  void watch_listeners(bool on);
  bool watch(int operation, int fd, std::uint32_t interest, std::uint64_t tag) noexcept;
  void set_interest(ConnectionId id, Connection& connection, std::uint32_t interest) noexcept;
  void update_interest(ConnectionId id, Connection& connection) noexcept;
  void finish(ConnectionId id, Connection& connection, int error, Batch& batch);

  IoLimits limits_;
  SlotTable<Connection> connections_;
  std::vector<SocketAddress> peers_;  // by slot; beside the table: only diagnostics read it
  std::vector<ConnectionId> requests_;
  ReceiveArena arena_;
  TimerWheel lingering_;
  std::vector<epoll_event> events_;
  Waker waker_;
  Descriptor epoll_;
  std::vector<Listener> listeners_;
  TimePoint now_{};
  WallMillis wall_{};
  TimePoint accept_again_ = kNever;
  Nanos accept_pause_ = kAcceptPauseMin;
  IoCounters counters_;
};

Result<void, IoError> EpollIo::start() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return Err{io_error("epoll_create", errno)};
  if (waker_.descriptor() < 0) return Err{io_error("eventfd", errno)};
  if (!watch(EPOLL_CTL_ADD, waker_.descriptor(), EPOLLIN, kWakeTag)) {
    return Err{io_error("epoll_ctl", errno)};
  }
  return {};
}

bool EpollIo::watch(int operation, int fd, std::uint32_t interest, std::uint64_t tag) noexcept {
  epoll_event event{};
  event.events = interest;
  event.data.u64 = tag;
  return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

// --- listeners ---------------------------------------------------------------------------------------------------

Result<ListenerId, IoError> EpollIo::listen(const Endpoint& at) {
  auto place =
      std::find_if(listeners_.begin(), listeners_.end(), [](const Listener& l) { return !l.fd; });
  if (place == listeners_.end() && listeners_.size() == kListenersMax) {
    return Err{io_error("listeners, too many for", at, ENOSPC)};
  }
  auto fd = open_listener(at);
  if (!fd) return Err{fd.error()};
  if (place == listeners_.end()) place = listeners_.emplace(listeners_.end());
  const auto index = static_cast<std::uint32_t>(place - listeners_.begin());
  const bool paused = accept_again_ != kNever;
  if (!watch(EPOLL_CTL_ADD, fd->get(), paused ? 0U : EPOLLIN, kListenerTag | index)) {
    return Err{io_error("epoll_ctl for", at, errno)};
  }
  place->port = bound_port(fd->get());
  place->fd = std::move(*fd);
  place->watched = !paused;
  return ListenerId{index + 1};
}

std::uint16_t EpollIo::local_port(ListenerId listener) const {
  if (!listener || listener.index > listeners_.size()) return 0;
  const Listener& at = listeners_[listener.index - 1];
  return at.fd ? at.port : std::uint16_t{0};
}

void EpollIo::unlisten(ListenerId listener) {
  if (!listener || listener.index > listeners_.size()) return;
  listeners_[listener.index - 1].fd.reset();
}

void EpollIo::watch_listeners(bool on) {
  for (std::uint32_t index = 0; index < listeners_.size(); ++index) {
    Listener& listener = listeners_[index];
    if (!listener.fd || listener.watched == on) continue;
    watch(EPOLL_CTL_MOD, listener.fd.get(), on ? EPOLLIN : 0U, kListenerTag | index);
    listener.watched = on;
  }
}

[[gnu::cold]] void EpollIo::pause_accepting() {
  ++counters_.accept_pauses;
  watch_listeners(false);
  accept_again_ = now_ + accept_pause_;
  accept_pause_ = std::min(accept_pause_ * 2, kAcceptPauseMax);
}

void EpollIo::accept_some(std::uint32_t index, Batch& batch) {
  if (index >= listeners_.size()) return;
  for (std::uint32_t accepted = 0; accepted < kAcceptsPerTurn && !batch.full(); ++accepted) {
    if (!listeners_[index].fd) return;
    SocketAddress from;
    from.length = sizeof from.v6;
    Descriptor fd(::accept4(listeners_[index].fd.get(), &from.any, &from.length,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (is_shortage(errno)) return pause_accepting();
      if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
      return;  // EAGAIN: no more for now
    }
    accept_pause_ = kAcceptPauseMin;
    const ConnectionId id = connections_.take();
    if (!id) {
      ++counters_.refused_full;
      reset_on_close(fd.get());
      continue;
    }
    Connection& connection = *connections_.find(id);
    connection.fd = fd.release();
    peers_[id.slot] = from;
    ++counters_.accepted;
    batch.add({.event = IoEvent::kAccepted,
               .connection = id,
               .listener = {index + 1},
               .peer_address = host_number(from)});
    set_interest(id, connection, EPOLLIN);
  }
}

// --- what is asked for -------------------------------------------------------------------------------------------

void EpollIo::queue(ConnectionId id, Connection& connection) {
  if (connection.queued) return;
  connection.queued = true;
  requests_.push_back(id);
}

ConnectionId EpollIo::connect(const Endpoint& to) {
  const ConnectionId id = connections_.take();
  if (!id) {
    ++counters_.refused_full;
    return {};
  }
  ++counters_.connects;
  Connection& connection = *connections_.find(id);
  connection.state = State::kConnecting;
  const SocketAddress address = parse_address(to);
  peers_[id.slot] = address;
  if (address.length == 0) {
    connection.error = EINVAL;
  } else {
    Descriptor fd = open_client(address);
    if (!fd || (::connect(fd.get(), &address.any, address.length) != 0 && errno != EINPROGRESS)) {
      connection.error = errno;
    }
    connection.fd = fd.release();
  }
  connection.dead = connection.error != 0;
  if (connection.dead) {
    queue(id, connection);
  } else {
    set_interest(id, connection, EPOLLOUT);
  }
  return id;
}

void EpollIo::send(ConnectionId id, Bytes bytes) {
  Connection* connection = connections_.find(id);
  if (connection == nullptr || connection->close_asked) return;
  CTI_CHECK(!connection->sending);
  CTI_CHECK(connection->state == State::kOpen);
  connection->sending = true;
  connection->send_data = bytes.data();
  connection->send_bytes = std::min(bytes.size(), kSendBytesMax);
  queue(id, *connection);
}

void EpollIo::set_receiving(ConnectionId id, bool on) {
  Connection* connection = connections_.find(id);
  if (connection == nullptr || connection->close_asked || connection->receiving == on) return;
  connection->receiving = on;
  if (connection->state == State::kOpen) update_interest(id, *connection);
}

void EpollIo::close(ConnectionId id, CloseHow how) {
  Connection* connection = connections_.find(id);
  if (connection == nullptr) return;
  connection->close_asked = true;
  if (how == CloseHow::kReset) connection->reset_asked = true;
  queue(id, *connection);
}

Endpoint EpollIo::peer(ConnectionId id) const {
  return connections_.find(id) == nullptr ? Endpoint{"", 0} : to_endpoint(peers_[id.slot]);
}

// --- the turn ----------------------------------------------------------------------------------------------------

std::size_t EpollIo::wait(std::span<Completion> out, TimePoint deadline) {
  CTI_CHECK(!out.empty());
  ++counters_.turns;
  arena_.take_back_all();
  Batch batch{out};
  run_own_timers(batch);
  run_requests(batch);
  if (!batch.full()) {
    const std::size_t room = std::min(events_.size(), batch.out.size() - batch.count);
    const int timeout = batch.count > 0 ? 0 : timeout_ms(deadline);
    const int ready = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(room), timeout);
    now_ = monotonic_now();
    wall_ = wall_now();
    // Level-triggered: what does not fit into the batch any more is told again by the next epoll_wait.
    for (int i = 0; i < ready && !batch.full(); ++i)
      take_event(events_[static_cast<std::size_t>(i)], batch);
  } else {
    now_ = monotonic_now();
    wall_ = wall_now();
  }
  return batch.count;
}

int EpollIo::timeout_ms(TimePoint deadline) const noexcept {
  if (deadline <= now_) return 0;
  const TimePoint until = std::min({deadline, accept_again_, lingering_.next()});
  if (until == kNever) return -1;
  // The only second reading of the clock in a turn, and only before going to sleep: the turn itself took time.
  const Nanos left = until - monotonic_now();
  if (left <= Nanos{0}) return 0;
  const auto milliseconds = std::chrono::ceil<Millis>(left).count();
  return static_cast<int>(std::min<std::int64_t>(milliseconds, 3'600'000));
}

void EpollIo::run_own_timers(Batch& batch) {
  if (accept_again_ <= now_) {
    accept_again_ = kNever;
    watch_listeners(true);
  }
  const auto room =
      static_cast<std::uint32_t>(std::min<std::size_t>(kTimersPerTurn, batch.out.size()));
  lingering_.fire(now_, room, [&](std::uint64_t cookie) {
    const ConnectionId id{static_cast<std::uint32_t>(cookie),
                          static_cast<std::uint32_t>(cookie >> 32U)};
    if (Connection* connection = connections_.find(id)) {
      connection->linger = {};
      finish(id, *connection, 0, batch);
    }
  });
}

// Sends and closes get at most three quarters of the batch, so that reading goes on however much is sent.
void EpollIo::run_requests(Batch& batch) {
  const std::size_t share = std::max<std::size_t>(1, batch.out.size() - batch.out.size() / 4);
  std::size_t done = 0;
  while (done < requests_.size() && batch.count < share) {
    const ConnectionId id = requests_[done++];
    Connection* connection = connections_.find(id);
    if (connection == nullptr) continue;
    connection->queued = false;
    run_request(id, *connection, batch);
  }
  requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(done));
}

void EpollIo::run_request(ConnectionId id, Connection& connection, Batch& batch) {
  if (connection.dead) return finish(id, connection, connection.error, batch);
  if (connection.sending && !connection.reset_asked) try_send(id, connection, batch);
  if (!connection.close_asked) return;
  if (connection.reset_asked || connection.state == State::kConnecting) {
    if (connection.reset_asked && connection.fd >= 0) reset_on_close(connection.fd);
    return finish(id, connection, 0, batch);
  }
  if (connection.state == State::kOpen) start_orderly_close(id, connection, batch);
}

void EpollIo::try_send(ConnectionId id, Connection& connection, Batch& batch) {
  ssize_t sent = ::send(connection.fd, connection.send_data, connection.send_bytes,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
  ++counters_.sends;
  connection.sending = false;
  const bool failed = sent < 0 && errno != EAGAIN && errno != EINTR;
  // The cause of a failed send is told by the reading side, after what the peer had still said: see finish().
  if (failed && connection.error == 0) connection.error = errno;
  if (sent < 0) sent = 0;
  counters_.sent_bytes += static_cast<std::uint64_t>(sent);
  if (static_cast<std::size_t>(sent) < connection.send_bytes) {
    ++counters_.sends_short;
    connection.full = !failed;
    update_interest(id, connection);
  }
  batch.add({.event = IoEvent::kSent, .connection = id, .sent = static_cast<std::uint32_t>(sent)});
}

void EpollIo::start_orderly_close(ConnectionId id, Connection& connection, Batch& batch) {
  if (connection.error != 0 || limits_.linger <= Nanos{0} ||
      ::shutdown(connection.fd, SHUT_WR) != 0) {
    return finish(id, connection, 0, batch);
  }
  connection.state = State::kLingering;
  connection.linger = lingering_.arm(now_ + limits_.linger, id.packed());
  CTI_CHECK(connection.linger);  // as many timers as connections
  set_interest(id, connection, EPOLLIN);
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
  if (Connection* connection = connections_.find(id)) {
    if (!connection->dead) take_connection_event(id, *connection, event.events, batch);
  } else {
    ++counters_.stale;
  }
}

void EpollIo::take_connection_event(ConnectionId id, Connection& connection, std::uint32_t what,
                                    Batch& batch) {
  if (connection.state == State::kConnecting) return take_connect_result(id, connection, batch);
  if (connection.state == State::kLingering) return discard(id, connection, batch);
  if (connection.close_asked)
    return;  // asked after this turn's requests were run, or they did not fit
  if (connection.full && (what & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    connection.full = false;
    update_interest(id, connection);
    if ((what & EPOLLOUT) != 0) batch.add({.event = IoEvent::kWritable, .connection = id});
    if (batch.full()) return;
  }
  if ((what & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) return;
  if (connection.receiving) return receive(id, connection, batch);
  if ((what & (EPOLLERR | EPOLLHUP)) != 0) {
    const int error = connection.error != 0 ? connection.error : take_socket_error(connection.fd);
    finish(id, connection, error, batch);
  }
}

void EpollIo::take_connect_result(ConnectionId id, Connection& connection, Batch& batch) {
  int error = take_socket_error(connection.fd);
  if (error == 0 && is_connected_to_itself(connection.fd)) error = ECONNREFUSED;
  if (error != 0) return finish(id, connection, error, batch);
  connection.state = State::kOpen;
  update_interest(id, connection);
  batch.add({.event = IoEvent::kConnected, .connection = id});
}

void EpollIo::receive(ConnectionId id, Connection& connection, Batch& batch) {
  const std::size_t most = limits_.receive_buffer_bytes;
  if (!arena_.has(most)) {
    ++counters_.buffer_shortages;
    return;
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
  const int cause = got == 0 ? connection.error : error;
  finish(id, connection, cause, batch);
}

void EpollIo::discard(ConnectionId id, Connection& connection, Batch& batch) {
  // MSG_TRUNC on a stream: the kernel throws the bytes away without copying them.
  const ssize_t got =
      ::recv(connection.fd, nullptr, kDiscardBytesPerTurn, MSG_DONTWAIT | MSG_TRUNC);
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
  finish(id, connection, 0, batch);
}

void EpollIo::set_interest(ConnectionId id, Connection& connection,
                           std::uint32_t interest) noexcept {
  if (connection.watched && interest == connection.interest) return;
  const int operation = connection.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  connection.watched = watch(operation, connection.fd, interest, id.packed());
  connection.interest = interest;
  if (connection.watched) return;
  connection.error =
      errno;  // out of kernel memory: a socket that nobody watches would hang for ever
  connection.dead = true;
  queue(id, connection);
}

void EpollIo::update_interest(ConnectionId id, Connection& connection) noexcept {
  set_interest(id, connection,
               (connection.receiving ? EPOLLIN : 0U) | (connection.full ? EPOLLOUT : 0U));
}

void EpollIo::finish(ConnectionId id, Connection& connection, int error, Batch& batch) {
  if (batch.full()) {  // told in the next turn
    connection.dead = true;
    connection.error = error;
    return queue(id, connection);
  }
  if (connection.linger) lingering_.cancel(connection.linger);
  Descriptor(connection.fd).reset();
  connections_.give_back(id);
  ++counters_.closed;
  batch.add({.event = IoEvent::kClosed, .connection = id, .error = error});
}

}  // namespace

Result<std::unique_ptr<Io>, IoError> make_epoll_io(const IoLimits& limits) {
  auto io = std::make_unique<EpollIo>(limits);
  if (auto started = io->start(); !started) return Err{started.error()};
  return std::unique_ptr<Io>(std::move(io));
}

}  // namespace cti::core
