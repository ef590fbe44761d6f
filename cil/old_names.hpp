// old_names.hpp - names that sources written for CTI OS use beside those of the guide's tables.
//
// Why      an old program should compile as it is. These are types by the spelling of the C++ samples (enumCTIOS_*) and the
//          CTI Server's own constants, which samples compare SystemEventID and service masks with.
#pragma once

#include "cil/events.hpp"
#include "wire/ctios_enums.hpp"

#include <cstdint>

namespace cti::cil {

inline namespace old_names {

using enumCTIOS_AgentState = wire::ctios::AgentState;
using enumCTIOS_ConnectionMode = wire::ctios::ConnectionMode;
using enumCTIOS_ConnectionFailureReason = wire::ctios::ConnectionFailureReason;
using enumCTIOS_FailureCode = wire::ctios::FailureCode;
using enumCTIOS_SystemEventID = wire::ctios::SystemEventID;
using enumCTIOS_AgentAvailabilityStatus = wire::ctios::AgentAvailabilityStatus;
using enumCTIOS_AgentCallMode = wire::ctios::AgentCallMode;
using enumCTIOS_AgentRoutableMode = wire::ctios::AgentRoutableMode;
using enumCTIOS_DesktopType = wire::ctios::DesktopType;
using enumCTIOS_SupervisoryAction = wire::ctios::SupervisoryAction;
using enumCTIOS_AgentGreetingAction = wire::ctios::AgentGreetingAction;
using enumCTIOS_TeamMemberFlags = wire::ctios::TeamMemberFlags;
using enumCTIOS_ConfigOperation = wire::ctios::ConfigOperation;
using enumCTIOS_IncomingOrOutgoing = wire::ctios::IncomingOrOutgoing;
using enumCTIOS_WrapupMode = wire::ctios::WrapupMode;
using enumCTIOS_SMManagerMode = wire::ctios::SMManagerMode;
using enumCTIOS_SilentMonitorStatus = wire::ctios::SilentMonitorStatus;
using enumCTIOS_ArgDataType = wire::ctios::ArgDataType;
using enumCTIOS_WaitResult = wire::ctios::WaitResult;
using enumCTIOS_SubscriberList = wire::ctios::SubscriberList;
using enumCTIOS_CTIServerStatus = wire::ctios::CTIServerStatus;
using enumCTIOS_PGStatus = wire::ctios::PGStatus;
using enumCTIOS_PeripheralType = wire::ctios::PeripheralType;
using enumCTIOS_LocalConnectionState = wire::ctios::LocalConnectionState;
using enumCTIOS_EventCause = wire::ctios::EventCause;
using enumCTIOS_DeviceIDType = wire::ctios::DeviceIDType;
using enumCTIOS_CallType = wire::ctios::CallType;
using enumCTIOS_ConnectionDeviceIDType = wire::ctios::ConnectionDeviceIDType;
using enumCTIOS_LineType = wire::ctios::LineType;
using enumCTIOS_ControlFailureCode = wire::ctios::ControlFailureCode;
/// Bits, added to one another: no enumeration of its own.
using enumCTIOS_EnablementMasks = std::uint32_t;
using enumCTIOS_SupervisorEnablementMasks = std::uint32_t;

// SYSTEM_EVENT of the CTI Server; the first eight are SystemEventID.
inline constexpr int SYS_CENTRAL_CONTROLLER_ONLINE = 1;
inline constexpr int SYS_CENTRAL_CONTROLLER_OFFLINE = 2;
inline constexpr int SYS_PERIPHERAL_ONLINE = 3;
inline constexpr int SYS_PERIPHERAL_OFFLINE = 4;
inline constexpr int SYS_TEXT_FYI = 5;
inline constexpr int SYS_PERIPHERAL_GATEWAY_OFFLINE = 6;
inline constexpr int SYS_CTI_SERVER_OFFLINE = 7;
inline constexpr int SYS_CTI_SERVER_ONLINE = 8;
inline constexpr int SYS_HALF_HOUR_CHANGE = 9;
inline constexpr int SYS_INSTRUMENT_OUT_OF_SERVICE = 10;
inline constexpr int SYS_INSTRUMENT_BACK_IN_SERVICE = 11;
static_assert(SYS_CTI_SERVER_ONLINE == wire::ctios::eSysCtiServerOnline);
static_assert(SYS_PERIPHERAL_OFFLINE == wire::ctios::eSysPeripheralOffline);

// Services of the CTI Server.
inline constexpr std::uint32_t CTI_SERVICE_DEBUG = 0x80000000;
inline constexpr std::uint32_t CTI_SERVICE_CLIENT_EVENTS = 0x00000001;
inline constexpr std::uint32_t CTI_SERVICE_CALL_DATA_UPDATE = 0x00000002;
inline constexpr std::uint32_t CTI_SERVICE_CLIENT_CONTROL = 0x00000004;
inline constexpr std::uint32_t CTI_SERVICE_CONNECTION_MONITOR = 0x00000008;
inline constexpr std::uint32_t CTI_SERVICE_ALL_EVENTS = 0x00000010;
inline constexpr std::uint32_t CTI_SERVICE_PERIPHERAL_MONITOR = 0x00000020;
inline constexpr std::uint32_t CTI_SERVICE_CLIENT_MONITOR = 0x00000040;
inline constexpr std::uint32_t CTI_SERVICE_SUPERVISOR = 0x00000080;
inline constexpr std::uint32_t CTI_SERVICE_SERVER = 0x00000100;
inline constexpr std::uint32_t CTI_SERVICE_AGENT_REPORTING = 0x00000400;
inline constexpr std::uint32_t CTI_SERVICE_ALL_TASK_EVENTS = 0x00000800;
inline constexpr std::uint32_t CTI_SERVICE_TASK_MONITOR = 0x00001000;
inline constexpr std::uint32_t CTI_SERVICE_UPDATE_EVENTS = 0x00080000;
inline constexpr std::uint32_t CTI_SERVICE_IGNORE_DUPLICATE_AGENT_EVENTS = 0x00100000;
inline constexpr std::uint32_t CTI_SERVICE_IGNORE_CONF = 0x00200000;
inline constexpr std::uint32_t CTI_SERVICE_ACD_LINE_ONLY = 0x00400000;

}  // namespace old_names

}  // namespace cti::cil
