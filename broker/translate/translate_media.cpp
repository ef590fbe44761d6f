// translate_media.cpp - events around calls: announced before they come, routed elsewhere, media started and stopped.
#include "broker/translate/call_fields.hpp"
#include "broker/translate/call_record.hpp"
#include "broker/translate/translator.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/media.hpp"
#include "wire/ged188/supervisor.hpp"
#include "wire/object_key.hpp"

namespace cti::broker {

namespace ged = wire::ged188;
using ged::MessageType;
using wire::EventId;
using wire::Keyword;

// The message names no peripheral: an instrument may be there at each of them. `target`, where it has one, is the ICM's own
// number of the agent. Nobody's, when several could be meant.
const AgentEntry* Translator::sitting_at(std::string_view instrument, std::uint32_t target) const {
  const AgentEntry* found = nullptr;
  std::size_t others = 0;
  for (const std::uint32_t peripheral : peripherals_) {
    const AgentEntry* const agent = map_.agent_on(peripheral, instrument);
    if (agent == nullptr) continue;
    if (target != 0 && icm_agent_of(*agent) == target) return agent;
    others += found == nullptr ? 0U : 1U;
    found = agent;
  }
  return others == 0 ? found : nullptr;
}

std::uint32_t Translator::icm_agent_of(const AgentEntry& agent) const {
  const auto handle = map_.properties().find(agent.key);
  if (!handle) return 0;
  const auto number = map_.properties().properties(*handle).integer(Keyword::ICMAgentID);
  return static_cast<std::uint32_t>(number.value_or(0));
}

Translator::Outcome Translator::precall(Bytes body, Version version) {
  const auto view = ged::AgentPreCallEventView::decode(body, version);
  if (!view) return Err{view.error()};
  const ged::FloatingPart floating = view->floating();
  ArgSheet sheet;
  const std::string_view instrument = text(view->agent_instrument());
  const ObjectId contact = enterprise_id(view->router_call_key_day().value_or(0),
                                         view->router_call_key_call_id().value_or(0));
  sheet.add_text<Keyword::ICMEnterpriseUniqueID>(contact.view());
  sheet.add_text<Keyword::AgentInstrument>(instrument);
  sheet.add_short<Keyword::NumNamedVariables>(
      came(view->num_named_variables(), view->named_variables()));
  sheet.add_short<Keyword::NumNamedArrays>(came(view->num_named_arrays(), view->named_arrays()));
  sheet.add_int<Keyword::ServiceNumber>(view->service_number());
  sheet.add_int<Keyword::ServiceID>(view->service_id());
  sheet.add_int<Keyword::SkillGroupNumber>(view->skill_group_number());
  sheet.add_int<Keyword::SkillGroupID>(view->skill_group_id());
  sheet.add_short<Keyword::SkillGroupPriority>(view->skill_group_priority());
  if (const auto type = view->flt_call_type_id()) {
    sheet.add_int<Keyword::CallTypeIDTag>(static_cast<std::uint32_t>(*type));
  }
  if (const auto id = view->pre_call_invoke_id()) {
    sheet.add_int<Keyword::PreCallInvokeIDTag>(static_cast<std::uint32_t>(*id));
  }
  add_call_fields(sheet, floating, CallFields::kAll, room_);
  const AgentEntry* const agent = sitting_at(instrument, view->agent_skill_target_id());
  emit(call_record(EventId::eAgentPrecallEvent, 0, agent, peripheral_of(agent)), sheet);
  return {};
}

Translator::Outcome Translator::precall_abort(Bytes body, Version version) {
  const auto view = ged::AgentPreCallAbortEventView::decode(body, version);
  if (!view) return Err{view.error()};
  ArgSheet sheet;
  const std::string_view instrument = text(view->agent_instrument());
  const std::uint32_t day = view->router_call_key_day().value_or(0);
  const std::uint32_t call = view->router_call_key_call_id().value_or(0);
  const ObjectId contact = enterprise_id(day, call);
  sheet.add_text<Keyword::ICMEnterpriseUniqueID>(contact.view());
  sheet.add_int<Keyword::RouterCallKeyDay>(day);
  sheet.add_int<Keyword::RouterCallKeyCallID>(call);
  sheet.add_text<Keyword::AgentInstrument>(instrument);
  const AgentEntry* const agent = sitting_at(instrument, 0);
  emit(call_record(EventId::eAgentPrecallAbortEvent, 0, agent, peripheral_of(agent)), sheet);
  return {};
}

Translator::Outcome Translator::translation_route(Bytes body, Version version) {
  const auto view = ged::CallTranslationRouteEventView::decode(body, version);
  if (!view) return Err{view.error()};
  const ged::FloatingPart floating = view->floating();
  ArgSheet sheet;
  const ObjectId contact = enterprise_id(view->router_call_key_day().value_or(0),
                                         view->router_call_key_call_id().value_or(0));
  sheet.add_text<Keyword::ICMEnterpriseUniqueID>(contact.view());
  sheet.add_short<Keyword::NumNamedVariables>(
      came(view->num_named_variables(), view->named_variables()));
  sheet.add_short<Keyword::NumNamedArrays>(came(view->num_named_arrays(), view->named_arrays()));
  add_call_fields(sheet, floating, CallFields::kAll, room_);
  emit(call_record(EventId::eTranslationRouteEvent, 0, nullptr, default_peripheral_), sheet);
  return {};
}

// Media may start before the call's begin is heard: then the record is about the agent alone.
template <class View>
Translator::Outcome Translator::rtp_event(EventId event, Bytes body, Version version) {
  const auto view = View::decode(body, version);
  if (!view) return Err{view.error()};
  const CallName name{view->peripheral_id(), view->connection_call_id(),
                      view->connection_device_id_type(), text(view->connection_device_id())};
  const ObjectId id = call_object_id(name.peripheral_id, name.call_id, name.device);
  const CallEntry* const call = map_.call(wire::object_key(id.view()));
  const std::string_view instrument = text(view->agent_instrument());
  const AgentEntry* const agent =
      call != nullptr ? map_.agent_of(*call) : map_.agent_on(name.peripheral_id, instrument);
  ArgSheet sheet;
  if (call != nullptr) sheet.add_text<Keyword::UniqueObjectID>(id.view());
  sheet.add_int<Keyword::PeripheralID>(name.peripheral_id);
  sheet.add_uint<Keyword::ConnectionCallID>(name.call_id);
  sheet.add_text<Keyword::ConnectionDeviceID>(name.device);
  sheet.add_short<Keyword::ConnectionDeviceIDType>(name.device_type);
  sheet.add_uint<Keyword::ClientPort>(view->client_port());
  sheet.add_short<Keyword::Direction>(view->direction());
  if constexpr (requires { view->bit_rate(); }) {
    sheet.add_short<Keyword::RTPType>(view->rtp_type());
    sheet.add_uint<Keyword::BitRate>(view->bit_rate());
    sheet.add_short<Keyword::EchoCancellation>(view->echo_cancellation());
    sheet.add_uint<Keyword::PacketSize>(view->packet_size());
    sheet.add_short<Keyword::PayloadType>(view->payload_type());
  }
  if (const auto address = view->client_address())
    sheet.add_text<Keyword::ClientAddress>(text(address));
  if (const auto agent_id = view->agent_id()) sheet.add_text<Keyword::AgentID>(text(agent_id));
  if (const auto extension = view->agent_extension()) {
    sheet.add_text<Keyword::AgentExtension>(text(extension));
  }
  if (!instrument.empty()) sheet.add_text<Keyword::AgentInstrument>(instrument);
  emit(call_record(event, call == nullptr ? 0 : call->key, agent, name.peripheral_id), sheet);
  return {};
}

// About no object: what it says is news and no property. For the agent, and for those who supervise it.
Translator::Outcome Translator::emergency(Bytes body, Version version) {
  const auto view = ged::EmergencyCallEventView::decode(body, version);
  if (!view) return Err{view.error()};
  const std::string_view instrument = text(view->agent_instrument());
  const std::string_view agent_id = named(view->agent_id());
  const AgentEntry* agent = map_.agent(
      wire::object_key(agent_object_id(view->peripheral_id(), agent_id).view()));
  if (agent == nullptr) agent = map_.agent_on(view->peripheral_id(), instrument);
  ArgSheet sheet;
  sheet.add_int<Keyword::PeripheralID>(view->peripheral_id());
  sheet.add_uint<Keyword::ConnectionCallID>(view->connection_call_id());
  sheet.add_text<Keyword::ConnectionDeviceID>(text(view->connection_device_id()));
  sheet.add_short<Keyword::ConnectionDeviceIDType>(view->connection_device_id_type());
  sheet.add_text<Keyword::ClientAddress>(text(view->client_address()));
  sheet.add_text<Keyword::AgentExtension>(text(view->agent_extension()));
  sheet.add_text<Keyword::AgentID>(agent_id);
  sheet.add_text<Keyword::AgentInstrument>(instrument);
  RecordInfo info{.event = EventId::eEmergencyCallEvent,
                  .topics = wire::topic::kAgent,
                  .object_key = 0,
                  .agent_key = agent == nullptr ? 0 : agent->key,
                  .peripheral_id = view->peripheral_id(),
                  .flags = 0};
  const std::string_view client = text(view->client_id());
  emit(info, sheet, [&](wire::ArgumentsWriter& writer) {  // two keys that have no line in the sheet
    writer.add_string(Keyword::ClientID, client);
    writer.add_uint(Keyword::SessionID, view->session_id());
  });
  return {};
}

void Translator::recording(std::uint64_t call_key, const Recording& now) {
  CTI_CHECK(now.state != RecordingState::kNever);
  const CallEntry* const call = map_.call(call_key);
  if (call == nullptr || recording_of(map_, *call) == now) return;
  ArgSheet sheet;
  sheet.add_text<Keyword::UniqueObjectID>(call->id.view());
  sheet.add_int<Keyword::PeripheralID>(call->peripheral_id);
  sheet.add_short<Keyword::CallType>(call->type);
  sheet.add_uint<Keyword::ConnectionCallID>(call->call_id);
  add_call_status(sheet, *call, call->status);
  RecordInfo info = known_call_record(EventId::eCallDataUpdateEvent, *call, map_.agent_of(*call));
  info.flags = wire::update_flag::kArtificial;
  emit(info, sheet, [&](wire::ArgumentsWriter& writer) {
    writer.add_string(kRecordingKey, word_of(now.state));
    writer.add_uint(kRecordingDataKey, now.data);
    writer.add_uint(kRecordingSessionKey, now.session);
  });
}

template <class View>
Translator::Outcome Translator::network_recording(RecordingState state, Bytes body,
                                                  Version version) {
  const auto view = View::decode(body, version);
  if (!view) return Err{view.error()};
  const ObjectId id = call_object_id(view->peripheral_id(), view->connection_call_id(),
                                     text(view->connection_device_id()));
  const std::uint64_t key = wire::object_key(id.view());
  if (map_.call(key) == nullptr) ++counters_.unknown_calls;
  recording(key, {state, 0, 0});
  return {};
}

Translator::Outcome Translator::media_event(std::uint32_t message_type, Bytes body,
                                            Version version) {
  switch (MessageType{message_type}) {
    case MessageType::kAgentPreCallEvent:
      return precall(body, version);
    case MessageType::kAgentPreCallAbortEvent:
      return precall_abort(body, version);
    case MessageType::kCallTranslationRouteEvent:
      return translation_route(body, version);
    case MessageType::kRtpStartedEvent:
      return rtp_event<ged::RtpStartedEventView>(EventId::eRTPStartedEvent, body, version);
    case MessageType::kRtpStoppedEvent:
      return rtp_event<ged::RtpStoppedEventView>(EventId::eRTPStoppedEvent, body, version);
    case MessageType::kEmergencyCallEvent:
      return emergency(body, version);
    case MessageType::kNetworkRecordingStartedEvent:
      return network_recording<ged::NetworkRecordingStartedEventView>(RecordingState::kStarted,
                                                                      body, version);
    case MessageType::kNetworkRecordingEndedEvent:
      return network_recording<ged::NetworkRecordingEndedEventView>(RecordingState::kStopped, body,
                                                                    version);
    case MessageType::kNetworkRecordingFailedEvent:
      return network_recording<ged::NetworkRecordingFailedEventView>(RecordingState::kFailed, body,
                                                                     version);
    default:
      ++counters_.unknown_types;
      return {};
  }
}

}  // namespace cti::broker
