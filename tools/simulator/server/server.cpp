// server.cpp - making the server, its turn, its sockets, and who has been silent for too long.
#include "tools/simulator/server/server.hpp"

#include "tools/simulator/server/server_impl.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cti::simulator {
namespace {

constexpr Nanos kLookEvery = Millis(250);
constexpr Nanos kUnopenedMax = Seconds(60);  ///< a connection that never opens a session is cut
constexpr Nanos kSplitPause = Millis(20);    ///< between the pieces of a frame that is split
constexpr std::size_t kControlLineMax = 4096;
/// The walk over all relations costs in proportion to agents and calls: a small switch is walked after every turn, a big
/// one every kLookEvery (at 10,000 agents a walk takes half a millisecond: every turn of them was a quarter of a core).
constexpr std::size_t kWalkedEveryTurn = 200;

bool walks_are_cheap(const Model& model) {
  return model.agents().size() + model.calls().size() <= kWalkedEveryTurn;
}

}  // namespace

Server::Server(core::Io& io, const ServerSettings& settings, Settings gateway)
    : io_(io),
      settings_(settings),
      random_(core::mix64(settings.seed)),
      model_(std::move(gateway), settings.seed),
      completions_(256),
      scratch_(2 * ged::limits::kMessageBytesMax) {
  model_.add_listener(*this);
}

Result<std::unique_ptr<Server>, core::IoError> Server::make(core::Io& io,
                                                            const ServerSettings& settings,
                                                            Settings gateway) {
  std::unique_ptr<Server> made(new Server(io, settings, std::move(gateway)));
  for (const Side side : {Side::kA, Side::kB}) {
    SideState& state = made->sides_[static_cast<std::size_t>(side)];
    const auto listener = io.listen(side == Side::kA ? settings.side_a : settings.side_b);
    if (!listener) return Err{listener.error()};
    state.listener = *listener;
    state.port = io.local_port(*listener);
    state.standby = side == Side::kB && settings.standby_b;
  }
  if (settings.control) {
    const auto listener = io.listen(*settings.control);
    if (!listener) return Err{listener.error()};
    made->control_listener_ = *listener;
  }
  return made;
}

std::uint16_t Server::control_port() const {
  return control_listener_ ? io_.local_port(control_listener_) : std::uint16_t{0};
}

TimePoint Server::model_time(TimePoint io_time) const {
  const auto passed = static_cast<double>((io_time - *started_).count());
  return {Nanos(static_cast<std::int64_t>(passed * settings_.speed))};
}

Nanos Server::io_time(Nanos model) const {
  return Nanos(static_cast<std::int64_t>(static_cast<double>(model.count()) / settings_.speed));
}

TimePoint Server::next_deadline() const {
  if (!started_) return io_.now();
  TimePoint next = clients_.empty() ? kNever : std::min(next_look_, next_release_);
  if (const TimePoint due = model_.next_deadline(); due != kNever) {
    const double ahead = std::ceil(static_cast<double>(due.since_start.count()) / settings_.speed);
    next = std::min(next, *started_ + Nanos(static_cast<std::int64_t>(ahead) + 1));
  }
  return next;
}

std::uint32_t Server::turn(TimePoint deadline) {
  const std::size_t count = io_.wait(completions_, std::min(deadline, next_deadline()));
  if (!started_) started_ = io_.now();
  model_.advance(model_time(io_.now()));
  release_held();
  for (std::size_t i = 0; i < count; ++i) handle(completions_[i]);
  if (io_.now() >= next_look_) look_at_clocks();
  std::uint32_t work = static_cast<std::uint32_t>(count);
  // Whoever is flushed may cause words to others: the list may grow while it is walked.
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    Client& client = *dirty_[i];
    client.dirty = false;
    flush(client);
    work += client.out.in_flight();
  }
  dirty_.clear();
  for (auto& [id, peer] : control_peers_) {
    peer.out.pump(io_, {static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(id >> 32)});
    work += peer.out.in_flight();
  }
  if (count > 0 && walks_are_cheap(model_)) model_.check_invariants();
  return work;
}

void Server::handle(const core::Completion& completion) {
  const std::uint64_t id = completion.connection.packed();
  if (completion.event == core::IoEvent::kAccepted) return accepted(completion);
  if (const auto control = control_peers_.find(id); control != control_peers_.end()) {
    ControlPeer& peer = control->second;
    if (completion.event == core::IoEvent::kReceived)
      control_received(completion.connection, peer, completion.bytes);
    if (completion.event == core::IoEvent::kSent) {
      peer.out.on_sent(completion.sent);
    }
    if (completion.event == core::IoEvent::kWritable) peer.out.on_writable();
    if (completion.event == core::IoEvent::kClosed) control_peers_.erase(control);
    return;
  }
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  Client& client = *found->second;
  switch (completion.event) {
    case core::IoEvent::kReceived:
      received(client, completion.bytes);
      break;
    case core::IoEvent::kSent:
      sent(client, completion.sent);
      break;
    case core::IoEvent::kWritable:
      client.out.on_writable();
      mark_dirty(client);
      break;
    case core::IoEvent::kClosed:
      say("session ", client.session, ": ended: ",
          !client.ended_because.empty() ? client.ended_because
          : completion.error == 0
              ? std::string("the client closed the connection")
              : core::log::text("the connection was lost (error ", completion.error, ")"));
      forget(client, Status::kClientDisconnected);
      std::erase(dirty_, &client);
      clients_.erase(found);
      break;
    default:
      break;
  }
}

void Server::accepted(const core::Completion& completion) {
  if (completion.listener == control_listener_) {
    control_peers_.emplace(completion.connection.packed(), ControlPeer{});
    return;
  }
  if (clients_.size() >= settings_.clients_max) {
    ++counters_.refused;
    say("connection from ", io_.peer(completion.connection).host, " refused: ", clients_.size(),
        " clients are there already");
    return io_.close(completion.connection, core::CloseHow::kReset);
  }
  ++counters_.accepted;
  auto client = std::make_unique<Client>();
  client->connection = completion.connection;
  client->side = completion.listener == sides_[0].listener ? Side::kA : Side::kB;
  client->peer = io_.peer(completion.connection);
  client->session = next_session_++;
  say("session ", client->session, ": connection from ", client->peer.host, ":", client->peer.port,
      " to side ", client->side == Side::kA ? "A" : "B");
  client->last_received = io_.now();
  if (sides_[static_cast<std::size_t>(client->side)].frozen)
    io_.set_receiving(client->connection, false);
  clients_.emplace(completion.connection.packed(), std::move(client));
}

void Server::received(Client& client, Bytes bytes) {
  client.last_received = io_.now();
  slow_down(client, bytes.size());
  if (client.phase == Client::Phase::kClosing) return;
  const auto outcome = client.cutter.feed(bytes, [&](const ged::Frame& frame) {
    ++counters_.frames_in;
    on_frame(client, frame.message_type, frame.body);
    return client.phase != Client::Phase::kClosing;
  });
  if (!outcome.ok()) {
    ++counters_.undecodable;
    fail(client, 0, Status::kInvalidMessageLength);
    reset(client, Status::kInvalidMessageLength, "a header that no message has");
  }
}

void Server::put(Client& client, Bytes frame) { put_at(client, client.out.waiting(), frame); }

void Server::put_at(Client& client, std::size_t mark, Bytes frame) {
  if (frame.empty() || client.overflowed || client.cut_next || client.dead) return;
  mark_dirty(client);
  if (!faults_.any()) return keep(client, mark, frame, 0);
  std::vector<std::byte> bytes(frame.begin(), frame.end());
  const Spoiled spoiled = spoil(bytes, faults_, random_);
  counters_.faults += spoiled.faults;
  if (spoiled.dropped) return;
  client.cut_next = spoiled.cut;
  if (spoiled.delay > Nanos{0}) hold(client, spoiled.delay);
  keep(client, mark, bytes, spoiled.split);
}

/// Who does not read has nothing more kept for him, and his session ends.
void Server::keep(Client& client, std::size_t mark, Bytes bytes, std::size_t split) {
  bool kept =
      client.out.waiting() + client.behind.size() + bytes.size() <= settings_.send_queue_bytes;
  if (kept && (split > 0 || !client.behind.empty())) {
    const std::size_t first = client.behind.empty() ? split : 0;
    kept = client.out.append(bytes.first(first));
    const Bytes rest = bytes.subspan(first);
    client.behind.insert(client.behind.end(), rest.begin(), rest.end());
  } else if (kept) {
    kept = client.out.insert(mark, bytes);
  }
  if (!kept) {
    client.overflowed = true;
    ++counters_.overflowed;
    return;
  }
  ++counters_.frames_out;
}

void Server::mark_dirty(Client& client) {
  if (!std::exchange(client.dirty, true)) dirty_.push_back(&client);
}

void Server::flush(Client& client) {
  if (client.dead) return;
  if (sides_[static_cast<std::size_t>(client.side)].frozen) return;
  if (client.overflowed)
    return reset(client, Status::kUnspecifiedFailure, "it does not read what is sent");
  if (io_.now() < client.hold_until) return;
  if (client.out.pump(io_, client.connection) || !client.out.idle()) return;
  if (!client.behind.empty()) return send_behind(client);
  if (client.cut_next) return reset(client, Status::kUnspecifiedFailure, "cut by a fault");
  if (client.phase != Client::Phase::kClosing) return;
  client.dead = true;
  io_.close(client.connection, core::CloseHow::kOrderly);
}

/// The first piece of a frame that was split is out: a moment, then the rest and all behind it.
void Server::send_behind(Client& client) {
  client.pausing = !client.pausing;
  if (client.pausing) {
    client.hold_until = std::max(client.hold_until, io_.now() + kSplitPause);
    next_release_ = std::min(next_release_, client.hold_until);
    return;
  }
  const bool fits = client.out.append(client.behind);
  CTI_CHECK(fits);  // nothing else waits, and what is behind has been counted
  client.behind.clear();
  client.out.pump(io_, client.connection);
}

void Server::sent(Client& client, std::uint32_t bytes) {
  client.out.on_sent(bytes);
  mark_dirty(client);
}

void Server::reset(Client& client, Status why, std::string_view because) {
  if (client.ended_because.empty()) client.ended_because = because;
  forget(client, why);
  client.phase = Client::Phase::kClosing;
  if (!std::exchange(client.dead, true)) io_.close(client.connection, core::CloseHow::kReset);
}

void Server::forget(Client& client, Status why) {
  if (!client.open()) return;
  interest_.remove(client);
  client.phase = Client::Phase::kClosing;
  client.monitors.clear();
  session_news(client, false, why);
  if (!std::exchange(client.offered, {}).empty()) end_relays(client.session);
  if (maintenance_ && maintenance_->awaited.erase(client.connection.packed()) > 0)
    end_maintenance(false);
}

void Server::look_at_clocks() {
  const TimePoint now = io_.now();
  next_look_ = now + kLookEvery;
  if (!walks_are_cheap(model_)) model_.check_invariants();
  end_relays(0);
  look_at_sides();
  for (auto& [id, client] : clients_) {
    if (client->phase == Client::Phase::kClosing) {
      if (now >= client->close_at)
        reset(*client, Status::kTimeout, "it was told to go and did not");
      continue;
    }
    const Nanos most = client->open() ? client->idle_timeout : kUnopenedMax;
    if (most == Nanos::max() || now - client->last_received < most) continue;
    if (sides_[static_cast<std::size_t>(client->side)].frozen) continue;
    ++counters_.idle;
    reset(*client, Status::kTimeout,
          client->open() ? "silent for longer than its IdleTimeout" : "it opened no session");
  }
}

std::uint32_t Server::now_seconds() const {
  return static_cast<std::uint32_t>(io_.wall().since_epoch_ms / 1000);
}

void Server::stop() {
  if (std::exchange(stopping_, true)) return;
  for (auto& [id, client] : clients_) {
    if (!client->open()) continue;
    failure_event(*client, Status::kServerOffline);
    flush(*client);
  }
}

void Server::control_received(core::ConnectionId id, ControlPeer& peer, Bytes bytes) {
  peer.in.append(as_text(bytes));
  std::size_t end = 0;
  while ((end = peer.in.find('\n')) != std::string::npos) {
    std::string line = peer.in.substr(0, end);
    peer.in.erase(0, end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    if (!peer.out.append(as_bytes(command(line) + "\n")))
      return io_.close(id, core::CloseHow::kReset);
  }
  if (peer.in.size() > kControlLineMax) io_.close(id, core::CloseHow::kReset);
}

}  // namespace cti::simulator
