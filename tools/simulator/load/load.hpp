// load.hpp - callers and agents who are not there: calls arrive by chance, robots answer, talk, pass on and wrap up.
//
// Why      load tests, demos without people, and statistics that look like a call centre's.
// Shape    listens to the model like a server does and acts through the same operations, at times that it draws from its own
//          seed. Open loop: calls arrive whether or not anybody can take them.
// Threads  the model's.
#pragma once

#include "core/random.hpp"
#include "tools/simulator/model/model.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cti::simulator {

/// A length of time to draw. Seconds of model time.
struct Duration {
  enum class Kind : std::uint8_t { kFixed, kUniform, kExponential } kind = Kind::kExponential;
  double mean_s = 0;    ///< kFixed: the value; kUniform: the middle
  double spread_s = 0;  ///< kUniform: half the width

  /// "180" (exponential), "fixed:180", "uniform:120-240". Nothing: not understood.
  static std::optional<Duration> parse(std::string_view text);
  /// What parse() reads.
  std::string text() const;
  Nanos draw(core::Random& random) const;
};

struct LoadSettings {
  double calls_per_second = 0;  ///< 0: no callers
  Duration answer{Duration::Kind::kUniform, 3, 2};
  Duration talk{Duration::Kind::kExponential, 180, 0};
  Duration wrapup{Duration::Kind::kExponential, 30, 0};
  Duration patience{Duration::Kind::kExponential, 120, 0};
  double transfer = 0;      ///< chance that an answered call is passed on
  double conference = 0;    ///< chance that a third is asked in
  bool robots = false;      ///< all agents are robots, not only those configured so
  std::vector<double> day;  ///< 24 factors on calls_per_second by the hour of model time; empty: 1
  std::uint64_t seed = 1;
};

/// 24 factors, by comma or blank, or a profile by name: "flat", "office" (nine to five, lunch, quiet nights), "evening".
/// Factors are 0 .. 100. Nothing: not understood.
std::optional<std::vector<double>> read_day(std::string_view text);

class LoadGenerator : public ModelListener {
 public:
  /// Adds itself to the model's listeners; must outlive the model's last use.
  LoadGenerator(Model& model, const LoadSettings& settings);

  void on_call(const CallEvent& event) override;
  void on_agent(const AgentEvent& event) override;
  void on_system(SystemKind kind, std::uint32_t argument) override;
  void on_team(const TeamEvent&) override {}
  void on_supervision(const SupervisionEvent&) override {}
  void on_robot(std::uint32_t id, std::uint64_t stamp) override;

 private:
  enum class Act : std::uint32_t {
    kArrive = 1,
    kLogin,
    kReady,
    kAnswer,
    kTalkEnds,
    kConsult,
    kComplete,
    kRecover
  };

  void arm(Nanos in, Act act, std::uint32_t who, CallNumber call = 0);
  bool is_robot(AgentIndex agent) const;
  void arrive();
  void consult(StationIndex station, CallNumber call);
  void complete(StationIndex station, CallNumber call);

  Model& model_;
  LoadSettings settings_;
  core::Random random_;
};

}  // namespace cti::simulator
