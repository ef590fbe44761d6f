// uring_ring.hpp - one io_uring with a ring of receive buffers: the only file that knows liburing.
//
// Shape    requests are written down as they are asked for and handed to the kernel by enter(), all at once. Each carries
//          a tag, which comes back with each of its results.
// Refused  a kernel that is short of memory (EAGAIN, ENOMEM) or of room for results (EBUSY) takes requests later: they stay
//          written down, in order, the owner reaps what is there, and the next enter() tries again (refused() counts).
//          Any other error of io_uring_enter stays: error(). In the trial it is the reason to do without io_uring, later on a
//          bug of ours.
// Threads  the ring belongs to the thread that first calls enter(): until then it is disabled, so that another thread may
//          make it (SINGLE_ISSUER lets only one thread submit).
// Kernel   6.0 or newer (multishot receive); DEFER_TASKRUN from 6.1 is used when it is there. Debian's liburing 2.3 has all
//          that is used here, but for io_uring_enable_rings, which its shared library forgot: called directly.
#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/io.hpp"
#include "core/receive_memory.hpp"

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace cti::core {

struct RingLimits {
  std::uint32_t submissions = 1024;  ///< written down at most before an extra submit; power of two
  std::uint32_t completions =
      4096;  ///< beyond these the kernel keeps results aside (counted); power of two
  std::uint32_t buffers = 256;  ///< power of two, at most 32768
  std::uint32_t buffer_bytes = 16 * 1024;
  /// Requests that may have to wait because the kernel takes none: room for them is set aside at start.
  std::uint32_t waiting = 1024;
};

/// One result, copied out of the completion queue.
struct RingResult {
  std::uint64_t tag = 0;
  std::int32_t value = 0;  ///< as the system call would return; errors negative
  std::uint32_t flags = 0;

  bool more() const noexcept { return (flags & IORING_CQE_F_MORE) != 0; }
  bool has_buffer() const noexcept { return (flags & IORING_CQE_F_BUFFER) != 0; }
  std::uint16_t buffer() const noexcept {
    return static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
  }
};

class Ring {
 public:
  /// Says what is missing: the kernel's age, a seccomp filter (EPERM, ENOSYS), locked memory (ENOMEM).
  static Result<std::unique_ptr<Ring>, IoError> make(const RingLimits& limits);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Requests. Pointers must stay valid until the result.
  void accept(int listener, std::uint64_t tag);  ///< multishot
  /// Into the ring's buffers: multishot, or one buffer only.
  void receive(int fd, std::uint64_t tag, bool multishot = true);
  void send(int fd, Bytes bytes, std::uint64_t tag);  ///< never waits for room
  void connect(int fd, const sockaddr* address, socklen_t length, std::uint64_t tag);
  /// Multishot: a result for each change, until cancelled. Errors, hang-ups and the peer's FIN are always told too.
  void poll(int fd, unsigned mask, std::uint64_t tag);
  void read(int fd, void* into, unsigned bytes, std::uint64_t tag);
  void cancel(std::uint64_t victim, std::uint64_t tag);

  /// Makes the ring this thread's, which enter() does by itself the first time. Fails when that is forbidden.
  Result<void, IoError> enable();
  /// Hands all requests over, and waits for a result until `timeout` (zero: does not wait; negative: for ever). When
  /// the kernel does not take them it waits for a result, for a millisecond at most.
  void enter(Nanos timeout);
  bool anything_to_reap() const noexcept { return io_uring_cq_ready(&ring_) > 0; }
  /// Takes one result. False: none is there.
  bool reap(RingResult& result) noexcept;

  /// What was received into a buffer. It stays lent until give_back.
  Bytes received(std::uint16_t buffer, std::uint32_t bytes) noexcept;
  void give_back(std::uint16_t buffer) noexcept;

  int descriptor() const noexcept { return ring_.ring_fd; }
  std::uint64_t overflows() const noexcept { return overflows_; }
  std::uint64_t refused() const noexcept { return refused_; }
  /// An errno of io_uring_enter that asking again does not mend; 0: none.
  int error() const noexcept { return error_; }
  bool defers_work() const noexcept { return (ring_.flags & IORING_SETUP_DEFER_TASKRUN) != 0; }

 private:
  explicit Ring(const RingLimits& limits);
  Result<void, IoError> start();
  Result<void, IoError> add_buffers();
  io_uring_sqe* next_request();
  bool submit();
  bool hand_over_waiting();
  bool taken(int result);
  void wait_for_result(Nanos timeout);

  RingLimits limits_;
  io_uring ring_{};
  bool made_ = false;
  bool enabled_ = false;
  bool overflowing_ = false;
  std::uint64_t overflows_ = 0;
  std::uint64_t refused_ = 0;
  int error_ = 0;
  std::vector<io_uring_sqe>
      waiting_;  // asked for while the queue was full and could not be handed over
  io_uring_buf_ring* buffer_ring_ = nullptr;
  ReceiveMemory memory_;
};

/// Tries out, on a small ring of its own, everything that the back-end relies on: a kernel may have io_uring and yet lack
/// or forbid a part of it.
Result<void, IoError> try_uring();

}  // namespace cti::core
