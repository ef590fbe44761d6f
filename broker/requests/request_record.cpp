// request_record.cpp - a call is to be recorded, or not any more: by an application that offers it as a service, or by the
// network.
#include "broker/model/recording.hpp"
#include "broker/requests/requests.hpp"
#include "wire/ged188/media.hpp"
#include "wire/object_key.hpp"

#include <algorithm>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using wire::RequestId;

namespace {

constexpr std::size_t kExtensionMax =
    15;  // longer ones do not fit their field, which may be left out

bool is_recording(std::uint16_t message) noexcept {
  switch (ged::MessageType{message}) {
    case ged::MessageType::kStartRecordingReq:
    case ged::MessageType::kStopRecordingReq:
    case ged::MessageType::kStartNetworkRecordingReq:
    case ged::MessageType::kStopNetworkRecordingReq:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Requests::recording_asked(std::uint64_t call_key) const noexcept {
  return std::ranges::find(recordings_asked_, call_key) != recordings_asked_.end();
}

void Requests::recording_answered(const Pending& pending) noexcept {
  if (!is_recording(pending.message)) return;
  const std::uint64_t call_key = wire::object_key(pending.object_id.view());
  const auto found = std::ranges::find(recordings_asked_, call_key);
  CTI_CHECK(found != recordings_asked_.end());  // each is noted once, when it is sent
  recordings_asked_.erase(found);
}

/// One recording of a call at a time. What this server does not know of may be stopped: another one may have begun it.
Requests::Verdict Requests::check_recording(const Job& job) const {
  const auto wrong = [&](std::string_view what) {
    return Refusal{ctios::eInvalidObjectState, 0,
                   "the call " + std::string(job.call->id.view()) + std::string(what)};
  };
  if (recording_asked(wire::object_key(job.call->id.view())))
    return wrong(" is just being recorded, or stopped to be");
  const RecordingState state = recording_of(parts_.map, *job.call).state;
  const bool start = job.request == RequestId::eStartRecordingRequest;
  if (start && state == RecordingState::kStarted) return wrong(" is recorded already");
  if (!start && state == RecordingState::kStopped) return wrong(" is not recorded any more");
  return std::nullopt;
}

Requests::Verdict Requests::record(Job& job) {
  if (Verdict wrong = check_recording(job)) return wrong;
  const CallEntry& call = *job.call;
  const bool start = job.request == RequestId::eStartRecordingRequest;
  const ged::Version version = parts_.link.version();
  const std::string_view device = said(call.device_id.view());
  const std::string_view instrument = said(job.me->instrument.view());
  const auto go = [&]<class Encoder, class Fixed>(ged::MessageType type, auto&& more) {
    return send(job, type, call.id.view(), 0, [&](MutableBytes room, std::uint32_t invoke_id) {
      Fixed fixed{.invoke_id = invoke_id,
                  .peripheral_id = call.peripheral_id,
                  .connection_call_id = call.call_id};
      fixed.connection_device_id_type = call.device_type;
      if constexpr (requires { fixed.session_id; }) {
        const Recording known = recording_of(parts_.map, call);
        fixed.session_id = known.session;
        fixed.server_data = known.data;
      }
      Encoder encoder(room, version, fixed);
      encoder.connection_device_id(device);
      more(encoder);
      encoder.agent_instrument(instrument);
      return encoder.finish();
    });
  };
  const auto agent = [&](auto& encoder) {
    const std::string_view extension = said(job.me->extension.view());
    if (!extension.empty() && extension.size() <= kExtensionMax) encoder.agent_extension(extension);
    encoder.agent_id(said(job.me->agent_id.view()));
  };
  const auto nothing = [](auto&) {};
  Verdict done;
  if (parts_.config.recording == LineConfig::Recording::kService) {
    done = start
               ? go.template operator()<ged::StartRecordingReqEncoder, ged::StartRecordingReqFixed>(
                     ged::MessageType::kStartRecordingReq, agent)
               : go.template operator()<ged::StopRecordingReqEncoder, ged::StopRecordingReqFixed>(
                     ged::MessageType::kStopRecordingReq, agent);
  } else {
    done =
        start
            ? go.template
              operator()<ged::StartNetworkRecordingReqEncoder, ged::StartNetworkRecordingReqFixed>(
                  ged::MessageType::kStartNetworkRecordingReq, nothing)
            : go.template
              operator()<ged::StopNetworkRecordingReqEncoder, ged::StopNetworkRecordingReqFixed>(
                  ged::MessageType::kStopNetworkRecordingReq, nothing);
  }
  if (done) return done;
  CTI_CHECK(recordings_asked_.size() <
            recordings_asked_.capacity());                        // a place for each pending one
  recordings_asked_.push_back(wire::object_key(call.id.view()));  // as its answer will name it
  return std::nullopt;
}

}  // namespace cti::broker
