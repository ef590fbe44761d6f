// progress.hpp - does the CTI Server still work, or does it merely answer heartbeats? (U19)
//
// Why      a server whose inside stands still may keep its session alive for ever: nothing is confirmed, no event comes,
//          and nobody changes the side.
// Shape    from the first question since the last sign of work (any message but a heartbeat's answer) a limit runs.
//          At half of it the owner asks something that every CTI Server answers: one request that was swallowed on a
//          quiet night is no reason to leave. Past it, the server is ill.
//          Nobody is ill who was not asked that: what could not be sent is tried again.
// Not read while the owner itself does not read, silence proves nothing: the limit begins anew.
// Threads  the line. Time is handed in.
#pragma once

#include "core/base/check.hpp"
#include "core/base/time.hpp"

#include <algorithm>
#include <cstdint>

namespace cti::broker {

class Progress {
 public:
  enum class Verdict : std::uint8_t { kFine, kAskSomething, kIll };

  /// 0: never ill.
  explicit Progress(Nanos limit) noexcept : limit_(limit) { CTI_CHECK(limit >= Nanos{0}); }

  /// A sign of work, or a new session.
  void heard() noexcept { waiting_since_ = kNever; }
  /// A question has gone out.
  void asked(TimePoint now) noexcept {
    if (waiting_since_ != kNever) return;
    begin(now);
  }
  /// We do not read.
  void not_reading(TimePoint now) noexcept {
    if (waiting_since_ == kNever) return;
    begin(now);
  }
  /// What look() wished has been asked, or there was no room for it.
  void probed(TimePoint now, bool sent) noexcept {
    CTI_CHECK(waiting_since_ != kNever && !probed_);
    probed_ = sent;
    next_ = sent ? std::max(waiting_since_ + limit_, now + limit_ / 2) : now + kRetry;
  }

  Verdict look(TimePoint now) noexcept {
    if (now < next_deadline()) return Verdict::kFine;
    CTI_CHECK(waiting_since_ != kNever);
    if (probed_ || now - waiting_since_ >= 2 * limit_) return Verdict::kIll;
    return Verdict::kAskSomething;
  }
  TimePoint next_deadline() const noexcept {
    if (waiting_since_ == kNever || limit_ == Nanos{0}) return kNever;
    return next_;
  }

 private:
  void begin(TimePoint now) noexcept {
    waiting_since_ = now;
    probed_ = false;
    next_ = now + limit_ / 2;
  }

  static constexpr Nanos kRetry = Millis{100};
  const Nanos limit_;
  TimePoint waiting_since_ = kNever;
  TimePoint next_ = kNever;  // when look() has something to say
  bool probed_ = false;
};

}  // namespace cti::broker
