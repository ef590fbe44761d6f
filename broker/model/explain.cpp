// explain.cpp - reasons and the values behind them, spelled.
#include "broker/model/explain.hpp"

#include "broker/model/button_names.hpp"
#include "core/base/check.hpp"
#include "wire/ctios_enums.hpp"

#include <array>
#include <bit>

namespace cti::broker {

namespace ctios = wire::ctios;

namespace {

template <class Enum>
std::string spelled(Enum value) {
  const std::string_view name = name_of(value);
  return name.empty() ? std::to_string(static_cast<std::int64_t>(value)) : std::string(name);
}

std::string hex(std::uint32_t value) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[value >> shift & 15U];
  return text;
}

class Values {
 public:
  explicit Values(std::vector<ButtonWords::Value>& values) : values_(values) {}
  void agent(const AgentEntry& agent) {
    values_.push_back({std::string(agent.id.view()), spelled_state(agent.state)});
  }
  void call(const CallEntry& call) {
    values_.push_back({std::string(call.id.view()), spelled_status(call.status)});
  }
  void setting(std::string_view name, std::string value) {
    values_.push_back({std::string(name), std::move(value)});
  }

 private:
  std::vector<ButtonWords::Value>& values_;
};

/// The value that the reason speaks of.
void add_fact(const ObjectMap& map, const AgentEntry& agent, const MaskReason& found,
              Values values) {
  const Fact fact = fact_of(found.why.reason);
  if (found.call != nullptr) values.call(*found.call);
  switch (fact) {
    case Fact::kAgentState:
    case Fact::kAnyCall:
      return values.agent(agent);
    case Fact::kCall:
      if (found.call == nullptr) values.agent(agent);
      return;
    case Fact::kTalkingCall:
    case Fact::kOtherCall:
    case Fact::kConsult:
      CTI_CHECK(found.call != nullptr);
      return;
    case Fact::kPurpose:
      CTI_CHECK(found.call != nullptr);
      return values.setting("ConsultType", spelled(ctios::ConsultType{found.call->consult_type}));
    case Fact::kWrapup:
      values.agent(agent);
      if (agent.state == ctios::eWorkReady || agent.state == ctios::eWorkNotReady) return;
      return found.why.outgoing
                 ? values.setting("WrapupDataOutgoingMode",
                                  spelled(ctios::WrapupMode{agent.wrapup_outgoing}))
                 : values.setting("WrapupDataIncomingMode",
                                  spelled(ctios::WrapupMode{agent.wrapup_incoming}));
    case Fact::kDeskSettings:
      return values.setting("DeskSettingsMask", hex(agent.desk_mask));
    case Fact::kRole:
      return values.agent(agent);
    case Fact::kPeripheral:
      return values.setting("PeripheralType", std::to_string(map.peripheral_type_of(agent)));
    case Fact::kNothing:
    case Fact::kPart:
      return;
  }
}

void write_text(ButtonWords& words, std::string_view label) {
  CTI_CHECK(!label.empty() && words.reason != GreyReason::kNoButton);
  words.text = std::string(label) + ": " + std::string(describe(words.reason));
  if (words.values.empty()) return;
  const char* before = " (";
  for (const ButtonWords::Value& value : words.values) {
    words.text += before + value.name + ", " + value.value;
    before = "; ";
  }
  words.text += ")";
}

constexpr std::array<std::string_view, 5> kParts = {"not on the call", "listens", "whispers",
                                                    "has barged in", "has intercepted"};
static_assert(kParts.size() == static_cast<std::size_t>(SupervisorPart::kIntercepted) + 1);

}  // namespace

std::string spelled_state(std::uint16_t state) { return spelled(ctios::AgentState{state}); }
std::string spelled_status(std::uint16_t status) {
  return spelled(ctios::LocalConnectionState{status});
}

std::optional<ButtonWords> explain(const ObjectMap& map, const AgentEntry& agent,
                                   const CallEntry* call, std::uint32_t bit) {
  const ButtonName* const button = name_of_button(button_names(), bit);
  if (button == nullptr) return std::nullopt;
  const MaskReason found = explain_mask(map, agent, call, bit);
  ButtonWords words;
  words.button = button->name;
  words.reason = found.why.reason;
  words.mask = found.why.mask;
  CTI_CHECK((words.reason == GreyReason::kOn) == ((words.mask & bit) != 0));
  add_fact(map, agent, found, Values(words.values));
  write_text(words, button->label);
  return words;
}

std::optional<ButtonWords> explain_for_nobody(const CallEntry& call, std::uint32_t bit) {
  const ButtonName* const button = name_of_button(button_names(), bit);
  if (button == nullptr) return std::nullopt;
  ButtonWords words;
  words.button = button->name;
  words.reason = GreyReason::kLoggedOut;
  Values(words.values).setting("ConnectionDeviceID", std::string(call.device_id.view()));
  write_text(words, button->label);
  return words;
}

// The situation is small: all of it is told.
std::optional<ButtonWords> explain(const SupervisorView& view, std::uint32_t bit) {
  const ButtonName* const button = name_of_button(supervisor_button_names(), bit);
  if (button == nullptr) return std::nullopt;
  CTI_CHECK(view.supervisor != nullptr && view.agent != nullptr);
  CTI_CHECK(view.now.has_call == (view.call != nullptr));
  const SupervisorButtons buttons = supervisor_buttons(view.now);
  ButtonWords words;
  words.button = button->name;
  words.mask = buttons.mask;
  words.reason = buttons.why[static_cast<std::size_t>(std::countr_zero(bit))];
  CTI_CHECK((words.reason == GreyReason::kOn) == ((words.mask & bit) != 0));
  Values values(words.values);
  if (words.reason == GreyReason::kSupervisorLoggedOut) {
    values.agent(*view.supervisor);
  } else if (words.reason != GreyReason::kOn) {
    values.agent(*view.agent);
    if (view.call != nullptr) values.call(*view.call);
    const auto part = static_cast<std::size_t>(view.now.part);
    values.setting(view.supervisor->id.view(),
                   view.now.other_call ? "on another call" : std::string(kParts[part]));
    if (view.own != nullptr) values.call(*view.own);
  }
  write_text(words, button->label);
  return words;
}

}  // namespace cti::broker
