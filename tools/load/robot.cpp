// robot.cpp - what a robot does next, from the state that its agent and call are in.
#include "tools/load/robot.hpp"

#include "wire/ctios_enums.hpp"

namespace cti::load {

namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;

const char* name_of(Wish wish) noexcept {
  constexpr const char* kNames[] = {
      "Login",           "SetAgentState Ready",     "SetAgentState NotReady",
      "Answer",          "SetAgentState WorkReady", "ClearConnection",
      "StartMonitoringAllAgentTeams", "", "StartMonitoringAgent", "SuperviseCall BargeIn",
      "SuperviseCall Clear", "SetAgentState of a member Ready",
      "SetAgentState of a member NotReady"};
  return kNames[static_cast<std::size_t>(wish)];
}

void Robot::enter(Phase phase) noexcept {
  if (phase_ == phase) return;
  phase_ = phase;
  ++stamp_;
}

Orders Robot::begin() const { return Orders().ask(Wish::kLogin); }

Orders Robot::on_event(EventId event, const wire::ArgumentsView& args, bool own_agent,
                       const Habits& habits, core::Random& random) {
  if (event == EventId::eAgentStateEvent) {
    const auto state = args.integer(Keyword::AgentState);
    return own_agent && state ? on_state(*state, habits, random) : Orders();
  }
  if (duty_ != Duty::kCalls) return {};
  const auto id = args.string(Keyword::UniqueObjectID);
  switch (event) {
    case EventId::eAgentPrecallEvent:
      if (phase_ == Phase::kReady) enter(Phase::kOffered);
      return {};
    case EventId::eCallDeliveredEvent:
      if (!id || !call_.empty()) return {};
      call_ = *id;
      enter(Phase::kOffered);
      return Orders().wake(Due::kAnswer, habits.answer.draw(random));
    case EventId::eCallEstablishedEvent:
      if (!id || *id != call_ || phase_ == Phase::kTalking) return {};
      enter(Phase::kTalking);
      return Orders().wake(Due::kRelease, habits.talk.draw(random));
    case EventId::eCallEndEvent:
      if (!id || *id != call_) return {};
      call_.clear();
      if (phase_ == Phase::kTalking || phase_ == Phase::kOffered) enter(Phase::kAfter);
      return {};
    default:
      return {};
  }
}

/// Whatever its own agent is while it is on a member's call: it looks on.
Orders Robot::stand(std::int64_t state, const Habits& habits) {
  if (state == ctios::eLogout) enter(Phase::kOut);
  if (state != ctios::eNotReady || phase_ != Phase::kOut) return {};
  enter(Phase::kNotReady);
  Orders orders = Orders().ask(Wish::kTeam);
  return habits.supervise > Nanos{0} ? orders.wake(Due::kSupervise, habits.supervise) : orders;
}

Orders Robot::on_state(std::int64_t state, const Habits& habits, core::Random& random) {
  if (duty_ == Duty::kStands) return stand(state, habits);
  switch (state) {
    case ctios::eLogout:
      call_.clear();
      enter(Phase::kOut);
      return {};
    case ctios::eNotReady: {
      const bool first = phase_ == Phase::kOut;
      if (phase_ == Phase::kNotReady) return {};
      enter(Phase::kNotReady);
      if (duty_ == Duty::kStates) return {};
      return first ? Orders().ask(Wish::kReady) : Orders().wake(Due::kReady, habits.again);
    }
    case ctios::eAvailable:
      call_.clear();
      enter(Phase::kReady);
      return {};
    case ctios::eReserved:
      enter(Phase::kOffered);
      return {};
    case ctios::eWorkReady:
    case ctios::eWorkNotReady:
      if (phase_ == Phase::kWrapup) return {};
      enter(Phase::kWrapup);
      return Orders().wake(Due::kReady, habits.wrapup.draw(random));
    default:
      return {};
  }
}

Orders Robot::on_due(Due due, std::uint32_t stamp, const Habits& habits) {
  if (stamp != stamp_) return {};
  switch (due) {
    case Due::kAnswer:
      return call_.empty() ? Orders() : Orders().ask(Wish::kAnswer);
    case Due::kRelease:
      if (call_.empty()) return {};
      // Wrap-up is asked for while talking: it begins when the call has ended.
      if (habits.wrapup.mean_s > 0) return Orders().ask(Wish::kWrapup).ask(Wish::kRelease);
      return Orders().ask(Wish::kRelease);
    case Due::kReady:
      return Orders().ask(Wish::kReady);
    case Due::kSupervise:
      return Orders().ask(Wish::kSupervise).wake(Due::kSupervise, habits.supervise);
  }
  return {};
}

Orders Robot::on_refused(Wish wish, const Habits& habits) {
  const bool idle = phase_ == Phase::kNotReady || phase_ == Phase::kWrapup;
  if (wish == Wish::kReady && idle) return Orders().wake(Due::kReady, habits.again);
  if (wish == Wish::kRelease && phase_ == Phase::kTalking)
    return Orders().wake(Due::kRelease, habits.again);
  return {};
}

}  // namespace cti::load
