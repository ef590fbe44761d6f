// call.hpp - CCall: one call connection of one device. Made and ended by the session, never by the program.
//
// Every request returns CIL_OK when it was queued; what came of it arrives as On...Conf or OnControlFailureConf.
// Refused at once, with nothing sent: E_CTIOS_INVALID_SESSION (no session, or the call has ended), E_CTIOS_IN_FAILOVER,
// E_CTIOS_CALL_NOT_ALERTING, E_CTIOS_CALL_NOT_ON_HOLD, E_CTIOS_CALL_ALREADY_ON_HOLD, E_CTIOS_METHOD_NO_IMPLEMENTED.
#pragma once

#include "cil/object.hpp"
#include "wire/event_id.hpp"

#include <span>

namespace cti::cil {

class CCall : public CCtiOsObject {
 public:
  int Alternate(const Arguments& reserved = no_arguments());
  int Answer(const Arguments& reserved = no_arguments());
  int Clear(const Arguments& reserved = no_arguments());
  int ClearConnection(const Arguments& reserved = no_arguments());
  int Conference(const Arguments& args = no_arguments());
  int Hold(const Arguments& reserved = no_arguments());
  int MakeConsultCall(const Arguments& args);
  int Reconnect(const Arguments& reserved = no_arguments());
  int Retrieve(const Arguments& reserved = no_arguments());
  int SendDTMFSignal(const Arguments& args);
  /// CallVariable1..10, CallWrapupData, ECC; one blank clears, an ECC array must be sent whole.
  int SetCallData(const Arguments& args);
  int SingleStepConference(const Arguments& args);
  int SingleStepTransfer(const Arguments& args);
  int Snapshot(const Arguments& args = no_arguments());
  int StartRecord(const Arguments& reserved = no_arguments());
  int StopRecord(const Arguments& reserved = no_arguments());
  int Transfer(const Arguments& args = no_arguments());

  /// ANI, DNIS, CallType and the like, as far as they are known.
  bool GetCallContext(Arguments& args) const;
  /// CallVariable1..10 and ECC.
  bool GetCallData(Arguments& args) const;
  using CCtiOsObject::GetLastError;

 protected:
  friend class detail::Objects;
  CCall() = default;
  ~CCall() override = default;

 private:
  int request(wire::RequestId request, const Arguments& args);
  int request_in_state(wire::RequestId wanted, const Arguments& args, int state, bool be_in,
                       int refusal);
  bool pick(std::span<const enum_Keywords> keys, Arguments& args) const;
};

}  // namespace cti::cil
