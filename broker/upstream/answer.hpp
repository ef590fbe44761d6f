// answer.hpp - an answer of the CTI Server to one of our requests: decoded once, where it comes in.
//
// Why      an answer concerns the asker, the map and sometimes a dialogue; each used to decode it for itself.
// Shape    message type, body, and the view of those types that say more than their InvokeID.
// Lifetime the received bytes must outlive it.
// Threads  the line.
#pragma once

#include "core/base/bytes.hpp"
#include "wire/decode_error.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/media.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/ged188/statistics.hpp"
#include "wire/ged188/supervisor.hpp"

#include <cstdint>
#include <optional>
#include <variant>

namespace cti::broker {

struct Answer {
  wire::ged188::MessageType type{};
  std::uint32_t invoke_id = 0;
  Bytes body;
  std::variant<std::monostate, wire::ged188::FailureConfView, wire::ged188::ControlFailureConfView,
               wire::ged188::QueryAgentStateConfView, wire::ged188::AgentDeskSettingsConfView,
               wire::ged188::SnapshotDeviceConfView, wire::ged188::SnapshotCallConfView,
               wire::ged188::MakeCallConfView, wire::ged188::ConsultationCallConfView,
               wire::ged188::TransferCallConfView, wire::ged188::ConferenceCallConfView,
               wire::ged188::SupervisorAssistConfView, wire::ged188::EmergencyCallConfView,
               wire::ged188::StartRecordingConfView, wire::ged188::QueryAgentStatisticsConfView,
               wire::ged188::QuerySkillGroupStatisticsConfView>
      view;
  std::optional<wire::DecodeError> error;  ///< it cannot be read: `view` holds nothing

  /// Messages whose first four bytes are the InvokeID of a request.
  static bool is_one(std::uint32_t message_type) noexcept {
    return wire::ged188::is_answer(wire::ged188::MessageType{message_type});
  }
  /// `message_type` is one of those. An error leaves the invoke_id in place where there was one.
  static Answer decode(std::uint32_t message_type, Bytes body, wire::ged188::Version version);

  /// The view, when it is of this type.
  template <class View>
  const View* as() const noexcept {
    return std::get_if<View>(&view);
  }
  std::uint32_t message_type() const noexcept { return static_cast<std::uint32_t>(type); }
};

}  // namespace cti::broker
