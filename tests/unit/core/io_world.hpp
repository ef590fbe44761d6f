// io_world.hpp - several Ios driven by one test, on a real kernel or on the simulated network, through one interface.
//
// Shape    a Side is an Io with everything that came of it written down; a World makes Sides and turns them until a
//          condition holds or a deadline passes. Nothing sleeps: a kernel Io waits in wait(), the simulation moves its clock.
#pragma once

#include "core/io.hpp"
#include "core/sim_io.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cti::core::testing {

struct Seen {
  IoEvent event;
  ConnectionId connection;
  std::int32_t error = 0;
  std::uint32_t sent = 0;
  ListenerId listener{};
  std::uint64_t peer_address = 0;
};

/// One Io and what it has reported.
struct Side {
  std::unique_ptr<Io> io;
  std::vector<Seen> seen;
  std::map<std::uint64_t, std::string> received;  // by ConnectionId::packed()
  std::function<void(const Completion&)>
      also;  // called for each completion, after it was written down
  std::size_t batch = 64;

  Io* operator->() const { return io.get(); }

  std::size_t turn(TimePoint deadline) {
    std::vector<Completion> out(batch);
    const std::size_t count = io->wait(out, deadline);
    for (std::size_t i = 0; i < count; ++i) {
      const Completion& c = out[i];
      seen.push_back({c.event, c.connection, c.error, c.sent, c.listener, c.peer_address});
      if (c.event == IoEvent::kReceived) {
        EXPECT_FALSE(c.bytes.empty());
        received[c.connection.packed()] += as_text(c.bytes);
      }
      if (also) also(c);
    }
    return count;
  }

  std::size_t count(IoEvent event, ConnectionId id = {}) const {
    return static_cast<std::size_t>(std::count_if(seen.begin(), seen.end(), [&](const Seen& s) {
      return s.event == event && (!id || s.connection == id);
    }));
  }
  const Seen* find(IoEvent event, ConnectionId id = {}) const {
    for (const Seen& s : seen) {
      if (s.event == event && (!id || s.connection == id)) return &s;
    }
    return nullptr;
  }
  bool closed(ConnectionId id) const { return find(IoEvent::kClosed, id) != nullptr; }
  std::string& text(ConnectionId id) { return received[id.packed()]; }
};

class World {
 public:
  virtual ~World() = default;
  /// A Side on a host of its own (all on loopback, when the kernel is real).
  virtual Side* add(const IoLimits& limits) = 0;
  /// Turns all Sides until the condition holds. False: it did not within the time.
  virtual bool until(const std::function<bool()>& condition, Millis within = Millis{10'000}) = 0;
  /// The host of the Side to listen on or to connect to.
  virtual std::string host(const Side* side) const = 0;
  std::vector<std::unique_ptr<Side>> sides;
};

/// On a kernel back-end.
class KernelWorld final : public World {
 public:
  using Make = std::function<Result<std::unique_ptr<Io>, IoError>(const IoLimits&)>;
  explicit KernelWorld(Make make) : make_(std::move(make)) {}

  Side* add(const IoLimits& limits) override {
    auto io = make_(limits);
    if (!io) {
      ADD_FAILURE() << io.error().text;
      return nullptr;
    }
    sides.push_back(std::make_unique<Side>());
    sides.back()->io = std::move(*io);
    return sides.back().get();
  }

  bool until(const std::function<bool()>& condition, Millis within) override {
    const auto end = std::chrono::steady_clock::now() + within;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::size_t work = 0;
      for (const auto& side : sides) work += side->turn(TimePoint{});
      if (work > 0) continue;
      for (const auto& side : sides) side->turn(side->io->now() + Millis{1});
    }
    return true;
  }

  std::string host(const Side*) const override { return "127.0.0.1"; }

 private:
  Make make_;
};

/// On the simulated network: each Side is a host of its own.
class SimulatedWorld final : public World {
 public:
  explicit SimulatedWorld(std::uint64_t seed, const SimFaults& faults = {})
      : network(seed, faults) {}
  ~SimulatedWorld() override { sides.clear(); }

  Side* add(const IoLimits& limits) override {
    sides.push_back(std::make_unique<Side>());
    sides.back()->io = network.make_io(host_of(sides.size()), limits);
    return sides.back().get();
  }

  bool until(const std::function<bool()>& condition, Millis within) override {
    const TimePoint end = network.now() + within;
    while (!condition()) {
      std::size_t work = 0;
      for (const auto& side : sides) work += side->turn(kNever);
      if (work > 0) continue;
      if (network.now() >= end) return condition();
      network.run_until(std::min({end, network.next_event(), network.now() + Millis{1}}));
    }
    return true;
  }

  std::string host(const Side* side) const override {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (sides[i].get() == side) return host_of(i + 1);
    }
    return "";
  }

  SimNetwork network;

 private:
  static std::string host_of(std::size_t number) { return "10.0.0." + std::to_string(number); }
};

}  // namespace cti::core::testing
