// uring_state.hpp - inside of the io_uring back-end; included by its two .cpp files only. See uring_io.hpp.
#pragma once

#include "core/receive_memory.hpp"
#include "core/slot_table.hpp"
#include "core/socket.hpp"
#include "core/timer_wheel.hpp"
#include "core/uring_io.hpp"
#include "core/uring_ring.hpp"
#include "core/waker.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

namespace cti::core::uring {

inline constexpr Nanos kAcceptPauseMin = Millis{10};
inline constexpr Nanos kAcceptPauseMax = Seconds{1};

/// What a request is for; also the bit that says that one is under way.
enum class Request : std::uint8_t {
  kWake,
  kAccept,
  kReceive,
  kSend,
  kRoom,    // poll: a full socket has room
  kHangup,  // poll: an error or hang-up while reading is paused
  kConnect,
  kCancel,
};

inline constexpr std::uint32_t kSlotBits = 24;

// A tag: 8 bits request, 24 bits slot, 32 bits generation.
constexpr std::uint64_t tag_of(Request request, ConnectionId id) noexcept {
  return (std::uint64_t{id.generation} << 32U) |
         (static_cast<std::uint64_t>(request) << kSlotBits) | id.slot;
}
constexpr Request request_of(std::uint64_t tag) noexcept {
  return static_cast<Request>((tag >> kSlotBits) & 0xffU);
}
constexpr ConnectionId id_of(std::uint64_t tag) noexcept {
  return {static_cast<std::uint32_t>(tag) & ((1U << kSlotBits) - 1),
          static_cast<std::uint32_t>(tag >> 32U)};
}

enum class State : std::uint8_t { kConnecting, kOpen, kLingering, kEnding };

struct Connection {
  int fd = -1;
  State state = State::kOpen;
  std::uint8_t under_way = 0;  // bits by Request
  std::uint8_t cancelled = 0;  // of them, those that have been cancelled
  bool receiving = true;       // wanted by the owner
  bool sending = false;        // send() was called, kSent not yet given
  bool full = false;           // the last send was short: kWritable follows
  bool starved = false;        // stands in starved_
  bool receives_once = false;  // the receive under way is not multishot
  bool close_asked = false;
  bool reset_asked = false;
  bool queued = false;  // stands in requests_
  int error = 0;
  const std::byte* send_data = nullptr;
  std::size_t send_bytes = 0;
  TimerId linger{};

  bool has(Request request) const noexcept { return (under_way & bit(request)) != 0; }
  static std::uint8_t bit(Request request) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(request));
  }
};

struct Listener {
  Descriptor fd;
  std::uint16_t port = 0;
  std::uint32_t generation = 1;
  bool armed = false;
};

class UringIo final : public Io {
 public:
  UringIo(const IoLimits& limits, std::unique_ptr<Ring> ring)
      : limits_(limits),
        ring_(std::move(ring)),
        connections_(limits.connections_max),
        peers_(limits.connections_max),
        lingering_(limits.connections_max, monotonic_now()),
        listeners_(kListenersMax),
        waker_(0),
        now_(monotonic_now()),
        wall_(wall_now()) {
    CTI_CHECK(limits.connections_max < (1U << kSlotBits));
    requests_.reserve(limits.connections_max);
    starved_.reserve(limits.connections_max);
    interrupted_.reserve(limits.connections_max);
    lent_.reserve(limits.receive_buffers);
  }
  ~UringIo() override;

  bool has_waker() const noexcept { return waker_.descriptor() >= 0; }
  Result<ListenerId, IoError> listen(const Endpoint& at) override;
  std::uint16_t local_port(ListenerId listener) const override;
  void unlisten(ListenerId listener) override;
  ConnectionId connect(const Endpoint& to) override;
  void send(ConnectionId connection, Bytes bytes) override;
  void set_receiving(ConnectionId connection, bool on) override;
  void close(ConnectionId connection, CloseHow how) override;
  std::size_t wait(std::span<Completion> out, TimePoint deadline) override;
  Endpoint peer(ConnectionId connection) const override;

  void wake() noexcept override { waker_.wake(); }
  TimePoint now() const noexcept override { return now_; }
  WallMillis wall() const noexcept override { return wall_; }
  int pollable_fd() const noexcept override { return ring_->descriptor(); }
  std::string_view backend() const noexcept override { return "io_uring"; }
  const IoCounters& counters() const noexcept override { return counters_; }

 private:
  /// The caller's span, being filled.
  struct Batch {
    std::span<Completion> out;
    std::size_t count = 0;
    bool full() const noexcept { return count == out.size(); }
    void add(const Completion& completion) noexcept { out[count++] = completion; }
  };

  void queue(ConnectionId id, Connection& connection);
  void give_buffers_back();
  void receive_again();
  void run_own_timers(Batch& batch);
  void run_requests(Batch& batch);
  void run_request(ConnectionId id, Connection& connection, Batch& batch);
  Nanos time_to_wait(TimePoint deadline) const noexcept;
  void arm_standing_requests();

  void take_result(const RingResult& result, Batch& batch);
  void take_wake(Batch& batch);
  void take_accepted(const RingResult& result, Batch& batch);
  void take_received(ConnectionId id, Connection& connection, const RingResult& result,
                     Batch& batch);
  void take_receive_end(ConnectionId id, Connection& connection, std::int32_t value, Batch& batch);
  void take_sent(ConnectionId id, Connection& connection, std::int32_t value, Batch& batch);
  void take_connected(ConnectionId id, Connection& connection, std::int32_t value, Batch& batch);
  void take_room(ConnectionId id, Connection& connection, const RingResult& result, Batch& batch);
  void take_hangup(ConnectionId id, Connection& connection, const RingResult& result, Batch& batch);
  void pause_accepting();

  void start(Request request, ConnectionId id, Connection& connection);
  void cancel(Request request, ConnectionId id, Connection& connection);
  void start_receiving(ConnectionId id, Connection& connection);
  void start_orderly_close(ConnectionId id, Connection& connection, Batch& batch);
  void begin_end(ConnectionId id, Connection& connection, int error, Batch& batch);
  void end_when_idle(ConnectionId id, Connection& connection, Batch& batch);

  IoLimits limits_;
  std::unique_ptr<Ring> ring_;
  SlotTable<Connection> connections_;
  std::vector<SocketAddress> peers_;  // by slot; what a connect under way points to
  std::vector<ConnectionId> requests_;
  std::vector<ConnectionId> starved_;      // their receive ended for want of buffers
  std::vector<ConnectionId> interrupted_;  // their receive ended for another reason
  std::vector<std::uint16_t> lent_;        // buffers of the batch in the caller's hands
  TimerWheel lingering_;
  std::vector<Listener> listeners_;
  Waker waker_;
  std::uint64_t wake_count_ = 0;  // what the read of the eventfd writes to
  bool wake_armed_ = false;
  TimePoint now_{};
  WallMillis wall_{};
  TimePoint accept_again_ = kNever;
  Nanos accept_pause_ = kAcceptPauseMin;
  IoCounters counters_;
};

}  // namespace cti::core::uring
