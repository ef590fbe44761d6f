// order_probe.cpp - does an answer ever overtake the updates that it comes after? The real programs, many requests.
//
// Why      the race needs threads of their own for line and reactors, a line that writes while it answers, and load.
// Shape    ringside-sim, ringsided with two reactors (--fanouts N: as many), and 24 agents' sessions that log in and then each
//          keep some queries for their own state under way. What a query finds out is a record first, news or not, and then
//          the reply: when the n-th reply arrives, n such records must have. Nobody else asks about that agent, but the server
//          once after the login: its answer is told as an event, and waited for.
// Says     one line of figures; exit code 0: no reply came before its update, and all were answered.
#include "core/epoll_io.hpp"
#include "tools/launch/child.hpp"
#include "wire/event_id.hpp"
#include "wire/session_cutter.hpp"
#include "wire/session_frame.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace cti {
namespace {

constexpr int kSessions = 24;
constexpr int kFirstAgent = 10001, kFirstInstrument = 20001;
constexpr std::uint64_t kLogin = std::uint64_t{1} << 40;  // the id of that request
constexpr std::uint64_t kUnderWay = 8;                    // requests of one session

/// One session that asks about an agent of its own.
class Asker {
 public:
  Asker(core::Io& io, int port, int number)
      : io_(io),
        agent_(std::to_string(kFirstAgent + number)),
        instrument_(std::to_string(kFirstInstrument + number)),
        object_("agent.5000." + agent_),
        token_(1000 + static_cast<std::uint64_t>(number)) {
    connection_ = io_.connect({"127.0.0.1", static_cast<std::uint16_t>(port)});
    wire::HelloWriter writer(room_, {});
    send(writer.finish());
  }

  core::ConnectionId connection() const { return connection_; }
  bool ready() const { return ready_; }
  bool closed() const { return closed_; }
  std::uint64_t asked() const { return asked_; }
  std::uint64_t replies() const { return replies_; }
  std::uint64_t early() const { return early_; }
  std::uint64_t refused() const { return refused_; }

  void ask(std::uint64_t limit) {
    while (ready_ && asked_ < limit && asked_ - replies_ < kUnderWay) {
      wire::RequestWriter writer(
          room_,
          {.id = ++asked_, .request = wire::RequestId::eQueryAgentStateRequest, .token = token_});
      writer.arguments().add_string(wire::Keyword::AgentID, agent_);
      writer.arguments().add_uint(wire::Keyword::PeripheralID, 5000);
      writer.arguments().add_string(wire::Keyword::UniqueObjectID, object_);
      send(writer.finish());
    }
  }

  void complete(const core::Completion& completion) {
    switch (completion.event) {
      case core::IoEvent::kConnected:
        connected_ = true;
        return flush();
      case core::IoEvent::kReceived:
        if (!cutter_.feed(completion.bytes, [this](Bytes frame) { take(frame); }).ok())
          closed_ = true;
        return;
      case core::IoEvent::kSent:
        unsent_.erase(unsent_.begin(), unsent_.begin() + completion.sent);
        full_ = completion.sent < sending_.size();
        sending_.clear();
        return flush();
      case core::IoEvent::kWritable:
        full_ = false;
        return flush();
      case core::IoEvent::kClosed:
        closed_ = true;
        return;
      default:
        return;
    }
  }

 private:
  void send(Bytes bytes) {
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    flush();
  }
  void flush() {
    if (!connected_ || full_ || !sending_.empty() || unsent_.empty()) return;
    sending_ = unsent_;
    io_.send(connection_, sending_);
  }
  void subscribe() {
    wire::SubscribeWriter writer(room_, {.id = 1, .mode = wire::SubscribeMode::kAgent}, {});
    writer.arguments().add_string(wire::Keyword::AgentID, agent_);
    writer.arguments().add_uint(wire::Keyword::PeripheralID, 5000);
    send(writer.finish());
  }
  void log_in() {
    wire::RequestWriter writer(
        room_, {.id = kLogin, .request = wire::RequestId::eLoginRequest, .token = token_});
    writer.arguments().add_string(wire::Keyword::AgentID, agent_);
    writer.arguments().add_string(wire::Keyword::AgentInstrument, instrument_);
    writer.arguments().add_string(wire::Keyword::AgentPassword, agent_);
    writer.arguments().add_uint(wire::Keyword::PeripheralID, 5000);
    send(writer.finish());
  }
  void take(Bytes frame) {
    switch (static_cast<wire::FrameType>(wire::frame_type(frame.data()))) {
      case wire::FrameType::kWelcome:
        return subscribe();
      case wire::FrameType::kPrivateEvent:
        switch (wire::PrivateEventView::trusted(frame).event_id()) {
          case wire::EventId::eSetAgentModeEvent:
            return log_in();
          case wire::EventId::eQueryAgentStateConf:
            ready_ = true;
            updates_ = 0;
            return;
          default:
            return;
        }
      case wire::FrameType::kUpdate: {
        const auto update = wire::UpdateView::trusted(frame);
        // Only what a query finds out counts skill groups.
        if (update.arguments().find(wire::Keyword::NumSkillGroups) &&
            update.arguments().string(wire::Keyword::UniqueObjectID) == object_)
          ++updates_;
        return;
      }
      case wire::FrameType::kReply:
        if (wire::frame_id(frame.data()) == kLogin) {
          closed_ = wire::ReplyView::trusted(frame).outcome() != wire::Outcome::kConfirmed;
          return;
        }
        ++replies_;
        if (wire::ReplyView::trusted(frame).outcome() != wire::Outcome::kConfirmed) {
          ++refused_;
        } else if (++confirmed_ > updates_) {
          ++early_;
        }
        return;
      default:
        return;
    }
  }

  core::Io& io_;
  const std::string agent_, instrument_, object_;
  const std::uint64_t token_;
  core::ConnectionId connection_{};
  wire::SessionFrameCutter cutter_{wire::limits::kFrameBytesMax};
  std::vector<std::byte> room_ = std::vector<std::byte>(1024);
  std::vector<std::byte> unsent_, sending_;
  bool connected_ = false, full_ = false, ready_ = false, closed_ = false;
  std::uint64_t asked_ = 0, replies_ = 0, confirmed_ = 0, updates_ = 0, early_ = 0, refused_ = 0;
};

std::unique_ptr<tools::Child> start(const std::vector<std::string>& command, const std::string& log,
                                    std::string& ready) {
  auto child = tools::Child::start(command, log);
  if (!child.ok()) return nullptr;
  const auto line = (*child)->wait_for_line("ready", Seconds{60});
  if (!line) return nullptr;
  ready = *line;
  return std::move(child).value();
}

int run(const std::string& programs, std::uint64_t requests, const std::string& fanouts) {
  char name[] = "/tmp/ringside-order-XXXXXX";
  if (mkdtemp(name) == nullptr) return 3;
  const std::string folder = name;
  std::string said;
  const auto simulator = start({programs + "/ringside-sim", "--port-a", "0", "--port-b", "0",
                                "--no-stdin", "--agents", std::to_string(kSessions)},
                               folder + "/sim.log", said);
  if (!simulator) return std::fprintf(stderr, "ringside-sim did not start\n"), 3;
  const std::string side_a = tools::value_in(said, "port-a"),
                    side_b = tools::value_in(said, "port-b");
  std::ofstream(folder + "/server.toml")
      << "[server]\nlisten = \"127.0.0.1:0\"\nfanouts = " << fanouts << "\n[sessions]\n"
      << "requests_per_second = 1000000\nrequests_burst = 1000000\n"
      << "[[line]]\ncti_servers = [\"127.0.0.1:" << side_a << "\", \"127.0.0.1:" << side_b
      << "\"]\n";
  const auto server = start({programs + "/ringsided", "--config", folder + "/server.toml"},
                            folder + "/server.log", said);
  if (!server) return std::fprintf(stderr, "ringsided did not start; see %s\n", name), 3;
  auto io = std::move(core::make_epoll_io({.connections_max = kSessions})).value();
  std::vector<std::unique_ptr<Asker>> askers;
  for (int i = 0; i < kSessions; ++i)
    askers.push_back(
        std::make_unique<Asker>(*io, std::atoi(tools::value_in(said, "port").c_str()), i));
  const std::uint64_t each = (requests + kSessions - 1) / kSessions;
  std::uint64_t replies = 0, early = 0, refused = 0;
  bool open = true;
  std::array<core::Completion, 256> done;
  TimePoint progress = io->now();
  while (open && replies < each * kSessions && io->now() - progress < Seconds{60}) {
    const std::size_t count = io->wait(done, io->now() + Millis{100});
    for (std::size_t i = 0; i < count; ++i) {
      for (const auto& asker : askers) {
        if (asker->connection() == done[i].connection) asker->complete(done[i]);
      }
    }
    const std::uint64_t before = std::exchange(replies, 0);
    early = refused = 0;
    for (const auto& asker : askers) {
      asker->ask(each);
      replies += asker->replies();
      early += asker->early();
      refused += asker->refused();
      open = open && !asker->closed();
    }
    if (replies > before) progress = io->now();
  }
  std::printf("requests=%llu replies=%llu refused=%llu early=%llu%s\n",
              static_cast<unsigned long long>(each * kSessions),
              static_cast<unsigned long long>(replies), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(early), open ? "" : " a session was closed");
  const bool good = open && early == 0 && replies == each * kSessions && refused < replies / 10;
  if (good) std::filesystem::remove_all(folder);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace cti

int main(int argc, char** argv) {
  std::uint64_t requests = 5000;
  std::string fanouts = "2";
  const char* const from_environment = std::getenv("RINGSIDE_PROGRAMS");
  std::string programs = from_environment != nullptr ? from_environment : "build/tools";
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--requests") == 0) requests = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--programs") == 0) programs = argv[i + 1];
    if (std::strcmp(argv[i], "--fanouts") == 0) fanouts = argv[i + 1];
  }
  return cti::run(programs, requests, fanouts);
}
