// robot.hpp - an agent who is not there: logs in, gets ready, answers, talks, releases, wraps up, gets ready again.
//
// Shape    a state machine without clock, socket or chance of its own: told what its session saw, it gives orders (ask the
//          server something, wake me so much later). Times are drawn from distributions with the generator handed in.
// Truth    the robot believes events, not confirmations: it is available when the server says so.
// Bounds   at most kOrdersMax orders per event.
// Threads  one owner.
#pragma once

#include "core/random.hpp"
#include "tools/simulator/load/load.hpp"
#include "wire/arguments.hpp"
#include "wire/event_id.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace cti::load {

/// What a robot asks of the server. kSupervise: one of those behind it, whichever fits.
enum class Wish : std::uint8_t {
  kLogin,
  kReady,
  kNotReady,
  kAnswer,
  kWrapup,
  kRelease,
  kTeam,
  kSupervise,
  kWatchMember,
  kBargeIn,
  kLeave,
  kMemberReady,
  kMemberNotReady,
};
const char* name_of(Wish wish) noexcept;

/// What a robot wants to be woken for.
enum class Due : std::uint8_t { kAnswer, kRelease, kReady, kSupervise };

struct Order {
  enum class Kind : std::uint8_t { kAsk, kWake } kind = Kind::kAsk;
  Wish wish{};
  Due due{};
  Nanos in{0};  ///< kWake: from now
};

struct Orders {
  static constexpr std::size_t kOrdersMax = 2;
  std::array<Order, kOrdersMax> list{};
  std::size_t count = 0;

  Orders& ask(Wish wish) noexcept {
    list[count++] = {Order::Kind::kAsk, wish, {}, {}};
    return *this;
  }
  Orders& wake(Due due, Nanos in) noexcept {
    list[count++] = {Order::Kind::kWake, {}, due, in};
    return *this;
  }
};

/// How long things take.
struct Habits {
  simulator::Duration answer{simulator::Duration::Kind::kUniform, 0.5, 0.3};
  simulator::Duration talk{simulator::Duration::Kind::kExponential, 3, 0};
  simulator::Duration wrapup{simulator::Duration::Kind::kExponential, 1, 0};
  Nanos again = Seconds{1};  ///< before something refused is tried once more
  Nanos supervise{0};        ///< so often a supervisor does something; 0: it only looks on
};

class Robot {
 public:
  enum class Duty : std::uint8_t {
    kCalls,   ///< takes calls
    kStates,  ///< goes ready and not ready as told; takes no calls
    kStands,  ///< a supervisor: logged in, not ready, looking on, and doing something now and then
  };
  enum class Phase : std::uint8_t {
    kOut,
    kNotReady,
    kReady,    ///< available: a call may come
    kOffered,  ///< reserved for a call, or it rings
    kTalking,
    kAfter,  ///< the call has ended; what state comes is not known yet
    kWrapup,
  };

  explicit Robot(Duty duty) noexcept : duty_(duty) {}

  /// The session stands in agent mode.
  Orders begin() const;
  /// An event about the agent itself or one of its calls.
  Orders on_event(wire::EventId event, const wire::ArgumentsView& args, bool own_agent,
                  const Habits& habits, core::Random& random);
  Orders on_due(Due due, std::uint32_t stamp, const Habits& habits);
  Orders on_refused(Wish wish, const Habits& habits);

  Phase phase() const noexcept { return phase_; }
  Duty duty() const noexcept { return duty_; }
  /// UniqueObjectID of the call at hand; empty: none.
  const std::string& call() const noexcept { return call_; }
  /// A wake-up ordered under another stamp is void: what it was for is over.
  std::uint32_t stamp() const noexcept { return stamp_; }

 private:
  Orders on_state(std::int64_t state, const Habits& habits, core::Random& random);
  Orders stand(std::int64_t state, const Habits& habits);
  void enter(Phase phase) noexcept;

  Duty duty_;
  Phase phase_ = Phase::kOut;
  std::uint32_t stamp_ = 0;
  std::string call_;
};

}  // namespace cti::load
