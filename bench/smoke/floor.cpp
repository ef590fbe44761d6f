#include "bench/smoke/floor.hpp"

#include "bench/smoke/process.hpp"
#include "core/base/bytes.hpp"
#include "wire/session_frame.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace cti::bench {

namespace {

class Floor {
 public:
  explicit Floor(std::size_t record_bytes)
      : record_bytes_(record_bytes), ring_(record_bytes * kFloorRecords) {}

  int run() {
    listen();
    while (!ended_) turn();
    return 0;
  }

 private:
  struct Subscriber {
    int fd = -1;
    std::uint64_t at = 0;  // bytes sent
    bool full = false;     // waits for EPOLLOUT
  };
  static constexpr std::uint32_t kListener = UINT32_MAX, kSource = UINT32_MAX - 1;

  void watch(int fd, std::uint32_t tag, std::uint32_t events, int operation = EPOLL_CTL_ADD) {
    epoll_event wish{.events = events, .data = {.u32 = tag}};
    ::epoll_ctl(epoll_, operation, fd, &wish);
  }

  void listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      give_up("no port for the floor");
    watch(listener_, kListener, EPOLLIN);
    std::printf("ready port=%d\n", ntohs(at.sin_port));
    std::fflush(stdout);
  }

  void turn() {
    std::array<epoll_event, 512> events;
    const int ready =
        ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), behind_ ? 0 : -1);
    for (int i = 0; i < ready; ++i) {
      const std::uint32_t tag = events[static_cast<std::size_t>(i)].data.u32;
      if (tag == kListener) accept();
      if (tag == kSource) read();
      if (tag < subscribers_.size()) {
        subscribers_[tag].full = false;
        watch(subscribers_[tag].fd, tag, 0, EPOLL_CTL_MOD);
      }
    }
    behind_ = false;
    const std::uint64_t end = got_ / record_bytes_ * record_bytes_;
    for (std::uint32_t i = 0; i < subscribers_.size(); ++i) send(i, end);
  }

  void accept() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (source_ < 0) {
      source_ = fd;
      return watch(fd, kSource, EPOLLIN);
    }
    watch(fd, static_cast<std::uint32_t>(subscribers_.size()), 0);
    subscribers_.push_back({fd, got_ / record_bytes_ * record_bytes_, false});
  }

  /// Reads into the ring, and numbers the records that are complete.
  void read() {
    const std::size_t at = got_ % ring_.size();
    const std::size_t room = std::min(ring_.size() - at, std::size_t{256} * 1024);
    const ssize_t got = ::recv(source_, ring_.data() + at, room, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      ended_ = true;
      return;
    }
    got_ += static_cast<std::uint64_t>(got);
    for (; (numbered_ + 1) * record_bytes_ <= got_; ++numbered_) {
      store_le<std::uint64_t>(ring_.data() + numbered_ * record_bytes_ % ring_.size() + 8,
                              numbered_ + 1);
    }
  }

  void send(std::uint32_t index, std::uint64_t end) {
    Subscriber& to = subscribers_[index];
    if (to.at == end || to.full) return;
    const std::size_t from = to.at % ring_.size();
    const std::size_t bytes =
        std::min({static_cast<std::size_t>(end - to.at), ring_.size() - from, kSendBytesMax});
    const ssize_t sent = ::send(to.fd, ring_.data() + from, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {  // it has left
      to.full = true;
      return;
    }
    if (sent > 0) to.at += static_cast<std::uint64_t>(sent);
    if (sent < static_cast<ssize_t>(bytes)) {
      to.full = true;
      watch(to.fd, index, EPOLLOUT, EPOLL_CTL_MOD);
    } else if (to.at != end) {
      behind_ = true;
    }
  }

  const std::size_t record_bytes_;
  std::vector<std::byte> ring_;
  std::uint64_t got_ = 0;
  std::uint64_t numbered_ = 0;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_ = -1;
  int source_ = -1;
  bool ended_ = false;
  bool behind_ = false;
  std::vector<Subscriber> subscribers_;
};

}  // namespace

int run_floor(std::size_t record_bytes) { return Floor(record_bytes).run(); }

}  // namespace cti::bench
