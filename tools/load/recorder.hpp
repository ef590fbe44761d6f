// recorder.hpp - the windows of time that are measured, and what fell into each.
//
// Shape    a step is open from one moment to another; whatever was *intended* between them belongs to it, whenever it came
//          to pass. What was intended while settling belongs to none.
// Threads  one owner.
#pragma once

#include "tools/load/result.hpp"

#include <deque>

namespace cti::load {

struct StepMeasure {
  TimePoint from{}, to{};
  double rate = 0;
  std::array<Histogram, kPaths> paths;
  Histogram late;
  Histogram answered;  ///< from the moment a call was sent to the simulator's word
  std::uint64_t sent = 0, no_agent = 0, refused = 0, unknown = 0, unseen = 0;
};

class Recorder {
 public:
  StepMeasure& open(double rate, TimePoint from, TimePoint to) {
    steps_.push_back({});
    steps_.back().rate = rate;
    steps_.back().from = from;
    steps_.back().to = to;
    return steps_.back();
  }
  /// The step that a moment belongs to; null: none.
  StepMeasure* at(TimePoint intended) noexcept {
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      if (intended >= step->to) return nullptr;
      if (intended >= step->from) return &*step;
    }
    return nullptr;
  }
  void add(Path path, TimePoint intended, TimePoint now) {
    if (StepMeasure* step = at(intended))
      step->paths[static_cast<std::size_t>(path)].add(now - intended);
  }
  /// The simulator has answered what was sent at `sent`.
  void answered(TimePoint intended, TimePoint sent, TimePoint now) {
    if (StepMeasure* step = at(intended)) step->answered.add(now - sent);
  }
  void late(TimePoint intended, TimePoint sent) {
    if (StepMeasure* step = at(intended)) step->late.add(sent - intended);
  }
  std::deque<StepMeasure>& steps() noexcept { return steps_; }

 private:
  std::deque<StepMeasure> steps_;  // references stay good
};

}  // namespace cti::load
