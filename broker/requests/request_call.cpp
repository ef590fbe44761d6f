// request_call.cpp - requests about calls: made, changed, joined, looked at.
#include "broker/requests/requests.hpp"
#include "broker/translate/call_data_out.hpp"
#include "broker/translate/call_fields.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/call_data.hpp"
#include "wire/ged188/snapshot.hpp"
#include "wire/object_key.hpp"

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;
using wire::RequestId;

namespace {

constexpr std::uint32_t kNoConnection = 0xFFFFFFFF;  // of a transfer or conference in one step
constexpr std::uint16_t kNoDeviceType = 0xFFFF;

Refusal bad(std::int32_t failure, std::string text) { return {failure, 0, std::move(text)}; }

std::uint16_t half(const wire::ArgumentsView& args, Keyword keyword) {
  return static_cast<std::uint16_t>(number_or(args, keyword, 0));
}

/// MAKE_CALL_REQ and CONSULTATION_CALL_REQ share how the call is to be made.
template <class Fixed>
void put_manner(Fixed& fixed, const wire::ArgumentsView& args) {
  fixed.call_placement_type = half(args, Keyword::CallPlacementType);
  fixed.call_manner_type = half(args, Keyword::CallMannerType);
  fixed.alert_rings = half(args, Keyword::AlertRings);
  fixed.call_option = half(args, Keyword::CallOption);
  fixed.facility_type = half(args, Keyword::FacilityType);
  fixed.answering_machine = half(args, Keyword::AnsweringMachine);
  fixed.priority = half(args, Keyword::Priority);
  fixed.post_route = half(args, Keyword::PostRoute);
}

template <class Encoder>
void put_codes(Encoder& encoder, const wire::ArgumentsView& args) {
  const std::string facility = text_of(args, Keyword::FacilityCode);
  const std::string account = text_of(args, Keyword::AccountCode);
  const std::string authorization = text_of(args, Keyword::AuthorizationCode);
  if (!facility.empty()) encoder.facility_code(facility);
  if (!authorization.empty()) encoder.authorization_code(authorization);
  if (!account.empty()) encoder.account_code(account);
}

}  // namespace

// Whether the agent's state allows it is the switch's to say: its refusal reaches the client.
Requests::Verdict Requests::make_call(Job& job) {
  if (Verdict wrong = check_own_agent(job)) return wrong;
  if (Verdict wrong = check_args(job.args, call_data_rules())) return wrong;
  const AgentEntry& me = *job.me;
  if (!me.logged_in()) return bad(ctios::eInvalidObjectState, "MakeCall needs a logged-in agent");
  const std::string asked = text_of(job.args, Keyword::AgentInstrument);
  if (!asked.empty() && asked != me.instrument.view() && asked != me.extension.view()) {
    if (Verdict wrong = allow(job, Relation::kOther, "device " + asked, "",
                              "AgentInstrument " + asked + " is not your device")) {
      return wrong;
    }
  }
  const std::string dialed = text_of(job.args, Keyword::DialedNumber);
  return send(job, ged::MessageType::kMakeCallReq, me.id.view(), 0,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                ged::MakeCallReqFixed fixed{.invoke_id = invoke_id,
                                            .peripheral_id = me.peripheral_id};
                put_manner(fixed, job.args);
                ged::MakeCallReqEncoder encoder(room, parts_.link.version(), fixed);
                encoder.agent_instrument(said(me.instrument.view())).dialed_number(dialed);
                put_call_data(encoder, job.args);
                put_codes(encoder, job.args);
                return encoder.finish();
              });
}

// Answer, hold, retrieve, clear, clear connection: one call, nothing else.
Requests::Verdict Requests::one_call(Job& job) {
  const CallEntry& call = *job.call;
  const std::string_view device = said(call.device_id.view());
  const std::string_view instrument = said(job.me->instrument.view());
  const ged::Version version = parts_.link.version();
  const auto go = [&]<class Encoder, class Fixed>(ged::MessageType type) {
    return send(job, type, call.id.view(), 0, [&](MutableBytes room, std::uint32_t invoke_id) {
      Fixed fixed{.invoke_id = invoke_id, .peripheral_id = call.peripheral_id};
      if constexpr (requires { fixed.held_connection_call_id; }) {
        fixed.held_connection_call_id = call.call_id;
        fixed.held_connection_device_id_type = call.device_type;
      } else {
        fixed.connection_call_id = call.call_id;
        fixed.connection_device_id_type = call.device_type;
      }
      Encoder encoder(room, version, fixed);
      if constexpr (requires { encoder.held_connection_device_id(device); }) {
        encoder.held_connection_device_id(device);
      } else {
        encoder.connection_device_id(device);
      }
      encoder.agent_instrument(instrument);
      return encoder.finish();
    });
  };
  switch (job.request) {
    case RequestId::eAnswerCallRequest:
      return go.template operator()<ged::AnswerCallReqEncoder, ged::AnswerCallReqFixed>(
          ged::MessageType::kAnswerCallReq);
    case RequestId::eHoldCallRequest:
      return go.template operator()<ged::HoldCallReqEncoder, ged::HoldCallReqFixed>(
          ged::MessageType::kHoldCallReq);
    case RequestId::eRetrieveCallRequest:
      return go.template operator()<ged::RetrieveCallReqEncoder, ged::RetrieveCallReqFixed>(
          ged::MessageType::kRetrieveCallReq);
    case RequestId::eClearCallRequest:
      return go.template operator()<ged::ClearCallReqEncoder, ged::ClearCallReqFixed>(
          ged::MessageType::kClearCallReq);
    default:
      return go.template operator()<ged::ClearConnectionReqEncoder, ged::ClearConnectionReqFixed>(
          ged::MessageType::kClearConnectionReq);
  }
}

Requests::Verdict Requests::set_call_data(Job& job) {
  const CallEntry& call = *job.call;
  return send(job, ged::MessageType::kSetCallDataReq, call.id.view(), 0,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                ged::SetCallDataReqEncoder encoder(room, parts_.link.version(),
                                                   {.invoke_id = invoke_id,
                                                    .peripheral_id = call.peripheral_id,
                                                    .connection_device_id_type = call.device_type,
                                                    .connection_call_id = call.call_id,
                                                    .call_type = call.type});
                encoder.connection_device_id(said(call.device_id.view()));
                put_call_data(encoder, job.args);
                return encoder.finish();
              });
}

Requests::Verdict Requests::send_dtmf(Job& job) {
  const CallEntry& call = *job.call;
  return send(job, ged::MessageType::kSendDtmfSignalReq, call.id.view(), 0,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                return ged::SendDtmfSignalReqEncoder(
                           room, parts_.link.version(),
                           {.invoke_id = invoke_id,
                            .peripheral_id = call.peripheral_id,
                            .connection_call_id = call.call_id,
                            .connection_device_id_type = call.device_type,
                            .tone_duration = half(job.args, Keyword::ToneDuration),
                            .pause_duration = number_or(job.args, Keyword::PauseDuration, 0)})
                    .connection_device_id(said(call.device_id.view()))
                    .dtmf_string(text_of(job.args, Keyword::DTMFString))
                    .agent_instrument(said(job.me->instrument.view()))
                    .finish();
              });
}

Requests::Verdict Requests::consult(Job& job) {
  if (Verdict wrong = check_args(job.args, call_data_rules())) return wrong;
  const CallEntry& call = *job.call;
  const std::string dialed = text_of(job.args, Keyword::DialedNumber);
  const std::uint32_t purpose = number_or(job.args, Keyword::ConsultType, 1);
  return send(job, ged::MessageType::kConsultationCallReq, call.id.view(), purpose,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                ged::ConsultationCallReqFixed fixed{
                    .invoke_id = invoke_id,
                    .peripheral_id = call.peripheral_id,
                    .active_connection_call_id = call.call_id,
                    .active_connection_device_id_type = call.device_type};
                put_manner(fixed, job.args);
                fixed.consult_type = static_cast<std::uint16_t>(purpose);
                ged::ConsultationCallReqEncoder encoder(room, parts_.link.version(), fixed);
                encoder.active_connection_device_id(said(call.device_id.view()))
                    .dialed_number(dialed)
                    .agent_instrument(said(job.me->instrument.view()));
                put_call_data(encoder, job.args);
                put_codes(encoder, job.args);
                return encoder.finish();
              });
}

// Alternate, reconnect, transfer, conference: the call that is talked on and the one that is held. Either may be the
// target; with more than two calls CallReferenceObjectID names the other. As for the buttons, a call that is over is none.
Requests::Verdict Requests::two_calls(Job& job) {
  const CallEntry* other = nullptr;
  std::size_t others = 0;
  const auto named = job.args.string(Keyword::CallReferenceObjectID);
  const std::uint64_t named_key = named ? wire::object_key(*named) : 0;
  parts_.map.calls_of(*job.me, [&](const CallEntry& call) {
    const bool over = call.status == ctios::LCS_NULL || call.status == ctios::LCS_NONE;
    if (&call == job.call || (named ? call.key != named_key : over)) return;
    other = &call;
    ++others;
  });
  if (others == 0) {
    return bad(named ? ctios::eUnknownObjectID : ctios::eInvalidObjectState,
               "there is no second call at your device" +
                   (named ? ": " + std::string(*named) : std::string()));
  }
  if (others > 1) {
    return bad(ctios::eRequiredArgMissing,
               "CallReferenceObjectID is missing: a text (STRING), since there are " +
                   std::to_string(others + 1) + " calls at your device");
  }
  const bool target_is_held = job.call->status == ctios::LCS_HOLD;
  const CallEntry& held = target_is_held ? *job.call : *other;
  const CallEntry& active = target_is_held ? *other : *job.call;
  const ged::Version version = parts_.link.version();
  const auto go = [&]<class Encoder, class Fixed>(ged::MessageType type) {
    return send(job, type, job.call->id.view(), 0, [&](MutableBytes room, std::uint32_t invoke_id) {
      Fixed fixed{.invoke_id = invoke_id, .peripheral_id = active.peripheral_id};
      fixed.active_connection_call_id = active.call_id;
      fixed.active_connection_device_id_type = active.device_type;
      if constexpr (requires { fixed.held_connection_call_id; }) {
        fixed.held_connection_call_id = held.call_id;
        fixed.held_connection_device_id_type = held.device_type;
      } else {
        fixed.other_connection_call_id = held.call_id;
        fixed.other_connection_device_id_type = held.device_type;
      }
      Encoder encoder(room, version, fixed);
      encoder.active_connection_device_id(said(active.device_id.view()));
      if constexpr (requires { encoder.held_connection_device_id(""); }) {
        encoder.held_connection_device_id(said(held.device_id.view()));
      } else {
        encoder.other_connection_device_id(said(held.device_id.view()));
      }
      encoder.agent_instrument(said(job.me->instrument.view()));
      return encoder.finish();
    });
  };
  switch (job.request) {
    case RequestId::eAlternateCallRequest:
      return go.template operator()<ged::AlternateCallReqEncoder, ged::AlternateCallReqFixed>(
          ged::MessageType::kAlternateCallReq);
    case RequestId::eReconnectCallRequest:
      return go.template operator()<ged::ReconnectCallReqEncoder, ged::ReconnectCallReqFixed>(
          ged::MessageType::kReconnectCallReq);
    case RequestId::eTransferCallRequest:
      return go.template operator()<ged::TransferCallReqEncoder, ged::TransferCallReqFixed>(
          ged::MessageType::kTransferCallReq);
    default:
      return go.template operator()<ged::ConferenceCallReqEncoder, ged::ConferenceCallReqFixed>(
          ged::MessageType::kConferenceCallReq);
  }
}

// A transfer or a conference with whom is dialled, without a second call: no held connection.
Requests::Verdict Requests::single_step(Job& job) {
  if (Verdict wrong = check_args(job.args, call_data_rules())) return wrong;
  const CallEntry& call = *job.call;
  const std::string dialed = text_of(job.args, Keyword::DialedNumber);
  const auto go = [&]<class Encoder, class Fixed>(ged::MessageType type) {
    return send(job, type, call.id.view(), 0, [&](MutableBytes room, std::uint32_t invoke_id) {
      Fixed fixed{.invoke_id = invoke_id, .peripheral_id = call.peripheral_id};
      fixed.active_connection_call_id = call.call_id;
      fixed.active_connection_device_id_type = call.device_type;
      fixed.held_connection_call_id = kNoConnection;
      fixed.held_connection_device_id_type = kNoDeviceType;
      put_manner(fixed, job.args);
      Encoder encoder(room, parts_.link.version(), fixed);
      encoder.active_connection_device_id(said(call.device_id.view()))
          .agent_instrument(said(job.me->instrument.view()))
          .dialed_number(dialed);
      put_call_data(encoder, job.args);
      put_codes(encoder, job.args);
      return encoder.finish();
    });
  };
  if (job.request == RequestId::eSingleStepTransferRequest) {
    return go.template operator()<ged::TransferCallReqEncoder, ged::TransferCallReqFixed>(
        ged::MessageType::kTransferCallReq);
  }
  return go.template operator()<ged::ConferenceCallReqEncoder, ged::ConferenceCallReqFixed>(
      ged::MessageType::kConferenceCallReq);
}

// What the answer alone says is added to what the map knows, see write_snapshot.
Requests::Verdict Requests::snapshot_call(Job& job) {
  const auto id = job.args.string(Keyword::UniqueObjectID);
  const CallEntry* const call = id ? parts_.map.call(wire::object_key(*id)) : nullptr;
  if (call == nullptr || call->id.view() != *id) {
    return bad(ctios::eUnknownObjectID,
               "UniqueObjectID: there is no call " + std::string(id.value_or("")));
  }
  const AgentEntry* const owner = parts_.map.agent_of(*call);
  if (Verdict wrong = allow(job, relation_to(job, owner), "call " + std::string(*id),
                            owner == nullptr ? "" : owner->id.view(),
                            "the call " + std::string(*id) + " is not at your device")) {
    return wrong;
  }
  return send(job, ged::MessageType::kSnapshotCallReq, call->id.view(), 0,
              [&](MutableBytes room, std::uint32_t invoke_id) {
                return ged::SnapshotCallReqEncoder(room, parts_.link.version(),
                                                   {.invoke_id = invoke_id,
                                                    .peripheral_id = call->peripheral_id,
                                                    .connection_call_id = call->call_id,
                                                    .connection_device_id_type = call->device_type})
                    .connection_device_id(said(call->device_id.view()))
                    .finish();
              });
}

/// What is known of the call, and what only an answer says: its devices, how many named values there are.
bool Requests::write_snapshot(wire::ArgumentsWriter& writer, const Pending& pending,
                              const Answer& answer) const {
  const auto* const view = answer.as<ged::SnapshotCallConfView>();
  if (view == nullptr) return false;
  const auto of_answer = [](Keyword keyword) {
    switch (keyword) {
      case Keyword::UniqueObjectID:  // stands there already
      case Keyword::NumCallDevices:
      case Keyword::NumNamedArrays:
      case Keyword::NumNamedVariables:
      case Keyword::CallConnectionCallID:
      case Keyword::CallConnectionDeviceID:
      case Keyword::CallConnectionDeviceIDType:
      case Keyword::CallDeviceConnectionState:
      case Keyword::CallDeviceType:
        return true;
      default:
        return false;
    }
  };
  if (const auto handle = parts_.map.properties().find(pending.object_id.view())) {
    for (const wire::Arg arg : parts_.map.properties().properties(*handle)) {
      if (!of_answer(arg.keyword())) writer.add(arg);
    }
  }
  const auto as_short = [](std::uint16_t value) { return static_cast<std::int16_t>(value); };
  writer.add_short(Keyword::NumCallDevices,
                   as_short(came(view->num_call_devices(), view->call_devices())));
  writer.add_short(Keyword::NumNamedArrays,
                   as_short(came(view->num_named_arrays(), view->named_arrays())));
  writer.add_short(Keyword::NumNamedVariables,
                   as_short(came(view->num_named_variables(), view->named_variables())));
  if (parts_.config.minimize_event_args) return true;
  const CallEntry* const call = parts_.map.call(wire::object_key(pending.object_id.view()));
  for (const auto device : view->call_devices()) {
    CleanTextRoom room;
    const std::string_view name = room.clean(device.call_connection_device_id().value_or(""));
    if (call == nullptr || name != call->device_id.view()) continue;
    writer.add_uint(Keyword::CallConnectionCallID,
                    device.call_connection_call_id().value_or(call->call_id));
    writer.add_string(Keyword::CallConnectionDeviceID, name);
    writer.add_short(Keyword::CallConnectionDeviceIDType,
                     as_short(device.call_connection_device_id_type().value_or(call->device_type)));
    writer.add_short(Keyword::CallDeviceConnectionState,
                     as_short(device.call_device_connection_state().value_or(
                         static_cast<std::uint16_t>(call->status))));
    writer.add_short(Keyword::CallDeviceType, as_short(device.call_device_type().value_or(0)));
    break;
  }
  return true;
}

}  // namespace cti::broker
