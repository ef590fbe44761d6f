// server_config.hpp - everything that can be set of a server, with the defaults that run without any file.
#pragma once

#include "broker/fanout/fanout_config.hpp"
#include "broker/meet/line_config.hpp"
#include "broker/meet/line_shared.hpp"
#include "core/base/limits.hpp"
#include "core/io.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cti::broker {

/// For whom frames are written to a file of their own while the server runs.
struct TraceConfig {
  std::string file;  ///< empty: for nobody
  std::uint64_t bytes_max = std::uint64_t{16} << 20;
  std::vector<std::string> agents;     ///< AgentIDs
  std::vector<std::string> calls;      ///< UniqueObjectIDs, or numbers
  std::vector<std::string> sessions;   ///< numbers, as the log has them
  std::vector<std::string> addresses;  ///< numeric, of clients

  bool wanted() const {
    return !file.empty() &&
           !(agents.empty() && calls.empty() && sessions.empty() && addresses.empty());
  }
};

struct ServerConfig {
  std::string name = "ringside";
  core::Endpoint listen{.host = "127.0.0.1",
                        .port = 42028};     ///< where clients come; port 0: any, see the ready line
  std::vector<core::Endpoint> listen_also;  ///< further places: another network, IPv6
  std::string io = "auto";                  ///< "auto", "io_uring" or "epoll"
  /// Fan-out reactors, a thread each; 0: one, in the first line's thread.
  std::uint32_t fanouts = 1;
  std::size_t log_bytes = limits::kLogBytesDefault;  ///< of each line's event log; a power of two
  bool pin = false;              ///< threads to CPUs: lines first, then fan-out reactors
  std::uint32_t spin_turns = 0;  ///< turns without work before a thread that was busy sleeps
  /// From SIGTERM to the end, whatever sessions do: half of it for their goodbyes, half for the lines.
  Nanos stop_timeout = limits::kStopTimeoutDefault;
  /// A line or reactor that stands still for so long ends the process, so that it is started again (P10). 0: nobody looks.
  Nanos watchdog = limits::kWatchdogDefault;
  std::string metrics_host = "127.0.0.1";
  std::uint16_t metrics_port = 0;  ///< Prometheus; 0: off
  std::string log_file;            ///< empty: standard error
  std::string log_level = "info";  ///< "debug", "info", "warning", "error"
  bool log_json = false;
  std::uint64_t log_rotate_bytes = 0;  ///< the file is moved away at so many; 0: never by us
  std::uint32_t log_keep = 5;          ///< of the files that were moved away
  TraceConfig trace;

  FanoutConfig fanout{.gather = Nanos{250'000}};
  RendezvousLimits rendezvous;
  std::vector<LineConfig> lines = std::vector<LineConfig>(1);  ///< one per peripheral gateway

  bool one_thread() const noexcept { return fanouts == 0; }  ///< for the first line and the reactor
  std::uint32_t reactors() const noexcept { return one_thread() ? 1 : fanouts; }
};

/// Everything that this configuration must not say, its parts' mistakes included. The TOML layer lists them with their
/// places; Server::create refuses them.
ConfigMistakes mistakes_in(const ServerConfig& config);

}  // namespace cti::broker
