// buttons.hpp - which buttons of a softphone are on, and why each of the others is not.
//
// Why      the server decides this for every desktop, so that desktops need no rules of their own; and the one question
//          that people have about a grey button is why. The reason is kept where the decision is made.
// Shape    two pure functions from an agent's situation to Buttons: a mask with the bits of ButtonEnablement, and a reason
//          for each bit. The mask of an agent record is that of the agent together with the call that the agent is on,
//          the mask of a call record that of the agent with this call: a desktop that follows the last mask it was sent
//          is right either way.
// Why not  a bit is on when the rule for it finds no reason, so mask and reason are one decision. explain_button() makes it
//          again for one bit, when somebody asks, and names the value that the reason speaks of (Fact); explain.hpp says
//          it in words. docs/buttons.md is the table of all of it (button_table.hpp).
// Source   CTI OS developer guide, chapter on button enablement: the table for UCCE. Its row for a held call next to an
//          answered consult is missing; that call gets the buttons of the consult, since Alternate, Reconnect and the
//          completions may name either call.
// Threads  none; constant time (the calls of one device: a handful).
#pragma once

#include "wire/ctios_enums.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace cti::broker {

/// Why a button is grey.
enum class GreyReason : std::uint8_t {
  kOn = 0,               ///< it is not
  kNoButton,             ///< the bit names no button
  kLoggedOut,            ///< log in first
  kLoggedIn,             ///< already logged in
  kAlreadyInState,       ///< the agent is in that state
  kReserved,             ///< a call is being brought to the agent
  kCallInProgress,       ///< not while there is a call
  kNotReadyFirst,        ///< only from NotReady
  kDeskSettings,         ///< the agent desk settings do not allow it now
  kWrapupFirst,          ///< the agent is in wrap-up, or has to be before
  kNotInWrapup,          ///< only for wrap-up
  kOutgoingCall,         ///< no wrap-up data for calls the agent made
  kWithReason,           ///< the button with reason codes is the one to use
  kWithoutReason,        ///< reason codes are not asked for
  kNoCall,               ///< there is no call
  kNotAlerting,          ///< the call is not ringing here
  kNotConnected,         ///< the call is not talking
  kNotHeld,              ///< the call is not on hold
  kStillAlerting,        ///< answer it first
  kOtherCallTalking,     ///< another call is talking: alternate
  kNoConsult,            ///< no consultation is under way
  kConsultUnderWay,      ///< finish or leave the consultation first
  kConsultNotAnswered,   ///< the consulted party has not answered
  kOtherConsultType,     ///< the consultation was begun for the other purpose
  kNoOtherCall,          ///< needs a second call
  kTooManyCalls,         ///< both lines are taken
  kForAgentsOnly,        ///< supervisors have it not
  kNotOnThisPeripheral,  ///< the switch cannot do it
  kNotConfigured,        ///< switched off in this server
  kOtherDialButton,      ///< MAKECALL stands for inside and outside calls alike
  kNotBargedIn,          ///< a supervisor intercepts after having barged in
  kNotOnTheCall,         ///< the supervisor is not on the agent's call
  kSupervisorLoggedOut,  ///< nothing of what a supervisor does
  kOnTheCallAlready,     ///< the supervisor, in whatever part
};
inline constexpr std::size_t kGreyReasons = 34;
/// "kCallInProgress"; "?" for a number that is none.
std::string_view name_of(GreyReason reason) noexcept;
/// For people: "not while there is a call".
std::string_view describe(GreyReason reason) noexcept;

/// The value that a reason speaks of: with another one the button might be on.
enum class Fact : std::uint8_t {
  kNothing,       ///< none that changes: another button does it, or the server is set so
  kAgentState,    ///< the agent's state
  kCall,          ///< the call that the mask is of; the agent's state when it is of none
  kAnyCall,       ///< that call, else any other, and the agent's state
  kTalkingCall,   ///< the other call that talks
  kOtherCall,     ///< another call than the one that the mask is of
  kConsult,       ///< the call that the agent consults on
  kPurpose,       ///< and what it was begun for
  kWrapup,        ///< the agent's state and the wrap-up mode of the desk settings
  kDeskSettings,  ///< DeskSettingsMask
  kRole,          ///< that the agent is a supervisor
  kPeripheral,    ///< PeripheralType
  kPart,          ///< what the supervisor is on the agent's call
};
Fact fact_of(GreyReason reason) noexcept;

/// The part that a call plays for this agent.
enum class ConsultRole : std::uint8_t {
  kNone,      ///< a call like any other; the receiver of a consultation sees it so too
  kOriginal,  ///< on hold for the consultation
  kConsult,   ///< the call that the agent consults on
};

/// A call on the agent's device. All values begin as zeros: sixteen are made for each mask.
struct CallSituation {
  wire::ctios::LocalConnectionState status = wire::ctios::LCS_NULL;
  ConsultRole role = ConsultRole::kNone;
  wire::ctios::ConsultType consult_type =
      wire::ctios::CT_UNSPECIFIED;  ///< unspecified: both completions are offered
  bool outgoing = false;            ///< the agent made it
  bool consultation = false;        ///< its type says so
  bool rings = false;               ///< made here, and the other party still rings
  std::uint32_t born = 0;           ///< rises with every call; for assign_roles
};

/// Sets the roles of an agent's calls when nobody has said them: an outgoing call that began after a call which is now on
/// hold is a consultation on that call (UCCE lets an agent dial beside a call in no other way), and so it stays when the
/// two have been alternated. What a consultation is by its type is one whichever of the two was heard of first.
void assign_roles(std::span<CallSituation> calls) noexcept;

/// What this server and its peripheral offer.
struct ButtonOffer {
  bool chat = true;
  bool statistics = true;
  bool supervisor_assist = true;
  bool emergency = true;
  bool bad_line = true;
  bool recording = false;
  bool single_step_transfer = false;  ///< the button: the guide's table for UCCE has none
  bool single_step_conference = false;  ///< UCCE: no
};

struct AgentSituation {
  wire::ctios::AgentState state = wire::ctios::eUnknown;
  bool supervisor = false;
  std::uint32_t desk_settings = 0;  ///< DeskSettingsMask: whether reasons are asked for
  wire::ctios::WrapupMode wrapup_incoming = wire::ctios::WrapupMode::Optional;
  wire::ctios::WrapupMode wrapup_outgoing = wire::ctios::WrapupMode::Optional;
  bool last_call_outgoing = false;  ///< of the call that wrap-up is for
  std::span<const CallSituation> calls;
  ButtonOffer offer;
};

struct Buttons {
  std::uint32_t mask = 0;
  std::array<GreyReason, 32> why{};  ///< by bit number; kOn exactly for the bits of the mask

  /// Why the button of this single bit is grey.
  GreyReason reason(std::uint32_t bit) const noexcept;
};

/// Of one button: its reason, and of which call the fact behind it is.
struct WhyGrey {
  static constexpr std::size_t kNoCall = SIZE_MAX;
  GreyReason reason = GreyReason::kNoButton;
  std::size_t call = kNoCall;  ///< its place in AgentSituation::calls
  bool outgoing = false;       ///< whose wrap-up counts: of calls that the agent makes
  std::uint32_t mask = 0;      ///< that it was asked of
};
/// Of a single bit of the mask of an agent record (index kNoCall), or of agent.calls[index].
WhyGrey explain_button(const AgentSituation& agent, std::size_t index, std::uint32_t bit) noexcept;

/// The mask of an agent record.
Buttons agent_buttons(const AgentSituation& agent) noexcept;
/// The mask of a record of agent.calls[index].
Buttons call_buttons(const AgentSituation& agent, std::size_t index) noexcept;

}  // namespace cti::broker
