// model_events.hpp - what the model tells its listeners, at the moment it happens.
//
// Why      one place turns facts into GED-188 messages (messages/); the load generator listens to the same facts.
// Lifetime references and pointers hold during the call only. A listener changes nothing in the model: it arms a timer.
#pragma once

#include "tools/simulator/model/agent.hpp"
#include "tools/simulator/model/call.hpp"

namespace cti::simulator {

enum class CallEventKind : std::uint8_t {
  kBegin,
  kEnd,
  kDelivered,
  kEstablished,
  kHeld,
  kRetrieved,
  kCleared,
  kConnectionCleared,
  kOriginated,
  kFailed,
  kConferenced,
  kTransferred,
  kDiverted,
  kServiceInitiated,
  kQueued,
  kDequeued,
  kReachedNetwork,
  kDataUpdate,
  kRtpStarted,
  kRtpStopped,
  kPreCall,
  kPreCallAbort,
  kTranslationRoute,  ///< the router tells what comes; no call and no device are named
  kGreeting,          ///< agent greeting, `code` says which
  kRecordingStarted,  ///< by the network; so the next three
  kRecordingEnded,
  kRecordingFailed,
  kRecordingTarget,
};
inline constexpr std::size_t kCallEventKinds =
    static_cast<std::size_t>(CallEventKind::kRecordingTarget) + 1;

/// Something happened to a call, as one station (or, for queue events, the route point) sees it.
struct CallEvent {
  CallEventKind kind{};
  const Call* call = nullptr;
  CallNumber number =
      kNoCall;  ///< ConnectionCallID by which the view knows the call at this moment
  StationIndex station = kNoIndex;  ///< ConnectionDeviceID; kNoIndex: the route point `device`
  std::string_view device;
  ConnectionState local = ConnectionState::kNull;
  Cause cause = Cause::kNone;
  const Party* subject =
      nullptr;  ///< alerting, answering, holding, releasing, failing, transferring, controlling device
  const Party* other = nullptr;    ///< transferred or added party
  CallNumber secondary = kNoCall;  ///< transfer, conference: the consult call
  CallNumber renamed = kNoCall;    ///< data update: the view is known by this number from now on
  std::uint32_t items = 0;         ///< data update: data_item bits
  AgentIndex agent = kNoIndex;     ///< who sits at the station
  std::uint16_t code = 0;  ///< greeting: AgentGreetingEventCode; failed recording: its cause
};

/// The configuration has changed while the gateway runs.
struct ConfigEvent {
  enum class Item : std::uint8_t { kSkillGroup, kAgent, kDevice } item{};
  enum class Change : std::uint8_t { kAdd, kChange, kDelete } change{};
  std::uint32_t index =
      0;  ///< of the agent, group or station; what was deleted can still be looked at
};

struct AgentEvent {
  AgentIndex agent = kNoIndex;
  bool repeated = false;  ///< neither state nor reason differ from the event before
};

enum class SystemKind : std::uint8_t {
  kControllerOnline = 1,
  kControllerOffline = 2,
  kPeripheralOnline = 3,
  kPeripheralOffline = 4,
  kText = 5,
  kHalfHour = 9,
};

struct TeamEvent {
  std::uint32_t team = 0;  ///< index
  AgentIndex agent = kNoIndex;
  bool added = true;
};

struct SupervisionEvent {
  enum class Kind : std::uint8_t { kAssist, kEmergency } kind{};
  CallNumber call = kNoCall;  ///< kNoCall: nobody was found who could be called
  StationIndex station = kNoIndex;
  AgentIndex agent = kNoIndex;
};

class ModelListener {
 public:
  virtual ~ModelListener() = default;
  virtual void on_call(const CallEvent& event) = 0;
  virtual void on_agent(const AgentEvent& event) = 0;
  virtual void on_system(SystemKind kind, std::uint32_t argument) = 0;
  virtual void on_team(const TeamEvent& event) = 0;
  virtual void on_supervision(const SupervisionEvent& event) = 0;
  virtual void on_config(const ConfigEvent&) {}
  virtual void on_robot(std::uint32_t id, std::uint64_t stamp) = 0;
};

}  // namespace cti::simulator
