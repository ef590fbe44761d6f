// dispatcher.hpp - who wants to hear what, and the telling of it.
//
// Threads  tell() runs on the event thread only. Everything else may be called from any thread.
// End      close() is the end of all telling: nobody is called any more, also not those behind a handler that runs now.
// Order    an event goes to the interface listeners, then to the generic ones, then to waiters.
// Throwing what a handler throws ends here: it is counted, traced (Logger), and told as OnFailure, once per event, with
//          MessageID and ErrorMessage. What a handler of that OnFailure throws is counted and traced only.
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
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cti::cil::detail {

/// A CWaitObject's share of the dispatcher.
struct Waiter {
  std::mutex mutex;  // guards what follows
  std::condition_variable signalled;
  std::vector<int> mask;
  std::deque<int> pending;      ///< came and no wait has taken them yet, in order; the first kRememberedMax
  int trigger = eUnknownEvent;  ///< ended the last wait
  bool closed = false;          ///< nothing comes any more
  static constexpr std::size_t kRememberedMax = 1024;
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

  /// Event thread only: calls every handler of the event.
  void tell(int event_id, Arguments& args);
  /// Nobody is told anything any more. Waits for a handler that runs, except inside one.
  void close();

  /// Is this thread inside a handler right now?
  bool inside_handler() const noexcept;
  std::uint64_t handlers_thrown() const noexcept;

 private:
  static constexpr std::size_t kLists = 16;
  template <class T>
  struct Listeners {
    std::vector<T*> all;    // null: removed while handlers run
    std::size_t there = 0;  // when the event that is told now began: who comes later hears the next one
  };
  struct List {
    Listeners<void> of_interface;
    Listeners<IGenericEvents> generic;
  };
  template <class T>
  bool add_to(Listeners<T>& listeners, T* listener);
  template <class T>
  bool remove_from(Listeners<T>& listeners, T* listener);
  List* list_at(int list) noexcept;
  void tell_all(int event_id, Arguments& args);
  void tell_generic(List& list, int event_id, Arguments& args);
  template <class F>
  void guarded(int event_id, F&& call);
  void note_thrown(int event_id, const std::string& what);
  void tell_waiters(int event_id);
  void compact();

  std::recursive_mutex mutex_;  // held while handlers run; guards what follows
  std::array<List, kLists> lists_;
  std::vector<std::weak_ptr<Waiter>> waiters_;
  bool telling_ = false;
  bool removed_ = false;
  bool closed_ = false;
  std::string thrown_;  ///< by a handler of the event that is told now; empty: nothing
  std::atomic<std::thread::id> handler_thread_{};
  std::atomic<std::uint64_t> handlers_thrown_{0};
};

}  // namespace cti::cil::detail
