// flags.cpp - the flags, and how they lie over the file.
#include "tools/ringsided/flags.hpp"

#include "tools/ringsided/config.hpp"

#include <CLI/CLI.hpp>

namespace cti::tools {

namespace {

constexpr const char* kVersion = "ringsided 0.1.0 (session protocol 1)";
constexpr const char* kFooter =
    "Ends on SIGTERM or SIGINT with 0, after it has said goodbye to every session.\n"
    "Other exit codes: 2 flags or configuration, 3 port in use, 4 refused by the system, 5 did not "
    "end in time.\n"
    "When clients can connect it prints one line: ready port=N io=BACKEND pid=N [metrics=N].";

}  // namespace

Result<Flags, int> parse_flags(int argc, char** argv) {
  Flags flags;
  CLI::App app{
      "The CTI OS server: agents' desktops and monitors on one side, a CTI Server on the other."};
  app.footer(kFooter);
  app.set_version_flag("--version", kVersion, "Say which version this is, and end");
  app.add_option("--config", flags.config_file, "TOML file; without it the built-in defaults hold")
      ->type_name("FILE");
  app.add_flag("--check-config", flags.check_config,
               "Read the configuration, tell every mistake in it, and end");
  app.add_flag("--print-config", flags.print_config,
               "Print the whole configuration as a file, with what each key means, and end");
  app.add_option("--listen", flags.listen,
                 "Where clients come (default 0.0.0.0:42028); port 0 takes any free one")
      ->type_name("[HOST:]PORT");
  app.add_option("--cti-server", flags.cti_server,
                 "CTI Server sides A and B (default 127.0.0.1:42027,127.0.0.1:43027)")
      ->type_name("HOST:PORT[,HOST:PORT]");
  app.add_option("--fanouts", flags.fanouts,
                 "Fan-out reactors, a thread each (default 1); 0: one, in the first line's thread")
      ->type_name("N");
  app.add_option("--io", flags.io, "auto (default), io_uring or epoll")->type_name("BACKEND");
  app.add_option("--metrics-port", flags.metrics_port,
                 "Prometheus on 127.0.0.1:N; 0 turns it off (default)")
      ->type_name("N");
  app.add_option("--log-level", flags.log_level, "debug, info (default), warning or error")
      ->type_name("LEVEL");
  app.add_option("--ready-fd", flags.ready_fd, "Write the ready line to this descriptor too")
      ->type_name("FD");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Err{app.exit(error) == 0 ? static_cast<int>(kExitDone) : static_cast<int>(kExitUsage)};
  }
  return flags;
}

Result<void, std::string> apply_flags(const Flags& flags, broker::ServerConfig& config) {
  if (!flags.listen.empty()) {
    const auto at = parse_endpoint(flags.listen, config.listen.host);
    if (!at)
      return Err{"--listen: \"" + flags.listen +
                 "\" is not [HOST:]PORT with a numeric host, port 0 .. 65535"};
    config.listen = *at;
  }
  if (!flags.cti_server.empty()) {
    std::vector<core::Endpoint> sides;
    std::string_view rest = flags.cti_server;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const auto side = parse_endpoint(rest.substr(0, comma), "127.0.0.1");
      if (!side || side->port == 0 || sides.size() == 2) {
        return Err{"--cti-server: \"" + flags.cti_server +
                   "\" is not HOST:PORT[,HOST:PORT], ports 1 .. 65535"};
      }
      sides.push_back(*side);
      rest = rest.substr(std::min(comma + 1, rest.size()));
    }
    config.lines.front().link.sides = sides;
  }
  if (!flags.io.empty()) {
    if (flags.io != "auto" && flags.io != "io_uring" && flags.io != "epoll") {
      return Err{"--io: \"" + flags.io + "\" is none of auto, io_uring, epoll"};
    }
    config.io = flags.io;
  }
  if (!flags.log_level.empty()) {
    if (flags.log_level != "debug" && flags.log_level != "info" && flags.log_level != "warning" &&
        flags.log_level != "error") {
      return Err{"--log-level: \"" + flags.log_level + "\" is none of debug, info, warning, error"};
    }
    config.log_level = flags.log_level;
  }
  if (flags.fanouts != -1) {
    if (flags.fanouts < 0 || flags.fanouts > 64) return Err{std::string("--fanouts: 0 .. 64")};
    config.fanouts = static_cast<std::uint32_t>(flags.fanouts);
  }
  if (flags.metrics_port != -1) {
    if (flags.metrics_port < 0 || flags.metrics_port > 65535)
      return Err{std::string("--metrics-port: 0 .. 65535")};
    config.metrics_port = static_cast<std::uint16_t>(flags.metrics_port);
  }
  return {};
}

}  // namespace cti::tools
