// uring_results.cpp - what the kernel's results mean for the connection they belong to.
#include "core/uring_state.hpp"

#include <poll.h>
#include <sys/socket.h>

namespace cti::core::uring {

void UringIo::take_result(const RingResult& result, Batch& batch) {
  const Request request = request_of(result.tag);
  if (request == Request::kWake) return take_wake(batch);
  if (request == Request::kAccept) return take_accepted(result, batch);
  if (request == Request::kCancel) return;  // the cancelled request answers for itself
  const ConnectionId id = id_of(result.tag);
  UringConnection* found = connections_.find(id);
  if (found == nullptr) {
    ++counters_.stale;
    if (result.has_buffer()) lent_.push_back(result.buffer());
    return;
  }
  UringConnection& connection = *found;
  CTI_CHECK(connection.has(request));
  if (!result.more()) {
    connection.under_way &= static_cast<std::uint8_t>(~UringConnection::bit(request));
    connection.cancelled &= static_cast<std::uint8_t>(~UringConnection::bit(request));
  }
  switch (request) {
    case Request::kReceive:
      take_received(id, connection, result, batch);
      break;
    case Request::kSend:
      take_sent(id, connection, result.value, batch);
      break;
    case Request::kRoom:
      take_room(id, connection, result, batch);
      break;
    case Request::kHangup:
      take_hangup(id, connection, result, batch);
      break;
    case Request::kConnect:
      take_connected(id, connection, result.value, batch);
      break;
    case Request::kWake:
    case Request::kAccept:
    case Request::kCancel:
      break;
  }
  UringConnection* still = connections_.find(id);
  if (still != nullptr && still->state == State::kEnding) end_when_idle(id, *still, batch);
}

void UringIo::take_wake(Batch& batch) {
  wake_armed_ =
      false;  // also when the read was interrupted: the eventfd is still readable then, and read again
  waker_.take();
  batch.add({.event = IoEvent::kWoken});
}

void UringIo::take_accepted(const RingResult& result, Batch& batch) {
  const ConnectionId name = id_of(result.tag);
  CTI_CHECK(name.slot < listeners_.size());
  KernelListener& listener = listeners_[name.slot];
  const bool stale = listener.generation != name.generation;
  if (result.value >= 0) {
    Descriptor fd(result.value);
    if (stale) {
      ++counters_.stale;
      return;
    }
    const SocketAddress from = peer_of(fd.get());
    admit(std::move(fd), from, name.slot, batch);
  }
  if (stale || result.more()) return;
  CTI_CHECK(listener.watched);
  listener.watched = false;  // armed again by the next turn, unless accepting pauses
  const bool cancelled = result.value == -ECANCELED;
  if (result.value >= 0 || cancelled || accept_verdict(-result.value) != AcceptVerdict::kPause) {
    ++counters_.rearmed;
  } else {
    pause_accepting();
  }
}

void UringIo::take_received(ConnectionId id, UringConnection& connection, const RingResult& result,
                            Batch& batch) {
  if (result.has_buffer()) lent_.push_back(result.buffer());
  const bool wanted = connection.state == State::kOpen && !connection.close_asked;
  if (result.value > 0 && wanted) {
    CTI_CHECK(result.has_buffer());
    const auto bytes = static_cast<std::uint32_t>(result.value);
    counters_.received_bytes += bytes;
    batch.add({.event = IoEvent::kReceived,
               .connection = id,
               .bytes = ring_->received(result.buffer(), bytes)});
  }
  if (!result.more()) take_receive_end(id, connection, result.value, batch);
}

// A receive ends by itself: for want of buffers (M4), after the one buffer that a starved connection takes, cancelled by a pause,
// or because the kernel would not go on (M5). In all of these the connection lives, and is read on when it is its turn.
void UringIo::take_receive_end(ConnectionId id, UringConnection& connection, std::int32_t value,
                               Batch& batch) {
  if (connection.state == State::kEnding) return;
  if (value == -ENOBUFS) {
    ++counters_.buffer_shortages;
    if (!connection.receiving || connection.starved) return;
    connection.starved = true;
    return stand_in_line(starved_, id);
  }
  if (value == -ECANCELED || value == -EINTR || value == -EAGAIN || value > 0) {
    if (value != -ECANCELED && !(value > 0 && connection.receives_once)) ++counters_.rearmed;
    if (connection.interrupted) return;
    connection.interrupted = true;
    return stand_in_line(interrupted_, id);
  }
  if (connection.state == State::kLingering) return begin_end(id, connection, 0, batch);
  if (connection.close_asked && connection.error == 0) connection.error = -value;
  if (connection.close_asked) return;  // told as asked, in the next turn
  begin_end(id, connection, value == 0 ? connection.error : -value, batch);
}

void UringIo::take_sent(ConnectionId id, UringConnection& connection, std::int32_t value,
                        Batch& batch) {
  sent(id, connection, value, batch);
  if (connection.state == State::kOpen && connection.close_asked)
    start_orderly_close(id, connection, batch);
}

void UringIo::take_connected(ConnectionId id, UringConnection& connection, std::int32_t value,
                             Batch& batch) {
  if (connection.state == State::kConnecting) connected(id, connection, -value, batch);
}

// A poll also tells of the peer's FIN, once: hence multishot, which tells of changes, and is cancelled when there is room.
void UringIo::take_room(ConnectionId id, UringConnection& connection, const RingResult& result,
                        Batch& batch) {
  if (connection.state != State::kOpen || connection.close_asked || !connection.full) return;
  if (result.value < 0 && result.value != -ECANCELED) {
    return begin_end(id, connection, -result.value, batch);
  }
  if (result.value > 0 && (result.value & POLLOUT) != 0) {
    connection.full = false;
    batch.add({.event = IoEvent::kWritable, .connection = id});
    if (connection.has(Request::kRoom)) cancel(Request::kRoom, id, connection);
  } else if (!result.more()) {  // the one before, cancelled; the socket was filled again meanwhile
    ++counters_.rearmed;
    start(Request::kRoom, id, connection);
  }
}

void UringIo::take_hangup(ConnectionId id, UringConnection& connection, const RingResult& result,
                          Batch& batch) {
  // While receiving, the receive tells of it, after what had arrived.
  if (connection.state != State::kOpen || connection.receiving || connection.close_asked) return;
  if (result.value < 0 || (result.value & (POLLERR | POLLHUP)) != 0) {
    int error = connection.error != 0 ? connection.error : take_socket_error(connection.fd);
    if (error == 0 && result.value < 0) error = -result.value;  // nobody would watch it any more
    return begin_end(id, connection, error, batch);
  }
  if (!result.more()) {
    ++counters_.rearmed;
    start(Request::kHangup, id, connection);
  }
}

}  // namespace cti::core::uring
