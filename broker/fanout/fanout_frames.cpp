// fanout_frames.cpp - the frames that the fan-out side makes itself.
#include "broker/fanout/fanout.hpp"
#include "core/log.hpp"
#include "wire/ctios_enums.hpp"
#include "wire/session_beat.hpp"

#include <algorithm>
#include <utility>

namespace cti::broker {

using wire::EventId;
using wire::Keyword;

/// Queues a frame of the session's own, behind the updates of `line` that it has been given so far (kNoLine: none in
/// particular). False: it has too much unread already, and is cut.
bool FanoutReactor::append_private(std::uint32_t slot, Bytes frame, std::uint16_t line) {
  return append_private(slot, frame, line, line == kNoLine ? 0 : lines_[line].updates.read());
}

/// The same, behind the updates up to `after` of the line's log, when it has not been given those yet.
bool FanoutReactor::append_private(std::uint32_t slot, Bytes frame, std::uint16_t line,
                                   ring::Position after) {
  Session& session = sessions_[slot];
  if (session.state >= SessionState::kClosing) return false;
  // Whose socket is full has had his chance to read; who has not may be owed the answers to all that he was let ask.
  const std::size_t chance = session.stream.blocked() ? 1 : limits::kOutboxChance;
  const bool bounded =
      session.stream.outbox_empty() ||
      (session.stream.bytes() + frame.size() <= chance * config_.outbox_bytes_max &&
       session.stream.blocks(pool_) < chance * blocks_max());
  const auto append = [&] {
    return line == kNoLine ? session.stream.append(parts(slot), frame)
                           : session.stream.append(parts(slot), frame, line, after);
  };
  if (bounded && !frame.empty() && (append() || (make_room(slot, frame.size()) && append()))) {
    enqueue(slot);
    return true;
  }
  if (bounded) ++counters_.pool_empty;
  ++counters_.cut_slow;
  close(slot, wire::CloseReason::kTooSlow, "does not read what it has asked for",
        config_.outbox_bytes_max);
  return false;
}

void FanoutReactor::add_status(wire::ArgumentsWriter& writer) const {
  bool server = true;
  bool driver = true;
  bool controller = true;
  for (const Line& line : lines_) {
    server = server && line.shared->status.cti_server_online();
    driver = driver && line.shared->status.driver_online();
    controller = controller && line.shared->status.central_controller_online();
  }
  writer.begin_nested(Keyword::StatusSystem);
  writer.add_bool(Keyword::StatusCentralController, controller);
  writer.add_bool(Keyword::StatusCTIServer, server);
  writer.add_bool(Keyword::StatusCtiServerDriver, driver);
  writer.begin_nested(Keyword::StatusPeripherals);
  for (const Line& line : lines_) {
    const LineStatus& status = line.shared->status;
    for (std::size_t i = 0; i < status.peripherals(); ++i) {
      writer.add_bool(std::to_string(status.peripheral_id(i)), status.peripheral_online(i));
    }
  }
  writer.end_nested();
  writer.end_nested();
}

void FanoutReactor::send_welcome(std::uint32_t slot, std::uint32_t features) {
  const auto interval = std::chrono::duration_cast<Millis>(config_.heartbeat_interval);
  wire::WelcomeWriter writer(scratch_,
                             {.features = features,
                              .heartbeat_ms = static_cast<std::uint32_t>(interval.count()),
                              .session = sessions_[slot].number,
                              .server = config_.server_identity,
                              .lineage = lines_.front().shared->start.lineage});
  const auto beat = std::chrono::duration_cast<Millis>(sessions_[slot].detail->beat);
  if (beat > Millis{0}) writer.arguments().add_int(wire::kBeatKey, static_cast<int>(beat.count()));
  writer.arguments().add_string("ServerName", config_.server_name);
  add_status(writer.arguments());
  append_private(slot, writer.finish(), kNoLine);
}

/// The present state of the system: what OnCTIOSFailure tells after a connection (one event, the worst of it).
void FanoutReactor::send_status(std::uint32_t slot) {
  wire::ctios::SystemEventID event = wire::ctios::eSysCtiServerOnline;
  std::optional<std::uint32_t> peripheral;
  for (const Line& line : lines_) {
    const LineStatus& status = line.shared->status;
    if (!status.cti_server_online()) event = wire::ctios::eSysCtiServerOffline;
    for (std::size_t i = 0; i < status.peripherals() && event != wire::ctios::eSysCtiServerOffline;
         ++i) {
      if (status.peripheral_online(i)) continue;
      event = wire::ctios::eSysPeripheralOffline;
      peripheral = status.peripheral_id(i);
    }
  }
  wire::PrivateEventWriter writer(scratch_, {.event_id = EventId::eCTIOSFailureEvent});
  writer.arguments().add_int(Keyword::FailureCode, wire::ctios::eServerConnectionStatus);
  add_status(writer.arguments());
  if (peripheral && event == wire::ctios::eSysPeripheralOffline) {
    writer.arguments().add_uint(Keyword::SystemEventArg1, *peripheral);
  }
  writer.arguments().add_int(Keyword::SystemEventID, event);
  append_private(slot, writer.finish(), kNoLine);
}

void FanoutReactor::send_mode_event(std::uint32_t slot) {
  const Session& session = sessions_[slot];
  const SessionDetail& detail = *session.detail;
  const bool agent = detail.mode == SessionMode::kAgent;
  wire::PrivateEventWriter writer(
      scratch_,
      {.id = detail.subscribe_id,
       .event_id = agent ? EventId::eSetAgentModeEvent : EventId::eOnMonitorModeEstablished});
  wire::ArgumentsWriter& arguments = writer.arguments();
  arguments.add_string(Keyword::CILConnectionID, std::to_string(session.number));
  if (agent) arguments.add_string(Keyword::ClientAgentTemporaryID, detail.agent_id);
  add_status(arguments);
  if (agent) arguments.add_string(Keyword::UniqueObjectID, detail.agent_id);
  append_private(slot, writer.finish(), agent ? detail.agent_line : std::uint16_t{0});
}

/// The subscription stands.
void FanoutReactor::send_subscribed(std::uint32_t slot) {
  wire::SubscribedWriter writer(scratch_, {.id = sessions_[slot].detail->subscribe_id});
  writer.arguments().add_string(Keyword::CILConnectionID, std::to_string(sessions_[slot].number));
  append_private(slot, writer.finish(), kNoLine);
}

/// It does not: the session has no mode, and may try again.
void FanoutReactor::send_subscribed(std::uint32_t slot, std::int32_t failure,
                                    std::string_view text) {
  ++counters_.requests_refused;
  audit(slot, core::log::text("mode refused, ", failure, ": ", core::log::escaped(text, 256)));
  wire::SubscribedWriter writer(scratch_, {.id = sessions_[slot].detail->subscribe_id,
                                           .event_id = EventId::eCTIOSFailureEvent,
                                           .outcome = wire::Outcome::kRefused});
  writer.arguments().add_string(Keyword::ErrorMessage, text);
  writer.arguments().add_int(Keyword::FailureCode, failure);
  append_private(slot, writer.finish(), kNoLine);
}

void FanoutReactor::refuse_request(std::uint32_t slot, const wire::RequestView& request,
                                   std::int32_t failure, std::string_view text) {
  ++counters_.requests_refused;
  ++sessions_[slot].detail->refused;
  note_refused(slot, request, failure, text);
  wire::ReplyWriter writer(scratch_, {.id = request.id(),
                                      .event_id = EventId::eControlFailureConf,
                                      .outcome = wire::Outcome::kRefused});
  writer.arguments().add_string(Keyword::ErrorMessage, text);
  writer.arguments().add_int(Keyword::FailureCode, failure);
  writer.arguments().add_uint(Keyword::MessageType, static_cast<std::uint32_t>(request.request()));
  if (const auto id = request.arguments().string(Keyword::UniqueObjectID)) {
    writer.arguments().add_string(Keyword::UniqueObjectID, *id);
  }
  append_private(slot, writer.finish(), kNoLine);
}

void FanoutReactor::send_snapshot_mark(std::uint32_t slot, std::uint16_t line, bool begin) {
  const SessionDetail& detail = *sessions_[slot].detail;
  const Position& at = detail.image.image->position;
  if (begin) {
    wire::SnapshotBeginWriter writer(scratch_, {.id = at.sequence,
                                                .lineage = at.lineage,
                                                .epoch = at.epoch,
                                                .peripheral_id = detail.image.image->peripheral_id,
                                                .reason = feed(slot, line).reason()});
    append_private(slot, writer.finish(), kNoLine);
    return;
  }
  wire::SnapshotEndWriter writer(scratch_, {.id = at.sequence,
                                            .lineage = at.lineage,
                                            .epoch = at.epoch,
                                            .peripheral_id = detail.image.image->peripheral_id,
                                            .records = detail.image.records});
  append_private(slot, writer.finish(), kNoLine);
}

}  // namespace cti::broker
