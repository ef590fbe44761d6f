// session_core.hpp - what a session, its objects and its event thread share.
//
// Why      objects outlive the session that made them, and every method may be called from any thread.
// Shape    SessionCore holds the state that return codes are decided by, the objects, the listeners, and the queue of work
//          for the event thread. Engine (engine.hpp) is the event thread's side.
// Threads  one mutex for state and queue, never held while a handler or the Io runs. Not the hot path.
// Bounds   kRequestsMax requests between their call and their answer; more are refused with
//          E_CTIOS_SERVICE_SEND_MESSAGE_FAILED.
#pragma once

#include "cil/agent.hpp"
#include "cil/call.hpp"
#include "cil/detail/engine/dispatcher.hpp"
#include "cil/detail/objects/objects.hpp"
#include "cil/wait_object.hpp"
#include "core/io.hpp"
#include "wire/event_id.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace cti::cil::detail {

class Engine;
struct Request;
/// Engine::start, for those who do not see its class.
void start(Engine& engine, const Request& request);

inline constexpr std::size_t kRequestsMax = 1024;

enum class Link : std::uint8_t {
  kDisconnected,
  kConnecting,  ///< the first Connect still tries
  kConnected,
  kFailover,       ///< was connected, tries to be so again
  kDisconnecting,  ///< OnConnectionClosed is on its way
};

/// Does a request work from end to end yet? The rest is refused at once with E_CTIOS_METHOD_NO_IMPLEMENTED.
bool works(wire::RequestId request) noexcept;

/// One request on its way.
struct Request {
  std::uint64_t id = 0;
  wire::RequestId request{};
  std::string target;                ///< UniqueObjectID; empty for the session itself
  std::vector<std::byte> arguments;  ///< an Arguments block
  bool login = false;                ///< its arguments log in again after a failover
};

class SessionCore : public std::enable_shared_from_this<SessionCore> {
 public:
  using Work = std::function<void(Engine&)>;

  SessionCore(std::shared_ptr<core::Io> io, bool own_thread);

  Objects& objects() noexcept { return *objects_; }
  Dispatcher& dispatcher() noexcept { return dispatcher_; }
  core::Io& io() noexcept { return *io_; }
  bool own_thread() const noexcept { return own_thread_; }

  /// Queues a request. `target` empty: to the session. CIL_OK or why not.
  int submit(wire::RequestId request, const Arguments& args, const std::string& target,
             bool login = false);
  /// Is `agent` the session's agent, and may requests be made? CIL_OK or why not.
  int may_act() const;
  /// One request has come to its end.
  void finished();

  /// For the event thread, in order; with `ahead` before everything queued. False: the session is gone.
  bool post(Work work, bool ahead = false);
  bool take_work(Work* work);
  void stop();  ///< the session is being destroyed: nothing more is accepted
  bool stopped() const;
  void wake() { io_->wake(); }

  /// State that both sides read and write, under the lock of with().
  struct State {
    Link link = Link::kDisconnected;
    ConnectionMode mode = eNotConnected;
    Ref<CAgent> agent;     ///< the current agent
    std::string agent_id;  ///< its UniqueObjectID, empty until known
    Arguments agent_args;  ///< AgentID, PeripheralID and so on, as SetAgent got them
    std::string call_id;   ///< the current call; empty: none
    Arguments properties;  ///< of the session
    std::size_t requests = 0;
    std::uint64_t next_request = 1;
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

  CWaitObject* make_wait_object(const Arguments& mask);
  /// Waits as CWaitObject says.
  WaitResult wait(Waiter& waiter, int milliseconds);
  /// Set by a session without an own thread: runs its loop once, waiting at most so many milliseconds.
  std::function<std::uint32_t(int)> drive;

 private:
  const std::shared_ptr<core::Io> io_;
  const bool own_thread_;
  std::unique_ptr<Objects> objects_;
  Dispatcher dispatcher_;

  mutable std::mutex mutex_;  // guards what follows
  State state_;
  std::deque<Work> work_;
  bool stopped_ = false;

  friend std::shared_ptr<SessionCore> make_core(std::shared_ptr<core::Io> io, bool own_thread);
};

std::shared_ptr<SessionCore> make_core(std::shared_ptr<core::Io> io, bool own_thread);

}  // namespace cti::cil::detail
