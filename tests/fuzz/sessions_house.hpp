// sessions_house.hpp - a whole server without its threads (line and fan-out reactor), a scripted CTI Server, an honest client
// that is sent everything, and places for hostile ones; all on the simulated network.
//
// Threads  one.
#pragma once

#include "broker/fanout/fanout.hpp"
#include "broker/line.hpp"
#include "core/sim_io.hpp"
#include "core/sim_world.hpp"
#include "tests/fuzz/session_peer.hpp"
#include "tests/unit/broker/line_cti_server.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cti::fuzz {

class SessionsHouse {
 public:
  static constexpr std::size_t kPeers = 5;
  static constexpr std::uint16_t kPort = 42028;
  static constexpr char kServer[] = "10.0.2.1";
  static constexpr char kCti[] = "10.0.1.1";

  static broker::FanoutConfig fanout_config(bool small) {
    broker::FanoutConfig config;
    config.sessions_max = 5;  // one fewer than there are clients
    config.refusals_max = 1;
    config.sessions_per_address_max = 3;
    config.sessions_per_agent_max = 2;
    config.monitor_sessions_max = 4;
    config.edge_hosts = {"10.0.4.9"};
    config.handshake_timeout = Seconds{3};
    config.message_timeout = Seconds{4};
    config.answer_timeout = Seconds{8};
    config.image_timeout = Seconds{6};
    config.stall_timeout = Seconds{6};
    config.close_timeout = Seconds{1};
    config.heartbeat_interval = Seconds{5};
    config.heartbeat_retries = 1;
    config.requests_per_second = 20;
    config.requests_burst = 40;
    config.requests_in_flight_max = 8;
    config.outbox_updates_bytes = 32 * 1024;
    config.outbox_bytes_max = 64 * 1024;
    config.outbox_pool_bytes = std::size_t{1} << 20;
    config.images_bytes_max = small ? 1 : 64 * 1024;
    config.channels_max = 3;
    config.channel_bytes = std::size_t{512} << 10;
    config.filter_cost_max = 256;
    // Who is overtaken by a flood is given a snapshot: the honest one reads as fast as its narrow pipe lets it.
    config.slow_policy = broker::SlowPolicy::kSnapshot;
    return config;
  }
  static broker::LineConfig line_config() {
    broker::LineConfig config;
    config.link.sides = {{kCti, 42027}};
    config.link.stable_after = Nanos{0};
    config.link.pauses = {Millis{100}, Millis{500}};
    config.link.config_mask = 0;
    config.agents = {"1", "2", "3"};
    config.agents_max = 16;
    config.calls_max = 64;
    config.pending_max = 32;
    config.once_max = 64;
    config.request_timeout = Seconds{5};
    config.sync_timeout = Seconds{10};
    return config;
  }

  /// RINGSIDE_TRACE=1: what the reactor says, for reading a finding.
  static void trace(const broker::Said& said) {
    static const bool on = std::getenv("RINGSIDE_TRACE") != nullptr;
    if (!on) return;
    std::fprintf(stderr, "%.*s", static_cast<int>(said.text.size()), said.text.data());
    for (const auto& field : said.about) {
      std::fprintf(stderr, " %s=%s", std::string(field.key).c_str(), field.value.c_str());
    }
    std::fprintf(stderr, "\n");
  }

  explicit SessionsHouse(bool small)
      : config(fanout_config(small)),
        network(1, faults(small)),
        world(network, 1),
        cti(network.make_io(kCti, {.connections_max = 4, .receive_buffers = 4}), 42027),
        admission_(config.sessions_max, config.sessions_per_address_max),
        line_io_(network.make_io(kServer, {.connections_max = 4, .receive_buffers = 4})),
        fanout_io_(network.make_io(kServer, broker::FanoutReactor::io_limits(config))),
        log_(std::move(ring::EventLog::create({.bytes = 128 * 1024, .gates = 1})).value()),
        line_shared_(0, *log_, {7, 1, 0}, 1, limits()),
        fanout_shared_(0, 1, limits()) {
    line_shared_.io = line_io_.get();
    line_shared_.admission = &admission_;
    fanout_shared_.io = fanout_io_.get();
    cti.agents = {{"1", {3, "91", ""}}, {"2", {2, "92", ""}}, {"3", {1, "", ""}}};
    reactor = std::make_unique<broker::FanoutReactor>(
        config, *fanout_io_, fanout_shared_, std::vector{&line_shared_}, admission_,
        [](const broker::Said& said) { trace(said); });
    if (!reactor->listen({kServer, kPort}).ok()) found("the port is taken");
    line = std::make_unique<broker::Line>(line_config(), line_shared_, std::vector{&fanout_shared_},
                                          *line_io_, limits(), core::Random(1));
    world.add(kCti, [this](TimePoint deadline) { return cti.turn(deadline); });
    world.add(kServer, [this](TimePoint deadline) { return line->turn(deadline); });
    world.add(kServer, [this](TimePoint deadline) { return reactor->turn(deadline); });
    honest = &peer("10.0.4.1", true);
    // Four from one address: the limit per address must be met; the last may read the log itself.
    static constexpr std::array kHosts = {"10.0.4.2", "10.0.4.2", "10.0.4.2", "10.0.4.2",
                                          "10.0.4.9"};
    for (std::size_t i = 0; i < kPeers; ++i) hostile[i] = &peer(kHosts[i], false);
    line->start();
  }

  const broker::FanoutConfig config;
  core::SimNetwork network;
  core::SimWorld world;
  test::CtiServer cti;

  /// Places that are taken of those that the server has.
  std::uint32_t admitted() const { return static_cast<std::uint32_t>(admission_.sessions()); }
  /// For a finding.
  std::string who_is_open() const {
    std::string text = std::to_string(reactor->open_sessions()) + " sessions; ends that are open:";
    for (std::size_t i = 0; i < kPeers; ++i)
      text += hostile[i]->open() ? " " + std::to_string(i) : "";
    return text + (honest->open() ? " honest" : "");
  }

 private:
  static core::SimFaults faults(bool small) {
    core::SimFaults faults;
    faults.pipe_bytes = small ? 4 * 1024 : 64 * 1024;
    faults.segment_bytes_max = small ? 700 : 0;
    return faults;
  }
  static broker::RendezvousLimits limits() {
    return {.asks = {.requests = 16, .bytes = 64 * 1024, .controls = 8},
            .tells_per_pair = 8,
            .tell_backlog_per_fanout = 16};
  }
  SessionPeer& peer(const char* host, bool folds) {
    peers_.push_back(std::make_unique<SessionPeer>(
        network.make_io(host, {.connections_max = 4, .receive_buffers = 4}),
        core::Endpoint{kServer, kPort}, folds));
    SessionPeer& made = *peers_.back();
    world.add(host, [&made](TimePoint deadline) { return made.turn(deadline); });
    return made;
  }

  broker::Admission admission_;
  std::unique_ptr<core::Io> line_io_;
  std::unique_ptr<core::Io> fanout_io_;
  std::unique_ptr<ring::EventLog> log_;
  broker::LineShared line_shared_;
  broker::FanoutShared fanout_shared_;

 public:
  std::unique_ptr<broker::FanoutReactor> reactor;
  std::unique_ptr<broker::Line> line;
  SessionPeer* honest = nullptr;
  std::array<SessionPeer*, kPeers> hostile{};

 private:
  std::vector<std::unique_ptr<SessionPeer>> peers_;
};

}  // namespace cti::fuzz
