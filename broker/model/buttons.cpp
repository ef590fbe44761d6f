// buttons.cpp - the rules behind each button, group by group.
#include "broker/model/buttons.hpp"

#include "core/base/check.hpp"

#include <bit>

namespace cti::broker {

using namespace wire::ctios::ButtonEnablement_bits;
using wire::ctios::AgentState;
using wire::ctios::WrapupMode;

namespace {

constexpr struct {
  std::string_view name;
  std::string_view text;
  Fact fact;
} kReasons[] = {
    {"kOn", "the button is on", Fact::kNothing},
    {"kNoButton", "no button", Fact::kNothing},
    {"kLoggedOut", "the agent is logged out", Fact::kAgentState},
    {"kLoggedIn", "the agent is logged in already", Fact::kAgentState},
    {"kAlreadyInState", "the agent is in this state already", Fact::kAgentState},
    {"kReserved", "a call is on its way to the agent", Fact::kAnyCall},
    {"kCallInProgress", "not while there is a call", Fact::kAnyCall},
    {"kNotReadyFirst", "the agent has to be NotReady first", Fact::kAgentState},
    {"kDeskSettings", "the agent desk settings do not allow it now", Fact::kWrapup},
    {"kWrapupFirst", "wrap-up comes first", Fact::kWrapup},
    {"kNotInWrapup", "the agent is not in wrap-up", Fact::kAgentState},
    {"kOutgoingCall", "there is no wrap-up data for calls that the agent made", Fact::kCall},
    {"kWithReason", "a reason code is required", Fact::kDeskSettings},
    {"kWithoutReason", "no reason code is asked for", Fact::kDeskSettings},
    {"kNoCall", "there is no call", Fact::kCall},
    {"kNotAlerting", "the call is not ringing", Fact::kCall},
    {"kNotConnected", "the call is not talking", Fact::kCall},
    {"kNotHeld", "the call is not on hold", Fact::kCall},
    {"kStillAlerting", "the call has not been answered", Fact::kCall},
    {"kOtherCallTalking", "another call is talking", Fact::kTalkingCall},
    {"kNoConsult", "no consultation is under way", Fact::kCall},
    {"kConsultUnderWay", "a consultation is under way", Fact::kConsult},
    {"kConsultNotAnswered", "the consulted party has not answered", Fact::kConsult},
    {"kOtherConsultType", "the consultation was begun for another purpose", Fact::kPurpose},
    {"kNoOtherCall", "there is no other call", Fact::kCall},
    {"kTooManyCalls", "both lines are taken", Fact::kOtherCall},
    {"kForAgentsOnly", "supervisors do not have this button", Fact::kRole},
    {"kNotOnThisPeripheral", "this peripheral does not offer it", Fact::kPeripheral},
    {"kNotConfigured", "it is switched off in this server", Fact::kNothing},
    {"kOtherDialButton", "the plain dial button covers it", Fact::kNothing},
    {"kNotBargedIn", "the supervisor has not barged in", Fact::kPart},
    {"kNotOnTheCall", "the supervisor is not on the call", Fact::kPart},
    {"kSupervisorLoggedOut", "the supervisor is logged out", Fact::kPart},
    {"kOnTheCallAlready", "the supervisor is on the call already", Fact::kPart},
};
static_assert(std::size(kReasons) == kGreyReasons);
static_assert(sizeof(GreyReason) == 1, "the reasons of a mask are 32 bytes, written with it");

consteval bool each_reason_is_another() {
  for (const auto& row : kReasons) {
    if (!row.name.starts_with('k') || row.text.empty()) return false;
    for (const auto& other : kReasons) {
      if (&row != &other && (row.name == other.name || row.text == other.text)) return false;
    }
  }
  return true;
}
static_assert(each_reason_is_another());

bool is_there(const CallSituation& call) noexcept {
  return call.status != wire::ctios::LCS_NULL && call.status != wire::ctios::LCS_NONE;
}

/// One decision about one agent, perhaps with a call in view.
class Decision {
 public:
  Decision(const AgentSituation& agent, const CallSituation* call) noexcept
      : agent_(agent), call_(call) {
    for (const CallSituation& other : agent.calls) {
      if (!is_there(other)) continue;
      ++calls_;
      if (&other != call && other.status == wire::ctios::LCS_CONNECT) other_talking_ = &other;
      if (&other != call && other.status == wire::ctios::LCS_HOLD) other_held_ = true;
      if (other.role == ConsultRole::kConsult) consult_ = &other;
    }
  }

  /// Of which call the fact behind a reason is. nullptr: of none.
  const CallSituation* call_behind(GreyReason reason) const noexcept {
    switch (fact_of(reason)) {
      case Fact::kCall:
        return call_;
      case Fact::kAnyCall:
        return call_ != nullptr && is_there(*call_) ? call_ : other_than_this();
      case Fact::kTalkingCall:
        return other_talking_;
      case Fact::kOtherCall:
        return other_than_this();
      case Fact::kConsult:
      case Fact::kPurpose:
        return consult_;
      default:
        return nullptr;
    }
  }

  /// Of the call that wrap-up is for.
  bool outgoing() const noexcept { return call_ ? call_->outgoing : agent_.last_call_outgoing; }

  Buttons run() noexcept {
    buttons_.why.fill(GreyReason::kNoButton);
    login();
    states();
    dial();
    talk();
    consult();
    services();
    return buttons_;
  }

 private:
  void decide(std::uint32_t bit, GreyReason reason) noexcept {
    buttons_.why[static_cast<std::size_t>(std::countr_zero(bit))] = reason;
    if (reason == GreyReason::kOn) buttons_.mask |= bit;
  }
  /// The plain and the reason-code version of a button: at most one of them is on.
  void decide_pair(std::uint32_t plain, std::uint32_t with_reason, bool required,
                   GreyReason reason) noexcept {
    const bool on = reason == GreyReason::kOn;
    decide(plain, on && required ? GreyReason::kWithReason : reason);
    decide(with_reason, on && !required ? GreyReason::kWithoutReason : reason);
  }

  const CallSituation* other_than_this() const noexcept {
    for (const CallSituation& other : agent_.calls) {
      if (&other != call_ && is_there(other)) return &other;
    }
    return nullptr;
  }
  bool desk(std::uint32_t bit) const noexcept { return (agent_.desk_settings & bit) != 0; }
  bool logged_in() const noexcept {
    return agent_.state != wire::ctios::eLogout && agent_.state != wire::ctios::eUnknown;
  }
  bool wrapping_up() const noexcept {
    return agent_.state == wire::ctios::eWorkReady || agent_.state == wire::ctios::eWorkNotReady;
  }
  bool is(wire::ctios::LocalConnectionState status) const noexcept {
    return call_ && call_->status == status;
  }
  bool answered() const noexcept {
    return is(wire::ctios::LCS_CONNECT) || is(wire::ctios::LCS_HOLD);
  }
  /// The agent talks, or the state event saying so is still to come.
  bool talking() const noexcept {
    return answered() || agent_.state == wire::ctios::eTalking ||
           agent_.state == wire::ctios::eHold;
  }
  bool consulting() const noexcept {
    return consult_ != nullptr && (!call_ || call_->role != ConsultRole::kNone);
  }
  bool consult_answered() const noexcept {
    return consult_ && !consult_->rings &&
           (consult_->status == wire::ctios::LCS_CONNECT ||
            consult_->status == wire::ctios::LCS_HOLD);
  }
  WrapupMode wrapup() const noexcept {
    return outgoing() ? agent_.wrapup_outgoing : agent_.wrapup_incoming;
  }

  void login() noexcept {
    decide(ENABLE_LOGIN, logged_in() ? GreyReason::kLoggedIn : GreyReason::kOn);
    GreyReason reason = GreyReason::kOn;
    if (!logged_in()) {
      reason = GreyReason::kLoggedOut;
    } else if (calls_ != 0 || talking()) {
      reason = GreyReason::kCallInProgress;
    } else if (wrapping_up()) {
      reason = GreyReason::kWrapupFirst;
    } else if (agent_.state == wire::ctios::eReserved) {
      reason = GreyReason::kReserved;
    } else if (agent_.state != wire::ctios::eNotReady) {
      reason = GreyReason::kNotReadyFirst;
    }
    decide_pair(ENABLE_LOGOUT, ENABLE_LOGOUT_WITH_REASON,
                desk(wire::ctios::DESK_LOGOUT_REASON_REQUIRED_MASK), reason);
  }

  /// Why the agent cannot choose a state at all now; kOn when nothing general stands against it.
  GreyReason state_change() const noexcept {
    if (!logged_in()) return GreyReason::kLoggedOut;
    const bool coming = is(wire::ctios::LCS_ALERTING) || agent_.state == wire::ctios::eReserved;
    if (coming && !answered()) return GreyReason::kReserved;
    if (consulting()) return GreyReason::kConsultUnderWay;
    if (talking()) {
      switch (wrapup()) {
        case WrapupMode::Optional:
          return GreyReason::kOn;
        case WrapupMode::NotAllowed:
          return GreyReason::kDeskSettings;
        case WrapupMode::Required:
        case WrapupMode::RequiredWithWrapupData:
          return GreyReason::kWrapupFirst;
      }
    }
    if (agent_.state == wire::ctios::eBusyOther || call_) return GreyReason::kCallInProgress;
    return GreyReason::kOn;
  }

  void states() noexcept {
    const GreyReason general = state_change();
    const auto unless_in = [&](bool already) {
      return general == GreyReason::kOn && already ? GreyReason::kAlreadyInState : general;
    };
    decide(ENABLE_READY, unless_in(agent_.state == wire::ctios::eAvailable));
    decide_pair(ENABLE_NOTREADY, ENABLE_NOTREADY_WITH_REASON,
                desk(wire::ctios::DESK_IDLE_REASON_REQUIRED_MASK),
                unless_in(agent_.state == wire::ctios::eNotReady && !talking()));
    GreyReason wrap = general;
    if (general == GreyReason::kOn && !talking()) {
      wrap = wrapping_up() ? GreyReason::kAlreadyInState : GreyReason::kNoCall;
    }
    decide(ENABLE_WORKREADY, wrap);
    decide(ENABLE_WORKNOTREADY, wrap);
    GreyReason data = wrap;
    if (general == GreyReason::kOn && !talking())
      data = wrapping_up() ? GreyReason::kOn : GreyReason::kNotInWrapup;
    if (data == GreyReason::kOn && outgoing()) data = GreyReason::kOutgoingCall;
    decide(ENABLE_WRAPUP, data);
  }

  void dial() noexcept {
    GreyReason reason = GreyReason::kOn;
    if (!logged_in()) {
      reason = GreyReason::kLoggedOut;
    } else if (calls_ != 0 || talking() || agent_.state == wire::ctios::eBusyOther) {
      reason = GreyReason::kCallInProgress;
    } else if (agent_.state == wire::ctios::eReserved) {
      reason = GreyReason::kReserved;
    } else if (wrapping_up()) {
      reason = GreyReason::kWrapupFirst;
    }
    decide(ENABLE_MAKECALL, reason);
    const GreyReason other = reason == GreyReason::kOn ? GreyReason::kOtherDialButton : reason;
    decide(ENABLE_INSIDE_MAKECALL, other);
    decide(ENABLE_OUTSIDE_MAKECALL, other);
  }

  /// kOn when the call has one of the states in which a party can leave it; else why not.
  GreyReason release() const noexcept {
    if (!call_) return GreyReason::kNoCall;
    switch (call_->status) {
      case wire::ctios::LCS_INITIATE:
      case wire::ctios::LCS_CONNECT:
      case wire::ctios::LCS_HOLD:
      case wire::ctios::LCS_QUEUED:
      case wire::ctios::LCS_FAIL:
        return consulting() ? GreyReason::kConsultUnderWay : GreyReason::kOn;
      case wire::ctios::LCS_ALERTING:
        return GreyReason::kStillAlerting;
      default:
        return GreyReason::kNoCall;
    }
  }

  void talk() noexcept {
    const bool alerting = is(wire::ctios::LCS_ALERTING);
    const bool connected = is(wire::ctios::LCS_CONNECT);
    const bool held = is(wire::ctios::LCS_HOLD);
    const GreyReason none = call_ ? GreyReason::kOn : GreyReason::kNoCall;
    const auto needs = [&](bool state, GreyReason otherwise) {
      return call_ ? (state ? none : otherwise) : none;
    };
    decide(ENABLE_ANSWER, needs(alerting, GreyReason::kNotAlerting));
    decide(ENABLE_RELEASE, release());
    GreyReason hold =
        needs(connected, alerting ? GreyReason::kStillAlerting : GreyReason::kNotConnected);
    GreyReason retrieve = needs(held, GreyReason::kNotHeld);
    if (retrieve == GreyReason::kOn && other_talking_ != nullptr)
      retrieve = GreyReason::kOtherCallTalking;
    if (consulting()) {
      if (hold == GreyReason::kOn) hold = GreyReason::kConsultUnderWay;
      if (held) retrieve = GreyReason::kConsultUnderWay;
    }
    decide(ENABLE_HOLD, hold);
    decide(ENABLE_RETRIEVE, retrieve);
    GreyReason begin = hold;
    if (begin == GreyReason::kOn && calls_ > 1) begin = GreyReason::kTooManyCalls;
    decide(ENABLE_TRANSFER_INIT, begin);
    decide(ENABLE_CONFERENCE_INIT, begin);
    decide(ENABLE_SINGLE_STEP_TRANSFER,
           agent_.offer.single_step_transfer ? hold : GreyReason::kNotConfigured);
    decide(ENABLE_SINGLE_STEP_CONFERENCE,
           agent_.offer.single_step_conference ? hold : GreyReason::kNotOnThisPeripheral);
    decide(ENABLE_RECORD, agent_.offer.recording ? needs(connected, GreyReason::kNotConnected)
                                                 : GreyReason::kNotConfigured);
  }

  void consult() noexcept {
    GreyReason reconnect = GreyReason::kOn;
    if (!call_) {
      reconnect = GreyReason::kNoCall;
    } else if (!consulting()) {
      reconnect = GreyReason::kNoConsult;
    }
    GreyReason complete = reconnect;
    if (complete == GreyReason::kOn && !consult_answered())
      complete = GreyReason::kConsultNotAnswered;
    GreyReason alternate = complete;
    if (complete == GreyReason::kNoConsult) {  // two calls that have nothing to do with each other
      const bool pair = (is(wire::ctios::LCS_CONNECT) && other_held_) ||
                        (is(wire::ctios::LCS_HOLD) && other_talking_ != nullptr);
      alternate = pair ? GreyReason::kOn : GreyReason::kNoOtherCall;
    }
    decide(ENABLE_RECONNECT, reconnect);
    decide(ENABLE_ALTERNATE, alternate);
    const auto purpose = consult_ ? consult_->consult_type : wire::ctios::CT_UNSPECIFIED;
    const auto for_purpose = [&](wire::ctios::ConsultType other) {
      return complete == GreyReason::kOn && purpose == other ? GreyReason::kOtherConsultType
                                                             : complete;
    };
    decide(ENABLE_TRANSFER_COMPLETE, for_purpose(wire::ctios::CT_CONFERENCE));
    decide(ENABLE_CONFERENCE_COMPLETE, for_purpose(wire::ctios::CT_TRANSFER));
  }

  void services() noexcept {
    const GreyReason in = logged_in() ? GreyReason::kOn : GreyReason::kLoggedOut;
    const auto offered = [&](bool yes) { return yes ? in : GreyReason::kNotConfigured; };
    decide(ENABLE_STATISTICS, offered(agent_.offer.statistics));
    decide(ENABLE_CHAT, offered(agent_.offer.chat));
    GreyReason bad_line = offered(agent_.offer.bad_line);
    if (bad_line == GreyReason::kOn && !call_ && !talking() &&
        agent_.state != wire::ctios::eReserved) {
      bad_line = GreyReason::kNoCall;
    }
    decide(ENABLE_BAD_LINE_CALL, bad_line);
    GreyReason help = in;
    if (agent_.supervisor) {
      help = GreyReason::kForAgentsOnly;
    } else if (help != GreyReason::kOn) {
      // logged out
    } else if (consulting()) {
      help = GreyReason::kConsultUnderWay;
    } else if (call_ && !answered()) {
      help = GreyReason::kStillAlerting;
    } else if (agent_.state == wire::ctios::eReserved && !answered()) {
      help = GreyReason::kReserved;
    }
    const auto help_when = [&](bool yes) { return yes ? help : GreyReason::kNotConfigured; };
    decide(ENABLE_SUPERVISOR_ASSIST, help_when(agent_.offer.supervisor_assist));
    decide(ENABLE_EMERGENCY_CALL, help_when(agent_.offer.emergency));
  }

  const AgentSituation& agent_;
  const CallSituation* call_;
  const CallSituation* consult_ = nullptr;
  const CallSituation* other_talking_ = nullptr;
  std::uint32_t calls_ = 0;
  bool other_held_ = false;
  Buttons buttons_;
};

/// How much a call is the one that the agent is on.
int weight(wire::ctios::LocalConnectionState status) noexcept {
  switch (status) {
    case wire::ctios::LCS_CONNECT:
      return 5;
    case wire::ctios::LCS_ALERTING:
      return 4;
    case wire::ctios::LCS_INITIATE:
      return 3;
    case wire::ctios::LCS_HOLD:
      return 2;
    case wire::ctios::LCS_QUEUED:
    case wire::ctios::LCS_FAIL:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

std::string_view name_of(GreyReason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < kGreyReasons ? kReasons[index].name : "?";
}

std::string_view describe(GreyReason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < kGreyReasons ? kReasons[index].text : "?";
}

Fact fact_of(GreyReason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < kGreyReasons ? kReasons[index].fact : Fact::kNothing;
}

void assign_roles(std::span<CallSituation> calls) noexcept {
  for (CallSituation& call : calls) call.role = ConsultRole::kNone;
  for (CallSituation& call : calls) {
    if (!call.outgoing || weight(call.status) == 0 || call.role != ConsultRole::kNone) continue;
    for (CallSituation& earlier : calls) {
      const bool by_type = call.consultation && !earlier.consultation;
      if (&earlier == &call || earlier.role != ConsultRole::kNone) continue;
      if (!by_type && earlier.born >= call.born) continue;
      const bool one_held =
          earlier.status == wire::ctios::LCS_HOLD ||
          (earlier.status == wire::ctios::LCS_CONNECT && call.status == wire::ctios::LCS_HOLD);
      if (!one_held) continue;
      call.role = ConsultRole::kConsult;
      earlier.role = ConsultRole::kOriginal;
      break;
    }
  }
}

GreyReason Buttons::reason(std::uint32_t bit) const noexcept {
  CTI_CHECK(std::has_single_bit(bit));
  return why[static_cast<std::size_t>(std::countr_zero(bit))];
}

namespace {

/// The call that the agent is on.
const CallSituation* call_on(const AgentSituation& agent) noexcept {
  const CallSituation* on = nullptr;
  for (const CallSituation& call : agent.calls) {
    if (weight(call.status) > (on ? weight(on->status) : 0)) on = &call;
  }
  return on;
}

}  // namespace

Buttons agent_buttons(const AgentSituation& agent) noexcept {
  return Decision(agent, call_on(agent)).run();
}

Buttons call_buttons(const AgentSituation& agent, std::size_t index) noexcept {
  CTI_CHECK(index < agent.calls.size());
  return Decision(agent, &agent.calls[index]).run();
}

WhyGrey explain_button(const AgentSituation& agent, std::size_t index, std::uint32_t bit) noexcept {
  CTI_CHECK(index == WhyGrey::kNoCall || index < agent.calls.size());
  Decision decision(agent, index == WhyGrey::kNoCall ? call_on(agent) : &agent.calls[index]);
  const Buttons buttons = decision.run();
  WhyGrey why;
  why.reason = buttons.reason(bit);
  why.mask = buttons.mask;
  why.outgoing = decision.outgoing();
  if (const CallSituation* const call = decision.call_behind(why.reason))
    why.call = static_cast<std::size_t>(call - agent.calls.data());
  CTI_CHECK(why.call == WhyGrey::kNoCall || why.call < agent.calls.size());
  CTI_CHECK((why.reason == GreyReason::kOn) == ((why.mask & bit) != 0));
  return why;
}

}  // namespace cti::broker
