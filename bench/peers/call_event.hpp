// call_event.hpp - the values of the 245-byte call event, the same for every codec that is measured.
#pragma once

#include <cstdint>
#include <string_view>

namespace cti::bench {

/// 14 floating fields as the guide orders them; numbers in the fixed part are what the encoder's struct holds.
struct CallEvent {
  static constexpr std::uint32_t kMonitor = 1, kPeripheral = 5000, kCall = 16'777'217;
  static constexpr std::string_view kConnectionDevice = "201:01", kAlertingDevice = "201";
  static constexpr std::string_view kCallingDevice = "4155550123", kCalledDevice = "8005550199";
  static constexpr std::uint32_t kTrunk = 17, kTrunkGroup = 3;
  static constexpr std::string_view kAni = "4155550123", kDnis = "5550199";
  static constexpr std::string_view kDialed = "8005550199", kDigits = "123456";
  static constexpr std::string_view kVariable1 = "customer 4711, Main Street";
  static constexpr std::string_view kVariable2 = "gold", kVariable3 = "english, no";
  static constexpr std::string_view kWrapup = "sale, follow up tomorrow at ten";
};

/// The 20 numbers of the fixed part, in its order, by the name that protobuf and FlatBuffers give them. Two-byte "none" is
/// 65535, four-byte "none" 0xFFFFFFFF.
// The formatter never comes to rest on lists such as these two.
// clang-format off
#define CTI_BENCH_NUMBERS(FIELD) \
  FIELD(monitor_id, 1) FIELD(peripheral_id, 5000) \
  FIELD(peripheral_type, 65535) FIELD(connection_device_id_type, 65535) \
  FIELD(connection_call_id, 16777217) FIELD(line_handle, 65535) \
  FIELD(line_type, 65535) FIELD(service_number, 0xFFFFFFFF) \
  FIELD(service_id, 0xFFFFFFFF) FIELD(skill_group_number, 0xFFFFFFFF) \
  FIELD(skill_group_id, 0xFFFFFFFF) FIELD(skill_group_priority, 0) \
  FIELD(alerting_device_type, 65535) FIELD(calling_device_type, 65535) \
  FIELD(called_device_type, 65535) FIELD(last_redirect_device_type, 65535) \
  FIELD(local_connection_state, 65535) FIELD(event_cause, 65535) \
  FIELD(num_named_variables, 0) FIELD(num_named_arrays, 0)
// clang-format on

// clang-format off
#define CTI_BENCH_TEXTS(FIELD) \
  FIELD(connection_device_id, CallEvent::kConnectionDevice) \
  FIELD(alerting_device_id, CallEvent::kAlertingDevice) \
  FIELD(calling_device_id, CallEvent::kCallingDevice) \
  FIELD(called_device_id, CallEvent::kCalledDevice) \
  FIELD(ani, CallEvent::kAni) \
  FIELD(dnis, CallEvent::kDnis) \
  FIELD(dialed_number, CallEvent::kDialed) \
  FIELD(caller_entered_digits, CallEvent::kDigits) \
  FIELD(call_variable1, CallEvent::kVariable1) \
  FIELD(call_variable2, CallEvent::kVariable2) \
  FIELD(call_variable3, CallEvent::kVariable3) \
  FIELD(call_wrapup_data, CallEvent::kWrapup)
// clang-format on

}  // namespace cti::bench
