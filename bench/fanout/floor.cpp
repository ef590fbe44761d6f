// floor.cpp - fanout_floor: one ring, many subscribers, and nothing else; the least that a fan-out can cost.
#include "bench/fanout/floor.hpp"

#include "bench/fanout/process.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

namespace cti::bench {

Floor::Floor(std::size_t record_bytes, bool coalesced)
    : record_bytes_(record_bytes), coalesced_(coalesced), ring_(record_bytes * kFloorRecords) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      ::listen(listener_, 1024) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    give_up("no port for the floor");
  std::printf("ready port=%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
}

bool Floor::admit(int fd) {
  std::array<std::byte, 4> greeting;
  if (::recv(fd, greeting.data(), greeting.size(), MSG_WAITALL) != 4) {
    ::close(fd);
    return false;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  const auto topic = load_le<std::uint32_t>(greeting.data());
  if (topic == UINT32_MAX) {
    source_ = fd;
    return false;
  }
  if (topic > 0) {
    topics_ = true;
    if (interested_.size() <= topic) interested_.resize(topic + 1);
    interested_[topic].push_back(static_cast<std::uint32_t>(subscribers_.size()));
  }
  subscribers_.push_back({fd, end()});
  return true;
}

MutableBytes Floor::room() {
  const std::size_t at = got_ % ring_.size();
  return MutableBytes(ring_).subspan(at, std::min(ring_.size() - at, std::size_t{256} * 1024));
}

void Floor::arrived(std::size_t bytes) { got_ += bytes; }

Bytes Floor::next_for(const Subscriber& to) const {
  const std::size_t from = to.at % ring_.size();
  const std::size_t most = coalesced_ ? kSendBytesMax : record_bytes_;
  // A record that a full socket has cut is completed first.
  const std::size_t whole = record_bytes_ - to.at % record_bytes_;
  const std::size_t limit = coalesced_ ? most : whole;
  return Bytes(ring_).subspan(
      from, std::min({static_cast<std::size_t>(end() - to.at), ring_.size() - from, limit}));
}

}  // namespace cti::bench

int main(int argc, char** argv) {
  using namespace cti::bench;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (argc != 4) {
    std::fputs("usage: fanout_floor epoll|uring each|coalesced RECORD_BYTES   (see tools/bench)\n",
               stderr);
    return 2;
  }
  const bool coalesced = std::strcmp(argv[2], "coalesced") == 0;
  const auto bytes = static_cast<std::size_t>(std::atoi(argv[3]));
  if (std::strcmp(argv[1], "epoll") == 0) return run_epoll_floor(bytes, coalesced);
  return run_uring_floor(bytes, coalesced);
}
