// sim_io.cpp - the Io that programs on a simulated host see.
#include "core/sim_state.hpp"
#include "core/sim_threads.hpp"
#include "core/socket.hpp"

#include <algorithm>
#include <cerrno>

namespace cti::core {
namespace {

/// What a wall clock shows at the start of a simulation: 2023-11-14 22:13:20 UTC.
constexpr std::int64_t kWallStartMs = 1'700'000'000'000;
constexpr Nanos kConnectGivesUp = Seconds{127};

bool is_loopback(std::string_view host) { return host.starts_with("127.") || host == "::1"; }
bool is_any(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

}  // namespace

SimIo::SimIo(SimNetwork::State& network, HostIndex host, const IoLimits& limits)
    : network_(network),
      host_(host),
      limits_(limits),
      now_(network.now),
      connections_(limits.connections_max),
      arena_(std::size_t{limits.receive_buffers} * limits.receive_buffer_bytes) {
  network_.ios.push_back(this);
}

SimIo::~SimIo() {
  die(false);
  std::erase(network_.ios, this);
}

void SimIo::die(bool silently) {
  if (!alive_) return;
  for (std::uint32_t index = 1; index <= listeners_.size(); ++index) {
    if (silently) drop_backlog({index});
    unlisten({index});
  }
  connections_.for_each([&](ConnectionId, Connection& connection) {
    if (connection.connect_error != 0) return;
    if (silently) {
      network_.leave(connection.wire, connection.end);
    } else {
      network_.abandon(connection.wire, connection.end);
    }
  });
  alive_ = false;
  deadline_ = kNever;
}

// --- what is asked for -------------------------------------------------------------------------------------------

Result<ListenerId, IoError> SimIo::listen(const Endpoint& at) {
  SimHost& host = network_.hosts[host_];
  if (!alive_) return Err{io_error("listen on", at, ENETDOWN)};
  if (parse_address(at).length == 0) return Err{io_error("listen on", at, EINVAL)};
  if (at.host != host.address && !is_any(at.host) && !is_loopback(at.host)) {
    return Err{io_error("bind", at, EADDRNOTAVAIL)};
  }
  const std::uint16_t port = at.port != 0 ? at.port : network_.take_port(host_);
  auto& listeners = host.ports[port].listeners;
  if (!listeners.empty() && !at.join) return Err{io_error("bind", at, EADDRINUSE)};
  listeners_.push_back(port);
  const ListenerId id{static_cast<std::uint32_t>(listeners_.size())};
  listeners.emplace_back(this, id);
  return id;
}

std::uint16_t SimIo::local_port(ListenerId listener) const {
  return listener && listener.index <= listeners_.size() ? listeners_[listener.index - 1]
                                                         : std::uint16_t{0};
}

void SimIo::unlisten(ListenerId listener) {
  const std::uint16_t port = local_port(listener);
  if (port == 0 || !alive_) return;
  std::erase(network_.hosts[host_].ports[port].listeners, std::pair(this, listener));
  listeners_[listener.index - 1] = 0;
  for (const Pending& pending : backlog_) {
    if (pending.listener != listener || network_.wires[pending.wire].serial != pending.serial)
      continue;
    network_.send_reset(pending.wire, 1);
    network_.leave(pending.wire, 1);
  }
  std::erase_if(backlog_, [&](const Pending& pending) { return pending.listener == listener; });
}

void SimIo::drop_backlog(ListenerId listener) {
  for (const Pending& pending : backlog_) {
    if (pending.listener != listener || network_.wires[pending.wire].serial != pending.serial)
      continue;
    network_.leave(pending.wire, 1);
  }
  std::erase_if(backlog_, [&](const Pending& pending) { return pending.listener == listener; });
}

ConnectionId SimIo::connect(const Endpoint& to) {
  if (!alive_) return {};
  const ConnectionId id = connections_.take();
  if (!id) {
    ++counters_.refused_full;
    return {};
  }
  ++counters_.connects;
  Connection& connection = *connections_.find(id);
  if (parse_address(to).length == 0 || to.port == 0) {
    connection.connect_error = to.port == 0 ? ECONNREFUSED : EINVAL;
    queue(id, connection);
    return id;
  }
  const HostIndex server = is_loopback(to.host) ? host_ : network_.host_index(to.host);
  connection.wire = network_.new_wire();
  SimWire& wire = network_.wires[connection.wire];
  wire.listen_port = to.port;
  SimEnd& client = wire.ends[0];
  client.state = SimEnd::State::kConnecting;
  client.io = this;
  client.id = id;
  client.host = host_;
  client.port = network_.take_port(host_);
  wire.ends[1].host = server;
  wire.ends[1].port = to.port;
  network_.schedule(SimEventKind::kSyn, connection.wire, 1, network_.now + network_.draw_delay());
  network_.schedule(SimEventKind::kConnectTimeout, connection.wire, 0,
                    network_.now + kConnectGivesUp);
  return id;
}

void SimIo::send(ConnectionId id, Bytes bytes) {
  may_be_preempted();
  Connection* connection = connections_.find(id);
  if (!alive_ || connection == nullptr || connection->close_asked) return;
  CTI_CHECK(!connection->sending);
  CTI_CHECK(connection->connect_error == 0 &&
            end_of(*connection).state != SimEnd::State::kConnecting);
  connection->sending = true;
  connection->to_send = bytes;
  queue(id, *connection);
}

void SimIo::set_receiving(ConnectionId id, bool on) {
  may_be_preempted();
  Connection* connection = connections_.find(id);
  if (!alive_ || connection == nullptr || connection->connect_error != 0) return;
  end_of(*connection).receiving = on;
  if (on) network_.mark_ready(connection->wire, connection->end);
}

void SimIo::close(ConnectionId id, CloseHow how) {
  may_be_preempted();
  Connection* connection = connections_.find(id);
  if (!alive_ || connection == nullptr) return;
  connection->close_asked = true;
  if (how == CloseHow::kReset) connection->reset_asked = true;
  queue(id, *connection);
}

Endpoint SimIo::peer(ConnectionId id) const {
  const Connection* connection = connections_.find(id);
  if (!alive_ || connection == nullptr || connection->connect_error != 0) return {"", 0};
  const SimWire& wire = network_.wires[connection->wire];
  const SimEnd& far = wire.ends[static_cast<std::size_t>(1 - connection->end)];
  return {network_.hosts[far.host].address, far.port};
}

void SimIo::queue(ConnectionId id, Connection& connection) {
  if (connection.queued) return;
  connection.queued = true;
  requests_.push_back(id);
}

// --- the turn ----------------------------------------------------------------------------------------------------

std::size_t SimIo::wait(std::span<Completion> out, TimePoint deadline) {
  CTI_CHECK(!out.empty());
  deadline_ = alive_ ? deadline : kNever;
  SimThreads::sleep(deadline_, [this] { return news(); });
  ++counters_.turns;
  now_ = network_.now;
  wall_ = {kWallStartMs + now_.since_start / Millis{1} + network_.hosts[host_].wall_offset.count()};
  if (!alive_) deadline_ = kNever;
  arena_.take_back_all();
  if (!alive_) return 0;
  Batch batch{out};
  if (std::exchange(woken_, false)) add(batch, {.event = IoEvent::kWoken});
  run_requests(batch);
  accept_pending(batch);
  take_ready(batch);
  return batch.count;
}

/// What wait() would return is not empty. Closer than pending(): a place in the ready list alone is no news.
bool SimIo::news() const {
  if (!alive_) return false;
  if (woken_ || !backlog_.empty() || !requests_.empty()) return true;
  return std::any_of(ready_.begin(), ready_.end(), [this](const Ready& ready) {
    const SimWire& wire = network_.wires[ready.wire];
    const SimEnd& end = wire.ends[static_cast<std::size_t>(ready.end)];
    if (wire.serial != ready.serial || end.io != this) return false;
    const SimPipe& incoming = wire.ends[static_cast<std::size_t>(1 - ready.end)].out;
    if (end.state == SimEnd::State::kLingering)
      return end.linger_over || incoming.fin_arrived || end.error != 0;
    const bool writable = end.full && end.out.occupied <= network_.faults.pipe_bytes / 3 * 2;
    const bool readable = end.receiving && (incoming.unread() > 0 || incoming.fin_arrived);
    return end.connected_news || writable || readable || end.error != 0;
  });
}

void SimIo::add(Batch& batch, const Completion& completion) {
  CTI_CHECK(!batch.full());
  network_.hash((std::uint64_t{host_} << 40U) |
                (std::uint64_t{static_cast<std::uint8_t>(completion.event)} << 32U) |
                completion.bytes.size());
  network_.hash(completion.connection.packed());
  network_.hash((static_cast<std::uint64_t>(static_cast<std::uint32_t>(completion.error)) << 32U) |
                completion.sent);
  batch.out[batch.count++] = completion;
}

void SimIo::run_requests(Batch& batch) {
  const std::size_t share = std::max<std::size_t>(1, batch.out.size() - batch.out.size() / 4);
  std::size_t done = 0;
  while (done < requests_.size() && batch.count < share) {
    const ConnectionId id = requests_[done++];
    Connection* connection = connections_.find(id);
    if (connection == nullptr) continue;
    connection->queued = false;
    if (connection->connect_error != 0) {
      finish(id, *connection, connection->close_asked ? 0 : connection->connect_error, batch);
      continue;
    }
    if (connection->sending && !connection->reset_asked) run_send(id, *connection, batch);
    if (!connection->close_asked) continue;
    if (batch.full()) {
      queue(id, *connection);
    } else {
      run_close(id, *connection, batch);
    }
  }
  requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(done));
}

void SimIo::run_send(ConnectionId id, Connection& connection, Batch& batch) {
  SimEnd& end = end_of(connection);
  connection.sending = false;
  ++counters_.sends;
  std::size_t sent = 0;
  if (end.error == 0 && end.state == SimEnd::State::kOpen) {
    sent = network_.transmit(connection.wire, connection.end, connection.to_send);
    end.full = sent < connection.to_send.size();
    if (end.full) network_.mark_ready(connection.wire, connection.end);
  }
  if (sent < connection.to_send.size()) ++counters_.sends_short;
  counters_.sent_bytes += sent;
  add(batch, {.event = IoEvent::kSent, .connection = id, .sent = static_cast<std::uint32_t>(sent)});
}

void SimIo::run_close(ConnectionId id, Connection& connection, Batch& batch) {
  SimEnd& end = end_of(connection);
  if (connection.reset_asked) {
    if (end.error == 0 && end.state != SimEnd::State::kConnecting) {
      network_.send_reset(connection.wire, connection.end);
    }
    network_.leave(connection.wire, connection.end);
    return finish(id, connection, 0, batch);
  }
  if (end.state == SimEnd::State::kOpen) return start_orderly_close(id, connection, batch);
  if (end.state == SimEnd::State::kConnecting) {
    network_.leave(connection.wire, connection.end);
    finish(id, connection, 0, batch);
  }
}

void SimIo::start_orderly_close(ConnectionId id, Connection& connection, Batch& batch) {
  const WireIndex wire = connection.wire;
  SimEnd& end = end_of(connection);
  SimPipe& incoming = network_.wires[wire].ends[static_cast<std::size_t>(1 - connection.end)].out;
  if (end.error != 0 || incoming.fin_arrived || limits_.linger <= Nanos{0}) {
    network_.abandon(wire, connection.end);
    return finish(id, connection, 0, batch);
  }
  if (incoming.unread() > 0) network_.acknowledge(wire, connection.end, incoming.unread());
  incoming.arrived.clear();
  incoming.read_from = 0;
  network_.send_fin(wire, connection.end);
  end.state = SimEnd::State::kLingering;
  network_.schedule(SimEventKind::kLingerOver, wire, connection.end, network_.now + limits_.linger);
}

void SimIo::accept_pending(Batch& batch) {
  while (!backlog_.empty() && !batch.full()) {
    const Pending pending = backlog_.front();
    backlog_.pop_front();
    if (network_.wires[pending.wire].serial != pending.serial) continue;
    SimEnd& end = network_.wires[pending.wire].ends[1];
    const ConnectionId id = connections_.take(limits_.kept_for_connects);
    if (!id) {
      ++counters_.refused_full;
      network_.send_reset(pending.wire, 1);
      network_.leave(pending.wire, 1);
      continue;
    }
    ++counters_.accepted;
    Connection& connection = *connections_.find(id);
    connection.wire = pending.wire;
    connection.end = 1;
    end.state = SimEnd::State::kOpen;
    end.io = this;
    end.id = id;
    const HostIndex from = network_.wires[pending.wire].ends[0].host;
    add(batch, {.event = IoEvent::kAccepted,
                .connection = id,
                .listener = pending.listener,
                .peer_address = network_.hosts[from].number});
    network_.mark_ready(pending.wire, 1);  // bytes may have come before
  }
}

// In an order drawn from the seed: nothing above may rely on one.
void SimIo::take_ready(Batch& batch) {
  for (std::size_t left = ready_.size(); left > 0 && !batch.full(); --left) {
    std::swap(ready_.front(), ready_[network_.random.below(left)]);
    const Ready ready = ready_.front();
    ready_.pop_front();
    SimWire& wire = network_.wires[ready.wire];
    SimEnd& end = wire.ends[static_cast<std::size_t>(ready.end)];
    if (wire.serial != ready.serial || end.io != this) continue;
    end.ready = false;
    take_news(ready.wire, ready.end, batch);
  }
}

void SimIo::take_news(WireIndex index, int which, Batch& batch) {
  SimWire& wire = network_.wires[index];
  SimEnd& end = wire.ends[static_cast<std::size_t>(which)];
  const SimPipe& incoming = wire.ends[static_cast<std::size_t>(1 - which)].out;
  const ConnectionId id = end.id;
  Connection& connection = *connections_.find(id);
  if (end.state == SimEnd::State::kLingering) {
    if (!end.linger_over && !incoming.fin_arrived && end.error == 0) return;
    network_.leave(index, which);
    return finish(id, connection, 0, batch);
  }
  if (connection.close_asked) return;  // its turn comes with the requests
  if (std::exchange(end.connected_news, false)) {
    add(batch, {.event = IoEvent::kConnected, .connection = id});
    return network_.mark_ready(index, which);
  }
  if (end.full && end.out.occupied <= network_.faults.pipe_bytes / 3 * 2) {
    end.full = false;
    add(batch, {.event = IoEvent::kWritable, .connection = id});
    return network_.mark_ready(index, which);
  }
  if (end.receiving && incoming.unread() > 0) return receive(index, which, batch);
  if (end.error != 0) {
    const int error = end.error;
    network_.leave(index, which);
    return finish(id, connection, error, batch);
  }
  if (end.receiving && incoming.fin_arrived) {
    network_.abandon(index, which);
    finish(id, connection, 0, batch);
  }
}

void SimIo::receive(WireIndex index, int which, Batch& batch) {
  SimWire& wire = network_.wires[index];
  SimPipe& incoming = wire.ends[static_cast<std::size_t>(1 - which)].out;
  network_.mark_ready(index, which);  // there may be more, or an end behind it
  std::size_t bytes = std::min<std::size_t>(incoming.unread(), limits_.receive_buffer_bytes);
  if (network_.faults.segment_bytes_max > 0 && network_.random.chance(0.25)) {
    bytes = 1 + network_.random.below(bytes);
  }
  if (!arena_.has(bytes)) {
    ++counters_.buffer_shortages;
    return;
  }
  const MutableBytes room = arena_.room(bytes);
  std::memcpy(room.data(), incoming.arrived.data() + incoming.read_from, bytes);
  arena_.keep(bytes, bytes);
  incoming.read_from += bytes;
  if (incoming.unread() == 0) {
    incoming.arrived.clear();
    incoming.read_from = 0;
  }
  network_.acknowledge(index, which, bytes);
  counters_.received_bytes += bytes;
  add(batch, {.event = IoEvent::kReceived,
              .connection = wire.ends[static_cast<std::size_t>(which)].id,
              .bytes = room});
}

void SimIo::finish(ConnectionId id, Connection&, int error, Batch& batch) {
  connections_.give_back(id);
  ++counters_.closed;
  add(batch, {.event = IoEvent::kClosed, .connection = id, .error = error});
}

}  // namespace cti::core
