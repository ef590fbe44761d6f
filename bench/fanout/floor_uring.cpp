// floor_uring.cpp - the floor on io_uring: sends handed over in one call per turn.
#include "bench/fanout/floor.hpp"
#include "bench/fanout/process.hpp"

#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

namespace cti::bench {

namespace {

// One io_uring_enter a turn hands over all sends of the turn; sockets are registered files.
class UringFloor final : public Floor {
 public:
  UringFloor(std::size_t record_bytes, bool coalesced) : Floor(record_bytes, coalesced) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    params.cq_entries = kCompletions;
    if (io_uring_queue_init_params(kSubmissions, &ring_, &params) != 0 ||
        io_uring_register_files_sparse(&ring_, kFiles) != 0)
      give_up("no io_uring here for the floor");
  }
  ~UringFloor() override { io_uring_queue_exit(&ring_); }

  int run() override {
    accept_more();
    while (!ended_) {
      if (!topics_) send_to_all();
      io_uring_submit_and_wait(&ring_, 1);
      reap();
      if (topics_) send_to_interested();
    }
    return 0;
  }

 private:
  static constexpr std::uint64_t kListener = UINT32_MAX, kSource = UINT32_MAX - 1;
  static constexpr std::uint64_t kRoom = std::uint64_t{1} << 32, kTopic = std::uint64_t{2} << 32;
  static constexpr unsigned kSubmissions = 4096, kCompletions = 32 * 1024, kFiles = 16 * 1024;

  io_uring_sqe* free_entry() {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) {
      io_uring_submit(&ring_);
      sqe = io_uring_get_sqe(&ring_);
    }
    return sqe;
  }

  void reap() {
    unsigned head = 0, seen = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      take(cqe->user_data, cqe->res, (cqe->flags & IORING_CQE_F_MORE) != 0);
      ++seen;
    }
    io_uring_cq_advance(&ring_, seen);
  }

  void take(std::uint64_t tag, int result, bool more) {
    if (tag == kListener) return accepted(result, more);
    if (tag == kSource) return came(result);
    if ((tag & kTopic) != 0) return;
    Subscriber& to = subscribers_[static_cast<std::uint32_t>(tag)];
    if ((tag & kRoom) != 0) {
      to.full = false;
      return;
    }
    to.flying = false;
    if (result > 0) to.at += static_cast<std::uint64_t>(result);
    if (result == -EAGAIN || (result > 0 && static_cast<std::size_t>(result) < flying_[tag])) {
      to.full = true;
      io_uring_sqe* const sqe = free_entry();
      io_uring_prep_poll_add(sqe, static_cast<int>(tag), POLLOUT);
      sqe->flags |= IOSQE_FIXED_FILE;
      io_uring_sqe_set_data64(sqe, tag | kRoom);
    } else if (result < 0) {
      to.full = true;  // it has left
    }
  }

  void accept_more() {
    io_uring_sqe* const sqe = free_entry();
    io_uring_prep_multishot_accept(sqe, listener_, nullptr, nullptr, SOCK_CLOEXEC);
    io_uring_sqe_set_data64(sqe, kListener);
  }

  void accepted(int fd, bool more) {
    if (!more) accept_more();
    if (fd < 0) return;
    if (!admit(fd)) {
      if (fd == source_) receive();
      return;
    }
    const auto index = static_cast<unsigned>(subscribers_.size() - 1);
    if (index >= kFiles || io_uring_register_files_update(&ring_, index, &fd, 1) != 1)
      give_up("no room for another subscriber");
    flying_.push_back(0);
  }

  void receive() {
    const MutableBytes to = room();
    io_uring_sqe* const sqe = free_entry();
    io_uring_prep_recv(sqe, source_, to.data(), to.size(), 0);
    io_uring_sqe_set_data64(sqe, kSource);
  }

  void came(int bytes) {
    if (bytes <= 0) {
      ended_ = true;
      return;
    }
    arrived(static_cast<std::size_t>(bytes));
    receive();
  }

  void send(std::uint32_t index, Bytes bytes, std::uint64_t tag) {
    io_uring_sqe* const sqe = free_entry();
    io_uring_prep_send(sqe, static_cast<int>(index), bytes.data(), bytes.size(),
                       MSG_NOSIGNAL | (tag == index ? MSG_DONTWAIT : 0));
    sqe->flags |= IOSQE_FIXED_FILE;
    io_uring_sqe_set_data64(sqe, tag);
  }

  void send_to_all() {
    for (std::uint32_t i = 0; i < subscribers_.size(); ++i) {
      Subscriber& to = subscribers_[i];
      if (to.full || to.flying) continue;
      const Bytes bytes = next_for(to);
      if (bytes.empty()) continue;
      to.flying = true;
      flying_[i] = bytes.size();
      send(i, bytes, i);
    }
  }

  void send_to_interested() {
    for_each_interested(
        [this](std::uint32_t index, Bytes record) { send(index, record, index | kTopic); });
  }

  io_uring ring_{};
  std::vector<std::size_t> flying_;  // bytes of the send under way, per subscriber
  bool ended_ = false;
};

}  // namespace

int run_uring_floor(std::size_t record_bytes, bool coalesced) {
  return UringFloor(record_bytes, coalesced).run();
}

}  // namespace cti::bench
