// flags.cpp - the flags, and how they lie over the file.
#include "tools/ringsided/flags.hpp"

#include "tools/program/flags.hpp"
#include "tools/ringsided/config.hpp"
#include "tools/ringsided/roles.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace cti::tools {

namespace {

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
  app.add_option("--config", flags.config_file, "TOML file; without it the built-in defaults hold")
      ->check([](const std::string& name) { return std::string(name.empty() ? "no name" : ""); })
      ->type_name("FILE");
  app.add_flag("--check-config", flags.check_config,
               "Read the configuration, try its files, addresses and ports, tell every mistake, "
               "and end");
  app.add_flag("--print-config", flags.print_config,
               "Print the whole configuration as a file, with what each key means, and end");
  app.add_option("--listen", flags.listen,
                 "Where clients come (default 127.0.0.1:42028); port 0 takes any free one")
      ->type_name("[HOST:]PORT[,...]");
  app.add_option("--cti-server", flags.cti_server,
                 "CTI Server sides A and B (default 127.0.0.1:42027,127.0.0.1:43027)")
      ->type_name("HOST:PORT[,HOST:PORT]");
  app.add_option("--fanouts", flags.fanouts,
                 "Fan-out reactors, a thread each (default 1); 0: one, in the first line's thread")
      ->type_name("N")
      ->check(whole(0, 64));
  app.add_option("--io", flags.io, "auto (default), io_uring or epoll")
      ->type_name("BACKEND")
      ->check(CLI::IsMember({"auto", "io_uring", "epoll"}));
  app.add_option("--metrics-port", flags.metrics_port,
                 "/metrics, /healthz and /readyz on 127.0.0.1:N; 0 turns it off (default)")
      ->type_name("N")
      ->check(port());
  app.add_option("--log-level", flags.log_level, "debug, info (default), warning or error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.add_option("--ready-fd", flags.ready_fd, "Write the ready line to this descriptor too")
      ->type_name("FD")
      ->check(whole(0, 1'048'576));
  if (const auto ends = parse(app, "ringsided", argc, argv)) return Err{*ends};
  return flags;
}

namespace {

using Applied = Result<void, std::string>;

Applied apply_cti_server(const std::string& text, broker::ServerConfig& config) {
  std::vector<core::Endpoint> sides;
  std::string_view rest = text;
  do {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const auto side = parse_place(rest.substr(0, comma));
    const bool more = comma < rest.size();
    if (!side || sides.size() == 2 || (more && comma + 1 == rest.size())) {
      return Err{"--cti-server: \"" + text + "\" is not HOST:PORT[,HOST:PORT], ports 1 .. 65535"};
    }
    sides.push_back(*side);
    rest = rest.substr(std::min(comma + 1, rest.size()));
  } while (!rest.empty());
  config.lines.front().link.sides = sides;
  return {};
}

}  // namespace

Result<void, std::string> apply_flags(const Flags& flags, broker::ServerConfig& config) {
  if (flags.listen) {
    const auto places = parse_endpoints(*flags.listen, config.listen.host);
    if (!places)
      return Err{"--listen: \"" + *flags.listen +
                 "\" is not [HOST:]PORT[,...] with numeric hosts, ports 0 .. 65535, 8 at most"};
    config.listen = places->front();
    config.listen_also.assign(places->begin() + 1, places->end());
  }
  if (flags.cti_server) {
    if (auto done = apply_cti_server(*flags.cti_server, config); !done.ok()) return done;
  }
  if (flags.io) config.io = *flags.io;
  if (flags.log_level) config.log_level = *flags.log_level;
  if (flags.fanouts) config.fanouts = *flags.fanouts;
  if (flags.metrics_port) config.metrics_port = *flags.metrics_port;
  if (flags.ready_fd && (*flags.ready_fd < 0 || ::fcntl(*flags.ready_fd, F_GETFD) < 0)) {
    return Err{"--ready-fd: " + std::to_string(*flags.ready_fd) + " is no open descriptor"};
  }
  // What the file alone could not say wrongly, the two together can.
  for (const RoleProblem& wrong : check_roles(config))
    return Err{wrong.key + ": " + wrong.found + "; allowed: " + wrong.allowed};
  return {};
}

}  // namespace cti::tools
