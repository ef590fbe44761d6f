// config.cpp - the schema of ringsided's file: every key, its limits, and what keys together must not say.
#include "tools/ringsided/config.hpp"

#include "broker/meet/admission.hpp"
#include "broker/meet/trace_lane.hpp"
#include "core/base/limits.hpp"
#include "core/config.hpp"
#include "tools/ringsided/desktop_config.hpp"
#include "tools/ringsided/roles.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>
#include <vector>

namespace cti::tools {

namespace {

using broker::LineConfig;
using broker::ServerConfig;
using broker::SlowPolicy;
using core::ConfigProblems;
using core::ConfigTable;

constexpr std::uint32_t seconds(Nanos duration) {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<Seconds>(duration).count());
}

std::uint32_t microseconds(Nanos duration) {
  return static_cast<std::uint32_t>(duration.count() / 1000);
}

constexpr std::uint32_t kStopTimeoutMin =
    seconds(limits::stop_timeout_min(limits::kCloseTimeoutDefault));
static_assert(Seconds{kStopTimeoutMin} == limits::stop_timeout_min(limits::kCloseTimeoutDefault));

/// One [[line]] of the file.
struct LineSettings {
  LineSettings() {
    for (const core::Endpoint& side : line.link.sides)
      cti_servers.push_back(side.host + ":" + std::to_string(side.port));
    for (const std::uint32_t id : line.peripherals) peripherals.push_back(std::to_string(id));
  }
  LineConfig line;  // keys that need no translation are bound to it
  std::vector<std::string> cti_servers;
  std::vector<std::string> peripherals;
  std::uint32_t heartbeat_s = seconds(LineConfig{}.link.heartbeat_interval);
  std::uint32_t progress_timeout_s = seconds(LineConfig{}.link.progress_timeout);
  std::uint32_t request_timeout_s = seconds(LineConfig{}.request_timeout);
  std::uint32_t connect_timeout_s = seconds(LineConfig{}.link.connect_timeout);
  std::uint32_t open_timeout_s = seconds(LineConfig{}.link.open_timeout);
  std::uint32_t group_statistics_s = seconds(LineConfig::Statistics{}.group_every);
  std::uint32_t agent_statistics_s = seconds(LineConfig::Statistics{}.agent_every);
  std::uint32_t statistics_told_ms = 1'000;
  DesktopFile desktop;
};

/// What the file says, where it says it otherwise than ServerConfig.
struct FileSettings {
  ServerConfig server;
  std::string listen = "127.0.0.1:42028";
  std::uint32_t log_mib = 64;
  std::uint32_t gather_us = microseconds(ServerConfig{}.fanout.gather);
  std::uint32_t stop_timeout_s = seconds(ServerConfig{}.stop_timeout);
  std::uint32_t watchdog_s = seconds(ServerConfig{}.watchdog);
  std::uint32_t per_address_max = 0;
  std::uint32_t rotate_mib = 0;
  std::uint32_t trace_mib = 16;
  std::uint32_t handshake_timeout_s = seconds(broker::FanoutConfig{}.handshake_timeout);
  std::uint32_t message_timeout_s = seconds(broker::FanoutConfig{}.message_timeout);
  std::uint32_t heartbeat_s = seconds(broker::FanoutConfig{}.heartbeat_interval);
  std::uint32_t beat_ms = 1'000;
  std::uint32_t image_timeout_s = seconds(broker::FanoutConfig{}.image_timeout);
  std::uint32_t stall_timeout_s = seconds(broker::FanoutConfig{}.stall_timeout);
  std::uint32_t images_mib = 64;
  std::uint32_t channel_kib = 1024;
  std::uint32_t outbox_updates_kib = 32;
  std::uint32_t outbox_kib = 64;
  std::uint32_t outbox_pool_mib = 256;
  std::vector<LineSettings> lines{LineSettings{}};
};

void bind_server(ConfigTable& table, FileSettings& file) {
  ServerConfig& server = file.server;
  table.text("name", server.name, {1, 63}, "What clients are told that the server is called.");
  table.text(
      "listen", file.listen, {1, 400},
      "Where clients come: HOST:PORT, the host numeric; several with commas between, such as "
      "0.0.0.0:42028,[::]:42028; port 0 takes any.");
  table.choice<std::string>("io", server.io,
                            {{"auto", "auto"}, {"io_uring", "io_uring"}, {"epoll", "epoll"}},
                            "How sockets are driven; auto takes io_uring where it works.");
  table.integer<std::uint32_t>(
      "fanouts", server.fanouts, 0, limits::kFanoutsMax,
      "Fan-out reactors, a thread each; 0: one in the first line's thread, for a small server.");
  table.integer<std::uint32_t>("log_mib", file.log_mib, 1, limits::kLogBytesMax / limits::kMiB,
                               "Memory of each line's event log; a power of two.");
  table.boolean("pin", server.pin, "Threads to CPUs, lines first.");
  table.integer<std::uint32_t>("spin_turns", server.spin_turns, 0, 1'000'000,
                               "Turns without work before a thread that was busy sleeps.");
  table.integer<std::uint32_t>(
      "gather_us", file.gather_us, 0, 10'000,
      "Under load updates leave together, this far apart; 0: each at once.");
  table.integer<std::uint32_t>("stop_timeout_s", file.stop_timeout_s, kStopTimeoutMin, 600,
                               "From SIGTERM to the end at most.");
  table.integer<std::uint32_t>("watchdog_s", file.watchdog_s, 0, 3600,
                               "A thread that stands still for so long ends the process; 0: off.");
}

void bind_sessions(ConfigTable& table, FileSettings& file) {
  broker::FanoutConfig& fanout = file.server.fanout;
  table.integer<std::uint32_t>("max", fanout.sessions_max, 1, limits::kSessionsMax,
                               "Sessions in all.");
  table.integer<std::uint32_t>("per_address_max", file.per_address_max, 0, 1'000'000,
                               "Sessions from one address; 0: a quarter of max.");
  table.list("networks", fanout.sessions_of_networks, {256, {3, 64}},
             "Whose addresses have a limit of their own (gateways, NAT, load generators): "
             "NETWORK/BITS = MAX; the first that fits counts.");
  table.integer<std::uint32_t>("per_agent_max", fanout.sessions_per_agent_max, 1, 1'000'000,
                               "Sessions of one agent, per fan-out reactor.");
  table.integer<std::uint32_t>("monitors_max", fanout.monitor_sessions_max, 0, 1'000'000,
                               "Sessions in monitor mode, per fan-out reactor.");
  table.list("edge_hosts", fanout.edge_hosts, {64, {1, 45}},
             "Numeric addresses of edge servers and tools that may read the log itself.");
  table.integer<std::uint32_t>("handshake_timeout_s", file.handshake_timeout_s, 1, 600,
                               "From connecting to a complete Hello.");
  table.integer<std::uint32_t>("message_timeout_s", file.message_timeout_s, 1, 600,
                               "From a frame's first byte to its last.");
  table.integer<std::uint32_t>("heartbeat_s", file.heartbeat_s, 0, 86'400,
                               "Silence after which the server asks; 0: never.");
  table.integer<std::uint32_t>("beat_ms", file.beat_ms, 0, 2'000,
                               "A sign of life so often to sessions that wish it (the client "
                               "library does: a hung server is left within 6 s); 0: none.");
  table.integer<std::uint32_t>("heartbeat_retries", fanout.heartbeat_retries, 0, 1000,
                               "Closed after (retries + 1) times heartbeat_s of silence.");
  table.integer<std::uint32_t>("requests_per_second", fanout.requests_per_second, 1, 1'000'000,
                               "Of one session, in the long run.");
  table.integer<std::uint32_t>("requests_burst", fanout.requests_burst, 1, 1'000'000,
                               "Of one session, at once.");
  table.integer<std::uint32_t>("requests_in_flight_max", fanout.requests_in_flight_max, 1,
                               limits::kRequestsInFlightMax,
                               "Of one session, unanswered; at it no more is read from it.");
  table.integer<std::uint32_t>("stall_timeout_s", file.stall_timeout_s, 1, 86'400,
                               "Closed when its socket takes nothing for so long.");
  table.integer<std::uint32_t>("image_timeout_s", file.image_timeout_s, 1, 86'400,
                               "Closed when it has not taken its snapshot in so long.");
  table.integer<std::uint32_t>("images_mib", file.images_mib, 1, 65'536,
                               "Snapshots that sessions are taking, per fan-out reactor; "
                               "at it the next ones wait.");
  table.choice<SlowPolicy>("slow", fanout.slow_policy,
                           {{"snapshot", SlowPolicy::kSnapshot}, {"cut", SlowPolicy::kCut}},
                           "What a session gets that does not read as fast as updates come.");
  table.integer<std::uint32_t>("unread_updates_kib", file.outbox_updates_kib, 4,
                               limits::kOutboxBytesMax / limits::kKiB,
                               "Of a session in agent mode; past it it is slow.");
  table.integer<std::uint32_t>("unread_kib", file.outbox_kib, 8,
                               limits::kOutboxBytesMax / limits::kKiB,
                               "With its replies; past it the session is cut.");
  table.integer<std::uint32_t>("unread_pool_mib", file.outbox_pool_mib, 1,
                               limits::kOutboxPoolBytesMax / limits::kMiB,
                               "Of all sessions of one fan-out reactor.");
  table.integer<std::uint32_t>("filters_max", fanout.channels_max, 1, limits::kChannelsMax,
                               "Different message filters times lines, per fan-out reactor.");
  table.integer<std::uint32_t>(
      "filter_ring_kib", file.channel_kib, limits::kChannelBytesMin / limits::kKiB,
      limits::kChannelBytesMax / limits::kKiB, "Memory of each of them; a power of two.");
  table.boolean("backpressure", fanout.backpressure,
                "Whether a line waits for a fan-out reactor that is behind, or gives its sessions "
                "a snapshot.");
}

void bind_chat(ConfigTable& table, broker::LineConfig& line) {
  using broker::ChatLevel;
  table.choice<ChatLevel>("agent_chat_level", line.agent_chat,
                          {{"Disabled", ChatLevel::kDisabled},
                           {"PrimarySupervisor", ChatLevel::kPrimarySupervisor},
                           {"TeamSupervisors", ChatLevel::kTeamSupervisors},
                           {"Team", ChatLevel::kTeam},
                           {"Unrestricted", ChatLevel::kUnrestricted}},
                          "Whom agents may send chat messages (AgentChatLevel).");
  table.choice<ChatLevel>("supervisor_chat_level", line.supervisor_chat,
                          {{"Disabled", ChatLevel::kDisabled},
                           {"Team", ChatLevel::kTeam},
                           {"Unrestricted", ChatLevel::kUnrestricted}},
                          "Whom supervisors may send chat messages (SupervisorChatLevel).");
}

void bind_statistics(ConfigTable& table, LineSettings& file) {
  LineConfig::Statistics& statistics = file.line.statistics;
  table.integer<std::uint32_t>("skill_group_statistics_s", file.group_statistics_s, 1, 3600,
                               "Between two questions about one skill group, at least; a CTI "
                               "Server should not be asked more often than each 10.");
  table.integer<std::uint32_t>("agent_statistics_s", file.agent_statistics_s, 1, 3600,
                               "Likewise, about one agent.");
  table.boolean("agent_statistics_at_call_end", statistics.agents_at_call_end,
                "Ask about an agent only when something has happened to the agent, as when a call "
                "ends (PollForAgentStatsAtEndCall); false: all the time.");
  table.integer<std::uint32_t>("statistics_told_ms", file.statistics_told_ms, 100, 3'600'000,
                               "A session that wants no other rate is told so often at most.");
  table.integer<std::size_t>("statistics_rows_max", statistics.rows_max, 1, limits::kStatisticsMax,
                             "Agents and skill groups whose statistics are asked for.");
  table.integer<std::size_t>("statistics_wishes_max", statistics.wishes_max, 1,
                             limits::kStatisticsMax, "Of all sessions together.");
  table.integer<std::size_t>("statistics_session_max", statistics.session_wishes_max, 1,
                             limits::kStatisticsMax, "Of one session.");
}

void bind_line(ConfigTable& table, LineSettings& file) {
  LineConfig& line = file.line;
  table.list("cti_servers", file.cti_servers, {2, {1, 260}},
             "Side A, then side B: HOST:PORT; a name is looked up with each try.");
  table.list("peripherals", file.peripherals, {limits::kPeripheralsPerLineMax, {1, 10}},
             "PeripheralIDs behind this CTI Server.");
  table.list("agents", line.agents, {20'000, {1, 64}},
             "Agents to ask for at start, besides those of the teams.");
  table.text("client_id", line.link.client_id, {1, 63}, "ClientID of OPEN_REQ.");
  table.text("client_password", line.link.client_password, {0, 63, true},
             "ClientPassword of OPEN_REQ, sent with its NUL.");
  table.text("client_signature", line.link.client_signature, {1, 63},
             "ClientSignature of OPEN_REQ.");
  table.integer<std::uint32_t>("version", line.link.version, broker::kLinkVersionMin,
                               broker::kLinkVersionMax, "Protocol version of OPEN_REQ.");
  table.integer<std::uint32_t>("services", line.link.services, 0, UINT32_MAX,
                               "ServicesRequested of OPEN_REQ; a CTI OS server asks for 0x1c0296.");
  table.integer<std::uint32_t>("call_msg_mask", line.link.call_mask, 0, UINT32_MAX,
                               "CallMsgMask of OPEN_REQ; a CTI OS server has 0xfffffff.");
  table.integer<std::uint32_t>("agent_state_mask", line.link.agent_mask, 0, UINT32_MAX,
                               "AgentStateMask of OPEN_REQ.");
  table.integer<std::uint32_t>("config_msg_mask", line.link.config_mask, 0, 0x3FF,
                               "ConfigMsgMask of OPEN_REQ, and the items downloaded at start: "
                               "2 skill groups, 4 agents ...; 0: none.");
  table.integer<std::uint32_t>("open_peripheral_id", line.link.peripheral_id, 0, UINT32_MAX,
                               "PeripheralID of OPEN_REQ; 4294967295: none.");
  table.integer<std::uint32_t>("idle_timeout_s", line.link.idle_timeout_s, 0, UINT32_MAX,
                               "IdleTimeout of OPEN_REQ; 0: four times heartbeat_s and at least "
                               "20, 4294967295: none.");
  table.integer<std::uint32_t>("customer_id", line.link.customer_id, 0, UINT32_MAX,
                               "CustomerID of configuration requests; 0: not sent.");
  table.text("report_object", line.link.report_object, {0, 100},
             "Object under which the CTI Server is told how many clients there are "
             "(CLIENT_EVENT_REPORT_REQ); empty: it is not told.");
  table.integer<std::uint32_t>("heartbeat_s", file.heartbeat_s, 0, 3600,
                               "Between heartbeats; 0: none.");
  table.integer<std::uint32_t>("heartbeats_max", line.link.heartbeats_max, 1, 100,
                               "Unanswered heartbeats after which the other side is tried.");
  table.integer<std::uint32_t>("progress_timeout_s", file.progress_timeout_s, 0, 3600,
                               "Heartbeats are answered, but for so long no request and no event "
                               "came: the other side is tried; 0: never.");
  table.integer<std::uint32_t>("connect_timeout_s", file.connect_timeout_s, 1, 600,
                               "For a TCP connect.");
  table.integer<std::uint32_t>("open_timeout_s", file.open_timeout_s, 1, 600,
                               "From OPEN_REQ to its answer.");
  table.integer<std::uint32_t>("request_timeout_s", file.request_timeout_s, 1, 600,
                               "Unanswered control requests end as outcome unknown after this.");
  table.integer<std::size_t>("agents_max", line.agents_max, 1, limits::kAgentsMax,
                             "Agents of the peripheral gateways; memory is set aside at start.");
  table.integer<std::size_t>("calls_max", line.calls_max, 1, limits::kCallsMax,
                             "Calls at a time, likewise.");
  table.integer<std::int32_t>("voice_mrd", line.voice_mrd, 0, INT32_MAX,
                              "Media routing domain of voice: agent states and buttons are its.");
  table.integer<std::uint16_t>("peripheral_type", line.peripheral_type, 1, 65535,
                               "PeripheralType where the CTI Server has not said it; 17, Unified "
                               "CCE: no single-step conference, no Clear.");
  table.choice<LineConfig::Recording>(
      "recording", line.recording,
      {{"service", LineConfig::Recording::kService}, {"network", LineConfig::Recording::kNetwork}},
      "Who records a call when asked: an application that has "
      "registered for it, or the network (version 23).");
  table.boolean("record_button", line.record_button, "Desktops have a button to record.");
  table.boolean("single_step_button", line.single_step_button,
                "Desktops have a button to transfer in one step on Unified CCE too.");
  table.boolean("minimize_event_args", line.minimize_event_args,
                "Leave out what CTI OS leaves out of call events.");
  bind_chat(table, line);
  bind_statistics(table, file);
  bind_desktop(table, file.desktop);
}

void bind_trace(ConfigTable& table, FileSettings& file) {
  broker::TraceConfig& trace = file.server.trace;
  table.text("file", trace.file, {0, 1024},
             "Frames go here in words, passwords masked; begun anew with each start and change. "
             "Empty: off.");
  table.integer<std::uint32_t>("max_mib", file.trace_mib, 1, 65'536, "At so many it ends.");
  constexpr std::size_t kMost = broker::TraceTargets::kMax;
  table.list("agents", trace.agents, {kMost, {1, 64}}, "AgentIDs.");
  table.list("calls", trace.calls, {kMost, {1, 64}},
             "UniqueObjectIDs (call.5000.12.23901), or numbers of calls.");
  table.list("sessions", trace.sessions, {kMost, {1, 20}},
             "Numbers of sessions, as the log has them.");
  table.list("addresses", trace.addresses, {kMost, {1, 45}}, "Of clients, numeric.");
}

void bind_all(core::Config& config, FileSettings& file) {
  bind_server(config.root().table("server", "Where clients connect, and how the server runs."),
              file);
  bind_sessions(config.root().table("sessions", "What clients may do, and for how long."), file);
  ConfigTable& metrics =
      config.root().table("metrics", "/metrics for Prometheus, /healthz and /readyz.");
  metrics.text("host", file.server.metrics_host, {1, 64}, "Address to serve on.");
  metrics.integer<std::uint16_t>("port", file.server.metrics_port, 0, 65535, "0: off.");
  ConfigTable& log = config.root().table("log", "Log lines.");
  log.choice<std::string>(
      "level", file.server.log_level,
      {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}},
      "Lines below are not written.");
  log.text("file", file.server.log_file, {0, 1024},
           "Empty: standard error. SIGHUP opens it anew, for logrotate.");
  log.choice<bool>("format", file.server.log_json, {{"logfmt", false}, {"json", true}},
                   "key=value pairs, or a JSON object a line.");
  log.integer<std::uint32_t>("rotate_mib", file.rotate_mib, 0, 65'536,
                             "At this size FILE becomes FILE.1, and so on; 0: never by us.");
  log.integer<std::uint32_t>("keep", file.server.log_keep, 1, 100,
                             "Files moved away that are kept.");
  bind_trace(
      config.root().table("trace", "Frames of a few, on a running server: SIGHUP takes it up."),
      file);
  config.root().tables<LineSettings>("line", file.lines, limits::kLinesMax, bind_line,
                                     "One per peripheral gateway: the CTI Server in front of it.");
}

bool numeric_host(const std::string& host) {
  unsigned char address[16];
  return ::inet_pton(AF_INET, host.c_str(), address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address) == 1;
}

/// What single keys cannot say; also turns text into addresses and numbers.
void take_line(ConfigProblems& problems, const std::string& key, LineSettings& file) {
  LineConfig& line = file.line;
  line.link.sides.clear();
  for (const std::string& text : file.cti_servers) {
    if (const auto side = parse_place(text)) {
      line.link.sides.push_back(*side);
    } else {
      problems.add(key + ".cti_servers", "\"" + text + "\"",
                   "HOST:PORT, the host a name or an address, port 1 .. 65535");
    }
  }
  line.peripherals.clear();
  for (const std::string& text : file.peripherals) {
    std::uint32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size()) {
      problems.add(key + ".peripherals", "\"" + text + "\"", "a number, 0 .. 4294967295");
    } else {
      line.peripherals.push_back(id);
    }
  }
  line.statistics.group_every = Seconds{file.group_statistics_s};
  line.statistics.agent_every = Seconds{file.agent_statistics_s};
  line.statistics.told_every = Millis{file.statistics_told_ms};
  line.link.heartbeat_interval = Seconds{file.heartbeat_s};
  line.link.progress_timeout = Seconds{file.progress_timeout_s};
  line.link.connect_timeout = Seconds{file.connect_timeout_s};
  line.link.open_timeout = Seconds{file.open_timeout_s};
  line.request_timeout = Seconds{file.request_timeout_s};
  apply_desktop(problems, key, file.desktop, line);
}

/// What the file says as a ServerConfig; what it must not say is the server's own matter (mistakes_in).
void take_all(ConfigProblems& problems, FileSettings& file) {
  ServerConfig& server = file.server;
  if (const auto places = parse_endpoints(file.listen, "127.0.0.1")) {
    server.listen = places->front();
    server.listen_also.assign(places->begin() + 1, places->end());
  } else {
    problems.add("server.listen", "\"" + file.listen + "\"",
                 "[HOST:]PORT with a numeric host, port 0 .. 65535; at most 8 with commas between");
  }
  if (!numeric_host(server.metrics_host))
    problems.add("metrics.host", "\"" + server.metrics_host + "\"", "a numeric address");
  server.log_bytes = std::size_t{file.log_mib} << 20;
  server.log_rotate_bytes = std::uint64_t{file.rotate_mib} << 20;
  server.trace.bytes_max = std::uint64_t{file.trace_mib} << 20;
  for (const std::string& address : server.trace.addresses) {
    if (!numeric_host(address))
      problems.add("trace.addresses", "\"" + address + "\"", "a numeric address");
  }
  for (const std::string& session : server.trace.sessions) {
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(session.data(), session.data() + session.size(), number);
    if (error != std::errc{} || end != session.data() + session.size() || number == 0)
      problems.add("trace.sessions", "\"" + session + "\"", "a number from 1 on");
  }
  // A trace begins with an empty file.
  if (!server.trace.file.empty() && server.trace.file == server.log_file)
    problems.add("trace.file", "\"" + server.trace.file + "\"", "another file than log.file");
  server.stop_timeout = Seconds{file.stop_timeout_s};
  server.watchdog = Seconds{file.watchdog_s};
  server.fanout.gather = Nanos{std::int64_t{file.gather_us} * 1000};
  broker::FanoutConfig& fanout = server.fanout;
  fanout.server_name = server.name;
  fanout.handshake_timeout = Seconds{file.handshake_timeout_s};
  fanout.message_timeout = Seconds{file.message_timeout_s};
  fanout.heartbeat_interval = Seconds{file.heartbeat_s};
  fanout.beat_interval = Millis{file.beat_ms};
  fanout.image_timeout = Seconds{file.image_timeout_s};
  fanout.stall_timeout = Seconds{file.stall_timeout_s};
  fanout.images_bytes_max = std::size_t{file.images_mib} << 20;
  fanout.channel_bytes = std::size_t{file.channel_kib} << 10;
  fanout.outbox_updates_bytes = file.outbox_updates_kib << 10;
  fanout.outbox_bytes_max = file.outbox_kib << 10;
  fanout.outbox_pool_bytes = std::size_t{file.outbox_pool_mib} << 20;
  for (const std::string& host : fanout.edge_hosts) {
    if (!numeric_host(host))
      problems.add("sessions.edge_hosts", "\"" + host + "\"", "a numeric address");
  }
  server.lines.clear();
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    take_line(problems, "line[" + std::to_string(i) + "]", file.lines[i]);
    file.lines[i].line.server_name = server.name;
    server.lines.push_back(file.lines[i].line);
  }
  fanout.sessions_per_address_max =
      file.per_address_max != 0 ? file.per_address_max : std::max(1U, fanout.sessions_max / 4);
  for (const std::string& share : fanout.sessions_of_networks) {
    if (!broker::parse_share(share))
      problems.add("sessions.networks", "\"" + share + "\"",
                   "NETWORK/BITS = MAX, such as 10.1.0.0/16 = 8000");
  }
}

void check_all(ConfigProblems& problems, FileSettings& file) {
  take_all(problems, file);
  std::set<std::string> told;  // what could not even be read is not reproached again
  for (const core::ConfigProblem& problem : problems.list()) told.insert(problem.key);
  const broker::ConfigMistakes mistakes = broker::mistakes_in(file.server);
  for (const broker::ConfigMistake& mistake : mistakes.list()) {
    if (!told.contains(mistake.key)) problems.add(mistake.key, mistake.found, mistake.allowed);
  }
  if (!problems.empty()) return;
  for (RoleProblem& wrong : check_roles(file.server))
    problems.add(std::move(wrong.key), std::move(wrong.found), std::move(wrong.allowed));
}

void prepare(core::Config& config, FileSettings& settings) {
  bind_all(config, settings);
  config.check([&settings](ConfigProblems& problems) { check_all(problems, settings); });
}

Result<void, std::string> read(core::Config& config, FileSettings& settings,
                               const std::string& file) {
  prepare(config, settings);
  const auto done = file.empty() ? config.read_text("", "defaults") : config.read_file(file);
  if (!done.ok()) return Err{done.error().text()};
  return {};
}

}  // namespace

namespace {

/// "HOST:PORT", "[HOST]:PORT", "PORT"; whatever the host is.
std::optional<core::Endpoint> split_place(std::string_view text, std::string_view host) {
  core::Endpoint at{std::string(host), 0};
  std::string_view port = text;
  if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view name = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (name.size() > 2 && name.front() == '[' && name.back() == ']')
      name = name.substr(1, name.size() - 2);
    if (!name.empty()) at.host = name;
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), at.port);
  if (error != std::errc{} || end != port.data() + port.size() || port.empty()) return std::nullopt;
  return at;
}

/// As a name of the DNS or of the hosts file may look; an address of four numbers must be one.
bool good_name(const std::string& host) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  };
  const bool letters = host.find_first_not_of("0123456789.") != std::string::npos;
  return !host.empty() && host.size() <= 253 && letters && host.front() != '-' &&
         host.front() != '.' && std::all_of(host.begin(), host.end(), good);
}

std::string text_of(const core::Endpoint& at) {
  const bool v6 = at.host.find(':') != std::string::npos;
  return (v6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

/// What flags can say, back into what the file would have to say for it.
void take_over(FileSettings& file, const ServerConfig& effective) {
  file.listen = text_of(effective.listen);
  for (const core::Endpoint& at : effective.listen_also) file.listen += "," + text_of(at);
  file.server.io = effective.io;
  file.server.fanouts = effective.fanouts;
  file.server.log_level = effective.log_level;
  file.server.metrics_port = effective.metrics_port;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    file.lines[i].cti_servers.clear();
    for (const core::Endpoint& side : effective.lines[i].link.sides)
      file.lines[i].cti_servers.push_back(text_of(side));
  }
}

}  // namespace

std::optional<core::Endpoint> parse_endpoint(std::string_view text, std::string_view host) {
  auto at = split_place(text, host);
  if (at && at->host == "localhost") at->host = "127.0.0.1";
  return at && numeric_host(at->host) ? at : std::nullopt;
}

std::optional<core::Endpoint> parse_place(std::string_view text) {
  auto at = split_place(text, "127.0.0.1");
  const bool good = at && at->port != 0 && (numeric_host(at->host) || good_name(at->host));
  return good ? at : std::nullopt;
}

std::optional<std::vector<core::Endpoint>> parse_endpoints(std::string_view text,
                                                           std::string_view host) {
  constexpr std::size_t kMost = 8;
  std::vector<core::Endpoint> places;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto at = parse_endpoint(text.substr(begin, end - begin), host);
    if (!at || places.size() == kMost) return std::nullopt;
    places.push_back(*at);
    begin = end + 1;
  }
  return places;
}

Result<LoadedConfig, std::string> load_config(const std::string& file, const Overlay& overlay) {
  FileSettings settings;
  core::Config config;
  if (auto done = read(config, settings, file); !done.ok()) return Err{done.error()};
  const std::string& trace = settings.server.trace.file;
  if (!trace.empty() && trace == file)
    return Err{file + ": trace.file: found this file itself; allowed: another one"};
  LoadedConfig loaded;
  loaded.server = settings.server;
  if (auto laid = overlay(loaded.server); !laid.ok()) return Err{laid.error()};
  take_over(settings, loaded.server);
  loaded.values = config.values();
  loaded.text = config.print();
  return loaded;
}

Result<std::string, std::string> print_config_text(std::string_view text, const std::string& name) {
  FileSettings settings;
  core::Config config;
  prepare(config, settings);
  if (auto done = config.read_text(text, name); !done.ok()) return Err{done.error().text()};
  return config.print();
}

}  // namespace cti::tools
