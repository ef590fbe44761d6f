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
#include <span>
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
    check_lent_bytes_apart({out.data(), count});
    for (std::size_t i = 0; i < count; ++i) {
      const Completion& c = out[i];
      check_life(c);
      seen.push_back({c.event, c.connection, c.error, c.sent, c.listener, c.peer_address});
      if (c.event == IoEvent::kReceived) received[c.connection.packed()] += as_text(c.bytes);
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

  /// Everything that is sent goes through here, so that each kSent can be told from one too many.
  void send(ConnectionId id, Bytes bytes) {
    sends_in_flight[id.packed()] = bytes.size();
    io->send(id, bytes);
  }
  /// As an actor sends much: again after each kSent, and after a short one when there is room. `bytes` must stay.
  void stream(ConnectionId id, Bytes bytes) {
    streams[id.packed()] = bytes;
    send(id, bytes.first(std::min<std::size_t>(bytes.size(), 100'000)));
  }
  bool streaming(ConnectionId id) const { return streams.contains(id.packed()); }

 private:
  enum class Life : std::uint8_t { kUp, kClosed };

  // The life of a connection as io.hpp tells it, checked in every test.
  void check_life(const Completion& c) {
    if (c.event == IoEvent::kWoken) return;
    const std::uint64_t id = c.connection.packed();
    ASSERT_TRUE(c.connection);
    ASSERT_FALSE(life.contains(id) && life[id] == Life::kClosed) << "something after kClosed";
    if (c.event == IoEvent::kAccepted || c.event == IoEvent::kConnected) {
      EXPECT_FALSE(life.contains(id)) << "begun twice";
      life[id] = Life::kUp;
      return;
    }
    if (c.event == IoEvent::kClosed) {
      life[id] = Life::kClosed;
      sends_in_flight.erase(id);
      streams.erase(id);
      return;
    }
    EXPECT_TRUE(life.contains(id)) << "news of a connection that has not begun";
    EXPECT_EQ(c.event == IoEvent::kReceived, !c.bytes.empty());
    if (c.event == IoEvent::kSent) {
      ASSERT_TRUE(sends_in_flight.contains(id)) << "kSent without a send";
      const std::size_t asked = sends_in_flight[id];
      EXPECT_LE(c.sent, asked);
      sends_in_flight.erase(id);
      go_on(c, asked);
    }
    if (c.event == IoEvent::kWritable && streams.contains(id)) stream(c.connection, streams[id]);
  }
  void go_on(const Completion& c, std::size_t asked) {
    const auto found = streams.find(c.connection.packed());
    if (found == streams.end()) return;
    found->second = found->second.subspan(c.sent);
    if (found->second.empty()) {
      streams.erase(found);
    } else if (c.sent == asked) {
      stream(c.connection, found->second);
    }
  }
  /// Bytes lent in one batch must not share memory.
  static void check_lent_bytes_apart(std::span<const Completion> batch) {
    std::map<const std::byte*, std::size_t> lent;
    for (const Completion& c : batch) {
      if (c.event != IoEvent::kReceived) continue;
      const auto after = lent.lower_bound(c.bytes.data());
      if (after != lent.end()) {
        EXPECT_LE(c.bytes.data() + c.bytes.size(), after->first);
      }
      if (after != lent.begin()) {
        const auto before = std::prev(after);
        EXPECT_LE(before->first + before->second, c.bytes.data());
      }
      lent[c.bytes.data()] = c.bytes.size();
    }
  }

  std::map<std::uint64_t, Life> life;
  std::map<std::uint64_t, std::size_t> sends_in_flight;
  std::map<std::uint64_t, Bytes> streams;
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

  bool until(const std::function<bool()>& condition, Millis within = Millis{10'000}) override {
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

  bool until(const std::function<bool()>& condition, Millis within = Millis{10'000}) override {
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
