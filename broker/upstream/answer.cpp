// answer.cpp - the one place where answers are decoded.
#include "broker/upstream/answer.hpp"

#include "core/base/check.hpp"

namespace cti::broker {

namespace ged = wire::ged188;
using ged::MessageType;

namespace {

constexpr std::size_t kInvokeIdBytes = 4;

template <class View>
void read(Answer& answer, ged::Version version) {
  const auto view = View::decode(answer.body, version);
  if (view.ok()) {
    answer.view = *view;
  } else {
    answer.error = view.error();
  }
}

}  // namespace

Answer Answer::decode(std::uint32_t message_type, Bytes body, ged::Version version) {
  CTI_CHECK(is_one(message_type));
  Answer answer;
  answer.type = MessageType{message_type};
  answer.body = body;
  if (body.size() < kInvokeIdBytes) {
    answer.error = wire::DecodeError{.code = wire::DecodeErrorCode::kFixedTooShort,
                                     .message_type = message_type,
                                     .actual = body.size(),
                                     .limit = kInvokeIdBytes};
    return answer;
  }
  answer.invoke_id = load_be<std::uint32_t>(body.data());
  switch (answer.type) {
    case MessageType::kFailureConf:
      read<ged::FailureConfView>(answer, version);
      break;
    case MessageType::kControlFailureConf:
      read<ged::ControlFailureConfView>(answer, version);
      break;
    case MessageType::kQueryAgentStateConf:
      read<ged::QueryAgentStateConfView>(answer, version);
      break;
    case MessageType::kAgentDeskSettingsConf:
      read<ged::AgentDeskSettingsConfView>(answer, version);
      break;
    case MessageType::kSnapshotDeviceConf:
      read<ged::SnapshotDeviceConfView>(answer, version);
      break;
    case MessageType::kSnapshotCallConf:
      read<ged::SnapshotCallConfView>(answer, version);
      break;
    case MessageType::kMakeCallConf:
      read<ged::MakeCallConfView>(answer, version);
      break;
    case MessageType::kConsultationCallConf:
      read<ged::ConsultationCallConfView>(answer, version);
      break;
    case MessageType::kTransferCallConf:
      read<ged::TransferCallConfView>(answer, version);
      break;
    case MessageType::kConferenceCallConf:
      read<ged::ConferenceCallConfView>(answer, version);
      break;
    case MessageType::kSupervisorAssistConf:
      read<ged::SupervisorAssistConfView>(answer, version);
      break;
    case MessageType::kEmergencyCallConf:
      read<ged::EmergencyCallConfView>(answer, version);
      break;
    case MessageType::kStartRecordingConf:
      read<ged::StartRecordingConfView>(answer, version);
      break;
    case MessageType::kQueryAgentStatisticsConf:
      read<ged::QueryAgentStatisticsConfView>(answer, version);
      break;
    case MessageType::kQuerySkillGroupStatisticsConf:
      read<ged::QuerySkillGroupStatisticsConfView>(answer, version);
      break;
    default:
      break;  // says nothing but its InvokeID
  }
  return answer;
}

}  // namespace cti::broker
