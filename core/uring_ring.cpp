// uring_ring.cpp - setting up the ring with the best flags the kernel takes, and the requests.
#include "core/uring_ring.hpp"

#include "core/socket.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace cti::core {
namespace {

constexpr std::uint16_t kBufferGroup = 0;
constexpr Nanos kRefusedPause = Millis{1};  // between two attempts to hand requests over

constexpr int kOperations[] = {IORING_OP_ACCEPT,      IORING_OP_RECV,     IORING_OP_SEND,
                               IORING_OP_CONNECT,     IORING_OP_POLL_ADD, IORING_OP_READ,
                               IORING_OP_ASYNC_CANCEL};

std::size_t buffer_ring_bytes(const RingLimits& limits) {
  return std::size_t{limits.buffers} * sizeof(io_uring_buf);
}

}  // namespace

Ring::Ring(const RingLimits& limits)
    : limits_(limits), memory_(std::size_t{limits.buffers} * limits.buffer_bytes) {
  waiting_.reserve(limits.waiting);  // where they are asked for, nobody could catch a failed allocation
}

Result<std::unique_ptr<Ring>, IoError> Ring::make(const RingLimits& limits) {
  CTI_CHECK(std::has_single_bit(limits.buffers) && limits.buffers <= 32'768);
  CTI_CHECK(std::has_single_bit(limits.submissions) && std::has_single_bit(limits.completions));
  std::unique_ptr<Ring> ring(new Ring(limits));
  if (auto started = ring->start(); !started) return Err{started.error()};
  if (auto added = ring->add_buffers(); !added) return Err{added.error()};
  return ring;
}

Result<void, IoError> Ring::start() {
  // Best first. SINGLE_ISSUER came with 6.0, like multishot receive, which cannot be asked for by itself.
  constexpr unsigned kWanted[] = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
                                  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN};
  int result = 0;
  for (const unsigned flags : kWanted) {
    io_uring_params params{};
    params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL;
    params.cq_entries = std::max(limits_.completions, limits_.submissions);
    result = io_uring_queue_init_params(limits_.submissions, &ring_, &params);
    if (result != -EINVAL) break;
  }
  if (result == -EINVAL) return Err{IoError{EINVAL, "io_uring: the kernel is older than 6.0"}};
  if (result < 0) return Err{io_error("io_uring_setup", -result)};
  made_ = true;
  if ((ring_.features & IORING_FEAT_NODROP) == 0 || (ring_.features & IORING_FEAT_EXT_ARG) == 0) {
    return Err{IoError{ENOSYS, "io_uring: the kernel lacks NODROP or EXT_ARG"}};
  }
  io_uring_probe* probe = io_uring_get_probe_ring(&ring_);
  if (probe == nullptr) return Err{IoError{ENOSYS, "io_uring: it cannot be probed"}};
  const bool all = std::all_of(std::begin(kOperations), std::end(kOperations), [&](int operation) {
    return io_uring_opcode_supported(probe, operation) != 0;
  });
  io_uring_free_probe(probe);
  if (!all) return Err{IoError{ENOSYS, "io_uring: an operation is missing"}};
  return {};
}

Result<void, IoError> Ring::add_buffers() {
  void* block = ::mmap(nullptr, buffer_ring_bytes(limits_), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) return Err{io_error("buffer ring", errno)};
  buffer_ring_ = static_cast<io_uring_buf_ring*>(block);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(block);
  registration.ring_entries = limits_.buffers;
  registration.bgid = kBufferGroup;
  if (const int result = io_uring_register_buf_ring(&ring_, &registration, 0); result < 0) {
    return Err{io_error("io_uring: buffer ring", -result)};
  }
  io_uring_buf_ring_init(buffer_ring_);
  for (std::uint32_t buffer = 0; buffer < limits_.buffers; ++buffer) {
    give_back(static_cast<std::uint16_t>(buffer));
  }
  return {};
}

Ring::~Ring() {
  if (made_) io_uring_queue_exit(&ring_);
  if (buffer_ring_ != nullptr) ::munmap(buffer_ring_, buffer_ring_bytes(limits_));
}

[[gnu::cold]] Result<void, IoError> Ring::enable() {
  if (enabled_) return {};
  const long result =
      ::syscall(SYS_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (result != 0) return Err{io_error("io_uring: enable", errno)};
  enabled_ = true;
  return {};
}

// --- requests ----------------------------------------------------------------------------------------------------

io_uring_sqe* Ring::next_request() {
  if (waiting_.empty()) {
    if (io_uring_sqe* request = io_uring_get_sqe(&ring_)) return request;
    // As many as fit are written down: hand them over early. Before the ring has an owner that has to wait.
    if (enabled_ && submit()) {
      io_uring_sqe* request = io_uring_get_sqe(&ring_);
      CTI_CHECK(request != nullptr);
      return request;
    }
  }
  return &waiting_.emplace_back();
}

void Ring::accept(int listener, std::uint64_t tag) {
  io_uring_sqe* request = next_request();
  io_uring_prep_multishot_accept(request, listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  request->user_data = tag;
}

void Ring::receive(int fd, std::uint64_t tag, bool multishot) {
  io_uring_sqe* request = next_request();
  if (multishot) {
    io_uring_prep_recv_multishot(request, fd, nullptr, 0, 0);
  } else {
    io_uring_prep_recv(request, fd, nullptr, 0, 0);
  }
  request->flags |= IOSQE_BUFFER_SELECT;
  request->buf_group = kBufferGroup;
  request->user_data = tag;
}

void Ring::send(int fd, Bytes bytes, std::uint64_t tag) {
  io_uring_sqe* request = next_request();
  io_uring_prep_send(request, fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  request->user_data = tag;
}

void Ring::connect(int fd, const sockaddr* address, socklen_t length, std::uint64_t tag) {
  io_uring_sqe* request = next_request();
  io_uring_prep_connect(request, fd, address, length);
  request->user_data = tag;
}

void Ring::poll(int fd, unsigned mask, std::uint64_t tag) {
  io_uring_sqe* request = next_request();
  io_uring_prep_poll_multishot(request, fd, mask);
  request->user_data = tag;
}

void Ring::read(int fd, void* into, unsigned bytes, std::uint64_t tag) {
  io_uring_sqe* request = next_request();
  io_uring_prep_read(request, fd, into, bytes, 0);
  request->user_data = tag;
}

void Ring::cancel(std::uint64_t victim, std::uint64_t tag) {
  io_uring_sqe* request = next_request();
  io_uring_prep_cancel64(request, victim, 0);
  request->user_data = tag;
}

// --- the kernel --------------------------------------------------------------------------------------------------

/// What io_uring_enter has answered. False: it would not take what is written down, for now.
bool Ring::taken(int result) {
  switch (result < 0 ? -result : 0) {
    case 0:
    case ETIME:
    case EINTR:
      return true;
    case EAGAIN:  // short of memory for a request
    case ENOMEM:
    case EBUSY:  // results wait in the kernel: they have to be reaped first
      ++refused_;
      return false;
    default:  // no turn mends that: the owner asks error()
      error_ = -result;
      return false;
  }
}

/// Everything in the queue has gone to the kernel. False: some of it stays.
bool Ring::submit() {
  const bool took = taken(io_uring_submit(&ring_));
  return took && io_uring_sq_ready(&ring_) == 0;
}

[[gnu::cold]] bool Ring::hand_over_waiting() {
  std::size_t moved = 0;
  bool took = true;
  while (moved < waiting_.size() && took) {
    if (io_uring_sqe* request = io_uring_get_sqe(&ring_)) {
      *request = waiting_[moved++];
    } else {
      took = submit();
    }
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(moved));
  CTI_CHECK(took == waiting_.empty());
  return took;
}

void Ring::wait_for_result(Nanos timeout) {
  io_uring_cqe* first = nullptr;
  __kernel_timespec until{};
  until.tv_sec = timeout.count() / 1'000'000'000;
  until.tv_nsec = timeout.count() % 1'000'000'000;
  taken(io_uring_wait_cqe_timeout(&ring_, &first, &until));
}

void Ring::enter(Nanos timeout) {
  CTI_CHECK(enable().ok());  // where it is forbidden the trial has failed, and nobody comes here
  bool took = waiting_.empty() || hand_over_waiting();
  if (!took) {
    wait_for_result(anything_to_reap() ? Nanos{0} : kRefusedPause);
  } else if (timeout == Nanos{0} || anything_to_reap()) {
    took = taken(io_uring_submit_and_get_events(&ring_));
  } else {
    io_uring_cqe* first = nullptr;
    __kernel_timespec until{};
    until.tv_sec = timeout.count() / 1'000'000'000;
    until.tv_nsec = timeout.count() % 1'000'000'000;
    took = taken(io_uring_submit_and_wait_timeout(&ring_, &first, 1,
                                                  timeout < Nanos{0} ? nullptr : &until, nullptr));
    if (!took && !anything_to_reap()) wait_for_result(kRefusedPause);
  }
  const bool overflowing = io_uring_cq_has_overflow(&ring_);
  if (overflowing && !overflowing_) ++overflows_;
  overflowing_ = overflowing;
}

bool Ring::reap(RingResult& result) noexcept {
  unsigned head = 0;
  io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring_, head, completion) {
    result = {completion->user_data, completion->res, completion->flags};
    io_uring_cq_advance(&ring_, 1);
    return true;
  }
  return false;
}

Bytes Ring::received(std::uint16_t buffer, std::uint32_t bytes) noexcept {
  CTI_CHECK(buffer < limits_.buffers && bytes <= limits_.buffer_bytes);
  return memory_.lend(std::size_t{buffer} * limits_.buffer_bytes, bytes);
}

void Ring::give_back(std::uint16_t buffer) noexcept {
  CTI_CHECK(buffer < limits_.buffers);
  const std::size_t offset = std::size_t{buffer} * limits_.buffer_bytes;
  memory_.take_back(offset, limits_.buffer_bytes);
  io_uring_buf_ring_add(buffer_ring_, memory_.data() + offset, limits_.buffer_bytes, buffer,
                        io_uring_buf_ring_mask(limits_.buffers), 0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

// --- the trial ---------------------------------------------------------------------------------------------------

Result<void, IoError> try_uring() {
  auto ring = Ring::make({.submissions = 8, .completions = 16, .buffers = 2, .buffer_bytes = 64});
  if (!ring) return Err{ring.error()};
  if (auto enabled = (*ring)->enable(); !enabled) return Err{enabled.error()};
  int pair[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return Err{io_error("socketpair", errno)};
  const Descriptor ours(pair[0]);
  const Descriptor theirs(pair[1]);
  constexpr std::uint64_t kReceive = 1;
  constexpr std::uint64_t kSend = 2;
  (*ring)->receive(ours.get(), kReceive);
  (*ring)->send(theirs.get(), as_bytes("trial"), kSend);
  bool sent = false;
  bool received = false;
  for (int turn = 0; turn < 10 && !(sent && received); ++turn) {
    (*ring)->enter(Millis{100});
    RingResult result;
    if ((*ring)->error() != 0) return Err{io_error("io_uring: enter", (*ring)->error())};
    while ((*ring)->reap(result)) {
      if (result.value < 0) return Err{io_error("io_uring: trial", -result.value)};
      if (result.tag == kSend) sent = result.value == 5;
      if (result.tag == kReceive) {
        received = result.has_buffer() && result.more() &&
                   as_text((*ring)->received(result.buffer(),
                                             static_cast<std::uint32_t>(result.value))) == "trial";
      }
    }
  }
  if (!sent || !received) return Err{IoError{ENOSYS, "io_uring: multishot receive does not work"}};
  return {};
}

}  // namespace cti::core
