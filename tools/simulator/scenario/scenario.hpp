// scenario.hpp - a scenario file: what happens in a call centre, step by step, and what clients must be told of it.
//
// Why      demos, bug reports and customers' own tests: readable by people, played by ringside-sim against its own model.
// Shape    read_scenario() turns the text into Steps and finds every mistake before anything runs; ScenarioPlayer
//          (scenario_player.hpp) carries them out. SCENARIOS.md is the language.
// Bounds   kScenarioBytesMax of text, kStepsMax steps; a longer file is refused.
// Threads  none of its own.
#pragma once

#include "tools/simulator/load/load.hpp"
#include "tools/simulator/server/server.hpp"
#include "tools/simulator/text/message_text.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cti::simulator {

inline constexpr std::size_t kScenarioBytesMax = 1024 * 1024;
inline constexpr std::size_t kStepsMax = 10'000;
inline constexpr Nanos kPatience = Seconds(5);  ///< of an expectation without `within`

/// A client opens a session; `answer` is what it must be told (OPEN_CONF when nothing is said).
struct OpenStep {
  std::string client;
  ged::Version version = 0;  ///< 0: that of the run
  Side side = Side::kA;
  std::uint32_t services = 0;
  std::vector<FieldTest> fields;
  MessageText answer;
  Nanos within = kPatience;
};
/// A client sends a request; with `answer` it waits for the message that repeats the InvokeID.
struct AskStep {
  std::string client;
  MessageText request;
  std::optional<MessageText> answer;
  Nanos within = kPatience;
};
struct RawStep {
  std::string client;
  std::vector<std::byte> bytes;
};
struct ConnectionStep {
  enum class What : std::uint8_t { kClose, kReset, kStopReading, kRead } what{};
  std::string client;
};
/// What a client must be told, or must not.
struct ExpectStep {
  enum class What : std::uint8_t { kSome, kNext, kAnyOrder, kNone, kNothing, kClosed } what{};
  std::string client;
  std::vector<MessageText> messages;
  std::vector<std::size_t> lines;  ///< of each message
  Nanos within = kPatience;        ///< kNone, kNothing: for so long
};
/// How things must stand in the model.
struct StateStep {
  enum class What : std::uint8_t {
    kAgent,    ///< agent `id` is in state `number`
    kView,     ///< call `id` at station `at` is in connection state `number`
    kEnded,    ///< call `id` is over
    kParties,  ///< call `id` has so many parties
    kCalls,    ///< so many calls there are
    kQueue,    ///< so many wait for skill group `id`
    kClients   ///< so many sessions are open
  } what{};
  std::string id, at, words;  ///< words: as written, for reports
  std::uint32_t number = 0;
  Nanos within = kPatience;
};

/// What somebody at a station does.
enum class Verb : std::uint8_t {
  kLogIn,
  kGo,  ///< to agent state `number`, for reason `reason`
  kAnswer,
  kHold,
  kRetrieve,
  kDrop,   ///< own connection
  kClear,  ///< the whole call
  kDial,
  kConsult,
  kTransfer,
  kBlindTransfer,
  kConference,
  kSingleStep,
  kAlternate,
  kReconnect,
  kDeflect,
  kDtmf,
  kSupervise,  ///< action `number` on agent `to`
  kAssist,
  kEmergency,
  kMarkBad,
};
struct ActStep {
  Verb verb{};
  bool by_station = false;  ///< `who` is a station, not an agent
  std::string who, call, other, to, as;
  std::uint32_t number = 0;
  std::uint16_t reason = 0;
  CallDataPatch data;
  std::optional<std::uint32_t> refused;  ///< must be refused so; 0: in whatever way
};
struct ArriveStep {
  std::string as;
  OutsideCall call;
};
struct HangUpStep {
  std::string call;
};
struct DataStep {
  std::string call;
  CallDataPatch data;
  std::optional<std::uint32_t> refused;
};
/// A control command (control.cpp), faults among them.
struct DoStep {
  std::string command;
  bool fails = false;
};
struct WaitStep {
  Nanos time{0};
  bool until = false;  ///< since the beginning of the scenario, not since now
};
struct SayStep {
  std::string text;
};

struct Step {
  std::size_t line = 0;
  std::string text;                     ///< as written, shown.hpp, for reports
  ged::Version since = 0, until = 255;  ///< runs at these versions only
  std::variant<OpenStep, AskStep, RawStep, ConnectionStep, ExpectStep, StateStep, ActStep,
               ArriveStep, HangUpStep, DataStep, DoStep, WaitStep, SayStep>
      what;
};

struct Scenario {
  std::string file, title;
  ged::Version since = 0, until = 255;  ///< versions to which it applies
  std::optional<std::uint64_t> seed;
  Settings gateway;       ///< what was handed to read_scenario(), with the file's own changes
  ServerSettings server;  ///< only `strict` and `standby_b` are the file's
  LoadSettings load;
  std::vector<Step> steps;
};

/// `file` is for the errors only. Errors are lines "FILE:LINE: what is wrong, and what was expected", all of them.
Result<Scenario, std::string> read_scenario(std::string_view text, const std::string& file,
                                            const Settings& gateway = default_settings());
/// The same from a file.
Result<Scenario, std::string> read_scenario_file(const std::string& path,
                                                 const Settings& gateway = default_settings());

}  // namespace cti::simulator
