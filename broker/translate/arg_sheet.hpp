// arg_sheet.hpp - the keywords of one record, filled in any order, written in canonical order.
//
// Why      Arguments want their keywords ascending (wire/arguments.hpp); an event is translated in the order in which
//          its fields make sense. In between stands a sheet with a line for each keyword that the translation uses:
//          filling it is a store, writing it out one pass over a bitmap, nothing is ever sorted or moved.
// Cost     not cleared when made: only the bitmap says what is filled. No allocation.
// Lifetime texts are borrowed: they must live until write().
#pragma once

#include "wire/arguments.hpp"
#include "wire/keyword.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

namespace cti::broker {

namespace sheet {

using wire::Keyword;

/// The lines of the sheet, ascending. Add a keyword where its number belongs: the assertion below tells.
inline constexpr auto kLines = std::to_array<Keyword>({
    Keyword::AddedPartyDeviceID,
    Keyword::AgentAvailabilityStatus,
    Keyword::AgentExtension,
    Keyword::AgentFirstName,
    Keyword::AgentFlags,
    Keyword::AgentID,
    Keyword::AgentInstrument,
    Keyword::AgentLastName,
    Keyword::AgentMode,
    Keyword::AgentName,
    Keyword::AgentState,
    Keyword::AlertingDeviceID,
    Keyword::ANI,
    Keyword::AnsweringDeviceID,
    Keyword::AutoRecordOnEmergency,
    Keyword::BitRate,
    Keyword::CallConnectionCallID,
    Keyword::CallConnectionDeviceID,
    Keyword::CallConnectionDeviceIDType,
    Keyword::CallDeviceConnectionState,
    Keyword::CallDeviceType,
    Keyword::CalledDeviceID,
    Keyword::CallerEnteredDigits,
    Keyword::CallingDeviceID,
    Keyword::CallStatus,
    Keyword::CallType,
    Keyword::CallTypeIDTag,
    Keyword::CallVariable1,
    Keyword::CallVariable10,
    Keyword::CallVariable2,
    Keyword::CallVariable3,
    Keyword::CallVariable4,
    Keyword::CallVariable5,
    Keyword::CallVariable6,
    Keyword::CallVariable7,
    Keyword::CallVariable8,
    Keyword::CallVariable9,
    Keyword::CallWrapupData,
    Keyword::CampaignID,
    Keyword::ClientAddress,
    Keyword::ClientPort,
    Keyword::ConfigOperation,
    Keyword::ConnectionCallID,
    Keyword::ConnectionDeviceID,
    Keyword::ConnectionDeviceIDType,
    Keyword::ConsultType,
    Keyword::ControllerDeviceID,
    Keyword::CTIClients,
    Keyword::CTIClientSignature,
    Keyword::CustomerAccountNumber,
    Keyword::CustomerPhoneNumber,
    Keyword::DeskSettingsMask,
    Keyword::DeviceID,
    Keyword::DeviceUniqueObjectID,
    Keyword::DialedNumber,
    Keyword::Direction,
    Keyword::DivertingDeviceID,
    Keyword::DNIS,
    Keyword::ECC,
    Keyword::EchoCancellation,
    Keyword::EmergencyCallMethod,
    Keyword::EnablementMask,
    Keyword::ErrorMessage,
    Keyword::EventCause,
    Keyword::EventReasonCode,
    Keyword::FailureCode,
    Keyword::HoldingDeviceID,
    Keyword::ICMAgentID,
    Keyword::ICMEnterpriseUniqueID,
    Keyword::IncomingOrOutgoing,
    Keyword::InvokeID,
    Keyword::IsSupervisor,
    Keyword::IsTransferController,
    Keyword::LastRedirectedDeviceID,
    Keyword::LineHandle,
    Keyword::LineType,
    Keyword::LocalConnectionState,
    Keyword::LoginName,
    Keyword::LogoutNonActivityTime,
    Keyword::LogoutReasonRequired,
    Keyword::MaxTaskLimit,
    Keyword::MessageType,
    Keyword::Monitored,
    Keyword::MRDID,
    Keyword::NewConnectionCallID,
    Keyword::NewConnectionDeviceID,
    Keyword::NewConnectionDeviceIDType,
    Keyword::NotReadyReasonRequired,
    Keyword::NumCallDevices,
    Keyword::NumCalls,
    Keyword::NumNamedArrays,
    Keyword::NumNamedVariables,
    Keyword::NumParties,
    Keyword::NumQueued,
    Keyword::NumSkillGroups,
    Keyword::NumTasks,
    Keyword::OldUniqueObjectID,
    Keyword::PacketSize,
    Keyword::PayloadType,
    Keyword::PeripheralErrorCode,
    Keyword::PeripheralID,
    Keyword::PeripheralType,
    Keyword::PreCallInvokeIDTag,
    Keyword::PrimaryCallID,
    Keyword::PrimaryDeviceID,
    Keyword::QualityRecordingRate,
    Keyword::QueryRuleID,
    Keyword::QueuedDeviceID,
    Keyword::RecordingMode,
    Keyword::ReleasingDeviceID,
    Keyword::RetrievingDeviceID,
    Keyword::RingNoAnswerDN,
    Keyword::RingNoAnswerTime,
    Keyword::RouterCallKeyCallID,
    Keyword::RouterCallKeyDay,
    Keyword::RouterCallKeySequenceNumber,
    Keyword::RTPType,
    Keyword::SecondaryCallID,
    Keyword::SecondaryDeviceID,
    Keyword::ServiceID,
    Keyword::ServiceNumber,
    Keyword::SilentMonitorAudibleIndication,
    Keyword::SilentMonitorWarningMessage,
    Keyword::SkillGroupID,
    Keyword::SkillGroupName,
    Keyword::SkillGroupNumber,
    Keyword::SkillGroupPriority,
    Keyword::SkillGroupState,
    Keyword::StateDuration,
    Keyword::SupervisorAssistCallMethod,
    Keyword::SupervisorID,
    Keyword::SystemEventArg1,
    Keyword::SystemEventID,
    Keyword::TeamID,
    Keyword::TransferredDeviceID,
    Keyword::TransferringDeviceID,
    Keyword::TrunkGroupNumber,
    Keyword::TrunkNumber,
    Keyword::TrunkUsedDeviceID,
    Keyword::UniqueObjectID,
    Keyword::UserToUserInfo,
    Keyword::ValidCalls,
    Keyword::WorkModeTimer,
    Keyword::WrapupDataIncomingMode,
    Keyword::WrapupDataOutgoingMode,
    Keyword::WrapupOkEnabled,
});

consteval bool ascending() {
  for (std::size_t i = 1; i < kLines.size(); ++i) {
    if (static_cast<int>(kLines[i - 1]) >= static_cast<int>(kLines[i])) return false;
  }
  return true;
}
static_assert(ascending(), "the lines of the sheet stand in canonical order");

/// Where a keyword stands; as a constant it does not compile for one that has no line.
/// constexpr and not consteval: clang 14 refuses the latter in templates.
constexpr std::size_t line_of(Keyword keyword) {
  for (std::size_t i = 0; i < kLines.size(); ++i) {
    if (kLines[i] == keyword) return i;
  }
  throw "this keyword has no line in the sheet";
}

}  // namespace sheet

class ArgSheet {
 public:
  using Nested = void (*)(wire::ArgumentsWriter& writer, const void* context);

  ArgSheet() noexcept { filled_.fill(0); }

  template <wire::Keyword K>
  void add_int(std::uint32_t value) noexcept {
    set<K>(wire::ArgType::kInt, value);
  }
  template <wire::Keyword K>
  void add_uint(std::uint32_t value) noexcept {
    set<K>(wire::ArgType::kUInt, value);
  }
  template <wire::Keyword K>
  void add_short(std::uint16_t value) noexcept {
    set<K>(wire::ArgType::kShort, static_cast<std::uint32_t>(static_cast<std::int16_t>(value)));
  }
  template <wire::Keyword K>
  void add_bool(bool value) noexcept {
    set<K>(wire::ArgType::kBool, value ? 1 : 0);
  }
  template <wire::Keyword K>
  void add_text(std::string_view value) noexcept {
    set<K>(wire::ArgType::kString, static_cast<std::uint32_t>(value.size())).data = value.data();
  }
  /// An array below the keyword, written by `fill(writer, context)`. One per sheet.
  template <wire::Keyword K>
  void add_nested(Nested fill, const void* context) noexcept {
    CTI_CHECK(fill != nullptr && nested_ == nullptr);  // there is room for one
    set<K>(wire::ArgType::kArguments, 0).data = context;
    nested_ = fill;
  }
  template <wire::Keyword K>
  bool has() const noexcept {
    constexpr std::size_t kLine = sheet::line_of(K);
    return ((filled_[kLine / 64] >> (kLine % 64)) & 1U) != 0;
  }
  template <wire::Keyword K>
  void drop() noexcept {
    constexpr std::size_t kLine = sheet::line_of(K);
    filled_[kLine / 64] &= ~(std::uint64_t{1} << (kLine % 64));
  }

  /// Likewise of any keyword: what has no line is not there, and cannot be dropped.
  bool has(wire::Keyword keyword) const noexcept {
    const std::size_t line = find(keyword);
    return line < kLines && ((filled_[line / 64] >> (line % 64)) & 1U) != 0;
  }
  void drop(wire::Keyword keyword) noexcept {
    const std::size_t line = find(keyword);
    if (line < kLines) filled_[line / 64] &= ~(std::uint64_t{1} << (line % 64));
  }

  void write(wire::ArgumentsWriter& writer) const noexcept {
    static_assert(kLines <= 64 * sizeof filled_ / sizeof filled_[0], "a bit for every line");
    CTI_CHECK((filled_.back() & ~kLastWord) == 0);  // no line beyond the sheet is filled
    wire::AscendingRun run(writer);
    for (std::size_t word = 0; word < filled_.size(); ++word) {
      for (std::uint64_t left = filled_[word]; left != 0; left &= left - 1) {
        const std::size_t line = word * 64 + static_cast<std::size_t>(std::countr_zero(left));
        const Cell& cell = cells_[line];
        const auto type = static_cast<wire::ArgType>(cell.head >> 16);
        if (type < wire::ArgType::kString) {
          run.add_number(cell.head);
        } else if (type == wire::ArgType::kString) {
          run.add_text(cell.head, static_cast<const std::byte*>(cell.data));
        } else {
          CTI_CHECK(type == wire::ArgType::kArguments && nested_ != nullptr);
          run.add_nested(sheet::kLines[line],
                         [&](wire::ArgumentsWriter& inner) { nested_(inner, cell.data); });
        }
      }
    }
  }

 private:
  struct Cell {
    Cell() noexcept {}
    std::uint64_t head;  ///< the entry's, as wire::AscendingRun writes it
    const void* data;    ///< of a text, or the context of an array
  };

  template <wire::Keyword K>
  Cell& set(wire::ArgType type, std::uint32_t value) noexcept {
    constexpr std::size_t kLine = sheet::line_of(K);
    filled_[kLine / 64] |= std::uint64_t{1} << (kLine % 64);
    cells_[kLine].head = wire::AscendingRun::head(K, type, value);
    return cells_[kLine];
  }

  static std::size_t find(wire::Keyword keyword) noexcept {
    const auto found = std::lower_bound(sheet::kLines.begin(), sheet::kLines.end(), keyword);
    if (found == sheet::kLines.end() || *found != keyword) return kLines;
    return static_cast<std::size_t>(found - sheet::kLines.begin());
  }

  static constexpr std::size_t kLines = sheet::kLines.size();
  static_assert(kLines > 64 && kLines % 64 != 0, "the last word has lines and room");
  static constexpr std::uint64_t kLastWord = (std::uint64_t{1} << (kLines % 64)) - 1;
  std::array<std::uint64_t, (kLines + 63) / 64> filled_;
  std::array<Cell, kLines> cells_;
  Nested nested_ = nullptr;
};

}  // namespace cti::broker
