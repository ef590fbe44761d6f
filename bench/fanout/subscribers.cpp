// subscribers.cpp - all subscribers in one thread: opening, reading, counting what is lost or comes twice.
#include "bench/fanout/subscribers.hpp"

#include "bench/fanout/cti_script.hpp"
#include "bench/fanout/process.hpp"
#include "wire/session_frame.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace cti::bench {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::uint32_t kFeederTag = UINT32_MAX;
constexpr double kPatience = 30;
constexpr std::size_t kLatenessMax = std::size_t{1} << 24;
// Opened at once: more would not be accepted before the kernel's backlog is full.
constexpr std::uint32_t kOpenAtOnce = 64;

void send_all(int fd, Bytes bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
    give_up(std::string("a subscriber cannot send: ") + std::strerror(errno));
}

}  // namespace

Subscribers::Subscribers(Protocol protocol, std::size_t message_bytes, std::uint32_t topics,
                         Feeder& feeder)
    : protocol_(protocol),
      shape_(shape_of(protocol, message_bytes)),
      topics_(topics),
      feeder_(feeder),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      room_(kReadBytes) {
  epoll_event wish{.events = EPOLLIN, .data = {.u32 = kFeederTag}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, feeder_.fd(), &wish);
}

Subscribers::~Subscribers() {
  close_all();
  ::close(epoll_);
}

void Subscribers::close_all() {
  for (const Subscriber& one : all_) ::close(one.fd);
  all_.clear();
  read_.clear();
  greeted_ = stalled_ = 0;
}

void Subscribers::open(std::uint16_t port, std::uint32_t wanted, const Wish& wish) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  for (std::uint32_t i = 0; i < wanted; ++i) {
    Subscriber one;
    one.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (one.fd < 0) give_up(std::string("no descriptor for a subscriber: ") + std::strerror(errno));
    if (::connect(one.fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
      give_up(std::string("a subscriber cannot connect: ") + std::strerror(errno));
    ::fcntl(one.fd, F_SETFL, O_NONBLOCK);
    if (wish.kind == Wish::Kind::kTopic) one.topic = i % std::max(topics_, 1u);
    one.step = wish.step;
    greet(one, wish, i);
    epoll_event readable{.events = EPOLLIN, .data = {.u32 = count()}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &readable);
    if (one.greeted) ++greeted_;
    all_.push_back(std::move(one));
    read_.push_back(0);
    const bool look = i % kOpenAtOnce == kOpenAtOnce - 1 || i + 1 == wanted;
    if (look && !until(kPatience, [this] { return greeted_ == count(); }))
      give_up("the server answers no more than " + std::to_string(greeted_) + " subscribers");
  }
}

void Subscribers::greet(Subscriber& to, const Wish& wish, std::uint32_t index) {
  if (protocol_ != Protocol::kRingside) {
    const std::string greeting = subscriber_greeting(protocol_, to.topic);
    to.greeted = protocol_ == Protocol::kFloor;
    return send_all(to.fd, std::as_bytes(std::span(greeting)));
  }
  std::array<std::byte, 4096> room;
  wire::HelloWriter hello(room, {});
  hello.arguments().add_string("ClientID", "bench");
  send_all(to.fd, hello.finish());
  const bool watch = wish.kind == Wish::Kind::kWatch;
  const bool agent = watch || wish.kind == Wish::Kind::kTopic;
  if (watch) {
    to.to_ask = 2;
    to.watched = "agent.5000." + agent_name(member_of(index, 0, wish.agents, topics_));
  }
  wire::SubscribeWriter subscribe(
      room, {.id = 1, .mode = agent ? wire::SubscribeMode::kAgent : wire::SubscribeMode::kMonitor},
      {});
  if (agent) {
    subscribe.arguments().add_string(wire::Keyword::AgentID,
                                     agent_name(watch ? topics_ + index : *to.topic));
    subscribe.arguments().add_uint(wire::Keyword::PeripheralID, 5000);
  } else {
    std::string filter = "MessageID=*";
    if (wish.kind == Wish::Kind::kSupervisor) {
      filter = "AgentID=";
      for (std::uint32_t i = 0; i < wish.agents; ++i)
        filter += (i == 0 ? "" : ",") + agent_name(member_of(index, i, wish.agents, topics_));
    }
    subscribe.arguments().add_string(wire::Keyword::MessageFilter, filter);
    subscribe.arguments().add_int(wire::Keyword::MonitorSessionSnapshotMode, 1);
  }
  send_all(to.fd, subscribe.finish());
}

bool Subscribers::until(double seconds, const std::function<bool()>& done) {
  const std::int64_t end = nanos_now() + static_cast<std::int64_t>(seconds * 1e9);
  while (!done()) {
    if (nanos_now() > end) return false;
    turn(10'000'000);
  }
  return true;
}

void Subscribers::turn(std::int64_t wait_ns) {
  std::array<epoll_event, 512> events;
  const timespec wait{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
  const int ready =
      ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
  for (int i = 0; i < ready; ++i) {
    const std::uint32_t tag = events[static_cast<std::size_t>(i)].data.u32;
    if (tag == kFeederTag) {
      feeder_.on_readable();
      feeder_.pump(feeder_.sent());  // answers only
    } else {
      read(tag);
    }
  }
}

void Subscribers::read(std::uint32_t index) {
  Subscriber& from = all_[index];
  const std::size_t kept = from.rest.size();
  std::copy(from.rest.begin(), from.rest.end(), room_.begin());
  const ssize_t got = ::recv(from.fd, room_.data() + kept, room_.size() - kept, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) give_up("the server has closed the connection of a subscriber");
  bytes_ += static_cast<std::uint64_t>(got);
  if (late_wanted_) now_ = nanos_now();
  const Bytes bytes = Bytes(room_).first(kept + static_cast<std::size_t>(got));
  if (!from.greeted && protocol_ != Protocol::kRingside) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    from.rest.assign(bytes.begin(), bytes.end());
    if (!cti::bench::greeted(protocol_, text, from.topic)) return;
    from.greeted = true;
    from.rest.clear();
    const std::string last_word = subscriber_last_word(protocol_, from.topic);
    send_all(from.fd, std::as_bytes(std::span(last_word)));
    ++greeted_;
    return;
  }
  const std::size_t walked =
      shape_.bytes > 0 ? walk_fixed(index, bytes) : walk_frames(index, bytes);
  from.rest.assign(bytes.begin() + static_cast<std::ptrdiff_t>(walked), bytes.end());
}

/// What is no message must be a question of NATS. Gives the bytes that were looked at: the rest is left for the next read.
std::size_t Subscribers::answer_ping(std::uint32_t index, Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (protocol_ != Protocol::kNats || !text.starts_with(kNatsPing))
    give_up("a subscriber got what is no message");
  send_all(all_[index].fd, std::as_bytes(std::span(kNatsPong)));
  return kNatsPing.size() + walk_fixed(index, bytes.subspan(kNatsPing.size()));
}

std::size_t Subscribers::walk_fixed(std::uint32_t index, Bytes bytes) {
  std::size_t at = 0;
  for (; bytes.size() - at >= shape_.bytes; at += shape_.bytes) {
    std::uint32_t first = 0;
    std::memcpy(&first, bytes.data() + at, sizeof first);
    if (first != shape_.first4) return at + answer_ping(index, bytes.subspan(at));
    on_message(index, load_le<std::uint64_t>(bytes.data() + at + shape_.number_at));
  }
  // A question may come alone.
  if (protocol_ == Protocol::kNats && bytes.size() - at == kNatsPing.size() &&
      bytes[at] == std::byte{'P'})
    return at + answer_ping(index, bytes.subspan(at));
  return at;
}

std::size_t Subscribers::walk_frames(std::uint32_t index, Bytes bytes) {
  std::size_t at = 0;
  while (bytes.size() - at >= wire::kPrefixBytes) {
    const std::size_t length = wire::frame_length(bytes.data() + at);
    if (length < wire::kPrefixBytes || length > room_.size()) give_up("a frame of no length");
    if (length > bytes.size() - at) break;
    const Bytes frame = bytes.subspan(at, length);
    if (wire::frame_type(frame.data()) == static_cast<std::uint16_t>(wire::FrameType::kUpdate)) {
      on_message(index, wire::frame_id(frame.data()));
    } else {
      on_other(all_[index], frame);
    }
    at += length;
  }
  return at;
}

void Subscribers::on_message(std::uint32_t index, std::uint64_t number) {
  Subscriber& to = all_[index];
  if (to.last != kNone) {
    if (number <= to.last) ++repeated_;
    if (to.step > 0 && number > to.last + to.step) lost_ += (number - to.last) / to.step - 1;
  }
  to.last = number;
  highest_ = std::max(highest_, number);
  ++read_[index];
  ++messages_;
  if (!late_wanted_ || number < late_first_ || number >= late_last_) return;
  if (late_.size() >= kLatenessMax) return;
  const double due = static_cast<double>(number - late_first_) * late_interval_;
  const double late = static_cast<double>(now_ - late_start_) - due;
  late_.push_back(static_cast<std::uint32_t>(std::clamp(late / 100, 0.0, 4e9)));
}

void Subscribers::on_other(Subscriber& from, Bytes frame) {
  switch (static_cast<wire::FrameType>(wire::frame_type(frame.data()))) {
    case wire::FrameType::kPrivateEvent: {
      const wire::EventId event = wire::PrivateEventView::trusted(frame).event_id();
      if (from.greeted || (event != wire::EventId::eOnMonitorModeEstablished &&
                           event != wire::EventId::eSetAgentModeEvent))
        return;
      if (from.to_ask > 0) return ask_to_watch(from);
      from.greeted = true;
      ++greeted_;
      return;
    }
    case wire::FrameType::kHeartbeatReq: {
      std::array<std::byte, 64> room;
      wire::HeartbeatConfWriter answer(room, {.id = wire::frame_id(frame.data())});
      return send_all(from.fd, answer.finish());
    }
    case wire::FrameType::kReply:
      return on_reply(from, frame);
    case wire::FrameType::kSnapshotBegin:
      if (from.greeted) ++snapshots_;  // it was too slow
      return;
    case wire::FrameType::kClose:
      give_up("the server says goodbye to a subscriber");
    default:
      return;
  }
}

/// First the teams, then one agent with its calls; it is greeted when the last of it has been confirmed.
void Subscribers::ask_to_watch(Subscriber& from) {
  std::array<std::byte, 512> room;
  const bool teams = from.to_ask == 2;
  wire::RequestWriter request(
      room, {.id = from.to_ask,
             .request = teams ? wire::RequestId::eStartMonitoringAllAgentTeamsRequest
                              : wire::RequestId::eStartMonitoringAgentRequest});
  if (!teams) request.arguments().add_string(wire::Keyword::AgentReference, from.watched);
  send_all(from.fd, request.finish());
}

void Subscribers::on_reply(Subscriber& from, Bytes frame) {
  const auto reply = wire::ReplyView::trusted(frame);
  if (reply.outcome() != wire::Outcome::kConfirmed) {
    const auto why = reply.arguments().string(wire::Keyword::ErrorMessage);
    give_up("a supervisor may not watch: " + std::string(why.value_or("?")));
  }
  if (--from.to_ask > 0) return ask_to_watch(from);
  from.greeted = true;
  ++greeted_;
}

void Subscribers::stall(std::uint32_t nth) {
  for (std::uint32_t i = 0; i < count(); i += nth) {
    if (std::exchange(all_[i].stalled, true)) continue;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, all_[i].fd, nullptr);
    ++stalled_;
  }
}

std::uint64_t Subscribers::slowest() const {
  std::uint64_t least = UINT64_MAX;
  if (stalled_ == 0) {
    for (const std::uint64_t messages : read_) least = std::min(least, messages);
  } else {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (!all_[i].stalled) least = std::min(least, read_[i]);
    }
  }
  return read_.empty() ? 0 : least;
}

void Subscribers::forget_numbers() {
  for (Subscriber& one : all_) one.last = kNone;
  std::fill(read_.begin(), read_.end(), 0);
  messages_ = bytes_ = highest_ = lost_ = repeated_ = snapshots_ = 0;
}

void Subscribers::take_lateness(std::uint64_t first, std::uint64_t last, std::int64_t start_ns,
                                double interval_ns) {
  late_.clear();
  late_first_ = first;
  late_last_ = last;
  late_start_ = start_ns;
  late_interval_ = interval_ns;
  late_wanted_ = true;
}

std::vector<std::uint32_t> Subscribers::lateness() {
  late_wanted_ = false;
  return std::move(late_);
}

}  // namespace cti::bench
