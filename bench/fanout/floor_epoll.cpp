// floor_epoll.cpp - the floor on epoll: a send per record, or one of all that has gathered.
#include "bench/fanout/floor.hpp"
#include "bench/fanout/process.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace cti::bench {

namespace {

class EpollFloor final : public Floor {
 public:
  using Floor::Floor;

  int run() override {
    watch(listener_, kListener, EPOLLIN);
    while (!ended_) turn();
    return 0;
  }

 private:
  static constexpr std::uint32_t kListener = UINT32_MAX, kSource = UINT32_MAX - 1;

  void watch(int fd, std::uint32_t tag, std::uint32_t events, int operation = EPOLL_CTL_ADD) {
    epoll_event wish{.events = events, .data = {.u32 = tag}};
    ::epoll_ctl(epoll_, operation, fd, &wish);
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
    if (topics_) {
      for_each_interested([this](std::uint32_t index, Bytes record) { send_all(index, record); });
      return;
    }
    // `each`: every subscriber is given one record, then every one the next.
    for (bool more = true; more;) {
      more = false;
      for (std::uint32_t i = 0; i < subscribers_.size(); ++i) more |= send(i);
      if (coalesced_) {
        behind_ = more;
        return;
      }
    }
  }

  void accept() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    if (admit(fd)) {
      watch(fd, static_cast<std::uint32_t>(subscribers_.size() - 1), 0);
    } else if (fd == source_) {
      watch(fd, kSource, EPOLLIN);
    }
  }

  void read() {
    const MutableBytes to = room();
    const ssize_t got = ::recv(source_, to.data(), to.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      ended_ = true;
      return;
    }
    arrived(static_cast<std::size_t>(got));
  }

  /// True: it could take more at once.
  bool send(std::uint32_t index) {
    Subscriber& to = subscribers_[index];
    const Bytes bytes = to.full ? Bytes{} : next_for(to);
    if (bytes.empty()) return false;
    const ssize_t sent = ::send(to.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {  // it has left
      to.full = true;
      return false;
    }
    if (sent > 0) to.at += static_cast<std::uint64_t>(sent);
    if (sent < static_cast<ssize_t>(bytes.size())) {
      to.full = true;
      watch(to.fd, index, EPOLLOUT, EPOLL_CTL_MOD);
      return false;
    }
    return to.at != end();
  }

  /// Of a topic: there is no place to come back to, so a full socket is waited for.
  void send_all(std::uint32_t index, Bytes record) {
    while (!record.empty()) {
      const ssize_t sent =
          ::send(subscribers_[index].fd, record.data(), record.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return;
      if (sent > 0) record = record.subspan(static_cast<std::size_t>(sent));
      if (record.empty()) return;
      pollfd wish{subscribers_[index].fd, POLLOUT, 0};
      ::poll(&wish, 1, 1000);
    }
  }

  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  bool ended_ = false;
  bool behind_ = false;
};

}  // namespace

int run_epoll_floor(std::size_t record_bytes, bool coalesced) {
  return EpollFloor(record_bytes, coalesced).run();
}

}  // namespace cti::bench
