// replay_run.hpp - replay and record on sockets: a replay's peer, and a proxy that writes down what passes.
//
// Shape    actors on an Io, like the Server: turn() in a loop, on the kernel or on the simulated network.
// Bounds   a proxy holds kRelayBytesMax per direction and stops reading the faster side until the slower has taken them;
//          kProxyConnectionsMax connections at once. A replay's peer that does not read is reset at kUnsentBytesMax.
// Threads  one owner each.
#pragma once

#include "core/base/limits.hpp"
#include "core/io.hpp"
#include "core/send_buffer.hpp"
#include "tools/simulator/replay/replay.hpp"
#include "wire/mhdr.hpp"

#include <map>
#include <memory>

namespace cti::simulator {

inline constexpr std::size_t kRelayBytesMax = 1024 * 1024;
inline constexpr std::uint32_t kRelayCompletionsMax = 256;
/// What may still come in the turn in which reading is stopped.
inline constexpr std::size_t kRelayTurnBytesMax =
    std::size_t{kRelayCompletionsMax} * limits::kReceiveBufferBytesDefault;
inline constexpr std::size_t kUnsentBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kProxyConnectionsMax = 1000;

/// One connection on which a Replay speaks: as a server it takes the first that comes, as a client it makes it.
class ReplayPeer {
 public:
  /// All references must outlive it.
  ReplayPeer(core::Io& io, Replay& replay) : io_(io), replay_(replay), completions_(64) {}
  Result<std::uint16_t, core::IoError> listen(const core::Endpoint& at);
  void connect(const core::Endpoint& to) { connection_ = io_.connect(to); }

  std::uint32_t turn(TimePoint deadline);
  TimePoint next_deadline() const { return finished() ? kNever : replay_.next_deadline(); }
  bool finished() const { return ended_ || replay_.finished(io_.now()); }
  /// False: it never came to a connection.
  bool met() const noexcept { return met_; }

 private:
  void handle(const core::Completion& completion);

  core::Io& io_;
  Replay& replay_;
  std::vector<core::Completion> completions_;
  core::ListenerId listener_{};
  core::ConnectionId connection_{};
  ged::FrameCutter cutter_;
  core::SendBuffer out_{kUnsentBytesMax, core::SendBuffer::Memory::kGrows};
  bool met_ = false, ended_ = false;
};

/// Clients come here, are taken to the server, and every byte is written down.
class RecordProxy {
 public:
  RecordProxy(core::Io& io, core::Endpoint server, PcapWriter& writer)
      : io_(io), server_(std::move(server)), writer_(writer), completions_(kRelayCompletionsMax) {}
  /// The port it listens on.
  Result<std::uint16_t, core::IoError> listen(const core::Endpoint& at);

  std::uint32_t turn(TimePoint deadline);
  std::size_t connections() const noexcept { return halves_.size() / 2; }
  std::uint64_t bytes() const noexcept { return bytes_; }
  /// The file can no longer be written.
  bool broken() const noexcept { return broken_; }

 private:
  struct Half {
    core::ConnectionId other;
    std::uint32_t number = 0;  ///< in the file
    bool is_client = false, ready = false, closing = false, paused = false;
    core::SendBuffer out{kRelayBytesMax + kRelayTurnBytesMax, core::SendBuffer::Memory::kGrows};
  };
  void handle(const core::Completion& completion);
  void accepted(const core::Completion& completion);
  void received(Half& from, core::ConnectionId id, Bytes bytes);
  void closed(core::ConnectionId id);
  std::uint32_t flush(core::ConnectionId id, Half& half);
  Half* find(core::ConnectionId id);

  core::Io& io_;
  core::Endpoint server_;
  PcapWriter& writer_;
  std::vector<core::Completion> completions_;
  core::ListenerId listener_{};
  std::map<core::ConnectionId, Half> halves_;
  std::uint64_t bytes_ = 0;
  bool broken_ = false;
};

}  // namespace cti::simulator
