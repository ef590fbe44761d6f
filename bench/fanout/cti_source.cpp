// cti_source.cpp - a scripted CTI Server: answers what ringsided asks at start, then sends frames as it is told.
#include "bench/fanout/cti_source.hpp"

#include "bench/fanout/cti_script.hpp"
#include "bench/fanout/process.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/config.hpp"
#include "wire/ged188/misc.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/ged188/team.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace cti::bench {

namespace ged = wire::ged188;

namespace {

constexpr ged::Version kVersion = 15;
constexpr std::uint32_t kPeripheral = 5000;
constexpr std::uint16_t kAvailable = 3;
constexpr int kPatienceMs = 20'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  return at;
}

}  // namespace

CtiSource::~CtiSource() {
  if (listener_ >= 0) ::close(listener_);
}

std::uint16_t CtiSource::listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  socklen_t size = sizeof at;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      ::listen(listener_, 4) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    give_up("no port for the scripted CTI Server");
  }
  return ntohs(at.sin_port);
}

void CtiSource::accept() {
  pollfd wish{listener_, POLLIN, 0};
  if (::poll(&wish, 1, kPatienceMs) != 1) give_up("ringsided did not come to its CTI Server");
  fd_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void CtiSource::tell_teams(std::uint32_t teams, std::uint32_t size, std::uint32_t agents) {
  constexpr std::uint16_t kMember = 0, kPrimarySupervisor = 1;
  std::array<std::byte, 16 * 1024> room;
  for (std::uint32_t team = 0; team < teams; ++team) {
    ged::AgentTeamConfigEventEncoder list(
        room, kVersion,
        {.peripheral_id = kPeripheral, .team_id = team + 1, .config_operation = 1});
    const std::string lead = agent_name(agents + team);
    list.add_agent({.atc_agent_id = lead, .agent_flags = kPrimarySupervisor});
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::string member = agent_name(member_of(team, i, size, agents));
      list.add_agent({.atc_agent_id = member, .agent_flags = kMember});
    }
    const auto bytes = list.finish();
    CTI_CHECK(bytes.ok());
    answers_.insert(answers_.end(), bytes->begin(), bytes->end());
  }
  while (!answers_.empty()) pump(sent());
}

void CtiSource::between_frames() {
  while (!answers_.empty()) {
    const ssize_t sent = ::send(fd_, answers_.data(), answers_.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      answers_.erase(answers_.begin(), answers_.begin() + sent);
      continue;
    }
    if (errno != EAGAIN) give_up("ringsided has left its CTI Server");
    pollfd wish{fd_, POLLOUT, 0};
    if (::poll(&wish, 1, kPatienceMs) != 1) give_up("ringsided does not read what it asked for");
  }
}

void CtiSource::on_readable() {
  std::array<std::byte, 16 * 1024> room;
  const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) give_up("the server has closed the connection to its source");
  const auto fed = cutter_.feed(Bytes(room).first(static_cast<std::size_t>(got)),
                                [this](const ged::Frame& frame) { on_frame(frame); });
  if (!fed.ok()) give_up("ringsided sent what is no GED-188");
}

void CtiSource::on_frame(const ged::Frame& frame) {
  std::array<std::byte, 1024> room;
  const std::uint32_t id = frame.body.size() < 4 ? 0 : load_be<std::uint32_t>(frame.body.data());
  const auto answer = [&](auto&& encoder) {
    const auto bytes = encoder.finish();
    CTI_CHECK(bytes.ok());
    answers_.insert(answers_.end(), bytes->begin(), bytes->end());
  };
  switch (ged::MessageType{frame.message_type}) {
    case ged::MessageType::kOpenReq: {
      const auto open = ged::OpenReqView::decode(frame.body, kVersion);
      answer(ged::OpenConfEncoder(room, kVersion,
                                  {.invoke_id = id,
                                   .services_granted = open.ok() ? open->services_requested() : 0,
                                   .monitor_id = 1,
                                   .pg_status = 0,
                                   .peripheral_online = 1,
                                   .peripheral_type = 17,
                                   .agent_state = 9}));
      return;
    }
    case ged::MessageType::kHeartbeatReq:
      return answer(ged::HeartbeatConfEncoder(room, kVersion, {.invoke_id = id}));
    case ged::MessageType::kConfigRequestKeyEvent:  // keeps none
      return answer(ged::ConfigKeyEventEncoder(room, kVersion, {.config_key_status = 2}));
    case ged::MessageType::kConfigRequestEvent:
      return answer(ged::ConfigEndEventEncoder(room, kVersion, {.config_end_status = 0}));
    case ged::MessageType::kQueryAgentStateReq: {
      const auto query = ged::QueryAgentStateReqView::decode(frame.body, kVersion);
      const std::string name(query.ok() ? query->agent_id().value_or("") : "");
      return answer(std::move(ged::QueryAgentStateConfEncoder(
                                  room, kVersion, {.invoke_id = id, .agent_state = kAvailable})
                                  .agent_id(name)
                                  .agent_extension(device_of(name))
                                  .agent_instrument(device_of(name))));
    }
    case ged::MessageType::kSnapshotDeviceReq:
      return answer(ged::SnapshotDeviceConfEncoder(room, kVersion, {.invoke_id = id}));
    case ged::MessageType::kAgentDeskSettingsReq:
      return answer(ged::AgentDeskSettingsConfEncoder(
          room, kVersion, {.invoke_id = id, .peripheral_id = kPeripheral}));
    default:
      return;
  }
}

}  // namespace cti::bench
