// config_mistakes_test.cpp - what a configuration must not say, on both sides of each boundary: one list for the file, for
// programs and for constructors.
#include "broker/server.hpp"
#include "broker/server_config.hpp"
#include "core/base/limits.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace cti::broker {
namespace {

TEST(ConfigMistakes, TheDefaultsHaveNone) { EXPECT_EQ(mistakes_in(ServerConfig{}).text(), ""); }

using Change = std::function<void(ServerConfig&)>;

/// The last value that will do, and the first that will not.
struct Boundary {
  const char* key;
  Change right;
  Change wrong;
};

LineConfig other_line() {
  LineConfig line;
  line.peripherals = {5001};
  return line;
}

template <class T>
Change fanout(T FanoutConfig::*field, std::uint64_t value) {
  return [field, value](ServerConfig& c) { c.fanout.*field = static_cast<T>(value); };
}
template <class T>
Change line(T LineConfig::*field, std::uint64_t value) {
  return [field, value](ServerConfig& c) { c.lines[0].*field = static_cast<T>(value); };
}
template <class T>
Change link(T LinkConfig::*field, T value) {
  return [field, value](ServerConfig& c) { c.lines[0].link.*field = value; };
}
template <class T>
Change meet(T RendezvousLimits::*field, std::uint64_t value) {
  return [field, value](ServerConfig& c) { c.rendezvous.*field = static_cast<T>(value); };
}
Change peripherals(std::uint32_t count, bool twice = false) {
  return [count, twice](ServerConfig& c) {
    c.lines[0].peripherals.clear();
    for (std::uint32_t i = 0; i < count; ++i) c.lines[0].peripherals.push_back(twice ? 1 : i);
  };
}

const Boundary kOfFanout[] = {
    {"sessions.filter_ring_kib", fanout(&FanoutConfig::channel_bytes, limits::kChannelBytesMin),
     fanout(&FanoutConfig::channel_bytes, limits::kChannelBytesMin / 2)},
    {"sessions.filter_ring_kib", fanout(&FanoutConfig::channel_bytes, limits::kChannelBytesMax),
     fanout(&FanoutConfig::channel_bytes, limits::kChannelBytesMax * 2)},
    {"sessions.filter_ring_kib", fanout(&FanoutConfig::channel_bytes, 2 * limits::kMiB),
     fanout(&FanoutConfig::channel_bytes, 3 * limits::kMiB)},
    {"sessions.filters_max", fanout(&FanoutConfig::channels_max, 1),
     fanout(&FanoutConfig::channels_max, 0)},
    {"sessions.filters_max", fanout(&FanoutConfig::channels_max, limits::kChannelsMax),
     fanout(&FanoutConfig::channels_max, limits::kChannelsMax + 1)},
    {"sessions.unread_kib",
     fanout(&FanoutConfig::outbox_bytes_max, limits::kOutboxUpdatesBytesDefault),
     fanout(&FanoutConfig::outbox_bytes_max, limits::kOutboxUpdatesBytesDefault - limits::kKiB)},
    {"sessions.unread_updates_kib",
     fanout(&FanoutConfig::outbox_updates_bytes, limits::kOutboxBlockBytes),
     fanout(&FanoutConfig::outbox_updates_bytes, limits::kOutboxBlockBytes - 1)},
    {"sessions.unread_pool_mib",
     fanout(&FanoutConfig::outbox_pool_bytes, limits::kOutboxPoolBytesMin),
     fanout(&FanoutConfig::outbox_pool_bytes, limits::kOutboxPoolBytesMin - 1)},
    {"sessions.max", fanout(&FanoutConfig::sessions_max, 1),
     fanout(&FanoutConfig::sessions_max, 0)},
    {"sessions.max", fanout(&FanoutConfig::sessions_max, limits::kSessionsMax),
     fanout(&FanoutConfig::sessions_max, limits::kSessionsMax + 1)},
    {"sessions.requests_in_flight_max",
     fanout(&FanoutConfig::requests_in_flight_max, limits::kRequestsInFlightMax),
     fanout(&FanoutConfig::requests_in_flight_max, limits::kRequestsInFlightMax + 1)},
    {"refusals_max", fanout(&FanoutConfig::refusals_max, limits::kRefusalsMax),
     fanout(&FanoutConfig::refusals_max, limits::kRefusalsMax + 1)},
    {"send_bytes_max", fanout(&FanoutConfig::send_bytes_max, 1),
     fanout(&FanoutConfig::send_bytes_max, 0)},
    {"log_bytes_per_turn", fanout(&FanoutConfig::log_bytes_per_turn, limits::kLogReadBytesDefault),
     fanout(&FanoutConfig::log_bytes_per_turn, limits::kLogReadBytesDefault - 1)},
    {"sessions.handshake_timeout_s", [](ServerConfig& c) { c.fanout.handshake_timeout = Nanos{1}; },
     [](ServerConfig& c) { c.fanout.handshake_timeout = Nanos{0}; }},
    {"sessions.heartbeat_s", [](ServerConfig& c) { c.fanout.heartbeat_interval = Nanos{0}; },
     [](ServerConfig& c) { c.fanout.heartbeat_interval = Nanos{-1}; }},
};

const Boundary kOfServer[] = {
    {"server.log_mib", [](ServerConfig& c) { c.log_bytes = limits::kLogBytesMin; },
     [](ServerConfig& c) { c.log_bytes = limits::kLogBytesMin / 2; }},
    {"server.log_mib", [](ServerConfig& c) { c.log_bytes = 2 * limits::kMiB; },
     [](ServerConfig& c) { c.log_bytes = 3 * limits::kMiB; }},
    {"server.fanouts", [](ServerConfig& c) { c.fanouts = limits::kFanoutsMax; },
     [](ServerConfig& c) { c.fanouts = limits::kFanoutsMax + 1; }},
    {"server.fanouts", [](ServerConfig& c) { c.fanouts = 0; },
     [](ServerConfig& c) { c.fanouts = UINT32_MAX; }},
    {"server.watchdog_s", [](ServerConfig& c) { c.watchdog = limits::kWatchdogMin; },
     [](ServerConfig& c) { c.watchdog = limits::kWatchdogMin - Nanos{1}; }},
    {"server.watchdog_s", [](ServerConfig& c) { c.watchdog = Nanos{0}; },
     [](ServerConfig& c) { c.watchdog = Nanos{1}; }},
    {"server.stop_timeout_s",
     [](ServerConfig& c) { c.stop_timeout = limits::stop_timeout_min(c.fanout.close_timeout); },
     [](ServerConfig& c) {
       c.stop_timeout = limits::stop_timeout_min(c.fanout.close_timeout) - Nanos{1};
     }},
    {"metrics.port",
     [](ServerConfig& c) {
       c.listen.port = 4711;
       c.metrics_port = 4712;
     },
     [](ServerConfig& c) { c.metrics_port = c.listen.port = 4711; }},
    {"asks.bytes", [](ServerConfig& c) { c.rendezvous.asks.bytes = limits::kClientFrameBytesMax; },
     [](ServerConfig& c) { c.rendezvous.asks.bytes = limits::kClientFrameBytesMax - 1; }},
    {"side_log_bytes", meet(&RendezvousLimits::side_log_bytes, limits::kSideLogBytesMin),
     meet(&RendezvousLimits::side_log_bytes, limits::kSideLogBytesMin / 2)},
    {"side_spill_bytes", meet(&RendezvousLimits::side_spill_bytes, limits::kSideRecordBytesMax),
     meet(&RendezvousLimits::side_spill_bytes, limits::kSideRecordBytesMax - 1)},
    {"tell_backlog_per_fanout", meet(&RendezvousLimits::tell_backlog_per_fanout, 1),
     meet(&RendezvousLimits::tell_backlog_per_fanout, 0)},
};

const Boundary kOfLine[] = {
    {"line", [](ServerConfig&) {}, [](ServerConfig& c) { c.lines.clear(); }},
    {"line[1].peripherals", [](ServerConfig& c) { c.lines.push_back(other_line()); },
     [](ServerConfig& c) { c.lines.push_back(c.lines[0]); }},
    {"line[0].cti_servers", [](ServerConfig& c) { c.lines[0].link.sides.pop_back(); },
     [](ServerConfig& c) { c.lines[0].link.sides.clear(); }},
    {"line[0].cti_servers", [](ServerConfig& c) { ++c.lines[0].link.sides[1].port; },
     [](ServerConfig& c) { c.lines[0].link.sides[1] = c.lines[0].link.sides[0]; }},
    {"line[0].peripherals", peripherals(limits::kPeripheralsPerLineMax),
     peripherals(limits::kPeripheralsPerLineMax + 1)},
    {"line[0].peripherals", peripherals(2), peripherals(2, true)},
    {"line[0].version", link(&LinkConfig::version, kLinkVersionMax),
     link(&LinkConfig::version, kLinkVersionMax + 1)},
    {"line[0].idle_timeout_s", link(&LinkConfig::idle_timeout_s, std::uint32_t{20}),
     link(&LinkConfig::idle_timeout_s, std::uint32_t{5})},
    {"line[0].send_buffer_bytes",
     link(&LinkConfig::send_buffer_bytes, limits::kUpstreamSendBytesMin),
     link(&LinkConfig::send_buffer_bytes, limits::kUpstreamSendBytesMin - 1)},
    {"line[0].jitter", link(&LinkConfig::jitter, 1.0), link(&LinkConfig::jitter, 1.001)},
    {"line[0].pauses", [](ServerConfig& c) { c.lines[0].link.pauses = {Nanos{1}}; },
     [](ServerConfig& c) { c.lines[0].link.pauses = {Nanos{0}}; }},
    {"line[0].once_max", line(&LineConfig::once_max, limits::kPendingDefault),
     line(&LineConfig::once_max, limits::kPendingDefault - 1)},
    {"line[0].calls_max", line(&LineConfig::calls_max, limits::kCallsMax),
     line(&LineConfig::calls_max, limits::kCallsMax + 1)},
    {"line[0].spill_bytes_max", line(&LineConfig::spill_bytes_max, limits::kRecordBytesMax),
     line(&LineConfig::spill_bytes_max, limits::kRecordBytesMax - 1)},
    {"line[0].sync_bytes_max", line(&LineConfig::sync_bytes_max, limits::kGedMessageBytesMax),
     line(&LineConfig::sync_bytes_max, limits::kGedMessageBytesMax - 1)},
};

template <class Look>
void for_each_boundary(Look&& look) {
  for (const Boundary& at : kOfFanout) look(at);
  for (const Boundary& at : kOfServer) look(at);
  for (const Boundary& at : kOfLine) look(at);
}

TEST(ConfigMistakes, EachIsNamedByItsKeyAndTheValueBesideItIsNone) {
  for_each_boundary([](const Boundary& at) {
    ServerConfig right;
    at.right(right);
    EXPECT_EQ(mistakes_in(right).text(), "") << at.key;
    ServerConfig wrong;
    at.wrong(wrong);
    const ConfigMistakes mistakes = mistakes_in(wrong);
    EXPECT_FALSE(mistakes.empty()) << at.key;
    for (const ConfigMistake& mistake : mistakes.list())
      EXPECT_EQ(mistake.key, at.key) << mistakes.text();
  });
}

// A channel that no frame fits wedged its reactor: only the file's schema forbade it.
TEST(ConfigMistakes, AServerMadeByAProgramIsRefusedThemToo) {
  for_each_boundary([](const Boundary& at) {
    ServerConfig config;
    config.listen = {"127.0.0.1", 0};
    at.wrong(config);
    const auto server = Server::create(config, 1);
    ASSERT_FALSE(server.ok()) << at.key;
    EXPECT_EQ(server.error().kind, ServerError::Kind::kConfig);
    EXPECT_NE(server.error().text.find(at.key), std::string::npos) << server.error().text;
  });
}

}  // namespace
}  // namespace cti::broker
