// run.cpp - the phases of a run: opening, settling, each rate held, draining, comparing.
#include "tools/load/run.hpp"

#include "tools/load/clock.hpp"
#include "tools/load/verdict.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace cti::load {
namespace {

constexpr std::uint32_t kSendsPerTurn = 256;
// Few: between two batches is the moment to send what is due, and a thousand monitors make a thousand completions.
constexpr std::size_t kCompletionsPerTurn = 64;
constexpr Nanos kSleepMax = Millis{100};
constexpr Nanos kLookEvery = Millis{100};
constexpr Nanos kSilence = Millis{250};
constexpr Nanos kQuietPatience = Seconds{5};
constexpr std::uint64_t kTallyAhead = 256;  // records, when it never gets quiet

Nanos seconds(double value) { return Nanos(static_cast<std::int64_t>(value * 1e9)); }
double in_seconds(Nanos value) { return static_cast<double>(value.count()) * 1e-9; }

CrowdSettings crowd_of(const Options& options, const Deployment& deployment) {
  CrowdSettings crowd;
  crowd.server = deployment.server();
  crowd.agents = options.agents;
  crowd.monitors = options.monitors;
  crowd.supervisors = options.supervisors;
  crowd.calls = options.calls();
  crowd.peripheral = options.peripheral;
  crowd.first_agent = options.first_agent;
  crowd.first_instrument = options.first_instrument;
  crowd.groups = options.skill_groups;
  crowd.habits = options.habits;
  crowd.seed = options.seed;
  return crowd;
}

/// How long the slowest of calls may still take when no new ones come.
Nanos longest_call(const Habits& habits) {
  const double mean = habits.answer.mean_s + habits.talk.mean_s + habits.wrapup.mean_s;
  return seconds(std::min(10 * mean, 600.0) + 10);
}

}  // namespace

Run::Run(core::Io& io, const Options& options, Deployment& deployment,
         const std::atomic<bool>& stop, Told told, Progress progress)
    : io_(io),
      options_(options),
      deployment_(deployment),
      stop_(stop),
      told_(std::move(told)),
      progress_(std::move(progress)),
      crowd_(io, crowd_of(options, deployment), recorder_),
      control_(io, recorder_),
      arrivals_(options.arrivals == "even" ? Arrivals::Kind::kEven : Arrivals::Kind::kRandom,
                core::mix64(options.seed ^ 0xA221)),
      random_(core::mix64(options.seed ^ 0xCA11)),
      completions_(kCompletionsPerTurn) {}

// --- the loop ----------------------------------------------------------------------------------------------------

std::uint32_t Run::turn() {
  const std::size_t count = io_.wait(completions_, io_.now());
  for (std::size_t i = 0; i < count; ++i) {
    if (!crowd_.on_completion(completions_[i])) (void)control_.on_completion(completions_[i]);
  }
  auto work = static_cast<std::uint32_t>(count);
  work += crowd_.on_time(io_.now());
  work += send_due(clock_now());
  look_after_programs();
  return work;
}

std::uint32_t Run::send_due(TimePoint now) {
  std::uint32_t sent = 0;
  for (; sent < kSendsPerTurn && arrivals_.next() <= now; ++sent) send_one(arrivals_.take());
  return sent;
}

void Run::send_one(TimePoint intended) {
  StepMeasure* step = recorder_.at(intended);
  bool sent = false;
  if (options_.calls()) {
    const auto place = crowd_.place_call(intended);
    sent = place.has_value();
    if (sent && !control_.call("555" + std::to_string(1'000'000 + random_.below(9'000'000)),
                               place->group, place->stamp, intended)) {
      end(Ending::kSwitchBehind, "the simulator has left " + thousands(control_.waiting()) +
                                     " calls unanswered: it cannot keep up");
    }
  } else {
    sent = crowd_.change_a_state(intended);
  }
  if (step == nullptr) return;
  ++(sent ? step->sent : step->no_agent);
  if (options_.calls()) step->late.add(clock_now() - intended);
}

void Run::sleep_until_due(TimePoint at_most) {
  const TimePoint due = std::min({at_most, arrivals_.next(), crowd_.next_due(), next_look_});
  const Nanos left = std::clamp(due - clock_now(), Nanos{0}, kSleepMax);
  timespec wait{};
  wait.tv_sec = left / Seconds(1);
  wait.tv_nsec = static_cast<long>((left % Seconds(1)).count());
  pollfd ready{io_.pollable_fd(), POLLIN, 0};
  ::ppoll(&ready, 1, &wait, nullptr);
}

bool Run::pump(TimePoint until, const std::function<bool()>& done) {
  while (!over()) {
    const std::uint32_t work = turn();
    if (done && done()) return true;
    if (io_.now() >= until) return !over();
    if (work == 0) sleep_until_due(until);
  }
  return false;
}

void Run::end(Ending how, std::string why) {
  if (over()) return;
  result_.ending = how;
  result_.ending_text = std::move(why);
  arrivals_.set_rate(0, io_.now());
}

void Run::look_after_programs() {
  // relaxed: a flag between a signal handler and its own thread; nothing else is ordered by it.
  if (stop_.load(std::memory_order_relaxed)) return end(Ending::kInterrupted, "interrupted");
  if (io_.now() < next_look_) return;
  next_look_ = io_.now() + kLookEvery;
  if (progress_) tell_progress();
  if (std::string death = deployment_.server_death(); !death.empty())
    return end(Ending::kServerGone, "the server went away: " + death);
  if (std::string death = deployment_.switch_death(); !death.empty())
    return end(Ending::kSwitchBehind, "the simulator went away: " + death);
  if (control_.gone())
    return end(Ending::kSwitchBehind, "the simulator went away: its control connection has ended");
  const CrowdCounters& counters = crowd_.counters();
  if (counters.ended > 0 && counters.standing == 0)
    return end(Ending::kServerGone, "the server went away: " + crowd_.first_ending());
}

void Run::tell_progress() {
  const CrowdCounters& counters = crowd_.counters();
  const TimePoint now = io_.now();
  std::string text;
  if (draining_) {
    text = "waiting for the last calls to end";
  } else if (rate_ == 0) {
    text = "opening: " + thousands(counters.standing) + " of " + thousands(crowd_.sessions()) +
           " sessions stand, " + thousands(counters.logged_in) + " agents are logged in";
  } else if (now < from_) {
    text = short_number(rate_) + " a second: settling";
  } else {
    text = short_number(rate_) +
           " a second: " + short_number(std::floor(in_seconds(std::min(now, to_) - from_))) +
           " of " + short_number(options_.hold_s) + " s";
  }
  progress_(now, text);
}

// --- opening -----------------------------------------------------------------------------------------------------

Result<void, std::string> Run::open() {
  Setup& setup = result_.setup;
  const auto idle = read_process(deployment_.server_pid());
  if (idle) setup.server_idle_mib = idle->resident_mib;
  (void)io_.wait(completions_, io_.now());
  const TimePoint begun = io_.now();
  if (options_.calls()) control_.connect(deployment_.control());
  const TimePoint until = begun + seconds(options_.open_timeout_s);
  bool all = false;
  pump(until, [&] { return all = crowd_.open_more() || crowd_.counters().refused_sessions > 0; });
  const CrowdCounters& counters = crowd_.counters();
  if (over()) return Err{result_.ending_text};
  if (counters.refused_sessions > 0) return Err{"the server refuses: " + crowd_.first_refusal()};
  if (counters.ended > 0) {
    return Err{thousands(counters.ended) +
               " sessions were ended while opening: " + crowd_.first_ending()};
  }
  if (!all) {
    return Err{"after " + short_number(options_.open_timeout_s) + " s only " +
               thousands(counters.standing) + " of " + thousands(crowd_.sessions()) +
               " sessions stand, with " + thousands(counters.logged_in) +
               " agents logged in (--open-timeout)" +
               (crowd_.first_refusal().empty() ? "" : "; refused: " + crowd_.first_refusal())};
  }
  if (options_.calls() && !control_.open())
    return Err{std::string("no connection to --simulator-control")};
  setup.opening_seconds = in_seconds(io_.now() - begun);
  setup.team_monitoring = crowd_.team_monitoring();
  // Others may drive calls too: then it never gets quiet, and checking begins anyhow.
  pump(io_.now() + kQuietPatience, [&] { return crowd_.quiet(kSilence); });
  crowd_.watch();
  if (const auto full = read_process(deployment_.server_pid()))
    setup.server_sessions_mib = full->resident_mib;
  return {};
}

// --- measuring ---------------------------------------------------------------------------------------------------

Run::Reading Run::read() const {
  Reading reading;
  const ProcessReading unknown{-1, -1};
  reading.server = read_process(deployment_.server_pid()).value_or(unknown);
  reading.simulator = read_process(deployment_.switch_pid()).value_or(unknown);
  reading.own = read_process(::getpid()).value_or(unknown);
  reading.at = io_.now();
  reading.records = crowd_.counters().records;
  reading.ended = crowd_.counters().ended;
  reading.faults = crowd_.faults();
  return reading;
}

void Run::measure() {
  crowd_.supervise(true);
  for (const double rate : options_.rates) {
    if (!step(rate)) break;
  }
  drain();
  finish_steps();
  result_.verdict = judge(result_);
}

/// False: the run is over.
bool Run::step(double rate) {
  const TimePoint now = io_.now();
  const TimePoint from = now + seconds(options_.settle_s);
  const TimePoint to = from + seconds(options_.hold_s);
  arrivals_.set_rate(rate, now);
  rate_ = rate;
  from_ = from;
  to_ = to;
  if (!pump(from)) return false;
  const StepMeasure& measure = recorder_.open(rate, from, to);
  const Reading before = read();
  if (!pump(to)) {
    recorder_.steps().pop_back();  // a part of a step is no measurement
    return false;
  }
  const Reading after = read();
  // What was on its way at the end arrives while the next rate settles, or here.
  arrivals_.set_rate(rate, io_.now());
  const bool alive = pump(to + Millis(300));
  StepResult result;
  put_together(result, measure);
  const double span = in_seconds(after.at - before.at);
  result.updates_per_second = static_cast<double>(after.records - before.records) / span;
  const auto cores = [span](const ProcessReading& a, const ProcessReading& b) {
    return a.cpu_seconds < 0 || b.cpu_seconds < 0 ? -1 : (b.cpu_seconds - a.cpu_seconds) / span;
  };
  result.server_cores = cores(before.server, after.server);
  result.switch_cores = cores(before.simulator, after.simulator);
  result.own_cores = cores(before.own, after.own);
  result.server_mib = after.server.resident_mib;
  result.sessions_ended = after.ended - before.ended;
  result.faults.lost = after.faults.lost - std::min(after.faults.lost, before.faults.lost);
  result.faults.doubled = after.faults.doubled - before.faults.doubled;
  result.faults.disordered = after.faults.disordered - before.faults.disordered;
  result.faults.overtaken = after.faults.overtaken - before.faults.overtaken;
  result.faults.restarted = after.faults.restarted - before.faults.restarted;
  bool own = false;
  result.void_because = why_void(result, result_.setup, &own);
  result.why_not = why_not_held(result, result_.setup);
  if (progress_) progress_(io_.now(), "");
  told_(result);
  result_.steps.push_back(std::move(result));
  const std::string& why = result_.steps.back().void_because;
  if (!why.empty()) end(own ? Ending::kOwnSchedule : Ending::kSwitchBehind, why);
  return alive && !over();
}

void Run::put_together(StepResult& result, const StepMeasure& measure) const {
  result.rate = measure.rate;
  result.seconds = in_seconds(measure.to - measure.from);
  result.rate_reached = static_cast<double>(measure.sent) / result.seconds;
  // Chance makes arrivals come in other numbers than asked for; what counts is whether they could be sent.
  const auto due = static_cast<double>(measure.sent + measure.no_agent);
  if (due > 0) result.rate_reached = measure.rate * static_cast<double>(measure.sent) / due;
  result.sent = measure.sent;
  result.no_agent = measure.no_agent;
  result.refused = measure.refused;
  result.unknown = measure.unknown;
  result.unseen = measure.unseen;
  result.late = summary(measure.late);
  result.answered = summary(measure.answered);
  for (std::size_t i = 0; i < kPaths; ++i) {
    result.histograms[i] = measure.paths[i];
    result.latency[i] = summary(measure.paths[i]);
  }
}

bool Run::both_there() const {
  return result_.ending != Ending::kServerGone && !(options_.calls() && control_.gone());
}

void Run::drain() {
  draining_ = true;
  arrivals_.set_rate(0, io_.now());
  if (!both_there()) return;
  crowd_.supervise(false);
  const Ending ending = result_.ending;
  result_.ending = Ending::kWhole;  // so that the loop goes on; a signal while draining ends it
  const TimePoint begun = io_.now();
  const bool hurry = ending == Ending::kInterrupted;
  const TimePoint until = begun + (hurry ? Nanos(Seconds(1)) : longest_call(options_.habits));
  bool quiet = false;
  if (!hurry) pump(until, [&] { return quiet = crowd_.quiet(kSilence); });
  result_.wait_for_quiet_s = in_seconds(io_.now() - begun);
  if (!over() && !hurry) {
    crowd_.close_tallies(quiet ? 0 : kTallyAhead);
    if (!quiet) {
      pump(io_.now() + Seconds(2), [&] { return crowd_.witness_beyond_tallies(); });
      pump(io_.now() + Seconds(1));
    }
    if (crowd_.witness_beyond_tallies())
      result_.faults += crowd_.compare_tallies(&result_.compared);
  }
  if (!over()) result_.ending = ending;
}

/// What came late, or never, belongs to its step too.
void Run::finish_steps() {
  if (progress_) progress_(io_.now(), "");
  crowd_.settle_accounts();
  result_.faults += crowd_.faults();
  result_.records = crowd_.counters().records;
  result_.supervised = crowd_.counters().supervised;
  auto measure = recorder_.steps().begin();
  for (StepResult& step : result_.steps) put_together(step, *measure++);
  // With the server or the simulator gone, what was on its way cannot have arrived: that is told once, not of each step.
  if (!both_there() || result_.ending == Ending::kInterrupted) {
    for (StepResult& step : result_.steps) step.unseen = step.unknown = 0;
  }
  crowd_.say_goodbye();
  if (control_.open()) control_.close();
  for (int i = 0; i < 20; ++i) (void)io_.wait(completions_, io_.now());
}

}  // namespace cti::load
