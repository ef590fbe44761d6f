// main.cpp - ringside-demo: a simulated CTI Server, a CTI OS server, two agents and a monitor; a call arrives, is
// answered, held, retrieved and ends, and every step is printed as the programs saw it.
#include "tools/demo_call/party.hpp"
#include "tools/launch/child.hpp"
#include "tools/program/flags.hpp"

#include <signal.h>
#include <stdlib.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

using cti::Nanos;
using cti::Seconds;
using cti::tools::Child;
using cti::tools::Party;
using cti::tools::value_in;

struct Settings {
  std::string programs = ".";
  bool once = false;
  int pause_ms = 700;
  std::vector<std::string> server_flags;
};

sigset_t endings() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// True when Ctrl-C or SIGTERM came within the pause.
bool ended_within(int pause_ms) {
  const sigset_t set = endings();
  const timespec pause{pause_ms / 1000, (pause_ms % 1000) * 1'000'000L};
  return sigtimedwait(&set, nullptr, &pause) > 0;
}

int fail(const std::string& what) {
  std::fprintf(stderr, "ringside-demo: %s\n", what.c_str());
  return 1;
}

std::unique_ptr<Child> launch(const std::vector<std::string>& command, std::string* ready) {
  auto child = Child::start(command);
  if (!child) return nullptr;
  const auto line = (*child)->wait_for_line("ready", Seconds(20));
  if (!line) return nullptr;
  *ready = *line;
  return std::move(child).value();
}

/// One call from arrival to end. False: the step that `why` names did not happen. `ended`: the user wants to stop.
bool one_call(Child& simulator, Party& first, Party& second, const Settings& settings, int number,
              std::string* why, bool* ended) {
  std::printf("\n--- call %d: a customer dials the skill group ---\n", number);
  simulator.write_line("call 555" + std::to_string(1000 + number) + " to 77 var1=account-" +
                       std::to_string(4700 + number));
  std::string call;
  Party& agent = number % 2 == 1 ? first : second;
  const auto pause = [&] { return *ended = *ended || ended_within(settings.pause_ms); };
  const bool lived = agent.wait(cti::cil::eCallDeliveredEvent, {}, &call) && !pause() &&
                     agent.on_call(call, [](CCall& c) { return c.Answer(); }) &&
                     agent.wait(cti::cil::eCallEstablishedEvent) && !pause() &&
                     agent.on_call(call, [](CCall& c) { return c.Hold(); }) &&
                     agent.wait(cti::cil::eCallHeldEvent) && !pause() &&
                     agent.on_call(call, [](CCall& c) { return c.Retrieve(); }) &&
                     agent.wait(cti::cil::eCallRetrievedEvent) && !pause() &&
                     agent.on_call(call, [](CCall& c) { return c.ClearConnection(); }) &&
                     agent.wait(cti::cil::eCallEndEvent);
  if (!lived) *why = agent.why();
  return lived;
}

int run(const Settings& settings) {
  std::string ready;
  const auto simulator =
      launch({settings.programs + "/ringside-sim", "--port-a", "0", "--port-b", "0"}, &ready);
  if (!simulator) return fail("ringside-sim did not start");
  std::printf("simulator  %s\n", ready.c_str());
  std::vector<std::string> command{
      settings.programs + "/ringsided", "--listen", "127.0.0.1:0", "--cti-server",
      "127.0.0.1:" + value_in(ready, "port-a") + ",127.0.0.1:" + value_in(ready, "port-b")};
  command.insert(command.end(), settings.server_flags.begin(), settings.server_flags.end());
  const auto server = launch(command, &ready);
  if (!server) return fail("ringsided did not start");
  std::printf("server     %s\n\n", ready.c_str());
  const int port = std::atoi(value_in(ready, "port").c_str());

  Party monitor("monitor"), first("agent 22866"), second("agent 22867");
  if (!monitor.connect(port) || !monitor.monitor("MessageID=9,10,11,12,14,23,24,30"))
    return fail(monitor.why());
  for (auto [agent, id, instrument] :
       {std::tuple(&first, "22866", "23901"), std::tuple(&second, "22867", "23902")}) {
    if (!agent->connect(port) || !agent->agent_mode(id) || !agent->login(instrument))
      return fail(agent->why());
  }
  bool ended = false;
  for (int number = 1; !ended; ++number) {
    Party& agent = number % 2 == 1 ? first : second;
    std::string why;
    if (!agent.go(eAvailable)) return fail(agent.why());
    if (!one_call(*simulator, first, second, settings, number, &why, &ended) && !ended)
      return fail(why);
    if (!ended && !agent.go(eNotReady)) return fail(agent.why());
    if (settings.once) break;
    ended = ended || ended_within(4 * settings.pause_ms);
  }
  std::printf("\n--- the call has ended; so does the demo ---\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Shows a call arrive, be answered and end: simulator, server, two agents and a monitor on "
      "loopback."};
  Settings settings;
  app.add_option("--programs", settings.programs, "Folder with ringside-sim and ringsided.")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--once", settings.once, "One call, then end with exit code 0.");
  app.add_option("--pause-ms", settings.pause_ms, "Pause between two steps.")
      ->check(cti::tools::whole(0, 60'000));
  app.add_option("--server-flag", settings.server_flags,
                 "Passed on to ringsided; may be given several times.");
  if (const auto ends = cti::tools::parse(app, "ringside-demo", argc, argv)) return *ends;
  const sigset_t set = endings();
  sigprocmask(SIG_BLOCK, &set,
              nullptr);  // taken by sigtimedwait, so that everything is always tidied up
  signal(SIGPIPE, SIG_IGN);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return run(settings);
}
