// run.hpp - the run itself: open, settle, hold each rate, drain, compare; one thread, one loop.
//
// Loop     one turn reads what has come, wakes robots, sends what is due. Only a turn without work sleeps, and it sleeps to
//          the moment (not the millisecond) of the next thing due.
// Ends     a server or simulator that goes away, an own schedule that is not kept, or a signal end the run; steps measured
//          before that stand.
#pragma once

#include "tools/load/crowd.hpp"
#include "tools/load/deployment.hpp"
#include "tools/load/process_meter.hpp"
#include "tools/load/result.hpp"
#include "tools/load/switch_control.hpp"

#include <atomic>
#include <functional>

namespace cti::load {

class Run {
 public:
  using Told = std::function<void(const StepResult&)>;
  /// What is going on, several times a second; empty: the line is no longer true.
  using Progress = std::function<void(TimePoint now, const std::string& text)>;

  /// `stop` is looked at every turn; `told` is called after each step. All must outlive the run.
  Run(core::Io& io, const Options& options, Deployment& deployment, const std::atomic<bool>& stop,
      Told told, Progress progress = {});

  /// Opens everything. The error is a sentence: nothing can be measured.
  Result<void, std::string> open();
  /// Holds each rate in turn, then drains and compares. To be called once, after open().
  void measure();

  LoadResult& result() noexcept { return result_; }

 private:
  struct Reading {
    ProcessReading server, simulator, own;
    TimePoint at{};
    std::uint64_t records = 0, ended = 0;
    PositionFaults faults;
  };

  std::uint32_t turn();
  std::uint32_t send_due(TimePoint now);
  void send_one(TimePoint intended);
  void sleep_until_due(TimePoint at_most);
  /// Turns until `done` or `until`. False: the run is over.
  bool pump(TimePoint until, const std::function<bool()>& done = {});
  bool over() const noexcept { return result_.ending != Ending::kWhole; }
  void end(Ending how, std::string why);
  void look_after_programs();
  void tell_progress();

  Reading read() const;
  bool step(double rate);
  void put_together(StepResult& result, const StepMeasure& measure) const;
  /// Neither the server nor the simulator has gone away.
  bool both_there() const;
  void finish_steps();
  void drain();

  core::Io& io_;
  const Options& options_;
  Deployment& deployment_;
  const std::atomic<bool>& stop_;
  Told told_;
  Progress progress_;
  double rate_ = 0;          // of the step under way; 0: opening or draining
  TimePoint from_{}, to_{};  // of that step
  bool draining_ = false;
  Recorder recorder_;
  Crowd crowd_;
  SwitchControl control_;
  Arrivals arrivals_;
  core::Random random_;
  std::vector<core::Completion> completions_;
  TimePoint next_look_{};
  LoadResult result_;
};

}  // namespace cti::load
