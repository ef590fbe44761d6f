// transport_test.cpp - names with several addresses: all are tried, and one that leads nowhere costs little.
#include "cil/detail/transport/transport.hpp"

#include "tests/unit/cil/scripted_server.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cti::cil::test {
namespace {

using core::interleaved;
using core::Lookup;
using detail::Loss;
using detail::Server;
using detail::Transport;

class Names : public ::testing::Test, protected detail::TransportUser {
 protected:
  Names() : network(1), world(network, 1), io(network.make_io("10.0.0.9")) {
    const auto look_up = [this](const std::string& host, const std::function<void()>&) {
      auto lookup = std::make_shared<Lookup>();
      lookup->addresses = names[host];
      lookup->error = "no such name";
      lookup->done = true;
      return lookup;
    };
    detail::TransportUser& user = *this;
    transport = std::make_unique<Transport>(
        *io, user, 1, [] {}, look_up);
    client = world.add("10.0.0.9", [this](TimePoint deadline) {
      core::Completion out[16];
      const std::size_t came = io->wait(out, std::min(deadline, transport->next()));
      for (std::size_t i = 0; i < came; ++i) transport->on_completion(out[i]);
      transport->tick();
      transport->invariants();
      return static_cast<std::uint32_t>(came);
    });
  }
  ~Names() override { world.remove(client); }

  void open(const std::string& host) {
    detail::TransportConfig config;
    config.servers[0] = config.servers[1] = {host, 42028};
    begun = network.now();
    transport->open(config);
  }
  [[nodiscard]] bool up_within(Nanos limit) {
    return world.run_until([this] { return transport->up(); }, begun + limit);
  }

  void on_up(const Server&, const wire::WelcomeView&) override {}
  void on_loss(const Loss& loss) override { losses.push_back(loss); }
  void on_rejected(const std::string&) override {}
  bool on_frame(Bytes) override { return true; }
  void on_heartbeat() override {}
  void on_missing_heartbeat(std::uint32_t) override {}
  void on_closed() override {}

  core::SimNetwork network;
  core::SimWorld world;
  std::unique_ptr<core::Io> io;
  std::map<std::string, std::vector<std::string>> names;
  std::unique_ptr<Transport> transport;
  core::SimWorld::ActorId client = 0;
  std::vector<Loss> losses;
  TimePoint begun{};
};

TEST_F(Names, AnAddressThatRefusesIsFollowedByTheNextAtOnce) {
  ScriptedServer server(world, "10.0.0.1");
  names["localhost"] = {"10.0.0.66", "10.0.0.67", "10.0.0.1"};  // nobody listens on the first two
  open("localhost");
  EXPECT_TRUE(up_within(Millis(50)));
  EXPECT_TRUE(losses.empty());
  EXPECT_EQ(server.hellos, 1);
}

TEST_F(Names, ABlackHoledFirstAddressCostsAtMost300Milliseconds) {
  ScriptedServer server(world, "10.0.0.1");
  network.kill("10.0.0.66", core::SimKill::kPower);
  names["pair"] = {"10.0.0.66", "10.0.0.1"};
  open("pair");
  EXPECT_TRUE(up_within(Millis(300)));
  EXPECT_TRUE(losses.empty());
  world.run_for(Seconds(60));  // and what came second was closed
  EXPECT_TRUE(transport->up());
  EXPECT_EQ(server.hellos, 1);
}

TEST_F(Names, OnlyWhenEveryAddressHasFailedTheAttemptHas) {
  names["pair"] = {"10.0.0.66", "10.0.0.67"};
  open("pair");
  ASSERT_TRUE(world.run_until([this] { return !losses.empty(); }, network.now() + Seconds(1)));
  EXPECT_EQ(losses[0].reason, wire::ctios::eConnectFail);
  EXPECT_FALSE(losses[0].text.empty());
  network.kill("10.0.0.66", core::SimKill::kPower);
  network.kill("10.0.0.67", core::SimKill::kPower);
  losses.clear();
  ASSERT_TRUE(world.run_until([this] { return losses.size() >= 2; }, network.now() + Seconds(60)));
  EXPECT_EQ(losses[1].text, "no welcome in time");
}

TEST_F(Names, CloseAndRenewMeetEveryStageOfTheRace) {
  ScriptedServer server(world, "10.0.0.1");
  network.kill("10.0.0.66", core::SimKill::kPower);
  names["pair"] = {"10.0.0.66", "10.0.0.1"};
  for (int ms = 0; ms < 300; ms += 10) {
    open("pair");
    world.run_for(Millis(ms));
    if (transport->up()) transport->renew();
    world.run_for(Millis(ms));
    transport->close();
    ASSERT_TRUE(world.run_until([this] { return transport->idle(); }, network.now() + Seconds(5)));
  }
  EXPECT_TRUE(losses.empty());
}

TEST(Interleaved, FamiliesTakeTurnsTheFirstOnesFirst) {
  using All = std::vector<std::string>;
  EXPECT_EQ(interleaved({}), All{});
  EXPECT_EQ(interleaved({"::1", "127.0.0.1"}), (All{"::1", "127.0.0.1"}));
  EXPECT_EQ(interleaved({"1.1.1.1", "1.1.1.2", "1.1.1.2", "::2"}),
            (All{"1.1.1.1", "::2", "1.1.1.2"}));
  EXPECT_EQ(interleaved(All(40, "::1")).size(), 1U);
  EXPECT_EQ(interleaved({"::1", "::2", "::3", "::4", "::5", "::6", "::7", "1.1.1.1"}).size(), 6U);
}

}  // namespace
}  // namespace cti::cil::test
