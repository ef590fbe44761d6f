#include "broker/requests/requests.hpp"

#include "broker/requests/desktop_settings.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/ged188/session.hpp"
#include "wire/object_key.hpp"

#include <algorithm>
#include <array>

namespace cti::broker {

namespace ged = wire::ged188;
namespace ctios = wire::ctios;
using wire::EventId;
using wire::Keyword;
using wire::RequestId;

namespace {

std::string name_of_request(std::uint32_t request) {
  const std::string_view name = wire::name_of(RequestId{request});
  return name.empty() || name == "?" ? "request " + std::to_string(request) : std::string(name);
}

/// Login and Logout are agent state requests to CTI OS: failures name them so.
std::uint32_t message_type_of(std::uint32_t request) {
  const RequestId id{request};
  if (id == RequestId::eLoginRequest || id == RequestId::eLogoutRequest) {
    return static_cast<std::uint32_t>(RequestId::eSetAgentStateRequest);
  }
  return request;
}

/// The number of the message that says yes to a request; 0: none does.
std::uint32_t confirmation_number(std::uint16_t message) noexcept {
  const auto type = ged::confirmation_of(ged::MessageType{message});
  return type ? static_cast<std::uint32_t>(*type) : 0;
}

/// The event that says yes to a request that only gets an InvokeID back: CTI OS takes the CTI Server's numbers over.
EventId confirmation_of(std::uint16_t message) noexcept {
  return EventId{confirmation_number(message)};
}

std::string failure_text(std::string_view name, std::uint32_t number) {
  return (name.empty() ? std::string("refused by the CTI Server") : std::string(name)) + " (" +
         std::to_string(number) + ")";
}

}  // namespace

Requests::Requests(const Parts& parts)
    : parts_(parts),
      once_(parts.config.once_max),
      desktop_settings_(make_desktop_settings(parts.config)) {}

void Requests::run(const Ask& ask, TimePoint now) {
  ++counters_.asked;
  const OnceTable::Answer seen = once_.begin(ask.token, ask.request_id, ask.from);
  switch (seen.verdict) {
    case OnceTable::Verdict::kInFlight:
      ++counters_.repeated;
      return;
    case OnceTable::Verdict::kDone:
      ++counters_.repeated;
      if (!seen.entry->reply.empty()) {
        deliver(ask.from, ask.request_id, TellKind::kReply, seen.entry->reply);
        return;
      }
      return refuse(ask, {ctios::E_CTI_TIMEOUT, 0,
                          "this request has run already; its answer is no longer kept"});
    case OnceTable::Verdict::kFull:
      return refuse(ask, {ctios::eServiceNotSupported, 0, "busy: too many requests in flight"});
    case OnceTable::Verdict::kNew:
      break;
  }
  Job job{ask, wire::ArgumentsView::trusted(ask.arguments), RequestId{ask.request}, now};
  job.me = parts_.map.agent(ask.agent_key);
  const Spec* const spec = spec_of(job.request);
  if (spec == nullptr) {
    return refuse(ask, {ctios::eOperationNotSupported, 0,
                        name_of_request(ask.request) + " is not supported by this server"});
  }
  if (Verdict wrong = check(job, *spec)) return refuse(ask, *wrong);
  if (Verdict wrong = (this->*spec->handler)(job)) return refuse(ask, *wrong);
}

void Requests::refuse(const Ask& ask, std::string text) {
  ++counters_.asked;
  ++counters_.refused_down;
  refuse(ask, Refusal{ctios::eDriverOutOfService, 0, std::move(text)});
}

Requests::Verdict Requests::check(Job& job, const Spec& spec) {
  if (Verdict wrong = check_args(job.args, spec.rules)) return wrong;
  if (Verdict wrong = check_ecc(job.args)) return wrong;
  if (spec.local) return std::nullopt;
  if (Verdict wrong = check_upstream(job)) return wrong;
  if (spec.call) return check_call(job, spec);
  return std::nullopt;
}

// Refused at once: nothing waits for a CTI Server that is not there.
Requests::Verdict Requests::check_upstream(const Job& job) {
  if (!parts_.link.up()) {
    ++counters_.refused_down;
    return Refusal{ctios::eDriverOutOfService, 0,
                   "the CTI Server is offline: " + parts_.link.cause()};
  }
  const std::uint32_t peripheral =
      job.me == nullptr ? parts_.config.peripherals.front() : job.me->peripheral_id;
  for (std::size_t i = 0; i < parts_.status.peripherals(); ++i) {
    if (parts_.status.peripheral_id(i) != peripheral || parts_.status.peripheral_online(i))
      continue;
    ++counters_.refused_down;
    return Refusal{ctios::eDriverOutOfService, 0,
                   "peripheral " + std::to_string(peripheral) + " is offline"};
  }
  return std::nullopt;
}

Requests::Verdict Requests::check_own_agent(Job& job) const {
  if (job.ask.agent_key == 0) {
    return Refusal{
        ctios::eInvalidPriviledge, 0,
        name_of_request(job.ask.request) + " needs agent mode: monitor mode controls nothing"};
  }
  if (job.me == nullptr)
    return Refusal{ctios::eUnknownObjectID, 0, "the session's agent is not known any more"};
  return std::nullopt;
}

// The call must exist, be at the session's own device (C6), and be in a state that allows the request.
Requests::Verdict Requests::check_call(Job& job, const Spec& spec) {
  if (Verdict wrong = check_own_agent(job)) {
    ++counters_.refused_rights;
    return wrong;
  }
  const auto id = job.args.string(Keyword::UniqueObjectID);
  if (!id)
    return Refusal{ctios::eRequiredArgMissing, 0,
                   "UniqueObjectID is missing: a text (STRING), the call"};
  job.call = parts_.map.call(wire::object_key(*id));
  if (job.call == nullptr) {
    return Refusal{ctios::eUnknownObjectID, 0,
                   "UniqueObjectID: there is no call " + std::string(*id)};
  }
  const AgentEntry* const owner = parts_.map.agent_of(*job.call);
  if (owner != job.me) {
    ++counters_.refused_rights;
    const std::string who =
        owner == nullptr ? std::string("nobody's") : std::string(owner->id.view()) + "'s";
    if (parts_.log) {
      parts_.log(std::string(job.me->id.view()) + " may not " + name_of_request(job.ask.request) +
                 " on " + who + " call " + std::string(*id));
    }
    return Refusal{ctios::eInvalidPriviledge, 0,
                   "the call " + std::string(*id) + " is not at your device"};
  }
  if (spec.states != 0 && ((spec.states >> job.call->status) & 1U) == 0) {
    return Refusal{ctios::eInvalidObjectState, 0,
                   name_of_request(job.ask.request) + " does not fit a call in state " +
                       std::to_string(job.call->status)};
  }
  return std::nullopt;
}

Refusal Requests::encode_refusal(const ged::EncodeError& error) {
  Refusal refusal;
  refusal.failure = ctios::eRequiredArgMissing;
  if (error.code == ged::EncodeErrorCode::kTooMuchNamedData)
    refusal.failure = ctios::E_CTI_TOO_MUCH_DATA;
  if (error.code == ged::EncodeErrorCode::kFieldTooLong)
    refusal.failure = ctios::E_CTI_VALUE_TOO_LONG;
  refusal.text = error.text();
  return refusal;
}

// ---- answers ----

void Requests::deliver(const SessionRef& to, std::uint64_t request_id, TellKind kind,
                       std::vector<std::byte> frame) {
  Tell tell;
  tell.kind = kind;
  tell.to = to;
  tell.after_log_position = parts_.sink.log_position();
  tell.request_id = request_id;
  tell.frames = std::move(frame);
  parts_.tells.push(std::move(tell));
}

void Requests::reply(const Ask& ask, std::vector<std::byte> frame) {
  ++counters_.confirmed;
  const SessionRef to = once_.finish(ask.token, ask.request_id, ask.from, frame);
  deliver(to, ask.request_id, TellKind::kReply, std::move(frame));
}

void Requests::refuse(const Ask& ask, const Refusal& refusal) {
  ++counters_.refused;
  Pending about;
  about.request = ask.request;
  about.request_id = ask.request_id;
  about.agent_key = ask.agent_key;
  // What is left of an ask that found no memory has no arguments.
  const auto args =
      ask.arguments.empty() ? wire::ArgumentsView() : wire::ArgumentsView::trusted(ask.arguments);
  about.object_id.assign(args.string(Keyword::UniqueObjectID).value_or(""));
  std::vector<std::byte> frame = failure_frame(about, refusal, wire::Outcome::kRefused);
  const SessionRef to = once_.finish(ask.token, ask.request_id, ask.from, frame);
  deliver(to, ask.request_id, TellKind::kReply, std::move(frame));
}

std::vector<std::byte> Requests::failure_frame(const Pending& about, const Refusal& refusal,
                                               wire::Outcome outcome) const {
  const AgentEntry* const agent = parts_.map.agent(about.agent_key);
  return make_reply(
      {.id = about.request_id, .event_id = EventId::eControlFailureConf, .outcome = outcome},
      [&](wire::ArgumentsWriter& writer) {
        if (agent != nullptr) writer.add_string(Keyword::AgentID, agent->agent_id.view());
        writer.add_string(Keyword::ErrorMessage, refusal.text);
        writer.add_short(Keyword::FailureCode, static_cast<std::int16_t>(refusal.failure));
        writer.add_int(Keyword::InvokeID, static_cast<std::int32_t>(about.request_id));
        writer.add_int(Keyword::MessageType,
                       static_cast<std::int32_t>(message_type_of(about.request)));
        writer.add_int(Keyword::PeripheralErrorCode,
                       static_cast<std::int32_t>(refusal.peripheral_error));
        if (agent != nullptr) {
          writer.add_int(Keyword::PeripheralID, static_cast<std::int32_t>(agent->peripheral_id));
        }
        if (!about.object_id.empty()) {
          writer.add_string(Keyword::UniqueObjectID, about.object_id.view());
        }
        writer.add_ushort(Keyword::RequestOutcome, static_cast<std::uint16_t>(outcome));
      });
}

void Requests::fail(const Pending& pending, const Refusal& refusal, wire::Outcome outcome) {
  std::vector<std::byte> frame = failure_frame(pending, refusal, outcome);
  const SessionRef to = once_.finish(pending.token, pending.request_id, pending.from, frame);
  const bool logout =
      pending.message == static_cast<std::uint16_t>(ged::MessageType::kSetAgentStateReq) &&
      pending.detail == ctios::eLogout;
  if (logout && outcome == wire::Outcome::kRefused) {
    // OnLogoutFailed comes before the failed confirmation.
    deliver(to, pending.request_id, TellKind::kPrivateEvent,
            make_private({.id = pending.request_id, .event_id = EventId::eLogoutFailedEvent},
                         [&](wire::ArgumentsWriter& writer) {
                           writer.add_short(Keyword::FailureCode,
                                            static_cast<std::int16_t>(refusal.failure));
                           writer.add_int(Keyword::InvokeID,
                                          static_cast<std::int32_t>(pending.request_id));
                           writer.add_int(Keyword::PeripheralErrorCode,
                                          static_cast<std::int32_t>(refusal.peripheral_error));
                           if (!pending.object_id.empty()) {
                             writer.add_string(Keyword::UniqueObjectID, pending.object_id.view());
                           }
                         }));
  }
  deliver(to, pending.request_id, TellKind::kReply, std::move(frame));
}

void Requests::unknown(const Pending& pending, std::string_view why) {
  ++counters_.unknown;
  fail(pending, {ctios::E_CTI_TIMEOUT, 0, "the outcome is unknown: " + std::string(why)},
       wire::Outcome::kUnknown);
}

void Requests::answer(const Pending& pending, const Answer& answer) {
  Refusal refusal;
  switch (answer.type) {
    case ged::MessageType::kControlFailureConf: {
      if (const auto* const view = answer.as<ged::ControlFailureConfView>()) {
        refusal.failure = view->failure_code();
        refusal.peripheral_error = view->peripheral_error_code();
      }
      refusal.text = failure_text(
          ged::name_of(ged::ControlFailureCode{static_cast<std::uint16_t>(refusal.failure)}),
          static_cast<std::uint32_t>(refusal.failure));
      break;
    }
    case ged::MessageType::kFailureConf: {
      const auto* const view = answer.as<ged::FailureConfView>();
      const bool by_status = view != nullptr && view->has_status();
      if (view != nullptr) {
        refusal.failure =
            static_cast<std::int32_t>(by_status ? view->status() : view->failure_code());
        refusal.peripheral_error = by_status ? 0 : view->peripheral_error_code();
      }
      refusal.text =
          failure_text(ged::name_of(ged::StatusCode{static_cast<std::uint32_t>(refusal.failure)}),
                       static_cast<std::uint32_t>(refusal.failure));
      break;
    }
    default:
      return confirm(pending, answer);
  }
  ++counters_.refused;
  fail(pending, refusal, wire::Outcome::kRefused);
}

void Requests::confirm(const Pending& pending, const Answer& answer) {
  if (answer.message_type() != confirmation_number(pending.message)) {
    // Another request's kind of answer under this number: the peer is confused, we cannot know what happened.
    return unknown(pending, "the CTI Server answered with message type " +
                                std::to_string(answer.message_type()));
  }
  std::vector<std::byte> frame = confirmation_frame(pending, answer);
  if (frame.empty()) return unknown(pending, "the CTI Server's answer could not be read");
  ++counters_.confirmed;
  const SessionRef to = once_.finish(pending.token, pending.request_id, pending.from, frame);
  deliver(to, pending.request_id, TellKind::kReply, std::move(frame));
}

namespace {

/// What MAKE_CALL_CONF and its relatives say of the new connection.
template <class View>
void add_new_connection(wire::ArgumentsWriter& writer, const View& view) {
  CleanTextRoom room;
  writer.add_short(Keyword::LineHandle, static_cast<std::int16_t>(view.line_handle()));
  writer.add_short(Keyword::LineType, static_cast<std::int16_t>(view.line_type()));
  writer.add_uint(Keyword::NewConnectionCallID, view.new_connection_call_id());
  writer.add_string(Keyword::NewConnectionDeviceID,
                    room.clean(view.new_connection_device_id().value_or("")));
  writer.add_short(Keyword::NewConnectionDeviceIDType,
                   static_cast<std::int16_t>(view.new_connection_device_id_type()));
}

template <class View>
bool new_connection(wire::ArgumentsWriter& writer, const Answer& answer) {
  const View* const view = answer.as<View>();
  if (view != nullptr) add_new_connection(writer, *view);
  return view != nullptr;
}

}  // namespace

std::vector<std::byte> Requests::confirmation_frame(const Pending& pending, const Answer& answer) {
  bool readable = true;
  std::vector<std::byte> frame =
      make_reply({.id = pending.request_id, .event_id = confirmation_of(pending.message)},
                 [&](wire::ArgumentsWriter& writer) {
                   if (!pending.object_id.empty())
                     writer.add_string(Keyword::UniqueObjectID, pending.object_id.view());
                   switch (answer.type) {
                     case ged::MessageType::kMakeCallConf:
                       readable = new_connection<ged::MakeCallConfView>(writer, answer);
                       return;
                     case ged::MessageType::kConsultationCallConf:
                       readable = new_connection<ged::ConsultationCallConfView>(writer, answer);
                       return;
                     case ged::MessageType::kTransferCallConf:
                       readable = new_connection<ged::TransferCallConfView>(writer, answer);
                       return;
                     case ged::MessageType::kConferenceCallConf:
                       readable = new_connection<ged::ConferenceCallConfView>(writer, answer);
                       return;
                     case ged::MessageType::kQueryAgentStateConf:
                     case ged::MessageType::kAgentDeskSettingsConf: {
                       // The answer has become a record by now, see Line: the reply says what the map knows.
                       const AgentEntry* const agent =
                           parts_.map.agent(wire::object_key(pending.object_id.view()));
                       const auto handle = parts_.map.properties().find(pending.object_id.view());
                       readable = agent != nullptr && handle.has_value();
                       if (readable) writer.add_all(parts_.map.properties().properties(*handle));
                       return;
                     }
                     default:
                       return;
                   }
                 });
  if (!readable) frame.clear();
  return frame;
}

// ---- which request is what ----

namespace {

constexpr std::uint32_t kAlerting = 1U << ctios::LCS_ALERTING;
constexpr std::uint32_t kConnect = 1U << ctios::LCS_CONNECT;
constexpr std::uint32_t kHeld = 1U << ctios::LCS_HOLD;
constexpr auto number = [](Keyword keyword, bool required = false, std::int64_t limit = 0) {
  return ArgRule{keyword, ArgRule::Type::kNumber, required, limit};
};
constexpr auto text = [](Keyword keyword, bool required = false, std::int64_t limit = 0) {
  return ArgRule{keyword, ArgRule::Type::kText, required, limit};
};
constexpr ArgRule kTarget[] = {text(Keyword::UniqueObjectID), number(Keyword::PeripheralID)};
constexpr ArgRule kState[] = {
    number(Keyword::AgentState, true, 14),        text(Keyword::AgentID, false, 64),
    text(Keyword::AgentInstrument, false, 63),    number(Keyword::EventReasonCode, false, 65535),
    number(Keyword::AgentWorkMode, false, 65535), number(Keyword::PeripheralID),
    text(Keyword::SupervisorID, false, 64)};
constexpr ArgRule kLogin[] = {text(Keyword::AgentID, false, 64),
                              text(Keyword::LoginName, false, 64),
                              text(Keyword::AgentInstrument, false, 63),
                              text(Keyword::AgentExtension, false, 63),
                              text(Keyword::AgentPassword, false, 63),
                              number(Keyword::AgentWorkMode, false, 65535),
                              number(Keyword::PeripheralID),
                              number(Keyword::AgentCallMode, false, 65535),
                              text(Keyword::AgentRemoteNumber, false, 40),
                              number(Keyword::RemoteLogin)};
constexpr ArgRule kLogout[] = {
    number(Keyword::EventReasonCode, false, 65535), text(Keyword::AgentID, false, 64),
    text(Keyword::AgentInstrument, false, 63), number(Keyword::PeripheralID)};
constexpr ArgRule kDial[] = {
    text(Keyword::DialedNumber, true, 39),       number(Keyword::ConsultType, false, 65535),
    text(Keyword::AgentInstrument, false, 63),   number(Keyword::CallMannerType, false, 65535),
    number(Keyword::AlertRings, false, 65535),   number(Keyword::CallOption, false, 65535),
    number(Keyword::FacilityType, false, 65535), number(Keyword::AnsweringMachine, false, 65535),
    text(Keyword::UserToUserInfo, false, 40)};
constexpr ArgRule kDtmf[] = {text(Keyword::DTMFString, true, 31),
                             number(Keyword::ToneDuration, false, 65535),
                             number(Keyword::PauseDuration)};
constexpr ArgRule kTwo[] = {text(Keyword::CallReferenceObjectID),
                            text(Keyword::DialedNumber, false, 39)};
constexpr ArgRule kQuery[] = {text(Keyword::AgentID, false, 64),
                              text(Keyword::AgentInstrument, false, 63)};

}  // namespace

const Requests::Spec* Requests::spec_of(RequestId request) {
  using R = RequestId;
  struct Row {
    R request;
    Spec spec;
  };
  static const Row kRows[] = {
      {R::eSetAgentStateRequest, {kState, &Requests::set_agent_state}},
      {R::eLoginRequest, {kLogin, &Requests::login}},
      {R::eLogoutRequest, {kLogout, &Requests::logout}},
      {R::eQueryAgentStateRequest, {kQuery, &Requests::query_agent}},
      {R::eAgentDeskSettingsRequest, {kTarget, &Requests::desk_settings}},
      {R::eGlobalSettingsDownloadRequest, {{}, &Requests::desktop_settings, false, 0, true}},
      {R::eListAgentTeamRequest, {kTarget, &Requests::team_list, false, 0, true}},
      {R::eSnapshotDeviceRequest, {kTarget, &Requests::snapshot_device, false, 0, true}},
      {R::eSnapshotCallRequest, {kTarget, &Requests::snapshot_call, false, 0, true}},
      {R::eMakeCallRequest, {kDial, &Requests::make_call}},
      {R::eAnswerCallRequest, {kTarget, &Requests::one_call, true, kAlerting}},
      {R::eHoldCallRequest, {kTarget, &Requests::one_call, true, kConnect}},
      {R::eRetrieveCallRequest, {kTarget, &Requests::one_call, true, kHeld}},
      {R::eClearCallRequest, {kTarget, &Requests::one_call, true}},
      {R::eClearConnectionRequest, {kTarget, &Requests::one_call, true}},
      {R::eSetCallDataRequest, {call_data_rules(), &Requests::set_call_data, true}},
      {R::eSendDTMFSignalRequest, {kDtmf, &Requests::send_dtmf, true, kConnect}},
      {R::eConsultationCallRequest, {kDial, &Requests::consult, true, kConnect}},
      {R::eAlternateCallRequest, {kTwo, &Requests::two_calls, true, kConnect | kHeld}},
      {R::eReconnectCallRequest, {kTwo, &Requests::two_calls, true, 0}},
      {R::eTransferCallRequest, {kTwo, &Requests::two_calls, true, kConnect | kHeld}},
      {R::eConferenceCallRequest, {kTwo, &Requests::two_calls, true, kConnect | kHeld}},
  };
  for (const Row& row : kRows) {
    if (row.request == request) return &row.spec;
  }
  return nullptr;
}

}  // namespace cti::broker
