// uring_state.hpp - inside of the io_uring back-end; included by its two .cpp files only. See uring_io.hpp.
#pragma once

#include "core/kernel_io.hpp"
#include "core/uring_io.hpp"
#include "core/uring_ring.hpp"

#include <memory>
#include <vector>

namespace cti::core::uring {

using State = KernelState;

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
inline constexpr unsigned kRequestKinds = 8;

// A tag: 8 bits request, 24 bits slot, 32 bits generation.
inline constexpr std::uint32_t kSlotBits = 24;
static_assert(kRequestKinds <= 8, "under_way has a bit for each");
static_assert(static_cast<unsigned>(Request::kCancel) + 1 == kRequestKinds);
static_assert(limits::kConnectionsMax < (1U << kSlotBits), "a slot fits into its tag");
static_assert(limits::kListenersMax < (1U << kSlotBits), "and so does a listener");

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
static_assert(id_of(tag_of(Request::kConnect, {7, 9})) == ConnectionId{7, 9});
static_assert(request_of(tag_of(Request::kConnect, {7, 9})) == Request::kConnect);

struct UringConnection : KernelConnection {
  std::uint8_t under_way = 0;  // bits by Request
  std::uint8_t cancelled = 0;  // of them, those that have been cancelled
  bool starved = false;        // stands in starved_
  bool interrupted = false;    // stands in interrupted_
  bool receives_once = false;  // the receive under way is not multishot

  bool has(Request request) const noexcept { return (under_way & bit(request)) != 0; }
  static std::uint8_t bit(Request request) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(request));
  }
};

class UringIo final : public KernelIo<UringIo, UringConnection> {
 public:
  UringIo(const IoLimits& limits, std::unique_ptr<Ring> ring)
      : KernelIo(limits, 0), ring_(std::move(ring)) {
    starved_.reserve(std::size_t{2} * limits.connections_max);
    interrupted_.reserve(std::size_t{2} * limits.connections_max);
    lent_.reserve(limits.receive_buffers);
  }
  ~UringIo() override;

  bool has_waker() const noexcept { return waker_.descriptor() >= 0; }
  std::size_t wait(std::span<Completion> out, TimePoint deadline) override;
  int pollable_fd() const noexcept override { return ring_->descriptor(); }
  std::string_view backend() const noexcept override { return "io_uring"; }

 private:
  friend class KernelIo<UringIo, UringConnection>;

  // The hooks of kernel_io.hpp.
  Result<void, IoError> watch_listener(std::uint32_t) { return {}; }  // armed by the next turn
  void forget_listener(std::uint32_t index);
  void accepting_paused() noexcept {}   // nothing is armed again until the pause is over
  void accepting_resumed() noexcept {}  // armed by this turn
  int start_connect(ConnectionId id, UringConnection& connection);
  void opened(ConnectionId id, UringConnection& connection) { receiving_changed(id, connection); }
  void start_send(ConnectionId id, UringConnection& connection, Batch&) {
    start(Request::kSend, id, connection);
  }
  static bool send_under_way(const UringConnection& connection) noexcept {
    return connection.has(Request::kSend);
  }
  void want_room(ConnectionId id, UringConnection& connection);
  void receiving_changed(ConnectionId id, UringConnection& connection);
  void read_to_the_end(ConnectionId id, UringConnection& connection) {
    start_receiving(id, connection);
  }
  void stop_requests(ConnectionId id, UringConnection& connection);
  static bool busy(const UringConnection& connection) noexcept { return connection.under_way != 0; }

  void give_buffers_back();
  void receive_again();
  void stand_in_line(std::vector<ConnectionId>& line, ConnectionId id);
  void arm_standing_requests();
  void start(Request request, ConnectionId id, UringConnection& connection);
  void cancel(Request request, ConnectionId id, UringConnection& connection);
  void start_receiving(ConnectionId id, UringConnection& connection);

  void take_result(const RingResult& result, Batch& batch);
  void take_wake(Batch& batch);
  void take_accepted(const RingResult& result, Batch& batch);
  void take_received(ConnectionId id, UringConnection& connection, const RingResult& result,
                     Batch& batch);
  void take_receive_end(ConnectionId id, UringConnection& connection, std::int32_t value,
                        Batch& batch);
  void take_sent(ConnectionId id, UringConnection& connection, std::int32_t value, Batch& batch);
  void take_connected(ConnectionId id, UringConnection& connection, std::int32_t value,
                      Batch& batch);
  void take_room(ConnectionId id, UringConnection& connection, const RingResult& result,
                 Batch& batch);
  void take_hangup(ConnectionId id, UringConnection& connection, const RingResult& result,
                   Batch& batch);

  std::unique_ptr<Ring> ring_;
  std::vector<ConnectionId> starved_;      // their receive ended for want of buffers
  std::vector<ConnectionId> interrupted_;  // their receive ended for another reason
  std::vector<std::uint16_t> lent_;        // buffers of the batch in the caller's hands
  std::uint64_t wake_count_ = 0;           // what the read of the eventfd writes to
  bool wake_armed_ = false;
};

}  // namespace cti::core::uring
