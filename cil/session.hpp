// session.hpp - CCtiOsSession: the connection to a pair of CTI OS servers, and everything that hangs on it.
//
// Why      one object owns the connection, the agents, calls and skill groups, the events and the failover.
// Threads  by default the session has one event thread, and every callback runs on it. With SessionOptions::own_thread
//          false the program's own loop drives it: wait until fd() is readable or timeout_ms() has passed, then process().
//          All other methods may be called from any thread, also inside handlers. Handlers should be short.
// Life     connected, then exactly one mode: SetAgent (agent mode) or SetMessageFilter (monitor mode), until Disconnect.
//          When the connection is lost the session goes to the other server by itself and restores the mode.
// End      Disconnect, wait for OnConnectionClosed, then destroy. Destroying earlier stops everything at once, silently. A
//          handler may destroy its own session, in that event or any other: nothing is told after it, to nobody.
// Returns  CIL_OK: arguments are fine and the work is queued. Results are events. Test codes by name.
#pragma once

#include "cil/agent.hpp"
#include "cil/call.hpp"
#include "cil/events.hpp"
#include "cil/object.hpp"
#include "cil/session_limits.hpp"
#include "cil/silent_monitor.hpp"
#include "cil/skill_group.hpp"
#include "cil/wait_object.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace cti::core {
class Io;
}
namespace cti::wire {
enum class ObjectKind : std::uint8_t;
}

namespace cti::cil {

namespace detail {
class Engine;
}

struct SessionOptions {
  bool own_thread = true;  ///< false: the caller's loop calls process()
  std::optional<std::uint64_t>
      seed;                      ///< of the choice of the first server; from the system when absent
  /// After the OnConnectionFailure with FinalAttempt go on without a word; a success is an OnConnection as after any
  /// failover, and a Connect meanwhile is accepted. False, as CTI OS: no further attempt.
  bool keep_trying = true;
  SessionLimits limits;          ///< what is kept for the server's sake
  std::shared_ptr<core::Io> io;  ///< a socket layer of one's own (tests); epoll when null
};

class CCtiOsSession : public CCtiOsObject {
 public:
  explicit CCtiOsSession(SessionOptions options = {});
  ~CCtiOsSession() override;

  /// CtiosA, CtiosB, PortA, PortB (42028), Heartbeat (seconds, 5), MaxHeartbeats (3). One host is enough.
  /// E_CTIOS_INVALID_ARGUMENT (null, or a value out of range), E_CTIOS_MISSING_ARGUMENT (no host), E_CTIOS_IN_FAILOVER
  /// (an earlier Connect still tries, and has not told its FinalAttempt), E_CTIOS_MODE_CONFLICT (already connected).
  int Connect(const Arguments& args);
  int Connect(const Arguments* args);
  /// Goes ahead of queued requests, which end with OnControlFailureConf; then OnConnectionClosed, the last event. Without
  /// a mode ForcedDisconnect is needed (E_CTIOS_MODE_NOT_SET). E_CTIOS_SESSION_DISCONNECT_PENDING, ..._NOT_CONNECTED.
  int Disconnect(const Arguments& args = no_arguments());

  /// Agent mode. The agent has AgentID (or LoginName) and PeripheralID, else E_CTIOS_MISSING_ARGUMENT. The same agent
  /// again: E_CTIOS_AGENT_ALREADY_IN_SESSION. Monitor mode, or another agent: ..._SET_AGENT_SESSION_DISCONNECT_REQUIRED.
  int SetAgent(CAgent& agent);
  /// Null clears the current agent: OnCurrentAgentReset. From then on nothing of it is told, and another one, or the same
  /// again, may be set: agent mode anew, on a new connection to the same server that is not told of.
  int SetAgent(CAgent* agent);
  /// Monitor mode with a filter as "MessageID=30;AgentID=10*,2001". E_CTIOS_MODE_SET_ALREADY when a mode is set.
  int SetMessageFilter(const std::string& filter);
  /// Filter, and MonitorSessionSnapshotMode = 1 for no snapshot.
  int SetMessageFilter(const Arguments& args);
  int SetMessageFilterArgs(const Arguments& args);

  /// OnGlobalSettingsDownloadConf; its arrays become properties of the session. DesktopType is 0 or 1.
  int RequestDesktopSettings(const Arguments& args);
  int SendIdentifyClientRequest();
  /// PeripheralID, SkillGroupNumber, SkillGroupPriority (not looked at); without them all groups that are known. OnSkillInfoEvent
  /// and OnSkillGroupStatisticsUpdated follow. StatisticsIntervalMs (our own, 1000): told no more often. In a mode only.
  int EnableSkillGroupStatistics(const Arguments& args = no_arguments());
  int DisableSkillGroupStatistics(const Arguments& args = no_arguments());
  int SetSupervisorSilentMonitorMode(const Arguments& args);

  /// Null when there is none. With a reference for the caller.
  CAgent* GetCurrentAgent() const;
  CCall* GetCurrentCall() const;
  /// OnCurrentCallChanged and OnButtonEnablementChange follow. E_CTIOS_CALL_ALREADY_CURRENT_IN_SESSION, E_CTIOS_INVALID_CALL.
  int SetCurrentCall(CCall& call);
  int SetCurrentCall(CCall* call);
  /// UniqueObjectID -> CilRefArg. With a reference for the caller.
  Arguments& GetAllAgents() const;
  Arguments& GetAllCalls() const;
  Arguments& GetAllSkillGroups() const;
  /// False for an unknown id; `object` has a reference for the caller.
  bool GetObjectFromObjectID(const std::string& uniqueObjectID, CCtiOsObject** object) const;

  // Beyond CTI OS (README, "Why is this button grey?").
  /// Of one button, ENABLE_HOLD for example: why it is grey, or that it is on. `object` is an agent or a call that this session
  /// sees. The answer is the event eExplainButtonConf (generic listeners of all events, wait objects).
  /// E_CTIOS_INVALID_ARGUMENT: not a single bit; E_CTIOS_INVALID_OBJECT_TYPE: no UniqueObjectID.
  int ExplainButton(const CCtiOsObject& object, std::uint32_t button);
  /// The same of a supervisor's button (ENABLE_BARGE_IN) for the agent that is monitored, or its call.
  int ExplainSupervisorButton(const CCtiOsObject& object, std::uint32_t button);

  /// Bits of PGStatus: 8 CTI Server offline, 4 a peripheral offline, 2 central controller down; 0 all well.
  int GetSystemStatus() const;
  bool IsAgent() const;
  bool IsSupervisor() const;
  bool IsCCMSilentMonitor() const;

  /// How often handlers have thrown; each was traced, and told as OnFailure.
  std::uint64_t HandlerExceptions() const;

  /// Mask keys Event1 .. EventN. Null for an empty or wrong mask, and beyond 1,024 wait objects at a time.
  CWaitObject* CreateWaitObject(const Arguments& args);
  void DestroyWaitObject(CWaitObject* wait_object);

  CSilentMonitorManager* CreateSilentMonitorManager(
      const Arguments& args);  ///< null: not there yet
  int DestroySilentMonitorManager(CSilentMonitorManager* manager);
  CSilentMonitorManager* GetCurrentSilentMonitor() const;  ///< null: not there yet
  int SetCurrentSilentMonitor(CSilentMonitorManager* manager);

  /// A listener is told every event of its interface until it is removed. Remove returns when no handler of it runs
  /// any more (except inside a handler, where it returns at once). E_CTIOS_INVALID_ARGUMENT: null, or not registered.
  int AddSessionEventListener(ISessionEvents* listener);
  int AddCallEventListener(ICallEvents* listener);
  int AddAgentEventListener(IAgentEvents* listener);
  int AddSkillGroupEventListener(ISkillGroupEvents* listener);
  int AddButtonEnablementEventListener(IButtonEnablementEvents* listener);
  int AddSilentMonitorEventListener(ISilentMonitorEvents* listener);
  int AddMonitoredAgentEventListener(IMonitoredAgentEvents* listener);
  int AddMonitoredCallEventListener(IMonitoredCallEvents* listener);
  int AddAllInOneEventListener(IAllInOne* listener);
  int RemoveSessionEventListener(ISessionEvents* listener);
  int RemoveCallEventListener(ICallEvents* listener);
  int RemoveAgentEventListener(IAgentEvents* listener);
  int RemoveSkillGroupEventListener(ISkillGroupEvents* listener);
  int RemoveButtonEnablementEventListener(IButtonEnablementEvents* listener);
  int RemoveSilentMonitorEventListener(ISilentMonitorEvents* listener);
  int RemoveMonitoredAgentEventListener(IMonitoredAgentEvents* listener);
  int RemoveMonitoredCallEventListener(IMonitoredCallEvents* listener);
  int RemoveAllInOneEventListener(IAllInOne* listener);
  /// The same with one callback OnEvent(id, args), by list: eSessionList, eCallList, ... eAllInOneList.
  int AddEventListener(IGenericEvents* Listener, int iListID);
  int RemoveEventListener(IGenericEvents* Listener, int iListID);
  int AddListener(IGenericEvents* Listener, int iListID) {
    return AddEventListener(Listener, iListID);
  }
  int RemoveListener(IGenericEvents* Listener, int iListID) {
    return RemoveEventListener(Listener, iListID);
  }
  /// The same: Listener, a ListenerArg, and ListID. E_CTIOS_MISSING_ARGUMENT when one of them is not there.
  int AddEventListener(const Arguments& rArguments);
  int RemoveEventListener(const Arguments& rArguments);
  int AddSessionEventGenericListener(IGenericEvents* listener);
  int AddCallEventGenericListener(IGenericEvents* listener);
  int AddAgentEventGenericListener(IGenericEvents* listener);
  int AddSkillGroupEventGenericListener(IGenericEvents* listener);
  int AddButtonEnablementEventGenericListener(IGenericEvents* listener);
  int AddSilentMonitorEventGenericListener(IGenericEvents* listener);
  int AddAllInOneEventGenericListener(IGenericEvents* listener);
  int RemoveSessionEventGenericListener(IGenericEvents* listener);
  int RemoveCallEventGenericListener(IGenericEvents* listener);
  int RemoveAgentEventGenericListener(IGenericEvents* listener);
  int RemoveSkillGroupEventGenericListener(IGenericEvents* listener);
  int RemoveButtonEnablementEventGenericListener(IGenericEvents* listener);
  int RemoveSilentMonitorEventGenericListener(IGenericEvents* listener);
  int RemoveAllInOneEventGenericListener(IGenericEvents* listener);

  /// Caller's loop: readable when process() has something to do. -1 when the session has its own thread.
  int fd() const;
  /// Caller's loop: call process() at the latest after so many milliseconds. -1 when the session has its own thread.
  int timeout_ms() const;
  /// Caller's loop: does what there is to do and calls the handlers; waits at most `wait_ms` for something to do.
  /// Returns how much was done: 0 also while another thread does it, one that waits on a WaitObject.
  std::uint32_t process(int wait_ms = 0);

 protected:
  bool lookup(const Key& key, Arg* value) const override;
  void collect(Arguments* all) const override;

 private:
  int clear_agent();
  int request(wire::RequestId request, const Arguments& args);
  int explain(const CCtiOsObject& object, enum_Keywords mask, std::uint32_t button);
  int request_in_mode(wire::RequestId request, const Arguments& args);
  Arguments& all_of(wire::ObjectKind kind) const;

  const bool keep_trying_;
  std::shared_ptr<detail::SessionCore> core_;
  std::shared_ptr<detail::Engine> engine_;  ///< shared with whoever runs a turn of it
  std::thread thread_;
};

}  // namespace cti::cil
