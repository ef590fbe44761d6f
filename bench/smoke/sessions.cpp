#include "bench/smoke/sessions.hpp"

#include "bench/smoke/process.hpp"
#include "wire/session_frame.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace cti::bench {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::uint32_t kSourceTag = UINT32_MAX;
constexpr double kPatience = 30;
// Sessions opened at once: more would not be accepted before the kernel's backlog is full.
constexpr std::uint32_t kOpenAtOnce = 64;

void send_all(int fd, Bytes bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
    give_up(std::string("a session cannot send: ") + std::strerror(errno));
}

}  // namespace

Sessions::Sessions(Source& source)
    : source_(source), epoll_(::epoll_create1(EPOLL_CLOEXEC)), room_(kReadBytes) {
  epoll_event wish{.events = EPOLLIN, .data = {.u32 = kSourceTag}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, source_.fd(), &wish);
}

Sessions::~Sessions() {
  for (const Session& session : sessions_) ::close(session.fd);
  ::close(epoll_);
}

void Sessions::open(std::uint16_t port, std::uint32_t count, Kind kind, std::uint32_t agents) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  for (std::uint32_t i = 0; i < count; ++i) {
    Session session;
    session.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (session.fd < 0)
      give_up(std::string("no descriptor for a session: ") + std::strerror(errno));
    if (::connect(session.fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
      give_up(std::string("a session cannot connect: ") + std::strerror(errno));
    ::fcntl(session.fd, F_SETFL, O_NONBLOCK);
    greet(session, kind, i % agents);
    if (kind == Kind::kBare) {
      session.established = true;
      ++established_;
    }
    epoll_event wish{.events = EPOLLIN, .data = {.u32 = this->count()}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, session.fd, &wish);
    sessions_.push_back(std::move(session));
    if (i % kOpenAtOnce == kOpenAtOnce - 1 || i + 1 == count)
      until("sessions to be established", [this] { return established_ == this->count(); });
  }
}

void Sessions::greet(Session& session, Kind kind, std::uint32_t agent) {
  if (kind == Kind::kBare) return;
  std::array<std::byte, 512> room;
  wire::HelloWriter hello(room, {});
  hello.arguments().add_string("ClientID", "smoke");
  send_all(session.fd, hello.finish());
  const bool monitor = kind == Kind::kMonitor;
  wire::SubscribeWriter wish(
      room,
      {.id = 1, .mode = monitor ? wire::SubscribeMode::kMonitor : wire::SubscribeMode::kAgent}, {});
  if (monitor) {
    wish.arguments().add_string(wire::Keyword::MessageFilter, "MessageID=*");
    wish.arguments().add_int(wire::Keyword::MonitorSessionSnapshotMode, 1);
  } else {
    wish.arguments().add_string(wire::Keyword::AgentID, AgentEvents::agent_name(agent));
    wish.arguments().add_uint(wire::Keyword::PeripheralID, 5000);
  }
  send_all(session.fd, wish.finish());
}

void Sessions::until(const std::string& what, const std::function<bool()>& done) {
  const double end = seconds_now() + kPatience;
  while (!done()) {
    turn(10);
    if (seconds_now() > end) give_up("waited 30 s in vain for " + what);
  }
}

void Sessions::turn(int wait_ms) {
  std::array<epoll_event, 512> events;
  const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms);
  for (int i = 0; i < ready; ++i) {
    const std::uint32_t tag = events[static_cast<std::size_t>(i)].data.u32;
    if (tag == kSourceTag) {
      source_.on_readable();
      source_.pump(source_.sent());  // answers only
    } else {
      read(sessions_[tag]);
    }
  }
}

void Sessions::read(Session& session) {
  const std::size_t kept = session.rest.size();
  std::copy(session.rest.begin(), session.rest.end(), room_.begin());
  const ssize_t got = ::recv(session.fd, room_.data() + kept, room_.size() - kept, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) give_up("the server has closed a session");
  const Bytes bytes = Bytes(room_).first(kept + static_cast<std::size_t>(got));
  const std::size_t walked = walk(session, bytes);
  session.rest.assign(bytes.begin() + static_cast<std::ptrdiff_t>(walked), bytes.end());
}

std::size_t Sessions::walk(Session& session, Bytes bytes) {
  std::size_t at = 0;
  while (bytes.size() - at >= wire::kPrefixBytes) {
    const std::size_t length = wire::frame_length(bytes.data() + at);
    if (length < wire::kPrefixBytes || length > room_.size()) give_up("a frame of no length");
    if (length > bytes.size() - at) break;
    const Bytes frame = bytes.subspan(at, length);
    if (wire::frame_type(frame.data()) == static_cast<std::uint16_t>(wire::FrameType::kUpdate)) {
      on_record(session, frame);
    } else {
      on_other(session, frame);
    }
    at += length;
  }
  return at;
}

void Sessions::on_record(Session& session, Bytes frame) {
  const std::uint64_t sequence = wire::frame_id(frame.data());
  if (session.last != 0 && sequence > session.last + 1) lost_ += sequence - session.last - 1;
  if (session.last != 0 && sequence <= session.last) ++repeated_;
  session.last = sequence;
  ++session.records;
  ++records_;
  record_bytes_ = frame.size();
}

void Sessions::on_other(Session& session, Bytes frame) {
  switch (static_cast<wire::FrameType>(wire::frame_type(frame.data()))) {
    case wire::FrameType::kPrivateEvent: {
      const wire::EventId event = wire::PrivateEventView::trusted(frame).event_id();
      if (session.established || (event != wire::EventId::eOnMonitorModeEstablished &&
                                  event != wire::EventId::eSetAgentModeEvent))
        return;
      session.established = true;
      ++established_;
      return;
    }
    case wire::FrameType::kHeartbeatReq: {
      std::array<std::byte, 64> room;
      wire::HeartbeatConfWriter answer(room, {.id = wire::frame_id(frame.data())});
      return send_all(session.fd, answer.finish());
    }
    case wire::FrameType::kClose:
      give_up("the server says goodbye to a session");
    default:
      return;
  }
}

std::uint64_t Sessions::slowest() const {
  std::uint64_t least = UINT64_MAX;
  for (const Session& session : sessions_) least = std::min(least, session.records);
  return sessions_.empty() ? 0 : least;
}

}  // namespace cti::bench
