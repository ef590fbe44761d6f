// sim_world.cpp - rounds of turns, and the steps of the clock between them.
#include "core/sim_world.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace cti::core {
namespace {

/// The clock's least step when a deadline has passed and yet nobody did anything: time must go on.
constexpr Nanos kLeastStep = Millis{1};

}  // namespace

SimWorld::ActorId SimWorld::add(std::string_view host, Turn turn) {
  CTI_CHECK(!in_turn_);
  actors_.push_back({++last_id_, std::string(host), std::move(turn)});
  return last_id_;
}

void SimWorld::remove(ActorId actor) {
  CTI_CHECK(!in_turn_);
  std::erase_if(actors_, [&](const Actor& a) { return a.id == actor; });
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
    if (network_.is_running(actor.host) && actor.turn(kNever) > 0) worked = true;
  }
  in_turn_ = false;
  return worked;
}

void SimWorld::settle() {
  std::uint32_t rounds = 0;
  // A second look when somebody was woken by one who then said that nothing was done.
  while (round() || (network_.anything_pending() && round())) {
    const bool busy_loop = ++rounds > kRoundsMax;
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
    if (limit != kNever) network_.run_until(limit);
    return false;
  }
  network_.run_until(next);
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
