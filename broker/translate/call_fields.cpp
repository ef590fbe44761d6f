// call_fields.cpp - the floating fields of call messages as keywords, and named variables as ECC.
#include "broker/translate/call_fields.hpp"

#include "wire/ged188/tag.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace cti::broker {

namespace ged = wire::ged188;
using ged::Tag;
using wire::Keyword;

namespace {

constexpr std::string_view kEccPrefix = "user.";
constexpr std::size_t kEccNameMax = 200;
constexpr std::size_t kEccKeyMax = 255;  // a key's length is one byte
static_assert(kEccPrefix.size() + kEccNameMax + sizeof "[255]" <= kEccKeyMax);

bool starts_with_user(std::string_view name) noexcept {
  if (name.size() < kEccPrefix.size()) return false;
  for (std::size_t i = 0; i < kEccPrefix.size(); ++i) {
    const char c = name[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kEccPrefix[i]) return false;
  }
  return true;
}

/// One scalar or array element; a name without letters to stand on is left out.
void write_named(wire::ArgumentsWriter& writer, const ged::NamedText& named, int index) {
  CleanTextRoom room;
  const std::string_view name = wire::trimmed(room.clean(named.name)).substr(0, kEccNameMax);
  if (name.empty()) return;
  char key[256];
  std::size_t used = 0;
  const auto append = [&](std::string_view part) {
    CTI_CHECK(used + part.size() <= sizeof key);
    std::memcpy(key + used, part.data(), part.size());
    used += part.size();
  };
  if (!starts_with_user(name)) append(kEccPrefix);
  append(name);
  if (index >= 0) {
    append("[");
    CTI_CHECK(index <= UINT8_MAX && used + sizeof "255]" <= sizeof key);
    used = static_cast<std::size_t>(std::to_chars(key + used, key + used + 8, index).ptr - key);
    append("]");
  }
  CTI_CHECK(used <= kEccKeyMax);
  writer.add_string(std::string_view(key, used), room.clean(named.value));
}

std::uint32_t number(Bytes bytes) noexcept { return ged::Field{0, 0, bytes}.number(); }

/// Devices and trunks. False: the tag is another one.
bool add_device(ArgSheet& sheet, Tag tag, Bytes bytes, CleanTextRoom& room) {
  const auto text = [&] { return field_text(bytes, room); };
  switch (tag) {
    case Tag::kAlertingDevid:
      sheet.add_text<Keyword::AlertingDeviceID>(text());
      break;
    case Tag::kCallingDevid:
      sheet.add_text<Keyword::CallingDeviceID>(text());
      break;
    case Tag::kCalledDevid:
      sheet.add_text<Keyword::CalledDeviceID>(text());
      break;
    case Tag::kLastRedirectDevid:
      sheet.add_text<Keyword::LastRedirectedDeviceID>(text());
      break;
    case Tag::kAnsweringDevid:
      sheet.add_text<Keyword::AnsweringDeviceID>(text());
      break;
    case Tag::kHoldingDevid:
      sheet.add_text<Keyword::HoldingDeviceID>(text());
      break;
    case Tag::kRetrievingDevid:
      sheet.add_text<Keyword::RetrievingDeviceID>(text());
      break;
    case Tag::kReleasingDevid:
      sheet.add_text<Keyword::ReleasingDeviceID>(text());
      break;
    case Tag::kControllerDevid:
      sheet.add_text<Keyword::ControllerDeviceID>(text());
      break;
    case Tag::kAddedPartyDevid:
      sheet.add_text<Keyword::AddedPartyDeviceID>(text());
      break;
    case Tag::kPrimaryDevid:
      sheet.add_text<Keyword::PrimaryDeviceID>(text());
      break;
    case Tag::kSecondaryDevid:
      sheet.add_text<Keyword::SecondaryDeviceID>(text());
      break;
    case Tag::kTransferringDevid:
      sheet.add_text<Keyword::TransferringDeviceID>(text());
      break;
    case Tag::kTransferredDevid:
      sheet.add_text<Keyword::TransferredDeviceID>(text());
      break;
    case Tag::kDivertingDevid:
      sheet.add_text<Keyword::DivertingDeviceID>(text());
      break;
    case Tag::kQueueDevid:
      sheet.add_text<Keyword::QueuedDeviceID>(text());
      break;
    case Tag::kTrunkUsedDevid:
      sheet.add_text<Keyword::TrunkUsedDeviceID>(text());
      break;
    case Tag::kTrunkNumber:
      sheet.add_int<Keyword::TrunkNumber>(number(bytes));
      break;
    case Tag::kTrunkGroupNumber:
      sheet.add_int<Keyword::TrunkGroupNumber>(number(bytes));
      break;
    default:
      return false;
  }
  return true;
}

void add_data(ArgSheet& sheet, Tag tag, Bytes bytes, CleanTextRoom& room) {
  const auto text = [&] { return field_text(bytes, room); };
  switch (tag) {
    case Tag::kAni:
      return sheet.add_text<Keyword::ANI>(text());
    case Tag::kUui:
      return sheet.add_text<Keyword::UserToUserInfo>(text());
    case Tag::kDnis:
      return sheet.add_text<Keyword::DNIS>(text());
    case Tag::kDialedNumber:
      return sheet.add_text<Keyword::DialedNumber>(text());
    case Tag::kCed:
      return sheet.add_text<Keyword::CallerEnteredDigits>(text());
    case Tag::kCallVar1:
      return sheet.add_text<Keyword::CallVariable1>(text());
    case Tag::kCallVar2:
      return sheet.add_text<Keyword::CallVariable2>(text());
    case Tag::kCallVar3:
      return sheet.add_text<Keyword::CallVariable3>(text());
    case Tag::kCallVar4:
      return sheet.add_text<Keyword::CallVariable4>(text());
    case Tag::kCallVar5:
      return sheet.add_text<Keyword::CallVariable5>(text());
    case Tag::kCallVar6:
      return sheet.add_text<Keyword::CallVariable6>(text());
    case Tag::kCallVar7:
      return sheet.add_text<Keyword::CallVariable7>(text());
    case Tag::kCallVar8:
      return sheet.add_text<Keyword::CallVariable8>(text());
    case Tag::kCallVar9:
      return sheet.add_text<Keyword::CallVariable9>(text());
    case Tag::kCallVar10:
      return sheet.add_text<Keyword::CallVariable10>(text());
    case Tag::kCallWrapupData:
      return sheet.add_text<Keyword::CallWrapupData>(text());
    case Tag::kRouterCallKeyDay:
      return sheet.add_int<Keyword::RouterCallKeyDay>(number(bytes));
    case Tag::kRouterCallKeyCallid:
      return sheet.add_int<Keyword::RouterCallKeyCallID>(number(bytes));
    case Tag::kRouterCallKeySequenceNum:
      return sheet.add_int<Keyword::RouterCallKeySequenceNumber>(number(bytes));
    case Tag::kCustomerPhoneNumber:
      return sheet.add_text<Keyword::CustomerPhoneNumber>(text());
    case Tag::kCustomerAccountNumber:
      return sheet.add_text<Keyword::CustomerAccountNumber>(text());
    default:
      return;
  }
}

}  // namespace

std::string_view field_text(Bytes field, CleanTextRoom& room) noexcept {
  std::string_view raw = as_text(field);
  if (!raw.empty() && raw.back() == '\0') raw.remove_suffix(1);
  return room.clean(raw);
}

void add_call_fields(ArgSheet& sheet, const ged::FloatingPart& floating, CallFields which,
                     CleanTextRoom& room) {
  bool named = false;
  floating.for_each([&](std::uint16_t number_of_tag, Bytes bytes) {
    const Tag tag{number_of_tag};
    if (add_device(sheet, tag, bytes, room) || which == CallFields::kDevices) return;
    named = named || tag == Tag::kNamedVariable || tag == Tag::kNamedArray;
    add_data(sheet, tag, bytes, room);
  });
  if (named) sheet.add_nested<Keyword::ECC>(write_ecc, &floating);
}

void write_ecc(wire::ArgumentsWriter& writer, const void* context) {
  static_cast<const ged::FloatingPart*>(context)->for_each([&](std::uint16_t tag, Bytes bytes) {
    if (Tag{tag} == Tag::kNamedVariable) {
      write_named(writer, ged::split_named(bytes), -1);
    } else if (Tag{tag} == Tag::kNamedArray && !bytes.empty()) {
      write_named(writer, ged::split_named(bytes.subspan(1)), std::to_integer<int>(bytes[0]));
    }
  });
}

void write_call_data(wire::ArgumentsWriter& writer, const wire::ArgumentsView& properties,
                     bool skill_group) {
  static constexpr std::array kData = {Keyword::ANI,
                                       Keyword::CallerEnteredDigits,
                                       Keyword::CallVariable1,
                                       Keyword::CallVariable2,
                                       Keyword::CallVariable3,
                                       Keyword::CallVariable4,
                                       Keyword::CallVariable5,
                                       Keyword::CallVariable6,
                                       Keyword::CallVariable7,
                                       Keyword::CallVariable8,
                                       Keyword::CallVariable9,
                                       Keyword::CallVariable10,
                                       Keyword::CallWrapupData,
                                       Keyword::CTIClients,
                                       Keyword::DialedNumber,
                                       Keyword::DNIS,
                                       Keyword::ECC,
                                       Keyword::RouterCallKeyCallID,
                                       Keyword::RouterCallKeyDay,
                                       Keyword::ServiceID,
                                       Keyword::ServiceNumber,
                                       Keyword::UserToUserInfo};
  static constexpr std::array kGroup = {Keyword::SkillGroupID, Keyword::SkillGroupNumber,
                                        Keyword::SkillGroupPriority};
  for (const wire::Arg arg : properties) {
    const bool data = std::ranges::find(kData, arg.keyword()) != kData.end();
    const bool group = std::ranges::find(kGroup, arg.keyword()) != kGroup.end();
    if (data || (group && skill_group)) writer.add(arg);
  }
}

}  // namespace cti::broker
