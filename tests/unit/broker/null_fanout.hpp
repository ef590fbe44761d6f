// null_fanout.hpp - a fan-out reactor over NullIo with sessions already in their modes, and a log to feed it from.
#pragma once

#include "broker/fanout/fanout.hpp"
#include "tests/unit/broker/null_io.hpp"
#include "wire/object_key.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace cti::broker {

class NullFanout {
 public:
  NullFanout(FanoutConfig config, std::size_t log_bytes)
      : config_(config),
        io(config.sessions_max + config.refusals_max),
        admission_(config.sessions_max, config.sessions_per_address_max),
        shared_(0, 1, {}) {
    auto log = ring::EventLog::create({log_bytes, 1, ring::MirroredMemory::Pages::kPopulate});
    CTI_CHECK(log.ok());
    log_ = std::move(log).value();
    line_ = std::make_unique<LineShared>(0, *log_, Position{1, 1, 0}, 1, RendezvousLimits{});
    line_->io = shared_.io = &io;
    line_->status.set_peripheral(5000, true);
    reactor = std::make_unique<FanoutReactor>(
        config_, io, shared_, std::vector<LineShared*>{line_.get()}, admission_, Say{});
  }

  static std::string agent_name(std::uint32_t number) {
    return "agent.5000." + std::to_string(10000 + number);
  }

  /// Opens a session in monitor mode, or in agent mode when `filter` is empty.
  void open(std::string_view filter, std::uint32_t agent = 0) {
    const core::ConnectionId id = io.accept();
    std::vector<std::byte> hello(256);
    wire::HelloWriter writer(hello, {});
    io.receive(id, writer.finish());
    settle();
    std::vector<std::byte> subscribe(1024);
    const bool monitor = !filter.empty();
    wire::SubscribeWriter wish(
        subscribe, {.mode = monitor ? wire::SubscribeMode::kMonitor : wire::SubscribeMode::kAgent},
        {});
    if (monitor) wish.arguments().add_string(wire::Keyword::MessageFilter, filter);
    if (monitor) wish.arguments().add_int(wire::Keyword::MonitorSessionSnapshotMode, 1);
    if (!monitor)
      wish.arguments().add_string(wire::Keyword::AgentID, std::to_string(10000 + agent));
    if (!monitor) wish.arguments().add_uint(wire::Keyword::PeripheralID, 5000);
    io.receive(id, wish.finish());
    settle();
    line_->asks.drain(16, [&](Ask&& ask) {
      Tell tell{.kind = TellKind::kAgentMode, .to = ask.from, .after_log_position = log_->tail()};
      tell.agent_key = wire::object_key(agent_name(agent));
      auto image = std::make_shared<SnapshotImage>();
      image->log_position = log_->tail();
      tell.image = std::move(image);
      shared_.tells[0]->stage(std::move(tell));
      shared_.tells[0]->publish();
    });
    settle();
    CTI_CHECK(reactor->counters().established == ++opened_);
  }

  /// One record of about `bytes` that concerns `agent`; unseen until publish().
  bool write(std::uint32_t agent, std::size_t bytes,
             wire::EventId event = wire::EventId::eAgentStateEvent) {
    const MutableBytes room = log_->claim(bytes + 160);
    if (room.empty()) return false;
    const std::string name = agent_name(agent);
    const std::uint64_t key = wire::object_key(name);
    wire::UpdateWriter writer(room, {.id = sequence_ + 1,
                                     .lineage = 1,
                                     .epoch = 1,
                                     .peripheral_id = 5000,
                                     .object_key = key,
                                     .agent_key = key,
                                     .event_id = event,
                                     .topics = wire::topic::kAgent});
    writer.arguments().add_string(wire::Keyword::AgentID, std::string_view(name).substr(11));
    if (bytes > 120)
      writer.arguments().add_string(wire::Keyword::CallVariable1,
                                    std::string_view(kFill).substr(0, bytes - 120));
    writer.arguments().add_uint(wire::Keyword::PeripheralID, 5000);
    log_->commit(writer.finish().size(), ++sequence_);
    return true;
  }
  void publish() { log_->publish(); }

  FanoutShared& shared() { return shared_; }

  /// Turns until everything that was published has been handed to the sockets.
  void settle() {
    do {
      reactor->turn(TimePoint{});
    } while (!io.idle());
    reactor->turn(TimePoint{});
  }

 private:
  inline static const std::string kFill = std::string(4096, 'x');
  const FanoutConfig config_;

 public:
  NullIo io;

 private:
  Admission admission_;
  FanoutShared shared_;
  std::unique_ptr<ring::EventLog> log_;
  std::unique_ptr<LineShared> line_;
  std::uint64_t sequence_ = 0;
  std::uint64_t opened_ = 0;

 public:
  std::unique_ptr<FanoutReactor> reactor;
};

}  // namespace cti::broker
