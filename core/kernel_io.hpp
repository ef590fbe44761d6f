// kernel_io.hpp - what epoll and io_uring share: the life of a connection on a kernel's socket, listeners, pauses, linger.
//
// Why      the two differ in how they ask the kernel; what is asked, in which order, and what is told of it is one thing.
// Shape    KernelIoState holds what needs no connection: limits, clock, listeners, the accept pause. KernelIo<Backend,
//          Connection> adds the connections; it calls the back-end's hooks directly (no virtual call per event).
// Hooks    of Backend, all private to it (it names KernelIo a friend):
//            Result<void, IoError> watch_listener(index)   a listener has come      forget_listener(index)   it goes
//            accepting_paused(), accepting_resumed()       no listener, or all of them, may accept
//            int start_connect(id, c)     0, or the errno  opened(id, c)            connected or accepted: reading begins
//            start_send(id, c, batch)     sent(..) follows send_under_way(c)        the kernel holds its bytes
//            want_room(id, c)             the socket was full: kWritable is owed
//            receiving_changed(id, c)     to c.receiving   read_to_the_end(id, c)   only the peer's FIN matters now
//            stop_requests(id, c)         of one that ends busy(c)                  something of it is still in flight
// Life     kConnecting -> kOpen -> kLingering -> kEnding, forwards only. kEnding: nothing is left but to tell kClosed,
//          once nothing is in flight and the batch has room.
// Threads  one owner, as Io; wake() any.
#pragma once

#include "core/base/check.hpp"
#include "core/base/limits.hpp"
#include "core/io.hpp"
#include "core/own_clock.hpp"
#include "core/slot_table.hpp"
#include "core/socket.hpp"
#include "core/timer_wheel.hpp"
#include "core/waker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace cti::core {

enum class KernelState : std::uint8_t { kConnecting, kOpen, kLingering, kEnding };

/// What both back-ends keep of a connection; each adds what its kernel interface needs.
struct KernelConnection {
  int fd = -1;
  KernelState state = KernelState::kOpen;
  bool receiving = true;  // wanted by the owner
  bool sending = false;   // send() was called, kSent not yet given
  bool full = false;      // the last send was short: kWritable follows
  bool close_asked = false;
  bool reset_asked = false;
  bool queued = false;  // stands in requests_
  int error = 0;        // to be told with kClosed
  const std::byte* send_data = nullptr;
  std::size_t send_bytes = 0;
  TimerId linger{};
};

struct KernelListener {
  Descriptor fd;
  std::uint16_t port = 0;
  std::uint32_t generation = 1;
  bool watched = false;  // the kernel has been asked to tell of connections
};

/// The caller's span, being filled.
class CompletionBatch {
 public:
  explicit CompletionBatch(std::span<Completion> out) noexcept : out_(out) {}
  bool full() const noexcept { return count_ == out_.size(); }
  std::size_t count() const noexcept { return count_; }
  std::size_t size() const noexcept { return out_.size(); }
  bool received() const noexcept { return received_; }
  void add(const Completion& completion) noexcept {
    CTI_CHECK(count_ < out_.size());
    received_ = received_ || completion.event == IoEvent::kReceived;
    out_[count_++] = completion;
  }

 private:
  std::span<Completion> out_;
  std::size_t count_ = 0;
  bool received_ = false;
};

/// What a failed accept() means for the next one.
enum class AcceptVerdict : std::uint8_t {
  kNobody,  ///< nobody is waiting
  kAgain,   ///< that connection is lost, the next one may be good
  kPause,   ///< short of something (M1), or an error that will not go away by asking again at once
};
AcceptVerdict accept_verdict(int error) noexcept;

/// Everything of a kernel back-end that needs no connection.
class KernelIoState : public Io {
 public:
  std::uint16_t local_port(ListenerId listener) const override;
  void wake() noexcept override { waker_.wake(); }
  TimePoint now() const noexcept override { return clock_.now(); }
  WallMillis wall() const noexcept override { return wall_; }
  const IoCounters& counters() const noexcept override { return counters_; }

 protected:
  using Batch = CompletionBatch;

  KernelIoState(const IoLimits& limits, int waker_flags);

  /// The listener that this names, or none.
  KernelListener* find(ListenerId listener) noexcept;
  /// Opens a listening socket in a free place; the caller has it watched.
  Result<std::uint32_t, IoError> open_place(const Endpoint& at);
  /// False: accepting was paused already.
  bool begin_accept_pause() noexcept;
  bool accepting_is_paused() const noexcept { return accept_again_ != kNever; }
  /// The kernel has been waited for; results are taken from here on.
  void waited(TimePoint deadline) noexcept {
    clock_.waited(monotonic_now(), deadline, received_);
    counters_.stops = clock_.stops();
    wall_ = wall_now();
  }
  /// How long to sleep: zero not at all, negative for ever.
  Nanos time_to_wait(TimePoint deadline) const noexcept;

  const IoLimits limits_;
  std::vector<SocketAddress>
      peers_;  // by slot; beside the table: only connects and diagnostics read it
  std::vector<ConnectionId> requests_;  // connections for which something was asked, each once
  TimerWheel lingering_;
  std::vector<KernelListener> listeners_;
  Waker waker_;
  OwnClock clock_;
  bool received_ = false;  // the last turn had bytes to read
  WallMillis wall_{};
  TimePoint accept_again_ = kNever;
  Nanos accept_pause_ = limits::kAcceptPauseMin;
  IoCounters counters_;
};

template <class Backend, class Connection>
class KernelIo : public KernelIoState {
 public:
  Result<ListenerId, IoError> listen(const Endpoint& at) final {
    const auto place = open_place(at);
    if (!place) return Err{place.error()};
    if (auto watched = self().watch_listener(*place); !watched) {
      listeners_[*place].fd.reset();
      return Err{watched.error()};
    }
    return ListenerId{*place + 1};
  }

  void unlisten(ListenerId listener) final {
    KernelListener* at = find(listener);
    if (at == nullptr) return;
    self().forget_listener(listener.index - 1);
    at->fd.reset();
    at->watched = false;
    ++at->generation;
  }

  ConnectionId connect(const Endpoint& to) final {
    const ConnectionId id = connections_.take();
    if (!id) {
      ++counters_.refused_full;
      return {};
    }
    ++counters_.connects;
    Connection& connection = *connections_.find(id);
    connection.state = KernelState::kConnecting;
    peers_[id.slot] = parse_address(to);
    int error = peers_[id.slot].length == 0 ? EINVAL : 0;
    if (error == 0) {
      connection.fd = open_client(peers_[id.slot]).release();
      error = connection.fd < 0 ? errno : self().start_connect(id, connection);
    }
    if (error != 0) end_later(id, connection, error);
    return id;
  }

  void send(ConnectionId id, Bytes bytes) final {
    Connection* connection = connections_.find(id);
    if (connection == nullptr || connection->close_asked) return;
    if (connection->state == KernelState::kEnding) return;
    CTI_CHECK(!connection->sending);
    CTI_CHECK(connection->state == KernelState::kOpen);
    connection->sending = true;
    connection->send_data = bytes.data();
    connection->send_bytes = std::min(bytes.size(), limits::kOneSendBytesMax);
    queue(id, *connection);
  }

  void set_receiving(ConnectionId id, bool on) final {
    Connection* connection = connections_.find(id);
    if (connection == nullptr || connection->close_asked || connection->receiving == on) return;
    connection->receiving = on;
    if (connection->state == KernelState::kOpen) self().receiving_changed(id, *connection);
  }

  void close(ConnectionId id, CloseHow how) final {
    Connection* connection = connections_.find(id);
    if (connection == nullptr) return;
    connection->close_asked = true;
    if (how == CloseHow::kReset) connection->reset_asked = true;
    queue(id, *connection);
  }

  Endpoint peer(ConnectionId id) const final {
    return connections_.find(id) == nullptr ? Endpoint{"", 0} : to_endpoint(peers_[id.slot]);
  }

 protected:
  KernelIo(const IoLimits& limits, int waker_flags)
      : KernelIoState(limits, waker_flags), connections_(limits.connections_max) {}

  void queue(ConnectionId id, Connection& connection) {
    if (connection.queued) return;
    CTI_CHECK(requests_.size() <
              requests_.capacity());  // those of this turn beside those being run
    connection.queued = true;
    requests_.push_back(id);
  }

  void pause_accepting() {
    if (begin_accept_pause()) self().accepting_paused();
  }

  void run_own_timers(Batch& batch) {
    if (accept_again_ <= now()) {
      accept_again_ = kNever;
      self().accepting_resumed();
    }
    lingering_.fire(now(), limits::kLingersPerTurn, [&](std::uint64_t cookie) {
      const ConnectionId id{static_cast<std::uint32_t>(cookie),
                            static_cast<std::uint32_t>(cookie >> 32U)};
      Connection* connection = connections_.find(id);
      CTI_CHECK(connection != nullptr);  // who ends earlier takes its timer back
      CTI_CHECK(connection->state == KernelState::kLingering);
      connection->linger = {};
      begin_end(id, *connection, 0, batch);
    });
  }

  /// What was asked since the last turn, in the order of asking, until `completions` of the batch are filled.
  void run_requests(Batch& batch, std::size_t completions) {
    const std::size_t asked = requests_.size();  // a close that finds no room stands in line again
    std::size_t done = 0;
    while (done < asked && batch.count() < completions) {
      const ConnectionId id = requests_[done++];
      Connection* connection = connections_.find(id);
      CTI_CHECK(connection != nullptr && connection->queued);  // who stands in line is not let go
      connection->queued = false;
      run_request(id, *connection, batch);
    }
    CTI_CHECK(done <= asked && asked <= requests_.size());
    requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(done));
  }

  /// A connection came in: takes a slot and tells of it, or resets it when none is free.
  void admit(Descriptor fd, const SocketAddress& from, std::uint32_t listener, Batch& batch) {
    accept_pause_ = limits::kAcceptPauseMin;
    const ConnectionId id = connections_.take(limits_.kept_for_connects);
    if (!id) {
      ++counters_.refused_full;
      return reset_on_close(fd.get());
    }
    Connection& connection = *connections_.find(id);
    peers_[id.slot] = from;
    connection.fd = fd.release();
    ++counters_.accepted;
    batch.add({.event = IoEvent::kAccepted,
               .connection = id,
               .listener = {listener + 1},
               .peer_address = host_number(from)});
    self().opened(id, connection);
  }

  void connected(ConnectionId id, Connection& connection, int error, Batch& batch) {
    CTI_CHECK(connection.state == KernelState::kConnecting);
    if (error == 0 && is_connected_to_itself(connection.fd)) error = ECONNREFUSED;
    if (error != 0) return begin_end(id, connection, error, batch);
    connection.state = KernelState::kOpen;
    batch.add({.event = IoEvent::kConnected, .connection = id});
    self().opened(id, connection);
  }

  /// What came of a send: a count, or a negative errno.
  void sent(ConnectionId id, Connection& connection, ssize_t value, Batch& batch) {
    CTI_CHECK(connection.sending);
    const std::size_t bytes = value < 0 ? 0 : static_cast<std::size_t>(value);
    CTI_CHECK(bytes <= connection.send_bytes);
    // A kernel that is short of memory for a moment is a full socket, not the end of one.
    const int error = value < 0 ? static_cast<int>(-value) : 0;
    const bool failed = error != 0 && error != EAGAIN && error != EINTR && error != ECANCELED &&
                        !is_shortage(error);
    connection.sending = false;
    counters_.sent_bytes += bytes;
    batch.add(
        {.event = IoEvent::kSent, .connection = id, .sent = static_cast<std::uint32_t>(bytes)});
    if (connection.state != KernelState::kOpen) return;
    // The cause of a failed send is told by the reading side, after what the peer had still said.
    if (failed && connection.error == 0) connection.error = error;
    if (bytes == connection.send_bytes) return;
    ++counters_.sends_short;
    connection.full = !failed;
    if (connection.full) self().want_room(id, connection);
  }

  void start_orderly_close(ConnectionId id, Connection& connection, Batch& batch) {
    CTI_CHECK(connection.state == KernelState::kOpen);
    if (connection.error != 0 || limits_.linger <= Nanos{0} ||
        ::shutdown(connection.fd, SHUT_WR) != 0) {
      return begin_end(id, connection, 0, batch);
    }
    connection.state = KernelState::kLingering;
    connection.linger = lingering_.arm(now() + limits_.linger, id.packed());
    CTI_CHECK(connection.linger);  // as many timers as connections
    connection.receiving = true;   // only to see the peer's FIN: the bytes are thrown away
    self().read_to_the_end(id, connection);
  }

  void begin_end(ConnectionId id, Connection& connection, int error, Batch& batch) {
    if (connection.state == KernelState::kEnding) return;
    connection.state = KernelState::kEnding;
    connection.error = error;
    if (connection.linger) lingering_.cancel(std::exchange(connection.linger, {}));
    if (connection.reset_asked) reset_on_close(connection.fd);
    self().stop_requests(id, connection);
    end_when_idle(id, connection, batch);
  }

  /// Ends in the next turn, outside of any batch.
  void end_later(ConnectionId id, Connection& connection, int error) {
    CTI_CHECK(!connection.linger);
    connection.state = KernelState::kEnding;
    connection.error = error;
    queue(id, connection);
  }

  void end_when_idle(ConnectionId id, Connection& connection, Batch& batch) {
    CTI_CHECK(connection.state == KernelState::kEnding);
    if (self().busy(connection)) return;             // its last result comes back here
    if (connection.queued) return;                   // its turn in line does
    if (batch.full()) return queue(id, connection);  // told in the next turn
    CTI_CHECK(!connection.linger);
    Descriptor(connection.fd).reset();
    const int error = connection.error;
    connections_.give_back(id);
    ++counters_.closed;
    batch.add({.event = IoEvent::kClosed, .connection = id, .error = error});
  }

  SlotTable<Connection> connections_;

 private:
  Backend& self() noexcept { return static_cast<Backend&>(*this); }

  void run_request(ConnectionId id, Connection& connection, Batch& batch) {
    if (connection.state == KernelState::kEnding) return end_when_idle(id, connection, batch);
    const bool to_send = connection.sending && !self().send_under_way(connection);
    if (to_send && !connection.reset_asked) {
      ++counters_.sends;
      self().start_send(id, connection, batch);
    }
    if (!connection.close_asked || connection.state == KernelState::kEnding) return;
    if (connection.reset_asked || connection.state == KernelState::kConnecting) {
      return begin_end(id, connection, 0, batch);
    }
    // After a send under way: when its result is there.
    if (connection.state == KernelState::kOpen && !self().send_under_way(connection)) {
      start_orderly_close(id, connection, batch);
    }
  }
};

}  // namespace cti::core
