// watchdog.cpp - looking, forgiving, and the thread that does both.
#include "core/watchdog.hpp"

#include "core/base/check.hpp"
#include "core/socket.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace cti::core {

TurnJudge::TurnJudge(Nanos limit) : limit_(limit) { CTI_CHECK(limit >= limits::kWatchdogMin); }

TurnCount& TurnJudge::watch(std::string name, std::function<void()> wake) {
  CTI_CHECK(!looked_ && wake);
  threads_.push_back(std::make_unique<Watched>());
  threads_.back()->name = std::move(name);
  threads_.back()->wake = std::move(wake);
  return threads_.back()->count;
}

void TurnJudge::unwatch(const TurnCount& count) noexcept {
  for (const auto& thread : threads_) {
    // relaxed: nothing is ordered by it; a look in between only wakes a thread that is about to end.
    if (&thread->count == &count) thread->ended.store(true, std::memory_order_relaxed);
  }
}

TurnJudge::Verdict TurnJudge::look(TimePoint now) {
  Verdict verdict;
  CTI_CHECK(!looked_ || now >= last_look_);
  const Nanos late = looked_ ? std::max(now - last_look_ - look_every(), Nanos{0}) : Nanos{0};
  verdict.forgiven = late >= limits::kLateTurn;
  for (const auto& thread : threads_) {
    const std::uint64_t turns = thread->count.turns();
    CTI_CHECK(turns >= thread->seen);
    // relaxed: see unwatch.
    const bool ended = thread->ended.load(std::memory_order_relaxed);
    const bool afresh = ended || !looked_ || verdict.forgiven || turns != thread->seen;
    thread->since = afresh ? now : thread->since + late;
    thread->standing = now - thread->since;
    CTI_CHECK(thread->standing >= Nanos{0});
    if (!ended && turns == thread->seen) thread->wake();
    thread->seen = turns;
    // Since the look at which it was last seen to turn; its last turn was up to a look before that one.
    if (thread->standing < limit_ - look_every() || thread->standing <= verdict.standing) continue;
    verdict.stuck = &thread->name;
    verdict.standing = thread->standing;
  }
  last_look_ = now;
  looked_ = true;
  return verdict;
}

Watchdog::Watchdog(Nanos limit, Stuck stuck, Looked looked)
    : on_(limit > Nanos{0}),
      judge_(on_ ? limit : limits::kWatchdogDefault),
      stuck_(std::move(stuck)),
      looked_(std::move(looked)) {}

Watchdog::~Watchdog() { stop(); }

void Watchdog::start() {
  CTI_CHECK(!thread_.joinable());
  if (on_) thread_ = std::thread([this] { run(); });
}

void Watchdog::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::run() {
  ::pthread_setname_np(::pthread_self(), "watchdog");
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, judge_.look_every(), [this] { return stopping_; })) {
    const TurnJudge::Verdict verdict = judge_.look(monotonic_now());
    if (looked_) looked_(judge_, verdict);
    if (verdict.stuck != nullptr) stuck_(*verdict.stuck, verdict.standing);
  }
}

}  // namespace cti::core
