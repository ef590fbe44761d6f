// vocabulary.hpp - the words in which the model of the switch speaks: states, causes, kinds of call, refusals.
//
// Why      the model knows telephony and no wire format; its numbers are those of GED-188, so that an emitter casts.
// Source   the published message guide; a test compares every number here with the generated tables of wire/ged188.
#pragma once

#include <cstdint>

namespace cti::simulator {

enum class AgentState : std::uint16_t {
  kLogin = 0,
  kLogout = 1,
  kNotReady = 2,
  kAvailable = 3,
  kTalking = 4,
  kWorkNotReady = 5,
  kWorkReady = 6,
  kBusyOther = 7,
  kReserved = 8,
  kUnknown = 9,
  kHold = 10,
};
inline constexpr std::size_t kAgentStates = 11;

/// State of one connection, as its own device sees it.
enum class ConnectionState : std::uint16_t {
  kNull = 0,
  kInitiated = 1,
  kAlerting = 2,
  kConnected = 3,
  kHeld = 4,
  kQueued = 5,
  kFailed = 6,
};

enum class Cause : std::uint16_t {
  kNone = 0xFFFF,
  kAlternate = 2,
  kBusy = 3,
  kCallCancelled = 5,
  kForwardNoAnswer = 8,
  kForward = 9,
  kNotAnswered = 10,
  kNotObtainable = 13,
  kNewCall = 22,
  kRedirected = 28,
  kTransfer = 32,
  kSupervisorAssist = 43,
  kEmergencyCall = 44,
  kSupervisorClear = 45,
  kSupervisorMonitor = 46,
  kSupervisorWhisper = 47,
  kSupervisorBargeIn = 48,
  kSupervisorIntercept = 49,
  kPartyUpdate = 50,
  kConsult = 51,
};

enum class CallType : std::uint16_t {
  kAcdIn = 1,
  kPrerouteAcdIn = 2,
  kTransferIn = 4,
  kOtherIn = 6,
  kOut = 9,
  kAgentInside = 10,
  kConsult = 12,
  kConference = 15,
  kAssist = 19,
  kEmergency = 20,
  kSupervisorMonitor = 21,
  kSupervisorWhisper = 22,
  kSupervisorBargeIn = 23,
  kSupervisorIntercept = 24,
};

enum class DeviceKind : std::uint16_t {
  kNone = 0xFFFF,
  kStation = 0,
  kRoutePoint = 74,
  kExternal = 75,
  kQueue = 77,
};

/// Part of CALL_DATA and BEGIN events: how the called party's leg ended.
enum class Disposition : std::uint16_t {
  kNone = 0,
  kAbandonedInQueue = 2,
  kAbandonedRing = 3,
  kBusy = 8,
  kDropHandled = 13,
  kRingNoAnswer = 19,
  kBlindTransfer = 28,
  kAnnouncedTransfer = 29,
  kConferenced = 30,
};

enum class WrapupMode : std::uint32_t {
  kRequired = 0,
  kOptional = 1,
  kNotAllowed = 2,
  kRequiredWithData = 3
};

enum class SupervisoryAction : std::uint16_t {
  kClear = 0,
  kMonitor = 1,
  kWhisper = 2,
  kBargeIn = 3,
  kIntercept = 4
};

namespace desk {  // DeskSettingsMask
inline constexpr std::uint32_t kAvailableAfterIncoming = 1, kAvailableAfterOutgoing = 2,
                               kAutoAnswer = 4, kIdleReasonRequired = 8, kLogoutReasonRequired = 16,
                               kSupervisorCallsAllowed = 32, kAgentToAgentAllowed = 64;
}  // namespace desk

/// The telephone side says no: CONTROL_FAILURE_CONF.
enum class Refusal : std::uint16_t {
  kValueOutOfRange = 3,
  kObjectNotKnown = 4,
  kInvalidCallingDevice = 5,
  kInvalidCalledDevice = 6,
  kPrivilegeViolation = 8,
  kInvalidConnection = 13,
  kInvalidDestination = 14,
  kInvalidFeature = 15,
  kStateIncompatible = 21,
  kInvalidObjectState = 22,
  kNoActiveCall = 24,
  kNoHeldCall = 25,
  kNoConnectionToClear = 27,
  kNoCallToAnswer = 28,
  kResourceBusy = 33,
  kOutOfService = 34,
  kConferenceFull = 38,
  kInvalidAgentId = 256,
  kAlreadySignedOn = 259,
  kInvalidDevice = 260,
  kInvalidAnsweringDevice = 261,
  kInvalidSkillGroup = 262,
  kInvalidWorkMode = 265,
  kInvalidReason = 266,
  kNotParty = 268,
  kInvalidConsultType = 273,
  kWrapupDataRequired = 280,
  kReasonRequired = 281,
  kExtensionInUse = 283,
  kArbitraryNotSupported = 284,
  kGreetingFailed = 1016,
};

/// The CTI server says no: FAILURE_CONF.
enum class Status : std::uint32_t {
  kNoError = 0,
  kInvalidVersion = 1,
  kInvalidMessageLength = 2,
  kInvalidFieldTag = 3,
  kSessionNotOpen = 4,
  kSessionAlreadyOpen = 5,
  kRequiredDataMissing = 6,
  kInvalidPeripheral = 7,
  kInvalidAgentData = 8,
  kAgentNotLoggedOn = 9,
  kDeviceInUse = 10,
  kNewSessionOpened = 11,
  kFunctionNotAvailable = 12,
  kInvalidCallId = 13,
  kProtectedVariable = 14,
  kServerOffline = 15,
  kTimeout = 16,
  kUnspecifiedFailure = 17,
  kInvalidTimeout = 18,
  kInvalidServiceMask = 19,
  kInvalidCallMask = 20,
  kInvalidAgentMask = 21,
  kInvalidReserved = 22,
  kInvalidFieldLength = 23,
  kInvalidDigits = 24,
  kBadMessageFormat = 25,
  kInvalidTagForMessage = 26,
  kInconsistentAgentData = 32,
  kNotCallParty = 35,
  kInvalidPassword = 36,
  kClientDisconnected = 37,
  kInvalidNumSkillGroups = 39,
  kInvalidMessageForVersion = 48,
  kInvalidTagForVersion = 49,
  kExclusiveDeviceTypes = 54,
  kInvalidMonitor = 55,
  kSessionMonitorExists = 56,
  kSessionMonitorIsClients = 57,
  kClientNotFound = 63,
  kSupervisorNotFound = 64,
  kTeamNotFound = 65,
  kNoCallActive = 66,
  kVariableNotConfigured = 67,
  kArrayNotConfigured = 68,
  kInvalidVariableMask = 69,
  kInvalidDistribution = 71,
  kInvalidSkillGroup = 72,
  kTooMuchData = 73,
  kValueTooLong = 74,
  kInvalidSupervisoryAction = 82,
  kTeamMonitorExists = 83,
  kInvalidService = 84,
  kServiceConflict = 85,
  kInvalidDevice = 87,
  kMonitorExists = 89,
  kMonitorTerminated = 90,
  kInvalidConfigMask = 95,
  kInvalidClientForStandby = 107,
  kInvalidUniqueInstance = 108,
  kDuplicateUniqueInstance = 109,
  kInMaintenance = 110,
};

/// Why a request was not done. Exactly one of the two numbers says it.
struct Failure {
  Status status = Status::kNoError;  ///< kNoError: the telephone side refused, see `refusal`
  Refusal refusal{};
  std::uint32_t peripheral_error = 0;  ///< the switch's own number, for people

  static constexpr Failure server(Status status) noexcept { return {status, Refusal{}, 0}; }
  static constexpr Failure telephone(Refusal refusal, std::uint32_t detail = 0) noexcept {
    return {Status::kNoError, refusal, detail};
  }
  friend constexpr bool operator==(const Failure&, const Failure&) = default;
};

/// The number on the wire for "none".
inline constexpr std::uint32_t kNoCall = 0xFFFF'FFFF;
inline constexpr std::uint32_t kNoSkillGroup = 0xFFFF'FFFF;
/// Reason codes that the switch itself sets.
inline constexpr std::uint16_t kReasonRingNoAnswer = 32767;
inline constexpr std::uint16_t kReasonForcedBySupervisor = 999;
inline constexpr std::uint16_t kReasonComponentLost =
    50002;  ///< forced logout: a component is gone

}  // namespace cti::simulator
