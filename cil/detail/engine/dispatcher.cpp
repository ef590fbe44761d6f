// dispatcher.cpp - an event to its listeners: by the table that generate.py makes of the API.
#include "cil/detail/engine/dispatcher.hpp"

#include "cil/logger.hpp"
#include "core/base/check.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/event_id.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <string_view>
#include <utility>

namespace cti::cil::detail {
namespace {

struct Row {
  int event_id;
  int list;
  bool first;  ///< of its event: the one through which IAllInOne is told
  void (*tell)(void* listener, Arguments& args);
  void (*tell_all_in_one)(IAllInOne* listener, Arguments& args);
};

// Ascending by event number.
constexpr Row kRows[] = {
#define CTI_CIL_EVENT(event, list, interface, callback, first)                                 \
  {event, list, first,                                                                         \
   [](void* listener, Arguments& args) { static_cast<interface*>(listener)->callback(args); }, \
   [](IAllInOne* listener, Arguments& args) {                                                  \
     static_cast<interface*>(listener)->callback(args);                                        \
   }},
#include "cil/event_rows.inc"
#undef CTI_CIL_EVENT
};

struct RowsOf {
  const Row* begin;
  const Row* end;
};

RowsOf rows_of(int event_id) noexcept {
  const auto [begin, end] = std::equal_range(
      std::begin(kRows), std::end(kRows), Row{event_id, 0, false, nullptr, nullptr},
      [](const Row& left, const Row& right) { return left.event_id < right.event_id; });
  return {begin, end};
}

}  // namespace

Dispatcher::List* Dispatcher::list_at(int list) noexcept {
  return list >= 0 && static_cast<std::size_t>(list) < kLists
             ? &lists_[static_cast<std::size_t>(list)]
             : nullptr;
}

template <class T>
bool Dispatcher::add_to(Listeners<T>& listeners, T* listener) {
  auto& all = listeners.all;
  if (!listener || closed_) return false;
  if (std::find(all.begin(), all.end(), listener) != all.end()) return false;
  const auto removed = std::count(all.begin(), all.end(), nullptr);
  if (all.size() - static_cast<std::size_t>(removed) >= kListenersMax) return false;
  // Places are empty only while handlers run: one of those that nobody looks at may be taken.
  const auto behind = static_cast<std::ptrdiff_t>(std::min(listeners.there, all.size()));
  const auto free = std::find(all.begin() + behind, all.end(), nullptr);
  if (free != all.end()) {
    *free = listener;
  } else {
    all.push_back(listener);
  }
  CTI_CHECK(all.size() <= 2 * kListenersMax);
  return true;
}

template <class T>
bool Dispatcher::remove_from(Listeners<T>& listeners, T* listener) {
  auto& all = listeners.all;
  const auto found = listener ? std::find(all.begin(), all.end(), listener) : all.end();
  if (found == all.end()) return false;
  if (telling_) {
    *found = nullptr;  // somebody iterates: taken out afterwards
    removed_ = true;
  } else {
    all.erase(found);
  }
  return true;
}

bool Dispatcher::add(int list, void* listener) {
  const std::lock_guard lock(mutex_);
  List* at = list_at(list);
  return at && add_to(at->of_interface, listener);
}
bool Dispatcher::remove(int list, void* listener) {
  const std::lock_guard lock(mutex_);
  List* at = list_at(list);
  return at && remove_from(at->of_interface, listener);
}
bool Dispatcher::add_generic(int list, IGenericEvents* listener) {
  const std::lock_guard lock(mutex_);
  List* at = list_at(list);
  return at && add_to(at->generic, listener);
}
bool Dispatcher::remove_generic(int list, IGenericEvents* listener) {
  const std::lock_guard lock(mutex_);
  List* at = list_at(list);
  return at && remove_from(at->generic, listener);
}

bool Dispatcher::add_waiter(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  std::erase_if(waiters_, [](const auto& each) { return each.expired(); });
  if (closed_ || waiters_.size() >= kWaitersMax) return false;
  waiters_.push_back(waiter);
  return true;
}

void Dispatcher::tell(int event_id, Arguments& args) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  tell_all(event_id, args);
  if (!closed_ && !thrown_.empty() && event_id != eFailureEvent) {
    Arguments failure;
    failure.AddItem(CTIOS_FAILURECODE, int{E_CTIOS_UNEXPECTED});
    failure.AddItem(CTIOS_MESSAGEID, event_id);
    failure.AddItem(CTIOS_ERRORMESSAGE, std::exchange(thrown_, {}));
    tell_all(eFailureEvent, failure);
  }
  thrown_.clear();
}

void Dispatcher::tell_all(int event_id, Arguments& args) {
  telling_ = true;
  for (List& list : lists_) {
    list.of_interface.there = list.of_interface.all.size();
    list.generic.there = list.generic.all.size();
  }
  // relaxed: only this thread asks whether it is itself.
  handler_thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  const RowsOf rows = rows_of(event_id);
  List& all_in_one = lists_[eAllInOneList];
  for (const Row* row = rows.begin; row != rows.end; ++row) {
    // By index: a handler may add listeners, and so move them all.
    const auto& listeners = lists_[static_cast<std::size_t>(row->list)].of_interface;
    for (std::size_t i = 0; i < listeners.there; ++i) {
      void* const listener = listeners.all[i];
      if (listener) guarded(event_id, [&] { row->tell(listener, args); });
    }
    for (std::size_t i = 0; row->first && i < all_in_one.of_interface.there; ++i) {
      auto* const listener = static_cast<IAllInOne*>(all_in_one.of_interface.all[i]);
      if (listener) guarded(event_id, [&] { row->tell_all_in_one(listener, args); });
    }
  }
  for (const Row* row = rows.begin; row != rows.end; ++row) {
    tell_generic(lists_[static_cast<std::size_t>(row->list)], event_id, args);
  }
  tell_generic(all_in_one, event_id, args);
  telling_ = false;
  // relaxed: as above.
  handler_thread_.store(std::thread::id{}, std::memory_order_relaxed);
  if (removed_) compact();
  if (!closed_) tell_waiters(event_id);
}

void Dispatcher::tell_generic(List& list, int event_id, Arguments& args) {
  for (std::size_t i = 0; i < list.generic.there; ++i) {
    IGenericEvents* const listener = list.generic.all[i];
    if (listener) guarded(event_id, [&] { listener->OnEvent(event_id, args); });
  }
}

template <class F>
void Dispatcher::guarded(int event_id, F&& call) {
  try {
    call();
  } catch (const std::exception& error) {
    note_thrown(event_id, error.what());
  } catch (...) {
    note_thrown(event_id, "something that is no std::exception");
  }
}

void Dispatcher::note_thrown(int event_id, const std::string& what) {
  // relaxed: a counter, ordered with nothing.
  handlers_thrown_.fetch_add(1, std::memory_order_relaxed);
  const std::string_view name = wire::name_of(static_cast<wire::EventId>(event_id));
  thrown_ = "a handler of event " + std::to_string(event_id) + " (" + std::string(name) +
            ") threw: " + what;
  try {
    Logger().Trace(TRACE_MASK_CRITICAL, thrown_);
  } catch (...) {  // a log listener that throws as well is not told of
  }
}

void Dispatcher::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (List& list : lists_) {
    if (telling_) {  // somebody iterates: taken out afterwards
      std::fill(list.of_interface.all.begin(), list.of_interface.all.end(), nullptr);
      std::fill(list.generic.all.begin(), list.generic.all.end(), nullptr);
      removed_ = true;
    } else {
      list.of_interface.all.clear();
      list.generic.all.clear();
    }
  }
  for (const auto& each : waiters_) {
    const auto waiter = each.lock();
    if (!waiter) continue;
    const std::lock_guard waiting(waiter->mutex);
    waiter->closed = true;
    waiter->signalled.notify_all();
  }
}

void Dispatcher::compact() {
  removed_ = false;
  for (List& list : lists_) {
    std::erase(list.of_interface.all, nullptr);
    std::erase(list.generic.all, nullptr);
  }
}

void Dispatcher::tell_waiters(int event_id) {
  for (const auto& each : waiters_) {
    const auto waiter = each.lock();
    if (!waiter) continue;
    const std::lock_guard lock(waiter->mutex);
    if (std::find(waiter->mask.begin(), waiter->mask.end(), event_id) == waiter->mask.end())
      continue;
    if (waiter->pending.size() >= Waiter::kRememberedMax) continue;
    waiter->pending.push_back(event_id);
    waiter->signalled.notify_all();
  }
}

bool Dispatcher::inside_handler() const noexcept {
  // relaxed: a thread that is inside a handler stored its own id there itself.
  return handler_thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

std::uint64_t Dispatcher::handlers_thrown() const noexcept {
  // relaxed: a counter.
  return handlers_thrown_.load(std::memory_order_relaxed);
}

}  // namespace cti::cil::detail
