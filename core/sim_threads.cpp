// sim_threads.cpp - coroutines on ucontext, one per simulated thread.
#include "core/sim_threads.hpp"

#include "core/base/check.hpp"

#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

// The address sanitizer wants to know when the stack is another one.
#if defined(__SANITIZE_ADDRESS__)
#define CTI_TELL_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CTI_TELL_SANITIZER 1
#endif
#endif
#ifdef CTI_TELL_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace cti::core {
namespace {

constexpr std::size_t kStackBytes = std::size_t{1} << 20;
/// A thread whose wait ends this soon looks by itself: it is not asleep but biding its time (updates that gather).
constexpr Nanos kMoment = Millis{1};

SimThreads* entering = nullptr;  // makecontext passes no pointer

}  // namespace

class SimThreads::Thread {
 public:
  explicit Thread(Turn turn_) : turn(std::move(turn_)) {}

  Turn turn;
  std::unique_ptr<std::byte[]> stack;
  ucontext_t context{};
  const void* stack_bottom = nullptr;
  std::size_t stack_bytes = 0;
  const std::function<bool()>* pending = nullptr;  // asleep when set; lies on the thread's stack
  TimePoint deadline = kNever;
  bool roused = false;
  bool ending = false;
  bool ended = false;
  bool interrupted = false;
  std::uint32_t work = 0;  // of the turns ended since it was resumed
};

namespace {

/// From one stack to another. `gone`: the first is never come back to.
template <class T>
void switch_stacks(T& from, T& to, bool gone) {
#ifdef CTI_TELL_SANITIZER
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(gone ? nullptr : &fake, to.stack_bottom, to.stack_bytes);
  ::swapcontext(&from.context, &to.context);
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#else
  (void)gone;
  ::swapcontext(&from.context, &to.context);
#endif
}

}  // namespace

SimThreads::SimThreads(SimNetwork& network, std::uint64_t seed)
    : network_(network),
      random_(mix64(seed ^ 0x7468726561647321U)),
      outside_(std::make_unique<Thread>(Turn{})) {}

SimThreads::~SimThreads() {
  CTI_CHECK(threads_.empty());
  CTI_CHECK(preemption == nullptr);
}

SimThreads::Thread& SimThreads::add(Turn turn) {
  CTI_CHECK(running_ == nullptr);
  Thread& thread = *threads_.emplace_back(std::make_unique<Thread>(std::move(turn)));
  thread.stack.reset(new std::byte[kStackBytes]);
  thread.stack_bottom = thread.stack.get();
  thread.stack_bytes = kStackBytes;
  CTI_CHECK(::getcontext(&thread.context) == 0);
  thread.context.uc_stack.ss_sp = thread.stack.get();
  thread.context.uc_stack.ss_size = kStackBytes;
  thread.context.uc_link = nullptr;
  ::makecontext(&thread.context, &SimThreads::enter, 0);
  return thread;
}

void SimThreads::enter() {
  SimThreads& self = *entering;
#ifdef CTI_TELL_SANITIZER
  __sanitizer_finish_switch_fiber(nullptr, &self.outside_->stack_bottom,
                                  &self.outside_->stack_bytes);
#endif
  Thread& thread = *self.running_;
  while (!thread.ending) thread.work += thread.turn(kNever);
  thread.ended = true;
  switch_stacks(thread, *self.outside_, true);
  std::abort();
}

void SimThreads::remove(Thread& thread) {
  CTI_CHECK(running_ == nullptr);
  thread.ending = true;
  undisturbed_ = true;
  while (!thread.ended) switch_to(thread);
  undisturbed_ = false;
  std::erase_if(threads_, [&](const auto& owned) { return owned.get() == &thread; });
}

std::uint32_t SimThreads::resume(Thread& thread) {
  CTI_CHECK(running_ == nullptr);
  if (!ready(thread)) return 0;
  thread.work = 0;
  thread.interrupted = false;
  switch_to(thread);
  return std::max(thread.work, thread.interrupted ? 1U : 0U);
}

std::uint32_t SimThreads::rouse(Thread& thread) {
  CTI_CHECK(running_ == nullptr);
  if (thread.pending == nullptr || ready(thread)) return 0;
  if (thread.deadline <= network_.now() + kMoment) return 0;
  thread.work = 0;
  thread.roused = true;
  undisturbed_ = true;
  switch_to(thread);
  undisturbed_ = false;
  return thread.work;
}

bool SimThreads::ready(const Thread& thread) const {
  return thread.pending == nullptr || thread.roused || (*thread.pending)() ||
         thread.deadline <= network_.now();
}

void SimThreads::point() noexcept {
  CTI_CHECK(running_ != nullptr);
  if (undisturbed_ || !random_.chance(chance_)) return;
  ++interruptions_;
  running_->interrupted = true;
  switch_back();
}

void SimThreads::sleep(TimePoint deadline, const std::function<bool()>& pending) {
  // Only a SimThreads ever puts itself there.
  if (preemption != nullptr) static_cast<SimThreads*>(preemption)->sleep_here(deadline, pending);
}

void SimThreads::sleep_here(TimePoint deadline, const std::function<bool()>& pending) {
  Thread& thread = *running_;
  point();  // between the last look and the sleep
  if (thread.ending) return;
  thread.pending = &pending;
  thread.deadline = deadline;
  switch_back();
  thread.pending = nullptr;
  thread.roused = false;
}

void SimThreads::switch_to(Thread& thread) {
  running_ = &thread;
  entering = this;
  preemption = this;
  switch_stacks(*outside_, thread, false);
  preemption = nullptr;
  running_ = nullptr;
}

void SimThreads::switch_back() { switch_stacks(*running_, *outside_, false); }

}  // namespace cti::core
