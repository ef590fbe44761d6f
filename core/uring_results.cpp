// uring_results.cpp - what the kernel's results mean for the connection they belong to.
#include "core/uring_state.hpp"

#include <poll.h>
#include <sys/socket.h>

namespace cti::core::uring {

[[gnu::cold]] void UringIo::pause_accepting() {
  if (accept_again_ != kNever) return;
  ++counters_.accept_pauses;
  accept_again_ = now_ + accept_pause_;
  accept_pause_ = std::min(accept_pause_ * 2, kAcceptPauseMax);
}

void UringIo::take_accepted(const RingResult& result, Batch& batch) {
  const ConnectionId name = id_of(result.tag);
  Listener& listener = listeners_[name.slot];
  const bool stale = listener.generation != name.generation;
  if (!result.more() && !stale) {
    listener.armed = false;
    if (result.value >= 0 || !is_shortage(-result.value)) ++counters_.rearmed;
  }
  if (result.value < 0) {
    // Whatever it is, it does not go away by asking again at once.
    if (!stale && result.value != -ECANCELED && result.value != -ECONNABORTED) pause_accepting();
    return;
  }
  Descriptor fd(result.value);
  if (stale) {
    ++counters_.stale;
    return;
  }
  accept_pause_ = kAcceptPauseMin;
  const ConnectionId id = connections_.take();
  if (!id) {
    ++counters_.refused_full;
    reset_on_close(fd.get());
    return;
  }
  Connection& connection = *connections_.find(id);
  peers_[id.slot] = peer_of(fd.get());
  connection.fd = fd.release();
  ++counters_.accepted;
  batch.add({.event = IoEvent::kAccepted,
             .connection = id,
             .listener = {name.slot + 1},
             .peer_address = host_number(peers_[id.slot])});
  start_receiving(id, connection);
}

// --- what comes of it --------------------------------------------------------------------------------------------

void UringIo::take_result(const RingResult& result, Batch& batch) {
  const Request request = request_of(result.tag);
  if (request == Request::kWake) return take_wake(batch);
  if (request == Request::kAccept) return take_accepted(result, batch);
  if (request == Request::kCancel) return;  // the cancelled request answers for itself
  const ConnectionId id = id_of(result.tag);
  Connection* found = connections_.find(id);
  if (found == nullptr) {
    ++counters_.stale;
    if (result.has_buffer()) lent_.push_back(result.buffer());
    return;
  }
  Connection& connection = *found;
  if (!result.more()) {
    connection.under_way &= static_cast<std::uint8_t>(~Connection::bit(request));
    connection.cancelled &= static_cast<std::uint8_t>(~Connection::bit(request));
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
  Connection* still = connections_.find(id);
  if (still != nullptr && still->state == State::kEnding) end_when_idle(id, *still, batch);
}

void UringIo::take_wake(Batch& batch) {
  wake_armed_ = false;
  waker_.take();
  batch.add({.event = IoEvent::kWoken});
}

void UringIo::take_received(ConnectionId id, Connection& connection, const RingResult& result,
                            Batch& batch) {
  if (result.has_buffer()) lent_.push_back(result.buffer());
  const bool wanted = connection.state == State::kOpen && !connection.close_asked;
  if (result.value > 0) {
    const auto bytes = static_cast<std::uint32_t>(result.value);
    if (wanted) {
      counters_.received_bytes += bytes;
      batch.add({.event = IoEvent::kReceived,
                 .connection = id,
                 .bytes = ring_->received(result.buffer(), bytes)});
    }
  }
  if (!result.more()) take_receive_end(id, connection, result.value, batch);
}

void UringIo::take_receive_end(ConnectionId id, Connection& connection, std::int32_t value,
                               Batch& batch) {
  if (connection.state == State::kEnding) return;
  if (value == -ENOBUFS) {
    ++counters_.buffer_shortages;
    if (!connection.receiving) return;
    connection.starved = true;
    return starved_.push_back(id);
  }
  if (value == -ECANCELED || value > 0) {
    if (value > 0 && !connection.receives_once) ++counters_.rearmed;
    return interrupted_.push_back(id);
  }
  if (connection.state == State::kLingering) return begin_end(id, connection, 0, batch);
  if (connection.close_asked && connection.error == 0) connection.error = -value;
  if (connection.close_asked) return;  // told as asked, in the next turn
  begin_end(id, connection, value == 0 ? connection.error : -value, batch);
}

void UringIo::take_sent(ConnectionId id, Connection& connection, std::int32_t value, Batch& batch) {
  const bool failed = value < 0 && value != -EAGAIN && value != -EINTR && value != -ECANCELED;
  const std::uint32_t sent = value < 0 ? 0 : static_cast<std::uint32_t>(value);
  connection.sending = false;
  counters_.sent_bytes += sent;
  batch.add({.event = IoEvent::kSent, .connection = id, .sent = sent});
  if (connection.state != State::kOpen) return;
  // The cause of a failed send is told by the reading side, after what the peer had still said.
  if (failed && connection.error == 0) connection.error = -value;
  if (sent < connection.send_bytes) {
    ++counters_.sends_short;
    connection.full = !failed;
    if (connection.full && !connection.has(Request::kRoom)) start(Request::kRoom, id, connection);
  }
  if (connection.close_asked) start_orderly_close(id, connection, batch);
}

void UringIo::take_connected(ConnectionId id, Connection& connection, std::int32_t value,
                             Batch& batch) {
  if (connection.state != State::kConnecting) return;
  int error = -value;
  if (error == 0 && is_connected_to_itself(connection.fd)) error = ECONNREFUSED;
  if (error != 0) return begin_end(id, connection, error, batch);
  connection.state = State::kOpen;
  batch.add({.event = IoEvent::kConnected, .connection = id});
  if (connection.receiving) start_receiving(id, connection);
}

// A poll also tells of the peer's FIN, once: hence multishot, which tells of changes, and is cancelled when there is room.
void UringIo::take_room(ConnectionId id, Connection& connection, const RingResult& result,
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
    start(Request::kRoom, id, connection);
  }
}

void UringIo::take_hangup(ConnectionId id, Connection& connection, const RingResult& result,
                          Batch& batch) {
  // While receiving, the receive tells of it, after what had arrived.
  if (connection.state != State::kOpen || connection.receiving || connection.close_asked) return;
  if (result.value < 0 || (result.value & (POLLERR | POLLHUP)) != 0) {
    const int error = take_socket_error(connection.fd);
    return begin_end(id, connection, connection.error != 0 ? connection.error : error, batch);
  }
  if (!result.more()) start(Request::kHangup, id, connection);
}

}  // namespace cti::core::uring
