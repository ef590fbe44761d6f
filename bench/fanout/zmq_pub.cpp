// zmq_pub.cpp - the least that a ZeroMQ PUB server can be: what its publisher sends over TCP, zmq_send gives to everybody.
//
// Shape    messages of one length arrive on a plain TCP connection and leave, each by one zmq_send, on a PUB socket without a
//          high-water mark. Built only where libzmq is. Prints `ready port=N feed=N`; ends when its publisher leaves.
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "zmq_pub: %s\n", why);
  std::exit(1);
}

/// Reads until the publisher leaves.
void pass_on(int feed, void* pub, std::size_t message_bytes) {
  std::vector<char> room(256 * 1024);
  for (std::size_t held = 0;;) {
    const ssize_t got = ::recv(feed, room.data() + held, room.size() - held, 0);
    if (got <= 0) return;
    held += static_cast<std::size_t>(got);
    std::size_t at = 0;
    for (; held - at >= message_bytes; at += message_bytes) {
      if (zmq_send(pub, room.data() + at, message_bytes, 0) < 0) give_up("zmq_send");
    }
    std::memmove(room.data(), room.data() + at, held - at);
    held -= at;
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc != 2) give_up("usage: zmq_pub MESSAGE_BYTES (topic and payload)");
  const auto message_bytes = static_cast<std::size_t>(std::atoi(argv[1]));
  void* const context = zmq_ctx_new();
  void* const pub = zmq_socket(context, ZMQ_PUB);
  const int none = 0, backlog = 4096;
  zmq_setsockopt(pub, ZMQ_SNDHWM, &none, sizeof none);
  zmq_setsockopt(pub, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(pub, ZMQ_BACKLOG, &backlog, sizeof backlog);
  zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 65535);
  if (zmq_bind(pub, "tcp://127.0.0.1:*") != 0) give_up("zmq_bind");
  char endpoint[256];
  std::size_t size = sizeof endpoint;
  zmq_getsockopt(pub, ZMQ_LAST_ENDPOINT, endpoint, &size);
  const std::string name(endpoint);

  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&at), length) != 0 ||
      ::listen(listener, 1) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &length) != 0)
    give_up("no port for the publisher");
  std::printf("ready port=%s feed=%d\n", name.substr(name.rfind(':') + 1).c_str(),
              ntohs(at.sin_port));
  std::fflush(stdout);
  const int feed = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (feed < 0) give_up("accept");
  pass_on(feed, pub, message_bytes);
  zmq_close(pub);
  zmq_ctx_term(context);
  return 0;
}
