// recorder.hpp - a listener that writes down what the model tells, one short line per event.
#pragma once

#include "tools/simulator/model/model.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace cti::simulator {

inline const char* short_name(CallEventKind kind) {
  static const char* const names[] = {"begin",
                                      "end",
                                      "delivered",
                                      "established",
                                      "held",
                                      "retrieved",
                                      "cleared",
                                      "connection_cleared",
                                      "originated",
                                      "failed",
                                      "conferenced",
                                      "transferred",
                                      "diverted",
                                      "initiated",
                                      "queued",
                                      "dequeued",
                                      "reached_network",
                                      "data",
                                      "rtp_on",
                                      "rtp_off",
                                      "pre_call",
                                      "pre_call_abort",
                                      "translation_route",
                                      "greeting",
                                      "recording_on",
                                      "recording_off",
                                      "recording_failed",
                                      "recording_target"};
  return names[static_cast<std::size_t>(kind)];
}

class Recorder : public ModelListener {
 public:
  void on_call(const CallEvent& e) override {
    lines.push_back(std::string(e.device) + " " + short_name(e.kind) + " " +
                    std::to_string(static_cast<unsigned>(e.local)));
    last_call = e.number;
  }
  void on_agent(const AgentEvent& e) override { agents.push_back(e); }
  void on_system(SystemKind kind, std::uint32_t) override { systems.push_back(kind); }
  void on_team(const TeamEvent&) override {}
  void on_supervision(const SupervisionEvent& e) override { supervision.push_back(e); }
  void on_robot(std::uint32_t, std::uint64_t) override {}

  /// The events of one device, without it: "begin 2" ...
  std::vector<std::string> of(const std::string& device) const {
    std::vector<std::string> found;
    for (const std::string& line : lines) {
      if (line.starts_with(device + " ")) found.push_back(line.substr(device.size() + 1));
    }
    return found;
  }
  void clear() {
    lines.clear();
    agents.clear();
  }

  std::vector<std::string> lines;
  std::vector<AgentEvent> agents;
  std::vector<SystemKind> systems;
  std::vector<SupervisionEvent> supervision;
  CallNumber last_call = kNoCall;
};

}  // namespace cti::simulator
