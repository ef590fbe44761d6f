// silent_monitor.hpp - CSilentMonitorManager: there by name, not by function (voice is not copied yet).
#pragma once

#include "cil/object.hpp"

namespace cti::cil {

/// Every request returns E_CTIOS_METHOD_NO_IMPLEMENTED.
class CSilentMonitorManager : public CCtiOsObject {
 public:
  int AcceptSilentMonitoring(const Arguments& args);
  int SetIPPhoneInfo(const Arguments& args);
  int StartSilentMonitorRequest(const Arguments& args, unsigned short* SMSessionKey);
  int StartSMMonitoredMode(const Arguments& args);
  int StartSMMonitoringMode(const Arguments& args);
  int StopSilentMonitorMode(const Arguments& reserved = no_arguments());
  int StopSilentMonitorRequest(const Arguments& args);
  bool IsMonitoredTarget(const Arguments& args) const;
  /// Empty arrays, with a reference for the caller.
  Arguments& GetIPPhoneInfo() const;
  Arguments& GetSessionInfo(const Arguments& args) const;
  Arguments& GetSMSessionList() const;

 protected:
  ~CSilentMonitorManager() override = default;
};

}  // namespace cti::cil
