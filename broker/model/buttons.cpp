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
} kReasons[] = {
    {"kOn", "the button is on"},
    {"kNoButton", "no button"},
    {"kLoggedOut", "the agent is logged out"},
    {"kLoggedIn", "the agent is logged in already"},
    {"kAlreadyInState", "the agent is in this state already"},
    {"kReserved", "a call is on its way to the agent"},
    {"kCallInProgress", "not while there is a call"},
    {"kNotReadyFirst", "the agent has to be NotReady first"},
    {"kDeskSettings", "the agent desk settings do not allow it now"},
    {"kWrapupFirst", "wrap-up comes first"},
    {"kNotInWrapup", "the agent is not in wrap-up"},
    {"kOutgoingCall", "there is no wrap-up data for calls that the agent made"},
    {"kWithReason", "a reason code is required"},
    {"kWithoutReason", "no reason code is asked for"},
    {"kNoCall", "there is no call"},
    {"kNotAlerting", "the call is not ringing"},
    {"kNotConnected", "the call is not talking"},
    {"kNotHeld", "the call is not on hold"},
    {"kStillAlerting", "the call has not been answered"},
    {"kOtherCallTalking", "another call is talking"},
    {"kNoConsult", "no consultation is under way"},
    {"kConsultUnderWay", "a consultation is under way"},
    {"kConsultNotAnswered", "the consulted party has not answered"},
    {"kOtherConsultType", "the consultation was begun for another purpose"},
    {"kNoOtherCall", "there is no other call"},
    {"kTooManyCalls", "both lines are taken"},
    {"kForAgentsOnly", "supervisors do not have this button"},
    {"kNotOnThisPeripheral", "this peripheral does not offer it"},
    {"kNotConfigured", "it is switched off in this server"},
    {"kOtherDialButton", "the plain dial button covers it"},
    {"kNotBargedIn", "the supervisor has not barged in"},
    {"kNotOnTheCall", "the supervisor is not on the call"},
};
static_assert(std::size(kReasons) == kGreyReasons);

/// One decision about one agent, perhaps with a call in view.
class Decision {
 public:
  Decision(const AgentSituation& agent, const CallSituation* call) noexcept
      : agent_(agent), call_(call) {
    for (const CallSituation& other : agent.calls) {
      if (other.status == wire::ctios::LCS_NULL || other.status == wire::ctios::LCS_NONE) continue;
      ++calls_;
      if (&other != call && other.status == wire::ctios::LCS_CONNECT) other_talking_ = true;
      if (&other != call && other.status == wire::ctios::LCS_HOLD) other_held_ = true;
      if (other.role == ConsultRole::kConsult) consult_ = &other;
    }
  }

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
  bool outgoing() const noexcept { return call_ ? call_->outgoing : agent_.last_call_outgoing; }
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
    if (retrieve == GreyReason::kOn && other_talking_) retrieve = GreyReason::kOtherCallTalking;
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
                        (is(wire::ctios::LCS_HOLD) && other_talking_);
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
  std::uint32_t calls_ = 0;
  bool other_talking_ = false;
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

Buttons agent_buttons(const AgentSituation& agent) noexcept {
  const CallSituation* on = nullptr;
  for (const CallSituation& call : agent.calls) {
    if (weight(call.status) > (on ? weight(on->status) : 0)) on = &call;
  }
  return Decision(agent, on).run();
}

Buttons call_buttons(const AgentSituation& agent, std::size_t index) noexcept {
  CTI_CHECK(index < agent.calls.size());
  return Decision(agent, &agent.calls[index]).run();
}

}  // namespace cti::broker
