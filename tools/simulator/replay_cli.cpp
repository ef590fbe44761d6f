// replay_cli.cpp - flags of `ringside-sim replay` and `record`, and their loops.
#include "tools/simulator/replay_cli.hpp"

#include "core/epoll_io.hpp"
#include "tools/program/flags.hpp"
#include "tools/simulator/replay/replay_run.hpp"
#include "tools/simulator/text/command_text.hpp"

#include <cstdio>
#include <fstream>
#include <memory>

namespace cti::simulator {
namespace {

struct Flags {
  std::string file, as, listen = "127.0.0.1:42027", server;
  std::vector<std::string> ignore, compare;
  double patience_s = 0;
  ReplaySettings settings;
  RecordingOptions recording;
};

/// "10.1.1.5:42027", "[::1]:42027" or a port alone. Nothing: not understood.
std::optional<core::Endpoint> endpoint_of(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "127.0.0.1" : text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  const auto port = number_of<std::uint16_t>(
      std::string_view(text).substr(colon == std::string::npos ? 0 : colon + 1));
  if (!port || host.empty()) return std::nullopt;
  return core::Endpoint{host, *port, false};
}

int complain(const std::string& text, int code) {
  std::fprintf(stderr, "ringside-sim: %s\n", text.c_str());
  return code;
}

using Stop = std::function<bool()>;

int replay(Flags& flags, const Stop& asked_to_stop) {
  std::ifstream in(flags.file, std::ios::binary);
  if (!in) return complain(flags.file + ": cannot be read", 2);
  const auto recording = read_recording(in, flags.recording);
  if (!recording) return complain(flags.file + ": " + recording.error(), 2);
  for (const std::string& problem : recording->problems)
    (void)complain(flags.file + ": " + problem, 0);
  flags.settings.as_server = flags.as == "server";
  flags.settings.patience = flags.patience_s > 0
                                ? Nanos(static_cast<std::int64_t>(flags.patience_s * 1e9))
                                : Nanos(flags.settings.as_server ? Seconds(60) : Seconds(5));
  flags.settings.ignored = ignored_by_default();
  for (const std::string& field : flags.ignore) flags.settings.ignored.insert(field);
  for (const std::string& field : flags.compare) flags.settings.ignored.erase(field);
  const auto at = endpoint_of(flags.settings.as_server ? flags.listen : flags.server);
  if (!at)
    return complain(
        flags.settings.as_server ? "--listen wants HOST:PORT" : "--server wants HOST:PORT", 2);
  auto io = core::make_epoll_io({});
  if (!io) return complain(io.error().text, 1);
  Replay play(*recording, flags.settings);
  ReplayPeer peer(**io, play);
  if (flags.settings.as_server) {
    const auto port = peer.listen(*at);
    if (!port) return complain(port.error().text, 1);
    std::printf("ready port=%u messages=%zu\n", *port, recording->messages.size());
    std::fflush(stdout);
  } else {
    peer.connect(*at);
  }
  while (!peer.finished() && !asked_to_stop())
    peer.turn(std::min(peer.next_deadline(), (*io)->now() + Millis(200)));
  if (!peer.met()) return complain("there was no connection", 1);
  const std::string differences = play.differences();
  std::fputs(differences.c_str(), stdout);
  std::printf("%s: %zu messages sent, %zu compared\n", differences.empty() ? "same" : "different",
              play.sent(), play.compared());
  return differences.empty() ? 0 : 1;
}

int record(const Flags& flags, const Stop& asked_to_stop) {
  const auto at = endpoint_of(flags.listen), server = endpoint_of(flags.server);
  if (!at || !server) return complain("expected HOST:PORT for --listen and --server", 2);
  std::ofstream out(flags.file, std::ios::binary | std::ios::trunc);
  if (!out) return complain(flags.file + ": cannot be written", 2);
  auto io = core::make_epoll_io({});
  if (!io) return complain(io.error().text, 1);
  PcapWriter writer(out, server->port);
  RecordProxy proxy(**io, *server, writer);
  const auto port = proxy.listen(*at);
  if (!port) return complain(port.error().text, 1);
  std::printf("ready port=%u\n", *port);
  std::fflush(stdout);
  std::uint64_t written = 0;
  while (!asked_to_stop() && !proxy.broken()) {
    if (proxy.turn((*io)->now() + Millis(200)) > 0 || proxy.bytes() == written) continue;
    out.flush();  // quiet: whoever looks at the file finds whole packets
    written = proxy.bytes();
  }
  if (proxy.broken()) return complain(flags.file + ": cannot be written any more", 1);
  std::printf("recorded %llu bytes\n", static_cast<unsigned long long>(proxy.bytes()));
  return 0;
}

void add_replay_options(CLI::App& command, Flags& flags) {
  command.add_option("FILE", flags.file, "Capture: pcap, pcapng, hex lines or raw bytes")
      ->required();
  command.add_option("--as", flags.as, "The side to play")
      ->required()
      ->check(CLI::IsMember({"server", "client"}));
  command.add_option("--listen", flags.listen,
                     "As server: where the client comes (default 127.0.0.1:42027; "
                     "port 0: a free one)");
  command.add_option("--server", flags.server, "As client: the CTI Server, HOST:PORT");
  command.add_flag("--timed", flags.settings.timed,
                   "Keep the recorded pauses; else each message follows as soon as what "
                   "stood before it has come");
  command.add_option("--speed", flags.settings.speed, "Recorded pauses are so many times as short")
      ->check(tools::number(0.01, 10'000));
  command
      .add_option("--patience", flags.patience_s,
                  "Seconds to wait for a recorded message of the peer (default 60 for a "
                  "client's, 5 for a server's)")
      ->check(tools::number(0.001, 86'400));
  command.add_flag("--in-order", flags.settings.in_order,
                   "The peer's messages must come in the recorded order");
  command.add_option("--ignore", flags.ignore, "Do not compare this field; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--compare", flags.compare,
                  "Compare this field although it is usually not "
                  "(StateDuration ...)")
      ->allow_extra_args(false);
  command
      .add_option("--port", flags.recording.ports,
                  "Port of the server in a capture; may be repeated (default 42027, "
                  "43027)")
      ->check(tools::whole(1, 65'535))
      ->allow_extra_args(false);
  command
      .add_option("--connection", flags.recording.connection,
                  "Which connection of a capture, from 1 (default: the first that opens a "
                  "session)")
      ->check(tools::whole(1, 1'000'000));
  command
      .add_option("--version", flags.recording.version,
                  "Protocol version where no OPEN_REQ says it")
      ->check(tools::whole(1, 99));
}

}  // namespace

ReplayCommands add_replay_commands(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const replaying = app.add_subcommand(
      "replay",
      "Play one side of a recorded conversation; tell what the other side does differently");
  add_replay_options(*replaying, *flags);
  CLI::App* const recording = app.add_subcommand(
      "record", "Stand between clients and a CTI Server and write a pcap file of what they say");
  recording->add_option("FILE", flags->file, "The pcap file, overwritten")->required();
  recording->add_option("--listen", flags->listen, "Where clients come (default 127.0.0.1:42027)");
  recording->add_option("--server", flags->server, "The CTI Server, HOST:PORT")->required();
  ReplayCommands commands;
  commands.asked_for = [replaying, recording] {
    return replaying->parsed() || recording->parsed();
  };
  commands.run = [flags, replaying](const Stop& stop) {
    return replaying->parsed() ? replay(*flags, stop) : record(*flags, stop);
  };
  return commands;
}

}  // namespace cti::simulator
