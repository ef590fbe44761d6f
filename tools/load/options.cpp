// options.cpp - flags of ringside-load to Options, and every mistake in them as one sentence.
#include "tools/load/options.hpp"

#include "tools/load/verdict.hpp"
#include "tools/program/flags.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace cti::load {
namespace {

constexpr const char* kAbout =
    "ringside-load: how many agents, at how many calls a second, a CTI OS deployment holds.\n"
    "Opens sessions, logs agents in, lets calls arrive at fixed moments whatever the server does "
    "(open loop), checks\n"
    "the position of every update, and says which rate is held. Starts ringsided and ringside-sim "
    "itself unless\n"
    "--server names one.";
constexpr const char* kFooter =
    "Exit codes: 0 held; 1 not held, or updates lost, doubled or out of order; 2 command line; 3 "
    "cannot start (the\n"
    "reason is told); 4 this tool could not keep its own schedule: no verdict; 5 the server went "
    "away; 6 the simulator\n"
    "could not keep up. What was measured before 4, 5 or 6 is told.";
// Of all agents, at the highest rate, when times are chosen here.
constexpr double kBusyShare = 0.5;
constexpr double kBusyShareMax = 0.9;
constexpr double kCycleMax_s = 6;
constexpr double kRateMax = 100'000;

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = error == std::errc() && end == text.data() + text.size();
  return good ? std::optional(value) : std::nullopt;
}

int complain(const std::string& what) {
  std::fprintf(stderr, "ringside-load: %s\n", what.c_str());
  return 2;
}

void add_who(CLI::App& app, Options& options) {
  app.add_option("--agents", options.agents, "Agents who take calls, a session each (default 100)")
      ->check(tools::whole(1, 1'000'000));
  app.add_option("--monitors", options.monitors, "Monitor sessions that see everything (default 2)")
      ->check(tools::whole(0, 1'000'000));
  app.add_option("--supervisors", options.supervisors,
                 "Supervisors, a session and a team each (default 0)")
      ->check(tools::whole(0, 2000));
  app.add_option("--supervise", options.supervise_s,
                 "Seconds after which each supervisor does something again: watches a member with "
                 "its calls, barges in, leaves, makes a member ready or not (default 0: only "
                 "watches the teams)")
      ->check(tools::number(0, 3600));
  app.add_option("--skill-groups", options.skill_groups,
                 "Groups that agents are dealt out to in turn: 101, 102 ... (default: one per 50)")
      ->check(tools::whole(1, 4000));
  app.add_option("--peripheral", options.peripheral, "PeripheralID (default 5000)")
      ->check(tools::whole(0, UINT32_MAX));
  app.add_option(
         "--first-agent", options.first_agent,
         "AgentID of the first, counted up from there; passwords are the ids (default 10001)")
      ->check(tools::whole(1, 2'000'000'000));
  app.add_option("--first-instrument", options.first_instrument,
                 "Instrument of the first agent, counted up likewise (default 20001)")
      ->check(tools::whole(1, 2'000'000'000));
}

void add_what(CLI::App& app, Options& options, std::string& rates) {
  app.add_option("--rate", rates,
                 "Calls a second: 60, or steps 20,40,80, or 20..200:20 (default 10). Without a "
                 "simulator: state changes a second");
  app.add_option("--hold", options.hold_s, "Seconds that each rate is measured (default 10)")
      ->check(tools::number(0.1, 86'400));
  app.add_option("--settle", options.settle_s, "Seconds at each rate before that (default 2)")
      ->check(tools::number(0.1, 3600));
  app.add_option(
      "--answer", options.answer,
      "Ringing time: 3 (exponential), fixed:3 or uniform:1-5. Times not given are chosen "
      "so that half of the agents are busy at the highest rate");
  app.add_option("--talk", options.talk, "Talk time, likewise");
  app.add_option("--wrapup", options.wrapup, "Wrap-up time, likewise; fixed:0: none");
  app.add_option("--arrivals", options.arrivals, "random (default) or even")
      ->check(CLI::IsMember({"random", "even"}));
  app.add_option("--p99-limit", options.p99_limit_ms,
                 "Milliseconds: a rate with a higher p99 is not held (default 10)")
      ->check(tools::number(0.001, 1e6));
  app.add_option("--late-limit", options.late_limit_ms,
                 "Milliseconds that this tool may send late (p99) before its figures mean nothing "
                 "(default 5)")
      ->check(tools::number(0.001, 1e6));
  app.add_option("--open-timeout", options.open_timeout_s,
                 "Seconds until all sessions must stand (default 120)")
      ->check(tools::number(1, 3600));
  app.add_option("--seed", options.seed, "Of everything that is drawn (default 1)")
      ->check(tools::whole(0, UINT64_MAX));
}

void add_whom(CLI::App& app, Options& options) {
  app.add_option("--server", options.server, "A server that runs already: HOST:PORT, numeric");
  app.add_option(
      "--simulator-control", options.simulator_control,
      "Control port of the ringside-sim behind it: HOST:PORT; without it only states are "
      "changed");
  app.add_option("--server-pid", options.server_pid,
                 "Process whose CPU and memory are read, when --server is on this machine")
      ->check(tools::whole(1, INT32_MAX));
  app.add_option("--programs", options.programs,
                 "Folder of ringsided and ringside-sim (default: beside this program)");
  app.add_option("--listen", options.listen,
                 "Where a started ringsided listens (default 127.0.0.1:0, any free port)");
  app.add_option("--fanouts", options.fanouts,
                 "Fan-out reactors of a started ringsided (default 1); 0: one in the line's thread")
      ->check(tools::whole(0, 64));
  app.add_option("--io", options.io, "auto, io_uring or epoll, of a started ringsided")
      ->check(CLI::IsMember({"auto", "io_uring", "epoll"}));
  app.add_option("--out", options.out,
                 "Folder for result.json, report.html and one .hgrm per step and path");
}

void add_plan(CLI::App& app, Options& options) {
  app.add_option("--plan", options.plan,
                 "Print the vendor's sizing rules beside what this result.json measured, and end. "
                 "--agents, --monitors and the two below say what is planned");
  app.add_option("--skill-groups-per-agent", options.skill_groups_per_agent,
                 "For --plan (default 5)")
      ->check(tools::whole(1, 50));
  app.add_flag("--tls", options.tls, "For --plan: clients are encrypted");
}

}  // namespace

Result<std::vector<double>, std::string> parse_rates(const std::string& text) {
  std::vector<double> rates;
  const std::string bad =
      "--rate: \"" + text + "\": 60, or 20,40,80, or 20..200:20, ascending, above 0";
  if (const std::size_t dots = text.find(".."); dots != std::string::npos) {
    const std::size_t colon = text.find(':', dots);
    if (colon == std::string::npos) return Err{bad};
    const auto from = number_in(std::string_view(text).substr(0, dots));
    const auto to = number_in(std::string_view(text).substr(dots + 2, colon - dots - 2));
    const auto by = number_in(std::string_view(text).substr(colon + 1));
    if (!from || !to || !by || *by <= 0 || (*to - *from) / *by > 1000) return Err{bad};
    for (int i = 0; *from + i * *by <= *to + 1e-9; ++i) rates.push_back(*from + i * *by);
  } else {
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t comma = std::min(text.find(',', at), text.size());
      const auto rate = number_in(std::string_view(text).substr(at, comma - at));
      if (!rate) return Err{bad};
      rates.push_back(*rate);
      at = comma + 1;
    }
  }
  const bool ascending =
      std::ranges::adjacent_find(rates, std::ranges::greater_equal()) == rates.end();
  if (rates.empty() || !ascending || !(rates.front() > 0) || !(rates.back() <= kRateMax))
    return Err{bad};
  return rates;
}

std::optional<core::Endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  core::Endpoint at;
  if (colon != std::string::npos) at.host = text.substr(0, colon);
  const std::string_view port = colon == std::string::npos
                                    ? std::string_view(text)
                                    : std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), at.port);
  const bool good = error == std::errc() && end == port.data() + port.size() && !at.host.empty();
  return good ? std::optional(at) : std::nullopt;
}

Result<Habits, std::string> settle_habits(const Options& options) {
  using Kind = simulator::Duration::Kind;
  const double rate = options.rates.back();
  const double cycle = std::min(kCycleMax_s, kBusyShare * options.agents / rate);
  Habits habits;
  habits.answer = {Kind::kUniform, 0.1 * cycle, 0.05 * cycle};
  habits.talk = {Kind::kExponential, 0.7 * cycle, 0};
  habits.wrapup = {Kind::kExponential, 0.2 * cycle, 0};
  const auto take = [](const std::optional<std::string>& text, simulator::Duration& to) {
    const auto parsed = text ? simulator::Duration::parse(*text) : to;
    if (parsed) to = *parsed;
    return parsed.has_value();
  };
  if (!take(options.answer, habits.answer) || !take(options.talk, habits.talk) ||
      !take(options.wrapup, habits.wrapup)) {
    return Err{std::string(
        "--answer, --talk, --wrapup: seconds as 3 (exponential), fixed:3 or uniform:1-5")};
  }
  habits.supervise = Nanos(static_cast<std::int64_t>(options.supervise_s * 1e9));
  const double busy_s = habits.answer.mean_s + habits.talk.mean_s + habits.wrapup.mean_s;
  if (options.calls() && busy_s * rate > kBusyShareMax * options.agents) {
    return Err{short_number(rate) + " calls/s of " + short_number(busy_s) + " s each keep " +
               short_number(busy_s * rate) + " agents busy; there are " +
               thousands(options.agents) + ". More agents, or shorter --talk and --wrapup"};
  }
  return habits;
}

Result<Options, int> parse_options(int argc, char** argv) {
  Options options;
  std::string rates = "10";
  CLI::App app(kAbout);
  app.footer(kFooter);
  add_who(app, options);
  add_what(app, options, rates);
  add_whom(app, options);
  add_plan(app, options);
  if (const auto ends = tools::parse(app, "ringside-load", argc, argv)) return Err{*ends};
  options.agents_given = app.count("--agents") > 0;
  if (!options.plan.empty()) return options;
  auto parsed = parse_rates(rates);
  if (!parsed.ok()) return Err{complain(parsed.error())};
  options.rates = std::move(parsed).value();
  if (options.skill_groups == 0) options.skill_groups = std::max(1U, options.agents / 50);
  for (const auto& [text, name] : {std::pair(&options.server, "--server"),
                                   std::pair(&options.simulator_control, "--simulator-control"),
                                   std::pair(&options.listen, "--listen")}) {
    if (!text->empty() && !parse_endpoint(*text))
      return Err{complain(std::string(name) + ": \"" + *text + "\" is not HOST:PORT, numeric")};
  }
  if (options.server.empty() && !options.simulator_control.empty())
    return Err{complain("--simulator-control goes with --server")};
  auto habits = settle_habits(options);
  if (!habits.ok()) return Err{complain(habits.error())};
  options.habits = *habits;
  return options;
}

}  // namespace cti::load
