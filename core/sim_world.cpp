// sim_world.cpp - rounds of turns, and the steps of the clock between them.
#include "core/sim_world.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <utility>

namespace cti::core {
namespace {

/// The clock's least step when a deadline has passed and yet nobody did anything: time must go on.
constexpr Nanos kLeastStep = Millis{1};

}  // namespace

SimWorld::ActorId SimWorld::add(std::string_view host, Turn turn) {
  CTI_CHECK(!in_turn_);
  actors_.push_back({++last_id_, std::string(host), std::move(turn), nullptr});
  return last_id_;
}

SimWorld::ActorId SimWorld::add_thread(std::string_view host, Turn turn) {
  CTI_CHECK(!in_turn_);
  actors_.push_back({++last_id_, std::string(host), {}, &threads_.add(std::move(turn))});
  return last_id_;
}

std::uint32_t SimWorld::sleepers_with_work() {
  CTI_CHECK(!in_turn_);
  std::uint32_t found = 0;
  for (const Actor& actor : actors_) {
    if (actor.thread == nullptr || !network_.is_running(actor.host)) continue;
    if (threads_.rouse(*actor.thread) > 0) ++found;
  }
  return found;
}

std::uint32_t SimWorld::run(const Actor& actor) {
  return actor.thread != nullptr ? threads_.resume(*actor.thread) : actor.turn(kNever);
}

void SimWorld::remove(ActorId actor) {
  CTI_CHECK(!in_turn_);
  std::erase_if(actors_, [&](const Actor& a) {
    if (a.id == actor && a.thread != nullptr) threads_.remove(*a.thread);
    return a.id == actor;
  });
}

bool SimWorld::round() {
  order_.resize(actors_.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  for (std::size_t left = order_.size(); left > 1; --left) {
    std::swap(order_[left - 1], order_[random_.below(left)]);
  }
  bool worked = false;
  in_turn_ = true;
  for (const std::size_t index : order_) {
    const Actor& actor = actors_[index];
    if (network_.is_running(actor.host) && run(actor) > 0) {
      worked = true;
      busy_ = actor.id;
    }
  }
  in_turn_ = false;
  return worked;
}

void SimWorld::settle() {
  std::uint32_t rounds = 0;
  // A second look when somebody was woken by one who then said that nothing was done.
  while (round() || (network_.anything_pending() && round())) {
    const bool busy_loop = ++rounds > kRoundsMax;
    if (busy_loop) std::fprintf(stderr, "busy for ever: actor %u\n", busy_);
    CTI_CHECK(!busy_loop);
  }
  if (on_quiet_) on_quiet_();
}

bool SimWorld::move_clock(TimePoint limit) {
  const TimePoint now = network_.now();
  TimePoint deadline = network_.next_deadline();
  if (deadline <= now) deadline = now + kLeastStep;
  const TimePoint next = std::min(network_.next_event(), deadline);
  if (next > limit || next == kNever) {
    // An actor may have let time pass inside its turn.
    if (limit != kNever && limit > now) network_.run_until(limit);
    return false;
  }
  network_.run_until(std::max(next, now));
  return true;
}

void SimWorld::run_until(TimePoint time) {
  CTI_CHECK(time != kNever);
  do settle();
  while (move_clock(time));
  settle();
}

bool SimWorld::run_until(const std::function<bool()>& condition, TimePoint limit) {
  for (;;) {
    settle();
    if (condition()) return true;
    if (!move_clock(limit)) {
      settle();
      return condition();
    }
  }
}

}  // namespace cti::core
