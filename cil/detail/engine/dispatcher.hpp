// dispatcher.hpp - who wants to hear what, and the telling of it.
//
// Threads  tell() runs on the event thread only. Everything else may be called from any thread.
// Order    an event goes to the interface listeners, then to the generic ones, then to waiters.
// Removal  waits until the handler that runs has returned, so that a removed listener may be destroyed; inside a handler it
//          returns at once. A handler must not wait for a thread that removes a listener.
#pragma once

#include "cil/arguments.hpp"
#include "cil/events.hpp"
#include "core/base/limits.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace cti::cil::detail {

/// A CWaitObject's share of the dispatcher.
struct Waiter {
  std::mutex mutex;  // guards what follows
  std::condition_variable signalled;
  std::vector<int> mask;
  int pending = eUnknownEvent;  ///< came since the last wait
  int trigger = eUnknownEvent;  ///< ended the last wait
};

class Dispatcher {
 public:
  static constexpr std::size_t kListenersMax = limits::kClientListenersMax;  ///< of each list
  static constexpr std::size_t kWaitersMax = 1024;

  /// False: null, already there, or the list is full. `list` is a SubscriberList.
  bool add(int list, void* listener);
  bool remove(int list, void* listener);
  bool add_generic(int list, IGenericEvents* listener);
  bool remove_generic(int list, IGenericEvents* listener);
  /// False: kWaitersMax are alive.
  bool add_waiter(const std::shared_ptr<Waiter>& waiter);

  /// Event thread only: calls every handler of the event. What a handler throws ends here, counted.
  void tell(int event_id, Arguments& args);

  /// Is this thread inside a handler right now?
  bool inside_handler() const noexcept;
  std::uint64_t handlers_thrown() const noexcept;

 private:
  static constexpr std::size_t kLists = 16;
  struct List {
    std::vector<void*> listeners;  // null: removed while handlers run
    std::vector<IGenericEvents*> generic;
  };
  template <class T>
  bool add_to(std::vector<T*>& all, T* listener);
  template <class T>
  bool remove_from(std::vector<T*>& all, T* listener);
  List* list_at(int list) noexcept;
  void tell_generic(List& list, int event_id, Arguments& args);
  void tell_waiters(int event_id);
  void compact();

  std::recursive_mutex mutex_;  // held while handlers run; guards what follows
  std::array<List, kLists> lists_;
  std::vector<std::weak_ptr<Waiter>> waiters_;
  bool telling_ = false;
  bool removed_ = false;
  std::atomic<std::thread::id> handler_thread_{};
  std::atomic<std::uint64_t> handlers_thrown_{0};
};

}  // namespace cti::cil::detail
