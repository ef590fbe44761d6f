// translate_call.cpp - call events: what each message says about a call connection, as update records.
#include "broker/translate/call_record.hpp"
#include "broker/model/masks.hpp"
#include "broker/translate/call_fields.hpp"
#include "broker/translate/translator.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/object_key.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace cti::broker {

namespace ged = wire::ged188;
using ged::MessageType;
using wire::EventId;
using wire::Keyword;

namespace {

constexpr std::uint16_t kNoStatus = 0xFFFF;
constexpr std::uint16_t kTypeUnknown = 0;  // CallType of a call whose begin was not heard
constexpr std::uint32_t kNoCall = 0xFFFFFFFF;

/// Whether an event of a call that is not known makes the call: not when it tells of something that is over.
constexpr bool makes_call(EventId event) noexcept {
  switch (event) {
    case EventId::eCallClearedEvent:
    case EventId::eCallConnectionClearedEvent:
    case EventId::eCallDivertedEvent:
    case EventId::eCallDequeuedEvent:
      return false;
    default:
      return true;
  }
}

/// The fixed fields that several call events share, where the message has them.
template <class View>
void add_shared_fixed(ArgSheet& sheet, const View& view, bool minimize) {
  if constexpr (requires { view.service_number(); }) {
    sheet.add_int<Keyword::ServiceNumber>(view.service_number());
    sheet.add_int<Keyword::ServiceID>(view.service_id());
  }
  if constexpr (requires { view.skill_group_number(); }) {
    if (view.skill_group_number() != kNoCall) {  // NULL_SKILL_GROUP
      sheet.add_int<Keyword::SkillGroupNumber>(view.skill_group_number());
      sheet.add_int<Keyword::SkillGroupID>(view.skill_group_id());
      sheet.add_short<Keyword::SkillGroupPriority>(view.skill_group_priority());
    }
  }
  if constexpr (requires { view.line_type(); })
    sheet.add_short<Keyword::LineType>(view.line_type());
  if constexpr (requires { view.num_queued(); }) {
    sheet.add_short<Keyword::NumQueued>(view.num_queued());
    sheet.add_int<Keyword::NumSkillGroups>(came(view.num_skill_groups(), view.skill_groups()));
  }
  if (minimize) return;
  sheet.add_int<Keyword::PeripheralID>(view.peripheral_id());
  sheet.add_short<Keyword::PeripheralType>(view.peripheral_type());
  if constexpr (requires { view.line_handle(); })
    sheet.add_short<Keyword::LineHandle>(view.line_handle());
  if constexpr (requires { view.event_cause(); }) {
    sheet.add_short<Keyword::EventCause>(view.event_cause());
    sheet.add_short<Keyword::LocalConnectionState>(view.local_connection_state());
  }
}

/// What says which call a record is about.
constexpr bool identifies(Keyword keyword) noexcept {
  switch (keyword) {
    case Keyword::ConnectionCallID:
    case Keyword::ConnectionDeviceID:
    case Keyword::ConnectionDeviceIDType:
    case Keyword::PeripheralID:
    case Keyword::PeripheralType:
    case Keyword::UniqueObjectID:
      return true;
    default:
      return false;
  }
}

/// Events that a call has where it was dialled, and nowhere else.
constexpr bool dialed_here(EventId event) noexcept {
  return event == EventId::eCallServiceInitiatedEvent || event == EventId::eCallOriginatedEvent;
}

/// ConnectedParty[n] = { ConnectedPartyCallID, ConnectedPartyDeviceID }.
template <class View>
void write_parties(wire::ArgumentsWriter& writer, const View& view, CleanTextRoom& room) {
  std::uint32_t number = 0;
  for (const auto party : view.parties()) {
    char key[32];
    static_assert(sizeof key >= 15 + 10 + 1, "the name, an uint32 and the bracket");
    const auto end = std::to_chars(key + 15, key + 30, ++number).ptr;
    CTI_CHECK(end < key + sizeof key);
    std::memcpy(key, "ConnectedParty[", 15);
    *end = ']';
    writer.begin_nested(std::string_view(key, static_cast<std::size_t>(end + 1 - key)));
    if (const auto device = party.connected_party_device_id()) {
      writer.add_string(Keyword::ConnectedPartyDeviceID, room.clean(*device));
    }
    if (const auto call = party.connected_party_call_id()) {
      writer.add_uint("ConnectedPartyCallID", *call);
    }
    writer.end_nested();
  }
}

}  // namespace

void Translator::add_call_status(ArgSheet& sheet, const CallEntry& call, std::uint16_t status) {
  // After OnCallFailed the state FAIL stays: later events of that call leave the status out.
  if (status != kNoStatus && !call.failed()) sheet.add_short<Keyword::CallStatus>(status);
  const AgentEntry* const agent = map_.agent_of(call);
  if (agent == nullptr) return;
  const std::uint16_t after = call.failed() || status == kNoStatus ? call.status : status;
  sheet.add_int<Keyword::EnablementMask>(call_mask(map_, call, after));
}

// After a call changed, what the buttons of the other calls at the device allow may have changed too.
void Translator::refresh_masks(const AgentEntry& agent, std::uint64_t changed_call) {
  std::array<std::uint64_t, 16> others{};
  std::size_t count = 0;
  CTI_CHECK(agent.key != 0);
  map_.calls_of(agent, [&](const CallEntry& call) {
    if (call.key == changed_call || count == others.size()) return;
    if (call.told_agent != agent.key) return;  // still to be handed over, whole
    if (call_mask(map_, call, call.status) != call.mask) others[count++] = call.key;
  });
  for (std::size_t i = 0; i < count; ++i) {
    const CallEntry* const call = map_.call(others[i]);
    if (call == nullptr) continue;
    ArgSheet sheet;
    sheet.add_text<Keyword::UniqueObjectID>(call->id.view());
    sheet.add_int<Keyword::PeripheralID>(call->peripheral_id);
    sheet.add_short<Keyword::CallType>(call->type);
    sheet.add_uint<Keyword::ConnectionCallID>(call->call_id);
    add_call_status(sheet, *call, call->status);
    RecordInfo info = known_call_record(EventId::eCallDataUpdateEvent, *call, &agent);
    info.flags = wire::update_flag::kArtificial;
    emit(info, sheet);
  }
}

const CallEntry* Translator::find_or_make(const CallName& name, const ObjectId& id,
                                          std::uint64_t key, bool make,
                                          std::uint16_t peripheral_type) {
  if (const CallEntry* const known = map_.call(key)) return known;
  if (!make) {
    ++counters_.unknown_calls;
    return nullptr;
  }
  ++counters_.made_calls;
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(name.peripheral_id);
  sheet.add_short<Keyword::PeripheralType>(peripheral_type);
  sheet.add_short<Keyword::CallType>(0);
  sheet.add_uint<Keyword::ConnectionCallID>(name.call_id);
  sheet.add_text<Keyword::ConnectionDeviceID>(name.device);
  sheet.add_short<Keyword::ConnectionDeviceIDType>(name.device_type);
  RecordInfo info = call_record(EventId::eCallBeginEvent, key,
                                map_.agent_on(name.peripheral_id, name.device), name.peripheral_id);
  info.topics |= wire::topic::kWhole;
  info.flags = wire::update_flag::kArtificial;
  const bool told = emit(info, sheet, [](wire::ArgumentsWriter& writer) {
    writer.add_uint(kBeginKey, static_cast<std::uint32_t>(CallBegin::kMissed));
  });
  if (!told) return nullptr;
  note_made(key);
  const CallEntry* const made = map_.call(key);
  CTI_CHECK(made == nullptr || (made->key == key && made->type == kTypeUnknown));
  return made;
}

// Delivered, established, held, retrieved, cleared, ...: one connection, one record.
template <class View>
Translator::Outcome Translator::plain_call_event(EventId event, Bytes body, Version version) {
  const auto view = View::decode(body, version);
  if (!view) return Err{view.error()};
  const ged::FloatingPart floating = view->floating();
  const CallName name{view->peripheral_id(), view->connection_call_id(),
                      view->connection_device_id_type(), named(view->connection_device_id())};
  const ObjectId id = call_object_id(name.peripheral_id, name.call_id, name.device);
  const std::uint64_t key = wire::object_key(id.view());
  hearing_.note(key);
  bool makes = makes_call(event);
  if constexpr (requires { view->local_connection_state(); })
    makes = makes && view->local_connection_state() != wire::ctios::LCS_NULL;
  const CallEntry* const call = find_or_make(name, id, key, makes, view->peripheral_type());
  if (call == nullptr) return {};
  CTI_CHECK(call->key == key);
  const AgentEntry* const agent = map_.agent_of(*call);

  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  if (call->device != kNoSlot) {
    sheet.add_text<Keyword::DeviceUniqueObjectID>(map_.device_at(call->device)->id.view());
  }
  add_contact(sheet, *call);
  add_shared_fixed(sheet, *view, minimize_);
  if (!minimize_) {
    sheet.add_uint<Keyword::ConnectionCallID>(name.call_id);
    sheet.add_text<Keyword::ConnectionDeviceID>(name.device);
    sheet.add_short<Keyword::ConnectionDeviceIDType>(name.device_type);
  }
  add_call_fields(sheet, floating, minimize_ ? CallFields::kDevices : CallFields::kAll, room_);
  std::uint16_t status = kNoStatus;
  if constexpr (requires { view->local_connection_state(); })
    status = view->local_connection_state();
  if (event == EventId::eCallFailedEvent) status = wire::ctios::LCS_FAIL;
  if (dialed_here(event)) sheet.add_int<Keyword::IncomingOrOutgoing>(2);
  const RecordInfo info = known_call_record(event, *call, agent);
  const bool answers =
      event == EventId::eCallEstablishedEvent && !call->answered && !came_in(call->type);
  if (answers || dialed_here(event)) {
    CallEntry then = *call;  // as the record will leave it
    then.answered = then.answered || answers;
    then.dialed_here = then.dialed_here || dialed_here(event);
    add_call_status(sheet, then, status);
  } else {
    add_call_status(sheet, *call, status);
  }
  emit(info, sheet, [answers](wire::ArgumentsWriter& writer) {
    if (answers) writer.add_bool(kAnsweredKey, true);
  });
  if (agent != nullptr) refresh_masks(*agent, key);
  return {};
}

// Conferenced and transferred: named by their primary call.
template <class View>
Translator::Outcome Translator::party_event(EventId event, Bytes body, Version version) {
  const auto view = View::decode(body, version);
  if (!view) return Err{view.error()};
  const ged::FloatingPart floating = view->floating();
  CallName name{view->peripheral_id(), view->primary_call_id(), view->primary_device_id_type(),
                named(view->primary_device_id())};
  const std::string_view second_device = named(view->secondary_device_id());
  const ObjectId primary = call_object_id(name.peripheral_id, name.call_id, name.device);
  const ObjectId secondary =
      call_object_id(name.peripheral_id, view->secondary_call_id(), second_device);
  hearing_.note(wire::object_key(primary.view()));
  hearing_.note(wire::object_key(secondary.view()));
  ObjectId id = primary;
  if (map_.call(wire::object_key(id.view())) == nullptr &&
      map_.call(wire::object_key(secondary.view())) != nullptr) {
    id = secondary;
  }
  const std::uint64_t key = wire::object_key(id.view());
  // Where the own part is over, nothing begins.
  const bool makes = view->local_connection_state() != wire::ctios::LCS_NULL;
  const CallEntry* const call = find_or_make(name, id, key, makes, view->peripheral_type());
  if (call == nullptr) return {};
  CTI_CHECK(call->key == key);
  const AgentEntry* const agent = map_.agent_of(*call);

  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(name.peripheral_id);
  sheet.add_short<Keyword::PeripheralType>(view->peripheral_type());
  sheet.add_short<Keyword::CallType>(call->type);
  sheet.add_uint<Keyword::ConnectionCallID>(call->call_id);
  sheet.add_text<Keyword::PrimaryCallID>(primary.view());
  sheet.add_text<Keyword::SecondaryCallID>(secondary.view());
  sheet.add_short<Keyword::NumParties>(came(view->num_parties(), view->parties()));
  add_contact(sheet, *call);
  add_shared_fixed(sheet, *view, true);
  if (!minimize_) sheet.add_short<Keyword::EventCause>(view->event_cause());
  add_call_fields(sheet, floating, CallFields::kDevices, room_);
  add_call_status(sheet, *call, view->local_connection_state());
  const auto handle = map_.properties().find(key);
  emit(known_call_record(event, *call, agent), sheet, [&](wire::ArgumentsWriter& writer) {
    if (handle) {
      write_call_data(writer, map_.properties().properties(*handle),
                      !sheet.has<Keyword::SkillGroupNumber>());
    }
    write_parties(writer, *view, room_);
  });
  if (agent != nullptr) refresh_masks(*agent, key);
  return {};
}

Translator::Outcome Translator::begin_call(Bytes body, Version version) {
  const auto view = ged::BeginCallEventView::decode(body, version);
  if (!view) return Err{view.error()};
  const ged::FloatingPart floating = view->floating();
  const CallName name{view->peripheral_id(), view->connection_call_id(),
                      view->connection_device_id_type(), named(view->connection_device_id())};
  const ObjectId id = call_object_id(name.peripheral_id, name.call_id, name.device);
  const std::uint64_t key = wire::object_key(id.view());
  hearing_.note(key);
  // A call that is known without its begin goes on; one whose end never came is over.
  const CallEntry* known = map_.call(key);
  if (known != nullptr &&
      (known->begin == CallBegin::kHeard ||
       is_another(*known, view->router_call_key_day(), view->router_call_key_call_id()))) {
    end_call(*known);
    known = nullptr;
  }
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(name.peripheral_id);
  sheet.add_short<Keyword::PeripheralType>(view->peripheral_type());
  sheet.add_short<Keyword::CallType>(view->call_type());
  sheet.add_uint<Keyword::ConnectionCallID>(name.call_id);
  sheet.add_text<Keyword::ConnectionDeviceID>(name.device);
  sheet.add_short<Keyword::ConnectionDeviceIDType>(name.device_type);
  if (const std::uint16_t type = take_consult_type(key)) sheet.add_int<Keyword::ConsultType>(type);
  const auto day = view->router_call_key_day();
  const ObjectId contact =
      enterprise_id(day.value_or(0), view->router_call_key_call_id().value_or(0));
  if (day.value_or(0) != 0) sheet.add_text<Keyword::ICMEnterpriseUniqueID>(contact.view());
  add_call_fields(sheet, floating, CallFields::kAll, room_);
  CTI_CHECK(known == nullptr || known->key == key);
  const AgentEntry* const agent = map_.agent_on(name.peripheral_id, name.device);
  if (known != nullptr) {
    late_begin(*known, agent, sheet);
    return {};
  }
  RecordInfo info = call_record(EventId::eCallBeginEvent, key, agent, name.peripheral_id);
  info.topics |= wire::topic::kWhole;
  emit(info, sheet);
  return {};
}

/// What came before it is newer: a begin that is late says only what nothing else has said.
void Translator::late_begin(const CallEntry& call, const AgentEntry* agent, ArgSheet& sheet) {
  const std::uint64_t key = call.key;
  const auto handle = map_.properties().find(key);
  if (handle) {
    for (const wire::Arg arg : map_.properties().properties(*handle)) {
      const bool unknown = arg.keyword() == Keyword::CallType && arg.integer() == kTypeUnknown;
      if (!unknown && !identifies(arg.keyword())) sheet.drop(arg.keyword());
    }
  }
  emit(known_call_record(EventId::eCallDataUpdateEvent, call, agent), sheet,
       [](wire::ArgumentsWriter& writer) {
         writer.add_uint(kBeginKey, static_cast<std::uint32_t>(CallBegin::kHeard));
       });
  if (agent != nullptr) refresh_masks(*agent, 0);  // also its own: the type decides about buttons
}

Translator::Outcome Translator::data_update(Bytes body, Version version) {
  const auto view = ged::CallDataUpdateEventView::decode(body, version);
  if (!view) return Err{view.error()};
  const ged::FloatingPart floating = view->floating();
  const CallName name{view->peripheral_id(), view->connection_call_id(),
                      view->connection_device_id_type(), named(view->connection_device_id())};
  const ObjectId old_id = call_object_id(name.peripheral_id, name.call_id, name.device);
  const std::uint64_t old_key = wire::object_key(old_id.view());
  hearing_.note(old_key);
  CallName now = name;
  if (view->new_connection_call_id() != kNoCall) now.call_id = view->new_connection_call_id();
  if (const auto device = view->new_connection_device_id()) {
    now.device = named(device);
    now.device_type = view->new_connection_device_id_type();
  }
  const ObjectId id = call_object_id(now.peripheral_id, now.call_id, now.device);
  const std::uint64_t key = wire::object_key(id.view());
  hearing_.note(key);
  // A second time the old name is nobody's any more: then it is an update of the new one.
  const CallEntry* call = map_.call(old_key);
  if (call == nullptr) call = map_.call(key);
  if (call == nullptr) call = find_or_make(name, old_id, old_key, true, view->peripheral_type());
  if (call == nullptr) return {};
  bool renamed = key != call->key;
  if (renamed && map_.call(key) != nullptr) {  // two connections become one: the old one ends
    end_call(*call);
    call = map_.call(key);
    CTI_CHECK(call != nullptr);  // the end of the one does not end the other
    renamed = false;
  }
  CTI_CHECK(renamed != (call->key == key));
  const AgentEntry* const agent = map_.agent_of(*call);
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(id.view());
  if (renamed) sheet.add_text<Keyword::OldUniqueObjectID>(old_id.view());
  sheet.add_int<Keyword::PeripheralID>(now.peripheral_id);
  sheet.add_short<Keyword::PeripheralType>(view->peripheral_type());
  sheet.add_short<Keyword::CallType>(view->call_type());
  sheet.add_uint<Keyword::ConnectionCallID>(now.call_id);
  if (renamed || !minimize_) {
    sheet.add_text<Keyword::ConnectionDeviceID>(now.device);
    sheet.add_short<Keyword::ConnectionDeviceIDType>(now.device_type);
  }
  if (view->campaign_id() != 0 && view->campaign_id() != kNoCall) {
    sheet.add_int<Keyword::CampaignID>(view->campaign_id());
    sheet.add_int<Keyword::QueryRuleID>(view->query_rule_id());
  }
  const std::uint32_t day = view->router_call_key_day().value_or(call->router_day);
  const ObjectId contact =
      enterprise_id(day, view->router_call_key_call_id().value_or(call->router_call));
  if (day != 0) sheet.add_text<Keyword::ICMEnterpriseUniqueID>(contact.view());
  add_call_fields(sheet, floating, CallFields::kAll, room_);
  RecordInfo info = known_call_record(EventId::eCallDataUpdateEvent, *call, agent);
  info.object_key = key;
  // Nobody was told so while the type said that the call came in (plain_call_event).
  const bool talked =
      call->status == wire::ctios::LCS_CONNECT || call->status == wire::ctios::LCS_HOLD;
  const bool answered =
      talked && !call->answered && came_in(call->type) && !came_in(view->call_type());
  emit(info, sheet, [answered](wire::ArgumentsWriter& writer) {
    if (answered) writer.add_bool(kAnsweredKey, true);
  });
  // The type is one of the things that buttons depend on, and the device may be another now.
  const CallEntry* const after = map_.call(key);
  if (renamed && after != nullptr && after->begin == CallBegin::kMissed) note_made(key);
  const AgentEntry* const sitting = after == nullptr ? nullptr : map_.agent_of(*after);
  if (sitting != nullptr) refresh_masks(*sitting, key);
  return {};
}

Translator::Outcome Translator::end_call_event(Bytes body, Version version) {
  const auto view = ged::EndCallEventView::decode(body, version);
  if (!view) return Err{view.error()};
  const ObjectId id = call_object_id(view->peripheral_id(), view->connection_call_id(),
                                     named(view->connection_device_id()));
  const std::uint64_t key = wire::object_key(id.view());
  hearing_.note(key);
  const CallEntry* const call = map_.call(key);
  if (call == nullptr) {
    ++counters_.unknown_calls;
    return {};
  }
  finish_call(*call, 0);
  return {};
}

void Translator::end_call(const CallEntry& call) {
  finish_call(call, wire::update_flag::kArtificial);
}

void Translator::finish_call(const CallEntry& call, std::uint16_t flags) {
  const AgentEntry* const agent = map_.agent_of(call);
  const CallEntry copy = call;  // gone once the record is applied
  CTI_CHECK(copy.key != 0 && !copy.id.empty());
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(copy.id.view());
  if (!copy.failed()) sheet.add_short<Keyword::CallStatus>(wire::ctios::LCS_NULL);
  sheet.add_text<Keyword::DeviceID>(copy.device_id.view());
  add_contact(sheet, copy);
  RecordInfo info = known_call_record(EventId::eCallEndEvent, copy, agent);
  info.topics |= wire::topic::kEnds;
  info.flags = flags;
  emit(info, sheet);
  if (agent != nullptr) refresh_masks(*agent, copy.key);
}

/// What this server was asked to consult for, when the call was confirmed before it began.
std::uint16_t Translator::take_consult_type(std::uint64_t call_key) noexcept {
  if (consults_waiting_ == 0) return 0;
  for (ConsultBegun& begun : consults_) {
    if (begun.type == 0 || begun.call_key != call_key) continue;
    CTI_CHECK(consults_waiting_ <= consults_.size());
    --consults_waiting_;
    return std::exchange(begun.type, std::uint16_t{0});
  }
  return 0;
}

void Translator::consult_confirmed(std::uint32_t peripheral, std::uint32_t call_id,
                                   std::string_view device, std::uint16_t type) {
  room_.reset();
  const ObjectId id = call_object_id(peripheral, call_id, named(device));
  const CallEntry* const call = map_.call(wire::object_key(id.view()));
  if (call == nullptr) {
    ConsultBegun& begun = consults_[next_consult_++ % consults_.size()];
    if (begun.type == 0 && type != 0) ++consults_waiting_;
    if (begun.type != 0 && type == 0) --consults_waiting_;
    CTI_CHECK(consults_waiting_ <= consults_.size());
    begun.call_key = wire::object_key(id.view());
    begun.type = type;
    return;
  }
  const AgentEntry* const agent = map_.agent_of(*call);
  CTI_CHECK(call->id.view() == id.view());
  CallEntry then = *call;
  then.consult_type = type;
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(call->id.view());
  sheet.add_int<Keyword::ConsultType>(type);
  sheet.add_int<Keyword::EnablementMask>(call_mask(map_, then, call->status));
  RecordInfo info = known_call_record(EventId::eCallDataUpdateEvent, *call, agent);
  info.flags = wire::update_flag::kArtificial;
  const std::uint64_t key = call->key;
  emit(info, sheet);
  if (agent != nullptr) refresh_masks(*agent, key);
}

Translator::Outcome Translator::call_event(std::uint32_t message_type, Bytes body,
                                           Version version) {
  switch (MessageType{message_type}) {
    case MessageType::kBeginCallEvent:
      return begin_call(body, version);
    case MessageType::kCallDataUpdateEvent:
      return data_update(body, version);
    case MessageType::kEndCallEvent:
      return end_call_event(body, version);
    case MessageType::kCallDeliveredEvent:
      return plain_call_event<ged::CallDeliveredEventView>(EventId::eCallDeliveredEvent, body,
                                                           version);
    case MessageType::kCallEstablishedEvent:
      return plain_call_event<ged::CallEstablishedEventView>(EventId::eCallEstablishedEvent, body,
                                                             version);
    case MessageType::kCallHeldEvent:
      return plain_call_event<ged::CallHeldEventView>(EventId::eCallHeldEvent, body, version);
    case MessageType::kCallRetrievedEvent:
      return plain_call_event<ged::CallRetrievedEventView>(EventId::eCallRetrievedEvent, body,
                                                           version);
    case MessageType::kCallClearedEvent:
      return plain_call_event<ged::CallClearedEventView>(EventId::eCallClearedEvent, body, version);
    case MessageType::kCallConnectionClearedEvent:
      return plain_call_event<ged::CallConnectionClearedEventView>(
          EventId::eCallConnectionClearedEvent, body, version);
    case MessageType::kCallOriginatedEvent:
      return plain_call_event<ged::CallOriginatedEventView>(EventId::eCallOriginatedEvent, body,
                                                            version);
    case MessageType::kCallServiceInitiatedEvent:
      return plain_call_event<ged::CallServiceInitiatedEventView>(
          EventId::eCallServiceInitiatedEvent, body, version);
    default:
      return rare_call_event(message_type, body, version);
  }
}

Translator::Outcome Translator::rare_call_event(std::uint32_t message_type, Bytes body,
                                                Version version) {
  switch (MessageType{message_type}) {
    case MessageType::kCallFailedEvent:
      return plain_call_event<ged::CallFailedEventView>(EventId::eCallFailedEvent, body, version);
    case MessageType::kCallDivertedEvent:
      return plain_call_event<ged::CallDivertedEventView>(EventId::eCallDivertedEvent, body,
                                                          version);
    case MessageType::kCallQueuedEvent:
      return plain_call_event<ged::CallQueuedEventView>(EventId::eCallQueuedEvent, body, version);
    case MessageType::kCallDequeuedEvent:
      return plain_call_event<ged::CallDequeuedEventView>(EventId::eCallDequeuedEvent, body,
                                                          version);
    case MessageType::kCallReachedNetworkEvent:
      return plain_call_event<ged::CallReachedNetworkEventView>(EventId::eCallReachedNetworkEvent,
                                                                body, version);
    case MessageType::kCallConferencedEvent:
      return party_event<ged::CallConferencedEventView>(EventId::eCallConferencedEvent, body,
                                                        version);
    case MessageType::kCallTransferredEvent:
      return party_event<ged::CallTransferredEventView>(EventId::eCallTransferredEvent, body,
                                                        version);
    default:
      return media_event(message_type, body, version);
  }
}

}  // namespace cti::broker
