// uring_io.cpp - what is asked of the ring, and the turn that hands it all over. What both kernels' ways share: kernel_io.
#include "core/uring_io.hpp"

#include "core/uring_state.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <bit>

namespace cti::core {
namespace uring {
namespace {

constexpr std::uint32_t kResultsPerCompletion =
    4;  // results looked at per turn, as a multiple of the batch

}  // namespace

// The kernel lets go of a closed ring's sockets a little later, from a worker: shut down, they are silent at once.
UringIo::~UringIo() {
  for (const KernelListener& listener : listeners_) {
    if (listener.fd) ::shutdown(listener.fd.get(), SHUT_RDWR);
  }
  connections_.for_each([](ConnectionId, UringConnection& connection) {
    if (connection.fd >= 0) ::shutdown(connection.fd, SHUT_RDWR);
    Descriptor(connection.fd).reset();
  });
}

// --- requests to the kernel --------------------------------------------------------------------------------------

void UringIo::forget_listener(std::uint32_t index) {
  KernelListener& listener = listeners_[index];
  const ConnectionId name{index, listener.generation};
  if (listener.watched)
    ring_->cancel(tag_of(Request::kAccept, name), tag_of(Request::kCancel, name));
  // The request under way keeps the socket alive until the cancel is handed over: shut down, it accepts nobody.
  ::shutdown(listener.fd.get(), SHUT_RDWR);
}

int UringIo::start_connect(ConnectionId id, UringConnection& connection) {
  start(Request::kConnect, id, connection);
  return 0;
}

void UringIo::start(Request request, ConnectionId id, UringConnection& connection) {
  CTI_CHECK(!connection.has(request));
  CTI_CHECK(connection.fd >= 0);
  connection.under_way |= UringConnection::bit(request);
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

void UringIo::cancel(Request request, ConnectionId id, UringConnection& connection) {
  CTI_CHECK(connection.has(request));
  if ((connection.cancelled & UringConnection::bit(request)) != 0) return;
  connection.cancelled |= UringConnection::bit(request);
  ring_->cancel(tag_of(request, id), tag_of(Request::kCancel, id));
}

void UringIo::start_receiving(ConnectionId id, UringConnection& connection) {
  // One that is being cancelled is started again when its last result is there; one that stands in line has its turn.
  if (connection.has(Request::kReceive) || connection.starved || connection.interrupted) return;
  connection.receives_once = false;
  start(Request::kReceive, id, connection);
}

// Begun by the next wait(): a receive that is written down at once runs before the cancel behind it, and brings what nobody
// wanted any more (C20).
void UringIo::receiving_changed(ConnectionId id, UringConnection& connection) {
  if (connection.receiving) {
    if (connection.has(Request::kReceive) || connection.starved || connection.interrupted) return;
    connection.interrupted = true;
    return stand_in_line(interrupted_, id);
  }
  if (connection.has(Request::kReceive)) cancel(Request::kReceive, id, connection);
  if (!connection.has(Request::kHangup)) start(Request::kHangup, id, connection);
}

void UringIo::want_room(ConnectionId id, UringConnection& connection) {
  if (!connection.has(Request::kRoom)) start(Request::kRoom, id, connection);
}

void UringIo::stop_requests(ConnectionId id, UringConnection& connection) {
  if (connection.under_way == 0) return;
  // Also ends what a cancel might miss.
  if (!connection.reset_asked) ::shutdown(connection.fd, SHUT_RDWR);
  for (const Request request :
       {Request::kReceive, Request::kRoom, Request::kHangup, Request::kConnect}) {
    if (connection.has(request)) cancel(request, id, connection);
  }
}

// --- the turn ----------------------------------------------------------------------------------------------------

std::size_t UringIo::wait(std::span<Completion> out, TimePoint deadline) {
  CTI_CHECK(!out.empty());
  ++counters_.turns;
  Batch batch(out.first(std::min<std::size_t>(out.size(), limits_.completions_per_turn)));
  give_buffers_back();
  receive_again();
  run_own_timers(batch);
  run_requests(
      batch,
      SIZE_MAX);  // all of them: sends answer later, and a close without room stands in line again
  arm_standing_requests();
  // Nobody sleeps while somebody starves: those asked for may have had nothing to read.
  const bool more_to_do = batch.count() > 0 || !starved_.empty();
  ring_->enter(more_to_do ? Nanos{0} : time_to_wait(deadline));
  CTI_CHECK(ring_->error() == 0);
  waited(deadline);
  RingResult result;
  std::size_t looked_at = 0;
  while (!batch.full() && looked_at++ < kResultsPerCompletion * batch.size() &&
         ring_->reap(result)) {
    take_result(result, batch);
  }
  received_ = batch.received();
  counters_.overflows = ring_->overflows();
  counters_.submits_refused = ring_->refused();
  return batch.count();
}

void UringIo::give_buffers_back() {
  CTI_CHECK(lent_.size() <= limits_.receive_buffers);
  for (const std::uint16_t buffer : lent_) ring_->give_back(buffer);
  lent_.clear();
}

// Requests run in the order in which they were written down. A connection that found no buffer comes first, in turn, and takes
// one buffer; multishot ones, which take whatever there is, are armed again behind them. So a flood starves nobody.
void UringIo::receive_again() {
  std::size_t asked =
      0;  // one buffer each: those that have ended or been paused meanwhile take none
  std::size_t passed = 0;
  while (passed < starved_.size() && asked < limits_.receive_buffers) {
    const ConnectionId id = starved_[passed++];
    UringConnection* connection = connections_.find(id);
    if (connection == nullptr) continue;
    CTI_CHECK(connection->starved && !connection->has(Request::kReceive));
    connection->starved = false;
    if (connection->state == State::kEnding || !connection->receiving) continue;
    connection->receives_once = true;
    start(Request::kReceive, id, *connection);
    ++asked;
  }
  starved_.erase(starved_.begin(), starved_.begin() + static_cast<std::ptrdiff_t>(passed));
  CTI_CHECK(starved_.empty() || asked == limits_.receive_buffers);
  for (const ConnectionId id : interrupted_) {
    UringConnection* connection = connections_.find(id);
    if (connection == nullptr) continue;
    CTI_CHECK(connection->interrupted);
    connection->interrupted = false;
    if (connection->state != State::kEnding && connection->receiving)
      start_receiving(id, *connection);
  }
  interrupted_.clear();
}

// A line holds the names of connections that have ended meanwhile too; when those fill it up they are struck out.
void UringIo::stand_in_line(std::vector<ConnectionId>& line, ConnectionId id) {
  if (line.size() == line.capacity()) {
    std::erase_if(line,
                  [&](ConnectionId waiting) { return connections_.find(waiting) == nullptr; });
  }
  CTI_CHECK(line.size() < line.capacity());  // twice as many as can wait at a time
  line.push_back(id);
}

void UringIo::arm_standing_requests() {
  if (!wake_armed_) {
    wake_armed_ = true;
    ring_->read(waker_.descriptor(), &wake_count_, sizeof wake_count_, tag_of(Request::kWake, {}));
  }
  if (accepting_is_paused()) return;
  for (std::uint32_t index = 0; index < listeners_.size(); ++index) {
    KernelListener& listener = listeners_[index];
    if (!listener.fd || listener.watched) continue;
    listener.watched = true;
    ring_->accept(listener.fd.get(), tag_of(Request::kAccept, {index, listener.generation}));
  }
}

}  // namespace uring

namespace {

std::uint32_t rounded(std::uint32_t wanted, std::uint32_t least, std::uint32_t most) {
  return std::clamp(std::bit_ceil(wanted), least, most);
}

}  // namespace

Result<std::unique_ptr<Io>, IoError> make_uring_io(const IoLimits& limits,
                                                   const UringTuning& tuning) {
  if (const auto wrong = limits.wrong()) return Err{IoError{EINVAL, *wrong}};
  RingLimits ring_limits;
  ring_limits.submissions =
      tuning.submissions != 0 ? tuning.submissions : rounded(limits.connections_max, 64, 1024);
  // Room for a result of each of two requests per connection in one turn; more than that waits in the kernel.
  ring_limits.completions = tuning.completions != 0
                                ? tuning.completions
                                : rounded(2 * limits.connections_max, 1024, 32'768);
  // Of a connection at a time: receive, send, poll, and a cancel of each.
  ring_limits.waiting = 6 * limits.connections_max + 64;
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
