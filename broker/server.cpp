// server.cpp - the parts of a server built, its threads run, watched and ended.
#include "broker/server.hpp"

#include "core/base/set_aside.hpp"
#include "core/choose_io.hpp"
#include "core/log.hpp"
#include "core/random.hpp"
#include "core/socket.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <new>
#include <thread>
#include <utility>

namespace cti::broker {

namespace log = core::log;

namespace {

/// What follows from the other settings.
ServerConfig completed(ServerConfig config) {
  config.fanout.connections_beside = config.one_thread() ? SharedTurn::kLineConnections : 0;
  // A session waits for its line longer than the line itself waits for the CTI Server: parked until the dialogue is through,
  // then asked upstream.
  for (const LineConfig& line : config.lines) {
    config.fanout.answer_timeout = std::max(config.fanout.answer_timeout,
                                            line.sync_timeout + line.request_timeout + Seconds{10});
  }
  return config;
}

constexpr const char* kSessionsKey = "the sessions of a fan-out reactor: sessions.max";

core::IoChoice choice_of(std::string_view name) {
  if (name == "io_uring") return core::IoChoice::kUring;
  return name == "epoll" ? core::IoChoice::kEpoll : core::IoChoice::kAuto;
}

ServerError error_of(const core::IoError& error) {
  const bool in_use = error.error == EADDRINUSE;
  return {in_use ? ServerError::Kind::kPortInUse : ServerError::Kind::kSystem, error.text};
}

/// Of a line's own Io: what one turn reads becomes records before anybody can make room for them in the log.
constexpr std::uint32_t kLineReceiveBuffers = 32;
constexpr std::size_t kRecordGrowth = 8;  // a record to the message that it comes of
static_assert(kRecordGrowth * kLineReceiveBuffers * limits::kReceiveBufferBytesDefault <=
                  limits::kSpillBytesDefault,
              "the records of a turn fit the spill of a log that is held");

/// Of the thread that a line and a reactor share.
const std::string kBothName = "line0+fanout0";

/// At most 15 characters.
void name_thread(const std::string& name) { ::pthread_setname_np(::pthread_self(), name.c_str()); }

/// Lines first, then fan-out reactors, one CPU after the other. Where the machine does not let us: unpinned.
void pin_thread(std::size_t number) {
  const unsigned cpus = std::thread::hardware_concurrency();
  if (cpus == 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(number % cpus, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    log::write(log::Level::kWarning, "server",
               log::text("cannot pin a thread: ", std::strerror(errno)));
  }
}

/// Once each: whoever has been left behind, or was never begun, is not asked for again.
void leave(std::thread& thread) {
  if (thread.joinable()) thread.detach();
}
void join(std::thread& thread) {
  if (thread.joinable()) thread.join();
}

/// A thread that has just been busy looks a few turns more before it sleeps: waking it costs more than that.
class Idle {
 public:
  explicit Idle(std::uint32_t spin_turns) : spin_turns_(spin_turns), idle_(spin_turns) {}
  TimePoint deadline() const { return idle_ < spin_turns_ ? TimePoint{} : kNever; }
  /// Says whether anything has been done: then the counters are shown, a few dozen stores for a whole turn.
  bool worked(std::uint32_t work) {
    idle_ = work > 0 ? 0 : std::min(idle_ + 1, spin_turns_);
    return work > 0;
  }

 private:
  const std::uint32_t spin_turns_;
  std::uint32_t idle_;
};

/// Where a part's lines go: to the log, with the number of the part.
Say sayer(const char* component, std::size_t number) {
  return [component, name = std::to_string(number)](const Said& said) {
    log::Fields fields{{component, name}};
    fields.insert(fields.end(), said.about.begin(), said.about.end());
    if (said.kind.empty()) return log::write(said.level, component, said.text, fields);
    const std::string kind = log::text(said.kind, ' ', name);
    log::write_limited(said.level, component, kind, said.text, fields);
  };
}

/// Called by the watchdog, and does not come back. Whoever stands still may hold the log's lock: the log gets a second,
/// and standard error is told the same without it.
[[noreturn]] void end_loudly(const std::string& name, Nanos standing) {
  const std::string what = log::text("thread ", name, " has stood still for ",
                                     std::chrono::duration_cast<Millis>(standing).count(),
                                     " ms: the process ends, to be started again");
  static std::atomic<bool> told{false};  // outlives this thread's wait, as the helper does
  std::thread([what] {
    log::write(log::Level::kError, "watchdog", what);
    log::flush(limits::kLogEndMax);
    // release -> the acquire below: the line is out.
    told.store(true, std::memory_order_release);
  }).detach();
  const TimePoint until = core::monotonic_now() + 2 * limits::kLogEndMax;
  // acquire <- the release above.
  while (!told.load(std::memory_order_acquire) && core::monotonic_now() < until)
    std::this_thread::yield();
  check_failed(what.c_str(), __FILE__, __LINE__);
}

/// For each watched thread a gauge: how long it has not turned.
core::Watchdog::Looked show_standing(core::MetricsRegistry& registry) {
  struct Shown {
    std::vector<core::Counter*> standing;
    core::Counter* stops = nullptr;
  };
  return [&registry, shown = Shown{}](const core::TurnJudge& judge,
                                      const core::TurnJudge::Verdict& verdict) mutable {
    if (shown.standing.empty()) {
      shown.stops = &registry.block({{"thread", "watchdog"}})
                         .counter("ringside_process_stops_total",
                                  "Times the whole process had stood still for a second or more");
      auto& block = registry.block({});
      for (std::size_t i = 0; i < judge.size(); ++i) {
        shown.standing.push_back(&block.gauge("ringside_thread_standing_ms",
                                              "Time since the thread last turned, as of a look",
                                              {{"thread", judge.name(i)}}));
      }
    }
    if (verdict.forgiven) shown.stops->add();
    for (std::size_t i = 0; i < judge.size(); ++i) {
      const auto standing = std::chrono::duration_cast<Millis>(judge.standing(i));
      shown.standing[i]->set(static_cast<std::uint64_t>(standing.count()));
    }
  };
}

}  // namespace

Server::Server(const ServerConfig& config)
    : config_(completed(config)),
      watchdog_(config_.watchdog, &end_loudly, show_standing(metrics_)),
      live_(config_.fanout) {}

Server::~Server() {
  if (running_ && !stop())
    std::abort();  // a thread that does not end still uses what would be destroyed
}

Result<std::unique_ptr<Server>, ServerError> Server::create(const ServerConfig& config,
                                                            std::uint64_t seed) {
  if (const ConfigMistakes mistakes = mistakes_in(config); !mistakes.empty())
    return Err{ServerError{ServerError::Kind::kConfig, mistakes.text()}};
  try {
    std::unique_ptr<Server> server(new Server(config));
    auto built = server->build(seed);
    if (!built.ok()) return Err{built.error()};
    return server;
  } catch (const NoMemoryFor& what) {  // M12: at start a sentence, later a session at most
    return Err{ServerError{ServerError::Kind::kSystem,
                           "out of memory at start, for " + std::string(what.what())}};
  } catch (const std::bad_alloc&) {
    return Err{ServerError{ServerError::Kind::kSystem, "out of memory at start"}};
  }
}

Result<void, ServerError> Server::build(std::uint64_t seed) {
  auto decision = core::choose_io(choice_of(config_.io));
  if (!decision.ok()) return Err{error_of(decision.error())};
  decision_ = *decision;
  log::write(log::Level::kInfo, "io", decision_.line);
  core::Random random(seed);
  const std::uint64_t lineage = random.next();
  admission_ = std::make_unique<Admission>(config_.fanout.sessions_max,
                                           config_.fanout.sessions_per_address_max,
                                           shares_of(config_.fanout));
  for (std::uint32_t i = 0; i < config_.reactors(); ++i) {
    auto fanout = std::make_unique<FanoutThread>();
    auto io = set_aside(kSessionsKey, [&] {
      return core::make_io(decision_, FanoutReactor::io_limits(config_.fanout));
    });
    if (!io.ok()) return Err{error_of(io.error())};
    fanout->io = std::move(io).value();
    fanout->shared = std::make_unique<FanoutShared>(static_cast<std::uint16_t>(i),
                                                    config_.lines.size(), config_.rendezvous);
    fanout->shared->io = fanout->io.get();
    fanouts_.push_back(std::move(fanout));
  }
  for (std::uint16_t i = 0; i < config_.lines.size(); ++i) {
    auto line = build_line(i, Position{lineage, 1, 0}, random.next());
    if (!line.ok()) return line;
  }
  return build_fanouts();
}

Result<void, ServerError> Server::build_line(std::uint16_t index, const Position& start,
                                             std::uint64_t seed) {
  auto line = std::make_unique<LineThread>();
  const bool shares = config_.one_thread() && index == 0;
  if (!shares) {
    core::IoLimits limits;
    limits.connections_max = SharedTurn::kLineConnections;
    limits.receive_buffers = kLineReceiveBuffers;
    auto io = core::make_io(decision_, limits);
    if (!io.ok()) return Err{error_of(io.error())};
    line->own_io = std::move(io).value();
  }
  line->io = shares ? fanouts_.front()->io.get() : line->own_io.get();
  auto made = ring::EventLog::create(
      {config_.log_bytes, config_.reactors(), ring::MirroredMemory::Pages::kPopulate});
  if (!made.ok())
    return Err{
        ServerError{ServerError::Kind::kSystem, "the event log, server.log_mib: " + made.error()}};
  line->log = std::move(made).value();
  line->shared = std::make_unique<LineShared>(index, *line->log, start, config_.reactors(),
                                              config_.rendezvous);
  if (!line->shared->side) {
    return Err{ServerError{ServerError::Kind::kSystem, "no memory for a line's second log"}};
  }
  line->shared->io = line->io;
  line->shared->latency.set_clock(&core::monotonic_now);
  line->shared->admission = admission_.get();
  std::vector<FanoutShared*> fanouts;
  for (const auto& fanout : fanouts_) fanouts.push_back(fanout->shared.get());
  line->line = set_aside("a line: line.agents_max and line.calls_max", [&] {
    return std::make_unique<Line>(config_.lines[index], *line->shared, std::move(fanouts),
                                  *line->io, config_.rendezvous, core::Random(seed),
                                  sayer("line", index));
  });
  line->metrics =
      std::make_unique<LineMetrics>(metrics_, index, config_.lines[index].peripherals, !shares);
  lines_.push_back(std::move(line));
  return {};
}

Result<void, ServerError> Server::build_fanouts() {
  std::vector<LineShared*> lines;
  for (const auto& line : lines_) lines.push_back(line->shared.get());
  std::vector<core::Endpoint> places{config_.listen};
  places.insert(places.end(), config_.listen_also.begin(), config_.listen_also.end());
  for (const auto& fanout : fanouts_) {
    fanout->reactor = set_aside(kSessionsKey, [&] {
      return std::make_unique<FanoutReactor>(config_.fanout, *fanout->io, *fanout->shared, lines,
                                             *admission_, sayer("fanout", fanout->shared->index));
    });
    for (std::size_t i = 0; i < places.size(); ++i) {
      auto listening = fanout->reactor->listen(places[i]);
      if (!listening.ok()) return Err{error_of(listening.error())};
      // The kernel spreads connections over those that join; the first one found the port free.
      places[i].port = fanout->reactor->port(i);
      places[i].join = true;
    }
    fanout->metrics = std::make_unique<FanoutMetrics>(metrics_, fanout->shared->index);
  }
  return {};
}

std::uint16_t Server::port() const { return fanouts_.front()->reactor->port(); }
std::string_view Server::io_backend() const { return fanouts_.front()->io->backend(); }
std::optional<FanoutCounters> Server::fanout_counters(std::size_t index) const {
  return fanouts_[index]->reactor->snapshot();
}

void Server::watch_threads() {
  const bool one = config_.one_thread();
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    core::Io* const io = lines_[i]->io;
    const std::string name = one && i == 0 ? kBothName : "line" + std::to_string(i);
    lines_[i]->turns = &watchdog_.watch(name, [io] { io->wake(); });
  }
  for (std::size_t i = 0; i < fanouts_.size() && !one; ++i) {
    core::Io* const io = fanouts_[i]->io.get();
    fanouts_[i]->turns = &watchdog_.watch("fanout" + std::to_string(i), [io] { io->wake(); });
  }
}

void Server::start() {
  running_ = true;
  watch_threads();
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    lines_[i]->thread = std::thread([this, i] {
      if (config_.one_thread() && i == 0) return run_both(*lines_[i], *fanouts_.front());
      run_line(*lines_[i], i);
    });
  }
  for (std::size_t i = 0; i < fanouts_.size() && !config_.one_thread(); ++i) {
    fanouts_[i]->thread = std::thread([this, i] { run_fanout(*fanouts_[i], i); });
  }
  watchdog_.start();
}

void Server::run_line(LineThread& line, std::size_t index) {
  name_thread("line" + std::to_string(index));
  if (config_.pin) pin_thread(index);
  Idle idle(config_.spin_turns);
  line.line->start();
  bool stopping = false;
  while (!stopping) {  // the reactors have ended before: nobody takes what is told then
    const bool show = idle.worked(line.line->turn(idle.deadline()));
    line.turns->turned();
    if (show) line.metrics->show(*line.line, line.shared->status, line.io->counters());
    // A1 <- R1: nothing hangs on it but the end.
    if (!line.stop.load(std::memory_order_acquire)) continue;
    stopping = true;
    line.line->stop();
  }
  while (!line.line->link().left()) line.line->turn(kNever);  // its deadline: CtiLink::kGoodbyeMax
  // Once more: what was said at the end leaves with the next wait().
  line.line->turn(TimePoint{});
  ended(*line.turns);
}

void Server::run_fanout(FanoutThread& fanout, std::size_t index) {
  name_thread("fanout" + std::to_string(index));
  if (config_.pin) pin_thread(lines_.size() + index);
  Idle idle(config_.spin_turns);
  while (!fanout.reactor->stopped()) {
    const bool show = idle.worked(fanout.reactor->turn(idle.deadline()));
    fanout.turns->turned();
    if (show) fanout.metrics->show(fanout.reactor->counters(), fanout.io->counters());
  }
  ended(*fanout.turns);
}

/// The reactor comes to its end first, as it does where it has a thread: stop() sees to that.
void Server::run_both(LineThread& line, FanoutThread& fanout) {
  name_thread(kBothName);
  if (config_.pin) pin_thread(0);
  Idle idle(config_.spin_turns);
  SharedTurn both(*fanout.io, *line.line, *fanout.reactor, *line.log, config_.fanout);
  line.line->start();
  bool line_stopped = false;
  bool reactor_stopped = false;
  while (!line_stopped || !reactor_stopped || !line.line->link().left()) {
    const bool show = idle.worked(both.turn(idle.deadline()));
    line.turns->turned();
    if (show) {
      fanout.metrics->show(fanout.reactor->counters(), fanout.io->counters());
      line.metrics->show(*line.line, line.shared->status, line.io->counters());
    }
    if (!reactor_stopped && fanout.reactor->stopped()) {
      reactor_stopped = true;
      came_to_its_end();
    }
    // A1 <- R1: nothing hangs on it but the end.
    if (line_stopped || !line.stop.load(std::memory_order_acquire)) continue;
    line_stopped = true;
    line.line->stop();
  }
  both.turn(TimePoint{});  // see run_line
  ended(*line.turns);
}

void Server::ended(const core::TurnCount& turns) {
  watchdog_.unwatch(turns);
  came_to_its_end();
}

void Server::came_to_its_end() {
  const std::lock_guard lock(mutex_);
  ++ended_;
  ended_changed_.notify_all();
}

bool Server::wait_for_ends(std::size_t count, Nanos limit) {
  std::unique_lock lock(mutex_);
  return ended_changed_.wait_for(lock, limit, [&] { return ended_ >= count; });
}

bool Server::stop() {
  if (!running_) return true;
  watchdog_.stop();  // from here on stop_timeout is the bound
  for (const auto& fanout : fanouts_) fanout->reactor->request_stop();
  // Who is not through at half may be at the end: a connection lingers behind its goodbye.
  wait_for_ends(fanouts_.size(), config_.stop_timeout / 2);
  for (const auto& line : lines_) {
    // R1 -> A1: see run_line.
    line->stop.store(true, std::memory_order_release);
    line->io->wake();
  }
  if (!wait_for_ends(fanouts_.size() + lines_.size(), config_.stop_timeout / 2)) {
    log::write(log::Level::kError, "server",
               "a thread has not come to its end in time; it is left behind");
    for (const auto& fanout : fanouts_) leave(fanout->thread);
    for (const auto& line : lines_) leave(line->thread);
    return false;
  }
  for (const auto& fanout : fanouts_) join(fanout->thread);
  for (const auto& line : lines_) join(line->thread);
  running_ = false;
  return true;
}

}  // namespace cti::broker
