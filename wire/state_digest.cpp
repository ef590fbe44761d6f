// state_digest.cpp - which keywords are state, by kind of object, and the hash over them.
#include "wire/state_digest.hpp"

#include "wire/arguments_fold.hpp"
#include "wire/object_key.hpp"
#include "wire/object_table.hpp"

namespace cti::wire {
namespace {

/// Of an agent: what an event says of one skill group, and what is asked once at a login.
bool one_way_of_agent(Keyword keyword) noexcept {
  switch (keyword) {
    case Keyword::AutoRecordOnEmergency:
    case Keyword::ConfigOperation:
    case Keyword::CTIClientSignature:
    case Keyword::DeskSettingsMask:
    case Keyword::EmergencyCallMethod:
    case Keyword::EnablementMask:  // made anew whenever it is handed out
    case Keyword::EventReasonCode:
    case Keyword::IncomingOrOutgoing:
    case Keyword::LogoutNonActivityTime:
    case Keyword::PeripheralType:
    case Keyword::QualityRecordingRate:
    case Keyword::RecordingMode:
    case Keyword::RingNoAnswerDN:
    case Keyword::RingNoAnswerTime:
    case Keyword::SilentMonitorAudibleIndication:
    case Keyword::SilentMonitorWarningMessage:
    case Keyword::SkillGroupID:
    case Keyword::SkillGroupNumber:
    case Keyword::SkillGroupPriority:
    case Keyword::SkillGroupState:
    case Keyword::SupervisorAssistCallMethod:
    case Keyword::WorkModeTimer:
    case Keyword::WrapupDataIncomingMode:
    case Keyword::WrapupDataOutgoingMode:
    case Keyword::WrapupOkEnabled:
      return true;
    default:
      return false;
  }
}

/// Of a call: what an answer and an event both tell. All else is a story: who delivered, held, joined, over which trunk.
/// Its mask is made anew whenever it is handed out.
bool both_ways_of_call(Keyword keyword) noexcept {
  switch (keyword) {
    case Keyword::ANI:
    case Keyword::CallerEnteredDigits:
    case Keyword::CallStatus:
    case Keyword::CallType:
    case Keyword::CallVariable1:
    case Keyword::CallVariable10:
    case Keyword::CallVariable2:
    case Keyword::CallVariable3:
    case Keyword::CallVariable4:
    case Keyword::CallVariable5:
    case Keyword::CallVariable6:
    case Keyword::CallVariable7:
    case Keyword::CallVariable8:
    case Keyword::CallVariable9:
    case Keyword::CallWrapupData:
    case Keyword::ConnectionCallID:
    case Keyword::ConnectionDeviceID:
    case Keyword::ConnectionDeviceIDType:
    case Keyword::CustomerAccountNumber:
    case Keyword::CustomerPhoneNumber:
    case Keyword::DialedNumber:
    case Keyword::DNIS:
    case Keyword::ECC:
    case Keyword::ICMEnterpriseUniqueID:
    case Keyword::PeripheralID:
    case Keyword::RouterCallKeyCallID:
    case Keyword::RouterCallKeyDay:
    case Keyword::UniqueObjectID:
    case Keyword::UserToUserInfo:
      return true;
    default:
      return false;
  }
}

std::uint64_t mixed(std::uint64_t sum, std::uint64_t value) noexcept {
  return (sum ^ value) * 0x9E3779B97F4A7C15U + (sum >> 29U);
}

/// One of SkillGroup[n]: what group it is, not how the agent stood in it when somebody asked.
std::uint64_t group_digest(std::uint64_t sum, const Arg& group) noexcept {
  for (const Arg arg : group.arguments()) {
    if (arg.keyword() != Keyword::SkillGroupState) sum = mixed(sum, hash64(arg.bytes()));
  }
  return sum;
}

}  // namespace

bool told_one_way(ObjectKind kind, Keyword keyword) noexcept {
  if (kind == ObjectKind::kAgent) return one_way_of_agent(keyword);
  return kind == ObjectKind::kCall && !both_ways_of_call(keyword);
}

bool told_one_way(ObjectKind kind, const Arg& entry) noexcept {
  if (told_one_way(kind, entry.keyword())) return true;
  return kind == ObjectKind::kAgent && entry.own_key() == kStateChangeKey;
}

std::uint64_t state_digest(ObjectKind kind, const ArgumentsView& properties) noexcept {
  std::uint64_t sum = static_cast<std::uint64_t>(kind);
  for (const Arg arg : properties) {
    if (is_volatile(arg.keyword()) || told_one_way(kind, arg)) continue;
    if (arg.is_string() && arg.string().empty()) continue;  // cleared, or never there
    const bool group = arg.is_arguments() && arg.own_key().starts_with("SkillGroup[");
    sum = group ? group_digest(sum, arg) : mixed(sum, hash64(arg.bytes()));
  }
  return sum;
}

}  // namespace cti::wire
