// silent_monitor.cpp - every method of a function that is not there, by name.
#include "cil/silent_monitor.hpp"

namespace cti::cil {

int CSilentMonitorManager::AcceptSilentMonitoring(const Arguments&) {
  return E_CTIOS_METHOD_NO_IMPLEMENTED;
}
int CSilentMonitorManager::SetIPPhoneInfo(const Arguments&) {
  return E_CTIOS_METHOD_NO_IMPLEMENTED;
}
int CSilentMonitorManager::StartSilentMonitorRequest(const Arguments&, unsigned short*) {
  return E_CTIOS_METHOD_NO_IMPLEMENTED;
}
int CSilentMonitorManager::StartSMMonitoredMode(const Arguments&) {
  return E_CTIOS_METHOD_NO_IMPLEMENTED;
}
int CSilentMonitorManager::StartSMMonitoringMode(const Arguments&) {
  return E_CTIOS_METHOD_NO_IMPLEMENTED;
}
int CSilentMonitorManager::StopSilentMonitorMode(const Arguments&) {
  return E_CTIOS_METHOD_NO_IMPLEMENTED;
}
int CSilentMonitorManager::StopSilentMonitorRequest(const Arguments&) {
  return E_CTIOS_METHOD_NO_IMPLEMENTED;
}
bool CSilentMonitorManager::IsMonitoredTarget(const Arguments&) const { return false; }
Arguments& CSilentMonitorManager::GetIPPhoneInfo() const { return Arguments::CreateInstance(); }
Arguments& CSilentMonitorManager::GetSessionInfo(const Arguments&) const {
  return Arguments::CreateInstance();
}
Arguments& CSilentMonitorManager::GetSMSessionList() const { return Arguments::CreateInstance(); }

}  // namespace cti::cil
