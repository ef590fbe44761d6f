// io.hpp - the one door to sockets and time. Three back-ends stand behind it: io_uring, epoll, and the simulated one.
//
// Why      everything above this line runs unchanged on a real kernel and on a virtual clock with a faulty network.
// Shape    operations are asked for (listen, connect, send, close); what came of them arrives as Completions, a batch per
//          turn. One virtual call fetches a whole batch: none per event. What is asked for is submitted once, by wait().
// Threads  an Io belongs to one thread. Only wake() may be called from others.
// Lifetime Completion::bytes of kReceived stay valid until the next wait(). Bytes given to send() must stay until its kSent,
//          or until kClosed when the connection ends first.
// Life of a connection   kAccepted or kConnected .. any number of kReceived, kSent, kWritable .. exactly one kClosed, last.
//          A ConnectionId carries a generation: after kClosed it names nothing, and using it is a harmless no-op.
// Ends     the peer's FIN is a leave: what it sent before is delivered, then the Io closes too and gives kClosed, error 0.
//          A reset gives kClosed with its errno, after what had arrived before it. After close() no kReceived comes any
//          more, except those already in the batch in hand.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/limits.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cti::core {

/// Slot and generation of a connection. Zero names no connection.
struct ConnectionId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  constexpr explicit operator bool() const noexcept { return generation != 0; }
  constexpr std::uint64_t packed() const noexcept {
    return (std::uint64_t{generation} << 32) | slot;
  }
  friend constexpr auto operator<=>(ConnectionId, ConnectionId) = default;
};

/// Names a listening socket of one Io. Zero names none.
struct ListenerId {
  std::uint32_t index = 0;
  constexpr explicit operator bool() const noexcept { return index != 0; }
  friend constexpr auto operator<=>(ListenerId, ListenerId) = default;
};

/// Where to listen or connect. `host` is a numeric IPv4 or IPv6 address (names are resolved before, off the reactor).
struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 when listening: the kernel picks one, see Io::local_port
  /// Listening only. False: the port must be free (N7). True: joins a listener that another Io of this program has on
  /// the same port, and the kernel spreads the connections over them.
  bool join = false;
};

enum class IoEvent : std::uint8_t {
  kAccepted,   ///< `connection` came in on `listener`; `peer` says from where
  kConnected,  ///< the connect asked for has succeeded
  kReceived,   ///< `bytes` have arrived, never empty
  kSent,  ///< `sent` bytes of the send in flight were taken; short when the socket is full: wait for kWritable
  kWritable,  ///< a full socket has room again: send may be called
  kClosed,  ///< the connection is gone; `error` is 0 for an orderly end, else an errno (also a connect that failed)
  kWoken,   ///< wake() was called
};

/// What the kernel (or the simulated network) reports.
struct Completion {
  IoEvent event = IoEvent::kWoken;
  ConnectionId connection{};
  ListenerId listener{};   ///< kAccepted only
  std::int32_t error = 0;  ///< kClosed only: errno
  std::uint32_t sent = 0;  ///< kSent only
  Bytes bytes{};           ///< kReceived only; valid until the next wait()
  std::uint64_t peer_address =
      0;  ///< kAccepted only: a number equal for equal remote hosts (for per-address caps)
};

enum class CloseHow : std::uint8_t {
  /// FIN after what was sent (a send of this turn is still tried once). What the peer goes on sending is thrown away
  /// until it closes too or IoLimits::linger is over, so that a last word reaches it; then kClosed, error 0.
  kOrderly,
  kReset,  ///< RST, nothing more is delivered; then kClosed, error 0
};

/// A refusal by the system, with the operation and the address in the text.
struct IoError {
  std::int32_t error = 0;  ///< errno
  std::string text;
};

/// Limits of one Io. All memory is set aside at start.
struct IoLimits {
  std::uint32_t connections_max = limits::kConnectionsDefault;
  std::uint32_t kept_for_connects = 0;  ///< of those: never taken by who comes in, only by connect()
  std::uint32_t receive_buffers = limits::kReceiveBuffersDefault;  ///< power of two
  std::uint32_t receive_buffer_bytes =
      limits::kReceiveBufferBytesDefault;  ///< most that one kReceived carries
  std::uint32_t completions_per_turn =
      limits::kCompletionsPerTurnDefault;  ///< most that one wait() asks of the kernel
  Nanos linger =
      limits::kLingerDefault;  ///< how long an orderly close waits for the peer's own FIN

  /// What cannot be, in a sentence; nothing: they hold together. Every back-end refuses what is wrong.
  std::optional<std::string> wrong() const;
};

/// What an Io has done and met, for the counters. Written by its thread.
struct IoCounters {
  std::uint64_t turns = 0, accepted = 0, refused_full = 0, connects = 0, closed = 0;
  std::uint64_t received_bytes = 0, sent_bytes = 0, sends = 0, sends_short = 0;
  std::uint64_t accept_pauses = 0;     ///< out of descriptors: accepting paused, then resumed (M1)
  std::uint64_t buffer_shortages = 0;  ///< receive buffers exhausted, re-armed (M4)
  std::uint64_t rearmed = 0;    ///< a multishot request ended by itself and was armed again (M5)
  std::uint64_t overflows = 0;  ///< completion queue overflows seen (M5)
  /// Requests that the kernel would not take for a while (short of memory, or of room for results): handed over later (M5).
  std::uint64_t submits_refused = 0;
  std::uint64_t stale = 0;  ///< completions of a connection already gone, dropped
  std::uint64_t stops = 0;  ///< times that the process had stood still (P11)
};

class Io {
 public:
  virtual ~Io() = default;

  /// Binds and listens at once; accepting starts with the next wait().
  virtual Result<ListenerId, IoError> listen(const Endpoint& at) = 0;
  /// The port a listener really has.
  virtual std::uint16_t local_port(ListenerId listener) const = 0;
  /// Stops accepting and closes the listening socket.
  virtual void unlisten(ListenerId listener) = 0;

  /// Starts to connect. kConnected or kClosed follows (also for an address that is none: EINVAL). Zero: no slot is free
  /// (refused_full counts it).
  virtual ConnectionId connect(const Endpoint& to) = 0;

  /// Sends `bytes`: one send in flight per connection (CTI_CHECK). kSent follows, in this or a later turn.
  /// Never waits for a slow peer while holding the bytes: a full socket gives a short kSent, then kWritable.
  virtual void send(ConnectionId connection, Bytes bytes) = 0;
  /// Stops or resumes reading: back-pressure towards one peer. Pausing does not take back what already arrived.
  virtual void set_receiving(ConnectionId connection, bool on) = 0;
  /// Ends the connection. kClosed follows when nothing of it is in flight any more.
  virtual void close(ConnectionId connection, CloseHow how) = 0;

  /// Submits what was asked for, waits until something happens or `deadline`, and fills `out`. A deadline that has
  /// passed only looks. Returns how many completions were filled in; 0 may come before the deadline (own timers of the
  /// Io). `out` may not be empty. The clock is read here, and nowhere else.
  virtual std::size_t wait(std::span<Completion> out, TimePoint deadline) = 0;

  /// Any thread: makes the wait() now running, or the next one, return with kWoken.
  virtual void wake() noexcept = 0;

  /// The time of the last wait(). It stands still while the process does: a stop lets no deadline pass (own_clock.hpp, P11).
  virtual TimePoint now() const noexcept = 0;
  virtual WallMillis wall() const noexcept = 0;

  /// The far end of a connection, for log lines and diagnostics; port 0 for a ConnectionId that names nothing.
  virtual Endpoint peer(ConnectionId connection) const = 0;

  /// A descriptor that is readable when wait() has something to give, for a caller's own loop; -1 when there is none.
  virtual int pollable_fd() const noexcept = 0;
  /// "io_uring", "epoll" or "simulated".
  virtual std::string_view backend() const noexcept = 0;
  virtual const IoCounters& counters() const noexcept = 0;
};

}  // namespace cti::core
