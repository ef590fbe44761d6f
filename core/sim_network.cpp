// sim_network.cpp - what happens between the hosts: handshakes, segments, resets, and the faults they meet.
#include "core/sim_state.hpp"
#include "core/socket.hpp"

#include <algorithm>
#include <cerrno>

namespace cti::core {
namespace {

constexpr Nanos kRetransmission = Millis{200};
constexpr Nanos kSynRetry = Seconds{1};
constexpr std::uint64_t kSynRetriesMax = 6;
constexpr std::uint16_t kFirstPort = 32'768;

std::uint64_t hash_bytes(std::string_view bytes) noexcept {
  std::uint64_t hash = bytes.size();
  const std::byte* at = as_bytes(bytes).data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) hash = mix64(hash ^ load_le<std::uint64_t>(at));
  for (; left > 0; --left, ++at) hash = mix64(hash ^ static_cast<std::uint64_t>(*at));
  return hash;
}

const char* name_of(SimEventKind kind) noexcept {
  switch (kind) {
    case SimEventKind::kSyn:
      return "syn";
    case SimEventKind::kConnected:
      return "connected";
    case SimEventKind::kRefused:
      return "refused";
    case SimEventKind::kConnectTimeout:
      return "connect timeout";
    case SimEventKind::kSegment:
      return "segment";
    case SimEventKind::kAck:
      return "ack";
    case SimEventKind::kReset:
      return "reset";
    case SimEventKind::kLingerOver:
      return "linger over";
  }
  return "?";
}

SimEnd& end_at(SimWire& wire, int end) { return wire.ends[static_cast<std::size_t>(end)]; }

}  // namespace

SimFaults SimFaults::swarm(std::uint64_t seed) {
  Random random(mix64(seed ^ 0x7377'6172'6d00'0000U));
  SimFaults faults;
  faults.delay = Nanos{random.between(10'000, 2'000'000)};
  if (random.chance(0.5)) faults.jitter = Nanos{random.between(1'000, 50'000'000)};
  if (random.chance(0.5)) {
    faults.segment_bytes_max = 1U << random.below(13);
  }
  if (random.chance(0.3)) faults.pipe_bytes = 1U << random.between(10, 16);
  if (random.chance(0.3)) faults.refuse = 0.05 * static_cast<double>(random.between(1, 6));
  if (random.chance(0.5)) faults.reset = 0.0002 * static_cast<double>(random.between(1, 20));
  if (random.chance(0.5)) faults.loss = 0.01 * static_cast<double>(random.between(1, 10));
  if (random.chance(0.3)) {
    faults.stall = 0.0005 * static_cast<double>(random.between(1, 10));
    faults.stall_for = Millis{random.between(100, 5'000)};
  }
  if (random.chance(0.3)) faults.vanish = 0.0001 * static_cast<double>(random.between(1, 10));
  return faults;
}

// --- places ------------------------------------------------------------------------------------------------------

HostIndex SimNetwork::State::host_index(std::string_view address) {
  if (const auto known = by_address.find(address); known != by_address.end()) return known->second;
  const auto index = static_cast<HostIndex>(hosts.size());
  SimHost host;
  host.address = address;
  host.number = host_number(parse_address({host.address, 0}));
  hosts.push_back(std::move(host));
  by_address.emplace(address, index);
  return index;
}

std::uint16_t SimNetwork::State::take_port(HostIndex index) {
  SimHost& host = hosts[index];
  for (;;) {
    if (host.next_port < kFirstPort) host.next_port = kFirstPort;  // it has gone round
    const std::uint16_t port = host.next_port++;
    if (!host.ports.contains(port)) return port;
  }
}

WireIndex SimNetwork::State::new_wire() {
  WireIndex index = 0;
  if (free_wires.empty()) {
    index = static_cast<WireIndex>(wires.size());
    wires.emplace_back();
  } else {
    index = free_wires.back();
    free_wires.pop_back();
    wires[index] = SimWire{};
  }
  wires[index].serial = ++serial;
  return index;
}

void SimNetwork::State::let_go(WireIndex index) {
  wires[index] = SimWire{};
  free_wires.push_back(index);
}

SimWire* SimNetwork::State::find_wire(const SimEvent& event) noexcept {
  SimWire& wire = wires[event.wire];
  return wire.serial == event.serial ? &wire : nullptr;
}

// --- events ------------------------------------------------------------------------------------------------------

void SimNetwork::State::schedule(SimEventKind kind, WireIndex wire, int end, TimePoint time,
                                 std::uint64_t count) {
  events.push({.time = time,
               .order = ++order,
               .kind = kind,
               .end = static_cast<std::uint8_t>(end),
               .wire = wire,
               .serial = wires[wire].serial,
               .count = count});
}

Nanos SimNetwork::State::draw_delay() {
  return faults.delay + Nanos{random.between(0, faults.jitter.count())};
}

void SimNetwork::State::note(const SimEvent& event) {
  hash(static_cast<std::uint64_t>(event.time.since_start.count()));
  hash((static_cast<std::uint64_t>(event.kind) << 56U) | (std::uint64_t{event.end} << 48U) |
       event.serial);
  hash(event.count);
  if (trace_file == nullptr) return;
  std::fprintf(trace_file, "%12.6f connection %llu end %d %s %llu\n",
               static_cast<double>(event.time.since_start.count()) / 1e9,
               static_cast<unsigned long long>(event.serial), event.end, name_of(event.kind),
               static_cast<unsigned long long>(event.count));
}

void SimNetwork::State::happen(const SimEvent& event) {
  SimWire* wire = find_wire(event);
  if (wire == nullptr) return;  // both ends are gone
  note(event);
  switch (event.kind) {
    case SimEventKind::kSyn:
      return on_syn(*wire, event.wire, event.count);
    case SimEventKind::kConnected:
      return on_connected(*wire, event.wire);
    case SimEventKind::kRefused:
      return on_reset(*wire, event.wire, 0, ECONNREFUSED);
    case SimEventKind::kConnectTimeout:
      if (wire->ends[0].state == SimEnd::State::kConnecting) {
        on_reset(*wire, event.wire, 0, ETIMEDOUT);
      }
      return;
    case SimEventKind::kSegment:
      return on_segment(*wire, event.wire, event.end);
    case SimEventKind::kAck:
      return on_ack(*wire, event.wire, event.end, event.count);
    case SimEventKind::kReset:
      return on_reset(*wire, event.wire, event.end, ECONNRESET);
    case SimEventKind::kLingerOver:
      end_at(*wire, event.end).linger_over = true;
      return mark_ready(event.wire, event.end);
  }
}

void SimNetwork::State::on_syn(SimWire& wire, WireIndex index, std::uint64_t attempt) {
  SimEnd& client = wire.ends[0];
  SimEnd& server = wire.ends[1];
  if (server.state != SimEnd::State::kGone) return;
  SimHost& host = hosts[server.host];
  const auto port = host.ports.find(wire.listen_port);
  const bool listening = port != host.ports.end() && !port->second.listeners.empty();
  bool lost = is_cut(client.host, server.host) || !host.up;
  if (!lost && listening) {
    auto& turn = port->second.turn;
    const auto& [io, listener] = port->second.listeners[turn++ % port->second.listeners.size()];
    lost = io->backlog_full();
    if (!lost && !random.chance(faults.refuse)) {
      server.state = SimEnd::State::kBacklog;
      server.port = wire.listen_port;
      const TimePoint answered = now + draw_delay();
      server.out.last_arrival = answered;
      io->add_backlog(index, wire.serial, listener);
      return schedule(SimEventKind::kConnected, index, 0, answered);
    }
  }
  if (lost) {
    if (attempt >= kSynRetriesMax) return;
    return schedule(SimEventKind::kSyn, index, 1, now + kSynRetry * (1 << attempt), attempt + 1);
  }
  ++counters.refused;
  schedule(SimEventKind::kRefused, index, 0, now + draw_delay());
}

void SimNetwork::State::on_connected(SimWire& wire, WireIndex index) {
  SimEnd& client = wire.ends[0];
  if (client.state == SimEnd::State::kGone) return send_reset(index, 0);
  if (client.state != SimEnd::State::kConnecting) return;
  if (is_cut(wire.ends[1].host, client.host)) {
    return schedule(SimEventKind::kConnected, index, 0, now + kSynRetry);
  }
  client.state = SimEnd::State::kOpen;
  client.connected_news = true;
  mark_ready(index, 0);
}

void SimNetwork::State::on_segment(SimWire& wire, WireIndex index, int end) {
  SimEnd& receiver = end_at(wire, end);
  SimEnd& sender = end_at(wire, 1 - end);
  if (sender.out.under_way.empty()) return;  // a reset has swept it away
  if (is_cut(sender.host, receiver.host)) {
    ++sender.out.held;
    return;
  }
  const SimPipe::Segment segment = std::move(sender.out.under_way.front());
  sender.out.under_way.pop_front();
  if (wire.vanished || receiver.error != 0 || !hosts[receiver.host].up) return;
  if (receiver.state == SimEnd::State::kGone) return send_reset(index, end);
  hash(hash_bytes(segment.bytes));
  if (receiver.state == SimEnd::State::kConnecting) on_connected(wire, index);
  if (segment.fin) sender.out.fin_arrived = true;
  if (receiver.state == SimEnd::State::kLingering) {
    if (!segment.bytes.empty()) acknowledge(index, end, segment.bytes.size());
  } else {
    sender.out.arrived += segment.bytes;
  }
  mark_ready(index, end);
}

void SimNetwork::State::acknowledge(WireIndex index, int receiver, std::size_t bytes) {
  schedule(SimEventKind::kAck, index, 1 - receiver, now + faults.delay, bytes);
}

void SimNetwork::State::on_ack(SimWire& wire, WireIndex index, int end, std::size_t bytes) {
  SimEnd& sender = end_at(wire, end);
  if (wire.vanished) return;
  if (is_cut(end_at(wire, 1 - end).host, sender.host)) {
    sender.out.held_acks += bytes;
    return;
  }
  CTI_CHECK(bytes <= sender.out.occupied);
  sender.out.occupied -= bytes;
  if (sender.full) mark_ready(index, end);
}

void SimNetwork::State::on_reset(SimWire& wire, WireIndex index, int end, int error) {
  SimEnd& receiver = end_at(wire, end);
  SimEnd& sender = end_at(wire, 1 - end);
  const bool lost = wire.vanished || is_cut(sender.host, receiver.host) || !hosts[receiver.host].up;
  if (receiver.state == SimEnd::State::kGone || (lost && error == ECONNRESET)) return;
  receiver.error = error;
  sender.out.under_way.clear();
  sender.out.held = 0;
  mark_ready(index, end);
}

// --- what ends do ------------------------------------------------------------------------------------------------

std::size_t SimNetwork::State::transmit(WireIndex index, int from, Bytes bytes) {
  SimPipe& pipe = end_at(wires[index], from).out;
  const std::size_t room =
      faults.pipe_bytes > pipe.occupied ? faults.pipe_bytes - pipe.occupied : 0;
  const std::string_view taken = as_text(bytes.first(std::min(room, bytes.size())));
  pipe.occupied += taken.size();
  for (std::size_t at = 0; at < taken.size();) {
    std::size_t piece = taken.size() - at;
    if (faults.segment_bytes_max > 0) {
      piece = std::min<std::size_t>(piece, 1 + random.below(faults.segment_bytes_max));
    }
    transmit_segment(index, from, {std::string(taken.substr(at, piece))});
    at += piece;
  }
  return taken.size();
}

void SimNetwork::State::transmit_segment(WireIndex index, int from, SimPipe::Segment segment) {
  SimWire& wire = wires[index];
  SimPipe& pipe = end_at(wire, from).out;
  if (wire.vanished || wire.broken) return;
  ++counters.segments;
  TimePoint arrival = std::max(pipe.last_arrival, now + draw_delay());
  if (random.chance(faults.loss)) {
    ++counters.losses;
    arrival = arrival + kRetransmission * (1 << random.below(3));
  }
  if (random.chance(faults.stall)) {
    ++counters.stalls;
    arrival = arrival + faults.stall_for;
  }
  pipe.last_arrival = arrival;
  if (random.chance(faults.vanish)) {
    ++counters.vanished;
    wire.vanished = true;
    return;
  }
  if (random.chance(faults.reset)) {
    ++counters.resets;
    wire.broken = true;
    schedule(SimEventKind::kReset, index, 0, arrival);
    schedule(SimEventKind::kReset, index, 1, arrival);
    return;
  }
  pipe.under_way.push_back(std::move(segment));
  schedule(SimEventKind::kSegment, index, 1 - from, arrival);
}

void SimNetwork::State::send_fin(WireIndex index, int from) {
  SimPipe& pipe = end_at(wires[index], from).out;
  if (std::exchange(pipe.fin_sent, true)) return;
  transmit_segment(index, from, {.bytes = {}, .fin = true});
}

void SimNetwork::State::send_reset(WireIndex index, int from) {
  schedule(SimEventKind::kReset, index, 1 - from, now + draw_delay());
}

void SimNetwork::State::leave(WireIndex index, int end) {
  SimWire& wire = wires[index];
  SimEnd& gone = end_at(wire, end);
  gone.state = SimEnd::State::kGone;
  gone.io = nullptr;
  SimPipe& incoming = end_at(wire, 1 - end).out;
  incoming.arrived.clear();
  incoming.read_from = 0;
  if (end_at(wire, 1 - end).state == SimEnd::State::kGone) let_go(index);
}

void SimNetwork::State::abandon(WireIndex index, int end) {
  SimWire& wire = wires[index];
  const SimEnd& gone = end_at(wire, end);
  if (gone.error == 0 && gone.state != SimEnd::State::kConnecting) {
    if (end_at(wire, 1 - end).out.unread() > 0) {
      send_reset(index, end);
    } else {
      send_fin(index, end);
    }
  }
  leave(index, end);
}

void SimNetwork::State::mark_ready(WireIndex index, int end) {
  SimEnd& at = end_at(wires[index], end);
  if (at.ready || at.io == nullptr) return;
  at.ready = true;
  at.io->add_ready(index, wires[index].serial, end);
}

void SimNetwork::State::deliver_held(HostIndex from, HostIndex to) {
  for (WireIndex index = 0; index < wires.size(); ++index) {
    SimWire& wire = wires[index];
    if (wire.serial == 0) continue;
    for (int end = 0; end < 2; ++end) {
      SimEnd& sender = end_at(wire, end);
      SimEnd& receiver = end_at(wire, 1 - end);
      if (sender.host == from && receiver.host == to && sender.out.held > 0) {
        sender.out.last_arrival = std::max(sender.out.last_arrival, now + draw_delay());
        for (; sender.out.held > 0; --sender.out.held) {
          schedule(SimEventKind::kSegment, index, 1 - end, sender.out.last_arrival);
        }
      }
      if (sender.host == to && receiver.host == from && sender.out.held_acks > 0) {
        schedule(SimEventKind::kAck, index, end, now + faults.delay,
                 std::exchange(sender.out.held_acks, 0));
      }
    }
  }
}

// --- the public face ---------------------------------------------------------------------------------------------

SimNetwork::SimNetwork(std::uint64_t seed, const SimFaults& faults)
    : state_(std::make_unique<State>(seed, faults)) {}

SimNetwork::~SimNetwork() { CTI_CHECK(state_->ios.empty()); }  // it must outlive its Ios

std::unique_ptr<Io> SimNetwork::make_io(std::string_view host, const IoLimits& limits) {
  CTI_CHECK(parse_address({std::string(host), 0}).length > 0);
  const HostIndex index = state_->host_index(host);
  return std::make_unique<SimIo>(*state_, index, limits);
}

TimePoint SimNetwork::now() const noexcept { return state_->now; }

TimePoint SimNetwork::next_event() const noexcept {
  return state_->events.empty() ? kNever : std::max(state_->now, state_->events.top().time);
}

bool SimNetwork::step() {
  if (state_->events.empty()) return false;
  run_until(next_event());
  return true;
}

void SimNetwork::run_until(TimePoint time) {
  CTI_CHECK(time >= state_->now);
  while (!state_->events.empty() && state_->events.top().time <= time) {
    const SimEvent event = state_->events.top();
    state_->events.pop();
    state_->now = std::max(state_->now, event.time);
    state_->happen(event);
  }
  if (time != kNever) state_->now = time;
}

TimePoint SimNetwork::next_deadline() const noexcept {
  TimePoint earliest = kNever;
  for (const SimIo* io : state_->ios) {
    const SimHost& host = state_->hosts[io->host()];
    if (host.up && !host.frozen) earliest = std::min(earliest, io->deadline());
  }
  return earliest;
}

bool SimNetwork::anything_pending() const noexcept {
  return std::any_of(state_->ios.begin(), state_->ios.end(), [this](const SimIo* io) {
    const SimHost& host = state_->hosts[io->host()];
    return host.up && !host.frozen && io->pending();
  });
}

void SimNetwork::kill(std::string_view host, SimKill how) {
  const HostIndex index = state_->host_index(host);
  if (how == SimKill::kPower) state_->hosts[index].up = false;
  const std::vector<SimIo*> all = state_->ios;
  for (SimIo* io : all) {
    if (io->host() == index) io->die(how == SimKill::kPower);
  }
  state_->hosts[index].ports.clear();
}

void SimNetwork::revive(std::string_view host) {
  SimHost& at = state_->hosts[state_->host_index(host)];
  at.up = true;
  at.frozen = false;
}

void SimNetwork::freeze(std::string_view host, bool frozen) {
  state_->hosts[state_->host_index(host)].frozen = frozen;
}

bool SimNetwork::is_running(std::string_view host) const {
  const SimHost& at = state_->hosts[state_->host_index(host)];
  return at.up && !at.frozen;
}

void SimNetwork::cut(std::string_view from, std::string_view to) {
  const HostIndex first = state_->host_index(from);
  state_->cuts.insert({first, state_->host_index(to)});
}

void SimNetwork::heal(std::string_view from, std::string_view to) {
  const HostIndex first = state_->host_index(from);
  const HostIndex second = state_->host_index(to);
  if (state_->cuts.erase({first, second}) > 0) state_->deliver_held(first, second);
}

void SimNetwork::heal_all() {
  const auto healed = std::exchange(state_->cuts, {});
  for (const auto& [from, to] : healed) state_->deliver_held(from, to);
}

void SimNetwork::set_wall_offset(std::string_view host, Millis offset) {
  state_->hosts[state_->host_index(host)].wall_offset = offset;
}

void SimNetwork::set_faults(const SimFaults& faults) { state_->faults = faults; }
std::uint64_t SimNetwork::trace_hash() const noexcept { return state_->trace; }
void SimNetwork::trace_to(std::FILE* file) noexcept { state_->trace_file = file; }
const SimNetwork::Counters& SimNetwork::counters() const noexcept { return state_->counters; }

}  // namespace cti::core
