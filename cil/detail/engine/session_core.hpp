// session_core.hpp - what a session, its objects and its event thread share.
//
// Why      objects outlive the session that made them, and every method may be called from any thread.
// Shape    SessionCore holds the state that return codes are decided by, the objects, the listeners, and the queue of work
//          for the event thread. Engine (engine.hpp) is the event thread's side.
// Order    what a call decides and what it queues happen under one lock, so the queue holds work of the life that is, never
//          of one before: it is emptied in the step that ends a life. Connect and Disconnect are not in it: the state word
//          (session_state.hpp) is their queue.
// Threads  one mutex for state and queue, never held while a handler or the Io runs. Not the hot path. Taken before the
//          mutex of Objects, that before an object's own.
// Bounds   kRequestsMax requests between their call and their answer, kRequestBytesMax of their arguments, kWorkMax of
//          work in the queue; more is refused with E_CTIOS_SERVICE_SEND_MESSAGE_FAILED and changes nothing.
#pragma once

#include "cil/agent.hpp"
#include "cil/call.hpp"
#include "cil/detail/engine/dispatcher.hpp"
#include "cil/detail/engine/session_state.hpp"
#include "cil/detail/objects/objects.hpp"
#include "cil/detail/transport/transport.hpp"
#include "cil/session_limits.hpp"
#include "cil/wait_object.hpp"
#include "core/base/statistics_limits.hpp"
#include "core/io.hpp"
#include "wire/arguments.hpp"
#include "wire/event_id.hpp"
#include "wire/session_frame.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cti::cil::detail {

inline constexpr std::size_t kRequestsMax = limits::kClientRequestsMax;
inline constexpr std::size_t kRequestBytesMax = limits::kClientRequestBytesMax;
inline constexpr std::size_t kWorkMax = 2 * kRequestsMax;
static_assert(SessionLimits{}.objects_max == limits::kClientObjectsMax &&
              SessionLimits{}.object_bytes_max == limits::kClientObjectBytesMax &&
              SessionLimits{}.snapshot_bytes_max == limits::kClientSnapshotBytesMax);
static_assert(kWorkMax > kRequestsMax, "requests alone never fill the queue");
static_assert(kRequestBytesMax > 64 * wire::limits::kClientFrameBytesMax,
              "the largest requests come dozens at a time");

/// Does a request work from end to end yet? The rest is refused at once with E_CTIOS_METHOD_NO_IMPLEMENTED.
bool works(wire::RequestId request) noexcept;

/// The arguments of a mode as they travel. Nothing: with every position, and `beside` bytes, they do not fit into a frame.
std::optional<wire::Arguments> mode_arguments(const Arguments& args, std::size_t beside = 0);

/// One request on its way.
struct Request {
  std::uint64_t id = 0;
  wire::RequestId request{};
  std::string target;                ///< UniqueObjectID; empty: the session, or an agent that has none yet
  bool of_mode = false;              ///< to an object: needs the mode that it was asked for in
  std::vector<std::byte> arguments;  ///< an Arguments block
  bool login = false;                ///< its arguments log in again after a failover
  bool again = false;                ///< the library's own, after a loss: only a refusal is told
};

/// A mode has been set by the program.
struct ModeAsked {
  std::uint64_t number = 0;  ///< State::mode_number; an older one no longer counts
  wire::SubscribeMode mode{};
  wire::Arguments args;
};
struct AgentCleared {
  std::string object_id;
};
struct CallChosen {
  std::string object_id;
};
using Work = std::variant<Request, ModeAsked, AgentCleared, CallChosen>;

/// Whom a supervisor's session watches: what the server has confirmed. It is said again after a loss.
struct Watching {
  bool members = false;
  bool all_teams = false;
  bool may_be_monitored = false;  ///< by other supervisors
  std::set<std::uint32_t> teams;
  std::string agent;  ///< UniqueObjectID of the monitored agent; empty: none
  std::string call;   ///< likewise, of the monitored call

  bool any() const noexcept {
    return members || all_teams || may_be_monitored || !teams.empty() || !agent.empty();
  }
};

/// Statistics that the program has enabled: what a server has confirmed. It is asked for again after a loss.
struct StatisticsWanted {
  std::set<std::string> agents;  ///< UniqueObjectIDs
  std::set<std::string> groups;  ///< likewise, named one by one
  std::set<std::string>
      all_of;  ///< all groups of these agents; empty text: all that there are, or the session's own agent's
  std::set<std::string> without;  ///< of all_of, those that were disabled one by one
  std::int64_t interval_ms = 0;   ///< 0: the server's own

  bool room() const noexcept {
    return agents.size() + groups.size() + without.size() < limits::kClientStatisticsWantedMax;
  }
  bool any() const noexcept { return !agents.empty() || !groups.empty() || !all_of.empty(); }
};

class SessionCore : public std::enable_shared_from_this<SessionCore> {
 public:
  SessionCore(std::shared_ptr<core::Io> io, bool own_thread, const SessionLimits& limits);

  Objects& objects() noexcept { return *objects_; }
  Dispatcher& dispatcher() noexcept { return dispatcher_; }
  core::Io& io() noexcept { return *io_; }
  bool own_thread() const noexcept { return own_thread_; }
  const SessionLimits& limits() const noexcept { return limits_; }

  /// Queues a request to the session. CIL_OK or why not.
  int submit(wire::RequestId request, const Arguments& args);
  /// Queues one to an object, which needs a mode. `target` empty: an agent whose UniqueObjectID no server has told yet.
  int submit_to(const std::string& target, wire::RequestId request, const Arguments& args,
                bool login = false);
  void stop();  ///< the session is being destroyed: nothing more is accepted
  bool stopped() const;
  void wake() { io_->wake(); }

  /// State that both sides read and write, under the lock of with().
  struct State {
    SessionState word;
    TransportConfig config;  ///< of the Connect that was accepted last
    ConnectionMode mode = eNotConnected;
    std::uint64_t mode_number = 0;  ///< one more with each mode that is set
    Ref<CAgent> agent;              ///< the current agent
    std::string agent_id;           ///< its UniqueObjectID, empty until known
    Arguments agent_args;           ///< AgentID, PeripheralID and so on, as SetAgent got them
    std::string call_id;            ///< the current call; empty: none
    Watching watching;
    StatisticsWanted statistics;
    Arguments properties;           ///< of the session
    std::deque<Work> work;          ///< for the event thread, in order
    std::size_t requests = 0;       ///< between their call and their end
    std::size_t request_bytes = 0;  ///< of their arguments
    std::uint64_t next_request = 1;

    /// CIL_OK when a server can be asked now; else the code that says why not.
    int may_act() const noexcept;
    bool room() const noexcept { return work.size() < kWorkMax; }
    /// A request begins; false: too many are under way.
    bool count(Request& request) noexcept;
    void uncount(const Request& request) noexcept;
    void invariants() const;
  };
  template <class F>
  auto with(F&& f) {
    const std::lock_guard lock(mutex_);
    return f(state_);
  }
  template <class F>
  auto with(F&& f) const {
    const std::lock_guard lock(mutex_);
    return f(static_cast<const State&>(state_));
  }
  /// A call: `decide(State&)` returns CIL_OK, having put what follows into the state and its queue, or why not. Returns
  /// that; the event thread has been woken.
  template <class F>
  int act(F&& decide) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return E_CTIOS_INVALID_SESSION;
      if (const int refused = decide(state_); refused != CIL_OK) return refused;
    }
    wake();
    return CIL_OK;
  }
  /// Event thread: the next piece of work.
  bool take_work(Work* work);

  CWaitObject* make_wait_object(const Arguments& mask);
  /// Waits as CWaitObject says.
  WaitResult wait(Waiter& waiter, int milliseconds);
  /// Set by a session without an own thread: runs its loop once, waiting at most so many milliseconds. False: another thread
  /// runs it.
  std::function<bool(Millis)> drive;

 private:
  int submit(Request made, const Arguments& args);

  const std::shared_ptr<core::Io> io_;
  const bool own_thread_;
  const SessionLimits limits_;
  std::unique_ptr<Objects> objects_;
  Dispatcher dispatcher_;

  mutable std::mutex mutex_;  // guards what follows
  State state_;
  bool stopped_ = false;

  friend std::shared_ptr<SessionCore> make_core(std::shared_ptr<core::Io> io, bool own_thread,
                                                const SessionLimits& limits);
};

std::shared_ptr<SessionCore> make_core(std::shared_ptr<core::Io> io, bool own_thread,
                                       const SessionLimits& limits);

}  // namespace cti::cil::detail
