// main.cpp - ringside-demo: a simulated CTI Server, two CTI OS servers, two agents and a monitor; a call arrives and is
// answered, the server in use is killed, and the call goes on at the other one; every step is printed as the programs saw it.
#include "tools/demo_call/house.hpp"
#include "tools/demo_call/party.hpp"
#include "tools/program/flags.hpp"

#include <signal.h>
#include <stdlib.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <tuple>
#include <vector>

namespace {

using cti::tools::House;
using cti::tools::Party;

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

struct Cast {
  Party monitor{"monitor"}, first{"agent 22866"}, second{"agent 22867"};
  std::array<Party*, 3> all{&monitor, &first, &second};
};

/// Keys whose values are not the same in `before` and `after`.
std::string differences(const Arguments& before, const Arguments& after) {
  std::string keys;
  for (int i = 1; i <= before.NumElements(); ++i) {
    const std::string key = before.GetElementKey(i);
    std::string was, is;
    before.GetValueString(key, &was);
    after.GetValueString(key, &is);
    if (was != is) keys += " " + key;
  }
  return keys;
}

/// Kills the server that `agent` uses in the middle of its call. False: somebody did not come back, or found less than before.
bool lose_server(House& house, Cast& cast, Party& agent, const std::string& call,
                 std::string* why) {
  Arguments before, after;
  if (!agent.properties(call, &before)) return *why = agent.why(), false;
  const int port = agent.port();
  std::vector<Party*> there;
  for (Party* party : cast.all) {
    if (party->port() == port) there.push_back(party);
  }
  std::printf("\n--- server %c is killed in mid-call ---\n", house.server_at(port));
  const auto since = std::chrono::steady_clock::now();
  house.kill_server(house.server_at(port));
  std::string times;
  for (Party* party : there) {
    const auto time = party->back_after(since);
    if (!time) return *why = party->why(), false;
    times += (times.empty() ? "" : ", ") + party->name() + " after " +
             std::to_string(time->count()) + " ms";
  }
  if (!agent.properties(call, &after)) return *why = agent.why(), false;
  std::printf("--- back at the other one: %s ---\n", times.c_str());
  const std::string lost = differences(before, after);
  if (!lost.empty()) return *why = call + " is not what it was:" + lost, false;
  std::printf("--- nothing was lost: %d of %d properties of %s are what they were ---\n\n",
              before.NumElements(), before.NumElements(), call.c_str());
  return true;
}

/// One call from arrival to end. False: the step that `why` names did not happen. `ended`: the user wants to stop.
bool one_call(House& house, Cast& cast, const Settings& settings, int number, std::string* why,
              bool* ended) {
  std::printf("\n--- call %d: a customer dials the skill group ---\n", number);
  house.tell_simulator("call 555" + std::to_string(1000 + number) + " to 77 var1=account-" +
                       std::to_string(4700 + number));
  std::string call;
  Party& agent = number % 2 == 1 ? cast.first : cast.second;
  const auto pause = [&] { return *ended = *ended || ended_within(settings.pause_ms); };
  const bool talks = agent.wait(cti::cil::eCallDeliveredEvent, {}, &call) && !pause() &&
                     agent.on_call(call, [](CCall& c) { return c.Answer(); }) &&
                     agent.wait(cti::cil::eCallEstablishedEvent) && !pause();
  if (!talks) return *why = agent.why(), false;
  if (!lose_server(house, cast, agent, call, why)) return false;
  const bool lived = agent.on_call(call, [](CCall& c) { return c.Hold(); }) &&
                     agent.wait(cti::cil::eCallHeldEvent) && !pause() &&
                     agent.on_call(call, [](CCall& c) { return c.Retrieve(); }) &&
                     agent.wait(cti::cil::eCallRetrievedEvent) && !pause() &&
                     agent.on_call(call, [](CCall& c) { return c.ClearConnection(); }) &&
                     agent.wait(cti::cil::eCallEndEvent);
  if (!lived) *why = agent.why();
  return lived;
}

int run(const Settings& settings) {
  std::string why;
  const auto house = House::open(settings.programs, settings.server_flags, &why);
  if (!house) return fail(why);
  std::printf("\n");
  Cast cast;
  for (Party* party : cast.all) {
    if (!party->connect(house->port_a(), house->port_b())) return fail(party->why());
  }
  if (!cast.monitor.monitor("MessageID=9,10,11,12,14,23,24,30")) return fail(cast.monitor.why());
  for (auto [agent, id, instrument] : {std::tuple(&cast.first, "22866", "23901"),
                                       std::tuple(&cast.second, "22867", "23902")}) {
    if (!agent->agent_mode(id) || !agent->login(instrument)) return fail(agent->why());
  }
  bool ended = false;
  for (int number = 1; !ended; ++number) {
    Party& agent = number % 2 == 1 ? cast.first : cast.second;
    if (!agent.go(eAvailable)) return fail(agent.why());
    if (!one_call(*house, cast, settings, number, &why, &ended) && !ended) return fail(why);
    if (!ended && !agent.go(eNotReady)) return fail(agent.why());
    if (settings.once) break;
    ended = ended || ended_within(4 * settings.pause_ms);
    if (!ended && !house->restart_killed(&why)) return fail(why);
  }
  std::printf("\n--- the call has ended; so does the demo ---\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Shows a call arrive, be answered, outlive the server that it came by, and end: simulator, "
      "two servers, two agents and a monitor on loopback."};
  Settings settings;
  app.add_option("--programs", settings.programs, "Folder with ringside-sim and ringsided.")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--once", settings.once, "One call, then end with exit code 0.");
  app.add_option("--pause-ms", settings.pause_ms, "Pause between two steps.")
      ->check(cti::tools::whole(0, 60'000));
  app.add_option("--server-flag", settings.server_flags,
                 "Passed on to both ringsided; may be given several times.");
  if (const auto ends = cti::tools::parse(app, "ringside-demo", argc, argv)) return *ends;
  const sigset_t set = endings();
  sigprocmask(SIG_BLOCK, &set,
              nullptr);  // taken by sigtimedwait, so that everything is always tidied up
  signal(SIGPIPE, SIG_IGN);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return run(settings);
}
