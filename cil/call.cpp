// call.cpp - what is asked for a call: refused here where the call's state forbids it, so that a program hears at once.
#include "cil/call.hpp"

#include "cil/detail/engine/session_core.hpp"

namespace cti::cil {

using wire::RequestId;

int CCall::request(RequestId request, const Arguments& args) {
  if (!detail::works(request)) return ReportError(E_CTIOS_METHOD_NO_IMPLEMENTED);
  const auto session = core();
  if (!session) return ReportError(E_CTIOS_INVALID_SESSION);
  const int result = session->submit_to(object_id(), request, args);
  return result == CIL_OK ? result : ReportError(result);
}

int CCall::request_in_state(RequestId wanted, const Arguments& args, int state, bool be_in,
                            int refusal) {
  int now = 0;
  // Without a known state the server decides.
  if (GetValueInt(ekwCallStatus, &now) && (now == state) != be_in && core())
    return ReportError(refusal);
  return request(wanted, args);
}

int CCall::Answer(const Arguments& reserved) {
  return request_in_state(RequestId::eAnswerCallRequest, reserved, LCS_ALERTING, true,
                          E_CTIOS_CALL_NOT_ALERTING);
}
int CCall::Hold(const Arguments& reserved) {
  return request_in_state(RequestId::eHoldCallRequest, reserved, LCS_HOLD, false,
                          E_CTIOS_CALL_ALREADY_ON_HOLD);
}
int CCall::Retrieve(const Arguments& reserved) {
  return request_in_state(RequestId::eRetrieveCallRequest, reserved, LCS_HOLD, true,
                          E_CTIOS_CALL_NOT_ON_HOLD);
}
int CCall::Alternate(const Arguments& reserved) {
  return request(RequestId::eAlternateCallRequest, reserved);
}
int CCall::Clear(const Arguments& reserved) {
  return request(RequestId::eClearCallRequest, reserved);
}
int CCall::ClearConnection(const Arguments& reserved) {
  return request(RequestId::eClearConnectionRequest, reserved);
}
int CCall::Conference(const Arguments& args) {
  return request(RequestId::eConferenceCallRequest, args);
}
int CCall::MakeConsultCall(const Arguments& args) {
  return request(RequestId::eConsultationCallRequest, args);
}
int CCall::Reconnect(const Arguments& reserved) {
  return request(RequestId::eReconnectCallRequest, reserved);
}
int CCall::SendDTMFSignal(const Arguments& args) {
  return request(RequestId::eSendDTMFSignalRequest, args);
}
int CCall::SetCallData(const Arguments& args) {
  return request(RequestId::eSetCallDataRequest, args);
}
int CCall::SingleStepConference(const Arguments& args) {
  return request(RequestId::eSingleStepConferenceRequest, args);
}
int CCall::SingleStepTransfer(const Arguments& args) {
  return request(RequestId::eSingleStepTransferRequest, args);
}
int CCall::Snapshot(const Arguments& args) {
  return request(RequestId::eSnapshotCallRequest, args);
}
int CCall::StartRecord(const Arguments& reserved) {
  return request(RequestId::eStartRecordingRequest, reserved);
}
int CCall::StopRecord(const Arguments& reserved) {
  return request(RequestId::eStopRecordingRequest, reserved);
}
int CCall::Transfer(const Arguments& args) {
  return request(RequestId::eTransferCallRequest, args);
}

bool CCall::GetCallContext(Arguments& args) const {
  static constexpr enum_Keywords kContext[] = {ekwANI,
                                               ekwCallerEnteredDigits,
                                               ekwCallType,
                                               ekwCallWrapupData,
                                               ekwConnectionCallID,
                                               ekwDialedNumber,
                                               ekwDNIS,
                                               ekwICMEnterpriseUniqueID,
                                               ekwServiceID,
                                               ekwServiceNumber,
                                               ekwSkillGroupID,
                                               ekwSkillGroupNumber,
                                               ekwUniqueObjectID,
                                               ekwUserToUserInfo};
  return pick(kContext, args);
}

bool CCall::GetCallData(Arguments& args) const {
  static constexpr enum_Keywords kData[] = {ekwCallVariable1,
                                            ekwCallVariable2,
                                            ekwCallVariable3,
                                            ekwCallVariable4,
                                            ekwCallVariable5,
                                            ekwCallVariable6,
                                            ekwCallVariable7,
                                            ekwCallVariable8,
                                            ekwCallVariable9,
                                            ekwCallVariable10,
                                            ekwECC};
  return pick(kData, args);
}

bool CCall::pick(std::span<const enum_Keywords> keys, Arguments& args) const {
  Arguments all;
  collect(&all);
  for (const enum_Keywords key : keys) {
    if (const Arg* found = all.find(key)) args.AddItem(key, *found);
  }
  return all.NumElements() > 0;
}

}  // namespace cti::cil
