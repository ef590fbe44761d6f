// call_messages.cpp - each kind of call event as its message, in one table; and AGENT_STATE_EVENT.
#include "tools/simulator/messages/call_messages.hpp"

#include "tools/simulator/messages/data_fields.hpp"
#include "wire/ged188/agent_events.hpp"
#include "wire/ged188/call_events.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/media.hpp"

#include <algorithm>
#include <iterator>

namespace cti::simulator {
namespace {

namespace ged = wire::ged188;

constexpr std::uint16_t kStatic = 0;  // ConnectionDeviceIDType: the device's number, for good

/// One event on its way into a frame. finish() of the encoders cannot fail within the model's limits; should it, the
/// event is left out.
struct Telling {
  const Model& model;
  const CallEvent& event;
  ged::Version version;
  const RegisteredVariables& wanted;
  MutableBytes buffer;

  std::uint16_t call_type() const {
    const Connection* view =
        event.station == kNoIndex ? nullptr : event.call->of_station(event.station);
    const CallType type =
        view != nullptr && view->seen_as != CallType{} ? view->seen_as : event.call->type;
    return static_cast<std::uint16_t>(type);
  }

  /// The fields that most call events share, filled in wherever a message has them.
  template <class Fixed>
  Fixed common() const {
    const Call& call = *event.call;
    Fixed fixed;
    if constexpr (requires { fixed.peripheral_id; })
      fixed.peripheral_id = model.settings().peripheral_id;
    if constexpr (requires { fixed.peripheral_type; })
      fixed.peripheral_type = model.settings().peripheral_type;
    if constexpr (requires { fixed.connection_call_id; }) {
      fixed.connection_device_id_type = kStatic;
      fixed.connection_call_id = event.number;
    }
    if constexpr (requires { fixed.line_type; }) {
      const Connection* view = event.station == kNoIndex ? nullptr : call.of_station(event.station);
      fixed.line_handle = 0;
      fixed.line_type = line_type_of(call, view == nullptr || view->inbound);
    }
    if constexpr (requires { fixed.skill_group_number; }) {
      if (call.group != kNoIndex) {
        const SkillGroupSettings& group = model.groups()[call.group].settings;
        fixed.skill_group_number = group.number;
        fixed.skill_group_id = group.id;
        fixed.skill_group_priority = group.priority;
      }
    }
    if constexpr (requires { fixed.calling_device_type; })
      fixed.calling_device_type = kind(call.calling);
    if constexpr (requires { fixed.called_device_type; })
      fixed.called_device_type = kind(call.called);
    if constexpr (requires { fixed.last_redirect_device_type; }) {
      fixed.last_redirect_device_type = kind(call.last_redirect);
    }
    if constexpr (requires { fixed.local_connection_state; }) {
      fixed.local_connection_state = static_cast<std::uint16_t>(event.local);
    }
    if constexpr (requires { fixed.event_cause; })
      fixed.event_cause = static_cast<std::uint16_t>(event.cause);
    if constexpr (requires { fixed.call_type; }) fixed.call_type = call_type();
    if constexpr (requires { fixed.called_party_disposition; }) {
      fixed.called_party_disposition = call.data.disposition;
    }
    return fixed;
  }

  static std::uint16_t kind(const Party& party) { return static_cast<std::uint16_t>(party.kind); }

  template <class Encoder>
  void devices(Encoder& to) const {
    const Call& call = *event.call;
    to.connection_device_id(event.device);
    if constexpr (requires { to.calling_device_id(""); }) {
      if (call.calling.kind != DeviceKind::kNone) to.calling_device_id(call.calling.id);
    }
    if constexpr (requires { to.called_device_id(""); }) {
      if (call.called.kind != DeviceKind::kNone) to.called_device_id(call.called.id);
    }
    if constexpr (requires { to.last_redirect_device_id(""); }) {
      if (call.last_redirect.kind != DeviceKind::kNone)
        to.last_redirect_device_id(call.last_redirect.id);
    }
  }

  /// The clients that have had to do with the call before.
  template <class Encoder>
  void clients(Encoder& to) const {
    for (const CtiClient& client : event.call->clients) {
      to.add_cti_client({client.signature, client.seconds});
    }
  }

  /// Numbers, keys and data of the call: BEGIN, DELIVERED, DATA_UPDATE, PRE_CALL.
  template <class Encoder>
  void context(Encoder& to, std::uint32_t items, bool changed) const {
    const Call& call = *event.call;
    const bool whole = items == data_item::kEverything;
    if (whole && !call.ani.empty()) to.ani(call.ani);
    if (whole && !call.dialed.empty()) to.dialed_number(call.dialed);
    if constexpr (requires { to.dnis(""); }) {
      if (whole && !call.dnis.empty()) to.dnis(call.dnis);
    }
    if constexpr (requires { to.router_call_key_day(0U); }) {
      if (whole && call.key.day != 0) {
        to.router_call_key_day(call.key.day);
        to.router_call_key_call_id(call.key.call);
        to.router_call_key_sequence_number(call.key.sequence);
      }
    }
    add_data(to, call.data, items, wanted, changed);
  }

  template <class Encoder>
  static Bytes done(Encoder& encoder) {
    const auto frame = encoder.finish();
    return frame ? *frame : Bytes{};
  }

  Bytes begin() const {
    ged::BeginCallEventEncoder to(buffer, version, common<ged::BeginCallEventFixed>());
    to.connection_device_id(event.device);
    clients(to);
    context(to, data_item::kEverything, false);
    return done(to);
  }
  Bytes end() const {
    ged::EndCallEventEncoder to(buffer, version, common<ged::EndCallEventFixed>());
    to.connection_device_id(event.device);
    return done(to);
  }
  Bytes delivered() const {
    auto fixed = common<ged::CallDeliveredEventFixed>();
    fixed.alerting_device_type = kind(*event.subject);
    ged::CallDeliveredEventEncoder to(buffer, version, fixed);
    devices(to);
    to.alerting_device_id(event.subject->id);
    context(to, data_item::kEverything, false);
    return done(to);
  }
  Bytes established() const {
    auto fixed = common<ged::CallEstablishedEventFixed>();
    fixed.answering_device_type = kind(*event.subject);
    ged::CallEstablishedEventEncoder to(buffer, version, fixed);
    devices(to);
    to.answering_device_id(event.subject->id);
    return done(to);
  }
  Bytes held() const {
    auto fixed = common<ged::CallHeldEventFixed>();
    fixed.holding_device_type = kind(*event.subject);
    ged::CallHeldEventEncoder to(buffer, version, fixed);
    devices(to);
    to.holding_device_id(event.subject->id);
    return done(to);
  }
  Bytes retrieved() const {
    auto fixed = common<ged::CallRetrievedEventFixed>();
    fixed.retrieving_device_type = kind(*event.subject);
    ged::CallRetrievedEventEncoder to(buffer, version, fixed);
    devices(to);
    to.retrieving_device_id(event.subject->id);
    return done(to);
  }
  Bytes cleared() const {
    ged::CallClearedEventEncoder to(buffer, version, common<ged::CallClearedEventFixed>());
    devices(to);
    return done(to);
  }
  Bytes connection_cleared() const {
    auto fixed = common<ged::CallConnectionClearedEventFixed>();
    fixed.releasing_device_type = kind(*event.subject);
    ged::CallConnectionClearedEventEncoder to(buffer, version, fixed);
    devices(to);
    to.releasing_device_id(event.subject->id);
    return done(to);
  }
  Bytes originated() const {
    ged::CallOriginatedEventEncoder to(buffer, version, common<ged::CallOriginatedEventFixed>());
    devices(to);
    return done(to);
  }
  Bytes initiated() const {
    ged::CallServiceInitiatedEventEncoder to(buffer, version,
                                             common<ged::CallServiceInitiatedEventFixed>());
    devices(to);
    return done(to);
  }
  Bytes failed() const {
    auto fixed = common<ged::CallFailedEventFixed>();
    fixed.failing_device_type = kind(*event.subject);
    ged::CallFailedEventEncoder to(buffer, version, fixed);
    devices(to);
    to.failing_device_id(event.subject->id);
    return done(to);
  }
  Bytes reached_network() const {
    auto fixed = common<ged::CallReachedNetworkEventFixed>();
    ged::CallReachedNetworkEventEncoder to(buffer, version, fixed);
    devices(to);
    return done(to);
  }
  Bytes diverted() const {
    auto fixed = common<ged::CallDivertedEventFixed>();
    fixed.diverting_device_type = kind(*event.subject);
    ged::CallDivertedEventEncoder to(buffer, version, fixed);
    devices(to);
    to.diverting_device_id(event.subject->id);
    return done(to);
  }

  /// Transfer and conference: the same fields under other names.
  template <class Encoder>
  void joined(Encoder& to) const {
    to.primary_device_id(event.device);
    if (event.secondary != kNoCall) to.secondary_device_id(event.device);
    for (const Connection& c : event.call->connections) {
      if (c.state == ConnectionState::kNull || c.silent()) continue;
      typename Encoder::Party party;
      party.connected_party_call_id = event.call->number;
      party.connected_party_device_id_type = kStatic;
      party.connected_party_device_id = c.party.id;
      to.add_party(party);
    }
  }
  template <class Fixed>
  Fixed joined_fixed() const {
    auto fixed = common<Fixed>();
    fixed.primary_device_id_type = kStatic;
    fixed.primary_call_id = event.number;
    if (event.secondary != kNoCall) fixed.secondary_device_id_type = kStatic;
    fixed.secondary_call_id = event.secondary;
    return fixed;
  }
  Bytes transferred() const {
    auto fixed = joined_fixed<ged::CallTransferredEventFixed>();
    fixed.transferring_device_type = kind(*event.subject);
    fixed.transferred_device_type = kind(*event.other);
    ged::CallTransferredEventEncoder to(buffer, version, fixed);
    joined(to);
    to.transferring_device_id(event.subject->id).transferred_device_id(event.other->id);
    return done(to);
  }
  Bytes conferenced() const {
    auto fixed = joined_fixed<ged::CallConferencedEventFixed>();
    fixed.controller_device_type = kind(*event.subject);
    fixed.added_party_device_type = kind(*event.other);
    ged::CallConferencedEventEncoder to(buffer, version, fixed);
    joined(to);
    to.controller_device_id(event.subject->id).added_party_device_id(event.other->id);
    return done(to);
  }
  Bytes data_update() const {
    auto fixed = common<ged::CallDataUpdateEventFixed>();
    fixed.new_connection_device_id_type = kStatic;
    fixed.new_connection_call_id = event.renamed == kNoCall ? event.number : event.renamed;
    ged::CallDataUpdateEventEncoder to(buffer, version, fixed);
    to.connection_device_id(event.device).new_connection_device_id(event.device);
    clients(to);
    context(to, event.items, event.renamed == kNoCall);
    return done(to);
  }
  Bytes queued() const {
    auto fixed = common<ged::CallQueuedEventFixed>();
    fixed.num_queued = static_cast<std::uint16_t>(model.groups()[event.call->queued].queue.size());
    ged::CallQueuedEventEncoder to(buffer, version, fixed);
    devices(to);
    const SkillGroupSettings& group = model.groups()[event.call->queued].settings;
    to.add_skill_group({static_cast<std::int32_t>(group.number), group.id, group.priority});
    return done(to);
  }
  Bytes dequeued() const {
    ged::CallDequeuedEventEncoder to(buffer, version, common<ged::CallDequeuedEventFixed>());
    to.connection_device_id(event.device);
    return done(to);
  }
  Bytes pre_call() const {
    auto fixed = common<ged::AgentPreCallEventFixed>();
    if (event.agent != kNoIndex)
      fixed.agent_skill_target_id = model.agents()[event.agent].skill_target_id;
    fixed.mrdid = 1;
    ged::AgentPreCallEventEncoder to(buffer, version, fixed);
    to.agent_instrument(event.device);
    if (event.agent != kNoIndex) to.agent_id(model.agents()[event.agent].settings.id);
    context(to, data_item::kEverything, false);
    return done(to);
  }
  Bytes pre_call_abort() const {
    ged::AgentPreCallAbortEventFixed fixed;
    fixed.mrdid = 1;
    ged::AgentPreCallAbortEventEncoder to(buffer, version, fixed);
    const RouterKey& key = event.call->key;
    to.agent_instrument(event.device)
        .router_call_key_day(key.day)
        .router_call_key_call_id(key.call);
    to.router_call_key_sequence_number(key.sequence);
    return done(to);
  }

  Bytes translation_route() const {
    ged::CallTranslationRouteEventEncoder to(buffer, version);
    context(to, data_item::kEverything, false);
    return done(to);
  }
  Bytes greeting() const {
    if (version < 15) return {};
    auto fixed = common<ged::CallAgentGreetingEventFixed>();
    fixed.event_code = event.code;
    ged::CallAgentGreetingEventEncoder to(buffer, version, fixed);
    to.connection_device_id(event.device);
    if (event.agent != kNoIndex) to.agent_id(model.agents()[event.agent].settings.id);
    return done(to);
  }
  /// Network recording: who records is the device itself.
  template <class Encoder, class Fixed>
  Bytes recording() const {
    if (version < 23) return {};
    auto fixed = common<Fixed>();
    fixed.recording_device_type = static_cast<std::uint16_t>(DeviceKind::kStation);
    if constexpr (requires { fixed.record_failure_cause; }) fixed.record_failure_cause = event.code;
    if constexpr (requires { fixed.recording_type; })
      fixed.recording_type = 4;  // by an application
    Encoder to(buffer, version, fixed);
    to.connection_device_id(event.device).recording_device_id(event.device);
    if constexpr (requires { to.recorder_uri(""); }) {
      to.recorder_address("127.0.0.1").recorder_uri("sip:recorder@127.0.0.1");
    }
    return done(to);
  }

  template <class Encoder>
  Bytes media(Encoder& to) const {
    to.connection_device_id(event.device).client_address("127.0.0.1");
    to.agent_extension(event.device).agent_instrument(event.device);
    if (event.agent != kNoIndex) to.agent_id(model.agents()[event.agent].settings.id);
    return done(to);
  }
  Bytes rtp(std::uint16_t direction, MutableBytes into) const {
    const std::uint32_t port = 16'384 + event.station % 8'000 * 2 + direction;
    if (event.kind == CallEventKind::kRtpStopped) {
      auto fixed = common<ged::RtpStoppedEventFixed>();
      fixed.client_port = port;
      fixed.direction = direction;
      ged::RtpStoppedEventEncoder to(into, version, fixed);
      return media(to);
    }
    auto fixed = common<ged::RtpStartedEventFixed>();
    fixed.client_port = port;
    fixed.direction = direction;
    fixed.bit_rate = 64'000;
    fixed.packet_size = 20;
    ged::RtpStartedEventEncoder to(into, version, fixed);
    return media(to);
  }

  template <Bytes (Telling::*Tell)() const>
  EventFrames one() const {
    return {(this->*Tell)(), {}};
  }
  EventFrames both_directions() const {
    const Bytes first = rtp(0, buffer);
    return {first, rtp(1, buffer.subspan(first.size()))};
  }
};

/// What one kind of event is on the wire: the bit of CallEventMask that lets it through, and who writes it.
struct CallMessage {
  CallEventKind kind;
  std::uint32_t mask;
  EventFrames (Telling::*tell)() const;
};

namespace bit = ged::call_event_mask;
using Kind = CallEventKind;

/// In the order of CallEventKind.
constexpr CallMessage kCallMessages[] = {
    {Kind::kBegin, bit::kBeginCall, &Telling::one<&Telling::begin>},
    {Kind::kEnd, bit::kEndCall, &Telling::one<&Telling::end>},
    {Kind::kDelivered, bit::kCallDelivered, &Telling::one<&Telling::delivered>},
    {Kind::kEstablished, bit::kCallEstablished, &Telling::one<&Telling::established>},
    {Kind::kHeld, bit::kCallHeld, &Telling::one<&Telling::held>},
    {Kind::kRetrieved, bit::kCallRetrieved, &Telling::one<&Telling::retrieved>},
    {Kind::kCleared, bit::kCallCleared, &Telling::one<&Telling::cleared>},
    {Kind::kConnectionCleared, bit::kCallConnectionCleared,
     &Telling::one<&Telling::connection_cleared>},
    {Kind::kOriginated, bit::kCallOriginated, &Telling::one<&Telling::originated>},
    {Kind::kFailed, bit::kCallFailed, &Telling::one<&Telling::failed>},
    {Kind::kConferenced, bit::kCallConferenced, &Telling::one<&Telling::conferenced>},
    {Kind::kTransferred, bit::kCallTransferred, &Telling::one<&Telling::transferred>},
    {Kind::kDiverted, bit::kCallDiverted, &Telling::one<&Telling::diverted>},
    {Kind::kServiceInitiated, bit::kCallServiceInitiated, &Telling::one<&Telling::initiated>},
    {Kind::kQueued, bit::kCallQueued, &Telling::one<&Telling::queued>},
    {Kind::kDequeued, bit::kCallDequeued, &Telling::one<&Telling::dequeued>},
    {Kind::kReachedNetwork, bit::kCallReachedNetwork, &Telling::one<&Telling::reached_network>},
    {Kind::kDataUpdate, bit::kCallDataUpdate, &Telling::one<&Telling::data_update>},
    {Kind::kRtpStarted, bit::kRtpStarted, &Telling::both_directions},
    {Kind::kRtpStopped, bit::kRtpStopped, &Telling::both_directions},
    {Kind::kPreCall, bit::kAgentPreCall, &Telling::one<&Telling::pre_call>},
    {Kind::kPreCallAbort, bit::kAgentPreCallAbort, &Telling::one<&Telling::pre_call_abort>},
    {Kind::kTranslationRoute, bit::kCallTranslationRoute,
     &Telling::one<&Telling::translation_route>},
    {Kind::kGreeting, bit::kCallAgentGreeting, &Telling::one<&Telling::greeting>},
    {Kind::kRecordingStarted, bit::kNetworkRecordingStarted,
     &Telling::one<&Telling::recording<ged::NetworkRecordingStartedEventEncoder,
                                       ged::NetworkRecordingStartedEventFixed>>},
    {Kind::kRecordingEnded, bit::kNetworkRecordingEnded,
     &Telling::one<&Telling::recording<ged::NetworkRecordingEndedEventEncoder,
                                       ged::NetworkRecordingEndedEventFixed>>},
    {Kind::kRecordingFailed, bit::kNetworkRecordingFailed,
     &Telling::one<&Telling::recording<ged::NetworkRecordingFailedEventEncoder,
                                       ged::NetworkRecordingFailedEventFixed>>},
    {Kind::kRecordingTarget, bit::kNetworkRecordingTargetInfo,
     &Telling::one<&Telling::recording<ged::NetworkRecordingTargetInfoEventEncoder,
                                       ged::NetworkRecordingTargetInfoEventFixed>>},
};
static_assert(std::size(kCallMessages) == kCallEventKinds);
static_assert([] {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < std::size(kCallMessages); ++i) {
    const CallMessage& row = kCallMessages[i];
    if (static_cast<std::size_t>(row.kind) != i) return false;             // the kind is the index
    if ((row.mask & (row.mask - 1)) != 0 || (bits & row.mask) != 0) return false;  // a bit each
    bits |= row.mask;
  }
  return true;
}());

constexpr const CallMessage& message_of(CallEventKind kind) noexcept {
  return kCallMessages[static_cast<std::size_t>(kind)];
}

}  // namespace

bool RegisteredVariables::wants(const NamedValue& value) const {
  if (all_named) return true;
  const std::vector<std::string>& names = value.index < 0 ? named : arrays;
  return std::ranges::find(names, value.name) != names.end();
}

std::uint16_t line_type_of(const Call& call, bool inbound) noexcept {
  switch (call.type) {
    case CallType::kAcdIn:
    case CallType::kPrerouteAcdIn:
      return 0;  // inbound ACD
    case CallType::kOut:
      return 7;  // outbound
    case CallType::kSupervisorMonitor:
      return 9;
    case CallType::kAssist:
    case CallType::kEmergency:
      return 4;
    case CallType::kTransferIn:
      return inbound ? 0 : 2;
    case CallType::kOtherIn:
      return 10;  // non-ACD in
    default:
      return 2;  // inside
  }
}

EventFrames encode_call_event(const Model& model, const CallEvent& event, ged::Version version,
                              const RegisteredVariables& wanted, MutableBytes buffer) {
  return (Telling{model, event, version, wanted, buffer}.*message_of(event.kind).tell)();
}

std::uint32_t mask_of(CallEventKind kind) noexcept { return message_of(kind).mask; }

Bytes encode_agent_event(const Model& model, const Agent& agent, ged::Version version,
                         std::size_t group, std::uint32_t peripheral_id, MutableBytes buffer) {
  const auto state = static_cast<std::uint16_t>(agent.state);
  ged::AgentStateEventFixed fixed;
  fixed.peripheral_id = peripheral_id;
  fixed.peripheral_type = model.settings().peripheral_type;
  fixed.session_id = agent.last_session;
  fixed.skill_group_state = fixed.agent_state = state;
  fixed.event_reason_code = agent.reason;
  fixed.mrdid = 1;
  fixed.num_tasks = agent.state == AgentState::kTalking || agent.state == AgentState::kHold;
  fixed.agent_mode = 1;
  fixed.max_task_limit = 1;
  fixed.icm_agent_id = static_cast<std::int32_t>(agent.skill_target_id);
  fixed.agent_availability_status = agent.state == AgentState::kAvailable;
  if (group < agent.groups.size()) {
    const SkillGroupSettings& of = model.groups()[agent.groups[group]].settings;
    fixed.skill_group_number = of.number;
    fixed.skill_group_id = of.id;
    fixed.skill_group_priority = of.priority;
  }
  ged::AgentStateEventEncoder to(buffer, version, fixed);
  // Some clients take it for granted that device and direction are there.
  const std::string& station = model.device_of(agent);
  to.agent_id(agent.settings.id).agent_extension(station).agent_instrument(station);
  to.duration(0);
  if (agent.next) to.next_agent_state(static_cast<std::uint16_t>(*agent.next));
  const bool on_call = agent.state == AgentState::kTalking || agent.state == AgentState::kHold;
  to.direction(!on_call         ? 0U
               : agent.outbound ? (agent.acd_call ? 2U : 4U)
                                : (agent.acd_call ? 1U : 3U));
  if (version >= 13 && agent.groups.size() > 1) {
    for (const GroupIndex index : agent.groups) {
      const SkillGroupSettings& of = model.groups()[index].settings;
      to.add_flt_skill_group({static_cast<std::int32_t>(of.number), of.id, of.priority, state});
    }
  }
  const auto frame = to.finish();
  return frame ? *frame : Bytes{};
}

}  // namespace cti::simulator
