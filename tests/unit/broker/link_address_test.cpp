// link_address_test.cpp - a CTI Server that is a name: looked up beside the line, its addresses tried side by side.
#include "broker/upstream/cti_link.hpp"
#include "core/sim_io.hpp"
#include "core/sim_world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cti::broker {
namespace {

constexpr const char* kHere = "10.0.0.1";

/// Names that become addresses when the test says so.
struct Names {
  struct Asked {
    std::string host;
    std::shared_ptr<core::Lookup> lookup;
    std::function<void()> wake;
  };
  std::vector<Asked> asked;

  core::LookUp look_up() {
    return [this](const std::string& host, std::function<void()> wake) {
      auto lookup = std::make_shared<core::Lookup>();
      if (core::is_numeric(host)) {
        lookup->addresses = {host};
        lookup->done = true;
      } else {
        asked.push_back({host, lookup, std::move(wake)});
      }
      return lookup;
    };
  }
  void answer(std::size_t index, std::vector<std::string> addresses, std::string error = {}) {
    Asked& one = asked.at(index);
    {
      const std::lock_guard lock(one.lookup->mutex);
      one.lookup->addresses = std::move(addresses);
      one.lookup->error = std::move(error);
      one.lookup->done = true;
    }
    one.wake();
  }
};

/// Takes connections, and says nothing.
struct Listener {
  Listener(core::SimNetwork& network, core::SimWorld& world, const std::string& host)
      : io(network.make_io(host)) {
    EXPECT_TRUE(io->listen({host, 42027}).ok());
    world.add(host, [this](TimePoint deadline) {
      std::array<core::Completion, 16> done;
      const std::size_t count = io->wait(done, deadline);
      for (std::size_t i = 0; i < count; ++i) {
        if (done[i].event == core::IoEvent::kAccepted) connection = done[i].connection, ++accepted;
      }
      return static_cast<std::uint32_t>(count);
    });
  }
  std::unique_ptr<core::Io> io;
  core::ConnectionId connection;
  int accepted = 0;
};

struct LinkAddress : testing::Test {
  LinkAddress() : network(3), world(network, 3), io(network.make_io(kHere)) {}

  void start(std::vector<core::Endpoint> sides) {
    config.sides = std::move(sides);
    upstream = std::make_unique<Upstream>(config.send_buffer_bytes, config.version);
    link = std::make_unique<CtiLink>(config, random, status, *upstream, Say{}, names.look_up());
    link->start(*io, io->now());
    world.add(kHere, [this](TimePoint deadline) { return turn(deadline); });
  }
  std::uint32_t turn(TimePoint deadline) {
    std::array<core::Completion, 16> done;
    if (link == nullptr) return 0;
    const std::size_t count = io->wait(done, std::min(deadline, link->next_deadline()));
    for (std::size_t i = 0; i < count; ++i) {
      if (link->owns(done[i].connection)) (void)link->on_completion(done[i], io->now());
    }
    (void)link->on_clock(io->now());
    link->flush();
    return static_cast<std::uint32_t>(count);
  }
  bool connected() const { return status.link_state() == LinkState::kOpening; }
  bool until(const std::function<bool()>& condition, Nanos limit) {
    return world.run_until(condition, network.now() + limit);
  }

  core::SimNetwork network;
  core::SimWorld world;
  std::unique_ptr<core::Io> io;
  Names names;
  LinkConfig config;
  core::Random random{5};
  LineStatus status;
  std::unique_ptr<Upstream> upstream;
  std::unique_ptr<CtiLink> link;
};

TEST_F(LinkAddress, N6_ANameIsLookedUpBesideTheLineAndAgainWithEachTry) {
  Listener first(network, world, "10.0.0.2"), second(network, world, "10.0.0.3");
  start({{"cti.example", 42027}});
  world.run_for(Seconds{1});
  ASSERT_EQ(names.asked.size(), 1U);
  EXPECT_EQ(names.asked[0].host, "cti.example");
  EXPECT_FALSE(connected());
  names.answer(0, {"10.0.0.2"});
  ASSERT_TRUE(until([&] { return connected(); }, Seconds{1}));
  EXPECT_EQ(first.accepted, 1);
  // The name has another address now.
  first.io->close(first.connection, core::CloseHow::kOrderly);
  ASSERT_TRUE(until([&] { return names.asked.size() == 2; }, Seconds{5}));
  names.answer(1, {"10.0.0.3"});
  ASSERT_TRUE(until([&] { return connected(); }, Seconds{1}));
  EXPECT_EQ(second.accepted, 1);
  EXPECT_EQ(first.accepted, 1);
}

TEST_F(LinkAddress, N6_ANameWithoutAnAddressIsTriedAgainWithBackOff) {
  start({{"cti.example", 42027}});
  std::size_t answered = 0;
  const TimePoint end = network.now() + Seconds{120};
  while (world.run_until([&] { return names.asked.size() > answered; }, end))
    names.answer(answered++, {}, "Name or service not known");
  EXPECT_GE(answered, 6U);
  EXPECT_LE(answered, 16U);
  EXPECT_NE(upstream->cause().find("has no address: Name or service not known"), std::string::npos)
      << upstream->cause();
  EXPECT_EQ(status.connect_error(), LineStatus::kNoAddress);
}

TEST_F(LinkAddress, N6_ALookupThatNeverEndsCostsItsTryAndNothingMore) {
  Listener b(network, world, "10.0.0.3");
  start({{"cti-a.example", 42027}, {"10.0.0.3", 42027}});
  ASSERT_TRUE(until([&] { return connected(); }, config.connect_timeout + Seconds{1}));
  EXPECT_EQ(b.accepted, 1);
  for (int i = 0; i < 5; ++i) {
    b.io->close(b.connection, core::CloseHow::kReset);
    const int before = b.accepted;
    ASSERT_TRUE(until([&] { return b.accepted > before; }, Seconds{300}));
  }
  EXPECT_EQ(names.asked.size(), 1U) << "one lookup of a side at a time";
}

TEST_F(LinkAddress, N6_ALookupMayEndWhenTheLinkIsGone) {
  start({{"cti.example", 42027}});
  link->stop(io->now());
  link.reset();
  io.reset();
  names.answer(0, {"10.0.0.2"});
}

TEST_F(LinkAddress, N9_TheFirstAddressSwallowsTheSecondRefusesTheThirdIsThereWithinASecond) {
  Listener good(network, world, "10.0.0.2");
  network.kill("10.0.9.9", core::SimKill::kPower);
  const auto refuses = network.make_io("10.0.9.8");
  start({{"cti.example", 42027}});
  names.answer(0, {"10.0.9.9", "10.0.9.8", "10.0.0.2"});
  ASSERT_TRUE(until([&] { return connected(); }, Seconds{1}));
  EXPECT_EQ(good.accepted, 1);
  // The ones that came second are gone: nothing of them is left over.
  world.run_for(Seconds{10});
  EXPECT_EQ(good.accepted, 1);
}

TEST_F(LinkAddress, N9_AnAddressOfEitherFamilyIsEnough) {
  Listener good(network, world, "fd00::2");
  const auto refuses = network.make_io("10.0.9.8");
  start({{"cti.example", 42027}});
  names.answer(0, {"10.0.9.8", "fd00::2"});
  ASSERT_TRUE(until([&] { return connected(); }, Seconds{1}));
  EXPECT_EQ(good.accepted, 1);
}

TEST_F(LinkAddress, AllAddressesRefusingIsOneTryInVain) {
  const auto refuses = network.make_io("10.0.9.8"), too = network.make_io("10.0.9.7");
  start({{"cti.example", 42027}});
  names.answer(0, {"10.0.9.8", "10.0.9.7"});
  ASSERT_TRUE(until([&] { return names.asked.size() == 2; }, Seconds{5}));
  EXPECT_EQ(link->counters().connects_failed, 1U);
  EXPECT_NE(upstream->cause().find("does not take the connection: "), std::string::npos);
}

}  // namespace
}  // namespace cti::broker
