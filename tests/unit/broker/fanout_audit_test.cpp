// fanout_audit_test.cpp - what the log is told of sessions: from where, what they became, why they ended.
#include "core/socket.hpp"
#include "tests/unit/broker/fanout_world.hpp"

#include <algorithm>

namespace cti::broker {
namespace {

std::string field(const core::log::Fields& fields, std::string_view key) {
  for (const core::log::Field& at : fields) {
    if (at.key == key) return at.value;
  }
  return "-";
}

/// The last line that begins so; its fields.
const core::log::Fields* line_of(const FanoutWorld& world, std::string_view begin) {
  for (std::size_t i = world.notes.size(); i-- > 0;) {
    if (world.notes[i].starts_with(begin)) return &world.note_fields[i];
  }
  return nullptr;
}

std::size_t count_of(const FanoutWorld& world, std::string_view begin) {
  return static_cast<std::size_t>(
      std::count_if(world.notes.begin(), world.notes.end(),
                    [&](const std::string& note) { return note.starts_with(begin); }));
}

TEST(FanoutAudit, TellsOfASessionFromWhereItCameWhatItBecameAndWhyItEnded) {
  FanoutWorld world;
  TestClient& agent = world.agent("1001", "10.1.0.7");
  const auto* begun = line_of(world, "session has begun");
  ASSERT_NE(begun, nullptr);
  EXPECT_TRUE(field(*begun, "peer").starts_with("10.1.0.7:"));
  const std::string number = field(*begun, "session");
  EXPECT_NE(number, "-");
  const auto* mode = line_of(world, "session has its mode");
  ASSERT_NE(mode, nullptr);
  EXPECT_EQ(field(*mode, "session"), number);
  EXPECT_EQ(field(*mode, "mode"), "agent");
  EXPECT_EQ(field(*mode, "agent"), "agent.5000.1001");
  agent.hang_up();
  world.run(Millis{100});
  const auto* end = line_of(world, "session has ended: the client has");
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(field(*end, "session"), number);
  EXPECT_EQ(field(*end, "agent"), "agent.5000.1001");
}

TEST(FanoutAudit, TellsWhyTheServerEndedASession) {
  WorldOptions options{.config = small_config()};
  options.config.heartbeat_interval = Seconds{1};
  options.config.heartbeat_retries = 1;
  FanoutWorld world(options);
  TestClient& silent = world.monitor("MessageID=*", "10.1.0.8");
  silent.answers_heartbeats = false;
  ASSERT_TRUE(
      world.world.run_until([&] { return silent.closed; }, world.network.now() + Seconds{20}));
  world.run(Seconds{3});
  EXPECT_NE(line_of(world, "session has ended: closed by the server, kHeartbeatMissed"), nullptr);
}

TEST(FanoutAudit, TellsOfAModeThatWasRefused) {
  FanoutWorld world;
  TestClient& client = world.welcomed("10.1.0.9");
  client.subscribe_monitor("= not a filter =");
  world.run(Millis{50});
  const auto* refused = line_of(world, "mode refused, ");
  ASSERT_NE(refused, nullptr);
  EXPECT_TRUE(field(*refused, "peer").starts_with("10.1.0.9:"));
}

TEST(FanoutAudit, ClientsThatComeAndGoWithoutEndDoNotFillTheLog) {
  FanoutWorld world;
  for (int i = 0; i < 8; ++i) world.client();
  for (int round = 0; round < 1000; ++round) {
    for (auto& client : world.clients) client->hello();
    world.run(Millis{2});
    for (auto& client : world.clients) client->hang_up();
    world.run(Millis{2});
    for (auto& client : world.clients) {
      ASSERT_TRUE(client->closed);
      client->connected = client->closed = false;
      client->connect();
    }
    world.run(Millis{1});
  }
  EXPECT_EQ(world.reactor->counters().welcomed, 8000U);
  EXPECT_GE(world.notes.size(), 5000U);
  EXPECT_LE(world.notes.size(), 5000U + 500U * 6U) << "what comes in 5 s";
  EXPECT_TRUE(std::any_of(world.note_fields.begin(), world.note_fields.end(), [](const auto& of) {
    return field(of, "left_out") != "-";
  })) << "what was left out is counted";
}

TEST(FanoutAudit, C22_OneAddressGetsItsShareAndOthersStillGetIn) {
  WorldOptions options{.config = small_config()};
  options.config.sessions_per_address_max = options.config.sessions_max / 4;
  FanoutWorld world(options);
  for (int i = 0; i < 28; ++i) world.client("10.9.9.9").hello();
  world.run(Millis{100});
  EXPECT_EQ(world.admission.sessions(), 8U);
  EXPECT_EQ(world.reactor->counters().refused_address, 20U);
  for (int i = 0; i < 20; ++i) world.welcomed();
  EXPECT_EQ(world.admission.sessions(), 28U);
}

TEST(Admission, C22_NetworksHaveALimitOfTheirOwn) {
  const auto gateways = parse_share("10.1.0.0/16 = 3");
  const auto one = parse_share("10.1.2.3=5");
  const auto v6 = parse_share("2001:db8::/32 = 4");
  ASSERT_TRUE(gateways && one && v6);
  for (const char* wrong : {"", "10.1.0.0/16", "10.1.0.0/33 = 1", "10.1.0.1/16 = 1", "x = 1",
                            "10.1.0.0/16 = ", "10.1.0.0/16 = 0", "10.1.0.0/16 = 5x", "::/65 = 1",
                            "10.1.0.0/16 = -1", "10.1.0.0/16 = 99999999999"}) {
    EXPECT_FALSE(parse_share(wrong).has_value()) << wrong;
  }
  Admission admission(100, 1, {*one, *gateways, *v6});
  const auto host = [](const char* text) {
    return core::host_number(core::parse_address({text, 1}));
  };
  EXPECT_EQ(admission.limit_of(host("10.1.2.3")), 5U) << "the first that has it";
  EXPECT_EQ(admission.limit_of(host("10.1.255.1")), 3U);
  EXPECT_EQ(admission.limit_of(host("10.2.0.1")), 1U);
  EXPECT_EQ(admission.limit_of(host("2001:db8:1::7")), 4U);
  EXPECT_EQ(admission.limit_of(host("2001:db9::7")), 1U);
  EXPECT_EQ(admission.limit_of(host("::ffff:10.1.9.9")), 3U) << "an IPv4 host all the same";
  const auto everybody = parse_share("0.0.0.0/0 = 9");
  ASSERT_TRUE(everybody.has_value());
  admission.set_limits(2, {*everybody});
  EXPECT_EQ(admission.limit_of(host("10.2.0.1")), 9U);
  EXPECT_EQ(admission.limit_of(host("::1")), 2U) << "no IPv4 network has it";
}

TEST(FanoutAudit, M1_TellsThatAcceptingPausesAndThatItGoesOn) {
  WorldOptions options{.config = small_config()};
  /// An Io that says of itself that it is out of descriptors.
  struct Short final : core::Io {
    explicit Short(std::unique_ptr<core::Io> inner) : io(std::move(inner)) {}
    Result<core::ListenerId, core::IoError> listen(const core::Endpoint& e) override {
      return io->listen(e);
    }
    std::uint16_t local_port(core::ListenerId l) const override { return io->local_port(l); }
    void unlisten(core::ListenerId l) override { io->unlisten(l); }
    core::ConnectionId connect(const core::Endpoint& to) override { return io->connect(to); }
    void send(core::ConnectionId c, Bytes b) override { io->send(c, b); }
    void set_receiving(core::ConnectionId c, bool on) override { io->set_receiving(c, on); }
    void close(core::ConnectionId c, core::CloseHow how) override { io->close(c, how); }
    std::size_t wait(std::span<core::Completion> out, TimePoint deadline) override {
      const std::size_t count = io->wait(out, deadline);
      shown = io->counters();
      shown.accept_pauses = pauses;
      return count;
    }
    void wake() noexcept override { io->wake(); }
    TimePoint now() const noexcept override { return io->now(); }
    WallMillis wall() const noexcept override { return io->wall(); }
    core::Endpoint peer(core::ConnectionId c) const override { return io->peer(c); }
    int pollable_fd() const noexcept override { return io->pollable_fd(); }
    std::string_view backend() const noexcept override { return io->backend(); }
    const core::IoCounters& counters() const noexcept override { return shown; }
    std::unique_ptr<core::Io> io;
    core::IoCounters shown;
    std::uint64_t pauses = 0;
  };
  Short* io = nullptr;
  options.wrap_io = [&](std::unique_ptr<core::Io> inner) {
    auto made = std::make_unique<Short>(std::move(inner));
    io = made.get();
    return made;
  };
  FanoutWorld world(options);
  const auto live = [&](Nanos time) {
    const TimePoint end = world.network.now() + time;
    while (world.network.now() < end) {
      world.welcomed();  // turns come with work
      world.run(Millis{200});
      world.clients.back()->hang_up();
    }
  };
  io->pauses = 3;
  live(Seconds{1});
  io->pauses = 7;
  live(Seconds{1});
  EXPECT_EQ(count_of(world, "accepting pauses"), 1U) << "one trouble, one line";
  EXPECT_EQ(count_of(world, "accepting goes on"), 0U);
  live(Seconds{12});
  EXPECT_EQ(count_of(world, "accepting goes on"), 1U);
  io->pauses = 8;
  live(Seconds{1});
  EXPECT_EQ(count_of(world, "accepting pauses"), 2U);
}

}  // namespace
}  // namespace cti::broker
