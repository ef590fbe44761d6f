// session_state.hpp - the one word that says where a session stands, and the only steps that change it.
//
// Why      calls come from any thread and from handlers, events from the transport; each decided by itself what the session
//          was, in four places, and they disagreed. Now a call is a step, an event is a step, and the table below says what
//          follows. What a call has asked for and the event thread has not begun yet is part of the word: nothing is queued
//          beside it, so nothing can be begun that has been taken back.
// Rule     the session is disconnected exactly when its transport is idle and no Connect waits (idle_in()).
// Quiet    after the OnConnectionFailure with FinalAttempt the transport goes on (SessionOptions::keep_trying): a success is
//          an OnConnection as after any failover, a Connect of the program ends that life without a word and begins anew.
// Threads  none of its own: kept under the lock of the session core.
#pragma once

#include "core/base/check.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace cti::cil::detail {

enum class Standing : std::uint8_t {
  kDisconnected,
  kConnectAsked,  ///< Connect has been accepted, the event thread has not begun
  kConnecting,    ///< the transport tries for the first time
  kConnected,     ///< a server has welcomed the session
  kFailover,      ///< the transport tries again
  kQuiet,         ///< the last OnConnectionFailure has been told; the transport tries on without a word
  kAnewAsked,     ///< Connect has been accepted in kQuiet; whatever the transport does meanwhile no longer counts
  kDisconnectAsked,  ///< Disconnect has been accepted; whatever the transport does meanwhile no longer counts
  kClosing,  ///< OnConnectionClosed is on its way
};
inline constexpr std::size_t kStandings = 9;

enum class Step : std::uint8_t {
  kConnect,     ///< the program calls Connect
  kDisconnect,  ///< the program calls Disconnect
  kBegin,       ///< the event thread begins what was asked for
  kUp,          ///< a server has welcomed the session
  kLost,        ///< a connection or an attempt has failed, more are tried
  kGaveUp,      ///< the last attempt that is told has failed, more are tried quietly
  kOver,        ///< nothing more is tried
  kClosed,      ///< the transport has closed, as it was told to
};
inline constexpr std::size_t kSteps = 8;

/// What follows; nothing where the step is refused (a call) or must not happen (the rest).
constexpr std::optional<Standing> after(Standing standing, Step step) noexcept {
  using enum Standing;
  switch (step) {
    case Step::kConnect:
      if (standing == kDisconnected) return kConnectAsked;
      if (standing == kQuiet) return kAnewAsked;
      return std::nullopt;
    case Step::kDisconnect:
      if (standing == kDisconnected || standing == kDisconnectAsked || standing == kClosing)
        return std::nullopt;
      return kDisconnectAsked;
    case Step::kBegin:
      if (standing == kConnectAsked || standing == kAnewAsked) return kConnecting;
      if (standing == kDisconnectAsked) return kClosing;
      return std::nullopt;
    case Step::kUp:
    case Step::kLost:
    case Step::kGaveUp:
    case Step::kOver:
      // Disconnect, and Connect anew, go ahead of what they have not heard of yet.
      if (standing == kDisconnectAsked || standing == kAnewAsked) return standing;
      if (standing == kConnecting || standing == kFailover || standing == kConnected ||
          standing == kQuiet) {
        if (step == Step::kOver) return kDisconnected;
        if (step == Step::kGaveUp) return kQuiet;
        if (step == Step::kLost) return standing == kQuiet ? kQuiet : kFailover;
        if (standing != kConnected) return kConnected;
      }
      return std::nullopt;
    case Step::kClosed:
      if (standing == kClosing) return kDisconnected;
      return std::nullopt;
  }
  return std::nullopt;
}

/// Is the transport idle where the session stands so? Nothing: it may be either.
constexpr std::optional<bool> idle_in(Standing standing) noexcept {
  if (standing == Standing::kDisconnectAsked || standing == Standing::kAnewAsked)
    return std::nullopt;
  return standing == Standing::kDisconnected || standing == Standing::kConnectAsked;
}

/// The word itself.
class SessionState {
 public:
  Standing now() const noexcept { return standing_; }
  bool is(Standing standing) const noexcept { return standing_ == standing; }

  /// For calls: false when the step is refused; then nothing has changed.
  [[nodiscard]] bool ask(Step step) noexcept {
    CTI_CHECK(step == Step::kConnect || step == Step::kDisconnect);
    const auto next = after(standing_, step);
    if (next) standing_ = *next;
    return next.has_value();
  }
  /// For the event thread: what it was asked for, if anything, has begun from now on.
  [[nodiscard]] Standing begin() noexcept {
    const auto next = after(standing_, Step::kBegin);
    if (next) standing_ = *next;
    return next.value_or(Standing::kDisconnected);
  }
  /// For the transport's events. False: a Disconnect or a Connect has been asked for, the event counts no more.
  [[nodiscard]] bool move(Step step) noexcept {
    CTI_CHECK(step != Step::kConnect && step != Step::kDisconnect && step != Step::kBegin);
    const auto next = after(standing_, step);
    CTI_CHECK(next);
    standing_ = *next;
    return standing_ != Standing::kDisconnectAsked && standing_ != Standing::kAnewAsked;
  }

 private:
  Standing standing_ = Standing::kDisconnected;
};

namespace check {
constexpr bool only_when_nothing_is_told_to_come() noexcept {
  for (std::size_t i = 0; i < kStandings; ++i) {
    const auto from = static_cast<Standing>(i);
    const bool may = from == Standing::kDisconnected || from == Standing::kQuiet;
    if (after(from, Step::kConnect).has_value() != may) return false;
  }
  return true;
}
/// Whoever is not disconnected can always be disconnected, in three steps at most.
constexpr bool every_life_can_end() noexcept {
  for (std::size_t i = 1; i < kStandings; ++i) {
    const auto from = static_cast<Standing>(i);
    const Standing asked = after(from, Step::kDisconnect).value_or(from);
    const Standing begun = after(asked, Step::kBegin).value_or(asked);
    if (after(begun, Step::kClosed) != Standing::kDisconnected) return false;
  }
  return true;
}
/// An event of the transport never makes a session of one that has none.
constexpr bool nothing_connects_by_itself() noexcept {
  for (const Step step : {Step::kUp, Step::kLost, Step::kGaveUp, Step::kOver}) {
    if (after(Standing::kDisconnected, step) || after(Standing::kConnectAsked, step)) return false;
  }
  return true;
}
static_assert(only_when_nothing_is_told_to_come() && every_life_can_end());
static_assert(nothing_connects_by_itself());
static_assert(idle_in(Standing::kDisconnected) == true && idle_in(Standing::kConnectAsked) == true);
static_assert(idle_in(Standing::kConnected) == false && idle_in(Standing::kClosing) == false);
}  // namespace check

}  // namespace cti::cil::detail
