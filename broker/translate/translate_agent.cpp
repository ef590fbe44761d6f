// translate_agent.cpp - agent events: states, answers to queries, settings, system events, as update records.
#include "broker/model/masks.hpp"
#include "broker/translate/agent_record.hpp"
#include "broker/translate/call_fields.hpp"
#include "broker/translate/translator.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/misc.hpp"
#include "wire/object_key.hpp"

#include <charconv>
#include <cstring>
#include <utility>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using ged::MessageType;
using wire::EventId;
using wire::Keyword;

namespace {

/// A stand-in for an agent that the map does not know: what the mask's rules look at.
AgentEntry stranger(std::uint32_t peripheral) {
  AgentEntry agent;
  agent.peripheral_id = peripheral;
  return agent;
}

/// "Name[7]" in a buffer.
class IndexedKey {
 public:
  static constexpr std::size_t kNameMax = 16;
  static constexpr std::size_t kDigitsMax = 11;  // of an int32 with its sign
  IndexedKey(std::string_view name, std::int64_t index) noexcept {
    CTI_CHECK(name.size() <= kNameMax);
    std::memcpy(text_, name.data(), name.size());
    text_[name.size()] = '[';
    char* const digits = text_ + name.size() + 1;
    const auto [end, error] = std::to_chars(digits, text_ + sizeof text_ - 1, index);
    CTI_CHECK(error == std::errc{});
    *end = ']';
    size_ = static_cast<std::size_t>(end + 1 - text_);
    CTI_CHECK(size_ <= sizeof text_);
  }
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char text_[kNameMax + 1 + kDigitsMax + 1];
  std::size_t size_ = 0;
};

static_assert(std::string_view("MediaDomain").size() <= IndexedKey::kNameMax &&
              std::string_view("SkillGroup").size() <= IndexedKey::kNameMax);

constexpr std::string_view kSkillGroupKey = "SkillGroup[";

/// How many of them an agent has among its properties.
std::size_t groups_in(const wire::ArgumentsView& properties) noexcept {
  std::size_t groups = 0;
  for (const wire::Arg arg : properties) groups += arg.own_key().starts_with(kSkillGroupKey);
  return groups;
}
template <class Groups>
std::size_t count_of(const Groups& groups) noexcept {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto group : groups) ++count;
  return count;
}

/// SkillGroup[n] = { SkillGroupID, SkillGroupNumber, SkillGroupPriority, SkillGroupState }.
template <class Groups>
void write_skill_groups(wire::ArgumentsWriter& writer, const Groups& groups) {
  std::uint32_t number = 0;
  for (const auto group : groups) {
    writer.begin_nested(IndexedKey("SkillGroup", ++number).view());
    const auto as_int = [](std::uint32_t value) { return static_cast<std::int32_t>(value); };
    if (const auto id = group.skill_group_id()) writer.add_int(Keyword::SkillGroupID, as_int(*id));
    if (const auto it = group.skill_group_number()) {
      writer.add_int(Keyword::SkillGroupNumber, as_int(static_cast<std::uint32_t>(*it)));
    }
    if (const auto priority = group.skill_group_priority()) {
      writer.add_short(Keyword::SkillGroupPriority, static_cast<std::int16_t>(*priority));
    }
    if (const auto state = group.skill_group_state()) {
      writer.add_short(Keyword::SkillGroupState, static_cast<std::int16_t>(*state));
    }
    writer.end_nested();
  }
}

constexpr std::uint16_t kRequiredWithData = 3;  // WrapupDataIncomingMode

/// As AgentEntry::logged_in().
constexpr bool is_logged_in(std::uint16_t state) noexcept {
  return state != ctios::eLogout && state != ctios::eUnknown;
}

/// What an answer about an agent says. To the one who asked it is told apart: for all others it is a change of the agent's
/// state, or goes to the fold only.
RecordInfo answer_record(std::uint64_t key, std::uint32_t peripheral, bool for_one, bool news) {
  RecordInfo info = agent_record(EventId::eQueryAgentStateConf, key, peripheral);
  info.answer = true;
  if (!for_one) return info;
  info.event = news ? EventId::eAgentStateEvent : EventId::eUnknownEvent;
  info.flags = wire::update_flag::kArtificial;
  return info;
}

/// The state before this one was asked for by somebody: this one is not.
bool ends_asked_state(const AgentEntry* known, std::uint16_t state) noexcept {
  return known != nullptr && known->asked && known->state != state;
}

}  // namespace

// The overall state of an agent.
Translator::Outcome Translator::agent_state(Bytes body, Version version) {
  const auto view = ged::AgentStateEventView::decode(body, version);
  if (!view) return Err{view.error()};
  const std::string_view agent_id = named(view->agent_id());
  if (agent_id.empty()) {
    ++counters_.nameless_agents;
    return {};
  }
  const std::uint32_t peripheral = view->peripheral_id();
  const ObjectId id = agent_object_id(peripheral, agent_id);
  const std::uint64_t key = wire::object_key(id.view());
  const AgentEntry* const known = map_.agent(key);
  const std::uint16_t state = view->agent_state();
  const bool voice = is_voice(view->mrdid());
  if (voice) hearing_.note(key);
  // Whoever is not here and was never known is nobody.
  if (known == nullptr && (state == ctios::eLogout || state == ctios::eUnknown)) return {};

  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(peripheral);
  sheet.add_short<Keyword::PeripheralType>(view->peripheral_type());
  sheet.add_short<Keyword::AgentState>(state);
  sheet.add_int<Keyword::SkillGroupNumber>(view->skill_group_number());
  sheet.add_int<Keyword::SkillGroupID>(view->skill_group_id());
  sheet.add_short<Keyword::SkillGroupPriority>(view->skill_group_priority());
  sheet.add_short<Keyword::SkillGroupState>(view->skill_group_state());
  sheet.add_int<Keyword::StateDuration>(view->state_duration());
  sheet.add_short<Keyword::EventReasonCode>(view->event_reason_code());
  sheet.add_int<Keyword::MRDID>(static_cast<std::uint32_t>(view->mrdid()));
  sheet.add_int<Keyword::NumTasks>(view->num_tasks());
  sheet.add_short<Keyword::AgentMode>(view->agent_mode());
  sheet.add_int<Keyword::MaxTaskLimit>(view->max_task_limit());
  sheet.add_int<Keyword::ICMAgentID>(static_cast<std::uint32_t>(view->icm_agent_id()));
  sheet.add_int<Keyword::AgentAvailabilityStatus>(view->agent_availability_status());
  sheet.add_text<Keyword::AgentID>(agent_id);
  if (const auto signature = view->cti_client_signature()) {
    sheet.add_text<Keyword::CTIClientSignature>(text(signature));
  }
  add_seat(sheet, known, named(view->agent_instrument()), named(view->agent_extension()),
           is_logged_in(state));
  if (!voice) return other_domain(peripheral, key, view->mrdid(), state, sheet);
  sheet.add_int<Keyword::EnablementMask>(known != nullptr
                                             ? agent_mask(map_, *known, state)
                                             : agent_mask(map_, stranger(peripheral), state));
  if (state == ctios::eWorkNotReady || state == ctios::eWorkReady) {
    const bool outgoing = known != nullptr && known->last_call_outgoing != 0;
    const bool required = (known != nullptr && known->wrapup_incoming == kRequiredWithData) ||
                          rules_of(rules_, known == nullptr ? 0 : known->team).wrapup_required;
    sheet.add_int<Keyword::IncomingOrOutgoing>(outgoing ? 2 : 1);
    sheet.add_bool<Keyword::WrapupOkEnabled>(!outgoing && required);
  }
  add_rules(sheet, known == nullptr ? 0 : known->team);

  const std::uint16_t before = known == nullptr ? std::uint16_t{ctios::eUnknown} : known->state;
  const bool same_reason = known != nullptr && known->reason == view->event_reason_code();
  const auto asker = askers_.take(key, before, state, same_reason);
  // A change that nobody asked for here takes the name off the state before it.
  const bool ends_other = ends_asked_state(known, state);
  tell_state(agent_record(EventId::eAgentStateEvent, key, peripheral), known, state, sheet,
             [&](wire::ArgumentsWriter& writer) {
               if (asker || ends_other) write_state_change(writer, asker);
             });
  return {};
}

// What a message leaves out is as it was; but not when it names another seat, or when somebody else has taken this one since:
// nobody sits at two, and whoever is left behind would take the calls of who sits there now.
void Translator::add_seat(ArgSheet& sheet, const AgentEntry* known, std::string_view instrument,
                          std::string_view extension, bool logged_in) {
  if (known != nullptr) {
    const std::string_view old_instrument = known->instrument.view();
    const std::string_view old_extension = known->extension.view();
    const bool comes = logged_in && !known->logged_in();  // else nobody else can sit there: no look-up
    const auto taken = [&](std::string_view seat) {
      return comes && map_.agent_on(known->peripheral_id, seat) != nullptr;
    };
    const bool moves = (!instrument.empty() && instrument != old_instrument) ||
                       (!extension.empty() && extension != old_extension);
    const bool stays = !moves && !taken(old_instrument) && !taken(old_extension);
    if (instrument.empty() && stays) instrument = old_instrument;
    if (extension.empty() && stays) extension = old_extension;
    if (extension.empty() && !old_extension.empty()) sheet.add_text<Keyword::AgentExtension>("");
    if (instrument.empty() && !old_instrument.empty()) sheet.add_text<Keyword::AgentInstrument>("");
  }
  if (!extension.empty()) sheet.add_text<Keyword::AgentExtension>(extension);
  if (!instrument.empty()) sheet.add_text<Keyword::AgentInstrument>(instrument);
}

// A logout is framed by OnPreLogout and OnPostLogout.
template <class Extra>
void Translator::tell_state(const RecordInfo& info, const AgentEntry* known, std::uint16_t state,
                            const ArgSheet& sheet, Extra&& extra) {
  CTI_CHECK(known == nullptr || known->key == info.object_key);
  CTI_CHECK(info.object_key != 0 && info.agent_key == info.object_key);
  if (state != ctios::eLogout || known == nullptr || !known->logged_in()) {
    emit(info, sheet, extra);
    return;
  }
  RecordInfo around = info;
  around.topics &= ~wire::topic::kWhole;  // neither says all that is known
  around.flags = wire::update_flag::kArtificial;
  // Before the change: the agent still is what it was, and where it was.
  ArgSheet before = sheet;
  before.drop<Keyword::AgentExtension>();
  before.drop<Keyword::AgentInstrument>();
  if (!known->extension.empty())
    before.add_text<Keyword::AgentExtension>(known->extension.view());
  if (!known->instrument.empty())
    before.add_text<Keyword::AgentInstrument>(known->instrument.view());
  before.add_short<Keyword::AgentState>(known->state);
  before.add_int<Keyword::EnablementMask>(known->mask);
  around.event = EventId::ePreLogoutEvent;
  emit(around, before);
  emit(info, sheet, extra);
  around.event = EventId::ePostLogoutEvent;
  emit(around, sheet);
}

// Another medium than voice: told with its MRDID, kept apart from the agent's voice state and buttons.
Translator::Outcome Translator::other_domain(std::uint32_t peripheral, std::uint64_t key,
                                             std::int32_t domain, std::uint16_t state,
                                             const ArgSheet& sheet) {
  CTI_CHECK(!is_voice(domain));
  RecordInfo info = agent_record(EventId::eAgentStateEvent, key, peripheral);
  info.object_key = 0;  // about the agent, but no property
  emit(info, sheet);
  keep_domain(key, domain, state);
  return {};
}

/// Among the agent's properties; the bound is on the number of domains, not on their news.
void Translator::keep_domain(std::uint64_t key, std::int32_t domain, std::uint16_t state) {
  const AgentEntry* const known = map_.agent(key);
  const auto handle = map_.properties().find(key);
  if (known == nullptr || !handle) return;
  const IndexedKey own("MediaDomain", domain);
  std::size_t domains = 0;
  bool there = false;
  for (const wire::Arg arg : map_.properties().properties(*handle)) {
    domains += arg.own_key().starts_with("MediaDomain[") ? 1U : 0U;
    there = there || arg.own_key() == own.view();
  }
  if (!there && domains >= kDomainsMax) {
    ++counters_.domains_left_out;
    return;
  }
  RecordInfo info = agent_record(EventId::eAgentInfoEvent, key, known->peripheral_id);
  info.flags = wire::update_flag::kArtificial;
  ArgSheet kept;
  kept.add_text<Keyword::UniqueObjectID>(known->id.view());
  emit(info, kept, [&](wire::ArgumentsWriter& writer) {
    writer.begin_nested(own.view());
    writer.add_short(Keyword::AgentState, static_cast<std::int16_t>(state));
    writer.end_nested();
  });
}

void Translator::agent_answer(std::uint32_t peripheral, std::string_view asked,
                              const ged::QueryAgentStateConfView& view, For whom) {
  room_.reset();
  ++counters_.messages;
  std::string_view agent_id = named(view.agent_id());
  if (agent_id.empty()) agent_id = asked;
  if (agent_id.empty()) {
    ++counters_.nameless_agents;
    return;
  }
  const ObjectId id = agent_object_id(peripheral, agent_id);
  const std::uint64_t key = wire::object_key(id.view());
  const AgentEntry* const known = map_.agent(key);
  const std::uint16_t state = view.agent_state();
  if (!is_voice(view.mrdid())) return keep_domain(key, view.mrdid(), state);
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(peripheral);
  sheet.add_text<Keyword::AgentID>(agent_id);
  add_seat(sheet, known, named(view.agent_instrument()), named(view.agent_extension()),
           is_logged_in(state));
  sheet.add_short<Keyword::AgentState>(state);
  sheet.add_int<Keyword::NumSkillGroups>(came(view.num_skill_groups(), view.skill_groups()));
  sheet.add_int<Keyword::MRDID>(static_cast<std::uint32_t>(view.mrdid()));
  sheet.add_int<Keyword::NumTasks>(view.num_tasks());
  sheet.add_short<Keyword::AgentMode>(view.agent_mode());
  sheet.add_int<Keyword::MaxTaskLimit>(view.max_task_limit());
  sheet.add_int<Keyword::ICMAgentID>(static_cast<std::uint32_t>(view.icm_agent_id()));
  sheet.add_int<Keyword::AgentAvailabilityStatus>(view.agent_availability_status());
  // The reason that an event gave was that of the state it told.
  if (known != nullptr && known->state != state) sheet.add_short<Keyword::EventReasonCode>(0);
  const AgentEntry nobody = known == nullptr ? stranger(peripheral) : AgentEntry{};
  sheet.add_int<Keyword::EnablementMask>(
      agent_mask(map_, known == nullptr ? nobody : *known, state));
  add_rules(sheet, known == nullptr ? 0 : known->team);
  const bool news = known == nullptr ? is_logged_in(state) : known->state != state;
  RecordInfo info = answer_record(key, peripheral, whom == For::kOne, news);
  const auto handle = map_.properties().find(key);
  const bool leaves_groups =
      handle && groups_in(map_.properties().properties(*handle)) > count_of(view.skill_groups());
  if (leaves_groups) {
    // Only what is told whole says that the agent is in a group no more.
    info.topics |= wire::topic::kWhole;
    sheet.add_int<Keyword::IncomingOrOutgoing>(known->last_call_outgoing != 0 ? 2 : 1);
  }
  const bool ends_other = ends_asked_state(known, state);
  const auto groups = [&](wire::ArgumentsWriter& writer) {
    if (leaves_groups) {
      for (const wire::Arg arg : map_.properties().properties(*handle)) {
        const bool group = arg.own_key().starts_with(kSkillGroupKey);
        if (!group && !sheet.has(arg.keyword())) writer.add(arg);
      }
    }
    write_skill_groups(writer, view.skill_groups());
    if (ends_other) write_state_change(writer, std::nullopt);
  };
  tell_state(info, whom == For::kOne && news ? known : nullptr, state, sheet, groups);
}

// What a record has led to: calls that are somebody else's now are handed over, whoever has come is asked about.
void Translator::follow(const Effect& effect, std::uint64_t key, bool answer) {
  if (effect.made || effect.came) note_newcomer({key, effect.made && !answer});
  if (effect.made && !rules_.empty()) tell_rule_lists(key);
  if (effect.team || effect.came) note_member(key);
  const CallEntry* const call = effect.stray ? map_.call(key) : nullptr;
  const AgentEntry* const owner = call == nullptr ? nullptr : map_.agent_of(*call);
  if (owner != nullptr) hand_over_calls(*owner);
  for (const std::uint64_t heir : {effect.seated ? key : 0, effect.heirs[0], effect.heirs[1]}) {
    const AgentEntry* const agent = map_.agent(heir);
    if (agent != nullptr) hand_over_calls(*agent);
  }
}

void Translator::agent_unknown(std::uint32_t peripheral, std::string_view agent_id,
                               std::uint16_t state, For whom) {
  room_.reset();
  const std::string_view name = room_.clean(agent_id);
  const ObjectId id = agent_object_id(peripheral, name);
  const std::uint64_t key = wire::object_key(id.view());
  const AgentEntry nobody = stranger(peripheral);
  const AgentEntry* const known = map_.agent(key);
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(peripheral);
  sheet.add_text<Keyword::AgentID>(name);
  sheet.add_short<Keyword::AgentState>(state);
  sheet.add_int<Keyword::EnablementMask>(
      agent_mask(map_, known == nullptr ? nobody : *known, state));
  add_rules(sheet, known == nullptr ? 0 : known->team);
  const bool news = known != nullptr && known->logged_in();
  const bool ends_other = ends_asked_state(known, state);
  tell_state(answer_record(key, peripheral, whom == For::kOne, news),
             whom == For::kOne && news ? known : nullptr, state, sheet,
             [&](wire::ArgumentsWriter& writer) {
               if (ends_other) write_state_change(writer, std::nullopt);
             });
}

void Translator::desk_settings_answer(std::uint64_t agent_key,
                                      const ged::AgentDeskSettingsConfView& view) {
  room_.reset();
  const AgentEntry* const agent = map_.agent(agent_key);
  if (agent == nullptr) return;
  CTI_CHECK(agent->key == agent_key);
  ++counters_.messages;
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(agent->id.view());
  sheet.add_int<Keyword::PeripheralID>(agent->peripheral_id);
  sheet.add_uint<Keyword::DeskSettingsMask>(view.desk_settings_mask());
  sheet.add_uint<Keyword::WrapupDataIncomingMode>(view.wrapup_data_incoming_mode());
  sheet.add_uint<Keyword::WrapupDataOutgoingMode>(view.wrapup_data_outgoing_mode());
  sheet.add_uint<Keyword::LogoutNonActivityTime>(view.logout_non_activity_time());
  sheet.add_uint<Keyword::QualityRecordingRate>(view.quality_recording_rate());
  sheet.add_uint<Keyword::RingNoAnswerTime>(view.ring_no_answer_time());
  sheet.add_uint<Keyword::SilentMonitorWarningMessage>(view.silent_monitor_warning_message());
  sheet.add_uint<Keyword::SilentMonitorAudibleIndication>(
      view.silent_monitor_audible_indication());
  sheet.add_uint<Keyword::SupervisorAssistCallMethod>(view.supervisor_assist_call_method());
  sheet.add_uint<Keyword::EmergencyCallMethod>(view.emergency_call_method());
  sheet.add_uint<Keyword::AutoRecordOnEmergency>(view.auto_record_on_emergency());
  sheet.add_uint<Keyword::RecordingMode>(view.recording_mode());
  sheet.add_uint<Keyword::WorkModeTimer>(view.work_mode_timer());
  sheet.add_uint<Keyword::RingNoAnswerDN>(view.ring_no_answer_dn());
  // To the fold only: whoever asked for them is told apart, nobody else has asked.
  RecordInfo info = agent_record(EventId::eUnknownEvent, agent_key, agent->peripheral_id);
  info.flags = wire::update_flag::kArtificial;
  emit(info, sheet);
}

void Translator::hold_agent(std::uint64_t key) {
  CTI_CHECK(key != 0);
  if (held_.size() < kHeldMax) held_.insert(key);
  CTI_CHECK(held_.size() <= kHeldMax);
}

// The table is full: somebody whom nobody needs leaves, and every client is told.
bool Translator::makes_room(const RecordInfo& info) {
  if ((info.topics & wire::topic::kAgent) == 0 || hearing_.arrived() < futile_until_) return false;
  const AgentEntry* const idle = map_.idle_agent(
      idle_cursor_, [&](const AgentEntry& agent) { return held_.contains(agent.key); });
  if (idle == nullptr) {
    futile_until_ = hearing_.arrived() + kFutileFrames;  // a whole table was looked through
    return false;
  }
  CTI_CHECK(!idle->logged_in() && !held_.contains(idle->key));
  CTI_CHECK(idle->key != info.object_key);  // whoever needs the room is not there yet
  return agent_leaves(*idle) && map_.has_room(info.object_key, info.topics);
}

/// Nobody knows the agent any more, and every client is told.
bool Translator::agent_leaves(const AgentEntry& agent) {
  ++counters_.agents_left;
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(agent.id.view());
  sheet.add_text<Keyword::AgentID>(agent.agent_id.view());
  sheet.add_int<Keyword::PeripheralID>(agent.peripheral_id);
  RecordInfo leaves = agent_record(EventId::eAgentInfoEvent, agent.key, agent.peripheral_id);
  leaves.topics |= wire::topic::kEnds;
  leaves.flags = wire::update_flag::kArtificial;
  return emit(leaves, sheet);
}

Translator::Outcome Translator::system_message(Bytes body, Version version) {
  const auto view = ged::SystemEventView::decode(body, version);
  if (!view) return Err{view.error()};
  system_event(view->system_event_id(), view->system_event_arg1(), text(view->text()),
               default_peripheral_);
  return {};
}

void Translator::system_event(std::uint32_t system_event_id, std::uint32_t argument,
                              std::string_view message, std::uint32_t peripheral) {
  const std::string_view words = room_.clean(message);
  ArgSheet sheet;
  sheet.add_int<Keyword::FailureCode>(ctios::eServerConnectionStatus);
  sheet.add_int<Keyword::SystemEventID>(system_event_id);
  const bool names_peripheral = system_event_id == ctios::eSysPeripheralOnline ||
                                system_event_id == ctios::eSysPeripheralOffline ||
                                system_event_id == ctios::eSysInstrumentOutOfService ||
                                system_event_id == ctios::eSysInstrumentBackInService;
  if (names_peripheral) sheet.add_int<Keyword::SystemEventArg1>(argument);
  if (!words.empty()) sheet.add_text<Keyword::ErrorMessage>(words);
  const RecordInfo info{.event = EventId::eCTIOSFailureEvent,
                        .topics = wire::topic::kSystem,
                        .object_key = 0,
                        .agent_key = 0,
                        .peripheral_id = peripheral,
                        .flags = 0};
  emit(info, sheet);
}

Translator::Outcome Translator::agent_event(std::uint32_t message_type, Bytes body,
                                            Version version) {
  switch (MessageType{message_type}) {
    case MessageType::kAgentStateEvent:
      return agent_state(body, version);
    case MessageType::kAgentTeamConfigEvent:
      return team_config(body, version);
    case MessageType::kSystemEvent:
      return system_message(body, version);
    default:
      return config_event(message_type, body, version);
  }
}

Translator::Outcome Translator::config_event(std::uint32_t message_type, Bytes body,
                                             Version version) {
  switch (MessageType{message_type}) {
    case MessageType::kConfigAgentEvent:
      return config_agents(body, version);
    case MessageType::kConfigSkillGroupEvent:
      return config_skill_groups(body, version);
    default:
      return call_event(message_type, body, version);
  }
}

// Call events first: they are the many.
Translator::Outcome Translator::event(std::uint32_t message_type, Bytes body, Version version) {
  room_.reset();
  ++counters_.messages;
  switch (MessageType{message_type}) {
    case MessageType::kAgentStateEvent:
    case MessageType::kAgentTeamConfigEvent:
    case MessageType::kSystemEvent:
    case MessageType::kConfigAgentEvent:
    case MessageType::kConfigSkillGroupEvent:
      return agent_event(message_type, body, version);
    default:
      return call_event(message_type, body, version);
  }
}

}  // namespace cti::broker
