// cti_frames.hpp - what a CTI Server may say, right, nearly right or nonsense, as a fuzzer's input chooses; made from the schema.
//
// Why      a stranger's bytes end at the first length that is wrong; what is deep in a line is reached by messages that can be
//          read and say odd things. So every message of the schema can come, its fields filled from small pools that meet
//          (three agents, three devices, four calls), and then some of its bytes bent.
// Cost     some 10 bytes of input a message.
#pragma once

#include "core/base/bytes.hpp"
#include "tests/fuzz/input.hpp"
#include "wire/ged188/message_type.hpp"
#include "wire/ged188_limits.hpp"
#include "wire/ged188_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cti::fuzz {

namespace ged = wire::ged188;

class CtiFrames {
 public:
  using Frame = std::vector<std::byte>;

  CtiFrames(Input& input, ged::Version version) : input_(input), version_(version) {}

  /// One of the messages that move a line, or any other of the schema.
  Frame event() {
    using M = ged::MessageType;
    static constexpr std::array kUsual = {M::kAgentStateEvent,      M::kBeginCallEvent,
                                          M::kCallDeliveredEvent,   M::kCallEstablishedEvent,
                                          M::kCallHeldEvent,        M::kCallRetrievedEvent,
                                          M::kCallClearedEvent,     M::kCallConnectionClearedEvent,
                                          M::kCallOriginatedEvent,  M::kCallFailedEvent,
                                          M::kCallConferencedEvent, M::kCallTransferredEvent,
                                          M::kCallDivertedEvent,    M::kEndCallEvent,
                                          M::kCallDataUpdateEvent,  M::kSystemEvent,
                                          M::kAgentTeamConfigEvent, M::kTeamConfigEvent,
                                          M::kConfigKeyEvent,       M::kConfigBeginEvent,
                                          M::kConfigAgentEvent,     M::kConfigSkillGroupEvent,
                                          M::kConfigDeviceEvent,    M::kConfigEndEvent};
    const std::uint32_t which = input_.below(kUsual.size() + 2);
    if (which < kUsual.size()) return message(static_cast<std::uint32_t>(kUsual[which]));
    const auto all = ged::all_messages();
    return message(all[(input_.byte() + 256U * (which & 1U)) % all.size()].number);
  }

  /// A message of this type. An InvokeID in it is the one given, else the input's.
  Frame message(std::uint32_t type, std::optional<std::uint32_t> invoke_id = {}) {
    const ged::MessageRule* const rule = ged::find_message(type);
    if (rule == nullptr || !rule->published()) return raw(type);
    message_ = {};
    message_.rule = rule;
    message_.name = rule->name;
    message_.number = type;
    message_.version = version_;
    invoke_id_ = invoke_id;
    const std::uint8_t style = input_.byte();
    full_ = (style & 7U) == 0;
    for (const ged::FixedRule& field : rule->fixed) add(field);
    for (const ged::FloatRule& field : rule->floating) {
      if (field.group == ged::kNoGroup && !is_count(field.name) && wanted(field.name)) add(field);
    }
    for (std::size_t i = 0; i < rule->groups.size(); ++i) {
      if (rule->groups[i].inside == ged::kNoGroup) add_list(i);
    }
    auto made = ged::encode_table(message_);
    if (!made.ok()) return raw(type);
    for (std::uint32_t bent = style >> 6U; bent != 0; --bent) bend(*made);
    return std::move(*made);
  }

  /// Of this type, the rest the input's.
  Frame raw(std::uint32_t type) {
    Frame frame(ged::limits::kHeaderBytes + input_.below(48));
    for (std::size_t i = ged::limits::kHeaderBytes; i < frame.size(); ++i)
      frame[i] = std::byte{input_.byte()};
    store_be<std::uint32_t>(frame.data() + 4, type);
    return sized(frame);
  }

 private:
  static Frame& sized(Frame& frame) {
    store_be(frame.data(), static_cast<std::uint32_t>(frame.size() - ged::limits::kHeaderBytes));
    return frame;
  }

  bool is_count(std::string_view name) const {
    return std::ranges::any_of(message_.rule->groups,
                               [name](const ged::GroupRule& group) { return group.count == name; });
  }
  /// Who and what it is about: always there. The rest only in a full message, where the input wants it.
  bool wanted(std::string_view name) {
    if (name == "AgentID" || name == "AgentInstrument" || name == "ConnectionDeviceID") return true;
    return full_ && input_.below(3) == 0;
  }

  void add(const ged::FixedRule& rule) {
    ged::DecodedField field;
    field.name = rule.name;
    field.type = rule.type;
    if (ged::width_of(rule.type) == 0) {
      field.value.text.assign(rule.size, '\0');
    } else if (!is_count(rule.name)) {
      field.value.number = number(rule.name, ged::width_of(rule.type));
    }
    message_.fixed.push_back(std::move(field));
  }

  void add(const ged::FloatRule& rule) {
    const bool fits = rule.tag <= 255 || version_ >= ged::kWideHeadersFrom;
    if (!fits || version_ < rule.since || version_ > rule.until) return;
    ged::DecodedField field;
    field.name = rule.name;
    field.type = rule.type;
    field.tag = rule.tag;
    if (ged::width_of(rule.type) != 0) {
      field.value.number = number(rule.name, ged::width_of(rule.type));
    } else {
      field.value.index = static_cast<std::uint8_t>(input_.below(4));
      field.value.name = text("name");
      field.value.text = text(rule.name).substr(0, rule.max > 0 ? rule.max - 1U : 0U);
    }
    message_.floating.push_back(std::move(field));
  }

  /// A list of up to three entries, its count right.
  void add_list(std::size_t index) {
    const ged::GroupRule& group = message_.rule->groups[index];
    const std::uint32_t entries = input_.below(4);
    if (!group.count_is_fixed && entries != 0) {
      ged::DecodedField count;
      count.name = group.count;
      count.type = ged::FieldType::kUshort;
      count.tag = group.count_at;
      count.value.number = entries;
      message_.floating.push_back(std::move(count));
    }
    for (ged::DecodedField& field : message_.fixed) {
      if (group.count_is_fixed && field.name == group.count) field.value.number = entries;
    }
    for (std::uint32_t i = 0; i < entries; ++i) {
      for (const std::uint8_t at : group.fields) add(message_.rule->floating[at]);
    }
  }

  std::int64_t number(std::string_view name, unsigned width) {
    if (name == "InvokeID" && invoke_id_) return *invoke_id_;
    if (name == "PeripheralID") return input_.below(16) == 0 ? 5001 : 5000;
    if (name.ends_with("CallID") && name.find("Router") == name.npos) return 1 + input_.below(4);
    if (name.ends_with("DeviceIDType")) return input_.below(4) == 0 ? 1 : 0;
    if (name.ends_with("State")) return input_.below(16);
    if (name == "PeripheralType") return 17;
    if (name == "Status" || name == "FailureCode") return input_.below(32);
    if (name == "SystemEventID") return input_.below(16);
    if (name == "TeamID" || name == "SkillGroupNumber") return 1 + input_.below(2);
    if (!full_) return 0;
    const std::uint8_t value = input_.byte();
    if (value < 250) return value;
    return width == 1 ? 0xFF : width == 2 ? 0x7FFF : 0x7FFFFFFF;
  }

  std::string text(std::string_view name) {
    static constexpr std::array kAgents = {"1", "2", "3", "1234567890", ""};
    static constexpr std::array kDevices = {"91", "92", "93", "1", ""};
    static constexpr std::array kTexts = {"", "x", "user.a", "5551234", "\x80\xff\x01"};
    if (name.ends_with("AgentID")) return input_.of(kAgents);
    if (name.ends_with("Instrument") || name.ends_with("Extension") || name.ends_with("DeviceID"))
      return input_.of(kDevices);
    if (input_.below(16) == 15) return std::string(250, 'y');
    return input_.of(kTexts);
  }

  void bend(Frame& frame) {
    const std::size_t body = frame.size() - ged::limits::kHeaderBytes;
    if (body == 0) return;
    const std::size_t far = std::size_t{input_.byte()} * (1U + input_.below(4));
    const std::size_t at = ged::limits::kHeaderBytes + far % body;
    switch (input_.below(4)) {
      case 0:
        frame.resize(at);
        break;
      case 1:
        frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), std::byte{input_.byte()});
        break;
      default:
        frame[at] = std::byte{input_.byte()};
    }
    sized(frame);
  }

  Input& input_;
  const ged::Version version_;
  ged::DecodedMessage message_;  // the one that is being made
  std::optional<std::uint32_t> invoke_id_;
  bool full_ = false;
};

}  // namespace cti::fuzz
