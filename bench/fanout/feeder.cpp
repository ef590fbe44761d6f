// feeder.cpp - copies frames into the stage, puts their numbers in, and sends as much as the socket takes.
#include "bench/fanout/feeder.hpp"

#include "bench/fanout/process.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace cti::bench {

namespace {
constexpr std::size_t kStageBytes = 64 * 1024;
}

Feeder::Feeder(Frames frames) : frames_(std::move(frames)), stage_(kStageBytes) {}

Feeder::~Feeder() {
  if (fd_ >= 0) ::close(fd_);
}

void Feeder::connect(std::uint16_t port, Protocol protocol) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    give_up(std::string("the publisher cannot connect: ") + std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::string greeting = publisher_greeting(protocol);
  if (::send(fd_, greeting.data(), greeting.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(greeting.size()))
    give_up("the publisher cannot say who it is");
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

/// False: the socket is full.
bool Feeder::flush() {
  while (flushed_ < staged_) {
    const ssize_t sent =
        ::send(fd_, stage_.data() + flushed_, staged_ - flushed_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) return false;
    if (sent <= 0) give_up("the server has left its publisher");
    flushed_ += static_cast<std::size_t>(sent);
  }
  staged_ = flushed_ = 0;
  return true;
}

void Feeder::pump(std::uint64_t limit) {
  for (;;) {
    if (!flush()) return;
    between_frames();
    if (built_ >= limit) return;
    for (; built_ < limit; ++built_) {
      const Bytes frame = frames_.at(built_ % frames_.count());
      if (staged_ + frame.size() > stage_.size()) break;
      std::byte* const to = stage_.data() + staged_;
      std::memcpy(to, frame.data(), frame.size());
      if (frames_.number_at != Frames::kNoNumber)
        store_le<std::uint64_t>(to + frames_.number_at, built_);
      staged_ += frame.size();
    }
  }
}

void Feeder::on_readable() {
  std::array<std::byte, 64 * 1024> room;
  const ssize_t got = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN)) give_up("the server has left its publisher");
}

}  // namespace cti::bench
