// replay_run.cpp - the replayed side on a socket, and the proxy between two.
#include "tools/simulator/replay/replay_run.hpp"

#include <utility>

namespace cti::simulator {

Result<std::uint16_t, core::IoError> ReplayPeer::listen(const core::Endpoint& at) {
  const auto listener = io_.listen(at);
  if (!listener) return Err{listener.error()};
  listener_ = *listener;
  return io_.local_port(*listener);
}

std::uint32_t ReplayPeer::turn(TimePoint deadline) {
  const std::size_t count = io_.wait(completions_, deadline);
  for (std::size_t i = 0; i < count; ++i) handle(completions_[i]);
  std::uint32_t work = static_cast<std::uint32_t>(count);
  if (!met_ || ended_) return work;
  while (auto frame = replay_.due(io_.now())) {
    if (!out_.append(*frame)) io_.close(connection_, core::CloseHow::kReset);
    ++work;
  }
  out_.pump(io_, connection_);
  return work;
}

void ReplayPeer::handle(const core::Completion& completion) {
  if (completion.event == core::IoEvent::kAccepted) {
    if (connection_) return io_.close(completion.connection, core::CloseHow::kReset);
    connection_ = completion.connection;
  }
  if (completion.connection != connection_) return;
  switch (completion.event) {
    case core::IoEvent::kAccepted:
    case core::IoEvent::kConnected:
      met_ = true;
      replay_.start(io_.now());
      break;
    case core::IoEvent::kReceived: {
      const auto outcome = cutter_.feed(completion.bytes, [&](const ged::Frame& frame) {
        replay_.received(frame.whole, io_.now());
      });
      if (!outcome.ok()) io_.close(connection_, core::CloseHow::kReset);
      break;
    }
    case core::IoEvent::kSent:
      out_.on_sent(completion.sent);
      break;
    case core::IoEvent::kWritable:
      out_.on_writable();
      break;
    case core::IoEvent::kClosed:
      ended_ = true;
      replay_.stop();
      break;
    default:
      break;
  }
}

Result<std::uint16_t, core::IoError> RecordProxy::listen(const core::Endpoint& at) {
  const auto listener = io_.listen(at);
  if (!listener) return Err{listener.error()};
  listener_ = *listener;
  return io_.local_port(*listener);
}

RecordProxy::Half* RecordProxy::find(core::ConnectionId id) {
  const auto found = halves_.find(id);
  return found == halves_.end() ? nullptr : &found->second;
}

std::uint32_t RecordProxy::turn(TimePoint deadline) {
  const std::size_t count = io_.wait(completions_, deadline);
  for (std::size_t i = 0; i < count; ++i) handle(completions_[i]);
  std::uint32_t work = static_cast<std::uint32_t>(count);
  for (auto& [id, half] : halves_) work += flush(id, half);
  return work;
}

void RecordProxy::handle(const core::Completion& completion) {
  if (completion.event == core::IoEvent::kAccepted) return accepted(completion);
  Half* half = find(completion.connection);
  if (half == nullptr) return;
  switch (completion.event) {
    case core::IoEvent::kConnected:
      half->ready = true;
      break;
    case core::IoEvent::kReceived:
      received(*half, completion.connection, completion.bytes);
      break;
    case core::IoEvent::kSent:
      half->out.on_sent(completion.sent);
      break;
    case core::IoEvent::kWritable:
      half->out.on_writable();
      break;
    case core::IoEvent::kClosed:
      closed(completion.connection);
      break;
    default:
      break;
  }
}

void RecordProxy::accepted(const core::Completion& completion) {
  if (halves_.size() >= 2 * kProxyConnectionsMax)
    return io_.close(completion.connection, core::CloseHow::kReset);
  const core::ConnectionId out = io_.connect(server_);
  if (!out) return io_.close(completion.connection, core::CloseHow::kReset);
  const std::uint32_t number = writer_.connection(io_.wall(), Nanos{0});
  Half client, server;
  client.other = out;
  client.is_client = client.ready = true;
  server.other = completion.connection;
  client.number = server.number = number;
  halves_.emplace(completion.connection, std::move(client));
  halves_.emplace(out, std::move(server));
}

void RecordProxy::received(Half& from, core::ConnectionId id, Bytes bytes) {
  bytes_ += bytes.size();
  if (!writer_.bytes(from.number, from.is_client, bytes, io_.wall(),
                     io_.now().since_start % Millis(1)))
    broken_ = true;
  Half* to = find(from.other);
  if (to == nullptr) return;
  if (!to->out.append(bytes)) return io_.close(id, core::CloseHow::kReset);
  if (to->out.unsent() < kRelayBytesMax || from.paused) return;
  from.paused = true;
  io_.set_receiving(id, false);
}

void RecordProxy::closed(core::ConnectionId id) {
  const core::ConnectionId other = halves_.at(id).other;
  halves_.erase(id);
  if (Half* half = find(other)) half->closing = true;
}

std::uint32_t RecordProxy::flush(core::ConnectionId id, Half& half) {
  if (!half.ready && half.closing) io_.close(id, core::CloseHow::kReset);
  if (!half.ready) return 0;
  if (Half* other = find(half.other);
      other != nullptr && other->paused && half.out.unsent() < kRelayBytesMax / 2) {
    other->paused = false;
    io_.set_receiving(half.other, true);
  }
  if (half.out.pump(io_, id)) return 1;
  if (half.closing && half.out.idle()) {
    half.ready = false;
    half.closing = false;
    io_.close(id, core::CloseHow::kOrderly);
  }
  return 0;
}

}  // namespace cti::simulator
