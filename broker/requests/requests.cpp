// requests.cpp - the life of a request: run at most once, and answered exactly once, at once or when its end has come.
#include "broker/requests/requests.hpp"

#include "broker/requests/desktop_settings.hpp"
#include "wire/ged188/agent_control.hpp"
#include "wire/ged188/call_control.hpp"
#include "wire/ged188/enums.hpp"
#include "wire/ged188/media.hpp"
#include "wire/ged188/roles.hpp"
#include "wire/ged188/session.hpp"
#include "wire/ged188/supervisor.hpp"
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

/// The number of the message that says yes to a request; 0: none does.
std::uint32_t confirmation_number(std::uint16_t message) noexcept {
  const auto type = ged::confirmation_of(ged::MessageType{message});
  return type ? static_cast<std::uint32_t>(*type) : 0;
}

bool is_wrong_password(const Refusal& refusal) noexcept {
  switch (static_cast<ged::ControlFailureCode>(refusal.failure)) {
    case ged::ControlFailureCode::kInvalidAgentIdSpecified:
    case ged::ControlFailureCode::kInvalidPasswordSpecified:
    case ged::ControlFailureCode::kInvalidAgentIdOrPasswordSpecified:
      return true;
    default:
      return false;
  }
}

std::string failure_text(std::string_view name, std::uint32_t number) {
  return (name.empty() ? std::string("refused by the CTI Server") : std::string(name)) + " (" +
         std::to_string(number) + ")";
}

}  // namespace

std::string Requests::name_of_request(std::uint32_t request) {
  const std::string_view name = wire::name_of(RequestId{request});
  return name.empty() || name == "?" ? "request " + std::to_string(request) : std::string(name);
}

Requests::Requests(const Parts& parts)
    : parts_(parts),
      once_(parts.config.once_max, sessions_),
      desktop_settings_(make_desktop_settings(parts.config)) {
  recordings_asked_.reserve(parts_.pending.capacity());
}

void Requests::run(const Ask& ask, TimePoint now) {
  CTI_CHECK(ask.kind == AskKind::kRequest);
  ++counters_.asked;
  const Spec* const spec = spec_of(RequestId{ask.request});
  if (spec == nullptr) {
    return refuse(ask, {ctios::eOperationNotSupported, 0,
                        name_of_request(ask.request) + " is not supported by this server"});
  }
  CTI_CHECK(spec->handler != nullptr);
  // What the line answers by itself only reads: it may be run again, and need not be remembered.
  if (!spec->local && !is_new(ask)) return;
  Job job{ask, wire::ArgumentsView::trusted(ask.arguments), RequestId{ask.request}, now};
  job.me = parts_.map.agent(ask.from.who.agent_key);
  job.role = role_of(ask.from.who, job.me != nullptr && job.me->supervisor);
  if (Verdict wrong = check(job, *spec)) return refuse(ask, *wrong);
  if (Verdict wrong = (this->*spec->handler)(job)) return refuse(ask, *wrong);
}

/// Whether it is to be run. Else it has been answered, or will be.
bool Requests::is_new(const Ask& ask) {
  (void)sessions_.of(ask.from);  // makes its row: from here on its end is heard
  const OnceTable::Answer seen = once_.begin(ask.token, ask.request_id, ask.from);
  switch (seen.verdict) {
    case OnceTable::Verdict::kNew:
      return true;
    case OnceTable::Verdict::kInFlight:
      ++counters_.repeated;
      answered_with_the_first(ask);
      return false;
    case OnceTable::Verdict::kTakenOver:
      ++counters_.repeated;
      return false;
    case OnceTable::Verdict::kDone:
      ++counters_.repeated;
      if (!seen.reply->empty()) {
        deliver(ask.from, ask.request_id, TellKind::kReply, *seen.reply);
      } else {
        tell_unknown(ask, "this has run already; its answer is no longer kept");
      }
      return false;
    case OnceTable::Verdict::kFull:
      refuse(ask, {ctios::eServiceNotSupported, 0, "busy: too many requests are remembered"});
      return false;
    case OnceTable::Verdict::kForeign:
      ++counters_.foreign_tokens;
      refuse(ask, {ctios::eInvalidPriviledge, 0, "this token is not yours", Refusal::Why::kRights});
      return false;
    case OnceTable::Verdict::kElsewhere:
      ++counters_.foreign_tokens;
      tell_unknown(ask, "another session of yours has asked this, and is told");
      return false;
  }
  return false;
}

/// Its reactor counts what is asked and not answered: this one will get no answer of its own.
void Requests::answered_with_the_first(const Ask& ask) {
  push(ask.from, ask.request_id, TellKind::kReply, {});
}

/// Of what has run or may run: "refused" would be a lie. What is remembered of it is left alone.
void Requests::tell_unknown(const Ask& ask, std::string_view why) {
  deliver(ask.from, ask.request_id, TellKind::kReply,
          failure_frame(about(ask),
                        {ctios::E_CTI_TIMEOUT, 0, "the outcome is unknown: " + std::string(why)},
                        wire::Outcome::kUnknown));
}

void Requests::session_gone(const SessionRef& session) noexcept { sessions_.end(session); }

void Requests::refuse(const Ask& ask, std::string text) {
  refuse(ask, Refusal{ctios::eDriverOutOfService, 0, std::move(text), Refusal::Why::kDown});
  ++counters_.asked;
}

Refusal Requests::encode_refusal(const ged::EncodeError& error) {
  Refusal refusal;
  refusal.failure = ctios::eRequiredArgMissing;
  if (error.code == ged::EncodeErrorCode::kTooMuchNamedData ||
      error.code == ged::EncodeErrorCode::kFrameTooLong)
    refusal.failure = ctios::E_CTI_TOO_MUCH_DATA;
  if (error.code == ged::EncodeErrorCode::kFieldTooLong)
    refusal.failure = ctios::E_CTI_VALUE_TOO_LONG;
  refusal.text = error.text();
  return refusal;
}

// ---- answers ----

void Requests::deliver(const SessionRef& to, std::uint64_t request_id, TellKind kind,
                       std::vector<std::byte> frame) {
  CTI_CHECK(!frame.empty() && wire::frame_length(frame.data()) <= frame.size());
  push(to, request_id, kind, std::move(frame));
}

void Requests::push(const SessionRef& to, std::uint64_t request_id, TellKind kind,
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
  if (frame.empty()) {
    return refuse(ask, {ctios::E_CTI_TOO_MUCH_DATA, 0,
                        "the answer would be longer than an answer may be: " +
                            std::to_string(wire::limits::kArgumentsBytesMax) + " bytes"});
  }
  answer_at_once(ask, std::move(frame));
  ++counters_.confirmed;
}

/// Answers what has not gone upstream. What is remembered is touched only by the session that it belongs to.
void Requests::answer_at_once(const Ask& ask, std::vector<std::byte> frame) {
  if (once_.holds(ask.token, ask.request_id, ask.from)) {
    const SessionRef to = once_.finish(ask.token, ask.request_id, ask.from, frame);
    CTI_CHECK(to.session_number == ask.from.session_number);
  }
  deliver(ask.from, ask.request_id, TellKind::kReply, std::move(frame));
}

/// What an answer to it is about, when it has not gone upstream.
Pending Requests::about(const Ask& ask) {
  Pending about;
  about.request = ask.request;
  about.request_id = ask.request_id;
  about.agent_key = ask.from.who.agent_key;
  // What is left of an ask that found no memory has no arguments.
  const auto args =
      ask.arguments.empty() ? wire::ArgumentsView() : wire::ArgumentsView::trusted(ask.arguments);
  about.object_id.assign(args.string(Keyword::UniqueObjectID).value_or(""));
  return about;
}

/// Counted when it has been said: saying it may find no memory, and is tried again then.
void Requests::refuse(const Ask& ask, const Refusal& refusal) {
  const Pending what = about(ask);
  say_refused(ask.from, what, refusal, wire::Outcome::kRefused);
  answer_at_once(ask, failure_frame(what, refusal, wire::Outcome::kRefused));
  ++counters_.refused;
  counters_.refused_rights += refusal.why == Refusal::Why::kRights ? 1 : 0;
  counters_.refused_down += refusal.why == Refusal::Why::kDown ? 1 : 0;
  CTI_CHECK(counters_.refused_rights + counters_.refused_down <= counters_.refused);
}

/// The one end of a request that went upstream. When it finds no memory it has not ended, and is tried again: so the count
/// comes last.
void Requests::end(const Pending& pending, const SessionRef& to, std::vector<std::byte> frame) {
  CTI_CHECK(pending.kind == PendingKind::kClient);
  deliver(to, pending.request_id, TellKind::kReply, std::move(frame));
  recording_answered(pending);
  if (RequestId{pending.request} == RequestId::eIdentifyClientRequest)
    sessions_.identified(pending.from);
  sessions_.closed(pending.from);
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
                       static_cast<std::int32_t>(wire::reported_as(RequestId{about.request})));
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
  say_refused(pending.from, pending, refusal, outcome);
  const bool identify = RequestId{pending.request} == RequestId::eIdentifyClientRequest;
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
  end(pending, to, std::move(frame));
  if (outcome == wire::Outcome::kRefused) {
    parts_.translator.askers().forget(wire::object_key(pending.object_id.view()),
                                      pending.from.session_number, pending.request_id);
  }
  if (identify && is_wrong_password(refusal)) ++sessions_.of(pending.from).wrong_passwords;
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
  say_debug("confirmed: ", pending.from, pending);
  if (RequestId{pending.request} == RequestId::eIdentifyClientRequest)
    sessions_.of(pending.from).wrong_passwords = 0;
  const SessionRef to = once_.finish(pending.token, pending.request_id, pending.from, frame);
  end(pending, to, std::move(frame));
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

/// What the confirmation of a call for help says of the call that has been made.
template <class View>
bool help_connection(wire::ArgumentsWriter& writer, const Answer& answer) {
  const View* const view = answer.as<View>();
  if (view == nullptr) return false;
  CleanTextRoom room;
  writer.add_uint(Keyword::ConnectionCallID, view->connection_call_id());
  writer.add_string(Keyword::ConnectionDeviceID,
                    room.clean(view->connection_device_id().value_or("")));
  writer.add_short(Keyword::ConnectionDeviceIDType,
                   static_cast<std::int16_t>(view->connection_device_id_type()));
  writer.add_short(Keyword::LineHandle, static_cast<std::int16_t>(view->line_handle()));
  writer.add_short(Keyword::LineType, static_cast<std::int16_t>(view->line_type()));
  return true;
}

}  // namespace

std::vector<std::byte> Requests::confirmation_frame(const Pending& pending, const Answer& answer) {
  bool readable = true;
  std::vector<std::byte> frame =
      make_reply({.id = pending.request_id,
                  .event_id = wire::confirmation_of(RequestId{pending.request})},
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
                     case ged::MessageType::kSupervisorAssistConf:
                       readable = help_connection<ged::SupervisorAssistConfView>(writer, answer);
                       return;
                     case ged::MessageType::kEmergencyCallConf:
                       readable = help_connection<ged::EmergencyCallConfView>(writer, answer);
                       return;
                     case ged::MessageType::kStartRecordingConf:
                       readable = answer.as<ged::StartRecordingConfView>() != nullptr;
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
                     case ged::MessageType::kSnapshotCallConf:
                       readable = write_snapshot(writer, pending, answer);
                       return;
                     default:
                       return;
                   }
                 });
  if (!readable) frame.clear();
  return frame;
}

}  // namespace cti::broker
