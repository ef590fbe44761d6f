// deployment.cpp - starts the simulator and the server of a run, and asks the machine whether it allows so many sessions.
#include "tools/load/deployment.hpp"

#include "core/socket.hpp"
#include "tools/load/verdict.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace cti::load {
namespace {

constexpr Seconds kStartPatience{30};
constexpr std::uint64_t kSpareDescriptors =
    128;                           // besides sessions: logs, wake-ups, pipes, listeners
constexpr int kExitPortInUse = 3;  // of ringsided and ringside-sim

std::string beside_this_program() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string whole(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::size_t slash = whole.rfind('/');
  return slash == std::string::npos ? "." : whole.substr(0, slash);
}

std::uint64_t sessions_of(const Options& options) {
  return std::uint64_t{1} + options.agents + options.monitors + options.supervisors;
}

std::string how_it_ended(tools::Child& child) {
  const auto code = child.wait_for_exit(Nanos{0});
  if (!code) return {};
  if (*code > 128) return child.name() + " died of signal " + std::to_string(*code - 128);
  return child.name() + " ended with exit code " + std::to_string(*code);
}

/// Why a program did not get ready.
std::string why_not_ready(tools::Child& child) {
  const auto code = child.wait_for_exit(Seconds(1));
  if (!code) return child.name() + " was not ready after 30 s";
  if (*code == kExitPortInUse)
    return child.name() + ": the port is in use (its own words are above)";
  if (*code == 127)
    return child.name() + " cannot be run: is it there? --programs says where to look";
  return child.name() + " ended with exit code " + std::to_string(*code) +
         " before it was ready (its own words are above)";
}

std::uint16_t port_in(const std::string& line, std::string_view key) {
  return static_cast<std::uint16_t>(std::atoi(tools::value_in(line, key).c_str()));
}

}  // namespace

std::string missing_limits(const Options& options) {
  const std::uint64_t sessions = sessions_of(options);
  const std::uint64_t wanted = sessions + kSpareDescriptors;
  const std::uint64_t allowed = core::raise_descriptor_limit();
  if (allowed < wanted) {
    return thousands(sessions) + " sessions need " + thousands(wanted) +
           " open descriptors; the hard limit (RLIMIT_NOFILE) allows " + thousands(allowed) +
           ". Raise it (ulimit -Hn, LimitNOFILE=, limits.conf) or open fewer sessions";
  }
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  std::uint64_t low = 0, high = 0;
  if (range >> low >> high && high - low + 1 < sessions) {
    return thousands(sessions) + " sessions to one port need as many local ports; " +
           "net.ipv4.ip_local_port_range gives " + thousands(high - low + 1) +
           ". Widen it (sysctl) or open fewer sessions";
  }
  return {};
}

Result<std::unique_ptr<Deployment>, std::string> Deployment::start(const Options& options) {
  auto made = std::unique_ptr<Deployment>(new Deployment);
  if (!options.server.empty()) {
    made->server_ = *parse_endpoint(options.server);
    made->server_pid_ = options.server_pid;
    made->server_words_ = options.server;
    if (!options.simulator_control.empty())
      made->control_ = *parse_endpoint(options.simulator_control);
    return made;
  }
  const std::string programs = options.programs.empty() ? beside_this_program() : options.programs;
  if (const auto started = made->start_switch(options, programs); !started.ok())
    return Err{started.error()};
  if (const auto started = made->start_server(options, programs); !started.ok())
    return Err{started.error()};
  return made;
}

Deployment::~Deployment() {
  for (tools::Child* child : {ringsided_.get(), switch_.get()}) {
    if (child == nullptr || !child->running()) continue;
    child->signal(SIGTERM);
    (void)child->wait_for_exit(Seconds(5));
  }
  if (!config_file_.empty()) ::unlink(config_file_.c_str());
}

Result<void, std::string> Deployment::start_switch(const Options& options,
                                                   const std::string& programs) {
  const auto number = [](std::uint64_t value) { return std::to_string(value); };
  std::vector<std::string> command{programs + "/ringside-sim",
                                   "--port-a",
                                   "0",
                                   "--port-b",
                                   "0",
                                   "--control-port",
                                   "0",
                                   "--no-stdin",
                                   "--seed",
                                   number(options.seed),
                                   "--agents",
                                   number(options.agents + options.supervisors),
                                   "--skill-groups",
                                   number(options.skill_groups)};
  if (options.supervisors > 0)
    command.insert(command.end(), {"--teams", number(options.supervisors)});
  auto child = tools::Child::start(command);
  if (!child.ok()) return Err{child.error()};
  switch_ = std::move(child).value();
  const auto ready = switch_->wait_for_line("ready", kStartPatience);
  if (!ready) return Err{why_not_ready(*switch_)};
  upstream_ = {"127.0.0.1", port_in(*ready, "port-a")};
  control_ = {"127.0.0.1", port_in(*ready, "control-port")};
  return {};
}

Result<void, std::string> Deployment::start_server(const Options& options,
                                                   const std::string& programs) {
  std::string file = "/tmp/ringside-load.XXXXXX";
  const int fd = ::mkstemp(file.data());
  if (fd < 0) return Err{std::string("no file for the server's settings: ") + std::strerror(errno)};
  config_file_ = file;
  // Room for the planned sessions, all of which come from this address.
  const std::string most =
      std::to_string(std::max<std::uint64_t>(16'384, sessions_of(options) + 16));
  const std::string people =
      std::to_string(std::max<std::uint64_t>(5'000, options.agents + options.supervisors + 100));
  const std::string text = "[sessions]\nmax = " + most + "\nper_address_max = " + most +
                           "\nmonitors_max = " + most + "\n[[line]]\nagents_max = " + people + "\n";
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  if (!written) return Err{"writing " + file + " failed"};
  std::vector<std::string> command{programs + "/ringsided",
                                   "--config",
                                   file,
                                   "--listen",
                                   options.listen,
                                   "--cti-server",
                                   upstream_.host + ":" + std::to_string(upstream_.port),
                                   "--fanouts",
                                   std::to_string(options.fanouts),
                                   "--log-level",
                                   "error"};
  if (!options.io.empty()) command.insert(command.end(), {"--io", options.io});
  auto child = tools::Child::start(command);
  if (!child.ok()) return Err{child.error()};
  ringsided_ = std::move(child).value();
  const auto ready = ringsided_->wait_for_line("ready", kStartPatience);
  if (!ready) return Err{why_not_ready(*ringsided_)};
  server_ = *parse_endpoint(options.listen);
  if (server_.host == "0.0.0.0") server_.host = "127.0.0.1";
  server_.port = port_in(*ready, "port");
  server_pid_ = ringsided_->pid();
  server_words_ = "ringsided io=" + tools::value_in(*ready, "io") +
                  " fanouts=" + std::to_string(options.fanouts) + ", behind it ringside-sim";
  return {};
}

std::string Deployment::server_death() { return ringsided_ ? how_it_ended(*ringsided_) : ""; }
std::string Deployment::switch_death() { return switch_ ? how_it_ended(*switch_) : ""; }

}  // namespace cti::load
