// server.hpp - the whole server: a line thread per peripheral gateway, a thread per fan-out reactor, and what they share.
//
// Small    with fanouts = 0 the one reactor lives in the first line's thread, on its Io (shared_turn.hpp); further lines have
//          their threads, and ring its bell.
//
// Why      builds the parts in the order in which they depend on one another, runs them, ends them in the reverse order.
//          No logic of its own: the same lines and reactors run without it in the simulation.
// Threads  create, start, stop: one thread (the program's main thread). status(): any.
// Watched  every line and reactor: one that stands still ends the process with a line that names it (core/watchdog.hpp).
// End      stop() says goodbye to every session, then ends the lines; it returns within stop_timeout, whatever they do.
#pragma once

#include "broker/fanout/fanout.hpp"
#include "broker/line.hpp"
#include "broker/meet/admission.hpp"
#include "broker/meet/line_shared.hpp"
#include "broker/server_config.hpp"
#include "broker/server_metrics.hpp"
#include "broker/shared_turn.hpp"
#include "core/base/result.hpp"
#include "core/choose_io.hpp"
#include "core/io.hpp"
#include "core/watchdog.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace cti::broker {

/// Of the configuration; text that is no share has been refused before (parse_share).
std::vector<Admission::Share> shares_of(const FanoutConfig& config);

struct ServerError {
  enum class Kind : std::uint8_t { kPortInUse, kSystem, kConfig } kind = Kind::kSystem;
  std::string text;
};

class Server {
 public:
  /// Sets aside all memory, binds the port. No thread runs yet. `seed` decides back-off jitter, nothing else.
  static Result<std::unique_ptr<Server>, ServerError> create(const ServerConfig& config,
                                                             std::uint64_t seed);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  /// False: something was still not at its end at stop_timeout; its thread has been left behind.
  bool stop();

  std::uint16_t port() const;
  /// "io_uring", "epoll" or "simulated".
  std::string_view io_backend() const;

  std::size_t fanouts() const { return fanouts_.size(); }
  std::size_t lines() const { return lines_.size(); }
  /// As of a recent turn; nothing when the reactor was writing.
  std::optional<FanoutCounters> fanout_counters(std::size_t index) const;
  const LineShared& line_shared(std::size_t index) const { return *lines_[index]->shared; }
  const ServerConfig& config() const { return config_; }
  /// Every counter of every thread; values are at most a moment old.
  const core::MetricsRegistry& metrics() const { return metrics_; }
  core::MetricsRegistry& metrics() { return metrics_; }
  /// Any thread: takes over what can be changed while sessions live (see FanoutReactor::reconfigure, Admission).
  void apply_live(const ServerConfig& config);
  /// Any thread: while on, new sessions are refused and slow ones cut (M2).
  void set_short_of_memory(bool on);
  /// The lanes of all threads, for the trace: of the lines first.
  std::vector<TraceLane*> trace_lanes();

 private:
  struct LineThread {
    std::unique_ptr<core::Io> own_io;  // null: it shares the reactor's
    core::Io* io = nullptr;
    std::unique_ptr<ring::EventLog> log;
    std::unique_ptr<LineShared> shared;
    std::unique_ptr<Line> line;
    std::unique_ptr<LineMetrics> metrics;
    core::TurnCount* turns = nullptr;  // the watchdog's
    std::atomic<bool> stop{false};     // written by stop()
    std::thread thread;
  };
  struct FanoutThread {
    std::unique_ptr<core::Io> io;
    std::unique_ptr<FanoutShared> shared;
    std::unique_ptr<FanoutReactor> reactor;
    std::unique_ptr<FanoutMetrics> metrics;
    core::TurnCount* turns = nullptr;  // the watchdog's
    std::thread thread;                // none when it lives in the first line's
  };

  explicit Server(const ServerConfig& config);
  Result<void, ServerError> build(std::uint64_t seed);
  Result<void, ServerError> build_line(std::uint16_t index, const Position& start,
                                       std::uint64_t seed);
  Result<void, ServerError> build_fanouts();
  void run_line(LineThread& line, std::size_t index);
  void run_fanout(FanoutThread& fanout, std::size_t index);
  void run_both(LineThread& line, FanoutThread& fanout);
  void watch_threads();
  void ended(const core::TurnCount& turns);
  void came_to_its_end();
  bool wait_for_ends(std::size_t count, Nanos limit);

  const ServerConfig config_;
  core::MetricsRegistry metrics_;
  core::Watchdog watchdog_;
  core::IoDecision decision_;
  std::unique_ptr<Admission> admission_;
  // Fan-out reactors refer to what the lines share and the other way round: threads end before either is destroyed.
  std::vector<std::unique_ptr<LineThread>> lines_;
  std::vector<std::unique_ptr<FanoutThread>> fanouts_;
  std::mutex mutex_;
  std::condition_variable ended_changed_;
  std::size_t ended_ = 0;  // lines and reactors at their end
  bool running_ = false;
  FanoutConfig live_;  // what the reactors have been told last; guarded by mutex_
};

}  // namespace cti::broker
