// The numbers of the model's words are those of the protocol.
#include "tools/simulator/model/vocabulary.hpp"

#include "wire/ged188_rules.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>

namespace cti::simulator {
namespace {

namespace ged = wire::ged188;

/// The protocol's name of a value, looked up in the enumeration that the named field of a message has.
std::string_view name_in(const char* message, const char* field, std::uint32_t value) {
  for (const ged::FixedRule& rule : ged::find_message(message)->fixed) {
    if (rule.name != field) continue;
    const ged::EnumValue* found = ged::find_value(*rule.enumeration, value);
    return found == nullptr ? "(none)" : found->name;
  }
  return "(no field)";
}

TEST(SimulatorVocabulary, AgentStatesAndConnectionStates) {
  const auto agent = [](AgentState s) {
    return name_in("AGENT_STATE_EVENT", "AgentState", static_cast<std::uint32_t>(s));
  };
  EXPECT_EQ(agent(AgentState::kNotReady), "AGENT_STATE_NOT_READY");
  EXPECT_EQ(agent(AgentState::kAvailable), "AGENT_STATE_AVAILABLE");
  EXPECT_EQ(agent(AgentState::kTalking), "AGENT_STATE_TALKING");
  EXPECT_EQ(agent(AgentState::kWorkNotReady), "AGENT_STATE_WORK_NOT_READY");
  EXPECT_EQ(agent(AgentState::kWorkReady), "AGENT_STATE_WORK_READY");
  EXPECT_EQ(agent(AgentState::kReserved), "AGENT_STATE_RESERVED");
  EXPECT_EQ(agent(AgentState::kHold), "AGENT_STATE_HOLD");
  const auto local = [](ConnectionState s) {
    return name_in("CALL_HELD_EVENT", "LocalConnectionState", static_cast<std::uint32_t>(s));
  };
  EXPECT_EQ(local(ConnectionState::kInitiated), "LCS_INITIATE");
  EXPECT_EQ(local(ConnectionState::kAlerting), "LCS_ALERTING");
  EXPECT_EQ(local(ConnectionState::kConnected), "LCS_CONNECT");
  EXPECT_EQ(local(ConnectionState::kHeld), "LCS_HOLD");
  EXPECT_EQ(local(ConnectionState::kFailed), "LCS_FAIL");
}

TEST(SimulatorVocabulary, CausesAndCallTypes) {
  const auto cause = [](Cause c) {
    return name_in("CALL_HELD_EVENT", "EventCause", static_cast<std::uint32_t>(c));
  };
  EXPECT_EQ(cause(Cause::kBusy), "CEC_BUSY");
  EXPECT_EQ(cause(Cause::kForwardNoAnswer), "CEC_CALL_FORWARD_NO_ANSWER");
  EXPECT_EQ(cause(Cause::kNotObtainable), "CEC_DEST_NOT_OBTAINABLE");
  EXPECT_EQ(cause(Cause::kTransfer), "CEC_TRANSFER");
  EXPECT_EQ(cause(Cause::kSupervisorBargeIn), "CEC_SUPERVISOR_BARGE_IN");
  EXPECT_EQ(cause(Cause::kConsult), "CEC_CONSULT");
  const auto type = [](CallType t) {
    return name_in("BEGIN_CALL_EVENT", "CallType", static_cast<std::uint32_t>(t));
  };
  EXPECT_EQ(type(CallType::kTransferIn), "CALLTYPE_TRANSFER_IN");
  EXPECT_EQ(type(CallType::kConsult), "CALLTYPE_CONSULT");
  EXPECT_EQ(type(CallType::kConference), "CALLTYPE_CONFERENCE");
  EXPECT_EQ(type(CallType::kEmergency), "CALLTYPE_EMERGENCY");
  EXPECT_EQ(type(CallType::kSupervisorIntercept), "CALLTYPE_SUPERVISOR_INTERCEPT");
}

TEST(SimulatorVocabulary, RefusalsAndStatusCodes) {
  const auto refusal = [](Refusal r) {
    return name_in("CONTROL_FAILURE_CONF", "FailureCode", static_cast<std::uint32_t>(r));
  };
  EXPECT_EQ(refusal(Refusal::kStateIncompatible), "CF_GENERIC_STATE_INCOMPATIBILITY");
  EXPECT_EQ(refusal(Refusal::kInvalidAgentId), "CF_INVALID_AGENT_ID_SPECIFIED");
  EXPECT_EQ(refusal(Refusal::kAlreadySignedOn), "CF_SPECIFIED_AGENT_ALREADY_SIGNED_ON");
  EXPECT_EQ(refusal(Refusal::kInvalidDevice), "CF_INVALID_LOGON_DEVICE_SPECIFIED");
  EXPECT_EQ(refusal(Refusal::kReasonRequired), "CF_REASON_CODE_REQUIRED");
  EXPECT_EQ(refusal(Refusal::kArbitraryNotSupported), "CF_ARBITRARY_CONF_OR_XFER_NOT_SUPPORTED");
  const auto status = [](Status s) {
    return name_in("FAILURE_CONF", "Status", static_cast<std::uint32_t>(s));
  };
  EXPECT_EQ(status(Status::kFunctionNotAvailable), "E_CTI_FUNCTION_NOT_AVAILABLE");
  EXPECT_EQ(status(Status::kInvalidCallId), "E_CTI_INVALID_CALLID");
  EXPECT_EQ(status(Status::kTooMuchData), "E_CTI_TOO_MUCH_DATA");
  EXPECT_EQ(status(Status::kValueTooLong), "E_CTI_VALUE_TOO_LONG");
  EXPECT_EQ(status(Status::kTeamMonitorExists), "E_CTI_AGENT_TEAM_MONITOR_ALREADY_EXISTS");
  EXPECT_EQ(status(Status::kInvalidClientForStandby), "E_CTI_INVALID_CLIENT_FOR_STANDBY");
}

}  // namespace
}  // namespace cti::simulator
