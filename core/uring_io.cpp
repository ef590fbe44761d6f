// uring_io.cpp - what is asked of the ring: listening, connecting, sending, closing, and the turn that hands it all over.
#include "core/uring_io.hpp"

#include "core/uring_state.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <bit>

namespace cti::core {
namespace uring {
namespace {

constexpr std::size_t kSendBytesMax = std::size_t{1} << 30U;
constexpr std::uint32_t kTimersPerTurn = 256;
constexpr std::uint32_t kResultsPerCompletion =
    4;  // results looked at per turn, as a multiple of the batch

}  // namespace

// The kernel lets go of a closed ring's sockets a little later, from a worker: shut down, they are silent at once.
UringIo::~UringIo() {
  for (const Listener& listener : listeners_) {
    if (listener.fd) ::shutdown(listener.fd.get(), SHUT_RDWR);
  }
  connections_.for_each([](ConnectionId, Connection& connection) {
    if (connection.fd >= 0) ::shutdown(connection.fd, SHUT_RDWR);
    Descriptor(connection.fd).reset();
  });
}

// --- listeners ---------------------------------------------------------------------------------------------------

Result<ListenerId, IoError> UringIo::listen(const Endpoint& at) {
  const auto place =
      std::find_if(listeners_.begin(), listeners_.end(), [](const Listener& l) { return !l.fd; });
  if (place == listeners_.end()) return Err{io_error("listeners, too many for", at, ENOSPC)};
  auto fd = open_listener(at);
  if (!fd) return Err{fd.error()};
  place->port = bound_port(fd->get());
  place->fd = std::move(*fd);
  return ListenerId{static_cast<std::uint32_t>(place - listeners_.begin()) + 1};
}

std::uint16_t UringIo::local_port(ListenerId listener) const {
  if (!listener || listener.index > listeners_.size()) return 0;
  const Listener& at = listeners_[listener.index - 1];
  return at.fd ? at.port : std::uint16_t{0};
}

void UringIo::unlisten(ListenerId listener) {
  if (!listener || listener.index > listeners_.size()) return;
  Listener& at = listeners_[listener.index - 1];
  if (!at.fd) return;
  const ConnectionId name{listener.index - 1, at.generation};
  if (at.armed) ring_->cancel(tag_of(Request::kAccept, name), tag_of(Request::kCancel, name));
  // The request under way keeps the socket alive until the cancel is handed over: shut down, it accepts nobody.
  ::shutdown(at.fd.get(), SHUT_RDWR);
  at.fd.reset();
  at.armed = false;
  ++at.generation;
}

// --- what is asked for -------------------------------------------------------------------------------------------

void UringIo::queue(ConnectionId id, Connection& connection) {
  if (connection.queued) return;
  connection.queued = true;
  requests_.push_back(id);
}

ConnectionId UringIo::connect(const Endpoint& to) {
  const ConnectionId id = connections_.take();
  if (!id) {
    ++counters_.refused_full;
    return {};
  }
  ++counters_.connects;
  Connection& connection = *connections_.find(id);
  connection.state = State::kConnecting;
  peers_[id.slot] = parse_address(to);
  if (peers_[id.slot].length == 0) {
    connection.error = EINVAL;
  } else {
    connection.fd = open_client(peers_[id.slot]).release();
    if (connection.fd < 0) connection.error = errno;
  }
  if (connection.error != 0) {
    connection.state = State::kEnding;
    queue(id, connection);
  } else {
    start(Request::kConnect, id, connection);
  }
  return id;
}

void UringIo::send(ConnectionId id, Bytes bytes) {
  Connection* connection = connections_.find(id);
  if (connection == nullptr || connection->close_asked || connection->state == State::kEnding)
    return;
  CTI_CHECK(!connection->sending);
  CTI_CHECK(connection->state == State::kOpen);
  connection->sending = true;
  connection->send_data = bytes.data();
  connection->send_bytes = std::min(bytes.size(), kSendBytesMax);
  queue(id, *connection);
}

void UringIo::set_receiving(ConnectionId id, bool on) {
  Connection* connection = connections_.find(id);
  if (connection == nullptr || connection->close_asked || connection->receiving == on) return;
  connection->receiving = on;
  if (connection->state != State::kOpen) return;
  if (on) return start_receiving(id, *connection);
  if (connection->has(Request::kReceive)) cancel(Request::kReceive, id, *connection);
  if (!connection->has(Request::kHangup)) start(Request::kHangup, id, *connection);
}

void UringIo::close(ConnectionId id, CloseHow how) {
  Connection* connection = connections_.find(id);
  if (connection == nullptr) return;
  connection->close_asked = true;
  if (how == CloseHow::kReset) connection->reset_asked = true;
  queue(id, *connection);
}

Endpoint UringIo::peer(ConnectionId id) const {
  return connections_.find(id) == nullptr ? Endpoint{"", 0} : to_endpoint(peers_[id.slot]);
}

// --- requests to the kernel --------------------------------------------------------------------------------------

void UringIo::start(Request request, ConnectionId id, Connection& connection) {
  CTI_CHECK(!connection.has(request));
  connection.under_way |= Connection::bit(request);
  const std::uint64_t tag = tag_of(request, id);
  switch (request) {
    case Request::kReceive:
      return ring_->receive(connection.fd, tag, !connection.receives_once);
    case Request::kSend:
      return ring_->send(connection.fd, {connection.send_data, connection.send_bytes}, tag);
    case Request::kRoom:
      return ring_->poll(connection.fd, POLLOUT, tag);
    case Request::kHangup:
      return ring_->poll(connection.fd, 0, tag);
    case Request::kConnect:
      return ring_->connect(connection.fd, &peers_[id.slot].any, peers_[id.slot].length, tag);
    case Request::kWake:
    case Request::kAccept:
    case Request::kCancel:
      break;
  }
  CTI_CHECK(false);
}

void UringIo::cancel(Request request, ConnectionId id, Connection& connection) {
  if ((connection.cancelled & Connection::bit(request)) != 0) return;
  connection.cancelled |= Connection::bit(request);
  ring_->cancel(tag_of(request, id), tag_of(Request::kCancel, id));
}

void UringIo::start_receiving(ConnectionId id, Connection& connection) {
  // One that is being cancelled is started again when its last result is there; a starved one has its turn.
  if (connection.has(Request::kReceive) || connection.starved) return;
  connection.receives_once = false;
  start(Request::kReceive, id, connection);
}

void UringIo::start_orderly_close(ConnectionId id, Connection& connection, Batch& batch) {
  if (connection.error != 0 || limits_.linger <= Nanos{0} ||
      ::shutdown(connection.fd, SHUT_WR) != 0) {
    return begin_end(id, connection, 0, batch);
  }
  connection.state = State::kLingering;
  connection.linger = lingering_.arm(now_ + limits_.linger, id.packed());
  CTI_CHECK(connection.linger);  // as many timers as connections
  connection.receiving = true;   // only to see the peer's FIN: the bytes are thrown away
  start_receiving(id, connection);
}

void UringIo::begin_end(ConnectionId id, Connection& connection, int error, Batch& batch) {
  if (connection.state == State::kEnding) return;
  connection.state = State::kEnding;
  connection.error = error;
  if (connection.linger) lingering_.cancel(connection.linger);
  if (connection.reset_asked) {
    reset_on_close(connection.fd);
  } else if (connection.under_way != 0) {
    ::shutdown(connection.fd, SHUT_RDWR);  // also ends what a cancel might miss
  }
  for (const Request request :
       {Request::kReceive, Request::kRoom, Request::kHangup, Request::kConnect}) {
    if (connection.has(request)) cancel(request, id, connection);
  }
  end_when_idle(id, connection, batch);
}

void UringIo::end_when_idle(ConnectionId id, Connection& connection, Batch& batch) {
  CTI_CHECK(connection.state == State::kEnding);
  if (connection.under_way != 0) return;
  if (batch.full()) return queue(id, connection);  // told in the next turn
  Descriptor(connection.fd).reset();
  const int error = connection.error;
  connections_.give_back(id);
  ++counters_.closed;
  batch.add({.event = IoEvent::kClosed, .connection = id, .error = error});
}

// --- the turn ----------------------------------------------------------------------------------------------------

std::size_t UringIo::wait(std::span<Completion> out, TimePoint deadline) {
  CTI_CHECK(!out.empty());
  ++counters_.turns;
  Batch batch{out.first(std::min<std::size_t>(out.size(), limits_.completions_per_turn))};
  give_buffers_back();
  receive_again();
  run_own_timers(batch);
  run_requests(batch);
  arm_standing_requests();
  ring_->enter(batch.count > 0 ? Nanos{0} : time_to_wait(deadline));
  now_ = monotonic_now();
  wall_ = wall_now();
  RingResult result;
  std::size_t looked_at = 0;
  while (!batch.full() && looked_at++ < kResultsPerCompletion * batch.out.size() &&
         ring_->reap(result)) {
    take_result(result, batch);
  }
  counters_.overflows = ring_->overflows();
  return batch.count;
}

void UringIo::give_buffers_back() {
  for (const std::uint16_t buffer : lent_) ring_->give_back(buffer);
  lent_.clear();
}

// Requests run in the order in which they were written down. A connection that found no buffer comes first, in turn, and takes
// one buffer; multishot ones, which take whatever there is, are armed again behind them. So a flood starves nobody.
void UringIo::receive_again() {
  const std::size_t served = std::min<std::size_t>(starved_.size(), limits_.receive_buffers);
  for (std::size_t i = 0; i < served; ++i) {
    Connection* connection = connections_.find(starved_[i]);
    if (connection == nullptr) continue;
    connection->starved = false;
    if (connection->state == State::kEnding || !connection->receiving) continue;
    connection->receives_once = true;
    start(Request::kReceive, starved_[i], *connection);
  }
  starved_.erase(starved_.begin(), starved_.begin() + static_cast<std::ptrdiff_t>(served));
  for (const ConnectionId id : interrupted_) {
    Connection* connection = connections_.find(id);
    if (connection == nullptr || connection->state == State::kEnding || !connection->receiving)
      continue;
    start_receiving(id, *connection);
  }
  interrupted_.clear();
}

void UringIo::run_own_timers(Batch& batch) {
  if (accept_again_ <= now_) accept_again_ = kNever;
  lingering_.fire(now_, kTimersPerTurn, [&](std::uint64_t cookie) {
    const ConnectionId id{static_cast<std::uint32_t>(cookie),
                          static_cast<std::uint32_t>(cookie >> 32U)};
    if (Connection* connection = connections_.find(id)) {
      connection->linger = {};
      begin_end(id, *connection, 0, batch);
    }
  });
}

// Every request is looked at each turn: sends answer later, and a close that does not fit into the batch queues itself again.
void UringIo::run_requests(Batch& batch) {
  const std::size_t asked = requests_.size();
  for (std::size_t i = 0; i < asked; ++i) {
    const ConnectionId id = requests_[i];
    Connection* connection = connections_.find(id);
    if (connection == nullptr) continue;
    connection->queued = false;
    run_request(id, *connection, batch);
  }
  requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(asked));
}

void UringIo::run_request(ConnectionId id, Connection& connection, Batch& batch) {
  if (connection.state == State::kEnding) return end_when_idle(id, connection, batch);
  if (connection.sending && !connection.has(Request::kSend) && !connection.reset_asked) {
    ++counters_.sends;
    start(Request::kSend, id, connection);
  }
  if (!connection.close_asked) return;
  if (connection.reset_asked || connection.state == State::kConnecting) {
    return begin_end(id, connection, 0, batch);
  }
  // After a send under way: see take_sent.
  if (connection.state == State::kOpen && !connection.has(Request::kSend)) {
    start_orderly_close(id, connection, batch);
  }
}

void UringIo::arm_standing_requests() {
  if (!wake_armed_) {
    wake_armed_ = true;
    ring_->read(waker_.descriptor(), &wake_count_, sizeof wake_count_, tag_of(Request::kWake, {}));
  }
  if (accept_again_ != kNever) return;
  for (std::uint32_t index = 0; index < listeners_.size(); ++index) {
    Listener& listener = listeners_[index];
    if (!listener.fd || listener.armed) continue;
    listener.armed = true;
    ring_->accept(listener.fd.get(), tag_of(Request::kAccept, {index, listener.generation}));
  }
}

Nanos UringIo::time_to_wait(TimePoint deadline) const noexcept {
  if (deadline <= now_ || !requests_.empty()) return Nanos{0};
  const TimePoint until = std::min({deadline, accept_again_, lingering_.next()});
  if (until == kNever) return Nanos{-1};
  // The only second reading of the clock in a turn, and only before going to sleep: the turn itself took time.
  return std::max(Nanos{0}, until - monotonic_now());
}

}  // namespace uring

namespace {

std::uint32_t rounded(std::uint32_t wanted, std::uint32_t least, std::uint32_t most) {
  return std::clamp(std::bit_ceil(wanted), least, most);
}

}  // namespace

Result<std::unique_ptr<Io>, IoError> make_uring_io(const IoLimits& limits,
                                                   const UringTuning& tuning) {
  RingLimits ring_limits;
  ring_limits.submissions =
      tuning.submissions != 0 ? tuning.submissions : rounded(limits.connections_max, 64, 1024);
  // Room for a result of each of two requests per connection in one turn; more than that waits in the kernel.
  ring_limits.completions = tuning.completions != 0
                                ? tuning.completions
                                : rounded(2 * limits.connections_max, 1024, 32'768);
  ring_limits.buffers = limits.receive_buffers;
  ring_limits.buffer_bytes = limits.receive_buffer_bytes;
  auto ring = Ring::make(ring_limits);
  if (!ring) return Err{ring.error()};
  auto io = std::make_unique<uring::UringIo>(limits, std::move(*ring));
  if (!io->has_waker()) return Err{io_error("eventfd", errno)};
  return std::unique_ptr<Io>(std::move(io));
}

Result<std::unique_ptr<Io>, IoError> make_uring_io(const IoLimits& limits) {
  return make_uring_io(limits, {});
}

Result<void, IoError> probe_uring() { return try_uring(); }

}  // namespace cti::core
