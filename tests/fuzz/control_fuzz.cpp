// control_fuzz.cpp - any bytes at the control port of ringside-sim: each line gets one answer, and the server goes on.
//
// Input    the first byte is the size of the pieces in which the rest arrives (0: all at once). Before the input, an agent is
//          logged in and has a call, so that commands find something to act on. Afterwards half a minute passes.
#include "core/sim_io.hpp"
#include "tests/fuzz/found.hpp"
#include "tools/simulator/server/server.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace {

using namespace cti;
using namespace cti::simulator;

constexpr const char* kHost = "10.0.0.1";
constexpr std::size_t kLinesMax = 200;

struct World {
  World() {
    ServerSettings settings;
    settings.side_a = {kHost, 42027};
    settings.side_b = {kHost, 43027};
    settings.control = core::Endpoint{kHost, 42500};
    server = std::move(Server::make(*server_io, settings, default_settings()).value());
    connection = client_io->connect({kHost, 42500});
    settle(Millis(10));
    for (const char* line : {"state 22866 login", "state 22866 available", "call 5551234 to 77"})
      server->command(line);
  }

  /// Lets everything happen that is due within `time`.
  void settle(Nanos time) {
    const TimePoint end = network.now() + time;
    for (;;) {
      if (turn_client() + server->turn(kNever) > 0) continue;
      const TimePoint next =
          std::min({network.next_event(), network.next_deadline(), server->next_deadline()});
      if (next > end) break;
      network.run_until(std::max(next, network.now()));
    }
    network.run_until(end);
  }

  std::size_t turn_client() {
    std::array<core::Completion, 16> out;
    const std::size_t count = client_io->wait(out, kNever);
    for (std::size_t i = 0; i < count; ++i) {
      if (out[i].event == core::IoEvent::kReceived) answers += as_text(out[i].bytes);
      if (out[i].event == core::IoEvent::kClosed) closed = true;
    }
    return count;
  }

  void send(std::string_view text, std::size_t piece) {
    while (!text.empty() && !closed) {
      const std::string_view part = text.substr(0, piece);
      text.remove_prefix(part.size());
      client_io->send(connection, as_bytes(part));
      settle(Millis(1));
    }
  }

  core::SimNetwork network{1};
  std::unique_ptr<core::Io> server_io = network.make_io(kHost);
  std::unique_ptr<core::Io> client_io = network.make_io("10.0.1.1");
  std::unique_ptr<Server> server;
  core::ConnectionId connection;
  std::string answers;
  bool closed = false;
};

/// How many lines get an answer: those that are not empty.
std::size_t questions(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    count += !line.empty();
    text.remove_prefix(end + 1);
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) > kLinesMax) return 0;
  World world;
  world.send(text, data[0] == 0 ? 65'536 : data[0]);
  world.settle(Seconds(30));
  fuzz::must_be_printable(world.answers);
  if (world.closed) return 0;  // a line without an end
  std::size_t answered = 0;
  for (std::size_t at = 0; at < world.answers.size(); ++answered) {
    const std::string_view rest = std::string_view(world.answers).substr(at);
    if (!rest.starts_with("ok") && !rest.starts_with("error"))
      fuzz::found("an answer that is neither", std::string(rest));
    at += rest.find('\n') == std::string_view::npos ? rest.size() : rest.find('\n') + 1;
  }
  if (answered != questions(text)) fuzz::found("not one answer per line", world.answers);
  return 0;
}
