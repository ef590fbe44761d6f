// measure.cpp - one measurement: what to send when, what has come, how late, and what the server's threads took for it.
#include "bench/fanout/measure.hpp"

#include "bench/fanout/cti_script.hpp"
#include "bench/fanout/process.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace cti::bench {

namespace {

constexpr int kPatience = 20;  // seconds
constexpr double kDrainSeconds = 10;
constexpr std::uint64_t kWindow = 1024;  // while nothing is measured
// With teams that are watched: fewer than lie between two states of all in a team, else these are more than a session may be
// owed (unread_updates_kib) and it is given a snapshot in their place; more than what comes unevenly in a cycle of calls.
constexpr std::uint64_t kWatchWindow = 160;

double percentile(std::vector<std::uint32_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
  return sorted[at] / 10.0;  // microseconds
}

}  // namespace

Measure::Measure(const Plan& plan)
    : plan_(plan), cycle_(std::max(plan.topics, 1u)), window_(kWindow) {
  if (plan.protocol == Protocol::kRingside) {
    Frames script = plan.calls ? call_lives(plan.agents) : agent_events(plan.agents);
    if (plan.calls) cycle_ = script.count();
    auto source = std::make_unique<CtiSource>(std::move(script));
    source_ = source.get();
    feed_port_ = source->listen();
    feeder_ = std::move(source);
  } else {
    feeder_ = std::make_unique<Feeder>(frames_of(plan.protocol, plan.message_bytes, plan.topics));
  }
}

void Measure::serve(std::uint16_t port, std::uint16_t feed, pid_t pid) {
  port_ = port;
  server_ = pid;
  if (source_ != nullptr) {
    source_->accept();
  } else {
    feeder_->connect(feed, plan_.protocol);
  }
  subscribers_ =
      std::make_unique<Subscribers>(plan_.protocol, plan_.message_bytes, plan_.topics, *feeder_);
  if (source_ != nullptr) learn_agents();
}

/// Every agent known to the server: a first session sees to it. What is sent during the start-up dialogue may be told as a
/// snapshot instead, so it is said again.
void Measure::learn_agents() {
  subscribers_->open(port_, 1, {});
  const std::uint64_t all = plan_.calls ? cycle_ : 2 * std::uint64_t{plan_.agents};
  for (int tries = 0; subscribers_->messages() < all; ++tries) {
    if (tries == kPatience) give_up("ringsided does not tell of all agents");
    subscribers_->forget_numbers();
    const std::uint64_t end = feeder_->sent() + all;
    (void)subscribers_->until(1, [&] {
      feeder_->pump(end);
      return subscribers_->messages() >= all;
    });
  }
  subscribers_->close_all();
}

void Measure::open(std::uint32_t count, const Wish& wish) {
  Wish told = wish;
  const bool all = wish.kind == Wish::Kind::kAll;
  const double agents = wish.kind == Wish::Kind::kSupervisor ? wish.agents : 1;
  const bool watch = wish.kind == Wish::Kind::kWatch;
  if (watch && source_ == nullptr) give_up("only Ringside has supervisors");
  const bool many = watch || wish.kind == Wish::Kind::kSupervisor;
  told.step = all ? 1 : plan_.calls || many ? 0 : plan_.topics;
  if (watch) {
    source_->tell_teams(count, wish.agents, plan_.agents);
    window_ = kWatchWindow;
  }
  subscribers_->open(port_, count, told);
  // Of the calls of those in its team a supervisor is told nothing but the states; of one agent's, everything.
  const double watched = wish.agents * kStateFrames + (kCallFrames - kStateFrames);
  const double each = all                    ? static_cast<double>(cycle_)
                      : watch && plan_.calls ? watched
                      : watch                ? wish.agents
                      : plan_.calls          ? agents * kCallFrames
                                             : agents;
  per_cycle_ += each * count;
}

double Measure::fan() const {
  const double stalled = subscribers_->count() - subscribers_->reading();
  return per_cycle_ / static_cast<double>(cycle_) -
         stalled;  // only without topics does anyone stall
}

/// Sends a whole cycle, from its beginning; true: every subscriber's share of it has come, and no more.
bool Measure::cycle_comes(std::uint64_t wanted) {
  const std::uint64_t to = (feeder_->sent() + 2 * cycle_ - 1) / cycle_ * cycle_;
  feeder_->pump(to - cycle_);
  // What is still on its way, of an earlier try, is not counted with this one.
  (void)subscribers_->until(0.02, [] { return false; });
  subscribers_->forget_numbers();
  const bool came = subscribers_->until(3, [&] {
    const auto read = static_cast<double>(subscribers_->messages()) / fan();
    feeder_->pump(std::min(to, to - cycle_ + static_cast<std::uint64_t>(read) + window_));
    return subscribers_->messages() >= wanted;
  });
  return came && subscribers_->messages() == wanted && feeder_->sent() == to;
}

void Measure::settle() {
  const auto wanted = static_cast<std::uint64_t>(per_cycle_);
  const std::int64_t end = nanos_now() + std::int64_t{kPatience} * 1'000'000'000;
  while (!cycle_comes(wanted)) {
    if (nanos_now() > end)
      give_up("of " + std::to_string(wanted) + " messages " +
              std::to_string(subscribers_->messages()) + " arrive");
  }
  settled_at_ = feeder_->sent() - cycle_;
  base_ = subscribers_->highest_number() - (feeder_->sent() - 1);
}

std::uint64_t Measure::completed() const {
  if (plan_.topics == 0 && !plan_.calls) return subscribers_->slowest();
  return static_cast<std::uint64_t>(static_cast<double>(subscribers_->messages()) / fan());
}

Measure::Mark Measure::mark() const {
  return {cpu_seconds(server_), thread_cpu_seconds(), nanos_now(), subscribers_->messages(),
          subscribers_->bytes()};
}

void Measure::run_window(std::int64_t until_ns, std::uint64_t window) {
  while (nanos_now() < until_ns) {
    feeder_->pump(settled_at_ + completed() + window);
    subscribers_->turn(1'000'000);
  }
}

bool Measure::drain(double seconds) {
  // Of calls, subscribers have what they should only at the end of a cycle.
  const std::uint64_t end =
      plan_.calls ? (feeder_->sent() + cycle_ - 1) / cycle_ * cycle_ : feeder_->sent();
  return subscribers_->until(seconds, [this, end] {
    feeder_->pump(std::min(end, settled_at_ + completed() + window_));
    return feeder_->sent() >= end && completed() >= sent();
  });
}

void Measure::saturated(double seconds, std::uint64_t window) {
  const std::int64_t begin = nanos_now();
  run_window(begin + static_cast<std::int64_t>(seconds * 0.25e9), window);
  const Mark from = mark();
  run_window(from.at + static_cast<std::int64_t>(seconds * 1e9), window);
  const Mark to = mark();
  drain(kDrainSeconds);
  report(window == 1 ? "lockstep" : "saturated", from, to, 0, {});
}

void Measure::lockstep(double seconds) { saturated(seconds, 1); }

void Measure::rate(double per_second, double seconds) {
  const double interval = fan() / per_second * 1e9;
  const std::uint64_t first = feeder_->sent();
  const std::int64_t start = nanos_now();
  const auto lead =
      static_cast<std::uint64_t>(seconds * 0.2e9 / interval) + 1;  // warm-up, not counted
  const auto last = first + lead + static_cast<std::uint64_t>(seconds * 1e9 / interval);
  const auto due_at = [&](std::uint64_t message) {
    return start + static_cast<std::int64_t>(static_cast<double>(message - first) * interval);
  };
  subscribers_->take_lateness(base_ + first + lead, base_ + last, due_at(first + lead), interval);
  Mark from;
  bool counting = false;
  for (std::int64_t now = nanos_now(); now < due_at(last); now = nanos_now()) {
    if (!counting && now >= due_at(first + lead)) {
      from = mark();
      counting = true;
    }
    const auto due =
        first + static_cast<std::uint64_t>(static_cast<double>(now - start) / interval) + 1;
    feeder_->pump(std::min(due, last));
    subscribers_->turn(std::clamp<std::int64_t>(due_at(due) - nanos_now(), 0, 1'000'000));
  }
  const Mark to = mark();
  drain(kDrainSeconds);
  report("rate", from, to, per_second, subscribers_->lateness());
}

void Measure::stall(std::uint32_t nth, std::uint64_t messages) {
  if (nth > 0) subscribers_->stall(nth);
  const std::uint64_t end = feeder_->sent() + messages;
  (void)subscribers_->until(kPatience, [&] {
    feeder_->pump(std::min(end, settled_at_ + completed() + window_));
    return feeder_->sent() >= end && completed() >= sent();
  });
  std::printf("{\"stalled\": %u, \"messages\": %lu}\n",
              subscribers_->count() - subscribers_->reading(), messages);
  std::fflush(stdout);
}

void Measure::report(const char* mode, const Mark& from, const Mark& to, double asked,
                     std::vector<std::uint32_t> lateness) {
  const double seconds = static_cast<double>(to.at - from.at) * 1e-9;
  const auto deliveries = static_cast<double>(to.messages - from.messages);
  const double expected = static_cast<double>(sent()) * fan();
  // Stalled ones have read some, before they stalled: with them nothing can be said to be missing.
  const bool whole = subscribers_->reading() == subscribers_->count();
  const double missing = whole ? expected - static_cast<double>(subscribers_->messages()) : 0;
  std::sort(lateness.begin(), lateness.end());
  std::printf(
      "{\"mode\": \"%s\", \"asked_per_second\": %.0f, \"seconds\": %.4f, \"deliveries\": %.0f, "
      "\"per_second\": %.1f, \"server_cpu\": %.6f, \"client_cpu\": %.6f, \"mean_bytes\": %.1f, "
      "\"late_samples\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": "
      "%.1f, "
      "\"lost\": %lu, \"repeated\": %lu, \"missing\": %.0f, \"snapshots\": %lu}\n",
      mode, asked, seconds, deliveries, deliveries / seconds, to.cpu - from.cpu,
      to.own_cpu - from.own_cpu,
      deliveries > 0 ? static_cast<double>(to.bytes - from.bytes) / deliveries : 0.0,
      lateness.size(), percentile(lateness, 0.5), percentile(lateness, 0.99),
      percentile(lateness, 0.999), percentile(lateness, 1), subscribers_->lost(),
      subscribers_->repeated(), missing, subscribers_->snapshots());
  std::fflush(stdout);
}

}  // namespace cti::bench
